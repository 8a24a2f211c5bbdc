-- The synthetic market of one contract: a random walk of the last price, a book around it, and a flow of strangers'
-- orders. All of it is drawn from the exchange's seed. Prices are whole ticks here; decimals are made at the rim.

local decimal = require("bybit.core").decimal

local LEVELS = 25

local Market = {}
Market.__index = Market

---@param instrument table compiled row
---@param random userdata the generator
function Market.new(instrument, random)
  local start = (instrument.start // instrument.tick):tointeger()
  local self = setmetatable({
    instrument = instrument, random = random, last = start, mark = start, index = start, home = start,
    low = (instrument.min_price // instrument.tick):tointeger() + 100, walking = true, seq = 0, trades = {},
    buys = {}, sells = {}, -- accounts' resting orders, best first, then oldest first
    day = { open = start, high = start, low = start, volume = decimal(0), turnover = decimal(0) },
  }, Market)
  self.tick = instrument.tick
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

--- Remembers a trade; `side` is the taker's.
function Market:note_trade(now, price, size, side, id)
  local day = self.day
  local ticks = self:ticks(price)
  self.last = ticks
  day.high, day.low = math.max(day.high, ticks), math.min(day.low, ticks)
  day.volume, day.turnover = day.volume + size, day.turnover + size / price
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

--- A stranger's market order of this step: side and size; nil when there is none.
function Market:stranger()
  if not self.walking or self.random:unit() > 0.6 then return nil end
  return self.random:unit() < 0.5 and "Buy" or "Sell", decimal(self.random:integer(1, 60) * 50)
end

return Market
