-- set_trading_stop: each parameter and its bytes (V5 documentation, position/trading-stop). A parameter that is left out changes
-- nothing; 0 removes.

local methods = require "spec.support.methods"

local D = methods.decimal

local NOTHING = "nothing to do: give at least one of 'take_profit_price', 'stop_loss_price', 'trailing_stop_price', "
  .. "'take_profit_trigger_type', 'stop_loss_trigger_type', 'trailing_stop_trigger_price'"
local TRIGGER_TYPES = "one of 'LastPrice', 'IndexPrice', 'MarkPrice'"
local NO_STOP = { "stop_loss_price" }

-- The bytes of the documentation's example, for the contract of this spec.
local EXAMPLE = { symbol = "XRPUSD", take_profit_price = "0.6", stop_loss_price = "0.2",
  take_profit_trigger_type = "MarkPrice", stop_loss_trigger_type = "IndexPrice", tpsl_mode = "Partial",
  tp_order_type = "Limit", sl_order_type = "Limit", take_profit_quantity = 50, stop_loss_quantity = 50,
  tp_limit_price = "0.57", sl_limit_price = "0.21", position_mode = 0 }
local EXAMPLE_BODY = '{"category":"inverse","symbol":"XRPUSD","takeProfit":"0.6","stopLoss":"0.2",'
  .. '"tpTriggerBy":"MarkPrice","slTriggerBy":"IndexPrice","tpslMode":"Partial","tpSize":"50","slSize":"50",'
  .. '"tpOrderType":"Limit","slOrderType":"Limit","tpLimitPrice":"0.57","slLimitPrice":"0.21","positionIdx":0}'

