-- The option `record`, and bybit.history.recording: what is written is what came, it holds no secret, it survives the death of its
-- process, and it gives the same events again. What came is heard by a second client of the specs' own, which reads with lua-cjson.

local bybit = require "bybit"
local cjson = require "cjson"
local core = require "bybit.core"
local paper = require "bybit.paper"
local peer = require "spec.support.stream_peer"
local process = require "spec.support.process"
local shell = require "spec.support.shell"

local BUILT = core.stream.available()

describe("record", function()
  if not BUILT then return it("writes what came", function() pending "this build is without libwslay" end) end
  local exchange, client, directory, path

  setup(function() directory = shell.capture "mktemp -d":gsub("\n", "") end)
  teardown(function() os.execute("rm -rf " .. directory) end)

  before_each(function()
    path = directory .. "/" .. os.tmpname():match "[^/]+$"
    exchange = paper.start { seed = 1, clock = "manual", limits = false }
    client = bybit.client { environment = exchange }
  end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local function lines_of(name)
    local list = {}
    for line in io.lines(name) do list[#list + 1] = cjson.decode(line) end
    return list
  end

  local function open(params)
    local step, state, _, closer = client:stream(params)
    return function() return step(state) end, function() getmetatable(closer).__close(closer) end
  end

  local function until_kind(next_event, kind)
    local before = {}
    for _ = 1, 1000 do
      local event = next_event()
      if event.kind == kind then return event, before end
      before[#before + 1] = event
    end
    error("no " .. kind)
  end

  local function place(price, id)
    return assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = price,
      client_order_id = id })
  end

  -- Events in words, without their times. `changed` is left out: live it may be of several messages.
  local function words(list)
    local out = {}
    for _, event in ipairs(list) do
      local topics = event.topics and table.concat(event.topics, " ")
      out[#out + 1] = ("%s %s %s %s"):format(event.kind, event.symbol, event.reason, event[event.kind] or topics or "")
    end
    return out
  end

  local function replayed(name)
    local list = {}
    for event in assert(bybit.history.recording(name)) do list[#list + 1] = event end
    return list
  end

  describe("writes", function()
    it("each message as it came, a line each, and when it came", function()
      local other = peer.open(exchange, "/v5/private")
      other:login()
      other:subscribe("order", "execution", "wallet")
      local next_event, close = open { "order", "execution", "wallet", record = path }
      until_kind(next_event, "live")
      local began = exchange:now()
      place("30200", "first")
      until_kind(next_event, "wallet")
      exchange:advance(5)
      place("29500", "second")
      until_kind(next_event, "order")
      local heard = other:all()
      exchange:advance(1)
      bybit.sleep(0)
      close()
      local written, moments = {}, {}
      for _, line in ipairs(lines_of(path)) do
        if not line.mark then
          moments[#moments + 1] = math.tointeger(line.heard)
          line.heard = nil
          line.id, line.creationTime = nil, nil -- of the connection
          written[#written + 1] = line
        end
      end
      for _, message in ipairs(heard) do message.id, message.creationTime = nil, nil end
      assert.is_true(#heard >= 4)
      assert.is_true(moments[1] >= began and moments[#moments] - moments[1] >= 5000 and moments[#moments] <= exchange:now())
      assert.same(heard, written)
      other:close()
    end)

    it("also what a slow loop never sees", function()
      local next_event, close = open { "trade", symbol = "BTCUSD", queue = 5, record = path }
      until_kind(next_event, "live")
      exchange:step(60)
      bybit.sleep(0)
      local dropped = 0
      for _ = 1, 5 do dropped = dropped + (until_kind(next_event, "trade").dropped or 0) end
      assert.is_true(dropped >= 50, dropped)
      close()
      local trades = 0
      for _, line in ipairs(lines_of(path)) do trades = trades + (line.topic and #line.data or 0) end
      assert.is_true(trades >= 60, trades)
    end)

    it("what readers were told, and to the end of a file that is there", function()
      for _ = 1, 2 do
        local next_event, close = open { "order", record = path }
        until_kind(next_event, "live")
        exchange:faults { { "stream_cut", topic = "order", nth = 1 } }
        place "20000"
        until_kind(next_event, "live")
        exchange:faults(false)
        close()
      end
      local marks = {}
      for _, line in ipairs(lines_of(path)) do
        if line.mark then marks[#marks + 1] = line.mark .. (line.reason and " " .. line.reason or "") .. " " .. line.topics[1] end
      end
      local once = { "open order", "live order", "stale connection order", "live order", "close order" }
      assert.same(table.move(once, 1, #once, #once + 1, { table.unpack(once) }), marks)
    end)

    it("what client:follow hears, too", function()
      for event in client:follow { symbol = "BTCUSD", record = path } do
        if event.kind == "live" then place("30200", "followed") end
        if event.kind == "trade" then break end
      end
      local kinds = {}
      for _, event in ipairs(replayed(path)) do kinds[event.kind] = true end
      assert.is_true(kinds.execution and kinds.live)
      local polling <close> = bybit.client { environment = exchange, streams = false }
      assert.error_matches(function() polling:follow { symbol = "BTCUSD", record = path } end,
        "follow: 'record': this client has no streams")
    end)

    it("that it ended, also where the client is closed first", function()
      local next_event = open { "order", record = path }
      until_kind(next_event, "live")
      local book = assert(client:order_book { symbol = "BTCUSD", record = path })
      client:close()
      assert.equal("closed", book.stale)
      local marks = {}
      for _, line in ipairs(lines_of(path)) do
        if line.mark == "close" then marks[line.topics[1]] = true end
      end
      assert.same({ order = true, ["orderbook.50.BTCUSD"] = true }, marks)
      client = bybit.client { environment = exchange }
    end)

    it("a file that only its owner can read", function()
      local _, close = open { "order", record = path }
      close()
      assert.equal("600\n", shell.capture("stat -c %a " .. path))
    end)

    it("no secret: neither key nor signature, though a message holds the key, and none of a login", function()
      local next_event, close = open { "order", record = path }
      until_kind(next_event, "live")
      place("20000", exchange.key)
      assert.equal(exchange.key, until_kind(next_event, "order").order.client_order_id)
      close()
      local file <close> = assert(io.open(path))
      local text = file:read "a"
      assert.is_nil(text:find(exchange.key, 1, true) or text:find(exchange.secret, 1, true) or text:find("auth", 1, true)
        or text:find("sign", 1, true))
      assert.matches('"orderLinkId":"%*%*%*"', text)
    end)
  end)

  describe("where nothing can be written", function()
    it("says so once, and no event is lost", function()
      local next_event, close = open { "order", record = "/dev/full" }
      local event, before = until_kind(next_event, "live")
      assert.same({ "live", "unrecorded", "No space left on device" }, { event.kind, before[1].kind, before[1].reason })
      for i = 1, 5 do
        place(20000 + i)
        assert.equal(("%d"):format(20000 + i), tostring(next_event().order.price))
      end
      close()
      local book <close> = assert(client:order_book { symbol = "BTCUSD", record = "/dev/full" })
      assert.equal("No space left on device", book.unrecorded)
      assert.is_false(book.stale)
    end)

    it("goes on when there is room again, and tells how many lines are missing", function()
      assert(os.execute("mkfifo " .. path)) -- it is full after 64 KB, and has room again when it is read
      local pipe <close> = assert(io.open(path, "r+"))
      local next_event, close = open { "order", record = path }
      until_kind(next_event, "live")
      local told, n = 0, 0
      repeat
        n = n + 1
        place(20000 + n % 500)
        local event = next_event()
        if event.kind == "unrecorded" then told, event = told + 1, next_event() end
        assert.equal("order", event.kind)
      until told == 1 and n % 10 == 0
      local text = pipe:read(20000)
      place "25000"
      until_kind(next_event, "order")
      close()
      local copy = path .. ".copy"
      local file <close> = assert(io.open(copy, "w"))
      file:write(text)
      for line in pipe:lines() do
        file:write(line, "\n")
        if line:find '"mark":"close"' then break end
      end
      file:close()
      local lost, orders = 0, 0
      for _, event in ipairs(replayed(copy)) do
        if event.reason == "recording" then lost = lost + (event.lines or 0) end
        if event.kind == "order" then orders = orders + 1 end
      end
      assert.is_true(lost > 0)
      assert.equal(n + 1, orders + lost)
      os.remove(path)
    end)

    it("raises, when the file cannot even be opened", function()
      assert.error_matches(function() client:stream { "order", record = directory .. "/none/x" } end,
        "stream: 'record': .*/none/x: No such file or directory")
      assert.error_matches(function() client:order_book { symbol = "BTCUSD", record = directory } end,
        "order_book: 'record': .*: Is a directory")
      assert.error_matches(function() client:stream { "order", record = 5 } end, "'record': the path of a file expected, got 5")
      assert.equal(0, #client:stats().streams)
    end)
  end)

  it("leaves whole lines when its process is killed", function()
    local program = process.start([[
      local bybit = require "bybit"
      local exchange = bybit.paper.start { seed = 1, clock = "manual", limits = false }
      local client = bybit.client { environment = exchange }
      local count = 0
      for event in client:stream { "trade", symbol = "BTCUSD", record = arg[1] } do
        if event.kind == "trade" then count = count + 1 end
        if count % 50 == 0 then exchange:step(50) end
        if count == 500 then print "now" io.stdout:flush() end
      end]], {}, nil, path)
    assert.equal("now", program:line())
    program:signal "KILL"
    program:wait()
    local trades = 0
    for _, line in ipairs(lines_of(path)) do trades = trades + (line.topic and #line.data or 0) end
    assert.is_true(trades >= 500, trades)
  end)

  describe("is read by bybit.history.recording, which", function()
    it("gives the events that the loop had, in its order", function()
      local next_event, close = open { "trade", "kline", "order", "execution", "position", "wallet", symbol = "BTCUSD",
        interval = "1", record = path }
      local all = {}
      local function take(kind)
        local event, before = until_kind(next_event, kind)
        table.move(before, 1, #before, #all + 1, all)
        all[#all + 1] = event
      end
      take "live"
      place("30200", "first")
      take "order"
      exchange:step(20)
      for _ = 1, 20 do take "trade" end
      close()
      local again = words(replayed(path))
      for i, text in ipairs(words(all)) do
        if all[i].kind ~= "kline" then -- a loop gets the newest of each candle, the file has all
          local at
          for j, other in ipairs(again) do
            if text == other or other:find(text, 1, true) == 1 then at = j break end
          end
          assert.truthy(at, text)
          table.remove(again, at)
        end
      end
    end)

    it("puts a ticker together, as the loop does", function()
      local next_event, close = open { "ticker", symbol = "BTCUSD", record = path }
      until_kind(next_event, "live")
      exchange:set_price("BTCUSD", "31000.5")
      local last
      repeat last = until_kind(next_event, "ticker") until last.ticker.last_price:eq "31000.5"
      close()
      local again
      for _, event in ipairs(replayed(path)) do again = event.kind == "ticker" and event or again end
      assert.equal(tostring(last.ticker), tostring(again.ticker))
      for name, value in pairs(last.ticker) do assert.equal(tostring(value), tostring(rawget(again.ticker, name)), name) end
      assert.is_true(#again.changed > 0 and #again.changed < 20)
    end)

    it("says where the line was lost, and where a file has holes", function()
      local message = '{"topic":"priceLimit.BTCUSD","ts":5,"data":{"symbol":"BTCUSD","buyLmt":"31000","sellLmt":"29000"},'
        .. '"heard":7}\n'
      local file <close> = assert(io.open(path, "w"))
      file:write('{"mark":"open","time":1,"topics":["priceLimit.BTCUSD"]}\n',
        '{"mark":"live","time":2,"topics":["priceLimit.BTCUSD"]}\n', message, message:sub(1, 60), "\n", message,
        '{"mark":"lost","lines":3}\n',
        '{"mark":"stale","reason":"pong","time":3,"topics":["priceLimit.BTCUSD"]}\n',
        '{"mark":"live","time":4,"topics":["priceLimit.BTCUSD"]}\n', -- its process dies here, and another one begins
        '{"mark":"open","time":8,"topics":["priceLimit.BTCUSD"]}\n',
        '{"topic":"priceLimit.BTCUSD","ts":5,"data":7}\n', '{"topic":"unknown.X","data":7}\n', message:sub(1, 30))
      file:close()
      local seen = {}
      for _, event in ipairs(replayed(path)) do
        local parts = { event.kind, event.reason }
        if event.lines then parts[#parts + 1] = tostring(event.lines) end
        seen[#seen + 1] = table.concat(parts, " ")
        if event.price_limit then
          assert.same({ "31000", 5, 7 }, { tostring(event.price_limit.buy_limit), event.time, event.heard })
        end
      end
      assert.same({ "live", "price_limit", "stale recording", "live", "price_limit", "stale recording 3", "live", "stale pong",
        "live", "stale closed", "stale decode", "live", "stale recording", "live" }, seen)
    end)

    it("gives the messages of a book, as the exchange's public files are read", function()
      local book = assert(client:order_book { symbol = "BTCUSD", record = path })
      exchange:step(30)
      local shown = assert(client:get_order_book { symbol = "BTCUSD", depth = 1 })
      while book.update_id < shown.update_id do book:wait(1) end
      local bid, ask = book.best_bid, book.best_ask
      book:close()
      local sides, last = { bids = {}, asks = {} }, nil
      local function take(m)
        last = m.update_id
        if m.type == "snapshot" then sides = { bids = {}, asks = {} } end
        for side, levels in pairs(sides) do
          for _, level in ipairs(m[side]) do levels[level.price:key()] = not level.quantity:is_zero() and level.price or nil end
        end
      end
      local function best()
        local high, low
        for _, price in pairs(sides.bids) do high = high and high:max(price) or price end
        for _, price in pairs(sides.asks) do low = low and low:min(price) or price end
        return { tostring(high), tostring(low), last }
      end
      for _, event in ipairs(replayed(path)) do
        if event.kind == "order_book" then take(event.order_book) end
      end
      assert.same({ tostring(bid), tostring(ask), shown.update_id }, best())
      sides = {}
      for m in assert(bybit.history.order_book(path)) do take(m) end
      assert.same({ tostring(bid), tostring(ask), shown.update_id }, best())
    end)

    it("says where a book has a gap, and that the next whole state ends it", function()
      local function line(kind, u)
        return ('{"topic":"orderbook.1.BTCUSD","type":"%s","ts":1,"data":{"s":"BTCUSD","b":[],"a":[],"u":%d}}\n'):format(kind, u)
      end
      local file <close> = assert(io.open(path, "w"))
      file:write(line("delta", 3), line("snapshot", 4), line("delta", 5), line("delta", 5), line("delta", 7), line("delta", 8),
        line("snapshot", 9), line("delta", 10))
      file:close()
      local seen = {}
      for _, event in ipairs(replayed(path)) do
        seen[#seen + 1] = event.order_book and event.order_book.update_id or event.kind .. (event.reason or "")
      end
      assert.same({ 4, 5, "stalegap", "live", 9, 10 }, seen)
    end)

    it("is a source of prices for a simulation", function()
      local next_event, close = open { "trade", symbols = { "BTCUSD", "ETHUSD" }, record = path }
      until_kind(next_event, "live")
      exchange:walk(120)
      local last = assert(client:get_trade_history { symbol = "BTCUSD", limit = 1 })[1]
      bybit.sleep(0)
      close()
      client:close()
      exchange:close()
      local seen
      local report = bybit.paper.simulate({ seed = 1, prices = { BTCUSD = bybit.history.recording(path) } }, function(other, stop)
        stop:wait()
        seen = other
      end)
      assert.is_nil(report.error)
      assert.truthy(seen)
      assert.equal(last.timestamp, report.stop)
      exchange = paper.start { seed = 1, clock = "manual", limits = false }
      client = bybit.client { environment = exchange }
    end)

    it("tells a wrong path and a wrong file, with its line", function()
      assert.is_nil((bybit.history.recording(directory .. "/none")))
      local file <close> = assert(io.open(path, "w"))
      file:write '{"price":5}\n'
      file:close()
      assert.error_matches(function() replayed(path) end, "line 1: neither a message of a topic nor a mark")
    end)
  end)
end)
