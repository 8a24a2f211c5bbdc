-- What `require "bybit"` returns; init.lua loads it.

local core = require "bybit.core"
local known = require "bybit.text.known"
local later = require "bybit.later"
require "bybit.strategy"

local synonyms, tasks, time = later.module "bybit.text.synonyms", later.module "bybit.tasks", later.module "bybit.text.time"

---@type bybit
local bybit = {
  version = require "bybit.version",
  client = require "bybit.client",
  decimal = core.decimal,
  json = known.only("bybit.json", core.json),
  null = core.json.null,
  sign = known.only("bybit.sign", { hmac_sha256 = core.sign.hmac_sha256, rsa_sha256 = core.sign.rsa_sha256 }),
}

later.hold()

--- Milliseconds of an ISO 8601 text; raises when the text is not a moment.
---@param text string
---@return integer ms
function bybit.time(text)
  local ms = type(text) == "string" and time.parse(text)
  if not ms then
    error(("bybit.time: ISO 8601 text such as '2026-01-31T12:00:00Z' expected, got %s"):format(tostring(text)), 2)
  end
  return ms
end

-- The name that a word stands for: whatever its case and signs, or as the enum's hints say.
local function meant(words, key)
  local plain = synonyms.plain(tostring(key))
  for _, list in ipairs(words) do
    for word, name in pairs(list) do
      if synonyms.plain(word) == plain then return (": here it is '%s'"):format(name) end
    end
  end
end

-- A table that raises for a name that it does not have. `words` are lists of what else people write, with the names that are meant.
local function strict(what, names, words)
  return known.only("bybit." .. what, names, { hint = function(key) return meant(words, key) end })
end

-- What else people call the enums.
local ENUMS = { type = "order_type", tif = "time_in_force", status = "order_status", trigger_by = "trigger_type",
  exec_type = "trade_type", sides = "side", order_types = "order_type", order_side = "side", is_maker = "liquidity",
  state = "order_status", trigger = "trigger_type" }

local lazy = {}

function lazy.iso() return time.iso end

-- From tasks/init.lua.
for _, name in ipairs { "run", "spawn", "sleep", "all", "race", "within", "wrap", "defer", "blocking", "on_error",
  "cancel_token", "step", "fd", "next_timeout" } do
  lazy[name] = function() return tasks[name] end
end

function lazy.codes()
  local names, numbers = {}, {}
  for _, api in ipairs { "v5", "v2" } do
    local codes = later.load(("bybit.wire.%s.codes"):format(api))
    for _, rows in ipairs { codes.by_code, codes.patterns, codes.http } do
      for _, row in pairs(rows) do
        if row.name then names[row.name] = row.name end
      end
    end
    for code, row in pairs(codes.by_code) do numbers[tostring(code)] = numbers[tostring(code)] or row.name end
  end
  return strict("codes", names, { names, numbers })
end

function lazy.enums()
  local all, own = {}, {}
  for name, enum in pairs(later.load "bybit.records.enums") do
    local values = {}
    for _, list in ipairs { enum.values, enum.v2 or {} } do
      for _, value in ipairs(list) do values[value] = value end
    end
    all[name] = strict("enums." .. name, values, { values, enum.hints })
    own[name] = name
  end
  return strict("enums", all, { own, ENUMS })
end

function lazy.declare() return later.load "bybit.client.declare" end

function lazy.main() return later.load "bybit.client.main" end

function lazy.paper() return later.load "bybit.client.paper" "bybit.paper" end

-- What the name of a method is told, which a client has.
local function of_client(key)
  local rows = later.load "bybit.wire.rows"
  if not rows.method(later.load "bybit.wire.v5.endpoints", key) then return nil end
  return (": a client has it, client:%s{...}"):format(key)
end

return known.only("bybit", bybit, { lazy = lazy, hint = of_client })
