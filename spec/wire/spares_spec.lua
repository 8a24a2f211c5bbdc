-- A finished transfer is kept and used again: its handle keeps what all requests share, and nothing else. So each request looks
-- the same over a new transfer and over one that has carried any other.

local core = require "bybit.core"
local server = require "spec.support.scripted_server"

describe("finished transfers", function()
  local site, http

  before_each(function() site = server.listen() end)

  after_each(function()
    http:close()
    site:close()
  end)

  -- Runs one request; returns what the server got, and the result.
  local function run(request, answer)
    local all = { url = site.url .. "/" }
    for k, v in pairs(request) do all[k] = v end
    local transfer = http:start(all)
    local connection = site.accepted[1] or site:accept()
    local got = connection:request()
    connection:answer(answer or "ok")
    local result = server.result(transfer)
    transfer:release()
    return got, result
  end

  it("are kept up to the number that is asked for", function()
    http = core.http { connections = 8, spares = 3 }
    local transfers = {}
    for i = 1, 8 do transfers[i] = http:start { verb = "GET", url = site.url .. "/" .. i } end
    for _ = 1, 8 do
      local connection = site:accept()
      connection:request()
      connection:answer "ok"
    end
    for i = 1, 8 do
      server.result(transfers[i])
      assert.equal(math.min(i - 1, 3), http:spares())
      transfers[i]:release()
    end
    assert.equal(3, http:spares())
    for i = 1, 3 do transfers[i] = http:start { verb = "GET", url = site.url .. "/" .. i } end
    assert.equal(0, http:spares())
    for i = 1, 3 do transfers[i]:release() end
    assert.equal(3, http:spares())
  end)

  local REQUESTS = {
    { verb = "GET" },
    { verb = "GET", url = "/a?b=c%20d", headers = { "X-Key: first", "X-Sign: one" }, gzip = true },
    { verb = "POST", body = '{"a":1}', headers = { "Content-Type: application/json", "X-Key: second" } },
    { verb = "POST", body = ("long"):rep(5000), headers = { "X-Other: 1", "X-More: 2", "X-Third: 3" } },
    { verb = "POST", body = "" },
    { verb = "POST" },
    { verb = "GET", headers = { "X-Sign: two" } },
    { verb = "GET", url = "/other" },
  }

  local function made(request)
    local copy = {}
    for k, v in pairs(request) do copy[k] = v end
    copy.url = site.url .. (request.url or "/")
    return copy
  end

  it("send each request as a new one does, whatever they sent before", function()
    local alone = {}
    for i, request in ipairs(REQUESTS) do
      http = core.http {}
      alone[i] = run(made(request))
      assert.equal(("%s %s HTTP/1.1"):format(request.verb, request.url or "/"), alone[i].line)
      http:close()
      site:close()
      site = server.listen()
    end
    http = core.http { spares = 1 }
    local function same(i)
      local got = run(made(REQUESTS[i]))
      assert.equal(1, http:spares())
      assert.equal(alone[i].line, got.line)
      assert.equal(alone[i].body, got.body)
      -- the port is the only thing that differs
      assert.equal(alone[i].headers:gsub("127.0.0.1:%d+", "host"), (got.headers:gsub("127.0.0.1:%d+", "host")))
    end
    for first = 1, #REQUESTS do
      for second = 1, #REQUESTS do
        same(first)
        same(second)
      end
    end
    assert.equal(1, #site.accepted, "all over one connection")
  end)

  -- libcurl reads lines and body where they are. This body is larger than what a socket takes at once.
  it("keep what they still send, though the caller lets go of it", function()
    http = core.http { spares = 1 }
    local function long() return ("0123456789abcdef"):rep(1 << 18) end
    local headers = { "X-Long: " .. ("h"):rep(20000) }
    local transfer = http:start { verb = "POST", url = site.url .. "/", headers = headers, body = long() }
    headers[1] = nil
    collectgarbage()
    for i = 1, 50 do assert.equal(20000 + i, #("z"):rep(20000 + i)) end -- this takes the place of what was freed
    local got = site:accept():request()
    assert.truthy(got.body == long())
    assert.truthy(got.headers:find("X-Long: " .. ("h"):rep(20000), 1, true))
    transfer:release()
  end)

  it("go where each request says, whatever was the way of the one before", function()
    local other <close> = server.listen()
    local proxy <close> = server.listen()
    http = core.http { spares = 1, proxy = proxy.url }
    local port, other_port = site.url:match ":(%d+)", other.url:match ":(%d+)"
    local WAYS = { -- url; the server that gets it; the line and the host that it gets
      { site.url .. "/a?b=1", site, "GET /a?b=1 HTTP/1.1", "127.0.0.1:" .. port },
      { other.url .. "/a?b=1", other, "GET /a?b=1 HTTP/1.1", "127.0.0.1:" .. other_port },
      { "http://localhost:" .. port .. "/", site, "GET / HTTP/1.1", "localhost:" .. port },
      { "http://127.0.0.1:" .. port, site, "GET / HTTP/1.1", "127.0.0.1:" .. port }, -- no path
      { "http://example.com/x", proxy, "GET http://example.com/x HTTP/1.1", "example.com" },
      { "http://:" .. port .. "/y" }, -- no URL
      { "https://a b/z" },
    }
    for _, first in ipairs(WAYS) do
      for _, second in ipairs(WAYS) do
        for _, way in ipairs { first, second } do
          local transfer = http:start { verb = "GET", url = way[1] }
          if way[2] then
            local connection = way[2]:accept()
            local got = connection:request()
            assert.equal(way[3], got.line)
            assert.equal(way[4], got.headers:match "Host: ([^\r]*)")
            connection:answer("ok", "Connection: close\r\n")
            assert.equal("ok", server.result(transfer).body)
          else
            local result = server.result(transfer)
            assert.same({ "network", false }, { result.error, result.sent })
          end
          transfer:release()
          assert.equal(1, http:spares())
        end
      end
    end
  end)

  it("have nothing of the last answer", function()
    http = core.http { spares = 1 }
    local long = ("x"):rep(100000)
    local _, first = run({ verb = "GET" }, long)
    assert.equal(long, first.body)
    local _, second = run({ verb = "GET" }, "")
    assert.equal("", second.body)
    assert.equal("Content-Length: 0\r\n", second.headers)
    local transfer = http:start { verb = "GET", url = site.url .. "/" }
    transfer:cancel()
    local cancelled = transfer:result()
    assert.same({ "cancelled", "", "", 0 }, { cancelled.error, cancelled.body, cancelled.headers, cancelled.status })
    transfer:release()
  end)

  it("are told another time-out and another bound of the answer", function()
    http = core.http { spares = 1 }
    run({ verb = "GET", timeout = 1000, max_body = 10 }, "0123456789")
    local _, result = run({ verb = "GET", max_body = 20 }, "01234567890123456789")
    assert.equal("01234567890123456789", result.body)
    _, result = run({ verb = "GET", max_body = 10 }, "01234567890")
    assert.equal("too_large", result.error)
    local transfer = http:start { verb = "GET", url = site.url .. "/", timeout = 0.1 }
    assert.equal("timeout", server.result(transfer).error)
    transfer:release()
  end)
end)
