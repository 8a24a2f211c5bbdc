-- The synthetic market and its public endpoints.

local cjson = require "cjson"
local paper = require "bybit.paper"
local raw = require "spec.support.raw_http"
local wire = require "spec.support.paper_wire"

describe("paper market", function()
  local exchange, caller

  wire.each_test(function(...) exchange, caller = ... end)

  local function get(path, params)
    params = params or {}
    params.symbol = params.symbol or "BTCUSD"
    return caller:must("GET", "market/" .. path, params)
  end

  it("needs no signature", function()
    local answer = raw.request(exchange.port, "GET", "/v5/market/tickers?category=inverse&symbol=BTCUSD")
    assert.equal("30000.0", cjson.decode(answer.body).result.list[1].lastPrice)
    assert.is_nil(answer.headers["x-bapi-limit"])
  end)

  it("has the instruments of the legacy documentation, and a future", function()
    local list = caller:must("GET", "market/instruments-info", {}).list
    local ticks = {}
    for i, row in ipairs(list) do ticks[i] = row.symbol .. " " .. row.priceFilter.tickSize end
    assert.same({ "BTCUSD 0.5", "ETHUSD 0.05", "XRPUSD 0.0001", "EOSUSD 0.001", "BTCUSDH24 0.5" }, ticks)
    local btc = list[1]
    assert.equal("InversePerpetual", btc.contractType)
    assert.equal("1000000", btc.lotSizeFilter.maxOrderQty)
    assert.equal("200000", btc.lotSizeFilter.maxMktOrderQty)
    assert.equal("0.01", btc.riskParameters.priceLimitRatioX)
    assert.equal(480, btc.fundingInterval)
    assert.equal("ETHUSD", caller:must("GET", "market/instruments-info", { baseCoin = "ETH" }).list[1].symbol)
    local page = caller:must("GET", "market/instruments-info", { limit = 3 })
    local rest = caller:must("GET", "market/instruments-info", { limit = 3, cursor = page.nextPageCursor }).list
    assert.equal("EOSUSD", rest[1].symbol)
  end)

  it("walks as its seed says, and stops when a price is set", function()
    local function walk(seed)
      local one <close> = assert(paper.start { clock = "manual", seed = seed, limits = false })
      local asker, prices = wire.caller(one), {}
      for i = 1, 20 do
        one:step(5)
        prices[i] = asker:must("GET", "market/tickers", { symbol = "ETHUSD" }).list[1].lastPrice
      end
      asker:hang_up()
      return table.concat(prices, " ")
    end
    assert.equal(walk(3), walk(3))
    assert.not_equal(walk(3), walk(4))
    exchange:step(50)
    assert.equal("30000.0", get("tickers").list[1].lastPrice)
  end)

  it("set_price moves last, mark and index price, or each one separately", function()
    exchange:set_price("BTCUSD", "31000", { mark = "30900", index = "30950.5" })
    local t = get("tickers").list[1]
    assert.same({ "31000.0", "30900.0", "30950.5" }, { t.lastPrice, t.markPrice, t.indexPrice })
  end)

  it("shows the accounts' orders in the book, among those of strangers", function()
    local before = get("orderbook", { limit = 3 })
    assert.equal(3, #before.b)
    assert.equal("29999.5", before.b[1][1])
    caller:place { price = "30000", qty = "77" }
    caller:place { price = "29999.5", qty = "23" }
    local after = get("orderbook", { limit = 3 })
    assert.same({ "30000.0", "77" }, after.b[1])
    assert.equal(tonumber(before.b[1][2]) + 23, tonumber(after.b[2][2]))
    local t = get("tickers").list[1]
    assert.same({ "30000.0", "77", "30000.5" }, { t.bid1Price, t.bid1Size, t.ask1Price })
  end)

  it("a quantity that was taken from a level is missing until the market moves", function()
    local size = tonumber(get("orderbook", { limit = 1 }).a[1][2])
    caller:place { price = "30000.5", qty = "100", timeInForce = "IOC" }
    assert.equal(size - 100, tonumber(get("orderbook", { limit = 1 }).a[1][2]))
  end)

  it("lists the last trades, newest first, with the taker's side", function()
    caller:place { orderType = "Market", qty = "10" }
    exchange:set_price("BTCUSD", "30000")
    caller:place { orderType = "Market", side = "Sell", qty = "20" }
    local list = get("recent-trade", { limit = 3 }).list
    assert.same({ "Sell", "20", "29999.5" }, { list[1].side, list[1].size, list[1].price })
    assert.equal("30000.0", list[2].price) -- between strangers, who have brought the price there
    assert.same({ "Buy", "10", "30000.5" }, { list[3].side, list[3].size, list[3].price })
    assert.equal(1, #get("recent-trade", { limit = 1 }).list)
  end)

  it("makes klines: open, high, low, close, volume", function()
    local live <close>, asker = wire.start() -- at 2024-01-01T00:00
    local start = live:now()
    live:set_price("BTCUSD", "30500")
    live:set_price("BTCUSD", "29500")
    live:set_price("BTCUSD", "30100")
    live:advance(180)
    live:set_price("BTCUSD", "30200", { mark = "30150", index = "30160" })
    asker:place { orderType = "Limit", price = "30200", qty = "60", timeInForce = "PostOnly" }
    live:set_price("BTCUSD", "30200", { mark = "30150", index = "30160" })
    local function klines(path, interval)
      return asker:must("GET", "market/" .. path, { symbol = "BTCUSD", interval = interval }).list
    end
    local list = klines("kline", "1")
    assert.equal(4, #list)
    assert.equal(tostring(start + 180000), list[1][1])
    assert.same({ "30100.0", "30200.0", "30100.0", "30200.0" }, { table.unpack(list[1], 2, 5) })
    local trades, volume = asker:must("GET", "market/recent-trade", { symbol = "BTCUSD", limit = 3 }).list, 0
    for _, t in ipairs(trades) do volume = volume + tonumber(t.size) end -- the order, and strangers at each price set
    assert.same({ "Sell", "60" }, { trades[2].side, trades[2].size })
    assert.equal(volume, tonumber(list[1][6]))
    assert.same({ "30100.0", "30100.0", "30100.0", "30100.0", "0" }, { table.unpack(list[2], 2, 6) })
    assert.same({ "30500.0", "29500.0", "30100.0" }, { table.unpack(list[4], 3, 5) })
    for _, interval in ipairs { "60", "D", "M" } do
      local whole = klines("kline", interval)
      assert.equal(1, #whole)
      assert.same({ tostring(start), "30500.0", "29500.0", "30200.0" }, { whole[1][1], whole[1][3], whole[1][4], whole[1][5] })
    end
    assert.equal(5, #klines("mark-price-kline", "1")[1])
    assert.equal("30150.0", klines("mark-price-kline", "1")[1][5])
    assert.equal("30160.0", klines("index-price-kline", "1")[1][5])
    local two = asker:must("GET", "market/kline", { symbol = "BTCUSD", interval = "1", limit = 2, ["end"] = start + 60000 }).list
    assert.same({ tostring(start + 60000), tostring(start) }, { two[1][1], two[2][1] })
    asker:hang_up()
  end)

  -- The requests that two widely used libraries make before their first order.
  it("answers the requests that libraries make before they trade", function()
    local key = caller:must("GET", "user/query-api", {})
    assert.same({ "one", 0, 1, "" }, { key.apiKey, key.readOnly, key.uta, key.secret })
    assert.same({ "Order", "Position" }, key.permissions.ContractTrade)
    local info = caller:must("GET", "account/info", {})
    assert.same({ 5, "ISOLATED_MARGIN" }, { info.unifiedMarginStatus, info.marginMode })
    local coins = caller:must("GET", "asset/coin/query-info", {}).rows
    assert.same({ "BTC", "ETH", "XRP", "EOS" }, { coins[1].coin, coins[2].coin, coins[3].coin, coins[4].coin })
    local fee = caller:must("GET", "account/fee-rate", { symbol = "BTCUSD" })
    assert.same({ list = { { symbol = "BTCUSD", takerFeeRate = "0.00055", makerFeeRate = "0.0002" } } }, fee)
  end)

  -- Libraries that cover many products load every category at start.
  it("has empty lists of what it does not simulate, by symbol too", function()
    for _, category in ipairs { "spot", "option" } do
      for _, path in ipairs { "account/fee-rate", "market/tickers", "market/instruments-info", "order/realtime", "order/history",
        "execution/list", "position/list", "position/closed-pnl" } do
        for _, symbol in ipairs { "", "BTCUSDT" } do
          local done = caller:call("GET", path, { category = category, symbol = symbol })
          assert.same({ 0, {} }, { done.retCode, done.result.list }, path)
        end
      end
    end
    assert.equal(10001, caller:call("GET", "account/fee-rate", { category = "futures" }).retCode)
  end)

  -- A Go library for V5 sets its clock by V3's endpoint; both say the same.
  it("tells the time on V3's path as on V5's", function()
    local a = raw.request(exchange.port, "GET", "/v3/public/time")
    local b = raw.request(exchange.port, "GET", "/v5/market/time")
    assert.equal(200, a.status)
    assert.same(cjson.decode(b.body), cjson.decode(a.body))
    assert.equal(tostring(exchange:now() // 1000), cjson.decode(a.body).result.timeSecond)
  end)

  it("has open interest over time, and risk limits", function()
    caller:place { orderType = "Market", qty = "10" }
    exchange:advance(3600)
    local list = get("open-interest", { intervalTime = "30min" }).list
    assert.equal(3, #list)
    assert.equal("240000010", list[1].openInterest)
    assert.equal(2, #get("open-interest", { intervalTime = "5min", limit = 2 }).list)
    local tier = get("risk-limit").list[1]
    assert.equal(100, tonumber(tier.initialMargin) * tonumber(tier.maxLeverage)) -- percent
  end)
end)
