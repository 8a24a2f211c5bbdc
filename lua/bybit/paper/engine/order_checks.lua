-- Checks the parameters of order/create and order/amend, in the exchange's order, and refuses in its words (V5 documentation,
-- order/create, order/amend, error codes).

local decimal = require("bybit.core").decimal
local checks = require "bybit.paper.engine.checks"
local position = require "bybit.paper.engine.position"

local ZERO = decimal(0)

local order_checks = {}

-- Prices in messages are integers of 1/10000.
local function scaled(price)
  return (price * 10000):round(0)
end

order_checks.scaled = scaled

-- Reads parameters one after the other into a table; the first refusal ends it. A row has our name, the exchange's, what it
-- is when it is left out (nothing when false), the check, and what the check is given besides; `always` checks what is left out,
-- too. Names of ours that are not in the table are false: nothing was asked.
local function collect(list, asked, out, account)
  for i = 1, #list do
    local row = list[i]
    local name, value = row[2], row[3]
    if asked[name] ~= nil or row.always then
      local code, message
      value, code, message = row[4](asked, name, row[5], row[6], account)
      if value == nil then return nil, code, message end
    end
    if value then out[row[1]] = value end
  end
  return out
end

local function a_word(name, param, set, default)
  return { name, param, default or false, checks.word, set }
end

local function a_price(name, param, instrument, zero_removes)
  return { name, param, false, checks.price, instrument, zero_removes }
end

-- Take profit and stop loss, as orders, amendments and trading stops have them.
local function protection_list(instrument)
  return {
    a_price("tp", "takeProfit", instrument, true), a_price("sl", "stopLoss", instrument, true),
    a_word("tp_by", "tpTriggerBy", "trigger"), a_word("sl_by", "slTriggerBy", "trigger"), a_word("tpsl_mode", "tpslMode"),
    a_word("tp_type", "tpOrderType", "orderType"), a_word("sl_type", "slOrderType", "orderType"),
    a_price("tp_limit", "tpLimitPrice", instrument), a_price("sl_limit", "slLimitPrice", instrument),
  }
end

local function link(asked, _, _, _, account)
  return checks.link(asked, account)
end

