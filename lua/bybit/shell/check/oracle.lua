-- Asks the module itself whether it would take what a program gives, so that the checker has no rules of its own about
-- parameters and options. Nothing is sent: the endpoints are compiled so that a call ends when it has been checked.

local batches = require "bybit.client.batch"
local bybit = require "bybit"
local categories = require "bybit.wire.categories"
local client_check = require "bybit.client.check"
local core = require "bybit.core"
local enums = require "bybit.records.enums"
local nearest = require "bybit.text.nearest"
local open_environment = require "bybit.client.environment"
local rows = require "bybit.wire.rows"

local oracle = {}

-- Stands for a value that the text does not tell.
oracle.SOME = setmetatable({}, { __name = "some value" })

local SOME = oracle.SOME

-- The wires that a client may speak; `api` is nil where the text does not tell.
local function wires(api)
  local list = {}
  for i, name in ipairs(api and { api } or { "v5", "v2" }) do list[i] = require("bybit.wire." .. name) end
  return list
end

-- A client that never connects. It must be closed at once: while it lives, other clients of this address would share its limits.
local function asked(api, category)
  return bybit.client { environment = { url = "http://127.0.0.1:1" }, api = api, category = category }
end

-- The kinds of contracts that the calls of a client on that wire may be about.
local function kinds_of(client, dialect)
  if not dialect.category then return { "inverse" } end
  return client.category and { client.category } or categories.names
end

-- Without the place in front of a message; nil when there was no error.
local function message_of(begins, ok, err)
  if ok then return nil end
  local text = tostring(err)
  return text:sub(text:find(begins, 1, true) or 1)
end

---------------------------------------------------------------------------------------------------------------
-- Methods.

-- A parameter as it is declared; one of unknown value takes the value `true`, and nothing but its presence is checked.
local function declared(p, given, strict)
  local copy = {}
  for k, v in pairs(p) do copy[k] = v end
  if given[p[1]] == SOME or p.also and given[p.also] == SOME then
    copy = { p[1], p[2], "boolean", also = p.also, required = p.required, required_when = p.required_when }
  end
  if not strict then copy.required, copy.required_when = nil, nil end
  return copy
end

local BY_VALUE = { direction = true, equal = true, mode_by = true }

