-- The position, its stops and its executions (v2 documentation, account data, position), in the order of the documentation.

local EXECUTIONS = { verb = "GET", path = "/v2/private/execution/list", source = "v2 documentation, user trade records" }

local UNIT = "whole contracts of 1 USD"

local START = { "start_time", "start_time" }
local PAGE = { "page", "page" }
local PAGE_SIZE = { "page_size", "limit", max = 200 }

return {
  { "get_position",
    verb = "GET", path = "/v2/private/position/list", group = "list", source = "v2 documentation, my position",
    doc = "The position of a symbol, also an empty one.",
    params = { "symbol" }, result = { first = "position" } },

  { "set_trading_stop", settle = "stop", heard = true, protects = true,
    verb = "POST", path = "/v2/private/position/trading-stop", group = "stop",
    source = "v2 documentation, set trading stop",
    doc = "Sets, changes or removes take profit, stop loss and trailing stop of the open position. What is left out stays "
      .. "as it is; 0 removes it. In Partial mode, a setting of the account, the call only adds: never repeat it blindly.",
    params = { "symbol", "take_profit_price", "stop_loss_price", { "trailing_stop_price", "trailing_stop" },
      "take_profit_trigger_type", "stop_loss_trigger_type", { "trailing_stop_trigger_price", "new_trailing_active" },
      { "take_profit_quantity", "tp_size", unit = UNIT, doc = "Partial mode only: how much of the position." },
      { "stop_loss_quantity", "sl_size", unit = UNIT, doc = "Partial mode only: how much of the position." }, "one_way" },
    rules = { { "any_of", "take_profit_price", "stop_loss_price", "trailing_stop_price", "take_profit_trigger_type",
      "stop_loss_trigger_type", "trailing_stop_trigger_price" } },
    result = { record = "position" } },

  { "get_user_trades", on = EXECUTIONS, composite = true, over = { "execution_list" },
    doc = "A page of executions, oldest first: trades, and also funding, liquidations and others.",
    params = { "symbol", "order_id", START, PAGE, PAGE_SIZE, "cursor", "id_prefix" },
    result = { list = "trade", key = "trade_list" } },

  { "execution_list", on = EXECUTIONS, group = "list", internal = true, like = "get_user_trades",
    doc = "A numbered page of executions.",
    params = { "symbol", "order_id", START, PAGE, PAGE_SIZE }, result = { list = "trade", key = "trade_list" } },
}
