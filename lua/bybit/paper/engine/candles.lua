-- The past of a market's prices and of its trades, by the minute, from which klines of any interval and the figures of the
-- day are made (V5 documentation, market/kline and market/tickers). It begins with the exchange: nothing is invented before.

local decimal = require("bybit.core").decimal
local money = require "bybit.paper.engine.money"

local ZERO = decimal(0)
local add = money.add
local MINUTE, DAY = 60000, 86400000
local MINUTES_KEPT, MINUTES_MOST = 20000, 22000
local MINUTES_OF_DAY, MINUTES_OF_HOUR = 1440, 60

local Candles = {}
Candles.__index = Candles

local FEW = 8 -- trades that a minute may keep until somebody looks

local STEPS = 1000 -- that strangers trade in a candle that passes at once

-- What strangers have traded in a minute, in steps by price. Of a candle that has passed the price alone is kept.
local function flow_of(minute)
  if minute.passed then minute.flow, minute.passed = { [minute.passed] = STEPS }, nil end
  return minute.flow
end

-- Strangers' trades are counted in whole steps by price, and are worked out when somebody looks; when the minute is over, where
-- they are many.
local function work_out(self, minute)
  local flow = flow_of(minute)
  if not flow then return minute end
  minute.flow, minute.count = nil, 0
  local instrument, total, turnover = self.market.instrument, 0, minute.turnover
  local step, tick, value = instrument.qty_step, instrument.tick, instrument.kind.value
  for ticks, steps in pairs(flow) do
    total, turnover = total + steps, turnover + value(step * steps, tick * ticks)
  end
  minute.volume, minute.turnover = minute.volume + step * total, turnover
  return minute
end

local function new_candle(before, price)
  local open = before and before.close or price
  return { open = open, high = open, low = open, close = open }
end

-- Mark and index price have a candle of their own in a minute where they were not the last price throughout.
local function part(minute)
  for _, name in ipairs { "mark", "index" } do
    local c = minute.last
    minute[name] = minute[name] or { open = c.open, high = c.high, low = c.low, close = c.close }
  end
end

-- Were mark and index price where the last price was at the end of a minute?
local function is_one(minute)
  local close = minute.last.close
  return not minute.mark or minute.mark.close == close and minute.index.close == close
end

