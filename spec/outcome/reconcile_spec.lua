-- reconcile settles all open intents together, and reports the outcome of each intent, every own open order, own trades, and the
-- intents whose outcome no record tells.

local bybit = require "bybit"
local core = require "bybit.core"
local asked = require "spec.support.asked"
local staged = require "spec.support.staged_exchange"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

for _, api in ipairs(staged.WIRES) do describe("on " .. api, function()
  local exchange, client, journal, hand

  before_each(function()
    exchange, journal = staged.start(), staged.journal()
    client, hand = exchange:client { api = api, journal = journal }, exchange.hand
  end)

  after_each(function()
    client:close()
    exchange:close()
    staged.clean()
  end)

  local function next_run(options)
    client:close()
    exchange.plans, exchange.standing = {}, {}
    local o = { api = api, journal = journal }
    for k, v in pairs(options or {}) do o[k] = v or nil end
    client = exchange:client(o)
    return client
  end

  local function ids(list)
    local out = {}
    for i, record in ipairs(list) do out[i] = record.client_order_id end
    table.sort(out)
    return out
  end

  describe("live", function()
    it("has every own open order, even if no intent was open", function()
      local own = { assert(client:place_order(limit())).client_order_id,
        assert(client:place_order(limit { client_order_id = "mine-1" })).client_order_id,
        assert(client:place_conditional_order(conditional())).client_order_id }
      table.sort(own)
      assert.same(own, ids(assert(client:reconcile { symbol = "BTCUSD" }).live))
      next_run()
      assert.equal(0, #client:unsettled())
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.same(own, ids(report.live))
      assert.same({ 0, 0, 0 }, { #report.settled, #report.unclear, #report.unsettled })
    end)

    it("has no order of somebody else, and no closed one", function()
      assert(hand:place_order(limit()))
      assert(hand:place_conditional_order(conditional()))
      local done = assert(client:place_order(limit())).order_id
      assert(client:cancel_order(of { order_id = done }))
      assert(client:place_order(of { side = "Buy", type = "Market", quantity = 10 }))
      assert.same({}, ids(assert(client:reconcile { symbol = "BTCUSD" }).live))
      next_run()
      assert.same({}, ids(assert(client:reconcile { symbol = "BTCUSD" }).live))
    end)

    it("has no order whose id only a refused intent of ours used", function()
      assert(hand:place_order(limit { client_order_id = "theirs" }))
      core.loop.advance(60)
      local _, err = client:place_order(limit { client_order_id = "theirs" })
      assert.equal("rejected", err.outcome)
      assert.same({}, ids(assert(client:reconcile { symbol = "BTCUSD" }).live))
      next_run()
      assert.same({}, ids(assert(client:reconcile { symbol = "BTCUSD" }).live))
    end)

    it("is complete, however many orders there are", function()
      local own = {}
      for i = 1, 120 do own[i] = assert(client:place_order(limit { quantity = 1 })).client_order_id end
      table.sort(own)
      next_run()
      assert.same(own, ids(assert(client:reconcile { symbol = "BTCUSD" }).live))
    end)

    it("is not returned if the journal cannot be read, since an own order could be missing", function()
      assert(client:place_order(limit { client_order_id = "mine-1" }))
      next_run()
      local fields = core.client.table(client)
      local real = fields.journal
      for _, reading in ipairs(api == "v5" and { "owned" } or { "owned", "symbols" }) do
        fields.journal = setmetatable({ [reading] = function() return nil, "disk I/O error" end },
          { __index = function(_, name) return function(_, ...) return real[name](real, ...) end end })
        local report, err = client:reconcile()
        fields.journal = real
        assert.is_nil(report)
        assert.same({ "guard", "the journal cannot be read: disk I/O error" }, { err.kind, err.message })
      end
      assert.same({ "mine-1" }, ids(assert(client:reconcile()).live))
    end)

    it("uses the id prefix if there is no journal", function()
      local mm = exchange:client { api = api, id_prefix = "mm" }
      local own = { assert(mm:place_order(limit())).client_order_id,
        assert(mm:place_conditional_order(conditional())).client_order_id }
      table.sort(own)
      assert(client:place_order(limit()))
      mm:close()
      local again <close> = exchange:client { api = api, id_prefix = "mm" }
      assert.same(own, ids(assert(again:reconcile { symbol = "BTCUSD" }).live))
    end)

    it("is for one id prefix, if it is asked for", function()
      local mm <close> = exchange:client { api = api, id_prefix = "mm" }
      local theirs = assert(mm:place_order(limit())).client_order_id
      local longer = "mm2-" .. theirs:sub(-8) -- begins alike, and is another's
      local own = assert(client:place_order(limit { client_order_id = longer })).client_order_id
      next_run()
      assert.same({ own }, ids(assert(client:reconcile { symbol = "BTCUSD" }).live))
      assert.same({ theirs }, ids(assert(client:reconcile { symbol = "BTCUSD", id_prefix = "mm" }).live))
      assert.same({}, ids(assert(client:reconcile { symbol = "BTCUSD", id_prefix = "m" }).live))
      local _, refusal = pcall(client.reconcile, client, { id_prefix = "m m" })
      assert.matches("reconcile: option 'id_prefix': letters, digits, '%-' and '_' expected, got m m$", refusal)
    end)

    if api == "v5" then
      it("is for all symbols, unless one is asked for", function()
        local btc = assert(client:place_order(limit())).client_order_id
        local eth = assert(client:place_order { symbol = "ETHUSD", side = "Buy", type = "Limit", quantity = 1,
          price = 1900 }).client_order_id
        local all = { btc, eth }
        table.sort(all)
        next_run()
        assert.same(all, ids(assert(client:reconcile {}).live))
        assert.same({ eth }, ids(assert(client:reconcile { symbol = "ETHUSD" }).live))
      end)
    end
  end)

  -- Leaves placements of this run unknown, each with its fate. Returns their ids in order.
  local function leave_open(fates)
    local list = {}
    for i, params in ipairs(fates) do
      params.deadline, params.timeout = 0.05, 0.05
      exchange:plan("place", params.fate)
      params.fate = nil
      for _, kind in ipairs { "place", "read" } do exchange:always(kind, staged.lost_request) end
      local _, err = client:place_order(params)
      assert.equal("unknown", err.outcome)
      list[i] = err.client_order_id
    end
    return list
  end

  it("takes a symbol as the exchange writes it", function()
    for _, symbol in ipairs { 5, "btcusd", "BTC/USD", "" } do
      local ok, why = pcall(client.reconcile, client, { symbol = symbol })
      assert.is_false(ok)
      local said = tostring(why)
      assert.truthy(said:find("option 'symbol': a symbol such as 'BTCUSD' expected, got " .. symbol, 1, true), said)
    end
  end)

  it("takes ten minutes at most", function()
    assert(client:reconcile { deadline = 600 })
    for _, deadline in ipairs { 0, -1, 600.5, 601, "600", 0 / 0 } do
      local ok, why = pcall(client.reconcile, client, { deadline = deadline })
      assert.is_false(ok)
      assert.truthy(tostring(why):find("option 'deadline': seconds from 0 to 600 expected", 1, true), tostring(why))
    end
  end)

  it("returns the same as an earlier look at the intent, whatever shows by then", function()
    local id = assert(client:place_order(limit())).order_id
    core.loop.advance(10)
    exchange:plan("amend", staged.lost_answer)
    exchange:always("read", staged.refused)
    local _, err = client:modify_order(of { order_id = id, new_price = 28000, deadline = 0.2 })
    assert.equal("unknown", err.outcome)
    exchange:always("read", nil)
    local report, resolved
    bybit.run(function()
      exchange:plan("read", staged.refused)
      bybit.spawn(function() report = assert(client:reconcile { symbol = "BTCUSD" }) end)
      bybit.sleep(0.001) -- its first look is refused, so it will look again
      resolved = client:resolve(err)
      assert(hand:modify_order(of { order_id = id, new_price = 29000 }))
    end)
    assert.truthy(resolved)
    assert.same({ 1, "done", 0, 0 }, { #report.settled, report.settled[1].outcome, #report.unclear, #report.unsettled })
  end)

  it("of a cancel-all with id_prefix ends with the outcome of the whole", function()
    client:close()
    client = exchange:client { api = api, journal = journal, id_prefix = "mm" }
    local function cancel_all()
      client:cancel_all_orders(of { id_prefix = "mm", deadline = 3 })
      for _, row in ipairs(core.client.table(client).journal:select()) do
        if row.method == "cancel_all_orders" then return row.outcome end
      end
    end
    exchange:always("read", staged.refused)
    assert.equal("not_sent", cancel_all(), "nothing was cancelled, and nothing can be")
    journal, client = staged.journal(), client:close()
    exchange:always("read", nil)
    client = exchange:client { api = api, journal = journal, id_prefix = "mm" }
    for _ = 1, 2 do assert(client:place_order(limit())) end
    exchange:plan("cancel", staged.well)
    exchange:always("cancel", staged.refused)
    assert.equal("unclear", cancel_all(), "one was cancelled")
    exchange:always("cancel", nil)
  end)

  it("makes a change that its late copy could undo wait for its window and a second", function()
    assert(client:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
    exchange:plan("all", staged.page)
    for _, kind in ipairs { "cancel", "read" } do exchange:always(kind, staged.page) end
    local _, err = client:cancel_all_orders(of { deadline = 0.05, receive_window = 3000 })
    assert.equal("unknown", err.outcome)
    next_run()
    local opened = exchange:now()
    assert(client:place_order(limit { side = "Sell", price = 31000, reduce_only = true, deadline = 60 }))
    local placed = exchange:of_kind "place"
    local waited = placed[#placed].at - opened
    assert.is_true(waited >= 4000 and waited < 4100, ("%d ms"):format(waited))
  end)

  describe("many intents", function()
    for _, count in ipairs { 8, 100 } do
      it(("(%d absent ones) are settled together, in the time of one fence, with few requests"):format(count), function()
        local fates = {}
        for i = 1, count do fates[i] = limit { fate = staged.page } end
        leave_open(fates)
        next_run()
        assert.equal(count, #client:unsettled())
        local began, asked_before = exchange:now(), exchange:sent "read"
        local report = assert(client:reconcile { symbol = "BTCUSD" })
        assert.same({ count, 0, 0 }, { #report.settled, #report.unsettled, #report.unclear })
        for _, entry in ipairs(report.settled) do assert.same({ "rejected", "fence" }, { entry.outcome, entry.proof }) end
        -- the window, a second, the visibility, and the time of the requests
        assert.is_true(exchange:now() - began <= 5000 + 1000 + 2 * 5000 + 2000, ("%d ms"):format(exchange:now() - began))
        assert.is_true(exchange:sent "read" - asked_before <= 120, ("%d reads"):format(exchange:sent "read" - asked_before))
      end)
    end

    it("are looked for in lists from the earliest intent on, if the exchange's clock was known", function()
      assert(client:get_open_orders_real_time(of {}))
      local began = exchange:now()
      local absent = leave_open({ limit { fate = staged.page } })[1]
      core.loop.advance(60)
      local made = leave_open { limit { fate = staged.lost_answer }, limit { fate = staged.page } }
      next_run()
      core.loop.advance(3600)
      local read_before = #exchange:of_kind "read"
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.same({ 3, 0, 0 }, { #report.settled, #report.unsettled, #report.unclear })
      local outcomes = {}
      for _, entry in ipairs(report.settled) do outcomes[entry.client_order_id] = entry.outcome end
      assert.same({ [absent] = "rejected", [made[1]] = "placed", [made[2]] = "rejected" }, outcomes)
      assert.same({ made[1] }, ids(report.live))
      if api == "v2" then return end -- its lists have no start time
      local read = 0
      for _, copy in ipairs(table.move(exchange:of_kind "read", read_before + 1, 1000, 1, {})) do
        local first = tonumber(copy.params.startTime)
        if copy.path:find "history$" or first and copy.path == "/v5/execution/list" then
          read = read + 1
          assert.is_true(first > began - 1100 and first < began, ("%s from %g on"):format(copy.path, first - began))
        end
      end
      assert.is_true(read > 0)
    end)

    it("are distinguished if only some were made", function()
      local fates = {}
      for i = 1, 12 do fates[i] = limit { fate = i % 3 == 0 and staged.lost_answer or staged.page } end
      local list = leave_open(fates)
      next_run()
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      local outcome = {}
      for _, entry in ipairs(report.settled) do outcome[entry.client_order_id] = entry.outcome end
      for i, id in ipairs(list) do assert.equal(i % 3 == 0 and "placed" or "rejected", outcome[id]) end
      assert.equal(4, #report.live)
      assert.equal(0, #client:unsettled())
    end)

    it("on two symbols take no longer than on one", function()
      local fates = {}
      for i = 1, 6 do
        fates[i] = i % 2 == 0 and limit { fate = staged.page }
          or { symbol = "ETHUSD", side = "Buy", type = "Limit", quantity = 1, price = 1900, fate = staged.page }
      end
      leave_open(fates)
      next_run()
      local began = exchange:now()
      local report = assert(client:reconcile {})
      assert.equal(6, #report.settled)
      assert.is_true(exchange:now() - began <= 18000, ("%d ms"):format(exchange:now() - began))
    end)

    it("of every kind are settled by one call", function()
      local order = assert(hand:place_order(limit())).order_id
      local parked = assert(hand:place_conditional_order(conditional())).order_id
      local gone = assert(hand:place_order(limit())).order_id
      assert(hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
      core.loop.advance(10)
      local calls = {
        { "place", "place_order", limit(), "placed" },
        { "place", "place_conditional_order", conditional(), "placed" },
        { "amend", "modify_order", of { order_id = order, new_price = 28000 }, "done" },
        { "amend", "modify_conditional_order", of { stop_order_id = parked, new_trigger_price = 28000 }, "done" },
        { "cancel", "cancel_order", of { order_id = gone }, "done" },
        { "stop", "set_trading_stop", of { stop_loss_price = 28000 }, "done" },
      }
      local wanted = {}
      for _, call in ipairs(calls) do
        exchange:plan(call[1], staged.lost_answer)
        for _, kind in ipairs { call[1], "read" } do exchange:always(kind, staged.lost_request) end
        call[3].deadline, call[3].timeout = 0.05, 0.05
        local _, err = client[call[2]](client, call[3])
        assert.equal("unknown", err.outcome)
        wanted[call[2]] = call[4]
      end
      next_run()
      assert.equal(#calls, #client:unsettled())
      local began, said = exchange:now(), {}
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      for _, entry in ipairs(report.settled) do said[entry.method] = entry.outcome end
      assert.same(wanted, said)
      assert.is_true(exchange:now() - began <= 18000)
    end)
  end)

  describe("the report", function()
    it("has the order of a placement that was made", function()
      local id = leave_open({ limit { fate = staged.lost_answer } })[1]
      next_run()
      local entry = assert(client:reconcile { symbol = "BTCUSD" }).settled[1]
      assert.same({ "place_order", id, "placed", id, "New" },
        { entry.method, entry.client_order_id, entry.outcome, entry.order.client_order_id, entry.order.status })
    end)

    it("has own trades since the first open intent, and no others", function()
      local id = leave_open({ of { side = "Buy", type = "Market", quantity = 10, fate = staged.lost_answer } })[1]
      assert(hand:place_order(of { side = "Buy", type = "Market", quantity = 20 }))
      next_run()
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.same({ "placed", 1, id, "10" }, { report.settled[1].outcome, #report.trades, report.trades[1].client_order_id,
        tostring(report.trades[1].quantity) })
    end)

    it("covers only the intents of the given symbol", function()
      leave_open { limit { fate = staged.page },
        { symbol = "ETHUSD", side = "Buy", type = "Limit", quantity = 1, price = 1900, fate = staged.page } }
      next_run()
      local report = assert(client:reconcile { symbol = "ETHUSD" })
      assert.same({ 1, 1 }, { #report.settled, #client:unsettled() })
      assert.equal("BTCUSD", client:unsettled()[1].symbol)
      assert(client:place_order { symbol = "ETHUSD", side = "Buy", type = "Limit", quantity = 1, price = 1900 })
      local _, err = client:place_order(limit())
      assert.equal("guard", err.kind)
    end)

    it("lists what could not be settled in time; the next call goes on from there", function()
      leave_open { limit { fate = staged.page }, limit { fate = staged.page } }
      next_run()
      local report = assert(client:reconcile { symbol = "BTCUSD", deadline = 2 })
      assert.same({ 0, 2 }, { #report.settled, #report.unsettled })
      for _, entry in ipairs(report.unsettled) do
        assert.same({ "place_order", "BTCUSD", true }, { entry.method, entry.symbol, entry.earlier })
        assert.is_true(not entry.final)
        assert.equal("integer", math.type(entry.time))
      end
      assert.equal(2, #assert(client:reconcile { symbol = "BTCUSD" }).settled)
    end)

    it("is missing if the exchange cannot be asked, and nothing is lost", function()
      leave_open { limit { fate = staged.lost_answer } }
      next_run()
      exchange:always("read", function() return { status = 200, body = "<html>" } end)
      local report, err = client:reconcile { symbol = "BTCUSD", deadline = 3 }
      assert.is_nil(report)
      assert.truthy(err)
      assert.equal(1, #client:unsettled())
    end)

    it("covers what this run left open, even without a journal", function()
      client:close()
      client = exchange:client { api = api }
      leave_open { limit { fate = staged.lost_answer }, limit { fate = staged.page } }
      exchange.plans, exchange.standing = {}, {}
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.same({ 2, 1, 0 }, { #report.settled, #report.live, #client:unsettled() })
    end)
  end)

  it("is made without any request that changes something", function()
    leave_open { limit { fate = staged.page }, limit { fate = staged.lost_answer } }
    next_run()
    local before = #exchange.copies
    assert(client:reconcile { symbol = "BTCUSD" })
    for i = before + 1, #exchange.copies do assert.equal("read", exchange.copies[i].kind) end
  end)
end) end
