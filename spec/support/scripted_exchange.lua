-- An exchange that does what a spec says, as a transport in Lua: without sockets and in virtual time, so that waits take no
-- time. Each request is passed to the spec's function as { verb, path, params, headers, n }, which returns the transfer.
-- Answers carry the virtual clock's time.

local bybit = require "bybit"
local core = require "bybit.core"
local percent = require "spec.support.percent"

local scripted = {}

scripted.KEY, scripted.SECRET = "paperKey0123456789", "paperSecretPaperSecretPaperSecret001"
scripted.START = 1700000000000

local function parse(request, n)
  local path, query = request.url:match("^https?://[^/]+([^?]*)%??(.*)$")
  local params = request.verb == "POST" and assert(bybit.json.decode(request.body)) or percent.params(query)
  local headers = {}
  for _, line in ipairs(request.headers) do
    local name, value = line:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  return { verb = request.verb, path = path, params = params, headers = headers, body = request.body, n = n }
end

--- An answer of the exchange: code and result (JSON text).
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

--- A request that was sent and got no answer.
function scripted.lost() return { error = "timeout", message = "no answer", sent = true } end

--- A request that was not sent.
function scripted.refused() return { error = "network", message = "connection refused", sent = false } end

--- A client on it. `serve(request)` returns transfers. The second result collects the requests. With `seed = false` ids are
--- those of a client without a seed.
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
  o.seed = o.seed or nil
  return bybit.client(o), requests
end

return scripted
