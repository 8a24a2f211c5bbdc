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
---@alias bybit.paged_method "get_orders"|"get_conditional_orders"|"get_user_trades"|"get_positions"|"get_closed_profit_loss"|"get_klines"|"get_mark_price_klines"|"get_index_price_klines"|"get_premium_index_price_klines"|"get_instruments"|"get_funding_rate_history"|"get_open_interest"|"get_risk_limit"|"get_delivery_price"|"get_long_short_ratio"|"get_account_instruments"|"get_transaction_history"|"get_delivery_history"|"get_settlement_history"|"get_internal_transfers"

---The wallet for trading (UNIFIED), or the funding wallet.
---@alias bybit.account_type "UNIFIED"|"FUND"

---The phase of a contract that is traded before its listing.
---@alias bybit.auction_phase "NotStarted"|"CallAuction"|"CallAuctionNoCancel"|"CrossMatching"|"ContinuousTrading"|"Finished"

---From which level of the book a limit order takes its price.
---@alias bybit.bbo_level "1"|"2"|"3"|"4"|"5"

---From which side of the book a limit order takes its price: its own, or the opposite.
---@alias bybit.bbo_side_type "Queue"|"Counterparty"

---Who or what cancelled an order; the last seven are for options only.
---@alias bybit.cancel_type "CancelByUser"|"CancelByReduceOnly"|"CancelByPrepareLiq"|"CancelAllBeforeLiq"|"CancelByPrepareAdl"|"CancelAllBeforeAdl"|"CancelByAdmin"|"CancelBySettle"|"CancelByTpSlTsClear"|"CancelBySmp"|"CancelByDCP"|"CancelByRebalance"|"CancelByOCOTpCanceledBySlTriggered"|"CancelByOCOSlCanceledByTpTriggered"|"CancelByCannotAffordOrderCost"|"CancelByPmTrialMmOverEquity"|"CancelByAccountBlocking"|"CancelByDelivery"|"CancelByMmpTriggered"|"CancelByCrossSelfMuch"|"CancelByCrossReachMaxTradeNum"

---The kind of contracts: inverse ones are worth 1 USD each and settle in the coin that they are about; linear ones are about an amount of that coin, and settle in USDT or USDC.
---@alias bybit.category "inverse"|"linear"

---The kind of a contract: what it settles in, and whether it expires.
---@alias bybit.contract_type "InversePerpetual"|"InverseFutures"|"LinearPerpetual"|"LinearFutures"

---Who made an order: a user, a trigger, a liquidation, a robot.
---@alias bybit.create_type "CreateByUser"|"CreateByFutureSpread"|"CreateByAdminClosing"|"CreateBySettle"|"CreateByStopOrder"|"CreateByTakeProfit"|"CreateByPartialTakeProfit"|"CreateByStopLoss"|"CreateByPartialStopLoss"|"CreateByTrailingStop"|"CreateByTrailingProfit"|"CreateByLiq"|"CreateByTakeOver_PassThrough"|"CreateByAdl_PassThrough"|"CreateByBlock_PassThrough"|"CreateByBlockTradeMovePosition_PassThrough"|"CreateByChaseOrder"|"CreateByFGridBot"|"CloseByFGridBot"|"CreateByTWAP"|"CreateByMartingaleBot"|"CloseByMartingaleBot"|"CreateByIceBerg"|"CreateByBboOrder"|"CreateByClosing"|"CreateByTVSignal"|"CreateByMmRateClose"|"CreateByArbitrage"|"CreateByDdh"

---One position of a contract, or a long and a short one beside each other.
---@alias bybit.holding_mode "OneWay"|"Hedge"

---Whether a contract can be traded.
---@alias bybit.instrument_status "PreLaunch"|"Trading"|"Delivering"|"Closed"

---How long a candle is: in minutes, or a day, week or month. Days begin at 00:00 UTC, weeks on Monday.
---@alias bybit.kline_interval "1"|"3"|"5"|"15"|"30"|"60"|"120"|"240"|"360"|"720"|"D"|"W"|"M"

---Did the order rest in the book, or take from it?
---@alias bybit.liquidity "Maker"|"Taker"

---How an account's positions are margined: each by itself, or together (REGULAR_MARGIN is cross margin).
---@alias bybit.margin_mode "ISOLATED_MARGIN"|"REGULAR_MARGIN"|"PORTFOLIO_MARGIN"

---Active orders, or those that wait for a trigger: conditional, take profit, stop loss, trailing stop.
---@alias bybit.order_filter "Order"|"StopOrder"

---Where an order stands. Open: New, PartiallyFilled, Untriggered. Cancelled may hold fills; Triggered lasts an instant; Deactivated was cancelled before its trigger; PartiallyFilledCanceled is spot only.
---@alias bybit.order_status "New"|"PartiallyFilled"|"Untriggered"|"Rejected"|"PartiallyFilledCanceled"|"Filled"|"Cancelled"|"Triggered"|"Deactivated"|"Created"|"PendingCancel"|"Active"

---Market takes the best prices inside a protective bound; Limit trades at its price or better.
---@alias bybit.order_type "Market"|"Limit"

---The time between two values of open interest, or of the long-short ratio.
---@alias bybit.period "5min"|"15min"|"30min"|"1h"|"4h"|"1d"

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

---On or off.
---@alias bybit.switch "ON"|"OFF"

---Where an announced interruption stands.
---@alias bybit.system_state "scheduled"|"ongoing"|"completed"|"canceled"

---How long an order lives: until cancelled, or only for the part that trades at once (IOC), or all at once or not at all (FOK), or only as a maker (PostOnly). RPI is for market makers.
---@alias bybit.time_in_force "GTC"|"IOC"|"FOK"|"PostOnly"|"RPI"

---Take profit and stop loss for the whole position, or for parts of it. Partial only ever adds.
---@alias bybit.tpsl_mode "Full"|"Partial"

---The kind of an execution: a trade, a funding payment, a liquidation (BustTrade) and others.
---@alias bybit.trade_type "Trade"|"AdlTrade"|"Funding"|"BustTrade"|"Delivery"|"Settle"|"BlockTrade"|"MovePosition"|"FutureSpread"|"CorporateAction"

---What a line of the ledger is; a settlement is a funding. The exchange has about 90 more words, which records keep as they are.
---@alias bybit.transaction_type "TRADE"|"SETTLEMENT"|"DELIVERY"|"LIQUIDATION"|"ADL"|"TRANSFER_IN"|"TRANSFER_OUT"|"FEE_REFUND"|"BONUS"|"BONUS_RECOLLECT"|"BONUS_TRANSFER_IN"|"BONUS_TRANSFER_OUT"|"AIRDROP"|"INTEREST"|"AUTO_DEDUCTION"|"CURRENCY_BUY"|"CURRENCY_SELL"|"BORROW"|"REPAY"|"CONVERT"|"SPOT_REPAYMENT_BUY"|"SPOT_REPAYMENT_SELL"

---What became of a transfer.
---@alias bybit.transfer_status "SUCCESS"|"PENDING"|"FAILED"|"STATUS_UNKNOWN"

---From which side the price must come to reach the trigger price.
---@alias bybit.trigger_direction "Rising"|"Falling"

---Which price sets off a trigger. The exchange's default is LastPrice.
---@alias bybit.trigger_type "LastPrice"|"IndexPrice"|"MarkPrice"

---How near auto-deleveraging is.
---@class bybit.adl
---@field update_time integer When the answer was made.
---@field alerts bybit.adl_alert_list One for each contract.

---A list of adl records; prints as a table.
---@class bybit.adl_list
---@field [integer] bybit.adl
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---How near auto-deleveraging of a contract is. It starts where balance is above adl_trigger_threshold and pnl_ratio below insurance_pnl_ratio, or where balance is 0 or less.
---@class bybit.adl_alert
---@field coin string The coin of the pool.
---@field symbol string The contract.
---@field balance bybit.Decimal What is in the pool, in coin.
---@field max_balance bybit.Decimal Retired by the exchange.
---@field insurance_pnl_ratio bybit.Decimal The pnl_ratio that starts it.
---@field pnl_ratio bybit.Decimal How far the pool has fallen from its best of eight hours.
---@field adl_trigger_threshold bybit.Decimal The balance above which pnl_ratio counts.
---@field adl_stop_ratio bybit.Decimal The pnl_ratio that ends it.

---A list of adl_alert records; prints as a table.
---@class bybit.adl_alert_list
---@field [integer] bybit.adl_alert
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---An API key, and the account that it is of.
---@class bybit.api_key_info
---@field id string The key's number.
---@field note string The name that the user gave it.
---@field api_key string The key: struck out, as in every answer.
---@field read_only boolean True: every call that changes something is refused, whatever the permissions.
---@field secret string Always nil.
---@field permissions table By name, lists of words: ContractTrade has Order and Position where the key may trade contracts, Wallet has Withdraw where it may withdraw.
---@field ips table The addresses that it may be used from; * : any.
---@field type integer 1: personal. 2: of an application of somebody else.
---@field deadline_days integer After how many days it lapses; below 0: it does not, being bound to an address.
---@field expire_time? integer When it lapses; nil: it does not.
---@field create_time integer When it was made.
---@field unified integer Retired by the exchange: see uta.
---@field uta boolean Is it of a unified account?
---@field user_id integer The account.
---@field inviter_id integer Who invited it; 0: nobody.
---@field vip_level string No VIP, VIP-1 ... PRO-6.
---@field market_maker_level string The level as market maker; 0: none.
---@field affiliate_id integer The affiliate; 0: none.
---@field rsa_public_key string The public key of an RSA key; nil of others.
---@field is_master boolean Is it of a main account? False: of a sub-account.
---@field parent_uid string The main account of a sub-account; 0: it is one.
---@field kyc_level string How far the user is identified.
---@field kyc_region string The user's country.
---@field user_id_text? string To be ignored: 0 in the documentation.
---@field inviter_id_text? string To be ignored.
---@field affiliate_id_text? string To be ignored.

---A list of api_key_info records; prints as a table.
---@class bybit.api_key_info_list
---@field [integer] bybit.api_key_info
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The coins of one kind of account.
---@class bybit.asset_account
---@field account_type string UNIFIED or FUND.
---@field member_id string The account.
---@field balances bybit.asset_balance_list The coins.

---A list of asset_account records; prints as a table.
---@class bybit.asset_account_list
---@field [integer] bybit.asset_account
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A coin of one kind of account.
---@class bybit.asset_balance
---@field coin string The coin.
---@field wallet_balance bybit.Decimal What is in the wallet.
---@field transfer_balance bybit.Decimal What may be transferred.
---@field bonus bybit.Decimal Bonus of the exchange's; nil where it was not asked for.

---A list of asset_balance records; prints as a table.
---@class bybit.asset_balance_list
---@field [integer] bybit.asset_balance
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A phase of a pre-listing.
---@class bybit.auction_phase
---@field phase bybit.auction_phase Which phase.
---@field start_time? integer When it begins; nil: not known yet.
---@field end_time? integer When it ends; nil: not known yet.

---A list of auction_phase records; prints as a table.
---@class bybit.auction_phase_list
---@field [integer] bybit.auction_phase
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A coin of an account.
---@class bybit.balance
---@field coin string The coin.
---@field equity bybit.Decimal The wallet and open profit, less what was borrowed.
---@field usd_value bybit.Decimal Its equity in USD.
---@field wallet_balance bybit.Decimal What is in the wallet, without open profit.
---@field free? bybit.Decimal Deprecated by the exchange.
---@field locked bybit.Decimal Locked by spot orders.
---@field spot_hedging_quantity bybit.Decimal Used to hedge, under portfolio margin.
---@field borrow_amount bybit.Decimal Borrowed in all.
---@field available_to_borrow bybit.Decimal Deprecated by the exchange.
---@field available_to_withdraw bybit.Decimal Deprecated by the exchange: see get_transferable.
---@field accrued_interest bybit.Decimal Interest that is due.
---@field total_order_initial_margin bybit.Decimal Margin held for orders; nil under portfolio margin.
---@field total_position_initial_margin bybit.Decimal Initial margin of positions, with the fees to close; nil under portfolio margin.
---@field total_position_maintenance_margin bybit.Decimal Maintenance margin of positions; nil under portfolio margin.
---@field unrealized_pnl bybit.Decimal Open profit.
---@field total_realized_pnl bybit.Decimal Realized profit of all time.
---@field bonus bybit.Decimal Bonus of the exchange's.
---@field margin_collateral boolean Can the coin be collateral?
---@field collateral_switch boolean Is it switched on as collateral? It means something only where margin_collateral is true.
---@field spot_borrow bybit.Decimal Borrowed for spot.
---@field collateral_restriction? integer 2: the exchange restricts it as collateral.

---A list of balance records; prints as a table.
---@class bybit.balance_list
---@field [integer] bybit.balance
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The acknowledgement of an order of a batch. It does not say what becomes of the order. In the place of an order that failed there is a table {error = err}.
---@class bybit.batch_order
---@field order_id string The exchange's id; missing as in order_id.
---@field client_order_id string Your own id, or the one that the client made.
---@field symbol? string The contract. Missing where the order was settled by itself.
---@field category? string The category.
---@field create_time? integer When the order was placed.
---@field stop_order_id string The same as order_id.
---@field error? bybit.Error In the list of a batch: why this order failed.

---A list of batch_order records; prints as a table.
---@class bybit.batch_order_list
---@field [integer] bybit.batch_order|bybit.order
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.
---@field failed integer How many of the orders failed.

---A price of an order book, and how much is there.
---@class bybit.book_level
---@field price bybit.Decimal The price.
---@field quantity bybit.Decimal How much is bid for or offered there: in contracts of 1 USD, of linear contracts in base coin.

---A list of book_level records; prints as a table.
---@class bybit.book_level_list
---@field [integer] bybit.book_level
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---An order that the exchange has been asked to cancel together with others.
---@class bybit.cancelled_order
---@field order_id string The exchange's id. Missing in one case: the answer was lost, the exchange then said that the id is taken, and it did not show the order within `visibility`.
---@field client_order_id string Your own id, or the one that the client made: it is always there.
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

---An order that closed a position, and what that won. A row changes while its order fills.
---@class bybit.closed_profit_loss
---@field symbol string The contract.
---@field type? bybit.order_type The type of the order.
---@field leverage bybit.Decimal The leverage of the position.
---@field update_time integer When it last changed.
---@field side bybit.side The order's: Sell closed a long position.
---@field order_id string The order; of liquidations and the like one that is not yours.
---@field closed_pnl bybit.Decimal What it won, in the settle coin, less the fees of opening and closing; without funding.
---@field average_entry_price bybit.Decimal Average price of entry.
---@field quantity bybit.Decimal The quantity of the order.
---@field entry_value bybit.Decimal The value at entry, in the settle coin.
---@field create_time integer When it was first made.
---@field order_price bybit.Decimal The order's price; of a market order the protective one, never the exit.
---@field closed_quantity bybit.Decimal How much it closed, as quantity.
---@field average_exit_price bybit.Decimal Average price of exit.
---@field trade_type bybit.trade_type Trade, or BustTrade, Settle and the like.
---@field fill_count integer How many fills it had.
---@field exit_value bybit.Decimal The value at exit, in the settle coin.
---@field open_fee bybit.Decimal The fees of opening what was closed.
---@field close_fee bybit.Decimal The fees of closing.

---A list of closed_profit_loss records; prints as a table.
---@class bybit.closed_profit_loss_list
---@field [integer] bybit.closed_profit_loss
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A coin as collateral, and what can be borrowed of it.
---@class bybit.collateral
---@field currency string The coin.
---@field hourly_borrow_rate bybit.Decimal Interest of an hour, as a fraction.
---@field max_borrowing_amount bybit.Decimal The most that can be borrowed.
---@field free_borrowing_limit bybit.Decimal How much can be borrowed without interest.
---@field free_borrow_amount bybit.Decimal How much is borrowed without interest.
---@field free_borrowing_amount bybit.Decimal Retired by the exchange.
---@field borrow_amount bybit.Decimal How much is borrowed.
---@field other_borrow_amount bybit.Decimal How much other accounts of the user have borrowed.
---@field available_to_borrow bybit.Decimal How much can still be borrowed.
---@field borrow_usage_rate bybit.Decimal Which part of it is borrowed: 0.5 is half.
---@field borrowable boolean Can it be borrowed?
---@field margin_collateral boolean Can it be collateral?
---@field collateral_switch boolean Is it switched on as collateral?
---@field collateral_ratio bybit.Decimal Wrong since February 2025: the ratio goes by tiers.

---A list of collateral records; prints as a table.
---@class bybit.collateral_list
---@field [integer] bybit.collateral
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
---@field quantity bybit.Decimal Ordered: in contracts of 1 USD, of linear contracts in base coin.
---@field side bybit.side Buy or Sell.
---@field is_leverage? string Spot only.
---@field position_mode integer Which position: 0 in one-way mode; in hedge mode 1 the long one, 2 the short one.
---@field status bybit.order_status Where the order stands.
---@field cancel_type? bybit.cancel_type Who or what cancelled it.
---@field reject_reason bybit.reject_reason Why the matching engine refused or ended it; EC_NoError when nothing is wrong.
---@field avg_price? bybit.Decimal Average price of its fills; nil without any.
---@field leaves_quantity bybit.Decimal How much is still open, as quantity; 0 when the order has ended.
---@field leaves_value bybit.Decimal How much is still open, in the settle coin.
---@field filled_quantity bybit.Decimal How much is filled, as quantity.
---@field filled_value bybit.Decimal How much is filled, in the settle coin.
---@field fee bybit.Decimal Fees so far, in the settle coin; negative is a rebate. 0 where they are paid in another coin: see cum_fee_detail.
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
---@field cum_fee_detail table Fees by coin, such as { MNT = "0.0024" }.
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
---@field error? bybit.Error In the list of a batch: why this order failed.
---@field is_done fun(self: bybit.conditional_order): boolean Has the order ended, in whichever way?
---@field is_open fun(self: bybit.conditional_order): boolean Is the order open: may it still fill or be triggered?

---A list of conditional_order records; prints as a table.
---@class bybit.conditional_order_list
---@field [integer] bybit.conditional_order
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The end of a position when its contract expired.
---@class bybit.delivery
---@field delivery_time integer When.
---@field symbol string The contract.
---@field side bybit.side Buy if the position was long.
---@field quantity bybit.Decimal The position.
---@field entry_price? bybit.Decimal Its average price of entry.
---@field delivery_price bybit.Decimal The price of delivery.
---@field strike? bybit.Decimal Options only.
---@field fee bybit.Decimal The fee of delivery.
---@field realized_pnl bybit.Decimal What it won; below 0 it lost.

---A list of delivery records; prints as a table.
---@class bybit.delivery_list
---@field [integer] bybit.delivery
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The price at which a contract expired.
---@class bybit.delivery_price
---@field symbol string The contract.
---@field delivery_price bybit.Decimal The price.
---@field delivery_time integer When.

---A list of delivery_price records; prints as a table.
---@class bybit.delivery_price_list
---@field [integer] bybit.delivery_price
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---What is cancelled when a connection is lost.
---@class bybit.disconnect_cancel
---@field product string SPOT, DERIVATIVES or OPTIONS.
---@field status string ON.
---@field time_window integer After how many seconds.

