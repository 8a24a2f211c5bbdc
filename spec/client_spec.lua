-- Clients: their options, where they may point, and what a wrong call or a failed one says. End-to-end specs of
-- the methods are in spec/e2e_*_spec.lua.

local bybit = require "bybit"
local core = require "bybit.core"

local KEYS = { key = "paperKey0123456789", secret = "paperSecretPaperSecretPaperSecret001" }

local function options(more)
  local o = { environment = { url = "http://127.0.0.1:1" }, key = KEYS.key, secret = KEYS.secret }
  for k, v in pairs(more or {}) do o[k] = v end
  return o
end

local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

describe("bybit.client", function()
  it("has no default environment", function()
    local message = message_of(bybit.client, { key = "a", secret = "b" })
    assert.truthy(message:find("option 'environment' is missing", 1, true))
    assert.truthy(message:find("client_spec.lua", 1, true), "the message names the caller's place")
  end)

  for name, case in pairs {
    ["an unknown option"] = { { timeuot = 5 }, "unknown option 'timeuot', did you mean 'timeout'?" },
    ["a timeout that looks like milliseconds"] = { { timeout = 5000 }, "option 'timeout': seconds from 0.001 to 600" },
    ["a receive window that looks like seconds"] = { { receive_window = 5 },
      "option 'receive_window': milliseconds from 100 to 60000" },
    ["a wrong type"] = { { gzip = "yes" }, "option 'gzip': a boolean expected, got yes" },
    ["an unknown category"] = { { category = "spot" }, "option 'category': 'inverse' expected" },
    ["an id prefix with a space"] = { { id_prefix = "my bot" }, "option 'id_prefix': 1 to 16 of A-Z" },
    ["a key without a secret"] = { { secret = false }, "option 'secret': a string expected" },
    ["both kinds of secret"] = { { private_key = "x" }, "'secret' and 'private_key' exclude each other" },
    ["credentials beside a key"] = { { credentials = "env" }, "'credentials' and 'key' exclude each other" },
    ["plain http elsewhere"] = { { environment = { url = "http://example.com" } }, "plain http reaches this machine only" },
    ["a url with a query"] = { { environment = { url = "https://example.com?x=1" } }, "a url such as" },
    ["an unknown environment"] = { { environment = "testnte" }, "unknown environment 'testnte', did you mean 'testnet'?" },
    ["more in an environment table than its url"] = { { environment = { url = "https://a.example", key = "x" } },
      "unknown field 'key'" },
  } do
    it("refuses " .. name, function()
      local message = message_of(bybit.client, options(case[1]))
      assert.truthy(message:find(case[2], 1, true), message)
    end)
  end

  it("never shows a secret in a message", function()
    local message = message_of(bybit.client, options { secret = 12345 })
    assert.truthy(message:find("option 'secret': a string expected, got number", 1, true), message)
  end)

  it("takes its environment from BYBIT_ENVIRONMENT when told to, and raises when that is unset", function()
    local message = message_of(bybit.client, options { environment = "env" })
    assert.truthy(message:find("BYBIT_ENVIRONMENT is not set", 1, true))
  end)

  it("prints without its key", function()
    local client <close> = bybit.client(options())
    assert.equal("bybit.client (http://127.0.0.1:1)", tostring(client))
    client:close()
    assert.equal("bybit.client (closed)", tostring(client))
  end)

  it("has an exchange of its own only on paper", function()
    local client <close> = bybit.client(options())
    assert.is_false(client.exchange)
    local paper <close> = bybit.client { environment = "paper" }
    assert.truthy(paper.exchange.url:find("^http://127.0.0.1:"))
  end)

  it("holds the exchange that it is given", function()
    local client <close> = bybit.client { environment = bybit.paper.start { lag = 0 } }
    for _ = 1, 3 do collectgarbage() end
    assert(client:request("GET", "/v5/market/time"))
  end)

  it("may be closed twice, and raises when used after", function()
    local client = bybit.client(options())
    client:close()
    client:close()
    local message = message_of(client.cancel_all_orders, client, { symbol = "BTCUSD" })
    assert.truthy(message:find("cancel_all_orders: the client is closed", 1, true))
  end)

  it("raises for a method that does not exist, naming the one that does", function()
    local client <close> = bybit.client(options())
    assert.truthy(message_of(function() return client.create_order end):find("here it is 'place_order'", 1, true))
    assert.truthy(message_of(function() return client.get_oders end):find("did you mean 'get_orders'?", 1, true))
    assert.truthy(message_of(function() client.x = 1 end):find("no field 'x' to set", 1, true))
  end)

  it("raises for a call with '.' in place of ':'", function()
    local client <close> = bybit.client(options())
    local message = message_of(client.place_order, { symbol = "BTCUSD" })
    assert.truthy(message:find("place_order: called with '.' in place of ':'", 1, true))
  end)

  it("raises for a call that needs credentials when there are none", function()
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" } }
    local message = message_of(client.cancel_all_orders, client, { symbol = "BTCUSD" })
    assert.truthy(message:find("cancel_all_orders: needs credentials", 1, true))
  end)

  it("raises at the caller's line for a wrong call, before anything is sent", function()
    local sent = 0
    local client <close> = bybit.client(options { transport = { start = function() sent = sent + 1 end } })
    local line = debug.getinfo(1, "l").currentline + 1
    local message = message_of(function() client:place_order { symbol = "BTCUSD", qty = 1 } end)
    assert.truthy(message:find("client_spec.lua:" .. line, 1, true), message)
    assert.truthy(message:find("place_order: unknown parameter 'qty': here it is 'quantity'", 1, true), message)
    message = message_of(function() client:place_order { symbol = "BTCUSD", quanity = 1 } end)
    assert.truthy(message:find("unknown parameter 'quanity', did you mean 'quantity'?", 1, true), message)
    message = message_of(function()
      client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1,
        time_in_force = "GoodTillCancel" }
    end)
    assert.truthy(message:find("here it is 'GTC'", 1, true), message)
    assert.equal(0, sent)
  end)
