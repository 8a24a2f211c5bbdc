-- Whole candles at once: while a price stays between two bounds where no order rests, nothing waits for a trigger and no position is
-- liquidated, all that happens is that the candle is there afterwards.

local dues = require "bybit.paper.engine.dues"
local position = require "bybit.paper.engine.position"

local bars = {}

local NAMES = { "LastPrice", "MarkPrice", "IndexPrice" }

-- Does anything wait for a price between these?
local function waits(watch, low, high)
  if watch.rows.count == 0 then return false end
  if watch.trailing > 0 then return true end
  for _, by in ipairs(NAMES) do
    local rising, falling = watch.rising[by].best, watch.falling[by].best
    if rising and rising.ticks <= high or falling and falling.ticks >= low then return true end
  end
  return false
end

-- The price at which a position is liquidated, in ticks, and rounded towards the market; nil when there is none. It is worked out again
-- when the position has changed.
local function liquidation(p, market)
  local kept = p.bar_kept
  if not (kept and rawequal(kept.cost, p.cost) and rawequal(kept.added, p.added) and rawequal(kept.leverage, p.leverage)) then
    local price = position.liquidation_price(p, market.instrument)
    kept = { cost = p.cost, added = p.added, leverage = p.leverage, price = price and price:tonumber() or nil,
      ticks = price and (price // market.tick):tointeger() }
    p.bar_kept = kept
  end
  return kept.ticks, kept.price
end

--- The price at which a position is liquidated, as a number; nil: there is none.
function bars.liquidation(p, market)
  local _, price = liquidation(p, market)
  return price
end

--- Can nothing happen on a market while its price is between two bounds?
---@param low integer ticks
---@param high integer ticks
---@param stop integer ms: until then; nobody pays funding before
function bars.quiet(engine, market, low, high, stop)
  local buy, sell = market.resting.Buy.best, market.resting.Sell.best
  if buy and buy.ticks >= low or sell and sell.ticks <= high then return false end
  if market.users == 0 then return true end
  if dues.next(market) < stop then return false end
  local symbol, accounts = market.instrument.symbol, engine.accounts
  if waits(engine.armed[symbol], low, high) then return false end
  for i = 1, #accounts do
    for _, p in ipairs(accounts[i]:held(symbol)) do
      local at = liquidation(p, market)
      if at and (p.side == "Buy" and at + 1 >= low or p.side == "Sell" and at - 1 <= high) then return false end
    end
  end
  return true
end

--- A quiet candle has passed, of one minute. Strangers have traded at its close. Its book is that of its fourth point.
---@param now integer ms
---@param high integer ticks, as the others
function bars.pass(market, now, high, low, close)
  market.moves = market.moves + 3
  market:place(close)
  market.candles:pass(now, high, low, close)
end

--- A point of a longer quiet candle: the price is there.
---@param now integer ms
---@param ticks integer
function bars.point(market, now, ticks)
  market:place(ticks)
  market.candles:pass(now, ticks, ticks, ticks)
end

return bars
