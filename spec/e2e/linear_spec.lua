-- Linear contracts end to end, over HTTP: the sixteen methods and what is read, for USDT and USDC perpetuals and for a future of
-- BTCUSD, by a client whose category they are and by one that names it in each call. Amounts are compared with hand-made arithmetic
-- (V5 documentation: value is quantity * price in the settle coin, profit quantity * (exit - entry), fee value * rate).

local bybit = require "bybit"
local trading = require "spec.support.trading"

local decimal = bybit.decimal
local TAKER = decimal "0.00055"

local exchange, client

local function start(options)
  exchange, client = trading.start(options)
  for _, symbol in ipairs { "BTCUSDT", "BTCPERP" } do exchange:set_price(symbol, "30000") end
end

after_each(function()
  local mistakes = exchange:errors()
  client:close()
  exchange:close()
  assert.same({}, mistakes)
end)

-- The quarterly future of BTCUSD that is traded now.
local function future()
  for _, row in ipairs(assert(client:get_instruments { category = "inverse" })) do
    if row.symbol:find "^BTCUSD%u%d%d$" then return row.symbol end
  end
end

-- What is traded: the kind, the symbol, a quantity, and the step of prices.
local KINDS = {
  { "linear", function() return "BTCUSDT" end, decimal "0.015" },
  { "linear", function() return "BTCPERP" end, decimal "0.002" },
  { "inverse", future, decimal(100) },
}

