-- What was true about a call, and when: read from the copies of its requests and the history of the books.

local core = require "bybit.core"
local ledger = require "spec.support.outcome.ledger"
local world_of = require "spec.support.outcome.world"

local decimal = core.decimal
local truth = {}

local CANCELLED = { Cancelled = true, Deactivated = true, PartiallyFilledCanceled = true }
local LONGEST = 600 -- seconds that a request may be on its way; see doc/promises.md
local AHEAD = 1000 -- ms that a timestamp may be ahead of the exchange's clock

-- Was it carried out? A cancel-all that found nothing did nothing.
local function acted(call, copy)
  return copy.done and (call.kind ~= "all" or #copy.effects > 0)
end

--- The copies of a call that were carried out by a true moment.
function truth.done(call, at)
  local list = {}
  for _, copy in ipairs(call.copies) do
    if acted(call, copy) and copy.arrived <= (at or math.huge) + 1e-9 then list[#list + 1] = copy end
  end
  return list
end

--- The same for a placement and others that asked for exactly the same under the same id: the exchange accepts an id once, and
--- it does not matter which of their copies it accepted.
function truth.done_under(calls, call, at)
  local list = {}
  for _, other in ipairs(calls) do
    if other.kind == "place" and ledger.link(other) == ledger.link(call) then
      for _, copy in ipairs(truth.done(other, at)) do list[#list + 1] = copy end
    end
  end
  return list
end

--- The same for a transfer and others that asked for exactly the same under the same id.
function truth.moved_under(calls, call, at)
  local list = {}
  for _, other in ipairs(calls) do
    if other.kind == "transfer" and ledger.link(other) == ledger.link(call) and other.params.amount == call.params.amount then
      for _, copy in ipairs(truth.done(other, at)) do list[#list + 1] = copy end
    end
  end
  return list
end

--- The first copy of the call that was carried out after a true moment; nil without one.
function truth.later(call, at)
  for _, copy in ipairs(call.copies) do
    if acted(call, copy) and copy.arrived > at + 1e-9 then return copy end
  end
end

--- The order that a call is about, as it was at a true moment: the engine's order, and its state then.
function truth.target(world, call, at)
  local p = call.params
  local order = world:find(p.order_id or p.stop_order_id, p.client_order_id)
  return order, order and world:order_at(order, at)
end

--- Is the order cancelled at that moment?
function truth.cancelled(world, order, at)
  local state = world:order_at(order, at)
  return state ~= nil and not state.open and CANCELLED[state.status] == true
end

local function same(value, wanted)
  if decimal(wanted):is_zero() then return value == nil or value:is_zero() end
  return value ~= nil and value:eq(wanted)
end

local AMENDS = { new_price = "price", new_quantity = "qty", new_trigger_price = "trigger_price" }
local STOPS = { take_profit_price = "tp", stop_loss_price = "sl", trailing_stop_distance = "ts" }

-- The name of the position that a call is about.
local function position_of(params) return world_of.key(params.symbol, params.position_mode) end

-- Is there a position that the call is about?
local function is_held(world, params)
  return world.account:position(params.symbol, params.position_mode).side ~= ""
end

local function shows(state, params, fields)
  for name, field in pairs(fields) do -- in any order: all must match
    if params[name] ~= nil and not same(state[field], params[name]) then return false end
  end
  return true
end

--- Did the order, the position or the setting show what the call asked for, at some moment from `from` to `to`?
function truth.shown(world, call, from, to)
  if call.kind == "setting" then return world:had_leverage(call.params.symbol, call.params.buy_leverage, from, to) end
  if call.kind == "stop" then
    for _, state in ipairs(world:stops_between(position_of(call.params), from, to)) do
      if shows(state, call.params, STOPS) then return true end
    end
    return false
  end
  local order = truth.target(world, call, to)
  local before
  for _, change in ipairs(order and world.orders[order] or {}) do
    if change.at > to + 1e-9 then break end
    if change.at > from and (shows(change.now, call.params, AMENDS) or before and shows(before, call.params, AMENDS)) then
      return true
    end
    before = change.now
  end
  return before ~= nil and shows(before, call.params, AMENDS)
end

---------------------------------------------------------------------------------------------------------------
-- What may still arrive. A copy that has not arrived and was not answered may arrive at any moment while the exchange accepts its
-- timestamp. That some copies never arrive is luck, and no statement may depend on it.

--- Until when may the copy be accepted? True seconds; nil: it has arrived, or was answered, or was never sent.
function truth.may_come_until(world, copy)
  local function at(server) return (server - world:server(0)) / 1000 end
  local to = math.min(copy.left + LONGEST, at(copy.stamp + copy.window))
  if at(copy.stamp - AHEAD) > copy.left + LONGEST then return -math.huge end
  return to
end

-- The order that a copy of a cancel-all would cancel by id; or nil and true: it cancels all orders.
local function one_of(world, copy)
  if copy.path:find "[aA]ll$" then return nil, true end
  local p = copy.params
  return world:find(p.orderId or p.order_id or p.stop_order_id, p.orderLinkId or p.order_link_id)
end

-- A cancel by id (a cancel-all may make them one by one) does nothing to an order that has ended.
local function harmless(world, copy, at)
  if copy.call.kind ~= "all" then return false end
  local order, whole = one_of(world, copy)
  local state = order and world:order_at(order, at)
  return not whole and (state == nil or not state.open)
end

--- A copy of the call that may arrive after a true moment and act; nil when there is none.
function truth.pending(world, call, at)
  for _, copy in ipairs(call.copies) do
    local open = copy.left <= at and not (copy.arrived and copy.arrived <= at) and not (copy.answered and copy.answered <= at)
    if open and not harmless(world, copy, at) and truth.may_come_until(world, copy) > at + 1e-3 then return copy end
  end
end

--- Could a copy of this call do anything if it arrived at that moment?
function truth.could_act(world, call, at)
  if call.kind == "place" then return world.account.links[ledger.link(call) or ""] == nil end
  if call.kind == "amend" or call.kind == "cancel" then
    local _, state = truth.target(world, call, at)
    return state ~= nil and state.open
  end
  if call.kind == "transfer" then return world.account.transfers[ledger.link(call) or ""] == nil end
  return call.kind ~= "each"
end

--- The call's fence in true seconds: until when a copy of unknown outcome could still be accepted; nil when every copy was
--- answered.
function truth.fence(world, call)
  local last
  for _, copy in ipairs(call.copies) do
    if not copy.answered then
      local to = truth.may_come_until(world, copy)
      if to > 0 then last = math.max(last or 0, to + 1) end
    end
  end
  return last
end

---------------------------------------------------------------------------------------------------------------
-- Calls that undo each other.

local function touches_order(world, call, order)
  return order ~= nil and world:find(call.params.order_id or call.params.stop_order_id, call.params.client_order_id) == order
end

-- Do `late` and `told` ask for different values of the same field?
local function differs(late, told, fields)
  for name in pairs(fields) do -- in any order
    local a, b = late.params[name], told.params[name]
    if a ~= nil and b ~= nil and not decimal(a):eq(decimal(b)) then return true end
  end
  return false
end

-- The order that a call has placed or amended.
local function order_of(world, call)
  if call.kind == "place" then return world:find(nil, ledger.link(call)) end
  return world:find(call.params.order_id or call.params.stop_order_id, call.params.client_order_id)
end

--- Would a copy of `late`, an earlier call of ours, undo what `told` has done, if it arrived at a true moment?
function truth.would_undo(world, late, told, at, copy)
  if late.kind == "all" then
    local order, whole = one_of(world, copy)
    if not whole and order ~= order_of(world, told) then return false end
  end
  if late.kind == "amend" and told.kind == "amend" then
    local order = order_of(world, told)
    local state = order and world:order_at(order, at)
    return touches_order(world, late, order) and state and state.open and differs(late, told, AMENDS) or false
  elseif late.kind == "stop" and told.kind == "stop" then
    return position_of(late.params) == position_of(told.params) and differs(late, told, STOPS) and is_held(world, told.params)
  elseif late.kind == "setting" and told.kind == "setting" then
    return late.params.symbol == told.params.symbol and late.params.buy_leverage ~= told.params.buy_leverage
  elseif late.kind == "all" and (told.kind == "place" or told.kind == "amend") then
    local order = order_of(world, told)
    local state = order and world:order_at(order, at)
    local waiting = late.method:find "conditional" ~= nil
    return state ~= nil and state.open and order.symbol == late.params.symbol and (state.status == "Untriggered") == waiting
  elseif late.kind == "all" and (told.kind == "stop" or told.kind == "part") then
    return late.method:find "conditional" ~= nil and late.params.stop_order_type == nil
      and late.params.symbol == told.params.symbol and is_held(world, told.params)
  end
  return false
end

-- Did the state before show what a call asked for, while the state after does not?
local function lost(before, after, params, fields)
  for name, field in pairs(fields) do -- in any order
    local wanted = params[name]
    if wanted ~= nil and same(before[field], wanted) and not same(after[field], wanted) then return true end
  end
  return false
end

-- The state of an order or of a symbol's stops before a moment, and after it.
local function around(list, at, of)
  local before, after
  for _, entry in ipairs(list) do
    if entry.at < at - 1e-9 then before = of(entry) elseif entry.at <= at + 1e-9 then after = of(entry) end
  end
  return before, after
end

--- Has this effect of a copy of `late` undone what `told` has done?
function truth.undoes(world, effect, late, told)
  if late.kind == "amend" and told.kind == "amend" then
    if effect.order ~= order_of(world, told) or effect.what ~= "changed" then return false end
    local before, after = around(world.orders[effect.order], effect.at, function(change) return change.now end)
    return before ~= nil and lost(before, after, told.params, AMENDS)
  elseif late.kind == "stop" and told.kind == "stop" then
    if world_of.key(effect.order.symbol, effect.order.index) ~= position_of(told.params) then return false end
    local before, after = around(world.stops[position_of(told.params)], effect.at, function(state) return state end)
    return before ~= nil and after ~= nil and before.side == after.side and lost(before, after, told.params, STOPS)
  elseif late.kind == "setting" and told.kind == "setting" then
    return effect.symbol == told.params.symbol and effect.before ~= nil and effect.before:eq(told.params.buy_leverage)
  elseif late.kind == "all" and (told.kind == "place" or told.kind == "amend") then
    return effect.what == "ended" and effect.order == order_of(world, told)
  end
  return false
end

return truth
