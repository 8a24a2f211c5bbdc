-- A run: one call, from an attempt that was not a plain success (or from its read-back) to its end. It knows the time that is
-- left, waits, sends again, and makes the requests that look something up. None of these raises because the call was stopped: a
-- stopped run does nothing more, and recovery.lua tells what is known.

local core = require "bybit.core"
local errors = require "bybit.errors"
local intents = require "bybit.outcome.intents"
local later = require "bybit.later"
local limits = require "bybit.wire.limits"
local log = require "bybit.outcome.log"
local objects = require "bybit.records.objects"
local odd = require "bybit.records.odd"
local verdict = require "bybit.outcome.verdict"

local loop, tasks = core.loop, later.module "bybit.tasks"

-- Backoff in seconds: a random wait (full jitter) below a bound that doubles.
local FIRST, MOST = 0.25, 5

local SOON = 0.1 -- seconds between two questions whether an earlier change has ended

local RANK = { not_sent = 1, rejected = 2, unknown = 3 }

---@class bybit.Run
---@field client userdata
---@field class table the dialect and its methods
---@field row table the endpoint's declaration
---@field method string the method's name, for messages
---@field params table what the caller gave
---@field category string? the kind of contracts that the call is about; nil: it is about none, or it only looks things up
---@field stop number when the deadline passes, on the loop's clock
---@field began number when the call began, on the loop's clock
---@field worst? "unknown"|"rejected"|"not_sent" the worst outcome of all attempts so far
---@field attempts integer requests sent for the call
---@field intent bybit.Intent? only once the outcome of an attempt was unknown
---@field halted "cancelled"|"closed"|nil why the run was stopped
---@field ended boolean? the result is the record of an order that had ended before its cancel came
---@field raised any what the call has to raise at its end
---@field err bybit.Error? the error to return if nothing better is found out
---@field response bybit.Response?
local Run = {}
Run.__index = Run

local raised = setmetatable({}, { __mode = "k" }) -- error of an inner request -> what its call has to raise

--- What the call that got this error from an inner request has to raise; nil: nothing.
---@param err bybit.Error?
function Run.raised_with(err)
  return err and raised[err]
end

--- Keeps what an inner request would raise with the error that it returns.
function Run.keep_raised(err, value)
  raised[err] = value
end

local function inner(self)
  local call = self.class.inner(self.method)
  return function(client, row, params)
    if self.halted then return nil, self:stopped() end
    if not self.class.dialect.endpoints[row].categories then params.category = nil end -- it is about the account
    local result, err, response = call(client, row, params)
    odd.note(result, response)
    if not result and (err.kind == "cancelled" or err.kind == "closed") then self:halt(err.kind, raised[err]) end
    return result, err, response
  end
end

-- Is the call about orders with a trigger? A row that several methods share does not tell; the method's own row does.
local function is_conditional(class, row, method)
  local outer = class.dialect.endpoints[method]
  return row.conditional or outer and outer.conditional or false
end

--- A run for a call, from the facts of its attempt.
---@param class table
---@param row table
---@param client userdata
---@param params table
---@param facts table from the C core
---@param response bybit.Response
---@return bybit.Run
function Run.new(class, row, client, params, facts, response)
  local self = setmetatable({ class = class, row = row, client = client, params = params, method = facts.method,
    send = facts.again, call_data = facts.call, made_id = facts.client_order_id, number = facts.number,
    stop = facts.stop or loop.now() + facts.left, began = facts.began or loop.now() - (response.duration or 0),
    attempts = response.attempts or 0,
    response = response, tried = 0, conditional = is_conditional(class, row, facts.method),
    category = intents.category_of(client, row, params) }, Run)
  self.call = inner(self)
  return self
end

--- A run that only looks things up: nothing is sent again.
---@param class table
---@param client userdata
---@param method string for messages
---@param params table symbol, and options of a call
---@param deadline number seconds
---@return bybit.Run
function Run.look(class, client, method, params, deadline)
  local self = setmetatable({ class = class, client = client, method = method, params = params,
    stop = loop.now() + deadline, began = loop.now(), attempts = 0, tried = 0,
    response = { attempts = 0, requests = 0, duration = 0 } }, Run)
  self.call = inner(self)
  return self
