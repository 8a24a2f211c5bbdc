-- What reads orders and executions (V5 documentation, Trade), in the order of the documentation. Rows with `internal` are what
-- composite methods, read-backs and recovery ask.

local EVERY = require("bybit.wire.categories").names -- the kinds of contracts

-- What all rows of one endpoint share.
local function endpoint(path)
  return { verb = "GET", path = "/v5/" .. path, limit = 50, source = "V5 documentation, " .. path, categories = EVERY }
end

local REALTIME = endpoint "order/realtime"
local HISTORY = endpoint "order/history"
local EXECUTIONS = endpoint "execution/list"

-- Codes to expect.
local READING = { "invalid_symbol" }
local READING_ONE = { "order_not_found", "invalid_symbol" }

-- Parameters that differ a little from the shared ones.
local ANY_SYMBOL = { like = "symbol", required = false, doc = "Only this contract; all of the category when left out." }
local TRADE_TYPE = { "trade_type", "execType", "enum", enum = "trade_type", doc = "Only executions of this kind." }

-- The open orders of linear contracts are listed by contract or by coin only (V5 documentation, order/realtime).
-- `id`: what may be given in their place.
local function narrow(id)
  return { "any_of", "symbol", "settle_coin", "base_coin", id, id and "client_order_id", category = "linear" }
end

local ONE_ORDER = { { "one_of", "order_id", "client_order_id" } }
local ONE_STOP_ORDER = { { "one_of", "stop_order_id", "client_order_id" } }

-- A page of orders, open ones first, then closed ones. `id` is what the order's id is called.
local function order_list(id, status)
  return {
    ANY_SYMBOL, "settle_coin", "base_coin",
    { like = id, doc = "Only this order, open or closed." },
    { like = "client_order_id", doc = "Only the order with this id of your own." },
    { "status", "orderStatus", "enum", enum = "order_status", v2 = status.v2, doc = status.doc },
    { "direction", false, "enum", enum = "search_direction", doc = "next; prev exists on the v2 wire only." },
    "limit", "cursor", "start_time", "end_time", "id_prefix",
  }
end

-- The internal rows that read lists: active and conditional orders have a record each over the same endpoint.
local function realtime_page(name, record)
  return { name, on = REALTIME, internal = true, doc = "A page of open orders, or of recently closed ones.",
    params = { ANY_SYMBOL, "settle_coin", "base_coin", "order_id", "client_order_id",
      { "open_only", "openOnly", "integer", min = 0, max = 1, doc = "0 open ones, 1 the last 500 closed." },
      "order_filter", "limit", "cursor" },
    result = { list = record, key = "list", cursor = "nextPageCursor" } }
end

local function history_page(name, record)
  return { name, on = HISTORY, internal = true, doc = "A page of closed orders of at most seven days.",
    params = { ANY_SYMBOL, "settle_coin", "base_coin", "order_id", "client_order_id", "order_filter",
      { "status", "orderStatus", "enum", enum = "order_status", doc = "A final status." },
      "start_time", "end_time", "limit", "cursor" },
    result = { list = record, key = "list", cursor = "nextPageCursor" } }
end

return {

  -------------------------------------------------------------------------------------------------------------
  -- order/realtime

  { "get_orders", on = REALTIME, composite = true, over = { "order_realtime", "order_history" },
    source = "V5 documentation, order/realtime and order/history",
    doc = "A page of the account's orders, or of a symbol's: open ones first, then closed ones, newest first. "
      .. "History lags a little, and orders cancelled without a fill leave it after a day.",
    params = order_list("order_id", { v2 = "order_status",
      doc = "Only orders of this status. With one of open orders a page may be short of its limit." }),
    rules = { { "excludes", "order_id", "client_order_id" }, narrow("order_id") },
    result = { list = "order", key = "list", cursor = "nextPageCursor" },
    codes = READING,
    example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 })
local page = assert(client:get_orders { symbol = "BTCUSD", limit = 50 })
print(page) -- ... order_id ... status ... New

for order in client:each("get_orders", { symbol = "BTCUSD" }) do -- every page
  print(order.create_time, order.side, order.quantity, order.price, order.status)
