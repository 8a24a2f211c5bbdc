-- Many ticks of a walk at once: while a market's price stays between two bounds, where no order rests, none waits for a trigger and no
-- position is liquidated, all that a tick leaves behind is its price and what strangers traded there.

local position = require "bybit.paper.engine.position"

local ticks = {}

local BY = { "LastPrice", "MarkPrice", "IndexPrice" }
local BESIDE = 2 -- ticks: a stranger's order reaches one tick from the last price

--- Bounds, in ticks, narrowed so that no order that waits for a trigger has its price between them; nil where one follows the price.
---@param watch table of the market's orders that wait
---@return integer? low
---@return integer? high
function ticks.without_triggers(watch, low, high)
  if watch.rows.count == 0 then return low, high end
  if watch.trailing > 0 then return nil end
  for i = 1, #BY do
    local rising, falling = watch.rising[BY[i]].best, watch.falling[BY[i]].best
    if rising and rising.ticks <= high then high = rising.ticks - 1 end
    if falling and falling.ticks >= low then low = falling.ticks + 1 end
  end
  return low, high
end

-- The bounds, narrowed by where positions are liquidated.
local function liquidations(engine, market, low, high)
  local symbol, accounts = market.instrument.symbol, engine.accounts
  for i = 1, #accounts do
    local held = accounts[i]:held(symbol)
    for j = 1, #held do
      local p = held[j]
      local at = position.lost_at(p, market.instrument)
      if at and p.side == "Buy" then low = math.max(low, at + 1) elseif at then high = math.min(high, at - 1) end
    end
  end
  return low, high
end

--- Between which prices, in ticks, nothing happens on a market; nil where that cannot be told. Last, mark and index price have to stay
--- there.
---@return integer? low
---@return integer? high
function ticks.bounds(engine, market)
  local buy, sell = market.resting.Buy.best, market.resting.Sell.best
  local low, high = buy and buy.ticks + BESIDE or math.mininteger, sell and sell.ticks - BESIDE or math.maxinteger
  low, high = ticks.without_triggers(engine.armed[market.instrument.symbol], low, high)
  if not low then return nil end
  if market.held > 0 then low, high = liquidations(engine, market, low, high) end
  return low, high
end

--- The market that walks: nil where all stand still, false where several walk.
function ticks.walker(engine, now)
  local found, markets = nil, engine.markets
  for i = 1, #markets do
    local market = markets[i]
    -- Most have slept for long: they have no user, and nobody has looked.
    if (market.users > 0 or market.seen >= 0 or not market.instrument.lazy) and market.walking and not market:sleeps(now) then
      if found then return false end
      found = market
    end
  end
  return found
end

--- Lets ticks pass at once in which nothing happens besides: at most `count`, at `ns` and each `apart` later.
---@param shift integer ms that the exchange's clock is ahead of `ns`
---@return integer passed how many have
---@return table? market the one that has walked
---@return integer[]? prices of it, in ticks: of each tick that has passed
---@return integer? next its price at the next tick, which has begun: it is outside
function ticks.pass(engine, count, ns, apart, shift)
  local now = engine.now()
  local market = ticks.walker(engine, now)
  if not market then return market == nil and count or 0 end
  local awake = market:awake_until()
  if awake then count = math.min(count, ((awake - shift + 1) * 1000000 - 1 - ns) // apart + 1) end
  local low, high = ticks.bounds(engine, market)
  if not low then return 0 end
  engine.stirred[market] = nil
  local prices, following = market:pass(count, ns, apart, shift, low, high)
  return #prices, market, prices, following
end

return ticks