end)

describe("credentials", function()
  local function file(text, mode)
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write(text)
    f:close()
    os.execute(("chmod %s %s"):format(mode, path))
    finally(function() os.remove(path) end)
    return path
  end

  local function with_file(path)
    return bybit.client { environment = "testnet", credentials = { file = path } }
  end

  it("come from a file that only its owner can read", function()
    local path = file('{"key":"k","secret":"s","environment":"testnet"}', "600")
    local client <close> = with_file(path)
    assert.is_true(core.client.keyed(client))
  end)

  for name, case in pairs {
    ["that others can read"] = { '{"key":"k","secret":"s","environment":"testnet"}', "644", "others can read it" },
    ["for another environment"] = { '{"key":"k","secret":"s","environment":"mainnet"}', "600", "its environment is another" },
    ["without an environment"] = { '{"key":"k","secret":"s"}', "600", 'needs "environment"' },
    ["without a secret"] = { '{"key":"k","environment":"testnet"}', "600", 'needs "key" and either' },
    ["that is no JSON"] = { "key=k", "600", "is no JSON object" },
  } do
    it("refuse a file " .. name, function()
      local path = file(case[1], case[2])
      local message = message_of(with_file, path)
      assert.truthy(message:find(case[3], 1, true), message)
    end)
  end

  it("refuse a file that is not there", function()
    assert.truthy(message_of(with_file, "/nowhere/at/all"):find("cannot be read", 1, true))
  end)

  it("refuse to come from the environment when it has none", function()
    local message = message_of(bybit.client, { environment = "testnet", credentials = "env" })
    assert.truthy(message:find("BYBIT_API_KEY is not set", 1, true), message)
  end)
end)

describe("signing", function()
  it("covers the very bytes that are sent (vectors of the reference, made by openssl)", function()
    -- The wall clock is set so that the vector's timestamp is in the middle of what the exchange accepts, which is
    -- half of receive_window less a second behind it; the transport keeps what would be sent.
    core.loop.virtual(1700000000000 + 2000)
    finally(function() core.loop.real() end)
    local seen
    local transport = { start = function(_, request)
      seen = request
      return { status = 200, body = '{"retCode":0,"retMsg":"OK","result":{"list":[],"orderId":"a"},"time":1}' }
    end }
    local client <close> = bybit.client(options { transport = transport })
    assert(client:request("GET", "/v5/account/info", { category = nil }))
    local function header(name)
      for _, line in ipairs(seen.headers) do
        local value = line:match("^" .. name:gsub("%-", "%%-") .. ": (.*)$")
        if value then return value end
      end
    end
    local query = seen.url:match("%?(.*)$") or ""
    local prehash = "1700000000000" .. KEYS.key .. "5000" .. query
    assert.equal("1700000000000", header "X-BAPI-TIMESTAMP")
    assert.equal(core.sign.hmac_sha256(KEYS.secret, prehash), header "X-BAPI-SIGN")
    -- vector 1
    assert(client:request("GET", "/v5/order/realtime", { category = "inverse", symbol = "BTCUSD", limit = 50 }))
    assert.equal("category=inverse&limit=50&symbol=BTCUSD", seen.url:match("%?(.*)$"))
    -- vector 4: the body as the declaration orders it
    core.loop.virtual(1700000000123 + 4500)
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "30000.5",
      client_order_id = "paper-0001", receive_window = 10000 })
    assert.equal(core.sign.hmac_sha256(KEYS.secret, "1700000000123" .. KEYS.key .. "10000" .. seen.body),
      header "X-BAPI-SIGN")
    assert.truthy(seen.body:find('"price":"30000.5"', 1, true))
  end)
