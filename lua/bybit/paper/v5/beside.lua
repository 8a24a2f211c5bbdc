-- What libraries ask for besides markets and trading. Where nothing of the kind is simulated, the list is empty, as for a new
-- account, or the call is refused in the exchange's way. What would make a program feel safe is refused, not granted.

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local checks = require "bybit.paper.engine.checks"
local declare = require "bybit.paper.v5.declare"
local view = require "bybit.paper.v5.view"

local ONE = decimal(1)

local endpoints = {}

-- An endpoint of the account that always answers this.
local function always(limit, pairs_list)
  local result = answer.object(pairs_list)
  return { auth = true, permission = "read", limit = limit, handle = function() return result end }
end

local function refused(permission, code, message)
  return { auth = true, permission = permission, handle = function() return nil, code, message end }
end

local NONE = { { "nextPageCursor", "" }, { "list", answer.list {} } }

-- A list by category in which nothing ever is.
local function empty_list()
  return declare.list { max = 200, default = 50, key = function() return 0 end,
    rows = function() return {} end, shape = function() end }
end

---------------------------------------------------------------------------------------------------------------
-- Account and assets.

--- Interest of loans: there are none.
endpoints["GET /v5/account/borrow-history"] = always(50, NONE)
--- The state of market maker protection: it is for options.
endpoints["GET /v5/account/mmp-state"] = always(50, { { "result", answer.list {} } })
--- What is cancelled when a connection is lost: nothing.
endpoints["GET /v5/account/query-dcp-info"] = always(5, { { "dcpInfos", answer.list {} } })
--- Refused: it is for institutions, and nothing would be cancelled.
endpoints["POST /v5/order/disconnected-cancel-all"] =
  refused("trade", 10005, "Permission denied, please check your API key permissions.")
--- Refused: spot is not simulated.
endpoints["POST /v5/account/set-hedging-mode"] = refused("trade", 10001, "params error: spot hedging needs portfolio margin")
--- Greeks of coins: there are no options.
endpoints["GET /v5/asset/coin-greeks"] = always(50, { { "list", answer.list {} } })
--- Conversions of coins: there are none.
endpoints["GET /v5/asset/exchange/order-record"] = always(600, { { "nextPageCursor", "" }, { "orderBody", answer.list {} } })
--- Deposits from outside: there are none.
endpoints["GET /v5/asset/deposit/query-record"] = always(300, { { "rows", answer.list {} }, { "nextPageCursor", "" } })
--- Positions moved between accounts: there are none.
endpoints["GET /v5/position/move-history"] = always(10, NONE)
--- Closed positions of options: there are none.
endpoints["GET /v5/position/get-closed-positions"] = empty_list()
--- Refused: spot is not simulated.
endpoints["GET /v5/order/spot-borrow-check"] = refused("read", 10001, "params error: symbol invalid")
--- Refused: spot is not simulated.
endpoints["GET /v5/spot-cross-margin-trade/account"] = refused("read", 10001, "params error: spot margin is not simulated")

--- The coins as collateral. Under isolated margin nothing is lent.
endpoints["GET /v5/account/collateral-info"] = {
  auth = true, permission = "read", limit = 50,
  handle = function(engine, account, asked)
    local rows = declare.of_coins(engine, asked.currency, function(coin)
      return answer.object { { "availableToBorrow", "0" }, { "freeBorrowingAmount", "" }, { "freeBorrowAmount", "0" },
        { "maxBorrowingAmount", "0" }, { "hourlyBorrowRate", "0" }, { "borrowUsageRate", "0" },
        { "collateralSwitch", account:summary(coin).collateral }, { "borrowAmount", "0" }, { "borrowable", false },
        { "currency", coin }, { "otherBorrowAmount", "0" }, { "marginCollateral", true }, { "freeBorrowingLimit", "0" },
        { "collateralRatio", "0" } }
    end)
    return answer.object { { "list", answer.list(rows) } }
  end,
}

---------------------------------------------------------------------------------------------------------------
-- Ends of sessions, and deliveries of futures.

local MONTH = 30 * 86400000 -- ms: what one query may span

local MONTHS = { JAN = 1, FEB = 2, MAR = 3, APR = 4, MAY = 5, JUN = 6, JUL = 7, AUG = 8, SEP = 9, OCT = 10, NOV = 11, DEC = 12 }

-- The day that a text such as 25MAR22 names, as the exchange's dates are written; nil when it names none.
local function day_of(text)
  local day, name, year = tostring(text):match "^(%d%d?)(%u%u%u)(%d%d)$"
  return MONTHS[name or ""] and ("20%s-%02d-%02d"):format(year, MONTHS[name], tonumber(day))
