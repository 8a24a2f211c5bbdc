-- How an account and its markets stand, on the V5 wire: what guard rails ask (client/guard). Every function is called as f(call,
-- client, p), where call(client, row, params) makes an inner request, and p has the options of a call. It returns nil and an error
-- where it cannot tell.

local number = require("bybit.records.odd").number
local objects = require "bybit.records.objects"
local walk = require "bybit.wire.walk"

local standing = {}

--- The positions of a symbol: one, also a flat one, or one for each side.
---@param p table symbol
---@return table[]? legs
---@return bybit.Error? err
function standing.legs(call, client, p)
  return call(client, "get_positions", walk.inner(p, { symbol = p.symbol }))
end

local PAGE, MOST = 200, 20 -- positions of a page (V5 documentation, position/list), pages

--- The positions of a symbol, also a flat one; without a symbol, all that are not flat.
---@param p table symbol, or settle_coin
---@return table[]? positions
---@return bybit.Error? err
function standing.positions(call, client, p)
  if p.symbol then return standing.legs(call, client, p) end
  return walk.whole("positions", p, MOST, function(cursor)
    return call(client, "get_positions", walk.inner(p, { settle_coin = p.settle_coin, limit = PAGE, cursor = cursor }))
  end)
end

--- The wallet of the account, as streams tell it.
---@return table? wallet
---@return bybit.Error? err
function standing.purse(call, client, p)
  local list, err = call(client, "get_balances", walk.inner(p, {}))
  if not list then return nil, err end
  local wallet = { coins = setmetatable({ table.unpack(list) }, getmetatable(list)) }
  for name, value in pairs(list) do
    if type(name) == "string" and name ~= "next_cursor" then wallet[name] = value end
  end
  return setmetatable(wallet, objects.metatable "wallet")
end

--- The prices of a symbol.
---@param p table symbol
---@return { mark: userdata?, last: userdata? }? prices decimals
---@return bybit.Error? err
function standing.prices(call, client, p)
  local ticker, err = call(client, "get_ticker", walk.inner(p, { symbol = p.symbol }))
  if not ticker then return nil, err end
  return { mark = number(ticker, "mark_price"), last = number(ticker, "last_price") }
end

--- The equity of a coin: its balance, with the profit that is not realized.
---@param p table coin
---@return { equity: userdata? }? wallet a decimal
---@return bybit.Error? err
function standing.wallet(call, client, p)
  local balance, err = call(client, "get_balance", walk.inner(p, { coin = p.coin }))
  if not balance then return nil, err end
  return { equity = rawget(balance, "coin") == p.coin and number(balance, "equity") or nil }
end

return standing
