-- Markets (V5 documentation, Market), in the order of the documentation. These requests need no signature.

return {
  { "prices", internal = true,
    verb = "GET", path = "/v5/market/tickers", limit = 50, source = "V5 documentation, market/tickers",
    doc = "The prices of a contract now, for guard rails.",
    fixed = { "category" },
    params = { "symbol" },
    result = { free = true } },
}
