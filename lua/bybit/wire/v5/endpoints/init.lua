-- The endpoints of the V5 wire. Their files are named as the groups of the exchange's documentation, and hold the rows in its
-- order; wire/rows.lua explains the fields. A group without a row has no file yet: write the file, and name it below.
--
--   order      Trade: what changes orders
--   lists      Trade: what reads orders and executions
--   batch      Trade: several orders with one request
--   position   Position: positions, leverage, margin, stops, closed profit and loss
--   market     Market: prices, books, candles, contracts; needs no signature
--   account    Account: balances, fees, settings, the transaction log
--   asset      Asset: transfers, coins
--   user       User: keys, subaccounts
--   system     System: interruptions; needs no signature

local groups = require "bybit.wire.v5.groups"
local params = require "bybit.wire.v5.endpoints.params"
local rows = require "bybit.wire.rows"

-- Requests to these paths need no signature (V5 documentation, authentication).
local PUBLIC = { "^/v5/market/", "^/v5/system/status$" }

-- Fills in what follows from the path and the verb. Each path is a rate group by itself. A query always answers with its list, which
-- is empty if there is nothing; so an answer without the list is an error, and does not mean that there is nothing. Nor does an
-- empty page that has a next cursor.
local function complete(row)
  row.params = params.rows(row.params)
  params.add_category(row)
  for _, pattern in ipairs(PUBLIC) do row.open = row.open or row.path:find(pattern) ~= nil or nil end
  local group = row.path:match("^/v5/([%w/_%-]+)$")
  if row.composite then
    row.limit, row.per = nil, nil -- it sends nothing itself: its internal rows do
  elseif group then
    row.group, row.limit = group, row.limit or groups[group]
  end
  local result = row.result
  if row.verb == "GET" and not row.composite and result.needed == nil and (result.list or result.first or result.columns) then
    row.result = { needed = true, more = result.first and "nextPageCursor" or nil }
    for k, v in pairs(result) do row.result[k] = v end
  end
end

local SUBJECTS = { "order", "lists", "batch", "position", "market", "account", "asset", "user", "system" }

local known = { execution = "lists" }
for _, subject in ipairs(SUBJECTS) do known[subject] = subject end

-- The file with the rows of a path.
local function of_path(path)
  if path:find "%-batch$" then return "batch" end
  if path == "/v5/order/realtime" or path == "/v5/order/history" then return "lists" end
  return known[path:match "^/v5/(%a+)/"]
end

return rows.new { folder = "bybit.wire.v5.endpoints", subjects = SUBJECTS, complete = complete, of_path = of_path }
