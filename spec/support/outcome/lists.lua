-- The rules of lists: client:unsettled(), the report of reconcile, and what is held back because of open intents.

local errors = require "bybit.errors"
local ledger = require "spec.support.outcome.ledger"
local torn = require "spec.support.outcome.torn"

local lists = {}

-- What had been said by then about the end of a call, or was it still in flight?
---@param number integer the list's number, since later statements may have the same moment
local function standing(call, at, number)
  if call.began > at then return "to come" end
  local last
  for _, s in ipairs(call.told) do
    if s.number < number then last = s end
    if s.number < number and s.says == "dismissed" then return "known" end
  end
  if last and last.says ~= "unknown" and last.says ~= "nothing" then return "known" end
  if last and last.says == "unknown" then return last.final and "final" or "unknown" end
  if last then return "nothing" end
  if call.life.died and call.life.died <= at then return "dead" end
  return "in flight"
end

-- Must an intent of this call be in a list of that life at that moment? "must", "may", or nil: it must not.
local function expected(call, life, at, number)
  local how = standing(call, at, number)
  if how == "to come" or call.silent and call.silent <= number then return nil end
  if call.life ~= life and not call.life.path then return nil end -- without a journal nothing is passed on
  if call.kind == "each" then return "may", how end -- it may have one intent or many
  if how == "known" then -- a closed client's statement is not in its journal, nor what a dying one has not committed
    local ended = call.life.closed or call.life.died and 0
    return ended and call.life ~= life and call.told[1].at >= ended and "may" or nil
  end
  if how == "final" and call.life ~= life then return "may", how end -- it was reported
  if how == "unknown" or how == "final" then return "must", how end
  if call.tries == 0 then return nil end
  local open = false
  for _, copy in ipairs(call.copies) do -- a changed answer may have been read as an answer
    open = open or copy.left <= at and not copy.answered and not copy.changed
  end
  if open and (how == "dead" or how == "nothing") then return "must", how end
  return "may", how
end

local function count(list)
  local counts = {}
  for _, entry in ipairs(list) do
    local name = ledger.name_of_entry(entry)
    counts[name] = (counts[name] or 0) + 1
  end
  return counts
end

-- Is a reconcile that has not returned settling it now?
local function about_to_be_told(run, call, number)
  for _, r in ipairs(run.ledger.reports) do
    if r.first_number < number and number < r.last_number then
      for _, s in ipairs(call.told) do
        if s.by == "reconcile" and s.at == r.at then return true end
      end
    end
  end
  return false
end

local function only_each(run, name)
  for _, call in ipairs(run.ledger.calls) do
    if call.kind == "each" and ledger.name(call) == name then return true end
  end
  return false
end

-- Compares a list of unsettled intents with what was said until then.
local function check_list(lies, lie, run, what, life, at, list, number)
  local must, may, one = {}, {}, {}
  for _, call in ipairs(run.ledger.calls) do
    local how = expected(call, life, at, number)
    local name = ledger.name(call)
    if how == "must" and not about_to_be_told(run, call, number) then
      must[name], one[name] = (must[name] or 0) + 1, call
    elseif how then
      may[name] = (may[name] or 0) + 1
    end
  end
  local counts = count(list)
  for _, call in ipairs(run.ledger.calls) do
    local name = ledger.name(call)
    if one[name] == call and (counts[name] or 0) < must[name] then
      lie(lies, "not listed", call, "is open, and %s at %.3f lists %d of %d", what, at, counts[name] or 0, must[name])
    end
  end
  for _, entry in ipairs(list) do
    local name = ledger.name_of_entry(entry)
    local most = (must[name] or 0) + (may[name] or 0)
    if counts[name] and counts[name] > most and not only_each(run, name) then
      lie(lies, "listed too often", nil, "%s: %s at %.3f lists %d of %d", name, what, at, counts[name], most)
      counts[name] = nil
    end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Reports.

local function changed_reads(run, from, to)
  for _, copy in ipairs(run.network.copies) do
    if copy.verb == "GET" and copy.changed and copy.left >= from - 1e-9 and copy.left <= to then return true end
  end
  return false
