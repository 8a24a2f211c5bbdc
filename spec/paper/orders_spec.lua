-- Orders on the paper exchange: how they fill, rest in the book, meet each other, are changed and cancelled.

local bybit = require "bybit"
local wire = require "spec.support.paper_wire"

local decimal = bybit.decimal

describe("paper orders", function()
  local exchange, caller, other

  wire.each_test(function(...)
    exchange, caller = ...
    other = wire.caller(exchange, 2)
  end)
  after_each(function() other:hang_up() end)

  -- Another account's offer. The strangers' levels begin at 29999.5 and 30000.5, so this one is alone at 30000.
  local function offer(side, quantity, more)
    local p = { side = side, qty = quantity, price = "30000", timeInForce = "PostOnly" }
    for k, v in pairs(more or {}) do p[k] = v end
    return other:place(p)
  end

  local function book(side)
    return caller:must("GET", "market/orderbook", { symbol = "BTCUSD", limit = 25 })[side == "Buy" and "b" or "a"]
  end

  local function ends(id)
    local o = caller:order(id)
    return { o.orderStatus, o.cumExecQty, o.leavesQty, o.rejectReason, o.cancelType }
  end

  ---------------------------------------------------------------------------------------------------------------

  describe("time in force", function()
    it("GTC fills what it can, and the rest stays in the book", function()
      offer("Sell", "40")
      assert.same({ "PartiallyFilled", "40", "60", "EC_NoError", "UNKNOWN" }, ends(caller:place { price = "30000" }))
      assert.same({ "30000.0", "60" }, book("Buy")[1])
    end)

    it("IOC fills what it can, and the rest is cancelled", function()
      offer("Sell", "40")
      assert.same({ "Cancelled", "40", "0", "EC_NoImmediateQtyToFill", "UNKNOWN" },
        ends(caller:place { price = "30000", timeInForce = "IOC" }))
      assert.same({ "Cancelled", "0", "0", "EC_NoImmediateQtyToFill", "UNKNOWN" },
        ends(caller:place { price = "30000", timeInForce = "IOC" }))
    end)

    it("FOK fills all or nothing", function()
      offer("Sell", "99")
      assert.same({ "Cancelled", "0", "0", "EC_NoEnoughQtyToFill", "UNKNOWN" },
        ends(caller:place { price = "30000", timeInForce = "FOK" }))
      offer("Sell", "1")
      assert.same({ "Filled", "100", "0", "EC_NoError", "UNKNOWN" }, ends(caller:place { price = "30000", timeInForce = "FOK" }))
    end)

    it("PostOnly stays in the book, or is cancelled if it would take", function()
      assert.equal("New", ends(caller:place { price = "30000", timeInForce = "PostOnly" })[1])
      for _, price in ipairs { "30000.5", "30010" } do
        assert.same({ "Cancelled", "0", "0", "EC_PostOnlyWillTakeLiquidity", "UNKNOWN" },
          ends(caller:place { price = price, timeInForce = "PostOnly" }))
      end
    end)

    it("of market orders is IOC; their price is a protective one, 5 % from the last price", function()
      for _, tif in ipairs { "GTC", "FOK", "PostOnly" } do
        local o = caller:order(caller:place { orderType = "Market", qty = "10", timeInForce = tif })
        assert.equal("IOC", o.timeInForce)
        assert.equal("Filled", o.orderStatus)
      end
      exchange:set_price("BTCUSD", "30000")
      assert.equal("31500.0", caller:order(caller:place { orderType = "Market", qty = "10" }).price)
      exchange:set_price("BTCUSD", "30000")
      assert.equal("28500.0", caller:order(caller:place { orderType = "Market", side = "Sell", qty = "10" }).price)
    end)

    it("of market orders is IOC, and a given price is ignored", function()
      assert.equal("Filled", ends(caller:place { orderType = "Market", qty = "10", price = "not one" })[1])
    end)
  end)

  it("are filled at the resting price, best first, then oldest first", function()
    local worse = offer("Sell", "50", { price = "30000.5" })
    local best = offer("Sell", "30")
    local second = offer("Sell", "30")
    local id = caller:place { qty = "50", price = "30000.5" }
    local fills = caller:must("GET", "execution/list", { orderId = id }).list
    assert.equal(2, #fills)
    for _, fill in ipairs(fills) do assert.equal("30000.0", (fill.execPrice:gsub("^(%d+)$", "%1.0"))) end
    assert.equal("Filled", other:order(best).orderStatus)
    assert.equal("20", other:order(second).cumExecQty)
    assert.equal("0", other:order(worse).cumExecQty)
  end)

  it("pay the taker's and the maker's rate on their value", function()
    local maker, taker = offer("Sell", "100"), caller:place { price = "30000" }
    assert.equal("0.00333333", caller:order(taker).cumExecValue)
    assert.equal("0.00000183", caller:order(taker).cumExecFee) -- 100 / 30000 * 0.00055
    assert.equal("0.00000067", other:order(maker).cumExecFee) -- 100 / 30000 * 0.0002
    local e = other:must("GET", "execution/list", { orderId = maker }).list[1]
    assert.is_true(e.isMaker)
    assert.equal("0.0002", e.feeRate)
    assert.equal("Trade", e.execType)
    local mine = caller:must("GET", "execution/list", { orderId = taker }).list[1]
    assert.equal(e.seq, mine.seq)
    assert.is_false(mine.isMaker)
  end)

  it("that rest are filled at their own price when the market reaches it, however far it jumps", function()
    local id = caller:place { price = "29990" }
    exchange:set_price("BTCUSD", "29990.5")
    assert.equal("New", ends(id)[1])
    exchange:set_price("BTCUSD", "29000")
    assert.equal("Filled", ends(id)[1])
    assert.equal("29990.00000000", caller:order(id).avgPrice)
  end)

  describe("prices", function()
    it("slippage tolerance limits a market order, in ticks or percent", function()
      for _, case in ipairs { { "TickSize", "4", "30002.5" }, { "Percent", "0.05", "30015.5" } } do
        exchange:set_price("BTCUSD", "30000")
        local o = caller:order(caller:place { orderType = "Market", qty = "10", slippageToleranceType = case[1],
          slippageTolerance = case[2] })
        assert.equal(case[3], o.price) -- ask1 is 30000.5
        assert.equal(case[1], o.slippageToleranceType)
        assert.equal(case[2], o.slippageTolerance)
      end
    end)

    it("a market order stops at its limit", function()
      local o = caller:order(caller:place { orderType = "Market", qty = "200000", slippageToleranceType = "TickSize",
        slippageTolerance = "1" })
      assert.equal("Cancelled", o.orderStatus)
      assert.is_true(decimal(o.cumExecQty) > 0 and decimal(o.cumExecQty) < 200000)
      for _, e in ipairs(caller:must("GET", "execution/list", { orderId = o.orderId }).list) do
        assert.is_true(decimal(e.execPrice) <= "30001")
      end
    end)

    for _, case in ipairs { { "Queue", "1", "Buy", "29999.5" }, { "Queue", "2", "Sell", "30001.0" },
      { "Counterparty", "1", "Buy", "30000.5" } } do
      it(("from the book: %s %s of a %s"):format(case[1], case[2], case[3]), function()
        local o = caller:order(caller:must("POST", "order/create", { symbol = "BTCUSD", side = case[3], orderType = "Limit",
          qty = "10", bboSideType = case[1], bboLevel = case[2] }).orderId)
        assert.equal(case[4], o.price)
      end)
    end

    it("beyond the price limit are moved to it: mark price 30000, X 1 %, Y 2 %", function()
      local limits = caller:must("GET", "market/price-limit", { symbol = "BTCUSD" })
      assert.equal("30300.0", limits.buyLmt)
      assert.equal("29700.0", limits.sellLmt)
      assert.equal("30300.0", caller:order(caller:place { price = "30300.5", timeInForce = "IOC" }).price)
      assert.equal("29700.0", caller:order(caller:place { side = "Sell", price = "20000", timeInForce = "IOC" }).price)
    end)

    it("the limit is wider if the index price is, or if the market trades at a premium", function()
      exchange:set_price("BTCUSD", "30000", { mark = "30000", index = "30500" })
      assert.equal("30500.0", caller:must("GET", "market/price-limit", { symbol = "BTCUSD" }).buyLmt)
      exchange:set_price("BTCUSD", "30200", { mark = "30000", index = "30000" })
      exchange:advance(30)
      -- (ask1 + bid1) / 2 - mark = 200 for 30 s: 30300 + 200
      assert.equal("30500.0", caller:must("GET", "market/price-limit", { symbol = "BTCUSD" }).buyLmt)
      exchange:set_price("BTCUSD", "31000", { mark = "30000", index = "30000" })
      exchange:advance(30)
      assert.equal("30600.0", caller:must("GET", "market/price-limit", { symbol = "BTCUSD" }).buyLmt) -- Y bounds it
    end)
  end)

  describe("meeting an own order", function()
    for smp, case in pairs {
      None = { "Filled", "Filled" }, CancelMaker = { "Cancelled", "New" }, CancelTaker = { "New", "Cancelled" },
      CancelBoth = { "Cancelled", "Cancelled" },
    } do
      it(smp, function()
        local maker = caller:place { side = "Sell", price = "30000" }
        local taker = caller:place { price = "30000", smpType = smp }
        local m, t = caller:order(maker), caller:order(taker)
        assert.same(case, { m.orderStatus, t.orderStatus })
        if m.orderStatus == "Cancelled" then assert.same({ "CancelBySmp", taker }, { m.cancelType, m.smpOrderId }) end
        if t.orderStatus == "Cancelled" then assert.same({ "CancelBySmp", maker }, { t.cancelType, t.smpOrderId }) end
      end)
    end
  end)

  describe("reduce-only", function()
    local function long(quantity)
      caller:place { price = "30000", qty = quantity, timeInForce = "PostOnly" }
      exchange:set_price("BTCUSD", "30000")
    end

    it("orders are cut to the position when they are placed", function()
      long "60"
      local id = caller:place { side = "Sell", price = "30100", qty = "100", reduceOnly = true }
      assert.equal("60", caller:order(id).qty)
    end)

    it("orders are cut, then cancelled, as the position shrinks", function()
      long "100"
      local id = caller:place { side = "Sell", price = "30100", qty = "100", reduceOnly = true }
      caller:place { side = "Sell", orderType = "Market", qty = "30" }
      assert.equal("70", caller:order(id).qty)
      caller:place { side = "Sell", orderType = "Market", qty = "70" }
      assert.same({ "Cancelled", "0", "0", "EC_NoError", "CancelByReduceOnly" }, ends(id))
    end)

    it("orders never reverse the position, however many there are", function()
      long "100"
      for _ = 1, 3 do caller:place { side = "Sell", price = "30100", qty = "100", reduceOnly = true } end
      exchange:set_price("BTCUSD", "30200")
      assert.equal("0", caller:position().size)
    end)

    it("orders above the largest order size are split", function()
      for _ = 1, 2 do long "150000" end
      exchange:set_price("BTCUSD", "30000")
      local id = caller:place { side = "Sell", orderType = "Market", qty = "300000", reduceOnly = true, orderLinkId = "all" }
      assert.equal("200000", caller:order(id).qty)
      assert.equal("all", caller:order(id).orderLinkId)
      local parts = caller:must("GET", "order/realtime", { openOnly = 1 }).list
      assert.equal("100000", parts[1].qty)
      assert.equal("", parts[1].orderLinkId)
    end)

    it("quantity 0 with both flags closes the whole", function()
      long "123"
      caller:place { side = "Sell", orderType = "Market", qty = "0", reduceOnly = true, closeOnTrigger = true }
      assert.equal("0", caller:position().size)
    end)
  end)

  describe("amendments", function()
    local function amend(id, fields)
      local p = { symbol = "BTCUSD", orderId = id }
      for k, v in pairs(fields) do p[k] = v end
      return caller:must("POST", "order/amend", p)
    end

    it("change price and total quantity; the id stays", function()
      local id = caller:place { orderLinkId = "mine" }
      assert.same({ orderId = id, orderLinkId = "mine" }, amend(id, { price = "29980", qty = "70" }))
      local o = caller:order(id)
      assert.equal("29980", o.price)
      assert.equal("70", o.qty)
    end)

    it("may fill at once at the new price", function()
      local id = caller:place {}
      offer("Sell", "40")
      amend(id, { price = "30000" })
      assert.same({ "PartiallyFilled", "40", "60", "EC_NoError", "UNKNOWN" }, ends(id))
    end)

    -- Two buy orders of 100 at 29990; the first is amended. Which one is filled when 100 are sold?
    for name, case in pairs {
      ["keep their place when the quantity falls"] = { { qty = "100" }, "first" },
      ["lose it when the quantity grows"] = { { qty = "300" }, "second" },
      ["lose it when the price changes, even back"] = { { price = "29980" }, "second", { price = "29990" } },
    } do
      it(name, function()
        local first = caller:place { price = "30000", qty = "200", timeInForce = "PostOnly" }
        local second = caller:place { price = "30000", qty = "100", timeInForce = "PostOnly" }
        amend(first, case[1])
        if case[3] then amend(first, { price = "30000" }) end
        other:place { side = "Sell", price = "30000", qty = "100", timeInForce = "IOC" }
        assert.equal(case[2] == "first" and "100" or "0", caller:order(first).cumExecQty)
        assert.equal(case[2] == "first" and "0" or "100", caller:order(second).cumExecQty)
      end)
    end

    it("cancel a PostOnly order that would take", function()
      local id = caller:place { timeInForce = "PostOnly" }
      amend(id, { price = "30000.5" })
      assert.equal("EC_PostOnlyWillTakeLiquidity", caller:order(id).rejectReason)
    end)

    it("beyond the price limit are moved to it", function()
      local id = caller:place { side = "Sell", price = "30100" }
      amend(id, { price = "29000" })
      assert.equal("29700.0", caller:order(id).price)
    end)
  end)

  describe("cancelling", function()
    it("ends an order; its fills stay", function()
      offer("Sell", "40")
      local id = caller:place { price = "30000" }
      caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = id })
      assert.same({ "Cancelled", "40", "0", "EC_PerCancelRequest", "CancelByUser" }, ends(id))
      assert.equal(110001, caller:post("order/cancel", { symbol = "BTCUSD", orderId = id }).retCode)
    end)

    it("works by orderLinkId too; if both ids are given, orderId counts", function()
      local one, two = caller:place { orderLinkId = "one" }, caller:place { orderLinkId = "two" }
      caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = one, orderLinkId = "two" })
      assert.equal("Cancelled", ends(one)[1])
      assert.equal("New", ends(two)[1])
      caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderLinkId = "two" })
      assert.equal("Cancelled", ends(two)[1])
    end)

    it("touches no other account's orders", function()
      local id = other:place {}
      assert.equal(110001, caller:post("order/cancel", { symbol = "BTCUSD", orderId = id }).retCode)
      assert.same({}, caller:must("POST", "order/cancel-all", { symbol = "BTCUSD" }).list)
      assert.equal("New", other:order(id).orderStatus)
    end)

    -- An active order each of BTC and ETH, a conditional order of BTC, and the take profit and trailing stop of a position.
    local function one_of_each()
      caller:place { price = "30000", timeInForce = "PostOnly" }
      exchange:set_price("BTCUSD", "30000")
      caller:must("POST", "position/trading-stop", { symbol = "BTCUSD", tpslMode = "Full", takeProfit = "31000",
        trailingStop = "500" })
      exchange:set_price("ETHUSD", "2000")
      return { caller:place { orderLinkId = "active" },
        caller:place { orderLinkId = "stop", triggerPrice = "31000", triggerDirection = 1 },
        caller:place { orderLinkId = "eth", symbol = "ETHUSD", price = "1990" } }
    end

    for _, case in ipairs {
      { { symbol = "BTCUSD" }, "TakeProfit,TrailingStop,active,stop" },
      { { baseCoin = "BTC" }, "TakeProfit,TrailingStop,active,stop" },
      { { settleCoin = "ETH" }, "eth" },
      { { symbol = "ETHUSD", baseCoin = "BTC", settleCoin = "BTC" }, "eth" },
      { { baseCoin = "ETH", settleCoin = "BTC" }, "eth" },
      { { symbol = "BTCUSD", orderFilter = "Order" }, "active" },
      { { symbol = "BTCUSD", orderFilter = "StopOrder" }, "TakeProfit,TrailingStop,stop" },
      { { symbol = "BTCUSD", orderFilter = "StopOrder", stopOrderType = "Stop" }, "stop" },
    } do
      local shown = {}
      for _, name in ipairs { "symbol", "baseCoin", "settleCoin", "orderFilter", "stopOrderType" } do
        if case[1][name] then shown[#shown + 1] = case[1][name] end
      end
      it("all: " .. table.concat(shown, ", "), function()
        one_of_each()
        local result = caller:must("POST", "order/cancel-all", case[1])
        assert.equal("1", result.success)
        local names = {}
        for i, row in ipairs(result.list) do
          local o = caller:order(row.orderId)
          names[i] = o.orderLinkId ~= "" and o.orderLinkId or o.stopOrderType
          assert.equal("CancelByUser", o.cancelType)
        end
        table.sort(names)
        assert.equal(case[2], table.concat(names, ","))
      end)
    end
  end)
end)
