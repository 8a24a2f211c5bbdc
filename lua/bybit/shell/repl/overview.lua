-- The overview: the market, the wallet, the position, open orders. A client without keys sees only the market.

local core = require "bybit.core"
local show = require "bybit.shell.show"

-- What was read; raises what the request failed with.
local function read(value, err)
  if not value and err then error(err, 0) end
  return value
end

-- A number without trailing zeros; nil if there is none, or zero, or a text that could not be read.
local function given(number)
  if getmetatable(number) ~= "bybit.decimal" or number:is_zero() then return nil end
  return number:key()
end

local function market_text(client, symbol, cancel)
  local t = read(client:get_ticker { symbol = symbol, cancel = cancel })
  return ("%s  last %s  bid %s  ask %s  mark %s"):format(symbol, t.last_price, t.bid_price, t.ask_price, t.mark_price)
end

local function wallet_text(client, symbol, cancel)
  local instrument = read(client:get_instruments { symbol = symbol, cancel = cancel })[1]
  local coin = instrument and instrument.settle_coin
  local wallet = coin and read(client:get_balances { coin = coin, cancel = cancel })[1]
  return wallet and ("wallet    %s %s, equity %s"):format(wallet.wallet_balance, coin, wallet.equity)
end

local MORE = { { "liquidation_price", "liquidation" }, { "take_profit_price", "take profit" },
  { "stop_loss_price", "stop loss" } }

local function position_text(client, symbol, cancel)
  local p = read(client:get_position { symbol = symbol, cancel = cancel })
  if not given(p.quantity) then return "position  none" end
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
  local parts = { market_text(client, symbol, cancel) }
  if not core.client.keyed(client) then return parts[1] .. "\n(without keys only the market can be read)" end
  parts[#parts + 1] = wallet_text(client, symbol, cancel)
  parts[#parts + 1] = position_text(client, symbol, cancel)
  local p = { symbol = symbol, cancel = cancel }
  parts[#parts + 1] = orders_text("orders   ", assert(client:get_open_orders_real_time(p)), width)
  parts[#parts + 1] = orders_text("waiting  ", assert(client:get_open_conditional_orders_real_time(p)), width)
  return table.concat(parts, "\n")
end
