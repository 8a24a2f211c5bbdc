-- V5 documentation, Market: what public endpoints answer. init.lua explains the rows.

local CONTRACTS = "in contracts of 1 USD, of linear contracts in base coin." -- the unit of quantities

local records = {}

records.server_time = {
  doc = "The exchange's clock.",
  shown = { "time_nano" },
  fields = {
    { "time_second", "timeSecond", "integer", doc = "Seconds since 1970." },
    { "time_nano", "timeNano", "integer", doc = "Nanoseconds since 1970; see timestamp." },
  },
}

records.instrument = {
  doc = "A contract: its steps and limits.",
  shown = { "symbol", "status", "tick_size", "quantity_step", "min_order_quantity", "max_order_quantity", "max_leverage",
    "settle_coin" },
  inline = { "leverageFilter", "priceFilter", "lotSizeFilter", "preListingInfo", "auctionFeeInfo", "riskParameters" },
  fields = {
    { "symbol", "symbol", "string", doc = "The contract." },
    { "symbol_id", "symbolId", "integer", doc = "The exchange's number of the contract." },
    { "contract_type", "contractType", "enum", enum = "contract_type", doc = "Its kind." },
    { "status", "status", "enum", enum = "instrument_status", doc = "Can it be traded?" },
    { "base_coin", "baseCoin", "string", doc = "The coin that it is about: BTC of BTCUSD." },
    { "quote_coin", "quoteCoin", "string", doc = "What its prices are in: USD of BTCUSD." },
    { "launch_time", "launchTime", "time", zero_empty = true, doc = "When it was first traded." },
    { "delivery_time", "deliveryTime", "time", zero_empty = true,
      doc = "When it expires; of a perpetual when it will be delisted: the earliest warning that there is." },
    { "delivery_fee_rate", "deliveryFeeRate", "decimal", doc = "The fee of delivery; nil of a perpetual." },
    { "price_scale", "priceScale", "integer", doc = "How many decimals its prices have." },
    { "min_leverage", "minLeverage", "decimal", doc = "The lowest leverage." },
    { "max_leverage", "maxLeverage", "decimal", doc = "The highest leverage, in the lowest tier of risk." },
    { "leverage_step", "leverageStep", "decimal", doc = "The step of leverages." },
    { "min_price", "minPrice", "decimal", doc = "The lowest price of an order." },
    { "max_price", "maxPrice", "decimal", doc = "The highest price of an order." },
    { "tick_size", "tickSize", "decimal", doc = "The step of prices." },
    { "max_order_quantity", "maxOrderQty", "decimal", doc = "The most that a limit order may be for." },
    { "min_order_quantity", "minOrderQty", "decimal", doc = "The least that an order may be for." },
    { "quantity_step", "qtyStep", "decimal", doc = "The step of quantities." },
    { "post_only_max_order_quantity", "postOnlyMaxOrderQty", "decimal",
      doc = "Deprecated by the exchange: see max_order_quantity." },
    { "max_market_order_quantity", "maxMktOrderQty", "decimal", doc = "The most that a market order may be for." },
    { "min_notional_value", "minNotionalValue", "decimal",
      doc = "The least value of an order, in the settle coin; nil where there is none, as of inverse contracts." },
    { "unified_margin_trade", "unifiedMarginTrade", "boolean", doc = "Can unified accounts trade it?" },
    { "funding_interval", "fundingInterval", "integer", doc = "Minutes between two fundings." },
    { "settle_coin", "settleCoin", "string", doc = "The coin of its margin, profit and fees." },
    { "copy_trading", "copyTrading", "string", doc = "Can it be copy-traded: none, both, utaOnly or normalOnly." },
    { "upper_funding_rate", "upperFundingRate", "decimal", doc = "The highest funding rate." },
    { "lower_funding_rate", "lowerFundingRate", "decimal", doc = "The lowest funding rate." },
    { "is_pre_listing", "isPreListing", "boolean", doc = "Is it traded before its listing? Then see auction_phase." },
    { "auction_phase", "curAuctionPhase", "enum", enum = "auction_phase", doc = "The phase of the pre-listing; nil: none." },
    { "auction_phases", "phases", "list", of = "auction_phase", doc = "The phases of the pre-listing; nil: none." },
    { "skip_call_auction", "skipCallAuction", "boolean", optional = true, doc = "Does the pre-listing leave out the auction?" },
    { "auction_fee_rate", "auctionFeeRate", "decimal", doc = "The fee during the auction of a pre-listing." },
    { "auction_taker_fee_rate", "takerFeeRate", "decimal", doc = "The taker's fee in the continuous phase of a pre-listing." },
    { "auction_maker_fee_rate", "makerFeeRate", "decimal", doc = "The maker's fee in the continuous phase of a pre-listing." },
    { "price_limit_ratio_x", "priceLimitRatioX", "decimal", doc = "The first ratio of the rule for price limits." },
    { "price_limit_ratio_y", "priceLimitRatioY", "decimal", doc = "The second ratio of the rule for price limits." },
    { "symbol_type", "symbolType", "string", doc = "innovation, commodity, stock, forex ...; nil: an ordinary contract." },
    { "forbid_upl_withdrawal", "forbidUplWithdrawal", "boolean", optional = true,
      doc = "Is open profit of it locked in the account?" },
    { "display_name", "displayName", "string", optional = true, doc = "How the exchange shows it." },
    { "is_public_rpi", "isPublicRpi", "boolean", optional = true, doc = "May quotes for retail (RPI) be placed?" },
    { "my_rpi_permission", "myRpiPermission", "boolean", optional = true,
      doc = "May this account place them? (get_account_instruments.)" },
  },
}