-- The rules between parameters that can be judged.
local function rules_of(row, given)
  local kept = {}
  for _, rule in ipairs(row.rules or {}) do
    local known = true
    for i = 2, #rule do known = known and given[rule[i]] ~= SOME end
    if known or not BY_VALUE[rule[1]] then kept[#kept + 1] = rule end
  end
  return kept
end

-- The options that stand beside the parameters of a row: `part` is "list" or "element" of a batch.
local function common_of(dialect, part)
  local list = {}
  for _, p in ipairs(dialect.common) do
    if not part or (p[1] == "extra") == (part == "element") then list[#list + 1] = p end
  end
  return list
end

local function endpoint(dialect, method, row, given, strict, part)
  local merged = {}
  for k, v in pairs(row) do merged[k] = v end
  merged.name, merged.params = method, {}
  for _, list in ipairs { row.params, common_of(dialect, part) } do
    for _, p in ipairs(list) do merged.params[#merged.params + 1] = declared(p, given, strict) end
  end
  merged.rules = strict and rules_of(row, given) or nil
  merged.composite, merged.result = true, { free = true } -- a composite method's requests are for its handler to make
  merged.open = true -- the oracle has no keys
  merged.form, merged.reserved, merged.settle = dialect.form, dialect.reserved, nil
  rows.declare(method, merged)
  return core.method(core.schema.endpoint(method, merged, enums), nil, dialect.envelope, function() return true end)
end

local function complaint(dialect, category, method, row, given, strict, part)
  local client <close> = asked(dialect.name, category)
  local call = endpoint(dialect, method, row, given, strict, part)
  local params = {}
  for name, value in pairs(given) do params[name] = value == SOME or value end
  for _, p in ipairs(dialect.common) do -- their values are read in other places too
    if given[p[1]] == SOME then params[p[1]] = nil end
  end
  return message_of(method .. ": ", pcall(call, client, params))
end

--- What a method says to parameters; nil: nothing, or it takes them on one of the wires and for one of the kinds of contracts that the
--- client may have.
---@param client bybit.check.Kind its api and its category, where they are known
---@param method string
---@param given table<string, any> values by parameter; oracle.SOME: not known
---@param strict boolean also what is missing, and the rules between parameters
---@param part? "list"|"element" of a batch: what stands beside its elements, or in one of them
---@return string?
function oracle.call(client, method, given, strict, part)
  local first
  for _, dialect in ipairs(wires(client.api)) do
    local row = rows.method(dialect.endpoints, method)
    if row and part == "element" then row = batches.kind(row, given) end
    for _, category in ipairs(row and kinds_of(client, dialect) or {}) do
      local message = complaint(dialect, category, method, row, given, strict, part)
      if not message then return nil end
      first = first or message
    end
  end
  return first
end

--- What client:request says to one of its options.
function oracle.request_option(name, value)
  if name == "decimals" then
    if value == SOME or type(value) == "boolean" then return nil end
    return ("option 'decimals': true or false expected, got %s"):format(tostring(value))
  end
  local dialect = wires("v5")[1]
  local row = { verb = "GET", path = dialect.ping, params = {} }
  return complaint(dialect, nil, "request", row, { [name] = value }, false)
end

--- What client:each, pages or collect says to one of its options. `what`: the method or path that it walks.
function oracle.walk_option(walker, what, name, value)
  local client <close> = asked()
  local path = what:find "^/" and what
  local message = message_of("each: ", pcall(client.each, client, path or "get_orders", { symbol = "BTCUSD" },
    { [name] = value }))
  if not message or not message:find("'" .. name .. "'", 1, true) then return nil end
  if value == SOME and not message:find "unknown option" then return nil end
  return (message:gsub("^each", walker))
end

--- The names of the parameters that a method cannot do without on some wire.
---@return string[]
function oracle.required(method)
  local names = {}
  for _, dialect in ipairs(wires()) do
    local row = rows.method(dialect.endpoints, method)
    for _, p in ipairs(row and row.elements and rows.element_params(row) or row and row.params or {}) do
      if p.required then names[#names + 1] = p[1] end
    end
  end
  return names
end

--- Has the method a parameter of this name?
function oracle.takes(api, method, name)
  for _, dialect in ipairs(wires(api)) do
    local row = rows.method(dialect.endpoints, method)
    for _, list in ipairs { row and row.elements and rows.element_params(row) or {}, row and row.params or {}, dialect.common } do
      for _, p in ipairs(list) do
        if p[1] == name or p.also == name then return true end
      end
    end
  end
  return false
end

--- What a client says when it is asked for a method; nil: it has it.
function oracle.method(api, name)
  local first
  for _, dialect in ipairs(wires(api)) do
    local client <close> = asked(dialect.name)
    local message = message_of("a client has", pcall(function() return client[name] end))
    if not message then return nil end
    first = first or message
  end
  return first
end

--- What client:with says to the name of a default.
function oracle.default(api, name, value)
  local first
  for _, dialect in ipairs(wires(api)) do
    local client <close> = asked(dialect.name)
    local message = message_of("with: ", pcall(client.with, client, { [name] = value }))
    if value == SOME and message and not message:find "no method has" then message = nil end
    if not message then return nil end
    first = first or message
  end
  return first
end

---------------------------------------------------------------------------------------------------------------
-- Options.

local function check_client_option(name, value)
  client_check.all { [name] = value }
  if name == "environment" and value ~= "paper" and value ~= "env" then open_environment { environment = value } end
  if name == "journal" then client_check.journal(value) end
  if name == "required" then client_check.required({ dialect = wires("v5")[1] }, value) end
end

--- What bybit.client says to one option.
---@param name string
---@param value any oracle.SOME: not known
---@return string?
function oracle.client_option(name, value)
  local message = message_of("bybit.client: ", pcall(check_client_option, name, value))
  if message and value == SOME and not message:find "unknown option" then return nil end
  return message
end

--- What bybit.client says to all its options together, if each of them is right.
---@param given table<string, any>
---@return string?
function oracle.client_options(given)
  if given.environment == nil then return message_of("bybit.client: ", pcall(open_environment, {})) end
  if given.api == "v2" and given.category ~= SOME then
    local message = message_of("bybit.client: ", pcall(client_check.category, { dialect = wires("v2")[1] },
      given.category or "inverse"))
    if message then return message end
  end
  local keys, plain = {}, { environment = true }
  for _, name in ipairs { "key", "secret", "private_key", "credentials" } do
    keys[name] = given[name]
    if given[name] == SOME then keys[name] = "text" end
  end
  if given.credentials == SOME then keys.credentials = "env" end
  return message_of("bybit.client: ", pcall(client_check.credentials, keys, plain, {}))
end

--- What bybit.paper.start says to one option.
function oracle.paper_option(name, value)
  local there, door = pcall(require, "bybit.paper.door")
  if not there then return nil end
  local message = message_of("bybit.paper.", pcall(door.options, { [name] = value }, "start"))
  if message and message:find "needs" then return nil end -- another option, which is perhaps given
  if message and value == SOME and not message:find "unknown option" then return nil end
  return message
end

---------------------------------------------------------------------------------------------------------------
-- Decimals.

--- What bybit.decimal says to these arguments.
---@param arguments any[]
---@return string?
function oracle.decimal(arguments)
  return message_of("decimal: ", pcall(bybit.decimal, table.unpack(arguments)))
end

local methods_of_decimal = debug.getmetatable(bybit.decimal(1)).__index

--- Has a decimal a method of this name?
function oracle.has_decimal(name) return methods_of_decimal[name] ~= nil end

--- The hint for a misspelt method of decimals.
function oracle.near_decimal(name)
  local names = {}
  for known in pairs(methods_of_decimal) do names[#names + 1] = known end
  table.sort(names)
  return nearest.hint(name, names)
end

--- What a method of decimals says to these arguments.
function oracle.decimal_method(name, arguments)
  local message = message_of("decimal", pcall(methods_of_decimal[name], bybit.decimal(1), table.unpack(arguments)))
  return message
end

--- Does this function of `math` refuse a decimal?
function oracle.math_refuses(name)
  local f = math[name]
  if type(f) ~= "function" then return false end
  local ok, err = pcall(f, bybit.decimal(1), bybit.decimal(1))
  return not ok and tostring(err):find "bybit.decimal" ~= nil
end

return oracle
