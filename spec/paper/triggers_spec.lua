-- Orders that wait for a price. The price is set by hand, one tick before the trigger and then on it.

local wire = require "spec.support.paper_wire"

describe("paper triggers", function()
  local exchange, caller

  wire.each_test(function(...) exchange, caller = ... end)

  local function go(price, others) exchange:set_price("BTCUSD", price, others) end

  local function conditional(fields)
    local p = { orderType = "Market", qty = "100", triggerPrice = "31000", triggerDirection = 1 }
    for k, v in pairs(fields or {}) do p[k] = v end
    return caller:place(p)
  end

  -- A position of 1000 at 30000; long by default.
  local function open(side, quantity)
    local id = caller:place { side = side or "Buy", price = "30000", qty = quantity or "1000", timeInForce = "PostOnly" }
    go "30000"
    assert.equal("Filled", caller:order(id).orderStatus)
    return id
  end

  local function stop(fields)
    local p = { symbol = "BTCUSD", tpslMode = "Full", positionIdx = 0 }
    for k, v in pairs(fields) do p[k] = v end
    caller:must("POST", "position/trading-stop", p)
  end

  -- The waiting orders by stopOrderType; partial ones in a list.
  local function waiting()
    local list = caller:must("GET", "order/realtime", { symbol = "BTCUSD", orderFilter = "StopOrder", limit = 50 }).list
    local out = {}
    for _, order in ipairs(list) do
      local kind = order.stopOrderType
      out[kind] = kind:find "^Partial" and (out[kind] or {}) or order
      if kind:find "^Partial" then table.insert(out[kind], 1, order) end
    end
    return out, #list
  end

  local function status(id) return caller:order(id).orderStatus end

  ---------------------------------------------------------------------------------------------------------------

  describe("conditional orders", function()
    it("show their new status when they are triggered in the moment in which they were read", function()
      local id = conditional { orderType = "Limit", price = "30900", triggerPrice = "31000" }
      local before = caller:order(id)
      go "31000"
      local after = caller:order(id)
      assert.same({ "Untriggered", "New" }, { before.orderStatus, after.orderStatus })
      assert.equal(before.updatedTime, after.updatedTime)
    end)

    for name, case in pairs {
      ["wait for a rise"] = { { triggerPrice = "31000", triggerDirection = 1 }, "30999.5", "31000" },
      ["wait for a fall"] = { { triggerPrice = "29000", triggerDirection = 2 }, "29000.5", "29000" },
      ["are due when the price jumps past them"] = { { triggerPrice = "31000", triggerDirection = 1 }, "30999.5", "33000" },
    } do
      it(name, function()
        local id = conditional(case[1])
        assert.equal("Untriggered", status(id))
        go(case[2])
        assert.equal("Untriggered", status(id))
        go(case[3])
        local order = caller:order(id)
        assert.equal("Filled", order.orderStatus)
        assert.equal(id, order.orderId)
        assert.equal("Buy", caller:position().side)
      end)
    end

    for _, by in ipairs { "LastPrice", "MarkPrice", "IndexPrice" } do
      it("watch only the " .. by .. " that they name", function()
        local id = conditional { triggerBy = by }
        local key = ({ MarkPrice = "mark", IndexPrice = "index" })[by]
        local others = { mark = "30000", index = "30000" }
        if key then
          others[key] = "30999.5"
          go("31500", others)
          assert.equal("Untriggered", status(id))
          others[key] = "31000"
          go("30000", others)
        else
          go("30999.5", { mark = "31500", index = "31500" })
          assert.equal("Untriggered", status(id))
          go("31000", others)
        end
        assert.equal("Filled", status(id))
      end)
    end

    it("look as documented while they wait", function()
      local order = caller:order(conditional { triggerBy = "MarkPrice" })
      assert.equal("Stop", order.stopOrderType)
      assert.equal("CreateByStopOrder", order.createType)
      assert.equal("31000.0", order.triggerPrice)
      assert.equal("MarkPrice", order.triggerBy)
      assert.equal(1, order.triggerDirection)
      assert.equal("30000.0", order.lastPriceOnCreated)
      assert.equal("IOC", order.timeInForce)
      assert.equal("0", order.cumExecQty)
    end)

    it("use no margin until they fire; if margin is short then, they are cancelled", function()
      local before = caller:wallet()
      local id = conditional { qty = "200000", side = "Sell" }
      assert.equal(before.totalOrderIM, caller:wallet().totalOrderIM)
      -- 10 BTC at 10x are enough for 100 BTC: 3,000,000 USD; other orders use most of it
      for _ = 1, 2 do caller:place { qty = "1000000", price = "28000" } end
      caller:place { qty = "700000", price = "28000" }
      go "31000"
      local order = caller:order(id)
      assert.equal("Cancelled", order.orderStatus)
      assert.equal("0", order.cumExecQty)
      assert.equal("", caller:position().side)
    end)

    it("that are limit orders rest in the book after their trigger, and are then listed as active", function()
      local id = conditional { orderType = "Limit", price = "30500", side = "Buy" }
      assert.equal(1, select(2, waiting()))
      assert.equal(0, #caller:must("GET", "order/realtime", { orderFilter = "Order" }).list)
      go "31000"
      assert.equal("New", status(id))
      assert.equal(0, select(2, waiting()))
      assert.equal(id, caller:must("GET", "order/realtime", { orderFilter = "Order" }).list[1].orderId)
      go "30500"
      assert.equal("Filled", status(id))
    end)

    it("end as Deactivated when they are cancelled", function()
      local id = conditional()
      caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = id })
      local order = caller:order(id)
      assert.equal("Deactivated", order.orderStatus)
      assert.equal("CancelByUser", order.cancelType)
      go "31000"
      assert.equal("Deactivated", status(id))
    end)

    it("are amended: trigger price and type, under the same rule of sides", function()
      local id = conditional()
      local function amend(fields)
        local p = { symbol = "BTCUSD", orderId = id }
        for k, v in pairs(fields) do p[k] = v end
        return caller:post("order/amend", p).retCode
      end
      assert.equal(110092, amend { triggerPrice = "30000" })
      assert.equal(0, amend { triggerPrice = "30500", qty = "50", triggerBy = "MarkPrice" })
      go("31000", { mark = "30000" })
      assert.equal("Untriggered", status(id))
      go("30000", { mark = "30500" })
      assert.equal("Filled", status(id))
      assert.equal("50", caller:order(id).cumExecQty)
    end)

    it("set their take profit and stop loss when they fill", function()
      conditional { takeProfit = "32000", stopLoss = "30000" }
      go "31000"
      local stops = waiting()
      assert.equal("32000.0", stops.TakeProfit.triggerPrice)
      assert.equal("30000.0", stops.StopLoss.triggerPrice)
    end)

    it("with reduce_only are cut to the position at their trigger, or cancelled", function()
      local alone = conditional { side = "Sell", triggerPrice = "29500", triggerDirection = 2, reduceOnly = true }
      go "29500"
      assert.equal("Cancelled", status(alone))
      assert.equal("CancelByReduceOnly", caller:order(alone).cancelType)
      go "30000"
      open("Buy", "60")
      local cut = conditional { side = "Sell", triggerPrice = "29500", triggerDirection = 2, closeOnTrigger = true }
      go "29500"
      assert.equal("Filled", status(cut))
      assert.equal("60", caller:order(cut).qty)
      assert.equal("0", caller:position().size)
    end)

    it("of quantity 0 close the whole position at their trigger", function()
      local id = conditional { side = "Sell", triggerPrice = "29500", triggerDirection = 2, reduceOnly = true,
        closeOnTrigger = true, qty = "0" }
      open("Buy", "700")
      go "29500"
      assert.equal("700", caller:order(id).cumExecQty)
      assert.equal("0", caller:position().size)
    end)

    it("may fire each other: one order's trade reaches another's trigger", function()
      local last = caller:place { orderType = "Market", qty = "10", triggerPrice = "30010", triggerDirection = 1 }
      -- sweeps the book from 30000.5 up to 30010 and beyond
      caller:place { orderType = "Limit", qty = "1000000", price = "30020", timeInForce = "IOC" }
      assert.equal("Filled", status(last))
    end)
  end)

  ---------------------------------------------------------------------------------------------------------------

  describe("take profit and stop loss in Full mode", function()
    for side, case in pairs {
      Buy = { tp = "31000", sl = "29000", before_tp = "30999.5", before_sl = "29000.5", closing = "Sell" },
      Sell = { tp = "29000", sl = "31000", before_tp = "29000.5", before_sl = "30999.5", closing = "Buy" },
    } do
      it("close the whole position of a " .. side .. " and cancel each other", function()
        for _, way in ipairs { "tp", "sl" } do
          open(side)
          stop { takeProfit = case.tp, stopLoss = case.sl }
          local stops = waiting()
          local fired, gone = stops.TakeProfit, stops.StopLoss
          if way == "sl" then fired, gone = gone, fired end
          assert.equal(case.closing, fired.side)
          assert.equal("1000", fired.qty)
          go(case["before_" .. way])
          assert.equal("Untriggered", status(fired.orderId))
          go(case[way])
          assert.equal("Filled", status(fired.orderId))
          local other = caller:order(gone.orderId)
          assert.equal("Deactivated", other.orderStatus)
          assert.equal(way == "tp" and "CancelByOCOSlCanceledByTpTriggered" or "CancelByOCOTpCanceledBySlTriggered",
            other.cancelType)
          assert.equal("0", caller:position().size)
          go "30000"
        end
      end)
    end

    it("look as documented", function()
      open()
      stop { takeProfit = "31000", stopLoss = "29000", slTriggerBy = "MarkPrice" }
      local stops = waiting()
      local tp, sl = stops.TakeProfit, stops.StopLoss
      assert.equal("CreateByTakeProfit", tp.createType)
      assert.equal("CreateByStopLoss", sl.createType)
      assert.equal("MarkPrice", sl.triggerBy)
      assert.equal(1, tp.triggerDirection)
      assert.equal(2, sl.triggerDirection)
      for _, order in pairs(stops) do
        assert.is_true(order.reduceOnly)
        assert.is_true(order.closeOnTrigger)
        assert.equal("Market", order.orderType)
        assert.equal("IOC", order.timeInForce)
        assert.equal("", order.orderLinkId)
        assert.equal("0", order.price)
      end
      local position = caller:position()
      assert.equal("31000.0", position.takeProfit)
      assert.equal("29000.0", position.stopLoss)
    end)

    it("follow the position's size", function()
      open("Buy", "1000")
      stop { stopLoss = "29000" }
      open("Buy", "500")
      assert.equal("1500", waiting().StopLoss.qty)
      caller:place { side = "Sell", price = "30000", qty = "400", reduceOnly = true }
      go "30000"
      assert.equal("1100", waiting().StopLoss.qty)
    end)

    it("are cancelled when the position closes in another way, or is reversed", function()
      open()
      stop { takeProfit = "31000", stopLoss = "29000", trailingStop = "500" }
      local ids = {}
      for _, order in pairs(waiting()) do ids[#ids + 1] = order.orderId end
      assert.equal(3, #ids)
      caller:place { side = "Sell", price = "30000", qty = "1500" }
      go "30000"
      for _, id in ipairs(ids) do
        local order = caller:order(id)
        assert.equal("Deactivated", order.orderStatus)
        assert.equal("CancelByTpSlTsClear", order.cancelType)
      end
      assert.equal("Sell", caller:position().side)
    end)

    it("are changed one by one: an absent value changes nothing, 0 removes", function()
      open()
      stop { takeProfit = "31000", stopLoss = "29000" }
      local first = waiting()
      stop { takeProfit = "32000" }
      local second = waiting()
      assert.equal("32000.0", second.TakeProfit.triggerPrice)
      assert.equal("29000.0", second.StopLoss.triggerPrice)
      assert.equal(first.StopLoss.orderId, second.StopLoss.orderId)
      stop { stopLoss = "0" }
      local third, count = waiting()
      assert.equal(1, count)
      assert.equal("32000.0", third.TakeProfit.triggerPrice)
      assert.equal("Deactivated", status(first.StopLoss.orderId))
      assert.equal("0.00", caller:position().stopLoss)
    end)

    it("that are attached to an order come with its fills, with its link id", function()
      local id = caller:place { price = "30000", qty = "1000", timeInForce = "PostOnly", takeProfit = "31000",
        stopLoss = "29000", orderLinkId = "mother" }
      assert.equal(0, select(2, waiting()))
      local order = caller:order(id)
      assert.equal("31000", order.takeProfit)
      assert.equal("Full", order.tpslMode)
      caller:place { side = "Sell", price = "30000", qty = "300", smpType = "None" }
      assert.equal(0, select(2, waiting())) -- both sides were ours, so there is no position
      go "30000"
      local stops = waiting()
      assert.equal("700", stops.TakeProfit.qty)
      assert.equal("mother", stops.TakeProfit.parentOrderLinkId)
      assert.equal("mother", stops.StopLoss.parentOrderLinkId)
    end)

    it("are not changed by amending their orders", function()
      open()
      stop { stopLoss = "29000" }
      local done = caller:post("order/amend", { symbol = "BTCUSD", orderId = waiting().StopLoss.orderId,
        triggerPrice = "29500" })
      assert.equal(110060, done.retCode)
    end)

    it("are amended on a waiting order: a new price, or none", function()
      local id = caller:place { takeProfit = "31000", stopLoss = "29000" }
      caller:must("POST", "order/amend", { symbol = "BTCUSD", orderId = id, takeProfit = "31500", stopLoss = "0" })
      local order = caller:order(id)
      assert.equal("31500", order.takeProfit)
      assert.equal("0.00", order.stopLoss)
    end)
  end)

  ---------------------------------------------------------------------------------------------------------------

  describe("take profit and stop loss in Partial mode", function()
    local function add(fields)
      fields.tpslMode = "Partial"
      stop(fields)
    end

    it("add up, each with a quantity of its own", function()
      open()
      add { takeProfit = "31000", stopLoss = "29000", tpSize = "300", slSize = "300" }
      add { takeProfit = "32000", tpSize = "200" }
      local stops = waiting()
      assert.equal(2, #stops.PartialTakeProfit)
      assert.equal("300", stops.PartialTakeProfit[1].qty)
      assert.equal("CreateByPartialTakeProfit", stops.PartialTakeProfit[1].createType)
      assert.equal("Partial", stops.PartialTakeProfit[1].tpslMode)
      go "31000"
      assert.equal("700", caller:position().size)
      go "32000"
      assert.equal("500", caller:position().size)
    end)

    it("cancel only the other one of their pair", function()
      open()
      add { takeProfit = "31000", stopLoss = "29000", tpSize = "300", slSize = "300" }
      add { takeProfit = "32000", stopLoss = "28000", tpSize = "100", slSize = "100" }
      local before = waiting()
      go "31000"
      local gone = caller:order(before.PartialStopLoss[1].orderId)
      assert.equal("Deactivated", gone.orderStatus)
      assert.equal("CancelByOCOSlCanceledByTpTriggered", gone.cancelType)
      local after, count = waiting()
      assert.equal(2, count)
      assert.equal("28000.0", after.PartialStopLoss[1].triggerPrice)
    end)

    it("may be limit orders", function()
      open()
      add { takeProfit = "31000", tpSize = "300", tpOrderType = "Limit", tpLimitPrice = "31200" }
      local order = waiting().PartialTakeProfit[1]
      assert.equal("Limit", order.orderType)
      assert.equal("31200", order.price)
      go "31000"
      assert.equal("New", status(order.orderId))
      assert.equal("1000", caller:position().size)
      go "31200"
      assert.equal("Filled", status(order.orderId))
      assert.equal("700", caller:position().size)
    end)

    it("are cancelled in pairs, unless one was changed", function()
      open()
      for _, changed in ipairs { false, true } do
        add { takeProfit = "31000", stopLoss = "29000", tpSize = "300", slSize = "300" }
        local stops = waiting()
        local tp, sl = stops.PartialTakeProfit[1].orderId, stops.PartialStopLoss[1].orderId
        if changed then
          caller:must("POST", "order/amend", { symbol = "BTCUSD", orderId = tp, triggerPrice = "31500", qty = "250" })
        end
        caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = tp })
        assert.equal(changed and "Untriggered" or "Deactivated", status(sl))
      end
    end)

    it("that are attached to an order have its filled quantity, and grow with it", function()
      caller:place { price = "30000", qty = "1000", timeInForce = "PostOnly", tpslMode = "Partial", takeProfit = "31000",
        stopLoss = "29000", tpOrderType = "Limit", tpLimitPrice = "31000", orderLinkId = "mother" }
      local other = wire.caller(exchange, 2)
      other:place { side = "Sell", price = "30000", qty = "400" }
      other:hang_up()
      assert.equal("400", waiting().PartialTakeProfit[1].qty)
      go "30000"
      local stops, count = waiting()
      assert.equal(2, count)
      assert.equal("1000", stops.PartialTakeProfit[1].qty)
      assert.equal("Limit", stops.PartialTakeProfit[1].orderType)
      assert.equal("Market", stops.PartialStopLoss[1].orderType)
      assert.equal("mother", stops.PartialStopLoss[1].parentOrderLinkId)
    end)
  end)

  ---------------------------------------------------------------------------------------------------------------

  describe("trailing stops", function()
    for side, case in pairs {
      Buy = { up = { "30500", "31000" }, stop = "30500.0", near = "30500.5", hit = "30500", closing = "Sell" },
      Sell = { up = { "29500", "29000" }, stop = "29500.0", near = "29499.5", hit = "29500", closing = "Buy" },
    } do
      it("follow the price of a " .. side .. " at their distance, and close the position when the price turns", function()
        open(side)
        stop { trailingStop = "500" }
        local order = waiting().TrailingStop
        assert.equal("CreateByTrailingStop", order.createType)
        assert.equal(case.closing, order.side)
        assert.equal("1000", order.qty)
        assert.equal("500", caller:position().trailingStop:gsub("%.0+$", ""))
        for _, price in ipairs(case.up) do go(price) end
        assert.equal(case.stop, caller:order(order.orderId).triggerPrice)
        go(case.near)
        assert.equal(case.stop, caller:order(order.orderId).triggerPrice) -- it never goes back
        assert.equal("Untriggered", status(order.orderId))
        go(case.hit)
        assert.equal("Filled", status(order.orderId))
        assert.equal("0", caller:position().size)
      end)
    end

    it("fire from their starting price if the price never improves", function()
      open()
      stop { trailingStop = "500" }
      go "29500.5"
      assert.equal("1000", caller:position().size)
      go "29500"
      assert.equal("0", caller:position().size)
    end)

    it("with an activation price wait until it is reached", function()
      open()
      stop { trailingStop = "500", activePrice = "31000" }
      local id = waiting().TrailingStop.orderId
      assert.equal("31000.0", caller:order(id).triggerPrice) -- the activation price, while it is not active
      go "29000" -- 1000 below: an active stop would have fired
      go "30999.5"
      assert.equal("Untriggered", status(id))
      go "31000"
      assert.equal("30500.0", caller:order(id).triggerPrice)
      go "30500"
      assert.equal("Filled", status(id))
    end)

    it("are changed, follow the size, and are removed by 0", function()
      open()
      stop { trailingStop = "500" }
      stop { trailingStop = "700" }
      local order, count = waiting().TrailingStop, select(2, waiting())
      assert.equal(1, count)
      assert.equal("29300.0", order.triggerPrice)
      open("Buy", "500")
      assert.equal("1500", waiting().TrailingStop.qty)
      stop { trailingStop = "0" }
      assert.equal(0, select(2, waiting()))
      assert.equal("0.00", caller:position().trailingStop)
    end)

    it("exist beside take profit and stop loss; the last one to fire finds no position", function()
      open()
      stop { trailingStop = "500", takeProfit = "31000", stopLoss = "29000" }
      go "31000"
      assert.equal(0, select(2, waiting()))
      assert.equal("0", caller:position().size)
      go "30500"
      assert.equal("0", caller:position().size)
    end)
  end)
end)