-- The parameters of a new order, in the order of their checks; and each by its name on the wire.
local function order_list(instrument, market_order)
  local list = {
    a_word("side", "side"), a_word("type", "orderType"), a_word("tif", "timeInForce", nil, "GTC"),
    { "index", "positionIdx", 0, checks.position_index, instrument, always = true }, { "link", "orderLinkId", false, link },
    { "reduce_only", "reduceOnly", false, checks.flag }, { "close_on_trigger", "closeOnTrigger", false, checks.flag },
    a_price("trigger_price", "triggerPrice", instrument), a_word("trigger_by", "triggerBy", "trigger", "LastPrice"),
    a_word("smp_type", "smpType", nil, "None"),
  }
  if not market_order then list[#list + 1] = a_price("price", "price", instrument) end
  table.move(protection_list(instrument), 1, 9, #list + 1, list)
  return list
end

-- The parameters of an amendment.
local function amend_list(instrument)
  return table.move({ a_price("price", "price", instrument), a_price("trigger_price", "triggerPrice", instrument),
    a_word("trigger_by", "triggerBy", "trigger") }, 1, 3, 10, protection_list(instrument))
end

local function by_name(list)
  for i = 1, #list do list[list[i][2]] = list[i] end
  return list
end

-- The lists of a contract, made once.
local LISTS = setmetatable({}, { __mode = "k", __index = function(self, instrument)
  local lists = { protection = protection_list(instrument), limit = by_name(order_list(instrument)),
    market = by_name(order_list(instrument, true)), amend = by_name(amend_list(instrument)) }
  self[instrument] = lists
  return lists
end })

-- What most orders have, if not more.
local COMMON = { side = true, type = true, tif = true, link = true, price = true }

-- The same as `collect`, in the order in which the parameters come: nearly always none is refused. Nil: one is, perhaps not
-- the first. `special` becomes true when something is said that few say.
local function collect_given(list, asked, out, account)
  for name in next, asked do
    local row = list[name]
    if row then
      local value = row[4](asked, name, row[5], row[6], account)
      if value == nil then return nil end
      local ours = row[1]
      if value then
        out[ours] = value
        if not COMMON[ours] and value ~= 0 then out.special = true end
      end
    end
  end
  return out
end

--- What a request says of take profit and stop loss; a price of zero is kept, it removes.
function order_checks.protection(asked, instrument)
  return collect(LISTS[instrument].protection, asked, {})
end

--- The parameters of a new order. `special`: it says something besides side, type, time in force, link id, price and quantity.
function order_checks.read_order(account, asked, market)
  local order_type = asked.orderType
  if asked.side == nil then return nil, 10001, "params error: side invalid" end
  if order_type == nil then return nil, 10001, "params error: orderType invalid" end
  local lists = LISTS[market.instrument]
  local list = order_type == "Market" and lists.market or lists.limit
  local unsaid = asked.positionIdx == nil and account:hedges(market.instrument)
  local o = not unsaid and collect_given(list, asked, { -- with room
    side = nil, type = nil, tif = "GTC", index = 0, link = nil, reduce_only = nil, close_on_trigger = nil,
    trigger_by = "LastPrice", smp_type = "None", price = nil, qty = nil, closing = false, tpsl_mode = nil, special = false,
  }, account)
  if not o then return collect(list, asked, {}, account) end -- it tells the first refusal
  if order_type == "Market" then o.tif = "IOC" end
  if o.special then
    if o.tp and o.tp:is_zero() then o.tp = nil end
    if o.sl and o.sl:is_zero() then o.sl = nil end
    local closes = o.index == 1 and "Sell" or o.index == 2 and "Buy" -- in hedge mode the side says what an order does
    o.closing = o.reduce_only or o.close_on_trigger or o.side == closes
  end
  return o
end

--- The parameters of an amendment, without the quantity. `special`: it says something besides the price.
function order_checks.read_changes(asked, market)
  local list = LISTS[market.instrument].amend
  local o = collect_given(list, asked, { price = nil, qty = nil, side = nil, type = nil, index = nil, special = false })
  if not o then return collect(list, asked, {}) end
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
  o.slippage_type, o.slippage, o.special = kind, n, true
  return true
end

-- The limits with a premium above zero and one below it.
local function limits_with(market, above, below)
  local instrument, mark, index = market.instrument, market:reference "MarkPrice", market:reference "IndexPrice"
  local x, y, tick = instrument.x, instrument.y, instrument.tick
  local highest = (mark * (y + 1)):min(index:max(mark * (x + 1) + above)):to_step(tick)
  local lowest = (mark * (-y + 1)):max(index:min(mark * (-x + 1) + below)):to_step(tick, "up")
  return highest:min(instrument.max_price), lowest:max(instrument.min_price)
end

--- The highest price of a buy and the lowest of a sell (V5 documentation, market/price-limit):
--- min(mark (1 + Y), max(index, mark (1 + X) + max(0, P))), and its mirror, where P is the market's premium.
---@param now integer ms
function order_checks.price_limits(market, now)
  local premium = market:premium(now)
  return limits_with(market, ZERO:max(premium), ZERO:min(premium))
end

-- Is a price within the limits whatever the premium is? It only widens them, and they lie on both sides of the mark price.
-- Worked out once for each mark and index price.
local function surely_inside(market, side, price)
  local mark = market:reference "MarkPrice"
  if side == "Buy" and price <= mark or side == "Sell" and price >= mark then return true end
  local inside = market.inside
  if inside.mark ~= market.mark or inside.index ~= market.index then
    inside.mark, inside.index = market.mark, market.index
    inside.highest, inside.lowest = limits_with(market, ZERO, ZERO)
  end
  if side == "Buy" then return price <= inside.highest end
  return price >= inside.lowest
end

order_checks.surely_inside = surely_inside

--- An active limit order beyond the price limit is moved to it, or refused where the account wants that (V5 documentation,
--- account/set-limit-px-action). An order that waits for a trigger is checked when it is triggered.
function order_checks.price_limit(account, o, market)
  if o.type ~= "Limit" or surely_inside(market, o.side, o.price) then return true end
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
  local p = account:position(market.instrument.symbol, o.index)
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

--- A linear order has a least value; one that only closes may be smaller.
function order_checks.least_value(o, market)
  local least = market.instrument.min_notional
  if not least or o.closing or o.trigger_price then return true end
  if o.qty * (o.price or market:reference "LastPrice") >= least then return true end
  return nil, 110094, ("Order does not meet minimum order value %s%s"):format(least, market.instrument.quote)
end

function order_checks.has_price(o)
  if o.type == "Limit" and not o.price then return nil, 10001, "params error: price invalid" end
  return true
end

return order_checks
