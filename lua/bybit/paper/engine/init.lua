-- The engine: accounts, markets, funding and liquidation. Endpoints call it for requests, the host for time.

local core = require "bybit.core"
local Account = require "bybit.paper.engine.account"
local Market = require "bybit.paper.engine.market"
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

-- The next moment of funding after `now`: at whole multiples of the interval.
local function funding_after(instrument, now)
  local interval = instrument.funding_minutes * 60000
  return (now // interval + 1) * interval
end

local INTEREST_SPAN, INTERESTS_KEPT = 300000, 2000 -- ms; rows

--- The open interest of a symbol: the positions of all accounts, and a number that stands for strangers' positions.
function Engine:open_interest(symbol)
  local total = ZERO
  for _, account in ipairs(self.accounts) do total = total + account:position(symbol).size end
  return total + 240000000
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
---  lag: integer?, keep: integer?, active_orders: integer?, links_kept: integer? }
function Engine.new(options)
  local self = setmetatable({
    now = options.now, random = core.random(options.seed), lag = options.lag or 0, tick_ms = TICK, accounts = {},
    keep = options.keep or KEEP, active_orders = options.active_orders or ACTIVE_ORDERS,
    links_kept = options.links_kept or LINKS_KEPT, deposit = options.deposit or instruments.deposit,
    markets = {}, by_symbol = {}, armed = {}, stirred = {}, rows = 0,
  }, Engine)
  for i, row in ipairs(options.instruments or instruments.default) do
    local instrument = instruments.compile(row)
    local market = Market.new(instrument, core.random(options.seed + i), options.now(), core.random(options.seed ~ i << 32))
    self.markets[i], self.by_symbol[instrument.symbol], self.armed[instrument.symbol] = market, market,
      triggers.none()
    market.next_funding = funding_after(instrument, options.now())
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

--- Makes an order and files it; it is neither matched nor armed yet. What `fields` leave out, or give as orders of the account
--- are anyway, an order has without holding it: a million orders may rest at once.
function Engine:new_order(account, market, fields)
  local now = self.now()
  market:next_seq()
  local order = setmetatable({ -- the fields of most orders, so that the table has room for them and for no more
    id = self:uuid(), row = self:next_row(), side = fields.side, qty = fields.qty, price = fields.price, link = fields.link,
    created = now, updated = now, last_on_created = market:reference "LastPrice",
    active = nil, ticks = nil, before = nil, after = nil, cost = nil,
  }, account:orders_of(market))
  for name, value in pairs(fields) do
    if value and not rawequal(order[name], value) then order[name] = value end
  end
  account:add(order)
  return order
end

--- The market of a symbol; nil when there is none.
function Engine:market(symbol)
  return self.by_symbol[symbol]
end

---------------------------------------------------------------------------------------------------------------
-- Liquidation and funding.

local function liquidate(engine, account, market)
  local symbol = market.instrument.symbol
  local p = account:position(symbol)
  local price = position.bankruptcy_price(p, market.instrument)
  for _, order in ipairs(account:open_orders(symbol)) do
    local waiting = order.status == "Untriggered"
    matching.finish(engine, order, waiting and "Deactivated" or "Cancelled", "EC_NoError", "CancelAllBeforeLiq")
  end
  local order = engine:new_order(account, market, { side = OTHER[p.side], qty = p.size, type = "Market", price = price,
    tif = "IOC", reduce_only = true, closing = true, create_type = "CreateByLiq" })
  account:book(order, p.size, price, p.size / price, false, "BustTrade")
  matching.finish(engine, order, "Filled")
end

local function check_liquidation(engine, market)
  for _, account in ipairs(engine.accounts) do
    local p = account:position(market.instrument.symbol)
    local price = p.side ~= "" and position.liquidation_price(p, market.instrument)
    local mark = price and market:reference "MarkPrice"
    if price and (p.side == "Buy" and mark <= price or p.side == "Sell" and mark >= price) then
      liquidate(engine, account, market)
    end
  end
end

-- Longs pay shorts (q / mark) * rate, when the rate is above zero.
local function pay_funding(engine, market)
  local instrument = market.instrument
  local mark = market:reference "MarkPrice"
  for _, account in ipairs(engine.accounts) do
    local p = account:position(instrument.symbol)
    if p.side ~= "" then
      local fee = position.coin(p.size / mark * instrument.funding_rate)
      if p.side == "Sell" then fee = -fee end
      local c = account:coin(instrument.base)
      c.wallet, c.realised = c.wallet - fee, c.realised - fee
      p.realised, p.total = p.realised - fee, p.total - fee
      local order = { id = engine:uuid(), market = market, symbol = instrument.symbol, side = p.side, price = mark, qty = p.size,
        type = "UNKNOWN", create_type = "" }
      local row = account:execute(order, false, mark, p.size, position.coin(p.size / mark), fee, ZERO)
      row.rate, row.kind, row.profit = instrument.funding_rate, "Funding", ZERO
      matching.shed(engine, account, market)
    end
  end
end

local function fund_until(engine, now)
  for _, market in ipairs(engine.markets) do
    note_interest(engine, market, now)
    while market.next_funding <= now do
      pay_funding(engine, market)
      market:note_funding(market.next_funding)
      market.next_funding = funding_after(market.instrument, market.next_funding)
    end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Steps.

--- Liquidates and fires triggers after a price has moved or an order was filled, until nothing more follows.
function Engine:settle(market)
  for _ = 1, 20 do
    self.stirred[market] = nil
    check_liquidation(self, market) -- first: what is lost already can no longer be stopped
    triggers.check(self, market)
    if not self.stirred[market] then return end
  end
end

-- The market is at another price. Orders that it has passed are filled first, then strangers trade there.
local function arrive(engine, market, now)
  matching.cross(engine, market)
  market:arrive(now)
end

local function step(engine, market, now)
  if not market:walk() then return end
  arrive(engine, market, now)
  local side, steps = market:stranger()
  if side then matching.strike(engine, market, side, steps) end
  engine:settle(market)
end

--- Walks every market that walks by n ticks.
function Engine:step(n)
  local now = self.now()
  for _ = 1, n do
    for _, market in ipairs(self.markets) do step(self, market, now) end
  end
end

--- One tick of the timer: funding that is due, and a step of each market.
function Engine:tick()
  fund_until(self, self.now())
  self:step(1)
end

--- Pays funding that is due, after time was moved by hand.
function Engine:advance_to(now)
  fund_until(self, now)
end

--- Moves a symbol's prices, matches and fires. Its walk ends, or with `walk` goes on from there.
---@param price string|number|userdata a multiple of the tick, as the others are
---@param with { mark: any, index: any, walk: boolean? }?
function Engine:set_price(symbol, price, with)
  local market = self:market(symbol)
  local function ticks(value) return value and market:ticks(decimal(value)) end
  with = with or {}
  market:place(ticks(price), ticks(with.mark), ticks(with.index), with.walk)
  arrive(self, market, self.now())
  self:settle(market)
end

return Engine