---A list of disconnect_cancel records; prints as a table.
---@class bybit.disconnect_cancel_list
---@field [integer] bybit.disconnect_cancel
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The fees of professional accounts for a group of contracts.
---@class bybit.fee_group
---@field group_name string The group.
---@field weighting_factor bybit.Decimal How much its volume counts.
---@field symbols_count integer How many contracts it has.
---@field symbols table The contracts.
---@field pro_rates bybit.fee_group_rate_list The fees of pro accounts, by level.
---@field market_maker_rates bybit.fee_group_rate_list The rebates of market makers, by level.
---@field update_time integer When it last changed.

---A list of fee_group records; prints as a table.
---@class bybit.fee_group_list
---@field [integer] bybit.fee_group
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The fees of a level of professional accounts.
---@class bybit.fee_group_rate
---@field level string The level.
---@field taker_fee_rate bybit.Decimal The taker's fee; nil where it does not apply.
---@field maker_fee_rate bybit.Decimal The maker's fee; nil where it does not apply.
---@field maker_rebate bybit.Decimal The maker's rebate, below 0; nil where it does not apply.

---A list of fee_group_rate records; prints as a table.
---@class bybit.fee_group_rate_list
---@field [integer] bybit.fee_group_rate
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The fees of the account for a contract.
---@class bybit.fee_rate
---@field symbol string The contract.
---@field base_coin? string Options only.
---@field taker_fee_rate bybit.Decimal The fee of a trade that takes from the book, as a part of its value.
---@field maker_fee_rate bybit.Decimal The fee of a trade that rested in the book; below 0 it is a rebate.

---A list of fee_rate records; prints as a table.
---@class bybit.fee_rate_list
---@field [integer] bybit.fee_rate
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A funding that took place.
---@class bybit.funding_rate
---@field symbol string The contract.
---@field funding_rate bybit.Decimal The rate: longs paid it to shorts where it is above 0.
---@field timestamp integer When.

---A list of funding_rate records; prints as a table.
---@class bybit.funding_rate_list
---@field [integer] bybit.funding_rate
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The leverage that is set for a contract, with a position or without.
---@class bybit.futures_leverage
---@field symbol string The contract.
---@field leverage bybit.Decimal The leverage.
---@field side string Without meaning.
---@field position_mode integer Which leg: 0 one-way, 1 Buy, 2 Sell.

---A list of futures_leverage records; prints as a table.
---@class bybit.futures_leverage_list
---@field [integer] bybit.futures_leverage
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---An index price, and what it is made of.
---@class bybit.index_price
---@field index_name string The index.
---@field last_price bybit.Decimal The index price.
---@field update_time integer When it was so.
---@field components bybit.index_price_component_list What it is made of.

---A list of index_price records; prints as a table.
---@class bybit.index_price_list
---@field [integer] bybit.index_price
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A part of an index price: the price of another market.
---@class bybit.index_price_component
---@field exchange string Where the price is from.
---@field spot_pair string What that exchange calls the pair.
---@field equivalent_price bybit.Decimal The price, in the unit of the index.
---@field multiplier bybit.Decimal How many of the coin the index counts as one.
---@field price bybit.Decimal The price that counts.
---@field weight bybit.Decimal How much it counts: all weights make 1.

---A list of index_price_component records; prints as a table.
---@class bybit.index_price_component_list
---@field [integer] bybit.index_price_component
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A contract: its steps and limits.
---@class bybit.instrument
---@field symbol string The contract.
---@field symbol_id integer The exchange's number of the contract.
---@field contract_type bybit.contract_type Its kind.
---@field status bybit.instrument_status Can it be traded?
---@field base_coin string The coin that it is about: BTC of BTCUSD.
---@field quote_coin string What its prices are in: USD of BTCUSD.
---@field launch_time? integer When it was first traded.
---@field delivery_time? integer When it expires; of a perpetual when it will be delisted: the earliest warning that there is.
---@field delivery_fee_rate bybit.Decimal The fee of delivery; nil of a perpetual.
---@field price_scale integer How many decimals its prices have.
---@field min_leverage bybit.Decimal The lowest leverage.
---@field max_leverage bybit.Decimal The highest leverage, in the lowest tier of risk.
---@field leverage_step bybit.Decimal The step of leverages.
---@field min_price bybit.Decimal The lowest price of an order.
---@field max_price bybit.Decimal The highest price of an order.
---@field tick_size bybit.Decimal The step of prices.
---@field max_order_quantity bybit.Decimal The most that a limit order may be for.
---@field min_order_quantity bybit.Decimal The least that an order may be for.
---@field quantity_step bybit.Decimal The step of quantities.
---@field post_only_max_order_quantity bybit.Decimal Deprecated by the exchange: see max_order_quantity.
---@field max_market_order_quantity bybit.Decimal The most that a market order may be for.
---@field min_notional_value bybit.Decimal The least value of an order, in the settle coin; nil where there is none, as of inverse contracts.
---@field unified_margin_trade boolean Can unified accounts trade it?
---@field funding_interval integer Minutes between two fundings.
---@field settle_coin string The coin of its margin, profit and fees.
---@field copy_trading string Can it be copy-traded: none, both, utaOnly or normalOnly.
---@field upper_funding_rate bybit.Decimal The highest funding rate.
---@field lower_funding_rate bybit.Decimal The lowest funding rate.
---@field is_pre_listing boolean Is it traded before its listing? Then see auction_phase.
---@field auction_phase bybit.auction_phase The phase of the pre-listing; nil: none.
---@field auction_phases bybit.auction_phase_list The phases of the pre-listing; nil: none.
---@field skip_call_auction? boolean Does the pre-listing leave out the auction?
---@field auction_fee_rate bybit.Decimal The fee during the auction of a pre-listing.
---@field auction_taker_fee_rate bybit.Decimal The taker's fee in the continuous phase of a pre-listing.
---@field auction_maker_fee_rate bybit.Decimal The maker's fee in the continuous phase of a pre-listing.
---@field price_limit_ratio_x bybit.Decimal The first ratio of the rule for price limits.
---@field price_limit_ratio_y bybit.Decimal The second ratio of the rule for price limits.
---@field symbol_type string innovation, commodity, stock, forex ...; nil: an ordinary contract.
---@field forbid_upl_withdrawal? boolean Is open profit of it locked in the account?
---@field display_name? string How the exchange shows it.
---@field is_public_rpi? boolean May quotes for retail (RPI) be placed?
---@field my_rpi_permission? boolean May this account place them? (get_account_instruments.)

---A list of instrument records; prints as a table.
---@class bybit.instrument_list
---@field [integer] bybit.instrument
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The insurance pools.
---@class bybit.insurance
---@field update_time integer When the answer was made.
---@field pools bybit.insurance_pool_list The pools.

---A list of insurance records; prints as a table.
---@class bybit.insurance_list
---@field [integer] bybit.insurance
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---An insurance pool, which pays what liquidations lose.
---@class bybit.insurance_pool
---@field coin string The coin of the pool.
---@field symbols string The contracts that share it, with commas between; nil: the coin's main pool.
---@field balance bybit.Decimal What is in it, in coin.
---@field value bybit.Decimal What is in it, in USD.

---A list of insurance_pool records; prints as a table.
---@class bybit.insurance_pool_list
---@field [integer] bybit.insurance_pool
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A candle. It is final once its interval is over.
---@class bybit.kline
---@field start_time integer When the candle begins.
---@field open_price bybit.Decimal Its first price.
---@field high_price bybit.Decimal Its highest price.
---@field low_price bybit.Decimal Its lowest price.
---@field close_price bybit.Decimal Its last price; of the newest candle: the price now.
---@field volume bybit.Decimal What was traded: in contracts of 1 USD, of linear contracts in base coin.
---@field turnover bybit.Decimal What was traded, in the settle coin.

---A list of kline records; prints as a table.
---@class bybit.kline_list
---@field [integer] bybit.kline
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---Which share of the accounts (not of the volume) was long, and which short.
---@class bybit.long_short_ratio
---@field symbol string The contract.
---@field buy_ratio bybit.Decimal The share that was long: 0.49 is 49 percent.
---@field sell_ratio bybit.Decimal The share that was short.
---@field timestamp integer The moment.

---A list of long_short_ratio records; prints as a table.
---@class bybit.long_short_ratio_list
---@field [integer] bybit.long_short_ratio
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---How an account is set up.
---@class bybit.margin_account_info
---@field margin_mode bybit.margin_mode How its positions are margined.
---@field update_time integer When it was last changed.
---@field unified_margin_status integer 5 or 6: unified account 2.0. 3 or 4: 1.0, where inverse contracts have a wallet of their own. 1: not unified.
---@field dcp_status string Retired by the exchange.
---@field time_window integer Retired by the exchange.
---@field smp_group integer Retired by the exchange: see get_smp_group.
---@field is_master_trader boolean Do others copy its trades?
---@field spot_hedging_status string ON or OFF: are spot balances used to hedge?

---A list of margin_account_info records; prints as a table.
---@class bybit.margin_account_info_list
---@field [integer] bybit.margin_account_info
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The open positions of all accounts at a moment.
---@class bybit.open_interest
---@field open_interest bybit.Decimal Of both sides: in contracts of 1 USD, of linear contracts in base coin.
---@field single_open_interest bybit.Decimal Of one side, as a whole number.
---@field timestamp integer The moment.

---A list of open_interest records; prints as a table.
---@class bybit.open_interest_list
---@field [integer] bybit.open_interest
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
---@field quantity bybit.Decimal Ordered: in contracts of 1 USD, of linear contracts in base coin.
---@field side bybit.side Buy or Sell.
---@field is_leverage? string Spot only.
---@field position_mode integer Which position: 0 in one-way mode; in hedge mode 1 the long one, 2 the short one.
---@field status bybit.order_status Where the order stands.
---@field cancel_type? bybit.cancel_type Who or what cancelled it.
---@field reject_reason bybit.reject_reason Why the matching engine refused or ended it; EC_NoError when nothing is wrong.
---@field avg_price? bybit.Decimal Average price of its fills; nil without any.
---@field leaves_quantity bybit.Decimal How much is still open, as quantity; 0 when the order has ended.
---@field leaves_value bybit.Decimal How much is still open, in the settle coin.
---@field filled_quantity bybit.Decimal How much is filled, as quantity.
---@field filled_value bybit.Decimal How much is filled, in the settle coin.
---@field fee bybit.Decimal Fees so far, in the settle coin; negative is a rebate. 0 where they are paid in another coin: see cum_fee_detail.
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
---@field cum_fee_detail table Fees by coin, such as { MNT = "0.0024" }.
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
---@field error? bybit.Error In the list of a batch: why this order failed.
---@field is_done fun(self: bybit.order): boolean Has the order ended, in whichever way?
---@field is_open fun(self: bybit.order): boolean Is the order open: may it still fill or be triggered?

---A list of order records; prints as a table.
---@class bybit.order_list
---@field [integer] bybit.order
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---An order book: best prices first.
---@class bybit.order_book
---@field symbol string The contract.
---@field asks bybit.book_level_list Who sells, lowest price first.
---@field bids bybit.book_level_list Who buys, highest price first.
---@field timestamp integer When it was so.
---@field update_id integer The number of this state of the book, in the stream of the deepest book.
---@field cross_sequence integer The matching engine's counter: the smaller is older, whatever the depth.
---@field matched_time integer When the matching engine made it.

---A list of order_book records; prints as a table.
---@class bybit.order_book_list
---@field [integer] bybit.order_book
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---How the account's margin stands, and how it would stand after an order, in parts of 10,000 of the margin balance: 30 is 0.30 percent. V5 documentation, order/pre-check.
---@class bybit.order_check
---@field order_id string Of no order: nothing is placed.
---@field client_order_id string As it was sent.
---@field pre_imr_e4 integer The rate of initial margin now.
---@field pre_mmr_e4 integer The rate of maintenance margin now.
---@field post_imr_e4 integer The rate of initial margin after the order.
---@field post_mmr_e4 integer The rate of maintenance margin after the order.

---A list of order_check records; prints as a table.
---@class bybit.order_check_list
---@field [integer] bybit.order_check
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The acknowledgement of an order. It does not say what becomes of the order.
---@class bybit.order_id
---@field order_id string The exchange's id. Missing in one case: the answer was lost, the exchange then said that the id is taken, and it did not show the order within `visibility`.
---@field client_order_id string Your own id, or the one that the client made: it is always there.
---@field stop_order_id string The same as order_id.

---A list of order_id records; prints as a table.
---@class bybit.order_id_list
---@field [integer] bybit.order_id
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A position, held or flat.
---@class bybit.position
---@field position_mode integer 0 in one-way mode; in hedge mode 1 the long one, 2 the short one.
---@field risk_id integer The tier of risk limits; 0 under portfolio margin.
---@field risk_limit_value bybit.Decimal In the settle coin; no meaning since tiers apply by themselves.
---@field symbol string The contract.
---@field side? bybit.side Buy if it is long, Sell if it is short, nil if it is flat.
---@field quantity bybit.Decimal In contracts of 1 USD, of linear contracts in base coin; never negative, see signed_quantity.
---@field entry_price? bybit.Decimal Average price of entry; nil if the position is flat.
---@field position_value bybit.Decimal In the settle coin.
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
---@field position_mm bybit.Decimal Maintenance margin, in the settle coin.
---@field position_mm_by_mp bybit.Decimal The same value.
---@field position_margin bybit.Decimal Initial margin, in the settle coin, with the fee to close.
---@field position_im_by_mp bybit.Decimal The same value.
---@field tpsl_mode? bybit.tpsl_mode Deprecated by the exchange: Full.
---@field take_profit_price? bybit.Decimal The take profit of the whole position.
---@field stop_loss_price? bybit.Decimal The stop loss of the whole position.
---@field trailing_stop_price? bybit.Decimal A distance, in spite of its name: see trailing_stop_distance.
---@field unrealized_pnl bybit.Decimal Profit that is not realized, by the mark price, in the settle coin.
---@field realized_pnl bybit.Decimal Profit of the position that is now held, with fees and funding, in the settle coin (on v2: profit of today).
---@field total_realized_pnl bybit.Decimal Profit of all positions so far, in the settle coin.
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

---A candle of a price that is not traded at: mark, index, premium. The exchange's premium candles may have a low above their open.
---@class bybit.price_kline
---@field start_time integer When the candle begins.
---@field open_price bybit.Decimal Its first price.
---@field high_price bybit.Decimal Its highest price.
---@field low_price bybit.Decimal Its lowest price.
---@field close_price bybit.Decimal Its last price; of the newest candle: the price now.

---A list of price_kline records; prints as a table.
---@class bybit.price_kline_list
---@field [integer] bybit.price_kline
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---How far from the market an order may be.
---@class bybit.price_limit
---@field symbol string The contract.
---@field buy_limit bybit.Decimal The highest price to buy at.
---@field sell_limit bybit.Decimal The lowest price to sell at.
---@field timestamp integer When it was so.

---A list of price_limit records; prints as a table.
---@class bybit.price_limit_list
---@field [integer] bybit.price_limit
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A trade of anybody.
---@class bybit.public_trade
---@field trade_id string Unique.
---@field symbol string The contract.
---@field price bybit.Decimal The price.
---@field quantity bybit.Decimal How much: in contracts of 1 USD, of linear contracts in base coin.
---@field side bybit.side What the taker did.
---@field timestamp integer When.
---@field is_block_trade boolean Was it agreed outside of the book?
---@field is_rpi_trade boolean Was it with a quote for retail (RPI)?
---@field cross_sequence integer The matching engine's counter.

---A list of public_trade records; prints as a table.
---@class bybit.public_trade_list
---@field [integer] bybit.public_trade
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A tier of risk: how large a position may be at which leverage. Tiers apply by themselves.
---@class bybit.risk_limit
---@field risk_id integer The tier.
---@field symbol string The contract.
---@field risk_limit_value bybit.Decimal The most that position and orders may be worth, in the settle coin.
---@field maintenance_margin bybit.Decimal The rate of maintenance margin. In percent for inverse contracts, a fraction for linear ones: where initial_margin times max_leverage is about 100 it is in percent.
---@field initial_margin bybit.Decimal The rate of initial margin, in the same unit.
---@field is_lowest_risk boolean Is it the lowest tier?
---@field max_leverage bybit.Decimal The highest leverage.
---@field maintenance_margin_deduction bybit.Decimal What is taken off the maintenance margin, in the settle coin; nil in the lowest tier.

---A list of risk_limit records; prints as a table.
---@class bybit.risk_limit_list
---@field [integer] bybit.risk_limit
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A price of an order book with quotes for retail (RPI).
---@class bybit.rpi_book_level
---@field price bybit.Decimal The price.
---@field quantity bybit.Decimal How much is there for everybody: in contracts of 1 USD, of linear contracts in base coin.
---@field rpi_quantity bybit.Decimal How much is there for retail alone.

---A list of rpi_book_level records; prints as a table.
---@class bybit.rpi_book_level_list
---@field [integer] bybit.rpi_book_level
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---An order book with quotes for retail (RPI): best prices first.
---@class bybit.rpi_order_book
---@field symbol string The contract.
---@field asks bybit.rpi_book_level_list Who sells, lowest price first.
---@field bids bybit.rpi_book_level_list Who buys, highest price first.
---@field timestamp integer When it was so.
---@field update_id integer The number of this state of the book, in the stream of the deepest book.
---@field cross_sequence integer The matching engine's counter: the smaller is older, whatever the depth.
---@field matched_time integer When the matching engine made it.

---A list of rpi_order_book records; prints as a table.
---@class bybit.rpi_order_book_list
---@field [integer] bybit.rpi_order_book
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The exchange's clock.
---@class bybit.server_time
---@field time_second integer Seconds since 1970.
---@field time_nano integer Nanoseconds since 1970; see timestamp.
---@field timestamp? bybit.Decimal Milliseconds since 1970. Nil if the moment could not be read.

---A list of server_time records; prints as a table.
---@class bybit.server_time_list
---@field [integer] bybit.server_time
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A settlement of a session: every eight hours the open profit of a USDC contract is paid out.
---@class bybit.settlement
---@field symbol string The contract.
---@field side bybit.side Buy if the position was long.
---@field quantity bybit.Decimal The position.
---@field session_avg_price bybit.Decimal What the profit is counted from.
---@field mark_price bybit.Decimal The mark price.
---@field realized_pnl bybit.Decimal What was paid out; below 0 it was taken.
---@field create_time integer When.

---A list of settlement records; prints as a table.
---@class bybit.settlement_list
---@field [integer] bybit.settlement
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The group of accounts whose orders do not trade with each other.
---@class bybit.smp_group
---@field smp_group integer The group; 0: none.

---A list of smp_group records; prints as a table.
---@class bybit.smp_group_list
---@field [integer] bybit.smp_group
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---An announced, running or past interruption of the exchange.
---@class bybit.system_status
---@field id string Unique.
---@field title string What it is.
---@field state bybit.system_state Where it stands.
---@field begin_time integer When it begins.
---@field end_time integer When it should end; once it is completed: when it did.
---@field link string Where to read about it.
---@field service_types table What is interrupted: 1 trading, 2 trading over HTTP, 3 trading over WebSocket, 4 private streams, 5 market data.
---@field product table Which products: 1 futures, 2 spot, 3 options, 4 spreads.
---@field uid_suffix table The last digits of the users it is for; empty: all.
---@field maintenance_type integer 1 planned, 2 temporary, 3 an incident.
---@field environment integer 1 production, 2 demo.

