-- Positions and their stops (V5 documentation, Position), in the order of the documentation.

local EVERY = require("bybit.wire.categories").names -- the kinds of contracts

local function endpoint(path, limit)
  return { verb = "GET", path = "/v5/position/" .. path, limit = limit, source = "V5 documentation, position/" .. path,
    categories = EVERY }
end

local LIST, PROFITS = endpoint("list", 50), endpoint("closed-pnl", 50)

-- A call that sets something; the last number: how many a second.
local function change(path, limit)
  return { verb = "POST", path = "/v5/position/" .. path, limit = limit, source = "V5 documentation, position/" .. path,
    categories = EVERY }
end

local READING = { "invalid_symbol", "permission_denied" }
local ANY_SYMBOL = { like = "symbol", required = false, doc = "Only this contract." }
local PROFIT = { ANY_SYMBOL, "start_time", "end_time", { like = "limit", max = 100, doc = "Page size; 50 when left out." },
  "cursor" }

-- The settings of a position that its record shows. `leg`: position_mode says of which position; false: of each.
local function shown_by_position(leg, ...)
  return { row = "get_positions", by = { symbol = "symbol" }, leg = leg, as = "position", fields = { ... } }
end

local ONE_OF_TWO = { like = "position_mode",
  doc = "Which position: 0 the only one; in hedge mode 1 the long one, 2 the short one." }

return {
  { "get_position", on = LIST, composite = true, over = { "get_positions" },
    doc = "The position of a contract. If there is none, side is nil and quantity 0; the leverage is there all the same. In "
      .. "hedge mode a contract has two positions, and position_mode says which; get_positions with the symbol reads both.",
    params = { "symbol", ONE_OF_TWO },
    result = { first = "position", key = "list" },
    codes = READING,
    example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100 })
