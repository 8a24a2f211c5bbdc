-- Markets that CSV files drive in place of the walk: the exchange's public trades, its candles for MetaTrader, and any candles with a
-- header (the columns that such files have are those of the exchange's own downloads).

local bybit = require "bybit"
local paper = require "bybit.paper"
local wire = require "spec.support.paper_wire"

local BEGIN = 1704067200000 -- 2024-01-01T00:00:00Z

local files = {}

local function file(text)
  local path = os.tmpname()
  files[#files + 1] = path
  local out <close> = assert(io.open(path, "w"))
  out:write(text)
  return path
end

after_each(function()
  for _, path in ipairs(files) do os.remove(path) end
  files = {}
end)

local function start(prices, more)
  local options = { clock = "manual", seed = 7, limits = false, prices = prices }
  for name, value in pairs(more or {}) do options[name] = value end
  local exchange = assert(paper.start(options))
  return exchange, wire.caller(exchange)
end

local CANDLES = [[
start_time,open,high,low,close,volume
1704067200000,42000,42100,41950,42080,4000
1704067260000,42080.5,42090,42010,42020,800
1704067320000,42020,42500,42020,42400.5,1000
]]

local function klines(caller, more)
  local asked = { symbol = "BTCUSD", interval = "1" }
  for name, value in pairs(more or {}) do asked[name] = value end
  local out = {}
  for i, row in ipairs(caller:must("GET", "market/kline", asked).list) do
    out[i] = table.concat({ (row[1] - BEGIN) // 60000, row[2], row[3], row[4], row[5], row[6] }, " ")
  end
  return out
end

describe("prices from files", function()
  it("are the market's: candles come out as they went in", function()
    local exchange <close>, caller = start { BTCUSD = file(CANDLES) }
    assert.equal(BEGIN, exchange:now())
    assert.same({ "0 42000.0 42000.0 42000.0 42000.0 1000" }, klines(caller))
    exchange:advance(240)
    assert.same({ "4 42400.5 42400.5 42400.5 42400.5 0", "3 42400.5 42400.5 42400.5 42400.5 0",
      "2 42020.0 42500.0 42020.0 42400.5 1000", "1 42080.5 42090.0 42010.0 42020.0 800",
      "0 42000.0 42100.0 41950.0 42080.0 4000" }, klines(caller))
    assert.equal("42400.5", caller:must("GET", "market/tickers", { symbol = "BTCUSD" }).list[1].lastPrice)
    assert.same({}, exchange:errors())
  end)

  it("fill orders and fire stops at their own times, on the way of a candle", function()
    local exchange <close>, caller = start { BTCUSD = file(CANDLES) }
    local low = caller:place { price = "41960", qty = "100" }
    local high = caller:place { side = "Sell", price = "42450", qty = "100" }
    local stop = caller:place { side = "Buy", orderType = "Market", qty = "10", triggerPrice = "42300", triggerDirection = 1 }
    exchange:advance(600)
    local function filled(id)
      local row = caller:must("GET", "execution/list", { orderId = id }).list[1]
      return { math.tointeger(row.execTime - BEGIN), row.execPrice }
    end
    assert.same({ 15000, "41960" }, filled(low), "the low is nearer to the open, so it comes first: a quarter into the minute")
    assert.same({ 120000 + 30000, "42450" }, filled(high), "the high comes second, at half of it")
    assert.equal(120000 + 30000, filled(stop)[1])
  end)

  it("come while a client waits, too", function()
    local exchange <close> = start { BTCUSD = file(CANDLES) }
    local client <close> = bybit.client { environment = exchange }
    assert(client:place_order { symbol = "BTCUSD", side = "Sell", type = "Limit", quantity = 100, price = 42450 })
    bybit.sleep(130)
    assert.equal("42020.0", tostring(assert(client:get_ticker { symbol = "BTCUSD" }).last_price))
    bybit.sleep(30)
    assert.equal("Sell", assert(client:get_position { symbol = "BTCUSD" }).side)
  end)

  it("before the start are the market's past", function()
    local exchange <close>, caller = start({ BTCUSD = file(CANDLES) }, { start_time = BEGIN + 120000 })
    assert.equal(BEGIN + 120000, exchange:now())
    assert.same({ "2 42020.0 42020.0 42020.0 42020.0 250", "1 42080.5 42090.0 42010.0 42020.0 800",
      "0 42000.0 42100.0 41950.0 42080.0 4000" }, klines(caller))
  end)

  it("come in the order of files, and after walking time tick by tick", function()
    local path = file(CANDLES)
    local later = file("timestamp,open,high,low,close\n2024-01-01T00:03:00Z,42000,42000,41000,41000\n")
    local exchange <close>, caller = start { BTCUSD = { path, later } }
    exchange:walk(600)
    assert.equal("3 42000.0 42000.0 41000.0 41000.0", klines(caller, { ["end"] = BEGIN + 180000 })[1]:match "(.*) %d+$")
    assert.not_equal("2000.00", caller:must("GET", "market/tickers", { symbol = "ETHUSD" }).list[1].lastPrice, "others walk")
  end)

  it("are trades as well, with size, side and time", function()
    local trades = [[
timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional
1704067200.1234,BTCUSDT,Buy,0.250,42000.30,PlusTick,a,1,2,3
1704067201.5,BTCUSDT,Sell,1.5,41990.00,MinusTick,b,1,2,3
1704067201.7,BTCUSDT,Sell,0.001,41990.04,PlusTick,c,1,2,3
]]
    local exchange <close>, caller = start { BTCUSDT = file(trades) }
    caller.category = "linear"
    exchange:advance(10)
    local list = caller:must("GET", "market/recent-trade", { symbol = "BTCUSDT" }).list
    local out = {}
    for i, row in ipairs(list) do out[i] = table.concat({ row.price, row.size, row.side, row.time - BEGIN }, " ") end
    assert.same({ "41990.00 0.001 Sell 1700", "41990.00 1.500 Sell 1500", "42000.30 0.250 Buy 123" }, out)
    local candle = caller:must("GET", "market/kline", { symbol = "BTCUSDT", interval = "1" }).list[1]
    assert.same({ "42000.30", "42000.30", "41990.00", "41990.00", "1.751" }, { candle[2], candle[3], candle[4], candle[5],
      candle[6] })
  end)

  for what, text in pairs {
    ["seconds"] = "time,Open,High,Low,Close\n1704067200,10,20,5,15\n1704067260,15,15,15,15\n",
    ["microseconds, other columns and quotes"] = 'x,"open_time","close","low","high","open"\n'
      .. '1,1704067200000000,"15",5,20,10\n1,1704067260000000,15,15,15,15\n',
    ["MetaTrader's, without a header"] = "2024.01.01 00:00,10,20,5,15,100\n2024.01.01 00:01,15,15,15,15,1\n",
    ["MetaTrader's, date and time apart"] = "2024.01.01,00:00,10,20,5,15,100,3\n2024.01.01,00:01,15,15,15,15,1,1\n",
    ["dates, CRLF and empty lines"] = "date,open,high,low,close\r\n2024-01-01 00:00:00,10,20,5,15\r\n\r\n"
      .. "2024-01-01 00:01:00,15,15,15,15\r\n",
    ["newest first"] = "timestamp,open,high,low,close\n1704067260,15,15,15,15\n1704067200,10,20,5,15\n",
  } do
    it("are read from files with " .. what, function()
      local exchange <close>, caller = start { ETHUSD = file(text) }
      exchange:advance(90)
      local row = klines(caller, { symbol = "ETHUSD", ["end"] = BEGIN })[1]
      assert.equal("0 10.00 20.00 5.00 15.00", row:match "(.*) %d+$")
      assert.same({}, exchange:errors())
    end)
  end

  it("that say nothing are told, and skipped", function()
    local path = file("timestamp,price\n1704067200,42000\nabc,42001\n1704067201,-1\n1704067202,42002\n")
    local exchange <close>, caller = start { BTCUSD = path }
    exchange:advance(10)
    assert.equal("42002.0", caller:must("GET", "market/tickers", { symbol = "BTCUSD" }).list[1].lastPrice)
    assert.same({ path .. ":3: a time expected", path .. ":4: price expected" }, exchange:errors())
  end)

  it("end where a price is set, or go on from there", function()
    local exchange <close>, caller = start { BTCUSD = file(CANDLES) }
    local function last() return caller:must("GET", "market/tickers", { symbol = "BTCUSD" }).list[1].lastPrice end
    exchange:set_price("BTCUSD", "43000", { walk = true })
    assert.equal("43000.0", last())
    exchange:advance(70)
    assert.equal("42080.5", last())
    exchange:set_price("BTCUSD", "43000")
    exchange:advance(600)
    assert.equal("43000.0", last())
  end)

  it("are played by the real clock from their first row on, on whole minutes", function()
    local exchange <close>, caller = start({ BTCUSD = file(CANDLES) }, { clock = "real", start_time = BEGIN + 120000 })
    local now = exchange:now()
    local list = caller:must("GET", "market/kline", { symbol = "BTCUSD", interval = "1" }).list
    assert.equal("42020.0", list[1][2], "the third candle has begun")
    assert.equal("42090.0", list[2][3])
    assert.equal("42100.0", list[3][3])
    assert.is_true(now - list[3][1] < 180001)
  end)

  for wrong, expected in pairs {
    [{ BTCUSD = "/nowhere/at.csv" }] = "bybit.paper.start: option 'prices': 'BTCUSD': /nowhere/at.csv: No such file",
    [{ BTCUSD = 1 }] = "option 'prices': 'BTCUSD'[1]: the path of a file expected, got 1 (integer)",
    ["x.csv"] = "option 'prices': paths of CSV files by symbol, such as {BTCUSD = \"btcusd.csv\"}, expected, got 'x.csv'",
    [{ "x.csv" }] = "option 'prices': a symbol such as BTCUSD expected, got 1 (integer)",
  } do
    it("that cannot be meant raise: " .. expected, function()
      local ok, message = pcall(paper.start, { prices = wrong })
      assert.is_false(ok)
      assert.truthy(tostring(message):find(expected, 1, true), tostring(message))
    end)
  end

  it("of a file without prices, of another symbol, or of no contract raise", function()
    for text, expected in pairs {
      [""] = "a header with time, and open, high, low, close or price, expected",
      ["timestamp,size\n1,2\n"] = "a header with time, and open, high, low, close or price, expected",
      ["timestamp,price\n"] = "at least one row expected",
      ["timestamp,price\nx,y\n"] = "at least one row expected",
      ["timestamp,symbol,price\n1704067200,ETHUSD,1\n"] = "rows of BTCUSD expected, got those of ETHUSD",
    } do
      local ok, message = pcall(paper.start, { prices = { BTCUSD = file(text) } })
      assert.is_false(ok)
      assert.truthy(tostring(message):find(expected, 1, true), tostring(message))
    end
    local ok, message = pcall(paper.start, { prices = { BTCUSTD = file(CANDLES) } })
    assert.is_false(ok)
    assert.truthy(tostring(message):find("option 'prices': no contract is called 'BTCUSTD'", 1, true), tostring(message))
  end)
end)