---A list of system_status records; prints as a table.
---@class bybit.system_status_list
---@field [integer] bybit.system_status
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The prices of a contract now, and its last 24 hours.
---@class bybit.ticker
---@field symbol string The contract.
---@field last_price bybit.Decimal The price of the last trade.
---@field index_price bybit.Decimal The index price.
---@field mark_price bybit.Decimal The mark price, which profit and liquidation go by.
---@field previous_price_24h bybit.Decimal The last price of 24 hours ago.
---@field price_change_24h bybit.Decimal The change in 24 hours, as a fraction: 0.0142 is 1.42 percent.
---@field high_price_24h bybit.Decimal The highest last price of 24 hours.
---@field low_price_24h bybit.Decimal The lowest last price of 24 hours.
---@field previous_price_1h bybit.Decimal The last price of an hour ago.
---@field open_interest bybit.Decimal Open positions of both sides: in contracts of 1 USD, of linear contracts in base coin.
---@field open_interest_value bybit.Decimal Their value in the settle coin, at the mark price.
---@field single_open_interest? bybit.Decimal Open positions of one side.
---@field single_open_interest_value? bybit.Decimal Their value.
---@field turnover_24h bybit.Decimal What was traded in 24 hours, in the settle coin.
---@field volume_24h bybit.Decimal What was traded in 24 hours: in contracts of 1 USD, of linear contracts in base coin.
---@field funding_rate bybit.Decimal The rate of the next funding: longs pay it where it is above 0.
---@field next_funding_time? integer When the next funding is.
---@field predicted_delivery_price bybit.Decimal Of contracts with an expiry, shortly before it.
---@field basis_rate bybit.Decimal Of contracts with an expiry.
---@field delivery_fee_rate bybit.Decimal Of contracts with an expiry.
---@field delivery_time? integer When it expires or is delisted; nil: it is not known.
---@field ask_quantity bybit.Decimal How much is offered at ask_price.
---@field bid_price bybit.Decimal The highest price that somebody buys at.
---@field ask_price bybit.Decimal The lowest price that somebody sells at.
---@field bid_quantity bybit.Decimal How much is bid for at bid_price.
---@field basis bybit.Decimal Of contracts with an expiry.
---@field pre_open_price bybit.Decimal The likely price of opening, in the auction of a pre-listing.
---@field pre_quantity bybit.Decimal The likely quantity of opening, in the auction of a pre-listing.
---@field auction_phase bybit.auction_phase The phase of the pre-listing; nil: none.
---@field funding_interval_hour integer Hours between two fundings.
---@field basis_rate_year bybit.Decimal Of contracts with an expiry.
---@field funding_cap bybit.Decimal The bound of the funding rate, above and below 0.

---A list of ticker records; prints as a table.
---@class bybit.ticker_list
---@field [integer] bybit.ticker
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
---@field fee_currency string The coin of the fee, which may be MNT; nil: the settle coin.
---@field liquidity? bybit.liquidity Maker or Taker; nil where there was no book: of funding, settlement and the like.
---@field fee bybit.Decimal In fee_currency; negative was received: a rebate, or funding.
---@field fee_rate bybit.Decimal The rate of the fee, or of the funding.
---@field trade_id string Unique.
---@field trade_iv? bybit.Decimal Options only.
---@field block_trade_id string The block trade that it is part of.
---@field mark_price bybit.Decimal The mark price at that moment.
---@field price bybit.Decimal The price that it happened at.
---@field mark_iv? bybit.Decimal Options only.
---@field order_quantity bybit.Decimal Quantity of the order.
---@field order_price? bybit.Decimal The price of the order; nil if there was none.
---@field value bybit.Decimal In the settle coin.
---@field trade_type bybit.trade_type Trade, Funding ...: what is no funding changes the position, liquidations and ADL too; see is_fill.
---@field quantity bybit.Decimal In contracts of 1 USD, of linear contracts in base coin.
---@field closed_quantity bybit.Decimal The part that shrank a position.
---@field extra_fees table Taxes and the like, where the account's site has them.
---@field cross_sequence integer The matching engine's counter: unique only with the symbol, equal for the fills of one match.
---@field create_type bybit.create_type Who made the order.
---@field exec_fee_v2? bybit.Decimal Spread trading only.
---@field category? string Kind of contract; in streams only.
---@field is_leverage? string Spot only; in streams only.
---@field market_unit? string Spot only; in streams only.
---@field exec_pnl? bybit.Decimal Profit of a fill that closed a position, in the settle coin; in streams only.
---@field fill_number? integer Its place within one match (v2 only).
---@field user_id? integer The account (v2 only).
---@field is_fill fun(self: bybit.trade): boolean Did it change a position? Trades, liquidations and ADL did, funding did not. Nil if its kind is not known.

---A list of trade records; prints as a table.
---@class bybit.trade_list
---@field [integer] bybit.trade
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A line of the account's ledger. change = cash_flow + funding - fee. Lines may share an id: it is unique with type and trade_id.
---@class bybit.transaction
---@field sub_type string movePosition; nil: nothing special.
---@field id string The exchange's id.
---@field symbol string The contract; nil of transfers.
---@field side? bybit.side Of a trade: the order's. Of a settlement: the position's, Buy if it is long. Otherwise nil.
---@field funding bybit.Decimal Above 0 it was received, below 0 paid: the opposite of fee in get_user_trades. Nil: none.
---@field client_order_id string Your own id of the order.
---@field order_id string The order; of a settlement an id that is no order's.
---@field fee bybit.Decimal Above 0 it was paid, below 0 received.
---@field change bybit.Decimal By how much the wallet changed.
---@field cash_flow bybit.Decimal Realized profit before fees; or what was transferred.
---@field timestamp integer When.
---@field type bybit.transaction_type What it was.
---@field fee_rate bybit.Decimal The rate of the fee; of a settlement of the funding, as the holder sees it.
---@field bonus_change bybit.Decimal Bonus that was used; it is not part of change.
---@field position_size bybit.Decimal The position after it; below 0 it is short.
---@field quantity bybit.Decimal Contracts of 1 USD, of linear contracts base coin; without direction.
---@field cash_balance bybit.Decimal The wallet after it.
---@field currency string The coin of the wallet.
---@field category string Kind of contract.
---@field price bybit.Decimal The price of the trade; of a settlement the mark price.
---@field trade_id string The execution, as in get_user_trades.
---@field extra_fees? string Taxes and the like, where the account's site has them.
---@field display_type? string Not documented.

---A list of transaction records; prints as a table.
---@class bybit.transaction_list
---@field [integer] bybit.transaction
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A transfer between the wallets of an account.
---@class bybit.transfer
---@field transfer_id string The id that its maker gave it; any text of those made on the web.
---@field coin string The coin.
---@field amount bybit.Decimal How much.
---@field from_account_type string From where: UNIFIED, FUND.
---@field to_account_type string To where: UNIFIED, FUND.
---@field timestamp integer When.
---@field status bybit.transfer_status What became of it.

---A list of transfer records; prints as a table.
---@class bybit.transfer_list
---@field [integer] bybit.transfer
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---What may leave the account.
---@class bybit.transferable
---@field available_withdrawal bybit.Decimal Of the first coin that was asked for.
---@field by_coin table<string, bybit.Decimal> By coin.

---A list of transferable records; prints as a table.
---@class bybit.transferable_list
---@field [integer] bybit.transferable
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---The answer to a transfer.
---@class bybit.transferred
---@field transfer_id string Its id.
---@field status bybit.transfer_status What became of it.

---A list of transferred records; prints as a table.
---@class bybit.transferred_list
---@field [integer] bybit.transferred
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---Settings of an account.
---@class bybit.user_settings
---@field lpa_spot boolean Is a spot order beyond the price limit moved to it?
---@field lpa_perp boolean Is an order beyond the price limit refused? False: its price is moved to the limit.
---@field delta_enable? boolean Is delta neutral mode on?
---@field smsef boolean Are spot fees paid in MNT?
---@field fmsef boolean Are fees of contracts paid in MNT?

---A list of user_settings records; prints as a table.
---@class bybit.user_settings_list
---@field [integer] bybit.user_settings
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A unified account: what all coins are worth together, in USD. These figures mean nothing under isolated margin.
---@class bybit.wallet
---@field account_type string UNIFIED.
---@field account_ltv bybit.Decimal Deprecated by the exchange.
---@field account_initial_margin_rate bybit.Decimal Initial margin as a part of the margin balance.
---@field account_maintenance_margin_rate bybit.Decimal Maintenance margin as a part of the margin balance.
---@field total_equity bybit.Decimal What the account is worth.
---@field total_wallet_balance bybit.Decimal The same without open profit.
---@field total_margin_balance bybit.Decimal What margin may be taken from.
---@field total_available_balance bybit.Decimal What is not used as margin.
---@field total_perp_unrealized_pnl bybit.Decimal Open profit of perpetuals and futures.
---@field total_initial_margin bybit.Decimal Initial margin of positions and orders.
---@field total_maintenance_margin bybit.Decimal Maintenance margin of positions.
---@field coins bybit.balance_list The coins.

---A list of wallet records; prints as a table.
---@class bybit.wallet_list
---@field [integer] bybit.wallet
---@field next_cursor? string The cursor of the next page, in a paged list; nil on the last page.
---@field cursor? string What this page was asked with, in a page that a walk gives.
---@field cut? boolean True where the exchange shows no more at once: there may be more.

---A list for each field of kline records.
---@class bybit.kline_columns
---@field start_time integer[] When the candle begins.
---@field open_price bybit.Decimal[] Its first price.
---@field high_price bybit.Decimal[] Its highest price.
---@field low_price bybit.Decimal[] Its lowest price.
---@field close_price bybit.Decimal[] Its last price; of the newest candle: the price now.
---@field volume bybit.Decimal[] What was traded: in contracts of 1 USD, of linear contracts in base coin.
---@field turnover bybit.Decimal[] What was traded, in the settle coin.
---@field next_cursor? string The cursor of the next page; nil on the last page.

---A list for each field of price_kline records.
---@class bybit.price_kline_columns
---@field start_time integer[] When the candle begins.
---@field open_price bybit.Decimal[] Its first price.
---@field high_price bybit.Decimal[] Its highest price.
---@field low_price bybit.Decimal[] Its lowest price.
---@field close_price bybit.Decimal[] Its last price; of the newest candle: the price now.
---@field next_cursor? string The cursor of the next page; nil on the last page.

---A list of insurance_pool records, with fields of its own. The insurance pools.
---@class bybit.insurance_pools : bybit.insurance_pool_list
---@field update_time integer When the answer was made.

---A list of adl_alert records, with fields of its own. How near auto-deleveraging is.
---@class bybit.adl_alerts : bybit.adl_alert_list
---@field update_time integer When the answer was made.

---A list of balance records, with fields of its own. A unified account: what all coins are worth together, in USD. These figures mean nothing under isolated margin.
---@class bybit.wallet_coins : bybit.balance_list
---@field account_type string UNIFIED.
---@field account_ltv bybit.Decimal Deprecated by the exchange.
---@field account_initial_margin_rate bybit.Decimal Initial margin as a part of the margin balance.
---@field account_maintenance_margin_rate bybit.Decimal Maintenance margin as a part of the margin balance.
---@field total_equity bybit.Decimal What the account is worth.
---@field total_wallet_balance bybit.Decimal The same without open profit.
---@field total_margin_balance bybit.Decimal What margin may be taken from.
---@field total_available_balance bybit.Decimal What is not used as margin.
---@field total_perp_unrealized_pnl bybit.Decimal Open profit of perpetuals and futures.
---@field total_initial_margin bybit.Decimal Initial margin of positions and orders.
---@field total_maintenance_margin bybit.Decimal Maintenance margin of positions.

---A list of asset_balance records, with fields of its own. The coins of one kind of account.
---@class bybit.asset_account_balances : bybit.asset_balance_list
---@field account_type string UNIFIED or FUND.
---@field member_id string The account.

---Options of bybit.client.
---@class (exact) bybit.ClientOptions
---@field environment bybit.environment|bybit.paper.Exchange|{ url: string } Where to trade: "paper" (an exchange that the client starts and owns), "testnet", "demo", "mainnet" or a regional name; an exchange of bybit.paper.start, whose keys are used when none are given; {url = ...}; or "env": what BYBIT_ENVIRONMENT says, where real money wants BYBIT_MAINNET=yes as well.
---@field key? string The API key; give `secret` or `private_key` with it. Without keys a client reaches public endpoints only.
---@field secret? string The secret of an HMAC key.
---@field private_key? string The private key of an RSA key, as PEM text.
---@field credentials? "env"|{ file: string } In place of `key`: "env" reads BYBIT_API_KEY and BYBIT_API_SECRET, and takes the secret out of the environment, so that programs started later do not get it; {file = path} a JSON file with key, secret and environment, refused when others can read it or its environment is another. For {url = ...} the environment is that address, the name of its host ("mainnet"), or "paper" on this machine.
---@field category? "inverse"|"linear" The kind of contracts: inverse ones, or linear ones (USDT and USDC). A call may name another with a parameter of this name. The v2 wire has inverse ones only. Default: "inverse".
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
---@field share? string|{ path: string, on_loss: "divide"|"halt"|"alone"|nil, lease: string? } What all processes share which trade with the same keys: rate limits, bans, and client:halt hold for all of them together. A file, for the processes of this machine: it is made when it is not there; take a place in memory, such as /dev/shm. Or the URL of a Redis server, for several machines: redis://user:password@host:6379/0, rediss:// for TLS, unix:///path. `on_loss` is what happens when the file is gone or its lock cannot be had, or the server is away (divide): divide: each process keeps its part of every limit; halt: it adds no risk; alone: it goes on as if it were alone. `lease` is an id prefix under which only one client at a time adds risk: see client:await_lease. See the guide on several processes.
---@field check_instruments? boolean Before an order or a stop is sent, it is checked by the contract's steps and limits, which are read when they are first needed. What the exchange would refuse raises. See client:instrument. Default: false.
---@field visibility? number How long the exchange may take to show in its lists what it did. An order of unknown outcome is declared absent after two searches, this long apart, the first of which begins this long after the exchange can no longer accept the order. A change is judged this long after the exchange can no longer accept it. Unit: seconds. Default: 5.
---@field streams? boolean May the client connect to the exchange's streams? Without them client:follow polls, and client:stream and client:order_book raise. Default: true.
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
---@field quantity bybit.exact How much to trade: a multiple of the contract's step. 0 closes the whole position. Unit: whole contracts of 1 USD; of linear contracts base coin.
---@field price? bybit.exact The price: a multiple of the contract's tick. Market orders ignore it. Unit: quote coin.
---@field time_in_force? bybit.time_in_force How long the order lives: GTC for Limit and IOC for Market when left out. Market can only be IOC.
---@field position_mode? integer Which position: 0 in one-way mode, as of every inverse contract; in hedge mode 1 the long one, 2 the short one. Default: 0.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field reduce_only? boolean The order may only reduce the position.
---@field close_on_trigger? boolean The order may only reduce the position. If the balance is too small, other orders are cancelled to make room for it.
---@field take_profit_price? bybit.exact Take profit of the position that the order opens. Unit: quote coin.
---@field stop_loss_price? bybit.exact Stop loss of the position that the order opens. Unit: quote coin.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_order_type? bybit.order_type What the take profit becomes: Market (the default), or Limit in Partial mode.
---@field sl_order_type? bybit.order_type What the stop loss becomes: Market (the default), or Limit in Partial mode.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: quote coin.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: quote coin.
---@field smp_type? bybit.smp_type Which order gives way when two of the same group would trade with each other.
---@field slippage_tolerance_type? bybit.slippage_tolerance_type For Market orders: the unit of slippage_tolerance.
---@field slippage_tolerance? bybit.exact How far from the best price a Market order may go. Unit: ticks (1 to 10000) or percent (0.01 to 10).
---@field bbo_side_type? bybit.bbo_side_type For Limit orders: takes the price from the order's own side of the book (Queue) or from the other (Counterparty).
---@field bbo_level? bybit.bbo_level The level of the book that bbo_side_type takes the price from: 1 to 5.
---@field rpi_taker_access? boolean The order may match RPI quotes.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.place_order.some : bybit.place_order.params

---Parameters of place_conditional_order.
---@class (exact) bybit.place_conditional_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field side bybit.side Buy or Sell.
---@field type bybit.order_type Limit; or Market, which trades at once, inside a protective price.
---@field quantity bybit.exact How much to trade: a multiple of the contract's step. 0 closes the whole position. Unit: whole contracts of 1 USD; of linear contracts base coin.
---@field price? bybit.exact The price: a multiple of the contract's tick. Market orders ignore it. Unit: quote coin.
---@field trigger_price bybit.exact The price that has to be reached. Unit: quote coin.
---@field base_price? bybit.exact Where the price comes from, normally the current price: below the trigger price it has to rise, above it to fall. Not sent on this wire; a stale one gives the wrong direction. Unit: quote coin.
---@field trigger_direction? bybit.trigger_direction In place of base_price: from which side the price comes.
---@field trigger_type? bybit.trigger_type Which price triggers; the exchange's default is LastPrice.
---@field time_in_force? bybit.time_in_force How long the order lives: GTC for Limit and IOC for Market when left out. Market can only be IOC.
---@field position_mode? integer Which position: 0 in one-way mode, as of every inverse contract; in hedge mode 1 the long one, 2 the short one. Default: 0.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field reduce_only? boolean The order may only reduce the position.
---@field close_on_trigger? boolean The order may only reduce the position. If the balance is too small, other orders are cancelled to make room for it.
---@field take_profit_price? bybit.exact Take profit of the position that the order opens. Unit: quote coin.
---@field stop_loss_price? bybit.exact Stop loss of the position that the order opens. Unit: quote coin.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_order_type? bybit.order_type What the take profit becomes: Market (the default), or Limit in Partial mode.
---@field sl_order_type? bybit.order_type What the stop loss becomes: Market (the default), or Limit in Partial mode.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: quote coin.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: quote coin.
---@field smp_type? bybit.smp_type Which order gives way when two of the same group would trade with each other.
---@field bbo_side_type? bybit.bbo_side_type For Limit orders: takes the price from the order's own side of the book (Queue) or from the other (Counterparty).
---@field bbo_level? bybit.bbo_level The level of the book that bbo_side_type takes the price from: 1 to 5.
---@field rpi_taker_access? boolean The order may match RPI quotes.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.place_conditional_order.some : bybit.place_conditional_order.params

---Parameters of modify_order.
---@class (exact) bybit.modify_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string The exchange's id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field new_price? bybit.exact The new price; unchanged when left out. Unit: quote coin.
---@field new_quantity? bybit.exact The new total, more than what is filled; unchanged when left out. Unit: whole contracts of 1 USD; of linear contracts base coin.
---@field take_profit_price? bybit.exact 0 removes it; unchanged when left out. Unit: quote coin.
---@field stop_loss_price? bybit.exact 0 removes it; unchanged when left out. Unit: quote coin.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: quote coin.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: quote coin.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.modify_order.some : bybit.modify_order.params

