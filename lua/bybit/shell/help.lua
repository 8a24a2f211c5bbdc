-- Help on a method, a record or a set of words, as text for a terminal. It is made from the declarations; this file only holds
-- the wording of types and rules.

local enums = require "bybit.records.enums"
local hints = require "bybit.wire.hints"
local records = require "bybit.records"
local rows = require "bybit.wire.rows"

local help = {}

---------------------------------------------------------------------------------------------------------------
-- Text.

--- Breaks a text into lines.
---@param text string
---@param width integer of a line
---@param first? string the beginning of the first line; it counts for the width
---@param indent? string the beginning of the other lines
---@return string
function help.wrap(text, width, first, indent)
  local lines, line = {}, first or ""
  local empty = line
  for word in text:gmatch("%S+") do
    if line ~= empty and #line + 1 + #word > width then
      lines[#lines + 1] = line
      line = indent or ""
      empty = line
    end
    line = line == empty and line .. word or line .. " " .. word
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

local function listed(words, joint)
  if #words < 2 then return words[1] or "" end
  return table.concat(words, ", ", 1, #words - 1) .. " " .. joint .. " " .. words[#words]
end

---------------------------------------------------------------------------------------------------------------
-- Parameters.

local TYPES = {
  symbol = "symbol", decimal = "decimal", integer = "integer", boolean = "true or false", time = "moment",
  seconds = "number", id = "text", string = "text", client_order_id = "text", cursor = "text", token = "cancel token",
  table = "table", list = "list", map = "table of decimals", coin = "coin", coins = "coins", uuid = "UUID",
}

local function type_text(p)
  if p[3] == "enum" then return listed(p.values or enums[p.enum].values, "or") end
  local text = p.whole and p.whole.linear and "whole number" or TYPES[p[3]] or p[3]
  if p.unit and p[3] ~= "time" then text = text .. ", " .. p.unit end
  if p[3] == "time" then text = text .. ": " .. p.unit end
  if p.min and p.max then
    text = ("%s, %s to %s"):format(text, p.min, p.max)
  elseif p.min or p.above then
    text = p.min and ("%s, at least %s"):format(text, p.min) or ("%s, above %s"):format(text, p.above)
    if p.zero_with then text = ("%s (or 0 with %s)"):format(text, listed(p.zero_with, "and")) end
  elseif p.max then
    text = ("%s, at most %s"):format(text, p.max)
  end
  return text
end

local function default_by_text(by)
  local cases = {}
  for _, value in ipairs(enums.order_type.values) do
    if by[value] then cases[#cases + 1] = ("%s with %s"):format(by[value], value) end
  end
  return "default " .. listed(cases, "and")
end

local function need_text(p, defaults)
  if defaults and defaults[p[1]] ~= nil then return ("here %s unless given"):format(defaults[p[1]]) end
  if p.required then return "required" end
  if p.required_when then return ("required when %s is %s"):format(p.required_when[1], p.required_when[2]) end
  if p.default ~= nil then return ("default %s"):format(p.default) end
  if p.default_by then return default_by_text(p.default_by) end
  if p.generate then return "made when left out" end
end

local function sentence(text)
  return text:find("[%.%?!]$") and text or text .. "."
end

local function parameter_text(p, defaults)
  local parts = { type_text(p) }
  parts[#parts + 1] = need_text(p, defaults)
  if p.also then parts[#parts + 1] = "also called " .. p.also end
  local text = sentence(table.concat(parts, "; "))
  return p.doc and text .. " " .. sentence(p.doc) or text
end

local function rest(rule)
  return table.move(rule, 2, #rule, 1, {})
end

local function is_required(row, name)
  for _, p in ipairs(row.params) do
    if p[1] == name then return p.required and true or false end
  end
end

-- The wording of the rules between parameters.
local RULES = {
  together = function(rule) return ("%s go together."):format(listed(rest(rule), "and")) end,
  one_of = function(rule) return ("One of %s, not both."):format(listed(rest(rule), "and")) end,
  any_of = function(rule) return ("At least one of %s."):format(listed(rest(rule), "and")) end,
  direction = function(rule, row)
    if is_required(row, rule[3]) then return ("If %s is given, it must agree with %s."):format(rule[4], rule[3]) end
    return ("One of %s and %s, not both."):format(rule[3], rule[4])
  end,
  equal = function(rule) return ("If both are given, they must be equal: %s."):format(listed(rest(rule), "and")) end,
  closes = function(rule) return ("In hedge mode a Sell with %s 1 and a Buy with 2 only close."):format(rule[3]) end,
}

---------------------------------------------------------------------------------------------------------------
-- An example with the required parameters only.

local PRICE = "quote coin" -- the unit of prices

local SAMPLES = {
  symbol = "BTCUSD", integer = 1, boolean = true, time = "2026-01-31T12:00:00Z", id = "...", client_order_id = "mine-1",
  string = "...", cursor = "...", seconds = 5, table = {}, coin = "BTC", coins = "BTC",
  uuid = "42c0cfb0-6bca-4242-bc76-4e6df6cbcb16",
}

local function sample(p, params, category)
  if p.example ~= nil then return p.example end
  if p[3] == "decimal" then
    if p.whole and not p.whole[category] then return "0.001" end
    return p.unit == PRICE and "30000.5" or 100
  end
  if p[3] ~= "enum" then return SAMPLES[p[3]] end
  for _, other in ipairs(params) do -- a word that makes another parameter required shows more
    local when = other.required_when
    if when and when[1] == p[1] then return when[2] end
  end
  return enums[p.enum].values[1]
end

-- The names of the parameters that an example must have.
local function needed(row, defaults, category)
  local names = {}
  for _, p in ipairs(row.params) do
    if (p.required or p.required_when) and not (defaults and defaults[p[1]] ~= nil) then names[p[1]] = true end
  end
  for _, rule in ipairs(row.rules or {}) do
    local holds = not rule.category or rule.category == category
    if holds and (rule[1] == "one_of" or rule[1] == "any_of") and not (defaults and defaults[rule[2]] ~= nil) then
      names[rule[2]] = true
    end
    if rule[1] == "direction" and not names[rule[3]] then names[rule[4]] = true end
  end
  return names
end

--- The required parameters of a method, with a value for each, in declared order. Of a batch: those of an element.
---@param row table a declared endpoint
---@param defaults? table parameters that are filled in already
---@return table[] pairs { name, value }
function help.sample(row, defaults)
  if row.elements then row = rows.elements(row)[1] end
  local category = defaults and defaults.category or "inverse"
  local names, pairs_ = needed(row, defaults, category), {}
  for _, p in ipairs(row.params) do
    if names[p[1]] then pairs_[#pairs_ + 1] = { p[1], sample(p, row.params, category) } end
  end
  return pairs_
end

local TIED = "\0" -- a space at which no line is broken

local function call_example(name, row, defaults)
  local parts = {}
  for i, pair in ipairs(help.sample(row, defaults)) do
    local value = type(pair[2]) == "string" and ('"%s"'):format(pair[2]) or tostring(pair[2])
    parts[i] = ("%s%s=%s%s"):format(pair[1], TIED, TIED, value)
  end
  return (row.elements and "%s{ {%s} }" or "%s{%s}"):format(name, table.concat(parts, ", "))
end

local function command_example(name, row, defaults)
  if row.elements then return ("bybit %s --orders FILE"):format(name) end
  local parts = { "bybit " .. name }
  for _, pair in ipairs(help.sample(row, defaults)) do parts[#parts + 1] = ("%s=%s"):format(pair[1], pair[2]) end
  return table.concat(parts, " ")
end

---------------------------------------------------------------------------------------------------------------
-- Pages.

--- The declared methods of a dialect, sorted by name.
---@param dialect table
---@return string[]
function help.methods(dialect)
  return rows.methods(dialect.endpoints)
end

local function rows_text(list, width)
  local widest, lines = 0, {}
  for _, row in ipairs(list) do widest = math.max(widest, #row[1]) end
  for _, row in ipairs(list) do
    lines[#lines + 1] = help.wrap(row[2], width, ("  %s%s  "):format(row[1], (" "):rep(widest - #row[1])),
      (" "):rep(widest + 4))
  end
  return table.concat(lines, "\n")
end

--- Names and their descriptions, in two columns; the second is wrapped.
---@param list string[][]
---@param width integer
---@return string
help.rows = rows_text

local function result_text(row)
  local result = row.result
  local name, list = rows.holds(result, records)
  if list then
    return ("A list of %s records%s%s"):format(name, result.cursor and ", a page at a time" or "",
      result.heads and (", with the fields of %s."):format(result.record or result.first) or ".")
  end
  return name and ("A record: %s."):format(name) or result.empty and "An empty table: it was done." or "A table."
end

--- The page of a method.
---@param dialect table
---@param name string
---@param options { width: integer, defaults: table?, command: boolean? } defaults: parameters that are filled in already;
--- command: the example is for a shell
---@return string
function help.method(dialect, name, options)
  local row, width = dialect.endpoints[name], options.width
  local parts = { name, help.wrap(row.doc, width, "  ", "  "), "" }
  local list = {}
  if row.elements then
    parts[#parts + 1] = help.wrap(("A list of up to %d orders. Each takes what %s takes:"):format(row.most,
      listed(row.elements, "or")), width, "  ", "  ")
  end
  for i, p in ipairs(row.elements and rows.element_params(row) or row.params) do
    list[i] = { p[1], parameter_text(p, options.defaults) }
  end
  for _, p in ipairs(row.elements and row.params or {}) do -- beside the elements
    list[#list + 1] = { p[1], parameter_text(p, options.defaults) .. " It stands beside the orders." }
  end
  parts[#parts + 1] = rows_text(list, width)
  if row.elements and options.command then
    parts[#parts + 1] = help.wrap("In a file, or on standard input (--orders -): an order a line, as JSON. Or order=JSON, as "
      .. "often as there are orders. name=value beside them counts for each order that does not say otherwise.", width, "  ", "  ")
  end
  for _, rule in ipairs(row.rules or {}) do
    local text = RULES[rule[1]] and RULES[rule[1]](rule, row)
    if text and rule.category then text = ("Of %s contracts: %s"):format(rule.category, text) end
    if text then parts[#parts + 1] = help.wrap(text, width, "  ", "    ") end
  end
  local common = {}
  for i, p in ipairs(dialect.common) do common[i] = p[1] end
  parts[#parts + 1] = ""
  parts[#parts + 1] = help.wrap("Options: " .. table.concat(common, ", ") .. " (help \"options\").", width, "  ", "  ")
  parts[#parts + 1] = help.wrap(result_text(row), width, "  Returns: ", (" "):rep(11))
  parts[#parts + 1] = ("  Source:  %s"):format(row.source)
  local example = (options.command and command_example or call_example)(name, row, options.defaults)
  parts[#parts + 1] = "  Example:\n" .. help.wrap(example, width, "    ", "      "):gsub(TIED, " ")
  return table.concat(parts, "\n")
end

--- The page of the options that every method takes.
---@param dialect table
---@param width integer
---@return string
function help.options(dialect, width)
  local list = {}
  for i, p in ipairs(dialect.common) do list[i] = { p[1], parameter_text(p) } end
  return "options of every method\n" .. rows_text(list, width)
end

--- The page of a record: its fields.
---@param name string
---@param width integer
---@return string
function help.record(name, width)
  local record, list = records[name], {}
  for i, field in ipairs(record.fields) do
    local kind = field[3] == "enum" and enums[field.enum].values or nil
    kind = kind and #kind <= 6 and listed(kind, "or") or kind and ("a word: help \"%s\""):format(field.enum)
      or field.of and ("list of %s records"):format(field.of) or TYPES[field[3]] or field[3]
    if field[3] == "time" then kind = "ms" end
    list[i] = { field[1], sentence(kind) .. (field.doc and " " .. sentence(field.doc) or "") }
  end
  local parts = { name, help.wrap(record.doc or "", width, "  ", "  "), "", rows_text(list, width) }
  local aliases = {}
  for alias, field in pairs(record.aliases or {}) do aliases[#aliases + 1] = ("%s is %s"):format(alias, field) end
  table.sort(aliases)
  if #aliases > 0 then
    parts[#parts + 1] = help.wrap("Second names: " .. table.concat(aliases, ", ") .. ".", width, "  ", "    ")
  end
  return table.concat(parts, "\n")
end

--- The page of a set of words.
---@param name string
---@param width integer
---@return string
function help.enum(name, width)
  return table.concat({ name, help.wrap(enums[name].doc or "", width, "  ", "  "),
    help.wrap(table.concat(enums[name].values, ", "), width, "  ", "  ") }, "\n")
end

--- The methods, grouped by their subject, in the order of their rows.
---@param dialect table
---@param width integer
---@return string
function help.index(dialect, width)
  local groups, by_subject = {}, {}
  local names = help.methods(dialect)
  table.sort(names, function(a, b) return dialect.endpoints[a].place < dialect.endpoints[b].place end)
  for _, name in ipairs(names) do
    local subject = dialect.endpoints[name].subject
    if not by_subject[subject] then
      by_subject[subject] = { subject, {} }
      groups[#groups + 1] = by_subject[subject]
    end
    table.insert(by_subject[subject][2], name)
  end
  for _, group in ipairs(groups) do group[2] = table.concat(group[2], ", ") end
  return rows_text(groups, width)
end

--- The page for a word: a method, "options", a record or an enum; nil and a message when there is none.
---@param dialect table
---@param name string
---@param options table as for help.method
---@return string? text
---@return string? message
function help.page(dialect, name, options)
  if rows.method(dialect.endpoints, name) then return help.method(dialect, name, options) end
  if name == "options" then return help.options(dialect, options.width) end
  if records[name] then return help.record(name, options.width) end
  if rawget(enums, name) then return help.enum(name, options.width) end
  local names = help.methods(dialect)
  local hint = hints.method(name, names)
  return nil, ("no help on '%s'%s"):format(name, hint)
end

return help
