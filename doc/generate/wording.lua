-- The words of the reference for types, ranges and rules of parameters.

local page = require "page"
local surface = require "surface"

local wording = {}

local TYPES = {
  symbol = "symbol", string = "text", id = "text", client_order_id = "text", cursor = "text", decimal = "decimal",
  integer = "integer", boolean = "boolean", time = "moment", seconds = "number", table = "table",
  token = "[cancel token](task.md)", coin = "coin", coins = "coins", uuid = "UUID", map = "table of [decimals](decimal.md)",
}

function wording.enum(name)
  return ("[%s](enums.md#%s)"):format(name, name)
end

function wording.range(p)
  if p.min and p.max then return ("%s to %s"):format(p.min, p.max) end
  if p.above then
    return ("above %s%s"):format(p.above, p.zero_with and " (or 0 with " .. table.concat(p.zero_with, " and ") .. ")" or "")
  end
  if p.min then return "at least " .. p.min end
  if p.max then return "at most " .. p.max end
end

--- The type of a parameter, with its range and unit.
function wording.kind(p)
  local parts = { p.enum and wording.enum(p.enum) or p[3] == "decimal" and "[decimal](decimal.md)" or TYPES[p[3]] or p[3] }
  parts[#parts + 1] = p.whole and p.whole.linear and "whole" or nil
  parts[#parts + 1] = wording.range(p)
  parts[#parts + 1] = p.unit
  return table.concat(parts, ", ")
end

--- The type of a record's field.
function wording.field(f)
  if f.of then return ("list of [%s](record_%s.md)"):format(f.of, f.of) end
  return f.enum and wording.enum(f.enum) or TYPES[f[3]] or f[3]
end

local function default_by(by)
  local cases = {}
  for _, value in ipairs(surface.enums.order_type.values) do
    if by[value] then cases[#cases + 1] = ("%s with %s"):format(by[value], value) end
  end
  return table.concat(cases, ", ")
end

--- Whether a parameter must be given, or what holds if it is not.
function wording.need(p, required)
  if required then return "required" end
  if p.required_when then return ("when %s is %s"):format(p.required_when[1], p.required_when[2]) end
  if p.default ~= nil then return "default " .. tostring(p.default) end
  if p.default_by then return "default " .. default_by(p.default_by) end
  if p.generate then return "made when left out" end
  return ""
end

local function rest(rule)
  return page.list(table.move(rule, 2, #rule, 1, {}))
end

local RULES = {
  together = function(rule) return "All or none of " .. rest(rule) .. "." end,
  one_of = function(rule) return "Exactly one of " .. rest(rule) .. "." end,
  any_of = function(rule) return "At least one of " .. rest(rule) .. "." end,
  excludes = function(rule) return "Not both of " .. rest(rule) .. "." end,
  equal = function(rule) return "If both are given, these must be equal: " .. rest(rule) .. "." end,
  direction = function(rule)
    return ("`%s` or `%s`: the direction follows from `%s` and `%s`."):format(rule[3], rule[4], rule[2], rule[3])
  end,
  closes = function(rule)
    return ("In hedge mode a Sell with `%s` 1, and a Buy with 2, only closes: it takes risk away."):format(rule[3])
  end,
  mode_by = function(rule)
    return ("`%s` is Partial when %s is given, otherwise Full."):format(rule[2],
      page.list(table.move(rule, 3, #rule, 1, {}), "`%s`"):gsub(", ", " or "))
  end,
}

--- A rule between parameters as a sentence. Raises for a kind of rule that has no words yet.
function wording.rule(rule)
  local text = assert(RULES[rule[1]], "doc/generate/wording.lua has no words for the rule " .. rule[1])(rule)
  return rule.category and ("Of %s contracts: %s%s"):format(rule.category, text:sub(1, 1):lower(), text:sub(2)) or text
end

--- A type of a doc comment, in plain words if there are any.
function wording.plain(kind)
  return (kind:gsub("bybit%.exact", "number"):gsub("bybit%.rounding", "rounding mode"))
end

return wording
