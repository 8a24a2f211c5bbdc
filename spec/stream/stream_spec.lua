-- client:stream: what a caller may ask for, events, what happens when lines are lost or readers are slow, and how a loop ends.

local bybit = require "bybit"
local core = require "bybit.core"
local paper = require "bybit.paper"
local peer = require "spec.support.stream_peer"

if not core.link.available() then
  describe("client:stream", function()
    it("says what is missing, in a build without libwslay", function()
      local exchange = paper.start()
      local client <close> = bybit.client { environment = exchange }
      assert.error_matches(function() client:stream { "trade", symbol = "BTCUSD" } end, "libwslay")
      exchange:close()
    end)

    it("tells what happens", function() pending "this build is without libwslay" end)
  end)
  return
end

local SLOW = (os.getenv "LD_PRELOAD" or ""):find "san" and 4 or 1 -- a sanitizer makes answers late

describe("client:stream", function()
  local exchange, client

  local function start(options)
    local all = { seed = 1, clock = "manual", limits = false }
    for k, v in pairs(options or {}) do all[k] = v end
    exchange = paper.start(all)
    client = bybit.client { environment = exchange }
  end

  before_each(start)

  after_each(function()
    assert.same({}, exchange:errors())
    client:close()
    exchange:close()
  end)

  -- The next event, or nil at the end of the loop; `close` ends it.
  local function open(params, on)
    local step, state, _, closer = (on or client):stream(params)
    return function() return step(state) end, function() getmetatable(closer).__close(closer) end
  end

  -- Takes events until one of this kind comes; returns it, and the kinds before it.
  local function until_kind(next_event, kind, f)
    local before = {}
    for _ = 1, 10000 do
      local event = next_event()
      if event.kind == kind and (not f or f(event)) then return event, before end
      before[#before + 1] = event
    end
    error("no " .. kind)
  end

  local function place(price)
    return assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = price })
  end

  describe("a wrong call raises, and says what would be right", function()
    for text, params in pairs {
      ["stream: no topic 'trad', did you mean 'trade'?: there are trade, ticker"] = { "trad", symbol = "BTCUSD" },
      ["stream: a topic is missing: there are trade, ticker"] = { symbol = "BTCUSD" },
      ["stream: trade needs 'symbol' or 'symbols'"] = { "trade" },
      ["stream: kline needs 'interval'"] = { "kline", symbol = "BTCUSD" },
      ["stream: 'interval': one of 1, 3, 5, 15, 30, 60, 120, 240, 360, 720, D, W, M expected, got 2"] =
        { "kline", symbol = "BTCUSD", interval = "2" },
      ["stream: 'symbol': a contract such as BTCUSD, in capitals, expected, got btcusd"] = { "trade", symbol = "btcusd" },
      ["stream: 'symbols[2]': a contract such as BTCUSD, in capitals, expected, got 5"] = { "trade", symbols = { "BTCUSD", 5 } },
      ["stream: 'symbols': a list of contracts expected, got BTCUSD"] = { "trade", symbols = "BTCUSD" },
      ["stream: either 'symbol' or 'symbols'"] = { "trade", symbol = "BTCUSD", symbols = { "BTCUSD" } },
      ["stream: unknown parameter 'symbl', did you mean 'symbol'?"] = { "trade", symbl = "BTCUSD" },
      ["stream: 'queue': a whole number from 1 to 1000000 expected, got 0"] = { "trade", symbol = "BTCUSD", queue = 0 },
      ["stream: 'cancel': a cancel token expected, got true"] = { "trade", symbol = "BTCUSD", cancel = true },
      ["stream: a hole in the list before [3]"] = { "trade", [3] = "ticker", symbol = "BTCUSD" },
    } do
      it(text, function()
        local ok, message = pcall(client.stream, client, params)
        assert.is_false(ok)
        assert.truthy(message:find(text, 1, true), message)
        assert.truthy(message:find "stream_spec.lua:%d+: ", message)
      end)
    end

    it("also of a client that can have no such stream", function()
      local keyless <close> = bybit.client { environment = { url = exchange.url } }
      assert.error_matches(function() keyless:stream { "order" } end, "stream: order is about an account: the client needs a key")
      local v2 <close> = bybit.client { environment = exchange, api = "v2" }
      assert.error_matches(function() v2:stream { "order" } end, 'stream: streams are on the V5 wire: api = "v5"')
      local dutch <close> = bybit.client { environment = "netherlands" }
      assert.error_matches(function() dutch:stream { "trade", symbol = "BTCUSD" } end, "documents no host of streams")
      assert.error_matches(function() client.stream { "trade" } end, "write client:stream")
    end)
  end)

  describe("events", function()
    it("of the account hold what queries give, in the order of what happened", function()
      local next_event, close = open { "order", "execution", "position", "wallet" }
      until_kind(next_event, "live")
      local ack = place "20000"
      exchange:set_price("BTCUSD", "20000")
      local first = until_kind(next_event, "order")
      assert.same({ ack.order_id, "New", "BTCUSD" }, { first.order.order_id, first.order.status, first.symbol })
      local execution = until_kind(next_event, "execution").execution
      local filled = until_kind(next_event, "order").order
      local wallet = until_kind(next_event, "wallet").wallet
      close()
      assert.equal("Filled", filled.status)
      assert.is_true(filled:is_done())
      local trade = assert(client:get_user_trades { symbol = "BTCUSD" })[1]
      for _, name in ipairs { "trade_id", "order_id", "price", "quantity", "fee", "timestamp", "liquidity" } do
        assert.equal(tostring(trade[name]), tostring(execution[name]), name)
      end
      local balance = assert(client:get_balance { coin = "BTC" })
      local coins = wallet.coins
      for i = 1, #coins do
        if coins[i].coin == "BTC" then assert.equal(tostring(balance.wallet_balance), tostring(coins[i].wallet_balance)) end
      end
    end)

    it("of a ticker are whole, and say what has changed", function()
      local next_event, close = open { "ticker", symbol = "BTCUSD" }
      until_kind(next_event, "live")
      until_kind(next_event, "ticker")
      exchange:set_price("BTCUSD", "31000.5")
      local event = until_kind(next_event, "ticker", function(e) return e.ticker.last_price:eq "31000.5" end)
      close()
      local shown = assert(client:get_ticker { symbol = "BTCUSD" })
      for name, value in pairs(shown) do assert.equal(tostring(value), tostring(rawget(event.ticker, name)), name) end
      local changed = {}
      for _, name in ipairs(event.changed) do changed[name] = true end
      assert.is_true(changed.last_price and changed.bid_price and changed.mark_price)
      assert.is_nil(changed.funding_rate or changed.symbol)
    end)

    it("of trades come once each, in their order", function()
      local next_event, close = open { "trade", symbols = { "BTCUSD", "ETHUSD" } }
      until_kind(next_event, "live")
      exchange:step(100)
      local counts, seen = { BTCUSD = 0, ETHUSD = 0 }, {}
      while counts.BTCUSD < 100 or counts.ETHUSD < 100 do
        local event = next_event()
        assert.equal("trade", event.kind)
        assert.is_nil(seen[event.trade.trade_id])
        seen[event.trade.trade_id] = true
        counts[event.symbol] = counts[event.symbol] + 1
        assert.is_true(core.decimal "0" < event.trade.price)
      end
      close()
    end)

    it("of a candle tell once that it is closed", function()
      local next_event, close = open { "kline", symbol = "BTCUSD", interval = "1" }
      until_kind(next_event, "live")
      exchange:walk(61)
      local event = until_kind(next_event, "kline", function(e) return e.confirm end)
      assert.same({ "1", "BTCUSD" }, { event.interval, event.symbol })
      local shown = assert(client:get_klines { symbol = "BTCUSD", interval = "1", limit = 2 })[2]
      assert.same({ tostring(shown.open_price), tostring(shown.close_price), shown.start_time },
        { tostring(event.kline.open_price), tostring(event.kline.close_price), event.kline.start_time })
      exchange:set_price("BTCUSD", "30500")
      assert.is_false(next_event().confirm)
      close()
    end)

    it("reach every reader of a topic over one connection", function()
      local one, close_one = open { "trade", symbol = "BTCUSD" }
      until_kind(one, "live")
      local two, close_two = open { "trade", "ticker", symbol = "BTCUSD" }
      until_kind(two, "live")
      exchange:set_price("BTCUSD", "30000")
      local first, second = until_kind(one, "trade"), until_kind(two, "trade")
      assert.equal(first.trade.trade_id, second.trade.trade_id)
      local streams = client:stats().streams
      assert.same({ 1, 1, 2, true }, { #streams, streams[1].connects, streams[1].topics, streams[1].up })
      close_one()
      exchange:set_price("BTCUSD", "30001")
      until_kind(two, "trade")
      close_two()
    end)
  end)

  describe("a line that is lost", function()
    it("is stale, made again with all topics, and live", function()
      local next_event, close = open { "order", "execution" }
      until_kind(next_event, "live")
      exchange:faults { { "stream_cut", topic = "order", nth = 2 } }
      place "20000"
      until_kind(next_event, "order")
      local last = exchange:now()
      place "20001"
      local stale = next_event()
      assert.same({ "stale", "connection", last }, { stale.kind, stale.reason, stale.since })
      assert.equal("live", next_event().kind)
      exchange:faults(false)
      place "20002"
      assert.equal("20002", tostring(until_kind(next_event, "order").order.price))
      assert.equal(2, client:stats().streams[1].connects)
      close()
    end)

    it("is made again after an upgrade that is refused, a login that gets no answer, and a restart", function()
      local next_event, close = open { "order", patience = 0.3 * SLOW }
      until_kind(next_event, "live")
      for _, faults in ipairs {
        { { "stream_cut", topic = "order", nth = 1 }, { "http", status = 503, path = "private", times = 3 } },
        { { "stream_cut", topic = "order", nth = 1 }, { "stream_swallow", topic = "auth", times = 2 } },
        { { "stream_cut", topic = "order", nth = 1, reset = true }, { "stream_swallow", topic = "subscribe", times = 1 } },
        { { "stream_cut", topic = "order", nth = 1 }, { "stream_silent", topic = "auth", times = 1 } },
      } do
        exchange:faults(faults)
        place "20000"
        assert.equal("connection", until_kind(next_event, "stale").reason)
        assert.equal("live", next_event().kind)
      end
      close()
    end)

    it("that is silent is stale when a pong is late", function()
      client:close()
      exchange:close()
      for _, kind in ipairs { "stream_silent", "stream_half_open", "stream_swallow" } do
        start { clock = "real" }
        local next_event, close = open { "order", heartbeat = 0.1, patience = 0.2 * SLOW }
        until_kind(next_event, "live")
        exchange:faults { { kind, topic = "pong", nth = 2 } }
        local stale = next_event()
        assert.same({ "stale", "pong" }, { stale.kind, stale.reason })
        exchange:faults(false)
        assert.equal("live", until_kind(next_event, "live").kind)
        place "20000"
        until_kind(next_event, "order")
        close()
        client:close()
        exchange:close()
      end
      start()
    end)

    it("costs neither memory nor descriptors, however often", function()
      local function descriptors()
        local count = 0
        for fd = 0, 255 do
          local file, _, number = io.open("/proc/self/fd/" .. fd)
          if file then file:close() end
          if number ~= 2 then count = count + 1 end
        end
        return count
      end
      local next_event, close = open { "order", "execution", "wallet" }
      until_kind(next_event, "live")
      exchange:faults { { "stream_cut", topic = "order" } }
      local before, memory
      for round = 1, 120 do
        place(20000 + round)
        until_kind(next_event, "live")
        if round == 20 or round == 120 then
          collectgarbage()
          collectgarbage()
          if round == 20 then before, memory = descriptors(), collectgarbage "count" end
        end
      end
      assert.equal(before, descriptors())
      assert.is_true(collectgarbage "count" < memory + 200, "memory grows")
      assert.same({ 121, 3 }, { client:stats().streams[1].connects, client:stats().streams[1].topics })
      close()
    end)
  end)

  it("connects to an address no more than 400 times in five minutes, all clients of the program together", function()
    exchange:faults { { "http", status = 503, path = "public/inverse" } }
    local other <close> = bybit.client { environment = exchange }
    bybit.run(function()
      local token = bybit.cancel_token()
      for _, each in ipairs { client, other } do
        bybit.spawn(function()
          for event in each:stream { "trade", symbol = "BTCUSD", cancel = token } do error("an event: " .. event.kind) end
        end)
      end
      bybit.sleep(9000) -- the pauses end; the budget counts five minutes of the real clock
      local mine, others = client:stats().streams[1].connects, other:stats().streams[1].connects
      assert.is_true(mine > 0 and others > 0)
      assert.equal(400, mine + others)
      token:cancel()
    end)
  end)

  describe("a slow reader", function()
    it("of trades loses the oldest, and is told how many", function()
      local next_event, close = open { "trade", symbol = "BTCUSD", queue = 10 }
      until_kind(next_event, "live")
      exchange:step(50)
      bybit.sleep(0) -- the loop reads them all
      local dropped, list = 0, {}
      for i = 1, 10 do
        list[i] = until_kind(next_event, "trade")
        dropped = dropped + (list[i].dropped or 0)
      end
      local shown = assert(client:get_trade_history { symbol = "BTCUSD", limit = 1 })[1]
      assert.equal(shown.trade_id, list[10].trade.trade_id)
      assert.is_true(dropped >= 40, dropped)
      close()
    end)

    it("of a ticker gets one event that is the newest, with all that has changed", function()
      local next_event, close = open { "ticker", symbol = "BTCUSD", queue = 1 }
      until_kind(next_event, "live")
      for i = 1, 30 do exchange:set_price("BTCUSD", 30000 + i) end
      bybit.sleep(0)
      local event = next_event()
      while not event.ticker.last_price:eq(30030) do event = next_event() end
      close()
    end)

    it("of candles never loses that one was closed", function()
      local next_event, close = open { "kline", symbol = "BTCUSD", interval = "1" }
      until_kind(next_event, "live")
      exchange:walk(185)
      bybit.sleep(0)
      local closed, open_ones = 0, 0
      while closed < 3 do
        local event = next_event()
        if event.confirm then closed = closed + 1 else open_ones = open_ones + 1 end
      end
      close()
    end)

    it("of the account is told that it has fallen behind", function()
      local next_event, close = open { "order", queue = 5 }
      until_kind(next_event, "live")
      for i = 1, 12 do place(20000 + i) end
      local stale, before = until_kind(next_event, "stale")
      assert.equal("reader", stale.reason)
      assert.is_true(#before <= 5)
      assert.equal("live", next_event().kind)
      local last = until_kind(next_event, "order", function(e) return e.order.price:eq(20012) end)
      assert.equal("New", last.order.status)
      close()
    end)
  end)

  describe("a loop ends", function()
    it("by break: what nobody wants is left, and the connection closed", function()
      for event in client:stream { "trade", symbol = "BTCUSD" } do
        if event.kind == "live" then break end
      end
      peer.wait_for("the end", function() return not client:stats().streams[1].up end)
      assert.equal(0, client:stats().streams[1].topics)
      local next_event, close = open { "trade", symbol = "BTCUSD" }
      until_kind(next_event, "live")
      close()
    end)

    it("by its token, also while it waits", function()
      local token = bybit.cancel_token()
      bybit.run(function()
        bybit.spawn(function()
          bybit.sleep(1)
          token:cancel()
        end)
        local kinds = {}
        for event in client:stream { "trade", symbol = "BTCUSD", cancel = token } do kinds[#kinds + 1] = event.kind end
        assert.same({ "live" }, kinds)
      end)
      for _ in client:stream { "trade", symbol = "BTCUSD", cancel = token } do error "an event of a cancelled token" end
    end)

    it("with its task, and its reader goes", function()
      bybit.run(function()
        local task = bybit.spawn(function()
          for event in client:stream { "trade", symbol = "BTCUSD" } do assert(event) end
        end)
        bybit.sleep(1)
        task:cancel()
        local ok, err = pcall(task.await, task)
        assert.same({ false, "cancelled" }, { ok, err.kind })
        assert.equal(0, client:stats().streams[1].topics)
      end)
    end)

    it("when the client closes: it raises", function()
      local next_event = open { "trade", symbol = "BTCUSD" }
      until_kind(next_event, "live")
      client:close()
      local ok, err = pcall(next_event)
      assert.same({ false, "closed" }, { ok, err.kind })
      client = bybit.client { environment = { url = exchange.url } }
    end)

    it("when the exchange refuses a topic: it raises, and others go on", function()
      local next_event, close = open { "trade", symbol = "BTCUSD" }
      until_kind(next_event, "live")
      local ok, err = pcall(function()
        for _ in client:stream { "trade", symbols = { "NOSUCH", "ETHUSD" } } do end -- luacheck: ignore
      end)
      assert.same({ false, "exchange" }, { ok, err.kind })
      assert.matches("publicTrade.NOSUCH", tostring(err))
      exchange:set_price("BTCUSD", "30000")
      until_kind(next_event, "trade")
      close()
    end)

    it("when the exchange refuses the login: it raises, and does not try again by itself", function()
      local wrong <close> = bybit.client { environment = { url = exchange.url }, key = exchange.key, secret = "another" }
      local ok, err = pcall(open({ "order" }, wrong))
      assert.same({ false, "auth" }, { ok, err.kind })
      assert.is_nil(tostring(err):find(exchange.key, 1, true))
      assert.equal(1, wrong:stats().streams[1].connects)
    end)
  end)

  it("works in a generator inside a task, beside other tasks", function()
    bybit.run(function()
      local prices = bybit.wrap(function()
        for event in client:stream { "trade", symbol = "BTCUSD" } do
          if event.kind == "live" then exchange:set_price("BTCUSD", "30005") end
          if event.trade then coroutine.yield(event.trade.price) end
        end
      end)
      local other = bybit.spawn(function()
        for _ = 1, 5 do assert(client:get_server_time {}) end
        return "done"
      end)
      assert.equal("30005.0", tostring(prices()))
      assert.equal("done", other:await())
    end)
  end)

  -- Public and private topics come over two connections, so their order among each other is not the exchange's.
  local PRIVATE = { order = true, execution = true, wallet = true }

  it("gives the same events of each kind in each run with the same seed", function()
    local function run()
      client:close()
      exchange:close()
      start { seed = 5, keys = { { key = "k", secret = "s" } } }
      local lines, count = {}, 0
      local next_event, close = open { "trade", "ticker", "order", "execution", "wallet", symbol = "BTCUSD" }
      until_kind(next_event, "live")
      for i = 1, 8 do
        assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = i, client_order_id = "o" .. i })
        exchange:walk(0.5)
      end
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 29000,
        client_order_id = "last" })
      exchange:set_price("BTCUSD", "30500") -- no liquidation: its events would come about when this trade does
      local ended = {} -- each connection has a last event that counts
      while not (ended.public and ended.private) do
        local event = next_event()
        local connection = PRIVATE[event.kind] and "private" or "public"
        if not ended[connection] then
          lines[event.kind], count = lines[event.kind] or {}, count + 1
          table.insert(lines[event.kind], tostring(event[event.kind]))
        end
        ended.public = ended.public or event.kind == "trade" and event.trade.price:eq "30500"
        ended.private = ended.private or event.kind == "order" and event.order.client_order_id == "last"
      end
      close()
      return lines, count
    end
    local first, count = run()
    assert.is_true(count > 20)
    assert.same(first, (run()))
  end)
