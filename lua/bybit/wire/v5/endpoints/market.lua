-- Markets (V5 documentation, Market), in the order of the documentation. None of these requests needs a signature. Rows with
-- `internal` are the pages of methods that walk back in time.

local EVERY = require("bybit.wire.categories").names -- the kinds of contracts

local function endpoint(path)
  return { verb = "GET", path = "/v5/market/" .. path, source = "V5 documentation, market/" .. path,
    categories = EVERY }
end

-- Codes to expect.
local READING = { "invalid_parameter", "rate_limited" }

local PAGED = { cursor = "nextPageCursor", key = "list" }

-- A list of these records, a page at a time or whole.
local function list(record, paged) return { list = record, key = "list", cursor = paged and PAGED.cursor or nil } end

local function limit(most, default, doc)
  return { like = "limit", max = most, doc = (doc or "Page size; %d when left out."):format(default) }
end

local ANY_SYMBOL = { like = "symbol", required = false, doc = "Only this contract." }
local INTERVAL = { "interval", "interval", "enum", enum = "kline_interval", required = true,
  doc = "How long a candle is: minutes as a text, or D, W, M." }
local COLUMNS = { "columns", false, "boolean",
  doc = "The result is a table with a list for each field: start_time, open_price and so on." }

-- A method that gives candles, and its two kinds of pages.
local function klines(name, path, record, doc, example)
  local on = endpoint(path)
  local page, columns = name .. "_page", name .. "_columns"
  local params = { "symbol", INTERVAL, { like = "start_time", "start_time", "start" }, { like = "end_time", "end_time", "end" },
    limit(1000, 200) }
  return { name, on = on, composite = true, over = { page, columns },
    doc = doc .. " Newest first; client:each walks back page by page, to start_time or the first candle. The newest candle is "
      .. "not final before its interval is over.",
    params = { params[1], INTERVAL, params[3], params[4], params[5], "cursor", COLUMNS },
    result = { list = record, key = "list", cursor = PAGED.cursor, by_columns = true }, codes = READING, example = example },
    { page, on = on, internal = true, doc = "A page of candles.", params = params, result = list(record) },
    { columns, on = on, internal = true, doc = "A page of candles as columns.", params = params,
      result = { columns = record, key = "list" } }
end

