-- Orders and executions (V5 documentation, Trade), in the order of the documentation. Rows with `internal` are what composite
-- methods, read-backs and recovery ask.

local EVERY = require("bybit.wire.categories").names -- the kinds of contracts

-- What all rows of one endpoint share.
local function endpoint(verb, path, limit)
  return { verb = verb, path = "/v5/" .. path, limit = limit, source = "V5 documentation, " .. path, categories = EVERY }
end

local CREATE = endpoint("POST", "order/create", 10)
local AMEND = endpoint("POST", "order/amend", 10)
local CANCEL = endpoint("POST", "order/cancel", 10)
local REALTIME = endpoint("GET", "order/realtime", 50)
local CANCEL_ALL = endpoint("POST", "order/cancel-all", 10)
local HISTORY = endpoint("GET", "order/history", 50)
local EXECUTIONS = endpoint("GET", "execution/list", 50)

-- Codes to expect.
local PLACING = { "insufficient_balance", "price_above_limit", "price_below_limit", "price_out_of_range",
  "duplicate_client_order_id", "too_many_orders", "contract_reduce_only", "risk_limit_exceeded" }
local CHANGING = { "order_not_found", "order_closed", "quantity_not_above_filled", "order_unchanged", "insufficient_balance" }
local CANCELLING = { "order_not_found", "order_closed", "order_cancelled" }
local READING = { "invalid_symbol" }
local READING_ONE = { "order_not_found", "invalid_symbol" }

-- Parameters that differ a little from the shared ones.
local ANY_SYMBOL = { like = "symbol", required = false, doc = "Only this contract; all of the category when left out." }
local ID = { like = "client_order_id", generate = true }
local NEW_PRICE = { "new_price", "price", "decimal", above = "0", v2 = "p_r_price", unit = "quote coin",
  doc = "The new price; unchanged when left out." }
local NEW_QUANTITY = { like = "quantity", "new_quantity", "qty", required = false, zero_with = false, v2 = "p_r_qty",
  doc = "The new total, more than what is filled; unchanged when left out." }
local CHANGED_TAKE_PROFIT = { like = "take_profit_price", doc = "0 removes it; unchanged when left out." }
local CHANGED_STOP_LOSS = { like = "stop_loss_price", doc = "0 removes it; unchanged when left out." }
local STOP_ORDER_TYPE = { "stop_order_type", "stopOrderType", "enum", enum = "stop_order_filter",
  doc = "Stop: only conditional orders." }
local TRADE_TYPE = { "trade_type", "execType", "enum", enum = "trade_type", doc = "Only executions of this kind." }

-- The open orders of linear contracts are listed by contract or by coin only (V5 documentation, order/realtime).
-- `id`: what may be given in their place.
local function narrow(id)
  return { "any_of", "symbol", "settle_coin", "base_coin", id, id and "client_order_id", category = "linear" }
end

-- The parameters of an active order. `id`: how it is named.
local function order_params(id)
  return { "symbol", "side", "type", "quantity", "price", "time_in_force", "position_mode", id, "reduce_only", "close_on_trigger",
    "take_profit_price", "stop_loss_price", "take_profit_trigger_type", "stop_loss_trigger_type", "tpsl_mode", "tp_order_type",
    "sl_order_type", "tp_limit_price", "sl_limit_price", "smp_type", "slippage_tolerance_type", "slippage_tolerance",
    "bbo_side_type", "bbo_level", "rpi_taker_access" }
end

local CLOSING = { "closes", "side", "position_mode" }

