-- The books of a symbol, for the rail max_position: the position as it was read, and how far each order and each call may
-- still move it. They never count too little: an order is counted in full until a reading shows what became of it, and the
-- reading that shows it is one of the orders first and of the position after them.

local acts = require "bybit.client.guard.acts"
local core = require "bybit.core"
local evidence = require "bybit.outcome.evidence"

local ZERO = core.decimal(0)

---@class bybit.GuardBook
---@field long userdata how much of the position is long, 0 where it is short: a position on the other side may be closed by a stop
--- before the orders of this side are filled, so it makes no room for them
---@field short userdata the same of a short one
---@field entries table[] orders: { id, link, side, quantity, filled }, and on the loop's clock { since = when it was done, at the
--- latest, grown = when it was last made larger, gone = when a reading first missed it }
---@field acts table<bybit.Act, true> what calls under way, and calls of unknown outcome, are about to do
local Book = {}
Book.__index = Book

--- The books of a symbol of which nothing is known yet.
---@return bybit.GuardBook
function Book.new()
  return setmetatable({ long = ZERO, short = ZERO, entries = {}, acts = {} }, Book)
end

-- How much of an order is open, at most.
local function open_of(entry)
  return (entry.quantity - entry.filled):max(ZERO)
end

--- The order with one of these ids.
---@param id? string
---@param link? string
---@return table?
function Book:find(id, link)
  for _, entry in ipairs(self.entries) do
    if id and entry.id == id or link and entry.link == link then return entry end
  end
end

-- By how much a change may make its order larger than the books have it.
local function growth(self, act)
  local entry = self:find(act.order_id, act.link)
  local quantity = (entry and open_of(entry) or ZERO):max(act.quantity - (entry or act).filled)
  return entry and quantity - open_of(entry) or quantity
end

--- How far the position may go to a side, if all that is counted is filled.
---@param side "Buy"|"Sell"
---@return userdata reach a decimal
---@return userdata waiting how much of it is not in the position yet
function Book:reach(side)
  local waiting = ZERO
  for _, entry in ipairs(self.entries) do
    if entry.side == side then waiting = waiting + open_of(entry) end
  end
  for act in pairs(self.acts) do
    if act.side == side then waiting = waiting + (act.place and act.quantity or growth(self, act)) end
  end
  return (side == "Buy" and self.long or self.short) + waiting, waiting
end

--- How much an act would add to its side.
---@param act bybit.Act
function Book:added(act)
  return act.place and act.quantity or growth(self, act)
end

--- Notes that an act was done, or may have been: from here on it is an order like others, which readings show.
---@param act bybit.Act
---@param id? string the exchange's id, as far as it is known
---@param since number the latest moment at which it can have been done, on the loop's clock
function Book:done(act, id, since)
  local entry = self:find(id or act.order_id, act.link)
  if entry then
    if act.quantity > entry.quantity then entry.quantity, entry.grown = act.quantity, since end
    entry.id, entry.since = entry.id or id, math.max(entry.since, since)
    return
  end
  self.entries[#self.entries + 1] = { id = id or act.order_id, link = act.link, side = act.side, quantity = act.quantity,
    filled = act.filled or ZERO, since = since, grown = not act.place and since or nil }
end

--- Learns from an order's record that the order has ended: what was not filled never will be.
---@param record table
function Book:learn(record)
  if evidence.open(record) ~= false then return end
  local entry = self:find(evidence.text(record, "order_id"), evidence.text(record, "client_order_id"))
  local filled = evidence.number(record, "filled_quantity")
  if entry and filled then entry.quantity = entry.quantity:min(filled) end
end

---------------------------------------------------------------------------------------------------------------
-- Readings.

-- Kinds of orders that can only close a position (V5 documentation, enums, stopOrderType).
local CLOSING = { TakeProfit = true, StopLoss = true, TrailingStop = true, PartialTakeProfit = true, PartialStopLoss = true }

--- Can the order only reduce the position?
---@param record table
function Book.closes(record)
  return rawget(record, "reduce_only") == true or rawget(record, "close_on_trigger") == true
    or CLOSING[evidence.text(record, "stop_order_type")]
    or acts.closes_leg(evidence.word(record, "side", "side"), evidence.leg(record))
end

-- Does a call under way stand for this order? Then that is counted.
local function is_under_way(self, link)
  for act in pairs(link and self.acts or {}) do
    if act.place and act.link == link then return true end
  end
  return false
end