---Parameters of modify_conditional_order.
---@class (exact) bybit.modify_conditional_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_id? string The exchange's id.
---@field order_id? string The same as stop_order_id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field new_price? bybit.exact The new price; unchanged when left out. Unit: quote coin.
---@field new_quantity? bybit.exact The new total, more than what is filled; unchanged when left out. Unit: whole contracts of 1 USD; of linear contracts base coin.
---@field new_trigger_price? bybit.exact Moves the price of a take profit or stop loss order too. Unit: quote coin.
---@field trigger_type? bybit.trigger_type Which price triggers; the exchange's default is LastPrice.
---@field take_profit_price? bybit.exact 0 removes it; unchanged when left out. Unit: quote coin.
---@field stop_loss_price? bybit.exact 0 removes it; unchanged when left out. Unit: quote coin.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: quote coin.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: quote coin.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.modify_conditional_order.some : bybit.modify_conditional_order.params

---Parameters of cancel_order.
---@class (exact) bybit.cancel_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string The exchange's id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_order.some : bybit.cancel_order.params

---Parameters of cancel_conditional_order.
---@class (exact) bybit.cancel_conditional_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_id? string The exchange's id.
---@field order_id? string The same as stop_order_id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_conditional_order.some : bybit.cancel_conditional_order.params

---Parameters of cancel_all_orders.
---@class (exact) bybit.cancel_all_orders.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_all_orders.some : bybit.cancel_all_orders.params

---Parameters of cancel_all_conditional_orders.
---@class (exact) bybit.cancel_all_conditional_orders.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_type? bybit.stop_order_filter Stop: only conditional orders.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_all_conditional_orders.some : bybit.cancel_all_conditional_orders.params

---A list of orders for place_multiple_orders, and the options of the call.
---@class (exact) bybit.place_multiple_orders.params : bybit.CallOptions
---@field [integer] bybit.place_multiple_orders.order
---@field category? bybit.category The kind of contracts, in place of the client's.

---An order of place_multiple_orders.
---@class (exact) bybit.place_multiple_orders.order
---@field extra? table Fields of the wire that have no parameter yet; they are sent as they are.
---@field symbol string The contract, such as BTCUSD.
---@field side bybit.side Buy or Sell.
---@field type bybit.order_type Limit; or Market, which trades at once, inside a protective price.
---@field quantity bybit.exact How much to trade: a multiple of the contract's step. 0 closes the whole position. Unit: whole contracts of 1 USD; of linear contracts base coin.
---@field price? bybit.exact The price: a multiple of the contract's tick. Market orders ignore it. Unit: quote coin.
---@field time_in_force? bybit.time_in_force How long the order lives: GTC for Limit and IOC for Market when left out. Market can only be IOC.
---@field position_mode? integer Which position: 0 in one-way mode, as of every inverse contract; in hedge mode 1 the long one, 2 the short one. Default: 0.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field reduce_only? boolean The order may only reduce the position.
---@field close_on_trigger? boolean The order may only reduce the position. If the balance is too small, other orders are cancelled to make room for it.
---@field take_profit_price? bybit.exact Take profit of the position that the order opens. Unit: quote coin.
---@field stop_loss_price? bybit.exact Stop loss of the position that the order opens. Unit: quote coin.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_order_type? bybit.order_type What the take profit becomes: Market (the default), or Limit in Partial mode.
---@field sl_order_type? bybit.order_type What the stop loss becomes: Market (the default), or Limit in Partial mode.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: quote coin.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: quote coin.
---@field smp_type? bybit.smp_type Which order gives way when two of the same group would trade with each other.
---@field trigger_price? bybit.exact The price that has to be reached. Unit: quote coin.
---@field base_price? bybit.exact Where the price comes from, normally the current price: below the trigger price it has to rise, above it to fall. Not sent on this wire; a stale one gives the wrong direction. Unit: quote coin.
---@field trigger_direction? bybit.trigger_direction In place of base_price: from which side the price comes.
---@field trigger_type? bybit.trigger_type Which price triggers; the exchange's default is LastPrice.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.place_multiple_orders.some : bybit.place_multiple_orders.params

---A list of orders for modify_multiple_orders, and the options of the call.
---@class (exact) bybit.modify_multiple_orders.params : bybit.CallOptions
---@field [integer] bybit.modify_multiple_orders.order
---@field category? bybit.category The kind of contracts, in place of the client's.

---An order of modify_multiple_orders.
---@class (exact) bybit.modify_multiple_orders.order
---@field extra? table Fields of the wire that have no parameter yet; they are sent as they are.
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string The exchange's id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field new_price? bybit.exact The new price; unchanged when left out. Unit: quote coin.
---@field new_quantity? bybit.exact The new total, more than what is filled; unchanged when left out. Unit: whole contracts of 1 USD; of linear contracts base coin.
---@field take_profit_price? bybit.exact 0 removes it; unchanged when left out. Unit: quote coin.
---@field stop_loss_price? bybit.exact 0 removes it; unchanged when left out. Unit: quote coin.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: quote coin.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: quote coin.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.modify_multiple_orders.some : bybit.modify_multiple_orders.params

---A list of orders for cancel_multiple_orders, and the options of the call.
---@class (exact) bybit.cancel_multiple_orders.params : bybit.CallOptions
---@field [integer] bybit.cancel_multiple_orders.order
---@field category? bybit.category The kind of contracts, in place of the client's.

---An order of cancel_multiple_orders.
---@class (exact) bybit.cancel_multiple_orders.order
---@field extra? table Fields of the wire that have no parameter yet; they are sent as they are.
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string The exchange's id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field stop_order_id? string The exchange's id.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.cancel_multiple_orders.some : bybit.cancel_multiple_orders.params

---Parameters of set_leverage.
---@class (exact) bybit.set_leverage.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field buy_leverage bybit.exact Of long positions.
---@field sell_leverage bybit.exact Of short positions: the same, in one-way mode and under cross margin.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.set_leverage.some : bybit.set_leverage.params

---Parameters of switch_position_mode.
---@class (exact) bybit.switch_position_mode.params : bybit.CallOptions
---@field symbol? string The contract, such as BTCUSD.
---@field coin? string In place of a contract: all linear contracts that settle in this coin, also those that are listed later.
---@field mode bybit.holding_mode OneWay: one position. Hedge: a long and a short one.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.switch_position_mode.some : bybit.switch_position_mode.params

---Parameters of set_trading_stop.
---@class (exact) bybit.set_trading_stop.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field take_profit_price? bybit.exact 0 removes it; unchanged when left out. Unit: quote coin.
---@field stop_loss_price? bybit.exact 0 removes it; unchanged when left out. Unit: quote coin.
---@field trailing_stop_price? bybit.exact A distance, in spite of its name; 0 removes it. Unit: quote coin.
---@field trailing_stop_distance? bybit.exact The same as trailing_stop_price.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field trailing_stop_trigger_price? bybit.exact The trailing stop starts when this price is reached; at once when left out. Unit: quote coin.
---@field tpsl_mode? bybit.tpsl_mode When left out: Partial if a quantity is given, otherwise Full.
---@field take_profit_quantity? bybit.exact Partial mode: how much of the position; the same as stop_loss_quantity if both are given. Unit: whole contracts of 1 USD; of linear contracts base coin.
---@field stop_loss_quantity? bybit.exact Partial mode: how much of the position. Unit: whole contracts of 1 USD; of linear contracts base coin.
---@field tp_order_type? bybit.order_type What the take profit becomes: Market (the default), or Limit in Partial mode.
---@field sl_order_type? bybit.order_type What the stop loss becomes: Market (the default), or Limit in Partial mode.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: quote coin.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: quote coin.
---@field position_mode? integer Which position: 0 in one-way mode, as of every inverse contract; in hedge mode 1 the long one, 2 the short one. Default: 0.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.set_trading_stop.some : bybit.set_trading_stop.params

---Parameters of set_auto_add_margin.
---@class (exact) bybit.set_auto_add_margin.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field auto_add_margin bybit.switch ON or OFF.
---@field position_mode? integer Which position: 0 in one-way mode, as of every inverse contract; in hedge mode 1 the long one, 2 the short one. Default: 0.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.set_auto_add_margin.some : bybit.set_auto_add_margin.params

---Parameters of add_or_reduce_margin.
---@class (exact) bybit.add_or_reduce_margin.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field margin bybit.exact How much to add, with at most 4 decimals; below 0 it is taken away. Unit: settle coin.
---@field position_mode? integer Which position: 0 in one-way mode, as of every inverse contract; in hedge mode 1 the long one, 2 the short one. Default: 0.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.add_or_reduce_margin.some : bybit.add_or_reduce_margin.params

---Parameters of set_margin_mode.
---@class (exact) bybit.set_margin_mode.params : bybit.CallOptions
---@field margin_mode bybit.margin_mode The mode.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.set_margin_mode.some : bybit.set_margin_mode.params

---Parameters of set_collateral_switch.
---@class (exact) bybit.set_collateral_switch.params : bybit.CallOptions
---@field coin string The coin, such as BTC.
---@field collateral_switch bybit.switch ON or OFF.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.set_collateral_switch.some : bybit.set_collateral_switch.params

---Parameters of set_price_limit_behavior.
---@class (exact) bybit.set_price_limit_behavior.params : bybit.CallOptions
---@field modify_enable boolean True: moved to the limit. False: refused.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.set_price_limit_behavior.some : bybit.set_price_limit_behavior.params

---Parameters of request_demo_funds.
---@class (exact) bybit.request_demo_funds.params : bybit.CallOptions
---@field coin string The coin, such as BTC.
---@field amount bybit.exact How much; below 0 it is taken away. At most 15 BTC, 200 ETH, 100000 USDT or USDC at once. Unit: coin.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.request_demo_funds.some : bybit.request_demo_funds.params

---Parameters of create_internal_transfer.
---@class (exact) bybit.create_internal_transfer.params : bybit.CallOptions
---@field transfer_id? string Your own id: a UUID in small letters, never used before.
---@field coin string The coin, such as BTC.
---@field amount bybit.exact How much. Unit: coin.
---@field from_account_type bybit.account_type From where.
---@field to_account_type bybit.account_type To where.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.create_internal_transfer.some : bybit.create_internal_transfer.params

---Parameters of get_orders.
---@class (exact) bybit.get_orders.params : bybit.CallOptions
---@field symbol? string Only this contract; all of the category when left out.
---@field settle_coin? string Only contracts that settle in this coin.
---@field base_coin? string Only contracts about this coin: BTC of BTCUSD.
---@field order_id? string Only this order, open or closed.
---@field client_order_id? string Only the order with this id of your own.
---@field status? bybit.order_status Only orders of this status. With one of open orders a page may be short of its limit.
---@field direction? bybit.search_direction next; prev exists on the v2 wire only.
---@field limit? integer Page size; 20 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_orders.some : bybit.get_orders.params

---Parameters of get_conditional_orders.
---@class (exact) bybit.get_conditional_orders.params : bybit.CallOptions
---@field symbol? string Only this contract; all of the category when left out.
---@field settle_coin? string Only contracts that settle in this coin.
---@field base_coin? string Only contracts about this coin: BTC of BTCUSD.
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
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_conditional_orders.some : bybit.get_conditional_orders.params

---Parameters of get_open_order_real_time.
---@class (exact) bybit.get_open_order_real_time.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field order_id? string The exchange's id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_open_order_real_time.some : bybit.get_open_order_real_time.params

---Parameters of get_open_orders_real_time.
---@class (exact) bybit.get_open_orders_real_time.params : bybit.CallOptions
---@field symbol? string Only this contract; all of the category when left out.
---@field settle_coin? string Only contracts that settle in this coin.
---@field base_coin? string Only contracts about this coin: BTC of BTCUSD.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_open_orders_real_time.some : bybit.get_open_orders_real_time.params

---Parameters of get_open_conditional_order_real_time.
---@class (exact) bybit.get_open_conditional_order_real_time.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field stop_order_id? string The exchange's id.
---@field order_id? string The same as stop_order_id.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_open_conditional_order_real_time.some : bybit.get_open_conditional_order_real_time.params

---Parameters of get_open_conditional_orders_real_time.
---@class (exact) bybit.get_open_conditional_orders_real_time.params : bybit.CallOptions
---@field symbol? string Only this contract; all of the category when left out.
---@field settle_coin? string Only contracts that settle in this coin.
---@field base_coin? string Only contracts about this coin: BTC of BTCUSD.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_open_conditional_orders_real_time.some : bybit.get_open_conditional_orders_real_time.params

---Parameters of get_user_trades.
---@class (exact) bybit.get_user_trades.params : bybit.CallOptions
---@field symbol? string Only this contract; all of the category when left out.
---@field settle_coin? string Only contracts that settle in this coin.
---@field base_coin? string Only contracts about this coin: BTC of BTCUSD.
---@field order_id? string Only executions of this order; the exchange then ignores the other filters.
---@field client_order_id? string Only executions of the order with this id of your own.
---@field trade_type? bybit.trade_type Only executions of this kind.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field page? integer Counted from 1.
---@field page_size? integer How many executions a page holds; 50 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field id_prefix? string Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_user_trades.some : bybit.get_user_trades.params

---Parameters of get_position.
---@class (exact) bybit.get_position.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field position_mode? integer Which position: 0 the only one; in hedge mode 1 the long one, 2 the short one. Default: 0.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_position.some : bybit.get_position.params

---Parameters of get_positions.
---@class (exact) bybit.get_positions.params : bybit.CallOptions
---@field symbol? string Only this contract.
---@field settle_coin? string Only contracts that settle in this coin.
---@field limit? integer Page size; 20 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_positions.some : bybit.get_positions.params

---Parameters of get_closed_profit_loss.
---@class (exact) bybit.get_closed_profit_loss.params : bybit.CallOptions
---@field symbol? string Only this contract.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 50 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_closed_profit_loss.some : bybit.get_closed_profit_loss.params

---Parameters of get_futures_leverage.
---@class (exact) bybit.get_futures_leverage.params : bybit.CallOptions
---@field symbol? string Only this contract.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_futures_leverage.some : bybit.get_futures_leverage.params

---Parameters of get_server_time.
---@class (exact) bybit.get_server_time.params : bybit.CallOptions

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_server_time.some : bybit.get_server_time.params

---Parameters of get_klines.
---@class (exact) bybit.get_klines.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field interval bybit.kline_interval How long a candle is: minutes as a text, or D, W, M.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 200 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field columns? boolean The result is a table with a list for each field: start_time, open_price and so on.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_klines.some : bybit.get_klines.params

---Parameters of get_mark_price_klines.
---@class (exact) bybit.get_mark_price_klines.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field interval bybit.kline_interval How long a candle is: minutes as a text, or D, W, M.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 200 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field columns? boolean The result is a table with a list for each field: start_time, open_price and so on.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_mark_price_klines.some : bybit.get_mark_price_klines.params

---Parameters of get_index_price_klines.
---@class (exact) bybit.get_index_price_klines.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field interval bybit.kline_interval How long a candle is: minutes as a text, or D, W, M.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 200 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field columns? boolean The result is a table with a list for each field: start_time, open_price and so on.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_index_price_klines.some : bybit.get_index_price_klines.params

---Parameters of get_premium_index_price_klines.
---@class (exact) bybit.get_premium_index_price_klines.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field interval bybit.kline_interval How long a candle is: minutes as a text, or D, W, M.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 200 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field columns? boolean The result is a table with a list for each field: start_time, open_price and so on.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_premium_index_price_klines.some : bybit.get_premium_index_price_klines.params

---Parameters of get_instruments.
---@class (exact) bybit.get_instruments.params : bybit.CallOptions
---@field symbol? string Only this contract.
---@field status? bybit.instrument_status Only contracts of this status.
---@field base_coin? string Only contracts about this coin; the exchange then sends linear and inverse ones.
---@field symbol_type? string Only contracts of this type, such as innovation; they are linear.
---@field limit? integer Page size; 500 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_instruments.some : bybit.get_instruments.params

---Parameters of get_order_book.
---@class (exact) bybit.get_order_book.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field depth? integer How many levels of each side; 25 when left out. Unit: levels.
---@field limit? integer The same as depth.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_order_book.some : bybit.get_order_book.params

---Parameters of pre_check_order.
---@class (exact) bybit.pre_check_order.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field side bybit.side Buy or Sell.
---@field type bybit.order_type Limit; or Market, which trades at once, inside a protective price.
---@field quantity bybit.exact How much to trade: a multiple of the contract's step. 0 closes the whole position. Unit: whole contracts of 1 USD; of linear contracts base coin.
---@field price? bybit.exact The price: a multiple of the contract's tick. Market orders ignore it. Unit: quote coin.
---@field time_in_force? bybit.time_in_force How long the order lives: GTC for Limit and IOC for Market when left out. Market can only be IOC.
---@field position_mode? integer Which position: 0 in one-way mode, as of every inverse contract; in hedge mode 1 the long one, 2 the short one. Default: 0.
---@field client_order_id? string Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account.
---@field reduce_only? boolean The order may only reduce the position.
---@field close_on_trigger? boolean The order may only reduce the position. If the balance is too small, other orders are cancelled to make room for it.
---@field take_profit_price? bybit.exact Take profit of the position that the order opens. Unit: quote coin.
---@field stop_loss_price? bybit.exact Stop loss of the position that the order opens. Unit: quote coin.
---@field take_profit_trigger_type? bybit.trigger_type Which price the take profit looks at; the exchange's default is LastPrice.
---@field stop_loss_trigger_type? bybit.trigger_type Which price the stop loss looks at; the exchange's default is LastPrice.
---@field tpsl_mode? bybit.tpsl_mode Full: for the whole position; Partial: for a part, as Limit orders want it.
---@field tp_order_type? bybit.order_type What the take profit becomes: Market (the default), or Limit in Partial mode.
---@field sl_order_type? bybit.order_type What the stop loss becomes: Market (the default), or Limit in Partial mode.
---@field tp_limit_price? bybit.exact Price of a take profit that is a Limit order. Unit: quote coin.
---@field sl_limit_price? bybit.exact Price of a stop loss that is a Limit order. Unit: quote coin.
---@field smp_type? bybit.smp_type Which order gives way when two of the same group would trade with each other.
---@field slippage_tolerance_type? bybit.slippage_tolerance_type For Market orders: the unit of slippage_tolerance.
---@field slippage_tolerance? bybit.exact How far from the best price a Market order may go. Unit: ticks (1 to 10000) or percent (0.01 to 10).
---@field bbo_side_type? bybit.bbo_side_type For Limit orders: takes the price from the order's own side of the book (Queue) or from the other (Counterparty).
---@field bbo_level? bybit.bbo_level The level of the book that bbo_side_type takes the price from: 1 to 5.
---@field rpi_taker_access? boolean The order may match RPI quotes.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.pre_check_order.some : bybit.pre_check_order.params

