-- Guard rails on both wires, over the paper exchange: what each of them refuses, and what it lets through. A refusal sends nothing
-- that changes anything: the exchange's own books tell.

local asked = require "spec.support.asked"
local bybit = require "bybit"
local trading = require "spec.support.trading"

local limit, conditional, of = asked.limit, asked.conditional, asked.of

-- The paths under which orders are placed, and the names of their fields, for raw requests.
local RAW = {
  v5 = { path = "/v5/order/create", order = function(quantity)
    return { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = quantity, price = "29000", timeInForce = "GTC" }
  end, reduce = "reduceOnly" },
  v2 = { path = "/v2/private/order/create", order = function(quantity)
    return { symbol = "BTCUSD", side = "Buy", order_type = "Limit", qty = quantity, price = "29000",
      time_in_force = "GoodTillCancel" }
  end, reduce = "reduce_only" },
}

for _, api in ipairs { "v5", "v2" } do
  describe("a guard rail on the " .. api .. " wire:", function()
    local exchange, client, other -- `other` trades on the same account, without rails

    local function start(guard, options)
      exchange, client = trading.start(asked.with({ api = api, guard = guard }, options))
      other = bybit.client { environment = exchange, rate = false }
      exchange:advance(0.123) -- a moment in whole seconds may be one that is cut, on v2
    end

    after_each(function()
      local mistakes = exchange:errors()
      client:close()
      other:close()
      exchange:close()
      assert.same({}, mistakes)
    end)

    local function placed() return #exchange:books().orders end

    -- The call is refused by that rail, its message has these words, and no order was placed or changed.
    local function refused(words, method, ...)
      local before = exchange:books().orders
      local result, err = client[method](client, ...)
      assert.is_nil(result, "it was not refused")
      assert.same({ "guard", "not_sent", false }, { err.kind, err.outcome, err.retryable })
      for _, part in ipairs(type(words) == "table" and words or { words }) do
        assert.truthy(err.message:find(part, 1, true), err.message)
      end
      assert.same(before, exchange:books().orders)
      return err
    end

    describe("max_order", function()
      it("refuses an order that is larger, before any request", function()
        start { max_order = 1000 }
        local requests = client:stats().requests
        refused("max_order: a quantity of 1001 is more than 1000, the most that one order of BTCUSD may have",
          "place_order", limit { quantity = 1001 })
        refused("max_order: a quantity of 1001", "place_conditional_order", conditional { quantity = 1001 })
        assert.equal(requests, client:stats().requests)
        assert(client:place_order(limit { quantity = 1000 }))
        assert(client:place_conditional_order(conditional { quantity = 1000 }))
      end)

      it("tells quantities apart in their last digit, where floats cannot", function()
        start { max_order = "9007199254740992" } -- 2^53
        refused("a quantity of 9007199254740993 is more than 9007199254740992", "place_order",
          limit { quantity = "9007199254740993" })
      end)

      it("takes a table from symbols to quantities, and refuses what the table does not name", function()
        start { max_order = { BTCUSD = 1000, ETHUSD = "50" } }
        refused("more than 50", "place_order", limit { symbol = "ETHUSD", quantity = 51, price = 2000 })
        refused("max_order: it names no quantity for XRPUSD", "place_order", limit { symbol = "XRPUSD", price = 1 })
        assert(client:place_order(limit { quantity = 1000 }))
      end)

      it("refuses a change that makes an order larger than that, and lets one pass that makes a large order smaller", function()
        start { max_order = 1000 }
        local own = assert(client:place_order(limit { quantity = 900 }))
        refused("a quantity of 1001", "modify_order", of { order_id = own.order_id, new_quantity = 1001 })
        local large = assert(other:place_order(limit { quantity = 5000 }))
        assert(client:modify_order(of { order_id = large.order_id, new_quantity = 3000 }))
        refused("a quantity of 3001", "modify_order", of { order_id = large.order_id, new_quantity = 3001 })
        refused("a quantity of 2000", "modify_order", of { order_id = large.order_id, new_quantity = 2000, new_price = "29001" })
      end)

      it("holds for views and for raw requests to a path that places", function()
        start { max_order = 1000 }
        local before = placed()
        local _, err = client:with({ symbol = "BTCUSD", type = "Market" }):place_order { side = "Buy", quantity = 1001 }
        assert.equal("guard", err.kind)
        local raw = RAW[api]
        refused("a quantity of 1001", "request", "POST", raw.path, raw.order "1001")
        assert.equal(before, placed())
        assert(client:request("POST", raw.path, raw.order "1000"))
      end)

      it("refuses a raw request whose quantity it cannot read", function()
        start { max_order = 1000 }
        local raw = RAW[api]
        refused("'quantity' is no exact number", "request", "POST", raw.path, raw.order "1e3")
        refused("its side or its quantity cannot be read", "request", "POST", raw.path, { symbol = "BTCUSD", side = "Buy" })
      end)

      it("never holds back what takes risk away", function()
        start { max_order = 10, symbols = { "ETHUSD" }, band = "0.001", max_position = 0, orders_per_minute = 1 }
        assert(other:place_order(asked.of { side = "Buy", type = "Market", quantity = 5000 }))
        local resting = assert(other:place_order(limit { quantity = 5000 }))
        assert(client:set_trading_stop(of { stop_loss_price = 29000 }))
        for _ = 1, 2 do
          assert(client:place_order(of { side = "Sell", type = "Limit", quantity = 100, price = 32000, reduce_only = true }))
        end
        assert(client:place_conditional_order(conditional { quantity = 2000, close_on_trigger = true }))
        local raw = RAW[api]
        local closing = asked.with(raw.order "100", { side = "Sell", price = "32000", [raw.reduce] = true })
        assert(client:request("POST", raw.path, closing))
        assert(client:modify_order(of { order_id = resting.order_id, new_quantity = 4000 }))
        assert(client:cancel_order(of { order_id = resting.order_id }))
        assert(client:cancel_all_orders(of {}))
      end)
    end)

    describe("symbols", function()
      it("refuses every other symbol", function()
        start { symbols = { "ETHUSD", "BTCUSD" } }
        refused("symbols: XRPUSD is not among the symbols that may be traded: BTCUSD, ETHUSD", "place_order",
          limit { symbol = "XRPUSD", price = 1 })
        assert(client:place_order(limit()))
      end)
    end)

    describe("band", function()
      it("refuses a price that is farther from the mark price, on both sides of it", function()
        start { band = "0.05" }
        refused("band: a price of 28499.5 is more than 0.05 away from the mark price 30000", "place_order",
          limit { price = "28499.5" })
        refused("from 28500 to 31500 would be right", "place_order", limit { side = "Sell", price = "31500.5" })
        assert(client:place_order(limit { price = "28500" }))
        assert(client:place_order(limit { side = "Sell", price = "31500" }))
        assert(client:place_order(of { side = "Buy", type = "Market", quantity = 1 }))
      end)

      it("reads a new price when the one that it knows is as old as position_age", function()
        start { band = "0.05", position_age = 20 }
        assert(client:place_order(limit { price = "28500" }))
        exchange:set_price("BTCUSD", "28600")
        assert(client:place_order(limit { price = "28600" }), "the known price still lets it pass")
        exchange:advance(21)
        refused("more than 0.05 away from the mark price 28600", "place_order", limit { side = "Sell", price = 30100 })
      end)

      it("reads a new price before it refuses by one that is older than a second", function()
        start { band = "0.01", position_age = 600 }
        assert(client:place_order(limit { price = 30000 }))
        exchange:set_price("BTCUSD", "31000")
        exchange:advance(2)
        assert(client:place_order(limit { price = 31000 }))
      end)

      it("compares the price of a conditional order with its trigger price", function()
        start { band = "0.01" }
        local order = { side = "Buy", type = "Limit", quantity = 10, base_price = 30000, trigger_price = 33000 }
        refused("away from the trigger price 33000: from 32670 to 33330", "place_conditional_order",
          of(asked.with({ price = 34000 }, order)))
        local stop = assert(client:place_conditional_order(of(asked.with({ price = 33100 }, order))))
        local id = { stop_order_id = stop.order_id }
        refused("a price of 30000 is more than 0.01 away from the trigger price 33000", "modify_conditional_order",
          of(asked.with({ new_price = 30000 }, id)))
        refused("a price of 33100 is more than 0.01 away from the trigger price 32000", "modify_conditional_order",
          of(asked.with({ new_trigger_price = 32000 }, id)))
        assert(client:modify_conditional_order(of(asked.with({ new_price = 33200 }, id))))
        if api == "v5" then -- v2 does not take both at once
          assert(client:modify_conditional_order(of(asked.with({ new_price = 32100, new_trigger_price = 32000 }, id))))
        end
      end)

      it("refuses a change of the price out of it", function()
        start { band = "0.05" }
        local own = assert(client:place_order(limit()))
        refused("a price of 27000", "modify_order", of { order_id = own.order_id, new_price = 27000 })
        assert(client:modify_order(of { order_id = own.order_id, new_price = 28600 }))
      end)
    end)

    describe("orders_per_minute", function()
      it("lets so many orders through in any 60 seconds, and says when the next may go", function()
        start { orders_per_minute = 3 }
        assert(client:place_order(limit()))
        exchange:advance(30)
        assert(client:place_order(limit()))
        assert(client:place_conditional_order(conditional()))
        refused({ "orders_per_minute: 3 orders were placed in the last 60 seconds, which is the most:",
          "the next may go in 30.0 seconds" }, "place_order", limit())
        exchange:advance(29)
        refused("in 1.0 seconds", "place_order", limit())
        exchange:advance(1)
        assert(client:place_order(limit()))
        refused("in 30.0 seconds", "place_order", limit())
      end)

      it("does not count refused orders, and not those that were not sent", function()
        start({ orders_per_minute = 1, max_order = 10 })
        refused("max_order", "place_order", limit { quantity = 11 })
        local token = bybit.cancel_token()
        token:cancel()
        local _, err = client:place_order(limit { quantity = 10, cancel = token })
        assert.same({ "cancelled", "not_sent" }, { err.kind, err.outcome })
        assert(client:place_order(limit { quantity = 10 }))
      end)
    end)

    describe("max_position", function()
      it("counts position, open orders and the new order as if all were filled, on its side alone", function()
        start { max_position = 1000 }
        assert(client:place_order(of { side = "Buy", type = "Market", quantity = 400 }))
        assert(client:place_order(limit { quantity = 500 }))
        local err = refused({ "max_position: 101 more could make the position in BTCUSD 1001 long", "1000 is the most" },
          "place_order", limit { quantity = 101 })
        assert.truthy(err.message:find("(now 400, other open orders 500)", 1, true), err.message)
        assert(client:place_order(limit { quantity = 100 }))
        -- What is long makes no room for orders of the other side: a stop may close it before they are filled.
        assert(client:place_order(limit { side = "Sell", quantity = 1000, price = 31000 }))
        refused("1001 short", "place_conditional_order", conditional { quantity = 1 })
      end)

      it("counts what was there before the client was made, and orders of other programs", function()
        start { max_position = 1000 }
        assert(other:place_order(of { side = "Sell", type = "Market", quantity = 600 }))
        assert(other:place_conditional_order(conditional { quantity = 300 }))
        refused("101 more could make the position in BTCUSD 1001 short", "place_order",
          of { side = "Sell", type = "Market", quantity = 101 })
        assert(client:place_order(of { side = "Sell", type = "Market", quantity = 100 }))
      end)

      it("sees at its next reading what another program has done since", function()
        start { max_position = 1000, position_age = 10 }
        assert(client:place_order(limit { quantity = 1 }))
        assert(other:place_order(of { side = "Buy", type = "Market", quantity = 900 }))
        exchange:advance(11)
        refused("max_position", "place_order", limit { quantity = 100 })
      end)

      it("makes room as soon as an order was cancelled or the position was closed", function()
        start { max_position = 1000 }
        local own = assert(client:place_order(limit { quantity = 1000 }))
        refused("max_position", "place_order", limit { quantity = 1 })
        assert(client:cancel_order(of { order_id = own.order_id }))
        for _ = 1, 3 do
          assert(client:place_order(of { side = "Buy", type = "Market", quantity = 1000 }))
          refused("max_position", "place_order", limit { quantity = 1 })
          assert(client:place_order(of { side = "Sell", type = "Market", quantity = 1000 }))
          exchange:advance(0.01)
        end
      end)

      it("counts only by how much a change makes an order larger", function()
        start { max_position = 1000 }
        local own = assert(client:place_order(limit { quantity = 600 }))
        assert(client:place_order(limit { quantity = 200 }))
        refused("201 more could make the position in BTCUSD 1001 long", "modify_order",
          of { order_id = own.order_id, new_quantity = 801 })
        assert(client:modify_order(of { order_id = own.order_id, new_quantity = 800 }))
        assert(client:modify_order(of { order_id = own.order_id, new_price = 29001 }))
        refused("max_position", "place_order", limit { quantity = 1 })
        assert(client:modify_order(of { order_id = own.order_id, new_quantity = 300 }))
        exchange:advance(6)
        assert(client:place_order(limit { quantity = 500 }))
      end)

      it("does not count orders that may only reduce the position, nor stops of the position", function()
        start { max_position = 1000 }
        assert(client:place_order(of { side = "Buy", type = "Market", quantity = 1000 }))
        assert(client:set_trading_stop(of { stop_loss_price = 29000, take_profit_price = 33000 }))
        assert(client:place_order(of { side = "Sell", type = "Limit", quantity = 1000, price = 31000, reduce_only = true }))
        exchange:advance(60)
        local _, err = client:place_order(limit { side = "Sell", price = 32000, quantity = 1000 })
        if api == "v5" then
          assert.is_nil(err)
        else -- a list of open orders does not tell there which of them may only reduce the position
          assert.equal("guard", err.kind)
        end
      end)

      it("counts orders that were sent at once from several tasks", function()
        start { max_position = 1000 }
        local passed, failed = 0, 0
        bybit.run(function()
          local list = {}
          for i = 1, 8 do
            list[i] = bybit.spawn(function()
              local ack, err = client:place_order(limit { quantity = 300 })
              if ack then passed = passed + 1 else
                assert.equal("guard", err.kind)
                failed = failed + 1
              end
            end)
          end
          bybit.all(list)
        end)
        assert.same({ 3, 5 }, { passed, failed })
        assert.equal(3, placed())
      end)

      it("counts an order of unknown outcome until it is settled", function()
        start({ max_position = 1000 }, { deadline = 1, timeout = 0.5 })
        exchange:faults { { "lost_answer", path = "order/create" } }
        local _, err = client:place_order(limit { quantity = 700, resend = false, deadline = 0.6, timeout = 0.5,
          client_order_id = "mine-1" })
        exchange:faults(false)
        if err then assert.equal("unknown", err.outcome) end
        refused("max_position", "place_order", limit { quantity = 301 })
        assert(client:place_order(limit { quantity = 300 }))
      end)

      it("refuses when the position cannot be read", function()
        start { max_position = 1000 }
        exchange:faults { { "code", code = 10016, path = "position/list" } }
        refused("max_position: the position in BTCUSD could not be read (exchange: ", "place_order",
          asked.with(limit(), { deadline = 2 }))
        exchange:faults(false)
        assert(client:place_order(limit()))
      end)

      it("reads once for all calls that wait for it", function()
        start { max_position = 1000 }
        local before = client:stats().requests
        bybit.run(function()
          for _ = 1, 5 do bybit.spawn(function() assert(client:place_order(limit { quantity = 1 })) end) end
        end)
        assert.equal(5 + 3, client:stats().requests - before, "5 orders, and one reading of three lists")
      end)
    end)

    describe("max_drawdown", function()
      it("refuses when the equity has fallen so far below its highest, until it has risen again", function()
        start { max_drawdown = "0.01", position_age = 0 }
        local wallet = assert(other:request("GET", "/v5/account/wallet-balance", { accountType = "UNIFIED", coin = "BTC" }))
        local equity = bybit.decimal(wallet.list[1].coin[1].equity)
        assert(client:place_order(of { side = "Buy", type = "Market", quantity = 60000 })) -- 2 BTC
        -- Loss in coin of a long position: quantity * (1 / exit - 1 / entry). At this price it is a hundredth of the equity:
        local price = (bybit.decimal(60000) / (bybit.decimal(60000) / 30000 + equity * "0.01")):to_step("0.5")
        exchange:set_price("BTCUSD", price + 200)
        assert(client:place_order(limit { price = 28000 }))
        exchange:set_price("BTCUSD", price - 200)
        local err = refused({ "max_drawdown: the equity is", ("BTC, and its highest was %s"):format(equity) }, "place_order",
          limit { price = 28000 })
        assert.truthy(err.message:find("orders that add risk go from", 1, true), err.message)
        assert(client:place_order(of { side = "Sell", type = "Limit", quantity = 1, price = 33000, reduce_only = true }))
        exchange:set_price("BTCUSD", "30000")
        assert(client:place_order(limit { price = 29000 }))
      end)
    end)
  end)
