-- Exact decimals of 34 digits. The expected results come from Python's decimal module, in spec/fixtures/decimal.tsv.

local decimal = require("bybit.core").decimal

-- Checks that f raises with a message that holds `text`.
local function raises(text, f, ...)
  local ok, why = pcall(f, ...)
  assert.is_false(ok, "it did not raise")
  assert.is_truthy(tostring(why):find(text, 1, true), ("'%s' does not hold '%s'"):format(why, text))
end

local function text(x)
  return tostring(decimal(x))
end

describe("a decimal is made", function()
  it("from a text as it is: trailing zeros and the sign of zero are kept", function()
    for _, s in ipairs { "0", "0.1", "30000.50", "-7", "0.00", "-0.0", "1234567890123456789012345678901234",
      "0.0000000000000000000000000000000000001234" } do
      assert.equal(s, text(s))
    end
  end)

  it("from no other text that looks like a number", function()
    for _, s in ipairs { "", "-", "+1", "1.", ".5", "1e5", "0x10", " 1", "1 ", "1,000", "1_000", "inf", "nan", "1.2.3",
      "--1", "١", "1\0" } do
      raises("is not a decimal", decimal, s)
    end
  end)

  it("from integers, even the largest and smallest", function()
    assert.equal("9223372036854775807", text(math.maxinteger))
    assert.equal("-9223372036854775808", text(math.mininteger))
    assert.equal("9007199254740993", text(9007199254740993))
  end)

  it("from floats that are exactly what they show", function()
    for float, s in pairs { [30000.5] = "30000.5", [0.1] = "0.1", [1e15] = "1000000000000000", [-2.5e-7] = "-0.00000025",
      [3.0] = "3" } do
      assert.equal(s, text(float))
    end
  end)

  it("not from other floats; the message says what to do", function()
    raises("0.30000000000000004 is not exact: write it as a string, or round it with bybit.decimal(x, places)", decimal,
      0.1 + 0.2)
    raises("not exact", decimal, 2.0 ^ 53 + 2)
    raises("not a number", decimal, 0 / 0)
    raises("not a number", decimal, math.huge)
  end)

  it("from any finite float, if a rounding is given", function()
    assert.equal("0.30", tostring(decimal(0.1 + 0.2, 2)))
    assert.equal("0.1000000000000000055511151231257827", tostring(decimal(0.1, 34)))
    assert.equal("2.67", tostring(decimal(2.675, 2)), "2.675 is a little less as a float")
    raises("not a number", decimal, -math.huge, 2)
  end)

  it("never rounded: more than 34 digits are refused, even if they are zeros", function()
    raises("more than 34 digits", decimal, "12345678901234567890123456789012345")
    raises("more than 34 digits", decimal, "1.0000000000000000000000000000000000")
    assert.equal("0.0000000000000000000000000000000000", text "0.0000000000000000000000000000000000")
  end)

  it("not from values of other types", function()
    raises("got nil", decimal, nil)
    raises("got table", decimal, {})
    raises("got boolean", decimal, true)
  end)
end)

