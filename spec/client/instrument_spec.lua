-- client:instrument: rounding, arithmetic, sizes and checks. The examples are those of the exchange's documentation and help pages, and
-- numbers that Python's decimal gives for the rules there; properties are held over random contracts.

local bybit = require "bybit"
local methods = require "spec.support.methods"
local trading = require "spec.support.trading"

local D = bybit.decimal

-- A contract, as market/instruments-info tells it.
local function contract(symbol, kind, tick, step, least, notional)
  return ([[{"symbol":"%s","contractType":"%s","status":"Trading","settleCoin":"X",
    "priceFilter":{"minPrice":"%s","maxPrice":"999999.5",
    "tickSize":"%s"},"lotSizeFilter":{"minOrderQty":"%s","maxOrderQty":"1000000","qtyStep":"%s","maxMktOrderQty":"200000",
    "minNotionalValue":"%s"}}]]):format(symbol, kind, tick, tick, least, step, notional)
end

local INVERSE = contract("BTCUSD", "InversePerpetual", "0.5", "1", "1", "")
local LINEAR = contract("BTCUSDT", "LinearPerpetual", "0.1", "0.001", "0.001", "5")

-- Tiers as each kind has them: percent and coin, fractions and USDT.
local INVERSE_TIERS = [[{"id":1,"symbol":"BTCUSD","riskLimitValue":"150","maintenanceMargin":"0.5",
  "initialMargin":"1","maxLeverage":"100.00",
  "mmDeduction":""},{"id":2,"symbol":"BTCUSD","riskLimitValue":"300","maintenanceMargin":"1",
  "initialMargin":"1.5","maxLeverage":"66.67",  "mmDeduction":"0.75"}]]
local LINEAR_TIERS = [[{"id":1,"symbol":"BTCUSDT","riskLimitValue":"2000000","maintenanceMargin":"0.005","initialMargin":"0.01",
  "maxLeverage":"100.00","mmDeduction":""}]]

-- A client that knows one contract; `sent` has its requests.
local function client_of(symbol, options)
  local info, tiers = INVERSE, INVERSE_TIERS
  if symbol == "BTCUSDT" then info, tiers = LINEAR, LINEAR_TIERS end
  return methods.client(function(request)
    local function list(text) return methods.ok(('{"list":[%s]}'):format(text)) end
    if request.url:find("instruments-info", 1, true) then return list(info) end
    if request.url:find("risk-limit", 1, true) then return list(tiers) end
    if request.url:find("fee-rate", 1, true) then
      return list '{"symbol":"BTCUSD","takerFeeRate":"0.00055","makerFeeRate":"0.0002"}'
    end
    return methods.acknowledged(request)
  end, options)
end

