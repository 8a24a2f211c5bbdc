-- A market that is driven by the past of a real one in place of its walk: points in time, each with a price, perhaps the size of
-- what was traded there and the side of the taker. Prices are rounded to the tick of the contract, sizes to its step. Mark and
-- index price are the last price.

local Market = require "bybit.paper.engine.market"

local Feed = {}
Feed.__index = Feed

local function nearest(x)
  return math.floor(x + 0.5)
end

-- The next point, with its time on the exchange's clock.
local function pull(self)
  local point = self.points()
  if point then point.time = point.time + self.shift end
  self.point = point
end

--- Is there a point that has come by now?
function Feed:due(now)
  return self.point ~= nil and self.point.time <= now
end

--- Moves the market to the point that is due. Returns the steps that were traded there, and the side, as far as they are known.
function Feed:move(market, now)
  local point = self.point
  pull(self)
  market:place(math.max(self.low, math.min(self.high, nearest(point.price / self.tick))))
  if point.begins then market.candles:begin(now) end
  if not point.size then return nil, point.side end
  local exact = point.size / self.step + self.rest
  local steps = math.max(1, nearest(exact))
  self.rest = exact - steps -- what rounding has left out is added to the next
  return steps, point.side
end

--- A market that points drive. Those until now are its past already.
---@param points fun(): { time: integer, price: number, size: number?, side: string?, begins: boolean? }?
---@param shift integer ms by which the exchange's clock is ahead of the points'
---@param now integer ms
function Feed.begin(instrument, random, flow, points, shift, now)
  local feed = setmetatable({ points = points, shift = shift, rest = 0.0, tick = tonumber(tostring(instrument.tick)),
    step = tonumber(tostring(instrument.qty_step)) }, Feed)
  feed.low = (instrument.min_price // instrument.tick):tointeger()
  feed.high = (instrument.max_price // instrument.tick):tointeger()
  pull(feed)
  local first = feed.point
  instrument.lazy = nil
  if first then instrument.start = instrument.tick * math.max(feed.low, math.min(feed.high, nearest(first.price / feed.tick))) end
  local market = Market.new(instrument, random, first and math.min(first.time, now) or now, flow, first ~= nil)
  market.feed, market.walking = feed, false
  while feed:due(now) do
    local time = feed.point.time
    local steps, side = feed:move(market, time)
    market:arrive(time, steps, side)
  end
  return market
end

return Feed
