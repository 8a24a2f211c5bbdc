-- Prices and quantities come back exactly as they went in, through parameters, signature, wire, exchange and records, over real
-- HTTP. No number of the wire ever becomes a double.

local bybit = require "bybit"
local methods = require "spec.support.methods"
local trading = require "spec.support.trading"

-- Two contracts with room for long numbers: one that is priced in hundredths, one in whole dollars.
local MOST = ("9"):rep(34)
local FINE = { symbol = "FINEUSD", base = "FINE", id = 1, tick = "0.01", min_price = "0.01", max_price = "99999999.99",
  start = "30000.00", qty_step = "1", max_qty = MOST, max_market_qty = MOST }
local WIDE = { symbol = "WIDEUSD", base = "WIDE", id = 2, tick = "1", min_price = "1", max_price = MOST, scale = 0,
  start = "30000", qty_step = "1", max_qty = MOST, max_market_qty = MOST }

local PAST_DOUBLES = "9007199254740993" -- 2^53 + 1: the first integer that no double can hold
local LONG = "1234567890123456789012345678901234" -- 34 digits, the most of a decimal
local LONGER = "12345678901234567890123456789012345"

describe("exactly", function()
  local exchange, client

  setup(function()
    exchange = bybit.paper.start { clock = "manual", seed = 7, limits = false, lag = 0, instruments = { FINE, WIDE },
      deposit = { FINE = "1000000", WIDE = "1000000" } }
    exchange:set_price("FINEUSD", "30000.50")
    exchange:set_price("WIDEUSD", "30000")
    client = bybit.client { environment = exchange }
  end)

  teardown(function()
    client:close()
    exchange:close()
  end)

  -- Places a limit order and reads it back. Returns the order, and its two fields as on the wire.
  local function round_trip(more)
    local p = { symbol = "FINEUSD", side = "Buy", type = "Limit", quantity = 1, price = "30000.50" }
    for k, v in pairs(more) do p[k] = v or nil end
    local ack, err = client[p.trigger_price and "place_conditional_order" or "place_order"](client, p)
    assert.is_nil(err)
    local order, _, response = client:get_open_order_real_time { symbol = p.symbol, order_id = ack.order_id, raw = true }
    assert.is_nil(response.undecoded)
    return order, response.raw:match '"price":"([^"]*)"', response.raw:match '"qty":"([^"]*)"'
  end

  for _, case in ipairs {
    { "0.1" }, { "30000.50" }, { "30000.5" }, { "29999.00" }, { "0.01" },
    { 0.1, "0.1" }, { 30000.5, "30000.5" }, { 29000, "29000" }, -- floats that are what they show, and an integer
    { bybit.decimal "0.10", "0.10" },
  } do
    local given, text = case[1], case[2] or case[1]
    it(("%s (%s) comes back as %s"):format(tostring(given), math.type(given) or type(given), text), function()
      local order, wire = round_trip { price = given }
      assert.equal(text, wire)
      assert.equal("userdata", type(order.price))
      assert.equal(text, tostring(order.price))
    end)
  end

  it("a product is exact too, and to_step brings it to the tick", function()
    local price = bybit.decimal "30000.50" * "0.999"
    assert.equal("29970.49950", tostring(price))
    local order, wire = round_trip { price = price:to_step "0.01" }
    assert.equal("29970.49", wire)
    assert.equal("29970.49", tostring(order.price))
  end)

  it("amended texts come back as they are", function()
    local order = round_trip { price = "29000.10" }
    assert(client:modify_order { symbol = "FINEUSD", order_id = order.order_id, new_price = "29000.20", new_quantity = "7" })
    local amended = assert(client:get_open_order_real_time { symbol = "FINEUSD", order_id = order.order_id })
    assert.same({ "29000.20", "7" }, { tostring(amended.price), tostring(amended.quantity) })
  end)

  it("take profit, stop loss and trigger prices come back as they are", function()
    local ack = assert(client:place_conditional_order { symbol = "FINEUSD", side = "Buy", type = "Limit", quantity = 1,
      price = "30100.10", trigger_price = "30050.10", base_price = "30000.50", take_profit_price = "31000.10",
      stop_loss_price = "29000.10" })
    local order = assert(client:get_open_conditional_order_real_time { symbol = "FINEUSD", stop_order_id = ack.order_id })
    assert.same({ "30100.10", "30050.10", "31000.10", "29000.10" }, { tostring(order.price), tostring(order.trigger_price),
      tostring(order.take_profit_price), tostring(order.stop_loss_price) })
    assert(client:cancel_conditional_order { symbol = "FINEUSD", stop_order_id = ack.order_id })
  end)

  for given, kind in pairs { [PAST_DOUBLES] = "text", [math.tointeger(2 ^ 53) + 1] = "an integer",
    [bybit.decimal(PAST_DOUBLES)] = "a decimal" } do
    it("2^53 + 1 survives as a price, given as " .. kind, function()
      local order, wire = round_trip { symbol = "WIDEUSD", side = "Sell", price = given }
      assert.equal(PAST_DOUBLES, wire)
      assert.equal(PAST_DOUBLES, tostring(order.price))
      assert.equal(math.tointeger(2 ^ 53) + 1, order.price:tointeger())
    end)
  end

  it("2^53 + 1 survives as a quantity", function()
    local order, _, wire = round_trip { symbol = "WIDEUSD", quantity = PAST_DOUBLES, type = "Market", price = false,
      trigger_price = 31000, base_price = 30000 }
    assert.equal(PAST_DOUBLES, wire)
    assert.equal(PAST_DOUBLES, tostring(order.quantity))
    assert.equal(PAST_DOUBLES, tostring(order.leaves_quantity))
    assert.is_true(order.quantity:eq(math.tointeger(2 ^ 53) + 1))
  end)

  it("34 digits survive, as a price and as a quantity", function()
    local order, price, quantity = round_trip { symbol = "WIDEUSD", quantity = LONG, price = LONG, trigger_price = 31000,
      base_price = 30000 }
    assert.same({ LONG, LONG }, { price, quantity })
    assert.same({ LONG, LONG }, { tostring(order.price), tostring(order.quantity) })
  end)

  it("35 digits, and floats that are not what they show, are refused before anything is sent", function()
    for _, case in ipairs { { LONGER, "more than 34 digits" }, { 0.1 + 0.2, "0.30000000000000004 is not exact" },
      { 2.0 ^ 53, "9007199254740992 is not exact" }, { 1 / 0, "infinity is not a number" },
      { "1e3", "'1e3' is not a decimal" } } do
      local price, message = case[1], case[2]
      local text = methods.refusal(client, "place_order", { symbol = "FINEUSD", side = "Buy", type = "Limit", quantity = 1,
        price = price })
      assert.truthy(text:find("place_order: parameter 'price': ", 1, true), text)
      assert.truthy(text:find(message, 1, true), text)
    end
  end)

  it("coin amounts add up to the last digit: value and fee of a fill", function()
    assert(client:place_order { symbol = "FINEUSD", side = "Buy", type = "Market", quantity = 700 })
    local trades = assert(client:collect("get_user_trades", { symbol = "FINEUSD" }))
    local quantity, value, fee = bybit.decimal(0), bybit.decimal(0), bybit.decimal(0)
    for _, trade in ipairs(trades) do
      -- Each amount is rounded once, half up to 8 places.
      assert.is_true(trade.value:eq((trade.quantity / trade.price):round(8, "half_up")))
      assert.is_true(trade.fee:eq((trade.quantity / trade.price * "0.00055"):round(8, "half_up")))
      quantity, value, fee = quantity + trade.quantity, value + trade.value, fee + trade.fee
    end
    local order = assert(client:get_orders { symbol = "FINEUSD", order_id = trades[1].order_id })[1]
    assert.is_true(order.filled_quantity:eq(quantity) and quantity:eq(700))
    assert.is_true(order.filled_value:eq(value))
    assert.is_true(order.fee:eq(fee))
  end)
end)

