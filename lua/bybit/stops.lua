-- Trading stops whose outcome is not known. In Partial mode each call adds, so it is never sent again: its orders are looked
-- for among all stop orders, and those of other calls that asked for the same are told apart from them: what calls have set
-- is noted for that. For the whole position, setting the same again changes nothing, and the position shows it; once that is
-- closed, the orders that ended with it do.

local core = require "bybit.core"
local lookup = require "bybit.lookup"

local decimal, loop = core.decimal, core.loop

local stops = {}

local KEPT = 60 -- seconds that what calls have set is noted for: longer than any of their copies can come late
local AHEAD = lookup.AHEAD

-- A price and its quantity in the parameters; the type that its order has in Partial mode and for the whole position.
local HALVES = {
  { "take_profit_price", "take_profit_quantity", "PartialTakeProfit", "TakeProfit" },
  { "stop_loss_price", "stop_loss_quantity", "PartialStopLoss", "StopLoss" },
}

--- Does a call of these parameters add, in place of setting?
function stops.adds(p)
  return p.tpsl_mode == "Partial" or p.take_profit_quantity ~= nil or p.stop_loss_quantity ~= nil
end

local function noted(client)
  return core.client.table(client).stops
end

local function same(a, b)
  return a == nil and b == nil or a ~= nil and b ~= nil and decimal(a):eq(decimal(b))
end

--- Notes that a call is done: its orders are not those of another call.
---@param run bybit.Run
function stops.note(run)
  local list, _, doubt = noted(run.client), core.client.clock(run.client)
  local now = core.client.now(run.client) + (doubt or 0)
  while list[1] and list[1].at < loop.now() - KEPT do table.remove(list, 1) end
  local from = run:since()
  local params = { symbol = run.params.symbol }
  for _, half in ipairs(HALVES) do
    params[half[1]], params[half[2]] = run.params[half[1]], run.params[half[2]]
  end
  list[#list + 1] = { at = loop.now(), from = from, to = now, claimed = run.claimed, adds = stops.adds(run.params),
    params = params }
end