---Parameters of get_rpi_orderbook.
---@class (exact) bybit.get_rpi_orderbook.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field depth integer How many levels of each side. Unit: levels.
---@field limit? integer The same as depth.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_rpi_orderbook.some : bybit.get_rpi_orderbook.params

---Parameters of get_full_orderbook.
---@class (exact) bybit.get_full_orderbook.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_full_orderbook.some : bybit.get_full_orderbook.params

---Parameters of get_ticker.
---@class (exact) bybit.get_ticker.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_ticker.some : bybit.get_ticker.params

---Parameters of get_tickers.
---@class (exact) bybit.get_tickers.params : bybit.CallOptions
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_tickers.some : bybit.get_tickers.params

---Parameters of get_funding_rate_history.
---@class (exact) bybit.get_funding_rate_history.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 200 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_funding_rate_history.some : bybit.get_funding_rate_history.params

---Parameters of get_trade_history.
---@class (exact) bybit.get_trade_history.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field limit? integer How many; 500 when left out. Unit: records.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_trade_history.some : bybit.get_trade_history.params

---Parameters of get_open_interest.
---@class (exact) bybit.get_open_interest.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field interval bybit.period The time between two values.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 50 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_open_interest.some : bybit.get_open_interest.params

---Parameters of get_risk_limit.
---@class (exact) bybit.get_risk_limit.params : bybit.CallOptions
---@field symbol? string Only this contract.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_risk_limit.some : bybit.get_risk_limit.params

---Parameters of get_insurance.
---@class (exact) bybit.get_insurance.params : bybit.CallOptions
---@field coin? string Only pools of this coin.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_insurance.some : bybit.get_insurance.params

---Parameters of get_delivery_price.
---@class (exact) bybit.get_delivery_price.params : bybit.CallOptions
---@field symbol? string Only this contract.
---@field base_coin? string Options only.
---@field settle_coin? string Only contracts that settle in this coin; USDC when left out.
---@field limit? integer Page size; 50 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_delivery_price.some : bybit.get_delivery_price.params

---Parameters of get_long_short_ratio.
---@class (exact) bybit.get_long_short_ratio.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field period bybit.period The time between two values.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 50 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_long_short_ratio.some : bybit.get_long_short_ratio.params

---Parameters of get_order_price_limit.
---@class (exact) bybit.get_order_price_limit.params : bybit.CallOptions
---@field symbol string The contract, such as BTCUSD.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_order_price_limit.some : bybit.get_order_price_limit.params

---Parameters of get_index_price_components.
---@class (exact) bybit.get_index_price_components.params : bybit.CallOptions
---@field index_name string The index, such as BTCUSD.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_index_price_components.some : bybit.get_index_price_components.params

---Parameters of get_adl_alerts.
---@class (exact) bybit.get_adl_alerts.params : bybit.CallOptions
---@field symbol? string Only this contract.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_adl_alerts.some : bybit.get_adl_alerts.params

---Parameters of get_fee_groups.
---@class (exact) bybit.get_fee_groups.params : bybit.CallOptions
---@field group_id? integer Only this group.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_fee_groups.some : bybit.get_fee_groups.params

---Parameters of get_balances.
---@class (exact) bybit.get_balances.params : bybit.CallOptions
---@field coin? string Only these coins, with commas between them; all that are held when left out.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_balances.some : bybit.get_balances.params

---Parameters of get_balance.
---@class (exact) bybit.get_balance.params : bybit.CallOptions
---@field coin string The coin, such as BTC.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_balance.some : bybit.get_balance.params

---Parameters of get_transferable.
---@class (exact) bybit.get_transferable.params : bybit.CallOptions
---@field coin string The coins, at most 20, with commas between them.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_transferable.some : bybit.get_transferable.params

---Parameters of get_disconnect_cancel_all_config.
---@class (exact) bybit.get_disconnect_cancel_all_config.params : bybit.CallOptions

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_disconnect_cancel_all_config.some : bybit.get_disconnect_cancel_all_config.params

---Parameters of get_margin_account_info.
---@class (exact) bybit.get_margin_account_info.params : bybit.CallOptions

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_margin_account_info.some : bybit.get_margin_account_info.params

---Parameters of get_account_instruments.
---@class (exact) bybit.get_account_instruments.params : bybit.CallOptions
---@field symbol? string Only this contract.
---@field limit? integer Page size; 200 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_account_instruments.some : bybit.get_account_instruments.params

---Parameters of get_fee_rate.
---@class (exact) bybit.get_fee_rate.params : bybit.CallOptions
---@field symbol? string Only this contract.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_fee_rate.some : bybit.get_fee_rate.params

---Parameters of get_transaction_history.
---@class (exact) bybit.get_transaction_history.params : bybit.CallOptions
---@field currency? string Only the wallet of this coin.
---@field base_coin? string Only contracts about this coin.
---@field type? bybit.transaction_type Only lines of this kind.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 20 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_transaction_history.some : bybit.get_transaction_history.params

---Parameters of get_collateral_info.
---@class (exact) bybit.get_collateral_info.params : bybit.CallOptions
---@field currency? string Only this coin.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_collateral_info.some : bybit.get_collateral_info.params

---Parameters of get_smp_group.
---@class (exact) bybit.get_smp_group.params : bybit.CallOptions

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_smp_group.some : bybit.get_smp_group.params

---Parameters of get_user_setting_config.
---@class (exact) bybit.get_user_setting_config.params : bybit.CallOptions

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_user_setting_config.some : bybit.get_user_setting_config.params

---Parameters of get_delivery_history.
---@class (exact) bybit.get_delivery_history.params : bybit.CallOptions
---@field symbol? string Only this contract.
---@field expiry? string Only contracts that expired on this day, as 25MAR22.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 20 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.
---@field category? bybit.category The kind of contracts, in place of the client's.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_delivery_history.some : bybit.get_delivery_history.params

---Parameters of get_settlement_history.
---@class (exact) bybit.get_settlement_history.params : bybit.CallOptions
---@field symbol? string Only this contract.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 20 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_settlement_history.some : bybit.get_settlement_history.params

---Parameters of get_all_asset_balances.
---@class (exact) bybit.get_all_asset_balances.params : bybit.CallOptions
---@field account_type string UNIFIED or FUND.
---@field coin? string Only these coins, at most ten; they have to be named for UNIFIED.
---@field member_id? string Of this sub-account, with the key of its main account.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_all_asset_balances.some : bybit.get_all_asset_balances.params

---Parameters of get_internal_transfers.
---@class (exact) bybit.get_internal_transfers.params : bybit.CallOptions
---@field transfer_id? string Only this transfer.
---@field coin? string Only transfers of this coin.
---@field status? bybit.transfer_status Only transfers that stand so.
---@field start_time? integer|string Only from this moment on. Unit: ms, or ISO text.
---@field end_time? integer|string Only up to this moment. Unit: ms, or ISO text.
---@field limit? integer Page size; 20 when left out. Unit: records.
---@field cursor? string The `next_cursor` of the page before, unchanged.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_internal_transfers.some : bybit.get_internal_transfers.params

---Parameters of get_api_key_info.
---@class (exact) bybit.get_api_key_info.params : bybit.CallOptions

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_api_key_info.some : bybit.get_api_key_info.params

---Parameters of get_system_status.
---@class (exact) bybit.get_system_status.params : bybit.CallOptions
---@field id? string Only this one.
---@field state? bybit.system_state Only those that stand so.

---The same, where a view fills in the rest.
---@class (exact, partial) bybit.get_system_status.some : bybit.get_system_status.params

---@class bybit.SimulationReport
---@field figures table profit_coin, profit_usd, drawdown_coin, drawdown_usd, sharpe, sortino, calmar (of daily returns of the equity in coin, 365 days, no risk-free rate; nil where there are too few days), win_rate, profit_factor (of round trips, from flat to flat), exposure, turnover, fees, funding, trades, and others
---@field orders table[] every order, as exchange:books() has them
---@field trades table[] every execution, oldest first
---@field equity { time: integer[], coin: number[], usd: number[], price: number[], position: number[] } what the account was worth, as columns
---@field orders_left table[] orders that were open at the end
---@field unsettled table[] calls whose outcome is open
---@field requests integer how many requests were sent
---@field limited integer how many of them the exchange refused for a rate limit
---@field retries integer how many requests were not the first of their call
---@field unknowns integer how many calls ended with the outcome unknown
---@field faults table<string, integer> how often each kind of fault struck
---@field fault_events bybit.FaultEvent[] each fault that struck; simulate takes them as `events`
---@field nearest_liquidation number? how near the price came to the liquidation of a position, as a fraction of the price
---@field largest_position number the largest position, below 0: a short one
---@field begin integer ms: when it began
---@field stop integer ms: when it ended
---@field coin string in which profit_coin and the like are
---@field symbol string whose price is in the picture
---@field seed integer from which all was drawn
---@field error any what the strategy raised; nil: nothing
---@field traceback string? of the error
---@field cancelled boolean it did not end within a minute after its token, and was cancelled
---@field band { [string]: number }? profit_coin by path
local SimulationReport = {}

---What differs from another report: a line for each figure that is not the same, and for requests, retries, unknown outcomes and what was
---left at the end. Empty when nothing does.
---@param other bybit.SimulationReport
---@return string
function SimulationReport:diff(other) end

---Writes a page with figures and pictures, which needs no other file: equity in coin and USD, its falls, price with fills, position.
---Raises when it cannot be written.
---@param path string
function SimulationReport:html(path) end

---What happened, a line for each request; with the option `journal = true`. Two runs of one seed have the same.
---@return string[]
function SimulationReport:journal() end

---@class bybit.paper.Exchange
---@field url string its address
---@field port integer its port
---@field key string the first account's key
---@field secret string? the first account's secret
---@field keys bybit.paper.Key[] all accounts
local Exchange = {}

---Moves time alone, on an exchange with a manual clock. The market stands still meanwhile, but for those that `prices` drive.
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

---Runs a strategy with one seed after another, with faults, on all processors, until one breaks it: it raises, an order whose outcome it
---was not told is there at the end and nobody settled it, or `check(report)` gives false and a reason. Then it leaves out one fault after
---another, as long as the run still fails.
---@param options bybit.paper.SimulationOptions as of bybit.paper.simulate; without faults every kind strikes now and then; without prices a run lasts ten minutes (`duration`), and the market takes a step each second (`tick`)
---@param strategy fun(client: bybit.Client, stop: bybit.Token)
---@param settings? {seeds: integer?, first: integer?, failures: integer?, processes: integer?, progress: boolean?, check: (fun(report: bybit.SimulationReport): boolean, string?)?, command: string?} seeds: how many (1000), from `first` (1) on; it ends after so many `failures` (1); progress: a bar on a terminal
---@return bybit.Failure[] failures by their seeds; none: no seed has broken it
function paper.explore(options, strategy, settings) end

---Runs an exchange in the foreground, until Ctrl-C. Raises when the port cannot be had.
---@param options? bybit.paper.Options
function paper.serve(options) end

---Runs a strategy, f(client, stop) as for bybit.main, against the paper exchange's rules inside this Lua state, in virtual time: what
---waits moves time and market on. os.time, os.date, os.clock and math.random are virtual meanwhile. At the end of the prices, or of
---`duration`, the token `stop` is cancelled; a strategy that has not ended a minute later is cancelled, and its deferred functions run.
---An error that the strategy raises is in the report (`report.error`, `report.traceback`).
---@param options bybit.paper.SimulationOptions
---@param strategy fun(client: bybit.Client, stop: bybit.Token)
---@return bybit.SimulationReport report
function paper.simulate(options, strategy) end

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

---@class bybit.Reader
---@operator call: table?
local Reader = {}

---Closes the file. A reader that has come to its end is closed.
function Reader:close() end

---How much was read: 0 to 1.
---@return number
function Reader:part() end

---@class bybit.history
local history = {}

---Candles from CSV files, plain or gzipped: the columns are found by their names (time, open, high, low, close, volume and the like).
---Files without names are the exchange's files for MetaTrader, or rows as market/kline answers. Nil and a message when a file cannot be
---opened. A mistake in a file raises where it is read, with the number of the line.
---@param paths string|string[] files, oldest first; months may overlap
---@param options? {utc_offset: number?, progress: boolean|fun(part: number)|nil} hours that the file's clock is ahead of UTC (it is said of the exchange's files for MetaTrader that they are 3 ahead); progress: true shows a bar on a terminal
---@return bybit.Reader? reader `for kline in reader do`
---@return string? message
function history.klines(paths, options) end

---Order books from the exchange's public files, unpacked or gzipped: a line is a message of its stream, first a snapshot, then what has
---changed. Each is {type = "snapshot"|"delta", symbol, timestamp, update_id, bids, asks}; a level of quantity 0 is gone. A message that is
---missing between two others is an error.
---@param paths string|string[] files, oldest first
---@param options? {progress: boolean|fun(part: number)|nil}
---@return bybit.Reader? reader `for message in reader do`
---@return string? message
function history.order_book(paths, options) end

---What the option `record` of client:stream, client:order_book and client:follow has written, as the events that they gave: each
---topic's, `live` and `stale`; and each message of an order book, {kind = "order_book", order_book = message}, as
---bybit.history.order_book gives it. `event.heard` is when a message came, ms. Where lines are missing there is a `stale` with the reason
---"recording". In a simulation it gives the trades of the symbol that it stands for; each symbol needs a reader of its own.
---@param paths string|string[] files, oldest first
---@param options? {progress: boolean|fun(part: number)|nil}
---@return bybit.Reader? reader `for event in reader do`
---@return string? message
function history.recording(paths, options) end

---Trades from CSV files, plain or gzipped, by the names of their columns (timestamp, price; size, side and others where they are
---there): the exchange's public files, and others. Otherwise like bybit.history.klines.
---@param paths string|string[] files, oldest first
---@param options? {progress: boolean|fun(part: number)|nil}
---@return bybit.Reader? reader `for trade in reader do`
---@return string? message
function history.trades(paths, options) end

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

---A contract: exact arithmetic, the contract's fields, and the client's methods with the symbol filled in; see client:instrument.
---@class bybit.Instrument : bybit.View, bybit.instrument
local Instrument = {}

---Would the exchange refuse these parameters of an order for the contract's steps and limits? True, or nil, why, and the name of the
---field. Balance, price limit and risk are not looked at.
---@param order table parameters of place_order, modify_order and the like
---@return boolean? true
---@return string? why
---@return string? field
function Instrument:check(order) end

---The price at which an isolated position would be liquidated, by the rule of the exchange's help pages of May 2026. Nil where there is
---none in the range of prices.
---@param params { side: "Buy"|"Sell", quantity: bybit.exact, entry: bybit.exact, leverage: bybit.exact, margin?: bybit.exact } margin: what was added to the position's margin
---@return bybit.Decimal?
function Instrument:liquidation_price(params) end

---Initial margin of so many contracts, in the settle coin.
---@param params { quantity: bybit.exact, price: bybit.exact, leverage: bybit.exact }
---@return bybit.Decimal
function Instrument:margin(params) end

---Profit of a position between two prices, in the settle coin, without fees.
---@param side "Buy"|"Sell" Buy: long
---@param quantity bybit.exact
---@param entry bybit.exact
---@param exit bybit.exact
---@return bybit.Decimal
function Instrument:profit(side, quantity, entry, exit) end

---How many contracts to trade, rounded down to the step (0 where it is less than a step): for so much money (`usd`; of a linear contract
---with `price`), for a value in the settle coin (`value` with `price`), or the most that lose no more than `risk`, in the settle coin,
---between `entry` and `exit`. Fees are counted with `fees = true`, as the taker's on both sides.
---@param params { usd?: bybit.exact, value?: bybit.exact, price?: bybit.exact, risk?: bybit.exact, side?: "Buy"|"Sell", entry?: bybit.exact, exit?: bybit.exact, fees?: boolean }
---@return bybit.Decimal
function Instrument:quantity_for(params) end

---Reads the contract again. An instrument of client:instrument is at most an hour old.
---@return bybit.Instrument? the same instrument
---@return bybit.Error? err
function Instrument:refresh() end

---Rounds a price to the contract's tick: for a Buy down, for a Sell up, without a side to the nearest tick.
---@param price number|string|bybit.Decimal also a float that is not exact
---@param side? "Buy"|"Sell"
---@return bybit.Decimal
function Instrument:round_price(price, side) end

---Rounds a quantity down to the contract's step.
---@param quantity number|string|bybit.Decimal also a float that is not exact
---@return bybit.Decimal
function Instrument:round_quantity(quantity) end

---Value of so many contracts at a price, in the settle coin.
---@param quantity bybit.exact
---@param price bybit.exact
---@return bybit.Decimal
function Instrument:value(quantity, price) end

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

---Cancels every active order of the symbol, at most 500 in one call: repeat it until the list is empty. With id_prefix the orders are listed and cancelled one by one, those that this client has just placed too.
---@param params bybit.cancel_all_orders.params
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_all_orders(params) end

---Cancels every conditional order of the symbol. The take profits, stop losses and trailing stops that protect a position are among them; stop_order_type = "Stop" spares those. With id_prefix the orders are listed and cancelled one by one, those that this client has just placed too.
---@param params bybit.cancel_all_conditional_orders.params
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_all_conditional_orders(params) end

---Places up to 10 orders with one request, active or conditional ones, of any symbols. Each is placed by itself: the list that is returned has a table for each, the acknowledgement or {error = err}, and `failed` says how many failed. Nil and an error: the request was refused as a whole or never sent, so nothing was placed.
---@param params bybit.place_multiple_orders.params
---@return bybit.batch_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:place_multiple_orders(params) end

---Changes up to 10 active orders with one request. Each is changed by itself: the list that is returned has a table for each, the acknowledgement or {error = err}, and `failed` says how many failed. Conditional orders are changed one by one, by modify_conditional_order.
---@param params bybit.modify_multiple_orders.params
---@return bybit.batch_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:modify_multiple_orders(params) end

---Cancels up to 10 orders with one request, active or conditional ones. Each is cancelled by itself: the list that is returned has a table for each, the acknowledgement or {error = err}, and `failed` says how many failed. An order that is gone already has an error of kind not_found.
---@param params bybit.cancel_multiple_orders.params
---@return bybit.batch_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:cancel_multiple_orders(params) end

---Sets the leverage of a contract, with a position or without. If it is set already, the call is a success with response.unchanged. A higher leverage sets margin of an open position free, and brings its liquidation nearer.
---@param params bybit.set_leverage.params
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:set_leverage(params) end

---Switches a contract between one-way and hedge mode; only USDT perpetuals have hedge mode. There may be no position and no order. If the mode is set already, the call is a success with response.unchanged. With `coin` the contracts that settle in it are switched, but those that have a position or an order are passed over in silence.
---@param params bybit.switch_position_mode.params
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:switch_position_mode(params) end

---Sets, changes or removes take profit, stop loss and trailing stop of the open position. What is left out stays as it is; 0 removes it. In Partial mode the call only adds: never repeat it blindly.
---@param params bybit.set_trading_stop.params
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:set_trading_stop(params) end

---Says whether margin is added to a position by itself. For isolated margin; the exchange documents it for linear contracts only.
---@param params bybit.set_auto_add_margin.params
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:set_auto_add_margin(params) end

