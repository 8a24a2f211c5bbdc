-- What an expression of a program is, as far as its text tells and the declarations know: the module, a client, a
-- record, a list of records, a decimal. Nil: not known, which is never flagged.

local PLAIN = { table = true, text = true, number = true }

local kinds = {}

---@class bybit.check.Kind
---@field is "module"|"maker"|"client"|"record"|"list"|"walk"|"decimal"|"codes"|"enums"|"enum"|"table"|"text"|"number"
---@field names? string[] records that it may be
---@field name? string

local records = require "bybit.records"
local endpoints = require "bybit.dialect.v5".endpoints

local DECIMAL = { is = "decimal" }
local METHODS_OF_DECIMAL = { round = true, to_step = true, abs = true, min = true, max = true }
local ARITHMETIC = { add = true, sub = true, mul = true, div = true, idiv = true, mod = true, pow = true, unm = true }

-- Of each field name: is it a decimal in every record that has it?
local decimal_everywhere = {}
for _, record in pairs(records) do
  for _, field in ipairs(record.fields) do
    local is = field[3] == "decimal"
    decimal_everywhere[field[1]] = is and decimal_everywhere[field[1]] ~= false
  end
end

local function field_type(names, key)
  for _, name in ipairs(names) do
    local wanted = records[name].aliases and records[name].aliases[key] or key
    for _, field in ipairs(records[name].fields) do
      if field[1] == wanted then return field[3] end
    end
  end
  return key == "signed_quantity" and "decimal" or nil
end

-- Records that a method may return: an acknowledgement is the full record where the call confirms.
local function records_of(row)
  local name = row.result.list or row.result.record or row.result.first
  if not name then return nil end
  if row.changes and name == "order_id" then return { "order_id", "order", "conditional_order" } end
  return { name }
end

--- The declared row of a method, when it is one.
---@param name string?
---@return table? row
function kinds.method(name)
  local row = name and rawget(endpoints, name)
  return row and not row.internal and row or nil
end

local function result_of(name)
  local row = kinds.method(name)
  local names = row and records_of(row)
  if not names then return nil end
  return { is = row.result.list and "list" or "record", names = names }
end

---------------------------------------------------------------------------------------------------------------
-- Expressions, by the tag of luacheck's nodes: of(node, look), where look(name) is the kind of a local.

local of = {}

local function kind(node, look)
  local f = node and of[node.tag]
  return f and f(node, look) or nil
end

kinds.of = kind

local function string_key(node)
  return node.tag == "String" and node[1] or nil
end

function of.Id(node, look) return look(node[1]) end
function of.Paren(node, look) return kind(node[1], look) end
function of.Table() return { is = "table" } end
function of.String() return { is = "text" } end
function of.Number() return { is = "number" } end

function of.Op(node, look)
  if not ARITHMETIC[node[1]] then return nil end
  for i = 2, #node do
    local k = kind(node[i], look)
    if k and k.is == "decimal" then return k end
  end
end

local MODULE = { client = { is = "client_maker" }, decimal = { is = "maker" }, codes = { is = "codes" },
  enums = { is = "enums" } }

function of.Index(node, look)
  local base, key = kind(node[1], look), string_key(node[2])
  if not base then return key and decimal_everywhere[key] and DECIMAL or nil end
  if base.is == "module" then return MODULE[key] end
  if base.is == "enums" then return key and { is = "enum", name = key } end
  if base.is == "list" and not key then return { is = "record", names = base.names } end
  if base.is == "record" and key and field_type(base.names, key) == "decimal" then return DECIMAL end
end

function of.Call(node, look)
  local f = node[1]
  if f.tag == "Id" and f[1] == "require" and node[2] and node[2].tag == "String" then
    return node[2][1] == "bybit" and { is = "module" } or nil
  end
  if f.tag == "Id" and f[1] == "assert" then return kind(node[2], look) end
  local k = kind(f, look)
  if k and k.is == "maker" then return DECIMAL end
  if k and k.is == "client_maker" then return { is = "client" } end
end

local WALKERS = { each = "record", pages = "list", collect = "list" }
kinds.walkers = WALKERS

function of.Invoke(node, look)
  local base, name = kind(node[1], look), node[2][1]
  if not base then return nil end
  if base.is == "decimal" then return METHODS_OF_DECIMAL[name] and DECIMAL or nil end
  if base.is ~= "client" then return nil end
  if name == "with" then return base end
  if not WALKERS[name] then return result_of(name) end
  local inner = node[3] and result_of(string_key(node[3]))
  if not inner then return nil end
  local found = { is = WALKERS[name], names = inner.names }
  return name == "collect" and found or { is = "walk", of = found }
end

--- What the variables of a generic `for` are.
---@param exprs table[]
---@param look fun(name: string): bybit.check.Kind?
---@return bybit.check.Kind? first
---@return bybit.check.Kind? second
function kinds.of_loop(exprs, look)
  local first = exprs[1]
  local walk = kind(first, look)
  if walk and walk.is == "walk" then return walk.of end
  if first.tag == "Call" and first[1].tag == "Id" and first[1][1] == "ipairs" then
    local list = kind(first[2], look)
    if list and list.is == "list" then return { is = "number" }, { is = "record", names = list.names } end
  end
end

--- Is this certainly not what the exchange's answers hold?
function kinds.is_plain(k)
  return k ~= nil and PLAIN[k.is] or false
end

return kinds
