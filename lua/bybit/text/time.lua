-- Converts moments between integer milliseconds since 1970 and ISO 8601 text. Integer arithmetic only.

local time = {}

local function civil_from_days(days)
  local z = days + 719468
  local era = z // 146097
  local doe = z - era * 146097
  local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
  local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
  local mp = (5 * doy + 2) // 153
  local month = mp + (mp < 10 and 3 or -9)
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - (153 * mp + 2) // 5 + 1
end

--- Milliseconds of an ISO 8601 moment: `2026-01-31`, `2026-01-31T12:00:00Z`, with 0 to 9 fraction digits (cut to
--- milliseconds) and `Z` or an offset such as `+01:00`. Without an offset UTC is meant.
---@param text string
---@return integer? ms nil when the text is not a moment
time.parse = require("bybit.core").moment

--- ISO 8601 text of a moment, UTC, with milliseconds: `2026-01-31T12:00:00.000Z`.
---@param ms integer
---@return string
function time.iso(ms)
  if math.type(ms) ~= "integer" then
    error("bybit.iso: integer milliseconds expected, got " .. tostring(ms), 2)
  end
  local year, month, day = civil_from_days(ms // 86400000)
  local rest = ms % 86400000
  return ("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ"):format(
    year, month, day, rest // 3600000, rest // 60000 % 60, rest // 1000 % 60, rest % 1000)
end

local MONTHS = { jan = 1, feb = 2, mar = 3, apr = 4, may = 5, jun = 6, jul = 7, aug = 8, sep = 9, oct = 10, nov = 11, dec = 12 }

--- Milliseconds of a date in a header of HTTP (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
---@param text string
---@return integer? ms nil when the text is no such date
function time.http(text)
  local day, month, year, clock = text:match "^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d:%d%d:%d%d) GMT$"
  local number = month and MONTHS[month:lower()]
  return number and time.parse(("%s-%02d-%sT%sZ"):format(year, number, day, clock)) or nil
end

return time
