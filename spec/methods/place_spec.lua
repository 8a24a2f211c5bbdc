-- place_order and place_conditional_order: each parameter and its bytes (V5 documentation, order/create), refusals, results.

local endpoints = require "bybit.wire.v5.endpoints"
local methods = require "spec.support.methods"

local D = methods.decimal
local NEEDS = " (0 needs 'reduce_only' = true and 'close_on_trigger' = true)"

-- Parameters that both methods take, with the same cases.
local function shared(more)
  local cases = {
    symbol = { { "ETHUSD", '"symbol":"ETHUSD"' }, { "BTCUSDH26", '"symbol":"BTCUSDH26"' }, bad = {
      { "btcusd", "parameter 'symbol': 'btcusd' is not a symbol: upper case letters and digits such as 'BTCUSD'; "
        .. "perhaps 'BTCUSD'?" },
      { "BTC/USD:BTC", "parameter 'symbol': 'BTC/USD:BTC' is not a symbol: upper case letters and digits such as "
        .. "'BTCUSD'; perhaps 'BTCUSD'?" },
      { { "BTCUSD" }, "parameter 'symbol': one symbol such as 'BTCUSD', not a list, expected, got a table (table)" },
      { nil, "parameter 'symbol' is missing", without = { "symbol" } } } },
    side = { { "Buy", '"side":"Buy"' }, { "Sell", '"side":"Sell"' }, bad = {
      { "buy", "parameter 'side': 'buy' is not one of its values: one of 'Buy', 'Sell'; here it is 'Buy'" },
      { "Long", "parameter 'side': 'Long' is not one of its values: one of 'Buy', 'Sell'; here it is 'Buy'" },
      { 1, "parameter 'side': 1 is not one of its values: one of 'Buy', 'Sell'" },
      { nil, "parameter 'side' is missing", without = { "side" } } } },
    -- "If you pass qty=0 and specify reduceOnly=true&closeOnTrigger=true, you can close the position" (V5 documentation,
    -- order/create: qty); 0 means nothing without both.
    quantity = { { "1", '"qty":"1"' }, { 250, '"qty":"250"' }, { D "1000000", '"qty":"1000000"' },
      { 0, '"qty":"0","reduceOnly":true,"closeOnTrigger":true', with = { reduce_only = true, close_on_trigger = true } },
      { "0", '"qty":"0","reduceOnly":true,"closeOnTrigger":true', with = { reduce_only = true, close_on_trigger = true } },
      bad = {
      { 0, "parameter 'quantity': a value above 0" .. NEEDS .. " expected, got 0 (number)" },
      { 0, "parameter 'quantity': a value above 0" .. NEEDS .. " expected, got 0 (number)",
        with = { reduce_only = true } },
      { "0", "parameter 'quantity': a value above 0" .. NEEDS .. " expected, got '0' (string)",
        with = { close_on_trigger = true } },
      { 0, "parameter 'quantity': a value above 0" .. NEEDS .. " expected, got 0 (number)",
        with = { reduce_only = true, close_on_trigger = false } },
      { -5, "parameter 'quantity': a value above 0" .. NEEDS .. " expected, got -5 (number)",
        with = { reduce_only = true, close_on_trigger = true } },
      { "1e3", "parameter 'quantity': '1e3' is not a decimal: digits expected, such as '30000.50'" },
      { nil, "parameter 'quantity' is missing", without = { "quantity" } } } },
    time_in_force = { { "GTC", '"timeInForce":"GTC"' }, { "IOC", '"timeInForce":"IOC"' },
      { "FOK", '"timeInForce":"FOK"' }, { "PostOnly", '"timeInForce":"PostOnly"' }, { "RPI", '"timeInForce":"RPI"' },
      bad = { { "GoodTillCancel", "parameter 'time_in_force': 'GoodTillCancel' is not one of its values: one of "
        .. "'GTC', 'IOC', 'FOK', 'PostOnly', 'RPI'; here it is 'GTC'" } } },
    position_mode = { { 0, '"positionIdx":0' }, { 1, '"positionIdx":1' }, { 2.0, '"positionIdx":2' }, bad = {
      { 3, "parameter 'position_mode': a value from 0 to 2 expected, got 3 (number)" },
      { "0", "parameter 'position_mode': an integer expected, got '0' (string)" } } },
    client_order_id = { { "my_order-1", '"orderLinkId":"my_order-1"' },
      { ("x"):rep(36), '"orderLinkId":"' .. ("x"):rep(36) .. '"' }, bad = {
      { ("x"):rep(37), "parameter 'client_order_id': 1 to 36 of A-Z a-z 0-9 - _ expected, got '" .. ("x"):rep(37)
        .. "' (string)" },
      { "my order", "parameter 'client_order_id': 1 to 36 of A-Z a-z 0-9 - _ expected, got 'my order' (string)" },
      { "", "parameter 'client_order_id': 1 to 36 of A-Z a-z 0-9 - _ expected, got '' (string)" },
      { 17, "parameter 'client_order_id': a string expected, got 17 (number)" } } },
    reduce_only = { { true, '"reduceOnly":true' }, { false, '"reduceOnly":false' }, bad = {
      { "true", "parameter 'reduce_only': true or false expected, got 'true' (string)" } } },
    close_on_trigger = { { true, '"closeOnTrigger":true' }, { false, '"closeOnTrigger":false' }, bad = {
      { 1, "parameter 'close_on_trigger': true or false expected, got 1 (number)" } } },
    take_profit_price = { { "35000.50", '"takeProfit":"35000.50"' }, { 0, '"takeProfit":"0"' }, bad = {
      { -1, "parameter 'take_profit_price': 0 or more expected, got -1 (number)" } } },
    stop_loss_price = { { 25000.5, '"stopLoss":"25000.5"' }, bad = {
      { 0.1 + 0.2, "parameter 'stop_loss_price': the float 0.30000000000000004 is not exact: write it as a string, or "
        .. "round it with bybit.decimal(x, places)" } } },
    take_profit_trigger_type = { { "LastPrice", '"tpTriggerBy":"LastPrice"' },
      { "IndexPrice", '"tpTriggerBy":"IndexPrice"' }, { "MarkPrice", '"tpTriggerBy":"MarkPrice"' }, bad = {
      { "Mark", "parameter 'take_profit_trigger_type': 'Mark' is not one of its values: one of 'LastPrice', "
        .. "'IndexPrice', 'MarkPrice'; here it is 'MarkPrice'" } } },
    stop_loss_trigger_type = { { "LastPrice", '"slTriggerBy":"LastPrice"' },
      { "IndexPrice", '"slTriggerBy":"IndexPrice"' }, { "MarkPrice", '"slTriggerBy":"MarkPrice"' }, bad = {
      { "Index", "parameter 'stop_loss_trigger_type': 'Index' is not one of its values: one of 'LastPrice', "
        .. "'IndexPrice', 'MarkPrice'; here it is 'IndexPrice'" } } },
    tpsl_mode = { { "Full", '"tpslMode":"Full"' }, { "Partial", '"tpslMode":"Partial"' }, bad = {
      { "partial", "parameter 'tpsl_mode': 'partial' is not one of its values: one of 'Full', 'Partial'; here it is "
        .. "'Partial'" } } },
    tp_order_type = { { "Limit", '"tpOrderType":"Limit"' }, { "Market", '"tpOrderType":"Market"' }, bad = {
      { "limit", "parameter 'tp_order_type': 'limit' is not one of its values: one of 'Market', 'Limit'; here it is "
        .. "'Limit'" } } },
    sl_order_type = { { "Limit", '"slOrderType":"Limit"' }, { "Market", '"slOrderType":"Market"' }, bad = {
      { "Stop", "parameter 'sl_order_type': 'Stop' is not one of its values: one of 'Market', 'Limit'" } } },
    tp_limit_price = { { "34990.5", '"tpLimitPrice":"34990.5"' }, bad = {
      { "0", "parameter 'tp_limit_price': a value above 0 expected, got '0' (string)" } } },
    sl_limit_price = { { "24990.5", '"slLimitPrice":"24990.5"' }, bad = {
      { "-0.5", "parameter 'sl_limit_price': a value above 0 expected, got '-0.5' (string)" } } },
    smp_type = { { "None", '"smpType":"None"' }, { "CancelMaker", '"smpType":"CancelMaker"' },
      { "CancelTaker", '"smpType":"CancelTaker"' }, { "CancelBoth", '"smpType":"CancelBoth"' }, bad = {
      { "ExpireMaker", "parameter 'smp_type': 'ExpireMaker' is not one of its values: one of 'None', 'CancelMaker', "
        .. "'CancelTaker', 'CancelBoth'; here it is 'CancelMaker'" } } },
    bbo_side_type = { { "Queue", '"bboSideType":"Queue","bboLevel":"1"', with = { bbo_level = "1" } },
      { "Counterparty", '"bboSideType":"Counterparty","bboLevel":"5"', with = { bbo_level = "5" } }, bad = {
      { "Queue", "'bbo_side_type' and 'bbo_level' go together: give all or none" },
      { "Own", "parameter 'bbo_side_type': 'Own' is not one of its values: one of 'Queue', 'Counterparty'; here it is "
        .. "'Queue'", with = { bbo_level = "1" } } } },
    bbo_level = { { "3", '"bboSideType":"Queue","bboLevel":"3"', with = { bbo_side_type = "Queue" } }, bad = {
      { "1", "'bbo_side_type' and 'bbo_level' go together: give all or none" },
      { "6", "parameter 'bbo_level': '6' is not one of its values: one of '1', '2', '3', '4', '5'",
        with = { bbo_side_type = "Queue" } } } },
    rpi_taker_access = { { true, '"rpiTakerAccess":true' }, bad = {
      { "no", "parameter 'rpi_taker_access': true or false expected, got 'no' (string)" } } },
  }
  for k, v in pairs(more) do cases[k] = v end
  return cases
