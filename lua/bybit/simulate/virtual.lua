-- Lua's own time and chance while a simulation runs: os.time, os.date and os.clock tell virtual time, math.random draws from the seed.
-- What a program has kept of them in locals before is not changed.

local core = require "bybit.core"

local virtual = {}

local Virtual = {}

local PLACES = { { os, "time" }, { os, "date" }, { os, "clock" }, { math, "random" }, { math, "randomseed" } }

local function put(functions)
  for i, place in ipairs(PLACES) do rawset(place[1], place[2], functions[i]) end
end

function Virtual:__close() put(self) end

-- Draws as math.random does.
local function drawer(random)
  return function(low, high)
    if low == nil then return random:unit() end
    if high == nil then
      if math.tointeger(low) == 0 then return random:integer(math.mininteger, math.maxinteger) end
      low, high = 1, low
    end
    low, high = math.tointeger(low), math.tointeger(high)
    if not low or not high then error("bad argument to 'random' (number has no integer representation)", 2) end
    if low > high then error("bad argument to 'random' (interval is empty)", 2) end
    return random:integer(low, high)
  end
end

--- Puts virtual time and chance in the place of Lua's own, until what is returned is closed.
---@param world table
---@param seed integer
function virtual.begin(world, seed)
  local before = setmetatable({}, Virtual)
  for i, place in ipairs(PLACES) do before[i] = place[1][place[2]] end
  local draw = drawer(core.random(seed))
  put {
    function(t) return t == nil and world:now() // 1000 or before[1](t) end,
    function(format, t) return before[2](format or "%c", t or world:now() // 1000) end,
    function() return world:elapsed() end,
    function(...) return draw(...) end,
    function(n) draw = drawer(core.random(math.tointeger(n) or seed + 1)) end, -- without a number Lua would take the time
  }
  return before
end

return virtual
