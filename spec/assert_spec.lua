-- bybit.assert: states what a strategy takes for granted, and raises if it is not so.

local bybit = require "bybit"
local check = require "bybit.assert"

local function raised(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("bybit.assert", function()
  it("returns only the result, so that the call can stand among other arguments", function()
    local list = {}
    table.insert(list, check("result", nil, "response"))
    assert.same({ "result" }, list)
    assert.equal(1, select("#", check("result", nil, "response")))
  end)

  it("raises the error as it is, so that its fields can be read", function()
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "keykeykey", secret = "s",
      deadline = 0.5 }
    local err = raised(function() check(client:get_open_orders_real_time { symbol = "BTCUSD" }) end)
    assert.equal("network", err.kind)
  end)

  it("raises at the caller's line for an error that is a text, and for no result without an error", function()
    local line = debug.getinfo(1, "l").currentline
    assert.equal(("spec/assert_spec.lua:%d: no such file"):format(line + 2),
      raised(function() check(nil, "no such file") end))
    assert.truthy(raised(function() check(nil) end):find("a result expected, got nil", 1, true))
  end)

  it("compares decimals by value, at the caller's line", function()
    local x = bybit.decimal "100.0"
    assert.equal(x, check.equal(x, 100))
    check.equal("1.50", bybit.decimal "1.5")
    local line = debug.getinfo(1, "l").currentline + 1
    local err = raised(function() check.equal(x, 90, "position") end)
    assert.equal(("spec/assert_spec.lua:%d: position: 90 expected, got 100.0"):format(line), err)
    assert.truthy(raised(check.equal, nil, 1):find("1 expected, got nil", 1, true))
    assert.truthy(raised(function() check.equal(x, 0.1 + 0.2) end):find("an exact number expected", 1, true))
  end)

  it("checks steps and bounds", function()
    check.multiple("30000.5", "0.5")
    check.multiple(bybit.decimal "-3", 1)
    assert.truthy(raised(check.multiple, "30000.3", "0.5", "price"):find("price: 30000.3 is not a multiple of 0.5", 1, true))
    assert.equal(1, check.between(1, 1, "2.5"))
    assert.equal("2.5", check.between("2.5", 1, "2.5"))
    assert.truthy(raised(check.between, 3, 1, "2.5", "size"):find("size: 3 is not between 1 and 2.5", 1, true))
  end)
end)
