-- Public endpoints about markets (V5 documentation, market). A category that is not simulated has empty lists, since
-- libraries that cover many products load every category at start.

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local Candles = require "bybit.paper.candles"
local declare = require "bybit.paper.declare"
local order_checks = require "bybit.paper.order_checks"
local view = require "bybit.paper.view"

local ZERO = decimal(0)

local endpoints = {}

-- A row for each market that is asked for, as endpoint lists want them.
local function of_markets(f)
  return function(engine, _, asked)
    local list = {}
    for _, market in ipairs(engine.markets) do
      local i = market.instrument
      local status = asked.status or asked.symbol and i.status or "Trading"
      if (not asked.symbol or asked.symbol == i.symbol) and (not asked.baseCoin or asked.baseCoin == i.base)
        and status == i.status then
        list[#list + 1] = { key = -i.id, shown = f(market, i, engine) }
      end
    end
    return list
  end
end

local function key_of(row) return row.key end
local function shown(row) return row.shown end

local function instrument(_, i)
  return answer.object {
    { "symbol", i.symbol }, { "symbolId", i.id }, { "contractType", "InversePerpetual" }, { "status", i.status },
    { "baseCoin", i.base }, { "quoteCoin", "USD" }, { "launchTime", tostring(i.launch) }, { "deliveryTime", "0" },
    { "deliveryFeeRate", "" }, { "priceScale", tostring(i.scale) },
    { "leverageFilter", answer.object { { "minLeverage", i.min_leverage }, { "maxLeverage", i.max_leverage:round(2) },
      { "leverageStep", i.leverage_step } } },
    { "priceFilter", answer.object { { "minPrice", i.min_price }, { "maxPrice", i.max_price }, { "tickSize", i.tick } } },
    { "lotSizeFilter", answer.object { { "maxOrderQty", i.max_qty }, { "minOrderQty", i.min_qty }, { "qtyStep", i.qty_step },
      { "postOnlyMaxOrderQty", i.max_qty }, { "maxMktOrderQty", i.max_market_qty }, { "minNotionalValue", "" } } },
    { "unifiedMarginTrade", true }, { "fundingInterval", i.funding_minutes }, { "settleCoin", i.base },
    { "copyTrading", "none" }, { "upperFundingRate", "0.005" }, { "lowerFundingRate", "-0.005" },
    { "isPreListing", false }, { "preListingInfo", answer.null },
    { "riskParameters", answer.object { { "priceLimitRatioX", i.x }, { "priceLimitRatioY", i.y } } },
    { "symbolType", "" }, { "forbidUplWithdrawal", false }, { "displayName", "" },
  }
end

endpoints["GET /v5/market/instruments-info"] = declare.list {
  auth = false, max = 1000, default = 500, key = key_of, rows = of_markets(instrument), shape = shown,
}
endpoints["GET /v5/account/instruments-info"] = declare.list {
  limit = 10, max = 200, default = 200, key = key_of, rows = of_markets(instrument), shape = shown,
}

local function best(market, side)
  local level, own = market:levels(side)[1], (side == "Buy" and market.buys or market.sells)[1]
  if own and (not level or side == "Buy" and own.ticks > level.ticks or side == "Sell" and own.ticks < level.ticks) then
    return own.ticks, own.qty - own.filled
  end
  if not level then return nil, ZERO end
  return level.ticks, level.size
end

local function ticker(market, i, engine)
  local day = market.day
  local function price(ticks) return ticks and view.padded(market, market:price(ticks)) or "" end
  local bid, bid_size = best(market, "Buy")
  local ask, ask_size = best(market, "Sell")
  local interest, mark = engine:open_interest(i.symbol), market:reference "MarkPrice"
  return answer.object {
    { "symbol", i.symbol }, { "lastPrice", price(market.last) }, { "indexPrice", price(market.index) },
    { "markPrice", price(market.mark) }, { "prevPrice24h", price(day.open) },
    { "price24hPcnt", ((market:price(market.last) - market:price(day.open)) / market:price(day.open)):round(6) },
    { "highPrice24h", price(day.high) }, { "lowPrice24h", price(day.low) }, { "prevPrice1h", price(day.open) },
    { "openInterest", interest }, { "openInterestValue", (interest / mark):round(2) },
    { "turnover24h", day.turnover:round(4) }, { "volume24h", day.volume:round(0) }, { "fundingRate", i.funding_rate },
    { "nextFundingTime", tostring(market.next_funding) }, { "predictedDeliveryPrice", "" }, { "basisRate", "" },
    { "deliveryFeeRate", "" }, { "deliveryTime", "0" }, { "ask1Size", ask_size }, { "bid1Price", price(bid) },
    { "ask1Price", price(ask) }, { "bid1Size", bid_size }, { "basis", "" }, { "preOpenPrice", "" }, { "preQty", "" },
    { "curPreListingPhase", "" }, { "fundingIntervalHour", tostring(i.funding_minutes // 60) }, { "basisRateYear", "" },
    { "fundingCap", "0.005" },
  }
end

endpoints["GET /v5/market/tickers"] = declare.list { auth = false, rows = of_markets(ticker), shape = shown }

local function limit_of(asked, default, max)
  if asked.limit == nil then return default end
  local n = math.tointeger(tonumber(tostring(asked.limit):match "^%d+$"))
  if not n or n < 1 or n > max then return nil, 10001, "params error: limit invalid" end
  return n
end

-- Levels of both strangers and accounts, best first.
local function side_of(market, side, count)
  local sizes, places = {}, {}
  local function add(ticks, size)
    if size:is_zero() then return end
    if not sizes[ticks] then places[#places + 1] = ticks end
    sizes[ticks] = (sizes[ticks] or ZERO) + size
  end
  for _, level in ipairs(market:levels(side)) do add(level.ticks, level.size) end
  for _, order in ipairs(side == "Buy" and market.buys or market.sells) do add(order.ticks, order.qty - order.filled) end
  table.sort(places, function(a, b)
    if side == "Buy" then return a > b end
    return a < b
  end)
  local out = {}
  for i = 1, math.min(count, #places) do
    out[i] = answer.list { view.padded(market, market:price(places[i])), sizes[places[i]] }
  end
  return answer.list(out)
end

endpoints["GET /v5/market/orderbook"] = declare.about_market(function(_, market, asked, context)
  local count, code, message = limit_of(asked, 25, 1000)
  if not count then return nil, code, message end
  return answer.object {
    { "s", asked.symbol }, { "a", side_of(market, "Sell", count) }, { "b", side_of(market, "Buy", count) },
    { "ts", context.now }, { "u", market.seq + 1 }, { "seq", market.seq }, { "cts", context.now },
  }
end)

endpoints["GET /v5/market/recent-trade"] = declare.about_market(function(_, market, asked)
  local count, code, message = limit_of(asked, 500, 1000)
  if not count then return nil, code, message end
  local out = {}
  for i = 1, math.min(count, #market.trades) do
    local t = market.trades[i]
    out[i] = answer.object { { "execId", t.id }, { "symbol", asked.symbol }, { "price", view.padded(market, t.price) },
      { "size", t.size }, { "side", t.side }, { "time", tostring(t.time) }, { "isBlockTrade", false },
      { "isRPITrade", false }, { "seq", tostring(t.seq) } }
  end
  return answer.object { { "category", asked.category }, { "list", answer.list(out) } }
end)

endpoints["GET /v5/market/price-limit"] = declare.about_market(function(_, market, asked, context)
  local highest, lowest = order_checks.price_limits(market, context.now)
  return answer.object { { "symbol", asked.symbol }, { "buyLmt", highest }, { "sellLmt", lowest },
    { "ts", tostring(context.now) } }
end)

endpoints["GET /v5/market/risk-limit"] = declare.list {
  auth = false, max = 1000, default = 1000, key = key_of, shape = shown,
  rows = of_markets(function(_, i) -- in percent, as the documentation's inverse example has it
    return answer.object { { "id", i.id }, { "symbol", i.symbol }, { "riskLimitValue", i.risk_limit },
      { "maintenanceMargin", i.mm_rate * 100 }, { "initialMargin", (decimal(100) / i.max_leverage) },
      { "isLowestRisk", 1 }, { "maxLeverage", i.max_leverage:round(2) }, { "mmDeduction", "" } }
  end),
}

---------------------------------------------------------------------------------------------------------------
-- The past.

local function moment(asked, name)
  if asked[name] == nil then return false end
  local ms = math.tointeger(tonumber(tostring(asked[name]):match "^%d+$"))
  if not ms then return nil, 10001, ("params error: %s invalid"):format(name) end
  return ms
end

-- Both ends of a span that may be open.
local function span(asked, from_name, to_name)
  local from, code, message = moment(asked, from_name)
  if from == nil then return nil, code, message end
  local to
  to, code, message = moment(asked, to_name)
  if to == nil then return nil, code, message end
  return from or 0, to or math.maxinteger
end

local function klines(series, volumes)
  return declare.about_market(function(_, market, asked, context)
    if not Candles.has_interval(asked.interval) then return nil, 10001, "params error: interval invalid" end
    local count, code, message = limit_of(asked, 200, 1000)
    if not count then return nil, code, message end
    local from, to
    from, to, message = span(asked, "start", "end")
    if not from then return nil, to, message end
    local out = {}
    local function price(ticks) return view.padded(market, market:price(ticks)) end
    for i, c in ipairs(market.candles:list(series, asked.interval, from, to, count, context.now)) do
      out[i] = answer.list { tostring(c.time), price(c.open), price(c.high), price(c.low), price(c.close),
        volumes and c.volume or nil, volumes and c.turnover:round(8, "half_up") or nil }
    end
    return answer.object { { "category", asked.category }, { "symbol", asked.symbol }, { "list", answer.list(out) } }
  end)
end

endpoints["GET /v5/market/kline"] = klines("last", true)
endpoints["GET /v5/market/mark-price-kline"] = klines "mark"
endpoints["GET /v5/market/index-price-kline"] = klines "index"

local INTERVALS = { ["5min"] = 1, ["15min"] = 3, ["30min"] = 6, ["1h"] = 12, ["4h"] = 48, ["1d"] = 288 } -- of 5 minutes

endpoints["GET /v5/market/open-interest"] = declare.list {
  auth = false, names_symbol = true, max = 200, default = 50, key = function(row) return row.time end,
  rows = function(engine, _, asked)
    local market, every = engine:market(asked.symbol), INTERVALS[asked.intervalTime]
    if not market then return nil, 10001, "params error: symbol invalid" end
    if not every then return nil, 10001, "params error: intervalTime invalid" end
    local from, to, message = span(asked, "startTime", "endTime")
    if not from then return nil, to, message end
    local rows = {}
    for i = #market.interests, 1, -1 do
      local row = market.interests[i]
      if row.time >= from and row.time <= to and row.time % (every * 300000) == 0 then rows[#rows + 1] = row end
    end
    return rows
  end,
  shape = function(row)
    return answer.object { { "openInterest", row.value }, { "singleOpenInterest", (row.value / 2):round(0) },
      { "timestamp", tostring(row.time) } }
  end,
}

endpoints["GET /v5/market/funding/history"] = declare.about_market(function(_, market, asked)
  local count, code, message = limit_of(asked, 200, 200)
  if not count then return nil, code, message end
  local from, to
  from, to, message = span(asked, "startTime", "endTime")
  if not from then return nil, to, message end
  if asked.startTime and not asked.endTime then return nil, 10001, "params error: startTime needs endTime" end
  local out = {}
  for i = #market.fundings, 1, -1 do
    local paid = market.fundings[i]
    if paid.time >= from and paid.time <= to and #out < count then
      out[#out + 1] = answer.object { { "symbol", asked.symbol }, { "fundingRate", paid.rate },
        { "fundingRateTimestamp", tostring(paid.time) } }
    end
  end
  return answer.object { { "category", asked.category }, { "list", answer.list(out) } }
end)

return endpoints
