-- What an order may be: the parameters of order/create and order/amend, checked in the exchange's order and refused in
-- its words (V5 documentation, order/create, order/amend, error codes). Nothing is changed here.

local decimal = require("bybit.core").decimal
local checks = require "bybit.paper.checks"
local position = require "bybit.paper.position"

local ZERO = decimal(0)

local order_checks = {}

-- Prices in messages are integers of 1/10000.
local function scaled(price)
  return (price * 10000):round(0)
end

order_checks.scaled = scaled

-- Runs checks one after the other into a table; the first refusal ends it.
local function collect(list, asked)
  local out = {}
  for _, entry in ipairs(list) do
    local value, code, message = entry[2](asked, table.unpack(entry, 3))
    if value == nil then return nil, code, message end
    out[entry[1]] = value
  end
  return out
end

-- Take profit and stop loss, as orders, amendments and trading stops have them.
local function protection_list(instrument)
  return {
    { "tp", checks.price, "takeProfit", instrument, true }, { "sl", checks.price, "stopLoss", instrument, true },
    { "tp_by", checks.word, "tpTriggerBy", "trigger", false }, { "sl_by", checks.word, "slTriggerBy", "trigger", false },
    { "tpsl_mode", checks.word, "tpslMode", nil, false },
    { "tp_type", checks.word, "tpOrderType", "orderType", false },
    { "sl_type", checks.word, "slOrderType", "orderType", false },
    { "tp_limit", checks.price, "tpLimitPrice", instrument }, { "sl_limit", checks.price, "slLimitPrice", instrument },
  }
end

--- What a request says of take profit and stop loss; a price of zero is kept, it removes.
function order_checks.protection(asked, instrument)
  return collect(protection_list(instrument), asked)
end

