-- What libraries ask for besides markets and orders, before they trade or beside it. Paths and shapes are those of the V5
-- documentation; none of these paths may be unknown, since a library takes 404 for an exchange that is not there.

local bybit = require "bybit"
local cjson = require "cjson"
local decimal = bybit.decimal
local raw = require "spec.support.raw_http"
local wire = require "spec.support.paper_wire"

local exchange, caller

before_each(function()
  exchange, caller = wire.start { deposit = { BTC = "5", ETH = "0" } }
end)

after_each(function()
  caller:hang_up()
  assert.same({}, exchange:errors())
  exchange:close()
end)

-- The answer to a request that nobody has signed.
local function public(path)
  local answer = raw.request(exchange.port, "GET", "/v5/" .. path)
  assert.equal(200, answer.status, path)
  return cjson.decode(answer.body)
end

describe("The paper exchange", function()
  it("has empty lists of what it does not simulate", function()
    for path, key in pairs { ["account/borrow-history"] = "list", ["asset/coin-greeks"] = "list",
      ["asset/delivery-record"] = "list", ["asset/settlement-record"] = "list",
      ["asset/exchange/order-record"] = "orderBody", ["account/mmp-state"] = "result",
      ["asset/transfer/query-inter-transfer-list"] = "list", ["asset/deposit/query-record"] = "rows",
      ["position/move-history"] = "list", ["position/get-closed-positions"] = "list", ["account/query-dcp-info"] = "dcpInfos" } do
      local done = caller:call("GET", path, {})
      assert.same({ 0, {} }, { done.retCode, done.result[key] }, path)
    end
    for path, key in pairs { ["system/status"] = "list", ["market/delivery-price?category=linear"] = "list" } do
      local done = public(path)
      assert.same({ 0, {} }, { done.retCode, done.result[key] }, path)
    end
    assert.same({}, public "market/historical-volatility?category=option".result)
    local orders = caller:call("GET", "order/realtime", { orderFilter = "OcoOrder" })
    assert.same({ 0, {} }, { orders.retCode, orders.result.list })
  end)

  it("has the fields of the documentation's examples that libraries read", function()
    caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = caller:place {} })
    local order = caller:must("GET", "order/history", {}).list[1]
    assert.same({ "", false, "0" }, { order.extraFees, order.rpiTakerAccess, order.rpiMatchedQty })
    local key = caller:must("GET", "user/query-api", {})
    assert.same({ "0", "0" }, { key.inviterIDInt64, key.affiliateIDInt64 })
    assert.equal(("%d"):format(key.userID), key.userIDInt64)
    assert.same({}, key.permissions.FiatP2P)
  end)

  it("refuses what would only look done", function()
    for path, code in pairs { ["order/disconnected-cancel-all"] = 10005, ["account/set-hedging-mode"] = 10001 } do
      assert.equal(code, caller:call("POST", path, { timeWindow = 10 }).retCode, path)
    end
    for _, path in ipairs { "order/spot-borrow-check", "spot-cross-margin-trade/account" } do
      assert.equal(10001, caller:call("GET", path, {}).retCode, path)
    end
  end)

  it("tells its markets' figures in the documented shapes", function()
    local coins, symbols = 6, 8
    assert.equal(coins, #public "market/insurance".result.list)
    assert.same({ coin = "ETH", symbols = "", balance = "0", value = "0" }, public "market/insurance?coin=ETH".result.list[1])
    assert.equal(symbols, #public "market/adlAlert".result.list)
    local alert = public "market/adlAlert?symbol=BTCUSD".result.list
    assert.same({ 1, "BTC", "BTCUSD", "0" }, { #alert, alert[1].coin, alert[1].symbol, alert[1].pnlRatio })
    assert.equal(10001, public "market/adlAlert?symbol=NOUSD".retCode)
    local index = public "market/index-price-components?indexName=BTCUSD".result
    local weights, price = decimal(0), decimal(0)
    for _, part in ipairs(index.components) do
      weights, price = weights + part.weight, price + decimal(part.weight) * part.equivalentPrice
    end
    assert.equal("1.0", tostring(weights))
    assert.is_true(price == decimal(index.lastPrice) and price == decimal "30000")
    local group = public "market/fee-group-info?productType=contract".result.list[1]
    assert.equal(symbols, #group.symbols)
    assert.equal(10001, public "market/fee-group-info?productType=spot".retCode)
    local book = public "market/rpi_orderbook?category=inverse&symbol=BTCUSD&limit=2".result
    local plain = public "market/orderbook?category=inverse&symbol=BTCUSD&limit=2".result
    assert.same({ plain.a[1][1], plain.a[1][2], "0" }, book.a[1])
    assert.equal(10001, public "market/rpi_orderbook?category=inverse&symbol=BTCUSD&limit=51".retCode)
    caller:place { price = "1000", qty = "5" }
    local full = public "market/full_orderbook?category=inverse&symbol=BTCUSD".result
    assert.same({ "1000.0", "5" }, full.b[#full.b])
    assert.same(plain.a[1], full.a[1])
    assert.same({ "BTC", false, true }, (function(row) return { row.currency, row.borrowable, row.collateralSwitch } end)(
      caller:must("GET", "account/collateral-info", { currency = "BTC" }).list[1]))
  end)

  it("has the premium of the mark price over the index price, as candles", function()
    exchange:set_price("BTCUSD", 30000, { mark = 30300, index = 30000 })
    exchange:advance(60)
    exchange:set_price("BTCUSD", 30000, { mark = 29850, index = 30000 })
    local list = public "market/premium-index-price-kline?category=inverse&symbol=BTCUSD&interval=1&limit=1".result.list
    assert.equal(5, #list[1])
    assert.equal("-0.005000", list[1][5])
    assert.equal("0.010000", list[1][2])
    assert.same({ list[1][2], list[1][5] }, { list[1][3], list[1][4] })
  end)

  it("has the shares of long and short accounts on the period's grid, newest first, page by page", function()
    local function page(more)
      return public("market/account-ratio?category=inverse&symbol=BTCUSD&period=1h&limit=3" .. more).result
    end
    local first = page ""
    local second = page("&cursor=" .. first.nextPageCursor)
    local rows = { table.unpack(first.list) }
    for _, row in ipairs(second.list) do rows[#rows + 1] = row end
    assert.equal(6, #rows)
    for i, row in ipairs(rows) do
      assert.equal(0, tonumber(row.timestamp) % 3600000)
      assert.is_true(decimal(row.buyRatio) + row.sellRatio == decimal(1))
      if rows[i + 1] then assert.equal(3600000, row.timestamp - rows[i + 1].timestamp) end
    end
    assert.same(first, page "", "the same each time")
    assert.equal(10001, public "market/account-ratio?category=inverse&symbol=BTCUSD&period=2h".retCode)
  end)
end)

-- V5 documentation, account/transaction-log: change = cashFlow + funding - fee, and each row's cashBalance is the older one's
-- and its change.
describe("The ledger", function()
  local function log(params)
    return caller:must("GET", "account/transaction-log", params or {}).list
  end

  local function check_identities(rows)
    for i, row in ipairs(rows) do
      local function number(name) return decimal(row[name] == "" and "0" or row[name]) end
      assert.is_true(number "change" == number "cashFlow" + number "funding" - number "fee", row.type)
      local older = rows[i + 1]
      if older then assert.is_true(number "cashBalance" == decimal(older.cashBalance) + number "change", row.type) end
    end
  end

  it("has a row for each fill, funding and gift, with the wallet and the position after it", function()
    caller:place { side = "Buy", orderType = "Market", qty = "300" }
    exchange:set_price("BTCUSD", 31000)
    caller:place { side = "Sell", orderType = "Market", qty = "100" }
    exchange:advance(8 * 3600 + 1)
    assert.equal(0, caller:call("POST", "account/demo-apply-money",
      { utaDemoApplyMoney = { { coin = "BTC", amountStr = "2" } } }).retCode)
    caller:place { side = "Sell", orderType = "Market", qty = "250" }
    local rows = log()
    local types, sizes = {}, {}
    for i, row in ipairs(rows) do types[#rows + 1 - i], sizes[#rows + 1 - i] = row.type, row.size end
    assert.same({ "TRADE", "TRADE", "SETTLEMENT", "TRANSFER_IN", "TRADE" }, types)
    assert.same({ "300", "200", "200", "", "-50" }, sizes)
    check_identities(rows)
    local wallet = caller:must("GET", "account/wallet-balance", { accountType = "UNIFIED", coin = "BTC" }).list[1].coin[1]
    assert.is_true(decimal(rows[1].cashBalance) == decimal(wallet.walletBalance))
    local first = rows[#rows]
    assert.is_true(decimal(first.cashBalance) - first.change == decimal "5", "it began with the deposit")
    local fill = caller:must("GET", "execution/list", { limit = 50 }).list
    assert.equal(fill[#fill].execId, first.tradeId)
    assert.equal(1, #log { type = "SETTLEMENT" })
    assert.same({}, log { currency = "ETH" })
    assert.same({}, log { category = "linear" })
    local day = exchange:now() + 86400000
    exchange:advance(2 * 86400)
    for _, row in ipairs(log()) do assert.equal("SETTLEMENT", row.type, "the last day has funding alone") end
    assert.equal(#rows, #log { startTime = ("%d"):format(day - 2 * 86400000), endTime = ("%d"):format(day - 86400000) })
    assert.equal(10001, caller:call("GET", "account/transaction-log", { startTime = "1", endTime = "700000000" }).retCode)
  end)

  it("survives a liquidation", function()
    caller:must("POST", "position/set-leverage", { symbol = "BTCUSD", buyLeverage = "50", sellLeverage = "50" })
    caller:place { side = "Buy", orderType = "Market", qty = "1000" }
    exchange:set_price("BTCUSD", 20000)
    local rows = log()
    assert.equal("LIQUIDATION", rows[1].type)
    assert.equal("0", rows[1].size)
    check_identities(rows)
  end)

  it("gives demo money once a minute, up to a maximum", function()
    local function ask(coin, amount, kind)
      return caller:call("POST", "account/demo-apply-money",
        { adjustType = kind, utaDemoApplyMoney = { { coin = coin, amountStr = amount } } }).retCode
    end
    local function btc()
      return caller:must("GET", "asset/transfer/query-account-coin-balance", { accountType = "UNIFIED", coin = "BTC" })
        .balance.walletBalance
    end
    assert.equal(10001, ask("BTC", "15.1"))
    assert.equal(10001, ask("XRP", "1"))
    assert.equal(10001, ask("BTC", "many"))
    assert.equal(10001, ask("BTC", "5.1", 1), "more than there is")
    assert.equal("5", btc())
    assert.equal(0, ask("BTC", "1.5", 1))
    assert.equal("3.5", btc())
    assert.equal(10006, ask("BTC", "1"))
    exchange:advance(60)
    assert.equal(0, ask("BTC", "1", 0))
    assert.equal("4.5", btc())
  end)

  it("says what each kind of account holds, and what may leave it", function()
    local function balances(params) return caller:must("GET", "asset/transfer/query-account-coins-balance", params).balance end
    caller:place { side = "Buy", orderType = "Limit", qty = "30000", price = "29000" }
    local balance = balances { accountType = "UNIFIED", coin = "BTC,ETH" }
    assert.same({ "BTC", "5" }, { balance[1].coin, balance[1].walletBalance })
    assert.same({ "ETH", "0" }, { balance[2].coin, balance[2].walletBalance })
    local free = decimal(balance[1].transferBalance)
    assert.is_true(free < decimal "5", "the order ties margin up")
    assert.is_true(free == decimal(caller:must("GET", "account/withdrawal", { coinName = "BTC,ETH" }).availableWithdrawal))
    assert.same({}, balances { accountType = "FUND" })
    assert.equal(10001, caller:call("GET", "asset/transfer/query-account-coins-balance", { accountType = "UNIFIED" }).retCode)
    assert.equal(10001, caller:call("GET", "asset/transfer/query-account-coins-balance", { accountType = "SPOT" }).retCode)
    assert.equal(10001, caller:call("GET", "account/withdrawal", {}).retCode)
  end)
end)
