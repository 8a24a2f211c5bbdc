-- Rows of CSV files, by the names in their first line. People have such files from many places, so a column has many names; what
-- fits no column of ours is passed over.

local lines = require "bybit.history.lines"

local csv = {}

local MOST_COLUMNS = 256

-- The fields of a line. Quotes are those of RFC 4180; a quoted field holds no end of a line here.
local function split(line, mark, out)
  local n, at = 0, 1
  while true do
    n = n + 1
    if n > MOST_COLUMNS then return nil end
    if line:byte(at) == 34 then
      local stop = at + 1
      while true do
        stop = line:find('"', stop, true)
        if not stop then return nil end
        if line:byte(stop + 1) ~= 34 then break end
        stop = stop + 2
      end
      out[n] = line:sub(at + 1, stop - 1):gsub('""', '"')
      at = stop + 1
      if at <= #line and line:byte(at) ~= mark then return nil end
    else
      local stop = at
      while stop <= #line and line:byte(stop) ~= mark do stop = stop + 1 end
      out[n] = line:sub(at, stop - 1)
      at = stop
    end
    if at > #line then break end
    at = at + 1
  end
  for i = n + 1, #out do out[i] = nil end
  return out, n
end

-- A pattern of lines without quotes that have so many fields, which most lines have: it finds all of them at once.
local function pattern_of(mark, count)
  if count > 32 then return nil end -- the most that a pattern captures
  return "^" .. ("([^%s]*)"):format(mark):rep(count, mark) .. "$"
end

local MARKS = { ",", ";", "\t", "|" }

-- What stands between the fields: of the marks the one that is there most often.
local function mark_of(line)
  local best, most = ",", 0
  for _, mark in ipairs(MARKS) do
    local _, n = line:gsub(mark == "|" and "%|" or mark, "")
    if n > most then best, most = mark, n end
  end
  return best
end

-- The name of a column without case and signs.
local function plain(name)
  return (name:lower():gsub("^\xEF\xBB\xBF", ""):gsub("[^%w]", ""))
end

local Rows = {}
Rows.__index = Rows

-- Where each of our columns stands in the file. `wanted`: { name, others..., must = true } each. Nil when the line has none of them.
local function places_of(names, wanted)
  local at, found = {}, 0
  for _, column in ipairs(wanted) do
    for _, name in ipairs(column) do
      for i, given in ipairs(names) do
        if not at[column[1]] and plain(given) == plain(name) then at[column[1]], found = i, found + 1 end
      end
    end
  end
  return found > 0 and at or nil
end

--- Opens a file of rows. Nil and a message when it cannot be read, or has not the columns that it must have.
---@param path string
---@param wanted table[] columns: our name, other names, and `must`
---@param bare fun(fields: string[]): table<string, integer>? the places of columns in a file without names, from its first row
---@return table? rows
---@return string? message
function csv.open(path, wanted, bare)
  local source, why = lines.open(path)
  if not source then return nil, why end
  local ok, first = pcall(source.next, source)
  if not ok then return nil, first end
  while ok and first and (first == "" or first:find "^#") do ok, first = pcall(source.next, source) end -- comments of the file
  if not ok then return nil, first end
  if not first then return nil, ("%s: the file is empty"):format(path) end
  local mark = mark_of(first)
  local self = setmetatable({ lines = source, mark = mark:byte(), fields = {} }, Rows)
  local names = split(first, self.mark, {}) or {}
  self.pattern = pattern_of("%" .. mark, #names)
  self.at = places_of(names, wanted)
  if not self.at and bare then
    self.at, self.first = bare(names), first
  end
  for _, column in ipairs(wanted) do
    if column.must and not (self.at and self.at[column[1]]) then
      source:close()
      return nil, ("%s, line %d: no column '%s': its columns are %s"):format(path, source.number, column[1],
        table.concat(names, ", "):sub(1, 200))
    end
  end
  return self
end

--- The fields of the next row, as texts; nil after the last one. `at` tells where each column stands. The table is used again for the
--- next row.
---@return string[]?
function Rows:next()
  local line = self.first or self.lines:next()
  self.first = nil
  while line == "" do line = self.lines:next() end
  if not line then return nil end
  if self.pattern then
    local fields = { line:match(self.pattern) }
    if fields[1] and not line:find('"', 1, true) then return fields end
  end
  return (split(line, self.mark, self.fields)) or self:wrong "quotes that do not end, or too many columns"
end

--- Raises what is wrong with the row read last.
function Rows:wrong(what, ...) self.lines:wrong(what:format(...)) end

function Rows:part() return self.lines:part() end

function Rows:close() self.lines:close() end

return csv
