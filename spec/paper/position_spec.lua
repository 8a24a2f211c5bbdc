-- Positions, money and margin. Expected amounts are the documentation's printed examples, or were computed with Python's
-- decimal from the formulas of its help pages; none comes from the exchange under test.

local bybit = require "bybit"
local paper = require "bybit.paper"
local position = require "bybit.paper.engine.position"
local wire = require "spec.support.paper_wire"

local decimal = bybit.decimal

-- A position of this size at this entry price.
local function held(side, size, entry, leverage, added)
  local p = position.new(decimal(leverage or "10"))
  p.side, p.size, p.cost, p.added = side, decimal(size), decimal(size) / decimal(entry), decimal(added or "0")
  return p
end

describe("paper position: the documentation's examples", function()
  it("value of a position: 300 at 27464.50441675, 200 at 1812.70004844", function()
    assert.equal("0.01092319", tostring(position.coin(held("Sell", "300", "27464.50441675").cost)))
    assert.equal("0.11033265", tostring(position.coin(held("Buy", "200", "1812.70004844").cost)))
  end)

  it("unrealised profit of a short and of a long", function()
    assert.equal("-0.00029413", tostring(position.unrealised(held("Sell", "300", "27464.50441675"), decimal "28224.50")))
    assert.equal("0.00001217", tostring(position.unrealised(held("Buy", "200", "1812.70004844"), decimal "1812.90")))
  end)

  it("fee to close, and initial margin with added margin", function()
    local p = held("Buy", "200", "1812.70004844", "12", "0.01")
    assert.equal("0.00007172", tostring(position.fee_to_close(p, decimal "0.0006")))
    assert.equal("0.01926611", tostring(position.initial_margin(p, { taker = decimal "0.0006" })))
  end)

  it("bankruptcy price, rounded up to the tick for a long; liquidation price by the current formula", function()
    local p = held("Buy", "200", "1812.70004844", "12", "0.01")
    local instrument = { taker = decimal "0.0006", mm_rate = decimal "0.005", tick = decimal "0.05",
      min_price = decimal "0.05", max_price = decimal "99999.95" }
    assert.is_true(position.bankruptcy_price(p, instrument):eq "1544.20")
    assert.is_true(position.liquidation_price(p, instrument):eq "1551.90") -- 1551.8714...
  end)

  it("funding fee: 1000 at mark 63974.88, rate 0.0001", function()
    assert.equal("0.00000156", tostring(position.coin(decimal(1000) / decimal "63974.88" * decimal "0.0001")))
  end)
end)

