-- Endpoints that place, change, cancel and list orders, and executions (V5 documentation, trade).

local answer = require "bybit.paper.answer"
local checks = require "bybit.paper.checks"
local orders = require "bybit.paper.orders"
local view = require "bybit.paper.view"

local endpoints = {}

local function ids(order)
  return answer.object { { "orderId", order.id }, { "orderLinkId", order.link or "" } }
end

-- Refuses every category but the simulated one.
local function in_category(asked)
  local ours, code, message = checks.category(asked)
  if ours == nil then return nil, code, message end
  if not ours then return nil, 10001, "params error: category is not simulated" end
  return true
end

local function change(limit, act, shape)
  return {
    auth = true, permission = "trade", limit = limit,
    handle = function(engine, account, asked)
      local ok, code, message = in_category(asked)
      if not ok then return nil, code, message end
      local done
      done, code, message = act(engine, account, asked)
      if not done then return nil, code, message end
      return shape(done)
    end,
  }
end

endpoints["POST /v5/order/create"] = change(10, orders.create, ids)
endpoints["POST /v5/order/amend"] = change(10, orders.amend, ids)
endpoints["POST /v5/order/cancel"] = change(10, orders.cancel, ids)
endpoints["POST /v5/order/cancel-all"] = change(10, orders.cancel_all, function(list)
  local out = {}
  for i, order in ipairs(list) do out[i] = ids(order) end
  return answer.object { { "list", answer.list(out) }, { "success", "1" } }
end)

---------------------------------------------------------------------------------------------------------------
-- Batches: each item on its own, in order; the envelope is a success whatever becomes of them.

local BATCH_MAX = 20

local function item_fields(order, asked, created)
  return answer.object {
    { "category", "inverse" }, { "symbol", asked.symbol or "" }, { "orderId", order and order.id or "" },
    { "orderLinkId", order and order.link or asked.orderLinkId or "" },
    created and { "createAt", order and tostring(order.created) or "" } or nil,
  }
end

