-- client:order_book in a long run, in its short form (`make book` is the long one), and books that no honest exchange sends.

local bybit = require "bybit"
local core = require "bybit.core"

describe("client:order_book in a long run", function()
  it("equals the exchange's at every quiet moment, and is never crossed without being stale", function()
    local figures = require("spec.support.book_run").run { deltas = 900, round = 120, seed = 3 }
    assert.same({ crossed = 0, wrong = 0, unlike = 0 },
      { crossed = figures.crossed, wrong = figures.wrong, unlike = figures.unlike })
    assert.same({}, figures.errors)
    assert.is_true(figures.looks > 800 and figures.quiet > 20)
    assert.is_true(figures.resyncs > 5 and figures.connects > 1)
  end)
end)

describe("client:order_book of an exchange that errs", function()
  local post, client, line = core.stream, nil, nil

  before_each(function()
    core.loop.virtual(1704067200000)
    client = bybit.client { environment = { url = "http://127.0.0.1:1" },
      transport = { lines = true, start = function() return { error = "network", message = "no", sent = false } end } }
  end)

  after_each(function()
    client:close()
    while post.sent() do end
    core.loop.real()
  end)

  local function push(kind, u, bids, asks)
    assert.is_true(post.deliver(line, "text", ('{"topic":"orderbook.50.BTCUSD","type":"%s","ts":1,"data":{"s":"BTCUSD",'
      .. '"b":[%s],"a":[%s],"u":%d,"seq":1}}'):format(kind, bids, asks, u)))
  end

  -- A book whose number is 5, of one bid and one ask.
  local function opened()
    local book
    bybit.spawn(function() book = assert(client:order_book { symbol = "BTCUSD" }) end)
    bybit.step(0)
    core.loop.advance(1)
    bybit.step(0)
    line = post.sent()
    post.deliver(line, "open")
    post.sent()
    post.deliver(line, "text", '{"op":"subscribe","success":true,"req_id":"1"}')
    push("snapshot", 5, '["100","7"]', '["101","8"]')
    while not book do bybit.step(0) end
    return book
  end

  for what, wrong in pairs {
    ["a bid at the best ask"] = { '["101","1"]', "" },
    ["an ask below the best bid"] = { "", '["99.5","1"]' },
    ["a bid above an ask that is new, too"] = { '["100.5","1"]', '["100.4","1"]' },
  } do
    it("is stale from the message on that makes it cross (" .. what .. ") to the next snapshot", function()
      local book <close> = opened()
      push("delta", 6, '["100.5","1"]', "")
      assert.same({ false, "100.5" }, { book.stale, tostring(book.best_bid) })
      push("delta", 7, wrong[1], wrong[2])
      assert.same({ "gap", 1 }, { book.stale, book.resyncs })
      push("delta", 8, '["101","0"]', '["99.5","0"]')
      assert.equal("gap", book.stale)
      push("snapshot", 9, '["100","7"]', '["101","8"]')
      assert.same({ false, "100", "101" }, { book.stale, tostring(book.best_bid), tostring(book.best_ask) })
    end)
  end

  it("is fine while its sides do not touch", function()
    local book <close> = opened()
    push("delta", 6, '["100.5","1"]', "")
    push("delta", 7, '["100.9","1"]', '["100.91","1"]')
    assert.same({ false, "100.9", "100.91" }, { book.stale, tostring(book.best_bid), tostring(book.best_ask) })
  end)
end)
