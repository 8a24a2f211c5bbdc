---@meta _
-- What editors know of this module: generated from its declarations by `make types`. Do not edit.
-- luacheck: ignore

---A number that is exactly what it says: a decimal, an integer, a decimal string, or a float whose shortest text has
---at most 15 digits.
---@alias bybit.exact bybit.Decimal|integer|number|string

---How a decimal is rounded.
---@alias bybit.rounding "half_even"|"half_up"|"half_down"|"up"|"down"|"ceiling"|"floor"

---Where to trade.
---@alias bybit.environment "paper"|"env"|"bytick"|"demo"|"eea"|"georgia"|"indonesia"|"japan"|"japan-testnet"|"kazakhstan"|"mainnet"|"netherlands"|"testnet"|"turkey"|"uae"

---The methods that the exchange answers a page at a time.
---@alias bybit.paged_method "get_orders"|"get_conditional_orders"|"get_user_trades"

---From which level of the book a limit order takes its price.
---@alias bybit.bbo_level "1"|"2"|"3"|"4"|"5"

---From which side of the book a limit order takes its price: its own, or the opposite.
---@alias bybit.bbo_side_type "Queue"|"Counterparty"

---Who or what cancelled an order; the last seven are for options only.
---@alias bybit.cancel_type "CancelByUser"|"CancelByReduceOnly"|"CancelByPrepareLiq"|"CancelAllBeforeLiq"|"CancelByPrepareAdl"|"CancelAllBeforeAdl"|"CancelByAdmin"|"CancelBySettle"|"CancelByTpSlTsClear"|"CancelBySmp"|"CancelByDCP"|"CancelByRebalance"|"CancelByOCOTpCanceledBySlTriggered"|"CancelByOCOSlCanceledByTpTriggered"|"CancelByCannotAffordOrderCost"|"CancelByPmTrialMmOverEquity"|"CancelByAccountBlocking"|"CancelByDelivery"|"CancelByMmpTriggered"|"CancelByCrossSelfMuch"|"CancelByCrossReachMaxTradeNum"

---Who made an order: a user, a trigger, a liquidation, a robot.
---@alias bybit.create_type "CreateByUser"|"CreateByFutureSpread"|"CreateByAdminClosing"|"CreateBySettle"|"CreateByStopOrder"|"CreateByTakeProfit"|"CreateByPartialTakeProfit"|"CreateByStopLoss"|"CreateByPartialStopLoss"|"CreateByTrailingStop"|"CreateByTrailingProfit"|"CreateByLiq"|"CreateByTakeOver_PassThrough"|"CreateByAdl_PassThrough"|"CreateByBlock_PassThrough"|"CreateByBlockTradeMovePosition_PassThrough"|"CreateByChaseOrder"|"CreateByFGridBot"|"CloseByFGridBot"|"CreateByTWAP"|"CreateByMartingaleBot"|"CloseByMartingaleBot"|"CreateByIceBerg"|"CreateByBboOrder"|"CreateByClosing"|"CreateByTVSignal"|"CreateByMmRateClose"|"CreateByArbitrage"|"CreateByDdh"

---Did the order rest in the book, or take from it?
---@alias bybit.liquidity "Maker"|"Taker"

---Active orders, or those that wait for a trigger: conditional, take profit, stop loss, trailing stop.
---@alias bybit.order_filter "Order"|"StopOrder"

---Where an order stands. Open: New, PartiallyFilled, Untriggered. Cancelled may hold fills; Triggered lasts an instant; Deactivated was cancelled before its trigger; PartiallyFilledCanceled is spot only.
---@alias bybit.order_status "New"|"PartiallyFilled"|"Untriggered"|"Rejected"|"PartiallyFilledCanceled"|"Filled"|"Cancelled"|"Triggered"|"Deactivated"|"Created"|"PendingCancel"|"Active"

---Market takes the best prices inside a protective bound; Limit trades at its price or better.
---@alias bybit.order_type "Market"|"Limit"

---Normal, being liquidated, or being deleveraged.
---@alias bybit.position_status "Normal"|"Liq"|"Adl"

---Why the matching engine refused or ended an order; EC_NoError when nothing is wrong.
---@alias bybit.reject_reason "EC_NoError"|"EC_Others"|"EC_UnknownMessageType"|"EC_MissingClOrdID"|"EC_MissingOrigClOrdID"|"EC_ClOrdIDOrigClOrdIDAreTheSame"|"EC_DuplicatedClOrdID"|"EC_OrigClOrdIDDoesNotExist"|"EC_TooLateToCancel"|"EC_UnknownOrderType"|"EC_UnknownSide"|"EC_UnknownTimeInForce"|"EC_WronglyRouted"|"EC_MarketOrderPriceIsNotZero"|"EC_LimitOrderInvalidPrice"|"EC_NoEnoughQtyToFill"|"EC_NoImmediateQtyToFill"|"EC_PerCancelRequest"|"EC_MarketOrderCannotBePostOnly"|"EC_PostOnlyWillTakeLiquidity"|"EC_CancelReplaceOrder"|"EC_InvalidSymbolStatus"|"EC_CancelForNoFullFill"|"EC_BySelfMatch"|"EC_InCallAuctionStatus"|"EC_QtyCannotBeZero"|"EC_MarketOrderNoSupportTIF"|"EC_ReachMaxTradeNum"|"EC_InvalidPriceScale"|"EC_BitIndexInvalid"|"EC_StopBySelfMatch"|"EC_InvalidSmpType"|"EC_CancelByMMP"|"EC_InvalidUserType"|"EC_InvalidMirrorOid"|"EC_InvalidMirrorUid"|"EC_EcInvalidQty"|"EC_InvalidAmount"|"EC_LoadOrderCancel"|"EC_MarketQuoteNoSuppSell"|"EC_DisorderOrderID"|"EC_InvalidBaseValue"|"EC_LoadOrderCanMatch"|"EC_SecurityStatusFail"|"EC_ReachRiskPriceLimit"|"EC_OrderNotExist"|"EC_CancelByOrderValueZero"|"EC_CancelByMatchValueZero"|"EC_ReachMarketPriceLimit"

---Which page after a cursor: further along (newest first), or back. V5 walks forward only.
---@alias bybit.search_direction "next"|"prev"

---Buy or Sell: which way an order trades. A position is long with Buy, and short with Sell.
---@alias bybit.side "Buy"|"Sell"

---The unit of a market order's slippage tolerance.
---@alias bybit.slippage_tolerance_type "TickSize"|"Percent"

---What happens when an order meets one of the same account or group; that of the incoming order counts.
---@alias bybit.smp_type "None"|"CancelMaker"|"CancelTaker"|"CancelBoth"

---Stop cancels conditional orders and spares take profits, stop losses and trailing stops of a position.
---@alias bybit.stop_order_filter "Stop"

---What set up an order with a trigger: a user's conditional order is Stop; the last three are spot only.
---@alias bybit.stop_order_type "TakeProfit"|"StopLoss"|"TrailingStop"|"Stop"|"PartialTakeProfit"|"PartialStopLoss"|"MmRateClose"|"tpslOrder"|"OcoOrder"|"BidirectionalTpslOrder"

---How long an order lives: until cancelled, or only for the part that trades at once (IOC), or all at once or not at all (FOK), or only as a maker (PostOnly). RPI is for market makers.
---@alias bybit.time_in_force "GTC"|"IOC"|"FOK"|"PostOnly"|"RPI"

---Take profit and stop loss for the whole position, or for parts of it. Partial only ever adds.
---@alias bybit.tpsl_mode "Full"|"Partial"

---The kind of an execution: a trade, a funding payment, a liquidation (BustTrade) and others.
---@alias bybit.trade_type "Trade"|"AdlTrade"|"Funding"|"BustTrade"|"Delivery"|"Settle"|"BlockTrade"|"MovePosition"|"FutureSpread"|"CorporateAction"

---From which side the price must come to reach the trigger price.
---@alias bybit.trigger_direction "Rising"|"Falling"

---Which price sets off a trigger. The exchange's default is LastPrice.
---@alias bybit.trigger_type "LastPrice"|"IndexPrice"|"MarkPrice"

---An order that the exchange has been asked to cancel together with others.
---@class bybit.cancelled_order
---@field order_id string The exchange's id.
---@field client_order_id string Your own id.
---@field user_id? integer The account (v2 only).
---@field symbol? string The contract (v2 only).
---@field side? bybit.side Buy or Sell (v2 only).
---@field type? bybit.order_type Limit or Market (v2 only).
---@field price? bybit.Decimal The order's price (v2 only).
---@field quantity? bybit.Decimal In contracts of 1 USD (v2 only).
---@field time_in_force? bybit.time_in_force How long it lived (v2 only).
---@field create_type? bybit.create_type Who made it (v2 only).
---@field cancel_type? bybit.cancel_type Who or what cancelled it (v2 only).
---@field status? bybit.order_status Where the order stood (v2 only); empty even there.
---@field leaves_quantity? bybit.Decimal Still open, in contracts (v2 only).
---@field leaves_value? bybit.Decimal Still open, in coin (v2 only).
---@field create_time? integer When it was placed (v2 only).
---@field update_time? integer When it last changed (v2 only).
---@field cross_status? string PendingCancel, or Deactivated of a conditional (v2 only).
---@field cross_sequence? integer The matching engine's counter (v2 only).
---@field stop_order_type? bybit.stop_order_type What kind of order with a trigger it was (v2 only).
---@field trigger_type? bybit.trigger_type Which price would have triggered it (v2 only).
---@field base_price? bybit.Decimal What the trigger price was compared with (v2 only).
---@field expected_direction? bybit.trigger_direction How the price would have had to move to trigger it (v2 only).
---@field trail_value? bybit.Decimal Distance of a trailing stop (v2 only).
---@field stop_order_id string The same as order_id.

