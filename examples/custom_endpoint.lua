-- Endpoints that have no method: client:request reaches any of them, signed, over the same connections, with the same errors. The
-- answer has the wire's own names, and its numbers stay texts until the program converts them. A few lines make such a request
-- look like a method.
--
--   lua5.4 examples/custom_endpoint.lua

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL, COIN = "BTCUSD", "BTC"

local client <close> = bybit.client { environment = ENVIRONMENT, credentials = ENVIRONMENT ~= "paper" and "env" or nil }
local decimal = bybit.decimal

-- Public: it needs no key.
local function ticker(symbol)
  local result, err, response = client:request("GET", "/v5/market/tickers", { symbol = symbol })
  if not result then return nil, err, response end
  local row = result.list[1]
  return { bid = decimal(row.bid1Price), ask = decimal(row.ask1Price), mark = decimal(row.markPrice) }, nil, response
end

-- Private: the wallet of one coin.
local function wallet(coin)
  local result, err = client:request("GET", "/v5/account/wallet-balance", { accountType = "UNIFIED", coin = coin })
  if not result then return nil, err end
  local row = result.list[1].coin[1]
  return { balance = decimal(row.walletBalance), equity = decimal(row.equity) }
end

-- A request that changes something: decimals are sent as strings, the category is filled in.
local function set_leverage(symbol, leverage)
  leverage = tostring(decimal(leverage))
  local done, err = client:request("POST", "/v5/position/set-leverage",
    { symbol = symbol, buyLeverage = leverage, sellLeverage = leverage }, { timeout = 5 })
  if not done and err.unchanged then return true end -- it is as asked already
  return done and true, err
end

local market, err, response = ticker(SYMBOL)
print("market ", assert(market, err).bid, market.ask, "mark " .. market.mark, response)

local purse = assert(wallet(COIN))
print("wallet ", purse.balance .. " " .. COIN, "worth " .. (purse.balance * market.mark):round(2) .. " USD")

print("leverage", set_leverage(SYMBOL, "12.5"))
local position = assert(client:request("GET", "/v5/position/list", { symbol = SYMBOL })).list[1]
print("leverage", position.leverage, "as the exchange tells it")

-- A refusal is an error like any other: it says what is known of the request.
local refused, why = client:request("POST", "/v5/position/set-leverage",
  { symbol = SYMBOL, buyLeverage = "1000", sellLeverage = "1000" })
print("refused ", refused, why)
