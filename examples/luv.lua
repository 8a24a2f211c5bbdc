-- Trading inside a program on luv (libuv): tasks run in uv.run(), beside the program's own timers and sockets.
-- (Debian: lua-luv.)
--
--   lua5.4 examples/luv.lua [SECONDS]

require "bybit.strict" -- undeclared globals raise
local bybit = require "bybit"
local uv = require "luv"
local adapter = require "bybit.adapter.luv"

local ENVIRONMENT = "paper" -- "testnet"
local SYMBOL = "BTCUSD"
local SECONDS = tonumber(arg[1] or 3)

local client <close> = bybit.client { environment = ENVIRONMENT, credentials = ENVIRONMENT ~= "paper" and "env" or nil }

local looks, last = 0, nil

-- A task: looks at the market until the token is cancelled.
local function watch(stop)
  repeat
    looks, last = looks + 1, assert(client:get_ticker { symbol = SYMBOL }).last_price
  until stop:wait(0.05)
  return looks
end

local attached = adapter.attach()
local stop = bybit.cancel_token()
local watching = attached:spawn(watch, stop)

-- The program's own timers: one reports, one ends the program.
local report, finish = uv.new_timer(), uv.new_timer()
report:start(500, 500, function() print(("%s %s, after %d looks"):format(SYMBOL, last or "not seen", looks)) end)
finish:start(math.floor(SECONDS * 1000), 0, function()
  report:stop()
  stop:cancel()
end)

uv.run()
print(("%d looks at %s, last %s"):format(watching:await(), SYMBOL, last))
attached:close()
