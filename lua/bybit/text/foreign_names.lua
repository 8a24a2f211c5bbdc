-- What other clients call the things of this module, as data: pybit, ccxt, bybit-api (npm), clients in Rust and Go. Only messages
-- about wrong names need it (text/synonyms.lua). The names of the exchange's wires stand in the declarations and are not repeated
-- here.
--
-- A line is { our name, others' words in one text }. Words are compared without regard to case, '_', '-' and '.', so one spelling
-- of each is enough: `orderLinkId` stands for `order_link_id` too.

-- Parameters of methods. A word may stand in several lines: the first of its names that a method takes is meant.
local PARAMETERS = {
  { "symbol", "market pair instrument ticker contract instId coin symbols" },
  { "side", "direction action orderSide buySell" },
  { "type", "order_type ordType kind orderKind" },
  { "quantity", "amount size qty contracts volume vol sz orderQty quoteQty base_quantity quote_quantity positionSize" },
  { "price", "px limit_price order_price rate orderPx" },
  { "time_in_force", "tif force effect timeInForceType post_only" },
  { "client_order_id", "clOrdId clientOid link_id client_id user_order_id newClientOrderId origClientOrderId custom_id "
    .. "clOrdLinkId" },
  { "order_id", "id oid ordId orderNo order_number" },
  { "stop_order_id", "id order_id conditional_order_id trigger_order_id oid" },
  { "take_profit_price", "tp take_profit tp_price profit_price takeProfitPx" },
  { "stop_loss_price", "sl stop_loss sl_price stopLossPx" },
  { "take_profit_trigger_type", "tp_trigger_type tp_trigger take_profit_trigger_by tpTriggerPxType" },
  { "stop_loss_trigger_type", "sl_trigger_type sl_trigger stop_loss_trigger_by slTriggerPxType" },
  { "trailing_stop_distance", "trailing_stop trail trailing trailing_amount trailing_distance trail_value callback "
    .. "trailing_delta" },
  { "trailing_stop_trigger_price", "trailing_active_price active_price activation_price activate_price "
    .. "trailing_trigger_price trailing_active trailing_stop_active_price trailing_activation_price" },
  { "take_profit_quantity", "tp_size tp_qty tp_quantity take_profit_size take_profit_qty size qty quantity amount" },
  { "stop_loss_quantity", "sl_size sl_qty sl_quantity stop_loss_size stop_loss_qty size qty quantity amount" },
  { "trigger_price", "stop_price stop_px stop activation_price trigger trigger_px" },
  { "stop_loss_price", "stop stop_price" },
  { "trigger_type", "trigger_by trigger_price_type working_type trigger_source" },
  { "trigger_direction", "trigger_dir rise_fall expected_direction" },
  { "base_price", "current_price last_price reference_price" },
  { "position_mode", "position_idx position_index pos_idx position_side pos_side hedge_mode hedged" },
  { "reduce_only", "reduce reduceonly close_only close_position close" },
  { "close_on_trigger", "close_trigger" },
  { "buy_leverage", "leverage lever long_leverage" },
  { "sell_leverage", "short_leverage" },
  { "margin", "amount quantity value" },
  { "amount", "quantity qty size value" },
  { "mode", "position_mode hedged hedge_mode" },
  { "from_account_type", "from from_account source from_account_id" },
  { "to_account_type", "to to_account destination target to_account_id" },
  { "transfer_id", "id tranId transaction_id client_transfer_id" },
  { "start_time", "since from start from_time begin start_at after start_date" },
  { "end_time", "until to end to_time end_at before end_date" },
  { "limit", "count page_size per_page max_results size pageLimit n" },
  { "page_size", "count limit per_page max_results size n" },
  { "cursor", "page next_page page_token next_cursor after" },
  { "status", "order_status state order_state" },
  { "trade_type", "exec_type execution_type" },
  { "stop_order_type", "order_filter filter" },
  { "tpsl_mode", "tp_sl_mode tpsl sl_tp_mode" },
  { "tp_order_type", "take_profit_order_type take_profit_type" },
  { "sl_order_type", "stop_loss_order_type stop_loss_type" },
  { "tp_limit_price", "take_profit_limit_price" },
  { "sl_limit_price", "stop_loss_limit_price" },
  { "smp_type", "smp self_trade_prevention stp_mode stp self_match_prevention" },
  { "slippage_tolerance", "slippage max_slippage" },
  { "id_prefix", "prefix client_order_id_prefix link_prefix order_prefix" },
  { "receive_window", "recv_window window" },
  { "timeout", "request_timeout" },
  { "connect_timeout", "connection_timeout" },
  { "extra", "params extra_params more other" },
  { "cancel", "token cancel_token signal abort" },
  { "coin", "currency ccy asset coin_name" },
  { "currency", "coin ccy asset coin_name" },
  { "base_coin", "base base_currency base_asset coin currency" },
  { "settle_coin", "settle settle_currency margin_coin coin currency" },
}

-- Fields of records, where they have other words than parameters.
local FIELDS = {
  { "filled_quantity", "filled executed_qty executed_quantity filled_qty filled_size cum_qty deal_size" },
  { "filled_value", "cost cum_quote filled_amount" },
  { "leaves_quantity", "remaining remaining_qty unfilled left open_qty" },
  { "avg_price", "average average_price avg_fill_price filled_price avg_px" },
  { "create_time", "created_at created created_on order_time" },
  { "create_time", "timestamp datetime time" },
  { "update_time", "updated_at updated modified lastUpdateTimestamp" },
  { "timestamp", "time datetime exec_time trade_time trade_time_ms date ts created_at" },
  { "fee", "commission fees cum_exec_fee" },
  { "fee_currency", "commission_asset fee_coin" },
  { "trade_id", "id exec_id execution_id fill_id" },
  { "liquidity", "taker_or_maker maker is_maker role last_liquidity_ind" },
  { "entry_price", "avg_price average_price avg_entry_price entry cost_price" },
  { "unrealized_pnl", "upnl unrealised_profit unrealized_profit pnl profit" },
  { "realized_pnl", "rpnl realised_pnl realised_profit cur_realised_pnl" },
  { "total_realized_pnl", "cum_realised_pnl" },
  { "liquidation_price", "liq liq_px" },
  { "mark_price", "mark mark_px" },
  { "position_margin", "margin initial_margin im" },
  { "position_mm", "maintenance_margin mm" },
  { "position_value", "notional value" },
  { "deleverage_indicator", "adl adl_rank" },
  { "reject_reason", "rej_reason" },
  { "cross_sequence", "cross_seq" },
  { "order_id", "cl_ord_id" },
  { "status", "stop_order_status" },
  { "trigger_direction", "expected_direction" },
}

-- Options of bybit.client.
local OPTIONS = {
  { "key", "api_key access_key public_key api_id client_key" },
  { "secret", "api_secret secret_key key_secret access_secret private" },
  { "private_key", "rsa_private_key rsa_key rsa rsa_authentication pem" },
  { "credentials", "auth credential keys" },
  { "environment", "testnet demo demo_trading mainnet live sandbox sandbox_mode env net network server base_url url "
    .. "endpoint host api_url domain tld hostname use_testnet use_livenet paper" },
  { "proxy", "proxies http_proxy https_proxy socks_proxy proxy_url proxy_host" },
  { "receive_window", "recv_window" },
  { "timeout", "request_timeout read_timeout time_out" },
  { "connect_timeout", "connection_timeout" },
  { "rate", "rate_limit enable_rate_limit throttle limits rate_limiter" },
  { "connections", "pool_size max_connections pool max_sockets" },
  { "in_flight", "max_in_flight concurrency max_concurrent" },
  { "ca_file", "ca ca_bundle cafile verify cert ca_cert" },
  { "referer", "referral_id broker_id referrer broker referral" },
  { "log", "logger logging logging_level verbose debug log_level log_requests" },
  { "category", "product default_type product_type market_type contract_type" },
  { "api", "version api_version wire" },
  { "http", "http_version http2" },
  { "id_prefix", "prefix order_prefix link_prefix" },
  { "deadline", "max_wait total_timeout" },
  { "gzip", "compress compression" },
}

-- Methods.
local METHODS = {
  { "place_order", "create_order new_order submit_order buy sell order send_order post_order add_order order_create "
    .. "create_limit_order create_market_order create_limit_buy_order create_limit_sell_order create_market_buy_order "
    .. "create_market_sell_order create_post_only_order create_reduce_only_order place_active_order custom_order "
    .. "place_limit_order place_market_order limit_order market_order limit_buy limit_sell market_buy market_sell "
    .. "open_position close_position enter_position" },
  { "place_conditional_order", "create_stop_order create_trigger_order create_stop_limit_order create_stop_market_order "
    .. "stop_order place_stop_order place_trigger_order create_conditional_order submit_conditional_order" },
  { "place_multiple_orders", "place_batch_order batch_submit_orders create_orders place_orders batch_place_order "
    .. "create_batch_order" },
  { "modify_multiple_orders", "amend_batch_order batch_amend_orders edit_orders amend_orders" },
  { "cancel_multiple_orders", "cancel_batch_order batch_cancel_orders cancel_order_batch" },
  { "modify_order", "edit_order amend_order replace_order update_order change_order replace_active_order order_amend "
    .. "edit_limit_order" },
  { "modify_conditional_order", "replace_conditional_order amend_conditional_order edit_conditional_order amend_stop_order" },
  { "cancel_order", "cancel delete_order remove_order cancel_active_order order_cancel kill_order" },
  { "cancel_conditional_order", "cancel_stop_order cancel_trigger_order" },
  { "cancel_all_orders", "cancel_all cancel_orders cancel_all_active_orders delete_all_orders cancel_open_orders "
    .. "cancel_all_open_orders" },
  { "cancel_all_conditional_orders", "cancel_all_stop_orders cancel_stop_orders" },
  { "get_open_order_real_time", "fetch_order get_order query_order query_active_order fetch_open_order get_open_order "
    .. "order_status" },
  { "get_open_conditional_order_real_time", "query_conditional_order get_stop_order query_stop_order" },
  { "get_open_orders_real_time", "fetch_open_orders get_open_orders open_orders list_open_orders get_active_orders" },
  { "get_open_conditional_orders_real_time", "get_open_conditional_orders get_stop_orders fetch_stop_orders" },
  { "get_orders", "fetch_orders get_order_history order_history fetch_closed_orders fetch_canceled_orders "
    .. "get_historic_orders list_orders get_active_order get_active_order_list orders all_orders get_all_orders "
    .. "get_order_list get_order_histories get_closed_orders" },
  { "get_conditional_orders", "get_conditional_order list_conditional_orders get_stop_order_history" },
  { "get_user_trades", "fetch_my_trades get_executions get_trades my_trades get_execution_list user_trade_records "
    .. "get_trade_records get_my_trades fetch_order_trades get_fills fills executions user_trades "
    .. "get_execution_history" },
  { "set_trading_stop", "trading_stop set_stop_loss set_take_profit set_tpsl set_trailing_stop set_sl set_tp stop_loss "
    .. "take_profit" },
  { "get_ticker", "fetch_ticker ticker latest_information_for_symbol get_price last_price" },
  { "get_tickers", "fetch_tickers tickers" },
  { "get_order_book", "fetch_order_book orderbook get_depth depth get_book" },
  { "get_klines", "fetch_ohlcv get_kline kline klines get_candles candles query_kline get_ohlcv ohlcv" },
  { "get_mark_price_klines", "get_mark_price_kline fetch_mark_ohlcv" },
  { "get_index_price_klines", "get_index_price_kline fetch_index_ohlcv" },
  { "get_premium_index_price_klines", "get_premium_index_price_kline fetch_premium_index_ohlcv" },
  { "get_trade_history", "fetch_trades get_public_trade_history get_public_trading_history public_trading_records "
    .. "get_recent_trades get_public_trades recent_trades" },
  { "get_instruments", "fetch_markets load_markets get_instruments_info get_instrument query_symbol get_symbols instruments "
    .. "markets get_instrument_info get_markets" },
  { "get_funding_rate_history", "fetch_funding_rate_history fetch_funding_rate get_funding_rate get_funding_history" },
  { "get_open_interest", "fetch_open_interest open_interest fetch_open_interest_history" },
  { "get_risk_limit", "risk_limit get_risk_limits fetch_leverage_tiers" },
  { "get_long_short_ratio", "fetch_long_short_ratio_history get_account_ratio" },
  { "get_system_status", "fetch_status" },
  { "get_position", "fetch_position my_position get_position_info position" },
  { "get_positions", "fetch_positions positions position_list list_positions get_open_positions" },
  { "get_closed_profit_loss", "get_closed_pnl closed_profit_and_loss closed_pnl" },
  { "set_leverage", "set_user_leverage change_leverage leverage change_user_leverage save_leverage" },
  { "switch_position_mode", "set_position_mode switch_mode position_mode_switch" },
  { "add_or_reduce_margin", "add_margin change_margin reduce_margin change_position_margin" },
  { "set_auto_add_margin", "auto_add_margin set_auto_margin" },
  { "set_margin_mode", "switch_margin_mode" },
  { "set_price_limit_behavior", "set_limit_price_action set_limit_px_action set_limit_price_behaviour" },
  { "request_demo_funds", "apply_demo_money demo_apply_money request_demo_trading_funds apply_money" },
  { "create_internal_transfer", "transfer internal_transfer inter_transfer make_internal_transfer" },
  { "get_futures_leverage", "get_leverage fetch_leverage" },
  { "get_balances", "get_wallet_balance fetch_balance balance wallet_balance wallet get_wallet" },
  { "get_margin_account_info", "get_account_info account_info get_account" },
  { "get_fee_rate", "get_fee_rates fetch_trading_fee fetch_trading_fees" },
  { "get_transaction_history", "get_transaction_log fetch_ledger" },
  { "get_transferable", "get_transferable_amount" },
  { "get_internal_transfers", "fetch_transfers get_internal_transfer_records" },
  { "get_api_key_info", "get_api_key_information query_api" },
  { "now", "fetch_time server_time fetch_server_time time get_time milliseconds" },
  { "budget", "rate_limits get_rate_limits" },
  { "close", "disconnect exit stop shutdown quit" },
  { "collect", "fetch_all get_all" },
  { "each", "iterate paginate iter" },
  { "request", "call raw send query get post submit_request make_request" },
}

-- What other clients have a method for and this one reaches by client:request: { verb, path on the V5 wire, their methods }.
local PATHS = {
  { "POST", "/v5/order/disconnected-cancel-all", "set_disconnect_cancel_all set_dcp disconnected_cancel_all" },
  { "POST", "/v5/position/confirm-pending-mmr", "confirm_risk_limit confirm_pending_mmr" },
}

return {
  -- lists of { our name, words }
  parameters = PARAMETERS,
  fields = FIELDS,
  options = OPTIONS,
  methods = METHODS,
  -- requests that are made by client:request: a list of { verb, path, words }
  paths = PATHS,
}
