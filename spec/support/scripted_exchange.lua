-- An exchange that does what a spec tells it, as a transport in Lua: no sockets, and time is virtual, so that waits pass
-- at once. Each request is handed to the spec's function as { verb, path, params, headers, n }, and what that returns is
-- the transfer. Answers carry the time of the virtual clock.

local bybit = require "bybit"
local core = require "bybit.core"

local scripted = {}

scripted.KEY, scripted.SECRET = "paperKey0123456789", "paperSecretPaperSecretPaperSecret001"
scripted.START = 1700000000000

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function parse(request, n)
  local path, query = request.url:match("^https?://[^/]+([^?]*)%??(.*)$")
  local params = {}
  if request.verb == "POST" then
    params = assert(bybit.json.decode(request.body))
  else
    for name, value in query:gmatch("([^&=]+)=([^&]*)") do params[unescape(name)] = unescape(value) end
  end
  local headers = {}
  for _, line in ipairs(request.headers) do
    local name, value = line:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  return { verb = request.verb, path = path, params = params, headers = headers, body = request.body, n = n }
end

--- An answer of the exchange: its code and result (JSON text).
function scripted.answer(code, result, message)
  return { status = 200, body = ('{"retCode":%d,"retMsg":"%s","result":%s,"retExtInfo":{},"time":%d}'):format(code,
    message or (code == 0 and "OK" or "refused"), result or "{}", core.loop.wall()) }
end

--- A list of records (JSON texts), the last page.
function scripted.list(...)
  return scripted.answer(0, ('{"list":[%s],"nextPageCursor":"","category":"inverse"}'):format(table.concat({ ... }, ",")))
end

--- An order record. `fields` are by wire names.
function scripted.order(fields)
  local all = { orderId = "o-1", orderLinkId = "", symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "100",
    price = "30000.5", orderStatus = "New", createdTime = tostring(core.loop.wall()) }
  for k, v in pairs(fields or {}) do all[k] = v end
  return bybit.json.encode(all)
end

--- A request that left and got no answer.
function scripted.lost() return { error = "timeout", message = "no answer", sent = true } end

--- A request that never left.
function scripted.refused() return { error = "network", message = "connection refused", sent = false } end

--- A client on it. `serve(request)` gives transfers; the requests are kept in the second result.
function scripted.client(serve, options)
  core.loop.virtual(scripted.START)
  local requests = {}
  local o = { environment = { url = "http://127.0.0.1:1" }, key = scripted.KEY, secret = scripted.SECRET, seed = 7,
    transport = { start = function(_, request)
      local parsed = parse(request, #requests + 1)
      parsed.at = core.loop.wall()
      requests[#requests + 1] = parsed
      return serve(parsed)
    end } }
  for k, v in pairs(options or {}) do o[k] = v end
  return bybit.client(o), requests
end

return scripted
