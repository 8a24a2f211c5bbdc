-- Settles calls of unknown outcome: looks until the rules come to a conclusion, and sends again where a late copy can do no
-- harm. Placements, transfers and cancels are sent again at once: the exchange takes an id once, and a cancelled order stays
-- cancelled. A setting is made again after its fence if it does not show. What adds to an amount is never sent again. A late
-- copy of an amendment or a trading stop would undo a later call. So these are sent again only after their fence, when it
-- is proved that they were not carried out. A cancel-all is never sent again: the open orders are cancelled one by one.

local core = require "bybit.core"
local evidence = require "bybit.outcome.evidence"
local fence = require "bybit.outcome.fence"
local intents = require "bybit.outcome.intents"
local objects = require "bybit.records.objects"
local rules = require "bybit.outcome.rules"
local View = require "bybit.outcome.view"

local loop = core.loop

local settle = {}

-- Seconds between two looks while nothing can be concluded: short at first, since most orders show at once.
local FIRST, MOST = 0.1, 1

---------------------------------------------------------------------------------------------------------------
-- Looking.

-- Kinds that can be settled before their fence, when the order is seen.
local EARLY = { place = true, cancel = true, transfer = true }

-- Nothing can be found out about the intent, since no record tells of it or the exchange refuses to answer for it; and no copy of it
-- can act any more.
local function is_lost(run, view, intent)
  if intent.kind and not view:is_refused(intent) then return false end
  local ahead = fence.ahead(run.client, intent)
  if not ahead and run.class.dialect.endpoints.get_server_time then -- no answer has told the exchange's clock yet
    run.call(run.client, "get_server_time", run:reading {})
    ahead = fence.ahead(run.client, intent)
  end
  return ahead == 0
end

-- Seconds until it is worth looking at the intent again.
local function pause_of(run, view, intent, wait)
  local pause = fence.pause(run.client, intent)
  if not pause or not view.seen[intent] then return wait end
  local early = not view.many and (EARLY[intent.kind] or intent.partial)
  return early and not intent.swept and math.min(wait, pause) or pause
end

-- What can be concluded of an intent from one view.
local function conclude(run, view, intent)
  local conclusion = intent.kind and rules[intent.kind](intent, view)
  if not conclusion and is_lost(run, view, intent) then conclusion = { unclear = false } end
  if conclusion and conclusion.unclear ~= nil and fence.singles_ahead(run.client, intent) ~= 0 then return nil end
  return conclusion
end

-- Has the account's stream told how one of the intents ended?
local function is_told(run, list)
  local view = View.new(run, list)
  for _, intent in ipairs(list) do
    local rule = rules.told[intent.kind]
    if rule and rule(intent, view) then return true end
  end
  return false
end

-- Waits until it is worth looking again: so many seconds, or until the stream has told something. False as Run:sleep.
local function rest(run, list, pause)
  local sightings, stop = core.client.table(run.client).sightings, loop.now() + pause
  while true do
    local news = sightings and sightings.news(run.client)
    if not news then return run:sleep(pause) end
    if is_told(run, list) then return true end
    if not run:sleep(pause, news) then return false end
    pause = stop - loop.now()
    if pause <= 0 then return true end
  end
end

