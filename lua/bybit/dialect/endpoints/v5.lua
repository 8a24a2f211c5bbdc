-- The methods on the V5 wire, as data: a row each. Adding an endpoint means adding a row, and nothing else; schema.c
-- compiles it when it is first used.
--
-- Of a row: verb, path; group and limit (requests per second of the rate group, V5 documentation, rate limits);
-- changes (it changes something, so its failures have an outcome); settle (how one of unknown outcome is settled, see
-- settle.lua); heard (recovery notes its successes too, see stops.lua); cancels (it adds no risk); fixed (what always
-- goes out: a value, or an option of the client); params; rules; result; composite (several requests over the internal
-- rows, made by dialect/v5.lua); internal (no method of its own); needed (of a result: without its list an answer is none);
-- source (where the exchange documents it).
--
-- Of a parameter: our name, the wire's (false: not sent as it is), type; required, default, default_by (by the value
-- of another parameter), required_when, above, min, max, enum, wire (what goes out for our words), also (a second
-- name), generate (a client order id is made when none is given), v2 (its name on the v2 wire, for hints), unit, doc,
-- example (a value for help, where one of its type would not do).

-- Parameters that several methods share.
local shared = {
  symbol = { "symbol", "symbol", "symbol", required = true, doc = "The contract, such as BTCUSD." },
  side = { "side", "side", "enum", enum = "side", required = true, doc = "Buy or Sell." },
  type = { "type", "orderType", "enum", enum = "order_type", required = true, v2 = "order_type",
    doc = "Limit, or Market: what it trades at once inside a protective price." },
  quantity = { "quantity", "qty", "decimal", required = true, above = "0", v2 = "qty", unit = "contracts of 1 USD",
    doc = "How much: a multiple of the contract's step." },
  price = { "price", "price", "decimal", above = "0", required_when = { "type", "Limit", unless = "bbo_side_type" },
    unit = "USD", doc = "Of a Limit order; a multiple of the contract's tick. Market orders ignore it." },
  time_in_force = { "time_in_force", "timeInForce", "enum", enum = "time_in_force",
    default_by = { "type", Limit = "GTC", Market = "IOC" },
    doc = "Left out: GTC for Limit, IOC for Market, which is all that Market can be." },
  position_mode = { "position_mode", "positionIdx", "integer", default = 0, min = 0, max = 2, v2 = "position_idx",
    doc = "Which leg: 0 one-way (the one that works for inverse contracts), 1 Buy, 2 Sell." },
  client_order_id = { "client_order_id", "orderLinkId", "client_order_id", v2 = "order_link_id",
    doc = "Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account." },
  order_id = { "order_id", "orderId", "id", doc = "The exchange's id." },
  stop_order_id = { "stop_order_id", "orderId", "id", also = "order_id", doc = "The exchange's id." },
  reduce_only = { "reduce_only", "reduceOnly", "boolean", doc = "May only shrink the position." },
  close_on_trigger = { "close_on_trigger", "closeOnTrigger", "boolean",
    doc = "May only reduce the position; where balance is short, other orders make room for it." },
  take_profit_price = { "take_profit_price", "takeProfit", "decimal", min = "0", v2 = "take_profit", unit = "USD",
    doc = "Take profit of the position that the order opens." },
  stop_loss_price = { "stop_loss_price", "stopLoss", "decimal", min = "0", v2 = "stop_loss", unit = "USD",
    doc = "Stop loss of the position that the order opens." },
  take_profit_trigger_type = { "take_profit_trigger_type", "tpTriggerBy", "enum", enum = "trigger_type",
    v2 = "tp_trigger_by", doc = "Which price the take profit looks at; the exchange's default is LastPrice." },
  stop_loss_trigger_type = { "stop_loss_trigger_type", "slTriggerBy", "enum", enum = "trigger_type",
    v2 = "sl_trigger_by", doc = "Which price the stop loss looks at; the exchange's default is LastPrice." },
  tpsl_mode = { "tpsl_mode", "tpslMode", "enum", enum = "tpsl_mode",
    doc = "Full: for the whole position; Partial: for a part, as Limit orders want it." },
  tp_order_type = { "tp_order_type", "tpOrderType", "enum", enum = "order_type",
    doc = "What the take profit becomes: Market (the default), or Limit in Partial mode." },
  sl_order_type = { "sl_order_type", "slOrderType", "enum", enum = "order_type",
    doc = "What the stop loss becomes: Market (the default), or Limit in Partial mode." },
  tp_limit_price = { "tp_limit_price", "tpLimitPrice", "decimal", above = "0", unit = "USD",
    doc = "Price of a take profit that is a Limit order." },
  sl_limit_price = { "sl_limit_price", "slLimitPrice", "decimal", above = "0", unit = "USD",
    doc = "Price of a stop loss that is a Limit order." },
  smp_type = { "smp_type", "smpType", "enum", enum = "smp_type",
    doc = "Which order gives way when two of the same group would trade with each other." },
  slippage_tolerance_type = { "slippage_tolerance_type", "slippageToleranceType", "enum",
    enum = "slippage_tolerance_type", doc = "Of a Market order: in ticks or in percent." },
  slippage_tolerance = { "slippage_tolerance", "slippageTolerance", "decimal", above = "0",
    unit = "ticks (1 to 10000) or percent (0.01 to 10)", doc = "How far from the best price a Market order may go." },
  bbo_side_type = { "bbo_side_type", "bboSideType", "enum", enum = "bbo_side_type",
    doc = "Of a Limit order: takes its price from its own side of the book (Queue) or the other (Counterparty)." },
  bbo_level = { "bbo_level", "bboLevel", "enum", enum = "bbo_level", doc = "The level of the book for that: 1 to 5." },
  rpi_taker_access = { "rpi_taker_access", "rpiTakerAccess", "boolean", doc = "May match RPI quotes." },
  trigger_type = { "trigger_type", "triggerBy", "enum", enum = "trigger_type", v2 = "trigger_by",
    doc = "Which price triggers; the exchange's default is LastPrice." },
  limit = { "limit", "limit", "integer", min = 1, max = 50, unit = "records", doc = "Page size; 20 when left out." },
  cursor = { "cursor", "cursor", "cursor", doc = "`next_cursor` of the page before, as it is." },
  start_time = { "start_time", "startTime", "time", unit = "ms, or ISO text", doc = "From this moment on." },
  end_time = { "end_time", "endTime", "time", unit = "ms, or ISO text", doc = "Up to this moment." },
  order_filter = { "order_filter", "orderFilter", "enum", enum = "order_filter",
    doc = "Order: active ones; StopOrder: conditional, take profit, stop loss and trailing." },
}

