-- What was not a plain success: the facts of a call become an error that says what is known, and never more.
-- Policy per code is data, in the dialect's codes.

local errors = require "bybit.errors"

local recovery = {}

-- Refused before the first byte left, or sent and then lost?
local function outcome_of_break(facts)
  return facts.sent and "unknown" or "not_sent"
end

-- The row that a retCode has, refined by what its text says where the exchange uses one code for many things.
local function row_of(codes, code, message)
  for _, pattern in ipairs(codes.patterns or {}) do
    if pattern.code == code and message:find(pattern.find, 1, true) then
      return setmetatable(pattern, { __index = codes.by_code[code] })
    end
  end
  return codes.by_code[code]
end

local function http_row(codes, status)
  return codes.http[status] or (status >= 500 and codes.http["5xx"]) or nil
end

local judge = {}

function judge.exchange(err, facts, codes)
  local row = row_of(codes, facts.code, facts.message)
  err.code = facts.code
  if not row then
    -- New codes appear every few months, and nothing says that all of them mean refusal (V5 documentation, errors).
    err.kind, err.outcome = "exchange", "unknown"
    return
  end
  err.kind, err.name, err.outcome = row.kind, row.name, row.outcome
  err.retryable = row.retryable
  err.unchanged = row.unchanged or nil
  err.detail = row.detail or facts.code == 10001 or nil
end

function judge.http(err, facts, codes)
  local row = http_row(codes, facts.http_status)
  err.kind = row and row.kind or "http"
  err.outcome = row and row.outcome or "unknown"
  err.retryable = row and row.retryable
  err.name = row and row.name
  err.message = row and row.meaning or "an answer that is none of the exchange's"
  err.detail = true
end

function judge.decode(err, facts)
  err.outcome = "unknown"
  err.message = ("byte %d: %s"):format(facts.offset or 0, facts.message)
end

function judge.not_found(err)
  err.outcome = "rejected"
  err.message = "no such order"
end

local function judge_break(err, facts)
  err.outcome = outcome_of_break(facts)
end

local function build(facts, response, params, codes)
  local err = {
    kind = facts.kind, method = facts.method, message = facts.message, http_status = facts.http_status,
    client_order_id = facts.client_order_id or (type(params) == "table" and rawget(params, "client_order_id") or nil),
    attempts = response.attempts, elapsed = response.duration,
  }
  local f = judge[facts.kind] or judge_break
  f(err, facts, codes)
  if not facts.changes then
    -- A call that only reads may be made again, unless making it again cannot help.
    err.retryable = err.retryable or err.outcome == "unknown" or err.outcome == "not_sent"
    err.outcome = nil
  elseif err.outcome == "unknown" then
    err.retryable = false
  elseif err.outcome == "not_sent" and (err.kind == "network" or err.kind == "timeout") then
    err.retryable = true
  end
  return errors.new(err, params)
end

--- Makes the function that the C core calls for a dialect's failures.
---@param codes table the dialect's codes
---@param confirm? function reads a full record back after a success
function recovery.make(codes, confirm)
  return function(client, params, facts, response)
    if facts.kind == "confirm" then return confirm(client, params, facts, response) end
    local err = build(facts, response, params, codes)
    if facts.raise then error(err, 0) end -- its task was cancelled
    response.unchanged = err.unchanged
    return nil, err, response
  end
end

return recovery