---A list of cancelled_order records; prints as a table.
---@class bybit.cancelled_order_list
---@field [integer] bybit.cancelled_order
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---An order that waits, or waited, for a trigger.
---@class bybit.conditional_order
---@field order_id string The exchange's id; it survives amending and triggering.
---@field client_order_id string Your own id.
---@field block_trade_id string The block trade that it is part of.
---@field symbol string The contract.
---@field price? bybit.Decimal The order's price. A market order has the protective price that it was turned into.
---@field quantity bybit.Decimal Ordered, in contracts of 1 USD.
---@field side bybit.side Buy or Sell.
---@field is_leverage? string Spot only.
---@field position_mode integer Which leg: 0 one-way (always, for inverse), 1 Buy, 2 Sell.
---@field status bybit.order_status Where the order stands.
---@field cancel_type? bybit.cancel_type Who or what cancelled it.
---@field reject_reason bybit.reject_reason Why the matching engine refused or ended it; EC_NoError when nothing is wrong.
---@field avg_price? bybit.Decimal Average price of its fills; nil without any.
---@field leaves_quantity bybit.Decimal How much is still open, in contracts; 0 when the order has ended.
---@field leaves_value bybit.Decimal How much is still open, in coin.
---@field filled_quantity bybit.Decimal How much is filled, in contracts.
---@field filled_value bybit.Decimal How much is filled, in coin.
---@field fee bybit.Decimal Fees so far, in coin; negative is a rebate.
---@field time_in_force bybit.time_in_force How long it lives.
---@field type? bybit.order_type Limit or Market. For an order with a trigger: what it becomes when it is triggered.
---@field stop_order_type? bybit.stop_order_type What set up the trigger; nil if the order has none.
---@field order_iv? bybit.Decimal Options only: implied volatility.
---@field trigger_price? bybit.Decimal The price that triggers it. For a trailing stop: the price from which it follows.
---@field take_profit_price? bybit.Decimal The take profit attached to it.
---@field stop_loss_price? bybit.Decimal The stop loss attached to it.
---@field take_profit_trigger_type? bybit.trigger_type Which price triggers its take profit.
---@field stop_loss_trigger_type? bybit.trigger_type Which price triggers its stop loss.
---@field trigger_direction? bybit.trigger_direction Rising or Falling: how the price must move to trigger it.
---@field trigger_type? bybit.trigger_type Which price triggers it.
---@field last_price_on_created? bybit.Decimal The last price when it was placed.
---@field reduce_only boolean It may only shrink the position.
---@field close_on_trigger boolean A closing order, which makes room for itself.
---@field smp_type bybit.smp_type What happens when it meets an order of your own.
---@field smp_group integer Group of accounts for self-match prevention; 0: none.
---@field smp_order_id string The own order that it met.
---@field tpsl_mode? bybit.tpsl_mode Do its take profit and stop loss cover the whole position?
---@field tp_limit_price? bybit.Decimal Limit price of its take profit.
---@field sl_limit_price? bybit.Decimal Limit price of its stop loss.
---@field place_type? string Options only: placed by price or by volatility.
---@field slippage_tolerance_type? bybit.slippage_tolerance_type Unit of slippage_tolerance.
---@field slippage_tolerance bybit.Decimal How far a market order may go from the best price.
---@field create_time? integer When it was placed.
---@field update_time? integer When it last changed.
---@field extra_fees table Taxes and the like, where the account's site has them.
---@field cum_fee_detail table Fees by coin; for inverse see fee.
---@field rpi_taker_access boolean May it match quotes for retail (RPI)?
---@field rpi_matched_qty bybit.Decimal Filled against such quotes.
---@field create_type bybit.create_type Who made it.
---@field parent_order_link_id string The client_order_id of the order that this take profit or stop loss was attached to.
---@field market_unit? string Spot only.
---@field oco_trigger_by? string Spot only.
---@field base_price? bybit.Decimal What the trigger price was compared with; on V5 spot only, see trigger_direction.
---@field category? string Kind of contract; in streams only.
---@field closed_pnl? bybit.Decimal Profit of an order that closed a position; in streams only.
---@field fee_currency? string Deprecated by the exchange; in streams only.
---@field broker_order_price? bybit.Decimal EU brokers only; in streams only.
---@field user_id? integer The account (v2 only).
---@field ext_fields? table Further fields of the exchange (v2 only).
---@field remark? string The caller's network address (v2 only).
---@field base_quantity_filled bybit.Decimal The same as filled_value.
---@field quote_quantity_filled bybit.Decimal The same as filled_quantity.
---@field stop_order_id string The same as order_id.
---@field is_done fun(self: bybit.conditional_order): boolean Has the order ended, in whichever way?
---@field is_open fun(self: bybit.conditional_order): boolean Is the order open: may it still fill or be triggered?

---A list of conditional_order records; prints as a table.
---@class bybit.conditional_order_list
---@field [integer] bybit.conditional_order
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---An order as it stands.
---@class bybit.order
---@field order_id string The exchange's id; it survives amending and triggering.
---@field client_order_id string Your own id.
---@field block_trade_id string The block trade that it is part of.
---@field symbol string The contract.
---@field price? bybit.Decimal The order's price. A market order has the protective price that it was turned into.
---@field quantity bybit.Decimal Ordered, in contracts of 1 USD.
---@field side bybit.side Buy or Sell.
---@field is_leverage? string Spot only.
---@field position_mode integer Which leg: 0 one-way (always, for inverse), 1 Buy, 2 Sell.
---@field status bybit.order_status Where the order stands.
---@field cancel_type? bybit.cancel_type Who or what cancelled it.
---@field reject_reason bybit.reject_reason Why the matching engine refused or ended it; EC_NoError when nothing is wrong.
---@field avg_price? bybit.Decimal Average price of its fills; nil without any.
---@field leaves_quantity bybit.Decimal How much is still open, in contracts; 0 when the order has ended.
---@field leaves_value bybit.Decimal How much is still open, in coin.
---@field filled_quantity bybit.Decimal How much is filled, in contracts.
---@field filled_value bybit.Decimal How much is filled, in coin.
---@field fee bybit.Decimal Fees so far, in coin; negative is a rebate.
---@field time_in_force bybit.time_in_force How long it lives.
---@field type? bybit.order_type Limit or Market. For an order with a trigger: what it becomes when it is triggered.
---@field stop_order_type? bybit.stop_order_type What set up the trigger; nil if the order has none.
---@field order_iv? bybit.Decimal Options only: implied volatility.
---@field trigger_price? bybit.Decimal The price that triggers it. For a trailing stop: the price from which it follows.
---@field take_profit_price? bybit.Decimal The take profit attached to it.
---@field stop_loss_price? bybit.Decimal The stop loss attached to it.
---@field take_profit_trigger_type? bybit.trigger_type Which price triggers its take profit.
---@field stop_loss_trigger_type? bybit.trigger_type Which price triggers its stop loss.
---@field trigger_direction? bybit.trigger_direction Rising or Falling: how the price must move to trigger it.
---@field trigger_type? bybit.trigger_type Which price triggers it.
---@field last_price_on_created? bybit.Decimal The last price when it was placed.
---@field reduce_only boolean It may only shrink the position.
---@field close_on_trigger boolean A closing order, which makes room for itself.
---@field smp_type bybit.smp_type What happens when it meets an order of your own.
---@field smp_group integer Group of accounts for self-match prevention; 0: none.
---@field smp_order_id string The own order that it met.
---@field tpsl_mode? bybit.tpsl_mode Do its take profit and stop loss cover the whole position?
---@field tp_limit_price? bybit.Decimal Limit price of its take profit.
---@field sl_limit_price? bybit.Decimal Limit price of its stop loss.
---@field place_type? string Options only: placed by price or by volatility.
---@field slippage_tolerance_type? bybit.slippage_tolerance_type Unit of slippage_tolerance.
---@field slippage_tolerance bybit.Decimal How far a market order may go from the best price.
---@field create_time? integer When it was placed.
---@field update_time? integer When it last changed.
---@field extra_fees table Taxes and the like, where the account's site has them.
---@field cum_fee_detail table Fees by coin; for inverse see fee.
---@field rpi_taker_access boolean May it match quotes for retail (RPI)?
---@field rpi_matched_qty bybit.Decimal Filled against such quotes.
---@field create_type bybit.create_type Who made it.
---@field parent_order_link_id string The client_order_id of the order that this take profit or stop loss was attached to.
---@field market_unit? string Spot only.
---@field oco_trigger_by? string Spot only.
---@field base_price? bybit.Decimal What the trigger price was compared with; on V5 spot only, see trigger_direction.
---@field category? string Kind of contract; in streams only.
---@field closed_pnl? bybit.Decimal Profit of an order that closed a position; in streams only.
---@field fee_currency? string Deprecated by the exchange; in streams only.
---@field broker_order_price? bybit.Decimal EU brokers only; in streams only.
---@field user_id? integer The account (v2 only).
---@field ext_fields? table Further fields of the exchange (v2 only).
---@field last_trade_time? integer When it was last filled (v2 only).
---@field last_trade_price? bybit.Decimal The price of its last fill (v2 only); V5 has avg_price.
---@field base_quantity_filled bybit.Decimal The same as filled_value.
---@field quote_quantity_filled bybit.Decimal The same as filled_quantity.
---@field is_done fun(self: bybit.order): boolean Has the order ended, in whichever way?
---@field is_open fun(self: bybit.order): boolean Is the order open: may it still fill or be triggered?

---A list of order records; prints as a table.
---@class bybit.order_list
---@field [integer] bybit.order
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The acknowledgement of an order. It does not say what becomes of the order.
---@class bybit.order_id
---@field order_id string The exchange's id.
---@field client_order_id string Your own id.
---@field stop_order_id string The same as order_id.

