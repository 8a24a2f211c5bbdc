-- modify_order and modify_conditional_order: each parameter and its bytes (V5 documentation, order/amend), refusals, results.

local methods = require "spec.support.methods"

local D = methods.decimal

local NOTHING = "nothing to do: give at least one of 'new_price', 'new_quantity', 'take_profit_price', "
  .. "'stop_loss_price', 'take_profit_trigger_type', 'stop_loss_trigger_type', 'tp_limit_price', 'sl_limit_price'"
local NOTHING_CONDITIONAL = "nothing to do: give at least one of 'new_price', 'new_quantity', 'new_trigger_price', "
  .. "'trigger_type', 'take_profit_price', 'stop_loss_price', 'take_profit_trigger_type', 'stop_loss_trigger_type', "
  .. "'tp_limit_price', 'sl_limit_price'"

local TRIGGER_TYPES = "one of 'LastPrice', 'IndexPrice', 'MarkPrice'"

-- Parameters that both methods take, with the same cases. `id` is the name of the order's id, `change` the parameter that the
-- smallest call changes, `nothing` the message for a call that changes nothing.
local function shared(id, change, nothing, more)
  local cases = {
    symbol = { { "ETHUSD", '"symbol":"ETHUSD"' }, bad = {
      { "ETHUSD ", "parameter 'symbol': 'ETHUSD ' is not a symbol: upper case letters and digits such as 'BTCUSD'; "
        .. "perhaps 'ETHUSD'?" },
      { nil, "parameter 'symbol' is missing", without = { "symbol" } } } },
    client_order_id = { { "mine-1", '"orderLinkId":"mine-1"', without = { id }, gone = { "orderId" } }, bad = {
      { "mine-1", ("exactly one of '%s', 'client_order_id' is needed, got more"):format(id) },
      { nil, ("exactly one of '%s', 'client_order_id' is needed, got none"):format(id), without = { id } },
      { "no spaces", "parameter 'client_order_id': 1 to 36 of A-Z a-z 0-9 - _ expected, got 'no spaces' (string)",
        without = { id } } } },
    new_price = { { "30000.50", '"price":"30000.50"' }, { 29000.5, '"price":"29000.5"' }, bad = {
      { 0, "parameter 'new_price': a value above 0 expected, got 0 (number)" },
      { nil, nothing, without = { change } } } },
    new_quantity = { { 150, '"qty":"150"' }, { D "2", '"qty":"2"' }, bad = {
      { "0", "parameter 'new_quantity': a value above 0 expected, got '0' (string)" },
      { true, "parameter 'new_quantity': a decimal expected (a decimal, integer, numeric string or exact float), "
        .. "got boolean" } } },
    -- "0" removes. A parameter that is left out changes nothing: its key is not sent.
    take_profit_price = { { "35000.5", '"takeProfit":"35000.5"' }, { 0, '"takeProfit":"0"' },
      { "0", '"takeProfit":"0"' }, bad = {
      { "-0.5", "parameter 'take_profit_price': 0 or more expected, got '-0.5' (string)" } } },
    stop_loss_price = { { "25000", '"stopLoss":"25000"' }, { 0, '"stopLoss":"0"' }, bad = {
      { -1, "parameter 'stop_loss_price': 0 or more expected, got -1 (number)" } } },
    take_profit_trigger_type = { { "MarkPrice", '"tpTriggerBy":"MarkPrice"' }, bad = {
      { "Last", ("parameter 'take_profit_trigger_type': 'Last' is not one of its values: %s; here it is 'LastPrice'")
        :format(TRIGGER_TYPES) } } },
    stop_loss_trigger_type = { { "IndexPrice", '"slTriggerBy":"IndexPrice"' }, bad = {
      { false, ("parameter 'stop_loss_trigger_type': false is not one of its values: %s"):format(TRIGGER_TYPES) } } },
    tpsl_mode = { { "Full", '"tpslMode":"Full"' }, { "Partial", '"tpslMode":"Partial"' }, bad = {
      { "Entire", "parameter 'tpsl_mode': 'Entire' is not one of its values: one of 'Full', 'Partial'; here it is "
        .. "'Full'" },
      { "Full", nothing, without = { change } } } },
    tp_limit_price = { { "34990.5", '"tpLimitPrice":"34990.5"' }, bad = {
      { 0, "parameter 'tp_limit_price': a value above 0 expected, got 0 (number)" } } },
    sl_limit_price = { { "24990.5", '"slLimitPrice":"24990.5"' }, bad = {
      { 0, "parameter 'sl_limit_price': a value above 0 expected, got 0 (number)" } } },
  }
  for k, v in pairs(more) do cases[k] = v end
  return cases