-- Rows of shared parameters by name; a table stands for itself, { like = name, ... } for one with changes.
local function params(list)
  local rows = {}
  for i, entry in ipairs(list) do
    if type(entry) == "string" then
      rows[i] = assert(shared[entry], entry)
    elseif entry.like then
      local row = {}
      for k, v in pairs(shared[entry.like]) do row[k] = v end
      for k, v in pairs(entry) do row[k] = v end
      row.like = nil
      rows[i] = row
    else
      rows[i] = entry
    end
  end
  return rows
end

local CATEGORY = { "category", option = "category" }
local ID = { like = "client_order_id", generate = true }

local endpoints = {}

---------------------------------------------------------------------------------------------------------------
-- Placing.

endpoints.place_order = {
  verb = "POST", path = "/v5/order/create", group = "order/create", limit = 10, changes = true, settle = "place",
  source = "V5 documentation, order/create",
  doc = "Places an active order. The exchange acknowledges it; what becomes of it is read back.",
  fixed = { CATEGORY },
  params = params {
    "symbol", "side", "type", "quantity", "price", "time_in_force", "position_mode", ID, "reduce_only",
    "close_on_trigger", "take_profit_price", "stop_loss_price", "take_profit_trigger_type", "stop_loss_trigger_type",
    "tpsl_mode", "tp_order_type", "sl_order_type", "tp_limit_price", "sl_limit_price", "smp_type",
    "slippage_tolerance_type", "slippage_tolerance", "bbo_side_type", "bbo_level", "rpi_taker_access",
  },
  rules = { { "together", "slippage_tolerance_type", "slippage_tolerance" },
    { "together", "bbo_side_type", "bbo_level" } },
  result = { record = "order_id" },
}

