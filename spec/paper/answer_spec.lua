describe("paper.answer", function()
  local answer = require "bybit.paper.answer"
  local cjson = require "cjson"
  local core = require "bybit.core"

  local decimal = core.decimal

  it("writes objects in the given order, without nil values", function()
    assert.equal('{"b":1,"a":"x"}', answer.encode(answer.object { { "b", 1 }, { "gone", nil }, { "a", "x" } }))
  end)

  it("writes records in their declared order", function()
    local fields = { "symbol", "missing", "size" }
    assert.equal('{"symbol":"BTCUSD","size":"100"}',
      answer.encode(answer.record(fields, { size = "100", symbol = "BTCUSD", extra = "unnamed" })))
  end)

  it("distinguishes an empty list from an empty object", function()
    assert.equal('{"list":[],"result":{}}',
      answer.encode(answer.object { { "list", answer.list {} }, { "result", answer.object {} } }))
  end)

  it("writes 64-bit integers exactly, booleans and null", function()
    assert.equal("[140612148849382,9223372036854775807,-1,true,false,null]",
      answer.encode(answer.list { 140612148849382, math.maxinteger, -1, true, false, answer.null }))
  end)

  it("escapes texts so that another decoder reads the same", function()
    local all = {}
    for byte = 0, 127 do all[#all + 1] = string.char(byte) end
    local text = table.concat(all) .. "\u{20AC}\u{1F600}"
    assert.equal(text, cjson.decode(answer.encode(answer.list { text }))[1])
  end)

  it("replaces bytes that are not UTF-8, so that an answer is always JSON", function()
    assert.equal('"a\u{FFFD}b\u{FFFD}"', answer.encode("a\xffb\xc0"))
  end)

  it("writes decimals as texts, with all their places", function()
    assert.equal('["0.10","-0","123456789012345678901234567890.1234"]',
      answer.encode(answer.list { decimal "0.10", -decimal "0", decimal "123456789012345678901234567890.1234" }))
  end)

  it("takes JSON that is written already as it is", function()
    assert.equal('{"a":[{"b":1},2]}', answer.encode(answer.object { { "a", answer.list { answer.text '{"b":1}', 2 } } }))
  end)

  -- Text that is no UTF-8 as Lua's own reader sees it: each byte that begins no character is U+FFFD.
  local function scrubbed(text)
    local out, at = {}, 1
    while at <= #text do
      local _, bad = utf8.len(text, at)
      out[#out + 1] = text:sub(at, (bad or #text + 1) - 1)
      if bad then out[#out + 1] = "\u{FFFD}" end
      at = (bad or #text) + 1
    end
    return table.concat(out)
  end

  local PIECES = { "a", "plain text", "", '"', "\\", "\n", "\0", "\31", "\127", "\u{E9}", "\u{20AC}", "\u{1F600}", "\xff",
    "\xc0\x80", "\xe2\x82",
    "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x82\x82\xac", "\xe0\x80\xaf", "\x80", "\xf0\x9f\x98",
    "\u{7FF}", "\u{800}", "\u{FFFF}",
    "\u{10FFFF}", "\u{D7FF}", "\u{E000}" }

  local function any_text(random)
    local parts = {}
    for i = 1, random:integer(0, 5) do parts[i] = PIECES[random:integer(1, #PIECES)] end
    if random:unit() < 0.1 then parts[#parts + 1] = random:bytes(random:integer(0, 40)) end
    if random:unit() < 0.02 then parts[#parts + 1] = ("x"):rep(random:integer(1, 20000)) end
    return table.concat(parts)
  end

  -- A value, and what another decoder makes of it.
  local function any_value(random, depth)
    local kind = random:integer(1, depth > 0 and 8 or 5)
    if kind == 1 then
      local text = any_text(random)
      return text, scrubbed(text)
    elseif kind == 2 then
      local n = random:integer(-(1 << 53), 1 << 53)
      return n, n
    elseif kind == 3 then
      local text = ("%d.%03d"):format(random:integer(-1000, 1000), random:integer(0, 999))
      return decimal(text), text
    elseif kind == 4 then
      return random:unit() < 0.5, nil
    elseif kind == 5 then
      return answer.null, cjson.null
    end
    local count, values, wanted = random:integer(0, 4), {}, {}
    if kind == 6 then
      for i = 1, count do
        values[i], wanted[i] = any_value(random, depth - 1)
        if wanted[i] == nil then wanted[i] = values[i] end
      end
      return answer.list(values), wanted
    end
    local names, pairs_list = {}, {}
    for i = 1, count do
      local name = any_text(random)
      if wanted[scrubbed(name)] == nil then
        local value, meant = any_value(random, depth - 1)
        if meant == nil then meant = value end
        names[i], values[name], wanted[scrubbed(name)] = name, value, meant
      else
        names[i] = "gone " .. i -- has no value
      end
      pairs_list[i] = { names[i], values[names[i]] }
    end
    if kind == 7 then return answer.object(pairs_list), wanted end
    return answer.record(names, values), wanted
  end

  it("writes what another decoder reads as the same, whatever bytes there are, and however deep", function()
    local random = core.random(20261203)
    for _ = 1, 1500 do
      local value, wanted = any_value(random, 4)
      if wanted == nil then wanted = value end
      assert.same({ wanted }, cjson.decode("[" .. answer.encode(value) .. "]"))
    end
  end)

  it("has room for long answers, and for short ones after them", function()
    local list = {}
    for i = 1, 60000 do list[i] = "0123456789" end
    assert.equal("[" .. ('"0123456789",'):rep(59999) .. '"0123456789"]', answer.encode(answer.list(list)))
    assert.equal('"x"', answer.encode "x")
  end)

  describe("a shape", function()
    local FULL = { { "id", "id" }, { "link", "link", "" }, { "fixed", value = 0 }, { "off", value = false },
      { "made", "made", text = true },
      { "by", "by", more = "other" }, { "worked \"out\"", more = "other" }, { "flag", "flag", false }, { "list", more = "list" } }

    it("has what all have in common, the record's fields, and what had to be worked out", function()
      local more = { other = decimal "1.50", list = answer.list { 1 } }
      local function written(record) return answer.encode(answer.row(answer.shape(FULL), record, more)) end
      assert.equal('{"id":"a","link":"","fixed":0,"off":false,"made":"12","by":"1.50","worked \\"out\\"":"1.50","flag":false,'
        .. '"list":[1]}', written { id = "a", made = 12, by = false })
      assert.equal('{"id":"a","link":"l","fixed":0,"off":false,"made":"m","by":"b","worked \\"out\\"":"1.50","flag":true,'
        .. '"list":[1]}', written { id = "a", made = "m", link = "l", by = "b", flag = true, unnamed = {} })
    end)

    it("finds what records of a kind have in common", function()
      assert.equal('[{"id":"a"},{"id":"b"}]', answer.encode(answer.list {
        answer.row(answer.shape { { "id", "id" } }, setmetatable({}, { __index = { id = "a" } })),
        answer.row(answer.shape { { "id", "id" } }, { id = "b" }) }))
    end)

    it("without fields is an empty object; one that consists of what all have in common needs no record", function()
      assert.equal("{}", answer.encode(answer.row(answer.shape {}, {})))
      assert.equal('{"a":1}', answer.encode(answer.row(answer.shape { { "a", value = 1 } }, {})))
    end)

    it("leaves no field out", function()
      local shape = answer.shape { { "id", "id" }, { "sum", more = "sum" } }
      assert.error_matches(function() answer.encode(answer.row(shape, { id = "a" })) end, "the record has no 'sum'")
      assert.error_matches(function() answer.encode(answer.row(shape, {}, { sum = 1 })) end, "the record has no 'id'")
      assert.equal('{"id":"a","sum":1}', answer.encode(answer.row(shape, { id = "a" }, { sum = 1 })))
    end)
  end)

  describe("the envelope", function()
    it("goes around a result, and tells time and trace in header lines", function()
      local body, lines = answer.answered(0, "OK", answer.object { { "a", 1 } }, nil, 1700000000000, 7, 1)
      assert.equal('{"retCode":0,"retMsg":"OK","result":{"a":1},"retExtInfo":{},"time":1700000000000}', body)
      local trace = lines:match "Traceid: (%x+)\r\n"
      assert.equal(32, #trace)
      assert.equal("Content-Type: application/json; charset=utf-8\r\nTimenow: 1700000000000\r\nTraceid: " .. trace
        .. "\r\nRet_code: 0\r\n", lines)
    end)

    it("says what was refused, and where the caller stands with its limit", function()
      local body, lines = answer.answered(10006, 'too "many"', nil, answer.object { { "b", answer.null } }, 5, 7, 2, 10, 0, 99)
      assert.same({ retCode = 10006, retMsg = 'too "many"', result = {}, retExtInfo = { b = cjson.null }, time = 5 },
        cjson.decode(body))
      local function behind_code(text) return text:match "Ret_code: 10006\r\n(.*)" end
      assert.equal("X-Bapi-Limit: 10\r\nX-Bapi-Limit-Status: 0\r\nX-Bapi-Limit-Reset-Timestamp: 99\r\n", behind_code(lines))
      local _, without = answer.answered(10006, "x", nil, nil, 5, 7, 2, nil, 0, 99)
      assert.equal("X-Bapi-Limit-Status: 0\r\nX-Bapi-Limit-Reset-Timestamp: 99\r\n", behind_code(without))
    end)

    it("has another trace for each answer, the same for the same seed", function()
      local seen = {}
      for count = 1, 100 do
        local _, lines = answer.answered(0, "OK", "{}", nil, 5, 7, count)
        local _, again = answer.answered(0, "OK", "{}", nil, 5, 7, count)
        assert.equal(lines, again)
        assert.is_nil(seen[lines])
        seen[lines] = true
      end
    end)
  end)

  it("refuses ambiguous values, and numbers that would be rounded", function()
    assert.error_matches(function() answer.encode({}) end, "cannot write a table")
    assert.error_matches(function() answer.encode(0.1) end, "cannot write a float")
    assert.error_matches(function() answer.encode(answer.list { print }) end, "cannot write a function")
    assert.error_matches(function() answer.encode(io.stdout) end, "cannot write a userdata")
    assert.error_matches(function() answer.encode(setmetatable({}, {})) end, "cannot write a table")
    assert.error_matches(function() answer.encode(answer.object { { 1, 2 } }) end, "a name must be a text")
    assert.equal('"x"', answer.encode "x") -- what was begun is forgotten
  end)

  it("refuses values without end", function()
    local list = {}
    list[1] = answer.list(list)
    assert.error_matches(function() answer.encode(list[1]) end, "too deep")
  end)
end)