records.auction_phase = {
  doc = "A phase of a pre-listing.",
  shown = { "phase", "start_time", "end_time" },
  fields = {
    { "phase", "phase", "enum", enum = "auction_phase", doc = "Which phase." },
    { "start_time", "startTime", "time", zero_empty = true, doc = "When it begins; nil: not known yet." },
    { "end_time", "endTime", "time", zero_empty = true, doc = "When it ends; nil: not known yet." },
  },
}

records.ticker = {
  doc = "The prices of a contract now, and its last 24 hours.",
  shown = { "symbol", "last_price", "bid_price", "ask_price", "mark_price", "index_price", "funding_rate", "price_change_24h" },
  fields = {
    { "symbol", "symbol", "string", doc = "The contract." },
    { "last_price", "lastPrice", "decimal", doc = "The price of the last trade." },
    { "index_price", "indexPrice", "decimal", doc = "The index price." },
    { "mark_price", "markPrice", "decimal", doc = "The mark price, which profit and liquidation go by." },
    { "previous_price_24h", "prevPrice24h", "decimal", doc = "The last price of 24 hours ago." },
    { "price_change_24h", "price24hPcnt", "decimal", doc = "The change in 24 hours, as a fraction: 0.0142 is 1.42 percent." },
    { "high_price_24h", "highPrice24h", "decimal", doc = "The highest last price of 24 hours." },
    { "low_price_24h", "lowPrice24h", "decimal", doc = "The lowest last price of 24 hours." },
    { "previous_price_1h", "prevPrice1h", "decimal", doc = "The last price of an hour ago." },
    { "open_interest", "openInterest", "decimal", doc = "Open positions of both sides: " .. CONTRACTS },
    { "open_interest_value", "openInterestValue", "decimal", doc = "Their value in the settle coin, at the mark price." },
    { "single_open_interest", "singleOpenInterest", "decimal", optional = true, doc = "Open positions of one side." },
    { "single_open_interest_value", "singleOpenInterestValue", "decimal", optional = true, doc = "Their value." },
    { "turnover_24h", "turnover24h", "decimal", doc = "What was traded in 24 hours, in the settle coin." },
    { "volume_24h", "volume24h", "decimal", doc = "What was traded in 24 hours: " .. CONTRACTS },
    { "funding_rate", "fundingRate", "decimal", doc = "The rate of the next funding: longs pay it where it is above 0." },
    { "next_funding_time", "nextFundingTime", "time", zero_empty = true, doc = "When the next funding is." },
    { "predicted_delivery_price", "predictedDeliveryPrice", "decimal", doc = "Of contracts with an expiry, shortly before it." },
    { "basis_rate", "basisRate", "decimal", doc = "Of contracts with an expiry." },
    { "delivery_fee_rate", "deliveryFeeRate", "decimal", doc = "Of contracts with an expiry." },
    { "delivery_time", "deliveryTime", "time", zero_empty = true, doc = "When it expires or is delisted; nil: it is not known." },
    { "ask_quantity", "ask1Size", "decimal", doc = "How much is offered at ask_price." },
    { "bid_price", "bid1Price", "decimal", doc = "The highest price that somebody buys at." },
    { "ask_price", "ask1Price", "decimal", doc = "The lowest price that somebody sells at." },
    { "bid_quantity", "bid1Size", "decimal", doc = "How much is bid for at bid_price." },
    { "basis", "basis", "decimal", doc = "Of contracts with an expiry." },
    { "pre_open_price", "preOpenPrice", "decimal", doc = "The likely price of opening, in the auction of a pre-listing." },
    { "pre_quantity", "preQty", "decimal", doc = "The likely quantity of opening, in the auction of a pre-listing." },
    { "auction_phase", "curPreListingPhase", "enum", enum = "auction_phase", doc = "The phase of the pre-listing; nil: none." },
    { "funding_interval_hour", "fundingIntervalHour", "integer", doc = "Hours between two fundings." },
    { "basis_rate_year", "basisRateYear", "decimal", doc = "Of contracts with an expiry." },
    { "funding_cap", "fundingCap", "decimal", doc = "The bound of the funding rate, above and below 0." },
  },
}

