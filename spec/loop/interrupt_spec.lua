-- Ctrl-C at any moment of a call. Stock Lua's handler sets a debug hook on the main thread, which raises in whatever code runs
-- there next. spec/support/interrupt.c sets such a hook at the n-th allocation, so that it comes in the middle of C code.
-- Ctrl-C must reach the program exactly once, and what is known of the call's outcome must not be lost.

local bybit = require "bybit"
local core = require "bybit.core"
local interrupt = require "interrupt"
local scripted = require "spec.support.scripted_exchange"

local answer, list, lost = scripted.answer, scripted.list, scripted.lost

local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "30000.5", deadline = 1 }

local function acknowledged(request)
  return answer(0, ('{"orderId":"o-1","orderLinkId":"%s"}'):format(request.params.orderLinkId))
end

local function refused() return answer(110007) end

after_each(function()
  interrupt.off()
  core.loop.real()
end)

-- Places an order; Ctrl-C comes at the n-th allocation after `first` has answered its request. Returns whether it came, what was
-- raised (in the call or right after it), the call's results, and the client.
local function press_at(n, first, options, more)
  local client, requests = scripted.client(function(request)
    if request.path ~= "/v5/order/create" then return list() end
    local transfer = first(request)
    if request.n == 1 then interrupt.at(n) end
    return transfer
  end, options)
  local params = {}
  for _, t in ipairs { ORDER, more or {} } do
    for k, v in pairs(t) do params[k] = v end
  end
  local results = { n = 0 }
  local ok, why = pcall(function()
    results = table.pack(client:place_order(params))
  end)
  local came, times = interrupt.off()
  return { came = came, times = times, raised = not ok and why or nil, client = client, results = results,
    id = requests[1].params.orderLinkId }
end

-- Presses Ctrl-C at each allocation in turn, until the call has fewer; calls `check` each time.
local function at_each(first, check, options, more)
  local n = 0
  repeat
    n = n + 1
    local got = press_at(n, first, options, more)
    if got.came then
      assert.equal(1, got.times, "it struck not once, at allocation " .. n)
      assert.matches("interrupted!", tostring(got.raised), "at allocation " .. n)
      check(got, n)
    end
    got.client:close()
  until not got.came
  return n - 1
end

