-- What a loop of client:follow has delivered: which trades, so that each comes once, and the last record of each order and position,
-- so that none goes back to an older one. It forgets trades from before the moment up to which history was audited: history is never
-- read from before it again.

local bookmark = require "bybit.stream.follow.bookmark"
local core = require "bybit.core"
local odd = require "bybit.records.odd"

local json = core.json

local Ledger = {}
Ledger.__index = Ledger

local ledger = {}

-- A field of a record as text; nil where it says nothing.
local function text_of(record, name)
  local value = rawget(record, name)
  if value == nil or odd.has(record, name) then return nil end
  return tostring(value)
end

local function whole(record, name)
  local value = rawget(record, name)
  return math.type(value) == "integer" and value or nil
end

--- By what a trade is known: its id, or all of it where that cannot be read.
---@param trade table
---@return string
function ledger.id_of(trade)
  return bookmark.short(text_of(trade, "trade_id") or json.encode(trade))
end

local id_of = ledger.id_of

--- When a trade happened, ms; 0 where that cannot be read.
function ledger.time_of(trade)
  return whole(trade, "timestamp") or 0
end

local time_of = ledger.time_of

local UNKNOWN = math.huge -- when a trade of an earlier run happened

---@param moment integer ms: trades from before it are no concern of the loop
---@param ids string[] of trades since then that were delivered by an earlier run
---@param audited boolean all from before that moment was delivered
function ledger.new(moment, ids, audited)
  local self = setmetatable({ from = moment, target = moment, audited = audited, seen = {}, orders = {}, lasts = {},
    positions = {}, epoch = { moment = moment, ids = {} } }, Ledger)
  for i, id in ipairs(ids) do self.seen[id], self.epoch.ids[i] = UNKNOWN, id end
  return self
end

--- History shows when the trades of an earlier run happened, which a bookmark does not tell.
---@param trades table[]
function Ledger:learn(trades)
  for _, trade in ipairs(trades) do
    local id = id_of(trade)
    if self.seen[id] == UNKNOWN then self.seen[id] = time_of(trade) end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Trades.

--- Is a trade new? It counts as seen from now on.
---@param trade table
---@return boolean
function Ledger:is_new(trade)
  local id, time = id_of(trade), time_of(trade)
  if self.seen[id] or self.audited and time < self.from and time > 0 then return false end
  self.seen[id] = time
  return true
end

--- Was it seen before?
function Ledger:knows(trade)
  local time = time_of(trade)
  return self.seen[id_of(trade)] ~= nil or self.audited and time < self.from and time > 0
end

-- Does a trade of an order come before another one? Of one match the exchange numbers all alike; what the order has left tells then.
local function is_before(a, b)
  if a.time ~= b.time then return a.time < b.time end
  if a.number ~= b.number then return a.number < b.number end
  return a.left ~= nil and b.left ~= nil and a.left > b.left
end

local function place_of(trade)
  local left = rawget(trade, "leaves_quantity")
  return { time = time_of(trade), number = whole(trade, "cross_sequence") or 0,
    left = left ~= nil and not odd.has(trade, "leaves_quantity") and left or nil }
end

--- Notes that a trade is given out. Did one of the same order that happened later go out before?
---@param trade table
---@return boolean late
function Ledger:passes(trade)
  local order, place = text_of(trade, "order_id"), place_of(trade)
  local last = order and self.lasts[order]
  if last and is_before(place, last) then return true end
  if order then self.lasts[order] = place end
  return false
end

--- Sorts trades by when they happened; those of the same moment stay as they are.
---@param trades table[]
---@return table[]
function ledger.sort(trades)
  local places = {}
  for i, trade in ipairs(trades) do
    local place = place_of(trade)
    place.at = i
    places[trade] = place
  end
  table.sort(trades, function(a, b)
    local p, q = places[a], places[b]
    if p.time ~= q.time then return p.time < q.time end
    if p.number ~= q.number then return p.number < q.number end
    return p.at < q.at
  end)
  return trades
end

