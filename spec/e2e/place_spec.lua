-- Active orders over HTTP on the paper exchange: each kind of order and its end; refusals, amendments, cancellations. Conditional
-- orders and stops have specs of their own.

local bybit = require "bybit"
local trading = require "spec.support.trading"

describe("place_order on the paper exchange", function()
  local exchange, client

  before_each(function() exchange, client = trading.start() end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local function order(more)
    local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "29000" }
    for k, v in pairs(more or {}) do p[k] = v or nil end
    return p
  end

  local function placed(more)
    local ack, err = client:place_order(order(more))
    assert.is_nil(err)
    return ack.order_id
  end

  local function read(id)
    return assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = id })
  end

  local function position() return trading.position(client) end

  -- The best ask of the book, so that a limit order can be placed on either side of it.
  local function best_ask()
    return assert(client:request("GET", "/v5/market/orderbook", { symbol = "BTCUSD", limit = 1 })).a[1][1]
  end

  it("returns every field of the order", function()
    local o = read(placed { client_order_id = "all-of-it", price = "28999.5", quantity = 123, time_in_force = "PostOnly",
      smp_type = "CancelTaker", take_profit_price = "33000", stop_loss_price = "28000",
      take_profit_trigger_type = "MarkPrice", stop_loss_trigger_type = "IndexPrice" })
    assert.same({ "all-of-it", "BTCUSD", "Buy", "Limit", "PostOnly", "New", "CancelTaker", "MarkPrice", "IndexPrice", 0,
      "EC_NoError", "CreateByUser" }, { o.client_order_id, o.symbol, o.side, o.type, o.time_in_force, o.status, o.smp_type,
      o.take_profit_trigger_type, o.stop_loss_trigger_type, o.position_mode, o.reject_reason, o.create_type })
    assert.is_true(o.price:eq("28999.5") and o.quantity:eq(123) and o.leaves_quantity:eq(123))
    assert.is_true(o.leaves_value:eq((bybit.decimal(123) / "28999.5"):round(8, "half_up")))
    assert.is_true(o.take_profit_price:eq(33000) and o.stop_loss_price:eq(28000))
    assert.is_nil(o.trigger_price)
    assert.is_nil(o.avg_price)
    assert.equal(o.create_time, o.update_time)
    assert.equal(client:now(), o.create_time)
  end)

  it("Market: fills at once, is IOC, and shows its protective price", function()
    local o = read(placed { type = "Market", price = false, side = "Sell" })
    assert.same({ "Filled", "IOC", "Market" }, { o.status, o.time_in_force, o.type })
    assert.is_true(o.price < "30000" and o.avg_price > o.price)
    assert.is_true(o.leaves_quantity:is_zero())
    assert.equal("Sell", position().side)
  end)

  it("GTC: fills what crosses, and the rest of it stays in the book", function()
    local maker_id = placed()
    exchange:set_price("BTCUSD", "29000")
    local o = read(maker_id)
    assert.equal("Filled", o.status)
    assert.is_true(o.avg_price:eq(29000))
    local trades = assert(client:get_user_trades { symbol = "BTCUSD", order_id = maker_id })
    assert.equal("Maker", trades[1].liquidity)
    assert.is_true(trades[1].fee_rate:eq("0.0002"))
  end)

  it("PostOnly: an order that would take is accepted, then cancelled by the exchange", function()
    local o = read(placed { time_in_force = "PostOnly", price = best_ask() })
    assert.same({ "Cancelled", "EC_PostOnlyWillTakeLiquidity" }, { o.status, o.reject_reason })
    assert.is_true(o.filled_quantity:is_zero() and o.leaves_quantity:is_zero())
  end)

  it("IOC: fills what it can, the rest is cancelled", function()
    local nothing = read(placed { time_in_force = "IOC" })
    assert.same({ "Cancelled", "EC_NoImmediateQtyToFill" }, { nothing.status, nothing.reject_reason })
    local some = read(placed { time_in_force = "IOC", price = best_ask(), quantity = 190000 })
    assert.equal("Cancelled", some.status)
    assert.is_true(some.filled_quantity > 0 and some.filled_quantity < 190000)
    assert.equal(tostring(some.filled_quantity), position().size)
  end)

  it("FOK: all or nothing", function()
    local o = read(placed { time_in_force = "FOK", price = best_ask(), quantity = 190000 })
    assert.equal("Cancelled", o.status)
    assert.is_true(o.filled_quantity:is_zero())
    assert.truthy(o.reject_reason == "EC_NoEnoughQtyToFill" or o.reject_reason == "EC_CancelForNoFullFill")
    assert.equal("Filled", read(placed { time_in_force = "FOK", price = best_ask(), quantity = 1 }).status)
  end)

  it("bbo_side_type: the price comes from the book", function()
    local ask = best_ask()
    local o = read(placed { price = false, side = "Sell", bbo_side_type = "Queue", bbo_level = "1" })
    assert.is_true(o.price:eq(ask), tostring(o.price))
  end)

  it("slippage_tolerance: the limit of a market order's distance from the best price", function()
    local ask = bybit.decimal(best_ask())
    local o = read(placed { type = "Market", price = false, slippage_tolerance_type = "TickSize", slippage_tolerance = 4 })
    assert.is_true(o.price:eq(ask + 2), tostring(o.price)) -- the tick is 0.5
    assert.equal("TickSize", o.slippage_tolerance_type)
    local _, err = client:place_order(order { type = "Market", price = false, slippage_tolerance_type = "TickSize",
      slippage_tolerance = 10001 })
    assert.same({ 110108, bybit.codes.slippage_out_of_range }, { err.code, err.name })
    _, err = client:place_order(order { type = "Market", price = false, slippage_tolerance_type = "Percent",
      slippage_tolerance = "10.5" })
    assert.equal(110109, err.code)
  end)

  it("smp_type: which of two own orders is cancelled when they meet", function()
    local resting = placed { side = "Sell", price = "30000.5" }
    local o = read(placed { price = "30000.5", smp_type = "CancelMaker" })
    assert.same({ "Cancelled", "CancelBySmp", o.order_id }, { read(resting).status, read(resting).cancel_type,
      read(resting).smp_order_id })
    resting = placed { side = "Sell", price = "30000.5" }
    o = read(placed { price = "30000.5", smp_type = "CancelTaker", time_in_force = "FOK" })
    assert.equal("New", read(resting).status)
    assert.equal("Cancelled", o.status)
  end)

  it("reduce_only: only with a position, and at most its size", function()
    local _, err = client:place_order(order { reduce_only = true, side = "Sell", price = "31000" })
    assert.same({ 110017, bybit.codes.reduce_only_rejected, "rejected" }, { err.code, err.name, err.outcome })
    placed { type = "Market", price = false }
    _, err = client:place_order(order { reduce_only = true })
    assert.equal(110017, err.code)
    _, err = client:place_order(order { reduce_only = true, side = "Sell", price = "31000", take_profit_price = 30000 })
    assert.same({ 110057, bybit.codes.tpsl_not_allowed }, { err.code, err.name })
    local o = read(placed { type = "Market", price = false, side = "Sell", quantity = 500, reduce_only = true,
      close_on_trigger = true })
    assert.is_true(o.filled_quantity:eq(100))
    assert.is_true(o.reduce_only and o.close_on_trigger)
    assert.equal("0", position().size)
  end)

  -- "qty=0 and reduceOnly=true&closeOnTrigger=true: you can close the position up to maxMktOrderQty or maxOrderQty" (V5
  -- documentation, order/create: qty).
  it("a quantity of 0 with reduce_only and close_on_trigger: the whole position", function()
    local all = { quantity = 0, side = "Sell", reduce_only = true, close_on_trigger = true }
    local function closing(more)
      for k, v in pairs(all) do more[k] = more[k] == nil and v or more[k] end
      return order(more)
    end
    local _, err = client:place_order(closing { type = "Market", price = false })
    assert.equal(bybit.codes.reduce_only_rejected, err.name) -- there is nothing to close
    placed { type = "Market", price = false, quantity = 250 }
    local resting = assert(client:place_order(closing { price = "31000" })).order_id
    assert.is_true(read(resting).quantity:eq(250))
    local at_once = assert(client:place_order(closing { type = "Market", price = false })).order_id
    assert.is_true(read(at_once).filled_quantity:eq(250))
    assert.equal("0", position().size)
    assert.equal("Cancelled", read(resting).status)
  end)

  it("a quantity of 0 that waits for a trigger: what the position is by then", function()
    placed { type = "Market", price = false, quantity = 100 }
    local stop = assert(client:place_conditional_order { symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 0,
      trigger_price = "29500", base_price = "30000", reduce_only = true, close_on_trigger = true }).order_id
    placed { type = "Market", price = false, quantity = 60 }
    exchange:set_price("BTCUSD", "29500")
    assert.is_true(read(stop).filled_quantity:eq(160))
    assert.equal("0", position().size)
  end)

  for name, case in pairs {
    ["a price off the tick"] = { { price = "29000.3" }, 10001, "invalid_parameter" },
    ["too large a quantity"] = { { quantity = 1000001 }, 10001, "quantity_above_maximum" },
    ["a price out of range"] = { { price = "1000000" }, 110003, "price_out_of_range" },
    ["more than the margin covers"] = { { quantity = 900000, price = "2900" }, 110007, "insufficient_balance" },
    ["hedge mode"] = { { position_mode = 1 }, 10001, "invalid_position_mode" },
    ["an unknown symbol"] = { { symbol = "NOSUCHUSD" }, 10001, "invalid_symbol" },
    ["a take profit on the wrong side"] = { { take_profit_price = "28000" }, 10001, "invalid_take_profit" },
    ["a stop loss on the wrong side"] = { { stop_loss_price = "29500" }, 10001, "invalid_stop_loss" },
    ["a limit take profit without a mode"] = { { take_profit_price = "33000", tp_order_type = "Limit",
      tp_limit_price = "33000" }, 10001, "tpsl_mode_missing" },
  } do
    it("is refused with " .. name .. ", and nothing is placed", function()
      local ack, err = client:place_order(order(case[1]))
      assert.is_nil(ack)
      assert.same({ "exchange", case[2], bybit.codes[case[3]], "rejected", false }, { err.kind, err.code, err.name,
        err.outcome, err.retryable })
      assert.equal(0, #assert(client:get_orders { symbol = "BTCUSD" }))
      assert.equal(0, #assert(client:collect("get_orders", { symbol = "BTCUSD" })))
    end)
  end

  it("a price beyond the price limit is moved to the limit, as the exchange does by default", function()
    local o = read(placed { price = "33000", quantity = 1 })
    assert.is_true(o.price < "33000")
    assert.equal("Filled", o.status)
  end)

  it("partial take profits that are attached to an order get the quantity that was filled", function()
    placed { type = "Market", price = false, tpsl_mode = "Partial", take_profit_price = "31000", tp_order_type = "Limit",
      tp_limit_price = "31000", stop_loss_price = "29000", client_order_id = "parent" }
    local kinds = {}
    for _, o in ipairs(assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" })) do
      kinds[o.stop_order_type] = o
    end
    assert.is_true(kinds.PartialTakeProfit.quantity:eq(100) and kinds.PartialStopLoss.quantity:eq(100))
    assert.same({ "Limit", "Market" }, { kinds.PartialTakeProfit.type, kinds.PartialStopLoss.type })
    exchange:set_price("BTCUSD", "31000")
    assert.equal("New", read(kinds.PartialTakeProfit.order_id).status) -- it is a limit order now
    exchange:set_price("BTCUSD", "31000.5")
    assert.equal("0", position().size)
    assert.is_true(read(kinds.PartialTakeProfit.order_id).avg_price:eq(31000))
  end)

  describe("and then modify_order", function()
    it("changes price, quantity, take profit and stop loss", function()
      local id = placed()
      assert(client:modify_order { symbol = "BTCUSD", order_id = id, new_price = "29100.5", new_quantity = 150,
        take_profit_price = "33000", stop_loss_price = "28000", take_profit_trigger_type = "LastPrice",
        stop_loss_trigger_type = "MarkPrice" })
      local o = read(id)
      assert.is_true(o.price:eq("29100.5") and o.quantity:eq(150) and o.take_profit_price:eq(33000)
        and o.stop_loss_price:eq(28000))
      assert.equal("MarkPrice", o.stop_loss_trigger_type)
      assert(client:modify_order { symbol = "BTCUSD", order_id = id, take_profit_price = 0 })
      o = read(id)
      assert.is_nil(o.take_profit_price)
      assert.is_true(o.stop_loss_price:eq(28000), "left out leaves")
    end)

    it("accepts the caller's own id as well", function()
      local id = placed { client_order_id = "mine" }
      local ack = assert(client:modify_order { symbol = "BTCUSD", client_order_id = "mine", new_quantity = 5 })
      assert.same({ id, "mine" }, { ack.order_id, ack.client_order_id })
    end)

    it("may fill the order at its new price", function()
      local id = placed()
      assert(client:modify_order { symbol = "BTCUSD", order_id = id, new_price = best_ask() })
      assert.equal("Filled", read(id).status)
      local _, err = client:modify_order { symbol = "BTCUSD", order_id = id, new_price = "29000" }
      assert.same({ "not_found", 110001, "rejected" }, { err.kind, err.code, err.outcome })
    end)

    it("cannot reduce the quantity to what is filled, exceed the margin, or leave the tick", function()
      local ask = best_ask()
      local id = placed { price = ask, quantity = 500000 }
      local filled = read(id).filled_quantity
      assert.is_true(filled > 0 and filled < 500000)
      local _, err = client:modify_order { symbol = "BTCUSD", order_id = id, new_quantity = filled }
      assert.same({ 110064, bybit.codes.quantity_not_above_filled }, { err.code, err.name })
      assert(client:cancel_order { symbol = "BTCUSD", order_id = id })
      id = placed()
      _, err = client:modify_order { symbol = "BTCUSD", order_id = id, new_price = "2000", new_quantity = 1000000 }
      assert.same({ "exchange", "rejected" }, { err.kind, err.outcome })
      _, err = client:modify_order { symbol = "BTCUSD", order_id = id, new_price = "29000.3" }
      assert.equal(10001, err.code)
      assert.is_true(read(id).price:eq(29000) and read(id).quantity:eq(100))
    end)
  end)

  describe("and then cancel_order", function()
    it("ends a partly filled order with its fills", function()
      local id = placed { price = best_ask(), quantity = 500000, client_order_id = "part" }
      assert.equal("PartiallyFilled", read(id).status)
      local ack = assert(client:cancel_order { symbol = "BTCUSD", client_order_id = "part" })
      assert.same({ id, "part" }, { ack.order_id, ack.client_order_id })
      local o = read(id)
      assert.same({ "Cancelled", "CancelByUser" }, { o.status, o.cancel_type })
      assert.is_true(o.filled_quantity > 0 and o.leaves_quantity:is_zero())
      local _, err = client:cancel_order { symbol = "BTCUSD", order_id = id }
      assert.same({ "not_found", bybit.codes.order_not_found }, { err.kind, err.name })
    end)

    it("does not find an order of another symbol", function()
      local id = placed()
      local _, err = client:cancel_order { symbol = "ETHUSD", order_id = id }
      assert.equal("not_found", err.kind)
      assert.equal("New", read(id).status)
    end)

    it("cancel_all_orders: cancels the orders of the symbol, and no other", function()
      placed()
      placed { price = "28000" }
      exchange:set_price("ETHUSD", "2000")
      local other = assert(client:place_order { symbol = "ETHUSD", side = "Buy", type = "Limit", quantity = 10, price = 1900 })
      assert.equal(2, #assert(client:cancel_all_orders { symbol = "BTCUSD" }))
      local left = assert(client:get_open_orders_real_time { symbol = "ETHUSD" })
      assert.equal(1, #left)
      assert.equal(other.order_id, left[1].order_id)
    end)
  end)
end)
