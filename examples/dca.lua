-- Selling in instalments, with exact sizes: each time coin of the same worth is sold for dollars at the market (on an inverse
-- contract a short of that worth, as a miner hedges). Contracts are whole, so an instalment is never used to the last satoshi.
-- The rest goes into the next instalment, and at the end the sum is right to the last digit.
--
--   lua5.4 examples/dca.lua [instalments]

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL, COIN = "BTCUSD", "BTC"
local BUDGET = bybit.decimal "0.0125" -- coin per instalment
local EVERY = 3600 -- seconds
local COUNT = tonumber(arg[1] or 12)

local exchange <close> = ENVIRONMENT == "paper" and bybit.paper.start { clock = "manual", seed = 9 } or nil
local client <close> = bybit.client {
  environment = exchange or ENVIRONMENT, credentials = not exchange and "env" or nil, id_prefix = "dca",
}
local decimal = bybit.decimal

local function pause(seconds)
  if exchange then exchange:step(500) end -- the paper market moves
  bybit.sleep(seconds)
end

local contract = assert(client:instrument(SYMBOL))

-- A market order, with its fills summed up. It is acknowledged before it is booked, so it is read back.
local function settled(id)
  while true do
    local order = assert(client:get_open_order_real_time { symbol = SYMBOL, client_order_id = id })
    if order:is_done() then return order end
    bybit.sleep(0.1)
  end
end

local carried, sold, contracts = decimal(0), decimal(0), decimal(0)

local function instalment(n)
  local worth = BUDGET + carried
  local bid = assert(contract:get_ticker()).bid_price
  local quantity = contract:quantity_for { value = worth, price = bid } -- rounded down: never more than there is
  if quantity < contract.min_order_quantity then
    carried = worth
    return print(("%2d  %s %s is less than the smallest order: kept"):format(n, worth, COIN))
  end
  local order, err = client:place_order {
    symbol = SYMBOL, side = "Sell", type = "Market", quantity = quantity,
    client_order_id = ("dca-%d-%d"):format(client:now(), n), -- your own id: the order is never sent under another
  }
  if not order then
    carried = worth
    return print(("%2d  not this time: %s"):format(n, err))
  end
  order = settled(order.client_order_id)
  carried = worth - order.filled_value -- may be below zero: the price moved against the order
  sold, contracts = sold + order.filled_value, contracts + order.filled_quantity
  print(("%2d  %s  %6s contracts at %s  worth %s %s, carried %s"):format(n, bybit.iso(order.create_time),
    order.filled_quantity, order.avg_price:round(2), order.filled_value, COIN, carried))
end

print(("%d instalments of %s %s on %s"):format(COUNT, BUDGET, COIN, ENVIRONMENT))
for n = 1, COUNT do
  instalment(n)
  if n < COUNT then pause(EVERY) end
end

print(("sold %s %s in %s contracts, %s on average"):format(sold, COIN, contracts, (contracts / sold):round(2)))
local exact = (sold + carried):eq(BUDGET * COUNT)
print(("%s sold + %s carried = %s x %d: %s"):format(sold, carried, BUDGET, COUNT, exact and "exact" or "WRONG"))
assert(exact)
