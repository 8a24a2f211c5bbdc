-- Coin that moves: play money, and how a transfer between wallets is found.

local core = require "bybit.core"
local walk = require "bybit.wire.walk"

local money = { composites = {} }

local MOST_PAGES = 20 -- of a list that is asked for one id
local SECOND = 1000   -- ms: the list's times count in whole seconds (V5 documentation, asset/transfer)

--- Looks for a transfer by its id.
---@param p table transfer_id, since (ms; nil: the exchange's default window), and options of a call
---@return table|false|nil transfer false: it is not in the list; nil: that could not be found out
---@return bybit.Error|integer|nil err or, unless transfer is nil, the exchange's time of the first answer, ms
function money.find_transfer(call, client, p)
  local found, time = false, nil
  local done, err = walk.pages("find_transfer", p, MOST_PAGES, function(cursor)
    return call(client, "transfer_page", walk.inner(p, { transfer_id = p.transfer_id, cursor = cursor,
      start_time = p.since and p.since - SECOND }))
  end, function(page, response)
    time = time or response.time
    found = walk.find(page, "transfer_id", p.transfer_id, "transfer_id")
    return found ~= false
  end)
  if not done then return nil, err end
  if found == nil then return nil, walk.nameless(p) end
  return found, time
end

--- Asks for play money, or gives it back. The exchange takes a list of coins; one is enough here.
function money.composites.request_demo_funds(call, client, p)
  local amount = core.decimal(p.amount)
  local extra = { utaDemoApplyMoney = { { coin = p.coin, amountStr = tostring(amount:abs()) } } }
  for k, v in pairs(p.extra or {}) do extra[k] = v end -- in any order
  local fields = walk.inner(p, { coin = p.coin, adjust_type = amount < 0 and 1 or 0 })
  fields.extra = extra
  return call(client, "demo_funds", fields)
end

return money
