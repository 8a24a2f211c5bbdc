-- Calls on the v2 wire whose answers are lost: each is settled on the paper exchange, in virtual time, by the ways of finding
-- orders in wire/v2/init.lua.

local core = require "bybit.core"
local asked = require "spec.support.asked"
local trading = require "spec.support.trading"
local v2 = require "spec.support.v2_client"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

describe("a call of unknown outcome on the v2 wire", function()
  local exchange, client

  before_each(function() exchange, client = trading.start { api = "v2" } end)
  after_each(function()
    client:close()
    exchange:close()
  end)

  -- What exists before the call; the call; and what must be true after it, for its result and on the exchange.
  local CASES = {
    { "place_order", "order/create", nil, function() return limit { client_order_id = "a" } end,
      function(result)
        assert.equal("a", result.client_order_id)
        assert.equal(1, #exchange:books().orders)
      end },
    { "place_conditional_order", "stop-order/create", nil, function() return conditional { client_order_id = "k" } end,
      function(result)
        assert.equal("k", result.client_order_id)
        assert.equal(1, #exchange:books().orders)
      end },
    { "modify_order", "order/replace", function() return client:place_order(limit()) end,
      function(placed) return of { order_id = placed.order_id, new_price = 28000, new_quantity = 50 } end,
      function(result)
        local order = exchange:books().orders[1]
        assert.same({ order.order_id, "50" }, { result.order_id, order.quantity })
      end },
    { "modify_conditional_order", "stop-order/replace", function() return client:place_conditional_order(conditional()) end,
      function(placed) return of { stop_order_id = placed.order_id, new_trigger_price = 28000 } end,
      function(result)
        local order = exchange:books().orders[1]
        assert.same({ order.order_id, "28000" }, { result.stop_order_id, order.trigger_price })
      end },
    { "cancel_order", "order/cancel", function() return client:place_order(limit()) end,
      function(placed) return of { order_id = placed.order_id } end,
      function(result)
        assert.equal(exchange:books().orders[1].order_id, result.order_id)
        assert.equal("Cancelled", exchange:books().orders[1].status)
      end },
    { "cancel_conditional_order", "stop-order/cancel", function() return client:place_conditional_order(conditional()) end,
      function(placed) return of { stop_order_id = placed.order_id } end,
      function(result)
        assert.equal(exchange:books().orders[1].order_id, result.stop_order_id)
        assert.equal("Deactivated", exchange:books().orders[1].status)
      end },
    { "cancel_all_orders", "order/cancelAll", function() return client:place_order(limit()) end, function() return of() end,
      function() assert.equal("Cancelled", exchange:books().orders[1].status) end },
    { "cancel_all_conditional_orders", "stop-order/cancelAll", function()
      return client:place_conditional_order(conditional())
    end, function() return of() end, function() assert.equal("Deactivated", exchange:books().orders[1].status) end },
    { "set_trading_stop", "position/trading-stop", function()
      return client:place_order(of { side = "Buy", type = "Market", quantity = 100 })
    end, function() return of { take_profit_price = 33000, stop_loss_price = 28000, deadline = 60 } end,
      function(result)
        assert.is_true(result.take_profit_price:eq(33000) and result.stop_loss_price:eq(28000))
        local stops = assert(client:get_open_conditional_orders_real_time(of()))
        assert.equal(2, #stops)
      end },
  }

  for _, fault in ipairs { { "lost_answer" }, { "lost_request" }, { "http", status = 502, executed = true },
    { "code", code = 10016, executed = true }, { "code", code = 10016 }, { "cut", at = 40 } } do
    for _, case in ipairs(CASES) do
      local what = table.concat({ fault[1], fault.executed and "executed" or nil }, ", ")
      it(("is settled: %s, %s"):format(case[1], what), function()
        local before = case[3] and assert(case[3]())
        exchange:advance(10) -- so that the orders are older than the call
        local rule = { path = case[2], nth = { 1, 2 } }
        for k, v in pairs(fault) do rule[k] = v end
        exchange:faults { rule }
        local result, err = client[case[1]](client, case[4](before))
        assert.is_nil(err)
        case[5](result)
      end)
    end
  end

  it("is proved not to have happened after the fence, if nothing may be sent again", function()
    exchange:faults { { "lost_request", path = "order/create" } }
    local placed, err = client:place_order(limit { resend = false })
    assert.is_nil(placed)
    assert.same({ "rejected", "fence" }, { err.outcome, err.proof })
    assert.equal(0, #exchange:books().orders)
  end)

  it("stays unknown when the exchange cannot be asked, and is resolved later", function()
    exchange:faults { { "lost_answer", path = "order/create", nth = 1 }, { "lost_request", times = 1000 } }
    local placed, err = client:place_order(limit { client_order_id = "later", deadline = 3 })
    assert.is_nil(placed)
    assert.equal("unknown", err.outcome)
    assert.equal(1, #client:unsettled())
    exchange:faults(false)
    local order = assert(client:resolve(err))
    assert.same({ "later", "New" }, { order.client_order_id, order.status })
    assert.equal(0, #client:unsettled())
  end)

  it("about an old order is settled although the first pages of the list hold newer ones", function()
    local old = assert(client:place_order(limit { client_order_id = "old" }))
    for _ = 1, 120 do assert(client:cancel_order(of { order_id = assert(client:place_order(limit())).order_id })) end
    exchange:advance(60)
    exchange:faults { forget = 0, { "lost_answer", path = "order/cancel", nth = 1 } }
    local ack, err = client:cancel_order(of { order_id = old.order_id })
    assert.is_nil(err)
    assert.equal(old.order_id, ack.order_id)
    assert.equal("Cancelled", exchange:books().orders[1].status)
  end)

  it("stays unknown if the lists are too long to be read to their end", function()
    local old = assert(client:place_order(limit { client_order_id = "old" }))
    for _ = 1, 510 do assert(client:place_order(limit())) end
    exchange:advance(60)
    exchange:faults { forget = 0, { "lost_answer", path = "order/cancel", nth = 1 } }
    local ack, err = client:cancel_order(of { order_id = old.order_id })
    assert.is_nil(ack)
    assert.equal("unknown", err.outcome)
  end)

  it("about an amendment is settled through the list of conditional orders once the order was triggered", function()
    for n, fault in ipairs { "lost_answer", "lost_request" } do
      local id = assert(client:place_conditional_order(conditional { trigger_price = 29000 - n })).order_id
      exchange:advance(1)
      exchange:faults { { fault, path = "stop-order/replace", nth = 1 }, { "lost_request" } }
      local changed, err = client:modify_conditional_order(of { stop_order_id = id, new_trigger_price = 29500, deadline = 2 })
      assert.is_nil(changed)
      assert.equal("unknown", err.outcome)
      exchange:set_price("BTCUSD", "28900")
      exchange:faults(false)
      local result, why = client:resolve(err)
      -- it was triggered since, so a missing new price proves nothing
      if n == 1 then assert.equal(id, result.order_id) else assert.same({ nil, "unknown" }, { result, why.outcome }) end
      exchange:set_price("BTCUSD", "30000")
    end
  end)

  it("about an order that was triggered meanwhile is settled among the active orders", function()
    exchange:faults { { "lost_answer", path = "stop-order/create", nth = 1 },
      { "lost_request", path = "stop-order/create" } }
    local placed, err = client:place_conditional_order(conditional { client_order_id = "t", deadline = 1 })
    assert.is_nil(placed)
    exchange:set_price("BTCUSD", "29000")
    exchange:faults(false)
    local order = assert(client:resolve(err))
    assert.same({ "t", "Filled" }, { order.client_order_id, order.status })
  end)
end)

describe("on the v2 wire", function()
  it("a call waits for a rate limit as long as the answer says", function()
    local exchange, client = trading.start({ api = "v2" }, { limits = { ["v2/order"] = 2 } })
    finally(function()
      client:close()
      exchange:close()
    end)
    local began = exchange:now()
    for _ = 1, 3 do assert(client:place_order(limit { deadline = 90 })) end
    assert.is_true(exchange:now() - began >= 60000)
    assert.is_true(exchange:now() - began < 75000)
  end)

  it("an order that was placed without its stop, and whose answer has no order, is looked up and returned", function()
    local answers, n = {}, 0
    answers[1] = '{"ret_code":130149,"ret_msg":"order created, set tp sl failed","result":null,"time_now":"1655708182.1"}'
    answers[2] = '{"ret_code":30089,"ret_msg":"order_link_id is repeated","result":null,"time_now":"1655708182.2"}'
    answers[3] = v2.ok('{"order_id":"a","order_link_id":"x1","symbol":"BTCUSD","side":"Buy","qty":100,'
      .. '"order_status":"New","created_at":"2022-06-20T06:56:22.500Z"}')
    local client <close> = v2.client(function()
      n = n + 1
      return assert(answers[n], "asked too often")
    end)
    local order, err, response = client:place_order(limit { client_order_id = "x1", stop_loss_price = 27000 })
    assert.is_nil(err)
    assert.same({ "a", "New" }, { order.order_id, order.status })
    assert.is_nil(order.stop_loss_price)
    assert.equal("order created, set tp sl failed", response.flaw)
  end)

  it("a stop for a part, if the account is in Partial mode, is looked for and never sent again", function()
    core.loop.virtual(1655708182000)
    finally(function() core.loop.real() end)
    for _, made in ipairs { true, false } do
      local sent = 0
      local function ok(result) -- at this moment of the virtual clock
        return (v2.ok(result):gsub('"time_now":"[^"]+"', ('"time_now":"%d.000"'):format(core.loop.wall() // 1000)))
      end
      local client <close> = v2.client(function(request)
        local path = v2.parse(request).path
        if path:find "trading%-stop$" then
          sent = sent + 1
          return "<html>"
        elseif path:find "position/list$" then
          return ok '{"symbol":"BTCUSD","side":"Buy","size":100,"tp_sl_mode":"Partial","stop_loss":"0"}'
        elseif path:find "stop%-order$" then
          return ok(made and '[{"symbol":"BTCUSD","order_id":"s-1","stop_px":"28000","order_status":"Untriggered",'
            .. '"created_at":"2022-06-20T06:56:22.500Z"}]' or "[]")
        end
        return ok(made and '{"data":[{"stop_order_id":"s-1","symbol":"BTCUSD","stop_px":"28000","stop_order_status":'
          .. '"Untriggered","stop_order_type":"PartialStopLoss","created_at":"2022-06-20T06:56:22.500Z"}],"cursor":""}'
          or '{"data":[],"cursor":""}')
      end)
      local result, err = client:set_trading_stop(of { stop_loss_price = 28000 })
      assert.equal(made, result ~= nil, tostring(err))
      if not made then assert.same({ "rejected", "fence" }, { err.outcome, err.proof }) end
      assert.equal(1, sent)
    end
  end)
end)
