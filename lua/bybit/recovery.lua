-- What was not a plain success: made again where that is safe, settled where what happened is not known, or told as it
-- is. What is safe is data: the class of each code (dialect/codes), and how an endpoint is settled (`settle` of its row).

local core = require "bybit.core"
local confirm = require "bybit.confirm"
local errors = require "bybit.errors"
local intents = require "bybit.intents"
local limits = require "bybit.limits"
local log = require "bybit.log"
local settle = require "bybit.settle"
local stops = require "bybit.stops"
local tasks = require "bybit.tasks"
local verdict = require "bybit.verdict"

local loop = core.loop

local recovery = {}

-- Backoff: full jitter under a bound that doubles (seconds).
local FIRST, MOST = 0.25, 5
-- Retries that a client has in hand: each costs one, time and successes bring them back. An exchange that is down gets
-- no storm; what settles an order whose outcome is unknown is never refused.
local BUDGET, PER_SECOND, PER_SUCCESS = 30, 1, 0.5

-- Kinds that are never made again by themselves, whatever else is known: a second try meets the same.
local FINAL = { cancelled = true, closed = true, guard = true, tls = true, decode = true, too_large = true,
  not_found = true }

-- Names of codes that are made again once only: a second time something else is wrong.
local ONCE = { timestamp_out_of_window = true }

---@class bybit.Run one call on its way through recovery
---@field client table
---@field class table the dialect and its methods
---@field row table the endpoint's declaration
---@field method string the method's name, for messages
---@field params table what the caller gave
---@field stop number when the deadline passes, by the loop's clock
---@field worst? "unknown"|"rejected"|"not_sent" of all attempts
---@field began number when the call began, by the loop's clock
---@field first integer? timestamp of the first attempt, ms
---@field fence integer? the exchange's clock past which no attempt of unknown outcome can be accepted, ms
local Run = {}
Run.__index = Run

for name, method in pairs(require "bybit.lookup") do Run[name] = method end

local RANK = { not_sent = 1, rejected = 2, unknown = 3 }

--- The time that is left, in seconds.
function Run:left()
  return self.stop - loop.now()
end

--- Remembers what an attempt leaves open, and what it tells of limits and clocks.
function Run:note(err, facts, response, code)
  err.retry_after, self.refused = limits.hear(self.client, code, err, facts, response), facts.retry_after ~= nil
  self.unsent = not facts.sent
  if err.name == "timestamp_out_of_window" then core.client.adopt_clock(self.client) end
  if facts.timestamp and facts.timestamp > 0 then
    self.first = self.first or facts.first_timestamp
    if err.outcome == "unknown" then
      -- a second is the exchange's own tolerance (V5 documentation, authentication)
      self.fence = math.max(self.fence or 0, facts.timestamp + facts.receive_window + 1000)
      if self.row.settle == "amend" then self:may_come_late() end
    end
  end
  if err.outcome and (RANK[err.outcome] > (RANK[self.worst] or 0)) then self.worst = err.outcome end
end

--- Was the task that makes the call cancelled while it waited, or Ctrl-C pressed? Then the call raises when it ends: its
--- error, or what Ctrl-C raised.
function Run:interrupted(facts, err)
  if not facts.raise then return end
  self.cancelled, self.raised = true, facts.raise == true and err or facts.raise
end

--- Waits. False when the call was cancelled meanwhile, or no time is left.
---@param seconds number
function Run:sleep(seconds)
  local span = math.min(seconds, self:left())
  if span <= 0 then return self:left() > 0 end
  local token = self.params.cancel
  local ok, value
  if token then ok, value = pcall(token.wait, token, span) else ok, value = pcall(tasks.sleep, span) end
  if not ok then
    self.cancelled, self.raised = true, value -- the task that makes the call was cancelled, or Ctrl-C was pressed
  elseif token and value then
    self.cancelled = true
  end
  return not self.cancelled and self:left() > 0
end

--- Seconds to wait before the n-th retry.
function Run:backoff(n)
  return core.client.random(self.client) * math.min(MOST, FIRST * 2 ^ n)
end

--- Sends the same once more. True, result and response; or false, error, response and the row of its code.
function Run:again()
  local ok, a, response = self.send()
  if ok then return true, a, response end
  local err, code = verdict.of(self.class.dialect.codes, a, response, self.params)
  self:note(err, a, response, code)
  self:interrupted(a, err)
  return false, err, response, code
end

-- Is there a retry in hand? It is taken.
local function take_retry(client)
  local t = core.client.table(client)
  local budget, now, successes = t.budget_of_retries, loop.now(), core.client.successes(client)
  budget.left = math.min(BUDGET, budget.left + (now - budget.at) * PER_SECOND
    + (successes - budget.successes) * PER_SUCCESS)
  budget.at, budget.successes = now, successes
  if budget.left < 1 then return false end
  budget.left = budget.left - 1
  return true
end

