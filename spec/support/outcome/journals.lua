-- The rules of journals: compares a journal, when its last client is closed, with what the calls of all its clients did. Calls
-- that ask for exactly the same cannot be distinguished, so they are counted.

local ledger = require "spec.support.outcome.ledger"
local truth = require "spec.support.outcome.truth"

local journals = {}

-- Groups calls and rows that ask for the same, by a text.
local function grouped(run)
  local groups, names = {}, {}
  local function of(name)
    if not groups[name] then
      groups[name], names[#names + 1] = { calls = {}, rows = {} }, name
    end
    return groups[name]
  end
  for _, call in ipairs(run.ledger.calls) do
    if call.kind ~= "each" and call.life.path then
      table.insert(of(ledger.name(call) .. " " .. ledger.asked(call.params)).calls, call)
    end
  end
  for _, row in ipairs(run.rows) do
    -- an intent for each order, besides the one for the whole
    local one_of_all = row.method:find "^cancel_all" and (row.params.order_id or row.params.stop_order_id)
    local name = ("%s %s %s"):format(row.method, row.symbol, row.client_order_id or "-")
    if not one_of_all then table.insert(of(name .. " " .. ledger.asked(row.params)).rows, row) end
  end
  return groups, names
end

-- How many of the calls may, in truth, have a row with this outcome.
local may_be = {}

function may_be.done(run, call)
  if #truth.done(call) > 0 then return true end
  if call.kind == "place" then return #truth.done_under(run.ledger.calls, call) > 0 end
  if call.kind == "cancel" then
    local order = truth.target(run.world, call, run.calm_at)
    return order ~= nil and truth.cancelled(run.world, order, run.calm_at)
  end
  if call.kind == "transfer" then return #truth.moved_under(run.ledger.calls, call) > 0 end
  if call.kind == "amend" or call.kind == "stop" or call.kind == "setting" then
    return truth.shown(run.world, call, call.began, math.huge)
  end
  return call.kind == "all"
end

function may_be.rejected(_, call) return #truth.done(call) == 0 end
function may_be.not_sent(_, call) return #call.copies == 0 end
function may_be.unclear() return true end
function may_be.dismissed(_, call)
  return ledger.last(call) ~= nil and ledger.last(call).says == "dismissed"
end

-- Open: nothing was said of it, or only after its journal was closed.
function may_be.open(_, call)
  if ledger.is_open(call) then return true end
  local ended = call.life.closed or call.life.died and 0
  return ended and call.told[1].at >= ended
end

local function check_group(lies, lie, run, name, g)
  local counts, outcomes = {}, {}
  for _, row in ipairs(g.rows) do
    local outcome = row.outcome or "open"
    if not counts[outcome] then outcomes[#outcomes + 1] = outcome end
    counts[outcome] = (counts[outcome] or 0) + 1
  end
  for _, outcome in ipairs(outcomes) do
    local most = 0
    for _, call in ipairs(g.calls) do
      if not may_be[outcome] then return lie(lies, "journal", nil, "%s: an outcome '%s'", name, outcome) end
      if may_be[outcome](run, call) then most = most + 1 end
    end
    if counts[outcome] > most then
      lie(lies, "journal", g.calls[1], "%s: the journal has it %d times as %s, and it can be %d", name, counts[outcome],
        outcome, most)
    end
  end
  local left = 0
  for _, call in ipairs(g.calls) do
    if #call.copies > 0 then left = left + 1 end
  end
  if #g.rows < left then
    lie(lies, "not journalled", g.calls[1], "%s: %d calls have left, and the journal has %d", name, left, #g.rows)
  end
end

--- The rules of journals, see rules.more.
function journals.check(lies, run, lie)
  if not run.rows then return end
  local groups, names = grouped(run)
  local each = {} -- one call, with an intent for each order
  for _, call in ipairs(run.ledger.calls) do
    if call.kind == "each" then each[call.method] = true end
  end
  for _, name in ipairs(names) do
    local g = groups[name]
    local known = not each[name:match "^[%w_]+"]
    if known and #g.calls > 0 then
      check_group(lies, lie, run, name, g)
    elseif known then
      lie(lies, "journal", nil, "%s: in the journal, and no call asked for it", name)
    end
  end
end

return journals
