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
---@alias bybit.paged_method "get_orders"|"get_user_trades"|"get_conditional_orders"

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

---Which way an order trades; of a position: Buy is long, Sell is short.
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

---What an execution is: a trade, a funding payment, a liquidation (BustTrade) ...
---@alias bybit.trade_type "Trade"|"AdlTrade"|"Funding"|"BustTrade"|"Delivery"|"Settle"|"BlockTrade"|"MovePosition"|"FutureSpread"|"CorporateAction"

---From which side the price must come to reach the trigger price.
---@alias bybit.trigger_direction "Rising"|"Falling"

---Which price sets off a trigger. The exchange's default is LastPrice.
---@alias bybit.trigger_type "LastPrice"|"IndexPrice"|"MarkPrice"

---An order that the exchange has been asked to cancel together with others.
---@class bybit.cancelled_order
---@field order_id string The exchange's id.
---@field client_order_id string Your own id.
---@field user_id? integer Of v2 only: the account.
---@field symbol? string Of v2 only.
---@field side? bybit.side Of v2 only.
---@field type? bybit.order_type Of v2 only.
---@field price? bybit.Decimal Of v2 only.
---@field quantity? bybit.Decimal Of v2 only: in contracts of 1 USD.
---@field time_in_force? bybit.time_in_force Of v2 only.
---@field create_type? bybit.create_type Of v2 only: who made it.
---@field cancel_type? bybit.cancel_type Of v2 only: who or what cancelled it.
---@field status? bybit.order_status Of v2 only, and empty even there.
---@field leaves_quantity? bybit.Decimal Of v2 only: still open, in contracts.
---@field leaves_value? bybit.Decimal Of v2 only: still open, in coin.
---@field create_time? integer Of v2 only: when it was placed.
---@field update_time? integer Of v2 only: when it last changed.
---@field cross_status? string Of v2 only: PendingCancel, or Deactivated of a conditional.
---@field cross_sequence? integer Of v2 only: the matching engine's counter.
---@field stop_order_type? bybit.stop_order_type Of v2 only: what kind of order with a trigger it was.
---@field trigger_type? bybit.trigger_type Of v2 only: which price would have triggered it.
---@field base_price? bybit.Decimal Of v2 only: what the trigger price was compared with.
---@field expected_direction? bybit.trigger_direction Of v2 only: how the price would have had to move to trigger it.
---@field trail_value? bybit.Decimal Of v2 only: distance of a trailing stop.
---@field stop_order_id string The same as order_id.

---A list of cancelled_order records; prints as a table.
---@class bybit.cancelled_order_list
---@field [integer] bybit.cancelled_order
---@field next_cursor? string Of a paged list: what the next page is asked with; nil on the last.
---@field cursor? string Of a page that a walk gives: what it was asked with.

---An order that waits, or waited, for a trigger.
---@class bybit.conditional_order
---@field order_id string The exchange's id; it survives amending and triggering.
---@field client_order_id string Your own id.
---@field block_trade_id string Of a block trade.
---@field symbol string The contract.
---@field price? bybit.Decimal The order's price; of a market order the protective price that it was turned into.
---@field quantity bybit.Decimal Ordered, in contracts of 1 USD.
---@field side bybit.side Buy or Sell.
---@field is_leverage? string Spot only.
---@field position_mode integer Which leg: 0 one-way (always, for inverse), 1 Buy, 2 Sell.
---@field status bybit.order_status Where the order stands.
---@field cancel_type? bybit.cancel_type Who or what cancelled it.
---@field reject_reason bybit.reject_reason Why the matching engine refused or ended it; EC_NoError when nothing is wrong.
---@field avg_price? bybit.Decimal Average price of its fills; nil without any.
---@field leaves_quantity bybit.Decimal Still open, in contracts; 0 of an order that has ended.
---@field leaves_value bybit.Decimal Still open, in coin.
---@field filled_quantity bybit.Decimal Filled, in contracts.
---@field filled_value bybit.Decimal Filled, in coin.
---@field fee bybit.Decimal Fees so far, in coin; negative is a rebate.
---@field time_in_force bybit.time_in_force How long it lives.
---@field type? bybit.order_type Limit or Market; of an order with a trigger, what it becomes when triggered.
---@field stop_order_type? bybit.stop_order_type What kind of order with a trigger it is; nil: none.
---@field order_iv? bybit.Decimal Options only: implied volatility.
---@field trigger_price? bybit.Decimal Where it is triggered; of a trailing stop, where that begins to follow.
---@field take_profit_price? bybit.Decimal The take profit attached to it.
---@field stop_loss_price? bybit.Decimal The stop loss attached to it.
---@field take_profit_trigger_type? bybit.trigger_type Which price triggers its take profit.
---@field stop_loss_trigger_type? bybit.trigger_type Which price triggers its stop loss.
---@field trigger_direction? bybit.trigger_direction Rising or Falling: how the price must move to trigger it.
---@field trigger_type? bybit.trigger_type Which price triggers it.
---@field last_price_on_created? bybit.Decimal The last price when it was placed.
---@field reduce_only? boolean It may only shrink the position.
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
---@field parent_order_link_id string Of a take profit or stop loss: client_order_id of the order that it was attached to.
---@field market_unit? string Spot only.
---@field oco_trigger_by? string Spot only.
---@field base_price? bybit.Decimal What the trigger price was compared with; on V5 spot only, see trigger_direction.
---@field category? string Kind of contract; in streams only.
---@field closed_pnl? bybit.Decimal Profit of an order that closed a position; in streams only.
---@field fee_currency? string Deprecated by the exchange; in streams only.
---@field broker_order_price? bybit.Decimal EU brokers only; in streams only.
---@field user_id? integer Of v2 only: the account.
---@field ext_fields? table Of v2 only.
---@field remark? string Of v2 only: the caller's network address.
---@field base_quantity_filled bybit.Decimal The same as filled_value.
---@field quote_quantity_filled bybit.Decimal The same as filled_quantity.
---@field stop_order_id string The same as order_id.
---@field is_done fun(self: bybit.conditional_order): boolean Has it ended, whichever way? False also while its status is not known.
---@field is_open fun(self: bybit.conditional_order): boolean May it still fill or fire?

---A list of conditional_order records; prints as a table.
---@class bybit.conditional_order_list
---@field [integer] bybit.conditional_order
---@field next_cursor? string Of a paged list: what the next page is asked with; nil on the last.
---@field cursor? string Of a page that a walk gives: what it was asked with.

