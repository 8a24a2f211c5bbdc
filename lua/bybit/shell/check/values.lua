-- What `bybit check` flags in values: comparisons, fields, arithmetic, formats.

local bybit = require "bybit"
local constant = require "bybit.shell.check.constant"
local enums = require "bybit.records.enums"
local flag = require "bybit.shell.check.flag"
local kinds = require "bybit.shell.check.kinds"
local nearest = require "bybit.text.nearest"
local objects = require "bybit.records.objects"
local oracle = require "bybit.shell.check.oracle"

local values = {}

local function shown(value)
  return type(value) == "string" and ('"%s"'):format(value) or tostring(value)
end

local function literal(node)
  if node.tag == "Paren" then return literal(node[1]) end
  if node.tag == "Op" and node[1] == "unm" then return literal(node[2]) and node end
  return (node.tag == "Number" or node.tag == "String") and node or nil
end

-- The text of a literal as the program writes it.
local function text_of(node)
  if node.tag == "Op" then return "-" .. text_of(node[2]) end
  return node.tag == "String" and ('"%s"'):format(node[1]) or node[1]
end

---------------------------------------------------------------------------------------------------------------
-- Comparisons: function(state, node, kind, other, sign), where `other` is the node on the other side.

local compare = {}

local SIGN = { eq = "==", ne = "~=" }

function compare.decimal(state, node, kind, other)
  local given, right = literal(other), kinds.of(other, state.look)
  if given and not (kind.anyones and given.tag == "String") then
    flag(state, node, "a decimal never equals %s by %s: write %sx:eq(%s)", text_of(given), SIGN[node[1]],
      node[1] == "ne" and "not " or "", text_of(given))
  elseif not kind.guessed and right and (right.is == "number" or right.is == "text" or right.is == "raw_text") then
    flag(state, node, "a decimal never equals a %s by %s: write x:eq(y)", right.is == "number" and "number" or "text",
      SIGN[node[1]])
  end
end

-- How a message about a wrong word ends.
local function hint_of(kind, word)
  local here = kind.enum and kind.enum.hints and kind.enum.hints[word]
  if here then return (": here it is '%s'"):format(here) end
  return nearest.hint(word, kind.words)
end

-- Is a word that only looks like one of these? A guess is flagged for this alone.
local function nearly(kind, word)
  local near = type(word) == "string" and nearest.word(word, kind.words)
  return near and near:lower() ~= word:lower()
end

function compare.word(state, _, kind, other)
  local given = constant.of(other, state.look)
  if not given or given[1] == nil then return end
  for _, word in ipairs(kind.words) do
    if word == given[1] then return end
  end
  if kind.guessed and not nearly(kind, given[1]) then return end
  flag(state, other, "%s is never %s%s", kind.what, shown(given[1]), hint_of(kind, given[1]))
end

function compare.code(state, node, kind, other)
  local given, right = constant.of(other, state.look), kinds.of(other, state.look)
  if right and right.is == "code_name" then
    flag(state, node, "err.code is a number: compare err.name with bybit.codes.%s", right.name)
  elseif given and type(given[1]) == "string" and not kind.guessed then
    flag(state, node, "err.code is a number, never %s", shown(given[1]))
  end
end

function compare.raw_text(state, node, kind, other)
  local given, right = constant.of(other, state.look), kinds.of(other, state.look)
  if given and type(given[1]) == "number" then
    flag(state, node, "%s is a text, never %s: write bybit.decimal(x):eq(%s)", kind.what, shown(given[1]), shown(given[1]))
  elseif right and right.is == "number" then
    flag(state, node, "%s is a text, never a number: write bybit.decimal(x):eq(y)", kind.what)
  end
end

local function check_comparison(state, node)
  for i = 2, 3 do
    local kind = kinds.of(node[i], state.look)
    local f = kind and compare[kind.is]
    if f then f(state, node, kind, node[5 - i]) end
  end
end

