-- Rate limits, as far as they are Lua's: the option `rate`, which group a path counts in, and what a refusal tells
-- the limiter. Counting and waiting are in C (src/limiter.c, src/line.c).

local core = require "bybit.core"
local errors = require "bybit.errors"
local hints = require "bybit.hints"

local limits = {}

-- Seconds to wait after a refusal that does not say how long, and after one that shuts out the address (V5
-- documentation, rate limits).
local NO_HEADER, BAN = 2, 600

-- Groups of endpoints that have no method here, in requests a second (V5 documentation, rate limits). A batch costs as
-- many as it holds orders: the limit headers of its answer tell.
local OTHERS = {
  ["order/create-batch"] = 10, ["order/amend-batch"] = 10, ["order/cancel-batch"] = 10, ["order/pre-check"] = 10,
  ["position/set-leverage"] = 10, ["position/add-margin"] = 10, ["position/confirm-pending-mmr"] = 10,
  ["position/closed-pnl"] = 50, ["account/wallet-balance"] = 50, ["account/info"] = 50, ["account/fee-rate"] = 5,
  ["account/user-setting-config"] = 50, ["account/set-margin-mode"] = 5, ["account/set-limit-px-action"] = 10,
  ["account/instruments-info"] = 10,
}

--- The declared groups of a dialect: group -> requests a second. Those that each symbol has for itself are none of them
--- until there is a symbol.
---@param dialect table
---@param by_symbol? boolean with those
---@return table<string, integer>
function limits.groups(dialect, by_symbol)
  local groups = {}
  for _, row in pairs(dialect.endpoints) do
    if row.group and (by_symbol or not row.by_symbol) then groups[row.group] = row.limit end
  end
  return groups
end

--- What a declaration says of rate limits, for any path: group, limit (nil: none is known) and how it is counted.
---@param dialect table
---@param path string
---@return table
function limits.of_path(dialect, path)
  for _, row in pairs(dialect.endpoints) do -- those with one path share one group
    if row.path == path and row.group then
      return { group = row.group, limit = row.limit, per = row.per, weight = row.weight, by_symbol = row.by_symbol }
    end
  end
  local group = path:match("^/v5/([%w/_%-]+)$")
  return group and #group < 40 and { group = group, limit = OTHERS[group] } or {}
end

local WANTED = '"wait", "fail", false, or a table such as {["order/create"] = 20, ip = 300} (requests a second; ip: in '
  .. "5 seconds) expected"

local function wrong(text, ...)
  errors.raise(("bybit.client: option 'rate': " .. text):format(...))
end

--- Checks the option `rate` and puts what it says into the settings of the C core.
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
    local groups, names = limits.groups(dialect, true), { "ip" }
    for name in pairs(groups) do names[#names + 1] = name end
    for name in pairs(OTHERS) do names[#names + 1] = name end
    table.sort(names)
    for name, most in pairs(rate) do
      if type(name) ~= "string" or not (name == "ip" or groups[name] or OTHERS[name]) then
        local near = type(name) == "string" and hints.nearest(name, names)
        wrong("no group '%s'%s", tostring(name), near and (", did you mean '%s'?"):format(near) or "")
      end
      if math.type(most) ~= "integer" or most < 1 or most > 1000000 then
        wrong("%s: an integer from 1 to 1000000 expected, got %s", name, tostring(most))
      end
    end
    settings.rates = rate
  end
end

-- Seconds after which the exchange says that a refused call may be made: in a header, or in the envelope.
local function told(row, facts, response)
  if row and row.bans then return BAN end
  local at = facts.limit_reset or math.tointeger(tonumber(response.headers["x-bapi-limit-reset-timestamp"] or ""))
  if not at or not response.time then return NO_HEADER end
  return math.min(math.max((at - response.time) / 1000, 0.001), BAN)
end

--- Tells the limiter of a refusal by its code; statuses and limit headers it has heard itself. Gives the seconds after
--- which such a call may go.
---@param client userdata
---@param row table? of the code or status
---@param err bybit.Error
---@param facts table
---@param response table
---@return number? retry_after
function limits.hear(client, row, err, facts, response)
  if facts.retry_after then return facts.retry_after end -- the limiter's own refusal
  if err.kind ~= "rate_limit" then return nil end
  local seconds = told(row, facts, response)
  if row and row.bans then
    core.client.ban(client)
  elseif err.code and facts.group then
    core.client.limited(client, facts.group, seconds)
  end
  local wait = core.client.retry_after(client, facts.group)
  return wait > 0 and wait or seconds
end

return limits
