-- The rules: compare every statement with the truth. A lie is a false statement. A statement that is true only by luck (a copy
-- that could still arrive did not) counts as a lie too: this finds an error long before a copy proves it.

local errors = require "bybit.errors"
local describe = require "spec.support.outcome.describe"
local journals = require "spec.support.outcome.journals"
local ledger = require "spec.support.outcome.ledger"
local lists = require "spec.support.outcome.lists"
local truth = require "spec.support.outcome.truth"

local rules = {}

---@class spec.Lie
---@field rule string
---@field call spec.Call?
---@field text string

local function lie(list, rule, call, text, ...)
  if #list < 50 then
    list[#list + 1] = { rule = rule, call = call, text = ("%s: %s%s"):format(rule, call and describe.call(call) .. " " or "",
      text:format(...)) }
  end
end

---------------------------------------------------------------------------------------------------------------
-- A success.

local check = {}

local function order_named(world, result)
  return world:find(rawget(result, "order_id"), rawget(result, "client_order_id"))
end

function check.place(world, call, s, calls)
  local done = truth.done_under(calls, call, s.at)
  if #done == 0 then return "was not placed" end
  local order, p = order_named(world, s.result), call.params
  if not order then return "names no order of the books" end
  if order.side ~= p.side or order.symbol ~= p.symbol then return "names another order" end
  if p.client_order_id and order.link ~= p.client_order_id then return "names an order of another id" end
  local made = false
  for _, copy in ipairs(done) do
    for _, change in ipairs(copy.effects) do made = made or change.what == "made" and change.order == order end
  end
  if not made then return "names an order that this call has not made" end
end

function check.amend(world, call, s)
  if #truth.done(call, s.at) > 0 or truth.shown(world, call, call.began, s.at) then return nil end
  return "was not amended"
end

function check.cancel(world, call, s)
  local order, state = truth.target(world, call, s.at)
  if not order then return "was never placed" end
  -- With confirm the final record is given, whichever way the order ended: it has to say so.
  local record = call.params.confirm and type(s.result) == "table" and s.result
  if record and state and not state.open and rawget(record, "status") == state.status then return nil end
  if not truth.cancelled(world, order, s.at) then return ("is %s"):format(state and state.status or "not there") end
end

function check.all(world, call, s)
  for _, order in ipairs(call.standing) do
    local before, now = world:order_at(order, call.began), world:order_at(order, s.at)
    if now.open and now.status == before.status then return ("left %s standing"):format(order.link or order.id) end
  end
end

local function check_listed(world, list, at)
  for _, entry in ipairs(list or {}) do
    local order = world:find(rawget(entry, "order_id"), rawget(entry, "client_order_id"))
    if not order or not truth.cancelled(world, order, at) then
      return ("lists %s, which is not cancelled"):format(tostring(rawget(entry, "order_id")))
    end
  end
end

function check.each(world, _, s) return check_listed(world, s.result, s.at) end

local UNCHANGED = { [34040] = true, [130125] = true, [130127] = true, [30076] = true, [130076] = true }

function check.stop(world, call, s)
  if #truth.done(call, s.at) > 0 or truth.shown(world, call, call.began, s.at) then return nil end
  for _, copy in ipairs(call.copies) do
    if UNCHANGED[copy.code] then return nil end
  end
  return "was not set"
end

function check.setting(world, call, s)
  if #truth.done(call, s.at) > 0 or truth.shown(world, call, call.began, s.at) then return nil end
  return "was not set"
end

function check.transfer(_, call, s, calls)
  local id = rawget(s.result, "transfer_id")
  if id ~= ledger.link(call) then return "names another transfer" end
  if #truth.moved_under(calls, call, s.at) == 0 then return "was not moved" end
end

function check.part() end -- parts that ask for the same are counted together: see `parts`

---------------------------------------------------------------------------------------------------------------
-- One statement about one call.

-- Kinds of which a late copy does no harm after a success, or cannot be told from others.
local SETTLED_ONCE = { place = true, cancel = true, each = true, part = true, transfer = true }

