-- bybit.history: readers of files of prices and of recorded streams, which a `for` walks and bybit.paper.simulate takes.

local core = require "bybit.core"
local errors = require "bybit.errors"
local known = require "bybit.text.known"
local later = require "bybit.later"
local nearest = require "bybit.text.nearest"
local objects = require "bybit.records.objects"
local progress = require "bybit.strategy.progress"

local decimal = core.decimal
local history = {}

---@class bybit.Reader
---@operator call: table?
local Reader = {}
Reader.__index = Reader
Reader.__name = "bybit.history"

local function money(text) return text and decimal(text) end

-- What makes the client's record of a row of a file.
local RECORD = {
  klines = function(row)
    return setmetatable({ start_time = row.start_time, open_price = money(row.open), high_price = money(row.high),
      low_price = money(row.low), close_price = money(row.close), volume = money(row.volume), turnover = money(row.turnover) },
      objects.metatable "kline")
  end,
  trades = function(row)
    return setmetatable({ timestamp = row.timestamp, price = money(row.price), quantity = money(row.quantity), side = row.side,
      symbol = row.symbol, trade_id = row.trade_id }, objects.metatable "public_trade")
  end,
  order_book = function(row) return row end,
  recording = function(event) return event end,
}

-- What opens the rows of each kind.
local OPENS = { klines = later.module "bybit.history.klines", trades = later.module "bybit.history.trades",
  order_book = later.module "bybit.history.order_book", recording = later.module "bybit.stream.replay" }

local OPTIONS = { klines = { utc_offset = "number", progress = "any" }, trades = { progress = "any" },
  order_book = { progress = "any" }, recording = { progress = "any" } }

local function check_paths(name, paths)
  local list = type(paths) == "table" and paths or { paths }
  if #list == 0 then errors.raise(("bybit.history.%s: a path, or a list of paths, expected"):format(name)) end
  for _, path in ipairs(list) do
    if type(path) ~= "string" then
      errors.raise(("bybit.history.%s: a path, or a list of paths, expected, got %s"):format(name, tostring(path)))
    end
  end
  return list
end

local function check_options(name, options)
  if options == nil then return {} end
  if type(options) ~= "table" then errors.raise(("bybit.history.%s: a table of options expected"):format(name)) end
  for option, value in pairs(options) do
    local wanted = OPTIONS[name][option]
    if not wanted then
      local names = {}
      for other in pairs(OPTIONS[name]) do names[#names + 1] = other end
      errors.raise(("bybit.history.%s: unknown option '%s'%s"):format(name, tostring(option), nearest.hint(option, names)))
    end
    if wanted == "number" and not (math.type(value) and value >= -24 and value <= 24) then
      errors.raise(("bybit.history.%s: '%s': hours from -24 to 24 expected, got %s"):format(name, option, tostring(value)))
    end
    if option == "progress" and type(value) ~= "boolean" and type(value) ~= "function" then
      errors.raise(("bybit.history.%s: 'progress': true or a function expected, got %s"):format(name, tostring(value)))
    end
  end
  return options
end

local function open(name, paths, options)
  local list = check_paths(name, paths)
  options = check_options(name, options)
  local rows, why = OPENS[name].open(list, options)
  if not rows then return nil, why end
  local label = list[1]:match "[^/]+$" .. (list[2] and (" and %d more"):format(#list - 1) or "")
  return setmetatable({ kind = name, rows = rows, label = label, show = progress.of(options.progress, label) }, Reader)
end

---Candles from CSV files, plain or gzipped: the columns are found by their names (time, open, high, low, close, volume and the like).
---Files without names are the exchange's files for MetaTrader, or rows as market/kline answers. Nil and a message when a file cannot be
---opened. A mistake in a file raises where it is read, with the number of the line.
---@param paths string|string[] files, oldest first; months may overlap
---@param options? {utc_offset: number?, progress: boolean|fun(part: number)|nil} hours that the file's clock is ahead of UTC (it is said
--- of the exchange's files for MetaTrader that they are 3 ahead); progress: true shows a bar on a terminal
---@return bybit.Reader? reader `for kline in reader do`
---@return string? message
function history.klines(paths, options) return open("klines", paths, options) end

---Trades from CSV files, plain or gzipped, by the names of their columns (timestamp, price; size, side and others where they are
---there): the exchange's public files, and others. Otherwise like bybit.history.klines.
---@param paths string|string[] files, oldest first
---@param options? {progress: boolean|fun(part: number)|nil}
---@return bybit.Reader? reader `for trade in reader do`
---@return string? message
function history.trades(paths, options) return open("trades", paths, options) end

---Order books from the exchange's public files, unpacked or gzipped: a line is a message of its stream, first a snapshot, then what has
---changed. Each is {type = "snapshot"|"delta", symbol, timestamp, update_id, bids, asks}; a level of quantity 0 is gone. A message that is
---missing between two others is an error.
---@param paths string|string[] files, oldest first
---@param options? {progress: boolean|fun(part: number)|nil}
---@return bybit.Reader? reader `for message in reader do`
---@return string? message
function history.order_book(paths, options) return open("order_book", paths, options) end

---What the option `record` of client:stream, client:order_book and client:follow has written, as the events that they gave: each
---topic's, `live` and `stale`; and each message of an order book, {kind = "order_book", order_book = message}, as
---bybit.history.order_book gives it. `event.heard` is when a message came, ms. Where lines are missing there is a `stale` with the reason
---"recording". In a simulation it gives the trades of the symbol that it stands for; each symbol needs a reader of its own.
---@param paths string|string[] files, oldest first
---@param options? {progress: boolean|fun(part: number)|nil}
---@return bybit.Reader? reader `for event in reader do`
---@return string? message
function history.recording(paths, options) return open("recording", paths, options) end

local function next_row(self)
  local row = self.rows:next()
  if self.show then self.show(row and self.rows:part() or 1) end
  return row
end

---The next row as the file has it, for simulations, which need no records; of a recording the next trade.
---@private
---@param symbol string what the prices are of
function Reader:row(symbol)
  local row = next_row(self)
  while row and self.kind == "recording" do
    if row.kind == "trade" and row.symbol == symbol then return row.trade end
    row = next_row(self)
  end
  return row
end

-- A `for` calls it.
function Reader:__call()
  local row = next_row(self)
  return row and RECORD[self.kind](row)
end

---How much was read: 0 to 1.
---@return number
function Reader:part() return self.rows:part() end

---Closes the file. A reader that has come to its end is closed.
function Reader:close() self.rows:close() end

Reader.__close = Reader.close
function Reader:__tostring() return ("%s of %s, %.0f %% read"):format(self.kind, self.label, self:part() * 100) end

history.is_reader = function(value) return getmetatable(value) == Reader end
history.Reader = Reader

local public = known.only("bybit.history", { klines = history.klines, trades = history.trades, order_book = history.order_book,
  recording = history.recording })
return { public = public, is_reader = history.is_reader, Reader = Reader }
