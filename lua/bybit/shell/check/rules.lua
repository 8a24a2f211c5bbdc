-- Which checks look at which nodes of a program; see check/init.lua.

local calls = require "bybit.shell.check.calls"
local kinds = require "bybit.shell.check.kinds"
local values = require "bybit.shell.check.values"

local rules = {}

local function text_in(node)
  if node.tag == "Paren" then return text_in(node[1]) end
  return node.tag == "String" and node[1] or nil
end

local by_tag = {}

by_tag.Op, by_tag.Index, by_tag.Fornum = values.operator, values.index, values.look_at_loop

function by_tag.Invoke(state, node)
  calls.invoke(state, node)
  local base, format = kinds.of(node[1], state.look), text_in(node[1])
  if base and base.is == "record" then values.look_at_field(state, node[2], base, node[2][1]) end
  if format and node[2][1] == "format" then values.format(state, format, node, 3) end
end

function by_tag.Call(state, node)
  calls.call(state, node)
  values.look_at_call(state, node)
  local f = node[1]
  if f.tag == "Index" and f[1].tag == "Id" and f[1][1] == "string" and f[2][1] == "format" and node[2] then
    local format = text_in(node[2])
    if format then values.format(state, format, node, 3) end
  end
end

--- Checks one node, but not the nodes inside it.
---@param state bybit.check.State
---@param node table
function rules.look_at(state, node)
  local rule = by_tag[node.tag]
  if rule then rule(state, node) end
end

return rules
