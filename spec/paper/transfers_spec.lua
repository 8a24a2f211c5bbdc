-- The funding wallet of the paper exchange, and transfers (V5 documentation, asset/transfer): each moves its amount once, and the
-- wallets, the ledger and the list of transfers agree.

local bybit = require "bybit"
local wire = require "spec.support.paper_wire"

local decimal = bybit.decimal
local ID = "42c0cfb0-6bca-4242-bc76-4e6df6cbcb1"

local exchange, caller

before_each(function()
  exchange, caller = wire.start { deposit = { BTC = "5", ETH = "1" } }
end)

after_each(function()
  caller:hang_up()
  assert.same({}, exchange:errors())
  exchange:close()
end)

local function move(change)
  local p = { transferId = ID .. "0", coin = "BTC", amount = "0.5", fromAccountType = "UNIFIED", toAccountType = "FUND" }
  for k, v in pairs(change or {}) do p[k] = v end
  return caller:call("POST", "asset/transfer/inter-transfer", p)
end

local function balance(kind, coin)
  return caller:must("GET", "asset/transfer/query-account-coin-balance", { accountType = kind, coin = coin or "BTC" }).balance
end

local function list(params)
  return caller:must("GET", "asset/transfer/query-inter-transfer-list", params or {}).list
end

describe("A transfer", function()
  it("moves coin between the wallets, and back", function()
    assert.same({ retCode = 0, transferId = ID .. "0", status = "SUCCESS" }, { retCode = move().retCode,
      transferId = list()[1].transferId, status = list()[1].status })
    assert.same({ "4.5", "0.5" }, { balance("UNIFIED").walletBalance, balance("FUND").walletBalance })
    assert.equal(0, move({ transferId = ID .. "1", amount = "0.2", fromAccountType = "FUND", toAccountType = "UNIFIED" }).retCode)
    assert.is_true(decimal(balance("UNIFIED").walletBalance):eq "4.7")
    assert.is_true(decimal(balance("FUND").transferBalance):eq "0.3")
    local wallet = caller:must("GET", "account/wallet-balance", { accountType = "UNIFIED", coin = "BTC" }).list[1].coin[1]
    assert.is_true(decimal(wallet.walletBalance):eq "4.7")
    local held = caller:must("GET", "asset/transfer/query-account-coins-balance", { accountType = "FUND" }).balance
    assert.same({ 1, "BTC" }, { #held, held[1].coin })
  end)

  it("is a line of the ledger each", function()
    move()
    move { transferId = ID .. "1", amount = "0.2", fromAccountType = "FUND", toAccountType = "UNIFIED" }
    local rows = caller:must("GET", "account/transaction-log", {}).list
    assert.same({ "TRANSFER_IN", "0.2", "TRANSFER_OUT", "-0.5" }, { rows[1].type, rows[1].change, rows[2].type, rows[2].change })
    assert.same({ true, true }, { decimal(rows[1].cashBalance):eq "4.7", decimal(rows[2].cashBalance):eq "4.5" })
  end)

  it("is refused under an id that is taken, whatever it asks for", function()
    move()
    assert.equal(131214, move().retCode)
    assert.equal(131214, move({ amount = "0.1", coin = "ETH" }).retCode)
    assert.equal(1, #list())
    assert.equal("0.5", balance("FUND").walletBalance)
  end)

  for what, case in pairs {
    ["an id that is no UUID"] = { { transferId = "t-1" }, 131002 },
    ["an unknown coin"] = { { coin = "DOGE" }, 131002 },
    ["no coin"] = { { coin = "" }, 131002 },
    ["an unknown wallet"] = { { toAccountType = "CONTRACT" }, 131231 },
    ["the same wallet twice"] = { { toAccountType = "UNIFIED" }, 131211 },
    ["an amount that is none"] = { { amount = "some" }, 131215 },
    ["nothing"] = { { amount = "0" }, 131215 },
    ["less than nothing"] = { { amount = "-1" }, 131215 },
    ["too many decimals"] = { { amount = "0.000000001" }, 131210 },
    ["more than there is"] = { { amount = "5.00000001" }, 131212 },
    ["more than the funding wallet holds"] = { { fromAccountType = "FUND", toAccountType = "UNIFIED" }, 131212 },
  } do
    it("is refused, and takes no id: " .. what, function()
      assert.equal(case[2], move(case[1]).retCode)
      assert.same({}, list())
      assert.equal(0, move().retCode, "the id is free")
    end)
  end

  it("leaves the margin of positions and orders", function()
    caller:place { side = "Buy", orderType = "Limit", qty = "30000", price = "29000" }
    local free = balance("UNIFIED").transferBalance
    assert.is_true(decimal(free) < 5)
    assert.equal(131212, move({ amount = "5" }).retCode)
    assert.equal(0, move({ amount = free }).retCode)
    assert.is_true(decimal(balance("UNIFIED").transferBalance):is_zero())
  end)
end)

local function refusal(params)
  return caller:call("GET", "asset/transfer/query-inter-transfer-list", params).retCode
end

describe("The list of transfers", function()
  it("is the newest first, in pages, by coin, id, status and time", function()
    for i = 0, 4 do
      move { transferId = ID .. i, coin = i == 2 and "ETH" or "BTC", amount = "0.1" }
      exchange:advance(10)
    end
    local rows = list()
    assert.equal(5, #rows)
    assert.same({ ID .. "4", ID .. "0" }, { rows[1].transferId, rows[5].transferId })
    assert.equal(0, math.tointeger(tonumber(rows[1].timestamp)) % 1000, "whole seconds")
    assert.same({ "UNIFIED", "FUND", "0.1" }, { rows[1].fromAccountType, rows[1].toAccountType, rows[1].amount })
    assert.equal(1, #list { coin = "ETH" })
    assert.equal(1, #list { transferId = ID .. "3" })
    assert.equal(0, #list { status = "FAILED" })
    assert.equal(2, #list { startTime = rows[2].timestamp })
    assert.equal(2, #list { startTime = rows[5].timestamp, endTime = rows[4].timestamp })
    local page = caller:must("GET", "asset/transfer/query-inter-transfer-list", { limit = 2 })
    assert.equal(2, #page.list)
    local rest = caller:must("GET", "asset/transfer/query-inter-transfer-list", { limit = 50, cursor = page.nextPageCursor })
    assert.same({ 3, ID .. "2", "" }, { #rest.list, rest.list[1].transferId, rest.nextPageCursor })
  end)

  it("spans seven days at most", function()
    move()
    exchange:advance(8 * 86400)
    assert.same({}, list())
    local week = { startTime = ("%d"):format(exchange:now() - 8 * 86400000), endTime = ("%d"):format(exchange:now()) }
    assert.equal(10001, refusal(week))
    assert.equal(10001, refusal { startTime = "5", endTime = "1" })
    assert.equal(10001, refusal { endTime = "soon" })
    assert.equal(10001, refusal { startTime = "soon" })
    assert.equal(1, #list { startTime = week.startTime })
  end)
end)

describe("Transfers, and the lists of them", function()
  it("may be of every coin that the account has", function()
    local path = "asset/transfer/query-transfer-coin-list"
    assert.same({ "BTC", "ETH" }, caller:must("GET", path, { fromAccountType = "UNIFIED", toAccountType = "FUND" }).list)
    assert.equal(131231, caller:call("GET", path, { fromAccountType = "UNIFIED", toAccountType = "SPOT" }).retCode)
  end)

  for _, case in ipairs { { "POST", "asset/transfer/inter-transfer" }, { "GET", "asset/transfer/query-inter-transfer-list" } } do
    it("are let through sixty times a minute: " .. case[2], function()
      local limited <close> = wire.start { limits = {} }
      local one = wire.caller(limited)
      local function ask(i)
        local asked = { transferId = ("%s%02d"):format(ID:sub(1, -2), i), coin = "BTC", amount = "0.001",
          fromAccountType = "UNIFIED", toAccountType = "FUND" }
        local done, answer = one:call(case[1], case[2], case[1] == "GET" and {} or asked)
        return done.retCode, answer.headers
      end
      for i = 1, 60 do
        assert.equal(0, (ask(i)))
        limited:advance(0.5)
      end
      local code, headers = ask(61)
      assert.same({ 10006, "60", "0" }, { code, headers["x-bapi-limit"], headers["x-bapi-limit-status"] })
      assert.equal(limited:now() + 30000, tonumber(headers["x-bapi-limit-reset-timestamp"]))
      limited:advance(29.999)
      assert.equal(10006, (ask(61)))
      limited:advance(0.001)
      assert.equal(0, (ask(61)))
      assert.equal(10006, (ask(62)), "only one is free by now")
      one:hang_up()
    end)
  end

  it("are as many as a client's limiter lets through", function()
    local limited <close> = wire.start { limits = {} }
    local client <close> = bybit.client { environment = limited }
    local begun = limited:now()
    for _ = 1, 62 do
      assert(client:create_internal_transfer { coin = "BTC", amount = "0.001", from_account_type = "UNIFIED",
        to_account_type = "FUND", deadline = 100 })
    end
    assert.is_true(limited:now() - begun >= 60000, "it has waited")
  end)
end)

