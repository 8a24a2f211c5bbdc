-- Moments as files write them: seconds, milliseconds or finer since 1970, or a date.

local time = require "bybit.text.time"

local moments = {}

local FIRST, LAST = 946684800000, 4102444800000 -- ms: the years 2000 to 2099; what is outside was read in a wrong unit

-- The whole number that a text of digits says.
local function tointeger(text)
  return text:find "^%d+$" and math.tointeger(tonumber(text))
end

-- How many of the unit are a millisecond, by the number of digits before the point.
local function from_number(text)
  local n = #text <= 13 and tointeger(text)
  if n then return #text <= 10 and n * 1000 or n end
  local whole, fraction = text:match "^(%d+)%.?(%d*)$"
  if not whole or #whole > 19 then return nil end
  n = tointeger(whole)
  if not n then return nil end
  if #whole <= 10 then return n * 1000 + (math.tointeger(tonumber((fraction .. "000"):sub(1, 3)))) end
  if #whole <= 13 then return n end
  return #whole <= 16 and n // 1000 or n // 1000000
end

-- `2025.01.31 00:00`, `2025-01-31 00:00:00`, `2025/01/31T00:00Z`
local function from_date(text)
  local year, month, day, rest = text:match "^(%d%d%d%d)[%.%-/](%d%d)[%.%-/](%d%d)(.*)$"
  if not year then return nil end
  local clock, zone = rest:match "^[ T]+(%d%d:%d%d:?[%d%.]*)%s*(.*)$"
  if rest ~= "" and not clock then return nil end
  if clock and #clock == 5 then clock = clock .. ":00" end
  if zone == "UTC" or zone == "" then zone = "Z" end
  return time.parse(("%s-%s-%s"):format(year, month, day) .. (clock and ("T%s%s"):format(clock, zone) or ""))
end

--- Milliseconds of a moment; nil when the text is none.
---@param text string
---@return integer?
function moments.read(text)
  local ms = from_number(text) or from_date(text)
  if not ms or ms < FIRST or ms >= LAST then return nil end
  return ms
end

return moments
