-- The past of a market's prices, by the minute, from which klines of any interval are made (V5 documentation,
-- market/kline). It begins with the exchange: nothing is invented before.

local decimal = require("bybit.core").decimal

local ZERO = decimal(0)
local MINUTE, DAY = 60000, 86400000
local MINUTES_KEPT = 20000
local SERIES = { "last", "mark", "index" }

local Candles = {}
Candles.__index = Candles

---@param now integer ms
---@param prices { last: integer, mark: integer, index: integer } in ticks
function Candles.new(now, prices)
  local self = setmetatable({ minutes = {} }, Candles)
  self:note(now, prices)
  return self
end

local function new_minute(time, before, prices)
  local minute = { time = time, volume = ZERO, turnover = ZERO }
  for _, name in ipairs(SERIES) do
    local open = before and before[name].close or prices[name]
    minute[name] = { open = open, high = open, low = open, close = open }
  end
  return minute
end

-- The minute of this moment; the clock may have been set back, then the newest goes on.
local function current(self, now, prices)
  local list = self.minutes
  local newest, time = list[#list], now - now % MINUTE
  if newest and newest.time >= time then return newest end
  newest = new_minute(time, newest, prices)
  list[#list + 1] = newest
  if #list > MINUTES_KEPT * 11 // 10 then
    self.minutes = table.move(list, #list - MINUTES_KEPT + 1, #list, 1, {})
  end
  return newest
end

--- The prices are these now.
function Candles:note(now, prices)
  local minute = current(self, now, prices)
  for _, name in ipairs(SERIES) do
    local c, price = minute[name], prices[name]
    c.high, c.low, c.close = math.max(c.high, price), math.min(c.low, price), price
  end
end

--- So much was traded.
function Candles:trade(now, prices, size, value)
  local minute = current(self, now, prices)
  minute.volume, minute.turnover = minute.volume + size, minute.turnover + value
end

local INTERVALS = { D = DAY, W = 7 * DAY }
for _, minutes in ipairs { 1, 3, 5, 15, 30, 60, 120, 240, 360, 720 } do INTERVALS[tostring(minutes)] = minutes * MINUTE end

-- The begin of the interval that a moment lies in. Weeks begin on Mondays; 1970 began on a Thursday.
local function begin_of(interval, moment)
  if interval == "M" then
    local t = os.date("!*t", moment // 1000)
    return (moment // DAY - t.day + 1) * DAY
  end
  local span = INTERVALS[interval]
  local shift = interval == "W" and 4 * DAY or 0
  return moment - (moment - shift) % span
end

--- Is this an interval of klines?
function Candles.has_interval(interval)
  return interval == "M" or INTERVALS[interval] ~= nil
end

local function merge(minute, name, into)
  local c = minute[name]
  if not into then
    return { open = c.open, high = c.high, low = c.low, close = c.close, volume = minute.volume, turnover = minute.turnover }
  end
  into.open, into.high, into.low = c.open, math.max(into.high, c.high), math.min(into.low, c.low)
  into.volume, into.turnover = into.volume + minute.volume, into.turnover + minute.turnover
  return into
end

--- Candles of a series, newest first, that begin between `from` and `to`: at most so many.
---@param name "last"|"mark"|"index"
---@return { time: integer, open: integer, high: integer, low: integer, close: integer, volume: any, turnover: any }[]
function Candles:list(name, interval, from, to, count, now)
  local out, minutes = {}, self.minutes
  local i, first = #minutes, minutes[1].time
  local begin = begin_of(interval, math.min(to, now))
  while begin >= from and #out < count and begin_of(interval, first) <= begin do
    while i > 0 and begin_of(interval, minutes[i].time) > begin do i = i - 1 end
    local candle, newest = nil, minutes[math.max(i, 1)]
    while i > 0 and minutes[i].time >= begin do
      candle = merge(minutes[i], name, candle)
      i = i - 1
    end
    if not candle then -- nothing moved in it
      local close = newest[name].close
      candle = { open = close, high = close, low = close, close = close, volume = ZERO, turnover = ZERO }
    end
    candle.time = begin
    out[#out + 1] = candle
    begin = begin_of(interval, begin - 1)
  end
  return out
end

return Candles
