-- Public endpoints about markets (V5 documentation, market). A category that is not simulated has empty lists, since
-- libraries that cover many products load every category at start.

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local Candles = require "bybit.paper.engine.candles"
local checks = require "bybit.paper.engine.checks"
local declare = require "bybit.paper.v5.declare"
local order_checks = require "bybit.paper.engine.order_checks"
local view = require "bybit.paper.v5.view"

local ZERO = decimal(0)
local padded = require("bybit.paper_engine").padded

local endpoints = {}

-- A row for each market that is asked for, as endpoint lists want them. `any`: all contracts of a base coin are told, whatever the
-- category.
local function of_markets(f, any)
  return function(engine, _, asked)
    local list = {}
    for _, market in ipairs(asked.symbol and { engine.by_symbol[asked.symbol] } or engine.markets) do
      local i = market.instrument
      local status = asked.status or asked.symbol and i.status or "Trading"
      if (not asked.symbol or asked.symbol == i.symbol) and (not asked.baseCoin or asked.baseCoin == i.base)
        and (i.category == asked.category or any and asked.baseCoin and not asked.symbol) and status == i.status then
        list[#list + 1] = { key = -i.id, shown = f(market, i, engine) }
      end
    end
    return list
  end
end

local function key_of(row) return row.key end
local function shown(row) return row.shown end

local KINDS = { inverse = "Inverse", linear = "Linear" }

local function instrument(_, i)
  local future, cap = i.delivery ~= nil, i.delivery and "" or "0.005"
  return answer.object {
    { "symbol", i.symbol }, { "symbolId", i.id },
    { "contractType", KINDS[i.category] .. (future and "Futures" or "Perpetual") }, { "status", i.status },
    { "baseCoin", i.base }, { "quoteCoin", i.quote }, { "launchTime", tostring(i.launch) },
    { "deliveryTime", tostring(i.delivery or 0) }, { "deliveryFeeRate", i.delivery_fee or "" },
    { "priceScale", tostring(i.scale) },
    { "leverageFilter", answer.object { { "minLeverage", i.min_leverage }, { "maxLeverage", i.max_leverage:round(2) },
      { "leverageStep", i.leverage_step } } },
    { "priceFilter", answer.object { { "minPrice", i.min_price }, { "maxPrice", i.max_price }, { "tickSize", i.tick } } },
    { "lotSizeFilter", answer.object { { "maxOrderQty", i.max_qty }, { "minOrderQty", i.min_qty }, { "qtyStep", i.qty_step },
      { "postOnlyMaxOrderQty", i.max_qty }, { "maxMktOrderQty", i.max_market_qty },
      { "minNotionalValue", i.min_notional or "" } } },
    { "unifiedMarginTrade", true }, { "fundingInterval", future and 0 or i.funding_minutes }, { "settleCoin", i.settle },
    { "copyTrading", "none" }, { "upperFundingRate", cap }, { "lowerFundingRate", future and "" or "-" .. cap },
    { "isPreListing", false }, { "preListingInfo", answer.null },
    { "riskParameters", answer.object { { "priceLimitRatioX", i.x }, { "priceLimitRatioY", i.y } } },
    { "symbolType", "" }, { "forbidUplWithdrawal", false }, { "displayName", "" },
  }
end

--- The contracts: steps of price and quantity, limits, coins.
endpoints["GET /v5/market/instruments-info"] = declare.list {
  auth = false, max = 1000, default = 500, key = key_of, rows = of_markets(instrument, true), shape = shown,
}
--- The contracts, as the account may trade them.
endpoints["GET /v5/account/instruments-info"] = declare.list {
  limit = 10, max = 200, default = 200, key = key_of, rows = of_markets(instrument), shape = shown,
}

local function best(market, side)
  local level, own = market:best_level(side), market.resting[side].best
  if own and (not level or side == "Buy" and own.ticks > level.ticks or side == "Sell" and own.ticks < level.ticks) then
    return own.ticks, own.qty - own.filled
  end
  if not level then return nil, ZERO end
  return level.ticks, level.size
end

local TICKER = answer.shape {
  { "symbol", "symbol" }, { "lastPrice", "last" }, { "indexPrice", "index" }, { "markPrice", "mark" }, { "prevPrice24h", "open" },
  { "price24hPcnt", "change" }, { "highPrice24h", "high" }, { "lowPrice24h", "low" }, { "prevPrice1h", "hour_ago" },
  { "openInterest", "interest" }, { "openInterestValue", "interest_value" }, { "turnover24h", "turnover" },
  { "volume24h", "volume" }, { "fundingRate", "rate", "" }, { "nextFundingTime", "next", "0", text = true },
  { "predictedDeliveryPrice", "predicted", "" }, { "basisRate", "basis_rate", "" }, { "deliveryFeeRate", "fee", "" },
  { "deliveryTime", "delivery", "0", text = true }, { "ask1Size", "ask_size" }, { "bid1Price", "bid", "" },
  { "ask1Price", "ask", "" }, { "bid1Size", "bid_size" }, { "basis", "basis", "" }, { "preOpenPrice", value = "" },
  { "preQty", value = "" }, { "curPreListingPhase", value = "" }, { "fundingIntervalHour", "hours", "", text = true },
  { "basisRateYear", value = "" }, { "fundingCap", "cap", "" },
}

-- What perpetuals have and futures do not, and the other way round.
local function add_funding_or_delivery(out, market, i)
  if not i.delivery then
    out.rate, out.next, out.hours, out.cap = i.funding_rate, market.next_funding, i.funding_minutes // 60, "0.005"
    return
  end
  local index = market:reference "IndexPrice"
  local basis = market:reference "LastPrice" - index
  out.predicted, out.basis, out.basis_rate = out.index, basis, (basis / index):round(8)
  out.fee, out.delivery = i.delivery_fee, i.delivery
end

local function ticker(market, i, engine)
  local now, places = engine.now(), market.places
  engine:look(market)
  local day, last, mark = market.candles:day(now), market:reference "LastPrice", market:reference "MarkPrice"
  local bid, bid_size = best(market, "Buy")
  local ask, ask_size = best(market, "Sell")
  local interest, open = engine:open_interest(i.symbol), market:price(day.open)
  local out = {
    symbol = i.symbol, last = padded(last, places), mark = padded(mark, places),
    index = padded(market:reference "IndexPrice", places), open = padded(open, places),
    change = (last / open - 1):round(6, "down"), high = padded(market:price(day.high), places),
    low = padded(market:price(day.low), places), hour_ago = padded(market:price(market.candles:hour_ago(now)), places),
    interest = interest, interest_value = i.kind.value(interest, mark):round(2), turnover = day.turnover:round(4),
    volume = i.category == "inverse" and day.volume:round(0) or day.volume, ask_size = ask_size, bid_size = bid_size,
    bid = bid and padded(market:price(bid), places), ask = ask and padded(market:price(ask), places),
    rate = nil, next = nil, hours = nil, cap = nil, -- with room for them
  }
  add_funding_or_delivery(out, market, i)
  return answer.row(TICKER, out)
end

--- Last, bid, ask, mark and index price, and the figures of the day.
endpoints["GET /v5/market/tickers"] = declare.list { auth = false, rows = of_markets(ticker), shape = shown }

local function limit_of(asked, default, max)
  if asked.limit == nil then return default end
  local n = math.tointeger(tonumber(tostring(asked.limit):match "^%d+$"))
  if not n or n < 1 or n > max then return nil, 10001, "params error: limit invalid" end
  return n
end

-- Levels of both strangers and accounts, best first. `third`: what stands behind price and size, if anything.
local function side_of(market, side, count, third)
  local sizes, places = {}, {}
  local function add(ticks, size)
    if size:is_zero() then return end
    if not sizes[ticks] then places[#places + 1] = ticks end
    sizes[ticks] = (sizes[ticks] or ZERO) + size
  end
  for _, level in ipairs(market:levels(side)) do add(level.ticks, level.size) end
  local ladder, rungs, at = market.resting[side], 0, nil
  local order = ladder.best
  while order do
    if order.ticks ~= at then rungs, at = rungs + 1, order.ticks end
    if rungs > count then break end
    add(order.ticks, order.qty - order.filled)
    order = ladder:next(order)
  end
  table.sort(places, function(a, b)
    if side == "Buy" then return a > b end
    return a < b
  end)
  local out = {}
  for i = 1, math.min(count, #places) do
    out[i] = answer.list { view.padded(market, market:price(places[i])), sizes[places[i]], third }
  end
  return answer.list(out)
end

local function book(default, max, third)
  return declare.about_market(function(_, market, asked, context)
    local count, code, message = limit_of(asked, default, max)
    if not count then return nil, code, message end
    return answer.object {
      { "s", asked.symbol }, { "a", side_of(market, "Sell", count, third) }, { "b", side_of(market, "Buy", count, third) },
      { "ts", context.now }, { "u", market.seq + 1 }, { "seq", market.seq }, { "cts", context.now },
    }
  end)
end

--- The order book.
endpoints["GET /v5/market/orderbook"] = book(25, 1000)
--- The order book to its full depth.
endpoints["GET /v5/market/full_orderbook"] = book(10000, 10000)
--- The order book with the part of each level that is for retail alone: none.
endpoints["GET /v5/market/rpi_orderbook"] = book(50, 50, "0")

--- The latest public trades.
endpoints["GET /v5/market/recent-trade"] = declare.about_market(function(_, market, asked)
  local count, code, message = limit_of(asked, 500, 1000)
  if not count then return nil, code, message end
  local out, trades = {}, market.trades
  for i = 1, math.min(count, #trades) do
    local t = trades[#trades + 1 - i]
    local size, id = market:told(t)
    out[i] = answer.object { { "execId", id }, { "symbol", asked.symbol },
      { "price", view.padded(market, market:price(t.ticks)) }, { "size", size }, { "side", t.side },
      { "time", tostring(t.time) }, { "isBlockTrade", false },
      { "isRPITrade", false }, { "seq", tostring(t.seq) } }
  end
  return answer.object { { "category", asked.category }, { "list", answer.list(out) } }
end)

--- The highest price to buy at and the lowest to sell at.
endpoints["GET /v5/market/price-limit"] = declare.about_market(function(_, market, asked, context)
  local highest, lowest = order_checks.price_limits(market, context.now)
  return answer.object { { "symbol", asked.symbol }, { "buyLmt", highest }, { "sellLmt", lowest },
    { "ts", tostring(context.now) } }
end, "linear")

--- The tiers of risk: how large a position may be at which leverage.
endpoints["GET /v5/market/risk-limit"] = declare.list {
  auth = false, max = 1000, default = 1000, key = key_of, shape = shown,
  rows = of_markets(function(_, i) -- in percent, as the documentation's inverse example has it; of linear ones it was seen as parts
    local whole = decimal(i.category == "inverse" and 100 or 1)
    return answer.object { { "id", i.id }, { "symbol", i.symbol }, { "riskLimitValue", i.risk_limit },
      { "maintenanceMargin", i.mm_rate * whole }, { "initialMargin", whole / i.max_leverage },
      { "isLowestRisk", 1 }, { "maxLeverage", i.max_leverage:round(2) }, { "mmDeduction", "" } }
  end),
}

---------------------------------------------------------------------------------------------------------------
-- The past.

-- Both ends of a span; false: it is open there.
local function span(asked, from_name, to_name)
  local from, to, message = checks.moments(asked, from_name, to_name)
  if from == nil then return nil, to, message end
  if from and to and from > to then return nil, 10001, ("params error: %s is after %s"):format(from_name, to_name) end
  return from, to
end

-- The candles that are asked for, as lists of texts: row(candle, i) makes one, of series(from, to, count).
local function candles(row, series)
  return declare.about_market(function(_, market, asked, context)
    if not Candles.has_interval(asked.interval) then return nil, 10001, "params error: interval invalid" end
    local count, code, message = limit_of(asked, 200, 1000)
    if not count then return nil, code, message end
    local from, to
    from, to, message = span(asked, "start", "end")
    if from == nil then return nil, to, message end
    local out, lists = {}, {}
    for k, name in ipairs(series) do
      lists[k] = market.candles:list(name, asked.interval, from or nil, to or nil, count, context.now)
    end
    for i, c in ipairs(lists[1]) do out[i] = answer.list(row(market, c, lists[2] and lists[2][i])) end
    return answer.object { { "category", asked.category }, { "symbol", asked.symbol }, { "list", answer.list(out) } }
  end, "linear")
end

local function klines(name, volumes)
  return candles(function(market, c)
    local function price(ticks) return view.padded(market, market:price(ticks)) end
    return { tostring(c.time), price(c.open), price(c.high), price(c.low), price(c.close),
      volumes and c.volume or nil, volumes and c.turnover:round(8, "half_up") or nil }
  end, { name })
end

-- By how much of it the mark price was above the index price. Of a candle the two ends are known.
local function premium(market, mark, index)
  local function part(name)
    local from = market:price(index[name])
    return ((market:price(mark[name]) - from) / from):round(6)
  end
  local open, close = part "open", part "close"
  return { tostring(mark.time), open, open:max(close), open:min(close), close }
end

--- Candles of the last price.
endpoints["GET /v5/market/kline"] = klines("last", true)
--- Candles of the mark price.
endpoints["GET /v5/market/mark-price-kline"] = klines "mark"
--- Candles of the index price.
endpoints["GET /v5/market/index-price-kline"] = klines "index"
--- Candles of the premium: how far the mark price is from the index price, as a part of it.
endpoints["GET /v5/market/premium-index-price-kline"] = candles(premium, { "mark", "index" })

local INTERVALS = { ["5min"] = 1, ["15min"] = 3, ["30min"] = 6, ["1h"] = 12, ["4h"] = 48, ["1d"] = 288 } -- of 5 minutes

--- Open interest over time.
endpoints["GET /v5/market/open-interest"] = declare.list {
  auth = false, names_symbol = true, max = 200, default = 50, key = function(row) return row.time end,
  rows = function(engine, _, asked)
    local market, every = asked.symbol and engine:market(asked.symbol), INTERVALS[asked.intervalTime]
    if not market then return nil, 10001, "params error: symbol invalid" end
    if not every then return nil, 10001, "params error: intervalTime invalid" end
    local from, to, message = span(asked, "startTime", "endTime")
    if from == nil then return nil, to, message end
    from, to = from or 0, to or math.maxinteger
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

--- Past funding rates.
endpoints["GET /v5/market/funding/history"] = declare.about_market(function(_, market, asked)
  local count, code, message = limit_of(asked, 200, 200)
  if not count then return nil, code, message end
  local from, to
  from, to, message = span(asked, "startTime", "endTime")
  if from == nil then return nil, to, message end
  if from and not to then return nil, 10001, "Time is invalid" end -- seen
  from, to = from or 0, to or math.maxinteger
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
