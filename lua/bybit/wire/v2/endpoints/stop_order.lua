-- Conditional orders (v2 documentation, account data, conditional orders), in the order of the documentation.

local CREATE = { verb = "POST", path = "/v2/private/stop-order/create", group = "order",
  source = "v2 documentation, place conditional order" }
local LIST = { verb = "GET", path = "/v2/private/stop-order/list",
  source = "v2 documentation, get active order and get conditional order" }
local CANCEL = { verb = "POST", path = "/v2/private/stop-order/cancel", group = "order",
  source = "v2 documentation, cancel conditional order" }
local CANCEL_ALL = { verb = "POST", path = "/v2/private/stop-order/cancelAll",
  source = "v2 documentation, cancel all conditional orders" }
local REPLACE = { verb = "POST", path = "/v2/private/stop-order/replace", group = "order",
  source = "v2 documentation, replace conditional order" }
local QUERY = { verb = "GET", path = "/v2/private/stop-order",
  source = "v2 documentation, query active order and query conditional order, real-time" }

-- Statuses that the list can be asked for; among them are words that V5 does not have.
local STATUS = { "status", "stop_order_status",
  values = { "Active", "Untriggered", "Triggered", "Cancelled", "Rejected", "Deactivated" } }

local ONE_ORDER = { { "one_of", "stop_order_id", "client_order_id" } }
local ONE = { "symbol", "stop_order_id", "client_order_id" }

return {
  { "place_conditional_order", on = CREATE, settle = "place", conditional = true,
    doc = "Parks an order until a price is reached; it then becomes an active order with the same id.",
    params = { "symbol", "side", "type", "quantity", "price", { "trigger_price", "stop_px" },
      { "base_price", "base_price", required = "this wire needs it to know from which side the price comes",
        example = "29000", -- below the trigger price of examples
        doc = "Where the price comes from, normally the current price: below the trigger price it has to rise, above it "
          .. "to fall." },
      { "trigger_direction", false, wire = false, doc = "Checked against base_price; this wire has no word for it." },
      { "trigger_type", "trigger_by" }, "time_in_force", "position_mode", "client_order_id", "close_on_trigger",
      "take_profit_price", "stop_loss_price", "take_profit_trigger_type", "stop_loss_trigger_type" },
    rules = { { "direction", "trigger_price", "base_price", "trigger_direction" } },
    result = { record = "conditional_order" } },

  { "get_conditional_orders", on = LIST, composite = true, over = { "conditional_list" }, conditional = true,
    doc = "A page of the symbol's conditional orders, past and present, newest first.",
    params = { "symbol", STATUS, "direction", "limit", "cursor", "id_prefix" },
    result = { list = "conditional_order", key = "data", cursor = "cursor" } },

  { "conditional_list", on = LIST, group = "query", internal = true, like = "get_conditional_orders",
    doc = "A page of conditional orders, past and present.",
    params = { "symbol", STATUS, "direction", "limit", "cursor" },
    result = { list = "conditional_order", key = "data", cursor = "cursor" } },

  { "cancel_conditional_order", on = CANCEL, settle = "cancel", cancels = true, conditional = true,
    doc = "Cancels a conditional order, or a take profit, stop loss or trailing order of a position.",
    params = ONE, rules = ONE_ORDER, result = { record = "order_id" } },

  { "cancel_one_conditional", on = CANCEL, settle = "cancel", cancels = true, conditional = true, internal = true,
    like = "cancel_conditional_order",
    doc = "Cancels one of many.",
    params = ONE, rules = ONE_ORDER, result = { record = "cancelled_order" } },

  { "cancel_all_conditional_orders", on = CANCEL_ALL, composite = true, cancels = true, conditional = true,
    over = { "cancel_all_conditional", "conditionals_now", "cancel_one_conditional" },
    doc = "Cancels every conditional order of the symbol. The take profits, stop losses and trailing stops that protect a "
      .. "position are among them. With id_prefix the orders are listed and cancelled one by one, those that "
      .. "this client has just placed too.",
    params = { "symbol", "id_prefix" }, result = { list = "cancelled_order" } },

  { "cancel_all_conditional", on = CANCEL_ALL, group = "order", weight = 10, settle = "all", cancels = true, heard = true,
    conditional = true, internal = true, like = "cancel_all_orders",
    doc = "Cancels all orders that wait for a trigger.",
    params = { "symbol" }, result = { list = "cancelled_order" } },

  { "modify_conditional_order", on = REPLACE, settle = "amend", conditional = true,
    doc = "Changes a conditional order that was not triggered yet. A triggered order is an active order: use modify_order.",
    params = { "symbol", "stop_order_id", "client_order_id", "new_price", "new_quantity",
      { "new_trigger_price", "p_r_trigger_price" }, "take_profit_price", "stop_loss_price", "take_profit_trigger_type",
      "stop_loss_trigger_type" },
    rules = { { "one_of", "stop_order_id", "client_order_id" },
      { "any_of", "new_price", "new_quantity", "new_trigger_price", "take_profit_price", "stop_loss_price",
        "take_profit_trigger_type", "stop_loss_trigger_type" } },
    result = { record = "order_id" } },

  { "get_open_conditional_order_real_time", on = QUERY, group = "query", conditional = true,
    doc = "One conditional order by its id. A triggered order is an active order, with the same id.",
    params = ONE, rules = ONE_ORDER, result = { first = "conditional_order" } },

  { "conditional_now", on = QUERY, group = "query", internal = true, like = "get_open_conditional_order_real_time",
    doc = "One conditional order by its id, for lookups.",
    params = ONE, rules = ONE_ORDER, result = { first = "conditional_order" } },

  { "get_open_conditional_orders_real_time", on = QUERY, composite = true, over = { "conditionals_now" }, conditional = true,
    doc = "All untriggered conditional orders of the symbol. Those that protect a position are among them.",
    params = { "symbol", "id_prefix" }, result = { list = "conditional_order" } },

  { "conditionals_now", on = QUERY, group = "query", internal = true, like = "cancel_all_orders",
    doc = "All untriggered conditional orders of the symbol.",
    params = { "symbol" }, result = { list = "conditional_order" } },
}
