-- Moments: integer milliseconds since 1970 on one side, ISO 8601 text on the other. Integer arithmetic only.

local time = {}

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local function days_in(year, month)
  return month == 2 and leap(year) and 29 or DAYS[month]
end

-- Days from 1970-01-01 to the first of March based civil calendar date (proleptic Gregorian).
local function days_from_civil(year, month, day)
  local y = month <= 2 and year - 1 or year
  local era = y // 400
  local of_era = y - era * 400
  local of_year = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5 + day - 1
  return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
end

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
---@return integer? ms nil when the text is no such moment
function time.parse(text)
  local year, month, day, rest = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$")
  if not year then return nil end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if month < 1 or month > 12 or day < 1 or day > days_in(year, month) then return nil end
  local ms = days_from_civil(year, month, day) * 86400000
  if rest == "" then return ms end
  local hour, minute, second, tail = rest:match("^[T ](%d%d):(%d%d):(%d%d)(.*)$")
  if not hour then return nil end
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  if hour > 23 or minute > 59 or second > 59 then return nil end
  ms = ms + ((hour * 60 + minute) * 60 + second) * 1000
  local digits, zone = tail:match("^%.(%d+)(.*)$")
  if digits then
    if #digits > 9 then return nil end
    ms = ms + tonumber((digits .. "00"):sub(1, 3))
    tail = zone
  end
  if tail == "" or tail == "Z" then return ms end
  local sign, oh, om = tail:match("^([+-])(%d%d):?(%d%d)$")
  if not sign or tonumber(oh) > 23 or tonumber(om) > 59 then return nil end
  local offset = (tonumber(oh) * 60 + tonumber(om)) * 60000
  return sign == "+" and ms - offset or ms + offset
end

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

return time
