-- Trades from CSV files by the names of their columns: the exchange's public files, and others like them.

local csv = require "bybit.history.csv"
local files = require "bybit.history.files"
local moments = require "bybit.history.moments"

local trades = {}

local COLUMNS = {
  { "timestamp", "time", "exec_time", "datetime", "date", "ts", must = true }, { "price", "px", "exec_price", must = true },
  { "size", "quantity", "qty", "amount", "volume", "exec_qty" }, { "side", "taker_side", "direction" },
  { "symbol", "instrument", "market" }, { "trade_id", "trdMatchID", "exec_id", "id", "tid" },
}

local SIDES = { buy = "Buy", sell = "Sell", b = "Buy", s = "Sell", bid = "Buy", ask = "Sell" }

local function number(text)
  local n = text and #text <= 40 and text:find "^%d+%.?%d*$" and tonumber(text)
  return n and n > 0
end

local Trades = {}
Trades.__index = Trades

--- The next trade: { timestamp, price, quantity?, side?, symbol?, trade_id? }, price and quantity as texts.
function Trades:next()
  local rows = self.rows
  local fields = rows:next()
  if not fields then return nil end
  local at = rows.at
  local ms = moments.read(fields[at.timestamp] or "")
  if not ms then rows:wrong("'%s' is no moment of the years 2000 to 2099", tostring(fields[at.timestamp]):sub(1, 40)) end
  local price, size = fields[at.price], fields[at.size]
  if not number(price) then rows:wrong("price '%s' is no price", tostring(price):sub(1, 40)) end
  if at.size and not number(size) then rows:wrong("size '%s' is no size", tostring(size):sub(1, 40)) end
  local said = fields[at.side]
  local side = said and SIDES[said:lower()]
  if said and said ~= "" and not side then rows:wrong("side '%s': Buy or Sell expected", said:sub(1, 40)) end
  return { timestamp = ms, price = price, quantity = size, side = side, symbol = fields[at.symbol],
    trade_id = fields[at.trade_id] }
end

function Trades:wrong(...) self.rows:wrong(...) end
function Trades:part() return self.rows:part() end
function Trades:close() self.rows:close() end

local function admit(row, last)
  return not last or row.timestamp >= last.timestamp or "time goes back: sort the file, oldest first"
end

--- A reader of trades. Nil and a message when a file cannot be opened.
---@param paths string|string[] files, oldest first
---@param options? { any_order: boolean? } rows need not be oldest first
---@return table? reader next() -> a trade, oldest first
---@return string? message
function trades.open(paths, options)
  return files.reader(paths, function(path)
    local rows, why = csv.open(path, COLUMNS)
    if not rows then return nil, why end
    return setmetatable({ rows = rows }, Trades)
  end, not (options and options.any_order) and admit or nil)
end

return trades
