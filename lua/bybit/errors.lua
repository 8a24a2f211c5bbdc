-- Errors: the one place that makes a `bybit.error`, a table that prints as one clear line.

local printable = require "bybit.printable"

local errors = {}

---@class bybit.Error
---@field kind string exchange, auth, rate_limit, http, network, timeout, tls, decode, too_large, cancelled, closed,
--- guard, not_found
---@field method string
---@field message string
---@field code? integer the exchange's
---@field name? string the code's meaning, see bybit.codes
---@field http_status? integer
---@field outcome? "not_sent"|"rejected"|"unknown" of a call that changes something
---@field proof? string
---@field retryable boolean making the same call again is safe and may succeed
---@field client_order_id? string
---@field attempts integer
---@field retry_after? number seconds
---@field elapsed number seconds
---@field where? string the caller's file and line
---@field unchanged? boolean refused only because everything is already as asked
---@field cancelled? table of orders that were to be cancelled one by one: those that were, before this error

local DONE = { place = "placed", modify = "changed", cancel = "cancelled", set = "changed" }

local function done_word(method)
  return DONE[method:match("^%a+")] or "done"
end

local VERDICT = {
  rejected = function(err)
    if err.unchanged then return "it is already as asked" end
    return "nothing was " .. done_word(err.method)
  end,
  not_sent = function() return "nothing was sent" end,
  unknown = function(err)
    local id = err.client_order_id and (" (client_order_id %s)"):format(err.client_order_id) or ""
    if err.method:find("^place") then return "it may have been placed: look it up before repeating" .. id end
    return ("it may have been %s: look before repeating%s"):format(done_word(err.method), id)
  end,
}

-- What is known, in words; nil of a call that only reads.
local function verdict_of(err)
  local words = VERDICT[err.outcome]
  if not words then return nil end
  if not err.cancelled then return words(err) end
  return ("%s, after %d that %s cancelled"):format(err.outcome == "unknown" and words(err) or "this one was not",
    #err.cancelled, #err.cancelled == 1 and "was" or "were")
end

local meta = { __name = "bybit.error" }

function meta:__tostring()
  local what = self.name and self.name:gsub("_", " ") or self.kind:gsub("_", " ")
  if self.code then what = ("%s (%d)"):format(what, self.code) end
  if self.http_status and self.http_status ~= 200 then what = ("%s, HTTP %d"):format(what, self.http_status) end
  local parts = { self.subject .. ": " .. what }
  if self.message ~= "" and not (self.name and self.kind == "exchange") then
    parts[1] = parts[1] .. ": " .. self.message
  elseif self.message ~= "" and self.detail then
    parts[1] = parts[1] .. ": " .. self.message
  end
  local verdict = verdict_of(self)
  if verdict then parts[1] = parts[1] .. ", " .. verdict end
  if self.where then parts[2] = self.where end
  return printable(table.concat(parts, "; "))
end

-- Two errors are never joined by mistake: concatenation prints.
function meta.__concat(a, b)
  return tostring(a) .. tostring(b)
end

-- `subject` and `detail` are for printing only; they are kept out of the way of `pairs`.
local hidden = setmetatable({}, { __mode = "k" })

function meta.__index(err, key)
  local h = hidden[err]
  return h and h[key]
end

local own = debug.getinfo(1, "S").source:gsub("errors%.lua$", "")

--- The first place outside this module on the caller's way here, as `file:line`.
local function caller()
  for level = 3, 40 do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    if info.currentline > 0 and info.source:sub(1, #own) ~= own then
      return ("%s:%d"):format(info.short_src, info.currentline)
    end
  end
end

local function short(value)
  local text = tostring(value)
  return #text > 40 and text:sub(1, 37) .. "..." or text
end

--- `place_order BTCUSD Buy 100 @ 30000.5`
local function subject(method, params)
  local parts = { method }
  if type(params) == "table" then
    for _, key in ipairs { "symbol", "side", "quantity" } do
      local value = rawget(params, key)
      if value ~= nil then parts[#parts + 1] = short(value) end
    end
    local price = rawget(params, "price")
    if price ~= nil then parts[#parts + 1] = "@ " .. short(price) end
  end
  return table.concat(parts, " ")
end

--- Makes an error. `fields` becomes it; `params` is what the caller gave, for the printed line.
---@param fields table
---@param params? table
---@return bybit.Error
function errors.new(fields, params)
  fields.where = fields.where or caller()
  fields.retryable = fields.retryable or false
  hidden[fields] = { subject = subject(fields.method, params), detail = fields.detail }
  fields.detail = nil
  return setmetatable(fields, meta)
end

--- The first place outside this module on the caller's way here, as `file:line`; nil when there is none.
---@return string?
function errors.where()
  return caller()
end

--- Raises for a wrong call, with the place of the first caller outside this module.
---@param message string
function errors.raise(message)
  local where = caller()
  error((where and where .. ": " or "") .. message, 0)
end

--- Is this one of ours?
function errors.is(value)
  return getmetatable(value) == meta
end

return errors
