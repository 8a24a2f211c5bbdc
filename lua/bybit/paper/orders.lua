-- Orders from their placing to their end: what may be placed, amended and cancelled, and what is refused in which
-- words (V5 documentation, order/create, order/amend, order/cancel, order/cancel-all).

local decimal = require("bybit.core").decimal
local checks = require "bybit.paper.checks"
local matching = require "bybit.paper.matching"
local triggers = require "bybit.paper.triggers"

local ZERO = decimal(0)

local ACTIVE_MAX, CONDITIONAL_MAX, PARTIAL_MAX = 500, 10, 20 -- per symbol (V5 documentation, rate limits)

local orders = {}

-- Runs checks one after the other into a table; the first refusal ends it.
local function collect(list)
  local out = {}
  for _, entry in ipairs(list) do
    local value, code, message = entry[2](table.unpack(entry, 3))
    if value == nil then return nil, code, message end
    if entry[1] == "flag" then out[entry[4]] = code else out[entry[1]] = value end
  end
  return out
end

local function check_flag(asked, name)
  return checks.flag(asked, name)
end

local function check_trigger_word(asked, name)
  return checks.word(asked, name, "trigger", false)
end

--- What is said about take profit and stop loss, in orders and amendments.
local function protection_checks(asked, instrument, removes)
  return {
    { "tp", checks.price, asked, "takeProfit", instrument, removes },
    { "sl", checks.price, asked, "stopLoss", instrument, removes },
    { "tp_by", check_trigger_word, asked, "tpTriggerBy" }, { "sl_by", check_trigger_word, asked, "slTriggerBy" },
    { "tpsl_mode", checks.word, asked, "tpslMode", nil, false },
    { "tp_type", checks.word, asked, "tpOrderType", "orderType", "Market" },
    { "sl_type", checks.word, asked, "slOrderType", "orderType", "Market" },
    { "tp_limit", checks.price, asked, "tpLimitPrice", instrument },
    { "sl_limit", checks.price, asked, "slLimitPrice", instrument },
  }
end

-- Sides: for a long, take profit above and stop loss below the reference price; for a short the reverse.
local function check_sides(o, side, reference, by)
  local function refuse(name, price, word)
    local scale = decimal(10000)
    return nil, 10001, ("%s:%s set for %s position should %s than base_price:%s??%s"):format(name,
      (price * scale):round(0), side, word, (reference * scale):round(0), by or "LastPrice")
  end
  local buy = side == "Buy"
  if o.tp and not o.tp:is_zero() and (buy and o.tp <= reference or not buy and o.tp >= reference) then
    return refuse("TakeProfit", o.tp, buy and "higher" or "lower")
  end
  if o.sl and not o.sl:is_zero() and (buy and o.sl >= reference or not buy and o.sl <= reference) then
    return refuse("StopLoss", o.sl, buy and "lower" or "higher")
  end
  return true
end

local function check_protection(o, side, reference)
  if o.reduce_only and (o.tp or o.sl) then return nil, 110057, "reduce-only orders cannot have take profit or stop loss" end
  local limit = o.tp_type == "Limit" or o.sl_type == "Limit"
  if limit and not o.tpsl_mode then return nil, 10001, "slOrderType can not have a value when tpSlMode is empty" end
  if limit and o.tpsl_mode ~= "Partial" then return nil, 10001, "params error: tpOrderType Limit needs tpslMode Partial" end
  if o.tp_type == "Limit" and not o.tp_limit or o.sl_type == "Limit" and not o.sl_limit then
    return nil, 10001, "params error: tpLimitPrice or slLimitPrice missing"
  end
  return check_sides(o, side, reference)
end

local function check_direction(asked, o, market)
  if not o.trigger_price then return true end
  local direction = tostring(asked.triggerDirection or "")
  if direction ~= "1" and direction ~= "2" then return nil, 10001, "params error: TriggerDirection invalid" end
  o.direction = direction == "1" and 1 or 2
  local now = market:reference(o.trigger_by)
  local scale = decimal(10000)
  local function words(text, sign)
    return (text .. ", but trigger_price[%s] %s current[%s]??%s"):format((o.trigger_price * scale):round(0), sign,
      (now * scale):round(0), o.trigger_by)
  end
  if o.direction == 1 and o.trigger_price <= now then return nil, 110092, words("expect Rising", "<=") end
  if o.direction == 2 and o.trigger_price >= now then return nil, 110093, words("expect Falling", ">=") end
  return true
end

