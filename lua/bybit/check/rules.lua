-- What `bybit check` flags in one node of a program, see check.lua.

local bybit = require "bybit"
local declared = require "bybit.dialect.methods"
local dialect = require "bybit.dialect.v5"
local enums = require "bybit.enums"
local hints = require "bybit.hints"
local kinds = require "bybit.check.kinds"
local objects = require "bybit.objects"

---@class bybit.check.State
---@field offsets integer[] where the lines begin
---@field found table[] findings
---@field look fun(name: string): bybit.check.Kind? of a local

local rules = {}

local function flag(state, node, message, ...)
  local offset = state.offsets[node.line]
  state.found[#state.found + 1] = { line = node.line, column = offset and node.offset - offset + 1 or 1,
    message = message:format(...) }
end

---------------------------------------------------------------------------------------------------------------
-- Comparisons and fields.

local function literal(node)
  if node.tag == "Paren" then return literal(node[1]) end
  if node.tag == "Op" and node[1] == "unm" then return literal(node[2]) and node end
  return (node.tag == "Number" or node.tag == "String") and node or nil
end

local function text_of(node)
  if node.tag == "Op" then return "-" .. text_of(node[2][1] and node[2] or node[3]) end
  return node.tag == "String" and ('"%s"'):format(node[1]) or node[1]
end

local function check_comparison(state, node)
  for i = 2, 3 do
    local kind, other = kinds.of(node[i], state.look), literal(node[5 - i])
    if kind and kind.is == "decimal" and other then
      local no = node[1] == "ne" and "not " or ""
      flag(state, node, "a decimal never equals %s by %s: write %sx:eq(%s)", text_of(other),
        node[1] == "eq" and "==" or "~=", no, text_of(other))
    end
  end
end

local function check_field(state, node, kind, key)
  local hint
  for _, name in ipairs(kind.names) do
    local meta = objects.metatable(name)
    local ok, err = pcall(meta.__index, setmetatable({}, meta), key)
    if ok then return end
    hint = hint or tostring(err):match "(, did you mean .*)$"
  end
  flag(state, node, "%s has no field '%s'%s", kind.names[1]:gsub("_", " "), key, hint or "")
end

local function check_word(state, node, known, what)
  local key = node[1]
  for _, name in ipairs(known) do
    if name == key then return end
  end
  local near = hints.nearest(key, known)
  flag(state, node, "%s has no '%s'%s", what, key, near and (", did you mean '%s'?"):format(near) or "")
end

