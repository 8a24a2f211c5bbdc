-- Methods that read and are not of the interface of the sixteen: path, the smallest call, the query that it sends (by hand, from the
-- V5 documentation), the documentation's example of its answer, and for each parameter a good value with the query that it makes,
-- and a bad one with its message.

local function wrong(name, wanted, shown)
  return ("parameter '%s': %s expected, got %s"):format(name, wanted, shown)
end

local function symbol(good)
  return { "ETHUSD", good, bad = { "ethusd",
    "parameter 'symbol': 'ethusd' is not a symbol: upper case letters and digits such as "
    .. "'BTCUSD'; perhaps 'ETHUSD'?" } }
end

local function coin(name, good)
  return { "ETH", good, bad = { "eth", wrong(name, "a coin such as 'BTC'", "'eth' (string)") } }
end

local function coins(name, good)
  return { "ETH,BTC", good, bad = { "ETH,,BTC", wrong(name, "a coin such as 'BTC', or several such as 'BTC,ETH',",
    "'ETH,,BTC' (string)") } }
end

local function limit(most, good, name)
  return { most, good, bad = { most + 1, wrong(name or "limit", ("a value from 1 to %d"):format(most),
    ("%d (number)"):format(most + 1)) } }
end

-- A word of an enum; a word of somebody else leads to it.
local function word(name, good, query, other, all)
  return { good, query, bad = { other,
    ("parameter '%s': '%s' is not one of its values: one of %s; here it is '%s'"):format(name, other,
    all, good) } }
end

local function text(name, good, query) return { good, query, bad = { 5, wrong(name, "a string", "5 (number)") } } end

-- The cursor of a list whose cursor is the exchange's own.
local function cursor(query) return { "x%3D1", query, bad = { "", wrong("cursor", "a string that is not empty",
  "'' (string)") } } end

-- The cursor of a method that walks back in time.
local function place(method, at, query)
  return { ("%s:%s"):format(method, at), query, bad = { "x%3D1",
    ("cursor 'x%%3D1' was not issued by %s: use a page's next_cursor as it is")
    :format(method) } }
end

local START, END = 1699900000000, 1700000000000
local SECONDS = wrong("%s", "milliseconds since 1970 (this looks like seconds)", "1700000000 (number)")

local function from(query) return { START, query, with = { end_time = END }, bad = { 1700000000,
  SECONDS:format "start_time" } } end
local function to(query) return { END, query, bad = { 1700000000, SECONDS:format "end_time" } } end

local INTERVALS = "'1', '3', '5', '15', '30', '60', '120', '240', '360', '720', 'D', 'W', 'M'"
local PERIODS = "'5min', '15min', '30min', '1h', '4h', '1d'"
local STATES = "'scheduled', 'ongoing', 'completed', 'canceled'"

local function klines(name, path, example)
  local query = "category=inverse&symbol=BTCUSD&interval=60"
  return { path = "/v5/market/" .. path, params = { symbol = "BTCUSD", interval = "60" }, query = query, example = example,
    cases = {
      symbol = symbol "category=inverse&symbol=ETHUSD&interval=60",
      interval = word("interval", "D", "category=inverse&symbol=BTCUSD&interval=D", "1d", INTERVALS),
      start_time = { START, query .. "&start=1699992000000&end=1700000000000&limit=3", with = { end_time = END, limit = 3 },
        bad = { 1700000000, SECONDS:format "start_time" } },
      end_time = to(query .. "&end=1700000000000"),
      limit = limit(1000, query .. "&limit=1000"),
      cursor = place(name, "t,1699999999999:", query .. "&end=1699999999999"),
      columns = { true, query, bad = { 1, wrong("columns", "true or false", "1 (number)") } },
    } }
end

local reads = {}

reads.get_server_time = { path = "/v5/market/time", params = {}, query = "", example = "market-time", cases = {} }

reads.get_klines = klines("get_klines", "kline", "market-kline")
reads.get_mark_price_klines = klines("get_mark_price_klines", "mark-price-kline", "market-mark-price-kline")
reads.get_index_price_klines = klines("get_index_price_klines", "index-price-kline", "market-index-price-kline")
reads.get_premium_index_price_klines = klines("get_premium_index_price_klines", "premium-index-price-kline",
  "market-premium-index-price-kline")

reads.get_instruments = { path = "/v5/market/instruments-info", params = {}, query = "category=inverse",
  example = "market-instruments-info", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD",
    status = word("status", "Trading", "category=inverse&status=Trading", "Listed",
      "'PreLaunch', 'Trading', 'Delivering', 'Closed'"),
    base_coin = coin("base_coin", "category=inverse&baseCoin=ETH"),
    symbol_type = text("symbol_type", "innovation", "category=inverse&symbolType=innovation"),
    limit = limit(1000, "category=inverse&limit=1000"), cursor = cursor "category=inverse&cursor=x%253D1",
  } }