local ORDER_RULES = { { "together", "slippage_tolerance_type", "slippage_tolerance" },
  { "together", "bbo_side_type", "bbo_level" }, CLOSING }

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
  -- order/create

  { "place_order", on = CREATE, settle = "place",
    doc = "Places an active order. The exchange only acknowledges it: read the order back to see what became of it.",
    params = order_params(ID),
    rules = ORDER_RULES,
    result = { record = "order_id" },
    codes = PLACING,
    example = [[
local ack = assert(client:place_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit",
  quantity = 100, price = "29900.5", time_in_force = "PostOnly",
})
print(ack.order_id, ack.client_order_id)]] },

  { "pre_check_order", on = endpoint("POST", "order/pre-check", 10), changes = false,
    doc = "Tells how the account's margin would stand after an order, and places nothing. The exchange knows it under cross and "
      .. "portfolio margin only, for inverse contracts under portfolio margin only.",
    params = order_params "client_order_id",
    rules = ORDER_RULES,
    result = { record = "order_check" },
    codes = { "insufficient_balance", "invalid_parameter" },
    example = [[
local check, err = client:pre_check_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000,
}
if check then print(check.pre_imr_e4, "becomes", check.post_imr_e4) else print(err) end]] },

  { "place_conditional_order", on = CREATE, settle = "place", conditional = true,
    doc = "Parks an order until a price is reached; it then becomes an active order with the same id.",
    params = {
      "symbol", "side", "type", "quantity", "price",
      { "trigger_price", "triggerPrice", "decimal", required = true, above = "0", v2 = "stop_px", unit = "quote coin",
        doc = "The price that has to be reached." },
      { "base_price", false, "decimal", above = "0", unit = "quote coin",
        doc = "Where the price comes from, normally the current price: below the trigger price it has to rise, above it "
          .. "to fall. Not sent on this wire; a stale one gives the wrong direction." },
      { "trigger_direction", "triggerDirection", "enum", enum = "trigger_direction", wire = { Rising = 1, Falling = 2 },
        doc = "In place of base_price: from which side the price comes." },
      "trigger_type", "time_in_force", "position_mode", ID, "reduce_only", "close_on_trigger", "take_profit_price",
      "stop_loss_price", "take_profit_trigger_type", "stop_loss_trigger_type", "tpsl_mode", "tp_order_type",
      "sl_order_type", "tp_limit_price", "sl_limit_price", "smp_type", "bbo_side_type", "bbo_level", "rpi_taker_access",
    },
    rules = { { "direction", "trigger_price", "base_price", "trigger_direction" },
      { "together", "bbo_side_type", "bbo_level" }, CLOSING },
    result = { record = "order_id" },
    codes = { "invalid_trigger_direction", "trigger_price_not_above", "trigger_price_not_below",
      "too_many_conditional_orders", "insufficient_balance", "duplicate_client_order_id" },
    example = [[
-- A stop entry: buys at the market once the last price rises to 30500.
local ack = assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100, trigger_price = "30500", base_price = "30000",
})
exchange:set_price("BTCUSD", "30500")
local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
print(order.status, order.filled_quantity)]] },

  -------------------------------------------------------------------------------------------------------------
  -- order/amend

  { "modify_order", on = AMEND, settle = "amend",
    doc = "Changes an order that has not ended.",
    params = {
      "symbol", "order_id", "client_order_id", NEW_PRICE, NEW_QUANTITY, CHANGED_TAKE_PROFIT, CHANGED_STOP_LOSS,
      "take_profit_trigger_type", "stop_loss_trigger_type", "tpsl_mode", "tp_limit_price", "sl_limit_price",
    },
    rules = { { "one_of", "order_id", "client_order_id" },
      { "any_of", "new_price", "new_quantity", "take_profit_price", "stop_loss_price", "take_profit_trigger_type",
        "stop_loss_trigger_type", "tp_limit_price", "sl_limit_price" } },
    result = { record = "order_id" },
    codes = CHANGING,
    example = [[
local order = assert(client:place_order {
  symbol = "BTCUSD", side = "Sell", type = "Limit", quantity = 100, price = 31000,
})
local ack, err = client:modify_order { symbol = "BTCUSD", order_id = order.order_id, new_price = "30900.5" }
if not ack and not err.unchanged then error(err) end
local changed = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = order.order_id })
print(changed.price)]] },

  { "modify_conditional_order", on = AMEND, settle = "amend", conditional = true,
    doc = "Changes a conditional order that was not triggered yet.",
    params = {
      "symbol", "stop_order_id", "client_order_id", NEW_PRICE, NEW_QUANTITY,
      { "new_trigger_price", "triggerPrice", "decimal", above = "0", v2 = "p_r_trigger_price", unit = "quote coin",
        doc = "Moves the price of a take profit or stop loss order too." },
      "trigger_type", CHANGED_TAKE_PROFIT, CHANGED_STOP_LOSS, "take_profit_trigger_type", "stop_loss_trigger_type",
      "tpsl_mode", "tp_limit_price", "sl_limit_price",
    },
    rules = { { "one_of", "stop_order_id", "client_order_id" },
      { "any_of", "new_price", "new_quantity", "new_trigger_price", "trigger_type", "take_profit_price",
        "stop_loss_price", "take_profit_trigger_type", "stop_loss_trigger_type", "tp_limit_price", "sl_limit_price" } },
    result = { record = "order_id" },
    codes = CHANGING,
    example = [[
local stop = assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100, trigger_price = 29000, trigger_direction = "Falling",
})
assert(client:modify_conditional_order {
  symbol = "BTCUSD", stop_order_id = stop.order_id, new_trigger_price = "29500",
})
print(assert(client:get_open_conditional_order_real_time {
  symbol = "BTCUSD", stop_order_id = stop.order_id }).trigger_price)]] },

  -------------------------------------------------------------------------------------------------------------
  -- order/cancel

  { "cancel_order", on = CANCEL, settle = "cancel", cancels = true,
    doc = "Cancels an order. An acknowledgement does not mean that it is cancelled: a fill may come first. On this wire it "
      .. "cancels conditional orders as well.",
    params = { "symbol", "order_id", "client_order_id" },
    rules = ONE_ORDER,
    result = { record = "order_id" },
    codes = CANCELLING,
    example = [[
local order = assert(client:place_order {
  symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000, client_order_id = "mine-1",
})
local ack, err = client:cancel_order { symbol = "BTCUSD", client_order_id = "mine-1" }
if not ack and err.kind ~= "not_found" then error(err) end -- not found: it was filled or cancelled before
order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = order.order_id })
print(order.status)]] },

  { "cancel_conditional_order", on = CANCEL, settle = "cancel", cancels = true, conditional = true,
    doc = "Cancels a conditional order, or a take profit, stop loss or trailing order of a position.",
    params = { "symbol", "stop_order_id", "client_order_id" },
    rules = ONE_STOP_ORDER,
    result = { record = "order_id" },
    codes = CANCELLING,
    example = [[
local stop = assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100, trigger_price = 29000, base_price = 30000,
})
assert(client:cancel_conditional_order { symbol = "BTCUSD", stop_order_id = stop.order_id })]] },

  { "cancel_one", on = CANCEL, settle = "cancel", cancels = true, internal = true,
    doc = "Cancels one of many.",
    params = { "symbol", "order_id", "client_order_id" },
    rules = ONE_ORDER,
    result = { record = "cancelled_order" } },

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
  -- order/cancel-all. Without its filter this would cancel everything, protective stops included.

  { "cancel_all_orders", on = CANCEL_ALL, composite = true, over = { "cancel_all", "order_realtime", "cancel_one" },
    cancels = true,
    doc = "Cancels every active order of the symbol, at most 500 in one call: repeat it until the list is empty. With "
      .. "id_prefix the orders are listed and cancelled one by one, those that this client has just placed too.",
    params = { "symbol", "id_prefix" },
    result = { list = "cancelled_order", key = "list" },
    codes = READING,
    example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 })
