-- Whole candles at once: while a price stays between two bounds where no order rests, nothing waits for a trigger and no position is
-- liquidated, all that happens is that the candle is there afterwards.

local dues = require "bybit.paper.engine.dues"
local position = require "bybit.paper.engine.position"
local ticks_of = require "bybit.paper.engine.ticks"

local bars = {}

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
  local bottom, top = ticks_of.without_triggers(engine.armed[symbol], low, high)
  if bottom ~= low or top ~= high then return false end
  for i = 1, #accounts do
    for _, p in ipairs(accounts[i]:held(symbol)) do
      local at = position.lost_at(p, market.instrument)
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
