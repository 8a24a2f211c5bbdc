-- Fuzzes parameters: the input chooses a request, and makes a table of Lua values of every kind. Either the call raises a message
-- that names the method; or another decoder accepts the sent body as JSON; or the sent form or address has no byte that needs
-- quoting.

local bybit = require "bybit.core"
local cjson = require "cjson"
local methods = require "spec.fuzz.methods"

cjson.decode_max_depth(1100)
methods.transport.body = '{"retCode":0,"ret_code":0,"result":{}}'

local FLOATS = { 0.5, -0.0, 1e300, 5e-324, 0 / 0, math.huge, -math.huge, 20000.5, 0.1 + 0.2, 2.0 ^ 53 }
local INTEGERS = { 0, 1, -1, math.maxinteger, math.mininteger, 1700000000, 1700000000000, 600, 5000 }
local WORDS = { "BTCUSD", "Buy", "Sell", "Limit", "Market", "GTC", "20000", "0.1", "", "1e5", "\255", "a\0b", "Rising",
  "2023-01-01T00:00:00Z", "order_id", "Full", "page%3D1" }

local read -- the next value

local function text(bytes)
  local n = bytes.next() % 48
  local s = bytes.input:sub(bytes.at, bytes.at + n - 1)
  bytes.at = bytes.at + n
  return s
end

local function tables(bytes, depth)
  local t = {}
  for i = 1, bytes.next() % 5 do
    local key
    if bytes.next() % 2 == 0 then key = i else key = text(bytes) end
    t[key] = read(bytes, depth + 1)
  end
  if bytes.next() % 8 == 0 then t.self = t end
  if bytes.next() % 8 == 0 then setmetatable(t, { __index = { x = 1 } }) end
  return t
end

local makers = {
  function(bytes) return WORDS[bytes.next() % #WORDS + 1] end,
  text,
  function(bytes) return INTEGERS[bytes.next() % #INTEGERS + 1] end,
  function(bytes) return bytes.next() - 128 end,
  function(bytes) return FLOATS[bytes.next() % #FLOATS + 1] end,
  function(bytes) return bytes.next() % 2 == 0 end,
  function(bytes) return bybit.decimal((bytes.next() - 128) .. "." .. bytes.next()) end,
  function(bytes, depth) return depth < 6 and tables(bytes, depth) or {} end,
  function() return print end,
  function() return io.stdout end,
  function() return coroutine.create(print) end,
}

function read(bytes, depth)
  return makers[bytes.next() % #makers + 1](bytes, depth)
end

return function(input)
  local bytes = { input = input, at = 1 }
  function bytes.next()
    local b = input:byte(bytes.at) or 0
    bytes.at = bytes.at + 1
    return b
  end
  local method = methods.list[bytes.next() % #methods.list + 1]
  local params = {}
  for _ = 1, bytes.next() % 12 do
    local which = bytes.next()
    local name = which == 255 and text(bytes) or which == 254 and "extra" or method.params[which % #method.params + 1]
    params[name] = read(bytes, 0)
  end
  -- Timeouts and tokens are not sent.
  params.deadline, params.timeout, params.connect_timeout, params.cancel = nil, nil, nil, nil
  methods.transport.request = nil
  local ok, err = pcall(method.call, methods.client, params)
  local request = methods.transport.request
  if not ok then
    assert(not request, "sent, and raised")
    assert(type(err) == "string" and err:find(method.name, 1, true), tostring(err))
  elseif request and method.json then
    cjson.decode(request.body)
    assert(bybit.json.decode(request.body))
  elseif request then
    assert((request.body or ""):find "^[%w%-%._~%%=&]*$", request.body)
    assert(request.url:find "^http://127%.0%.0%.1:1/[%w%-%._~%%/%?=&]*$", request.url)
  end
end
