-- Every parameter that the V5 documentation gives the endpoints behind the methods, in its order, with what
-- carries it: `method.parameter` (each listed method's parameter has that wire name), `fixed` (it is always sent), or
-- the reason why nothing carries it.

local endpoints = require "bybit.wire.v5.endpoints"
local reads = require "spec.support.reads" -- the parameters of the methods that only read
local writes = require "spec.support.writes" -- and of those that change the account

local SPOT = "why: for spot only, ignored for inverse"
local OPTIONS = "why: for options only, ignored for inverse"
local SYMBOL = "why: for calls without a symbol; the interface is about one symbol, which then counts alone"

local PLACE = { "place_order", "place_conditional_order" }
local CONDITIONAL = { "place_conditional_order" }
local AMEND = { "modify_order", "modify_conditional_order" }
local OPEN = { "get_open_orders_real_time", "get_open_conditional_orders_real_time", "get_orders", "get_conditional_orders",
  "order_realtime", "conditional_realtime" }
local CLOSED = { "get_orders", "get_conditional_orders", "order_history", "conditional_history" }

-- { wire name, what carries it, [our name] }: what carries it is a list of methods, or a text.
local WIRE = {
  { "POST /v5/order/create", {
    { "category", "fixed" }, { "symbol", PLACE, "symbol" }, { "side", PLACE, "side" }, { "orderType", PLACE, "type" },
    -- "0", which closes the whole position, is refused: after a lost answer the order's quantity is compared with it.
    { "qty", PLACE, "quantity" }, { "price", PLACE, "price" }, { "timeInForce", PLACE, "time_in_force" },
    { "positionIdx", PLACE, "position_mode" }, { "orderLinkId", PLACE, "client_order_id" },
    { "triggerPrice", CONDITIONAL, "trigger_price" }, { "triggerDirection", CONDITIONAL, "trigger_direction" },
    { "triggerBy", CONDITIONAL, "trigger_type" }, { "reduceOnly", PLACE, "reduce_only" },
    { "closeOnTrigger", PLACE, "close_on_trigger" }, { "takeProfit", PLACE, "take_profit_price" },
    { "stopLoss", PLACE, "stop_loss_price" }, { "tpTriggerBy", PLACE, "take_profit_trigger_type" },
    { "slTriggerBy", PLACE, "stop_loss_trigger_type" }, { "tpslMode", PLACE, "tpsl_mode" },
    { "tpOrderType", PLACE, "tp_order_type" }, { "slOrderType", PLACE, "sl_order_type" },
    { "tpLimitPrice", PLACE, "tp_limit_price" }, { "slLimitPrice", PLACE, "sl_limit_price" },
    { "smpType", PLACE, "smp_type" },
    -- Only for market orders that are not conditional.
    { "slippageToleranceType", { "place_order" }, "slippage_tolerance_type" },
    { "slippageTolerance", { "place_order" }, "slippage_tolerance" },
    { "bboSideType", PLACE, "bbo_side_type" }, { "bboLevel", PLACE, "bbo_level" },
    { "rpiTakerAccess", PLACE, "rpi_taker_access" }, { "isLeverage", SPOT }, { "marketUnit", SPOT },
    { "orderFilter", SPOT }, { "orderIv", OPTIONS }, { "mmp", OPTIONS },
  } },
  { "POST /v5/order/amend", {
    { "category", "fixed" }, { "symbol", AMEND, "symbol" }, { "orderId", { "modify_order" }, "order_id" },
    { "orderId", { "modify_conditional_order" }, "stop_order_id" }, { "orderLinkId", AMEND, "client_order_id" },
    { "qty", AMEND, "new_quantity" }, { "price", AMEND, "new_price" },
    { "triggerPrice", { "modify_conditional_order" }, "new_trigger_price" },
    { "triggerBy", { "modify_conditional_order" }, "trigger_type" }, { "takeProfit", AMEND, "take_profit_price" },
    { "stopLoss", AMEND, "stop_loss_price" }, { "tpTriggerBy", AMEND, "take_profit_trigger_type" },
    { "slTriggerBy", AMEND, "stop_loss_trigger_type" }, { "tpslMode", AMEND, "tpsl_mode" },
    { "tpLimitPrice", AMEND, "tp_limit_price" }, { "slLimitPrice", AMEND, "sl_limit_price" },
  } },
  { "POST /v5/order/cancel", {
    { "category", "fixed" }, { "symbol", { "cancel_order", "cancel_conditional_order" }, "symbol" },
    { "orderId", { "cancel_order" }, "order_id" }, { "orderId", { "cancel_conditional_order" }, "stop_order_id" },
    { "orderLinkId", { "cancel_order", "cancel_conditional_order" }, "client_order_id" }, { "orderFilter", SPOT },
  } },
  { "POST /v5/order/cancel-all", {
    { "category", "fixed" }, { "symbol", { "cancel_all_orders", "cancel_all_conditional_orders" }, "symbol" },
    { "baseCoin", SYMBOL }, { "settleCoin", SYMBOL },
    { "orderFilter", "fixed" }, { "stopOrderType", { "cancel_all_conditional_orders" }, "stop_order_type" },
  } },
  { "GET /v5/order/realtime", {
    { "category", "fixed" },
    { "symbol", { "get_open_order_real_time", "get_open_conditional_order_real_time", "get_open_orders_real_time",
      "get_open_conditional_orders_real_time", "get_orders", "get_conditional_orders", "order_realtime" }, "symbol" },
    { "baseCoin", OPEN, "base_coin" }, { "settleCoin", OPEN, "settle_coin" },
    { "orderId", { "get_open_order_real_time", "get_orders", "order_realtime" }, "order_id" },
    { "orderId", { "get_open_conditional_order_real_time", "get_conditional_orders" }, "stop_order_id" },
    { "orderLinkId", { "get_open_order_real_time", "get_open_conditional_order_real_time", "get_orders",
      "get_conditional_orders", "order_realtime" }, "client_order_id" },
    { "openOnly", { "order_realtime" }, "open_only" },    -- the lists choose it themselves
    { "orderFilter", { "order_realtime" }, "order_filter" }, -- the method's name says it
    { "limit", { "get_orders", "get_conditional_orders", "order_realtime" }, "limit" },
    { "cursor", { "order_realtime" }, "cursor" }, -- inside get_orders' own cursor
  } },
  { "GET /v5/order/history", {
    { "category", "fixed" }, { "symbol", { "get_orders", "get_conditional_orders", "order_history" }, "symbol" },
    { "baseCoin", CLOSED, "base_coin" }, { "settleCoin", CLOSED, "settle_coin" },
    { "orderId", { "get_orders", "order_history" }, "order_id" },
    { "orderId", { "get_conditional_orders" }, "stop_order_id" },
    { "orderLinkId", { "get_orders", "get_conditional_orders", "order_history" }, "client_order_id" },
    { "orderFilter", { "order_history" }, "order_filter" },
    { "orderStatus", { "get_orders", "get_conditional_orders", "order_history" }, "status" },
    { "startTime", { "get_orders", "get_conditional_orders", "order_history" }, "start_time" },
    { "endTime", { "get_orders", "get_conditional_orders", "order_history" }, "end_time" },
    { "limit", { "get_orders", "get_conditional_orders", "order_history" }, "limit" },
    { "cursor", { "order_history" }, "cursor" },
  } },
  { "GET /v5/execution/list", {
    { "category", "fixed" }, { "symbol", { "get_user_trades", "execution_list" }, "symbol" },
    { "orderId", { "get_user_trades", "execution_list" }, "order_id" },
    { "orderLinkId", { "get_user_trades", "execution_list" }, "client_order_id" },
    { "baseCoin", { "get_user_trades", "execution_list" }, "base_coin" },
    { "settleCoin", { "get_user_trades", "execution_list" }, "settle_coin" }, { "startTime", { "get_user_trades",
      "execution_list" }, "start_time" },
    { "endTime", { "get_user_trades", "execution_list" }, "end_time" },
    { "execType", { "get_user_trades", "execution_list" }, "trade_type" },
    { "limit", { "get_user_trades" }, "page_size" }, { "limit", { "execution_list" }, "limit" },
    { "cursor", { "get_user_trades", "execution_list" }, "cursor" },
  } },
  { "POST /v5/position/trading-stop", {
    { "category", "fixed" }, { "symbol", { "set_trading_stop" }, "symbol" },
    { "tpslMode", { "set_trading_stop" }, "tpsl_mode" }, { "positionIdx", { "set_trading_stop" }, "position_mode" },
    { "takeProfit", { "set_trading_stop" }, "take_profit_price" },
    { "stopLoss", { "set_trading_stop" }, "stop_loss_price" },
    { "trailingStop", { "set_trading_stop" }, "trailing_stop_price" },
    { "tpTriggerBy", { "set_trading_stop" }, "take_profit_trigger_type" },
    { "slTriggerBy", { "set_trading_stop" }, "stop_loss_trigger_type" },
    { "activePrice", { "set_trading_stop" }, "trailing_stop_trigger_price" },
    { "tpSize", { "set_trading_stop" }, "take_profit_quantity" }, { "slSize", { "set_trading_stop" }, "stop_loss_quantity" },
    { "tpOrderType", { "set_trading_stop" }, "tp_order_type" }, { "slOrderType", { "set_trading_stop" }, "sl_order_type" },
    { "tpLimitPrice", { "set_trading_stop" }, "tp_limit_price" },
    { "slLimitPrice", { "set_trading_stop" }, "sl_limit_price" },
  } },
}

local function parameter(row, name)
  for _, p in ipairs(row.params) do
    if p[1] == name then return p end
  end
end

-- The declared rows that make requests of an endpoint.
local function rows_of(verb, path)
  local list = {}
  for name, row in pairs(endpoints) do
    if row.verb == verb and row.path == path and not row.composite then list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

for _, endpoint in ipairs(WIRE) do
  describe(endpoint[1], function()
    local verb, path = endpoint[1]:match "^(%u+) (.*)$"

    for _, row in ipairs(endpoint[2]) do
      local wire, carries, name = row[1], row[2], row[3]
      if type(carries) == "table" then
        it(("%s is sent from %s of %s"):format(wire, name, table.concat(carries, ", ")), function()
          for _, method in ipairs(carries) do
            local p = parameter(endpoints[method], name)
            assert.truthy(p, ("%s has no %s"):format(method, name))
            assert.equal(wire, p[2])
          end
        end)
      elseif carries == "fixed" then
        it(wire .. " is always sent", function()
          for _, method in ipairs(rows_of(verb, path)) do
            local found = false
            for _, f in ipairs(endpoints[method].fixed) do found = found or f[1] == wire end
            assert.truthy(found, method)
          end
        end)
      else
        it(("%s is not sent (%s)"):format(wire, carries), function()
          for _, method in ipairs(rows_of(verb, path)) do
            for _, p in ipairs(endpoints[method].params) do assert.not_equal(wire, p[2], method) end
          end
        end)
      end
    end

    it("gets no parameter that its documentation does not list", function()
      local known = {}
      for _, row in ipairs(endpoint[2]) do known[row[1]] = true end
      for _, method in ipairs(rows_of(verb, path)) do
        for _, p in ipairs(endpoints[method].params) do
          assert.truthy(not p[2] or known[p[2]], method .. " sends " .. tostring(p[2]))
        end
      end
    end)
  end)
end

describe("the table of wire parameters", function()
  it("lists every endpoint that the methods use", function()
    local listed = {}
    for _, endpoint in ipairs(WIRE) do listed[endpoint[1]] = true end
    for name, row in pairs(endpoints) do
      local key = row.verb .. " " .. row.path
      assert.truthy(listed[key] or reads[name] or writes[name] or row.elements or row.internal, name .. ": " .. key)
    end
  end)
end)
