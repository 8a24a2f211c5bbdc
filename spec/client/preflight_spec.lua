-- client:check: what it tells of a key, an account, a clock, on the paper exchange and from answers.

local bybit = require "bybit"
local methods = require "spec.support.methods"
local trading = require "spec.support.trading"

describe("client:check", function()
  -- The report of a client whose key and account answer so.
  local function report_of(key, account, params)
    local client <close> = methods.client(function(request)
      if request.url:find("query-api", 1, true) then return methods.ok(key) end
      if request.url:find("account/info", 1, true) then return methods.ok(account or '{"marginMode":"ISOLATED_MARGIN"}') end
      return methods.ok '{"timeSecond":"1","timeNano":"1"}'
    end)
    return assert(client:check(params))
  end

  local GOOD = '{"readOnly":0,"permissions":{"ContractTrade":["Order","Position"],"Wallet":[]},"ips":["1.2.3.4"],'
    .. '"deadlineDay":-2}'

  it("finds nothing wrong where nothing is", function()
    local report = report_of(GOOD)
    assert.same({}, report.problems)
    assert.equal(1, #report.warnings) -- the answers are from 2023
    assert.truthy(report.warnings[1]:find("the local clock is %d+%.%d s off"))
    assert.same({ false, true, false, "ISOLATED_MARGIN" },
      { report.read_only, report.may_trade, report.may_withdraw, report.margin_mode })
  end)

  it("says what keeps a key from trading", function()
    for change, text in pairs {
      [{ '"readOnly":0', '"readOnly":1' }] = "the key may only read",
      [{ '"Order",', "" }] = "the key lacks the permissions",
      [{ ',"Position"', "" }] = "the key lacks the permissions",
      [{ '"ContractTrade"', '"Spot"' }] = "the key lacks the permissions",
    } do
      local report = report_of((GOOD:gsub(change[1], change[2])))
      assert.equal(1, #report.problems)
      assert.truthy(report.problems[1]:find(text, 1, true), report.problems[1])
      assert.truthy(tostring(report):find("problem  " .. text, 1, true))
    end
    local report = report_of(GOOD, '{"marginMode":"REGULAR_MARGIN","unifiedMarginStatus":4}')
    assert.truthy(report.problems[1]:find("no unified account 2.0", 1, true))
    assert.equal(0, #report_of(GOOD, '{"marginMode":"REGULAR_MARGIN","unifiedMarginStatus":5}').problems)
  end)

  it("warns of a key that may do too much, or lapses", function()
    local function warned(from, to, text)
      for _, warning in ipairs(report_of((GOOD:gsub(from, to))).warnings) do
        if warning:find(text, 1, true) then return true end
      end
      return false
    end
    assert.is_true(warned('"Wallet":%[%]', '"Wallet":["Withdraw"]', "may withdraw"))
    assert.is_true(warned('"1.2.3.4"', '"*"', "bound to no address"))
    assert.is_true(warned("%-2", "13", "lapses in 13 days"))
    assert.is_true(warned("%-2", "0", "lapses in 0 days"))
    assert.is_false(warned("%-2", "14", "lapses"))
    assert.is_false(warned("x", "x", "lapses"))
  end)

  it("tells of the symbol, the clock and the limits on the paper exchange", function()
    local exchange, client = trading.start({ rate = "wait" })
    finally(function()
      client:close()
      exchange:close()
    end)
    local report = assert(client:check { symbol = "BTCUSD" })
    assert.same({}, report.problems)
    assert.same({ "bound to no address" }, { report.warnings[1]:match "bound to no address", report.warnings[2] })
    assert.same({ 0, "10", "0.00055", "0.0002" }, { report.position_mode, tostring(report.leverage),
      tostring(report.taker_fee_rate), tostring(report.maker_fee_rate) })
    assert.truthy(math.abs(report.clock_offset) < 1000)
    assert.equal(10, report.limits["order/create"].limit)
    assert.truthy(tostring(report):find("symbol   position mode 0, leverage 10, fees 0.00055 taker, 0.0002 maker", 1, true))
  end)

  it("looks at the clock alone without keys", function()
    local exchange <close> = bybit.paper.start { clock = "manual" }
    local stranger <close> = bybit.client { environment = { url = exchange.url } }
    local report = assert(stranger:check())
    assert.truthy(report.problems[1]:find("no keys", 1, true))
    assert.is_nil(report.margin_mode)
  end)

  it("returns the error of a request that fails, and raises for a wrong call", function()
    local client <close> = methods.client '{"retCode":10003,"retMsg":"API key is invalid.","result":{},"time":1}'
    local report, err = client:check { deadline = 0.1 }
    assert.same({ nil, "auth" }, { report, err.kind })
    assert.has_error(function() client:check { symbl = "BTCUSD" } end)
    assert.has_error(function() client:check "BTCUSD" end)
  end)
end)
