-- The synthetic market of one contract: a random walk of the last price, a book around it, and a flow of strangers'
-- orders. All of it is drawn from the exchange's seed. Prices are whole ticks here; decimals are made at the rim.

local decimal = require("bybit.core").decimal

local Candles = require "bybit.paper.candles"

local LEVELS = 25

local Market = {}
Market.__index = Market

---@param instrument table compiled row
---@param random userdata the generator
---@param now integer ms
function Market.new(instrument, random, now)
  local start = (instrument.start // instrument.tick):tointeger()
  local self = setmetatable({
    instrument = instrument, random = random, last = start, mark = start, index = start, home = start,
    low = (instrument.min_price // instrument.tick):tointeger() + 100, walking = true, seq = 0, trades = {},
    interests = {}, -- { time, value } of the open interest, oldest first
    fundings = {}, -- { time, rate } of each funding, oldest first
    premiums = {}, -- what the middle of the book was above the mark, in half ticks, and since when; oldest first
    buys = {}, sells = {}, -- accounts' resting orders, best first, then oldest first
    day = { open = start, high = start, low = start, volume = decimal(0), turnover = decimal(0) },
  }, Market)
  self.tick = instrument.tick
  self.candles = Candles.new(now, self)
  self:moved(now)
  return self
end

--- A price of so many ticks.
function Market:price(ticks)
  return self.tick * ticks
end

--- Ticks of a price that is a multiple of the tick.
function Market:ticks(price)
  return (price // self.tick):tointeger()
end

--- The last, mark or index price, as `LastPrice`, `MarkPrice` or `IndexPrice` name it.
function Market:reference(name)
  if name == "MarkPrice" then return self:price(self.mark) end
  if name == "IndexPrice" then return self:price(self.index) end
  return self:price(self.last)
end

function Market:next_seq()
  self.seq = self.seq + 1
  return self.seq
end

-- A level's place and what strangers offer there. Further out the levels are wider apart and larger.
local function build(self)
  local book = { Buy = {}, Sell = {} }
  local offset = 1
  for i = 1, LEVELS do
    for _, side in ipairs { "Buy", "Sell" } do
      local ticks = side == "Buy" and self.last - offset or self.last + offset
      if ticks > 0 then
        table.insert(book[side], { ticks = ticks, size = decimal(self.random:integer(1, 40) * 500 * i) })
      end
    end
    offset = offset + (i + 3) // 4
  end
  return book
end

--- Strangers' levels on a side, best first; what accounts take from them is gone until the market moves.
function Market:levels(side)
  self.book = self.book or build(self)
  return self.book[side]
end

--- Remembers a trade at the price it has moved the market to; `side` is the taker's.
function Market:note_trade(now, price, size, side, id)
  self.last = self:ticks(price)
  self:note_strangers_trade(now, price, size, side, id)
end

--- Remembers a trade that follows the market.
function Market:note_strangers_trade(now, price, size, side, id)
  local day, ticks = self.day, self:ticks(price)
  day.high, day.low = math.max(day.high, ticks), math.min(day.low, ticks)
  day.volume, day.turnover = day.volume + size, day.turnover + size / price
  self.candles:note(now, self)
  self.candles:trade(now, self, size, size / price)
  table.insert(self.trades, 1, { time = now, price = price, size = size, side = side, id = id, seq = self.seq })
  self.trades[201] = nil
end

-- A part of a way, the same up as down: '//' alone would go down where it does not go up.
local function towards(way, part)
  return way < 0 and -(-way // part) or way // part
end

--- Moves the market one step, when it walks. Returns whether it did.
function Market:walk()
  if not self.walking then return false end
  local random = self.random
  local reach = math.max(2, self.home // 20000)
  local pull = towards(self.home - self.last, 2000)
  self.last = math.max(self.low, self.last + random:integer(-reach, reach) + pull)
  self.index = self.index + towards(self.last - self.index, 4)
  if math.abs(self.last - self.index) <= 3 then self.index = self.last end
  self.mark = self.index
  self.book = nil
  return true
end

--- Puts the prices where they are wanted and stops the walk.
function Market:place(last, mark, index)
  self.last, self.mark, self.index = last, mark or last, index or last
  self.day.high, self.day.low = math.max(self.day.high, last), math.min(self.day.low, last)
  self.walking, self.book = false, nil
end

local PREMIUM_SPAN = 30000 -- ms

local FUNDINGS_KEPT = 400

--- Funding was due at this moment.
function Market:note_funding(time)
  local list = self.fundings
  list[#list + 1] = { time = time, rate = self.instrument.funding_rate }
  if #list > FUNDINGS_KEPT then table.remove(list, 1) end
end

-- The premium has changed.
local function note_premium(self, now)
  local bids, asks, list = self:levels "Buy", self:levels "Sell", self.premiums
  local bid, ask = bids[1] and bids[1].ticks or self.last, asks[1] and asks[1].ticks or self.last
  list[#list + 1] = { since = now, half_ticks = bid + ask - 2 * self.mark }
  while list[2] and list[2].since < now - PREMIUM_SPAN do table.remove(list, 1) end
end

--- The prices are others since this moment.
function Market:moved(now)
  self.candles:note(now, self)
  note_premium(self, now)
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

--- A stranger's market order of this step: side and size; nil when there is none.
function Market:stranger()
  if not self.walking or self.random:unit() > 0.6 then return nil end
  return self.random:unit() < 0.5 and "Buy" or "Sell", decimal(self.random:integer(1, 60) * 50)
end

return Market
