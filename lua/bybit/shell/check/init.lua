-- The checker behind `bybit check`. It reads a program's text, and flags mistakes that Lua accepts or notices only when the
-- program runs. check/kinds.lua tells what a value is; an unknown value is never flagged. What is flagged stands in
-- check/calls.lua (methods, parameters, options) and check/values.lua (comparisons, fields, numbers); check/oracle.lua asks the
-- module itself whether it would take what the program gives.

local constant = require "bybit.shell.check.constant"
local kinds = require "bybit.shell.check.kinds"
local parser = require "bybit.shell.check.parser"
local rules = require "bybit.shell.check.rules"
local values = require "bybit.shell.check.values"

local check = {}

---------------------------------------------------------------------------------------------------------------
-- Scopes: name -> kind. `false`: a local of unknown kind, which hides the same name of an outer scope.

local function push(state) state.scope = setmetatable({}, { __index = state.scope }) end
local function pop(state) state.scope = getmetatable(state.scope).__index end

local function declare(state, node, kind)
  if node.tag == "Id" then state.scope[node[1]] = kind or false end
end

-- An assigned name gets the kind of its new value. If it had another kind before, its kind is unknown from now on.
local function assign(state, node, kind)
  if node.tag ~= "Id" then return end
  local scope = state.scope
  while scope do
    local before = rawget(scope, node[1])
    if before ~= nil then
      if before and (not kind or kind.is ~= before.is) then kind = nil end
      scope[node[1]] = kind or false
      return
    end
    scope = (getmetatable(scope) or {}).__index
  end
end

---------------------------------------------------------------------------------------------------------------
-- The walk, by the tag of luacheck's nodes.

local walk

local function walk_all(state, nodes, from)
  for i = from or 1, #nodes do walk(state, nodes[i]) end
end

local function block(state, nodes)
  push(state)
  walk_all(state, nodes)
  pop(state)
end

-- A function's parameter called `client` is taken for a client.
local function parameter_kind(name)
  return name == "client" and { is = "client", guessed = true } or nil -- perhaps a view: what it fills in is not known
end

local by_tag = {}

function by_tag.Local(state, node)
  local exprs = node[2] or {}
  walk_all(state, exprs)
  local found = kinds.of_list(exprs, state.look)
  for i, name in ipairs(node[1]) do
    local kind, value = found[i], not state.set[name[1]] and constant.of(exprs[i], state.look)
    if kind and value and kind.is ~= "table" then
      kind = setmetatable({ box = value }, { __index = kind })
    end
    declare(state, name, kind)
  end
end

function by_tag.Set(state, node)
  walk_all(state, node[1])
  walk_all(state, node[2])
  local found = kinds.of_list(node[2], state.look)
  for i, target in ipairs(node[1]) do
    if target.tag == "Id" and node[2][i] then values.look_at_sum(state, target, node[2][i]) end
    assign(state, target, found[i])
  end
end

function by_tag.Localrec(state, node)
  declare(state, node[1].tag and node[1] or node[1][1])
  walk(state, node[2].tag and node[2] or node[2][1])
end

function by_tag.Function(state, node)
  push(state)
  for _, parameter in ipairs(node[1]) do declare(state, parameter, parameter_kind(parameter[1])) end
  walk_all(state, node[2])
  pop(state)
end

function by_tag.Fornum(state, node)
  walk_all(state, { table.unpack(node, 2, #node - 1) })
  push(state)
  declare(state, node[1], { is = "number" })
  walk_all(state, node[#node])
  pop(state)
end

function by_tag.Forin(state, node)
  walk_all(state, node[2])
  local found = { kinds.of_loop(node[2], state.look) }
  push(state)
  for i, name in ipairs(node[1]) do declare(state, name, found[i]) end
  walk_all(state, node[3])
  pop(state)
end

-- The condition of a `repeat` sees the locals of its body.
function by_tag.Repeat(state, node)
  push(state)
  walk_all(state, node[1])
  walk(state, node[2])
  pop(state)
end

function walk(state, node)
  if not node.tag then return block(state, node) end -- a list of statements
  rules.look_at(state, node)
  local f = by_tag[node.tag]
  if f then return f(state, node) end
  for _, inner in ipairs(node) do
    if type(inner) == "table" then walk(state, inner) end
  end
end

-- The name of the method that a call of bybit.declare makes.
local function declared_by(node)
  local callee, name = node.tag == "Call" and node[1], node[2]
  if callee and callee.tag == "Index" and callee[2].tag == "String" and callee[2][1] == "declare" then
    return name and name.tag == "String" and name[1] or nil
  end
end

-- Notes what the program sets: the names of fields, on whatever (it may read these everywhere), of methods that it declares, and the
-- names of variables.
local function note_assigned(node, fields, variables)
  for _, inner in ipairs(node) do
    if type(inner) == "table" then note_assigned(inner, fields, variables) end
  end
  local method = declared_by(node)
  if method then fields[method] = true end
  for _, target in ipairs(node.tag == "Set" and node[1] or {}) do
    if target.tag == "Index" and target[2].tag == "String" then fields[target[2][1]] = true end
    if target.tag == "Id" then variables[target[1]] = true end
  end
end

---------------------------------------------------------------------------------------------------------------

local function by_place(a, b)
  if a.line ~= b.line then return a.line < b.line end
  if a.column ~= b.column then return a.column < b.column end
  return a.message < b.message
end

---@class bybit.check.Finding
---@field line integer
---@field column integer
---@field message string

--- Checks a program's text without running it.
---@param text string
---@param name? string its file; a `_spec.lua` may use busted's globals
---@return bybit.check.Finding[]? found in the order of the text; nil: luacheck, which parses the text, is not installed
---@return string? message
function check.text(text, name)
  local there, missing = parser.available()
  if not there then return nil, missing end
  local tree, offsets = parser.parse(text)
  if not tree then return { offsets } end
  local state = { offsets = offsets, found = parser.globals(text, name and name:find "_spec%.lua$" ~= nil), scope = {},
    assigned = {}, set = {} }
  note_assigned(tree, state.assigned, state.set)
  state.look = function(variable) return state.scope[variable] or nil end
  walk_all(state, tree)
  table.sort(state.found, by_place)
  return state.found
end

return check
