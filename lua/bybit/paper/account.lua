-- An account: its coins, positions, orders and what has happened to them. Booking a fill is here; who fills whom is
-- matching.lua's.

local decimal = require("bybit.core").decimal
local position = require "bybit.paper.position"

local ZERO, TEN = decimal(0), decimal(10)
local coin = position.coin

local Account = {}
Account.__index = Account

---@param engine table
---@param key string
---@param deposit table<string, string>
function Account.new(engine, key, deposit)
  local self = setmetatable({
    engine = engine, key = key, coins = {}, positions = {}, links = {}, orders = {},
    open = {},       -- orders that may still fill or fire, oldest first
    closed = {},     -- orders that have ended, in the order of their end
    list = {},       -- all of them, in the order of their making
    forgotten = 0,   -- order/realtime knows no order that ended before this row: the exchange has restarted since
    executions = {}, -- oldest first
    profits = {},    -- closed profit and loss, a row per closing order, oldest first
  }, Account)
  for name, amount in pairs(deposit) do
    self.coins[name] = { wallet = decimal(amount), deposited = decimal(amount), realised = ZERO }
  end
  return self
end

function Account:coin(name)
  local c = self.coins[name]
  if not c then
    c = { wallet = ZERO, deposited = ZERO, realised = ZERO }
    self.coins[name] = c
  end
  return c
end

function Account:position(symbol)
  local p = self.positions[symbol]
  if not p then
    p = position.new(TEN)
    self.positions[symbol] = p
  end
  return p
end

