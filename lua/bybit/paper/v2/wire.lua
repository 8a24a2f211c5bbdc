-- The parts of the v2 wire that differ from V5: parameters come in a query, a form or a JSON object with the signature among
-- them, limits count by the minute, and envelope and codes are others (v2 documentation, authentication, rate limits, error
-- codes). The endpoints are in v2/endpoints.lua.

local answer = require "bybit.paper.answer"
local auth = require "bybit.paper.auth"
local Limits = require "bybit.paper.v2.limits"
local params = require "bybit.paper.params"

local wire_v2 = {}

local LINES = "Content-Type: application/json; charset=utf-8\r\n"

-- The code of v2 for a code of V5, which the engine uses. A code that is not here is the same on both.
local CODES = {
  [110001] = 20001, [110003] = 30007, [110004] = 30031, [110006] = 30031, [110007] = 30031, [110012] = 30031,
  [110009] = 30033, [110017] = 30063, [110020] = 30073, [110057] = 10001, [110059] = 37009, [110060] = 37001,
  [110061] = 37011, [110064] = 10001, [110072] = 20094, [110074] = 30078, [110090] = 30036, [110092] = 30074,
  [110093] = 30075, [110118] = 30005,
}

-- V5 has one code, 10001, for refusals to which v2 gives codes of their own. The text tells them apart.
local TEXTS = {
  { "remains unchanged", 30076 }, { "zero position", 30024 }, { "position idx not match", 30041 },
  { "exceeds maximum limit", 30004 }, { "exceeds minimum limit", 30003 },
}

local function translated(code, message)
  for _, pair in ipairs(code == 10001 and TEXTS or {}) do
    if message:find(pair[1], 1, true) then return pair[2] end
  end
  return CODES[code] or code
end

local function envelope(context, code, message, result)
  local microseconds = context.nanoseconds // 1000
  return 200, answer.encode(answer.object {
    { "ret_code", code }, { "ret_msg", message }, { "ext_code", "" }, { "ext_info", "" },
    { "result", result or answer.null },
    { "time_now", ("%d.%06d"):format(microseconds // 1000000, microseconds % 1000000) },
    { "rate_limit_status", context.left }, { "rate_limit_reset_ms", context.reset }, { "rate_limit", context.limit },
  }), LINES
end

--- An answer that something is not done.
function wire_v2.refusal(context, code, message)
  return envelope(context, translated(code, message), message)
end

-- The parameters of a request as texts and booleans; nil when they cannot be read.
local function read(request)
  if request.verb == "GET" then return params.query(request.query) end
  if request.body:find "^%s*{" then return params.body(request.body) end
  return params.query(request.body)
end

-- What was signed: all parameters but the signature, sorted by name.
local function signed_text(asked)
  local names = {}
  for name, value in pairs(asked) do
    if name ~= "sign" and type(value) ~= "table" then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = ("%s=%s"):format(name, asked[name]) end
  return table.concat(names, "&")
end

local function check(keys, asked, permission, now)
  if type(asked.api_key) ~= "string" then return nil, 10002, "API key required" end
  local entry = keys[asked.api_key]
  if not entry then return nil, 10003, "invalid api_key" end
  if permission == "trade" and entry.read_only then
    return nil, 10005, "Permission denied, please check your API key permissions."
  end
  local timestamp, window = tostring(asked.timestamp or ""), asked.recv_window and tostring(asked.recv_window)
  if not auth.in_window(timestamp, window, now) then
    return nil, 10021, ("invalid request, please check your timestamp or recv_window param. "
      .. "req_timestamp[%s],server_timestamp[%d],recv_window[%s]"):format(timestamp, now, window or "")
  end
  local text = signed_text(asked)
  if not entry.secret or not auth.signed_by(entry, text, tostring(asked.sign or "")) then
    return nil, 10004, ("error sign! origin_string[%s]"):format(text)
  end
  return entry
end

-- Counts the request. False when it is one too many.
local function admit(wire, context, asked)
  local declared = context.endpoint.declared
  local limit = wire.limits:of("v2/" .. declared.group, declared.limit)
  if not limit then return true end
  wire.minutes = wire.minutes or Limits.new()
  local passed
  context.limit = limit
  local symbol = wire.engine:market(asked.symbol) and asked.symbol or "" -- all that there are not count as one
  passed, context.left, context.reset = wire.minutes:take(context.account, symbol, declared.group, limit, declared.weight or 1,
    context.now)
  return passed
end

-- The first parameter that the endpoint needs and the request has not.
local function missing(declared, asked)
  for _, name in ipairs(declared.needs or {}) do
    if asked[name] == nil then return name end
  end
end

-- Calls the endpoint; what it raises is a mistake in the exchange.
local function call(wire, context, asked)
  local ok, result, code, message = xpcall(context.endpoint.declared.handle, debug.traceback, wire.engine, context.account,
    asked, context)
  if ok and result == nil and not code then ok, result = false, "a refusal without a code" end
  if not ok then
    wire.report(("%s: %s"):format(context.endpoint.name, result))
    return envelope(context, 10000, "Server error")
  end
  if result == nil then return wire_v2.refusal(context, code, message) end
  return envelope(context, 0, "OK", result)
end

--- Answers a request to an endpoint of this wire.
---@return integer status, string body, string lines
function wire_v2.answer(wire, context, request)
  local declared = context.endpoint.declared
  local asked = read(request)
  if not asked then return envelope(context, 10001, "bind error:invalid character in request") end
  if declared.auth then
    local entry, code, message = check(wire.keys, asked, declared.permission, context.now)
    if not entry then return envelope(context, code, message) end
    context.entry, context.account = entry, entry.account
    if not admit(wire, context, asked) then return envelope(context, 10006, "Too many visits!") end
  end
  local name = missing(declared, asked)
  if name then
    return envelope(context, 10001, ("Param validation for '%s' failed on the 'required' tag"):format(name))
  end
  return call(wire, context, asked)
end

return wire_v2
