-- Places, amends and cancels orders, one by one or all (V5 documentation, order/create, order/amend, order/cancel,
-- order/cancel-all). order_checks.lua says what an order may be.

local decimal = require("bybit.core").decimal
local checks = require "bybit.paper.engine.checks"
local matching = require "bybit.paper.engine.matching"
local order_checks = require "bybit.paper.engine.order_checks"
local short = require "bybit.paper.engine.plain"
local triggers = require "bybit.paper.engine.triggers"

local ZERO = decimal(0)

local CONDITIONAL_MAX, PARTIAL_MAX = 10, 20 -- per symbol (V5 documentation, rate limits)
local CANCEL_MAX = 500 -- of one cancel-all

local orders = {}

---------------------------------------------------------------------------------------------------------------
-- Placing.

local function count_waiting(account, symbol, f)
  local n = 0
  for index = 0, 2 do
    for _, order in ipairs(account:waiting_on(symbol, index)) do
      if f(order) then n = n + 1 end
    end
  end
  return n
end

local function is_conditional(order) return order.stop_order_type == "Stop" end
local function is_partial(order) return order.tpsl_mode == "Partial" and triggers.protects(order) end

--- May so many more partial take profits and stop losses be made? True, or nil, code and message.
function orders.room_for_partial(account, symbol, more)
  if count_waiting(account, symbol, is_partial) + more > PARTIAL_MAX then
    return nil, 110061, "Not able to have more than 20 partial TP/SL orders"
  end
  return true
end

local function check_counts(account, o, market)
  local symbol, most = market.instrument.symbol, account.engine.active_orders
  if o.trigger_price then
    if count_waiting(account, symbol, is_conditional) >= CONDITIONAL_MAX then
      return nil, 110009, "The number of stop orders exceeds the maximum allowable limit"
    end
  elseif account:active_on(symbol) >= most then
    return nil, 110020, ("You can't have more than %d active orders"):format(most)
  end
  if o.tpsl_mode ~= "Partial" then return true end
  return orders.room_for_partial(account, symbol, (o.tp and 1 or 0) + (o.sl and 1 or 0))
end

-- A reduce-only order needs a position to reduce; any other needs margin. A conditional order is checked at its trigger.
local function check_means(account, o, market)
  if o.trigger_price then return true end
  local p = account:position(market.instrument.symbol, o.index)
  if o.closing then
    if p.side == "" or o.index ~= 0 and p.side == o.side then
      return nil, 110017, "current position is zero, cannot fix reduce-only order qty"
    end
    if p.side == o.side then return nil, 110017, "reduce-only order has same side with current position" end
    o.qty = o.qty:min(p.size)
    return true
  end
  if not account:affords(market, o, o.qty, matching.reserve_price(market, o)) then
    return nil, 110007, "ab not enough for new order"
  end
  return true
end

-- "0" closes the whole position, with both flags set. A reduce-only quantity may be above the most of one order: the order
-- is split.
local function quantity_of(account, asked, o, market)
  local instrument, number = market.instrument, o.reduce_only and o.close_on_trigger and checks.number(asked.qty)
  if number and number:is_zero() then
    if o.trigger_price then return ZERO end -- what there is then
    local p = account:position(instrument.symbol, o.index)
    if p.side == "" then return nil, 110017, "current position is zero, cannot fix reduce-only order qty" end
    return p.size:min(checks.most(instrument, o.type))
  end
  return checks.quantity(asked.qty, instrument, o.type, o.reduce_only and not o.trigger_price)
end

local function make(engine, account, market, o, qty, link)
  o.qty, o.link, o.price = qty, link, o.price or ZERO
  local conditional = o.trigger_price
  if conditional then o.stop_order_type, o.create_type = "Stop", "CreateByStopOrder" else o.trigger_by = nil end
  local order = engine:new_order(account, market, o)
  if conditional then triggers.arm(engine, order) else matching.submit(engine, order) end
  return order
end

-- Checks a new order, in the exchange's order. True, or nil, code and message.
local function check_new(account, asked, o, market)
  local conditional = o.trigger_price
  local ok, code, message = checks.trading(market)
  if ok and asked.bboSideType ~= nil then ok, code, message = order_checks.from_book(asked, o, market) end
  if ok and o.type == "Limit" then
    ok, code, message = order_checks.has_price(o)
    if ok and not conditional then ok, code, message = order_checks.price_limit(account, o, market) end
    if ok then ok, code, message = order_checks.before_liquidation(account, o, market) end
  end
  if ok and market.instrument.min_notional then ok, code, message = order_checks.least_value(o, market) end
  if ok and conditional then ok, code, message = order_checks.trigger(asked, o, market) end
  if ok and (asked.slippageToleranceType ~= nil or asked.slippageTolerance ~= nil) then
    ok, code, message = order_checks.slippage(asked, o)
  end
  if ok and o.special then ok, code, message = order_checks.attached(o, market) end
  if ok then ok, code, message = check_counts(account, o, market) end
  if ok then ok, code, message = check_means(account, o, market) end
  return ok, code, message
end

