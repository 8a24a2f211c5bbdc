-- The facade: what `require "bybit"` returns.

local core = require "bybit.core"
local tasks = require "bybit.tasks"
local time = require "bybit.time"

---@type bybit
local bybit = {
  version = require "bybit.version",
  client = require "bybit.client",
  decimal = core.decimal,
  json = core.json,
  null = core.json.null,
  sign = { hmac_sha256 = core.sign.hmac_sha256, rsa_sha256 = core.sign.rsa_sha256 },
  iso = time.iso,
}

-- Tasks, see tasks.lua.
for _, name in ipairs { "run", "spawn", "sleep", "all", "race", "within", "wrap", "defer", "blocking", "on_error",
  "cancel_token", "step", "fd", "next_timeout" } do
  bybit[name] = tasks[name]
end

--- Milliseconds of an ISO 8601 text; raises when it is none.
---@param text string
---@return integer ms
function bybit.time(text)
  local ms = type(text) == "string" and time.parse(text)
  if not ms then
    error(("bybit.time: ISO 8601 text such as '2026-01-31T12:00:00Z' expected, got %s"):format(tostring(text)), 2)
  end
  return ms
end

-- A name that does not exist would be nil, and nil equals nil: these raise.
local function strict(what, names)
  return setmetatable(names, {
    __index = function(_, key) error(("bybit.%s has no '%s'"):format(what, tostring(key)), 2) end,
  })
end

local lazy = {}

function lazy.codes()
  local names = {}
  for _, api in ipairs { "v5", "v2" } do
    local codes = require("bybit.dialect.codes." .. api)
    for _, rows in ipairs { codes.by_code, codes.patterns, codes.http } do
      for _, row in pairs(rows) do
        if row.name then names[row.name] = row.name end
      end
    end
  end
  return strict("codes", names)
end

function lazy.enums()
  local all = {}
  for name, enum in pairs(require "bybit.enums") do
    local values = {}
    for _, list in ipairs { enum.values, enum.v2 or {} } do
      for _, value in ipairs(list) do values[value] = value end
    end
    all[name] = strict("enums." .. name, values)
  end
  return strict("enums", all)
end

function lazy.main() return require "bybit.main" end

function lazy.paper() return require "bybit.paper" end

return setmetatable(bybit, {
  lazy = lazy, -- what is loaded on first use, for those who list what there is
  __index = function(t, key)
    if not lazy[key] then return nil end
    local value = lazy[key]()
    rawset(t, key, value)
    return value
  end,
})