end

local REFUSALS = {
  { 110001, "order not exists or too late to replace", { kind = "not_found", name = "order_not_found",
    outcome = "rejected",
    line = "order not found (110001): order not exists or too late to replace, nothing was changed" } },
  { 10001, "The order remains unchanged as the parameters entered match the existing ones.", { kind = "exchange",
    name = "order_unchanged", outcome = "rejected", unchanged = true, line = "order unchanged (10001): The order remains "
      .. "unchanged as the parameters entered match the existing ones., it is already as asked" } },
  { 110064, "The order quantity must be greater than the filled quantity", { kind = "exchange",
    name = "quantity_not_above_filled", outcome = "rejected",
    line = "quantity not above filled (110064), nothing was changed" } },
  { 110007, "ab not enough for new order", { kind = "exchange", name = "insufficient_balance", outcome = "rejected",
    line = "insufficient balance (110007), nothing was changed" } },
  { 10005, "Permission denied, please check your API key permissions.", { kind = "auth", name = "permission_denied",
    outcome = "rejected", line = "permission denied (10005): Permission denied, please check your API key permissions., "
      .. "nothing was changed" } },
  { 10006, "Too many visits. Exceeded the API Rate Limit.", { kind = "rate_limit", name = "rate_limited",
    outcome = "rejected", retryable = true,
    line = "rate limited (10006): Too many visits. Exceeded the API Rate Limit., nothing was changed" } },
  { 199999, "something new", { kind = "exchange", outcome = "unknown",
    line = "exchange (199999): something new, it may have been changed: look before repeating" } },
}

local function tells_refusals(name)
  for _, case in ipairs(REFUSALS) do
    it(("reports the exchange's code %d (%s) with the right kind and outcome"):format(case[1], case[2]), function()
      local expected = {}
      for k, v in pairs(case[3]) do expected[k] = v end
      expected.line = name .. " BTCUSD: " .. case[3].line
      methods.check_error(name, case[1], case[2], expected)
    end)
  end
end

