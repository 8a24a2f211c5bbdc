-- What is known after an attempt that was not a plain success: its facts become an error that says so, and never more.
-- What a code says is data, in the dialect's codes.

local core = require "bybit.core"
local errors = require "bybit.errors"
local time = require "bybit.time"

local verdict = {}

local MESSAGE_MOST = 500 -- bytes of the exchange's own words: an answer may be 16 MiB of them

local LAST = 4102444800000 -- ms: the year 2100

-- The row that a return code has, refined by what its text says where the exchange uses one code for many things.
local function row_of(codes, code, message)
  for _, pattern in ipairs(codes.patterns or {}) do
    if pattern.code == code and message:find(pattern.find, 1, true) then return pattern end
  end
  return codes.by_code[code]
end

local function http_row(codes, status)
  return codes.http[status] or (status >= 500 and codes.http["5xx"]) or nil
end

-- The words, cut where a character ends.
local function cut(words)
  if #words <= MESSAGE_MOST then return words end
  return (words:sub(1, MESSAGE_MOST):gsub("[\xC0-\xFF][\x80-\xBF]*$", "")) .. "..."
end

local judge = {}

-- What an answer says of time is not always a time.
local function moment(ms)
  return ms and ms > 0 and ms < LAST and time.iso(ms) or tostring(ms)
end

function judge.exchange(err, facts, codes, response)
  local row = row_of(codes, facts.code, facts.message)
  err.code = facts.code
  if not row then
    -- New codes appear every few months, and nothing says that all of them mean refusal (V5 documentation, errors).
    err.outcome = "unknown"
    return
  end
  err.kind, err.name, err.outcome, err.retryable = row.kind, row.name, row.outcome, row.retryable
  err.unchanged = row.unchanged or nil
  err.detail = row.detail or facts.code == 10001 or nil
  if err.name == "timestamp_out_of_window" then
    err.detail, err.message = true, ("signed for %s; the exchange's clock showed %s, the local one %s"):format(
      moment(facts.timestamp), moment(response.time), moment(core.loop.wall()))
  end
  return row
end

function judge.http(err, facts, codes)
  local row = http_row(codes, facts.http_status)
  err.kind = row and row.kind or "http"
  err.outcome = row and row.outcome or "unknown"
  err.retryable = row and row.retryable
  err.name = row and row.name
  err.message = row and row.meaning or "an answer that is none of the exchange's"
  err.detail = true
  return row
end

function judge.decode(err, facts)
  err.outcome = "unknown"
  local at = facts.offset or 0 -- 0: nothing is wrong with its form
  err.message = at > 0 and ("byte %d: %s"):format(at, facts.message) or facts.message
end

function judge.not_found(err)
  err.outcome = "rejected"
  err.message = "no such order"
end

-- Refused before the first byte left, or sent and then lost?
local function broken(err, facts)
  err.outcome = facts.sent and "unknown" or "not_sent"
end

-- A call that only reads may be made again unless that cannot help; one that changes something only where it is known
-- that nothing was done.
local function may_repeat(err, changes, row)
  if not changes then
    return err.retryable or err.outcome == "unknown" or err.outcome == "not_sent" or row and row.reads == "R" or false
  end
  if err.outcome == "unknown" then return false end
  if err.outcome == "not_sent" then return err.kind == "network" or err.kind == "timeout" or err.kind == "rate_limit" end
  return err.retryable or false
end

--- The error that the facts of an attempt amount to, and the row of its code or status.
---@param codes table the dialect's
---@param facts table of the attempt, from the C core
---@param response table
---@param params table what the caller gave, for the printed line
---@return bybit.Error
---@return table? row
function verdict.of(codes, facts, response, params)
  local err = {
    kind = facts.kind, method = facts.method, message = cut(facts.message), http_status = facts.http_status,
    client_order_id = facts.client_order_id or rawget(params, "client_order_id"),
    attempts = response.attempts, elapsed = response.duration,
  }
  local row = (judge[facts.kind] or broken)(err, facts, codes, response)
  err.retryable = may_repeat(err, facts.changes, row)
  if not facts.changes then err.outcome = nil end
  return errors.new(err, params), row
end

return verdict
