-- Orders that wait for a price: conditional orders, take profits, stop losses, trailing stops. Those that protect a position
-- follow its size and end with it (V5 documentation, order/create and position/trading-stop).

local decimal = require("bybit.core").decimal
local checks = require "bybit.paper.engine.checks"
local Ladder = require "bybit.paper.engine.ladder"
local Rows = require "bybit.paper.engine.rows"
local matching = require "bybit.paper.engine.matching"
local order_checks = require "bybit.paper.engine.order_checks"

local ZERO = decimal(0)
local OTHER = { Buy = "Sell", Sell = "Buy" }

local triggers = {}

-- Kinds of protecting orders: their mode, and the cancel type of such an order when the other of its pair fires.
local KINDS = {
  TakeProfit = { mode = "Full", pair = "StopLoss", gone = "CancelByOCOTpCanceledBySlTriggered" },
  StopLoss = { mode = "Full", pair = "TakeProfit", gone = "CancelByOCOSlCanceledByTpTriggered" },
  PartialTakeProfit = { mode = "Partial", gone = "CancelByOCOTpCanceledBySlTriggered" },
  PartialStopLoss = { mode = "Partial", gone = "CancelByOCOSlCanceledByTpTriggered" },
  TrailingStop = { mode = "Full" },
}

--- Does this order protect a position?
function triggers.protects(order)
  return KINDS[order.stop_order_type] ~= nil
end

---------------------------------------------------------------------------------------------------------------
-- Those that wait on a symbol: in the order of their arming, and at their trigger prices by what they wait for, so that
-- the heads of six ladders tell whether a price has reached any. Trailing stops move with the price and stand on none.

local PRICES = { LastPrice = "last", MarkPrice = "mark", IndexPrice = "index" }

--- What waits on a symbol, when nothing does.
function triggers.none()
  local watch = { rows = Rows.new "arming", armed = 0, trailing = 0, rising = {}, falling = {} }
  for by in pairs(PRICES) do watch.rising[by], watch.falling[by] = Ladder.new(false), Ladder.new(true) end
  return watch
end

--- The orders that wait on a symbol, of all accounts, in the order of their arming.
function triggers.waiting(engine, symbol)
  return engine.armed[symbol].rows:list()
end

local function stand(watch, order)
  if order.distance then
    watch.trailing = watch.trailing + 1
    return
  end
  order.ticks = order.market:ticks(order.trigger_price)
  order.ladder = (order.direction == 1 and watch.rising or watch.falling)[order.trigger_by]
  order.ladder:add(order)
end

local function leave(watch, order)
  if order.distance then
    watch.trailing = watch.trailing - 1
    return
  end
  order.ladder:remove(order)
  order.ladder = nil
end

