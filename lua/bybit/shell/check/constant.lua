-- The value of an expression that a program's text tells: literals, arithmetic on them, tables of them.

local constant = {}

local OPERATORS = {
  add = function(a, b) return a + b end, sub = function(a, b) return a - b end, mul = function(a, b) return a * b end,
  div = function(a, b) return a / b end, idiv = function(a, b) return a // b end, mod = function(a, b) return a % b end,
  pow = function(a, b) return a ^ b end, unm = function(a) return -a end,
  concat = function(a, b) return a .. b end,
}

local of = {}

--- The value in a box, since a value may be nil or false. Nil: the text does not tell the value.
---@param node table?
---@param look fun(name: string): bybit.check.Kind? the kind of a local, whose `box` holds the value if it never changes
---@return { [1]: any }?
local function value_of(node, look)
  local f = node and of[node.tag]
  return f and f(node, look) or nil
end

constant.of = value_of

function of.Number(node)
  local n = tonumber(node[1])
  return n and { n } or nil
end

function of.String(node) return { node[1] } end
function of.Nil() return {} end
function of.True() return { true } end
function of.False() return { false } end
function of.Paren(node, look) return value_of(node[1], look) end

function of.Id(node, look)
  local kind = look(node[1])
  return kind and kind.box or nil
end

function of.Op(node, look)
  local f, a, b = OPERATORS[node[1]], value_of(node[2], look), value_of(node[3], look)
  if not f or not a or node[3] and not b then return nil end
  local ok, result = pcall(f, a[1], b and b[1])
  return ok and { result } or nil
end

function of.Table(node, look)
  local made, place = {}, 0
  for _, item in ipairs(node) do
    local key, value
    if item.tag == "Pair" then
      key, value = value_of(item[1], look), value_of(item[2], look)
    else
      place = place + 1
      key, value = { place }, value_of(item, look)
    end
    if not key or key[1] == nil or not value then return nil end
    made[key[1]] = value[1]
  end
  return { made }
end

--- The fields of a table with names: { name, node of the name, node of the value } each.
---@param node table?
---@return table[]? fields nil: not a table in the text
---@return boolean? whole false: some names are not in the text
function constant.fields(node)
  if not node or node.tag ~= "Table" then return nil end
  local fields, whole = {}, true
  for _, item in ipairs(node) do
    if item.tag == "Pair" and item[1].tag == "String" then
      fields[#fields + 1] = { item[1][1], item[1], item[2] }
    else
      whole = false
    end
  end
  return fields, whole
end

return constant
