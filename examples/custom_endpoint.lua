-- Endpoints that have no method: bybit.declare makes a method of one, with checks, exact numbers and records, as the module's own are.
-- client:request reaches any endpoint at once, signed, over the same connections, with the same errors; with decimals = true its
-- numbers are exact, under the wire's own names.
--
--   lua5.4 examples/custom_endpoint.lua

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL = "BTCUSD"

local client <close> = bybit.client { environment = ENVIRONMENT, credentials = ENVIRONMENT ~= "paper" and "env" or nil }

-- A list with pages: client:each walks it. Rows say name, name on the wire, type, as those of the module do.
bybit.declare("get_interest_history", {
  verb = "GET", path = "/v5/account/borrow-history", limit = 50, doc = "Interest that was paid for what was borrowed.",
  params = { { "currency", "currency", "coin" }, "start_time", "end_time", "limit", "cursor" },
  result = { key = "list", cursor = "nextPageCursor", list = { doc = "Interest of an hour.", fields = {
    { "currency", "currency", "string" },
    { "amount", "borrowCost", "decimal" },
    { "create_time", "createdTime", "time" },
  } } },
})

local paid = bybit.decimal(0)
for interest in client:each("get_interest_history", { currency = "BTC" }) do paid = paid + interest.amount end
print("interest", paid, "BTC")

-- A single request: decimals are sent as strings, the category is filled in.
local limits = assert(client:request("GET", "/v5/market/price-limit", { symbol = SYMBOL }, { decimals = true }))
print("limits  ", limits.sellLmt, limits.buyLmt, "the middle is " .. ((limits.sellLmt + limits.buyLmt) / 2):round(2))

-- A request that changes something.
local function set_leverage(symbol, leverage)
  leverage = tostring(bybit.decimal(leverage))
  local done, err = client:request("POST", "/v5/position/set-leverage",
    { symbol = symbol, buyLeverage = leverage, sellLeverage = leverage }, { timeout = 5 })
  if not done and err.unchanged then return true end -- it is as asked already
  return done and true, err
end

print("leverage", set_leverage(SYMBOL, "12.5"))
print("leverage", assert(client:get_position { symbol = SYMBOL }).leverage, "as the exchange tells it")

-- A refusal is an error like any other: it says what is known of the request.
local refused, why = client:request("POST", "/v5/position/set-leverage",
  { symbol = SYMBOL, buyLeverage = "1000", sellLeverage = "1000" })
print("refused ", refused, why)
