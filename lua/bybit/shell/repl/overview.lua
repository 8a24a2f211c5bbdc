-- The overview: the market, the wallet, the position, open orders. What no method reads is read with client:request. A client
-- without keys sees only the market.

local bybit = require "bybit"
local core = require "bybit.core"
local glance = require "bybit.wire.v5.glance"
local show = require "bybit.shell.show"

-- What was read; raises what the request failed with.
local function read(value, err)
  if not value and err then error(err, 0) end
  return value
end

-- A number from the exchange without trailing zeros; nil when it is empty or zero, which mean that there is none.
local function given(text)
  local number = type(text) == "string" and text ~= "" and bybit.decimal(text)
  return number and not number:is_zero() and number:key() or nil
end

local function market_text(client, symbol, options)
  local t = read(glance.ticker(client, symbol, options))
  if not t then return ("%s: no such contract"):format(symbol) end
  return ("%s  last %s  bid %s  ask %s  mark %s"):format(symbol, t.last_price, t.bid_price, t.ask_price, t.mark_price)
end

local function wallet_text(client, symbol, options)
  local instrument = read(glance.instrument(client, symbol, options))
  local coin = instrument and instrument.settle_coin
  local wallet = coin and read(glance.wallet(client, coin, options))
  return wallet and ("wallet    %s %s, equity %s"):format(wallet.wallet_balance, coin, wallet.equity)
end

local MORE = { { "liquidation_price", "liquidation" }, { "take_profit_price", "take profit" },
  { "stop_loss_price", "stop loss" } }

local function position_text(client, symbol, options)
  local p = read(glance.position(client, symbol, options))
  if not p or not given(p.quantity) then return "position  none" end
  local text = ("position  %s %s @ %s, open profit %s"):format(p.side, p.quantity, given(p.entry_price) or "-",
    given(p.unrealized_pnl) or "0")
  for _, more in ipairs(MORE) do
    if given(p[more[1]]) then text = ("%s, %s %s"):format(text, more[2], given(p[more[1]])) end
  end
  return text
end

local function orders_text(name, list, width)
  if #list == 0 then return name .. " none" end
  return name .. "\n" .. show.text(list, { width = width, rows = 10 })
end

--- The text of an overview; raises the error of a request that fails.
---@param client table
---@param symbol string
---@param width integer
---@param cancel userdata
---@return string
return function(client, symbol, width, cancel)
  local options = { cancel = cancel }
  local parts = { market_text(client, symbol, options) }
  if not core.client.keyed(client) then return parts[1] .. "\n(without keys only the market can be read)" end
  parts[#parts + 1] = wallet_text(client, symbol, options)
  parts[#parts + 1] = position_text(client, symbol, options)
  local p = { symbol = symbol, cancel = cancel }
  parts[#parts + 1] = orders_text("orders   ", assert(client:get_open_orders_real_time(p)), width)
  parts[#parts + 1] = orders_text("waiting  ", assert(client:get_open_conditional_orders_real_time(p)), width)
  return table.concat(parts, "\n")
end
