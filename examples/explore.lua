-- Looks for the seed that breaks a strategy. The first strategy places an order again when the call has failed, without looking at what
-- became of it; the second keeps its orders with client:sync_orders. Faults of every kind strike both.
--
--   lua5.4 examples/explore.lua           or, for a program of your own: bybit explore FILE

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local SEEDS = tonumber(os.getenv "SEEDS" or 100)

local function careless(client, stop)
  while not stop:wait(10) do
    local ack
    repeat
      ack = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 20000, deadline = 2 }
    until ack or stop:cancelled()
    if ack then client:cancel_order { symbol = "BTCUSD", order_id = ack.order_id } end
  end
end

local function careful(client, stop)
  local book = client:with { symbol = "BTCUSD" }
  local off <close> = bybit.defer(function() -- luacheck: ignore 211
    client:reconcile { symbol = "BTCUSD" } -- what became of calls whose outcome is open
    repeat local result = book:sync_orders {} until result and #result.cancelled == 0
  end)
  while not stop:wait(10) do
    local ticker = book:get_ticker()
    if ticker then
      book:sync_orders {
        { tag = "bid", side = "Buy", quantity = 100, price = ticker.bid_price - 5 },
        { tag = "ask", side = "Sell", quantity = 100, price = ticker.ask_price + 5 },
      }
    end
  end
end

local function none_left(report) return #report.orders_left == 0, #report.orders_left .. " orders are left" end

for _, case in ipairs { { "careless", careless }, { "careful", careful, none_left } } do
  local failures = bybit.paper.explore({ client = { id_prefix = "mm" } }, case[2], { seeds = SEEDS, check = case[3] })
  print(case[1] .. ": " .. (failures[1] and "broken by seed " .. failures[1].seed or SEEDS .. " seeds, no failure"))
  for _, failure in ipairs(failures) do
    print("  " .. failure.why)
    for _, line in ipairs(failure.lines) do print("  " .. line) end
  end
end
