-- The synthetic market's own record of itself: what it says in one place agrees with what it says in the others, and with
-- how it walks. From the V5 documentation:
--   market/recent-trade: the latest trades, newest first; limit 1 to 1000, 500 by default.
--   market/kline: of a candle, open, high, low and close are traded prices, volume is USD and turnover the base coin of an
--     inverse contract; the close of the newest candle is the last traded price; candles come newest first.
--   market/tickers: lastPrice is the price of the last trade; prevPrice24h, highPrice24h, lowPrice24h, volume24h and
--     turnover24h are about the 24 hours that end now; prevPrice1h is the price an hour ago; price24hPcnt is
--     lastPrice / prevPrice24h - 1, cut to 6 decimals.
-- An inverse contract is worth 1 USD: turnover is the sum of size / price.

local decimal = require("bybit.core").decimal
local wire = require "spec.support.paper_wire"

local MINUTE, HOUR, DAY = 60000, 3600000, 86400000

describe("the paper market's tape", function()
  local exchange, caller

  before_each(function()
    exchange, caller = wire.start()
  end)

  after_each(function()
    assert.same({}, exchange:errors())
    caller:hang_up()
    exchange:close()
  end)

  local function get(path, params)
    params.symbol = params.symbol or "ETHUSD"
    return caller:must("GET", "market/" .. path, params)
  end

  local function ticker(symbol) return get("tickers", { symbol = symbol }).list[1] end
  local function trades(symbol) return get("recent-trade", { symbol = symbol, limit = 1000 }).list end

  -- All candles of an interval, newest first.
  local function candles(interval, symbol)
    local all, to = {}, exchange:now()
    while true do
      local page = get("kline", { symbol = symbol, interval = interval, limit = 1000, ["end"] = to }).list
      table.move(page, 1, #page, #all + 1, all)
      if #page < 1000 then return all end
      to = math.tointeger(tonumber(page[#page][1])) - 1
    end
  end

  local function time_of(row) return math.tointeger(tonumber(row.time or row[1])) end

  local function sum(rows, f)
    local total = decimal(0)
    for _, row in ipairs(rows) do total = total + f(row) end
    return total
  end

  it("begins with a trade: the last price has been paid", function()
    for _, symbol in ipairs { "ETHUSD", "XRPUSD" } do
      local list, t = trades(symbol), ticker(symbol)
      assert.equal(1, #list)
      assert.equal(t.lastPrice, list[1].price)
      assert.equal(list[1].size, t.volume24h)
    end
  end)

  it("goes on without an account: strangers trade with each other", function()
    exchange:walk(20)
    local list = trades()
    assert.is_true(#list > 100)
    local sides, ids = {}, {}
    for i, t in ipairs(list) do
      sides[t.side] = true
      assert.is_nil(ids[t.execId])
      ids[t.execId] = true
      assert.truthy(t.execId:find "^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$")
      assert.is_true(decimal(t.size) > 0 and (decimal(t.size) % 1):is_zero())
      assert.is_true((decimal(t.price) % decimal "0.05"):is_zero())
      if list[i + 1] then
        assert.is_true(time_of(t) >= time_of(list[i + 1]))
        assert.is_true(tonumber(t.seq) > tonumber(list[i + 1].seq))
      end
    end
    assert.is_true(sides.Buy and sides.Sell)
  end)

  it("ends at the last price, however the price came about", function()
    local function agrees(what)
      local t = ticker()
      assert.equal(t.lastPrice, trades()[1].price, what)
      assert.equal(t.lastPrice, candles("1")[1][5], what)
    end
    exchange:walk(3)
    agrees "a walk"
    exchange:step(7)
    agrees "steps"
    local book = get("orderbook", { limit = 1 })
    caller:place { symbol = "ETHUSD", orderType = "Market", qty = "30" }
    assert.equal(book.a[1][1], ticker().lastPrice)
    agrees "an account's market order"
    caller:place { symbol = "ETHUSD", price = "1950", qty = "500" }
    exchange:set_price("ETHUSD", "1900")
    agrees "a price that was set, and filled an order on its way"
    assert.equal("1950.00", trades()[2].price)
    exchange:set_price("ETHUSD", "1900", { walk = true })
    for i = 1, 60 do -- inside the spread, where strangers' market orders meet it first
      caller:place { symbol = "ETHUSD", side = i % 2 == 0 and "Buy" or "Sell", price = ticker().lastPrice, qty = "5",
        timeInForce = "PostOnly" }
      exchange:walk(0.1)
      agrees "a stranger's order"
    end
  end)

  it("each candle is what was traded in it", function()
    exchange:walk(150)
    caller:place { symbol = "ETHUSD", orderType = "Market", qty = "777" }
    local by_minute = {}
    for _, t in ipairs(trades()) do
      local begin = time_of(t) // MINUTE * MINUTE
      by_minute[begin] = by_minute[begin] or {}
      table.insert(by_minute[begin], t)
    end
    local list = candles "1"
    assert.equal(3, #list)
    for i = 1, 2 do -- the tape does not go back to the begin of the oldest
      local candle, traded = list[i], by_minute[time_of(list[i])]
      if #trades() < 1000 or i == 1 then
        assert.equal(candle[5], traded[1].price)
        assert.is_true(sum(traded, function(t) return decimal(t.size) end):eq(candle[6]))
        assert.is_true(sum(traded, function(t) return decimal(t.size) / decimal(t.price) end):round(8, "half_up"):eq(candle[7]))
      end
      local high, low = decimal(candle[2]), decimal(candle[2]) -- it opens where the one before closed
      for _, t in ipairs(traded) do high, low = high:max(decimal(t.price)), low:min(decimal(t.price)) end
      if i == 1 then assert.is_true(high:eq(candle[3]) and low:eq(candle[4])) end
      assert.is_true(low >= candle[4] and high <= candle[3])
    end
    for i = 1, #list - 1 do assert.equal(list[i][2], list[i + 1][5]) end
  end)

  it("candles of longer intervals are those of the minutes in them", function()
    exchange:walk(400)
    exchange:advance(2 * 3600)
    exchange:walk(70)
    local minutes = candles "1"
    for interval, span in pairs { ["3"] = 3 * MINUTE, ["5"] = 5 * MINUTE, ["60"] = HOUR, D = DAY } do
      for _, c in ipairs(candles(interval)) do
        local inside = {}
        for _, m in ipairs(minutes) do
          if time_of(m) >= time_of(c) and time_of(m) < time_of(c) + span then inside[#inside + 1] = m end
        end
        assert.equal(inside[1][5], c[5])
        assert.equal(inside[#inside][2], c[2])
        assert.is_true(sum(inside, function(m) return decimal(m[6]) end):eq(c[6]))
        local high, low = decimal(c[2]), decimal(c[2])
        for _, m in ipairs(inside) do high, low = high:max(decimal(m[3])), low:min(decimal(m[4])) end
        assert.is_true(high:eq(c[3]) and low:eq(c[4]))
      end
    end
  end)

  -- "the day" is the 1440 minutes that end with this one.
  local function day_of(minutes)
    local begin, inside, before = exchange:now() // MINUTE * MINUTE - DAY + MINUTE, {}, nil
    for _, m in ipairs(minutes) do
      if time_of(m) >= begin then inside[#inside + 1] = m else before = before or m end
    end
    return inside, before
  end

  it("the ticker's day is the candles' day, and passes", function()
    local function check()
      local t, inside, before = ticker(), day_of(candles "1")
      local high, low = decimal(inside[1][3]), decimal(inside[1][4])
      for _, m in ipairs(inside) do high, low = high:max(decimal(m[3])), low:min(decimal(m[4])) end
      assert.is_true(sum(inside, function(m) return decimal(m[6]) end):eq(t.volume24h))
      assert.is_true((sum(inside, function(m) return decimal(m[7]) end) - decimal(t.turnover24h)):abs() <= "0.0001")
      assert.is_true(high:eq(t.highPrice24h) and low:eq(t.lowPrice24h))
      local past = before and before[5] or inside[#inside][2]
      assert.equal(past, t.prevPrice24h)
      local change = decimal(t.lastPrice) / decimal(past) - 1
      assert.is_true(change:round(6, "down"):eq(t.price24hPcnt))
      return t
    end
    exchange:walk(90)
    local first = check()
    exchange:advance(23 * 3600)
    exchange:set_price("ETHUSD", "2500")
    assert.equal("2500.00", check().highPrice24h)
    assert.equal(first.prevPrice24h, check().prevPrice24h)
    exchange:advance(2 * 3600) -- the walk of the first minutes is older than a day now
    local later = check()
    assert.equal(first.lastPrice, later.prevPrice24h)
    exchange:advance(86400) -- nobody has traded for a day
    assert.equal("0", check().volume24h)
    assert.equal("2500.00", check().lowPrice24h)
  end)

  it("tells the price of an hour ago", function()
    exchange:set_price("ETHUSD", "2100")
    exchange:advance(1800)
    exchange:set_price("ETHUSD", "2200")
    exchange:advance(1860)
    exchange:set_price("ETHUSD", "2300")
    assert.equal("2100.00", ticker().prevPrice1h)
    exchange:advance(1800)
    assert.equal("2200.00", ticker().prevPrice1h)
  end)

  it("shows no level of the book that is empty: the ticker's best prices are the book's", function()
    local book = get("orderbook", { limit = 2 })
    caller:place { symbol = "ETHUSD", price = book.a[1][1], qty = book.a[1][2], timeInForce = "IOC" }
    local t = ticker()
    assert.same(book.a[2], { t.ask1Price, t.ask1Size })
    assert.same(get("orderbook", { limit = 1 }).a[1], { t.ask1Price, t.ask1Size })
  end)

  describe("pages of candles", function()
    local begin

    before_each(function()
      begin = exchange:now()
      for i = 1, 9 do
        exchange:advance(60)
        exchange:set_price("ETHUSD", 2000 + i)
      end
    end)

    local function times(params)
      params.interval = "1"
      local out = {}
      for i, row in ipairs(get("kline", params).list) do out[i] = (time_of(row) - begin) // MINUTE end
      return out
    end

    -- Seen: start 8 s after a minute's open returned that minute. With start alone, a page holds the first candles from
    -- there on, as widely used libraries page.
    it("start with the candle that holds `start`, and go on from there", function()
      assert.same({ 5, 4, 3 }, times { start = begin + 3 * MINUTE + 8000, ["end"] = begin + 5 * MINUTE })
      assert.same({ 4, 3, 2 }, times { start = begin + 2 * MINUTE, limit = 3 })
      assert.same({ 1, 0 }, times { start = begin - DAY, limit = 2 })
    end)

    it("with both ends, and with `end` alone, hold the newest", function()
      assert.same({ 7, 6 }, times { start = begin, ["end"] = begin + 7 * MINUTE, limit = 2 })
      assert.same({ 7, 6 }, times { ["end"] = begin + 7 * MINUTE + 59999, limit = 2 })
      assert.same({ 9, 8 }, times { limit = 2 })
    end)
  end)

  it("is the same with the same seed", function()
    local function tape(seed)
      local other <close>, asker = wire.start { seed = seed }
      other:walk(5)
      local out = {}
      for i, t in ipairs(asker:must("GET", "market/recent-trade", { symbol = "XRPUSD" }).list) do
        out[i] = table.concat({ t.execId, t.price, t.size, t.side, t.time }, " ")
      end
      asker:hang_up()
      return table.concat(out, "\n")
    end
    assert.equal(tape(3), tape(3))
    assert.not_equal(tape(3), tape(4))
  end)
end)

describe("walk", function()
  it("moves time and the market together, a tick each tenth of a second, however it is cut", function()
    local function run(parts)
      local exchange <close>, caller = wire.start()
      local before = exchange:now()
      for _, seconds in ipairs(parts) do exchange:walk(seconds) end
      assert.equal(1000, exchange:now() - before)
      local list = caller:must("GET", "market/recent-trade", { symbol = "ETHUSD" }).list
      caller:hang_up()
      assert.equal(11, #list) -- ten ticks, and the trade it began with
      assert.equal(before + 1000, math.tointeger(tonumber(list[1].time)))
      return list[1].price
    end
    local price = run { 1 }
    assert.equal(price, run { 0.5, 0.5 })
    assert.equal(price, run { 0.05, 0.05, 0.9 })
  end)

  it("brings what the clock brings: funding, at its hour", function()
    local exchange <close>, caller = wire.start() -- at 2024-01-01T00:00
    caller:place { orderType = "Market", qty = "1000" }
    exchange:advance(8 * 3600 - 1)
    exchange:walk(2)
    local list = caller:must("GET", "execution/list", { symbol = "BTCUSD", execType = "Funding" }).list
    assert.equal(1, #list)
    assert.equal(tostring(1704067200000 + 8 * HOUR), list[1].execTime)
    caller:hang_up()
  end)

  it("leaves a price alone that was set, unless it is told to go on from there", function()
    local exchange <close>, caller = wire.start()
    local function price() return caller:must("GET", "market/tickers", { symbol = "BTCUSD" }).list[1].lastPrice end
    exchange:set_price("BTCUSD", "25000")
    exchange:walk(10)
    assert.equal("25000.0", price())
    exchange:set_price("BTCUSD", "25000", { walk = true })
    assert.equal("25000.0", price())
    exchange:walk(10)
    assert.not_equal("25000.0", price())
    assert.is_true(math.abs(tonumber(price()) - 25000) < 1000)
    caller:hang_up()
  end)

  it("moves a client's time along", function()
    local bybit = require "bybit"
    local exchange <close> = bybit.paper.start { clock = "manual", seed = 7 }
    local client <close> = bybit.client { environment = exchange }
    local woken
    bybit.run(function()
      local task = bybit.spawn(function()
        bybit.sleep(5)
        woken = client:now()
      end)
      bybit.sleep(0)
      exchange:walk(6)
      task:await()
    end)
    assert.equal(1704067206000, woken)
  end)

  it("is refused by an exchange on the real clock, whose market walks by itself", function()
    local exchange <close> = assert(require("bybit.paper").start())
    assert.error_matches(function() exchange:walk(1) end, "walk: the exchange runs by the real clock")
  end)
end)
