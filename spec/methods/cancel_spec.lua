-- cancel_order, cancel_conditional_order, cancel_all_orders and cancel_all_conditional_orders: each parameter and its bytes (V5
-- documentation, order/cancel and order/cancel-all), refusals, results.

local methods = require "spec.support.methods"

local REFUSALS = {
  { 110001, "order not exists or too late to cancel", { kind = "not_found", name = "order_not_found",
    outcome = "rejected",
    line = "order not found (110001): order not exists or too late to cancel, nothing was cancelled" } },
  { 110008, "Order has been finished or canceled", { kind = "not_found", name = "order_closed", outcome = "rejected",
    line = "order closed (110008): Order has been finished or canceled, nothing was cancelled" } },
  { 110010, "The order has been cancelled", { kind = "not_found", name = "order_cancelled", outcome = "rejected",
    line = "order cancelled (110010): The order has been cancelled, nothing was cancelled" } },
  { 10003, "API key is invalid.", { kind = "auth", name = "invalid_key", outcome = "rejected",
    line = "invalid key (10003): API key is invalid., nothing was cancelled" } },
  { 10006, "Too many visits. Exceeded the API Rate Limit.", { kind = "rate_limit", name = "rate_limited",
    outcome = "rejected", retryable = true,
    line = "rate limited (10006): Too many visits. Exceeded the API Rate Limit., nothing was cancelled" } },
  { 110079, "The order is processing and can not be operated", { kind = "exchange", name = "order_being_processed",
    outcome = "rejected", retryable = true,
    line = "order being processed (110079), nothing was cancelled" } },
  { 199999, "something new", { kind = "exchange", outcome = "unknown",
    line = "exchange (199999): something new, it may have been cancelled: look before repeating" } },
}

local function tells_refusals(name, codes)
  for _, case in ipairs(REFUSALS) do
    if not codes or codes[case[1]] then
      it(("reports the exchange's code %d (%s) with the right kind and outcome"):format(case[1], case[2]), function()
        local expected = {}
        for k, v in pairs(case[3]) do expected[k] = v end
        expected.line = name .. " BTCUSD: " .. case[3].line
        methods.check_error(name, case[1], case[2], expected)
      end)
    end
  end
end

local function symbol()
  return { { "ETHUSD", '"symbol":"ETHUSD"' }, bad = {
    { "ethusd", "parameter 'symbol': 'ethusd' is not a symbol: upper case letters and digits such as 'BTCUSD'; perhaps "
      .. "'ETHUSD'?" },
    { nil, "parameter 'symbol' is missing", without = { "symbol" } } } }
end

local function client_order_id(id)
  return { { "mine-1", '"orderLinkId":"mine-1"', without = { id }, gone = { "orderId" } }, bad = {
    { "mine-1", ("exactly one of '%s', 'client_order_id' is needed, got more"):format(id) },
    { nil, ("exactly one of '%s', 'client_order_id' is needed, got none"):format(id), without = { id } },
    { ("x"):rep(40), "parameter 'client_order_id': 1 to 36 of A-Z a-z 0-9 - _ expected, got '" .. ("x"):rep(40)
      .. "' (string)", without = { id } } } }
end

local ORDER = '{"category":"","symbol":"","orderId":"","orderLinkId":""}'

describe("cancel_order", function()
  for _, case in ipairs(methods.cases("cancel_order", { order = ORDER, parameters = {
    symbol = symbol(),
    order_id = { { "14bad3a1-6454-43d8-bcf2-5345896cf74d", '"orderId":"14bad3a1-6454-43d8-bcf2-5345896cf74d"' }, bad = {
      { 1, "parameter 'order_id': a string expected, got 1 (number)" } } },
    client_order_id = client_order_id "order_id",
  } })) do it(case[1], case[2]) end

  it("returns the acknowledgement of the documentation's example", function()
    local client <close> = methods.client(methods.example "order-cancel")
    local ack = assert(client:cancel_order(methods.params("cancel_order", methods.AMENDED)))
    methods.same_record({ order_id = "c6f055d9-7f21-4079-913d-e6523a9cfffa", client_order_id = "linear-004" }, ack)
    assert.equal("order_id{order_id=c6f055d9-7f21-4079-913d-e6523a9cfffa client_order_id=linear-004}", tostring(ack))
  end)

  tells_refusals "cancel_order"
end)

