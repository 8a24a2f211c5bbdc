-- The words that parameters and records use, as the V5 wire spells them (V5 documentation, enum definitions). They are the same on
-- both wires. Records keep a word that is not listed as its text; parameters refuse it. What the fields say:
--
--   values   the words, in their order
--   v2       words that only the v2 wire has
--   hints    what else people write, and the word that is right here
--   notes    what a message adds for such words: { words, text, of = the parameter that has the enum, lacks = a parameter that
--            the method must not have }; with `instead` no word of the enum is proposed
--   doc      what the words are for
--
-- Those that calls about orders and positions need are here. The others are in words.lua, which is loaded when one of them is asked for.

local later = require "bybit.later"
local status = require "bybit.records.status"

local enums = {}

enums.side = {
  values = { "Buy", "Sell" },
  hints = { BUY = "Buy", SELL = "Sell", Long = "Buy", Short = "Sell", long = "Buy", short = "Sell", Bid = "Buy",
    Ask = "Sell", bid = "Buy", ask = "Sell" },
  doc = "Buy or Sell: which way an order trades. A position is long with Buy, and short with Sell.",
}

enums.category = {
  values = { "inverse", "linear" },
  hints = { Inverse = "inverse", Linear = "linear", INVERSE = "inverse", LINEAR = "linear", coin = "inverse", USDT = "linear",
    USDC = "linear" },
  doc = "The kind of contracts: inverse ones are worth 1 USD each and settle in the coin that they are about; linear ones are "
    .. "about an amount of that coin, and settle in USDT or USDC.",
}

enums.order_type = {
  values = { "Market", "Limit" },
  hints = { LimitMaker = "Limit", StopLimit = "Limit", StopMarket = "Market", StopLossLimit = "Limit",
    TakeProfitLimit = "Limit", TakeProfitMarket = "Market", TriggerMarket = "Market", TriggerLimit = "Limit" },
  notes = {
    { "LimitMaker", "with time_in_force = 'PostOnly'", of = "type" },
    { "StopLimit StopMarket StopLossLimit StopLoss TakeProfitLimit TakeProfitMarket TakeProfit Stop Trigger Conditional "
      .. "TriggerMarket TriggerLimit", "place_conditional_order places orders with a trigger", lacks = "trigger_price",
      of = "type", instead = true },
    { "TrailingStop TrailingStopMarket Trailing", "set_trading_stop sets trailing stops", of = "type", instead = true },
  },
  doc = "Market takes the best prices inside a protective bound; Limit trades at its price or better.",
}

enums.time_in_force = {
  values = { "GTC", "IOC", "FOK", "PostOnly", "RPI" },
  hints = { GoodTillCancel = "GTC", GoodTillCanceled = "GTC", GoodTillCancelled = "GTC", GoodTilCancel = "GTC",
    ImmediateOrCancel = "IOC", FillOrKill = "FOK", PO = "PostOnly", GTX = "PostOnly", ALO = "PostOnly",
    Maker = "PostOnly" },
  doc = "How long an order lives: until cancelled, or only for the part that trades at once (IOC), or all at once or "
    .. "not at all (FOK), or only as a maker (PostOnly). RPI is for market makers.",
}

enums.trigger_type = {
  values = { "LastPrice", "IndexPrice", "MarkPrice" },
  hints = { Last = "LastPrice", last = "LastPrice", Index = "IndexPrice", index = "IndexPrice", Mark = "MarkPrice",
    mark = "MarkPrice", FairPrice = "MarkPrice", ContractPrice = "LastPrice" },
  doc = "Which price sets off a trigger. The exchange's default is LastPrice.",
}

enums.trigger_direction = {
  values = { "Rising", "Falling" },
  hints = { ["1"] = "Rising", ["2"] = "Falling", Rise = "Rising", Fall = "Falling", up = "Rising", down = "Falling",
    Up = "Rising", Down = "Falling", above = "Rising", below = "Falling" },
  doc = "From which side the price must come to reach the trigger price.",
}

