-- Handles every call that was not a plain success. It sends again where that is safe, settles what is not known, and tells the
-- rest as it is. All calls leave by one way out: whatever ends a call here (an answer, its deadline, a token, a cancelled task,
-- Ctrl-C, a closed client, an error in a hook), the intent is kept and what is known so far is told.

local core = require "bybit.core"
local errors = require "bybit.errors"
local evidence = require "bybit.outcome.evidence"
local fence = require "bybit.outcome.fence"
local intents = require "bybit.outcome.intents"
local log = require "bybit.outcome.log"
local read_back = require "bybit.outcome.read_back"
local Run = require "bybit.outcome.run"
local settle = require "bybit.outcome.settle"
local stops = require "bybit.later".module "bybit.outcome.stops" -- methods.lua loads it for who sets stops

local loop = core.loop

local recovery = {}

-- A client's budget of retries. Each retry costs one; time and successes bring them back. So an exchange that is down gets no
-- storm of retries. Requests that settle an unknown outcome cost nothing.
local BUDGET, PER_SECOND, PER_SUCCESS = 30, 1, 0.5

-- Kinds of errors that are never retried automatically: a second try would fail in the same way.
local FINAL = { cancelled = true, closed = true, guard = true, tls = true, decode = true, too_large = true,
  not_found = true }

-- A client's budget. It is full until the first retry.
local function budget_of(client)
  local t = core.client.table(client)
  if not t.budget_of_retries then t.budget_of_retries = { left = BUDGET, at = loop.now(), successes = 0 } end
  return t.budget_of_retries
end

-- Takes a retry from the budget. False: none is left.
local function take_retry(client)
  local budget, now, successes = budget_of(client), loop.now(), core.client.successes(client)
  budget.left = math.min(BUDGET, budget.left + (now - budget.at) * PER_SECOND
    + (successes - budget.successes) * PER_SUCCESS)
  budget.at, budget.successes = now, successes
  if budget.left < 1 then return false end
  budget.left = budget.left - 1
  return true
end

-- Seconds after which the same call may be made again; nil: it may not.
local function retry_after(run, err, code, tried)
  if not err.retryable or FINAL[err.kind] then return nil end
  -- The limiter refused, since waiting is not wanted or would take too long.
  if err.kind == "rate_limit" and (run.refused or core.client.table(run.client).impatient) then return nil end
  -- The clock was corrected by the answer: a second time something else is wrong.
  if code and code.clock then return not tried[err.name] and 0 or nil end
  local wait = err.retry_after or run:backoff()
  return wait < run:left() and wait or nil
end

--- Tries until an attempt succeeds, or no further one is allowed. Returns the result; or nil, and the run holds the error.
---@param run bybit.Run
---@param facts table of the attempt
---@param response bybit.Response
function recovery.recover(run, facts, response)
  local err, code = run:judge(facts, response)
  run:note(err, facts, response, code)
  local tried = {}
  while not run.halted do
    if run.worst == "unknown" and run.intent then
      local result = settle.after(run)
      if result and code and code.flaw then run.response.flaw = err.message end
      return result
    end
    local wait = retry_after(run, err, code, tried)
    if not wait or not take_retry(run.client) or (wait > 0 and not run:sleep(wait)) then return nil end
    tried[err.name or ""] = true
    local result, again
    result, again, code = run:again()
    if result then return result end
    if again.kind == "timeout" and run:left() <= 0 then return nil end
    err = again
  end
end

---------------------------------------------------------------------------------------------------------------
-- After a success.

-- Did the stop add to others? On v2 the position tells: there Partial mode is a setting of the account.
local function is_partial(run, result)
  return intents.adds(run.params) or result ~= nil and rawget(result, "tpsl_mode") == "Partial"
end

