-- A market maker. It quotes both sides around the middle of the book, shifts its quotes against its position, and moves them when
-- the market moves. It protects its position twice with orders on the exchange, which work even when this program has died: a
-- stop loss by the last price, and further away a conditional order by the mark price, which follows the market. At the end it
-- cancels its orders, closes its position, and settles its books to the last satoshi.
--
--   make demo          or: lua5.4 examples/market_maker.lua
--
-- It trades on a paper exchange that it starts. With one word changed it trades on the testnet, with the keys from BYBIT_API_KEY
-- and BYBIT_API_SECRET.

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL, COIN = "BTCUSD", "BTC"
local QUANTITY = 1000 -- contracts of 1 USD a quote
local MOST = 5000 -- above this position it stops quoting the side that adds to it
local SPREAD = 3 -- ticks from the middle to each quote
local STOP = 60 -- ticks from the entry to the stop loss
local FUSE = 120 -- ticks from the market to the conditional order behind it
local PAUSE = 0.2 -- seconds between two looks at the market
local SECONDS = tonumber(os.getenv "DEMO_SECONDS" or 15)

local client <close> = bybit.client {
  environment = ENVIRONMENT, credentials = ENVIRONMENT ~= "paper" and "env" or nil, id_prefix = "mm",
  guard = { max_order = QUANTITY, max_position = 2 * MOST, band = "0.02", symbols = { SYMBOL } }, -- in case of a mistake below
}
local book = client:with { symbol = SYMBOL } -- the same methods, the symbol filled in

local decimal = bybit.decimal
local OTHER = { Buy = "Sell", Sell = "Buy" }

local terminal = os.execute "test -t 1"
local notes = {} -- what went wrong, for the display

