-- The topics of the exchange's streams (V5 documentation, websocket), as data. Adding a topic means adding a row. The fields of a
-- row:
--
--   [1]        its name here: the word in client:stream, the kind of its events, and the field that holds the record
--   wire       what it is called: %s stands for what `of` names, in that order
--   of         parameters that its wire name holds: "symbol", "interval"
--   private    it is about the account, so the stream logs in
--   record     what its events hold, see records/
--   first      a message holds one record, not a list of them
--   renamed    names of the wire that are others than in answers: our name = name in the stream
--   sights     it tells of the account's orders: whoever has to know what became of one may look there
--   shows      methods that read what it tells: who watches one of them looks again when an event comes
--   policy     what becomes of events that wait when the reader is slow. "each": of too many the oldest go, and the next event says how
--              many; "latest": a newer one takes the place of one that waits; "merge": messages tell changes, which are put
--              together; "account": of too many all go, and the reader is told that it has fallen behind
--   source     where its rules stand
--   doc        what it tells

local function public(path) return "V5 documentation, websocket/public/" .. path end
local function private(path) return "V5 documentation, websocket/private/" .. path end

return {
  { "trade", wire = "publicTrade.%s", of = { "symbol" }, record = "public_trade", policy = "each", source = public "trade",
    renamed = { trade_id = "i", symbol = "s", price = "p", quantity = "v", side = "S", timestamp = "T", is_block_trade = "BT",
      is_rpi_trade = "RPI" },
    shows = { "get_trade_history" }, doc = "What others trade, each trade once." },
  { "ticker", wire = "tickers.%s", of = { "symbol" }, record = "ticker", first = true, policy = "merge", source = public "ticker",
    shows = { "get_ticker", "get_tickers" },
    doc = "The prices of a contract and its last 24 hours; each event is whole, and its `changed` names what moved." },
  { "kline", wire = "kline.%s.%s", of = { "interval", "symbol" }, record = "kline", policy = "latest", source = public "kline",
    shows = { "get_klines" },
    doc = "A candle as it grows; the event's `confirm` is true once, when it is closed." },
  { "price_limit", wire = "priceLimit.%s", of = { "symbol" }, record = "price_limit", first = true, policy = "latest",
    source = public "order-price-limit", shows = { "get_order_price_limit" },
    doc = "The highest price to buy at and the lowest to sell at." },
  { "order", wire = "order", private = true, sights = true, record = "order", policy = "account", source = private "order",
    shows = { "get_orders", "get_conditional_orders", "get_open_order_real_time", "get_open_orders_real_time",
      "get_open_conditional_order_real_time", "get_open_conditional_orders_real_time" },
    doc = "Each change of an order of the account." },
  { "execution", wire = "execution", private = true, record = "trade", policy = "account", source = private "execution",
    shows = { "get_user_trades" },
    doc = "Each execution of the account: fills, funding and the like." },
  { "position", wire = "position", private = true, record = "position", policy = "account", source = private "position",
    shows = { "get_position", "get_positions" },
    doc = "A position, whenever an order is made, changed, cancelled or filled." },
  { "wallet", wire = "wallet", private = true, record = "wallet", policy = "account", source = private "wallet",
    shows = { "get_balance", "get_balances" },
    doc = "The wallet, when its balance changes; not for unrealized profit alone." },
}
