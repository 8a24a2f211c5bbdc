-- Calls that cross each other: several unknown calls about the same order, position or id, with different windows, under two
-- names, or half done. What is reported as done stays done, and what was done is never reported as not done.

local bybit = require "bybit"
local core = require "bybit.core"
local asked = require "spec.support.asked"
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
    staged.clean()
  end)

  -- Waits until every copy on its way has arrived.
  local function long_after(seconds)
    core.loop.advance(seconds)
    exchange:catch_up()
  end

  local function unknown(result, err)
    assert.is_nil(result)
    assert.equal("unknown", err.outcome)
    return err
  end

  describe("trading stops", function()
    before_each(function()
      assert(hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
      core.loop.advance(10)
    end)

    it("that protect, sent after one whose copy comes late: the last one stands", function()
      exchange:plan("stop", staged.late(2))
      unknown(client:set_trading_stop(of { stop_loss_price = 27000, deadline = 0.2 }))
      local told
      bybit.run(function()
        local second = bybit.spawn(function() client:set_trading_stop(of { stop_loss_price = 28000 }) end)
        bybit.sleep(0.5)
        local third = bybit.spawn(function() told = client:set_trading_stop(of { stop_loss_price = 28500 }) end)
        bybit.all { second, third }
      end)
      assert.truthy(told)
      long_after(60)
      assert.equal("28500", exchange:stop_at "StopLoss")
    end)

    it("of which the first has a longer window: a stop that is reported as set stands even after it", function()
      exchange:plan("stop", staged.late(30))
      unknown(client:set_trading_stop(of { stop_loss_price = 27000, deadline = 0.2, receive_window = 60000 }))
      local set, _, response = client:set_trading_stop(of { stop_loss_price = 28500, deadline = 120 })
      assert.truthy(set)
      assert.is_nil(response.unconfirmed)
      long_after(120)
      assert.equal("28500", exchange:stop_at "StopLoss")
    end)

    it("that protect, both without an answer, the first never arrives: the second is found, and stands", function()
      exchange:plan("stop", staged.page, staged.lost_answer)
      unknown(client:set_trading_stop(of { stop_loss_price = 27000, deadline = 0.2 }))
      local set, err = client:set_trading_stop(of { stop_loss_price = 28500, deadline = 120 })
      assert.truthy(set, tostring(err))
      assert.equal("28500", exchange:stop_at "StopLoss")
      long_after(120)
      assert.equal("28500", exchange:stop_at "StopLoss")
    end)

    it("of which the first has a longer window: nothing is concluded about the second before it ends", function()
      exchange:plan("stop", staged.late(30))
      unknown(client:set_trading_stop(of { stop_loss_price = 27000, deadline = 0.2, receive_window = 60000 }))
      exchange:plan("stop", staged.lost_answer)
      exchange:always("read", staged.lost_request)
      local err = unknown(client:set_trading_stop(of { stop_loss_price = 28500, deadline = 0.5, timeout = 0.5 }))
      exchange:always("read", nil)
      local set = client:resolve(err, { deadline = 20 })
      long_after(120)
      assert.is_true(not set or exchange:stop_at "StopLoss" == "28500")
    end)
  end)

  describe("amendments", function()
    local function placed()
      local ack = assert(client:place_order(limit { client_order_id = "me-1" }))
      core.loop.advance(10)
      return ack.order_id
    end

    it("of one order under its two names wait for each other", function()
      for _, first in ipairs { "order_id", "client_order_id" } do
        local id = exchange:order "me-1" and exchange:order("me-1").order_id or placed()
        core.loop.advance(20)
        local names = { order_id = { order_id = id }, client_order_id = { client_order_id = "me-1" } }
        local second = first == "order_id" and "client_order_id" or "order_id"
        exchange:plan("amend", staged.late(2))
        local p = of(names[first])
        p.new_price, p.deadline = 28000, 0.2
        unknown(client:modify_order(p))
        local q = of(names[second])
        q.new_price = 28500
        assert(client:modify_order(q))
        long_after(30)
        assert.equal("28500", exchange:order(id).price)
      end
    end)

    it("of which the first has a longer window: the second waits for its end", function()
      local id = placed()
      exchange:plan("amend", staged.late(30))
      unknown(client:modify_order(of { order_id = id, new_price = 28000, deadline = 0.2, receive_window = 60000 }))
      assert(client:modify_order(of { order_id = id, new_price = 28500, deadline = 120 }))
      long_after(120)
      assert.equal("28500", exchange:order(id).price)
    end)

    it("that an earlier run left, and that come late, undo nothing that is reported as done", function()
      local journal, left = staged.journal(), nil
      client:close()
      client = exchange:client { api = api, journal = journal }
      local id = placed()
      exchange:plan("amend", staged.meanwhile(function() left = staged.killed(journal) end, staged.late(2)))
      unknown(client:modify_order(of { order_id = id, new_price = 28000, deadline = 0.2 }))
      client:close()
      client = exchange:client { api = api, journal = left }
      local ack, err = client:modify_order(of { order_id = id, new_price = 28500 })
      if not ack then
        assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
        assert(client:reconcile { symbol = "BTCUSD" })
        assert(client:modify_order(of { order_id = id, new_price = 28500 }))
      end
      long_after(30)
      assert.equal("28500", exchange:order(id).price)
    end)
  end)

  describe("placements under one id of the caller's", function()
    for name, params in pairs { active = limit, conditional = conditional } do
      local place = name == "conditional" and "place_conditional_order" or "place_order"

      it(("(%s) of which the first comes late make one order, which one call reports"):format(name), function()
        exchange:plan("place", staged.late(2))
        exchange:always("read", staged.page)
        local err = unknown(client[place](client, params { client_order_id = "me-7", deadline = 0.2, resend = false }))
        exchange:always("read", nil)
        local second, refused = client[place](client, params { client_order_id = "me-7" })
        local first = client:resolve(err)
        long_after(30)
        assert.equal(1, exchange:count "me-7")
        assert.is_true((first ~= nil) ~= (second ~= nil), "one of them made it")
        if refused then assert.equal("rejected", refused.outcome) end
      end)

      it(("(%s) of which the first never arrives: the second made the order, and only this is reported"):format(name), function()
        exchange:plan("place", staged.page)
        exchange:always("read", staged.page)
        local err = unknown(client[place](client, params { client_order_id = "me-7", deadline = 0.2, resend = false }))
        exchange:always("read", nil)
        assert(client[place](client, params { client_order_id = "me-7" }))
        local first, why = client:resolve(err)
        assert.is_nil(first)
        assert.is_true(why.outcome == "rejected" or why.final, tostring(why))
        assert.equal(1, exchange:count "me-7")
      end)
    end
  end)

  describe("a cancel-all", function()
    it("that has cancelled some orders one by one, and then runs out of time, never claims to have done nothing", function()
      local ids = {}
      for i = 1, 2 do ids[i] = assert(client:place_order(limit())).order_id end
      core.loop.advance(10)
      exchange:plan("all", staged.lost_request)
      exchange:plan("cancel", staged.well)
      exchange:always("cancel", staged.lost_request)
      local err = unknown(client:cancel_all_orders(of { deadline = 5 }))
      exchange:always("cancel", nil)
      local open = 0
      for _, id in ipairs(ids) do open = open + (exchange:order(id).open and 1 or 0) end
      assert.equal(1, open)
      local list, why = client:resolve(err)
      assert.is_nil(list)
      assert.same({ "unknown", true }, { why.outcome, why.final })
    end)

    it("is sent at once after an unknown amendment, since it takes risk away", function()
      local id = assert(client:place_order(limit())).order_id
      core.loop.advance(10)
      exchange:plan("amend", staged.page)
      exchange:always("read", staged.lost_request)
      unknown(client:modify_order(of { order_id = id, new_price = 28000, deadline = 0.2 }))
      exchange:always("read", nil)
      local before = exchange:now()
      assert(client:cancel_all_orders(of()))
      assert.is_true(exchange:of_kind("all")[1].at - before < 1000)
      assert.is_false(exchange:order(id).open)
    end)

    it("that cancels one by one and runs out of time says which orders are cancelled", function()
      for i = 1, 2 do assert(client:place_order(limit { client_order_id = "me-" .. i })) end
      core.loop.advance(10)
      exchange:plan("all", staged.page)
      exchange:plan("cancel", staged.well)
      exchange:always("cancel", staged.page)
      local err = unknown(client:cancel_all_orders(of { deadline = 20 }))
      assert.equal(1, #err.cancelled)
      for i = 1, 2 do
        local order = exchange:order("me-" .. i)
        assert.equal(order.order_id ~= err.cancelled[1].order_id, order.open)
      end
    end)

    it("warns only about placements of its symbol that may still arrive", function()
      local id = assert(client:place_order(limit { client_order_id = "me-6" })).order_id
      local function told()
        local list, err, response = client:cancel_all_orders(of())
        assert.is_nil(err)
        assert.truthy(list)
        return response.unconfirmed
      end
      exchange:always("place", staged.page)
      exchange:always("amend", staged.page)
      exchange:always("read", staged.page)
      unknown(client:place_order { symbol = "ETHUSD", side = "Buy", type = "Limit", quantity = 1, price = 1900, deadline = 0.2 })
      unknown(client:modify_order(of { order_id = id, new_price = 28000, deadline = 0.2 }))
      assert.is_nil(told())
      unknown(client:place_order(limit { deadline = 0.2 }))
      assert.truthy(tostring(told()):find("a placement of unknown outcome may still arrive", 1, true))
      long_after(30)
      assert.is_nil(told(), "none can arrive any more")
    end)

    for name, params in pairs { active = limit, conditional = conditional } do
      local place = name == "conditional" and "place_conditional_order" or "place_order"
      local all = name == "conditional" and "cancel_all_conditional_orders" or "cancel_all_orders"

      it(("(%s) after an unknown placement is sent at once, and returns when that can no longer arrive"):format(name), function()
        exchange:plan("place", staged.late(2))
        exchange:always("place", staged.page)
        exchange:always("read", staged.page)
        unknown(client[place](client, params { client_order_id = "me-7", deadline = 0.2 }))
        exchange.standing = {}
        local before = exchange:now()
        local list, err, response = client[all](client, of())
        assert.is_nil(err)
        assert.truthy(list)
        assert.is_true(exchange:of_kind("all")[1].at - before < 1000)
        long_after(30)
        local order = exchange:order "me-7"
        assert.is_true(not order or not order.open or response.unconfirmed ~= nil, "no order of ours is open")
      end)
    end
  end)
end) end
