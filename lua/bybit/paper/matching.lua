-- Matching by price, then time: an account's order against other accounts' and against strangers' levels, and resting
-- orders against a market that moves.

local decimal = require("bybit.core").decimal
local triggers -- required late: firing submits, and filling may arm

local ZERO = decimal(0)
local OTHER = { Buy = "Sell", Sell = "Buy" }

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
function matching.remove(order)
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
  matching.remove(order)
  order.status = status
  order.reject_reason = reject_reason or "EC_NoError"
  order.cancel_type = cancel_type or "UNKNOWN"
  order.updated = engine.now()
  order.account:close(order)
  triggers = triggers or require "bybit.paper.triggers"
  triggers.forget(engine, order)
end

-- How much of this order may fill now; reduce-only orders shrink with the position.
local function fillable(order)
  local leaves = order.qty - order.filled
  if not order.reduce_only then return leaves end
  local p = order.account:position(order.symbol)
  if p.side == "" or p.side == order.side then return ZERO end
  return leaves:min(p.size)
end

local function fill(engine, order, quantity, price, maker)
  local account = order.account
  local _, opened = account:book(order, quantity, price, maker)
  if order.filled >= order.qty then
    matching.finish(engine, order, "Filled")
  else
    order.status = "PartiallyFilled"
  end
  triggers = triggers or require "bybit.paper.triggers"
  triggers.after_fill(engine, order, opened)
end

--- Cancels or cuts reduce-only orders that the position no longer covers.
function matching.trim_reducing(engine, account, symbol)
  for _, order in ipairs(account:open_orders(symbol)) do
    if order.active and order.reduce_only and fillable(order):is_zero() then
      matching.finish(engine, order, "Cancelled", "EC_NoError", "CancelByReduceOnly")
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

local function crosses(order, ticks)
  if order.side == "Buy" then return ticks <= order.ticks end
  return ticks >= order.ticks
end

-- How much could be taken at once inside the order's price.
local function available(order)
  local market, from, total = order.market, OTHER[order.side], ZERO
  for _, resting in ipairs(list_of(market, from)) do
    if crosses(order, resting.ticks) then total = total + fillable(resting) end
  end
  for _, level in ipairs(market:levels(from)) do
    if crosses(order, level.ticks) then total = total + level.size end
  end
  return total
end

-- Two orders of one account meet: whose turn is it to go? True when the taker is gone.
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
  if not ticks or not crosses(order, ticks) then return false end
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
  return order.active
end

-- The price past which a market order does not go (V5 documentation, order/create: slippage tolerance, and the
-- protection of market orders; 5 % was seen).
local function protect(order)
  local market, tick = order.market, order.market.tick
  local side = OTHER[order.side]
  local touch = market:levels(side)[1]
  local from = order.slippage and touch and market:price(touch.ticks) or market:reference "LastPrice"
  local away
  if order.slippage_type == "TickSize" then
    away = tick * order.slippage
  elseif order.slippage_type == "Percent" then
    away = from * order.slippage / 100
  else
    away = from * decimal "0.05"
  end
  local price = order.side == "Buy" and (from + away):to_step(tick) or (from - away):to_step(tick, "up")
  order.price = price:max(market.instrument.min_price):min(market.instrument.max_price)
end

local LEFT = { IOC = "EC_NoImmediateQtyToFill", FOK = "EC_NoEnoughQtyToFill" }

--- An order becomes active: takes what it may, then rests or ends.
function matching.submit(engine, order)
  order.status, order.active = "New", true
  if order.type == "Market" then protect(order) end
  order.ticks = order.market:ticks(order.price)
  local ticks = best(order.market, order.side)
  if order.tif == "PostOnly" and ticks and crosses(order, ticks) then
    return matching.finish(engine, order, "Cancelled", "EC_PostOnlyWillTakeLiquidity")
  end
  if order.tif == "FOK" and available(order) < order.qty - order.filled then
    return matching.finish(engine, order, "Cancelled", "EC_NoEnoughQtyToFill")
  end
  while order.active and take_one(engine, order) do order.touched = true end
  if not order.active then return end
  if order.reduce_only and fillable(order):is_zero() then
    return matching.finish(engine, order, "Cancelled", "EC_NoError", "CancelByReduceOnly")
  end
  if order.type == "Market" or LEFT[order.tif] then
    return matching.finish(engine, order, "Cancelled", LEFT[order.tif] or "EC_NoImmediateQtyToFill")
  end
  rest(order)
end

-- Fills a resting order at its own price.
local function give(engine, order, quantity)
  local possible = fillable(order):min(quantity)
  if possible:is_zero() then
    matching.finish(engine, order, "Cancelled", "EC_NoError", "CancelByReduceOnly")
    return ZERO
  end
  order.market:next_seq()
  fill(engine, order, possible, order.price, true)
  return possible
end

--- The market has moved: what it has reached is filled.
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
