-- Finds what queries ask for: open orders, closed orders that are still kept, executions, closed profit and loss. The newest
-- come first (V5 documentation, order/realtime, order/history, execution/list, position/closed-pnl).

local Rows = require "bybit.paper.engine.rows"
local checks = require "bybit.paper.engine.checks"

local history = {}

local CLOSED_MAX = 500 -- closed orders that order/realtime still knows
local DAY = 86400000
local SHORT, LONG, FILLS = DAY, 7 * DAY, 730 * DAY

-- An order that waits for a trigger is a stop order; once triggered it is an order like the others. A closed order that was
-- triggered counts as both.
local function none() return false end -- of kinds that spot alone has

local FILTERS = {
  OcoOrder = none, BidirectionalTpslOrder = none,
  StopOrder = function(order) return order.stop_order_type ~= nil and not order.active end,
  Order = function(order) return order.stop_order_type == nil or order.triggered ~= nil end,
  OpenOrder = function(order) return order.stop_order_type == nil or order.triggered ~= nil end,
}

local function about(order, asked)
  if asked.symbol and order.symbol ~= asked.symbol then return false end
  local instrument = order.market.instrument
  return instrument.category == asked.category and (asked.baseCoin == nil or asked.baseCoin == instrument.base)
    and (asked.settleCoin == nil or asked.settleCoin == instrument.settle)
end

local function matches(order, asked)
  local filter = FILTERS[asked.orderFilter]
  return about(order, asked) and (not filter or filter(order))
end

-- The order that an id names, whatever else is asked for, when `f` agrees; orderId wins.
local function by_id(account, asked, f)
  local order
  if asked.orderId then order = account.orders[asked.orderId] else order = account.links[asked.orderLinkId] end
  return { order and order.market.instrument.category == asked.category and f(order) and order or nil }
end

-- An acknowledged change shows in queries only after the lag.
local function seen(engine, moment)
  return moment <= engine.now() - engine.lag
end

-- Has order/realtime forgotten this order? It keeps the last closed ones, and loses all of them in a restart.
local function forgotten(engine, order)
  if not order.ended then return false end
  local account, after = order.account, engine.forget_after
  local oldest = account.closed[#account.closed - CLOSED_MAX + 1]
  return order.ended <= account.forgotten or oldest ~= nil and order.ended < oldest.ended
    or after ~= nil and engine.now() - order.updated >= after
end

-- The rows of a page, and one more, newest first, from a list whose newest row stands last; it may have gaps, as those of
-- Rows. Only rows that `wanted` accepts count. The search ends at the first row for which `past` is true.
local function newest(list, place, wanted, past)
  local rows = {}
  local last = place.after and Rows.place_of(list, place.after, "row") - 1 or #list
  for i = last, 1, -1 do
    local row = list[i]
    if type(row) ~= "number" then
      if #rows == place.room or past and past(row) then break end
      if wanted(row) then rows[#rows + 1] = row end
    end
  end
  return rows
end

local function newest_first(a, b) return a.row > b.row end

local function recently_closed(engine, account, asked)
  local rows = {}
  for i = #account.closed, math.max(1, #account.closed - CLOSED_MAX + 1), -1 do
    local order = account.closed[i]
    if matches(order, asked) and not forgotten(engine, order) then rows[#rows + 1] = order end
  end
  table.sort(rows, newest_first)
  return rows
end

local function open_ones(engine, account, asked, place)
  return newest(account.open.items, place, function(order) return matches(order, asked) and seen(engine, order.created) end)
end

local function check_filter(asked)
  return checks.word(asked, "orderFilter", "listFilter", false)
end

--- Open orders; with openOnly the last closed ones; with an id that order, whether open or closed.
function history.realtime(engine, account, asked, place)
  local filter, code, message = check_filter(asked)
  if filter == nil then return nil, code, message end
  if asked.orderId or asked.orderLinkId then
    return by_id(account, asked, function(order) return seen(engine, order.created) and not forgotten(engine, order) end)
  end
  local open_only = tostring(asked.openOnly or "0")
  if open_only == "0" then return open_ones(engine, account, asked, place) end
  if open_only ~= "1" and open_only ~= "2" then return nil, 10001, "params error: openOnly invalid" end
  return recently_closed(engine, account, asked)
end

-- Fills are kept for two years, other ends for a week, orders that ended without a fill for a day.
local function kept(order, now)
  local age = now - order.updated
  if not order.filled:is_zero() then return age <= FILLS end
  local short = order.status == "Cancelled" or order.status == "Rejected" or order.status == "Deactivated"
  return age <= (short and SHORT or LONG)
end

local FINAL = { Filled = true, Cancelled = true, Rejected = true, Deactivated = true, Triggered = true,
  PartiallyFilledCanceled = true }

--- Closed orders of a span of time, by their making.
function history.orders(engine, account, asked, place)
  local filter, code, message = check_filter(asked)
  if filter == nil then return nil, code, message end
  local now = engine.now()
  if asked.orderStatus and not FINAL[asked.orderStatus] then return nil, 181017, "OrderStatus must be final status" end
  local function past(order) return order.ended ~= nil and seen(engine, order.updated) and kept(order, now) end
  if asked.orderId or asked.orderLinkId then return by_id(account, asked, past) end
  local from, to
  from, to, message = checks.window(asked, now)
  if not from then return nil, to, message end
  return newest(account.list, place, function(order)
    return order.created <= to and matches(order, asked) and past(order)
      and (not asked.orderStatus or order.status == asked.orderStatus)
  end, function(order) return order.created < from end)
end

--- Executions of a span of time, or of one order; then no other filter counts.
function history.executions(engine, account, asked, place)
  local from, to, message = 0, math.maxinteger, nil
  local one = asked.orderId or asked.orderLinkId
  if not one then from, to, message = checks.window(asked, engine.now()) end
  if not from then return nil, to, message end
  local function wanted(e)
    if asked.orderId then return e.order.id == asked.orderId end
    if asked.orderLinkId then return e.order.link == asked.orderLinkId end
    return e.time <= to and about(e.order, asked) and (not asked.execType or e.kind == asked.execType)
  end
  return newest(account.executions, place, function(e) return wanted(e) and seen(engine, e.time) end,
    function(e) return e.time < from end)
end

--- Closed profit and loss of a span of time: a row for each closing order.
function history.profits(engine, account, asked, place)
  local from, to, message = checks.window(asked, engine.now())
  if not from then return nil, to, message end
  return newest(account.profits, place, function(profit)
    return profit.created <= to and about(profit.order, asked)
  end, function(profit) return profit.created < from end)
end

return history