local function check_slippage(asked, o)
  local kind, text = asked.slippageToleranceType, asked.slippageTolerance
  if kind == nil and text == nil then return true end
  local n = checks.number(text)
  if kind == "TickSize" then
    if not n or not n:tointeger() or n < 1 or n > 10000 then return nil, 110108, "slippageTolerance out of range" end
  elseif kind == "Percent" then
    if not n or n < "0.01" or n > 10 or not n:round(2):eq(n) then return nil, 110109, "slippageTolerance out of range" end
  else
    return nil, 10001, "params error: slippageToleranceType invalid"
  end
  if o.type ~= "Market" or o.trigger_price then return nil, 10001, "params error: slippageTolerance is for market orders" end
  o.slippage_type, o.slippage = kind, n
  return true
end

-- Beyond the price limit a price is moved to it, or refused where the account wants that.
local function limit_price(account, o, market)
  local instrument, mark, index = market.instrument, market:reference "MarkPrice", market:reference "IndexPrice"
  local x, y, tick = instrument.x, instrument.y, instrument.tick
  local highest = (mark * (y + 1)):min(index:max(mark * (x + 1))):to_step(tick)
  local lowest = (mark * (-y + 1)):max(index:min(mark * (-x + 1))):to_step(tick, "up")
  local beyond = o.side == "Buy" and o.price > highest or o.side == "Sell" and o.price < lowest
  if not beyond then return true end
  if account.refuse_beyond_limit then return nil, 110003, "Order price is out of permissible range" end
  o.price = o.side == "Buy" and highest or lowest
  return true
end

orders.limit_price = limit_price

-- The price of a best-bid-or-offer order: so many levels into the book.
local function bbo_price(asked, o, market)
  local kind = asked.bboSideType
  if kind == nil then return true end
  local level = tostring(asked.bboLevel or "1"):match "^[1-5]$"
  if (kind ~= "Queue" and kind ~= "Counterparty") or not level or o.type ~= "Limit" then
    return nil, 10001, "params error: bboSideType or bboLevel invalid"
  end
  local side = (kind == "Queue") == (o.side == "Buy") and "Buy" or "Sell"
  o.price = market:price(market:levels(side)[tonumber(level)].ticks)
  return true
end

local function count(account, symbol, f)
  local n = 0
  for _, order in ipairs(account.open) do
    if order.symbol == symbol and f(order) then n = n + 1 end
  end
  return n
end

local function is_conditional(order) return order.stop_order_type == "Stop" and order.armed end
local function is_active(order) return order.active end
local function is_partial(order) return order.armed and order.tpsl_mode == "Partial" and triggers.protects(order) end

local function check_counts(account, o, symbol)
  if o.trigger_price then
    if count(account, symbol, is_conditional) >= CONDITIONAL_MAX then
      return nil, 110009, "The number of stop orders exceeds the maximum allowable limit"
    end
  elseif count(account, symbol, is_active) >= ACTIVE_MAX then
    return nil, 110020, "You can't have more than 500 active orders"
  end
  if o.tpsl_mode == "Partial" and (o.tp or o.sl) and count(account, symbol, is_partial) >= PARTIAL_MAX then
    return nil, 110061, "Not able to have more than 20 partial TP/SL orders"
  end
  return true
end

-- Reduce-only orders need something to reduce, margin must cover what opens.
local function check_means(engine, account, o, market)
  local p = account:position(market.instrument.symbol)
  if o.reduce_only then
    if o.trigger_price then return true end
    if p.side == "" then return nil, 110017, "current position is zero, cannot fix reduce-only order qty" end
    if p.side == o.side then return nil, 110017, "reduce-only order has same side with current position" end
    return true
  end
  if o.trigger_price then return true end
  local price = o.type == "Limit" and o.price or market:reference "LastPrice"
  if account:cost_of(market, o.side, o.qty, price) > account:summary(market.instrument.base).available then
    return nil, 110007, "ab not enough for new order"
  end
  return engine ~= nil
end

-- "0" closes the whole position, with both flags set.
local function quantity_of(account, asked, o, market)
  local zero = asked.qty and checks.number(asked.qty)
  if zero and zero:is_zero() and o.reduce_only and o.close_on_trigger then
    local p = account:position(market.instrument.symbol)
    if p.side == "" then return nil, 110017, "current position is zero, cannot fix reduce-only order qty" end
    local most = o.type == "Market" and market.instrument.max_market_qty or market.instrument.max_qty
    return p.size:min(most)
  end
  return checks.quantity(asked.qty, market.instrument, o.type == "Market")
end

