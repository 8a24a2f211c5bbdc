-- Parameters of requests, checked in the exchange's order and refused in its words (V5 documentation, errors). A check
-- gives the value, or nil, code and message.

local decimal = require("bybit.core").decimal

local checks = {}

local WORDS = {
  side = { Buy = true, Sell = true },
  orderType = { Limit = true, Market = true },
  timeInForce = { GTC = true, IOC = true, FOK = true, PostOnly = true, RPI = true },
  trigger = { LastPrice = true, MarkPrice = true, IndexPrice = true },
  tpslMode = { Full = true, Partial = true },
  smpType = { None = true, CancelMaker = true, CancelTaker = true, CancelBoth = true },
  orderFilter = { Order = true, StopOrder = true, OpenOrder = true, tpslOrder = true },
  listFilter = { Order = true, StopOrder = true, OpenOrder = true, tpslOrder = true, OcoOrder = true,
    BidirectionalTpslOrder = true },
  slippageToleranceType = { TickSize = true, Percent = true },
  bboSideType = { Queue = true, Counterparty = true },
}

local CATEGORIES = { inverse = true, linear = true, spot = true, option = true }

local TEXTS_KEPT = 10000

-- A function of a text, with what it gave for the last texts: a program sends the same prices and quantities again and again.
-- What it gives is kept when it is not nil.
local function remembered(f)
  local known, count = {}, 0
  return function(text, ...)
    local value = known[text]
    if value ~= nil then return value end
    value = f(text, ...)
    if value == nil then return nil end
    if count == TEXTS_KEPT then known, count = {}, 0 end
    known[text], count = value, count + 1
    return value
  end
end

local number_of = remembered(function(text)
  if not text:find "^%d+%.?%d*$" or #text > 35 then return nil end
  local ok, x = pcall(decimal, (text:gsub("%.$", "")))
  return ok and x or nil
end)

--- The decimal that a text means; nil when it means none. Equal texts give the same value.
function checks.number(text)
  return type(text) == "string" and number_of(text) or nil
end

local SIMULATED = { inverse = true, linear = true }

--- The category, when it is one that is simulated; false for another one; nil with code and message when there is none such.
function checks.category(asked)
  if not CATEGORIES[asked.category or ""] then return nil, 10001, "Illegal category" end
  return SIMULATED[asked.category] and asked.category or false
end

--- The market that `symbol` names; it is one of the category (inverse when there is none, as on the v2 wire).
function checks.market(engine, asked)
  local market = engine:market(asked.symbol)
  if not market or market.instrument.category ~= (asked.category or "inverse") then
    return nil, 10001, "params error: symbol invalid"
  end
  return market
end

--- Is the contract live (V5 documentation, market/instruments-info: status)? True, or nil, code and message.
function checks.trading(market)
  if market.instrument.status ~= "Trading" then return nil, 110074, "This contract is not live" end
  return true
end

--- A moment in ms; false when it is absent.
function checks.moment(asked, name)
  if asked[name] == nil then return false end
  local ms = math.tointeger(tonumber(tostring(asked[name]):match "^%d+$"))
  if not ms then return nil, 10001, ("params error: %s invalid"):format(name) end
  return ms
end

--- Both ends of a span, ms; false: it is open there. Nil, code and message: one of them is no moment.
function checks.moments(asked, from_name, to_name)
  local from, code, message = checks.moment(asked, from_name)
  if from == nil then return nil, code, message end
  local to
  to, code, message = checks.moment(asked, to_name)
  if to == nil then return nil, code, message end
  return from, to
end

--- A word of a set; absent is fine and gives the default.
function checks.word(asked, name, set, default)
  local value = asked[name]
  if value == nil then return default end
  if not WORDS[set or name][value] then return nil, 10001, ("params error: %s invalid"):format(name) end
  return value
end

-- For each contract, the prices of the last texts that were on its tick and inside its range.
local PRICES = setmetatable({}, { __mode = "k", __index = function(self, instrument)
  self[instrument] = remembered(function(text)
    local price = number_of(text)
    return price and not price:is_zero() and (price % instrument.tick):is_zero() and price >= instrument.min_price
      and price <= instrument.max_price and price or nil
  end)
  return self[instrument]
end })

checks.prices = PRICES

