-- What one wants to see at a glance: the market, the wallet, the position, what is open. Read with client:request where
-- no method has it; of a client without keys the market alone.

local bybit = require "bybit"
local core = require "bybit.core"
local show = require "bybit.show"

local function first(client, path, params, options)
  local result = assert(client:request("GET", path, params, options))
  return result.list and result.list[1]
end

-- A number of the exchange without the zeros that say nothing; nil: empty or zero, which mean none.
local function given(text)
  local number = type(text) == "string" and text ~= "" and bybit.decimal(text)
  return number and not number:is_zero() and number:key() or nil
end

local function market_text(client, symbol, options)
  local t = first(client, "/v5/market/tickers", { symbol = symbol }, options)
  if not t then return ("%s: no such contract"):format(symbol) end
  return ("%s  last %s  bid %s  ask %s  mark %s"):format(symbol, t.lastPrice, t.bid1Price, t.ask1Price, t.markPrice)
end

local function wallet_text(client, symbol, options)
  local instrument = first(client, "/v5/market/instruments-info", { symbol = symbol }, options)
  local coin = instrument and instrument.settleCoin
  local wallet = coin and first(client, "/v5/account/wallet-balance", { accountType = "UNIFIED", coin = coin }, options)
  local c = wallet and wallet.coin and wallet.coin[1]
  return c and ("wallet    %s %s, equity %s"):format(c.walletBalance, coin, c.equity)
end

local function position_text(client, symbol, options)
  local p = first(client, "/v5/position/list", { symbol = symbol }, options)
  if not p or not given(p.size) then return "position  none" end
  local text = ("position  %s %s @ %s, open profit %s"):format(p.side, p.size, given(p.avgPrice) or "-",
    given(p.unrealisedPnl) or "0")
  for _, more in ipairs { { "liqPrice", "liquidation" }, { "takeProfit", "take profit" }, { "stopLoss", "stop loss" } } do
    if given(p[more[1]]) then text = ("%s, %s %s"):format(text, more[2], given(p[more[1]])) end
  end
  return text
end

local function orders_text(name, list, width)
  if #list == 0 then return name .. " none" end
  return name .. "\n" .. show.text(list, { width = width, rows = 10 })
end

--- The text of an overview; raises what a request failed with.
---@param client table
---@param symbol string
---@param width integer
---@param cancel userdata
---@return string
return function(client, symbol, width, cancel)
  local options = { cancel = cancel }
  local parts = { market_text(client, symbol, options) }
  if not core.client.keyed(client) then return parts[1] .. "\n(without keys there is no more to see)" end
  parts[#parts + 1] = wallet_text(client, symbol, options)
  parts[#parts + 1] = position_text(client, symbol, options)
  local p = { symbol = symbol, cancel = cancel }
  parts[#parts + 1] = orders_text("orders   ", assert(client:get_open_orders_real_time(p)), width)
  parts[#parts + 1] = orders_text("waiting  ", assert(client:get_open_conditional_orders_real_time(p)), width)
  return table.concat(parts, "\n")
end
