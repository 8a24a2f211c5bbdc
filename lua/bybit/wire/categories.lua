-- What the kinds of contracts (the option `category`) have in common, for the rows of endpoints that are about them.
--
--   quantity  fields of every parameter that says how much: its unit, and `whole` where a contract cannot be split
--   coin      a pattern whose capture of a symbol is the coin that it settles in (V5 documentation, enums, symbol)
--   kind      the name of the kind, and how the symbols of other kinds end (V5 documentation, enums, symbol)

return {
  inverse = {
    quantity = { unit = "contracts of 1 USD", whole = true },
    coin = "^(%w+)USD%w*$",
    kind = { "inverse", "USDT", "USDC", "PERP" },
  },
}
