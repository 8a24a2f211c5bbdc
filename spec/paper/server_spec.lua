-- The paper exchange as a server: its life, its connections, and its answers to hostile bytes.

local cjson = require "cjson"
local paper = require "bybit.paper"
local raw = require "spec.support.raw_http"
local socket = require "socket"

local TIME = "/v5/market/time"

local function code(answer)
  return cjson.decode(answer.body).retCode
end

describe("paper server", function()
  describe("life", function()
    it("starts on a free port and tells where and with which key", function()
      local exchange <close> = assert(paper.start())
      assert.equal(("http://127.0.0.1:%d"):format(exchange.port), exchange.url)
      assert.equal(exchange.keys[1].key, exchange.key)
      assert.equal(exchange.keys[1].secret, exchange.secret)
      assert.equal("paper exchange at " .. exchange.url, tostring(exchange))
      assert.equal(0, code(raw.request(exchange.port, "GET", TIME)))
    end)

    it("makes a new key each time, but the same key from the same seed", function()
      local one <close> = assert(paper.start())
      local two <close> = assert(paper.start())
      assert.not_equal(one.key, two.key)
      assert.not_equal(one.secret, two.secret)
      local three <close> = assert(paper.start { seed = 7 })
      local four <close> = assert(paper.start { seed = 7 })
      assert.equal(three.key, four.key)
      assert.equal(three.secret, four.secret)
    end)

    it("may be closed twice, frees its port, and refuses commands afterwards", function()
      local exchange = assert(paper.start())
      local connection <close> = raw.connect(exchange.port)
      exchange:close()
      exchange:close()
      assert.is_nil(connection:answer())
      assert.is_nil((socket.connect("127.0.0.1", exchange.port)))
      assert.error_matches(function() exchange:step() end, "the exchange is closed")
      local again <close> = assert(paper.start { port = exchange.port })
      assert.equal(exchange.port, again.port)
    end)

    it("ends when it is garbage-collected", function()
      local port = assert(paper.start()).port
      collectgarbage()
      collectgarbage()
      assert.is_nil((socket.connect("127.0.0.1", port)))
    end)

    it("returns nil and why when the port is taken", function()
      local exchange <close> = assert(paper.start())
      local second, why = paper.start { port = exchange.port }
      assert.is_nil(second)
      assert.equal(("cannot listen on 127.0.0.1:%d: Address already in use"):format(exchange.port), why)
    end)

    it("runs several at once, each with its own state", function()
      local exchanges = {}
      for i = 1, 8 do exchanges[i] = assert(paper.start { seed = i }) end
      for _, exchange in ipairs(exchanges) do assert.equal(0, code(raw.request(exchange.port, "GET", TIME))) end
      for _, exchange in ipairs(exchanges) do exchange:close() end
    end)

    it("shows no secret when it is printed or fails", function()
      local exchange <close> = assert(paper.start { keys = { { key = "k", secret = "very-secret" } } })
      assert.is_nil(tostring(exchange):find("very-secret", 1, true))
      local _, trouble = pcall(paper.start, { keys = { { key = "k", secret = "very-secret" } }, x = 1 })
      assert.is_nil(trouble:find("very-secret", 1, true))
    end)
  end)

  describe("time", function()
    it("is the machine's with a real clock", function()
      local exchange <close> = assert(paper.start())
      local function now() -- os.time() may lag by a tick of the kernel
        local date <close> = assert(io.popen "date +%s%3N")
        return date:read "n"
      end
      local before = now()
      local time = cjson.decode(raw.request(exchange.port, "GET", TIME).body).time
      assert.is_true(before <= time and time <= now())
    end)

    it("stands still with a manual clock until it is advanced", function()
      local exchange <close> = assert(paper.start { clock = "manual", start_time = 1700000000000 })
      local function time() return cjson.decode(raw.request(exchange.port, "GET", TIME).body).time end
      assert.equal(1700000000000, time())
      assert.equal(1700000000000, time())
      exchange:advance(1.5)
      assert.equal(1700000001500, time())
    end)

    it("cannot be advanced with a real clock", function()
      local exchange <close> = assert(paper.start())
      assert.error_matches(function() exchange:advance(1) end, "real clock")
      assert.equal(0, code(raw.request(exchange.port, "GET", TIME)))
    end)
  end)

  describe("connections", function()
    local exchange

    lazy_setup(function() exchange = assert(paper.start { limits = false }) end)
    lazy_teardown(function() exchange:close() end)

    it("carry many requests", function()
      local connection <close> = raw.connect(exchange.port)
      for _ = 1, 100 do
        connection:send(raw.text("GET", TIME))
        assert.equal(200, connection:answer().status)
      end
    end)

    it("answer pipelined requests in order", function()
      local connection <close> = raw.connect(exchange.port)
      connection:send(raw.text("GET", TIME) .. raw.text("GET", "/nowhere") .. raw.text("POST", "/v5/account/x", {}, "{}")
        .. raw.text("GET", TIME))
      local statuses = {}
      for i = 1, 4 do statuses[i] = connection:answer().status end
      assert.same({ 200, 404, 404, 200 }, statuses)
    end)

    it("may be many at once", function()
      local connections = {}
      for i = 1, 200 do connections[i] = raw.connect(exchange.port) end
      for _, connection in ipairs(connections) do connection:send(raw.text("GET", TIME)) end
      for _, connection in ipairs(connections) do
        assert.equal(200, connection:answer().status)
        connection:close()
      end
    end)

    it("take a request byte by byte", function()
      local connection <close> = raw.connect(exchange.port)
      for byte in raw.text("GET", TIME):gmatch(".") do connection:send(byte) end
      assert.equal(200, connection:answer().status)
    end)

    it("take a body in chunks", function()
      local connection <close> = raw.connect(exchange.port)
      connection:send(raw.text("POST", "/v5/account/set-limit-px-action", { "Transfer-Encoding: chunked" })
        .. "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
      assert.equal(10001, code(connection:answer()))
    end)

    it("take a body in chunks that come apart (RFC 9112, section 7.1)", function()
      local connection <close> = raw.connect(exchange.port)
      local text = raw.text("POST", "/v5/account/set-limit-px-action", { "Transfer-Encoding: chunked" })
        .. '6;name="value"\r\n{"cate\r\n00A\r\ngory":"spo\r\n3\r\nt"}\r\n0\r\n\r\n' .. raw.text("GET", TIME)
      for byte in text:gmatch "." do connection:send(byte) end
      assert.equal(10001, code(connection:answer()))
      assert.equal(0, code(connection:answer()))
    end)

    it("say that a body may come, where a client asks (RFC 9110, section 10.1.1)", function()
      local connection <close> = raw.connect(exchange.port)
      local text = raw.text("POST", "/v5/account/set-limit-px-action", { "Expect: 100-continue" }, '{"a":"b"}')
      connection:send(text:sub(1, -10))
      assert.equal("HTTP/1.1 100 Continue", connection:answer().line)
      connection:send(text:sub(-9))
      assert.equal(10001, code(connection:answer()))
    end)

    it("answer HEAD without a body", function()
      local connection <close> = raw.connect(exchange.port)
      connection:send(raw.text("HEAD", "/nowhere") .. raw.text("GET", TIME))
      local answer = connection:answer(true)
      assert.same({ 404, "9" }, { answer.status, answer.headers["content-length"] })
      assert.equal(200, connection:answer().status)
    end)

    it("stay open with HTTP/1.0 where the client asks for that", function()
      local connection <close> = raw.connect(exchange.port)
      for _ = 1, 2 do
        connection:send("GET " .. TIME .. " HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
        local answer = connection:answer()
        assert.same({ 200, "keep-alive" }, { answer.status, answer.headers.connection:lower() })
      end
    end)

    it("answer whoever sends much and reads late", function()
      local connection <close> = raw.connect(exchange.port)
      local one = raw.text("GET", "/v5/market/instruments-info?category=inverse")
      local sender = coroutine.wrap(function()
        local text, at = one:rep(1500), 1 -- their answers are more than a socket holds
        connection.tcp:settimeout(0)
        while at <= #text do
          local sent, _, part = connection.tcp:send(text, at)
          at = (sent or part) + 1
          coroutine.yield(at > #text)
        end
      end)
      local done
      for _ = 1, 20 do
        done = done or sender()
        socket.sleep(0.005)
      end
      for _ = 1, 1500 do
        if not done then done = sender() end
        connection.tcp:settimeout(5)
        assert.equal(200, connection:answer().status)
      end
    end)

    it("close after Connection: close, and with HTTP/1.0", function()
      for _, text in ipairs { raw.text("GET", TIME, { "Connection: close" }), "GET " .. TIME .. " HTTP/1.0\r\n\r\n" } do
        local connection <close> = raw.connect(exchange.port)
        connection:send(text)
        assert.equal(200, connection:answer().status)
        assert.is_nil(connection:answer())
      end
    end)

    it("may end at any point", function()
      local text = raw.text("POST", "/v5/account/set-limit-px-action", { "X-BAPI-API-KEY: k" }, ("x"):rep(2000))
      for _, size in ipairs { 0, 1, 4, 30, #text - 2000, #text - 1, #text } do
        local connection <close> = raw.connect(exchange.port)
        connection:send(text:sub(1, size))
      end
      assert.equal(200, raw.request(exchange.port, "GET", TIME).status)
    end)
  end)

  describe("hostile bytes", function()
    local exchange

    lazy_setup(function() exchange = assert(paper.start { limits = false }) end)
    lazy_teardown(function() exchange:close() end)
    after_each(function()
      assert.equal(200, raw.request(exchange.port, "GET", TIME).status)
      assert.same({}, exchange:errors())
    end)

    it("that are not HTTP get no answer from the exchange", function()
      for _, text in ipairs { "GET\r\n\r\n", ("\xff"):rep(3000) .. "\r\n\r\n", "GET / HTTP/9.9\r\n\r\n" } do
        local connection <close> = raw.connect(exchange.port)
        connection:send(text)
        local answer = connection:answer()
        assert.is_true(answer == nil or answer.status >= 400)
      end
      for _, text in ipairs { "\0\0\0\0\r\n\r\n", "\r\n\r\n\r\n", " \t", "\22\3\1\2\0\1\0\1\252\3\3" } do
        local connection <close> = raw.connect(exchange.port)
        connection:send(text)
      end
    end)

    it("in the target get 404", function()
      for _, target in ipairs { "/%00", "/v5/../v5/market/time", "//v5/market/time", "/v5/market/time/", "*", "%" } do
        assert.equal(404, raw.request(exchange.port, "GET", target).status)
      end
    end)

    it("in the query are accepted as they are", function()
      for _, query in ipairs { "%", "%zz", "&&&", "=", "a", "a=%00", "\xff=\xfe", ("a=b&"):rep(4000) } do
        assert.equal(0, code(raw.request(exchange.port, "GET", TIME .. "?" .. query)))
      end
    end)

    it("that are too many get a 4xx, or the connection ends: target, headers, body", function()
      -- A server that ends a connection before it has read everything may do so before its answer is there.
      local function status_of(...)
        local ok, answer = pcall(raw.request, exchange.port, "GET", ...)
        return ok and answer.status or "ended"
      end
      local status = status_of(TIME .. "?" .. ("x"):rep(60000))
      assert.is_true(status == 414 or status == "ended", status)
      status = status_of(TIME, { "X: " .. ("x"):rep(400000) })
      assert.is_true(status == "ended" or status >= 400, status)
      local connection <close> = raw.connect(exchange.port)
      connection:send("POST /v5/order/create HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n")
      assert.equal(413, connection:answer().status)
    end)

    it("that are too many in chunks get 413; a flood ends the connection", function()
      local connection <close> = raw.connect(exchange.port)
      local chunk = "10000\r\n" .. ("x"):rep(0x10000) .. "\r\n"
      connection:send(raw.text("POST", TIME, { "Transfer-Encoding: chunked" }) .. chunk:rep(5) .. "0\r\n\r\n")
      assert.equal(413, connection:answer().status)
      connection:send(raw.text("POST", TIME, { "Transfer-Encoding: chunked" }))
      local sent, why = true, nil
      for _ = 1, 1000 do
        sent, why = connection.tcp:send(chunk)
        if not sent then break end
      end
      assert.is_nil(sent)
      assert.not_equal("timeout", why)
    end)
  end)
end)
