-- The meaning of the codes of the v2 wire. spec/fixtures/v2/codes.tsv lists every code of the v2 documentation with its class;
-- "wrong/funds" means that the documentation allows two classes.

local bybit = require "bybit"
local v2, v5 = require "bybit.wire.v2.codes", require "bybit.wire.v5.codes"

local listed, count = {}, 0
for line in io.lines "spec/fixtures/v2/codes.tsv" do
  local code, class = line:match("^(%d+)\t(%S+)$")
  if code then
    listed[math.tointeger(tonumber(code))], count = class, count + 1
  end
end

local function each(codes, f)
  for code, row in pairs(codes.by_code) do f(row, tostring(code)) end
  for _, row in ipairs(codes.patterns) do f(row, row.code .. " " .. row.find) end
end

local function codes_where(f)
  local found = {}
  for code, row in pairs(v2.by_code) do
    if f(row) then found[#found + 1] = code end
  end
  table.sort(found)
  return found
end

describe("the codes of v2", function()
  it("are complete, each in a class that the documentation allows, and there are no others", function()
    assert.equal(380, count)
    for code, class in pairs(listed) do
      local row = v2.by_code[code]
      assert.truthy(row, code)
      assert.equal(code, row.code)
      assert.truthy(("/" .. class .. "/"):find("/" .. row.class .. "/", 1, true), code .. " is " .. row.class)
    end
    for code in pairs(v2.by_code) do assert.truthy(listed[code], code) end
  end)

  it("leave the outcome unknown only if the exchange does not know it, or did only a part", function()
    assert.same({ 10000, 10007, 10016, 130149 }, codes_where(function(row) return row.outcome == "unknown" end))
  end)

  it("allow a retry only if nothing was executed", function()
    assert.same({ 10006, 10018, 10021, 30035, 130035, 130150 }, codes_where(function(row) return row.retryable end))
  end)

  it("tell recovery about a duplicate id, an unknown order, nothing to change", function()
    assert.same({ 20094, 30001, 30089 }, codes_where(function(row) return row.class == "duplicate" end))
    assert.same({ 20001, 20013, 30032, 30034, 30037, 130010, 130032, 130037 },
      codes_where(function(row) return row.kind == "not_found" end))
    assert.same({ 30076, 34040, 130076, 130125, 130127 }, codes_where(function(row) return row.unchanged end))
    assert.same({ 10006, 10018 }, codes_where(function(row) return row.kind == "rate_limit" end))
  end)

  it("have a name, a meaning and an advice", function()
    each(v2, function(row, what)
      assert.truthy(row.name:find("^%l[%l%d_]*%w$") and not row.name:find("__", 1, true), what .. " " .. row.name)
      assert.truthy(row.meaning:find("^%u[^\n]*%.$") or row.meaning:find("^The client_order_id"), what)
      assert.truthy(row.advice:find("%.$"), what)
    end)
  end)

  it("share a name with V5 only if both mean the same", function()
    local first = {}
    for _, codes in ipairs { v5, v2 } do
      each(codes, function(row, what)
        local other = first[row.name]
        for _, key in ipairs(other and { "outcome", "retryable", "unchanged", "kind" } or {}) do
          assert.equal(other[key], row[key], ("%s and %s are both %s"):format(other.code, what, row.name))
        end
        first[row.name] = row
      end)
    end
  end)

  for code, name in pairs {
    [10001] = "invalid_parameter", [10003] = "invalid_key", [10004] = "invalid_signature", [10006] = "rate_limited",
    [10021] = "timestamp_out_of_window", [20001] = "order_not_found", [20094] = "duplicate_client_order_id",
    [30089] = "duplicate_client_order_id", [30031] = "insufficient_balance", [130021] = "insufficient_balance",
    [30074] = "trigger_price_not_above", [130075] = "trigger_price_not_below", [30024] = "no_position",
    [34040] = "trading_stop_unchanged", [30063] = "reduce_only_rejected", [30033] = "too_many_conditional_orders",
  } do
    it(("call %d %s, as V5 does"):format(code, name), function()
      assert.equal(name, v2.by_code[code].name)
      local found = false
      each(v5, function(row) found = found or row.name == name end)
      assert.is_true(found)
    end)
  end

  it("are among bybit.codes", function()
    each(v2, function(row) assert.equal(row.name, bybit.codes[row.name]) end)
    each(v5, function(row) assert.equal(row.name, bybit.codes[row.name]) end)
  end)
end)

describe("the texts of v2", function()
  local function found(code, message)
    for _, pattern in ipairs(v2.patterns) do
      if pattern.code == code and message:find(pattern.find, 1, true) then return pattern end
    end
  end

  it("distinguish a wrong clock from a missing key, for which older servers used one code", function()
    local clock = found(10002, "invalid request, please check your timestamp and recv_window param")
    assert.same({ "timestamp_out_of_window", "auth", true }, { clock.name, clock.kind, clock.retryable })
    assert.is_nil(found(10002, "API key required"))
    assert.is_false(v2.by_code[10002].retryable)
  end)

  it("never say `unchanged` for an order that would not reduce the position", function()
    local row = found(130125, "current position is zero, cannot fix reduce-only order qty")
    assert.equal("reduce_only_rejected", row.name)
    assert.is_nil(row.unchanged)
  end)
end)

describe("HTTP statuses on v2", function()
  it("mean the same as on V5, with v2's own advice", function()
    for status, row in pairs(v5.http) do
      for _, key in ipairs { "name", "kind", "outcome", "retryable" } do assert.equal(row[key], v2.http[status][key]) end
      assert.truthy(v2.http[status].advice:find("%.$"), status)
    end
    assert.truthy(v2.http[403].advice:find("half an hour", 1, true))
  end)
end)
