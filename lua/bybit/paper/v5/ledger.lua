-- The account's ledger and what can be moved (V5 documentation, account/transaction-log, withdrawal, demo-apply-money): each
-- change of a wallet is a row, made from the executions, and from what was given as demo
-- money or moved (transfers.lua).

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local checks = require "bybit.paper.engine.checks"
local view = require "bybit.paper.v5.view"

local ZERO = decimal(0)
local DAY = 86400000
local LONGEST = 7 * DAY -- ms: what one query may span

local endpoints = {}

local QUOTED = { USDT = true, USDC = true } -- the settle coins of linear contracts

-- What each kind of execution is called in the ledger.
local TYPES = { Trade = "TRADE", Funding = "SETTLEMENT", BustTrade = "LIQUIDATION", Settle = "DELIVERY", AdlTrade = "ADL" }

-- By how much an execution changed the position and the wallet.
local function effect(e)
  if e.kind == "Funding" then return ZERO, e.profit - e.fee end
  return e.order.side == "Buy" and e.quantity or -e.quantity, e.profit - e.fee
end

local function signed_size(p)
  return p.side == "Sell" and -p.size or p.size
end

-- All rows, newest first, each with the wallet and the position after it: the newest has what there is now, each older one
-- what the younger one began with.
local function all_rows(account)
  local rows, wallets, sizes = {}, {}, {}
  for name, c in pairs(account.coins) do wallets[name] = c.wallet end
  local i, j = #account.executions, #account.grants
  while i > 0 or j > 0 do
    local e, g = account.executions[i], account.grants[j]
    if e and (not g or e.row > g.row) then
      local p, coin = account:position_of(e.order), e.order.market.instrument.settle
      sizes[p] = sizes[p] or signed_size(p)
      local moved, change = effect(e)
      rows[#rows + 1] = { row = e.row, time = e.time, coin = coin, type = TYPES[e.kind], execution = e, change = change,
        wallet = wallets[coin], size = sizes[p], category = e.order.market.instrument.category }
      wallets[coin], sizes[p], i = wallets[coin] - change, sizes[p] - moved, i - 1
    else
      rows[#rows + 1] = { row = g.row, time = g.time, coin = g.coin, type = g.amount < ZERO and "TRANSFER_OUT" or "TRANSFER_IN",
        change = g.amount, wallet = wallets[g.coin], category = QUOTED[g.coin] and "linear" or "inverse" }
      wallets[g.coin], j = wallets[g.coin] - g.amount, j - 1
    end
  end
  return rows
end

local FIELDS = { "id", "symbol", "category", "side", "transactionTime", "type", "transSubType", "qty", "size", "currency",
  "tradePrice", "funding", "fee", "cashFlow", "change", "cashBalance", "feeRate", "bonusChange", "tradeId", "orderId",
  "orderLinkId", "extraFees" }

local function shape(id, row)
  local e = row.execution
  local values = { id = ("%d_%s_%d"):format(id, e and e.order.symbol or row.coin, row.row), symbol = "",
    category = row.category, side = "None", transactionTime = tostring(row.time), type = row.type, transSubType = "", qty = "",
    size = "", currency = row.coin, tradePrice = "", funding = "", fee = "", cashFlow = row.change, change = row.change,
    cashBalance = row.wallet, feeRate = "", bonusChange = "", tradeId = "", orderId = "", orderLinkId = "", extraFees = "" }
  if e then
    local funding = e.kind == "Funding"
    values.symbol, values.side, values.qty, values.size = e.order.symbol, e.order.side, e.quantity, row.size
    values.tradePrice = view.padded(e.order.market, e.price)
    values.funding, values.fee = funding and ZERO - e.fee or "", funding and ZERO or e.fee
    values.cashFlow = e.profit
    values.feeRate = funding and e.order.side == "Sell" and -e.rate or e.rate
    values.tradeId, values.orderId, values.orderLinkId = e.id, e.order.id, e.order.link or ""
  end
  return answer.record(FIELDS, values)
end