-- A stop that protects was sent while a copy of an earlier change of the position could still arrive and undo it. So the call
-- returns only when no copy can arrive any more. If the stop was undone, and there still is a position, it is made again. A stop
-- that adds cannot be undone by another.
local function protect(run, facts, result)
  if is_partial(run, result) then return result end
  local position = run:outlast() and run:position()
  local shows = position and (evidence.shows(run.params, position) or position:is_flat())
  if shows then return result end
  if position and shows == false then
    if result then -- the acknowledged copy counts too when the outcome of the repetition is judged
      run.intent = run.intent or intents.open(run)
      intents.add_copy(run.intent, facts)
    end
    local again = run:again() or run.worst == "unknown" and settle.after(run)
    if again then return again end
  end
  run.response.unconfirmed = run:missing "an earlier change of the position may have undone it"
  return result
end

-- Notes that a stop that adds was carried out, between its signing and its answer.
local function note_part(run, facts, result)
  if run.row.settle ~= "stop" or not is_partial(run, result) then return end
  local from = run.intent and fence.earliest(run.client, run.intent) or core.client.arrival(run.client, facts.signed_at)
  stops.note(run.client, run.params, from, run.response.time or run.client:now(), run.number)
end

-- A cancel-all is done at once, but a placement of unknown outcome may still arrive after it.
local function warn_of_placements(run)
  for _, intent in ipairs(core.client.table(run.client).intents) do
    if intent.kind == "place" and intent.symbol == run.params.symbol and fence.ahead(run.client, intent) ~= 0 then
      run.response.unconfirmed = run:missing "a placement of unknown outcome may still arrive"
    end
  end
end

-- An answer to a transfer may say that it has failed, or that the exchange does not know. Returns the result if it was made.
local function taken(run, facts)
  if run.row.settle ~= "transfer" or settle.moves(facts.result) then return facts.result end
  local failed = evidence.word(facts.result, "status", "transfer_status") == "FAILED"
  run.err = run:missing(failed and "the transfer failed" or "the exchange has the transfer, and does not say what became of it")
  run.err.kind = "exchange"
  if failed then
    run.worst = "rejected"
    return nil
  end
  run:add_unknown(facts)
  run.intent.taken = true
  return settle.after(run)
end

-- A setting that is already as asked is a success.
local function is_already_set(run)
  return run.row.settle == "setting" and not run.result and run.worst ~= "unknown" and run.err.unchanged
end

-- All the work on a call. It may raise; the way out comes after it in any case.
local function work(run, facts, response)
  if facts.result then
    if facts.raise then run:halt("cancelled", facts.raise) end
    run.result = taken(run, facts)
  else
    run.result = recovery.recover(run, facts, response)
  end
  if is_already_set(run) then run.result, run.response.unchanged = {}, true end
  if run.result and run.row.heard then note_part(run, facts, run.result) end
  if run.result and run.row.settle == "all" then warn_of_placements(run) end
  if facts.overtook and not run.halted and (run.result or run.err.unchanged) then
    run.result = protect(run, facts, run.result) -- also when everything was already as asked: a late copy may change that
  end
  if facts.confirm and run.row.settle and (run.result or run.err.unchanged) then read_back.read(run) end
  if facts.confirm and run.row.settle == "cancel" and not run.result and not run.row.internal then
    read_back.read_end(run) -- not of a single cancel of a cancel-all: that lists cancelled orders only
  end
end

---------------------------------------------------------------------------------------------------------------
-- The one way out.

local CANCELLED = { cancelled = "cancelled", closed = "the client was closed" }

--- The error of a call that failed: that of the last attempt, with the worst outcome of all attempts.
---@param run bybit.Run
---@return bybit.Error
function recovery.error_of(run)
  local err = run.err or run:stopped()
  if run.halted and err.kind ~= run.halted then
    err.kind, err.message, err.code, err.name, err.http_status = run.halted, CANCELLED[run.halted], nil, nil, nil
  end
  if run.row.changes then err.outcome = run.worst or err.outcome end
  if run.halted or err.outcome == "unknown" and not err.final then err.retryable = false end
  if run.row.settle ~= "transfer" then
    err.client_order_id = err.client_order_id or run.made_id or rawget(run.params, "client_order_id")
  end
  err.attempts, err.elapsed = math.max(run.attempts, err.attempts or 0), loop.now() - run.began
  return err
end

