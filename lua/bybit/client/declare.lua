-- Methods that a program declares itself: for endpoints of the exchange that have no method here. A row is like those of
-- wire/v5/endpoints; its record stands in it, as those of records/ do.

local categories = require "bybit.wire.categories"
local core = require "bybit.core"
local endpoints = require "bybit.wire.v5.endpoints"
local enums = require "bybit.records.enums"
local errors = require "bybit.errors"
local nearest = require "bybit.text.nearest"
local records = require "bybit.records"
local rows = require "bybit.wire.rows"

-- What a row, its parameters, its result and the fields of its record may say, and the types of these.
local ROW = { verb = "string", path = "string", params = "table", rules = "table", fixed = "table", result = "table",
  limit = "number", per = "number", doc = "string", open = "boolean" }
local PARAM = { [1] = "string", [2] = "string", [3] = "string", required = "boolean", default = "any", above = "string",
  min = "any", max = "any", whole = "boolean", enum = "string", values = "table", wire = "table", doc = "string",
  unit = "string", example = "any", also = "string" }
local RESULT = { record = "any", list = "any", first = "any", key = "string", cursor = "string", empty = "boolean",
  free = "boolean" }
local RECORD = { fields = "table", doc = "string", shown = "table", inline = "table", by_place = "boolean", aliases = "table" }
local FIELD = { [1] = "string", [2] = "string", [3] = "string", zero_empty = "boolean", empty = "table", map = "table",
  also_wire = "table", enum = "string", optional = "boolean", doc = "string" }

local function check_keys(what, given, known)
  if type(given) ~= "table" then errors.raise(("%s: a table expected, got %s"):format(what, type(given))) end
  for key, value in pairs(given) do
    local wanted = known[key]
    if not wanted then
      local names = {}
      for name in pairs(known) do
        if type(name) == "string" then names[#names + 1] = name end
      end
      table.sort(names)
      errors.raise(("%s: unknown '%s'%s"):format(what, tostring(key), nearest.hint(tostring(key), names)))
    end
    if wanted ~= "any" and type(value) ~= wanted then
      errors.raise(("%s: '%s': a %s expected, got %s"):format(what, tostring(key), wanted, type(value)))
    end
  end
end

-- A copy, so that a program that changes its table later changes nothing here.
local function copy(value)
  if type(value) ~= "table" or getmetatable(value) ~= nil then return value end
  local out = {}
  for k, v in pairs(value) do out[k] = copy(v) end
  return out
end

local function check_record(what, record)
  if type(record) == "string" then
    if not records[record] then errors.raise(("%s: there is no record '%s'"):format(what, record)) end
    return
  end
  check_keys(what, record, RECORD)
  for i, field in ipairs(record.fields or {}) do
    check_keys(("%s: field %d"):format(what, i), field, FIELD)
    if field.enum and not enums[field.enum] then errors.raise(("%s: there is no enum '%s'"):format(what, field.enum)) end
  end
end

-- Puts the record of a result where records are, under the method's name, and the name in its place.
local function name_record(name, result, kind)
  local record = result[kind]
  if type(record) ~= "table" then return end
  record.doc = record.doc or ("What %s answers."):format(name)
  record.shown = record.shown or {}
  for _, field in ipairs(record.fields) do
    field.doc = field.doc or ""
    if #record.shown < 6 and field[3] ~= "table" then record.shown[#record.shown + 1] = field[1] end
  end
  records[name] = record
  result[kind] = name
end

local function check_row(name, row)
  local what = ("declare: %s"):format(name)
  check_keys(what, row, ROW)
  if row.verb ~= "GET" and row.verb ~= "POST" then
    errors.raise(("%s: 'verb': 'GET' or 'POST' expected, got %s"):format(what, tostring(row.verb)))
  end
  if not (row.path or ""):find "^/v5/[%w/_%-]+$" then
    errors.raise(("%s: 'path': a path such as '/v5/market/time' expected, got %s"):format(what, tostring(row.path)))
  end
  for i, p in ipairs(row.params or {}) do
    if type(p) ~= "string" then check_keys(("%s: parameter %d"):format(what, i), p, PARAM) end
    if type(p) == "table" and p.enum and not enums[p.enum] then
      errors.raise(("%s: there is no enum '%s'"):format(what, p.enum))
    end
  end
  check_keys(what .. ": 'result'", row.result or {}, RESULT)
  for _, kind in ipairs { "record", "list", "first" } do
    if row.result and row.result[kind] ~= nil then check_record(what .. ": the record", row.result[kind]) end
  end
end

-- A whole number of this unit, whatever the kind of contracts.
local function whole_in(unit)
  local whole = {}
  for _, name in ipairs(categories.names) do whole[name] = unit end
  return whole
end

--- Makes a method of an endpoint that has none: every client of the V5 wire gets it, with its checks, exact numbers and records, and
--- help knows it. The row says what the rows of this module say: `verb`, `path`, `params` (rows, or names of common ones such as
--- "symbol"), `result` (`record`, `list` or `first` with a record, `key` and `cursor`; a record is a name, or a table with `fields`),
--- `fixed` (what always goes out; without it a call carries its category), `rules`, `limit` in requests a second, `doc`. Without a
--- result the answer is a table as the exchange sends it. A call that
--- changes something (POST) has an outcome, but an unknown one is not settled: nothing here knows how. Wrong rows raise.
---@param name string the method's name
---@param row table
return function(name, row)
  if type(name) ~= "string" or not name:find "^%l[%l%d_]*$" then
    errors.raise(("declare: a name such as 'get_something' expected, got %s"):format(tostring(name)))
  end
  check_row(name, row)
  local class = require "bybit.client.methods" "v5"
  if endpoints[name] or class.own()[name] then errors.raise(("declare: a client has a method '%s' already"):format(name)) end
  local own = copy(row)
  own.doc = own.doc or ("%s %s, declared by the program."):format(row.verb, row.path)
  own.source, own.codes, own.subject = "declared by the program", {}, "declared"
  own.result = own.result or { free = true }
  own.categories = not own.fixed and categories.names or nil
  for _, p in ipairs(own.params or {}) do
    if type(p) == "table" then
      p.doc = p.doc or ""
      if p.whole then p.whole = whole_in(p.unit or "units") end
    end
  end
  for _, kind in ipairs { "record", "list", "first" } do
    if own.result[kind] ~= nil then name_record(name, own.result, kind) end
  end
  local ok, err = pcall(function()
    endpoints[name] = own
    core.schema.endpoint(name, endpoints[name], enums)
    local held = own.result.record or own.result.list or own.result.first
    if held then core.schema.record(records[held], {}) end
  end)
  if not ok then
    endpoints[name] = nil
    if records[name] then rawset(records, name, nil) end
    errors.raise(("declare: %s: %s"):format(name, tostring(err):gsub("^%S+:%d+: ", ""):gsub("^declaration[^:]*: ", "")))
  end
  class.known_names = nil -- of views
  assert(rows.method(endpoints, name))
end
