-- An account: its coins, positions, orders and their history. This file books a fill; matching.lua decides who fills whom.

local decimal = require("bybit.core").decimal
local Rows = require "bybit.paper.engine.rows"
local Standing = require "bybit.paper.engine.standing"
local position = require "bybit.paper.engine.position"

local ZERO, TEN = decimal(0), decimal(10)
local coin = position.coin

local Account = {}
Account.__index = Account

---@param engine table
---@param key string
---@param deposit table<string, string>
function Account.new(engine, key, deposit)
  local self = setmetatable({
    engine = engine, key = key, metas = {}, coins = {}, positions = {}, standing = {}, orders = {},
    links = {},      -- the order of a link id; false: it is kept no more, and the id is still taken
    taken = {}, taken_first = 1, taken_last = 0, -- the link ids of those, in the order of their going
    open = Rows.new "row", -- orders that may still fill or fire, oldest first
    closed = {},     -- orders that have ended, in the order of their end
    list = {},       -- all of them, in the order of their making
    forgotten = 0,   -- order/realtime knows no order that ended before this row: the exchange has restarted since
    executions = {}, -- oldest first
    grants = {},     -- demo money, and what transfers brought or took, oldest first
    funds = {},      -- by coin: what the funding wallet holds
    transfers = {},  -- oldest first, and by their ids
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

--- Gives money to the unified wallet, or takes some away.
function Account:grant(name, amount, time, row)
  local c = self:coin(name)
  c.wallet, c.deposited = c.wallet + amount, c.deposited + amount
  self.grants[#self.grants + 1] = { coin = name, amount = amount, time = time, row = row }
end

--- Moves coin between the unified and the funding wallet.
---@param transfer { id: string, coin: string, amount: userdata, from: "UNIFIED"|"FUND", time: integer }
---@param row integer
function Account:move(transfer, row)
  local into = transfer.from == "FUND" and transfer.amount or -transfer.amount
  self.funds[transfer.coin] = (self.funds[transfer.coin] or ZERO) - into
  self:grant(transfer.coin, into, transfer.time, row)
  transfer.row = row
  self.transfers[#self.transfers + 1] = transfer
  self.transfers[transfer.id] = transfer
end

function Account:position(symbol)
  local p = self.positions[symbol]
  if not p then
    p = position.new(TEN)
    self.positions[symbol] = p
  end
  return p
end

-- What an order is unless it says otherwise.
local PLAIN = { status = "New", type = "Limit", tif = "GTC", price = ZERO, filled = ZERO, value = ZERO, fee = ZERO, exact = ZERO,
  reduce_only = false, close_on_trigger = false, closing = false, smp_type = "None", create_type = "CreateByUser",
  reject_reason = "EC_NoError", cancel_type = "UNKNOWN" }

--- The metatable of the account's orders on a market.
function Account:orders_of(market)
  local symbol = market.instrument.symbol
  local meta = self.metas[symbol]
  if not meta then
    meta = { __index = { account = self, market = market, symbol = symbol } }
    for name, value in pairs(PLAIN) do meta.__index[name] = value end
    self.metas[symbol] = meta
  end
  return meta
end

--- Files a new order.
function Account:add(order)
  self.orders[order.id] = order
  if order.link then self.links[order.link] = order end
  self.open:add(order)
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

-- Keeps the link id of an order that was dropped: it stays taken. When there are too many, the oldest is free again.
local function take_link(self, link)
  self.links[link] = false
  self.taken_last = self.taken_last + 1
  self.taken[self.taken_last] = link
  if self.taken_last - self.taken_first < self.engine.links_kept then return end
  self.links[self.taken[self.taken_first]] = nil
  self.taken[self.taken_first] = nil
  self.taken_first = self.taken_first + 1
end

-- Drops the oldest closed orders when there are more than the exchange keeps. Their link ids stay taken.
local function drop_oldest(self)
  local gone
  self.closed, gone = shorten(self.closed, self.engine.keep)
  if #gone == 0 then return end
  for _, order in ipairs(gone) do
    self.orders[order.id] = nil
    if order.link then take_link(self, order.link) end
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
  for _, order in self.open:each() do
    if not symbol or order.symbol == symbol then list[#list + 1] = order end
  end
  return list
end

--- What stands of an account's orders on a symbol.
function Account:standing_of(symbol)
  local standing = self.standing[symbol]
  if not standing then
    standing = Standing.new(self:position(symbol), self.engine:market(symbol).instrument.taker)
    self.standing[symbol] = standing
  end
  return standing
end

--- An order has become active: it counts, and ties up margin.
function Account:activate(order)
  order.active = true
  self:standing_of(order.symbol):add(order)
end

--- The amounts of an order have changed.
function Account:change(order)
  if order.active then self:standing_of(order.symbol):change(order) end
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
      sum.position_im = sum.position_im + position.initial_margin(p, market.instrument)
      sum.position_mm = sum.position_mm + position.maintenance_margin(p, market.instrument)
      sum.order_im = sum.order_im + self:standing_of(market.instrument.symbol):margin()
      sum.unrealised = sum.unrealised + position.unrealised(p, market:reference "MarkPrice")
    end
  end
  sum.available = sum.wallet - sum.position_im - sum.order_im
  return sum
end

--- The coin that new orders and positions may tie up: what the wallet has beyond the margin of positions and orders.
function Account:available(name)
  local c = self.coins[name]
  local position_im, order_im = ZERO, ZERO
  for _, market in ipairs(self.engine.markets) do
    if market.instrument.base == name then
      local symbol = market.instrument.symbol
      position_im = position_im + position.initial_margin(self:position(symbol), market.instrument)
      order_im = order_im + self:standing_of(symbol):margin()
    end
  end
  return (c and c.wallet or ZERO) - position_im - order_im
end

--- Is there margin for an order of so much at this price, in the place of `replaced` (nil: besides all others)?
function Account:affords(market, side, quantity, price, replaced)
  local standing = self:standing_of(market.instrument.symbol)
  local before = standing:margin()
  local after = standing:margin(replaced, { side = side, quantity = quantity, price = price })
  return after <= before or after - before <= self:available(market.instrument.base)
end

-- A sum that begins with nothing is what is added.
local function sum(a, b)
  return rawequal(a, ZERO) and b or a + b
end

-- Closed profit and loss: a row per closing order, grown fill by fill.
local function note_profit(self, order, closed, value, net, opening, fee, entry)
  local row, now = order.profit_row, self.engine.now()
  if not row then
    row = { order = order, closed = ZERO, entry_value = ZERO, exit_value = ZERO, pnl = ZERO, fills = 0,
      open_fee = ZERO, close_fee = ZERO, created = now, leverage = self:position(order.symbol).leverage,
      row = self.engine:next_row() }
    order.profit_row = row
    self.profits[#self.profits + 1] = row
    self.profits = shorten(self.profits, self.engine.keep)
  end
  row.closed = sum(row.closed, closed)
  row.entry_value, row.exit_value = sum(row.entry_value, coin(closed / entry)), sum(row.exit_value, value)
  row.pnl = sum(row.pnl, net - opening)
  row.open_fee, row.close_fee = sum(row.open_fee, opening), sum(row.close_fee, fee)
  row.fills, row.updated = row.fills + 1, now
end

local NOTHING = coin(ZERO)

-- What a fill does to position and wallet. Returns closed quantity, profit, share of the opening fees, and what the position's
-- entry price was when the fill closes.
local function settle_fill(self, order, quantity, price, value, fee)
  local p, now = self:position(order.symbol), self.engine.now()
  local entry = p.side ~= "" and p.side ~= order.side and position.entry(p)
  local closed, profit, opening = position.fill(p, order.side, quantity, price, fee, value)
  profit = entry and coin(profit) or NOTHING
  local net, c = profit - fee, self:coin(order.market.instrument.base)
  c.wallet, c.realised = c.wallet + net, c.realised + net
  p.realised, p.total = p.realised + net, p.total + net
  p.updated = now
  if p.fresh then p.opened, p.fresh = now, nil end
  if p.created == 0 then p.created = now end
  p.seq = order.market.seq
  return closed, profit, opening, entry
end

--- Books a fill of an order: position, fee, profit, execution. `value` is the quantity over the price, with all its digits.
--- `kind` is the execution's type, Trade by default. Returns how much it closed, and how much it opened.
function Account:book(order, quantity, price, value, maker, kind)
  local instrument = order.market.instrument
  local rate = maker and instrument.maker or instrument.taker
  local worth, fee = coin(value), coin(value * rate)
  local closed, profit, opening, entry = settle_fill(self, order, quantity, price, value, fee)
  order.filled, order.value, order.fee = sum(order.filled, quantity), sum(order.value, worth), sum(order.fee, fee)
  order.exact, order.updated = sum(order.exact, value), self.engine.now()
  self:change(order)
  local row = self:execute(order, maker, price, quantity, worth, fee, order.qty - order.filled)
  if kind then row.kind = kind end
  if not entry then return ZERO, quantity end
  row.closed, row.profit = closed, profit
  local opened = quantity - closed
  local exit = opened:is_zero() and worth or coin(closed / price)
  note_profit(self, order, closed, exit, profit - fee, opening, fee, entry)
  return closed, opened
end

-- Executions of makers and of takers on a contract: what they are unless they say otherwise.
local function executions_of(instrument)
  local function meta(maker)
    return { __index = { maker = maker, rate = maker and instrument.maker or instrument.taker, kind = "Trade", closed = ZERO,
      profit = NOTHING } }
  end
  return { [true] = meta(true), [false] = meta(false) }
end

local EXECUTIONS = setmetatable({}, { __mode = "k", __index = function(self, instrument)
  self[instrument] = executions_of(instrument)
  return self[instrument]
end })

--- Keeps an execution, and returns it. Price and quantity of the order are kept as they are now: amendments come later.
function Account:execute(order, maker, price, quantity, value, fee, leaves)
  local market, engine = order.market, self.engine
  local row = setmetatable({
    order = order, id = engine:uuid(), price = price, quantity = quantity, value = value, fee = fee, leaves = leaves,
    mark = market.mark, order_price = order.price, order_quantity = order.qty, time = engine.now(), seq = market.seq,
    row = engine:next_row(),
  }, EXECUTIONS[market.instrument][maker])
  self.executions[#self.executions + 1] = row
  self.executions = shorten(self.executions, engine.keep)
  return row
end

--- Takes an order out of the open ones.
function Account:close(order)
  self.open:remove(order)
  if order.active then self:standing_of(order.symbol):remove(order) end
  order.active = nil
  order.ended = self.engine:next_row()
  self.closed[#self.closed + 1] = order
  if self.engine.heard then self.engine.heard(order) end
  drop_oldest(self)
end

return Account
