-- The engine: accounts, markets and liquidation. Endpoints call it for requests, the host for time.

local core = require "bybit.core"
local Account = require "bybit.paper.engine.account"
local Feed = require "bybit.paper.engine.feed"
local Market = require "bybit.paper.engine.market"
local dues = require "bybit.paper.engine.dues"
local instruments = require "bybit.paper.engine.instruments"
local matching = require "bybit.paper.engine.matching"
local position = require "bybit.paper.engine.position"
local triggers = require "bybit.paper.engine.triggers"

local decimal = core.decimal
local ZERO = decimal(0)

local TICK = 100 -- ms between steps of the markets
local KEEP = 100000 -- closed orders and executions, of each account
local ACTIVE_ORDERS = 500 -- of an account on a symbol (V5 documentation, rate limits)
local LINKS_KEPT = 500000 -- link ids of orders that are kept no more: how long one stays taken is not documented
local OTHER = { Buy = "Sell", Sell = "Buy" }

local Engine = {}
Engine.__index = Engine

-- Where there is a function `heard`, it is called with each order that has changed (bybit.paper.stream).

-- Matching calls these when an order has ended, and when it was filled.
Engine.order_ended, Engine.order_filled = triggers.forget, triggers.after_fill

local INTEREST_SPAN, INTERESTS_KEPT = 300000, 2000 -- ms; rows

--- The open interest of a symbol: the positions of all accounts, and a number that stands for strangers' positions.
function Engine:open_interest(symbol)
  local total = ZERO
  for _, account in ipairs(self.accounts) do
    for _, p in ipairs(account:held(symbol)) do total = total + p.size end
  end
  return total + self.by_symbol[symbol].instrument.interest
end

