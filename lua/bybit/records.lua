-- Records: what the exchange's answers become. A row is { our name, name on the V5 wire, type, ... }, in the order of
-- the examples in the exchange's documentation, which the decoder uses to guess the next field.
--
--   zero_empty = true    a zero says that there is none (a price, a moment, a direction)
--   empty = { text }     so do these texts; the empty text, null and a missing key always do
--   map = { ... }        what stands for an integer or a boolean
--   also_wire = { name } further spellings on the wire
--   only = { field = name, word ... }  says something only beside these words of another field; else it is left out
--   enum = name          the words of an enum field, see enums.lua; a word not listed there is kept as it is
--
-- Our names are the interface's; what it has no word for has its wire name in snake_case. Fields "of v2 only" stand
-- under their v2 wire name: V5 has nothing like them, so reading them there gives nil. One field says nothing in
-- several ways: queries answer "UNKNOWN" or "0.00" where streams answer "" (V5 documentation, order/realtime, order).

local UNKNOWN = { "UNKNOWN", "Unknown" }
local DIRECTION = { "Rising", "Falling" }

-- The rows of all arguments, one after the other.
local function rows(...)
  local all = {}
  for _, list in ipairs { ... } do table.move(list, 1, #list, #all + 1, all) end
  return all
end

local records = {}

---------------------------------------------------------------------------------------------------------------
-- V5 documentation, order/realtime and order/history, and the private order stream.

local ORDER = {
  { "order_id", "orderId", "string", doc = "The exchange's id; it survives amending and triggering." },
  { "client_order_id", "orderLinkId", "string", doc = "Your own id." },
  { "block_trade_id", "blockTradeId", "string", doc = "Of a block trade." },
  { "symbol", "symbol", "string", doc = "The contract." },
  { "price", "price", "decimal", zero_empty = true,
    doc = "The order's price; of a market order the protective price that it was turned into." },
  { "quantity", "qty", "decimal", doc = "Ordered, in contracts of 1 USD." },
  { "side", "side", "enum", enum = "side", doc = "Buy or Sell." },
  { "is_leverage", "isLeverage", "string", doc = "Spot only." },
  { "position_mode", "positionIdx", "integer", doc = "Which leg: 0 one-way (always, for inverse), 1 Buy, 2 Sell." },
  { "status", "orderStatus", "enum", enum = "order_status", doc = "Where the order stands." },
  { "cancel_type", "cancelType", "enum", enum = "cancel_type", empty = UNKNOWN, doc = "Who or what cancelled it." },
  { "reject_reason", "rejectReason", "enum", enum = "reject_reason",
    doc = "Why the matching engine refused or ended it; EC_NoError when nothing is wrong." },
  { "avg_price", "avgPrice", "decimal", zero_empty = true, doc = "Average price of its fills; nil without any." },
  { "leaves_quantity", "leavesQty", "decimal", doc = "Still open, in contracts; 0 of an order that has ended." },
  { "leaves_value", "leavesValue", "decimal", doc = "Still open, in coin." },
  { "filled_quantity", "cumExecQty", "decimal", doc = "Filled, in contracts." },
  { "filled_value", "cumExecValue", "decimal", doc = "Filled, in coin." },
  { "fee", "cumExecFee", "decimal", doc = "Fees so far, in coin; negative is a rebate." },
  { "time_in_force", "timeInForce", "enum", enum = "time_in_force", doc = "How long it lives." },
  { "type", "orderType", "enum", enum = "order_type", empty = UNKNOWN,
    doc = "Limit or Market; of an order with a trigger, what it becomes when triggered." },
  { "stop_order_type", "stopOrderType", "enum", enum = "stop_order_type", empty = UNKNOWN,
    doc = "What kind of order with a trigger it is; nil: none." },
  { "order_iv", "orderIv", "decimal", doc = "Options only: implied volatility." },
  { "trigger_price", "triggerPrice", "decimal", zero_empty = true,
    doc = "Where it is triggered; of a trailing stop, where that begins to follow." },
  { "take_profit_price", "takeProfit", "decimal", zero_empty = true, doc = "The take profit attached to it." },
  { "stop_loss_price", "stopLoss", "decimal", zero_empty = true, doc = "The stop loss attached to it." },
  { "take_profit_trigger_type", "tpTriggerBy", "enum", enum = "trigger_type", empty = UNKNOWN,
    doc = "Which price triggers its take profit." },
  { "stop_loss_trigger_type", "slTriggerBy", "enum", enum = "trigger_type", empty = UNKNOWN,
    doc = "Which price triggers its stop loss." },
  { "trigger_direction", "triggerDirection", "integer", zero_empty = true, map = DIRECTION, enum = "trigger_direction",
    doc = "Rising or Falling: how the price must move to trigger it." },
  { "trigger_type", "triggerBy", "enum", enum = "trigger_type", empty = UNKNOWN, doc = "Which price triggers it." },
  { "last_price_on_created", "lastPriceOnCreated", "decimal", zero_empty = true,
    doc = "The last price when it was placed." },
  { "reduce_only", "reduceOnly", "boolean", doc = "It may only shrink the position." },
  { "close_on_trigger", "closeOnTrigger", "boolean", doc = "A closing order, which makes room for itself." },
  { "smp_type", "smpType", "enum", enum = "smp_type", doc = "What happens when it meets an order of your own." },
  { "smp_group", "smpGroup", "integer", doc = "Group of accounts for self-match prevention; 0: none." },
  { "smp_order_id", "smpOrderId", "string", doc = "The own order that it met." },
  { "tpsl_mode", "tpslMode", "enum", enum = "tpsl_mode", empty = UNKNOWN,
    doc = "Do its take profit and stop loss cover the whole position?" },
  { "tp_limit_price", "tpLimitPrice", "decimal", zero_empty = true, doc = "Limit price of its take profit." },
  { "sl_limit_price", "slLimitPrice", "decimal", zero_empty = true, doc = "Limit price of its stop loss." },
  { "place_type", "placeType", "string", doc = "Options only: placed by price or by volatility." },
  { "slippage_tolerance_type", "slippageToleranceType", "enum", enum = "slippage_tolerance_type", empty = UNKNOWN,
    doc = "Unit of slippage_tolerance." },
  { "slippage_tolerance", "slippageTolerance", "decimal", doc = "How far a market order may go from the best price." },
  { "create_time", "createdTime", "time", zero_empty = true, doc = "When it was placed." },
  { "update_time", "updatedTime", "time", zero_empty = true, doc = "When it last changed." },
  { "extra_fees", "extraFees", "table", doc = "Taxes and the like, where the account's site has them." },
  { "cum_fee_detail", "cumFeeDetail", "table", doc = "Fees by coin; for inverse see fee." },
  { "rpi_taker_access", "rpiTakerAccess", "boolean", doc = "May it match quotes for retail (RPI)?" },
  { "rpi_matched_qty", "rpiMatchedQty", "decimal", doc = "Filled against such quotes." },
  { "create_type", "createType", "enum", enum = "create_type", doc = "Who made it." },
  { "parent_order_link_id", "parentOrderLinkId", "string",
    doc = "Of a take profit or stop loss: client_order_id of the order that it was attached to." },
  { "market_unit", "marketUnit", "string", doc = "Spot only." },
  { "oco_trigger_by", "ocoTriggerBy", "string", doc = "Spot only." },
  { "base_price", "basePrice", "decimal", zero_empty = true, also_wire = { "base_price" },
    doc = "What the trigger price was compared with; on V5 spot only, see trigger_direction." },
  { "category", "category", "string", doc = "Kind of contract; in streams only." },
  { "closed_pnl", "closedPnl", "decimal", doc = "Profit of an order that closed a position; in streams only." },
  { "fee_currency", "feeCurrency", "string", doc = "Deprecated by the exchange; in streams only." },
  { "broker_order_price", "brokerOrderPrice", "decimal", zero_empty = true, doc = "EU brokers only; in streams only." },
}

local ORDER_V2 = {
  { "user_id", "user_id", "integer", doc = "Of v2 only: the account." },
  { "ext_fields", "ext_fields", "table", doc = "Of v2 only." },
}

records.order = {
  doc = "An order as it stands.",
  fields = rows(ORDER, ORDER_V2, {
    { "last_trade_time", "last_exec_time", "time", zero_empty = true, doc = "Of v2 only: when it was last filled." },
    { "last_trade_price", "last_exec_price", "decimal", zero_empty = true,
      doc = "Of v2 only: the price of its last fill; V5 has avg_price." },
  }),
  aliases = { quote_quantity_filled = "filled_quantity", base_quantity_filled = "filled_value" },
}

records.conditional_order = {
  doc = "An order that waits, or waited, for a trigger.",
  fields = rows(ORDER, ORDER_V2, {
    { "remark", "remark", "string", doc = "Of v2 only: the caller's network address." },
  }),
  aliases = { stop_order_id = "order_id", quote_quantity_filled = "filled_quantity",
    base_quantity_filled = "filled_value" },
}

---------------------------------------------------------------------------------------------------------------
-- V5 documentation, order/create, order/amend, order/cancel: acknowledgements.

local IDS = {
  { "order_id", "orderId", "string", doc = "The exchange's id." },
  { "client_order_id", "orderLinkId", "string", doc = "Your own id." },
}

records.order_id = {
  doc = "The exchange has taken note of an order; it says nothing of what becomes of it.",
  fields = IDS,
  aliases = { stop_order_id = "order_id" },
}

-- V5 documentation, order/cancel-all: ids only.
records.cancelled_order = {
  doc = "An order that the exchange has been asked to cancel together with others.",
  fields = rows(IDS, {
    { "user_id", "user_id", "integer", doc = "Of v2 only: the account." },
    { "symbol", "symbol", "string", doc = "Of v2 only." },
    { "side", "side", "enum", enum = "side", doc = "Of v2 only." },
    { "type", "order_type", "enum", enum = "order_type", empty = UNKNOWN, doc = "Of v2 only." },
    { "price", "price", "decimal", zero_empty = true, doc = "Of v2 only." },
    { "quantity", "qty", "decimal", doc = "Of v2 only: in contracts of 1 USD." },
    { "time_in_force", "time_in_force", "enum", enum = "time_in_force", doc = "Of v2 only." },
    { "create_type", "create_type", "enum", enum = "create_type", doc = "Of v2 only: who made it." },
    { "cancel_type", "cancel_type", "enum", enum = "cancel_type", empty = UNKNOWN,
      doc = "Of v2 only: who or what cancelled it." },
    { "status", "order_status", "enum", enum = "order_status", doc = "Of v2 only, and empty even there." },
    { "leaves_quantity", "leaves_qty", "decimal", doc = "Of v2 only: still open, in contracts." },
    { "leaves_value", "leaves_value", "decimal", doc = "Of v2 only: still open, in coin." },
    { "create_time", "created_at", "time", zero_empty = true, doc = "Of v2 only: when it was placed." },
    { "update_time", "updated_at", "time", zero_empty = true, doc = "Of v2 only: when it last changed." },
    { "cross_status", "cross_status", "string", doc = "Of v2 only: PendingCancel, or Deactivated of a conditional." },
    { "cross_sequence", "cross_seq", "integer", doc = "Of v2 only: the matching engine's counter." },
    { "stop_order_type", "stop_order_type", "enum", enum = "stop_order_type", empty = UNKNOWN,
      doc = "Of v2 only: what kind of order with a trigger it was." },
    { "trigger_type", "trigger_by", "enum", enum = "trigger_type", empty = UNKNOWN,
      doc = "Of v2 only: which price would have triggered it." },
    { "base_price", "base_price", "decimal", zero_empty = true,
      doc = "Of v2 only: what the trigger price was compared with." },
    { "expected_direction", "expected_direction", "enum", enum = "trigger_direction",
      doc = "Of v2 only: how the price would have had to move to trigger it." },
    { "trail_value", "trail_value", "decimal", doc = "Of v2 only: distance of a trailing stop." },
  }),
  aliases = { stop_order_id = "order_id" },
}

---------------------------------------------------------------------------------------------------------------
-- V5 documentation, execution/list, and the private execution stream.

records.trade = {
  doc = "An execution: a fill, or a funding payment, liquidation or delivery (see trade_type).",
  fields = {
    { "symbol", "symbol", "string", doc = "The contract." },
    { "order_type", "orderType", "enum", enum = "order_type", empty = UNKNOWN,
      doc = "Of the order; nil where there was none (funding)." },
    { "underlying_price", "underlyingPrice", "decimal", doc = "Options only." },
    { "client_order_id", "orderLinkId", "string", doc = "Your own id of the order." },
    { "side", "side", "enum", enum = "side", doc = "Buy or Sell." },
    { "index_price", "indexPrice", "decimal", doc = "Options only." },
    { "order_id", "orderId", "string", doc = "The exchange's id of the order." },
    { "stop_order_type", "stopOrderType", "enum", enum = "stop_order_type", empty = UNKNOWN,
      doc = "What kind of order with a trigger it was; nil: none." },
    { "leaves_quantity", "leavesQty", "decimal", doc = "What the order had still open after it." },
    { "timestamp", "execTime", "time", zero_empty = true, doc = "When it happened." },
    { "fee_currency", "feeCurrency", "string", doc = "The coin of the fee." },
    { "liquidity", "isMaker", "boolean", map = { [true] = "Maker", [false] = "Taker" }, enum = "liquidity",
      only = { field = "trade_type", "Trade", "AdlTrade", "BustTrade" },
      doc = "Maker or Taker; nil where there was no book: of funding, settlement and the like." },
    { "fee", "execFee", "decimal", doc = "In coin; negative was received: a rebate, or funding." },
    { "fee_rate", "feeRate", "decimal", doc = "The rate of the fee, or of the funding." },
    { "trade_id", "execId", "string", doc = "Unique." },
    { "trade_iv", "tradeIv", "decimal", doc = "Options only." },
    { "block_trade_id", "blockTradeId", "string", doc = "Of a block trade." },
    { "mark_price", "markPrice", "decimal", doc = "The mark price at that moment." },
    { "price", "execPrice", "decimal", doc = "The price that it happened at." },
    { "mark_iv", "markIv", "decimal", doc = "Options only." },
    { "order_quantity", "orderQty", "decimal", doc = "Quantity of the order, in contracts." },
    { "order_price", "orderPrice", "decimal", zero_empty = true, doc = "Of the order; nil where there was none." },
    { "value", "execValue", "decimal", doc = "In coin." },
    { "trade_type", "execType", "enum", enum = "trade_type",
      doc = "Trade, Funding ...: count only 'Trade' when summing fills." },
    { "quantity", "execQty", "decimal", doc = "In contracts of 1 USD." },
    { "closed_quantity", "closedSize", "decimal", doc = "The part that shrank a position." },
    { "extra_fees", "extraFees", "table", doc = "Taxes and the like, where the account's site has them." },
    { "cross_sequence", "seq", "integer",
      doc = "The matching engine's counter: unique only with the symbol, equal for the fills of one match." },
    { "create_type", "createType", "enum", enum = "create_type", doc = "Who made the order." },
    { "exec_fee_v2", "execFeeV2", "decimal", doc = "Spread trading only." },
    { "category", "category", "string", doc = "Kind of contract; in streams only." },
    { "is_leverage", "isLeverage", "string", doc = "Spot only; in streams only." },
    { "market_unit", "marketUnit", "string", doc = "Spot only; in streams only." },
    { "exec_pnl", "execPnl", "decimal", doc = "Profit of a fill that closed a position, in coin; in streams only." },
    { "fill_number", "nth_fill", "integer", doc = "Of v2 only: its place within one match." },
    { "user_id", "user_id", "integer", doc = "Of v2 only: the account." },
  },
}

---------------------------------------------------------------------------------------------------------------
-- V5 documentation, position/list, and the private position stream.

records.position = {
  doc = "A position, held or flat.",
  fields = {
    { "position_mode", "positionIdx", "integer", doc = "Which leg: 0 one-way (always, for inverse), 1 Buy, 2 Sell." },
    { "risk_id", "riskId", "integer", doc = "The tier of risk limits; 0 under portfolio margin." },
    { "risk_limit_value", "riskLimitValue", "decimal", doc = "In coin; no meaning since tiers apply by themselves." },
    { "symbol", "symbol", "string", doc = "The contract." },
    { "side", "side", "enum", enum = "side", empty = { "None" }, doc = "Buy is long, Sell is short, nil is flat." },
    { "quantity", "size", "decimal", doc = "In contracts of 1 USD, never negative; see signed_quantity." },
    { "entry_price", "avgPrice", "decimal", zero_empty = true, also_wire = { "entryPrice" },
      doc = "Average price of entry; nil of a flat position." },
    { "position_value", "positionValue", "decimal", doc = "In coin." },
    { "trade_mode", "tradeMode", "integer",
      doc = "Deprecated by the exchange, always 0: the margin mode is the account's." },
    { "position_status", "positionStatus", "enum", enum = "position_status", doc = "Normal, or why not." },
    { "auto_add_margin", "autoAddMargin", "boolean", doc = "Is margin added by itself? (Isolated margin.)" },
    { "deleverage_indicator", "adlRankIndicator", "integer",
      doc = "Rank in the queue of auto-deleveraging: 1 to 5, the next to be taken; 0 of a flat position." },
    { "leverage", "leverage", "decimal", doc = "Nil under portfolio margin." },
    { "break_even_price", "breakEvenPrice", "decimal", zero_empty = true,
      doc = "Where closing would neither win nor lose." },
    { "position_balance", "positionBalance", "decimal", doc = "Deprecated by the exchange: see position_margin." },
    { "mark_price", "markPrice", "decimal", zero_empty = true, doc = "The mark price now." },
    { "liquidation_price", "liqPrice", "decimal", zero_empty = true,
      doc = "Nil where there is none in reach, and under portfolio margin; an estimate under cross margin." },
    { "bankruptcy_price", "bustPrice", "decimal", zero_empty = true, doc = "Deprecated by the exchange." },
    { "position_mm", "positionMM", "decimal", doc = "Maintenance margin, in coin." },
    { "position_mm_by_mp", "positionMMByMp", "decimal", doc = "The same value." },
    { "position_margin", "positionIM", "decimal", doc = "Initial margin, in coin, with the fee to close." },
    { "position_im_by_mp", "positionIMByMp", "decimal", doc = "The same value." },
    { "tpsl_mode", "tpslMode", "enum", enum = "tpsl_mode", empty = UNKNOWN, doc = "Deprecated by the exchange: Full." },
    { "take_profit_price", "takeProfit", "decimal", zero_empty = true, doc = "Of the whole position." },
    { "stop_loss_price", "stopLoss", "decimal", zero_empty = true, doc = "Of the whole position." },
    { "trailing_stop_price", "trailingStop", "decimal", zero_empty = true,
      doc = "A distance, in spite of its name: see trailing_stop_distance." },
    { "unrealized_pnl", "unrealisedPnl", "decimal", doc = "In coin, by the mark price." },
    { "realized_pnl", "curRealisedPnl", "decimal",
      doc = "In coin: of the position now held, with fees and funding (on v2: of today)." },
    { "total_realized_pnl", "cumRealisedPnl", "decimal", doc = "In coin, of all time." },
    { "cross_sequence", "seq", "integer",
      doc = "The matching engine's counter; -1 where the symbol was never traded." },
    { "is_reduce_only", "isReduceOnly", "boolean", doc = "May it only shrink, since a cut of risk limits?" },
    { "mmr_sys_updated_time", "mmrSysUpdatedTime", "time", zero_empty = true, also_wire = { "mmrSysUpdateTime" },
      doc = "When a change of risk limits moves its maintenance margin rate." },
    { "leverage_sys_updated_time", "leverageSysUpdatedTime", "time", zero_empty = true,
      doc = "When a change of risk limits moves its leverage." },
    { "session_avg_price", "sessionAvgPrice", "decimal", zero_empty = true, doc = "USDC contracts only." },
    { "create_time", "createdTime", "time", zero_empty = true,
      doc = "When there first was a position on this symbol, not when this one began: see open_time." },
    { "update_time", "updatedTime", "time", zero_empty = true, doc = "When it last changed." },
    { "open_time", "openTime", "time", zero_empty = true, doc = "When this position began." },
    { "delta", "delta", "decimal", doc = "Options only." },
    { "gamma", "gamma", "decimal", doc = "Options only." },
    { "vega", "vega", "decimal", doc = "Options only." },
    { "theta", "theta", "decimal", doc = "Options only." },
    { "category", "category", "string", doc = "Kind of contract; in streams only." },
    { "position_id", "id", "integer", doc = "Of v2 only." },
    { "user_id", "user_id", "integer", doc = "Of v2 only: the account." },
    { "is_isolated", "is_isolated", "boolean", doc = "Of v2 only; on V5 the margin mode is the account's." },
    { "effective_leverage", "effective_leverage", "decimal", doc = "Of v2 only." },
    { "closing_fee", "occ_closing_fee", "decimal", doc = "Of v2 only: held to pay the fees of closing." },
    { "funding_fee", "occ_funding_fee", "decimal", doc = "Of v2 only: held to pay funding." },
    { "order_margin", "order_margin", "decimal", doc = "Of v2 only: held for open orders." },
    { "wallet_balance", "wallet_balance", "decimal", doc = "Of v2 only; on V5 the wallet is the account's." },
    { "accumulated_fee", "cum_commission", "decimal", doc = "Of v2 only." },
    { "position_sequence", "position_seq", "integer", doc = "Of v2 only." },
    { "is_valid", "is_valid", "boolean", doc = "Of v2 only." },
    { "trailing_stop_trigger_price", "trailing_active", "decimal", zero_empty = true,
      doc = "Of v2 only: where the trailing stop begins to follow; on V5 trigger_price of that order." },
    { "take_profit_trigger_type", "tp_trigger_by", "enum", enum = "trigger_type", empty = UNKNOWN,
      doc = "Of v2 only; on V5 trigger_type of that order." },
    { "stop_loss_trigger_type", "sl_trigger_by", "enum", enum = "trigger_type", empty = UNKNOWN,
      doc = "Of v2 only; on V5 trigger_type of that order." },
    { "oc_calc_data", "oc_calc_data", "string", doc = "Of v2 only: a JSON text." },
  },
  aliases = { trailing_stop_distance = "trailing_stop_price" },
}

return records
