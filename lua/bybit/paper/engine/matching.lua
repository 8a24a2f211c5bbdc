-- Matching by price, then time: an account's order against other accounts' and against strangers' levels, and resting
-- orders against a market that moves.

local decimal = require("bybit.core").decimal
local leaves_of = require("bybit.paper.engine.standing").leaves_of

local ZERO = decimal(0)
local OTHER = { Buy = "Sell", Sell = "Buy" }
local DUST = decimal "-0.000001" -- so much may be missing, since each amount of coin is rounded by itself

local matching = {}

-- Is a better than b for whoever takes from `side`?
local function better(side, a, b)
  if side == "Sell" then return a < b end
  return a > b
end

-- A ladder links its orders. Those that wait for a trigger stand on other ladders, and are not active.
local function is_resting(order)
  return order.active and order.before ~= nil
end

--- Puts an order on the book.
local function rest(engine, order)
  order.market.resting[order.side]:add(order)
  if engine.heard then engine.heard(order) end
end

matching.rest, matching.NONE = rest, ZERO

-- Takes a resting order off the book.
local function remove(order)
  if is_resting(order) then order.market.resting[order.side]:remove(order) end
end

--- Ends an order: off the book, into the past.
function matching.finish(engine, order, status, reject_reason, cancel_type)
  remove(order)
  order.status = status
  order.reject_reason = reject_reason or "EC_NoError"
  order.cancel_type = cancel_type or "UNKNOWN"
  order.updated = engine.now()
  engine:order_ended(order)
  order.account:close(order)
end

-- How much of this order may fill now; what only closes shrinks with the position. Of an order that has not ended it is nothing only
-- where it closes.
local function fillable(order)
  local leaves = leaves_of(order)
  if not order.closing then return leaves end
  local p = order.account:position_of(order)
  if p.side == "" or p.side == order.side then return ZERO end
  return leaves:min(p.size)
end

local function fill(engine, order, quantity, price, value, maker)
  local leaves, opened, closed = order.account:book(order, quantity, price, value, maker)
  if leaves <= ZERO then
    matching.finish(engine, order, "Filled")
  else
    order.status = "PartiallyFilled"
    if engine.heard then engine.heard(order) end
  end
  matching.after_fill(engine, order, opened, closed)
end

--- What follows from a fill of an order, which has opened, or closed, so much of its position.
---@param opened userdata
---@param closed any nil or false: nothing
function matching.after_fill(engine, order, opened, closed)
  engine:order_filled(order, opened)
  if not closed then return end
  matching.trim_closing(engine, order)
  matching.shed(engine, order.account, order.market)
end

--- The position of an order has shrunk: what only closes is cut to it, or cancelled (V5 documentation, order/create: reduceOnly).
function matching.trim_closing(engine, filled)
  local closing = filled.standing.closing
  if closing.count == 0 then return end
  for _, order in ipairs(closing:list()) do
    local possible = fillable(order)
    if possible:is_zero() then
      matching.finish(engine, order, "Cancelled", "EC_NoError", "CancelByReduceOnly")
    elseif possible < order.qty - order.filled then
      order.qty, order.updated = order.filled + possible, engine.now()
      if engine.heard then engine.heard(order) end
    end
  end
end

--- Cancels orders that have lost their margin, by a position that closed or a funding fee. The newest go first, until the
--- rest is covered. The exchange does not say what becomes of such orders; here no order fills without margin.
function matching.shed(engine, account, market)
  local coin = market.instrument.settle
  if account.open.count == 0 then return end
  if account:available(coin) >= DUST then return end
  local open = account:open_orders()
  for i = #open, 1, -1 do
    if account:available(coin) >= DUST then return end
    local order = open[i]
    if is_resting(order) and not order.closing and order.market.instrument.settle == coin then
      matching.finish(engine, order, "Cancelled", "EC_Others", "CancelByAdmin")
    end
  end
end

-- The best that an order may take from: another account's order, or a strangers' level.
local function best(market, side)
  local from = OTHER[side]
  local resting, level = market.resting[from].best, market:best_level(from)
  if resting and (not level or not better(from, level.ticks, resting.ticks)) then return resting.ticks, resting end
  if level then return level.ticks, nil, level end
end