---Adds margin to a position, or takes back what was added; isolated margin only. Each copy adds, so the request is sent once. If its answer is lost, no record tells what was added: the outcome stays unknown, and err.position is the position as it stands.
---@param params bybit.add_or_reduce_margin.params
---@return bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:add_or_reduce_margin(params) end

---Sets how all positions of the account are margined.
---@param params bybit.set_margin_mode.params
---@return table|bybit.margin_account_info? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:set_margin_mode(params) end

---Says whether a coin counts as collateral. It means nothing under isolated margin.
---@param params bybit.set_collateral_switch.params
---@return table|bybit.collateral? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:set_collateral_switch(params) end

---Says what happens to an order whose price is beyond the price limit: it is moved to the limit, or refused. It holds for all futures.
---@param params bybit.set_price_limit_behavior.params
---@return table|bybit.user_settings? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:set_price_limit_behavior(params) end

---Asks for play money, or gives it back, where money is play money: at most once a minute. Each copy adds, so the request is sent once; if its answer is lost, the outcome stays unknown: look at the balance.
---@param params bybit.request_demo_funds.params
---@return table? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:request_demo_funds(params) end

---Moves coin between the wallets of the account. The exchange takes a transfer_id once: a transfer whose answer is lost is sent again under its id, and read from the list of transfers. Look at the status: a pending transfer may fail yet.
---@param params bybit.create_internal_transfer.params
---@return bybit.transferred|bybit.transfer? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:create_internal_transfer(params) end

---A page of the account's orders, or of a symbol's: open ones first, then closed ones, newest first. History lags a little, and orders cancelled without a fill leave it after a day.
---@param params bybit.get_orders.params
---@return bybit.order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_orders(params) end

---A page of the account's conditional orders, or of a symbol's: untriggered ones first, then those of the past, newest first.
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

---All open orders of the account, or of a symbol. They are read with a request for every 50, so they are not one snapshot.
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

---All untriggered conditional orders of the account, or of a symbol. Those that protect a position are among them.
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

---The position of a contract. If there is none, side is nil and quantity 0; the leverage is there all the same. In hedge mode a contract has two positions, and position_mode says which; get_positions with the symbol reads both.
---@param params bybit.get_position.params
---@return bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_position(params) end

---The positions of the account that are not flat. With a symbol also a flat one; in hedge mode then both, in any order.
---@param params bybit.get_positions.params
---@return bybit.position_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_positions(params) end

---What the orders won that closed positions, newest first. Fees are counted, funding is not.
---@param params bybit.get_closed_profit_loss.params
---@return bybit.closed_profit_loss_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_closed_profit_loss(params) end

---The leverage that is set, by contract, with a position or without.
---@param params bybit.get_futures_leverage.params
---@return bybit.futures_leverage_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_futures_leverage(params) end

---The exchange's clock. client:now() knows it without a request, as every answer tells it.
---@param params bybit.get_server_time.params
---@return bybit.server_time? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_server_time(params) end

---Candles of what was traded. Newest first; client:each walks back page by page, to start_time or the first candle. The newest candle is not final before its interval is over.
---@param params bybit.get_klines.params
---@return bybit.kline_list|bybit.kline_columns? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_klines(params) end

---Candles of the mark price. Newest first; client:each walks back page by page, to start_time or the first candle. The newest candle is not final before its interval is over.
---@param params bybit.get_mark_price_klines.params
---@return bybit.price_kline_list|bybit.price_kline_columns? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_mark_price_klines(params) end

---Candles of the index price. Newest first; client:each walks back page by page, to start_time or the first candle. The newest candle is not final before its interval is over.
---@param params bybit.get_index_price_klines.params
---@return bybit.price_kline_list|bybit.price_kline_columns? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_index_price_klines(params) end

---Candles of the premium: how far the mark price is from the index price, as a fraction; it may be below 0. Newest first; client:each walks back page by page, to start_time or the first candle. The newest candle is not final before its interval is over.
---@param params bybit.get_premium_index_price_klines.params
---@return bybit.price_kline_list|bybit.price_kline_columns? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_premium_index_price_klines(params) end

---The contracts: steps of price and quantity, limits, coins. Only those that can be traded now, unless status says otherwise.
---@param params bybit.get_instruments.params
---@return bybit.instrument_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_instruments(params) end

---The order book: who sells and who buys, best prices first.
---@param params bybit.get_order_book.params
---@return bybit.order_book? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_order_book(params) end

---Tells how the account's margin would stand after an order, and places nothing. The exchange knows it under cross and portfolio margin only, for inverse contracts under portfolio margin only.
---@param params bybit.pre_check_order.params
---@return bybit.order_check? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:pre_check_order(params) end

---The order book with quotes for retail (RPI), which the other order book leaves out.
---@param params bybit.get_rpi_orderbook.params
---@return bybit.rpi_order_book? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_rpi_orderbook(params) end

---The whole order book, up to 10,000 levels of each side. The exchange gives it on few of its hosts yet.
---@param params bybit.get_full_orderbook.params
---@return bybit.order_book? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_full_orderbook(params) end

---The prices of a contract now, and its last 24 hours.
---@param params bybit.get_ticker.params
---@return bybit.ticker? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_ticker(params) end

---The prices of all contracts now, and their last 24 hours.
---@param params bybit.get_tickers.params
---@return bybit.ticker_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_tickers(params) end

---The fundings that took place, newest first; client:each walks back page by page, to start_time or the first one.
---@param params bybit.get_funding_rate_history.params
---@return bybit.funding_rate_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_funding_rate_history(params) end

---The latest trades of anybody, newest first. get_user_trades has your own.
---@param params bybit.get_trade_history.params
---@return bybit.public_trade_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_trade_history(params) end

---The open positions of all accounts over time, newest first.
---@param params bybit.get_open_interest.params
---@return bybit.open_interest_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_open_interest(params) end

---The tiers of risk: how large a position may be at which leverage.
---@param params bybit.get_risk_limit.params
---@return bybit.risk_limit_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_risk_limit(params) end

---The insurance pools, which pay what liquidations lose. The list has an update_time.
---@param params bybit.get_insurance.params
---@return bybit.insurance_pools? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_insurance(params) end

---The prices at which contracts expired.
---@param params bybit.get_delivery_price.params
---@return bybit.delivery_price_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_delivery_price(params) end

---Which share of the accounts was long, and which short, over time, newest first.
---@param params bybit.get_long_short_ratio.params
---@return bybit.long_short_ratio_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_long_short_ratio(params) end

---How far from the market an order may be now.
---@param params bybit.get_order_price_limit.params
---@return bybit.price_limit? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_order_price_limit(params) end

---What an index price is made of.
---@param params bybit.get_index_price_components.params
---@return bybit.index_price? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_index_price_components(params) end

---How near auto-deleveraging is, by contract. The list has an update_time.
---@param params bybit.get_adl_alerts.params
---@return bybit.adl_alerts? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_adl_alerts(params) end

---The fees of professional accounts by group of contracts. get_fee_rate has your own.
---@param params bybit.get_fee_groups.params
---@return bybit.fee_group_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_fee_groups(params) end

---The coins of the account. The list has the figures of the account too, such as total_equity (in USD); under isolated margin they mean nothing.
---@param params bybit.get_balances.params
---@return bybit.wallet_coins? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_balances(params) end

---A coin of the account.
---@param params bybit.get_balance.params
---@return bybit.balance? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_balance(params) end

---How much may leave the account, by coin: a table from coins to amounts.
---@param params bybit.get_transferable.params
---@return table<string, bybit.Decimal>? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_transferable(params) end

---What is cancelled when a connection is lost; empty for everybody but institutions.
---@param params bybit.get_disconnect_cancel_all_config.params
---@return bybit.disconnect_cancel_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_disconnect_cancel_all_config(params) end

---How the account is set up: margin mode, kind of account.
---@param params bybit.get_margin_account_info.params
---@return bybit.margin_account_info? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_margin_account_info(params) end

---The contracts that the account may trade.
---@param params bybit.get_account_instruments.params
---@return bybit.instrument_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_account_instruments(params) end

---The fees of the account, by contract: a list, also for one contract.
---@param params bybit.get_fee_rate.params
---@return bybit.fee_rate_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_fee_rate(params) end

---The account's ledger, newest first: every trade, funding and transfer, with the wallet after it. The last 24 hours, unless start_time is given.
---@param params bybit.get_transaction_history.params
---@return bybit.transaction_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_transaction_history(params) end

---The coins as collateral, and what can be borrowed of them.
---@param params bybit.get_collateral_info.params
---@return bybit.collateral_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_collateral_info(params) end

---The group of accounts whose orders do not trade with each other.
---@param params bybit.get_smp_group.params
---@return bybit.smp_group? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_smp_group(params) end

---Settings of the account: what happens to an order beyond the price limit, and how fees are paid.
---@param params bybit.get_user_setting_config.params
---@return bybit.user_settings? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_user_setting_config(params) end

---How positions ended when their contracts expired, newest first.
---@param params bybit.get_delivery_history.params
---@return bybit.delivery_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_delivery_history(params) end

---The settlements of sessions of USDC contracts, newest first.
---@param params bybit.get_settlement_history.params
---@return bybit.settlement_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_settlement_history(params) end

---The coins of one kind of account, the funding account for example. The list has account_type and member_id.
---@param params bybit.get_all_asset_balances.params
---@return bybit.asset_account_balances? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_all_asset_balances(params) end

---The transfers between the wallets of the account, newest first.
---@param params bybit.get_internal_transfers.params
---@return bybit.transfer_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_internal_transfers(params) end

---What the client's key is and may do. It needs no permission.
---@param params bybit.get_api_key_info.params
---@return bybit.api_key_info? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_api_key_info(params) end

---Announced, running and past interruptions of the exchange. A pause of less than ten seconds is not among them.
---@param params bybit.get_system_status.params
---@return bybit.system_status_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function Client:get_system_status(params) end

---Waits until this client holds its lease (the option `share`), and has read what earlier holders left: `client:reconcile` with the
---lease as `id_prefix`. Nothing has to be awaited: an order does the same, within its deadline, but it is refused while another client
---holds the lease.
---@param options? {timeout: number?, cancel: bybit.Token?} seconds (30); math.huge waits for ever
---@return table? report what client:reconcile returned when the lease was got: `live` are the open orders under the prefix
---@return bybit.Error? err kind `timeout`, whose message says who holds the lease; `cancelled`
function Client:await_lease(options) end

---Waits until an order is in a state, and returns it as it is then. An order that has ended is returned whichever way it ended,
---since no other state can come: look at its `status`. The order need not be there yet. So a task may wait for an id of the caller's
---own before the order is placed. It polls; tasks that wait for orders of the same symbol share their polls.
---@param params {symbol: string, category: string?, order_id: string?, client_order_id: string?, state: "open"|"triggered"|"filled"|"done"|nil, timeout: number?, cancel: bybit.Token?} one of the ids; state: "open": it is there; "triggered": a conditional order has become an active one; "filled", and "done" (the default): it has ended; timeout: seconds (30), which may be more than the deadline of a call
---@return bybit.order? order
---@return bybit.Error? err kind `timeout` when the time is up, `cancelled`, or that of a read; its `order` is the order as it was seen last (nil: it was never seen)
function Client:await_order(params) end

---What is left of the rate limits: group -> {limit, left, full_in}. `limit` is in requests a second, as the exchange announced
---it, or else as documented or set; `full_in` is in how many seconds all of it is there again. The group `ip` is the address of
---this computer, in requests in 5 seconds (V5 documentation, rate limits); its `banned_for` says for how many seconds the
---exchange shuts it out, and is nil if it does not. The result is nil with `rate = false`.
---@return table<string, {limit: integer, left: integer, full_in: number}>?
function Client:budget() end

---Tells before a strategy starts what may keep it from trading: what the key may do, how account and symbol are set up, how far
---off the clock is, what is left of the limits. It only reads: at most five requests. It prints as a few lines. Without keys it
---looks at the clock alone.
---@param params? {symbol?: string, category?: "inverse"|"linear", timeout?: number, deadline?: number, cancel?: bybit.Token}
---@return bybit.Check? report
---@return bybit.Error? err
function Client:check(params) end

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
---@overload fun(self: bybit.Client, method: "get_positions", params: bybit.get_positions.params, options?: { max: integer? }): bybit.position_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_closed_profit_loss", params: bybit.get_closed_profit_loss.params, options?: { max: integer? }): bybit.closed_profit_loss_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_klines", params: bybit.get_klines.params, options?: { max: integer? }): bybit.kline_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_mark_price_klines", params: bybit.get_mark_price_klines.params, options?: { max: integer? }): bybit.price_kline_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_index_price_klines", params: bybit.get_index_price_klines.params, options?: { max: integer? }): bybit.price_kline_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_premium_index_price_klines", params: bybit.get_premium_index_price_klines.params, options?: { max: integer? }): bybit.price_kline_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_instruments", params: bybit.get_instruments.params, options?: { max: integer? }): bybit.instrument_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_funding_rate_history", params: bybit.get_funding_rate_history.params, options?: { max: integer? }): bybit.funding_rate_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_open_interest", params: bybit.get_open_interest.params, options?: { max: integer? }): bybit.open_interest_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_risk_limit", params: bybit.get_risk_limit.params, options?: { max: integer? }): bybit.risk_limit_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_delivery_price", params: bybit.get_delivery_price.params, options?: { max: integer? }): bybit.delivery_price_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_long_short_ratio", params: bybit.get_long_short_ratio.params, options?: { max: integer? }): bybit.long_short_ratio_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_account_instruments", params: bybit.get_account_instruments.params, options?: { max: integer? }): bybit.instrument_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_transaction_history", params: bybit.get_transaction_history.params, options?: { max: integer? }): bybit.transaction_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_delivery_history", params: bybit.get_delivery_history.params, options?: { max: integer? }): bybit.delivery_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_settlement_history", params: bybit.get_settlement_history.params, options?: { max: integer? }): bybit.settlement_list?, bybit.Error?
---@overload fun(self: bybit.Client, method: "get_internal_transfers", params: bybit.get_internal_transfers.params, options?: { max: integer? }): bybit.transfer_list?, bybit.Error?
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
---@overload fun(self: bybit.Client, method: "get_positions", params: bybit.get_positions.params): fun(): bybit.position, bybit.position_list
---@overload fun(self: bybit.Client, method: "get_closed_profit_loss", params: bybit.get_closed_profit_loss.params): fun(): bybit.closed_profit_loss, bybit.closed_profit_loss_list
---@overload fun(self: bybit.Client, method: "get_klines", params: bybit.get_klines.params): fun(): bybit.kline, bybit.kline_list
---@overload fun(self: bybit.Client, method: "get_mark_price_klines", params: bybit.get_mark_price_klines.params): fun(): bybit.price_kline, bybit.price_kline_list
---@overload fun(self: bybit.Client, method: "get_index_price_klines", params: bybit.get_index_price_klines.params): fun(): bybit.price_kline, bybit.price_kline_list
---@overload fun(self: bybit.Client, method: "get_premium_index_price_klines", params: bybit.get_premium_index_price_klines.params): fun(): bybit.price_kline, bybit.price_kline_list
---@overload fun(self: bybit.Client, method: "get_instruments", params: bybit.get_instruments.params): fun(): bybit.instrument, bybit.instrument_list
---@overload fun(self: bybit.Client, method: "get_funding_rate_history", params: bybit.get_funding_rate_history.params): fun(): bybit.funding_rate, bybit.funding_rate_list
---@overload fun(self: bybit.Client, method: "get_open_interest", params: bybit.get_open_interest.params): fun(): bybit.open_interest, bybit.open_interest_list
---@overload fun(self: bybit.Client, method: "get_risk_limit", params: bybit.get_risk_limit.params): fun(): bybit.risk_limit, bybit.risk_limit_list
---@overload fun(self: bybit.Client, method: "get_delivery_price", params: bybit.get_delivery_price.params): fun(): bybit.delivery_price, bybit.delivery_price_list
---@overload fun(self: bybit.Client, method: "get_long_short_ratio", params: bybit.get_long_short_ratio.params): fun(): bybit.long_short_ratio, bybit.long_short_ratio_list
---@overload fun(self: bybit.Client, method: "get_account_instruments", params: bybit.get_account_instruments.params): fun(): bybit.instrument, bybit.instrument_list
---@overload fun(self: bybit.Client, method: "get_transaction_history", params: bybit.get_transaction_history.params): fun(): bybit.transaction, bybit.transaction_list
---@overload fun(self: bybit.Client, method: "get_delivery_history", params: bybit.get_delivery_history.params): fun(): bybit.delivery, bybit.delivery_list
---@overload fun(self: bybit.Client, method: "get_settlement_history", params: bybit.get_settlement_history.params): fun(): bybit.settlement, bybit.settlement_list
---@overload fun(self: bybit.Client, method: "get_internal_transfers", params: bybit.get_internal_transfers.params): fun(): bybit.transfer, bybit.transfer_list
function Client:each(method, params, options) end

---What happens to the account, in a loop, each fill once. Kinds of events: "trade" (`event.trade`), "order" (`event.order`),
---"position", "wallet", and "live" and "stale", which say whether what was told is all (`event.reason`, `event.since`). What is
---missed while a line is lost is read from history before "live" comes again. `event.bookmark` is a text with which a later loop,
---also of another process, goes on: it gets each fill that this loop did not give out. The loop ends by `break`, by the token
---`cancel`, or with its task; it raises when the exchange refuses the key. Where the client has no streams (`streams = false`, a
---build without libwslay, the v2 wire) it polls, with the same events.
---@param params { symbol: string?, symbols: string[]?, category: string?, since: string|integer|nil, audit: number|false|nil, poll: number?, cancel: bybit.Token?, queue: integer?, heartbeat: number?, patience: number?, record: string? } symbol, symbols: only these contracts, else all of the category; since: a bookmark, or a moment (ISO text or ms), else it begins now; audit: seconds between two comparisons with history (60; false: only when the bookmark needs one); poll: seconds between two looks where there is no stream (1); queue: how many events wait at most for a slow loop (10000); the others as in client:stream
---@return fun(): table? step , table state, nil, table state
function Client:follow(params) end

---Refuses new risk: from here on, calls that add risk return an error of kind `guard` and are not sent, until client:resume().
---Those that wait for their turn end in the same way. Cancels, orders that may only reduce the position, changes that only make
---an order smaller, stops that bound a loss, and calls that read go on. What was sent already is not called back: cancel it.
---With the option `share`, all processes that use the share are halted, each before its next request.
---@param reason string why, for messages
---@return boolean all false: the share is lost, so that only this client is halted
function Client:halt(reason) end

---A contract: its fields (tick_size, quantity_step ...), the client's methods with the symbol filled in, and exact arithmetic. It is
---read with two or three requests, and kept for an hour.
---@param symbol string
---@param options? { category?: "inverse"|"linear", timeout?: number, deadline?: number, cancel?: bybit.Token } of the requests
---@return bybit.Instrument? instrument
---@return bybit.Error? err
function Client:instrument(symbol, options) end

---The exchange's clock in milliseconds, as its answers told it; before the first answer it is the local clock. Makes no
---request.
---@return integer ms
function Client:now() end

