-- Public endpoints about markets (V5 documentation, market). A category that is not simulated has empty lists, since
-- libraries that cover many products load every category at start.

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local checks = require "bybit.paper.checks"
local orders = require "bybit.paper.orders"
local view = require "bybit.paper.view"

local ZERO = decimal(0)

local endpoints = {}

local function in_category(asked)
  if asked.category == nil then return nil, 10001, "Illegal category" end
  return checks.category(asked)
end

-- The rows of the markets that are asked for; nil, code and message when there is none of that name.
local function rows(engine, asked, ours, f)
  local list = {}
  if not ours then return list end
  if asked.symbol and not engine:market(asked.symbol) then return nil, 10001, "params error: symbol invalid" end
  for _, market in ipairs(engine.markets) do
    local i = market.instrument
    if (not asked.symbol or asked.symbol == i.symbol) and (not asked.baseCoin or asked.baseCoin == i.base) then
      list[#list + 1] = f(market, i)
    end
  end
  return list
end

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

local function instruments_info(engine, _, asked, context)
  local ours, code, message = in_category(asked)
  if ours == nil then return nil, code, message end
  local list
  list, code, message = rows(engine, asked, ours, function(market, i) return { key = -i.id, of = instrument(market, i) } end)
  if not list then return nil, code, message end
  local page, next_cursor
  page, next_cursor, message = context:page(list, asked, { default = 500, max = 1000, key = function(r) return r.key end })
  if not page then return nil, next_cursor, message end
  local out = {}
  for i, row in ipairs(page) do out[i] = row.of end
  return answer.object { { "category", asked.category }, { "list", answer.list(out) }, { "nextPageCursor", next_cursor } }
end

endpoints["GET /v5/market/instruments-info"] = { handle = instruments_info }
endpoints["GET /v5/account/instruments-info"] = { auth = true, permission = "read", limit = 10, handle = instruments_info }

local function best(market, side)
  local level, own = market:levels(side)[1], (side == "Buy" and market.buys or market.sells)[1]
  if own and (not level or side == "Buy" and own.ticks > level.ticks or side == "Sell" and own.ticks < level.ticks) then
    return own.ticks, own.qty - own.filled
  end
  if not level then return nil, ZERO end
  return level.ticks, level.size
end

local function open_interest(engine, symbol)
  local total = ZERO
  for _, account in ipairs(engine.accounts) do total = total + account:position(symbol).size end
  return total + 240000000
end

local function ticker(engine)
  return function(market, i)
    local day = market.day
    local function price(ticks) return ticks and view.padded(market, market:price(ticks)) or "" end
    local bid, bid_size = best(market, "Buy")
    local ask, ask_size = best(market, "Sell")
    local interest, mark = open_interest(engine, i.symbol), market:reference "MarkPrice"
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
end

endpoints["GET /v5/market/tickers"] = {
  handle = function(engine, _, asked)
    local ours, code, message = in_category(asked)
    if ours == nil then return nil, code, message end
    local list
    list, code, message = rows(engine, asked, ours, ticker(engine))
    if not list then return nil, code, message end
    return answer.object { { "category", asked.category }, { "list", answer.list(list) } }
  end,
}

local function limit_of(asked, default, max)
  if asked.limit == nil then return default end
  local n = math.tointeger(tonumber(tostring(asked.limit):match "^%d+$"))
  if not n or n < 1 or n > max then return nil, 10001, "params error: limit invalid" end
  return n
end

-- An endpoint about one symbol; category "linear" where none is given, as the exchange has it.
local function about(f)
  return {
    handle = function(engine, _, asked, context)
      local ours, code, message = in_category(asked)
      if ours == nil then return nil, code, message end
      local market = ours and engine:market(asked.symbol)
      if not market then return nil, 10001, "params error: symbol invalid" end
      return f(engine, market, asked, context)
    end,
  }
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

endpoints["GET /v5/market/orderbook"] = about(function(_, market, asked, context)
  local count, code, message = limit_of(asked, 25, 1000)
  if not count then return nil, code, message end
  return answer.object {
    { "s", asked.symbol }, { "a", side_of(market, "Sell", count) }, { "b", side_of(market, "Buy", count) },
    { "ts", context.now }, { "u", market.seq + 1 }, { "seq", market.seq }, { "cts", context.now },
  }
end)

endpoints["GET /v5/market/recent-trade"] = about(function(_, market, asked)
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

endpoints["GET /v5/market/price-limit"] = about(function(_, market, asked, context)
  local highest, lowest = { side = "Buy", price = market.instrument.max_price }, { side = "Sell",
    price = market.instrument.min_price }
  orders.limit_price({}, highest, market)
  orders.limit_price({}, lowest, market)
  return answer.object { { "symbol", asked.symbol }, { "buyLmt", highest.price }, { "sellLmt", lowest.price },
    { "ts", tostring(context.now) } }
end)

endpoints["GET /v5/market/risk-limit"] = {
  handle = function(engine, _, asked)
    local ours, code, message = in_category(asked)
    if ours == nil then return nil, code, message end
    local list
    list, code, message = rows(engine, asked, ours, function(_, i)
      return answer.object { { "id", i.id }, { "symbol", i.symbol }, { "riskLimitValue", "150" },
        { "maintenanceMargin", i.mm_rate * 100 }, { "initialMargin", (decimal(100) / i.max_leverage) },
        { "isLowestRisk", 1 }, { "maxLeverage", i.max_leverage:round(2) }, { "mmDeduction", "" } }
    end)
    if not list then return nil, code, message end
    return answer.object { { "category", asked.category }, { "list", answer.list(list) }, { "nextPageCursor", "" } }
  end,
}

return endpoints
