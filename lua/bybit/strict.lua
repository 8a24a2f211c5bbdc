-- `require "bybit.strict"`: an undeclared global raises where it is read or set, so that a misspelt name cannot be nil in
-- silence. It minds the program's own files, which are those in the directory of its main script and below; modules of
-- others, which often ask whether a global exists, are left alone.
--
--   local declare = require "bybit.strict"
--   declare "counter" -- a global that is meant

local hints = require "bybit.hints"

local declared = {}

local function directory_of(path)
  return path:match "^(.*/)[^/]*$" or ""
end

-- Where the program lives; nil when it is no file (an embedding host, -e): then everything is its own.
local function home()
  local script = type(rawget(_G, "arg")) == "table" and arg[0]
  return script and script:find "%.lua$" and "@" .. directory_of(script) or nil
end

-- Is whoever touches the global one of the program's own files?
local function minded(level)
  local info = debug.getinfo(level + 1, "S")
  if not info or info.what == "C" then return false end
  local root = home()
  if not root or info.source:sub(1, 1) ~= "@" then return true end
  if root == "@" then return info.source:sub(2, 2) ~= "/" end
  return info.source:sub(1, #root) == root
end

local function nearest(name)
  local names = {}
  for known in pairs(_G) do
    if type(known) == "string" then names[#names + 1] = known end
  end
  local near = type(name) == "string" and hints.nearest(name, names)
  return near and (", did you mean '%s'?"):format(near) or ""
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
    error(("undeclared global '%s'%s"):format(tostring(name), nearest(name)), 2)
  end
  return value
end

function meta.__newindex(globals, name, value)
  if not declared[name] and minded(2) then
    error(("setting the undeclared global '%s'%s; a local is meant, or declare it"):format(tostring(name), nearest(name)), 2)
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

--- Declares globals that are meant.
---@param ... string
return function(...)
  for _, name in ipairs { ... } do declared[name] = true end
end
