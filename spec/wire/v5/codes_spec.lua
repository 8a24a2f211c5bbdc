-- The meaning of the exchange's codes. spec/fixtures/v5/codes.tsv lists every code of the V5 documentation with its class;
-- "access/state" means that the documentation allows two classes.

local codes = require "bybit.wire.v5.codes"

local OBSERVED = { [10032] = true } -- "Demo trading are not supported.": seen in answers, and not listed

local listed, count = {}, 0
for line in io.lines "spec/fixtures/v5/codes.tsv" do
  local code, class = line:match("^(%-?%d+)\t(%S+)$")
  if code then
    listed[math.tointeger(tonumber(code))], count = class, count + 1
  end
end

local function each(f)
  for code, row in pairs(codes.by_code) do f(row, tostring(code)) end
  for _, row in ipairs(codes.patterns) do f(row, row.code .. " " .. row.find) end
end

local function is_sentence(text)
  return type(text) == "string" and text:find("^%u[^\n]*%.$") ~= nil
end

describe("the codes of V5", function()
  it("are complete, each in the class that the documentation gives", function()
    assert.equal(244, count)
    for code, class in pairs(listed) do
      local row = codes.by_code[code]
      assert.truthy(row, code)
      assert.equal(code, row.code)
      assert.truthy(("/" .. class .. "/"):find("/" .. row.class .. "/", 1, true), code .. " is " .. row.class)
    end
  end)

  it("contain no code that is not documented", function()
    for code in pairs(codes.by_code) do assert.truthy(listed[code] or OBSERVED[code], code) end
  end)

  it("leave the outcome unknown only if the exchange does not know it itself", function()
    local unknown = {}
    for code, class in pairs(listed) do
      assert.equal(class == "unknown" and "unknown" or "rejected", codes.by_code[code].outcome, code)
      if class == "unknown" then unknown[#unknown + 1] = code end
    end
    table.sort(unknown)
    assert.same({ 429, 10000, 10014, 10016, 40004, 131001, 131003, 131200, 131201,
      131204, 131205, 131209, 131213, 131216, 131217, 131230, 3400214 }, unknown)
  end)

  it("allow a retry only if nothing was executed", function()
    local retryable = {}
    each(function(row, what)
      assert.equal(row.class == "again", row.retryable, what)
      if row.retryable then retryable[#retryable + 1] = row.code end
    end)
    table.sort(retryable)
    assert.same({ -1, 10002, 10006, 10018, 110079 }, retryable)
  end)

  it("say `unchanged` if everything was already as asked", function()
    local unchanged = {}
    each(function(row, what)
      assert.equal(row.class == "unchanged" or nil, row.unchanged, what)
      if row.unchanged then unchanged[#unchanged + 1] = row.code end
    end)
    table.sort(unchanged)
    assert.same({ 10001, 34040, 110025, 110026, 110027, 110043, 110075 }, unchanged)
  end)

  for class, kind in pairs { access = "auth", wrong = "exchange", unknown = "exchange", duplicate = "exchange",
    gone = "not_found", unchanged = "exchange", funds = "exchange", state = "exchange" } do
    it(("of class %s have the kind %s"):format(class, kind), function()
      each(function(row, what)
        if row.class == class then assert.equal(kind, row.kind, what) end
      end)
    end)
  end

  it("of class again distinguish rate limits and clocks", function()
    for code, kind in pairs { [-1] = "exchange", [10002] = "auth", [10006] = "rate_limit", [10018] = "rate_limit",
      [110079] = "exchange" } do
      assert.equal(kind, codes.by_code[code].kind, code)
    end
  end)

  for code, name in pairs {
    [10001] = "invalid_parameter", [10002] = "timestamp_out_of_window", [10003] = "invalid_key",
    [10004] = "invalid_signature", [10006] = "rate_limited", [110001] = "order_not_found",
    [110004] = "insufficient_balance", [110007] = "insufficient_balance", [110012] = "insufficient_balance",
    [110072] = "duplicate_client_order_id",
  } do
    it(("call %d %s"):format(code, name), function() assert.equal(name, codes.by_code[code].name) end)
  end

  it("have a name in snake_case, a meaning and an advice", function()
    each(function(row, what)
      assert.truthy(row.name:find("^%l[%l%d_]*%l$") and not row.name:find("__", 1, true), what .. " " .. row.name)
      assert.truthy(is_sentence(row.meaning), what)
      assert.truthy(is_sentence(row.advice), what)
    end)
  end)

  it("share a name only if they mean the same", function()
    local first = {}
    each(function(row, what)
      local other = first[row.name]
      if other then
        for _, key in ipairs { "outcome", "retryable", "unchanged", "kind" } do
          assert.equal(other[key], row[key], ("%s and %s are both %s"):format(other.code, what, row.name))
        end
      end
      first[row.name] = row
    end)
  end)

  it("for an overload allow a retry of calls that only read", function()
    assert.equal("again", codes.by_code[429].reads)
  end)
end)

-- Texts that were seen in answers of the exchange.
describe("the texts of V5", function()
  local function found(code, message)
    for _, pattern in ipairs(codes.patterns) do
      if pattern.code == code and message:find(pattern.find, 1, true) then return pattern end
    end
  end

  for message, name in pairs {
    ["The order remains unchanged as the parameters entered match the existing ones."] = "order_unchanged",
    ["empty value: apiTimestamp[] apiKey[] apiSignature[]"] = "authentication_missing",
    ["params error: symbol invalid"] = "invalid_symbol",
    ["Not supported symbols"] = "invalid_symbol",
    ["The number of contracts exceeds maximum limit allowed: too large, order_qty:579700000000 > "
      .. "max_qty:360000000000"] = "quantity_above_maximum",
    ["The number of contracts exceeds minimum limit allowed"] = "quantity_below_minimum",
    ["Qty invalid"] = "invalid_quantity",
    ["params error: qty err"] = "invalid_quantity",
    ["Illegal category"] = "invalid_category",
    ["params error: category invalid"] = "invalid_category",
    ["params error: side invalid"] = "invalid_side",
    ["params error: position_mode invalid"] = "invalid_position_mode",
    ["params error: TriggerDirection invalid"] = "invalid_trigger_direction",
    ["position idx not match position mode"] = "invalid_position_mode",
    ["can not set tp/sl/ts for zero position"] = "no_position",
    ["StopLoss:324000000 set for Buy position should lower than base_price:161600000??LastPrice"] =
      "invalid_stop_loss",
    ["slOrderType can not have a value when tpSlMode is empty"] = "tpsl_mode_missing",
    ["expect Rising, but trigger_price[300000000] <= current[301000000]??LastPrice"] = "trigger_price_not_above",
    ["expect Falling, but trigger_price[301000000] >= current[300000000]??LastPrice"] = "trigger_price_not_below",
  } do
    it("tell " .. name .. " from '" .. message:sub(1, 40) .. "'", function()
      assert.equal(name, found(10001, message).name)
    end)
  end

  it("that are unknown leave the code's own meaning", function()
    assert.is_nil(found(10001, "Request parameter error."))
  end)

  it("refine only listed codes, and never change the outcome", function()
    for _, pattern in ipairs(codes.patterns) do
      assert.equal(codes.by_code[pattern.code].outcome, pattern.outcome, pattern.find)
    end
  end)
end)

describe("HTTP statuses", function()
  it("say nothing of what happened where the request may have been taken up (RFC 9110, 15.5)", function()
    for _, status in ipairs { 201, 204, 301, 302, 303, 307, 308, 402, 406, 408, 409, 412, 416, 422, 423, 424, 425, 428, 499 } do
      assert.is_nil(codes.http[status], status)
    end
  end)

  for status, case in pairs {
    [400] = { "http", "rejected", false }, [401] = { "auth", "rejected", false },
    [403] = { "rate_limit", "rejected", false }, [404] = { "http", "rejected", false },
    [429] = { "rate_limit", "rejected", true }, [405] = { "http", "rejected", false }, [407] = { "auth", "rejected", false },
    [410] = { "http", "rejected", false }, [411] = { "http", "rejected", false }, [413] = { "http", "rejected", false },
    [414] = { "http", "rejected", false }, [415] = { "http", "rejected", false }, [417] = { "http", "rejected", false },
    [421] = { "http", "rejected", false }, [426] = { "http", "rejected", false }, [431] = { "http", "rejected", false },
    [451] = { "auth", "rejected", false }, country = { "auth", "rejected", false }, ["5xx"] = { "http", "unknown", false },
  } do
    it(("say what is known: %s is %s, %s"):format(status, case[1], case[2]), function()
      local row = codes.http[status]
      assert.same(case, { row.kind, row.outcome, row.retryable })
      assert.truthy(row.name:find("^%l[%l_]+$"))
      assert.equal("string", type(row.meaning))
      assert.truthy(is_sentence(row.advice))
    end)
  end
end)
