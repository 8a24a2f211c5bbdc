-- CPU of one signed request through a client's method, against the same request over bare libcurl in C, turn about in
-- one run. The exchange is a process of its own, so that its work is not counted. Prints the ratio.
--
--   make bench

local bench_exchange = require "spec.support.bench_exchange"
local bybit = require "bybit"

local COUNT, ROUNDS = 1000, 7
local KEY, SECRET = bench_exchange.KEY, bench_exchange.SECRET
local bare = (os.getenv "BUILD" or "build") .. "/bench/bare_request"

local exchange <close>, url = bench_exchange.start() -- luacheck: ignore 211
-- The limiter counts each request; its limits are out of the way.
local client <close> = bybit.client { environment = { url = url }, key = KEY, secret = SECRET,
  rate = { ["order/realtime"] = 1000000, ip = 1000000 } }
for _ = 1, 100 do
  if client:request("GET", "/v5/market/time") then break end
  bybit.sleep(0.05)
end

local function ours()
  for _ = 1, 20 do client:get_open_order_real_time { symbol = "BTCUSD", client_order_id = "none" } end
  local start = os.clock()
  for _ = 1, COUNT do
    local _, err = client:get_open_order_real_time { symbol = "BTCUSD", client_order_id = "bench" }
    if err then error(err) end
  end
  return (os.clock() - start) / COUNT * 1e6
end

local function theirs()
  local peer = io.popen(("%s %s /v5/order/realtime 'category=inverse&symbol=BTCUSD&orderLinkId=bench' %s %s %d")
    :format(bare, url, KEY, SECRET, COUNT))
  local text = peer:read "a"
  peer:close()
  return assert(tonumber(text), "bare_request gave no number")
end

assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000",
  client_order_id = "bench" })

local ratios, best = {}, { ours = math.huge, theirs = math.huge }
for round = 1, ROUNDS do
  local a, b
  if round % 2 == 0 then
    a = ours()
    b = theirs()
  else
    b = theirs()
    a = ours()
  end
  ratios[round] = a / b
  best.ours, best.theirs = math.min(best.ours, a), math.min(best.theirs, b)
end
table.sort(ratios)
print(("signed request, CPU: client %.1f us with its record decoded, bare libcurl %.1f us with the body dropped (best of %d)")
  :format(best.ours, best.theirs, ROUNDS))
print(("client / bare libcurl: %.2f (median; from %.2f to %.2f)"):format(ratios[ROUNDS // 2 + 1], ratios[1], ratios[ROUNDS]))