describe("modify_order", function()
  for _, case in ipairs(methods.cases("modify_order", {
    order = '{"category":"","symbol":"","orderId":"","orderLinkId":"","price":"","qty":"","takeProfit":"","stopLoss":"",'
      .. '"tpTriggerBy":"","slTriggerBy":"","tpslMode":"","tpLimitPrice":"","slLimitPrice":""}',
    parameters = shared("order_id", "new_price", NOTHING, {
      order_id = { { "14bad3a1-6454-43d8-bcf2-5345896cf74d", '"orderId":"14bad3a1-6454-43d8-bcf2-5345896cf74d"' }, bad = {
        { 17, "parameter 'order_id': a string expected, got 17 (number)" },
        { "", "parameter 'order_id': a string that is not empty expected, got '' (string)" },
        { "a b", "parameter 'order_id': printable characters without spaces expected, got 'a b' (string)" } } },
    }),
  })) do it(case[1], case[2]) end

  it("suggests the right names, and the right method", function()
    local client <close> = methods.client()
    for key, message in pairs {
      price = "here it is 'new_price'", quantity = "here it is 'new_quantity'", qty = "here it is 'new_quantity'",
      p_r_qty = "here it is 'new_quantity'", amount = "here it is 'new_quantity'",
      trigger_price = "modify_conditional_order takes it as 'new_trigger_price'",
      new_trigger_price = "modify_conditional_order takes it",
    } do
      assert.equal(("modify_order: unknown parameter '%s': %s"):format(key, message),
        methods.refusal(client, "modify_order", { symbol = "BTCUSD", [key] = 1 }))
    end
  end)

  it("returns the acknowledgement of the documentation's example", function()
    local client <close> = methods.client(methods.example "order-amend")
    local ack = assert(client:modify_order(methods.params("modify_order", methods.AMENDED)))
    methods.same_record({ order_id = "c6f055d9-7f21-4079-913d-e6523a9cfffa", client_order_id = "linear-004" }, ack)
  end)

  it("says in the response that nothing had to change", function()
    local client <close> = methods.client('{"retCode":10001,"retMsg":"The order remains unchanged as the parameters '
      .. 'entered match the existing ones.","result":{}}')
    local _, err, response = client:modify_order(methods.params "modify_order")
    assert.is_true(err.unchanged)
    assert.is_true(response.unchanged)
  end)

  tells_refusals "modify_order"
end)

describe("modify_conditional_order", function()
  for _, case in ipairs(methods.cases("modify_conditional_order", {
    order = '{"category":"","symbol":"","orderId":"","orderLinkId":"","price":"","qty":"","triggerPrice":"",'
      .. '"triggerBy":"","takeProfit":"","stopLoss":"","tpTriggerBy":"","slTriggerBy":"","tpslMode":"",'
      .. '"tpLimitPrice":"","slLimitPrice":""}',
    parameters = shared("stop_order_id", "new_trigger_price", NOTHING_CONDITIONAL, {
      stop_order_id = { { "o-2", '"orderId":"o-2"' }, bad = {
        { {}, "parameter 'stop_order_id': a string expected, got a table (table)" } } },
      order_id = { { "o-3", '"orderId":"o-3"', without = { "stop_order_id" } }, bad = {
        { "o-3", "'stop_order_id' and 'order_id' are two names of one parameter: "
        .. "give one of them" } } },
      new_trigger_price = { { "30100.50", '"triggerPrice":"30100.50"' }, bad = {
        { 0, "parameter 'new_trigger_price': a value above 0 expected, got 0 (number)" } } },
      trigger_type = { { "MarkPrice", '"triggerBy":"MarkPrice"' }, bad = {
        { "FairPrice", ("parameter 'trigger_type': 'FairPrice' is not one of its values: %s; here it is 'MarkPrice'")
          :format(TRIGGER_TYPES) } } },
    }),
  })) do it(case[1], case[2]) end

  it("suggests the right names", function()
    local client <close> = methods.client()
    for key, here in pairs { trigger_price = "new_trigger_price", stop_price = "new_trigger_price",
      p_r_trigger_price = "new_trigger_price", triggerBy = "trigger_type", quantity = "new_quantity" } do
      assert.equal(("modify_conditional_order: unknown parameter '%s': here it is '%s'"):format(key, here),
        methods.refusal(client, "modify_conditional_order", { symbol = "BTCUSD", [key] = 1 }))
    end
  end)

  it("returns an acknowledgement with the id under both names", function()
    local client <close> = methods.client(methods.example "order-amend")
    local ack = assert(client:modify_conditional_order(methods.params("modify_conditional_order",
      { stop_order_id = methods.AMENDED.order_id })))
    assert.equal("c6f055d9-7f21-4079-913d-e6523a9cfffa", ack.order_id)
    assert.equal("c6f055d9-7f21-4079-913d-e6523a9cfffa", ack.stop_order_id)
  end)

  tells_refusals "modify_conditional_order"
end)
