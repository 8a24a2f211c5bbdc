-- Tasks inside the loops of others: the real cqueues, the real luv, and a loop around select. Each makes calls to the paper
-- exchange while the host does work of its own.

local bybit = require "bybit"
local poll = require "bybit.adapter.poll"
local tasks = require "bybit.tasks"

describe("inside", function()
  local exchange, client

  setup(function()
    exchange = assert(bybit.paper.start { seed = 5, lag = 0, limits = false })
    client = bybit.client { environment = exchange }
  end)

  teardown(function()
    client:close()
    exchange:close()
  end)

  -- What a strategy does: calls, sleep, children. Returns the id that it was given.
  local function strategy(id)
    local ack = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000",
      client_order_id = id })
    bybit.sleep(0.02)
    local reads = {}
    for i = 1, 3 do
      reads[i] = bybit.spawn(client.get_open_order_real_time, client, { symbol = "BTCUSD", order_id = ack.order_id })
    end
    for i = 1, 3 do assert.equal(id, assert(reads[i]:await()).client_order_id) end
    assert(client:cancel_order { symbol = "BTCUSD", order_id = ack.order_id })
    return id, nil, 3
  end

  describe("cqueues", function()
    local cqueues = require "cqueues"
    local adapter = require "bybit.adapter.cqueues"

    it("many coroutines run tasks, while others do not", function()
      local cq, got, ticks, running = cqueues.new(), {}, 0, 5
      for i = 1, 5 do
        cq:wrap(function()
          got[i] = table.pack(adapter.run(strategy, "cq-" .. i))
          running = running - 1
        end)
      end
      cq:wrap(function()
        while running > 0 do
          ticks = ticks + 1
          cqueues.sleep(0.005)
        end
      end)
      assert(cq:loop())
      for i = 1, 5 do assert.same({ n = 3, "cq-" .. i, nil, 3 }, got[i]) end
      assert.is_true(ticks > 1)
    end)

    it("run raises what a task raises, and the other tasks go on", function()
      local cq, got = cqueues.new(), {}
      cq:wrap(function() got.bad = table.pack(pcall(adapter.run, function() bybit.sleep(0.01) error({ code = 1 }) end)) end)
      cq:wrap(function() got.good = adapter.run(strategy, "cq-good") end)
      assert(cq:loop())
      assert.same({ n = 2, false, { code = 1 } }, got.bad)
      assert.equal("cq-good", got.good)
      assert.error_matches(function() adapter.run(strategy, "x") end, "call it in a coroutine of a cqueues controller")
    end)

    it("a token that another coroutine cancels ends a wait at once", function()
      local cq, token, ended = cqueues.new(), bybit.cancel_token(), nil
      cq:wrap(function() ended = adapter.run(token.wait, token, 100) end)
      cq:wrap(function()
        cqueues.sleep(0.02)
        token:cancel()
      end)
      assert(cq:loop())
      assert.is_true(ended)
    end)
  end)

  describe("luv", function()
    local uv = require "luv"
    local adapter = require "bybit.adapter.luv"

    it("tasks run beside the host's own timers, and the loop ends with the last task", function()
      local attached <close> = adapter.attach()
      local ticks, got = 0, {}
      local timer = uv.new_timer()
      timer:start(1, 5, function()
        ticks = ticks + 1
        if ticks == 3 then -- from one of the host's callbacks
          bybit.spawn(function() got.callback = strategy "uv-callback" end)
          timer:stop()
        end
      end)
      attached:spawn(function() got.first = strategy "uv-first" end)
      uv.run()
      timer:close()
      assert.same({ first = "uv-first", callback = "uv-callback" }, got)
      assert.equal(3, ticks)
      attached:check()
    end)

    it("run returns what a task returns, and raises what it raises", function()
      local attached <close> = adapter.attach(0.002)
      assert.same({ n = 3, "uv-run", nil, 3 }, table.pack(attached:run(strategy, "uv-run")))
      local ok, err = pcall(attached.run, attached, function() bybit.sleep(0.01) error({ code = 2 }) end)
      assert.same({ false, { code = 2 } }, { ok, err })
    end)

    it("run raises what a step raises", function()
      finally(function() tasks.on_error(nil) end)
      tasks.on_error(function(_, err) error(err, 0) end)
      local attached <close> = adapter.attach()
      bybit.spawn(function() error("unheard", 0) end)
      local ok, err = pcall(attached.run, attached, bybit.sleep, 0.05)
      assert.same({ false, "unheard" }, { ok, err })
      while tasks.step(0.1) > 0 do attached:check() end
    end)

    it("nothing is left after close", function()
      local attached = adapter.attach()
      attached:close()
      attached:close()
      uv.run()
      assert.is_false(uv.loop_alive())
    end)
  end)

  describe("a loop of the host's own", function()
    local socket = require "socket"

    it("run waits only through the host's function", function()
      local waits = 0
      local function wait(fd, seconds)
        waits = waits + 1
        socket.select({ { getfd = function() return fd end } }, nil, seconds)
      end
      assert.same({ n = 3, "poll-run", nil, 3 }, table.pack(poll.run(wait, strategy, "poll-run")))
      assert.is_true(waits > 0 and waits < 200, waits)
      assert.error_matches(function() poll.run(nil, strategy) end, "poll.run: a function wait%(fd, seconds%) expected, got nil")
    end)

    it("a source is polled together with the host's other descriptors", function()
      local source = poll.source()
      local server = assert(socket.bind("127.0.0.1", 0))
      local peer = assert(socket.connect("127.0.0.1", (select(2, server:getsockname()))))
      local own = server:accept()
      peer:send "hello\n"
      local heard
      local task = bybit.spawn(strategy, "poll-source")
      while not task.done do
        local ready = socket.select({ source, own }, nil, source:timeout())
        if ready[own] and not heard then heard = own:receive "*l" end
        source:step(0.002)
      end
      assert.equal("poll-source", (task:await()))
      assert.equal("hello", heard)
      for _, s in ipairs { server, peer, own } do s:close() end
    end)
  end)
end)
