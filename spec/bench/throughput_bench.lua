-- Throughput and CPU of signed requests with 1, 8, 64 and 512 tasks at once over one client, against the same requests
-- over a bare curl-multi loop in C with as many in flight, turn about in one run. The exchange is a process of its own
-- and does more work than either, so that it bounds the throughput; the CPU of a request is what the two are compared
-- by. Prints ratios.
--
--   make bench

local bench_exchange = require "spec.support.bench_exchange"
local bybit = require "bybit"
local loop = require("bybit.core").loop

local COUNT, ROUNDS = 2000, 5
local MOST = 256 -- connections
local KEY, SECRET = bench_exchange.KEY, bench_exchange.SECRET
local bare = (os.getenv "BUILD" or "build") .. "/bench/bare_multi"

local exchange <close>, url = bench_exchange.start() -- luacheck: ignore 211
local QUERY = "category=inverse&symbol=BTCUSD&orderLinkId=bench"

local function new_client(n)
  return bybit.client { environment = { url = url }, key = KEY, secret = SECRET, rate = false, in_flight = math.min(n, MOST),
    connections = math.min(n, MOST), deadline = 60 }
end

do
  local client <close> = new_client(1)
  for _ = 1, 100 do
    if client:request("GET", "/v5/market/time") then break end
    bybit.sleep(0.05)
  end
  assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000",
    client_order_id = "bench", confirm = true }) -- it shows from here on
end

-- n tasks make COUNT calls between them; CPU microseconds of one, and calls a second.
local function ours(client, n)
  local left = COUNT
  local cpu, wall = os.clock(), loop.now()
  bybit.run(function()
    for _ = 1, n do
      bybit.spawn(function()
        while left > 0 do
          left = left - 1
          assert(client:get_open_order_real_time { symbol = "BTCUSD", client_order_id = "bench" })
        end
      end)
    end
  end)
  return (os.clock() - cpu) / COUNT * 1e6, COUNT / (loop.now() - wall)
end

local function theirs(n)
  local peer = io.popen(("%s %s /v5/order/realtime '%s' %s %s %d %d %d"):format(bare, url, QUERY, KEY, SECRET, COUNT, n,
    math.min(n, MOST)))
  local cpu, rate = peer:read("n", "n")
  peer:close()
  return assert(cpu, "bare_multi gave no number"), rate
end

local function median(list)
  table.sort(list)
  return list[#list // 2 + 1]
end

print(("%d signed requests a round, median of %d rounds; client with its record decoded / bare curl-multi with the body "
  .. "dropped"):format(COUNT, ROUNDS))
for _, n in ipairs { 1, 8, 64, 512 } do
  local client <close> = new_client(n)
  client:warm()
  ours(client, n)
  local cpu_ratios, rate_ratios, cpus, rates = {}, {}, {}, {}
  for round = 1, ROUNDS do
    local a, a_rate, b, b_rate
    if round % 2 == 0 then
      a, a_rate = ours(client, n)
      b, b_rate = theirs(n)
    else
      b, b_rate = theirs(n)
      a, a_rate = ours(client, n)
    end
    cpu_ratios[round], rate_ratios[round], cpus[round], rates[round] = a / b, a_rate / b_rate, a, a_rate
  end
  print(("%4d in flight: CPU %.2f (%.0f us a request), throughput %.2f (%.0f a second)"):format(n, median(cpu_ratios),
    median(cpus), median(rate_ratios), median(rates)))
end
