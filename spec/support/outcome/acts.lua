-- What the steps of a program do: calls of every kind that changes something, with prices and sizes that nothing had before,
-- so that the books show which calls were carried out. Everything that an act draws comes from its step's seed.

local bybit = require "bybit"
local core = require "bybit.core"
local hand = require "spec.support.outcome.hand"
local ledger = require "spec.support.outcome.ledger"

local loop = core.loop
local acts = {}

local Worker = {}
Worker.__index = Worker

local function chance(self, p) return self.random:unit() < p end

-- A price that no order had before, a multiple of half a dollar between `low` and low + 1900.
local function fresh_price(self, low)
  self.made = self.made + 1
  return low + (self.step.id * 12 + self.made) * 3.5 + self.random:integer(0, 6) * 0.5
end

local function fresh_quantity(self)
  self.made = self.made + 1
  return 11 + self.step.id * 8 + self.made % 8
end

-- The quantities of a call, in the units of its symbol.
local QUANTITIES = { "quantity", "new_quantity", "stop_loss_quantity", "take_profit_quantity" }

local function in_units(terrain, params)
  for _, name in ipairs(QUANTITIES) do
    if math.type(params[name]) then params[name] = terrain.quantity(params[name], params.symbol) end
  end
end

-- In hedge mode most orders open, and some close.
local function choose_position(self, p)
  if not self.terrain.hedge or p.symbol ~= self.terrain.main then return end
  local opens = chance(self, 0.75)
  p.position_mode = (p.side == "Buy") == opens and 1 or 2
  if not opens and chance(self, 0.5) then p.reduce_only = true end
end

local function new_price(self, side)
  local across = chance(self, 0.06) -- so far across the book that the exchange moves it
  return fresh_price(self, (side == "Sell") ~= across and 30100 or 28000)
end

-- Makes a call of the step, with the step's faults.
local function call(self, method, params)
  if self.run.broken then error("broken off", 0) end
  self.calls = self.calls + 1
  local key = ("%d%s"):format(self.step.id, string.char(96 + self.calls))
  if self.step.confirm then params.confirm = true end
  params.receive_window, params.deadline = self.step.window, self.step.deadline
  in_units(self.terrain, params)
  params.category = self.run.program.names_category and params.symbol and self.terrain.category or nil
  return self.run:call(key, method, params, self.calls == 1 and self.step or nil)
end

local function given_id(self)
  if chance(self, 0.5) then return nil end
  self.made = self.made + 1
  return ("me-%d-%d"):format(self.step.id, self.made)
end

