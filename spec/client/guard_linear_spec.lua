-- Guard rails where a client trades linear contracts, in hedge mode too, and beside inverse ones: what is read about an order is read
-- in its category, a closing order of hedge mode adds nothing, and the equity is that of the coin that a contract settles in.

local bybit = require "bybit"
local trading = require "spec.support.trading"

local LONG, SHORT = 1, 2

local exchange, client, other -- `other` trades on the same account, without rails

local function start(guard, options)
  local o = { guard = guard, category = "linear" }
  for k, v in pairs(options or {}) do o[k] = v end
  exchange, client = trading.start(o)
  exchange:set_price("BTCUSDT", "30000")
  exchange:set_price("BTCPERP", "30000")
  other = bybit.client { environment = exchange, rate = false, category = "linear" }
end

after_each(function()
  local mistakes = exchange:errors()
  client:close()
  other:close()
  exchange:close()
  assert.same({}, mistakes)
end)

-- An order of BTCUSDT: a limit order far from the market, unless `more` says otherwise.
local function order(side, quantity, mode, more)
  local p = { symbol = "BTCUSDT", side = side, type = "Limit", price = side == "Buy" and 29000 or 31000, quantity = quantity,
    position_mode = mode }
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

local MARKET = { type = "Market" }

local function refused(words, ...)
  local before = exchange:books().orders
  local result, err = client:place_order(...)
  assert.is_nil(result, "it was not refused")
  assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
  assert.truthy(err.message:find(words, 1, true), err.message)
  assert.same(before, exchange:books().orders)
end

describe("max_position in hedge mode", function()
  before_each(function()
    start { max_position = "0.5" }
    assert(other:switch_position_mode { symbol = "BTCUSDT", mode = "Hedge" })
    assert(other:place_order(order("Buy", "0.3", LONG, MARKET)))
    assert(other:place_order(order("Sell", "0.4", SHORT, MARKET)))
  end)

  it("bounds each side by itself: one makes no room for the other", function()
    refused("max_position: 0.201 more could make the position in BTCUSDT 0.501 long", order("Buy", "0.201", LONG))
    assert(client:place_order(order("Buy", "0.2", LONG)))
    refused("BTCUSDT 0.501 long", order("Buy", "0.001", LONG))
    refused("BTCUSDT 0.501 short", order("Sell", "0.101", SHORT))
    assert(client:place_order(order("Sell", "0.1", SHORT)))
  end)

  it("lets orders that close a side pass, and counts none of them", function()
    assert(client:place_order(order("Buy", "0.2", LONG)))
    assert(client:place_order(order("Sell", "0.1", SHORT)))
    assert(client:place_order(order("Sell", "0.3", LONG)))
    assert(client:place_order(order("Buy", "0.4", SHORT)))
    assert(client:place_conditional_order(order("Sell", "0.3", LONG, { trigger_price = 28000, base_price = 30000 })))
    exchange:advance(60) -- what is counted is read again
    refused("BTCUSDT 0.501 short", order("Sell", "0.001", SHORT))
    refused("BTCUSDT 0.501 long", order("Buy", "0.001", LONG))
  end)

  it("holds for raw requests, whose closing orders pass too", function()
    local function raw(side, quantity, mode)
      return client:request("POST", "/v5/order/create", { symbol = "BTCUSDT", side = side, orderType = "Limit", qty = quantity,
        price = side == "Buy" and "29000" or "31000", positionIdx = mode })
    end
    local _, err = raw("Buy", "0.201", LONG)
    assert.same({ "guard", true }, { err.kind, err.message:find("0.501 long", 1, true) ~= nil })
    assert(raw("Sell", "0.3", LONG))
    assert(raw("Buy", "0.2", LONG))
  end)

  it("is not asked by a halted client for an order that closes a side", function()
    client:halt "enough"
    refused("enough", order("Buy", "0.001", LONG))
    refused("enough", order("Sell", "0.001", SHORT))
    assert(client:place_order(order("Sell", "0.1", LONG, MARKET)))
    assert(client:place_order(order("Buy", "0.1", SHORT, MARKET)))
  end)
end)

describe("rails of a client that trades both kinds of contracts", function()
  it("read each order's position and orders in its category", function()
    start({ max_position = { BTCUSD = 1000, BTCUSDT = "0.5" }, band = "0.1" }, { category = "inverse" })
    local function inverse(quantity)
      return { symbol = "BTCUSD", side = "Buy", type = "Limit", price = 29000, quantity = quantity }
    end
    assert(client:place_order(inverse(900)))
    assert(client:place_order(order("Buy", "0.4", nil, { category = "linear" })))
    refused("BTCUSD 1001 long", inverse(101))
    refused("BTCUSDT 0.501 long", order("Buy", "0.101", nil, { category = "linear" }))
    refused("band: a price of 33001 is more than 0.1 away from the mark price 30000",
      order("Buy", "0.1", nil, { category = "linear", price = 33001 }))
    refused("max_position: it names no quantity for BTCPERP", { category = "linear", symbol = "BTCPERP", side = "Buy",
      type = "Market", quantity = "0.1" })
  end)
end)

describe("max_drawdown", function()
  -- The wallets lose in one coin only, so that only its contracts are refused.
  it("looks at the coin that a linear contract settles in", function()
    start { max_drawdown = "0.001", position_age = 0 }
    local function perp(quantity) return { symbol = "BTCPERP", side = "Buy", type = "Market", quantity = quantity } end
    assert(client:place_order(order("Buy", "0.1", nil, MARKET)))
    assert(client:place_order(perp "0.1"))
    exchange:set_price("BTCUSDT", "28000")
    refused("USDT, and its highest was", order("Buy", "0.001", nil, MARKET))
    assert(client:place_order(perp "0.001"))
    exchange:set_price("BTCPERP", "28000")
    refused("USDC, and its highest was", perp "0.001")
    assert(client:place_order { category = "inverse", symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 })
  end)
end)
