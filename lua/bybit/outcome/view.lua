-- A view: one look at the lists of orders, positions and stops, for one intent or for many. A view asks for each list once, so
-- that a hundred intents cost as many requests as one.

local core = require "bybit.core"
local evidence = require "bybit.outcome.evidence"
local fence = require "bybit.outcome.fence"

local View = {}
View.__index = View

---@class bybit.Look
---@field run bybit.Run
---@field many boolean it serves many intents: whole lists are read, not single ids
---@field seen table<bybit.Intent, true> intents for which this view has searched every place
---@field refused table<string, bybit.Error> symbol, or what else is asked for -> why the exchange does not answer for it

--- A view that uses the requests of a run.
---@param run bybit.Run
---@param intents bybit.Intent[] the intents that it serves
function View.new(run, intents)
  return setmetatable({ run = run, many = #intents > 1, intents = intents, lists = {}, positions = {}, stops = {}, settings = {},
    seen = {}, refused = {} }, View)
end

-- Under which name what is read about a symbol is kept.
local function key_of(intent)
  return ("%s %s"):format(intent.category or "", intent.symbol)
end

-- What is asked for about an intent that has no order and no stop; nil: it does not say what.
local function question_of(intent)
  if intent.kind == "transfer" then return intent.client_order_id and "transfer " .. intent.client_order_id end
  local words = { intent.shown.row, intent.category or "" }
  for ours, theirs in pairs(intent.shown.by) do -- one at most
    local value = intent.params[theirs]
    if type(value) ~= "string" then return nil end
    words[#words + 1] = ("%s %s"):format(ours, value)
  end
  return table.concat(words, " ")
end

-- Keeps why the exchange refuses to answer for a symbol: it would refuse the next question too.
local function heard(self, symbol, err)
  if type(err) == "table" and err.kind == "exchange" and not err.retryable then self.refused[symbol] = err end
end

--- Can nothing be found out about the intent, since the exchange refuses to answer, or the intent does not say what to ask?
function View:is_refused(intent)
  local asked = intent.symbol and key_of(intent)
  if intent.shown or intent.kind == "transfer" then asked = question_of(intent) end
  return asked == nil or self.refused[asked] ~= nil
end

--- The stage of the intent (see fence.stage); notes that this view has searched every place for it.
---@param intent bybit.Intent
---@param time integer?
function View:stage(intent, time)
  self.seen[intent] = true
  return fence.stage(self.run.client, intent, time)
end

--- The earliest moment at which a copy of the intent could arrive.
function View:earliest(intent)
  return fence.earliest(self.run.client, intent)
end

--- Could a copy of the intent have arrived at that moment?
function View:covers(intent, moment)
  return fence.covers(self.run.client, intent, moment)
end

--- The latest moment at which the call of the intent can have been made.
function View:latest(intent)
  return fence.latest(self.run.client, intent)
end

---------------------------------------------------------------------------------------------------------------
-- Orders.

local function ids_of(intent)
  local p = intent.params
  local order_id = p.order_id or p.stop_order_id
  return order_id, not order_id and intent.client_order_id or nil
end

-- The moment since which lists must be read to include the orders of all placements; nil: not known.
local function since(self)
  local first
  for _, intent in ipairs(self.intents) do
    if intent.kind == "place" then
      local earliest = self:earliest(intent)
      if not earliest then return nil end
      first = math.min(first or earliest, earliest)
    end
  end
  return first and fence.before(first)
end

-- All orders of an intent's symbol and kind, by either id; false: no whole list could be read.
local function index_of(self, intent)
  local conditional = intent.conditional
  local key = key_of(intent) .. (conditional and "*" or "")
  if self.lists[key] ~= nil then return self.lists[key] end
  local run = self.run
  local list, time = run.class.dialect.all_orders(run.call, run.client, run:reading { symbol = intent.symbol,
    category = intent.category, since = since(self) }, conditional)
  if not list then heard(self, key_of(intent), time) end
  local index = list and { time = time, whole = true, by_id = {}, by_link = {} }
  for _, order in ipairs(list or {}) do
    local id, link = evidence.text(order, "order_id"), evidence.text(order, "client_order_id")
    index.whole = index.whole and id ~= nil
    if id and not index.by_id[id] then index.by_id[id] = order end
    if link and not index.by_link[link] then index.by_link[link] = order end
  end
  self.lists[key] = index or false
  return index or false
end

local function ask_for(self, intent)
  local run, order_id, link = self.run, ids_of(intent)
  local first = intent.kind == "place" and self:earliest(intent)
  local order, time = run.class.dialect.find_order(run.call, run.client, run:reading { symbol = intent.symbol,
    category = intent.category, order_id = order_id, client_order_id = link, since = first and fence.before(first) or nil },
    intent.conditional)
  if order == nil then heard(self, key_of(intent), time) end
  return order, time
end

--- The order of an intent, and the exchange's time of the first answer. False: the order is in no list; nil: the lists could not
--- be read.
---@param intent bybit.Intent
---@return table|false|nil order
---@return integer? time
function View:order(intent)
  if not intent.symbol or self.refused[key_of(intent)] then return nil end
  if not self.many then return ask_for(self, intent) end
  local order_id, link = ids_of(intent)
  local index = index_of(self, intent)
  local order = index and (order_id and index.by_id[order_id] or link and index.by_link[link])
  if order then return order, index.time end
  -- An order that is amended or cancelled may be older than the lists reach.
  if index and index.whole and intent.kind == "place" then return false, index.time end
  return ask_for(self, intent)
end

--- The order of an intent as the account's stream has told of it; nil: it has told nothing. It proves that the order was there, and how
--- one has ended; never that there is none, nor how one that is open stands now.
---@param intent bybit.Intent
---@return table?
function View:sighting(intent)
  local sightings = core.client.table(self.run.client).sightings
  local order_id, link = ids_of(intent)
  local id = order_id or link
  local order = sightings and type(id) == "string" and sightings.find(self.run.client, id) or nil
  return order and evidence.text(order, "symbol") == intent.symbol and order or nil
end

--- All open orders of an intent's symbol and kind; nil when they could not be read.
---@param intent bybit.Intent
---@return table[]? orders
---@return integer? time
function View:open(intent)
  if not intent.symbol or self.refused[key_of(intent)] then return nil end
  local run = self.run
  local list, err, response = run.class.dialect.open_orders(run.call, run.client, run:reading { symbol = intent.symbol,
    category = intent.category }, intent.conditional)
  if not list then heard(self, key_of(intent), err) end
  return list, list and response and response.time
end

---------------------------------------------------------------------------------------------------------------
-- Positions and their stops.

--- The position that an intent is about, even if it is flat; nil when it could not be read.
---@param intent bybit.Intent
---@return table? position
---@return integer? time
function View:position(intent)
  if not intent.symbol or self.refused[key_of(intent)] then return nil end
  local key = ("%s %d"):format(key_of(intent), intent.leg)
  local known = self.positions[key]
  if not known then
    local run = self.run
    local position, err, response = run.class.dialect.position(run.call, run.client, run:reading { symbol = intent.symbol,
      category = intent.category, position_mode = intent.leg })
    if not position then heard(self, key_of(intent), err) end
    known = { position or nil, position and response.time }
    self.positions[key] = known
  end
  return known[1], known[2]
end

--- All stop orders of an intent's symbol that are open, or were made since a moment, but for those of another position of the
--- symbol; nil when they could not be read; false: they are too many to be read.
---@param intent bybit.Intent
---@param since_ms integer?
---@return table[]|false|nil orders
---@return integer? time
function View:stop_orders(intent, since_ms)
  if not intent.symbol or self.refused[key_of(intent)] then return nil end
  local run, found, seen = self.run, {}, {}
  local list, time = run.class.dialect.stop_orders(run.call, run.client, run:reading { symbol = intent.symbol,
    category = intent.category }, since_ms)
  if not list then
    heard(self, key_of(intent), time)
    if time.too_long then return false, (core.client.moment(run.client, core.loop.now())) end
    return nil
  end
  for _, order in ipairs(list) do
    local id = evidence.text(order, "order_id")
    local leg = evidence.leg(order)
    if (not id or not seen[id]) and (leg == nil or leg == intent.leg) then found[#found + 1] = order end
    if id then seen[id] = true end
  end
  return found, time
end

---------------------------------------------------------------------------------------------------------------
-- Settings and transfers.

local function is_about(record, shown, params)
  for ours, theirs in pairs(shown.by) do -- each by itself, in any order
    if evidence.text(record, ours) ~= params[theirs] then return false end
  end
  return true
end

-- Reads the records that show what an intent set: { records, time }.
local function read_shown(self, intent, question)
  local run, shown, by = self.run, intent.shown, { category = intent.category }
  local row = run.class.dialect.endpoints[shown.row]
  for ours, theirs in pairs(shown.by) do by[ours] = intent.params[theirs] end -- in any order
  local found, err, response = run.call(run.client, shown.row, run:reading(by))
  if not found then
    heard(self, question, err)
    return { {} }
  end
  local records = {}
  for _, record in ipairs(row.result.list and found or { found }) do
    if not is_about(record, shown, intent.params) then return { {} } end
    records[#records + 1] = record
  end
  return { records, response.time }
end

--- The record that shows what an intent set, and with it the others of the symbol; nil when it could not be read.
---@param intent bybit.Intent
---@return table? record
---@return integer? time
---@return table[]? records it alone, or one for each position that the intent is about
function View:shown(intent)
  local question = question_of(intent)
  if not question or self.refused[question] then return nil end
  local known = self.settings[question] or read_shown(self, intent, question)
  self.settings[question] = known
  local records = {}
  for _, record in ipairs(known[1]) do
    local leg = intent.shown.leg and evidence.leg(record)
    if not leg or leg == intent.leg then records[#records + 1] = record end
  end
  return records[1], known[2], records
end

-- ms: an earlier call may have used the id. So the list is read from that long ago; a query reaches a day further, to the present
-- (V5 documentation, asset/transfer: seven days).
local LONG_AGO = 6 * 86400000

--- The transfer of an intent. False: it is not in the list; nil: the list could not be read.
---@param intent bybit.Intent
---@return table|false|nil transfer
---@return integer? time
function View:transfer(intent)
  local question = question_of(intent)
  if not question or self.refused[question] then return nil end
  local run, first = self.run, self:earliest(intent)
  local transfer, time = run.class.dialect.find_transfer(run.call, run.client, run:reading { transfer_id = intent.client_order_id,
    since = first and math.min(fence.before(first), run.client:now() - LONG_AGO) })
  if transfer == nil then heard(self, question, time) end
  return transfer, time
end

return View
