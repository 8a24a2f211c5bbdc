-- Topics, compiled: a row of wire/v5/topics.lua becomes the function that reads its messages, once, on first use.

local core = require "bybit.core"
local enums = require "bybit.records.enums"
local objects = require "bybit.records.objects"
local records = require "bybit.records"
local rows = require "bybit.wire.v5.topics"

local topics = { rows = rows, names = {} }

local by_name = {}
for i, row in ipairs(rows) do
  by_name[row[1]] = row
  topics.names[i] = row[1]
end

--- The row of a topic; nil when there is none.
---@param name string
function topics.row(name)
  return by_name[name]
end

-- The declaration of a record with the names that the stream has.
local function declared(row)
  local declaration, out = records[row.record], { fields = {} }
  for k, v in pairs(declaration) do
    if k ~= "fields" and k ~= "by_place" then out[k] = v end
  end
  local others = {}
  for i, field in ipairs(declaration.fields) do
    local copy = {}
    for k, v in pairs(field) do copy[k] = v end
    copy[2] = row.renamed and row.renamed[field[1]] or field[2]
    out.fields[i] = copy
    if field.of then others[field.of] = records[field.of] end
  end
  for name, of in pairs(others) do others[name] = core.schema.record(of, objects.metatable(name)) end
  return out, others
end

local compiled = {}

-- What reads a topic: `read(text)` gives a list of records, the fields that did not decode, and the exchange's time; `names` leads
-- from names of the wire to ours.
---@param row table
function topics.compiled(row)
  local done = compiled[row]
  if done then return done end
  local declaration, others = declared(row)
  local record = core.schema.record(declaration, objects.metatable(row.record), others)
  local result = row.first and { first = row.record } or { list = row.record }
  local endpoint = core.schema.endpoint("stream", { name = row[1], result = result }, enums)
  done = { read = core.schema.reader(endpoint, record, { result = "data", time = row.private and "creationTime" or "ts" }),
    names = {} }
  for _, field in ipairs(declaration.fields) do
    done.names[field[2]] = field[1]
    for _, also in ipairs(field.also_wire or {}) do done.names[also] = field[1] end
  end
  compiled[row] = done
  return done
end

return topics