---A list of order_id records; prints as a table.
---@class bybit.order_id_list
---@field [integer] bybit.order_id
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A position, held or flat.
---@class bybit.position
---@field position_mode integer Which leg: 0 one-way (always, for inverse), 1 Buy, 2 Sell.
---@field risk_id integer The tier of risk limits; 0 under portfolio margin.
---@field risk_limit_value bybit.Decimal In coin; no meaning since tiers apply by themselves.
---@field symbol string The contract.
---@field side? bybit.side Buy if it is long, Sell if it is short, nil if it is flat.
---@field quantity bybit.Decimal In contracts of 1 USD, never negative; see signed_quantity.
---@field entry_price? bybit.Decimal Average price of entry; nil if the position is flat.
---@field position_value bybit.Decimal In coin.
---@field trade_mode integer Deprecated by the exchange, always 0: the margin mode is the account's.
---@field position_status bybit.position_status Normal, or what is being done to it.
---@field auto_add_margin boolean Is margin added by itself? (Isolated margin.)
---@field deleverage_indicator integer Rank in the queue of auto-deleveraging: 1 to 5, where 5 is the next to be taken; 0 if the position is flat.
---@field leverage bybit.Decimal Nil under portfolio margin.
---@field break_even_price? bybit.Decimal Where closing would neither win nor lose.
---@field position_balance bybit.Decimal Deprecated by the exchange: see position_margin.
---@field mark_price? bybit.Decimal The mark price now.
---@field liquidation_price? bybit.Decimal The price at which it would be liquidated. Nil if none is in reach, and under portfolio margin; an estimate under cross margin.
---@field bankruptcy_price? bybit.Decimal Deprecated by the exchange.
---@field position_mm bybit.Decimal Maintenance margin, in coin.
---@field position_mm_by_mp bybit.Decimal The same value.
---@field position_margin bybit.Decimal Initial margin, in coin, with the fee to close.
---@field position_im_by_mp bybit.Decimal The same value.
---@field tpsl_mode? bybit.tpsl_mode Deprecated by the exchange: Full.
---@field take_profit_price? bybit.Decimal The take profit of the whole position.
---@field stop_loss_price? bybit.Decimal The stop loss of the whole position.
---@field trailing_stop_price? bybit.Decimal A distance, in spite of its name: see trailing_stop_distance.
---@field unrealized_pnl bybit.Decimal Profit that is not realized, by the mark price, in coin.
---@field realized_pnl bybit.Decimal Profit of the position that is now held, with fees and funding, in coin (on v2: profit of today).
---@field total_realized_pnl bybit.Decimal Profit of all positions so far, in coin.
---@field cross_sequence integer The matching engine's counter; -1 if the symbol was never traded.
---@field is_reduce_only boolean May it only shrink, since a cut of risk limits?
---@field mmr_sys_updated_time? integer When a change of risk limits moves its maintenance margin rate.
---@field leverage_sys_updated_time? integer When a change of risk limits moves its leverage.
---@field session_avg_price? bybit.Decimal USDC contracts only.
---@field create_time? integer When the account first had a position on this symbol. open_time is when this one began.
---@field update_time? integer When it last changed.
---@field open_time? integer When this position began.
---@field delta? bybit.Decimal Options only.
---@field gamma? bybit.Decimal Options only.
---@field vega? bybit.Decimal Options only.
---@field theta? bybit.Decimal Options only.
---@field category? string Kind of contract; in streams only.
---@field position_id? integer The position's number (v2 only).
---@field user_id? integer The account (v2 only).
---@field is_isolated? boolean Is its margin isolated? (v2 only); on V5 the margin mode is the account's.
---@field effective_leverage? bybit.Decimal The leverage in effect (v2 only).
---@field closing_fee? bybit.Decimal Held to pay the fees of closing (v2 only).
---@field funding_fee? bybit.Decimal Held to pay funding (v2 only).
---@field order_margin? bybit.Decimal Held for open orders (v2 only).
---@field wallet_balance? bybit.Decimal The wallet's balance (v2 only); on V5 the wallet is the account's.
---@field accumulated_fee? bybit.Decimal Fees so far, in coin (v2 only).
---@field position_sequence? integer The exchange's counter of changes (v2 only).
---@field is_valid? boolean The exchange's flag of this name (v2 only).
---@field trailing_stop_trigger_price? bybit.Decimal Where the trailing stop begins to follow (v2 only); on V5 trigger_price of that order.
---@field take_profit_trigger_type? bybit.trigger_type Which price triggers it (v2 only); on V5 trigger_type of that order.
---@field stop_loss_trigger_type? bybit.trigger_type Which price triggers it (v2 only); on V5 trigger_type of that order.
---@field oc_calc_data? string A JSON text (v2 only).
---@field trailing_stop_distance? bybit.Decimal The same as trailing_stop_price.
---@field signed_quantity? bybit.Decimal The quantity; negative if the position is short. Nil if the quantity or the side could not be read.
---@field is_flat fun(self: bybit.position): boolean Is the position flat? Nil if its quantity could not be read.

---A list of position records; prints as a table.
---@class bybit.position_list
---@field [integer] bybit.position
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---An execution: a fill, or a funding payment, liquidation or delivery (see trade_type).
---@class bybit.trade
---@field symbol string The contract.
---@field order_type? bybit.order_type The type of the order; nil if there was none (funding).
---@field underlying_price? bybit.Decimal Options only.
---@field client_order_id string Your own id of the order.
---@field side bybit.side Buy or Sell.
---@field index_price? bybit.Decimal Options only.
---@field order_id string The exchange's id of the order.
---@field stop_order_type? bybit.stop_order_type What kind of order with a trigger it was; nil: none.
---@field leaves_quantity bybit.Decimal What the order had still open after it.
---@field timestamp? integer When it happened.
---@field fee_currency string The coin of the fee.
---@field liquidity? bybit.liquidity Maker or Taker; nil where there was no book: of funding, settlement and the like.
---@field fee bybit.Decimal In coin; negative was received: a rebate, or funding.
---@field fee_rate bybit.Decimal The rate of the fee, or of the funding.
---@field trade_id string Unique.
---@field trade_iv? bybit.Decimal Options only.
---@field block_trade_id string The block trade that it is part of.
---@field mark_price bybit.Decimal The mark price at that moment.
---@field price bybit.Decimal The price that it happened at.
---@field mark_iv? bybit.Decimal Options only.
---@field order_quantity bybit.Decimal Quantity of the order, in contracts.
---@field order_price? bybit.Decimal The price of the order; nil if there was none.
---@field value bybit.Decimal In coin.
---@field trade_type bybit.trade_type Trade, Funding ...: what is no funding changes the position, liquidations and ADL too; see is_fill.
---@field quantity bybit.Decimal In contracts of 1 USD.
---@field closed_quantity bybit.Decimal The part that shrank a position.
---@field extra_fees table Taxes and the like, where the account's site has them.
---@field cross_sequence integer The matching engine's counter: unique only with the symbol, equal for the fills of one match.
---@field create_type bybit.create_type Who made the order.
---@field exec_fee_v2? bybit.Decimal Spread trading only.
---@field category? string Kind of contract; in streams only.
---@field is_leverage? string Spot only; in streams only.
---@field market_unit? string Spot only; in streams only.
---@field exec_pnl? bybit.Decimal Profit of a fill that closed a position, in coin; in streams only.
---@field fill_number? integer Its place within one match (v2 only).
---@field user_id? integer The account (v2 only).
---@field is_fill fun(self: bybit.trade): boolean Did it change a position? Trades, liquidations and ADL did, funding did not. Nil if its kind is not known.

