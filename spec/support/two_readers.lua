-- Reads an answer twice: once as clients do, with shortcuts for what was seen before, and once without any. For the specs and
-- the fuzzer that hold the two against each other.

local core = require "bybit.core"
local objects = require "bybit.records.objects"
local records = require "bybit.records"
local settings = require "spec.support.settings"

local NULL = core.json.null

local transport = {}
function transport.start(_, request)
  transport.request = request
  return { status = 200, headers = "", body = transport.body }
end

local client = core.client.new(settings { key = "key", secret = "secret", seed = 1, unlimited = true }, {}, transport)

local function failed(_, _, facts)
  core.client.unclaim(facts.call)
  return nil, facts
end

local SHAPES = {
  list = { key = "list", cursor = "nextPageCursor" },
  first = { key = "list" },
  record = {},
}

local two_readers = { shapes = { "list", "first", "record" } }

local function compiled_record(dialect, name, plain)
  local declaration, own, others = dialect.record and dialect.record(name) or records[name], { plain = plain }, {}
  for k, v in pairs(declaration) do own[k] = v end
  for _, field in ipairs(declaration.fields) do
    if field.of then others[field.of] = compiled_record(dialect, field.of, plain) end
  end
  return core.schema.record(own, objects.metatable(name), others)
end

local function compile(dialect, name, shape, plain)
  local record = compiled_record(dialect, name, plain)
  local result = { [shape] = name }
  for k, v in pairs(SHAPES[shape]) do result[k] = v end
  local row = { name = "test", verb = "GET", path = "/test", open = true, params = {}, result = result } -- unsigned: nothing is redacted
  return core.method(core.schema.endpoint("test", row, {}), record, dialect.envelope, failed)
end

--- The wire names of a record's fields, and their types by name.
---@param api "v5"|"v2"
---@param name string
---@return string[] names, table types
function two_readers.fields(api, name)
  local dialect = require("bybit.wire." .. api)
  local names, types = {}, {}
  for _, field in ipairs((dialect.record and dialect.record(name) or records[name]).fields) do
    for _, wire in ipairs { field[2], table.unpack(field.also_wire or {}) } do
      names[#names + 1] = wire
      types[wire] = field
    end
  end
  return names, types
end

-- Where two values differ: a path and a reason. Nil if they are the same in every respect that a program can see.
local function difference(a, b, path)
  if rawequal(a, b) then return nil end
  if math.type(a) ~= math.type(b) or type(a) ~= type(b) or getmetatable(a) ~= getmetatable(b) then
    return ("%s: %s and %s"):format(path, tostring(a), tostring(b))
  end
  if type(a) ~= "table" then
    if type(a) == "userdata" and a ~= NULL and b ~= NULL and tostring(a) == tostring(b) then return nil end
    return ("%s: %s and %s"):format(path, tostring(a), tostring(b))
  end
  for k, v in next, a do
    local found = difference(v, rawget(b, k), path .. "." .. tostring(k))
    if found then return found end
  end
  for k in next, b do
    if rawget(a, k) == nil then return ("%s.%s: only in the second"):format(path, tostring(k)) end
  end
end

local function seen(f, body)
  transport.body = body
  local result, facts, response = f(client, {})
  facts = facts or {}
  return { result = result, kind = facts.kind, message = facts.message, offset = facts.offset, code = facts.code,
    note = response and response.note, time = response and response.time, undecoded = response and response.undecoded,
    facts_undecoded = facts.undecoded }
end

--- A function that reads an answer both ways. It returns what the reader with shortcuts says, as a table, and where the
--- other one says something else, as text; nil if they agree.
---@param api "v5"|"v2"
---@param name string of a record
---@param shape "list"|"first"|"record"
---@return fun(body: string): table, string?
function two_readers.reader(api, name, shape)
  local dialect = require("bybit.wire." .. api)
  local quick, plain = compile(dialect, name, shape, nil), compile(dialect, name, shape, true)
  return function(body)
    local a = seen(quick, body)
    return a, difference(a, seen(plain, body), "answer")
  end
end

-- As core.json.decode, but without shortcuts: in an array whose first element is an object, objects of inner arrays are read
-- one by one.
local function decode_plainly(text)
  local before, deeper = "[{},", { depth = 129 }
  local all = core.json.decode(before .. text .. "]", deeper)
  if all and #all == 2 then return all[2] end
  local _, why, at = core.json.decode(before .. text, deeper)
  return nil, why:match ": (.*)$", at - #before
end

--- Reads any JSON as core.json.decode does, and once more without shortcuts.
---@param text string
---@return any value nil if there is a fault
---@return string? message, string? difference where the two readers differ; nil if they agree
function two_readers.json(text)
  local value, why, at = core.json.decode(text)
  local message = why and why:match "^byte %d+: (.*)$"
  if message == "expected the end of the text" then return nil, message end -- the text is more than one value
  local plain, its_message, its_at = decode_plainly(text)
  return value, message, difference({ value, message, at }, { plain, its_message, its_at }, text)
end

--- An answer with this result.
---@param api "v5"|"v2"
---@param result string JSON
---@return string body
function two_readers.answer(api, result)
  local e = require("bybit.wire." .. api).envelope
  return ('{"%s":0,"%s":"OK","%s":%s,"%s":%s}'):format(e.code, e.message, e.result, result, e.time,
    api == "v5" and "1684765770483" or '"1684765770.483"')
end

return two_readers
