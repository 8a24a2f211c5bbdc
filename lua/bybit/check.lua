-- The checker behind `bybit check`: flags in a program's text what Lua lets pass and what would raise only when it runs:
-- `==` between a decimal and a literal, misspelt fields, methods, parameters and words, a decimal in %d or %f, a decimal
-- as a key, undeclared globals. What a value is comes from check/kinds.lua; where that is not known nothing is said.

local kinds = require "bybit.check.kinds"
local parser = require "bybit.check.parser"
local rules = require "bybit.check.rules"

local check = {}

---------------------------------------------------------------------------------------------------------------
-- Scopes: names to kinds; false hides a name of an outer scope of which nothing is known.

local function push(state) state.scope = setmetatable({}, { __index = state.scope }) end
local function pop(state) state.scope = getmetatable(state.scope).__index end

local function declare(state, node, kind)
  if node.tag == "Id" then state.scope[node[1]] = kind or false end
end

-- A name that is set anew is what it now holds; one that was two things is nothing that is known.
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

-- A parameter called `client` is one.
local function parameter_kind(name)
  return name == "client" and { is = "client" } or nil
end

local by_tag = {}

function by_tag.Local(state, node)
  local exprs = node[2] or {}
  walk_all(state, exprs)
  local found = {}
  for i, expr in ipairs(exprs) do found[i] = kinds.of(expr, state.look) end
  for i, name in ipairs(node[1]) do declare(state, name, found[i]) end
end

function by_tag.Set(state, node)
  walk_all(state, node[1])
  walk_all(state, node[2])
  for i, target in ipairs(node[1]) do
    local expr = node[2][i]
    assign(state, target, expr and kinds.of(expr, state.look))
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

-- The condition sees what the body declared.
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

--- Checks a program's text; runs nothing of it.
---@param text string
---@param name? string of its file; a `_spec.lua` may use busted's globals
---@return bybit.check.Finding[]? found in the order of the text; nil: luacheck, which parses it, is not installed
---@return string? message
function check.text(text, name)
  local there, missing = parser.available()
  if not there then return nil, missing end
  local tree, offsets = parser.parse(text)
  if not tree then return { offsets } end
  local state = { offsets = offsets, found = parser.globals(text, name and name:find "_spec%.lua$" ~= nil), scope = {} }
  state.look = function(variable) return state.scope[variable] or nil end
  walk_all(state, tree)
  table.sort(state.found, by_place)
  return state.found
end

return check
