-- A bracket: an entry order that carries its take profit and stop loss, so that the position is protected from its first moment.
-- Once it is in profit, a trailing stop takes over. The program follows the trade to its end, and reads the books.
--
--   lua5.4 examples/bracket.lua [Buy|Sell]

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL = "BTCUSD"
local SIDE = arg[1] or "Buy"
local QUANTITY = 2000 -- contracts of 1 USD
local AWAY, RISK, REWARD, TRAIL = 4, 60, 240, 40 -- ticks: entry from the market; stop, target, trailing stop from the entry
local PATIENCE, LIMIT = 600, 4 * 3600 -- seconds: to wait for the entry's fill, for the whole trade

local exchange <close> = ENVIRONMENT == "paper" and bybit.paper.start { clock = "manual", seed = 20 } or nil
local client <close> = bybit.client {
  environment = exchange or ENVIRONMENT, credentials = not exchange and "env" or nil, id_prefix = "bracket",
  required = { place_order = { "stop_loss_price" } }, -- a misspelt variable cannot place a naked order
}
local btc = client:with { symbol = SYMBOL }
local decimal = bybit.decimal
local SIGN = SIDE == "Buy" and 1 or -1

local function pause(seconds)
  if exchange then exchange:step(seconds * 2) end -- the paper market moves
  bybit.sleep(seconds)
end

local function say(text, ...)
  print(("%s  %s"):format(bybit.iso(client:now()), text:format(...)))
end

local tick = assert(client:instrument(SYMBOL)).tick_size

local function last_price()
  return assert(btc:get_ticker()).last_price
end

local function position()
  return assert(btc:get_position())
end

-- Places the entry and waits for its fill; nil: the market moved away.
local function enter()
  local price = last_price() - tick * AWAY * SIGN
  local ack = assert(btc:place_order {
    side = SIDE, type = "Limit", quantity = QUANTITY, price = price,
    stop_loss_price = price - tick * RISK * SIGN, take_profit_price = price + tick * REWARD * SIGN,
  })
  say("%s %d at %s, stop %s, target %s", SIDE, QUANTITY, price, price - tick * RISK * SIGN, price + tick * REWARD * SIGN)
  local late = client:now() + PATIENCE * 1000
  while true do
    local order = assert(btc:get_open_order_real_time { client_order_id = ack.client_order_id })
    if order:is_done() then return order.filled_quantity > 0 and order or nil end
    if client:now() > late then
      -- The order may be filled before it is cancelled. `confirm` reads back how it ended.
      local _, err = btc:cancel_order { client_order_id = ack.client_order_id, confirm = true }
      if err and err.kind ~= "not_found" then error(err) end
    else
      pause(2)
    end
  end
end

-- Follows the position to its end; sets the trailing stop once the price has come as far as it trails.
local function follow(entry)
  local trailing, stop = false, client:now() + LIMIT * 1000
  local from = entry + tick * TRAIL * SIGN
  while client:now() < stop do
    if position():is_flat() then return end
    if not trailing and (last_price() - from) * SIGN >= 0 then
      local done, err = btc:set_trading_stop { trailing_stop_distance = tick * TRAIL }
      if not done and not err.unchanged then error(err) end
      trailing = true
      say("in profit: a trailing stop follows by %s", tick * TRAIL)
    end
    pause(2)
  end
  say("out of time: closed at the market") -- not place_order: `required` asks for a stop loss there
  assert(client:request("POST", "/v5/order/create", { symbol = SYMBOL, side = SIDE == "Buy" and "Sell" or "Buy",
    orderType = "Market", qty = position().size, reduceOnly = true, timeInForce = "IOC" }))
end

local order = enter()
if not order then return say("not filled in %d s: cancelled", PATIENCE) end
say("filled: %s at %s", order.filled_quantity, order.avg_price)
follow(order.avg_price)

local profit, fees = decimal(0), decimal(0)
for trade in btc:each("get_user_trades") do
  if trade:is_fill() then profit = trade.side == "Buy" and profit + trade.value or profit - trade.value end
  fees = fees + trade.fee -- funding too
  if trade.stop_order_type then say("closed by a %s: %s at %s", trade.stop_order_type, trade.quantity, trade.price) end
end
say("profit %s BTC, fees %s BTC, net %s BTC", profit, fees, profit - fees)