local KLINE, KLINE_PAGE, KLINE_COLUMNS = klines("get_klines", "kline", "kline", "Candles of what was traded.", [[
local page = assert(client:get_klines { symbol = "BTCUSD", interval = "5", limit = 3 })
for _, candle in ipairs(page) do print(bybit.iso(candle.start_time), candle.open_price, candle.close_price) end

-- As columns, for indicators: the mean of the last 20 closes.
local columns = assert(client:get_klines { symbol = "BTCUSD", interval = "1", limit = 20, columns = true })
local sum = bybit.decimal(0)
for _, price in ipairs(columns.close_price) do sum = sum + price end
print((sum / #columns.close_price):round(2))]])

local MARK, MARK_PAGE, MARK_COLUMNS = klines("get_mark_price_klines", "mark-price-kline", "price_kline",
  "Candles of the mark price.", [[
local page = assert(client:get_mark_price_klines { symbol = "BTCUSD", interval = "60", limit = 2 })
print(#page, page[1].high_price >= page[1].low_price)]])

local INDEX, INDEX_PAGE, INDEX_COLUMNS = klines("get_index_price_klines", "index-price-kline", "price_kline",
  "Candles of the index price.", [[
local page = assert(client:get_index_price_klines { symbol = "BTCUSD", interval = "60", limit = 2 })
print(#page, page[1].high_price >= page[1].low_price)]])

local PREMIUM, PREMIUM_PAGE, PREMIUM_COLUMNS = klines("get_premium_index_price_klines", "premium-index-price-kline",
  "price_kline",
  "Candles of the premium: how far the mark price is from the index price, as a fraction; it may be below 0.", [[
local page = assert(client:get_premium_index_price_klines { symbol = "BTCUSD", interval = "60", limit = 2 })
print(#page, page[1].close_price:abs() < 1)]])

local FUNDING = endpoint "funding/history"

return {
  { "get_server_time", on = { verb = "GET", path = "/v5/market/time", source = "V5 documentation, market/time" },
    doc = "The exchange's clock. client:now() knows it without a request, as every answer tells it.",
    result = { record = "server_time" },
    codes = { "rate_limited" },
    example = [[
local clock = assert(client:get_server_time {})
print(clock.timestamp, bybit.iso(clock.timestamp))]] },

  KLINE, KLINE_PAGE, KLINE_COLUMNS, MARK, MARK_PAGE, MARK_COLUMNS, INDEX, INDEX_PAGE, INDEX_COLUMNS, PREMIUM, PREMIUM_PAGE,
  PREMIUM_COLUMNS,

  { "get_instruments", on = endpoint "instruments-info",
    doc = "The contracts: steps of price and quantity, limits, coins. Only those that can be traded now, unless status says "
      .. "otherwise.",
    params = { ANY_SYMBOL, { "status", "status", "enum", enum = "instrument_status", doc = "Only contracts of this status." },
      { like = "base_coin", doc = "Only contracts about this coin; the exchange then sends linear and inverse ones." },
      { "symbol_type", "symbolType", "string", doc = "Only contracts of this type, such as innovation; they are linear." },
      limit(1000, 500), "cursor" },
    result = list("instrument", true),
    codes = READING,
    example = [[
local contracts = assert(client:get_instruments { symbol = "BTCUSD" })
local contract = contracts[1]
print(contract.tick_size, contract.quantity_step, contract.max_leverage, contract.settle_coin)
print(bybit.decimal("30000.37"):to_step(contract.tick_size))]] },

  { "get_order_book", on = endpoint "orderbook",
    doc = "The order book: who sells and who buys, best prices first.",
    params = { "symbol", { "depth", "limit", "integer", min = 1, max = 1000, also = "limit", unit = "levels",
      doc = "How many levels of each side; 25 when left out." } },
    result = { record = "order_book" },
    codes = READING,
    example = [[
local book = assert(client:get_order_book { symbol = "BTCUSD", depth = 50 })
local bid, ask = book.bids[1], book.asks[1]
print(bid.price < ask.price, ask.price - bid.price)]] },

  { "get_rpi_orderbook", on = endpoint "rpi_orderbook",
    doc = "The order book with quotes for retail (RPI), which the other order book leaves out.",
    params = { "symbol", { "depth", "limit", "integer", required = true, min = 1, max = 50, also = "limit", unit = "levels",
      doc = "How many levels of each side." } },
    result = { record = "rpi_order_book" },
    codes = READING,
    example = [[
local book = assert(client:get_rpi_orderbook { symbol = "BTCUSD", depth = 10 })
print(#book.bids, book.bids[1].rpi_quantity)]] },

  { "get_full_orderbook", on = endpoint "full_orderbook",
    doc = "The whole order book, up to 10,000 levels of each side. The exchange gives it on few of its hosts yet.",
    params = { "symbol" },
    result = { record = "order_book" },
    codes = READING,
    example = [[
local book = assert(client:get_full_orderbook { symbol = "BTCUSD" })
print(#book.bids, #book.asks)]] },

  { "get_ticker", on = endpoint "tickers",
    doc = "The prices of a contract now, and its last 24 hours.",
    params = { "symbol" },
    result = { first = "ticker", key = "list" },
    codes = READING,
    example = [[
local ticker = assert(client:get_ticker { symbol = "BTCUSD" })
print(ticker.last_price, ticker.mark_price, ticker.bid_price < ticker.ask_price)
print("1 percent below the market:", (ticker.last_price * 0.99):to_step "0.5")]] },

  { "get_tickers", on = endpoint "tickers",
    doc = "The prices of all contracts now, and their last 24 hours.",
    result = list "ticker",
    codes = READING,
    example = [[
for _, ticker in ipairs(assert(client:get_tickers {})) do
  if ticker.funding_rate then -- a future has none
    print(ticker.symbol, ticker.funding_rate, bybit.iso(ticker.next_funding_time))
  end
end]] },

  { "get_funding_rate_history", on = FUNDING, composite = true, over = { "funding_rate_page" },
    doc = "The fundings that took place, newest first; client:each walks back page by page, to start_time or the first one.",
    params = { "symbol", "start_time", "end_time", limit(200, 200), "cursor" },
    result = list("funding_rate", true),
    codes = READING,
    example = [[
local now = client:now()
for funding in client:each("get_funding_rate_history", { symbol = "BTCUSD", start_time = now - 86400000 }) do
  print(bybit.iso(funding.timestamp), funding.funding_rate)
end]] },

  { "funding_rate_page", on = FUNDING, internal = true,
    doc = "A page of fundings.",
    params = { "symbol", "start_time", "end_time", limit(200, 200) },
    result = list "funding_rate" },

  { "get_trade_history", on = endpoint "recent-trade",
    doc = "The latest trades of anybody, newest first. get_user_trades has your own.",
    params = { "symbol", limit(1000, 500, "How many; %d when left out.") },
    result = list "public_trade",
    codes = READING,
    example = [[
for _, trade in ipairs(assert(client:get_trade_history { symbol = "BTCUSD", limit = 5 })) do
  print(bybit.iso(trade.timestamp), trade.side, trade.quantity, trade.price)
end]] },

  { "get_open_interest", on = endpoint "open-interest",
    doc = "The open positions of all accounts over time, newest first.",
    params = { "symbol", { "interval", "intervalTime", "enum", enum = "period", required = true,
      doc = "The time between two values." }, "start_time", "end_time", limit(200, 50), "cursor" },
    result = list("open_interest", true),
    codes = READING,
    example = [[
local page = assert(client:get_open_interest { symbol = "BTCUSD", interval = "5min", limit = 10 })
for _, row in ipairs(page) do print(bybit.iso(row.timestamp), row.open_interest) end]] },

  { "get_risk_limit", on = endpoint "risk-limit",
    doc = "The tiers of risk: how large a position may be at which leverage.",
    params = { ANY_SYMBOL, "cursor" },
    result = list("risk_limit", true),
    codes = READING,
    example = [[
for _, tier in ipairs(assert(client:get_risk_limit { symbol = "BTCUSD" })) do
  print(tier.risk_limit_value, tier.max_leverage, tier.maintenance_margin)
end]] },

  { "get_insurance", on = { verb = "GET", path = "/v5/market/insurance", source = "V5 documentation, market/insurance" },
    doc = "The insurance pools, which pay what liquidations lose. The list has an update_time.",
    params = { { like = "coin", required = false, doc = "Only pools of this coin." } },
    result = { record = "insurance", part = "pools", heads = true },
    codes = READING,
    example = [[
local pools = assert(client:get_insurance { coin = "BTC" })
print(pools[1].coin, pools[1].balance, pools.update_time ~= nil)]] },

  { "get_delivery_price", on = endpoint "delivery-price",
    doc = "The prices at which contracts expired.",
    params = { ANY_SYMBOL, { like = "base_coin", doc = "Options only." },
      { like = "settle_coin", doc = "Only contracts that settle in this coin; USDC when left out." }, limit(200, 50), "cursor" },
    result = list("delivery_price", true),
    codes = READING,
    example = [[
print(#assert(client:get_delivery_price { settle_coin = "BTC" }))]] },

  { "get_long_short_ratio", on = endpoint "account-ratio",
    doc = "Which share of the accounts was long, and which short, over time, newest first.",
    params = { "symbol", { "period", "period", "enum", enum = "period", required = true, doc = "The time between two values." },
      "start_time", "end_time", limit(500, 50), "cursor" },
    result = list("long_short_ratio", true),
    codes = READING,
    example = [[
local page = assert(client:get_long_short_ratio { symbol = "BTCUSD", period = "1h", limit = 3 })
for _, row in ipairs(page) do print(row.buy_ratio + row.sell_ratio) end]] },

  { "get_order_price_limit", on = endpoint "price-limit",
    doc = "How far from the market an order may be now.",
    params = { "symbol" },
    result = { record = "price_limit" },
    codes = READING,
    example = [[
local limit = assert(client:get_order_price_limit { symbol = "BTCUSD" })
print(limit.buy_limit, limit.sell_limit)]] },

  { "get_index_price_components", on = { verb = "GET", path = "/v5/market/index-price-components",
    source = "V5 documentation, market/index-price-components" },
    doc = "What an index price is made of.",
    params = { { "index_name", "indexName", "string", required = true, example = "BTCUSD", doc = "The index, such as BTCUSD." } },
    result = { record = "index_price" },
    codes = READING,
    example = [[
local index = assert(client:get_index_price_components { index_name = "BTCUSD" })
for _, part in ipairs(index.components) do print(part.exchange, part.price, part.weight) end]] },

  { "get_adl_alerts", on = { verb = "GET", path = "/v5/market/adlAlert", source = "V5 documentation, market/adlAlert" },
    doc = "How near auto-deleveraging is, by contract. The list has an update_time.",
    params = { ANY_SYMBOL },
    result = { record = "adl", part = "alerts", heads = true },
    codes = READING,
    example = [[
local alerts = assert(client:get_adl_alerts { symbol = "BTCUSD" })
local alert = alerts[1]
print(alert.pnl_ratio < alert.insurance_pnl_ratio)]] },

  { "get_fee_groups", on = { verb = "GET", path = "/v5/market/fee-group-info",
    source = "V5 documentation, market/fee-group-info", fixed = { { "productType", value = "contract" } } },
    doc = "The fees of professional accounts by group of contracts. get_fee_rate has your own.",
    params = { { "group_id", "groupId", "integer", min = 1, max = 9, doc = "Only this group." } },
    result = list "fee_group",
    codes = READING,
    example = [[
local groups = assert(client:get_fee_groups { group_id = 1 })
local group = groups[1]
print(group.group_name, group.pro_rates[1].taker_fee_rate)]] },
}