---An order as it stands.
---@class bybit.order
---@field order_id string The exchange's id; it survives amending and triggering.
---@field client_order_id string Your own id.
---@field block_trade_id string Of a block trade.
---@field symbol string The contract.
---@field price? bybit.Decimal The order's price; of a market order the protective price that it was turned into.
---@field quantity bybit.Decimal Ordered, in contracts of 1 USD.
---@field side bybit.side Buy or Sell.
---@field is_leverage? string Spot only.
---@field position_mode integer Which leg: 0 one-way (always, for inverse), 1 Buy, 2 Sell.
---@field status bybit.order_status Where the order stands.
---@field cancel_type? bybit.cancel_type Who or what cancelled it.
---@field reject_reason bybit.reject_reason Why the matching engine refused or ended it; EC_NoError when nothing is wrong.
---@field avg_price? bybit.Decimal Average price of its fills; nil without any.
---@field leaves_quantity bybit.Decimal Still open, in contracts; 0 of an order that has ended.
---@field leaves_value bybit.Decimal Still open, in coin.
---@field filled_quantity bybit.Decimal Filled, in contracts.
---@field filled_value bybit.Decimal Filled, in coin.
---@field fee bybit.Decimal Fees so far, in coin; negative is a rebate.
---@field time_in_force bybit.time_in_force How long it lives.
---@field type? bybit.order_type Limit or Market; of an order with a trigger, what it becomes when triggered.
---@field stop_order_type? bybit.stop_order_type What kind of order with a trigger it is; nil: none.
---@field order_iv? bybit.Decimal Options only: implied volatility.
---@field trigger_price? bybit.Decimal Where it is triggered; of a trailing stop, where that begins to follow.
---@field take_profit_price? bybit.Decimal The take profit attached to it.
---@field stop_loss_price? bybit.Decimal The stop loss attached to it.
---@field take_profit_trigger_type? bybit.trigger_type Which price triggers its take profit.
---@field stop_loss_trigger_type? bybit.trigger_type Which price triggers its stop loss.
---@field trigger_direction? bybit.trigger_direction Rising or Falling: how the price must move to trigger it.
---@field trigger_type? bybit.trigger_type Which price triggers it.
---@field last_price_on_created? bybit.Decimal The last price when it was placed.
---@field reduce_only? boolean It may only shrink the position.
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
---@field parent_order_link_id string Of a take profit or stop loss: client_order_id of the order that it was attached to.
---@field market_unit? string Spot only.
---@field oco_trigger_by? string Spot only.
---@field base_price? bybit.Decimal What the trigger price was compared with; on V5 spot only, see trigger_direction.
---@field category? string Kind of contract; in streams only.
---@field closed_pnl? bybit.Decimal Profit of an order that closed a position; in streams only.
---@field fee_currency? string Deprecated by the exchange; in streams only.
---@field broker_order_price? bybit.Decimal EU brokers only; in streams only.
---@field user_id? integer Of v2 only: the account.
---@field ext_fields? table Of v2 only.
---@field last_trade_time? integer Of v2 only: when it was last filled.
---@field last_trade_price? bybit.Decimal Of v2 only: the price of its last fill; V5 has avg_price.
---@field base_quantity_filled bybit.Decimal The same as filled_value.
---@field quote_quantity_filled bybit.Decimal The same as filled_quantity.
---@field is_done fun(self: bybit.order): boolean Has it ended, whichever way? False also while its status is not known.
---@field is_open fun(self: bybit.order): boolean May it still fill or fire?

---A list of order records; prints as a table.
---@class bybit.order_list
---@field [integer] bybit.order
---@field next_cursor? string Of a paged list: what the next page is asked with; nil on the last.
---@field cursor? string Of a page that a walk gives: what it was asked with.

---The exchange has taken note of an order; it says nothing of what becomes of it.
---@class bybit.order_id
---@field order_id string The exchange's id.
---@field client_order_id string Your own id.
---@field stop_order_id string The same as order_id.

---A list of order_id records; prints as a table.
---@class bybit.order_id_list
---@field [integer] bybit.order_id
---@field next_cursor? string Of a paged list: what the next page is asked with; nil on the last.
---@field cursor? string Of a page that a walk gives: what it was asked with.

---A position, held or flat.
---@class bybit.position
---@field position_mode integer Which leg: 0 one-way (always, for inverse), 1 Buy, 2 Sell.
---@field risk_id integer The tier of risk limits; 0 under portfolio margin.
---@field risk_limit_value bybit.Decimal In coin; no meaning since tiers apply by themselves.
---@field symbol string The contract.
---@field side? bybit.side Buy is long, Sell is short, nil is flat.
---@field quantity bybit.Decimal In contracts of 1 USD, never negative; see signed_quantity.
---@field entry_price? bybit.Decimal Average price of entry; nil of a flat position.
---@field position_value bybit.Decimal In coin.
---@field trade_mode integer Deprecated by the exchange, always 0: the margin mode is the account's.
---@field position_status bybit.position_status Normal, or why not.
---@field auto_add_margin boolean Is margin added by itself? (Isolated margin.)
---@field deleverage_indicator integer Rank in the queue of auto-deleveraging: 1 to 5, the next to be taken; 0 of a flat position.
---@field leverage bybit.Decimal Nil under portfolio margin.
---@field break_even_price? bybit.Decimal Where closing would neither win nor lose.
---@field position_balance bybit.Decimal Deprecated by the exchange: see position_margin.
---@field mark_price? bybit.Decimal The mark price now.
---@field liquidation_price? bybit.Decimal Nil where there is none in reach, and under portfolio margin; an estimate under cross margin.
---@field bankruptcy_price? bybit.Decimal Deprecated by the exchange.
---@field position_mm bybit.Decimal Maintenance margin, in coin.
---@field position_mm_by_mp bybit.Decimal The same value.
---@field position_margin bybit.Decimal Initial margin, in coin, with the fee to close.
---@field position_im_by_mp bybit.Decimal The same value.
---@field tpsl_mode? bybit.tpsl_mode Deprecated by the exchange: Full.
---@field take_profit_price? bybit.Decimal Of the whole position.
---@field stop_loss_price? bybit.Decimal Of the whole position.
---@field trailing_stop_price? bybit.Decimal A distance, in spite of its name: see trailing_stop_distance.
---@field unrealized_pnl bybit.Decimal In coin, by the mark price.
---@field realized_pnl bybit.Decimal In coin: of the position now held, with fees and funding (on v2: of today).
---@field total_realized_pnl bybit.Decimal In coin, of all time.
---@field cross_sequence integer The matching engine's counter; -1 where the symbol was never traded.
---@field is_reduce_only? boolean May it only shrink, since a cut of risk limits?
---@field mmr_sys_updated_time? integer When a change of risk limits moves its maintenance margin rate.
---@field leverage_sys_updated_time? integer When a change of risk limits moves its leverage.
---@field session_avg_price? bybit.Decimal USDC contracts only.
---@field create_time? integer When there first was a position on this symbol, not when this one began: see open_time.
---@field update_time? integer When it last changed.
---@field open_time? integer When this position began.
---@field delta? bybit.Decimal Options only.
---@field gamma? bybit.Decimal Options only.
---@field vega? bybit.Decimal Options only.
---@field theta? bybit.Decimal Options only.
---@field category? string Kind of contract; in streams only.
---@field position_id? integer Of v2 only.
---@field user_id? integer Of v2 only: the account.
---@field is_isolated? boolean Of v2 only; on V5 the margin mode is the account's.
---@field effective_leverage? bybit.Decimal Of v2 only.
---@field closing_fee? bybit.Decimal Of v2 only: held to pay the fees of closing.
---@field funding_fee? bybit.Decimal Of v2 only: held to pay funding.
---@field order_margin? bybit.Decimal Of v2 only: held for open orders.
---@field wallet_balance? bybit.Decimal Of v2 only; on V5 the wallet is the account's.
---@field accumulated_fee? bybit.Decimal Of v2 only.
---@field position_sequence? integer Of v2 only.
---@field is_valid? boolean Of v2 only.
---@field trailing_stop_trigger_price? bybit.Decimal Of v2 only: where the trailing stop begins to follow; on V5 trigger_price of that order.
---@field take_profit_trigger_type? bybit.trigger_type Of v2 only; on V5 trigger_type of that order.
---@field stop_loss_trigger_type? bybit.trigger_type Of v2 only; on V5 trigger_type of that order.
---@field oc_calc_data? string Of v2 only: a JSON text.
---@field trailing_stop_distance? bybit.Decimal The same as trailing_stop_price.
---@field signed_quantity? bybit.Decimal The quantity: below zero when short.
---@field is_flat fun(self: bybit.position): boolean Is nothing held?