local cancelled = assert(client:cancel_all_orders { symbol = "BTCUSD" })
print(#cancelled, cancelled[1].order_id)]] },

  { "cancel_all_conditional_orders", cancels = true, conditional = true,
    on = CANCEL_ALL, composite = true, over = { "cancel_all_conditional", "conditional_realtime", "cancel_one" },
    doc = "Cancels every conditional order of the symbol. The take profits, stop losses and trailing stops that protect a "
      .. "position are among them; stop_order_type = \"Stop\" spares those. With id_prefix the orders are listed and "
      .. "cancelled one by one, those that this client has just placed too.",
    params = { "symbol", STOP_ORDER_TYPE, "id_prefix" },
    result = { list = "cancelled_order", key = "list" },
    codes = READING,
    example = [[
assert(client:place_conditional_order {
  symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100, trigger_price = 29000, base_price = 30000,
})
local cancelled = assert(client:cancel_all_conditional_orders { symbol = "BTCUSD", stop_order_type = "Stop" })
print(#cancelled, "cancelled")]] },

  { "cancel_all", on = CANCEL_ALL, settle = "all", cancels = true, heard = true, internal = true,
    doc = "Cancels all active orders.",
    fixed = { { "orderFilter", value = "Order" } },
    params = { "symbol" },
    result = { list = "cancelled_order", key = "list" } },

  { "cancel_all_conditional", on = CANCEL_ALL, settle = "all", cancels = true, heard = true, conditional = true,
    internal = true,
    doc = "Cancels all orders that wait for a trigger.",
    fixed = { { "orderFilter", value = "StopOrder" } },
    params = { "symbol", STOP_ORDER_TYPE },
    result = { list = "cancelled_order", key = "list" } },

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
