-- What bybit.paper_engine works out in C, against the same a formula at a time (spec/support/paper_plain.lua): to the last digit and
-- zero.

local core = require "bybit.core"
local arithmetic = require "bybit.paper.engine.arithmetic"
local engine = require "bybit.paper_engine"
local plain = require "spec.support.paper_plain"
local position = require "bybit.paper.engine.position"

local decimal = core.decimal
local random = core.random(20261201)

local function one_of(list) return list[random:integer(1, #list)] end

-- A decimal with so many places at most, below 10^`digits`, not 0.
local function amount(digits, places)
  local p = random:integer(0, places)
  return decimal(("%d"):format(random:integer(1, math.tointeger(10 ^ digits)))) * (decimal(10) ^ -p)
end

-- All decimals and words of a table, as text.
local function shown(t)
  local names, out = {}, {}
  for name, value in pairs(t) do
    if type(value) ~= "table" then names[#names + 1] = name end
  end
  table.sort(names, function(x, y) return tostring(x) < tostring(y) end)
  for i, name in ipairs(names) do out[i] = tostring(name) .. "=" .. tostring(t[name]) end
  return table.concat(out, " ")
end

describe("a fill", function()
  local money = engine.money(plain.nothing)

  -- The same position, coin and order twice.
  local function twins(kind)
    local a = position.new(decimal(one_of { "1", "10", "7.5", "100" }), arithmetic[kind])
    local b = {}
    for name, value in pairs(a) do b[name] = value end
    return a, b, { wallet = decimal "10", realised = plain.nothing }, { wallet = decimal "10", realised = plain.nothing }
  end

  local function new_order(side)
    local order = { side = side, qty = decimal "1000000.000" }
    for _, name in ipairs { "filled", "value", "fee", "exact" } do order[name] = plain.nothing end
    return order
  end

  for _, kind in ipairs { "inverse", "linear" } do
    it("gives position, coin, order and what is told of it the same amounts: " .. kind, function()
      local seen = { opens = 0, adds = 0, closes = 0, turns = 0, flat = 0 }
      for _ = 1, 16 do
        local a, b, coin_a, coin_b = twins(kind)
        local side = one_of { "Buy", "Sell" }
        local order_a, order_b = new_order(side), new_order(side)
        for _ = 1, 25 do
          if random:unit() < 0.6 then
            side = one_of { "Buy", "Sell" }
            order_a, order_b = new_order(side), new_order(side)
          end
          local quantity, price = amount(4, kind == "linear" and 3 or 0), amount(6, 4)
          if a.side ~= "" and random:unit() < 0.2 then quantity = a.size end
          if a.side ~= "" and random:unit() < 0.1 then a.added, b.added = decimal "0.5", decimal "0.5" end
          if a.side ~= "" and random:unit() < 0.1 then
            a.bought, b.bought, a.drawn, b.drawn = a.cost, b.cost, decimal "0.03", decimal "0.03"
          end
          local value = a.kind.value(quantity, price)
          local rate = one_of { decimal "0.00055", decimal "-0.00025", decimal "0.0002" }
          local before = a.side
          local expected = table.pack(plain.settle(a, coin_a, order_a, quantity, price, value, rate))
          local got = table.pack(money.settle(b, coin_b, order_b, quantity, price, value, rate))
          assert.equal(shown(expected), shown(got))
          assert.equal(shown(a), shown(b))
          assert.equal(shown(coin_a), shown(coin_b))
          assert.equal(shown(order_a), shown(order_b))
          local what = before == "" and "opens" or before == side and "adds" or a.side == "" and "flat"
            or a.side == side and "turns" or "closes"
          seen[what] = seen[what] + 1
        end
      end
      for what, count in pairs(seen) do assert.is_true(count > 5, what) end
    end)
  end

  it("raises where an amount is missing, or does not fit", function()
    local p, coin, order = position.new(decimal(1)), { wallet = decimal(0), realised = decimal(0) }, new_order "Buy"
    local one = decimal(1)
    assert.has_error(function() money.settle(p, coin, order, one, one, "1", one) end, "a decimal expected, got string")
    assert.has_error(function() money.settle(p, {}, order, one, one, one, one) end, "a decimal expected in 'wallet'")
    assert.has_error(function() money.settle(p, coin, order, one, one, decimal(10) ^ 6000, decimal(10) ^ 6000) end)
    assert.has_error(function() engine.money(1) end)
  end)
end)

describe("an order", function()
  local money = engine.money(plain.nothing)

  it("ties up what the formula says, of either kind and side", function()
    for _ = 1, 400 do
      local kind, side = one_of { "inverse", "linear" }, one_of { "Buy", "Sell" }
      local instrument = { kind = arithmetic[kind], taker = one_of { decimal "0.00055", decimal "0.0006" } }
      local quantity, price, leverage = amount(6, 3), amount(7, 4), one_of { decimal "1", decimal "12.34", decimal "100" }
      assert.equal(tostring(plain.order_cost(quantity, price, side, leverage, instrument)),
        tostring(money.cost(quantity, price, side, leverage, instrument)))
    end
  end)

  it("has a price of so many ticks", function()
    for _ = 1, 400 do
      local price, tick = amount(17, 8), one_of { decimal "0.5", decimal "0.0001", decimal "0.10", decimal "3", decimal(10) ^ 3 }
      assert.equal((price // tick):tointeger(), money.ticks(price, tick), ("%s %s"):format(price, tick))
    end
    for _, price in ipairs { "0", "-1.2", "99999999999999999999", "9223372036854775807", "12345678901234567890.12345" } do
      for _, tick in ipairs { "0.5", "7", "1.00000000000000000000000001", "1" } do
        assert.equal((decimal(price) // decimal(tick)):tointeger(), money.ticks(decimal(price), decimal(tick)))
      end
    end
    assert.has_error(function() money.ticks(decimal(1), decimal(0)) end, "division by zero")
  end)

  it("adds to the sums of a table", function()
    local t = { a = decimal "1.50", b = decimal "2" }
    money.add(t, "a", decimal "0.5", "b", decimal "-2.000")
    assert.same({ "2.00", "0.000" }, { tostring(t.a), tostring(t.b) })
    assert.has_error(function() money.add(t, "c", decimal(1)) end)
  end)
end)
