-- Matching by price, then time: an account's order against other accounts' and against strangers' levels, and resting
-- orders against a market that moves.

local decimal = require("bybit.core").decimal
local triggers -- required late: firing submits, and filling may arm

local ZERO = decimal(0)
local OTHER = { Buy = "Sell", Sell = "Buy" }
local DUST = decimal "-0.000001" -- so much may be missing, since each amount of coin is rounded by itself

local matching = {}

-- Is a better than b for whoever takes from `side`?
local function better(side, a, b)
  if side == "Sell" then return a < b end
  return a > b
end

local function list_of(market, side)
  return side == "Buy" and market.buys or market.sells
end

local function rest(order)
  local list = list_of(order.market, order.side)
  local at = #list + 1
  while at > 1 and better(order.side, order.ticks, list[at - 1].ticks) do at = at - 1 end
  table.insert(list, at, order)
  order.resting = true
end

--- Takes a resting order off the book.
local function remove(order)
  if not order.resting then return end
  local list = list_of(order.market, order.side)
  for i, candidate in ipairs(list) do
    if candidate == order then
      table.remove(list, i)
      break
    end
  end
  order.resting = false
end

--- Ends an order: off the book, into the past.
function matching.finish(engine, order, status, reject_reason, cancel_type)
  remove(order)
  order.status = status
  order.reject_reason = reject_reason or "EC_NoError"
  order.cancel_type = cancel_type or "UNKNOWN"
  order.updated = engine.now()
  triggers = triggers or require "bybit.paper.triggers"
  triggers.forget(engine, order)
  order.account:close(order)
end

-- How much of this order may fill now; what only closes shrinks with the position.
local function fillable(order)
  local leaves = order.qty - order.filled
  if not order.closing then return leaves end
  local p = order.account:position(order.symbol)
  if p.side == "" or p.side == order.side then return ZERO end
  return leaves:min(p.size)
end

local function fill(engine, order, quantity, price, maker)
  local closed, opened = order.account:book(order, quantity, price, maker)
  if order.filled >= order.qty then
    matching.finish(engine, order, "Filled")
  else
    order.status = "PartiallyFilled"
  end
  triggers = triggers or require "bybit.paper.triggers"
  triggers.after_fill(engine, order, opened)
  if closed > ZERO then
    matching.trim_closing(engine, order.account, order.symbol)
    matching.shed(engine, order.account, order.market)
  end
end

--- The position has shrunk: what only closes is cut to it, or cancelled (V5 documentation, order/create: reduceOnly).
function matching.trim_closing(engine, account, symbol)
  for _, order in ipairs(account:open_orders(symbol)) do
    if order.active and order.closing then
      local possible = fillable(order)
      if possible:is_zero() then
        matching.finish(engine, order, "Cancelled", "EC_NoError", "CancelByReduceOnly")
      elseif possible < order.qty - order.filled then
        order.qty, order.updated = order.filled + possible, engine.now()
      end
    end
  end
end

--- Orders that a position's closing used to pay for, or that a funding fee has left without margin, go, newest first,
--- until what is left is covered. The exchange does not say what becomes of them; here nothing fills without margin.
function matching.shed(engine, account, market)
  local base = market.instrument.base
  local open = account:open_orders()
  for i = #open, 1, -1 do
    if account:summary(base).available >= DUST then return end
    local order = open[i]
    if order.active and not order.closing and order.resting and order.market.instrument.base == base then
      matching.finish(engine, order, "Cancelled", "EC_Others", "CancelByAdmin")
    end
  end
end

-- The best that an order may take from: another account's order, or a strangers' level.
local function best(market, side)
  local from = OTHER[side]
  local resting = list_of(market, from)[1]
  local level
  for _, candidate in ipairs(market:levels(from)) do
    if candidate.size > ZERO then
      level = candidate
      break
    end
  end
  if resting and (not level or not better(from, level.ticks, resting.ticks)) then return resting.ticks, resting end
  if level then return level.ticks, nil, level end
end