records.book_level = {
  doc = "A price of an order book, and how much is there.",
  shown = { "price", "quantity" },
  by_place = true,
  fields = {
    { "price", "price", "decimal", doc = "The price." },
    { "quantity", "size", "decimal", doc = "How much is bid for or offered there: " .. CONTRACTS },
  },
}

records.rpi_book_level = {
  doc = "A price of an order book with quotes for retail (RPI).",
  shown = { "price", "quantity", "rpi_quantity" },
  by_place = true,
  fields = {
    { "price", "price", "decimal", doc = "The price." },
    { "quantity", "size", "decimal", doc = "How much is there for everybody: " .. CONTRACTS },
    { "rpi_quantity", "rpiSize", "decimal", doc = "How much is there for retail alone." },
  },
}

-- An order book with levels of this kind.
local function book(level, doc)
  return {
    doc = doc,
    shown = { "symbol", "timestamp", "update_id", "cross_sequence" },
    fields = {
      { "symbol", "s", "string", doc = "The contract." },
      { "asks", "a", "list", of = level, doc = "Who sells, lowest price first." },
      { "bids", "b", "list", of = level, doc = "Who buys, highest price first." },
      { "timestamp", "ts", "time", doc = "When it was so." },
      { "update_id", "u", "integer", doc = "The number of this state of the book, in the stream of the deepest book." },
      { "cross_sequence", "seq", "integer", doc = "The matching engine's counter: the smaller is older, whatever the depth." },
      { "matched_time", "cts", "time", doc = "When the matching engine made it." },
    },
  }
end

records.order_book = book("book_level", "An order book: best prices first.")
records.rpi_order_book = book("rpi_book_level", "An order book with quotes for retail (RPI): best prices first.")

-- The first fields of candles. Their names are those of the stream: in answers a candle is an array.
local function candle(...)
  return { { "start_time", "start", "time", doc = "When the candle begins." },
    { "open_price", "open", "decimal", doc = "Its first price." },
    { "high_price", "high", "decimal", doc = "Its highest price." },
    { "low_price", "low", "decimal", doc = "Its lowest price." },
    { "close_price", "close", "decimal", doc = "Its last price; of the newest candle: the price now." }, ... }
end

records.kline = {
  doc = "A candle. It is final once its interval is over.",
  shown = { "start_time", "open_price", "high_price", "low_price", "close_price", "volume", "turnover" },
  by_place = true,
  fields = candle({ "volume", "volume", "decimal", doc = "What was traded: " .. CONTRACTS },
    { "turnover", "turnover", "decimal", doc = "What was traded, in the settle coin." }),
}

records.price_kline = {
  doc = "A candle of a price that is not traded at: mark, index, premium. The exchange's premium candles may have a low above "
    .. "their open.",
  shown = { "start_time", "open_price", "high_price", "low_price", "close_price" },
  by_place = true,
  fields = candle(),
}

records.public_trade = {
  doc = "A trade of anybody.",
  shown = { "timestamp", "symbol", "side", "quantity", "price" },
  fields = {
    { "trade_id", "execId", "string", doc = "Unique." },
    { "symbol", "symbol", "string", doc = "The contract." },
    { "price", "price", "decimal", doc = "The price." },
    { "quantity", "size", "decimal", doc = "How much: " .. CONTRACTS },
    { "side", "side", "enum", enum = "side", doc = "What the taker did." },
    { "timestamp", "time", "time", doc = "When." },
    { "is_block_trade", "isBlockTrade", "boolean", doc = "Was it agreed outside of the book?" },
    { "is_rpi_trade", "isRPITrade", "boolean", doc = "Was it with a quote for retail (RPI)?" },
    { "cross_sequence", "seq", "integer", doc = "The matching engine's counter." },
  },
}

records.funding_rate = {
  doc = "A funding that took place.",
  shown = { "timestamp", "symbol", "funding_rate" },
  fields = {
    { "symbol", "symbol", "string", doc = "The contract." },
    { "funding_rate", "fundingRate", "decimal", doc = "The rate: longs paid it to shorts where it is above 0." },
    { "timestamp", "fundingRateTimestamp", "time", doc = "When." },
  },
}

