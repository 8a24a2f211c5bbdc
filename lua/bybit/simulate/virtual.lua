-- Lua's own time and chance while a simulation runs: os.time, os.date and os.clock tell virtual time, math.random draws from the seed.
-- What a program has kept of them in locals before is not changed.

local core = require "bybit.core"

local virtual = {}

local Virtual = {}

function Virtual:__close()
  os.time, os.date, os.clock, math.random, math.randomseed = table.unpack(self, 1, 5)
end

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
  local self = setmetatable({ os.time, os.date, os.clock, math.random, math.randomseed }, Virtual)
  local time, date = os.time, os.date
  os.time = function(t) return t == nil and world:now() // 1000 or time(t) end
  os.date = function(format, t) return date(format or "%c", t or world:now() // 1000) end
  os.clock = function() return world:elapsed() end
  math.random = drawer(core.random(seed))
  math.randomseed = function(n) -- without a number Lua would take the time
    math.random = drawer(core.random(math.tointeger(n) or seed + 1))
  end
  return self
end

return virtual