local position = assert(client:get_position { symbol = "BTCUSD" })
print(position.side, position.signed_quantity, position:is_flat())
print(assert(client:get_position { symbol = "ETHUSD" }):is_flat())]] },

  { "get_positions", on = LIST,
    doc = "The positions of the account that are not flat. With a symbol also a flat one; in hedge mode then both, in any order.",
    params = { ANY_SYMBOL, "settle_coin", { like = "limit", max = 200, doc = "Page size; 20 when left out." }, "cursor" },
    rules = { { "any_of", "symbol", "settle_coin", category = "linear" } },
    result = { list = "position", key = "list", cursor = "nextPageCursor" },
    codes = READING,
    example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
for position in client:each("get_positions", {}) do
  print(position.symbol, position.signed_quantity, position.leverage)
end]] },

  { "set_leverage", on = change("set-leverage", 10), settle = "setting",
    shown = shown_by_position(false, { "buy_leverage", "leverage", legs = { 0, 1 } },
      { "sell_leverage", "leverage", legs = { 0, 2 } }),
    doc = "Sets the leverage of a contract, with a position or without. If it is set already, the call is a success with "
      .. "response.unchanged. A higher leverage sets margin of an open position free, and brings its liquidation nearer.",
    params = { "symbol",
      { "buy_leverage", "buyLeverage", "decimal", required = true, above = "0", doc = "Of long positions." },
      { "sell_leverage", "sellLeverage", "decimal", required = true, above = "0",
        doc = "Of short positions: the same, in one-way mode and under cross margin." } },
    rules = { { "equal", "buy_leverage", "sell_leverage", category = "inverse" } },
    result = { empty = true },
    codes = { "leverage_unchanged", "leverage_not_allowed", "insufficient_balance", "would_liquidate" },
    example = [[
assert(client:set_leverage { symbol = "BTCUSD", buy_leverage = 7, sell_leverage = 7 })
print(assert(client:get_position { symbol = "BTCUSD" }).leverage)]] },

  { "switch_position_mode", on = change("switch-mode", 10), settle = "setting",
    shown = shown_by_position(false, { "mode", "position_mode", words = { [0] = "OneWay", [1] = "Hedge", [2] = "Hedge" } }),
    doc = "Switches a contract between one-way and hedge mode; only USDT perpetuals have hedge mode. There may be no position "
      .. "and no order. If the mode is set already, the call is a success with response.unchanged. With `coin` the contracts "
      .. "that settle in it are switched, but those that have a position or an order are passed over in silence.",
    params = { { like = "symbol", required = false }, { like = "coin", required = false,
        doc = "In place of a contract: all linear contracts that settle in this coin, also those that are listed later." },
      { "mode", "mode", "enum", enum = "holding_mode", required = true, wire = { OneWay = 0, Hedge = 3 },
        doc = "OneWay: one position. Hedge: a long and a short one." } },
    rules = { { "one_of", "symbol", "coin" } },
    result = { empty = true },
    codes = { "position_mode_unchanged", "hedge_mode_not_offered", "position_exists", "orders_exist" },
    example = [[
local _, err, response = client:switch_position_mode { symbol = "BTCUSD", mode = "OneWay" }
print(err, response.unchanged)]] },

  { "set_trading_stop", settle = "stop", heard = true, protects = true,
    verb = "POST", path = "/v5/position/trading-stop", limit = 10, source = "V5 documentation, position/trading-stop",
    doc = "Sets, changes or removes take profit, stop loss and trailing stop of the open position. What is left out stays "
      .. "as it is; 0 removes it. In Partial mode the call only adds: never repeat it blindly.",
    categories = EVERY,
    params = {
      "symbol",
      { like = "take_profit_price", doc = "0 removes it; unchanged when left out." },
      { like = "stop_loss_price", doc = "0 removes it; unchanged when left out." },
      { "trailing_stop_price", "trailingStop", "decimal", min = "0", also = "trailing_stop_distance",
        v2 = "trailing_stop", unit = "quote coin", doc = "A distance, in spite of its name; 0 removes it." },
      "take_profit_trigger_type", "stop_loss_trigger_type",
      { "trailing_stop_trigger_price", "activePrice", "decimal", above = "0", v2 = "new_trailing_active", unit = "quote coin",
        doc = "The trailing stop starts when this price is reached; at once when left out." },
      { "tpsl_mode", "tpslMode", "enum", enum = "tpsl_mode",
        doc = "When left out: Partial if a quantity is given, otherwise Full." },
      { like = "quantity", "take_profit_quantity", "tpSize", required = false, zero_with = false, v2 = "tp_size",
        doc = "Partial mode: how much of the position; the same as stop_loss_quantity if both are given." },
      { like = "quantity", "stop_loss_quantity", "slSize", required = false, zero_with = false, v2 = "sl_size",
        doc = "Partial mode: how much of the position." },
      "tp_order_type", "sl_order_type", "tp_limit_price", "sl_limit_price", "position_mode",
    },
    rules = {
      { "any_of", "take_profit_price", "stop_loss_price", "trailing_stop_price", "take_profit_trigger_type",
        "stop_loss_trigger_type", "trailing_stop_trigger_price" },
      { "equal", "take_profit_quantity", "stop_loss_quantity" },
      { "mode_by", "tpsl_mode", "take_profit_quantity", "stop_loss_quantity" },
    },
    result = { empty = true },
    codes = { "no_position", "invalid_stop_loss", "invalid_take_profit", "trading_stop_unchanged", "too_many_partial_tpsl" },
    example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
assert(client:set_trading_stop {
  symbol = "BTCUSD", stop_loss_price = 29000, take_profit_price = 32000, trailing_stop_distance = 250,
})
for _, order in ipairs(assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" })) do
  print(order.stop_order_type, order.trigger_price)
end]] },

  { "set_auto_add_margin", on = change("set-auto-add-margin", 10), settle = "setting",
    shown = shown_by_position(true, { "auto_add_margin", "auto_add_margin", words = { [true] = "ON", [false] = "OFF" } }),
    doc = "Says whether margin is added to a position by itself. For isolated margin; the exchange documents it for linear "
      .. "contracts only.",
    params = { "symbol",
      { "auto_add_margin", "autoAddMargin", "enum", enum = "switch", required = true, wire = { ON = 1, OFF = 0 },
        doc = "ON or OFF." },
      "position_mode" },
    result = { empty = true },
    codes = { "isolated_margin_needed", "portfolio_margin_not_allowed" },
    example = [[
local done, err = client:set_auto_add_margin { symbol = "BTCUSD", auto_add_margin = "ON" }
print(done, err)]] },

  { "add_or_reduce_margin", on = change("add-margin", 10), settle = "add",
    shown = shown_by_position(true),
    doc = "Adds margin to a position, or takes back what was added; isolated margin only. Each copy adds, so the request is "
      .. "sent once. If its answer is lost, no record tells what was added: the outcome stays unknown, and err.position is the "
      .. "position as it stands.",
    params = { "symbol",
      { "margin", "margin", "decimal", required = true, unit = "settle coin", example = "0.001",
        doc = "How much to add, with at most 4 decimals; below 0 it is taken away." },
      "position_mode" },
    result = { record = "position" },
    codes = { "no_position", "isolated_margin_needed", "insufficient_balance", "margin_reduction_too_large",
      "would_liquidate" },
    example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
local position = assert(client:add_or_reduce_margin { symbol = "BTCUSD", margin = "0.001" })
print(position.position_margin, position.liquidation_price)]] },

  { "get_closed_profit_loss", on = PROFITS, composite = true, over = { "closed_profit_page" },
    doc = "What the orders won that closed positions, newest first. Fees are counted, funding is not.",
    params = PROFIT,
    result = { list = "closed_profit_loss", key = "list", cursor = "nextPageCursor" },
    codes = READING,
    example = [[
assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
assert(client:place_order { symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100, reduce_only = true })
for _, closed in ipairs(assert(client:get_closed_profit_loss { symbol = "BTCUSD" })) do
  print(closed.side, closed.closed_quantity, closed.closed_pnl < 0)
end]] },

  { "closed_profit_page", on = PROFITS, internal = true,
    doc = "A page of closed profits of at most seven days.",
    params = PROFIT, result = { list = "closed_profit_loss", key = "list", cursor = "nextPageCursor" } },

  { "get_futures_leverage", on = endpoint("symbol-info", 10),
    doc = "The leverage that is set, by contract, with a position or without.",
    params = { ANY_SYMBOL },
    result = { list = "futures_leverage", key = "list" },
    codes = READING,
    example = [[
local set = assert(client:get_futures_leverage { symbol = "BTCUSD" })
print(set[1].leverage)]] },
}