end]] },

  { "get_conditional_orders", on = REALTIME, composite = true, over = { "order_realtime", "order_history" }, conditional = true,
    source = "V5 documentation, order/realtime and order/history",
    doc = "A page of the account's conditional orders, or of a symbol's: untriggered ones first, then those of the "
      .. "past, newest first.",
    params = order_list("stop_order_id", { v2 = "stop_order_status", doc = "Only orders of this status." }),
    rules = { { "excludes", "stop_order_id", "client_order_id" }, narrow("stop_order_id") },
    result = { list = "conditional_order", key = "list", cursor = "nextPageCursor" },
    codes = READING,
    example = [[
assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100, trigger_price = 29000, base_price = 30000,
})
for order in client:each("get_conditional_orders", { symbol = "BTCUSD" }) do
  print(order.stop_order_id, order.trigger_price, order.trigger_direction, order.status)
end]] },

  { "get_open_order_real_time", on = REALTIME,
    doc = "One order by its id, also if it has just closed. An older order is not_found here: get_orders with its id looks in "
      .. "history too.",
    params = { "symbol", "order_id", "client_order_id" },
    rules = ONE_ORDER,
    result = { first = "order", key = "list" },
    codes = READING_ONE,
    example = [[
local ack = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
if order:is_done() then print(order.status, order.filled_quantity, "at", order.avg_price) end]] },

  { "get_open_orders_real_time", on = REALTIME, composite = true, over = { "order_realtime" },
    doc = "All open orders of the account, or of a symbol. They are read with a request for every 50, so they are not one "
      .. "snapshot.",
    params = { ANY_SYMBOL, "settle_coin", "base_coin", "id_prefix" },
    rules = { narrow() },
    result = { list = "order", key = "list" },
    codes = READING,
    example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 })
local orders = assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
print(#orders, orders[1].leaves_quantity)]] },

  { "get_open_conditional_order_real_time", on = REALTIME, conditional = true,
    doc = "One conditional order by its id, also if it was just triggered or cancelled.",
    params = { "symbol", "stop_order_id", "client_order_id" },
    rules = ONE_STOP_ORDER,
    result = { first = "conditional_order", key = "list" },
    codes = READING_ONE,
    example = [[
local ack = assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 31000, trigger_price = "30900",
  trigger_direction = "Rising",
})
local order = assert(client:get_open_conditional_order_real_time { symbol = "BTCUSD", stop_order_id = ack.order_id })
print(order)]] },

  { "get_open_conditional_orders_real_time", on = REALTIME, composite = true, over = { "order_realtime" }, conditional = true,
    doc = "All untriggered conditional orders of the account, or of a symbol. Those that protect a position are among them.",
    params = { ANY_SYMBOL, "settle_coin", "base_coin", "id_prefix" },
    rules = { narrow() },
    result = { list = "conditional_order", key = "list" },
    codes = READING,
    example = [[
assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100, trigger_price = 31000, base_price = 30000,
})
for _, order in ipairs(assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" })) do
  print(order.side, order.trigger_price, order.trigger_type)
end]] },

  realtime_page("order_realtime", "order"),
  realtime_page("conditional_realtime", "conditional_order"),

  -------------------------------------------------------------------------------------------------------------
  -- order/history

  history_page("order_history", "order"),
  history_page("conditional_history", "conditional_order"),

  -------------------------------------------------------------------------------------------------------------
  -- execution/list

  { "get_user_trades", on = EXECUTIONS, composite = true, over = { "execution_list" },
    doc = "A page of executions, newest first: trades, and also funding, liquidations and others. Page n costs n requests; with "
      .. "cursors and client:each each page costs one.",
    params = { ANY_SYMBOL, "settle_coin", "base_coin",
      { like = "order_id", doc = "Only executions of this order; the exchange then ignores the other filters." },
      { like = "client_order_id", doc = "Only executions of the order with this id of your own." },
      { "trade_type", "execType", "enum", enum = "trade_type", v2 = "exec_type", doc = "Only executions of this kind." },
      "start_time", "end_time",
      { "page", false, "integer", min = 1, max = 50, doc = "Counted from 1." },
      { "page_size", "limit", "integer", min = 1, max = 100, unit = "records",
        doc = "How many executions a page holds; 50 when left out." },
      "cursor", "id_prefix",
    },
    rules = { { "excludes", "order_id", "client_order_id" } },
    result = { list = "trade", key = "list", cursor = "nextPageCursor" },
    codes = READING,
    example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
local fees = bybit.decimal(0)
for trade in client:each("get_user_trades", { symbol = "BTCUSD" }) do
  if trade:is_fill() then
    print(bybit.iso(trade.timestamp), trade.side, trade.quantity, "at", trade.price, trade.liquidity)
  end
  fees = fees + trade.fee
end
print("fees", fees, "BTC")]] },

  { "execution_list", on = EXECUTIONS, internal = true,
    doc = "A page of executions of at most seven days.",
    params = { ANY_SYMBOL, "settle_coin", "base_coin", "order_id", "client_order_id", TRADE_TYPE, "start_time", "end_time",
      { like = "limit", max = 100, doc = "Page size; 50 when left out." }, "cursor" },
    result = { list = "trade", key = "list", cursor = "nextPageCursor" } },
}