-- The best price that an order may take, in ticks.
local function touch_of(market, side)
  local from = OTHER[side]
  local resting, touch = market.resting[from].best, market:touch(from)
  if resting and (not touch or better(from, resting.ticks, touch)) then return resting.ticks end
  return touch
end

matching.touch = touch_of

local function crosses(side, limit, ticks)
  if side == "Buy" then return ticks <= limit end
  return ticks >= limit
end

-- What a resting order offers to a taker; nil when it ends the taker, as an order of the taker's own account may: its
-- smpType says whether such an order is passed over. An order that only closes offers at most the rest of its position;
-- `left` keeps that rest by account.
local function offer_of(resting, side, taker, left)
  local account = resting.account
  if account == taker.account and (taker.smp_type or "None") ~= "None" then
    return taker.smp_type == "CancelMaker" and ZERO or nil
  end
  local p = account:position_of(resting)
  local reducible = left[account] or (p.side == side and p.size or ZERO)
  local offered = resting.qty - resting.filled
  if resting.closing then offered = offered:min(reducible) end
  left[account] = ZERO:max(reducible - offered)
  return offered
end

-- How much a taker could have at once inside the limit, at most `wanted`; and the price of the last of it, in ticks. At
-- the same price accounts' orders come before strangers' levels.
local function reach(market, side, limit, wanted, taker)
  local from, left, total, at = OTHER[side], {}, ZERO, nil
  local ladder, levels, i = market.resting[from], market:levels(from), 1
  local resting = ladder.best
  while total < wanted do
    local level = levels[i]
    local own = resting and (not level or not better(from, level.ticks, resting.ticks))
    local ticks = own and resting.ticks or level and level.ticks
    if not ticks or not crosses(side, limit, ticks) then break end
    local offered
    if own then
      offered, resting = offer_of(resting, side, taker, left), ladder:next(resting)
      if not offered then break end
    else
      offered, i = level.size, i + 1
    end
    if offered > ZERO then total, at = total + offered, ticks end
  end
  return total:min(wanted), at
end

-- Two orders of one account meet: cancels the one that smpType names. True when that is the taker (V5 documentation, smp).
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
  if order.closing and wanted:is_zero() then return false end
  if resting and resting.account == order.account and order.smp_type ~= "None" then
    return not prevent_self_match(engine, order, resting)
  end
  local offered = level and level.size or fillable(resting)
  if resting and resting.closing and offered:is_zero() then
    matching.finish(engine, resting, "Cancelled", "EC_NoError", "CancelByReduceOnly")
    return true
  end
  local quantity, price = wanted:min(offered), resting and resting.price or market:price(ticks)
  local value = market.instrument.kind.value(quantity, price)
  market:next_seq()
  market:note_trade(engine.now(), ticks, quantity, value, order.side, engine:uuid())
  if resting then fill(engine, resting, quantity, price, value, true) else market.take(level, quantity) end
  fill(engine, order, quantity, price, value, false)
  return not order.ended
end

local AWAY = decimal "0.05"

-- A price so far on from another for a taker, at most the contract's highest and at least its lowest.
local function price_away(market, side, from, away)
  local price = side == "Buy" and (from + away):to_step(market.tick) or (from - away):to_step(market.tick, "up")
  return price:max(market.instrument.min_price):min(market.instrument.max_price)
end

-- The price past which a market order does not go: its slippage tolerance from the best price, or 5 % from the last,
-- which was seen (V5 documentation, order/create).
local function protective_price(market, o)
  if not o.slippage then
    local kept = market.protective[o.side]
    if kept.ticks ~= market.last then
      local from = market:reference "LastPrice"
      kept.ticks, kept.price = market.last, price_away(market, o.side, from, from * AWAY)
    end
    return kept.price
  end
  local touch = touch_of(market, o.side)
  local from = touch and market:price(touch) or market:reference "LastPrice"
  return price_away(market, o.side, from, o.slippage_type == "TickSize" and market.tick * o.slippage
    or from * o.slippage / 100)
end

-- Strangers' best level for a taker where it is their first; else it is looked for.
local function first_level(market, from)
  local book = market.book
  local list = book and book[from]
  local level = list and list[1]
  if level and not level.spent then return level end
  return market:best_level(from)
end