enums.search_direction = {
  values = { "next", "prev" },
  hints = { Next = "next", Previous = "prev", previous = "prev", Prev = "prev", back = "prev", forward = "next" },
  doc = "Which page after a cursor: further along (newest first), or back. V5 walks forward only.",
}

enums.order_status = {
  values = { "New", "PartiallyFilled", "Untriggered", "Rejected", "PartiallyFilledCanceled", "Filled", "Cancelled",
    "Triggered", "Deactivated" },
  v2 = { "Created", "PendingCancel", "Active" },
  hints = { Canceled = "Cancelled", UnTriggered = "Untriggered", Created = "New", Active = "Triggered", Open = "New",
    open = "New", Closed = "Filled", closed = "Filled" },
  doc = ("Where an order stands. Open: %s. Cancelled may hold fills; Triggered lasts an instant; Deactivated was cancelled "
    .. "before its trigger; PartiallyFilledCanceled is spot only."):format(table.concat(status.words.listed, ", ")),
}

enums.stop_order_type = {
  values = { "TakeProfit", "StopLoss", "TrailingStop", "Stop", "PartialTakeProfit", "PartialStopLoss", "MmRateClose",
    "tpslOrder", "OcoOrder", "BidirectionalTpslOrder" },
  doc = "What set up an order with a trigger: a user's conditional order is Stop; the last three are spot only.",
}

enums.stop_order_filter = {
  values = { "Stop" },
  hints = { Conditional = "Stop", StopOrder = "Stop" },
  doc = "Stop cancels conditional orders and spares take profits, stop losses and trailing stops of a position.",
}

enums.tpsl_mode = {
  values = { "Full", "Partial" },
  hints = { All = "Full", Entire = "Full" },
  doc = "Take profit and stop loss for the whole position, or for parts of it. Partial only ever adds.",
}

enums.order_filter = {
  values = { "Order", "StopOrder" },
  hints = { Active = "Order", ActiveOrder = "Order", Stop = "StopOrder", Conditional = "StopOrder",
    ConditionalOrder = "StopOrder", tpslOrder = "StopOrder" },
  doc = "Active orders, or those that wait for a trigger: conditional, take profit, stop loss, trailing stop.",
}

enums.smp_type = {
  values = { "None", "CancelMaker", "CancelTaker", "CancelBoth" },
  hints = { ExpireMaker = "CancelMaker", EXPIRE_MAKER = "CancelMaker", ExpireTaker = "CancelTaker",
    EXPIRE_TAKER = "CancelTaker", ExpireBoth = "CancelBoth", EXPIRE_BOTH = "CancelBoth" },
  doc = "What happens when an order meets one of the same account or group; that of the incoming order counts.",
}

enums.slippage_tolerance_type = {
  values = { "TickSize", "Percent" },
  hints = { Tick = "TickSize", ticks = "TickSize", Percentage = "Percent" },
  doc = "The unit of a market order's slippage tolerance.",
}

enums.bbo_side_type = {
  values = { "Queue", "Counterparty" },
  hints = { Own = "Queue", Opposite = "Counterparty", Opponent = "Counterparty" },
  doc = "From which side of the book a limit order takes its price: its own, or the opposite.",
}

enums.bbo_level = {
  values = { "1", "2", "3", "4", "5" },
  doc = "From which level of the book a limit order takes its price.",
}

enums.trade_type = {
  values = { "Trade", "AdlTrade", "Funding", "BustTrade", "Delivery", "Settle", "BlockTrade", "MovePosition",
    "FutureSpread", "CorporateAction" },
  hints = { Liquidation = "BustTrade", ADL = "AdlTrade", Fill = "Trade", FundingFee = "Funding" },
  doc = "The kind of an execution: a trade, a funding payment, a liquidation (BustTrade) and others.",
}

local meta = {}

-- Loads the others; a name that they do not have either is nil.
local function load_others()
  for name, enum in pairs(later.load "bybit.records.words") do enums[name] = enum end
  setmetatable(enums, nil)
end

function meta.__index(_, name)
  load_others()
  return enums[name]
end

function meta.__pairs()
  load_others()
  return pairs(enums)
end

return setmetatable(enums, meta)
