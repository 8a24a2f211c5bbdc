-- Stops of a position, over HTTP on the paper exchange: set, changed, removed, fired; Full and Partial; trailing stops with and
-- without an activation price; stops that are attached to orders.

local bybit = require "bybit"
local trading = require "spec.support.trading"

describe("a position on the paper exchange", function()
  local exchange, client

  before_each(function() exchange, client = trading.start() end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local function open(side, more)
    local p = { symbol = "BTCUSD", side = side or "Buy", type = "Market", quantity = 100 }
    for k, v in pairs(more or {}) do p[k] = v end
    local ack = assert(client:place_order(p))
    exchange:set_price("BTCUSD", "30000") -- since the trade has moved the last price
    return ack.order_id
  end

  local function stop(p)
    p.symbol = "BTCUSD"
    return client:set_trading_stop(p)
  end

  local function position() return trading.position(client) end

  -- The waiting orders by kind; an array if there are several of a kind.
  local function waiting()
    local found = {}
    for _, order in ipairs(assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" })) do
      found[order.stop_order_type] = found[order.stop_order_type] or {}
      table.insert(found[order.stop_order_type], order)
    end
    return found
  end

  local function only(kind)
    local found = waiting()
    assert.truthy(found[kind], kind .. " is missing")
    assert.equal(1, #found[kind])
    return found[kind][1]
  end

  local function read(id)
    return assert(client:get_open_conditional_order_real_time { symbol = "BTCUSD", stop_order_id = id })
  end

  -- How the stop order with this id ended.
  local function ended(id)
    local order = read(id)
    return order.status, order.cancel_type
  end

  local function at(price, others)
    exchange:set_price("BTCUSD", price, others)
  end

  describe("is protected as a whole (Full)", function()
    it("by a take profit and a stop loss, which the position and the list of waiting orders show", function()
      open()
      assert.same({}, (assert(stop { take_profit_price = "33000", stop_loss_price = "28000.5",
        stop_loss_trigger_type = "MarkPrice" })))
      local p = position()
      assert.is_true(bybit.decimal(p.takeProfit):eq(33000) and bybit.decimal(p.stopLoss):eq("28000.5"))
      local tp, sl = only "TakeProfit", only "StopLoss"
      for _, order in ipairs { tp, sl } do
        assert.same({ "Sell", true, true, "Untriggered", "Market", "Full" }, { order.side, order.reduce_only,
          order.close_on_trigger, order.status, order.type, order.tpsl_mode })
        assert.is_true(order.quantity:eq(100))
        assert.is_nil(order.client_order_id)
      end
      assert.same({ "Rising", "LastPrice" }, { tp.trigger_direction, tp.trigger_type })
      assert.same({ "Falling", "MarkPrice" }, { sl.trigger_direction, sl.trigger_type })
      assert.is_true(tp.trigger_price:eq(33000) and sl.trigger_price:eq("28000.5"))
    end)

    it("parameters that are left out change nothing, another value changes, 0 removes", function()
      open()
      assert(stop { take_profit_price = "33000", stop_loss_price = "28000" })
      local tp, sl = only "TakeProfit", only "StopLoss"
      assert(stop { take_profit_price = "34000" })
      assert.is_true(only("TakeProfit").trigger_price:eq(34000))
      assert.is_true(only("StopLoss").trigger_price:eq(28000))
      assert.equal(sl.order_id, only("StopLoss").order_id)
      assert(stop { stop_loss_price = 0 })
      assert.is_nil(waiting().StopLoss)
      assert.equal("Deactivated", (ended(sl.order_id)))
      assert.truthy(only "TakeProfit")
      assert(stop { take_profit_price = "0" })
      assert.same({}, waiting())
      assert.truthy(tp.order_id)
      at "40000"
      assert.equal("100", position().size)
    end)

    it("and says `unchanged` if nothing changes", function()
      open()
      assert(stop { take_profit_price = "33000" })
      local result, err, response = stop { take_profit_price = "33000" }
      assert.is_nil(result)
      assert.same({ 34040, bybit.codes.trading_stop_unchanged, "rejected", true }, { err.code, err.name, err.outcome,
        err.unchanged })
      assert.is_true(response.unchanged)
      result, err = stop { stop_loss_price = 0 }
      assert.is_nil(result)
      assert.is_true(err.unchanged)
    end)

    it("only with a position, and only on the right side", function()
      local _, err = stop { stop_loss_price = "28000" }
      assert.same({ 10001, bybit.codes.no_position, "rejected" }, { err.code, err.name, err.outcome })
      open "Sell"
      _, err = stop { stop_loss_price = "28000" }
      assert.same({ 10001, bybit.codes.invalid_stop_loss }, { err.code, err.name })
      _, err = stop { take_profit_price = "31000" }
      assert.same({ 10001, bybit.codes.invalid_take_profit }, { err.code, err.name })
      assert.same({}, waiting())
    end)

    -- For each direction: what is set, the price that fires, the order that is left, and how that one ends.
    for name, case in pairs {
      ["a long's take profit"] = { "Buy", { take_profit_price = "33000", stop_loss_price = "28000" }, "33000",
        "TakeProfit", "StopLoss", "CancelByOCOSlCanceledByTpTriggered" },
      ["a long's stop loss"] = { "Buy", { take_profit_price = "33000", stop_loss_price = "28000" }, "28000",
        "StopLoss", "TakeProfit", "CancelByOCOTpCanceledBySlTriggered" },
      ["a short's take profit"] = { "Sell", { take_profit_price = "28000", stop_loss_price = "32000" }, "28000",
        "TakeProfit", "StopLoss", "CancelByOCOSlCanceledByTpTriggered" },
      ["a short's stop loss"] = { "Sell", { take_profit_price = "28000", stop_loss_price = "32000" }, "32000",
        "StopLoss", "TakeProfit", "CancelByOCOTpCanceledBySlTriggered" },
    } do
      it("until " .. name .. " fires: the position closes, and the other order of the pair is cancelled", function()
        open(case[1])
        assert(stop(case[2]))
        local fired, left = only(case[4]), only(case[5])
        at(case[3])
        assert.equal("0", position().size)
        assert.equal("Filled", (ended(fired.order_id)))
        local status, cancel_type = ended(left.order_id)
        assert.same({ "Deactivated", case[6] }, { status, cancel_type })
        assert.same({}, waiting())
        local trades = assert(client:get_user_trades { symbol = "BTCUSD", order_id = fired.order_id })
        local closed = bybit.decimal(0)
        for _, trade in ipairs(trades) do
          assert.equal(case[4], trade.stop_order_type)
          closed = closed + trade.closed_quantity
        end
        assert.is_true(closed:eq(100))
      end)
    end

    it("by the chosen price only", function()
      open()
      assert(stop { stop_loss_price = "28000", stop_loss_trigger_type = "MarkPrice", take_profit_price = "33000",
        take_profit_trigger_type = "IndexPrice" })
      at("28000", { mark = "28500", index = "28000" })
      at("33000", { mark = "33000", index = "32999.5" })
      assert.equal("100", position().size)
      at("30000", { mark = "30000", index = "33000" })
      assert.equal("0", position().size)
    end)

    it("by orders that follow its size, and are cancelled when it is closed in another way", function()
      open()
      assert(stop { take_profit_price = "33000", stop_loss_price = "28000" })
      local tp = only "TakeProfit"
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 150 })
      assert.is_true(only("TakeProfit").quantity:eq(250))
      assert(client:place_order { symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 50, reduce_only = true })
      assert.is_true(only("StopLoss").quantity:eq(200))
      assert(client:place_order { symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 200 })
      assert.same({}, waiting())
      local status, cancel_type = ended(tp.order_id)
      assert.same({ "Deactivated", "CancelByTpSlTsClear" }, { status, cancel_type })
    end)

    it("through the order that opens it", function()
      local id = open("Buy", { take_profit_price = "33000", stop_loss_price = "28000.5", client_order_id = "parent",
        take_profit_trigger_type = "MarkPrice" })
      local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = id })
      assert.is_true(order.take_profit_price:eq(33000) and order.stop_loss_price:eq("28000.5"))
      local tp, sl = only "TakeProfit", only "StopLoss"
      assert.same({ "parent", "parent" }, { tp.parent_order_link_id, sl.parent_order_link_id })
      assert.same({ "MarkPrice", "LastPrice" }, { tp.trigger_type, sl.trigger_type })
      at("33000", { mark = "32999.5", index = "33000" })
      assert.equal("100", position().size)
      at "33000"
      assert.equal("0", position().size)
    end)

    it("through a conditional order that opens it", function()
      assert(client:place_conditional_order { symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 100,
        trigger_price = 29000, base_price = 30000, take_profit_price = "28000", stop_loss_price = "30500" })
      assert.same(1, #assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" }))
      at "29000"
      assert.equal("Sell", position().side)
      assert.is_true(only("TakeProfit").trigger_price:eq(28000))
      at "30500"
      assert.equal("0", position().size)
    end)
  end)

  describe("is protected in parts (Partial)", function()
    it("by orders that add up, each with its own quantity", function()
      open()
      assert(stop { take_profit_price = "33000", stop_loss_price = "28000", take_profit_quantity = 30,
        stop_loss_quantity = 30 })
      assert(stop { stop_loss_price = "28500", stop_loss_quantity = 50 })
      local found = waiting()
      assert.equal(1, #found.PartialTakeProfit)
      assert.equal(2, #found.PartialStopLoss)
      assert.equal("Partial", found.PartialTakeProfit[1].tpsl_mode)
      assert.is_nil(found.TakeProfit)
      assert.is_true(bybit.decimal(position().stopLoss):is_zero(), "the position shows what is for all of it")
      at "28500"
      assert.equal("50", position().size)
      at "28000"
      assert.equal("20", position().size)
      assert.same({}, waiting())
    end)

    it("with limit prices", function()
      open()
      assert(stop { tpsl_mode = "Partial", take_profit_price = "31000", take_profit_quantity = 40, tp_order_type = "Limit",
        tp_limit_price = "31200" })
      local tp = waiting().PartialTakeProfit[1]
      assert.equal("Limit", tp.type)
      assert.is_true(tp.price:eq(31200) and tp.trigger_price:eq(31000) and tp.quantity:eq(40))
      at "31000"
      local open_orders = assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
      assert.equal(1, #open_orders)
      assert.same({ tp.order_id, "New" }, { open_orders[1].order_id, open_orders[1].status })
      at "31200"
      assert.equal("60", position().size)
      assert.equal("Filled", (ended(tp.order_id)))
    end)

    it("by pairs: when one fires, only the other one of its pair is cancelled", function()
      open()
      assert(stop { take_profit_price = "33000", stop_loss_price = "28000", take_profit_quantity = 30,
        stop_loss_quantity = 30 })
      local first = waiting()
      assert(stop { stop_loss_price = "28500", stop_loss_quantity = 20 })
      at "33000"
      assert.equal("70", position().size)
      assert.equal("CancelByOCOSlCanceledByTpTriggered", select(2, ended(first.PartialStopLoss[1].order_id)))
      assert.equal(1, #waiting().PartialStopLoss)
    end)

    it("by orders that are changed and cancelled one by one: 0 does nothing", function()
      open()
      assert(stop { stop_loss_price = "28000", stop_loss_quantity = 30 })
      local id = only("PartialStopLoss").order_id
      local _, err = stop { tpsl_mode = "Partial", stop_loss_price = 0 }
      assert.truthy(err)
      assert(client:modify_conditional_order { symbol = "BTCUSD", stop_order_id = id, new_trigger_price = "28500" })
      assert.is_true(only("PartialStopLoss").trigger_price:eq(28500))
      assert(client:cancel_conditional_order { symbol = "BTCUSD", stop_order_id = id })
      assert.same({}, waiting())
    end)

    it("without limit prices in Full mode, which the exchange refuses", function()
      open()
      local _, err = stop { take_profit_price = "33000", tp_order_type = "Limit", tp_limit_price = "32990" }
      assert.same({ 10001, "rejected" }, { err.code, err.outcome })
    end)
  end)

  describe("is followed by a trailing stop", function()
    it("from the current price, at its distance; it never moves back", function()
      open()
      assert(stop { trailing_stop_distance = "500" })
      local id = only("TrailingStop").order_id
      assert.is_true(bybit.decimal(position().trailingStop):eq(500))
      at "30400"
      at "29900.5" -- 499.5 below the top
      assert.equal("100", position().size)
      at "31000"
      at "30600"
      assert.equal("100", position().size)
      at "30500" -- 500 below the top
      assert.equal("0", position().size)
      assert.equal("Filled", (ended(id)))
    end)

    it("downwards for a short", function()
      open "Sell"
      assert(stop { trailing_stop_distance = "500" })
      at "29000"
      at "29499.5"
      assert.equal("100", position().size)
      at "29500"
      assert.equal("0", position().size)
    end)

    it("only after its activation price was reached", function()
      open()
      assert(stop { trailing_stop_distance = "500", trailing_stop_trigger_price = "31000" })
      assert.is_true(only("TrailingStop").trigger_price:eq(31000))
      at "30900"
      at "30000" -- 900 below the top, but not started
      assert.equal("100", position().size)
      at "31000"
      at "30500.5"
      assert.equal("100", position().size)
      at "30500"
      assert.equal("0", position().size)
    end)

    it("which can be changed, and removed with 0; a stop loss stays as it is", function()
      open()
      assert(stop { trailing_stop_distance = "500", stop_loss_price = "28000" })
      assert(stop { trailing_stop_price = "800" })
      assert.is_true(bybit.decimal(position().trailingStop):eq(800))
      assert.equal(1, #waiting().TrailingStop)
      local _, err = stop { trailing_stop_price = "800" }
      assert.is_true(err.unchanged)
      assert(stop { trailing_stop_distance = 0 })
      assert.is_nil(waiting().TrailingStop)
      assert.truthy(only "StopLoss")
      at "29000"
      assert.equal("100", position().size)
    end)

    it("only if its activation price is on the right side", function()
      open()
      local _, err = stop { trailing_stop_distance = "500", trailing_stop_trigger_price = "29000" }
      assert.same({ 10001, "rejected" }, { err.code, err.outcome })
    end)
  end)
end)
