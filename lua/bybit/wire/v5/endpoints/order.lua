-- What changes orders (V5 documentation, Trade), in the order of the documentation. Rows with `internal` are what composite methods
-- ask. What reads orders is in lists.lua, which most programs need later, if at all.

local EVERY = require("bybit.wire.categories").names -- the kinds of contracts

-- What all rows of one endpoint share.
local function endpoint(verb, path, limit)
  return { verb = verb, path = "/v5/" .. path, limit = limit, source = "V5 documentation, " .. path, categories = EVERY }
end

local CREATE = endpoint("POST", "order/create", 10)
local AMEND = endpoint("POST", "order/amend", 10)
local CANCEL = endpoint("POST", "order/cancel", 10)
local CANCEL_ALL = endpoint("POST", "order/cancel-all", 10)

-- Codes to expect.
local PLACING = { "insufficient_balance", "price_above_limit", "price_below_limit", "price_out_of_range",
  "duplicate_client_order_id", "too_many_orders", "contract_reduce_only", "risk_limit_exceeded" }
local CHANGING = { "order_not_found", "order_closed", "quantity_not_above_filled", "order_unchanged", "insufficient_balance" }
local CANCELLING = { "order_not_found", "order_closed", "order_cancelled" }
local READING = { "invalid_symbol" }

-- Parameters that differ a little from the shared ones.
local ID = { like = "client_order_id", generate = true }
local NEW_PRICE = { "new_price", "price", "decimal", above = "0", v2 = "p_r_price", unit = "quote coin",
  doc = "The new price; unchanged when left out." }
local NEW_QUANTITY = { like = "quantity", "new_quantity", "qty", required = false, zero_with = false, v2 = "p_r_qty",
  doc = "The new total, more than what is filled; unchanged when left out." }
local CHANGED_TAKE_PROFIT = { like = "take_profit_price", doc = "0 removes it; unchanged when left out." }
local CHANGED_STOP_LOSS = { like = "stop_loss_price", doc = "0 removes it; unchanged when left out." }
local STOP_ORDER_TYPE = { "stop_order_type", "stopOrderType", "enum", enum = "stop_order_filter",
  doc = "Stop: only conditional orders." }

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
}
