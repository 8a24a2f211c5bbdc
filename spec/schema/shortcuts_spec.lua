-- Reading an answer has shortcuts: the next field is expected before it is searched, a value that came in the last record too is
-- taken from there, and short numbers are read in one pass. Each answer below is read with them and without: results, errors,
-- their places and the fields that did not decode are the same.

local cjson = require "cjson"
local core = require "bybit.core"
local odd_records = require "spec.support.odd_records"
local two_readers = require "spec.support.two_readers"

local function read_file(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function in_list(...)
  return two_readers.answer("v5", ('{"list":[%s],"nextPageCursor":""}'):format(table.concat({ ... }, ",")))
end

describe("Shortcuts do not change", function()
  local read = two_readers.reader("v5", "order", "list")

  -- Reads the answer both ways; returns what clients get.
  local function same(body)
    local seen, difference = read(body)
    if difference then error(difference .. " in " .. body, 2) end
    return seen
  end

  local function list(...)
    local seen = same(in_list(...))
    assert.is_nil(seen.kind, seen.message)
    return seen.result, seen.undecoded
  end

  it("a list as the exchange prints it, whatever came before it", function()
    local order = read_file("spec/fixtures/v5/order-realtime.response.json"):match '"list": %[%s*({.*})%s*%],'
    local compact = order:gsub("%s", "")
    local first = list(compact, compact, order, compact)
    assert.equal("1600.00", tostring(first[4].price))
    assert.equal("test-000005", first[2].client_order_id)
    assert.equal(1684738540559, first[3].create_time)
    assert.same({ MNT = "0.00242968" }, first[4].cum_fee_detail)
  end)

  it("the order in which fields came, one record like the last or not", function()
    local l = list('{"symbol":"A","qty":"1","side":"Buy"}', '{"side":"Sell","symbol":"B","qty":"2"}',
      '{"qty":"3","side":"Buy","symbol":"C"}', '{"symbol":"D","side":"Sell"}', '{"symbol":"E","qty":"5","side":"Buy"}')
    local seen = {}
    for i, r in ipairs(l) do seen[i] = ("%s %s %s"):format(r.symbol, tostring(rawget(r, "quantity")), r.side) end
    assert.same({ "A 1 Buy", "B 2 Sell", "C 3 Buy", "D nil Sell", "E 5 Buy" }, seen)
  end)

  it("a value that is almost the last record's", function()
    local l = list('{"qty":"12.5","positionIdx":1,"symbol":"AB"}', '{"qty":"12.5","positionIdx":1,"symbol":"AB"}',
      '{"qty":"12.50","positionIdx":12,"symbol":"ABC"}', '{"qty":"12","positionIdx":1,"symbol":"A"}',
      '{"qty":12.5,"positionIdx":"1","symbol":"AB"}', '{"qty":12.5,"positionIdx":"1","symbol":"AB"}')
    local seen = {}
    for i, r in ipairs(l) do seen[i] = ("%s %s %s"):format(r.quantity, r.position_mode, r.symbol) end
    assert.same({ "12.5 1 AB", "12.5 1 AB", "12.50 12 ABC", "12 1 A", "12.5 1 AB", "12.5 1 AB" }, seen)
  end)

  it("that a number ends where its digits end", function()
    for _, value in ipairs { "1", "12", "1.5", "1e1", "1 ", "1}", "1x", "1,", "-1", "0", "00", "01" } do
      same(in_list('{"positionIdx":1,"qty":1}', ('{"positionIdx":%s,"qty":%s}'):format(value, value)))
    end
  end)

  it("that a word ends where its letters end", function()
    for _, value in ipairs { "true", "truex", "tru", "false", "true ", "null", "nullx" } do
      same(in_list('{"reduceOnly":true,"symbol":null}', ('{"reduceOnly":%s,"symbol":%s}'):format(value, value)))
    end
  end)

  it("that one record's empty value is not the next one's", function()
    local l = list('{"symbol":"","price":"0","triggerBy":"UNKNOWN","createdTime":"0"}',
      '{"symbol":"","price":"0","triggerBy":"UNKNOWN","createdTime":"0"}',
      '{"symbol":"A","price":"0.5","triggerBy":"LastPrice","createdTime":"1684738540559"}')
    assert.is_nil(next(l[2]))
    assert.equal("A 0.5 LastPrice 1684738540559", ("%s %s %s %d"):format(l[3].symbol, l[3].price, l[3].trigger_type,
      l[3].create_time))
  end)

  it("which record a field that did not decode is in", function()
    local _, undecoded = list('{"price":"soon"}', '{"price":"soon"}', '{"price":"1"}', '{"price":"soon","qty":{}}')
    assert.same({ "[1].price", "[2].price", "[4].price", "[4].quantity" }, undecoded)
  end)

  it("that tables of two records are two tables", function()
    local l = list('{"cumFeeDetail":{"MNT":"1"}}', '{"cumFeeDetail":{"MNT":"1"}}')
    assert.same(l[1].cum_fee_detail, l[2].cum_fee_detail)
    assert.is_false(rawequal(l[1].cum_fee_detail, l[2].cum_fee_detail))
  end)

  it("what a text is that is cut, or has another byte, anywhere", function()
    local body = in_list('{"symbol":"AB","qty":"12.5","positionIdx":1,"reduceOnly":false,"createdTime":"1684738540559"}',
      '{"symbol":"AB","qty":"12.5","positionIdx":1,"reduceOnly":false,"createdTime":"1684738540559"}',
      '{"symbol":"AC","qty":"-0.5","positionIdx":2,"reduceOnly":true,"cumFeeDetail":{"A":"1"}}')
    for i = 1, #body do
      same(body:sub(1, i - 1))
      for byte in ('" ,:}\\0a.-{\1\195'):gmatch "." do same(body:sub(1, i - 1) .. byte .. body:sub(i + 1)) end
      same(body:sub(1, i - 1) .. body:sub(i + 1))
    end
  end)
end)

-- Short numbers are read in another way than long ones. Where the two meet, the values are those of the text.
describe("An integer in quotes", function()
  local read = two_readers.reader("v5", "order", "list")

  it("is read exactly, or kept as text if it does not fit 64 bits", function()
    for text, n in pairs { ["99999999999999999"] = 99999999999999999, ["999999999999999999"] = 999999999999999999,
      ["-99999999999999999"] = -99999999999999999, ["-999999999999999999"] = -999999999999999999,
      ["1000000000000000000"] = 1000000000000000000, ["9223372036854775807"] = math.maxinteger,
      ["-9223372036854775808"] = math.mininteger, ["9223372036854775808"] = false, ["-9223372036854775809"] = false,
      ["9999999999999999999"] = false, ["0000000000000000000012"] = 12, ["-0"] = 0, ["-"] = false, ["1-"] = false, ["+1"] = false,
      ["1."] = false, ["1.0"] = false } do
      local seen, difference = read(in_list(('{"positionIdx":"%s","smpGroup":"%s"}'):format(text, text)))
      assert.is_nil(difference)
      local record = seen.result[1]
      assert.equal(n or text, record.position_mode)
      assert.equal(n or text, record.smp_group)
      assert.same(not n and { "[1].position_mode", "[1].smp_group" } or nil, seen.undecoded)
    end
  end)
end)

describe("A decimal that comes again in a list", function()
  local one = '{"qty":"12.5","price":1.5}'
  local read = two_readers.reader("v5", "order", "list")

  it("is made once", function()
    local l = read(in_list(one, one, one)).result
    assert.is_true(rawequal(l[2].quantity, l[3].quantity))
    assert.is_true(rawequal(l[2].price, l[3].price))
  end)

  it("is made anew for the next answer", function()
    local a, b = read(in_list(one, one, one)).result, read(in_list(one, one, one)).result
    assert.is_false(rawequal(a[3].quantity, b[3].quantity))
    assert.equal(a[3].quantity, b[3].quantity)
  end)
end)

describe("Shortcuts change nothing", function()
  for _, api in ipairs { "v5", "v2" } do
    for _, name in ipairs { "order", "trade", "position", "order_id", "conditional_order" } do
      for _, shape in ipairs(two_readers.shapes) do
        it(("of odd answers: %s %s, %s"):format(api, shape, name), function()
          local r = core.random(#api + #name * 7 + #shape * 100)
          local function choose(n) return r:integer(1, n) end
          local read, names = two_readers.reader(api, name, shape), two_readers.fields(api, name)
          local read_well, refused = 0, 0
          for _ = 1, 150 do
            local list = odd_records.list(choose, names, shape == "record" and 1 or 5, choose(2) == 2)
            local result = shape == "record" and list:sub(2, -2) or ('{"list":%s}'):format(list)
            local body = two_readers.answer(api, result)
            local seen, difference = read(body)
            if difference then error(difference .. " in " .. body) end
            if seen.result then read_well = read_well + 1 else refused = refused + 1 end
          end
          assert.is_true(read_well > 10, "hardly any answer was read")
          assert.is_true(refused > 0 or #names < 3, "no answer was refused")
        end)
      end
    end
  end
end)

-- In a list of any objects, the keys of the last object are expected in the next one.
describe("core.json.decode reads lists", function()
  local names = two_readers.fields("v5", "order")

  local function lists(seed, wrong)
    local r = core.random(seed)
    local function choose(n) return r:integer(1, n) end
    return coroutine.wrap(function()
      for _ = 1, 300 do coroutine.yield(odd_records.list(choose, names, 6, wrong)) end
    end)
  end

  local function without_null(v)
    if v == core.json.null or v == cjson.null then return "null" end
    if type(v) ~= "table" then return v end
    local t = {}
    for k, x in pairs(v) do t[k] = without_null(x) end
    return t
  end

  it("as lua-cjson does", function()
    local compared = 0
    for text in lists(4712, false) do
      local quoted = text:gsub('("%s*:%s*)(%-?%d[%d.eE+-]*)', '%1"%2"')
      local ours, why = core.json.decode(quoted)
      if ours then
        assert.same(without_null(cjson.decode(quoted)), without_null(ours))
        compared = compared + 1
      else
        assert.matches("duplicate key", why, 1, true)
      end
    end
    assert.is_true(compared > 50, compared)
  end)

  -- Reads a text, which may be no JSON; returns whether it is.
  local function reads(text)
    local value, _, difference = two_readers.json(text)
    assert.is_nil(difference)
    return value ~= nil
  end

  it("and finds the fault that a reader finds that expects nothing", function()
    local found = 0
    for text in lists(4713, true) do
      if not reads(text) then found = found + 1 end
    end
    assert.is_true(found > 50, found)
  end)

  it("and takes no text that is cut, or has another byte", function()
    local text = '[{"a":1,"bc":"x","d":[{"a":2}]},{"a":3,"bc":"y","d":[]},{"a":4, "bc" :null,"d":{"e":5}},{"a":6,"bc":"z","f":7}]'
    assert.is_true(reads(text))
    for i = 1, #text do
      assert.is_false(reads(text:sub(1, i - 1)))
      for byte in ('" ,:}]{\\0a.-\1\195'):gmatch "." do reads(text:sub(1, i - 1) .. byte .. text:sub(i + 1)) end
      reads(text:sub(1, i - 1) .. text:sub(i + 1))
    end
  end)

  it("and refuses a key that comes twice in one object, expected or not", function()
    for _, text in ipairs { '[{"a":1,"b":2},{"a":1,"a":2}]', '[{"a":1,"b":2},{"a":1,"b":2,"a":3}]',
      '[{"a":1},{"b":1,"a":2,"b":3}]', '[{"a":1,"b":2},{"b":1,"b":2}]', '[{"a":1,"a":2}]' } do
      local value, message = two_readers.json(text)
      assert.is_nil(value, text)
      assert.equal("duplicate key", message)
    end
  end)
end)

-- Another decoder's reading of the same text. It is given the numbers in quotes, or it would make doubles of them.
describe("Decimals have the digits", function()
  local function digits_of(text) -- as we print them: without needless zeros in front
    local sign, whole, rest = text:match "^(%-?)0*(%d+%.?)(%d*)$"
    return whole and sign .. whole .. rest
  end

  it("that lua-cjson reads", function()
    local r = core.random(4711)
    local function choose(n) return r:integer(1, n) end
    local read = two_readers.reader("v5", "order", "list")
    local names, types = two_readers.fields("v5", "order")
    local compared = 0
    for _ = 1, 300 do
      local text = odd_records.list(choose, names, 6, false)
      local ours, difference = read(two_readers.answer("v5", '{"list":' .. text .. "}"))
      assert.is_nil(difference)
      local quoted = text:gsub('("%s*:%s*)(%-?%d[%d.eE+-]*)', '%1"%2"')
      local theirs = cjson.decode(quoted)
      for i, record in ipairs(ours.result or {}) do
        for wire, field in pairs(types) do
          local value, its = rawget(record, field[1]), theirs[i][wire]
          local decimal = field[3] == "decimal" and getmetatable(value) == "bybit.decimal" and not field.also_wire
          if decimal and not its:find "[eE]" then
            assert.equal(digits_of(its), tostring(value), text)
            compared = compared + 1
          elseif field[3] == "string" and math.type(value) == nil and value ~= nil and type(its) == "string" then
            assert.equal(its, value)
            compared = compared + 1
          end
        end
      end
    end
    assert.is_true(compared > 1000, "only " .. compared .. " were compared")
  end)
end)