local function read_order(account, asked, market)
  local instrument = market.instrument
  local list = {
    { "side", checks.word, asked, "side" }, { "type", checks.word, asked, "orderType" },
    { "tif", checks.word, asked, "timeInForce", nil, "GTC" }, { "index", checks.position_index, asked },
    { "link", checks.link, account, asked },
    { "flag", check_flag, asked, "reduceOnly" }, { "flag", check_flag, asked, "closeOnTrigger" },
    { "trigger_price", checks.price, asked, "triggerPrice", instrument },
    { "trigger_by", checks.word, asked, "triggerBy", "trigger", "LastPrice" },
    { "smp_type", checks.word, asked, "smpType", nil, "None" },
    { "price", checks.price, asked, "price", instrument },
  }
  for _, entry in ipairs(protection_checks(asked, instrument)) do list[#list + 1] = entry end
  for _, name in ipairs { "side", "orderType" } do
    if asked[name] == nil then return nil, 10001, ("params error: %s invalid"):format(name) end
  end
  local o, code, message = collect(list)
  if not o then return nil, code, message end
  o.reduce_only, o.close_on_trigger = o.reduceOnly, o.closeOnTrigger
  if o.type == "Market" then o.tif = "IOC" end
  return o
end

--- Places an order. Returns it, or nil, code and message.
function orders.create(engine, account, asked)
  local market, code, message = checks.market(engine, asked)
  if not market then return nil, code, message end
  local o
  o, code, message = read_order(account, asked, market)
  if not o then return nil, code, message end
  o.qty, code, message = quantity_of(account, asked, o, market)
  if not o.qty then return nil, code, message end
  local reference = o.trigger_price or o.type == "Limit" and o.price or market:reference "LastPrice"
  for _, check in ipairs {
    function() return bbo_price(asked, o, market) end,
    function() return o.type == "Market" or o.price and true or nil, 10001, "params error: price invalid" end,
    function() return o.type == "Market" or o.trigger_price or limit_price(account, o, market) end,
    function() return check_direction(asked, o, market) end,
    function() return check_slippage(asked, o) end,
    function() return check_protection(o, o.side, o.price or reference) end,
    function() return check_counts(account, o, asked.symbol) end,
    function() return check_means(engine, account, o, market) end,
  } do
    local ok
    ok, code, message = check()
    if not ok then return nil, code, message end
  end
  local order = engine:new_order {
    account = account, market = market, side = o.side, type = o.type, qty = o.qty, price = o.price or ZERO, tif = o.tif,
    link = o.link or nil, reduce_only = o.reduce_only, close_on_trigger = o.close_on_trigger, smp_type = o.smp_type,
    trigger_price = o.trigger_price or nil, trigger_by = o.trigger_price and o.trigger_by or nil, direction = o.direction,
    stop_order_type = o.trigger_price and "Stop" or nil, tp = o.tp or nil, sl = o.sl or nil, tp_by = o.tp_by or nil,
    sl_by = o.sl_by or nil, tpsl_mode = o.tpsl_mode or (o.tp or o.sl) and "Full" or nil, tp_limit = o.tp_limit or nil,
    sl_limit = o.sl_limit or nil, slippage_type = o.slippage_type, slippage = o.slippage,
    create_type = o.trigger_price and "CreateByStopOrder" or "CreateByUser",
  }
  if order.trigger_price then triggers.arm(engine, order) else matching.submit(engine, order) end
  engine:settle(market)
  return order
end

--- The order that orderId or orderLinkId names; orderId wins. Nil, code and message without one.
function orders.find(account, asked, verb)
  if asked.orderId == nil and asked.orderLinkId == nil then
    return nil, 10001, "params error: orderId or orderLinkId is required"
  end
  local order
  if asked.orderId ~= nil then order = account.orders[asked.orderId] else order = account.links[asked.orderLinkId] end
  if not order or not (order.active or order.armed) then
    return nil, 110001, "order not exists or too late to " .. verb
  end
  return order
end

local function read_changes(asked, market)
  local list = { { "price", checks.price, asked, "price", market.instrument },
    { "trigger_price", checks.price, asked, "triggerPrice", market.instrument },
    { "trigger_by", check_trigger_word, asked, "triggerBy" } }
  for _, entry in ipairs(protection_checks(asked, market.instrument, true)) do list[#list + 1] = entry end
  return collect(list)
end

-- New quantity: the total, above what is filled.
local function read_quantity(asked, order)
  if asked.qty == nil then return false end
  local qty = checks.quantity(asked.qty, order.market.instrument, order.type == "Market")
  if not qty then return nil, 10001, "params error: qty err" end
  if qty <= order.filled then return nil, 110064, "The order quantity must be greater than the filled quantity" end
  return qty
end

local PLAIN = { "price", "trigger_price", "trigger_by", "tp_by", "sl_by", "tp_limit", "sl_limit", "tpsl_mode" }

local function differs(order, name, value)
  if not value then return false end
  local old = order[name]
  if type(value) == "userdata" then return not (old and old:eq(value)) end
  return old ~= value
end

-- Does anything change? Take profit and stop loss: zero removes.
local function changes(order, o)
  for _, name in ipairs(PLAIN) do
    if differs(order, name, o[name]) then return true end
  end
  for _, name in ipairs { "tp", "sl" } do
    local value = o[name]
    if value and (value:is_zero() and order[name] or not value:is_zero() and differs(order, name, value)) then return true end
  end
  return o.qty and not o.qty:eq(order.qty) or false
end

local function check_amendment(account, order, o)
  if not changes(order, o) then
    return nil, 10001, "The order remains unchanged as the parameters entered match the existing ones."
  end
  if order.active and (o.trigger_price or o.trigger_by) then
    return nil, 10001, "params error: the order was triggered already"
  end
  if (o.tp or o.sl) and order.filled > ZERO then
    return nil, 110059, "the order is part-filled, its TP/SL cannot be changed"
  end
  local ok, code, message = check_sides(o, order.side, o.price or order.price)
  if not ok then return nil, code, message end
  if order.armed and o.trigger_price and order.stop_order_type == "Stop" then
    local now = order.market:reference(o.trigger_by or order.trigger_by)
    if order.direction == 1 and o.trigger_price <= now then return nil, 110092, "expect Rising" end
    if order.direction == 2 and o.trigger_price >= now then return nil, 110093, "expect Falling" end
  end
  if order.active and not order.reduce_only then
    local price, qty = o.price or order.price, o.qty or order.qty
    local base = order.market.instrument.base
    local freed = account:cost_of(order.market, order.side, order.qty - order.filled, order.price)
    local needed = account:cost_of(order.market, order.side, qty - order.filled, price)
    if needed - freed > account:summary(base).available then return nil, 110007, "ab not enough for new order" end
  end
  return true
end

--- Amends an order. Returns it, or nil, code and message.
function orders.amend(engine, account, asked)
  local market, code, message = checks.market(engine, asked)
  if not market then return nil, code, message end
  local order, o, ok
  order, code, message = orders.find(account, asked, "replace")
  if not order or order.market ~= market then return nil, code or 110001, message or "order not exists or too late to replace" end
  o, code, message = read_changes(asked, market)
  if not o then return nil, code, message end
  o.side = order.side
  if o.price and order.type == "Limit" then
    ok, code, message = limit_price(account, o, market)
    if not ok then return nil, code, message end
  end
  o.qty, code, message = read_quantity(asked, order)
  if o.qty == nil then return nil, code, message end
  ok, code, message = check_amendment(account, order, o)
  if not ok then return nil, code, message end
  for _, name in ipairs(PLAIN) do order[name] = o[name] or order[name] end
  for _, name in ipairs { "tp", "sl" } do
    if o[name] then order[name] = not o[name]:is_zero() and o[name] or nil end
  end
  order.qty = o.qty or order.qty
  order.updated = engine.now()
  if order.active and (o.price or o.qty) then -- time priority is lost
    matching.remove(order)
    matching.submit(engine, order)
    if order.active and order.filled > ZERO then order.status = "PartiallyFilled" end
  end
  engine:settle(market)
  return order
end

--- Cancels an order that is open.
function orders.stop(engine, order)
  local waiting = order.armed
  matching.finish(engine, order, waiting and "Deactivated" or "Cancelled", waiting and "EC_NoError" or "EC_PerCancelRequest",
    "CancelByUser")
end

--- Cancels the order that is asked for. Returns it, or nil, code and message.
function orders.cancel(engine, account, asked)
  local market, code, message = checks.market(engine, asked)
  if not market then return nil, code, message end
  local order
  order, code, message = orders.find(account, asked, "cancel")
  if not order or order.market ~= market then return nil, code or 110001, message or "order not exists or too late to cancel" end
  orders.stop(engine, order)
  return order
end

local function wanted(order, asked)
  if asked.symbol then
    if order.symbol ~= asked.symbol then return false end
  elseif order.market.instrument.base ~= (asked.baseCoin or asked.settleCoin) then
    return false
  end
  local filter = asked.orderFilter
  if filter == "StopOrder" then
    if not order.armed then return false end
    return asked.stopOrderType ~= "Stop" or order.stop_order_type == "Stop"
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
  local list = {}
  for _, order in ipairs(account:open_orders()) do
    if #list < 500 and wanted(order, asked) then list[#list + 1] = order end
  end
  for _, order in ipairs(list) do
    if order.active or order.armed then orders.stop(engine, order) end
  end
  return list
end

return orders