end

---------------------------------------------------------------------------------------------------------------
-- Time, and being stopped.

--- The time that is left, in seconds.
function Run:left()
  return self.stop - loop.now()
end

--- Stops the run: the call was cancelled, its client was closed, or something was raised.
---@param kind "cancelled"|"closed"
---@param value any what the call raises at its end; nil: it returns its error
function Run:halt(kind, value)
  self.halted = self.halted or kind
  if self.raised == nil then self.raised = value end
end

-- What kind of change the call makes; nil: none, or the run only looks things up.
local function change_of(self)
  return self.row and self.row.settle
end

--- The error of a request that is not made, since the run was stopped.
function Run:stopped()
  return errors.new({ kind = self.halted, method = self.method, change = change_of(self), message = self.halted,
    attempts = self.attempts,
    elapsed = loop.now() - self.began }, self.params)
end

local function closing(client)
  return core.client.table(client).closing
end

--- Waits. False: the call was stopped meanwhile, or no time is left.
---@param seconds number
---@param news userdata? a token that ends the wait early
---@return boolean
function Run:sleep(seconds, news)
  if self.halted then return false end
  local token = self.token or core.token(self.params.cancel, closing(self.client))
  self.token = token
  local ok, cancelled = pcall(tasks.wait, news and core.token(token, news) or token, math.max(math.min(seconds, self:left()), 0))
  if not ok then
    self:halt("cancelled", cancelled) -- the task that makes the call was cancelled, or Ctrl-C was pressed
  elseif cancelled and token:cancelled() then
    self:halt(core.client.closed(self.client) and "closed" or "cancelled")
  end
  return not self.halted and self:left() > 0
end

--- Waits until no copy of an earlier change can undo this one any more, and what such a copy did would show. False: the run was
--- stopped, or time ran out.
---@return boolean
function Run:outlast()
  while core.client.contended(self.call_data) do
    if not self:sleep(SOON) then return false end
  end
  return self:sleep(core.client.table(self.client).visibility)
end

--- Seconds to wait before the next attempt, longer each time.
function Run:backoff()
  self.tried = self.tried + 1
  return core.client.random(self.client) * math.min(MOST, FIRST * 2 ^ self.tried)
end

---------------------------------------------------------------------------------------------------------------
-- Attempts.

--- Notes that a copy of the change went out of which nothing is known.
---@param facts table
function Run:add_unknown(facts)
  self.intent = self.intent or intents.open(self)
  intents.add_copy(self.intent, facts)
  self.worst = "unknown"
end

--- The error that follows from the facts of an attempt, and the row of its code. If it cannot be made (memory may be too short
--- to load the codes), the intent is kept before that is raised.
---@param facts table
---@param response bybit.Response
---@return bybit.Error err
---@return table? code
function Run:judge(facts, response)
  local ok, err, code = pcall(verdict.of, self.class.dialect.codes, facts, response, self.params,
    self.category)
  if ok then return err, code end
  if facts.sent and self.row.settle then self:add_unknown(facts) end
  error(err, 0)
end

--- Takes in the error of an attempt: what it says about limits and the clock, whether its outcome is open, and whether the call
--- was stopped meanwhile.
---@param err bybit.Error
---@param facts table
---@param response bybit.Response
---@param code table? the row of its code
function Run:note(err, facts, response, code)
  err.retry_after, self.refused = limits.hear(self.client, code, err, facts, response), facts.retry_after ~= nil
  if code and code.clock then core.client.adopt_clock(self.client) end
  self.attempts = math.max(self.attempts, response.attempts or 0)
  if err.outcome == "unknown" and self.row.settle then self:add_unknown(facts) end
  if err.outcome and RANK[err.outcome] > (RANK[self.worst] or 0) then self.worst = err.outcome end
  -- If time ran out before this attempt was sent, or a guard rail refused to send it, the error before it tells more: it is kept.
  if not self.err or facts.sent or err.kind ~= "timeout" and err.kind ~= "guard" then self.err, self.response = err, response end
  if err.kind == "closed" then self:halt "closed" end
  if err.kind == "cancelled" then self:halt("cancelled", facts.raise == true and err or facts.raise) end
  if facts.raise then self:halt("cancelled", facts.raise == true and err or facts.raise) end
