-- The exchange's heart: accounts, markets, time. Endpoints ask it; the host steps it.

local core = require "bybit.core"
local Account = require "bybit.paper.account"
local Market = require "bybit.paper.market"
local instruments = require "bybit.paper.instruments"
local matching = require "bybit.paper.matching"
local position = require "bybit.paper.position"
local triggers = require "bybit.paper.triggers"

local decimal = core.decimal
local ZERO = decimal(0)

local TICK = 100 -- ms between steps of the markets
local KEEP = 100000 -- closed orders and executions, of each account
local OTHER = { Buy = "Sell", Sell = "Buy" }

local Engine = {}
Engine.__index = Engine

-- The next moment of funding after `now`: at whole multiples of the interval.
local function funding_after(instrument, now)
  local interval = instrument.funding_minutes * 60000
  return (now // interval + 1) * interval
end

local INTEREST_SPAN, INTERESTS_KEPT = 300000, 2000 -- ms; rows

--- What all accounts hold of a symbol, both sides, and what strangers do.
function Engine:open_interest(symbol)
  local total = ZERO
  for _, account in ipairs(self.accounts) do total = total + account:position(symbol).size end
  return total + 240000000
end

-- Keeps the open interest every five minutes (V5 documentation, market/open-interest).
local function note_interest(engine, market, now)
  local list, newest = market.interests, now - now % INTEREST_SPAN
  local from = list[#list] and list[#list].time + INTEREST_SPAN or newest
  local value = engine:open_interest(market.instrument.symbol)
  for time = math.max(from, newest - (INTERESTS_KEPT - 1) * INTEREST_SPAN), newest, INTEREST_SPAN do
    list[#list + 1] = { time = time, value = value }
  end
  if #list > INTERESTS_KEPT * 11 // 10 then
    market.interests = table.move(list, #list - INTERESTS_KEPT + 1, #list, 1, {})
  end
end

---@param options { seed: integer, now: fun(): integer, instruments: table?, deposit: table<string, string>?,
---  lag: integer?, keep: integer? }
function Engine.new(options)
  local self = setmetatable({
    now = options.now, random = core.random(options.seed), lag = options.lag or 0, tick_ms = TICK, accounts = {},
    keep = options.keep or KEEP,
    deposit = options.deposit or instruments.deposit, markets = {}, by_symbol = {}, armed = {}, stirred = {}, rows = 0,
  }, Engine)
  for i, row in ipairs(options.instruments or instruments.default) do
    local instrument = instruments.compile(row)
    local market = Market.new(instrument, core.random(options.seed + i), options.now())
    self.markets[i], self.by_symbol[instrument.symbol], self.armed[instrument.symbol] = market, market, {}
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

--- What a restart does: order/realtime knows closed orders no more (V5 documentation, order/realtime).
function Engine:forget_closed()
  for _, account in ipairs(self.accounts) do account.forgotten = self.rows end
end

--- Makes an order and files it; it is neither matched nor armed yet.
function Engine:new_order(fields)
  local now = self.now()
  local order = {
    id = self:uuid(), symbol = fields.market.instrument.symbol, status = "New", filled = ZERO, value = ZERO, fee = ZERO,
    exact = ZERO, created = now, updated = now, reject_reason = "EC_NoError", cancel_type = "UNKNOWN", smp_type = "None",
    create_type = "CreateByUser", seq = fields.market:next_seq(), row = self:next_row(),
    last_on_created = fields.market:reference "LastPrice",
  }
  for k, v in pairs(fields) do order[k] = v end
  order.account:add(order)
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
  local order = engine:new_order { account = account, market = market, side = OTHER[p.side], qty = p.size, type = "Market",
    price = price, tif = "IOC", reduce_only = true, closing = true, create_type = "CreateByLiq" }
  account:book(order, p.size, price, false, "BustTrade")
  matching.finish(engine, order, "Filled")
end

local function check_liquidation(engine, market)
  local mark = market:reference "MarkPrice"
  for _, account in ipairs(engine.accounts) do
    local p = account:position(market.instrument.symbol)
    local price = position.liquidation_price(p, market.instrument)
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
      account:execute {
        order = { id = engine:uuid(), market = market, symbol = instrument.symbol, side = p.side, price = mark, qty = p.size,
          type = "UNKNOWN", create_type = "" },
        id = engine:uuid(), price = mark, quantity = p.size, value = position.coin(p.size / mark), fee = fee,
        rate = instrument.funding_rate, maker = false, kind = "Funding", closed = ZERO, profit = ZERO, leaves = ZERO,
        mark = market.mark,
      }
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

--- What follows from a price that has moved or an order that has filled, until all is quiet.
function Engine:settle(market)
  for _ = 1, 20 do
    self.stirred[market] = nil
    check_liquidation(self, market) -- first: what is lost already can no longer be stopped
    triggers.check(self, market)
    if not self.stirred[market] then return end
  end
end

local function step(engine, market)
  if not market:walk() then return end
  market:moved(engine.now())
  matching.cross(engine, market)
  local side, quantity = market:stranger()
  if side then matching.strike(engine, market, side, quantity) end
  engine:settle(market)
end

--- Walks every market that walks by n ticks.
function Engine:step(n)
  for _ = 1, n do
    for _, market in ipairs(self.markets) do step(self, market) end
  end
end

--- The timer: one step, and what the clock brings.
function Engine:tick()
  fund_until(self, self.now())
  self:step(1)
end

--- Time has moved by hand.
function Engine:advance_to(now)
  fund_until(self, now)
end

--- Moves a symbol's prices and stops its walk; matches and fires.
function Engine:set_price(symbol, price, others)
  local market = self:market(symbol) or error(("set_price: no symbol '%s'"):format(tostring(symbol)), 0)
  local function ticks(text)
    local value = decimal(text)
    if not (value % market.tick):is_zero() or value <= ZERO then
      error(("set_price: a multiple of %s expected, got %s"):format(market.tick, text), 0)
    end
    return market:ticks(value)
  end
  others = others or {}
  local last = ticks(price)
  market:place(last, others.mark and ticks(others.mark), others.index and ticks(others.index))
  market:moved(self.now())
  market:next_seq()
  matching.cross(self, market)
  self:settle(market)
end

return Engine