describe("cancel_conditional_order", function()
  for _, case in ipairs(methods.cases("cancel_conditional_order", { order = ORDER, parameters = {
    symbol = symbol(),
    stop_order_id = { { "o-2", '"orderId":"o-2"' }, bad = {
      { "o\n2", "parameter 'stop_order_id': printable characters without spaces expected, got 'o\n2' (string)" } } },
    order_id = { { "o-3", '"orderId":"o-3"', without = { "stop_order_id" } }, bad = {
      { "o-3", "'stop_order_id' and 'order_id' are two names of one parameter: "
        .. "give one of them" } } },
    client_order_id = client_order_id "stop_order_id",
  } })) do it(case[1], case[2]) end

  it("returns an acknowledgement with the id under both names", function()
    local client <close> = methods.client(methods.example "order-cancel")
    local ack = assert(client:cancel_conditional_order(methods.params("cancel_conditional_order",
      { stop_order_id = methods.AMENDED.order_id })))
    assert.equal("c6f055d9-7f21-4079-913d-e6523a9cfffa", ack.order_id)
    assert.equal("c6f055d9-7f21-4079-913d-e6523a9cfffa", ack.stop_order_id)
  end)

  tells_refusals "cancel_conditional_order"
end)

-- With id_prefix the orders are listed and cancelled one by one, since the exchange has no such filter.
local LISTED = methods.ok('{"list":[{"orderId":"o-1","orderLinkId":"mm1-a","stopOrderType":"Stop"},{"orderId":"o-2",'
  .. '"orderLinkId":"mm2-a","stopOrderType":"Stop"},{"orderId":"o-3","orderLinkId":"mm1-b","stopOrderType":"TakeProfit"}],'
  .. '"nextPageCursor":""}')

local function by_prefix()
  local case = methods.prefix_case '{"category":"inverse","symbol":"BTCUSD","orderId":"o-3"}'
  case[1].path = "/v5/order/cancel"
  case[1].answer = function(request) return request.verb == "GET" and LISTED or methods.acknowledged(request) end
  return case
end

