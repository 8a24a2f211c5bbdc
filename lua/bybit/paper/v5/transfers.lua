-- The two wallets of an account, and transfers between them (V5 documentation, asset/transfer). The unified wallet trades; the
-- funding wallet only holds coin, and begins empty. A transfer id is taken once.

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local checks = require "bybit.paper.engine.checks"

local ZERO = decimal(0)
local SPAN = 7 * 86400000 -- ms: what one query may span, and what it spans by default (V5 documentation, asset/transfer)
local MINUTE = 60000      -- ms: so many transfers a minute are let through (V5 documentation, rate limits)
local SECOND = 1000       -- ms: the bounds of a query count in whole seconds
local KINDS = { UNIFIED = true, FUND = true }

local endpoints = {}

---------------------------------------------------------------------------------------------------------------
-- Balances.

-- A coin of a wallet: the balance, and what may be moved of it.
local function balance_of(account, kind, name)
  if kind == "FUND" then
    local held = account.funds[name] or ZERO
    return held, held
  end
  local sum = account:summary(name)
  return sum.wallet, sum.available:max(ZERO)
end

local function coin_balance(account, kind, name)
  local held, free = balance_of(account, kind, name)
  return { { "coin", name }, { "walletBalance", held }, { "transferBalance", free }, { "bonus", "" } }
end

-- The coins that are asked for; nil where they have to be named. Without names those of the funding wallet.
local function named_coins(account, asked)
  local names = {}
  for name in tostring(asked.coin or ""):gmatch "[^,]+" do
    if not account.coins[name] then return nil, 10001, "params error: coin invalid" end
    names[#names + 1] = name
  end
  if asked.accountType == "FUND" and #names == 0 then
    for name in pairs(account.funds) do names[#names + 1] = name end
    table.sort(names)
  elseif #names == 0 or #names > 10 then
    return nil, 10001, "params error: coin invalid"
  end
  return names
end

--- Balances of coins, by wallet.
endpoints["GET /v5/asset/transfer/query-account-coins-balance"] = {
  auth = true, permission = "read", limit = 5,
  handle = function(_, account, asked, context)
    if not KINDS[asked.accountType or ""] then return nil, 10001, "params error: accountType invalid" end
    local names, code, message = named_coins(account, asked)
    if not names then return nil, code, message end
    local list = {}
    for i, name in ipairs(names) do list[i] = answer.object(coin_balance(account, asked.accountType, name)) end
    return answer.object { { "accountType", asked.accountType }, { "memberId", tostring(context.entry.id) },
      { "balance", answer.list(list) } }
  end,
}

--- The balance of one coin.
endpoints["GET /v5/asset/transfer/query-account-coin-balance"] = {
  auth = true, permission = "read", limit = 450,
  handle = function(_, account, asked, context)
    if not KINDS[asked.accountType or ""] then return nil, 10001, "params error: accountType invalid" end
    if not account.coins[asked.coin or ""] then return nil, 10001, "params error: coin invalid" end
    local balance = coin_balance(account, asked.accountType, asked.coin)
    table.move({ { "transferSafeAmount", "" }, { "ltvTransferSafeAmount", "" } }, 1, 2, #balance + 1, balance)
    return answer.object { { "accountType", asked.accountType }, { "bizType", 1 }, { "accountId", tostring(context.entry.id) },
      { "memberId", tostring(context.entry.id) }, { "balance", answer.object(balance) } }
  end,
}

---------------------------------------------------------------------------------------------------------------
-- Transfers.

local UUID = "^" .. ("x"):rep(8) .. ("%-" .. ("x"):rep(4)):rep(3) .. "%-" .. ("x"):rep(12) .. "$"
UUID = UUID:gsub("x", "%%x")

-- What is asked for; or nil, and why it is refused.
local function read(account, asked)
  local id, from, to = asked.transferId, asked.fromAccountType or "", asked.toAccountType or ""
  if type(id) ~= "string" or not id:find(UUID) then return nil, 131002, "transferId is not a UUID" end
  if type(asked.coin) ~= "string" or not account.coins[asked.coin] then return nil, 131002, "coin is invalid" end
  if not KINDS[from] or not KINDS[to] then return nil, 131231, "the account type is not supported" end
  if from == to then return nil, 131211, "the account types are the same" end
  local amount = checks.number(asked.amount)
  if not amount or amount <= ZERO then return nil, 131215, "the amount is invalid" end
  if not amount:round(8):eq(amount) then return nil, 131210, "the amount has too many decimals" end
  if account.transfers[id] then return nil, 131214, "transferId already exists" end
  local _, free = balance_of(account, from, asked.coin)
  if amount > free then return nil, 131212, "insufficient balance" end
  return { id = id, coin = asked.coin, amount = amount, from = from, to = to, status = "SUCCESS" }
end

--- Moves coin between the unified and the funding wallet.
endpoints["POST /v5/asset/transfer/inter-transfer"] = {
  auth = true, permission = "trade", limit = 60, span = MINUTE,
  handle = function(engine, account, asked, context)
    local transfer, code, message = read(account, asked)
    if not transfer then return nil, code, message end
    transfer.time = context.now
    account:move(transfer, engine:next_row())
    return answer.object { { "transferId", transfer.id }, { "status", transfer.status } }
  end,
}

--- The coins that can go from one wallet to another: all of them.
endpoints["GET /v5/asset/transfer/query-transfer-coin-list"] = {
  auth = true, permission = "read", limit = 60, span = MINUTE,
  handle = function(_, account, asked)
    if not KINDS[asked.fromAccountType or ""] or not KINDS[asked.toAccountType or ""] then
      return nil, 131231, "the account type is not supported"
    end
    local names = {}
    for name in pairs(account.coins) do names[#names + 1] = name end
    table.sort(names)
    return answer.object { { "list", answer.list(names) } }
  end,
}

local PAGE = { max = 50, default = 20, key = function(transfer) return transfer.row end }

--- The transfers, newest first.
endpoints["GET /v5/asset/transfer/query-inter-transfer-list"] = {
  auth = true, permission = "read", limit = 60, span = MINUTE,
  handle = function(_, account, asked, context)
    local from, to, message = checks.span(asked, context.now, SPAN, SPAN)
    if not from then return nil, to, message end
    from, to = from // SECOND * SECOND, to // SECOND * SECOND + SECOND - 1
    local rows = {}
    for i = #account.transfers, 1, -1 do
      local t = account.transfers[i]
      if t.time >= from and t.time <= to and (asked.transferId or t.id) == t.id and (asked.coin or t.coin) == t.coin
        and (asked.status or t.status) == t.status then
        rows[#rows + 1] = t
      end
    end
    local page, next_cursor
    page, next_cursor, message = context:page(rows, asked, PAGE)
    if not page then return nil, next_cursor, message end
    for i, t in ipairs(page) do
      page[i] = answer.object { { "transferId", t.id }, { "coin", t.coin }, { "amount", t.amount },
        { "fromAccountType", t.from }, { "toAccountType", t.to },
        { "timestamp", tostring(t.time // SECOND * SECOND) }, { "status", t.status } }
    end
    return answer.object { { "nextPageCursor", next_cursor }, { "list", answer.list(page) } }
  end,
}

return endpoints