local PAGE = { max = 50, default = 20, key = function(row) return row.row end }

--- The ledger: every trade, funding and transfer with the wallet after it.
endpoints["GET /v5/account/transaction-log"] = {
  auth = true, permission = "read", limit = 25,
  handle = function(_, account, asked, context)
    local from, to, message = checks.span(asked, context.now, DAY, LONGEST)
    if not from then return nil, to, message end
    local ours
    if asked.category ~= nil then
      local code
      ours, code, message = checks.category(asked)
      if ours == nil then return nil, code, message end
    end
    local rows = {}
    for _, row in ipairs(ours ~= false and all_rows(account) or {}) do
      if row.time >= from and row.time <= to and (asked.currency or row.coin) == row.coin
        and (asked.type or row.type) == row.type
        and (not asked.baseCoin or row.execution and row.execution.order.market.instrument.base == asked.baseCoin)
        and (ours or row.category) == row.category then
        rows[#rows + 1] = row
      end
    end
    local page, next_cursor
    page, next_cursor, message = context:page(rows, asked, PAGE)
    if not page then return nil, next_cursor, message end
    for i, row in ipairs(page) do page[i] = shape(context.entry.id, row) end
    return answer.object { { "nextPageCursor", next_cursor }, { "list", answer.list(page) } }
  end,
}

---------------------------------------------------------------------------------------------------------------
-- Demo money.

local MOST = { BTC = decimal(15), ETH = decimal(200), USDT = decimal(100000), USDC = decimal(100000) } -- of a request
local AGAIN = 60000 -- ms between two requests

local function amounts(asked)
  local list = type(asked.utaDemoApplyMoney) == "table" and asked.utaDemoApplyMoney or {}
  local sign = asked.adjustType == nil and 1 or math.tointeger(tonumber(asked.adjustType))
  if sign == 0 then sign = 1 elseif sign == 1 and asked.adjustType ~= nil then sign = -1 end
  if sign ~= 1 and sign ~= -1 then return nil, 10001, "params error: adjustType invalid" end
  local given = {}
  for i, item in ipairs(list) do
    local coin = type(item) == "table" and item.coin
    local amount = coin and checks.number(item.amountStr)
    if not MOST[coin or ""] or not amount then return nil, 10001, "params error: utaDemoApplyMoney invalid" end
    if amount > MOST[coin] then return nil, 10001, ("params error: at most %s %s at once"):format(MOST[coin], coin) end
    given[i] = { coin = coin, amount = amount * sign }
  end
  return given
end

--- Adds money to the account's wallets, or takes some away, once a minute.
endpoints["POST /v5/account/demo-apply-money"] = {
  auth = true, permission = "trade",
  handle = function(engine, account, asked, context)
    local given, code, message = amounts(asked)
    if not given then return nil, code, message end
    if account.granted and context.now - account.granted < AGAIN then return nil, 10006, "Too many visits!" end
    for _, grant in ipairs(given) do
      if grant.amount < ZERO and account:summary(grant.coin).available + grant.amount < ZERO then
        return nil, 10001, "params error: the balance is insufficient"
      end
    end
    account.granted = context.now
    for _, grant in ipairs(given) do account:grant(grant.coin, grant.amount, context.now, engine:next_row()) end
    return answer.object {}
  end,
}

---------------------------------------------------------------------------------------------------------------
-- What can be moved.

--- What may leave the account, per coin.
endpoints["GET /v5/account/withdrawal"] = {
  auth = true, permission = "read", limit = 50,
  handle = function(_, account, asked)
    local names, map, first = {}, {}, nil
    for name in tostring(asked.coinName or ""):gmatch "[^,]+" do names[#names + 1] = name end
    if #names == 0 or #names > 20 then return nil, 10001, "params error: coinName invalid" end
    for i, name in ipairs(names) do
      local free = account:summary(name).available:max(ZERO)
      map[i], first = { name, free }, first or free
    end
    return answer.object { { "availableWithdrawal", first }, { "availableWithdrawalMap", answer.object(map) } }
  end,
}

return endpoints
