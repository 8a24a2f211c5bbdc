-- A hostile network, seen from the client: whatever a server sends, the call ends within its limits of time and memory, with an
-- error that says what is known, and the client works as before.

local bybit = require "bybit"
local answers = require "spec.support.hostile_answers"
local server = require "spec.support.scripted_server"
local loop = require("bybit.core").loop
local tasks = require "bybit.tasks"

local TIMEOUT, DEADLINE = 1, 2 -- seconds: of one attempt, of the whole call
local LATE = 8                 -- far more than any call may take
local AT_ONCE = 24             -- cases; with more, a slow machine could not serve each within TIMEOUT
local MAX_BODY = 256 * 1024
-- Bytes for all cases together, servers included. (A sanitizer keeps freed memory.)
local MEMORY = ((os.getenv "LD_PRELOAD" or ""):find "san" and 1024 or 128) * 1024 * 1024
local GOOD, EMPTY, whole, endless = answers.GOOD, answers.EMPTY, answers.whole, answers.endless
local CASES = answers.cases

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

  -- One turn of the server: calls answer(connection, request) for each complete request.
  local function turn(answer, at)
    at = at or site
    at:poll()
    for _, c in ipairs(at.accepted) do
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

  -- Sends the bytes of a case as far as the client reads them; never waits.
  local function script(case)
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
          out = out:sub(sent + 1)
          if why then break end
        end
        if case.close and out == "" then
          self.gone = true
          self.tcp:close()
        end
      end
    end
  end

  -- Makes a call in a task while `answer` serves. Returns its results, and how long it took.
  local function call(answer, method, params)
    local got, start = nil, loop.now()
    bybit.spawn(function() got = table.pack(client[method](client, params)) end)
    server.await(function()
      turn(answer)
      return got
    end)
    return got[1], got[2], loop.now() - start, got[3]
  end

  local READ = { symbol = "BTCUSD" }
  local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000", client_order_id = "mine" }

  -- A well-behaved exchange.
  local function good(connection, request)
    local id = request.body:match '"orderLinkId":"([^"]+)"'
    connection:answer(id and GOOD:format(('{"orderId":"o-%s","orderLinkId":"%s"}'):format(id, id)) or EMPTY)
  end

  -- Checks that both kinds of call work with a good server.
  local AFTER = { symbol = "BTCUSD", side = "Sell", type = "Limit", quantity = 1, price = "30000", client_order_id = "after" }
  local function works()
    assert.same({}, (assert(call(good, "get_open_orders_real_time", READ))))
    assert.equal("o-after", assert(call(good, "place_order", AFTER)).order_id)
  end

  local function one_line(err)
    local text = tostring(err)
    assert.is_nil(text:find "[%c\127]" or text:find "\xC2[\x80-\x9F]" or text:find "\u{202E}", text)
    assert.is_truthy(utf8.len(text), text)
    assert.is_nil(text:find("Itself", 1, true), text)
    assert.is_true(#err.message > 0)
    assert.is_true(#text < 1000, text)
  end

  -- The last of several attempts may have too little time left for any answer.
  local function squeezed(err)
    local ms = err.kind == "timeout" and tonumber(err.message:match "after (%d+) milliseconds")
    return ms and err.attempts > 1 and ms < TIMEOUT * 500
  end

  local function check_kind(case, err)
    if squeezed(err) then return end
    if case.any then
      assert.is_true(case.any[err.kind] or false, err.kind .. ": " .. tostring(err))
    else
      assert.equal(case.kind, err.kind, tostring(err))
    end
    if case.code then assert.equal(case.code, err.code) end
  end

  -- Many cases run at once, each with its own client and server, so that not each has to wait for another's timeout.
  describe("answered with", function()
    local attacks, most = {}, 0 -- by case and method; the growth of memory in bytes
    local PATIENT = { symbol = "BTCUSD", timeout = LATE, deadline = 4 * LATE }
    local PATIENT_AFTER = { timeout = LATE, deadline = 4 * LATE }
    for k, v in pairs(AFTER) do PATIENT_AFTER[k] = v end

    -- One case: the call, then two calls that a good server answers.
    local function attack(case, method, params)
      local self = { case = case, ids = {}, site = server.listen() }
      self.client = bybit.client { environment = { url = self.site.url }, key = "theKeyItself", secret = "theSecretItself",
        timeout = TIMEOUT, deadline = DEADLINE, max_body = MAX_BODY, gzip = case.gzip }
      local bad = script(case)
      function self.answer(connection, request)
        if self.good then
          self.reused = self.reused or connection.bad
          connection.tick = nil
          return good(connection, request)
        end
        connection.bad = true
        self.ids[#self.ids + 1] = request.body:match '"orderLinkId":"([^"]+)"'
        bad(connection)
      end
      bybit.spawn(function()
        local start = loop.now()
        self.result, self.err = self.client[method](self.client, params)
        self.took = loop.now() - start
        self.good = true
        self.list, self.list_err = self.client:get_open_orders_real_time(PATIENT)
        self.ack, self.ack_err = self.client:place_order(PATIENT_AFTER)
        self.done = true
      end)
      return self
    end

    setup(function()
      collectgarbage()
      local before, waiting, running = resident(), {}, {}
      for _, case in ipairs(CASES) do
        attacks[case] = {}
        waiting[#waiting + 1] = { case, "read", "get_open_orders_real_time", READ }
        if case.order ~= false then waiting[#waiting + 1] = { case, "order", "place_order", ORDER } end
      end
      local rounds = math.ceil(#waiting / AT_ONCE)
      server.await(function()
        for i = #running, 1, -1 do
          local a = running[i]
          turn(a.answer, a.site)
          if a.done then
            a.client:close()
            a.site:close()
            table.remove(running, i)
          end
        end
        while #running < AT_ONCE and #waiting > 0 do
          local case, name, method, params = table.unpack(table.remove(waiting))
          attacks[case][name] = attack(case, method, params)
          running[#running + 1] = attacks[case][name]
        end
        most = math.max(most, resident() - before)
        return #running == 0
      end, rounds * LATE)
    end)

    local function bounded(a)
      assert.is_true(a.took < LATE, a.took)
      assert.is_nil(a.result)
      check_kind(a.case, a.err)
      one_line(a.err)
    end

    local UNFINISHED = { timeout = true, too_large = true, network = true }

    -- The client works as before, and an answer that did not end is gone with its connection.
    local function usable(a)
      assert.same({}, a.list, tostring(a.list_err))
      assert.equal("o-after", (a.ack or {}).order_id, tostring(a.ack_err))
      assert.is_false(a.reused and UNFINISHED[a.err.kind] or false, "a connection with half an answer was used again")
    end

    for _, case in ipairs(CASES) do
      it(case[1] .. ", a read fails", function()
        local a = attacks[case].read
        bounded(a)
        assert.is_nil(a.err.outcome)
        usable(a)
      end)

      if case.order ~= false then
        it(case[1] .. ", an order's outcome says what is known", function()
          local a = attacks[case].order
          bounded(a)
          if case.outcome ~= false then assert.equal("unknown", a.err.outcome) end
          assert.is_false(a.err.retryable and a.err.outcome == "unknown")
          assert.equal("mine", a.err.client_order_id)
          assert.is_true(#a.ids > 0)
          for _, id in ipairs(a.ids) do assert.equal("mine", id) end
          usable(a)
        end)
      end
    end

    it("all of these together, memory stays bounded", function()
      assert.is_true(most < MEMORY, most)
    end)
  end)

  describe("a connection that the server closes as it is used again", function()
    -- Serves well, but each connection ends when its second request comes; with `reset` by a reset.
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
      it("does not disturb a read: " .. how, function()
        site = server.listen()
        local answer = dying(reset, {})
        new { deadline = LATE }
        for _ = 1, 4 do assert.same({}, (assert(call(answer, "get_open_orders_real_time", READ)))) end
      end)

      it("places an order once when it may not be sent again: " .. how, function()
        site = server.listen()
        local seen = {}
        local answer = dying(reset, seen)
        new()
        assert(call(answer, "get_open_orders_real_time", READ))
        local p = { resend = false, deadline = 0.5 }
        for k, v in pairs(ORDER) do p[k] = v end
        local ack, err = call(answer, "place_order", p)
        assert.is_nil(ack)
        assert.equal("unknown", err.outcome)
        assert.same({ "mine" }, seen)
        works()
      end)

      it("never places an order under another id, and never says that it was not sent: " .. how, function()
        site = server.listen()
        local seen = {}
        local answer = dying(reset, seen)
        new()
        assert(call(answer, "get_open_orders_real_time", READ))
        local ack, err, _, response = call(answer, "place_order", ORDER)
        if ack then assert.equal("o-mine", ack.order_id) else assert.equal("unknown", err.outcome) end
        assert.is_true(#seen > 0 and #seen <= response.attempts, "what came more often than it was sent")
        for _, id in ipairs(seen) do assert.equal("mine", id) end
        works()
      end)
    end
  end)

  describe("an answer that nobody asked for", function()
    local OTHER = GOOD:format '{"orderId":"o-other","orderLinkId":"other"}'

    for when, late in pairs { ["with the one before"] = false, ["after it"] = true } do
      it("belongs to no call: " .. when, function()
        site = server.listen()
        new()
        local function twice(connection, request)
          connection.tick = nil
          good(connection, request)
          if late then
            function connection:tick() self.tcp:send(whole(OTHER)) self.tick = nil end
          else
            connection:send(whole(OTHER))
          end
        end
        assert(call(twice, "get_open_orders_real_time", READ))
        server.await(function()
          turn(twice)
          for _, c in ipairs(site.accepted) do
            if c.tick then return false end
          end
          return true
        end)
        for _ = 1, 3 do assert.equal("o-mine", assert(call(twice, "place_order", ORDER)).order_id) end
      end)
    end
  end)

  it("HTTP/1.0 that ends with its connection is an answer like any other", function()
    site = server.listen()
    new()
    assert.same({}, (assert(call(function(connection)
      connection:send("HTTP/1.0 200 OK\r\n\r\n" .. EMPTY)
      connection.gone = true
      connection:close()
    end, "get_open_orders_real_time", READ))))
    works()
  end)

  it("a redirect is not followed", function()
    local elsewhere <close> = server.listen()
    site = server.listen()
    new()
    for _, status in ipairs { "301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect" } do
      local _, err = call(function(connection)
        connection:answer("", ("Location: %s/v5/order/create\r\n"):format(elsewhere.url), status)
      end, "place_order", { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, resend = false, deadline = 0.1 })
      assert.equal("unknown", err.outcome)
      assert.is_nil(elsewhere:poll())
    end
    works()
  end)

  it("other calls work while one call gets its answer byte by byte", function()
    site = server.listen()
    new { timeout = LATE, deadline = LATE }
    local drip = script { bytes = { "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n", again = " ", slowly = true } }
    local token, slow = bybit.cancel_token(), nil
    bybit.spawn(function()
      slow = table.pack(client:get_open_orders_real_time { symbol = "BTCUSD", cancel = token })
    end)
    local function serve(connection, request)
      if connection == site.accepted[1] then drip(connection) else good(connection, request) end
    end
    for i = 1, 5 do
      local id = "other-" .. i
      assert.equal("o-" .. id, assert(call(serve, "place_order", { symbol = "BTCUSD", side = "Buy", type = "Market",
        quantity = 1, client_order_id = id })).order_id)
    end
    assert.is_nil(slow)
    token:cancel()
    server.await(function() return slow end)
    assert.equal("cancelled", slow[2].kind)
  end)

  describe("a proxy", function()
    -- The world outside, through a proxy that answers `bytes`.
    local function through(bytes, userinfo)
      site = server.listen()
      client = bybit.client { environment = { url = "https://api.example.com" }, key = "theKeyItself",
        secret = "theSecretItself", proxy = site.url:gsub("//", "//" .. (userinfo or "")), deadline = 0.4 }
      local seen = {}
      local ack, err = call(function(connection, request)
        seen[#seen + 1] = request.line .. request.body
        script { bytes = bytes, close = true }(connection)
      end, "place_order", ORDER)
      assert.is_nil(ack)
      assert.equal("not_sent", err.outcome)
      one_line(err)
      assert.is_true(#seen > 0)
      for _, text in ipairs(seen) do assert.equal("CONNECT api.example.com:443 HTTP/1.1", text) end
      return err
    end

    for what, bytes in pairs {
      ["that refuses"] = { whole("<html>no</html>", "403 Forbidden") },
      ["that wants a password"] = { whole("", "407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="x"\r\n') },
      ["that closes"] = { "" },
      ["that speaks something else"] = { "SSH-2.0-OpenSSH_9.2\r\n" },
      ["that connects to nothing"] = { "HTTP/1.1 200 Connection established\r\n\r\n" },
      ["whose headers have no end"] = endless("HTTP/1.1 200 OK\r\n", ("X-Filler: %s\r\n"):format(("x"):rep(1000))),
    } do
      it(what .. " receives no byte of an order", function() through(bytes) end)
    end

    it("has a password that is never shown, whatever goes wrong", function()
      local err = through({ whole("theSecretItself", "407 No", 'Proxy-Authenticate: Basic realm="x"\r\n') },
        "user:proxyPassItself@")
      assert.is_nil(tostring(err):find "Itself")
      for _, proxy in ipairs { "gopher://user:proxyPassItself@127.0.0.1:1", "http://user:proxyPassItself@",
        "http://user:proxyPassItself@127.0.0.1:99999999", "socks5h://user:proxyPassItself@127.0.0.1:1",
        "http://user:proxyPassItself@nowhere.invalid:1" } do
        local made, other = pcall(bybit.client, { environment = { url = "https://api.example.com" }, key = "theKeyItself",
          secret = "theSecretItself", proxy = proxy, deadline = 0.2 })
        local _, why
        if made then
          _, why = other:place_order(ORDER)
          assert.equal("not_sent", why.outcome)
          other:close()
        else
          why = other
        end
        assert.is_nil(tostring(why):find("proxyPass", 1, true), tostring(why))
      end
    end)
  end)

  it("a host name that does not exist causes an error: nothing was sent", function()
    local other <close> = bybit.client { environment = { url = "https://nowhere.invalid" }, key = "theKeyItself",
      secret = "theSecretItself", deadline = 0.4 }
    local ack, err = other:place_order(ORDER)
    assert.is_nil(ack)
    assert.is_true(err.kind == "network" or err.kind == "timeout", err.kind)
    assert.equal("not_sent", err.outcome)
    one_line(err)
  end)

  it("a server that is not there causes an error: nothing was sent", function()
    site = server.listen()
    new { deadline = 0.4 }
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

    -- Orders over TLS: the server's certificate, and the authority that the client trusts.
    local function order(name, ca, protocol)
      local context = assert(require("ssl").newcontext { mode = "server", protocol = protocol or "any",
        ciphers = protocol and "ALL:@SECLEVEL=0" or nil,
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
      ["a certificate that it signed itself"] = { "own", true, "certificate" },
    } do
      it(what .. " receives no byte of an order", function()
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

    it("an old version receives no byte of an order", function()
      local result = order("right", true, "tlsv1")
      local got = result()
      assert.is_nil(got[1])
      assert.same({ "tls", "not_sent" }, { got[2].kind, got[2].outcome })
      one_line(got[2])
    end)

    -- A server that handles the first bytes of a handshake as `tick` says.
    local function handshake(tick)
      site = server.listen()
      site.url = site.url:gsub("^http:", "https:")
      new { deadline = 0.5 }
      local got, start = nil, loop.now()
      bybit.spawn(function() got = table.pack(client:place_order(ORDER)) end)
      local read = {}
      server.await(function()
        site:poll()
        for i, c in ipairs(site.accepted) do
          c:poll()
          if #c.input > 0 and not c.gone then tick(c) end
          read[i] = c.input
        end
        return got
      end)
      assert.is_nil(got[1])
      assert.equal("not_sent", got[2].outcome)
      assert.is_true(loop.now() - start < LATE)
      assert.is_nil(table.concat(read):find("orderLinkId", 1, true))
      one_line(got[2])
      return got[2]
    end

    it("a handshake that comes byte by byte ends in time", function()
      local answer = "\22\3\3\63\255" .. ("\2"):rep(16000)
      assert.equal("timeout", handshake(function(c)
        c.at = (c.at or 0) + 1
        c.tcp:send(answer:sub(c.at, c.at))
      end).kind)
    end)

    it("a handshake that never begins ends in time", function()
      assert.equal("timeout", handshake(function() end).kind)
    end)

    it("a handshake without end ends", function()
      local record = "\22\3\3\63\240" .. ("\0"):rep(0x3ff0) -- hello requests
      local kind = handshake(function(c)
        for _ = 1, 16 do
          local last, _, part = c.tcp:send(c.rest or record)
          c.rest = not last and (c.rest or record):sub((part or 0) + 1) or nil
          if not last then return end
        end
      end).kind
      assert.is_true(kind == "tls" or kind == "timeout" or kind == "network", kind)
    end)

    it("a handshake that breaks off sends no order", function()
      local kind = handshake(function(c)
        c.gone = true
        c:close()
      end).kind
      -- The last attempt may have no time left.
      assert.is_true(kind == "tls" or kind == "network" or kind == "timeout", kind)
    end)

    it("a server without TLS receives no byte of an order", function()
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
