-- What a symbol's stop orders tell about trading stops. A stop for the whole position is an order too, which stays in the lists
-- after the position has closed. In Partial mode each call adds a stop, and is never sent again. Other calls may have asked for
-- the same; since each call makes one order, counting the orders tells them apart.

local core = require "bybit.core"
local evidence = require "bybit.outcome.evidence"
local fence = require "bybit.outcome.fence"
local intents = require "bybit.outcome.intents"

local decimal = core.decimal

local stops = {}

local KEPT = 60000 -- ms for which a call that was carried out is remembered at least: longer than any copy can be late

-- A price parameter and its quantity parameter, and the types of the order that it makes: for a part, for the whole position.
local HALVES = {
  { "take_profit_price", "take_profit_quantity", "PartialTakeProfit", "TakeProfit" },
  { "stop_loss_price", "stop_loss_quantity", "PartialStopLoss", "StopLoss" },
}

-- Is the order one of the position that the call is about? An order that does not say so is, where the symbol has one position only.
local function is_of(order, p)
  local asked = p.position_mode or 0
  return (evidence.leg(order) or 0) == asked
end

---------------------------------------------------------------------------------------------------------------
-- For the whole position.

local WHOLE = { TakeProfit = true, StopLoss = true, TrailingStop = true }

-- Was the order made or changed since that moment? Nil when its times cannot be read.
local function is_recent(order, earliest)
  local created, changed = evidence.moment(order, "create_time"), evidence.moment(order, "update_time")
  if not earliest or not created or not changed then return nil end
  return created >= earliest or changed >= earliest
end

--- Are all stops of the whole position older than the call: was none set, changed or ended since it could arrive? Nil: the orders
--- do not tell.
---@param orders table[] all stop orders of the symbol
---@param earliest integer? ms
---@return boolean?
function stops.untouched(orders, earliest)
  local sure = true
  for _, order in ipairs(orders) do
    local kind = evidence.word(order, "stop_order_type", "stop_order_type")
    if not kind or WHOLE[kind] then
      local recent = is_recent(order, earliest)
      if recent and kind then return false end
      sure = sure and recent == false
    end
  end
  return sure or nil
end

--- Is there still a stop that the call asked to change, open, and as old as before the call? One call changes all its stops or
--- none of them, so it changed none. A trailing stop's order does not show the distance: this tells nothing about it.
---@param p table the parameters
---@param orders table[] the open stop orders of the symbol, at least
---@param earliest integer?
---@return boolean
function stops.remain(p, orders, earliest)
  for _, half in ipairs(HALVES) do
    local price = p[half[1]] ~= nil and decimal(p[half[1]])
    for _, order in ipairs(price and orders or {}) do
      local at = evidence.number(order, "trigger_price")
      if is_of(order, p) and evidence.text(order, "stop_order_type") == half[4] and evidence.open(order) and at
        and not at:eq(price) and is_recent(order, earliest) == false then
        return true
      end
    end
  end
  return false
end

-- The types of the stop orders that the call removes.
local function removed_kinds(p)
  local kinds = {}
  for _, half in ipairs(HALVES) do
    if p[half[1]] ~= nil and decimal(p[half[1]]):is_zero() then kinds[half[4]] = true end
  end
  local distance = p.trailing_stop_price or p.trailing_stop_distance
  if distance ~= nil and decimal(distance):is_zero() then kinds.TrailingStop = true end
  return kinds
end

--- Does a trading stop of these parameters remove a stop?
function stops.removes(p)
  return next(removed_kinds(p)) ~= nil
end

--- Are all orders of the stops that the call removes closed? An order with an unknown status counts as open.
---@param p table the parameters
---@param orders table[] all stop orders of the symbol
---@return boolean
function stops.are_removed(p, orders)
  local kinds = removed_kinds(p)
  for _, order in ipairs(orders) do
    if kinds[evidence.text(order, "stop_order_type")] and evidence.open(order) ~= false then return false end
  end
  return true
end

--- Were all stops that the call asks for made since it could arrive, even if they have ended? False also for a trailing stop,
--- whose order does not show the distance, and for a removed stop, which leaves no order.
---@param p table the parameters
---@param orders table[]
---@param earliest integer?
---@return boolean
function stops.were_set(p, orders, earliest)
  if p.trailing_stop_price ~= nil or p.trailing_stop_distance ~= nil then return false end
  local asked = false
  for _, half in ipairs(HALVES) do
    local price = p[half[1]] ~= nil and decimal(p[half[1]])
    local found = not price
    for _, order in ipairs(price and not price:is_zero() and orders or {}) do
      local at = evidence.number(order, "trigger_price")
      local created = evidence.moment(order, "create_time")
      found = found or is_of(order, p) and evidence.text(order, "stop_order_type") == half[4] and at and at:eq(price)
        and earliest and created and created >= earliest
    end
    if not found then return false end
    asked = asked or price
  end
  return asked and true or false
end

---------------------------------------------------------------------------------------------------------------
-- Partial mode.

local function same(a, b)
  return a == nil and b == nil or a ~= nil and b ~= nil and decimal(a):eq(decimal(b))
end

-- Do both calls ask for this half, in the same way?
local function asks_the_same(p, q, half)
  return p.symbol == q.symbol and (p.position_mode or 0) == (q.position_mode or 0) and p[half[1]] ~= nil
    and same(p[half[1]], q[half[1]]) and same(p[half[2]], q[half[2]])
end

-- The earliest moment at which a copy of any of the intents could arrive; nil: it is not known for all of them.
local function earliest_of(client, list)
  local first
  for _, intent in ipairs(list) do
    local one = fence.earliest(client, intent)
    if not one then return nil end
    first = math.min(first or one, one)
  end
  return first
end

