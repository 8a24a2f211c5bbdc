-- Linear contracts (V5 documentation; quantity in base coin, money in the quote coin). Expected amounts were computed with
-- Python's decimal from the formulas: value q p, profit q (X - E), margin q E / L and the fee to close, liquidation of a long
-- (q E - q E / L - added) / (q (1 - MMR)).

local bybit = require "bybit"
local wire = require "spec.support.paper_wire"

local decimal = bybit.decimal

local exchange, caller

wire.each_test(function(...)
  exchange, caller = ...
  caller.category = "linear"
  exchange:set_price("BTCUSDT", "30000")
end)

local function go(price, others) exchange:set_price("BTCUSDT", price, others) end

local function place(fields)
  local o = { symbol = "BTCUSDT", side = "Buy", orderType = "Limit", qty = "0.1" }
  for name, value in pairs(fields) do o[name] = value end
  return caller:must("POST", "order/create", o).orderId
end

local function order(id)
  return caller:must("GET", "order/realtime", { symbol = "BTCUSDT", orderId = id }).list[1]
end

-- Makes a fill as the maker, at exactly this price.
local function fill(side, quantity, price)
  go(price)
  local id = place { side = side, qty = quantity, price = price, timeInForce = "PostOnly" }
  go(price)
  assert.equal("Filled", order(id).orderStatus)
  return id
end

local function code_of(path, fields)
  local o = { symbol = "BTCUSDT", side = "Buy", orderType = "Limit", qty = "0.1", price = "29000" }
  for name, value in pairs(fields) do o[name] = value end
  local done = caller:call("POST", path, o)
  return done.retCode, done.retMsg
end

