-- The kinds of contracts (the option `category`), for the rows of endpoints that are about them, and what follows from a symbol. The
-- fields of a kind:
--
--   kind    what messages call the kind, and how symbols end that are none of it: '#' is a digit, '?' a letter. What is not listed
--           may be one (V5 documentation, enums, symbol)
--   whole   the unit in which a contract cannot be split; nil where quantities are fractions of a coin
--   settle  the coins that its contracts settle in; nil where that is the coin that a contract is about
--   coins   how to tell the coin that a symbol settles in: { pattern, coin }; without a coin it is the pattern's capture
--   first   the symbol that a session begins with
--   narrow  the exchange lists orders and positions of all its symbols only by coin (V5 documentation, order/realtime, position/list)

local categories = { kinds = {} }

local EXPIRY = { "-##???##", "-#???##" } -- of USDT and USDC futures: BTC-24MAR23

categories.kinds.inverse = {
  kind = { "inverse", "USDT", "USDC", "PERP", table.unpack(EXPIRY) },
  whole = "contracts of 1 USD",
  first = "BTCUSD",
  coins = { { "^(%w+)USD$" }, { "^(%w+)USD%u%d%d$" } },
}

categories.kinds.linear = {
  kind = { "linear", "USD", "USD?##" },
  settle = { "USDT", "USDC" },
  first = "BTCUSDT",
  coins = { { "^%w+USDT$", "USDT" }, { "^%w+USDT%-%d+%u+%d+$", "USDT" }, { "^%w+USDC$", "USDC" }, { "^%w+PERP$", "USDC" },
    { "^%w+%-%d+%u+%d+$", "USDC" } },
  narrow = true,
}

--- The names, in the order of the documentation.
categories.names = { "inverse", "linear" }

--- A table of what each kind has in that field, as parameters of rows have it.
---@param field string
---@return table<string, any>
function categories.each(field)
  local out = {}
  for _, name in ipairs(categories.names) do out[name] = categories.kinds[name][field] end
  return out
end

--- The coin that a symbol settles in; nil: that cannot be told.
---@param name string of the kind
---@param symbol string
---@return string?
function categories.coin_of(name, symbol)
  for _, row in ipairs((categories.kinds[name] or {}).coins or {}) do
    local found = symbol:match(row[1])
    if found then return row[2] or found end
  end
end

--- Which kind a symbol is of; nil: that cannot be told.
---@param symbol string
---@return string?
function categories.of(symbol)
  local found
  for _, name in ipairs(categories.names) do
    if categories.coin_of(name, symbol) then
      if found then return nil end
      found = name
    end
  end
  return found
end

return categories