-- Will the call raise what is no error of ours, such as Ctrl-C's? Then its caller is not told the outcome.
local function tells_nothing(run)
  return run.raised ~= nil and not errors.is(run.raised) and not run.row.internal
end

-- Ends the intent, or keeps it on the list: if the outcome is unknown, or known and not told, so that reconcile tells it.
local function leave(run, err, overtook)
  local client, intent = run.client, run.intent
  local outcome = run.ended and run.worst or run.result and "done" or err.outcome
  if not intent then
    local journal = core.client.table(client).journal
    if run.number and journal and (run.err or overtook or run.row.settle == "transfer") then
      journal:finish(run.number, outcome, client:now())
    end
    return
  end
  if outcome ~= "unknown" and (outcome == "not_sent" or not tells_nothing(run)) then
    intent.settled = { run.result, err, run.response }
    intents.close(client, intent, outcome)
  elseif err then
    intents.attach(err, intent)
  end
  intents.claim(client, intent, run.call_data)
end

-- Raises at the end of the call what has to be raised, if anything. An acknowledgement is returned even to a cancelled task,
-- which then ends at its next wait.
local function raise(run, err)
  local value = run.raised
  if value == nil or errors.is(value) and run.result then return end
  if run.row.internal and err then return Run.keep_raised(err, value) end -- its outer call raises
  error(errors.is(value) and err or value, 0)
end

-- Guard rails count what a call may have done until they hear how it ended.
local function tell_guard(run, err)
  local rails = core.client.table(run.client).guard
  if rails then rails:told(run.call_data, run.result, err, run.intent) end
end

-- An order that was placed may not be listed yet; the client remembers it for who cancels by a list.
local function note_placed(run)
  if run.row.settle ~= "place" or not run.result then return end
  core.client.note_placed(run.client, run.params.symbol, evidence.text(run.result, "order_id"),
    evidence.text(run.result, "client_order_id"), run.row.conditional or false)
end

--- Notes how a call ended: in the journal, on the list of intents, and for guard rails.
---@param run bybit.Run
---@param err bybit.Error?
---@param facts table of its first attempt
function recovery.close(run, err, facts)
  leave(run, err, facts.overtook)
  note_placed(run)
  tell_guard(run, err)
end

-- An element of a batch leaves when its batch returns: until then its caller is not told, and the journal must not say that it was.
local function close_later(run, err, facts)
  note_placed(run)
  tell_guard(run, err)
  facts.leave = function(raised)
    if run.raised == nil then run.raised = raised end
    leave(run, err, facts.overtook)
  end
end

local function way_out(run, facts)
  local err = not run.result and recovery.error_of(run) or nil
  local close = facts.element and close_later or recovery.close
  close(run, err, facts)
  local response = run.response
  if err then response.unchanged = err.unchanged end
  if err and err.outcome == "unknown" then core.client.count_unknown(run.client) end
  log.tell(run.client, run.method, run.params, response, run.made_id, err, run.row.internal)
  if facts.element then return run.result, err, response, run.raised end -- its batch raises
  raise(run, err)
  return run.result, err, response
end

-- Runs also if memory ran out on the way: client:unsettled() then lists the intent, and later changes of the same may go on.
local guard = { __close = function(self)
  local intent = self.run.intent
  if self.facts.element and intent then -- its batch does it
    self.facts.intent = intent
    return
  end
  if intent then intent.settling = nil end
  core.client.unclaim(self.run.call_data)
end }

--- Ends a call that was not a plain success. An element of a batch does not raise: what it would raise is a fourth result; and
--- facts.leave(raised) notes its end when the batch returns, or raises that.
---@param class table the dialect and its methods
---@param row table the endpoint's declaration
---@param client userdata
---@param params table what the caller gave
---@param facts table of the attempt, from the C core
---@param response bybit.Response
function recovery.finish(class, row, client, params, facts, response)
  local run = Run.new(class, row, client, params, facts, response)
  local _ <close> = setmetatable({ run = run, facts = facts }, guard)
  local ok, value = pcall(work, run, facts, response)
  if not ok then run:halt("cancelled", value) end
  return way_out(run, facts)
end

return recovery