---A list of position records; prints as a table.
---@class bybit.position_list
---@field [integer] bybit.position
---@field next_cursor? string Of a paged list: what the next page is asked with; nil on the last.
---@field cursor? string Of a page that a walk gives: what it was asked with.

---An execution: a fill, or a funding payment, liquidation or delivery (see trade_type).
---@class bybit.trade
---@field symbol string The contract.
---@field order_type? bybit.order_type Of the order; nil where there was none (funding).
---@field underlying_price? bybit.Decimal Options only.
---@field client_order_id string Your own id of the order.
---@field side bybit.side Buy or Sell.
---@field index_price? bybit.Decimal Options only.
---@field order_id string The exchange's id of the order.
---@field stop_order_type? bybit.stop_order_type What kind of order with a trigger it was; nil: none.
---@field leaves_quantity bybit.Decimal What the order had still open after it.
---@field timestamp? integer When it happened.
---@field fee_currency string The coin of the fee.
---@field liquidity bybit.liquidity Maker or Taker; nil where there was no book: of funding, settlement and the like.
---@field fee bybit.Decimal In coin; negative was received: a rebate, or funding.
---@field fee_rate bybit.Decimal The rate of the fee, or of the funding.
---@field trade_id string Unique.
---@field trade_iv? bybit.Decimal Options only.
---@field block_trade_id string Of a block trade.
---@field mark_price bybit.Decimal The mark price at that moment.
---@field price bybit.Decimal The price that it happened at.
---@field mark_iv? bybit.Decimal Options only.
---@field order_quantity bybit.Decimal Quantity of the order, in contracts.
---@field order_price? bybit.Decimal Of the order; nil where there was none.
---@field value bybit.Decimal In coin.
---@field trade_type? bybit.trade_type Trade, Funding ...: count only 'Trade' when summing fills.
---@field quantity bybit.Decimal In contracts of 1 USD.
---@field closed_quantity bybit.Decimal The part that shrank a position.
---@field extra_fees table Taxes and the like, where the account's site has them.
---@field cross_sequence? integer The matching engine's counter: unique only with the symbol, equal for the fills of one match.
---@field create_type bybit.create_type Who made the order.
---@field exec_fee_v2? bybit.Decimal Spread trading only.
---@field category? string Kind of contract; in streams only.
---@field is_leverage? string Spot only; in streams only.
---@field market_unit? string Spot only; in streams only.
---@field exec_pnl? bybit.Decimal Profit of a fill that closed a position, in coin; in streams only.
---@field fill_number? integer Of v2 only: its place within one match.
---@field user_id? integer Of v2 only: the account.

---A list of trade records; prints as a table.
---@class bybit.trade_list
---@field [integer] bybit.trade
---@field next_cursor? string Of a paged list: what the next page is asked with; nil on the last.
---@field cursor? string Of a page that a walk gives: what it was asked with.

---Options of bybit.client.
---@class (exact) bybit.ClientOptions
---@field environment bybit.environment|bybit.paper.Exchange|{ url: string } Where to trade: "paper" (an exchange that the client starts and owns), "testnet", "demo", "mainnet" or a regional name; an exchange of bybit.paper.start, whose keys are used when none are given; {url = ...}; or "env": what BYBIT_ENVIRONMENT says, where real money wants BYBIT_MAINNET=yes as well.
---@field key? string The API key; goes with `secret` or `private_key`. Without keys only public endpoints can be reached.
---@field secret? string The secret of an HMAC key.
---@field private_key? string The private key of an RSA key, as PEM text.
---@field credentials? "env"|{ file: string } In place of `key`: "env" reads BYBIT_API_KEY and BYBIT_API_SECRET; {file = path} a JSON file with key, secret and environment, refused when others can read it or its environment is another.
---@field category? "inverse" The kind of contracts. Default: "inverse".
---@field api? "v5"|"v2" The wire. The exchange has retired v2: it works on the paper exchange and on {url = ...} only. Default: "v5".
---@field receive_window? integer How long after its timestamp the exchange may still accept a request. Unit: milliseconds. Default: 5000.
---@field timeout? number For one attempt. Unit: seconds. Default: 10.
---@field connect_timeout? number For making a connection, inside `timeout`. Unit: seconds. Default: 5.
---@field deadline? number For a whole call: its turn, attempts, recovery. Unit: seconds. Default: 30.
---@field connections? integer How many may be open. Default: 16.
---@field in_flight? integer How many requests may be on their way; the rest wait in line, unsigned. Over HTTP/1.1 no more than `connections`. Default: 32.
---@field rate? "wait"|"fail"|false|table<string, number> What happens to a call that is ahead of the rate limits: "wait" for its turn, "fail" with kind `rate_limit` and `retry_after`, false: no limits here; or a table of limits in place of the exchange's own, in requests a second by rate group: {["order/create"] = 20}, and `ip`: requests in 5 seconds. Default: "wait".
---@field max_body? integer The largest answer that is read; a larger one is an error, kind `too_large`. Unit: bytes. Default: 16 MiB.
---@field http? "1.1"|"2" The version of HTTP. Default: "1.1".
---@field gzip? boolean Ask for compressed answers. Default: false.
---@field confirm? boolean Read the full order or position back after each call that changes something, and return that. Default: false.
---@field id_prefix? string How the client order ids that the client makes begin.
---@field required? table<string, string[]> Parameters that become required for this client: {place_order = {"stop_loss_price"}}, so that a misspelt variable (nil) cannot place a naked order.
---@field journal? string|{ path: string, sync: boolean? } A file of intents, written before each order is sent, so that a crash leaves nothing unknown: see client:reconcile. {path =, sync = true} survives a power cut too. One process per journal.
---@field visibility? number How long the exchange may take to show an order: between the two looks that prove that there is none. Unit: seconds. Default: 5.
---@field log? userdata|fun(event: bybit.LogEvent) io.stderr, or another open file: one line per call; or a function that hears an event of each call (time, level, method, symbol, client_order_id, attempt, status, duration, outcome, error), and with level `debug` of each request that is only part of one. What it raises is dropped.
---@field proxy? string A proxy, as curl writes it: `http://host:port`. Never used for loopback.
---@field ca_file? string A file of certificates to trust (PEM) in place of the system's.
---@field referer? string A broker id.
---@field seed? integer For tests: ids and jitter drawn from it, so that a run can be repeated.
---@field transport? table For tests: what sends requests in place of HTTP.

