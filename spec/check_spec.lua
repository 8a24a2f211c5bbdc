-- `bybit check`: what it flags in a program's text, and what it leaves alone.

local check = require "bybit.check"
local command = require "spec.support.command"

local HEAD = 'local bybit = require "bybit"\nlocal client <close> = bybit.client { environment = "paper" }\n'

-- The findings in a program, "line: message"; lines are counted from after the head.
local function findings(text)
  local found = {}
  for i, finding in ipairs(assert(check.text(HEAD .. text))) do
    found[i] = ("%d: %s"):format(finding.line - 2, finding.message)
  end
  return found
end

describe("bybit check", function()
  for text, message in pairs {
    ["for o in client:each('get_orders', {}) do if o.price == 30000 then print(o) end end"] =
      "a decimal never equals 30000 by ==: write x:eq(30000)",
    ["local p = bybit.decimal '5' if 5 ~= p then print(p) end"] = "a decimal never equals 5 by ~=: write not x:eq(5)",
    ["return function(trade) return trade.fee == '0' end"] = 'a decimal never equals "0" by ==: write x:eq("0")',
    ["return function(o) return (o.price * 2):round(1) == -1 end"] =
      "a decimal never equals -1 by ==: write x:eq(-1)",
    ["local o = assert(client:get_open_order_real_time { symbol = 'BTCUSD', order_id = 'x' }) print(o.stauts)"] =
      "order has no field 'stauts', did you mean 'status'?",
    ["for _, t in ipairs(assert(client:get_user_trades { symbol = 'BTCUSD' })) do print(t.pric) end"] =
      "trade has no field 'pric', did you mean 'price'?",
    ["local ack = client:place_order {} print(ack.orderid)"] = "order id has no field 'orderid', did you mean 'order_id'?",
    ["client:place_order { symbol = 'BTCUSD', qty = 1 }"] = "place_order: unknown parameter 'qty': here it is 'quantity'",
    ["client:place_order { side = 'buy' }"] =
      "place_order: parameter 'side': 'buy' is none: one of 'Buy', 'Sell'; here it is 'Buy'",
    ["client:create_order {}"] = "a client has no method 'create_order': here it is 'place_order'",
    ["client:each('get_ordrs', {})"] = "each: there is no method 'get_ordrs', did you mean 'get_orders'?",
    ["client:each('get_orders', { limt = 5 })"] = "get_orders: unknown parameter 'limt', did you mean 'limit'?",
    ["print(bybit.codes.order_not_fond)"] = "bybit.codes has no 'order_not_fond', did you mean 'order_not_found'?",
    ["print(bybit.enums.side.Buyy)"] = "bybit.enums.side has no 'Buyy', did you mean 'Buy'?",
    ["return function(o) return ('%.2f'):format(o.price) end"] =
      "a decimal is no number to %f: write %s, and x:round(places)",
    ["return function(o) return string.format('%s %d', o.price, o.quantity) end"] =
      "a decimal is no number to %d: write %s, and x:round(places)",
    ["local t = {} return function(o) t[o.price] = true end"] =
      "a decimal as a key: equal ones are different keys, use x:key()",
    ["totl = 1"] = "setting the undeclared global 'totl'",
    ["print(undeclared)"] = "undeclared global 'undeclared'",
  } do
    it("flags " .. text, function() assert.same({ "1: " .. message }, findings(text)) end)
  end

  for _, text in ipairs {
    "return function(o) return o.price:eq(5) and o.price > 5 and o.price:is_zero() end",
    "local config = { price = 5 } if config.price == 5 then print(config) end",
    "return function(o) return o.status == 'New' and o.create_time == 5 end",
    "return function(o) return ('%s %5.1f'):format(o.price, 1.5) end",
    "local ack = client:place_order { confirm = true } print(ack.filled_quantity, ack:is_open())",
    "local btc = client:with { symbol = 'BTCUSD', raise = true } print(btc:get_orders {}[1].price)",
    "local o = client:get_open_order_real_time {} o = { stauts = 1 } print(o.stauts)",
    "local function f(order) return order.anything end print(f)",
    "local key = 'side' client:place_order { [key] = 'Buy' }",
  } do
    it("leaves alone " .. text, function() assert.same({}, findings(text)) end)
  end

  it("says where a program is none", function()
    assert.same({ { line = 1, column = 5, message = "expected expression near '='" } }, check.text "x = = 3")
  end)

  it("finds nothing in the examples", function()
    local pipe <close> = assert(io.popen "ls examples/*.lua")
    for path in pipe:lines() do
      local file <close> = assert(io.open(path))
      assert.same({}, check.text(file:read "a", path), path)
    end
  end)

  it("prints findings as compilers do, and tells by its exit status", function()
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    local file = assert(io.open(path, "w"))
    file:write("#!/usr/bin/env lua5.4\nprint(\n  undeclared)\n")
    file:close()
    local output, errors, status = command.run("check " .. path)
    assert.equal(("%s:3:3: undeclared global 'undeclared'\n"):format(path), output)
    assert.equal("", errors)
    assert.equal(1, status)
    output, errors, status = command.run "check spec/check_spec.lua"
    assert.equal("", output .. errors)
    assert.equal(0, status)
    output, errors, status = command.run "check /nowhere.lua"
    assert.equal("bybit: check: /nowhere.lua: No such file or directory\n", errors)
    assert.equal("", output)
    assert.equal(2, status)
  end)
end)
