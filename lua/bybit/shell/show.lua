-- Any result as text for a terminal: a record as its fields, a list as an aligned table that fits the width, any other table with
-- sorted keys. A long text is cut, and the cut is shown.

local grid = require "bybit.text.grid"
local objects = require "bybit.records.objects"
local printable = require "bybit.text.printable"
local records = require "bybit.records"
local time = require "bybit.text.time"
local tint = require "bybit.shell.tint"

local show = {}

local WIDTH, ROWS, DEPTH = 80, 20, 6
local LINES = 3 -- a free table may have this many times as many lines as a list has rows

-- 2024-01-01 00:00:00.000, as a cell
local function moment(ms)
  return (time.iso(ms):gsub("T", " "):gsub("Z$", ""))
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return ("\\%d"):format(c:byte())
  end):gsub("\xC2[\x80-\x9F]", function(c) return ("\\u{%X}"):format(utf8.codepoint(c)) end) .. '"'
end

local function cut(text, width)
  if #text <= width then return text end
  return text:sub(1, math.max(width - 2, 1)) .. ".."
end

-- The record's name, if the value is a record or a list of records; and whether it is a list.
local function record_of(value)
  local meta = type(value) == "table" and getmetatable(value)
  return meta and rawget(meta, "__record"), meta and rawget(meta, "__name") == "bybit.list"
end

---------------------------------------------------------------------------------------------------------------
-- Records.

local function field_types(name)
  local types = {}
  for _, field in ipairs(records[name].fields) do types[field[1]] = field[3] end
  return types
end

