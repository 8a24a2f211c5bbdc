-- bybit.main with real signals to a real process. Its exchange runs here, so that we see what it leaves behind.

local bybit = require "bybit"
local process = require "spec.support.process"

local KEY, SECRET = "mainKey0123456789", "mainSecretMainSecretMainSecret000001"

-- The common part of the programs: they quote on this process's exchange, under `bybit.main`.
local HEAD = [[
  local bybit = require "bybit"
  local options = { environment = { url = os.getenv "URL" }, key = os.getenv "KEY", secret = os.getenv "SECRET" }
  local function say(text) io.stdout:write(text, "\n") io.stdout:flush() end
  local function withdraw(client)
    say("cancelled " .. #assert(client:cancel_all_orders { symbol = "BTCUSD" }))
  end
  local function quote(client)
    for i = 1, 3 do
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = i, price = "20000" })
    end
  end
]]

describe("bybit.main", function()
  local exchange, client

  setup(function()
    exchange = assert(bybit.paper.start { seed = 3, lag = 0, limits = false, keys = { { key = KEY, secret = SECRET } } })
    client = bybit.client { environment = exchange }
  end)

  teardown(function()
    client:close()
    exchange:close()
  end)

  local function start(text)
    return process.start(HEAD .. text, { URL = exchange.url, KEY = KEY, SECRET = SECRET })
  end

  local function open_orders()
    return #assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
  end

  local STRATEGY = [[
    bybit.main(options, function(client, stop)
      local off <close> = bybit.defer(withdraw, client)
      quote(client)
      bybit.spawn(function() while not stop:wait(100) do say "never" end say "a child heard of it" end)
      say "quoting"
      while not stop:wait(0.5) do end
      say "stopping"
    end)
    say "never"
  ]]

  for name, number in pairs { INT = 2, TERM = 15 } do
    it("lets a strategy cancel its quotes before SIG" .. name .. " ends it", function()
      local run = start(STRATEGY)
      assert.equal("quoting", run:line())
      assert.equal(3, open_orders())
      run:signal(name)
      local how, status, output, errors = run:wait()
      assert.matches("stopping\n.*cancelled 3\n", output)
      assert.matches("a child heard of it\n", output)
      assert.not_matches("never", output)
      assert.equal("", errors)
      assert.same({ "exit", 128 + number }, { how, status })
      assert.equal(0, open_orders())
    end)
  end

  it("cancels `stop` while the strategy is inside a call that holds it", function()
    local run = start [[
      local slow = require "socket".bind("127.0.0.1", 0)
      local _, port = slow:getsockname()
      options.environment.url = "http://127.0.0.1:" .. port
      bybit.main(options, function(client, stop)
        say "waiting"
        local _, err = client:cancel_all_orders { symbol = "BTCUSD", cancel = stop }
        say(err.kind .. " " .. err.outcome)
        assert(client:get_open_orders_real_time { symbol = "BTCUSD", cancel = stop })
      end)
    ]]
    assert.equal("waiting", run:line())
    os.execute "sleep 0.2"
    run:signal "TERM"
    local how, status, output, errors = run:wait()
    assert.equal("cancelled unknown\n", output)
    assert.equal("", errors) -- being stopped is not a failure
    assert.same({ "exit", 143 }, { how, status })
  end)

  it("lets the second signal end the process at once", function()
    local run = start [[
      bybit.main(options, function(client, stop)
        local off <close> = bybit.defer(function() say "never" end)
        say "deaf"
        stop:wait()
        say "stopped"
        bybit.sleep(100)
      end)
    ]]
    assert.equal("deaf", run:line())
    run:signal "INT"
    assert.equal("stopped", run:line())
    run:signal "TERM"
    local how, status, output = run:wait()
    assert.equal("", output)
    -- The shell that popen started may still be there; then the signal goes to the shell.
    if how == "exit" then assert.equal(143, status) else assert.same({ "signal", 15 }, { how, status }) end
  end)

  it("ends with status 1 and a traceback through all tasks when the strategy raises", function()
    local run = start [[
      bybit.main(options, function(client)
        local off <close> = bybit.defer(withdraw, client)
        quote(client)
        local function compute() local nothing; return nothing.field end
        bybit.spawn(function() bybit.sleep(0.01) compute() end):await()
      end)
    ]]
    local how, status, output, errors = run:wait()
    assert.same({ "exit", 1 }, { how, status })
    assert.equal("cancelled 3\n", output)
    assert.matches("attempt to index a nil value %(local 'nothing'%)\nstack traceback:", errors)
    assert.matches("in upvalue 'compute'.*awaited by.*in method 'await'", errors)
    assert.equal(0, open_orders())
  end)

  it("prints an error record as its one line", function()
    local run = start [[
      bybit.main(options, function(client)
        assert(client:cancel_order { symbol = "BTCUSD", order_id = "00000000-0000-4000-8000-000000000000" })
      end)
    ]]
    local how, status, _, errors = run:wait()
    assert.same({ "exit", 1 }, { how, status })
    assert.matches("^cancel_order BTCUSD: ", errors)
  end)

  it("returns what the strategy returns, with the client closed and the signals as they were", function()
    local run = start [[
      local kept
      say(table.concat({ bybit.main(options, function(client, stop)
        kept = client
        return "a", tostring(stop:cancelled())
      end) }, " "))
      say(tostring(kept))
      bybit.main(options, function() end)
      say "again"
      pcall(bybit.sleep, 100)
      say "interrupted"
    ]]
    assert.equal("a false", run:line())
    assert.equal("bybit.client (closed)", run:line())
    assert.equal("again", run:line())
    os.execute "sleep 0.1"
    run:signal "INT"
    assert.equal("interrupted", run:line())
    local how, status = run:wait()
    assert.same({ "exit", 0 }, { how, status })
  end)

  it("raises for wrong arguments", function()
    local _, err = pcall(bybit.main, { environment = exchange })
    assert.matches("main: a function f%(client, stop%) expected as second argument, got nil", err)
    _, err = pcall(bybit.run, bybit.main, { environment = exchange }, print)
    assert.matches("main: this is a task already", err)
    _, err = pcall(bybit.main, { enviroment = exchange }, print)
    assert.matches("main_spec.lua:%d+: bybit.client: unknown option 'enviroment'", select(2, pcall(function()
      bybit.main({ enviroment = exchange }, print)
    end)))
    assert.matches("unknown option 'enviroment'", err)
    local core = require "bybit.core"
    local holder <close> = core.signals(bybit.cancel_token()) -- luacheck: ignore 211
    _, err = pcall(bybit.main, { environment = exchange }, print)
    assert.matches("another part of this process catches the signals", err)
  end)
end)

