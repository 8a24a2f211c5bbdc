-- bybit.paper.simulate: a strategy as a function of its seed. What it says is held against the paper exchange over HTTP, against cases that
-- are worked out by hand, and against itself in another process.

local bybit = require "bybit"
local core = require "bybit.core"
local shell = require "spec.support.shell"
local tasks = require "bybit.tasks"

local START = 1704067200000

-- Candles of a minute: {open, high, low, close} each.
local function candles(...)
  local rows = {}
  for i, c in ipairs { ... } do
    rows[i] = { start_time = START + (i - 1) * 60000, open_price = bybit.decimal(c[1]), high_price = bybit.decimal(c[2]),
      low_price = bybit.decimal(c[3]), close_price = bybit.decimal(c[4]) }
  end
  return rows
end

local function flat(n, price)
  local list = {}
  for i = 1, n do list[i] = { price, price, price, price } end
  return candles(table.unpack(list))
end

local function simulate(options, strategy)
  local o = { seed = 1, latency = { 0.03, 0.03 } }
  for k, v in pairs(options) do o[k] = v end
  local fails = o.fails
  o.fails = nil
  local report = bybit.paper.simulate(o, strategy)
  if report.error ~= nil and not fails then error(report.traceback or tostring(report.error), 0) end
  return report
end

local function buy(client, more)
  local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29990 }
  for k, v in pairs(more or {}) do p[k] = v end
  return assert(client:place_order(p))
end

