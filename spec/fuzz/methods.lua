-- For the fuzz targets: every declared request of both dialects as a function of its parameters and the answer's bytes. It makes
-- one attempt, without recovery.

local core = require "bybit.core"
local enums = require "bybit.records.enums"
local hints = require "bybit.wire.hints"
local rows = require "bybit.wire.rows"
local objects = require "bybit.records.objects"
local records = require "bybit.records"
local settings = require "spec.support.settings"

core.schema.hints(hints.word)

local transport = {}
function transport.start(_, request)
  transport.request = request
  return { status = transport.status or 200, headers = transport.headers or "", body = transport.body }
end

-- Recovery releases a call's claim. Without recovery it must be released here, or the next change of the same would wait.
local function failed(_, _, facts)
  core.client.unclaim(facts.call)
  return nil, facts
end

local function record_of(dialect, name)
  local declaration, others = dialect.record and dialect.record(name) or records[name], {}
  for _, field in ipairs(declaration.fields) do
    if field.of then others[field.of] = record_of(dialect, field.of) end
  end
  return core.schema.record(declaration, objects.metatable(name), others)
end

local function compile(dialect, name, row)
  local merged = { name = name, params = {}, form = dialect.form, reserved = dialect.reserved }
  for k, v in pairs(row) do
    if k ~= "params" then merged[k] = v end
  end
  for _, list in ipairs { row.params or {}, dialect.common } do table.move(list, 1, #list, #merged.params + 1, merged.params) end
  rows.declare(name, merged)
  local result = row.result or {}
  local record = result.record or result.list or result.first or result.columns
  record = record and record_of(dialect, record)
  local names = {}
  for i, p in ipairs(merged.params) do names[i] = p[1] end
  return { name = name, params = names, json = row.verb == "POST" and not dialect.form,
    call = core.method(core.schema.endpoint(name, merged, enums), record, dialect.envelope, failed) }
end

-- Each has name, params (the names of its parameters) and call(client, params). Their order never changes.
local methods = {}
for _, api in ipairs { "v5", "v2" } do
  local dialect, names = require("bybit.wire." .. api), {}
  for name, row in pairs(dialect.endpoints) do
    if not row.composite then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do methods[#methods + 1] = compile(dialect, name, dialect.endpoints[name]) end
end

local client = core.client.new(settings { key = "key", secret = "secret", seed = 1, unlimited = true }, {}, transport)

return { list = methods, client = client, transport = transport }
