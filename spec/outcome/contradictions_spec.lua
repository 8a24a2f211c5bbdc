-- Contradictions: resolve, reconcile and unsettled() agree about an intent, whichever is called first, and one report never
-- says two different things about one order.

local bybit = require "bybit"
local core = require "bybit.core"
local asked = require "spec.support.asked"
local journals = require "spec.support.journals"
local staged = require "spec.support.staged_exchange"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

-- For each kind of change: the kind of its request, what exists before, the parameters, and what reconcile says if it was done.
local CALLS = {
  place_order = { "place", nil, function() return limit() end, "placed" },
  place_conditional_order = { "place", nil, function() return conditional() end, "placed" },
  modify_order = { "amend", function(hand) return hand:place_order(limit()) end,
    function(id) return of { order_id = id, new_price = 28000 } end, "done" },
  modify_conditional_order = { "amend", function(hand) return hand:place_conditional_order(conditional()) end,
    function(id) return of { stop_order_id = id, new_trigger_price = 28000 } end, "done" },
  cancel_order = { "cancel", function(hand) return hand:place_order(limit()) end,
    function(id) return of { order_id = id } end, "done" },
  cancel_conditional_order = { "cancel", function(hand) return hand:place_conditional_order(conditional()) end,
    function(id) return of { stop_order_id = id } end, "done" },
  cancel_all_orders = { "all", function(hand) return hand:place_order(limit()) end, function() return of() end, "done" },
  cancel_all_conditional_orders = { "all", function(hand) return hand:place_conditional_order(conditional()) end,
    function() return of() end, "done" },
  set_trading_stop = { "stop", function(hand)
    return hand:place_order(of { side = "Buy", type = "Market", quantity = 100 })
  end, function() return of { stop_loss_price = 28000 } end, "done" },
}

