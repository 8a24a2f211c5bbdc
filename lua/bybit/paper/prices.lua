-- Reads the past of a market from CSV files, as the exchange publishes them and others do: trades or candles. Columns are known by
-- their header, in any order; only the candles that the exchange makes for MetaTrader have none. Values stay texts and floats
-- here: whoever plays them rounds prices to the tick.

local moment = require("bybit.core").moment

local prices = {}

-- The names that a column has in files of different makers, in small letters without spaces and underscores.
local NAMES = {
  time = { "timestamp", "time", "starttime", "opentime", "startat", "date", "datetime", "unixtime", "ts" },
  open = { "open", "openprice" }, high = { "high", "highprice" }, low = { "low", "lowprice" },
  close = { "close", "closeprice" }, volume = { "volume", "vol", "basevolume" },
  price = { "price", "tradeprice", "execprice" }, size = { "size", "quantity", "qty", "amount", "execqty" }, side = { "side" },
  symbol = { "symbol" },
}

local METATRADER = { time = 1, open = 2, high = 3, low = 4, close = 5, volume = 6 } -- YYYY.MM.DD HH:MM,o,h,l,c,v
local APART = { date = 1, clock = 2, open = 3, high = 4, low = 5, close = 6, volume = 7 } -- the same, date and time apart

-- The fields of a line.
local function split(line)
  local out, at = {}, 1
  line = line:gsub("\r$", "")
  while true do
    local comma = line:find(",", at, true)
    out[#out + 1] = line:sub(at, comma and comma - 1):match '^%s*"?(.-)"?%s*$'
    if not comma then return out end
    at = comma + 1
  end
end

-- Which column has what; nil and a message when it is no file of prices.
local function columns_of(header)
  local found, at = {}, {}
  for i, name in ipairs(header) do
    name = name:lower():gsub("[%s_]", "")
    at[name] = at[name] or i
  end
  for field, names in pairs(NAMES) do
    for _, name in ipairs(names) do found[field] = found[field] or at[name] end
  end
  local candles = found.open and found.high and found.low and found.close
  if found.time and (candles or found.price) then return found end
  return nil, "a header with time, and open, high, low, close or price, expected"
end

local UNITS = { { 1e11, 1000 }, { 1e14, 1 }, { 1e17, 1 / 1000 } } -- up to so much it is seconds, ms, µs; beyond that ns

-- ms of a moment: a number of seconds or less, or a date.
local function time_of(text)
  local number = text:find "^%d+%.?%d*$" and tonumber(text)
  if not number then
    local date = text:gsub("^(%d%d%d%d)[./](%d%d)[./](%d%d)", "%1-%2-%3"):gsub("^(%d+%-%d+%-%d+) ", "%1T")
    return moment((date:gsub("T(%d%d:%d%d)$", "T%1:00")))
  end
  for _, unit in ipairs(UNITS) do
    if number < unit[1] then return math.floor(number * unit[2] + 0.5) end
  end
  return math.floor(number / 1000000 + 0.5)
end

local function positive(text)
  local number = text and text:find "^%d+%.?%d*[eE]?[+-]?%d*$" and tonumber(text)
  return number and number > 0 and number < math.huge and number + 0.0 or nil
end

local SIDES = { b = "Buy", s = "Sell" }

-- What a line says; nil and a message when it says nothing.
local function read(line, columns)
  local f = split(line)
  local time = time_of(columns.date and f[columns.date] .. " " .. (f[columns.clock] or "") or f[columns.time] or "")
  if not time then return nil, "a time expected" end
  local row = { time = time, symbol = f[columns.symbol] }
  for _, name in ipairs(columns.open and { "open", "high", "low", "close" } or { "price" }) do
    row[name] = positive(f[columns[name]])
    if not row[name] then return nil, name .. " expected" end
  end
  if columns.open then
    if row.high < row.open or row.high < row.close or row.low > row.open or row.low > row.close then
      return nil, "open and close between low and high expected"
    end
    row.size = positive(f[columns.volume])
  else
    row.size, row.side = positive(f[columns.size]), SIDES[(f[columns.side] or ""):sub(1, 1):lower()]
  end
  return row
end

-- The lines of files, one after the other: each with its place, for messages.
local function lines_of(paths)
  local i, file, number = 0, nil, 0
  return function()
    while true do
      local line = file and file:read "l"
      number = number + 1
      if line and line:find "%S" then return line, paths[i], number end
      if not line then
        if file then file:close() end
        i, number, file = i + 1, 0, nil
        if not paths[i] then return nil end
        file = assert(io.open(paths[i]))
      end
    end
  end
end

-- A function that gives rows, one after the other, and a table that holds the columns once there was a line. Each file may begin
-- with a header. What says nothing is told to `report`.
local function reader(paths, report)
  local next_line, columns, of = lines_of(paths), nil, nil
  return function()
    while true do
      local line, path, number = next_line()
      if not line then return nil end
      local header = path ~= of
      of = path
      if header and line:find "^%d%d%d%d%.%d%d%.%d%d" then
        columns, header = line:find "^[^,]+:%d" and METATRADER or APART, false
      end
      if header then
        columns = columns_of(split(line))
      else
        local row, trouble = read(line, columns)
        if row then return row end
        report(("%s:%d: %s"):format(path, number, trouble))
      end
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
    local file, trouble = io.open(path)
    if not file then return nil, trouble end
    local header = file:read "l" or ""
    file:close()
    if not header:find "^%d%d%d%d%.%d%d%.%d%d" then
      local columns
      columns, trouble = columns_of(split(header))
      if not columns then return nil, ("%s: %s"):format(path, trouble) end
    end
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
