-- Writes the whole trade history as CSV: every execution since a day, page by page, the newest first, with little memory. Numbers
-- are written as the exchange wrote them.
--
--   lua5.4 examples/export_trades.lua [--progress] [--since=2024-01-01] [FILE]      (standard output without FILE)
--
-- --progress draws a bar on standard error, when that is a terminal. On paper it trades for three weeks first.

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL = "BTCUSD"
local COLUMNS = { "timestamp", "trade_id", "order_id", "client_order_id", "side", "price", "quantity", "value", "fee",
  "fee_rate", "liquidity", "trade_type" }

local options = { since = "2024-01-01" }
for _, word in ipairs(arg) do
  local name, value = word:match "^%-%-(%a+)=?(.*)$"
  if name then options[name] = value else options.file = word end
end

local exchange <close> = ENVIRONMENT == "paper" and bybit.paper.start { clock = "manual", seed = 4 } or nil
local client <close> = bybit.client {
  environment = exchange or ENVIRONMENT, credentials = not exchange and "env" or nil,
}

-- Makes something to export: a buy and a sell every few hours, for three weeks.
local function trade_for_weeks()
  for _ = 1, 63 do
    for _, side in ipairs { "Buy", "Sell" } do
      assert(client:place_order { symbol = SYMBOL, side = side, type = "Market", quantity = 100 })
      exchange:step(20)
      bybit.sleep(4 * 3600)
    end
  end
end

---------------------------------------------------------------------------------------------------------------

local function field(value)
  if value == nil then return "" end
  local text = tostring(value)
  return text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
end

local function line(trade)
  local cells = {}
  for i, name in ipairs(COLUMNS) do
    local value = trade[name]
    if name == "timestamp" then value = bybit.iso(value) end
    cells[i] = field(value)
  end
  return table.concat(cells, ",") .. "\n"
end

-- The walk goes from now back to `from`, so the share of that time that is done is the share of the work.
local drawing = options.progress and os.execute "test -t 2"
local drawn = -1

local function progress(from, to, at, count)
  if not drawing then return end
  local percent = (to - at) * 100 // math.max(1, to - from)
  if percent == drawn then return end
  drawn = percent
  io.stderr:write(("\r[%-40s] %3d %%  %d trades"):format(("="):rep(percent * 40 // 100), percent, count))
end

if exchange then trade_for_weeks() end

local out = options.file and assert(io.open(options.file, "w")) or io.stdout
local from, to = bybit.time(options.since), client:now()
local count, fees = 0, bybit.decimal(0)

out:write(table.concat(COLUMNS, ","), "\n")
-- The client walks the windows of seven days by itself. A trade on the edge of two windows comes once.
for trade in client:each("get_user_trades", { symbol = SYMBOL, start_time = from, page_size = 100 }) do
  out:write(line(trade))
  count, fees = count + 1, fees + trade.fee
  progress(from, to, trade.timestamp, count)
end
progress(from, to, from, count)
if drawing then io.stderr:write "\n" end
if out ~= io.stdout then out:close() end
io.stderr:write(("%d executions from %s to %s, fees %s\n"):format(count, bybit.iso(from), bybit.iso(to), fees))