for _, api in ipairs(staged.WIRES) do describe("on " .. api, function()
  local exchange, client, journal

  before_each(function()
    exchange, journal = staged.start(), staged.journal()
    client = exchange:client { api = api, journal = journal, id_prefix = "me" }
  end)

  after_each(function()
    client:close()
    exchange:close()
    staged.clean()
  end)

  -- Leaves a call unknown: its only copy meets this fate, and nothing can be read in time.
  local function leave_unknown(name, fate)
    local case = CALLS[name]
    local ack = case[2] and assert(case[2](exchange.hand))
    core.loop.advance(10)
    local params = case[3](ack and ack.order_id)
    params.deadline, params.timeout = 0.5, 0.5
    for _, kind in ipairs { "read", case[1], "cancel" } do exchange:always(kind, staged.lost_request) end
    exchange:plan(case[1], fate)
    local result, err = client[name](client, params)
    assert.is_nil(result)
    assert.equal("unknown", err.outcome)
    exchange.standing = {}
    return err, case
  end

  for name in pairs(CALLS) do
    for how, fate in pairs { ["that was carried out"] = staged.lost_answer, ["that never arrived"] = staged.lost_request } do
      it(("%s %s: reconcile reports the outcome, and resolve then returns the same"):format(name, how), function()
        local err, case = leave_unknown(name, fate)
        local report = assert(client:reconcile { symbol = "BTCUSD" })
        assert.same({ 1, 0 }, { #report.settled, #client:unsettled() })
        local said = report.settled[1]
        assert.same({ name, fate == staged.lost_answer and case[4] or "rejected" }, { said.method, said.outcome })
        for _ = 1, 2 do
          local result, why = client:resolve(err)
          if said.outcome == "rejected" then
            assert.same({ nil, "rejected", said.proof }, { result, why.outcome, why.proof })
          else
            assert.is_nil(why)
            assert.truthy(result)
          end
        end
      end)

      it(("%s %s: resolve returns the outcome, and reconcile then says nothing different"):format(name, how), function()
        local err = leave_unknown(name, fate)
        local result, why = client:resolve(err)
        assert.equal(fate == staged.lost_answer, result ~= nil, tostring(why))
        if why then assert.equal("rejected", why.outcome) end
        local report = assert(client:reconcile { symbol = "BTCUSD" })
        assert.same({ 0, 0, 0 }, { #report.settled, #report.unclear, #report.unsettled })
        local again = client:resolve(err)
        assert.equal(result, again)
      end)
    end
  end

  it("an order is never listed both as refused and as live: another program's order under the caller's id is not ours", function()
    assert(exchange.hand:place_order(limit { client_order_id = "me-7" }))
    core.loop.advance(60)
    local ack, err = client:place_order(limit { client_order_id = "me7" })
    assert.is_nil(err)
    local _, refused = client:place_order(limit { client_order_id = "me-7" })
    assert.equal("rejected", refused.outcome)
    client:close()
    client = exchange:client { api = api, journal = journal } -- without a prefix the journal tells which orders are own
    local report = assert(client:reconcile { symbol = "BTCUSD" })
    assert.same({ 1, ack.order_id }, { #report.live, report.live[1].order_id })
  end)

  it("a placement that reconcile settles as refused is not live in the same report", function()
    assert(exchange.hand:place_order(limit { client_order_id = "taken" }))
    core.loop.advance(60)
    for _, kind in ipairs { "read", "place" } do exchange:always(kind, staged.lost_request) end
    local _, err = client:place_order(limit { client_order_id = "taken", deadline = 2 })
    assert.equal("unknown", err.outcome)
    exchange.standing = {}
    local report = assert(client:reconcile { symbol = "BTCUSD" })
    assert.same({ 1, "rejected", 0 }, { #report.settled, report.settled[1].outcome, #report.live })
  end)

  describe("a cancel-all of a prefix, killed after the first order", function()
    local function killed()
      local left
      for i = 1, 3 do assert(client:place_order(limit { client_order_id = "me-" .. i })) end
      core.loop.advance(10)
      exchange:plan("cancel", staged.well, staged.meanwhile(function() left = staged.killed(journal) end, staged.lost_request))
      exchange:always("cancel", staged.lost_request)
      client:cancel_all_orders(of { id_prefix = "me", deadline = 2 })
      client:close()
      exchange.plans, exchange.standing = {}, {}
      client = exchange:client { api = api, journal = left, id_prefix = "me" }
    end

    it("is not reported as done", function()
      killed()
      local open = client:unsettled()
      assert.is_true(#open >= 1)
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      for _, entry in ipairs(report.settled) do
        assert.is_true(entry.method ~= "cancel_all_orders" or entry.outcome ~= "done", "two of its orders are open")
      end
      assert.equal(2, #report.live)
      local told = 0
      for _, list in ipairs { report.settled, report.unclear, report.unsettled } do told = told + #list end
      assert.is_true(told >= 1)
    end)
  end)

  describe("a cancel-all that was killed while it cancelled orders one by one", function()
    -- The next run has its journal, changed by `sql`.
    local function kill_in_the_middle(method, id_prefix, sql)
      local left
      exchange:plan("all", staged.page)
      exchange:always("cancel", staged.meanwhile(function() left = left or staged.killed(journal) end, staged.lost_answer))
      client[method](client, of { id_prefix = id_prefix or nil, deadline = 0.5 })
      client:close()
      exchange.plans, exchange.standing = {}, {}
      if sql then journals.sql(left, sql) end
      client = exchange:client { api = api, journal = left, id_prefix = "me" }
    end

    it("is the one entry of the list while it runs, too, and ends with its parts", function()
      for _ = 1, 2 do assert(client:place_order(limit())) end
      core.loop.advance(10)
      local most, call_ended = 0, false
      exchange:plan("all", staged.page)
      exchange:always("cancel", staged.lost_request)
      bybit.run(function()
        bybit.spawn(function()
          client:cancel_all_orders(of { deadline = 3, timeout = 0.1 })
          call_ended = true
        end)
        while not call_ended do
          most = math.max(most, #client:unsettled())
          bybit.sleep(0.05)
        end
      end)
      exchange.standing = {}
      assert.is_true(exchange:sent "cancel" > 2)
      assert.is_true(most <= 1, most .. " entries at once")
      assert.equal(1, #client:unsettled())
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.equal(1, #report.settled + #report.unclear + #report.unsettled)
      assert.equal(0, #core.client.table(client).journal:open_intents())
    end)

    it("lists a single cancel by itself where the whole had ended before", function()
      local id = assert(client:place_order(limit())).order_id
      core.loop.advance(10)
      kill_in_the_middle("cancel_all_orders", nil, "UPDATE intents SET outcome = 'unclear' WHERE kind = 'all'")
      local open = client:unsettled()
      assert.same({ 1, "cancel_all_orders" }, { #open, open[1].method })
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.same({ 1, "done", id }, { #report.settled, report.settled[1].outcome, report.settled[1].order.order_id })
    end)

    for _, method in ipairs { "cancel_all_orders", "cancel_all_conditional_orders" } do
      for _, id_prefix in ipairs { false, "me" } do
        local which = method .. (id_prefix and " of a prefix" or "")
        it(("is one entry in each list and in a report (%s)"):format(which), function()
          for _ = 1, 2 do
            assert(client[method == "cancel_all_orders" and "place_order" or "place_conditional_order"](client,
              method == "cancel_all_orders" and limit() or conditional()))
          end
          core.loop.advance(10)
          kill_in_the_middle(method, id_prefix)
          local open = client:unsettled()
          assert.same({ 1, method }, { #open, open[1].method })
          local report = assert(client:reconcile { symbol = "BTCUSD" })
          assert.equal(1, #report.settled + #report.unclear + #report.unsettled)
          assert.equal(0, #core.client.table(client).journal:open_intents(), "its single cancels have ended with it")
        end)
      end
    end
  end)

  describe("a later call of the same client that simply succeeds", function()
    it("does not make a statement about the earlier, unknown one false, although it replaced it", function()
      for _, name in ipairs { "modify_order", "modify_conditional_order", "set_trading_stop" } do
        local err = leave_unknown(name, staged.lost_answer)
        local p = {}
        for k, v in pairs(CALLS[name][3](exchange:books().orders[1].order_id)) do p[k] = v end
        for _, key in ipairs { "new_price", "new_trigger_price", "stop_loss_price" } do
          if p[key] then p[key] = 28500 end
        end
        assert(client[name](client, p))
        local result, why = client:resolve(err)
        assert.is_true(result ~= nil or why.outcome == "unknown", tostring(why))
        client:close()
        exchange:close()
        exchange, journal = staged.start(), staged.journal()
        client = exchange:client { api = api, journal = journal, id_prefix = "me" }
      end
    end)
  end)
end) end
