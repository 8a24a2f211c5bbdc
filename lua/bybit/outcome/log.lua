-- The option `log`: the event that a listener gets about a call, and the line that is written for it. The C core calls the
-- listener for a call that simply succeeded, recovery calls it for all others; see src/call/log.c. No event holds a secret:
-- messages were redacted when they came in.

local core = require "bybit.core"
local errors = require "bybit.errors"
local later = require "bybit.later"
local printable = require "bybit.text.printable"

local time = later.module "bybit.text.time"

local log = {}

---@class bybit.LogEvent
---@field time integer the exchange's clock, ms
---@field level "debug"|"info"|"warn"|"error" debug: a request that is part of a call, or will be made again; warn: a call
--- failed; error: its outcome is unknown
---@field method string
---@field verb? string of client:request
---@field path? string of client:request
---@field symbol? string
---@field client_order_id? string
---@field attempt integer how many requests the call has sent so far
---@field status? integer the HTTP status
---@field duration? number seconds
---@field outcome "ok"|"not_sent"|"rejected"|"unknown"|nil nil: a call that only reads has failed
---@field error? string one line

-- A parameter of the caller's that belongs in an event, as the caller wrote it; nil when it is not a string.
local function text_of(params, key)
  local value = type(params) == "table" and rawget(params, key) or nil
  return type(value) == "string" and value or nil
end

local function event_of(client, method, params, response, made_id, err, level)
  local verb, path = errors.route_of(params)
  return {
    verb = verb, path = path, time = core.client.now(client), level = level, method = method, symbol = text_of(params, "symbol"),
    client_order_id = made_id or err and err.client_order_id or text_of(params, "client_order_id"),
    attempt = response and response.attempts or err and err.attempts or 0, status = response and response.status,
    duration = response and response.duration, outcome = not err and "ok" or err.outcome,
    error = err and tostring(err) or nil,
  }
end

--- The line of an event: `2026-01-31T12:00:00.000Z info place_order BTCUSD id=x attempt=1 status=200 12 ms ok`.
---@param event bybit.LogEvent
---@return string
function log.line(event)
  local parts = { time.iso(event.time), event.level, event.method }
  local function add(format, value)
    if value ~= nil then parts[#parts + 1] = format:format(value) end
  end
  add("%s", event.verb)
  add("%s", event.path)
  add("%s", event.symbol)
  add("id=%s", event.client_order_id)
  add("attempt=%d", event.attempt)
  add("status=%d", event.status)
  add("%d ms", event.duration and math.floor(event.duration * 1000 + 0.5))
  add("%s", event.outcome)
  add("%s", event.error)
  return printable(table.concat(parts, " ")) -- a line never becomes two
end

--- Checks the option. Returns the listener for core.client.listen.
---@param option any
---@return function
function log.listener(option)
  local hear = option
  if io.type(option) == "file" then
    hear = function(event)
      if event.level ~= "debug" then option:write(log.line(event), "\n") end
    end
  elseif type(option) ~= "function" then
    errors.raise("bybit.client: option 'log': io.stderr (or another open file) or a function(event) expected, got "
      .. (io.type(option) or type(option)))
  end
  return function(...) hear(event_of(...)) end
end

--- Tells the listener how a call, or an attempt of it, ended. Costs nothing without one.
---@param client userdata
---@param method string
---@param params table
---@param response? table
---@param made_id? string
---@param err? bybit.Error
---@param inner? boolean a request that is part of a call, or will be made again
function log.tell(client, method, params, response, made_id, err, inner)
  if not core.client.listens(client) then return end
  local level = inner and "debug" or not err and "info" or err.outcome == "unknown" and "error" or "warn"
  core.client.tell(client, method, params, response, made_id, err, level)
end

return log
