-- Who is asking: key, permission, time window and signature of a request, in this order (V5 documentation,
-- guide, authentication). Signatures are made over the bytes of the query or body as they came.

local core = require "bybit.core"

local auth = {}

local WINDOW, WINDOW_MAX, AHEAD = 5000, 60000, 1000 -- ms

--- Is a timestamp inside its receive window? Both are texts of milliseconds; without a window the exchange's counts.
---@param timestamp string
---@param given string? the window
---@param now integer ms
function auth.in_window(timestamp, given, now)
  local sent, window = timestamp:match("^%d+$") and math.tointeger(tonumber(timestamp)), WINDOW
  if given then window = given:match("^%d+$") and math.tointeger(tonumber(given)) end
  if not sent or not window or window < 1 or window > WINDOW_MAX then return false end
  return now - window <= sent and sent < now + AHEAD
end

--- Did the owner of a key sign this text?
function auth.signed_by(entry, text, signature)
  if entry.public_key then return core.sign.rsa_verify(entry.public_key, text, signature) end
  return core.sign.equal(core.sign.hmac_sha256(entry.secret, text), signature)
end

---@class bybit.paper.Request
---@field verb string
---@field path string
---@field query string raw
---@field body string raw
---@field address string
---@field key string? the headers; nil: absent
---@field timestamp string?
---@field sign string?
---@field window string?

---@param keys table<string, table> by API key: {secret=} or {public_key=}, {read_only=}
---@param request bybit.paper.Request
---@param permission "read"|"trade"
---@param now integer ms
---@return table? entry of 'keys'; nil with code and message
---@return integer? code
---@return string? message
function auth.check(keys, request, permission, now)
  local key, timestamp, sign = request.key or "", request.timestamp or "", request.sign or ""
  if key == "" or timestamp == "" or sign == "" then
    return nil, 10001, ("empty value: apiTimestamp[%s] apiKey[%s] apiSignature[%s]"):format(timestamp, key, sign)
  end
  local entry = keys[key]
  if not entry then return nil, 10003, "API key is invalid." end
  if permission == "trade" and entry.read_only then
    return nil, 10005, "Permission denied, please check your API key permissions."
  end
  if not auth.in_window(timestamp, request.window, now) then
    return nil, 10002, ("invalid request, please check your server timestamp or recv_window param. "
      .. "req_timestamp[%s],server_timestamp[%d],recv_window[%s]"):format(timestamp, now, request.window or WINDOW)
  end
  local text = timestamp .. key .. (request.window or "") .. (request.verb == "GET" and request.query or request.body)
  if not auth.signed_by(entry, text, sign) then return nil, 10004, ("error sign! origin_string[%s]"):format(text) end
  return entry
end

return auth
