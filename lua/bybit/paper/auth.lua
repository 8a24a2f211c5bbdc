-- Who is asking: key, permission, time window and signature of a request, in this order (V5 documentation,
-- guide, authentication). Signatures are made over the bytes of the query or body as they came.

local core = require "bybit.core"
local engine = require "bybit.paper_engine"

local auth = {}

local WINDOW = 5000 -- ms

--- Is a timestamp inside its receive window? Both are texts of milliseconds; without a window the exchange's counts.
---@type fun(timestamp: string, given: string?, now: integer): boolean
auth.in_window = engine.in_window

local in_window = auth.in_window

-- The secret of an entry, ready to check with. Kept beside the entry, which others look at.
local KEYED = setmetatable({}, { __mode = "k", __index = function(self, entry)
  self[entry] = core.sign.keyed(entry.secret)
  return self[entry]
end })

--- Did the owner of a key sign these texts, at most four, one after the other?
function auth.signed(entry, signature, ...)
  if entry.public_key then return core.sign.rsa_verify(entry.public_key, table.concat { ... }, signature) end
  return KEYED[entry]:signed(signature, ...)
end

local signed = auth.signed

--- Did the owner of a key sign this text?
function auth.signed_by(entry, text, signature)
  return signed(entry, signature, text)
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
  if not in_window(timestamp, request.window, now) then
    return nil, 10002, ("invalid request, please check your server timestamp or recv_window param. "
      .. "req_timestamp[%s],server_timestamp[%d],recv_window[%s]"):format(timestamp, now, request.window or WINDOW)
  end
  local window, sent = request.window or "", request.verb == "GET" and request.query or request.body
  if not signed(entry, sign, timestamp, key, window, sent) then
    return nil, 10004, ("error sign! origin_string[%s]"):format(timestamp .. key .. window .. sent)
  end
  return entry
end

return auth