---A list of trade records; prints as a table.
---@class bybit.trade_list
---@field [integer] bybit.trade
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---Options of bybit.client.
---@class (exact) bybit.ClientOptions
---@field environment bybit.environment|bybit.paper.Exchange|{ url: string } Where to trade: "paper" (an exchange that the client starts and owns), "testnet", "demo", "mainnet" or a regional name; an exchange of bybit.paper.start, whose keys are used when none are given; {url = ...}; or "env": what BYBIT_ENVIRONMENT says, where real money wants BYBIT_MAINNET=yes as well.
---@field key? string The API key; give `secret` or `private_key` with it. Without keys a client reaches public endpoints only.
---@field secret? string The secret of an HMAC key.
---@field private_key? string The private key of an RSA key, as PEM text.
---@field credentials? "env"|{ file: string } In place of `key`: "env" reads BYBIT_API_KEY and BYBIT_API_SECRET, and takes the secret out of the environment, so that programs started later do not get it; {file = path} a JSON file with key, secret and environment, refused when others can read it or its environment is another. For {url = ...} the environment is that address, the name of its host ("mainnet"), or "paper" on this machine.
---@field category? "inverse" The kind of contracts. Default: "inverse".
---@field api? "v5"|"v2" The wire. The exchange has retired v2: it works on the paper exchange and on {url = ...} only. Default: "v5".
---@field receive_window? integer How old a request may be when the exchange acts on it. It is signed for the best guess of the exchange's clock, less what is not known of that clock (mostly half a round trip). So a window shorter than a round trip is refused. Unit: milliseconds. Default: 5000.
---@field timeout? number How long one attempt may take. Unit: seconds. Default: 10.
---@field connect_timeout? number How long making a connection may take; part of `timeout`. Unit: seconds. Default: 5.
---@field deadline? number How long a whole call may take: waiting for its turn, attempts, recovery. Unit: seconds. Default: 30.
---@field connections? integer How many connections may be open. Default: 16.
---@field in_flight? integer How many requests may be under way; others wait in line, and are signed when their turn comes. Over HTTP/1.1 there are no more than `connections`. Default: 32.
---@field reserved? integer How many requests of `in_flight` are kept for calls that take risk away (cancels, reduce-only orders, stops that bound a loss), so that slow answers to other calls do not delay them. By default a quarter, and at least one if there are two. Over HTTP/2 a quarter of `connections` is kept too; beside a single connection, a second one.
---@field rate? "wait"|"fail"|false|table<string, number> What happens to a call that would break a rate limit: "wait": it waits for its turn. "fail": it fails with kind `rate_limit` and `retry_after`. false: the client counts no limits. A table: limits in place of the exchange's own, in requests a second by rate group, such as {["order/create"] = 20}; `ip` is in requests in 5 seconds. Default: "wait".
---@field max_body? integer The largest answer that is read; a larger one is an error of kind `too_large`. Unit: bytes. Default: 16 MiB.
---@field http? "1.1"|"2" The version of HTTP. Default: "1.1".
---@field gzip? boolean Ask for compressed answers. Default: false.
---@field confirm? boolean After each call that changes something, read the full order or position back and return that. Default: false.
---@field id_prefix? string What the client order ids that the client makes begin with.
---@field required? table<string, string[]> Parameters that become required for this client. With {place_order = {"stop_loss_price"}} a misspelt variable, which is nil, cannot place an order without a stop loss.
---@field guard? bybit.GuardRails Guard rails: limits of your own, which are checked exactly before anything is sent that adds risk. A refusal has kind `guard`; nothing was sent then. See the guide on guard rails.
---@field journal? string|{ path: string, sync: boolean?, keep: number? } A SQLite database. The client writes what a call is about to change into it before the request leaves, so that a program can find out after a crash what became of its calls: see client:reconcile. With {path = ..., sync = true} the journal survives a power cut too. What has ended is kept for `keep` days (30). A journal is for one process, and for one exchange, account and api.
---@field visibility? number How long the exchange may take to show in its lists what it did. An order of unknown outcome is declared absent after two searches, this long apart, the first of which begins this long after the exchange can no longer accept the order. A change is judged this long after the exchange can no longer accept it. Unit: seconds. Default: 5.
---@field log? userdata|fun(event: bybit.LogEvent) io.stderr, or another open file, which gets one line per call. Or a function, which is called with an event for each call (time, level, method, symbol, client_order_id, attempt, status, duration, outcome, error), and with one of level `debug` for each request that is only part of a call. An error that it raises is dropped.
---@field proxy? string A proxy, as curl writes it: `http://host:port`. Never used for loopback.
---@field ca_file? string A file of certificates (PEM) that are trusted in place of the system's, also of a proxy. The file has to be there.
---@field referer? string A broker id.
---@field seed? integer Ids and random waits are drawn from it, so that a run can be repeated. For tests.
---@field transport? table Sends requests in place of HTTP. For tests.

---What every method takes besides its own parameters.
---@class (exact) bybit.CallOptions
---@field receive_window? integer How long after its timestamp the exchange may still accept the request. Unit: ms.
---@field timeout? number How long one attempt may take. Unit: s.
---@field connect_timeout? number How long making the connection may take; part of `timeout`. Unit: s.
---@field deadline? number How long the whole call may take: waiting for its turn, attempts, recovery. Unit: s.
---@field cancel? bybit.Token A token of bybit.cancel_token. When it is cancelled, the call ends with kind `cancelled`.
---@field raw? boolean Keep the answer's text in `response.raw`.
---@field extra? table Fields of the wire that have no parameter yet; they are sent as they are.
---@field resend? boolean False: an order of unknown outcome is not sent again under its own id. For calls that place an order.
---@field confirm? boolean Read the full order or position back, and return that. For calls that change something.

---Parameters of place_order.
---@class (exact) bybit.place_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field side bybit.side Buy or Sell.
---@field type bybit.order_type Limit; or Market, which trades at once, inside a protective price.
---@field quantity bybit.exact How much to trade: a multiple of the contract's step. 0 closes the whole position. Unit: contracts of 1 USD.
---@field price? bybit.exact The price: a multiple of the contract's tick. Market orders ignore it. Unit: USD.
---@field time_in_force? bybit.time_in_force How long the order lives: GTC for Limit and IOC for Market when left out. Market can only be IOC.
---@field position_mode? integer Which leg: 0 one-way (the one that works for inverse contracts), 1 Buy, 2 Sell. Default: 0.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field reduce_only? boolean The order may only reduce the position.
---@field close_on_trigger? boolean The order may only reduce the position. If the balance is too small, other orders are cancelled to make room for it.
---@field take_profit_price? bybit.exact Take profit of the position that the order opens. Unit: USD.
---@field stop_loss_price? bybit.exact Stop loss of the position that the order opens. Unit: USD.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_order_type? bybit.order_type What the take profit becomes: Market (the default), or Limit in Partial mode.
---@field sl_order_type? bybit.order_type What the stop loss becomes: Market (the default), or Limit in Partial mode.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: USD.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: USD.
---@field smp_type? bybit.smp_type Which order gives way when two of the same group would trade with each other.
---@field slippage_tolerance_type? bybit.slippage_tolerance_type For Market orders: the unit of slippage_tolerance.
---@field slippage_tolerance? bybit.exact How far from the best price a Market order may go. Unit: ticks (1 to 10000) or percent (0.01 to 10).
---@field bbo_side_type? bybit.bbo_side_type For Limit orders: takes the price from the order's own side of the book (Queue) or from the other (Counterparty).
---@field bbo_level? bybit.bbo_level The level of the book that bbo_side_type takes the price from: 1 to 5.
---@field rpi_taker_access? boolean The order may match RPI quotes.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.place_order.some : bybit.place_order.params

---Parameters of place_conditional_order.
---@class (exact) bybit.place_conditional_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field side bybit.side Buy or Sell.
---@field type bybit.order_type Limit; or Market, which trades at once, inside a protective price.
---@field quantity bybit.exact How much to trade: a multiple of the contract's step. 0 closes the whole position. Unit: contracts of 1 USD.
---@field price? bybit.exact The price: a multiple of the contract's tick. Market orders ignore it. Unit: USD.
---@field trigger_price bybit.exact The price that has to be reached. Unit: USD.
---@field base_price? bybit.exact Where the price comes from, normally the current price: below the trigger price it has to rise, above it to fall. Not sent on this wire; a stale one gives the wrong direction. Unit: USD.
---@field trigger_direction? bybit.trigger_direction In place of base_price: from which side the price comes.
---@field trigger_type? bybit.trigger_type Which price triggers; the exchange's default is LastPrice.
---@field time_in_force? bybit.time_in_force How long the order lives: GTC for Limit and IOC for Market when left out. Market can only be IOC.
---@field position_mode? integer Which leg: 0 one-way (the one that works for inverse contracts), 1 Buy, 2 Sell. Default: 0.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field reduce_only? boolean The order may only reduce the position.
---@field close_on_trigger? boolean The order may only reduce the position. If the balance is too small, other orders are cancelled to make room for it.
---@field take_profit_price? bybit.exact Take profit of the position that the order opens. Unit: USD.
---@field stop_loss_price? bybit.exact Stop loss of the position that the order opens. Unit: USD.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_order_type? bybit.order_type What the take profit becomes: Market (the default), or Limit in Partial mode.
---@field sl_order_type? bybit.order_type What the stop loss becomes: Market (the default), or Limit in Partial mode.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: USD.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: USD.
---@field smp_type? bybit.smp_type Which order gives way when two of the same group would trade with each other.
---@field bbo_side_type? bybit.bbo_side_type For Limit orders: takes the price from the order's own side of the book (Queue) or from the other (Counterparty).
---@field bbo_level? bybit.bbo_level The level of the book that bbo_side_type takes the price from: 1 to 5.
---@field rpi_taker_access? boolean The order may match RPI quotes.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.place_conditional_order.some : bybit.place_conditional_order.params

---Parameters of modify_order.
---@class (exact) bybit.modify_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string The exchange's id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field new_price? bybit.exact The new price; unchanged when left out. Unit: USD.
---@field new_quantity? bybit.exact The new total, more than what is filled; unchanged when left out. Unit: contracts of 1 USD.
---@field take_profit_price? bybit.exact 0 removes it; unchanged when left out. Unit: USD.
---@field stop_loss_price? bybit.exact 0 removes it; unchanged when left out. Unit: USD.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: USD.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: USD.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.modify_order.some : bybit.modify_order.params

---Parameters of modify_conditional_order.
---@class (exact) bybit.modify_conditional_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_id? string The exchange's id.
---@field order_id? string The same as stop_order_id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field new_price? bybit.exact The new price; unchanged when left out. Unit: USD.
---@field new_quantity? bybit.exact The new total, more than what is filled; unchanged when left out. Unit: contracts of 1 USD.
---@field new_trigger_price? bybit.exact Moves the price of a take profit or stop loss order too. Unit: USD.
---@field trigger_type? bybit.trigger_type Which price triggers; the exchange's default is LastPrice.
---@field take_profit_price? bybit.exact 0 removes it; unchanged when left out. Unit: USD.
---@field stop_loss_price? bybit.exact 0 removes it; unchanged when left out. Unit: USD.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: USD.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: USD.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.modify_conditional_order.some : bybit.modify_conditional_order.params

---Parameters of cancel_order.
---@class (exact) bybit.cancel_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string The exchange's id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_order.some : bybit.cancel_order.params

---Parameters of cancel_conditional_order.
---@class (exact) bybit.cancel_conditional_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_id? string The exchange's id.
---@field order_id? string The same as stop_order_id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_conditional_order.some : bybit.cancel_conditional_order.params

---Parameters of cancel_all_orders.
---@class (exact) bybit.cancel_all_orders.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_all_orders.some : bybit.cancel_all_orders.params

---Parameters of cancel_all_conditional_orders.
---@class (exact) bybit.cancel_all_conditional_orders.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_type? bybit.stop_order_filter Stop: only conditional orders.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_all_conditional_orders.some : bybit.cancel_all_conditional_orders.params

