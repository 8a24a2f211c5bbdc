-- Counts how calls ended: per kind of call and kind of trouble, how many are known, unknown and final, and how long it took
-- compared with the fence, after which no copy of a call can act any more.

local ledger = require "spec.support.outcome.ledger"
local truth = require "spec.support.outcome.truth"

local tally = {}

local Tally = {}
Tally.__index = Tally

function tally.new()
  return setmetatable({ rows = {}, ended = { done = 0, rejected = 0, not_sent = 0, unknown = 0, nothing = 0 } }, Tally)
end

-- Has anybody except the program changed the books that the call is about?
local function disturbed(run, call, to)
  local order = call.kind == "place" and run.world:find(nil, ledger.link(call))
  if order and run.world.orders[order][1].cause == "hand" then return true end
  for _, change in ipairs(run.world.log) do
    if change.cause == "hand" and change.at >= call.began and change.at <= to then return true end
  end
  return false
end

-- Has anything except the call itself changed its order, position or stops while it ran? Fills at the order's own price count
-- too, since the records do not show what an order was before it filled.
local function others_acted(run, call, to)
  if call.kind == "all" or call.kind == "each" then return false end
  local order = truth.target(run.world, call, to)
  local by_stop = call.kind == "stop" or call.kind == "part"
  for _, change in ipairs(run.world.log) do
    if change.at >= call.began and change.at <= to then
      local own = type(change.cause) == "table" and change.cause.call == call
      local about = change.order == order and (not own or change.what == "ended")
        or by_stop and change.order.symbol == call.params.symbol and not own
          and (change.order.stop_order_type or tostring(change.order.filled) ~= "0")
      if about then return true end
    end
  end
  return false
end

-- Seconds. A round trip takes up to 0.03 here, and the client knows the exchange's clock no better than that.
local DOUBT = 0.03

-- Was the order, the position or one of its stops changed so shortly before the call that the client cannot know which came
-- first?
local function just_changed(run, call)
  if call.kind ~= "amend" and call.kind ~= "stop" and call.kind ~= "part" then return false end
  local order, by_stop = truth.target(run.world, call, call.began), call.kind ~= "amend"
  for _, change in ipairs(run.world.log) do
    if change.at >= call.began - DOUBT and change.at < call.began
      and (change.order == order or by_stop and change.order.symbol == call.params.symbol) then
      return true
    end
  end
  return false
end

-- Does the order not exist, or has it ended before?
local function no_such_order(run, call)
  if call.kind ~= "amend" and call.kind ~= "cancel" then return false end
  local _, state = truth.target(run.world, call, call.began)
  return state == nil or not state.open
end

-- Has another call of the program made an order, or a transfer, under this call's id?
local function id_was_used(run, call)
  for _, other in ipairs(call.kind == "transfer" and run.ledger.calls or {}) do
    if other ~= call and other.kind == "transfer" and ledger.link(other) == ledger.link(call) then return true end
  end
  local order = call.kind == "place" and run.world:find(nil, ledger.link(call))
  local cause = order and run.world.orders[order][1].cause
  return type(cause) == "table" and cause.call ~= call
end

local function copies_with(list, f)
  for _, copy in ipairs(list) do
    if f(copy) then return true end
  end
  return false
end

-- Seconds that it takes to lose a change, prove that it was not made, make it again, lose it again, and prove that: two fences,
-- and as much for reading. A shorter deadline may end a call before its outcome can be known.
local function time_for_two(p, call)
  local fence = (call.params.receive_window or p.window) / 1000 + 1
  return math.max(60, 2 * fence + 30)
end

-- What went wrong with a call, in one word; the worst counts.
function tally.class(run, call)
  local p = run.program
  local to = call.ended or math.huge
  local kind = type(call.told[1].err) == "table" and rawget(call.told[1].err, "kind")
  if call.stopped or call.life.died or call.told[1].raised or kind == "closed" then return "stopped" end
  if disturbed(run, call, to) then return "another hand" end
  if copies_with(call.copies, function(c) return c.changed end) or copies_with(call.reads, function(c) return c.changed end) then
    return "odd answers"
  end
  if p.climate.outage then return "outage" end
  if (call.params.deadline or p.deadline) < time_for_two(p, call) then return "short deadline" end
  if p.shift ~= 0 or p.climate.clock then return "wrong clock" end
  if copies_with(call.copies, function(c) return c.failed and not c.refused end) then
    if no_such_order(run, call) then return "lost, and no such order" end
    if id_was_used(run, call) then return "lost, and its id was used" end
    if call.kind ~= "place" and call.kind ~= "cancel" and others_acted(run, call, to) then return "lost, and others acted" end
    if p.climate.rough > 1 then return "nearly all lost" end -- in these no answer may arrive for a whole minute
    return just_changed(run, call) and "lost, just after a change" or "lost answers"
  end
  return "nothing"
end

--- Counts the calls of a run.
function Tally:add(run)
  for _, call in ipairs(run.ledger.calls) do
    local first, last = call.told[1], ledger.last(call)
    if first then
      self.ended[first.says] = self.ended[first.says] + 1
      local name = ("%-7s %s"):format(call.kind, tally.class(run, call))
      local row = self.rows[name]
      if not row then
        row = { calls = 0, unknown = 0, final = 0, at_last = 0, waited = 0, over = 0, late = 0, name = name }
        self.rows[name] = row
      end
      row.calls = row.calls + 1
      if first.says == "unknown" then row.unknown = row.unknown + 1 end
      if first.says == "unknown" and first.final then row.final = row.final + 1 end
      if last.says == "unknown" then row.at_last = row.at_last + 1 end
      local fence = truth.fence(run.world, call)
      if fence then
        row.waited, row.over = row.waited + 1, row.over + (first.at - fence)
        row.late = math.max(row.late, first.at - fence)
      end
    end
  end
end

function Tally:line()
  local e = self.ended
  return ("%d calls done, %d rejected, %d not sent, %d unknown"):format(e.done, e.rejected, e.not_sent, e.unknown)
end

local function sorted(rows)
  local list = {}
  for _, row in pairs(rows) do list[#list + 1] = row end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

--- The whole table.
function Tally:table()
  local lines = { ("       %-32s %8s %8s %8s %8s %10s %10s"):format("kind    what went wrong", "calls", "unknown", "final",
    "at last", "vs fence", "longest") }
  for _, r in ipairs(sorted(self.rows)) do
    lines[#lines + 1] = ("       %-32s %8d %8d %8d %8d %9.1fs %9.1fs"):format(r.name, r.calls, r.unknown, r.final, r.at_last,
      r.waited > 0 and r.over / r.waited or 0, r.late)
  end
  return table.concat(lines, "\n")
end

-- If only answers are lost, at least this many calls of 1000 end known.
local KNOWN = { place = 999, cancel = 999, amend = 990, stop = 990, part = 990, setting = 990, transfer = 999 }
local ONLY_LOST = { ["lost answers"] = true, ["lost, just after a change"] = true }

--- The kinds of which too few calls end known; "": none.
function Tally:too_few()
  local out = {}
  for _, r in ipairs(sorted(self.rows)) do
    local kind, class = r.name:match "^(%a+) +(.*)$"
    local least = ONLY_LOST[class] and KNOWN[kind]
    if least and (r.calls - r.unknown) * 1000 < least * r.calls - 1000 then -- one call may be chance
      out[#out + 1] = ("%s, %s: %d of %d unknown"):format(kind, class, r.unknown, r.calls)
    end
  end
  return table.concat(out, "; ")
end

return tally