---What every method takes besides its own parameters.
---@class (exact) bybit.CallOptions
---@field receive_window? integer How long after its timestamp the exchange may still accept the request. Unit: ms.
---@field timeout? number For one attempt. Unit: s.
---@field connect_timeout? number For the connection, inside `timeout`. Unit: s.
---@field deadline? number For the whole call: its turn, attempts, recovery. Unit: s.
---@field cancel? bybit.Token A token of bybit.cancel_token: cancelled, the call ends with kind `cancelled`.
---@field raw? boolean Keep the answer's text in `response.raw`.
---@field extra? table Fields of the wire that are not declared yet, sent as they are.
---@field resend? boolean Of a call that places an order: false forbids to send it again under its own id while its outcome is unknown.
---@field confirm? boolean Of a call that changes something: read the full order or position back and return that.

---Parameters of place_order.
---@class (exact) bybit.place_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field side bybit.side Buy or Sell.
---@field type bybit.order_type Limit, or Market: what it trades at once inside a protective price.
---@field quantity bybit.exact How much: a multiple of the contract's step. Unit: contracts of 1 USD.
---@field price? bybit.exact Of a Limit order; a multiple of the contract's tick. Market orders ignore it. Unit: USD.
---@field time_in_force? bybit.time_in_force Left out: GTC for Limit, IOC for Market, which is all that Market can be.
---@field position_mode? integer Which leg: 0 one-way (the one that works for inverse contracts), 1 Buy, 2 Sell. Default: 0.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field reduce_only? boolean May only shrink the position.
---@field close_on_trigger? boolean May only reduce the position; where balance is short, other orders make room for it.
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
---@field slippage_tolerance_type? bybit.slippage_tolerance_type Of a Market order: in ticks or in percent.
---@field slippage_tolerance? bybit.exact How far from the best price a Market order may go. Unit: ticks (1 to 10000) or percent (0.01 to 10).
---@field bbo_side_type? bybit.bbo_side_type Of a Limit order: takes its price from its own side of the book (Queue) or the other (Counterparty).
---@field bbo_level? bybit.bbo_level The level of the book for that: 1 to 5.
---@field rpi_taker_access? boolean May match RPI quotes.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.place_order.some : bybit.place_order.params

---Parameters of place_conditional_order.
---@class (exact) bybit.place_conditional_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field side bybit.side Buy or Sell.
---@field type bybit.order_type Limit, or Market: what it trades at once inside a protective price.
---@field quantity bybit.exact How much: a multiple of the contract's step. Unit: contracts of 1 USD.
---@field price? bybit.exact Of a Limit order; a multiple of the contract's tick. Market orders ignore it. Unit: USD.
---@field trigger_price bybit.exact The price that has to be reached. Unit: USD.
---@field base_price? bybit.exact Where the price comes from, normally the current price: below the trigger price it has to rise, above it to fall. Not sent on this wire; a stale one gives the wrong direction. Unit: USD.
---@field trigger_direction? bybit.trigger_direction In place of base_price: from which side the price comes.
---@field trigger_type? bybit.trigger_type Which price triggers; the exchange's default is LastPrice.
---@field time_in_force? bybit.time_in_force Left out: GTC for Limit, IOC for Market, which is all that Market can be.
---@field position_mode? integer Which leg: 0 one-way (the one that works for inverse contracts), 1 Buy, 2 Sell. Default: 0.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field reduce_only? boolean May only shrink the position.
---@field close_on_trigger? boolean May only reduce the position; where balance is short, other orders make room for it.
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
---@field bbo_side_type? bybit.bbo_side_type Of a Limit order: takes its price from its own side of the book (Queue) or the other (Counterparty).
---@field bbo_level? bybit.bbo_level The level of the book for that: 1 to 5.
---@field rpi_taker_access? boolean May match RPI quotes.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.place_conditional_order.some : bybit.place_conditional_order.params

---Parameters of modify_order.
---@class (exact) bybit.modify_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string The exchange's id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field new_price? bybit.exact Left out: as it was. Unit: USD.
---@field new_quantity? bybit.exact The new total, more than what is filled. Left out: as it was. Unit: contracts of 1 USD.
---@field take_profit_price? bybit.exact 0 removes it; left out: as it was. Unit: USD.
---@field stop_loss_price? bybit.exact 0 removes it; left out: as it was. Unit: USD.
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
---@field new_price? bybit.exact Left out: as it was. Unit: USD.
---@field new_quantity? bybit.exact The new total, more than what is filled. Left out: as it was. Unit: contracts of 1 USD.
---@field new_trigger_price? bybit.exact Moves the price of a take profit or stop loss order too. Unit: USD.
---@field trigger_type? bybit.trigger_type Which price triggers; the exchange's default is LastPrice.
---@field take_profit_price? bybit.exact 0 removes it; left out: as it was. Unit: USD.
---@field stop_loss_price? bybit.exact 0 removes it; left out: as it was. Unit: USD.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: USD.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: USD.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.modify_conditional_order.some : bybit.modify_conditional_order.params

---Parameters of set_trading_stop.
---@class (exact) bybit.set_trading_stop.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field take_profit_price? bybit.exact 0 removes it; left out: as it was. Unit: USD.
---@field stop_loss_price? bybit.exact 0 removes it; left out: as it was. Unit: USD.
---@field trailing_stop_price? bybit.exact A distance, in spite of its name; 0 removes it. Unit: USD.
---@field trailing_stop_distance? bybit.exact The same as trailing_stop_price.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field trailing_stop_trigger_price? bybit.exact The trailing stop starts when this price is reached; left out: at once. Unit: USD.
---@field tpsl_mode? bybit.tpsl_mode Left out: Partial when a quantity is given, else Full.
---@field take_profit_quantity? bybit.exact Partial mode: for how much; equal to stop_loss_quantity where both are given. Unit: contracts of 1 USD.
---@field stop_loss_quantity? bybit.exact Partial mode: for how much. Unit: contracts of 1 USD.
---@field tp_order_type? bybit.order_type What the take profit becomes: Market (the default), or Limit in Partial mode.
---@field sl_order_type? bybit.order_type What the stop loss becomes: Market (the default), or Limit in Partial mode.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: USD.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: USD.
---@field position_mode? integer Which leg: 0 one-way (the one that works for inverse contracts), 1 Buy, 2 Sell. Default: 0.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.set_trading_stop.some : bybit.set_trading_stop.params

