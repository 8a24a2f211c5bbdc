-- Active orders (v2 documentation, account data, active orders), in the order of the documentation.

local CREATE = { verb = "POST", path = "/v2/private/order/create", group = "order",
  source = "v2 documentation, place active order" }
local LIST = { verb = "GET", path = "/v2/private/order/list",
  source = "v2 documentation, get active order and get conditional order" }
local CANCEL = { verb = "POST", path = "/v2/private/order/cancel", group = "order",
  source = "v2 documentation, cancel active order" }
local CANCEL_ALL = { verb = "POST", path = "/v2/private/order/cancelAll",
  source = "v2 documentation, cancel all active orders" }
local REPLACE = { verb = "POST", path = "/v2/private/order/replace", group = "order",
  source = "v2 documentation, replace active order" }
local QUERY = { verb = "GET", path = "/v2/private/order",
  source = "v2 documentation, query active order and query conditional order, real-time" }

-- Statuses that the list can be asked for; among them are words that V5 does not have.
local STATUS = { "status", "order_status",
  values = { "Created", "Rejected", "New", "PartiallyFilled", "Filled", "Cancelled", "PendingCancel" } }

local ONE_ORDER = { { "one_of", "order_id", "client_order_id" } }
local ONE = { "symbol", "order_id", "client_order_id" }

return {
  { "place_order", on = CREATE, settle = "place",
    doc = "Places an active order. The answer may come before the order has its price: read it back to see what became of it.",
    params = { "symbol", "side", "type", "quantity", "price", "time_in_force", "one_way", "client_order_id", "reduce_only",
      "close_on_trigger", "take_profit_price", "stop_loss_price", "take_profit_trigger_type", "stop_loss_trigger_type" },
    result = { record = "order" } },

  { "get_orders", on = LIST, composite = true, over = { "order_list" },
    doc = "A page of the symbol's orders, past and present, newest first. It lags a little behind what is open now.",
    params = { "symbol", STATUS, "direction", "limit", "cursor", "id_prefix" },
    result = { list = "order", key = "data", cursor = "cursor" } },

  { "order_list", on = LIST, group = "query", internal = true, like = "get_orders",
    doc = "A page of active orders, past and present.",
    params = { "symbol", STATUS, "direction", "limit", "cursor" },
    result = { list = "order", key = "data", cursor = "cursor" } },

  { "cancel_order", on = CANCEL, settle = "cancel", cancels = true,
    doc = "Cancels an active order. The answer is the order as it stood before: a fill may still come first.",
    params = ONE, rules = ONE_ORDER, result = { record = "order" } },

  { "cancel_one", on = CANCEL, settle = "cancel", cancels = true, internal = true, like = "cancel_order",
    doc = "Cancels one of many.",
    params = ONE, rules = ONE_ORDER, result = { record = "cancelled_order" } },

  { "cancel_all_orders", on = CANCEL_ALL, composite = true, over = { "cancel_all", "orders_now", "cancel_one" },
    cancels = true,
    doc = "Asks for the cancellation of every active order of the symbol. With id_prefix the orders are listed and cancelled "
      .. "one by one, those that this client has just placed too.",
    params = { "symbol", "id_prefix" }, result = { list = "cancelled_order" } },

  { "cancel_all", on = CANCEL_ALL, group = "order", weight = 10, settle = "all", cancels = true, heard = true,
    internal = true, like = "cancel_all_orders",
    doc = "Cancels all active orders.",
    params = { "symbol" }, result = { list = "cancelled_order" } },

  { "modify_order", on = REPLACE, settle = "amend",
    doc = "Changes an order that has not ended.",
    params = { "symbol", "order_id", "client_order_id", "new_price", "new_quantity", "take_profit_price", "stop_loss_price",
      "take_profit_trigger_type", "stop_loss_trigger_type" },
    rules = { { "one_of", "order_id", "client_order_id" },
      { "any_of", "new_price", "new_quantity", "take_profit_price", "stop_loss_price", "take_profit_trigger_type",
        "stop_loss_trigger_type" } },
    result = { record = "order_id" } },

  { "get_open_order_real_time", on = QUERY, group = "query",
    doc = "One active order by its id, also if it has ended.",
    params = ONE, rules = ONE_ORDER, result = { first = "order" } },

  { "order_now", on = QUERY, group = "query", internal = true, like = "get_open_order_real_time",
    doc = "One active order by its id, for lookups.",
    params = ONE, rules = ONE_ORDER, result = { first = "order" } },

  { "get_open_orders_real_time", on = QUERY, composite = true, over = { "orders_now" },
    doc = "All open orders of the symbol, up to 500, in one snapshot. `cut` says that there may be more.",
    params = { "symbol", "id_prefix" }, result = { list = "order" } },

  { "orders_now", on = QUERY, group = "query", internal = true, like = "cancel_all_orders",
    doc = "All open orders of the symbol.",
    params = { "symbol" }, result = { list = "order" } },
}
