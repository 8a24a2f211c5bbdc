-- The price limit of limit orders, applied as it is announced. From the V5 documentation:
--   The highest price to buy at is min(mark (1 + Y), max(index, mark (1 + X) + max(0, P))), the lowest to sell at is its mirror;
--   market/price-limit tells both. X is 1 % and Y 2 % here; at a premium P of 0 and one price of 30000: 30300 and 29700.
--   "By default, a futures price beyond the limit is adjusted to the limit" (account/set-limit-px-action: modifyEnable true);
--   with modifyEnable false the order is refused, 110003. It concerns an order when it becomes active: one that waits for a trigger is
--   asked at its trigger. What ends there for its price has the rejectReason EC_ReachRiskPriceLimit.
-- And from the v2 documentation (place active order: price): without a position the price must be above 10 % of the last price.

local bybit = require "bybit"
local wire = require "spec.support.paper_wire"

describe("the price limit", function()
  local exchange, caller

  before_each(function() exchange, caller = wire.start() end) -- a new one: the switch is the account's

  after_each(function()
    assert.same({}, exchange:errors())
    caller:hang_up()
    exchange:close()
  end)

  local function limits() return caller:must("GET", "market/price-limit", { symbol = "BTCUSD" }) end

  local function refuse(on)
    caller:must("POST", "account/set-limit-px-action", { category = "inverse", modifyEnable = not on })
  end

  local function code_of(path, fields)
    local p = { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "10", timeInForce = "GTC" }
    for k, v in pairs(fields) do p[k] = v end
    return caller:post(path, p).retCode
  end

  it("moves a price, both ways, and the order trades at the book's price inside it", function()
    assert.same({ "30300.0", "29700.0" }, { limits().buyLmt, limits().sellLmt })
    local sell = caller:order(caller:place { side = "Sell", price = "0.5", qty = "10" })
    assert.same({ "29700.0", "Filled", "29999.50000000" }, { sell.price, sell.orderStatus, sell.avgPrice })
    local buy = caller:order(caller:place { price = "999999.5", qty = "10" })
    assert.same({ "30300.0", "Filled", "30000.50000000" }, { buy.price, buy.orderStatus, buy.avgPrice })
  end)

  it("never lets an order trade beyond it, however deep it goes", function()
    caller:place { side = "Sell", price = "0.5", qty = "1000000" }
    for _, t in ipairs(caller:must("GET", "execution/list", { symbol = "BTCUSD", limit = 100 }).list) do
      assert.is_true(tonumber(t.execPrice) >= 29700)
    end
  end)

  it("leaves a price alone that is at it, or on the other side", function()
    assert.equal("100.0", caller:order(caller:place { price = "100.0", qty = "1" }).price)
    assert.equal("900000.0", caller:order(caller:place { side = "Sell", price = "900000.0" }).price)
    assert.equal("30300.0", caller:order(caller:place { price = "30300.0", timeInForce = "IOC" }).price)
  end)

  it("refuses where that is switched on, in batches too, and the order is none", function()
    refuse(true)
    assert.equal(110003, code_of("order/create", { price = "30300.5" }))
    assert.equal(0, code_of("order/create", { price = "30300", timeInForce = "IOC" }))
    local done = caller:post("order/create-batch", { request = { { symbol = "BTCUSD", side = "Sell", orderType = "Limit",
      qty = "10", price = "29699.5" } } })
    assert.equal(110003, done.retExtInfo.list[1].code)
    assert.equal(1, #exchange:books().orders)
    refuse(false)
    assert.equal(0, code_of("order/create", { price = "30300.5", timeInForce = "IOC" }))
  end)

  it("holds for an amended price", function()
    local id = caller:place { price = "29000" }
    refuse(true)
    assert.equal(110003, code_of("order/amend", { orderId = id, price = "31000" }))
    assert.equal("29000", caller:order(id).price)
    refuse(false)
    assert.equal(0, code_of("order/amend", { orderId = id, price = "31000" }))
    assert.same({ "30300.0", "Filled" }, { caller:order(id).price, caller:order(id).orderStatus })
  end)

  it("asks a conditional order at its trigger, by the prices of then", function()
    local high = caller:place { triggerPrice = "30500", triggerDirection = 1, price = "40000", qty = "10" }
    local low = caller:place { side = "Sell", triggerPrice = "29000", triggerDirection = 2, price = "0.5", qty = "20" }
    assert.equal("40000", caller:order(high).price)
    exchange:set_price("BTCUSD", "30500")
    assert.same({ "30805.0", "Filled", "30500.50000000" }, { caller:order(high).price, caller:order(high).orderStatus,
      caller:order(high).avgPrice }) -- 30500 * 1.01
    exchange:set_price("BTCUSD", "29000")
    assert.same({ "28710.0", "Filled" }, { caller:order(low).price, caller:order(low).orderStatus })
  end)

  it("ends a conditional order at its trigger where it is to refuse", function()
    local high = caller:place { triggerPrice = "30500", triggerDirection = 1, price = "40000", qty = "10" }
    local fair = caller:place { triggerPrice = "30500", triggerDirection = 1, price = "30600", qty = "10" }
    refuse(true)
    exchange:set_price("BTCUSD", "30500")
    local o = caller:order(high)
    assert.same({ "Cancelled", "EC_ReachRiskPriceLimit", "0" }, { o.orderStatus, o.rejectReason, o.cumExecQty })
    assert.equal("Filled", caller:order(fair).orderStatus)
  end)

  it("holds for a take profit that is a limit order", function()
    caller:place { orderType = "Market", qty = "100" }
    caller:must("POST", "position/trading-stop", { symbol = "BTCUSD", tpslMode = "Partial", positionIdx = 0, takeProfit = "30500",
      tpOrderType = "Limit", tpLimitPrice = "25000", tpSize = "100" })
    local id = caller:must("GET", "order/realtime", { symbol = "BTCUSD", orderFilter = "StopOrder" }).list[1].orderId
    exchange:set_price("BTCUSD", "30500")
    assert.same({ "30195.0", "Filled", "30499.50000000" }, { caller:order(id).price, caller:order(id).orderStatus,
      caller:order(id).avgPrice }) -- 30500 * 0.99
  end)

  it("does not concern market orders, whose bound is their own", function()
    refuse(true)
    assert.equal("Filled", caller:order(caller:place { orderType = "Market", qty = "10" }).orderStatus)
  end)

  describe("on the v2 wire", function()
    local client

    before_each(function() client = bybit.client { environment = exchange, api = "v2" } end)
    after_each(function() client:close() end)

    local function place(side, price)
      return client:place_order { symbol = "BTCUSD", side = side, type = "Limit", quantity = 10, price = price }
    end

    it("moves a price too", function()
      local ack = assert(place("Sell", "3000.5"))
      local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
      assert.same({ "29700", "Filled" }, { tostring(order.price:key()), order.status })
      ack = assert(place("Buy", "999999.5"))
      order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
      assert.same({ "30300", "Filled" }, { tostring(order.price:key()), order.status })
    end)

    it("refuses a price of 10 % of the last one or less, without a position", function()
      for _, side in ipairs { "Buy", "Sell" } do
        local _, err = place(side, "3000")
        assert.same({ 30007, bybit.codes.price_out_of_range }, { err.code, err.name })
      end
      assert(place("Buy", "3000.5"))
      assert.equal(1, #exchange:books().orders)
      caller:place { orderType = "Market", qty = "50" }
      local _, err = place("Buy", "3000") -- now the liquidation price counts
      assert.equal(bybit.codes.price_out_of_range, err.name)
    end)

    it("refuses by its own code where that is switched on", function()
      refuse(true)
      local _, err = place("Buy", "31000")
      assert.same({ 30007, bybit.codes.price_out_of_range }, { err.code, err.name })
    end)
  end)
end)
