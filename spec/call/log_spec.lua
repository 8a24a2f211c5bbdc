-- The option `log`: one line or one event for each call. It must never change a call or show a secret.

local bybit = require "bybit"
local core = require "bybit.core"
local scripted = require "spec.support.scripted_exchange"
local trading = require "spec.support.trading"

local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000", client_order_id = "x-1" }
local ACK = '{"orderId":"o-1","orderLinkId":"x-1"}'

-- A client on a scripted exchange, and the events of its log.
local function listening(serve, options)
  local events = {}
  local o = { log = function(event) events[#events + 1] = event end }
  for k, v in pairs(options or {}) do o[k] = v end
  return scripted.client(serve, o), events
end

after_each(function() core.loop.real() end)

describe("log = function", function()
  it("gets an event for a success", function()
    local client <close>, events = listening(function() return scripted.answer(0, ACK) end)
    assert(client:place_order(ORDER))
    assert.same({ { time = scripted.START, level = "info", method = "place_order", symbol = "BTCUSD",
      client_order_id = "x-1", attempt = 1, status = 200, duration = 0.0, outcome = "ok" } }, events)
  end)

  it("gets the generated id if the caller gave none", function()
    local sent
    local client <close>, events = listening(function(request)
      sent = request.params.orderLinkId
      return scripted.answer(0, '{"orderId":"o-1"}')
    end)
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 })
    assert.equal(sent, events[1].client_order_id)
  end)

  it("gets a refusal, worded as in the error", function()
    local client <close>, events = listening(function() return scripted.answer(110007) end)
    local _, err = client:place_order(ORDER)
    assert.equal(1, #events)
    local event = events[1]
    assert.equal("warn", event.level)
    assert.equal("rejected", event.outcome)
    assert.equal(200, event.status)
    assert.equal(tostring(err), event.error)
  end)

  it("gets each retry at level debug, and the end of the call once", function()
    local client <close>, events = listening(function(request)
      if request.n == 1 then return scripted.refused() end
      if request.n == 2 then return scripted.lost() end
      return scripted.answer(0, ACK)
    end)
    assert(client:place_order(ORDER))
    local told = {}
    for i, event in ipairs(events) do told[i] = ("%s %d %s"):format(event.level, event.attempt, event.outcome) end
    assert.same({ "debug 1 not_sent", "debug 2 unknown", "info 3 ok" }, told)
  end)

  it("gets an unknown outcome at level error", function()
    local client <close>, events = listening(scripted.lost, { deadline = 0.5 })
    local _, err = client:place_order(ORDER)
    assert.equal("unknown", err.outcome)
    local event = events[#events]
    assert.equal("error", event.level)
    assert.equal("unknown", event.outcome)
    assert.equal("x-1", event.client_order_id)
    assert.equal(1, client:stats().unknowns)
  end)

  it("gets a cancelled call as well", function()
    local client <close>, events = listening(function() error "never sent" end)
    bybit.run(function()
      local task = bybit.spawn(function() return client:place_order(ORDER) end)
      task:cancel()
      pcall(task.await, task)
      local token = bybit.cancel_token()
      token:cancel()
      client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, cancel = token }
    end)
    assert.equal("warn", events[#events].level)
    assert.equal("not_sent", events[#events].outcome)
    assert.truthy(events[#events].error:find("cancelled", 1, true))
  end)

  it("gets a method that makes several requests once, and its requests at level debug", function()
    local client <close>, events = listening(function() return scripted.list(scripted.order()) end)
    assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
    local told = {}
    for i, event in ipairs(events) do told[i] = event.level .. " " .. event.method end
    assert.same({ "debug get_open_orders_real_time", "info get_open_orders_real_time" }, told)
  end)

  it("cannot affect the call by raising, changing its event or yielding", function()
    for name, hear in pairs {
      raises = function() error "out" end,
      ["raises an odd value"] = function() error(setmetatable({}, { __tostring = error })) end,
      yields = function() coroutine.yield "out" end,
      sleeps = function() bybit.sleep(0.01) end,
      ["empties the event"] = function(event) for k in pairs(event) do event[k] = nil end end,
    } do
      local client <close> = scripted.client(function(request)
        return request.n % 2 == 1 and scripted.answer(0, ACK) or scripted.answer(110007)
      end, { log = hear })
      for _, run in ipairs { function(f) return f() end, bybit.run } do
        local ack = run(function() return client:place_order(ORDER) end)
        assert.equal("o-1", ack.order_id, name)
        local none, err = run(function() return client:place_order(ORDER) end)
        assert.is_nil(none)
        assert.equal(110007, err.code, name)
      end
    end
  end)

  it("may make calls of its own, which get no events, so that there is no endless loop", function()
    local client, events
    client = scripted.client(function() return scripted.answer(0, ACK) end, { log = function(event)
      events[#events + 1] = event
      assert(client:place_order(ORDER))
    end })
    events = {}
    assert(client:place_order(ORDER))
    assert.equal(1, #events)
    assert.equal(2, client:stats().calls)
    client:close()
  end)
end)

describe("log = a file", function()
  local function written(serve, act)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    finally(function() os.remove(path) end)
    local client <close> = scripted.client(serve, { log = file })
    act(client)
    file:close()
    local lines = {}
    for line in io.lines(path) do lines[#lines + 1] = line end
    return lines
  end

  it("has one line per call", function()
    local lines = written(function(request)
      if request.n == 2 then return scripted.refused() end
      return request.n < 4 and scripted.answer(0, ACK) or scripted.answer(110007)
    end, function(client)
      client:place_order(ORDER)
      client:place_order(ORDER)
      client:place_order(ORDER)
    end)
    assert.equal(3, #lines)
    assert.equal("2023-11-14T22:13:20.000Z info place_order BTCUSD id=x-1 attempt=1 status=200 0 ms ok", lines[1])
    assert.truthy(lines[2]:find("info place_order BTCUSD id=x-1 attempt=2 status=200", 1, true), lines[2])
    assert.truthy(lines[3]:find("warn place_order BTCUSD id=x-1 attempt=1 status=200 0 ms rejected place_order BTCUSD Buy 1 "
      .. "@ 20000: insufficient balance (110007), nothing was placed", 1, true), lines[3])
  end)

  it("has one line per call whatever the exchange's message holds", function()
    local lines = written(function()
      return scripted.answer(10001, "{}", "bad\\n2026-01-01T00:00:00.000Z info place_order BTCUSD ok\\u001b[2J")
    end, function(client) client:place_order(ORDER) end)
    assert.equal(1, #lines)
    assert.is_nil(lines[1]:find "%c")
  end)

  it("that is closed meanwhile does no harm", function()
    local file = assert(io.tmpfile())
    local client <close> = scripted.client(function() return scripted.answer(0, ACK) end, { log = file })
    file:close()
    assert(client:place_order(ORDER))
  end)
end)

describe("the option log", function()
  it("refuses what cannot be written to or called", function()
    local closed = assert(io.tmpfile())
    closed:close()
    for _, value in ipairs { "stderr", true, 1, {}, closed } do
      local ok, message = pcall(bybit.client, { environment = "testnet", log = value })
      assert.is_false(ok)
      assert.truthy(message:find("option 'log': io.stderr (or another open file) or a function(event) expected", 1, true))
    end
  end)

  it("runs no Lua during a success if it is not set", function()
    local exchange, client = trading.start()
    finally(function()
      client:close()
      exchange:close()
    end)
    local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000" }
    assert(client:place_order(p))
    local place, seen, unpack = client.place_order, {}, table.unpack
    local sethook, getinfo = debug.sethook, debug.getinfo
    sethook(function()
      local info = getinfo(2, "S")
      if info.what ~= "C" then seen[#seen + 1] = info.short_src end
    end, "c")
    local ack = place(client, p)
    local met = { unpack(seen) } -- before sethook is called: under coverage it is a Lua function too
    sethook()
    assert.truthy(ack)
    assert.same({}, met)
  end)
end)

describe("client:stats", function()
  it("counts calls, requests, retries, and how long answers took", function()
    local wait = 0
    local client <close> = scripted.client(function(request)
      wait = wait + 0.001
      core.loop.advance(wait)
      return request.n == 1 and scripted.refused() or scripted.answer(0, ACK)
    end, { rate = false })
    local before = client:stats()
    assert.same({ 0, 0, 0, 0 }, { before.calls, before.requests, before.retries, before.unknowns })
    assert.is_nil(before.p50)
    for _ = 1, 100 do assert(client:place_order(ORDER)) end
    local stats = client:stats()
    assert.same({ 100, 101, 1, 0 }, { stats.calls, stats.requests, stats.retries, stats.unknowns })
    -- 100 calls; all but the first took 3, 4 ... 101 ms, so p50 is 51 or 52 ms and p99 is 100 or 101 ms
    assert.is_true(stats.p50 > 0.050 and stats.p50 < 0.053, stats.p50)
    assert.is_true(stats.p99 > 0.099 and stats.p99 < 0.102, stats.p99)
    assert.is_true(math.abs(stats.clock_offset) <= stats.clock_doubt + 0.01)
  end)
end)
