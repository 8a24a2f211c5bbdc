-- Endpoints of positions and wallets (V5 documentation, position and account).

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local checks = require "bybit.paper.engine.checks"
local declare = require "bybit.paper.v5.declare"
local order_checks = require "bybit.paper.engine.order_checks"
local orders = require "bybit.paper.engine.orders"
local position = require "bybit.paper.engine.position"
local triggers = require "bybit.paper.engine.triggers"
local view = require "bybit.paper.v5.view"

local ZERO, ONE = decimal(0), decimal(1)

local endpoints = {}

--- The positions.
endpoints["GET /v5/position/list"] = declare.list {
  limit = 50, max = 200, default = 20, key = function(row) return row.key end, narrow = { "symbol", "settleCoin" },
  rows = function(engine, account, asked)
    local rows = {}
    if asked.symbol then
      local market = engine.by_symbol[asked.symbol]
      for _, index in ipairs(account:indexes(market.instrument)) do
        rows[#rows + 1] = { account = account, market = market, index = index, key = -index }
      end
      return rows
    end
    for i, market in ipairs(engine.markets) do
      local instrument = market.instrument
      local wanted = asked.category == instrument.category
        and (not asked.settleCoin or asked.settleCoin == instrument.settle)
      for _, index in ipairs(wanted and account:indexes(instrument) or {}) do
        if account:holds(instrument.symbol, index) then
          rows[#rows + 1] = { account = account, market = market, index = index, key = -(3 * i + index) }
        end
      end
    end
    return rows
  end,
  shape = function(row) return view.position(row.account, row.market, row.index) end,
}

---------------------------------------------------------------------------------------------------------------
-- Trading stops (V5 documentation, position/trading-stop).

local function read_stops(asked, instrument)
  local o, code, message = order_checks.protection(asked, instrument)
  if not o then return nil, code, message end
  o.distance, code, message = checks.price(asked, "trailingStop", instrument, true)
  if o.distance == nil then return nil, code, message end
  o.active, code, message = checks.price(asked, "activePrice", instrument)
  if o.active == nil then return nil, code, message end
  return o
end

-- The price at which the trailing stop starts is on the profitable side. Its distance is smaller than the price.
local function check_trailing(o, p, market)
  local now = market:reference "LastPrice"
  if o.active and (p.side == "Buy" and o.active <= now or p.side == "Sell" and o.active >= now) then
    return nil, 10001, ("ActivePrice:%s set for %s position should %s than base_price:%s??LastPrice"):format(
      order_checks.scaled(o.active), p.side, p.side == "Buy" and "higher" or "lower", order_checks.scaled(now))
  end
  if o.distance and o.distance >= now then return nil, 10001, "params error: trailingStop invalid" end
  return true
end

-- The quantity of a partial take profit or stop loss. tpSize and slSize must be equal when both are given; without either
-- it is the whole position.
local function partial_size(asked, p, market)
  local sizes = {}
  for _, name in ipairs { "tpSize", "slSize" } do
    if asked[name] ~= nil then
      local size, code, message = checks.quantity(asked[name], market.instrument, "Limit", true)
      if not size then return nil, code, message end
      sizes[#sizes + 1] = size
    end
  end
  if sizes[2] and not sizes[1]:eq(sizes[2]) then return nil, 10001, "params error: tpSize and slSize must be equal" end
  local size = sizes[1] or p.size
  if size > p.size then return nil, 10001, "params error: tpSize or slSize exceeds the position" end
  return size
end

-- Partial mode only adds; its orders are changed and cancelled by their ids.
local function add_partial(engine, account, asked, market, index, o)
  local function half(name)
    local price = o[name]
    if not price or price:is_zero() then return nil end
    return { price = price, by = o[name .. "_by"] or nil, limit = o[name .. "_limit"] or nil }
  end
  local tp, sl = half "tp", half "sl"
  if not (tp or sl) then return false end
  local symbol = market.instrument.symbol
  local size, code, message = partial_size(asked, account:position(symbol, index), market)
  if not size then return nil, code, message end
  local ok
  ok, code, message = orders.room_for_partial(account, symbol, (tp and 1 or 0) + (sl and 1 or 0))
  if not ok then return nil, code, message end
  triggers.add_partial(engine, account, market, index, size, tp, sl)
  return true
end

-- Full mode sets, changes or (zero) removes the position's one take profit and one stop loss.
local function set_full(engine, account, _, market, index, o)
  local tp = triggers.set_full(engine, account, market, index, "TakeProfit", o.tp or nil, o.tp_by or nil)
  local sl = triggers.set_full(engine, account, market, index, "StopLoss", o.sl or nil, o.sl_by or nil)
  return tp or sl
end

--- Sets take profit, stop loss and trailing stop of a position.
endpoints["POST /v5/position/trading-stop"] = declare.about_position(10, function(engine, account, asked, market, index)
  local p = account:position(market.instrument.symbol, index)
  local o, code, message = read_stops(asked, market.instrument)
  if not o then return nil, code, message end
  if p.side == "" then return nil, 10001, "can not set tp/sl/ts for zero position" end
  o.tpsl_mode = o.tpsl_mode or "Full"
  for _, check in ipairs {
    function() return order_checks.protection_types(o) end,
    function() return order_checks.sides(o, p.side, function(by) return market:reference(by) end) end,
    function() return check_trailing(o, p, market) end,
  } do
    local ok
    ok, code, message = check()
    if not ok then return nil, code, message end
  end
  local changed
  changed, code, message = (o.tpsl_mode == "Partial" and add_partial or set_full)(engine, account, asked, market, index, o)
  if changed == nil then return nil, code, message end
  local trailing = triggers.set_trailing(engine, account, market, index, o.distance or nil, o.active or nil)
  if not (changed or trailing) then return nil, 34040, "not modified" end
  engine:settle(market)
  return answer.object {}
end)

---------------------------------------------------------------------------------------------------------------
-- Leverage.

-- Would a position be liquidated at once?
local function lost(p, market)
  local price, mark = position.liquidation_price(p, market.instrument), market:reference "MarkPrice"
  return price and (p.side == "Buy" and mark <= price or p.side == "Sell" and mark >= price)
end

-- A leverage that the contract has; or nil, code and message.
local function leverage_of(text, instrument)
  local leverage = checks.number(text)
  if not leverage or leverage < instrument.min_leverage or not (leverage % instrument.leverage_step):is_zero() then
    return nil, 10001, "params error: leverage invalid"
  end
  if leverage > instrument.max_leverage then
    return nil, 110013, ("cannot set leverage [%s] gt maxLeverage [%s] by risk limit"):format(leverage, instrument.max_leverage)
  end
  return leverage
end

-- Gives positions other leverages, unless their margin is short then, or they are lost.
local function change_leverage(account, market, wanted)
  local before, code, message = {}, nil, nil
  for p, leverage in pairs(wanted) do before[p], p.leverage = p.leverage, leverage end
  if account:available(market.instrument.settle) < ZERO then
    code, message = 110044, "Available margin is insufficient"
  else
    for p in pairs(wanted) do
      if lost(p, market) then code, message = 110046, "liquidation will be triggered immediately" end
    end
  end
  if not code then return answer.object {} end
  for p, leverage in pairs(before) do p.leverage = leverage end
  return nil, code, message
end

--- Sets the leverage of a symbol; in hedge mode that of its long and of its short position.
endpoints["POST /v5/position/set-leverage"] = declare.about_symbol(10, function(_, account, asked, market)
  local instrument, wanted, changed = market.instrument, {}, false
  local buy, code, message = leverage_of(asked.buyLeverage, instrument)
  if not buy then return nil, code, message end
  local sell
  sell, code, message = leverage_of(asked.sellLeverage, instrument)
  if not sell then return nil, code, message end
  local indexes = account:indexes(instrument)
  if #indexes == 1 and not buy:eq(sell) then return nil, 10001, "params error: leverage invalid" end
  for _, index in ipairs(indexes) do
    local p, leverage = account:position(instrument.symbol, index), index == 2 and sell or buy
    wanted[p], changed = leverage, changed or not p.leverage:eq(leverage)
  end
  if not changed then return nil, 110043, "leverage not modified" end
  return change_leverage(account, market, wanted)
end)

---------------------------------------------------------------------------------------------------------------
-- One-way and hedge mode (V5 documentation, position/switch-mode): perpetuals that settle in USDT have both.

-- May a symbol change its mode? Nil, code and message when it may not.
local function may_switch(account, instrument)
  if #account:held(instrument.symbol) > 0 then
    return nil, 110024, "You have an existing position, so the position mode cannot be switched"
  end
  if #account:open_orders(instrument.symbol) > 0 then
    return nil, 110028, "You have existing open orders, so the position mode cannot be switched"
  end
  return true
end

local function switch_symbol(account, market, hedge)
  local instrument = market.instrument
  if not instrument.can_hedge and hedge then return nil, 110029, "Hedge mode is not supported" end
  if account:hedges(instrument) == hedge then return nil, 110025, "Position mode is not modified" end
  local ok, code, message = may_switch(account, instrument)
  if not ok then return nil, code, message end
  account:switch(instrument, hedge)
  return answer.object {}
end

-- Of a coin: those symbols are switched that may be; the others keep their mode, and nothing is said.
local function switch_coin(engine, account, coin, hedge)
  local found, changed = false, account.hedged[coin] or false
  changed = changed ~= hedge
  for _, market in ipairs(engine.markets) do
    local instrument = market.instrument
    if instrument.can_hedge and instrument.settle == coin then
      found = true
      if account:hedges(instrument) ~= hedge then changed = true end
    end
  end
  if not found and hedge then return nil, 110029, "Hedge mode is not supported" end
  if not found or not changed then return nil, 110025, "Position mode is not modified" end
  for _, market in ipairs(engine.markets) do
    local instrument = market.instrument
    if instrument.can_hedge and instrument.settle == coin then
      local now = account:hedges(instrument)
      account:switch(instrument, may_switch(account, instrument) and hedge or now)
    end
  end
  account.hedged[coin] = hedge
  return answer.object {}
end

--- Switches between one-way and hedge mode, of a symbol or of all of a settle coin; inverse contracts have one-way positions only.
endpoints["POST /v5/position/switch-mode"] = declare.change {
  limit = 10,
  handle = function(engine, account, asked)
    local mode = tostring(asked.mode)
    if mode ~= "0" and mode ~= "3" then return nil, 10001, "params error: position_mode invalid" end
    if asked.symbol ~= nil then
      local market, code, message = checks.market(engine, asked)
      if not market then return nil, code, message end
      return switch_symbol(account, market, mode == "3")
    end
    if asked.category == "linear" and type(asked.coin) ~= "string" then
      return nil, 10001, "params error: symbol or coin is required"
    end
    return switch_coin(engine, account, asked.category == "linear" and asked.coin or "", mode == "3")
  end,
}

---------------------------------------------------------------------------------------------------------------
-- Margin, and what is retired.

-- Retired, since the margin mode belongs to the account, risk limits apply by themselves, and each call names its tpslMode.
local retired = declare.about_symbol(10, function()
  return nil, 10001, "params error: this endpoint is retired"
end)

--- Retired by the exchange: always refused.
endpoints["POST /v5/position/switch-isolated"] = retired
--- Retired by the exchange: always refused.
endpoints["POST /v5/position/set-risk-limit"] = retired
--- Retired by the exchange: always refused.
endpoints["POST /v5/position/set-tpsl-mode"] = retired

--- Switches the automatic adding of margin on or off: before a position is liquidated, margin is added to it as long as there is
--- some. Always refused for inverse contracts.
endpoints["POST /v5/position/set-auto-add-margin"] = declare.about_position(10, function(_, account, asked, market, index)
  if asked.category ~= "linear" then return nil, 10001, "params error: category invalid" end -- documented for linear only
  local wanted = tostring(asked.autoAddMargin)
  if wanted ~= "0" and wanted ~= "1" then return nil, 10001, "params error: autoAddMargin invalid" end
  local p = account:position(market.instrument.symbol, index)
  if (p.auto_add or false) == (wanted == "1") then return nil, 10001, "autoAddMargin is not modified" end
  p.auto_add = wanted == "1"
  return answer.object {}
end)

--- Confirms a new maintenance margin rate; nothing is ever pending here.
endpoints["POST /v5/position/confirm-pending-mmr"] = declare.about_symbol(10, function() return answer.object {} end)

--- Sets the account's margin mode; isolated margin is the only one here.
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
--- Adds margin to a position, or takes it away.
endpoints["POST /v5/position/add-margin"] = declare.about_position(10, function(engine, account, asked, market, index)
  local text = tostring(asked.margin or "")
  local amount = checks.number((text:gsub("^%-", "")))
  if not amount or not amount:round(4):eq(amount) then return nil, 10001, "params error: margin invalid" end
  if text:sub(1, 1) == "-" then amount = -amount end
  local p = account:position(market.instrument.symbol, index)
  if p.side == "" then return nil, 110033, "margin cannot be set without an open position" end
  if p.added + amount < ZERO then return nil, 110078, "more margin than can be reduced" end
  if amount > account:summary(market.instrument.settle).available then return nil, 110014, "balance is insufficient" end
  p.added = p.added + amount
  if amount < ZERO and lost(p, market) then
    p.added = p.added - amount
    return nil, 110046, "liquidation will be triggered immediately"
  end
  engine:settle(market)
  return view.position(account, market, index)
end)

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

local DOLLARS = { USD = true, USDT = true, USDC = true }

-- The index price of a coin in USD; zero for one without a market.
local function usd_price(engine, name)
  if DOLLARS[name] then return ONE end
  for _, market in ipairs(engine.markets) do
    if market.instrument.base == name then return market:reference "IndexPrice" end
  end
  return ZERO
end

--- Balances, equity and margin, per coin.
endpoints["GET /v5/account/wallet-balance"] = {
  auth = true, permission = "read", limit = 50,
  handle = function(engine, account, asked)
    if asked.accountType ~= "UNIFIED" then return nil, 10001, "accountType only support UNIFIED." end
    local coins, equity, wallet, upl = {}, ZERO, ZERO, ZERO
    for i, name in ipairs(coin_names(account, asked.coin)) do
      local sum, price = account:summary(name), usd_price(engine, name)
      local usd = position.coin((sum.wallet + sum.unrealised) * price)
      equity, wallet, upl = equity + usd, wallet + sum.wallet * price, upl + sum.unrealised * price
      coins[i] = view.coin(name, sum, usd)
    end
    local money = position.coin
    return answer.object { { "list", answer.list { answer.record(WALLET, {
      totalEquity = money(equity), accountIMRate = "", accountIMRateByMp = "", totalMarginBalance = "",
      totalInitialMargin = "", totalInitialMarginByMp = "", accountType = "UNIFIED", totalAvailableBalance = "",
      accountMMRate = "", accountMMRateByMp = "", totalPerpUPL = money(upl), totalWalletBalance = money(wallet),
      accountLTV = "0", totalMaintenanceMargin = "", totalMaintenanceMarginByMp = "", coin = answer.list(coins),
    }) } } }
  end,
}

-- The coins there are (V5 documentation, asset/coin-info): libraries ask before they load markets. Nothing can be paid
-- in or out here, so no coin has a chain.
--- The coins.
endpoints["GET /v5/asset/coin/query-info"] = {
  auth = true, permission = "read", limit = 5,
  handle = function(engine, _, asked)
    local rows = declare.of_coins(engine, asked.coin, function(coin)
      return answer.object { { "name", coin }, { "coin", coin }, { "remainAmount", "0" }, { "chains", answer.list {} } }
    end)
    return answer.object { { "rows", answer.list(rows) } }
  end,
}

-- The contracts of a query's category, or the one that it names.
local function asked_for(engine, asked)
  local list = {}
  for _, market in ipairs(engine.markets) do
    local i = market.instrument
    if asked.category == i.category and (not asked.symbol or asked.symbol == i.symbol) then list[#list + 1] = i end
  end
  return list
end

--- The account's fees per symbol.
endpoints["GET /v5/account/fee-rate"] = declare.list {
  limit = 5, bare = true, rows = function(engine, _, asked) return asked_for(engine, asked) end,
  shape = function(i)
    return answer.object { { "symbol", i.symbol }, { "takerFeeRate", i.taker }, { "makerFeeRate", i.maker } }
  end,
}

--- The account's leverage and margin mode per symbol, and in hedge mode per position.
endpoints["GET /v5/position/symbol-info"] = declare.list {
  limit = 50,
  rows = function(engine, account, asked)
    local rows = {}
    for _, i in ipairs(asked_for(engine, asked)) do
      for _, index in ipairs(account:indexes(i)) do
        rows[#rows + 1] = { symbol = i.symbol, index = index, leverage = account:position(i.symbol, index).leverage }
      end
    end
    return rows
  end,
  shape = function(row)
    return answer.object { { "symbol", row.symbol }, { "leverage", row.leverage }, { "side", "" }, { "positionIdx", row.index } }
  end,
}

return endpoints
