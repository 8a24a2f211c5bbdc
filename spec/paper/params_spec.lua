-- Parameters of a request as the paper exchange reads them: numbers keep their digits, and what is no JSON is refused.

local core = require "bybit.core"
local engine = require "bybit.paper_engine"
local params = require "bybit.paper.params"

local json = core.json

describe("a JSON body", function()
  it("keeps the digits of its numbers, and writes exponents out", function()
    for number, digits in pairs { ["100"] = "100", ["0"] = "0", ["-0"] = "-0", ["0.10"] = "0.10", ["1e3"] = "1000",
      ["1E+3"] = "1000",
      ["1.5e1"] = "15", ["3.01005e4"] = "30100.5", ["25e-3"] = "0.025", ["-2.5e-1"] = "-0.25",
      ["12345678901234567890.123456789"] = "12345678901234567890.123456789" } do
      assert.same({ x = digits }, params.body(('{"x":%s}'):format(number)))
      assert.same({ x = digits, y = { digits, "t" } }, params.body(('{ "x" : %s , "y" : [ %s , "t" ] }'):format(number, number)))
    end
  end)

  it("keeps strings as they are, with digits, quotes and backslashes in them", function()
    assert.same({ a = '1 "2" \\3', b = "{4}" }, params.body [[{"a":"1 \"2\" \\3","b":"{4}"}]])
  end)

  -- The client's decoder, which keeps to RFC 8259, says which is JSON.
  it("is taken exactly when it is a JSON object", function()
    local texts = { "{}", '{"a":1}', '{"a":[1,2,{"b":-3.5e2}]}', ' {"a" : 0 } ', '{"a":true,"b":null}' }
    for _, bad in ipairs { "", "[]", "1", '"x"', "{", '{"a"', '{"a":', '{"a":1', '{"a":1,}', '{"a":01}', '{"a":1.}', '{"a":.5}',
      '{"a":+1}', '{"a":-}', '{"a":1e}', '{"a":1e+}', '{"a":1.2.3}', '{"a":0x10}', '{"a":1 2}', '{"a":1"b":2}', "{1:2}",
      '{"a":--1}',
      '{"a":nan}', '{"a":-Infinity}', '{"a":1e999999}', '{"a":"1}', '{"a":"\\', '{"a":tru1e}', '{"a":"x"1}', '{"a":[1,]}',
      '{"a":1}}',
      '{"a":1} x', "{a:1}" } do texts[#texts + 1] = bad end
    for _, text in ipairs(texts) do
      local object = json.decode(text) ~= nil and text:find "^%s*{" ~= nil
      assert.equal(object, params.body(text) ~= nil, text)
    end
  end)
end)

describe("a flat JSON body", function()
  it("is read at once when it has nothing but texts, plain numbers, booleans, and lists of such objects", function()
    assert.same({ category = "inverse", qty = "1", reduceOnly = true, closeOnTrigger = false },
      engine.flat ' { "category":"inverse" ,\n"qty" : "1","price":"","reduceOnly":true,"closeOnTrigger":false}\r\n')
    assert.same({}, engine.flat "{}")
    assert.same({ side = "Sell" }, engine.flat '{"side":"Buy","side":"Sell"}')
    assert.same({}, engine.flat '{"side":"Buy","side":""}')
    assert.same({ category = "linear", request = { { qty = "-0.10", index = "0" }, { link = "a" }, {} }, none = {} },
      engine.flat '{"category":"linear","request":[{"qty":-0.10,"index":0,"price":""}, {"link":"a"} ,{}],"none":[ ]}')
  end)

  it("is left to the reader of any JSON when there is more in it, or it is none", function()
    for _, text in ipairs { "", "{", "[]", '"x"', '{"a":null}', '{"a":["x"]}', '{"a":{}}',
      '{"a":01}', '{"a":1e2}', '{"a":1E2}', '{"a":1.}', '{"a":-}', '{"a":.5}', '{"a":+1}', '{"a":1x}',
      '{"a":' .. ("1"):rep(65) .. "}", '{"a":[1]}', '{"a":[null]}', '{"a":[[]]}',
      '{"a":[{"b":[]}]}', '{"a":[{}', '{"a":[{},]}', '{"a":[{} {}]}',
      '{"a":"\\u0041"}',
      '{"a":"\u{e9}"}', '{"a":"\0"}', '{"a":"\127"}', '{"a":"x"} {', '{"a":"x",}', '{"a" "x"}', "{a:true}", '{"a":tru}',
      '{"a":truefalse}', '{"a":"x"\0}' } do
      assert.is_nil(engine.flat(text), text)
    end
  end)

  it("is what the reader of any JSON makes of it, whatever is changed in it", function()
    local random = core.random(20261201)
    local pieces = { "{", "}", '"', ":", ",", " ", "\n", "true", "false", "null", '"a"', '"b":"c"', '""', "\\", "[", "]", "1",
      "\0", "\u{e9}", "\255", '"a":', ',"a":"d"', "-", ".", "0", "e2", '[{"a":""}]', "{}" }
    local bodies, flat = { '{"category":"inverse","symbol":"BTCUSD","qty":"1","reduceOnly":true}',
      '{"category":"linear","request":[{"orderId":"x","price":"1.5","positionIdx":0},{"qty":-2.50,"on":false}]}' }, 0
    for i = 1, 6000 do
      local text = bodies[i % 2 + 1]
      for _ = 1, random:integer(0, 2) do
        local from = random:integer(1, #text + 1)
        text = text:sub(1, from - 1) .. pieces[random:integer(1, #pieces)] .. text:sub(from + random:integer(0, 2))
      end
      local read = engine.flat(text)
      if read then
        flat = flat + 1
        assert.same(params.any_body(text), read, text)
      end
    end
    assert.is_true(flat > 2000) -- those that were not changed are
  end)
end)

describe("a query", function()
  it("has names and values, with what is escaped in them", function()
    assert.same({ symbol = "BTCUSD", cursor = "a=b&c", ["na me"] = "+ é" },
      params.query "symbol=BTCUSD&cursor=a=b%26c&na+me=%2b+%C3%A9&symbol=ETHUSD&empty=&bare&=x&")
    assert.same({ a = "100%", b = "%4", c = "%zz" }, params.query "a=100%&b=%4&c=%zz")
    assert.same({}, params.query "")
  end)

  -- What a query means, by patterns.
  local function plainly(raw)
    local out = {}
    for name, value in raw:gmatch "([^&=]+)=([^&]*)" do
      name = params.unescape(name)
      if value ~= "" and out[name] == nil then out[name] = params.unescape(value) end
    end
    return out
  end

  it("is read as patterns would read it", function()
    local random = core.random(20261202)
    local pieces = { "a", "b", "=", "=", "&", "&", "+", "%", "%41", "%2", "4", "%3D", "%26", "\0", "\255", " ", "", "%%", "%4g" }
    for _ = 1, 4000 do
      local parts = {}
      for i = 1, random:integer(0, 12) do parts[i] = pieces[random:integer(1, #pieces)] end
      local raw = table.concat(parts)
      assert.same(plainly(raw), params.query(raw), raw)
    end
  end)
end)
