-- Hedge mode (V5 documentation, position/switch-mode): a symbol has a long position, index 1, and a short one, index 2. The index of
-- an order says which position it is about, its side what it does there.

local wire = require "spec.support.paper_wire"

local exchange, caller

wire.each_test(function(...)
  exchange, caller = ...
  caller.category = "linear"
  exchange:set_price("BTCUSDT", "30000")
  exchange:set_price("ETHUSDT", "2000")
  exchange:set_price("BTCPERP", "30000")
end)

local function post(path, fields)
  local done = caller:call("POST", path, fields)
  return done.retCode, done.retMsg
end

local function hedge(fields)
  return (post("position/switch-mode", fields or { symbol = "BTCUSDT", mode = 3 }))
end

local function order(fields)
  local o = { symbol = "BTCUSDT", orderType = "Market", qty = "0.1" }
  for name, value in pairs(fields) do o[name] = value end
  return post("order/create", o)
end

local function positions(symbol)
  local rows = {}
  for _, row in ipairs(caller:must("GET", "position/list", { symbol = symbol or "BTCUSDT" }).list) do
    rows[row.positionIdx] = row
  end
  return rows
end

local function sizes()
  local rows = positions()
  return { rows[1].side, rows[1].size, rows[2].side, rows[2].size }
end

