-- Streams in a simulation: the same topics, books and faults as over a socket, in virtual time.

local bybit = require "bybit"
local core = require "bybit.core"

local function simulate(options, strategy)
  local o = { seed = 1, duration = 60, latency = { 0.02, 0.05 } }
  for k, v in pairs(options) do o[k] = v end
  local report = bybit.paper.simulate(o, strategy)
  if report.error ~= nil then error(report.traceback or tostring(report.error), 0) end
  return report
end

-- Trades each few seconds, and hears of it meanwhile. Returns its trades by REST, the newest first, and what was heard, a line each.
local function heard(options, topics)
  local lines, trades = {}, nil
  simulate(options, function(client, stop)
    bybit.spawn(function()
      local asked = { symbol = "BTCUSD", cancel = stop, table.unpack(topics) }
      for event in client:stream(asked) do
        lines[#lines + 1] = { at = client:now(), kind = event.kind, reason = event.reason, event = event }
      end
    end)
    local side = "Buy"
    while not stop:wait(5) do
      assert(client:place_order { symbol = "BTCUSD", side = side, type = "Market", quantity = 100 })
      side = side == "Buy" and "Sell" or "Buy"
    end
    trades = client:collect("get_user_trades", { symbol = "BTCUSD" })
  end)
  return trades, lines
end

local function kinds(lines, kind)
  local out = {}
  for _, line in ipairs(lines) do
    if line.kind == kind then out[#out + 1] = line end
  end
  return out
end

describe("streams in a simulation", function()
  it("tell each fill of the account, and the records of REST", function()
    local trades, lines = heard({}, { "execution", "order" })
    local ids, books = {}, {}
    for _, line in ipairs(kinds(lines, "execution")) do ids[#ids + 1] = line.event.execution.trade_id end
    assert.is_true(#ids >= 11)
    for i, trade in ipairs(trades) do books[#trades + 1 - i] = trade.trade_id end
    assert.same(books, ids)
    for _, line in ipairs(kinds(lines, "order")) do assert.equal("Filled", line.event.order.status) end
    assert.equal("live", lines[1].kind)
  end)

  it("keep a book that equals the exchange's whenever nothing is on its way", function()
    local compared = 0
    simulate({ tick = 1 }, function(client, stop)
      local book <close> = client:order_book { symbol = "BTCUSD", depth = 50 }
      assert.is_true(book:wait(5))
      stop:wait(0.5)
      while not stop:wait(1) do
        local page = assert(client:get_order_book { symbol = "BTCUSD", limit = 50 })
        assert.is_false(book.stale)
        assert.same({ tostring(page.bids[1].price), tostring(page.asks[1].price) },
          { tostring(book.best_bid), tostring(book.best_ask) })
        compared = compared + 1
      end
    end)
    assert.is_true(compared > 50, compared)
  end)

  it("are a function of the seed, faults included", function()
    local faults = { { "stream_cut", probability = 0.02 }, { "stream_duplicate", probability = 0.1 },
      { "stream_swallow", probability = 0.05 }, { "stream_reorder", probability = 0.05 },
      { "stream_late", seconds = 2, probability = 0.05 } }
    local function told(seed)
      local _, lines = heard({ seed = seed, faults = faults, duration = 120 }, { "execution", "order", "ticker" })
      local out = {}
      for i, line in ipairs(lines) do
        local e = line.event
        out[i] = ("%d %s %s %s %s"):format(line.at, line.kind, line.reason, e.execution and e.execution.trade_id,
          e.ticker and e.ticker.last_price)
      end
      return table.concat(out, "\n")
    end
    local first = told(3)
    assert.truthy(first:find("stale connection", 1, true))
    assert.equal(first, told(3))
    assert.not_equal(first, told(4))
  end)

  for reason, case in pairs {
    connection = { { "stream_cut", topic = "execution", nth = 3 }, within = 0.1 },
    -- a ping each 20 s, whose pong may take 10 s
    pong = { { "stream_silent", topic = "execution", nth = 3 }, within = 30.1 },
  } do
    it(("say that a line is dead (%s), in virtual time, and are live again by themselves"):format(reason), function()
      local _, lines = heard({ faults = { case[1] }, duration = 120 }, { "execution", "order" })
      local stale = kinds(lines, "stale")
      assert.equal(1, #stale)
      assert.equal(reason, stale[1].reason)
      local last
      for _, line in ipairs(lines) do
        if line.at < stale[1].at then last = line.at end
      end
      assert.is_true(stale[1].at - last <= (5 + case.within) * 1000, stale[1].at - last)
      assert.equal(2, #kinds(lines, "live"))
      local after = 0
      for _, line in ipairs(kinds(lines, "execution")) do
        if line.at > stale[1].at then after = after + 1 end
      end
      assert.is_true(after > 5)
    end)
  end

  it("come later and later on a slow line, until a pong is late and another line is made", function()
    -- 100 bytes a second, and more than 1000 each 5 s: the pong of the first ping, after 20 s, waits behind them
    local _, lines = heard({ faults = { { "stream_slow", topic = "execution", nth = 1, rate = 100 } }, duration = 120 },
      { "execution", "order" })
    local stale = kinds(lines, "stale")
    assert.same({ 1, "pong" }, { #stale, stale[1] and stale[1].reason })
    local first = kinds(lines, "execution")[1]
    assert.is_true(first.at - first.event.execution.timestamp > 5000)
    assert.equal(2, #kinds(lines, "live"))
  end)

  it("can be read without a loop, as in a session", function()
    simulate({ duration = 10 }, function(client)
      local next_stream, _, _, stream <close> = client:stream { "ticker", symbol = "BTCUSD" } -- luacheck: ignore 211
      local next_followed, _, _, followed <close> = client:follow { symbol = "BTCUSD" } -- luacheck: ignore 211
      assert.same({ live = true, ticker = true }, { [next_stream().kind] = true, [next_stream().kind] = true })
      local first, second = next_followed().kind, next_followed().kind
      assert.same({ "wallet", "live" }, { first, second })
    end)
  end)

  it("come to an end with the loop that reads them", function()
    simulate({ duration = 10 }, function(client)
      for event in client:stream { "ticker", symbol = "BTCUSD" } do
        if event.kind == "ticker" then break end
      end
      bybit.sleep(1)
      local channel = client:stats().streams[1]
      assert.same({ 0, false, 1 }, { channel.topics, channel.up, channel.connects })
    end)
  end)
end)

-- The network that carries them, by hand: core.stream.sent takes what lines send, core.stream.deliver gives them what comes.
describe("a program that plays the network", function()
  local post, client, reader = core.stream, nil, nil

  local function subscribed()
    return core.client.subscribe(client, { most = 10, heartbeat = 20, patience = 10, topics = {
      { name = "order", url = "http://127.0.0.1:1/v5/private", private = true, policy = "account" } } })
  end

  local function begin()
    core.loop.virtual(1704067200000)
    local transport = { lines = true, start = function() return { error = "network", message = "no", sent = false } end }
    client = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "key", secret = "secret of a spec",
      transport = transport }
    reader = subscribed()
    core.loop.advance(1)
    reader:block(0)
  end

  local function finish()
    client:close()
    while post.sent() do end
    core.loop.real()
  end

  before_each(begin)
  after_each(finish)

  local function opened()
    local line, kind, url = post.sent()
    assert.same({ "open", "http://127.0.0.1:1/v5/private" }, { kind, url })
    assert.is_true(post.deliver(line, "open"))
    return line
  end

  it("gets the login, and hears what is wanted after it was accepted", function()
    local line = opened()
    local from, kind, text = post.sent()
    assert.same({ line, "text" }, { from, kind })
    assert.truthy(text:find('^{"req_id":"1","op":"auth","args":%["key",'))
    assert.is_true(post.deliver(line, "text", '{"op":"auth","success":true,"req_id":"1"}'))
    assert.same({ line, "text", '{"req_id":"2","op":"subscribe","args":["order"]}' }, { post.sent() })
    assert.is_true(post.deliver(line, "text", '{"op":"subscribe","success":true,"req_id":"2"}'))
    assert.same("live", (reader:take()))
    post.deliver(line, "text", '{"topic":"order","data":[]}')
    local what, _, data = reader:take()
    assert.same({ "data", '{"topic":"order","data":[]}' }, { what, data })
  end)

  it("ends a line by telling so, or by a message that is too large; the channel makes another", function()
    for _, ending in ipairs { { "ended" }, { "text", ("x"):rep(1024 * 1024 + 1) } } do
      local line = opened()
      assert.is_true(post.deliver(line, table.unpack(ending)))
      assert.is_false(post.deliver(line, "text", "{}"))
      assert.is_false(post.deliver(line, "ended"))
      while post.sent() do end
      for _ = 1, 40 do -- the pause before the next one is drawn
        core.loop.advance(1)
        reader:block(0)
      end
    end
    opened()
  end)

  local function live()
    local line = opened()
    post.sent()
    post.deliver(line, "text", '{"op":"auth","success":true,"req_id":"1"}')
    local _, _, text = post.sent()
    post.deliver(line, "text", ('{"op":"subscribe","success":true,"req_id":"%s"}'):format(text:match '"req_id":"(%d+)"'))
    return line
  end

  -- What waits for the reader: how many of each kind, and bytes of messages.
  local function waiting()
    local out = { data = 0, live = 0, stale = 0, bytes = 0 }
    for kind, _, text in function() return reader:take() end do
      out[kind] = out[kind] + 1
      if kind == "data" then out.bytes = out.bytes + #text end
    end
    return out
  end

  it("costs a reader who sleeps no more memory than its bounds, however much comes", function()
    local line, text = live(), '{"topic":"order","data":["' .. ("x"):rep(1000000) .. '"]}'
    for _ = 1, 50 do post.deliver(line, "text", text) end
    local found = waiting()
    assert.is_true(found.bytes <= 8 * 1024 * 1024, found.bytes)
    for _ = 1, 50 do post.deliver(line, "text", '{"topic":"order","data":[]}') end
    assert.is_true(waiting().data <= 10)
  end)

  it("costs a reader who sleeps no more for a line that comes and goes, with messages and without", function()
    for round = 1, 200 do
      local line = live()
      for _ = 1, round % 4 do post.deliver(line, "text", '{"topic":"order","data":[]}') end
      post.deliver(line, "ended")
      while post.sent() do end
      for _ = 1, 40 do
        core.loop.advance(1)
        core.loop.step(0)
      end
    end
    local found = waiting()
    assert.is_true(found.data <= 10)
    assert.is_true(found.live <= 11 and found.stale <= 11, ("%d live, %d stale"):format(found.live, found.stale))
    assert.is_true(found.live >= found.stale - 1)
  end)

  it("connects 400 times in five minutes at most, however often it is asked to; the next simulation counts anew", function()
    local function connects(seconds)
      local count = 0
      for _ = 1, seconds * 2 do
        for line, kind in post.sent do
          if kind == "open" then
            count = count + 1
            post.deliver(line, "ended")
            reader:close() -- who wants something anew need not wait
            reader = subscribed()
          end
        end
        core.loop.advance(0.5)
        core.loop.step(0)
      end
      return count
    end
    assert.equal(400, connects(290))
    finish()
    begin()
    assert.is_true(connects(2) > 0)
  end)

  it("is told of a line that the client gives up, once", function()
    local line = opened()
    post.sent()
    client:close()
    assert.same({ line, "close", "" }, { post.sent() })
    assert.is_nil(post.sent())
    assert.is_false(post.deliver(line, "text", "{}"))
    assert.is_false(post.deliver(line, "ended"))
    assert.is_false(post.deliver(12345, "open"))
    assert.has_error(function() post.deliver(line, "opened") end)
  end)
end)
