-- npm's ccxt trades on the paper exchange. ccxt tells prices and sizes as floats, and keeps the exchange's record as `info`: that one is
-- compared with what our own client is told, digit by digit.

local cjson = require "cjson"
local foreign = require "spec.support.foreign"
local trading = require "spec.support.trading"

local text = trading.text
local missing = foreign.missing "ccxt"

local CONTRACTS = {
  { category = "inverse", symbol = "BTCUSD", market = "BTC/USD:BTC", coin = "BTC", quantity = 100, more = 200, least = 1 },
  { category = "linear", symbol = "BTCUSDT", market = "BTC/USDT:USDT", coin = "USDT", quantity = 0.1, more = 0.2,
    least = 0.001 },
}

for _, c in ipairs(CONTRACTS) do
  describe("ccxt on " .. c.category, function()
    local exchange, ours, theirs

    if missing then return it("trades", function() pending(missing) end) end

    before_each(function()
      exchange, ours = trading.start({ category = c.category }, { clock = "real" })
      exchange:set_price(c.symbol, "30000")
      theirs = foreign.start("ccxt", exchange)
    end)

    after_each(function()
      theirs:close()
      ours:close()
      exchange:close()
    end)

    it("loads the markets", function()
      local market = assert(theirs:call("loadMarkets")[c.market], "no " .. c.market)
      assert.same({ c.symbol, c.coin, true, c.least }, { market.id, market.settle, market[c.category], market.limits.amount.min })
      local contract = assert(ours:get_instruments { symbol = c.symbol })[1]
      assert.equal(contract.tick_size:tonumber(), market.precision.price)
      assert.equal(contract.quantity_step:tonumber(), market.precision.amount)
    end)

    it("reads the market", function()
      local ticker, own = theirs:call("fetchTicker", c.market), assert(ours:get_ticker { symbol = c.symbol })
      assert.same({ ticker.info.lastPrice, ticker.info.markPrice }, { text(own.last_price), text(own.mark_price) })
      assert.equal(30000, ticker.last)
      local book = theirs:call("fetchOrderBook", c.market, 5)
      local own_book = assert(ours:get_order_book { symbol = c.symbol, depth = 5 })
      for i = 1, 5 do
        assert.same({ own_book.bids[i].price:tonumber(), own_book.asks[i].quantity:tonumber() },
          { book.bids[i][1], book.asks[i][2] })
      end
      for _, method in ipairs { "fetchOHLCV", "fetchMarkOHLCV", "fetchIndexOHLCV" } do
        assert.equal(30000, theirs:call(method, c.market, "1m")[1][5], method)
      end
      assert.equal(0, theirs:call("fetchPremiumIndexOHLCV", c.market, "1m")[1][5])
      local trade = theirs:call("fetchTrades", c.market)[1]
      assert.same({ c.market, true }, { trade.symbol, trade.price > 0 })
      assert.equal(text(own.funding_rate), theirs:call("fetchFundingRate", c.market).info.fundingRate)
      assert.truthy(theirs:call("fetchMarketLeverageTiers", c.market)[1].maxLeverage >= 50)
      assert.equal("ok", theirs:call("fetchStatus").status)
      for _, method in ipairs { "fetchFundingRateHistory", "fetchOpenInterestHistory", "fetchLongShortRatioHistory" } do
        theirs:call(method, c.market)
      end
    end)

    it("reads the account", function()
      local balance = theirs:call("fetchBalance")
      assert.equal(assert(ours:get_balance { coin = c.coin }).wallet_balance:tonumber(), balance[c.coin].total)
      local fee, own = theirs:call("fetchTradingFee", c.market), assert(ours:get_fee_rate { symbol = c.symbol })[1]
      assert.equal(text(own.taker_fee_rate), fee.info.takerFeeRate)
      assert.truthy(theirs:call("fetchCurrencies")[c.coin])
      for _, method in ipairs { "fetchLedger", "fetchDeposits" } do theirs:call(method, c.coin) end
      theirs:call "fetchTransfers"
    end)

    it("places, changes and cancels orders", function()
      local placed = theirs:call("createOrder", c.market, "limit", "buy", c.quantity, 25000.5, { clientOrderId = "sdk-1" })
      local seen = assert(ours:get_open_order_real_time { symbol = c.symbol, order_id = placed.id })
      assert.same({ "sdk-1", "25000.5", c.quantity }, { seen.client_order_id, text(seen.price), seen.quantity:tonumber() })
      theirs:call("editOrder", placed.id, c.market, "limit", "buy", c.more, 25001)
      local listed = theirs:call("fetchOpenOrders", c.market)[1]
      seen = assert(ours:get_open_order_real_time { symbol = c.symbol, order_id = placed.id })
      assert.same({ text(seen.price), text(seen.quantity) }, { listed.info.price, listed.info.qty })
      assert.same({ 25001, c.more, "open" }, { listed.price, listed.amount, listed.status })
      theirs:call("cancelOrder", placed.id, c.market)
      assert.equal("canceled", theirs:call("fetchCanceledOrders", c.market)[1].status)
      assert.equal("Cancelled", assert(ours:get_orders { symbol = c.symbol, order_id = placed.id })[1].status)
      local _, err = theirs:try("cancelOrder", placed.id, c.market)
      assert.matches("110001", err)
    end)

    it("opens and closes a position", function()
      theirs:call("setLeverage", 5, c.market)
      theirs:call("createOrder", c.market, "market", "buy", c.quantity)
      local position, own = theirs:call("fetchPosition", c.market), assert(ours:get_position { symbol = c.symbol })
      assert.same({ "long", c.quantity, 5 }, { position.side, position.contracts, position.leverage })
      assert.same({ text(own.entry_price), text(own.liquidation_price), text(own.position_value) },
        { position.info.avgPrice, position.info.liqPrice, position.info.positionValue })
      exchange:set_price(c.symbol, "30300")
      theirs:call("createOrder", c.market, "market", "sell", c.quantity, cjson.null, { reduceOnly = true })
      assert.truthy(assert(ours:get_position { symbol = c.symbol }):is_flat())
      local history, closed = theirs:call("fetchPositionsHistory", { c.market })[1],
        assert(ours:get_closed_profit_loss { symbol = c.symbol })[1]
      assert.equal(text(closed.closed_pnl), history.info.closedPnl)
      local fills, own_fills = theirs:call("fetchMyTrades", c.market), assert(ours:get_user_trades { symbol = c.symbol })
      assert.same({ 2, 2 }, { #fills, #own_fills })
      for i, fill in ipairs(fills) do -- the oldest first
        local same = own_fills[3 - i]
        assert.same({ same.trade_id, text(same.price), text(same.fee) }, { fill.id, fill.info.execPrice, fill.info.execFee })
      end
      local entries, log = theirs:call("fetchLedger", c.coin), assert(ours:get_transaction_history { currency = c.coin })
      assert.equal(#log, #entries)
    end)

    it("places several orders at once, a stop, and cancels all", function()
      local rows = {}
      for i = 1, 3 do rows[i] = { symbol = c.market, type = "limit", side = "buy", amount = c.quantity, price = 25000 + i } end
      local placed = theirs:call("createOrders", rows)
      local open = assert(ours:get_open_orders_real_time { symbol = c.symbol }) -- the newest first
      assert.same({ placed[3].id, placed[2].id, placed[1].id }, { open[1].order_id, open[2].order_id, open[3].order_id })
      local stop = theirs:call("createOrder", c.market, "market", "sell", c.quantity, cjson.null,
        { triggerPrice = 29500, triggerDirection = "descending" })
      assert.equal(stop.id, assert(ours:get_open_conditional_orders_real_time { symbol = c.symbol })[1].order_id)
      exchange:set_price(c.symbol, "29400")
      assert.equal("Filled", assert(ours:get_conditional_orders { symbol = c.symbol, order_id = stop.id })[1].status)
      assert.equal(3, #theirs:call("cancelAllOrders", c.market))
      assert.equal(0, #assert(ours:get_open_orders_real_time { symbol = c.symbol }))
    end)
  end)
end
