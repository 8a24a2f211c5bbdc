-- Views with defaults, required parameters, and orders distinguished by their id prefix.

local bybit = require "bybit"
local trading = require "spec.support.trading"

local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

describe("client:with", function()
  local exchange, client

  before_each(function() exchange, client = trading.start() end)
  after_each(function()
    client:close()
    exchange:close()
  end)

  it("fills in parameters that the method has and the caller left out", function()
    local btc = client:with { symbol = "BTCUSD", time_in_force = "PostOnly", confirm = true }
    local order = assert(btc:place_order { side = "Buy", type = "Limit", quantity = 1, price = 29000 })
    assert.equal("PostOnly", order.time_in_force)
    assert.equal("New", order.status)
    local other = assert(btc:place_order { side = "Buy", type = "Limit", quantity = 1, price = 29000, time_in_force = "GTC" })
    assert.equal("GTC", other.time_in_force)
    assert.equal(2, #assert(btc:get_open_orders_real_time()))
    assert.equal(2, #assert(btc:cancel_all_orders {}))
  end)

  it("walks pages with its defaults", function()
    local btc = client:with { symbol = "BTCUSD" }
    for i = 1, 3 do assert(btc:place_order { side = "Buy", type = "Limit", quantity = i, price = 29000 }) end
    local count = 0
    for order in btc:each("get_orders", { limit = 2 }) do
      assert.equal("BTCUSD", order.symbol)
      count = count + 1
    end
    assert.equal(3, count)
    assert.equal(3, #assert(btc:collect "get_orders"))
  end)

  it("with raise = true returns exactly one value, or raises the error", function()
    local btc = client:with { symbol = "BTCUSD", raise = true }
    assert.equal(1, select("#", btc:get_open_orders_real_time()))
    local ok, err = pcall(btc.cancel_order, btc, { order_id = "00000000-0000-4000-8000-000000000000" })
    assert.is_false(ok)
    assert.equal("not_found", err.kind)
    assert.truthy(err.where:find("view_spec.lua", 1, true))
  end)

  it("may be narrowed further", function()
    local view = client:with { symbol = "BTCUSD" }:with { raise = true }
    assert.equal(1, select("#", view:get_open_orders_real_time()))
  end)

  it("changes neither the caller's table nor the client", function()
    local params = { side = "Buy", type = "Limit", quantity = 1, price = 29000 }
    assert(client:with { symbol = "BTCUSD" }:place_order(params))
    assert.is_nil(params.symbol)
    assert.truthy(message_of(client.cancel_all_orders, client):find("parameter 'symbol' is missing", 1, true))
  end)

  it("raises for a parameter that no method has, and for wrong calls as the client does", function()
    assert.truthy(message_of(client.with, client, { symbl = "BTCUSD" })
      :find("with: no method has a parameter 'symbl', did you mean 'symbol'?", 1, true))
    local btc = client:with { symbol = "BTCUSD" }
    local line = debug.getinfo(1, "l").currentline + 1
    local message = message_of(function() btc:place_order { side = "Buy", qty = 1 } end)
    assert.truthy(message:find("here it is 'quantity'", 1, true), message)
    assert.truthy(message:find(("view_spec.lua:%d: place_order: "):format(line), 1, true), message)
    assert.truthy(message_of(function() btc:place_order(1) end):find("a table of parameters expected, got number", 1, true))
    assert.truthy(message_of(function() return btc.place_oder end)
      :find("a view has no method 'place_oder', did you mean 'place_order'?", 1, true))
    assert.truthy(message_of(function() btc.place_order { side = "Buy" } end):find("'.' in place of ':'", 1, true))
    assert.truthy(message_of(function() btc.x = 1 end):find("no field 'x' to set", 1, true))
  end)

  it("prints what it fills in", function()
    assert.truthy(tostring(client:with { symbol = "BTCUSD", limit = 5 }):find("with limit=5 symbol=BTCUSD", 1, true))
  end)
end)

describe("required", function()
  it("makes parameters of this client mandatory", function()
    local exchange, client = trading.start { required = { place_order = { "stop_loss_price" } } }
    finally(function()
      client:close()
      exchange:close()
    end)
    local naked = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 29000 }
    local message = message_of(client.place_order, client, naked)
    assert.truthy(message:find("place_order: parameter 'stop_loss_price' is missing: this client requires it", 1, true), message)
    naked.stop_loss_price = 28000
    assert(client:place_order(naked))
    assert(client:place_conditional_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, base_price = 30000,
      trigger_price = 31000 })
  end)

  it("counts a generated id as missing", function()
    local exchange, client = trading.start { required = { place_order = { "client_order_id" } }, confirm = true }
    finally(function()
      client:close()
      exchange:close()
    end)
    local order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 29000 }
    assert.truthy(message_of(client.place_order, client, order):find("'client_order_id' is missing", 1, true))
    order.client_order_id = "mine"
    assert.equal("New", assert(client:place_order(order)).status)
  end)

  for name, case in pairs {
    ["a method that does not exist"] = { { place_oder = {} }, "no method 'place_oder', did you mean 'place_order'?" },
    ["a parameter that it has not"] = { { place_order = { "stop_los_price" } },
      "place_order has no parameter 'stop_los_price', did you mean 'stop_loss_price'?" },
    ["what is no list"] = { { place_order = "price" }, "a list of parameters of place_order expected" },
  } do
    it("refuses " .. name, function()
      local message = message_of(bybit.client, { environment = { url = "http://127.0.0.1:1" }, required = case[1] })
      assert.truthy(message:find(case[2], 1, true), message)
    end)
  end
end)

describe("id_prefix", function()
  it("keeps a strategy to its own orders", function()
    local exchange, mine = trading.start { id_prefix = "mm1" }
    local other = bybit.client { environment = exchange, id_prefix = "mm10" }
    finally(function()
      mine:close()
      other:close()
      exchange:close()
    end)
    local order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 29000 }
    local ack = assert(mine:place_order(order))
    assert.truthy(ack.client_order_id:find("^mm1%-"))
    assert(other:place_order(order))
    assert(other:place_conditional_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, base_price = 30000,
      trigger_price = 31000 })
    local function ids(list)
      local out = {}
      for i, o in ipairs(list) do out[i] = o.order_id end
      return out
    end
    local own = { symbol = "BTCUSD", id_prefix = "mm1" }
    assert.same({ ack.order_id }, ids(assert(mine:get_open_orders_real_time(own))))
    assert.same({ ack.order_id }, ids(assert(mine:collect("get_orders", own))))
    assert.same({}, ids(assert(mine:get_open_conditional_orders_real_time(own))))
    assert.same({ ack.order_id }, ids(assert(mine:cancel_all_orders(own))))
    assert.equal(1, #assert(other:get_open_orders_real_time { symbol = "BTCUSD" }))
    assert.same({}, ids(assert(mine:cancel_all_conditional_orders(own))))
    assert.equal(1, #assert(other:cancel_all_conditional_orders { symbol = "BTCUSD", id_prefix = "mm10" }))
  end)
end)
