-- Errors: the only place that makes a `bybit.error`, a table that prints as one clear line.

local hooks = require("bybit.core").hooks
local printable = require "bybit.text.printable"

local errors = {}

--- The words that `err.kind` and `err.outcome` may be.
errors.kinds = { "exchange", "auth", "rate_limit", "http", "network", "timeout", "tls", "decode", "too_large", "cancelled",
  "closed", "guard", "not_found" }
errors.outcomes = { "not_sent", "rejected", "unknown" }

---@class bybit.Error
---@field kind string exchange, auth, rate_limit, http, network, timeout, tls, decode, too_large, cancelled, closed,
--- guard, not_found
---@field method string the method that was called
---@field message string the exchange's text, or what went wrong
---@field code? integer the exchange's code
---@field name? string the code's meaning, see bybit.codes
---@field http_status? integer the answer's
---@field outcome? "not_sent"|"rejected"|"unknown" only for a call that changes something
---@field proof? string "fence" or "read": what proves the outcome `rejected`
---@field retryable boolean making the same call again is safe and may succeed
---@field client_order_id? string the order's
---@field transfer_id? string the transfer's
---@field attempts integer how often a request was sent
---@field retry_after? number seconds after which a call may succeed again
---@field elapsed number seconds the call took
---@field where? string the caller's file and line
---@field unchanged? boolean refused only because everything is already as asked
---@field final? boolean with the outcome `unknown`: no copy of the call can act any more, and the records do not tell
---@field order? table with `final`: the order as it stands; of client:await_order: as it was seen last
---@field position? table with `final`: the position as it stands
---@field transfer? table with `final`: the transfer as it stands
---@field record? table with `final`: what shows the setting or the balance, as it stands
---@field verb? string of client:request: "GET" or "POST"
---@field path? string of client:request
---@field body? string content type and first words of an answer that could not be read, or is not from the exchange
---@field cursor? string of a list: where a later walk can go on; if the list cannot be read to its end, where it leads nowhere
---@field too_long? boolean of a list: it has more pages than the client reads
---@field done? table of client:sync_orders: what was done all the same
---@field cancelled? table when orders are cancelled one by one: those that were cancelled before this error

-- By the kind of change, `settle` of the method's row.
local DONE = { place = "placed", amend = "changed", cancel = "cancelled", all = "cancelled", stop = "changed",
  setting = "set", add = "added", transfer = "moved" }

local function done_word(err)
  return DONE[err.change] or "done"
end

local VERDICT = {
  rejected = function(err)
    if err.unchanged then return "it is already as asked" end
    return "nothing was " .. done_word(err)
  end,
  not_sent = function() return "nothing was sent" end,
  unknown = function(err)
    if err.final then return ("whether it was %s cannot be told any more"):format(done_word(err)) end
    local id = err.client_order_id and (" (client_order_id %s)"):format(err.client_order_id)
      or err.transfer_id and (" (transfer_id %s)"):format(err.transfer_id) or ""
    if err.change == "place" then return "it may have been placed: look it up before repeating" .. id end
    return ("it may have been %s: look before repeating%s"):format(done_word(err), id)
  end,
}

-- The outcome in words; nil for a call that only reads.
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

-- Lets `..` join an error with a text, as its printed line.
function meta.__concat(a, b)
  return tostring(a) .. tostring(b)
end

-- `subject`, `detail` and `change` are for printing only; they are kept out of the way of `pairs`.
local hidden = setmetatable({}, { __mode = "k" })

function meta.__index(err, key)
  local h = hidden[err]
  return h and h[key]
end

local own = hooks.place(nil, 1):gsub("errors%.lua$", "")

-- The first place outside of this module, from here up the stack, as `file:line`. The outcome of a blocking call is settled in a
-- coroutine of its own: then the search goes on in the main thread.
local function caller()
  local found = hooks.outside(nil, own, 3)
  if found then return found end
  local main = hooks.below()
  return main and hooks.outside(main, own, 0) or nil
end

local function short(value)
  local text = tostring(value)
  return #text > 40 and text:sub(1, 37) .. "..." or text
end

local routes = setmetatable({}, { __mode = "k" }) -- parameters of a raw request -> { verb, path }

--- Notes where a raw request goes, so that its errors and its lines in the log say so.
---@param params table
---@param verb string
---@param path string
function errors.set_route(params, verb, path)
  routes[params] = { verb, path }
end

--- Where a raw request goes; nil: the parameters are those of a declared method.
---@param params any
---@return string? verb
---@return string? path
function errors.route_of(params)
  local route = type(params) == "table" and routes[params]
  if route then return route[1], route[2] end
end

--- `place_order BTCUSD Buy 100 @ 30000.5`, `request POST /v5/order/create`
local function subject(method, params)
  local parts = { method, errors.route_of(params) }
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

--- Makes an error out of the table `fields`. `params` is what the caller gave, for the printed line.
---@param fields table
---@param params? table
---@return bybit.Error
function errors.new(fields, params)
  fields.where = fields.where or caller()
  fields.retryable = fields.retryable or false
  fields.verb, fields.path = errors.route_of(params)
  if fields.change == "transfer" then
    fields.transfer_id = fields.client_order_id or fields.transfer_id or params and params.transfer_id
    fields.client_order_id = nil
  end
  hidden[fields] = { subject = subject(fields.method, params), detail = fields.detail, change = fields.change }
  fields.detail, fields.change = nil, nil
  return setmetatable(fields, meta)
end

--- The caller's place: the first one up the stack outside of this module, as `file:line`; nil when there is none.
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

local function passed(ok, ...)
  if ok then return ... end
  local err = ...
  if type(err) == "string" and err ~= "not enough memory" and not err:find "^[^:\n]+:%d+: " then
    local where = caller()
    err = where and where .. ": " .. err or err
  end
  error(err, 0)
end

--- Calls a function of the C core for the caller of this module: what it raises has the caller's place, not that of a line in here.
---@param f function
---@param ... any
---@return any ...
function errors.call(f, ...)
  return passed(pcall(f, ...))
end

--- Is this a `bybit.error`?
function errors.is(value)
  return getmetatable(value) == meta
end

return errors