describe("hedge mode on the paper exchange", function()
  it("is switched on and off by symbol, and only where it exists", function()
    assert.same({ [0] = "" }, { [0] = positions()[0].side })
    assert.equal(110025, hedge { symbol = "BTCUSDT", mode = 0 })
    assert.equal(0, hedge())
    assert.equal(110025, hedge())
    local rows = positions()
    assert.same({ nil, 1, 2 }, { rows[0], rows[1].positionIdx, rows[2].positionIdx })
    assert.equal(0, positions("ETHUSDT")[0].positionIdx, "another symbol keeps its mode")
    assert.equal(0, hedge { symbol = "BTCUSDT", mode = 0 })
    assert.equal(10001, hedge { symbol = "BTCUSDT", mode = 1 })
    assert.equal(10001, hedge { mode = 3 })
    for symbol, category in pairs { BTCPERP = "linear", BTCUSD = "inverse", BTCUSDH24 = "inverse" } do
      assert.equal(110029, hedge { category = category, symbol = symbol, mode = 3 })
      assert.equal(110025, hedge { category = category, symbol = symbol, mode = 0 })
    end
  end)

  it("is not switched while there is a position or an order", function()
    local id = caller:must("POST", "order/create", { symbol = "BTCUSDT", side = "Buy", orderType = "Market", qty = "0.1",
      triggerPrice = "31000", triggerDirection = 1 }).orderId
    assert.equal(110028, hedge())
    caller:must("POST", "order/cancel", { symbol = "BTCUSDT", orderId = id })
    assert.equal(0, (order { side = "Buy" }))
    assert.equal(110024, hedge())
    assert.equal(0, (order { side = "Sell" }))
    assert.equal(0, hedge())
  end)

  it("is switched for a coin where nothing stands against it; the others keep theirs, and nothing is said", function()
    assert.equal(0, (order { side = "Buy" }))
    assert.equal(0, hedge { coin = "USDT", mode = 3 })
    assert.equal(0, positions()[0].positionIdx)
    assert.equal(1, positions("ETHUSDT")[1].positionIdx)
    assert.equal(110029, hedge { coin = "USDC", mode = 3 })
    assert.equal(110025, hedge { coin = "USDC", mode = 0 })
    assert.equal(0, (order { side = "Sell" }))
    assert.equal(0, hedge { coin = "USDT", mode = 3 })
    assert.equal(1, positions()[1].positionIdx)
    assert.equal(110025, hedge { coin = "USDT", mode = 3 })
    assert.equal(0, hedge { symbol = "ETHUSDT", mode = 0 })
    assert.equal(0, positions("ETHUSDT")[0].positionIdx)
  end)

  it("wants the index of a position, and one-way mode wants none", function()
    local WRONG = { 10001, "position idx not match position mode" }
    for _, index in ipairs { 1, 2, 3 } do
      assert.same(WRONG, { order { side = "Buy", positionIdx = index } })
    end
    hedge()
    for _, index in ipairs { false, 0, 3, "1x" } do
      assert.same(WRONG, { order { side = "Buy", positionIdx = index or nil } })
    end
    assert.equal(0, (order { side = "Buy", positionIdx = 1 }))
    for path, fields in pairs { ["position/trading-stop"] = { stopLoss = "29000", tpslMode = "Full" },
      ["position/add-margin"] = { margin = "1" }, ["position/set-auto-add-margin"] = { autoAddMargin = 1 } } do
      fields.symbol = "BTCUSDT"
      assert.same(WRONG, { post(path, fields) }, path)
      fields.positionIdx = 1
      assert.equal(0, (post(path, fields)), path)
    end
  end)

  it("holds both sides at once: they never net", function()
    hedge()
    assert.equal(0, (order { side = "Buy", positionIdx = 1, qty = "0.3" }))
    assert.equal(0, (order { side = "Sell", positionIdx = 2, qty = "0.2" }))
    assert.same({ "Buy", "0.3", "Sell", "0.2" }, sizes())
    assert.equal(0, (order { side = "Sell", positionIdx = 1, qty = "0.1" }))
    assert.equal(0, (order { side = "Buy", positionIdx = 2, qty = "0.2", reduceOnly = true }))
    assert.same({ "Buy", "0.2", "", "0" }, sizes())
    local held = caller:must("GET", "position/list", { settleCoin = "USDT" }).list
    assert.same({ 1, 1, "Buy" }, { #held, held[1].positionIdx, held[1].side })
    local closed = caller:must("GET", "position/closed-pnl", { symbol = "BTCUSDT" }).list
    assert.same({ "Buy", "0.2", "Sell", "0.1" }, { closed[1].side, closed[1].closedSize, closed[2].side, closed[2].closedSize })
    local latest = caller:must("GET", "order/history", { symbol = "BTCUSDT" }).list
    assert.same({ 2, 1, 2, 1 }, { latest[1].positionIdx, latest[2].positionIdx, latest[3].positionIdx, latest[4].positionIdx })
  end)

  it("closes at most what is held, and opens nothing that may only reduce", function()
    hedge()
    assert.equal(110017, (order { side = "Sell", positionIdx = 1 }), "nothing is held")
    assert.equal(110017, (order { side = "Buy", positionIdx = 1, reduceOnly = true }), "it would open")
    order { side = "Buy", positionIdx = 1, qty = "0.3" }
    local code, message = order { side = "Buy", positionIdx = 1, reduceOnly = true }
    assert.same({ 110017, "current position is zero, cannot fix reduce-only order qty" }, { code, message })
    assert.equal(0, (order { side = "Sell", positionIdx = 1, qty = "0.5" }))
    assert.same({ "", "0", "", "0" }, sizes())
    assert.equal("0.3", caller:must("GET", "execution/list", { symbol = "BTCUSDT" }).list[1].closedSize)
    order { side = "Sell", positionIdx = 2, qty = "0.3" }
    assert.equal(0, (order { side = "Buy", positionIdx = 2, qty = "0", reduceOnly = true, closeOnTrigger = true }))
    assert.same({ "", "0", "", "0" }, sizes())
  end)

  it("has stops for each side, which leave the other alone", function()
    hedge()
    order { side = "Buy", positionIdx = 1, qty = "0.3", stopLoss = "29000", tpslMode = "Full" }
    order { side = "Sell", positionIdx = 2, qty = "0.2" }
    assert.equal(0, (post("position/trading-stop", { symbol = "BTCUSDT", positionIdx = 2, tpslMode = "Full", stopLoss = "31000",
      takeProfit = "28000" })))
    assert.equal(10001, (post("position/trading-stop", { symbol = "BTCUSDT", positionIdx = 2, tpslMode = "Full",
      stopLoss = "29000" })), "a short's stop loss is above")
    local rows = positions()
    assert.same({ "29000.00", "0.00", "31000.00", "28000.00" }, { rows[1].stopLoss, rows[1].takeProfit, rows[2].stopLoss,
      rows[2].takeProfit })
    exchange:set_price("BTCUSDT", "29000")
    assert.same({ "", "0", "Sell", "0.2" }, sizes())
    exchange:set_price("BTCUSDT", "28000")
    assert.same({ "", "0", "", "0" }, sizes())
    assert.same({}, caller:must("GET", "order/realtime", { symbol = "BTCUSDT" }).list)
  end)

  it("has a leverage for each side", function()
    assert.equal(10001, (post("position/set-leverage", { symbol = "BTCUSDT", buyLeverage = "5", sellLeverage = "20" })))
    assert.equal(0, (post("position/set-leverage", { symbol = "BTCUSDT", buyLeverage = "5", sellLeverage = "5" })))
    hedge()
    assert.same({ "5", "5" }, { positions()[1].leverage, positions()[2].leverage })
    assert.equal(0, (post("position/set-leverage", { symbol = "BTCUSDT", buyLeverage = "5", sellLeverage = "20" })))
    assert.same({ "5", "20" }, { positions()[1].leverage, positions()[2].leverage })
    assert.equal(110043, (post("position/set-leverage", { symbol = "BTCUSDT", buyLeverage = "5", sellLeverage = "20" })))
    local info = caller:must("GET", "position/symbol-info", { symbol = "BTCUSDT" }).list
    assert.same({ 1, "5", 2, "20" }, { info[1].positionIdx, info[1].leverage, info[2].positionIdx, info[2].leverage })
  end)

  it("liquidates a side by itself", function()
    hedge()
    caller:must("POST", "position/set-leverage", { symbol = "BTCUSDT", buyLeverage = "50", sellLeverage = "2" })
    order { side = "Buy", positionIdx = 1, qty = "0.3" }
    order { side = "Sell", positionIdx = 2, qty = "0.2" }
    caller:must("POST", "order/create", { symbol = "BTCUSDT", side = "Buy", orderType = "Limit", positionIdx = 1, qty = "0.1",
      price = "29980" })
    caller:must("POST", "order/create", { symbol = "BTCUSDT", side = "Sell", orderType = "Limit", positionIdx = 2, qty = "0.1",
      price = "32000" })
    exchange:set_price("BTCUSDT", "29970")
    exchange:set_price("BTCUSDT", "29000")
    assert.same({ "", "0", "Sell", "0.2" }, sizes())
    local open = caller:must("GET", "order/realtime", { symbol = "BTCUSDT" }).list
    assert.same({ 1, 2 }, { #open, open[1].positionIdx })
  end)

  it("adds margin by itself where that is wanted, before a liquidation", function()
    hedge()
    caller:must("POST", "position/set-leverage", { symbol = "BTCUSDT", buyLeverage = "50", sellLeverage = "50" })
    order { side = "Buy", positionIdx = 1, qty = "0.3" }
    assert.equal(0, (post("position/set-auto-add-margin", { symbol = "BTCUSDT", positionIdx = 1, autoAddMargin = 1 })))
    assert.equal(10001, (post("position/set-auto-add-margin", { symbol = "BTCUSDT", positionIdx = 1, autoAddMargin = 1 })))
    assert.equal(1, positions()[1].autoAddMargin)
    exchange:set_price("BTCUSDT", "29000")
    assert.equal("Buy", positions()[1].side)
    assert.is_true(tonumber(positions()[1].liqPrice) < 29000)
  end)

  it("pays funding for each side", function()
    hedge()
    order { side = "Buy", positionIdx = 1, qty = "0.3" }
    order { side = "Sell", positionIdx = 2, qty = "0.2" }
    exchange:advance(8 * 3600)
    local rows = caller:must("GET", "account/transaction-log", { type = "SETTLEMENT" }).list
    assert.same({ "Sell", "-0.2", "0.60000000", "Buy", "0.3", "-0.90000000" }, { rows[1].side, rows[1].size, rows[1].funding,
      rows[2].side, rows[2].size, rows[2].funding })
  end)
end)