describe("time in a simulation", function()

  it("is virtual: it begins with the prices, ends with them, and waits cost nothing", function()
    local seen = {}
    local real = os.time()
    local report = simulate({ prices = { BTCUSD = flat(1440, 30000) } }, function(client, stop)
      seen.begin, seen.date = os.time(), os.date "!%Y-%m-%d %H:%M"
      bybit.sleep(3600)
      seen.later, seen.clock, seen.now = os.time(), os.clock(), client:now()
      stop:wait()
      seen.stop = os.time()
    end)
    assert.same({ START // 1000, "2024-01-01 00:00", START // 1000 + 3600, 3600, START + 3600000, START // 1000 + 86400 },
      { seen.begin, seen.date, seen.later, seen.clock, seen.now, seen.stop })
    assert.same({ START, START + 86400000 }, { report.begin, report.stop })
    assert.is_true(os.time() - real < 60)
    assert.is_false(core.loop.is_virtual())
  end)

  it("goes on after years, when a float of its seconds cannot tell one nanosecond from the next", function()
    local prices = flat(2, 30000)
    prices[2].start_time = START + 40000000000
    local report = simulate({ prices = { BTCUSD = prices }, latency = { 0.02, 0.06 } }, function(client)
      bybit.sleep(3e7)
      for _ = 1, 100 do assert(client:get_position { symbol = "BTCUSD" }) end
    end)
    assert.equal(100, report.requests)
  end)

  it("goes on until `duration`, and then a strategy has a minute to end; deferred functions run", function()
    local cleaned
    local report = simulate({ duration = 60 }, function(client)
      local ack = buy(client, { price = 20000 })
      local off <close> = bybit.defer(function() -- luacheck: ignore 211
        cleaned = assert(client:cancel_order { symbol = "BTCUSD", order_id = ack.order_id })
      end)
      bybit.sleep(1e6)
    end)
    assert.truthy(cleaned)
    assert.equal(0, #report.orders_left)
    assert.is_true(report.stop >= START + 120000 and report.stop < START + 121000)
    assert.is_true(report.cancelled)
    assert(tostring(report):find("0 calls unsettled, cancelled since it did not end", 1, true), tostring(report))

    local other = simulate({ duration = 60 }, function(_, stop)
      stop:wait()
      bybit.sleep(59)
    end)
    assert.is_false(other.cancelled)
    assert(report:diff(other):find "cancelled +true %-> +false")
  end)

  it("is put back whatever ends it, and the error is in the report", function()
    local report = simulate({ duration = 60, fails = true }, function() error "broken" end)
    assert.truthy(tostring(report.error):find "broken")
    assert.truthy(report.traceback:find "simulate_spec")
    assert.is_false(core.loop.is_virtual())
    assert.is_true(os.time() > START // 1000 + 86400)
    assert.has_error(function() bybit.paper.simulate({ duration = 1, client = { id_prefix = "!" } }, function() end) end)
    assert.is_false(core.loop.is_virtual())
  end)

  it("tells the error of a task that nobody awaits", function()
    local report = simulate({ duration = 60, fails = true }, function(client, stop)
      bybit.spawn(function() client:get_tickr {} end)
      stop:wait()
    end)
    assert.truthy(tostring(report.error):find "get_tickr", tostring(report.error))
    report = simulate({ duration = 60 }, function(_, stop)
      local task = bybit.spawn(function() bybit.sleep(1e6) end)
      stop:wait()
      task:cancel()
    end)
    assert.is_nil(report.error)
  end)

  it("lets math.random draw from the seed, in its own ranges", function()
    local function draws(seed)
      local list
      simulate({ seed = seed, duration = 1 }, function()
        list = { math.random(), math.random(6), math.random(-3, 3), math.random(0) }
        assert.has_error(function() math.random(2, 1) end)
        math.randomseed(5)
        list[5] = math.random(1000000)
      end)
      return list
    end
    local a, b, c = draws(1), draws(1), draws(2)
    assert.same(a, b)
    assert.are_not.same(a, c)
    assert.equal(a[5], c[5])
    assert.is_true(a[1] >= 0 and a[1] < 1 and a[2] >= 1 and a[2] <= 6 and math.abs(a[3]) <= 3)
  end)
end)

describe("fills in a simulation", function()
  -- The status of a resting buy at 29990 after a candle that goes as low as this.
  local function after(low, options, order)
    local status
    local o = { prices = { BTCUSD = candles({ 30000, 30000, 30000, 30000 }, { 30000, 30000, low, 30000 },
      { 30000, 30000, 30000, 30000 }) } }
    for k, v in pairs(options or {}) do o[k] = v end
    simulate(o, function(client)
      local ack = buy(client, order)
      bybit.sleep(150)
      status = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id }).status
      client:cancel_order { symbol = "BTCUSD", order_id = ack.order_id }
    end)
    return status
  end

  it("need the price to go through the order's, by a tick; with fill = touch it needs to touch it", function()
    assert.equal("New", after(29990.5))
    assert.equal("New", after(29990))
    assert.equal("Filled", after(29989.5))
    assert.equal("Filled", after(29990, { fill = "touch" }))
    assert.equal("New", after(29990.5, { fill = "touch" }))
  end)

  it("happen after the latency: a decision on a candle's close does not trade at that close", function()
    -- the price jumps at the begin of the third minute; the order leaves at the end of the second
    local prices = { BTCUSD = candles({ 30000, 30000, 30000, 30000 }, { 30000, 30000, 30000, 30000 },
      { 30100, 30100, 30100, 30100 }) }
    local function paid(latency)
      local report = simulate({ prices = prices, latency = latency }, function(client)
        bybit.sleep(119.99)
        assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 })
      end)
      return report.trades[1].price
    end
    assert.equal("30000.5", paid { 0, 0 })
    assert.equal("30100.5", paid { 0.03, 0.03 })
  end)

  it("take stops in the order of the path: adverse the stop loss first, adaptive the nearer extreme", function()
    local function ended(path)
      local report = simulate({ path = path, prices = { BTCUSD = candles({ 30000, 30000, 30000, 30000 },
        { 30000, 30050, 29800, 30000 }, { 30000, 30000, 30000, 30000 }) } }, function(client)
        assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100, take_profit_price = 30040,
          stop_loss_price = 29900 })
        bybit.sleep(170)
      end)
      return report.trades[2].price
    end
    assert.is_true(tonumber(ended "adverse") < 29900)
    assert.is_true(tonumber(ended "adaptive") >= 30040)
  end)

  it("give the band between the paths", function()
    local report = simulate({ band = true, prices = { BTCUSD = candles({ 30000, 30000, 30000, 30000 },
      { 30000, 30050, 29800, 30000 }, { 30000, 30000, 30000, 30000 }) } }, function(client)
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100, take_profit_price = 30040,
        stop_loss_price = 29900 })
      bybit.sleep(170)
    end)
    assert.is_true(report.band.adverse < report.band.adaptive)
    assert.equal(report.figures.profit_coin, report.band.adverse)
  end)

  it("charge funding at its moments: longs pay, by hand 1000 / 30000 * 0.0001", function()
    local report = simulate({ prices = { BTCUSD = flat(500, 30000) } }, function(client, stop)
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1000 })
      stop:wait()
    end)
    assert.equal("-0.00000333", tostring(report.figures.funding))
  end)

  it("see a candle whole or in parts alike", function()
    -- the second order is far away, so that candles are quiet; a sleeper that wakes inside each candle makes them pass in parts
    local random = core.random(3)
    local list, price = {}, 30000
    for i = 1, 300 do
      local high, low = price + random:integer(0, 40) * 0.5, price - random:integer(0, 40) * 0.5
      local close = low + random:integer(0, math.floor((high - low) * 2)) * 0.5
      list[i] = { price, high, low, close }
      price = close
    end
    local function run(awake)
      return simulate({ prices = { BTCUSD = candles(table.unpack(list)) } }, function(client, stop)
        assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1000, stop_loss_price = 29950 })
        buy(client, { price = 29955 })
        while not stop:wait(awake and 7 or 1e6) do end
        for _, method in ipairs { "get_klines", "get_mark_price_klines", "get_index_price_klines" } do
          for _, interval in ipairs { "60", "1" } do
            for i, k in ipairs(assert(client[method](client, { symbol = "BTCUSD", interval = interval, limit = 200 }))) do
              list[method .. interval .. " " .. i] = tostring(k)
            end
          end
        end
      end)
    end
    local whole = run(false)
    local told = {}
    for k, v in pairs(list) do if type(k) == "string" then told[k] = v:gsub(" volume=.*", "") end end
    local parts = run(true)
    for k, v in pairs(list) do if type(k) == "string" then assert.equal(told[k], (v:gsub(" volume=.*", ""))) end end
    assert.equal(#whole.trades, #parts.trades)
    for i, t in ipairs(whole.trades) do
      assert.same({ t.price, t.quantity, t.fee, t.type }, { parts.trades[i].price, parts.trades[i].quantity, parts.trades[i].fee,
        parts.trades[i].type })
    end
    assert.equal(whole.coins.BTC.wallet, parts.coins.BTC.wallet)
  end)
