-- Unknown for ever: every intent ends known or final. After its fence no copy of it can act any more, so it holds nothing
-- back. An intent that stays open can be dismissed by hand.

local bybit = require "bybit"
local core = require "bybit.core"
local asked = require "spec.support.asked"
local staged = require "spec.support.staged_exchange"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

local function eth(more)
  local p = { symbol = "ETHUSD", side = "Buy", type = "Limit", quantity = 1, price = 1900 }
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

for _, api in ipairs(staged.WIRES) do describe("on " .. api, function()
  local exchange, client, journal, hand

  before_each(function()
    exchange, journal = staged.start(), staged.journal()
    client, hand = exchange:client { api = api, journal = journal, id_prefix = "me" }, exchange.hand
  end)

  after_each(function()
    client:close()
    exchange:close()
    staged.clean()
  end)

  -- The process has died; another one starts with its journal.
  local function next_run(left)
    client:close()
    exchange.plans, exchange.standing = {}, {}
    client = exchange:client { api = api, journal = left or journal, id_prefix = "me" }
    return client
  end

  local function open_position()
    assert(hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
    core.loop.advance(10)
  end

  describe("take profit in one task and stop loss in another, the process killed", function()
    -- Runs the two tasks with these fates. Returns the journal that is left.
    local function set_both(first, second)
      local left
      open_position()
      assert(client:get_open_orders_real_time(of())) -- so that the exchange's clock is known
      exchange:plan("stop", first, staged.meanwhile(function() left = staged.killed(journal) end, second))
      for _, kind in ipairs { "read", "stop" } do exchange:always(kind, staged.lost_request) end
      bybit.run(function()
        bybit.all { bybit.spawn(function() client:set_trading_stop(of { take_profit_price = 32000, deadline = 5 }) end),
          bybit.spawn(function() client:set_trading_stop(of { stop_loss_price = 28000, deadline = 5 }) end) }
      end)
      return left
    end

    it("neither arrived: both are proved not to be set", function()
      next_run(set_both(staged.page, staged.page))
      assert.equal(2, #client:unsettled())
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.same({ 2, 0 }, { #report.settled, #report.unsettled })
      for _, entry in ipairs(report.settled) do assert.same({ "rejected", "fence" }, { entry.outcome, entry.proof }) end
      assert(client:place_order(limit()))
    end)

    for name, fates in pairs {
      ["the first arrived"] = { staged.lost_answer, staged.page },
      ["the second arrived"] = { staged.page, staged.lost_answer }, ["both arrived"] = { staged.lost_answer, staged.lost_answer },
    } do
      it(name .. ": nothing false is reported, and calls that add risk are not held back", function()
        next_run(set_both(fates[1], fates[2]))
        local report = assert(client:reconcile { symbol = "BTCUSD" })
        local denied, missing = 0, 0
        for _, entry in ipairs(report.settled) do denied = denied + (entry.outcome == "rejected" and 1 or 0) end
        for _, kind in ipairs { "TakeProfit", "StopLoss" } do missing = missing + (exchange:stop_at(kind) and 0 or 1) end
        assert.is_true(denied <= missing)
        assert.equal(2, #report.settled + #report.unclear)
        assert(client:place_order(limit()))
      end)
    end
  end)

  describe("a symbol that is delisted", function()
    -- Intents on two symbols; then the exchange delists one of them.
    local function delisted()
      for _, params in ipairs { eth(), limit() } do
        params.deadline, params.timeout = 0.5, 0.5
        exchange:plan("place", staged.lost_answer)
        exchange:always("read", staged.lost_request)
        exchange:always("place", staged.lost_request)
        local _, err = client:place_order(params)
        assert.equal("unknown", err.outcome)
      end
      next_run()
      core.loop.advance(60)
      local unknown_symbol = staged.code(10001, "symbol invalid")
      exchange:always("read", function(stage, copy)
        if copy.params.symbol == "ETHUSD" then return unknown_symbol(stage, copy) end
      end)
    end

    it("does not affect the others: they are settled, and live orders are reported", function()
      delisted()
      local report, err = client:reconcile {}
      assert.is_nil(err)
      local settled = {}
      for _, entry in ipairs(report.settled) do settled[#settled + 1] = entry.order and entry.order.symbol end
      assert.same({ "BTCUSD" }, settled)
      local live = false
      for _, order in ipairs(report.live) do live = live or order.symbol == "BTCUSD" end
      assert.is_true(live)
      assert.equal(1, #report.unsettled + #report.unclear)
      assert(client:place_order(limit()))
    end)

    it("can be dismissed, so that nothing is held back any more", function()
      delisted()
      local report = assert(client:reconcile {})
      local entry = report.unsettled[1] or report.unclear[1]
      assert.equal("ETHUSD", entry.symbol)
      assert.is_true(client:dismiss(entry))
      assert.equal(0, #client:unsettled())
      exchange:always("read", nil)
      assert(client:place_order(eth()))
      next_run()
      assert.equal(0, #client:unsettled())
    end)
  end)

  describe("an intent whose outcome no record tells", function()
    -- An earlier run left an amendment that never arrived; somebody has changed its order since.
    local function final()
      local id = assert(client:place_order(limit())).order_id
      core.loop.advance(10)
      exchange:plan("amend", staged.meanwhile(function()
        assert(hand:modify_order(of { order_id = id, new_price = 28500 }))
      end, staged.lost_request))
      exchange:always("read", staged.lost_request)
      local _, err = client:modify_order(of { order_id = id, new_price = 28000, deadline = 2 })
      assert.equal("unknown", err.outcome)
      exchange:always("read", nil)
      return id, err
    end

    it("is not final before its fence", function()
      local _, err = final()
      assert.is_true(not err.final)
      local entry = client:unsettled()[1]
      assert.is_true(not entry.final)
    end)

    it("is reported as unclear, with the order as it stands, and stays on the list as final", function()
      local id = final()
      next_run()
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.same({ 0, 1 }, { #report.settled, #report.unclear })
      local entry = report.unclear[1]
      assert.same({ "modify_order", "BTCUSD", id, "28500" },
        { entry.method, entry.symbol, entry.order.order_id, tostring(entry.order.price) })
      assert.equal(id, entry.params.order_id)
      assert.equal("integer", math.type(entry.time))
      local open = client:unsettled()
      assert.same({ 1, "modify_order", "BTCUSD", true, true },
        { #open, open[1].method, open[1].symbol, open[1].earlier, open[1].final })
      assert.equal("integer", math.type(open[1].time))
    end)

    it("of an earlier run holds nothing back once it is final, not even in later runs", function()
      final()
      next_run()
      local ack, err = client:place_order(limit())
      assert.is_nil(ack)
      assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
      assert(client:reconcile { symbol = "BTCUSD" })
      assert(client:place_order(limit()))
      next_run()
      assert.is_true(#client:unsettled() <= 1)
      assert(client:place_order(limit()))
    end)

    it("returns the same when it is resolved again", function()
      local _, err = final()
      for _ = 1, 2 do
        local ack, why = client:resolve(err)
        assert.is_nil(ack)
        assert.same({ "unknown", true }, { why.outcome, why.final })
        assert.equal("28500", tostring(why.order.price))
      end
    end)
  end)

  describe("dismiss", function()
    -- A placement of this run whose outcome is open.
    local function open_intent(more)
      for _, kind in ipairs { "place", "read" } do exchange:always(kind, staged.lost_request) end
      local p = limit { deadline = 2 }
      for k, v in pairs(more or {}) do p[k] = v end
      local _, err = client:place_order(p)
      assert.equal("unknown", err.outcome)
      for _, kind in ipairs { "place", "read" } do exchange:always(kind, nil) end
      return err
    end

    it("takes an entry of unsettled() off the list, and only that", function()
      local first, second = open_intent(), open_intent()
      assert.is_true(client:dismiss(client:unsettled()[1]))
      local open = client:unsettled()
      assert.same({ 1, second.client_order_id }, { #open, open[1].client_order_id })
      assert.is_true(client:dismiss(open[1]))
      assert.equal(0, #client:unsettled())
      assert.not_equal(first.client_order_id, second.client_order_id)
    end)

    it("accepts the error of the call as well", function()
      local first, second = open_intent(), open_intent()
      assert.is_true(client:dismiss(second))
      assert.equal(first.client_order_id, client:unsettled()[1].client_order_id)
    end)

    it("is noted in the journal: the next run does not list the intent", function()
      local first, second = open_intent(), open_intent()
      assert.is_true(client:dismiss(first))
      next_run()
      local open = client:unsettled()
      assert.same({ 1, second.client_order_id }, { #open, open[1].client_order_id })
    end)

    it("of an earlier run's last intent ends the holding back", function()
      open_intent()
      open_intent()
      next_run()
      for n = 2, 1, -1 do
        local ack, err = client:place_order(limit())
        assert.is_nil(ack)
        assert.equal("guard", err.kind)
        assert.equal(n, #client:unsettled())
        assert.is_true(client:dismiss(client:unsettled()[1]))
      end
      assert(client:place_order(limit()))
    end)

    it("does not recall a request: a late copy still undoes nothing that is reported as done", function()
      local id = assert(client:place_order(limit())).order_id
      core.loop.advance(10)
      exchange:plan("amend", staged.late(2))
      exchange:always("read", staged.lost_request)
      local _, err = client:modify_order(of { order_id = id, new_price = 28000, deadline = 0.5 })
      exchange:always("read", nil)
      assert.is_true(client:dismiss(err))
      assert(client:modify_order(of { order_id = id, new_price = 28500 }))
      exchange:calm()
      assert.equal("28500", exchange:order(id).price)
    end)

    it("raises for a value that is not an intent", function()
      for _, wrong in ipairs { 5, "x", {}, true } do
        local ok, why = pcall(client.dismiss, client, wrong)
        assert.is_false(ok)
        assert.truthy(tostring(why):find("dismiss", 1, true), tostring(why))
      end
      assert.is_false(pcall(client.dismiss, client))
    end)
  end)

  describe("an error of unknown outcome", function()
    it("is retryable only if it is final, and never for a placement or a stop that adds", function()
      local id = assert(client:place_order(limit())).order_id
      open_position()
      local calls = {
        { "place", "place_order", limit(), adds = true },
        { "place", "place_conditional_order", conditional(), adds = true },
        { "amend", "modify_order", of { order_id = id, new_price = 28000 } },
        { "stop", "set_trading_stop", of { stop_loss_price = 28000 } },
        { "cancel", "cancel_order", of { order_id = id } },
      }
      if api == "v5" then
        calls[#calls + 1] = { "stop", "set_trading_stop", of { stop_loss_price = 28000, stop_loss_quantity = 5 }, adds = true }
      end
      for _, call in ipairs(calls) do
        for _, kind in ipairs { call[1], "read" } do exchange:always(kind, staged.lost_request) end
        call[3].deadline = 12
        local _, err = client[call[2]](client, call[3])
        assert.equal("unknown", err.outcome)
        if call.adds or not err.final then assert.is_false(err.retryable, call[2]) end
        exchange.standing = {}
        core.loop.advance(20)
      end
    end)
  end)
end) end
