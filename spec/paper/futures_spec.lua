-- Futures (V5 documentation, market/instruments-info: deliveryTime). The exchange begins on 2024-01-01; the quarter's future is
-- delivered on its last Friday, 29 March, at 08:00 UTC.

local instruments = require "bybit.paper.engine.instruments"
local wire = require "spec.support.paper_wire"

local DELIVERY = 1711699200000 -- date -u -d '2024-03-29 08:00' +%s000
local MONTH = 30 * 86400000

local exchange, caller

wire.each_test(function(...)
  exchange, caller = ...
  exchange:set_price("BTCUSDH24", "30000")
end)

local function order(fields)
  local o = { symbol = "BTCUSDH24", side = "Buy", orderType = "Limit", qty = "3000", price = "30000", timeInForce = "PostOnly" }
  for name, value in pairs(fields or {}) do o[name] = value end
  return caller:call("POST", "order/create", o)
end

describe("a future on the paper exchange", function()
  -- Last Fridays of quarters, by a calendar.
  for moment, symbol in pairs { ["2024-01-01"] = "BTCUSDH24", ["2024-03-15"] = "BTCUSDH24", ["2024-03-16"] = "BTCUSDM24",
    ["2024-12-14"] = "BTCUSDH25", ["2026-12-01"] = "BTCUSDZ26" } do
    it("is " .. symbol .. " of an exchange that begins on " .. moment, function()
      local rows = instruments.at(require("bybit").time(moment .. "T00:00:00Z"))
      assert.equal(symbol, rows[#rows].symbol)
      assert.equal(6 - 1, tonumber(os.date("!%w", rows[#rows].delivery // 1000)), "a Friday")
      assert.equal("08:00", os.date("!%H:%M", rows[#rows].delivery // 1000))
    end)
  end

  it("is inverse, has a delivery and no funding", function()
    local row = caller:must("GET", "market/instruments-info", { symbol = "BTCUSDH24" }).list[1]
    assert.same({ "InverseFutures", "BTC", "USD", "BTC", tostring(DELIVERY), "0.0005", 0 }, { row.contractType, row.baseCoin,
      row.quoteCoin, row.settleCoin, row.deliveryTime, row.deliveryFeeRate, row.fundingInterval })
    local ticker = caller:must("GET", "market/tickers", { symbol = "BTCUSDH24" }).list[1]
    assert.same({ "", "0", tostring(DELIVERY), "30000.0", "0.0" }, { ticker.fundingRate, ticker.nextFundingTime,
      ticker.deliveryTime, ticker.predictedDeliveryPrice, ticker.basis })
    order { timeInForce = "GTC", orderType = "Market" }
    exchange:advance(86400)
    assert.same({}, caller:must("GET", "execution/list", { execType = "Funding" }).list)
  end)

  it("is no contract of the v2 wire, nor of linear", function()
    assert.equal(10001, order { category = "linear" }.retCode)
    local raw, cjson = require "spec.support.raw_http", require "cjson"
    for _, row in ipairs(cjson.decode(raw.request(exchange.port, "GET", "/v2/public/tickers").body).result) do
      assert.is_nil(row.symbol:find "H24")
      assert.is_nil(row.symbol:find "USDT")
    end
  end)

  -- 3000 / 33000 = 0.09090909; its fee 0.00004545; 3000 (1/30000 - 1/33000) = 0.00909091; opened with 3000/30000 * 0.0002
  it("is delivered: its orders go, its positions are closed at the index price, and it is closed", function()
    order()
    exchange:set_price("BTCUSDH24", "30000")
    assert.equal(0, order({ side = "Buy", price = "29000", qty = "10" }).retCode)
    assert.equal(0, order({ side = "Sell", triggerPrice = "29500", triggerDirection = 2, price = "29500", qty = "10" }).retCode)
    exchange:set_price("BTCUSDH24", "33100", { index = "33000" })
    local before = caller:wallet().walletBalance
    exchange:advance((DELIVERY - exchange:now()) // 1000 - 1)
    assert.equal("3000", caller:position("BTCUSDH24").size)
    exchange:advance(1)
    assert.equal("", caller:position("BTCUSDH24").side)
    assert.same({}, caller:must("GET", "order/realtime", { symbol = "BTCUSDH24" }).list)
    local record = caller:must("GET", "asset/delivery-record", {}).list
    assert.equal(1, #record)
    assert.same({ "BTCUSDH24", "Buy", "3000", "30000.00000000", "33000.0", "0.00004545", "0.00904546", DELIVERY }, {
      record[1].symbol, record[1].side, record[1].position, record[1].entryPrice, record[1].deliveryPrice, record[1].fee,
      record[1].deliveryRpl, math.tointeger(record[1].deliveryTime) })
    assert.equal("0.00904546", ("%.8f"):format(caller:wallet().walletBalance - before))
    local row = caller:must("GET", "account/transaction-log", {}).list[1]
    assert.same({ "DELIVERY", "Sell", "3000", "0", "0.00909091", "0.00004545", "0.0005" }, { row.type, row.side, row.qty,
      row.size, row.cashFlow, row.fee, row.feeRate })
    local closed = caller:must("GET", "position/closed-pnl", {}).list[1]
    assert.same({ "Settle", "0.00902546" }, { closed.execType, closed.closedPnl })
    local price = caller:must("GET", "market/delivery-price", {}).list[1]
    assert.same({ "BTCUSDH24", "33000.0", tostring(DELIVERY) }, { price.symbol, price.deliveryPrice, price.deliveryTime })
    assert.equal(110074, order().retCode, "the contract is not live")
    assert.equal("Closed", caller:must("GET", "market/instruments-info", { symbol = "BTCUSDH24" }).list[1].status)
    for _, listed in ipairs(caller:must("GET", "market/instruments-info", {}).list) do
      assert.not_equal("BTCUSDH24", listed.symbol)
    end
    assert.same({}, caller:must("GET", "market/delivery-price", { category = "linear" }).list)
  end)

  it("has deliveries by symbol, day and span of time", function()
    order()
    exchange:set_price("BTCUSDH24", "30000")
    exchange:advance((DELIVERY - exchange:now()) // 1000 + 3600)
    local function count(params) return #caller:must("GET", "asset/delivery-record", params).list end
    assert.equal(1, count { symbol = "BTCUSDH24", expDate = "29MAR24" })
    assert.equal(0, count { expDate = "28MAR24" })
    assert.equal(0, count { symbol = "BTCUSD" })
    assert.equal(0, count { endTime = ("%d"):format(DELIVERY - 1) })
    assert.equal(1, count { startTime = ("%d"):format(DELIVERY - MONTH), endTime = ("%d"):format(DELIVERY) })
    for _, wrong in ipairs { { expDate = "tomorrow" }, { startTime = "1", endTime = ("%d"):format(MONTH + 2) } } do
      assert.equal(10001, caller:call("GET", "asset/delivery-record", wrong).retCode)
    end
  end)
end)
