-- HTTP/2 with a server that misbehaves: streams that are reset or refused, GOAWAY, answers that are too long, too slow or
-- missing. The server is a separate program that uses another implementation of the protocol (python3-h2). It reports what
-- reached it.

local bybit = require "bybit"
local certificates = require "spec.support.certificates"
local process = require "spec.support.process"

-- Seconds: of one attempt, of the whole call. Long enough for a slow machine under a sanitizer.
local SLOW = (os.getenv "LD_PRELOAD" or ""):find "san" and 2 or 1
local TIMEOUT, DEADLINE = 2.5 * SLOW, 5 * SLOW

-- What the server does with an order, and the kinds that its error may have; false: no error, it is placed.
local CASES = {
  { "good", false }, { "farewell", false },
  { "refused", "network" }, { "reset", "network" }, { "torn", "network" }, { "goaway", "network" }, { "short", "network" },
  { "garbage", "network" }, { "flood", "too_large", "network", "timeout" }, { "endless", "too_large" }, { "drip", "timeout" },
  { "silent", "timeout" },
}

describe("HTTP/2", function()
  local dir, program, url

  local function new()
    return bybit.client { environment = { url = url }, key = "theKeyItself", secret = "theSecretItself", http = "2",
      ca_file = dir .. "/ca.pem", timeout = TIMEOUT, deadline = DEADLINE, max_body = 256 * 1024 }
  end

  local function order(id, more)
    local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000", client_order_id = id }
    for k, v in pairs(more or {}) do p[k] = v end
    return p
  end

  setup(function()
    dir = certificates.make()
    local file <close> = assert(io.open "spec/support/h2_server.py")
    -- the first Python, or the system's: the one that has the library
    local python = os.execute "python3 -c 'import h2.connection' 2>/dev/null" and "python3" or "/usr/bin/python3"
    program = process.start(file:read "a", {}, python, ("%s/right.pem %s/right.key"):format(dir, dir))
    url = "https://127.0.0.1:" .. program:line()
  end)

  teardown(function()
    program:signal "KILL"
    program:wait()
    certificates.remove(dir)
  end)

  -- What the server has seen since it was last asked: text -> how often. An order with a special id asks it.
  local asked = 0
  local function seen()
    asked = asked + 1
    local id, counts = "good-last-" .. asked, {}
    local client <close> = new()
    assert(client:place_order(order(id)))
    for line in function() return program:line() end do
      counts[line] = (counts[line] or 0) + 1
      if line == id then return counts end
    end
  end

  it("places each order once, with a true outcome, and the client works as before", function()
    local results = {}
    bybit.run(function()
      for _, case in ipairs(CASES) do
        bybit.spawn(function()
          local client <close> = new()
          local ack, err = client:place_order(order(case[1] .. "-once", { resend = false }))
          results[case[1]] = { ack = ack, err = err, after = client:place_order(order("good-after-" .. case[1])) }
        end)
      end
    end)
    local counts = seen()
    for _, case in ipairs(CASES) do
      local id, r = case[1] .. "-once", results[case[1]]
      assert.equal(1, counts[id], id)
      assert.equal("o-good-after-" .. case[1], (r.after or {}).order_id, case[1])
      if case[2] then
        assert.is_nil(r.ack, id)
        assert.is_true(r.err.kind == case[2] or r.err.kind == case[3] or r.err.kind == case[4], id .. ": "
          .. tostring(r.err))
        assert.equal("unknown", r.err.outcome)
        assert.is_nil(tostring(r.err):find "Itself")
        assert.is_nil(tostring(r.err):find "%c")
      else
        assert.equal("o-" .. id, (r.ack or {}).order_id, tostring(r.err))
      end
    end
  end)

  it("sends an order again only under the same id, as recovery does", function()
    local list = { "refused", "reset", "torn", "goaway", "short", "garbage" }
    local results = {}
    bybit.run(function()
      for _, name in ipairs(list) do
        bybit.spawn(function()
          local client <close> = new()
          results[name] = table.pack(client:place_order(order(name .. "-twice", { deadline = 10 })))
        end)
      end
    end)
    local counts = seen()
    for _, name in ipairs(list) do
      local ack, err, response = table.unpack(results[name], 1, 3)
      assert.equal("o-" .. name .. "-twice", (ack or {}).order_id, tostring(err))
      assert.equal(2, response.attempts, name)
      assert.equal(2, counts[name .. "-twice"], name)
    end
  end)

  it("a slow stream does not hold up other streams of its connection; cancelling it resets only this stream", function()
    seen()
    bybit.run(function()
      local client <close> = new()
      local token, slow = bybit.cancel_token(), nil
      assert(client:place_order(order "good-first"))
      bybit.spawn(function()
        slow = table.pack(client:place_order(order("drip-slow", { cancel = token, timeout = 30, deadline = 30 })))
      end)
      for i = 1, 5 do assert(client:place_order(order("good-beside-" .. i))) end
      assert.is_nil(slow)
      token:cancel()
      bybit.sleep(0)
      assert(client:place_order(order "good-then"))
      assert.equal("cancelled", slow[2].kind)
      assert.equal("unknown", slow[2].outcome)
    end)
    local counts = seen()
    assert.equal(2, counts.connection, "one for all, and that of the question")
    assert.equal(1, counts.ended)
  end)
end)
