-- A momentum strategy on klines: when a fast average of the closes is above a slow one it is long, when it is below it is short. A
-- position is as large as a stop loss at SWING times the usual range of a candle may cost: RISK of the balance, fees included.
--
--   lua5.4 examples/momentum.lua [hours]
--
-- On paper the clock is moved by hand: an hour of trading takes a second, and the same seed gives the same hour.

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL, COIN, INTERVAL = "BTCUSD", "BTC", "5"
local FAST, SLOW = 3, 12 -- candles
local RISK = bybit.decimal "0.001" -- of the balance, a position
local SWING = 3 -- usual ranges from the entry to the stop loss
local HOURS = tonumber(arg[1] or 12)

local exchange <close> = ENVIRONMENT == "paper" and bybit.paper.start { clock = "manual", seed = 11 } or nil
local client <close> = bybit.client {
  environment = exchange or ENVIRONMENT, credentials = not exchange and "env" or nil, id_prefix = "momentum",
}
local contract = assert(client:instrument(SYMBOL)) -- the client's methods with the symbol filled in, and exact arithmetic

local function pause(seconds)
  if exchange then exchange:step(seconds) end -- the paper market moves
  bybit.sleep(seconds)
end

local function mean(list, from, to)
  local sum = bybit.decimal(0)
  for i = from, to do sum = sum + list[i] end
  return sum / (to - from + 1)
end

-- What the closed candles say: the side to be on, and the usual range of a candle. Nil while there are too few.
local function signal()
  local candles = assert(contract:get_klines { interval = INTERVAL, limit = SLOW + 1, columns = true })
  local closes = candles.close_price -- the newest first; that candle is not closed yet
  if #closes < SLOW + 1 then return nil end
  local ranges = {}
  for i = 2, SLOW + 1 do ranges[i] = candles.high_price[i] - candles.low_price[i] end
  local fast, slow = mean(closes, 2, FAST + 1), mean(closes, 2, SLOW + 1)
  return fast > slow and "Buy" or fast < slow and "Sell" or nil, mean(ranges, 2, SLOW + 1)
end

local function close(position)
  assert(contract:place_order { side = position.side == "Buy" and "Sell" or "Buy", type = "Market", quantity = position.quantity,
    reduce_only = true })
end

-- Opens a position whose stop loss costs what may be lost. The stop goes out with the order: there is never a moment without one.
local function open(side, range)
  local ticker, balance = assert(contract:get_ticker()), assert(client:get_balance { coin = COIN })
  local entry = side == "Buy" and ticker.ask_price or ticker.bid_price
  local distance = (range * SWING):max(contract.tick_size * 20)
  local stop = contract:round_price(side == "Buy" and entry - distance or entry + distance, side)
  local quantity = contract:quantity_for {
    risk = balance.wallet_balance * RISK, side = side, entry = entry, exit = stop, fees = true,
  }
  quantity = quantity:min(contract:quantity_for { value = balance.wallet_balance, price = entry }, -- never more than is owned
    contract.max_market_order_quantity)
  local order = { side = side, type = "Market", quantity = quantity, stop_loss_price = stop }
  local fits, why = contract:check(order)
  if not fits then return print("not taken: " .. tostring(why)) end
  assert(contract:place_order(order))
  print(("%s  %-4s %s near %s, stop %s"):format(bybit.iso(client:now()), side, quantity, entry, stop))
end

print(("%s %s, candles of %s minutes, %d hours"):format(ENVIRONMENT, SYMBOL, INTERVAL, HOURS))
local from, before = client:now(), assert(client:get_balance { coin = COIN }).wallet_balance
local stop = from + HOURS * 3600 * 1000
while client:now() < stop do
  local side, range = signal()
  local position = assert(contract:get_position())
  if side and side ~= position.side then
    if not position:is_flat() then close(position) end
    open(side, range)
  end
  pause(60)
end
local last = assert(contract:get_position())
if not last:is_flat() then close(last) end

local closed, won, profit = 0, 0, bybit.decimal(0)
for row in contract:each("get_closed_profit_loss", { start_time = from }) do
  closed, profit = closed + 1, profit + row.closed_pnl
  if row.closed_pnl > 0 then won = won + 1 end
end
local funding = bybit.decimal(0)
for entry in client:each("get_transaction_history", { currency = COIN, start_time = from }) do
  if entry.type == "SETTLEMENT" then funding = funding + entry.change end
end
local change = assert(client:get_balance { coin = COIN }).wallet_balance - before
print(("%d positions closed, %d with a profit"):format(closed, won))
print(("profit %s %s after fees, funding %s, balance changed by %s"):format(profit, COIN, funding, change))
