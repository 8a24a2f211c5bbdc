-- The synthetic market of one contract. The last price walks at random. Strangers trade with each other at each price, offer a
-- book around it, and send market orders that may fill accounts' orders. All of it is drawn from the exchange's seed. Prices
-- are counted in ticks here and strangers' sizes in steps; decimals are made where they leave this file.

local decimal = require("bybit.core").decimal
local money = require "bybit.paper.engine.money"

local Candles = require "bybit.paper.engine.candles"
local Ladder = require "bybit.paper.engine.ladder"

local draw_steps = require("bybit.paper_engine").steps
local ticks_of = money.ticks

local LEVELS = 25
local PRICES_KEPT = 4096 -- decimals of prices: the same come again and again
local TRADES_KEPT = 1000 -- the most that market/recent-trade tells
local MOST_STEPS = 2000  -- of one trade between strangers

-- A level has its price, and its size in steps. The size as a decimal, `size`, is made when somebody reads it.
local function level_of(qty_step)
  return { __index = function(level, name)
    if name ~= "size" then return nil end
    level.size = qty_step * level.steps
    return level.size
  end }
end

local Market = {}
Market.__index = Market

---@param instrument table compiled row
---@param random userdata the generator of the walk
---@param now integer ms
---@param flow userdata? the generator of strangers' trades; the walk's when there is none
---@param quiet boolean? nobody trades yet
function Market.new(instrument, random, now, flow, quiet)
  local start = (instrument.start // instrument.tick):tointeger()
  local self = setmetatable({
    instrument = instrument, random = random, flow = flow or random, last = start, mark = start, index = start, home = start,
    low = (instrument.min_price // instrument.tick):tointeger() + 100, walking = true, seq = 0,
    least_steps = math.max(1, (instrument.min_qty / instrument.qty_step):round(0, "up"):tointeger() or 1),
    trades = {}, -- oldest first: time, ticks, seq, side of the taker; size, or steps between strangers; id, or number
    traded = 0, -- trades so far
    prices = {}, priced = 0, -- by ticks, and how many
    users = 0, held = 0, -- open orders and positions there, and positions alone
    seen = -1 << 40, moved = now, -- when somebody looked last, and when the market moved last
    interests = {}, -- { time, value } of the open interest, oldest first
    fundings = {}, -- { time, rate } of each funding, oldest first
    premiums = {}, -- what the middle of the book was above the mark, in half ticks, and since when; oldest first
    level = level_of(instrument.qty_step), centre = start, moves = 0,
    inside = {}, -- prices that are within the limits whatever the premium, and for which `mark` and `index`
    protective = { Buy = {}, Sell = {} }, -- how far market orders go: `ticks` of the last price, and the `price`
    references = { LastPrice = {}, MarkPrice = {}, IndexPrice = {} },
    resting = { Buy = Ladder.new(true), Sell = Ladder.new(false) }, -- accounts' orders on the book
  }, Market)
  self.places = #(tostring(instrument.tick):match "%.(%d*)$" or "") -- of prices
  self.tick, self.salt = instrument.tick, self.flow:integer(1, (1 << 48) - 1)
  self.candles = Candles.new(now, self)
  if not quiet then self:arrive(now) end
  return self
end

--- A price of so many ticks.
function Market:price(ticks)
  local price = self.prices[ticks]
  if price then return price end
  price = self.tick * ticks
  if self.priced == PRICES_KEPT then self.prices, self.priced = {}, 0 end
  self.prices[ticks], self.priced = price, self.priced + 1
  return price
end

--- Ticks of a price that is a multiple of the tick.
function Market:ticks(price)
  return ticks_of(price, self.tick)
end

local REFERENCES = { LastPrice = "last", MarkPrice = "mark", IndexPrice = "index" }

--- The last, mark or index price, as `LastPrice`, `MarkPrice` or `IndexPrice` name it. It is made once for each price.
function Market:reference(name)
  local kept = self.references[name]
  local ticks = self[REFERENCES[name]]
  if kept.ticks ~= ticks then kept.ticks, kept.price = ticks, self:price(ticks) end
  return kept.price
end

function Market:next_seq()
  self.seq = self.seq + 1
  return self.seq
end

---------------------------------------------------------------------------------------------------------------
-- The book.

local OFFSETS = { 1 } -- of the levels from the last price, in ticks: further out they are wider apart, and larger
for i = 1, LEVELS - 1 do OFFSETS[i + 1] = OFFSETS[i] + (i + 3) // 4 end

-- How large a level is, from 1 to 40: another number for each level of each book. It is drawn from nothing that others draw
-- from, so prices do not depend on who looks at the book.
local function draw(salt, number)
  local x = salt ~ number * -7046029254386353131
  x = (x ~ x >> 29) * -4658895280553007687
  return (x ~ x >> 32) % 40 + 1
end

-- A side of the book, around the price that the market moved to last. It makes each level when somebody reads it.
local function side_of(market, side)
  local last, number, falling = market.centre, 2 * LEVELS * market.moves, side == "Buy"
  if not falling then number = number + LEVELS end
  return setmetatable({}, { __index = function(list, i)
    local offset = OFFSETS[i]
    if not offset or falling and last <= offset then return nil end
    local level = setmetatable({ ticks = falling and last - offset or last + offset,
      steps = draw(market.salt, number + i) * 500 * i, size = nil, spent = false }, market.level)
    list[i] = level
    return level
  end })
end

--- Strangers' levels on a side, best first, for ipairs. What accounts take from a level is missing until the market moves.
function Market:levels(side)
  local book = self.book
  if not book then
    book = {}
    self.book = book
  end
  local list = book[side]
  if not list then
    list = side_of(self, side)
    book[side] = list
  end
  return list
end

--- Strangers' best level on a side that is not used up; nil when there is none.
function Market:best_level(side)
  local list, i = self:levels(side), 1
  local level = list[1]
  while level and level.spent do
    i = i + 1
    level = list[i]
  end
  return level
end

--- An account has taken so much of a level.
function Market.take(level, quantity)
  level.size = level.size - quantity
  level.spent = level.size:is_zero()
end

--- The price of that level, in ticks.
function Market:touch(side)
  local last = self.centre
  if not (self.book and self.book[side]) then -- nobody has taken anything
    if side == "Sell" then return last + 1 end
    return last > 1 and last - 1 or nil
  end
  local level = self:best_level(side)
  return level and level.ticks
end

---------------------------------------------------------------------------------------------------------------
-- Trades.

local PREMIUM_SPAN = 30000 -- ms
local PREMIUMS_KEPT = 1000 -- more than the ticks of that span

-- Notes a premium; `newest` is the one before. Returns what is the newest then.
local function note_premium(self, now, half_ticks, newest)
  if newest and (newest.half_ticks == half_ticks or newest.since == now) then
    newest.half_ticks = half_ticks
    return newest
  end
  local list = self.premiums
  newest = { since = now, half_ticks = half_ticks }
  list[#list + 1] = newest
  if #list < PREMIUMS_KEPT then return newest end
  local first = 1
  while list[first + 1].since < now - PREMIUM_SPAN do first = first + 1 end
  self.premiums = table.move(list, first, #list, 1, {})
  return newest
end

-- The newest trades of a list that has become too long.
local function newest_of(list)
  return table.move(list, #list - TRADES_KEPT + 1, #list, 1, {})
end

local function keep_trade(self, row)
  local list = self.trades
  self.traded = self.traded + 1
  row.number, row.seq = self.traded, self.seq
  list[#list + 1] = row
  if #list >= 2 * TRADES_KEPT then self.trades = newest_of(list) end
end

--- Remembers a trade of an account; `side` is the taker's, `value` the size over the price. `passing`: the market is on its
--- way past this price, and its last price is set already.
function Market:note_trade(now, ticks, size, value, side, id, passing)
  if not passing then self.last = ticks end
  keep_trade(self, { time = now, ticks = ticks, size = size, side = side, id = id })
  self.candles:trade(now, ticks, size, value)
end

--- Strangers trade at the last price, which the market has just reached: so many steps, drawn when they are not known, and the side
--- of the taker.
---@param steps integer?
---@param side "Buy"|"Sell"|nil
function Market:arrive(now, steps, side)
  local trades, last, seq = self.trades, self.last, self.seq + 1
  self.moved, self.seq = now, seq
  steps = steps or self.least_steps + self.flow:integer(0, MOST_STEPS - 1)
  if not side then
    local before = trades[#trades]
    local rise = before and last - before.ticks or 0
    side = rise > 0 and "Buy" or rise < 0 and "Sell" or steps & 1 == 0 and "Buy" or "Sell"
  end
  keep_trade(self, { time = now, ticks = last, steps = steps, side = side, number = 0, seq = 0 })
  self.candles:arrive(now, steps)
  -- The middle of the book, above the mark. Strangers' best prices are one tick from the last price, so no book is needed.
  local premiums, bid = self.premiums, last > 1 and last - 1 or last
  note_premium(self, now, bid + last + 1 - 2 * self.mark, premiums[#premiums])
end

--- Size and id of a trade.
function Market:told(trade)
  if not trade.steps then return trade.size, trade.id end
  local a = (self.salt ~ trade.number * -7046029254386353131) * -4658895280553007687
  local b = (self.salt + trade.number) * -4417276706812531889
  return self.instrument.qty_step * trade.steps, ("%08x-%04x-4%03x-%04x-%012x"):format(a >> 32, a >> 16 & 0xffff, a & 0xfff,
    0x8000 | b >> 50, trade.number ~ self.salt)
end

---------------------------------------------------------------------------------------------------------------
-- Movement.

-- A part of a way, rounded towards zero. '//' rounds down, so the market would fall more than it rises.
local function towards(way, part)
  return way < 0 and -(-way // part) or way // part
end

-- The market is at another price, with another book around it.
local function move(self, last)
  self.last, self.centre, self.book, self.moves = last, last, nil, self.moves + 1
end

-- How far a market goes in a step at most, besides what pulls it home.
local function reach_of(self)
  return math.max(2, self.home // 20000)
end

-- Where a step from a price leads to.
local function step_from(last, random, reach, home, low)
  local to = last + random:integer(-reach, reach) + towards(home - last, 2000)
  return to < low and low or to
end

-- Where the index price goes, which follows the last price.
local function follow(index, last)
  index = index + towards(last - index, 4)
  local way = last - index
  return way <= 3 and way >= -3 and last or index
end

--- A step of the walk leads to a price, in ticks.
function Market:walk_to(last)
  local index = follow(self.index, last)
  self.index, self.mark = index, index
  move(self, last)
end

--- Moves the market one step, when it walks. Returns whether it did.
function Market:walk()
  if not self.walking then return false end
  self:walk_to(step_from(self.last, self.random, reach_of(self), self.home, self.low))
  return true
end

local AWAKE = 60000 -- ms that a market walks on after somebody looked
local STRIDES, STRIDE, TICKS_OF_STRIDE = 1440, 60000, 600 -- at most so many, each for so many ms, which are so many steps

--- Until when the market walks unless somebody looks, in ms; nil: as long as there is somebody who trades there.
function Market:awake_until()
  return self.instrument.lazy and self.users == 0 and self.seen + AWAKE or nil
end

--- Does the market stand still because nobody trades or looks there?
function Market:sleeps(now)
  return self.instrument.lazy and self.users == 0 and now - self.seen > AWAKE
end

-- Moves the market about as far as so many steps would.
local function stride(self)
  local reach = math.max(2, self.home // 20000) * math.floor(TICKS_OF_STRIDE ^ 0.5)
  local pull = towards((self.home - self.last) * 3, 10)
  local last = math.max(self.low, self.last + self.random:integer(-reach, reach) + pull)
  self.index, self.mark = last, last
  move(self, last)
end

--- Somebody looks. A market that has slept makes up for it in long strides, for the last day of it.
function Market:wake(now)
  local behind = self:sleeps(now) and self.walking and (now - self.moved) // STRIDE or 0
  for i = math.min(behind, STRIDES), 1, -1 do
    stride(self)
    self:arrive(now - (i - 1) * STRIDE)
  end
  self.seen = now
end

--- Puts the prices where they are wanted. The market stays there, or walks on from there.
function Market:place(last, mark, index, walk)
  self.mark, self.index, self.walking = mark or last, index or last, walk or false
  move(self, last)
  if walk then self.home = last end
end

--- A stranger's market order of this step: side and size in steps; nil when there is none.
function Market:stranger()
  if not self.walking or self.random:unit() > 0.6 then return nil end
  return self.random:unit() < 0.5 and "Buy" or "Sell", self.random:integer(1, 60) * 50
end

--- Walks on, step by step, between two bounds where no step does more than to move the price: at most `count` steps, at `ns` and each
--- `apart` later. What walk and arrive do for each step is done for all of them here.
---@param shift integer ms that the exchange's clock is ahead of `ns`
---@return integer[] prices where the steps have led to
---@return integer? next where the next step leads to, which is outside
function Market:pass(count, ns, apart, shift, low, high)
  local index = self.index
  -- The index price follows the last price: what is inside stays there.
  if index < low or index > high then
    return {}, step_from(self.last, self.random, reach_of(self), self.home, self.low)
  end
  local prices, sizes, indexes, following = draw_steps(self, reach_of(self), count, low, high, MOST_STEPS)
  local passed, trades = #prices, self.trades
  if passed == 0 then return prices, following end
  local at, newest, first, last, seq, now = trades[#trades], self.premiums[#self.premiums], self.traded, self.last, self.seq, nil
  local before, minute, sums, stop, noted = at and at.ticks or last, nil, nil, math.mininteger, 0
  local top, bottom, index_top, index_bottom
  for i = 1, passed do
    local to, steps = prices[i], sizes[i]
    now = (ns + (i - 1) * apart) // 1000000 + shift
    local side = to > before and "Buy" or to < before and "Sell" or steps & 1 == 0 and "Buy" or "Sell"
    trades[#trades + 1] = { time = now, ticks = to, steps = steps, side = side, number = first + i, seq = seq + i }
    if now >= stop then
      if minute then Candles.walked(minute, i - 1 - noted, top, bottom, before, index_top, index_bottom, index) end
      minute, stop = self.candles:minute(now)
      index = indexes[i]
      sums, noted, top, bottom, index_top, index_bottom = minute.flow, i - 1, to, to, index, index
    else
      index = indexes[i]
      if to > top then top = to elseif to < bottom then bottom = to end
      if index > index_top then index_top = index elseif index < index_bottom then index_bottom = index end
    end
    if sums then
      sums[to] = (sums[to] or 0) + steps
    else
      sums = { [to] = steps, a = nil, b = nil, c = nil }
      minute.flow = sums
    end
    newest = note_premium(self, now, 2 * (to - index), newest) -- a walk's prices are far from the lowest
    before = to
    if #trades >= 2 * TRADES_KEPT then trades = newest_of(trades) end
  end
  Candles.walked(minute, passed - noted, top, bottom, before, index_top, index_bottom, index)
  self.index, self.mark, self.trades, self.traded, self.seq, self.moved = index, index, trades, first + passed, seq + passed, now
  self.moves = self.moves + passed - 1
  move(self, before)
  return prices, following
end

---------------------------------------------------------------------------------------------------------------
-- Premium and funding.

local FUNDINGS_KEPT = 400

--- Funding was due at this moment.
function Market:note_funding(time)
  local list = self.fundings
  list[#list + 1] = { time = time, rate = self.instrument.funding_rate }
  if #list > FUNDINGS_KEPT then table.remove(list, 1) end
end

--- The average over 30 s, sampled each second, of (ask1 + bid1) / 2 - mark (V5 documentation, market/price-limit).
function Market:premium(now)
  local list, sum, samples = self.premiums, 0, 0
  local i = #list
  for moment = now, now - PREMIUM_SPAN + 1000, -1000 do
    while i >= 1 and list[i].since > moment do i = i - 1 end
    if i == 0 then break end
    sum, samples = sum + list[i].half_ticks, samples + 1
  end
  if samples == 0 then return decimal(0) end
  return self.tick * sum / (2 * samples)
end

return Market
