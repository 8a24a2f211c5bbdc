-- Shared by the end-to-end specs: a paper exchange whose clock and prices are moved by hand, and a client on it.

local bybit = require "bybit"

local trading = {}

--- An exchange with a manual clock, BTCUSD at 30000, no rate limits; and a client. The caller closes both.
---@param options? table of the client
---@param exchange_options? table
function trading.start(options, exchange_options)
  local settings = { clock = "manual", seed = 7, limits = false, lag = 0 }
  for k, v in pairs(exchange_options or {}) do settings[k] = v end
  local exchange = bybit.paper.start(settings)
  exchange:set_price("BTCUSD", "30000")
  local o = { environment = exchange, rate = settings.limits ~= false and "wait" or false }
  for k, v in pairs(options or {}) do o[k] = v end
  return exchange, bybit.client(o)
end

--- The position in BTCUSD, as V5 sends it.
function trading.position(client)
  return assert(client:request("GET", "/v5/position/list", { symbol = "BTCUSD" })).list[1]
end

--- The text of a decimal field, to compare it exactly, digit by digit.
function trading.text(value)
  return value == nil and "nil" or tostring(value)
end

return trading
