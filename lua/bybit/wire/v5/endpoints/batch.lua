-- Batches (V5 documentation, Trade): requests that hold several orders. They have a file of their own, since most programs make none.

-- What all rows have in common.
local function batch(path)
  return { verb = "POST", path = "/v5/order/" .. path, limit = 10, source = "V5 documentation, order/" .. path,
    fixed = { "category" } }
end

-- Codes to expect of each order.
local PLACING = { "insufficient_balance", "price_above_limit", "price_below_limit", "price_out_of_range",
  "duplicate_client_order_id", "too_many_orders", "contract_reduce_only", "risk_limit_exceeded" }
local CHANGING = { "order_not_found", "order_closed", "quantity_not_above_filled", "order_unchanged", "insufficient_balance" }
local CANCELLING = { "order_not_found", "order_closed", "order_cancelled" }

-- Parameters of single orders that the documentation of batches does not name: the exchange ignores what it does not know, and the
-- order would go out without them.
local NOT_IN_BATCHES = { "slippage_tolerance_type", "slippage_tolerance", "bbo_side_type", "bbo_level", "rpi_taker_access" }

-- The result of a batch. An answer without it says nothing of any order.
local BATCH_RESULT = { list = "batch_order", key = "list", needed = true }

-- The pages of the documentation say 20, that of the rate limits says 10: the smaller number is safe.
local MOST = 10

return {
  { "place_multiple_orders", on = batch "create-batch",
    elements = { "place_order", "place_conditional_order" }, items = "request",
    most = MOST, without = NOT_IN_BATCHES, of = "place",
    doc = "Places up to 10 orders with one request, active or conditional ones, of any symbols. Each is placed by itself: the "
      .. "list that is returned has a table for each, the acknowledgement or {error = err}, and `failed` says how many failed. "
      .. "Nil and an error: the request was refused as a whole or never sent, so nothing was placed.",
    params = {},
    result = BATCH_RESULT,
    codes = PLACING,
    example = [[
local list, err = client:place_multiple_orders {
  { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 },
  { symbol = "BTCUSD", side = "Sell", type = "Limit", quantity = 100, price = 31000 },
  timeout = 5,
}
if not list then error(err) end -- nothing was placed
for i, order in ipairs(list) do print(i, order.error or order.order_id) end
print(list.failed, "failed")]] },

  { "modify_multiple_orders", on = batch "amend-batch",
    elements = { "modify_order" }, items = "request", most = MOST, of = "amend",
    doc = "Changes up to 10 active orders with one request. Each is changed by itself: the list that is returned has a table for "
      .. "each, the acknowledgement or {error = err}, and `failed` says how many failed. Conditional orders are changed one by "
      .. "one, by modify_conditional_order.",
    params = {},
    result = BATCH_RESULT,
    codes = CHANGING,
    example = [[
local placed = assert(client:place_multiple_orders {
  { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 },
  { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 28000 },
})
local list = assert(client:modify_multiple_orders {
  { symbol = "BTCUSD", order_id = placed[1].order_id, new_price = "29100" },
  { symbol = "BTCUSD", order_id = placed[2].order_id, new_quantity = 50 },
})
print(list.failed)]] },

  { "cancel_multiple_orders", on = batch "cancel-batch",
    elements = { "cancel_order", "cancel_conditional_order" }, items = "request",
    most = MOST, of = "cancel", cancels = true,
    doc = "Cancels up to 10 orders with one request, active or conditional ones. Each is cancelled by itself: the list that is "
      .. "returned has a table for each, the acknowledgement or {error = err}, and `failed` says how many failed. An order that "
      .. "is gone already has an error of kind not_found.",
    params = {},
    result = BATCH_RESULT,
    codes = CANCELLING,
    example = [[
local placed = assert(client:place_multiple_orders {
  { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000 },
  { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 28000 },
})
local list = assert(client:cancel_multiple_orders {
  { symbol = "BTCUSD", order_id = placed[1].order_id },
  { symbol = "BTCUSD", client_order_id = placed[2].client_order_id },
})
print(list.failed, #client:get_open_orders_real_time { symbol = "BTCUSD" })]] },
}
