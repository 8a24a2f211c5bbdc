-- A strategy is killed in the middle of an order, and started again. An order's intent is in the journal before the order is
-- sent. The next run finds it there, asks the exchange what became of it, and goes on from there. Until then orders that add
-- risk are refused.
--
--   lua5.4 examples/reconcile.lua [journal]
--
-- On paper this program plays both runs. The first is a process of its own: the exchange holds back the answer to its order,
-- and it is killed with SIGKILL while it waits.

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL = "BTCUSD"
local JOURNAL = arg[1] or os.tmpname()
local CHILD = os.getenv "RECONCILE_URL"

-- The first run: it places one order.
if CHILD then
  local client <close> = bybit.client {
    environment = { url = CHILD }, credentials = "env", id_prefix = "rec", journal = JOURNAL, deadline = 60, timeout = 60,
  }
  print(client:place_order { symbol = SYMBOL, side = "Buy", type = "Limit", quantity = 100, price = 29000 })
  os.exit(true)
end

if not arg[1] then os.remove(JOURNAL) end -- only the name is wanted: an empty file is not a journal
local exchange <close> = ENVIRONMENT == "paper" and bybit.paper.start { seed = 3 } or nil

-- Starts the first run, waits until the exchange has its order, and kills it.
local function first_run()
  exchange:faults { { "delay", seconds = 30, path = "order/create", nth = 1 } }
  local command = ("RECONCILE_URL=%s BYBIT_API_KEY=%s BYBIT_API_SECRET=%s %s %s %s >/dev/null 2>&1 & echo $!"):format(
    exchange.url, exchange.key, exchange.secret, os.getenv "LUA" or "lua5.4", arg[0], JOURNAL)
  local pipe <close> = assert(io.popen(command))
  local pid = pipe:read "l"
  local watcher <close> = bybit.client { environment = exchange }
  for _ = 1, 200 do
    if #assert(watcher:get_open_orders_real_time { symbol = SYMBOL }) > 0 then break end
    bybit.sleep(0.05)
  end
  assert(os.execute("kill -9 " .. pid))
  print("killed while it waited for the answer to its order")
  exchange:faults(false)
  bybit.sleep(0.1) -- its lock on the journal ends with the process
end

if exchange then first_run() end

local client <close> = bybit.client {
  environment = exchange or ENVIRONMENT, credentials = not exchange and "env" or nil, id_prefix = "rec", journal = JOURNAL,
}

local open = client:unsettled()
print(("%d order of an earlier run is open"):format(#open))
for _, intent in ipairs(open) do
  print(("  %s %s, sent at %s"):format(intent.method, intent.client_order_id, bybit.iso(intent.time)))
end

local ack, err = client:place_order { symbol = SYMBOL, side = "Buy", type = "Limit", quantity = 100, price = 28000 }
print("a new order before that:", ack or err)

local report = assert(client:reconcile { symbol = SYMBOL })
for _, entry in ipairs(report.settled) do
  print(("settled: %s was %s"):format(entry.client_order_id, entry.outcome))
  if entry.order then print("  " .. tostring(entry.order)) end
end
print(("%d orders live, %d trades since, %d still open"):format(#report.live, #report.trades, #report.unsettled))

-- From here it is a strategy like any other: it takes over the open orders and goes on.
for _, order in ipairs(report.live) do
  assert(client:cancel_order { symbol = SYMBOL, order_id = order.order_id })
end
print("a new order now:", assert(client:place_order {
  symbol = SYMBOL, side = "Buy", type = "Limit", quantity = 100, price = 28000 }).client_order_id)
assert(client:cancel_all_orders { symbol = SYMBOL })
client:close()
if not arg[1] then os.remove(JOURNAL) end