--- Places an order. Returns it, or nil, code and message.
function orders.create(engine, account, asked)
  local done = short.create(engine, account, asked)
  if done then return done end
  local market, code, message = checks.market(engine, asked)
  if not market then return nil, code, message end
  local o
  o, code, message = order_checks.read_order(account, asked, market)
  if not o then return nil, code, message end
  o.qty, code, message = quantity_of(account, asked, o, market)
  if not o.qty then return nil, code, message end
  local ok
  ok, code, message = check_new(account, asked, o, market)
  if not ok then return nil, code, message end
  local most, rest = checks.most(market.instrument, o.type), o.qty
  local first = make(engine, account, market, o, o.closing and rest:min(most) or rest, o.link)
  while o.closing and rest > most do -- V5 documentation, order/create: reduceOnly splits
    rest = rest - most
    make(engine, account, market, o, rest:min(most))
  end
  engine:settle(market)
  return first
end

---------------------------------------------------------------------------------------------------------------
-- Amending.

-- The open order that orderId or orderLinkId names; orderId wins. Nil, code and message without one.
local function find(engine, account, asked, verb)
  local market, code, message = checks.market(engine, asked)
  if not market then return nil, code, message end
  if asked.orderId == nil and asked.orderLinkId == nil then
    return nil, 10001, "params error: orderId or orderLinkId is required"
  end
  local order
  if asked.orderId ~= nil then order = account.orders[asked.orderId] else order = account.links[asked.orderLinkId] end
  if not order or order.ended or order.market ~= market then
    return nil, 110001, "order not exists or too late to " .. verb
  end
  return order
end

local function read_changes(asked, order)
  local o, code, message = order_checks.read_changes(asked, order.market)
  if not o then return nil, code, message end
  o.side, o.type, o.index = order.side, order.type, order.index
  if order.type == "Market" then o.price = nil end
  if asked.qty == nil then return o end
  o.qty = checks.quantity(asked.qty, order.market.instrument, order.type)
  if not o.qty then return nil, 10001, "params error: qty err" end
  if o.qty <= order.filled then return nil, 110064, "The order quantity must be greater than the filled quantity" end
  return o
end

local PLAIN = { "price", "trigger_price", "trigger_by", "tp_by", "sl_by", "tp_limit", "sl_limit", "tpsl_mode", "qty" }

local function differs(order, name, value)
  if not value then return false end
  local old = order[name]
  if type(value) == "userdata" then return not (old and old:eq(value)) end
  return old ~= value
end

-- Does anything change? Take profit and stop loss: zero removes.
local function changes(order, o)
  if not o.special then return differs(order, "price", o.price) or differs(order, "qty", o.qty) end
  for _, name in ipairs(PLAIN) do
    if differs(order, name, o[name]) then return true end
  end
  for _, name in ipairs { "tp", "sl" } do
    local value = o[name]
    if value and (value:is_zero() and order[name] or not value:is_zero() and differs(order, name, value)) then return true end
  end
  return false
end

-- Take profit and stop loss of an order can be changed while it has no fill. A new one needs a trigger type. A limit price
-- can be changed only where there was one.
local function check_protection(order, o)
  if not (o.tp or o.sl or o.tp_limit or o.sl_limit) then return true end
  if order.filled > ZERO then return nil, 110059, "the order is part-filled, its TP/SL cannot be changed" end
  if order.closing then return nil, 110057, "reduce-only orders cannot have take profit or stop loss" end
  for _, half in ipairs { "tp", "sl" } do
    local price = o[half]
    if price and not price:is_zero() and not order[half] and not o[half .. "_by"] then
      return nil, 10001, ("params error: %sTriggerBy invalid"):format(half)
    end
    if o[half .. "_limit"] and not order[half .. "_limit"] then
      return nil, 10001, ("params error: %sLimitPrice needs a limit take profit or stop loss"):format(half)
    end
  end
  local price = o.price or order.type == "Limit" and order.price or o.trigger_price or order.trigger_price
  return order_checks.sides({ tp = o.tp, sl = o.sl, tp_by = o.tp_by or order.tp_by, sl_by = o.sl_by or order.sl_by },
    order.side, function() return price or order.market:reference "LastPrice" end)
end

local function check_trigger(order, o)
  if not (o.trigger_price or o.trigger_by) then return true end
  if not order.armed then return nil, 10001, "params error: the order is not waiting for a trigger" end
  if order.distance then return nil, 10001, "params error: a trailing stop is changed by position/trading-stop" end
  return order_checks.expectation(order.direction, o.trigger_price or order.trigger_price, o.trigger_by or order.trigger_by,
    order.market)
end

local function check_margin(account, order, o)
  if not order.active then return true end
  local qty = o.qty or order.qty
  if order.closing then
    o.qty = o.qty and o.qty:min(order.filled + account:position_of(order).size)
    return true
  end
  local price, filled = o.price or order.price, rawget(order, "filled")
  if filled then qty = qty - filled end
  local at = matching.reserve_price(order.market, { side = order.side, type = order.type, price = price, qty = qty })
  if not account:affords(order.market, order, qty, at, order) then
    return nil, 110007, "ab not enough for new order"
  end
  return true
