-- client:await_order: waits for an order's state, by polls that waiting tasks share.

local bybit = require "bybit"
local core = require "bybit.core"
local staged = require "spec.support.staged_exchange"

local loop = core.loop

local function raises(text, f, ...)
  local ok, why = pcall(f, ...)
  assert.is_false(ok)
  assert(tostring(why):find(text, 1, true), ("%q is not in: %s"):format(text, tostring(why)))
end

for _, api in ipairs(staged.WIRES) do describe("await_order on " .. api, function()
  local exchange, client

  before_each(function()
    exchange = staged.start()
    client = exchange:client { api = api }
  end)
  after_each(function()
    client:close()
    exchange:close()
  end)

  local function price(to) exchange:command("set_price", "BTCUSD", to, {}) end

  local function place(more)
    local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29900 }
    for k, v in pairs(more or {}) do p[k] = v end
    return assert(client:place_order(p))
  end

  -- Awaits an order while something happens after so many seconds. Returns what await_order does, and when.
  local function await(p, seconds, act)
    p.symbol = "BTCUSD"
    return bybit.run(function()
      local task = bybit.spawn(function()
        bybit.sleep(seconds)
        act()
      end)
      local began = loop.now()
      local order, err = client:await_order(p)
      local took = loop.now() - began
      task:await()
      return order, err, took
    end)
  end

  it("returns an order that is filled later, soon after it is", function()
    local order, err, took = await({ order_id = place().order_id }, 7, function() price "29800" end)
    assert.is_nil(err)
    assert.equal("Filled", order.status)
    assert.is_true(took > 7 and took < 8.2)
  end)

  it("returns whichever way the order ended: a cancelled one is not waited for as if it could fill", function()
    local ack = place()
    local order = await({ order_id = ack.order_id, state = "filled" }, 2, function()
      assert(client:cancel_order { symbol = "BTCUSD", order_id = ack.order_id })
    end)
    assert.equal("Cancelled", order.status)
  end)

  it("returns at once what is so already, after one read", function()
    local ack = place()
    local before = exchange:sent "read"
    local order = assert(client:await_order { symbol = "BTCUSD", order_id = ack.order_id, state = "open" })
    assert.equal(ack.order_id, order.order_id)
    assert.equal(before + 1, exchange:sent "read")
  end)

  it("waits for an order that is not placed yet", function()
    local order = await({ client_order_id = "later-1", state = "open" }, 3, function() place { client_order_id = "later-1" } end)
    assert.equal("New", order.status)
  end)

  it("waits for the trigger of a conditional order, which is there before", function()
    local ack = assert(client:place_conditional_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100,
      price = 29000, trigger_price = 30100, base_price = 30000, client_order_id = "fuse-1" })
    local order = assert(client:await_order { symbol = "BTCUSD", client_order_id = "fuse-1", state = "open" })
    assert.equal("Untriggered", order.status)
    local took
    order, _, took = await({ client_order_id = "fuse-1", state = "triggered" }, 4, function() price "30200" end)
    assert.is_true(order.status ~= "Untriggered" and order:is_open(), order.status)
    assert.is_true(took > 4)
    assert.is_string(ack.order_id or ack.stop_order_id)
  end)

  it("tells when the time is up, with the order as it was seen last", function()
    local ack = place()
    local order, err = client:await_order { symbol = "BTCUSD", order_id = ack.order_id, timeout = 12 }
    assert.is_nil(order)
    assert.same({ "timeout", "await_order", "New" }, { err.kind, err.method, err.order.status })
    assert.is_true(err.elapsed >= 12 and err.elapsed < 13)
    order, err = client:await_order { symbol = "BTCUSD", client_order_id = "never-1", timeout = 2 }
    assert.is_nil(order)
    assert.is_nil(err.order)
    assert(tostring(err):find "never seen")
  end)

  it("ends when its token is cancelled", function()
    local stop = bybit.cancel_token()
    local _, err, took = await({ order_id = place().order_id, cancel = stop }, 2, function() stop:cancel() end)
    assert.equal("cancelled", err.kind)
    assert.is_true(took < 2.5)
  end)

  it("goes on when reads fail for a while, and ends with an error that will stay", function()
    local ack = place()
    exchange:always("read", staged.page)
    local order = await({ order_id = ack.order_id }, 6, function()
      price "29800"
      exchange:always("read", nil)
    end)
    assert.equal("Filled", order.status)
    exchange:always("read", staged.code(api == "v5" and 10003 or 10003, "invalid key"))
    local _, err = client:await_order { symbol = "BTCUSD", order_id = ack.order_id, timeout = 600 }
    assert.equal("auth", err.kind)
  end)

  it("shares polls: ten tasks cost about as many reads as one", function()
    local function reads(n)
      local ids = {}
      for i = 1, n do ids[i] = place { price = 29000 + i }.order_id end
      local before = exchange:sent "read"
      bybit.run(function()
        local tasks = {}
        for i, id in ipairs(ids) do
          tasks[i] = bybit.spawn(client.await_order, client, { symbol = "BTCUSD", order_id = id, timeout = 20 })
        end
        bybit.all(tasks)
      end)
      return exchange:sent "read" - before
    end
    local one, ten = reads(1), reads(10)
    assert.is_true(ten <= 3 * one, ("%d reads for one, %d for ten"):format(one, ten))
  end)

  it("raises for what cannot be meant", function()
    raises("'symbol' is missing", client.await_order, client, { order_id = "a" })
    raises("got neither", client.await_order, client, { symbol = "BTCUSD" })
    raises("got both", client.await_order, client, { symbol = "BTCUSD", order_id = "a", client_order_id = "b" })
    raises("unknown parameter 'stat'", client.await_order, client, { symbol = "BTCUSD", order_id = "a", stat = "done" })
    raises("one of open, triggered, filled, done", client.await_order, client,
      { symbol = "BTCUSD", order_id = "a", state = "New" })
    raises("write client:await_order", client.await_order, { symbol = "BTCUSD" })
  end)

  it("has its symbol from a view, or from an instrument", function()
    local ack = place()
    local order = assert(client:with { symbol = "BTCUSD" }:await_order { order_id = ack.order_id, state = "open" })
    assert.equal(ack.order_id, order.order_id)
    raises("was not done", function()
      client:with { symbol = "BTCUSD", raise = true }:await_order { order_id = ack.order_id, timeout = 1 }
    end)
  end)
end) end
