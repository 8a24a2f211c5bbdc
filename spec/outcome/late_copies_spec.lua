-- Late copies: a request that its client has given up may still arrive, up to its fence. What is reported as done stays done:
-- no copy of ours undoes it, neither a late one nor one that is sent again.

local bybit = require "bybit"
local core = require "bybit.core"
local asked = require "spec.support.asked"
local staged = require "spec.support.staged_exchange"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

for _, api in ipairs(staged.WIRES) do describe("on " .. api, function()
  local exchange, client

  before_each(function()
    exchange = staged.start()
    client = exchange:client { api = api }
  end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  -- Kinds of changes that a late copy undoes: set(value) makes the call, shows() reads the books.
  local function amendment(modify, place, params, id_name, new, field)
    return function()
      local id = assert(client[place](client, params())).order_id
      return function(value, more)
        local p = of { [id_name] = id, [new] = value }
        for k, v in pairs(more or {}) do p[k] = v end
        return client[modify](client, p)
      end, function() return exchange:order(id)[field] end
    end
  end

  local function stop(name, kind)
    return function()
      assert(exchange.hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
      return function(value, more)
        local p = of { [name] = value }
        for k, v in pairs(more or {}) do p[k] = v end
        return client:set_trading_stop(p)
      end, function() return exchange:stop_at(kind) end
    end
  end

  local CHANGES = {
    ["an amendment"] = { "amend", amendment("modify_order", "place_order", limit, "order_id", "new_price", "price"),
      "28000", "28500" },
    ["an amendment of a conditional order"] = { "amend", amendment("modify_conditional_order", "place_conditional_order",
      conditional, "stop_order_id", "new_trigger_price", "trigger_price"), "28000", "28500" },
    ["a stop loss"] = { "stop", stop("stop_loss_price", "StopLoss"), "28000", "28500" },
    ["a take profit"] = { "stop", stop("take_profit_price", "TakeProfit"), "32000", "32500" },
  }

  for what, case in pairs(CHANGES) do
    local kind, begin, first, second = table.unpack(case)

    it(("%s: the first copy gets a 504 and arrives a second later; a value that is set after it stands"):format(what), function()
      local set, shows = begin()
      core.loop.advance(10)
      exchange:plan(kind, staged.late(1))
      assert(set(first))
      assert.equal(first, shows())
      assert(set(second))
      exchange:calm()
      assert.equal(second, shows())
    end)

    it(("%s: no success is reported while a copy of it may still arrive"):format(what), function()
      local set = begin()
      core.loop.advance(10)
      exchange:plan(kind, staged.late(2.8))
      assert(set(first))
      local copies = exchange:of_kind(kind)
      assert.is_true(exchange:now() > staged.fence_of(copies[1]))
    end)

    it(("%s that is given up early: a value that is set after it stands, whenever the copy arrives"):format(what), function()
      for _, seconds in ipairs { 0.5, 1.5, 2.8 } do
        local set, shows = begin()
        core.loop.advance(10)
        exchange:plan(kind, staged.late(seconds))
        local result, err = set(first, { deadline = 0.2 })
        assert.is_nil(result)
        assert.equal("unknown", err.outcome)
        assert(set(second))
        exchange:calm()
        assert.equal(second, shows())
        client:close()
        exchange:close()
        exchange = staged.start()
        client = exchange:client { api = api }
      end
    end)

    it(("%s: it is not sent again after a newer one was reported as done"):format(what), function()
      local set, shows = begin()
      core.loop.advance(10)
      local well_again = exchange:now() + 3000
      exchange:always(kind, function(_, copy) -- the older one does not get through for a while
        if copy.body:find(first, 1, true) and exchange:now() < well_again then return staged.page() end
      end)
      local order = {}
      bybit.run(function()
        local older = bybit.spawn(function()
          local result = set(first)
          order[#order + 1] = result and first
        end)
        bybit.sleep(0.5)
        local newer = bybit.spawn(function()
          assert(set(second))
          order[#order + 1] = second
        end)
        bybit.all { older, newer }
      end)
      exchange:calm()
      assert.equal(order[#order], shows(), "what was told last is what stands")
      assert.equal(second, order[#order])
    end)
  end

  for _, case in ipairs { { "cancel_all_orders", "place_order", limit },
    { "cancel_all_conditional_orders", "place_conditional_order", conditional } } do
    local all, place, params = table.unpack(case)

    it(("%s: its late copy does not cancel an order that is placed after it was reported as done"):format(all), function()
      local old = assert(client[place](client, params())).order_id
      core.loop.advance(10)
      exchange:plan("all", staged.late(2.5))
      assert(client[all](client, of()))
      assert.is_false(exchange:order(old).open)
      local new = assert(client[place](client, params())).order_id
      exchange:calm()
      assert.is_true(exchange:order(new).open)
    end)

    it(("%s that is given up early: its late copy does not cancel an order that is reported as placed after it"):format(all),
      function()
        assert(client[place](client, params()))
        core.loop.advance(10)
        exchange:plan("all", staged.late(2.8))
        local list, err = client[all](client, of { deadline = 0.2 })
        assert.is_nil(list)
        assert.equal("unknown", err.outcome)
        local new = assert(client[place](client, params())).order_id
        exchange:calm()
        assert.is_true(exchange:order(new).open)
      end)
  end

  describe("a stop that was reported as done while a copy of it may still arrive", function()
    local journal

    -- An older stop arrives late and undoes it, so it is made again. That copy is lost, and may arrive until its window is
    -- over. Then a newer stop is set, and stopped at once: its outcome is unknown.
    local function leave_at_large()
      client:close()
      journal = staged.journal()
      client = exchange:client { api = api, journal = journal }
      assert(exchange.hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
      core.loop.advance(10)
      exchange:plan("stop", staged.late(2), staged.well, staged.page)
      assert.equal("unknown", select(2, client:set_trading_stop(of { stop_loss_price = 28000, deadline = 0.2 })).outcome)
      local older = of { stop_loss_price = 28400, deadline = 12, receive_window = 30000 }
      local _, _, response = assert(client:set_trading_stop(older))
      assert.truthy(response.unconfirmed)
      local copies = exchange:of_kind "stop"
      assert.equal(3, #copies)
      local token = bybit.cancel_token()
      exchange:plan("stop", staged.meanwhile(function() token:cancel() end, staged.lost_answer))
      local _, err = client:set_trading_stop(of { stop_loss_price = 28500, cancel = token })
      assert.equal("unknown", err.outcome)
      assert.equal("28500", exchange:stop_at "StopLoss")
      return err, staged.fence_of(copies[3]) + 25000
    end

    after_each(staged.clean)

    for _, way in ipairs { "resolve", "reconcile" } do
      it(("may undo a newer, unknown one: %s reports that as done only when it cannot any more"):format(way), function()
        local err, fence = leave_at_large()
        local told = way == "resolve" and client:resolve(err, { deadline = 60 })
          or way == "reconcile" and client:reconcile { symbol = "BTCUSD", deadline = 60 }.settled[1]
        assert.truthy(told)
        assert.is_true(exchange:now() > fence)
      end)
    end

    it("may undo it even in the next run", function()
      local _, fence = leave_at_large()
      local left = staged.killed(journal)
      client:close()
      client = exchange:client { api = api, journal = left }
      local report = assert(client:reconcile { symbol = "BTCUSD", deadline = 60 })
      assert.same({ 1, "done" }, { #report.settled, report.settled[1].outcome })
      assert.is_true(exchange:now() > fence)
    end)

    it("makes a change of the next run wait until it cannot undo it any more", function()
      local _, fence = leave_at_large()
      local left = staged.killed(journal)
      client:close()
      client = exchange:client { api = api, journal = left }
      assert(client:reconcile { symbol = "BTCUSD", deadline = 60 })
      local next_run <close> = exchange:client { api = api, journal = staged.killed(left) }
      assert(next_run:set_trading_stop(of { stop_loss_price = 0, deadline = 60 }))
      local copies = exchange:of_kind "stop"
      assert.is_true(copies[#copies].at > fence)
    end)
  end)

  it("a placement whose first copy arrives late is made once", function()
    exchange:plan("place", staged.late(1.5))
    local ack = assert(client:place_order(limit { client_order_id = "mine-1" }))
    exchange:calm()
    assert.equal(1, exchange:count "mine-1")
    assert.equal(ack.order_id, exchange:order("mine-1").order_id)
  end)

  it("a cancellation is sent again at once, since a late copy can do no harm", function()
    local id = assert(client:place_order(limit())).order_id
    exchange:plan("cancel", staged.late(2.5))
    assert(client:cancel_order(of { order_id = id }))
    local copies = exchange:of_kind "cancel"
    assert.is_true(copies[2].at < staged.fence_of(copies[1]))
    exchange:calm()
    assert.is_false(exchange:order(id).open)
  end)
end) end