--- What a client starts with.
function recovery.new_budget()
  return { left = BUDGET, at = loop.now(), successes = 0 }
end

-- Seconds after which the same call may be made again; nil: it may not.
function Run:retry_after(err, tried)
  if not err.retryable or FINAL[err.kind] then return nil end
  -- The limiter refuses where waiting is not wanted, or hopeless.
  if err.kind == "rate_limit" and (self.refused or core.client.table(self.client).impatient) then return nil end
  if err.name and ONCE[err.name] then return not tried[err.name] and 0 or nil end
  local wait = err.retry_after or self:backoff(tried.count)
  if wait >= self:left() then return nil end
  return wait
end

--- Gives up: the last attempt's error with the worst outcome of all.
function Run:give_up(err, response)
  if self.worst then err.outcome = self.worst end
  if err.outcome == "unknown" then err.retryable = false end
  if self.cancelled and err.kind ~= "cancelled" then
    err.kind, err.message, err.code, err.name = "cancelled", "cancelled", nil, nil
  end
  if err.outcome == "unknown" and self.row.settle then intents.keep(self, err) end
  response.unchanged = err.unchanged
  if self.cancelled and self.raised then
    self:told(err, response)
    error(errors.is(self.raised) and err or self.raised, 0)
  end
  return nil, err, response
end

--- An attempt has failed, but the call goes on: that is told.
function Run:goes_on(err, response)
  log.tell(self.client, self.method, self.params, response, self.made_id, err, true)
end

--- The call has ended: it is counted and told.
function Run:told(err, response)
  if err and err.outcome == "unknown" then core.client.count_unknown(self.client) end
  log.tell(self.client, self.method, self.params, response, self.made_id, err, self.row.internal)
end

-- Attempts until one succeeds, or nothing more may be tried.
local function recover(run, facts, response)
  local err, code = verdict.of(run.class.dialect.codes, facts, response, run.params)
  local tried = { count = 0 }
  run:note(err, facts, response, code)
  run:interrupted(facts, err)
  while true do
    if run.worst == "unknown" and not run.cancelled and run.row.settle then
      run:goes_on(err, response)
      return settle.after(run, err, response, code)
    end
    local wait = not run.cancelled and run:retry_after(err, tried)
    if not wait or not take_retry(run.client) or (wait > 0 and not run:sleep(wait)) then
      return run:give_up(err, response)
    end
    tried.count, tried[err.name or ""] = tried.count + 1, true
    run:goes_on(err, response)
    local ok, a
    ok, a, response, code = run:again()
    if ok then return a, nil, response end
    -- Time ran out before this one was sent: what the exchange said last is worth more.
    if a.kind == "timeout" and run.unsent then return run:give_up(err, response) end
    err = a
  end
end

local function new_run(class, row, client, params, facts, response)
  return setmetatable({ class = class, row = row, client = client, params = params, method = facts.method,
    send = facts.again, made_id = facts.client_order_id, number = facts.number, stop = loop.now() + facts.left,
    began = loop.now() - (response.duration or 0),
    call = class.inner(facts.method) }, Run)
end

--- A run over an intent whose sending is over: it can only be looked up.
---@param class table
---@param client table
---@param intent table see intents.lua
---@param deadline number seconds
---@param cancel userdata?
function recovery.look(class, client, intent, deadline, cancel)
  local params = setmetatable({ cancel = cancel }, { __index = intent.params })
  return setmetatable({ class = class, row = class.row(intent.row), client = client, params = params,
    method = intent.method, made_id = intent.client_order_id, intent = intent, number = intent.number,
    stop = loop.now() + deadline, began = intent.began, first = intent.first, fence = intent.fence, worst = "unknown",
    call = class.inner(intent.method) }, Run)
end

--- Looks what became of the run of an intent.
---@param run bybit.Run
---@param err bybit.Error what is told when it stays unknown
function recovery.settle(run, err)
  local copy = {}
  for k, v in pairs(err) do copy[k] = v end
  local result, why, response = settle.after(run, errors.new(copy, run.params), { attempts = 0, requests = 0,
    duration = 0 })
  if result and run.row.heard then stops.note(run) end
  return result, why, response
end

--- The function that the C core calls for whatever is not a plain success of an endpoint.
---@param class table the dialect and its methods
---@param row table the endpoint's declaration
function recovery.handler(class, row)
  return function(client, params, facts, response)
    local run = new_run(class, row, client, params, facts, response)
    local result, err
    if facts.result then
      result = facts.result
    else
      result, err, response = recover(run, facts, response)
      if run.number and (result or err.outcome ~= "unknown") then
        core.client.table(client).journal:done(run.number, result and "done" or err.outcome)
      end
    end
    if result and row.heard then stops.note(run) end
    run:told(err, response)
    if not facts.confirm or not row.settle then return result, err, response end
    if err and not err.unchanged then return nil, err, response end
    return confirm.read(run, result, response, err)
  end
end

return recovery
