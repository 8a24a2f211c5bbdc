-- npm's bybit-api trades on the paper exchange. What it is told is what our own client is told, digit by digit.

local foreign = require "spec.support.foreign"
local trading = require "spec.support.trading"

local text = trading.text
local missing = foreign.missing "bybit-api"

local CONTRACTS = {
  { category = "inverse", symbol = "BTCUSD", coin = "BTC", quantity = "100", more = "200", far = "25000.5", near = "25001",
    stop = "28000", above = "33000" },
  { category = "linear", symbol = "BTCUSDT", coin = "USDT", quantity = "0.1", more = "0.2", far = "25000.5", near = "25001",
    stop = "28000", above = "33000" },
}

-- A result of the library, whose answer has to be a success.
local function result(client, method, p)
  local answer = client:call(method, p)
  if answer.retCode ~= 0 then error(("%s: %s %s"):format(method, answer.retCode, answer.retMsg), 2) end
  return answer.result
end

for _, c in ipairs(CONTRACTS) do
  describe("bybit-api on " .. c.category, function()
    local exchange, ours, theirs

    if missing then return it("trades", function() pending(missing) end) end

    before_each(function()
      exchange, ours = trading.start({ category = c.category }, { clock = "real" })
      exchange:set_price(c.symbol, "30000")
      theirs = foreign.start("bybit_api", exchange)
    end)

    after_each(function()
      theirs:close()
      ours:close()
      exchange:close()
    end)

    local function ask(method, more)
      local p = { category = c.category, symbol = c.symbol }
      for k, v in pairs(more or {}) do p[k] = v end
      return result(theirs, method, p)
    end

    local function order(more)
      local p = { side = "Buy", orderType = "Limit", qty = c.quantity, price = c.far }
      for k, v in pairs(more or {}) do p[k] = v ~= false and v or nil end
      return ask("submitOrder", p).orderId
    end

    local function market(side, quantity) return order { side = side, orderType = "Market", qty = quantity, price = false } end

    it("reads the market", function()
      local instrument = ask("getInstrumentsInfo").list[1]
      local contract = assert(ours:get_instruments { symbol = c.symbol })[1]
      assert.same({ instrument.priceFilter.tickSize, instrument.lotSizeFilter.qtyStep, instrument.settleCoin,
        instrument.contractType }, { text(contract.tick_size), text(contract.quantity_step),
        contract.settle_coin, contract.contract_type })
      local ticker, own = ask("getTickers").list[1], assert(ours:get_ticker { symbol = c.symbol })
      assert.same({ ticker.lastPrice, ticker.markPrice, ticker.fundingRate, ticker.bid1Price, ticker.ask1Size },
        { text(own.last_price), text(own.mark_price), text(own.funding_rate), text(own.bid_price), text(own.ask_quantity) })
      local book = ask("getOrderbook", { limit = 5 })
      local own_book = assert(ours:get_order_book { symbol = c.symbol, depth = 5 })
      for i = 1, 5 do
        assert.same({ { text(own_book.bids[i].price), text(own_book.bids[i].quantity) },
          { text(own_book.asks[i].price), text(own_book.asks[i].quantity) } }, { book.b[i], book.a[i] })
      end
      for method, own_method in pairs { getKline = "get_klines", getMarkPriceKline = "get_mark_price_klines",
        getIndexPriceKline = "get_index_price_klines" } do
        local row = ask(method, { interval = "1", limit = 1 }).list[1]
        local candle = assert(ours[own_method](ours, { symbol = c.symbol, interval = "1", start_time = tonumber(row[1]),
          limit = 1 }))[1]
        assert.same({ row[1], row[2], row[5] },
          { tostring(candle.start_time), text(candle.open_price), text(candle.close_price) })
      end
      local tier, own_tier = ask("getRiskLimit").list[1], assert(ours:get_risk_limit { symbol = c.symbol })[1]
      assert.same({ tier.riskLimitValue, tier.maxLeverage }, { text(own_tier.risk_limit_value), text(own_tier.max_leverage) })
    end)

    it("reads what there is beside the market", function()
      for _, method in ipairs { "getPremiumIndexPriceKline", "getPublicTradingHistory", "getFundingRateHistory",
        "getOrderPriceLimit", "getADLAlert", "getIndexPriceComponents", "getInsurance", "getDeliveryPrice" } do
        ask(method, { interval = "1", limit = 5, indexName = c.symbol })
      end
      ask("getOpenInterest", { intervalTime = "1h" })
      ask("getLongShortRatio", { period = "1h" })
      result(theirs, "getSystemStatus", {})
      assert.equal(0, theirs:call("getServerTime").retCode)
    end)

    it("reads the account", function()
      local balance, own = result(theirs, "getWalletBalance", { accountType = "UNIFIED", coin = c.coin }).list[1],
        assert(ours:get_balance { coin = c.coin })
      assert.equal(text(own.wallet_balance), balance.coin[1].walletBalance)
      local fees, own_fees = ask("getFeeRate").list[1], assert(ours:get_fee_rate { symbol = c.symbol })[1]
      assert.same({ fees.takerFeeRate, fees.makerFeeRate }, { text(own_fees.taker_fee_rate), text(own_fees.maker_fee_rate) })
      result(theirs, "getTransferableAmount", { coinName = c.coin })
      result(theirs, "getAllCoinsBalance", { accountType = "UNIFIED", coin = c.coin })
      for _, method in ipairs { "getAccountInfo", "getQueryApiKey", "getSMPGroup", "getCollateralInfo", "getDCPInfo" } do
        assert.equal(0, theirs:call(method).retCode, method)
      end
      assert.equal(0, theirs:call("getTransactionLog", { accountType = "UNIFIED", category = c.category }).retCode)
    end)

    it("places, changes and cancels orders", function()
      local id = order { orderLinkId = "sdk-1" }
      local seen = assert(ours:get_open_order_real_time { symbol = c.symbol, order_id = id })
      assert.same({ "sdk-1", c.far, c.quantity, "New" },
        { seen.client_order_id, text(seen.price), text(seen.quantity), seen.status })
      ask("amendOrder", { orderId = id, qty = c.more, price = c.near })
      local listed = ask("getActiveOrders", { orderId = id }).list[1]
      seen = assert(ours:get_open_order_real_time { symbol = c.symbol, order_id = id })
      assert.same({ c.near, c.more }, { listed.price, listed.qty })
      assert.same({ c.near, c.more }, { text(seen.price), text(seen.quantity) })
      ask("cancelOrder", { orderLinkId = "sdk-1" })
      assert.equal("Cancelled", ask("getHistoricOrders", { orderId = id }).list[1].orderStatus)
      assert.equal("Cancelled", assert(ours:get_orders { symbol = c.symbol, order_id = id })[1].status)
    end)

    it("is refused in the exchange's words", function()
      local answer = theirs:call("cancelOrder", { category = c.category, symbol = c.symbol, orderId = "nothing" })
      assert.equal(110001, answer.retCode)
      local refused = theirs:call("submitOrder", { category = c.category, symbol = c.symbol, side = "Buy", orderType = "Limit",
        qty = "0", price = c.far })
      assert.not_equal(0, refused.retCode)
      assert.equal(0, #assert(ours:get_open_orders_real_time { symbol = c.symbol }))
    end)

    it("opens a position, guards it with stops, and closes it to a profit that the books show", function()
      ask("setLeverage", { buyLeverage = "5", sellLeverage = "5" })
      market("Buy", c.quantity)
      ask("setTradingStop", { stopLoss = c.stop, takeProfit = c.above, positionIdx = 0 })
      local position, held = ask("getPositionInfo").list[1], assert(ours:get_position { symbol = c.symbol })
      assert.same({ "Buy", c.quantity, "5" }, { position.side, position.size, position.leverage })
      assert.same({ position.avgPrice, position.stopLoss, position.takeProfit, position.liqPrice },
        { text(held.entry_price), text(held.stop_loss_price), text(held.take_profit_price), text(held.liquidation_price) })
      exchange:set_price(c.symbol, "30300")
      market("Sell", c.quantity)
      assert.truthy(assert(ours:get_position { symbol = c.symbol }):is_flat())
      local closed, own_closed = ask("getClosedPnL").list[1], assert(ours:get_closed_profit_loss { symbol = c.symbol })[1]
      assert.equal(closed.closedPnl, text(own_closed.closed_pnl))
      assert.truthy(own_closed.closed_pnl > 0)
      local fills, own_fills = ask("getExecutionList").list, assert(ours:get_user_trades { symbol = c.symbol })
      assert.equal(#own_fills, #fills)
      for i, fill in ipairs(fills) do
        local own = own_fills[i]
        assert.same({ fill.execId, fill.execPrice, fill.execFee }, { own.trade_id, text(own.price), text(own.fee) })
      end
    end)

    it("places, changes and cancels several orders at once", function()
      local function rows(more)
        local list = {}
        for i = 1, 3 do
          list[i] = { symbol = c.symbol, orderLinkId = "batch-" .. i }
          for k, v in pairs(more) do list[i][k] = v end
        end
        return list
      end
      local function accepted(answer)
        for i, row in ipairs(answer.retExtInfo.list) do assert.equal(0, row.code, i .. ": " .. row.msg) end
        return #answer.retExtInfo.list
      end
      assert.equal(3, accepted(theirs:call("batchSubmitOrders", c.category,
        rows { side = "Buy", orderType = "Limit", qty = c.quantity, price = c.far })))
      assert.equal(3, accepted(theirs:call("batchAmendOrders", c.category, rows { price = c.near })))
      local open = assert(ours:get_open_orders_real_time { symbol = c.symbol })
      assert.equal(3, #open)
      for _, o in ipairs(open) do assert.equal(c.near, text(o.price)) end
      assert.equal(3, accepted(theirs:call("batchCancelOrders", c.category, rows {})))
      assert.equal(0, #assert(ours:get_open_orders_real_time { symbol = c.symbol }))
    end)

    it("places a conditional order that fires, and cancels all", function()
      local id = order { side = "Sell", orderType = "Market", price = false, triggerPrice = "29500", triggerDirection = 2 }
      assert.equal("Untriggered", ask("getActiveOrders", { orderFilter = "StopOrder" }).list[1].orderStatus)
      order {}
      exchange:set_price(c.symbol, "29400")
      assert.equal("Filled", assert(ours:get_conditional_orders { symbol = c.symbol, order_id = id })[1].status)
      assert.equal(1, #ask("cancelAllOrders").list)
    end)
  end)
end

