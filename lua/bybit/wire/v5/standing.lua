-- How an account and its markets stand, on the V5 wire: what guard rails ask (client/guard). Every function is called as f(call,
-- client, p), where call(client, row, params) makes an inner request, and p has the options of a call. It returns nil and an error
-- where it cannot tell.

local number = require("bybit.records.odd").number
local walk = require "bybit.wire.walk"

local standing = {}

--- The positions of a symbol: one, also a flat one, or one for each side.
---@param p table symbol
---@return table[]? legs
---@return bybit.Error? err
function standing.legs(call, client, p)
  return call(client, "get_positions", walk.inner(p, { symbol = p.symbol }))
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
