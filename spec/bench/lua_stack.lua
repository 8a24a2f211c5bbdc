-- The Lua stack that one would build a client from: Lua-cURL, lua-cjson, luaossl. A contender (contender.lua) that places orders, reads
-- lists (into strings and doubles), or does a part of that. It runs on Lua 5.4 with Lua-cURL 3, and on Lua 5.2 with what Debian
-- calls lua-curl.
-- usage: lua lua_stack.lua WORK URL KEY SECRET [CA_FILE]

local what, url, key, secret, ca_file = ...
local cjson = require "cjson"

-- Seconds of this process's CPU time; a wall clock is not to be had here.
local clock = os.clock

local function hex(bytes) return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end

local hmac, set, perform, chunks

local function sign(text) return hex(hmac.new(secret, "sha256"):final(text)) end

-- libcurl through one of the two modules: `set` an option, `perform`.
local function prepare()
  hmac = require "openssl.hmac"
  local newer, module = pcall(require, "cURL")
  module = newer and module or require "curl"
  local easy = (newer and module.easy or module.easy_init)()
  if newer then
    function set(name, value) easy["setopt_" .. name:lower()](easy, value) end
  else
    function set(name, value) easy:setopt(module["OPT_" .. name], value) end
  end
  set("WRITEFUNCTION", function(text)
    chunks[#chunks + 1] = text
    return #text
  end)
  function perform() assert(easy:perform()) end
  if ca_file then set("CAINFO", ca_file) end
end

local function request(payload)
  local now = ("%d"):format(os.time() * 1000)
  set("HTTPHEADER", { "X-BAPI-API-KEY: " .. key, "X-BAPI-TIMESTAMP: " .. now, "X-BAPI-RECV-WINDOW: 5000",
    "X-BAPI-SIGN: " .. sign(now .. key .. "5000" .. payload), "Content-Type: application/json" })
  chunks = {}
  perform()
  local answer = cjson.decode(table.concat(chunks))
  assert(answer.retCode == 0, answer.retMsg)
  return answer.result
end

local work = {}

local number = 0

function work.order()
  number = number + 1
  local body = cjson.encode { category = "inverse", symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "1",
    price = "20000.5", timeInForce = "GTC", orderLinkId = ("lua-%026d"):format(number) }
  set("URL", url .. "/v5/order/create")
  set("POSTFIELDS", body)
  assert(request(body).orderId)
end

function work.list()
  local query = "category=inverse&symbol=BTCUSD&limit=50"
  set("URL", url .. "/v5/order/realtime?" .. query)
  assert(#request(query).list > 0)
end

-- The answer is a file here.
local text
function work.decode()
  assert(#cjson.decode(text).result.list > 0)
end

local ORDER = { category = "inverse", symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "1", price = "20000.5",
  timeInForce = "GTC", orderLinkId = "lua-0000000000000000000000001" }
function work.encode() assert(cjson.encode(ORDER)) end

local PAYLOAD = ("x"):rep(200)
function work.sign() assert(sign(PAYLOAD)) end

if what == "decode" then
  local file = assert(io.open(url, "rb"))
  text = file:read "*a"
  file:close()
else
  prepare()
end
for line in io.lines() do
  local n = tonumber(line)
  if n == 0 then break end
  local before = clock()
  for _ = 1, n do work[what]() end
  print(("cpu=%.4f"):format((clock() - before) / n * 1e6))
  io.flush()
end
