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

local function market_text(client)
  local t = read(client:get_ticker {})
  return ("%s  last %s  bid %s  ask %s  mark %s"):format(t.symbol, t.last_price, t.bid_price, t.ask_price, t.mark_price)
end

local function wallet_text(client)
  local instrument = read(client:get_instruments {})[1]
  local coin = instrument and instrument.settle_coin
  local wallet = coin and read(client:get_balances { coin = coin })[1]
  return wallet and ("wallet    %s %s, equity %s"):format(wallet.wallet_balance, coin, wallet.equity)
end

local MORE = { { "liquidation_price", "liquidation" }, { "take_profit_price", "take profit" },
  { "stop_loss_price", "stop loss" } }

local function position_text(p)
  if not given(p.quantity) then return "position  none" end
  local text = ("position  %s %s @ %s, open profit %s"):format(p.side, p.quantity, given(p.entry_price) or "-",
    given(p.unrealized_pnl) or "0")
  for _, more in ipairs(MORE) do
    if given(p[more[1]]) then text = ("%s, %s %s"):format(text, more[2], given(p[more[1]])) end
  end
  return text
end

-- In hedge mode a contract has two positions.
local function positions_text(client)
  local lines, list = {}, read(client:get_positions {})
  table.sort(list, function(a, b) return (tonumber(a.position_mode) or 0) < (tonumber(b.position_mode) or 0) end)
  for _, p in ipairs(list) do
    if #list == 1 or given(p.quantity) then lines[#lines + 1] = position_text(p) end
  end
  return lines[1] and table.concat(lines, "\n") or "position  none"
end

local function orders_text(name, list, width)
  if #list == 0 then return name .. " none" end
  return name .. "\n" .. show.text(list, { width = width, rows = 10 })
end

--- The text of an overview; raises the error of a request that fails.
---@param client table
---@param symbol string
---@param category string of the symbol
---@param width integer
---@param cancel userdata
---@return string
return function(client, symbol, category, width, cancel)
  local view = client:with { symbol = symbol, category = category, cancel = cancel }
  local parts = { market_text(view) }
  if not core.client.keyed(client) then return parts[1] .. "\n(without keys only the market can be read)" end
  parts[#parts + 1] = wallet_text(view)
  parts[#parts + 1] = positions_text(view)
  parts[#parts + 1] = orders_text("orders   ", assert(view:get_open_orders_real_time {}), width)
  parts[#parts + 1] = orders_text("waiting  ", assert(view:get_open_conditional_orders_real_time {}), width)
  return table.concat(parts, "\n")
end
