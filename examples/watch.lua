-- Watches several symbols at once. A task for each symbol asks for its price and trades a little, in straight-line Lua; the tasks
-- share connections. One more task draws. Ctrl-C ends the program, which leaves no order behind.
--
--   lua5.4 examples/watch.lua [SYMBOL ...]          WATCH_SECONDS=5 ends it by itself

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet", with the keys of BYBIT_API_KEY and BYBIT_API_SECRET
local PAUSE = 0.1 -- seconds between two looks at a symbol
local SECONDS = tonumber(os.getenv "WATCH_SECONDS" or "inf") or math.huge

local symbols = #arg > 0 and arg or { "BTCUSD", "ETHUSD", "XRPUSD", "EOSUSD" }

local seen = {} -- symbol -> { last, bid, ask, looks, low, high }

local function look(client, symbol)
  local t = assert(client:get_ticker { symbol = symbol })
  local last = t.last_price
  local s = seen[symbol] or { looks = 0, low = last, high = last }
  s.last, s.bid, s.ask, s.looks = last, t.bid_price, t.ask_price, s.looks + 1
  s.low, s.high = s.low:min(last), s.high:max(last)
  seen[symbol] = s
  return s
end

-- One symbol: a bid rests a little below the market as long as the program runs.
local function watch(client, stop, symbol)
  local s = look(client, symbol)
  local contract = assert(client:instrument(symbol))
  local off <close> = bybit.defer(function() -- luacheck: ignore 211
    assert(client:cancel_all_orders { symbol = symbol })
  end)
  assert(contract:place_order { side = "Buy", type = "Limit", quantity = 10, time_in_force = "PostOnly",
    price = contract:round_price(s.bid * "0.98", "Buy") })
  while not stop:wait(PAUSE) do look(client, symbol) end
end

local function draw()
  for _, symbol in ipairs(symbols) do
    local s = seen[symbol]
    if s then
      print(("%-8s %12s   bid %12s   ask %12s   from %s to %s in %d looks"):format(symbol, s.last, s.bid, s.ask, s.low,
        s.high, s.looks))
    end
  end
  print()
end

local options = { environment = ENVIRONMENT, credentials = ENVIRONMENT ~= "paper" and "env" or nil }

bybit.main(options, function(client, stop)
  client:warm(#symbols)
  local watchers = {}
  for i, symbol in ipairs(symbols) do watchers[i] = bybit.spawn(watch, client, stop, symbol) end
  local ends = client:now() + SECONDS * 1000
  while client:now() < ends and not stop:wait(math.min(1, SECONDS)) do draw() end
  stop:cancel()
  for _, watcher in ipairs(watchers) do watcher:await() end
  local left = 0
  for _, symbol in ipairs(symbols) do left = left + #assert(client:get_open_orders_real_time { symbol = symbol }) end
  print(("%d symbols watched, %d orders left behind"):format(#symbols, left))
end)