describe("an instrument", function()
  local client, sent, btc, usdt

  before_each(function()
    client, sent = client_of "BTCUSD"
    btc = assert(client:instrument "BTCUSD")
    usdt = assert((client_of "BTCUSDT"):instrument "BTCUSDT")
  end)
  after_each(function() client:close() end)

  it("has the fields of the contract, and the client's methods with the symbol filled in", function()
    assert.same({ "0.5", "1", "BTCUSD" }, { tostring(btc.tick_size), tostring(btc.quantity_step), btc.symbol })
    assert.is_nil(btc.min_notional_value)
    assert(btc:place_order { side = "Buy", type = "Limit", quantity = 1, price = 30000, client_order_id = "a" })
    local _, _, body = methods.parts(sent[#sent])
    assert.equal('{"category":"inverse","symbol":"BTCUSD","side":"Buy","orderType":"Limit","qty":"1","price":"30000",'
      .. '"timeInForce":"GTC","positionIdx":0,"orderLinkId":"a"}', body)
    assert.truthy(tostring(btc):find("tick_size=0.5", 1, true))
    for _, wrong in ipairs { function() return btc.no_such_thing end, function() btc.x = 1 end,
      function() btc.round_price(1) end, function() btc.place_order {} end } do
      assert.has_error(wrong)
    end
  end)

  it("says of a name that it has not which of its own fields and methods, or of a client's, is meant", function()
    for name, said in pairs {
      round_prise = ", did you mean 'round_price'?", tick_sise = ", did you mean 'tick_size'?",
      plaec_order = ", did you mean 'place_order'?", create_order = ": here it is 'place_order'", zzz = "",
    } do
      local _, message = pcall(function() return btc[name] end)
      assert.equal(("an instrument has no field or method '%s'%s"):format(name, said), (message:gsub("^%S+:%d+: ", "")))
    end
  end)

  it("is read once, and again when it is an hour old", function()
    assert.equal(3, #sent)
    assert.equal(btc, (client:instrument "BTCUSD"))
    assert.equal(3, #sent)
    assert.equal(btc, (btc:refresh()))
    assert.equal(6, #sent)
  end)

  it("rounds prices: down for a buyer, up for a seller, to the nearest without a side", function()
    for given, expected in pairs {
      [30000.3] = { "30000.0", "30000.5", "30000.5" }, [30000.25] = { "30000.0", "30000.5", "30000.5" },
      [30000.2] = { "30000.0", "30000.5", "30000.0" }, ["30000.5"] = { "30000.5", "30000.5", "30000.5" },
      [0.1 + 0.2] = { "0.0", "0.5", "0.5" }, -- a float that is not what it says
    } do
      assert.same(expected, { tostring(btc:round_price(given, "Buy")), tostring(btc:round_price(given, "Sell")),
        tostring(btc:round_price(given)) }, tostring(given))
    end
    assert.same({ "10", "0.123" }, { btc:round_quantity(10.999):key(), usdt:round_quantity(0.1239):key() })
    for _, wrong in ipairs { { "x" }, {}, { 1, "buy" }, { 0 / 0 }, { math.huge } } do
      assert.has_error(function() btc:round_price(table.unpack(wrong, 1, 2)) end)
    end
  end)

  it("computes value, profit and margin as the documentation's examples", function()
    assert.equal("0.01092319", tostring(btc:value(300, "27464.50441675")))
    assert.equal("0.11033265", tostring(btc:value(200, "1812.70004844")))
    assert.equal("-0.00029413", tostring(btc:profit("Sell", 300, "27464.50441675", "28224.50")))
    assert.equal("0.00001217", tostring(btc:profit("Buy", 200, "1812.70004844", "1812.90")))
    assert.equal("0.00919439", tostring(btc:margin { quantity = 200, price = "1812.70004844", leverage = 12 }))
    assert.equal("3584.92550001", tostring(usdt:value(3, "1194.97516667")))
    assert.equal("-43.13050002", tostring(usdt:profit("Buy", 3, "1194.97516667", "1180.59833333")))
    assert.equal("43.13050002", tostring(usdt:profit("Sell", 3, "1194.97516667", "1180.59833333")))
  end)

  it("computes where a position is liquidated, by its tier", function()
    local function of(i, side, quantity, entry, leverage, margin)
      return tostring(i:liquidation_price { side = side, quantity = quantity, entry = entry, leverage = leverage,
        margin = margin })
    end
    assert.equal("27409.5", of(btc, "Buy", 10000, 30000, 10))
    assert.equal("33166.5", of(btc, "Sell", 10000, 30000, 10))
    assert.equal("26682.0", of(btc, "Buy", 10000, 30000, 10, "0.01"))
    assert.equal("34310.5", of(btc, "Sell", 10000, 30000, 10, "0.01"))
    assert.equal("28754.5", of(btc, "Buy", 6000000, 30000, 20)) -- 200 BTC: the second tier
    assert.equal("nil", of(btc, "Sell", 10000, 30000, 1))
    assert.equal("57286.5", of(usdt, "Buy", "0.5", 60000, 20))
    assert.equal("62885.5", of(usdt, "Sell", "0.5", 60000, 20, 100))
    assert.has_error(function() of(btc, "Buy", 90000000, 30000, 10) end) -- 3000 BTC
  end)

  it("says how much to trade", function()
    local function key(i, p) return i:quantity_for(p):key() end
    assert.same({ "1000", "3000", "870" }, { key(btc, { usd = "1000.7" }), key(btc, { value = "0.1", price = 30000 }),
      key(btc, { risk = "0.001", side = "Buy", entry = 30000, exit = 29000 }) })
    assert.same({ "0.016", "0.016" }, { key(usdt, { usd = 1000, price = 60000 }), key(usdt, { value = 1000, price = 60000 }) })
    assert.equal("0.1", key(usdt, { risk = 100, side = "Sell", entry = 60000, exit = 61000 }))
    assert.equal("0", key(btc, { risk = "0.00000001", side = "Buy", entry = 30000, exit = 29000 }))
    for text, p in pairs {
      ["exactly one of 'usd', 'value', 'risk'"] = { usd = 1, value = 1, price = 1 },
      ["'price' is missing"] = { value = 1 },
      ["a price at which a Buy from 30000 loses"] = { risk = 1, side = "Buy", entry = 30000, exit = 30000 },
      ["Buy or Sell expected, got nil"] = { risk = 1, entry = 30000, exit = 29000 },
      ["unknown 'rsik', did you mean 'risk'?"] = { rsik = 1 },
    } do
      local ok, err = pcall(function() return btc:quantity_for(p) end)
      assert.is_false(ok)
      assert.truthy(err:find("instrument_spec.lua:%d+: quantity_for: ") and err:find(text, 1, true), err)
    end
  end)

  -- Of random contracts; `each(f)` gives an instrument, its kind, and numbers.
  local function each(f)
    local random = 12345
    local function draw(from, to)
      random = (random * 1103515245 + 12345) % 2147483648
      return from + random // 65536 % (to - from + 1)
    end
    for n = 1, 300 do
      local linear = n % 2 == 0
      local entry = D(draw(1000, 99999)) / 2
      f(linear and usdt or btc, linear, entry, draw)
    end
  end

  it("risks no more than it is told to, and a step more would", function()
    each(function(i, linear, entry, draw)
      local side = draw(0, 1) == 0 and "Buy" or "Sell"
      local exit = entry * (side == "Buy" and D(100 - draw(1, 50)) or D(100 + draw(1, 50))) / 100
      local risk, fees = D(draw(1, 5000)) / (linear and 1 or 1000), draw(0, 1) == 1
      local quantity = i:quantity_for { risk = risk, side = side, entry = entry, exit = exit, fees = fees }
      local function loss(q)
        local lost = linear and q * (entry - exit):abs() or (q / entry - q / exit):abs()
        local fee = linear and q * (entry + exit) or q / entry + q / exit
        return fees and lost + fee * "0.00055" or lost
      end
      assert.truthy((quantity % i.quantity_step):is_zero())
      assert.truthy(loss(quantity) <= risk + D "0.0000000000000000001", tostring(quantity))
      assert.truthy(loss(quantity + i.quantity_step) > risk - D "0.0000000000000000001", tostring(quantity))
    end)
  end)

  it("liquidates where what is left of the margin is the maintenance margin", function()
    each(function(i, linear, entry, draw)
      local side, leverage = draw(0, 1) == 0 and "Buy" or "Sell", D(draw(2, 50))
      local quantity = linear and D(draw(1, 9999)) / 1000 or D(draw(1, 999999))
      local price = i:liquidation_price { side = side, quantity = quantity, entry = entry, leverage = leverage }
      if not price then return end
      local function left(p)
        local value = linear and quantity * p or quantity / p
        local cost = linear and quantity * entry or quantity / entry
        local profit = (linear and value - cost or cost - value) * (side == "Buy" and 1 or -1)
        return cost / leverage + profit - value * "0.005"
      end
      if not linear and quantity / entry > 150 then return end -- the first tier alone
      local worse = side == "Buy" and price - i.tick_size or price + i.tick_size
      assert.truthy(left(price) >= D "-0.000000000000000001", ("%s %s at %s"):format(side, quantity, entry))
      assert.truthy(left(worse) <= D "0.000000000000000001", ("%s %s at %s"):format(side, quantity, entry))
    end)
  end)

  it("checks an order, and tells why and which field", function()
    for _, case in ipairs {
      { { price = "30000.3" }, "30000.3 is no multiple of the tick 0.5", "price" },
      { { price = "1000000" }, "1000000 is above the highest price 999999.5", "price" },
      { { quantity = "1.5" }, "1.5 is no multiple of the step 1", "quantity" },
      { { quantity = 1000001 }, "1000001 is more than the most quantity 1000000", "quantity" },
      { { type = "Market", quantity = 200001 }, "200001 is more than the most quantity 200000", "quantity" },
      { { new_price = "0.3" }, "0.3 is no multiple of the tick 0.5", "new_price" },
      { { stop_loss_price = "29000.1" }, "29000.1 is no multiple of the tick 0.5", "stop_loss_price" },
      { { trailing_stop_distance = "0.7" }, "0.7 is no multiple of the tick 0.5", "trailing_stop_distance" },
      { { trigger_price = "0.1" }, "0.1 is no multiple of the tick 0.5", "trigger_price" },
    } do
      assert.same({ nil, case[2], case[3] }, { btc:check(case[1]) })
    end
    assert.same({ nil, "0 is less than the least quantity 1", "quantity" }, { btc:check { quantity = 0 } })
    assert.is_true(btc:check { quantity = 0, reduce_only = true, close_on_trigger = true })
    assert.is_true(btc:check { stop_loss_price = 0, take_profit_price = "31000.5", quantity = 5, price = 30000.5 })
    assert.same({ nil, "its value of 0.600 is less than 5", "quantity" }, { usdt:check { quantity = "0.001", price = 600 } })
    assert.is_true(usdt:check { quantity = "0.001", price = 600, reduce_only = true })
    assert.is_true(btc:check { symbol = "BTCUSD", quantity = 1, price = "0.5" })
  end)
end)

describe("check_instruments = true", function()
  it("raises before anything is sent, and reads the contract once", function()
    local client <close>, sent = client_of("BTCUSD", { check_instruments = true })
    local order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "30000.3" }
    assert.equal("place_order: parameter 'price': 30000.3 is no multiple of the tick 0.5",
      methods.refusal(client, "place_order", order))
    assert.equal(3, #sent)
    order.price = "30000.5"
    assert(client:place_order(order))
    assert.equal(4, #sent)
    local btc = client:with { symbol = "BTCUSD" }
    local line = debug.getinfo(1, "l").currentline + 1
    local ok, err = pcall(function() btc:set_trading_stop { stop_loss_price = "1.1" } end)
    assert.is_false(ok)
    assert.truthy(err:find(("instrument_spec.lua:%d: set_trading_stop: parameter 'stop_loss_price': 1.1 is no"):format(line), 1,
      true), err)
    assert.has_error(function() client:modify_order { symbol = "BTCUSD", order_id = "a", new_quantity = "1.5" } end)
    assert.equal(4, #sent)
    assert.equal("place_order: parameter 'quantity' is missing", methods.refusal(client, "place_order",
      { symbol = "BTCUSD", side = "Buy", type = "Market" }))
  end)

  it("keeps no order waiting that takes risk away, and leaves it to the exchange where the contract cannot be read", function()
    local client <close>, sent = client_of("BTCUSD", { check_instruments = true })
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "0.3",
      reduce_only = true })
    assert.equal(1, #sent)
    local blind <close>, asked = methods.client(function(request)
      if request.verb == "GET" then return '{"retCode":10001,"retMsg":"no","result":{},"time":1}' end
      return methods.acknowledged(request)
    end, { check_instruments = true })
    assert(blind:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "0.3" })
    assert.equal(2, #asked)
  end)
end)

describe("an instrument of the paper exchange", function()
  it("liquidates where the exchange says, and sizes an order that it takes", function()
    local exchange, client = trading.start { check_instruments = true }
    finally(function()
      client:close()
      exchange:close()
    end)
    local btc = assert(client:instrument "BTCUSD")
    local quantity = btc:quantity_for { risk = "0.001", side = "Buy", entry = 30000, exit = 29500, fees = true }
    assert(btc:place_order { side = "Buy", type = "Market", quantity = quantity, stop_loss_price = 29500 })
    local position = assert(btc:get_position())
    assert.truthy(position.quantity:eq(quantity))
    assert.equal(tostring(position.liquidation_price), tostring(btc:liquidation_price { side = "Buy", quantity = quantity,
      entry = position.entry_price, leverage = position.leverage }))
    exchange:set_price("BTCUSD", 29500)
    local lost = assert(client:get_closed_profit_loss {})[1]
    assert.truthy(lost.closed_pnl < 0 and lost.closed_pnl > D "-0.00101", tostring(lost.closed_pnl))
    local none, err = client:instrument "NONEUSD"
    assert.is_nil(none)
    assert.equal("invalid_symbol", err.name)
  end)
end)
