-- The short way of plain orders: those that say a side, a type, a quantity, a price, perhaps a link id, and no more, that are as the
-- exchange wants them, and that have margin. A limit order that would rest is placed, and a resting one is moved to another price
-- at which it rests, without what such orders cannot need. Nil: it is another order, or is refused, and orders.lua finds out
-- which: nothing has happened then.

local plain = require("bybit.paper_engine").plain
local checks = require "bybit.paper.engine.checks"
local matching = require "bybit.paper.engine.matching"
local money = require "bybit.paper.engine.money"
local order_checks = require "bybit.paper.engine.order_checks"
local position = require "bybit.paper.engine.position"

local read_order, read_change, book_fill = plain.order, plain.change, money.fill
local PRICES, QUANTITIES = checks.prices, checks.quantities
local surely_inside = order_checks.surely_inside

local short = {}

-- The market that is asked for, when its contract is live, and what stands of the account's orders there.
local function place_of(engine, account, category, symbol)
  local market = engine.by_symbol[symbol]
  if not market then return nil end
  local instrument = market.instrument
  if instrument.category ~= category or instrument.status ~= "Trading"
    or instrument.can_hedge and account:hedges(instrument) then
    return nil
  end
  if instrument.lazy then engine:look(market) end
  return market, account.standing[symbol], instrument
end

-- May an order have this price, and rest there? Returns the price, and how many ticks it has.
local function resting_price(market, instrument, side, text, quantity, p)
  local price = PRICES[instrument](text)
  if not price or not surely_inside(market, side, price) then return nil end
  if instrument.min_notional and (quantity or 0) * price < instrument.min_notional then return nil end
  local ticks, touch = market:ticks(price), matching.touch(market, side)
  if touch and (side == "Buy" and touch <= ticks or side == "Sell" and touch >= ticks) then return nil end
  if p.side ~= "" then
    local at = position.liquidation_price(p, instrument)
    if at and (p.side == "Buy" and price <= at or p.side == "Sell" and price >= at) then return nil end
  end
  return price, ticks
end

local WANTED = { index = 0 } -- used again for each question

-- Is there margin for an order, in the place of `replaced`? Also what it ties up, where that is known.
local function affords(account, market, standing, side, quantity, price, replaced)
  local more, cost = standing:quick(side, quantity, price, replaced)
  if more then return more == true or more <= account:available(market.instrument.settle), cost end
  WANTED.side = side
  return account:affords(market, WANTED, quantity, price, replaced)
end

local TAKING = { type = "Market", tif = "IOC", index = 0, special = false, smp_type = "None" } -- used again for each order

-- Fills a market order at once at the strangers' level that has all of it, at its price `at`, of so many ticks.
local function fill(engine, account, market, standing, side, quantity, link, price, ticks, at, level)
  local instrument, now = market.instrument, engine.now()
  local order, value, trade, closes, turns, is_long = book_fill(standing.position, account:coin(instrument.settle), account,
    market, engine, instrument, account:fills_of(market, standing), side, link, quantity, at, price,
    market:reference "LastPrice", now)
  market:note_trade(now, ticks, quantity, value, side, trade)
  market.take(level, quantity)
  if turns then account:note_held(market) end
  if engine.heard then engine.heard(order) end
  if is_long then account:shorten() end
  -- the rest is what matching.after_fill does
  if #standing.waiting > 0 then engine:order_filled(order, quantity) else engine.stirred[market] = true end
  if closes then
    if standing.closing.count > 0 then matching.trim_closing(engine, order) end
    if account.open.count > 0 then matching.shed(engine, account, market) end
  end
  engine:settle(market)
  return order
end

-- Carries out a market order. Where strangers offer all of it at their best price, that is the price of matching.reserve_price, too,
-- but for buying linear contracts: those are worth more at a higher price.
local function take(engine, account, market, standing, side, quantity, link)
  local o, instrument = TAKING, market.instrument
  o.side, o.qty, o.link, o.price = side, quantity, link, nil
  local least = instrument.min_notional
  if least and quantity * market:reference "LastPrice" < least then return nil end
  local price, ticks, level = matching.offer(market, side, quantity)
  local at = price and market:price(ticks)
  if not standing:covers(side, quantity) then
    local highest = at and instrument.category == "linear" and side == "Buy" and price or at or matching.reserve_price(market, o)
    if not affords(account, market, standing, side, quantity, highest) then return nil end
  end
  if at then return fill(engine, account, market, standing, side, quantity, link, price, ticks, at, level) end
  o.price = matching.NONE
  local order = engine:new_order(account, market, o)
  matching.submit(engine, order)
  engine:settle(market)
  return order
end

--- Places a plain order, as `order` of bybit.paper_engine has read it. Returns it, or nil.
function short.place(engine, account, category, symbol, side, quantity, price, tif, link)
  if not side or link and account.links[link] ~= nil then return nil end
  local market, standing, instrument = place_of(engine, account, category, symbol)
  quantity = standing and QUANTITIES[instrument](quantity)
  if not quantity then return nil end
  local active = instrument.can_hedge and account:active_on(symbol) or standing.active
  if active >= engine.active_orders then return nil end
  if not tif then return take(engine, account, market, standing, side, quantity, link) end
  local ticks
  price, ticks = resting_price(market, instrument, side, price, quantity, standing.position)
  if not price then return nil end
  local enough, cost = affords(account, market, standing, side, quantity, price)
  if not enough then return nil end
  local order = engine:resting_order(account, market, standing, side, quantity, price, ticks, link)
  if tif ~= "GTC" then order.tif = tif end
  standing:add(order, cost)
  matching.rest(engine, order)
  engine:settle(market)
  return order
end

--- Moves a resting order to another price, as `change` of bybit.paper_engine has read it. Returns it, or nil.
function short.move(engine, account, category, symbol, price, id, link)
  if not price then return nil end
  local market, standing, instrument = place_of(engine, account, category, symbol)
  if not standing then return nil end
  local order
  if id then order = account.orders[id] else order = account.links[link] end
  if not order or order.standing ~= standing or not order.active or not order.before then return nil end
  if order.closing or order.stop_order_type then return nil end
  local side, ticks = order.side
  price, ticks = resting_price(market, instrument, side, price, instrument.min_notional and order.qty, standing.position)
  if not price or price == order.price then return nil end
  local enough, cost = affords(account, market, standing, side, standing.leaves_of(order), price, order)
  if not enough then return nil end
  order.price, order.updated = price, engine.now()
  standing:change(order, cost)
  market.resting[side]:remove(order)
  order.ticks = ticks
  matching.rest(engine, order)
  engine:settle(market)
  return order
end

--- The same for the table of a request's parameters.
function short.create(engine, account, asked)
  return short.place(engine, account, read_order(asked))
end

function short.amend(engine, account, asked)
  return short.move(engine, account, read_change(asked))
end

return short
