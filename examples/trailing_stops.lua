-- A manager of stops: looks after every position of the account, whoever opened it, in a task per symbol. A position without a
-- stop gets one. Once it is far enough in profit, a trailing stop follows it. The stops are on the exchange: they work even
-- when this program has died.
--
--   lua5.4 examples/trailing_stops.lua [minutes]
--
-- On paper it opens a position in each symbol first, so that there is something to look after.

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOLS = { "BTCUSD", "ETHUSD", "XRPUSD" }
local LOSS = bybit.decimal "0.004" -- of the entry price: the distance of the stop loss
local GAIN = bybit.decimal "0.001" -- of the entry price: the profit at which the trailing stop begins
local TRAIL = bybit.decimal "0.0015" -- of the entry price: the trailing stop's distance from the best price
local MINUTES = tonumber(arg[1] or 120)

local exchange <close> = ENVIRONMENT == "paper" and bybit.paper.start { clock = "manual", seed = 5 } or nil
local client <close> = bybit.client {
  environment = exchange or ENVIRONMENT, credentials = not exchange and "env" or nil, id_prefix = "stops",
}

local function say(symbol, text, ...)
  print(("%s  %-7s %s"):format(bybit.iso(client:now()), symbol, text:format(...)))
end


-- How the last position ended: the order that closed it.
local function ending(symbol)
  local list = assert(client:get_conditional_orders { symbol = symbol, status = "Filled", limit = 1 })
  local newest = list[1]
  return newest and ("closed by a %s at %s"):format(newest.stop_order_type, newest.avg_price) or "closed by hand"
end

-- Looks once; returns whether there is a position.
local function look(symbol, contract)
  local p = assert(client:get_position { symbol = symbol })
  if p:is_flat() then return false end
  local long, entry = p.side == "Buy", p.entry_price
  local closing = long and "Sell" or "Buy" -- prices of a closing order are rounded towards the entry: never more risk than planned
  if not p.stop_loss_price then
    local price = contract:round_price(entry * (long and 1 - LOSS or 1 + LOSS), closing)
    assert(client:set_trading_stop { symbol = symbol, stop_loss_price = price, stop_loss_trigger_type = "MarkPrice" })
    say(symbol, "%s %s at %s had no stop loss: set to %s", long and "long" or "short", p.quantity, contract:round_price(entry),
      price)
  end
  if not p.trailing_stop_distance then
    local from = contract:round_price(entry * (long and 1 + GAIN or 1 - GAIN), closing)
    local distance = (entry * TRAIL):to_step(contract.tick_size, "up")
    local done, err = client:set_trading_stop {
      symbol = symbol, trailing_stop_distance = distance, trailing_stop_trigger_price = from,
    }
    if done then
      say(symbol, "trails by %s from %s on", distance, from)
    elseif not err.unchanged then
      say(symbol, "%s", err) -- the price has passed the start already: the next look tries again
    end
  end
  return true
end

local function manage(symbol, stop)
  local contract, had = assert(client:instrument(symbol)), false
  while client:now() < stop do
    local has = look(symbol, contract)
    if had and not has then
      say(symbol, "%s", ending(symbol))
      if exchange then return end -- nobody opens another
    end
    had = has
    bybit.sleep(10)
  end
  say(symbol, had and "is still held" or "is flat")
end

bybit.run(function()
  if exchange then
    for i, symbol in ipairs(SYMBOLS) do
      assert(client:place_order { symbol = symbol, side = i % 2 == 0 and "Sell" or "Buy", type = "Market", quantity = 1000 })
    end
  end
  local tasks, stop = {}, client:now() + MINUTES * 60000
  for i, symbol in ipairs(SYMBOLS) do tasks[i] = bybit.spawn(manage, symbol, stop) end
  if exchange then -- the paper market moves while the managers sleep
    bybit.spawn(function()
      while not (tasks[1].done and tasks[2].done and tasks[3].done) do
        exchange:step(4)
        bybit.sleep(2)
      end
    end)
  end
  bybit.all(tasks)
end)
