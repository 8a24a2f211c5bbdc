-- V5 documentation, order/realtime and order/history, and the private order stream: orders. init.lua explains the rows.

local UNKNOWN = { "UNKNOWN", "Unknown" }
local DIRECTION = { "Rising", "Falling" }

-- One list of the rows of several lists.
local function rows(...)
  local all = {}
  for _, list in ipairs { ... } do table.move(list, 1, #list, #all + 1, all) end
  return all
end

local ORDER = {
  { "order_id", "orderId", "string", doc = "The exchange's id; it survives amending and triggering." },
  { "client_order_id", "orderLinkId", "string", doc = "Your own id." },
  { "block_trade_id", "blockTradeId", "string", doc = "The block trade that it is part of." },
  { "symbol", "symbol", "string", doc = "The contract." },
  { "price", "price", "decimal", zero_empty = true,
    doc = "The order's price. A market order has the protective price that it was turned into." },
  { "quantity", "qty", "decimal", doc = "Ordered: in contracts of 1 USD, of linear contracts in base coin." },
  { "side", "side", "enum", enum = "side", doc = "Buy or Sell." },
  { "is_leverage", "isLeverage", "string", optional = true, doc = "Spot only." },
  { "position_mode", "positionIdx", "integer",
    doc = "Which position: 0 in one-way mode; in hedge mode 1 the long one, 2 the short one." },
  { "status", "orderStatus", "enum", enum = "order_status", doc = "Where the order stands." },
  { "cancel_type", "cancelType", "enum", enum = "cancel_type", empty = UNKNOWN, doc = "Who or what cancelled it." },
  { "reject_reason", "rejectReason", "enum", enum = "reject_reason",
    doc = "Why the matching engine refused or ended it; EC_NoError when nothing is wrong." },
  { "avg_price", "avgPrice", "decimal", zero_empty = true, doc = "Average price of its fills; nil without any." },
  { "leaves_quantity", "leavesQty", "decimal", doc = "How much is still open, as quantity; 0 when the order has ended." },
  { "leaves_value", "leavesValue", "decimal", doc = "How much is still open, in the settle coin." },
  { "filled_quantity", "cumExecQty", "decimal", doc = "How much is filled, as quantity." },
  { "filled_value", "cumExecValue", "decimal", doc = "How much is filled, in the settle coin." },
  { "fee", "cumExecFee", "decimal",
    doc = "Fees so far, in the settle coin; negative is a rebate. 0 where they are paid in another coin: see cum_fee_detail." },
  { "time_in_force", "timeInForce", "enum", enum = "time_in_force", doc = "How long it lives." },
  { "type", "orderType", "enum", enum = "order_type", empty = UNKNOWN,
    doc = "Limit or Market. For an order with a trigger: what it becomes when it is triggered." },
  { "stop_order_type", "stopOrderType", "enum", enum = "stop_order_type", empty = UNKNOWN,
    doc = "What set up the trigger; nil if the order has none." },
  { "order_iv", "orderIv", "decimal", optional = true, doc = "Options only: implied volatility." },
  { "trigger_price", "triggerPrice", "decimal", zero_empty = true,
    doc = "The price that triggers it. For a trailing stop: the price from which it follows." },
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
  { "place_type", "placeType", "string", optional = true, doc = "Options only: placed by price or by volatility." },
  { "slippage_tolerance_type", "slippageToleranceType", "enum", enum = "slippage_tolerance_type", empty = UNKNOWN,
    doc = "Unit of slippage_tolerance." },
  { "slippage_tolerance", "slippageTolerance", "decimal", doc = "How far a market order may go from the best price." },
  { "create_time", "createdTime", "time", zero_empty = true, doc = "When it was placed." },
  { "update_time", "updatedTime", "time", zero_empty = true, doc = "When it last changed." },
  { "extra_fees", "extraFees", "table", doc = "Taxes and the like, where the account's site has them." },
  { "cum_fee_detail", "cumFeeDetail", "table", doc = "Fees by coin, such as { MNT = \"0.0024\" }." },
  { "rpi_taker_access", "rpiTakerAccess", "boolean", doc = "May it match quotes for retail (RPI)?" },
  { "rpi_matched_qty", "rpiMatchedQty", "decimal", doc = "Filled against such quotes." },
  { "create_type", "createType", "enum", enum = "create_type", doc = "Who made it." },
  { "parent_order_link_id", "parentOrderLinkId", "string",
    doc = "The client_order_id of the order that this take profit or stop loss was attached to." },
  { "market_unit", "marketUnit", "string", optional = true, doc = "Spot only." },
  { "oco_trigger_by", "ocoTriggerBy", "string", optional = true, doc = "Spot only." },
  { "base_price", "basePrice", "decimal", optional = true, zero_empty = true, also_wire = { "base_price" },
    doc = "What the trigger price was compared with; on V5 spot only, see trigger_direction." },
  { "category", "category", "string", optional = true, doc = "Kind of contract; in streams only." },
  { "closed_pnl", "closedPnl", "decimal", optional = true, doc = "Profit of an order that closed a position; in streams only." },
  { "fee_currency", "feeCurrency", "string", optional = true, doc = "Deprecated by the exchange; in streams only." },
  { "broker_order_price", "brokerOrderPrice", "decimal", optional = true, zero_empty = true,
    doc = "EU brokers only; in streams only." },
}

local ORDER_V2 = {
  { "user_id", "user_id", "integer", optional = true, doc = "The account (v2 only)." },
  { "ext_fields", "ext_fields", "table", optional = true, doc = "Further fields of the exchange (v2 only)." },
}

local records = {}

records.order = {
  doc = "An order as it stands.",
  shown = { "order_id", "symbol", "side", "type", "quantity", "price", "filled_quantity", "status" },
  may_fail = true,
  fields = rows(ORDER, ORDER_V2, {
    { "last_trade_time", "last_exec_time", "time", optional = true, zero_empty = true,
      doc = "When it was last filled (v2 only)." },
    { "last_trade_price", "last_exec_price", "decimal", optional = true, zero_empty = true,
      doc = "The price of its last fill (v2 only); V5 has avg_price." },
  }),
  aliases = { quote_quantity_filled = "filled_quantity", base_quantity_filled = "filled_value" },
}

records.conditional_order = {
  doc = "An order that waits, or waited, for a trigger.",
  shown = { "order_id", "symbol", "side", "type", "quantity", "trigger_price", "price", "status" },
  may_fail = true,
  fields = rows(ORDER, ORDER_V2, {
    { "remark", "remark", "string", optional = true, doc = "The caller's network address (v2 only)." },
  }),
  aliases = { stop_order_id = "order_id", quote_quantity_filled = "filled_quantity",
    base_quantity_filled = "filled_value" },
}

return records