---Parameters of cancel_order.
---@class (exact) bybit.cancel_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string The exchange's id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_order.some : bybit.cancel_order.params

---Parameters of cancel_all_orders.
---@class (exact) bybit.cancel_all_orders.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_all_orders.some : bybit.cancel_all_orders.params

---Parameters of cancel_conditional_order.
---@class (exact) bybit.cancel_conditional_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_id? string The exchange's id.
---@field order_id? string The same as stop_order_id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_conditional_order.some : bybit.cancel_conditional_order.params

---Parameters of cancel_all_conditional_orders.
---@class (exact) bybit.cancel_all_conditional_orders.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_type? bybit.stop_order_filter Stop: conditional orders only.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_all_conditional_orders.some : bybit.cancel_all_conditional_orders.params

---Parameters of get_orders.
---@class (exact) bybit.get_orders.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string Only this order, open or closed.
---@field client_order_id? string Only the order with this id of your own.
---@field status? bybit.order_status Only orders of this status. With one of open orders a page may be short of its limit.
---@field direction? bybit.search_direction next; prev exists on the v2 wire only.
---@field limit? integer Page size; 20 when left out. Unit: records.
---@field cursor? string `next_cursor` of the page before, as it is.
---@field start_time? integer|string From this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Up to this moment. Unit: ms, or ISO text.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_orders.some : bybit.get_orders.params

---Parameters of get_user_trades.
---@class (exact) bybit.get_user_trades.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string Only executions of this order; the exchange then looks at nothing else that is given.
---@field client_order_id? string The same by your own id of the order.
---@field trade_type? bybit.trade_type Only executions of this kind.
---@field start_time? integer|string From this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Up to this moment. Unit: ms, or ISO text.
---@field page? integer Counted from 1.
---@field page_size? integer 50 when left out. Unit: records.
---@field cursor? string `next_cursor` of the page before, as it is.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_user_trades.some : bybit.get_user_trades.params

---Parameters of get_conditional_orders.
---@class (exact) bybit.get_conditional_orders.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_id? string Only this order, open or closed.
---@field order_id? string The same as stop_order_id.
---@field client_order_id? string Only the order with this id of your own.
---@field status? bybit.order_status Only orders of this status.
---@field direction? bybit.search_direction next; prev exists on the v2 wire only.
---@field limit? integer Page size; 20 when left out. Unit: records.
---@field cursor? string `next_cursor` of the page before, as it is.
---@field start_time? integer|string From this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Up to this moment. Unit: ms, or ISO text.
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

---@class bybit.paper.Exchange
---@field url string
---@field port integer
---@field key string of the first key
---@field secret string?
---@field keys bybit.paper.Key[]
local Exchange = {}

---Moves time alone, on an exchange with a manual clock.
---@param seconds number
function Exchange:advance(seconds) end

---The exchange's own books of an account: all orders (oldest first, each with `open`), executions (oldest first),
---positions by symbol and coins by name, as plain data with the names of the client's records and amounts as texts.
---@param key? string the account's; the first one's by default
---@return { orders: table[], executions: table[], positions: table<string, table>, coins: table<string, table> }
function Exchange:books(key) end

---Ends it and its thread. May be called again.
function Exchange:close() end

---What went wrong inside the exchange: mistakes of its own that it answered with 10016.
---@return string[]
function Exchange:errors() end

---How often each fault has struck since the start, by kind: `lost_answer`, `http_503`, `code_10016_executed` ...
---@return table<string, integer>
function Exchange:fault_counts() end

---Makes things go wrong, from the next request on: `{ { "lost_answer", probability = 0.1, path = "order/create" },
---{ "code", code = 10016, executed = true, nth = 3 }, seed = 1, lag = 50 }`. Replaces what was set before; false or {}
---switches all of it off. Besides rules: `seed` (the exchange's), `lag` (ms before what was acknowledged shows in
---queries), `skew` (ms by which the exchange's clock is ahead), `forget` (seconds after which order/realtime forgets a
---closed order). Raises on what it does not know.
---@param wanted table|false
function Exchange:faults(wanted) end

---Makes the time of this Lua state that of the exchange, when its clock is manual: a client calls it. Waiting then
---moves the exchange on. Raises when another exchange has the time already.
function Exchange:lead() end

---The exchange's clock.
---@return integer ms
function Exchange:now() end

---Sets a symbol's last price and, unless given apart, its mark and index price; matches, fires what is
---triggered, and ends the walk of that symbol's market. Done when it returns, as are all of these.
---@param symbol string
---@param price string|number|userdata
---@param others? { mark: any, index: any }
function Exchange:set_price(symbol, price, others) end

---Walks n ticks of the synthetic market.
---@param n? integer
function Exchange:step(n) end

---@class bybit.paper
local paper = {}

---Runs an exchange in the foreground, until Ctrl-C.
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

---Every call that holds the token, or one below it, ends with `cancelled`; every wait on it ends.
function Token:cancel() end

---Was it cancelled?
---@return boolean
function Token:cancelled() end

---A sleep that ends early when the token is cancelled. Returns whether it was.
---@param seconds? number for ever when left out
---@return boolean cancelled
function Token:wait(seconds) end

---@class bybit.Task
---@field done boolean
---@field failed boolean
---@field traceback? string of a failed task
local Task = {}

---Waits for the task; returns what its function returned, or raises what it raised.
---@return any ... what the function returned
function Task:await() end

---Raises an error, kind `cancelled`, at the wait the task is in and at every later one, except in what it deferred.
---Its children are cancelled when its function has ended. A task that has ended stays as it is.
function Task:cancel() end

---The scheduler tells: its coroutine is dead.
---@param ok boolean
---@param err any
function Task:ended(ok, err) end

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

---Places an active order. The exchange acknowledges it; what becomes of it is read back.
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

---Changes an order that is not done.
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

---Sets, changes or removes take profit, stop loss and trailing stop of the open position: left out leaves as it is, 0 removes. In Partial mode it only adds: never repeat such a call blindly.
---@param params bybit.set_trading_stop.params
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:set_trading_stop(params) end

---Cancels an order. Acknowledged is not cancelled: a fill may come first. On this wire it cancels a conditional order as well.
---@param params bybit.cancel_order.params
---@return bybit.order_id|bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_order(params) end

---Cancels every active order of the symbol, at most 500 a call: repeat it until the list is empty. With id_prefix they are listed and cancelled one by one.
---@param params bybit.cancel_all_orders.params
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_all_orders(params) end

---Cancels a conditional order, or a take profit, stop loss or trailing order of a position.
---@param params bybit.cancel_conditional_order.params
---@return bybit.order_id|bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_conditional_order(params) end

---Cancels every conditional order of the symbol, the take profits, stop losses and trailing stops that protect a position among them; stop_order_type = "Stop" spares those. With id_prefix they are listed and cancelled one by one.
---@param params bybit.cancel_all_conditional_orders.params
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_all_conditional_orders(params) end

