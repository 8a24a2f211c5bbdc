-- Refusals: the paper exchange's answer to each wrong call. Codes and texts come from the V5 documentation and from answers of
-- the real exchange; they were not copied from our code.

local cjson = require "cjson"
local paper = require "bybit.paper"
local raw = require "spec.support.raw_http"
local wire = require "spec.support.paper_wire"

-- A correct limit order with some fields replaced; false removes one.
local function order(fields)
  local p = { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "100", price = "29990" }
  for k, v in pairs(fields or {}) do
    if v == false then p[k] = nil else p[k] = v end
  end
  return p
end

describe("paper refusals", function()
  local exchange, caller

  wire.each_test(function(...) exchange, caller = ... end)

  local function long()
    caller:place { orderType = "Market" }
    exchange:set_price("BTCUSD", "30000")
  end

  -- { what is wrong, fields of the order, code, text (nil: not documented) }
  describe("of order/create", function()
    for _, case in ipairs {
      { "category missing", { category = "" }, 10001, "Illegal category" },
      { "category unknown", { category = "futures" }, 10001, "Illegal category" },
      { "category not simulated", { category = "spot" }, 10001 },
      { "symbol of another category", { category = "linear" }, 10001, "params error: symbol invalid" },
      { "symbol missing", { symbol = false }, 10001, "params error: symbol invalid" },
      { "symbol unknown", { symbol = "BTCUSDT" }, 10001, "params error: symbol invalid" },
      { "symbol of another type", { symbol = { "BTCUSD" } }, 10001, "params error: symbol invalid" },
      { "side missing", { side = false }, 10001, "params error: side invalid" },
      { "side unknown", { side = "buy" }, 10001, "params error: side invalid" },
      { "orderType unknown", { orderType = "Stop" }, 10001, "params error: orderType invalid" },
      { "timeInForce unknown", { timeInForce = "GTX" }, 10001, "params error: timeInForce invalid" },
      { "triggerBy unknown", { triggerPrice = "31000", triggerDirection = 1, triggerBy = "Last" }, 10001,
        "params error: triggerBy invalid" },
      { "orderLinkId too long", { orderLinkId = ("x"):rep(37) }, 10001 },
      { "orderLinkId with other characters", { orderLinkId = "a b" }, 10001 },
      { "limit without price", { price = false }, 10001 },
      { "price off the tick", { price = "29990.3" }, 10001 },
      { "price that is none", { price = "1e5" }, 10001 },
      { "price below zero", { price = "-1" }, 10001 },
      { "price above the contract's", { price = "1000000" }, 110003 },
      { "qty missing", { qty = false }, 10001, "Qty invalid" },
      { "qty zero", { qty = "0" }, 10001, "Qty invalid" },
      { "qty below zero", { qty = "-5" }, 10001, "Qty invalid" },
      { "qty off the step", { qty = "1.5" }, 10001, "Qty invalid" },
      { "qty unreadable", { qty = "many" }, 10001, "Qty invalid" },
      { "qty above the most of a limit order", { qty = "1000001" }, 10001,
        "The number of contracts exceeds maximum limit allowed: too large, order_qty:100000100000000 > max_qty:100000000000000" },
      { "qty above the most of a market order", { orderType = "Market", qty = "200001" }, 10001,
        "The number of contracts exceeds maximum limit allowed: too large, order_qty:20000100000000 > max_qty:20000000000000" },
      { "triggerPrice without triggerDirection", { triggerPrice = "31000" }, 10001, "params error: TriggerDirection invalid" },
      { "trigger to rise to, below", { triggerPrice = "29000", triggerDirection = 1 }, 110092,
        "expect Rising, but trigger_price[290000000] <= current[300000000]??LastPrice" },
      { "trigger to rise to, equal", { triggerPrice = "30000", triggerDirection = 1 }, 110092,
        "expect Rising, but trigger_price[300000000] <= current[300000000]??LastPrice" },
      { "trigger to fall to, above", { triggerPrice = "31000", triggerDirection = 2 }, 110093,
        "expect Falling, but trigger_price[310000000] >= current[300000000]??LastPrice" },
      { "trigger to fall to, equal, by the mark price", { triggerPrice = "30000", triggerDirection = 2, triggerBy = "MarkPrice" },
        110093, "expect Falling, but trigger_price[300000000] >= current[300000000]??MarkPrice" },
      { "reduce-only without a position", { reduceOnly = true }, 110017,
        "current position is zero, cannot fix reduce-only order qty" },
      { "qty 0 to close, without a position", { qty = "0", reduceOnly = true, closeOnTrigger = true, orderType = "Market" },
        110017, "current position is zero, cannot fix reduce-only order qty" },
      { "reduce-only with take profit", { reduceOnly = true, takeProfit = "31000" }, 110057 },
      { "reduce-only that is no boolean", { reduceOnly = "yes" }, 10001 },
      { "limit take profit in Full mode", { takeProfit = "31000", tpslMode = "Full", tpOrderType = "Limit",
        tpLimitPrice = "31000" }, 10001 },
      { "limit take profit without its price", { takeProfit = "31000", tpslMode = "Partial", tpOrderType = "Limit" }, 10001 },
      { "stop order type without tpslMode", { stopLoss = "29000", slOrderType = "Limit", slLimitPrice = "29000" }, 10001,
        "slOrderType can not have a value when tpSlMode is empty" },
      { "take profit of a buy below its price", { takeProfit = "29000" }, 10001,
        "TakeProfit:290000000 set for Buy position should higher than base_price:299900000??LastPrice" },
      { "stop loss of a buy above its price", { stopLoss = "30500" }, 10001,
        "StopLoss:305000000 set for Buy position should lower than base_price:299900000??LastPrice" },
      { "stop loss of a sell below its price", { side = "Sell", price = "30100", stopLoss = "30000" }, 10001,
        "StopLoss:300000000 set for Sell position should higher than base_price:301000000??LastPrice" },
      { "hedge mode's positionIdx", { positionIdx = 1 }, 10001, "position idx not match position mode" },
      { "slippage of 0 ticks", { orderType = "Market", slippageToleranceType = "TickSize", slippageTolerance = "0" }, 110108 },
      { "slippage of 10001 ticks", { orderType = "Market", slippageToleranceType = "TickSize", slippageTolerance = "10001" },
        110108 },
      { "slippage of half a tick", { orderType = "Market", slippageToleranceType = "TickSize", slippageTolerance = "1.5" },
        110108 },
      { "slippage of 11 %", { orderType = "Market", slippageToleranceType = "Percent", slippageTolerance = "11" }, 110109 },
      { "slippage of 0.001 %", { orderType = "Market", slippageToleranceType = "Percent", slippageTolerance = "0.001" }, 110109 },
      { "slippage with one of its two", { orderType = "Market", slippageTolerance = "5" }, 10001 },
      { "slippage of a limit order", { slippageToleranceType = "TickSize", slippageTolerance = "5" }, 10001 },
      { "a book level that is none", { bboSideType = "Queue", bboLevel = "6", price = false }, 10001 },
      { "smpType unknown", { smpType = "Cancel" }, 10001 },
    } do
      it(case[1], function()
        local body = order(case[2])
        if body.category == "" then body.category = cjson.null end
        local done = caller:post("order/create", body)
        assert.equal(case[3], done.retCode, done.retMsg)
        if case[4] then assert.equal(case[4], done.retMsg) end
        assert.same({}, done.result)
        assert.same({}, exchange:books().orders)
      end)
    end

    it("not enough margin", function()
      local poor <close> = assert(paper.start { clock = "manual", limits = false, deposit = { BTC = "0.0001" } })
      poor:set_price("BTCUSD", "30000")
      local asker = wire.caller(poor)
      local done = asker:post("order/create", order { qty = "100" })
      asker:hang_up()
      assert.equal(110007, done.retCode)
      assert.equal("ab not enough for new order", done.retMsg)
    end)

    it("a qty below the contract's smallest", function()
      local coarse <close> = assert(paper.start { clock = "manual", limits = false, instruments = {
        { symbol = "BTCUSD", base = "BTC", min_qty = "10" } } })
      local asker = wire.caller(coarse)
      local done = asker:post("order/create", order { qty = "9" })
      asker:hang_up()
      assert.equal(10001, done.retCode)
      assert.equal("The number of contracts exceeds minimum limit allowed", done.retMsg)
    end)

    it("a contract that is not live", function()
      local dead <close> = assert(paper.start { clock = "manual", limits = false, instruments = {
        { symbol = "BTCUSD", base = "BTC", status = "Closed" } } })
      local asker = wire.caller(dead)
      assert.equal(110074, asker:post("order/create", order()).retCode)
      assert.same({}, asker:must("GET", "market/instruments-info", {}).list)
      assert.equal("Closed", asker:must("GET", "market/instruments-info", { status = "Closed" }).list[1].status)
      asker:hang_up()
    end)

    it("an orderLinkId that was used before, whatever became of its order", function()
      local id = caller:place { orderLinkId = "once" }
      for _ = 1, 2 do
        local done = caller:post("order/create", order { orderLinkId = "once" })
        assert.equal(110072, done.retCode)
        assert.equal("OrderLinkedID is duplicate", done.retMsg)
        caller:post("order/cancel", { symbol = "BTCUSD", orderId = id })
      end
    end)

    it("a reduce-only order on the position's own side", function()
      long()
      local done = caller:post("order/create", order { reduceOnly = true })
      assert.equal(110017, done.retCode)
      assert.equal("reduce-only order has same side with current position", done.retMsg)
    end)

    it("a price beyond the price limit, if the account is set so; otherwise the price is moved", function()
      -- X = 0.01, Y = 0.02, mark = index = 30000: highest buy min(30600, max(30000, 30300)) = 30300
      local id = caller:place { price = "31000" }
      assert.equal("30300.0", caller:order(id).price)
      caller:must("POST", "account/set-limit-px-action", { modifyEnable = false })
      local done = caller:post("order/create", order { price = "30300.5" })
      assert.equal(110003, done.retCode)
      assert.equal("Order price is out of permissible range", done.retMsg)
      assert.equal(0, caller:post("order/create", order { price = "30300" }).retCode)
      assert.is_true(caller:must("GET", "account/user-setting-config", {}).lpaPerp)
    end)

    it("a price that is not better than the position's liquidation price", function()
      long()
      local liquidation = caller:position().liqPrice
      assert.equal(110003, caller:post("order/create", order { price = liquidation }).retCode)
      assert.equal(0, caller:post("order/create", order { price = ("%.1f"):format(tonumber(liquidation) + 0.5) }).retCode)
    end)

    it("more than 500 active orders, and more than 10 conditional ones", function()
      for _ = 1, 25 do
        local items = {}
        for i = 1, 20 do items[i] = order { qty = "1" } end
        caller:must("POST", "order/create-batch", { request = items })
      end
      assert.equal(110020, caller:post("order/create", order()).retCode)
      for _ = 1, 10 do caller:place { triggerPrice = "31000", triggerDirection = 1 } end
      assert.equal(110009, caller:post("order/create", order { triggerPrice = "31000", triggerDirection = 1 }).retCode)
    end)

    it("more active orders than the option 'active_orders' allows, on each symbol", function()
      local narrow <close> = wire.start { active_orders = 3 }
      local asker = wire.caller(narrow)
      for _ = 1, 3 do asker:place() end
      local refused = asker:post("order/create", order())
      assert.same({ 110020, "You can't have more than 3 active orders" }, { refused.retCode, refused.retMsg })
      asker:must("POST", "order/cancel-all", { symbol = "BTCUSD" })
      asker:place()
      asker:hang_up()
    end)
  end)

  ---------------------------------------------------------------------------------------------------------------

  describe("of bodies and queries", function()
    for _, body in ipairs { "", "[]", "nonsense", '"text"', "{", "{}x", '{"qty":1e999}', "{\"a\":\xff}" } do
      it(("body %q"):format(body), function()
        local answer = raw.request(exchange.port, "POST", "/v5/order/create", caller:headers(body), body)
        local done = cjson.decode(answer.body)
        assert.equal(10001, done.retCode)
        assert.equal("Request parameter error.", done.retMsg)
      end)
    end

    it("numbers for strings, null for absent, unknown parameters: no refusal", function()
      local done = caller:post("order/create", { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = 100,
        price = 29990.5, orderLinkId = cjson.null, positionIdx = 0, isLeverage = 1, marketUnit = "baseCoin", nonsense = true })
      assert.equal(0, done.retCode)
      assert.equal("", done.result.orderLinkId)
      local placed = caller:order(done.result.orderId)
      assert.equal("100", placed.qty)
      assert.equal("29990.5", placed.price)
    end)

    local WEEK = 7 * 86400000
    for path, max in pairs { ["order/realtime"] = 50, ["order/history"] = 50, ["execution/list"] = 100, ["position/list"] = 200,
      ["position/closed-pnl"] = 100 } do
      it("limit and cursor of " .. path, function()
        for limit, code in pairs { ["1"] = 0, [tostring(max)] = 0, ["0"] = 10001, [tostring(max + 1)] = 10001, ["-1"] = 10001,
          ["x"] = 10001 } do
          assert.equal(code, (caller:get(path, { limit = limit })).retCode)
        end
        assert.equal(10001, (caller:get(path, { cursor = "page_args%3D1" })).retCode)
      end)
    end

    for _, path in ipairs { "order/history", "execution/list", "position/closed-pnl" } do
      it("a window of " .. path .. " past seven days", function()
        local now = exchange:now()
        assert.equal(0, (caller:get(path, { startTime = now - WEEK, endTime = now })).retCode)
        assert.equal(10001, (caller:get(path, { startTime = now - WEEK - 1, endTime = now })).retCode)
        assert.equal(10001, (caller:get(path, { startTime = now, endTime = now - 1 })).retCode)
        assert.equal(10001, (caller:get(path, { startTime = "yesterday" })).retCode)
      end)
    end

    for _, case in ipairs {
      { "order/history by an open status", "order/history", { orderStatus = "New" }, 181017 },
      { "order/realtime without category", "order/realtime", { category = "" }, 10001, "Illegal category" },
      { "order/realtime of an unknown symbol", "order/realtime", { symbol = "X" }, 10001, "params error: symbol invalid" },
      { "order/realtime of an unknown filter", "order/realtime", { orderFilter = "X" }, 10001 },
      { "wallet-balance of another account type", "account/wallet-balance", { accountType = "CONTRACT" }, 10001 },
      { "market/tickers of an unknown symbol", "market/tickers", { symbol = "X" }, 10001, "params error: symbol invalid" },
      { "market/kline of an unknown interval", "market/kline", { symbol = "BTCUSD", interval = "2" }, 10001 },
      { "market/orderbook too deep", "market/orderbook", { symbol = "BTCUSD", limit = 1001 }, 10001 },
      { "funding history from a moment alone", "market/funding/history", { symbol = "BTCUSD", startTime = 1 }, 10001 },
    } do
      it(case[1], function()
        local done = caller:get(case[2], case[3])
        assert.equal(case[4], done.retCode)
        if case[5] then assert.equal(case[5], done.retMsg) end
      end)
    end

    it("lists of a category that is not simulated are empty, orders in it are refused", function()
      for _, path in ipairs { "market/instruments-info", "market/tickers", "order/realtime", "order/history", "execution/list",
        "position/list", "account/fee-rate" } do
        for _, category in ipairs { "spot", "option" } do
          local done = caller:get(path, { category = category })
          assert.equal(0, done.retCode, path)
          assert.same({}, done.result.list)
        end
      end
      assert.equal(10001, caller:post("order/create", order { category = "spot" }).retCode)
    end)
  end)

  ---------------------------------------------------------------------------------------------------------------

  describe("of amend and cancel", function()
    local id

    before_each(function() id = caller:place { orderLinkId = "mine" } end)

    local GONE = { amend = "order not exists or too late to replace", cancel = "order not exists or too late to cancel" }

    for verb, text in pairs(GONE) do
      it(verb .. ": unknown order, closed order, another symbol's, no id", function()
        local path = "order/" .. verb
        for _, ids in ipairs { { orderId = "x" }, { orderLinkId = "x" }, { orderId = id, symbol = "ETHUSD" } } do
          local done = caller:post(path, { symbol = ids.symbol or "BTCUSD", orderId = ids.orderId,
            orderLinkId = ids.orderLinkId, qty = "200" })
          assert.equal(110001, done.retCode)
          assert.equal(text, done.retMsg)
        end
        assert.equal(10001, caller:post(path, { symbol = "BTCUSD", qty = "200" }).retCode)
        caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = id })
        local done = caller:post(path, { symbol = "BTCUSD", orderId = id, qty = "200" })
        assert.equal(110001, done.retCode)
        assert.equal(text, done.retMsg)
      end)
    end

    for _, case in ipairs {
      { "nothing", {}, 10001, "The order remains unchanged as the parameters entered match the existing ones." },
      { "the same values", { qty = "100", price = "29990" }, 10001,
        "The order remains unchanged as the parameters entered match the existing ones." },
      { "the same values, written otherwise", { qty = "100.0", price = "29990.00" }, 10001,
        "The order remains unchanged as the parameters entered match the existing ones." },
      { "a qty off the step", { qty = "1.5" }, 10001, "params error: qty err" },
      { "a price off the tick", { price = "29990.1" }, 10001 },
      { "a trigger price of an order without one", { triggerPrice = "31000" }, 10001 },
      { "a take profit on the wrong side", { takeProfit = "29000", tpTriggerBy = "LastPrice" }, 10001,
        "TakeProfit:290000000 set for Buy position should higher than base_price:299900000??LastPrice" },
      { "a first take profit without its trigger type", { takeProfit = "31000" }, 10001 },
      { "a limit price of a take profit that has none", { takeProfit = "31000", tpTriggerBy = "LastPrice",
        tpLimitPrice = "31000" }, 10001 },
    } do
      it("amend: " .. case[1], function()
        local body = { symbol = "BTCUSD", orderId = id }
        for k, v in pairs(case[2]) do body[k] = v end
        local done = caller:post("order/amend", body)
        assert.equal(case[3], done.retCode, done.retMsg)
        if case[4] then assert.equal(case[4], done.retMsg) end
      end)
    end

    it("amend: qty that is not above what is filled, TP/SL of a part-filled order", function()
      local half = caller:place { qty = "100", price = "30000", timeInForce = "PostOnly" }
      caller:place { side = "Sell", qty = "40", price = "30000" }
      local record = caller:order(half)
      assert.equal("PartiallyFilled", record.orderStatus)
      assert.equal("40", record.cumExecQty)
      for _, qty in ipairs { "40", "39" } do
        assert.equal(110064, caller:post("order/amend", { symbol = "BTCUSD", orderId = half, qty = qty }).retCode)
      end
      assert.equal(110059, caller:post("order/amend", { symbol = "BTCUSD", orderId = half, takeProfit = "31000",
        tpTriggerBy = "LastPrice" }).retCode)
      assert.equal(0, caller:post("order/amend", { symbol = "BTCUSD", orderId = half, qty = "41" }).retCode)
    end)

    it("amend: more than the margin allows", function()
      local poor <close> = assert(paper.start { clock = "manual", limits = false, deposit = { BTC = "0.001" } })
      poor:set_price("BTCUSD", "30000")
      local asker = wire.caller(poor)
      local small = asker:place { qty = "100" }
      local done = asker:post("order/amend", { symbol = "BTCUSD", orderId = small, qty = "1000" })
      assert.equal(110007, done.retCode)
      assert.equal("ab not enough for new order", done.retMsg)
      assert.equal("100", asker:order(small).qty)
      asker:hang_up()
    end)

    it("cancel-all without symbol, baseCoin or settleCoin; nothing to cancel is no error", function()
      assert.equal(10001, caller:post("order/cancel-all", {}).retCode)
      assert.equal(10001, caller:post("order/cancel-all", { symbol = "X" }).retCode)
      local done = caller:post("order/cancel-all", { symbol = "ETHUSD" })
      assert.equal(0, done.retCode)
      assert.same({}, done.result.list)
    end)

    it("an id that is unknown is an empty list, not an error", function()
      local done = caller:get("order/realtime", { orderId = "x" })
      assert.equal(0, done.retCode)
      assert.same({}, done.result.list)
    end)
  end)

  ---------------------------------------------------------------------------------------------------------------

  describe("of positions", function()
    local function post(path, fields)
      local body = { symbol = "BTCUSD" }
      for k, v in pairs(fields) do body[k] = v end
      return caller:post("position/" .. path, body)
    end

    for _, case in ipairs {
      { "trading-stop without a position", "trading-stop", { tpslMode = "Full", takeProfit = "31000", positionIdx = 0 }, 10001,
        "can not set tp/sl/ts for zero position" },
      { "trading-stop in hedge mode", "trading-stop", { tpslMode = "Full", takeProfit = "31000", positionIdx = 2 }, 10001,
        "position idx not match position mode" },
      { "leverage as it is", "set-leverage", { buyLeverage = "10", sellLeverage = "10" }, 110043, "leverage not modified" },
      { "leverage too high", "set-leverage", { buyLeverage = "101", sellLeverage = "101" }, 110013 },
      { "leverage unequal", "set-leverage", { buyLeverage = "5", sellLeverage = "6" }, 10001 },
      { "leverage below 1", "set-leverage", { buyLeverage = "0.5", sellLeverage = "0.5" }, 10001 },
      { "leverage off its step", "set-leverage", { buyLeverage = "5.001", sellLeverage = "5.001" }, 10001 },
      { "one-way mode again", "switch-mode", { mode = 0 }, 110025, "Position mode is not modified" },
      { "hedge mode", "switch-mode", { mode = 3 }, 110029 },
      { "a mode that is none", "switch-mode", { mode = 1 }, 10001, "params error: position_mode invalid" },
      { "margin without a position", "add-margin", { margin = "0.01" }, 110033 },
      { "margin with five decimals", "add-margin", { margin = "0.00001" }, 10001 },
      { "isolated per symbol", "switch-isolated", { tradeMode = 1, buyLeverage = "5", sellLeverage = "5" }, 10001 },
    } do
      it(case[1], function()
        local done = post(case[2], case[3])
        assert.equal(case[4], done.retCode, done.retMsg)
        if case[5] then assert.equal(case[5], done.retMsg) end
      end)
    end

    it("a margin mode other than isolated, with its reasons", function()
      local done = caller:post("account/set-margin-mode", { setMarginMode = "REGULAR_MARGIN" })
      assert.equal(3400045, done.retCode)
      assert.equal("string", type(done.result.reasons[1].reasonMsg))
      assert.equal(0, caller:post("account/set-margin-mode", { setMarginMode = "ISOLATED_MARGIN" }).retCode)
    end)

    describe("with a long", function()
      before_each(function() long() end)

      for _, case in ipairs {
        { "a take profit below the price", { tpslMode = "Full", takeProfit = "29000" }, 10001,
          "TakeProfit:290000000 set for Buy position should higher than base_price:300000000??LastPrice" },
        { "a stop loss above the price", { tpslMode = "Full", stopLoss = "31000" }, 10001,
          "StopLoss:310000000 set for Buy position should lower than base_price:300000000??LastPrice" },
        { "the mark price is the one that counts when it triggers",
          { tpslMode = "Full", stopLoss = "31000", slTriggerBy = "MarkPrice" }, 10001,
          "StopLoss:310000000 set for Buy position should lower than base_price:300000000??MarkPrice" },
        { "nothing", { tpslMode = "Full" }, 34040, "not modified" },
        { "to remove what is not there", { tpslMode = "Full", takeProfit = "0", trailingStop = "0" }, 34040, "not modified" },
        { "a limit in Full mode", { tpslMode = "Full", takeProfit = "31000", tpOrderType = "Limit", tpLimitPrice = "31000" },
          10001 },
        { "sizes that differ", { tpslMode = "Partial", takeProfit = "31000", stopLoss = "29000", tpSize = "50", slSize = "40" },
          10001 },
        { "a size above the position's", { tpslMode = "Partial", takeProfit = "31000", tpSize = "101" }, 10001 },
        { "an activation price below the price", { tpslMode = "Full", trailingStop = "100", activePrice = "29000" }, 10001 },
        { "a trailing distance off the tick", { tpslMode = "Full", trailingStop = "0.3" }, 10001 },
        { "a trailing distance that leaves no price", { tpslMode = "Full", trailingStop = "30000" }, 10001 },
      } do
        it("trading-stop: " .. case[1], function()
          local done = post("trading-stop", case[2])
          assert.equal(case[3], done.retCode, done.retMsg)
          if case[4] then assert.equal(case[4], done.retMsg) end
          assert.same({}, caller:must("GET", "order/realtime", { orderFilter = "StopOrder" }).list)
        end)
      end

      it("trading-stop: the same values again", function()
        local stops = { tpslMode = "Full", takeProfit = "31000", stopLoss = "29000", trailingStop = "500" }
        assert.equal(0, post("trading-stop", stops).retCode)
        assert.equal(34040, post("trading-stop", stops).retCode)
      end)

      it("trading-stop: over 20 partial ones", function()
        for _ = 1, 10 do
          post("trading-stop", { tpslMode = "Partial", takeProfit = "31000", stopLoss = "29000", tpSize = "5", slSize = "5" })
        end
        assert.equal(20, #caller:must("GET", "order/realtime", { orderFilter = "StopOrder", limit = 50 }).list)
        assert.equal(110061, post("trading-stop", { tpslMode = "Partial", takeProfit = "31000", tpSize = "5" }).retCode)
        assert.equal(110061, caller:post("order/create", order { tpslMode = "Partial", takeProfit = "31000" }).retCode)
      end)

      it("margin: adding more than there is, removing more than was added", function()
        assert.equal(110014, post("add-margin", { margin = "1000" }).retCode)
        assert.equal(0, post("add-margin", { margin = "0.01" }).retCode)
        assert.equal(110078, post("add-margin", { margin = "-0.02" }).retCode)
        assert.equal(0, post("add-margin", { margin = "-0.01" }).retCode)
      end)
    end)
  end)

  describe("of batches", function()
    it("are separate for each item; the envelope is a success", function()
      local done = caller:post("order/create-batch", { request = { order(), order { symbol = "X" }, order { qty = "0" },
        cjson.null, order { symbol = { "BTCUSD" }, orderLinkId = { 1 } }, order { orderLinkId = "b" } } })
      assert.equal(0, done.retCode)
      local codes = {}
      for i, item in ipairs(done.retExtInfo.list) do codes[i] = item.code end
      assert.same({ 0, 10001, 10001, 10001, 10001, 0 }, codes)
      assert.equal("Qty invalid", done.retExtInfo.list[3].msg)
      assert.equal("OK", done.retExtInfo.list[6].msg)
      assert.equal("", done.result.list[2].orderId)
      assert.equal("", done.result.list[2].createAt)
      assert.equal("b", done.result.list[6].orderLinkId)
      assert.equal(tostring(exchange:now()), done.result.list[6].createAt)
      assert.equal(2, #exchange:books().orders)
    end)

    it("of no item or more than 20", function()
      local many = {}
      for i = 1, 21 do many[i] = order() end
      for _, items in ipairs { {}, many, "x" } do
        assert.equal(10001, caller:post("order/create-batch", { request = items }).retCode)
      end
    end)

    it("count as many requests as they have items; items above the limit are refused one by one", function()
      local other <close> = assert(paper.start { clock = "manual" })
      other:set_price("BTCUSD", "30000")
      local asker = wire.caller(other)
      local items = {}
      for i = 1, 12 do items[i] = order() end
      local done, answer = asker:post("order/create-batch", { request = items })
      assert.equal(0, done.retCode)
      local codes = {}
      for i, item in ipairs(done.retExtInfo.list) do codes[i] = item.code end
      assert.same({ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10006, 10006 }, codes)
      assert.equal("0", answer.headers["x-bapi-limit-status"])
      assert.equal(10006, asker:post("order/create-batch", { request = items }).retCode)
      assert.equal(0, asker:post("order/create", order()).retCode) -- counted separately
      asker:hang_up()
    end)

    it("amend-batch does not change conditional orders", function()
      local id = caller:place { triggerPrice = "31000", triggerDirection = 1 }
      local done = caller:post("order/amend-batch", { request = { { symbol = "BTCUSD", orderId = id, qty = "50" } } })
      assert.equal(10001, done.retExtInfo.list[1].code)
    end)
  end)
end)