--- A trade was delivered.
---@param trade table
function Ledger:delivered(trade)
  local ids = self.epoch.ids
  ids[#ids + 1] = id_of(trade)
end

--- History was read at that moment of the exchange's, and shows all from before `moment`.
---@param moment integer ms
function Ledger:audit(moment)
  self.target = math.max(self.target, moment)
end

--- Moves on to what was audited and delivered. `oldest`: when the oldest trade happened that waits to be delivered; nil: none does.
---@param oldest integer?
function Ledger:advance(oldest)
  local to = math.min(self.target, oldest or self.target)
  if to <= self.from then return end
  local new = { moment = to, ids = {} }
  for _, id in ipairs(self.epoch.ids) do
    local time = self.seen[id]
    if time and (time >= to or time == 0) then new.ids[#new.ids + 1] = id end
  end
  for id, time in pairs(self.seen) do
    if time < to and time > 0 then self.seen[id] = nil end
  end
  for order, place in pairs(self.lasts) do
    if place.time < to then self.lasts[order] = nil end
  end
  for id, known in pairs(self.orders) do
    if known.done and known.time < to then self.orders[id] = nil end
  end
  self.epoch, self.from, self.audited = new, to, true
end

--- The ids of the trades of a list that happened up to a moment, and their `count`.
---@param till integer ms
function ledger.ids_of(list, till)
  local ids, count = {}, 0
  for _, trade in ipairs(list) do
    local id = id_of(trade)
    if time_of(trade) <= till and not ids[id] then ids[id], count = true, count + 1 end
  end
  ids.count = count
  return ids
end

--- Are these the same ids?
function ledger.same(a, b)
  if a.count ~= b.count then return false end
  for id in pairs(a) do
    if not b[id] then return false end
  end
  return true
end

---------------------------------------------------------------------------------------------------------------
-- Orders and positions. What is told of them is how they stand, so the newest record is the one that counts.

local ORDER = { "status", "quantity", "price", "filled_quantity", "trigger_price", "take_profit_price", "stop_loss_price",
  "update_time", "cancel_type", "reject_reason", "trigger_type", "leaves_quantity" }
local POSITION = { "side", "quantity", "entry_price", "leverage", "take_profit_price", "stop_loss_price", "trailing_stop_price",
  "position_status" }

local function mark_of(record, names)
  local parts = {}
  for i, name in ipairs(names) do parts[i] = text_of(record, name) or "" end
  return table.concat(parts, " ")
end

--- Is a record of an order newer than the last one of it? It counts as told from now on.
---@param order table
---@return boolean
function Ledger:is_news(order)
  local id = text_of(order, "order_id") or text_of(order, "stop_order_id")
  if not id then return true end
  local time, done, known = whole(order, "update_time") or 0, order:is_done(), self.orders[id]
  local filled = rawget(order, "filled_quantity")
  if filled ~= nil and odd.has(order, "filled_quantity") then filled = nil end
  local mark = mark_of(order, ORDER)
  if known then
    if mark == known.mark or time < known.time then return false end
    if time == known.time and (known.done and not done or filled and known.filled and filled < known.filled) then return false end
  end
  self.orders[id] = { mark = mark, time = time, done = done, filled = filled, symbol = text_of(order, "symbol"),
    conditional = rawget(order, "trigger_price") ~= nil }
  return true
end

--- Is a position another one than it was told last?
---@param position table
---@param always boolean? tell it in any case
---@return boolean
function Ledger:is_moved(position, always)
  local place = ("%s %s"):format(text_of(position, "symbol"), text_of(position, "position_mode") or "0")
  local known, mark, number = self.positions[place], mark_of(position, POSITION), whole(position, "cross_sequence")
  if known and number and known.number and number < known.number then return false end
  if not always and (known and known.mark == mark or not known and position:is_flat()) then return false end
  self.positions[place] = { mark = mark, number = number, flat = position:is_flat(), symbol = text_of(position, "symbol") }
  return true
end

--- Is a wallet another one than it was told last?
---@param wallet table
---@return boolean
function Ledger:is_other(wallet)
  local parts = {}
  for i, coin in ipairs(rawget(wallet, "coins") or {}) do
    parts[i] = (text_of(coin, "coin") or "") .. " " .. (text_of(coin, "wallet_balance") or "")
  end
  table.sort(parts)
  local mark = table.concat(parts, ",")
  if mark == self.wallet then return false end
  self.wallet = mark
  return true
end

return ledger
