-- Other clients hear the paper exchange's streams and place orders over one: npm's bybit-api and ccxt.pro, as they are. What they hear
-- is what our own client is told.

local core = require "bybit.core"
local foreign = require "spec.support.foreign"
local trading = require "spec.support.trading"

local text = trading.text

if not core.link.available() then
  describe("other clients", function()
    it("hear the paper exchange's streams", function() pending "this build is without libwslay" end)
  end)
  return
end

local function place(client, price, id)
  return assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = price,
    client_order_id = id })
end

local function with(name, package)
  local missing = foreign.missing(package)
  return missing, function()
    local exchange, ours = trading.start({}, { clock = "real" })
    exchange:set_price("BTCUSD", "30000", { walk = name == "ccxt_streams" })
    return exchange, ours, foreign.start(name, exchange)
  end
end

describe("bybit-api's streams", function()
  local missing, start = with("bybit_api_streams", "bybit-api")
  if missing then return it("hear", function() pending(missing) end) end
  local exchange, ours, theirs

  before_each(function() exchange, ours, theirs = start() end)

  after_each(function()
    theirs:close()
    ours:close()
    exchange:close()
  end)

  it("hear trades, a book that follows, and what becomes of orders", function()
    assert.is_true(theirs:call("subscribe", "/v5/public/inverse", { "publicTrade.BTCUSD", "orderbook.50.BTCUSD" }, false))
    local book = theirs:call("next", "orderbook.50.BTCUSD")
    assert.equal("snapshot", book.type)
    exchange:set_price("BTCUSD", "30100")
    local delta = theirs:call("next", "orderbook.50.BTCUSD")
    assert.same({ "delta", book.data.u + 1 }, { delta.type, delta.data.u })
    local trade = theirs:call("next", "publicTrade.BTCUSD").data[1]
    local shown = assert(ours:get_trade_history { symbol = "BTCUSD", limit = 1 })[1]
    assert.same({ shown.trade_id, text(shown.price) }, { trade.i, trade.p })
    assert.is_true(theirs:call("subscribe", "/v5/private", { "order", "execution" }, true))
    local ack = place(ours, "30000", "heard")
    assert.equal("heard", theirs:call("next", "order").data[1].orderLinkId)
    exchange:set_price("BTCUSD", "29900")
    local fill = theirs:call("next", "execution").data[1]
    assert.same({ ack.order_id, "100", "30000" }, { fill.orderId, fill.execQty, fill.execPrice })
  end)

  it("place, change and cancel orders", function()
    local p = { category = "inverse", symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "100", price = "25000" }
    local placed = theirs:call("order", "submitNewOrder", p)
    assert.same({ 0, "order.create" }, { placed.retCode, placed.op })
    local id = placed.data.orderId
    assert.equal(0, theirs:call("order", "amendOrder", { category = "inverse", symbol = "BTCUSD", orderId = id,
      qty = "200" }).retCode)
    assert.equal("200", text(assert(ours:get_open_order_real_time { symbol = "BTCUSD", order_id = id }).quantity))
    assert.equal(0, theirs:call("order", "cancelOrder", { category = "inverse", symbol = "BTCUSD", orderId = id }).retCode)
    assert.equal(0, #assert(ours:get_open_orders_real_time { symbol = "BTCUSD" }))
  end)
end)

describe("ccxt.pro", function()
  local missing, start = with("ccxt_streams", "ccxt")
  if missing then return it("hears", function() pending(missing) end) end
  local exchange, ours, theirs
  local SYMBOL = "BTC/USD:BTC"

  before_each(function()
    exchange, ours, theirs = start()
    theirs:call "loadMarkets"
  end)

  after_each(function()
    theirs:close()
    ours:close()
    exchange:close()
  end)

  it("watches trades, the book and the ticker", function()
    local trades = theirs:call("watchTrades", SYMBOL)
    assert.is_true(#trades >= 1)
    assert.is_true(trades[1].price > 20000 and trades[1].amount > 0)
    local book = theirs:call("watchOrderBook", SYMBOL, 50)
    local shown = assert(ours:get_order_book { symbol = "BTCUSD", depth = 5 })
    assert.is_true(book.bids[1][1] < book.asks[1][1])
    assert.equal("BTC/USD:BTC", theirs:call("watchTicker", SYMBOL).symbol)
    assert.is_true(#shown.bids == 5)
  end)

  it("places an order over a stream", function()
    local order = theirs:call("createOrderWs", SYMBOL, "limit", "buy", 100, 25000)
    local seen = assert(ours:get_open_order_real_time { symbol = "BTCUSD", order_id = order.id })
    assert.same({ "100", "25000" }, { text(seen.quantity), text(seen.price) })
    theirs:call("cancelOrderWs", order.id, SYMBOL)
    assert.equal(0, #assert(ours:get_open_orders_real_time { symbol = "BTCUSD" }))
  end)
end)
