-- The contracts that are simulated, as data. The inverse perpetuals are the rows of the exchange's legacy documentation, which are
-- known in full and agree with each other; BTCUSDT is the example of V5's, the others are made after these. They are not today's
-- contract table: a client reads market/instruments-info.

local decimal = require("bybit.core").decimal
local arithmetic = require "bybit.paper.engine.arithmetic"

local instruments = {}

local DAY = 86400000

-- What most contracts have.
local function row(fields)
  local out = { min_leverage = "1", leverage_step = "0.01", x = "0.01", y = "0.02", taker = "0.00055", maker = "0.0002",
    mm_rate = "0.005", funding_rate = "0.0001", funding_minutes = 480, launch = 1542931200000, status = "Trading" }
  for name, value in pairs(fields) do out[name] = value end
  return out
end

local function inverse(symbol, base, id, tick, low, high, scale, leverage, start)
  return row { symbol = symbol, base = base, id = id, tick = tick, min_price = low, max_price = high, scale = scale,
    max_leverage = leverage, start = start, min_qty = "1", qty_step = "1", max_qty = "1000000", max_market_qty = "200000",
    mm_rate = (base == "BTC" or base == "ETH") and "0.005" or "0.01", risk_limit = base == "ETH" and "500" or "150",
    interest = "240000000" }
end

-- A market that is `lazy` costs nothing while nobody trades or looks at it.
local function linear(symbol, base, quote, id, fields)
  fields.category, fields.symbol, fields.base, fields.quote, fields.id, fields.lazy = "linear", symbol, base, quote, id, true
  fields.max_leverage, fields.min_notional, fields.launch = "100", "5", 1585526400000
  return row(fields)
end

instruments.default = {
  inverse("BTCUSD", "BTC", 1, "0.5", "0.5", "999999.5", 2, "100", "30100.0"),
  inverse("ETHUSD", "ETH", 2, "0.05", "0.05", "99999.95", 2, "50", "2000.00"),
  inverse("XRPUSD", "XRP", 3, "0.0001", "0.0001", "199.9999", 4, "50", "0.5000"),
  inverse("EOSUSD", "EOS", 4, "0.001", "0.001", "1999.999", 3, "50", "0.700"),
  linear("BTCUSDT", "BTC", "USDT", 5, { tick = "0.10", min_price = "0.10", max_price = "1999999.80", scale = 2,
    start = "30100.00", min_qty = "0.001", qty_step = "0.001", max_qty = "1190.000", max_market_qty = "500.000",
    risk_limit = "2000000", interest = "52000" }),
  linear("ETHUSDT", "ETH", "USDT", 6, { tick = "0.01", min_price = "0.01", max_price = "199999.98", scale = 2,
    start = "2000.00", min_qty = "0.01", qty_step = "0.01", max_qty = "7240.00", max_market_qty = "3000.00",
    risk_limit = "900000", interest = "640000" }),
  linear("BTCPERP", "BTC", "USDC", 7, { tick = "0.10", min_price = "0.10", max_price = "1999999.80", scale = 2,
    start = "30100.00", min_qty = "0.001", qty_step = "0.001", max_qty = "150.000", max_market_qty = "60.000",
    risk_limit = "1000000", interest = "1600" }),
}

-- The last Friday of March, June, September or December, 08:00 UTC, in ms. Days are counted from 1970, a Thursday.
local function last_friday(year, month)
  local after = month == 12 and { year + 1, 1 } or { year, month + 1 }
  local y, m = after[1] - (after[2] < 3 and 1 or 0), (after[2] + 9) % 12 -- years that begin in March
  local last = y * 365 + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 - 719469
  return (last - (last - 1) % 7) * DAY + 8 * 3600000
end

local LETTERS = { [3] = "H", [6] = "M", [9] = "U", [12] = "Z" } -- of the months in which futures are delivered
local SHORTEST = 14 * DAY -- ms that the future runs at least

-- The next quarterly future of BTCUSD at a moment, such as BTCUSDZ26.
local function future(now)
  local year = tonumber(os.date("!%Y", now // 1000))
  while true do
    for month = 3, 12, 3 do
      local delivery = last_friday(year, month)
      if delivery >= now + SHORTEST then
        local out = inverse(("BTCUSD%s%02d"):format(LETTERS[month], year % 100), "BTC", 8, "0.5", "0.5", "999999.5", 2, "100",
          "30100.0")
        out.delivery, out.delivery_fee, out.lazy, out.interest = delivery, "0.0005", true, "3000000"
        return out
      end
    end
    year = year + 1
  end
end

--- The contracts of an exchange that begins at a moment: the default ones, and a future.
---@param now integer ms
function instruments.at(now)
  local list = table.move(instruments.default, 1, #instruments.default, 1, {})
  list[#list + 1] = future(now)
  return list
end

instruments.deposit = { BTC = "10", ETH = "100", XRP = "100000", EOS = "100000", USDT = "100000", USDC = "100000" }

local NUMBERS = { "tick", "min_price", "max_price", "max_leverage", "start", "min_qty", "qty_step", "max_qty",
  "max_market_qty", "min_leverage", "leverage_step", "x", "y", "taker", "maker", "mm_rate", "funding_rate", "interest",
  "min_notional", "delivery_fee" }

-- What a given row leaves out is that of this symbol's.
local PATTERNS = { inverse = instruments.default[1], linear = instruments.default[5] }

--- A row with its numbers as decimals, its settle coin and its arithmetic; what a given row leaves out is BTCUSD's, or
--- BTCUSDT's for a linear contract.
---@param given table
---@return table
function instruments.compile(given)
  local out, category = {}, given.category or "inverse"
  for k, v in pairs(PATTERNS[category]) do out[k] = v end
  out.lazy = nil
  for k, v in pairs(given) do out[k] = v end
  for _, name in ipairs(NUMBERS) do out[name] = out[name] and decimal(out[name]) end
  out.category, out.kind = category, arithmetic[category]
  out.quote = out.quote or "USD"
  out.settle = category == "inverse" and out.base or out.quote
  out.has_sessions = category == "linear" and out.quote == "USDC" and not out.delivery
  out.can_hedge = category == "linear" and out.quote == "USDT" and not out.delivery
  return out
end

return instruments
