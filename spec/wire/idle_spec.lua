-- The socket of a connection stays watched between two requests, until something happens on it.

local core = require "bybit.core"
local server = require "spec.support.scripted_server"

describe("a connection without a request", function()
  local http, site

  before_each(function()
    http, site = core.http {}, server.listen()
  end)

  after_each(function()
    http:close()
    site:close()
  end)

  local function get(target, options)
    local request = { verb = "GET", url = site.url .. target }
    for k, v in pairs(options or {}) do request[k] = v end
    return http:start(request)
  end

  local function first_request()
    local transfer = get("/1")
    local connection = site:accept()
    connection:request()
    connection:answer("one")
    assert.equal("one", server.result(transfer).body)
    return connection
  end

  -- The loop comes to sleep, so it is not woken again and again.
  local function assert_quiet()
    for _ = 1, 100 do
      local before = core.loop.now()
      core.loop.step(0.05)
      if core.loop.now() - before >= 0.04 then return end
    end
    error "the loop does not sleep"
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
