-- What a loop of client:follow asks the exchange: executions since a moment, and how orders, positions and the wallet stand. All of
-- it is made of requests of the client's wire. Each function returns nil and an error where it could not read all.

local Run = require "bybit.outcome.run"
local categories = require "bybit.wire.categories"
local core = require "bybit.core"
local errors = require "bybit.errors"
local ledger = require "bybit.stream.follow.ledger"
local odd = require "bybit.records.odd"
local scheduler = require "bybit.tasks.scheduler"

local reads = {}

local Reads = {}
Reads.__index = Reads

---@param client userdata
---@param options { symbols: string[]?, category: string, cancel: userdata? }
function reads.new(client, options)
  local t = core.client.table(client)
  local self = setmetatable({ client = client, dialect = t.class.dialect, call = t.class.inner "follow", options = options,
    step = t.class.dialect.moment_step, wanted = false, every = { {} }, narrow = { {} } }, Reads)
  local symbols = options.symbols
  if symbols then
    self.wanted = {}
    for _, symbol in ipairs(symbols) do self.wanted[symbol] = true end
  end
  if symbols and (#symbols == 1 or not self.dialect.every_symbol) then
    self.every = {}
    for i, symbol in ipairs(symbols) do self.every[i] = { symbol = symbol } end
    self.narrow = self.every
  elseif categories.kinds[options.category].narrow then -- orders and positions of all symbols are listed by coin only
    self.narrow = {}
    for i, coin in ipairs(categories.kinds[options.category].settle) do self.narrow[i] = { settle_coin = coin } end
  end
  return self
end

--- Is a record about what is followed?
---@param record table
function Reads:is_about(record)
  local category = rawget(record, "category")
  if category ~= nil and category ~= self.options.category then return false end
  return not self.wanted or self.wanted[rawget(record, "symbol")] == true
end

-- The parameters of a request, with the options of the loop.
function Reads:with(fields, more)
  local p = { cancel = self.options.cancel, category = self.dialect.category and self.options.category or nil }
  for k, v in pairs(fields) do p[k] = v end
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

-- What a function of the wire gives. Raises what ended it, where that is no answer: Ctrl-C, or the cancellation of its task.
function Reads:ask(name, p, ...)
  local result, err, more = self.dialect[name](self.call, self.client, p, ...)
  local raised = result == nil and Run.raised_with(err)
  if raised then error(errors.is(raised) and err or raised, 0) end
  scheduler.check_cancelled()
  return result, err, more
end

--- The executions since a moment, newest first, each with what did not decode noted.
---@param since integer ms
---@param till integer? ms; nil: now
---@return table[]? trades
---@return integer|bybit.Error time the exchange's when it was asked, ms
function Reads:trades(since, till)
  local found, first = {}, nil
  for _, place in ipairs(self.every) do
    local list, err, time = self:ask("all_trades", self:with(place, { since = since, till = till }))
    if not list then return nil, err end
    first = math.min(first or math.huge, time or core.client.now(self.client))
    for _, trade in ipairs(list) do
      local moment = ledger.time_of(trade)
      if self:is_about(trade) and (moment >= since or moment == 0) then found[#found + 1] = trade end
    end
  end
  return found, math.tointeger(first)
end

-- Adds the records of a list that are followed.
local function add(self, found, list)
  for _, record in ipairs(list) do
    if self:is_about(record) then found[#found + 1] = record end
  end
end

--- The open orders, and those that were closed since a moment. Of those in `known` (id -> what the ledger holds of it) that were open
--- and are not among them, how they stand now.
---@param since integer ms
---@param known table
---@param count integer how many closed orders to look at
---@return table[]? orders oldest change first
---@return bybit.Error? err
function Reads:orders(since, known, count)
  local found, seen, gone = {}, {}, {}
  for _, place in ipairs(self.narrow) do
    local list, err = self:ask("orders_of_both_kinds", self:with(place), count)
    if not list then return nil, err end
    add(self, found, list)
  end
  local kept = {}
  for _, order in ipairs(found) do
    local id = rawget(order, "order_id") or rawget(order, "stop_order_id")
    local changed = rawget(order, "update_time")
    seen[id or ""] = true
    if not order:is_done() or known[id] or math.type(changed) ~= "integer" or changed >= since then kept[#kept + 1] = order end
  end
  for id, order in pairs(known) do
    if not order.done and not seen[id] then gone[#gone + 1] = id end
  end
  table.sort(gone)
  for _, id in ipairs(gone) do
    local order, err = self:ask("order_of_either_kind",
      self:with { symbol = known[id].symbol, order_id = id, conditional = known[id].conditional })
    if order == nil then return nil, err end
    if order then kept[#kept + 1] = order else known[id] = nil end
  end
  local function changed(order)
    local time = rawget(order, "update_time")
    return math.type(time) == "integer" and not odd.has(order, "update_time") and time or 0
  end
  local places = {}
  for i, order in ipairs(kept) do places[order] = i end
  table.sort(kept, function(a, b)
    if changed(a) ~= changed(b) then return changed(a) < changed(b) end
    return places[a] > places[b]
  end)
  return kept
end

--- The positions: those that are not flat, and those in `known` (place -> what the ledger holds of it).
---@return table[]? positions
---@return bybit.Error? err
function Reads:positions(known)
  local found, seen = {}, {}
  local function ask(place)
    local list, err = self:ask("positions", self:with(place))
    if not list then return err end
    add(self, found, list)
  end
  for _, place in ipairs(self.narrow) do
    local err = ask(place)
    if err then return nil, err end
  end
  for _, position in ipairs(found) do seen[rawget(position, "symbol") or ""] = true end
  local gone = {}
  for _, position in pairs(known) do
    local symbol = position.symbol
    if not position.flat and symbol and not seen[symbol] then
      seen[symbol] = true
      gone[#gone + 1] = symbol
    end
  end
  table.sort(gone)
  for _, symbol in ipairs(gone) do
    local err = ask { symbol = symbol }
    if err then return nil, err end
  end
  return found
end

--- The wallet; false where the wire has no record of it.
---@return table|false|nil wallet
---@return bybit.Error? err
function Reads:wallet()
  if not self.dialect.purse then return false end
  return self:ask("purse", { cancel = self.options.cancel })
end

return reads
