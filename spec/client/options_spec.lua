-- Clients: their options, the addresses that they accept, and the messages of wrong and failed calls. End-to-end specs of the
-- methods are in spec/e2e.

local bybit = require "bybit"
local core = require "bybit.core"
local scripted = require "spec.support.scripted_exchange"

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
    assert.truthy(message:find("options_spec.lua", 1, true), "the message names the caller's place")
  end)

  for name, case in pairs {
    ["an unknown option"] = { { timeuot = 5 }, "unknown option 'timeuot', did you mean 'timeout'?" },
    ["a timeout that looks like milliseconds"] = { { timeout = 5000 }, "option 'timeout': seconds from 0.001 to 600" },
    ["a receive window that looks like seconds"] = { { receive_window = 5 },
      "option 'receive_window': milliseconds from 100 to 60000" },
    ["a wrong type"] = { { gzip = "yes" }, "option 'gzip': a boolean expected, got yes" },
    ["an unknown category"] = { { category = "spot" }, "option 'category': 'inverse' or 'linear' expected" },
    ["linear contracts on the v2 wire"] = { { category = "linear", api = "v2" },
      "option 'category': the v2 wire has inverse contracts only: use api = \"v5\" for linear ones" },
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

  it("takes its environment from BYBIT_ENVIRONMENT if asked to, and raises if that is unset", function()
    local message = message_of(bybit.client, options { environment = "env" })
    assert.truthy(message:find("BYBIT_ENVIRONMENT is not set", 1, true))
  end)

  it("prints without its key", function()
    local client <close> = bybit.client(options())
    assert.equal("bybit.client (http://127.0.0.1:1)", tostring(client))
    client:close()
    assert.equal("bybit.client (closed)", tostring(client))
  end)

  it("starts an exchange of its own only on paper", function()
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

  it("may be closed twice, and raises when it is used after that", function()
    local client = bybit.client(options())
    client:close()
    client:close()
    local message = message_of(client.cancel_all_orders, client, { symbol = "BTCUSD" })
    assert.truthy(message:find("cancel_all_orders: the client is closed", 1, true))
  end)

  it("raises for a method that does not exist, and names the right one", function()
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
    assert.truthy(message:find("options_spec.lua:" .. line, 1, true), message)
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

describe("defaults of options", function()
  local settings = require "spec.support.settings"

  it("stand in client/options.lua alone: the C core refuses to make a client without one of them", function()
    core.client.close(core.client.new(settings {}, {}, {}))
    for _, name in ipairs { "receive_window", "timeout", "connect_timeout", "deadline", "in_flight", "kept", "max_body", "gzip",
      "confirm", "category", "signature" } do
      local given = settings {}
      given[name] = nil
      assert.equal(("bybit.client: option '%s' is missing"):format(name), message_of(core.client.new, given, {}, {}))
    end
    local given = settings {}
    given.connections = nil -- of HTTP alone
    assert.equal("bybit.client: option 'connections' is missing", message_of(core.client.new, given, {}))
    given = settings {}
    given.kept_connections = nil
    assert.equal("bybit.client: option 'kept_connections' is missing", message_of(core.client.new, given, {}))
    assert.equal("journal: field 'keep' is missing",
      message_of(require "bybit.journal".open, { path = "", exchange = "e", account = "a", api = "v5" }))
  end)

  it("are those of the interface", function()
    local defaults = {}
    for _, row in ipairs(require "bybit.client.options") do defaults[row[1]] = row.default end
    assert.same({ category = "inverse", api = "v5", receive_window = 5000, timeout = 10, connect_timeout = 5, deadline = 30,
      connections = 16, in_flight = 32, rate = "wait", max_body = 16 * 1024 * 1024, http = "1.1", gzip = false, confirm = false,
      visibility = 5, check_instruments = false, streams = true }, defaults)
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
    ["for another environment"] = { '{"key":"k","secret":"s","environment":"mainnet"}', "600", "is for another environment" },
    ["without an environment"] = { '{"key":"k","secret":"s"}', "600", 'needs "environment"' },
    ["without a secret"] = { '{"key":"k","environment":"testnet"}', "600", 'needs "key" and either' },
    ["that is no JSON"] = { "key=k", "600", "is not a JSON object" },
  } do
    it("refuse a file " .. name, function()
      local path = file(case[1], case[2])
      local message = message_of(with_file, path)
      assert.truthy(message:find(case[3], 1, true), message)
    end)
  end

  it("refuse a missing file", function()
    assert.truthy(message_of(with_file, "/nowhere/at/all"):find("cannot be read", 1, true))
  end)

  it("raise when they should come from the environment, but are not set there", function()
    local message = message_of(bybit.client, { environment = "testnet", credentials = "env" })
    assert.truthy(message:find("BYBIT_API_KEY is not set", 1, true), message)
  end)
end)

describe("signing", function()
  it("covers exactly the bytes that are sent (vectors of the reference, made by openssl)", function()
    -- The wall clock shows the vector's timestamp. The transport keeps what would be sent.
    core.loop.virtual(1700000000000)
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
    -- vector 4: the body in the declaration's order
    core.loop.virtual(1700000000123)
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "30000.5",
      client_order_id = "paper-0001", receive_window = 10000 })
    assert.equal(core.sign.hmac_sha256(KEYS.secret, "1700000000123" .. KEYS.key .. "10000" .. seen.body),
      header "X-BAPI-SIGN")
    assert.truthy(seen.body:find('"price":"30000.5"', 1, true))
  end)
end)

describe("a transport written in Lua", function()
  -- Time is virtual: the waits between attempts take no time.
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

  -- Answers after two seconds; meanwhile the call waits, and other tasks run.
  local function slow_client()
    return bybit.client(options { rate = false, transport = { -- no line: what other clients of this key sent does not matter
      start = function() return { after = 2, sent = true } end,
      wait = function(_, transfer)
        transfer.status, transfer.body = 200, '{"retCode":0,"retMsg":"OK","result":{"orderId":"o1","orderLinkId":"x1"}}'
      end,
    } })
  end

  it("shows at most 500 bytes of the exchange's message, cut at the end of a character", function()
    for words, shown in pairs { [("x"):rep(500)] = ("x"):rep(500), [("x"):rep(501)] = ("x"):rep(500) .. "...",
      [("x"):rep(499) .. "é"] = ("x"):rep(499) .. "...", [("x"):rep(498) .. "é"] = ("x"):rep(498) .. "é" } do
      local client <close> = client_with { status = 200, body = ('{"retCode":110007,"retMsg":"%s","result":{}}'):format(words) }
      local _, err = client:place_order(ORDER)
      assert.truthy(err.message:find(shown, 1, true), #words)
      assert.equal(shown:find("...", 1, true), err.message:find("...", 1, true), #words)
      assert.is_nil(err.message:find(shown .. "x", 1, true))
    end
  end)

  it("accepts only a text as an order's id", function()
    for id, kept in pairs { ['"o-1"'] = "o-1", ["17"] = false, ['{"a":1}'] = false, ["[]"] = false, ["true"] = false } do
      local client <close> = client_with { status = 200,
        body = ('{"retCode":0,"result":{"orderId":%s,"orderLinkId":"x1"},"time":1700000000000}'):format(id) }
      local ack, err = client:place_order(ORDER)
      assert.equal(kept or nil, ack and ack.order_id, id)
      assert.equal(not kept, err ~= nil and err.message:find("the answer names no order", 1, true) ~= nil, id)
    end
  end)

  it("sends the clock's milliseconds and the window, whatever they are", function()
    for _, ms in ipairs { 0, 7, 10, 999, 1000, 1099511627776, 1700000000000, 9007199254740 } do
      for _, window in ipairs { 100, 5000, 60000 } do
        local client <close>, requests = scripted.client(function() return scripted.answer(0, '{"orderId":"o-1"}') end)
        core.loop.virtual(ms)
        assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, receive_window = window })
        local headers = requests[1].headers
        assert.same({ tostring(ms), tostring(window) }, { headers["X-BAPI-TIMESTAMP"], headers["X-BAPI-RECV-WINDOW"] })
      end
    end
    core.loop.real()
  end)

  it("gives no time if the answer has none", function()
    local client <close> = client_with { status = 200, body = '{"retCode":0,"result":{"orderId":"o-1","orderLinkId":"x1"}}' }
    assert.is_nil(select(3, assert(client:place_order(ORDER))).time)
  end)

  it("gives an answer's headers by their names in lower case, with trimmed values", function()
    local client <close> = bybit.client(options { transport = { start = function()
      return { status = 200, body = '{"retCode":0,"retMsg":"OK","result":{"orderId":"o-1","orderLinkId":"x1"},"time":1}',
        headers = "HTTP/1.1 200 OK\r\nX-One:1\r\nX-TWO:   a: b  \r\nx_3.Az[`{:\r\n" .. ("n"):rep(255) .. ": long\r\n"
          .. ("m"):rep(256) .. ": too long\r\nX-Bare: bare\nno colon\r\n\r\nX-Last:  last " }
    end } })
    local _, _, response = assert(client:place_order(ORDER))
    assert.same({ ["x-one"] = "1", ["x-two"] = "a: b", ["x_3.az[`{"] = "", [("n"):rep(255)] = "long", ["x-bare"] = "bare",
      ["x-last"] = "last" }, response.headers)
    assert.equal(1, response.time)
  end)

  -- They are taken apart when somebody asks for them.
  it("gives them whichever way they are asked for, and the same table each time", function()
    local lines = "X-One: 1\r\nX-Two: 2\r\n"
    local client <close> = bybit.client(options { transport = { start = function()
      return { status = 200, headers = lines,
        body = '{"retCode":0,"retMsg":"OK","result":{"orderId":"o-1","orderLinkId":"x1"},"time":1}' }
    end } })
    local want = { ["x-one"] = "1", ["x-two"] = "2" }
    local _, _, response = assert(client:place_order(ORDER))
    assert.equal(lines, response.header_lines)
    assert.is_nil(rawget(response, "headers"))
    assert.is_nil(response.nothing)
    assert.is_nil(response[1])
    assert.same(want, response.headers)
    assert.is_true(rawequal(response.headers, response.headers))
    assert.is_true(rawequal(response.headers, rawget(response, "headers")))
    local seen = {}
    _, _, response = assert(client:place_order(ORDER))
    for name, value in pairs(response) do seen[name] = value end
    assert.same(want, seen.headers)
    assert.same({ 200, lines, 1 }, { seen.status, seen.header_lines, seen.attempts })
    for name, value in next, response do assert.is_true(rawequal(value, seen[name])) end
  end)

  it("gives no headers as an empty table", function()
    local client <close> = client_with { status = 200, body = '{"retCode":0,"result":{"orderId":"o-1","orderLinkId":"x1"}}' }
    local _, _, response = assert(client:place_order(ORDER))
    assert.is_nil(response.header_lines)
    assert.same({}, response.headers)
  end)

  it("may take its time while other tasks run", function()
    local client <close> = slow_client()
    bybit.run(function()
      local began, slept = core.loop.now(), nil
      local other = bybit.spawn(function()
        bybit.sleep(1)
        slept = core.loop.now() - began
      end)
      assert.equal("o1", assert(client:place_order(ORDER)).order_id)
      assert.near(2, core.loop.now() - began, 1e-6)
      assert.near(1, slept, 1e-6)
      other:await()
    end)
    assert.equal("o1", assert(client:place_order(ORDER)).order_id) -- and outside of tasks
  end)

  it("drops a call that is cancelled meanwhile, or whose client is closed", function()
    local client <close> = slow_client()
    bybit.run(function()
      for kind, stop in pairs {
        cancelled = function(token) token:cancel() end,
        closed = function() client:close() end,
      } do
        local token = bybit.cancel_token()
        local order = { cancel = token }
        for k, v in pairs(ORDER) do order[k] = v end
        local target = kind == "closed" and client or slow_client()
        bybit.spawn(function()
          bybit.sleep(1)
          stop(token)
        end)
        local _, err = target:place_order(order)
        assert.equal(kind, err.kind)
        assert.equal("unknown", err.outcome)
        if target ~= client then target:close() end
      end
    end)
  end)

  it("shows errors of the exchange by name, with their outcome", function()
    local client <close> = client_with { status = 200, body = '{"retCode":110007,"retMsg":"ab not enough","result":{}}' }
    local _, err = client:place_order(ORDER)
    assert.equal("exchange", err.kind)
    assert.equal(110007, err.code)
    assert.equal(bybit.codes.insufficient_balance, err.name)
    assert.equal("rejected", err.outcome)
    assert.truthy(tostring(err):find(
      "place_order BTCUSD Buy 100 @ 30000.5: insufficient balance (110007), nothing was placed; ", 1, true), tostring(err))
  end)

  it("never shows the key when the exchange echoes it", function()
    local client <close> = client_with { status = 200, body = ('{"retCode":10004,"retMsg":"error sign! origin_string[1%s5000x]"}')
      :format(KEYS.key) }
    local _, err, response = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1,
      raw = true }
    assert.equal("auth", err.kind)
    assert.is_nil(tostring(err):find(KEYS.key, 1, true))
    assert.is_nil(err.message:find(KEYS.key, 1, true))
    assert.is_nil(response.raw:find(KEYS.key, 1, true))
  end)

  it("makes a new client order id each time the caller gives none", function()
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

  it("makes ids that the exchange accepts with any prefix, and that sort by time", function()
    for _, prefix in ipairs { "m", ("p"):rep(12), ("p"):rep(16) } do
      local ids = {}
      local client <close> = bybit.client(options { id_prefix = prefix, transport = { start = function(_, request)
        ids[#ids + 1] = request.body:match '"orderLinkId":"([^"]+)"'
        return { status = 200, body = '{"retCode":0,"result":{"orderId":"a"}}' }
      end } })
      for _ = 1, 2 do
        assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 })
        bybit.sleep(0.002)
      end
      assert.is_true(#ids[1] <= 36, ids[1])
      assert.equal(prefix .. "-", ids[1]:sub(1, #prefix + 1))
      assert.is_true(ids[1] < ids[2], ids[1] .. " " .. ids[2])
    end
  end)
end)
