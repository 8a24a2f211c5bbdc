-- Conditional orders over HTTP on the paper exchange, from their placement to their end: the three trigger types from both sides,
-- amending, cancelling one by one and all at once.

local bybit = require "bybit"
local trading = require "spec.support.trading"

local text = trading.text

describe("conditional orders on the paper exchange", function()
  local exchange, client

  before_each(function() exchange, client = trading.start() end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local function conditional(more)
    local p = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100, base_price = 30000,
      trigger_price = "31000" }
    for k, v in pairs(more or {}) do p[k] = v or nil end
    return p
  end

  local function placed(more)
    local ack, err = client:place_conditional_order(conditional(more))
    assert.is_nil(err)
    return ack.stop_order_id
  end

  local function read(id)
    return assert(client:get_open_conditional_order_real_time { symbol = "BTCUSD", stop_order_id = id })
  end

  local function position() return trading.position(client) end

  it("wait, use no margin, and show what they wait for", function()
    local function available()
      local wallet = assert(client:request("GET", "/v5/account/wallet-balance", { accountType = "UNIFIED", coin = "BTC" }))
      return wallet.list[1].coin[1].totalOrderIM
    end
    local before = available()
    local id = placed { client_order_id = "wait-1", trigger_type = "MarkPrice", quantity = 50000, type = "Limit",
      price = "31010.5", take_profit_price = "33000", stop_loss_price = "29000", stop_loss_trigger_type = "IndexPrice" }
    local order = read(id)
    assert.same({ "Untriggered", "Stop", "MarkPrice", "Rising", "Limit", "GTC", "wait-1", "Buy" },
      { order.status, order.stop_order_type, order.trigger_type, order.trigger_direction, order.type, order.time_in_force,
        order.client_order_id, order.side })
    assert.is_true(order.trigger_price:eq(31000) and order.price:eq("31010.5") and order.quantity:eq(50000))
    assert.is_true(order.take_profit_price:eq(33000) and order.stop_loss_price:eq(29000))
    assert.equal("IndexPrice", order.stop_loss_trigger_type)
    assert.is_true(order.last_price_on_created:eq(30000))
    assert.is_true(order:is_open())
    assert.equal(id, order.order_id)
    assert.equal(id, order.stop_order_id)
    assert.equal(before, available())
    assert.equal(id, client:get_open_conditional_order_real_time { symbol = "BTCUSD", client_order_id = "wait-1" }.order_id)
    assert.equal(0, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
    assert.equal(1, #assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" }))
  end)

  -- Only the chosen price counts: the other two pass the trigger first, and nothing happens.
  local FAR = { Rising = "31000.5", Falling = "28999.5" }
  local AT = { Rising = "31000", Falling = "29000" }
  local SHORT_OF = { Rising = "30999.5", Falling = "29000.5" }
  local WHICH = { LastPrice = 1, MarkPrice = 2, IndexPrice = 3 }

  for trigger_type, at in pairs(WHICH) do
    for _, direction in ipairs { "Rising", "Falling" } do
      it(("fire when the %s is reached, %s"):format(trigger_type, direction:lower()), function()
        local id = placed { trigger_price = AT[direction], trigger_type = trigger_type }
        assert.equal(direction, read(id).trigger_direction)
        local function prices(others, its)
          local p = { others, others, others }
          p[at] = its
          exchange:set_price("BTCUSD", p[1], { mark = p[2], index = p[3] })
        end
        prices(FAR[direction], "30000")
        assert.equal("Untriggered", read(id).status)
        prices(FAR[direction], SHORT_OF[direction])
        assert.equal("Untriggered", read(id).status)
        prices("30000", AT[direction])
        local order = read(id)
        assert.equal("Filled", order.status)
        assert.equal(id, order.order_id)
        assert.is_true(order.filled_quantity:eq(100))
        assert.equal("IOC", order.time_in_force)
        assert.equal("100", position().size)
        local trades = assert(client:get_user_trades { symbol = "BTCUSD", order_id = id })
        assert.truthy(#trades >= 1)
        assert.equal("Stop", trades[1].stop_order_type)
        assert.equal(0, #assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" }))
      end)
    end
  end

  it("fire on the last price if no type is given, even if the price jumps past the trigger", function()
    local id = placed()
    exchange:set_price("BTCUSD", "32000")
    assert.equal("Filled", read(id).status)
    assert.is_true(read(id).avg_price >= "32000")
  end)

  it("can take their direction from trigger_direction", function()
    local rising = placed { base_price = false, trigger_direction = "Rising" }
    local falling = placed { base_price = false, trigger_direction = "Falling", trigger_price = "29000" }
    assert.equal("Rising", read(rising).trigger_direction)
    assert.equal("Falling", read(falling).trigger_direction)
    exchange:set_price("BTCUSD", "29000")
    assert.equal("Filled", read(falling).status)
    assert.equal("Untriggered", read(rising).status)
  end)

  it("become an active order with the same id, which moves from one list to the other", function()
    local id = placed { type = "Limit", price = "30500", client_order_id = "moves" }
    exchange:set_price("BTCUSD", "31000")
    local open = assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
    assert.equal(1, #open)
    assert.same({ id, "moves", "New" }, { open[1].order_id, open[1].client_order_id, open[1].status })
    assert.equal(0, #assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" }))
    -- From now on it is changed and cancelled as an active order.
    assert(client:modify_order { symbol = "BTCUSD", order_id = id, new_price = "30400" })
    local refused, err = client:modify_conditional_order { symbol = "BTCUSD", stop_order_id = id, new_trigger_price = 32000 }
    assert.is_nil(refused)
    assert.equal("rejected", err.outcome)
    assert(client:cancel_order { symbol = "BTCUSD", client_order_id = "moves" })
    assert.equal("Cancelled", read(id).status)
  end)

  it("are refused on the wrong side of the price that they watch", function()
    local _, above = client:place_conditional_order(conditional { base_price = 29000, trigger_price = 29500 })
    assert.same({ 110092, bybit.codes.trigger_price_not_above, "rejected" }, { above.code, above.name, above.outcome })
    local _, below = client:place_conditional_order(conditional { base_price = 31000, trigger_price = 30500 })
    assert.same({ 110093, bybit.codes.trigger_price_not_below, "rejected" }, { below.code, below.name, below.outcome })
    local _, equal = client:place_conditional_order(conditional { base_price = 29000, trigger_price = 30000 })
    assert.equal(110092, equal.code)
    -- For the mark price the same trigger is on the right side.
    exchange:set_price("BTCUSD", "30000", { mark = "29000", index = "30000" })
    placed { base_price = 29000, trigger_price = 29500, trigger_type = "MarkPrice" }
    assert.equal(1, #assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" }))
  end)

  it("are limited to ten", function()
    for i = 1, 10 do placed { trigger_price = 31000 + i } end
    local ack, err = client:place_conditional_order(conditional())
    assert.is_nil(ack)
    assert.same({ 110009, bybit.codes.too_many_conditional_orders }, { err.code, err.name })
  end)

  it("are refused a second time under the same id, even for another symbol", function()
    placed { client_order_id = "once" }
    local _, err = client:place_conditional_order(conditional { client_order_id = "once" })
    assert.equal(bybit.codes.duplicate_client_order_id, err.name)
    _, err = client:place_conditional_order(conditional { symbol = "NOSUCHUSD" })
    assert.equal(bybit.codes.invalid_symbol, err.name)
  end)

  it("are amended: trigger, price, quantity, trigger type, protection", function()
    local id = placed { type = "Limit", price = "31010" }
    local ack = assert(client:modify_conditional_order { symbol = "BTCUSD", stop_order_id = id, new_trigger_price = "31500",
      new_price = "31510.5", new_quantity = 250, trigger_type = "MarkPrice", take_profit_price = "33000",
      take_profit_trigger_type = "LastPrice" })
    assert.equal(id, ack.stop_order_id)
    local order = read(id)
    assert.is_true(order.trigger_price:eq(31500) and order.price:eq("31510.5") and order.quantity:eq(250))
    assert.equal("MarkPrice", order.trigger_type)
    assert.is_true(order.take_profit_price:eq(33000))
    assert(client:modify_conditional_order { symbol = "BTCUSD", order_id = id, take_profit_price = 0 })
    assert.is_nil(read(id).take_profit_price)
    local _, err = client:modify_conditional_order { symbol = "BTCUSD", order_id = id, new_quantity = 250 }
    assert.is_true(err.unchanged)
    exchange:set_price("BTCUSD", "31000")
    assert.equal("Untriggered", read(id).status)
    exchange:set_price("BTCUSD", "31500")
    assert.equal("Filled", read(id).status)
  end)

  it("that are cancelled before their trigger, by either id, end as Deactivated and do not fire", function()
    local first, second = placed(), placed { client_order_id = "second" }
    assert.equal(first, assert(client:cancel_conditional_order { symbol = "BTCUSD", stop_order_id = first }).stop_order_id)
    assert(client:cancel_conditional_order { symbol = "BTCUSD", client_order_id = "second" })
    exchange:set_price("BTCUSD", "31000")
    for _, id in ipairs { first, second } do
      local order = read(id)
      assert.same({ "Deactivated", "CancelByUser" }, { order.status, order.cancel_type })
      assert.is_true(order:is_done())
    end
    local _, err = client:cancel_conditional_order { symbol = "BTCUSD", stop_order_id = first }
    assert.same({ "not_found", 110001, "rejected" }, { err.kind, err.code, err.outcome })
  end)

  it("with reduce_only do nothing without a position, and close an existing one", function()
    local id = placed { side = "Sell", trigger_price = 29000, reduce_only = true, close_on_trigger = true, quantity = 500 }
    exchange:set_price("BTCUSD", "29000")
    assert.equal("Cancelled", read(id).status)
    exchange:set_price("BTCUSD", "30000")
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
    id = placed { side = "Sell", trigger_price = 29000, reduce_only = true, close_on_trigger = true, quantity = 500 }
    exchange:set_price("BTCUSD", "29000")
    assert.is_true(read(id).filled_quantity:eq(100))
    assert.equal("0", position().size)
  end)

  it("end without a fill if there is too little margin when they fire", function()
    local id = placed { quantity = 200000, trigger_price = 29500 }
    -- A position that leaves too little for another such order.
    local ack, err
    for _ = 1, 40 do
      ack, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 200000 }
      exchange:set_price("BTCUSD", "30000") -- the book is full again
      if not ack then break end
    end
    assert.equal(bybit.codes.insufficient_balance, err.name)
    exchange:set_price("BTCUSD", "29500")
    local order = read(id)
    assert.equal("Cancelled", order.status)
    assert.is_true(order.filled_quantity:is_zero())
  end)

  describe("with a protected position beside them", function()
    before_each(function()
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100,
        take_profit_price = "33000", stop_loss_price = "28000" })
      assert(client:set_trading_stop { symbol = "BTCUSD", trailing_stop_distance = "1500" })
      placed { trigger_price = 32000 }
      placed { trigger_price = 29000, side = "Sell" }
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "28500" })
    end)

    local function kinds()
      local count = {}
      for _, order in ipairs(assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" })) do
        count[order.stop_order_type] = (count[order.stop_order_type] or 0) + 1
      end
      return count
    end

    it("are listed together with its stops", function()
      assert.same({ Stop = 2, TakeProfit = 1, StopLoss = 1, TrailingStop = 1 }, kinds())
    end)

    it("are cancelled without its stops by stop_order_type = 'Stop'", function()
      local list = assert(client:cancel_all_conditional_orders { symbol = "BTCUSD", stop_order_type = "Stop" })
      assert.equal(2, #list)
      assert.same({ TakeProfit = 1, StopLoss = 1, TrailingStop = 1 }, kinds())
      assert.equal(1, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
    end)

    it("are cancelled together with its stops otherwise; active orders stay", function()
      local list = assert(client:cancel_all_conditional_orders { symbol = "BTCUSD" })
      assert.equal(5, #list)
      for _, entry in ipairs(list) do
        assert.truthy(entry.stop_order_id)
        assert.equal("Deactivated", read(entry.stop_order_id).status)
      end
      assert.same({}, kinds())
      assert.equal(1, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
      assert.equal("100", position().size)
      assert.equal(0, #assert(client:cancel_all_conditional_orders { symbol = "BTCUSD" }))
    end)

    it("stay when the active orders are cancelled", function()
      assert.equal(1, #assert(client:cancel_all_orders { symbol = "BTCUSD" }))
      assert.same({ Stop = 2, TakeProfit = 1, StopLoss = 1, TrailingStop = 1 }, kinds())
    end)

    it("a single stop of the position is cancelled by its id", function()
      for _, order in ipairs(assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" })) do
        if order.stop_order_type == "StopLoss" then
          assert(client:cancel_conditional_order { symbol = "BTCUSD", stop_order_id = order.stop_order_id })
        end
      end
      assert.same({ Stop = 2, TakeProfit = 1, TrailingStop = 1 }, kinds())
      assert.equal("0.00", position().stopLoss)
    end)
  end)

  describe("in lists of past and present", function()
    it("the untriggered orders come first, then past ones, each once, newest first", function()
      local ids = {}
      for i = 1, 6 do
        ids[i] = placed { trigger_price = 31000 + i, client_order_id = "n" .. i }
        exchange:advance(1)
      end
      for _, i in ipairs { 2, 5 } do
        assert(client:cancel_conditional_order { symbol = "BTCUSD", stop_order_id = ids[i] })
      end
      exchange:set_price("BTCUSD", "31001")
      local names, statuses = {}, {}
      for order in client:each("get_conditional_orders", { symbol = "BTCUSD", limit = 2 }) do
        names[#names + 1] = order.client_order_id
        statuses[#statuses + 1] = order.status
      end
      assert.same({ "n6", "n4", "n3", "n5", "n2", "n1" }, names)
      assert.same({ "Untriggered", "Untriggered", "Untriggered", "Deactivated", "Deactivated", "Filled" }, statuses)
      for status, count in pairs { Untriggered = 3, Deactivated = 2, Filled = 1, Rejected = 0, New = 0 } do
        local list = assert(client:collect("get_conditional_orders", { symbol = "BTCUSD", status = status, limit = 2 }))
        assert.equal(count, #list, status)
      end
      local one = assert(client:collect("get_conditional_orders", { symbol = "BTCUSD", stop_order_id = ids[2] }))
      assert.equal(1, #one)
      assert.equal("n2", one[1].client_order_id)
      assert.equal(text(one[1].trigger_price), text(read(ids[2]).trigger_price))
    end)
  end)
end)
