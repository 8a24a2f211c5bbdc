-- Order books from the exchange's public files: the messages of its stream, a line each, as JSON. A snapshot comes first, then what
-- has changed.

local core = require "bybit.core"
local files = require "bybit.history.files"
local lines = require "bybit.history.lines"

local order_book = {}

local DEPTH = 2000 -- levels of a side in a message, at most

local Books = {}
Books.__index = Books

-- The levels of a side: { price, quantity } each, decimals. Quantity 0: the level is gone.
local function levels(self, list, name)
  if type(list) ~= "table" or #list > DEPTH then self.lines:wrong(("'%s' is no list of levels"):format(name)) end
  local out = {}
  for i, level in ipairs(list) do
    local ok, price, quantity = pcall(function() return core.decimal(level[1]), core.decimal(level[2]) end)
    if not ok or price <= 0 or quantity < 0 then
      self.lines:wrong(("'%s': level %d is no price with a quantity"):format(name, i))
    end
    out[i] = { price = price, quantity = quantity }
  end
  return out
end

local function whole(self, data, name)
  local n = math.type(data[name]) == "integer" and data[name]
  if not n then self.lines:wrong(("'%s' is no whole number"):format(name)) end
  return n
end

--- The next message: { type = "snapshot"|"delta", symbol, timestamp, update_id, bids, asks }; a level is { price, quantity }.
function Books:next()
  local line = self.lines:next()
  while line and (line == "" or line:find '^{"mark":') do line = self.lines:next() end -- a recording has marks
  if not line then return nil end
  local message, why = core.json.decode(line)
  if message == nil then self.lines:wrong("no JSON: " .. tostring(why):sub(1, 100)) end
  return order_book.row(self, message)
end

--- The row of a message, decoded. `self.lines` is told what is wrong; `self.update_id` is the number of the last one.
---@param self table
---@param message any
---@return table
function order_book.row(self, message)
  local data = type(message) == "table" and rawget(message, "data")
  if type(data) ~= "table" then self.lines:wrong "no message of an order book" end
  local kind = rawget(message, "type")
  if kind ~= "snapshot" and kind ~= "delta" then self.lines:wrong "'type': snapshot or delta expected" end
  local row = { type = kind, symbol = rawget(data, "s"), timestamp = whole(self, message, "ts"),
    update_id = whole(self, data, "u"), bids = levels(self, rawget(data, "b"), "b"),
    asks = levels(self, rawget(data, "a"), "a") }
  if type(row.symbol) ~= "string" then self.lines:wrong "'s' is no symbol" end
  if kind == "delta" then
    local before = self.update_id
    if not before then self.lines:wrong "a change comes before the first snapshot" end
    if row.update_id ~= before + 1 then
      self.lines:wrong(("update %d follows update %d: messages are missing"):format(row.update_id, before))
    end
  end
  self.update_id = row.update_id
  return row
end

function Books:wrong(what, ...) self.lines:wrong(what:format(...)) end
function Books:part() return self.lines:part() end
function Books:close() self.lines:close() end

--- A reader of messages of order books. Nil and a message when a file cannot be opened.
---@param paths string|string[] files, oldest first
---@return table? reader next() -> a message
---@return string? message
function order_book.open(paths)
  return files.reader(paths, function(path)
    local source, why = lines.open(path)
    if not source then return nil, why end
    return setmetatable({ lines = source }, Books)
  end)
end

return order_book
