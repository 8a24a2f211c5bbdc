-- The endpoints of the v2 wire (v2 documentation, inverse perpetual): a file per group of the documentation, in its order. A
-- method and its parameters mean the same on both wires. What a parameter is (type, limits, doc) is in the V5 row of the method. A
-- row here says how v2 spells it: { our name, name on the v2 wire, what differs }, or the name of a shared spelling of params.lua.
-- A parameter of V5 that is not named here does not exist on v2. wire/rows.lua explains the fields of a row; on this wire there
-- are also:
--
--   group        the rate group, a name of GROUPS below, which says limit, per and by_symbol
--   limit, per   how many requests in how many seconds
--   by_symbol    each symbol has that limit for itself
--   weight       how many requests of the limit a call costs; 1 when left out
--   like         the V5 method that has the parameters of the row, if it has another name than the row

local params = require "bybit.wire.v2.endpoints.params"
local rows = require "bybit.wire.rows"

local MINUTE = 60

-- The groups of the documentation's table (v2 documentation, rate limits). It does not say whether each path of a row has the
-- limit for itself; one limit for all of them can never break it.
local GROUPS = {
  order = { limit = 100, per = MINUTE }, query = { limit = 600, per = MINUTE },
  list = { limit = 120, per = MINUTE }, stop = { limit = 75, per = MINUTE },
}

local PUBLIC = "^/v2/public/" -- requests to these paths need no signature

-- Fills in the parameters from V5's row, and what follows from the path and the group.
local function complete(row, name)
  row.params = params.rows(row.like or name, row.params)
  row.like = nil
  if row.path:find(PUBLIC) then row.open = true end
  local group = row.group and GROUPS[row.group]
  if group then row.limit, row.per, row.by_symbol = group.limit, group.per, true end
end

return rows.new { folder = "bybit.wire.v2.endpoints", subjects = { "order", "stop_order", "position", "wallet" },
  complete = complete }
