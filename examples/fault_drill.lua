-- A fault drill: a strategy runs through what networks and exchanges do on bad days. The paper exchange loses requests and
-- answers, cuts bodies, resets connections, and answers with codes that leave the outcome open. The strategy counts what it
-- asked for; at the end the exchange's books must hold exactly that.
--
--   lua5.4 examples/fault_drill.lua [orders] [seed]

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local SYMBOL = "BTCUSD"
local COUNT = tonumber(arg[1] or 60)
local SEED = tonumber(arg[2] or 1)

local exchange <close> = bybit.paper.start {
  clock = "manual", seed = SEED, limits = false,
  faults = {
    seed = SEED, lag = 50,
    { "lost_request", path = "order/", probability = 0.05 },
    { "lost_answer", path = "order/", probability = 0.05 },
    { "cut", path = "order/", probability = 0.05 },
    { "reset", path = "order/", probability = 0.05, executed = true },
    { "code", code = 10016, path = "order/create", probability = 0.05 },
    { "http", status = 502, path = "order/", probability = 0.05 },
  },
}
exchange:set_price(SYMBOL, 30000)

local client <close> = bybit.client { environment = exchange, id_prefix = "drill", timeout = 0.5, deadline = 60 }

local counts = { placed = 0, rejected = 0, not_sent = 0, unknown = 0, cancelled = 0, attempts = 0 }
local meant = {} -- client_order_id -> is it live?

-- Resolves until the outcome is known: an unknown outcome is never guessed, and never repeated blindly.
local function settle(err)
  local result
  for _ = 1, 5 do
    result, err = client:resolve(err)
    if result or err.outcome ~= "unknown" then break end
  end
  return result, err
end

local function place(n)
  local ack, err, response = client:place_order {
    symbol = SYMBOL, side = "Buy", type = "Limit", quantity = 100 + n, price = 29000,
  }
  counts.attempts = counts.attempts + (response and response.attempts or 0)
  if not ack and err.outcome == "unknown" then
    counts.unknown = counts.unknown + 1
    ack, err = settle(err)
  end
  if ack then
    counts.placed = counts.placed + 1
    meant[ack.client_order_id] = true
    return ack
  end
  counts[err.outcome] = counts[err.outcome] + 1
end

local function cancel(ack)
  local done, err = client:cancel_order { symbol = SYMBOL, client_order_id = ack.client_order_id }
  if not done and err.outcome == "unknown" then done, err = settle(err) end
  if done or err.kind == "not_found" then
    counts.cancelled = counts.cancelled + 1
    meant[ack.client_order_id] = nil
  end
end

for n = 1, COUNT do
  local ack = place(n)
  if ack and n % 3 == 0 then cancel(ack) end
end

exchange:faults(false) -- the bad day is over
bybit.sleep(1)
local live, wrong = 0, 0
for _, order in ipairs(assert(client:get_open_orders_real_time { symbol = SYMBOL })) do
  live = live + 1
  if not meant[order.client_order_id] then wrong = wrong + 1 end
  meant[order.client_order_id] = nil
end
local missing = 0
for _ in pairs(meant) do missing = missing + 1 end

print(("%d orders, %d requests to place them: %d placed, %d refused, %d not sent, %d unknown at first, %d cancelled"):format(
  COUNT, counts.attempts, counts.placed, counts.rejected, counts.not_sent, counts.unknown, counts.cancelled))
local struck = {}
for kind, n in pairs(exchange:fault_counts()) do struck[#struck + 1] = ("%d %s"):format(n, kind) end
table.sort(struck, function(a, b) return a:match "%a.*" < b:match "%a.*" end)
print("faults: " .. table.concat(struck, ", "))
print(("books: %d live, %d not meant, %d missing"):format(live, wrong, missing))
assert(wrong == 0 and missing == 0, "the books differ from what was meant")
