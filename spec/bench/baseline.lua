-- The committed counts that `make instructions` compares with: a file, and what a difference means.

local baseline = {}

local MARGIN = 0.03
local SLACK = 2 -- so many more of a call are no change, however few there were: a table may have grown once more in a round

--- What is compared, in the order of the file's columns.
baseline.FIGURES = { "instructions", "calls_out", "allocations", "bytes" }

--- Reads the file.
---@param path string
---@return string? made_with the compiler and so on; nil if there is no file
---@return table<string, table<string, number>> rows figures by name, by row
function baseline.read(path)
  local file <close> = io.open(path)
  if not file then return nil, {} end
  local made_with, rows = file:read "l":match "^# (.*)$", {}
  file:read "l" -- the names of the columns
  for line in file:lines() do
    local name, rest = line:match "^([^\t]+)\t(.*)$"
    local figures, i = {}, 0
    for value in rest:gmatch "[^\t]+" do
      i = i + 1
      figures[baseline.FIGURES[i]] = tonumber(value)
    end
    rows[name] = figures
  end
  return made_with, rows
end

--- Writes it: those of the named rows that there are.
---@param path string
---@param made_with string
---@param names string[]
---@param rows table<string, table<string, number>>
function baseline.write(path, made_with, names, rows)
  local file <close> = assert(io.open(path, "w"))
  file:write("# ", made_with, "\nrow\t", table.concat(baseline.FIGURES, "\t"), "\n")
  for _, name in ipairs(names) do
    local fields = { name }
    for i, figure in ipairs(rows[name] and baseline.FIGURES or {}) do fields[i + 1] = ("%.1f"):format(rows[name][figure]) end
    if rows[name] then file:write(table.concat(fields, "\t"), "\n") end
  end
end

--- Compares a row's figures with those before.
---@param name string
---@param found table<string, number>
---@param before table<string, number>
---@param changes { dearer: string[], cheaper: string[] } gets a line for each figure that has left the margin
function baseline.compare(name, found, before, changes)
  for _, figure in ipairs(baseline.FIGURES) do
    local now, known = found[figure], before[figure]
    local list = now > known * (1 + MARGIN) + SLACK and changes.dearer or now < known * (1 - MARGIN) - SLACK and changes.cheaper
    if list then
      list[#list + 1] = ("  %s: %.1f %s, the baseline has %.1f: %+.1f %%"):format(name, now, figure:gsub("_", " "), known,
        (now / known - 1) * 100)
    end
  end
end

--- What follows from the changes.
---@param changes { dearer: string[], cheaper: string[] }
---@param path string
---@return boolean fine nothing costs more
---@return string text
function baseline.verdict(changes, path)
  local text = {}
  if #changes.cheaper > 0 then
    text[#text + 1] = ("Cheaper than the baseline:\n%s\nTo keep that, run `make instructions BASELINE=1` and commit %s."):format(
      table.concat(changes.cheaper, "\n"), path)
  end
  if #changes.dearer > 0 then
    text[#text + 1] = ("More than %.0f %% above the baseline:\n%s\nIf the change is meant to cost this, run `make instructions "
      .. "BASELINE=1`, commit %s with it, and say in the commit's message what the cost buys."):format(MARGIN * 100,
      table.concat(changes.dearer, "\n"), path)
  end
  return #changes.dearer == 0, table.concat(text, "\n")
end

return baseline
