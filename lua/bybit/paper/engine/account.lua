-- An account: its coins, positions, orders and their history. This file books a fill; matching.lua decides who fills whom.

local decimal = require("bybit.core").decimal
local money = require "bybit.paper.engine.money"
local Rows = require "bybit.paper.engine.rows"
local Standing = require "bybit.paper.engine.standing"
local position = require "bybit.paper.engine.position"

local ZERO, TEN = decimal(0), decimal(10)
local coin, settle = position.coin, money.settle
local NOTHING = coin(ZERO)

local Account = {}
Account.__index = Account

---@param engine table
---@param key string
---@param deposit table<string, string>
function Account.new(engine, key, deposit)
  local self = setmetatable({
    engine = engine, key = key, metas = {}, fill_metas = {}, coins = {}, orders = {},
    positions = {},  -- by symbol; those of hedge mode as BTCUSDT/1 (long) and BTCUSDT/2 (short)
    holding = {},    -- those of a symbol that are not flat
    standing = {},   -- what stands of the orders, by the same names
    stands = {},     -- the same by settle coin, each a list
    hedged = {},     -- true is hedge mode: of a symbol, or of those of a settle coin that have no mode of their own
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
    deliveries = {}, -- of positions in futures, oldest first
    sessions = {},   -- of positions in USDC contracts that have ended, oldest first
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

local NAMES = { "%s/1", "%s/2" }

-- The name of a position of a symbol: the one of both sides, the long or the short one.
local NAMED = setmetatable({}, { __index = function(self, symbol)
  self[symbol] = { [0] = symbol, NAMES[1]:format(symbol), NAMES[2]:format(symbol) }
  return self[symbol]
end })

--- A position of a symbol.
---@param index integer? 0, the default: of both sides; in hedge mode 1, the long, or 2, the short one
function Account:position(symbol, index)
  return self.positions[NAMED[symbol][index or 0]] or self:standing_of(symbol, index).position
end

--- The position that an order is about.
function Account:position_of(order)
  local standing = order.standing
  return standing and standing.position or self:position(order.symbol, order.index)
end

--- Is the account in hedge mode on a contract?
function Account:hedges(instrument)
  local own = self.hedged[instrument.symbol]
  if own ~= nil then return own end
  return instrument.can_hedge and self.hedged[instrument.settle] or false
end

--- Puts a symbol into hedge mode, or back. Its positions are flat, and have the leverage that there was.
function Account:switch(instrument, hedge)
  local before = self:position(instrument.symbol, self:indexes(instrument)[1]).leverage
  self.hedged[instrument.symbol] = hedge
  for _, index in ipairs(self:indexes(instrument)) do self:position(instrument.symbol, index).leverage = before end
end

local NONE, ONE_WAY, BOTH = {}, { 0 }, { 1, 2 }

--- The indexes of the positions that a contract has in the account's mode.
function Account:indexes(instrument)
  return self:hedges(instrument) and BOTH or ONE_WAY
end

--- Has the account a position of a symbol that is not flat?
function Account:holds(symbol, index)
  local p = self.positions[NAMED[symbol][index]]
  return p ~= nil and p.side ~= ""
end

--- The positions of a symbol that are not flat. The list is never changed: another one takes its place.
function Account:held(symbol)
  return self.holding[symbol] or NONE
end

--- A position was opened, or is flat now.
function Account:note_held(market)
  local list, symbol, positions = {}, market.instrument.symbol, self.positions
  local before, names = self.holding[symbol], NAMED[symbol]
  for index = 0, market.instrument.can_hedge and 2 or 0 do
    local p = positions[names[index]]
    if p and p.side ~= "" then list[#list + 1] = p end
  end
  local more = #list - (before and #before or 0)
  market.users, market.held = market.users + more, market.held + more
  self.holding[symbol] = #list > 0 and list or nil
end

-- What an order is unless it says otherwise.
local PLAIN = { index = 0, status = "New", type = "Limit", tif = "GTC", price = ZERO, filled = ZERO, value = ZERO, fee = ZERO,
  exact = ZERO, reduce_only = false, close_on_trigger = false, closing = false, smp_type = "None", create_type = "CreateByUser",
  reject_reason = "EC_NoError", cancel_type = "UNKNOWN" }

-- A metatable of the account's orders on a market, which have these fields without holding them.
local function meta_of(self, market, fields)
  local index = { account = self, market = market, symbol = market.instrument.symbol }
  for name, value in pairs(PLAIN) do index[name] = value end
  for name, value in pairs(fields or {}) do index[name] = value end
  return { __index = index }
end

--- The metatable of the account's orders on a market.
function Account:orders_of(market)
  local symbol = market.instrument.symbol
  local meta = self.metas[symbol]
  if not meta then
    meta = meta_of(self, market)
    self.metas[symbol] = meta
  end
  return meta
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

--- The metatables of plain market orders which are filled at once, of their executions and of their closed profits: these are
--- records, which nobody changes (src/engine/records.h).
---@param standing table what stands on the position of both sides
function Account:fills_of(market, standing)
  local metas = self.fill_metas[market]
  if not metas then
    local order = meta_of(self, market, { type = "Market", tif = "IOC", status = "Filled", standing = standing })
    metas = { money.records("order", order.__index),
      money.records("execution", EXECUTIONS[market.instrument][false].__index), money.records("profit", { fills = 1 }) }
    self.fill_metas[market] = metas
  end
  return metas
end

--- Files a new order.
function Account:file(order)
  local link, list = order.link, self.list
  self.orders[order.id] = order
  if link then self.links[link] = order end
  list[#list + 1] = order
end

--- Files a new order that is open.
function Account:add(order)
  self:file(order)
  self.open:add(order)
  order.market.users = order.market.users + 1
end

--- All orders that are still known, oldest first.
function Account:all_orders()
  return self.list
end

-- Has a list grown a tenth past the `most` that are kept?
local function is_long(list, most)
  return #list > most + most // 10
end

-- Leaves the newest `most` of a list. Returns it, and those that went.
local function shorten(list, most)
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

--- Drops what is more than the exchange keeps.
function Account:shorten()
  local keep = self.engine.keep
  if is_long(self.executions, keep) then self.executions = shorten(self.executions, keep) end
  if is_long(self.profits, keep) then self.profits = shorten(self.profits, keep) end
  if is_long(self.closed, keep) then drop_oldest(self) end
end

--- The open orders of a symbol, or all of them, oldest first.
function Account:open_orders(symbol)
  local list = {}
  for _, order in self.open:each() do
    if not symbol or order.symbol == symbol then list[#list + 1] = order end
  end
  return list
end

--- What stands of an account's orders on a position of a symbol.
function Account:standing_of(symbol, index)
  index = index or 0
  local name = NAMED[symbol][index]
  local standing = self.standing[name]
  if standing then return standing end
  local instrument = self.engine.by_symbol[symbol].instrument
  local p = position.new(TEN, instrument.kind, index)
  standing = Standing.new(p, self.engine.by_symbol[symbol])
  self.positions[name], self.standing[name] = p, standing
  local list = self.stands[instrument.settle] or {}
  self.stands[instrument.settle], list[#list + 1] = list, standing
  return standing
end

--- The orders that wait for a trigger on a position of a symbol, in the order of their arming.
function Account:waiting_on(symbol, index)
  local standing = self.standing[NAMED[symbol][index or 0]]
  return standing and standing.waiting or NONE
end

--- How many orders of a symbol are active.
function Account:active_on(symbol)
  local names, all, n = NAMED[symbol], self.standing, 0
  for index = 0, 2 do
    local standing = all[names[index]]
    if standing then n = n + standing.active end
  end
  return n
end

--- An order has become active: it counts, and ties up margin.
function Account.activate(_, order)
  order.active = true
  order.standing:add(order)
end

--- The amounts of an order have changed.
function Account.change(_, order)
  if order.active then order.standing:change(order) end
end

--- Of a coin: wallet, position and order margin, unrealised profit, and what is available for new orders (V5
--- documentation, account/wallet-balance: isolated margin).
function Account:summary(name)
  local c = self.coins[name] or { wallet = ZERO, realised = ZERO }
  local sum = { collateral = not c.no_collateral, wallet = c.wallet, realised = c.realised, position_im = ZERO,
    position_mm = ZERO, order_im = ZERO, unrealised = ZERO }
  for _, standing in ipairs(self.stands[name] or {}) do
    local p, market = standing.position, standing.market
    local instrument = market.instrument
    sum.position_im = sum.position_im + position.initial_margin(p, instrument)
    sum.position_mm = sum.position_mm + position.maintenance_margin(p, instrument)
    sum.order_im = sum.order_im + standing:margin()
    sum.unrealised = sum.unrealised + position.unrealised(p, market:reference "MarkPrice")
  end
  sum.available = sum.wallet - sum.position_im - sum.order_im
  return sum
end

--- The coin that new orders and positions may tie up: what the wallet has beyond the margin of positions and orders.
function Account:available(name)
  local c, tied, stands = self.coins[name], ZERO, self.stands[name] or NONE
  for i = 1, #stands do
    local standing = stands[i]
    local p = standing.position
    if p.side ~= "" then tied = tied + position.initial_margin(p, standing.market.instrument) end
    if standing.Buy.rows.count > 0 or standing.Sell.rows.count > 0 then tied = tied + standing:margin() end
  end
  return (c and c.wallet or ZERO) - tied
end

local WANTED = {} -- used again for each question

--- Is there margin for an order on a position, of so much at this price, in the place of `replaced` (nil: besides all others)?
---@param o { side: "Buy"|"Sell", index: integer? }
function Account:affords(market, o, quantity, price, replaced)
  local standing = self:standing_of(market.instrument.symbol, o.index)
  WANTED.side, WANTED.quantity, WANTED.price = o.side, quantity, price
  local after, before = standing:with(replaced, WANTED)
  return after <= before or after - before <= self:available(market.instrument.settle)
end

--- Keeps a row of closed profit and loss.
function Account:keep_profit(row)
  self.profits[#self.profits + 1] = row
  if is_long(self.profits, self.engine.keep) then self.profits = shorten(self.profits, self.engine.keep) end
end

-- Closed profit and loss: a row per closing order, grown fill by fill.
local function note_profit(self, order, now, closed, opening, closing, bought, exit, pnl)
  local row = order.profit_row
  if not row then
    row = { order = order, closed = closed, entry_value = bought, exit_value = exit, pnl = pnl, fills = 1, open_fee = opening,
      close_fee = closing, created = now, updated = now, leverage = self:position_of(order).leverage,
      row = self.engine:next_row() }
    order.profit_row = row
    return self:keep_profit(row)
  end
  row.closed, row.pnl = row.closed + closed, row.pnl + pnl
  row.entry_value, row.exit_value = row.entry_value + bought, row.exit_value + exit
  row.open_fee, row.close_fee = row.open_fee + opening, row.close_fee + closing
  row.fills, row.updated = row.fills + 1, now
end

--- Books a fill of an order: position, fee, profit, execution. `value` is what it is worth, with all its digits.
--- `kind` is the execution's type, Trade by default; `rate` the fee, where it is another than that of makers and takers. Returns how
--- much is left of the order, how much it opened, and how much it closed, nil for nothing. A position that begins with the fill has only
--- its part of the fee.
function Account:book(order, quantity, price, value, maker, kind, rate)
  local market, now, p = order.market, self.engine.now(), self:position_of(order)
  local instrument, held = market.instrument, p.side ~= ""
  local worth, fee, leaves, fresh, closed, opened, profit, opening, closing, bought, exit, pnl = settle(p,
    self:coin(instrument.settle), order, quantity, price, value, rate or maker and instrument.maker or instrument.taker)
  if held ~= (p.side ~= "") then self:note_held(market) end
  if fresh then p.opened = now end
  if p.created == 0 then p.created = now end
  p.updated, p.seq, order.updated = now, market.seq, now
  if order.active then order.standing:change(order) end
  local row = self:execute(order, maker, price, quantity, worth, fee, leaves, now)
  if kind then row.kind, row.rate = kind, rate end
  if not closed then return leaves, quantity end
  row.closed, row.profit = closed, profit
  note_profit(self, order, now, closed, opening, closing, bought, exit, pnl)
  return leaves, opened, closed
end

--- Keeps an execution, and returns it. Price and quantity of the order are kept as they are now: amendments come later.
---@param now integer? ms
function Account:execute(order, maker, price, quantity, value, fee, leaves, now)
  local market, engine = order.market, self.engine
  local id, number = engine.random:uuid(), engine.rows + 1
  engine.rows = number
  local row = setmetatable({
    order = order, id = id, price = price, quantity = quantity, value = value, fee = fee, leaves = leaves,
    mark = market.mark, order_price = order.price, order_quantity = order.qty, time = now or engine.now(), seq = market.seq,
    row = number,
  }, EXECUTIONS[market.instrument][maker])
  local list = self.executions
  list[#list + 1] = row
  if is_long(list, engine.keep) then self.executions = shorten(list, engine.keep) end
  return row
end

--- An order has ended, and is among the open ones no more.
function Account:end_order(order)
  local engine, closed = self.engine, self.closed
  order.ended = engine:next_row()
  closed[#closed + 1] = order
  if engine.heard then engine.heard(order) end
  if is_long(closed, engine.keep) then drop_oldest(self) end
end

--- Takes an order out of the open ones.
function Account:close(order)
  self.open:remove(order)
  order.market.users = order.market.users - 1
  if order.active then order.standing:remove(order) end
  order.active = nil
  self:end_order(order)
end

return Account
