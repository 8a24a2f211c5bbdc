-- What a simulation skips, against the plain way: random programs on random prices, from seeds, run twice, once with the shortcut and once
-- without it. Everything that the report tells has to be the same, to the last bit. SHORTCUT_SEEDS (default 3, of each kind) makes it
-- longer.

local bybit = require "bybit"
local bars = require "bybit.paper.engine.bars"
local candles_of = require "bybit.paper.engine.candles"
local core = require "bybit.core"
local market_of = require "bybit.paper.engine.market"
local ticks_of = require "bybit.paper.engine.ticks"

local SEEDS = tonumber(os.getenv "SHORTCUT_SEEDS" or 3)
local START = 1704067200000 + 6 * 3600000 -- two hours before a funding
local EVENING = START + 16 * 3600000 -- two hours before a day ends
local MINUTE = 60000

-- Candles on a grid of ticks, one after another: most are small, some are wild, some open beside the close before, and some are missing.
-- Many turn exactly at a price that the program has at stake, or a tick beside it.
local function candles_from(random, case, state)
  local tick, time, count = case.tick, (case.start or START) + random:integer(0, 7) * 13 * MINUTE, 0
  local function ticks(most) return random:integer(0, most) end
  state.price = 30000 // tick
  return function()
    count = count + 1
    if count > case.count then return nil end
    local wild = random:unit() < 0.05 and 20 or 1
    local open = state.price + (random:unit() < 0.1 and ticks(40) - 20 or 0)
    local high, low = open + ticks(15) * wild, open - ticks(15) * wild
    local stake = random:unit() < 0.4 and state.stakes[random:integer(0, #state.stakes)] or nil
    if stake and math.abs(stake - open) < 1500 then
      stake = stake + ticks(2) - 1
      if stake < open then low = stake elseif stake > open then high = stake end
    end
    local close, start = low + ticks(high - low), time
    state.price, time = close, time + case.span * (random:unit() < 0.02 and random:integer(2, 5) or 1)
    local function price(n) return bybit.decimal(n) * case.step end
    return { start_time = start, open_price = price(open), high_price = price(high), low_price = price(low),
      close_price = price(close) }
  end
end

local SIDES, BY = { "Buy", "Sell" }, { "LastPrice", "MarkPrice", "IndexPrice" }

-- A program that trades at random, and between two calls sleeps through none, some, or many candles; through the first of them idle.
local function program(seed, case, state)
  local random = core.random(seed + 1000)
  local function one_of(list) return list[random:integer(1, #list)] end
  local function price()
    local ticks = state.price + random:integer(-case.reach, case.reach)
    table.insert(state.stakes, 1, ticks)
    state.stakes[7] = nil
    return bybit.decimal(math.tointeger(ticks)) * case.step
  end
  local function quantity() return bybit.decimal(random:integer(1, 8)) * case.lot end
  local symbol = case.symbol
  local acts = {
    function(client) client:place_order { symbol = symbol, side = one_of(SIDES), type = "Market", quantity = quantity() } end,
    function(client)
      client:place_order { symbol = symbol, side = one_of(SIDES), type = "Limit", quantity = quantity(), price = price() }
    end,
    function(client)
      client:place_conditional_order { symbol = symbol, side = one_of(SIDES), type = "Market", quantity = quantity(),
        trigger_price = price(), trigger_direction = one_of { "Rising", "Falling" }, trigger_type = one_of(BY) }
    end,
    function(client)
      client:set_trading_stop { symbol = symbol, stop_loss_price = random:unit() < 0.7 and price() or nil,
        take_profit_price = price() }
    end,
    function(client)
      if random:unit() > 0.2 then return end
      local distance = bybit.decimal(case.step) * random:integer(2, case.reach // 2)
      client:set_trading_stop { symbol = symbol, trailing_stop_distance = distance }
    end,
    function(client)
      if random:unit() < 0.3 then client:cancel_all_orders { symbol = symbol } end
    end,
  }
  return function(client, stop)
    local leverage = case.leverage or ({ 100, 5, 30 })[seed % 3 + 1]
    assert(client:set_leverage { symbol = symbol, buy_leverage = leverage, sell_leverage = leverage })
    stop:wait(case.span // 1000 * 20)
    if case.other then assert(client:place_order { symbol = case.other, side = "Buy", type = "Market", quantity = 1 }) end
    repeat
      if case.look then case.look(client, state, case) end
      one_of(acts)(client)
      local p = assert(client:get_position { symbol = symbol })
      local at = p.liquidation_price
      state.stakes[0] = at and at > 0 and (at / case.step):round(0, one_of { "up", "down" }):tointeger() or nil
    until stop:wait(one_of { 0.02, 0.7, 70, 200, 500 } * (0.5 + random:unit()) * case.span / MINUTE)
    for i, k in ipairs(assert(client:get_klines { symbol = symbol, interval = "1", limit = 200 })) do
      state.klines[i] = tostring(k):gsub(" volume=.*", "") -- of what strangers trade in a candle that passes nothing is drawn
    end
  end
end

-- Everything that a report tells, as lines.
local function told(report, klines)
  local lines = {}
  local function add(...)
    local words = table.pack(...)
    for i = 1, words.n do words[i] = tostring(words[i]) end
    lines[#lines + 1] = table.concat(words, " ")
  end
  for name, value in pairs(report.figures) do add(name, value) end
  table.sort(lines)
  for _, unit in ipairs { "coin", "usd" } do
    local fall = report.falls[unit]
    add("fall", unit, fall.depth, fall.part, fall.from, fall.to)
  end
  for _, day in ipairs(report.days) do add("day", day.time, day.coin, day.usd) end
  for _, t in ipairs(report.trades) do add("trade", t.time, t.type, t.side, t.price, t.quantity, t.fee, t.profit) end
  for _, o in ipairs(report.orders) do
    add("order", o.order_id, o.status, o.create_type, o.price, o.filled_quantity, o.updated_time)
  end
  local e = report.equity
  for i = 1, #e.time do add("equity", e.time[i], e.coin[i], e.usd[i], e.price[i], e.position[i]) end
  add("nearest", report.nearest_liquidation, "largest", report.largest_position, "requests", report.requests)
  for name, coin in pairs(report.coins) do add(name, coin.wallet, coin.available) end
  for _, line in ipairs(klines) do add(line) end
  return lines
end

local function run(seed, case)
  local state = { stakes = {}, klines = {} }
  local options = { seed = seed, path = ({ "adverse", "adaptive", "seeded" })[seed % 3 + 1],
    fill = seed % 2 == 1 and "touch" or "through", client = { category = case.category } }
  for name, value in pairs(case.options or {}) do options[name] = value end
  options.prices = not options.duration and { [case.symbol] = candles_from(core.random(seed), case, state),
    ETHUSDT = case.beside and candles_from(core.random(seed + 500), case.beside, { stakes = {} }) } or nil
  local report = bybit.paper.simulate(options, program(seed, case, state))
  if report.error ~= nil then error(report.traceback, 0) end
  return told(report, state.klines), report
end

local function inverse(minutes, count, happens)
  return { symbol = "BTCUSD", tick = 0.5, step = "0.5", lot = 1000, count = count, span = minutes * MINUTE, reach = 300,
    happens = happens }
end

local MINUTES = inverse(1, 200, { Trade = 20, Funding = 1, CreateByLiq = 1, CreateByStopOrder = 1, CreateByTakeProfit = 1 })
local LINEAR = { symbol = "BTCUSDT", category = "linear", tick = 0.1, step = "0.1", lot = "0.02", count = 200, span = MINUTE,
  reach = 300, start = EVENING, happens = { Trade = 20, Funding = 1, CreateByStopOrder = 1 } }
LINEAR.other = "ETHUSDT"
LINEAR.beside = { tick = 0.01, step = "0.01", start = EVENING, span = 17 * MINUTE, count = 10 } -- with a position, too
local SOME = { Trade = 10 }

-- Runs each seed both ways, and counts what has happened. `with(plain)` switches the shortcut off where that is true, and gives what
-- switches it on again.
local function compare(case, with)
  local happened = {}
  for seed = 1, SEEDS do
    local function go(plain)
      local back = with(plain)
      local ok, lines, report = pcall(run, seed, case)
      back()
      if not ok then error(lines, 0) end
      return lines, report
    end
    local expected, got, report = go(true), go(false)
    for i = 1, math.max(#expected, #got) do
      if expected[i] ~= got[i] then
        error(("seed %d: the plain way gives\n  %s\nand the short one\n  %s"):format(seed, expected[i], got[i]), 0)
      end
    end
    for _, t in ipairs(report.trades) do happened[t.type] = (happened[t.type] or 0) + 1 end
    for _, o in ipairs(report.orders) do happened[o.create_type] = (happened[o.create_type] or 0) + 1 end
  end
  return happened
end

describe("a quiet candle that passes at once", function()
  local skipped

  -- Each candle goes point by point when none is quiet.
  local function quiet(plain)
    local before = bars.quiet
    bars.quiet = function(...)
      if plain then return false end
      local is = before(...)
      if is then skipped = skipped + 1 end
      return is
    end
    return function() bars.quiet = before end
  end

  before_each(function() skipped = 0 end)

  for _, case in ipairs { MINUTES, LINEAR, inverse(7, 120, SOME), inverse(60, 80, SOME), inverse(1440, 50, SOME) } do
    it(("is as one that goes from point to point: of %s, of %d minutes"):format(case.symbol, case.span // MINUTE), function()
      local happened = compare(case, quiet)
      assert.is_true(skipped > SEEDS * case.count // 10, "many candles should be quiet: " .. skipped)
      for name, least in pairs(case.happens) do
        assert((happened[name] or 0) >= least, ("%s: %s"):format(name, tostring(happened[name])))
      end
    end)
  end
end)

-- What a walk leaves behind, besides what the report tells.
local function look(client, state, case)
  local ticker = assert(client:get_ticker { symbol = "BTCUSD" })
  state.price = (ticker.last_price / case.step):tointeger()
  table.insert(state.klines, tostring(ticker))
  if state.price % 4 > 0 then return end
  local klines = { symbol = "BTCUSD", interval = "1", limit = 15 }
  for i, list in ipairs { assert(client:get_trade_history { symbol = "BTCUSD", limit = 40 }), assert(client:get_klines(klines)),
    assert(client:get_mark_price_klines(klines)), { assert(client:get_order_price_limit { symbol = "BTCUSD" }) },
    assert(client:get_order_book { symbol = "BTCUSD", limit = 2 }).asks } do
    for j, row in ipairs(list) do table.insert(state.klines, ("%d %d %s"):format(i, j, row)) end
  end
  if state.price % 8 > 0 or case.options.instruments then return end
  assert(client:get_ticker { symbol = "ETHUSD" }) -- then two markets walk for a minute
end

-- A market that walks, with a program on it that acts each ten seconds or so.
local function walking(name, quiet, options, happens)
  return { name = name, quiet = quiet, symbol = "BTCUSD", tick = 0.5, step = "0.5", lot = 50000, span = MINUTE // 10, reach = 12,
    look = look, options = options, happens = happens }
end

local COARSE = {} -- a contract with ticks so large that a few of them liquidate a position
for name, value in pairs(require("bybit.paper.engine.instruments").default[1]) do COARSE[name] = value end
COARSE.tick, COARSE.min_price, COARSE.max_price = "20", "20", "999980"

local WALKS = {
  walking("a second", 60, { tick = 1, duration = 400 }, { Trade = 10 }),
  walking("a third of a second, with a clock that is ahead", 60, { tick = 0.333, duration = 240, faults = { skew = 1234 } },
    { Trade = 5 }),
  walking("ten seconds, while funding is paid", 10, { tick = 10, duration = 800, start_time = START + 2 * 3600000 - 600123 },
    { Trade = 10, Funding = 1 }),
  walking("ten seconds, while a day ends, with a position elsewhere", 5,
    { tick = 10, duration = 800, start_time = START + 18 * 3600000 - 600123 }, { Trade = 10 }),
  walking("a second, on a coarse market", 10, { tick = 1, duration = 500, instruments = { COARSE } },
    { Trade = 10, CreateByLiq = 1, CreateByStopOrder = 1 }),
}
WALKS[4].other = "BTCUSDH24"
WALKS[5].tick, WALKS[5].step, WALKS[5].reach, WALKS[5].leverage = 20, "20", 6, 100

describe("ticks that pass at once", function()
  local skipped

  -- Each tick is one by itself when none passes with others.
  local function at_once(plain)
    local before = ticks_of.pass
    ticks_of.pass = function(...)
      if plain then return 0 end
      local results = table.pack(before(...))
      skipped = skipped + results[1]
      return table.unpack(results, 1, results.n)
    end
    return function() ticks_of.pass = before end
  end

  for _, case in ipairs(WALKS) do
    it("are as ticks that pass one by one: each of " .. case.name, function()
      skipped = 0
      local happened = compare(case, at_once)
      assert.is_true(skipped >= SEEDS * case.quiet, "many ticks should be quiet: " .. skipped)
      for what, least in pairs(case.happens) do
        assert((happened[what] or 0) >= least, ("%s: %s"):format(what, tostring(happened[what])))
      end
    end)
  end
end)

describe("a long run without calls", function()
  it("has the same line of equity, with points that move apart, however its ticks pass", function()
    local function hold()
      local report = bybit.paper.simulate({ seed = 3, duration = 3500, tick = 1 }, function(client, stop)
        client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1000 }
        stop:wait(1000)
        client:place_order { symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 1000 }
        stop:wait()
      end)
      return told(report, {})
    end
    local before = ticks_of.pass
    ticks_of.pass = function() return 0 end
    local ok, expected = pcall(hold)
    ticks_of.pass = before
    if not ok then error(expected, 0) end
    assert.is_true(#expected > 1500 and #expected < 3000, "the points of the line should have moved apart")
    assert.same(expected, hold())
  end)
end)

describe("a book that is made when it is read", function()
  it("is as one that is made whenever the price moves", function()
    compare(inverse(1, 90), function()
      local place = market_of.place
      function market_of.place(self, ...)
        place(self, ...)
        for _, side in ipairs(SIDES) do
          for i, level in ipairs(self:levels(side)) do assert(i <= 25 and level.size) end
        end
      end
      return function() market_of.place = place end
    end)
  end)
end)

describe("the figures of a day", function()
  it("that slide from minute to minute are as those that are added up anew", function()
    local random = core.random(7)
    local market = { last = 60000, mark = 60000, index = 60000, instrument = require("bybit.paper.engine.instruments").compile(
      require("bybit.paper.engine.instruments").default[1]) }
    local now = START
    local candles = candles_of.new(now, market)
    for _ = 1, 1600 do
      now = now + random:integer(1, 200) * 1000
      market.last = market.last + random:integer(-40, 40)
      market.mark, market.index = market.last, market.last
      if random:unit() < 0.5 then
        candles:arrive(now, random:integer(1, 2000))
      else
        candles:pass(now, market.last + random:integer(0, 60), market.last - random:integer(0, 60), market.last)
      end
      if random:unit() < 0.1 then
        local short = candles:day(now)
        candles.kept_day = nil
        for name, value in pairs(candles:day(now)) do
          if name == "turnover" then -- sums of 34 digits, in another order
            assert.is_true((value - short[name]):abs() < "0.00000000000000000001")
          else
            assert.equal(tostring(value), tostring(short[name]))
          end
        end
      end
    end
  end)
end)
