-- Answers that are none of the exchange's, or not written as documented, over real sockets and on both wires: what is told of
-- them, what they mean for an order, and how long to wait (RFC 9110; V5 documentation, answers and HTTP status).

local bybit = require "bybit"
local contains = require "spec.support.contains"
local core = require "bybit.core"
local server = require "spec.support.scripted_server"
local tasks = require "bybit.tasks"

local KEY, SECRET = "theKeyItself0123456789", "theSecretItself"
local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000", client_order_id = "mine",
  resend = false }

local site, client

local function start(options)
  site = server.listen()
  local o = { environment = { url = site.url }, key = KEY, secret = SECRET, timeout = 2, deadline = 1, rate = false }
  for k, v in pairs(options or {}) do o[k] = v end
  client = bybit.client(o)
end

after_each(function()
  if client then client:close() end
  while tasks.step(0) > 0 do site = site end
  if site then site:close() end
  site, client = nil, nil
end)

-- What a call gives while the server answers each request with serve(connection, request, n).
local function call(serve, f)
  local got, n = nil, 0
  bybit.spawn(function() got = table.pack(pcall(f)) end)
  server.await(function()
    site:poll()
    for _, connection in ipairs(site.accepted) do
      connection:poll()
      while connection.input:find "\r\n\r\n" do
        n = n + 1
        serve(connection, connection:request(), n)
      end
    end
    return got
  end)
  assert(got[1], got[2])
  return table.unpack(got, 2, got.n)
end

local function always(body, status, headers)
  return function(connection) connection:answer(body, headers, status) end
end

local function read() return client:get_open_orders_real_time { symbol = "BTCUSD" } end
local function order() return client:place_order(ORDER) end

local has = contains.has

local HTML = "Content-Type: text/html; charset=utf-8\r\n"
local JSON = "Content-Type: application/json\r\n"