endpoints.place_conditional_order = {
  verb = "POST", path = "/v5/order/create", group = "order/create", limit = 10, changes = true, settle = "place",
  source = "V5 documentation, order/create",
  doc = "Parks an order until a price is reached; it then becomes an active order with the same id.",
  fixed = { CATEGORY },
  params = params {
    "symbol", "side", "type", "quantity", "price",
    { "trigger_price", "triggerPrice", "decimal", required = true, above = "0", v2 = "stop_px", unit = "USD",
      doc = "The price that has to be reached." },
    { "base_price", false, "decimal", above = "0", unit = "USD",
      doc = "Where the price comes from, normally the current price: below the trigger price it has to rise, above it "
        .. "to fall. Not sent on this wire; a stale one gives the wrong direction." },
    { "trigger_direction", "triggerDirection", "enum", enum = "trigger_direction", wire = { Rising = 1, Falling = 2 },
      doc = "In place of base_price: from which side the price comes." },
    "trigger_type", "time_in_force", "position_mode", ID, "reduce_only", "close_on_trigger", "take_profit_price",
    "stop_loss_price", "take_profit_trigger_type", "stop_loss_trigger_type", "tpsl_mode", "tp_order_type",
    "sl_order_type", "tp_limit_price", "sl_limit_price", "smp_type", "bbo_side_type", "bbo_level", "rpi_taker_access",
  },
  rules = { { "direction", "trigger_price", "base_price", "trigger_direction" },
    { "together", "bbo_side_type", "bbo_level" } },
  result = { record = "order_id" },
}

---------------------------------------------------------------------------------------------------------------
-- Changing.

local NEW_PRICE = { "new_price", "price", "decimal", above = "0", v2 = "p_r_price", unit = "USD",
  doc = "Left out: as it was." }
local NEW_QUANTITY = { "new_quantity", "qty", "decimal", above = "0", v2 = "p_r_qty", unit = "contracts of 1 USD",
  doc = "The new total, more than what is filled. Left out: as it was." }
local CHANGED_TAKE_PROFIT = { like = "take_profit_price", doc = "0 removes it; left out: as it was." }
local CHANGED_STOP_LOSS = { like = "stop_loss_price", doc = "0 removes it; left out: as it was." }

endpoints.modify_order = {
  verb = "POST", path = "/v5/order/amend", group = "order/amend", limit = 10, changes = true, settle = "amend",
  source = "V5 documentation, order/amend", doc = "Changes an order that is not done.",
  fixed = { CATEGORY },
  params = params {
    "symbol", "order_id", "client_order_id", NEW_PRICE, NEW_QUANTITY, CHANGED_TAKE_PROFIT, CHANGED_STOP_LOSS,
    "take_profit_trigger_type", "stop_loss_trigger_type", "tpsl_mode", "tp_limit_price", "sl_limit_price",
  },
  rules = { { "one_of", "order_id", "client_order_id" },
    { "any_of", "new_price", "new_quantity", "take_profit_price", "stop_loss_price", "take_profit_trigger_type",
      "stop_loss_trigger_type", "tp_limit_price", "sl_limit_price" } },
  result = { record = "order_id" },
}

endpoints.modify_conditional_order = {
  verb = "POST", path = "/v5/order/amend", group = "order/amend", limit = 10, changes = true, settle = "amend",
  source = "V5 documentation, order/amend", doc = "Changes a conditional order that was not triggered yet.",
  fixed = { CATEGORY },
  params = params {
    "symbol", "stop_order_id", "client_order_id", NEW_PRICE, NEW_QUANTITY,
    { "new_trigger_price", "triggerPrice", "decimal", above = "0", v2 = "p_r_trigger_price", unit = "USD",
      doc = "Moves the price of a take profit or stop loss order too." },
    "trigger_type", CHANGED_TAKE_PROFIT, CHANGED_STOP_LOSS, "take_profit_trigger_type", "stop_loss_trigger_type",
    "tpsl_mode", "tp_limit_price", "sl_limit_price",
  },
  rules = { { "one_of", "stop_order_id", "client_order_id" },
    { "any_of", "new_price", "new_quantity", "new_trigger_price", "trigger_type", "take_profit_price",
      "stop_loss_price", "take_profit_trigger_type", "stop_loss_trigger_type", "tp_limit_price", "sl_limit_price" } },
  result = { record = "order_id" },
}

---------------------------------------------------------------------------------------------------------------
-- Cancelling.

endpoints.cancel_order = {
  verb = "POST", path = "/v5/order/cancel", group = "order/cancel", limit = 10, changes = true, cancels = true, settle = "cancel",
  source = "V5 documentation, order/cancel",
  doc = "Cancels an order. Acknowledged is not cancelled: a fill may come first. On this wire it cancels a conditional "
    .. "order as well.",
  fixed = { CATEGORY },
  params = params { "symbol", "order_id", "client_order_id" },
  rules = { { "one_of", "order_id", "client_order_id" } },
  result = { record = "order_id" },
}

