-- Makes an error of the facts of an attempt that was not a plain success. The error says what is known, and no more. What a
-- code means is data, in the dialect's codes.

local core = require "bybit.core"
local errors = require "bybit.errors"
local later = require "bybit.later"

local foreign, hints, time = later.module "bybit.text.foreign", later.module "bybit.wire.hints", later.module "bybit.text.time"

local verdict = {}

local MESSAGE_MOST = 500 -- bytes that are kept of the exchange's message: an answer may be 16 MiB long

local LAST = 4102444800000 -- ms: the year 2100

-- The row of a return code. Where the exchange uses one code for many things, the message's text chooses the row.
local function row_of(codes, code, message)
  for _, pattern in ipairs(codes.patterns or {}) do
    if pattern.code == code and message:find(pattern.find, 1, true) then return pattern end
  end
  return codes.by_code[code]
end

local function http_row(codes, facts)
  local status = facts.http_status
  if facts.bars_country then return codes.http.country end
  return codes.http[status] or (status >= 500 and codes.http["5xx"]) or nil
end

-- The message, cut at the end of a character.
local function cut(words)
  if #words <= MESSAGE_MOST then return words end
  return (words:sub(1, MESSAGE_MOST):gsub("[\xC0-\xFF][\x80-\xBF]*$", "")) .. "..."
end

-- Does an answer look like JSON, whole or not?
local function is_json(facts, response)
  local kind = response.headers and response.headers["content-type"] or ""
  return facts.body:find "^%s*[{%[]" ~= nil or facts.body_size > 0 and kind:find("json", 1, true) ~= nil
end

local judge = {}

-- A moment for a message. An answer's time may be no time at all; then its digits are shown.
local function moment(ms)
  return ms and ms > 0 and ms < LAST and time.iso(ms) or tostring(ms)
end

function judge.exchange(err, facts, codes, response)
  local row = row_of(codes, facts.code, facts.message)
  err.code = facts.code
  if not row then
    -- New codes appear every few months. The documentation does not say that each of them is a refusal (V5, errors).
    err.outcome = "unknown"
    return
  end
  err.kind, err.name, err.outcome, err.retryable = row.kind, row.name, row.outcome, row.retryable
  err.unchanged = row.unchanged or nil
  err.detail = row.detail
  if row.clock then
    err.detail, err.message = true, ("signed for %s; the exchange's clock showed %s, the local one %s"):format(
      moment(facts.timestamp), moment(response.time), moment(core.loop.wall()))
  end
  return row
end

-- The head of an answer that could not be read, as it looks: in the message, and by itself.
local function show_page(err, facts, response, before)
  err.body = foreign.describe(facts, response.headers)
  err.message = before .. err.body
end

function judge.http(err, facts, codes, response)
  local row = http_row(codes, facts)
  err.kind = row and row.kind or "http"
  err.outcome = row and row.outcome or "unknown"
  err.retryable = row and row.retryable
  err.name = row and row.name
  show_page(err, facts, response, (row and row.meaning or "the answer is not from the exchange (a proxy or gateway?)") .. ": ")
  err.detail = true
  return row
end

function judge.decode(err, facts, _, response)
  err.outcome = "unknown"
  if not facts.body then return end -- an element of a batch: what is wrong is not its answer's form
  local at = facts.offset or 0 -- 0: its form is right
  local why = at > 0 and is_json(facts, response) and ("byte %d: %s"):format(at, facts.message) or facts.message
  if at > 0 and not is_json(facts, response) then why = "the answer is no JSON" end
  show_page(err, facts, response, ("%s (HTTP %d): "):format(why, facts.http_status or 0))
end

function judge.not_found(err)
  err.outcome = "rejected"
  err.message = "no such order"
end

-- Refused before the first byte left, or sent and then lost?
local function broken(err, facts)
  err.outcome = facts.sent and "unknown" or "not_sent"
end

-- A call that only reads may be repeated unless that cannot help. A call that changes something may be repeated only when it
-- is known that nothing was done.
local function may_repeat(err, changes, row)
  if not changes then
    return err.retryable or err.outcome == "unknown" or err.outcome == "not_sent" or row and row.reads == "again" or false
  end
  if err.outcome == "unknown" then return false end
  if err.outcome == "not_sent" then return err.kind == "network" or err.kind == "timeout" or err.kind == "rate_limit" end
  return err.retryable or false
end

--- The error that follows from the facts of an attempt, and the row of its code or status.
---@param codes table the dialect's
---@param facts table the attempt's, from the C core
---@param response table
---@param params table what the caller gave, for the printed line
---@param category? string the kind of contracts that the call is about
---@return bybit.Error
---@return table? row
function verdict.of(codes, facts, response, params, category)
  local err = {
    kind = facts.kind, method = facts.method, change = facts.settle, message = cut(facts.message),
    http_status = facts.http_status,
    client_order_id = facts.client_order_id or rawget(params, "client_order_id"),
    attempts = response.attempts, elapsed = response.duration,
  }
  local row = (judge[facts.kind] or broken)(err, facts, codes, response)
  if facts.kind == "exchange" and row and row.detail and not row.clock then
    local hint = hints.refused(params, category)
    if hint then err.message = ("%s; %s"):format(err.message, hint) end
  end
  err.retryable = may_repeat(err, facts.changes, row)
  if not facts.changes then err.outcome = nil end
  return errors.new(err, params), row
end

return verdict