-- `<` and its kin.
local function check_order(state, node)
  local left, right = kinds.of(node[2], state.look), kinds.of(node[3], state.look)
  if left and right and left.is == "raw_text" and right.is == "raw_text" then
    return flag(state, node, "%s and %s are texts, compared letter by letter: write bybit.decimal(x)", left.what, right.what)
  end
  for i, kind in pairs { [2] = left, [3] = right } do
    local value, other = constant.of(node[5 - i], state.look), i == 2 and right or left
    local number = value and type(value[1]) == "number" or other and other.is == "number"
    if kind.is == "raw_text" and number then
      flag(state, node, "%s is a text, which does not compare with a number: write bybit.decimal(x)", kind.what)
    end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Arithmetic.

local ARITHMETIC = { add = true, sub = true, mul = true, div = true, idiv = true, mod = true, pow = true, unm = true }
local ORDER = { lt = true, le = true, gt = true, ge = true }

-- A text of the exchange becomes a float by arithmetic, unless the other side is a decimal.
local function check_text_arithmetic(state, node)
  local texts, what, plain = 0, nil, true
  for i = 2, #node do
    local kind, value = kinds.of(node[i], state.look), constant.of(node[i], state.look)
    if kind and kind.is == "raw_text" then
      texts, what = texts + 1, what or kind.what
    elseif not (value and type(value[1]) == "number") and not (kind and kind.is == "number") then
      plain = false -- it may be a decimal
    end
  end
  if texts > 0 and plain then
    flag(state, node, "%s is a text, which Lua makes a float here: write bybit.decimal(x)", what)
  end
end

-- A float beside a decimal has to be exact.
local function check_exact(state, node)
  for i = 2, #node == 3 and 3 or 1 do
    local kind, value = kinds.of(node[i], state.look), constant.of(node[5 - i], state.look)
    local message = kind and kind.is == "decimal" and not kind.guessed and value and value[1] ~= nil
      and oracle.decimal { value[1] }
    if message then flag(state, node[5 - i], "%s", message) end
  end
end

-- Is `name` declared in a block around this one?
local function declared_outside(state, name)
  local scope = state.scope
  return rawget(scope, name) == nil
end

--- Flags `sum = sum + x`, where sum began as a number, x is a decimal, and the line may never run.
---@param state bybit.check.State
---@param target table
---@param expr table
function values.look_at_sum(state, target, expr)
  if expr.tag ~= "Op" or (expr[1] ~= "add" and expr[1] ~= "sub") or not declared_outside(state, target[1]) then return end
  local before, added = state.look(target[1]), nil
  for i = 2, 3 do
    local kind = kinds.of(expr[i], state.look)
    if kind and kind.is == "decimal" and not kind.guessed then added = expr[5 - i] end
  end
  if before and before.is == "number" and added and added.tag == "Id" and added[1] == target[1] then
    flag(state, target, "'%s' is a plain number until the first decimal is added: begin with bybit.decimal(%s)", target[1],
      before.value and shown(before.value) or "0")
  end
end

--- A loop does not count to a decimal.
---@param state bybit.check.State
---@param node table
function values.look_at_loop(state, node)
  for i = 2, #node - 1 do
    local kind = kinds.of(node[i], state.look)
    if kind and kind.is == "decimal" and not kind.guessed then
      flag(state, node[i], "a loop does not take a decimal: write x:tointeger()")
    end
  end
end

--- Functions of Lua that take numbers only.
---@param state bybit.check.State
---@param node table
function values.look_at_call(state, node)
  local f, kind = node[1], node[2] and kinds.of(node[2], state.look)
  if not kind or kind.is ~= "decimal" or kind.guessed then return end
  if f.tag == "Id" and f[1] == "tonumber" then
    flag(state, node[2], "tonumber of a decimal is nil: write x:tonumber()")
  elseif f.tag == "Index" and f[1].tag == "Id" and f[1][1] == "math" and f[2].tag == "String" then
    local name = f[2][1]
    if oracle.math_refuses(name) then
      flag(state, node[2], "math.%s does not take a decimal%s", name, oracle.has_decimal(name)
        and (": write x:%s()"):format(name) or name == "floor" and ': write x:round(0, "floor")'
        or name == "ceil" and ': write x:round(0, "ceiling")' or "")
    end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Fields.

