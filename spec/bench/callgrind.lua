-- Reads what callgrind has counted (its file format is in valgrind's manual): instructions by shared object, and calls between them.

local callgrind = {}

-- The shared object's file name; "?" for the stubs through which one object calls another.
local function short(path) return path == "???" and "?" or path:match "[^/]*$" end

--- Instructions of a file.
---@param path string
---@return table<string, integer> spent instructions by object, those of the objects that it calls not included
---@return table<string, table<string, integer>> calls how often an object called a function of another, by object and by that one
function callgrind.read(path)
  local names, spent, calls = {}, {}, {}
  local object, callee, callee_given, inclusive
  local function named(text) -- "(3) /usr/lib/libc.so.6" defines what "(3)" means
    local id, name = text:match "^(%(%d+%)) ?(.*)$"
    if name ~= "" then names[id] = short(name) end
    return names[id]
  end
  for line in io.lines(path) do
    local key, rest = line:match "^(%l+)=(.*)$"
    if key == "ob" then
      object = named(rest)
    elseif key == "cob" then
      callee, callee_given = named(rest), true
    elseif key == "calls" then
      local other, count = callee_given and callee or object, math.tointeger(rest:match "^%d+")
      if other ~= object then
        calls[object] = calls[object] or {}
        calls[object][other] = (calls[object][other] or 0) + count
      end
      callee_given, inclusive = false, true
    elseif not key then
      local cost = line:match "^[%d+*-]%S* (%d+)$"
      if cost and not inclusive then spent[object] = (spent[object] or 0) + math.tointeger(cost) end
      if cost then inclusive = false end
    end
  end
  return spent, calls
end

return callgrind
