-- What calls said, held against what the exchange did. A ledger notes each call with the copies of its requests that left
-- (spec.support.virtual_exchange knows which call a request is of) and what it returned; afterwards every acknowledgement
-- has to be true, every `rejected` and `not_sent` too, nothing may have been done twice, and nothing without a call.

local decimal = require("bybit.core").decimal
local errors = require "bybit.errors"

local ledger = {}

-- What a method does to the books.
local KIND = {
  place_order = "place", place_conditional_order = "place", modify_order = "amend", modify_conditional_order = "amend",
  cancel_order = "cancel", cancel_conditional_order = "cancel", cancel_all_orders = "all",
  cancel_all_conditional_orders = "all", set_trading_stop = "stop",
}

local CANCELLED = { Cancelled = true, Deactivated = true, PartiallyFilledCanceled = true }
local UNCHANGED = { [34040] = true, [130125] = true, [130127] = true, [30076] = true, [130076] = true }

local Ledger = {}
Ledger.__index = Ledger

---@class spec.Intent
---@field method string
---@field params table
---@field copies spec.Copy[] that left
---@field ended boolean? the call has returned
---@field result table?
---@field err bybit.Error?

--- A ledger of an exchange: copies are noted from now on.
function ledger.new(exchange)
  local self = setmetatable({ exchange = exchange, intents = {}, running = {}, strays = {} }, Ledger)
  exchange.on_copy = function(copy)
    local intent = self.running[copy.thread]
    if intent then
      intent.copies[#intent.copies + 1] = copy
    else
      self.strays[#self.strays + 1] = copy -- whatever settles reads only: nothing may leave there
    end
  end
  return self
end

-- A call that is cancelled with its task raises what it would have returned.
local function outcome_of(ok, result, err)
  if ok then return result, err end
  if errors.is(result) then return nil, result end
  error(result, 0)
end

-- The orders with an id of ours that are open and wait for a trigger, or do not.
local function standing(exchange, waiting)
  local list = {}
  for _, order in ipairs(exchange:books().orders) do
    if order.open and order.client_order_id and (order.status == "Untriggered") == waiting then list[#list + 1] = order end
  end
  return list
end

--- Makes a call and notes it. What the call gives; nothing is raised but mistakes.
function Ledger:call(client, method, params)
  local thread = coroutine.running()
  local intent = { method = method, kind = KIND[method], params = params, copies = {},
    partial = params.tpsl_mode == "Partial" }
  if intent.kind == "all" then intent.standing = standing(self.exchange, method:find "conditional" ~= nil) end
  self.intents[#self.intents + 1], self.running[thread] = intent, intent
  local ok, result, err = pcall(client[method], client, params)
  self.running[thread] = nil
  intent.result, intent.err = outcome_of(ok, result, err)
  intent.ended = true
  return intent.result, intent.err
end

--- The intents whose outcome is unknown.
function Ledger:unknown()
  local list = {}
  for _, intent in ipairs(self.intents) do
    if intent.ended and not intent.result and intent.err.outcome == "unknown" then list[#list + 1] = intent end
  end
  return list
end

--- How many calls ended how.
function Ledger:tally(counts)
  counts = counts or { ok = 0, rejected = 0, not_sent = 0, unknown = 0 }
  for _, intent in ipairs(self.intents) do
    local how = intent.result and "ok" or intent.err and intent.err.outcome or "unknown"
    counts[how] = counts[how] + 1
  end
  return counts
end

local function done_copies(intent)
  local done, unchanged = 0, false
  for _, copy in ipairs(intent.copies) do
    if copy.done then done = done + 1 end
    unchanged = unchanged or UNCHANGED[copy.code]
  end
  return done, unchanged
end

local check = {}

function check.place(intent, done, find)
  if done > 1 then return ("done %d times"):format(done) end
  if not intent.result then return done > 0 and "was placed" end
  if done == 0 then return "was not placed" end
  local p, order = intent.params, find(intent.result.order_id or "?", rawget(intent.result, "client_order_id") or "?")
  if not order then return "is not in the books" end
  if intent.result.order_id and order.order_id ~= intent.result.order_id then return "another order's id was given" end
  if order.side ~= p.side or order.symbol ~= p.symbol then return "another order's ids were given" end
  if p.client_order_id and order.client_order_id ~= p.client_order_id then return "the id given is not the order's" end
end

-- A copy of an earlier call that asked for the same may have come late.
local function shows(intent, find)
  local p = intent.params
  local order = find(p.order_id or p.stop_order_id or "?", p.client_order_id or "?")
  for name, field in pairs { new_price = "price", new_quantity = "quantity", new_trigger_price = "trigger_price" } do
    if p[name] ~= nil and not (order and order[field] and decimal(order[field]):eq(p[name])) then return false end
  end
  return true
end

function check.amend(intent, done, find)
  if intent.result then return done == 0 and not shows(intent, find) and "was not amended" end
  return done > 0 and "was amended"
end

function check.cancel(intent, done, find)
  if not intent.result then return done > 0 and "was cancelled" end
  local p = intent.params
  local order = find(p.order_id or p.stop_order_id or "?", p.client_order_id or "?")
  if not order then return "was never placed, and is acknowledged" end
  if not CANCELLED[order.status] then return "is " .. order.status end
end

function check.all(intent, done, find)
  if intent.params.id_prefix then -- one by one: what is listed was cancelled
    for _, entry in ipairs(intent.result or intent.err and rawget(intent.err, "cancelled") or {}) do
      local order = find(entry.order_id, "?")
      if not order or not CANCELLED[order.status] then return entry.order_id .. " is listed and was not cancelled" end
    end
    return false
  end
  if not intent.result then return done > 0 and "were cancelled" end
  for _, order in ipairs(intent.standing) do
    local now = find(order.order_id, "?")
    if now and now.open and now.status == order.status then return order.order_id .. " still stands" end
  end
end

function check.stop(intent, done, _, unchanged)
  if intent.partial then return done > 1 and ("was added %d times"):format(done) end -- the rest: see below
  if not intent.result then return done > 0 and "was set" end
  return done == 0 and not unchanged and "was not set"
end

local function told(intent)
  local said = intent.result and "acknowledged" or intent.err.outcome or "nil"
  local params = {}
  for k, v in pairs(intent.params) do params[#params + 1] = ("%s=%s"):format(k, tostring(v)) end
  table.sort(params)
  return ("%s{%s} said %s%s"):format(intent.method, table.concat(params, ", "), said,
    intent.err and (" (%s)"):format(intent.err) or "")
end

local OUTCOMES = { rejected = true, not_sent = true, unknown = true }

local function wrong(intent, find)
  if not intent.result and not OUTCOMES[intent.err.outcome] then return "has no outcome" end
  local done, unchanged = done_copies(intent)
  if not intent.result and intent.err.outcome == "unknown" then
    return intent.kind == "place" and done > 1 and "done twice" or intent.partial and done > 1 and "added twice"
  end
  return check[intent.kind](intent, done, find, unchanged)
end

-- Calls in Partial mode that ask for the very same are one as good as the other: as many are done as were acknowledged, and
-- at most as many more as are unknown.
local function check_parts(intents, lies)
  local groups, names = {}, {}
  for _, intent in ipairs(intents) do
    if intent.partial then
      local p, name = intent.params, {}
      for _, key in ipairs { "stop_loss_price", "stop_loss_quantity", "take_profit_price" } do
        name[#name + 1] = tostring(p[key])
      end
      name = table.concat(name, " ")
      local group = groups[name]
      if not group then
        group = { done = 0, said = 0, unknown = 0 }
        groups[name], names[#names + 1] = group, name
      end
      group.done = group.done + (done_copies(intent))
      if intent.result then group.said = group.said + 1 elseif intent.err.outcome == "unknown" then
        group.unknown = group.unknown + 1
      end
    end
  end
  for _, name in ipairs(names) do
    local g = groups[name]
    if g.done < g.said or g.done > g.said + g.unknown then
      lies[#lies + 1] = ("parts %s: %d acknowledged, %d unknown, %d done"):format(name, g.said, g.unknown, g.done)
    end
  end
end

--- What is not as it was said to be: a list of texts, empty when all is true.
function Ledger:lies()
  local by_id, by_link, lies = {}, {}, {}
  for _, order in ipairs(self.exchange:books().orders) do
    by_id[order.order_id] = order
    local link = order.client_order_id
    if link and by_link[link] then lies[#lies + 1] = link .. " stands twice" end
    if link then by_link[link] = order end
  end
  local function find(id, link) return by_id[id] or by_link[link] end
  local meant = {}
  for _, intent in ipairs(self.intents) do
    local why = wrong(intent, find)
    if why then lies[#lies + 1] = told(intent) .. ", but " .. why end
    for _, copy in ipairs(intent.copies) do meant[copy.params.orderLinkId or copy.params.order_link_id or ""] = true end
  end
  check_parts(self.intents, lies)
  for link in pairs(by_link) do
    if not meant[link] then lies[#lies + 1] = link .. " is in the books and was not meant" end
  end
  for _, copy in ipairs(self.strays) do lies[#lies + 1] = copy.path .. " was sent by what only settles" end
  table.sort(lies)
  return lies
end

return ledger
