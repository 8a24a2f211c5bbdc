-- Trading inside a program on cqueues: each coroutine of its controller runs its calls as a task. The tasks share one client and
-- its connections; the program's other coroutines go on meanwhile. (Debian: lua-cqueues.)
--
--   lua5.4 examples/cqueues.lua

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"
local cqueues = require "cqueues"
local run = require("bybit.adapter.cqueues").run

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOLS = { "BTCUSD", "ETHUSD", "XRPUSD" }

local client <close> = bybit.client { environment = ENVIRONMENT, credentials = ENVIRONMENT ~= "paper" and "env" or nil,
  confirm = true }

local function best_bid(symbol)
  return assert(client:get_ticker { symbol = symbol }).bid_price
end

-- Places a quote below the market and cancels it: straight-line code, although others trade meanwhile.
local function visit(symbol)
  local bid = best_bid(symbol)
  local quote = { symbol = symbol, side = "Buy", type = "Limit", quantity = 10, price = bid, time_in_force = "PostOnly" }
  local order = assert(client:place_order(quote))
  local ended = order:is_open() and assert(client:cancel_order { symbol = symbol, order_id = order.order_id }) or order
  return bid, ended.status
end

local controller, beats, left = cqueues.new(), 0, #SYMBOLS

for _, symbol in ipairs(SYMBOLS) do
  controller:wrap(function()
    local bid, status = run(visit, symbol)
    print(("%s  bid %s, quote %s"):format(symbol, bid, status))
    left = left - 1
  end)
end

-- The program's other work.
controller:wrap(function()
  while left > 0 do
    cqueues.sleep(0.001)
    beats = beats + 1
  end
end)

assert(controller:loop())
print(("the program's own coroutine ran %s meanwhile"):format(beats > 0 and "on" or "not at all"))