-- The declared fields in their order, then the undeclared ones.
local function keys_in_order(name, record)
  local keys, seen = {}, {}
  for _, field in ipairs(records[name].fields) do
    local key = field[1]
    if not seen[key] and rawget(record, key) ~= nil then keys[#keys + 1] = key end
    seen[key] = true
  end
  local more = {}
  for key in pairs(record) do
    if not seen[key] then more[#more + 1] = key end
  end
  table.sort(more, function(a, b) return tostring(a) < tostring(b) end)
  return table.move(more, 1, #more, #keys + 1, keys)
end

local function record_text(name, record, options)
  local keys, types, widest = keys_in_order(name, record), field_types(name), 0
  for _, key in ipairs(keys) do widest = math.max(widest, #tostring(key)) end
  local lines = {}
  for _, key in ipairs(keys) do
    local value = rawget(record, key)
    local text = tostring(value)
    if types[key] == "time" and math.type(value) == "integer" then text = ("%d  %s"):format(value, time.iso(value)) end
    if type(value) == "table" then text = show.line(value) end
    local name_, gap = printable(tostring(key)), (" "):rep(widest - #tostring(key)) .. "  "
    text = printable(cut(text, options.width - widest - 4))
    lines[#lines + 1] = "  " .. (options.colours and tint.field(name_, gap, value, text) or name_ .. gap .. text)
  end
  return table.concat(lines, "\n")
end

local function cell(value, kind)
  if value == nil then return "-" end
  if kind == "time" and math.type(value) == "integer" then return moment(value) end
  if type(value) == "table" then return show.line(value) end
  return tostring(value)
end

local function list_text(name, list, options)
  if #list == 0 then return "(none)" end
  local columns, rows = objects.columns(name), {}
  for n, record in ipairs(list) do
    rows[n] = {}
    for i, column in ipairs(columns) do rows[n][i] = cell(rawget(record, column.name), column.kind) end
  end
  local text = grid.render(columns, rows, { width = options.width, max = options.rows,
    head = options.colours and tint.head })
  text = objects.with_errors(text, list)
  if rawget(list, "next_cursor") then text = text .. "\n(there are more pages: see next_cursor)" end
  if rawget(list, "cut") then text = text .. "\n" .. objects.CUT end
  return text
end

---------------------------------------------------------------------------------------------------------------
-- Free tables, such as the answers of client:request.

local function sorted_keys(value)
  local keys = {}
  for key in pairs(value) do
    if not (math.type(key) == "integer" and key >= 1 and key <= #value) then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

local function key_text(key)
  if type(key) == "string" and key:find("^[%a_][%w_]*$") then return key end
  return type(key) == "string" and ("[%s]"):format(quoted(key)) or ("[%s]"):format(tostring(key))
end

local function atom(value)
  if type(value) == "string" then return quoted(value) end
  if type(value) == "function" then return "a function" end
  return tostring(value)
end

-- Is it a plain value, or a table that prints itself?
local function is_atom(value)
  if type(value) ~= "table" then return true end
  local meta = getmetatable(value)
  return meta ~= nil and meta.__tostring ~= nil and not rawget(meta, "__record")
end

local function one_line(value, depth)
  if is_atom(value) then return atom(value) end
  if depth > DEPTH then return "{...}" end
  local parts = {}
  for _, element in ipairs(value) do parts[#parts + 1] = one_line(element, depth + 1) end
  for _, key in ipairs(sorted_keys(value)) do
    parts[#parts + 1] = ("%s = %s"):format(key_text(key), one_line(rawget(value, key), depth + 1))
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

--- A value on one line.
---@param value any
---@return string
function show.line(value)
  return one_line(value, 1)
end

-- The columns for a list of flat tables with the same keys, which reads best as a table; nil for another value.
local function flat_columns(list)
  if #list < 2 or #sorted_keys(list) > 0 then return nil end
  local keys = is_atom(list[1]) and {} or sorted_keys(list[1])
  if #keys == 0 or #list[1] > 0 then return nil end
  for _, row in ipairs(list) do
    if is_atom(row) then return nil end
    for _, key in ipairs(keys) do
      if not is_atom(row[key]) then return nil end
    end
  end
  local columns = {}
  for i, key in ipairs(keys) do
    columns[i] = { name = tostring(key), kind = tostring(list[1][key]):find("^%-?[%d%.]+$") and "number" or nil }
  end
  return columns, keys
end

-- The table; false when it does not fit: then a line per field reads better.
local function flat_text(list, columns, keys, options, indent)
  local rows = {}
  for n, row in ipairs(list) do
    rows[n] = {}
    for i, key in ipairs(keys) do rows[n][i] = row[key] == nil and "-" or tostring(row[key]) end
  end
  local text, whole = grid.render(columns, rows, { width = options.width - #indent, max = options.rows,
    head = options.colours and tint.head })
  return whole and indent .. text:gsub("\n", "\n" .. indent)
end

local function free_lines(value, lines, indent, options, depth)
  local columns, keys = flat_columns(value)
  local table_ = columns and flat_text(value, columns, keys, options, indent)
  if table_ then
    for line in table_:gmatch("[^\n]+") do lines[#lines + 1] = line end
    return
  end
  local function add(label, element)
    local text = label .. one_line(element, depth)
    if is_atom(element) or #indent + #text <= options.width or depth >= DEPTH then
      local shown = options.whole and text or cut(text, options.width - #indent)
      lines[#lines + 1] = indent .. (options.colours and tint.code(shown) or shown)
    else
      local head = label:gsub(" = $", ":")
      lines[#lines + 1] = indent .. (options.colours and tint.code(head) or head)
      free_lines(element, lines, indent .. "  ", options, depth + 1)
    end
  end
  for n, element in ipairs(value) do
    if n > options.rows then
      lines[#lines + 1] = ("%s... %d more"):format(indent, #value - options.rows)
      break
    end
    add(("[%d] = "):format(n), element)
  end
  for _, key in ipairs(sorted_keys(value)) do add(key_text(key) .. " = ", rawget(value, key)) end
end

---------------------------------------------------------------------------------------------------------------

--- A value as text for a terminal.
---@param value any
---@param options? { width: integer?, rows: integer?, whole: boolean?, colours: boolean? } the terminal's columns (80); the rows
--- of a list to show (20); whole: no value of a free table is cut; colours: for keys, texts, numbers and headers
---@return string
function show.text(value, options)
  local o = { width = options and options.width or WIDTH, rows = options and options.rows or ROWS,
    whole = options and options.whole, colours = options and options.colours }
  local name, is_list = record_of(value)
  if name then return (is_list and list_text or record_text)(name, value, o) end
  local function tinted(text) return o.colours and tint.code(text) or text end
  if is_atom(value) then return type(value) == "table" and atom(value) or tinted(atom(value)) end
  local line = one_line(value, 1)
  if #line <= o.width and not flat_columns(value) then return tinted(line) end
  local lines = {}
  free_lines(value, lines, "", o, 1)
  local most = o.rows * LINES
  if #lines > most then
    lines = table.move(lines, 1, most, 1, { [most + 1] = ("... %d more lines"):format(#lines - most) })
  end
  return table.concat(lines, "\n")
end

return show