-- Keeps the open interest every five minutes (V5 documentation, market/open-interest).
local function note_interest(engine, market, now)
  local list, newest = market.interests, now - now % INTEREST_SPAN
  local from = list[#list] and list[#list].time + INTEREST_SPAN or newest
  if from > newest then return end
  local value = engine:open_interest(market.instrument.symbol)
  for time = math.max(from, newest - (INTERESTS_KEPT - 1) * INTEREST_SPAN), newest, INTEREST_SPAN do
    list[#list + 1] = { time = time, value = value }
  end
  if #list > INTERESTS_KEPT * 11 // 10 then
    market.interests = table.move(list, #list - INTERESTS_KEPT + 1, #list, 1, {})
  end
end

---@param options { seed: integer, now: fun(): integer, instruments: table?, deposit: table<string, string>?,
---  lag: integer?, keep: integer?, active_orders: integer?, links_kept: integer?, feeds: table<string, fun(): table?>?,
---  shift: integer? }
--- `feeds` drive the markets of their symbols (feed.lua); `shift` is added to their times, in ms.
function Engine.new(options)
  local self = setmetatable({
    now = options.now, random = core.random(options.seed), lag = options.lag or 0, tick_ms = TICK, accounts = {},
    keep = options.keep or KEEP, active_orders = options.active_orders or ACTIVE_ORDERS,
    links_kept = options.links_kept or LINKS_KEPT, deposit = options.deposit or instruments.deposit,
    markets = {}, by_symbol = {}, fed = {}, next_due = 0, armed = {}, stirred = {}, rows = 0,
  }, Engine)
  for i, row in ipairs(options.instruments or instruments.at(options.now())) do
    local instrument = instruments.compile(row)
    local walk, flow = core.random(options.seed + i), core.random(options.seed ~ i << 32)
    local points = options.feeds and options.feeds[instrument.symbol]
    local market = points and Feed.begin(instrument, walk, flow, points, options.shift or 0, options.now())
      or Market.new(instrument, walk, options.now(), flow)
    if points then self.fed[#self.fed + 1] = market end
    self.markets[i], self.by_symbol[instrument.symbol], self.armed[instrument.symbol] = market, market,
      triggers.none()
    market.next_funding = dues.funding_after(instrument, options.now())
    note_interest(self, market, options.now())
  end
  return self
end

function Engine:uuid()
  return self.random:uuid()
end

--- Numbers rows of history, in the order of their making.
function Engine:next_row()
  self.rows = self.rows + 1
  return self.rows
end

function Engine:open_account(key, options)
  local account = Account.new(self, key, options.deposit or self.deposit)
  self.accounts[#self.accounts + 1] = account
  return account
end

--- A restart makes order/realtime forget all closed orders (V5 documentation, order/realtime).
function Engine:forget_closed()
  for _, account in ipairs(self.accounts) do account.forgotten = self.rows end
end

-- The fields that an order may have from its making, besides those that most orders have.
local SPECIAL = { "index", "reduce_only", "close_on_trigger", "closing", "smp_type", "trigger_price", "trigger_by", "direction",
  "stop_order_type", "tp", "sl", "tp_by", "sl_by", "tpsl_mode", "tp_limit", "sl_limit", "slippage_type", "slippage",
  "create_type", "parent", "distance", "active_price" }

-- The fields of most orders. So the table has room for them and for no more: a million orders may rest at once.
local function bare_resting(id, row, fields, now, last)
  return { id = id, row = row, side = fields.side, qty = fields.qty, price = fields.price, link = fields.link, created = now,
    updated = now, last_on_created = last, active = nil, ticks = nil, before = nil, after = nil, cost = nil, standing = nil }
end

-- An order that does not rest has other fields: those of its fills and of its end.
local function bare_passing(id, row, fields, now, last)
  return { id = id, row = row, side = fields.side, qty = fields.qty, price = fields.price, link = fields.link, created = now,
    updated = now, last_on_created = last, active = nil, ticks = nil, type = fields.type, tif = fields.tif, status = nil,
    reject_reason = nil, cancel_type = nil, ended = nil, filled = nil, value = nil, fee = nil, exact = nil, profit_row = nil,
    standing = nil }
end

--- Makes an order and files it; it is neither matched nor armed yet. What `fields` leave out, or give as orders of the account
--- are anyway, an order has without holding it. `special` as false: they have nothing besides side, type, time in force, link
--- id, price and quantity.
function Engine:new_order(account, market, fields)
  local last, passing = market:reference "LastPrice", fields.tif == "IOC"
  market:next_seq()
  local order = setmetatable((passing and bare_passing or bare_resting)(self:uuid(), self:next_row(), fields, self.now(), last),
    account:orders_of(market))
  order.standing = account:standing_of(order.symbol, fields.index)
  if not passing then
    if fields.type == "Market" then order.type = "Market" end
    if fields.tif ~= "GTC" then order.tif = fields.tif end
  end
  if fields.special ~= false then
    for i = 1, #SPECIAL do
      local name = SPECIAL[i]
      local value = fields[name]
      if value and not rawequal(order[name], value) then order[name] = value end
    end
  end
  account:add(order)
  return order
end

--- Makes a plain order that will rest, and files it.
function Engine:resting_order(account, market, standing, side, quantity, price, ticks, link)
  local last, now, seq, row = market:reference "LastPrice", self.now(), market.seq + 1, self.rows + 1
  market.seq, self.rows = seq, row
  local order = setmetatable({ id = self.random:uuid(), row = row, side = side, qty = quantity, price = price, link = link,
    created = now, updated = now, last_on_created = last, active = true, ticks = ticks, before = nil, after = nil, cost = nil,
    standing = standing }, account:orders_of(market))
  account:add(order)
  return order
end

--- Somebody looks at a market, or trades there: one that has slept is where it would be by now.
function Engine:look(market)
  if market.instrument.lazy then market:wake(self.now()) end
  return market
end

--- The market of a symbol; nil when there is none.
function Engine:market(symbol)
  local market = self.by_symbol[symbol]
  return market and self:look(market)
end

---------------------------------------------------------------------------------------------------------------
-- Liquidation.

local function liquidate(engine, account, market, p)
  local instrument = market.instrument
  local price = position.bankruptcy_price(p, instrument)
  for _, order in ipairs(account:open_orders(instrument.symbol)) do
    if order.index == p.index then
      local waiting = order.status == "Untriggered"
      matching.finish(engine, order, waiting and "Deactivated" or "Cancelled", "EC_NoError", "CancelAllBeforeLiq")
    end
  end
  local order = engine:new_order(account, market, { side = OTHER[p.side], index = p.index, qty = p.size, type = "Market",
    price = price, tif = "IOC", reduce_only = true, closing = true, create_type = "CreateByLiq" })
  account:book(order, p.size, price, instrument.kind.value(p.size, price), false, "BustTrade")
  matching.finish(engine, order, "Filled")
end

-- Adds margin to a position that would be liquidated, its initial margin at a time, as long as there is coin. Returns whether that
-- has saved it (V5 documentation, position/set-auto-add-margin).
local function save(account, market, p, mark)
  local instrument = market.instrument
  while true do
    local more = position.coin(p.cost / p.leverage):min(account:available(instrument.settle))
    if more <= ZERO then return false end
    p.added = p.added + more
    local price = position.liquidation_price(p, instrument)
    if not price or p.side == "Buy" and mark > price or p.side == "Sell" and mark < price then return true end
  end
end

local function check_liquidation(engine, market)
  local accounts, symbol = engine.accounts, market.instrument.symbol
  for i = 1, #accounts do
    local account = accounts[i]
    local held = account:held(symbol)
    for j = 1, #held do
      local p = held[j]
      if position.is_lost(p, market.instrument, market.mark)
        and not (p.auto_add and save(account, market, p, market:reference "MarkPrice")) then
        liquidate(engine, account, market, p)
      end
    end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Steps.

--- Liquidates and fires triggers after a price has moved or an order was filled, until nothing more follows. Where nobody has a
--- position, and no order waits for a trigger, nothing can.
function Engine:settle(market)
  local stirred, armed = self.stirred, self.armed[market.instrument.symbol].rows
  for _ = 1, 20 do
    stirred[market] = nil
    if market.held > 0 then check_liquidation(self, market) end -- first: what is lost already can no longer be stopped
    if armed.count > 0 then triggers.check(self, market) end
    if not stirred[market] then return end
  end
end

-- The market is at another price. Orders that it has passed are filled first, then strangers trade there.
local function arrive(engine, market, now, steps, side)
  matching.cross(engine, market)
  market:arrive(now, steps, side)
end

-- What follows when a market has walked a step.
local function walked(engine, market, now)
  arrive(engine, market, now)
  local side, steps = market:stranger()
  if side then matching.strike(engine, market, side, steps) end
  engine:settle(market)
end

--- Walks every market that walks by n ticks.
function Engine:step(n)
  local now = self.now()
  for _ = 1, n do
    for _, market in ipairs(self.markets) do
      if not market:sleeps(now) and market:walk() then walked(self, market, now) end
    end
  end
end

--- A step of a market that walks, when it is known where it leads to.
function Engine:step_to(market, last)
  market:walk_to(last)
  walked(self, market, self.now())
end

--- Does what is due, after time has moved: funding, deliveries, a row of the open interest.
function Engine:advance_to(now)
  if now < self.next_due then return end
  self.next_due = now - now % INTEREST_SPAN + INTEREST_SPAN
  for _, market in ipairs(self.markets) do
    note_interest(self, market, now)
    dues.pay(self, market, now)
    self.next_due = math.min(self.next_due, dues.next(market))
  end
end

--- The next moment at which a feed has a price; nil when none has.
---@return integer? ms
function Engine:next_point()
  local first
  for _, market in ipairs(self.fed) do
    local point = market.feed and market.feed.point
    if point and (not first or point.time < first) then first = point.time end
  end
  return first
end

--- Moves the markets that are fed to the prices that their feeds have by now.
function Engine:play()
  local now = self.now()
  for _, market in ipairs(self.fed) do
    while market.feed and market.feed:due(now) do
      local steps, side = market.feed:move(market, now)
      arrive(self, market, now, steps, side)
      self:settle(market)
    end
  end
end

--- One tick of the timer: what is due, and a step of each market.
function Engine:tick()
  self:advance_to(self.now())
  self:play()
  self:step(1)
end

--- Moves a market's prices to so many ticks, matches and fires; its walk ends.
function Engine:move(market, ticks)
  market:place(ticks)
  arrive(self, market, self.now())
  self:settle(market)
end

--- Moves a symbol's prices, matches and fires. Its walk, or what feeds it, ends, or with `walk` goes on from there.
---@param price string|number|userdata a multiple of the tick, as the others are
---@param with { mark: any, index: any, walk: boolean? }?
function Engine:set_price(symbol, price, with)
  local market = self:market(symbol)
  local function ticks(value) return value and market:ticks(decimal(value)) end
  with = with or {}
  if not with.walk then market.feed = nil end
  market:place(ticks(price), ticks(with.mark), ticks(with.index), with.walk and not market.feed)
  arrive(self, market, self.now())
  self:settle(market)
end

return Engine
