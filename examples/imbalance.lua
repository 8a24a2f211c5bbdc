-- A strategy on the order book: where clearly more is bid than asked near the market it is long, where more is asked it is short. It
-- looks whenever the book changes, and is flat as long as the book is not sure (`book.stale`).
--
--   lua5.4 examples/imbalance.lua [seconds]

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL, QUANTITY = "BTCUSD", 100
local LEVELS = 10                                             -- of each side that count
local ENTER, LEAVE = bybit.decimal "0.15", bybit.decimal "0.02" -- (bids - asks) / (bids + asks)
local REST = 0.3                                              -- seconds between two orders
local SECONDS = tonumber(arg[1] or 30)

local function sum(levels)
  local total = bybit.decimal(0)
  for _, level in ipairs(levels) do total = total + level.quantity end
  return total
end

-- From -1, where nothing is bid, to 1, where nothing is asked.
local function imbalance(book)
  local bids, asks = sum(book:bids(LEVELS)), sum(book:asks(LEVELS))
  local all = bids + asks
  return all:is_zero() and all or (bids - asks) / all
end

-- The side to be on, "flat", or nil: as it is.
local function wanted(book)
  if book.stale then return "flat" end
  local now = imbalance(book)
  if now > ENTER then return "Buy" end
  if now < -ENTER then return "Sell" end
  return now:abs() < LEAVE and "flat" or nil
end

local OTHER = { Buy = "Sell", Sell = "Buy" }

-- Brings the position from one side to another.
local function move(contract, from, to)
  if from ~= "flat" then
    assert(contract:place_order { side = OTHER[from], type = "Market", quantity = QUANTITY, reduce_only = true })
  end
  if to ~= "flat" then assert(contract:place_order { side = to, type = "Market", quantity = QUANTITY }) end
end

local options = { environment = ENVIRONMENT, credentials = ENVIRONMENT ~= "paper" and "env" or nil, id_prefix = "imbalance" }

bybit.main(options, function(client, stop)
  local contract = assert(client:instrument(SYMBOL))
  local before = assert(client:get_balance { coin = "BTC" }).equity
  local book <close> = assert(client:order_book { symbol = SYMBOL, depth = 50, cancel = stop })
  local side, looks, moves, rest = "flat", 0, 0, 0
  local ends = client:now() + SECONDS * 1000
  local off <close> = bybit.defer(function() move(contract, side, "flat") end) -- luacheck: ignore 211
  while not stop:cancelled() and client:now() < ends do
    if book:wait(0.5) then looks = looks + 1 end
    local to = wanted(book)
    if to and to ~= side and client:now() >= rest then
      move(contract, side, to)
      print(("%s  imbalance %s at %s: %s"):format(bybit.iso(client:now()):match "T(.*)Z", imbalance(book):round(3),
        book.best_bid, to))
      side, moves, rest = to, moves + 1, client:now() + REST * 1000
    end
  end
  move(contract, side, "flat")
  side = "flat"
  local after = assert(client:get_balance { coin = "BTC" }).equity
  print(("%d looks at the book, %d moves, changed by %s BTC after fees; position %s"):format(looks, moves, after - before,
    assert(contract:get_position()).quantity))
end)
