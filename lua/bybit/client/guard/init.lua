-- Guard rails, and client:halt. The C core asks `guard.ask` before a call that may add risk is sent (src/call/rails.c), and recovery
-- tells `Guard:told` how such a call ended. What an act adds is counted from the moment it is let through until it is known that
-- it added nothing, so that calls under way count each other.

local acts = require "bybit.client.guard.acts"
local Book = require "bybit.client.guard.book"
local core = require "bybit.core"
local errors = require "bybit.errors"
local evidence = require "bybit.outcome.evidence"
local lease = require "bybit.later".module "bybit.client.lease"
local look = require "bybit.client.guard.look"
local rails = require "bybit.client.guard.rails"
local tasks = require "bybit.tasks"

local loop, ZERO = core.loop, core.decimal(0)

local guard = {}

---@class bybit.Guard
---@field client userdata
---@field rails table the option, checked
---@field books table<string, bybit.GuardBook> by symbol
---@field slots table<string, bybit.GuardSlot> by what was read
---@field stamps table[] { at }: when orders were let through
---@field passed table<userdata, table> call -> { acts, stamps }
---@field unsettled table[] { acts, intent, since }: calls of unknown outcome
local Guard = {}
Guard.__index = Guard

function Guard:book_of(symbol)
  self.books[symbol] = self.books[symbol] or Book.new()
  return self.books[symbol]
end

local function slot_of(self, key)
  self.slots[key] = self.slots[key] or {}
  return self.slots[key]
end

function Guard:prices_of(symbol) return slot_of(self, "prices " .. symbol) end

function Guard:wallet_of(coin) return slot_of(self, "wallet " .. coin) end

--- Puts rails on a client.
---@param client userdata
---@param option table the checked option
function guard.attach(client, option)
  core.client.table(client).guard = setmetatable({ client = client, rails = option, books = {}, slots = {}, stamps = {},
    passed = setmetatable({}, { __mode = "k" }), under_way = {}, unsettled = {} }, Guard)
  core.client.ask(client, guard.ask, true)
end

---------------------------------------------------------------------------------------------------------------
-- Calls that have ended.

local function is_listed(client, intent)
  for _, candidate in ipairs(core.client.table(client).intents) do
    if candidate == intent then return not intent.final end
  end
  return false
end

-- Takes acts out of what is under way. If they were done, or may have been, they stay in the books as orders. `since`: the latest
-- moment for that, on the loop's clock; nil: they were not done. `result`: the record or acknowledgement of a single act.
local function leave(self, list, result, since)
  for _, act in ipairs(list) do
    local book = self:book_of(act.symbol)
    book.acts[act] = nil
    if since then
      book:done(act, result and (evidence.text(result, "order_id") or evidence.text(result, "orderId")), since)
      if result then book:learn(result) end
    end
  end
end

local LATE = 1 -- seconds beyond the receive window, in which a copy may still arrive