end

--- Sends the same request once more. Returns the result and the response; or nil, the error and its code's row, and the error is
--- noted.
---@param fresh boolean? it is proved that no earlier attempt did anything, or can
---@return table? result
---@return bybit.Response? response, or the error
---@return table? code the row of the error's code
function Run:again(fresh)
  if self.err then log.tell(self.client, self.method, self.params, self.response, self.made_id, self.err, true) end
  if fresh then
    if self.intent then intents.forget_copies(self.intent) end
    self.worst = "rejected"
  end
  local ok, a, response, interrupt = self.send(not self.intent or #self.intent.copies == 0)
  if ok then
    if interrupt ~= nil then self:halt("cancelled", interrupt) end
    self.attempts, self.response = math.max(self.attempts, response.attempts or 0), response
    return a, response
  end
  local err, code = self:judge(a, response)
  self:note(err, a, response, code)
  return nil, err, code
end

---------------------------------------------------------------------------------------------------------------
-- Looking things up.

--- The parameters of a request that looks something up: `fields`, with the call's own options, and its category if they name none.
---@param fields table
function Run:reading(fields)
  local p = self.params
  fields.category = fields.category or self.category
  fields.receive_window, fields.timeout, fields.connect_timeout = p.receive_window, p.timeout, p.connect_timeout
  fields.cancel, fields.deadline = p.cancel, math.max(self:left(), 0.001)
  return fields
end

--- The exchange's id that the caller gave for the order.
function Run:order_id()
  return rawget(self.params, "order_id") or rawget(self.params, "stop_order_id")
end

--- The position that the call is about, also a flat one.
function Run:position()
  return self.class.dialect.position(self.call, self.client, self:reading { symbol = self.params.symbol,
    position_mode = self.params.position_mode })
end

-- Seconds to wait until a stream tells of an order.
local SOON_TOLD = 0.5

--- What the account's stream tells of an order within a moment. Nil: it told nothing, or no such record, or there is none that is
--- sure; that proves nothing.
---@param id string? the exchange's id of the order
---@param wanted fun(order: table): boolean?
---@param since number? on the loop's clock: what came before does not count
function Run:told(id, wanted, since)
  local sightings = core.client.table(self.client).sightings
  if not sightings or not id then return nil end
  local stop = loop.now() + SOON_TOLD
  repeat
    local news = sightings.news(self.client)
    if not news then return nil end
    local order = sightings.find(self.client, id, since)
    if order and wanted(order) then return order end
  until loop.now() >= stop or not self:sleep(stop - loop.now(), news)
end

--- An error that says that the order cannot be seen (yet).
function Run:missing(message)
  return errors.new({ kind = "not_found", method = self.method, change = change_of(self),
    message = message or "the order does not show yet",
    attempts = self.attempts, elapsed = loop.now() - self.began,
    client_order_id = self.made_id or rawget(self.params, "client_order_id") }, self.params)
end

--- What the call would have returned: the order's ids if the exchange only acknowledges, else the order.
---@param order table
function Run:acknowledge(order)
  if self.row.result.record ~= "order_id" then return order end
  return setmetatable({ order_id = rawget(order, "order_id"), client_order_id = rawget(order, "client_order_id") },
    objects.metatable "order_id")
end

--- What a trading stop would have returned: the position, if the exchange answers with it.
---@param position table?
function Run:set(position)
  if not self.row.result.record then return {} end
  return position or self:position() or {}
end

return Run
