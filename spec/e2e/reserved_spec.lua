-- Orders under a lease: who has not asked for it adds no risk to them, by whichever method and however the order is
-- named, with a share of either kind and on both wires. Cancels and reductions pass. Nobody holds the lease here: it is enough that
-- somebody has asked for it.

local bybit = require "bybit"
local redis = require "spec.support.redis"
local shares = require "spec.support.shares"

-- A share, and what loses it.
local SHARES = { file = shares.file }

local server, used -- one for all specs, with a share of its own for each
if not redis.missing then
  used = 0
  function SHARES.server()
    server, used = server or redis.start(), used + 1
    return server.url .. "?share=" .. used, function() server:stop() end
  end
end

bybit.declare("send_order", { verb = "POST", path = "/v5/order/create", result = { free = true }, fixed = { { "category" } },
  params = {
  { "symbol", "symbol", "string", required = true }, { "side", "side", "string", required = true },
  { "kind", "orderType", "string", default = "Limit" }, { "quantity", "qty", "string" }, { "price", "price", "string" },
  { "client_order_id", "orderLinkId", "string" } } })

-- An order far from the market.
local function far(id, more)
  local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 10, price = 29000, client_order_id = id }
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

local function raw(more)
  local p = { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "10", price = "29000", timeInForce = "GTC" }
  for k, v in pairs(more) do p[k] = v end
  return p
end

local TRIGGER = { trigger_price = 28000, trigger_direction = "Falling" }