---A page of the symbol's orders, open ones first, then closed ones, newest first. History lags a little, and orders cancelled without a fill leave it after a day.
---@param params bybit.get_orders.params
---@return bybit.order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_orders(params) end

---A page of executions, newest first: funding, liquidation and others besides trades. Page n costs n requests; cursors and client:each cost none more.
---@param params bybit.get_user_trades.params
---@return bybit.trade_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_user_trades(params) end

---A page of the symbol's conditional orders, untriggered ones first, then those of the past, newest first.
---@param params bybit.get_conditional_orders.params
---@return bybit.conditional_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_conditional_orders(params) end

---One order by its id, also one that has just closed; an older one is not_found here: get_orders by id looks in history too.
---@param params bybit.get_open_order_real_time.params
---@return bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_open_order_real_time(params) end

---All open orders of the symbol, up to 500: up to ten requests, not one snapshot.
---@param params bybit.get_open_orders_real_time.params
---@return bybit.order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_open_orders_real_time(params) end

---One conditional order by its id, also one that was just triggered or cancelled.
---@param params bybit.get_open_conditional_order_real_time.params
---@return bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_open_conditional_order_real_time(params) end

---All untriggered conditional orders of the symbol, those that protect a position among them.
---@param params bybit.get_open_conditional_orders_real_time.params
---@return bybit.conditional_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_open_conditional_orders_real_time(params) end

---What is left of the rate limits: group -> {limit, left, full_in}, where limit is as announced by the exchange,
---documented or set, in requests a second, and full_in the seconds until all of it is there again. `ip` is the
---address of this computer: requests in 5 seconds (V5 documentation, rate limits); `banned_for` the seconds that it
---is shut out, nil if it is not. Nil with `rate = false`.
---@return table<string, {limit: integer, left: integer, full_in: number}>?
function Client:budget() end

---Closes the client: connections, and the paper exchange that it owns. What is in flight ends as `closed`.
function Client:close() end

---All elements of all pages as a list. Where `max` ended the walk, `list.cursor` is what its last page was asked with.
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string}
---@return table? list
---@return bybit.Error? err with `err.cursor`
---@overload fun(self: bybit.Client, method: "get_orders", params: bybit.get_orders.params, options?: { max: integer? }): bybit.order_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_user_trades", params: bybit.get_user_trades.params, options?: { max: integer? }): bybit.trade_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_conditional_orders", params: bybit.get_conditional_orders.params, options?: { max: integer? }): bybit.conditional_order_list?, bybit.Error?
function Client:collect(method, params, options) end

---Walks the elements of all pages: `for order, page in client:each("get_orders", {symbol = "BTCUSD"}) do`. No element
---comes twice, also when orders arrive or end in between. See pages for the rest.
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string} max: so many elements
---@return function step
---@return table state
---@return nil
---@return table closing
---@overload fun(self: bybit.Client, method: "get_orders", params: bybit.get_orders.params): fun(): bybit.order, bybit.order_list
---@overload fun(self: bybit.Client, method: "get_user_trades", params: bybit.get_user_trades.params): fun(): bybit.trade, bybit.trade_list
---@overload fun(self: bybit.Client, method: "get_conditional_orders", params: bybit.get_conditional_orders.params): fun(): bybit.conditional_order, bybit.conditional_order_list
function Client:each(method, params, options) end

---The exchange's clock in milliseconds, as its answers tell it (before the first of them: the local clock); makes no
---request.
---@return integer ms
function Client:now() end

---Walks the pages of a method that gives a list: `for page in client:pages("get_orders", {symbol = "BTCUSD"}) do`.
---What was on an earlier page of the walk is not on a later one. A failed page raises its error, with `err.cursor` to go
---on from; `page.cursor` is what the page was asked with (nil: the first), `page.next_cursor` leads to the next: either
---may be kept and given as `params.cursor` of a later walk.
---@param method string a declared method, or a path such as "/v5/position/closed-pnl" of any endpoint with V5's cursors
---@param params? table of the method; of a path its wire parameters
---@param options? {prefetch?: boolean, list?: string, next?: string} prefetch: in a task, fetch the next page while the caller handles this one; of a path, the keys of its list ("list") and next cursor ("nextPageCursor"), and timeout, connect_timeout, deadline, receive_window and cancel of each request
---@return function step
---@return table state
---@return nil
---@return table closing
---@overload fun(self: bybit.Client, method: "get_orders", params: bybit.get_orders.params): fun(): bybit.order_list
---@overload fun(self: bybit.Client, method: "get_user_trades", params: bybit.get_user_trades.params): fun(): bybit.trade_list
---@overload fun(self: bybit.Client, method: "get_conditional_orders", params: bybit.get_conditional_orders.params): fun(): bybit.conditional_order_list
function Client:pages(method, params, options) end

---Settles what is open and tells how things stand. Nil and an error when the exchange cannot be asked.
---@param options? {symbol: string?, deadline: number?, cancel: userdata?} only this symbol; seconds for each intent (30)
---@return {settled: table[], live: table[], trades: table[], unsettled: table[]}? report settled: {method, client_order_id, outcome = "placed"|"rejected"|"done" (of what is no placement), order}; live: own open orders; trades: own trades since the first open intent
---@return bybit.Error? err
function Client:reconcile(options) end

---Reaches any endpoint, signed: the envelope's result with wire names; strings as text, null as `bybit.null`; the
---category is filled in when absent.
---@param verb "GET"|"POST"
---@param path string such as "/v5/account/wallet-balance"
---@param params? table wire names and values; decimals go out as strings
---@param options? table timeout, receive_window ... as for every method
---@return table? result
---@return bybit.Error? err
---@return bybit.Response? response
function Client:request(verb, path, params, options) end

---Looks what became of a call that ended with `outcome = "unknown"`. It places nothing and may be repeated: once settled
---it gives the same again.
---@param err bybit.Error
---@param options? {deadline: number?, cancel: userdata?} seconds (30); a cancel token
---@return table? result what the original call would have given
---@return bybit.Error? err with an outcome of `rejected` where it is proved, else `unknown` again
---@return table? response
function Client:resolve(err, options) end

---How the calls of this client went: `calls`, the `requests` sent for them, `retries` among those, `unknowns` (calls
---that ended without knowing their outcome); `p50` and `p99`, the seconds that half and 99 of 100 of the last 1024
---answered calls took at most (nil before the first); `clock_offset`, how many ms the exchange's clock is ahead of the
---local one, and `clock_doubt`, how far that may be off (nil before the first answer); `budget`, as client:budget().
---@return table
function Client:stats() end

---The intents whose outcome is open: of this run and, with a journal, of earlier ones; oldest first. `client:request` is
---not among them: nothing is known of what it does.
---@return {method: string, client_order_id: string?, symbol: string?, time: integer, earlier: boolean}[]
function Client:unsettled() end

