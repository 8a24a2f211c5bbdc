-- The addresses of the exchange (V5 documentation, integration guidance and its regional notes). `real`: it trades real money.
-- `streams`: the host of its streams, where one is documented; `public_streams`: of those about markets, where it is another one (V5
-- documentation, websocket/connect and demo).

return {
  mainnet = { url = "https://api.bybit.com", streams = "https://stream.bybit.com", real = true },
  bytick = { url = "https://api.bytick.com", streams = "https://stream.bybit.com", real = true },
  testnet = { url = "https://api-testnet.bybit.com", streams = "https://stream-testnet.bybit.com" },
  demo = { url = "https://api-demo.bybit.com", streams = "https://stream-demo.bybit.com",
    public_streams = "https://stream.bybit.com" },
  netherlands = { url = "https://api.bybit.nl", real = true },
  turkey = { url = "https://api.bybit.tr", streams = "https://stream.bybit.tr", real = true },
  kazakhstan = { url = "https://api.bybit.kz", streams = "https://stream.bybit.kz", real = true },
  georgia = { url = "https://api.bybitgeorgia.ge", streams = "https://stream.bybitgeorgia.ge", real = true },
  uae = { url = "https://api.bybit.ae", real = true },
  eea = { url = "https://api.bybit.eu", real = true },
  indonesia = { url = "https://api.bybit.id", streams = "https://stream.bybit.id", real = true },
  japan = { url = "https://api.manepa.jp", streams = "https://stream.manepa.jp", real = true },
  ["japan-testnet"] = { url = "https://api-testnet.manepa.jp" },
}