for kind, open in pairs(SHARES) do
  describe(("orders under a lease on a %s"):format(kind), function()
    local exchange, share, lose, clients

    local function new(options)
      options.environment, options.visibility = options.environment or exchange, 0
      local client = bybit.client(options)
      clients[#clients + 1] = client
      return client
    end

    -- The lease becomes known to all who use the share.
    local function ask_for_lease()
      local asks = new { share = { path = share, lease = "mm1" } }
      local _, err = asks:await_lease { timeout = 0.1 }
      assert.has_match("nobody gets the lease 'mm1' for another %d", err.message)
    end

    before_each(function()
      exchange, clients = bybit.paper.start { lag = 0 }, {}
      exchange:set_price("BTCUSD", 30000)
      share, lose = open()
    end)

    after_each(function()
      for _, client in ipairs(clients) do client:close() end
      exchange:close()
      if kind == "file" then os.remove(share) end
    end)

    teardown(function()
      if server and kind == "server" then server:close() end
    end)

    local function refused(result, err)
      assert.is_nil(result)
      assert.same({ "guard", "not_sent" }, { err.kind, err.outcome }, tostring(err))
      assert.has_match("under the lease 'mm1'", err.message, 1, true)
    end

    local function orders(free)
      local list = {}
      for _, order in ipairs(assert(free:get_open_orders_real_time { symbol = "BTCUSD" })) do
        list[#list + 1] = ("%s %s %s"):format(order.client_order_id, order.quantity, order.price)
      end
      table.sort(list)
      return list
    end

    it("stops all who have not asked for it, whatever the call", function()
      local free, other = new {}, new { share = share } -- one without the share does as it likes
      local theirs, mine = assert(free:place_order(far "mm1-a")).order_id, assert(free:place_order(far "x-a")).order_id
      local waits = assert(free:place_conditional_order(far("mm1-b", TRIGGER))).order_id
      ask_for_lease()
      local before = orders(free)
      refused(other:place_order(far "mm1-c"))
      refused(other:place_conditional_order(far("mm1-c", TRIGGER)))
      refused(other:place_multiple_orders { far "x-c", far "mm1-c" })
      refused(other:modify_order { symbol = "BTCUSD", client_order_id = "mm1-a", new_price = 29500 })
      refused(other:modify_order { symbol = "BTCUSD", order_id = theirs, new_price = 29500 })
      refused(other:modify_order { symbol = "BTCUSD", order_id = theirs, new_quantity = 11 })
      refused(other:modify_conditional_order { symbol = "BTCUSD", order_id = waits, new_quantity = 11 })
      refused(other:modify_multiple_orders { { symbol = "BTCUSD", order_id = mine, new_quantity = 11 },
        { symbol = "BTCUSD", order_id = theirs, new_quantity = 11 } })
      refused(other:send_order { symbol = "BTCUSD", side = "Buy", quantity = "10", price = "29000", client_order_id = "mm1-c" })
      local path = "/v5/order/"
      refused(other:request("POST", path .. "create", raw { orderLinkId = "mm1-c" }))
      refused(other:request("POST", path .. "create-batch",
        { request = { raw { orderLinkId = "x-c" }, raw { orderLinkId = "mm1-c" } } }))
      refused(other:request("POST", path .. "amend", { symbol = "BTCUSD", orderId = theirs, price = "29500" }))
      refused(other:request("POST", path .. "amend",
        { symbol = "BTCUSD", orderId = theirs, orderLinkId = "x-a", price = "29500" }))
      refused(other:request("POST", path .. "amend-batch",
        { request = { { symbol = "BTCUSD", orderId = theirs, price = "29500" } } }))
      refused(other:request("POST", "/v5/spread/order/create", { legs = { { orderLinkId = "mm1-c" } } }))
      assert.same(before, orders(free))
    end)

    it("lets through what is not under it, and what takes risk away", function()
      local free, other = new {}, new { share = share }
      local theirs, mine = assert(free:place_order(far "mm1-a")).order_id, assert(free:place_order(far "x-a")).order_id
      assert(free:place_order(far("mm1-b", { type = "Market", price = nil })))
      ask_for_lease()
      assert(other:place_order(far "mm1x-c"))
      local own = assert(other:place_order(far "x-d")).order_id
      assert(other:modify_order { symbol = "BTCUSD", order_id = mine, new_price = 29100 })
      assert(other:request("POST", "/v5/order/amend", { symbol = "BTCUSD", orderId = mine, price = "29200" }))
      assert(other:modify_order { symbol = "BTCUSD", order_id = theirs, new_quantity = 5 })
      assert(other:place_order(far("mm1-e", { side = "Sell", price = 40000, reduce_only = true })))
      assert(other:set_leverage { symbol = "BTCUSD", buy_leverage = 7, sell_leverage = 7 })
      assert.same({ "mm1-a 5 29000", "mm1-e 10 40000", "mm1x-c 10 29000", "x-a 10 29200", "x-d 10 29000" }, orders(free))
      assert(other:cancel_order { symbol = "BTCUSD", order_id = theirs })
      local requests = other:stats().requests
      assert(other:modify_order { symbol = "BTCUSD", order_id = own, new_price = 29300 }) -- it has placed that one
      assert(other:modify_order { symbol = "BTCUSD", order_id = mine, new_price = 29300 }) -- and has read this one
      assert.equal(requests + 2, other:stats().requests)
    end)

    it("stops changes of an order that cannot be read, since it may be under it", function()
      local other = new { share = share }
      ask_for_lease()
      assert(other:get_position { symbol = "BTCUSD" }) -- with each answer a server tells the leases
      local result, err = other:modify_order { symbol = "BTCUSD", order_id = "no-such-order", new_price = 29500 }
      refused(result, err)
      assert.equal("order 'no-such-order' could not be read, and may be under the lease 'mm1': name its client_order_id",
        err.message)
    end)

    it("stops a call that waited while somebody asked for the lease", function()
      local free, other = new {}, new { share = share, in_flight = 2 } -- one of these is for cancels
      local theirs, mine = assert(free:place_order(far "mm1-a")).order_id, assert(free:place_order(far "x-a")).order_id
      exchange:faults { { "delay", seconds = 0.3, path = "order/amend", nth = 1 } }
      bybit.run(function()
        local first = bybit.spawn(other.modify_order, other, { symbol = "BTCUSD", order_id = mine, new_price = 29500 })
        local second = bybit.spawn(other.modify_order, other, { symbol = "BTCUSD", order_id = theirs, new_price = 29500 })
        bybit.sleep(0.05)
        ask_for_lease()
        assert(first:await())
        local _, err = second:await()
        assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
        assert.equal("another lease became known while the call waited, 'mm1', and its order may be under it: "
          .. "make the call again", err.message)
        refused(other:modify_order { symbol = "BTCUSD", order_id = theirs, new_price = 29500 })
      end)
    end)

    it("holds on the other wire", function()
      local free, other = new { api = "v2" }, new { api = "v2", share = share }
      local function v2(id) return far(id, { time_in_force = "GTC" }) end
      local theirs, mine = assert(free:place_order(v2 "mm1-a")).order_id, assert(free:place_order(v2 "x-a")).order_id
      ask_for_lease()
      refused(other:place_order(v2 "mm1-c"))
      refused(other:modify_order { symbol = "BTCUSD", order_id = theirs, new_price = 29500 })
      refused(other:request("POST", "/v2/private/order/create", { symbol = "BTCUSD", side = "Buy", order_type = "Limit", qty = 10,
        price = 29000, time_in_force = "GTC", order_link_id = "mm1-c" }))
      assert(other:modify_order { symbol = "BTCUSD", order_id = mine, new_price = 29500 })
      assert(other:place_order(v2 "x-c"))
    end)

    it("holds also when the share is lost", function()
      local other = new { share = { path = share, on_loss = "alone" } }
      ask_for_lease()
      refused(other:place_order(far "mm1-c"))
      lose()
      bybit.sleep(0.02)
      refused(other:place_order(far "mm1-c"))
      assert.is_truthy(other:stats().share.lost)
      assert(other:place_order(far "x-c"))
    end)
  end)
end

if redis.missing then
  describe("orders under a lease on a server", function()
    it("are tried with a real one", function() pending(redis.missing) end)
  end)
end