---Parameters of set_trading_stop.
---@class (exact) bybit.set_trading_stop.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field take_profit_price? bybit.exact 0 removes it; unchanged when left out. Unit: USD.
---@field stop_loss_price? bybit.exact 0 removes it; unchanged when left out. Unit: USD.
---@field trailing_stop_price? bybit.exact A distance, in spite of its name; 0 removes it. Unit: USD.
---@field trailing_stop_distance? bybit.exact The same as trailing_stop_price.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field trailing_stop_trigger_price? bybit.exact The trailing stop starts when this price is reached; at once when left out. Unit: USD.
---@field tpsl_mode? bybit.tpsl_mode When left out: Partial if a quantity is given, otherwise Full.
---@field take_profit_quantity? bybit.exact Partial mode: how much of the position; the same as stop_loss_quantity if both are given. Unit: contracts of 1 USD.
---@field stop_loss_quantity? bybit.exact Partial mode: how much of the position. Unit: contracts of 1 USD.
---@field tp_order_type? bybit.order_type What the take profit becomes: Market (the default), or Limit in Partial mode.
---@field sl_order_type? bybit.order_type What the stop loss becomes: Market (the default), or Limit in Partial mode.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: USD.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: USD.
---@field position_mode? integer Which leg: 0 one-way (the one that works for inverse contracts), 1 Buy, 2 Sell. Default: 0.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.set_trading_stop.some : bybit.set_trading_stop.params

---Parameters of get_orders.
---@class (exact) bybit.get_orders.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string Only this order, open or closed.
---@field client_order_id? string Only the order with this id of your own.
---@field status? bybit.order_status Only orders of this status. With one of open orders a page may be short of its limit.
---@field direction? bybit.search_direction next; prev exists on the v2 wire only.
---@field limit? integer Page size; 20 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_orders.some : bybit.get_orders.params

---Parameters of get_conditional_orders.
---@class (exact) bybit.get_conditional_orders.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_id? string Only this order, open or closed.
---@field order_id? string The same as stop_order_id.
---@field client_order_id? string Only the order with this id of your own.
---@field status? bybit.order_status Only orders of this status.
---@field direction? bybit.search_direction next; prev exists on the v2 wire only.
---@field limit? integer Page size; 20 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_conditional_orders.some : bybit.get_conditional_orders.params

---Parameters of get_open_order_real_time.
---@class (exact) bybit.get_open_order_real_time.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string The exchange's id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_open_order_real_time.some : bybit.get_open_order_real_time.params

---Parameters of get_open_orders_real_time.
---@class (exact) bybit.get_open_orders_real_time.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_open_orders_real_time.some : bybit.get_open_orders_real_time.params

---Parameters of get_open_conditional_order_real_time.
---@class (exact) bybit.get_open_conditional_order_real_time.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_id? string The exchange's id.
---@field order_id? string The same as stop_order_id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_open_conditional_order_real_time.some : bybit.get_open_conditional_order_real_time.params

---Parameters of get_open_conditional_orders_real_time.
---@class (exact) bybit.get_open_conditional_orders_real_time.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_open_conditional_orders_real_time.some : bybit.get_open_conditional_orders_real_time.params

---Parameters of get_user_trades.
---@class (exact) bybit.get_user_trades.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string Only executions of this order; the exchange then ignores the other filters.
---@field client_order_id? string Only executions of the order with this id of your own.
---@field trade_type? bybit.trade_type Only executions of this kind.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field page? integer Counted from 1.
---@field page_size? integer How many executions a page holds; 50 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_user_trades.some : bybit.get_user_trades.params

---@class bybit.paper.Exchange
---@field url string its address
---@field port integer its port
---@field key string the first account's key
---@field secret string? the first account's secret
---@field keys bybit.paper.Key[] all accounts
local Exchange = {}

---Moves time alone, on an exchange with a manual clock. The market stands still meanwhile.
---@param seconds number
function Exchange:advance(seconds) end

---The exchange's own books of an account: all orders (oldest first, each with `open`), executions (oldest first),
---positions by symbol and coins by name, as plain data with the names of the client's records and amounts as texts.
---@param key? string the account's; the first one's by default
---@return { orders: table[], executions: table[], positions: table<string, table>, coins: table<string, table> }
function Exchange:books(key) end

---Ends it and its thread. May be called again.
function Exchange:close() end

---The exchange's own mistakes: what it answered with 10016 because something in it failed.
---@return string[]
function Exchange:errors() end

---How often each kind of fault has struck since the start: `lost_answer`, `http_503`, `code_10016_executed` ...
---@return table<string, integer>
function Exchange:fault_counts() end

---Makes things go wrong, from the next request on: `{ { "lost_answer", probability = 0.1, path = "order/create" },
---{ "code", code = 10016, executed = true, nth = 3 }, seed = 1, lag = 50 }`. Replaces what was set before; false or {}
---switches all of it off. Besides rules: `seed` (the exchange's), `lag` (ms before what was acknowledged shows in
---queries), `skew` (ms by which the exchange's clock is ahead), `forget` (seconds after which order/realtime forgets a
---closed order). Raises on what it does not know.
---@param wanted table|false
function Exchange:faults(wanted) end

---The exchange's clock.
---@return integer ms
function Exchange:now() end

---Sets a symbol's last price and, unless given apart, its mark and index price. Strangers trade there, orders match, and
---what is triggered fires. The walk of that symbol's market ends; with `walk = true` it goes on from the price. Done when
---it returns, as are all of these.
---@param symbol string
---@param price string|number|userdata a multiple of the tick, between the contract's lowest and highest price
---@param with? { mark: any, index: any, walk: boolean? }
function Exchange:set_price(symbol, price, with) end

---Walks n ticks of the synthetic market. The clock stands still meanwhile.
---@param n? integer 1 when left out; up to 25920000
function Exchange:step(n) end

---Moves time and the market together, on an exchange with a manual clock: at each tenth of a second the market walks a
---tick, as it does on an exchange with a real clock. A price that was set stays, unless it was set with `walk = true`.
---@param seconds number up to 30 days
function Exchange:walk(seconds) end

---@class bybit.paper
local paper = {}

---Runs an exchange in the foreground, until Ctrl-C. Raises when the port cannot be had.
---@param options? bybit.paper.Options
function paper.serve(options) end

---Starts an exchange inside this process. Nil and a message when the port cannot be had.
---@param options? bybit.paper.Options
---@return bybit.paper.Exchange?
---@return string? message
function paper.start(options) end

---Ends calls that hold it, see bybit.cancel_token.
---@class bybit.Token
local Token = {}

---Cancels the token and its children: every call that holds one ends with an error of kind `cancelled`, every wait on one ends.
function Token:cancel() end

---Was it cancelled?
---@return boolean
function Token:cancelled() end

---Sleeps; returns early when the token is cancelled. Returns whether it was cancelled.
---@param seconds? number without it there is no limit
---@return boolean cancelled
function Token:wait(seconds) end

---@class bybit.Task
---@field done boolean
---@field failed boolean
---@field traceback? string only if it failed
local Task = {}

---Waits for the task. Returns what its function returned, or raises what it raised.
---@return any ... what the function returned
function Task:await() end

---Cancels the task: the wait that it is in, and every later one, raises an error of kind `cancelled`, except in functions that
---it deferred. Its children are cancelled when its function has ended. A task that has ended stays as it is.
function Task:cancel() end

---@class bybit.sign
local sign = {}

---HMAC-SHA256 of a text, as the exchange wants it.
---@param key string
---@param text string
---@return string hex
function sign.hmac_sha256(key, text) end

