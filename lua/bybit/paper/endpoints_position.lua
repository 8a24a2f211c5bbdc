-- Endpoints of positions and wallets (V5 documentation, position and account).

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local checks = require "bybit.paper.checks"
local triggers = require "bybit.paper.triggers"
local view = require "bybit.paper.view"

local ZERO = decimal(0)

local endpoints = {}

-- An endpoint about one symbol of the simulated category.
local function about_symbol(limit, f)
  return {
    auth = true, permission = "trade", limit = limit,
    handle = function(engine, account, asked, context)
      local ours, code, message = checks.category(asked)
      if ours == nil then return nil, code, message end
      if not ours then return nil, 10001, "params error: category is not simulated" end
      local market
      market, code, message = checks.market(engine, asked)
      if not market then return nil, code, message end
      local index
      index, code, message = checks.position_index(asked)
      if not index then return nil, code, message end
      return f(engine, account, asked, market, context)
    end,
  }
end

endpoints["GET /v5/position/list"] = {
  auth = true, permission = "read", limit = 50,
  handle = function(engine, account, asked, context)
    local ours, code, message = checks.category(asked)
    if ours == nil then return nil, code, message end
    if asked.symbol and ours and not engine:market(asked.symbol) then return nil, 10001, "params error: symbol invalid" end
    local rows = {}
    for i, market in ipairs(ours and engine.markets or {}) do
      local instrument = market.instrument
      local wanted = asked.symbol == instrument.symbol
        or not asked.symbol and account:position(instrument.symbol).side ~= ""
        and (not asked.settleCoin or asked.settleCoin == instrument.base)
      if wanted then rows[#rows + 1] = { market = market, key = -i } end
    end
    local list, next_cursor
    list, next_cursor, message = context:page(rows, asked, { default = 20, max = 200, key = function(r) return r.key end })
    if not list then return nil, next_cursor, message end
    local out = {}
    for i, row in ipairs(list) do out[i] = view.position(engine, account, row.market) end
    return answer.object { { "list", answer.list(out) }, { "nextPageCursor", next_cursor }, { "category", asked.category } }
  end,
}

---------------------------------------------------------------------------------------------------------------
-- Trading stops.

local function read_stops(asked, instrument)
  local out = {}
  for _, entry in ipairs {
    { "tp", checks.price, "takeProfit", instrument, true }, { "sl", checks.price, "stopLoss", instrument, true },
    { "distance", checks.price, "trailingStop", instrument, true },
    { "active", checks.price, "activePrice", instrument },
    { "tp_by", checks.word, "tpTriggerBy", "trigger", false }, { "sl_by", checks.word, "slTriggerBy", "trigger", false },
    { "mode", checks.word, "tpslMode", nil, "Full" },
    { "tp_type", checks.word, "tpOrderType", "orderType", "Market" },
    { "sl_type", checks.word, "slOrderType", "orderType", "Market" },
    { "tp_limit", checks.price, "tpLimitPrice", instrument }, { "sl_limit", checks.price, "slLimitPrice", instrument },
  } do
    local value, code, message = entry[2](asked, table.unpack(entry, 3))
    if value == nil then return nil, code, message end
    out[entry[1]] = value
  end
  return out
end

local function check_stop_sides(o, p, market)
  local function wrong(price, by, above, name)
    if not price or price:is_zero() then return nil end
    local now = market:reference(by or "LastPrice")
    if above and price > now or not above and price < now then return nil end
    local scale = decimal(10000)
    return ("%s:%s set for %s position should %s than base_price:%s??%s"):format(name, (price * scale):round(0), p.side,
      above and "higher" or "lower", (now * scale):round(0), by or "LastPrice")
  end
  local long = p.side == "Buy"
  local text = wrong(o.tp, o.tp_by, long, "TakeProfit") or wrong(o.sl, o.sl_by, not long, "StopLoss")
    or wrong(o.active, nil, long, "ActivePrice")
  if text then return nil, 10001, text end
  return true
end

local function partial_count(engine, account, symbol)
  local n = 0
  for _, order in ipairs(engine.armed[symbol]) do
    if order.account == account and order.tpsl_mode == "Partial" and triggers.protects(order) then n = n + 1 end
  end
  return n
end

local function set_partial(engine, account, asked, market, o)
  local p = account:position(market.instrument.symbol)
  local tp_size, sl_size = checks.number(asked.tpSize), checks.number(asked.slSize)
  if asked.tpSize and not tp_size or asked.slSize and not sl_size then return nil, 10001, "params error: tpSize invalid" end
  if tp_size and sl_size and not tp_size:eq(sl_size) then
    return nil, 10001, "params error: tpSize and slSize must be equal"
  end
  local size = tp_size or sl_size or p.size
  if size > p.size or size:is_zero() then return nil, 10001, "params error: tpSize exceeds the position" end
  if partial_count(engine, account, market.instrument.symbol) >= 20 then
    return nil, 110061, "Not able to have more than 20 partial TP/SL orders"
  end
  local function half(price, by, kind, limit)
    if not price or price:is_zero() then return nil end
    return { price = price, by = by or nil, limit = kind == "Limit" and limit or nil }
  end
  local tp, sl = half(o.tp, o.tp_by, o.tp_type, o.tp_limit), half(o.sl, o.sl_by, o.sl_type, o.sl_limit)
  if not tp and not sl then return nil, 34040, "not modified" end
  triggers.add_partial(engine, account, market, size, tp, sl)
  return answer.object {}
end

endpoints["POST /v5/position/trading-stop"] = about_symbol(10, function(engine, account, asked, market)
  local p = account:position(market.instrument.symbol)
  local o, code, message = read_stops(asked, market.instrument)
  if not o then return nil, code, message end
  if p.side == "" then return nil, 10001, "can not set tp/sl/ts for zero position" end
  local ok
  ok, code, message = check_stop_sides(o, p, market)
  if not ok then return nil, code, message end
  if o.mode == "Partial" then return set_partial(engine, account, asked, market, o) end
  if o.tp_type == "Limit" or o.sl_type == "Limit" then return nil, 10001, "params error: Limit needs tpslMode Partial" end
  local a = triggers.set_full(engine, account, market, "TakeProfit", o.tp or nil, o.tp_by or nil)
  local b = triggers.set_full(engine, account, market, "StopLoss", o.sl or nil, o.sl_by or nil)
  local c = triggers.set_trailing(engine, account, market, o.distance or nil, o.active or nil)
  if not (a or b or c) then return nil, 34040, "not modified" end
  engine:settle(market)
  return answer.object {}
end)

---------------------------------------------------------------------------------------------------------------
-- Leverage, modes, margin.

endpoints["POST /v5/position/set-leverage"] = about_symbol(10, function(_, account, asked, market)
  local instrument = market.instrument
  local buy, sell = checks.number(asked.buyLeverage), checks.number(asked.sellLeverage)
  if not buy or not sell or not buy:eq(sell) then return nil, 10001, "params error: leverage invalid" end
  if buy < instrument.min_leverage or not (buy % instrument.leverage_step):is_zero() then
    return nil, 10001, "params error: leverage invalid"
  end
  if buy > instrument.max_leverage then
    return nil, 110013, ("cannot set leverage [%s] gt maxLeverage [%s] by risk limit"):format(buy, instrument.max_leverage)
  end
  local p = account:position(instrument.symbol)
  if p.leverage:eq(buy) then return nil, 110043, "leverage not modified" end
  local before = p.leverage
  p.leverage = buy
  if account:summary(instrument.base).available < ZERO then
    p.leverage = before
    return nil, 110044, "Available margin is insufficient"
  end
  return answer.object {}
end)

endpoints["POST /v5/position/switch-mode"] = {
  auth = true, permission = "trade",
  handle = function(_, _, asked)
    local ours, code, message = checks.category(asked)
    if ours == nil then return nil, code, message end
    local mode = tostring(asked.mode)
    if mode == "0" then return nil, 110025, "Position mode is not modified" end
    if mode == "3" then return nil, 110029, "Hedge mode is not supported" end
    return nil, 10001, "params error: position_mode invalid"
  end,
}

endpoints["POST /v5/position/set-auto-add-margin"] = about_symbol(10, function()
  return nil, 10001, "params error: category invalid"
end)

endpoints["POST /v5/account/set-margin-mode"] = {
  auth = true, permission = "trade", limit = 5,
  handle = function(_, _, asked)
    local reasons = {}
    if asked.setMarginMode == "ISOLATED_MARGIN" then return answer.object { { "reasons", answer.list(reasons) } } end
    reasons[1] = answer.object { { "reasonCode", "3400000" }, { "reasonMsg", "only isolated margin is simulated" } }
    return nil, 3400045, "Set margin mode failed", nil, answer.object { { "reasons", answer.list(reasons) } }
  end,
}

-- At most four decimals; what is taken back must have been added.
endpoints["POST /v5/position/add-margin"] = about_symbol(10, function(engine, account, asked, market)
  local text = tostring(asked.margin or "")
  local amount = checks.number((text:gsub("^%-", "")))
  if not amount or not amount:round(4):eq(amount) then return nil, 10001, "params error: margin invalid" end
  if text:sub(1, 1) == "-" then amount = -amount end
  local p = account:position(market.instrument.symbol)
  if p.side == "" then return nil, 110033, "margin cannot be set without an open position" end
  if p.added + amount < ZERO then return nil, 110078, "more margin than can be reduced" end
  if amount > account:summary(market.instrument.base).available then return nil, 110014, "balance is insufficient" end
  p.added = p.added + amount
  engine:settle(market)
  return view.position(engine, account, market)
end)

endpoints["GET /v5/position/closed-pnl"] = {
  auth = true, permission = "read", limit = 50,
  handle = function(engine, account, asked, context)
    local ours, code, message = checks.category(asked)
    if ours == nil then return nil, code, message end
    local from, to
    from, to, message = checks.window(asked, engine.now())
    if not from then return nil, to, message end
    local rows = {}
    for i = ours and #account.profits or 0, 1, -1 do
      local row = account.profits[i]
      if (not asked.symbol or row.order.symbol == asked.symbol) and row.created >= from and row.created <= to then
        rows[#rows + 1] = row
      end
    end
    local list, next_cursor
    list, next_cursor, message = context:page(rows, asked, { default = 50, max = 100, key = function(r) return r.seq end })
    if not list then return nil, next_cursor, message end
    local out = {}
    for i, row in ipairs(list) do out[i] = view.profit(row) end
    return answer.object { { "category", asked.category }, { "list", answer.list(out) }, { "nextPageCursor", next_cursor } }
  end,
}

---------------------------------------------------------------------------------------------------------------
-- Wallet and fees.

local WALLET = { "totalEquity", "accountIMRate", "accountIMRateByMp", "totalMarginBalance", "totalInitialMargin",
  "totalInitialMarginByMp", "accountType", "totalAvailableBalance", "accountMMRate", "accountMMRateByMp",
  "totalPerpUPL", "totalWalletBalance", "accountLTV", "totalMaintenanceMargin", "totalMaintenanceMarginByMp", "coin" }

local function coin_names(account, wanted)
  local names = {}
  if wanted then
    for name in wanted:gmatch "[^,]+" do names[#names + 1] = name end
  else
    for name, c in pairs(account.coins) do
      if not c.wallet:is_zero() then names[#names + 1] = name end
    end
    table.sort(names)
  end
  return names
end

-- The index price of a coin in USD; zero for one without a market.
local function usd_price(engine, name)
  for _, market in ipairs(engine.markets) do
    if market.instrument.base == name then return market:reference "IndexPrice" end
  end
  return ZERO
end

endpoints["GET /v5/account/wallet-balance"] = {
  auth = true, permission = "read", limit = 50,
  handle = function(engine, account, asked)
    if asked.accountType ~= "UNIFIED" then return nil, 10001, "accountType only support UNIFIED." end
    local coins, equity, wallet, upl = {}, ZERO, ZERO, ZERO
    for i, name in ipairs(coin_names(account, asked.coin)) do
      local sum, price = account:summary(name), usd_price(engine, name)
      local usd = ((sum.wallet + sum.unrealised) * price):round(8, "half_up")
      equity, wallet, upl = equity + usd, wallet + sum.wallet * price, upl + sum.unrealised * price
      coins[i] = view.coin(name, sum, usd)
    end
    local function money(x) return x:round(8, "half_up") end
    return answer.object { { "list", answer.list { answer.record(WALLET, {
      totalEquity = money(equity), accountIMRate = "", accountIMRateByMp = "", totalMarginBalance = "",
      totalInitialMargin = "", totalInitialMarginByMp = "", accountType = "UNIFIED", totalAvailableBalance = "",
      accountMMRate = "", accountMMRateByMp = "", totalPerpUPL = money(upl), totalWalletBalance = money(wallet),
      accountLTV = "0", totalMaintenanceMargin = "", totalMaintenanceMarginByMp = "", coin = answer.list(coins),
    }) } } }
  end,
}

endpoints["GET /v5/account/fee-rate"] = {
  auth = true, permission = "read", limit = 5,
  handle = function(engine, _, asked)
    local ours, code, message = checks.category(asked)
    if ours == nil then return nil, code, message end
    local list = {}
    for _, market in ipairs(ours and engine.markets or {}) do
      local i = market.instrument
      if not asked.symbol or asked.symbol == i.symbol then
        list[#list + 1] = answer.object { { "symbol", i.symbol }, { "takerFeeRate", i.taker }, { "makerFeeRate", i.maker } }
      end
    end
    return answer.object { { "list", answer.list(list) } }
  end,
}

endpoints["GET /v5/position/symbol-info"] = {
  auth = true, permission = "read", limit = 50,
  handle = function(engine, account, asked)
    local ours, code, message = checks.category(asked)
    if ours == nil then return nil, code, message end
    local list = {}
    for _, market in ipairs(ours and engine.markets or {}) do
      local symbol = market.instrument.symbol
      if not asked.symbol or asked.symbol == symbol then
        list[#list + 1] = answer.object { { "symbol", symbol }, { "leverage", account:position(symbol).leverage },
          { "side", "" }, { "positionIdx", 0 } }
      end
    end
    return answer.object { { "category", asked.category }, { "list", answer.list(list) } }
  end,
}

return endpoints