describe("set_trading_stop", function()
  for _, case in ipairs(methods.cases("set_trading_stop", {
    order = '{"category":"","symbol":"","takeProfit":"","stopLoss":"","trailingStop":"","tpTriggerBy":"","slTriggerBy":"",'
      .. '"activePrice":"","tpslMode":"","tpSize":"","slSize":"","tpOrderType":"","slOrderType":"","tpLimitPrice":"",'
      .. '"slLimitPrice":"","positionIdx":0}',
    parameters = {
      symbol = { { "ETHUSD", '"symbol":"ETHUSD"' }, bad = {
        { nil, "parameter 'symbol' is missing", without = { "symbol" } } } },
      -- The three that are left out are not sent; zero is sent as "0".
      take_profit_price = { { "35000.50", '"takeProfit":"35000.50"' }, { 0, '"takeProfit":"0"' },
        { "35000", '"takeProfit":"35000"', without = NO_STOP, gone = { "stopLoss" } }, bad = {
        { "-1", "parameter 'take_profit_price': 0 or more expected, got '-1' (string)" } } },
      stop_loss_price = { { 28000.5, '"stopLoss":"28000.5"' }, { 0, '"stopLoss":"0"' }, { D "0.0", '"stopLoss":"0.0"' },
        bad = {
        { -1, "parameter 'stop_loss_price': 0 or more expected, got -1 (number)" },
        { nil, NOTHING, without = NO_STOP } } },
      trailing_stop_price = { { "150.5", '"trailingStop":"150.5"' }, { 0, '"trailingStop":"0"' }, bad = {
        { -1, "parameter 'trailing_stop_price': 0 or more expected, got -1 (number)" } } },
      trailing_stop_distance = { { 150, '"trailingStop":"150"' },
        { 0, '"trailingStop":"0"', without = NO_STOP, gone = { "stopLoss" } }, bad = {
        { 150, "'trailing_stop_price' and 'trailing_stop_distance' are two names of one parameter: "
          .. "give one of them", with = { trailing_stop_price = 150 } } } },
      trailing_stop_trigger_price = { { "31000", '"activePrice":"31000"' }, bad = {
        { 0, "parameter 'trailing_stop_trigger_price': a value above 0 expected, got 0 (number)" } } },
      take_profit_trigger_type = { { "MarkPrice", '"tpTriggerBy":"MarkPrice"' }, bad = {
        { "Mark", ("parameter 'take_profit_trigger_type': 'Mark' is not one of its values: %s; here it is 'MarkPrice'")
          :format(TRIGGER_TYPES) } } },
      stop_loss_trigger_type = { { "IndexPrice", '"slTriggerBy":"IndexPrice"' },
        { "LastPrice", '"slTriggerBy":"LastPrice"' }, bad = {
        { "x", ("parameter 'stop_loss_trigger_type': 'x' is not one of its values: %s"):format(TRIGGER_TYPES) } } },
      -- The exchange needs a mode in every call: Partial if a quantity is given, else Full.
      tpsl_mode = { { "Full", '"tpslMode":"Full"' }, { "Partial", '"tpslMode":"Partial"' }, bad = {
        { "Full", "'tpsl_mode' = 'Full' covers the whole position and takes no quantity: use 'Partial'",
          with = { stop_loss_quantity = 5 } },
        { "Part", "parameter 'tpsl_mode': 'Part' is not one of its values: one of 'Full', 'Partial'" } } },
      take_profit_quantity = {
        { 50, '"takeProfit":"35000","tpslMode":"Partial","tpSize":"50"', with = { take_profit_price = 35000 } }, bad = {
        { 0, "parameter 'take_profit_quantity': a value above 0 expected, got 0 (number)" },
        { 50, "'take_profit_quantity' and 'stop_loss_quantity' must be equal when both are given, got 50 and 51",
          with = { stop_loss_quantity = 51 } } } },
      stop_loss_quantity = { { 50, '"tpslMode":"Partial","slSize":"50"' },
        -- Equal as numbers, not as texts.
        { "50.0", '"tpslMode":"Partial","tpSize":"50","slSize":"50.0"', with = { take_profit_quantity = 50 } }, bad = {
        { -1, "parameter 'stop_loss_quantity': a value above 0 expected, got -1 (number)" } } },
      tp_order_type = { { "Limit", '"tpOrderType":"Limit"' }, { "Market", '"tpOrderType":"Market"' }, bad = {
        { "limit", "parameter 'tp_order_type': 'limit' is not one of its values: one of 'Market', 'Limit'; here it is "
          .. "'Limit'" } } },
      sl_order_type = { { "Limit", '"slOrderType":"Limit"' }, bad = {
        { true, "parameter 'sl_order_type': true is not one of its values: one of 'Market', 'Limit'" } } },
      tp_limit_price = { { "34990", '"tpLimitPrice":"34990"' }, bad = {
        { 0, "parameter 'tp_limit_price': a value above 0 expected, got 0 (number)" } } },
      sl_limit_price = { { "24990", '"slLimitPrice":"24990"' }, bad = {
        { 0, "parameter 'sl_limit_price': a value above 0 expected, got 0 (number)" } } },
      position_mode = { { 0, '"positionIdx":0' }, { 2, '"positionIdx":2' }, bad = {
        { -1, "parameter 'position_mode': a value from 0 to 2 expected, got -1 (number)" } } },
    },
  })) do it(case[1], case[2]) end

  it("sends the documentation's example, byte for byte in declared order", function()
    local client <close>, sent = methods.client(methods.example "position-trading-stop")
    local result, err, response = client:set_trading_stop(EXAMPLE)
    assert.is_nil(err)
    assert.same({}, result)
    assert.equal(1672283125359, response.time)
    assert.equal(EXAMPLE_BODY, sent[1].body)
  end)

  it("suggests the right names for those of other clients", function()
    local client <close> = methods.client()
    for key, here in pairs { take_profit = "take_profit_price", stop_loss = "stop_loss_price", tp_size =
      "take_profit_quantity", slSize = "stop_loss_quantity", trailing_stop = "trailing_stop_price",
      activePrice = "trailing_stop_trigger_price", new_trailing_active = "trailing_stop_trigger_price" } do
      assert.equal(("set_trading_stop: unknown parameter '%s': here it is '%s'"):format(key, here),
        methods.refusal(client, "set_trading_stop", { symbol = "BTCUSD", [key] = 1 }))
    end
  end)

  for _, case in ipairs {
    { 34040, "not modified", { kind = "exchange", name = "trading_stop_unchanged", outcome = "rejected", unchanged = true,
      line = "trading stop unchanged (34040), it is already as asked" } },
    { 10001, "can not set tp/sl/ts for zero position", { kind = "exchange", name = "no_position", outcome = "rejected",
      line = "no position (10001): can not set tp/sl/ts for zero position, nothing was changed" } },
    { 10001, "StopLoss:324000000 set for Buy position should lower than base_price:161600000??LastPrice",
      { kind = "exchange", name = "invalid_stop_loss", outcome = "rejected", line = "invalid stop loss (10001): "
        .. "StopLoss:324000000 set for Buy position should lower than base_price:161600000??LastPrice, "
        .. "nothing was changed" } },
    { 10001, "TakeProfit:1 set for Buy position should higher than base_price:2??LastPrice", { kind = "exchange",
      name = "invalid_take_profit", outcome = "rejected", line = "invalid take profit (10001): TakeProfit:1 set for Buy "
        .. "position should higher than base_price:2??LastPrice, nothing was changed" } },
    { 110061, "Not able to have more than 20 partial TP/SL orders", { kind = "exchange", name = "too_many_partial_tpsl",
      outcome = "rejected", line = "too many partial tpsl (110061), nothing was changed" } },
    { 10003, "API key is invalid.", { kind = "auth", name = "invalid_key", outcome = "rejected",
      line = "invalid key (10003): API key is invalid., nothing was changed" } },
    { 10006, "Too many visits. Exceeded the API Rate Limit.", { kind = "rate_limit", name = "rate_limited",
      outcome = "rejected", retryable = true,
      line = "rate limited (10006): Too many visits. Exceeded the API Rate Limit., nothing was changed" } },
    { 199999, "something new", { kind = "exchange", outcome = "unknown",
      line = "exchange (199999): something new, it may have been changed: look before repeating" } },
  } do
    it(("reports the exchange's code %d (%s) with the right kind and outcome"):format(case[1], case[2]), function()
      case[3].line = "set_trading_stop BTCUSD: " .. case[3].line
      methods.check_error("set_trading_stop", case[1], case[2], case[3])
    end)
  end
end)