local function note(err)
  notes[#notes + 1] = tostring(err)
  if not terminal then io.stderr:write(tostring(err), "\n") end
end

local tick = assert(client:instrument(SYMBOL)).tick_size

local function balance()
  return assert(client:get_balance { coin = COIN }).wallet_balance
end

---------------------------------------------------------------------------------------------------------------
-- Quotes.

local quotes = {} -- side -> { id, price }
local counts = { placed = 0, moved = 0, gone = 0 }

local function place(side, price)
  local ack, err = book:place_order {
    side = side, type = "Limit", quantity = QUANTITY, price = price, time_in_force = "PostOnly",
  }
  if not ack then return note(err) end
  quotes[side] = { id = ack.client_order_id, price = price }
  counts.placed = counts.placed + 1
end

local function move(side, price)
  local quote = quotes[side]
  local ack, err = book:modify_order { client_order_id = quote.id, new_price = price }
  if ack then
    quote.price = price
    counts.moved = counts.moved + 1
  elseif err.kind == "not_found" then
    quotes[side] = nil -- filled, or cancelled since it would have crossed: it is placed again
  elseif not err.unchanged then
    note(err)
  end
end

local function withdraw(side)
  local quote = quotes[side]
  quotes[side] = nil
  if quote then book:cancel_order { client_order_id = quote.id } end
end

-- Forgets quotes that are no longer open.
local function look_after()
  local open = {}
  for _, order in ipairs(assert(book:get_open_orders_real_time())) do open[order.client_order_id or ""] = order end
  for _, side in ipairs { "Buy", "Sell" } do
    if quotes[side] and not open[quotes[side].id] then
      quotes[side] = nil
      counts.gone = counts.gone + 1
    end
  end
end

-- The position shifts the middle: a long position quotes lower, a short one higher.
local function wanted(bid, ask, size)
  local middle = (bid + ask) / 2 - tick * (size / QUANTITY):round(0)
  local buy = (middle - tick * SPREAD):to_step(tick):min(ask - tick)
  local sell = (middle + tick * SPREAD):to_step(tick, "up"):max(bid + tick)
  return buy, sell
end

local function quote(side, price, size)
  local adding = side == "Buy" and size >= MOST or side == "Sell" and size <= -decimal(MOST)
  if adding then
    withdraw(side)
  elseif not quotes[side] then
    place(side, price)
  elseif not quotes[side].price:eq(price) then
    move(side, price)
  end
end

---------------------------------------------------------------------------------------------------------------
-- Protection.

local stop -- the price of the stop loss that was set last
local fuse -- the conditional order: { id, side, price }

-- A price at a distance from the market, on the losing side of the position.
local function behind(size, price, ticks)
  return (size > 0 and price - tick * ticks or price + tick * ticks):to_step(tick)
end

local function protect(size, entry)
  if size:is_zero() then
    stop = nil
    return
  end
  local price = behind(size, entry, STOP)
  if stop and stop:eq(price) then return end
  local done, err = book:set_trading_stop { stop_loss_price = price, stop_loss_trigger_type = "LastPrice" }
  if done or err.unchanged then
    stop = price
  elseif err.name ~= bybit.codes.no_position then -- it was closed meanwhile
    note(err)
  end
end

local function cut_fuse()
  if fuse then book:cancel_conditional_order { client_order_id = fuse.id } end
  fuse = nil
end

-- The conditional order closes the whole position, whatever became of the quotes. With reduce_only it never opens one.
local function follow(size, middle)
  local side = size > 0 and "Sell" or size < 0 and "Buy" or nil
  if fuse and fuse.side ~= side then cut_fuse() end
  if not side then return end
  local price = behind(size, middle, FUSE)
  if not fuse then
    local ack, err = book:place_conditional_order {
      side = side, type = "Market", quantity = MOST + QUANTITY, trigger_price = price, base_price = middle,
      trigger_type = "MarkPrice", reduce_only = true,
    }
    if not ack then return note(err) end
    fuse = { id = ack.client_order_id, side = side, price = price }
  elseif (price - fuse.price):abs() >= tick * (FUSE // 8) then
    local ack, err = book:modify_conditional_order { client_order_id = fuse.id, new_trigger_price = price }
    if ack then
      fuse.price = price
    elseif err.kind == "not_found" then
      fuse = nil -- it fired
    elseif not err.unchanged then
      note(err)
    end
  end
end

---------------------------------------------------------------------------------------------------------------
-- The display: a live table in a terminal, plain lines elsewhere.

local shown_at, height = -1, 0

local function at(quote_) return quote_ and tostring(quote_.price) or "-" end

local function rows(s)
  return {
    ("%s on %s   %5.1f of %g s"):format(SYMBOL, ENVIRONMENT, s.elapsed, SECONDS),
    "",
    ("              %14s %14s"):format("buy", "sell"),
    ("  market      %14s %14s"):format(s.bid, s.ask),
    ("  quotes      %14s %14s"):format(at(quotes.Buy), at(quotes.Sell)),
    "",
    ("  position    %14s %14s"):format(s.size, s.entry and "@ " .. s.entry:round(1) or ""),
    ("  stop loss   %14s"):format(stop or "-"),
    ("  conditional %14s %14s"):format(at(fuse), fuse and fuse.side:lower() .. "s" or ""),
    ("  open profit %14s %s"):format(s.profit, COIN),
    "",
    ("  quotes placed %d, moved %d, filled or gone %d"):format(counts.placed, counts.moved, counts.gone),
    ("  %s"):format(notes[#notes] and "last refusal: " .. notes[#notes]:sub(1, 90) or ""),
  }
end

local function show(s)
  if terminal then
    local lines = rows(s)
    io.write(height > 0 and ("\27[%dA"):format(height) or "", "\27[2K", table.concat(lines, "\n\27[2K"), "\n")
    height = #lines
  elseif math.floor(s.elapsed) > shown_at then
    shown_at = math.floor(s.elapsed)
    print(("%5.1f s  market %s / %s  quotes %s / %s  position %s%s  stop %s  conditional %s  open profit %s %s"):format(
      s.elapsed, s.bid, s.ask, at(quotes.Buy), at(quotes.Sell), s.size, s.entry and " @ " .. s.entry:round(1) or "",
      stop or "-", at(fuse), s.profit, COIN))
  end
  io.flush()
end

---------------------------------------------------------------------------------------------------------------

local function trade(seconds)
  local start = client:now()
  while client:now() < start + seconds * 1000 do
    local ticker, position = assert(book:get_ticker()), assert(book:get_position())
    local bid, ask, size, entry = ticker.bid_price, ticker.ask_price, position.signed_quantity, position.entry_price
    look_after()
    local buy, sell = wanted(bid, ask, size)
    quote("Buy", buy, size)
    quote("Sell", sell, size)
    protect(size, entry)
    follow(size, ((bid + ask) / 2):to_step(tick))
    show { elapsed = (client:now() - start) / 1000, bid = bid, ask = ask, size = size, entry = entry,
      profit = position.unrealized_pnl or 0 }
    bybit.sleep(PAUSE)
  end
end

-- Cleans up, whatever ends the trading.
local function wind_down()
  assert(book:cancel_all_orders())
  assert(book:cancel_all_conditional_orders { stop_order_type = "Stop" })
  local position = assert(book:get_position())
  if not position:is_flat() then
    assert(book:place_order {
      side = OTHER[position.side], type = "Market", quantity = position.quantity, reduce_only = true,
    })
  end
end

-- Reads the orders page by page, and adds up the executions.
local function report(before, from)
  local pages, by_status = 0, {}
  for _, method in ipairs { "get_orders", "get_conditional_orders" } do
    for page in book:pages(method, { start_time = from }) do
      pages = pages + 1
      for _, order in ipairs(page) do by_status[order.status] = (by_status[order.status] or 0) + 1 end
    end
  end
  local states = {}
  for status, n in pairs(by_status) do states[#states + 1] = ("%d %s"):format(n, status) end
  table.sort(states)
  local fees, volume, trades = decimal(0), decimal(0), 0
  for trade_ in book:each("get_user_trades", { start_time = from }) do
    fees, volume, trades = fees + trade_.fee, volume + trade_.quantity, trades + 1
  end
  local change = balance() - before
  print(("\norders     %s, on %d pages"):format(table.concat(states, ", "), pages))
  print(("trades     %d, of %s USD together"):format(trades, volume))
  print(("fees       %s %s"):format(fees, COIN))
  print(("profit     %s %s before fees"):format(change + fees, COIN))
  print(("balance    %s %s, changed by %s"):format(balance(), COIN, change))
  print(("position   %s"):format(assert(book:get_position()).signed_quantity))
end

local before, from = balance(), client:now() - 1000
print(("quoting %s on %s, %s contracts a side, for %g seconds"):format(SYMBOL, ENVIRONMENT, QUANTITY, SECONDS))
do
  local off <close> = bybit.defer(wind_down) -- luacheck: ignore 211
  trade(SECONDS)
end
report(before, from)
