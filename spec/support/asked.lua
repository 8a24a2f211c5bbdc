-- Parameters of calls that many specs make.

local asked = {}

asked.SYMBOL = "BTCUSD"

--- A table of parameters with the symbol.
function asked.of(more)
  local p = { symbol = asked.SYMBOL }
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

--- The same table, with more in it.
function asked.with(p, more)
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

--- A limit order below a market at 30000.
function asked.limit(more)
  return asked.with(asked.of { side = "Buy", type = "Limit", quantity = 100, price = "29000.5" }, more)
end

--- A conditional order that waits for 29000.
function asked.conditional(more)
  return asked.with(asked.of { side = "Sell", type = "Market", quantity = 10, base_price = 30000, trigger_price = 29000 }, more)
end

return asked