end

--- Sessions of the account's positions in USDC contracts that have ended, and what was paid out.
endpoints["GET /v5/asset/settlement-record"] = declare.list {
  limit = 50, max = 50, default = 20, key = function(row) return row.row end,
  rows = function(_, account, asked)
    local from, to, message = checks.span(asked, account.engine.now(), MONTH, MONTH)
    if not from then return nil, to, message end
    local rows = {}
    for i = #account.sessions, 1, -1 do
      local row = account.sessions[i]
      if row.time >= from and row.time <= to and row.order.market.instrument.category == asked.category
        and (not asked.symbol or asked.symbol == row.order.symbol) then
        rows[#rows + 1] = row
      end
    end
    return rows
  end,
  shape = function(row)
    return answer.object { { "symbol", row.order.symbol }, { "side", row.order.side }, { "size", row.size },
      { "sessionAvgPrice", row.session }, { "markPrice", view.padded(row.order.market, row.mark) }, { "realisedPnl", row.profit },
      { "createdTime", tostring(row.time) } }
  end,
}

--- Past deliveries of the account's positions in futures.
endpoints["GET /v5/asset/delivery-record"] = declare.list {
  limit = 50, max = 50, default = 20, key = function(row) return row.row end,
  rows = function(_, account, asked)
    local from, to, message = checks.span(asked, account.engine.now(), MONTH, MONTH)
    if not from then return nil, to, message end
    local day = asked.expDate and day_of(asked.expDate)
    if asked.expDate and not day then return nil, 10001, "params error: expDate invalid" end
    local rows = {}
    for i = #account.deliveries, 1, -1 do
      local row = account.deliveries[i]
      local instrument = row.market.instrument
      if row.time >= from and row.time <= to and instrument.category == asked.category
        and (not asked.symbol or asked.symbol == instrument.symbol)
        and (not day or os.date("!%Y-%m-%d", row.time // 1000) == day) then
        rows[#rows + 1] = row
      end
    end
    return rows
  end,
  shape = function(row)
    return answer.object { { "deliveryTime", row.time }, { "symbol", row.market.instrument.symbol }, { "side", row.side },
      { "position", row.size }, { "entryPrice", row.entry }, { "deliveryPrice", row.price }, { "strike", "" }, { "fee", row.fee },
      { "deliveryRpl", row.profit } }
  end,
}

--- Prices of past deliveries.
endpoints["GET /v5/market/delivery-price"] = declare.list {
  auth = false, max = 200, default = 50, key = function(market) return market.instrument.id end,
  rows = function(engine, _, asked)
    local rows, coin = {}, asked.settleCoin or "USDC"
    for i = #engine.markets, 1, -1 do
      local market = engine.markets[i]
      local instrument = market.instrument
      if market.delivered and instrument.category == asked.category and (not asked.symbol or asked.symbol == instrument.symbol)
        and (asked.symbol or instrument.category == "inverse" or instrument.settle == coin) then
        rows[#rows + 1] = market
      end
    end
    return rows
  end,
  shape = function(market)
    return answer.object { { "symbol", market.instrument.symbol }, { "deliveryPrice", market.delivered },
      { "deliveryTime", tostring(market.instrument.delivery) } }
  end,
}

---------------------------------------------------------------------------------------------------------------
-- Public.

--- Announced and running interruptions: there are none.
endpoints["GET /v5/system/status"] = { handle = function() return answer.object { { "list", answer.list {} } } end }
--- The volatility of options: there are none.
endpoints["GET /v5/market/historical-volatility"] = { handle = function() return answer.list {} end }

-- The markets that a symbol names, or all; nil and a refusal for an unknown one.
local function markets_of(engine, symbol)
  if symbol == nil then return engine.markets end
  local market = engine:market(symbol)
  if not market then return nil, 10001, "params error: symbol invalid" end
  return { market }
end

--- The insurance pools, one for each coin. No pool ever changes.
endpoints["GET /v5/market/insurance"] = {
  handle = function(engine, _, asked, context)
    local list = declare.of_coins(engine, asked.coin, function(coin)
      return answer.object { { "coin", coin }, { "symbols", "" }, { "balance", "0" }, { "value", "0" } }
    end)
    return answer.object { { "updatedTime", tostring(context.now // 60000 * 60000) }, { "list", answer.list(list) } }
  end,
}

--- How near auto-deleveraging is: it never runs here.
endpoints["GET /v5/market/adlAlert"] = {
  handle = function(engine, _, asked, context)
    local markets, code, message = markets_of(engine, asked.symbol)
    if not markets then return nil, code, message end
    local list = {}
    for i, market in ipairs(markets) do
      list[i] = answer.object { { "coin", market.instrument.settle }, { "symbol", market.instrument.symbol }, { "balance", "0" },
        { "maxBalance", "" }, { "insurancePnlRatio", "-0.3" }, { "pnlRatio", "0" }, { "adlTriggerThreshold", "10000" },
        { "adlStopRatio", "-0.25" } }
    end
    return answer.object { { "updatedTime", tostring(context.now // 60000 * 60000) }, { "list", answer.list(list) } }
  end,
}

local SOURCES = { { "Paper1", "0.5" }, { "Paper2", "0.3" }, { "Paper3", "0.2" } }

--- What the index price is made of: three sources that agree.
endpoints["GET /v5/market/index-price-components"] = {
  handle = function(engine, _, asked, context)
    local market = engine:market(asked.indexName)
    if not market then return nil, 10001, "params error: indexName invalid" end
    local price, list = market:reference "IndexPrice", {}
    for i, source in ipairs(SOURCES) do
      list[i] = answer.object { { "exchange", source[1] }, { "spotPair", asked.indexName }, { "equivalentPrice", price },
        { "multiplier", "1" }, { "price", price }, { "weight", source[2] } }
    end
    return answer.object { { "indexName", asked.indexName }, { "lastPrice", price }, { "updateTime", tostring(context.now) },
      { "components", answer.list(list) } }
  end,
}

--- The fees of professional accounts: one group, with the fees of everybody.
endpoints["GET /v5/market/fee-group-info"] = {
  handle = function(engine, _, asked, context)
    if asked.productType ~= "contract" then return nil, 10001, "params error: productType invalid" end
    local list = {}
    if asked.groupId == nil or asked.groupId == "1" then
      local symbols = {}
      for i, market in ipairs(engine.markets) do symbols[i] = market.instrument.symbol end
      local first = engine.markets[1].instrument
      list[1] = answer.object { { "groupName", "G1(Major Coins)" }, { "weightingFactor", 1 }, { "symbolsNumbers", #symbols },
        { "symbols", answer.list(symbols) },
        { "feeRates", answer.object { { "pro", answer.list { answer.object { { "level", "Pro1" },
          { "takerFeeRate", first.taker }, { "makerFeeRate", first.maker }, { "makerRebate", "" } } } },
          { "marketMaker", answer.list {} } } },
        { "updateTime", tostring(context.now // 86400000 * 86400000) } }
    end
    return answer.object { { "list", answer.list(list) } }
  end,
}

local PERIODS = { ["5min"] = 1, ["15min"] = 3, ["30min"] = 6, ["1h"] = 12, ["4h"] = 48, ["1d"] = 288 } -- of 5 minutes
local FIRST = 1595203200000 -- ms: 2020-07-20, where the exchange's data begins

-- The share of accounts that are long at a moment: between 0.45 and 0.55, the same in every run.
local function share(id, time)
  local mixed = (id * 1000003 + time // 300000) * -7046029254386353131
  return decimal(4500 + (mixed ~ mixed >> 29) % 1001) / 10000
end

--- How many accounts are long and short: drawn, since nobody else has an account here.
endpoints["GET /v5/market/account-ratio"] = declare.list {
  auth = false, bare = false, max = 500, default = 50, key = function(row) return row.time end,
  rows = function(engine, _, asked, place)
    local market, every = asked.symbol and engine:market(asked.symbol), PERIODS[asked.period]
    if not market then return nil, 10001, "params error: symbol invalid" end
    if not every then return nil, 10001, "params error: period invalid" end
    local step, rows = every * 300000, {}
    local to = math.tointeger(tonumber(asked.endTime)) or engine.now()
    local from = math.max(math.tointeger(tonumber(asked.startTime)) or FIRST, FIRST)
    local time = math.min(to, engine.now()) // step * step
    if place.after then time = math.min(time, place.after - step) end
    while time >= from and #rows < place.room do
      rows[#rows + 1] = { time = time, symbol = asked.symbol, long = share(market.instrument.id, time) }
      time = time - step
    end
    return rows
  end,
  shape = function(row)
    return answer.object { { "symbol", row.symbol }, { "buyRatio", row.long }, { "sellRatio", ONE - row.long },
      { "timestamp", tostring(row.time) } }
  end,
}

return endpoints
