-- client:order_book: it equals the exchange's at every quiet moment, says when it is not sure, and reads itself anew.

local bybit = require "bybit"
local core = require "bybit.core"
local paper = require "bybit.paper"

if not core.link.available() then -- stream_spec says what such a build tells
  describe("client:order_book", function()
    it("is kept up to date", function() pending "this build is without libwslay" end)
  end)
  return
end

describe("client:order_book", function()
  local exchange, client

  before_each(function()
    exchange = paper.start { seed = 1, clock = "manual", limits = false }
    client = bybit.client { environment = exchange }
  end)

  after_each(function()
    assert.same({}, exchange:errors())
    client:close()
    exchange:close()
  end)

  local function open(more)
    local params = { symbol = "BTCUSD", depth = 50 }
    for k, v in pairs(more or {}) do params[k] = v end
    return assert(client:order_book(params))
  end

  local function place(side, price, quantity)
    local order = { symbol = "BTCUSD", side = side, type = "Limit", quantity = quantity, price = price }
    return assert(client:place_order(order))
  end

  local function levels(list)
    local out = {}
    for i, level in ipairs(list) do out[i] = ("%s x %s"):format(level.price, level.quantity) end
    return out
  end

  -- Waits until it is sure, and compares it with what the exchange shows. `moment`: when it changed last; until it has heard of that,
  -- its line may be lost, and it cannot know yet.
  local function check(book, depth, moment)
    for _ = 1, 1000 do
      if not book.stale and book.time >= (moment or 0) and not book:wait(0) then break end
      book:wait(1)
    end
    assert.is_false(book.stale)
    local shown = assert(client:get_order_book { symbol = "BTCUSD", depth = depth or 50 })
    assert.same(levels(shown.bids), levels(book:bids()))
    assert.same(levels(shown.asks), levels(book:asks()))
    assert.equal(tostring(shown.bids[1].price), tostring(book.best_bid))
    assert.equal(tostring(shown.asks[1].quantity), tostring(book.best_ask_quantity))
    assert.is_true(book.best_bid < book.best_ask)
  end

  it("is there when the call returns, with best prices, levels and what moves it", function()
    local book <close> = open()
    check(book)
    assert.same({ "BTCUSD", 50, false, 0 }, { book.symbol, book.depth, book.stale, book.resyncs })
    assert.equal(exchange:now(), book.time)
    assert.equal(3, #book:bids(3))
    assert.equal("order book", tostring(book))
    local before = book.update_id
    exchange:set_price("BTCUSD", "31000")
    assert.is_true(book:wait(1))
    assert.equal(before + 1, book.update_id)
    assert.same({ "30999.5", "31000.5" }, { tostring(book.best_bid), tostring(book.best_ask) })
  end)

  it("equals the exchange's at every quiet moment, through gaps, doubles, disorder and cuts", function()
    local book <close> = open()
    local function disturb(seed)
      exchange:faults { seed = seed, { "stream_swallow", topic = "orderbook.", probability = 0.05 },
        { "stream_duplicate", topic = "orderbook.", probability = 0.05 },
        { "stream_reorder", topic = "orderbook.", probability = 0.05 },
        { "stream_crossed", topic = "orderbook.", probability = 0.05 },
        { "stream_cut", topic = "orderbook.", probability = 0.01 } }
    end
    disturb(1)
    local random = core.random(7)
    for round = 1, 75 do
      local what = random:integer(1, 4)
      if what == 1 then exchange:step(random:integer(1, 3))
      elseif what == 2 then exchange:set_price("BTCUSD", 29000 + random:integer(0, 200) * 10)
      else place(what == 3 and "Buy" or "Sell", 30000 + random:integer(-40, 40) * 25, random:integer(1, 9) * 10) end
      if book.best_bid and book.best_ask and not book.stale then assert.is_true(book.best_bid < book.best_ask) end
      if round % 25 == 0 then
        exchange:faults(false)
        exchange:advance(0.001)
        local moment = exchange:now()
        exchange:set_price("BTCUSD", 30000 + round % 1000) -- a change, by which it sees that something was missing
        check(book, 50, moment)
        disturb(round)
      end
    end
    assert.is_true(book.resyncs > 0)
  end)

  it("is stale from a gap to the next snapshot, which it asks for by itself", function()
    local book <close> = open()
    exchange:faults { { "stream_swallow", topic = "orderbook.", nth = 1 } }
    exchange:step(1)
    assert.is_false(book.stale) -- nobody knows yet
    exchange:step(1)
    assert.is_true(book:wait(1))
    assert.same({ "gap", 1 }, { book.stale, book.resyncs })
    assert.equal("order book (stale: gap)", tostring(book))
    while book.stale do book:wait(5) end
    check(book)
    assert.equal(1, client:stats().streams[1].connects)
  end)

  it("takes a message once that comes twice", function()
    local book <close> = open()
    exchange:faults { { "stream_duplicate", topic = "orderbook." } }
    exchange:step(3)
    book:wait(1)
    assert.equal(0, book.resyncs)
    check(book)
  end)

  it("is stale while its connection is lost, and whole again after it", function()
    local book <close> = open()
    exchange:faults { { "stream_cut", topic = "orderbook.", nth = 1 } }
    exchange:step(1)
    while not book.stale do book:wait(1) end
    assert.equal("connection", book.stale)
    exchange:faults(false)
    exchange:set_price("BTCUSD", "30500")
    check(book)
    assert.equal(2, client:stats().streams[1].connects)
  end)

  it("is read anew when the first state of it never comes", function()
    exchange:faults { { "stream_swallow", topic = "orderbook.", nth = 1 } }
    local book <close> = open { patience = 0.3 }
    check(book)
    assert.equal(2, client:stats().streams[1].connects)
  end)

  it("can be had twice, and at every depth", function()
    local one <close> = open()
    local two <close> = open()
    local best <close> = open { depth = 1 }
    exchange:step(2)
    check(one)
    check(two)
    check(best, 1)
    one:close()
    exchange:step(2)
    check(two)
  end)

  it("tells how much there is up to a price", function()
    local book <close> = open()
    local asks, sum = book:asks(), core.decimal(0)
    for i = 1, 5 do
      sum = sum + asks[i].quantity
      assert.equal(tostring(sum), tostring(book:quantity_to(asks[i].price)))
    end
    assert.equal(tostring(sum), tostring(book:quantity_to(asks[6].price - "0.1")))
    local bids = book:bids()
    assert.equal(tostring(bids[1].quantity + bids[2].quantity), tostring(book:quantity_to(tostring(bids[2].price))))
    assert.is_true(book:quantity_to((book.best_bid + book.best_ask) / 2):is_zero())
    assert.is_true(book:quantity_to(book.best_bid, "Buy"):is_zero())
    local all = core.decimal(0)
    for _, level in ipairs(bids) do all = all + level.quantity end
    assert.equal(tostring(all), tostring(book:quantity_to(1, "Sell")))
  end)

  describe("wait", function()
    it("ends when the time has passed, or when the book has changed since the last wait", function()
      local book <close> = open()
      assert.is_false(book:wait(0)) -- its first state is no change
      local before = exchange:now()
      assert.is_false(book:wait(2.5))
      assert.equal(before + 2500, exchange:now())
      exchange:step(1)
      assert.is_true(book:wait(5))
    end)

    it("lets other tasks run, and ends with its task", function()
      local book <close> = open()
      book:wait(0)
      bybit.run(function()
        local waiter = bybit.spawn(function() return book:wait(60), exchange:now() end)
        bybit.sleep(1)
        exchange:set_price("BTCUSD", "30200")
        assert.is_true(waiter:await())
        local other = bybit.spawn(function() return book:wait(3600) end)
        bybit.sleep(1)
        other:cancel()
        local ok, err = pcall(other.await, other)
        assert.same({ false, "cancelled" }, { ok, err.kind })
        assert.is_false(book:wait(0.5))
      end)
    end)
  end)

  describe("a wrong call", function()
    for text, params in pairs {
      ["order_book: 'symbol' is missing"] = { depth = 50 },
      ["order_book: 'depth': one of 1, 50, 200, 1000 expected, got 25"] = { symbol = "BTCUSD", depth = 25 },
      ["order_book: unknown parameter 'symbols', did you mean 'symbol'?"] = { symbols = { "BTCUSD" } },
      ["order_book: a table of named parameters expected"] = { "BTCUSD", symbol = "BTCUSD" },
      ["order_book: 'timeout': a number from 0.001 to 600 expected, got 1000"] = { symbol = "BTCUSD", timeout = 1000 },
    } do
      it("raises: " .. text, function()
        local ok, message = pcall(client.order_book, client, params)
        assert.is_false(ok)
        assert.truthy(message:find(text, 1, true), message)
      end)
    end

    it("on a book raises, too", function()
      local book <close> = open()
      assert.error_matches(function() return book.best_bids end, "no field 'best_bids', did you mean 'best_bid'")
      assert.error_matches(function() book:wait "x" end, "wait: seconds expected, got x")
      assert.error_matches(function() book:bids(0) end, "bids: a number of levels expected, got 0")
      assert.error_matches(function() book:quantity_to "x" end, "quantity_to: a price expected, got x")
      assert.error_matches(function() book:quantity_to(1, "buy") end, "quantity_to: 'Buy' or 'Sell' expected, got buy")
    end)
  end)

  describe("without a book", function()
    it("gives an error: of a contract that the exchange does not know", function()
      local book, err = client:order_book { symbol = "NOSUCH" }
      assert.is_nil(book)
      assert.same({ "exchange", "order_book" }, { err.kind, err.method })
      assert.matches("orderbook.50.NOSUCH", tostring(err))
    end)

    it("of a server that does not answer in time", function()
      local far <close> = bybit.client { environment = { url = "http://127.0.0.1:1" } }
      local book, err = far:order_book { symbol = "BTCUSD", timeout = 0.2 }
      assert.same({ nil, "timeout" }, { book, err.kind })
    end)

    it("of a cancelled token", function()
      local token = bybit.cancel_token()
      token:cancel()
      local _, err = client:order_book { symbol = "BTCUSD", cancel = token }
      assert.equal("cancelled", err.kind)
    end)
  end)

  it("that is closed is stale and empty; so is one whose client is closed", function()
    local book = open()
    book:close()
    book:close()
    assert.same({ "closed", nil, 0 }, { book.stale, book.best_bid, #book:asks() })
    assert.is_true(book:wait(60))
    local other = open()
    client:close()
    assert.equal("closed", other.stale)
    assert.is_true(other:wait(60))
    other:close()
    client = bybit.client { environment = { url = exchange.url } }
  end)

  it("leaves nothing to the garbage collector but itself", function()
    for _ = 1, 20 do open() end
    collectgarbage()
    collectgarbage()
    assert.equal(0, client:stats().streams[1].topics)
  end)
end)
