-- Candles from any CSV file: by the names of its columns; without names the exchange's own files, and those of charts.

local csv = require "bybit.history.csv"
local files = require "bybit.history.files"
local moments = require "bybit.history.moments"

local find = string.find
local klines = {}

-- Our names, and what others call it.
local COLUMNS = {
  { "start_time", "start", "timestamp", "time", "datetime", "date", "open_time", "opentime", "ts", "unix", "unix_timestamp",
    "timestamp_ms", "begin", "t" },
  { "open", "open_price", "o", "open_px", must = true }, { "high", "high_price", "h", "max", must = true },
  { "low", "low_price", "l", "min", must = true }, { "close", "close_price", "c", "last", must = true },
  { "volume", "v", "vol", "volume_usd", "basevolume", "size", "amount" },
  { "turnover", "quote_volume", "quoteassetvolume", "volume_btc", "value" },
  { "symbol", "instrument", "market" }, { "day", "date" }, { "clock", "time" }, -- some files have them apart
}

-- Files without names: `2025.01.31 00:00,o,h,l,c,v` (the exchange's files for MetaTrader), the same with date and clock apart, and
-- `start,o,h,l,c,volume,turnover` as market/kline answers.
local function bare(fields)
  if not fields[5] then return nil end
  if moments.read(fields[1]) and fields[6] and fields[2]:find "^%d+:%d%d" then
    return { start_time = 2, day = 1, clock = 2, open = 3, high = 4, low = 5, close = 6, volume = fields[7] and 7 or nil }
  end
  if not moments.read(fields[1]) then return nil end
  return { start_time = 1, open = 2, high = 3, low = 4, close = 5, volume = fields[6] and 6 or nil,
    turnover = fields[7] and 7 or nil }
end

-- A price as a number; nil when it is none. The text is what counts, the number compares.
local function price(text)
  local n = text and find(text, "^%d+%.?%d*$") and #text <= 40 and tonumber(text)
  return n and n > 0 and n + 0.0 or nil
end

-- A text of a number that is not below 0, in plain digits: some files have 1e-05.
local function amount(text)
  if text == nil or text == "" then return nil end
  if find(text, "^%d+%.?%d*$") then return text end
  local n = text:find "^%d[%d.]*[eE][+-]?%d+$" and tonumber(text)
  if not n or n < 0 or n > 1e15 then return false end
  return (("%.10f"):format(n):gsub("%.?0+$", ""))
end

local Klines = {}
Klines.__index = Klines

local function moment(self, fields)
  local at = self.rows.at
  local text = fields[at.start_time]
  if at.day and at.clock == at.start_time and fields[at.day] and text and text:find "^%d%d?:%d%d" then
    text = fields[at.day] .. " " .. text
  end
  local ms = text and moments.read(text)
  if not ms then self.rows:wrong("'%s' is no moment of the years 2000 to 2099", tostring(text):sub(1, 40)) end
  return ms - self.shift
end

local PRICES = { "open", "high", "low", "close" }

--- The next candle: { start_time, open, high, low, close, volume?, turnover? }, prices as texts, and as numbers in o, h, l, c.
function Klines:next()
  local rows = self.rows
  local fields = rows:next()
  if not fields then return nil end
  local at = rows.at
  local row = { start_time = moment(self, fields), open = fields[at.open], high = fields[at.high], low = fields[at.low],
    close = fields[at.close], o = price(fields[at.open]), h = price(fields[at.high]), l = price(fields[at.low]),
    c = price(fields[at.close]), volume = amount(fields[at.volume]), turnover = amount(fields[at.turnover]),
    symbol = fields[at.symbol] }
  if not (row.o and row.h and row.l and row.c) then
    for _, name in ipairs(PRICES) do
      if not price(row[name]) then rows:wrong("%s '%s' is no price", name, tostring(row[name]):sub(1, 40)) end
    end
  end
  if row.l > row.o or row.l > row.c or row.h < row.o or row.h < row.c then
    rows:wrong("open %s and close %s are not between low %s and high %s", row.open, row.close, row.low, row.high)
  end
  if row.volume == false or row.turnover == false then rows:wrong "volume or turnover is no number" end
  return row
end

function Klines:wrong(...) self.rows:wrong(...) end
function Klines:part() return self.rows:part() end
function Klines:close() self.rows:close() end

-- Files of months overlap by a minute; inside a file time goes forward.
local function admit(row, last, fresh)
  if not last or row.start_time > last.start_time then return true end
  if fresh then return false end
  return "time does not go forward: sort the file, oldest first"
end

--- A reader of candles. Nil and a message when a file cannot be opened.
---@param paths string|string[] files, oldest first
---@param options? { utc_offset: number?, any_order: boolean? } hours that the file's clock is ahead of UTC; any_order: rows need not be
--- oldest first
---@return table? reader next() -> a candle, oldest first
---@return string? message
function klines.open(paths, options)
  local shift = math.floor((options and options.utc_offset or 0) * 3600000)
  return files.reader(paths, function(path)
    local rows, why = csv.open(path, COLUMNS, bare)
    if not rows then return nil, why end
    if not rows.at.start_time then
      rows:close()
      return nil, ("%s, line 1: no column with the time"):format(path)
    end
    return setmetatable({ rows = rows, shift = shift }, Klines)
  end, not (options and options.any_order) and admit or nil)
end

return klines