end)

describe("a transport written in Lua", function()
  -- Time is virtual: what waits between attempts does not wait here.
  before_each(function() core.loop.virtual(1700000000000) end)
  after_each(function() core.loop.real() end)

  local function client_with(transfer)
    return bybit.client(options { transport = { start = function() return transfer end } })
  end

  local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "30000.5",
    client_order_id = "x1" }

  it("can say that nothing was sent", function()
    local client <close> = client_with { error = "network", message = "no route", sent = false }
    local ack, err = client:place_order(ORDER)
    assert.is_nil(ack)
    assert.equal("network", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.is_true(err.retryable)
    local line = debug.getinfo(1, "l").currentline - 5
    assert.equal(("place_order BTCUSD Buy 100 @ 30000.5: network: no route, nothing was sent; %s:%d"):format(
      debug.getinfo(1, "S").short_src, line), tostring(err))
  end)

  for kind, transfer in pairs {
    timeout = { error = "timeout", message = "too slow", sent = true },
    http = { status = 502, body = "<html>bad gateway</html>" },
    decode = { status = 200, body = "<html>" },
  } do
    it(("leaves the outcome unknown after %s"):format(kind), function()
      local client <close> = client_with(transfer)
      local ack, err, response = client:place_order(ORDER)
      assert.is_nil(ack)
      assert.equal(kind, err.kind)
      assert.equal("unknown", err.outcome)
      assert.is_false(err.retryable)
      assert.equal("x1", err.client_order_id)
      assert.equal(transfer.status, response.status)
      local list, read_err = client:get_open_orders_real_time { symbol = "BTCUSD" }
      assert.is_nil(list)
      assert.is_nil(read_err.outcome, "a call that only reads has no outcome")
      assert.equal("get_open_orders_real_time", read_err.method)
    end)
  end

  it("shows errors of the exchange by name, with a verdict", function()
    local client <close> = client_with { status = 200, body = '{"retCode":110007,"retMsg":"ab not enough","result":{}}' }
    local _, err = client:place_order(ORDER)
    assert.equal("exchange", err.kind)
    assert.equal(110007, err.code)
    assert.equal(bybit.codes.insufficient_balance, err.name)
    assert.equal("rejected", err.outcome)
    assert.truthy(tostring(err):find(
      "place_order BTCUSD Buy 100 @ 30000.5: insufficient balance (110007), nothing was placed; ", 1, true), tostring(err))
  end)

  it("never lets the exchange's echo of the key through", function()
    local client <close> = client_with { status = 200, body = ('{"retCode":10004,"retMsg":"error sign! origin_string[1%s5000x]"}')
      :format(KEYS.key) }
    local _, err, response = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1,
      raw = true }
    assert.equal("auth", err.kind)
    assert.is_nil(tostring(err):find(KEYS.key, 1, true))
    assert.is_nil(err.message:find(KEYS.key, 1, true))
    assert.is_nil(response.raw:find(KEYS.key, 1, true))
  end)

  it("makes a client order id where the caller gives none, another each time", function()
    local bodies = {}
    local client <close> = bybit.client(options { id_prefix = "mm1", transport = { start = function(_, request)
      bodies[#bodies + 1] = request.body
      return { status = 200, body = '{"retCode":0,"result":{"orderId":"a"}}' }
    end } })
    for _ = 1, 2 do assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 }) end
    local first, second = bodies[1]:match('"orderLinkId":"(mm1%-%w+)"'), bodies[2]:match('"orderLinkId":"(mm1%-%w+)"')
    assert.truthy(first and second)
    assert.not_equal(first, second)
    assert.is_true(#first <= 36)
  end)
end)
