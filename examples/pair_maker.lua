-- A market maker on two symbols, a task for each, that may be killed at any moment and started again. What it had sent is in the
-- journal. A new run settles that first, takes over the quotes that it finds, and goes on: no quote is there twice, none is forgotten.
--
--   lua5.4 examples/pair_maker.lua [seconds]
--
-- On paper this program plays both runs: the first is a process of its own, which is killed with SIGKILL while it quotes.

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local QUANTITY = { BTCUSD = 500, ETHUSD = 200 } -- contracts of 1 USD a quote
local SPREAD, MOST = 4, 4 -- ticks from the middle to a quote; quotes of position before a side is left out
local SECONDS = tonumber(arg[1] or 3)
local URL, JOURNAL = os.getenv "PAIR_URL", os.getenv "PAIR_JOURNAL" or os.tmpname()

local exchange <close> = ENVIRONMENT == "paper" and not URL and bybit.paper.start { seed = 4 } or nil
local options = { environment = URL and { url = URL } or exchange or ENVIRONMENT, credentials = not exchange and "env" or nil,
  id_prefix = "pair", journal = JOURNAL, guard = { symbols = { "BTCUSD", "ETHUSD" }, band = "0.05" } }

-- One side's quote of a symbol: the order that rests, made to stand at a price, or to be gone (nil).
local function quote(contract, quotes, side, price)
  local order, err = quotes[side], nil
  if not price then
    if order then contract:cancel_order { client_order_id = order.client_order_id } end
    quotes[side] = nil
  elseif not order then
    order, err = contract:place_order { side = side, type = "Limit", quantity = QUANTITY[contract.symbol], price = price,
      time_in_force = "PostOnly" }
    quotes[side] = order and { client_order_id = order.client_order_id, price = price }
  elseif not order.price:eq(price) then
    order, err = contract:modify_order { client_order_id = order.client_order_id, new_price = price }
    if order then quotes[side].price = price elseif not err.unchanged then quotes[side] = nil end -- filled: the next look places anew
  end
  if err and err.outcome == "unknown" then error(err) end -- a new run settles it
end

-- Quotes a symbol until the token is cancelled, beginning with the quotes of an earlier run.
local function make(client, symbol, stop, quotes)
  local contract = assert(client:instrument(symbol))
  repeat
    local ticker, position = assert(contract:get_ticker()), assert(contract:get_position())
    local held = position.signed_quantity / QUANTITY[symbol]
    local middle = (ticker.bid_price + ticker.ask_price) / 2 - contract.tick_size * held:round(0) -- leans against the position
    local buy = contract:round_price(middle - contract.tick_size * SPREAD, "Buy"):min(ticker.bid_price)
    local sell = contract:round_price(middle + contract.tick_size * SPREAD, "Sell"):max(ticker.ask_price)
    quote(contract, quotes, "Buy", held < MOST and buy or nil)
    quote(contract, quotes, "Sell", held > -MOST and sell or nil)
    local open = {}
    for _, order in ipairs(assert(contract:get_open_orders_real_time { id_prefix = "pair" })) do
      open[order.client_order_id] = true
    end
    for _, side in ipairs { "Buy", "Sell" } do
      if quotes[side] and not open[quotes[side].client_order_id] then quotes[side] = nil end
    end
  until stop:wait(0.1)
  assert(contract:cancel_all_orders { id_prefix = "pair" })
end

-- What earlier runs left: their calls are settled, and their quotes are this run's now. A second quote of a side is taken away.
local function take_over(client, symbol)
  local report, quotes = assert(client:reconcile { symbol = symbol }), {}
  assert(#report.unsettled == 0, "a call of an earlier run is not settled yet: try again later")
  for _, order in ipairs(report.live) do
    if quotes[order.side] then
      assert(client:cancel_order { symbol = symbol, client_order_id = order.client_order_id })
    else
      quotes[order.side] = order
    end
  end
  print(("%s: %d calls of an earlier run settled, %d quotes taken over"):format(symbol, #report.settled, #report.live))
  return quotes
end

-- The first run, on paper: this program in a process of its own, killed while it quotes.
local function first_run()
  local command = ("PAIR_URL=%s PAIR_JOURNAL=%s BYBIT_API_KEY=%s BYBIT_API_SECRET=%s %s %s 60 >/dev/null & echo $!"):format(
    exchange.url, JOURNAL, exchange.key, exchange.secret, os.getenv "LUA" or "lua5.4", arg[0])
  local pipe <close> = assert(io.popen(command))
  local pid = pipe:read "l"
  local watcher <close> = bybit.client { environment = exchange }
  for symbol in pairs(QUANTITY) do
    for _ = 1, 200 do
      if #assert(watcher:get_open_orders_real_time { symbol = symbol }) >= 2 then break end
      bybit.sleep(0.05)
    end
  end
  assert(os.execute("kill -9 " .. pid))
  print "the first run was killed while it quoted"
  bybit.sleep(0.1) -- its lock on the journal ends with the process
end

if not os.getenv "PAIR_JOURNAL" then os.remove(JOURNAL) end -- only the name is wanted: an empty file is not a journal
if exchange then first_run() end

bybit.main(options, function(client, stop)
  local from, makers = client:now(), {}
  for _, symbol in ipairs { "BTCUSD", "ETHUSD" } do
    makers[#makers + 1] = bybit.spawn(make, client, symbol, stop, take_over(client, symbol))
  end
  if not stop:wait(SECONDS) then stop:cancel() end
  bybit.all(makers)
  for _, symbol in ipairs { "BTCUSD", "ETHUSD" } do
    local fills, fees = 0, bybit.decimal(0)
    for trade in client:each("get_user_trades", { symbol = symbol, start_time = from }) do
      fills, fees = fills + 1, fees + trade.fee
    end
    local position, left = assert(client:get_position { symbol = symbol }), assert(client:get_open_orders_real_time {
      symbol = symbol })
    print(("%s: %d fills, fees %s, position %s, %d orders left"):format(symbol, fills, fees, position.signed_quantity, #left))
  end
end)
if not os.getenv "PAIR_JOURNAL" then os.remove(JOURNAL) end