describe("Ctrl-C without bybit.main", function()
  it("raises out of a blocking call, in the main program and in the user's own coroutine, and ends the call", function()
    for _, how in ipairs { "f()", "coroutine.wrap(f)()" } do
      local run = process.start(([[
        local bybit = require "bybit"
        local slow = require "socket".bind("127.0.0.1", 0)
        local _, port = slow:getsockname()
        local client = bybit.client { environment = { url = "http://127.0.0.1:" .. port }, in_flight = 1 }
        local function f()
          io.stdout:write("waiting\n") io.stdout:flush()
          client:request("GET", "/v5/market/time")
        end
        local ok, why = pcall(function() %s end)
        io.stdout:write(tostring(ok), " ", why:match "interrupted", "\n")
        local _, err = client:request("GET", "/v5/market/time", nil, { timeout = 0.1, deadline = 0.1 })
        io.stdout:write(err.message, "\n") -- its own timeout: the interrupted call does not block it
      ]]):format(how))
      assert.equal("waiting", run:line())
      os.execute "sleep 0.2"
      run:signal "INT"
      assert.equal("false interrupted", run:line())
      assert.matches("[Tt]imed out", run:line())
      run:wait()
    end
  end)

  it("is raised, and leaves a sent call among the unsettled; reconcile finds the order", function()
    local exchange <close> = assert(bybit.paper.start { seed = 3, lag = 0, limits = false })
    exchange:set_price("BTCUSD", 30000)
    exchange:faults { { "delay", path = "/v5/order/create", times = 1, seconds = 2 } }
    local run = process.start(HEAD .. [[
      local client <close> = bybit.client(options)
      say "placing"
      local ok, why = pcall(client.place_order, client, { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1,
        price = "20000", client_order_id = "mine" })
      say(tostring(ok) .. " " .. why:match "interrupted")
      local open = client:unsettled()
      say(#open .. " " .. open[1].client_order_id)
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      say(report.settled[1].outcome .. " " .. report.live[1].client_order_id .. " " .. #report.unsettled)
    ]], { URL = exchange.url, KEY = exchange.key, SECRET = exchange.secret })
    assert.equal("placing", run:line())
    os.execute "sleep 0.3"
    run:signal "INT"
    assert.equal("false interrupted", run:line())
    assert.equal("1 mine", run:line())
    assert.equal("placed mine 0", run:line())
    run:wait()
    assert.equal(1, #exchange:books().orders)
  end)

  it("cancels the task of bybit.run, which cleans up with calls", function()
    local exchange <close> = assert(bybit.paper.start { seed = 3, lag = 0, limits = false })
    local run = process.start(HEAD .. [[
      local client <close> = bybit.client(options)
      local ok, why = pcall(bybit.run, function()
        local off <close> = bybit.defer(withdraw, client)
        quote(client)
        for _ = 1, 3 do bybit.spawn(bybit.sleep, 100) end
        say "running"
        while true do bybit.sleep(0.001) end
      end)
      say(tostring(ok) .. " " .. why:match "interrupted")
    ]], { URL = exchange.url, KEY = exchange.key, SECRET = exchange.secret })
    assert.equal("running", run:line())
    os.execute "sleep 0.2"
    run:signal "INT"
    assert.equal("cancelled 3", run:line())
    assert.equal("false interrupted", run:line())
    run:wait()
  end)
end)
