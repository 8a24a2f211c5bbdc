-- Calls from every place of a Lua program where one can be made, over HTTP on the paper exchange: in tasks they let others run,
-- elsewhere they block, and everywhere the same code gets the same answers.

local bybit = require "bybit"
local core = require "bybit.core"
local trading = require "spec.support.trading"

describe("calls", function()
  local exchange, client, ids

  setup(function()
    local keys = {}
    for i = 1, 3 do keys[i] = { key = "key" .. i, secret = "secret" .. i } end
    exchange, client = trading.start({}, { keys = keys })
    ids = {}
    for i = 1, 5 do
      ids[i] = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = i, price = "20000",
        client_order_id = "order-" .. i }).order_id
    end
  end)

  teardown(function()
    client:close()
    exchange:close()
  end)

  after_each(function() bybit.blocking(true) end)

  local function quantity(i)
    local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", client_order_id = "order-" .. i })
    assert.equal(ids[i], order.order_id)
    return order.quantity
  end

  -- Runs f as a task beside another task that is always ready. Returns how often the other one ran meanwhile.
  local function beside(f)
    local turns = 0
    bybit.run(function()
      local other = bybit.spawn(function()
        while true do
          turns = turns + 1
          bybit.sleep(0)
        end
      end)
      bybit.sleep(0)
      turns = 0
      f()
      other:cancel()
    end)
    return turns
  end

  it("in ordinary code block", function()
    assert.is_true(quantity(3):eq(3))
  end)

  it("in a task let others run", function()
    assert.is_true(beside(function() assert.is_true(quantity(3):eq(3)) end) > 0)
  end)

  it("in many tasks are in flight together, and each gets its own answer", function()
    local most, now = 0, 0
    bybit.run(function()
      for i = 1, 5 do
        bybit.spawn(function()
          now = now + 1
          most = math.max(most, now)
          assert.is_true(quantity(i):eq(i))
          now = now - 1
        end)
      end
    end)
    assert.equal(5, most)
  end)

  it("in a generator made by bybit.wrap let others run", function()
    local seen = {}
    local turns = beside(function()
      for q in bybit.wrap(function() for i = 1, 3 do coroutine.yield(quantity(i)) end end) do seen[#seen + 1] = tostring(q) end
    end)
    assert.same({ "1", "2", "3" }, seen)
    assert.is_true(turns > 0)
  end)

  it("in a metamethod let others run, since it runs in the task's own coroutine", function()
    local live = setmetatable({}, { __index = function(_, i) return quantity(i) end })
    assert.is_true(beside(function() assert.is_true(live[2]:eq(2)) end) > 0)
  end)

  it("in a `__close` handler, even after an error, let others run", function()
    local closed = {}
    local function body()
      local _ <close> = setmetatable({}, { __close = function(_, err) closed[#closed + 1] = { quantity(4), err } end })
      error("broken", 0)
    end
    local turns = beside(function()
      local ok, err = pcall(body)
      assert.same({ false, "broken" }, { ok, err })
    end)
    assert.is_true(closed[1][1]:eq(4))
    assert.equal("broken", closed[1][2])
    assert.is_true(turns > 0)
    -- The same if nothing in the task catches the error.
    local _, err = pcall(bybit.run, body)
    assert.matches("^broken", err)
    assert.is_true(closed[2][1]:eq(4))
  end)

  -- Places that cannot be suspended: functions that make the given call there.
  local places = {
    ["a coroutine of the user's"] = function(call) return coroutine.wrap(function() coroutine.yield(call()) end)() end,
    ["a comparator"] = function(call)
      local got
      table.sort({ 1, 2 }, function() got = got or call() return false end)
      return got
    end,
    ["a metamethod that C calls"] = function(call)
      local got
      tostring(setmetatable({}, { __tostring = function() got = call() return "x" end }))
      return got
    end,
    ["a replacement function"] = function(call)
      local got
      string.gsub("x", "x", function() got = call() end)
      return got
    end,
    ["a finalizer"] = function(call)
      local got
      setmetatable({}, { __gc = function() got = call() end })
      collectgarbage()
      return got
    end,
  }

  for place, through in pairs(places) do
    it("in " .. place .. " block: the answer is the same, no other task is resumed", function()
      assert.is_true(through(function() return quantity(5) end):eq(5))
      local got
      local turns = beside(function() got = through(function() return quantity(5) end) end)
      assert.is_true(got:eq(5))
      assert.equal(0, turns)
    end)

    if place ~= "a finalizer" then -- an error in a finalizer is only a warning in Lua
      it("in " .. place .. " raise if blocking is forbidden", function()
        bybit.blocking(false)
        for _, run in ipairs { pcall, function(...) return pcall(bybit.run, ...) end } do
          local ok, err = run(through, function() return quantity(5) end)
          assert.is_false(ok)
          assert.matches("get_open_order_real_time: this call would block, which bybit.blocking%(false%) forbids", err)
        end
        assert.is_true(bybit.run(quantity, 5):eq(5))
      end)
    end
  end

  it("that block in a task do not stop the transfers of other tasks", function()
    bybit.run(function()
      local others = {}
      for i = 1, 4 do others[i] = bybit.spawn(quantity, i) end
      bybit.sleep(0) -- they are in flight
      local before = core.loop.wakeups()
      coroutine.wrap(function() for _ = 1, 3 do quantity(5) end end)()
      assert.is_true(core.loop.wakeups() > before)
      for i = 1, 4 do assert.is_false(others[i].done) end
      bybit.sleep(0)
      bybit.sleep(0)
      for i = 1, 4 do assert.is_true(others[i].done) end -- their answers came meanwhile
      bybit.all(others)
      for i = 1, 4 do assert.is_true(others[i]:await():eq(i)) end
    end)
  end)

  it("of several clients, with keys of their own, share one loop", function()
    local clients = { client }
    for i = 2, 3 do clients[i] = bybit.client { environment = exchange, key = "key" .. i, secret = "secret" .. i } end
    finally(function()
      for i = 2, 3 do clients[i]:close() end
    end)
    bybit.run(function()
      for i = 1, 30 do
        local c = clients[i % 3 + 1]
        bybit.spawn(function()
          local ack = assert(c:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = i, price = "20000",
            client_order_id = "shared-" .. i })
          local order = assert(c:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
          assert.equal("shared-" .. i, order.client_order_id)
          assert(c:cancel_order { symbol = "BTCUSD", order_id = ack.order_id })
        end)
      end
    end)
    assert.equal(0, #assert(clients[2]:get_open_orders_real_time { symbol = "BTCUSD" }))
    assert.equal(5, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
  end)

  it("of a task that is cancelled during its cleanup still work, and get their answers", function()
    local left
    bybit.run(function()
      local task = bybit.spawn(function()
        local ack = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 7, price = "20000" })
        local off <close> = bybit.defer(function() -- luacheck: ignore 211
          assert(client:cancel_order { symbol = "BTCUSD", order_id = ack.order_id })
          left = #assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
        end)
        bybit.sleep(1000)
      end)
      bybit.sleep(1)
      task:cancel()
    end)
    assert.equal(5, left)
  end)
end)
