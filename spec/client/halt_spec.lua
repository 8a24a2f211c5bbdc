-- client:halt: new risk is refused from that moment on, also where it waits in line, is about to be sent again, or waits for its
-- commit; what takes risk away passes.

local asked = require "spec.support.asked"
local bybit = require "bybit"
local journals = require "spec.support.journals"
local scripted = require "spec.support.scripted_exchange"
local core = require "bybit.core"
local trading = require "spec.support.trading"

local limit, conditional, of = asked.limit, asked.conditional, asked.of

for _, api in ipairs { "v5", "v2" } do
  for _, guard in ipairs { false, { max_position = 100000 } } do
    describe(("a halted client on the %s wire, %s rails,"):format(api, guard and "with" or "without"), function()
      local exchange, client

      before_each(function() exchange, client = trading.start { api = api, guard = guard or nil } end)

      after_each(function()
        local mistakes = exchange:errors()
        client:close()
        exchange:close()
        assert.same({}, mistakes)
      end)

      local function refused(method, ...)
        local result, err = client[method](client, ...)
        assert.is_nil(result)
        assert.same({ "guard", "not_sent", "the client is halted (too many losses): client:resume() takes that back" },
          { err.kind, err.outcome, err.message })
      end

      it("sends nothing that adds risk, until it is resumed", function()
        local resting = assert(client:place_order(limit { quantity = 100 }))
        client:halt "too many losses"
        assert.equal("the client is halted (too many losses): client:resume() takes that back", client:stats().halted)
        local orders = exchange:books().orders
        refused("place_order", limit())
        refused("place_conditional_order", conditional())
        refused("modify_order", of { order_id = resting.order_id, new_price = "29001" })
        refused("modify_order", of { order_id = resting.order_id, new_quantity = 101 })
        refused("modify_order", of { order_id = resting.order_id, new_quantity = 50, new_price = "29001" })
        refused("set_trading_stop", of { stop_loss_price = 0 })
        refused("request", "POST", api == "v5" and "/v5/order/create" or "/v2/private/order/create", { symbol = "BTCUSD" })
        refused("request", "POST", "/v5/position/set-leverage", { symbol = "BTCUSD", buyLeverage = "100", sellLeverage = "100" })
        assert.same(orders, exchange:books().orders)
        client:resume()
        assert.is_nil(client:stats().halted)
        assert(client:place_order(limit()))
        assert(client:modify_order(of { order_id = resting.order_id, new_quantity = 101 }))
      end)

      it("still cancels, reduces, protects and reads", function()
        assert(client:place_order(of { side = "Buy", type = "Market", quantity = 1000 }))
        local resting = assert(client:place_order(limit { quantity = 100 }))
        local closing = assert(client:place_order(of { side = "Sell", type = "Limit", quantity = 10, price = 32000,
          reduce_only = true }))
        client:halt "too many losses"
        assert(client:modify_order(of { order_id = resting.order_id, new_quantity = 60 }))
        if api == "v5" then -- v2 does not show which orders may only reduce
          assert(client:modify_order(of { order_id = closing.order_id, new_price = 31500 }))
        end
        assert(client:get_open_orders_real_time(of {}))
        assert(client:set_trading_stop(of { stop_loss_price = 29500 }))
        assert(client:place_order(of { side = "Sell", type = "Limit", quantity = 400, price = 31000, reduce_only = true }))
        assert(client:place_conditional_order(conditional { quantity = 100, close_on_trigger = true }))
        assert(client:cancel_order(of { order_id = resting.order_id }))
        assert(client:cancel_all_orders(of {}))
        assert(client:place_order(of { side = "Sell", type = "Market", quantity = 1000, reduce_only = true }))
        local p = exchange:books().positions.BTCUSD
        assert.equal("0", p.quantity)
      end)
    end)
  end
end