--- Flags a field that a record does not have.
---@param state bybit.check.State
---@param node table where
---@param kind bybit.check.Kind
---@param key string
function values.look_at_field(state, node, kind, key)
  if state.assigned[key] then return end
  local hint = ""
  for _, name in ipairs(kind.names) do
    local meta = objects.metatable(name)
    if pcall(meta.__index, setmetatable({}, meta), key) then return end
    if hint == "" then hint = meta.__hint(key) end
  end
  flag(state, node, "%s has no field '%s'%s", kind.names[1]:gsub("_", " "), key, hint)
end

local function check_word(state, node, known, what, hint)
  local key = node[1]
  for _, name in ipairs(known) do
    if name == key then return end
  end
  if state.assigned[key] then return end
  flag(state, node, "%s has no '%s'%s", what, key, hint and hint(key) or nearest.hint(key, known))
end

-- A table that raises for a word that it does not have: it has the hint too.
local function check_strict(state, node, words, known, what)
  check_word(state, node, known, what, getmetatable(words).__hint)
end

local function names_of(...)
  local names = {}
  for _, list in ipairs { ... } do
    for name in pairs(list) do names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local field = {}

function field.codes(state, node) check_strict(state, node, bybit.codes, names_of(bybit.codes), "bybit.codes") end
function field.enums(state, node) check_strict(state, node, bybit.enums, names_of(enums), "bybit.enums") end
function field.enum(state, node, base)
  local words = enums[base.name] and bybit.enums[base.name]
  if words then check_strict(state, node, words, names_of(words), "bybit.enums." .. base.name) end
end
function field.record(state, node, base) values.look_at_field(state, node, base, node[1]) end
function field.module(state, node)
  check_word(state, node, names_of(bybit, getmetatable(bybit).lazy), "bybit", getmetatable(bybit).__hint)
end
function field.part(state, node, base)
  local there, part = pcall(function() return bybit[base.name] end) -- the paper exchange may not be installed
  if there then check_word(state, node, names_of(part, getmetatable(part).lazy), "bybit." .. base.name) end
end
function field.decimal(state, node, base)
  if not base.guessed and not state.assigned[node[1]] and not oracle.has_decimal(node[1]) then
    flag(state, node, "a decimal has no method '%s'%s", node[1], oracle.near_decimal(node[1]))
  end
end
function field.client(state, node, base)
  if base.guessed then return end -- some other client, perhaps
  local message = node[1] ~= "exchange" and not state.assigned[node[1]] and oracle.method(base.api, node[1])
  if message then flag(state, node, "%s", message) end
end

--- Checks x.key and x[key].
---@param state bybit.check.State
---@param node table
function values.index(state, node)
  local base, key = kinds.of(node[1], state.look), kinds.of(node[2], state.look)
  if key and key.is == "decimal" then
    flag(state, node[2], "a decimal as a key: equal decimals are different keys, use x:key()")
  end
  local f = base and node[2].tag == "String" and field[base.is]
  if f then f(state, node[2], base) end
end

---------------------------------------------------------------------------------------------------------------
-- Formats.

--- Flags a decimal where a format wants a number.
---@param state bybit.check.State
---@param format string
---@param node table
---@param first integer the index of the node of the format's first argument
function values.format(state, format, node, first)
  local n = first
  for letter in format:gsub("%%%%", ""):gmatch "%%[%-+ #0]*%d*%.?%d*(%a)" do
    local kind = node[n] and kinds.of(node[n], state.look)
    if kind and kind.is == "decimal" and not letter:find "[sq]" then
      flag(state, node[n], "%%%s does not take a decimal: write %%s, and x:round(places)", letter)
    end
    n = n + 1
  end
end

--- Checks an operator.
---@param state bybit.check.State
---@param node table
function values.operator(state, node)
  local name = node[1]
  if SIGN[name] then return check_comparison(state, node) end
  if ORDER[name] then check_order(state, node) end
  if ARITHMETIC[name] then check_text_arithmetic(state, node) end
  if ORDER[name] or ARITHMETIC[name] then check_exact(state, node) end
end

return values
