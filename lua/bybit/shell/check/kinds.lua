-- What an expression of a program is, from its text and the declarations: the module, a client, a record, a list of records, a
-- decimal, an error. Nil: unknown; the checker never flags an unknown value.

local categories = require "bybit.wire.categories"
local constant = require "bybit.shell.check.constant"
local enums = require "bybit.records.enums"
local records = require "bybit.records"
local rows = require "bybit.wire.rows"
local endpoints = require "bybit.wire.v5".endpoints

local kinds = {}

---@class bybit.check.Kind
---@field is string module, part (of the module), maker (of decimals), client_maker, exchange_maker, client, object, record,
--- list, walk, decimal, codes, code_name, enums, enum, word, code, error, raw (a result of client:request), raw_text, table,
--- text, number or boolean
---@field names? string[] the records that it may be
---@field name? string
---@field box? { [1]: any } the value of a local that never changes
---@field what? string what a word is called in messages
---@field words? string[] the words that it may be
---@field guessed? boolean taken from a name only
---@field anyones? boolean taken from the name of a field only, which tables of others may have
---@field api? string of a client: its wire; nil: not known
---@field category? string of a client: the kind of contracts that its calls are about; nil: not known
---@field bound? table<string, true> of a client: the parameters that it fills in
---@field raises? boolean of a client: it raises errors, so that its calls return one value
---@field indexes? integer of raw: how many list indexes have led to it

local DECIMAL = { is = "decimal" }
local GUESSED = { is = "decimal", guessed = true }
local ANYONES = { is = "decimal", guessed = true, anyones = true }
local METHODS_OF_DECIMAL = { round = true, to_step = true, abs = true, min = true, max = true }
local ARITHMETIC = { add = true, sub = true, mul = true, div = true, idiv = true, mod = true, pow = true, unm = true }

-- Field name -> is it a decimal in every record that has it?
local decimal_everywhere = {}
for _, record in pairs(records) do
  for _, field in ipairs(record.fields) do
    local is = field[3] == "decimal"
    decimal_everywhere[field[1]] = is and decimal_everywhere[field[1]] ~= false
  end
end
decimal_everywhere.value = nil -- too common a name

-- The declared field of the first of these records that has it.
local function field_of(names, key)
  for _, name in ipairs(names) do
    local wanted = records[name].aliases and records[name].aliases[key] or key
    for _, field in ipairs(records[name].fields) do
      if field[1] == wanted then return field end
    end
  end
  return key == "signed_quantity" and { key, nil, "decimal" } or nil
end

