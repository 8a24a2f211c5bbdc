-- Aligned tables of text, for a terminal of a given width or without a width. This file knows nothing about records: the kind of
-- a column tells what its cells hold.

local printable = require "bybit.text.printable"

local grid = {}

local GAP = "  "
local MAX_ROWS = 50

---@class bybit.grid.Column
---@field name string its header, which may be broken in two at a `_`
---@field kind? "text"|"number"|"id"|"time" numbers are aligned to the right; ids and times may be shortened

local function pad(text, width, right)
  local space = (" "):rep(width - (utf8.len(text) or #text))
  return right and space .. text or text .. space
end

local function length(text)
  return utf8.len(text) or #text
end

-- The lines of a header. One that is wider than the cells below it is broken in two: "filled_", "quantity".
local function broken(name, width)
  if #name <= width or not name:find("_", 2, true) then return { name } end
  local first, second = name, ""
  for at in name:gmatch("()_") do -- the break whose wider part is narrowest
    local left, right = name:sub(1, at), name:sub(at + 1)
    if math.max(#left, #right) < math.max(#first, #second) then first, second = left, right end
  end
  return { first, second }
end

-- The first `max` rows, safe to print.
local function first_rows(rows, max)
  local out = {}
  for n = 1, math.min(#rows, max) do
    out[n] = {}
    for i, text in ipairs(rows[n]) do out[n][i] = printable(text) end
  end
  return out
end

local function lay_out(columns, rows)
  local laid = {}
  for i, column in ipairs(columns) do
    local width = 1
    for _, row in ipairs(rows) do width = math.max(width, length(row[i])) end
    local head = broken(column.name, width)
    for _, part in ipairs(head) do width = math.max(width, #part) end
    laid[i] = { head = head, width = width, right = column.kind == "number" }
  end
  return laid
end

local function total(laid)
  local sum = -#GAP
  for _, column in ipairs(laid) do sum = sum + column.width + #GAP end
  return sum
end

-- How cells are shortened when a table is too wide.
local shorten = {
  id = function(text) return #text > 12 and text:sub(1, 8) .. ".." or text end,
  time = function(text) return (text:gsub("^%d%d%d%d%-", ""):gsub("%.%d+$", "")) end,
}

local function shortened(columns, rows, kind)
  local out = {}
  for n, row in ipairs(rows) do
    out[n] = {}
    for i, column in ipairs(columns) do
      out[n][i] = column.kind == kind and shorten[kind](row[i]) or row[i]
    end
  end
  return out
end

-- The layout and cells that fit, and the names of the columns that were left out.
local function fit(columns, rows, width)
  local laid = lay_out(columns, rows)
  for _, kind in ipairs { "id", "time" } do
    if total(laid) > width then
      rows = shortened(columns, rows, kind)
      laid = lay_out(columns, rows)
    end
  end
  local gone = {}
  while total(laid) > width and #laid > 1 do
    laid[#laid] = nil
    table.insert(gone, 1, columns[#laid + 1].name)
  end
  return laid, rows, gone
end

local function line(laid, cells)
  local parts = {}
  for i, column in ipairs(laid) do parts[i] = pad(cells[i], column.width, column.right) end
  return (table.concat(parts, GAP):gsub("%s+$", ""))
end

local function head_lines(laid, lines)
  local height = 1
  for _, column in ipairs(laid) do height = math.max(height, #column.head) end
  for n = 1, height do
    local cells = {}
    for i, column in ipairs(laid) do cells[i] = column.head[n - height + #column.head] or "" end
    lines[#lines + 1] = line(laid, cells)
  end
end

--- The table as text: a header, a line per row, and at the end what is not shown.
---@param columns bybit.grid.Column[]
---@param rows string[][] a cell per column
---@param options? { width: integer?, max: integer?, head: (fun(line: string): string)? } the terminal's columns (nil: no
--- limit); the rows to show (50); what becomes of a line of the header
---@return string
---@return boolean whole no column was left out
function grid.render(columns, rows, options)
  options = options or {}
  local max = options.max or MAX_ROWS
  local shown = first_rows(rows, max)
  local laid, cells, gone = fit(columns, shown, options.width or math.huge)
  local lines = {}
  head_lines(laid, lines)
  for i, text in ipairs(options.head and lines or {}) do lines[i] = options.head(text) end
  for _, row in ipairs(cells) do lines[#lines + 1] = line(laid, row) end
  if #rows == 0 then lines[#lines + 1] = "(none)" end
  if #rows > max then lines[#lines + 1] = ("... %d more"):format(#rows - max) end
  if #gone > 0 then lines[#lines + 1] = ("(too narrow for %s)"):format(table.concat(gone, ", ")) end
  return table.concat(lines, "\n"), #gone == 0
end

return grid
