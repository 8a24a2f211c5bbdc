-- How an account and its markets stand, on the v2 wire: what guard rails ask, as in wire/v5/standing.lua.

local decimal = require("bybit.core").decimal
local walk = require "bybit.wire.walk"

local standing = {}

local function number(value)
  local ok, found = pcall(decimal, value)
  return ok and found or nil
end

local function part(result, key)
  return type(result) == "table" and type(result[key]) == "table" and result[key] or {}
end

--- The position of a symbol, also a flat one, as the only one of a list.
function standing.legs(call, client, p)
  local position, err = call(client, "get_position", walk.inner(p, { symbol = p.symbol }))
  if not position then return nil, err end
  return { position }
end

standing.positions = standing.legs

--- The prices of a symbol.
function standing.prices(call, client, p)
  local result, err = call(client, "get_ticker", walk.inner(p, { symbol = p.symbol }))
  if not result then return nil, err end
  local ticker = part(result, 1)
  return { mark = number(ticker.mark_price), last = number(ticker.last_price) }
end

--- The equity of a coin.
function standing.wallet(call, client, p)
  local result, err = call(client, "get_balance", walk.inner(p, { coin = p.coin }))
  if not result then return nil, err end
  return { equity = number(part(result, p.coin).equity) }
end

return standing