for _, api in ipairs { "v5", "v2" } do describe("an answer on " .. api .. " that is no JSON", function()
  before_each(function() start { api = api } end)

  for what, case in pairs {
    ["a page is told by its title and first words"] = {
      "<!DOCTYPE html><html><head><title>Down &amp; out</title><style>p { color: red }</style><script>var x = '<b>'</script>"
        .. "</head>\n<body><!-- hidden --><h1>We are</h1><p>back soon</p></body></html>", HTML,
      'the answer is no JSON (HTTP 200): text/html; charset=utf-8, "Down & out We are back soon"' },
    ["plain text is told"] = { "upstream\r\n\tis gone", "Content-Type: text/plain\r\n",
      'the answer is no JSON (HTTP 200): text/plain, "upstream is gone"' },
    ["one without a type is told all the same"] = { "OK", "", 'the answer is no JSON (HTTP 200): "OK"' },
    ["an empty one is called so"] = { "", HTML, "the answer is no JSON (HTTP 200): text/html; charset=utf-8, an empty body" },
    ["blanks are called so"] = { " \r\n ", "", "the answer is no JSON (HTTP 200): 4 bytes without a word" },
    ["what is packed though nobody asked is called so"] = { "\x1f\x8b\8\0\1\2\3\4\5", JSON .. "Content-Encoding: gzip\r\n",
      "application/json, 9 bytes packed with gzip, which was not asked for" },
    ["what is packed without a word about it too"] = { "\x1f\x8b\8\0\1\2\3\4\5", JSON,
      "application/json, 9 bytes packed with gzip, which was not asked for" },
    ["bytes are not shown"] = { "\1\2\0\3\4", "", "the answer is no JSON (HTTP 200): 5 bytes that are no text" },
    ["what would steer a terminal is taken out"] = { "a\27[2J\u{202E}b\194\155c\255d", "", '"a [2J b c?d"' },
  } do
    it(what, function()
      local result, err = call(always(case[1], nil, case[2]), read)
      assert.is_nil(result)
      assert.equal("decode", err.kind)
      has(err.message, case[3])
      has(case[3], err.body:sub(1, 20))
      has(tostring(err), case[3])
      assert.is_truthy(utf8.len(err.body))
    end)
  end

  it("but JSON of somebody else, or cut short, is told with its place", function()
    local _, err = call(always('{"error":"unauthorized"}', nil, JSON), read)
    has(err.message, 'byte 25: no return code (HTTP 200): application/json, "{"error":"unauthorized"}"')
    _, err = call(always('{"retCode":0,"result":{"list":[', nil, JSON), read)
    assert.matches('^byte %d+: .* %(HTTP 200%): application/json, "{"retCode"', err.message)
  end)

  it("is cut short", function()
    local _, err = call(always(("wörd "):rep(10000), "404 Oops"), read)
    assert.is_true(#err.body < 450 and #tostring(err) < 700)
    assert.is_truthy(utf8.len(err.body))
    assert.matches("%.%.%.", err.body)
  end)

  it("holds no key and no signature, however they are written", function()
    local function echo(connection, request)
      local sign = (request.line .. request.headers .. request.body):match "[Ss][Ii][Gg][Nn][=:] ?(%x+)"
      local entities = KEY:gsub(".", function(c) return ("&#%d;"):format(c:byte()) end)
      connection:answer(("<html><title>%s</title>%s %s %s</html>"):format(KEY, entities, sign, request.line .. request.body),
        HTML, "404 Oops")
    end
    local _, err = call(echo, order)
    for _, text in ipairs { tostring(err), err.message, err.body } do
      assert.is_nil(text:find("Itself", 1, true), text)
      assert.is_nil(text:find("%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x"), text)
    end
  end)
end) end

describe("a status", function()
  -- What a server says of a request that it does not take up: nothing was placed.
  for status, case in pairs {
    ["400 Bad Request"] = { "http", "bad_request", "a server refused the request as malformed" },
    ["401 Unauthorized"] = { "auth", "authentication_missing" },
    ["404 Not Found"] = { "http", "route_not_found" },
    ["405 Method Not Allowed"] = { "http", "invalid_verb" },
    ["407 Proxy Authentication Required"] = { "auth", "proxy_authentication_missing" },
    ["413 Payload Too Large"] = { "http", "request_too_large" },
    ["414 URI Too Long"] = { "http", "request_too_large" },
    ["421 Misdirected Request"] = { "http", "request_not_taken" },
    ["431 Request Header Fields Too Large"] = { "http", "request_too_large" },
    ["451 Unavailable For Legal Reasons"] = { "auth", "region_not_served" },
  } do
    it(status .. " says that nothing was placed, and why in the page's words", function()
      start()
      local ack, err = call(always("<html><title>" .. status .. "</title>nginx</html>", status, HTML), order)
      assert.is_nil(ack)
      assert.same({ case[1], case[2], "rejected", false }, { err.kind, err.name, err.outcome, err.retryable })
      has(err.message, case[3] or "")
      has(err.message, ('text/html; charset=utf-8, "%s nginx"'):format(status))
      has(tostring(err), "nothing was placed")
      assert.is_nil(tostring(err):find "GET and POST only")
    end)
  end

  for _, status in ipairs { "408 Request Timeout", "409 Conflict", "422 Unprocessable Content", "502 Bad Gateway",
    "504 Gateway Timeout", "302 Found" } do
    it(status .. " says nothing of what happened", function()
      start()
      local ack, err = call(always("<html>x</html>", status, HTML), order)
      assert.is_nil(ack)
      assert.same({ "http", "unknown" }, { err.kind, err.outcome })
      has(err.message, '"x"')
    end)
  end
end)

describe("a 403", function()
  local CLOUDFRONT = "<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY><H1>403 ERROR</H1>"
    .. "The Amazon CloudFront distribution is configured to block access from your country.</BODY></HTML>"

  it("that names the country says so, and does not silence the client", function()
    start { rate = "wait" }
    local n = 0
    local function serve(connection)
      n = n + 1
      if n == 1 then return connection:answer(CLOUDFRONT, HTML, "403 Forbidden") end
      connection:answer '{"retCode":0,"retMsg":"OK","result":{"list":[],"nextPageCursor":""},"time":1700000000000}'
    end
    local ack, err = call(serve, order)
    assert.is_nil(ack)
    assert.same({ "auth", "region_not_served", "rejected", false }, { err.kind, err.name, err.outcome, err.retryable })
    has(tostring(err), "the exchange does not serve the country of this address")
    has(tostring(err), "block access from your country")
    assert.is_nil(err.retry_after)
    assert.is_nil(client:budget().banned_for)
    assert.same({}, (assert(call(serve, read))))
    assert.equal(2, n)
  end)

  -- An address that the key is not bound to (10010), a compliance rule (10024): the exchange has looked at the call.
  for body, name in pairs {
    ['{"retCode":10010,"retMsg":"Unmatched IP, please check your API key.","result":{}}'] = "ip_not_allowed",
    ['{"ret_code":10024,"ret_msg":"Compliance rules triggered","result":null}'] = "compliance_rule",
  } do
    it("whose code is " .. name .. " is that refusal, and does not silence the client", function()
      start { rate = "wait", api = body:find '"ret_code"' and "v2" or "v5" }
      local _, err = call(always(body, "403 Forbidden", JSON), order)
      assert.same({ "auth", name, "rejected" }, { err.kind, err.name, err.outcome })
      assert.is_nil(err.retry_after)
      assert.is_nil(client:budget().banned_for)
      _, err = call(always(body, "403 Forbidden", JSON), order)
      assert.equal("rejected", err.outcome, "the second call went out")
    end)
  end

  for body, headers in pairs { ["access too frequent"] = "", ["<html>Forbidden</html>"] = HTML, [""] = "",
    ["too many requests from your country"] = "", ['{"code":403,"message":"Forbidden"}'] = JSON,
    ['{"retCode":10024,"retMsg":"no","retCode":'] = JSON, ['{"retCode":0,"retMsg":"OK","result":{}}'] = JSON } do
    it(("shuts the address out for ten minutes, with its words: '%s'"):format(body), function()
      start { rate = "wait" }
      local _, err = call(always(body, "403 Forbidden", headers), order)
      assert.same({ "rate_limit", "forbidden", "rejected" }, { err.kind, err.name, err.outcome })
      assert.is_true(err.retry_after > 590 and err.retry_after <= 600)
      assert.is_true(client:budget().banned_for > 590)
      has(err.message, body:gsub("<.->", ""))
      assert.is_nil(err.message:find "country that it does not serve")
      local _, second = client:place_order(ORDER)
      assert.equal("not_sent", second.outcome)
      has(tostring(second), "the exchange has blocked this IP address (HTTP 403)")
    end)
  end
end)

describe("Retry-After", function()
  local function later(seconds)
    return ("Retry-After: %s\r\n"):format(seconds)
  end

  local DATE = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

  for _, status in ipairs { "429 Too Many Requests", "503 Service Unavailable" } do
    it("on " .. status .. " is told, and waited for where there is time", function()
      start { deadline = 2, rate = "wait" }
      local _, err = call(always("busy", status, later(40)), read)
      assert.is_true(err.retry_after > 39 and err.retry_after <= 40, tostring(err.retry_after))
      assert.is_true(err.attempts == 1, "it was asked again before that")
      client:close()
      site:close()
      start { deadline = 4, rate = "wait" }
      local times = {}
      local list = call(function(connection, _, n)
        times[n] = core.loop.now()
        if n == 1 then return connection:answer("busy", later(1), status) end
        connection:answer '{"retCode":0,"retMsg":"OK","result":{"list":[]},"time":1700000000000}'
      end, read)
      assert.same({}, list)
      assert.is_true(times[2] - times[1] >= 1, "it did not wait")
    end)

    it("on " .. status .. " may be a date, held against the answer's own", function()
      start { deadline = 0.5 }
      local _, err = call(always("busy", status, later "Sun, 06 Nov 1994 08:50:07 GMT" .. DATE), read)
      assert.equal(30, err.retry_after)
    end)

    for _, text in ipairs { "-5", "soon", "1e9", "Sun, 99 Foo 1994 08:50:07 GMT", "" } do
      it(("on %s that is none ('%s') counts for nothing"):format(status, text), function()
        start { deadline = 0.2 }
        local _, err = call(always("busy", status, later(text)), read)
        assert.is_true((err.retry_after or 0) < 5)
      end)
    end
  end

  it("never silences the client for more than ten minutes", function()
    start { deadline = 0.5, rate = "wait" }
    local _, err = call(always("busy", "429 Too Many Requests", later(99999999)), read)
    assert.equal(86400, err.retry_after)
    local wait = core.client.retry_after(client)
    assert.is_true(wait > 590 and wait <= 600, tostring(wait))
  end)

  it("holds an order of unknown outcome back from being sent again", function()
    start { deadline = 4 }
    local times = {}
    local ack = call(function(connection, request)
      if request.line:find "^POST" then
        times[#times + 1] = core.loop.now()
        if #times == 1 then return connection:answer("busy", later(1), "503 Service Unavailable") end
        return connection:answer '{"retCode":0,"retMsg":"OK","result":{"orderId":"o","orderLinkId":"mine"},"time":1700000000000}'
      end
      connection:answer '{"retCode":0,"retMsg":"OK","result":{"list":[]},"time":1700000000000}'
    end, function()
      local p = {}
      for k, v in pairs(ORDER) do p[k] = v end
      p.resend = nil
      return client:place_order(p)
    end)
    assert.equal("o", ack.order_id)
    assert.is_true(times[2] - times[1] >= 1)
  end)
end)

---------------------------------------------------------------------------------------------------------------
-- Envelopes that are not as documented.

-- One answer, through a transport of the spec's.
local function answered(body, options)
  local o = { environment = { url = "http://127.0.0.1:1" }, key = KEY, secret = SECRET, deadline = 0.05, rate = false,
    transport = { start = function() return { status = 200, body = body } end } }
  for k, v in pairs(options or {}) do o[k] = v end
  return bybit.client(o)
end

local SPELLED = {
  v5 = { code = "retCode", message = "retMsg", other = "ret_code", other_message = "ret_msg", refusal = 110007 },
  v2 = { code = "ret_code", message = "ret_msg", other = "retCode", other_message = "retMsg", refusal = 30031 },
}

for api, names in pairs(SPELLED) do describe("an envelope on " .. api, function()
  local LIST = api == "v5" and '{"list":[]}' or "[]"

  local function told(code, message, options)
    local o = { api = api }
    for k, v in pairs(options or {}) do o[k] = v end
    local one <close> = answered(('{"%s":%s,"%s":%s,"result":%s}'):format(names.code, code, names.message, message, LIST), o)
    return one:get_open_orders_real_time { symbol = "BTCUSD" }
  end

  it("may have its return code in quotes: a success, and a refusal with its words", function()
    assert.same({}, (assert(told('"0"', '"OK"'))))
    local list, err = told(('"%d"'):format(names.refusal), '"what it says"')
    assert.is_nil(list)
    assert.same({ names.refusal, "insufficient_balance", "what it says" }, { err.code, err.name, err.message })
    list, err = told('"-1"', '"expired"')
    assert.is_nil(list)
    assert.equal(-1, err.code)
    for _, code in ipairs { '"0.0"', '" 0"', '"+1"', '"-0"', '"01"', '"1e3"', '"\\u0030"' } do
      list, err = told(code, '"OK"')
      assert.is_nil(list, code)
      assert.equal("decode", err.kind)
    end
  end)

  it("may come without words, or with words that are no text", function()
    for message, words in pairs { null = "", ['""'] = "", ["5"] = "5", ['{"a":1}'] = '{"a":1}', ["[1]"] = "[1]" } do
      local _, err = told("10001", message)
      assert.same({ 10001, words }, { err.code, err.message })
      assert.is_nil(tostring(err):find("nil", 1, true))
    end
    local none <close> = answered(('{"%s":10001}'):format(names.code), { api = api })
    local _, err = none:get_open_orders_real_time { symbol = "BTCUSD" }
    assert.equal("", err.message)
  end)

  it("of a gateway in the other wire's spelling is a refusal, and never a success", function()
    local function other(code)
      local one <close> = answered(('{"%s":%s,"%s":"what it says","result":%s}'):format(names.other, code, names.other_message,
        LIST), { api = api })
      return one:get_open_orders_real_time { symbol = "BTCUSD" }
    end
    local _, err = other "10005"
    assert.same({ 10005, "permission_denied", "what it says" }, { err.code, err.name, err.message })
    for _, code in ipairs { "0", '"0"', "null", "true" } do
      _, err = other(code)
      assert.equal("decode", err.kind)
    end
  end)

  it("with its return code in quotes is no place for the key, in a raw request's result either", function()
    for code, kept in pairs { ["0"] = true, ['"0"'] = false } do
      local one <close> = answered(('{"%s":%s,"%s":"","result":{"apiKey":"%s"}}'):format(names.code, code, names.message, KEY),
        { api = api })
      local result = assert(one:request("GET", "/v5/user/query-api"))
      assert.equal(kept, result.apiKey == KEY)
    end
  end)
end) end

describe("a key that comes twice", function()
  local function list_of(record)
    local one <close> = answered(('{"retCode":0,"retMsg":"OK","result":{"list":[{"orderId":"a"},%s,{"orderId":"c","qty":"3"}]}}')
      :format(record))
    local list, err, response = one:get_open_orders_real_time { symbol = "BTCUSD" }
    return list, err, response
  end

  it("of a field that nobody declared costs that field alone, and is told", function()
    for _, case in ipairs { { "newThing", "new_thing" }, { "thing", "thing" }, { "order_id", "order_id_" } } do
      local field = ('"%s":"1","%s":"2","%s":"3"'):format(case[1], case[1], case[1])
      local list, _, response = list_of(('{"orderId":"b",%s,"qty":"7"}'):format(field))
      assert.equal(3, #list)
      assert.same({ "b", "1", "7" }, { list[2].order_id, rawget(list[2], case[2]), tostring(list[2].quantity) })
      assert.equal("[2]." .. case[2], response.undecoded[1])
    end
  end)

  it("inside a field that is a table costs that table no more", function()
    local list, _, response = list_of '{"orderId":"b","cumFeeDetail":{"BTC":"1","BTC":"2","ETH":"3"}}'
    assert.same({ BTC = "1", ETH = "3" }, list[2].cum_fee_detail)
    assert.same({ "[2].cum_fee_detail" }, response.undecoded)
  end)

  it("of a raw request's result keeps its first value, and is told", function()
    local one <close> = answered '{"retCode":0,"retMsg":"OK","result":{"list":[{"a":1,"b":2},{"a":3,"a":4,"b":5},{"a":6,"b":7}]}}'
    local result, err, response = one:request("POST", "/v5/order/create")
    assert.is_nil(err)
    assert.same({ { a = 1, b = 2 }, { a = 3, b = 5 }, { a = 6, b = 7 } }, result.list)
    assert.same({ "result" }, response.undecoded)
  end)

  it("of a declared field still costs the answer: of two ids none is safely right", function()
    local list, err = list_of '{"orderId":"b","orderId":"x"}'
    assert.is_nil(list)
    assert.equal("decode", err.kind)
  end)

  it("is still an error in JSON that a program decodes itself", function()
    local value, why = bybit.json.decode '{"a":1,"a":2}'
    assert.is_nil(value)
    has(why, "duplicate key")
  end)
end)

---------------------------------------------------------------------------------------------------------------

describe("a raw request", function()
  it("is named by verb and path in its error and in the log", function()
    local events = {}
    local one <close> = answered('{"retCode":10001,"retMsg":"no","result":{}}', { log = function(e) events[#events + 1] = e end })
    local _, err = one:request("POST", "/v5/position/set-leverage", { symbol = "BTCUSD" })
    assert.same({ "request", "POST", "/v5/position/set-leverage" }, { err.method, err.verb, err.path })
    assert.matches("^request POST /v5/position/set%-leverage: invalid parameter %(10001%): no", tostring(err))
    local last = events[#events]
    assert.same({ "request", "POST", "/v5/position/set-leverage" }, { last.method, last.verb, last.path })
    local line = require("bybit.outcome.log").line(last)
    has(line, "request POST /v5/position/set-leverage")
  end)

  it("that succeeds is named in the log, and walks of a path are", function()
    local events = {}
    local one <close> = answered('{"retCode":0,"retMsg":"OK","result":{"list":[]}}',
      { log = function(e) events[#events + 1] = e end })
    assert(one:request("GET", "/v5/market/time"))
    assert.same({ "GET", "/v5/market/time", "ok" }, { events[1].verb, events[1].path, events[1].outcome })
    assert(one:collect("/v5/position/closed-pnl", {}))
    assert.same({ "GET", "/v5/position/closed-pnl" }, { events[2].verb, events[2].path })
    assert(one:get_open_orders_real_time { symbol = "BTCUSD" })
    assert.is_nil(events[#events].verb)
  end)
end)

describe("a certificate that is not trusted", function()
  local certificates = require "spec.support.certificates"

  it("is told with the option that says whom to trust", function()
    local dir = certificates.make()
    finally(function() certificates.remove(dir) end)
    for _, ca in ipairs { false, dir .. "/own.pem" } do
      site = server.listen(assert(require("ssl").newcontext { mode = "server", protocol = "any",
        certificate = dir .. "/right.pem", key = dir .. "/right.key" }))
      client = bybit.client { environment = { url = site.url }, key = KEY, secret = SECRET, deadline = 2, ca_file = ca or nil }
      local got
      bybit.spawn(function() got = table.pack(client:place_order(ORDER)) end)
      site:accept()
      server.await(function() return got end)
      assert.same({ "tls", "not_sent" }, { got[2].kind, got[2].outcome })
      has(tostring(got[2]), "ca_file")
      client:close()
      site:close()
    end
    site, client = nil, nil
  end)
end)
