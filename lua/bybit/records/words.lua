-- The words that only records have, and those that only methods need which read the market and the account (V5 documentation, enum
-- definitions). enums.lua explains the fields.

local enums = {}

enums.create_type = {
  values = { "CreateByUser", "CreateByFutureSpread", "CreateByAdminClosing", "CreateBySettle", "CreateByStopOrder",
    "CreateByTakeProfit", "CreateByPartialTakeProfit", "CreateByStopLoss", "CreateByPartialStopLoss",
    "CreateByTrailingStop", "CreateByTrailingProfit", "CreateByLiq", "CreateByTakeOver_PassThrough",
    "CreateByAdl_PassThrough", "CreateByBlock_PassThrough", "CreateByBlockTradeMovePosition_PassThrough",
    "CreateByChaseOrder", "CreateByFGridBot", "CloseByFGridBot", "CreateByTWAP", "CreateByMartingaleBot",
    "CloseByMartingaleBot", "CreateByIceBerg", "CreateByBboOrder", "CreateByClosing", "CreateByTVSignal",
    "CreateByMmRateClose", "CreateByArbitrage", "CreateByDdh" },
  doc = "Who made an order: a user, a trigger, a liquidation, a robot.",
}

enums.cancel_type = {
  values = { "CancelByUser", "CancelByReduceOnly", "CancelByPrepareLiq", "CancelAllBeforeLiq", "CancelByPrepareAdl",
    "CancelAllBeforeAdl", "CancelByAdmin", "CancelBySettle", "CancelByTpSlTsClear", "CancelBySmp", "CancelByDCP",
    "CancelByRebalance", "CancelByOCOTpCanceledBySlTriggered", "CancelByOCOSlCanceledByTpTriggered",
    "CancelByCannotAffordOrderCost", "CancelByPmTrialMmOverEquity", "CancelByAccountBlocking", "CancelByDelivery",
    "CancelByMmpTriggered", "CancelByCrossSelfMuch", "CancelByCrossReachMaxTradeNum" },
  doc = "Who or what cancelled an order; the last seven are for options only.",
}

enums.reject_reason = {
  values = { "EC_NoError", "EC_Others", "EC_UnknownMessageType", "EC_MissingClOrdID", "EC_MissingOrigClOrdID",
    "EC_ClOrdIDOrigClOrdIDAreTheSame", "EC_DuplicatedClOrdID", "EC_OrigClOrdIDDoesNotExist", "EC_TooLateToCancel",
    "EC_UnknownOrderType", "EC_UnknownSide", "EC_UnknownTimeInForce", "EC_WronglyRouted",
    "EC_MarketOrderPriceIsNotZero", "EC_LimitOrderInvalidPrice", "EC_NoEnoughQtyToFill", "EC_NoImmediateQtyToFill",
    "EC_PerCancelRequest", "EC_MarketOrderCannotBePostOnly", "EC_PostOnlyWillTakeLiquidity", "EC_CancelReplaceOrder",
    "EC_InvalidSymbolStatus", "EC_CancelForNoFullFill", "EC_BySelfMatch", "EC_InCallAuctionStatus",
    "EC_QtyCannotBeZero", "EC_MarketOrderNoSupportTIF", "EC_ReachMaxTradeNum", "EC_InvalidPriceScale",
    "EC_BitIndexInvalid", "EC_StopBySelfMatch", "EC_InvalidSmpType", "EC_CancelByMMP", "EC_InvalidUserType",
    "EC_InvalidMirrorOid", "EC_InvalidMirrorUid", "EC_EcInvalidQty", "EC_InvalidAmount", "EC_LoadOrderCancel",
    "EC_MarketQuoteNoSuppSell", "EC_DisorderOrderID", "EC_InvalidBaseValue", "EC_LoadOrderCanMatch",
    "EC_SecurityStatusFail", "EC_ReachRiskPriceLimit", "EC_OrderNotExist", "EC_CancelByOrderValueZero",
    "EC_CancelByMatchValueZero", "EC_ReachMarketPriceLimit" },
  doc = "Why the matching engine refused or ended an order; EC_NoError when nothing is wrong.",
}

enums.liquidity = {
  values = { "Maker", "Taker" },
  hints = { AddedLiquidity = "Maker", RemovedLiquidity = "Taker" },
  doc = "Did the order rest in the book, or take from it?",
}

enums.position_status = {
  values = { "Normal", "Liq", "Adl" },
  hints = { Liquidation = "Liq", AutoDeleverage = "Adl" },
  doc = "Normal, being liquidated, or being deleveraged.",
}

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

enums.holding_mode = {
  values = { "OneWay", "Hedge" },
  hints = { MergedSingle = "OneWay", BothSide = "Hedge", BothSides = "Hedge", oneway = "OneWay", one_way = "OneWay" },
  doc = "One position of a contract, or a long and a short one beside each other.",
}

enums.switch = {
  values = { "ON", "OFF" },
  doc = "On or off.",
}

enums.account_type = {
  values = { "UNIFIED", "FUND" },
  hints = { CONTRACT = "UNIFIED", SPOT = "UNIFIED", Unified = "UNIFIED", FUNDING = "FUND", Funding = "FUND" },
  doc = "The wallet for trading (UNIFIED), or the funding wallet.",
}

enums.transfer_status = {
  values = { "SUCCESS", "PENDING", "FAILED", "STATUS_UNKNOWN" },
  doc = "What became of a transfer.",
}

return enums