--- Looks until there is a conclusion for each of the intents, or the run has no time left or was stopped.
---@param run bybit.Run
---@param list bybit.Intent[]
---@param hear fun(intent: bybit.Intent, conclusion: table)
function settle.watch(run, list, hear)
  local open, wait = { table.unpack(list) }, FIRST
  while #open > 0 and not run.halted and run:left() > 0 do
    local view, pause, left = View.new(run, open), 0, {}
    for _, intent in ipairs(open) do
      local conclusion = conclude(run, view, intent)
      if conclusion then
        hear(intent, conclusion)
      else
        left[#left + 1] = intent
        pause = math.max(pause, pause_of(run, view, intent, wait)) -- many: the next look is when the last one can be told
      end
    end
    open = left
    if #open == 0 or not rest(run, open, pause) then return end
    wait = math.min(wait * 2, MOST)
  end
end

local function watch_one(run)
  local found
  settle.watch(run, { run.intent }, function(_, conclusion) found = conclusion end)
  return found
end

---------------------------------------------------------------------------------------------------------------
-- From a conclusion to what the call returns: the result; or nil, and run.err says what is known.

local function refuted(run, conclusion)
  local err, kind = run.err, run.intent.kind
  run.worst = "rejected"
  if kind == "cancel" and conclusion.refuted == "read" then
    err = run:missing(("the order has ended: %s"):format(evidence.text(conclusion.record, "status") or "?"))
    run.err = err
  end
  err.proof = conclusion.refuted
  err.retryable = conclusion.refuted == "fence" and err.kind ~= "exchange" and err.kind ~= "not_found"
    or err.retryable or false
end

local ADDS = { place = true, add = true, transfer = true }

-- May the call be made again without harm, once no copy of it can act any more?
local function may_be_repeated(intent)
  return not ADDS[intent.kind] and not intent.partial
end

local function unclear(run, conclusion)
  local err, intent = run.err, run.intent
  intents.finalize(run.client, intent, conclusion.unclear or nil)
  run.worst, err.final, err.retryable = "unknown", true, may_be_repeated(intent)
  if conclusion.unclear then err[intents.names_record(intent)] = conclusion.unclear end
end

local function result_of(run, record)
  local kind = run.intent.kind
  if kind == "stop" then return run:set(next(record) and record) end
  if kind == "setting" or kind == "add" then return {} end
  if kind == "transfer" then
    return setmetatable({ transfer_id = run.intent.client_order_id, status = rawget(record, "status") },
      objects.metatable(run.row.result.record))
  end
  if kind == "all" then return setmetatable({}, objects.metatable("cancelled_order").__list) end
  return run:acknowledge(record)
end

--- The call's result by this conclusion; nil: nothing was concluded, or the call failed.
---@param run bybit.Run
---@param conclusion table?
function settle.apply(run, conclusion)
  if not conclusion then return nil end
  if conclusion.done then return result_of(run, conclusion.done) end
  if conclusion.refuted then return refuted(run, conclusion) end
  return unclear(run, conclusion)
end

---------------------------------------------------------------------------------------------------------------
-- Sending again at once.

-- Sends again until an answer is a success, or `enough(err, code)` says that more attempts are useless. Returns the result. If the
-- answer so far says when another attempt may be sent (Retry-After), it waits for that.
local function send_until(run, enough)
  local told = run.err and run.err.retry_after
  if told and not run:sleep(told) then return nil end
  while not run.halted and run:left() > 0 do
    local result, err, code = run:again()
    if result then return result end
    if run.halted or err.kind == "guard" or enough(err, code) then return nil end -- guard: it is not sent again
    if not run:sleep(math.max(err.retry_after or 0, run:backoff())) then return nil end
  end
end

-- The exchange refused this copy, and would refuse another.
local function is_refused(err)
  return err.outcome == "rejected" and not err.retryable
end

local live = {}

-- The exchange says that the id is taken. If we made the id, the order is ours: it was placed, even if it does not show yet.
local function taken(run)
  local intent, stop = run.intent, run.stop
  if not intent.made then return settle.apply(run, watch_one(run)) end
  run.stop = math.min(stop, loop.now() + core.client.table(run.client).visibility)
  local conclusion = watch_one(run)
  run.stop = stop
  if conclusion and conclusion.done then return settle.apply(run, conclusion) end
  if run.halted then return nil end
  run.response.unconfirmed = run:missing()
  return setmetatable({ client_order_id = intent.client_order_id }, objects.metatable(run.row.result.record))
end

function live.place(run)
  local intent = run.intent
  local told = rules.told.place(intent, View.new(run, { intent }))
  if told then return settle.apply(run, told) end
  if rawget(run.params, "resend") ~= false then
    local result = send_until(run, function(err, code)
      intent.taken = code ~= nil and code.class == "duplicate"
      return intent.taken or is_refused(err)
    end)
    if result then return result end
  end
  if intent.taken then return taken(run) end
  return settle.apply(run, watch_one(run))
end

function live.cancel(run)
  local conclusion = conclude(run, View.new(run, { run.intent }), run.intent)
  if not conclusion then
    local result = send_until(run, is_refused)
    if result then return result end
    conclusion = watch_one(run)
  end
  return settle.apply(run, conclusion)
end

---------------------------------------------------------------------------------------------------------------
-- Changes whose late copies do harm.

-- Makes a change again, since it was proved that it was not made. Returns true and the result, if any; false: the outcome of the
-- new attempt is unknown, and has to be settled.
local function make_again(run)
  local result, err
  repeat
    result, err = run:again(true)
    if result or run.worst == "unknown" then break end
    if err.unchanged then
      result = run.intent.kind == "stop" and run:set() or run:acknowledge { order_id = run:order_id(),
        client_order_id = rawget(run.params, "client_order_id") }
    end
  until result or not err.retryable or not run:sleep(math.max(err.retry_after or 0, run:backoff()))
  return result ~= nil or run.worst ~= "unknown", result
end

-- May it be made once more? Not if a later change of the same was sent meanwhile: this one would undo it.
local function may_make_again(run, conclusion)
  if not conclusion or conclusion.refuted ~= "fence" or run.halted or run:left() <= 0 then return false end
  local _, overtaken = core.client.contended(run.call_data)
  return not overtaken
end

-- The conclusion for a change. If a copy of an earlier change may still undo it, it looks again when none can.
local function watch_change(run)
  local conclusion = watch_one(run)
  if not conclusion or not core.client.contended(run.call_data) then return conclusion end
  if not run:outlast() then return nil end
  intents.unsweep(run.intent)
  return watch_one(run)
end

function live.amend(run)
  while true do
    local conclusion = watch_change(run)
    if not may_make_again(run, conclusion) then return settle.apply(run, conclusion) end
    local ended, result = make_again(run)
    if ended then return result end
  end
end

-- Finds out whether the stop adds. On v2 Partial mode is a setting of the account, and the position tells it.
local function find_mode(run)
  local intent = run.intent
  if intent.partial or not run.class.dialect.account_mode then return true end
  repeat
    local position = run:position()
    local mode = position and evidence.word(position, "tpsl_mode", "tpsl_mode")
    if mode then
      intent.partial = mode == "Partial"
      return true
    end
  until not run:sleep(MOST)
  return false
end

function live.stop(run)
  if not find_mode(run) then return nil end
  if run.intent.partial then return settle.apply(run, watch_one(run)) end
  return live.amend(run)
end

-- Sets it again. Returns the result; or nil, and whether the outcome of this attempt is unknown.
local function set_again(run)
  repeat
    local result, err = run:again()
    if result then return result end
    if err.unchanged then
      run.response.unchanged = true
      return {}
    end
    if err.outcome == "unknown" then return nil, true end
  until not err.retryable or not run:sleep(math.max(err.retry_after or 0, run:backoff()))
  return nil, false
end

-- A setting is made again when no copy of it can act any more and it does not show: then it stands as asked, whatever became of
-- the earlier copies. They stay on the intent, since nothing is proved of them.
function live.setting(run)
  while true do
    local conclusion = watch_one(run)
    if not conclusion or not conclusion.again or run.halted or run:left() <= 0 then return settle.apply(run, conclusion) end
    local result, unknown = set_again(run)
    if result or not unknown then return result or settle.apply(run, conclusion) end
  end
end

-- What adds to an amount is never sent again.
function live.add(run)
  return settle.apply(run, watch_one(run))
end

--- Was the transfer made, or is it under way, as far as its answer tells?
---@param result table
---@return boolean
function settle.moves(result)
  local status = evidence.word(result, "status", "transfer_status")
  return status == "SUCCESS" or status == "PENDING"
end

-- The exchange takes a transfer's id once, so the transfer is sent again at once. An answer may say that it was taken, and not
-- how it ended: the list of transfers tells that.
function live.transfer(run)
  local intent = run.intent
  if not intent.taken then
    local result = send_until(run, function(err, code)
      intent.taken = code ~= nil and code.class == "duplicate"
      return intent.taken or is_refused(err)
    end)
    if result and settle.moves(result) then return result end
    intent.taken = intent.taken or result ~= nil
  end
  return settle.apply(run, watch_one(run))
end

local function list_open(run)
  local view, orders
  repeat
    view = View.new(run, { run.intent })
    orders, view.time = view:open(run.intent)
  until orders or not run:sleep(MOST)
  return orders and view, orders
end

-- Cancels each order that the cancel-all concerns. Returns whether some may still be open. `done` collects what was cancelled.
-- The cancel-all's own intent stands for single cancels of unknown outcome.
local function cancel_each(run, view, orders, done)
  local open = false
  for _, order in ipairs(orders) do
    local id = evidence.text(order, "order_id")
    if rules.is_meant(run.intent, order, view) ~= false then
      run.intent.one_by_one = true
      local ack, err
      if id then
        ack, err = run.class.dialect.cancel_one(run.call, run.client, run:reading { symbol = run.intent.symbol,
          order_id = id }, run.conditional)
      end
      if ack then done[#done + 1] = ack end
      open = open or not ack and not (err and err.kind == "not_found")
      local unknown = err and intents.of(err)
      if unknown then intents.join(run.client, unknown, run.intent) end
    end
  end
  return open
end

-- Cancels what is open one by one, by id, at once. True only when no late copy of the cancel-all can cancel what is placed next,
-- and every order that was open before would show.
local function cancel_all(run, done)
  while true do
    local view, orders = list_open(run)
    if not view then return false end
    local open = cancel_each(run, view, orders, done)
    local stage = view:stage(run.intent, view.time)
    if not open and (stage == "past" or stage == "settled") then return true end
    if not run:sleep(not open and fence.pause(run.client, run.intent) or MOST) then return false end
  end
end

function live.all(run)
  local done = setmetatable({}, objects.metatable("cancelled_order").__list)
  if not cancel_all(run, done) then
    run.err.cancelled = done[1] and done
    return nil
  end
  return done
end

--- Goes on after an attempt of unknown outcome. Returns the call's result; or nil, and run.err and run.worst say what is known.
---@param run bybit.Run
function settle.after(run)
  return live[run.intent.kind](run)
end

return settle