for _, way in ipairs { "the client's", "the call's" } do
  for _, kind in ipairs(KINDS) do
    it(("the sixteen methods trade %s contracts, of %s category: #%d"):format(kind[1], way, kind[3] == decimal(100) and 3
      or kind[3]:eq "0.015" and 1 or 2), function()
      start { category = way == "the client's" and kind[1] or nil }
      local symbol, quantity = kind[2](), kind[3]
      local c = client:with { symbol = symbol, category = way == "the call's" and kind[1] or nil, raise = true }
      exchange:set_price(symbol, "30000")

      local ack = c:place_order { side = "Buy", type = "Limit", quantity = quantity, price = 29000 }
      c:modify_order { order_id = ack.order_id, new_quantity = quantity * 2, new_price = 28500 }
      local order = c:get_open_order_real_time { order_id = ack.order_id }
      assert.same({ (quantity * 2):key(), "28500" }, { order.quantity:key(), order.price:key() })
      assert.equal(1, #c:get_open_orders_real_time {})
      c:cancel_order { order_id = ack.order_id }

      local parked = c:place_conditional_order { side = "Sell", type = "Market", quantity = quantity, trigger_price = 29000,
        base_price = 30000 }
      c:modify_conditional_order { stop_order_id = parked.stop_order_id, new_trigger_price = 28800 }
      assert.equal("28800", c:get_open_conditional_order_real_time { stop_order_id = parked.stop_order_id }.trigger_price:key())
      assert.equal(1, #c:get_open_conditional_orders_real_time {})
      c:cancel_conditional_order { stop_order_id = parked.stop_order_id }

      c:place_order { side = "Buy", type = "Limit", quantity = quantity, price = 28000 }
      c:place_conditional_order { side = "Sell", type = "Market", quantity = quantity, trigger_price = 28000, base_price = 30000 }
      assert.same({ 1, 1 }, { #c:cancel_all_orders {}, #c:cancel_all_conditional_orders {} })

      local filled = c:place_order { side = "Buy", type = "Market", quantity = quantity, confirm = true }
      assert.same({ "Filled", quantity:key() }, { filled.status, filled.filled_quantity:key() })
      local position = c:set_trading_stop { stop_loss_price = 28000, take_profit_price = 33000, confirm = true }
      assert.same({ "28000", "33000", quantity:key() }, { position.stop_loss_price:key(), position.take_profit_price:key(),
        position.quantity:key() })
      assert.same({ 3, 4 }, { #c:collect "get_orders", #c:collect "get_conditional_orders" })
      assert.equal(1, #c:get_user_trades {})
    end)
  end
end

describe("amounts of a linear contract", function()
  it("are exact: value, fee, profit and balance in USDT", function()
    start { category = "linear" }
    local btc = client:with { symbol = "BTCUSDT", raise = true }
    local before = client:get_balance { coin = "USDT" }.wallet_balance
    local bought = btc:place_order { side = "Buy", type = "Market", quantity = "0.013", confirm = true }
    exchange:set_price("BTCUSDT", "31000")
    local sold = btc:place_order { side = "Sell", type = "Market", quantity = "0.013", reduce_only = true, confirm = true }
    local fees = decimal(0)
    for _, order in ipairs { bought, sold } do
      assert.same({ "0.013", order.avg_price * "0.013", (order.avg_price * "0.013" * TAKER):round(8, "half_up") },
        { order.filled_quantity:key(), order.filled_value, order.fee })
      fees = fees + order.fee
    end
    local won = (sold.avg_price - bought.avg_price) * "0.013"
    local closed = btc:get_closed_profit_loss {}[1]
    assert.same({ "Sell", true, true }, { closed.side, closed.closed_pnl:eq(won - fees),
      closed.entry_value:eq(bought.filled_value) })
    assert.is_true(client:get_balance { coin = "USDT" }.wallet_balance:eq(before + won - fees))
    local sum = decimal(0)
    for entry in btc:each("get_transaction_history", { currency = "USDT" }) do sum = sum + entry.change end
    assert.is_true(sum:eq(won - fees))
    for _, trade in ipairs(btc:get_user_trades {}) do assert.equal("USDT", trade.fee_currency or "USDT") end
  end)

  it("of an instrument agree with the position that the exchange shows", function()
    start { category = "linear" }
    assert(client:set_leverage { symbol = "BTCUSDT", buy_leverage = 10, sell_leverage = 10 } or true)
    assert(client:place_order { symbol = "BTCUSDT", side = "Buy", type = "Market", quantity = "0.2" })
    local position = assert(client:get_position { symbol = "BTCUSDT" })
    local btc = assert(client:instrument "BTCUSDT")
    assert.is_true(btc:value("0.2", position.entry_price):eq(position.position_value))
    assert.is_true(btc:profit("Buy", "0.2", position.entry_price, position.mark_price):eq(position.unrealized_pnl))
    assert.equal(position.liquidation_price, btc:liquidation_price { side = "Buy", quantity = "0.2", entry = position.entry_price,
      leverage = 10 })
    assert.equal("0.003", tostring(btc:quantity_for { usd = 100, price = 30000 }))
  end)

  it("are checked by the contract's steps and limits before they are sent", function()
    start { category = "linear", check_instruments = true }
    local function wrong(p)
      p.symbol, p.side = "BTCUSDT", "Buy"
      local ok, err = pcall(client.place_order, client, p)
      return not ok and tostring(err):match "place_order: (.*)$"
    end
    local requests
    for text, p in pairs {
      ["parameter 'quantity': 0.0015 is no multiple of the step 0.001"] = { type = "Market", quantity = "0.0015" },
      ["parameter 'price': 30000.05 is no multiple of the tick 0.10"] = { type = "Limit", quantity = "0.001",
        price = "30000.05" },
      ["parameter 'quantity': 501 is more than the most quantity 500.000"] = { type = "Market", quantity = 501 },
      ["parameter 'quantity': 1191 is more than the most quantity 1190.000"] = { type = "Limit", quantity = 1191, price = 30000 },
      ["parameter 'quantity': its value of 4.999 is less than 5"] = { type = "Limit", quantity = "0.001", price = 4999 },
    } do
      assert.equal(text, wrong(p))
      requests = requests or client:stats().requests
    end
    assert.equal(requests, client:stats().requests, "the contract is read once")
    local ack, err = client:place_order { symbol = "BTCUSDT", side = "Buy", type = "Limit", quantity = "0.001", price = 29000 }
    assert.truthy(ack, tostring(err))
    assert(client:place_order { category = "inverse", symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 })
  end)
end)

describe("what is read of linear contracts", function()
  it("by every method that has a category, is of its kind", function()
    start {}
    exchange:advance(9 * 3600) -- past a funding
    local v = client:with { category = "linear", symbol = "BTCUSDT", raise = true }
    assert.equal("USDT", v:get_instruments {}[1].settle_coin)
    assert.equal("BTCUSDT", v:get_ticker {}.symbol)
    for _, ticker in ipairs(v:get_tickers {}) do assert.is_nil(ticker.symbol:find "USD$") end
    assert.equal("BTCUSDT", v:get_order_book { depth = 5 }.symbol)
    for _, name in ipairs { "klines", "mark_price_klines", "index_price_klines", "premium_index_price_klines" } do
      assert.is_true(#v["get_" .. name](v, { interval = "1", limit = 3 }) > 0, name)
    end
    assert.is_true(#v:get_trade_history { limit = 5 } > 0)
    assert.is_true(#v:get_funding_rate_history { limit = 5 } > 0)
    assert.is_true(#v:get_open_interest { interval = "5min", limit = 5 } > 0)
    assert.is_true(#v:get_long_short_ratio { period = "1h", limit = 5 } > 0)
    assert.equal("BTCUSDT", v:get_risk_limit {}[1].symbol)
    assert.equal("BTCUSDT", v:get_order_price_limit {}.symbol)
    assert.equal("BTCUSDT", v:get_fee_rate {}[1].symbol)
    assert.equal("BTCUSDT", v:get_futures_leverage {}[1].symbol)
    assert.is_true(#v:get_account_instruments {} > 0)
    assert.same({ "BTCUSDT" }, { v:get_positions {}[1].symbol })
    assert.same({ "BTCUSDT", "USDT" }, { v:instrument "BTCUSDT".symbol, v:instrument "BTCUSDT".settle_coin })
    assert.is_nil(client:instrument "BTCUSDT") -- no inverse contract has that name
  end)

  it("by check names the mode and the leverage of both sides", function()
    start { category = "linear" }
    assert(client:switch_position_mode { symbol = "BTCUSDT", mode = "Hedge" })
    assert(client:set_leverage { symbol = "BTCUSDT", buy_leverage = 5, sell_leverage = 7 })
    local report = assert(client:check { symbol = "BTCUSDT" })
    assert.same({ "5", "7" }, { report.leverage:key(), report.short_leverage:key() })
    assert.is_nil(report.position_mode)
    assert.truthy(tostring(report):find("position mode hedge, leverage 5 long, 7 short", 1, true))
    report = assert(client:check { symbol = "BTCUSD", category = "inverse" })
    assert.same({ 0 }, { report.position_mode, report.short_leverage })
  end)
end)