---Opens connections ahead, so that the first calls need not: n requests for the exchange's time, at once, each over a
---connection of its own; those that are open already are used. The client's clock is set by the way. An idle
---connection is kept for half a minute.
---@param n? integer how many; all that the client may have when left out
---@return boolean? true
---@return bybit.Error? err of the first that failed
function Client:warm(n) end

---A view of a client: the same methods, with default parameters where a method has them.
---@param defaults table parameters of any method (symbol, time_in_force, timeout, cancel, confirm ...), and `raise`: a call then returns exactly one value and raises its error
---@return bybit.View view
function Client:with(defaults) end

---A client with default parameters filled in, see `client:with`. With `raise = true` a call returns its result alone,
---and raises its error.
---@class bybit.View : bybit.Client
local View = {}

---Places an active order. The exchange acknowledges it; what becomes of it is read back.
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

---Changes an order that is not done.
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

---Sets, changes or removes take profit, stop loss and trailing stop of the open position: left out leaves as it is, 0 removes. In Partial mode it only adds: never repeat such a call blindly.
---@param params? bybit.set_trading_stop.some
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:set_trading_stop(params) end

---Cancels an order. Acknowledged is not cancelled: a fill may come first. On this wire it cancels a conditional order as well.
---@param params? bybit.cancel_order.some
---@return bybit.order_id|bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_order(params) end

---Cancels every active order of the symbol, at most 500 a call: repeat it until the list is empty. With id_prefix they are listed and cancelled one by one.
---@param params? bybit.cancel_all_orders.some
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_all_orders(params) end

---Cancels a conditional order, or a take profit, stop loss or trailing order of a position.
---@param params? bybit.cancel_conditional_order.some
---@return bybit.order_id|bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_conditional_order(params) end

---Cancels every conditional order of the symbol, the take profits, stop losses and trailing stops that protect a position among them; stop_order_type = "Stop" spares those. With id_prefix they are listed and cancelled one by one.
---@param params? bybit.cancel_all_conditional_orders.some
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_all_conditional_orders(params) end

---A page of the symbol's orders, open ones first, then closed ones, newest first. History lags a little, and orders cancelled without a fill leave it after a day.
---@param params? bybit.get_orders.some
---@return bybit.order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_orders(params) end

---A page of executions, newest first: funding, liquidation and others besides trades. Page n costs n requests; cursors and client:each cost none more.
---@param params? bybit.get_user_trades.some
---@return bybit.trade_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_user_trades(params) end

---A page of the symbol's conditional orders, untriggered ones first, then those of the past, newest first.
---@param params? bybit.get_conditional_orders.some
---@return bybit.conditional_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_conditional_orders(params) end

---One order by its id, also one that has just closed; an older one is not_found here: get_orders by id looks in history too.
---@param params? bybit.get_open_order_real_time.some
---@return bybit.order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_open_order_real_time(params) end

---All open orders of the symbol, up to 500: up to ten requests, not one snapshot.
---@param params? bybit.get_open_orders_real_time.some
---@return bybit.order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_open_orders_real_time(params) end

---One conditional order by its id, also one that was just triggered or cancelled.
---@param params? bybit.get_open_conditional_order_real_time.some
---@return bybit.conditional_order? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_open_conditional_order_real_time(params) end

---All untriggered conditional orders of the symbol, those that protect a position among them.
---@param params? bybit.get_open_conditional_orders_real_time.some
---@return bybit.conditional_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_open_conditional_orders_real_time(params) end

---All elements of all pages as a list. Where `max` ended the walk, `list.cursor` is what its last page was asked with.
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string}
---@return table? list
---@return bybit.Error? err with `err.cursor`
---@overload fun(self: bybit.View, method: "get_orders", params?: bybit.get_orders.some, options?: { max: integer? }): bybit.order_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_user_trades", params?: bybit.get_user_trades.some, options?: { max: integer? }): bybit.trade_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_conditional_orders", params?: bybit.get_conditional_orders.some, options?: { max: integer? }): bybit.conditional_order_list?, bybit.Error?
function View:collect(method, params, options) end

---Walks the elements of all pages: `for order, page in client:each("get_orders", {symbol = "BTCUSD"}) do`. No element
---comes twice, also when orders arrive or end in between. See pages for the rest.
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string} max: so many elements
---@return function step
---@return table state
---@return nil
---@return table closing
---@overload fun(self: bybit.View, method: "get_orders", params?: bybit.get_orders.some): fun(): bybit.order, bybit.order_list
---@overload fun(self: bybit.View, method: "get_user_trades", params?: bybit.get_user_trades.some): fun(): bybit.trade, bybit.trade_list
---@overload fun(self: bybit.View, method: "get_conditional_orders", params?: bybit.get_conditional_orders.some): fun(): bybit.conditional_order, bybit.conditional_order_list
function View:each(method, params, options) end

---Walks the pages of a method that gives a list: `for page in client:pages("get_orders", {symbol = "BTCUSD"}) do`.
---What was on an earlier page of the walk is not on a later one. A failed page raises its error, with `err.cursor` to go
---on from; `page.cursor` is what the page was asked with (nil: the first), `page.next_cursor` leads to the next: either
---may be kept and given as `params.cursor` of a later walk.
---@param method string a declared method, or a path such as "/v5/position/closed-pnl" of any endpoint with V5's cursors
---@param params? table of the method; of a path its wire parameters
---@param options? {prefetch?: boolean, list?: string, next?: string} prefetch: in a task, fetch the next page while the caller handles this one; of a path, the keys of its list ("list") and next cursor ("nextPageCursor"), and timeout, connect_timeout, deadline, receive_window and cancel of each request
---@return function step
---@return table state
---@return nil
---@return table closing
---@overload fun(self: bybit.View, method: "get_orders", params?: bybit.get_orders.some): fun(): bybit.order_list
---@overload fun(self: bybit.View, method: "get_user_trades", params?: bybit.get_user_trades.some): fun(): bybit.trade_list
---@overload fun(self: bybit.View, method: "get_conditional_orders", params?: bybit.get_conditional_orders.some): fun(): bybit.conditional_order_list
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

---Should calls that would have to block (outside of tasks) raise instead? true allows them, the default.
---@param allowed boolean
function bybit.blocking(allowed) end

---A cancel token: every call that holds it ends with `cancelled` once it is cancelled. One made with a parent is
---cancelled with it.
---@param parent? bybit.Token
---@return bybit.Token
function bybit.cancel_token(parent) end

---Makes a client; `environment` is the option that must be given. A wrong option raises, and says what would be right.
---Close it (`local client <close> = ...` does), or leave it to the garbage collector.
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

---`local off <close> = bybit.defer(f, ...)` runs f on return, error, break and cancellation; f may make calls, which
---work normally for 5 seconds even in a cancelled task. `off()` takes it back.
---@param f function
---@param ... any its arguments
---@return function off
function bybit.defer(f, ...) end