local function check_done(lies, world, call, s, calls)
  if s.doubtful then return end -- it may be about another call; such calls are counted in the journal
  local why = check[call.kind](world, call, s, calls)
  if why then lie(lies, "false success", call, "was told done at %.3f (%s), but %s", s.at, s.by, why) end
  if SETTLED_ONCE[call.kind] then return end
  if s.unconfirmed then return end -- acknowledged, and stopped before it was confirmed
  local later = truth.later(call, s.at)
  if later then
    lie(lies, "acts after success", call, "was told done at %.3f, but its own copy %d acted at %.3f", s.at, later.number,
      later.arrived)
    return
  end
  local pending = truth.pending(world, call, s.at)
  if pending and truth.could_act(world, call, s.at) then
    lie(lies, "early success", call, "was told done at %.3f, but its own copy %d could come until %.3f", s.at, pending.number,
      truth.may_come_until(world, pending))
  end
end

local function check_rejected(lies, world, call, s)
  if s.doubtful then return end
  if call.kind == "each" then
    local why = check_listed(world, type(s.err) == "table" and rawget(s.err, "cancelled"), s.at)
    if why then lie(lies, "false list", call, "%s", why) end
    return -- the error lists what was cancelled before the refused order
  end
  local done = truth.done(call)[1]
  if done and call.kind ~= "part" then
    lie(lies, "false " .. s.says, call, "was told %s at %.3f (%s), but its copy %d was carried out at %.3f", s.says, s.at, s.by,
      done.number, done.arrived)
    return
  end
  local pending = truth.pending(world, call, s.at)
  if s.says == "rejected" and pending and truth.could_act(world, call, s.at) then
    lie(lies, "early rejection", call, "was told rejected at %.3f (%s), but its copy %d could come until %.3f", s.at, s.by,
      pending.number, truth.may_come_until(world, pending))
  elseif s.says == "not_sent" and #call.copies > 0 then
    lie(lies, "false not_sent", call, "was told not sent at %.3f, but copy %d has left", s.at, call.copies[1].number)
  end
end

local function check_unknown(lies, world, call, s)
  if not s.final then
    if s.err.retryable then lie(lies, "retryable unknown", call, "is unknown and retryable") end
    return
  end
  if s.err.retryable and (call.kind == "place" or call.kind == "part" or call.kind == "transfer") then
    lie(lies, "retryable unknown", call, "is final, unknown and retryable, and adds")
  end
  local later = truth.later(call, s.at)
  if later then
    lie(lies, "acts after final", call, "was told final at %.3f, but its copy %d acted at %.3f", s.at, later.number,
      later.arrived)
  elseif truth.pending(world, call, s.at) and truth.could_act(world, call, s.at) then
    lie(lies, "early final", call, "was told final at %.3f, but copy %d could still come", s.at,
      truth.pending(world, call, s.at).number)
  end
end

local OF = { done = check_done, rejected = check_rejected, not_sent = check_rejected, unknown = check_unknown }

-- A call may end without a statement only by Ctrl-C; then its intent is open, or nothing was sent.
local function check_nothing(lies, call, s)
  local text = tostring(s.err)
  if s.raised and not errors.is(s.err) and not text:find "interrupted!" then
    return lie(lies, "raised", call, "raised: %s", text)
  end
  if errors.is(s.err) then lie(lies, "no outcome", call, "ended with an error without an outcome: %s", text) end
end

-- Was the first statement made after its client was closed? Then the journal does not have it.
local function unwritten(call, known)
  local ended = call.life.closed or call.life.died and 0
  return ended and known.at >= ended
end

local function check_call(lies, world, calls, call)
  local known
  for _, s in ipairs(call.told) do
    local f = OF[s.says]
    if f then f(lies, world, call, s, calls) else check_nothing(lies, call, s) end
    if known and not known.doubtful and not s.doubtful and s.says ~= known.says and not unwritten(call, known) then
      lie(lies, "contradiction", call, "was told %s by %s, then %s by %s", known.says, known.by, s.says, s.by)
    end
    if s.says == "done" or s.says == "rejected" or s.says == "not_sent" then known = s end
  end
  if call.kind == "place" and #truth.done(call) > 1 then lie(lies, "done twice", call, "was placed twice") end
  if call.kind == "transfer" and #truth.done(call) > 1 then lie(lies, "done twice", call, "was moved twice") end
  if call.kind == "part" and #truth.done(call) > 1 then lie(lies, "done twice", call, "was added twice") end
end

-- The number of attempts and the id are true.
local function check_told(lies, call)
  local s = call.told[1]
  if not s or not errors.is(s.err) or s.err.kind == "cancelled" and s.err.method == "task" then return end
  local id = rawget(s.err, "client_order_id") or rawget(s.err, "transfer_id")
  if s.says == "unknown" and (call.kind == "place" or call.kind == "transfer") and id ~= ledger.link(call) then
    lie(lies, "wrong id", call, "is told with the id %s", tostring(id))
  end
  if call.kind ~= "all" and call.kind ~= "each" and s.err.attempts < call.tries then
    lie(lies, "attempts", call, "was tried %d times and tells of %d", call.tries, s.err.attempts)
  end
