-- Another program on the account: it (or a later call of the same client) changes the order or position of a call of unknown
-- outcome before the call is settled. If the records no longer tell, the outcome is `unknown`, final, with the record as it
-- stands; nothing counts as proved.

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
  end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local function open_position()
    assert(hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
  end

  -- Checks an outcome that no record tells: final, with the record as it stands, and holding nothing back.
  local function assert_final(result, err, record)
    assert.is_nil(result)
    assert.same({ "unknown", true }, { err.outcome, err.final }, tostring(err))
    assert.is_nil(err.proof)
    assert.truthy(rawget(err, record), "with the record as it stands")
    local open = client:unsettled()
    assert.same({ 1, true }, { #open, open[1].final })
  end

  -- Checks a call that was carried out: it is reported as done or as final, never as not done.
  local function assert_not_denied(result, err)
    assert.is_true(result ~= nil or err.outcome == "unknown", tostring(err))
    for _, entry in ipairs(client:unsettled()) do assert.is_true(entry.final) end
  end

  describe("a placement whose answer is lost", function()
    -- What another program does to the order before it is looked up.
    local function acts(conditional_one)
      local id = conditional_one and "stop_order_id" or "order_id"
      local modify = conditional_one and "modify_conditional_order" or "modify_order"
      local cancel = conditional_one and "cancel_conditional_order" or "cancel_order"
      return {
        ["gets another quantity"] = function(order) assert(hand[modify](hand, of { [id] = order, new_quantity = 200 })) end,
        ["gets another price"] = function(order)
          assert(hand[modify](hand, of { [id] = order, [conditional_one and "new_trigger_price" or "new_price"] = 28500 }))
        end,
        ["is cancelled"] = function(order) assert(hand[cancel](hand, of { [id] = order })) end,
        ["is filled"] = function() exchange:command("set_price", "BTCUSD", "28900", {}) end,
      }
    end

    for _, case in ipairs { { "place_order", limit }, { "place_conditional_order", conditional } } do
      for _, id in ipairs { "an id that we make", "the caller's id" } do
        for what, act in pairs(acts(case[1] == "place_conditional_order")) do
          local function params(more)
            more.client_order_id = id == "the caller's id" and "mine-1" or nil
            return case[2](more)
          end
          local function then_somebody(copy)
            act(exchange:order(copy.params.orderLinkId or copy.params.order_link_id).order_id)
          end

          it(("is reported as made although its order %s before it is found (%s, %s)"):format(what, case[1], id), function()
            exchange:plan("place", staged.then_lost(then_somebody))
            local ack, err = client[case[1]](client, params {})
            assert.is_nil(err)
            assert.equal(exchange:books().orders[1].order_id, ack.order_id)
            assert.equal(0, #client:unsettled())
          end)

          it(("is resolved as made although its order %s (%s, %s)"):format(what, case[1], id), function()
            exchange:plan("place", staged.then_lost(then_somebody))
            local _, err = client[case[1]](client, params { deadline = 0.9, timeout = 0.9 })
            assert.equal("unknown", err.outcome)
            core.loop.advance(60)
            assert.equal(exchange:books().orders[1].order_id, assert(client:resolve(err)).order_id)
          end)
        end
      end
    end

    it("is settled as placed by reconcile, and listed as live", function()
      exchange:plan("place", staged.then_lost(function()
        assert(hand:modify_order(of { order_id = exchange:books().orders[1].order_id, new_quantity = 200 }))
      end))
      local _, err = client:place_order(limit { deadline = 0.9, timeout = 0.9 })
      assert.equal("unknown", err.outcome)
      core.loop.advance(60)
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.same({ 1, "placed", 1, 0 }, { #report.settled, report.settled[1].outcome, #report.live, #report.unsettled })
      assert.equal(err.client_order_id, report.live[1].client_order_id)
    end)
  end)

  describe("an amendment", function()
    local cases = {
      active = { place = "place_order", modify = "modify_order", id = "order_id", new = "new_price", field = "price",
        params = limit },
      conditional = { place = "place_conditional_order", modify = "modify_conditional_order", id = "stop_order_id",
        new = "new_trigger_price", field = "trigger_price", params = conditional },
    }
    for name, case in pairs(cases) do
      local function amend(who, id, price, more)
        local p = of { [case.id] = id, [case.new] = price }
        for k, v in pairs(more or {}) do p[k] = v end
        return who[case.modify](who, p)
      end
      local function placed() return assert(client[case.place](client, case.params())).order_id end

      it(("(%s) that was carried out, and then replaced by another program, is final"):format(name), function()
        local id = placed()
        core.loop.advance(60)
        exchange:plan("amend", staged.then_lost(function() assert(amend(hand, id, 28500)) end))
        local ack, err = amend(client, id, 28000)
        assert_final(ack, err, "order")
        assert.equal(id, err.order.order_id)
        assert.equal("28500", exchange:order(id)[case.field], "and nothing was set over again")
      end)

      it(("(%s) that never arrived, of an order that another program has changed since, is final"):format(name), function()
        local id = placed()
        core.loop.advance(60)
        exchange:plan("amend", staged.meanwhile(function() assert(amend(hand, id, 28500)) end, staged.lost_request))
        local ack, err = amend(client, id, 28000)
        assert_final(ack, err, "order")
        assert.equal("28500", exchange:order(id)[case.field])
        assert.equal(1, exchange:sent "amend")
      end)

      it(("(%s) that was carried out, and then replaced by the client's next one, is not reported as not made")
        :format(name), function()
        local id = placed()
        core.loop.advance(60)
        exchange:plan("amend", staged.lost_answer)
        local _, err = amend(client, id, 28000, { deadline = 0.9, timeout = 0.9 })
        assert.equal("unknown", err.outcome)
        assert(amend(client, id, 28500))
        assert_not_denied(client:resolve(err))
        assert.equal("28500", exchange:order(id)[case.field])
      end)

      it(("(%s) that never arrived is made again, after the fence, if nobody has changed the order"):format(name), function()
        local id = placed()
        core.loop.advance(60)
        exchange:plan("amend", staged.lost_request)
        assert.equal(id, assert(amend(client, id, 28000)).order_id)
        assert.equal("28000", exchange:order(id)[case.field])
        local copies = exchange:of_kind "amend"
        assert.equal(2, #copies)
        assert.is_true(copies[2].at > staged.fence_of(copies[1]), "no two copies at large")
      end)

      it(("(%s) that never arrived is proved not to be made if no time is left to make it again"):format(name), function()
        local id = placed()
        core.loop.advance(60)
        exchange:plan("amend", staged.lost_request)
        local _, err = amend(client, id, 28000, { deadline = 0.9, timeout = 0.9 })
        assert.equal("unknown", err.outcome)
        local ack, why = client:resolve(err)
        assert.is_nil(ack)
        assert.same({ "rejected", "fence", true }, { why.outcome, why.proof, why.retryable })
      end)

      it(("(%s) of an order that has ended since is final"):format(name), function()
        local id = placed()
        core.loop.advance(60)
        exchange:plan("amend", staged.meanwhile(function()
          local cancel = name == "conditional" and "cancel_conditional_order" or "cancel_order"
          assert(hand[cancel](hand, of { [case.id] = id }))
        end, staged.lost_request))
        local ack, err = amend(client, id, 28000)
        assert_final(ack, err, "order")
      end)
    end
  end)

  describe("a trading stop", function()
    before_each(function()
      open_position()
      core.loop.advance(60)
    end)

    it("that was carried out, and then replaced by another program, is final", function()
      exchange:plan("stop", staged.then_lost(function() assert(hand:set_trading_stop(of { stop_loss_price = 28500 })) end))
      local done, err = client:set_trading_stop(of { stop_loss_price = 28000 })
      assert_final(done, err, "position")
      assert.equal("28500", exchange:stop_at "StopLoss")
    end)

    it("that never arrived, for a position that was changed since, is final", function()
      exchange:plan("stop", staged.meanwhile(function()
        assert(hand:set_trading_stop(of { stop_loss_price = 28500 }))
      end, staged.lost_request))
      local done, err = client:set_trading_stop(of { stop_loss_price = 28000 })
      assert_final(done, err, "position")
      assert.equal("28500", exchange:stop_at "StopLoss")
    end)

    it("that was carried out, and then replaced by the client's next one, is not reported as not made", function()
      exchange:plan("stop", staged.lost_answer)
      local _, err = client:set_trading_stop(of { stop_loss_price = 28000, deadline = 0.9, timeout = 0.9 })
      assert.equal("unknown", err.outcome)
      assert(client:set_trading_stop(of { stop_loss_price = 28500 }))
      assert_not_denied(client:resolve(err))
      assert.equal("28500", exchange:stop_at "StopLoss")
    end)

    for name, age in pairs { minutes = 300, ["six days"] = 6 * 86400 } do
      it(("that changed an order of %s ago, which another program then cancelled, is not reported as not made"):format(name),
        function()
          assert(hand:set_trading_stop(of { stop_loss_price = 28500 }))
          core.loop.advance(age)
          exchange:command("faults", { forget = 1 }) -- order/realtime soon forgets orders that have ended
          exchange:plan("stop", staged.then_lost(function()
            local stop
            for _, order in ipairs(exchange:books().orders) do stop = order.stop_order_type == "StopLoss" and order or stop end
            assert(hand:cancel_conditional_order(of { stop_order_id = stop.order_id }))
          end))
          assert_not_denied(client:set_trading_stop(of { stop_loss_price = 28000 }))
          assert.is_nil(exchange:stop_at "StopLoss")
        end)
    end

    it("that never arrived is told as not made while the order that it asked to change is as before", function()
      assert(hand:set_trading_stop(of { stop_loss_price = 28500 }))
      core.loop.advance(9 * 86400)
      exchange:plan("stop", staged.lost_request)
      local _, err = client:set_trading_stop(of { stop_loss_price = 28000, deadline = 0.9, timeout = 0.9 })
      assert.equal("unknown", err.outcome)
      core.loop.advance(60)
      local _, resolved = client:resolve(err)
      assert.same({ "rejected", "fence" }, { resolved.outcome, resolved.proof }, tostring(resolved))
    end)

    it("that never arrived is told as not made, although a fill changed the position since: no stop order was touched", function()
      exchange:plan("stop", staged.meanwhile(open_position, staged.lost_request))
      local _, err = client:set_trading_stop(of { stop_loss_price = 28000, deadline = 0.9, timeout = 0.9 })
      assert.equal("unknown", err.outcome)
      core.loop.advance(60)
      local _, resolved = client:resolve(err)
      assert.same({ "rejected", "fence" }, { resolved.outcome, resolved.proof }, tostring(resolved))
    end)

    if api == "v5" then
      it("for a part, that never arrived, is told from an equal, earlier one whose outcome stayed unknown", function()
        local part = of { stop_loss_price = 28000, stop_loss_quantity = 10, tpsl_mode = "Partial", deadline = 0.9, timeout = 0.9 }
        exchange:plan("stop", staged.lost_answer)
        assert.equal("unknown", select(2, client:set_trading_stop(part)).outcome)
        core.loop.advance(20)
        exchange:plan("stop", staged.lost_request)
        local _, err = client:set_trading_stop(part)
        assert.equal("unknown", err.outcome)
        core.loop.advance(60)
        local _, resolved = client:resolve(err)
        assert.same({ "rejected", "fence" }, { resolved.outcome, resolved.proof }, tostring(resolved))
      end)

      it("for a part, that was carried out, is a success while another stop waits for it", function()
        exchange:plan("stop", staged.lost_answer)
        exchange:command("faults", { lag = 3000 }) -- the first looks do not show it yet
        local part, whole
        bybit.run(function()
          bybit.spawn(function()
            part = client:set_trading_stop(of { stop_loss_price = 28000, stop_loss_quantity = 10, tpsl_mode = "Partial" })
          end)
          bybit.spawn(function()
            whole = client:set_trading_stop(of { take_profit_price = 40000 })
          end)
        end)
        assert.truthy(part)
        assert.truthy(whole)
      end)
    end

    -- Each page of past stop orders says that another one follows.
    local function without_end()
      local first, pages = nil, 0
      exchange:rewrite("read", function(body, copy)
        local past = copy.path:find "history" or copy.path:find "stop%-order/list"
        if not past then return body end
        pages, first = pages + 1, first or body
        local field = api == "v2" and "cursor" or "nextPageCursor"
        local time = body:match '"time":%d+' or body:match '"time_now":"[^"]*"' -- the exchange's clock goes on
        return (first:gsub(('"%s":"[^"]*"'):format(field), ('"%s":"%d"'):format(field, pages))
          :gsub(time:match '^[^:]*:' .. '"?[%d.]+"?', time))
      end)
    end

    for kind, more in pairs { ["for the position"] = {}, ["for a part"] = { tpsl_mode = "Partial", stop_loss_quantity = 50 } } do
      if api == "v5" or not more.tpsl_mode then
        it(("%s is final when there are more stop orders than can be read"):format(kind), function()
          assert(hand:set_trading_stop(of { stop_loss_price = 28500 }))
          assert(hand:set_trading_stop(of { stop_loss_price = 0 }))
          core.loop.advance(30)
          exchange:plan("stop", staged.lost_request)
          local p = of { stop_loss_price = 28000, deadline = 0.9, timeout = 0.9 }
          for name, value in pairs(more) do p[name] = value end
          local _, err = client:set_trading_stop(p)
          without_end()
          core.loop.advance(60)
          local sent = exchange:sent "read"
          local _, resolved = client:resolve(err)
          assert_final(nil, resolved, "attempts")
          assert.is_true(exchange:sent "read" - sent > 200)
        end)
      end
    end

    it("that never arrived is made again, after the fence, if nobody has changed the position", function()
      exchange:plan("stop", staged.lost_request)
      assert(client:set_trading_stop(of { stop_loss_price = 28000 }))
      assert.equal("28000", exchange:stop_at "StopLoss")
      local copies = exchange:of_kind "stop"
      assert.is_true(copies[2].at > staged.fence_of(copies[1]))
    end)
  end)

  describe("a cancel-all", function()
    for _, case in ipairs { { "cancel_all_orders", "place_order", limit },
      { "cancel_all_conditional_orders", "place_conditional_order", conditional } } do
      local all, place, params = table.unpack(case)

      it(("that was carried out (%s), followed by another program's order, is done and spares that order"):format(all), function()
        local old = assert(client[place](client, params())).order_id
        core.loop.advance(60)
        local new
        exchange:plan("all", staged.then_lost(function()
          core.loop.advance(0.1)
          new = assert(hand[place](hand, params())).order_id
        end))
        local list, err = client[all](client, of())
        assert.is_nil(err)
        assert.truthy(list)
        assert.is_false(exchange:order(old).open)
        assert.is_true(exchange:order(new).open, "which nobody asked to cancel")
      end)

      it(("that was carried out (%s), followed by a new order of the same client, resolves as done"):format(all), function()
        local old = assert(client[place](client, params())).order_id
        core.loop.advance(60)
        exchange:plan("all", staged.lost_answer)
        local _, err = client[all](client, of { deadline = 0.9, timeout = 0.9 })
        assert.equal("unknown", err.outcome)
        core.loop.advance(10)
        local new = assert(client[place](client, params())).order_id
        local list, why = client:resolve(err)
        assert.is_nil(why)
        assert.truthy(list)
        assert.is_false(exchange:order(old).open)
        assert.is_true(exchange:order(new).open)
      end)

      it(("that never arrived (%s) cancels the listed orders one by one, by id"):format(all), function()
        local old = assert(client[place](client, params())).order_id
        core.loop.advance(60)
        exchange:plan("all", staged.lost_request)
        assert(client[all](client, of()))
        assert.is_false(exchange:order(old).open)
        assert.same({ 1, 1 }, { exchange:sent "all", exchange:sent "cancel" })
      end)

      it(("that never arrived (%s) resolves as not done while its orders are open"):format(all), function()
        local old = assert(client[place](client, params())).order_id
        core.loop.advance(60)
        for _, kind in ipairs { "all", "read" } do exchange:always(kind, staged.lost_request) end
        local _, err = client[all](client, of { deadline = 0.9, timeout = 0.9 })
        assert.equal("unknown", err.outcome)
        exchange.standing = {}
        local list, why = client:resolve(err)
        assert.is_nil(list)
        assert.equal("rejected", why.outcome)
        assert.equal(0, exchange:sent "cancel", "resolve only reads")
        assert.is_true(exchange:order(old).open)
      end)
    end
  end)

  describe("a cancellation", function()
    for how, fate in pairs { ["whose answer is lost"] = staged.lost_answer, ["that never arrives"] = staged.lost_request } do
      it(how .. " of an order that another program cancels as well is done", function()
        local id = assert(client:place_order(limit())).order_id
        exchange:plan("cancel", staged.meanwhile(function()
          if fate == staged.lost_request then assert(hand:cancel_order(of { order_id = id })) end
        end, fate))
        assert.equal(id, assert(client:cancel_order(of { order_id = id })).order_id)
      end)

      it(how .. " of an order that is filled meanwhile is rejected, as its record tells", function()
        local id = assert(client:place_order(limit())).order_id
        exchange:plan("cancel", staged.meanwhile(function() exchange:command("set_price", "BTCUSD", "28900", {}) end, fate))
        local ack, err = client:cancel_order(of { order_id = id })
        assert.is_nil(ack)
        assert.same({ "rejected", "not_found" }, { err.outcome, err.kind })
        assert.equal("Filled", exchange:order(id).status)
      end)
    end
  end)

  it("a final intent stays unknown until it is dismissed; then it is off the list", function()
    local id = assert(client:place_order(limit())).order_id
    core.loop.advance(60)
    exchange:plan("amend", staged.meanwhile(function()
      assert(hand:modify_order(of { order_id = id, new_price = 28500 }))
    end, staged.lost_request))
    local _, err = client:modify_order(of { order_id = id, new_price = 28000 })
    assert.is_true(err.final)
    assert.is_true(client:dismiss(err))
    assert.equal(0, #client:unsettled())
  end)
end) end
