-- `confirm`: reads back the full record of what V5 only acknowledges. On the paper exchange; failing read-backs on a scripted
-- exchange.

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

  it("returns the order as it stands, not only its ids", function()
    local order, err, response = client:place_order(LIMIT)
    assert.is_nil(err)
    assert.equal("New", order.status)
    assert.is_true(order.price:eq("29000.5"))
    assert.is_true(order.quantity:eq(100))
    assert.is_nil(response.unconfirmed)
  end)

  it("can be switched off or on for one call", function()
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

  it("returns conditional orders as conditional orders", function()
    local order = assert(client:place_conditional_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 10,
      base_price = 30000, trigger_price = 31000 })
    assert.equal("Untriggered", order.status)
    assert.is_true(order.trigger_price:eq(31000))
    assert.equal(order.order_id, order.stop_order_id)
  end)

  it("shows the amended order, and how a cancelled order ended", function()
    local order = assert(client:place_order(LIMIT))
    local amended = assert(client:modify_order { symbol = "BTCUSD", order_id = order.order_id, new_price = 29100 })
    assert.is_true(amended.price:eq(29100))
    local before = core.loop.now()
    local ended = assert(client:cancel_order { symbol = "BTCUSD", order_id = order.order_id })
    assert.equal("Cancelled", ended.status)
    assert.is_true(core.loop.now() - before < 1, "once it has ended nothing is waited for")
  end)

  it("returns the record, and says `unchanged`, if everything was already as asked", function()
    local order = assert(client:place_order(LIMIT))
    local same, err, response = client:modify_order { symbol = "BTCUSD", order_id = order.order_id, new_price = "29000.5" }
    assert.is_nil(err)
    assert.equal(order.order_id, same.order_id)
    assert.is_true(response.unchanged)
  end)

  it("returns the position that a trading stop protects", function()
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 10 })
    local position = assert(client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 29000 })
    assert.is_true(position.stop_loss_price:eq(29000))
    assert.is_true(position.signed_quantity:eq(10))
    local again, err, response = client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 29000 }
    assert.is_nil(err)
    assert.is_true(again.stop_loss_price:eq(29000))
    assert.is_true(response.unchanged)
  end)

  it("returns the full orders that a cancel-all cancelled", function()
    for i = 1, 3 do assert(client:place_order(with { quantity = i })) end
    local list = assert(client:cancel_all_orders { symbol = "BTCUSD" })
    assert.equal(3, #list)
    for _, order in ipairs(list) do assert.equal("Cancelled", order.status) end
  end)

  it("returns an empty list if a cancel-all found nothing to cancel", function()
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

for _, api in ipairs { "v5", "v2" } do describe("confirm of a cancel on " .. api, function()
  local exchange, client

  before_each(function() exchange, client = trading.start { confirm = true, api = api } end)
  after_each(function()
    client:close()
    exchange:close()
  end)

  local function with_id(more)
    local p = { symbol = "BTCUSD" }
    for k, v in pairs(more) do p[k] = v end
    return p
  end

  it("gives the final record of an order that was filled meanwhile, which is no change", function()
    local order = assert(client:place_order(with { client_order_id = "gone" }))
    exchange:set_price("BTCUSD", 28000)
    for _, id in ipairs { { order_id = order.order_id }, { client_order_id = "gone" } } do
      local ended, err, response = client:cancel_order(with_id(id))
      assert.is_nil(err)
      assert.same({ "Filled", order.order_id }, { ended.status, ended.order_id })
      assert.is_nil(response.unchanged)
      -- without confirm the exchange's word is told
      local plain, why = client:cancel_order(with_id { order_id = id.order_id, client_order_id = id.client_order_id,
        confirm = false })
      assert.is_nil(plain)
      assert.same({ "not_found", "rejected" }, { why.kind, why.outcome })
    end
  end)

  it("of one that was cancelled already is its final record, and says that nothing changed", function()
    local order = assert(client:place_order(LIMIT))
    assert(client:cancel_order(with_id { order_id = order.order_id }))
    local ended, err, response = client:cancel_order(with_id { order_id = order.order_id })
    assert.is_nil(err)
    assert.same({ "Cancelled", true }, { ended.status, response.unchanged })
  end)

  it("of a conditional order that was triggered and filled is its final record", function()
    local order = assert(client:place_conditional_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 10,
      base_price = 30000, trigger_price = 31000 })
    exchange:set_price("BTCUSD", 31500)
    local ended = assert(client:cancel_conditional_order(with_id { stop_order_id = order.order_id }))
    assert.same({ "Filled", order.order_id }, { ended.status, ended.order_id })
  end)

  it("of an order that never was is the refusal, though it was looked for", function()
    local ended, err = client:cancel_order(with_id { client_order_id = "never" })
    assert.is_nil(ended)
    assert.same({ "not_found", "rejected", "order_not_found" }, { err.kind, err.outcome, err.name })
  end)

  it("whose answer was lost, of an order that had been filled before, is its final record too", function()
    local order = assert(client:place_order(LIMIT))
    exchange:set_price("BTCUSD", 28000)
    exchange:faults { { "lost_answer", path = "order/cancel", nth = 1 } }
    local ended, err = client:cancel_order(with_id { order_id = order.order_id, timeout = 1 })
    assert.is_nil(err)
    assert.equal("Filled", ended.status)
  end)
end) end

describe("a cancel that comes too late", function()
  it("is in the journal as what the exchange said of it", function()
    local path = os.tmpname()
    os.remove(path)
    local exchange, client = trading.start { confirm = true, journal = path }
    finally(function()
      client:close()
      exchange:close()
      for _, ending in ipairs { "", "-wal", "-shm" } do os.remove(path .. ending) end
    end)
    local order = assert(client:place_order(LIMIT))
    exchange:set_price("BTCUSD", 28000)
    assert.equal("Filled", assert(client:cancel_order { symbol = "BTCUSD", order_id = order.order_id }).status)
    local rows = assert(core.client.table(client).journal:select { kind = "cancel", symbol = "BTCUSD", outcome = "rejected" })
    assert.equal(1, #rows)
  end)

  it("of an order that still shows open stays a refusal", function()
    local client <close> = scripted.client(function(request)
      if request.path == "/v5/order/cancel" then return scripted.answer(110001, "{}", "order not exists") end
      return scripted.list(scripted.order())
    end, { confirm = true })
    finally(function() core.loop.real() end)
    local ended, err = client:cancel_order { symbol = "BTCUSD", order_id = "o-1" }
    assert.is_nil(ended)
    assert.same({ "not_found", 110001 }, { err.kind, err.code })
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

  it("says that the order never showed", function()
    local client <close> = scripted.client(function(request)
      if request.path == "/v5/order/create" then return scripted.answer(0, '{"orderId":"o-1"}') end
      return scripted.list()
    end, { confirm = true })
    local ack, _, response = client:place_order(LIMIT)
    assert.equal("o-1", ack.order_id)
    assert.equal("not_found", response.unconfirmed.kind)
  end)
end)
