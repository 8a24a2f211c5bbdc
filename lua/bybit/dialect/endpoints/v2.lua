-- The methods on the v2 wire, as data (v2 documentation, inverse perpetual). A method and its parameters mean the same on
-- both wires: what a parameter is (type, limits, doc) stands in endpoints/v5.lua under the same names, and here is how v2
-- spells it: { our name, name on the v2 wire, what differs }. A parameter of V5 that is not named here is one that v2 has
-- not. For the fields of a row see endpoints/v5.lua; besides:
--
--   limit, per   requests in so many seconds of the rate group (v2 documentation, rate limits)
--   by_symbol    each symbol has that limit for itself
--   weight       how many of them a call costs; 1 when left out
--   v5           of a parameter: its name on the V5 wire, for hints

local v5 = require "bybit.dialect.endpoints.v5"

local MINUTE = 60

-- The groups of the documentation's table. Whether each path of a row has the limit for itself it does not say; one for
-- all is the reading that never breaks it.
local GROUPS = {
  order = { limit = 100, per = MINUTE }, query = { limit = 600, per = MINUTE },
  list = { limit = 120, per = MINUTE }, stop = { limit = 75, per = MINUTE },
}

local TIME_IN_FORCE = { GTC = "GoodTillCancel", IOC = "ImmediateOrCancel", FOK = "FillOrKill", PostOnly = "PostOnly" }

-- Spellings that several methods share.
local SYMBOL = { "symbol", "symbol" }
local SIDE = { "side", "side" }
local TYPE = { "type", "order_type" }
local QUANTITY = { "quantity", "qty" }
local PRICE = { "price", "price", required_when = { "type", "Limit" } }
local FORCE = { "time_in_force", "time_in_force", wire = TIME_IN_FORCE,
  values = { "GTC", "IOC", "FOK", "PostOnly" } }
local ONE_WAY = { "position_mode", false, max = 0, doc = "0: one-way, which is all that this wire means here." }
local MODE = { "position_mode", "position_idx" }
local ORDER_ID = { "order_id", "order_id" }
local STOP_ORDER_ID = { "stop_order_id", "stop_order_id" }
local LINK = { "client_order_id", "order_link_id" }
local REDUCE_ONLY = { "reduce_only", "reduce_only" }
local CLOSE_ON_TRIGGER = { "close_on_trigger", "close_on_trigger" }
local TAKE_PROFIT = { "take_profit_price", "take_profit" }
local STOP_LOSS = { "stop_loss_price", "stop_loss" }
local TAKE_PROFIT_BY = { "take_profit_trigger_type", "tp_trigger_by" }
local STOP_LOSS_BY = { "stop_loss_trigger_type", "sl_trigger_by" }
local NEW_PRICE = { "new_price", "p_r_price" }
local NEW_QUANTITY = { "new_quantity", "p_r_qty" }
local DIRECTION = { "direction", "direction", doc = "The page after the cursor's (next) or before it (prev)." }
local LIMIT = { "limit", "limit" }
local CURSOR = { "cursor", "cursor" }
local ID_PREFIX = { "id_prefix", false }

-- Statuses that a list can be asked for; those that V5 has no word for among them.
local STATUSES = { "Created", "Rejected", "New", "PartiallyFilled", "Filled", "Cancelled", "PendingCancel" }
local STOP_STATUSES = { "Active", "Untriggered", "Triggered", "Cancelled", "Rejected", "Deactivated" }

local function v5_param(method, name)
  for _, p in ipairs(v5[method].params) do
    if p[1] == name then return p end
  end
  error(("%s has no parameter '%s'"):format(method, name))
end

-- The rows of a method's parameters: V5's, spelled and changed as the entries say.
local function params(method, list)
  local rows = {}
  for i, entry in ipairs(list) do
    local row = {}
    for k, v in pairs(v5_param(method, entry[1])) do row[k] = v end
    row.v5, row.v2 = row[2] or nil, nil
    for k, v in pairs(entry) do row[k] = v end
    rows[i] = row
  end
  return rows
end

local endpoints = {}

-- Adds a row; `like` is the method that its parameters are those of, when it has none of its own.
local function declare(name, row)
  local group = row.group and GROUPS[row.group]
  if group then row.limit, row.per, row.by_symbol = group.limit, group.per, true end
  row.params = params(row.like or name, row.params)
  row.like, row.changes = nil, row.verb == "POST"
  endpoints[name] = row
