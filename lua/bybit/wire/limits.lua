-- The part of rate limits that is in Lua: the option `rate`, the groups of a wire, and what a refusal tells the limiter. Counting
-- and waiting are in C (src/pace/limiter.c, src/pace/line.c).

local core = require "bybit.core"
local errors = require "bybit.errors"
local later = require "bybit.later"

local nearest, time = later.module "bybit.text.nearest", later.module "bybit.text.time"

local limits = {}

local UNTOLD = 2 -- seconds to wait after a refusal that does not say how long

local LONGEST = 86400 -- seconds: a header that says more counts as this

--- The rate groups of a wire: group -> requests in its time.
---@param dialect table
---@param by_symbol? boolean also the groups that each symbol has for itself
---@return table<string, integer>
function limits.groups(dialect, by_symbol)
  local groups = {}
  for _, row in pairs(dialect.endpoints) do
    if row.group and not row.open and (by_symbol or not row.by_symbol) then groups[row.group] = row.limit end
  end
  return groups
end

-- The names of all rate groups: those with rows, and the others that are known.
local function known_groups(dialect)
  local names = {}
  for _, groups in ipairs { limits.groups(dialect, true), dialect.groups or {} } do
    for name in pairs(groups) do names[name] = true end
  end
  return names
end

local function hint_of(groups, name)
  local names = { "ip" }
  for group in pairs(groups) do names[#names + 1] = group end
  table.sort(names)
  return nearest.hint(name, names)
end

local WANTED = '"wait", "fail", false, or a table such as {["order/create"] = 20, ip = 300} (requests a second; ip: in '
  .. "5 seconds) expected"

local function wrong(text, ...)
  errors.raise(("bybit.client: option 'rate': " .. text):format(...))
end

--- Checks the option `rate`, and puts it into the settings of the C core.
---@param rate any
---@param dialect table
---@param settings table
function limits.option(rate, dialect, settings)
  if rate == nil or rate == "wait" then return end
  if rate == "fail" then
    settings.impatient = true
  elseif rate == false then
    settings.unlimited = true
  elseif type(rate) ~= "table" then
    wrong("%s, got %s", WANTED, tostring(rate))
  else
    local groups
    for name, most in pairs(rate) do
      groups = groups or name ~= "ip" and known_groups(dialect)
      if name ~= "ip" and not groups[name] then wrong("no group '%s'%s", tostring(name), hint_of(groups, name)) end
      if math.type(most) ~= "integer" or most < 1 or most > 1000000 then
        wrong("%s: an integer from 1 to 1000000 expected, got %s", name, tostring(most))
      end
    end
    settings.rates = rate
  end
end

-- In how many seconds Retry-After, of the exchange or of a gateway, allows another request: a number, or a date, which is compared
-- with the answer's own (RFC 9110, 10.2.3). Nil if there is none that can be read.
local function retry_after(client, headers)
  local text = headers["retry-after"]
  if not text then return nil end
  local seconds = text:match "^%d+$" and tonumber(text)
  if not seconds then
    local at = time.http(text)
    seconds = at and (at - (headers.date and time.http(headers.date) or core.client.now(client))) / 1000
  end
  return seconds and math.min(math.max(seconds, 0), LONGEST) or nil
end

-- In how many seconds a refused call may be made again. The exchange tells it in a header or in the envelope; `after` is what
-- Retry-After says.
local function told(dialect, row, facts, response, after)
  if row and row.bans then return math.max(core.client.BAN, after or 0) end
  local header = dialect.limit_reset and response.headers[dialect.limit_reset]
  local at = facts.limit_reset or math.tointeger(tonumber(header or ""))
  if not at or not response.time then return after or UNTOLD end
  return math.max(math.min(math.max((at - response.time) / 1000, 0.001), core.client.HOLD_MOST), after or 0)
end

--- Tells the limiter that the exchange refused a call by its code. (The limiter itself reads statuses and limit headers.)
--- Returns in how many seconds such a call may be sent.
---@param client userdata
---@param row table? the row of the code or status
---@param err bybit.Error
---@param facts table
---@param response table
---@return number? retry_after
function limits.hear(client, row, err, facts, response)
  if facts.retry_after then return facts.retry_after end -- the limiter's own refusal
  local after = retry_after(client, response.headers)
  if err.kind ~= "rate_limit" then return facts.http_status and after end
  local seconds = told(core.client.table(client).class.dialect, row, facts, response, after)
  if row and row.bans then
    core.client.ban(client)
  elseif err.code and facts.group then
    core.client.limited(client, facts.group, seconds)
  elseif not err.code then
    core.client.pause(client, after or 0)
  end
  local wait = core.client.retry_after(client, facts.group)
  return math.max(wait > 0 and wait or seconds, after or 0)
end

return limits
