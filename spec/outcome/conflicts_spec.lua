-- Conflicts: while a copy of a change may still act, a later change of the same order, position or symbol waits, unsent.
-- Changes of other orders and symbols, and calls that take risk away, do not wait.

local bybit = require "bybit"
local core = require "bybit.core"
local asked = require "spec.support.asked"
local staged = require "spec.support.staged_exchange"

local of, limit, conditional, with = asked.of, asked.limit, asked.conditional, asked.with

for _, api in ipairs(staged.WIRES) do describe("on " .. api, function()
  local exchange, client

  before_each(function()
    exchange = staged.start()
    client = exchange:client { api = api, id_prefix = "me" }
    assert(exchange.hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
    assert(exchange.hand:place_order { symbol = "ETHUSD", side = "Buy", type = "Market", quantity = 100 })
  end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  -- Two orders of each kind; returns calls by name, which take more parameters.
  local function calls()
    local active, second = assert(client:place_order(limit())).order_id, assert(client:place_order(limit())).order_id
    local waiting = assert(client:place_conditional_order(conditional())).order_id
    local function call(method, params)
      return function(more) return client[method](client, with(with({}, params), more)) end
    end
    return {
      place = call("place_order", limit()),
      place_conditional = call("place_conditional_order", conditional { trigger_price = 28900 }),
      place_eth = call("place_order", { symbol = "ETHUSD", side = "Buy", type = "Limit", quantity = 1, price = 1900 }),
      amend = call("modify_order", of { order_id = active, new_price = 28000 }),
      amend_again = call("modify_order", of { order_id = active, new_price = 28500 }),
      amend_other = call("modify_order", of { order_id = second, new_price = 28500 }),
      amend_conditional = call("modify_conditional_order", of { stop_order_id = waiting, new_trigger_price = 28000 }),
      amend_conditional_again = call("modify_conditional_order", of { stop_order_id = waiting, new_trigger_price = 28500 }),
      cancel = call("cancel_order", of { order_id = active }),
      cancel_conditional = call("cancel_conditional_order", of { stop_order_id = waiting }),
      all = call("cancel_all_orders", of()),
      all_conditional = call("cancel_all_conditional_orders", of()),
      all_eth = call("cancel_all_orders", { symbol = "ETHUSD" }),
      stop = call("set_trading_stop", of { stop_loss_price = 28000 }),
      stop_removed = call("set_trading_stop", of { stop_loss_price = 0 }),
      stop_eth = call("set_trading_stop", { symbol = "ETHUSD", stop_loss_price = 1800 }),
    }
  end

  local KIND = { amend = "amend", amend_conditional = "amend", all = "all", all_conditional = "all", stop = "stop" }

  -- Makes a first call that ends unknown at once, while its copy is on its way. Returns the moment after which the copy is too
  -- old.
  local function leave_at_large(call, kind)
    core.loop.advance(10)
    exchange:plan(kind, staged.page)
    local result, err = call { deadline = 0.2 }
    assert.is_nil(result)
    assert.equal("unknown", err.outcome)
    local copies = exchange:of_kind(kind)
    return staged.fence_of(copies[#copies])
  end

  -- The first of two calls, and a second one that must wait for it.
  for _, pair in ipairs {
    { "amend", "amend_again", "amend" }, { "amend_conditional", "amend_conditional_again", "amend" },
    { "stop", "stop_removed", "stop" },
    { "all", "place", "place" }, { "all_conditional", "place_conditional", "place" },
    { "all", "amend_again", "amend" }, { "all_conditional", "amend_conditional_again", "amend" },
  } do
    local first, second, kind = table.unpack(pair)

    it(("%s waits, unsent, until no copy of an unknown %s can act any more"):format(second, first), function()
      local call = calls()
      local fence = leave_at_large(call[first], KIND[first])
      local sent = exchange:sent(kind)
      assert.is_true(exchange:now() < fence)
      call[second]()
      local copies = exchange:of_kind(kind)
      assert.is_true(#copies > sent, "in the end it goes out")
      assert.is_true(copies[sent + 1].at >= fence, ("it left %d ms too early"):format(fence - copies[sent + 1].at))
    end)

    it(("%s is not sent if its deadline passes while %s can still act"):format(second, first), function()
      local call = calls()
      leave_at_large(call[first], KIND[first])
      local sent, before = exchange:sent(kind), exchange:now()
      local result, err = call[second] { deadline = 1 }
      assert.is_nil(result)
      assert.same({ "timeout", "not_sent" }, { err.kind, err.outcome })
      assert.equal(sent, exchange:sent(kind))
      assert.is_true(exchange:now() - before <= 1100)
    end)

    it(("%s that waits for %s ends at once by its token, and was not sent"):format(second, first), function()
      local call = calls()
      leave_at_large(call[first], KIND[first])
      local sent, before = exchange:sent(kind), exchange:now()
      local token, err = bybit.cancel_token(), nil
      bybit.run(function()
        local waits = bybit.spawn(function() err = select(2, call[second] { cancel = token }) end)
        bybit.sleep(0.5)
        token:cancel()
        waits:await()
      end)
      assert.same({ "cancelled", "not_sent" }, { err.kind, err.outcome })
      assert.equal(sent, exchange:sent(kind))
      assert.is_true(exchange:now() - before <= 600)
    end)
  end

  -- A second call that does not wait.
  for _, pair in ipairs {
    { "amend", "amend_other", "amend" }, { "amend", "cancel", "cancel" }, { "amend", "place", "place" },
    { "amend_conditional", "cancel_conditional", "cancel" }, { "amend", "stop", "stop" },
    { "stop", "stop_eth", "stop" }, { "stop", "place", "place" }, { "stop", "cancel", "cancel" },
    { "all", "place_eth", "place" }, { "all", "cancel", "cancel" }, { "all", "all_eth", "all" }, { "all", "all", "all" },
  } do
    local first, second, kind = table.unpack(pair)

    it(("%s is sent at once, even if an unknown %s may still act"):format(second, first), function()
      local call = calls()
      leave_at_large(call[first], KIND[first])
      local sent, before = exchange:sent(kind), exchange:now()
      call[second]()
      local copies = exchange:of_kind(kind)
      assert.is_true(copies[sent + 1].at - before < 1000)
    end)
  end

  for what, kind in pairs { amend = "amend", amend_conditional = "amend", stop = "stop" } do
    it(what .. " ends after its own fence, though copies of amendments of other orders are lost all the time", function()
      local call, others = calls(), {}
      for i = 1, 60 do others[i] = assert(exchange.hand:place_order(limit())).order_id end
      core.loop.advance(10)
      local ended, fence, told
      exchange:plan(kind, staged.lost_answer)
      bybit.run(function()
        local first = bybit.spawn(function()
          told = call[what] { deadline = 60 }
          ended = exchange:now()
        end)
        bybit.sleep(0.01)
        fence = staged.fence_of(exchange:of_kind(kind)[1])
        exchange:always("amend", staged.lost_request)
        while not first.done and exchange:now() < fence + 40000 do
          local id = table.remove(others)
          bybit.spawn(function() client:modify_order(of { order_id = id, new_price = 28500, deadline = 0.2 }) end)
          bybit.sleep(1)
        end
        exchange:always("amend", nil)
        first:await()
      end)
      assert.truthy(told)
      assert.is_true(ended >= fence)
      assert.is_true(ended <= fence + 12000, ("%d ms after the fence"):format(ended - fence))
    end)
  end

  it("in tasks: the second amendment of an order waits if the first is unknown", function()
    local call = calls()
    core.loop.advance(10)
    exchange:plan("amend", staged.late(1))
    bybit.run(function()
      local first = bybit.spawn(function() assert(call.amend()) end)
      local second = bybit.spawn(function() assert(call.amend_again()) end)
      bybit.all { first, second }
    end)
    local copies = exchange:of_kind "amend"
    assert.is_true(copies[2].at >= staged.fence_of(copies[1]))
    exchange:calm()
    assert.equal("28500", exchange:order(exchange:of_kind("amend")[1].params.orderId
      or exchange:of_kind("amend")[1].params.order_id).price)
  end)

  describe("a stop that protects", function()
    it("is sent at once, and its call returns after the fence of the copy that might undo it", function()
      local call = calls()
      local fence = leave_at_large(call.stop, "stop")
      local before = exchange:now()
      assert(client:set_trading_stop(of { stop_loss_price = 28500 }))
      local copies = exchange:of_kind "stop"
      assert.is_true(copies[2].at - before < 1000, "at once")
      assert.is_true(exchange:now() > fence, "told when nothing can undo it")
      assert.equal("28500", exchange:stop_at "StopLoss")
    end)

    it("is open in the journal until its call returns, so that the next run finds it if the process dies", function()
      for price, copy_at_large in pairs { [28400] = true, [28500] = false } do
        client:close()
        local journal, left = staged.journal(), nil
        client = exchange:client { api = api, journal = journal }
        core.loop.advance(10)
        if copy_at_large then
          exchange:plan("stop", staged.page)
          local _, err = client:set_trading_stop(of { stop_loss_price = 28000, deadline = 0.2 })
          assert.equal("unknown", err.outcome)
        end
        bybit.run(function()
          bybit.spawn(function() assert(client:set_trading_stop(of { stop_loss_price = price })) end)
          bybit.sleep(2)
          assert.equal(tostring(price), exchange:stop_at "StopLoss")
          left = staged.killed(journal)
        end)
        local next_run <close> = exchange:client { api = api, journal = left }
        assert.equal(copy_at_large and 2 or 0, #next_run:unsettled())
      end
      staged.clean()
    end)

    it("is made again if the late copy undid it", function()
      core.loop.advance(10)
      exchange:plan("stop", staged.late(2))
      local result, err = client:set_trading_stop(of { stop_loss_price = 28000, deadline = 0.2 })
      assert.is_nil(result)
      assert.equal("unknown", err.outcome)
      assert(client:set_trading_stop(of { stop_loss_price = 28500 }))
      exchange:calm()
      assert.equal("28500", exchange:stop_at "StopLoss")
    end)

    it("is made again if a late copy of a cancel-all cancelled it", function()
      assert(client:place_conditional_order(conditional()))
      core.loop.advance(10)
      exchange:plan("all", staged.late(2))
      local _, err = client:cancel_all_conditional_orders(of { deadline = 0.2 })
      assert.equal("unknown", err.outcome)
      local before = exchange:now()
      assert(client:set_trading_stop(of { stop_loss_price = 28500 }))
      assert.is_true(exchange:of_kind("stop")[1].at - before < 1000, "at once")
      exchange:calm()
      assert.equal("28500", exchange:stop_at "StopLoss")
    end)

    it("whose time runs out before that does not claim to stand", function()
      core.loop.advance(10)
      exchange:plan("stop", staged.late(2))
      local _, first = client:set_trading_stop(of { stop_loss_price = 28000, deadline = 0.2 })
      assert.equal("unknown", first.outcome)
      local result, err, response = client:set_trading_stop(of { stop_loss_price = 28500, deadline = 1 })
      assert.is_true(result ~= nil and response.unconfirmed ~= nil or not result and err.outcome == "unknown")
    end)
  end)

  if api == "v5" then
    for how, params in pairs { ["of losses"] = { stop_loss_price = 28000, stop_loss_quantity = 10 },
      ["of profits"] = { take_profit_price = 40000, take_profit_quantity = 10 },
      ["in Partial mode"] = { take_profit_price = 40000, tpsl_mode = "Partial" } } do
      it("two stops for parts (" .. how .. ") do not wait for each other: they add", function()
        core.loop.advance(10)
        exchange:plan("stop", staged.page)
        local function stop(deadline)
          local p = of { deadline = deadline }
          for k, v in pairs(params) do p[k] = v end
          return client:set_trading_stop(p)
        end
        local _, err = stop(0.2)
        assert.equal("unknown", err.outcome)
        local before = exchange:now()
        stop()
        assert.is_true(exchange:of_kind("stop")[2].at - before < 1000)
      end)
    end

    it("of two equal stops for parts, one lost and one done, only one is reported as done", function()
      core.loop.advance(10)
      exchange:plan("stop", staged.lost_request, staged.well)
      exchange:always("stop", staged.lost_request)
      local told = {}
      bybit.run(function()
        for i = 1, 2 do
          bybit.spawn(function()
            told[i] = client:set_trading_stop(of { stop_loss_price = 28000, stop_loss_quantity = 10, deadline = 60 }) or false
          end)
        end
      end)
      local parts = 0
      for _, order in ipairs(exchange:books().orders) do
        if order.open and order.stop_order_type == "PartialStopLoss" then parts = parts + 1 end
      end
      assert.equal(1, parts)
      assert.same({ false, true }, { told[1] and true, told[2] and true })
    end)

    it("of two equal stops for parts, one of an earlier run and one of this run, both are told as done", function()
      local journal = staged.journal()
      finally(staged.clean)
      client:close()
      client = exchange:client { api = api, journal = journal }
      local part = of { stop_loss_price = 28000, stop_loss_quantity = 10, tpsl_mode = "Partial" }
      assert(client:get_open_orders_real_time(of())) -- it knows the exchange's clock from here on
      core.loop.advance(10)
      exchange:plan("stop", staged.lost_answer)
      assert.equal("unknown", select(2, client:set_trading_stop(with({ deadline = 0.2 }, part))).outcome)
      local left = staged.killed(journal)
      client:close()
      client = exchange:client { api = api, journal = left }
      assert(client:set_trading_stop(part))
      core.loop.advance(700)
      local report = assert(client:reconcile { symbol = "BTCUSD", deadline = 60 })
      assert.same({ 1, "done" }, { #report.settled, (report.settled[1] or {}).outcome })
    end)

    it("a lost stop for a part is not told as done by the order of an equal one, however long ago that was", function()
      assert(client:get_open_orders_real_time(of()))
      core.loop.advance(10)
      exchange:plan("stop", staged.lost_request)
      local part = of { stop_loss_price = 28000, stop_loss_quantity = 10, tpsl_mode = "Partial" }
      local _, err = client:set_trading_stop(with({ deadline = 0.2 }, part))
      assert.equal("unknown", err.outcome)
      assert(client:set_trading_stop(part))
      core.loop.advance(100)
      assert(client:set_trading_stop { symbol = "ETHUSD", stop_loss_price = 1800, stop_loss_quantity = 9, tpsl_mode = "Partial" })
      local result, told = client:resolve(err, { deadline = 60 })
      assert.is_nil(result)
      assert.same({ "rejected", "fence" }, { told.outcome, told.proof })
    end)
  end
end) end
