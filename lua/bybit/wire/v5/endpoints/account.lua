-- The account (V5 documentation, Account), in the order of the documentation.

return {
  { "wallet", internal = true,
    verb = "GET", path = "/v5/account/wallet-balance", limit = 50, source = "V5 documentation, account/wallet-balance",
    doc = "The wallet of a coin, for guard rails.",
    fixed = { { "accountType", value = "UNIFIED" } },
    params = { { "coin", "coin", "string", required = true, doc = "The coin, such as BTC." } },
    result = { free = true } },
}