end

-- An acknowledgement that was received is never lost, whatever ends the call after it.
local function check_acknowledged(lies, world, calls, call)
  local s, copy = call.told[1], call.copies[1]
  if not s or s.by ~= "call" or #call.copies ~= 1 or copy.code ~= 0 or not copy.answered then return end
  if call.kind == "all" or call.kind == "each" then return end
  for _, late in ipairs(calls) do -- the call may wait for a copy of another call
    local pending = late ~= call and truth.pending(world, late, copy.answered)
    if pending and truth.would_undo(world, late, call, copy.answered, pending) then return end
  end
  if s.says ~= "done" and not (s.says == "nothing" and s.raised) then
    lie(lies, "lost acknowledgement", call, "was acknowledged at %.3f and told %s at %.3f: %s", copy.answered, s.says, s.at,
      tostring(s.err))
  end
end

---------------------------------------------------------------------------------------------------------------
-- Pairs of calls.

-- No earlier call of ours undoes a success, or can still undo it.
local function check_undone(lies, world, calls, told, s)
  for _, late in ipairs(calls) do
    local earlier = late.first_number < told.first_number
    for _, copy in ipairs(late.copies) do
      if earlier and copy.left < s.at and copy.arrived and copy.arrived > s.at + 1e-9 then
        for _, effect in ipairs(copy.effects) do
          if truth.undoes(world, effect, late, told) then
            return lie(lies, "undone success", told, "was told done at %.3f, but copy %d of #%d, made before it, undid it at "
              .. "%.3f", s.at, copy.number, late.number, copy.arrived)
          end
        end
      end
    end
    local pending = earlier and truth.pending(world, late, s.at)
    if pending and truth.would_undo(world, late, told, s.at, pending) then
      lie(lies, "undoable success", told, "was told done at %.3f, but copy %d of #%d, made before it, could come until %.3f "
        .. "and undo it", s.at, pending.number, late.number, truth.may_come_until(world, pending))
    end
  end
end

-- Calls in Partial mode that ask for exactly the same cannot be distinguished: at least as many are done as were acknowledged,
-- and at most as many more as are unknown.
local function check_parts(lies, calls)
  local groups, names = {}, {}
  for _, call in ipairs(calls) do
    if call.kind == "part" then
      local p, s = call.params, ledger.last(call)
      local name = ("%s %s %s %s"):format(p.stop_loss_price, p.stop_loss_quantity, p.take_profit_price, p.position_mode)
      local g = groups[name]
      if not g then
        g = { done = 0, said = 0, unknown = 0, call = call }
        groups[name], names[#names + 1] = g, name
      end
      g.done = g.done + #truth.done(call)
      if s and s.says == "done" then g.said = g.said + 1
      elseif not s or s.says ~= "rejected" and s.says ~= "not_sent" then g.unknown = g.unknown + 1 end
    end
  end
  for _, name in ipairs(names) do
    local g = groups[name]
    if g.done < g.said or g.done > g.said + g.unknown then
      lie(lies, "false parts", g.call, "and its like: %d acknowledged, %d unknown, %d done", g.said, g.unknown, g.done)
    end
  end
end

--- All lies of a run; empty: everything is true.
---@return spec.Lie[]
function rules.lies(run)
  local lies, world, calls = {}, run.world, run.ledger.calls
  if run.broke then lie(lies, "broken", nil, "%s", run.broke) end
  for _, text in ipairs(world.errors) do lie(lies, "engine", nil, "%s", text) end
  for _, call in ipairs(calls) do
    check_call(lies, world, calls, call)
    check_acknowledged(lies, world, calls, call)
    check_told(lies, call)
    for _, s in ipairs(call.told) do
      if s.says == "done" and not s.unconfirmed then check_undone(lies, world, calls, call, s) end
    end
  end
  check_parts(lies, calls)
  for _, copy in ipairs(run.ledger.strays) do lie(lies, "stray", nil, "%s was sent by what only settles", copy.path) end
  for _, extra in ipairs(rules.more) do extra(lies, run, lie) end
  return lies
end

--- More rules: f(lies, run, lie).
rules.more = { lists.check, journals.check }

return rules
