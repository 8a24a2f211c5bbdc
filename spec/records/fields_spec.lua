-- Compares the fields of records with outside lists: the fields that the V5 documentation describes (record_fields.tsv), its
-- printed examples, and the names of the interface that this project implements (interface_fields.tsv).

local cjson = require "cjson"
local enums = require "bybit.records.enums"
local records = require "bybit.records"

local TYPES = { string = true, enum = true, decimal = true, integer = true, time = true, boolean = true, table = true,
  list = true, map = true }

-- The rows of tab-separated values, without the first line.
local function lines(path)
  local list = {}
  for line in io.lines(path) do
    local row = {}
    for cell in line:gmatch("[^\t]+") do row[#row + 1] = cell end
    list[#list + 1] = row
  end
  table.remove(list, 1)
  return list
end

local function by_wire(record)
  local found = {}
  for _, f in ipairs(record.fields) do
    found[f[2]] = f
    for _, also in ipairs(f.also_wire or {}) do found[also] = f end
  end
  return found
end

local function contains(list, value)
  for _, v in ipairs(list or {}) do
    if v == value then return true end
  end
  return false
end

describe("records", function()
  local function each_field(f)
    for name, record in pairs(records) do
      for _, field in ipairs(record.fields) do f(field, name .. "." .. tostring(field[1]), record) end
    end
  end

  it("name each field once, on the wire and here, in snake_case", function()
    for name, record in pairs(records) do
      local ours, wire = {}, {}
      for _, f in ipairs(record.fields) do
        assert.truthy(f[1]:find("^%l[%l%d_]*$"), name .. "." .. f[1])
        assert.is_nil(ours[f[1]], name .. "." .. f[1])
        ours[f[1]] = true
        for _, w in ipairs { f[2], table.unpack(f.also_wire or {}) } do
          assert.is_nil(wire[w], name .. "." .. w)
          wire[w] = true
        end
      end
    end
  end)

  it("have a text for each field", function()
    each_field(function(f, what)
      assert.truthy(TYPES[f[3]], what)
      assert.truthy(type(f.doc) == "string" and f.doc:find("[.?)]$"), what)
    end)
    for name, record in pairs(records) do assert.truthy(record.doc:find("%.$"), name) end
  end)

  it("name the words of their enums", function()
    each_field(function(f, what)
      if f[3] == "enum" then assert.truthy(f.enum, what) end
      if f.enum then assert.truthy(enums[f.enum], what) end
      for _, word in pairs(f.map or {}) do assert.truthy(contains(enums[f.enum].values, word), what) end
    end)
  end)

  local function names_of(record)
    local names = {}
    for i, field in ipairs(record.fields) do names[i] = field[1] end
    return names
  end

  it("use only types and options that the decoder knows", function()
    local known = { zero_empty = "boolean", empty = "table", map = "table", also_wire = "table", enum = "string",
      only = "table", optional = "boolean", doc = "string", of = "string", [1] = "string", [2] = "string", [3] = "string" }
    each_field(function(f, what, record)
      for key, value in pairs(f) do assert.equal(known[key], type(value), what .. ": " .. tostring(key)) end
      local some = f.doc:find "%(v2 only%)" or f.doc:find "in streams only" or f.doc:find "^%a+ only" -- of a wire, kind or stream
      if some then assert.is_true(f.optional, what) end
      if f.map then assert.truthy(f[3] == "integer" or f[3] == "boolean", what) end
      if f.only then
        assert.truthy(contains(names_of(record), f.only.field), what)
        for _, word in ipairs(f.only) do assert.truthy(contains(enums[f.only.field].values, word), what) end
      end
      if f.empty then assert.truthy(f[3] == "enum" or f[3] == "string", what) end
      assert.equal(f[3] == "list", records[f.of or ""] ~= nil, what)
      if f.zero_empty then assert.truthy(f[3] == "decimal" or f[3] == "integer" or f[3] == "time", what) end
    end)
  end)

  it("have second names only for existing fields", function()
    for name, record in pairs(records) do
      local ours = {}
      for _, f in ipairs(record.fields) do ours[f[1]] = true end
      for alias, field in pairs(record.aliases or {}) do
        assert.truthy(ours[field], name .. "." .. alias)
        assert.is_nil(ours[alias], name .. "." .. alias)
      end
    end
  end)

  it("have every name of the interface", function()
    local list = lines "spec/fixtures/interface_fields.tsv"
    assert.equal(149, #list)
    for _, row in ipairs(list) do
      local record, found = records[row[1]], false
      for _, f in ipairs(record.fields) do found = found or f[1] == row[2] end
      assert.truthy(found or (record.aliases or {})[row[2]], row[1] .. "." .. row[2])
    end
  end)

  -- Texts of the wire become numbers, times or words; values of other JSON types keep their type.
  local ALLOWED = {
    string = { string = true, enum = true, decimal = true, time = true, table = true },
    integer = { integer = true, time = true, boolean = true },
    boolean = { boolean = true },
    object = { table = true },
  }

  it("have every field that the documentation describes, with a fitting type", function()
    local list = lines "spec/fixtures/v5/record_fields.tsv"
    assert.equal(127, #list)
    for _, row in ipairs(list) do
      local what = row[1] .. "." .. row[2]
      local f = by_wire(records[row[1]])[row[2]]
      assert.truthy(f, what)
      assert.truthy(ALLOWED[row[3]:match("^%l+")][f[3]], what .. " is " .. f[3])
      if row[1] == "order" then assert.same(f, by_wire(records.conditional_order)[row[2]], what) end
    end
  end)
end)

-- Does a value of the wire decode as declared?
local FITS = {
  string = function(v) return type(v) == "string" end,
  enum = function(v, f) return contains(enums[f.enum].values, v) or contains(f.empty, v) end,
  decimal = function(v) return type(v) == "string" and v:find("^%-?%d+%.?%d*$") ~= nil end,
  integer = function(v) return math.type(v) == "integer" or (type(v) == "number" and v % 1 == 0) end,
  time = function(v) return type(v) == "string" and #v == 13 and v:find("^%d+$") ~= nil end,
  boolean = function(v) return type(v) == "boolean" or v == 0 or v == 1 end,
  table = function(v) return type(v) == "table" end,
}

local function read(name)
  local file = assert(io.open(("spec/fixtures/v5/%s.json"):format(name)))
  local text = file:read "a"
  file:close()
  return cjson.decode(text)
end

describe("the documentation's example of", function()
  for name, case in pairs {
    ["order-realtime.response"] = { "order", 42 }, ["order-history.response"] = { "order", 47 },
    ["execution-list.response"] = { "trade", 28 }, ["position-list.response"] = { "position", 36 },
    ["order-cancel-all.response"] = { "cancelled_order", 2 }, ["order-create.response"] = { "order_id", 2 },
    ["ws-private-order"] = { "order", 46 }, ["ws-private-execution"] = { "trade", 33 },
    ["ws-private-position"] = { "position", 37 },
  } do
    it(name .. " decodes as declared", function()
      local message = read(name)
      local list = message.data or message.result.list or { message.result }
      local wire, seen = by_wire(records[case[1]]), 0
      for key, value in pairs(list[1]) do
        local f = wire[key]
        assert.truthy(f, key)
        assert.truthy(value == "" or FITS[f[3]](value, f), ("%s = %s is no %s"):format(key, tostring(value), f[3]))
        seen = seen + 1
      end
      assert.equal(case[2], seen)
    end)
  end
end)

describe("a missing value that the wire writes in several ways", function()
  -- V5 documentation: fields that hold a zero or a word when there is no value.
  local ZERO = { order = { "triggerPrice", "takeProfit", "stopLoss", "tpLimitPrice", "slLimitPrice", "avgPrice",
      "triggerDirection" }, position = { "takeProfit", "stopLoss", "trailingStop", "openTime" } }
  local WORD = { order = { "cancelType", "stopOrderType", "triggerBy", "tpTriggerBy", "slTriggerBy",
      "slippageToleranceType", "tpslMode", "orderType" }, trade = { "stopOrderType", "orderType" } }

  it("is always absent", function()
    for name, list in pairs(ZERO) do
      for _, wire in ipairs(list) do assert.is_true(by_wire(records[name])[wire].zero_empty, wire) end
    end
    for name, list in pairs(WORD) do
      for _, wire in ipairs(list) do assert.truthy(contains(by_wire(records[name])[wire].empty, "UNKNOWN"), wire) end
    end
  end)

  it("differs from a real zero", function()
    for name, list in pairs {
      order = { "qty", "leavesQty", "cumExecQty", "cumExecValue", "cumExecFee", "positionIdx" },
      trade = { "execQty", "execFee", "feeRate", "leavesQty" },
      position = { "size", "positionValue", "unrealisedPnl", "curRealisedPnl", "riskId", "adlRankIndicator", "seq" },
    } do
      for _, wire in ipairs(list) do assert.is_nil(by_wire(records[name])[wire].zero_empty, wire) end
    end
  end)
end)

describe("enums", function()
  it("list each word once, and suggest only listed words", function()
    for name, enum in pairs(enums) do
      local seen = {}
      for _, value in ipairs(enum.values) do
        assert.equal("string", type(value))
        assert.is_nil(seen[value], name .. "." .. value)
        seen[value] = true
      end
      for wrong, right in pairs(enum.hints or {}) do
        assert.is_nil(seen[wrong], name .. "." .. wrong)
        assert.truthy(seen[right], name .. "." .. right)
      end
      assert.truthy(enum.doc:find("%.$") or enum.doc:find("[%?]$"), name)
    end
  end)

  it("translate the spellings of v2", function()
    assert.same({ "GTC", "IOC", "FOK" }, { enums.time_in_force.hints.GoodTillCancel,
      enums.time_in_force.hints.ImmediateOrCancel, enums.time_in_force.hints.FillOrKill })
  end)
end)