end

-- A stop in Full mode has the position's size. position/trading-stop changes it, amending does not.
local function check_full(order)
  if triggers.protects(order) and order.tpsl_mode == "Full" then
    return nil, 110060, "TP/SL in Full mode cannot be changed by amending the order"
  end
  return true
end

local function apply(engine, order, o)
  local moved = differs(order, "price", o.price) or o.qty and o.qty > order.qty
  if o.special then
    for _, name in ipairs(PLAIN) do order[name] = o[name] or order[name] end
    for _, name in ipairs { "tp", "sl" } do
      if o[name] then order[name] = not o[name]:is_zero() and o[name] or nil end
    end
    if not (order.tp or order.sl) and not triggers.protects(order) then order.tpsl_mode = nil end
  else
    if o.price then order.price = o.price end
    if o.qty then order.qty = o.qty end
  end
  order.updated = engine.now()
  order.account:change(order)
  if order.armed then triggers.moved(engine, order) end
  triggers.unbind(order)
  if order.active and moved then
    matching.resubmit(engine, order) -- time priority is lost
  elseif engine.heard then
    engine.heard(order)
  end
end

-- Checks what an amendment says, in the exchange's order. True, or nil, code and message.
local function check_amendment(account, order, o)
  local market = order.market
  local ok, code, message = true, nil, nil
  if order.active and o.price then ok, code, message = order_checks.price_limit(account, o, market) end
  if ok and not changes(order, o) then
    return nil, 10001, "The order remains unchanged as the parameters entered match the existing ones."
  end
  if ok and market.instrument.min_notional then
    ok, code, message = order_checks.least_value({ qty = o.qty or order.qty, price = o.price or order.price,
      closing = order.closing, trigger_price = order.armed }, market)
  end
  if ok then ok, code, message = order_checks.before_liquidation(account, o, market) end
  if ok then ok, code, message = check_full(order) end
  if ok and o.special then
    ok, code, message = check_trigger(order, o)
    if ok then ok, code, message = check_protection(order, o) end
  end
  if ok then ok, code, message = check_margin(account, order, o) end
  return ok, code, message
end

--- Amends an order. Returns it, or nil, code and message. In batches conditional orders are not amended (V5
--- documentation, order/amend-batch).
function orders.amend(engine, account, asked, in_batch)
  local done = short.amend(engine, account, asked)
  if done then return done end
  local order, code, message = find(engine, account, asked, "replace")
  if not order then return nil, code, message end
  local o, ok
  o, code, message = read_changes(asked, order)
  if not o then return nil, code, message end
  if in_batch and order.armed then return nil, 10001, "conditional orders are not supported" end
  ok, code, message = check_amendment(account, order, o)
  if not ok then return nil, code, message end
  apply(engine, order, o)
  engine:settle(order.market)
  return order
end

---------------------------------------------------------------------------------------------------------------
-- Cancelling.

-- Ends an open order as its owner wants it, and the other of its pair.
local function stop(engine, order)
  local partner = triggers.unbind(order)
  for _, each in ipairs { order, partner } do
    if each.armed then
      matching.finish(engine, each, "Deactivated", "EC_NoError", "CancelByUser")
    else
      matching.finish(engine, each, "Cancelled", "EC_PerCancelRequest", "CancelByUser")
    end
  end
end

--- Cancels the order that is asked for. Returns it, or nil, code and message.
function orders.cancel(engine, account, asked)
  local order, code, message = find(engine, account, asked, "cancel")
  if not order then return nil, code, message end
  stop(engine, order)
  return order
end

-- symbol before baseCoin before settleCoin; what comes after is ignored.
local function wanted(order, asked)
  local instrument = order.market.instrument
  if instrument.category ~= (asked.category or "inverse") then return false end
  if asked.symbol then
    if order.symbol ~= asked.symbol then return false end
  elseif asked.baseCoin and instrument.base ~= asked.baseCoin or not asked.baseCoin and instrument.settle ~= asked.settleCoin then
    return false
  end
  local filter = asked.orderFilter
  if filter == "StopOrder" then
    return order.armed and (asked.stopOrderType ~= "Stop" or order.stop_order_type == "Stop")
  end
  if filter == "Order" or filter == "OpenOrder" then return order.active end
  return true
end

--- Cancels all that the filters name, at most 500. Returns the cancelled ones, or nil, code and message.
function orders.cancel_all(engine, account, asked)
  if not (asked.symbol or asked.baseCoin or asked.settleCoin) then
    return nil, 10001, "params error: symbol, baseCoin or settleCoin is required"
  end
  if asked.symbol then
    local market, code, message = checks.market(engine, asked)
    if not market then return nil, code, message end
  end
  local filter, code, message = checks.word(asked, "orderFilter", nil, false)
  if filter == nil then return nil, code, message end
  local list, done = {}, {}
  for _, order in account.open:each() do
    if wanted(order, asked) then list[#list + 1] = order end
    if #list == CANCEL_MAX then break end
  end
  for _, order in ipairs(list) do
    if not order.ended then stop(engine, order) end
    done[#done + 1] = order
  end
  return done
end

return orders