end

local function open_throughout(world, order, from, to)
  local state = world:order_at(order, from)
  if not state or not state.open then return false end
  return world:order_at(order, to).open
end

local function open_at_all(world, order, from, to)
  local state = world:order_at(order, to)
  if not state then return false end
  if state.open then return true end
  local before = world:order_at(order, from)
  if before and before.open then return true end
  for _, change in ipairs(world.orders[order]) do
    if change.at >= from and change.now.open then return true end
  end
  return false
end

local function check_live(lies, lie, run, r)
  local world, p = run.world, run.program
  if changed_reads(run, r.began, r.at) then return end
  local told = {}
  for _, record in ipairs(r.report.live) do
    local order = world:find(rawget(record, "order_id"), rawget(record, "client_order_id"))
    if not order or not open_at_all(world, order, r.began - 0.001, r.at) then
      lie(lies, "false live", nil, "reconcile %s at %.3f: %s is live, and it is not open", r.key, r.at,
        tostring(rawget(record, "client_order_id")))
    else
      told[order] = true
      if not (order.link or ""):find "^me%-" then
        lie(lies, "false live", nil, "reconcile %s at %.3f: %s %s is live, and it is none of ours", r.key, r.at,
          order.stop_order_type or order.type, order.link or order.id)
      end
    end
  end
  local lag, refused = p.lag / 1000, {} -- an id that was refused as taken is somebody else's
  for _, call in ipairs(run.ledger.calls) do
    if call.kind == "place" and not ledger.is_open(call) and ledger.last(call).says ~= "done" then
      refused[call.params.client_order_id or ""] = true
    end
  end
  for _, order in ipairs(world.account.list) do
    local here = order.symbol == r.symbol or not r.symbol and p.api == "v5"
    if here and (order.link or ""):find "^me%-" and not told[order] and not refused[order.link]
      and world.orders[order][1].at < r.began - lag and open_throughout(world, order, r.began, r.at) then
      lie(lies, "not live", nil, "reconcile %s at %.3f: %s is open, and not among the live ones", r.key, r.at, order.link)
    end
  end
end

local function check_report(lies, lie, run, r)
  if not r.ok then
    if errors.is(r.err) or tostring(r.err):find "interrupted!" then return end
    return lie(lies, "raised", nil, "reconcile %s raised: %s", r.key, tostring(r.err))
  end
  for _, entry in ipairs(r.nobodys) do
    local name = ledger.name_of_entry(entry)
    if not only_each(run, name) then
      lie(lies, "nobody's", nil, "reconcile %s at %.3f: %s %s, and no call of that name was open", r.key, r.at, name,
        tostring(entry.outcome))
    end
  end
  if r.report then check_live(lies, lie, run, r) end
end

-- A reconcile that returns an error and no report must not have settled anything.
local function check_silence(lies, lie, run, r)
  local before, after, must = count(r.before), count(r.after), {}
  for _, call in ipairs(run.ledger.calls) do
    local name = ledger.name(call)
    if expected(call, r.life, r.at, r.number) == "must" then must[name] = (must[name] or 0) + 1 end
  end
  for _, call in ipairs(run.ledger.calls) do
    local name = ledger.name(call)
    local most = math.min(must[name] or 0, before[name] or 0)
    if expected(call, r.life, r.at, r.number) == "must" and (after[name] or 0) < most then
      must[name], call.silent = must[name] - 1, r.last_number
      lie(lies, "settled in silence", call, "is not listed any more after reconcile %s, which gave: %s", r.key, tostring(r.err))
    end
  end
end

---------------------------------------------------------------------------------------------------------------
-- What is held back.

-- Has that life listed the call's intent as final, in a list that its program did not receive?
local function listed_as_final(run, call, life, number)
  for _, r in ipairs(run.ledger.reports) do
    for _, entry in ipairs(r.life == life and r.last_number < number and r.after or {}) do
      if rawget(entry, "final") and ledger.name_of_entry(entry) == ledger.name(call) then return true end
    end
  end
  return false
end

