-- Parameters of a request as the paper exchange reads them: numbers keep their digits, and what is no JSON is refused.

local json = require("bybit.core").json
local params = require "bybit.paper.params"

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
