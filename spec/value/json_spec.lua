-- JSON exactly as in RFC 8259: every valid text decodes, every other text is an error with its byte, no number becomes a float.

local cjson = require "cjson"
local core = require "bybit.core"
local json, decimal = core.json, core.decimal

describe("decode", function()
  local function value(text)
    local v, why = json.decode(text)
    assert.is_nil(why)
    return v
  end

  local function fails(text, offset, words)
    local v, why, at = json.decode(text)
    assert.is_nil(v, ("'%s' decoded"):format(text:sub(1, 60)))
    if offset then assert.equal(offset, at, text:sub(1, 60) .. ": " .. why) end
    assert.matches("^byte " .. at .. ": ", why)
    if words then assert.is_truthy(why:find(words, 1, true), why) end
  end

  it("reads every kind of value", function()
    assert.equal(true, value "true")
    assert.equal(false, value " false ")
    assert.equal(json.null, value "null")
    assert.equal("x", value '"x"')
    assert.same({ 1, 2, 3 }, value "[1,2,3]")
    assert.same({ a = { b = {} } }, value '{"a":{"b":{}}}')
    assert.same({ [""] = 1 }, value '{"":1}')
    assert.same({}, value "\t\n\r []")
  end)

  it("accepts white space only where it is allowed", function()
    assert.same({ a = { 1, 2 } }, value ' { "a" : [ 1 , 2 ] } ')
    fails("\v1", 1)
    fails("\u{a0}1", 1)
    fails("\u{feff}{}", 1)
    fails("1\0", 2)
  end)

  describe("numbers:", function()
    it("integers that fit stay integers", function()
      for text, n in pairs { ["0"] = 0, ["-1"] = -1, ["9007199254740993"] = 9007199254740993,
        ["9223372036854775807"] = math.maxinteger, ["-9223372036854775808"] = math.mininteger } do
        assert.equal(n, value(text))
        assert.equal("integer", math.type(value(text)))
      end
    end)

    it("all other numbers are decimals, digit for digit", function()
      for text, digits in pairs { ["0.1"] = "0.1", ["30000.50"] = "30000.50", ["-0.0"] = "-0.0", ["1e3"] = "1000",
        ["12.5E-3"] = "0.0125", ["1E+2"] = "100", ["9223372036854775808"] = "9223372036854775808",
        ["1234567890.123456789012345678901234"] = "1234567890.123456789012345678901234", ["0e-2"] = "0.00" } do
        local v = value(text)
        assert.equal("userdata", type(v), text)
        assert.equal(digits, tostring(v))
      end
    end)

    it("no number is a float: the texts of a thousand random ones come back", function()
      local r = core.random(1)
      for _ = 1, 1000 do
        local text = ("%d.%0" .. r:integer(1, 15) .. "d"):format(r:integer(-1000000000, 1000000000),
          r:integer(0, 9))
        assert.equal(text, tostring(value(text)))
      end
    end)

    it("minus zero is a decimal, since no integer can hold its sign", function()
      assert.equal("-0", tostring(value "-0"))
    end)

    it("numbers that would be rounded, or are out of range, are errors", function()
      fails("1.0000000000000000000000000000000001", nil, "34 digits")
      fails("[12345678901234567890123456789012345]", 2, "34 digits")
      fails("1e7000", 1)
      fails("1e-7000", 1)
      fails("1e999999999999999999999999", 1)
    end)

    it("of the wrong form are errors", function()
      for _, text in ipairs { "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "1.e1", "- 1", "--1", "NaN", "Infinity",
        "-Infinity", "1a", "00", "-01", "1.2.3", "1e1.5", "٣" } do
        fails(text)
        fails("[" .. text .. "]")
      end
    end)
  end)

  describe("strings:", function()
    it("escapes", function()
      assert.equal('"\\/\b\f\n\r\t', value [["\"\\\/\b\f\n\r\t"]])
      assert.equal("é€😀\0", value [["\u00e9\u20AC\uD83D\uDE00\u0000"]])
      assert.equal("\u{10ffff}", value [["\udbff\udfff"]])
    end)

    it("UTF-8 passes through", function()
      for _, s in ipairs { "é", "€", "😀", "\u{7f}", "\u{d7ff}", "\u{e000}", "\u{ffff}" } do
        assert.equal(s, value('"' .. s .. '"'))
      end
    end)

    it("UTF-8 at the end of an unfinished string is no extra error", function()
      for text, at in pairs { ["\"é"] = 4, ["\"€"] = 5, ["\"😀"] = 6 } do fails(text, at, "unexpected end of text") end
    end)

    it("invalid UTF-8 is an error at its byte", function()
      for _, bytes in ipairs { "\x80", "\xff", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82" } do
        fails('["' .. bytes .. '"]', 3)
      end
    end)

    it("UTF-8 is checked like Lua's own utf8.len, byte for byte", function()
      local function agrees(bytes)
        local decoded = json.decode('"' .. bytes .. '"')
        assert.equal(utf8.len(bytes) and bytes or nil, decoded, ("%02x "):rep(#bytes):format(bytes:byte(1, -1)))
      end
      local edges = { "\x7f", "\x80", "\x8f", "\x90", "\x9f", "\xa0", "\xbf", "\xc0" }
      for first = 0x7f, 0xff do
        local a = string.char(first)
        agrees(a)
        for _, b in ipairs(edges) do
          agrees(a .. b)
          for _, c in ipairs(edges) do
            if first >= 0xdf then agrees(a .. b .. c) end
            for _, d in ipairs(first >= 0xef and { "\x7f", "\x80", "\xbf", "\xc0" } or {}) do agrees(a .. b .. c .. d) end
          end
        end
      end
    end)

    it("a wrong escape is an error at the wrong byte", function()
      for _, case in ipairs { { [["\u12]], 6 }, { [["\u]], 4 }, { [["\u0g00"]], 5 }, { [["\u00g0"]], 6 }, { [["\u000g"]], 7 },
        { [["\uFfG0"]], 6 }, { [["\u123"]], 7 }, { [["\]], 3 }, { [["ab\x"]], 4 } } do
        fails(case[1], case[2])
      end
      -- Each hex digit, of either case, in each place (RFC 8259, 7).
      for code = 0, 0xffff, 0x123 do
        local text = code >= 0xd800 and code < 0xe000 and "" or utf8.char(code)
        if text ~= "" then
          assert.equal(text, value(('"\\u%04x"'):format(code)))
          assert.equal(text, value(('"\\u%04X"'):format(code)))
        end
      end
    end)

    it("lone surrogates are errors", function()
      for _, text in ipairs { [["\ud800"]], [["\udc00"]], [["\ud800\ud800"]], [["\ud800x"]], [["\ud83d\n"]],
        [["\ud83d\u0041"]], [["\udbff\ue000"]], [["\ud800\udbff"]], [["\udfff"]], [["\udbff"]] } do
        fails(text)
      end
      assert.equal("\u{10000}", value [["\ud800\udc00"]])
      assert.equal("\u{d7ff}\u{e000}", value [["\ud7ff\ue000"]])
    end)

    it("control characters and wrong escapes are errors", function()
      for c = 0, 31 do fails('"' .. string.char(c) .. '"', 2) end
      for _, text in ipairs { [["\x41"]], [["\u12"]], [["\u12g4"]], [["\'"]], [["\]], [["\u]], [["]], [["a]], "'a'" } do
        fails(text)
      end
    end)
  end)

  describe("structure:", function()
    it("what is not JSON is an error at its byte", function()
      for _, case in ipairs { { "", 1 }, { " ", 2 }, { "[1,]", 4 }, { "[,1]", 2 }, { "[1 2]", 4 }, { '{"a"}', 5 },
        { '{"a":}', 6 }, { '{"a":1,}', 8 }, { '{a:1}', 2 }, { "{1:1}", 2 }, { "[1]]", 4 }, { "tru", 4 }, { "truee", 5 },
        { "nul", 4 }, { "[1}", 3 }, { '{"a":1]', 7 }, { "[", 2 }, { "{", 2 }, { "1 1", 3 }, { "/* */1", 1 },
        { '{"a":1 "b":2}', 8 } } do
        fails(case[1], case[2])
      end
    end)

    it("a key that comes twice is an error: nobody knows which of two prices is right", function()
      fails('{"price":1,"qty":2,"price":3}', 20, "duplicate key")
      fails('[{"a":1,"b":2},{"a":1,"a":2}]', 23, "duplicate key")
      fails([[{"a":1,"\u0061":2}]], 8, "duplicate key")
    end)

    it("nesting is bounded, at 128 by default", function()
      local function nested(n) return ("["):rep(n) .. ("]"):rep(n) end
      assert.is_table(value(nested(128)))
      fails(nested(129), 129)
      assert.is_table(json.decode(nested(1000), { depth = 1000 }))
      assert.is_nil((json.decode(nested(4), { depth = 3 })))
      fails(("["):rep(1000000), 129)
      fails(('{"a":'):rep(1000000), nil)
    end)

    it("an array differs from an object, even if it is empty", function()
      assert.equal("[]", json.encode(value "[]"))
      assert.equal("{}", json.encode(value "{}"))
    end)
  end)

  it("a text cut short anywhere is an error", function()
    local text = '{"retCode":0,"list":[{"price":"30000.50","n":-1.5e3,"t":true,"x":null},"\\u00e9\u{20ac}"]}'
    for i = 0, #text - 1 do fails(text:sub(1, i)) end
    assert.is_table(value(text))
  end)

  it("any byte changed gives a value or an error, nothing else", function()
    local text = '{"retCode":0,"list":[{"price":"30000.50","n":-1.5e3,"t":true,"x":null},"\\u00e9"]}'
    for i = 1, #text do
      for _, byte in ipairs { "\0", '"', "\\", "{", "]", "\xff", "9" } do
        json.decode(text:sub(1, i - 1) .. byte .. text:sub(i + 1))
      end
    end
  end)

  it("reads the exchange's own examples as lua-cjson does", function()
    local function same(ours, theirs, path)
      if ours == json.null then return assert.equal(cjson.null, theirs, path) end
      if type(ours) == "table" then
        for k, v in pairs(ours) do same(v, theirs[k], path .. "." .. k) end
        for k in pairs(theirs) do assert.is_not_nil(ours[k], path .. "." .. k) end
      elseif type(ours) == "userdata" then
        assert.equal(theirs, ours:tonumber(), path)
      else
        assert.equal(theirs, ours, path)
      end
    end
    local count = 0
    local listing <close> = io.popen "ls spec/fixtures/v5/*.json"
    for name in listing:lines() do
      local file <close> = assert(io.open(name, "rb"))
      local text = file:read "a"
      same(value(text), cjson.decode(text), name)
      count = count + 1
    end
    assert.is_true(count > 50)
  end)

  it("wrong calls raise", function()
    assert.has_error(function() json.decode(nil) end)
    assert.has_error(function() json.decode(12) end)
    assert.has_error(function() json.decode("1", { deep = 1 }) end)
    assert.has_error(function() json.decode("1", { depth = 0 }) end)
  end)
end)

describe("encode", function()
  it("writes values, members sorted by their names", function()
    assert.equal('{"a":[1,2],"b":{"c":true},"d":null,"e":"x"}',
      json.encode { e = "x", d = json.null, b = { c = true }, a = { 1, 2 } })
    assert.equal("-9223372036854775808", json.encode(math.mininteger))
  end)

  it("writes decimals as numbers, or as strings on request", function()
    local x = { price = decimal "30000.50", quantity = 100, step = 0.1 }
    assert.equal('{"price":30000.50,"quantity":100,"step":0.1}', json.encode(x))
    assert.equal('{"price":"30000.50","quantity":100,"step":"0.1"}', json.encode(x, { decimals = "string" }))
  end)

  it("escapes only what must be escaped", function()
    assert.equal([["\"\\/\b\f\n\r\t\u0000\u001f]] .. "\u{7f}é😀" .. '"', json.encode '"\\/\b\f\n\r\t\0\x1f\u{7f}é😀')
  end)

  it("knows an empty array from an empty object", function()
    assert.equal('{"list":[]}', json.encode { list = json.array() })
    assert.equal('{"list":{}}', json.encode { list = {} })
    assert.equal("[1]", json.encode(json.array { 1 }))
    local once = json.array()
    assert.equal(once, json.array(once))
    assert.has_error(function() json.array(setmetatable({}, {})) end,
      "bad argument #1 to 'array' (the table has a metatable already)")
  end)

  it("decodes again to the same", function()
    local text = '{"a":[1,0.10,-5,"x",[],{}],"b":null,"c":true}'
    assert.equal(text, json.encode(json.decode(text)))
  end)

  it("refuses values without an exact form, and names their place", function()
    local loop = {}
    loop.self = { loop }
    for _, case in ipairs {
      { { list = { 1, { price = 0.1 + 0.2 } } }, "$.list[2].price: " }, { 0 / 0, "$: " }, { math.huge, "$: " },
      { { f = print }, "$.f: function has no form" }, { loop, "contains itself" }, { { [1] = 1, [3] = 3 }, "holes" },
      { { 1, a = 2 }, "both string keys and indices" }, { { [true] = 1 }, "boolean key" }, { { ["a b"] = "\xff" }, '$["a b"]' },
      { { [0] = 1 }, "number key that is not an index" }, { { [0] = 1, 2 }, "number key that is not an index" },
      { { [-1] = 1 }, "number key that is not an index" }, { { [1.5] = 1 }, "number key that is not an index" },
      { { [2] = 1 }, "holes" }, { (function(t)
        t.a = 1
        return t
      end)(json.array()), "an array with a string key" },
    } do
      local ok, why = pcall(json.encode, case[1])
      assert.is_false(ok)
      assert.is_truthy(why:find(case[2], 1, true), why)
    end
  end)

  it("bounds nesting", function()
    local deep = {}
    for _ = 1, 127 do deep = { deep } end
    assert.is_string(json.encode(deep))
    deep = { deep }
    assert.has_error(function() json.encode(deep) end)
    assert.is_string(json.encode(deep, { depth = 200 }))
  end)
end)