reads.get_order_book = { path = "/v5/market/orderbook", params = { symbol = "BTCUSD" }, query = "category=inverse&symbol=BTCUSD",
  example = "market-orderbook", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD",
    depth = limit(1000, "category=inverse&symbol=BTCUSD&limit=1000", "depth"),
    limit = limit(1000, "category=inverse&symbol=BTCUSD&limit=1000", "depth"),
  } }

reads.get_rpi_orderbook = { path = "/v5/market/rpi_orderbook", params = { symbol = "BTCUSD", depth = 5 },
  query = "category=inverse&symbol=BTCUSD&limit=5", example = "market-rpi-orderbook", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD&limit=5",
    depth = limit(50, "category=inverse&symbol=BTCUSD&limit=50", "depth"),
    limit = { 50, "category=inverse&symbol=BTCUSD&limit=50", without = { "depth" },
      bad = { 51, wrong("depth", "a value from 1 to 50", "51 (number)") } },
  } }

reads.get_ticker = { path = "/v5/market/tickers", params = { symbol = "BTCUSD" }, query = "category=inverse&symbol=BTCUSD",
  example = "market-tickers", cases = { symbol = symbol "category=inverse&symbol=ETHUSD" } }

reads.get_tickers = { path = "/v5/market/tickers", params = {}, query = "category=inverse", example = "market-tickers",
  cases = {} }

reads.get_funding_rate_history = { path = "/v5/market/funding/history", params = { symbol = "BTCUSD" },
  query = "category=inverse&symbol=BTCUSD", example = "market-funding-history", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD",
    start_time = from "category=inverse&symbol=BTCUSD&startTime=1699900000000&endTime=1700000000000",
    end_time = to "category=inverse&symbol=BTCUSD&endTime=1700000000000",
    limit = limit(200, "category=inverse&symbol=BTCUSD&limit=200"),
    cursor = place("get_funding_rate_history", "t1699900000000,1699999999999:",
      "category=inverse&symbol=BTCUSD&startTime=1699900000000&endTime=1699999999999"),
  } }

reads.get_trade_history = { path = "/v5/market/recent-trade", params = { symbol = "BTCUSD" },
  query = "category=inverse&symbol=BTCUSD", example = "market-recent-trade", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD", limit = limit(1000, "category=inverse&symbol=BTCUSD&limit=1000"),
  } }

local INTEREST = "category=inverse&symbol=BTCUSD&intervalTime=1h"

reads.get_open_interest = { path = "/v5/market/open-interest", params = { symbol = "BTCUSD", interval = "1h" }, query = INTEREST,
  example = "market-open-interest", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD&intervalTime=1h",
    interval = word("interval", "5min", "category=inverse&symbol=BTCUSD&intervalTime=5min", "5m", PERIODS),
    start_time = from(INTEREST .. "&startTime=1699900000000&endTime=1700000000000"),
    end_time = to(INTEREST .. "&endTime=1700000000000"),
    limit = limit(200, INTEREST .. "&limit=200"), cursor = cursor(INTEREST .. "&cursor=x%253D1"),
  } }

reads.get_risk_limit = { path = "/v5/market/risk-limit", params = {}, query = "category=inverse", example = "market-risk-limit",
  cases = { symbol = symbol "category=inverse&symbol=ETHUSD", cursor = cursor "category=inverse&cursor=x%253D1" } }

reads.get_insurance = { path = "/v5/market/insurance", params = {}, query = "", example = "market-insurance",
  cases = { coin = coin("coin", "coin=ETH") } }

reads.get_delivery_price = { path = "/v5/market/delivery-price", params = {}, query = "category=inverse",
  example = "market-delivery-price", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD", base_coin = coin("base_coin", "category=inverse&baseCoin=ETH"),
    settle_coin = coin("settle_coin", "category=inverse&settleCoin=ETH"), limit = limit(200, "category=inverse&limit=200"),
    cursor = cursor "category=inverse&cursor=x%253D1",
  } }

local RATIO = "category=inverse&symbol=BTCUSD&period=1h"

reads.get_long_short_ratio = { path = "/v5/market/account-ratio", params = { symbol = "BTCUSD", period = "1h" }, query = RATIO,
  example = "market-account-ratio", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD&period=1h",
    period = word("period", "1d", "category=inverse&symbol=BTCUSD&period=1d", "4d", PERIODS),
    start_time = from(RATIO .. "&startTime=1699900000000&endTime=1700000000000"),
    end_time = to(RATIO .. "&endTime=1700000000000"),
    limit = limit(500, RATIO .. "&limit=500"), cursor = cursor(RATIO .. "&cursor=x%253D1"),
  } }

