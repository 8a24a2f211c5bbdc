-- The wallet and the prices (v2 documentation, wallet data and market data).

return {
  { "get_balance", internal = true,
    verb = "GET", path = "/v2/private/wallet/balance", group = "list", source = "v2 documentation, get wallet balance",
    doc = "The wallet of a coin, for guard rails.",
    params = { { "coin", "coin" } }, result = { free = true } },

  { "get_ticker", internal = true,
    verb = "GET", path = "/v2/public/tickers", source = "v2 documentation, latest information for symbol",
    doc = "The prices of a contract now, for guard rails.",
    params = { "symbol" }, result = { free = true } },
}