local function crosses(side, limit, ticks)
  if side == "Buy" then return ticks <= limit end
  return ticks >= limit
end

-- What resting orders offer to a taker, in the order of their turn: those that only close at most what is left of their
-- position then. An order of the taker's own is passed over or ends it, as its smpType says.
local function resting_offers(market, side, limit, taker)
  local from, offers, left = OTHER[side], {}, {}
  for _, resting in ipairs(list_of(market, from)) do
    local account = resting.account
    if not crosses(side, limit, resting.ticks) then break end
    local own = account == taker.account and (taker.smp_type or "None") ~= "None"
    if own and taker.smp_type ~= "CancelMaker" then
      offers[#offers + 1] = { resting.ticks, ZERO, last = true }
      break
    elseif not own then
      local p = account:position(resting.symbol)
      local reducible = left[account] or (p.side == side and p.size or ZERO)
      local offered = resting.qty - resting.filled
      if resting.closing then offered = offered:min(reducible) end
      left[account] = ZERO:max(reducible - offered)
      offers[#offers + 1] = { resting.ticks, offered }
    end
  end
  return offers
end

-- How much a taker could have at once inside the limit, at most `wanted`; and the price of the last of it, in ticks.
local function reach(market, side, limit, wanted, taker)
  local from, offers = OTHER[side], resting_offers(market, side, limit, taker)
  for i, offer in ipairs(offers) do offer.turn = i end -- before strangers at the same price
  for i, level in ipairs(market:levels(from)) do
    if crosses(side, limit, level.ticks) then offers[#offers + 1] = { level.ticks, level.size, turn = 1e6 + i } end
  end
  table.sort(offers, function(x, y)
    if x[1] ~= y[1] then return better(from, x[1], y[1]) end
    return x.turn < y.turn
  end)
  local total, at = ZERO, nil
  for _, offer in ipairs(offers) do
    if total >= wanted or offer.last then break end
    if offer[2] > ZERO then total, at = total + offer[2], offer[1] end
  end
  return total:min(wanted), at
end

-- Two orders of one account meet: whose turn is it to go? True when the taker is gone (V5 documentation, smp).
local function prevent_self_match(engine, taker, maker)
  local kind = taker.smp_type
  if kind == "CancelMaker" or kind == "CancelBoth" then
    maker.smp_order_id = taker.id
    matching.finish(engine, maker, "Cancelled", "EC_BySelfMatch", "CancelBySmp")
  end
  if kind == "CancelTaker" or kind == "CancelBoth" then
    taker.smp_order_id = maker.id
    matching.finish(engine, taker, "Cancelled", "EC_BySelfMatch", "CancelBySmp")
    return true
  end
  return false
end

-- One step of taking. False when there is nothing more to take.
local function take_one(engine, order)
  local market = order.market
  local ticks, resting, level = best(market, order.side)
  if not ticks or not crosses(order.side, order.ticks, ticks) then return false end
  local wanted = fillable(order)
  if wanted:is_zero() then return false end
  if resting and resting.account == order.account and order.smp_type ~= "None" then
    return not prevent_self_match(engine, order, resting)
  end
  local offered = level and level.size or fillable(resting)
  if offered:is_zero() then
    matching.finish(engine, resting, "Cancelled", "EC_NoError", "CancelByReduceOnly")
    return true
  end
  local quantity, price = wanted:min(offered), resting and resting.price or market:price(ticks)
  market:next_seq()
  market:note_trade(engine.now(), price, quantity, order.side, engine:uuid())
  if resting then fill(engine, resting, quantity, price, true) else level.size = level.size - quantity end
  fill(engine, order, quantity, price, false)
  return not order.ended
end

-- The price past which a market order does not go: its slippage tolerance from the best price, or 5 % from the last,
-- which was seen (V5 documentation, order/create).
local function protective_price(market, o)
  local tick, touch = market.tick, best(market, o.side)
  local from = o.slippage and touch and market:price(touch) or market:reference "LastPrice"
  local away
  if o.slippage_type == "TickSize" then
    away = tick * o.slippage
  elseif o.slippage_type == "Percent" then
    away = from * o.slippage / 100
  else
    away = from * decimal "0.05"
  end
  local price = o.side == "Buy" and (from + away):to_step(tick) or (from - away):to_step(tick, "up")
  return price:max(market.instrument.min_price):min(market.instrument.max_price)
end

--- The price at which an order's margin is reckoned before it is placed: the one at which most coin is tied up. Of a
--- sell that is the lowest it may get at once, of a buy too: a contract is worth more coin the lower the price.
---@param o { side: string, type: string, price: any, qty: any, slippage: any, slippage_type: string? }
function matching.reserve_price(market, o)
  local limit = o.type == "Market" and protective_price(market, o) or o.price
  if o.side == "Buy" then
    local touch = best(market, "Buy")
    return touch and market:price(touch):min(limit) or limit
  end
  if o.type == "Limit" then return limit end
  local _, last = reach(market, "Sell", market:ticks(limit), o.qty, o)
  return last and market:price(last) or limit
end

-- What becomes of the rest of an order that may not rest (V5 documentation, order/create: timeInForce).
local LEFT = { IOC = "EC_NoImmediateQtyToFill", FOK = "EC_NoEnoughQtyToFill" }

-- Takes what the order may, then lets it rest or ends it.
local function match(engine, order)
  local market = order.market
  order.ticks = market:ticks(order.price)
  local ticks = best(market, order.side)
  if order.tif == "PostOnly" and ticks and crosses(order.side, order.ticks, ticks) then
    return matching.finish(engine, order, "Cancelled", "EC_PostOnlyWillTakeLiquidity")
  end
  local leaves = order.qty - order.filled
  if order.tif == "FOK" and reach(market, order.side, order.ticks, leaves, order) < leaves then
    return matching.finish(engine, order, "Cancelled", "EC_NoEnoughQtyToFill")
  end
  while not order.ended and take_one(engine, order) do end
  if order.ended then return end
  if order.closing and fillable(order):is_zero() then
    return matching.finish(engine, order, "Cancelled", "EC_NoError", "CancelByReduceOnly")
  end
  if order.type == "Market" or LEFT[order.tif] then
    return matching.finish(engine, order, "Cancelled", LEFT[order.tif] or "EC_NoImmediateQtyToFill")
  end
  rest(order)
end

--- An order becomes active.
function matching.submit(engine, order)
  order.status, order.active = "New", true
  if order.type == "Market" then order.price = protective_price(order.market, order) end
  match(engine, order)
end

--- A resting order was changed in price or quantity: it goes to the end of the queue, and may take at once.
function matching.resubmit(engine, order)
  remove(order)
  match(engine, order)
end

-- Fills a resting order at its own price, as the maker. Returns how much.
local function give(engine, order, quantity)
  local possible = fillable(order):min(quantity)
  if possible:is_zero() then
    matching.finish(engine, order, "Cancelled", "EC_NoError", "CancelByReduceOnly")
    return ZERO
  end
  order.market:next_seq()
  order.market:note_strangers_trade(engine.now(), order.price, possible, OTHER[order.side], engine:uuid())
  fill(engine, order, possible, order.price, true)
  return possible
end

--- The market has moved: what it has reached is filled, all of it, at the order's own price.
function matching.cross(engine, market)
  for _, side in ipairs { "Buy", "Sell" } do
    local list = list_of(market, side)
    while list[1] and (side == "Buy" and list[1].ticks >= market.last or side == "Sell" and list[1].ticks <= market.last) do
      give(engine, list[1], list[1].qty)
    end
  end
end

--- A stranger's market order meets the accounts' orders that stand before the strangers' own.
function matching.strike(engine, market, side, quantity)
  local from = OTHER[side]
  local list, touch = list_of(market, from), market:levels(from)[1]
  while list[1] and quantity > ZERO and (not touch or not better(from, touch.ticks, list[1].ticks)) do
    quantity = quantity - give(engine, list[1], quantity)
  end
end

return matching