---------------------------------------------------------------------------------------------------------------

-- Calls f with every value in a result, at any depth.
local function each_value(value, f, path)
  f(value, path or "result")
  if type(value) ~= "table" then return end
  for k, v in next, value do each_value(v, f, ("%s.%s"):format(path or "result", tostring(k))) end
end

local function no_double(value, path)
  assert.not_equal("float", math.type(value), path)
end

describe("no double is made", function()
  it("of any number in answers of the exchange, for every endpoint", function()
    local exchange, client = trading.start()
    finally(function()
      client:close()
      exchange:close()
    end)
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "29000.5" })
    local count = 0
    for path, params in pairs {
      ["/v5/market/time"] = {}, ["/v5/market/tickers"] = { symbol = "BTCUSD" },
      ["/v5/market/instruments-info"] = {}, ["/v5/order/realtime"] = { symbol = "BTCUSD" },
      ["/v5/order/history"] = { symbol = "BTCUSD" }, ["/v5/execution/list"] = { symbol = "BTCUSD" },
      ["/v5/position/list"] = { symbol = "BTCUSD" }, ["/v5/account/wallet-balance"] = { accountType = "UNIFIED" },
    } do
      each_value(assert(client:request("GET", path, params)), function(value, where)
        no_double(value, path .. " " .. where)
        count = count + 1
      end)
    end
    assert.truthy(count > 300)
    for _, name in ipairs { "get_orders", "get_open_orders_real_time", "get_user_trades" } do
      each_value(assert(client[name](client, { symbol = "BTCUSD" })), no_double)
    end
  end)

  -- The exchange writes prices as strings. If it ever writes numbers, they are as exact.
  local NUMBERS = { "0.1", "30000.50", "1e-7", "6E+2", "-0.0", "9007199254740993", "1234567890123456789012345678901234",
    "0.30000000000000004", "1.0", "5e0" }
  local PLAIN = { "0.1", "30000.50", "0.0000001", "600", "-0.0", "9007199254740993",
    "1234567890123456789012345678901234", "0.30000000000000004", "1.0", "5" }

  it("of numbers in a record's fields", function()
    for i, number in ipairs(NUMBERS) do
      local client <close> = methods.client(methods.ok(('{"list":[{"orderId":"o","qty":%s,"brandNew":%s,'
        .. '"createdTime":1700000000000,"smpGroup":0}],"nextPageCursor":""}'):format(number, number)))
      local order = assert(client:get_orders { symbol = "BTCUSD" })[1]
      each_value(order, no_double)
      assert.equal("userdata", type(order.quantity))
      assert.equal(PLAIN[i], tostring(order.quantity))
      assert.equal(number, order.brand_new) -- its text, since its type is not declared
    end
  end)

  it("of numbers in free answers and in what bybit.json decodes", function()
    for i, number in ipairs(NUMBERS) do
      local text = ('{"x":%s,"list":[%s,[%s]]}'):format(number, number, number)
      local client <close> = methods.client(methods.ok(text))
      for _, result in ipairs { assert(client:request("GET", "/v5/account/info")), bybit.json.decode(text) } do
        each_value(result, no_double)
        assert.equal(PLAIN[i], tostring(result.x))
        assert.equal(PLAIN[i], tostring(result.list[2][1]))
      end
    end
  end)

  it("of a number with 35 digits: a record keeps its text and says so, a free answer is an error", function()
    local client <close> = methods.client(methods.ok(('{"list":[{"orderId":"o","qty":%s}],"nextPageCursor":""}')
      :format(LONGER)))
    local list, _, response = client:get_orders { symbol = "BTCUSD" }
    assert.equal(LONGER, list[1].quantity)
    assert.same({ "[1].qty" }, { (response.undecoded[1]:gsub("quantity", "qty")) })
    local result, err = client:request("GET", "/v5/account/info")
    assert.is_nil(result)
    assert.equal("decode", err.kind)
  end)
end)