end

---------------------------------------------------------------------------------------------------------------
-- Placing.

declare("place_order", {
  verb = "POST", path = "/v2/private/order/create", group = "order", settle = "place",
  source = "v2 documentation, place active order",
  doc = "Places an active order. Its price may not be there yet when it is answered: read it back to see what it became.",
  params = { SYMBOL, SIDE, TYPE, QUANTITY, PRICE, FORCE, ONE_WAY, LINK, REDUCE_ONLY, CLOSE_ON_TRIGGER, TAKE_PROFIT,
    STOP_LOSS, TAKE_PROFIT_BY, STOP_LOSS_BY },
  result = { record = "order" },
})

declare("place_conditional_order", {
  verb = "POST", path = "/v2/private/stop-order/create", group = "order", settle = "place",
  source = "v2 documentation, place conditional order",
  doc = "Parks an order until a price is reached; it then becomes an active order with the same id.",
  params = { SYMBOL, SIDE, TYPE, QUANTITY, PRICE, { "trigger_price", "stop_px" },
    { "base_price", "base_price", required = "this wire tells by it from which side the price comes",
      example = "29000", -- below the trigger price of examples
      doc = "Where the price comes from, normally the current price: below the trigger price it has to rise, above it "
        .. "to fall." },
    { "trigger_direction", false, wire = false, doc = "Checked against base_price; this wire has no word for it." },
    { "trigger_type", "trigger_by" }, FORCE, MODE, LINK, CLOSE_ON_TRIGGER, TAKE_PROFIT, STOP_LOSS, TAKE_PROFIT_BY,
    STOP_LOSS_BY },
  rules = { { "direction", "trigger_price", "base_price", "trigger_direction" } },
  result = { record = "conditional_order" },
})

---------------------------------------------------------------------------------------------------------------
-- Changing.

declare("modify_order", {
  verb = "POST", path = "/v2/private/order/replace", group = "order", settle = "amend",
  source = "v2 documentation, replace active order", doc = "Changes an order that is not done.",
  params = { SYMBOL, ORDER_ID, LINK, NEW_PRICE, NEW_QUANTITY, TAKE_PROFIT, STOP_LOSS, TAKE_PROFIT_BY, STOP_LOSS_BY },
  rules = { { "one_of", "order_id", "client_order_id" },
    { "any_of", "new_price", "new_quantity", "take_profit_price", "stop_loss_price", "take_profit_trigger_type",
      "stop_loss_trigger_type" } },
  result = { record = "order_id" },
})

declare("modify_conditional_order", {
  verb = "POST", path = "/v2/private/stop-order/replace", group = "order", settle = "amend",
  source = "v2 documentation, replace conditional order",
  doc = "Changes a conditional order that was not triggered yet. Once it was, it is an active order: use modify_order.",
  params = { SYMBOL, STOP_ORDER_ID, LINK, NEW_PRICE, NEW_QUANTITY, { "new_trigger_price", "p_r_trigger_price" },
    TAKE_PROFIT, STOP_LOSS, TAKE_PROFIT_BY, STOP_LOSS_BY },
  rules = { { "one_of", "stop_order_id", "client_order_id" },
    { "any_of", "new_price", "new_quantity", "new_trigger_price", "take_profit_price", "stop_loss_price",
      "take_profit_trigger_type", "stop_loss_trigger_type" } },
  result = { record = "order_id" },
})

---------------------------------------------------------------------------------------------------------------
-- Cancelling.

declare("cancel_order", {
  verb = "POST", path = "/v2/private/order/cancel", group = "order", settle = "cancel", cancels = true,
  source = "v2 documentation, cancel active order",
  doc = "Cancels an active order. It answers the order as it stood: acknowledged is not cancelled, a fill may come first.",
  params = { SYMBOL, ORDER_ID, LINK }, rules = { { "one_of", "order_id", "client_order_id" } },
  result = { record = "order" },
})

declare("cancel_conditional_order", {
  verb = "POST", path = "/v2/private/stop-order/cancel", group = "order", settle = "cancel", cancels = true,
  source = "v2 documentation, cancel conditional order",
  doc = "Cancels a conditional order, or a take profit, stop loss or trailing order of a position.",
  params = { SYMBOL, STOP_ORDER_ID, LINK }, rules = { { "one_of", "stop_order_id", "client_order_id" } },
  result = { record = "order_id" },
})