-- The minute of this moment; the clock may have been set back, then the newest goes on.
local function current(self, now)
  local list = self.minutes
  local newest, time = list[#list], now - now % MINUTE
  if newest and newest.time >= time then return newest end
  if newest and newest.count > FEW then work_out(self, newest) end
  local market, before = self.market, newest or {}
  newest = { time = time, volume = ZERO, turnover = ZERO, flow = nil, count = 0, last = new_candle(before.last, market.last),
    mark = new_candle(before.mark or before.last, market.mark), index = new_candle(before.index or before.last, market.index) }
  list[#list + 1] = newest
  if #list > MINUTES_MOST then
    self.minutes = table.move(list, #list - MINUTES_KEPT + 1, #list, 1, {})
  end
  return newest
end

---@param now integer ms
---@param market table its `last`, `mark` and `index` price in ticks, and its contract
function Candles.new(now, market)
  local self = setmetatable({ minutes = {}, market = market }, Candles)
  current(self, now)
  return self
end

local function note(candle, price)
  candle.close = price
  if price > candle.high then candle.high = price elseif price < candle.low then candle.low = price end
end

--- A candle of somebody else's begins at the market's price. A minute that begins with it has its open, not the price before.
function Candles:begin(now)
  local before = self.minutes[#self.minutes]
  local minute, market = current(self, now), self.market
  if minute == before and flow_of(minute) then return end
  for name, price in pairs { last = market.last, mark = market.mark, index = market.index } do
    minute[name] = new_candle(nil, price)
  end
end

--- The market's prices are these now, and strangers have traded so many steps at the last one.
function Candles:arrive(now, steps)
  local minutes, market = self.minutes, self.market
  local minute, last = minutes[#minutes], market.last
  if now - minute.time >= MINUTE then minute = current(self, now) end
  if not minute.mark then part(minute) end
  note(minute.last, last)
  if minute.mark.close ~= market.mark then note(minute.mark, market.mark) end
  if minute.index.close ~= market.index then note(minute.index, market.index) end
  local flow = flow_of(minute)
  minute.count = minute.count + 1
  if flow then
    flow[last] = (flow[last] or 0) + steps
  else
    minute.flow = { [last] = steps, a = nil, b = nil, c = nil } -- with room for the points of a bar
  end
end

--- The minute of this moment, in which prices move on their own, and when it ends.
---@return table minute its `flow` by price; nil: nobody has traded in it
---@return integer stop ms
function Candles:minute(now)
  local minute = self.minutes[#self.minutes]
  if now - minute.time >= MINUTE then minute = current(self, now) end
  if not minute.mark then part(minute) end
  flow_of(minute)
  return minute, minute.time + MINUTE
end

--- In a minute that `minute` gave the last price went on to `close` and was between `low` and `high`, mark and index price likewise;
--- strangers have traded `count` times.
function Candles.walked(minute, count, high, low, close, index_high, index_low, index_close)
  minute.count = minute.count + count
  for _, name in ipairs { "last", "mark", "index" } do
    local candle = minute[name]
    note(candle, name == "last" and high or index_high)
    note(candle, name == "last" and low or index_low)
    candle.close = name == "last" and close or index_close
  end
end

--- A candle has passed: the market's prices are at its close, and were between these.
function Candles:pass(now, high, low, close)
  local list = self.minutes
  local count, time = #list, now - now % MINUTE
  local newest = list[count]
  if newest.time < time and count < MINUTES_MOST and is_one(newest) then
    local open = newest.last.close
    if newest.count > FEW then work_out(self, newest) end
    if open > high then high = open elseif open < low then low = open end
    list[count + 1] = { time = time, volume = ZERO, turnover = ZERO, count = 1, passed = close,
      last = { open = open, high = high, low = low, close = close } }
    return
  end
  newest = current(self, now)
  part(newest)
  for _, name in ipairs { "last", "mark", "index" } do
    note(newest[name], high)
    note(newest[name], low)
    note(newest[name], close)
  end
  local flow = flow_of(newest) or {}
  newest.flow, newest.count = flow, newest.count + 1
  flow[close] = (flow[close] or 0) + STEPS
end

--- An account has traded so much at a price.
function Candles:trade(now, ticks, size, value)
  local minute = current(self, now)
  if not minute.mark then part(minute) end
  note(minute.last, ticks)
  add(minute, "volume", size, "turnover", value)
end

---------------------------------------------------------------------------------------------------------------
-- The day.

-- Where the first minute from this moment on stands; one past the last when there is none.
local function place_of(minutes, moment)
  local low, high = 1, #minutes + 1
  while low < high do
    local middle = (low + high) // 2
    if minutes[middle].time < moment then low = middle + 1 else high = middle end
  end
  return low
end

-- The begin of the span of so many minutes that ends with the one of this moment.
local function begin_of_span(now, minutes)
  return now - now % MINUTE - (minutes - 1) * MINUTE
end

-- The price at the begin of a span: at the end of the minute before it, or the first one that is known.
local function price_at(minutes, place)
  local before = minutes[place - 1]
  return before and before.last.close or minutes[place].last.open
end

--- The price, in ticks, an hour ago.
function Candles:hour_ago(now)
  return price_at(self.minutes, place_of(self.minutes, begin_of_span(now, MINUTES_OF_HOUR)))
end

-- Adds the minutes after those of a day, up to one of them.
local function added(self, day, minutes, last)
  for i = day.last + 1, last do
    local minute = work_out(self, minutes[i])
    local high, low = minute.last.high, minute.last.low
    day.high, day.low = math.max(day.high or high, high), math.min(day.low or low, low)
    day.volume, day.turnover = day.volume + minute.volume, day.turnover + minute.turnover
  end
  day.last = math.max(day.last, last)
  return day
end

-- The day before, moved on: the first minutes leave it, new ones come. Nil where that cannot be told: one that leaves may have had its
-- highest or lowest price.
local function slid(self, day, minutes, first)
  if day.list ~= minutes or first < day.first or first > day.last then return nil end
  local out = { first = first, last = day.last, high = day.high, low = day.low, volume = day.volume, turnover = day.turnover }
  for i = day.first, first - 1 do
    local minute = minutes[i]
    if minute.last.high == day.high or minute.last.low == day.low then return nil end
    out.volume, out.turnover = out.volume - minute.volume, out.turnover - minute.turnover
  end
  return added(self, out, minutes, #minutes - 1)
end

-- All but the newest minute of the day that begins at this moment: they change no more, so they are added up once.
local function past_of_day(self, begin)
  local minutes, kept = self.minutes, self.kept_day
  local newest = minutes[#minutes]
  if kept and kept.begin == begin and kept.newest == newest then return kept end
  local place = place_of(minutes, begin)
  local day = kept and slid(self, kept, minutes, place)
    or added(self, { first = place, last = place - 1, volume = ZERO, turnover = ZERO }, minutes, #minutes - 1)
  day.begin, day.newest, day.open = begin, newest, price_at(minutes, place)
  day.list, self.kept_day = minutes, day
  return day
end

--- The 24 hours that end with the minute of this moment.
---@return { open: integer, high: integer, low: integer, volume: any, turnover: any } prices in ticks
function Candles:day(now)
  local begin, newest = begin_of_span(now, MINUTES_OF_DAY), work_out(self, self.minutes[#self.minutes])
  local past, last = past_of_day(self, begin), newest.last
  if newest.time < begin then
    return { open = last.close, high = last.close, low = last.close, volume = ZERO, turnover = ZERO }
  end
  return { open = past.open, high = math.max(past.high or last.high, last.high), low = math.min(past.low or last.low, last.low),
    volume = past.volume + newest.volume, turnover = past.turnover + newest.turnover }
end

---------------------------------------------------------------------------------------------------------------
-- Intervals.

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

--- The begin of the interval after the one that begins at this moment.
local function next_begin(interval, begin)
  return begin_of(interval, begin + (interval == "M" and 31 * DAY or INTERVALS[interval]))
end

Candles.next_begin = next_begin

--- Is this an interval of klines?
function Candles.has_interval(interval)
  return interval == "M" or INTERVALS[interval] ~= nil
end

local function merge(minute, name, into)
  local c = minute[name] or minute.last
  if not into then
    return { open = c.open, high = c.high, low = c.low, close = c.close, volume = minute.volume, turnover = minute.turnover }
  end
  into.open, into.high, into.low = c.open, math.max(into.high, c.high), math.min(into.low, c.low)
  into.volume, into.turnover = into.volume + minute.volume, into.turnover + minute.turnover
  return into
end

-- The end of a span that is only told by its begin: that of so many candles from there on.
local function end_of(interval, from, count)
  local last = from
  for _ = 2, count do last = next_begin(interval, last) end
  return last
end

--- Candles of a series, newest first, at most so many: those that begin between `from` and `to`, and the one that `from` lies
--- in. Of more than that the newest; but the oldest when there is no `to`.
---@param name "last"|"mark"|"index"
---@param from integer? ms
---@param to integer? ms
---@return { time: integer, open: integer, high: integer, low: integer, close: integer, volume: any, turnover: any }[]
function Candles:list(name, interval, from, to, count, now)
  local out, minutes = {}, self.minutes
  local i, first = #minutes, begin_of(interval, minutes[1].time)
  local oldest = math.max(first, from and begin_of(interval, math.min(from, now + 32 * DAY)) or 0)
  local latest = begin_of(interval, math.min(to or now, now))
  if from and not to then latest = math.min(latest, end_of(interval, oldest, count)) end
  local begin = latest
  while begin >= oldest and #out < count do
    while i > 0 and begin_of(interval, minutes[i].time) > begin do i = i - 1 end
    local candle, newest = nil, minutes[math.max(i, 1)]
    while i > 0 and minutes[i].time >= begin do
      candle = merge(work_out(self, minutes[i]), name, candle)
      i = i - 1
    end
    if not candle then -- nothing moved in it
      local close = (newest[name] or newest.last).close
      candle = { open = close, high = close, low = close, close = close, volume = ZERO, turnover = ZERO }
    end
    candle.time = begin
    out[#out + 1] = candle
    begin = begin_of(interval, begin - 1)
  end
  return out
end

return Candles
