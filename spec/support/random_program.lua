-- Random programs: tasks that place, amend and cancel orders of every kind, set trading stops and clear the book while the
-- price moves, as a seed has it. What is amended gets a price or size that nothing had before, so that an amendment that
-- was carried out can be told from one that was not.

local bybit = require "bybit"
local core = require "bybit.core"

local program = {}

local SYMBOL = "BTCUSD"

--- A position of 1000 contracts, so that there is something to protect and to reduce.
function program.begin(book, client)
  assert(book:call(client, "place_order", { symbol = SYMBOL, side = "Buy", type = "Market", quantity = 1000 }))
end

local Worker = {}
Worker.__index = Worker

local function chance(self, p) return self.random:unit() < p end

-- A price that no order had before, by half dollars.
local function fresh_price(self, low, high)
  local price
  repeat price = self.random:integer(low * 2, high * 2) / 2 until not self.used[price]
  self.used[price] = true
  return price
end

-- A new price for an order: on its side of the market, but now and then one so far across it that the exchange moves it to
-- the edge of what it permits. Of such an order that has ended nobody can tell what became of the amendment.
local function amended_price(self, order)
  local across = chance(self, 0.1)
  local low = (order.side == "Sell") ~= across and 30100 or 28000
  return fresh_price(self, low, low + 1900)
end

local function fresh_quantity(self)
  self.used.quantity = (self.used.quantity or 10) + 1
  return self.used.quantity
end

-- Makes a call with what any call may have besides.
local function call(self, method, params)
  if chance(self, 0.15) then params.confirm = true end
  return self.book:call(self.client, method, params)
end

local function given_id(self)
  if chance(self, 0.5) then return nil end
  self.used.id = (self.used.id or 0) + 1
  return ("me-%d"):format(self.used.id)
end