describe("arithmetic", function()
  local D = decimal
  local operations = {
    add = function(a, b) return D(a) + b end,
    sub = function(a, b) return D(a) - b end,
    mul = function(a, b) return D(a) * b end,
    div = function(a, b) return D(a) / b end,
    idiv = function(a, b) return D(a) // b end,
    mod = function(a, b) return D(a) % b end,
    pow = function(a, n) return D(a) ^ n end,
    cmp = function(a, b) return D(a):compare(b) end,
    key = function(a) return D(a):key() end,
    float = function(a) return ("%.17g"):format(D(a):tonumber()) end,
    round = function(a, places, mode) return D(a):round(math.tointeger(tonumber(places)), mode) end,
    step = function(a, step, mode) return D(a):to_step(step, mode) end,
  }
  -- For these operations the value is compared; for the others every digit of the text.
  local by_value = {
    idiv = function(got, wanted) return (got - wanted):is_zero() end,
    mod = function(got, wanted) return got:eq(wanted) end,
    step = function(got, wanted) return got:eq(wanted) end,
    float = function(got, wanted) return tonumber(got) == tonumber(wanted) end,
  }

  local vectors = {}
  for line in io.lines "spec/fixtures/decimal.tsv" do
    local row = {}
    for field in line:gmatch "[^\t]+" do row[#row + 1] = field end
    vectors[row[1]] = vectors[row[1]] or {}
    table.insert(vectors[row[1]], row)
  end

  -- Plain digits, without the zeros after 34 digits, from which no decimal can be made.
  local function shortened(digits)
    if #digits:gsub("[-.]", "") <= 34 or not digits:find(".", 1, true) then return digits end
    return (digits:gsub("0+$", ""):gsub("%.$", ""))
  end

  for name, rows in pairs(vectors) do
    it("agrees with Python: " .. name, function()
      local f, same = operations[name], by_value[name]
      assert.is_true(#rows >= 20)
      for _, row in ipairs(rows) do
        local wanted = row[#row]
        if wanted == "none" then
          raises("does not fit a decimal of 34 digits", f, row[2], row[3], row[4])
        else
          local got = f(row[2], row[3], row[4])
          local agrees = tostring(got) == wanted or (same and same(got, shortened(wanted)))
          assert.is_true(agrees, table.concat(row, " ") .. " gave " .. tostring(got))
        end
      end
    end)
  end

  it("mixes with integers, numeric strings and exact floats", function()
    assert.equal("30030.50", tostring(D "30000.50" + 30))
    assert.equal("29970.4995", tostring(D "30000.5" * 0.999))
    assert.equal("1.5", tostring("3" / D(2)))
    assert.equal("-0.5", tostring(0.5 - D(1)))
    raises("not exact", function() return D(1) + (0.1 + 0.2) end)
    raises("a decimal expected", function() return D(1) + {} end)
  end)

  it("floors // and % as Lua's integers do", function()
    for _, pair in ipairs { { 7, 2 }, { -7, 2 }, { 7, -2 }, { -7, -2 }, { 6, 3 }, { -6, 3 } } do
      local a, b = pair[1], pair[2]
      assert.is_true((D(a) // b):eq(a // b))
      assert.is_true((D(a) % b):eq(a % b))
    end
  end)

  it("floors a quotient too small for a decimal", function()
    local tiny, huge = D(10) ^ -6000, D(10) ^ 6000
    assert.equal("0", tostring(tiny // huge))
    assert.equal("-1", tostring(-tiny // huge))
    assert.is_true((tiny % huge):eq(tiny))
  end)

  it("raises to whole powers", function()
    assert.equal("1.21", tostring(D "1.1" ^ 2))
    assert.equal("1", tostring(D(0) ^ 0))
    assert.equal("0.25", tostring(D(2) ^ -2))
    raises("must be an integer", function() return D(2) ^ 0.5 end)
  end)

  it("never gives an infinity or NaN: it raises", function()
    raises("division by zero", function() return D(1) / 0 end)
    raises("division by zero", function() return D(0) / 0 end)
    raises("division by zero", function() return D(1) // 0 end)
    raises("division by zero", function() return D(1) % 0 end)
    raises("division by zero", function() return D(0) ^ -1 end)
    raises("does not fit", function() return D(10) ^ 7000 end)
    raises("does not fit", function() return D(10) ^ -7000 end)
    raises("does not fit", function() return D("1234567890123456789012345678901234"):round(2) end)
    raises("too large for a float", function() return (D(10) ^ 400):tonumber() end)
  end)
end)

describe("comparison", function()
  local D = decimal

  it("compares decimals by value", function()
    assert.is_true(D "1.0" == D "1.00")
    assert.is_true(D "-0" == D "0")
    assert.is_true(D "1" < D "1.01")
    assert.is_true(D "1" <= "1.0")
    assert.is_true(2 > D "1.5")
  end)

  it("with == and a plain number is false, as Lua defines it: use eq and compare", function()
    assert.is_false(D "30000" == 30000)
    assert.is_true(D("30000.00"):eq(30000))
    assert.equal(-1, D("1"):compare "2")
    assert.equal(0, D("2.0"):compare(2))
    assert.equal(1, D("3"):compare(2.5))
  end)

  it("is by one key for equal decimals", function()
    assert.equal("1", D("1.00"):key())
    assert.equal("1", D("1.0"):key())
    assert.equal("0", D("-0.00"):key())
    assert.equal("1500", D("1500"):key())
  end)
end)

describe("methods", function()
  local D = decimal

  it("round keeps the places it was asked for", function()
    assert.equal("2.00", tostring(D("2"):round(2)))
    assert.equal("0.12", tostring(D("0.125"):round(2)))
    assert.equal("0.13", tostring(D("0.125"):round(2, "half_up")))
    assert.equal("1200", tostring(D("1234"):round(-2)))
    raises("unknown rounding mode 'nearest'", function() D(1):round(1, "nearest") end)
    raises("a number of places expected", function() D(1):round(1.5) end)
    raises("a number of places expected", function() D(1):round() end)
  end)

  it("to_step gives prices and sizes with the step's own places", function()
    assert.equal("30000.5", tostring(D("30000.57"):to_step "0.5"))
    assert.equal("30001.0", tostring(D("30000.57"):to_step("0.5", "up")))
    assert.equal("30000.50", tostring(D("30000.57"):to_step "0.10"))
    assert.equal("-1", tostring(D("-1.9"):to_step(1)))
    assert.equal("-2", tostring(D("-1.9"):to_step(1, "floor")))
    raises("a step above zero expected, got 0", function() D(1):to_step(0) end)
    raises("a step above zero expected, got -0.5", function() D(1):to_step "-0.5" end)
  end)

  it("abs, sign, is_zero, min, max", function()
    assert.equal("1.50", tostring(D("-1.50"):abs()))
    assert.same({ -1, 0, 1 }, { D("-2"):sign(), D("-0.0"):sign(), D("0.01"):sign() })
    assert.is_true(D("0.000"):is_zero())
    assert.equal("1", tostring(D(3):min(1, "2.5")))
    assert.equal("3", tostring(D(3):max(1, "2.5")))
    for _, list in ipairs { { "1", "2", "3" }, { "3", "2", "1" }, { "2", "1", "3" }, { "2", "3", "1" } } do -- any place
      assert.equal("1", tostring(D(list[1]):min(list[2], list[3])))
      assert.equal("3", tostring(D(list[1]):max(list[2], list[3])))
    end
    assert.equal("2", tostring(D(2):min()))
    assert.same({ "1.0", "1" }, { tostring(D "1.0":min("1")), tostring(D(1):max("1.0")) }, "of equal ones the first")
  end)

  it("tonumber, tointeger, tostring", function()
    assert.equal(0.1, D("0.1"):tonumber())
    assert.equal(3, D("3.00"):tointeger())
    assert.equal("integer", math.type(D("3.00"):tointeger()))
    assert.is_nil(D("3.5"):tointeger())
    assert.equal(1, select("#", D("3.5"):tointeger()), "nil, not nothing: tostring(x:tointeger()) works")
    assert.is_nil(D("9223372036854775808"):tointeger())
    assert.equal(math.mininteger, D("-9223372036854775808"):tointeger())
    assert.equal("3.50", D("3.50"):tostring())
    assert.equal("price 3.50!", "price " .. D "3.50" .. "!")
  end)

  it("accept decimals that were made before the module was loaded again", function()
    local loaded = package.loaded["bybit.core"]
    package.loaded["bybit.core"] = nil
    local again = require("bybit.core").decimal
    package.loaded["bybit.core"] = loaded
    assert.equal("3.5", tostring(again(2) + D "1.5"))
    assert.equal("3.5", tostring(D "1.5" + again(2)))
  end)

  -- A host with a German locale must not trade at 0 instead of 0.1. The locale is made here, for a child process: the C
  -- library reads LOCPATH only there.
  it("read and write floats with a point, whatever the locale", function()
    local directory = os.tmpname()
    os.remove(directory)
    finally(function() os.execute("rm -rf " .. directory) end)
    if not os.execute(("mkdir %s && localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 2>/dev/null"):format(directory, directory)) then
      return pending "no locale data here"
    end
    local program = [[
      assert(os.setlocale "de_DE.UTF-8")
      local core = require "bybit.core"
      local D = core.decimal
      assert(tostring(0.5) == "0,5")
      print(D(30000.5), D(0.5, 2), D "0.25":tonumber() == 1 / 4, core.json.encode { 0.5 })
      print(select(2, pcall(D, 0.1 + 0.2)))]]
    local command = ("LOCPATH=%s '%s' -e '%s'"):format(directory, os.getenv "LUA" or "lua5.4", program)
    local child <close> = assert(io.popen(command))
    assert.equal("30000.5\t0.50\ttrue\t[0.5]", child:read())
    assert.matches("the float 0.30000000000000004 is not exact", child:read(), 1, true)
  end)

  it("are not numbers for string.format, and cannot be changed", function()
    assert.has_error(function() return ("%.2f"):format(D(1)) end)
    assert.equal("bybit.decimal", getmetatable(D(1)))
    raises("expected", D(1).round, {}, 2)
  end)
end)