end

describe("a guard rail", function()
  it("holds for a method that the program has declared for a path that places", function()
    bybit.declare("place_it", { verb = "POST", path = "/v5/order/create", fixed = { "category", { "side", value = "Buy" } },
      params = { "symbol", { "amount", "qty", "decimal", required = true }, { "kind", "orderType", "string", default = "Market" },
        { "closing", "reduceOnly", "boolean" } } })
    local exchange, client = trading.start { guard = { max_order = 1000, max_position = 1500 } }
    local _, err = client:place_it { symbol = "BTCUSD", amount = 1001 }
    assert.truthy(err.message:find("max_order: a quantity of 1001", 1, true), err.message)
    assert(client:place_it { symbol = "BTCUSD", amount = 1000 })
    _, err = client:place_it { symbol = "BTCUSD", amount = 501 }
    assert.truthy(err.message:find("501 more could make the position in BTCUSD 1501 long", 1, true), err.message)
    client:halt "enough"
    _, err = client:place_it { symbol = "BTCUSD", amount = 1 }
    assert.equal("guard", err.kind)
    assert(client:request("POST", "/v5/order/create", { symbol = "BTCUSD", side = "Sell", orderType = "Market", qty = "10",
      reduceOnly = true }), "a raw order that may only reduce the position passes")
    client:close()
    exchange:close()
  end)

  it("reads a raw conditional order as one, and knows an order that may only reduce when it is changed", function()
    local exchange, client = trading.start { guard = { band = "0.01", max_position = 1000 } }
    local raw = { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "10", price = "33100", triggerPrice = "33000",
      triggerDirection = 1, timeInForce = "GTC" }
    assert(client:request("POST", "/v5/order/create", raw))
    raw.price = "34000"
    local _, err = client:request("POST", "/v5/order/create", raw)
    assert.truthy(err.message:find("away from the trigger price 33000", 1, true), err.message)
    raw.triggerPrice, raw.triggerDirection, raw.price = nil, nil, "29000"
    _, err = client:request("POST", "/v5/order/create", raw)
    assert.truthy(err.message:find("away from the mark price 30000", 1, true), err.message)
    assert(client:place_order(of { side = "Buy", type = "Market", quantity = 900 }))
    local stop = assert(client:place_conditional_order(conditional { reduce_only = true, quantity = 100 }))
    assert(client:modify_conditional_order(of { stop_order_id = stop.order_id, new_quantity = 1500 }))
    client:close()
    exchange:close()
  end)

  it("holds for each order of a raw batch", function()
    local exchange, client = trading.start { guard = { max_position = 500 } }
    local function order(quantity)
      return { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = quantity, price = "29000", timeInForce = "GTC" }
    end
    local result, err = client:request("POST", "/v5/order/create-batch", { request = { order "300", order "201" } })
    assert.is_nil(result)
    assert.equal("guard", err.kind)
    assert.truthy(err.message:find("201 more could make the position in BTCUSD 501 long", 1, true), err.message)
    assert(client:place_order(limit { quantity = 500 }), "the first of them does not count any more")
    client:close()
    exchange:close()
  end)

  local function message_of(guard)
    local ok, err = pcall(bybit.client, { environment = { url = "http://127.0.0.1:1" }, guard = guard })
    assert.is_false(ok)
    return err
  end

  for name, case in pairs {
    ["what is no table"] = { 1000, "option 'guard': a table of rails, such as {max_order = 1000}, expected, got 1000" },
    ["a rail that does not exist"] = { { max_orders = 5 }, "option 'guard': no rail 'max_orders', did you mean 'max_order'?" },
    ["a negative quantity"] = { { max_position = -1 }, "'max_position': a quantity of 0 or more expected, got -1" },
    ["a float that is not exact"] = { { max_order = 0.1 + 0.2 }, "'max_order': a quantity, or a table" },
    ["a quantity that is no number"] = { { max_order = { BTCUSD = "many" } }, "'max_order.BTCUSD': a quantity" },
    ["a symbol of the wrong form"] = { { max_order = { btcusd = 1 } }, "symbols such as 'BTCUSD' expected, got btcusd" },
    ["an empty table"] = { { max_order = {} }, "got an empty table" },
    ["a band in percent"] = { { band = 5 },
      "'band': a fraction above 0 and at most 1, such as \"0.05\" for 5 percent, expected, got 5" },
    ["a drawdown of zero"] = { { max_drawdown = 0 }, "'max_drawdown': a fraction above 0" },
    ["half an order a minute"] = { { orders_per_minute = 0.5 }, "'orders_per_minute': a whole number of orders, 1 or more," },
    ["a symbol in place of a list"] = { { symbols = "BTCUSD" }, "'symbols': a list of symbols expected, got BTCUSD" },
    ["a list with a field"] = { { symbols = { "BTCUSD", x = "ETHUSD" } }, "a list of symbols expected, got a field 'x'" },
    ["an age that is no span"] = { { position_age = -1 }, "'position_age': seconds from 0 to 600 expected, got -1" },
  } do
    it("is refused as an option: " .. name, function()
      local message = message_of(case[1])
      assert.truthy(message:find(case[2], 1, true), message)
      assert.truthy(message:find("guard_spec.lua", 1, true), "the message names the caller's place: " .. message)
    end)
  end

  it("takes decimals, texts, integers and floats that are what they say", function()
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, guard = { max_order = bybit.decimal "0.3",
      max_position = { BTCUSD = 0.1, ETHUSD = 5 }, band = "0.05", max_drawdown = 0.2,
      symbols = { "BTCUSD" }, position_age = 2.5 } }
    assert.truthy(client)
  end)
end)
