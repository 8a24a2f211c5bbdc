-- The texts of records are kept until a field changes. spec/paper/property_spec.lua compares those of real orders and executions
-- with texts that are written anew.

local answer = require "bybit.paper.answer"
local core = require "bybit.core"
local kept = require "bybit.paper.kept"

describe("a kept text", function()
  local written, text_of

  before_each(function()
    written = 0
    text_of = kept.new({ "price", "note" }, function(record)
      written = written + 1
      return answer.object { { "price", record.price }, { "note", record.note }, { "name", record.name } }
    end)
  end)

  local function encoded(record) return answer.encode(text_of(record)) end

  it("is written once while nothing changes, and is the text of its own record", function()
    local a, b = { price = core.decimal "1.0", name = "a" }, { price = core.decimal "1.0", name = "b" }
    for _ = 1, 3 do
      assert.equal('{"price":"1.0","name":"a"}', encoded(a))
      assert.equal('{"price":"1.0","name":"b"}', encoded(b))
    end
    assert.equal(2, written)
  end)

  it("is written again when a field that may change is another value: equal is not the same, 1 is not 1.0", function()
    local record = { price = core.decimal "1.0", name = "a" }
    encoded(record)
    record.price = core.decimal "1"
    assert.equal('{"price":"1","name":"a"}', encoded(record))
    record.note = "new"
    assert.equal('{"price":"1","note":"new","name":"a"}', encoded(record))
    record.note = nil
    assert.equal('{"price":"1","name":"a"}', encoded(record))
    assert.equal(4, written)
  end)

  it("is written again when a record gets a field of its own that all of its kind had in common, or loses it", function()
    local record = setmetatable({ price = core.decimal "1", name = "a" }, { __index = { note = "common" } })
    for _ = 1, 2 do assert.equal('{"price":"1","note":"common","name":"a"}', encoded(record)) end
    assert.equal(1, written)
    record.note = "own"
    assert.equal('{"price":"1","note":"own","name":"a"}', encoded(record))
    record.note = nil
    assert.equal('{"price":"1","note":"common","name":"a"}', encoded(record))
    assert.equal(3, written)
  end)

  it("of a record that is no table is written once", function()
    local record = core.token()
    local text_of_token = kept.new({ "cancelled" }, function()
      written = written + 1
      return answer.object {}
    end)
    for _ = 1, 3 do assert.equal("{}", answer.encode(text_of_token(record))) end
    assert.equal(1, written)
  end)

  it("is written again after it could not be written", function()
    local record, broken = { price = "1" }, true
    local text_of_one = kept.new({ "price" }, function()
      if broken then error "broken" end
      return answer.object {}
    end)
    for _ = 1, 2 do assert.error_matches(function() text_of_one(record) end, "broken") end
    broken = false
    assert.equal("{}", answer.encode(text_of_one(record)))
  end)

  it("goes with its record", function()
    local gone = setmetatable({}, { __mode = "k" })
    do
      local record = { name = "a" }
      gone[record] = true
      encoded(record)
    end
    collectgarbage()
    assert.is_nil(next(gone))
  end)

  it("is dropped with all others when there are more than 4096", function()
    local records = {}
    for i = 1, 4097 do
      records[i] = { name = tostring(i) }
      encoded(records[i])
    end
    assert.equal(4097, written)
    encoded(records[4097])
    assert.equal(4097, written)
    encoded(records[1])
    assert.equal(4098, written)
  end)
end)