---An order book that is kept up to date, exactly, while the program waits for anything. It says why it may be old (`book.stale`),
---and is then read anew by itself: after a lost connection, and when a message was missing, since each has a number. Waits for the
---first state of the book. Close it (`local book <close> = ...` does that).
---@param params { symbol: string, depth: 1|50|200|1000|nil, category: string?, cancel: bybit.Token?, timeout: number?, heartbeat: number?, patience: number?, record: string? } depth: levels of each side (50); timeout: seconds to wait for the first state (10); the others as in client:stream
---@return bybit.OrderBook?
---@return bybit.Error? err
function Client:order_book(params) end

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
---@overload fun(self: bybit.Client, method: "get_positions", params: bybit.get_positions.params): fun(): bybit.position_list
---@overload fun(self: bybit.Client, method: "get_closed_profit_loss", params: bybit.get_closed_profit_loss.params): fun(): bybit.closed_profit_loss_list
---@overload fun(self: bybit.Client, method: "get_klines", params: bybit.get_klines.params): fun(): bybit.kline_list
---@overload fun(self: bybit.Client, method: "get_mark_price_klines", params: bybit.get_mark_price_klines.params): fun(): bybit.price_kline_list
---@overload fun(self: bybit.Client, method: "get_index_price_klines", params: bybit.get_index_price_klines.params): fun(): bybit.price_kline_list
---@overload fun(self: bybit.Client, method: "get_premium_index_price_klines", params: bybit.get_premium_index_price_klines.params): fun(): bybit.price_kline_list
---@overload fun(self: bybit.Client, method: "get_instruments", params: bybit.get_instruments.params): fun(): bybit.instrument_list
---@overload fun(self: bybit.Client, method: "get_funding_rate_history", params: bybit.get_funding_rate_history.params): fun(): bybit.funding_rate_list
---@overload fun(self: bybit.Client, method: "get_open_interest", params: bybit.get_open_interest.params): fun(): bybit.open_interest_list
---@overload fun(self: bybit.Client, method: "get_risk_limit", params: bybit.get_risk_limit.params): fun(): bybit.risk_limit_list
---@overload fun(self: bybit.Client, method: "get_delivery_price", params: bybit.get_delivery_price.params): fun(): bybit.delivery_price_list
---@overload fun(self: bybit.Client, method: "get_long_short_ratio", params: bybit.get_long_short_ratio.params): fun(): bybit.long_short_ratio_list
---@overload fun(self: bybit.Client, method: "get_account_instruments", params: bybit.get_account_instruments.params): fun(): bybit.instrument_list
---@overload fun(self: bybit.Client, method: "get_transaction_history", params: bybit.get_transaction_history.params): fun(): bybit.transaction_list
---@overload fun(self: bybit.Client, method: "get_delivery_history", params: bybit.get_delivery_history.params): fun(): bybit.delivery_list
---@overload fun(self: bybit.Client, method: "get_settlement_history", params: bybit.get_settlement_history.params): fun(): bybit.settlement_list
---@overload fun(self: bybit.Client, method: "get_internal_transfers", params: bybit.get_internal_transfers.params): fun(): bybit.transfer_list
function Client:pages(method, params, options) end

---Settles all open intents together, and reports the state of the account. Nil and an error when the exchange cannot be asked.
---@param options? {symbol: string?, category: string?, id_prefix: string?, deadline: number?, cancel: userdata?} only this symbol, only this kind of contracts; only live orders and trades whose client_order_id begins with this and a '-'; seconds for the whole call (30 and the longest receive window); a cancel token
---@return {settled: table[], live: table[], trades: table[], unclear: table[], unsettled: table[]}? report settled: {method, client_order_id or transfer_id, symbol, time, params, outcome = "placed"|"rejected"|"done" (a change that is no placement), order (of a transfer: transfer; of a setting: record), proof}; live: every own open order (on v2 only for the symbols that the journal knows), of the kinds of contracts that the client, its journal and its open intents are about, and with an `id_prefix` of each kind; trades: own trades since the first open intent; unclear: intents that cannot act any more and that the records do not tell of, with the order, position, transfer or record as it stands; unsettled: intents that are still open, for every symbol
---@return bybit.Error? err
function Client:reconcile(options) end

---Makes a signed request to any endpoint. The result has the names of the wire, strings are texts, and null is `bybit.null`.
---With the option `decimals = true` every text that is a plain number is a decimal, so that it counts exactly and compares as a
---number; ids and moments that are digits too. The category is filled in if it is not given.
---@param verb "GET"|"POST"
---@param path string such as "/v5/account/wallet-balance"
---@param params? table parameters by their names on the wire; decimals are sent as strings
---@param options? table timeout, receive_window and the other options of every call; `decimals`
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

---Takes client:halt back; with the option `share`, for all who use it. Does nothing if the client is not halted.
---@return boolean all false: the share is lost, so that the others cannot be told
function Client:resume() end

---How the calls of this client went. `calls` were made, `requests` were sent for them, and `retries` of these were not the
---first of their call. `unknowns` is how many calls ended with the outcome unknown. `p50` and `p99`: half, and 99 of 100, of the
---last 1024 answered calls took at most so many seconds (nil before the first). The exchange's clock is `clock_offset` ms ahead
---of the local one, and that may be wrong by `clock_doubt` ms (nil before the first answer). `budget` is client:budget(). `halted`
---says why the client refuses new risk (client:halt); nil: it does not. `streams` lists the connections of its streams: url, up,
---topics, connects, messages, and heard: when the last message came (ms). `follows` lists the loops of client:follow: live,
---reason, polls, trades, late, gaps, holes, audits, waiting and audited; nil before the first. `share` is nil without
---the option `share`; else `path`,
---`members` (how many clients use it), `waits` (how often a call had to wait for the others), `losses` and `returns` (how often
---the share was lost and came back), `lost` (why it is lost now), `recovered` (how often a process died with a file's lock); of a
---server `joined` (it was reached), `asked` and `ahead` (how many requests waited for its answer, and went by a turn taken ahead).
---With a lease there is `share.lease`: `name`, `held`, `ready` (what there is was read), `left` (for how many seconds it lasts if it
---is not renewed), `gains`, `losses`, `waits` (how often another was found to have it), and if it is not held `why`, and `holder`:
---pid, since.
---@return table
function Client:stats() end

---Events of the exchange's streams, in a loop that ends by `break`, by the token `cancel`, or with the task that runs it. What is
---asked for stands first: "trade", "ticker", "kline" and "price_limit" of contracts, "order", "execution", "position" and "wallet"
---of the account. An event has its topic's word as `kind`, and the record under that word: `event.kind == "ticker"`, then
---`event.ticker`. Events of kind "live" and "stale" say whether the stream is sure: "live" comes when all topics are subscribed
---to; after "stale" (its `reason` is "connection", "pong", "reader" or "decode") something may be missing, until "live" comes again.
---Connections are made again by themselves. Raises when the exchange refuses a topic or the login.
---With `record` all that comes is also written to a file, a line of JSON for each message, which bybit.history.recording reads. The
---file is made with mode 0600; one that is there goes on at its end. The key is struck out. When a line cannot be written, an event of
---kind "unrecorded" says why, once until lines can be written again.
---@param params { [integer]: string, symbol: string?, symbols: string[]?, interval: string?, category: string?, cancel: bybit.Token?, queue: integer?, heartbeat: number?, patience: number?, record: string? } category: the client's where it is left out; queue: how many events wait at most for a slow reader (1000); heartbeat: seconds between two pings (20); patience: seconds that an answer may take (10). The first reader of a connection sets the last two; record: the path of a file
---@return fun(): table? step , table state, nil, table state
function Client:stream(params) end

---Makes the strategy's own open limit orders on a symbol equal to a list, by the fewest calls: it cancels what is not on the list or
---on the wrong side, then changes what has another price or quantity, and places what is missing. An empty list cancels all. Its own
---are the orders named `<id_prefix>-<tag>-<number>`; no others are touched. Orders that were placed, changed or cancelled so lately
---that the exchange may not list them so yet count as acknowledged. While the outcome of a tag's last call is open, nothing is placed or
---changed under that tag: client:reconcile settles it. After a crash, begin with client:reconcile. Before a client is `visibility` old,
---the call waits until it is, if it would place something: an order that an earlier process placed may not be listed yet. On a paper
---exchange that the client has started itself there is none, and no wait. `quantity` is the whole order's, as in its record: one that
---is partly filled stays as it is, one that is filled is placed again.
---@param list {symbol: string, category: string?, id_prefix: string?, deadline: number?, timeout: number?, cancel: bybit.Token?, [integer]: {tag: string, side: "Buy"|"Sell", quantity: any, price: any, time_in_force: string?, reduce_only: boolean?}} each tag once; id_prefix: the client's when left out; deadline, timeout: seconds, of each call
---@return {placed: table[], modified: table[], cancelled: table[], kept: table[], unsettled: string[]}? result what was done, each {tag, client_order_id}; unsettled: tags that were left alone
---@return bybit.Error? err of the first call that failed; the others were made all the same, and `err.done` has the result
function Client:sync_orders(list) end

---The intents whose outcome is open, of this run and, with a journal, of earlier runs; oldest first. An intent has
---`final = true` if no copy of it can act any more and the records do not tell what happened; client:dismiss takes it off the
---list. Calls of `client:request` are not listed, since nothing is known of what they do.
---@return {method: string, client_order_id: string?, transfer_id: string?, symbol: string?, time: integer, earlier: boolean, final: boolean?}[]
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

---Cancels every active order of the symbol, at most 500 in one call: repeat it until the list is empty. With id_prefix the orders are listed and cancelled one by one, those that this client has just placed too.
---@param params? bybit.cancel_all_orders.some
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_all_orders(params) end

---Cancels every conditional order of the symbol. The take profits, stop losses and trailing stops that protect a position are among them; stop_order_type = "Stop" spares those. With id_prefix the orders are listed and cancelled one by one, those that this client has just placed too.
---@param params? bybit.cancel_all_conditional_orders.some
---@return bybit.cancelled_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_all_conditional_orders(params) end

---Places up to 10 orders with one request, active or conditional ones, of any symbols. Each is placed by itself: the list that is returned has a table for each, the acknowledgement or {error = err}, and `failed` says how many failed. Nil and an error: the request was refused as a whole or never sent, so nothing was placed.
---@param params? bybit.place_multiple_orders.some
---@return bybit.batch_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:place_multiple_orders(params) end

---Changes up to 10 active orders with one request. Each is changed by itself: the list that is returned has a table for each, the acknowledgement or {error = err}, and `failed` says how many failed. Conditional orders are changed one by one, by modify_conditional_order.
---@param params? bybit.modify_multiple_orders.some
---@return bybit.batch_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:modify_multiple_orders(params) end

---Cancels up to 10 orders with one request, active or conditional ones. Each is cancelled by itself: the list that is returned has a table for each, the acknowledgement or {error = err}, and `failed` says how many failed. An order that is gone already has an error of kind not_found.
---@param params? bybit.cancel_multiple_orders.some
---@return bybit.batch_order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:cancel_multiple_orders(params) end

---Sets the leverage of a contract, with a position or without. If it is set already, the call is a success with response.unchanged. A higher leverage sets margin of an open position free, and brings its liquidation nearer.
---@param params? bybit.set_leverage.some
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:set_leverage(params) end

---Switches a contract between one-way and hedge mode; only USDT perpetuals have hedge mode. There may be no position and no order. If the mode is set already, the call is a success with response.unchanged. With `coin` the contracts that settle in it are switched, but those that have a position or an order are passed over in silence.
---@param params? bybit.switch_position_mode.some
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:switch_position_mode(params) end

---Sets, changes or removes take profit, stop loss and trailing stop of the open position. What is left out stays as it is; 0 removes it. In Partial mode the call only adds: never repeat it blindly.
---@param params? bybit.set_trading_stop.some
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:set_trading_stop(params) end

---Says whether margin is added to a position by itself. For isolated margin; the exchange documents it for linear contracts only.
---@param params? bybit.set_auto_add_margin.some
---@return table|bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:set_auto_add_margin(params) end

---Adds margin to a position, or takes back what was added; isolated margin only. Each copy adds, so the request is sent once. If its answer is lost, no record tells what was added: the outcome stays unknown, and err.position is the position as it stands.
---@param params? bybit.add_or_reduce_margin.some
---@return bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:add_or_reduce_margin(params) end

---Sets how all positions of the account are margined.
---@param params? bybit.set_margin_mode.some
---@return table|bybit.margin_account_info? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:set_margin_mode(params) end

---Says whether a coin counts as collateral. It means nothing under isolated margin.
---@param params? bybit.set_collateral_switch.some
---@return table|bybit.collateral? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:set_collateral_switch(params) end

---Says what happens to an order whose price is beyond the price limit: it is moved to the limit, or refused. It holds for all futures.
---@param params? bybit.set_price_limit_behavior.some
---@return table|bybit.user_settings? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:set_price_limit_behavior(params) end

---Asks for play money, or gives it back, where money is play money: at most once a minute. Each copy adds, so the request is sent once; if its answer is lost, the outcome stays unknown: look at the balance.
---@param params? bybit.request_demo_funds.some
---@return table? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:request_demo_funds(params) end

---Moves coin between the wallets of the account. The exchange takes a transfer_id once: a transfer whose answer is lost is sent again under its id, and read from the list of transfers. Look at the status: a pending transfer may fail yet.
---@param params? bybit.create_internal_transfer.some
---@return bybit.transferred|bybit.transfer? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:create_internal_transfer(params) end

---A page of the account's orders, or of a symbol's: open ones first, then closed ones, newest first. History lags a little, and orders cancelled without a fill leave it after a day.
---@param params? bybit.get_orders.some
---@return bybit.order_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_orders(params) end

---A page of the account's conditional orders, or of a symbol's: untriggered ones first, then those of the past, newest first.
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

---All open orders of the account, or of a symbol. They are read with a request for every 50, so they are not one snapshot.
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

---All untriggered conditional orders of the account, or of a symbol. Those that protect a position are among them.
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

---The position of a contract. If there is none, side is nil and quantity 0; the leverage is there all the same. In hedge mode a contract has two positions, and position_mode says which; get_positions with the symbol reads both.
---@param params? bybit.get_position.some
---@return bybit.position? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_position(params) end

---The positions of the account that are not flat. With a symbol also a flat one; in hedge mode then both, in any order.
---@param params? bybit.get_positions.some
---@return bybit.position_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_positions(params) end

---What the orders won that closed positions, newest first. Fees are counted, funding is not.
---@param params? bybit.get_closed_profit_loss.some
---@return bybit.closed_profit_loss_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_closed_profit_loss(params) end

---The leverage that is set, by contract, with a position or without.
---@param params? bybit.get_futures_leverage.some
---@return bybit.futures_leverage_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_futures_leverage(params) end

---The exchange's clock. client:now() knows it without a request, as every answer tells it.
---@param params? bybit.get_server_time.some
---@return bybit.server_time? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_server_time(params) end

---Candles of what was traded. Newest first; client:each walks back page by page, to start_time or the first candle. The newest candle is not final before its interval is over.
---@param params? bybit.get_klines.some
---@return bybit.kline_list|bybit.kline_columns? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_klines(params) end

---Candles of the mark price. Newest first; client:each walks back page by page, to start_time or the first candle. The newest candle is not final before its interval is over.
---@param params? bybit.get_mark_price_klines.some
---@return bybit.price_kline_list|bybit.price_kline_columns? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_mark_price_klines(params) end

---Candles of the index price. Newest first; client:each walks back page by page, to start_time or the first candle. The newest candle is not final before its interval is over.
---@param params? bybit.get_index_price_klines.some
---@return bybit.price_kline_list|bybit.price_kline_columns? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_index_price_klines(params) end

---Candles of the premium: how far the mark price is from the index price, as a fraction; it may be below 0. Newest first; client:each walks back page by page, to start_time or the first candle. The newest candle is not final before its interval is over.
---@param params? bybit.get_premium_index_price_klines.some
---@return bybit.price_kline_list|bybit.price_kline_columns? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_premium_index_price_klines(params) end

---The contracts: steps of price and quantity, limits, coins. Only those that can be traded now, unless status says otherwise.
---@param params? bybit.get_instruments.some
---@return bybit.instrument_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_instruments(params) end

---The order book: who sells and who buys, best prices first.
---@param params? bybit.get_order_book.some
---@return bybit.order_book? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_order_book(params) end

---Tells how the account's margin would stand after an order, and places nothing. The exchange knows it under cross and portfolio margin only, for inverse contracts under portfolio margin only.
---@param params? bybit.pre_check_order.some
---@return bybit.order_check? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:pre_check_order(params) end

---The order book with quotes for retail (RPI), which the other order book leaves out.
---@param params? bybit.get_rpi_orderbook.some
---@return bybit.rpi_order_book? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_rpi_orderbook(params) end

---The whole order book, up to 10,000 levels of each side. The exchange gives it on few of its hosts yet.
---@param params? bybit.get_full_orderbook.some
---@return bybit.order_book? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_full_orderbook(params) end

---The prices of a contract now, and its last 24 hours.
---@param params? bybit.get_ticker.some
---@return bybit.ticker? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_ticker(params) end

---The prices of all contracts now, and their last 24 hours.
---@param params? bybit.get_tickers.some
---@return bybit.ticker_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_tickers(params) end

---The fundings that took place, newest first; client:each walks back page by page, to start_time or the first one.
---@param params? bybit.get_funding_rate_history.some
---@return bybit.funding_rate_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_funding_rate_history(params) end

---The latest trades of anybody, newest first. get_user_trades has your own.
---@param params? bybit.get_trade_history.some
---@return bybit.public_trade_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_trade_history(params) end

---The open positions of all accounts over time, newest first.
---@param params? bybit.get_open_interest.some
---@return bybit.open_interest_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_open_interest(params) end

---The tiers of risk: how large a position may be at which leverage.
---@param params? bybit.get_risk_limit.some
---@return bybit.risk_limit_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_risk_limit(params) end

---The insurance pools, which pay what liquidations lose. The list has an update_time.
---@param params? bybit.get_insurance.some
---@return bybit.insurance_pools? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_insurance(params) end

---The prices at which contracts expired.
---@param params? bybit.get_delivery_price.some
---@return bybit.delivery_price_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_delivery_price(params) end

---Which share of the accounts was long, and which short, over time, newest first.
---@param params? bybit.get_long_short_ratio.some
---@return bybit.long_short_ratio_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_long_short_ratio(params) end

---How far from the market an order may be now.
---@param params? bybit.get_order_price_limit.some
---@return bybit.price_limit? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_order_price_limit(params) end

---What an index price is made of.
---@param params? bybit.get_index_price_components.some
---@return bybit.index_price? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_index_price_components(params) end

---How near auto-deleveraging is, by contract. The list has an update_time.
---@param params? bybit.get_adl_alerts.some
---@return bybit.adl_alerts? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_adl_alerts(params) end

---The fees of professional accounts by group of contracts. get_fee_rate has your own.
---@param params? bybit.get_fee_groups.some
---@return bybit.fee_group_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_fee_groups(params) end

---The coins of the account. The list has the figures of the account too, such as total_equity (in USD); under isolated margin they mean nothing.
---@param params? bybit.get_balances.some
---@return bybit.wallet_coins? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_balances(params) end

---A coin of the account.
---@param params? bybit.get_balance.some
---@return bybit.balance? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_balance(params) end

---How much may leave the account, by coin: a table from coins to amounts.
---@param params? bybit.get_transferable.some
---@return table<string, bybit.Decimal>? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_transferable(params) end

---What is cancelled when a connection is lost; empty for everybody but institutions.
---@param params? bybit.get_disconnect_cancel_all_config.some
---@return bybit.disconnect_cancel_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_disconnect_cancel_all_config(params) end

---How the account is set up: margin mode, kind of account.
---@param params? bybit.get_margin_account_info.some
---@return bybit.margin_account_info? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_margin_account_info(params) end

---The contracts that the account may trade.
---@param params? bybit.get_account_instruments.some
---@return bybit.instrument_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_account_instruments(params) end

---The fees of the account, by contract: a list, also for one contract.
---@param params? bybit.get_fee_rate.some
---@return bybit.fee_rate_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_fee_rate(params) end

---The account's ledger, newest first: every trade, funding and transfer, with the wallet after it. The last 24 hours, unless start_time is given.
---@param params? bybit.get_transaction_history.some
---@return bybit.transaction_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_transaction_history(params) end

---The coins as collateral, and what can be borrowed of them.
---@param params? bybit.get_collateral_info.some
---@return bybit.collateral_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_collateral_info(params) end

---The group of accounts whose orders do not trade with each other.
---@param params? bybit.get_smp_group.some
---@return bybit.smp_group? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_smp_group(params) end

---Settings of the account: what happens to an order beyond the price limit, and how fees are paid.
---@param params? bybit.get_user_setting_config.some
---@return bybit.user_settings? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_user_setting_config(params) end

---How positions ended when their contracts expired, newest first.
---@param params? bybit.get_delivery_history.some
---@return bybit.delivery_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_delivery_history(params) end

---The settlements of sessions of USDC contracts, newest first.
---@param params? bybit.get_settlement_history.some
---@return bybit.settlement_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_settlement_history(params) end

---The coins of one kind of account, the funding account for example. The list has account_type and member_id.
---@param params? bybit.get_all_asset_balances.some
---@return bybit.asset_account_balances? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_all_asset_balances(params) end

---The transfers between the wallets of the account, newest first.
---@param params? bybit.get_internal_transfers.some
---@return bybit.transfer_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_internal_transfers(params) end

---What the client's key is and may do. It needs no permission.
---@param params? bybit.get_api_key_info.some
---@return bybit.api_key_info? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_api_key_info(params) end

---Announced, running and past interruptions of the exchange. A pause of less than ten seconds is not among them.
---@param params? bybit.get_system_status.some
---@return bybit.system_status_list? result
---@return bybit.Error? err nil when it succeeded
---@return bybit.Response? response
function View:get_system_status(params) end

---All elements of all pages as a list. If `max` ended the walk, `list.cursor` is the cursor that its last page was asked with.
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string}
---@return table? list
---@return bybit.Error? err with `err.cursor`
---@overload fun(self: bybit.View, method: "get_orders", params?: bybit.get_orders.some, options?: { max: integer? }): bybit.order_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_conditional_orders", params?: bybit.get_conditional_orders.some, options?: { max: integer? }): bybit.conditional_order_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_user_trades", params?: bybit.get_user_trades.some, options?: { max: integer? }): bybit.trade_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_positions", params?: bybit.get_positions.some, options?: { max: integer? }): bybit.position_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_closed_profit_loss", params?: bybit.get_closed_profit_loss.some, options?: { max: integer? }): bybit.closed_profit_loss_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_klines", params?: bybit.get_klines.some, options?: { max: integer? }): bybit.kline_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_mark_price_klines", params?: bybit.get_mark_price_klines.some, options?: { max: integer? }): bybit.price_kline_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_index_price_klines", params?: bybit.get_index_price_klines.some, options?: { max: integer? }): bybit.price_kline_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_premium_index_price_klines", params?: bybit.get_premium_index_price_klines.some, options?: { max: integer? }): bybit.price_kline_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_instruments", params?: bybit.get_instruments.some, options?: { max: integer? }): bybit.instrument_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_funding_rate_history", params?: bybit.get_funding_rate_history.some, options?: { max: integer? }): bybit.funding_rate_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_open_interest", params?: bybit.get_open_interest.some, options?: { max: integer? }): bybit.open_interest_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_risk_limit", params?: bybit.get_risk_limit.some, options?: { max: integer? }): bybit.risk_limit_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_delivery_price", params?: bybit.get_delivery_price.some, options?: { max: integer? }): bybit.delivery_price_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_long_short_ratio", params?: bybit.get_long_short_ratio.some, options?: { max: integer? }): bybit.long_short_ratio_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_account_instruments", params?: bybit.get_account_instruments.some, options?: { max: integer? }): bybit.instrument_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_transaction_history", params?: bybit.get_transaction_history.some, options?: { max: integer? }): bybit.transaction_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_delivery_history", params?: bybit.get_delivery_history.some, options?: { max: integer? }): bybit.delivery_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_settlement_history", params?: bybit.get_settlement_history.some, options?: { max: integer? }): bybit.settlement_list?, bybit.Error?
---@overload fun(self: bybit.View, method: "get_internal_transfers", params?: bybit.get_internal_transfers.some, options?: { max: integer? }): bybit.transfer_list?, bybit.Error?
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
---@overload fun(self: bybit.View, method: "get_positions", params?: bybit.get_positions.some): fun(): bybit.position, bybit.position_list
---@overload fun(self: bybit.View, method: "get_closed_profit_loss", params?: bybit.get_closed_profit_loss.some): fun(): bybit.closed_profit_loss, bybit.closed_profit_loss_list
---@overload fun(self: bybit.View, method: "get_klines", params?: bybit.get_klines.some): fun(): bybit.kline, bybit.kline_list
---@overload fun(self: bybit.View, method: "get_mark_price_klines", params?: bybit.get_mark_price_klines.some): fun(): bybit.price_kline, bybit.price_kline_list
---@overload fun(self: bybit.View, method: "get_index_price_klines", params?: bybit.get_index_price_klines.some): fun(): bybit.price_kline, bybit.price_kline_list
---@overload fun(self: bybit.View, method: "get_premium_index_price_klines", params?: bybit.get_premium_index_price_klines.some): fun(): bybit.price_kline, bybit.price_kline_list
---@overload fun(self: bybit.View, method: "get_instruments", params?: bybit.get_instruments.some): fun(): bybit.instrument, bybit.instrument_list
---@overload fun(self: bybit.View, method: "get_funding_rate_history", params?: bybit.get_funding_rate_history.some): fun(): bybit.funding_rate, bybit.funding_rate_list
---@overload fun(self: bybit.View, method: "get_open_interest", params?: bybit.get_open_interest.some): fun(): bybit.open_interest, bybit.open_interest_list
---@overload fun(self: bybit.View, method: "get_risk_limit", params?: bybit.get_risk_limit.some): fun(): bybit.risk_limit, bybit.risk_limit_list
---@overload fun(self: bybit.View, method: "get_delivery_price", params?: bybit.get_delivery_price.some): fun(): bybit.delivery_price, bybit.delivery_price_list
---@overload fun(self: bybit.View, method: "get_long_short_ratio", params?: bybit.get_long_short_ratio.some): fun(): bybit.long_short_ratio, bybit.long_short_ratio_list
---@overload fun(self: bybit.View, method: "get_account_instruments", params?: bybit.get_account_instruments.some): fun(): bybit.instrument, bybit.instrument_list
---@overload fun(self: bybit.View, method: "get_transaction_history", params?: bybit.get_transaction_history.some): fun(): bybit.transaction, bybit.transaction_list
---@overload fun(self: bybit.View, method: "get_delivery_history", params?: bybit.get_delivery_history.some): fun(): bybit.delivery, bybit.delivery_list
---@overload fun(self: bybit.View, method: "get_settlement_history", params?: bybit.get_settlement_history.some): fun(): bybit.settlement, bybit.settlement_list
---@overload fun(self: bybit.View, method: "get_internal_transfers", params?: bybit.get_internal_transfers.some): fun(): bybit.transfer, bybit.transfer_list
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
---@overload fun(self: bybit.View, method: "get_positions", params?: bybit.get_positions.some): fun(): bybit.position_list
---@overload fun(self: bybit.View, method: "get_closed_profit_loss", params?: bybit.get_closed_profit_loss.some): fun(): bybit.closed_profit_loss_list
---@overload fun(self: bybit.View, method: "get_klines", params?: bybit.get_klines.some): fun(): bybit.kline_list
---@overload fun(self: bybit.View, method: "get_mark_price_klines", params?: bybit.get_mark_price_klines.some): fun(): bybit.price_kline_list
---@overload fun(self: bybit.View, method: "get_index_price_klines", params?: bybit.get_index_price_klines.some): fun(): bybit.price_kline_list
---@overload fun(self: bybit.View, method: "get_premium_index_price_klines", params?: bybit.get_premium_index_price_klines.some): fun(): bybit.price_kline_list
---@overload fun(self: bybit.View, method: "get_instruments", params?: bybit.get_instruments.some): fun(): bybit.instrument_list
---@overload fun(self: bybit.View, method: "get_funding_rate_history", params?: bybit.get_funding_rate_history.some): fun(): bybit.funding_rate_list
---@overload fun(self: bybit.View, method: "get_open_interest", params?: bybit.get_open_interest.some): fun(): bybit.open_interest_list
---@overload fun(self: bybit.View, method: "get_risk_limit", params?: bybit.get_risk_limit.some): fun(): bybit.risk_limit_list
---@overload fun(self: bybit.View, method: "get_delivery_price", params?: bybit.get_delivery_price.some): fun(): bybit.delivery_price_list
---@overload fun(self: bybit.View, method: "get_long_short_ratio", params?: bybit.get_long_short_ratio.some): fun(): bybit.long_short_ratio_list
---@overload fun(self: bybit.View, method: "get_account_instruments", params?: bybit.get_account_instruments.some): fun(): bybit.instrument_list
---@overload fun(self: bybit.View, method: "get_transaction_history", params?: bybit.get_transaction_history.some): fun(): bybit.transaction_list
---@overload fun(self: bybit.View, method: "get_delivery_history", params?: bybit.get_delivery_history.some): fun(): bybit.delivery_list
---@overload fun(self: bybit.View, method: "get_settlement_history", params?: bybit.get_settlement_history.some): fun(): bybit.settlement_list
---@overload fun(self: bybit.View, method: "get_internal_transfers", params?: bybit.get_internal_transfers.some): fun(): bybit.transfer_list
function View:pages(method, params, options) end

