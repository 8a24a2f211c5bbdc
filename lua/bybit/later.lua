-- Modules that are loaded when they are first used, since most programs never do: what tells a failure, walks over pages, hints.
--
-- A file that is loaded later has to be there later. Meanwhile the program may have changed its directory, used up its
-- descriptors (a failed call is when that shows), or been upgraded, so that the file is another version's. So nothing is read
-- once `bybit` or `bybit.main` is there: each file is held as bytecode (src/modules), which was compared with its source when
-- this file was loaded, or, where there is no bytecode for this Lua or the source was changed, loaded by then.

local modules = require "bybit.core".modules
local globals, require = _G, require

local later = {}

local function restored(before, ok, ...)
  rawset(globals, "require", before)
  if ok then return ... end
  error(..., 0)
end

--- Loads a module, also where the host has by now taken the global `require` away, or put another one there for its scripts.
---@param name string
---@return any
function later.load(name)
  local before = rawget(globals, "require")
  if before == require then return require(name) end
  rawset(globals, "require", require)
  return restored(before, pcall(require, name))
end

--- A stand-in for a module that returns a table. The first look into it loads the module.
---@param name string
---@return table
function later.module(name)
  local meta = {}
  function meta.__index(_, key)
    local module = later.load(name)
    meta.__index = module
    return module[key]
  end
  return setmetatable({}, meta)
end

-- What programs require by name, and the faces, which are programs of their own: they are left out, by the beginnings of names.
local OTHERS = { "bybit.adapter.", "bybit.assert", "bybit.main", "bybit.module", "bybit.repl", "bybit.shell.", "bybit.strict" }

-- All files are compared at once, those that the start loads as well, since that costs less than one by one.
local not_held = modules.hold("bybit.", table.unpack(OTHERS))

--- Makes sure that no module needs a file from here on.
function later.hold()
  for _, name in ipairs(not_held) do require(name) end
end

--- Lets go of what was only needed to load the modules so far.
later.rest = modules.rest

return later