endpoints.cancel_conditional_order = {
  verb = "POST", path = "/v5/order/cancel", group = "order/cancel", limit = 10, changes = true, cancels = true, settle = "cancel",
  source = "V5 documentation, order/cancel",
  doc = "Cancels a conditional order, or a take profit, stop loss or trailing order of a position.",
  fixed = { CATEGORY },
  params = params { "symbol", "stop_order_id", "client_order_id" },
  rules = { { "one_of", "stop_order_id", "client_order_id" } },
  result = { record = "order_id" },
}

local ID_PREFIX = { "id_prefix", false, "client_order_id",
  doc = "Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix." }

endpoints.cancel_all_orders = {
  verb = "POST", path = "/v5/order/cancel-all", composite = true, over = { "cancel_all", "order_realtime", "cancel_one" },
  source = "V5 documentation, order/cancel-all",
  doc = "Cancels every active order of the symbol, at most 500 a call: repeat it until the list is empty. With id_prefix "
    .. "they are listed and cancelled one by one.",
  params = params { "symbol", ID_PREFIX },
  result = { list = "cancelled_order", key = "list" },
}

endpoints.cancel_all_conditional_orders = {
  verb = "POST", path = "/v5/order/cancel-all", composite = true,
  over = { "cancel_all_conditional", "conditional_realtime", "cancel_one" },
  source = "V5 documentation, order/cancel-all",
  doc = "Cancels every conditional order of the symbol, the take profits, stop losses and trailing stops that protect "
    .. "a position among them; stop_order_type = \"Stop\" spares those. With id_prefix they are listed and cancelled one "
    .. "by one.",
  params = params { "symbol",
    { "stop_order_type", "stopOrderType", "enum", enum = "stop_order_filter",
      doc = "Stop: conditional orders only." }, ID_PREFIX },
  result = { list = "cancelled_order", key = "list" },
}

---------------------------------------------------------------------------------------------------------------
-- Reading orders.

local function order_list(id, doc, status)
  return {
    verb = "GET", path = "/v5/order/realtime", composite = true, over = { "order_realtime", "order_history" },
    source = "V5 documentation, order/realtime and order/history", doc = doc,
    params = params { "symbol",
      { like = id, doc = "Only this order, open or closed." },
      { like = "client_order_id", doc = "Only the order with this id of your own." },
      { "status", "orderStatus", "enum", enum = "order_status", v2 = status.v2, doc = status.doc },
      { "direction", false, "enum", enum = "search_direction", doc = "next; prev exists on the v2 wire only." },
      "limit", "cursor", "start_time", "end_time", ID_PREFIX,
    },
    rules = { { "excludes", id, "client_order_id" } },
    result = { free = true },
  }
end

endpoints.get_orders = order_list("order_id",
  "A page of the symbol's orders, open ones first, then closed ones, newest first. History lags a little, and orders "
    .. "cancelled without a fill leave it after a day.",
  { v2 = "order_status",
    doc = "Only orders of this status. With one of open orders a page may be short of its limit." })
endpoints.get_orders.result = { list = "order", key = "list", cursor = "nextPageCursor" }

endpoints.get_conditional_orders = order_list("stop_order_id",
  "A page of the symbol's conditional orders, untriggered ones first, then those of the past, newest first.",
  { v2 = "stop_order_status", doc = "Only orders of this status." })
endpoints.get_conditional_orders.result = { list = "conditional_order", key = "list", cursor = "nextPageCursor" }

endpoints.get_open_order_real_time = {
  verb = "GET", path = "/v5/order/realtime", group = "order/realtime", limit = 50,
  source = "V5 documentation, order/realtime",
  doc = "One order by its id, also one that has just closed; an older one is not_found here: get_orders by id looks in "
    .. "history too.",
  fixed = { CATEGORY },
  params = params { "symbol", "order_id", "client_order_id" },
  rules = { { "one_of", "order_id", "client_order_id" } },
  result = { first = "order", key = "list" },
}

