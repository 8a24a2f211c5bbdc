-- Prints the figures of a long run, a line each.

local figures = {}

local function show(name, value)
  if type(value) ~= "table" then return print(("%-14s %s"):format(name, value)) end
  local names = {}
  for key in pairs(value) do names[#names + 1] = key end
  table.sort(names)
  for _, key in ipairs(names) do show(name .. " " .. key, value[key]) end
end

---@param all table<string, any> a table in it is printed with its own names
---@param names string[] which of them, and in which order
function figures.print(all, names)
  for _, name in ipairs(names) do show(name, all[name]) end
end

return figures