--- The parameters of a new order.
function order_checks.read_order(account, asked, market)
  local instrument = market.instrument
  for _, name in ipairs { "side", "orderType" } do
    if asked[name] == nil then return nil, 10001, ("params error: %s invalid"):format(name) end
  end
  local list = {
    { "side", checks.word, "side" }, { "type", checks.word, "orderType" },
    { "tif", checks.word, "timeInForce", nil, "GTC" }, { "index", checks.position_index },
    { "link", checks.link, account }, { "reduce_only", checks.flag, "reduceOnly" },
    { "close_on_trigger", checks.flag, "closeOnTrigger" }, { "trigger_price", checks.price, "triggerPrice", instrument },
    { "trigger_by", checks.word, "triggerBy", "trigger", "LastPrice" },
    { "smp_type", checks.word, "smpType", nil, "None" },
  }
  if asked.orderType ~= "Market" then list[#list + 1] = { "price", checks.price, "price", instrument } end
  table.move(protection_list(instrument), 1, 9, #list + 1, list)
  local o, code, message = collect(list, asked)
  if not o then return nil, code, message end
  for _, name in ipairs { "tp", "sl" } do
    if o[name] and o[name]:is_zero() then o[name] = false end
  end
  if o.type == "Market" then o.tif = "IOC" end
  o.closing = o.reduce_only or o.close_on_trigger
  return o
end

---------------------------------------------------------------------------------------------------------------
-- Take profit and stop loss.

--- For a long, take profit above and stop loss below the reference price; for a short the reverse. `reference(by)` gives
--- the price that a side is compared with.
function order_checks.sides(o, side, reference)
  local buy = side == "Buy"
  for _, half in ipairs { { "tp", "TakeProfit", buy }, { "sl", "StopLoss", not buy } } do
    local price, above = o[half[1]], half[3]
    if price and not price:is_zero() then
      local by = o[half[1] .. "_by"] or "LastPrice"
      local base = reference(by)
      if above and price <= base or not above and price >= base then
        return nil, 10001, ("%s:%s set for %s position should %s than base_price:%s??%s"):format(half[2], scaled(price), side,
          above and "higher" or "lower", scaled(base), by)
      end
    end
  end
  return true
end

--- Full mode is market orders only; in Partial mode a limit order needs its price.
function order_checks.protection_types(o)
  for _, half in ipairs { "tp", "sl" } do
    local kind, limit = o[half .. "_type"], o[half .. "_limit"]
    if kind and not o.tpsl_mode then
      return nil, 10001, ("%sOrderType can not have a value when tpSlMode is empty"):format(half)
    end
    if kind == "Limit" and o.tpsl_mode ~= "Partial" then
      return nil, 10001, ("params error: %sOrderType Limit needs tpslMode Partial"):format(half)
    end
    if kind == "Limit" and not limit then return nil, 10001, ("params error: %sLimitPrice invalid"):format(half) end
    if limit and kind ~= "Limit" then
      return nil, 10001, ("params error: %sLimitPrice needs %sOrderType Limit"):format(half, half)
    end
  end
  return true
end

--- What may be attached to a new order.
function order_checks.attached(o, market)
  if o.closing and (o.tp or o.sl) then
    return nil, 110057, "reduce-only orders cannot have take profit or stop loss"
  end
  local ok, code, message = order_checks.protection_types(o)
  if not ok then return nil, code, message end
  if not o.tpsl_mode and (o.tp or o.sl) then o.tpsl_mode = "Full" end
  return order_checks.sides(o, o.side, function() return o.price or o.trigger_price or market:reference "LastPrice" end)
end

---------------------------------------------------------------------------------------------------------------
-- Trigger, price, quantity.

--- Direction 1 waits for a rise, 2 for a fall, so the price must not be there yet.
function order_checks.expectation(direction, trigger_price, by, market)
  local now = market:reference(by)
  local code, text
  if direction == 1 and trigger_price <= now then
    code, text = 110092, "expect Rising, but trigger_price[%s] <= current[%s]??%s"
  elseif direction == 2 and trigger_price >= now then
    code, text = 110093, "expect Falling, but trigger_price[%s] >= current[%s]??%s"
  else
    return true
  end
  return nil, code, text:format(scaled(trigger_price), scaled(now), by)
end

function order_checks.trigger(asked, o, market)
  if not o.trigger_price then return true end
  local direction = tostring(asked.triggerDirection or "")
  if direction ~= "1" and direction ~= "2" then return nil, 10001, "params error: TriggerDirection invalid" end
  o.direction = direction == "1" and 1 or 2
  return order_checks.expectation(o.direction, o.trigger_price, o.trigger_by, market)
end

--- Slippage tolerance, of market orders that are not conditional: 1 to 10000 ticks, or 0.01 to 10 percent.
function order_checks.slippage(asked, o)
  local kind, text = asked.slippageToleranceType, asked.slippageTolerance
  if kind == nil and text == nil then return true end
  if o.type ~= "Market" or o.trigger_price then return nil, 10001, "params error: slippageTolerance is for market orders" end
  local n = checks.number(text)
  if kind == "TickSize" then
    if not n or not n:tointeger() or n < 1 or n > 10000 then return nil, 110108, "slippageTolerance out of range" end
  elseif kind == "Percent" then
    if not n or n < "0.01" or n > 10 or not n:round(2):eq(n) then return nil, 110109, "slippageTolerance out of range" end
  else
    return nil, 10001, "params error: slippageToleranceType invalid"
  end
  o.slippage_type, o.slippage = kind, n
  return true
end

--- The highest price of a buy and the lowest of a sell (V5 documentation, market/price-limit):
--- min(mark (1 + Y), max(index, mark (1 + X) + max(0, P))), and its mirror, where P is the market's premium.
---@param now integer ms
function order_checks.price_limits(market, now)
  local instrument, mark, index = market.instrument, market:reference "MarkPrice", market:reference "IndexPrice"
  local x, y, tick, premium = instrument.x, instrument.y, instrument.tick, market:premium(now)
  local highest = (mark * (y + 1)):min(index:max(mark * (x + 1) + ZERO:max(premium))):to_step(tick)
  local lowest = (mark * (-y + 1)):max(index:min(mark * (-x + 1) + ZERO:min(premium))):to_step(tick, "up")
  return highest:min(instrument.max_price), lowest:max(instrument.min_price)
end

--- Beyond the price limit a price is moved to it, or refused where the account wants that (V5 documentation,
--- account/set-limit-px-action).
function order_checks.price_limit(account, o, market)
  if o.type ~= "Limit" or o.trigger_price then return true end
  local highest, lowest = order_checks.price_limits(market, account.engine.now())
  local beyond = o.side == "Buy" and o.price > highest or o.side == "Sell" and o.price < lowest
  if not beyond then return true end
  if account.refuse_beyond_limit then return nil, 110003, "Order price is out of permissible range" end
  o.price = o.side == "Buy" and highest or lowest
  return true
end

--- While a position is open, a limit price must be better than its liquidation price (V5 documentation, order/create:
--- price); the code is not documented.
function order_checks.before_liquidation(account, o, market)
  if o.type ~= "Limit" or not o.price then return true end
  local p = account:position(market.instrument.symbol)
  local at = position.liquidation_price(p, market.instrument)
  if not at or p.side == "Buy" and o.price > at or p.side == "Sell" and o.price < at then return true end
  return nil, 110003, "Order price is out of permissible range"
end

--- The price of a best-bid-or-offer order: so many levels into the book.
function order_checks.from_book(asked, o, market)
  local kind = asked.bboSideType
  if kind == nil then return true end
  local level = tostring(asked.bboLevel or "1"):match "^[1-5]$"
  if (kind ~= "Queue" and kind ~= "Counterparty") or not level or o.type ~= "Limit" then
    return nil, 10001, "params error: bboSideType or bboLevel invalid"
  end
  local side = (kind == "Queue") == (o.side == "Buy") and "Buy" or "Sell"
  local found = market:levels(side)[tonumber(level)]
  if not found then return nil, 110118, "no price at this level of the book" end
  o.price = market:price(found.ticks)
  return true
end

function order_checks.has_price(o)
  if o.type == "Limit" and not o.price then return nil, 10001, "params error: price invalid" end
  return true
end

return order_checks
