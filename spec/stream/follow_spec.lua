-- client:follow: what it tells of the account, each fill once, whatever the stream does; what a bookmark holds; and polling.

local bookmark = require "bybit.stream.follow.bookmark"
local bybit = require "bybit"
local core = require "bybit.core"
local paper = require "bybit.paper"
local process = require "spec.support.process"

local SLOW = (os.getenv "LD_PRELOAD" or ""):find "san" and 4 or 1 -- a sanitizer makes answers late

describe("client:follow", function()
  local exchange, client

  local function start(options, of_client)
    local all = { seed = 1, clock = "manual", limits = false }
    for k, v in pairs(options or {}) do all[k] = v end
    exchange = paper.start(all)
    local given = { environment = exchange }
    for k, v in pairs(of_client or {}) do given[k] = v end
    client = bybit.client(given)
  end

  before_each(function() start() end)

  after_each(function()
    assert.same({}, exchange:errors())
    client:close()
    exchange:close()
  end)

  -- The next event, or nil at the end of the loop; `close` ends it.
  local function open(params, on)
    local step, state, _, closer = (on or client):follow(params)
    return function() return step(state) end, function() getmetatable(closer).__close(closer) end
  end

  -- Takes events until one of this kind comes; returns it, and those before it.
  local function until_kind(next_event, kind, f)
    local before = {}
    for _ = 1, 10000 do
      local event = next_event()
      if event.kind == kind and (not f or f(event)) then return event, before end
      before[#before + 1] = event
    end
    error("no " .. kind)
  end

  local function buy(quantity, more)
    local order = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = quantity or 10 }
    for k, v in pairs(more or {}) do order[k] = v end
    return assert(client:place_order(order))
  end

  local function trades_of(events, list)
    list = list or {}
    for _, event in ipairs(events) do
      if event.trade then list[#list + 1] = event end
    end
    return list
  end

  -- The ids of the exchange's own executions, oldest first.
  local function executions()
    local ids = {}
    for i, row in ipairs(exchange:books().executions) do ids[i] = row.execution_id end
    return ids
  end

  local function ids_of(events)
    local ids = {}
    for i, event in ipairs(events) do ids[i] = event.trade.trade_id end
    return ids
  end

  it("polls also in a program that has no tasks", function()
    client:close()
    exchange:close()
    start { clock = "real" }
    local child = process.start([[
      local bybit = require "bybit"
      local client = bybit.client { environment = { url = arg[1] }, key = arg[2], secret = arg[3], streams = false }
      for event in client:follow { symbol = "BTCUSD", poll = 0.05 } do
        print(event.kind)
        io.flush()
        if event.trade then break end
      end]], {}, nil, ("%s %s %s"):format(exchange.url, exchange.key, exchange.secret))
    repeat until child:line() == "live" -- luacheck: ignore 542
    buy(10)
    local kinds = {}
    for kind in function() return child:line() end do kinds[kind] = true end
    local _, status, _, errors = child:wait()
    assert.same({ 0, "", true }, { status, errors, kinds.trade })
  end)

  if not core.link.available() then
    it("works over streams", function() pending "this build is without libwslay" end)
  end
  for _, streams in ipairs(core.link.available() and { true, false } or { false }) do
    describe(streams and "over streams" or "by polling", function()
      before_each(function()
        client:close()
        exchange:close()
        start(nil, { streams = streams })
      end)

      it("tells trades, orders, positions and the wallet, as the methods that read give them", function()
        local next_event, close = open { symbol = "BTCUSD" }
        until_kind(next_event, "live")
        local ack = buy(10)
        local found, missing = {}, { trade = true, order = true, position = true, wallet = true }
        for _ = 1, 100 do
          if not next(missing) then break end
          local event = next_event()
          missing[event.kind] = nil
          found[event.kind] = event
        end
        close()
        assert.same({ ack.order_id, "Filled", "BTCUSD" },
          { found.order.order.order_id, found.order.order.status, found.order.symbol })
        local trade = assert(client:get_user_trades { symbol = "BTCUSD" })[1]
        assert.equal(trade.trade_id, found.trade.trade.trade_id)
        assert.equal(tostring(trade.fee), tostring(found.trade.trade.fee))
        assert.equal("10", tostring(found.position.position.quantity))
        local balance = assert(client:get_balance { coin = "BTC" })
        for _, coin in ipairs(found.wallet.wallet.coins) do
          if coin.coin == "BTC" then assert.equal(tostring(balance.wallet_balance), tostring(coin.wallet_balance)) end
        end
      end)

      it("begins with how orders and positions stand", function()
        local ack = buy(10)
        local resting = buy(5, { type = "Limit", price = 29000 })
        local next_event, close = open { symbol = "BTCUSD" }
        local _, before = until_kind(next_event, "live")
        close()
        local kinds = {}
        for _, event in ipairs(before) do kinds[event.kind] = event end
        assert.is_nil(kinds.trade, "what was before it began is not told")
        assert.equal(resting.order_id, kinds.order.order.order_id)
        assert.equal("10", tostring(kinds.position.position.quantity))
        assert.not_equal(ack.order_id, resting.order_id)
      end)

      it("goes on from a bookmark: each fill once, also those of the time between", function()
        local all = {}
        local next_event, close = open { symbol = "BTCUSD" }
        until_kind(next_event, "live")
        local mark
        for i = 1, 3 do buy(i) end
        for _ = 1, 2 do
          all[#all + 1] = until_kind(next_event, "trade")
          mark = all[#all].bookmark
        end
        close()
        for i = 4, 6 do buy(i) end
        next_event, close = open { symbol = "BTCUSD", since = mark }
        local _, before = until_kind(next_event, "live")
        trades_of(before, all)
        buy(7)
        all[#all + 1] = until_kind(next_event, "trade")
        close()
        assert.same(executions(), ids_of(all))
      end)
    end)
  end

  describe("a wrong call raises, and says what would be right", function()
    for text, params in pairs {
      ["follow: unknown parameter 'symbl', did you mean 'symbol'?"] = { symbl = "BTCUSD" },
      ["follow: either 'symbol' or 'symbols'"] = { symbol = "BTCUSD", symbols = { "BTCUSD" } },
      ["follow: 'since': a bookmark, or a moment as ISO text or in ms, expected, got 'yesterday'"] = { since = "yesterday" },
      ["follow: 'since': a bookmark, or a moment as ISO text or in ms, expected, got 1704067200"] = { since = 1704067200 },
      ["follow: 'since': this bookmark cannot be used: it is damaged: it was cut off, or changed"] = { since = "bybit1.00" },
      ["follow: 'since': this bookmark cannot be used: another version of bybit wrote it"] = { since = "bybit2.00" },
      ["follow: 'audit': a number from 1 to 86400 expected, got 0"] = { audit = 0 },
      ["follow: a table of named parameters expected"] = { "trade" },
    } do
      it(text, function()
        local ok, message = pcall(client.follow, client, params)
        assert.is_false(ok)
        assert.truthy(message:find(text, 1, true), message)
      end)
    end

    it("also of a client without a key, and of the v2 wire without a symbol", function()
      local keyless <close> = bybit.client { environment = { url = exchange.url } }
      assert.error_matches(function() keyless:follow {} end, "the client needs a key")
      local v2 <close> = bybit.client { environment = exchange, api = "v2" }
      assert.error_matches(function() v2:follow {} end, "'symbol' or 'symbols' is missing")
      assert.error_matches(function() client.follow {} end, "write client:follow")
    end)
  end)

  describe("a bookmark", function()
    local function mark_of(params)
      local next_event, close = open(params)
      local event = until_kind(next_event, "live")
      close()
      return event.bookmark
    end

    it("of other contracts, another key, or that was changed, is refused", function()
      local mark = mark_of { symbol = "BTCUSD" }
      assert.error_matches(function() client:follow { symbol = "ETHUSD", since = mark } end, "a loop over other contracts")
      assert.error_matches(function() client:follow { since = mark } end, "a loop over other contracts")
      local other <close> = bybit.client { environment = { url = exchange.url }, key = "another", secret = "s" }
      assert.error_matches(function() other:follow { symbol = "BTCUSD", since = mark } end, "it belongs to another key")
      for i = 1, #mark do
        local changed = mark:sub(1, i - 1) .. (mark:sub(i, i) == "0" and "1" or "0") .. mark:sub(i + 1)
        assert.error_matches(function() client:follow { symbol = "BTCUSD", since = changed } end, "follow: 'since': ")
        assert.error_matches(function() client:follow { symbol = "BTCUSD", since = mark:sub(1, i - 1) } end, "follow: 'since': ")
      end
    end)

    it("holds the same contracts in any order, and all of them where none is named", function()
      local mark = mark_of { symbols = { "ETHUSD", "BTCUSD" } }
      local _, close = open { symbols = { "BTCUSD", "ETHUSD" }, since = mark }
      close()
      mark = mark_of {}
      _, close = open { since = mark }
      close()
    end)

    it("tells what was delivered up to its event, whenever it is read", function()
      local next_event, close = open { symbol = "BTCUSD" }
      until_kind(next_event, "live")
      for i = 1, 3 do buy(i) end
      local first = until_kind(next_event, "trade")
      local early = first.bookmark
      until_kind(next_event, "trade")
      until_kind(next_event, "trade")
      assert.equal(early, first.bookmark)
      close()
      assert.equal(early, first.bookmark)
      next_event, close = open { symbol = "BTCUSD", since = early }
      local _, before = until_kind(next_event, "live")
      close()
      assert.same({ executions()[2], executions()[3] }, ids_of(trades_of(before)))
    end)

    it("stays under 16 KB however many fills there are", function()
      local ids = {}
      for i = 1, 10000 do ids[i] = bookmark.short("trade " .. i) end
      local text = bookmark.write(core.client.fingerprint(client), "inverse BTCUSD", 9999999999999, ids, #ids)
      assert.is_true(#text < 16384, #text)
      local read = assert(bookmark.read(text, core.client.fingerprint(client), "inverse BTCUSD"))
      assert.equal(bookmark.MOST, #read.ids)
      assert.same({ table.unpack(ids, 1, bookmark.MOST) }, read.ids)
    end)

    it("makes more fills than it can hold wait for an audit, if it is read; a restart gets each once", function()
      local most = bookmark.MOST
      bookmark.MOST = 20
      local next_event, close = open { symbol = "BTCUSD" }
      until_kind(next_event, "live")
      local all, mark = {}, nil
      for round = 1, 6 do
        for _ = 1, 15 do buy(1) end
        for _ = 1, 15 do
          local event = until_kind(next_event, "trade")
          all[#all + 1], mark = event, event.bookmark
          assert.is_true(#assert(bookmark.read(mark, core.client.fingerprint(client), "inverse BTCUSD")).ids <= 20)
        end
        if round == 3 then
          close()
          next_event, close = open { symbol = "BTCUSD", since = mark }
        end
      end
      close()
      bookmark.MOST = most
      assert.same(executions(), ids_of(all))
    end)

    it("may be a moment: what happened since is told", function()
      buy(1)
      exchange:advance(10)
      local moment = exchange:now()
      buy(2)
      local next_event, close = open { symbol = "BTCUSD", since = bybit.iso(moment) }
      local _, before = until_kind(next_event, "live")
      close()
      assert.same({ executions()[2] }, ids_of(trades_of(before)))
    end)
  end)

  if not core.link.available() then return end

  describe("the stream", function()
    -- Follows while things go wrong; gives the trades, and the other events.
    local function run(faults, steps, params)
      local all = { symbol = "BTCUSD", audit = 60 }
      for k, v in pairs(params or {}) do all[k] = v end
      local next_event, close = open(all)
      until_kind(next_event, "live")
      exchange:faults(faults)
      steps()
      local events, sure, marked = {}, true, false
      local mark = buy(7, { type = "Limit", price = 29000 })
      while not (sure and marked and #trades_of(events) >= #exchange:books().executions) do
        local event = next_event()
        events[#events + 1] = event
        if event.kind == "stale" then sure = false end
        if event.kind == "live" then sure = true end
        marked = marked or event.kind == "order" and event.order.order_id == mark.order_id
      end
      close()
      return trades_of(events), events
    end

    local function kinds_of(events)
      local list = {}
      for _, event in ipairs(events) do
        if event.kind == "stale" or event.kind == "live" then list[#list + 1] = event.reason or event.kind end
      end
      return list
    end

    local function three() for i = 1, 3 do buy(i) end end

    it("is cut: what was missed is read from history, in order, before it is live again", function()
      local trades, events = run({ { "stream_cut", topic = "execution", nth = 2 } }, three)
      assert.same(executions(), ids_of(trades))
      assert.is_nil(trades[1].late or trades[2].late or trades[3].late)
      assert.same({ "connection", "live" }, kinds_of(events))
    end)

    it("swallows an execution: the audit finds it, and says so", function()
      local trades, events = run({ { "stream_swallow", topic = "execution", nth = 2 } }, three)
      table.sort(trades, function(a, b) return a.trade.quantity < b.trade.quantity end)
      assert.same(executions(), ids_of(trades))
      assert.same({ nil, true, nil }, { trades[1].late, trades[2].late, trades[3].late })
      assert.same({ "audit", "live" }, kinds_of(events))
      assert.equal(1, exchange:fault_counts().stream_swallow)
    end)

    it("sends frames twice: each trade comes once", function()
      local trades = run({ { "stream_duplicate" } }, three)
      assert.same(executions(), ids_of(trades))
    end)

    it("sends a trade after a later one of its order: it is marked as late", function()
      local trades = run({ { "stream_reorder", topic = "execution", nth = 1 } }, function()
        buy(10, { type = "Limit", price = 30000, time_in_force = "GTC" })
        exchange:set_price("BTCUSD", "29999.5")
        three()
      end)
      local ids = {}
      for i, id in ipairs(ids_of(trades)) do ids[i] = id end
      table.sort(ids)
      local own = executions()
      table.sort(own)
      assert.same(own, ids)
    end)

    it("is not read for too long: it is stale, and history has what was dropped", function()
      local trades, events = run(nil, function() for i = 1, 20 do buy(i) end end, { queue = 5 })
      assert.same(executions(), ids_of(trades))
      assert.same({ "reader", "live" }, kinds_of(events))
    end)

    it("cannot be read: what was lost is read from history", function()
      local trades, events = run({ { "stream_cut", topic = "position", nth = 2, reset = true } }, three)
      assert.same(executions(), ids_of(trades))
      assert.same({ "connection", "live" }, kinds_of(events))
    end)

    it("is silent: it is stale when a pong is late", function()
      local next_event, close = open { symbol = "BTCUSD", heartbeat = 5, patience = 0.2 * SLOW }
      until_kind(next_event, "live")
      exchange:faults { { "stream_silent", topic = "execution" } }
      local before = exchange:now()
      buy(1)
      local stale = until_kind(next_event, "stale")
      assert.equal("pong", stale.reason)
      assert.is_true(exchange:now() - before <= 5000 + 200 * SLOW)
      exchange:faults(false)
      local _, events = until_kind(next_event, "live")
      close()
      assert.same(executions(), ids_of(trades_of(events)))
    end)

    it("fills that history shows late are still told before it is live", function()
      exchange:faults { { "stream_cut", topic = "execution", nth = 2 }, lag = 3000 }
      local next_event, close = open { symbol = "BTCUSD" }
      until_kind(next_event, "live")
      three()
      local _, events = until_kind(next_event, "live")
      close()
      assert.same(executions(), ids_of(trades_of(events)))
      for _, event in ipairs(trades_of(events)) do assert.is_nil(event.late) end
    end)
  end)

  describe("an order that this client places", function()
    local function place_and_follow(faults, place)
      local order_of, early = {}, 0
      bybit.run(function()
        local done = false
        local follower = bybit.spawn(function()
          local seen = 0
          for event in client:follow { symbol = "BTCUSD" } do
            if event.kind == "live" then exchange:faults(faults) end
            if event.order or event.trade then
              local id = (event.order or event.trade).client_order_id
              if not order_of[id] then early = early + 1 end
              if event.trade then seen = seen + 1 end
            end
            if done and seen >= 2 then break end
          end
        end)
        bybit.sleep(0.5)
        for i = 1, 2 do
          local id = "mine" .. i
          place(id)
          order_of[id] = true
        end
        done = true
        place "other"
        order_of.other = true
        follower:await()
      end)
      return early
    end

    it("is told of only when its call has returned, however late the answer is", function()
      assert.equal(0, place_and_follow({ { "delay", path = "order/create", seconds = 0.05 } },
        function(id) buy(1, { client_order_id = id }) end))
    end)

    it("is told of only when its outcome is settled", function()
      assert.equal(0, place_and_follow({ { "lost_answer", path = "order/create", nth = 1 } },
        function(id) buy(1, { client_order_id = id }) end))
    end)

    it("is told of only when its batch has returned", function()
      assert.equal(0, place_and_follow({ { "delay", path = "order/create-batch", seconds = 0.05 } }, function(id)
        local list = assert(client:place_multiple_orders {
          { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, client_order_id = id } })
        assert.equal(0, list.failed)
      end))
    end)

    it("is told of when its call has ended, whichever way", function()
      local kinds = {}
      bybit.run(function()
        local token = bybit.cancel_token()
        local follower = bybit.spawn(function()
          for event in client:follow { symbol = "BTCUSD" } do
            if event.kind == "live" then exchange:faults { { "delay", path = "order/create", seconds = 3 } } end
            kinds[#kinds + 1] = event.kind
            if event.trade then break end
          end
        end)
        bybit.sleep(0.5)
        local placer = bybit.spawn(function()
          return client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, cancel = token }
        end)
        bybit.sleep(0)
        while exchange:fault_counts().delay == nil do bybit.sleep(0) end
        assert.is_false(core.json.encode(kinds):find "trade" ~= nil)
        token:cancel()
        local _, err = placer:await()
        assert.equal("unknown", err.outcome)
        follower:await()
      end)
      assert.equal("trade", kinds[#kinds])
    end)
  end)

  describe("the loop ends", function()
    it("by its token, also while history is read", function()
      local token = bybit.cancel_token()
      bybit.run(function()
        bybit.spawn(function()
          bybit.sleep(2)
          token:cancel()
        end)
        for event in client:follow { symbol = "BTCUSD", since = exchange:now() - 1000, cancel = token } do
          assert.not_equal("live", event.kind)
        end
      end)
      for _ in client:follow { symbol = "BTCUSD", cancel = token } do error "an event of a cancelled token" end
    end)

    it("with its task, and leaves nothing subscribed to", function()
      bybit.run(function()
        local task = bybit.spawn(function()
          for event in client:follow { symbol = "BTCUSD" } do assert(event) end
        end)
        bybit.sleep(1)
        assert.is_true(client:stats().follows[1].live)
        task:cancel()
        local ok, err = pcall(task.await, task)
        assert.same({ false, "cancelled" }, { ok, err.kind })
        assert.equal(0, client:stats().streams[1].topics)
        assert.same({}, client:stats().follows)
      end)
    end)

    it("when the exchange refuses the login: it raises", function()
      local wrong <close> = bybit.client { environment = { url = exchange.url }, key = exchange.key, secret = "another" }
      local ok, err = pcall(open({ symbol = "BTCUSD" }, wrong))
      assert.same({ false, "auth" }, { ok, err.kind })
      assert.is_nil(tostring(err):find(exchange.key, 1, true))
      local polling <close> = bybit.client { environment = { url = exchange.url }, key = exchange.key, secret = "another",
        streams = false }
      ok, err = pcall(open({ symbol = "BTCUSD" }, polling))
      assert.same({ false, "auth" }, { ok, err.kind })
    end)

    it("when the client closes: it raises", function()
      local next_event = open { symbol = "BTCUSD" }
      until_kind(next_event, "live")
      client:close()
      local ok, err = pcall(next_event)
      assert.same({ false, "closed" }, { ok, err.kind })
      client = bybit.client { environment = { url = exchange.url } }
    end)
  end)
end)