declare("cancel_all_orders", {
  verb = "POST", path = "/v2/private/order/cancelAll", composite = true, over = { "cancel_all", "orders_now", "cancel_one" },
  source = "v2 documentation, cancel all active orders",
  doc = "Asks for the cancellation of every active order of the symbol. With id_prefix they are listed and cancelled one "
    .. "by one.",
  params = { SYMBOL, ID_PREFIX }, result = { list = "cancelled_order" },
})

declare("cancel_all_conditional_orders", {
  verb = "POST", path = "/v2/private/stop-order/cancelAll", composite = true,
  over = { "cancel_all_conditional", "conditionals_now", "cancel_one_conditional" },
  source = "v2 documentation, cancel all conditional orders",
  doc = "Cancels every conditional order of the symbol, the take profits, stop losses and trailing stops that protect "
    .. "a position among them. With id_prefix they are listed and cancelled one by one.",
  params = { SYMBOL, ID_PREFIX }, result = { list = "cancelled_order" },
})

---------------------------------------------------------------------------------------------------------------
-- Reading orders.

local LIST = "v2 documentation, get active order and get conditional order"

declare("get_orders", {
  verb = "GET", path = "/v2/private/order/list", composite = true, over = { "order_list" }, source = LIST,
  doc = "A page of the symbol's orders, past and present, newest first. It lags a little behind what is open now.",
  params = { SYMBOL, { "status", "order_status", values = STATUSES }, DIRECTION, LIMIT, CURSOR, ID_PREFIX },
  result = { list = "order", key = "data", cursor = "cursor" },
})

declare("get_conditional_orders", {
  verb = "GET", path = "/v2/private/stop-order/list", composite = true, over = { "conditional_list" }, source = LIST,
  doc = "A page of the symbol's conditional orders, past and present, newest first.",
  params = { SYMBOL, { "status", "stop_order_status", values = STOP_STATUSES }, DIRECTION, LIMIT, CURSOR, ID_PREFIX },
  result = { list = "conditional_order", key = "data", cursor = "cursor" },
})

local NOW = "v2 documentation, query active order and query conditional order, real-time"

declare("get_open_order_real_time", {
  verb = "GET", path = "/v2/private/order", group = "query", source = NOW,
  doc = "One active order by its id, also one that is done.",
  params = { SYMBOL, ORDER_ID, LINK }, rules = { { "one_of", "order_id", "client_order_id" } },
  result = { first = "order" },
})

declare("get_open_conditional_order_real_time", {
  verb = "GET", path = "/v2/private/stop-order", group = "query", source = NOW,
  doc = "One conditional order by its id. Once triggered it is an active order, with the same id.",
  params = { SYMBOL, STOP_ORDER_ID, LINK }, rules = { { "one_of", "stop_order_id", "client_order_id" } },
  result = { first = "conditional_order" },
})

declare("get_open_orders_real_time", {
  verb = "GET", path = "/v2/private/order", composite = true, over = { "orders_now" }, source = NOW,
  doc = "All open orders of the symbol, up to 500, in one snapshot.",
  params = { SYMBOL, ID_PREFIX }, result = { list = "order" },
})

declare("get_open_conditional_orders_real_time", {
  verb = "GET", path = "/v2/private/stop-order", composite = true, over = { "conditionals_now" }, source = NOW,
  doc = "All untriggered conditional orders of the symbol, those that protect a position among them.",
  params = { SYMBOL, ID_PREFIX }, result = { list = "conditional_order" },
})

---------------------------------------------------------------------------------------------------------------
-- Executions, position.

local START = { "start_time", "start_time" }
local PAGE = { "page", "page" }
local PAGE_SIZE = { "page_size", "limit", max = 200 }

declare("get_user_trades", {
  verb = "GET", path = "/v2/private/execution/list", composite = true, over = { "execution_list" },
  source = "v2 documentation, user trade records",
  doc = "A page of executions, oldest first: funding, liquidation and others besides trades.",
  params = { SYMBOL, ORDER_ID, START, PAGE, PAGE_SIZE, CURSOR, ID_PREFIX },
  result = { list = "trade", key = "trade_list" },
})

