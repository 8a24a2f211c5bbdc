-- The words that only methods need which read the market and the account (V5 documentation, enum definitions). enums.lua explains
-- the fields.

local enums = {}

enums.kline_interval = {
  values = { "1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M" },
  hints = { ["1m"] = "1", ["3m"] = "3", ["5m"] = "5", ["15m"] = "15", ["30m"] = "30", ["1h"] = "60", ["2h"] = "120",
    ["4h"] = "240",
    ["6h"] = "360", ["12h"] = "720", ["1H"] = "60", ["4H"] = "240", ["1440"] = "D", ["1d"] = "D", ["1D"] = "D", ["1w"] = "W",
    ["1W"] = "W", ["1M"] = "M", ["1min"] = "1", ["5min"] = "5", ["15min"] = "15", ["30min"] = "30" },
  doc = "How long a candle is: in minutes, or a day, week or month. Days begin at 00:00 UTC, weeks on Monday.",
}

enums.period = {
  values = { "5min", "15min", "30min", "1h", "4h", "1d" },
  hints = { ["5"] = "5min", ["15"] = "15min", ["30"] = "30min", ["60"] = "1h", ["240"] = "4h", ["5m"] = "5min", ["15m"] = "15min",
    ["30m"] = "30min", ["1H"] = "1h", ["4H"] = "4h", ["D"] = "1d", ["1D"] = "1d", ["4d"] = "1d" },
  doc = "The time between two values of open interest, or of the long-short ratio.",
}

enums.contract_type = {
  values = { "InversePerpetual", "InverseFutures", "LinearPerpetual", "LinearFutures" },
  doc = "The kind of a contract: what it settles in, and whether it expires.",
}

enums.instrument_status = {
  values = { "PreLaunch", "Trading", "Delivering", "Closed" },
  hints = { Listed = "Trading", Active = "Trading", Settled = "Closed", Delisted = "Closed" },
  doc = "Whether a contract can be traded.",
}

enums.auction_phase = {
  values = { "NotStarted", "CallAuction", "CallAuctionNoCancel", "CrossMatching", "ContinuousTrading", "Finished" },
  doc = "The phase of a contract that is traded before its listing.",
}

enums.system_state = {
  values = { "scheduled", "ongoing", "completed", "canceled" },
  hints = { cancelled = "canceled", running = "ongoing", planned = "scheduled" },
  doc = "Where an announced interruption stands.",
}

enums.margin_mode = {
  values = { "ISOLATED_MARGIN", "REGULAR_MARGIN", "PORTFOLIO_MARGIN" },
  hints = { isolated = "ISOLATED_MARGIN", cross = "REGULAR_MARGIN", portfolio = "PORTFOLIO_MARGIN" },
  doc = "How an account's positions are margined: each by itself, or together (REGULAR_MARGIN is cross margin).",
}

enums.transaction_type = {
  values = { "TRADE", "SETTLEMENT", "DELIVERY", "LIQUIDATION", "ADL", "TRANSFER_IN", "TRANSFER_OUT", "FEE_REFUND", "BONUS",
    "BONUS_RECOLLECT", "BONUS_TRANSFER_IN", "BONUS_TRANSFER_OUT", "AIRDROP", "INTEREST", "AUTO_DEDUCTION", "CURRENCY_BUY",
    "CURRENCY_SELL", "BORROW", "REPAY", "CONVERT", "SPOT_REPAYMENT_BUY", "SPOT_REPAYMENT_SELL" },
  hints = { Funding = "SETTLEMENT", Trade = "TRADE", funding = "SETTLEMENT" },
  doc = "What a line of the ledger is; a settlement is a funding. The exchange has about 90 more words, which records keep as "
    .. "they are.",
}

enums.transfer_status = {
  values = { "SUCCESS", "PENDING", "FAILED", "STATUS_UNKNOWN" },
  doc = "What became of a transfer.",
}

return enums
