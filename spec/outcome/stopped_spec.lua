-- A call that is stopped at any moment of recovery or of a read-back: by its task's cancellation, the end of bybit.within, a
-- token, client:close() or Ctrl-C. The intent is kept, the call says what is known, and an acknowledgement stays an
-- acknowledgement.

local bybit = require "bybit"
local core = require "bybit.core"
local errors = require "bybit.errors"
local asked = require "spec.support.asked"
local changes = require "spec.support.changes"
local staged = require "spec.support.staged_exchange"

local of, limit, with = asked.of, asked.limit, asked.with

for _, api in ipairs(staged.WIRES) do describe("on " .. api, function()
  local exchange, client

  before_each(function()
    exchange = staged.start()
    client = exchange:client { api = api }
  end)

  after_each(function()
    debug.sethook()
    client:close()
    exchange:close()
    staged.clean()
  end)

  -- Another client, with a journal.
  local function with_journal()
    local journal = staged.journal()
    client:close()
    client = exchange:client { api = api, journal = journal }
    return journal
  end

  local function prepare(case) return changes.prepare(exchange, case) end

  -- `act` happens at the n-th read of the call; no read is ever answered.
  local function at_read(n, act)
    local reads = {}
    for i = 1, n - 1 do reads[i] = staged.lost_request end
    reads[n] = staged.meanwhile(act, staged.lost_request)
    exchange:plan("read", table.unpack(reads))
    exchange:always("read", staged.lost_request)
  end

  -- Requests that are sent again are lost, if they would end the call before it reads.
  local function lose_answer(kind)
    exchange:plan(kind, staged.lost_answer)
    if kind == "cancel" or kind == "all" then exchange:always("cancel", staged.lost_request) end
  end

  -- Checks an error that says what is known of a call that was carried out.
  local function assert_told(err, kind, case)
    assert.is_true(errors.is(err), tostring(err))
    assert.same({ kind, "unknown", false }, { err.kind, err.outcome, err.retryable }, tostring(err))
    if case[1] == "place" then assert.equal(exchange:books().orders[1].client_order_id, err.client_order_id) end
  end

  local function assert_kept(err, case)
    local open = client:unsettled()
    assert.equal(1, #open)
    assert.equal(err and err.client_order_id, open[1].client_order_id)
    exchange.plans, exchange.standing = {}, {}
    local result, why = client:resolve(err)
    assert.is_true(result ~= nil or why.outcome == "unknown" and case[1] ~= "place", tostring(why))
  end

  for name, case in pairs(changes.CALLS) do describe(name .. " of unknown outcome", function()
    for n = 1, 3 do
      it(("ends by its token at read %d, and says what is known"):format(n), function()
        local params, token = prepare(case), bybit.cancel_token()
        params.cancel = token
        lose_answer(case[1])
        at_read(n, function() token:cancel() end)
        local result, err = client[name](client, params)
        assert.is_nil(result)
        assert_told(err, "cancelled", case)
        assert_kept(err, case)
      end)

      it(("raises what is known when its task is cancelled at read %d"):format(n), function()
        local params, task = prepare(case), nil
        lose_answer(case[1])
        at_read(n, function() task:cancel() end)
        local ok, err = pcall(bybit.run, function()
          task = bybit.spawn(function() return client[name](client, params) end)
          return task:await()
        end)
        assert.is_false(ok)
        assert_told(err, "cancelled", case)
        assert_kept(err, case)
      end)

      it(("ends as closed if the client is closed at read %d, and the journal lists it"):format(n), function()
        local journal = with_journal()
        local params = prepare(case)
        lose_answer(case[1])
        at_read(n, function() client:close() end)
        local ok, result, err = pcall(client[name], client, params)
        assert.is_true(ok, tostring(result))
        assert.is_nil(result)
        assert_told(err, "closed", case)
        local next_run <close> = exchange:client { api = api, journal = journal }
        local open = next_run:unsettled()
        assert.same({ 1, name, true }, { #open, open[1].method, open[1].earlier })
      end)

      it(("keeps its intent if something raises at read %d, as Ctrl-C does"):format(n), function()
        local params = prepare(case)
        lose_answer(case[1])
        at_read(n, function() error("interrupted!", 0) end)
        local ok, why = pcall(client[name], client, params)
        assert.is_false(ok)
        assert.equal("interrupted!", why)
        local open = client:unsettled()
        assert.same({ 1, name }, { #open, open[1].method })
      end)
    end

    for _, seconds in ipairs { 0.3, 1.2, 1.7, 2.6, 4.1 } do
      it(("raises what is known inside bybit.within(%g)"):format(seconds), function()
        local params, raised = prepare(case), nil
        lose_answer(case[1])
        exchange:always("read", staged.lost_request)
        local result, late = bybit.within(seconds, function()
          local ok, err = pcall(client[name], client, params)
          raised = not ok and err or nil
          if not ok then error(err, 0) end
        end)
        assert.same({ nil, "timeout" }, { result, late.kind })
        assert_told(raised, "cancelled", case)
        assert_kept(raised, case)
      end)

      it(("raises what is known when its task is cancelled after %g s"):format(seconds), function()
        local params = prepare(case)
        lose_answer(case[1])
        exchange:always("read", staged.lost_request)
        local ok, err = pcall(bybit.run, function()
          local task = bybit.spawn(function() return client[name](client, params) end)
          bybit.sleep(seconds)
          task:cancel()
          return task:await()
        end)
        assert.is_false(ok)
        assert_told(err, "cancelled", case)
        assert_kept(err, case)
      end)
    end

    -- Ctrl-C is a debug hook that raises in the Lua code that runs next.
    it("keeps its intent wherever Ctrl-C comes during recovery, and Ctrl-C is raised", function()
      local lost = {}
      for steps = 1, 2000, 29 do
        client:close()
        exchange:close()
        exchange = staged.start()
        client = exchange:client { api = api }
        local params = prepare(case)
        lose_answer(case[1])
        exchange:always("read", staged.lost_request)
        local armed = false
        exchange:plan("read", staged.meanwhile(function()
          armed = true
          exchange:always(case[1], staged.lost_request)
          debug.sethook(function()
            debug.sethook()
            error("interrupted!", 0)
          end, "", steps)
        end, staged.lost_request))
        params.deadline = 5
        local ok, why = pcall(client[name], client, params)
        debug.sethook()
        local kept = #client:unsettled() == 1
        if armed and not (not ok and tostring(why):find("interrupted!", 1, true) and kept) then
          lost[#lost + 1] = ("after %d steps: %s, %s"):format(steps, kept and "kept" or "lost", tostring(why))
        end
      end
      assert.equal("", table.concat(lost, "\n"))
    end)
  end) end

  for name, case in pairs(changes.CALLS) do describe(name .. " that was acknowledged", function()
    local stops = {
      ["its token is cancelled"] = { "cancelled", function(stop) stop.token:cancel() end },
      ["its task is cancelled"] = { "cancelled", function(stop) stop.task:cancel() end },
      ["the client is closed"] = { "closed", function() client:close() end },
    }
    for what, stop in pairs(stops) do
      for n = 1, 2 do
        it(("returns the acknowledgement, marked as unconfirmed, if %s at read %d of the read-back"):format(what, n), function()
          local state = { token = bybit.cancel_token() }
          local params = with(prepare(case), { confirm = true, cancel = state.token })
          at_read(n, function() stop[2](state) end)
          local result, err, response
          pcall(bybit.run, function()
            state.task = bybit.spawn(function() result, err, response = client[name](client, params) end)
            state.task:await()
          end)
          assert.is_nil(err)
          assert.is_table(result)
          assert.equal(stop[1], response.unconfirmed.kind)
          if what ~= "the client is closed" then assert.equal(0, #client:unsettled()) end
        end)
      end
    end

    for _, seconds in ipairs { 0.3, 1.2, 1.7 } do
      it(("returns the acknowledgement although bybit.within(%g) ends during the read-back"):format(seconds), function()
        local params = with(prepare(case), { confirm = true })
        exchange:always("read", staged.lost_request)
        local result, err, response
        bybit.within(seconds, function() result, err, response = client[name](client, params) end)
        assert.is_nil(err)
        assert.is_table(result)
        assert.truthy(response.unconfirmed)
        assert.equal(0, #client:unsettled())
      end)
    end
  end) end

  describe("a cancel-all of a prefix", function()
    local function begin()
      local ids = {}
      for i = 1, 3 do ids[i] = assert(client:place_order(limit { client_order_id = "me-" .. i })).order_id end
      core.loop.advance(10)
      return ids
    end

    it("that is stopped in the middle says which orders are cancelled, and that the rest is unknown", function()
      local ids, token = begin(), bybit.cancel_token()
      exchange:plan("cancel", staged.well, staged.then_lost(function() token:cancel() end))
      local list, err = client:cancel_all_orders(of { id_prefix = "me", cancel = token })
      assert.is_nil(list)
      assert.same({ "cancelled", "unknown" }, { err.kind, err.outcome })
      assert.equal(1, #err.cancelled)
      assert.is_true(#client:unsettled() >= 1)
      assert.is_true(exchange:order(ids[1]).open or exchange:order(ids[2]).open or exchange:order(ids[3]).open)
    end)
  end)

  describe("settling later", function()
    local function unknown()
      exchange:plan("place", staged.lost_answer)
      local _, err = client:place_order(limit { deadline = 0.5, timeout = 0.5 })
      assert.equal("unknown", err.outcome)
      return err
    end

    it("by resolve ends with its token, and keeps the intent", function()
      local err, token = unknown(), bybit.cancel_token()
      at_read(1, function() token:cancel() end)
      local result, why = client:resolve(err, { cancel = token })
      assert.is_nil(result)
      assert.same({ "cancelled", "unknown" }, { why.kind, why.outcome })
      assert.equal(1, #client:unsettled())
    end)

    it("by resolve raises with its task, and keeps the intent", function()
      local err, task = unknown(), nil
      at_read(1, function() task:cancel() end)
      local ok, why = pcall(bybit.run, function()
        task = bybit.spawn(function() return client:resolve(err) end)
        return task:await()
      end)
      assert.is_false(ok)
      assert.equal("cancelled", why.kind)
      assert_kept(err, changes.CALLS.place_order)
    end)

    it("by reconcile raises with its task, and keeps the intents", function()
      local err, task = unknown(), nil
      for n = 1, 4 do
        at_read(n, function() task:cancel() end)
        local ok, why = pcall(bybit.run, function()
          task = bybit.spawn(function() return client:reconcile { symbol = "BTCUSD" } end)
          return task:await()
        end)
        assert.is_false(ok)
        assert.equal("cancelled", why.kind)
        assert.equal(1, #client:unsettled())
      end
      assert_kept(err, changes.CALLS.place_order)
    end)

    it("ends at once if the client is closed, and the journal keeps the intent", function()
      local journal = with_journal()
      unknown()
      at_read(1, function() client:close() end)
      local ok, report, why = pcall(client.reconcile, client, { symbol = "BTCUSD" })
      assert.is_true(ok, tostring(report))
      assert.is_nil(report)
      assert.equal("closed", why.kind)
      local next_run <close> = exchange:client { api = api, journal = journal }
      assert.equal(1, #next_run:unsettled())
    end)
  end)

  describe("the end of a client", function()
    local fates = { ["what never left"] = { staged.refused, "not_sent" }, ["what is unknown"] = { staged.page, "unknown" } }
    for name, fate in pairs(fates) do
      it(("ends at once a call that waits for a retry of %s"):format(name), function()
        exchange:always("place", fate[1])
        local closed, ended, err
        bybit.run(function()
          local call = bybit.spawn(function()
            err = select(2, client:place_order(limit()))
            ended = exchange:now()
          end)
          bybit.sleep(4) -- now its waits are seconds long
          closed = exchange:now()
          client:close()
          call:await()
        end)
        assert.same({ "closed", fate[2] }, { err.kind, err.outcome })
        assert.is_true(ended - closed <= 50, ("%d ms later"):format(ended - closed))
      end)
    end
  end)
end) end

-- The same over HTTP: when the call is stopped, a read is in flight.
for _, api in ipairs(staged.WIRES) do describe("over HTTP, on " .. api .. ", a call whose reads hang", function()
  local exchange, client

  before_each(function()
    exchange = bybit.paper.start { limits = false, seed = 7 }
    exchange:set_price("BTCUSD", 30000)
    client = bybit.client { environment = exchange, api = api, rate = false }
    assert(client:get_open_orders_real_time(of())) -- so that the clock is known
    exchange:faults { { "lost_answer", path = "order/create", nth = 1 },
      { "lost_request", verb = "GET" } }
  end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  -- Runs `call` as a task. When the exchange has seen its first read, which it never answers, calls act(task).
  local function while_it_reads(call, act)
    bybit.run(function()
      local task = bybit.spawn(call)
      task.awaited = true
      while not exchange:fault_counts().lost_request do bybit.sleep(0.01) end
      act(task)
      bybit.all { task }
    end)
  end

  local ways = {
    ["its task is cancelled"] = { "cancelled", function(task) task:cancel() end },
    ["its token is cancelled"] = { "cancelled", function(_, token) token:cancel() end },
    ["the client is closed"] = { "closed", function() client:close() end },
  }

  for what, way in pairs(ways) do
    it(("says what is known if %s"):format(what), function()
      local token, err = bybit.cancel_token(), nil
      while_it_reads(function()
        local ok, a, b = pcall(client.place_order, client, limit { timeout = 0.2, cancel = token })
        err = ok and b or a
      end, function(task) way[2](task, token) end)
      assert.same({ way[1], "unknown", false }, { err.kind, err.outcome, err.retryable })
      assert.equal(exchange:books().orders[1].client_order_id, err.client_order_id)
    end)

    it(("returns the acknowledgement if %s during the read-back"):format(what), function()
      exchange:faults { { "lost_request", verb = "GET" } }
      local token, result, err, response = bybit.cancel_token(), nil, nil, nil
      while_it_reads(function()
        result, err, response = client:place_order(limit { confirm = true, cancel = token })
      end, function(task) way[2](task, token) end)
      assert.is_nil(err)
      assert.equal(exchange:books().orders[1].order_id, result.order_id)
      assert.equal(way[1], response.unconfirmed.kind)
    end)
  end
end) end
