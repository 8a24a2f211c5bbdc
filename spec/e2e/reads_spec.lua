-- What the methods that read tell on the paper exchange, held against what was done there, and against each other. Amounts are
-- computed here from the rules of inverse contracts.

local bybit = require "bybit"
local trading = require "spec.support.trading"

local D, text = bybit.decimal, trading.text
local MINUTE, HOUR = 60000, 3600000

describe("reads on the paper exchange", function()
  local exchange, client

  before_each(function() exchange, client = trading.start() end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local function trade(side, quantity, more)
    local p = { symbol = "BTCUSD", side = side, type = "Market", quantity = quantity }
    for k, v in pairs(more or {}) do p[k] = v end
    return assert(client:place_order(p)).order_id
  end

  describe("the market", function()
    it("has one clock", function()
      local clock = assert(client:get_server_time {})
      assert.equal(client:now(), clock.timestamp)
      assert.equal(clock.time_second, clock.timestamp // 1000)
    end)

    it("has a ticker that agrees with the book, the trades, the candles and the contract", function()
      trade("Buy", 300)
      exchange:set_price("BTCUSD", "30100", { mark = "30090", index = "30080" })
      local ticker = assert(client:get_ticker { symbol = "BTCUSD" })
      assert.same({ "30100", "30090", "30080" }, { ticker.last_price:key(), ticker.mark_price:key(), ticker.index_price:key() })
      local book = assert(client:get_order_book { symbol = "BTCUSD", depth = 3 })
      assert.same({ 3, 3 }, { #book.bids, #book.asks })
      assert.truthy(ticker.bid_price:eq(book.bids[1].price) and ticker.bid_quantity:eq(book.bids[1].quantity))
      assert.truthy(ticker.ask_price:eq(book.asks[1].price) and ticker.ask_quantity:eq(book.asks[1].quantity))
      assert.truthy(book.bids[1].price > book.bids[2].price and book.asks[1].price < book.asks[2].price)
      local trades = assert(client:get_trade_history { symbol = "BTCUSD", limit = 1 })
      assert.truthy(trades[1].price:eq(ticker.last_price) or trades[1].timestamp <= client:now())
      local candles = assert(client:get_klines { symbol = "BTCUSD", interval = "1", limit = 1 })
      assert.truthy(candles[1].close_price:eq(ticker.last_price))
      assert.truthy(candles[1].high_price >= ticker.last_price and candles[1].low_price <= D "30000")
      local contract = assert(client:get_instruments { symbol = "BTCUSD" })[1]
      assert.same({ "0.5", "1", "BTC", "BTC", "USD", "Trading", "InversePerpetual" }, { text(contract.tick_size),
        text(contract.quantity_step), contract.settle_coin, contract.base_coin, contract.quote_coin, contract.status,
        contract.contract_type })
      assert.truthy((ticker.last_price % contract.tick_size):is_zero())
      assert.equal(5, #assert(client:get_tickers {})) -- four perpetuals and a future
      assert.equal(5, #assert(client:get_instruments {}))
    end)

    it("shows an order of one's own in the book", function()
      trade("Buy", 777, { type = "Limit", price = "29999.5", time_in_force = "PostOnly" })
      local book = assert(client:get_order_book { symbol = "BTCUSD", depth = 50 })
      local found
      for _, level in ipairs(book.bids) do
        if level.price:eq "29999.5" then found = level.quantity end
      end
      assert.truthy(found and found >= D(777))
      local rpi = assert(client:get_rpi_orderbook { symbol = "BTCUSD", depth = 50 })
      assert.truthy(rpi.bids[1].price:eq(book.bids[1].price) and rpi.bids[1].rpi_quantity:is_zero())
    end)

    it("refuses orders beyond the limit that get_order_price_limit tells", function()
      local limit = assert(client:get_order_price_limit { symbol = "BTCUSD" })
      assert.truthy(limit.buy_limit > D(30000) and limit.sell_limit < D(30000))
      assert(client:request("POST", "/v5/account/set-limit-px-action", { modifyEnable = false }))
      assert.is_true(assert(client:get_user_setting_config {}).lpa_perp)
      local ack, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1,
        price = limit.buy_limit + "0.5" }
      assert.is_nil(ack)
      assert.equal("rejected", err.outcome)
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = limit.buy_limit })
    end)

    it("has tiers, ratios, an index, pools and alerts that agree with themselves", function()
      local tier = assert(client:get_risk_limit { symbol = "BTCUSD" })[1]
      assert.truthy((tier.initial_margin * tier.max_leverage):eq(100)) -- percent, of an inverse contract
      for _, row in ipairs(assert(client:get_long_short_ratio { symbol = "BTCUSD", period = "1h", limit = 5 })) do
        assert.truthy((row.buy_ratio + row.sell_ratio):eq(1))
      end
      local index = assert(client:get_index_price_components { index_name = "BTCUSD" })
      local sum, weights = D(0), D(0)
      for _, part in ipairs(index.components) do
        sum, weights = sum + part.weight * part.equivalent_price, weights + part.weight
      end
      assert.truthy(weights:eq(1) and sum:eq(index.last_price))
      assert.equal("BTC", assert(client:get_insurance { coin = "BTC" })[1].coin)
      assert.equal("ETHUSD", assert(client:get_adl_alerts { symbol = "ETHUSD" })[1].symbol)
      assert.equal(0, #assert(client:get_system_status {}))
      assert.equal(0, #assert(client:get_delivery_price { settle_coin = "BTC" }))
      assert.equal(8, assert(client:get_fee_groups {})[1].symbols_count) -- with the linear ones
    end)

    it("says that there is no such contract", function()
      local ticker, err = client:get_ticker { symbol = "NONEUSD" }
      assert.is_nil(ticker)
      assert.same({ "exchange", "invalid_symbol", nil }, { err.kind, err.name, err.outcome })
    end)
  end)

  describe("candles", function()
    -- Thirty minutes; the price of minute n is 30000 + n.
    local first

    before_each(function()
      first = client:now() // MINUTE * MINUTE
      for n = 1, 30 do
        exchange:advance(60)
        exchange:set_price("BTCUSD", D(30000) + n)
      end
    end)

    local function closes(list)
      local found = {}
      for i, candle in ipairs(list) do found[i] = candle.close_price:tointeger() - 30000 end
      return found
    end

    local function down(from, to)
      local list = {}
      for n = from, to, -1 do list[#list + 1] = n end
      return list
    end

    it("come newest first, and are walked back page by page, each one once", function()
      assert.same({ 30, 29, 28 }, closes(assert(client:get_klines { symbol = "BTCUSD", interval = "1", limit = 3 })))
      local p = { symbol = "BTCUSD", interval = "1", limit = 7, start_time = first + 5 * MINUTE, end_time = first + 25 * MINUTE }
      assert.same(down(25, 5), closes(assert(client:collect("get_klines", p))))
      p.start_time = first + 5 * MINUTE + 1 -- inside a candle: it began before
      assert.same(down(25, 6), closes(assert(client:collect("get_klines", p))))
      p.limit, p.end_time = 1, first + 8 * MINUTE
      assert.same(down(8, 6), closes(assert(client:collect("get_klines", p))))
    end)

    it("end at the present without an end, and at the first candle without a start", function()
      local p = { symbol = "BTCUSD", interval = "1", limit = 4, start_time = first + 25 * MINUTE }
      assert.same(down(30, 25), closes(assert(client:collect("get_klines", p))))
      local all = assert(client:collect("get_klines", { symbol = "BTCUSD", interval = "1", limit = 12 }))
      assert.same(down(30, 1), closes { table.unpack(all, 1, 30) })
      assert.truthy(all[#all].start_time <= first)
      assert.same(closes(all), closes(assert(client:collect("get_klines", { symbol = "BTCUSD", interval = "1", limit = 1000 }))))
    end)

    it("go on from a cursor", function()
      local p = { symbol = "BTCUSD", interval = "1", limit = 10, start_time = first + 6 * MINUTE, end_time = first + 25 * MINUTE }
      local page = assert(client:get_klines(p))
      assert.same(down(25, 16), closes(page))
      p.cursor = page.next_cursor
      page = assert(client:get_klines(p))
      assert.same(down(15, 6), closes(page))
      assert.is_nil(page.next_cursor)
    end)

    it("are columns on demand, with the same values and cursors", function()
      local p = { symbol = "BTCUSD", interval = "1", limit = 10, start_time = first + 6 * MINUTE + 1,
        end_time = first + 25 * MINUTE }
      local pages = {}
      repeat
        p.columns = nil
        local page = assert(client:get_klines(p))
        p.columns = true
        local columns = assert(client:get_klines(p))
        assert.equal(page.next_cursor, columns.next_cursor)
        for _, name in ipairs { "start_time", "open_price", "high_price", "low_price", "close_price", "volume", "turnover" } do
          assert.equal(#page, #columns[name], name)
          for i, candle in ipairs(page) do assert.equal(text(candle[name]), text(columns[name][i])) end
        end
        pages[#pages + 1], p.cursor = #page, page.next_cursor
      until not p.cursor
      assert.same({ 10, 9 }, pages)
    end)

    it("of other prices follow those prices; the premium is what lies between", function()
      exchange:set_price("BTCUSD", "31000", { mark = "30900", index = "30600" })
      local p = { symbol = "BTCUSD", interval = "60", limit = 1 }
      local mark = assert(client:get_mark_price_klines(p))[1]
      local index = assert(client:get_index_price_klines(p))[1]
      local premium = assert(client:get_premium_index_price_klines(p))[1]
      assert.same({ "30900", "30600" }, { mark.close_price:key(), index.close_price:key() })
      assert.truthy(premium.close_price:eq(((D(30900) - 30600) / 30600):round(6)))
      assert.is_nil(rawget(mark, "volume"))
      assert.truthy(assert(client:get_klines(p))[1].close_price:eq(31000))
    end)
  end)

  describe("funding and open interest", function()
    it("are told as they were paid, walked back, in the ledger too", function()
      trade("Buy", 30000)
      for _ = 1, 6 do exchange:advance(8 * 3600) end
      local all = assert(client:collect("get_funding_rate_history", { symbol = "BTCUSD", limit = 2 }))
      assert.equal(6, #all)
      for i = 2, 6 do assert.equal(8 * HOUR, all[i - 1].timestamp - all[i].timestamp) end
      local some = assert(client:collect("get_funding_rate_history", { symbol = "BTCUSD", limit = 1,
        start_time = all[4].timestamp, end_time = all[2].timestamp }))
      assert.same({ all[2].timestamp, all[3].timestamp, all[4].timestamp }, { some[1].timestamp, some[2].timestamp,
        some[3].timestamp, some[4] and some[4].timestamp })
      local paid = assert(client:collect("get_transaction_history", { type = "SETTLEMENT", start_time = all[6].timestamp }))
      assert.equal(6, #paid)
      for i, entry in ipairs(paid) do
        assert.equal(all[i].timestamp, entry.timestamp)
        assert.truthy(entry.fee_rate:eq(all[i].funding_rate))
        -- funding of an inverse contract: value at the mark price times the rate, which a long position pays
        assert.truthy(entry.funding:eq(-(D(30000) / entry.price * entry.fee_rate):round(8, "half_up")), tostring(entry))
      end
      assert.truthy(#assert(client:get_open_interest { symbol = "BTCUSD", interval = "5min", limit = 3 }) > 0)
    end)
  end)

  describe("positions", function()
    it("of one contract: flat at first, then held", function()
      local position = assert(client:get_position { symbol = "BTCUSD" })
      assert.is_nil(position.side)
      assert.truthy(position.quantity:is_zero() and position:is_flat())
      assert.equal(0, #assert(client:get_positions {}))
      trade("Sell", 500)
      position = assert(client:get_position { symbol = "BTCUSD" })
      assert.same({ "Sell", "500", "-500" }, { position.side, text(position.quantity), text(position.signed_quantity) })
      local trades = assert(client:get_user_trades { symbol = "BTCUSD" })
      assert.truthy(position.entry_price:eq(trades[1].price))
      assert.equal("10", text(assert(client:get_futures_leverage { symbol = "BTCUSD" })[1].leverage))
    end)

    it("of the account, page by page, and those that settle in a coin", function()
      for _, symbol in ipairs { "BTCUSD", "ETHUSD", "XRPUSD" } do
        assert(client:place_order { symbol = symbol, side = "Buy", type = "Market", quantity = 10 })
      end
      local seen = {}
      for position in client:each("get_positions", { limit = 1 }) do seen[position.symbol] = text(position.quantity) end
      assert.same({ BTCUSD = "10", ETHUSD = "10", XRPUSD = "10" }, seen)
      local eth = assert(client:get_positions { settle_coin = "ETH" })
      assert.same({ 1, "ETHUSD" }, { #eth, eth[1].symbol })
    end)
  end)

  it("orders and trades of the whole account come without a symbol, or by their coin", function()
    for _, symbol in ipairs { "BTCUSD", "ETHUSD" } do
      local price = assert(client:get_ticker { symbol = symbol }).last_price
      assert(client:place_order { symbol = symbol, side = "Buy", type = "Market", quantity = 10 })
      assert(client:place_order { symbol = symbol, side = "Buy", type = "Limit", quantity = 10,
        price = (price * "0.95"):to_step "0.5" })
      assert(client:place_conditional_order { symbol = symbol, side = "Sell", type = "Market", quantity = 5,
        trigger_price = (price * "0.9"):to_step "0.5", trigger_direction = "Falling" })
    end
    local function symbols(list)
      local found = {}
      for _, record in ipairs(list) do found[#found + 1] = record.symbol end
      table.sort(found)
      return table.concat(found, " ")
    end
    local both = "BTCUSD ETHUSD"
    assert.equal(both, symbols(assert(client:get_open_orders_real_time {})))
    assert.equal(both, symbols(assert(client:get_open_conditional_orders_real_time {})))
    assert.equal(both, symbols(assert(client:get_user_trades {})))
    assert.equal(both, symbols(assert(client:collect("get_orders", { status = "New" }))))
    assert.equal(both, symbols(assert(client:collect("get_conditional_orders", { status = "Untriggered" }))))
    for _, coin in ipairs { "settle_coin", "base_coin" } do
      assert.equal("ETHUSD", symbols(assert(client:get_open_orders_real_time { [coin] = "ETH" })), coin)
      assert.equal("ETHUSD", symbols(assert(client:get_open_conditional_orders_real_time { [coin] = "ETH" })), coin)
      assert.equal("ETHUSD", symbols(assert(client:get_user_trades { [coin] = "ETH" })), coin)
      assert.equal("ETHUSD", symbols(assert(client:collect("get_orders", { [coin] = "ETH", status = "Filled" }))), coin)
    end
  end)

  describe("the account", function()
    it("has balances, a ledger, closed profits and trades that tell the same story", function()
      local before = assert(client:get_balance { coin = "BTC" })
      trade("Buy", 1000)
      exchange:set_price("BTCUSD", "30500")
      trade("Sell", 400)
      exchange:set_price("BTCUSD", "30200")
      trade("Sell", 600)
      local after = assert(client:get_balance { coin = "BTC" })

      local change, fees = D(0), D(0)
      local wallet = after.wallet_balance
      for entry in client:each("get_transaction_history", { currency = "BTC", limit = 2 }) do
        if entry.type == "TRADE" then
          assert.truthy(entry.change:eq(entry.cash_flow - entry.fee), tostring(entry))
          assert.truthy(entry.cash_balance:eq(wallet), tostring(entry))
          change, wallet = change + entry.change, wallet - entry.change
        end
      end
      assert.truthy(wallet:eq(before.wallet_balance))
      assert.truthy((after.wallet_balance - before.wallet_balance):eq(change))

      local profit = D(0)
      for closed in client:each("get_closed_profit_loss", { symbol = "BTCUSD", limit = 1 }) do
        assert.equal("Sell", closed.side)
        profit = profit + closed.closed_pnl
      end
      for fill in client:each("get_user_trades", { symbol = "BTCUSD" }) do fees = fees + fill.fee end
      -- Buy 1000 at 30000.5, sell 400 at 30499.5 and 600 at 30199.5: the spread of the paper market is a dollar.
      local fills = assert(client:collect("get_user_trades", { symbol = "BTCUSD" }))
      assert.equal(3, #fills)
      assert.truthy(profit:eq(change), ("%s is not %s"):format(profit, change))
      assert.truthy(fees > 0)
    end)

    it("has balances of all coins, and of those that are asked for; what may be transferred", function()
      local balances = assert(client:get_balances {})
      assert.equal(6, #balances)
      assert.equal("UNIFIED", balances.account_type)
      local usd = D(0)
      for _, balance in ipairs(balances) do usd = usd + balance.usd_value end
      assert.truthy(usd:eq(balances.total_equity), ("%s is not %s"):format(usd, balances.total_equity))
      assert.equal(2, #assert(client:get_balances { coin = "BTC,ETH" }))
      local free = assert(client:get_transferable { coin = "BTC,ETH" })
      local btc = assert(client:get_balance { coin = "BTC" })
      assert.truthy(free.BTC:eq(btc.wallet_balance) and free.ETH > 0)
      local assets = assert(client:get_all_asset_balances { account_type = "UNIFIED", coin = "BTC" })
      assert.truthy(assets[1].wallet_balance:eq(btc.wallet_balance))
      assert.equal("UNIFIED", assets.account_type)
    end)

    it("has fees that trades pay", function()
      local fees = assert(client:get_fee_rate { symbol = "BTCUSD" })[1]
      trade("Buy", 1000)
      local fill = assert(client:get_user_trades { symbol = "BTCUSD" })[1]
      assert.truthy(fill.fee_rate:eq(fees.taker_fee_rate))
      assert.truthy(fill.fee:eq((fill.quantity / fill.price * fees.taker_fee_rate):round(8, "half_up")))
      assert.equal(5, #assert(client:get_fee_rate {}))
    end)

    it("says how it is set up, and what the key may do", function()
      assert.equal("ISOLATED_MARGIN", assert(client:get_margin_account_info {}).margin_mode)
      local key = assert(client:get_api_key_info {})
      assert.is_false(key.read_only)
      assert.is_true(key.uta)
      assert.same({ "Order", "Position" }, key.permissions.ContractTrade)
      assert.same({ "*" }, key.ips)
      assert.is_nil(key.expire_time)
      assert.equal("***", key.api_key) -- nothing that the module returns holds it
      assert.equal(0, assert(client:get_smp_group {}).smp_group)
      assert.is_true(assert(client:get_collateral_info { currency = "ETH" })[1].margin_collateral)
      assert.equal(0, #assert(client:get_disconnect_cancel_all_config {}))
      assert.equal(5, #assert(client:get_account_instruments {}))
      assert.equal(0, #assert(client:get_internal_transfers {}))
      assert.equal(0, #assert(client:get_delivery_history {}))
      assert.equal(0, #assert(client:get_settlement_history {}))
    end)
  end)

  it("public ones work without keys, on a client that has none", function()
    local stranger <close> = bybit.client { environment = { url = exchange.url } }
    assert(stranger:get_ticker { symbol = "BTCUSD" })
    assert(stranger:get_klines { symbol = "BTCUSD", interval = "1" })
    assert(stranger:get_system_status {})
    assert.has_error(function() stranger:get_position { symbol = "BTCUSD" } end)
  end)
end)
