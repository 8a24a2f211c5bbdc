-- The transport: a transfer is sent once, every size and time is bounded, TLS is verified.

local core = require "bybit.core"
local process = require "spec.support.process"
local server = require "spec.support.scripted_server"

describe("http", function()
  local http, site

  before_each(function()
    http = core.http {}
    site = server.listen()
  end)

  after_each(function()
    http:close()
    site:close()
  end)

  local function get(path, options)
    local request = { verb = "GET", url = site.url .. (path or "/") }
    for k, v in pairs(options or {}) do request[k] = v end
    return http:start(request)
  end

  local function post(body, options)
    local request = { verb = "POST", url = site.url .. "/v5/order/create", body = body }
    for k, v in pairs(options or {}) do request[k] = v end
    return http:start(request)
  end

  local function header_names(request)
    local names = {}
    for name in (request.headers .. "\r\n"):gmatch("([^\r\n:]+):[^\r\n]*\r\n") do names[#names + 1] = name:lower() end
    table.sort(names)
    return names
  end

  describe("a plain exchange", function()
    it("sends the target and the headers as given, and few of its own", function()
      local transfer = get("/v5/order/realtime?cursor=a%3D1%26&symbol=BTCUSD", { headers = { "X-BAPI-API-KEY: k" } })
      local request = site:accept():request()
      assert.equal("GET /v5/order/realtime?cursor=a%3D1%26&symbol=BTCUSD HTTP/1.1", request.line)
      assert.same({ "accept", "host", "user-agent", "x-bapi-api-key" }, header_names(request))
      transfer:release()
    end)

    it("posts the body byte for byte, zero bytes included", function()
      local body = '{"a":"\0\255"}'
      local transfer = post(body, { headers = { "Content-Type: application/json" } })
      local request = site:accept():request()
      assert.equal(body, request.body)
      assert.same({ "accept", "content-length", "content-type", "host", "user-agent" }, header_names(request))
      transfer:release()
    end)

    it("sends several headers that are given as one like those that are given one by one", function()
      local lines = { "Content-Type: application/json", "X-BAPI-API-KEY: k", "X-BAPI-SIGN: 1:2", "Referer: r" }
      local sent = {}
      for i, headers in ipairs { lines, { table.concat(lines, "\r\n") } } do
        local transfer = post("{}", { headers = headers })
        sent[i] = site:accept():request().headers
        transfer:release()
      end
      assert.equal(sent[1], sent[2])
      assert.matches("\r\nX%-BAPI%-SIGN: 1:2\r\nReferer: r\r\n", sent[2])
      assert.equal(1, select(2, sent[2]:gsub("Content%-Type:", "")))
    end)

    it("does not wait for '100 Continue', even with a long body", function()
      for _, size in ipairs { 1, 1023, 1024, 3 << 20 } do
        local transfer = post(("x"):rep(size))
        local request = site:accept():request()
        assert.equal(size, #request.body)
        assert.is_nil(request.headers:lower():find("expect:", 1, true))
        transfer:release()
      end
    end)

    it("returns status, headers and body, and ends once", function()
      local transfer = get()
      local connection = site:accept()
      connection:request()
      assert.is_nil(transfer:result())
      connection:answer('{"retCode":0}', "Traceid: abc\r\n")
      local result = server.result(transfer)
      assert.is_nil(result.error)
      assert.equal(200, result.status)
      assert.equal("Content-Length: 13\r\nTraceid: abc\r\n", result.headers)
      assert.equal('{"retCode":0}', result.body)
      assert.is_true(result.sent)
      assert.equal(1, select(2, transfer:done()))
    end)

    it("skips interim answers", function()
      local transfer = get()
      local connection = site:accept()
      connection:request()
      connection:send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
      connection:answer("ok")
      local result = server.result(transfer)
      assert.equal(200, result.status)
      assert.equal("Content-Length: 2\r\n", result.headers)
      assert.equal("ok", result.body)
    end)

    it("sends the path and the query unchanged, since they were signed", function()
      for _, target in ipairs { "/v5/../a/./b?x=1", "/a//b?x=/../y", "/a%2fb?c=%7E~!'()*", "/?q", "/a?b?c" } do
        local transfer = http:start { verb = "GET", url = site.url .. target }
        local connection = site:accept()
        assert.equal("GET " .. target .. " HTTP/1.1", connection:request().line)
        connection:answer("", "Connection: close\r\n")
        server.result(transfer)
      end
    end)

    it("does not follow redirects", function()
      local transfer = get()
      local connection = site:accept()
      connection:request()
      connection:answer("", "Location: " .. site.url .. "/elsewhere\r\n", "302 Found")
      assert.equal(302, server.result(transfer).status)
      assert.is_nil(site:poll())
    end)
  end)

  describe("connections", function()
    it("are kept and used again", function()
      local first = get("/1")
      local connection = site:accept()
      connection:request()
      connection:answer("one")
      server.result(first)
      first:release()
      local second = get("/2")
      assert.equal("GET /2 HTTP/1.1", connection:request().line)
      connection:answer("two")
      assert.equal("two", server.result(second).body)
      assert.equal(1, #site.accepted)
    end)

    it("are limited in number: other transfers wait", function()
      http:close()
      http = core.http { connections = 2 }
      local transfers = {}
      for i = 1, 6 do transfers[i] = get("/" .. i) end
      local connections = { site:accept(), site:accept() }
      for _ = 1, 3 do
        for _, connection in ipairs(connections) do
          connection:answer(connection:request().line:match("/%d"))
        end
      end
      for i, transfer in ipairs(transfers) do assert.equal("/" .. i, server.result(transfer).body) end
      assert.is_nil(site:poll())
    end)

    it("are not inherited by programs that the strategy starts", function()
      local function inherited(what)
        local listing <close> = io.popen("ls -l /proc/self/fd")
        return select(2, listing:read("a"):gsub(what, ""))
      end
      local before = inherited "socket:"
      local transfer = get()
      site:accept():request()
      assert.equal(before + 1, inherited "socket:", "the server's end, which LuaSocket leaves open, and no more")
      assert.equal(0, inherited "eventpoll")
      transfer:release()
    end)
  end)

  -- libcurl itself sends a request again, even a POST, when a kept connection ends before the answer.
  describe("a transfer is sent only once", function()
    local function on_a_kept_connection(ending)
      local first = post("first")
      local connection = site:accept()
      connection:request()
      connection:answer("")
      server.result(first)
      first:release()
      local second = post("second")
      assert.equal("second", connection:request().body)
      connection[ending](connection)
      local result = server.result(second)
      return result
    end

    for _, ending in ipairs { "close", "reset" } do
      it("when a kept connection ends with a " .. ending .. " instead of an answer", function()
        local result = on_a_kept_connection(ending)
        assert.equal("network", result.error)
        assert.is_true(result.sent, "the exchange may have it")
        -- If it had been sent again, it would be on a new connection by now.
        local again = site:poll()
        if again then
          again:closed()
          assert.equal("", again.input)
        end
      end)
    end

    it("but a kept connection that is dead before the request is sent is replaced", function()
      local first = get("/1")
      local connection = site:accept()
      connection:request()
      connection:answer("one")
      server.result(first)
      connection:close()
      local second = get("/2")
      local fresh = site:accept()
      assert.equal("GET /2 HTTP/1.1", fresh:request().line)
      fresh:answer("two")
      assert.equal("two", server.result(second).body)
    end)
  end)

  describe("a transfer that was certainly not sent is reported as such", function()
    it("when nobody listens", function()
      local url = site.url
      site.tcp:close()
      local result = server.result(http:start { verb = "POST", url = url .. "/", body = "x" })
      assert.equal("network", result.error)
      assert.is_false(result.sent)
    end)

    it("when the name cannot be resolved", function()
      local result = server.result(http:start { verb = "GET", url = "http://no-such-host.invalid/" })
      assert.equal("network", result.error)
      assert.is_false(result.sent)
    end)

    it("when the TLS handshake fails", function()
      local transfer = http:start { verb = "POST", url = site.url:gsub("^http", "https"), body = "x",
        connect_timeout = 0.2 }
      site:accept()
      local result = server.result(transfer)
      assert.equal("timeout", result.error)
      assert.is_false(result.sent)
    end)
  end)

  describe("time is bounded", function()
    it("by the timeout, which closes the connection", function()
      local transfer = post("x", { timeout = 0.2 })
      local connection = site:accept()
      connection:request()
      local result = server.result(transfer)
      assert.equal("timeout", result.error)
      assert.is_true(result.sent)
      assert.is_true(connection:closed())
    end)

    it("when the answer comes byte by byte", function()
      local transfer = get("/", { timeout = 0.3, max_body = 1 << 40 })
      local connection = site:accept()
      connection:request()
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
      server.await(function()
        connection.tcp:send("x")
        return transfer:done()
      end)
      assert.equal("timeout", transfer:result().error)
    end)
  end)

  describe("size is bounded", function()
    local function answer_in(transfer, f)
      local connection = site:accept()
      connection:request()
      -- The client closes as soon as the limit is reached, so sending may fail.
      pcall(f, connection)
      return server.result(transfer)
    end

    it("for a body with a declared length", function()
      local result = answer_in(get("/", { max_body = 1000 }), function(connection) connection:answer(("x"):rep(1001)) end)
      assert.equal("too_large", result.error)
      assert.is_true(#result.body <= 1000)
    end)

    it("to the byte", function()
      local result = answer_in(get("/", { max_body = 1000 }), function(connection) connection:answer(("x"):rep(1000)) end)
      assert.is_nil(result.error)
      assert.equal(1000, #result.body)
    end)

    it("for endless chunks", function()
      local result = answer_in(get("/", { max_body = 100000 }), function(connection)
        connection:send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ = 1, 20 do connection:send(("%x\r\n%s\r\n"):format(10000, ("y"):rep(10000))) end
      end)
      assert.equal("too_large", result.error)
    end)

    it("for endless headers", function()
      local result = answer_in(get(), function(connection)
        connection:send("HTTP/1.1 200 OK\r\n")
        for i = 1, 100 do connection:send(("X-%d: %s\r\n"):format(i, ("z"):rep(1000))) end
      end)
      assert.equal("too_large", result.error)
    end)

    it("for endless interim answers", function()
      local result = answer_in(get(), function(connection)
        for _ = 1, 5000 do connection:send("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n") end
      end)
      assert.equal("too_large", result.error)
    end)

    it("after decompression: a small answer may unpack to a large one", function()
      local pack = io.popen("head -c 5000000 /dev/zero | gzip -9")
      local bomb = pack:read "a"
      pack:close()
      assert.is_true(#bomb < 10000)
      local result = answer_in(get("/", { max_body = 100000, gzip = true }), function(connection)
        connection:answer(bomb, "Content-Encoding: gzip\r\n")
      end)
      assert.equal("too_large", result.error)
      assert.is_true(#result.body <= 100000)
    end)
  end)

  it("decompresses only if it offered to", function()
    local pack = io.popen("printf hello | gzip")
    local packed = pack:read "a"
    pack:close()
    for _, offered in ipairs { true, false } do
      local transfer = get("/", { gzip = offered })
      local connection = site.accepted[1] or site:accept()
      local request = connection:request()
      assert.equal(offered, request.headers:lower():find("accept-encoding: gzip", 1, true) ~= nil)
      connection:answer(packed, "Content-Encoding: gzip\r\n")
      local result = server.result(transfer)
      assert.equal(offered and "hello" or packed, result.body)
    end
  end)

  describe("a broken answer is an error, and the next call works", function()
    local function broken(bytes)
      local transfer = get("/broken")
      local connection = site:accept()
      connection:request()
      connection:send(bytes)
      connection:close()
      local result = server.result(transfer)
      local after = get("/after")
      local fresh = site:accept()
      assert.equal("GET /after HTTP/1.1", fresh:request().line)
      fresh:answer("fine")
      assert.equal("fine", server.result(after).body)
      return result
    end

    for name, bytes in pairs {
      ["no answer at all"] = "",
      ["half a status line"] = "HTTP/1.",
      ["half the headers"] = "HTTP/1.1 200 OK\r\nContent-Le",
      ["half the body"] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
      ["half a chunk"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf",
      ["a chunk size that is not a number"] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf",
      ["an interim answer alone"] = "HTTP/1.1 100 Continue\r\n\r\n",
      ["a switch of protocols"] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
      ["no HTTP"] = "220 mail.example.com ESMTP\r\n",
      ["a length that is not a number"] = "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n0123456789",
    } do
      it("with " .. name, function()
        local result = broken(bytes)
        assert.equal("network", result.error)
        assert.is_true(result.sent)
        assert.is_true(#result.message > 0)
      end)
    end
  end)

  describe("cancelling", function()
    it("closes the connection; its late answer belongs to no call", function()
      local first = get("/1")
      local connection = site:accept()
      connection:request()
      first:cancel()
      assert.equal("cancelled", first:result().error)
      assert.is_true(first:result().sent)
      assert.equal(1, select(2, first:done()))
      local second = get("/2")
      local fresh = site:accept()
      assert.equal("GET /2 HTTP/1.1", fresh:request().line)
      connection.tcp:send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")
      fresh:answer("two")
      assert.equal("two", server.result(second).body)
      assert.is_true(connection:closed())
    end)

    it("before anything was sent is reported as such", function()
      local transfer = get()
      transfer:cancel()
      assert.equal("cancelled", transfer:result().error)
      assert.is_false(transfer:result().sent)
    end)

    it("in the middle of an answer leaves the transport usable", function()
      local first = get("/1")
      local connection = site:accept()
      connection:request()
      connection:send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
      core.loop.step(0.01)
      first:release()
      assert.equal(0, http:in_flight())
      local second = get("/2")
      local fresh = site:accept()
      fresh:request()
      fresh:answer("two")
      assert.equal("two", server.result(second).body)
    end)

    it("by closing the transport ends all transfers in flight, each once", function()
      local transfers = { get("/1"), get("/2"), get("/3") }
      site:accept():request()
      http:close()
      for _, transfer in ipairs(transfers) do
        assert.same({ true, 1 }, { transfer:done() })
        assert.equal("cancelled", transfer:result().error)
        transfer:release()
      end
      assert.has_error(function() http:in_flight() end, "this transport is closed")
    end)

    it("does not wait for a resolver", function()
      local transfer = http:start { verb = "GET", url = "http://slow-to-resolve.invalid/" }
      local before = core.loop.now()
      transfer:cancel()
      assert.is_true(core.loop.now() - before < 2)
    end)
  end)

  describe("proxies", function()
    it("are never used for loopback", function()
      http:close()
      local trap <close> = server.listen()
      http = core.http { proxy = trap.url }
      local transfer = get("/direct")
      assert.equal("GET /direct HTTP/1.1", site:accept():request().line)
      assert.is_nil(trap:poll())
      transfer:release()
    end)

    it("are used for other hosts", function()
      http:close()
      http = core.http { proxy = site.url }
      for _, host in ipairs { "api.example.com", "127.example.com", "127.0.0.1.example.com", "localhost.example.com" } do
        local transfer = http:start { verb = "GET", url = ("http://%s/v5/market/time"):format(host) }
        assert.equal(("GET http://%s/v5/market/time HTTP/1.1"):format(host), site:accept():request().line)
        transfer:release()
      end
    end)

    it("see no plain-text request when the address is https", function()
      http:close()
      http = core.http { proxy = site.url }
      local transfer = http:start { verb = "GET", url = "https://api.example.com/v5/market/time" }
      local connection = site:accept()
      assert.equal("CONNECT api.example.com:443 HTTP/1.1", connection:request().line)
      connection:answer("no", nil, "403 Forbidden")
      local result = server.result(transfer)
      assert.equal("network", result.error)
      assert.is_false(result.sent)
    end)
  end)

  -- The socket of a connection stays watched between two requests.
  describe("a connection without a request", function()
    local function first_request()
      local transfer = get("/1")
      local connection = site:accept()
      connection:request()
      connection:answer("one")
      assert.equal("one", server.result(transfer).body)
      return connection
    end

    -- Wakes the loop at most once, and is then not watched.
    local function assert_quiet()
      local before = core.loop.wakeups()
      for _ = 1, 20 do core.loop.step(0.01) end
      assert.is_true(core.loop.wakeups() - before <= 22)
      before = core.loop.now()
      core.loop.step(0.1)
      assert.is_true(core.loop.now() - before > 0.05, "the loop does not sleep")
    end

    local function second_request()
      local transfer = get("/2", { timeout = 5 })
      local fresh = site:accept()
      fresh:request()
      fresh:answer("two")
      assert.equal("two", server.result(transfer).body)
    end

    it("that the server closes is given up, and the next one, whose descriptor has the same number, is waited for", function()
      for _ = 1, 3 do
        first_request():close()
        assert_quiet()
      end
      second_request()
    end)

    it("that the server closes just before the next request is not waited for", function()
      for _ = 1, 3 do
        first_request():close()
        second_request()
        http:close()
        http = core.http {}
      end
    end)

    it("on which something comes that nobody asked for does not keep the loop awake", function()
      local connection = first_request()
      connection:send("nobody asked for this")
      assert_quiet()
    end)

    it("is used again", function()
      local connection = first_request()
      for i = 1, 3 do
        local transfer = get("/again", { timeout = 5 })
        connection:request()
        core.loop.step(0.01) -- the answer is waited for
        connection:answer("again " .. i)
        assert.equal("again " .. i, server.result(transfer).body)
      end
    end)
  end)

  it("waits without spinning", function()
    local transfer = get("/", { timeout = 0.5 })
    site:accept():request()
    local before = core.loop.wakeups()
    while not transfer:done() do core.loop.step(5) end
    assert.is_true(core.loop.wakeups() - before < 20, "wake-ups in half a second of waiting")
  end)
end)

describe("https", function()
  local certificates = require "spec.support.certificates"
  local dir, hash, http, site

  setup(function() dir, hash = certificates.make() end)

  teardown(function() certificates.remove(dir) end)

  after_each(function()
    if http then http:close() end
    if site then site:close() end
    http, site = nil, nil
  end)

  local function listen(name)
    local context = assert(require("ssl").newcontext { mode = "server", protocol = "any",
      key = dir .. "/" .. name .. ".key", certificate = dir .. "/" .. name .. ".pem" })
    site = server.listen(context)
  end

  local function refused(name, options)
    listen(name)
    http = core.http(options)
    -- a slow machine needs time to read the system's authorities
    local transfer = http:start { verb = "POST", url = site.url .. "/", body = "x", connect_timeout = 30, timeout = 30 }
    local ok, connection = pcall(site.accept, site)
    if ok and connection then connection:poll() end
    local result = server.result(transfer)
    assert.equal("tls", result.error)
    assert.is_false(result.sent)
    if ok and connection then assert.equal("", connection.input) end
    return result.message
  end

  it("trusts certificates of the given authority", function()
    listen "right"
    http = core.http { ca_file = dir .. "/ca.pem" }
    local transfer = http:start { verb = "GET", url = site.url .. "/" }
    local connection = assert(site:accept())
    assert.equal("GET / HTTP/1.1", connection:request().line)
    connection:answer("safe")
    assert.equal("safe", server.result(transfer).body)
  end)

  it("refuses an unknown authority", function()
    assert.matches("certificate", refused("right", {}))
  end)

  it("refuses a certificate for another name", function()
    assert.matches("match", refused("wrong", { ca_file = dir .. "/ca.pem" }))
  end)

  it("refuses an expired certificate", function()
    assert.matches("expired", refused("expired", { ca_file = dir .. "/ca.pem" }))
  end)

  it("refuses a file of authorities that is not there, or that is no file", function()
    for _, name in ipairs { "/none.pem", "" } do
      local ok, message = pcall(core.http, { ca_file = dir .. name })
      assert.is_false(ok)
      assert.matches("option 'ca_file': a file of certificates that can be read expected", message)
    end
  end)

  -- What libcurl has built in is in a directory of the system; this program finds the authority of the spec there. It
  -- sends a request, and prints the status of the answer or the kind of the error.
  local PROGRAM = [[
    local core = require "bybit.core"
    local url, proxy, ca_file = arg[1], arg[2] ~= "-" and arg[2] or nil, arg[3]
    local http = core.http { ca_file = ca_file, proxy = proxy }
    local transfer = http:start { verb = "GET", url = url .. "/", timeout = 60, connect_timeout = 60 }
    while not transfer:done() do core.loop.step(60) end
    local result = transfer:result()
    print(result.error or result.status, result.message)
  ]]

  local function told(proxy, ca_file)
    listen "right"
    local name = dir .. "/authorities/" .. hash .. ".0"
    local variables = { AUTHORITIES = dir .. "/authorities",
      LD_PRELOAD = (os.getenv "LD_PRELOAD" or "") .. " " .. (os.getenv "BUILD" or "build") .. "/support/authorities.so" }
    assert.is_not_nil(io.open(name), name)
    -- Under valgrind it takes longer to read the system's authorities than a handshake may take: so not there.
    local interpreter = os.getenv "VALGRIND_LUA"
    local child <close> = process.start(PROGRAM, variables, interpreter, ("%s %s %s"):format(
      proxy and "https://elsewhere.example.com" or site.url, proxy and site.url or "-", ca_file or ""))
    local ok, connection = pcall(site.accept, site)
    if ok and connection then
      connection:request()
      connection:answer("", nil, proxy and "403 Forbidden" or nil)
    end
    local _, _, output, errors = child:wait()
    return output .. errors
  end

  for what, proxy in pairs { ["the exchange"] = false, ["a proxy"] = true } do
    it("asks nobody but the given authority about " .. what, function()
      local answered = proxy and "403" or "^200\t"
      assert.matches(answered, told(proxy, nil)) -- the system's: this spec can tell
      site:close()
      assert.matches(answered, told(proxy, dir .. "/ca.pem"))
      site:close()
      assert.matches("^tls\t.*certificate", told(proxy, dir .. "/own.pem"))
    end)
  end
end)
