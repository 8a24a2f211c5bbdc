-- A network that is against us, seen from the client: whatever a server sends, the call ends within its time and memory
-- with an error that says what is known, and the same client is as good as before.

local bybit = require "bybit"
local server = require "spec.support.scripted_server"
local loop = require("bybit.core").loop
local tasks = require "bybit.tasks"

local TIMEOUT, DEADLINE = 0.3, 0.6 -- seconds, of one sending and of the whole call
local LATE = 5                     -- far more than any call may take: a bound, not a measure
local MAX_BODY = 256 * 1024
local GOOD = '{"retCode":0,"retMsg":"OK","result":%s,"retExtInfo":{},"time":1700000000000}'
local EMPTY = GOOD:format '{"list":[],"nextPageCursor":""}'

-- A whole answer.
local function whole(body, status, headers)
  return ("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s"):format(status or "200 OK",
    #body, headers or "", body)
end

-- The same bytes again and again, without end.
local function endless(start, again)
  return { start, again = again }
end

local function gzip(size)
  local pipe = io.popen(("head -c %d /dev/zero | gzip -9"):format(size))
  local packed = pipe:read "a"
  pipe:close()
  return packed
end

-- What the server does: `bytes` are sent, then `again` as fast as it goes or, with `slowly`, a byte at a time; `close`
-- ends the connection. What comes of it: `kind` of a read's error (`codes`: its code), `says` in its message; for an order
-- the outcome, unknown unless told; with `order = false` the case is none for orders.
local CASES = {
  { "a slow drip of the body", bytes = { "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n", again = " ", slowly = true },
    kind = "timeout" },
  { "a slow drip of the headers", bytes = { "HTTP/1.1 200 OK\r\nX: ", again = "x", slowly = true }, kind = "timeout" },
  { "no answer at all", bytes = { "" }, kind = "timeout" },
  { "headers without end", bytes = endless("HTTP/1.1 200 OK\r\n", ("X-Filler: %s\r\n"):format(("x"):rep(1000))),
    kind = "too_large" },
  { "one header line without end", bytes = endless("HTTP/1.1 200 OK\r\nX: ", ("x"):rep(4096)),
    any = { too_large = true, network = true } },
  { "interim answers without end", bytes = endless("", ("HTTP/1.1 100 Continue\r\n\r\n"):rep(64)), kind = "too_large" },
  { "early hints without end", bytes = endless("", ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"):rep(64)), kind = "too_large" },
  { "a body without end", bytes = endless("HTTP/1.1 200 OK\r\n\r\n", (" "):rep(4096)), kind = "too_large" },
  { "chunks without end", bytes = endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "1000\r\n" .. (" "):rep(4096) .. "\r\n"), kind = "too_large" },
  { "a body that says it is huge", bytes = endless("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    (" "):rep(4096)), kind = "too_large" },
  { "a length past all numbers", bytes = { "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}" },
    close = true, any = { too_large = true, network = true, decode = true } },
  { "trailers without end", bytes = endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ("X-Filler: %s\r\n"):format(("x"):rep(1000))), kind = "too_large" },
  { "a body cut short", bytes = { (whole(EMPTY):sub(1, -10)) }, close = true, kind = "network" },
  { "a chunked body cut short", bytes = { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{" }, close = true,
    kind = "network" },
  { "headers cut short", bytes = { "HTTP/1.1 200 OK\r\nContent-Le" }, close = true, kind = "network" },
  { "a closed connection", bytes = { "" }, close = true, kind = "network" },
  { "a length that is too long", bytes = { (whole(EMPTY):gsub("Length: %d+", "Length: 4000")) }, kind = "timeout" },
  { "a length that is too short", bytes = { (whole(EMPTY):gsub("Length: %d+", "Length: 20")) }, kind = "decode" },
  { "a length that is no number", bytes = { (whole(EMPTY):gsub("Length: %d+", "Length: ten")) }, kind = "network" },
  { "two lengths that differ", bytes = { whole(EMPTY, nil, "Content-Length: 20\r\n") }, close = true,
    any = { network = true, decode = true } },
  { "gzip that grows without end", gzip = true, bytes = function()
    return { whole(gzip(256 * 1024 * 1024), nil, "Content-Encoding: gzip\r\n") }
  end, kind = "too_large", order = false },
  { "gzip that is none", gzip = true, bytes = { whole(EMPTY, nil, "Content-Encoding: gzip\r\n") }, kind = "network",
    order = false },
  { "text that is not UTF-8", bytes = { whole(GOOD:format '{"list":[],"x":"\xff\xfe"}') }, kind = "decode" },
  { "text that is UTF-16", bytes = { whole(("\xff\xfe" .. EMPTY:gsub(".", "%0\0"))) }, kind = "decode" },
  { "a byte of zero", bytes = { whole(GOOD:format '{"list":[],"x":"\0"}') }, kind = "decode" },
  { "HTML", bytes = { whole("<!DOCTYPE html>\r\n<html><body>\nUnder maintenance\n</body></html>") }, kind = "decode" },
  { "HTML and 502", bytes = { whole("<html>\n<h1>Bad gateway</h1>\n</html>", "502 Bad Gateway") }, kind = "http" },
  { "HTML and 404", bytes = { whole("<html>\n<h1>Not found</h1>\n</html>", "404 Not Found") }, kind = "http",
    outcome = false },
  { "nothing", bytes = { whole "" }, kind = "decode" },
  { "white space", bytes = { whole "  \r\n " }, kind = "decode" },
  { "two answers in one", bytes = { whole(EMPTY .. EMPTY) }, kind = "decode" },
  { "no return code", bytes = { whole '{"retMsg":"OK","result":{"list":[]},"time":1700000000000}' }, kind = "decode" },
  { "a return code of null", bytes = { whole '{"retCode":null,"retMsg":"OK","result":{"list":[]}}' }, kind = "decode" },
  { "a return code that is a list", bytes = { whole '{"retCode":[0],"retMsg":"OK","result":{"list":[]}}' },
    kind = "decode" },
  { "a return code that is true", bytes = { whole '{"retCode":false,"retMsg":"OK","result":{"list":[]}}' },
    kind = "decode" },
  { "a return code with a fraction", bytes = { whole '{"retCode":0.5,"retMsg":"OK","result":{"list":[]}}' },
    kind = "decode" },
  { "a return code past 64 bits", bytes = { whole '{"retCode":99999999999999999999,"retMsg":"OK","result":{"list":[]}}' },
    kind = "decode" },
  { "two return codes", bytes = { whole '{"retCode":10001,"retMsg":"no","retCode":0,"result":{"list":[]}}' },
    kind = "decode" },
  { "two results", bytes = { whole '{"retCode":0,"retMsg":"OK","result":{"list":[]},"result":{"list":[]}}' },
    kind = "decode" },
  { "a return code that nobody knows", bytes = { whole '{"retCode":987654,"retMsg":"new\\r\\nin town","result":{}}' },
    kind = "exchange", code = 987654 },
  { "a return code below zero", bytes = { whole '{"retCode":-9223372036854775808,"retMsg":"no","result":{}}' },
    kind = "exchange", code = math.mininteger },
  { "a list where the envelope is due", bytes = { whole "[]" }, kind = "decode" },
  { "a number where the envelope is due", bytes = { whole "0" }, kind = "decode" },
  { "a text where the result is due", bytes = { whole(GOOD:format '"list"') }, kind = "decode" },
  { "a text where the list is due", bytes = { whole(GOOD:format '{"list":"none"}') }, kind = "decode", order = false },
  { "an object where the list is due", bytes = { whole(GOOD:format '{"list":{}}') }, kind = "decode", order = false },
  { "a list of lists", bytes = { whole(GOOD:format '{"list":[[]]}') }, kind = "decode", order = false },
  { "a list deeper than any answer", bytes = { whole(GOOD:format(('{"list":[],"x":%s%s}'):format(("["):rep(5000),
    ("]"):rep(5000)))) }, kind = "decode" },
  { "brackets that never close", bytes = { whole(("["):rep(200000)) }, kind = "decode" },
  { "objects that never close", bytes = { whole(('{"a":'):rep(40000)) }, kind = "decode" },
  { "a redirect", bytes = { whole(EMPTY, "302 Found", "Location: http://127.0.0.1:1/elsewhere\r\n") }, kind = "http" },
  { "a redirect that keeps the verb", bytes = { whole("", "307 Temporary Redirect",
    "Location: /v5/order/create\r\n") }, kind = "http" },
  { "another protocol", bytes = { "SSH-2.0-OpenSSH_9.2\r\n" }, close = true, kind = "network" },
  { "HTTP/0.9", bytes = { EMPTY }, close = true, kind = "network" },
  { "a version from the future", bytes = { (whole(EMPTY):gsub("HTTP/1.1", "HTTP/9.9")) }, close = true, kind = "network" },
  { "a status that is none", bytes = { (whole(EMPTY):gsub("200 OK", "9999 OK")) }, close = true, kind = "network" },
  { "a switch of protocols", bytes = { "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n" }, close = true,
    kind = "network" },
  { "an interim answer alone", bytes = { "HTTP/1.1 100 Continue\r\n\r\n" }, close = true, kind = "network" },
  { "a wish for credentials", bytes = { whole("", "401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n") },
    any = { auth = true, http = true }, outcome = false },
}

local function resident() -- bytes
  local f = io.open "/proc/self/statm"
  if not f then return 0 end
  local pages = f:read("a"):match "^%d+ (%d+)"
  f:close()
  return tonumber(pages) * 4096
end

describe("hostile networks:", function()
  local site, client

  after_each(function()
    if client then client:close() end
    while tasks.step(0) > 0 do site = site end
    if site then site:close() end
    site, client = nil, nil
  end)

  local function new(options)
    local o = { environment = { url = site.url }, key = "theKeyItself", secret = "theSecretItself", timeout = TIMEOUT,
      deadline = DEADLINE, max_body = MAX_BODY }
    for k, v in pairs(options or {}) do o[k] = v end
    client = bybit.client(o)
    return client
  end

  -- One turn of the server: each request that has come whole gets what `answer` does: answer(connection, request).
  local function turn(answer)
    site:poll()
    for _, c in ipairs(site.accepted) do
      if not c.gone then
        c:poll()
        local head, start = c.input:match "^(.-)\r\n\r\n()"
        local length = head and tonumber(head:lower():match "\r\ncontent%-length: *(%d+)" or 0)
        if head and #c.input >= start - 1 + length then
          local request = { line = head:match "^[^\r]*", body = c.input:sub(start, start - 1 + length) }
          c.input = c.input:sub(start + length)
          answer(c, request)
        end
        if c.tick then c:tick() end
      end
    end
  end

  -- Sends what a case says, as far as the client takes it: never waits. What is sent is counted.
  local function script(case, count)
    local bytes = case.bytes
    return function(connection)
      local out, again = bytes[1], bytes.again
      function connection:tick()
        for _ = 1, bytes.slowly and 1 or 64 do
          if out == "" then
            if not again then break end
            out = again
          end
          local last, why, part = self.tcp:send(out)
          local sent = last or part or 0
          count.sent, out = count.sent + sent, out:sub(sent + 1)
          if why then break end
        end
        if case.close and out == "" then
          self.gone = true
          self.tcp:close()
        end
      end
    end
  end

  -- Makes a call in a task while `answer` serves: what it gave, and how long it took.
  local function call(answer, method, params)
    local got, start = nil, loop.now()
    bybit.spawn(function() got = table.pack(client[method](client, params)) end)
    server.await(function()
      turn(answer)
      return got
    end)
    return got[1], got[2], loop.now() - start
  end

  local READ = { symbol = "BTCUSD" }
  local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000", client_order_id = "mine" }

  -- The exchange as it should be.
  local function good(connection, request)
    if connection.tick then -- still at its old tricks: it was not to be used again
      error("a connection with half an answer was used again", 0)
    end
    local id = request.body:match '"orderLinkId":"([^"]+)"'
    connection:answer(id and GOOD:format(('{"orderId":"o-%s","orderLinkId":"%s"}'):format(id, id)) or EMPTY)
  end

  -- Both kinds of call get what they should from a good server. Connections that got a whole bad answer may be kept.
  local function works()
    for _, c in ipairs(site.accepted) do c.tick = nil end
    assert.same({}, (assert(call(good, "get_open_orders_real_time", READ))))
    local ack = assert(call(good, "place_order", { symbol = "BTCUSD", side = "Sell", type = "Limit", quantity = 1,
      price = "30000", client_order_id = "after" }))
    assert.equal("o-after", ack.order_id)
  end

  local function one_line(err)
    local text = tostring(err)
    assert.is_nil(text:find "[%c\127]", text)
    assert.is_nil(text:find("Itself", 1, true), text)
    assert.is_true(#err.message > 0)
    assert.is_true(#text < 1000, text)
  end

  local function check_kind(case, err)
    if case.any then
      assert.is_true(case.any[err.kind] or false, err.kind)
    else
      assert.equal(case.kind, err.kind)
    end
    if case.code then assert.equal(case.code, err.code) end
  end

  for _, case in ipairs(CASES) do
    describe(case[1], function()
      local count, before

      before_each(function()
        site, count = server.listen(), { sent = 0 }
        if type(case.bytes) == "function" then case.bytes = case.bytes() end
        new { gzip = case.gzip }
        collectgarbage()
        before = resident()
      end)

      local function bounded(took)
        assert.is_true(took < LATE, took)
        assert.is_true(resident() - before < 64 * 1024 * 1024, resident() - before)
      end

      it("to a read", function()
        local result, err, took = call(script(case, count), "get_open_orders_real_time", READ)
        assert.is_nil(result)
        check_kind(case, err)
        assert.is_nil(err.outcome)
        one_line(err)
        bounded(took)
        works()
      end)

      if case.order == false then return end

      it("to an order, whose outcome is then what is known", function()
        local ids = {}
        local bad = script(case, count)
        local result, err, took = call(function(connection, request)
          ids[#ids + 1] = request.body:match '"orderLinkId":"([^"]+)"'
          bad(connection)
        end, "place_order", ORDER)
        assert.is_nil(result)
        check_kind(case, err)
        if case.outcome ~= false then assert.equal("unknown", err.outcome) end
        assert.is_false(err.retryable and err.outcome == "unknown")
        assert.equal("mine", err.client_order_id)
        for _, id in ipairs(ids) do assert.equal("mine", id) end
        one_line(err)
        bounded(took)
        works()
      end)
    end)
  end

  describe("a connection that the server closes as it is used again", function()
    -- Serves well, but each connection dies when its second request comes; with `reset` by a reset.
    local function dying(reset, seen)
      return function(connection, request)
        connection.served = (connection.served or 0) + 1
        seen[#seen + 1] = request.body:match '"orderLinkId":"([^"]+)"'
        if connection.served == 1 then return good(connection, request) end
        connection.gone = true
        if reset then connection:reset() else connection:close() end
      end
    end

    for how, reset in pairs { closed = false, reset = true } do
      it("costs a read nothing: " .. how, function()
        site = server.listen()
        local answer = dying(reset, {})
        new { deadline = LATE }
        for _ = 1, 4 do assert.same({}, (assert(call(answer, "get_open_orders_real_time", READ)))) end
      end)

      it("never makes an order of another id, and never says that it was not sent: " .. how, function()
        site = server.listen()
        local seen = {}
        local answer = dying(reset, seen)
        new()
        assert(call(answer, "get_open_orders_real_time", READ))
        local ack, err = call(answer, "place_order", ORDER)
        if ack then assert.equal("o-mine", ack.order_id) else assert.equal("unknown", err.outcome) end
        assert.is_true(#seen > 0)
        for _, id in ipairs(seen) do assert.equal("mine", id) end
        works()
      end)
    end
  end)

  it("a server that is not there costs an error: nothing was sent", function()
    site = server.listen()
    new()
    site.tcp:close()
    local _, err, took = call(function() end, "place_order", ORDER)
    assert.same({ "network", "not_sent" }, { err.kind, err.outcome })
    assert.is_true(took < LATE)
    one_line(err)
  end)

  describe("TLS with", function()
    local certificates = require "spec.support.certificates"
    local dir
    setup(function() dir = certificates.make() end)
    teardown(function() certificates.remove(dir) end)

    -- Orders over TLS: the certificate that the server has, and whom the client trusts.
    local function order(name, ca)
      local context = assert(require("ssl").newcontext { mode = "server", protocol = "any",
        key = ("%s/%s.key"):format(dir, name), certificate = ("%s/%s.pem"):format(dir, name) })
      if site then site:close() end
      site = server.listen(context)
      new { ca_file = ca and dir .. "/ca.pem" or nil, timeout = LATE, deadline = LATE } -- a handshake takes its time
      local got
      bybit.spawn(function() got = table.pack(client:place_order(ORDER)) end)
      local ok, connection = pcall(site.accept, site)
      return function() return server.await(function() return got end) end, ok and connection or nil
    end

    for what, case in pairs {
      ["a wrong name"] = { "wrong", true, "match" },
      ["an expired certificate"] = { "expired", true, "expired" },
      ["an unknown authority"] = { "right", false, "certificate" },
    } do
      it(what .. " gets no byte of an order", function()
        local result, connection = order(case[1], case[2])
        local got = result()
        assert.is_nil(got[1])
        assert.same({ "tls", "not_sent" }, { got[2].kind, got[2].outcome })
        assert.matches(case[3], got[2].message)
        assert.is_false(got[2].retryable)
        one_line(got[2])
        if connection then
          connection:poll()
          assert.equal("", connection.input)
        end
        client:close()
        result, connection = order("right", true)
        connection:request()
        connection:answer(GOOD:format '{"orderId":"o-mine","orderLinkId":"mine"}')
        assert.equal("o-mine", result()[1].order_id)
      end)
    end

    it("a server that speaks no TLS gets no byte of an order", function()
      site = server.listen()
      site.url = site.url:gsub("^http:", "https:")
      new { timeout = LATE, deadline = LATE }
      local got
      bybit.spawn(function() got = table.pack(client:place_order(ORDER)) end)
      local connection = site:accept()
      connection:send "HTTP/1.1 400 Bad Request\r\n\r\n"
      server.await(function() return got end)
      assert.same({ "tls", "not_sent" }, { got[2].kind, got[2].outcome })
      connection:poll()
      assert.is_nil(connection.input:find("orderLinkId", 1, true))
    end)
  end)
end)