---One descriptor for life, to be polled for reading: when it is readable, or bybit.next_timeout() is over, call
---bybit.step().
---@return integer
function bybit.fd() end

---ISO 8601 text of a moment, UTC, with milliseconds: `2026-01-31T12:00:00.000Z`.
---@param ms integer
---@return string
function bybit.iso(ms) end

---Makes a client, runs f(client, stop) as a task, and closes the client. The first SIGINT (Ctrl-C) or SIGTERM cancels
---the token `stop`, and f winds down in its own time; the second ends the process at once. The handlers of the two
---are set in here only.
---Returns what f returns. When a signal has stopped it, the program ends with status 128 + the signal's number, as
---shells count it; when f raises, the error and its traceback go to stderr, and the program ends with status 1.
---The same f is what a simulation runs.
---@param options bybit.ClientOptions
---@param f fun(client: bybit.Client, stop: bybit.Token): any
---@return any ... what f returned
function bybit.main(options, f) end

---Seconds until bybit.step() should be called at the latest; nil: only when the descriptor is readable.
---@return number?
function bybit.next_timeout() end

---Hears of a failed task that nobody awaits and that has no parent, and of failures that a parent cannot raise
---because it raises another: f(task, err, traceback). Without it they are written to stderr.
---@param f? function nil: nobody hears
function bybit.on_error(f) end

---Waits for the first of the tasks to end, cancels the others and waits for their cleanup; returns what the winner
---returned, raises what it raised.
---@param list bybit.Task[]
---@return any ... what the winner returned
function bybit.race(list) end

---Runs f as a task, and the loop until it and its children are done; returns what f returns, raises what it raises.
---@param f function
---@param ... any its arguments
---@return any ... what f returned
function bybit.run(f, ...) end

---Lets others run for so long. Outside of tasks it blocks; transfers go on.
---@param seconds number
function bybit.sleep(seconds) end

---Starts a task: a child of the task that calls, or one of its own in a host that calls bybit.step.
---@param f function
---@param ... any its arguments
---@return bybit.Task
function bybit.spawn(f, ...) end

---Does what is ready, waiting at most `wait` seconds for the first of it; stops resuming tasks after `budget`
---seconds. Returns how many tasks live.
---@param wait? number seconds, 0
---@param budget? number seconds
---@return integer
function bybit.step(wait, budget) end

---Milliseconds of an ISO 8601 text; raises when it is none.
---@param text string
---@return integer ms
function bybit.time(text) end

---Runs f for at most so long. Returns what f returns, or nil and an error, kind `timeout`, once f has cleaned up.
---@param seconds number
---@param f function
---@param ... any its arguments
---@return any ... what f returned
function bybit.within(seconds, f, ...) end

---A generator, as coroutine.wrap makes one, whose function may make calls and wait when it is used in a task.
---@param f function
---@return function generator
function bybit.wrap(f) end

---@class bybit.Error
---@field kind string exchange, auth, rate_limit, http, network, timeout, tls, decode, too_large, cancelled, closed, guard, not_found
---@field method string
---@field message string
---@field code? integer the exchange's
---@field name? string the code's meaning, see bybit.codes
---@field http_status? integer
---@field outcome? "not_sent"|"rejected"|"unknown" of a call that changes something
---@field proof? string
---@field retryable boolean making the same call again is safe and may succeed
---@field client_order_id? string
---@field attempts integer
---@field retry_after? number seconds
---@field elapsed number seconds
---@field where? string the caller's file and line
---@field unchanged? boolean refused only because everything is already as asked
---@field cancelled? table of orders that were to be cancelled one by one: those that were, before this error

---@class bybit.LogEvent
---@field time integer the exchange's clock, ms
---@field level "debug"|"info"|"warn"|"error" debug: a request that is part of a call, or will be made again; warn: a call failed; error: its outcome is unknown
---@field method string
---@field symbol? string
---@field client_order_id? string
---@field attempt integer how many requests the call has sent so far
---@field status? integer of HTTP
---@field duration? number seconds
---@field outcome "ok"|"not_sent"|"rejected"|"unknown"|nil nil: a call that only reads has failed
---@field error? string one line

---Facts about the request behind a result; prints as `200, 12 ms`.
---@class bybit.Response
---@field status integer? HTTP status; nil when there was no answer
---@field headers table<string, string> of the answer, names in small letters
---@field duration number seconds the call took
---@field attempts integer how often a request was sent
---@field requests integer how many requests the call made
---@field time integer? the exchange's clock when it answered, ms
---@field undecoded string[]? fields that did not decode as declared and were kept as text
---@field flaw string? what the exchange says of a success that is not a whole one: an order placed without its stop loss
---@field unchanged boolean? everything was already as asked
---@field unconfirmed bybit.Error? why the read-back of a placed order (`confirm`) failed
---@field raw string? the answer's text, with `raw = true`

---One rule of what is to go wrong. Of the rules about a request, the first that strikes it counts.
---@class bybit.paper.Fault
---@field [1] string the kind. "lost_request": the connection ends before the exchange has seen the request. "lost_answer": after it has carried the request out. "reset": the same with a TCP reset, carried out when `executed`. "cut": the answer's body breaks off. "delay": the answer comes late. "reorder": another answer overtakes it. "http": an error page with `status` in place of the answer; "code": a retCode (429, 10000, 10006, 10016 ...); both leave the request undone unless `executed`. "restart": all connections are reset, order/realtime forgets closed orders, and for `seconds` every request is reset.
---@field probability number? 0 to 1; without it and `nth` every request is struck
---@field nth integer|integer[]? the how-many-th of the requests that the rule is about
---@field times integer? how often it strikes at most
---@field path string? "order/create"; "order/" for all that begin so
---@field verb "GET"|"POST"|nil
---@field executed boolean? of reset, http and code: the request is carried out all the same
---@field seconds number? of delay, reorder (1, the longest wait for another answer) and restart (0); by the real clock save in restart
---@field at integer? of cut: bytes of the body that get through; without it drawn
---@field reset boolean? of cut: with a TCP reset
---@field status integer?
---@field code integer?
---@field message string? of code

---@class bybit.paper.Key
---@field key string
---@field secret string? HMAC
---@field public_key string? RSA, PEM
---@field read_only boolean?
---@field deposit table<string, string>? instead of the exchange's

---@class bybit.paper.Options
---@field port integer? 0 (any free one)
---@field seed integer? of the market and of everything else that is drawn
---@field keys bybit.paper.Key[]? one is made when none is given
---@field clock "real"|"manual"|nil
---@field start_time integer? ms, of a manual clock
---@field deposit table<string, string>? per coin
---@field lag integer? ms between an acknowledgement and its being seen by queries
---@field limits table<string, integer|false>|false|nil
---@field instruments table? rows instead of the exchange's own
---@field faults bybit.paper.Fault[]? see Exchange:faults
---@field keep integer? how many closed orders, and executions, an account keeps at most (100000)
---@field auth_status_401 boolean? answer HTTP 401 when authentication headers are missing

return bybit