-- What was under way when nobody was left to tell how it ended, and what was unknown and is settled by now.
local function sift(self)
  local now, rest = loop.now(), {}
  for _, item in ipairs(self.unsettled) do
    local intent = item.intent
    local settled = intent and intent.settled
    if settled then
      leave(self, item.acts, settled[1], settled[1] and now)
    elseif not intent or not is_listed(self.client, intent) then
      leave(self, item.acts, nil, math.max(now, item.since)) -- dismissed, or its outcome can never be told: it may be there
    else
      rest[#rest + 1] = item
    end
  end
  self.unsettled = rest
  for item in pairs(self.under_way) do
    if now > item.ends then
      self.under_way[item] = nil
      leave(self, item.acts, nil, now)
    end
  end
end

-- Orders that were not sent do not count in the orders of a minute.
local function give_back(self, stamps)
  for _, stamp in ipairs(stamps) do
    for i, candidate in ipairs(self.stamps) do
      if candidate == stamp then table.remove(self.stamps, i) end
    end
  end
end

--- Hears how a call ended.
---@param call userdata
---@param result table?
---@param err bybit.Error?
---@param intent bybit.Intent? only if the outcome of an attempt was unknown
function Guard:told(call, result, err, intent)
  local item = self.passed[call]
  if not item then return end
  self.passed[call], self.under_way[item] = nil, nil
  if result then
    leave(self, item.acts, #item.acts == 1 and result or nil, loop.now())
  elseif err.outcome == "unknown" then
    item.intent, item.since = intent, loop.now() + item.window + LATE
    self.unsettled[#self.unsettled + 1] = item
  else
    leave(self, item.acts)
    if err.outcome == "not_sent" then give_back(self, item.stamps) end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Asking.

-- Does a change take risk away, or leave it as it is?
local function is_harmless(self, act)
  if act.place then return act.closes end
  act.order = act.order or look.order(self, act)
  local order = act.order
  if not order then return false end
  if Book.closes(order) then return true end
  local quantity = evidence.number(order, "quantity")
  return act.alone and act.quantity ~= nil and quantity ~= nil and act.quantity <= quantity
end

-- Why an act cannot be judged; nil: it can.
local function unclear(act)
  if act.odd then return ("'%s' is no exact number"):format(act.odd) end
  if not act.symbol then return "it names no symbol" end
  if act.place and not (act.quantity and (act.side == "Buy" or act.side == "Sell")) then
    return "its side or its quantity cannot be read"
  end
end

-- Fills in what a change does not say and its order does. Returns why that cannot be told.
local function complete(self, asked, act)
  act.filled = ZERO
  if act.place then return nil end
  local entry = self.rails.max_position and self:book_of(act.symbol):find(act.order_id, act.link)
  act.side = entry and entry.side
  local needs_side = self.rails.max_position and act.quantity and not act.side
  local needs_prices = self.rails.band and act.conditional and (act.price or act.trigger_price)
    and not (act.price and act.trigger_price)
  if not needs_side and not needs_prices then return nil end
  act.order = act.order or look.order(asked, act)
  if not act.order then return "the order that is changed could not be read" end
  act.side = act.side or evidence.word(act.order, "side", "side")
  act.trigger_price = act.trigger_price or evidence.number(act.order, "trigger_price")
  if act.conditional and not act.price and act.order.type == "Limit" then act.price = evidence.number(act.order, "price") end
  if needs_side and not act.side then return "the side of the order that is changed could not be read" end
  if act.price and act.conditional and not act.trigger_price then return "the trigger price of the order could not be read" end
end

-- What the rails need for an act: { key, name of the rail, slot, function that reads }.
local function needs(self, act, thorough)
  local list, on = {}, self.rails
  if on.band and act.price and not act.conditional then
    local slot = self:prices_of(act.symbol)
    list[#list + 1] = { "band", ("the price of %s"):format(act.symbol), slot, look.prices(act, slot) }
  end
  local coin = on.max_drawdown and rails.coin_of(self, act)
  if coin then
    local slot = self:wallet_of(coin)
    list[#list + 1] = { "max_drawdown", ("the equity in %s"):format(coin), slot, look.wallet(coin, slot) }
  end
  if on.max_position and act.quantity then
    local slot = slot_of(self, "book " .. act.symbol)
    list[#list + 1] = { "max_position", ("the position in %s"):format(act.symbol), slot,
      look.book(act, self:book_of(act.symbol), slot, thorough) }
  end
  return list
end

-- Reads what the rails need and what is older than they allow; again: what could tell something else by now. Returns why it could
-- not; and whether anything was read.
local function prepare(self, asked, list, began, again)
  local any = false
  for _, act in ipairs(list) do
    for _, need in ipairs(needs(self, act, again)) do
      local rail, what, slot, f = table.unpack(need)
      local since = began - self.rails.position_age
      if again and look.is_late(asked, slot) then slot.at = nil end
      any = any or not slot.at or slot.at <= since
      local ok, err = look.fresh(asked, slot, since, f)
      if not ok then
        return ("%s: %s could not be read (%s: %s)"):format(rail, what, err.kind, err.message)
      end
    end
  end
  return nil, any
end

-- With the place of an order in its batch.
local function placed(act, why)
  return act.number and ("order %d: %s"):format(act.number, why) or why
end

-- Asks every rail about each of the acts; those that are let through count for the next. Returns what is let through, for each call that
-- does it; or why one is refused: then none is let through.
local function judge(self, list, whole)
  sift(self)
  local passed, stamps, items = {}, {}, {}
  local function undo(why)
    leave(self, passed)
    give_back(self, stamps)
    return nil, why
  end
  for _, act in ipairs(list) do
    local call = act.call or whole -- an element of a batch ends by itself
    local item = items[call] or { acts = {}, stamps = {} }
    items[call] = item
    for _, name in ipairs(rails.all) do
      local why = rails[name](self, act)
      if why then return undo(placed(act, why)) end
    end
    if self.rails.max_position and act.quantity then
      self:book_of(act.symbol).acts[act] = true
      passed[#passed + 1] = act
      item.acts[#item.acts + 1] = act
    end
    if act.place then
      stamps[#stamps + 1] = { at = loop.now() }
      self.stamps[#self.stamps + 1] = stamps[#stamps]
      item.stamps[#item.stamps + 1] = stamps[#stamps]
    end
  end
  return items
end

-- Those of the acts that may add risk.
local function risky(list)
  local out = {}
  for _, act in ipairs(list) do
    if not act.closes then out[#out + 1] = act end
  end
  return out
end

-- Why a call is not sent; or nil, and what was let through, for each call that does it.
local function consider(self, asked, list, began, call)
  for _, act in ipairs(list) do
    local why = complete(self, asked, act)
    if why then return placed(act, why) end
  end
  local why = prepare(self, asked, list, began)
  if why then return why end
  local items
  items, why = judge(self, list, call)
  if not items then
    local failed, any = prepare(self, asked, list, began, true)
    if failed then return failed end
    if any then items, why = judge(self, list, call) end
  end
  return why, items
end

-- Does each of the acts take risk away, or leave it as it is?
local function all_harmless(asked, list)
  for _, act in ipairs(list) do
    if not is_harmless(asked, act) then return false end
  end
  return true
end

-- Is the client halted? A server tells when a halt is taken back; who makes nothing but calls that are refused has not heard of that.
local function is_halted(client)
  local words, told = core.client.halted(client)
  if not told then return words ~= nil end
  local ok, raised = pcall(tasks.sleep, 0.001) -- what has come is read
  if not ok and not errors.is(raised) then error(raised, 0) end
  return core.client.halted(client) ~= nil
end

--- What the C core asks before a call is sent that may add risk.
---@param client userdata
---@param call userdata
---@param row string the name of its row
---@param params table what the caller gave
---@param link string the client order id of a placement; "": none
---@param left number seconds until its deadline
---@return true|string|nil answer nil: it may be sent; true: the same, and it takes no risk; a text: why not
function guard.ask(client, call, row, params, link, left)
  local t, began = core.client.table(client), loop.now()
  local verb, path = errors.route_of(params)
  local list = acts.of(t.class.dialect, row, params, link, verb and path)
  local asked = { client = client, class = t.class, params = params, stop = began + left }
  if not list then return lease.reserved(asked, call) end
  list = risky(list)
  if #list == 0 then return true end
  for _, act in ipairs(t.class.dialect.category and list or {}) do act.category = act.category or t.category end
  if is_halted(client) then return all_harmless(asked, list) or nil end
  local unleased = core.client.leases(client) and lease.prepare(client, asked.stop, params.cancel) or nil
  unleased = unleased or lease.reserved(asked, call, list)
  if unleased then return all_harmless(asked, list) or unleased end
  local self = t.guard
  if not self then return nil end
  for _, act in ipairs(list) do
    local why = unclear(act)
    if why then return placed(act, "what it would do cannot be told: " .. why) end
  end
  local why, items = consider(self, asked, list, began, call)
  if why then return all_harmless(asked, list) or why end
  for one, item in pairs(items) do -- each by itself, in any order
    item.window = (params.receive_window or t.receive_window) / 1000
    item.ends = asked.stop + item.window + LATE
    self.passed[one], self.under_way[item] = item, true
  end
end

---------------------------------------------------------------------------------------------------------------
-- Halting.

local TOLD = 1.5 -- seconds that a server has to say that it knows; the share is lost before that

-- Waits until a server has what it was told of a halt. Returns whether the others know.
local function await_told(client)
  local ends = core.loop.now() + TOLD
  while core.client.told(client) == nil and core.loop.now() < ends do
    if not pcall(tasks.sleep, 0.001) then break end -- a task that was cancelled, or a host that is not to be blocked
  end
  return core.client.told(client) ~= false
end

--- Refuses new risk until client:resume(). With a share, all who use it are halted. Returns false if they cannot be told.
function guard.halt(client, reason)
  core.client.ask(client, guard.ask, core.client.table(client).guard and true)
  local told = core.client.halt_all(client, reason)
  if told and await_told(client) then return true end
  core.client.halt(client, ("the client is halted (%s): client:resume() takes that back"):format(reason))
  return told == nil
end

--- Takes a halt back, also that of the share. Returns false if the others who use it cannot be told.
function guard.resume(client)
  core.client.halt(client)
  local told = core.client.resume_all(client)
  return told == nil or told and await_told(client)
end

return guard
