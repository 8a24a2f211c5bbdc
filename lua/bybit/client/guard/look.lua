-- Readings for guard rails: each is made once for all calls that wait for it, and kept for as long as it may be used.

local core = require "bybit.core"
local errors = require "bybit.errors"
local evidence = require "bybit.outcome.evidence"
local later = require "bybit.later"
local Run = later.module "bybit.outcome.run"
local tasks = later.module "bybit.tasks"

local loop = core.loop

local look = {}

---@class bybit.GuardSlot what was read, and whether it is being read
---@field at number? when the last reading that succeeded began, on the loop's clock
---@field reading userdata? a token that is cancelled when the reading under way ends
---@field failed bybit.Error? why the last reading failed
---@field shallow boolean? of books: what became of some orders was not looked up
---@field successes integer? of books: how many calls of the client had succeeded when they were read

---@class bybit.GuardLook the readings of a call
---@field client userdata
---@field class table
---@field params table what the caller gave
---@field stop number when the call's deadline passes, on the loop's clock

-- The parameters of a request, with the options of the call.
local function reading(self, fields)
  local p = self.params
  fields.receive_window, fields.timeout, fields.connect_timeout = p.receive_window, p.timeout, p.connect_timeout
  fields.cancel, fields.deadline = p.cancel, math.max(self.stop - loop.now(), 0.001)
  return fields
end

--- What dialect[name] tells. It raises what Ctrl-C raised meanwhile.
---@param self bybit.GuardLook
---@param name string
---@param fields table
---@param ... any further arguments
---@return table? result nil: it could not be read
---@return bybit.Error? err
function look.ask(self, name, fields, ...)
  local result, err = self.class.dialect[name](self.class.inner "guard", self.client, reading(self, fields), ...)
  local raised = result == nil and type(err) == "table" and Run.raised_with(err)
  if raised and not errors.is(raised) then error(raised, 0) end
  return result, err
end

-- Ended only since the call that read was cancelled, or its own time was over: others try for themselves.
local function is_own(self, err)
  return err.kind == "cancelled" or err.kind == "closed" or self.stop <= loop.now()
end

-- Reads, and lets those that wait know.
local function read(self, slot, f)
  local token, began = core.token(), loop.now()
  slot.reading, slot.failed = token, nil
  local over <close> = setmetatable({}, { __close = function() -- luacheck: ignore 211
    if slot.reading == token then slot.reading = nil end
    token:cancel()
  end })
  local done, err = f(self, began)
  if done then
    slot.at = began
    return true
  end
  if not is_own(self, err) then slot.failed = err end
  return nil, err
end

-- Waits for the reading of another call. False: this call was cancelled, or its time is over.
local function wait(self, slot)
  local own = core.token(self.params.cancel, core.client.table(self.client).closing)
  local ok, raised = pcall(tasks.wait, core.token(own, slot.reading), math.max(self.stop - loop.now(), 0))
  if not ok and errors.is(raised) then return false end -- the task was cancelled: the call ends so
  if not ok then error(raised, 0) end
  return not own:cancelled() and loop.now() < self.stop
end

local function stopped(self)
  return errors.new { kind = "timeout", method = "guard", message = "the call ended before it was read", attempts = 0,
    elapsed = 0, where = "" }, self
end

--- Sees to it that a slot holds what was read after a moment. A call that waits by blocking reads for itself, since no other can go
--- on meanwhile.
---@param self bybit.GuardLook
---@param slot bybit.GuardSlot
---@param since number on the loop's clock
---@param f fun(self: bybit.GuardLook, began: number): true?, bybit.Error?
---@return true? done
---@return bybit.Error? err
function look.fresh(self, slot, since, f)
  while not (slot.at and slot.at > since and slot.at <= loop.now()) do
    if not (slot.reading and loop.may_yield()) then
      return read(self, slot, f)
    end
    if not wait(self, slot) then return nil, (stopped(self)) end
    if slot.failed and not slot.reading then return nil, slot.failed end
  end
  return true
end

--- Could another reading tell something else? It could after a second. Books could, too, if calls of the client succeeded since, or
--- if no thorough reading was made yet.
---@param self bybit.GuardLook
---@param slot bybit.GuardSlot
function look.is_late(self, slot)
  return not slot.at or slot.shallow or slot.at < loop.now() - 1
    or slot.successes ~= nil and slot.successes ~= core.client.successes(self.client)
end

---------------------------------------------------------------------------------------------------------------
-- The readings.