-- Is an intent of an earlier life open on that symbol (nil: on any)? "must", "may", or nil: it must not.
local function earlier_open(run, life, symbol, at, number)
  local found
  for _, call in ipairs(run.ledger.calls) do
    local its = call.params.symbol
    if call.life ~= life and its and its == (symbol or its) then
      local how, why = expected(call, life, at, number)
      if how == "must" and why ~= "final" and not listed_as_final(run, call, life, number) then return "must" end
      if how then found = "may" end
    end
  end
  return found
end

-- In hedge mode a Sell of the long position and a Buy of the short one only close (V5 documentation, order/create).
local CLOSING = { "Sell", "Buy" }

local function only_closes(p)
  return p.reduce_only or CLOSING[p.position_mode or 0] == p.side
end

local function check_held(lies, lie, run, call)
  local s = call.told[1]
  if not s then return end
  local open = earlier_open(run, call.life, call.params.symbol, call.began, call.first_number)
  for _, other in ipairs(not open and call.batch or {}) do -- what holds one order of a batch holds them all
    open = open or earlier_open(run, call.life, other.params.symbol, call.began, call.first_number)
  end
  if s.says == "not_sent" and s.err.kind == "guard" and not open then
    lie(lies, "held for nothing", call, "was refused at %.3f: %s", s.at, tostring(s.err))
  elseif #call.copies > 0 and call.kind == "place" and not only_closes(call.params) and open == "must"
    and earlier_open(run, call.life, call.params.symbol, call.copies[1].left, s.number) == "must" then
    lie(lies, "not held", call, "went out at %.3f with an intent of an earlier run open", call.copies[1].left)
  end
end

---------------------------------------------------------------------------------------------------------------

-- At the end, when nothing is in flight, only final intents are open.
local function check_end(lies, lie, run)
  if run.broke then return end
  if not run.last_unsettled then
    return lie(lies, "raised", nil, "unsettled raised: %s", tostring(run.last_raised))
  end
  for _, entry in ipairs(run.last_unsettled) do
    if not rawget(entry, "final") then
      lie(lies, "never settled", nil, "%s is open in the end, and not final", ledger.name_of_entry(entry))
    end
  end
  for _, call in ipairs(run.ledger.calls) do
    local last = ledger.last(call)
    if call.life == run.life and last and standing(call, math.huge, math.huge) == "unknown" then
      lie(lies, "never settled", call, "is unknown in the end, and not final: %s", tostring(last.err))
    end
  end
end

-- The intents that must be in the journal of a life that died, by name.
local function must_be_there(run)
  return function(entry)
    local counts, names = {}, {}
    for _, call in ipairs(run.ledger.calls) do
      -- the next life gets all of them
      if call.life.path and expected(call, {}, entry.at, entry.number) == "must" then
        local name = ledger.name(call)
        if not counts[name] then names[#names + 1] = name end
        counts[name] = (counts[name] or 0) + 1
      end
    end
    local list = {}
    for i, name in ipairs(names) do list[i] = { name = name, count = counts[name] } end
    return list
  end
end

--- The rules of lists, see rules.more.
function lists.check(lies, run, lie)
  for _, r in ipairs(run.ledger.reports) do
    check_report(lies, lie, run, r)
    if not r.report then check_silence(lies, lie, run, r) end
    check_list(lies, lie, run, "unsettled() before reconcile " .. r.key, r.life, r.began, r.before, r.first_number)
    if r.report then check_list(lies, lie, run, "unsettled() after reconcile " .. r.key, r.life, r.at, r.after, r.last_number) end
  end
  for _, entry in ipairs(run.ledger.lists) do
    if entry.why then lie(lies, "raised", nil, "unsettled() raised: %s", tostring(entry.why)) end
    check_list(lies, lie, run, "unsettled() " .. entry.what, entry.life, entry.at, entry.list, entry.number)
  end
  torn.check(lies, run, lie, must_be_there(run))
  for _, call in ipairs(run.ledger.calls) do check_held(lies, lie, run, call) end
  check_end(lies, lie, run)
end

return lists