describe("client:halt", function()
  after_each(function() core.loop.real() end)

  it("ends calls at once that wait for a rate limit, and none that takes risk away", function()
    local client <close>, requests = scripted.client(function(request)
      return scripted.answer(0, ('{"orderId":"%s","orderLinkId":"%s"}'):format(request.params.orderId or "o-" .. request.n,
        request.params.orderLinkId or ""))
    end, { rate = { ["order/create"] = 1, ["order/cancel"] = 1 } })
    local ended = {}
    bybit.run(function()
      local function call(name, method, params)
        bybit.spawn(function()
          local result, err = client[method](client, asked.of(params))
          ended[name] = { result and "ok" or err.kind, err and err.outcome, core.loop.wall() - scripted.START }
        end)
      end
      for i = 1, 3 do call("order " .. i, "place_order", limit { price = 29000 + i }) end
      for i = 1, 3 do call("cancel " .. i, "cancel_order", { order_id = "o-" .. i }) end
      bybit.sleep(0)
      bybit.sleep(0)
      client:halt "enough"
    end)
    assert.same({ "ok" }, { ended["order 1"][1] })
    for i = 2, 3 do assert.same({ "guard", "not_sent", 0 }, ended["order " .. i]) end
    for i = 1, 3 do assert.equal("ok", ended["cancel " .. i][1]) end
    local created = 0
    for _, request in ipairs(requests) do created = created + (request.path == "/v5/order/create" and 1 or 0) end
    assert.equal(1, created)
  end)

  it("ends a change that waits for an earlier change of the same order", function()
    local halted = false
    local client <close>, requests = scripted.client(function(request)
      if request.path == "/v5/order/amend" then return scripted.lost() end
      return scripted.list(scripted.order { orderId = "o-1", updatedTime = tostring(core.loop.wall()) })
    end)
    local first, second
    bybit.run(function()
      bybit.spawn(function() first = { client:modify_order(of { order_id = "o-1", new_price = 29000, deadline = 3 }) } end)
      bybit.spawn(function() second = { client:modify_order(of { order_id = "o-1", new_price = 29001 }) } end)
      bybit.sleep(1)
      halted = true
      client:halt "enough"
    end)
    assert.is_true(halted)
    assert.same({ "guard", "not_sent" }, { second[2].kind, second[2].outcome })
    assert.equal("unknown", first[2].outcome, "what was sent is not called back")
    local amended = 0
    for _, request in ipairs(requests) do amended = amended + (request.path == "/v5/order/amend" and 1 or 0) end
    assert.equal(1, amended)
  end)

  it("keeps an order of unknown outcome from being sent again, and the call tells what became of it", function()
    local created, client = 0, nil
    client = scripted.client(function(request)
      if request.path ~= "/v5/order/create" then return scripted.list() end
      created = created + 1
      client:halt "enough"
      return scripted.lost()
    end)
    local _, err = client:place_order(limit { deadline = 60 })
    client:close()
    assert.equal(1, created)
    assert.same({ "timeout", "rejected", "fence" }, { err.kind, err.outcome, err.proof })
  end)

  it("stops what waits for its commit, and the journal says so", function()
    local path = journals.path(finally)
    local exchange, client = trading.start { journal = path }
    local err
    bybit.run(function()
      bybit.spawn(function() err = select(2, client:place_order(limit())) end)
      bybit.spawn(function() client:halt "enough" end)
    end)
    assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
    assert.equal(0, #exchange:books().orders)
    client:close()
    local again = bybit.client { environment = exchange, journal = path, rate = false }
    assert.same({}, again:unsettled())
    again:close()
    exchange:close()
  end)

  it("raises without a reason", function()
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" } }
    for _, reason in ipairs { "", " ", 5, false } do
      local ok, message = pcall(client.halt, client, reason)
      assert.is_false(ok)
      assert.truthy(message:find('halt: a reason expected, such as client:halt "too many losses"', 1, true), message)
    end
    client:resume()
  end)
end)