describe("linear contracts on the paper exchange", function()
  it("are in the category linear alone: instruments, tickers and books", function()
    local list = caller:must("GET", "market/instruments-info", {}).list
    local kinds = {}
    for i, row in ipairs(list) do
      kinds[i] = ("%s %s %s %s"):format(row.symbol, row.contractType, row.settleCoin, row.lotSizeFilter.qtyStep)
    end
    assert.same({ "BTCUSDT LinearPerpetual USDT 0.001", "ETHUSDT LinearPerpetual USDT 0.01",
      "BTCPERP LinearPerpetual USDC 0.001" }, kinds)
    assert.same({ "BTC", "USDT", "0.10", "1190.000", "500.000", "5" }, { list[1].baseCoin, list[1].quoteCoin,
      list[1].priceFilter.tickSize, list[1].lotSizeFilter.maxOrderQty, list[1].lotSizeFilter.maxMktOrderQty,
      list[1].lotSizeFilter.minNotionalValue })
    assert.equal(3, #caller:must("GET", "market/tickers", {}).list)
    local ticker = caller:must("GET", "market/tickers", { symbol = "BTCUSDT" }).list[1]
    assert.same({ "30000.00", "0.0001", "8" }, { ticker.lastPrice, ticker.fundingRate, ticker.fundingIntervalHour })
    local value = (decimal(ticker.openInterest) * ticker.markPrice):round(2)
    assert.equal(tostring(value), ticker.openInterestValue)
    local book = caller:must("GET", "market/orderbook", { symbol = "BTCUSDT", limit = 1 })
    assert.same({ "29999.90", "30000.10" }, { book.b[1][1], book.a[1][1] })
    assert.is_true((decimal(book.b[1][2]) % "0.001"):is_zero())
    for _, path in ipairs { "tickers", "orderbook", "recent-trade", "price-limit" } do
      for symbol, category in pairs { BTCUSDT = "inverse", BTCUSD = "linear" } do
        local done = caller:call("GET", "market/" .. path, { symbol = symbol, category = category })
        assert.same({ 10001, "params error: symbol invalid" }, { done.retCode, done.retMsg }, path)
      end
    end
  end)

  it("have rows of every base coin's contracts, whatever the category", function()
    local symbols = {}
    for _, row in ipairs(caller:must("GET", "market/instruments-info", { baseCoin = "ETH" }).list) do
      symbols[#symbols + 1] = row.symbol
    end
    assert.same({ "ETHUSD", "ETHUSDT" }, symbols)
  end)

  it("have klines in coin and turnover in money, and are the category of a market call that names none", function()
    go("30100")
    local rows = caller:must("GET", "market/kline", { symbol = "BTCUSDT", interval = "1", limit = 1 }).list[1]
    assert.same({ "30100.00", "30100.00" }, { rows[3], rows[5] })
    local average = decimal(rows[7]) / rows[6]
    assert.is_true(average >= 29000 and average <= 30200, "turnover / volume is a price")
    for _, path in ipairs { "kline?interval=1&", "mark-price-kline?interval=1&", "index-price-kline?interval=1&",
      "premium-index-price-kline?interval=1&", "price-limit?" } do
      local target = ("/v5/market/%ssymbol=BTCUSDT"):format(path)
      local answer = require("spec.support.raw_http").request(exchange.port, "GET", target)
      assert.equal(0, require "cjson".decode(answer.body).retCode, path)
    end
    assert.equal(10001, caller:call("GET", "market/tickers", { category = "", symbol = "BTCUSDT" }).retCode)
  end)

  it("have risk limits in money and as parts, fees, funding rates and open interest", function()
    local tier = caller:must("GET", "market/risk-limit", { symbol = "BTCUSDT" }).list[1]
    assert.same({ "2000000", "0.005", "0.01", "100.00" }, { tier.riskLimitValue, tier.maintenanceMargin, tier.initialMargin,
      tier.maxLeverage })
    assert.same({ "0.00055", "0.0002" }, (function(row) return { row.takerFeeRate, row.makerFeeRate } end)(
      caller:must("GET", "account/fee-rate", { symbol = "BTCUSDT" }).list[1]))
    exchange:advance(8 * 3600)
    assert.equal("0.0001", caller:must("GET", "market/funding/history", { symbol = "BTCUSDT" }).list[1].fundingRate)
    assert.is_true(#caller:must("GET", "market/open-interest", { symbol = "BTCUSDT", intervalTime = "5min" }).list > 1)
  end)
end)

describe("a linear position", function()
  it("has an arithmetic entry, margins at its entry price, and profits in money", function()
    fill("Buy", "0.2", "30000")
    fill("Buy", "0.1", "30300")
    local p = caller:position "BTCUSDT"
    assert.same({ "Buy", "0.3", "30100.00000000", "9030.00000000", "60.00000000", "907.46985000", "49.61985000", "27226.20",
      "-1.80600000", "30122.58742308" }, { p.side, p.size, p.avgPrice, p.positionValue, p.unrealisedPnl, p.positionIM,
      p.positionMM, p.liqPrice, p.curRealisedPnl, p.breakEvenPrice })
    local id = fill("Sell", "0.12", "30600")
    local row = caller:must("GET", "position/closed-pnl", { symbol = "BTCUSDT" }).list[1]
    assert.same({ id, "0.12", "3612.00000000", "30100.00000000", "3672.00000000", "30600.00000000", "0.72240000", "0.73440000",
      "58.54320000" }, { row.orderId, row.closedSize, row.cumEntryValue, row.avgEntryPrice, row.cumExitValue, row.avgExitPrice,
      row.openFee, row.closeFee, row.closedPnl })
    assert.equal("100057.45960000", caller:wallet("USDT").walletBalance)
    assert.equal("10", caller:wallet("BTC").walletBalance, "no other coin moves")
    local execution = caller:must("GET", "execution/list", { orderId = id }).list[1]
    assert.same({ "3672.00000000", "0.73440000", "0.12" }, { execution.execValue, execution.execFee, execution.closedSize })
    local shown = order(id)
    assert.same({ "30600.00000000", "3672.00000000", "0.73440000" }, { shown.avgPrice, shown.cumExecValue,
      shown.cumFeeDetail.USDT })
  end)

  it("pays and receives funding in money, with a row in the ledger", function()
    fill("Buy", "0.3", "30300")
    exchange:advance(8 * 3600)
    local row = caller:must("GET", "account/transaction-log", { type = "SETTLEMENT" }).list[1]
    assert.same({ "linear", "BTCUSDT", "Buy", "0.3", "0.3", "USDT", "30300.00", "-0.90900000", "-0.90900000" },
      { row.category, row.symbol, row.side, row.qty, row.size, row.currency, row.tradePrice, row.funding, row.change })
    assert.same({}, caller:must("GET", "account/transaction-log", { category = "inverse" }).list)
    assert.equal(row.cashBalance, caller:wallet("USDT").walletBalance)
  end)

  -- 0.3 (30300 - 30000) = 90; funding 0.3 * 30300 * 0.0001 = 0.909; fees 0.3 * 30000 * 0.0002 = 1.8, 0.3 * 30600 * 0.0002 = 1.836
  it("of a USDC contract is paid out with each funding, and its profit is counted from there", function()
    local function perp() return caller:position "BTCPERP" end
    local function fill_perp(side, price)
      exchange:set_price("BTCPERP", price)
      local id = place { symbol = "BTCPERP", side = side, qty = "0.3", price = price, timeInForce = "PostOnly" }
      exchange:set_price("BTCPERP", price)
      return id
    end
    fill_perp("Buy", "30000")
    assert.same({ "30000.00000000", "30000.00000000" }, { perp().avgPrice, perp().sessionAvgPrice })
    exchange:set_price("BTCPERP", "30300")
    assert.equal("90.00000000", perp().unrealisedPnl)
    exchange:advance(8 * 3600)
    assert.same({ "30000.00000000", "30300.00000000", "0.00000000", "87.29100000" }, { perp().avgPrice, perp().sessionAvgPrice,
      perp().unrealisedPnl, perp().curRealisedPnl })
    local row = caller:must("GET", "account/transaction-log", { type = "SETTLEMENT" }).list[1]
    assert.same({ "90.00000000", "-0.90900000", "89.09100000", "USDC" }, { row.cashFlow, row.funding, row.change, row.currency })
    local settled = caller:must("GET", "asset/settlement-record", { symbol = "BTCPERP" }).list
    assert.equal(1, #settled)
    assert.same({ "Buy", "0.3", "30000.00000000", "30300.00", "90.00000000" }, { settled[1].side, settled[1].size,
      settled[1].sessionAvgPrice, settled[1].markPrice, settled[1].realisedPnl })
    local id = fill_perp("Sell", "30600")
    local closed = caller:must("GET", "position/closed-pnl", { symbol = "BTCPERP" }).list
    assert.same({ id, "86.36400000", "Trade", "90.00000000", "SessionSettlePnL" }, { closed[1].orderId, closed[1].closedPnl,
      closed[1].execType, closed[2].closedPnl, closed[2].execType })
    assert.equal("100175.45500000", caller:wallet("USDC").walletBalance)
    assert.same({}, caller:must("GET", "asset/settlement-record", { symbol = "BTCUSDT" }).list)
  end)

  -- Bought for 3000 with a margin of 300. A loss of 100: the session begins at 2900, with 290 - 100; the position is worth what its
  -- margin covers at 2900 - 190 = 2710, and is liquidated at 2710 / (0.1 * 0.995).
  it("of a USDC contract draws the loss of a session from its own margin", function()
    exchange:set_price("BTCPERP", "30000")
    place { symbol = "BTCPERP", price = "30000", timeInForce = "PostOnly" }
    exchange:set_price("BTCPERP", "30000")
    local function free()
      return decimal(caller:must("GET", "account/withdrawal", { coinName = "USDC" }).availableWithdrawal)
    end
    exchange:set_price("BTCPERP", "29000")
    local before = free()
    exchange:advance(8 * 3600)
    local p = caller:position "BTCPERP"
    assert.same({ "27236.20", "29000.00000000", "30000.00000000" }, { p.liqPrice, p.sessionAvgPrice, p.avgPrice })
    assert.equal("191.43550000", p.positionIM) -- 190 + 2900 * 0.9 * 0.00055
    -- the loss is not taken twice: 10 less of initial margin, the fee to close less by 0.0495, funding 0.29
    assert.equal("9.75950000", tostring(free() - before))
    exchange:set_price("BTCPERP", "29500")
    exchange:advance(8 * 3600)
    assert.equal("245.00000000", tostring(decimal(caller:position "BTCPERP".positionIM) - "1.46025")) -- 295 - 50
    exchange:set_price("BTCPERP", "27100")
    assert.equal("", caller:position "BTCPERP".side)
  end)

  it("is liquidated at its price, and loses its margin", function()
    fill("Sell", "0.1", "30000")
    assert.equal("32835.80", caller:position("BTCUSDT").liqPrice)
    go("32835.7")
    assert.equal("Sell", caller:position("BTCUSDT").side)
    go("32835.8")
    assert.equal("", caller:position("BTCUSDT").side)
    local bust = caller:must("GET", "execution/list", { symbol = "BTCUSDT", execType = "BustTrade" }).list[1]
    assert.equal("33000.00", bust.execPrice, "where the margin is used up: E (1 + 1/L)")
    assert.equal("0.60000000", caller:must("GET", "position/closed-pnl", {}).list[1].openFee)
  end)

  it("moves its liquidation price with added margin", function()
    fill("Buy", "0.1", "30000")
    assert.equal("27135.70", caller:position("BTCUSDT").liqPrice) -- (3000 - 300) / (0.1 * 0.995)
    local p = caller:must("POST", "position/add-margin", { symbol = "BTCUSDT", margin = "99.5" })
    assert.equal("26135.70", p.liqPrice)                        -- (3000 - 300 - 99.5) / 0.0995
    assert.equal(110078, code_of("position/add-margin", { margin = "-99.6" }))
  end)

  it("ties up margin by the price of its orders: at the highest where they may fill", function()
    local free = decimal(caller:must("GET", "account/withdrawal", { coinName = "USDT" }).availableWithdrawal)
    local function tied()
      return tostring(free - caller:must("GET", "account/withdrawal", { coinName = "USDT" }).availableWithdrawal)
    end
    place { side = "Buy", price = "29000" }
    assert.equal("293.03050000", tied())
    place { side = "Sell", price = "31000" }
    assert.equal("606.61100000", tied())
    assert.equal(110007, code_of("order/create", { qty = "40", price = "30000" }))
    assert.equal(0, code_of("order/create", { qty = "30", price = "30000" }))
  end)

  it("has quantities on its step, and a least value", function()
    assert.same({ 10001, "Qty invalid" }, { code_of("order/create", { qty = "0.0005" }) })
    assert.same({ 10001, "Qty invalid" }, { code_of("order/create", { qty = "0" }) })
    assert.equal(10001, (code_of("order/create", { qty = "1190.001" })))
    exchange:set_price("BTCUSDT", "4000")
    assert.same({ 110094, "Order does not meet minimum order value 5USDT" },
      { code_of("order/create", { qty = "0.001", price = "4000" }) })
    assert.equal(0, (code_of("order/create", { qty = "0.002", price = "4000" })))
    local id = place { qty = "0.002", price = "4000" }
    assert.equal(110094, (code_of("order/amend", { orderId = id, qty = "0.001", price = "4000.1" })))
    place { qty = "0.003", orderType = "Market" }
    assert.equal(0, (code_of("order/create", { qty = "0.001", price = "4000", reduceOnly = true, side = "Sell" })), "it closes")
    assert.equal(10001, (code_of("order/create", { price = "29000.05" })), "off the tick")
  end)
end)

describe("linear orders", function()
  it("wait for a trigger, protect, trail, amend and cancel like others", function()
    local id = place { price = "29990" }
    caller:must("POST", "order/amend", { symbol = "BTCUSDT", orderId = id, qty = "0.25", price = "29980.5" })
    assert.same({ "0.25", "29980.50" }, { order(id).qty, tostring(decimal(order(id).price):round(2)) })
    assert.equal(110001, (code_of("order/cancel", { category = "inverse", symbol = "BTCUSD", orderId = id })), "another's")
    caller:must("POST", "order/cancel", { symbol = "BTCUSDT", orderId = id })
    local stop = place { side = "Buy", orderType = "Market", qty = "0.05", triggerPrice = "30500", triggerDirection = 1 }
    assert.equal("Untriggered", order(stop).orderStatus)
    go("30500")
    assert.equal("Filled", order(stop).orderStatus)
    caller:must("POST", "position/trading-stop", { symbol = "BTCUSDT", takeProfit = "31000", stopLoss = "30000.1",
      trailingStop = "200", tpslMode = "Full", positionIdx = 0 })
    local p = caller:position("BTCUSDT")
    assert.same({ "31000.00", "30000.10", "200.00" }, { p.takeProfit, p.stopLoss, p.trailingStop })
    go("30300")
    assert.equal("", caller:position("BTCUSDT").side, "the trailing stop has fired")
    assert.equal(0, #caller:must("GET", "order/realtime", { settleCoin = "USDT" }).list)
  end)

  it("are listed by settle coin; a list of open orders or positions needs one or a symbol", function()
    place { price = "29000" }
    exchange:set_price("BTCPERP", "30000")
    place { symbol = "BTCPERP", price = "29000" }
    caller:must("POST", "order/create", { category = "inverse", symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "1",
      price = "29000" })
    for coin, symbol in pairs { USDT = "BTCUSDT", USDC = "BTCPERP" } do
      local list = caller:must("GET", "order/realtime", { settleCoin = coin }).list
      assert.same({ 1, symbol }, { #list, list[1].symbol })
    end
    assert.equal(2, #caller:must("GET", "order/realtime", { baseCoin = "BTC" }).list)
    assert.equal(10001, caller:call("GET", "order/realtime", {}).retCode)
    assert.equal(10001, caller:call("GET", "position/list", {}).retCode)
    assert.equal(1, #caller:must("GET", "order/realtime", { category = "inverse" }).list)
    fill("Buy", "0.1", "30000")
    assert.equal(1, #caller:must("GET", "position/list", { settleCoin = "USDT" }).list)
    assert.same({}, caller:must("GET", "position/list", { settleCoin = "USDC" }).list)
    assert.same({}, caller:must("GET", "position/list", { category = "inverse" }).list)
    assert.equal(1, #caller:must("GET", "execution/list", {}).list)
    assert.same({}, caller:must("GET", "execution/list", { category = "inverse" }).list)
    local done = caller:must("POST", "order/cancel-all", { settleCoin = "USDT" }).list
    assert.equal(1, #done)
    assert.equal(1, #caller:must("GET", "order/realtime", { settleCoin = "USDC" }).list)
  end)

  it("go through the limits and faults of all orders", function()
    exchange:faults { { "lost_answer", path = "order/create", nth = 1 } }
    assert.is_nil((caller:send("POST", "order/create", { symbol = "BTCUSDT", side = "Buy", orderType = "Limit", qty = "0.1",
      price = "29000" })))
    assert.equal(1, #caller:must("GET", "order/realtime", { symbol = "BTCUSDT" }).list)
  end)

  it("may stand in a batch of their category", function()
    local done = caller:call("POST", "order/create-batch", { request = { { symbol = "BTCUSDT", side = "Buy", orderType = "Limit",
      qty = "0.1", price = "29000" }, { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "1", price = "29000" } } })
    assert.same({ 0, 10001 }, { done.retExtInfo.list[1].code, done.retExtInfo.list[2].code })
    assert.equal("linear", done.result.list[1].category)
  end)
end)

describe("the markets that nobody trades", function()
  -- Last price, volume and best bid's size after 30 s from seed 11, as the exchange had them before there were other markets.
  local BEFORE = { BTCUSD = { "30087.5", "325665", "3500" }, ETHUSD = { "2000.40", "314481", "18000" },
    XRPUSD = { "0.5018", "321733", "16500" }, EOSUSD = { "0.693", "300442", "14000" } }

  for _, used in ipairs { false, true } do
    it("change nothing of those that always walk, " .. (used and "not when they are used" or "whether there are any"), function()
      local e <close> = require("bybit.paper").start { clock = "manual", seed = 11 }
      local reader = wire.caller(e)
      reader.category = "linear"
      if used then
        reader:must("GET", "market/tickers", {})
        reader:place { symbol = "BTCUSDT", orderType = "Market", qty = "0.1" }
      end
      e:walk(30)
      for symbol, expected in pairs(BEFORE) do
        local t = reader:must("GET", "market/tickers", { category = "inverse", symbol = symbol }).list[1]
        assert.same(expected, { t.lastPrice, t.volume24h, t.bid1Size }, symbol)
      end
      local list = reader:must("GET", "market/recent-trade", { symbol = "ETHUSDT" }).list
      assert.equal(used and 301 or 1, #list, "nobody traded there while nobody looked")
      reader:hang_up()
    end)
  end

  it("have moved when somebody looks, and stand still where a price was set", function()
    local e <close> = require("bybit.paper").start { clock = "manual", seed = 11 }
    local reader = wire.caller(e)
    local function last(symbol)
      return reader:must("GET", "market/tickers", { category = "linear", symbol = symbol }).list[1].lastPrice
    end
    e:set_price("ETHUSDT", "1900")
    local first = last "BTCUSDT"
    e:walk(900)
    assert.not_equal(first, last "BTCUSDT")
    assert.equal("1900.00", last "ETHUSDT")
    local minutes = reader:must("GET", "market/kline", { category = "linear", symbol = "BTCUSDT", interval = "1" }).list
    local closes = {}
    for _, row in ipairs(minutes) do closes[row[5]] = true end
    local n = 0
    for _ in pairs(closes) do n = n + 1 end
    assert.is_true(n > 10, "it has a past of minutes that differ")
    reader:hang_up()
  end)
end)