local function cancels_one_by_one(name, filter)
  it("with id_prefix lists the orders, cancels them one by one, and skips one that has just been filled", function()
    local client <close>, sent = methods.client(function(request, n)
      if request.verb == "GET" then return LISTED end
      return n == 2 and '{"retCode":110001,"retMsg":"order not exists or too late to cancel","result":{}}'
        or methods.ok '{"orderId":"o-3","orderLinkId":"mm1-b"}'
    end)
    local list, err, response = client[name](client, { symbol = "BTCUSD", id_prefix = "mm1" })
    assert.is_nil(err)
    assert.equal(1, #list)
    methods.same_record({ order_id = "o-3", client_order_id = "mm1-b" }, list[1])
    assert.equal(3, response.requests)
    assert.same({ "GET", "/v5/order/realtime",
      ("category=inverse&symbol=BTCUSD&openOnly=0&orderFilter=%s&limit=50"):format(filter) }, { methods.parts(sent[1]) })
    for i, id in ipairs { "o-1", "o-3" } do
      assert.same({ "POST", "/v5/order/cancel", ('{"category":"inverse","symbol":"BTCUSD","orderId":"%s"}'):format(id) },
        { methods.parts(sent[i + 1]) })
    end
  end)
end

local function says_what_went_before(name)
  it("with id_prefix never says that nothing was cancelled if some orders were", function()
    local client <close> = methods.client(function(request, n)
      if request.verb == "GET" then return LISTED end
      return n == 2 and methods.ok '{"orderId":"o-1","orderLinkId":"mm1-a"}'
        or '{"retCode":10005,"retMsg":"Permission denied.","result":{}}'
    end)
    local list, err = client[name](client, { symbol = "BTCUSD", id_prefix = "mm1" })
    assert.is_nil(list)
    assert.same({ "auth", "rejected", 1, "o-1" }, { err.kind, err.outcome, #err.cancelled, err.cancelled[1].order_id })
    assert.equal(name .. " BTCUSD: permission denied (10005): Permission denied., this one was not, after 1 that was "
      .. "cancelled", tostring(err):match "^(.*); [^;]*$")
  end)
end

-- Without orderFilter the exchange would cancel everything, even protective stops. So it is always sent, and the caller cannot
-- remove it.
local FILTERED = "'extra' names 'orderFilter', which is set already"

describe("cancel_all_orders", function()
  for _, case in ipairs(methods.cases("cancel_all_orders", {
    order = '{"category":"","orderFilter":"","symbol":""}',
    parameters = { symbol = symbol(), id_prefix = by_prefix() },
  })) do it(case[1], case[2]) end

  cancels_one_by_one("cancel_all_orders", "Order")
  says_what_went_before "cancel_all_orders"

  it("is never sent without its filter", function()
    local client <close>, sent = methods.client()
    for _, filter in ipairs { "", "StopOrder", "OpenOrder" } do
      assert.equal("cancel_all_orders: " .. FILTERED, methods.refusal(client, "cancel_all_orders",
        { symbol = "BTCUSD", extra = { orderFilter = filter } }))
    end
    assert.equal(0, #sent)
  end)

  it("returns the ids of the documentation's example, as a list that prints", function()
    local client <close> = methods.client(methods.example "order-cancel-all")
    local list = assert(client:cancel_all_orders { symbol = "BTCUSD" })
    assert.equal(2, #list)
    methods.same_record({ order_id = "1616024329462743808", client_order_id = "1616024329462743809" }, list[1])
    methods.same_record({ order_id = "1616024287544869632", client_order_id = "1616024287544869633" }, list[2])
    assert.truthy(tostring(list):find "1616024287544869632 +1616024287544869633")
  end)

  it("returns an empty list if nothing was open, in whatever way the exchange says so", function()
    for _, result in ipairs { '{"list":[],"success":"1"}', '{"list":null}', "{}", "null" } do
      local client <close> = methods.client(methods.ok(result))
      assert.same({}, (client:cancel_all_orders { symbol = "BTCUSD" }), result)
    end
  end)

  tells_refusals("cancel_all_orders", { [10003] = true, [10006] = true, [199999] = true })
end)

describe("cancel_all_conditional_orders", function()
  for _, case in ipairs(methods.cases("cancel_all_conditional_orders", {
    order = '{"category":"","orderFilter":"","symbol":"","stopOrderType":""}',
    parameters = {
      symbol = symbol(),
      id_prefix = by_prefix(),
      stop_order_type = { { "Stop", '"stopOrderType":"Stop"' }, bad = {
        { "TakeProfit", "parameter 'stop_order_type': 'TakeProfit' is not one of its values: one of 'Stop'" },
        { "Conditional", "parameter 'stop_order_type': 'Conditional' is not one of its values: one of 'Stop'; here it "
          .. "is 'Stop'" } } },
    },
  })) do it(case[1], case[2]) end

  cancels_one_by_one("cancel_all_conditional_orders", "StopOrder")
  says_what_went_before "cancel_all_conditional_orders"

  it("with id_prefix and stop_order_type = 'Stop' spares the stops of a position", function()
    local client <close>, sent = methods.client(by_prefix()[1].answer)
    assert.equal(1, #assert(client:cancel_all_conditional_orders { symbol = "BTCUSD", id_prefix = "mm1",
      stop_order_type = "Stop" }))
    assert.equal(2, #sent)
  end)

  it("is never sent without its filter", function()
    local client <close>, sent = methods.client()
    assert.equal("cancel_all_conditional_orders: " .. FILTERED, methods.refusal(client, "cancel_all_conditional_orders",
      { symbol = "BTCUSD", extra = { orderFilter = "Order" } }))
    assert.equal(0, #sent)
  end)

  it("returns entries with the id under both names", function()
    local client <close> = methods.client(methods.example "order-cancel-all")
    local list = assert(client:cancel_all_conditional_orders { symbol = "BTCUSD" })
    assert.equal("1616024329462743808", list[1].stop_order_id)
    assert.equal("1616024329462743808", list[1].order_id)
  end)

  tells_refusals("cancel_all_conditional_orders", { [10003] = true, [10006] = true, [199999] = true })
end)