local function check_index(state, node)
  local base, key = kinds.of(node[1], state.look), node[2].tag == "String" and node[2][1]
  local key_kind = kinds.of(node[2], state.look)
  if key_kind and key_kind.is == "decimal" then
    flag(state, node[2], "a decimal as a key: equal ones are different keys, use x:key()")
  end
  if not base or not key then return end
  if base.is == "record" then
    check_field(state, node[2], base, key)
  elseif base.is == "codes" then
    local names = {}
    for name in pairs(bybit.codes) do names[#names + 1] = name end
    check_word(state, node[2], names, "bybit.codes")
  elseif base.is == "enums" then
    local names = {}
    for name in pairs(enums) do names[#names + 1] = name end
    check_word(state, node[2], names, "bybit.enums")
  elseif base.is == "enum" and enums[base.name] then
    check_word(state, node[2], enums[base.name].values, "bybit.enums." .. base.name)
  end
end

---------------------------------------------------------------------------------------------------------------
-- Methods and their parameters.

local function parameter_of(row, name)
  for _, list in ipairs { row.params, dialect.common } do
    for _, p in ipairs(list) do
      if p[1] == name or p.also == name then return p end
    end
  end
end

local function check_value(state, method, p, node)
  if p[3] ~= "enum" or node.tag ~= "String" then return end
  local accepted, enum = {}, enums[p.enum]
  for _, value in ipairs(enum.values) do accepted[value] = true end
  for _, value in ipairs(enum.v2 or {}) do -- which api the client has is not known
    if value == node[1] then return end
  end
  if accepted[node[1]] then return end
  flag(state, node, "%s: parameter '%s': '%s' is none%s", method, p[1], node[1],
    hints.word("enum", method, node[1], p[1], accepted))
end

local function check_parameters(state, method, row, node)
  if not node or node.tag ~= "Table" then return end
  hints.declare(method, { params = table.move(dialect.common, 1, #dialect.common, #row.params + 1,
    table.move(row.params, 1, #row.params, 1, {})) })
  local names = {}
  for _, list in ipairs { row.params, dialect.common } do
    for _, p in ipairs(list) do names[p[1]] = true end
  end
  for _, item in ipairs(node) do
    local key = item.tag == "Pair" and item[1].tag == "String" and item[1][1]
    if key then
      local p = parameter_of(row, key)
      if p then
        check_value(state, method, p, item[2])
      elseif key ~= "id_prefix" and key ~= "max" then
        flag(state, item[1], "%s: unknown parameter '%s'%s", method, key, hints.word("parameter", method, key, names))
      end
    end
  end
end

-- Asks a client that connects nowhere. It is closed at once: one that lived on would share its budget of calls with
-- every later client of this address.
local function check_name(state, node)
  local asked <close> = bybit.client { environment = { url = "http://127.0.0.1:1" } }
  local ok, err = pcall(function() return asked[node[1]] end)
  if not ok then flag(state, node, "%s", (tostring(err):gsub("^.-: (a client has)", "%1"))) end
end

local function check_walker(state, name, node)
  local method = node[3] and node[3].tag == "String" and node[3][1]
  if not method then return end
  local row = kinds.method(method)
  if row then return check_parameters(state, method, row, node[4]) end
  flag(state, node[3], "%s: there is no method '%s'%s", name, method, hints.method(method, declared(dialect)))
end

local function check_call_on_client(state, node)
  local name = node[2][1]
  local row = kinds.method(name)
  if row then return check_parameters(state, name, row, node[3]) end
  if kinds.walkers[name] then return check_walker(state, name, node) end
  check_name(state, node[2])
end

---------------------------------------------------------------------------------------------------------------
-- Text of numbers.

-- Flags a decimal where a format wants a number; `first`: the node of the format's first argument.
local function check_format(state, format, node, first)
  local n = first
  for letter in format:gsub("%%%%", ""):gmatch "%%[%-+ #0]*%d*%.?%d*(%a)" do
    local kind = node[n] and kinds.of(node[n], state.look)
    if kind and kind.is == "decimal" and not letter:find "[sq]" then
      flag(state, node[n], "a decimal is no number to %%%s: write %%s, and x:round(places)", letter)
    end
    n = n + 1
  end
end

local function text_in(node)
  if node.tag == "Paren" then return text_in(node[1]) end
  return node.tag == "String" and node[1] or nil
end

---------------------------------------------------------------------------------------------------------------

local by_tag = {}

function by_tag.Op(state, node)
  if node[1] == "eq" or node[1] == "ne" then check_comparison(state, node) end
end

by_tag.Index = check_index

function by_tag.Invoke(state, node)
  local base, format = kinds.of(node[1], state.look), text_in(node[1])
  if base and base.is == "client" then check_call_on_client(state, node) end
  if base and base.is == "record" then check_field(state, node[2], base, node[2][1]) end
  if format and node[2][1] == "format" then check_format(state, format, node, 3) end
end

function by_tag.Call(state, node)
  local f = node[1]
  if f.tag == "Index" and f[1].tag == "Id" and f[1][1] == "string" and f[2][1] == "format" and node[2] then
    local format = text_in(node[2])
    if format then check_format(state, format, node, 3) end
  end
end

--- Looks at one node, not at what is inside it.
---@param state bybit.check.State
---@param node table
function rules.look_at(state, node)
  local rule = by_tag[node.tag]
  if rule then rule(state, node) end
end

return rules
