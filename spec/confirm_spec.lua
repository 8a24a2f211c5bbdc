-- `confirm`: what V5 only acknowledges is read back in full. On the paper exchange, and where a read-back fails on a
-- scripted one.

local bybit = require "bybit"
local core = require "bybit.core"
local scripted = require "spec.support.scripted_exchange"
local trading = require "spec.support.trading"

local LIMIT = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "29000.5" }

local function with(more)
  local p = {}
  for k, v in pairs(LIMIT) do p[k] = v end
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

describe("confirm", function()
  local exchange, client

  before_each(function() exchange, client = trading.start { confirm = true } end)
  after_each(function()
    client:close()
    exchange:close()
  end)

  it("gives the order as it stands, in place of its ids", function()
    local order, err, response = client:place_order(LIMIT)
    assert.is_nil(err)
    assert.equal("New", order.status)
    assert.is_true(order.price:eq("29000.5"))
    assert.is_true(order.quantity:eq(100))
    assert.is_nil(response.unconfirmed)
  end)

  it("can be left out of a call, or asked for by one", function()
    local ack = assert(client:place_order(with { confirm = false }))
    assert.is_nil(rawget(ack, "status"))
    local plain <close> = bybit.client { environment = exchange }
    assert.is_nil(rawget(assert(plain:place_order(LIMIT)), "status"))
    assert.equal("New", assert(plain:place_order(with { confirm = true })).status)
  end)

  it("shows a market order filled, a PostOnly that would take cancelled", function()
    assert.equal("Filled", assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 10 }).status)
    local order = assert(client:place_order(with { price = 30500, time_in_force = "PostOnly" }))
    assert.equal("Cancelled", order.status)
    assert.equal("EC_PostOnlyWillTakeLiquidity", order.reject_reason)
  end)

  it("gives conditional orders as such", function()
    local order = assert(client:place_conditional_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 10,
      base_price = 30000, trigger_price = 31000 })
    assert.equal("Untriggered", order.status)
    assert.is_true(order.trigger_price:eq(31000))
    assert.equal(order.order_id, order.stop_order_id)
  end)

  it("shows the amended order, and of a cancelled one its end", function()
    local order = assert(client:place_order(LIMIT))
    local amended = assert(client:modify_order { symbol = "BTCUSD", order_id = order.order_id, new_price = 29100 })
    assert.is_true(amended.price:eq(29100))
    local ended = assert(client:cancel_order { symbol = "BTCUSD", order_id = order.order_id })
    assert.equal("Cancelled", ended.status)
  end)

  it("of what was already as asked gives the record, and says so", function()
    local order = assert(client:place_order(LIMIT))
    local same, err, response = client:modify_order { symbol = "BTCUSD", order_id = order.order_id, new_price = "29000.5" }
    assert.is_nil(err)
    assert.equal(order.order_id, same.order_id)
    assert.is_true(response.unchanged)
  end)

  it("gives the position that a trading stop protects", function()
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 10 })
    local position = assert(client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 29000 })
    assert.is_true(position.stop_loss_price:eq(29000))
    assert.is_true(position.signed_quantity:eq(10))
    local again, err, response = client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 29000 }
    assert.is_nil(err)
    assert.is_true(again.stop_loss_price:eq(29000))
    assert.is_true(response.unchanged)
  end)

  it("gives the cancelled orders of a cancel-all in full", function()
    for i = 1, 3 do assert(client:place_order(with { quantity = i })) end
    local list = assert(client:cancel_all_orders { symbol = "BTCUSD" })
    assert.equal(3, #list)
    for _, order in ipairs(list) do assert.equal("Cancelled", order.status) end
  end)

  it("of a cancel-all that found nothing to do is an empty list", function()
    exchange:faults { { "code", code = 34040, path = "order/cancel-all", nth = 1 } }
    local list, err, response = client:cancel_all_orders({ symbol = "BTCUSD" })
    assert.is_nil(err)
    assert.same({ 0, true }, { #list, response.unchanged })
  end)

  it("does not hide a refusal", function()
    local order, err = client:place_order(with { quantity = 999999999 })
    assert.is_nil(order)
    assert.equal("rejected", err.outcome)
  end)

  it("waits for an order that shows late", function()
    client:close()
    exchange:close()
    exchange, client = trading.start({ confirm = true }, { lag = 200 })
    assert.equal("New", assert(client:place_order(LIMIT)).status)
  end)
end)

describe("a read-back that fails", function()
  after_each(function() core.loop.real() end)

  it("never turns a placed order into an error", function()
    local client <close> = scripted.client(function(request)
      if request.path == "/v5/order/create" then return scripted.answer(0, '{"orderId":"o-1"}') end
      return { status = 200, body = "<html>" }
    end, { confirm = true })
    local ack, err, response = client:place_order(LIMIT)
    assert.is_nil(err)
    assert.equal("o-1", ack.order_id)
    assert.equal("decode", response.unconfirmed.kind)
  end)

  it("says when the order never showed", function()
    local client <close> = scripted.client(function(request)
      if request.path == "/v5/order/create" then return scripted.answer(0, '{"orderId":"o-1"}') end
      return scripted.list()
    end, { confirm = true })
    local ack, _, response = client:place_order(LIMIT)
    assert.equal("o-1", ack.order_id)
    assert.equal("not_found", response.unconfirmed.kind)
  end)
end)
