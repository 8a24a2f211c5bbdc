-- V5 documentation, execution/list, and the private execution stream: executions. init.lua explains the rows.

local UNKNOWN = { "UNKNOWN", "Unknown" }

local records = {}

records.trade = {
  doc = "An execution: a fill, or a funding payment, liquidation or delivery (see trade_type).",
  shown = { "timestamp", "symbol", "side", "quantity", "price", "fee", "liquidity", "trade_type" },
  fields = {
    { "symbol", "symbol", "string", doc = "The contract." },
    { "order_type", "orderType", "enum", enum = "order_type", empty = UNKNOWN,
      doc = "The type of the order; nil if there was none (funding)." },
    { "underlying_price", "underlyingPrice", "decimal", optional = true, doc = "Options only." },
    { "client_order_id", "orderLinkId", "string", doc = "Your own id of the order." },
    { "side", "side", "enum", enum = "side", doc = "Buy or Sell." },
    { "index_price", "indexPrice", "decimal", optional = true, doc = "Options only." },
    { "order_id", "orderId", "string", doc = "The exchange's id of the order." },
    { "stop_order_type", "stopOrderType", "enum", enum = "stop_order_type", empty = UNKNOWN,
      doc = "What kind of order with a trigger it was; nil: none." },
    { "leaves_quantity", "leavesQty", "decimal", doc = "What the order had still open after it." },
    { "timestamp", "execTime", "time", zero_empty = true, doc = "When it happened." },
    { "fee_currency", "feeCurrency", "string", doc = "The coin of the fee, which may be MNT; nil: the settle coin." },
    { "liquidity", "isMaker", "boolean", map = { [true] = "Maker", [false] = "Taker" }, enum = "liquidity",
      only = { field = "trade_type", "Trade", "AdlTrade", "BustTrade" },
      doc = "Maker or Taker; nil where there was no book: of funding, settlement and the like." },
    { "fee", "execFee", "decimal", doc = "In fee_currency; negative was received: a rebate, or funding." },
    { "fee_rate", "feeRate", "decimal", doc = "The rate of the fee, or of the funding." },
    { "trade_id", "execId", "string", doc = "Unique." },
    { "trade_iv", "tradeIv", "decimal", optional = true, doc = "Options only." },
    { "block_trade_id", "blockTradeId", "string", doc = "The block trade that it is part of." },
    { "mark_price", "markPrice", "decimal", doc = "The mark price at that moment." },
    { "price", "execPrice", "decimal", doc = "The price that it happened at." },
    { "mark_iv", "markIv", "decimal", optional = true, doc = "Options only." },
    { "order_quantity", "orderQty", "decimal", doc = "Quantity of the order." },
    { "order_price", "orderPrice", "decimal", zero_empty = true, doc = "The price of the order; nil if there was none." },
    { "value", "execValue", "decimal", doc = "In the settle coin." },
    { "trade_type", "execType", "enum", enum = "trade_type",
      doc = "Trade, Funding ...: what is no funding changes the position, liquidations and ADL too; see is_fill." },
    { "quantity", "execQty", "decimal", doc = "In contracts of 1 USD, of linear contracts in base coin." },
    { "closed_quantity", "closedSize", "decimal", doc = "The part that shrank a position." },
    { "extra_fees", "extraFees", "table", doc = "Taxes and the like, where the account's site has them." },
    { "cross_sequence", "seq", "integer",
      doc = "The matching engine's counter: unique only with the symbol, equal for the fills of one match." },
    { "create_type", "createType", "enum", enum = "create_type", doc = "Who made the order." },
    { "exec_fee_v2", "execFeeV2", "decimal", optional = true, doc = "Spread trading only." },
    { "category", "category", "string", optional = true, doc = "Kind of contract; in streams only." },
    { "is_leverage", "isLeverage", "string", optional = true, doc = "Spot only; in streams only." },
    { "market_unit", "marketUnit", "string", optional = true, doc = "Spot only; in streams only." },
    { "exec_pnl", "execPnl", "decimal", optional = true,
      doc = "Profit of a fill that closed a position, in the settle coin; in streams only." },
    { "fill_number", "nth_fill", "integer", optional = true, doc = "Its place within one match (v2 only)." },
    { "user_id", "user_id", "integer", optional = true, doc = "The account (v2 only)." },
  },
}

return records