describe("paper position", function()
  local exchange, caller

  wire.each_test(function(...) exchange, caller = ... end)

  local function go(price, others) exchange:set_price("BTCUSD", price, others) end

  -- Makes a fill as the maker, at exactly this price.
  local function fill(side, quantity, price, more)
    go(price)
    local p = { side = side, qty = quantity, price = price, timeInForce = "PostOnly" }
    for k, v in pairs(more or {}) do p[k] = v end
    local id = caller:place(p)
    go(price)
    assert.equal("Filled", caller:order(id).orderStatus)
    return id
  end

  it("averages its entry harmonically: 1000 at 5000 and 2000 at 6000 are 5625.00", function()
    fill("Buy", "1000", "5000")
    fill("Buy", "2000", "6000")
    local p = caller:position()
    assert.equal("5625.00000000", p.avgPrice)
    assert.equal("3000", p.size)
    assert.equal("0.53333333", p.positionValue)
    assert.equal("0.03333333", p.unrealisedPnl) -- mark 6000
    assert.equal("0.05365600", p.positionIM)
    assert.equal("0.00298934", p.positionMM)
    assert.equal("5139.5", p.liqPrice) -- 5139.2045...
    assert.equal("-0.00010667", p.curRealisedPnl) -- two maker fees
  end)

  -- q/E * rate + fee to close; q (1 +- rate) / (q/E +- q/(E 10)), to the tick; computed with Python's decimal.
  for symbol, case in pairs {
    BTCUSD = { side = "Buy", price = "30000", rate = 0.005, leverage = "100.00", tier = "150", mm = "0.00056050",
      im = "0.01006050", liquidation = 27409.5 },
    ETHUSD = { side = "Buy", price = "2000", rate = 0.005, leverage = "50.00", tier = "500", mm = "0.00840750",
      im = "0.15090750", liquidation = 1827.3 },
    XRPUSD = { side = "Buy", price = "0.5", rate = 0.01, leverage = "50.00", tier = "150", mm = "63.63000000",
      im = "603.63000000", liquidation = 0.4591 },
    EOSUSD = { side = "Sell", price = "0.7", rate = 0.01, leverage = "50.00", tier = "150", mm = "44.97857143",
      im = "430.69285714", liquidation = 0.770 },
  } do
    it("of 3000 " .. symbol .. " must keep the maintenance margin of the coin's only tier", function()
      local p = { symbol = symbol, side = case.side, qty = "3000", price = case.price, timeInForce = "PostOnly" }
      exchange:set_price(symbol, case.price)
      caller:place(p)
      exchange:set_price(symbol, case.price)
      local held_now = caller:position(symbol)
      assert.equal("3000", held_now.size)
      assert.equal(case.mm, held_now.positionMM)
      assert.equal(case.im, held_now.positionIM)
      assert.equal(case.liquidation, tonumber(held_now.liqPrice))
      local coin = caller:wallet(symbol:sub(1, 3))
      assert.equal(case.mm, coin.totalPositionMM)
      assert.equal(case.im, coin.totalPositionIM)
      local tiers = caller:must("GET", "market/risk-limit", { symbol = symbol }).list
      assert.same({ 1, case.tier, case.leverage }, { #tiers, tiers[1].riskLimitValue, tiers[1].maxLeverage })
      assert.equal(case.rate * 100, tonumber(tiers[1].maintenanceMargin))
      assert.equal(100, tonumber(tiers[1].initialMargin) * tonumber(case.leverage), "in percent, as the documentation has it")
    end)
  end

  it("is reduced at its entry price; the profit is that of the closed part, minus fees", function()
    fill("Buy", "1000", "5000")
    fill("Buy", "2000", "6000")
    local id = fill("Sell", "1200", "7000")
    local p = caller:position()
    assert.equal("5625.00000000", p.avgPrice)
    assert.equal("1800", p.size)
    assert.equal("10.04176380", caller:wallet().walletBalance)
    local row = caller:must("GET", "position/closed-pnl", { symbol = "BTCUSD" }).list[1]
    assert.equal(id, row.orderId)
    assert.equal("Sell", row.side)
    assert.equal("1200", row.closedSize)
    assert.equal("0.21333333", row.cumEntryValue)
    assert.equal("0.17142857", row.cumExitValue)
    assert.equal("0.00004267", row.openFee)
    assert.equal("0.00003429", row.closeFee)
    assert.equal("0.04182780", row.closedPnl)
    assert.equal("1", row.fillCount)
    assert.equal("10", row.leverage)
  end)

  it("has an unrealised profit of 0, not of -0, at its entry price", function()
    for _, side in ipairs { "Buy", "Sell" } do
      fill(side, "700", "30000")
      go("30000")
      assert.equal("0.00000000", caller:position().unrealisedPnl)
      fill(side == "Buy" and "Sell" or "Buy", "700", "30000")
    end
  end)

  it("is reversed when more is sold than held, and begins again at the new price", function()
    fill("Buy", "1000", "30000")
    exchange:advance(5)
    fill("Sell", "1500", "30000")
    local p = caller:position()
    assert.equal("Sell", p.side)
    assert.equal("500", p.size)
    assert.equal("30000.00000000", p.avgPrice)
    assert.equal(exchange:now(), p.openTime)
  end)

  -- Each fee is q / 30000 * 0.0002, rounded: 0.00000667, 0.00007333, 0.00006667. Of the second one 10000 of 11000 parts open.
  it("that is turned round pays the fee of a fill in two parts: for what it closes, and for what it opens", function()
    local before = decimal(caller:wallet().walletBalance)
    fill("Buy", "1000", "30000")
    exchange:advance(1)
    fill("Sell", "11000", "30000")
    local p = caller:position()
    assert.equal("-0.00006666", p.curRealisedPnl, "of the position that is held now")
    assert.equal("-0.00008000", p.cumRealisedPnl)
    exchange:advance(1)
    fill("Buy", "10000", "30000")
    local rows, sum = caller:must("GET", "position/closed-pnl", { symbol = "BTCUSD" }).list, decimal(0)
    for i, expected in ipairs { { "10000", "0.00006666", "0.00006667", "-0.00013333" },
      { "1000", "0.00000667", "0.00000667", "-0.00001334" } } do
      local row = rows[i]
      assert.same(expected, { row.closedSize, row.openFee, row.closeFee, row.closedPnl })
      sum = sum + row.closedPnl
    end
    assert.equal("-0.00014667", tostring(sum))
    assert.equal(tostring(sum), tostring(caller:wallet().walletBalance - before))
  end)

  it("of size zero is an empty row if its symbol is asked for; otherwise there is no row", function()
    local p = caller:position()
    assert.equal("", p.side)
    assert.equal("0", p.size)
    assert.equal("10", p.leverage)
    assert.equal("", p.liqPrice)
    assert.equal("-1", p.seq)
    assert.same({}, caller:must("GET", "position/list", {}).list)
    fill("Buy", "1", "30000")
    assert.equal(1, #caller:must("GET", "position/list", { settleCoin = "BTC" }).list)
    assert.equal(0, #caller:must("GET", "position/list", { settleCoin = "ETH" }).list)
  end)

  it("orders use initial margin and the fees of both ways; an order that only closes uses none", function()
    caller:place { qty = "3000", price = "29990" }
    assert.equal("0.01011887", caller:wallet().totalOrderIM)
    caller:must("POST", "order/cancel-all", { symbol = "BTCUSD" })
    caller:place { side = "Sell", qty = "3000", price = "30100" }
    assert.equal("0.01007093", caller:wallet().totalOrderIM)
    caller:must("POST", "order/cancel-all", { symbol = "BTCUSD" })
    fill("Buy", "3000", "30000")
    caller:place { side = "Sell", qty = "3000", price = "30100" }
    assert.equal("0", (caller:wallet().totalOrderIM:gsub("%.0+$", "")))
  end)

  it("orders that relied on it are cancelled, newest first, if it closes in another way and margin is short", function()
    local poor <close> = assert(paper.start { clock = "manual", limits = false, deposit = { BTC = "0.006" } })
    local asker = wire.caller(poor)
    poor:set_price("BTCUSD", "30000")
    asker:place { qty = "1000", price = "30000", timeInForce = "PostOnly" }
    poor:set_price("BTCUSD", "30000")
    local first = asker:place { side = "Sell", qty = "1000", price = "30300" } -- would close: free
    local second = asker:place { side = "Sell", qty = "600", price = "30300" } -- 0.0020
    local third = asker:place { side = "Sell", qty = "900", price = "30300", reduceOnly = true }
    poor:set_price("BTCUSD", "28500")
    asker:place { side = "Sell", qty = "1000", orderType = "Market", reduceOnly = true } -- loses 0.0018
    -- 0.0042 are left; the first order needs 0.0033 now, so there is no room for the second
    assert.equal("New", asker:order(first).orderStatus)
    assert.equal("Cancelled", asker:order(second).orderStatus)
    assert.equal("CancelByAdmin", asker:order(second).cancelType)
    assert.equal("CancelByReduceOnly", asker:order(third).cancelType)
    asker:hang_up()
  end)

  describe("leverage", function()
    local function set(leverage)
      return caller:post("position/set-leverage", { symbol = "BTCUSD", buyLeverage = leverage, sellLeverage = leverage }).retCode
    end

    it("changes the margin of positions and orders", function()
      fill("Buy", "3000", "30000")
      local before = decimal(caller:position().positionIM)
      assert.equal(0, set "20")
      assert.equal("20", caller:position().leverage)
      assert.is_true(decimal(caller:position().positionIM) < before)
      assert.equal(0, set "12.5")
      assert.equal("12.5", caller:must("GET", "position/symbol-info", { symbol = "BTCUSD" }).list[1].leverage)
    end)

    it("cannot be lowered if the wallet does not cover the margin", function()
      fill("Buy", "1000000", "30000")
      assert.equal(110044, set "1")
      assert.equal("10", caller:position().leverage)
    end)
  end)

  describe("liquidation", function()
    -- (q (1 +- 0.005)) / (q/E +- q/(E 10)): 27409.09 for a long at 30000, 33166.67 for a short
    for side, case in pairs {
      Buy = { price = "27409.5", before = "27410", at = "27409.5", wallet = "9.99664019" },
      Sell = { price = "33166.5", before = "33166", at = "33166.5" },
    } do
      it("of a " .. side .. " comes when the mark price reaches its price", function()
        fill(side, "1000", "30000")
        assert.equal(case.price, caller:position().liqPrice)
        local resting = caller:place { side = side, qty = "10", price = side == "Buy" and "29000" or "31000" }
        local waiting = caller:place { orderType = "Market", side = side, qty = "10", triggerPrice = "30500",
          triggerDirection = 1, triggerBy = "IndexPrice" }
        go("30000", { mark = case.before, index = "30000" })
        assert.equal("1000", caller:position().size)
        go("30000", { mark = case.at, index = "30000" })
        assert.equal("0", caller:position().size)
        assert.equal("CancelAllBeforeLiq", caller:order(resting).cancelType)
        assert.equal("Deactivated", caller:order(waiting).orderStatus)
        local bust = caller:must("GET", "execution/list", { execType = "BustTrade" }).list[1]
        assert.equal("1000", bust.execQty)
        assert.equal("CreateByLiq", bust.createType)
        assert.equal("BustTrade", caller:must("GET", "position/closed-pnl", {}).list[1].execType)
        if case.wallet then
          assert.equal("27273.0", (bust.execPrice:gsub("^(%d+)$", "%1.0"))) -- 27272.727... up to the tick
          assert.equal(case.wallet, caller:wallet().walletBalance)
        end
      end)
    end

    it("is further away with added margin, and takes no more than the margin", function()
      fill("Buy", "1000", "30000")
      caller:must("POST", "position/add-margin", { symbol = "BTCUSD", margin = "0.01" })
      assert.is_true(decimal(caller:position().liqPrice) < "27409")
      go("15000")
      assert.equal("0", caller:position().size)
      assert.is_true(decimal(caller:wallet().walletBalance) > "9.98")
    end)

    it("does not exist for a short at leverage 1", function()
      caller:must("POST", "position/set-leverage", { symbol = "BTCUSD", buyLeverage = "1", sellLeverage = "1" })
      fill("Sell", "1000", "30000")
      assert.equal("", caller:position().liqPrice)
      go "900000"
      assert.equal("1000", caller:position().size)
    end)
  end)

  describe("funding", function()
    it("is paid by longs to shorts every eight hours, by those who hold a position then", function()
      local other = wire.caller(exchange, 2)
      fill("Buy", "1000", "30000")
      other:place { side = "Sell", qty = "1000", price = "30000", timeInForce = "PostOnly" }
      go "30000"
      local before, before_other = decimal(caller:wallet().walletBalance), decimal(other:wallet().walletBalance)
      exchange:advance(8 * 3600 - 1)
      assert.is_true(before:eq(caller:wallet().walletBalance))
      exchange:advance(1)
      assert.equal("0.00000333", tostring(before - caller:wallet().walletBalance))
      assert.equal("0.00000333", tostring(other:wallet().walletBalance - before_other))
      local row = caller:must("GET", "execution/list", { execType = "Funding" }).list[1]
      assert.equal("0.00000333", row.execFee)
      assert.equal("0.0001", row.feeRate)
      assert.equal("1000", row.execQty)
      assert.equal("-0.00000333", other:must("GET", "execution/list", { execType = "Funding" }).list[1].execFee)
      other:hang_up()
    end)

    it("is paid once for each funding time that passes, and is in the market's history", function()
      fill("Buy", "1000", "30000")
      exchange:advance(3 * 8 * 3600)
      assert.equal(3, #caller:must("GET", "execution/list", { execType = "Funding" }).list)
      local list = caller:must("GET", "market/funding/history", { symbol = "BTCUSD" }).list
      assert.equal(3, #list)
      assert.equal("0.0001", list[1].fundingRate)
      assert.is_true(tonumber(list[1].fundingRateTimestamp) - tonumber(list[2].fundingRateTimestamp) == 8 * 3600000)
    end)
  end)

  it("the wallet adds up: equity, value in USD, several coins, and no unknown coin", function()
    fill("Buy", "1000", "30000")
    go "33000"
    local coin = caller:wallet()
    assert.is_true(decimal(coin.equity):eq(decimal(coin.walletBalance) + coin.unrealisedPnl))
    assert.equal("0.00303030", coin.unrealisedPnl) -- 1000/30000 - 1000/33000
    assert.is_true(decimal(coin.usdValue):eq((decimal(coin.equity) * 33000):round(8, "half_up")))
    local list = caller:must("GET", "account/wallet-balance", { accountType = "UNIFIED", coin = "BTC,ETH,DOGE" }).list[1].coin
    assert.same({ "BTC", "ETH", "DOGE" }, { list[1].coin, list[2].coin, list[3].coin })
    assert.equal("0", list[3].walletBalance)
    assert.is_nil(exchange:books().coins.DOGE)
  end)

  it("its coins are collateral until they are switched off", function()
    assert.is_true(caller:wallet().collateralSwitch)
    for _, coin in ipairs { "USDT", "USDC" } do
      local refused = caller:call("POST", "account/set-collateral-switch", { coin = coin, collateralSwitch = "OFF" })
      assert.equal(182111, refused.retCode)
    end
    caller:must("POST", "account/set-collateral-switch", { coin = "BTC", collateralSwitch = "OFF" })
    assert.is_false(caller:wallet().collateralSwitch)
    for _, wrong in ipairs { { coin = "DOGE", collateralSwitch = "ON" }, { coin = "BTC", collateralSwitch = "on" } } do
      assert.equal(10001, caller:post("account/set-collateral-switch", wrong).retCode)
    end
    caller:must("POST", "account/set-collateral-switch", { coin = "BTC", collateralSwitch = "ON" })
  end)
end)
