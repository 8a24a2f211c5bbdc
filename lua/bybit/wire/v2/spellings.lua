-- How the v2 wire spells the records of records/ (v2 documentation, the answers of each endpoint). wire/spelling.lua
-- explains the form. Times are ISO 8601 texts; times of executions are in seconds or milliseconds. Numbers come as numbers or as
-- texts: a declared decimal takes both.

local WORDS = { GoodTillCancel = "GTC", ImmediateOrCancel = "IOC", FillOrKill = "FOK" }
local LIQUIDITY = { AddedLiquidity = "Maker", RemovedLiquidity = "Taker" }

local function with(base, more)
  local all = {}
  for k, v in pairs(base) do all[k] = v end
  for k, v in pairs(more) do all[k] = v end
  return all
end

local ORDER = {
  user_id = "user_id", order_id = "order_id", client_order_id = "order_link_id", symbol = "symbol", side = "side",
  type = "order_type", price = "price", quantity = "qty", time_in_force = { "time_in_force", map = WORDS },
  status = "order_status", filled_quantity = "cum_exec_qty", filled_value = "cum_exec_value", fee = "cum_exec_fee",
  leaves_quantity = "leaves_qty", leaves_value = "leaves_value", reject_reason = "reject_reason",
  cancel_type = "cancel_type", take_profit_price = "take_profit", stop_loss_price = "stop_loss",
  take_profit_trigger_type = "tp_trigger_by", stop_loss_trigger_type = "sl_trigger_by", reduce_only = "reduce_only",
  close_on_trigger = "close_on_trigger", create_time = { "created_at", "created_time", "create_time" },
  update_time = { "updated_at", "updated_time", "update_time" }, position_mode = "position_idx",
  ext_fields = "ext_fields", stop_order_type = "stop_order_type", trigger_type = "trigger_by", base_price = "base_price",
  trigger_price = { "stop_px", "trigger_price" },
  trigger_direction = { "expected_direction", type = "enum", zero_empty = false }, create_type = "create_type",
}

local spellings = {}

spellings.order = with(ORDER, {
  last_trade_time = { "last_exec_time", seconds = true }, last_trade_price = "last_exec_price",
})

-- An order keeps its id for life, but each endpoint has its own name for the id and for the status.
spellings.conditional_order = with(ORDER, {
  order_id = { "stop_order_id", "order_id" }, status = { "stop_order_status", "order_status" }, remark = "remark",
})

spellings.order_id = { order_id = { "order_id", "stop_order_id" }, client_order_id = "order_link_id" }

spellings.cancelled_order = {
  order_id = { "clOrdID", "order_id", "stop_order_id" }, client_order_id = "order_link_id", user_id = "user_id",
  symbol = "symbol", side = "side",
  type = "order_type", price = "price", quantity = "qty", time_in_force = { "time_in_force", map = WORDS },
  create_type = "create_type", cancel_type = "cancel_type", status = "order_status", leaves_quantity = "leaves_qty",
  leaves_value = "leaves_value", create_time = "created_at", update_time = "updated_at", cross_status = "cross_status",
  cross_sequence = "cross_seq", stop_order_type = "stop_order_type", trigger_type = "trigger_by",
  base_price = "base_price", expected_direction = "expected_direction", trail_value = "trail_value",
}

spellings.trade = {
  trade_id = "exec_id", order_id = "order_id", client_order_id = "order_link_id", symbol = "symbol", side = "side",
  order_type = "order_type", order_price = "order_price", order_quantity = "order_qty", price = "exec_price",
  quantity = "exec_qty", value = "exec_value", fee = "exec_fee", fee_rate = "fee_rate", trade_type = "exec_type",
  liquidity = { "last_liquidity_ind", type = "enum", map = LIQUIDITY, empty = { "LiquidityIndNA" } },
  leaves_quantity = "leaves_qty", closed_quantity = "closed_size", fill_number = "nth_fill", cross_sequence = "cross_seq",
  user_id = "user_id",
  timestamp = { "trade_time_ms", weak = { "exec_time", seconds = true } }, -- the older form of the time
}

spellings.position = {
  position_id = "id", user_id = "user_id", risk_id = "risk_id", symbol = "symbol", side = "side", quantity = "size",
  position_value = "position_value", entry_price = "entry_price", is_isolated = "is_isolated",
  auto_add_margin = "auto_add_margin", leverage = "leverage", effective_leverage = "effective_leverage",
  position_margin = "position_margin", liquidation_price = "liq_price", bankruptcy_price = "bust_price",
  closing_fee = "occ_closing_fee", funding_fee = "occ_funding_fee", take_profit_price = "take_profit",
  stop_loss_price = "stop_loss", trailing_stop_price = "trailing_stop", position_status = "position_status",
  deleverage_indicator = "deleverage_indicator", order_margin = "order_margin", wallet_balance = "wallet_balance",
  realized_pnl = "realised_pnl", unrealized_pnl = "unrealised_pnl", total_realized_pnl = "cum_realised_pnl",
  accumulated_fee = "cum_commission", cross_sequence = "cross_seq", position_sequence = "position_seq",
  tpsl_mode = "tp_sl_mode", position_mode = "position_idx", create_time = "created_at", update_time = "updated_at",
  is_valid = "is_valid", oc_calc_data = "oc_calc_data",
  trailing_stop_trigger_price = "trailing_active", take_profit_trigger_type = "tp_trigger_by",
  stop_loss_trigger_type = "sl_trigger_by", inline = { "ext_fields" },
}

return spellings
