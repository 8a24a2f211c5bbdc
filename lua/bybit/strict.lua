-- `require "bybit.strict"`: reading or setting an undeclared global raises, so that a misspelt name is not silently nil. This
-- holds for the program's own files: those in the directory of its main script and below. Other modules often ask whether a
-- global exists, so they are left alone.
--
--   local declare = require "bybit.strict"
--   declare "counter" -- a global on purpose

require "bybit.version" -- first: it says which Lua is needed
local hooks = require("bybit.core").hooks
local nearest = require "bybit.text.nearest"

local declared = {}

local function directory_of(path)
  return path:match "^(.*/)[^/]*$" or ""
end

-- The directory of the program's main script; nil when there is no script (an embedding host, -e): then all files are its own.
local function home()
  local script = type(rawget(_G, "arg")) == "table" and arg[0]
  return script and script:find "%.lua$" and "@" .. directory_of(script) or nil
end

-- Is the code at this stack level in one of the program's own files?
local function minded(level)
  local source = hooks.place(nil, level + 1)
  if not source or source == "=[C]" then return false end
  local root = home()
  if not root or source:sub(1, 1) ~= "@" then return true end
  if root == "@" then return source:sub(2, 2) ~= "/" end
  return source:sub(1, #root) == root
end

local function suggestion(name)
  local names = {}
  for known in pairs(_G) do
    if type(known) == "string" then names[#names + 1] = known end
  end
  return nearest.hint(name, names)
end

local meta = getmetatable(_G) or {}
local read, set = meta.__index, meta.__newindex

function meta.__index(globals, name)
  local value
  if type(read) == "function" then
    value = read(globals, name)
  elseif read ~= nil then
    value = read[name]
  end
  if value == nil and not declared[name] and minded(2) then
    error(("undeclared global '%s'%s"):format(tostring(name), suggestion(name)), 2)
  end
  return value
end

function meta.__newindex(globals, name, value)
  if not declared[name] and minded(2) then
    error(("setting the undeclared global '%s'%s; make it a local, or declare it"):format(tostring(name), suggestion(name)), 2)
  end
  if type(set) == "function" then
    set(globals, name, value)
  elseif set ~= nil then
    set[name] = value
  else
    rawset(globals, name, value)
  end
end

setmetatable(_G, meta)

--- Declares globals, so that they may be read and set.
---@param ... string
return function(...)
  for _, name in ipairs { ... } do declared[name] = true end
end
