-- Two endpoints that are added to the V5 wire at run time, as a developer would add them to a file of rows: a query whose result
-- is a free table, and a change. Nothing else knows of them.

local endpoints = require "bybit.wire.v5.endpoints"

local added = {}

added.rows = {
  get_exchange_clock = {
    verb = "GET", path = "/v5/market/time", source = "V5 documentation, market/time",
    doc = "The clock of the exchange, in seconds and nanoseconds.",
    result = { free = true },
    codes = { "rate_limited" },
    example = [[
local clock = assert(client:get_exchange_clock {})
print(#clock.timeSecond, #clock.timeNano) -- 10  19]],
  },
  put_leverage = {
    verb = "POST", path = "/v5/position/set-leverage", limit = 10, source = "V5 documentation, position/leverage",
    doc = "Sets the leverage of a symbol.",
    categories = { "inverse", "linear" },
    params = { "symbol",
      { "buy_leverage", "buyLeverage", "decimal", required = true, above = "0", doc = "Of long positions." },
      { "sell_leverage", "sellLeverage", "decimal", required = true, above = "0", doc = "Of short positions." } },
    rules = { { "equal", "buy_leverage", "sell_leverage" } },
    result = { empty = true },
    codes = { "leverage_unchanged", "leverage_not_allowed" },
    example = [[
assert(client:put_leverage { symbol = "BTCUSD", buy_leverage = 7, sell_leverage = 7 })
local done, err = client:put_leverage { symbol = "BTCUSD", buy_leverage = 7, sell_leverage = 7 }
print(done, err.name, err.unchanged) -- nil  leverage_unchanged  true]],
  },
}

function added.add()
  for name, row in pairs(added.rows) do endpoints[name] = row end
end

--- Takes the rows and what was made of them away again, so that other specs see the declared methods only.
---@param class table the class of a client, see client/methods.lua
function added.remove(class)
  for name in pairs(added.rows) do endpoints[name], class.methods[name] = nil, nil end
  class.known_names = nil
end

return added