--- Files a new order.
function Account:add(order)
  self.orders[order.id] = order
  if order.link then self.links[order.link] = order end
  self.open[#self.open + 1] = order
  self.list[#self.list + 1] = order
end

--- All orders that are still known, oldest first.
function Account:all_orders()
  return self.list
end

-- Leaves the newest `most` of a list that has grown a tenth past that. Returns the list, and those that went.
local function shorten(list, most)
  if #list <= most + most // 10 then return list, {} end
  local first = #list - most + 1
  return table.move(list, first, #list, 1, {}), table.move(list, 1, first - 1, 1, {})
end

-- What is past the number of orders to be kept goes; link ids stay taken.
local function drop_oldest(self)
  local gone
  self.closed, gone = shorten(self.closed, self.engine.keep)
  if #gone == 0 then return end
  for _, order in ipairs(gone) do
    self.orders[order.id] = nil
    if order.link then self.links[order.link] = false end
  end
  local list = {}
  for _, order in ipairs(self.list) do
    if self.orders[order.id] then list[#list + 1] = order end
  end
  self.list = list
end

--- The open orders of a symbol, or all of them, oldest first.
function Account:open_orders(symbol)
  local list = {}
  for _, order in ipairs(self.open) do
    if not symbol or order.symbol == symbol then list[#list + 1] = order end
  end
  return list
end

-- What all of an order's rest ties up; kept with the order until one of the amounts it comes from is another.
local function whole_cost(order, leverage, taker)
  local kept = order.cost
  if not (kept and rawequal(kept.qty, order.qty) and rawequal(kept.filled, order.filled)
    and rawequal(kept.price, order.price) and rawequal(kept.leverage, leverage)) then
    kept = { qty = order.qty, filled = order.filled, price = order.price, leverage = leverage,
      value = position.order_cost(order.qty - order.filled, order.price, order.side, leverage, taker) }
    order.cost = kept
  end
  return kept.value
end

-- Initial margin of the active orders of a market, oldest first, without the order `without` and with an order
-- `extra` at the end. What would only close the position costs nothing.
local function order_margin(self, market, extra, without)
  local symbol, taker = market.instrument.symbol, market.instrument.taker
  local p, total = self:position(symbol), ZERO
  local closing = { Buy = p.side == "Sell" and p.size or ZERO, Sell = p.side == "Buy" and p.size or ZERO }
  local function add(side, leaves, price)
    local free = closing[side]:min(leaves)
    closing[side] = closing[side] - free
    if leaves > free then total = total + position.order_cost(leaves - free, price, side, p.leverage, taker) end
  end
  for _, order in ipairs(self.open) do
    if order.symbol == symbol and order.active and not order.closing and order ~= without then
      if closing[order.side] == ZERO then
        total = total + whole_cost(order, p.leverage, taker)
      else
        add(order.side, order.qty - order.filled, order.price)
      end
    end
  end
  if extra then add(extra.side, extra.quantity, extra.price) end
  return total
end

--- Of a coin: wallet, position and order margin, unrealised profit, and what is available for new orders (V5
--- documentation, account/wallet-balance: isolated margin).
function Account:summary(name)
  local c = self.coins[name] or { wallet = ZERO, realised = ZERO }
  local sum = { collateral = not c.no_collateral, wallet = c.wallet, realised = c.realised, position_im = ZERO,
    position_mm = ZERO, order_im = ZERO, unrealised = ZERO }
  for _, market in ipairs(self.engine.markets) do
    if market.instrument.base == name then
      local p = self:position(market.instrument.symbol)
      sum.position_im = sum.position_im + position.initial_margin(p, market.instrument.taker)
      sum.position_mm = sum.position_mm + position.maintenance_margin(p, market.instrument)
      sum.order_im = sum.order_im + order_margin(self, market)
      sum.unrealised = sum.unrealised + position.unrealised(p, market:reference "MarkPrice")
    end
  end
  sum.available = sum.wallet - sum.position_im - sum.order_im
  return sum
end

--- Is there margin for an order of so much at this price, in the place of `replaced` (nil: besides all others)?
function Account:affords(market, side, quantity, price, replaced)
  local before = order_margin(self, market)
  local after = order_margin(self, market, { side = side, quantity = quantity, price = price }, replaced)
  return after <= before or after - before <= self:summary(market.instrument.base).available
end

-- Closed profit and loss: a row per closing order, grown fill by fill.
local function note_profit(self, order, closed, price, profit, opening, fee, entry)
  local row = order.profit_row
  if not row then
    row = { order = order, closed = ZERO, entry_value = ZERO, exit_value = ZERO, pnl = ZERO, fills = 0,
      open_fee = ZERO, close_fee = ZERO, created = self.engine.now(), leverage = self:position(order.symbol).leverage,
      row = self.engine:next_row() }
    order.profit_row = row
    self.profits[#self.profits + 1] = row
    self.profits = shorten(self.profits, self.engine.keep)
  end
  row.closed = row.closed + closed
  row.entry_value, row.exit_value = row.entry_value + coin(closed / entry), row.exit_value + coin(closed / price)
  row.pnl = row.pnl + profit - opening - fee
  row.open_fee, row.close_fee = row.open_fee + opening, row.close_fee + fee
  row.fills, row.updated = row.fills + 1, self.engine.now()
end

--- Books a fill of an order: position, fee, profit, execution. `kind` is the execution's type, Trade by default.
function Account:book(order, quantity, price, maker, kind)
  local market, now = order.market, self.engine.now()
  local instrument = market.instrument
  local rate = maker and instrument.maker or instrument.taker
  local value = coin(quantity / price)
  local fee = coin(quantity / price * rate)
  local p = self:position(order.symbol)
  local entry = position.entry(p)
  local closed, profit, opening = position.fill(p, order.side, quantity, price, fee)
  profit = coin(profit)
  local c = self:coin(instrument.base)
  c.wallet, c.realised = c.wallet + profit - fee, c.realised + profit - fee
  p.realised, p.total = p.realised + profit - fee, p.total + profit - fee
  p.updated = now
  if p.fresh then p.opened, p.fresh = now, nil end
  if p.created == 0 then p.created = now end
  p.seq = market.seq
  order.filled, order.value, order.fee = order.filled + quantity, order.value + value, order.fee + fee
  order.exact = order.exact + quantity / price
  order.updated = now
  self:execute {
    order = order, id = self.engine:uuid(), price = price, quantity = quantity, value = value, fee = fee, rate = rate,
    maker = maker, kind = kind or "Trade", closed = closed, profit = profit, leaves = order.qty - order.filled,
    mark = market.mark,
  }
  if closed > ZERO then note_profit(self, order, closed, price, profit, opening, fee, entry) end
  return closed, quantity - closed
end

--- Keeps an execution.
function Account:execute(row)
  row.order_price, row.order_quantity = row.order.price, row.order.qty -- as they are now: amendments come later
  row.time, row.seq, row.row = self.engine.now(), row.order.market.seq, self.engine:next_row()
  self.executions[#self.executions + 1] = row
  self.executions = shorten(self.executions, self.engine.keep)
end

--- Takes an order out of the open ones.
function Account:close(order)
  for i, candidate in ipairs(self.open) do
    if candidate == order then
      table.remove(self.open, i)
      break
    end
  end
  order.active = false
  order.ended = self.engine:next_row()
  self.closed[#self.closed + 1] = order
  drop_oldest(self)
end

return Account
