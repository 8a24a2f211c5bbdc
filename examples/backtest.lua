-- A backtest: a strategy that quotes both sides of the market, over a year of minute candles that this program makes itself. It prints
-- ten lines and writes backtest.html, a page with pictures.
--
--   lua5.4 examples/backtest.lua          DAYS=30 lua5.4 examples/backtest.lua is shorter

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local DAYS = tonumber(os.getenv "DAYS" or 365)
local FILE = os.getenv "HTML" or "backtest.html"

-- Twenty lines of strategy. The same function trades when bybit.main runs it.
local function maker(client, stop)
  local book = client:with { symbol = "BTCUSD" }
  local off <close> = bybit.defer(function() book:sync_orders {} end) -- luacheck: ignore 211
  while not stop:wait(3600) do
    local ticker, position = book:get_ticker(), book:get_position()
    if ticker and position then
      local middle = ticker.last_price * (1 - position.signed_quantity * "0.0000005")
      book:sync_orders {
        { tag = "bid", side = "Buy", quantity = 1000, price = (middle * "0.996"):to_step "0.5" },
        { tag = "ask", side = "Sell", quantity = 1000, price = (middle * "1.004"):to_step("0.5", "up") },
      }
    end
  end
end

-- A walk that swings around its beginning. A file would do as well: assert(bybit.history.klines "BTCUSD_1.csv").
local function candles(days)
  local rows, price, state = {}, 30000.0, 1
  local function draw() -- 0 to 1, the same on every machine
    state = (state * 6364136223846793005 + 1442695040888963407) & 0x7FFFFFFFFFFFFFFF
    return (state >> 23) / 2 ^ 40
  end
  local start = bybit.time "2025-01-01"
  for i = 1, days * 1440 do
    local close = price + (draw() - 0.5) * 40 + (30000 - price) * 0.0002
    rows[i] = { start_time = start + (i - 1) * 60000, open_price = price, close_price = close,
      high_price = math.max(price, close) + draw() * 10, low_price = math.min(price, close) - draw() * 10 }
    price = close
  end
  return rows
end

local report = bybit.paper.simulate({ prices = { BTCUSD = candles(DAYS) }, client = { id_prefix = "mm" } }, maker)
print(report)
report:html(FILE)
print("\npictures: " .. FILE)
