-- client:sync_orders: the strategy's own orders are made equal to a list, by the fewest calls, and never placed twice.

local bybit = require "bybit"
local core = require "bybit.core"
local staged = require "spec.support.staged_exchange"

local function raises(text, f, ...)
  local ok, why = pcall(f, ...)
  assert.is_false(ok)
  assert(tostring(why):find(text, 1, true), ("%q is not in: %s"):format(text, tostring(why)))
end

local BID = { tag = "bid", side = "Buy", quantity = 100, price = 29900 }
local ASK = { tag = "ask", side = "Sell", quantity = 100, price = 30100 }

local function but(entry, changes)
  local out = {}
  for k, v in pairs(entry) do out[k] = v end
  for k, v in pairs(changes) do out[k] = v end
  return out
end

for _, api in ipairs(staged.WIRES) do describe("sync_orders on " .. api, function()
  local exchange, client

  local function start(lag)
    exchange = staged.start { lag = lag }
    client = exchange:client { api = api, id_prefix = "mm", deadline = 8 }
  end

  before_each(function() start() end)
  after_each(function()
    client:close()
    exchange:close()
  end)

  local function sync(...) return client:sync_orders { symbol = "BTCUSD", ... } end

  -- The open orders of the books, as `tag side quantity @ price`, sorted.
  local function open()
    local list = {}
    for _, order in ipairs(exchange:books().orders) do
      if order.open then
        list[#list + 1] = ("%s %s %s @ %s"):format((order.client_order_id:gsub("%-%d+$", "")), order.side, order.quantity,
          order.price)
      end
    end
    table.sort(list)
    return list
  end

  local BATCHES = { ["order/create-batch"] = "place", ["order/amend-batch"] = "amend", ["order/cancel-batch"] = "cancel" }

  -- How many orders requests were about, by kind.
  local function writes()
    local n = {}
    for _, kind in ipairs { "place", "amend", "cancel", "all" } do n[kind] = exchange:sent(kind) end
    for _, copy in ipairs(exchange.copies) do
      local kind = BATCHES[copy.kind]
      if kind then n[kind] = n[kind] + #copy.params.request end
    end
    return n
  end

  -- The numbers of calls of each kind that f makes.
  local function calls(f)
    local before = writes()
    f()
    local now = writes()
    return { now.place - before.place, now.amend - before.amend, now.cancel - before.cancel, now.all - before.all }
  end

  it("places what is missing, keeps what is right, changes a price in one call, and cancels what is not wanted", function()
    local result
    assert.same({ 2, 0, 0, 0 }, calls(function() result = assert(sync(BID, ASK)) end))
    assert.same({ 2, 0, 0, 0 }, { #result.placed, #result.modified, #result.cancelled, #result.kept })
    assert.same({ "mm-ask Sell 100 @ 30100", "mm-bid Buy 100 @ 29900" }, open())
    assert.equal("bid", result.placed[1].tag)

    assert.same({ 0, 0, 0, 0 }, calls(function() result = assert(sync(BID, ASK)) end))
    assert.equal(2, #result.kept)

    assert.same({ 0, 1, 0, 0 }, calls(function() assert(sync(but(BID, { price = 29905, quantity = 50 }), ASK)) end))
    assert.same({ "mm-ask Sell 100 @ 30100", "mm-bid Buy 50 @ 29905" }, open())

    assert.same({ 0, 0, 1, 0 }, calls(function() assert(sync(ASK)) end))
    assert.same({ "mm-ask Sell 100 @ 30100" }, open())
    assert.same({ 0, 0, 1, 0 }, calls(function() result = assert(sync()) end))
    assert.equal("ask", result.cancelled[1].tag)
    assert.same({}, open())
  end)

  it("cancels before it places: an order on the other side gives way first", function()
    assert(sync(BID))
    local kinds = {}
    local from = #exchange.copies
    assert(sync(but(BID, { side = "Sell", price = 30200 })))
    for i = from + 1, #exchange.copies do
      if exchange.copies[i].kind ~= "read" then kinds[#kinds + 1] = exchange.copies[i].kind end
    end
    assert.same({ "cancel", "place" }, kinds)
    assert.same({ "mm-bid Sell 100 @ 30200" }, open())
  end)

  it("touches no other order: not by hand, not of another prefix, not of a generated id", function()
    assert(exchange.hand:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 7, price = 29000 })
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 8, price = 29001 })
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 9, price = 29002,
      client_order_id = "mm2-bid-5" })
    assert(sync(BID))
    assert(sync())
    local left = open()
    assert.equal(3, #left)
    for _, line in ipairs(left) do assert.is_nil(line:find("^mm%-bid ")) end
  end)

  it("takes over the orders of an earlier run; of two with one tag the nearest stays", function()
    for n, price in ipairs { 29800, 29900, 29850 } do
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = price,
        client_order_id = "mm-bid-" .. n })
    end
    client:close()
    client = exchange:client { api = api, id_prefix = "mm" }
    assert.same({ 0, 0, 2, 0 }, calls(function() assert(sync(BID)) end))
    assert.same({ "mm-bid Buy 100 @ 29900" }, open())
  end)

  it("sees an order that an earlier process placed a moment ago, though no list shows it yet", function()
    exchange:close()
    start(3000)
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29800,
      client_order_id = "mm-bid-1" })
    client:close() -- as in a crash: nothing is known of it any more
    client = exchange:client { api = api, id_prefix = "mm" }
    local result
    assert.same({ 1, 1, 0, 0 }, calls(function() result = assert(sync(BID, ASK)) end))
    assert.same({ 1, 1 }, { #result.placed, #result.modified })
    assert.same({ "mm-ask Sell 100 @ 30100", "mm-bid Buy 100 @ 29900" }, open())
    -- once it is old enough, it waits no more
    local now = core.loop.now()
    assert(sync(BID))
    assert(sync(BID, ASK))
    assert.is_true(core.loop.now() - now < 1)
  end)

  it("does not wait on a paper exchange that began with the client: there was no earlier process", function()
    local function place(made, seconds)
      local own <close> = made
      return (bybit.run(function() return bybit.within(seconds, own.sync_orders, own, { symbol = "BTCUSD", BID }) end))
    end
    local options = { environment = "paper", api = api, id_prefix = "mm", visibility = 600 }
    local first <close> = bybit.client(options)
    options.environment = first.exchange
    assert.is_nil(place(bybit.client(options), 0.2)) -- it has not started the exchange
    assert.equal(1, #place(first, 100).placed)
  end)

  it("waits before it places only, and its token ends that", function()
    client:close()
    client = exchange:client { api = api, id_prefix = "mm" }
    local now = core.loop.now()
    assert(sync())
    assert.is_true(core.loop.now() - now < 1)
    local token = bybit.cancel_token()
    bybit.run(function()
      bybit.spawn(function()
        bybit.sleep(1)
        token:cancel()
      end)
      local result, err = client:sync_orders { symbol = "BTCUSD", cancel = token, BID }
      assert.same({ nil, "cancelled" }, { result, err.kind })
    end)
    assert.is_true(core.loop.now() - now < 2)
    assert.same({}, open())
  end)

  it("places again what was filled", function()
    assert(sync(BID))
    core.loop.advance(1)
    exchange:command("set_price", "BTCUSD", "29800", {})
    assert.same({}, open())
    local result = assert(sync(but(BID, { price = 29700 })))
    assert.equal(1, #result.placed)
    exchange:command("set_price", "BTCUSD", "29600", {}) -- filled before any list has shown it
    result = assert(sync(but(BID, { price = 29500 })))
    assert.equal(1, #result.placed)
    assert.same({ "mm-bid Buy 100 @ 29500" }, open())
  end)

  it("counts what was acknowledged, when the exchange lists it late", function()
    exchange:close()
    start(1000)
    assert(sync(BID, ASK))
    assert.same({ 0, 0, 0, 0 }, calls(function() assert(sync(BID, ASK)) end))
    assert.same({ 0, 1, 0, 0 }, calls(function() assert(sync(but(BID, { price = 29901 }), ASK)) end))
    assert.same({ 0, 0, 0, 0 }, calls(function() assert(sync(but(BID, { price = 29901 }), ASK)) end))
    assert.same({ 0, 0, 2, 0 }, calls(function() assert(sync()) end))
    assert.same({ 2, 0, 0, 0 }, calls(function() assert(sync(BID, ASK)) end)) -- the cancelled ones may still be listed
    assert.same({ "mm-ask Sell 100 @ 30100", "mm-bid Buy 100 @ 29900" }, open())
    core.loop.advance(10)
    assert.same({ 0, 0, 0, 0 }, calls(function() assert(sync(BID, ASK)) end))
  end)

  it("never places a tag again while the outcome of its last call is open", function()
    core.loop.advance(10) -- the client is old enough to place at once
    exchange:always("read", staged.page) -- so that recovery cannot find out
    exchange:plan("place", staged.lost_answer, staged.lost_request, staged.lost_request, staged.lost_request,
      staged.lost_request)
    exchange:always("place", staged.lost_request)
    exchange:always("read", staged.well)
    local ok = 0
    exchange:always("read", function() -- the first read lists; later ones fail
      ok = ok + 1
      if ok > 1 then return staged.page() end
    end)
    local result, err = sync(BID)
    assert.is_nil(result)
    assert.equal("unknown", err.outcome)
    exchange:always("read", nil)
    exchange:always("place", nil)
    exchange.plans = {}
    assert.same({ 1, 0, 0, 0 }, calls(function() result = assert(sync(BID, ASK)) end)) -- only the ask
    assert.same({ "bid" }, result.unsettled)
    assert(client:reconcile { symbol = "BTCUSD" })
    result = assert(sync(BID, ASK))
    assert.same({}, result.unsettled)
    assert.same({ "mm-ask Sell 100 @ 30100", "mm-bid Buy 100 @ 29900" }, open())
  end)

  it("does not place what a failed cancel may have left, and tells what was done", function()
    assert(sync(BID))
    exchange:always("cancel", staged.code(api == "v5" and 10005 or 10005, "permission denied"))
    local result, err = sync(but(BID, { side = "Sell", price = 30500 }), ASK)
    assert.is_nil(result)
    assert.equal("ask", err.done.placed[1].tag)
    assert.equal(1, #err.done.placed)
    assert.same({ "mm-ask Sell 100 @ 30100", "mm-bid Buy 100 @ 29900" }, open())
  end)

  it("sends several changes of a kind with one request where the wire has batches, ten at most", function()
    core.loop.advance(10)
    local function ladder(price)
      local list = { symbol = "BTCUSD" }
      for i = 1, 12 do list[i] = { tag = "rung" .. i, side = "Buy", quantity = 100, price = price - i * 10 } end
      return list
    end
    local function requests(list)
      local from, n = #exchange.copies, 0
      local result = assert(client:sync_orders(list))
      for i = from + 1, #exchange.copies do n = n + (exchange.copies[i].kind == "read" and 0 or 1) end
      return n, #result.placed, #result.modified, #result.cancelled
    end
    local each = api == "v5" and 2 or 12
    assert.same({ each, 12, 0, 0 }, { requests(ladder(29800)) })
    assert.same({ each, 0, 12, 0 }, { requests(ladder(29700)) })
    assert.same({ each, 0, 0, 12 }, { requests { symbol = "BTCUSD" } })
  end)

  it("tells the order that failed, when the others with it did not", function()
    core.loop.advance(10)
    local result, err = sync(BID, but(ASK, { price = 99999999 }), { tag = "low", side = "Buy", quantity = 100, price = 29000 })
    assert.is_nil(result)
    assert.equal("rejected", err.outcome)
    assert.same({ "bid", "low" }, { err.done.placed[1].tag, err.done.placed[2].tag })
    assert.same({ "mm-bid Buy 100 @ 29900", "mm-low Buy 100 @ 29000" }, open())
    result, err = sync(BID, ASK, { tag = "low", side = "Buy", quantity = 100, price = 29000 })
    assert.same({ 1, 2, nil }, { #result.placed, #result.kept, err })
  end)

  it("leaves alone all tags of a request whose outcome is open", function()
    core.loop.advance(10)
    local looks = 0
    exchange:always("read", function()
      looks = looks + 1
      if looks > 1 then return staged.page() end
    end)
    for _, kind in ipairs { "place", "order/create-batch" } do exchange:always(kind, staged.lost_answer) end
    local _, err = sync(BID, ASK)
    assert.equal("unknown", err.outcome)
    for _, kind in ipairs { "read", "place", "order/create-batch" } do exchange:always(kind, nil) end
    local result
    assert.same({ 0, 0, 0, 0 }, calls(function() result = assert(sync(but(BID, { price = 29000 }), ASK)) end))
    assert.same({ "ask", "bid" }, result.unsettled)
    assert(client:reconcile { symbol = "BTCUSD" })
    assert.same({ 0, 1, 0, 0 }, calls(function() assert(sync(but(BID, { price = 29000 }), ASK)) end))
    assert.same({ "mm-ask Sell 100 @ 30100", "mm-bid Buy 100 @ 29000" }, open())
  end)

  it("does nothing when the orders cannot be read", function()
    exchange:always("read", staged.code(10005, "permission denied"))
    assert.same({ 0, 0, 0, 0 }, calls(function()
      local result, err = sync(BID)
      assert.is_nil(result)
      assert.equal("not_sent", err.outcome)
    end))
  end)

  it("runs one call at a time: two tasks place one order", function()
    bybit.run(function()
      bybit.all { bybit.spawn(function() assert(sync(BID)) end), bybit.spawn(function() assert(sync(BID)) end) }
    end)
    assert.same({ "mm-bid Buy 100 @ 29900" }, open())
  end)

  it("keeps to its list through a hundred drawn changes, with the fewest calls", function()
    local random = core.random(5)
    local now = {}
    for _ = 1, 100 do
      local list, expected, lines = {}, { 0, 0, 0, 0 }, {}
      for _, name in ipairs { "a", "b", "c" } do
        local before, entry = now[name], nil
        if random:unit() < 0.7 then
          local side = before and random:unit() < 0.7 and before.side or random:unit() < 0.5 and "Buy" or "Sell"
          entry = { tag = name, side = side, quantity = random:integer(1, 2) * 100,
            price = side == "Buy" and 29000 + random:integer(0, 1) or 31000 + random:integer(0, 1) }
          list[#list + 1] = entry
          lines[#lines + 1] = ("mm-%s %s %d @ %d"):format(name, side, entry.quantity, entry.price)
        end
        local turned = before and (not entry or entry.side ~= before.side)
        if turned then expected[3] = expected[3] + 1 end
        if entry and (not before or turned) then expected[1] = expected[1] + 1
        elseif entry and (entry.price ~= before.price or entry.quantity ~= before.quantity) then
          expected[2] = expected[2] + 1
        end
        now[name] = entry
      end
      list.symbol = "BTCUSD"
      assert.same(expected, calls(function() assert(client:sync_orders(list)) end))
      assert.same(lines, open())
    end
  end)

  it("raises for what cannot be meant, before anything is sent", function()
    local function wrong(text, ...) raises(text, sync, ...) end
    wrong("[1]: 'price' is missing", but(BID, { price = false }) and { tag = "bid", side = "Buy", quantity = 1 })
    wrong("[2]: the same tag again, 'bid'", BID, BID)
    wrong("[1]: unknown 'qty'", but(BID, { qty = 1 }))
    wrong("[1]: 'tag': a word", but(BID, { tag = "a-b" }))
    wrong("[1]: 'side': Buy or Sell", but(BID, { side = "buy" }))
    wrong("[1]: 'quantity': a number above 0", but(BID, { quantity = 0 }))
    wrong("[1]: 'price': ", but(BID, { price = 0.1 + 0.2 }))
    wrong("is too long", but(BID, { tag = ("t"):rep(30) }))
    raises("'symbol' is missing", client.sync_orders, client, { BID })
    raises("unknown 'sybmol'", client.sync_orders, client, { sybmol = "BTCUSD", BID })
    raises("without holes", client.sync_orders, client, { symbol = "BTCUSD", BID, [3] = ASK })
    local bare <close> = exchange:client { api = api }
    raises("an id_prefix is needed", bare.sync_orders, bare, { symbol = "BTCUSD", BID })
    assert.same({ 0, 0, 0, 0 }, calls(function() end))
    assert.equal(0, #exchange.copies)
  end)
end) end
