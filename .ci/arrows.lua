-- Reads which file uses which (the includes in C, the requires in Lua) and checks the order of the rooms: a room may use the
-- rooms below it in the list, never one above it. No files may use each other in a circle. Prints who uses whom.
-- usage: lua5.4 .ci/arrows.lua

-- The rooms, from the top. A file outside of all folders is a room by itself. What `require "bybit.paper"` returns leads to rooms above
-- the exchange's own.
local ROOMS = {
  c = { "core", "paper", "engine", "call", "stream", "pace", "schema", "journal", "wire", "value", "loop", "modules" },
  lua = { "repl", "init", "module", "main", "strict", "assert", "adapter", "shell", "bybit.paper", "simulate",
    "strategy", "client", "stream", "outcome", "wire",
    "records", "paper", "history", "tasks", "errors", "text", "later", "version" },
}

local function lines_of(command)
  local list, pipe = {}, assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function text_of(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

-- The room and the name of a file: `call/parts` of src/call/parts.h.
local function unit_of(path, root)
  local name = path:sub(#root + 2):gsub("%.%w+$", ""):gsub("/init$", "")
  return name, name:match "^([^/]+)"
end

---------------------------------------------------------------------------------------------------------------

-- Who uses whom in C. A header and its source count as one.
local function arrows_of_c()
  local uses = {}
  for _, path in ipairs(lines_of "git ls-files 'src/*.[ch]'") do
    local unit, room = unit_of(path, "src")
    uses[unit] = uses[unit] or {}
    for name in text_of(path):gmatch '#include "([^"]+)"' do
      local other = (name:find "/" and name or room .. "/" .. name):gsub("%.h$", "")
      if other ~= unit then uses[unit][other] = true end
    end
  end
  return uses
end

-- Who uses whom in Lua, including modules that are loaded on first use (later.lua). `bybit.core` and the other modules in C are left out.
local function arrows_of_lua()
  local uses, known = {}, {}
  local paths = lines_of "git ls-files 'lua/bybit/*.lua'"
  for _, path in ipairs(paths) do known[unit_of(path, "lua/bybit")] = true end
  for _, path in ipairs(paths) do
    local unit = unit_of(path, "lua/bybit")
    if unit ~= "types" then
      uses[unit] = {}
      local text = text_of(path)
      for _, pattern in ipairs { 'require%s*%(?%s*%(?"bybit%.([%w_.]+)"', 'later"?%)?%.module "bybit%.([%w_.]+)"',
        'later%.load "bybit%.([%w_.]+)"' } do
        for name in text:gmatch(pattern) do
          local other = name:gsub("%.", "/")
          if known[other] and other ~= unit then uses[unit][other] = true end
        end
      end
    end
  end
  return uses
end

---------------------------------------------------------------------------------------------------------------

local bad = 0

local function complain(text, ...)
  bad = bad + 1
  print(("  WRONG: " .. text):format(...))
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function room_of(unit) return unit == "paper" and "bybit.paper" or unit:match "^([^/]+)" end

local function check_order(uses, order)
  local place, picture = {}, {}
  for i, room in ipairs(order) do place[room] = i end
  for _, unit in ipairs(sorted(uses)) do
    local room = room_of(unit)
    if not place[room] then complain("%s is in no room that is known", unit) end
    picture[room] = picture[room] or {}
    for _, other in ipairs(sorted(uses[unit])) do
      local below = room_of(other)
      if below ~= room then picture[room][below] = (picture[room][below] or 0) + 1 end
      if place[room] and place[below] and place[below] < place[room] then
        complain("%s uses %s, which is above it", unit, other)
      end
    end
  end
  for _, room in ipairs(order) do
    local parts = {}
    for _, below in ipairs(order) do
      if picture[room] and picture[room][below] then parts[#parts + 1] = ("%s %d"):format(below, picture[room][below]) end
    end
    if picture[room] then print(("  %-9s -> %s"):format(room, parts[1] and table.concat(parts, ", ") or "nothing")) end
  end
end

-- Searches depth first. A unit that is reached again from itself closes a circle. A header without a source uses nobody.
local function check_circles(uses, calls)
  local state = {}
  local function visit(unit, way)
    if state[unit] == "done" or not calls(unit) then return end
    way[#way + 1] = unit
    if state[unit] == "open" then
      complain("a circle: %s", table.concat(way, " -> "))
    else
      state[unit] = "open"
      for _, other in ipairs(sorted(uses[unit] or {})) do visit(other, way) end
      state[unit] = "done"
    end
    way[#way] = nil
  end
  for _, unit in ipairs(sorted(uses)) do visit(unit, {}) end
end

local function has_source(unit)
  local file = io.open(("src/%s.c"):format(unit))
  if file then file:close() end
  return file ~= nil
end

for _, side in ipairs { { "c", "C", arrows_of_c, has_source }, { "lua", "Lua", arrows_of_lua, function() return true end } } do
  print(side[2])
  local uses = side[3]()
  check_order(uses, ROOMS[side[1]])
  check_circles(uses, side[4])
end
os.exit(bad == 0)
