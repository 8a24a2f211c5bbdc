-- A market maker: quotes both sides around the middle of the book, leans against the position it has picked up, moves
-- its quotes when the market moves, and at the end cancels, closes, and settles its books to the last satoshi.
--
--   make demo          or: lua5.4 examples/market_maker.lua
--
-- It trades on a paper exchange of its own. With one word changed it trades on the testnet, with the keys of
-- BYBIT_API_KEY and BYBIT_API_SECRET.

local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL, COIN = "BTCUSD", "BTC"
local QUANTITY = 1000 -- contracts of 1 USD a quote
local MOST = 5000 -- position past which the side that adds to it pauses
local SPREAD = 3 -- ticks from the middle to each quote
local PAUSE = 0.2 -- seconds between two looks at the market
local SECONDS = tonumber(os.getenv "DEMO_SECONDS" or 15)

local client <close> = bybit.client {
  environment = ENVIRONMENT, credentials = ENVIRONMENT ~= "paper" and "env" or nil, id_prefix = "mm",
}

local decimal = bybit.decimal

---------------------------------------------------------------------------------------------------------------
-- What the market and the account look like, from endpoints that have no method of their own.

local function first(path, params)
  return assert(client:request("GET", path, params)).list[1]
end

local tick = decimal(first("/v5/market/instruments-info", { symbol = SYMBOL }).priceFilter.tickSize)

local function market()
  local t = first("/v5/market/tickers", { symbol = SYMBOL })
  return decimal(t.bid1Price), decimal(t.ask1Price)
end

local function position()
  local p = first("/v5/position/list", { symbol = SYMBOL })
  local size = decimal(p.size)
  return p.side == "Sell" and -size or size, p
end

local function balance()
  local wallet = first("/v5/account/wallet-balance", { accountType = "UNIFIED", coin = COIN })
  return decimal(wallet.coin[1].walletBalance)
end

---------------------------------------------------------------------------------------------------------------
-- Quotes.

local quotes = {} -- side -> { id, price }
local counts = { placed = 0, moved = 0, fills = 0 }

local function place(side, price)
  local ack, err = client:place_order {
    symbol = SYMBOL, side = side, type = "Limit", quantity = QUANTITY, price = price, time_in_force = "PostOnly",
  }
  if not ack then return io.stderr:write(tostring(err), "\n") end
  quotes[side] = { id = ack.order_id, price = price }
  counts.placed = counts.placed + 1
end

local function move(side, price)
  local quote = quotes[side]
  local ack, err = client:modify_order { symbol = SYMBOL, order_id = quote.id, new_price = price }
  if ack then
    quote.price = price
    counts.moved = counts.moved + 1
  elseif err.kind == "not_found" then
    quotes[side] = nil -- filled, or cancelled because it would have crossed: it is placed anew
  elseif not err.unchanged then
    io.stderr:write(tostring(err), "\n")
  end
end

local function withdraw(side)
  local quote = quotes[side]
  quotes[side] = nil
  if quote then client:cancel_order { symbol = SYMBOL, order_id = quote.id } end
end

-- Forgets quotes that are no longer open.
local function look_after()
  local open = {}
  for _, order in ipairs(assert(client:get_open_orders_real_time { symbol = SYMBOL })) do open[order.order_id] = order end
  for _, side in ipairs { "Buy", "Sell" } do
    if quotes[side] and not open[quotes[side].id] then
      quotes[side] = nil
      counts.fills = counts.fills + 1
    end
  end
end

-- The position leans the middle: long quotes lower, short quotes higher.
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
-- The display: a live line in a terminal, plain lines elsewhere.

local terminal = os.execute "test -t 1"
local shown_at = -1

local function show(elapsed, bid, ask, size, p)
  local function at(side) return quotes[side] and tostring(quotes[side].price) or "-" end
  local line = ("%5.1f s  market %s / %s  quotes %s / %s  position %s @ %s  open profit %s %s  placed %d moved %d gone %d")
    :format(elapsed, bid, ask, at "Buy", at "Sell", size, decimal(p.avgPrice):round(1), p.unrealisedPnl, COIN,
      counts.placed, counts.moved, counts.fills)
  if terminal then
    io.write("\r\27[K", line)
  elseif math.floor(elapsed) > shown_at then
    shown_at = math.floor(elapsed)
    io.write(line, "\n")
  end
  io.flush()
end

---------------------------------------------------------------------------------------------------------------

local function trade(seconds)
  local start = client:now()
  local stop = start + seconds * 1000
  while client:now() < stop do
    local bid, ask = market()
    look_after()
    local size, p = position()
    local buy, sell = wanted(bid, ask, size)
    quote("Buy", buy, size)
    quote("Sell", sell, size)
    show((client:now() - start) / 1000, bid, ask, size, p)
    bybit.sleep(PAUSE)
  end
  if terminal then io.write "\n" end
end

-- Nothing is left behind, whichever way trading ends.
local function wind_down()
  assert(client:cancel_all_orders { symbol = SYMBOL })
  local size = position()
  if not size:is_zero() then
    assert(client:place_order {
      symbol = SYMBOL, side = size > 0 and "Sell" or "Buy", type = "Market", quantity = size:abs(), reduce_only = true,
    })
  end
end

-- The order records, page by page, and what the executions add up to.
local function report(before, from)
  local pages, by_status = 0, {}
  for page in client:pages("get_orders", { symbol = SYMBOL, start_time = from }) do
    pages = pages + 1
    for _, order in ipairs(page) do by_status[order.status] = (by_status[order.status] or 0) + 1 end
  end
  local states = {}
  for status, n in pairs(by_status) do states[#states + 1] = ("%d %s"):format(n, status) end
  table.sort(states)
  local fees, volume, trades = decimal(0), decimal(0), 0
  for trade_ in client:each("get_user_trades", { symbol = SYMBOL, start_time = from }) do
    fees, volume, trades = fees + trade_.fee, volume + trade_.quantity, trades + 1
  end
  local change = balance() - before
  print(("\norders     %s, on %d pages"):format(table.concat(states, ", "), pages))
  print(("trades     %d, of %s USD together"):format(trades, volume))
  print(("fees       %s %s"):format(fees, COIN))
  print(("profit     %s %s before fees"):format(change + fees, COIN))
  print(("balance    %s %s, changed by %s"):format(balance(), COIN, change))
  print(("position   %s"):format((position())))
end

local before, from = balance(), client:now() - 1000
print(("quoting %s on %s, %s contracts a side, for %g seconds"):format(SYMBOL, ENVIRONMENT, QUANTITY, SECONDS))
do
  local off <close> = bybit.defer(wind_down) -- luacheck: ignore 211
  trade(SECONDS)
end
report(before, from)