-- The words of all enums that the field has in these records.
local function words_of(names, key)
  local words
  for _, name in ipairs(names) do
    local field = field_of({ name }, key)
    local enum = field and field.enum and enums[field.enum]
    for _, list in ipairs { enum and enum.values, enum and enum.v2 } do
      words = words or {}
      table.move(list, 1, #list, #words + 1, words)
    end
  end
  return words
end

local function field_kind(names, key, guessed)
  local field = field_of(names, key)
  if field and field[3] == "decimal" then return guessed and GUESSED or DECIMAL end
  if field and field.of and not guessed then return { is = "list", names = { field.of } } end
  local words = field and field.enum and words_of(names, key)
  if not words then return nil end
  return { is = "word", what = ("%s.%s"):format(names[1], key), words = words, enum = enums[field.enum], guessed = guessed }
end

-- The records that a method may return: with `confirm` the full record replaces the acknowledgement.
local function records_of(row)
  local name = rows.holds(row.result, records)
  if not name then return nil end
  if row.changes and name == "order_id" then return { "order_id", "order", "conditional_order" } end
  if row.elements then return { name, "order", "conditional_order" } end
  if row.settle == "transfer" then return { name, "transfer" } end
  return { name }
end

--- The declared row of a method; nil when the name is not a method.
---@param name string?
---@return table? row
function kinds.method(name)
  return rows.method(endpoints, name)
end

local function result_of(name)
  local row = kinds.method(name)
  local names = row and records_of(row)
  if not names then return nil end
  return { is = select(2, rows.holds(row.result, records)) and "list" or "record", names = names }
end

---------------------------------------------------------------------------------------------------------------
-- Fields.

local function string_key(node)
  return node.tag == "String" and node[1] or nil
end

-- Records that a variable is taken for by its name. Such a guess only finds words that are nearly right.
local NAMED = { order = { "order" }, conditional_order = { "conditional_order" }, trade = { "trade" },
  position = { "position" } }

-- What tables of a program's own are called: their numbers are not taken for decimals.
local OWN = {}
for _, name in ipairs { "config", "cfg", "conf", "options", "opts", "settings", "params", "parameters", "args", "arg", "defaults",
  "self", "state", "level", "signal" } do OWN[name] = true end

local ERROR = { is = "error" }

local index = {} -- kind -> function(base, key, node)

local MODULE = { client = { is = "client_maker" }, decimal = { is = "maker" }, codes = { is = "codes" },
  enums = { is = "enums" }, json = { is = "part", name = "json" }, sign = { is = "part", name = "sign" },
  paper = { is = "part", name = "paper" } }

function index.module(_, key) return MODULE[key] end
function index.part(base, key)
  return base.name == "paper" and key == "start" and { is = "exchange_maker" } or nil
end
function index.enums(_, key) return key and { is = "enum", name = key } end
function index.codes(_, key) return key and { is = "code_name", name = key } end
function index.record(base, key) return key and field_kind(base.names, key) or nil end
function index.client(_, key) return key == "exchange" and { is = "object", name = "exchange" } or nil end

function index.list(base, key)
  return not key and { is = "record", names = base.names } or nil
end

function index.error(base, key)
  if key == "code" then return { is = "code", guessed = base.guessed } end
  local words = key == "kind" and kinds.errors.kinds or key == "outcome" and kinds.errors.outcomes
    or key == "name" and kinds.errors.names()
  return words and { is = "word", what = "err." .. key, words = words, guessed = base.guessed } or nil
end

-- Names of the exchange's own fields whose values are numbers written as texts (V5 documentation).
local TEXT_NUMBERS = { "[pP]rice$", "[qQ]ty$", "[sS]ize$", "[vV]alue$", "[fF]ee$", "[rR]ate$", "[pP]nl$", "PNL$", "PL$",
  "[bB]alance$", "[vV]olume", "^turnover", "[lL]everage$", "[sS]tep$", "[mM]argin$", "[eE]quity$", "^stopLoss$",
  "^takeProfit$", "^trailingStop$" }

function index.raw(base, key, node)
  for _, pattern in ipairs(key and TEXT_NUMBERS or {}) do
    if key:find(pattern) then return { is = "raw_text", what = key } end
  end
  if key or node.tag ~= "Number" then return { is = "raw", indexes = key and 0 or base.indexes } end
  local indexes = (base.indexes or 0) + 1
  return indexes > 1 and { is = "raw_text", what = "it" } or { is = "raw", indexes = indexes }
end

---------------------------------------------------------------------------------------------------------------
-- Expressions, by the tag of luacheck's nodes: of(node, look), where look(name) is the kind of a local.

local of = {}

local function kind(node, look)
  local f = node and of[node.tag]
  return f and f(node, look) or nil
end

kinds.of = kind

function of.Id(node, look) return look(node[1]) end
function of.Paren(node, look) return kind(node[1], look) end
function of.Table() return { is = "table" } end
function of.String() return { is = "text" } end
function of.Number(node) return { is = "number", value = tonumber(node[1]) } end
function of.True() return { is = "boolean" } end
function of.False() return { is = "boolean" } end

function of.Op(node, look)
  if not ARITHMETIC[node[1]] then return nil end
  for i = 2, #node do
    local k = kind(node[i], look)
    if k and k.is == "decimal" then return k end
  end
  local value = constant.of(node, look)
  return value and math.type(value[1]) and { is = "number", value = value[1] } or nil
end

function of.Index(node, look)
  local base, key = kind(node[1], look), string_key(node[2])
  if base then return index[base.is] and index[base.is](base, key, node[2]) end
  local name = key and node[1].tag == "Id" and node[1][1]
  if name == "err" then return index.error({ guessed = true }, key) end
  local named = name and NAMED[name] and field_kind(NAMED[name], key, true)
  if named then return named end
  return key and decimal_everywhere[key] and not OWN[name or ""] and ANYONES or nil
end

-- The kind of a client that bybit.client makes from these options.
local function client_of(options, look)
  local fields, whole = constant.fields(options)
  local client = { is = "client", bound = {}, raises = false, api = whole and "v5" or nil, category = whole and "inverse" or nil }
  for _, field in ipairs(fields or {}) do
    local value = constant.of(field[3], look)
    if field[1] == "api" then client.api = value and (value[1] == "v5" or value[1] == "v2") and value[1] or nil end
    if field[1] == "category" then client.category = value and categories.kinds[value[1]] and value[1] or nil end
  end
  return client
end

-- The kind of a view of a client, from its defaults.
local function view_of(client, defaults, look)
  local fields, whole = constant.fields(defaults)
  local view = { is = "client", api = client.api, category = client.category, raises = client.raises, bound = {} }
  for name in pairs(client.bound or {}) do view.bound[name] = true end
  if not client.bound or not whole then view.bound, view.raises = nil, nil end
  if not whole then view.category = nil end
  for _, field in ipairs(fields or {}) do
    if field[1] == "raise" then
      local value = constant.of(field[3], look)
      view.raises = value and value[1]
    elseif field[1] == "category" then
      local value = constant.of(field[3], look)
      view.category = value and categories.kinds[value[1]] and value[1] or nil
    elseif view.bound then
      view.bound[field[1]] = true
    end
  end
  return view
end

local MAKES = { spawn = "task", cancel_token = "token" }

function of.Call(node, look)
  local f = node[1]
  if f.tag == "Id" and f[1] == "require" and node[2] and node[2].tag == "String" then
    if node[2][1] == "bybit.paper" then return MODULE.paper end
    return node[2][1] == "bybit" and { is = "module" } or nil
  end
  if f.tag == "Id" and f[1] == "assert" then return kind(node[2], look) end
  local k = kind(f, look)
  if k and k.is == "maker" then return DECIMAL end
  if k and k.is == "client_maker" then return client_of(node[2], look) end
  if k and k.is == "exchange_maker" then return { is = "object", name = "exchange" } end
  local base = f.tag == "Index" and kind(f[1], look)
  local made = base and base.is == "module" and MAKES[string_key(f[2]) or ""]
  return made and { is = "object", name = made } or nil
end

local WALKERS = { each = "record", pages = "list", collect = "list" }
kinds.walkers = WALKERS

-- What client:request gives.
local function raw_result(client, path)
  if client.api == "v2" then return nil end
  if client.guessed and not (path and path.tag == "String" and path[1]:find "^/v%d/") then return nil end
  return { is = "raw" }
end

-- A walk over a list of an endpoint without a method.
local function raw_walk(client, name)
  if client.api == "v2" then return nil end
  local list = { is = "raw", indexes = name == "each" and 1 or 0 }
  return name == "collect" and list or { is = "walk", of = list }
end

function of.Invoke(node, look)
  local base, name = kind(node[1], look), node[2][1]
  if not base then return nil end
  if base.is == "decimal" then return METHODS_OF_DECIMAL[name] and DECIMAL or nil end
  if base.is ~= "client" then return nil end
  if name == "with" then return view_of(base, node[3], look) end
  if name == "request" then return raw_result(base, node[4]) end
  if name == "await_order" then return { is = "record", names = { "order" } } end
  if not WALKERS[name] then return result_of(name) end
  local method = node[3] and string_key(node[3])
  if method and method:find "^/" then return raw_walk(base, name) end
  local inner = result_of(method)
  if not inner then return nil end
  local found = { is = WALKERS[name], names = inner.names }
  return name == "collect" and found or { is = "walk", of = found }
end

---------------------------------------------------------------------------------------------------------------
-- Several values.

local WITH_ERROR = { request = true, resolve = true, collect = true, reconcile = true, await_order = true,
  sync_orders = true }

--- Is it a call of a client that returns a result, an error and a response?
---@param node table?
---@param look fun(name: string): bybit.check.Kind?
---@return bybit.check.Kind? client
function kinds.three_values(node, look)
  if not node or node.tag ~= "Invoke" then return nil end
  local base, name = kind(node[1], look), node[2][1]
  local calls = base and base.is == "client" and (WITH_ERROR[name] or kinds.method(name))
  return calls and base or nil
end

--- The kinds of the values that an assignment gives.
---@param exprs table[]
---@param look fun(name: string): bybit.check.Kind?
---@return table<integer, bybit.check.Kind>
function kinds.of_list(exprs, look)
  local found = {}
  for i, expr in ipairs(exprs) do found[i] = kind(expr, look) end
  if kinds.three_values(exprs[#exprs], look) then found[#exprs + 1] = ERROR end
  return found
end

--- The kinds of the variables of a generic `for`.
---@param exprs table[]
---@param look fun(name: string): bybit.check.Kind?
---@return bybit.check.Kind? first
---@return bybit.check.Kind? second
function kinds.of_loop(exprs, look)
  local first = exprs[1]
  local walk = kind(first, look)
  if walk and walk.is == "walk" then return walk.of end
  if first.tag ~= "Call" or first[1].tag ~= "Id" or first[1][1] ~= "ipairs" then return nil end
  local list = kind(first[2], look)
  if list and list.is == "list" then return { is = "number" }, { is = "record", names = list.names } end
  if list and list.is == "raw" then return { is = "number" }, { is = "raw", indexes = (list.indexes or 0) + 1 } end
end

---------------------------------------------------------------------------------------------------------------

local function code_names()
  local names = {}
  for name in pairs(require("bybit").codes) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- The words of an error.
kinds.errors = { kinds = require("bybit.errors").kinds, outcomes = require("bybit.errors").outcomes, names = code_names }

return kinds
