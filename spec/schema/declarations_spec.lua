-- Compiled declarations: the checks of a call, the bytes that it sends, and how an answer becomes a record.

local core = require "bybit.core"
local decimal = core.decimal
local settings = require "spec.support.settings"

-- A transport that keeps what was sent, and answers as the spec says.
local function recorder(answer)
  local t = { requests = {} }
  function t.start(_, request)
    t.requests[#t.requests + 1] = request
    return { status = 200, headers = "", body = type(answer) == "function" and answer(request) or answer }
  end
  return t
end

local ENUMS = {
  side = { values = { "Buy", "Sell" } },
  direction = { values = { "Rising", "Falling" } },
  mode = { values = { "Full", "Partial" } },
  type = { values = { "Limit", "Market" } },
}

local ENVELOPE = { code = "retCode", message = "retMsg", result = "result", time = "time" }

-- Compiles a declaration. Returns a function that calls it, and returns the payload and the results.
local function method(row, record, answer)
  row.verb, row.path = row.verb or "POST", row.path or "/v5/test"
  row.result = row.result or { free = true }
  local transport = recorder(answer or '{"retCode":0,"retMsg":"OK","result":{},"time":1}')
  local failed = function(_, _, facts) return nil, facts end
  local compiled = core.method(core.schema.endpoint("test_call", row, ENUMS), record, ENVELOPE, failed)
  local client = core.client.new(settings { key = "paperKey0123", secret = "s", seed = 1 }, {}, transport)
  return function(params)
    local result, err, response = compiled(client, params)
    local request = transport.requests[#transport.requests]
    return request and (request.body or request.url), result, err, response
  end
end

core.schema.hints(require("bybit.wire.hints").word)

describe("parameters", function()
  it("are sent in declared order, whatever the caller's order", function()
    local call = method { params = { { "b", "B", "string" }, { "a", "A", "string" }, { "c", "C", "integer" } } }
    assert.equal('{"B":"2","A":"1","C":3}', (call { a = "1", c = 3, b = "2" }))
  end)

  it("may have long names, which Lua does not keep once each, and names that were put together", function()
    local long = ("long_"):rep(20)
    local call = method { params = { { long, "A", "string", also = long .. "too" }, { "b", "B", "string" } } }
    assert.equal('{"A":"1","B":"2"}', (call { [("long_"):rep(20)] = "1", [("xb"):sub(2)] = "2" }))
    assert.equal('{"A":"3"}', (call { [("long_"):rep(20) .. "too"] = "3" }))
  end)

  it("are found among as many as there may be, by either name", function()
    local rows, params, sent = {}, {}, {}
    for i = 1, 64 do
      rows[i] = { "p" .. i, "P" .. i, "integer", also = "q" .. i }
      params[(i % 2 == 0 and "p" or "q") .. i] = i
      sent[i] = ('"P%d":%d'):format(i, i)
    end
    assert.equal("{" .. table.concat(sent, ",") .. "}", (method { params = rows } (params)))
  end)

  it("that must be whole may have zeros after the point", function()
    local call = method { params = { { "q", "Q", "decimal", whole = { inverse = "units" } } } }
    for _, text in ipairs { "10", "10.00", "0.0", "-0.00", "1.000000000000000000000000000000000" } do
      assert.equal(('{"Q":"%s"}'):format(text), (call { q = text }))
    end
    local split = { "10.01", "0.5", "-0.1", "1.000000000000000000000000000000001", "123456789012345678901234567890123.5" }
    for _, text in ipairs(split) do
      local ok, why = pcall(call, { q = text })
      assert.is_false(ok, text)
      assert.truthy(why:find("a whole number of units", 1, true), why)
    end
  end)

  it("keep the text of a decimal, a number or a float, written as digits", function()
    local call = method { params = { { "p", "P", "decimal" } } }
    for value, sent in pairs { ["007.50"] = "7.50", [20000.5] = "20000.5", [12] = "12", [decimal "1.20"] = "1.20" } do
      assert.equal(('{"P":"%s"}'):format(sent), (call { p = value }))
    end
  end)

  it("are a query on GET, percent-encoded once", function()
    local call = method { verb = "GET", params = { { "cursor", "cursor", "cursor" }, { "limit", "limit", "integer" } } }
    assert.equal("http://127.0.0.1:1/v5/test?cursor=page_args%253Dfd4300ae%2526&limit=5",
      (call { limit = 5, cursor = "page_args%3Dfd4300ae%26" }))
  end)

  it("begin with the fixed ones of the declaration", function()
    local call = method { fixed = { { "category", option = "category" }, { "orderFilter", value = "Order" } },
      params = { { "a", "A", "string" } } }
    assert.equal('{"category":"inverse","orderFilter":"Order","A":"x"}', (call { a = "x" }))
  end)

  it("may be missing altogether", function()
    assert.equal("{}", (method { params = {} } {}))
    assert.equal("http://127.0.0.1:1/v5/test", (method { verb = "GET", params = {} } ()))
  end)

  it("are escaped as JSON requires", function()
    local call = method { params = { { "a", "A", "string" } } }
    assert.equal('{"A":"a\\"b\\\\c\\n\226\130\172"}', (call { a = 'a"b\\c\n\226\130\172' }))
    assert.has_error(function() call { a = "\255" } end, "test_call: parameter 'a': not UTF-8")
  end)

  local function refused(name, row, params, message)
    it("refuse " .. name, function()
      local call = method(row)
      local ok, err = pcall(call, params)
      assert.is_false(ok)
      assert.equal(message, (err:gsub("^[^:]+:%d+: ", "")))
      assert.is_nil(next(params) == nil and call or nil)
    end)
  end

  refused("an unknown name", { params = { { "a", "A", "string" } } }, { zzzzz = 1 },
    "test_call: unknown parameter 'zzzzz': it takes a")
  refused("a name with a zero byte behind it", { params = { { "a", "A", "string" } } }, { ["a\0"] = "x" },
    "test_call: unknown parameter 'a': it takes a")
  refused("both names of one", { params = { { "a", "A", "string", also = "b" } } }, { a = "x", b = "x" },
    "test_call: 'a' and 'b' are two names of one parameter: give one of them")
  refused("a value without a name", { params = { { "a", "A", "string" } } }, { "x" },
    "test_call: parameters have names: there is no place for a value at [1]")
  refused("a missing one", { params = { { "a", "A", "string", required = true }, { "b", "B", "string" } } }, { b = "x" },
    "test_call: parameter 'a' is missing")
  refused("a value outside an enum", { params = { { "side", "side", "enum", enum = "side" } } }, { side = 1 },
    "test_call: parameter 'side': 1 is not one of its values")
  refused("a wrong type", { params = { { "on", "on", "boolean" } } }, { on = "true" },
    "test_call: parameter 'on': true or false expected, got 'true' (string)")
  refused("a number that is not an integer", { params = { { "n", "n", "integer" } } }, { n = 1.5 },
    "test_call: parameter 'n': an integer expected, got 1.5 (number)")
  refused("an integer out of its range", { params = { { "n", "n", "integer", min = 1, max = 50 } } }, { n = 51 },
    "test_call: parameter 'n': a value from 1 to 50 expected, got 51 (number)")
  refused("a decimal that must be above zero", { params = { { "q", "q", "decimal", above = "0" } } }, { q = 0 },
    "test_call: parameter 'q': a value above 0 expected, got 0 (number)")
  refused("a client order id of 37 characters", { params = { { "id", "id", "client_order_id" } } },
    { id = ("x"):rep(37) }, "test_call: parameter 'id': 1 to 36 of A-Z a-z 0-9 - _ expected, got '" .. ("x"):rep(37)
    .. "' (string)")
  refused("a client order id with a space", { params = { { "id", "id", "client_order_id" } } }, { id = "a b" },
    "test_call: parameter 'id': 1 to 36 of A-Z a-z 0-9 - _ expected, got 'a b' (string)")
  refused("a lower case symbol", { params = { { "symbol", "symbol", "symbol" } } }, { symbol = "btcusd" },
    "test_call: parameter 'symbol': 'btcusd' is not a symbol: upper case letters and digits such as 'BTCUSD'"
    .. "; perhaps 'BTCUSD'?")
  refused("a list of symbols", { params = { { "symbol", "symbol", "symbol" } } }, { symbol = { "BTCUSD" } },
    "test_call: parameter 'symbol': one symbol such as 'BTCUSD', not a list, expected, got a table (table)")
  refused("a time in seconds", { params = { { "t", "t", "time" } } }, { t = 1700000000 },
    "test_call: parameter 't': milliseconds since 1970 (this looks like seconds) expected, got 1700000000 (number)")
  refused("a timeout in milliseconds", { params = { { "timeout", false, "seconds" } } }, { timeout = 5000 },
    "test_call: parameter 'timeout': seconds, at most 600 (this looks like milliseconds) expected, got 5000 (number)")
  refused("a receive window in seconds", { params = { { "receive_window", false, "integer" } } }, { receive_window = 5 },
    "test_call: parameter 'receive_window': milliseconds, at least 100 (this looks like seconds) expected, got 5 (number)")

  it("refuse a table whose metatable would hide fields", function()
    local call = method { params = { { "a", "A", "string" } } }
    assert.has_error(function() call(setmetatable({ a = "x" }, { __index = { b = "y" } })) end,
      "test_call: a plain table expected: this one has a metatable with __index, whose fields would not be sent")
  end)

  it("refuse an inexact number, and say what to do", function()
    local call = method { params = { { "price", "price", "decimal" } } }
    local ok, err = pcall(call, { price = 0.1 + 0.2 })
    assert.is_false(ok)
    assert.truthy(err:find("test_call: parameter 'price': ", 1, true))
    assert.truthy(err:find("bybit.decimal(x, places)", 1, true))
  end)

  it("keep a decimal's digits as they are", function()
    local call = method { params = { { "p", "p", "decimal" } } }
    for given, text in pairs { ["30000.50"] = "30000.50", ["0.1"] = "0.1",
      ["9007199254740993"] = "9007199254740993",
      ["1234567890123456789012345678901234"] = "1234567890123456789012345678901234" } do
      assert.equal(('{"p":"%s"}'):format(text), (call { p = given }))
      assert.equal(('{"p":"%s"}'):format(text), (call { p = decimal(given) }))
    end
    assert.equal('{"p":"0.1"}', (call { p = 0.1 }))
    assert.equal('{"p":"30000.5"}', (call { p = 30000.5 }))
    assert.equal('{"p":"9007199254740993"}', (call { p = 9007199254740993 }))
  end)

  it("accept ISO text for a time", function()
    local call = method { params = { { "t", "t", "time" } } }
    assert.equal('{"t":1700000000000}', (call { t = "2023-11-14T22:13:20Z" }))
    assert.equal('{"t":1700000000000}', (call { t = 1700000000000 }))
  end)

  it("have second names", function()
    local row = { params = { { "trailing_stop_price", "trailingStop", "decimal", also = "trailing_stop_distance" } } }
    assert.equal('{"trailingStop":"5"}', (method(row) { trailing_stop_distance = 5 }))
    assert.equal('{"trailingStop":"5"}', (method(row) { trailing_stop_price = 5 }))
    assert.has_error(function() method(row) { trailing_stop_price = 5, trailing_stop_distance = 5 } end,
      "test_call: 'trailing_stop_price' and 'trailing_stop_distance' are two names of one parameter: give one of them")
  end)

  it("translate words for the wire, integers as integers", function()
    local call = method { params = { { "d", "triggerDirection", "enum", enum = "direction",
      wire = { Rising = 1, Falling = 2 } } } }
    assert.equal('{"triggerDirection":1}', (call { d = "Rising" }))
    assert.equal('{"triggerDirection":2}', (call { d = "Falling" }))
  end)

  it("have defaults, plain and by another parameter", function()
    local call = method { params = { { "type", "orderType", "enum", enum = "type" },
      { "tif", "timeInForce", "string", default_by = { "type", Limit = "GTC", Market = "IOC" } },
      { "mode", "positionIdx", "integer", default = 0 } } }
    assert.equal('{"orderType":"Limit","timeInForce":"GTC","positionIdx":0}', (call { type = "Limit" }))
    assert.equal('{"orderType":"Market","timeInForce":"IOC","positionIdx":0}', (call { type = "Market" }))
    assert.equal('{"orderType":"Limit","timeInForce":"FOK","positionIdx":1}',
      (call { type = "Limit", tif = "FOK", mode = 1 }))
  end)

  it("send the extra table sorted, and refuse declared names in it", function()
    local call = method { params = { { "a", "A", "string" }, { "extra", false, "table" } } }
    assert.equal('{"A":"x","b":true,"y":"2","z":1}', (call { a = "x", extra = { z = 1, y = "2", b = true } }))
    for _, name in ipairs { "\xca", "a\0b", "", "a b", "\226\130\172" } do -- found by spec/fuzz/params.lua
      assert.has_error(function() call { extra = { [name] = 1 } } end,
        "test_call: 'extra' has a key that is not a field name: printable ASCII without spaces expected")
    end
    assert.has_error(function() call { extra = { A = "x" } } end,
      "test_call: 'extra' names 'A', which is the parameter 'a'")
  end)
end)

describe("rules", function()
  local ids = { params = { { "order_id", "orderId", "id" }, { "client_order_id", "orderLinkId", "client_order_id" } },
    rules = { { "one_of", "order_id", "client_order_id" } } }

  it("require exactly one of two", function()
    assert.equal('{"orderId":"a"}', (method(ids) { order_id = "a" }))
    assert.has_error(function() method(ids) {} end,
      "test_call: exactly one of 'order_id', 'client_order_id' is needed, got none")
    assert.has_error(function() method(ids) { order_id = "a", client_order_id = "b" } end,
      "test_call: exactly one of 'order_id', 'client_order_id' is needed, got more")
  end)

  local direction = { params = { { "trigger_price", "triggerPrice", "decimal" }, { "base_price", false, "decimal" },
    { "trigger_direction", "triggerDirection", "enum", enum = "direction", wire = { Rising = 1, Falling = 2 } } },
    rules = { { "direction", "trigger_price", "base_price", "trigger_direction" } } }

  it("derive the trigger's direction from the base price, as decimals", function()
    assert.equal('{"triggerPrice":"9","triggerDirection":2}', (method(direction) { trigger_price = 9, base_price = "10" }))
    assert.equal('{"triggerPrice":"10","triggerDirection":1}', (method(direction) { trigger_price = 10, base_price = "9.0" }))
    assert.equal('{"triggerPrice":"10","triggerDirection":2}',
      (method(direction) { trigger_price = 10, trigger_direction = "Falling" }))
    assert.has_error(function() method(direction) { trigger_price = 10, base_price = "10.0" } end)
    assert.has_error(function() method(direction) { trigger_price = 10 } end)
    assert.has_error(function()
      method(direction) { trigger_price = 10, base_price = 9, trigger_direction = "Falling" }
    end)
  end)

  it("choose the mode by a quantity", function()
    local row = { params = { { "tpsl_mode", "tpslMode", "enum", enum = "mode" }, { "tp_size", "tpSize", "decimal" },
      { "sl_size", "slSize", "decimal" } },
      rules = { { "mode_by", "tpsl_mode", "tp_size", "sl_size" }, { "equal", "tp_size", "sl_size" } } }
    assert.equal('{"tpslMode":"Full"}', (method(row) {}))
    assert.equal('{"tpslMode":"Partial","tpSize":"5"}', (method(row) { tp_size = 5 }))
    assert.equal('{"tpslMode":"Partial"}', (method(row) { tpsl_mode = "Partial" }))
    assert.has_error(function() method(row) { tpsl_mode = "Full", tp_size = 5 } end)
    assert.has_error(function() method(row) { sl_size = 6, tp_size = 5 } end)
    assert.equal('{"tpslMode":"Partial","tpSize":"5.0","slSize":"5"}', (method(row) { sl_size = 5, tp_size = "5.0" }))
  end)

  it("require at least one, all or none, or not both", function()
    local row = { params = { { "a", "a", "string" }, { "b", "b", "string" } } }
    row.rules = { { "any_of", "a", "b" } }
    assert.has_error(function() method(row) {} end, "test_call: nothing to do: give at least one of 'a', 'b'")
    row.rules = { { "together", "a", "b" } }
    assert.has_error(function() method(row) { a = "x" } end, "test_call: 'a' and 'b' go together: give all or none")
    row.rules = { { "excludes", "a", "b" } }
    assert.has_error(function() method(row) { a = "x", b = "y" } end, "test_call: 'a' and 'b' exclude each other")
  end)

  it("require a parameter by the value of another", function()
    local row = { params = { { "type", "orderType", "enum", enum = "type" },
      { "price", "price", "decimal", required_when = { "type", "Limit", unless = "level" } }, { "level", "level", "string" } } }
    assert.has_error(function() method(row) { type = "Limit" } end,
      "test_call: parameter 'price' is missing: type = 'Limit' needs it")
    assert.equal('{"orderType":"Market"}', (method(row) { type = "Market" }))
    assert.equal('{"orderType":"Limit","level":"1"}', (method(row) { type = "Limit", level = "1" }))
  end)
end)

describe("records", function()
  local record = core.schema.record({ fields = {
    { "order_id", "orderId", "string" }, { "price", "price", "decimal" }, { "quantity", "qty", "decimal" },
    { "create_time", "createdTime", "time" }, { "reduce_only", "reduceOnly", "boolean" },
    { "sequence", "seq", "integer" }, { "cancel_type", "cancelType", "enum", empty = { "UNKNOWN" } },
    { "trigger_price", "triggerPrice", "decimal", zero_empty = true },
    { "direction", "triggerDirection", "integer", zero_empty = true, map = { "Rising", "Falling" } },
    { "liquidity", "isMaker", "boolean", map = { [true] = "Maker", [false] = "Taker" } },
    { "fees", "cumFeeDetail", "table" },
  } }, nil)

  local function decode(json)
    local call = method({ params = {}, result = { record = "x" } }, record,
      ('{"retCode":0,"result":%s,"retMsg":"OK","time":5}'):format(json))
    local _, result, err, response = call {}
    assert.is_nil(err)
    return result, response
  end

  it("become tables of our names and types", function()
    local r, response = decode [[{"orderId":"a","price":"30000.50","qty":100,"createdTime":"1684738540559",
      "reduceOnly":false,"seq":140612148849382,"cancelType":"CancelByUser","triggerDirection":2,"isMaker":true,
      "cumFeeDetail":{"MNT":"0.1"}}]]
    assert.equal("a", r.order_id)
    assert.equal("30000.50", tostring(r.price))
    assert.equal("100", tostring(r.quantity))
    assert.equal(1684738540559, r.create_time)
    assert.is_false(r.reduce_only)
    assert.equal(140612148849382, r.sequence)
    assert.equal("CancelByUser", r.cancel_type)
    assert.equal("Falling", r.direction)
    assert.equal("Maker", r.liquidity)
    assert.same({ MNT = "0.1" }, r.fees)
    assert.equal(5, response.time)
    assert.is_nil(response.undecoded)
  end)

  it("leave out empty values, in each of the wire's forms", function()
    local r = decode [[{"orderId":"","price":null,"cancelType":"UNKNOWN","triggerPrice":"0.00","triggerDirection":0}]]
    assert.is_nil(next(r))
  end)

  it("never make a double of a number, however long", function()
    local r = decode [[{"price":9007199254740993.5,"qty":0.1,"triggerPrice":1234567890123456789012345678.901234}]]
    assert.equal("9007199254740993.5", tostring(r.price))
    assert.equal("0.1", tostring(r.quantity))
    assert.equal("1234567890123456789012345678.901234", tostring(r.trigger_price))
    for _, v in pairs(r) do assert.equal("userdata", type(v)) end
  end)

  it("keep undeclared fields: strings as they are, other values as raw text, names in snake_case", function()
    local r = decode [[{"someNewField":"x","nested":{"a":[1, 2]},"number":1.50,"on":true,"empty":"","none":null,
      "order_id":"clash"}]]
    assert.equal("x", r.some_new_field)
    assert.equal('{"a":[1, 2]}', r.nested)
    assert.equal("1.50", r.number)
    assert.equal("true", r.on)
    assert.is_nil(rawget(r, "empty"))
    assert.is_nil(r.order_id)
    assert.equal("clash", r.order_id_, "the name is that of a declared field")
  end)

  it("keep a field's wire name if its name in snake_case is taken", function()
    local r = decode [[{"orderId":"a","order_id":"b"}]]
    assert.equal("a", r.order_id)
    assert.equal("b", r.order_id_)
    local s = decode [[{"Quantity":"b","qty":"1"}]]
    assert.equal("b", s.Quantity)
    assert.equal("1", tostring(s.quantity))
  end)

  it("keep the text of a field that does not decode, and name the field", function()
    local r, response = decode [[{"price":"12,5","qty":{"a":1},"createdTime":"soon","reduceOnly":"maybe","seq":1.5,
      "triggerDirection":7,"orderId":5}]]
    assert.equal("12,5", r.price)
    assert.equal('{"a":1}', r.quantity)
    assert.equal("soon", r.create_time)
    assert.equal("maybe", r.reduce_only)
    assert.equal("1.5", r.sequence)
    assert.equal("7", r.direction)
    assert.equal("5", r.order_id)
    table.sort(response.undecoded)
    assert.same({ "create_time", "direction", "order_id", "price", "quantity", "reduce_only", "sequence" },
      response.undecoded)
  end)

  it("refuse a key that comes twice, since it is ambiguous", function()
    local call = method({ params = {}, result = { record = "x" } }, record,
      '{"retCode":0,"result":{"price":"1","price":"2"}}')
    local _, result, facts = call {}
    assert.is_nil(result)
    assert.equal("decode", facts.kind)
    assert.equal("duplicate key", facts.message)
  end)

  it("recognise a field's name however it is escaped", function()
    assert.equal("12.5", tostring(decode([[{"pr\u0069ce":"12.5"}]]).price))
    local _, result, facts = method({ params = {}, result = { record = "x" } }, record,
      [[{"retCode":0,"result":{"price":"1","pr\u0069ce":"2"}}]]) {}
    assert.is_nil(result)
    assert.equal("duplicate key", facts.message)
    local long = ("\\u0061"):rep(60)
    assert.equal("x", decode(('{"%s":"x"}'):format(long))[("a"):rep(60)])
  end)

  it("come as lists with a cursor, or as the first element of a list", function()
    local json = '{"retCode":0,"result":{"list":[{"orderId":"a"},{"orderId":"b","price":"x"}],"nextPageCursor":"p%3D1"}}'
    local _, list, _, response = method({ params = {},
      result = { list = "x", key = "list", cursor = "nextPageCursor" } }, record, json) {}
    assert.equal(2, #list)
    assert.equal("b", list[2].order_id)
    assert.equal("p%3D1", list.next_cursor)
    assert.same({ "[2].price" }, response.undecoded)
    local _, first = method({ params = {}, result = { first = "x", key = "list" } }, record, json) {}
    assert.equal("a", first.order_id)
    local _, none, facts = method({ params = {}, result = { first = "x", key = "list" } }, record,
      '{"retCode":0,"result":{"list":[]}}') {}
    assert.is_nil(none)
    assert.equal("not_found", facts.kind)
  end)

  it("return an empty list for a missing list, or null", function()
    for _, result in ipairs { '{"list":null}', "{}", "null", '{"list":[],"nextPageCursor":""}' } do
      local _, list = method({ params = {}, result = { list = "x", key = "list", cursor = "nextPageCursor" } }, record,
        '{"retCode":0,"result":' .. result .. "}") {}
      assert.equal(0, #list)
      assert.is_nil(list.next_cursor)
    end
  end)
end)

describe("envelopes", function()
  local function facts_of(json)
    local _, result, facts = method({ params = {} }, nil, json) {}
    assert.is_nil(result)
    return facts
  end

  it("with an error code go to recovery", function()
    local facts = facts_of '{"retCode":110007,"retMsg":"ab not enough for new order","result":{},"time":1}'
    assert.equal("exchange", facts.kind)
    assert.equal(110007, facts.code)
    assert.equal("ab not enough for new order", facts.message)
    assert.is_true(facts.sent)
  end)

  for name, case in pairs {
    ["that are cut short"] = { '{"retCode":0,"result":{"a":', 28 },
    ["that are no object"] = { "[]", 2 },
    ["without a code"] = { '{"retMsg":"OK"}', 16 },
    ["with a code that is no integer"] = { '{"retCode":"0x"}', 16 },
    ["that are HTML"] = { "<html>", 1 },
    ["that are empty"] = { "", 1 },
    ["with something behind them"] = { '{"retCode":0} x', 15 },
  } do
    it(name .. " are a decode error with its place", function()
      local facts = facts_of(case[1])
      assert.equal("decode", facts.kind)
      assert.equal(case[2], facts.offset)
    end)
  end
end)
