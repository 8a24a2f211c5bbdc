-- A strategy's load for a long time: tasks that place, amend, cancel, list and fail, on an exchange that sometimes loses
-- answers, over clients that are made and closed. Memory (Lua's and the process's) and descriptors must not grow.
-- usage: SECONDS=60 lua5.4 spec/torture/soak.lua

local bybit = require "bybit"

local SECONDS = tonumber(os.getenv "SECONDS") or 60
local WARM = 0.2 -- of the time: until then caches fill
-- The growth that is allowed: Lua's memory and the process's (KiB; allocators of several threads keep some), and descriptors.
-- A leak of one record per call is far above that within a minute.
local SLACK = { lua = 300, rss = 16 * 1024, descriptors = 4 }
local ROOM = 1000000

local RATES = { ip = ROOM }
for _, name in ipairs { "create", "amend", "cancel", "cancel-all", "realtime", "history" } do RATES["order/" .. name] = ROOM end
RATES["execution/list"], RATES["position/list"] = ROOM, ROOM

local function read_number(path, pattern)
  local file <close> = assert(io.open(path))
  return tonumber(file:read("a"):match(pattern))
end

local function descriptors()
  local pipe <close> = assert(io.popen("ls /proc/" .. read_number("/proc/self/stat", "^(%d+)") .. "/fd | wc -l"))
  return tonumber(pipe:read "l")
end

local function measure()
  collectgarbage()
  collectgarbage()
  return { lua = collectgarbage "count", rss = read_number("/proc/self/statm", "^%d+ (%d+)") * 4, descriptors = descriptors() }
end

-- The exchange is part of the process, so it keeps only a limited history.
local exchange <close> = setmetatable({ bybit.paper.start { seed = 3, limits = RATES, keep = 500 } }, { -- luacheck: ignore 211
  __close = function(self) self[1]:close() end })
local paper = exchange[1]
paper:faults { { "lost_answer", probability = 0.002 }, { "cut", probability = 0.002 }, { "lost_request", probability = 0.002 },
  { "code", probability = 0.002, code = 10016 } }

local calls = 0

local function trade(client, i)
  local side = i % 2 == 0 and "Buy" or "Sell"
  local ack = client:place_order { symbol = "BTCUSD", side = side, type = "Limit", quantity = i, price = side == "Buy" and 20000
    or 50000, time_in_force = "PostOnly" }
  if ack then -- its order_id is missing if the exchange did not show the order in time
    client:modify_order { symbol = "BTCUSD", client_order_id = ack.client_order_id, new_quantity = i + 1 }
    client:cancel_order { symbol = "BTCUSD", client_order_id = ack.client_order_id }
  end
  client:place_order { symbol = "BTCUSD", side = side, type = "Market", quantity = 10 }
  client:get_open_orders_real_time { symbol = "BTCUSD" }
  client:cancel_order { symbol = "BTCUSD", order_id = "00000000-0000-4000-8000-000000000000" } -- no such order
  pcall(client.place_order, client, { symbol = "BTCUSD", qty = 1 }) -- a wrong call
  client:collect("get_user_trades", { symbol = "BTCUSD", page_size = 50 }, { max = 100 })
  local token = bybit.cancel_token()
  bybit.spawn(function() client:get_orders { symbol = "BTCUSD", cancel = token } end)
  token:cancel()
  calls = calls + 9
end

local function round(seconds)
  local client <close> = bybit.client { environment = paper, rate = RATES, in_flight = 16, timeout = 1, deadline = 20,
    receive_window = 1000, visibility = 0.1 }
  local stop = os.time() + seconds
  bybit.run(function()
    for i = 1, 16 do
      bybit.spawn(function()
        repeat trade(client, i) until os.time() >= stop
      end)
    end
  end)
end

local started, before = os.time(), nil
repeat
  round(math.max(1, SECONDS // 20))
  if not before and os.time() - started >= SECONDS * WARM then before = measure() end
until os.time() - started >= SECONDS
local after = measure()

print(("%d calls in %d s; Lua %.0f -> %.0f KiB, process %.0f -> %.0f KiB, descriptors %d -> %d"):format(calls,
  os.time() - started, before.lua, after.lua, before.rss, after.rss, before.descriptors, after.descriptors))
assert(after.lua <= before.lua + SLACK.lua, "Lua's memory grows")
assert(after.rss <= before.rss + SLACK.rss, "the process grows")
assert(after.descriptors <= before.descriptors + SLACK.descriptors, "descriptors are left open")