end

-- Refusals of the exchange: code, text, and the resulting error; `line` follows "<method> BTCUSD <side> <quantity>".
local function refusals()
  return {
    { 110007, "ab not enough for new order", { kind = "exchange", name = "insufficient_balance", outcome = "rejected",
      line = "insufficient balance (110007), nothing was placed" } },
    { 110072, "OrderLinkedID is duplicate", { kind = "exchange", name = "duplicate_client_order_id",
      outcome = "rejected", line = "duplicate client order id (110072), nothing was placed" } },
    { 10001, "params error: symbol invalid", { kind = "exchange", name = "invalid_symbol", outcome = "rejected",
      line = "invalid symbol (10001): params error: symbol invalid, nothing was placed" } },
    { 10001, "Qty invalid", { kind = "exchange", name = "invalid_quantity", outcome = "rejected",
      line = "invalid quantity (10001): Qty invalid, nothing was placed" } },
    { 110003, "Order price is out of permissible range", { kind = "exchange", name = "price_out_of_range",
      outcome = "rejected",
      line = "price out of range (110003): Order price is out of permissible range, nothing was placed" } },
    { 110017, "current position is zero, cannot fix reduce-only order qty", { kind = "exchange",
      name = "reduce_only_rejected", outcome = "rejected", line = "reduce only rejected (110017): current position is "
        .. "zero, cannot fix reduce-only order qty, nothing was placed" } },
    { 10003, "API key is invalid.", { kind = "auth", name = "invalid_key", outcome = "rejected",
      line = "invalid key (10003): API key is invalid., nothing was placed" } },
    { 10006, "Too many visits. Exceeded the API Rate Limit.", { kind = "rate_limit", name = "rate_limited",
      outcome = "rejected", retryable = true,
      line = "rate limited (10006): Too many visits. Exceeded the API Rate Limit., nothing was placed" } },
    -- A code without a description has the outcome `unknown`: the call may have been executed.
    { 199999, "something new", { kind = "exchange", outcome = "unknown",
      line = "exchange (199999): something new, it may have been placed: look it up before repeating "
        .. "(client_order_id a-1)" } },
  }
