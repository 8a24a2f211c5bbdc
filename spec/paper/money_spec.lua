-- Where the money goes. After random histories the lists of an account tell the same story, to the last digit and for every coin:
-- executions, ledger, closed profit and loss, positions and wallets. The fees of a closed part are worked out here again, from
-- the executions alone (V5 documentation, position/closed-pnl and account/transaction-log).

local core = require "bybit.core"
local random_trading = require "spec.support.paper_random"

local decimal = core.decimal
local ZERO = decimal(0)
local WEEK = 7 * 86400000
local BEGIN = 1704067200000
local ROUNDS, ACTIONS = 4, 600

local function same(a, b, what, ...)
  if not decimal(a):eq(decimal(b)) then error(what:format(...) .. (": %s is not %s"):format(a, b), 2) end
end

local function round(x) return x:round(8, "half_up") end

local function number(text) return decimal(text == "" and "0" or text) end

-- All rows of a list, oldest first.
local function all(world, account, path, category)
  local list = {}
  for from = BEGIN, account.now(), WEEK + 1 do
    local week, asked = {}, { category = category, startTime = from, endTime = from + WEEK, limit = 50 }
    repeat
      local page = world.get(account, path, asked)
      table.move(page.list, 1, #page.list, #week + 1, week)
      asked.cursor = page.nextPageCursor ~= "" and page.nextPageCursor or nil
    until not asked.cursor
    for i = #week, 1, -1 do list[#list + 1] = week[i] end
  end
  return list
end

local function adder()
  return setmetatable({}, { __index = function() return ZERO end })
end

-- The ledger: each row adds up, each balance is the one before and the change, the last one is the wallet's. Returns the rows by
-- the execution that they are of, and the change of each coin.
local function check_ledger(rows, begun_with, wallets)
  local balances, of, changes = {}, {}, adder()
  for name, amount in pairs(begun_with) do balances[name] = decimal(amount) end
  for _, row in ipairs(rows) do
    same(row.change, number(row.cashFlow) + number(row.funding) - number(row.fee), "change of %s", row.id)
    balances[row.currency] = (balances[row.currency] or ZERO) + row.change
    changes[row.currency] = changes[row.currency] + row.change
    same(row.cashBalance, balances[row.currency], "balance after %s", row.id)
    if row.tradeId ~= "" then of[row.tradeId] = row end
  end
  for name, wallet in pairs(wallets) do same(wallet, balances[name] or ZERO, "wallet of %s", name) end
  return of, changes
end

-- What a fill does to the fees that were paid to open, and so to the closed profit of its order.
local function split_fees(p, e, fee, quantity)
  local closed = number(e.closedSize)
  local opened = quantity - closed
  local kept = opened:is_zero() and ZERO or closed:is_zero() and fee or round(fee * opened / quantity)
  local share = closed:is_zero() and ZERO or round(p.fees * closed / p.size:abs())
  p.fees = p.fees - share + kept
  return closed, share, fee - kept
end

-- Goes through the executions. Returns what they make of positions, closed profits and coins, and which kinds there were.
local function replay(executions, ledger, hedged)
  local positions, profits, seen = {}, {}, {}
  for _, e in ipairs(executions) do
    local row, fee, quantity = assert(ledger[e.execId], "an execution without a row"), decimal(e.execFee), decimal(e.execQty)
    local opens = e.execType == "Funding" or number(e.closedSize):is_zero() -- then the side is the position's
    local name = not hedged and e.symbol or e.symbol .. (opens == (e.side == "Buy") and " 1" or " 2")
    local p = positions[name] or { size = ZERO, fees = ZERO, total = ZERO, current = ZERO, coin = row.currency, symbol = e.symbol,
      index = tonumber(name:match " (%d)$" or 0) }
    positions[name] = p
    if e.execType == "Funding" then
      same(row.funding, -fee, "funding of %s", e.execId)
      p.total, p.current = p.total + row.change, p.current + row.change
      if row.currency == "USDC" then -- the session ends, and what it has won is paid out
        profits[e.orderId] = { pnl = decimal(row.cashFlow), open_fee = ZERO, close_fee = ZERO, size = quantity, fills = 1 }
        seen.session = seen.session or not decimal(row.cashFlow):is_zero()
      else
        same(row.cashFlow, ZERO, "profit of %s", e.execId)
      end
    else
      same(row.fee, fee, "fee of %s", e.execId)
      local before = p.size
      local closed, open_fee, close_fee = split_fees(p, e, fee, quantity)
      p.size = p.size + (e.side == "Buy" and quantity or -quantity)
      local turned = closed > ZERO and closed < quantity
      if before:is_zero() then p.current = ZERO end
      p.total = p.total + row.change
      p.current = turned and close_fee - fee or p.current + row.change
      if closed > ZERO then
        local order = profits[e.orderId] or { pnl = ZERO, open_fee = ZERO, close_fee = ZERO, size = ZERO, fills = 0 }
        profits[e.orderId] = order
        order.pnl = order.pnl + row.cashFlow - close_fee - open_fee
        order.open_fee, order.close_fee = order.open_fee + open_fee, order.close_fee + close_fee
        order.size, order.fills = order.size + closed, order.fills + 1
      end
      seen.turn = seen.turn or turned
      seen.stop = seen.stop or e.stopOrderType ~= "UNKNOWN" and e.stopOrderType ~= ""
      seen.part = seen.part or decimal(e.leavesQty) > ZERO
    end
    same(row.size, p.size, "position after %s", e.execId)
    seen[e.execType] = true
  end
  return positions, profits, seen
end

local function check_profits(rows, expected)
  local total = adder()
  for _, row in ipairs(rows) do
    local order = assert(expected[row.orderId], "a closed profit of an order that closed nothing")
    expected[row.orderId] = nil
    for name, value in pairs { closedPnl = order.pnl, openFee = order.open_fee, closeFee = order.close_fee,
      closedSize = order.size, fillCount = order.fills } do
      same(row[name], value, "%s of %s", name, row.orderId)
    end
    total[row.symbol] = total[row.symbol] + row.closedPnl
  end
  assert(next(expected) == nil, "an order closed something and has no closed profit")
  return total
end

local function check_positions(world, account, positions)
  for symbol, p in pairs(positions) do
    local row
    for _, each in ipairs(world.get(account, "position/list", { category = world.category[p.symbol], symbol = p.symbol }).list) do
      if each.positionIdx == p.index then row = each end
    end
    same(row.size, p.size:abs(), "size of %s", symbol)
    same(row.cumRealisedPnl, p.total, "realised profit of %s", symbol)
    if not p.size:is_zero() then same(row.curRealisedPnl, p.current, "realised profit of the position on %s", symbol) end
  end
end

local function check_account(world, account, deposit, seen)
  local wallets = {}
  for _, c in ipairs(world.get(account, "account/wallet-balance", { accountType = "UNIFIED" }).list[1].coin) do
    wallets[c.coin] = c.walletBalance
  end
  local executions, profits, rows = {}, {}, {}
  for category in pairs(world.categories) do
    for list, path in pairs { [executions] = "execution/list", [profits] = "position/closed-pnl",
      [rows] = "account/transaction-log" } do
      local found = all(world, account, path, category)
      table.move(found, 1, #found, #list + 1, list)
    end
  end
  local of, changes = check_ledger(rows, deposit, wallets)
  local positions, expected, kinds = replay(executions, of, world.hedged)
  for kind in pairs(kinds) do seen[kind] = seen[kind] or kinds[kind] end
  local closed = check_profits(profits, expected)
  check_positions(world, account, positions)
  -- All that a wallet has won is closed profit and funding, but for the fees of what is still held.
  local sums = adder()
  for _, p in pairs(positions) do sums[p.coin] = sums[p.coin] - p.fees end
  for symbol, won in pairs(closed) do sums[world.settle[symbol]] = sums[world.settle[symbol]] + won end
  for _, e in ipairs(executions) do
    if e.execType == "Funding" then sums[of[e.execId].currency] = sums[of[e.execId].currency] - e.execFee end
  end
  for name, change in pairs(changes) do same(sums[name], change, "closed profit and funding in %s", name) end
end

local function trade(seed, markets, deposit, seen)
  local world = random_trading.in_process(seed, markets, deposit)
  world.categories, world.category, world.settle, world.hedged = {}, {}, {}, markets[1].hedge
  for _, market in ipairs(markets) do
    local i = world.engine:market(market.symbol).instrument
    world.categories[i.category], world.category[i.symbol], world.settle[i.symbol] = true, i.category, i.settle
  end
  local g = random_trading.generator(seed)
  random_trading.begin(world)
  for _ = 1, ACTIONS do
    random_trading.act(g, world, g.one_of(world.accounts), function(account, path, params)
      return world.post(account, path, params)
    end)
  end
  for _, account in ipairs(world.accounts) do check_account(world, account, deposit, seen) end
end

describe("After random trading, executions, ledger, closed profits, positions and wallets agree", function()
  for kind, case in pairs {
    inverse = { random_trading.INVERSE, { BTC = "2", ETH = "15" } },
    linear = { random_trading.LINEAR, { USDT = "100000", USDC = "50000" } },
    ["linear, in hedge mode,"] = { random_trading.HEDGED, { USDT = "100000" } },
  } do
    it("on " .. kind .. " contracts", function()
      local seen = {}
      for seed = 1, ROUNDS do
        local ok, trouble = xpcall(trade, debug.traceback, seed, case[1], case[2], seen)
        if not ok then error(("seed %d: %s"):format(seed, trouble), 0) end
      end
      for _, what in ipairs { "turn", "part", "stop", "Trade", "Funding", "BustTrade", "session" } do
        local wanted = what ~= "turn" and what ~= "session" or what == "turn" and not case[1][1].hedge -- there nothing turns
          or what == "session" and case[2].USDC ~= nil
        assert.equal(wanted, seen[what] or false, "the histories have " .. (wanted and "no " or "a ") .. what)
      end
    end)
  end
end)
