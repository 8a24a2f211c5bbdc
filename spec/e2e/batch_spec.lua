-- Batches over real HTTP, on the paper exchange: placing, changing and cancelling, in tasks and with tokens; lost answers, batches of
-- which only a part was carried out; rate limits; guard rails; instruments.

local asked = require "spec.support.asked"
local bybit = require "bybit"
local core = require "bybit.core"
local trading = require "spec.support.trading"

local limit, conditional, of = asked.limit, asked.conditional, asked.of

describe("batches on the paper exchange", function()
  local exchange, client

  local function start(options, exchange_options)
    exchange, client = trading.start(options, exchange_options)
  end

  after_each(function()
    local mistakes = exchange:errors()
    client:close()
    exchange:close()
    assert.same({}, mistakes)
  end)

  local function states(ids)
    local by_id, out = {}, {}
    for _, order in ipairs(exchange:books().orders) do by_id[order.client_order_id or ""] = order.status end
    for i, id in ipairs(ids) do out[i] = by_id[id] or "none" end
    return out
  end

  it("are placed, changed and cancelled, each order by itself", function()
    start()
    local placed = assert(client:place_multiple_orders { limit { client_order_id = "a" },
      limit { client_order_id = "b", quantity = 100000000000 }, conditional { client_order_id = "c" },
      of { side = "Buy", type = "Market", quantity = 50, client_order_id = "d" } })
    assert.same({ "New", "none", "Untriggered", "Filled" }, states { "a", "b", "c", "d" })
    assert.equal(1, placed.failed)
    assert.truthy(bybit.iso(placed[1].create_time))
    local changed = assert(client:modify_multiple_orders { of { client_order_id = "a", new_price = "28000.5" },
      of { order_id = placed[3].order_id, new_quantity = 20 }, of { client_order_id = "d", new_quantity = 60 } })
    assert.same({ nil, "exchange", "not_found" }, { changed[1].error, changed[2].error.kind, changed[3].error.kind })
    local order = assert(client:get_open_order_real_time(of { client_order_id = "a" }))
    assert.truthy(order.price:eq("28000.5"))
    local cancelled = assert(client:cancel_multiple_orders { of { client_order_id = "a" }, of { client_order_id = "b" },
      of { stop_order_id = placed[3].order_id }, confirm = true })
    assert.same({ "Cancelled", "Deactivated" }, states { "a", "c" })
    assert.same({ "Cancelled", "not_found", placed[3].order_id }, { cancelled[1].status, cancelled[2].error.kind,
      cancelled[3].order_id })
  end)

  it("run in tasks beside each other, over shared connections", function()
    start()
    local lists = {}
    bybit.run(function()
      for task = 1, 5 do
        bybit.spawn(function()
          lists[task] = assert(client:place_multiple_orders { limit { client_order_id = ("t-%d-1"):format(task) },
            limit { client_order_id = ("t-%d-2"):format(task), quantity = task } })
        end)
      end
    end)
    for task = 1, 5 do
      assert.same({ 0, ("t-%d-2"):format(task) }, { lists[task].failed, lists[task][2].client_order_id })
    end
    assert.equal(10, #exchange:books().orders)
  end)

  for name, fault in pairs {
    ["whose answer is lost"] = { "lost_answer" }, ["that is lost"] = { "lost_request" },
    ["whose connection is reset"] = { "reset", executed = true }, ["whose answer breaks off"] = { "cut", at = 150 },
    ["that meets a gateway's page"] = { "http", status = 504, executed = true },
    ["of which two orders were carried out"] = { "partly", first = 2 },
    ["of which none was carried out"] = { "partly", first = 0 },
    ["of whose second order the exchange knows nothing"] = { "element", code = 10016, order = 2 },
    ["of whose second order the exchange knows nothing, and which it has carried out"] = { "element", code = 10000, order = 2,
      executed = true },
  } do
    it("place each order once in a batch " .. name, function()
      start()
      exchange:faults { asked.with(fault, { path = "order/create-batch", nth = 1 }) }
      local ids, list = { "a", "b", "c", "d" }, {}
      for i, id in ipairs(ids) do list[i] = limit { client_order_id = id } end
      list = assert(client:place_multiple_orders(list))
      assert.equal(0, list.failed)
      assert.same({ "New", "New", "New", "New" }, states(ids))
      assert.equal(4, #exchange:books().orders)
      local by_id = {}
      for _, order in ipairs(exchange:books().orders) do by_id[order.client_order_id] = order.order_id end
      for i, id in ipairs(ids) do assert.equal(by_id[id], list[i].order_id) end
      assert.same({}, client:unsettled())
      local _, struck = next(exchange:fault_counts())
      assert.equal(1, struck)
    end)
  end

  it("cancel each order of a batch whose answer is lost", function()
    start()
    local placed = assert(client:place_multiple_orders { limit(), limit(), limit() })
    exchange:faults { { "partly", first = 1, path = "order/cancel-batch", nth = 1 } }
    local list = {}
    for i, ack in ipairs(placed) do list[i] = of { order_id = ack.order_id } end
    list = assert(client:cancel_multiple_orders(list))
    assert.equal(0, list.failed)
    assert.equal(0, #assert(client:get_open_orders_real_time(of())))
  end)

  it("that are cancelled by a token return at once, and can be resolved", function()
    start({}, { clock = "real" })
    exchange:faults { { "delay", seconds = 5, path = "order/create-batch", nth = 1 } }
    local token, list = bybit.cancel_token(), nil
    bybit.run(function()
      bybit.spawn(function() list = client:place_multiple_orders { limit { client_order_id = "a" }, limit(), cancel = token } end)
      bybit.sleep(0.05)
      token:cancel()
    end)
    assert.same({ "unknown", "cancelled" }, { list[1].error.outcome, list[1].error.kind })
    exchange:faults(false)
    assert.equal("a", assert(client:resolve(list[1].error)).client_order_id)
    assert(client:resolve(list[2].error))
    assert.equal(2, #exchange:books().orders)
  end)

  describe("and rate limits:", function()
    it("orders count one by one, beside those of single calls", function()
      start({}, { limits = {} })
      local client_ <close> = bybit.client { environment = exchange }
      local before = core.loop.now()
      for _ = 1, 5 do
        local list = {}
        for i = 1, 8 do list[i] = limit() end
        assert.equal(0, assert(client_:place_multiple_orders(list)).failed)
      end
      local spent = core.loop.now() - before
      assert.is_true(spent >= 4 and spent < 4.1, "8 fit into a second of 10, and 16 do not: " .. spent)
      assert.equal(0, client_:stats().retries)
      before = core.loop.now()
      assert(client_:place_order(limit()))
      assert.equal(0, core.loop.now() - before)
      local budget = client_:budget()["order/create-batch"]
      assert.same({ 10, 2 }, { budget.limit, budget.left })
    end)

    it("what the exchange announces counts", function()
      start({}, { limits = { ["order/create-batch"] = 4 } })
      local client_ <close> = bybit.client { environment = exchange }
      assert(client_:place_multiple_orders { limit() })
      assert.equal(4, client_:budget()["order/create-batch"].limit)
      local before = core.loop.now()
      local list = assert(client_:place_multiple_orders { limit(), limit(), limit(), limit() })
      assert.equal(0, list.failed)
      assert.is_true(core.loop.now() - before >= 1)
    end)

    it("orders beyond the limit are placed by themselves, as the exchange has refused only them", function()
      start({}, { limits = { ["order/create-batch"] = 3 } })
      local client_ <close> = bybit.client { environment = exchange, rate = false }
      local list = assert(client_:place_multiple_orders { limit { client_order_id = "a" }, limit { client_order_id = "b" },
        limit { client_order_id = "c" }, limit { client_order_id = "d" } })
      assert.equal(0, list.failed)
      assert.same({ "New", "New", "New", "New" }, states { "a", "b", "c", "d" })
      assert.equal(4, #exchange:books().orders)
      assert.equal(2, list[4] and client_:stats().requests)
    end)

    it("a client that does not wait refuses a batch that does not fit", function()
      start({}, { limits = {} })
      local client_ <close> = bybit.client { environment = exchange, rate = "fail" }
      local list = {}
      for i = 1, 6 do list[i] = limit() end
      assert(client_:place_multiple_orders(list))
      local none, err = client_:place_multiple_orders(list)
      assert.is_nil(none)
      assert.same({ "rate_limit", "not_sent" }, { err.kind, err.outcome })
      assert.is_true(err.retry_after > 0 and err.retry_after < 1.1)
      assert(client_:place_multiple_orders { limit(), limit(), limit(), limit() })
    end)
  end)

  describe("and guard rails:", function()
    local function refused(words, ...)
      local before = #exchange:books().orders
      local list, err = client:place_multiple_orders(...)
      assert.is_nil(list)
      assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
      assert.truthy(err.message:find(words, 1, true), err.message)
      assert.equal(before, #exchange:books().orders)
    end

    it("one order that is refused refuses the batch, and is named", function()
      start { guard = { max_order = 1000, symbols = { "BTCUSD" }, band = "0.05" } }
      refused("order 2: max_order: a quantity of 1001 is more than 1000", { limit(), limit { quantity = 1001 } })
      refused("order 1: symbols: ETHUSD is not among", { limit { symbol = "ETHUSD" }, limit() })
      refused("order 3: band: a price of 28000", { limit(), limit(), limit { price = 28000 } })
      assert.equal(0, assert(client:place_multiple_orders { limit(), limit { quantity = 1000 } }).failed)
    end)

    it("the orders of a batch add up, and those that failed count no more", function()
      start { guard = { max_position = 1000, orders_per_minute = 5 } }
      refused("order 3: max_position: 400 more could make the position in BTCUSD 1200 long", { limit { quantity = 400 },
        limit { quantity = 400 }, limit { quantity = 400 } })
      local list = assert(client:place_multiple_orders { limit { quantity = 400 }, limit { quantity = 500, reduce_only = true },
        limit { quantity = 500, price = 5 } })
      assert.equal(2, list.failed) -- nothing to reduce; no balance for it
      refused("order 2: max_position", { limit { quantity = 500 }, limit { quantity = 101 } })
      assert.equal(0, assert(client:place_multiple_orders { limit { quantity = 500 }, limit { quantity = 100 } }).failed)
      refused("orders_per_minute: 5 orders were placed", { of { side = "Sell", type = "Market", quantity = 1 },
        of { side = "Sell", type = "Market", quantity = 1 } })
    end)

    it("changes add up too, and cancels go", function()
      start { guard = { max_position = 1000 } }
      local list = assert(client:place_multiple_orders { limit { quantity = 300 }, limit { quantity = 300 } })
      local none, err = client:modify_multiple_orders { of { order_id = list[1].order_id, new_quantity = 500 },
        of { order_id = list[2].order_id, new_quantity = 501 } }
      assert.is_nil(none)
      assert.truthy(err.message:find("order 2: max_position", 1, true), err.message)
      assert.equal(0, assert(client:modify_multiple_orders { of { order_id = list[1].order_id, new_quantity = 500 },
        of { order_id = list[2].order_id, new_quantity = 500 } }).failed)
      client:halt "enough"
      refused("the client is halted (enough)", { limit() })
      assert.equal(0, assert(client:modify_multiple_orders { of { order_id = list[1].order_id, new_quantity = 400 } }).failed)
      assert.equal(0, assert(client:cancel_multiple_orders { of { order_id = list[1].order_id },
        of { order_id = list[2].order_id } }).failed)
      client:resume()
      assert.equal(0, assert(client:place_multiple_orders { limit { quantity = 1000 } }).failed)
    end)

    it("an order of unknown outcome counts as filled, each by itself", function()
      start { guard = { max_position = 1000, position_age = 60 }, deadline = 0.3, timeout = 0.1 }
      local first = assert(client:place_multiple_orders { limit() }) -- the rails have read the books
      assert(client:cancel_multiple_orders { of { order_id = first[1].order_id } })
      exchange:faults { { "partly", first = 1, path = "order/create-batch", nth = 1 }, { "lost_request", path = "order/create" },
        { "lost_request", path = "order/realtime" } }
      local list = assert(client:place_multiple_orders { limit { quantity = 600 }, limit { quantity = 300 } })
      assert.same({ "unknown", "unknown" }, { list[1].error.outcome, list[2].error.outcome })
      exchange:faults(false)
      refused("max_position", { limit { quantity = 101 } })
      assert(client:resolve(list[1].error))
      assert.equal("rejected", select(2, client:resolve(list[2].error)).outcome)
      assert.equal(0, assert(client:place_multiple_orders { limit { quantity = 400 } }).failed)
    end)
  end)

  it("are about the category that stands beside their orders, or the client's", function()
    start()
    local order = { symbol = "BTCUSDT", side = "Buy", type = "Limit", quantity = "0.01", price = 20000, client_order_id = "l-1" }
    local list = assert(client:place_multiple_orders { order, category = "linear" })
    assert.same({ 0, "linear" }, { list.failed, list[1].category })
    assert.same({ "New" }, states { "l-1" })
    local changed = assert(client:modify_multiple_orders { { symbol = "BTCUSDT", client_order_id = "l-1", new_quantity = "0.02" },
      category = "linear", confirm = true })
    assert.truthy(changed[1].quantity:eq "0.02")
    exchange:faults { { "lost_answer", path = "order/create-batch", nth = 1 } }
    local other <close> = bybit.client { environment = exchange, rate = false, category = "linear" }
    order.client_order_id = "l-2"
    assert.equal(0, assert(other:place_multiple_orders { order }).failed) -- what is sent again is of that category too
    assert.same({ "New", "New" }, states { "l-1", "l-2" })
    local view = client:with { category = "linear", symbol = "BTCUSDT" }
    assert.equal(0, assert(view:cancel_multiple_orders { { client_order_id = "l-1" }, { client_order_id = "l-2" } }).failed)
    local ok, err = pcall(client.place_multiple_orders, client, { order })
    assert.is_false(ok)
    assert.truthy(tostring(err):find("place_multiple_orders: order 1: parameter 'symbol': 'BTCUSDT'", 1, true), err)
    order.category = "linear"
    ok, err = pcall(client.place_multiple_orders, client, { order })
    assert.is_false(ok)
    assert.truthy(tostring(err):find("order 1: 'category' is an option of the whole call: it stands beside the orders", 1, true), err)
  end)

  it("with check_instruments raise for an order that the contract refuses, and name it", function()
    start { check_instruments = true }
    local ok, err = pcall(client.place_multiple_orders, client, { limit(), limit { price = "29000.3" } })
    assert.is_false(ok)
    assert.truthy(tostring(err):find("place_multiple_orders: order 2: parameter 'price': ", 1, true), err)
    assert.equal(0, #exchange:books().orders)
    assert.equal(0, assert(client:place_multiple_orders { limit(), limit { price = "29000.5" } }).failed)
    ok, err = pcall(client.modify_multiple_orders, client, { of { order_id = "x", new_price = "1.23" } })
    assert.is_false(ok)
    assert.truthy(tostring(err):find("modify_multiple_orders: order 1: parameter 'new_price': ", 1, true), err)
  end)
end)
