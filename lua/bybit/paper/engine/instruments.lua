-- The contracts that are simulated, as data: the rows of the exchange's legacy documentation, which are known in full
-- and agree with each other. They are not today's contract table: a client reads market/instruments-info.

local decimal = require("bybit.core").decimal

local instruments = {}

local function row(symbol, base, id, tick, low, high, scale, leverage, start)
  return {
    symbol = symbol, base = base, id = id, tick = tick, min_price = low, max_price = high, scale = scale,
    max_leverage = leverage, start = start, min_qty = "1", qty_step = "1", max_qty = "1000000", max_market_qty = "200000",
    min_leverage = "1", leverage_step = "0.01", x = "0.01", y = "0.02", taker = "0.00055", maker = "0.0002",
    mm_rate = base == "BTC" and "0.005" or base == "ETH" and "0.005" or "0.01", funding_rate = "0.0001",
    risk_limit = base == "ETH" and "500" or "150", funding_minutes = 480, launch = 1542931200000, status = "Trading",
  }
end

instruments.default = {
  row("BTCUSD", "BTC", 1, "0.5", "0.5", "999999.5", 2, "100", "30100.0"),
  row("ETHUSD", "ETH", 2, "0.05", "0.05", "99999.95", 2, "50", "2000.00"),
  row("XRPUSD", "XRP", 3, "0.0001", "0.0001", "199.9999", 4, "50", "0.5000"),
  row("EOSUSD", "EOS", 4, "0.001", "0.001", "1999.999", 3, "50", "0.700"),
}

instruments.deposit = { BTC = "10", ETH = "100", XRP = "100000", EOS = "100000" }

local NUMBERS = { "tick", "min_price", "max_price", "max_leverage", "start", "min_qty", "qty_step", "max_qty",
  "max_market_qty", "min_leverage", "leverage_step", "x", "y", "taker", "maker", "mm_rate", "funding_rate" }

--- A row with its numbers as decimals; what a given row leaves out is BTCUSD's.
---@param given table
---@return table
function instruments.compile(given)
  local out = {}
  for k, v in pairs(instruments.default[1]) do out[k] = v end
  for k, v in pairs(given) do out[k] = v end
  for _, name in ipairs(NUMBERS) do out[name] = decimal(out[name]) end
  return out
end

return instruments