-- The moment before which a call that was carried out need not be remembered any more: long ago, and long before the first
-- copy of each stop whose outcome is unknown. Nil: such a moment is not known.
local function forgettable(client, to)
  local open = {}
  for _, intent in ipairs(core.client.table(client).intents) do
    if intent.partial and not intent.final then open[#open + 1] = intent end
  end
  if #open == 0 then return to - KEPT end
  local first = earliest_of(client, open)
  return first and math.min(first, to) - KEPT
end

--- Notes that a trading stop was carried out between two moments of the exchange's clock, so that its order is not taken for
--- another call's.
---@param client userdata
---@param params table
---@param from integer? ms
---@param to integer ms
---@param number integer? the call's number in the journal
function stops.note(client, params, from, to, number)
  local list, limit = core.client.table(client).parts, forgettable(client, to)
  while limit and list[1] and list[1].to < limit do table.remove(list, 1) end
  list[#list + 1] = { params = params, from = from or to - KEPT, to = to, number = number }
end

-- The other calls for the same half that were carried out, in this run and, for an intent from the journal, in earlier runs.
-- Nil: the journal cannot be read.
local function others_done(client, intent, half)
  local t, list, counted = core.client.table(client), {}, {}
  for _, entry in ipairs(t.parts) do
    if asks_the_same(entry.params, intent.params, half) then list[#list + 1] = entry end
    if entry.number then counted[entry.number] = true end
  end
  if not intent.earlier then return list end
  local rows = t.journal:select { kind = "stop", symbol = intent.symbol, outcome = "done" }
  if not rows then return nil end
  for _, row in ipairs(rows) do
    local ok, params = core.hooks.protect(core.json.decode, row.params or "")
    if ok and not counted[row.id] and type(params) == "table" and intents.adds(params)
      and asks_the_same(params, intent.params, half) then
      list[#list + 1] = { from = row.first or 0, to = row.ended or math.maxinteger }
    end
  end
  return list
end

-- All intents of unknown outcome that ask for the same half, this one included.
local function unknown_ones(client, intent, half)
  local list = { intent }
  for _, other in ipairs(core.client.table(client).intents) do
    if other ~= intent and other.partial and asks_the_same(other.params, intent.params, half) then list[#list + 1] = other end
  end
  return list
end

-- Was the order never changed? Then its price and size are those that were asked for.
local function is_original(order)
  local created, changed = evidence.moment(order, "create_time"), evidence.moment(order, "update_time")
  return created ~= nil and created == changed
end

-- Is it an order for this half, made since that moment? Nil: it may be.
local function fits(order, half, params, earliest)
  local kind, created = evidence.word(order, "stop_order_type", "stop_order_type"), evidence.moment(order, "create_time")
  if kind and kind ~= half[3] or created and earliest and created < earliest then return false end
  local price, quantity = evidence.number(order, "trigger_price"), evidence.number(order, "quantity")
  local asked = params[half[2]]
  local other = price and not price:eq(decimal(params[half[1]])) or asked and quantity and not quantity:eq(decimal(asked))
  if other then
    if is_original(order) then return false end
    return nil
  end
  return is_of(order, params) and kind ~= nil and price ~= nil and (asked == nil or quantity ~= nil) and created ~= nil
    and earliest ~= nil or nil
end

-- How many orders for the half were made since that moment: at least, and at most.
local function count_orders(orders, half, params, earliest)
  local sure, doubtful = 0, 0
  for _, order in ipairs(orders) do
    local its = fits(order, half, params, earliest)
    if its then sure = sure + 1 elseif its == nil then doubtful = doubtful + 1 end
  end
  return sure, sure + doubtful
end

-- How many of the calls that were carried out made their order since that moment: at least and at most. The first number counts
-- only calls whose orders were sure to show when the first sweep began.
local function count_calls(client, list, earliest, sweep)
  local least, most, visibility = 0, 0, core.client.table(client).visibility * 1000
  for _, entry in ipairs(list) do
    if not earliest or entry.to >= earliest then
      most = most + 1
      local shows = sweep ~= nil and entry.to + visibility < sweep
      if shows and earliest and entry.from >= earliest then least = least + 1 end
    end
  end
  return least, most
end

-- Did the call add this half? Yes, if there are orders for all calls that asked for it. No, if there are, since it could arrive,
-- only the orders that other calls are known to have made.
local function half_added(client, orders, half, intent)
  if intent.added and intent.added[half] then return true end
  local done, unknown = others_done(client, intent, half), unknown_ones(client, intent, half)
  if not done then return nil end
  local earliest = earliest_of(client, unknown)
  local sure = count_orders(orders, half, intent.params, earliest)
  local _, most = count_calls(client, done, earliest, intent.sweep)
  if sure >= most + #unknown then
    for _, other in ipairs(unknown) do -- noted for all at once: one by one it could not be told any more
      other.added = other.added or {}
      other.added[half] = true
    end
    return true
  end
  local own = fence.earliest(client, intent)
  local _, possible = count_orders(orders, half, intent.params, own)
  local least = count_calls(client, done, own, intent.sweep)
  if possible <= least then return false end
end

--- Did the call add what it asked for? Nil: the orders do not tell.
---@param client userdata
---@param intent bybit.Intent
---@param orders table[] all stop orders of the symbol
---@return boolean?
function stops.added(client, intent, orders)
  if core.client.open_heard(client) > 0 then return nil end -- another call is in flight: its orders may be among these
  local answer
  for _, half in ipairs(HALVES) do
    if intent.params[half[1]] ~= nil then
      local its = half_added(client, orders, half, intent)
      if its == nil then return nil end
      if answer == nil then answer = its end
      if answer ~= its then return nil end -- one call makes both halves: somebody changed one of them
    end
  end
  return answer
end

return stops
