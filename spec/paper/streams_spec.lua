-- The streams of the paper exchange: login, subscriptions, what topics tell, orders over a stream, and what goes wrong on
-- purpose (V5 documentation, websocket).

local bybit = require "bybit"
local cjson = require "cjson"
local core = require "bybit.core"
local paper = require "bybit.paper"
local peer = require "spec.support.stream_peer"

if not core.link.available() then -- link_spec says what such a build tells
  describe("the paper exchange's streams", function()
    it("are there", function() pending "this build is without libwslay" end)
  end)
  return
end

local CATEGORY = "inverse"

describe("streams of the paper exchange", function()
  local exchange, open

  before_each(function()
    exchange = paper.start { seed = 1, clock = "manual", limits = false }
    open = {}
  end)

  after_each(function()
    assert.same({}, exchange:errors())
    for _, each in ipairs(open) do each:close() end
    exchange:close()
  end)

  local function connect(path)
    open[#open + 1] = peer.open(exchange, path)
    return open[#open]
  end

  local function private(...)
    local p = connect "/v5/private"
    assert.is_true(p:login().success)
    if ... then p:subscribe(...) end
    return p
  end

  local function trade()
    local t = connect "/v5/trade"
    assert.equal(0, t:login().retCode)
    return t
  end

  local function limit(price, more)
    local order = { category = CATEGORY, symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "100", price = price }
    for k, v in pairs(more or {}) do order[k] = v end
    return order
  end

  local function rest(verb, path, params)
    local client <close> = bybit.client { environment = { url = exchange.url }, key = exchange.key, secret = exchange.secret }
    return assert(client:request(verb, path, params))
  end

  -- The records of a topic, in the order in which they were told.
  local function records(messages, topic)
    local out = {}
    for _, m in ipairs(messages) do
      if m.topic == topic then for _, record in ipairs(m.data) do out[#out + 1] = record end end
    end
    return out
  end

  describe("connections", function()
    it("answer pings as each kind of stream does", function()
      local public, p, t = connect "/v5/public/inverse", connect "/v5/private", connect "/v5/trade"
      public:send { op = "ping", req_id = 7 }
      local answer = public:next()
      assert.same({ success = true, ret_msg = "pong", req_id = "7", op = "ping", conn_id = answer.conn_id }, answer)
      p:send { op = "ping", req_id = "a" }
      answer = p:next()
      assert.same({ op = "pong", req_id = "a", args = { "1704067200000" }, conn_id = answer.conn_id }, answer)
      t:send { op = "ping", reqId = "b" }
      answer = t:next()
      assert.same({ op = "pong", reqId = "b", retCode = 0, retMsg = "OK", data = { "1704067200000" }, connId = answer.connId },
        answer)
    end)

    it("are only where the exchange has streams", function()
      for _, path in ipairs { "/v5/public/spot", "/v5/order/realtime", "/" } do
        local how, _, _, status = connect(path):ending()
        assert.equal("refused", how)
        assert.equal(404, status)
      end
    end)

    it("survive what is no request, and answer with an error", function()
      local public, t = connect "/v5/public/inverse", connect "/v5/trade"
      for _, text in ipairs { "", "{", "[]", "null", '{"op":5}', '{"op":"auth"}', '{"args":[1]}', '{"op":"subscribe"}',
        '{"op":"subscribe","args":[{}]}', '{"op":"subscribe","args":"x"}' } do
        public:send(text)
        assert.is_false(public:next().success, text)
        t:send(text)
        assert.not_equal(0, t:next().retCode, text)
      end
    end)

    it("that say nothing are closed after the time that they asked for", function()
      local quiet, busy, long = connect "/v5/private?max_active_time=30s", connect "/v5/private?max_active_time=30s",
        connect "/v5/private?max_active_time=5m"
      exchange:advance(29)
      busy:send { op = "ping" }
      busy:next()
      exchange:advance(31)
      assert.equal("closed", (quiet:ending()))
      exchange:advance(31)
      assert.equal("closed", (busy:ending()))
      long:send { op = "ping" }
      long:next()
    end)

    it("of a client that does not read are cut before they cost memory", function()
      local deaf = core.link.new { url = exchange.url .. "/v5/public/inverse" }
      peer.wait_for("the upgrade", function() return deaf:state() end)
      deaf:text '{"op":"subscribe","args":["orderbook.50.BTCUSD","orderbook.200.BTCUSD"]}'
      peer.wait_for("the answer", function() return deaf:messages()[1] end)
      for i = 1, 4000 do exchange:set_price("BTCUSD", 30000 + i % 2 * 500) end -- some KB each; nothing is read meanwhile
      peer.wait_for("the end", function() return deaf:ending() end)
      assert.equal("network", (deaf:ending()))
      deaf:free()
    end)
  end)

  describe("login", function()
    it("takes the documented signature, and harmlessly again", function()
      local p = connect "/v5/private"
      for _ = 1, 2 do
        local answer = p:login()
        assert.same({ success = true, ret_msg = "", op = "auth", conn_id = answer.conn_id }, answer)
      end
      local t = connect "/v5/trade"
      assert.equal(0, t:login().retCode)
      assert.equal(20001, t:login().retCode)
      assert.equal(0, t:order("order.create", limit "20000").retCode)
    end)

    it("refuses a wrong signature, another key, a moment that is past", function()
      for code, wrong in pairs { [10004] = { secret = "another" }, [10003] = { key = "nobody" },
        [10002] = { expires = 1704067200000 } } do
        local p, t = connect "/v5/private", connect "/v5/trade"
        assert.is_false(p:login(wrong).success)
        p:send { op = "subscribe", args = { "order" } }
        assert.same({ false, "Request not authorized" }, { (function(a) return a.success, a.ret_msg end)(p:next()) })
        assert.equal(code, t:login(wrong).retCode)
        assert.equal(10005, t:order("order.create", limit "20000").retCode)
      end
    end)
  end)

  describe("private topics", function()
    it("tell each state of an order, its executions, position and wallet", function()
      local p = private("order", "execution", "position", "wallet")
      rest("POST", "/v5/order/create", limit("20000", { orderLinkId = "a" }))
      rest("POST", "/v5/order/amend", { category = CATEGORY, symbol = "BTCUSD", orderLinkId = "a", qty = "200" })
      local told = p:all()
      assert.same({ "New 100", "New 200" }, (function(list)
        local out = {}
        for i, o in ipairs(list) do out[i] = o.orderStatus .. " " .. o.qty end
        return out
      end)(records(told, "order")))
      assert.same({}, records(told, "execution"))
      exchange:set_price("BTCUSD", "20000")
      told = p:all()
      local order, execution = records(told, "order"), records(told, "execution")
      assert.same({ 1, "Filled", "200", CATEGORY }, { #order, order[1].orderStatus, order[1].cumExecQty, order[1].category })
      assert.same({ 1, "a", "200", true, "0.00000000" },
        { #execution, execution[1].orderLinkId, execution[1].execQty, execution[1].isMaker, execution[1].execPnl })
      local position, wallet = records(told, "position"), records(told, "wallet")
      assert.same({ "200", "20000.00000000", nil }, { position[1].size, position[1].entryPrice, position[1].avgPrice })
      assert.equal("UNIFIED", wallet[1].accountType)
    end)

    it("say of orders, executions and positions what queries say", function()
      local p = private("order", "execution", "position")
      rest("POST", "/v5/order/create", limit("25000", { side = "Sell", orderType = "Market", orderLinkId = "q",
        takeProfit = "20000" }))
      local told = p:all()
      for topic, path in pairs { order = "order/history", execution = "execution/list", position = "position/list" } do
        local list = records(told, topic)
        local shown = rest("GET", "/v5/" .. path, { category = CATEGORY, symbol = "BTCUSD" }).list
        for name, value in pairs(shown[1]) do
          local here = list[topic == "order" and 1 or #list][name == "avgPrice" and topic == "position" and "entryPrice" or name]
          if name ~= "rpiTakerAccess" and name ~= "rpiMatchedQty" and name ~= "extraFees" then
            assert.same(value, tonumber(here) and type(value) ~= "string" and value or here, topic .. " " .. name)
          end
        end
      end
    end)

    it("tell nothing of before, of another account, or after an unsubscription", function()
      rest("POST", "/v5/order/create", limit "20000")
      local p = private("order.inverse", "execution.linear")
      assert.same({}, p:all())
      rest("POST", "/v5/order/create", limit "20001")
      assert.same({ "20001" }, { records(p:all(), "order.inverse")[1].price })
      p:send { op = "unsubscribe", args = { "order.inverse" } }
      assert.is_true(p:next().success)
      rest("POST", "/v5/order/create", limit "20002")
      assert.same({}, p:all())
    end)

    it("are refused when they are unknown, or all in one and by category at once", function()
      local p = private()
      for _, names in ipairs { { "orders" }, { "order", "order.inverse" }, { "wallet.inverse" }, { "order", 5 } } do
        p:send { op = "subscribe", args = names }
        assert.is_false(p:next().success)
      end
      assert.same({}, p:all())
    end)
  end)

  describe("public topics", function()
    local function book_of(message)
      local book = { b = {}, a = {}, u = message.data.u }
      for _, side in ipairs { "b", "a" } do
        for _, level in ipairs(message.data[side]) do book[side][level[1]] = level[2] end
      end
      return book
    end

    local function apply(book, message)
      assert.equal("delta", message.type)
      assert.equal(book.u + 1, message.data.u)
      book.u = message.data.u
      for _, side in ipairs { "b", "a" } do
        for _, level in ipairs(message.data[side]) do
          assert.is_true(level[2] ~= "0" or book[side][level[1]] ~= nil)
          book[side][level[1]] = level[2] ~= "0" and level[2] or nil
        end
      end
    end

    it("tell a book that equals the exchange's at each quiet moment", function()
      local public = connect "/v5/public/inverse"
      public:subscribe "orderbook.50.BTCUSD"
      local book = book_of(public:next())
      for round = 1, 60 do
        if round % 3 == 0 then exchange:step(2) else
          local side = round % 2 == 0 and "Buy" or "Sell"
          rest("POST", "/v5/order/create", limit(tostring(29000 + round % 40 * 25), { side = side }))
        end
        for _, m in ipairs(public:all()) do apply(book, m) end
        local shown = rest("GET", "/v5/market/orderbook", { category = CATEGORY, symbol = "BTCUSD", limit = 50 })
        for _, side in ipairs { "b", "a" } do
          local levels = {}
          for _, level in ipairs(shown[side]) do levels[level[1]] = level[2] end
          assert.same(levels, book[side])
        end
      end
    end)

    it("tell a new listener a snapshot that the next delta follows", function()
      local one, two = connect "/v5/public/inverse", connect "/v5/public/inverse"
      one:subscribe "orderbook.50.BTCUSD"
      local book = book_of(one:next())
      exchange:step(3)
      two:subscribe "orderbook.50.BTCUSD"
      local other = book_of(two:next())
      exchange:step(2)
      for _, m in ipairs(one:all()) do apply(book, m) end
      for _, m in ipairs(two:all()) do apply(other, m) end
      assert.same(book, other)
    end)

    it("tell the best level as snapshots, again after 3 s without change", function()
      local public = connect "/v5/public/inverse"
      public:subscribe "orderbook.1.BTCUSD"
      local first = public:next()
      assert.same({ "snapshot", 1, 1 }, { first.type, #first.data.b, #first.data.a })
      exchange:advance(2)
      assert.same({}, public:all())
      exchange:advance(1)
      local again = public:all()
      assert.same({ 1, first.data.u }, { #again, again[1].data.u })
    end)

    it("tell each trade once, with the taker's side", function()
      local public, seen = connect "/v5/public/inverse", {}
      public:subscribe "publicTrade.BTCUSD"
      exchange:step(50)
      rest("POST", "/v5/order/create", limit("0", { orderType = "Market", side = "Sell", price = nil }))
      local list = records(public:all(), "publicTrade.BTCUSD")
      local shown = rest("GET", "/v5/market/recent-trade", { category = CATEGORY, symbol = "BTCUSD", limit = 1000 }).list
      for i, t in ipairs(list) do
        local same = shown[#list + 1 - i]
        assert.same({ same.execId, same.price, same.size, same.side }, { t.i, t.p, t.v, t.S })
        assert.is_nil(seen[t.i])
        seen[t.i] = true
      end
      assert.equal("Sell", list[#list].S)
      assert.is_true(#list > 50)
    end)

    it("tell a ticker whole, then what changed; together they are what queries say", function()
      local public = connect "/v5/public/inverse"
      public:subscribe "tickers.BTCUSD"
      local first = public:next()
      assert.equal("snapshot", first.type)
      local now = first.data
      exchange:step(5)
      for _, m in ipairs(public:all()) do
        assert.equal("delta", m.type)
        for name, value in pairs(m.data) do
          assert.is_true(name == "symbol" or now[name] ~= value, name)
          now[name] = value
        end
      end
      now.tickDirection = nil
      assert.same(rest("GET", "/v5/market/tickers", { category = CATEGORY, symbol = "BTCUSD" }).list[1], now)
    end)

    it("tell a candle as it grows, and once that it is closed", function()
      local public = connect "/v5/public/inverse"
      public:subscribe "kline.1.BTCUSD"
      exchange:walk(61)
      local list, closed = records(public:all(), "kline.1.BTCUSD"), {}
      for _, k in ipairs(list) do if k.confirm then closed[#closed + 1] = k end end
      assert.equal(1, #closed)
      local shown = rest("GET", "/v5/market/kline", { category = CATEGORY, symbol = "BTCUSD", interval = "1", limit = 2 }).list[2]
      assert.same(shown, { ("%d"):format(closed[1].start), closed[1].open, closed[1].high, closed[1].low, closed[1].close,
        closed[1].volume, closed[1].turnover })
      assert.equal(closed[1].start + 59999, closed[1]["end"])
      assert.equal(closed[1].start + 60000, list[#list].start)
    end)

    it("are refused when there are none, and then none of the request is taken", function()
      local public = connect "/v5/public/inverse"
      for _, name in ipairs { "orderbook.50.NOSUCH", "orderbook.7.BTCUSD", "kline.2.BTCUSD", "trade.BTCUSD", "order" } do
        public:send { op = "subscribe", args = { "publicTrade.BTCUSD", name } }
        assert.same({ false, "error:handler not found,topic:" .. name },
          { (function(a) return a.success, a.ret_msg end)(public:next()) })
      end
      exchange:step(1)
      assert.same({}, public:all())
      public:subscribe("publicTrade.BTCUSD", "publicTrade.BTCUSD")
      exchange:set_price("BTCUSD", "30000")
      assert.equal(1, #public:all())
    end)

    it("end with an unsubscription", function()
      local public = connect "/v5/public/inverse"
      public:subscribe "publicTrade.BTCUSD"
      public:send { op = "unsubscribe", args = { "publicTrade.BTCUSD", "publicTrade.ETHUSD" } }
      assert.is_true(public:next().success)
      exchange:step(3)
      assert.same({}, public:all())
    end)
  end)

  describe("orders over a stream", function()
    it("are placed, changed and cancelled as over HTTP", function()
      local t = trade()
      local placed = t:order("order.create", limit("20000", { orderLinkId = "s1" }))
      assert.same({ 0, "OK", "order.create", "r1", "s1" },
        { placed.retCode, placed.retMsg, placed.op, placed.reqId, placed.data.orderLinkId })
      assert.equal(0, t:order("order.amend", { category = CATEGORY, symbol = "BTCUSD", orderLinkId = "s1", qty = "300" }).retCode)
      assert.equal("300", rest("GET", "/v5/order/realtime", { category = CATEGORY, symbol = "BTCUSD" }).list[1].qty)
      assert.equal(placed.data.orderId, t:order("order.cancel", { category = CATEGORY, symbol = "BTCUSD", orderLinkId = "s1" })
        .data.orderId)
      assert.equal(110001, t:order("order.cancel", { category = CATEGORY, symbol = "BTCUSD", orderLinkId = "s1" }).retCode)
      local batch = t:order("order.create-batch", { category = CATEGORY, request = { limit "20000", limit "1" } })
      assert.same({ 0, 0 }, { batch.retCode, batch.retExtInfo.list[1].code })
      assert.not_equal(0, batch.retExtInfo.list[2].code)
    end)

    it("need a time, one object, a fresh id, a known word", function()
      local t = trade()
      assert.equal(10001, t:order("order.create", limit "20000", { header = cjson.null }).retCode)
      local late, number = { ["X-BAPI-TIMESTAMP"] = "1704067190000" }, { ["X-BAPI-TIMESTAMP"] = 1704067200000 }
      assert.equal(10002, t:order("order.create", limit "20000", { header = late }).retCode)
      assert.equal(0, t:order("order.create", limit "20000", { header = number }).retCode)
      assert.equal(10001, t:order("order.create", limit "20000", { args = { limit "20000", limit "20000" } }).retCode)
      assert.equal(20006, t:order("order.create", limit "20000", { reqId = "r1" }).retCode)
      assert.equal(10001, t:order("order.create", limit "20000", { reqId = ("x"):rep(37) }).retCode)
      assert.equal(10404, t:order("order.createe", limit "20000").retCode)
      assert.equal(1, #rest("GET", "/v5/order/realtime", { category = CATEGORY, symbol = "BTCUSD" }).list)
    end)

    it("count with those over HTTP, and say where the limit stands", function()
      local limited = paper.start { seed = 1, clock = "manual", limits = { ["order/create"] = 2 } }
      local t = peer.open(limited, "/v5/trade")
      t:login()
      local first = t:order("order.create", limit "20000")
      assert.same({ "2", "1", "1704067200000" }, { first.header["X-Bapi-Limit"], first.header["X-Bapi-Limit-Status"],
        first.header.Timenow })
      t:order("order.create", limit "20000")
      assert.equal(10006, t:order("order.create", limit "20000").retCode)
      t:close()
      limited:close()
    end)

    it("meet the faults of their path: 10019, and an answer that never comes", function()
      local t = trade()
      exchange:faults { { "code", code = 10019, path = "order/create", nth = 1 },
        { "lost_answer", path = "order/create", nth = 2 } }
      assert.equal(10019, t:order("order.create", limit "20000").retCode)
      t:send { reqId = "lost", op = "order.create", args = { limit "20001" },
        header = { ["X-BAPI-TIMESTAMP"] = tostring(exchange:now()) } }
      assert.same({}, t:all())
      local list = rest("GET", "/v5/order/realtime", { category = CATEGORY, symbol = "BTCUSD" }).list
      assert.same({ 1, "20001" }, { #list, list[1].price })
    end)

    it("come late where they are struck so: nobody is answered, and the order is told at its moment", function()
      local p, t = private "order", trade()
      exchange:faults { { "late_request", seconds = 3, path = "order/create" } }
      t:send { reqId = "late", op = "order.create", args = { limit "20001" },
        header = { ["X-BAPI-TIMESTAMP"] = tostring(exchange:now()) } }
      assert.same({}, t:all())
      exchange:advance(2.9)
      assert.same({}, records(p:all(), "order"))
      exchange:advance(0.2)
      local told = records(p:all(), "order")
      assert.same({ 1, "20001", tostring(exchange:now() - 100) }, { #told, told[1].price, told[1].createdTime })
      assert.same({}, t:all())
    end)
  end)

  describe("faults", function()
    local function prices(p)
      local out = {}
      for _, o in ipairs(records(p:all(), "order")) do out[#out + 1] = o.price end
      return table.concat(out, " ")
    end

    local function place(...)
      for _, price in ipairs { ... } do rest("POST", "/v5/order/create", limit(price)) end
    end

    it("swallow, double and reorder frames of a topic", function()
      local p = private "order"
      exchange:faults { { "stream_swallow", topic = "order", nth = 2 } }
      place("20000", "20001", "20002")
      assert.equal("20000 20002", prices(p))
      exchange:faults { { "stream_duplicate", topic = "order", nth = 1 } }
      place("20003", "20004")
      assert.equal("20003 20003 20004", prices(p))
      exchange:faults { { "stream_reorder", topic = "order", nth = 1 } }
      place("20005", "20006")
      assert.equal("20006 20005", prices(p))
      assert.same({ 1, 1, 1 }, { exchange:fault_counts().stream_swallow, exchange:fault_counts().stream_duplicate,
        exchange:fault_counts().stream_reorder })
    end)

    it("bring a frame late", function()
      local p = private "order"
      exchange:faults { { "stream_late", topic = "order", nth = 1, seconds = 0.3 } }
      place("20000", "20001")
      assert.equal("20001", p:next().data[1].price)
      assert.equal("20000", p:next().data[1].price)
    end)

    it("slow a connection down, all of it and in its order; it is cut when too much waits", function()
      local p = private "order"
      exchange:faults { { "stream_slow", topic = "order", nth = 1, rate = 10000 } }
      local began = os.time()
      local wanted = {}
      for i = 1, 30 do wanted[i] = tostring(20000 + i) end -- 900 bytes each
      place(table.unpack(wanted))
      p:send { op = "ping" }
      for i = 1, 30 do assert.equal(wanted[i], p:next().data[1].price) end
      assert.equal("pong", p:next().op) -- it waited its turn
      assert.is_true(os.time() - began >= 1, "27 KB took no time at 10 KB a second")
      local public = connect "/v5/public/inverse"
      public:subscribe "orderbook.200.BTCUSD"
      exchange:faults { { "stream_slow", topic = "orderbook.", rate = 1 } }
      for i = 1, 700 do exchange:set_price("BTCUSD", 30000 + i % 2 * 500) end -- 2 KB each
      assert.equal("network", (public:ending()))
    end)

    it("leave a gap in a book's numbers", function()
      local public = connect "/v5/public/inverse"
      public:subscribe "orderbook.50.BTCUSD"
      local u = public:next().data.u
      exchange:faults { { "stream_swallow", topic = "orderbook.", nth = 1 } }
      exchange:step(2)
      assert.equal(u + 2, public:all()[1].data.u)
    end)

    it("cross the numbers of two messages of a book", function()
      local public = connect "/v5/public/inverse"
      public:subscribe "orderbook.50.BTCUSD"
      local u = public:next().data.u
      exchange:faults { { "stream_crossed", topic = "orderbook.", nth = 1 } }
      exchange:step(3)
      local list = public:all()
      assert.same({ u + 2, u + 1, u + 3 }, { list[1].data.u, list[2].data.u, list[3].data.u })
    end)

    it("withhold pongs, and nothing else", function()
      local p = private "order"
      exchange:faults { { "stream_swallow", topic = "pong" } }
      p:send { op = "ping" }
      place "20000"
      assert.equal("20000", p:next().data[1].price)
    end)

    it("cut a connection after so many frames, or leave it silent", function()
      local p = private "order"
      exchange:faults { { "stream_cut", topic = "order", nth = 3 } }
      place("20000", "20001", "20002")
      assert.equal("network", (p:ending()))
      p:take()
      assert.equal(2, #p.heard)
      for _, kind in ipairs { "stream_silent", "stream_half_open" } do
        local quiet = private "order"
        exchange:faults { { kind, topic = "order", nth = 1 } }
        place("20003", "20004")
        quiet:send { op = "ping" }
        for _ = 1, 20 do core.loop.step(0.005) end
        quiet:take()
        assert.same({}, quiet.heard)
        assert.is_nil(quiet.link:ending())
      end
    end)

    it("refuse the upgrade with an HTTP status", function()
      exchange:faults { { "http", status = 503, path = "private" } }
      assert.equal(503, select(4, connect("/v5/private"):ending()))
      connect("/v5/public/inverse"):all()
    end)

    it("of a restart cut all connections", function()
      local p, public = private "order", connect "/v5/public/inverse"
      exchange:faults { { "restart", path = "market/time" } }
      local client <close> = bybit.client { environment = { url = exchange.url }, deadline = 0.2 }
      client:request("GET", "/v5/market/time", {})
      assert.equal("network", (p:ending()))
      assert.equal("network", (public:ending()))
    end)
  end)

  it("are the same in each run with the same seed", function()
    local function run()
      local other, texts = paper.start { seed = 7, clock = "manual", limits = false, keys = { { key = "k", secret = "s" } } }, {}
      local p, public = peer.open(other, "/v5/private"), peer.open(other, "/v5/public/inverse")
      p:login()
      p:subscribe("order", "execution", "position", "wallet")
      public:subscribe("orderbook.50.BTCUSD", "publicTrade.BTCUSD", "tickers.BTCUSD", "kline.5.ETHUSD")
      local client <close> = bybit.client { environment = { url = other.url }, key = "k", secret = "s" }
      for i = 1, 10 do
        assert(client:request("POST", "/v5/order/create", limit(tostring(30000 + i * 10))))
        other:walk(0.3)
      end
      for _, each in ipairs { p, public } do
        each:send { op = "ping" }
        repeat
          local m, text = each:next()
          texts[#texts + 1] = text
        until m.op == "pong" or m.ret_msg == "pong"
        each:close()
      end
      client:close()
      other:close()
      return texts
    end
    assert.same(run(), run())
  end)
end)