describe("Ctrl-C after the answer has come", function()
  it("is raised, and a success that was received does not become an unknown outcome", function()
    local moments = at_each(acknowledged, function(got, n)
      assert.equal(0, #got.client:unsettled(), "at allocation " .. n)
      assert.equal(0, got.client:stats().unknowns)
      assert.equal(1, got.client:stats().requests)
    end)
    assert.is_true(moments > 3)
  end)

  it("is raised, and a refusal that was received stays a refusal", function()
    local moments = at_each(refused, function(got, n)
      assert.equal(0, #got.client:unsettled(), "at allocation " .. n)
      assert.equal(0, got.client:stats().unknowns)
    end)
    assert.is_true(moments > 3)
  end)

  it("during recovery is raised, and leaves the call among the unsettled", function()
    local moments = at_each(lost, function(got, n)
      local open = got.client:unsettled()
      assert.equal(1, #open, "at allocation " .. n)
      assert.equal(got.id, open[1].client_order_id)
    end)
    assert.is_true(moments > 100)
  end)

  it("during the read-back is raised, and the order is not unsettled", function()
    local moments = at_each(acknowledged, function(got, n)
      assert.equal(0, #got.client:unsettled(), "at allocation " .. n)
    end, { confirm = true })
    assert.is_true(moments > 100)
  end)

  it("in the log's listener is raised after the listener has ended, whose own errors are dropped", function()
    local pressed
    local function listener()
      local again = pressed
      pressed = true
      if not again then interrupt.press() end
      error "the listener's own"
    end
    for _, first in ipairs { acknowledged, refused, lost } do
      pressed = false
      local got = press_at(1 << 40, first, { log = listener })
      assert.matches("interrupted!", got.raised)
      assert.is_true(pressed)
      assert.equal(first == lost and 1 or 0, #got.client:unsettled())
    end
    local heard = {}
    local moments = at_each(acknowledged, function(_, n)
      assert.equal("ok", heard[#heard], "at allocation " .. n)
      heard = {}
    end, { log = function(event) heard[#heard + 1] = event.outcome end })
    assert.is_true(moments > 3)
    local got = press_at(1 << 40, acknowledged, { log = function() error "the listener's own" end })
    assert.is_nil(got.raised)
    assert.equal("o-1", got.results[1].order_id)
  end)
end)

describe("Ctrl-C while tasks call", function()
  it("raises on the main thread, even if no task ever waits: the call that begins is not sent", function()
    local sent, err = 0, nil
    local client <close> = scripted.client(function(request)
      sent = sent + 1
      if sent == 3 then interrupt.press() end
      return acknowledged(request)
    end)
    local ok, why = pcall(bybit.run, function()
      while sent < 100 do
        local fine, what = pcall(client.place_order, client, ORDER)
        if not fine then
          err = what
          return
        end
      end
    end)
    assert.is_false(ok)
    assert.matches("interrupted!", why)
    assert.equal(3, sent)
    assert.same({ "cancelled", "not_sent" }, { err.kind, err.outcome })
    assert.equal(0, #client:unsettled())
  end)
end)

describe("what a transport raises", function()
  it("is raised after the outcome is noted, since the request may have been carried out", function()
    local client <close> = scripted.client(function() error({ "broken" }) end)
    local ok, why = pcall(client.place_order, client, ORDER)
    assert.is_false(ok)
    assert.same({ "broken" }, why)
    assert.equal(1, #client:unsettled())
    ok, why = pcall(client.get_open_orders_real_time, client, { symbol = "BTCUSD" })
    assert.is_false(ok)
    assert.same({ "broken" }, why)
  end)
end)

describe("Ctrl-C before a wait", function()
  -- In a coroutine the main thread's hook does not run. It is as if the signal had come between the last instruction and
  -- the wait.
  it("ends the wait at once", function()
    local ok, why = coroutine.wrap(function()
      interrupt.press()
      return pcall(core.loop.step, 20)
    end)()
    assert.is_false(ok)
    assert.matches("interrupted!", why)
    assert.same({ true, 1 }, { interrupt.off() })
  end)

  it("ends a sleep in virtual time too", function()
    core.loop.virtual(scripted.START)
    local ok, why = coroutine.wrap(function()
      interrupt.press()
      return pcall(bybit.sleep, 20)
    end)()
    assert.is_false(ok)
    assert.matches("interrupted!", why)
    assert.equal(scripted.START, core.loop.wall())
  end)

  it("runs a debugger's hook, and the wait goes on", function()
    local calls = 0
    debug.sethook(function() calls = calls + 1 end, "r")
    core.loop.step(0.001)
    debug.sethook()
    assert.is_true(calls > 0)
  end)
end)

describe("a listener of the log", function()
  it("that yields, or fails with a variable to close, ends there", function()
    local closed
    local listeners = {
      function() coroutine.yield() end,
      function()
        local guard <close> = setmetatable({}, { __close = function(_, err) closed = err end }) -- luacheck: ignore 211
        error("its own", 0)
      end,
    }
    for _, listener in ipairs(listeners) do
      for _, run in ipairs { function(f, ...) return f(...) end, bybit.run } do
        local client <close> = scripted.client(acknowledged, { log = listener })
        assert.equal("o-1", run(client.place_order, client, ORDER).order_id)
      end
    end
    assert.equal("its own", closed)
  end)
end)

describe("an error that a call gives", function()
  it("names the caller's line, even in ordinary code", function()
    local client <close> = scripted.client(refused)
    local _, err = client:place_order(ORDER)
    assert.matches("interrupt_spec.lua:%d+$", err.where)
  end)
end)