reads.get_order_price_limit = { path = "/v5/market/price-limit", params = { symbol = "BTCUSD" },
  query = "category=inverse&symbol=BTCUSD", example = "market-price-limit",
  cases = { symbol = symbol "category=inverse&symbol=ETHUSD" } }

reads.get_index_price_components = { path = "/v5/market/index-price-components", params = { index_name = "BTCUSDT" },
  query = "indexName=BTCUSDT", example = "market-index-price-components",
  cases = { index_name = text("index_name", "ETHUSDT", "indexName=ETHUSDT") } }

reads.get_adl_alerts = { path = "/v5/market/adlAlert", params = {}, query = "", example = "market-adl-alert",
  cases = { symbol = symbol "symbol=ETHUSD" } }

reads.get_fee_groups = { path = "/v5/market/fee-group-info", params = {}, query = "productType=contract",
  example = "market-fee-group-info", cases = { group_id = limit(9, "productType=contract&groupId=9", "group_id") } }

reads.get_system_status = { path = "/v5/system/status", params = {}, query = "", example = "system-status", cases = {
  id = text("id", "a-1", "id=a-1"), state = word("state", "ongoing", "state=ongoing", "running", STATES) } }

reads.get_position = { path = "/v5/position/list", params = { symbol = "BTCUSD" }, query = "category=inverse&symbol=BTCUSD",
  example = "position-list", cases = { symbol = symbol "category=inverse&symbol=ETHUSD",
    position_mode = { 0, "category=inverse&symbol=BTCUSD", bad = { 3, wrong("position_mode", "a value from 0 to 2",
      "3 (number)") } } } }

reads.get_positions = { path = "/v5/position/list", params = {}, query = "category=inverse", example = "position-list", cases = {
  symbol = symbol "category=inverse&symbol=ETHUSD", settle_coin = coin("settle_coin", "category=inverse&settleCoin=ETH"),
  limit = limit(200, "category=inverse&limit=200"), cursor = cursor "category=inverse&cursor=x%253D1" } }

reads.get_closed_profit_loss = { path = "/v5/position/closed-pnl", params = {}, query = "category=inverse",
  example = "position-closed-pnl", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD",
    start_time = from "category=inverse&startTime=1699900000000&endTime=1700000000000",
    end_time = to "category=inverse&endTime=1700000000000", limit = limit(100, "category=inverse&limit=100"),
    cursor = place("get_closed_profit_loss", "h1699900000000,1700000000000:x",
      "category=inverse&startTime=1699900000000&endTime=1700000000000&cursor=x"),
  } }

reads.get_futures_leverage = { path = "/v5/position/symbol-info", params = {}, query = "category=inverse",
  example = "position-symbol-info", cases = { symbol = symbol "category=inverse&symbol=ETHUSD" } }

reads.get_balances = { path = "/v5/account/wallet-balance", params = {}, query = "accountType=UNIFIED",
  example = "account-wallet-balance", cases = { coin = coins("coin", "accountType=UNIFIED&coin=ETH%2CBTC") } }

reads.get_balance = { path = "/v5/account/wallet-balance", params = { coin = "BTC" }, query = "accountType=UNIFIED&coin=BTC",
  example = "account-wallet-balance", cases = { coin = coin("coin", "accountType=UNIFIED&coin=ETH") } }

reads.get_transferable = { path = "/v5/account/withdrawal", params = { coin = "BTC" }, query = "coinName=BTC",
  example = "account-withdrawal", cases = { coin = coins("coin", "coinName=ETH%2CBTC") } }

reads.get_disconnect_cancel_all_config = { path = "/v5/account/query-dcp-info", params = {}, query = "",
  example = "account-query-dcp-info", cases = {} }

reads.get_margin_account_info = { path = "/v5/account/info", params = {}, query = "", example = "account-info", cases = {} }

reads.get_account_instruments = { path = "/v5/account/instruments-info", params = {}, query = "category=inverse",
  example = "account-instruments-info", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD", limit = limit(200, "category=inverse&limit=200"),
    cursor = cursor "category=inverse&cursor=x%253D1" } }

reads.get_fee_rate = { path = "/v5/account/fee-rate", params = {}, query = "category=inverse", example = "account-fee-rate",
  cases = { symbol = symbol "category=inverse&symbol=ETHUSD" } }