--- A price on the tick and inside its range; absent gives false.
function checks.price(asked, name, instrument, zero_removes)
  local text = asked[name]
  if text == nil then return false end
  local price = type(text) == "string" and PRICES[instrument](text)
  if price then return price end
  price = checks.number(text)
  if not price then return nil, 10001, ("params error: %s invalid"):format(name) end
  if price:is_zero() then
    if zero_removes then return price end
    return false
  end
  if not (price % instrument.tick):is_zero() then
    return nil, 10001, ("params error: %s is not a multiple of the tick"):format(name)
  end
  if price < instrument.min_price or price > instrument.max_price then
    return nil, 110003, "Order price is out of permissible range"
  end
  return price
end

--- The most of one order of a type.
function checks.most(instrument, order_type)
  return order_type == "Market" and instrument.max_market_qty or instrument.max_qty
end

-- For each contract, the quantities of the last texts that are on its step and may be ordered in any way.
local QUANTITIES = setmetatable({}, { __mode = "k", __index = function(self, instrument)
  local most = instrument.max_qty:min(instrument.max_market_qty)
  self[instrument] = remembered(function(text)
    local qty = number_of(text)
    return qty and not qty:is_zero() and (qty % instrument.qty_step):is_zero() and qty >= instrument.min_qty
      and qty <= most and qty or nil
  end)
  return self[instrument]
end })

checks.quantities = QUANTITIES

--- A quantity on the step and inside its limits; `unbounded`: no matter how many.
function checks.quantity(text, instrument, order_type, unbounded)
  local qty = type(text) == "string" and QUANTITIES[instrument](text)
  if qty then return qty end
  qty = checks.number(text)
  if not qty or qty:is_zero() or not (qty % instrument.qty_step):is_zero() then return nil, 10001, "Qty invalid" end
  local most = checks.most(instrument, order_type)
  if qty > most and not unbounded then -- numbers in messages are scaled
    return nil, 10001, ("The number of contracts exceeds maximum limit allowed: too large, order_qty:%s > max_qty:%s")
      :format((qty * 100000000):round(0), (most * 100000000):round(0))
  end
  if qty < instrument.min_qty then return nil, 10001, "The number of contracts exceeds minimum limit allowed" end
  return qty
end

--- A JSON boolean, or its text; absent is false.
function checks.flag(asked, name)
  local value = asked[name]
  if value == nil or value == false or value == "false" then return false end
  if value == true or value == "true" then return true end
  return nil, 10001, ("params error: %s invalid"):format(name)
end

--- An order link id that may be used; absent gives false.
function checks.link(asked, account)
  local link = asked.orderLinkId
  if link == nil then return false end
  if type(link) ~= "string" or #link > 36 or not link:find "^[%w_%-]+$" then
    return nil, 10001, "params error: orderLinkId invalid"
  end
  if account.links[link] ~= nil then return nil, 110072, "OrderLinkedID is duplicate" end
  return link
end

local INDEXES = { ["0"] = 0, ["1"] = 1, ["2"] = 2 }

--- The position that is meant: 0 in one-way mode, 1 or 2 in hedge mode (V5 documentation, position/switch-mode).
function checks.position_index(asked, _, instrument, _, account)
  local index = INDEXES[tostring(asked.positionIdx or 0)]
  if not index or account:hedges(instrument) ~= (index > 0) then
    return nil, 10001, "position idx not match position mode"
  end
  return index
end

--- The span of a history query: both ends in ms (V5 documentation, order/history: at most seven days).
function checks.window(asked, now)
  local WEEK = 7 * 86400000
  local from, to = checks.moments(asked, "startTime", "endTime")
  if from == nil then return nil, 10001, "params error: startTime or endTime invalid" end
  if not from and not to then return now - WEEK, now + 1000 end
  if not to then return from, from + WEEK end
  if not from then return to - WEEK, to end
  if from > to or to - from > WEEK then
    return nil, 10001, "The time range between startTime and endTime cannot exceed 7 days"
  end
  return from, to
end

--- The span of time of a list about the account: `usual` ms from the start that is given, or up to the end; the last so many where
--- neither is.
---@param asked table startTime, endTime
---@param now integer ms
---@param usual integer ms
---@param longest integer ms: what one query may span
---@return integer? from ms; nil: it is refused
---@return integer to ms, or the code
---@return string? message
function checks.span(asked, now, usual, longest)
  local from, to, message = checks.moments(asked, "startTime", "endTime")
  if from == nil then return nil, to, message end
  to = to or from and from + usual or now
  from = from or to - usual
  if from > to or to - from > longest then return nil, 10001, "params error: the time range is invalid" end
  return from, to
end

return checks