-- One of the program's orders, mostly a recent one, and the parameters that name it by one of its ids.
local function own(self)
  local list = self.run.orders
  local back = math.floor(#list * self.random:unit() ^ 2)
  local order, by_id = list[#list - back], chance(self, 0.5)
  if not order then return nil end
  if order.order_id and (not order.client_order_id or by_id) then
    return order, { symbol = order.symbol, [order.conditional and "stop_order_id" or "order_id"] = order.order_id }
  end
  return order, { symbol = order.symbol, client_order_id = order.client_order_id }
end

local function remember(self, made, side, conditional)
  local keep = chance(self, 0.4) -- sometimes a refused order is used too
  local said = made.told[1]
  local ack = said and said.result
  local link = ledger.link(made)
  local order = ack and self.run.world:find(rawget(ack, "order_id")) -- the answer may lack the id
  if ack and (link or order) or keep and link then
    table.insert(self.run.orders, { order_id = order and order.id, client_order_id = link, side = side,
      conditional = conditional, symbol = made.params.symbol })
  end
end

local act = {}

function act.limit(self)
  local side = chance(self, 0.5) and "Buy" or "Sell"
  local p = { symbol = self.terrain.main, side = side, type = "Limit", quantity = fresh_quantity(self),
    price = fresh_price(self, side == "Buy" and 28000 or 30100), client_order_id = given_id(self),
    reduce_only = chance(self, 0.1) and true or nil }
  if chance(self, 0.12) then p.symbol, p.price = self.terrain.other, side == "Buy" and "1800" or "2200" end
  choose_position(self, p)
  remember(self, call(self, "place_order", p), side)
end

function act.market(self)
  local p = { symbol = self.terrain.main, side = chance(self, 0.6) and "Buy" or "Sell", type = "Market",
    quantity = fresh_quantity(self), client_order_id = given_id(self), reduce_only = chance(self, 0.2) and true or nil }
  choose_position(self, p)
  remember(self, call(self, "place_order", p), "Buy")
end

function act.conditional(self)
  local rising, limit = chance(self, 0.5), chance(self, 0.3)
  local p = { symbol = self.terrain.main, side = rising and "Buy" or "Sell", type = limit and "Limit" or "Market",
    price = limit and (rising and 31000 or 28100) or nil, quantity = fresh_quantity(self),
    trigger_price = fresh_price(self, rising and 30200 or 28000), base_price = 30000, client_order_id = given_id(self) }
  choose_position(self, p)
  remember(self, call(self, "place_conditional_order", p), rising and "Buy" or "Sell", true)
end

-- An id that somebody else has used. The distance of the exchange's clock is known only to some milliseconds, and less exactly
-- right after a client was made: an order of that very moment could be anybody's.
function act.taken(self)
  local id = ("me-taken-%d"):format(self.step.id)
  hand.take(self.run.world, self.random, id)
  bybit.sleep((self.run.life.number > 1 and 3 or 0.1) + self.random:unit() ^ 2 * 8)
  local side = chance(self, 0.5) and "Buy" or "Sell"
  local p = { symbol = self.terrain.main, side = side, type = "Limit", quantity = fresh_quantity(self),
    price = fresh_price(self, side == "Buy" and 28000 or 30100), client_order_id = id }
  choose_position(self, p)
  call(self, "place_order", p)
end

-- Makes a placement once more under its id, like a program that does not trust the first answer.
function act.again(self)
  local list = self.run.placed
  local first = list[#list - math.floor(#list * self.random:unit() ^ 2)]
  if not first then return end
  local p = {}
  for k, v in pairs(first.params) do p[k] = v end
  p.client_order_id, p.cancel = ledger.link(first), nil
  local method = first.method == "place_multiple_orders" and "place_order" or first.method
  if p.client_order_id then call(self, method, p) end
end

function act.modify(self)
  local order, p = own(self)
  if not order then return end
  local size, both = chance(self, 0.3), chance(self, 0.7)
  if order.conditional then
    p.new_trigger_price = fresh_price(self, order.side == "Buy" and 30200 or 28000)
    if size then p.new_quantity = fresh_quantity(self) end
    return call(self, "modify_conditional_order", p)
  end
  if order.symbol == self.terrain.other then p.new_quantity = fresh_quantity(self)
  elseif both then p.new_price = new_price(self, order.side) end
  if not p.new_price or size then p.new_quantity = fresh_quantity(self) end
  call(self, "modify_order", p)
end

-- Changes the order and back again: then it looks as before.
function act.modify_back(self)
  local order, p = own(self)
  if not order or order.conditional or order.symbol ~= self.terrain.main then return end
  local a, b = new_price(self, order.side), new_price(self, order.side)
  for _, price in ipairs { a, b, a } do
    local q = { new_price = price }
    for k, v in pairs(p) do q[k] = v end
    if self.run.broken or call(self, "modify_order", q).told[1].says ~= "done" then return end
  end
end

function act.cancel(self)
  local order, p = own(self)
  if order then call(self, order.conditional and "cancel_conditional_order" or "cancel_order", p) end
end

function act.all(self)
  local conditional, mine = chance(self, 0.4), chance(self, 0.3)
  call(self, conditional and "cancel_all_conditional_orders" or "cancel_all_orders", { symbol = self.terrain.main,
    id_prefix = mine and "me" or nil })
end

function act.stop(self)
  local p = { symbol = self.terrain.main, position_mode = self.terrain.hedge and self.random:integer(1, 2) or nil }
  local short = self.run.world.account:position(p.symbol, p.position_mode).side == "Sell"
  local low, high = 28000, 30200
  if short then low, high = high, low end
  local sl, tp, ts, off = chance(self, 0.6), chance(self, 0.5), chance(self, 0.2), chance(self, 0.12)
  if sl or not tp then p.stop_loss_price = off and 0 or fresh_price(self, low) end
  if tp then p.take_profit_price = off and sl and 0 or fresh_price(self, high) end
  if ts then p.trailing_stop_distance = 200 + self.step.id * 5 end
  call(self, "set_trading_stop", p)
end

-- Strategies that grow a position set the same part again and again.
function act.part(self)
  if self.run.program.api == "v2" then return act.stop(self) end -- on v2 it is a setting of the account
  local again, size, both = chance(self, 0.5), self.random:integer(1, 5), chance(self, 0.3)
  local p = again and self.run.part or { fresh_price(self, 28000), size }
  self.run.part = p
  call(self, "set_trading_stop", { symbol = self.terrain.main, position_mode = self.terrain.hedge and 1 or nil,
    tpsl_mode = "Partial", stop_loss_price = p[1], stop_loss_quantity = p[2],
    take_profit_price = both and fresh_price(self, 30500) or nil, take_profit_quantity = both and p[2] or nil })
end

-- Mostly a leverage that nothing had before, sometimes one that was set before.
function act.lever(self)
  self.made = self.made + 1
  local value = chance(self, 0.2) and "5" or ("%.2f"):format(2 + (self.step.id * 12 + self.made) * 0.01)
  local symbol = chance(self, 0.85) and self.terrain.main or self.terrain.other
  call(self, "set_leverage", { symbol = symbol, buy_leverage = value, sell_leverage = value })
end

-- A transfer under an id of the program's own now and then, which may be used already: for the same transfer, or for another.
function act.transfer(self)
  self.made = self.made + 1
  local p = { coin = "BTC", amount = ("0.%06d"):format(self.step.id * 12 + self.made), from_account_type = "UNIFIED",
    to_account_type = "FUND" }
  local before = self.run.transfers[self.random:integer(1, math.max(1, #self.run.transfers))]
  if before and chance(self, 0.25) then
    p.transfer_id = ledger.link(before)
    if chance(self, 0.6) then p.amount = before.params.amount end
  elseif chance(self, 0.3) then
    p.transfer_id = ("%08x-0000-4000-8000-%012x"):format(self.step.id, self.made)
  end
  table.insert(self.run.transfers, call(self, "create_internal_transfer", p))
end

-- Makes a batch of the step.
local function call_batch(self, method, list)
  if self.run.broken then error("broken off", 0) end
  self.calls = self.calls + 1
  local key = ("%d%s"):format(self.step.id, string.char(96 + self.calls))
  for _, p in ipairs(list) do in_units(self.terrain, p) end
  return self.run:batch(key, method, list, { confirm = self.step.confirm, receive_window = self.step.window,
    deadline = self.step.deadline, category = self.run.program.names_category and self.terrain.category or nil },
    self.calls == 1 and self.step or nil)
end

local function draw_order(self)
  local side = chance(self, 0.5) and "Buy" or "Sell"
  local p = { symbol = self.terrain.main, side = side, type = "Limit", quantity = fresh_quantity(self),
    client_order_id = given_id(self), price = fresh_price(self, side == "Buy" and 28000 or 30100),
    reduce_only = chance(self, 0.1) and true or nil }
  if chance(self, 0.15) then p.type, p.price = "Market", nil end
  if chance(self, 0.15) then p.price = side == "Buy" and 5 or 900000 end -- it is refused
  if chance(self, 0.12) then p.symbol, p.price = self.terrain.other, side == "Buy" and "1800" or "2200" end
  choose_position(self, p)
  return p
end

function act.place_batch(self)
  local list = {}
  for i = 1, self.random:integer(1, 4) do list[i] = draw_order(self) end
  for i, made in ipairs(call_batch(self, "place_multiple_orders", list)) do remember(self, made, list[i].side) end
end

-- Some of the program's orders, each once.
local function some_own(self, fits)
  local list, seen = {}, {}
  for _ = 1, self.random:integer(1, 5) do
    local order, p = own(self)
    if order and not seen[order] and fits(order) then
      seen[order] = true
      list[#list + 1] = { order, p }
    end
  end
  return list
end

function act.modify_batch(self)
  local list = {}
  local function fits(order) return not order.conditional and order.symbol == self.terrain.main end
  for i, entry in ipairs(some_own(self, fits)) do
    local order, p = table.unpack(entry)
    if chance(self, 0.7) then p.new_price = new_price(self, order.side) end
    if not p.new_price then p.new_quantity = fresh_quantity(self) end
    list[i] = p
  end
  if list[1] then call_batch(self, "modify_multiple_orders", list) end
end

function act.cancel_batch(self)
  local list = {}
  for i, entry in ipairs(some_own(self, function() return true end)) do list[i] = entry[2] end
  if list[1] then call_batch(self, "cancel_multiple_orders", list) end
end

function act.move(self)
  self.run.world:price(self.terrain.main, tostring(self.random:integer(29000, 31000)))
end

function act.rest(self)
  bybit.sleep(self.random:unit() * 4)
end

function act.reconcile(self)
  local one = chance(self, 0.5)
  self.run:reconcile(("%dr"):format(self.step.id), { symbol = one and self.terrain.main or nil, deadline = 60 }, self.step)
end

-- Closes an intent by hand.
function act.dismiss(self)
  local list = self.run:open_calls()
  local one = list[self.random:integer(1, math.max(1, #list))]
  if one then self.run.ledger:dismiss(one) end
end

-- Resolves a call of unknown outcome.
function act.resolve(self)
  local list = self.run:open_calls()
  if #list == 0 then return end
  local one = list[self.random:integer(1, #list)]
  self.run:resolve(one, ("%dr"):format(self.step.id), { deadline = chance(self, 0.5) and 60 or 3 }, self.step)
end

--- Makes a position to protect and to reduce; in hedge mode one on each side.
function acts.begin(run)
  local terrain = run.world.terrain
  for i, side in ipairs(terrain.hedge and { "Buy", "Sell" } or { "Buy" }) do
    run:call("0" .. string.char(96 + i), "place_order", { symbol = terrain.main, side = side, type = "Market",
      quantity = terrain.quantity(1000, terrain.main), position_mode = terrain.hedge and i or nil,
      category = run.program.names_category and terrain.category or nil })
  end
end

--- Does a step.
function acts.perform(run, step)
  local worker = setmetatable({ run = run, step = step, random = core.random(step.seed), made = 0, calls = 0,
    terrain = run.world.terrain }, Worker)
  step.began = loop.now()
  act[step.act](worker)
end

return acts
