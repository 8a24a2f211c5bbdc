-- The methods over real HTTP on both wires, from the same source: a strategy does not notice which wire it uses. The
-- differences that it can notice are in spec/e2e/differences_spec.lua.

local asked = require "spec.support.asked"
local bybit = require "bybit"
local trading = require "spec.support.trading"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

local function ids(list)
  local set, count = {}, 0
  for _, record in ipairs(list) do
    assert(not set[record.order_id], "twice")
    set[record.order_id], count = true, count + 1
  end
  return set, count
end

for _, api in ipairs { "v5", "v2" } do
  describe("on the " .. api .. " wire", function()
    local exchange, client, other -- `other` speaks the other wire to the same exchange

    before_each(function()
      exchange, client = trading.start { api = api }
      other = bybit.client { environment = exchange, api = api == "v5" and "v2" or "v5", rate = false }
    end)

    after_each(function()
      local mistakes = exchange:errors()
      client:close()
      other:close()
      exchange:close()
      assert.same({}, mistakes)
    end)

    local function order(id)
      return assert(client:get_open_order_real_time(of { order_id = id }))
    end

    describe("place_order", function()
      it("places an order that shows on both wires as it was placed", function()
        local placed = assert(client:place_order(limit { client_order_id = "mine-1", take_profit_price = 33000,
          stop_loss_price = "27000.5", take_profit_trigger_type = "MarkPrice" }))
        assert.equal("mine-1", placed.client_order_id)
        for _, wire in ipairs { client, other } do
          local found = assert(wire:get_open_order_real_time(of { client_order_id = "mine-1" }))
          assert.equal(placed.order_id, found.order_id)
          assert.same({ "Buy", "Limit", "GTC", "New", "MarkPrice", "LastPrice", 0 }, { found.side, found.type,
            found.time_in_force, found.status, found.take_profit_trigger_type, found.stop_loss_trigger_type,
            found.position_mode })
          for name, value in pairs { price = "29000.5", quantity = 100, leaves_quantity = 100, take_profit_price = 33000,
            stop_loss_price = "27000.5", filled_quantity = 0 } do
            assert.is_true(found[name]:eq(value), name)
          end
          assert.equal(exchange:now(), found.create_time)
          assert.is_true(found:is_open())
        end
      end)

      for _, force in ipairs { "GTC", "IOC", "FOK", "PostOnly" } do
        it("gives and takes time_in_force in one spelling: " .. force, function()
          local placed = assert(client:place_order(limit { time_in_force = force }))
          assert.equal(force, order(placed.order_id).time_in_force)
          assert.equal(force, assert(other:get_open_order_real_time(of { order_id = placed.order_id })).time_in_force)
        end)
      end

      it("fills at market, with exact fills and fees", function()
        local filled = assert(client:place_order(of { side = "Buy", type = "Market", quantity = 100, confirm = true }))
        assert.same({ "Filled", "IOC" }, { filled.status, filled.time_in_force })
        assert.is_true(filled.filled_quantity:eq(100) and filled.leaves_quantity:is_zero())
        local trade = assert(client:get_user_trades(of { order_id = filled.order_id }))[1]
        assert.is_true(trade.value:eq((trade.quantity / trade.price):round(8, "half_up")))
        assert.is_true(filled.fee:eq(trade.fee) and filled.filled_value:eq(trade.value))
        assert.equal("Taker", trade.liquidity)
      end)

      it("is refused under an id that was used on either wire, with the same error name", function()
        assert(other:place_order(limit { client_order_id = "once" }))
        local placed, err = client:place_order(limit { client_order_id = "once" })
        assert.is_nil(placed)
        assert.same({ bybit.codes.duplicate_client_order_id, "rejected" }, { err.name, err.outcome })
        assert.equal(1, #assert(client:get_open_orders_real_time(of())))
      end)

      it("is refused if the balance is too low, with the same error name", function()
        for _ = 1, 3 do assert(client:place_order(limit { quantity = 900000 })) end
        local placed, err = client:place_order(limit { quantity = 900000 })
        assert.is_nil(placed)
        assert.same({ bybit.codes.insufficient_balance, "rejected", "exchange" }, { err.name, err.outcome, err.kind })
      end)

      it("with reduce_only only closes", function()
        local _, err = client:place_order(limit { reduce_only = true })
        assert.equal(bybit.codes.reduce_only_rejected, err.name)
        assert(client:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
        local closed = assert(client:place_order(of { side = "Sell", type = "Market", quantity = 100, reduce_only = true,
          confirm = true }))
        assert.equal("Filled", closed.status)
      end)
    end)

    describe("place_conditional_order", function()
      it("waits for its price, then is an active order with the same id", function()
        local parked = assert(client:place_conditional_order(conditional { type = "Limit", price = 29500,
          client_order_id = "stop-1", trigger_type = "MarkPrice" }))
        for _, wire in ipairs { client, other } do
          local found = assert(wire:get_open_conditional_order_real_time(of { client_order_id = "stop-1" }))
          assert.same({ parked.order_id, "Untriggered", "MarkPrice", "Sell" },
            { found.stop_order_id, found.status, found.trigger_type, found.side })
          assert.is_true(found.trigger_price:eq(29000) and found.price:eq(29500))
        end
        assert.equal(0, #assert(client:get_open_orders_real_time(of())))
        exchange:set_price(asked.SYMBOL, "28990", { mark = "29000.5", index = "29000" })
        assert.equal("Untriggered", assert(client:get_open_conditional_order_real_time(of {
          client_order_id = "stop-1" })).status)
        exchange:set_price(asked.SYMBOL, "28990", { mark = "29000", index = "29000" })
        local active = order(parked.order_id)
        assert.same({ "New", "stop-1" }, { active.status, active.client_order_id })
        assert.equal(0, #assert(client:get_open_conditional_orders_real_time(of())))
      end)

      it("is refused if the price is already there, with the same error name", function()
        local _, err = client:place_conditional_order(conditional { base_price = 28000, trigger_price = 29000 })
        assert.equal(bybit.codes.trigger_price_not_above, err.name)
        _, err = client:place_conditional_order(conditional { base_price = 32000, trigger_price = 31000 })
        assert.equal(bybit.codes.trigger_price_not_below, err.name)
      end)

      it("is refused after the tenth", function()
        for _ = 1, 10 do assert(client:place_conditional_order(conditional())) end
        local _, err = client:place_conditional_order(conditional())
        assert.equal(bybit.codes.too_many_conditional_orders, err.name)
        assert.equal(10, #assert(client:get_open_conditional_orders_real_time(of())))
      end)
    end)

    describe("modify_order", function()
      it("changes price, quantity, take profit and stop loss; 0 removes", function()
        local id = assert(client:place_order(limit { stop_loss_price = 27000 })).order_id
        local changed = assert(client:modify_order(of { order_id = id, new_price = "29100", new_quantity = 150,
          take_profit_price = 34000, take_profit_trigger_type = "LastPrice", stop_loss_price = 0 }))
        assert.equal(id, changed.order_id)
        local found = order(id)
        assert.is_true(found.price:eq(29100) and found.quantity:eq(150) and found.take_profit_price:eq(34000))
        assert.is_nil(found.stop_loss_price)
      end)

      it("says unchanged when everything is as asked", function()
        assert(client:place_order(limit { client_order_id = "same" }))
        local changed, err, response = client:modify_order(of { client_order_id = "same", new_price = "29000.5" })
        assert.is_nil(changed)
        assert.is_true(err.unchanged and response.unchanged)
        local record = assert(client:modify_order(of { client_order_id = "same", new_price = "29000.5", confirm = true }))
        assert.equal("New", record.status)
      end)

      it("with confirm returns the changed order", function()
        local id = assert(client:place_order(limit())).order_id
        local found = assert(client:modify_order(of { order_id = id, new_price = 29200, confirm = true }))
        assert.is_true(found.price:eq(29200))
        assert.equal(id, found.order_id)
      end)
    end)

    it("modify_conditional_order moves the trigger", function()
      local id = assert(client:place_conditional_order(conditional())).order_id
      local changed = assert(client:modify_conditional_order(of { stop_order_id = id, new_trigger_price = 28500 }))
      assert.equal(id, changed.stop_order_id)
      assert(client:modify_conditional_order(of { stop_order_id = id, new_quantity = 20 }))
      local found = assert(other:get_open_conditional_order_real_time(of { stop_order_id = id }))
      assert.is_true(found.trigger_price:eq(28500) and found.quantity:eq(20))
    end)

    describe("cancel_order", function()
      it("cancels by either id; with confirm the record says so", function()
        local first = assert(client:place_order(limit()))
        assert(client:place_order(limit { client_order_id = "second" }))
        assert.equal(first.order_id, assert(client:cancel_order(of { order_id = first.order_id })).order_id)
        local gone = assert(client:cancel_order(of { client_order_id = "second", confirm = true }))
        assert.equal("Cancelled", gone.status)
        assert.is_true(gone:is_done())
        assert.equal("Cancelled", order(first.order_id).status)
        assert.equal(0, #assert(other:get_open_orders_real_time(of())))
      end)

      it("is not_found for an order that does not exist", function()
        local _, err = client:cancel_order(of { order_id = "00000000-0000-4000-8000-000000000000" })
        assert.same({ "not_found", "rejected" }, { err.kind, err.outcome })
        local id = assert(client:place_order(of { side = "Buy", type = "Market", quantity = 1 })).order_id
        _, err = client:cancel_order(of { order_id = id })
        assert.equal("not_found", err.kind)
      end)
    end)

    it("cancel_conditional_order cancels an order that waits", function()
      local id = assert(client:place_conditional_order(conditional())).order_id
      assert.equal(id, assert(client:cancel_conditional_order(of { stop_order_id = id })).stop_order_id)
      assert.equal(0, #assert(client:get_open_conditional_orders_real_time(of())))
      local _, err = client:cancel_conditional_order(of { stop_order_id = id })
      assert.equal("not_found", err.kind)
    end)

    describe("cancel_all_orders and cancel_all_conditional_orders", function()
      it("cancel all orders of their own kind, and nothing else", function()
        local active, waiting = {}, {}
        for i = 1, 3 do
          active[assert(client:place_order(limit { quantity = i })).order_id] = true
          waiting[assert(client:place_conditional_order(conditional { quantity = i })).order_id] = true
        end
        assert.same(active, (ids(assert(client:cancel_all_orders(of())))))
        assert.equal(3, #assert(client:get_open_conditional_orders_real_time(of())))
        assert.equal(0, #assert(client:cancel_all_orders(of())))
        assert.same(waiting, (ids(assert(client:cancel_all_conditional_orders(of())))))
        assert.equal(0, #assert(client:get_open_conditional_orders_real_time(of())))
      end)

      it("with an id_prefix spare what others placed", function()
        local mine <close> = bybit.client { environment = exchange, api = api, id_prefix = "mm1", rate = false }
        local own = { assert(mine:place_order(limit())).order_id,
          assert(mine:place_conditional_order(conditional())).order_id }
        local theirs = assert(client:place_order(limit { client_order_id = "mm2-x" })).order_id
        local cancelled = assert(client:cancel_all_orders(of { id_prefix = "mm1" }))
        assert.equal(own[1], cancelled[1].order_id)
        assert.equal(1, #cancelled)
        assert.equal(own[2], assert(client:cancel_all_conditional_orders(of { id_prefix = "mm1" }))[1].order_id)
        local left = assert(client:get_open_orders_real_time(of()))
        assert.same({ theirs, 1 }, { left[1].order_id, #left })
        assert.equal(0, #assert(client:get_open_orders_real_time(of { id_prefix = "mm1" })))
      end)

      -- What was acknowledged shows in lists some time later.
      for method, more in pairs { cancel_all_orders = { "place_order", limit, "get_open_orders_real_time" },
        cancel_all_conditional_orders = { "place_conditional_order", conditional, "get_open_conditional_orders_real_time" } } do
        local place, params, open = table.unpack(more)
        it(("%s with an id_prefix cancels what was placed too lately to be listed"):format(method), function()
          local mine <close> = bybit.client { environment = exchange, api = api, id_prefix = "mm1", rate = false }
          local early = assert(mine[place](mine, params())).order_id
          exchange:advance(3)
          exchange:faults { lag = 2000 }
          local late = assert(mine[place](mine, params())).order_id
          -- An order whose acknowledgement was lost is one too, and is known by its own id only.
          exchange:faults { { "reset", executed = true, path = "create", nth = 1 }, lag = 2000 }
          local lost = assert(mine[place](mine, params { client_order_id = "mm1-lost" }))
          exchange:faults { lag = 2000 }
          assert(mine[place](mine, params { client_order_id = "mm2-late" }))
          assert.equal(1, #assert(mine[open](mine, of())))
          local cancelled = ids(assert(mine[method](mine, of { id_prefix = "mm1" })))
          assert.is_true(cancelled[early] and cancelled[late])
          exchange:advance(3)
          local left = assert(client[open](client, of()))
          assert.same({ 1, "mm2-late" }, { #left, left[1].client_order_id }, lost.order_id)
          local response = select(3, assert(mine[method](mine, of { id_prefix = "mm1" })))
          exchange:advance(10) -- what was placed long ago shows in lists, and is not asked for again
          assert.is_true(select(3, assert(mine[method](mine, of { id_prefix = "mm1" }))).requests < response.requests)
        end)
      end
    end)

    describe("get_orders and get_conditional_orders", function()
      it("show every order of their kind exactly once over pages, open and closed", function()
        local active, waiting = {}, {}
        for i = 1, 5 do
          exchange:advance(0.01)
          local a = assert(client:place_order(limit { quantity = i })).order_id
          local b = assert(client:place_conditional_order(conditional { quantity = i })).order_id
          active[a], waiting[b] = true, true
          if i % 2 == 0 then
            assert(client:cancel_order(of { order_id = a }))
            assert(client:cancel_conditional_order(of { stop_order_id = b }))
          end
        end
        for method, wanted in pairs { get_orders = active, get_conditional_orders = waiting } do
          local list = assert(client:collect(method, of { limit = 2 }))
          local set, count = ids(list)
          assert.same(wanted, set)
          assert.equal(5, count)
          for page in client:pages(method, of { limit = 2 }) do assert.is_true(#page <= 2) end
        end
      end)

      it("filter by status", function()
        local kept = assert(client:place_order(limit())).order_id
        local gone = assert(client:place_order(limit())).order_id
        assert(client:cancel_order(of { order_id = gone }))
        for status, id in pairs { New = kept, Cancelled = gone } do
          local list = assert(client:collect("get_orders", of { status = status }))
          assert.same({ 1, id, status }, { #list, list[1].order_id, list[1].status })
        end
        local stop = assert(client:place_conditional_order(conditional())).order_id
        for _, status in ipairs { "Untriggered", "Deactivated" } do
          local list = assert(client:collect("get_conditional_orders", of { status = status }))
          assert.same({ 1, stop, status }, { #list, list[1].stop_order_id, list[1].status })
          if status == "Untriggered" then assert(client:cancel_conditional_order(of { stop_order_id = stop })) end
        end
      end)
    end)

    describe("the real-time queries", function()
      it("find one order by either id, all orders without an id, and say not_found", function()
        local a = assert(client:place_order(limit { client_order_id = "a" })).order_id
        local k = assert(client:place_conditional_order(conditional { client_order_id = "k" })).order_id
        assert.equal(a, assert(client:get_open_order_real_time(of { client_order_id = "a" })).order_id)
        assert.equal(k, assert(client:get_open_conditional_order_real_time(of { stop_order_id = k })).order_id)
        assert.same({ [a] = true }, (ids(assert(client:get_open_orders_real_time(of())))))
        assert.same({ [k] = true }, (ids(assert(client:get_open_conditional_orders_real_time(of())))))
        for method, p in pairs { get_open_order_real_time = of { client_order_id = "x" },
          get_open_conditional_order_real_time = of { client_order_id = "x" } } do
          local found, err = client[method](client, p)
          assert.is_nil(found)
          assert.equal("not_found", err.kind)
        end
      end)

      it("return sixty open orders", function()
        for i = 1, 60 do assert(client:place_order(limit { quantity = i })) end
        local _, count = ids(assert(client:get_open_orders_real_time(of())))
        assert.equal(60, count)
      end)
    end)

    describe("get_user_trades", function()
      local START

      before_each(function()
        START = exchange:now()
        for i = 1, 5 do
          assert(client:place_order(of { side = i % 2 == 0 and "Sell" or "Buy", type = "Market", quantity = i * 10 }))
          exchange:advance(1)
        end
      end)

      it("walks every execution once", function()
        local seen, sum = {}, bybit.decimal(0)
        for trade in client:each("get_user_trades", of { page_size = 2 }) do
          assert.is_nil(seen[trade.trade_id])
          seen[trade.trade_id] = true
          assert.equal("Trade", trade.trade_type)
          sum = sum + trade.quantity
        end
        assert.is_true(sum:eq(150))
      end)

      it("takes a page number, an order's id, and a start time", function()
        local pages = {}
        for n = 1, 3 do pages[n] = #assert(client:get_user_trades(of { page = n, page_size = 2 })) end
        assert.same({ 2, 2, 1 }, pages)
        local all = assert(client:get_user_trades(of()))
        local one = assert(client:get_user_trades(of { order_id = all[3].order_id }))
        assert.same({ 1, all[3].trade_id }, { #one, one[1].trade_id })
        assert.equal(2, #assert(client:get_user_trades(of { start_time = START + 3000 })))
      end)

      it("is the same history on the other wire", function()
        local theirs = {}
        for trade in other:each("get_user_trades", of()) do theirs[trade.trade_id] = trade end
        for trade in client:each("get_user_trades", of()) do
          local twin = theirs[trade.trade_id]
          for _, name in ipairs { "order_id", "side", "timestamp", "liquidity", "trade_type", "cross_sequence" } do
            assert.equal(trade[name], twin[name])
          end
          for _, name in ipairs { "price", "quantity", "value", "fee", "fee_rate", "closed_quantity", "leaves_quantity" } do
            assert.is_true(trade[name]:eq(twin[name]), name)
          end
        end
      end)
    end)

    describe("set_trading_stop", function()
      local function stop(more)
        more.confirm = true
        return assert(client:set_trading_stop(of(more)))
      end

      it("sets, changes and removes; parameters that are left out stay as they are", function()
        assert(client:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
        local p = stop { take_profit_price = 33000, stop_loss_price = 28000 }
        assert.is_true(p.take_profit_price:eq(33000) and p.stop_loss_price:eq(28000))
        assert.same({ "Buy", false }, { p.side, p:is_flat() })
        p = stop { stop_loss_price = "28500.5", trailing_stop_distance = 250 }
        assert.is_true(p.take_profit_price:eq(33000) and p.stop_loss_price:eq("28500.5"))
        assert.is_true(p.trailing_stop_price:eq(250) and p.trailing_stop_distance:eq(250))
        p = stop { take_profit_price = 0 }
        assert.is_nil(p.take_profit_price)
        local _, err = client:set_trading_stop(of { stop_loss_price = "28500.5" })
        assert.same({ bybit.codes.trading_stop_unchanged, true }, { err.name, err.unchanged })
        exchange:set_price(asked.SYMBOL, "28500")
        assert.is_true(assert(client:get_user_trades(of { order_id = nil }))[1] ~= nil)
        _, err = client:set_trading_stop(of { take_profit_price = 33000 })
        assert.equal(bybit.codes.no_position, err.name)
      end)
    end)

    it("a wrong secret, an unknown key and a wrong clock are of kind auth, with the same error name on both", function()
      for name, keys in pairs { invalid_signature = { exchange.key, "wrong" }, invalid_key = { "unknown", "x" } } do
        local stranger <close> = bybit.client { environment = { url = exchange.url }, api = api, key = keys[1],
          secret = keys[2] }
        local placed, err = stranger:place_order(limit())
        assert.is_nil(placed)
        assert.same({ "auth", bybit.codes[name], "rejected" }, { err.kind, err.name, err.outcome })
        assert.is_nil(tostring(err):find(exchange.key, 1, true))
      end
    end)

    it("each order is placed exactly once, whatever the network does", function()
      exchange:faults { { "lost_answer", probability = 0.15 }, { "lost_request", probability = 0.1 },
        { "reset", probability = 0.05, executed = true }, { "http", status = 502, probability = 0.05, executed = true },
        { "code", code = 10016, probability = 0.05, executed = true }, { "code", code = 10016, probability = 0.05 },
        { "cut", probability = 0.05 }, seed = 11 }
      local wanted, placed = {}, 0
      for i = 1, 60 do
        local id = ("once-%d"):format(i)
        local ack, err = client:place_order(limit { quantity = i, client_order_id = id, deadline = 120 })
        if ack then
          wanted[id], placed = i, placed + 1
        else
          assert.not_equal("unknown", err.outcome, tostring(err))
        end
      end
      exchange:faults(false)
      local books, count = exchange:books().orders, 0
      for _, entry in ipairs(books) do
        count = count + 1
        assert.equal(tostring(wanted[entry.client_order_id]), entry.quantity)
      end
      assert.equal(placed, count)
      assert.equal(60, placed)
    end)
  end)
end