-- Something of the exchange's that is no answer to what was asked.
local function unreadable(why)
  return errors.new { kind = "decode", method = "guard", message = why, attempts = 0, elapsed = 0, where = "" }
end

--- Looks for the order of a change, by its id.
---@param act bybit.Act
---@return table? order nil: it could not be read, or there is none
function look.order(self, act)
  local order = look.ask(self, "find_order", { symbol = act.symbol, category = act.category, order_id = act.order_id,
    client_order_id = not act.order_id and act.link or nil }, act.conditional)
  return order or nil
end

-- How much of an order was filled that has ended; nil: it has not, or its record does not tell. On v2 the record of an order that
-- was cancelled before its trigger has no such field.
local function filled_of(record, conditional)
  if evidence.open(record) ~= false then return nil end
  return evidence.number(record, "filled_quantity") or conditional and evidence.cancelled(record) and core.decimal(0) or nil
end

-- Adds the record of an order that ended to `found`, under both ids.
local function add(found, record, conditional)
  local filled = filled_of(record, conditional)
  for _, field in ipairs { "order_id", "client_order_id" } do
    local id = evidence.text(record, field)
    if id and filled then found[id] = found[id] or { filled = filled, record = record } end
  end
end

local SINGLE = 10 -- orders that are looked for one by one

-- What became of the orders that no list of open ones shows, as { filled, record } by both ids: first among the orders that closed
-- last, then one by one. One that is not found is counted in full.
local function ended_orders(self, act, missing)
  local found, left = {}, SINGLE
  for _, conditional in ipairs(missing[1] and { false, true } or {}) do
    local list = look.ask(self, "closed_orders", { symbol = act.symbol, category = act.category }, conditional, #missing)
    for _, record in ipairs(list or {}) do
      add(found, record, conditional)
    end
  end
  for _, entry in ipairs(missing) do
    local known = entry.id and found[entry.id] or entry.link and found[entry.link]
    if not known and left > 0 then
      left = left - 1
      local record = look.order(self, { symbol = act.symbol, category = act.category, order_id = entry.id,
        link = entry.link })
      if record then add(found, record, false) end
    end
  end
  return found
end

--- Reads open orders and position of a symbol into its books. Orders with a trigger come first, so that one that is triggered
--- meanwhile shows among the active ones; the position comes last, so that it has what was filled meanwhile.
---@param book bybit.GuardBook
---@param slot bybit.GuardSlot
---@param thorough boolean find out, too, what became of orders that no list shows
---@param act bybit.Act an act on the symbol
function look.book(act, book, slot, thorough)
  return function(self, began)
    local now, orders = self.client:now(), {}
    for _, conditional in ipairs { true, false } do
      local list, err = look.ask(self, "open_orders", { symbol = act.symbol, category = act.category }, conditional)
      if not list then return nil, err end
      table.move(list, 1, #list, #orders + 1, orders)
    end
    local missing = book:missing(orders)
    local ended = ended_orders(self, act, thorough and missing or {})
    local legs, err = look.ask(self, "legs", { symbol = act.symbol, category = act.category })
    if not legs then return nil, err end
    local why = book:take { began = began, now = now, visibility = core.client.table(self.client).visibility,
      step = self.class.dialect.moment_step, orders = orders, ended = ended, legs = legs }
    if why then return nil, unreadable(why) end
    slot.shallow, slot.successes = #missing > 0 and not thorough, core.client.successes(self.client)
    return true
  end
end

--- Reads the mark price of a symbol, or the last price where there is none, into slot.price.
---@param act bybit.Act an act on the symbol
function look.prices(act, slot)
  return function(self)
    local prices, err = look.ask(self, "prices", { symbol = act.symbol, category = act.category })
    if not prices then return nil, err end
    local price = prices.mark or prices.last
    if not (price and price > 0) then return nil, unreadable "the exchange shows no price" end
    slot.price, slot.name = price, prices.mark and "mark price" or "last price"
    return true
  end
end

--- Reads the equity of a coin into slot.equity; slot.highest is the most that it ever was.
function look.wallet(coin, slot)
  return function(self)
    local wallet, err = look.ask(self, "wallet", { coin = coin })
    if not wallet then return nil, err end
    if not wallet.equity then return nil, unreadable(("the exchange shows no equity in %s"):format(coin)) end
    slot.equity = wallet.equity
    slot.highest = slot.highest and slot.highest:max(wallet.equity) or wallet.equity
    return true
  end
end

return look