declare("set_trading_stop", {
  verb = "POST", path = "/v2/private/position/trading-stop", group = "stop", settle = "stop", heard = true,
  source = "v2 documentation, set trading stop",
  doc = "Sets, changes or removes take profit, stop loss and trailing stop of the open position: left out leaves as it "
    .. "is, 0 removes. In Partial mode, a setting of the account, it only adds: never repeat such a call blindly.",
  params = { SYMBOL, TAKE_PROFIT, STOP_LOSS, { "trailing_stop_price", "trailing_stop" }, TAKE_PROFIT_BY, STOP_LOSS_BY,
    { "trailing_stop_trigger_price", "new_trailing_active" },
    { "take_profit_quantity", "tp_size", doc = "Partial mode only: for how much." },
    { "stop_loss_quantity", "sl_size", doc = "Partial mode only: for how much." }, ONE_WAY },
  rules = { { "any_of", "take_profit_price", "stop_loss_price", "trailing_stop_price", "take_profit_trigger_type",
    "stop_loss_trigger_type", "trailing_stop_trigger_price" } },
  result = { record = "position" },
})

---------------------------------------------------------------------------------------------------------------
-- Rows without a method of their own: what the composite ones, read-backs and recovery ask.

declare("order_list", {
  verb = "GET", path = "/v2/private/order/list", group = "query", internal = true, source = LIST, like = "get_orders",
  doc = "A page of active orders, past and present.",
  params = { SYMBOL, { "status", "order_status", values = STATUSES }, DIRECTION, LIMIT, CURSOR },
  result = { list = "order", key = "data", cursor = "cursor" },
})

declare("conditional_list", {
  verb = "GET", path = "/v2/private/stop-order/list", group = "query", internal = true, source = LIST,
  like = "get_conditional_orders", doc = "A page of conditional orders, past and present.",
  params = { SYMBOL, { "status", "stop_order_status", values = STOP_STATUSES }, DIRECTION, LIMIT, CURSOR },
  result = { list = "conditional_order", key = "data", cursor = "cursor" },
})

declare("execution_list", {
  verb = "GET", path = "/v2/private/execution/list", group = "list", internal = true,
  source = "v2 documentation, user trade records", like = "get_user_trades", doc = "A numbered page of executions.",
  params = { SYMBOL, ORDER_ID, START, PAGE, PAGE_SIZE }, result = { list = "trade", key = "trade_list" },
})

declare("position_list", {
  verb = "GET", path = "/v2/private/position/list", group = "list", internal = true,
  source = "v2 documentation, my position", like = "cancel_all_orders",
  doc = "The position of a symbol, also an empty one.", params = { SYMBOL }, result = { first = "position" },
})

-- One snapshot of what is open.
declare("orders_now", {
  verb = "GET", path = "/v2/private/order", group = "query", internal = true, source = NOW, like = "cancel_all_orders",
  doc = "All open orders of the symbol.", params = { SYMBOL }, result = { list = "order" },
})

declare("conditionals_now", {
  verb = "GET", path = "/v2/private/stop-order", group = "query", internal = true, source = NOW,
  like = "cancel_all_orders", doc = "All untriggered conditional orders of the symbol.", params = { SYMBOL },
  result = { list = "conditional_order" },
})

declare("cancel_all", {
  verb = "POST", path = "/v2/private/order/cancelAll", group = "order", weight = 10, cancels = true, settle = "all",
  internal = true, source = "v2 documentation, cancel all active orders", like = "cancel_all_orders",
  doc = "Cancels all active orders.", params = { SYMBOL }, result = { list = "cancelled_order" },
})

declare("cancel_all_conditional", {
  verb = "POST", path = "/v2/private/stop-order/cancelAll", group = "order", weight = 10, cancels = true, settle = "all",
  internal = true, source = "v2 documentation, cancel all conditional orders", like = "cancel_all_orders",
  doc = "Cancels all orders that wait for a trigger.", params = { SYMBOL }, result = { list = "cancelled_order" },
})

-- The single orders of methods above, for lookups and for cancelling one of many.
for name, row in pairs {
  order_now = { like = "get_open_order_real_time" },
  conditional_now = { like = "get_open_conditional_order_real_time" },
  cancel_one = { like = "cancel_order", result = { record = "cancelled_order" } },
  cancel_one_conditional = { like = "cancel_conditional_order", result = { record = "cancelled_order" } },
} do
  for k, v in pairs(endpoints[row.like]) do row[k] = row[k] or v end
  row.internal, row.like = true, nil
  endpoints[name] = row
end

return endpoints