-- An order of one's own, and the parameters that name it by one of its ids.
local function own(self)
  local order = self.orders[self.random:integer(1, math.max(1, #self.orders))]
  if not order then return nil end
  if order.order_id and (not order.client_order_id or chance(self, 0.5)) then
    return order, { symbol = SYMBOL, [order.conditional and "stop_order_id" or "order_id"] = order.order_id }
  end
  return order, { symbol = SYMBOL, client_order_id = order.client_order_id }
end

local function remember(self, ack, err, side, conditional)
  local id = ack and rawget(ack, "client_order_id") or err and err.client_order_id
  if not ack and not chance(self, 0.3) then return end -- also what was refused is asked for now and then
  if id or ack then
    self.orders[#self.orders + 1] = { order_id = ack and rawget(ack, "order_id"), client_order_id = id,
      side = side, conditional = conditional }
  end
end

local act = {}

function act.limit(self)
  local side = chance(self, 0.5) and "Buy" or "Sell"
  local low = side == "Buy" and 28000 or 30100
  local ack, err = call(self, "place_order", { symbol = SYMBOL, side = side, type = "Limit", quantity = fresh_quantity(self),
    price = fresh_price(self, low, low + 1800), client_order_id = given_id(self),
    reduce_only = chance(self, 0.1) and true or nil, resend = not chance(self, 0.1) and nil or false })
  remember(self, ack, err, side)
end

function act.market(self)
  local ack, err = call(self, "place_order", { symbol = SYMBOL, side = chance(self, 0.6) and "Buy" or "Sell", type = "Market",
    quantity = fresh_quantity(self), client_order_id = given_id(self), reduce_only = chance(self, 0.2) and true or nil })
  remember(self, ack, err, "Buy")
end

function act.conditional(self)
  local rising = chance(self, 0.5)
  local low = rising and 30200 or 28300
  local limit = chance(self, 0.3)
  local ack, err = call(self, "place_conditional_order", { symbol = SYMBOL, side = rising and "Buy" or "Sell",
    type = limit and "Limit" or "Market", price = limit and (rising and 31000 or 28100) or nil, quantity = fresh_quantity(self),
    trigger_price = fresh_price(self, low, low + 1000), base_price = 30000, client_order_id = given_id(self) })
  remember(self, ack, err, rising and "Buy" or "Sell", true)
end

function act.modify(self)
  local order, p = own(self)
  if not order then return end
  if order.conditional then
    local low = order.side == "Buy" and 30200 or 28300
    p.new_trigger_price = fresh_price(self, low, low + 1000)
    if chance(self, 0.3) then p.new_quantity = fresh_quantity(self) end
    return call(self, "modify_conditional_order", p)
  end
  if chance(self, 0.7) then p.new_price = amended_price(self, order) end
  if not p.new_price or chance(self, 0.3) then p.new_quantity = fresh_quantity(self) end
  call(self, "modify_order", p)
end

-- There and back: the order looks as it did before.
function act.modify_back(self)
  local order, p = own(self)
  if not order or order.conditional then return end
  local a, b = amended_price(self, order), amended_price(self, order)
  for _, price in ipairs { a, b, a } do
    local q = { new_price = price }
    for k, v in pairs(p) do q[k] = v end
    if not call(self, "modify_order", q) then return end
  end
end

function act.cancel(self)
  local order, p = own(self)
  if order then call(self, order.conditional and "cancel_conditional_order" or "cancel_order", p) end
end

function act.all(self)
  local conditional = chance(self, 0.5)
  call(self, conditional and "cancel_all_conditional_orders" or "cancel_all_orders", { symbol = SYMBOL,
    id_prefix = chance(self, 0.4) and "me" or nil })
end

function act.stop(self)
  local p = { symbol = SYMBOL }
  if chance(self, 0.6) then p.stop_loss_price = fresh_price(self, 28000, 29500) end
  if chance(self, 0.5) then p.take_profit_price = fresh_price(self, 30500, 32000) end
  if not next(p, next(p)) or chance(self, 0.2) then p.trailing_stop_distance = fresh_price(self, 200, 900) end
  call(self, "set_trading_stop", p)
end

-- The same part again and again is what strategies that grow a position do.
function act.part(self)
  if self.options.api == "v2" then return act.stop(self) end -- there it is a setting of the account
  self.used.part = self.used.part or {}
  local again = chance(self, 0.6) and self.used.part[1]
  local p = again or { fresh_price(self, 28000, 29500), self.random:integer(1, 5) }
  self.used.part[1] = p
  local both = chance(self, 0.3)
  call(self, "set_trading_stop", { symbol = SYMBOL, tpsl_mode = "Partial", stop_loss_price = p[1], stop_loss_quantity = p[2],
    take_profit_price = both and fresh_price(self, 30500, 32000) or nil, take_profit_quantity = both and p[2] or nil })
end

function act.move(self)
  self.exchange:command("set_price", SYMBOL, tostring(self.random:integer(29000, 31000)), {})
end

function act.rest(self)
  bybit.sleep(self.random:unit() * 2)
end

-- How often each is drawn.
local MIX = {
  { "limit", 20 }, { "market", 8 }, { "conditional", 10 }, { "modify", 20 }, { "modify_back", 4 }, { "cancel", 12 },
  { "all", 5 }, { "stop", 8 }, { "part", 8 }, { "move", 8 }, { "rest", 6 },
}
local TOTAL = 0
for _, entry in ipairs(MIX) do TOTAL = TOTAL + entry[2] end

local function draw(random)
  local x = random:integer(1, TOTAL)
  for _, entry in ipairs(MIX) do
    x = x - entry[2]
    if x <= 0 then return act[entry[1]] end
  end
end

--- Runs `tasks` workers of `steps` steps each.
---@param options { api: string, tasks: integer, steps: integer }
function program.run(exchange, book, random, client, options)
  local used, list = {}, {}
  bybit.run(function()
    for i = 1, options.tasks do
      local worker = setmetatable({ exchange = exchange, book = book, client = client, random = core.random(random:bits()),
        used = used, orders = {}, options = options }, Worker)
      list[i] = bybit.spawn(function()
        for _ = 1, options.steps do draw(worker.random)(worker) end
      end)
      list[i].awaited = true
    end
    for _, task in ipairs(bybit.all(list)) do
      if task.failed and not task.cancelled then error(task.traceback or task.err, 0) end
    end
  end)
end

return program
