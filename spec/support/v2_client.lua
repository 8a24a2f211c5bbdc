-- A client on the v2 wire whose transport keeps what would be sent, and answers as the spec says.

local bybit = require "bybit"
local core = require "bybit.core"
local percent = require "spec.support.percent"

local v2 = {}

v2.KEY, v2.SECRET = "EXAMPLEKEY0000001", "example-secret-for-tests-only"

--- The text of a file in spec/fixtures/v2.
function v2.read(name)
  local file = assert(io.open("spec/fixtures/v2/" .. name))
  local text = file:read "a"
  file:close()
  return text
end

--- The rows of tab-separated values, as arrays of texts, without the first line.
function v2.rows(name)
  local list = {}
  for line in v2.read(name):gmatch "[^\n]+" do
    local row = {}
    for cell in (line .. "\t"):gmatch "([^\t]*)\t" do row[#row + 1] = cell end
    list[#list + 1] = row
  end
  table.remove(list, 1)
  return list
end

local OK = '{"ret_code":0,"ret_msg":"OK","ext_code":"","result":%s,"time_now":"1655708182.071362"}'

--- A success with this result.
function v2.ok(result)
  return OK:format(result)
end

--- A client, and the table of its requests; `answer` is a text, or a function of the request that returns one.
---@param answer string|fun(request: table): string
---@param options? table
function v2.client(answer, options)
  local sent = {}
  local o = { environment = { url = "http://127.0.0.1:1" }, api = "v2", key = v2.KEY, secret = v2.SECRET, rate = false,
    transport = { start = function(_, request)
      sent[#sent + 1] = request
      return { status = 200, body = type(answer) == "function" and answer(request) or answer }
    end } }
  for k, v in pairs(options or {}) do o[k] = v end
  return bybit.client(o), sent
end

--- The contents of a request: its path, its decoded parameters by name and in order, and the sent text.
function v2.parse(request)
  local path, query = request.url:match "^http://127%.0%.0%.1:1([^?]*)%??(.*)$"
  local text = request.verb == "POST" and request.body or query
  local params, order = {}, {}
  for name, value in text:gmatch "([^&=]+)=([^&]*)" do
    assert(params[name] == nil, name)
    params[name], order[#order + 1] = percent.decode(value), name
  end
  return { path = path, params = params, order = order, text = text, verb = request.verb }
end

--- The right signature for parameters: sorted by name, not encoded, joined.
function v2.signature(params)
  local list = {}
  for name, value in pairs(params) do
    if name ~= "sign" then list[#list + 1] = name .. "=" .. value end
  end
  table.sort(list, function(a, b) return a:match "^[^=]*" < b:match "^[^=]*" end)
  return core.sign.hmac_sha256(v2.SECRET, table.concat(list, "&"))
end

return v2