records.open_interest = {
  doc = "The open positions of all accounts at a moment.",
  shown = { "timestamp", "open_interest", "single_open_interest" },
  fields = {
    { "open_interest", "openInterest", "decimal", doc = "Of both sides: " .. CONTRACTS },
    { "single_open_interest", "singleOpenInterest", "decimal", doc = "Of one side, as a whole number." },
    { "timestamp", "timestamp", "time", doc = "The moment." },
  },
}

records.risk_limit = {
  doc = "A tier of risk: how large a position may be at which leverage. Tiers apply by themselves.",
  shown = { "symbol", "risk_id", "risk_limit_value", "maintenance_margin", "initial_margin", "max_leverage" },
  fields = {
    { "risk_id", "id", "integer", doc = "The tier." },
    { "symbol", "symbol", "string", doc = "The contract." },
    { "risk_limit_value", "riskLimitValue", "decimal",
      doc = "The most that position and orders may be worth, in the settle coin." },
    { "maintenance_margin", "maintenanceMargin", "decimal",
      doc = "The rate of maintenance margin. In percent for inverse contracts, a fraction for linear ones: where "
        .. "initial_margin times max_leverage is about 100 it is in percent." },
    { "initial_margin", "initialMargin", "decimal", doc = "The rate of initial margin, in the same unit." },
    { "is_lowest_risk", "isLowestRisk", "boolean", doc = "Is it the lowest tier?" },
    { "max_leverage", "maxLeverage", "decimal", doc = "The highest leverage." },
    { "maintenance_margin_deduction", "mmDeduction", "decimal",
      doc = "What is taken off the maintenance margin, in the settle coin; nil in the lowest tier." },
  },
}

records.price_limit = {
  doc = "How far from the market an order may be.",
  shown = { "symbol", "buy_limit", "sell_limit" },
  fields = {
    { "symbol", "symbol", "string", doc = "The contract." },
    { "buy_limit", "buyLmt", "decimal", doc = "The highest price to buy at." },
    { "sell_limit", "sellLmt", "decimal", doc = "The lowest price to sell at." },
    { "timestamp", "ts", "time", doc = "When it was so." },
  },
}

records.long_short_ratio = {
  doc = "Which share of the accounts (not of the volume) was long, and which short.",
  shown = { "timestamp", "symbol", "buy_ratio", "sell_ratio" },
  fields = {
    { "symbol", "symbol", "string", doc = "The contract." },
    { "buy_ratio", "buyRatio", "decimal", doc = "The share that was long: 0.49 is 49 percent." },
    { "sell_ratio", "sellRatio", "decimal", doc = "The share that was short." },
    { "timestamp", "timestamp", "time", doc = "The moment." },
  },
}

records.insurance = {
  doc = "The insurance pools.",
  shown = { "update_time" },
  fields = {
    { "update_time", "updatedTime", "time", doc = "When the answer was made." },
    { "pools", "list", "list", of = "insurance_pool", doc = "The pools." },
  },
}

records.insurance_pool = {
  doc = "An insurance pool, which pays what liquidations lose.",
  shown = { "coin", "symbols", "balance", "value" },
  fields = {
    { "coin", "coin", "string", doc = "The coin of the pool." },
    { "symbols", "symbols", "string", doc = "The contracts that share it, with commas between; nil: the coin's main pool." },
    { "balance", "balance", "decimal", doc = "What is in it, in coin." },
    { "value", "value", "decimal", doc = "What is in it, in USD." },
  },
}

records.adl = {
  doc = "How near auto-deleveraging is.",
  shown = { "update_time" },
  fields = {
    { "update_time", "updatedTime", "time", doc = "When the answer was made." },
    { "alerts", "list", "list", of = "adl_alert", doc = "One for each contract." },
  },
}

records.adl_alert = {
  doc = "How near auto-deleveraging of a contract is. It starts where balance is above adl_trigger_threshold and pnl_ratio below "
    .. "insurance_pnl_ratio, or where balance is 0 or less.",
  shown = { "symbol", "coin", "balance", "pnl_ratio", "insurance_pnl_ratio", "adl_trigger_threshold", "adl_stop_ratio" },
  fields = {
    { "coin", "coin", "string", doc = "The coin of the pool." },
    { "symbol", "symbol", "string", doc = "The contract." },
    { "balance", "balance", "decimal", doc = "What is in the pool, in coin." },
    { "max_balance", "maxBalance", "decimal", doc = "Retired by the exchange." },
    { "insurance_pnl_ratio", "insurancePnlRatio", "decimal", doc = "The pnl_ratio that starts it." },
    { "pnl_ratio", "pnlRatio", "decimal", doc = "How far the pool has fallen from its best of eight hours." },
    { "adl_trigger_threshold", "adlTriggerThreshold", "decimal", doc = "The balance above which pnl_ratio counts." },
    { "adl_stop_ratio", "adlStopRatio", "decimal", doc = "The pnl_ratio that ends it." },
  },
}