---RSA-SHA256 (PKCS #1 v1.5) of a text. Raises when the key is none.
---@param pem string a private key as PEM text
---@param text string
---@return string base64
function sign.rsa_sha256(pem, text) end

---@class bybit.json
local json = {}

---Marks a table (a new one when left out) as an array, so that it is encoded as one even when it is empty.
---@param t? table
---@return table
function json.array(t) end

---Decodes JSON (RFC 8259, to the letter). Integers that fit stay integers, every other number becomes a decimal, none a
---float; null is `bybit.null`; a key that comes twice is an error.
---@param text string
---@param options? { depth: integer } how deep it may be nested, 128 when left out
---@return any value nil when the text is not JSON
---@return string? message with the byte
---@return integer? offset counted from 1
function json.decode(text, options) end

---Encodes a value. Raises, with the path, what has no exact form (a float that is not what it looks like, a function, a
---table with keys of two kinds). Keys go out sorted.
---@param value any
---@param options? { decimals: "number"|"string", depth: integer } how decimals are written: "number" when left out
---@return string
function json.encode(value, options) end

---An exact decimal: up to 34 digits, immutable. Operators take decimals, integers, numeric strings and floats that are
---what they look like; +, -, *, /, //, %, ^ (integer exponents), unary -, ==, <, <=, .. are there. `==` between a decimal
---and a plain number is false without asking anyone: use `x:eq(30000)`. Equal decimals are different table keys: use
---`x:key()`. `("%.2f"):format(x)` raises: `x:round(2)` always has two places.
---@class bybit.Decimal
---@operator add(bybit.exact): bybit.Decimal
---@operator sub(bybit.exact): bybit.Decimal
---@operator mul(bybit.exact): bybit.Decimal
---@operator div(bybit.exact): bybit.Decimal
---@operator idiv(bybit.exact): bybit.Decimal
---@operator mod(bybit.exact): bybit.Decimal
---@operator pow(integer): bybit.Decimal
---@operator concat(any): string
---@operator unm: bybit.Decimal
local Decimal = {}

---Its distance from zero.
---@return bybit.Decimal
function Decimal:abs() end

---Is it less than, equal to, or more than the other?
---@param other bybit.exact
---@return -1|0|1
function Decimal:compare(other) end

---Is it equal? What `==` cannot do with plain numbers.
---@param other bybit.exact
---@return boolean
function Decimal:eq(other) end

---Is it zero, whatever its digits after the point?
---@return boolean
function Decimal:is_zero() end

---One text for all equal decimals (1.0 and 1.00 give "1"): for table keys.
---@return string
function Decimal:key() end

---The greatest of it and the others.
---@param ... bybit.exact
---@return bybit.Decimal
function Decimal:max(...) end

---The least of it and the others.
---@param ... bybit.exact
---@return bybit.Decimal
function Decimal:min(...) end

---Rounds to so many digits after the point, and always shows that many.
---@param places integer negative ones round before the point
---@param mode? bybit.rounding "half_even" when left out
---@return bybit.Decimal
function Decimal:round(places, mode) end

---Below, at or above zero?
---@return -1|0|1
function Decimal:sign() end

---The multiple of a step next to it: for tick and lot sizes.
---@param step bybit.exact above zero
---@param mode? bybit.rounding "down" when left out
---@return bybit.Decimal
function Decimal:to_step(step, mode) end

---The integer that it is; nil when it is not whole or does not fit.
---@return integer?
function Decimal:tointeger() end

---The float next to it: for plotting and statistics, not for money.
---@return number
function Decimal:tonumber() end

---Plain digits, never an exponent, with the trailing zeros that it has.
---@return string
function Decimal:tostring() end

---@class bybit.Client
---@field exchange? bybit.paper.Exchange The paper exchange that the client owns.
local Client = {}

---Places an active order. The exchange only acknowledges it: read the order back to see what became of it.
---@param params bybit.place_order.params
---@return bybit.order_id|bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:place_order(params) end

---Parks an order until a price is reached; it then becomes an active order with the same id.
---@param params bybit.place_conditional_order.params
---@return bybit.order_id|bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:place_conditional_order(params) end

---Changes an order that has not ended.
---@param params bybit.modify_order.params
---@return bybit.order_id|bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:modify_order(params) end

---Changes a conditional order that was not triggered yet.
---@param params bybit.modify_conditional_order.params
---@return bybit.order_id|bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:modify_conditional_order(params) end

---Cancels an order. An acknowledgement does not mean that it is cancelled: a fill may come first. On this wire it cancels conditional orders as well.
---@param params bybit.cancel_order.params
---@return bybit.order_id|bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_order(params) end

---Cancels a conditional order, or a take profit, stop loss or trailing order of a position.
---@param params bybit.cancel_conditional_order.params
---@return bybit.order_id|bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_conditional_order(params) end

---Cancels every active order of the symbol, at most 500 in one call: repeat it until the list is empty. With id_prefix the orders are listed and cancelled one by one.
---@param params bybit.cancel_all_orders.params
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_all_orders(params) end

---Cancels every conditional order of the symbol. The take profits, stop losses and trailing stops that protect a position are among them; stop_order_type = "Stop" spares those. With id_prefix the orders are listed and cancelled one by one.
---@param params bybit.cancel_all_conditional_orders.params
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_all_conditional_orders(params) end

---Sets, changes or removes take profit, stop loss and trailing stop of the open position. What is left out stays as it is; 0 removes it. In Partial mode the call only adds: never repeat it blindly.
---@param params bybit.set_trading_stop.params
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:set_trading_stop(params) end

---A page of the symbol's orders, open ones first, then closed ones, newest first. History lags a little, and orders cancelled without a fill leave it after a day.
---@param params bybit.get_orders.params
---@return bybit.order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_orders(params) end

---A page of the symbol's conditional orders, untriggered ones first, then those of the past, newest first.
---@param params bybit.get_conditional_orders.params
---@return bybit.conditional_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_conditional_orders(params) end

---One order by its id, also if it has just closed. An older order is not_found here: get_orders with its id looks in history too.
---@param params bybit.get_open_order_real_time.params
---@return bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_open_order_real_time(params) end

---All open orders of the symbol. They are read with a request for every 50, so they are not one snapshot.
---@param params bybit.get_open_orders_real_time.params
---@return bybit.order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_open_orders_real_time(params) end

---One conditional order by its id, also if it was just triggered or cancelled.
---@param params bybit.get_open_conditional_order_real_time.params
---@return bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_open_conditional_order_real_time(params) end

---All untriggered conditional orders of the symbol. Those that protect a position are among them.
---@param params bybit.get_open_conditional_orders_real_time.params
---@return bybit.conditional_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_open_conditional_orders_real_time(params) end

---A page of executions, newest first: trades, and also funding, liquidations and others. Page n costs n requests; with cursors and client:each each page costs one.
---@param params bybit.get_user_trades.params
---@return bybit.trade_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_user_trades(params) end

---What is left of the rate limits: group -> {limit, left, full_in}. `limit` is in requests a second, as the exchange announced
---it, or else as documented or set; `full_in` is in how many seconds all of it is there again. The group `ip` is the address of
---this computer, in requests in 5 seconds (V5 documentation, rate limits); its `banned_for` says for how many seconds the
---exchange shuts it out, and is nil if it does not. The result is nil with `rate = false`.
---@return table<string, {limit: integer, left: integer, full_in: number}>?
function Client:budget() end

---Closes the client, its connections, and the paper exchange that it owns. Calls that are under way end with kind `closed`.
function Client:close() end

---All elements of all pages as a list. If `max` ended the walk, `list.cursor` is the cursor that its last page was asked with.
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string}
---@return table? list
---@return bybit.Error? err with `err.cursor`
---@overload fun(self: bybit.Client, method: "get_orders", params: bybit.get_orders.params, options?: { max: integer? }): bybit.order_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_conditional_orders", params: bybit.get_conditional_orders.params, options?: { max: integer? }): bybit.conditional_order_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_user_trades", params: bybit.get_user_trades.params, options?: { max: integer? }): bybit.trade_list?, bybit.Error?
function Client:collect(method, params, options) end

---Closes an intent by hand, in the journal too, because its outcome does not matter any more. It then holds nothing back.
---@param intent table an entry of client:unsettled() or of a report's `unclear` or `unsettled`, or the error of the call
---@return true
function Client:dismiss(intent) end

---Walks the elements of all pages: `for order, page in client:each("get_orders", {symbol = "BTCUSD"}) do`. Each element
---comes once, even if orders arrive or end meanwhile. client:pages explains the rest.
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string} max: the most elements
---@return function step
---@return table state
---@return nil
---@return table closing
---@overload fun(self: bybit.Client, method: "get_orders", params: bybit.get_orders.params): fun(): bybit.order, bybit.order_list
---@overload fun(self: bybit.Client, method: "get_conditional_orders", params: bybit.get_conditional_orders.params): fun(): bybit.conditional_order, bybit.conditional_order_list
---@overload fun(self: bybit.Client, method: "get_user_trades", params: bybit.get_user_trades.params): fun(): bybit.trade, bybit.trade_list
function Client:each(method, params, options) end

---Refuses new risk: from here on, calls that add risk return an error of kind `guard` and are not sent, until client:resume().
---Those that wait for their turn end in the same way. Cancels, orders that may only reduce the position, changes that only make
---an order smaller, stops that bound a loss, and calls that read go on. What was sent already is not called back: cancel it.
---@param reason string why, for messages
function Client:halt(reason) end

---The exchange's clock in milliseconds, as its answers told it; before the first answer it is the local clock. Makes no
---request.
---@return integer ms
function Client:now() end

---Walks the pages of a method that gives a list: `for page in client:pages("get_orders", {symbol = "BTCUSD"}) do`.
---A later page leaves out what was on an earlier page of the walk. If a page fails, the loop raises its error; a later walk
---can go on from `err.cursor`. `page.cursor` is the cursor that the page was asked with (nil for the first page), and
---`page.next_cursor` leads to the next page. Each of these cursors can be kept, and given as `params.cursor` of a later walk.
---If a list cannot be read to its end (its cursor leads back, or over ten empty pages), the loop raises an error of the kind
---`decode`.
---@param method string a method, or the path of any endpoint that has pages with cursors, such as "/v5/position/closed-pnl"
---@param params? table the parameters of the method; for a path the parameters of the wire
---@param options? {prefetch?: boolean, list?: string, next?: string} prefetch: in a task, fetch the next page while the caller handles this one. For a path also: the keys of its list ("list" on V5) and of its next cursor ("nextPageCursor" on V5), and timeout, connect_timeout, deadline, receive_window and cancel of each request
---@return function step
---@return table state
---@return nil
---@return table closing
---@overload fun(self: bybit.Client, method: "get_orders", params: bybit.get_orders.params): fun(): bybit.order_list
---@overload fun(self: bybit.Client, method: "get_conditional_orders", params: bybit.get_conditional_orders.params): fun(): bybit.conditional_order_list
---@overload fun(self: bybit.Client, method: "get_user_trades", params: bybit.get_user_trades.params): fun(): bybit.trade_list
function Client:pages(method, params, options) end

---Settles all open intents together, and reports the state of the account. Nil and an error when the exchange cannot be asked.
---@param options? {symbol: string?, deadline: number?, cancel: userdata?} only this symbol; seconds for the whole call (30 and the longest receive window); a cancel token
---@return {settled: table[], live: table[], trades: table[], unclear: table[], unsettled: table[]}? report settled: {method, client_order_id, symbol, time, params, outcome = "placed"|"rejected"|"done" (a change that is no placement), order, proof}; live: every own open order (on v2 only for the symbols that the journal knows); trades: own trades since the first open intent; unclear: intents that cannot act any more and that the records do not tell of, with the order or position as it stands; unsettled: intents that are still open, for every symbol
---@return bybit.Error? err
function Client:reconcile(options) end

---Makes a signed request to any endpoint. The result has the names of the wire, strings are texts, and null is `bybit.null`.
---The category is filled in if it is not given.
---@param verb "GET"|"POST"
---@param path string such as "/v5/account/wallet-balance"
---@param params? table parameters by their names on the wire; decimals are sent as strings
---@param options? table timeout, receive_window and the other options of every call
---@return table? result
---@return bybit.Error? err
---@return bybit.Response? response
function Client:request(verb, path, params, options) end

