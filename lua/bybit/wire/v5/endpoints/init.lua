-- The endpoints of the V5 wire. Their files are named as the groups of the exchange's documentation, and hold the rows in its
-- order; wire/rows.lua explains the fields. A group without a row has no file yet: write the file, and name it below.
--
--   order      Trade: orders, executions, batches
--   position   Position: positions, leverage, margin, stops, closed profit and loss
--   market     Market: prices, books, candles, contracts; needs no signature
--   account    Account: balances, fees, settings, the transaction log
--   asset      Asset: transfers, coins
--   user       User: keys, subaccounts

local groups = require "bybit.wire.v5.groups"
local params = require "bybit.wire.v5.endpoints.params"
local rows = require "bybit.wire.rows"

local PUBLIC = "^/v5/market/" -- requests to these paths need no signature (V5 documentation, authentication)

local CANCELS = { ["order/cancel-batch"] = true } -- groups without a row whose requests take risk away

-- Fills in what follows from the path and the verb. Each path is a rate group by itself. A query always answers with its list, which
-- is empty if there is nothing; so an answer without the list is an error, and does not mean that there is nothing. Nor does an
-- empty page that has a next cursor.
local function complete(row)
  row.params = params.rows(row.params)
  row.fixed = row.fixed and params.fixed(row.fixed)
  if row.path:find(PUBLIC) then row.open = true end
  local group = row.path:match("^/v5/([%w/_%-]+)$")
  if not row.composite and group then
    row.group, row.limit, row.cancels = group, row.limit or groups[group], row.cancels or CANCELS[group]
  end
  local result = row.result
  if row.verb == "GET" and not row.composite and result.needed == nil and (result.list or result.first) then
    row.result = { needed = true, more = result.first and "nextPageCursor" or nil }
    for k, v in pairs(result) do row.result[k] = v end
  end
end

return rows.new { folder = "bybit.wire.v5.endpoints", subjects = { "order", "position", "market", "account" },
  complete = complete }
