-- The edges of the rules: an id that is taken between two attempts, a change that another program has made already, the stops
-- that a cancel-all spares, orders whose age cannot be read, and dismissed intents.

local asked = require "spec.support.asked"
local core = require "bybit.core"
local staged = require "spec.support.staged_exchange"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

for _, api in ipairs(staged.WIRES) do describe("on " .. api, function()
  local exchange, client, hand

  before_each(function()
    exchange = staged.start()
    client, hand = exchange:client { api = api, id_prefix = "me" }, exchange.hand
    assert(client:get_open_orders_real_time(of())) -- so that the exchange's clock is known
  end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  it("a cancel-all of a prefix lists cancelled orders only, with confirm too: not one that was filled meanwhile", function()
    local filled = assert(client:place_order(limit { price = 29900 })).order_id
    local cancelled = assert(client:place_order(limit())).order_id
    core.loop.advance(10)
    exchange:always("cancel", staged.meanwhile(function() exchange:command("set_price", "BTCUSD", "29800", {}) end))
    local list = assert(client:cancel_all_orders(of { id_prefix = "me", confirm = true }))
    assert.equal("Filled", exchange:order(filled).status)
    assert.same({ 1, cancelled }, { #list, list[1].order_id })
  end)

  it("an order under the caller's id that was created between the spans of two attempts is somebody else's", function()
    local function taken() -- after the fence of the first attempt, before the second is signed
      core.loop.advance(3)
      assert(hand:place_order(limit { client_order_id = "mine" }))
    end
    exchange:plan("place", staged.meanwhile(taken, staged.lost_request), staged.lost_answer)
    local ack, err = client:place_order(limit { client_order_id = "mine", receive_window = 100, timeout = 1 })
    assert.is_nil(ack)
    assert.same({ "rejected", "duplicate_client_order_id" }, { err.outcome, err.name })
    assert.equal(1, exchange:count "mine")
  end)

  it("a change that never arrived, but that another program has made meanwhile, counts as done", function()
    local order = assert(client:place_order(limit()))
    core.loop.advance(10)
    exchange:plan("amend", staged.lost_request, staged.meanwhile(function()
      assert(hand:modify_order(of { order_id = order.order_id, new_price = 28000 }))
    end))
    local ack = assert(client:modify_order(of { order_id = order.order_id, new_price = 28000 }))
    assert.equal(order.order_id, ack.order_id)
    assert.equal("28000", tostring(exchange:order(order.order_id).price))
  end)

  it("a cancel-all spares orders that were created after it, and cancels an order whose age cannot be read", function()
    local old = assert(client:place_order(limit())).order_id
    core.loop.advance(10)
    exchange:odd("create_time", '"oops"', "read")
    exchange:plan("all", staged.lost_request)
    assert(client:cancel_all_orders(of()))
    assert.is_false(exchange:order(old).open)
  end)

  it("a stop that the position no longer shows is not removed while its order is open", function()
    assert(hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
    assert(hand:set_trading_stop(of { stop_loss_price = 25000 }))
    core.loop.advance(10)
    exchange:odd("stop_loss_price", '"0"', "read")
    exchange:always("stop", staged.lost_request)
    local ack, err = client:set_trading_stop(of { stop_loss_price = 0 })
    assert.is_nil(ack)
    assert.equal("unknown", err.outcome)
    assert.equal("25000", exchange:stop_at "StopLoss")
  end)

  it("a cancel-all that is sent again also cancels what was placed while its first copy was on its way", function()
    local old, young = assert(client:place_order(limit())).order_id, nil
    core.loop.advance(10)
    exchange:plan("all", staged.meanwhile(function()
      young = assert(hand:place_order(limit())).order_id
    end, staged.lost_request))
    assert(client:cancel_all_orders(of()))
    assert.same({ false, false }, { exchange:order(old).open, exchange:order(young).open })
  end)

  it("a dismissed intent is closed: dismissing it again changes nothing, and resolve returns what was known", function()
    exchange:plan("place", staged.lost_request)
    exchange:always("place", staged.lost_request)
    exchange:always("read", staged.lost_request)
    local _, err = client:place_order(limit { deadline = 1, timeout = 0.5 })
    assert.equal("unknown", err.outcome)
    assert.is_true(client:dismiss(err))
    assert.is_true(client:dismiss(err))
    assert.equal(0, #client:unsettled())
    local sent = exchange:sent "read"
    local result, again = client:resolve(err)
    assert.is_nil(result)
    assert.equal(err, again)
    assert.equal(sent, exchange:sent "read")
  end)

  if api == "v5" then
    it("a second stop of the same size and price counts by itself", function()
      assert(hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
      local stop = { take_profit_price = 40000, take_profit_quantity = 10, tpsl_mode = "Partial" }
      assert(client:set_trading_stop(of(stop)))
      exchange:plan("stop", staged.lost_answer)
      assert(client:set_trading_stop(of(stop)))
      assert.equal(2, #assert(client:get_open_conditional_orders_real_time(of())))
    end)

    it("a stop that never arrived is not taken for the same stop of a later call", function()
      assert(hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
      local stop = { take_profit_price = 40000, take_profit_quantity = 10, tpsl_mode = "Partial" }
      exchange:plan("stop", staged.lost_request)
      stop.deadline, stop.timeout = 0.6, 0.5
      local _, err = client:set_trading_stop(of(stop))
      assert.equal("unknown", err.outcome)
      stop.deadline, stop.timeout = nil, nil
      assert(client:set_trading_stop(of(stop)))
      local ack, told = client:resolve(err)
      assert.is_nil(ack)
    assert.equal("rejected", told.outcome)
      assert.equal(1, #assert(client:get_open_conditional_orders_real_time(of())))
    end)

    it("a cancel-all of plain conditional orders spares the stops of the position", function()
      assert(hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
      assert(hand:set_trading_stop(of { stop_loss_price = 25000 }))
      local plain = assert(client:place_conditional_order(conditional())).order_id
      core.loop.advance(10)
      exchange:plan("all", staged.lost_request)
      assert(client:cancel_all_conditional_orders(of { stop_order_type = "Stop" }))
      assert.is_false(exchange:order(plain).open)
      assert.equal("25000", exchange:stop_at "StopLoss")
    end)

    it("a cancel-all of plain conditional orders does not skip an order whose kind cannot be read", function()
      local plain = assert(client:place_conditional_order(conditional())).order_id
      core.loop.advance(10)
      exchange:odd("stop_order_type", '""', "read")
      exchange:plan("all", staged.lost_request)
      assert(client:cancel_all_conditional_orders(of { stop_order_type = "Stop" }))
      assert.is_false(exchange:order(plain).open)
    end)
  end
end) end