--- Where strangers offer all of a market order at their best price, before any account: how far the order goes, their price in ticks, and
--- their level. Nil: they do not.
---@param side "Buy"|"Sell" the order's
function matching.offer(market, side, quantity)
  local from = OTHER[side]
  local level, resting = first_level(market, from), market.resting[from].best
  if not level or level.size < quantity then return nil end
  local ticks = level.ticks
  if resting and not better(from, ticks, resting.ticks) then return nil end
  local kept = market.protective[side]
  if kept.ticks ~= market.last then protective_price(market, { side = side }) end
  local price = kept.price
  if kept.limit_of ~= price then kept.limit_of, kept.limit = price, market:ticks(price) end
  if not crosses(side, kept.limit, ticks) then return nil end
  return price, ticks, level
end

--- The price at which an order's margin is worked out before it is placed: that at which most coin is tied up. An inverse
--- contract is worth more coin at a lower price, so there it is the lowest price at which the order may fill at once; a linear
--- one at a higher.
---@param o { side: string, type: string, price: any, qty: any, slippage: any, slippage_type: string? }
function matching.reserve_price(market, o)
  local limit = o.type == "Market" and protective_price(market, o) or o.price
  if market.instrument.category == "linear" then
    local touch = o.side == "Sell" and best(market, "Sell")
    return touch and market:price(touch):max(limit) or limit
  end
  if o.side == "Buy" then
    local touch = touch_of(market, "Buy")
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
  if order.tif == "PostOnly" then
    local ticks = touch_of(market, order.side)
    if ticks and crosses(order.side, order.ticks, ticks) then
      return matching.finish(engine, order, "Cancelled", "EC_PostOnlyWillTakeLiquidity")
    end
  elseif order.tif == "FOK" then
    local leaves = order.qty - order.filled
    if reach(market, order.side, order.ticks, leaves, order) < leaves then
      return matching.finish(engine, order, "Cancelled", "EC_NoEnoughQtyToFill")
    end
  end
  local ticks = touch_of(market, order.side)
  if ticks and crosses(order.side, order.ticks, ticks) then
    while not order.ended and take_one(engine, order) do end
    if order.ended then return end
  end
  if order.closing and fillable(order):is_zero() then
    return matching.finish(engine, order, "Cancelled", "EC_NoError", "CancelByReduceOnly")
  end
  if order.type == "Market" or LEFT[order.tif] then
    return matching.finish(engine, order, "Cancelled", LEFT[order.tif] or "EC_NoImmediateQtyToFill")
  end
  rest(engine, order)
end

--- An order becomes active.
function matching.submit(engine, order)
  order.status = "New"
  if order.type == "Market" then order.price = protective_price(order.market, order) end
  order.account:activate(order)
  match(engine, order)
end

--- A resting order was changed in price or quantity: it goes to the end of the queue, and may take at once.
function matching.resubmit(engine, order)
  remove(order)
  match(engine, order)
end

-- Fills a resting order at its own price, as the maker: of a stranger's order, or of the market that passes by. Returns how
-- much.
local function give(engine, order, quantity, passing)
  local possible = fillable(order):min(quantity)
  if order.closing and possible:is_zero() then
    matching.finish(engine, order, "Cancelled", "EC_NoError", "CancelByReduceOnly")
    return ZERO
  end
  local value = order.market.instrument.kind.value(possible, order.price)
  order.market:next_seq()
  order.market:note_trade(engine.now(), order.ticks, possible, value, OTHER[order.side], engine:uuid(), passing)
  fill(engine, order, possible, order.price, value, true)
  return possible
end

--- The market has moved: what it has reached is filled, all of it, at the order's own price. With `engine.through` it has to go
--- through that price, by a tick.
function matching.cross(engine, market)
  local buys, sells, last, past = market.resting.Buy, market.resting.Sell, market.last, engine.through and 1 or 0
  while buys.best and buys.best.ticks >= last + past do give(engine, buys.best, buys.best.qty, true) end
  while sells.best and sells.best.ticks <= last - past do give(engine, sells.best, sells.best.qty, true) end
end

--- A stranger's market order of so many steps meets the accounts' orders that stand before the strangers' own.
function matching.strike(engine, market, side, steps)
  local from = OTHER[side]
  local ladder = market.resting[from]
  if not ladder.best then return end
  local touch, quantity = market:touch(from), market.instrument.qty_step * steps
  while ladder.best and quantity > ZERO and (not touch or not better(from, touch, ladder.best.ticks)) do
    quantity = quantity - give(engine, ladder.best, quantity)
  end
end

return matching
