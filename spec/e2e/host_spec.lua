-- Programs that embed the module, each as a real process: the host in C of examples/, two Lua states on two threads, and the
-- watcher.

local bybit = require "bybit"
local process = require "spec.support.process"

local BUILD = os.getenv "BUILD" or "build"
local HOST, TWO_STATES = BUILD .. "/examples/host", BUILD .. "/support/two_states"

local function text_of(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

describe("examples/host.c", function()
  local exchange, client

  setup(function()
    exchange = assert(bybit.paper.start { seed = 6, lag = 0, limits = false })
    client = bybit.client { environment = exchange }
  end)

  teardown(function()
    client:close()
    exchange:close()
  end)

  local function open_orders()
    return #assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
  end

  local function start(text, frames)
    return process.start(text, { BYBIT_API_KEY = exchange.key, BYBIT_API_SECRET = exchange.secret }, HOST,
      ("%d %s"):format(frames, exchange.url))
  end

  it("runs examples/strategy.lua for some frames, stops it, and leaves no order behind", function()
    local run = start(text_of "examples/strategy.lua", 45)
    assert.equal("strategy: quoting", run:line())
    local how, status, output = run:wait()
    assert.same({ "exit", 0 }, { how, status })
    local quoted, cancelled = output:match "strategy: quoted (%d+) times, cancelled (%d+) at the end"
    assert.is_true(tonumber(quoted) >= 1)
    assert.is_true(tonumber(cancelled) <= 1)
    assert.matches("host: %d+ frames, stopped", output)
    assert.equal(0, open_orders())
  end)

  it("stops it on a signal as well, in the middle of its requests", function()
    local run = start(text_of "examples/strategy.lua", 100000)
    assert.equal("strategy: quoting", run:line())
    local stop = os.time() + 10
    while open_orders() == 0 and os.time() < stop do bybit.sleep(0.01) end
    run:signal "TERM"
    local how, status, output = run:wait()
    assert.same({ "exit", 0 }, { how, status })
    assert.matches("cancelled 1 at the end\n.*interrupted", output)
    assert.equal(0, open_orders())
  end)

  it("keeps its frame rate although a busy strategy uses its whole budget", function()
    local run = start([[
      local client, stop = ...
      local n = 0
      for _ = 1, 50 do
        spawn = bybit.spawn(function() while not stop:cancelled() do n = n + 1 bybit.sleep(0) end end)
      end
      stop:wait()
      print("turns", n > 1000)
    ]], 30)
    local how, status, output = run:wait()
    assert.same({ "exit", 0 }, { how, status })
    assert.matches("turns\ttrue", output)
  end)

  it("gives a script its client and a few functions, and no access to the computer", function()
    local run = start([[
      for _, name in ipairs { "io", "os", "require", "package", "debug", "load", "loadfile", "dofile", "getmetatable",
        "setmetatable", "rawset", "collectgarbage", "_G" } do
        if _ENV[name] ~= nil then print("has " .. name) end
      end
      print(bybit.client, bybit.run, string.dump, ("x").dump)
      print(select("#", ...))
    ]], 100000)
    local _, status, output = run:wait()
    assert.equal(0, status)
    assert.matches("^nil\tnil\tnil\t", output)
    assert.matches("\n2\n", output)
    assert.not_matches("has ", output)
  end)

  it("reports a script that fails or does not compile, and ends with status 1", function()
    local run = start("local client = ... ; local function deep() error('strategy broke') end ; deep()", 100000)
    local how, status, _, errors = run:wait()
    assert.same({ "exit", 1 }, { how, status })
    assert.matches("strategy broke\nstack traceback:.*in .* 'deep'", errors)
    run = start("this is no Lua", 100000)
    how, status, _, errors = run:wait()
    assert.same({ "exit", 1 }, { how, status })
    assert.matches("host: .*syntax error", errors)
  end)
end)

describe("two states on two threads of one process", function()
  it("trade side by side, each on its own exchange; each closes while the other works", function()
    local run = process.start([[
      local bybit = require "bybit"
      local exchange <close> = assert(bybit.paper.start { seed = number, lag = 0, limits = false })
      local client = bybit.client { environment = exchange, rate = false }
      local sum = bybit.decimal(0)
      bybit.run(function()
        for i = 1, 40 do
          bybit.spawn(function()
            local id = ("state%d-%d"):format(number, i)
            local ack = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = i * number,
              price = "20000", client_order_id = id })
            local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
            assert(order.client_order_id == id)
            sum = sum + order.quantity
          end)
        end
      end)
      local left = #assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
      for i = 1, 5 do bybit.spawn(client.request, client, "GET", "/v5/market/time") end
      bybit.step(0) -- they are in flight when the state is closed, and the client with it
      return ("state %d: %d orders of %s"):format(number, left, sum)
    ]], {}, TWO_STATES, "3")
    local how, status, output, errors = run:wait()
    assert.equal("", errors)
    assert.same({ "exit", 0 }, { how, status })
    assert.equal(("state 1: 40 orders of 820\nstate 2: 40 orders of 1640\n"):rep(3), output)
  end)

  it("cannot both handle the process's signals: the second one gets an error", function()
    local run = process.start([[
      local bybit = require "bybit"
      local core = require "bybit.core"
      local first = core.signals(bybit.cancel_token())
      local ok, why = pcall(core.signals, bybit.cancel_token())
      first:close()
      core.signals(bybit.cancel_token()):close()
      io.write(tostring(ok), " ", why, "\n")
    ]])
    local _, _, output = run:wait()
    assert.matches("^false another part of this process catches the signals already", output)
  end)
end)

describe("examples/watch.lua", function()
  local function start(seconds)
    return process.start(text_of "examples/watch.lua", { WATCH_SECONDS = seconds }, nil, "BTCUSD ETHUSD XRPUSD")
  end

  it("watches several symbols for the given time", function()
    local how, status, output, errors = start("0.5"):wait()
    assert.equal("", errors)
    assert.same({ "exit", 0 }, { how, status })
    for _, symbol in ipairs { "BTCUSD", "ETHUSD", "XRPUSD" } do assert.matches("\n?" .. symbol .. " +[%d.]+ +bid", output) end
    assert.matches("3 symbols watched, 0 orders left behind\n$", output)
  end)

  it("ends on Ctrl-C, and leaves no order behind", function()
    local run = start "100"
    assert.matches("^BTCUSD", run:line())
    run:signal "INT"
    local how, status, output = run:wait()
    assert.matches("3 symbols watched, 0 orders left behind\n$", output)
    assert.same({ "exit", 130 }, { how, status })
  end)
end)