end

describe("pre_check_order", function()
  local RICH = { take_profit_price = "33000.5", tpsl_mode = "Partial", tp_order_type = "Limit", tp_limit_price = 33001,
    bbo_level = "2", bbo_side_type = "Queue", reduce_only = false, position_mode = 1 }

  it("sends what place_order would send, to its own path", function()
    local client <close>, sent = methods.client()
    local SLIPPING = { time_in_force = "PostOnly", slippage_tolerance = 5, slippage_tolerance_type = "TickSize" }
    for _, more in ipairs { {}, RICH, SLIPPING } do
      for _, method in ipairs { "place_order", "pre_check_order" } do
        client[method](client, methods.params("place_order", more))
      end
      local order, check = sent[#sent - 1], sent[#sent]
      assert.same({ "POST", "/v5/order/pre-check", order.body }, { methods.parts(check) })
    end
    for i, p in ipairs(endpoints.pre_check_order.params) do assert.equal(endpoints.place_order.params[i][1], p[1]) end
    assert.equal(#endpoints.place_order.params, #endpoints.pre_check_order.params)
  end)

  it("makes no id, and asks again after a lost answer: nothing is placed", function()
    local client <close>, sent = methods.client(function(_, n)
      if n == 1 then return { error = "network", message = "the connection was cut", sent = true } end
      return methods.ok '{"orderId":"o-1","orderLinkId":"","preImrE4":30,"preMmrE4":21,"postImrE4":357,"postMmrE4":294}'
    end)
    local check = assert(client:pre_check_order(methods.params("place_order", nil, { "client_order_id" })))
    assert.same({ 30, 21, 357, 294 }, { check.pre_imr_e4, check.pre_mmr_e4, check.post_imr_e4, check.post_mmr_e4 })
    assert.equal(2, #sent)
    assert.is_nil(sent[1].body:find("orderLinkId", 1, true))
  end)

  it("is refused without an outcome: no order could be made", function()
    local client <close> = methods.client(function() return '{"retCode":110007,"retMsg":"ab not enough","result":{}}' end)
    local check, err = client:pre_check_order(methods.params "place_order")
    assert.is_nil(check)
    assert.same({ "exchange", "insufficient_balance" }, { err.kind, err.name })
    assert.is_nil(err.outcome)
  end)
end)

describe("place_order", function()
  for _, case in ipairs(methods.cases("place_order", {
    order = '{"category":"inverse","symbol":"BTCUSD","side":"Buy","orderType":"Limit","qty":"100","price":"30000.5",'
      .. '"timeInForce":"GTC","positionIdx":0,"orderLinkId":"a-1","reduceOnly":true,"closeOnTrigger":true,'
      .. '"takeProfit":"1","stopLoss":"1","tpTriggerBy":"","slTriggerBy":"","tpslMode":"","tpOrderType":"",'
      .. '"slOrderType":"","tpLimitPrice":"1","slLimitPrice":"1","smpType":"","slippageToleranceType":"",'
      .. '"slippageTolerance":"1","bboSideType":"","bboLevel":"","rpiTakerAccess":true}',
    parameters = shared {
      type = { { "Limit", '"orderType":"Limit"' },
        { "Market", '"orderType":"Market","timeInForce":"IOC"' }, bad = {
        { "market", "parameter 'type': 'market' is not one of its values: one of 'Market', 'Limit'; here it is 'Market'" },
        { nil, "parameter 'type' is missing", without = { "type" } } } },
      price = { { "30000.50", '"price":"30000.50"' }, { 0.5, '"price":"0.5"' }, { D "1", '"price":"1"' },
        { nil, '"orderType":"Market","timeInForce":"IOC"', with = { type = "Market" }, without = { "price" },
          gone = { "price" } },
        { nil, '"bboSideType":"Queue","bboLevel":"1"', with = { bbo_side_type = "Queue", bbo_level = "1" },
          without = { "price" }, gone = { "price" } }, bad = {
        { nil, "parameter 'price' is missing: type = 'Limit' needs it", without = { "price" } },
        { 0, "parameter 'price': a value above 0 expected, got 0 (number)" },
        { "30,000", "parameter 'price': '30,000' is not a decimal: digits expected, such as '30000.50'" } } },
      slippage_tolerance_type = {
        { "TickSize", '"slippageToleranceType":"TickSize","slippageTolerance":"10"', with = { slippage_tolerance = 10 } },
        { "Percent", '"slippageToleranceType":"Percent","slippageTolerance":"0.05"',
          with = { slippage_tolerance = "0.05" } }, bad = {
        { "Percent", "'slippage_tolerance_type' and 'slippage_tolerance' go together: give all or none" },
        { "Ticks", "parameter 'slippage_tolerance_type': 'Ticks' is not one of its values: one of 'TickSize', 'Percent'; "
          .. "here it is 'TickSize'",
          with = { slippage_tolerance = 10 } } } },
      slippage_tolerance = { { "0.5", '"slippageToleranceType":"Percent","slippageTolerance":"0.5"',
          with = { slippage_tolerance_type = "Percent" } }, bad = {
        { 10, "'slippage_tolerance_type' and 'slippage_tolerance' go together: give all or none" },
        { 0, "parameter 'slippage_tolerance': a value above 0 expected, got 0 (number)",
          with = { slippage_tolerance_type = "TickSize" } } } },
    },
  })) do it(case[1], case[2]) end

  it("makes a client_order_id if none is given", function()
    local client <close>, sent = methods.client()
    assert(client:place_order(methods.params("place_order", nil, { "client_order_id" })))
    assert.truthy(sent[1].body:find '"orderLinkId":"[%w]+"', sent[1].body)
  end)

  it("suggests the right names for those of other clients", function()
    local client <close> = methods.client()
    for key, message in pairs {
      amount = "unknown parameter 'amount': here it is 'quantity'",
      qty = "unknown parameter 'qty': here it is 'quantity'",
      orderLinkId = "unknown parameter 'orderLinkId': here it is 'client_order_id'",
      order_link_id = "unknown parameter 'order_link_id': here it is 'client_order_id'",
      take_profit = "unknown parameter 'take_profit': here it is 'take_profit_price'",
      tp_trigger_by = "unknown parameter 'tp_trigger_by': here it is 'take_profit_trigger_type'",
      positionIdx = "unknown parameter 'positionIdx': here it is 'position_mode'",
      stop_los_price = "unknown parameter 'stop_los_price', did you mean 'stop_loss_price'?",
      trigger_price = "unknown parameter 'trigger_price': place_conditional_order takes it",
      trigger_direction = "unknown parameter 'trigger_direction': place_conditional_order takes it",
    } do
      assert.equal("place_order: " .. message, methods.refusal(client, "place_order",
        { symbol = "BTCUSD", [key] = 1 }))
    end
  end)

  it("returns the acknowledgement of the documentation's example", function()
    local client <close> = methods.client(methods.example "order-create")
    local ack, err, response = client:place_order(methods.params("place_order", methods.PLACED))
    assert.is_nil(err)
    methods.same_record({ order_id = "1321003749386327552", client_order_id = "spot-test-postonly" }, ack)
    assert.equal(1672211918471, response.time)
    assert.is_nil(response.undecoded)
    assert.equal("order_id{order_id=1321003749386327552 client_order_id=spot-test-postonly}", tostring(ack))
  end)

  for _, case in ipairs(refusals()) do
    it(("reports the exchange's code %d (%s) with the right kind and outcome"):format(case[1], case[2]), function()
      case[3].line = "place_order BTCUSD Buy 100 @ 30000.5: " .. case[3].line
      methods.check_error("place_order", case[1], case[2], case[3])
    end)
  end
end)

describe("place_conditional_order", function()
  local NO_BASE = { "base_price" }
  for _, case in ipairs(methods.cases("place_conditional_order", {
    order = '{"category":"inverse","symbol":"BTCUSD","side":"Buy","orderType":"Limit","qty":"100","price":"30000.5",'
      .. '"triggerPrice":"1","triggerDirection":1,"triggerBy":"","timeInForce":"GTC","positionIdx":0,'
      .. '"orderLinkId":"a-1","reduceOnly":true,"closeOnTrigger":true,"takeProfit":"1","stopLoss":"1",'
      .. '"tpTriggerBy":"","slTriggerBy":"","tpslMode":"","tpOrderType":"","slOrderType":"","tpLimitPrice":"1",'
      .. '"slLimitPrice":"1","smpType":"","bboSideType":"","bboLevel":"","rpiTakerAccess":true}',
    parameters = shared {
      type = { { "Market", '"orderType":"Market"' },
        { "Limit", '"orderType":"Limit","price":"31330","timeInForce":"GTC"', with = { price = "31330" } }, bad = {
        { "StopMarket", "parameter 'type': 'StopMarket' is not one of its values: one of 'Market', 'Limit'; here it is "
          .. "'Market'" },
        { nil, "parameter 'type' is missing", without = { "type" } } } },
      price = { { "31330.5", '"price":"31330.5"' }, bad = {
        { nil, "parameter 'price' is missing: type = 'Limit' needs it", with = { type = "Limit" } },
        { "-1", "parameter 'price': a value above 0 expected, got '-1' (string)" } } },
      trigger_price = { { "31500.50", '"triggerPrice":"31500.50"' },
        { 31000, '"triggerPrice":"31000","triggerDirection":2' }, bad = {
        { nil, "parameter 'trigger_price' is missing", without = { "trigger_price" } },
        { 0, "parameter 'trigger_price': a value above 0 expected, got 0 (number)" },
        { 31319, "'trigger_price' and 'base_price' are both 31319: one must be above the other" } } },
      -- Prices are compared as decimals: as texts "9999" is above "31320", and "31320.0" differs from "31320".
      base_price = { { 9999, '"triggerDirection":1' }, { "31320.5", '"triggerDirection":2' },
        { "31319.99", '"triggerDirection":1' }, bad = {
        { "31320.0", "'trigger_price' and 'base_price' are both '31320.0': one must be above the other" },
        { -1, "parameter 'base_price': a value above 0 expected, got -1 (number)" },
        { nil, "'base_price' or 'trigger_direction' is needed: from which side is the trigger price reached?",
          without = NO_BASE } } },
      trigger_direction = { { "Rising", '"triggerDirection":1', without = NO_BASE },
        { "Falling", '"triggerDirection":2', without = NO_BASE },
        { "Rising", '"triggerDirection":1' }, bad = {
        { "Falling", "'trigger_direction' is 'Falling', but a trigger price of 31320 is reached from a base price of "
          .. "31319 rising" },
        { 1, "parameter 'trigger_direction': 1 is not one of its values: one of 'Rising', 'Falling'; here it is "
          .. "'Rising'", without = NO_BASE },
        { "up", "parameter 'trigger_direction': 'up' is not one of its values: one of 'Rising', 'Falling'; here it is "
          .. "'Rising'", without = NO_BASE } } },
      trigger_type = { { "LastPrice", '"triggerBy":"LastPrice"' }, { "IndexPrice", '"triggerBy":"IndexPrice"' },
        { "MarkPrice", '"triggerBy":"MarkPrice"' }, bad = {
        { "mark", "parameter 'trigger_type': 'mark' is not one of its values: one of 'LastPrice', 'IndexPrice', "
          .. "'MarkPrice'; here it is 'MarkPrice'" } } },
    },
  })) do it(case[1], case[2]) end

  it("sends a conditional limit order with all its options", function()
    local client <close>, sent = methods.client()
    assert(client:place_conditional_order { symbol = "BTCUSD", side = "Sell", type = "Limit", quantity = 100,
      price = "28990.50", trigger_price = "29000", base_price = 30000, trigger_type = "MarkPrice", reduce_only = true,
      close_on_trigger = true, client_order_id = "exit-1" })
    assert.equal('{"category":"inverse","symbol":"BTCUSD","side":"Sell","orderType":"Limit","qty":"100",'
      .. '"price":"28990.50","triggerPrice":"29000","triggerDirection":2,"triggerBy":"MarkPrice","timeInForce":"GTC",'
      .. '"positionIdx":0,"orderLinkId":"exit-1","reduceOnly":true,"closeOnTrigger":true}', sent[1].body)
  end)

  it("suggests the right names for those of other clients", function()
    local client <close> = methods.client()
    for key, here in pairs { stop_px = "trigger_price", stopPrice = "trigger_price", triggerBy = "trigger_type",
      triggerDirection = "trigger_direction" } do
      assert.equal(("place_conditional_order: unknown parameter '%s': here it is '%s'"):format(key, here),
        methods.refusal(client, "place_conditional_order", { symbol = "BTCUSD", [key] = 1 }))
    end
  end)

  it("returns an acknowledgement with the id under both names", function()
    local client <close> = methods.client(methods.example "order-create")
    local ack = assert(client:place_conditional_order(methods.params("place_conditional_order", methods.PLACED)))
    assert.equal("1321003749386327552", ack.order_id)
    assert.equal("1321003749386327552", ack.stop_order_id)
    assert.is_nil(rawget(ack, "stop_order_id"))
  end)

  local list = refusals()
  list[#list + 1] = { 110092, "expect Rising, but trigger_price[313200000] <= current[320000000]??LastPrice",
    { kind = "exchange", name = "trigger_price_not_above", outcome = "rejected", line = "trigger price not above "
      .. "(110092): expect Rising, but trigger_price[313200000] <= current[320000000]??LastPrice, nothing was placed" } }
  list[#list + 1] = { 110009, "The number of stop orders exceeds the maximum allowable limit",
    { kind = "exchange", name = "too_many_conditional_orders", outcome = "rejected",
      line = "too many conditional orders (110009), nothing was placed" } }
  for _, case in ipairs(list) do
    it(("reports the exchange's code %d (%s) with the right kind and outcome"):format(case[1], case[2]), function()
      case[3].line = "place_conditional_order BTCUSD Buy 16: " .. case[3].line
      methods.check_error("place_conditional_order", case[1], case[2], case[3])
    end)
  end
end)