--- What an earlier run has added, as its journal tells when it is opened: entries as note makes them.
---@param done bybit.Intent[] calls that were carried out
function stops.of_journal(done)
  local list = {}
  for _, intent in ipairs(done) do
    if intent.row == "set_trading_stop" and stops.adds(intent.params) then
      list[#list + 1] = { from = intent.first - AHEAD, to = intent.fence, adds = true, params = intent.params }
    end
  end
  return list
end

-- The other calls that have set this half of the same, each with the span of time in which its order was made.
local function others(run, half)
  local list = {}
  local function add(entries)
    for _, entry in ipairs(entries) do
      local p = entry.params
      if entry.adds and p.symbol == run.params.symbol and p[half[1]] ~= nil and same(p[half[1]], run.params[half[1]])
        and same(p[half[2]], run.params[half[2]]) then
        list[#list + 1] = entry
      end
    end
  end
  add(noted(run.client))
  if run.intent and run.intent.earlier then add(core.client.table(run.client).earlier_stops) end
  table.sort(list, function(a, b) return a.to < b.to end)
  return list
end

-- Takes what other calls have made out of the orders (oldest first), those that were seen and claimed before all else.
local function without(orders, list)
  local left, taken = {}, {}
  for _, other in ipairs(list) do
    for _, id in ipairs(other.claimed or {}) do taken[id] = true end
  end
  for _, other in ipairs(list) do
    for _, order in ipairs(not other.claimed and orders or {}) do
      if not taken[order.order_id] and order.create_time >= other.from and order.create_time <= other.to then
        taken[order.order_id] = true
        break
      end
    end
  end
  for _, order in ipairs(orders) do
    if not taken[order.order_id] then left[#left + 1] = order end
  end
  return left
end

-- All stop orders of the symbol, whatever became of them: open, closed and past ones. Nil and an error when one of the
-- lists could not be had; the exchange's time of the first one.
local function all_orders(run, since)
  local dialect, found, seen, time = run.class.dialect, {}, {}, nil
  local function take(list, _, response)
    if not list then return false end
    time = time or response and response.time
    for _, order in ipairs(list) do
      if not seen[order.order_id] then
        seen[order.order_id] = true
        found[#found + 1] = order
      end
    end
    return true
  end
  local call, client = run.call, run.client
  local function asked() return run:reading { symbol = run.params.symbol } end
  if not (take(dialect.open_orders(call, client, asked(), true))
    and take(dialect.closed_orders(call, client, asked(), true, 0))
    and take(dialect.past_stops(call, client, asked(), since))) then return nil end
  return found, time
end

-- Of the orders, those of a type at the price that is asked for, oldest first.
local function at_price(orders, kind, price, quantity)
  local list = {}
  for _, order in ipairs(orders) do
    if rawget(order, "stop_order_type") == kind and order.create_time and order.trigger_price
      and order.trigger_price:eq(price) and (quantity == nil or order.quantity and order.quantity:eq(quantity)) then
      list[#list + 1] = order
    end
  end
  table.sort(list, function(a, b)
    if a.create_time ~= b.create_time then return a.create_time < b.create_time end
    return a.order_id < b.order_id
  end)
  return list
end

-- The other calls whose outcome is open: those that are being settled, and those that were left. Gives the parameters of
-- each, and whether it adds.
local function open_calls(run)
  local t, list = core.client.table(run.client), {}
  for _, other in ipairs(t.settling) do
    if other ~= run then list[#list + 1] = { other.params, stops.adds(other.params) or other.partial } end
  end
  for _, intent in ipairs(t.intents) do
    if intent ~= run.intent and intent.row == "set_trading_stop" then
      list[#list + 1] = { intent.params, stops.adds(intent.params) }
    end
  end
  local i = 0
  return function()
    i = i + 1
    if list[i] then return list[i][1], list[i][2] end
  end
end

-- May the order that shows this half be that of another call whose outcome is open? One that is under way, or one that asks
-- for this half together with something else; of those that only settle and ask for the very same it does not matter whose
-- order is whose.
local function contended(run, half)
  local function contends(p)
    if p == run.params or p.symbol ~= run.params.symbol or not same(p[half[1]], run.params[half[1]])
      or not same(p[half[2]], run.params[half[2]]) then return false end
    for _, other in ipairs(HALVES) do
      if not same(p[other[1]], run.params[other[1]]) then return true end
    end
    return false
  end
  if core.client.open_heard(run.client) > 0 then return true end
  for p, adds in open_calls(run) do
    if adds and contends(p) then return true end
  end
  return false
end

--- Were the orders of this call, which adds, made? True; or false and the exchange's time; nil when it could not be seen,
--- or cannot be told as long as another call is open.
---@param run bybit.Run
function stops.added(run)
  local orders, time = all_orders(run, run.first - KEPT * 1000)
  if not orders then return nil end
  local claimed, clear = {}, false
  for _, half in ipairs(HALVES) do
    local price, quantity = run.params[half[1]], run.params[half[2]]
    if price ~= nil then
      local mine
      for _, order in ipairs(without(at_price(orders, half[3], decimal(price), quantity and decimal(quantity)),
        others(run, half))) do
        if order.create_time >= run:since() then mine = mine or order end
      end
      if not mine then return false, time end
      clear = clear or not contended(run, half)
      claimed[#claimed + 1] = mine.order_id
    end
  end
  if #claimed == 0 then return false, time end
  if not clear then return nil end
  run.claimed = claimed
  return true
end

--- Holds that the call is open while `f` finds out what became of it.
---@param run bybit.Run
function stops.while_open(run, f, ...)
  local list = core.client.table(run.client).settling
  list[#list + 1] = run
  local out = table.pack(pcall(f, run, ...))
  for i, other in ipairs(list) do
    if other == run then table.remove(list, i) end
  end
  if not out[1] then error(out[2], 0) end
  return table.unpack(out, 2, out.n)
end

-- Do both set the same? Then one hides nothing of the other.
local function alike(p, q)
  for _, half in ipairs(HALVES) do
    if not same(p[half[1]], q[half[1]]) then return false end
  end
  return same(p.trailing_stop_price or p.trailing_stop_distance, q.trailing_stop_price or q.trailing_stop_distance)
end

-- Has another call set stops for the whole position since this one began, or may it have?
local function overwritten(run)
  if core.client.open_heard(run.client) > 0 then return true end
  for _, entry in ipairs(noted(run.client)) do
    if not entry.adds and entry.params.symbol == run.params.symbol and entry.to >= run:since() then return true end
  end
  for p, adds in open_calls(run) do
    if not adds and p.symbol == run.params.symbol and not alike(p, run.params) then return true end
  end
  return false
end

--- Was a stop for the whole position set that is there no more, since the position has ended or the stop was reached? True,
--- false, "unclear" where nothing tells, or nil when it could not be seen.
---@param run bybit.Run
function stops.was_set(run)
  local orders = all_orders(run, nil)
  if not orders then return nil end
  local p, since = run.params, run.first - AHEAD
  local ended = {}
  for _, order in ipairs(orders) do
    local changed = rawget(order, "update_time")
    if order.status ~= "Untriggered" and (not changed or changed >= since) then ended[#ended + 1] = order end
  end
  local told = false
  for _, half in ipairs(HALVES) do
    local price = p[half[1]]
    if price ~= nil and not decimal(price):is_zero() then
      if #at_price(ended, half[4], decimal(price)) == 0 then return overwritten(run) and "unclear" end
      told = true
    end
  end
  if told then return true end
  for _, order in ipairs(ended) do
    if rawget(order, "stop_order_type") == "TrailingStop" then
      return "unclear" -- which distance it kept, it does not say
    end
  end
  return overwritten(run) and "unclear"
end

return stops
