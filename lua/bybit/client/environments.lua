-- The addresses of the exchange (V5 documentation, integration guidance and its regional notes). `real`: it trades real money.

return {
  mainnet = { url = "https://api.bybit.com", real = true },
  bytick = { url = "https://api.bytick.com", real = true },
  testnet = { url = "https://api-testnet.bybit.com" },
  demo = { url = "https://api-demo.bybit.com" },
  netherlands = { url = "https://api.bybit.nl", real = true },
  turkey = { url = "https://api.bybit.tr", real = true },
  kazakhstan = { url = "https://api.bybit.kz", real = true },
  georgia = { url = "https://api.bybitgeorgia.ge", real = true },
  uae = { url = "https://api.bybit.ae", real = true },
  eea = { url = "https://api.bybit.eu", real = true },
  indonesia = { url = "https://api.bybit.id", real = true },
  japan = { url = "https://api.manepa.jp", real = true },
  ["japan-testnet"] = { url = "https://api-testnet.manepa.jp" },
}
