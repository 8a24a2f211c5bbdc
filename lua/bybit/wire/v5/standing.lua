-- How an account and its markets stand, on the V5 wire: what guard rails ask (client/guard). Every function is called as f(call,
-- client, p), where call(client, row, params) makes an inner request, and p has the options of a call. It returns nil and an error
-- where it cannot tell.

local decimal = require("bybit.core").decimal
local walk = require "bybit.wire.walk"

local standing = {}

-- A number of an answer that is kept as it came: a text, a number, or nothing.
local function number(value)
  local ok, found = pcall(decimal, value)
  return ok and found or nil
end

local function first(result)
  local list = type(result) == "table" and result.list
  return type(list) == "table" and type(list[1]) == "table" and list[1] or {}
end

--- The positions of a symbol: one, also a flat one, or one for each side.
---@param p table symbol
---@return table[]? legs
---@return bybit.Error? err
function standing.legs(call, client, p)
  return call(client, "position_legs", walk.inner(p, { symbol = p.symbol }))
end

--- The prices of a symbol.
---@param p table symbol
---@return { mark: userdata?, last: userdata? }? prices decimals
---@return bybit.Error? err
function standing.prices(call, client, p)
  local result, err = call(client, "prices", walk.inner(p, { symbol = p.symbol }))
  if not result then return nil, err end
  local ticker = first(result)
  return { mark = number(ticker.markPrice), last = number(ticker.lastPrice) }
end

--- The equity of a coin: its balance, with the profit that is not realized.
---@param p table coin
---@return { equity: userdata? }? wallet a decimal
---@return bybit.Error? err
function standing.wallet(call, client, p)
  local result, err = call(client, "wallet", walk.inner(p, { coin = p.coin }))
  if not result then return nil, err end
  local coins = first(result).coin
  local coin = type(coins) == "table" and type(coins[1]) == "table" and coins[1] or {}
  return { equity = coin.coin == p.coin and number(coin.equity) or nil }
end

return standing
