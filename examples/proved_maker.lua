-- A market maker of twenty lines, and its proof: seed after seed with every kind of fault, in virtual time. Each run is looked at with the
-- exchange's own books: it ends by itself, no order of its own is left then, and at no moment there were two of one side.
--
--   lua5.4 examples/proved_maker.lua              SEEDS=10000 FIRST=1 lua5.4 examples/proved_maker.lua takes longer

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local SEEDS, FIRST = tonumber(os.getenv "SEEDS" or 100), tonumber(os.getenv "FIRST" or 1)

-- The strategy. The same function trades when bybit.main runs it. The position shifts both quotes, so that it stays small.
local function maker(client, stop)
  local book = client:with { symbol = "BTCUSD" }
  local off <close> = bybit.defer(function() -- luacheck: ignore 211
    repeat
      client:reconcile { symbol = "BTCUSD" } -- what became of calls whose outcome is open
      local done = book:sync_orders {}
    until done and #done.cancelled + #done.unsettled == 0
  end)
  local open = false -- is the outcome of a call open?
  while not stop:wait(10) do
    local ticker, position = book:get_ticker(), book:get_position()
    if open then client:reconcile { symbol = "BTCUSD" } end
    if ticker and position then
      local middle = ticker.last_price * (1 - position.signed_quantity * "0.0000005")
      local done = book:sync_orders {
        { tag = "bid", side = "Buy", quantity = 1000, price = (middle * "0.9998"):to_step "0.5" },
        { tag = "ask", side = "Sell", quantity = 1000, price = (middle * "1.0002"):to_step("0.5", "up") },
      }
      open = not done or #done.unsettled > 0
    end
  end
end

-- Is all well? The orders are those of the exchange's books, oldest first.
local function fine(report)
  if report.cancelled then return false, "it did not end by itself" end
  if #report.orders_left > 0 then return false, #report.orders_left .. " orders are left" end
  local last, ids = {}, {}
  for _, order in ipairs(report.orders) do
    local before = last[order.side]
    if ids[order.client_order_id] then return false, order.client_order_id .. " is there twice" end
    if before and before.updated_time > order.created_time then
      return false, ("two at once: %s and %s"):format(before.client_order_id, order.client_order_id)
    end
    ids[order.client_order_id], last[order.side] = true, order
  end
  return true
end

local failures = bybit.paper.explore({ client = { id_prefix = "mm", deadline = 4 } }, maker,
  { seeds = SEEDS, first = FIRST, check = fine, progress = true })
for _, failure in ipairs(failures) do
  print(("seed %d: %s\n  %s"):format(failure.seed, failure.why, table.concat(failure.lines, "\n  ")))
end
if failures[1] then os.exit(1) end
print(("seeds %d to %d: no order left, none twice"):format(FIRST, FIRST + SEEDS - 1))