reads.get_transaction_history = { path = "/v5/account/transaction-log", params = {}, query = "category=inverse",
  example = "account-transaction-log", cases = {
    currency = coin("currency", "category=inverse&currency=ETH"), base_coin = coin("base_coin", "category=inverse&baseCoin=ETH"),
    type = word("type", "SETTLEMENT", "category=inverse&type=SETTLEMENT", "Funding",
      "'TRADE', 'SETTLEMENT', 'DELIVERY', 'LIQUIDATION', 'ADL', 'TRANSFER_IN', 'TRANSFER_OUT', 'FEE_REFUND', 'BONUS', "
      .. "'BONUS_RECOLLECT', 'BONUS_TRANSFER_IN', 'BONUS_TRANSFER_OUT', 'AIRDROP', 'INTEREST', 'AUTO_DEDUCTION', 'CURRENCY_BUY', "
      .. "'CURRENCY_SELL', 'BORROW', 'REPAY', 'CONVERT', 'SPOT_REPAYMENT_BUY', 'SPOT_REPAYMENT_SELL'"),
    start_time = from "category=inverse&startTime=1699900000000&endTime=1700000000000",
    end_time = to "category=inverse&endTime=1700000000000", limit = limit(50, "category=inverse&limit=50"),
    cursor = place("get_transaction_history", "h1699900000000,1700000000000:x",
      "category=inverse&startTime=1699900000000&endTime=1700000000000&cursor=x"),
  } }

reads.get_collateral_info = { path = "/v5/account/collateral-info", params = {}, query = "", example = "account-collateral-info",
  cases = { currency = coin("currency", "currency=ETH") } }

reads.get_smp_group = { path = "/v5/account/smp-group", params = {}, query = "", example = "account-smp-group", cases = {} }

reads.get_user_setting_config = { path = "/v5/account/user-setting-config", params = {}, query = "",
  example = "account-user-setting-config", cases = {} }

reads.get_delivery_history = { path = "/v5/asset/delivery-record", params = {}, query = "category=inverse",
  example = "asset-delivery-record", cases = {
    symbol = symbol "category=inverse&symbol=ETHUSD", expiry = text("expiry", "25MAR22", "category=inverse&expDate=25MAR22"),
    start_time = from "category=inverse&startTime=1699900000000&endTime=1700000000000",
    end_time = to "category=inverse&endTime=1700000000000", limit = limit(50, "category=inverse&limit=50"),
    cursor = place("get_delivery_history", "h1699900000000,1700000000000:",
      "category=inverse&startTime=1699900000000&endTime=1700000000000"),
  } }

-- USDC contracts alone have settlements, and they are linear.
reads.get_settlement_history = { path = "/v5/asset/settlement-record", params = {}, query = "category=linear",
  example = "asset-settlement-record", cases = {
    symbol = symbol "category=linear&symbol=ETHUSD",
    start_time = from "category=linear&startTime=1699900000000&endTime=1700000000000",
    end_time = to "category=linear&endTime=1700000000000", limit = limit(50, "category=linear&limit=50"),
    cursor = place("get_settlement_history", "h,:x", "category=linear&cursor=x"),
  } }

reads.get_all_asset_balances = { path = "/v5/asset/transfer/query-account-coins-balance", params = { account_type = "FUND" },
  query = "accountType=FUND", example = "asset-transfer-query-account-coins-balance", cases = {
    account_type = text("account_type", "UNIFIED", "accountType=UNIFIED"), coin = coins("coin",
      "accountType=FUND&coin=ETH%2CBTC"),
    member_id = text("member_id", "592324", "accountType=FUND&memberId=592324") } }

reads.get_internal_transfers = { path = "/v5/asset/transfer/query-inter-transfer-list", params = {}, query = "",
  example = "asset-transfer-query-inter-transfer-list", cases = {
    transfer_id = text("transfer_id", "a-1", "transferId=a-1"), coin = coin("coin", "coin=ETH"),
    status = { "PENDING", "status=PENDING", bad = { "STATUS_UNKNOWN",
      "parameter 'status': 'STATUS_UNKNOWN' is not one of its values: one of 'SUCCESS', 'PENDING', 'FAILED'" } },
    start_time = from "startTime=1699900000000&endTime=1700000000000", end_time = to "endTime=1700000000000",
    limit = limit(50, "limit=50"), cursor = place("get_internal_transfers", "h,:x", "cursor=x"),
  } }

reads.get_api_key_info = { path = "/v5/user/query-api", params = {}, query = "", example = "user-query-api", cases = {} }

-- A request about contracts carries their category, and any of them may be about the linear ones. Their positions are listed by
-- contract or by coin only (V5 documentation, position/list).
local ALL = { get_positions = { with = { settle_coin = "USDT" }, query = "&settleCoin=USDT" } }

for name, read in pairs(reads) do
  if read.query:find "^category=inverse" then
    local more = ALL[name] or {}
    read.cases.category = { "linear", read.query:gsub("inverse", "linear") .. (more.query or ""), with = more.with, bad = {
      "spot", "parameter 'category': 'spot' is not one of its values: one of 'inverse', 'linear'" } }
  end
end

return reads