end)

describe("a simulation", function()
  -- Quotes around the price, and crosses it now and then.
  local function maker(client, stop)
    local n = 0
    while not stop:wait(3) do
      n = n + 1
      local t = assert(client:get_ticker { symbol = "BTCUSD" })
      assert(client:sync_orders { symbol = "BTCUSD", { tag = "bid", side = "Buy", quantity = 100, price = t.bid_price },
        { tag = "ask", side = "Sell", quantity = 100, price = t.ask_price } })
      if n % 7 == 0 then
        assert(client:place_order { symbol = "BTCUSD", side = n % 2 == 0 and "Buy" or "Sell", type = "Market", quantity = 50 })
      end
    end
    assert(client:sync_orders { symbol = "BTCUSD" })
  end

  it("says of a strategy what the paper exchange says over HTTP, with a manual clock and the same seed", function()
    local rows = {}
    for i, row in ipairs(require("bybit.paper.engine.instruments").default) do
      rows[i] = { symbol = row.symbol, base = row.base, id = row.id, tick = row.tick, min_price = row.min_price,
        max_price = row.max_price, start = row.start, max_leverage = row.max_leverage, scale = row.scale }
      if i == 2 then break end
    end
    local inside = simulate({ seed = 5, duration = 300, latency = { 0, 0 }, fill = "touch", instruments = rows, limits = false,
      client = { id_prefix = "mm", rate = false } }, maker)

    local exchange <close> = assert(bybit.paper.start { seed = 5, clock = "manual", limits = false, instruments = rows })
    do
      local client <close> = bybit.client { environment = exchange, id_prefix = "mm", seed = 5, rate = false }
      tasks.set_advance(function(seconds) exchange:walk(seconds) end) -- time and market move together
      bybit.run(function()
        local stop = bybit.cancel_token()
        local task = bybit.spawn(maker, client, stop)
        bybit.sleep(300)
        stop:cancel()
        task:await()
      end)
    end
    local books = exchange:books()
    assert.is_true(#books.executions > 20)
    assert.equal(#books.orders, #inside.orders)
    for i, order in ipairs(books.orders) do
      for _, name in ipairs { "client_order_id", "side", "quantity", "price", "status", "filled_quantity", "filled_value", "fee",
        "created_time", "updated_time" } do assert.equal(order[name], inside.orders[i][name]) end
    end
    assert.equal(#books.executions, #inside.trades)
    for i, e in ipairs(books.executions) do
      for _, name in ipairs { "execution_id", "price", "quantity", "fee", "profit", "time", "side" } do
        assert.equal(e[name], inside.trades[i][name])
      end
    end
    assert.same(books.coins.BTC, inside.coins.BTC)
  end)

  local PROGRAM = [[
    local bybit = require "bybit"
    local path = ...
    local seed = tonumber(arg[1])
    local report = bybit.paper.simulate({ seed = seed, duration = 200, journal = true, faults = {
      { "lost_answer", probability = 0.05 }, { "lost_request", probability = 0.05 },
      { "http", status = 503, probability = 0.05 } },
      client = { id_prefix = "mm", journal = arg[2], deadline = 20 } }, function(client, stop)
      while not stop:wait(2 + math.random()) do
        local t = client:get_ticker { symbol = "BTCUSD" }
        if t then client:sync_orders { symbol = "BTCUSD", { tag = "bid", side = "Buy", quantity = 100, price = t.bid_price },
          { tag = "ask", side = "Sell", quantity = 100, price = t.ask_price } } end
      end
    end)
    print(table.concat(report:journal(), "\n"))
    print(report)]]

  it("lets a strategy follow its account: each fill once, by streams and by polling, whatever goes wrong", function()
    local FAULTS = { { "lost_answer", probability = 0.1 }, { "lost_request", probability = 0.1 },
      { "stream_cut", probability = 0.05 }, { "stream_swallow", probability = 0.05 }, { "stream_duplicate", probability = 0.1 } }
    for _, case in ipairs { { streams = true }, { streams = false }, { streams = true, faults = FAULTS } } do
      local told, live = {}, 0
      local report = simulate({ seed = 4, duration = 120, tick = 1, faults = case.faults, client = { streams = case.streams } },
        function(client, stop)
          local follower = bybit.spawn(function()
            for event in client:follow { symbol = "BTCUSD", audit = 10 } do
              if event.kind == "trade" then told[#told + 1] = event.trade.trade_id end
              if event.kind == "live" then live = live + 1 end
            end
          end)
          local n = 0
          while not stop:wait(7) do
            n = n + 1
            client:place_order { symbol = "BTCUSD", side = n % 2 == 0 and "Buy" or "Sell", type = "Market", quantity = 100 + n }
          end
          bybit.sleep(40) -- what is late comes with an audit
          follower:cancel()
        end)
      local made = {}
      for i, trade in ipairs(report.trades) do made[i] = trade.execution_id end
      table.sort(told)
      table.sort(made)
      assert.same(made, told)
      assert.is_true(#made >= 16 and live >= 1)
    end
  end)

  it("is the same in two processes with one seed, byte for byte, with faults and a journal; another seed differs", function()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write(PROGRAM)
    file:close()
    local function run(seed)
      local journal = os.tmpname()
      os.remove(journal)
      local text = shell.capture(("%s %s %d %s"):format(os.getenv "LUA" or "lua5.4", script, seed, journal))
      local rows = shell.capture(("python3 -c 'import sqlite3,sys\nfor r in sqlite3.connect(sys.argv[1]).execute("
        .. "\"select * from intents order by id\"): print(r)' %s"):format(journal))
      for _, part in ipairs { "", "-wal", "-shm", ".lock" } do os.remove(journal .. part) end
      return text, rows
    end
    local a, intents_a = run(1)
    local b, intents_b = run(1)
    local c = run(2)
    os.remove(script)
    assert(a:find "faults: .*lost", a:sub(-600))
    assert.equal(a, b)
    assert.equal(intents_a, intents_b)
    assert.is_true(#intents_a > 1000)
    assert.are_not.equal(a, c)
  end)

  it("takes trades, readers of files, functions, and prices of several symbols", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write "timestamp,open,high,low,close\n1704067200,30000,30010,29990,30005\n1704067260,30005,30020,30000,30010.3\n"
    file:close()
    local i = 0
    local last = {}
    simulate({ prices = { BTCUSD = assert(bybit.history.klines(path)), ETHUSD = function()
      i = i + 1
      return i <= 3 and { timestamp = START + i * 20000, price = 2000 + i, quantity = 1 } or nil
    end } }, function(client, stop)
      stop:wait()
      last.btc = assert(client:get_ticker { symbol = "BTCUSD" }).last_price
      last.eth = assert(client:get_ticker { symbol = "ETHUSD" }).last_price
    end)
    os.remove(path)
    assert.same({ "30010.5", "2003.00" }, { tostring(last.btc), tostring(last.eth) }) -- rounded to the tick
  end)

  it("tells the line of a file that is wrong", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write "timestamp,open,high,low,close\n1704067200,30000,30010,29990,30005\n1704067260,30005,x,30000,30010\n"
    file:close()
    local ok, why = pcall(simulate, { prices = { BTCUSD = bybit.history.klines(path) } }, function(_, stop) stop:wait() end)
    os.remove(path)
    assert.is_false(ok)
    assert(tostring(why):find(path .. ", line 3: high 'x' is no price", 1, true), tostring(why))
    assert.is_false(core.loop.is_virtual())
  end)

  it("raises for what cannot be meant", function()
    local function wrong(text, ...)
      local ok, why = pcall(bybit.paper.simulate, ...)
      assert.is_false(ok)
      assert(tostring(why):find(text, 1, true), ("%q is not in: %s"):format(text, tostring(why)))
    end
    local nothing = function() end
    wrong("a 'duration' in seconds is needed", {}, nothing)
    wrong("unknown option 'sede'", { sede = 1, duration = 1 }, nothing)
    wrong("option 'path'", { path = "worst", duration = 1 }, nothing)
    wrong("option 'latency'", { latency = { 2, 1 }, duration = 1 }, nothing)
    wrong("a function f(client, stop) expected", { duration = 1 })
    wrong("no contract has this symbol", { prices = { BTCUSX = flat(1, 1) } }, nothing)
    wrong("an empty table", { prices = { BTCUSD = {} } }, nothing)
    wrong("row 2: time goes back", { prices = { BTCUSD = { { timestamp = START, price = 1 },
      { timestamp = START - 1, price = 1 } } } }, nothing)
    wrong("row 1: 'price': a price expected, got nil", { prices = { BTCUSD = { { timestamp = START } } } }, nothing)
    wrong("'transport' is the simulation's own", { duration = 1, client = { transport = {} } }, nothing)
    wrong("unknown kind", { duration = 1, faults = { { "bad" } } }, nothing)
    local nested = simulate({ duration = 1, fails = true }, function() bybit.paper.simulate({ duration = 1 }, nothing) end)
    assert(tostring(nested.error):find "a simulation is what a program begins with")
  end)
end)