--- Makes an order wait.
function triggers.arm(engine, order)
  local watch, waiting = engine.armed[order.symbol], order.standing.waiting
  watch.armed = watch.armed + 1
  order.status, order.armed, order.arming = "Untriggered", true, watch.armed
  watch.rows:add(order)
  waiting[#waiting + 1] = order
  stand(watch, order)
  if engine.heard then engine.heard(order) end
end

--- What a waiting order waits for has changed.
function triggers.moved(engine, order)
  local watch = engine.armed[order.symbol]
  leave(watch, order)
  stand(watch, order)
end

--- An order no longer waits.
function triggers.forget(engine, order)
  if not order.armed then return end
  local watch, waiting = engine.armed[order.symbol], order.standing.waiting
  leave(watch, order)
  watch.rows:remove(order)
  order.armed = nil
  for i, candidate in ipairs(waiting) do
    if candidate == order then
      table.remove(waiting, i)
      return
    end
  end
end

-- Has a price reached any that waits? Of trailing stops nothing is known beforehand.
local function any_due(watch, market)
  if watch.rows.count == 0 then return false end
  if watch.trailing > 0 then return true end
  for by, name in pairs(PRICES) do
    local now, rising, falling = market[name], watch.rising[by].best, watch.falling[by].best
    if rising and now >= rising.ticks or falling and now <= falling.ticks then return true end
  end
  return false
end

---------------------------------------------------------------------------------------------------------------
-- Protection.

--- One leg of a pair is changed or goes: the two are no longer bound. Returns the other, when it still waits.
function triggers.unbind(order)
  local partner = order.partner
  if not partner then return nil end
  order.partner, partner.partner = nil, nil
  return partner.armed and partner or nil
end

local function end_waiting(engine, order, cancel_type)
  matching.finish(engine, order, "Deactivated", "EC_NoError", cancel_type)
end

-- The waiting orders that protect a position of an account, oldest first.
local function protecting(account, symbol, index)
  local list = {}
  for _, order in ipairs(account:waiting_on(symbol, index)) do
    if triggers.protects(order) then list[#list + 1] = order end
  end
  return list
end

--- The full-mode protecting order of a kind that a position has; nil without one.
---@param index integer? the position's, 0 when left out
function triggers.full(account, symbol, index, kind)
  for _, order in ipairs(account:waiting_on(symbol, index)) do
    if order.stop_order_type == kind then return order end
  end
end

-- A long's take profit waits for a rise and its stop loss for a fall; a short's the other way round. A trailing stop is
-- a stop loss.
local function rising(side, kind)
  return (side == "Sell") == (kind:find "TakeProfit" ~= nil)
end

-- Makes an order that protects a position.
---@param wanted { kind: string, price: any, by: string?, qty: any, limit: any, parent: string?, distance: any,
---  active_price: any }
local function protect(engine, account, market, index, wanted)
  local p = account:position(market.instrument.symbol, index)
  local side = OTHER[p.side]
  local order = engine:new_order(account, market, {
    side = side, index = index, qty = wanted.qty or p.size, type = wanted.limit and "Limit" or "Market",
    price = wanted.limit or ZERO, tif = wanted.limit and "GTC" or "IOC", reduce_only = true, close_on_trigger = true,
    closing = true, trigger_price = wanted.price or ZERO, trigger_by = wanted.by or "LastPrice",
    stop_order_type = wanted.kind, create_type = "CreateBy" .. wanted.kind,
    direction = rising(side, wanted.kind) and 1 or 2, parent = wanted.parent, tpsl_mode = KINDS[wanted.kind].mode,
    distance = wanted.distance, active_price = wanted.active_price,
  })
  if wanted.kind == "TrailingStop" then
    order.started = wanted.active_price == nil
    order.extreme = market:reference "LastPrice"
    order.trigger_price = wanted.active_price or order.extreme + (side == "Sell" and -wanted.distance or wanted.distance)
  end
  triggers.arm(engine, order)
  return order
end

--- Sets, replaces or (price zero) removes a full-mode take profit or stop loss. Returns whether anything changed.
---@param index integer the position's
function triggers.set_full(engine, account, market, index, kind, price, by, parent)
  local old = triggers.full(account, market.instrument.symbol, index, kind)
  if price and price:is_zero() then
    if not old then return false end
    end_waiting(engine, old, "CancelByUser")
    return true
  end
  if old then
    local same = (not price or old.trigger_price:eq(price)) and (not by or old.trigger_by == by)
    if same then return false end
    old.trigger_price, old.trigger_by, old.updated = price or old.trigger_price, by or old.trigger_by, engine.now()
    triggers.moved(engine, old)
    if engine.heard then engine.heard(old) end
    return true
  end
  if not price then return false end
  protect(engine, account, market, index, { kind = kind, price = price, by = by, parent = parent })
  return true
end

--- Sets, replaces or (distance zero) removes the trailing stop. Returns whether anything changed.
---@param index integer the position's
function triggers.set_trailing(engine, account, market, index, distance, active_price)
  local old = triggers.full(account, market.instrument.symbol, index, "TrailingStop")
  if not distance and not (old and active_price) then return false end
  if distance and distance:is_zero() then
    if not old then return false end
    end_waiting(engine, old, "CancelByUser")
    return true
  end
  if old then
    local same = (not distance or old.distance:eq(distance))
      and (not active_price or old.active_price ~= nil and old.active_price:eq(active_price))
    if same then return false end
    end_waiting(engine, old, "CancelByUser")
  end
  protect(engine, account, market, index, { kind = "TrailingStop", distance = distance or old.distance,
    active_price = active_price or old and old.active_price })
  return true
end

--- Adds a partial take profit, stop loss, or pair of them; each half goes when the other fires. Returns both.
---@param tp { price: any, by: string?, limit: any }?
---@param sl { price: any, by: string?, limit: any }?
---@param index integer the position's
function triggers.add_partial(engine, account, market, index, qty, tp, sl, parent)
  local function half(kind, given)
    return given and protect(engine, account, market, index, { kind = kind, price = given.price, by = given.by, qty = qty,
      limit = given.limit, parent = parent })
  end
  local a, b = half("PartialTakeProfit", tp), half("PartialStopLoss", sl)
  if a and b then a.partner, b.partner = b, a end
  return a, b
end

-- Attached partial stops have the quantity that their order has filled. Each further fill adds to it.
local function attach_partial(engine, order, opened)
  local grown = false
  for _, half in ipairs(order.attached or {}) do
    if half.armed then
      half.qty, half.updated, grown = half.qty + opened, engine.now(), true
      if engine.heard then engine.heard(half) end
    end
  end
  if grown then return end
  local a, b = triggers.add_partial(engine, order.account, order.market, order.index, opened,
    order.tp and { price = order.tp, by = order.tp_by, limit = order.tp_limit },
    order.sl and { price = order.sl, by = order.sl_by, limit = order.sl_limit }, order.link)
  order.attached = { a or b, a and b }
end

-- What was attached to an order protects what it has opened.
local function attach(engine, order, opened)
  if order.tpsl_mode == "Partial" then return attach_partial(engine, order, opened) end
  for _, half in ipairs { { "TakeProfit", "tp" }, { "StopLoss", "sl" } } do
    local kind, name = half[1], half[2]
    if order[name] then
      triggers.set_full(engine, order.account, order.market, order.index, kind, order[name], order[name .. "_by"], order.link)
    end
  end
end

--- After a fill: protection is made, follows the position, or goes with it.
function triggers.after_fill(engine, order, opened)
  local protects = order.tp or order.sl
  engine.stirred[order.market] = true
  if not protects and #order.standing.waiting == 0 then return end
  local account, symbol, index = order.account, order.symbol, order.index
  local p = order.standing.position
  if p.side == "" or p.side == order.side then -- closed, or opened on this side: what protected the other side goes
    for _, waiting in ipairs(protecting(account, symbol, index)) do
      if p.side == "" or waiting.side == p.side then end_waiting(engine, waiting, "CancelByTpSlTsClear") end
    end
  end
  if protects and not order.closing and opened > ZERO then attach(engine, order, opened) end
  for _, waiting in ipairs(protecting(account, symbol, index)) do
    if KINDS[waiting.stop_order_type].mode == "Full" then waiting.qty = p.size end
  end
end

local function trail(order, market)
  local now = market:reference(order.trigger_by)
  local selling = order.side == "Sell"
  if not order.started then
    order.started = selling and now >= order.active_price or not selling and now <= order.active_price
    order.extreme = now
    if not order.started then return false end
  end
  order.extreme = selling and order.extreme:max(now) or not selling and order.extreme:min(now)
  order.trigger_price = selling and order.extreme - order.distance or order.extreme + order.distance
  if selling then return now <= order.trigger_price end
  return now >= order.trigger_price
end

local function due(order, market)
  if order.distance then return trail(order, market) end
  local now = market[PRICES[order.trigger_by]]
  if order.direction == 1 then return now >= order.ticks end
  return now <= order.ticks
end

-- Ends the other order of a pair.
local function cancel_partner(engine, order)
  local kind = KINDS[order.stop_order_type]
  if not kind then return end
  local partner = kind.pair and triggers.full(order.account, order.symbol, order.index, kind.pair) or triggers.unbind(order)
  if partner then end_waiting(engine, partner, KINDS[partner.stop_order_type].gone) end
end

-- Cuts an order that only closes to the position's size. False when there is nothing to close.
local function cut(order)
  local p = order.account:position_of(order)
  if p.side == "" or p.side == order.side then return false end
  if triggers.protects(order) and order.tpsl_mode == "Full" then
    order.qty = p.size
  elseif order.qty:is_zero() then
    order.qty = p.size:min(checks.most(order.market.instrument, order.type))
  else
    order.qty = order.qty:min(p.size)
  end
  return true
end

local function fire(engine, order)
  triggers.forget(engine, order)
  order.triggered, order.updated = engine.now(), engine.now()
  cancel_partner(engine, order)
  if not order_checks.price_limit(order.account, order, order.market) then
    return matching.finish(engine, order, "Cancelled", "EC_ReachRiskPriceLimit")
  end
  if order.closing then
    if not cut(order) then return matching.finish(engine, order, "Cancelled", "EC_NoError", "CancelByReduceOnly") end
  elseif not order.account:affords(order.market, order, order.qty, matching.reserve_price(order.market, order)) then
    return matching.finish(engine, order, "Cancelled", "EC_Others") -- margin is asked for at the trigger
  end
  matching.submit(engine, order)
end

--- Fires what the market's prices have reached, in the order of arming; what that moves may fire more.
function triggers.check(engine, market)
  local watch = engine.armed[market.instrument.symbol]
  for _ = 1, 100 do
    local fired = false
    if not any_due(watch, market) then return end
    for _, order in ipairs(watch.rows:list()) do
      if order.armed and due(order, market) then
        fire(engine, order)
        fired = true
      end
    end
    if not fired then return end
  end
end

return triggers