---Finds out what became of a call that ended with `outcome = "unknown"`. It places nothing, and may be called again: once
---settled, it returns the same.
---@param err bybit.Error
---@param options? {deadline: number?, cancel: userdata?} seconds (30 and the receive window); a cancel token
---@return table? result what the original call would have returned
---@return bybit.Error? err its outcome is `rejected` if that is proved, else `unknown` again; with `final` if no copy of the call can act any more and the records do not tell
---@return table? response
function Client:resolve(err, options) end

---Takes client:halt back. Does nothing if the client is not halted.
function Client:resume() end

---How the calls of this client went. `calls` were made, `requests` were sent for them, and `retries` of these were not the
---first of their call. `unknowns` is how many calls ended with the outcome unknown. `p50` and `p99`: half, and 99 of 100, of the
---last 1024 answered calls took at most so many seconds (nil before the first). The exchange's clock is `clock_offset` ms ahead
---of the local one, and that may be wrong by `clock_doubt` ms (nil before the first answer). `budget` is client:budget(). `halted`
---says why the client refuses new risk (client:halt); nil: it does not.
---@return table
function Client:stats() end

---The intents whose outcome is open, of this run and, with a journal, of earlier runs; oldest first. An intent has
---`final = true` if no copy of it can act any more and the records do not tell what happened; client:dismiss takes it off the
---list. Calls of `client:request` are not listed, since nothing is known of what they do.
---@return {method: string, client_order_id: string?, symbol: string?, time: integer, earlier: boolean, final: boolean?}[]
function Client:unsettled() end

---Opens connections ahead, so that the first calls need not wait for them: makes n requests for the exchange's time at once,
---each over a connection of its own. Open connections are used. The answers also set the client's clock. A connection without
---requests stays open for half a minute.
---@param n? integer how many connections; when left out, as many as the client may have
---@return boolean? true
---@return bybit.Error? err the error of the first request that failed
function Client:warm(n) end

---A view of a client: the same methods, with default parameters where a method has them.
---@param defaults table parameters of any method (symbol, time_in_force, timeout, cancel, confirm ...), and `raise`: with it a call returns exactly one value, and raises its error
---@return bybit.View view
function Client:with(defaults) end

---A client with default parameters filled in, see `client:with`. With `raise = true` a call returns its result alone,
---and raises its error.
---@class bybit.View : bybit.Client
local View = {}

---Places an active order. The exchange only acknowledges it: read the order back to see what became of it.
---@param params? bybit.place_order.some
---@return bybit.order_id|bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:place_order(params) end

---Parks an order until a price is reached; it then becomes an active order with the same id.
---@param params? bybit.place_conditional_order.some
---@return bybit.order_id|bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:place_conditional_order(params) end

---Changes an order that has not ended.
---@param params? bybit.modify_order.some
---@return bybit.order_id|bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:modify_order(params) end

---Changes a conditional order that was not triggered yet.
---@param params? bybit.modify_conditional_order.some
---@return bybit.order_id|bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:modify_conditional_order(params) end

---Cancels an order. An acknowledgement does not mean that it is cancelled: a fill may come first. On this wire it cancels conditional orders as well.
---@param params? bybit.cancel_order.some
---@return bybit.order_id|bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_order(params) end

---Cancels a conditional order, or a take profit, stop loss or trailing order of a position.
---@param params? bybit.cancel_conditional_order.some
---@return bybit.order_id|bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_conditional_order(params) end

---Cancels every active order of the symbol, at most 500 in one call: repeat it until the list is empty. With id_prefix the orders are listed and cancelled one by one.
---@param params? bybit.cancel_all_orders.some
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_all_orders(params) end

---Cancels every conditional order of the symbol. The take profits, stop losses and trailing stops that protect a position are among them; stop_order_type = "Stop" spares those. With id_prefix the orders are listed and cancelled one by one.
---@param params? bybit.cancel_all_conditional_orders.some
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_all_conditional_orders(params) end

---Sets, changes or removes take profit, stop loss and trailing stop of the open position. What is left out stays as it is; 0 removes it. In Partial mode the call only adds: never repeat it blindly.
---@param params? bybit.set_trading_stop.some
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:set_trading_stop(params) end

---A page of the symbol's orders, open ones first, then closed ones, newest first. History lags a little, and orders cancelled without a fill leave it after a day.
---@param params? bybit.get_orders.some
---@return bybit.order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_orders(params) end

---A page of the symbol's conditional orders, untriggered ones first, then those of the past, newest first.
---@param params? bybit.get_conditional_orders.some
---@return bybit.conditional_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_conditional_orders(params) end

---One order by its id, also if it has just closed. An older order is not_found here: get_orders with its id looks in history too.
---@param params? bybit.get_open_order_real_time.some
---@return bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_open_order_real_time(params) end

---All open orders of the symbol. They are read with a request for every 50, so they are not one snapshot.
---@param params? bybit.get_open_orders_real_time.some
---@return bybit.order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_open_orders_real_time(params) end

---One conditional order by its id, also if it was just triggered or cancelled.
---@param params? bybit.get_open_conditional_order_real_time.some
---@return bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_open_conditional_order_real_time(params) end

---All untriggered conditional orders of the symbol. Those that protect a position are among them.
---@param params? bybit.get_open_conditional_orders_real_time.some
---@return bybit.conditional_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_open_conditional_orders_real_time(params) end

---A page of executions, newest first: trades, and also funding, liquidations and others. Page n costs n requests; with cursors and client:each each page costs one.
---@param params? bybit.get_user_trades.some
---@return bybit.trade_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_user_trades(params) end

---All elements of all pages as a list. If `max` ended the walk, `list.cursor` is the cursor that its last page was asked with.
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string}
---@return table? list
---@return bybit.Error? err with `err.cursor`
---@overload fun(self: bybit.View, method: "get_orders", params?: bybit.get_orders.some, options?: { max: integer? }): bybit.order_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_conditional_orders", params?: bybit.get_conditional_orders.some, options?: { max: integer? }): bybit.conditional_order_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_user_trades", params?: bybit.get_user_trades.some, options?: { max: integer? }): bybit.trade_list?, bybit.Error?
function View:collect(method, params, options) end

---Walks the elements of all pages: `for order, page in client:each("get_orders", {symbol = "BTCUSD"}) do`. Each element
---comes once, even if orders arrive or end meanwhile. client:pages explains the rest.
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string} max: the most elements
---@return function step
---@return table state
---@return nil
---@return table closing
---@overload fun(self: bybit.View, method: "get_orders", params?: bybit.get_orders.some): fun(): bybit.order, bybit.order_list
---@overload fun(self: bybit.View, method: "get_conditional_orders", params?: bybit.get_conditional_orders.some): fun(): bybit.conditional_order, bybit.conditional_order_list
---@overload fun(self: bybit.View, method: "get_user_trades", params?: bybit.get_user_trades.some): fun(): bybit.trade, bybit.trade_list
function View:each(method, params, options) end

---Walks the pages of a method that gives a list: `for page in client:pages("get_orders", {symbol = "BTCUSD"}) do`.
---A later page leaves out what was on an earlier page of the walk. If a page fails, the loop raises its error; a later walk
---can go on from `err.cursor`. `page.cursor` is the cursor that the page was asked with (nil for the first page), and
---`page.next_cursor` leads to the next page. Each of these cursors can be kept, and given as `params.cursor` of a later walk.
---If a list cannot be read to its end (its cursor leads back, or over ten empty pages), the loop raises an error of the kind
---`decode`.
---@param method string a method, or the path of any endpoint that has pages with cursors, such as "/v5/position/closed-pnl"
---@param params? table the parameters of the method; for a path the parameters of the wire
---@param options? {prefetch?: boolean, list?: string, next?: string} prefetch: in a task, fetch the next page while the caller handles this one. For a path also: the keys of its list ("list" on V5) and of its next cursor ("nextPageCursor" on V5), and timeout, connect_timeout, deadline, receive_window and cancel of each request
---@return function step
---@return table state
---@return nil
---@return table closing
---@overload fun(self: bybit.View, method: "get_orders", params?: bybit.get_orders.some): fun(): bybit.order_list
---@overload fun(self: bybit.View, method: "get_conditional_orders", params?: bybit.get_conditional_orders.some): fun(): bybit.conditional_order_list
---@overload fun(self: bybit.View, method: "get_user_trades", params?: bybit.get_user_trades.some): fun(): bybit.trade_list
function View:pages(method, params, options) end

---@class bybit
---@field version string Semantic version of the module.
---@field null userdata JSON's null.
---@field json bybit.json
---@field sign bybit.sign
---@field paper bybit.paper
---@field enums table<string, table<string, string>> Words of the wire; a name it has not raises.
---@field codes table<string, string> Names of the exchange's codes; a name it has not raises.
local bybit = {}

---Waits for all of the tasks, whether they fail or not, and returns them.
---@param list bybit.Task[]
---@return bybit.Task[]
function bybit.all(list) end

---Says whether calls outside of tasks may block. true, the default, allows it; with false such a call raises.
---@param allowed boolean
function bybit.blocking(allowed) end

---Makes a cancel token. When it is cancelled, every call that holds it ends with an error of kind `cancelled`. A token with a
---parent is cancelled with its parent.
---@param parent? bybit.Token
---@return bybit.Token
function bybit.cancel_token(parent) end

---Makes a client. The option `environment` must be given. A wrong option raises, and the message says what would be right.
---Close the client (`local client <close> = ...` does that), or leave it to the garbage collector.
---@param options bybit.ClientOptions
---@return bybit.Client client
function bybit.client(options) end

---An exact decimal from an integer, a decimal string (`-?%d+(%.%d+)?`), a decimal, or a float whose shortest text has at
---most 15 digits (0.1 is what it says; 0.1 + 0.2 raises, since it is not what its author means). With `places` any
---finite float is rounded, half to even. Raises for anything else.
---@param x bybit.exact
---@param places? integer digits after the point, 0 to 400
---@return bybit.Decimal
function bybit.decimal(x, places) end

