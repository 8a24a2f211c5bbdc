-- What a stream of the account tells of orders takes the place of reading them, where it is sure: with `confirm`, in await_order, and
-- when it has to be found out what became of a call. Silence proves nothing. On the paper exchange and its streams; what is told is
-- compared with what the exchange itself says.

local bybit = require "bybit"
local core = require "bybit.core"
local trading = require "spec.support.trading"

local LIMIT = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "29000.5" }

local function with(more)
  local p = {}
  for k, v in pairs(LIMIT) do p[k] = v end
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

describe("what a stream tells of orders", function()
  if not core.stream.available() then return it("takes the place of reading", function()
    pending "this build is without libwslay"
  end) end
  local exchange, client, close_stream

  -- A stream that is subscribed to, and that nobody reads.
  local function listen(on)
    local step, state, _, closer = (on or client):stream { "order", "execution" }
    assert.equal("live", step(state).kind)
    return function() getmetatable(closer).__close(closer) end
  end

  before_each(function()
    exchange, client = trading.start()
    close_stream = listen()
  end)

  after_each(function()
    close_stream()
    client:close()
    exchange:close()
  end)

  -- Calls f, and says how many requests that took.
  local function counted(f)
    local before = client:stats().requests
    local result = table.pack(f())
    return client:stats().requests - before, table.unpack(result, 1, result.n)
  end

  local function place(more) return client:place_order(with(more)) end

  local function same_as_read(order)
    local read = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = order.order_id })
    for name, value in pairs(read) do
      if type(value) == "table" then
        assert.same(value, rawget(order, name))
      else
        assert.equal(tostring(value), tostring(rawget(order, name)), name)
      end
    end
  end

  describe("with confirm", function()
    it("is the result of a placement, which costs one request", function()
      local requests, order, _, response = counted(function() return place { confirm = true } end)
      assert.same({ 1, "New" }, { requests, order.status })
      assert.is_nil(response.unconfirmed)
      same_as_read(order)
      close_stream()
      assert.equal(2, (counted(function() return place { confirm = true } end)), "without a stream it is read")
    end)

    it("also when it comes before the answer, and when it comes after", function()
      exchange:faults { { "delay", path = "order/create", seconds = 0.2, nth = 1 } }
      assert.equal(1, (counted(function() return assert(place { confirm = true }) end)))
      close_stream()
      client:close()
      exchange:close()
      exchange, client = trading.start({}, { lag = 200 })
      close_stream = listen()
      local requests, order = counted(function() return place { confirm = true } end)
      assert.same({ 1, "New" }, { requests, order.status })
    end)

    it("is that of an order that does not rest once it has ended", function()
      local requests, order = counted(function() return place { type = "Market", price = false and 1 or nil, confirm = true } end)
      assert.same({ 1, "Filled" }, { requests, order.status })
      requests, order = counted(function() return place { time_in_force = "IOC", confirm = true } end)
      assert.same({ 1, "Cancelled" }, { requests, order.status })
    end)

    it("of a change shows the change, of a cancel the end, of a conditional order its trigger", function()
      local ack = assert(place())
      local requests, order = counted(function()
        return client:modify_order { symbol = "BTCUSD", order_id = ack.order_id, new_price = 29100, confirm = true }
      end)
      assert.same({ 1, "29100" }, { requests, (tostring(order.price):gsub("%.0$", "")) })
      requests, order = counted(function()
        return client:cancel_order { symbol = "BTCUSD", order_id = ack.order_id, confirm = true }
      end)
      assert.same({ 1, "Cancelled" }, { requests, order.status })
      requests, order = counted(function()
        return client:place_conditional_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 10,
          base_price = 30000, trigger_price = 31000, confirm = true }
      end)
      assert.same({ 1, "Untriggered", order.order_id }, { requests, order.status, order.stop_order_id })
    end)

    it("does not count when it came before the change", function()
      local ack = assert(place())
      assert(client:modify_order { symbol = "BTCUSD", order_id = ack.order_id, new_price = 29100 })
      assert(client:modify_order { symbol = "BTCUSD", order_id = ack.order_id, new_price = 29000 })
      exchange:advance(1)
      exchange:faults { { "stream_swallow", topic = "order" } }
      local requests, order = counted(function()
        return client:modify_order { symbol = "BTCUSD", order_id = ack.order_id, new_price = 29100, confirm = true }
      end)
      assert.is_true(requests > 1 and order.price:eq(29100), requests)
    end)

    it("may come to a loop of client:follow", function()
      close_stream()
      local step, state, _, closer = client:follow { symbol = "BTCUSD" }
      repeat local event = step(state) until event.kind == "live"
      assert.equal(1, (counted(function() return assert(place { confirm = true }) end)))
      getmetatable(closer).__close(closer)
    end)

    it("may come out of its order", function()
      exchange:faults { { "stream_reorder", topic = "order", nth = 1 } }
      local requests, order = counted(function()
        local ack = assert(place { price = "30000" })
        exchange:set_price("BTCUSD", "29900") -- the fill is told before the order
        return client:await_order { symbol = "BTCUSD", order_id = ack.order_id, timeout = 5 }
      end)
      assert.equal("Filled", order.status)
      assert.is_true(requests <= 3, requests)
    end)
  end)

  describe("that says nothing", function()
    for name, faults in pairs {
      ["since the event is lost"] = { { "stream_swallow", topic = "order" } },
      ["since the line is cut"] = { { "stream_cut", topic = "order", nth = 1 } },
      ["since the line is dead"] = { { "stream_silent", topic = "order", nth = 1 } },
    } do
      it("leads to reading: " .. name, function()
        exchange:faults(faults)
        local before = core.loop.now()
        local requests, order = counted(function() return place { confirm = true } end)
        assert.is_true(requests > 1)
        assert.equal("New", order.status)
        assert.is_true(core.loop.now() - before < 2)
        exchange:faults(false)
      end)
    end

    it("proves nothing: an order that never came is told as before, by the fence", function()
      exchange:faults { { "lost_request", path = "order/create", nth = 1 } }
      local ack, err = place { resend = false, timeout = 1, receive_window = 1000, client_order_id = "never" }
      assert.is_nil(ack)
      assert.same({ "rejected", "fence" }, { err.outcome, err.proof })
    end)

    it("is not asked any more once its last loop has ended", function()
      close_stream()
      local requests = counted(function() return assert(place { confirm = true }) end)
      assert.equal(2, requests)
    end)
  end)

  describe("when an answer is lost", function()
    it("shows that the order lives, and it is not sent again", function()
      exchange:faults { { "lost_answer", path = "order/create", nth = 1 } }
      local requests, ack, err, response = counted(function() return place { timeout = 1 } end)
      assert.is_nil(err)
      assert.same({ 1, 1 }, { requests, response.attempts })
      local open = assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
      assert.same({ 1, ack.order_id }, { #open, open[1].order_id })
      assert.same({}, client:unsettled())
    end)

    it("and the event too, is found out by reading", function()
      exchange:faults { { "lost_answer", path = "order/create", nth = 1 }, { "stream_swallow", topic = "order" } }
      local requests, ack = counted(function() return place { timeout = 1 } end)
      assert.is_true(requests > 1)
      local open = assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
      assert.same({ 1, ack.order_id }, { #open, open[1].order_id })
    end)

    it("shows how a cancelled order ended", function()
      local one, two = assert(place()), assert(place { price = "29900" })
      exchange:faults { { "lost_answer", path = "order/cancel", nth = 1 } }
      local requests, ack = counted(function()
        return client:cancel_order { symbol = "BTCUSD", order_id = one.order_id, timeout = 1 }
      end)
      assert.same({ 1, one.order_id }, { requests, ack.order_id })
      exchange:faults { { "lost_request", path = "order/cancel", nth = 1 } }
      exchange:set_price("BTCUSD", "29800")
      local none, err
      requests, none, err = counted(function()
        return client:cancel_order { symbol = "BTCUSD", order_id = two.order_id, timeout = 1 }
      end)
      assert.same({ 1, "rejected", "read" }, { requests, err.outcome, err.proof })
      assert.is_nil(none)
    end)

    it("is not taken from somebody else's order with the same id", function()
      local other <close> = bybit.client { environment = exchange }
      local theirs = assert(other:place_order(with { client_order_id = "both" }))
      exchange:advance(30)
      exchange:faults { { "lost_answer", path = "order/create", nth = 1 } }
      local ack, err = place { client_order_id = "both", timeout = 1 }
      assert.is_nil(ack)
      assert.same({ "rejected" }, { err.outcome })
      assert.equal(1, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
      assert.truthy(theirs.order_id)
    end)

    it("wakes a call that waits for its fence", function()
      exchange:faults { { "lost_answer", path = "order/create", nth = 1 } }
      local began = core.loop.now()
      local ack = bybit.run(function()
        return place { timeout = 1, resend = false, client_order_id = "woken" }
      end)
      assert.truthy(ack)
      assert.is_true(core.loop.now() - began < 1.5)
    end)
  end)

  describe("wakes await_order", function()
    it("which then asks for nothing", function()
      local ack = assert(place())
      local requests, order = counted(function()
        return bybit.run(function()
          local began = core.loop.now()
          bybit.spawn(function()
            bybit.sleep(4)
            exchange:set_price("BTCUSD", "28000")
          end)
          local found = assert(client:await_order { symbol = "BTCUSD", order_id = ack.order_id, timeout = 60 })
          assert.is_true(core.loop.now() - began < 4.1)
          return found
        end)
      end)
      assert.same({ "Filled", 1 }, { order.status, requests })
    end)

    it("which reads each five seconds beside it, since an event may be lost", function()
      local ack = assert(place())
      exchange:faults { { "stream_swallow", topic = "order" } }
      exchange:set_price("BTCUSD", "28000")
      local requests, order = counted(function()
        return assert(client:await_order { symbol = "BTCUSD", order_id = ack.order_id })
      end)
      assert.equal("Filled", order.status)
      assert.is_true(requests <= 3, requests)
    end)

    it("of an order whose placement has not left yet", function()
      local order = bybit.run(function()
        local waiting = bybit.spawn(function()
          return assert(client:await_order { symbol = "BTCUSD", client_order_id = "soon", state = "open", timeout = 20 })
        end)
        bybit.sleep(1)
        local before = client:stats().requests
        assert(place { client_order_id = "soon" })
        local found = waiting:await()
        assert.equal(before + 1, client:stats().requests)
        return found
      end)
      assert.equal("New", order.status)
    end)

    it("which polls as without it when the line is lost", function()
      close_stream()
      client:close()
      exchange:close()
      exchange, client = trading.start({}, { clock = "real" })
      close_stream = listen()
      local ack = assert(place())
      local order, took = bybit.run(function()
        local began = core.loop.now()
        bybit.spawn(function()
          bybit.sleep(0.2)
          exchange:faults { { "stream_silent", topic = "subscribe" }, { "stream_cut", topic = "order", nth = 1 } }
          exchange:set_price("BTCUSD", "28000")
        end)
        local found = assert(client:await_order { symbol = "BTCUSD", order_id = ack.order_id, timeout = 60 })
        return found, core.loop.now() - began
      end)
      assert.equal("Filled", order.status)
      assert.is_true(took < 4, took)
      exchange:faults(false)
    end)
  end)
end)