endpoints.get_open_conditional_order_real_time = {
  verb = "GET", path = "/v5/order/realtime", group = "order/realtime", limit = 50,
  source = "V5 documentation, order/realtime",
  doc = "One conditional order by its id, also one that was just triggered or cancelled.",
  fixed = { CATEGORY },
  params = params { "symbol", "stop_order_id", "client_order_id" },
  rules = { { "one_of", "stop_order_id", "client_order_id" } },
  result = { first = "conditional_order", key = "list" },
}

endpoints.get_open_orders_real_time = {
  verb = "GET", path = "/v5/order/realtime", composite = true, over = { "order_realtime" },
  source = "V5 documentation, order/realtime",
  doc = "All open orders of the symbol, up to 500: up to ten requests, not one snapshot.",
  params = params { "symbol", ID_PREFIX },
  result = { list = "order", key = "list" },
}

endpoints.get_open_conditional_orders_real_time = {
  verb = "GET", path = "/v5/order/realtime", composite = true, over = { "order_realtime" },
  source = "V5 documentation, order/realtime",
  doc = "All untriggered conditional orders of the symbol, those that protect a position among them.",
  params = params { "symbol", ID_PREFIX },
  result = { list = "conditional_order", key = "list" },
}

---------------------------------------------------------------------------------------------------------------
-- Executions, position.

endpoints.get_user_trades = {
  verb = "GET", path = "/v5/execution/list", composite = true, over = { "execution_list" },
  source = "V5 documentation, execution/list",
  doc = "A page of executions, newest first: funding, liquidation and others besides trades. Page n costs n requests; "
    .. "cursors and client:each cost none more.",
  params = params { "symbol",
    { like = "order_id", doc = "Only executions of this order; the exchange then looks at nothing else that is given." },
    { like = "client_order_id", doc = "The same by your own id of the order." },
    { "trade_type", "execType", "enum", enum = "trade_type", v2 = "exec_type", doc = "Only executions of this kind." },
    "start_time", "end_time",
    { "page", false, "integer", min = 1, max = 50, doc = "Counted from 1." },
    { "page_size", "limit", "integer", min = 1, max = 100, unit = "records", doc = "50 when left out." },
    "cursor", ID_PREFIX,
  },
  rules = { { "excludes", "order_id", "client_order_id" } },
  result = { list = "trade", key = "list", cursor = "nextPageCursor" },
}

endpoints.set_trading_stop = {
  verb = "POST", path = "/v5/position/trading-stop", group = "position/trading-stop", limit = 10, changes = true,
  settle = "stop", heard = true,
  source = "V5 documentation, position/trading-stop",
  doc = "Sets, changes or removes take profit, stop loss and trailing stop of the open position: left out leaves as it "
    .. "is, 0 removes. In Partial mode it only adds: never repeat such a call blindly.",
  fixed = { CATEGORY },
  params = params {
    "symbol",
    { like = "take_profit_price", doc = "0 removes it; left out: as it was." },
    { like = "stop_loss_price", doc = "0 removes it; left out: as it was." },
    { "trailing_stop_price", "trailingStop", "decimal", min = "0", also = "trailing_stop_distance",
      v2 = "trailing_stop", unit = "USD", doc = "A distance, in spite of its name; 0 removes it." },
    "take_profit_trigger_type", "stop_loss_trigger_type",
    { "trailing_stop_trigger_price", "activePrice", "decimal", above = "0", v2 = "new_trailing_active", unit = "USD",
      doc = "The trailing stop starts when this price is reached; left out: at once." },
    { "tpsl_mode", "tpslMode", "enum", enum = "tpsl_mode",
      doc = "Left out: Partial when a quantity is given, else Full." },
    { "take_profit_quantity", "tpSize", "decimal", above = "0", v2 = "tp_size", unit = "contracts of 1 USD",
      doc = "Partial mode: for how much; equal to stop_loss_quantity where both are given." },
    { "stop_loss_quantity", "slSize", "decimal", above = "0", v2 = "sl_size", unit = "contracts of 1 USD",
      doc = "Partial mode: for how much." },
    "tp_order_type", "sl_order_type", "tp_limit_price", "sl_limit_price", "position_mode",
  },
  rules = {
    { "any_of", "take_profit_price", "stop_loss_price", "trailing_stop_price", "take_profit_trigger_type",
      "stop_loss_trigger_type", "trailing_stop_trigger_price" },
    { "equal", "take_profit_quantity", "stop_loss_quantity" },
    { "mode_by", "tpsl_mode", "take_profit_quantity", "stop_loss_quantity" },
  },
  result = { empty = true },
}