local function batch(act, created)
  return {
    auth = true, permission = "trade", limit = 10, batch = true,
    handle = function(engine, account, asked, context)
      local ok, code, message = in_category(asked)
      if not ok then return nil, code, message end
      local items = asked.request
      if type(items) ~= "table" or #items == 0 or #items > BATCH_MAX then
        return nil, 10001, "params error: request invalid"
      end
      local granted = context:take(#items)
      local results, codes = {}, {}
      for i, item in ipairs(items) do
        local order
        if i > granted then
          code, message = 10006, "Too many visits. Exceeded the API Rate Limit."
        elseif type(item) ~= "table" then
          code, message, item = 10001, "Request parameter error.", {}
        else
          order, code, message = act(engine, account, item)
        end
        results[i] = item_fields(order, type(item) == "table" and item or {}, created)
        codes[i] = answer.object { { "code", order and 0 or code }, { "msg", order and "OK" or message } }
      end
      return answer.object { { "list", answer.list(results) } }, answer.object { { "list", answer.list(codes) } }
    end,
  }
end

endpoints["POST /v5/order/create-batch"] = batch(orders.create, true)
endpoints["POST /v5/order/amend-batch"] = batch(orders.amend)
endpoints["POST /v5/order/cancel-batch"] = batch(orders.cancel)

---------------------------------------------------------------------------------------------------------------
-- Lists.

local CLOSED_MAX = 500 -- recent closed orders that order/realtime still knows
local DAY = 86400000

local function matches(order, asked)
  if asked.symbol and order.symbol ~= asked.symbol then return false end
  if asked.baseCoin and order.market.instrument.base ~= asked.baseCoin then return false end
  if asked.settleCoin and order.market.instrument.base ~= asked.settleCoin then return false end
  if asked.orderFilter == "StopOrder" then return order.stop_order_type ~= nil end
  if asked.orderFilter == "Order" then return order.stop_order_type == nil or order.active end
  return true
end

-- Which order an id names, whatever else is asked for; an empty list without one.
local function by_id(account, asked, f)
  local order
  if asked.orderId then order = account.orders[asked.orderId] else order = account.links[asked.orderLinkId] end
  return { order and f(order) and order or nil }
end

local function page(rows, asked, context, options, shape)
  local list, next_cursor, message = context:page(rows, asked, options)
  if not list then return nil, next_cursor, message end
  local out = {}
  for i, row in ipairs(list) do out[i] = shape(row) end
  return answer.object { { "list", answer.list(out) }, { "nextPageCursor", next_cursor }, { "category", "inverse" } }
end

local function row_of(order) return order.row end

-- Closed orders that order/realtime has forgotten: it keeps the last ones, and none over a restart.
local function forgotten(engine, order)
  if not order.ended then return false end
  local account, after = order.account, engine.forget_after
  local oldest = account.closed[#account.closed - CLOSED_MAX + 1]
  return order.ended <= account.forgotten or oldest ~= nil and order.ended < oldest.ended
    or after ~= nil and engine.now() - order.updated >= after
end

local function recently_closed(engine, account, asked)
  local rows = {}
  for i = #account.closed, math.max(1, #account.closed - CLOSED_MAX + 1), -1 do
    local order = account.closed[i]
    if matches(order, asked) and not forgotten(engine, order) then rows[#rows + 1] = order end
  end
  table.sort(rows, function(a, b) return a.row > b.row end)
  return rows
end

local function open_ones(engine, account, asked)
  local rows, seen_before = {}, engine.now() - engine.lag
  for i = #account.open, 1, -1 do
    local order = account.open[i]
    if matches(order, asked) and order.created <= seen_before then rows[#rows + 1] = order end
  end
  return rows
end

-- An acknowledged order shows a moment later.
local function visible(engine)
  return function(order) return order.created <= engine.now() - engine.lag and not forgotten(engine, order) end
end

-- Another category's list is empty.
local function list_of(max, default, f)
  return {
    auth = true, permission = "read", limit = 50,
    handle = function(engine, account, asked, context)
      local ours, code, message = checks.category(asked)
      if ours == nil then return nil, code, message end
      local word
      word, code, message = checks.word(asked, "orderFilter", nil, false)
      if word == nil then return nil, code, message end
      if asked.symbol and ours and not engine:market(asked.symbol) then return nil, 10001, "params error: symbol invalid" end
      if not ours then return page({}, asked, context, { default = default, max = max, key = row_of }, view.order) end
      return f(engine, account, asked, context, { default = default, max = max, key = row_of })
    end,
  }
end

endpoints["GET /v5/order/realtime"] = list_of(50, 20, function(engine, account, asked, context, options)
  local rows
  if asked.orderId or asked.orderLinkId then
    rows = by_id(account, asked, visible(engine))
  elseif tostring(asked.openOnly or "0") == "0" then
    rows = open_ones(engine, account, asked)
  else
    rows = recently_closed(engine, account, asked)
  end
  return page(rows, asked, context, options, view.order)
end)

-- What history keeps: fills for two years, other ends for a week, cancelled without a fill for a day.
local function kept(order, now)
  if not order.filled:is_zero() then return true end
  local short = order.status == "Cancelled" or order.status == "Rejected" or order.status == "Deactivated"
  return now - order.updated <= (short and DAY or 7 * DAY)
end

local FINAL = { Filled = true, Cancelled = true, Rejected = true, Deactivated = true, Triggered = true,
  PartiallyFilledCanceled = true }

endpoints["GET /v5/order/history"] = list_of(50, 20, function(engine, account, asked, context, options)
  local now = engine.now()
  if asked.orderStatus and not FINAL[asked.orderStatus] then
    return nil, 181017, "OrderStatus must be final status"
  end
  local from, to, message = checks.window(asked, now)
  if not from then return nil, to, message end
  local rows
  if asked.orderId or asked.orderLinkId then
    rows = by_id(account, asked, function(order) return order.ended ~= nil and kept(order, now) end)
  else
    rows = {}
    for _, order in ipairs(account.closed) do
      if matches(order, asked) and kept(order, now) and order.created >= from and order.created <= to
        and (not asked.orderStatus or order.status == asked.orderStatus) then
        rows[#rows + 1] = order
      end
    end
    table.sort(rows, function(a, b) return a.row > b.row end)
  end
  return page(rows, asked, context, options, view.order)
end)

endpoints["GET /v5/execution/list"] = list_of(100, 50, function(engine, account, asked, context, options)
  local from, to, message = checks.window(asked, engine.now())
  if not from then return nil, to, message end
  local rows = {}
  for i = #account.executions, 1, -1 do
    local e = account.executions[i]
    local o = e.order
    local hit
    if asked.orderId then
      hit = o.id == asked.orderId
    elseif asked.orderLinkId then
      hit = o.link == asked.orderLinkId
    else
      hit = matches(o, asked) and e.time >= from and e.time <= to and (not asked.execType or e.kind == asked.execType)
    end
    if hit then rows[#rows + 1] = e end
  end
  return page(rows, asked, context, options, view.execution)
end)

return endpoints