---`local off <close> = bybit.defer(f, ...)` runs f on return, error, break and cancellation. f may make calls: even in a
---cancelled task they work normally for 5 seconds. `off()` takes it back.
---@param f function
---@param ... any its arguments
---@return function off
function bybit.defer(f, ...) end

---The descriptor to poll for reading; it never changes. Call bybit.step() when it is readable, or when bybit.next_timeout() is
---over.
---@return integer
function bybit.fd() end

---ISO 8601 text of a moment, UTC, with milliseconds: `2026-01-31T12:00:00.000Z`.
---@param ms integer
---@return string
function bybit.iso(ms) end

---Makes a client, runs f(client, stop) as a task, and closes the client. The first SIGINT (Ctrl-C) or SIGTERM cancels the token
---`stop`, and f has all the time it needs to clean up. The second ends the process at once. Signal handlers are set only while
---this runs.
---Returns what f returns. If a signal stopped it, the program ends with status 128 + the signal's number, as shells do. If f
---raises, the error and its traceback go to stderr, and the program ends with status 1.
---@param options bybit.ClientOptions
---@param f fun(client: bybit.Client, stop: bybit.Token): any
---@return any ... what f returned
function bybit.main(options, f) end

---Seconds after which bybit.step() must be called at the latest; nil: only when the descriptor is readable.
---@return number?
function bybit.next_timeout() end

---Sets the function f(task, err, traceback) that is called when a task fails that has no parent and that nobody awaits, and for
---a failure that a parent cannot raise because it raises another. Without it such failures are written to stderr.
---@param f? function nil: they are written to stderr again
function bybit.on_error(f) end

---Waits for the first of the tasks to end, cancels the others, and waits for their cleanup. Returns what the first returned,
---or raises what it raised.
---@param list bybit.Task[]
---@return any ... what the first task returned
function bybit.race(list) end

---Runs f as a task, and runs the loop until the task and its children are done. Returns what f returns, raises what it raises.
---@param f function
---@param ... any its arguments
---@return any ... what f returned
function bybit.run(f, ...) end

---Waits for that time while other tasks run. Outside of tasks it blocks, but transfers go on.
---@param seconds number
function bybit.sleep(seconds) end

---Starts a task. Inside a task it is a child of that task. Elsewhere it has no parent, and bybit.step or bybit.run runs it.
---@param f function
---@param ... any its arguments
---@return bybit.Task
function bybit.spawn(f, ...) end

---Does what is ready. Waits at most `wait` seconds for something to do; stops resuming tasks after `budget` seconds. Returns
---how many tasks live.
---@param wait? number seconds; 0 by default
---@param budget? number seconds
---@return integer
function bybit.step(wait, budget) end

---Milliseconds of an ISO 8601 text; raises when the text is not a moment.
---@param text string
---@return integer ms
function bybit.time(text) end

---Runs f for at most that time. Returns what f returns; or, once f has cleaned up, nil and an error of kind `timeout`.
---@param seconds number
---@param f function
---@param ... any its arguments
---@return any ... what f returned
function bybit.within(seconds, f, ...) end

---Makes a generator like coroutine.wrap. Inside a task, its function may make calls and wait.
---@param f function
---@return function generator
function bybit.wrap(f) end

---@class bybit.Error
---@field kind string exchange, auth, rate_limit, http, network, timeout, tls, decode, too_large, cancelled, closed, guard, not_found
---@field method string the method that was called
---@field message string the exchange's text, or what went wrong
---@field code? integer the exchange's code
---@field name? string the code's meaning, see bybit.codes
---@field http_status? integer the answer's
---@field outcome? "not_sent"|"rejected"|"unknown" only for a call that changes something
---@field proof? string "fence" or "read": what proves the outcome `rejected`
---@field retryable boolean making the same call again is safe and may succeed
---@field client_order_id? string the order's
---@field attempts integer how often a request was sent
---@field retry_after? number seconds after which a call may succeed again
---@field elapsed number seconds the call took
---@field where? string the caller's file and line
---@field unchanged? boolean refused only because everything is already as asked
---@field final? boolean with the outcome `unknown`: no copy of the call can act any more, and the records do not tell
---@field order? table with `final`: the order as it stands
---@field position? table with `final`: the position as it stands
---@field verb? string of client:request: "GET" or "POST"
---@field path? string of client:request
---@field body? string content type and first words of an answer that could not be read, or is not from the exchange
---@field cursor? string of a list: where a later walk can go on; if the list cannot be read to its end, where it leads nowhere
---@field too_long? boolean of a list: it has more pages than the client reads
---@field cancelled? table when orders are cancelled one by one: those that were cancelled before this error

---@class bybit.GuardRails
---@field max_order? bybit.exact|table<string, bybit.exact> the most that one order may be for: one quantity for all symbols, or a table from symbols to quantities. An order of a symbol that the table does not name is refused.
---@field max_position? bybit.exact|table<string, bybit.exact> how far the position of a symbol may go to either side, if all open orders and all unsettled calls are filled; given like max_order
---@field orders_per_minute? integer how many orders may be placed in any 60 seconds
---@field band? bybit.exact how far the price of a limit order may be from the mark price, as a fraction: "0.05" is 5 percent. The price of a conditional order is compared with its trigger price.
---@field symbols? string[] the symbols that may be traded
---@field max_drawdown? bybit.exact how far the equity of the symbol's settle coin may be below the highest that was read since the client was made, as a fraction
---@field position_age? number seconds that what was read (position and open orders, prices, equity) may be old; 10 when left out

---@class bybit.LogEvent
---@field time integer the exchange's clock, ms
---@field level "debug"|"info"|"warn"|"error" debug: a request that is part of a call, or will be made again; warn: a call failed; error: its outcome is unknown
---@field method string
---@field verb? string of client:request
---@field path? string of client:request
---@field symbol? string
---@field client_order_id? string
---@field attempt integer how many requests the call has sent so far
---@field status? integer the HTTP status
---@field duration? number seconds
---@field outcome "ok"|"not_sent"|"rejected"|"unknown"|nil nil: a call that only reads has failed
---@field error? string one line

---Facts about the request behind a result; prints as `200, 12 ms`. `headers` is made from `header_lines` when it is first
---read, or by `pairs`; `next` and `rawget` do not see it before.
---@class bybit.Response
---@field status integer? HTTP status; nil when there was no answer
---@field headers table<string, string> of the answer, names in small letters
---@field header_lines string? the same as they came, in one text; nil when there were none
---@field duration number seconds the call took
---@field attempts integer how often a request was sent
---@field requests integer how many requests the call made
---@field time integer? the exchange's clock when it answered, ms
---@field undecoded string[]? fields that did not decode as declared and were kept as text
---@field flaw string? what the exchange says of a success that is not a whole one: an order placed without its stop loss
---@field unchanged boolean? everything was already as asked
---@field unjournalled string? why a call that takes risk away went out though its intent could not be written
---@field unconfirmed bybit.Error? why the read-back of a placed order (`confirm`) failed
---@field raw string? the answer's text, with `raw = true`

---A rule that makes something go wrong. Where several rules strike a request, the first of them counts.
---@class bybit.paper.Fault
---@field [1] string the kind: "lost_request", "lost_answer", "reset", "cut", "delay", "reorder", "http", "code" or "restart"; faults.lua says what each does
---@field probability number? how likely it strikes, 0 to 1; without it and `nth` it strikes every request
---@field nth integer|integer[]? which of the requests that the rule is about it strikes, counted from 1
---@field times integer? how often it strikes at most
---@field path string? the path that it is about, such as "order/create"; "order/" means every path that begins so
---@field verb "GET"|"POST"|nil the verb that it is about
---@field executed boolean? the request is carried out all the same; for reset, http and code
---@field seconds number? how long, for delay; the longest wait for another answer, for reorder (1); how long the exchange is away, for restart (0). Of a manual clock only in restart, otherwise real seconds
---@field at integer? how many bytes of the body get through, for cut; drawn when left out
---@field reset boolean? ends with a TCP reset, for cut
---@field status integer? the HTTP status, 400 to 599, for http
---@field code integer? the retCode, for code: 429, 10000, 10006, 10016 ...
---@field message string? the text beside the code, for code

---@class bybit.paper.Key
---@field key string what clients give as `key`
---@field secret string? the secret of an HMAC key
---@field public_key string? the public key of an RSA key, as PEM text
---@field read_only boolean? it may read, not trade
---@field deposit table<string, string>? coins of this account, in place of the exchange's deposit

---@class bybit.paper.Options
---@field port integer? the port to listen on, up to 65535; 0, the default: any free one
---@field seed integer? draws the market and everything else that is drawn; the same seed gives the same run
---@field keys bybit.paper.Key[]? the accounts; one is made when none is given
---@field clock "real"|"manual"|nil "manual": time moves only when the program moves it; "real" is the default
---@field start_time integer? where a manual clock begins, in ms: a moment of the years 2000 to 2099
---@field deposit table<string, string>? what each account begins with, per coin
---@field lag integer? ms after which an acknowledged order shows in queries, up to 3600000: 5, with a manual clock 0
---@field limits table<string, integer|false>|false|nil requests a second, in place of the exchange's: {["order/create"] = 20}, and `ip`: requests in 5 seconds; false: no limits
---@field instruments table? the contracts, in place of the exchange's own
---@field faults bybit.paper.Fault[]? what goes wrong from the start, see exchange:faults
---@field keep integer? how many closed orders, and executions, an account keeps at most: 1 to 10000000 (100000)
---@field active_orders integer? how many active orders an account may have on a symbol: 1 to 10000000 (500, as on the exchange)
---@field auth_status_401 boolean? answer with HTTP status 401 when authentication headers are missing

return bybit