---------------------------------------------------------------------------------------------------------------
-- Rows without a method of their own: what the composite ones, read-backs and recovery ask.

-- Without its filter this would cancel everything, protective stops included.
endpoints.cancel_all = {
  verb = "POST", path = "/v5/order/cancel-all", group = "order/cancel-all", limit = 10, changes = true, cancels = true,
  settle = "all", internal = true, source = "V5 documentation, order/cancel-all", doc = "Cancels all active orders.",
  fixed = { CATEGORY, { "orderFilter", value = "Order" } },
  params = params { "symbol" },
  result = { list = "cancelled_order", key = "list" },
}

endpoints.cancel_all_conditional = {
  verb = "POST", path = "/v5/order/cancel-all", group = "order/cancel-all", limit = 10, changes = true, cancels = true,
  settle = "all", internal = true, source = "V5 documentation, order/cancel-all",
  doc = "Cancels all orders that wait for a trigger.",
  fixed = { CATEGORY, { "orderFilter", value = "StopOrder" } },
  params = params { "symbol", { "stop_order_type", "stopOrderType", "enum", enum = "stop_order_filter",
    doc = "Stop: conditional orders only." } },
  result = { list = "cancelled_order", key = "list" },
}

endpoints.cancel_one = {
  verb = "POST", path = "/v5/order/cancel", group = "order/cancel", limit = 10, changes = true, cancels = true,
  settle = "cancel", internal = true, source = "V5 documentation, order/cancel", doc = "Cancels one of many.",
  fixed = { CATEGORY },
  params = params { "symbol", "order_id" },
  result = { record = "cancelled_order" },
}

endpoints.order_realtime = {
  verb = "GET", path = "/v5/order/realtime", group = "order/realtime", limit = 50, internal = true,
  source = "V5 documentation, order/realtime", doc = "A page of open orders, or of recently closed ones.",
  fixed = { CATEGORY },
  params = params { "symbol", "order_id", "client_order_id",
    { "open_only", "openOnly", "integer", min = 0, max = 1, doc = "0 open ones, 1 the last 500 closed." },
    "order_filter", "limit", "cursor" },
  result = { list = "order", key = "list", cursor = "nextPageCursor" },
}

endpoints.order_history = {
  verb = "GET", path = "/v5/order/history", group = "order/history", limit = 50, internal = true,
  source = "V5 documentation, order/history", doc = "A page of closed orders of at most seven days.",
  fixed = { CATEGORY },
  params = params { "symbol", "order_id", "client_order_id", "order_filter",
    { "status", "orderStatus", "enum", enum = "order_status", doc = "A final status." },
    "start_time", "end_time", "limit", "cursor" },
  result = { list = "order", key = "list", cursor = "nextPageCursor" },
}

endpoints.execution_list = {
  verb = "GET", path = "/v5/execution/list", group = "execution/list", limit = 50, internal = true,
  source = "V5 documentation, execution/list", doc = "A page of executions of at most seven days.",
  fixed = { CATEGORY },
  params = params { "symbol", "order_id", "client_order_id",
    { "trade_type", "execType", "enum", enum = "trade_type", doc = "Only executions of this kind." },
    "start_time", "end_time", { like = "limit", max = 100, doc = "Page size; 50 when left out." }, "cursor" },
  result = { list = "trade", key = "list", cursor = "nextPageCursor" },
}

endpoints.position_list = {
  verb = "GET", path = "/v5/position/list", group = "position/list", limit = 50, internal = true,
  source = "V5 documentation, position/list", doc = "The position of a symbol, also an empty one.",
  fixed = { CATEGORY },
  params = params { "symbol" },
  result = { first = "position", key = "list" },
}

-- Conditional orders have a record of their own over the same endpoints.
for _, pair in ipairs { { "conditional_realtime", "order_realtime" }, { "conditional_history", "order_history" } } do
  local copy = {}
  for k, v in pairs(endpoints[pair[2]]) do copy[k] = v end
  copy.result = { list = "conditional_order", key = "list", cursor = "nextPageCursor" }
  endpoints[pair[1]] = copy
end

-- Queries always answer with their list, an empty one when there is nothing: an answer without it proves no absence.
for _, row in pairs(endpoints) do
  if row.verb == "GET" and not row.composite then row.result.needed = true end
end

return endpoints
