-- The past of a market from CSV files, as bybit.history reads them, for whoever plays it: trades or candles, in the order of time. Values
-- are floats here: whoever plays them rounds prices to the tick. A row that says nothing is told and passed over, so that an exchange that
-- plays a file goes on.

local klines = require "bybit.history.klines"
local trades = require "bybit.history.trades"

local prices = {}

local LENIENT = { any_order = true }

-- A reader of candles or of trades, whichever the files have.
local function open(paths)
  local reader, why = klines.open(paths, LENIENT)
  if reader then return reader end
  local other = trades.open(paths, LENIENT)
  if other then return other end
  if why:find "no column" or why:find "is empty" then
    why = paths[1] .. ": a header with time, and open, high, low, close or price, expected"
  end
  return nil, why
end

-- A row as it is played.
local function played(row)
  if row.o then
    return { time = row.start_time, open = row.o, high = row.h, low = row.l, close = row.c, symbol = row.symbol,
      size = row.volume and row.volume:find "[1-9]" and tonumber(row.volume) + 0.0 or nil }
  end
  return { time = row.timestamp, price = tonumber(row.price) + 0.0, size = row.quantity and tonumber(row.quantity) + 0.0,
    side = row.side, symbol = row.symbol }
end

-- A function that gives rows, one after the other. What says nothing is told to `report`.
local function reader(paths, report)
  local source = assert(open(paths))
  return function()
    while true do
      local ok, row = pcall(source.next, source)
      if ok then return row and played(row) end
      report(row)
    end
  end
end

local function ignore() end

--- Can files be played as the prices of a symbol? Their first rows are looked at.
---@param paths string[]
---@param symbol string
---@return integer? first ms: the moment of the first row
---@return string? message what is wrong
function prices.check(paths, symbol)
  local first
  for _, path in ipairs(paths) do
    local source, trouble = open { path }
    if not source then return nil, trouble end
    source:close()
    local rows = reader({ path }, ignore)
    local row, other = rows(), rows()
    if not row then return nil, path .. ": at least one row expected" end
    if row.symbol and row.symbol ~= symbol then
      return nil, ("%s: rows of %s expected, got those of %s"):format(path, symbol, row.symbol)
    end
    local time = row.time
    if other and other.time < time then
      for later in rows do time = later.time end
    end
    first = math.min(first or time, time)
  end
  return first
end

-- Rows in the order of time. Files whose newest row comes first are turned round.
local function in_order(paths, report)
  local rows = reader(paths, report)
  local first, second = rows(), rows()
  if not (first and second and second.time < first.time) then
    local ahead = { second, first }
    return function()
      if #ahead > 0 then return table.remove(ahead) end
      return rows()
    end
  end
  local all = { first, second }
  for row in rows do all[#all + 1] = row end
  return function() return table.remove(all) end
end

-- The span of candles: how far the first two are apart.
local MINUTE = 60000

-- A candle as four prices: the extreme that is nearer to the open comes first. The last one is a moment before the next candle.
local function path_of(candle, span)
  local o, h, l, c = candle.open, candle.high, candle.low, candle.close
  local near, far = h, l
  if o - l < h - o then near, far = l, h end
  local size = candle.size and candle.size / 4
  return {
    { time = candle.time, price = o, size = size, begins = true }, { time = candle.time + span // 4, price = near, size = size },
    { time = candle.time + span // 2, price = far, size = size }, { time = candle.time + span - 1, price = c, size = size },
  }
end

--- Plays files: a function that gives the points of the market one after the other, each `{time =, price =, size =, side =}` with
--- floats, and `begins` at the open of a candle. A row that is older than the one before it counts at that one's time.
---@param paths string[] trades or candles, the oldest file first
---@param report fun(line: string) hears of lines that say nothing
---@return fun(): table?
function prices.play(paths, report)
  local rows, waiting, newest, span, ahead = in_order(paths, report), {}, 0, nil, nil
  local function following()
    local row = ahead or rows()
    ahead = nil
    return row
  end
  return function()
    local point = table.remove(waiting, 1)
    if not point then
      local row = following()
      if not row then return nil end
      point = row
      if row.open then
        ahead = rows()
        span = ahead and ahead.time > row.time and math.min(ahead.time - row.time, span or math.huge) or span or MINUTE
        waiting = path_of(row, span)
        point = table.remove(waiting, 1)
      end
    end
    newest = math.max(newest, point.time)
    point.time = newest
    return point
  end
end

return prices