records.index_price = {
  doc = "An index price, and what it is made of.",
  shown = { "index_name", "last_price", "update_time" },
  fields = {
    { "index_name", "indexName", "string", doc = "The index." },
    { "last_price", "lastPrice", "decimal", doc = "The index price." },
    { "update_time", "updateTime", "time", doc = "When it was so." },
    { "components", "components", "list", of = "index_price_component", doc = "What it is made of." },
  },
}

records.index_price_component = {
  doc = "A part of an index price: the price of another market.",
  shown = { "exchange", "spot_pair", "price", "weight" },
  fields = {
    { "exchange", "exchange", "string", doc = "Where the price is from." },
    { "spot_pair", "spotPair", "string", doc = "What that exchange calls the pair." },
    { "equivalent_price", "equivalentPrice", "decimal", doc = "The price, in the unit of the index." },
    { "multiplier", "multiplier", "decimal", doc = "How many of the coin the index counts as one." },
    { "price", "price", "decimal", doc = "The price that counts." },
    { "weight", "weight", "decimal", doc = "How much it counts: all weights make 1." },
  },
}

records.fee_group = {
  doc = "The fees of professional accounts for a group of contracts.",
  shown = { "group_name", "weighting_factor", "symbols_count", "update_time" },
  inline = { "feeRates" },
  fields = {
    { "group_name", "groupName", "string", doc = "The group." },
    { "weighting_factor", "weightingFactor", "decimal", doc = "How much its volume counts." },
    { "symbols_count", "symbolsNumbers", "integer", doc = "How many contracts it has." },
    { "symbols", "symbols", "table", doc = "The contracts." },
    { "pro_rates", "pro", "list", of = "fee_group_rate", doc = "The fees of pro accounts, by level." },
    { "market_maker_rates", "marketMaker", "list", of = "fee_group_rate", doc = "The rebates of market makers, by level." },
    { "update_time", "updateTime", "time", doc = "When it last changed." },
  },
}

records.fee_group_rate = {
  doc = "The fees of a level of professional accounts.",
  shown = { "level", "taker_fee_rate", "maker_fee_rate", "maker_rebate" },
  fields = {
    { "level", "level", "string", doc = "The level." },
    { "taker_fee_rate", "takerFeeRate", "decimal", doc = "The taker's fee; nil where it does not apply." },
    { "maker_fee_rate", "makerFeeRate", "decimal", doc = "The maker's fee; nil where it does not apply." },
    { "maker_rebate", "makerRebate", "decimal", doc = "The maker's rebate, below 0; nil where it does not apply." },
  },
}

records.delivery_price = {
  doc = "The price at which a contract expired.",
  shown = { "delivery_time", "symbol", "delivery_price" },
  fields = {
    { "symbol", "symbol", "string", doc = "The contract." },
    { "delivery_price", "deliveryPrice", "decimal", doc = "The price." },
    { "delivery_time", "deliveryTime", "time", doc = "When." },
  },
}

records.system_status = {
  doc = "An announced, running or past interruption of the exchange.",
  shown = { "begin_time", "end_time", "state", "title", "maintenance_type", "environment" },
  fields = {
    { "id", "id", "string", doc = "Unique." },
    { "title", "title", "string", doc = "What it is." },
    { "state", "state", "enum", enum = "system_state", doc = "Where it stands." },
    { "begin_time", "begin", "time", doc = "When it begins." },
    { "end_time", "end", "time", doc = "When it should end; once it is completed: when it did." },
    { "link", "href", "string", doc = "Where to read about it." },
    { "service_types", "serviceTypes", "table",
      doc = "What is interrupted: 1 trading, 2 trading over HTTP, 3 trading over WebSocket, 4 private streams, 5 market data." },
    { "product", "product", "table", doc = "Which products: 1 futures, 2 spot, 3 options, 4 spreads." },
    { "uid_suffix", "uidSuffix", "table", doc = "The last digits of the users it is for; empty: all." },
    { "maintenance_type", "maintainType", "integer", doc = "1 planned, 2 temporary, 3 an incident." },
    { "environment", "env", "integer", doc = "1 production, 2 demo." },
  },
}

return records