---@class bybit
---@field version string Semantic version of the module.
---@field null userdata JSON's null.
---@field json bybit.json
---@field sign bybit.sign
---@field history bybit.history
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

---Makes a method of an endpoint that has none: every client of the V5 wire gets it, with its checks, exact numbers and records, and
---help knows it. The row says what the rows of this module say: `verb`, `path`, `params` (rows, or names of common ones such as
---"symbol"), `result` (`record`, `list` or `first` with a record, `key` and `cursor`; a record is a name, or a table with `fields`),
---`fixed` (what always goes out; without it a call carries its category), `rules`, `limit` in requests a second, `doc`. Without a
---result the answer is a table as the exchange sends it. A call that
---changes something (POST) has an outcome, but an unknown one is not settled: nothing here knows how. Wrong rows raise.
---@param name string the method's name
---@param row table
function bybit.declare(name, row) end

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

---@class bybit.Check
---@field problems string[] what keeps the program from trading, a sentence each
---@field warnings string[] what is not as it should be
---@field clock_offset number how many ms the exchange's clock is ahead of the local one
---@field clock_doubt number by how many ms that may be wrong
---@field read_only? boolean may the key only read?
---@field may_trade? boolean has the key the permissions for orders and positions of contracts?
---@field may_withdraw? boolean has the key the permission to withdraw?
---@field margin_mode? string of the account: ISOLATED_MARGIN, REGULAR_MARGIN or PORTFOLIO_MARGIN
---@field position_mode? integer 0: one-way; nil where no symbol was given, or each side has its own
---@field leverage? bybit.Decimal of the symbol; in hedge mode of the long position
---@field short_leverage? bybit.Decimal in hedge mode: of the short position
---@field taker_fee_rate? bybit.Decimal of the symbol
---@field maker_fee_rate? bybit.Decimal of the symbol
---@field limits table<string, table>? what client:budget() tells

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
---@field transfer_id? string the transfer's
---@field attempts integer how often a request was sent
---@field retry_after? number seconds after which a call may succeed again
---@field elapsed number seconds the call took
---@field where? string the caller's file and line
---@field unchanged? boolean refused only because everything is already as asked
---@field final? boolean with the outcome `unknown`: no copy of the call can act any more, and the records do not tell
---@field order? table with `final`: the order as it stands; of client:await_order: as it was seen last
---@field position? table with `final`: the position as it stands
---@field transfer? table with `final`: the transfer as it stands
---@field record? table with `final`: what shows the setting or the balance, as it stands
---@field verb? string of client:request: "GET" or "POST"
---@field path? string of client:request
---@field body? string content type and first words of an answer that could not be read, or is not from the exchange
---@field cursor? string of a list: where a later walk can go on; if the list cannot be read to its end, where it leads nowhere
---@field too_long? boolean of a list: it has more pages than the client reads
---@field done? table of client:sync_orders: what was done all the same
---@field cancelled? table when orders are cancelled one by one: those that were cancelled before this error

---@class bybit.Failure
---@field seed integer the run that failed
---@field why string what was wrong with it
---@field events bybit.FaultEvent[] the faults that it needs; simulate takes them as `events`
---@field lines string[] these faults, a line each
---@field command string how to run it again

---@class bybit.FaultEvent
---@field request integer the how manieth request of the run it strikes
---@field rule bybit.paper.Fault what strikes it
---@field verb string of the request
---@field path string of the request
---@field time integer ms

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

---@class bybit.OrderBook
---@field symbol string
---@field depth integer how many levels of each side the exchange tells
---@field best_bid bybit.Decimal? the highest price that is bid; nil: nobody bids
---@field best_ask bybit.Decimal? the lowest price that is asked
---@field best_bid_quantity bybit.Decimal? how much is bid at it
---@field best_ask_quantity bybit.Decimal?
---@field stale string|false why the book may be old: "connection", "pong", "gap", "decode", "refused" or "closed"; false: it is not
---@field update_id integer the number of its last message
---@field cross_sequence integer the matching engine's counter
---@field time integer when the exchange sent its last message, ms
---@field resyncs integer how often it was read anew because it had a gap
---@field unrecorded string? why lines of its recording could not be written; nil: all were

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
---@field [1] string the kind: "lost_request", "late_request", "lost_answer", "reset", "cut", "delay", "reorder", "http", "code", "partly", "element" or "restart"; of streams: "stream_cut", "stream_silent", "stream_half_open", "stream_swallow", "stream_duplicate", "stream_reorder", "stream_late", "stream_slow" or "stream_crossed"; faults.lua says what each does
---@field probability number? how likely it strikes, 0 to 1; without it and `nth` it strikes every request
---@field nth integer|integer[]? which of the requests that the rule is about it strikes, counted from 1
---@field times integer? how often it strikes at most
---@field path string? the path that it is about, such as "order/create"; "order/" means every path that begins so
---@field topic string? of a stream: the topic of the frames that it is about, or what they answer: "pong", "auth", "subscribe", "order.create"; "orderbook." means every topic that begins so
---@field verb "GET"|"POST"|nil the verb that it is about
---@field executed boolean? the request is carried out all the same; for reset, http and code; for element: the order is
---@field seconds number? how long, for late_request, delay and stream_late; the longest wait for another answer, for reorder (1); how long the exchange is away, for restart (0). By the exchange's clock in late_request and restart, otherwise real seconds
---@field rate integer? bytes a second, for stream_slow: real seconds, but in a simulation
---@field at integer? how many bytes of the body get through, for cut; drawn when left out
---@field reset boolean? ends with a TCP reset, for cut and stream_cut
---@field status integer? the HTTP status, 400 to 599, for http
---@field code integer? the retCode, for code and element: 429, 10000, 10006, 10016 ...
---@field message string? the text beside the code, for code and element
---@field first integer? how many orders of a batch are carried out, 0 to 20, for partly
---@field order integer? which order of a batch, counted from 1, for element (1)

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
---@field start_time integer? where a manual clock begins, in ms: a moment of the years 2000 to 2099. With `prices`: the moment of these at which the exchange begins, by any clock; their first one when left out
---@field prices table<string, string|string[]>? CSV files of trades or candles, by symbol, that drive these markets in place of their walk: {BTCUSD = "BTCUSD2024-01-01.csv"}. See the guide for the columns
---@field deposit table<string, string>? what each account begins with, per coin
---@field lag integer? ms after which an acknowledged order shows in queries, up to 3600000: 5, with a manual clock 0
---@field limits table<string, integer|false>|false|nil requests a second, in place of the exchange's: {["order/create"] = 20}, and `ip`: requests in 5 seconds; false: no limits
---@field instruments table? the contracts, in place of the exchange's own; each has at least `symbol` and `base`, and `category = "linear"` (with `quote`) where it is no inverse one
---@field faults bybit.paper.Fault[]? what goes wrong from the start, see exchange:faults
---@field keep integer? how many closed orders, and executions, an account keeps at most: 1 to 10000000 (100000)
---@field active_orders integer? how many active orders an account may have on a symbol: 1 to 10000000 (500, as on the exchange)
---@field auth_status_401 boolean? answer with HTTP status 401 when authentication headers are missing

---@class bybit.paper.SimulationOptions
---@field seed integer? draws the market, the latencies, the client's ids and Lua's chance (1); the same seed gives the same run
---@field start_time integer? ms; where the prices begin, or 2024
---@field duration number? seconds; as long as there are prices
---@field prices table<string, any>? by symbol: a list of candles or of trades as the client's records, or a reader of bybit.history; without prices the markets walk as the seed says
---@field path "adverse"|"adaptive"|"seeded"|nil the way inside a candle: first to the extreme that hurts (the default), to the nearer one, or as the seed says
---@field fill "through"|"touch"|nil when a resting order fills: when the price goes through its own by a tick (the default), or touches it
---@field latency number[]? {from, to}: seconds that a request takes to the exchange, and its answer back; drawn from the seed ({0.02, 0.06})
---@field faults bybit.paper.Fault[]? what goes wrong, see exchange:faults
---@field deposit table<string, string>? what the account begins with, per coin
---@field lag integer? ms after which an acknowledged order shows in queries (0)
---@field limits table<string, integer|false>|false|nil see bybit.paper.start
---@field instruments table? see bybit.paper.start
---@field tick number? seconds between two steps of a market that walks (0.1)
---@field client table? options of the client, such as id_prefix, guard, journal
---@field events bybit.FaultEvent[]? in place of faults: those of a failure that bybit.paper.explore has found
---@field band boolean? run it again with the path "adaptive", and tell both results
---@field journal boolean? keep each request for report:journal()

return bybit
