-- The prices of a simulation: candles or trades as records, from a list, a function or a reader of bybit.history, made into moments
-- with prices in ticks. A price that is no multiple of the tick is rounded to the nearest one.

local errors = require "bybit.errors"
local history = require "bybit.strategy.history"

local prices = {}

local SPAN = 60000 -- ms of a candle that is alone

local function number(value)
  local n = type(value) == "userdata" and value:tonumber() or tonumber(value)
  return n
end

-- What is wrong with a row of a program's own.
local function fail(symbol, count, text, ...)
  errors.raise(("bybit.paper.simulate: prices.%s: row %d: %s"):format(symbol, count, text:format(...)))
end

-- A function that gives the next row of the source; nil after the last one.
local function rows_of(symbol, source)
  if history.is_reader(source) then
    return function() return source:row(symbol) end, function() return source:part() end
  end
  if type(source) == "function" then return source end
  if type(source) ~= "table" or source[1] == nil then
    errors.raise(("bybit.paper.simulate: prices.%s: a list of candles or trades, or a reader of bybit.history, expected, "
      .. "got %s"):format(symbol, type(source) == "table" and "an empty table" or type(source)))
  end
  local i = 0
  return function()
    i = i + 1
    return source[i]
  end, function() return i / #source end
end

local Feed = {}
Feed.__index = Feed

local floor = math.floor

local type, rawget = type, rawget

local function ticks(self, name, value)
  local n = type(value) == "number" and value or value and number(value)
  if not n or not (n > 0 and n < 1e15) then
    fail(self.symbol, self.count, "'%s': a price expected, got %s", name, tostring(value))
  end
  local t = floor(n / self.tick + 0.5)
  return t > 1 and t or 2 -- strangers bid a tick lower
end

local function moment(self, name, ms)
  if math.type(ms) ~= "integer" then fail(self.symbol, self.count, "'%s': ms expected, got %s", name, tostring(ms)) end
  if self.before and ms < self.before then fail(self.symbol, self.count, "time goes back: sort the rows, oldest first") end
  self.before = ms
  return ms
end

-- A row as a bar { time, open, high, low, close }, or a trade { time, price }; times in ms, prices in ticks. Of the tables three take
-- turns: the one before is looked at while the next is read.
local function read(self)
  local row = self.rows()
  if row == nil then return nil end
  self.count = self.count + 1
  if type(row) ~= "table" then fail(self.symbol, self.count, "a candle or a trade expected, got %s", tostring(row)) end
  local turns = self.turns
  local bar = turns[self.count % 3 + 1]
  local start, tick = rawget(row, "start_time"), self.tick
  if not start then
    bar.time, bar.price = moment(self, "timestamp", rawget(row, "timestamp")), ticks(self, "price", rawget(row, "price"))
    return bar
  end
  bar.time, bar.price = moment(self, "start_time", start), nil
  if rawget(row, "o") then -- a reader's: the numbers are there
    bar.open, bar.high = floor(row.o / tick + 0.5), floor(row.h / tick + 0.5)
    bar.low, bar.close = floor(row.l / tick + 0.5), floor(row.c / tick + 0.5)
    if bar.low < 2 then ticks(self, "low", 0) end
    return bar
  end
  local open, high = row.open_price or rawget(row, "open"), row.high_price or rawget(row, "high")
  local low, close = row.low_price or rawget(row, "low"), row.close_price or rawget(row, "close")
  if type(low) == "number" and type(high) == "number" and type(open) == "number" and type(close) == "number" and low >= 2 * tick
    and low <= open and open <= high and low <= close and close <= high and high < 1e15 then -- nearly always
    bar.open, bar.high, bar.low, bar.close = (open / tick + 0.5) // 1 | 0, (high / tick + 0.5) // 1 | 0,
      (low / tick + 0.5) // 1 | 0, (close / tick + 0.5) // 1 | 0
    return bar
  end
  open, high = ticks(self, "open_price", open), ticks(self, "high_price", high)
  low, close = ticks(self, "low_price", low), ticks(self, "close_price", close)
  bar.open, bar.high, bar.low, bar.close = open, high, low, close
  if low > open or low > close or high < open or high < close then
    fail(self.symbol, self.count, "open and close are not between low and high")
  end
  return bar
end

--- The prices of a symbol.
---@param symbol string
---@param source any
---@param tick number
---@return table feed next() -> a bar with its `stop`, or a trade
function prices.feed(symbol, source, tick)
  local rows, part = rows_of(symbol, source)
  local turns = {}
  for i = 1, 3 do turns[i] = { time = 0, stop = nil, price = nil, open = 0, high = 0, low = 0, close = 0 } end
  local self = setmetatable({ symbol = symbol, rows = rows, part = part, tick = tick, count = 0, ahead = false, turns = turns },
    Feed)
  self.ahead = read(self)
  if not self.ahead then errors.raise(("bybit.paper.simulate: prices.%s: there are none"):format(symbol)) end
  self.first = self.ahead.time
  return self
end

--- The next bar or trade; nil after the last one. It is good until the next but one is asked for. A bar stops where the next one
--- begins, or after the usual span where some are missing.
function Feed:next()
  local row = self.ahead
  if not row then return nil end
  self.ahead = read(self)
  if row.price then
    row.stop = nil
    return row
  end
  local gap = self.ahead and self.ahead.time - row.time
  if gap and gap > 0 and (not self.span or gap < self.span) then self.span = gap end
  row.stop = row.time + (self.span or SPAN)
  return row
end

return prices
