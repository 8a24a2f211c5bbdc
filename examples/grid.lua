-- A grid: a ladder of conditional orders around the market. Each order waits at its level without using margin, and becomes a
-- limit order when the price gets there. Once it is filled, the opposite order is placed one level further, so that every
-- swing between two levels earns the distance between them. A stop loss on the exchange lies beyond the last level: a market that leaves
-- the grid for good costs what was planned, even if this program has died.
--
--   lua5.4 examples/grid.lua [minutes]
--
-- On paper the clock is moved by hand: an hour of trading takes seconds, and the same seed gives the same hour.

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL = "BTCUSD"
local STEP = 40 -- ticks between two levels
local LEVELS = 4 -- on each side; the exchange keeps 10 conditional orders at most
local QUANTITY = 500 -- contracts of 1 USD at each level
local MINUTES = tonumber(arg[1] or 60)

local exchange <close> = ENVIRONMENT == "paper" and bybit.paper.start { clock = "manual", seed = 5 } or nil
local client <close> = bybit.client {
  environment = exchange or ENVIRONMENT, credentials = not exchange and "env" or nil, id_prefix = "grid",
}
local grid = client:with { symbol = SYMBOL }
local decimal = bybit.decimal

local function pause(seconds)
  if exchange then exchange:step(5) end -- the paper market moves
  bybit.sleep(seconds)
end

local contract = assert(client:instrument(SYMBOL))

local function last_price()
  return assert(grid:get_ticker()).last_price
end

-- The grid begins at level 0. One level, the gap, is always empty: it lies between the levels that buy and those that sell.
local home = last_price()
local gap = 0
local levels = {} -- number -> { id, side }
local filled, swings = 0, 0

local function price_of(level)
  return home + contract.tick_size * STEP * level
end

-- Where the grid gives up: a level and a half beyond its last one, on both sides.
local margin = contract.tick_size * STEP * 3 / 2
local floor = contract:round_price(price_of(-LEVELS) - margin, "Buy")
local ceiling = contract:round_price(price_of(LEVELS) + margin, "Sell")

-- Gives the position its stop loss. The exchange keeps it until the position is closed or turns.
local function protect()
  local position = assert(grid:get_position())
  if position:is_flat() then return end
  local price = position.side == "Buy" and floor or ceiling
  if position.stop_loss_price and position.stop_loss_price:eq(price) then return end
  local done, err = grid:set_trading_stop { stop_loss_price = price }
  if not done and not err.unchanged and err.name ~= bybit.codes.no_position then error(err) end
end

-- Places the order of a level; if the price has passed the level already, at the market's price.
local function set(level, side)
  local price = price_of(level)
  local order = { side = side, type = "Limit", quantity = QUANTITY, price = price }
  local ack, err = grid:place_conditional_order {
    side = side, type = "Limit", quantity = QUANTITY, price = price, trigger_price = price,
    trigger_direction = side == "Buy" and "Falling" or "Rising",
  }
  if not ack and (err.name == bybit.codes.trigger_price_not_above or err.name == bybit.codes.trigger_price_not_below) then
    ack, err = grid:place_order(order)
  end
  levels[level] = { id = assert(ack, err).client_order_id, side = side }
end

-- A level was filled: the opposite order goes into the gap, and this level becomes the gap.
local function fill(level, order)
  filled = filled + 1
  local side = levels[level].side
  levels[level] = nil
  local answer = side == "Buy" and "Sell" or "Buy"
  if math.abs(gap - level) == 1 then
    set(gap, answer)
    swings = swings + 1
  end
  print(("%s  %-4s %s at %s, answered at %s"):format(bybit.iso(order.update_time), side, order.filled_quantity,
    order.price, price_of(gap)))
  gap = level
end

-- Looks at levels whose order waits no more, the nearest to the gap first: was the order filled?
local function look()
  local waiting = {}
  for _, order in ipairs(assert(grid:get_open_conditional_orders_real_time())) do waiting[order.client_order_id or ""] = true end
  local numbers = {}
  for number in pairs(levels) do numbers[#numbers + 1] = number end
  table.sort(numbers, function(a, b)
    local da, db = math.abs(a - gap), math.abs(b - gap)
    return da < db or da == db and a < b
  end)
  for _, number in ipairs(numbers) do
    local level = levels[number]
    if not waiting[level.id] then
      local order = assert(grid:get_open_order_real_time { client_order_id = level.id })
      if order.status == "Filled" then
        fill(number, order)
      elseif order:is_done() then
        set(number, level.side) -- somebody cancelled it: place it again
      end
    end
  end
end

print(("grid on %s %s around %s, %d levels a side, %s apart, stops at %s and %s"):format(ENVIRONMENT, SYMBOL, home, LEVELS,
  contract.tick_size * STEP, floor, ceiling))
for level = -LEVELS, LEVELS do
  if level ~= gap then set(level, level < gap and "Buy" or "Sell") end
end

do
  local off <close> = bybit.defer(function() -- luacheck: ignore 211
    assert(grid:cancel_all_conditional_orders { stop_order_type = "Stop" })
    assert(grid:cancel_all_orders())
  end)
  local stop = client:now() + MINUTES * 60000
  while client:now() < stop do
    pause(5)
    look()
    protect()
    local last = last_price()
    if last <= floor or last >= ceiling then
      print(("%s  the market left the grid at %s"):format(bybit.iso(client:now()), last))
      break
    end
  end
end

-- The profit on an inverse contract is the coin that was bought minus the coin that was sold.
local fees, profit = decimal(0), decimal(0)
for trade in grid:each("get_user_trades") do
  fees = fees + trade.fee -- funding too
  if trade:is_fill() then profit = trade.side == "Buy" and profit + trade.value or profit - trade.value end
end
local position, last = assert(grid:get_position()), last_price()
if not position:is_flat() then
  local value = contract:value(position.quantity, last)
  profit = position.side == "Buy" and profit - value or profit + value
end
print(("%d levels filled, %d of them answered; position %s"):format(filled, swings, position.signed_quantity))
print(("profit %s BTC with the position at the last price, fees %s BTC"):format(profit:round(8) + 0, fees)) -- + 0: never -0