end)

describe("client:stream and a hostile server", function()
  it("passes on what can be read, says where something is lost, and survives the rest", function()
    local process = require "spec.support.process"
    local file <close> = assert(io.open "spec/support/ws_server.py")
    local program = process.start(file:read "a", {}, "python3", "")
    local url = "http://127.0.0.1:" .. program:line()
    local client <close> = bybit.client { environment = { url = url } }
    local ids, kinds = {}, {}
    for event in client:stream { "trade", symbol = "BTCUSD" } do
      kinds[event.kind .. (event.reason and " " .. event.reason or "")] = true
      if event.trade then ids[#ids + 1] = event.trade.trade_id end
      if event.trade and event.trade.trade_id == "odd" then
        assert.same({ { "[1].price" }, "no number" }, { event.undecoded, event.trade.price })
      end
      if ids[#ids] == "last" then break end
    end
    assert.same({ "first", "odd", "long", "last" }, ids)
    assert.same({ live = true, trade = true, ["stale decode"] = true }, kinds)
    program:signal "KILL"
    program:wait()
  end)
end)

describe("client:stream through a proxy", function()
  local certificates = require "spec.support.certificates"
  local process = require "spec.support.process"

  local function start(path, arguments)
    local file <close> = assert(io.open(path))
    local program = process.start(file:read "a", {}, "python3", arguments)
    return program, program:line()
  end

  it("opens a tunnel to the exchange, and checks the certificate in it", function()
    local dir = certificates.make()
    local server, port = start("spec/support/ws_server.py", dir .. "/wrong.pem " .. dir .. "/wrong.key")
    local proxy, proxy_port = start("spec/support/connect_proxy.py", port)
    local function follow(host, ca)
      local client <close> = bybit.client { environment = { url = "https://" .. host }, ca_file = dir .. "/" .. ca,
        proxy = "http://127.0.0.1:" .. proxy_port }
      local ids = {}
      bybit.run(function()
        bybit.within(20, function()
          for event in client:stream { "trade", symbol = "BTCUSD" } do
            if event.trade then ids[#ids + 1] = event.trade.trade_id end
            if ids[#ids] == "last" then break end
          end
        end)
      end)
      return ids
    end
    assert.same({ "first", "odd", "long", "last" }, follow("other.example.com", "ca.pem"))
    assert.equal("CONNECT other.example.com:443", proxy:line())
    local client <close> = bybit.client { environment = { url = "https://another.example.com" }, ca_file = dir .. "/ca.pem",
      proxy = "http://127.0.0.1:" .. proxy_port }
    bybit.run(function()
      local none, err = bybit.within(1, function()
        for event in client:stream { "trade", symbol = "BTCUSD" } do error("an event of a wrong host: " .. event.kind) end
      end)
      assert.same({ nil, "timeout" }, { none, err.kind })
    end)
    assert.equal("CONNECT another.example.com:443", proxy:line())
    for _, program in ipairs { server, proxy } do
      program:signal "KILL"
      program:wait()
    end
    certificates.remove(dir)
  end)
end)