-- Does the position that a reading found show all fills of this record? It does if it changed after the order did, or if the
-- order changed so long ago that everything shows.
local function is_shown(record, reading)
  local at = evidence.moment(record, "update_time")
  if not at then return false end
  if at % reading.step == 0 then at = at + reading.step - 1 end -- the end of it may be cut off
  return reading.changed ~= nil and reading.changed >= at or reading.now - at >= reading.visibility * 1000
end

-- The entry of a listed order; `known`: what the books had of it. Nil: its record cannot be read.
local function entry_of(record, known, reading)
  local side, quantity = evidence.word(record, "side", "side"), evidence.number(record, "quantity")
  if not side or not quantity then return nil end
  local since, filled = known and known.since or -math.huge, evidence.number(record, "filled_quantity") or ZERO
  if not is_shown(record, reading) then filled = known and known.filled or ZERO end
  local grown = known and known.grown -- that may not show yet
  if grown and reading.began - grown < reading.visibility then quantity = quantity:max(known.quantity) end
  return { id = evidence.text(record, "order_id"), link = evidence.text(record, "client_order_id"), side = side,
    quantity = quantity, filled = filled, since = since, grown = grown }
end

-- The entries of the orders that a reading lists, and the set of the ids and of the earlier entries that it shows. Nil: one of them
-- cannot be read.
local function listed(self, reading)
  local entries, seen = {}, {}
  for _, record in ipairs(reading.orders) do
    local id, link = evidence.text(record, "order_id"), evidence.text(record, "client_order_id")
    if not id then return nil end
    local known = self:find(id, link)
    if known then seen[known] = true end
    if not Book.closes(record) and not is_under_way(self, link) and not seen[id] then
      local entry = entry_of(record, known, reading)
      if not entry then return nil end
      entries[#entries + 1] = entry
    end
    seen[id] = true
  end
  return entries, seen
end

-- What the books still count of an order that no list shows: the entry, or nil. It has ended if no list showed it `visibility`
-- after its last change. The position shows its fills that long after it was first missed so; sooner, if its record tells.
local function remains(entry, ended, reading)
  if ended then
    if ended.filled:is_zero() or is_shown(ended.record, reading) then return nil end
    entry.quantity = entry.quantity:min(ended.filled)
  end
  if reading.began - entry.since < reading.visibility then return entry end
  entry.gone = entry.gone or reading.began
  return reading.began - entry.gone < reading.visibility and entry or nil
end

-- How much is long and how much is short, and when the position changed last, ms; nil: it cannot be read.
local function sides(legs)
  local long, short, changed, hedged = ZERO, ZERO, nil, false
  for _, leg in ipairs(legs) do
    local quantity, side = evidence.number(leg, "quantity"), evidence.word(leg, "side", "side")
    if not quantity or not side and not quantity:is_zero() then return nil end
    local mode = rawget(leg, "position_mode")
    hedged, changed = hedged or mode == 1 or mode == 2, evidence.moment(leg, "update_time")
    if side == "Buy" then long = long + quantity elseif side == "Sell" then short = short + quantity end
  end
  if hedged then changed = nil end -- each leg has a moment of its own
  return long, short, changed
end

--- Takes in a reading: of the orders first, of the position after them.
---@param reading table orders, legs; ended: orders that ended, as { filled, record }, by id; began: on the loop's clock; now: the
--- exchange's clock then, ms; visibility: seconds until everything shows; step: ms that some of the exchange's moments are cut to
---@return string? why it cannot be used
function Book:take(reading)
  local long, short, changed = sides(reading.legs)
  if not long then return "the position cannot be read" end
  reading.changed = changed
  local entries, seen = listed(self, reading)
  if not entries then return "the exchange lists an order that cannot be read" end
  for _, entry in ipairs(self.entries) do
    if not seen[entry] and not (entry.id and seen[entry.id]) then
      local left = remains(entry, reading.ended[entry.id or entry.link], reading)
      if left then entries[#entries + 1] = left end
    end
  end
  self.long, self.short, self.entries = long, short, entries
end

--- The orders that are counted and are not among these.
---@param orders table[]
---@return table[] entries
function Book:missing(orders)
  local shown, missing = {}, {}
  for _, record in ipairs(orders) do
    shown[evidence.text(record, "order_id") or ""], shown[evidence.text(record, "client_order_id") or ""] = true, true
  end
  for _, entry in ipairs(self.entries) do
    if not (shown[entry.id or false] or shown[entry.link or false]) then missing[#missing + 1] = entry end
  end
  return missing
end

return Book
