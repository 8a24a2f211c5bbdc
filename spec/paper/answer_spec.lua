describe("paper.answer", function()
  local answer = require "bybit.paper.answer"
  local cjson = require "cjson"

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

  it("refuses ambiguous values, and numbers that would be rounded", function()
    assert.error_matches(function() answer.encode({}) end, "cannot write a table")
    assert.error_matches(function() answer.encode(0.1) end, "cannot write a float")
    assert.error_matches(function() answer.encode(answer.list { print }) end, "cannot write a function")
  end)
end)
