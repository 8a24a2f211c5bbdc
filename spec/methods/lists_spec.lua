-- get_orders and get_conditional_orders: each parameter and its bytes on two endpoints (V5 documentation, order/realtime and
-- order/history), the cursor that leads from one to the other, and what V5 cannot do.

local methods = require "spec.support.methods"

local D = methods.decimal

local HISTORY = "/v5/order/history"

local STATUSES = "one of 'New', 'PartiallyFilled', 'Untriggered', 'Rejected', 'PartiallyFilledCanceled', 'Filled', "
  .. "'Cancelled', 'Triggered', 'Deactivated'"

-- A page of orders in JSON.
local function page(ids, cursor, status)
  local rows = {}
  for i, id in ipairs(ids) do rows[i] = ('{"orderId":"%s","orderStatus":"%s"}'):format(id, status or "New") end
  return methods.ok(('{"list":[%s],"nextPageCursor":"%s","category":"inverse"}'):format(table.concat(rows, ","),
    cursor or ""))
end

local function ids_of(list)
  local ids = {}
  for i, order in ipairs(list) do ids[i] = order.order_id end
  return table.concat(ids, " ")
end

-- The cases of both methods; F is the orderFilter, `id` the name of the order's id.
local function cases(name, F, id, more)
  local function at(place) return name .. ":" .. place end
  local function history(text) return ("category=inverse&symbol=BTCUSD&orderFilter=%s%s"):format(F, text) end
  local function realtime(text) return ("category=inverse&symbol=BTCUSD%s&openOnly=0&orderFilter=%s"):format(text, F) end
  local parameters = {
    status = {
      -- Open orders are read from real time, which has no such filter; closed ones from history.
      { "New", exact = realtime "" }, { "PartiallyFilled", exact = realtime "" }, { "Untriggered", exact = realtime "" },
      { "Filled", path = HISTORY, exact = history "&orderStatus=Filled" },
      { "Cancelled", path = HISTORY, exact = history "&orderStatus=Cancelled" },
      { "Rejected", path = HISTORY, exact = history "&orderStatus=Rejected" },
      { "Triggered", path = HISTORY, exact = history "&orderStatus=Triggered" },
      { "Deactivated", path = HISTORY, exact = history "&orderStatus=Deactivated" }, bad = {
      -- Words that are no status on V5; the message names the closest one if there is one.
      { "Created", ("parameter 'status': 'Created' is not one of its values: %s; here it is 'New'"):format(STATUSES) },
      { "PendingCancel", ("parameter 'status': 'PendingCancel' is not one of its values: %s; it exists on the v2 wire "
        .. "only (api = \"v2\")"):format(STATUSES) },
      { "Active", ("parameter 'status': 'Active' is not one of its values: %s; here it is 'Triggered'")
        :format(STATUSES) },
      { "Canceled", ("parameter 'status': 'Canceled' is not one of its values: %s; here it is 'Cancelled'")
        :format(STATUSES) },
      { "Filled,New", ("parameter 'status': 'Filled,New' is not one of its values: %s"):format(STATUSES) } } },
    direction = { { "next", exact = realtime "" }, bad = {
      { "prev", "direction = 'prev' exists on the v2 wire only: V5 walks forward; keep the cursors of earlier pages to "
        .. "go back to them" },
      { "previous", "parameter 'direction': 'previous' is not one of its values: one of 'next', 'prev'; here it is "
        .. "'prev'" } } },
    limit = { { 1, exact = realtime "" .. "&limit=1" }, { 50, exact = realtime "" .. "&limit=50" }, bad = {
      { 0, "parameter 'limit': a value from 1 to 50 expected, got 0 (number)" },
      { 51, "parameter 'limit': a value from 1 to 50 expected, got 51 (number)" },
      { "20", "parameter 'limit': an integer expected, got '20' (string)" } } },
    cursor = {
      -- The exchange's cursors hold '%', and are encoded once more, as any value (V5 documentation, pagination).
      { at "o:page_args%3Dfd43%26symbol%3D6%26",
        exact = realtime "" .. "&cursor=page_args%253Dfd43%2526symbol%253D6%2526" },
      { at "o:", exact = realtime "" },
      { at "h,:", path = HISTORY, exact = history "" },
      { at "h,:page_token%3D39380%26", path = HISTORY, exact = history "&cursor=page_token%253D39380%2526" },
      { at "h1700000000000,1700100000000:x", path = HISTORY,
        exact = history "&startTime=1700000000000&endTime=1700100000000&cursor=x" }, bad = {
      { "page_args%3Dfd43", ("cursor 'page_args%%3Dfd43' was not issued by %s: use a page's next_cursor as it is")
        :format(name) },
      -- A cursor names its method, and what another one goes on from is told.
      { "get_user_trades:h,:x", "cursor 'get_user_trades:h,:x' was issued by get_user_trades: use a cursor of this method" },
      { at "e1700000000000,2,50", ("cursor '%s:e1700000000000,2,50' was not issued by %s: use a page's next_cursor as it is")
        :format(name, name) },
      { at "h1,x:", ("cursor '%s:h1,x:' was not issued by %s: use a page's next_cursor as it is"):format(name, name) },
      { "", "parameter 'cursor': a string that is not empty expected, got '' (string)" } } },
    start_time = {
      { 1700000000000, path = HISTORY, with = { end_time = 1700100000000, status = "Filled" },
        exact = history "&orderStatus=Filled&startTime=1700000000000&endTime=1700100000000" },
      { "2023-11-14T22:13:20Z", path = HISTORY, with = { end_time = 1700100000000, status = "Filled" },
        exact = history "&orderStatus=Filled&startTime=1700000000000&endTime=1700100000000" }, bad = {
      { 1700000000, "parameter 'start_time': milliseconds since 1970 (this looks like seconds) expected, got 1700000000 "
        .. "(number)" },
      { 1700000000000000, "parameter 'start_time': milliseconds since 1970 (this looks like microseconds) expected, got "
        .. "1700000000000000 (number)" },
      { 1700000000000000000, "parameter 'start_time': milliseconds since 1970 (this looks like nanoseconds) expected, got "
        .. "1700000000000000000 (number)" },
      { "yesterday", "parameter 'start_time': milliseconds or ISO 8601 text such as '2026-01-31T12:00:00Z' expected, got "
        .. "'yesterday' (string)" } } },
    end_time = {
      { 1700100000000, path = HISTORY, with = { status = "Filled" },
        exact = history "&orderStatus=Filled&endTime=1700100000000" }, bad = {
      { 1700000000000, "end_time 1700000000000 is before start_time 1700000000001",
        with = { start_time = 1700000000001 } },
      { -1, "parameter 'end_time': milliseconds since 1970 expected, got -1 (number)" } } },
    id_prefix = methods.prefix_case(realtime ""),
    -- An id is looked for everywhere: among open, just closed, and old orders.
    client_order_id = { { "mine-1", exact = realtime "&orderLinkId=mine-1", answer = page { "a" } }, bad = {
      { "mine-1", ("'%s' and 'client_order_id' exclude each other"):format(id), with = { [id] = "o-1" } } } },
  }
  for k, v in pairs(more) do parameters[k] = v end
  methods.of_contracts(parameters, function(chosen) return ("category=inverse%s&openOnly=0&orderFilter=%s"):format(chosen, F) end)
  return methods.cases(name, { parameters = parameters })
end

local function common(name, F)
  it("walks from the open orders to history, and ends there", function()
    local answers = { page({ "a", "b" }, "r2"), page { "c" }, page({ "d" }, "h2", "Filled"), page({}, "", "Filled") }
    local client <close>, sent = methods.client(function(_, n) return answers[n] end)
    local seen, cursors, at = {}, {}, nil
    for i = 1, 4 do
      local list = assert(client[name](client, { symbol = "BTCUSD", limit = 2, cursor = at }))
      seen[i], at = ids_of(list), list.next_cursor
      cursors[i] = at or "end"
    end
    assert.same({ "a b", "c", "d", "" }, seen)
    assert.same({ name .. ":o:r2", name .. ":h,:", name .. ":h,:h2", "end" }, cursors)
    local asked = {}
    for i, request in ipairs(sent) do
      local _, path, query = methods.parts(request)
      asked[i] = path .. "?" .. query
    end
    assert.same({
      "/v5/order/realtime?category=inverse&symbol=BTCUSD&openOnly=0&orderFilter=" .. F .. "&limit=2",
      "/v5/order/realtime?category=inverse&symbol=BTCUSD&openOnly=0&orderFilter=" .. F .. "&limit=2&cursor=r2",
      "/v5/order/history?category=inverse&symbol=BTCUSD&orderFilter=" .. F .. "&limit=2",
      "/v5/order/history?category=inverse&symbol=BTCUSD&orderFilter=" .. F .. "&limit=2&cursor=h2" }, asked)
  end)

  it("filters open orders by status itself; a page without matches keeps its cursor", function()
    local client <close> = methods.client(page({ "a", "b" }, "r2", "New"))
    local list = assert(client[name](client, { symbol = "BTCUSD", status = "PartiallyFilled" }))
    assert.equal(0, #list)
    assert.equal(name .. ":o:r2", list.next_cursor)
    list = assert(client[name](client, { symbol = "BTCUSD", status = "New" }))
    assert.equal("a b", ids_of(list))
  end)

  it("keeps orders with the prefix and a '-'; a page without matches keeps its cursor", function()
    local client <close> = methods.client(methods.ok('{"list":[{"orderId":"a","orderLinkId":"mm1-x"},{"orderId":"b",'
      .. '"orderLinkId":"mm10-x"},{"orderId":"c","orderLinkId":""},{"orderId":"d","orderLinkId":"mm1-y"}],'
      .. '"nextPageCursor":"r2"}'))
    assert.equal("a d", ids_of(assert(client[name](client, { symbol = "BTCUSD", id_prefix = "mm1" }))))
    local none = assert(client[name](client, { symbol = "BTCUSD", id_prefix = "mm" }))
    assert.equal(0, #none)
    assert.equal(name .. ":o:r2", none.next_cursor)
  end)

  it("filters open orders by time itself, as history does", function()
    local client <close> = methods.client(methods.ok('{"list":[{"orderId":"a","createdTime":"1700000000003"},{"orderId":'
      .. '"b","createdTime":"1700000000002"},{"orderId":"c","createdTime":"1700000000001"}],"nextPageCursor":"r2"}'))
    local function list(from, to)
      return ids_of(assert(client[name](client, { symbol = "BTCUSD", start_time = from, end_time = to })))
    end
    assert.equal("a b", list(1700000000002))
    assert.equal("b", list(1700000000002, 1700000000002))
    assert.equal("b c", list(nil, 1700000000002))
    assert.equal("a b c", list(1690000000000))
  end)

  it("names a field that did not decode by its record's place in the final list", function()
    local client <close> = methods.client(methods.ok('{"list":[{"orderId":"a","orderStatus":"New","qty":"x"},{"orderId":'
      .. '"b","orderStatus":"PartiallyFilled"},{"orderId":"c","orderStatus":"PartiallyFilled","qty":"y"}],'
      .. '"nextPageCursor":""}'))
    local list, _, response = client[name](client, { symbol = "BTCUSD", status = "PartiallyFilled" })
    assert.same({ "b c", { "[2].quantity" } }, { ids_of(list), response.undecoded })
    assert.equal("y", list[2].quantity)
    _, _, response = client[name](client, { symbol = "BTCUSD" })
    assert.same({ "[1].quantity", "[3].quantity" }, response.undecoded)
    _, _, response = client[name](client, { symbol = "BTCUSD", id_prefix = "none" })
    assert.is_nil(response.undecoded)
  end)

  it("does not go on to history if the status is one of open orders", function()
    local client <close> = methods.client(page({ "a" }, "", "New"))
    assert.is_nil(assert(client[name](client, { symbol = "BTCUSD", status = "New" })).next_cursor)
  end)

  it("asks history for an id only if real time does not know it", function()
    local client <close>, sent = methods.client(function(_, n) return n == 1 and page {} or page({ "a" }, "", "Filled") end)
    local found = assert(client:collect(name, { symbol = "BTCUSD", client_order_id = "mine-1" }))
    assert.equal("a", ids_of(found))
    local _, path, query = methods.parts(sent[2])
    assert.equal(HISTORY .. "?category=inverse&symbol=BTCUSD&orderLinkId=mine-1&orderFilter=" .. F, path .. "?" .. query)
    assert.equal(2, #sent)
    local second <close> = methods.client(page { "a" })
    assert.is_nil(assert(second[name](second, { symbol = "BTCUSD", client_order_id = "mine-1" })).next_cursor)
  end)

  for code, expected in pairs {
    [10003] = { kind = "auth", name = "invalid_key", line = "invalid key (10003): what it says" },
    [10001] = { kind = "exchange", name = "invalid_parameter", line = "invalid parameter (10001): what it says" },
    [10006] = { kind = "rate_limit", name = "rate_limited", retryable = true,
      line = "rate limited (10006): what it says" },
    [10016] = { kind = "exchange", name = "server_error", retryable = true, line = "server error (10016)" },
  } do
    it(("reports the exchange's code %d with the right kind and outcome"):format(code), function()
      expected.line = name .. " BTCUSD: " .. expected.line
      methods.check_error(name, code, "what it says", expected)
    end)
  end
end

describe("get_orders", function()
  for _, case in ipairs(cases("get_orders", "Order", "order_id", {
    order_id = { { "o-1", exact = "category=inverse&symbol=BTCUSD&orderId=o-1&openOnly=0&orderFilter=Order",
      answer = page { "a" } }, bad = {
      { "o-1", "'order_id' and 'client_order_id' exclude each other", with = { client_order_id = "m" } },
      { 5, "parameter 'order_id': a string expected, got 5 (number)" } } },
  })) do it(case[1], case[2]) end

  common("get_orders", "Order")

  it("decodes the documentation's example of an open order, field by field", function()
    local client <close> = methods.client(methods.example "order-realtime")
    local list, _, response = client:get_orders { symbol = "ETHUSDT" }
    assert.equal(1, #list)
    assert.equal("get_orders:o:page_args%3Dfd4300ae-7847-404e-b947-b46980a4d140%26symbol%3D6%26", list.next_cursor)
    assert.is_nil(response.undecoded)
    local detail = list[1].cum_fee_detail
    assert.same({ MNT = "0.00242968" }, detail)
    methods.same_record({
      order_id = "fd4300ae-7847-404e-b947-b46980a4d140", client_order_id = "test-000005", symbol = "ETHUSDT",
      price = D "1600.00", quantity = D "0.10", side = "Buy", position_mode = 1, status = "New",
      reject_reason = "EC_NoError", leaves_quantity = D "0.10", leaves_value = D "160", filled_quantity = D "0.00",
      filled_value = D "0", fee = D "0", time_in_force = "GTC", type = "Limit", take_profit_price = D "2500.00",
      stop_loss_price = D "1500.00", take_profit_trigger_type = "LastPrice", stop_loss_trigger_type = "LastPrice",
      reduce_only = false, close_on_trigger = false, smp_type = "None", smp_group = 0, tpsl_mode = "Full",
      create_time = 1684738540559, update_time = 1684738540561, cum_fee_detail = detail,
    }, list[1])
  end)

  it("decodes the documentation's example of a past order, field by field", function()
    local client <close> = methods.client(methods.example "order-history")
    local list, _, response = client:get_orders { symbol = "BTCUSDT", status = "Cancelled" }
    assert.equal("get_orders:h,:page_token%3D39380%26", list.next_cursor)
    assert.is_nil(response.undecoded)
    local order = list[1]
    methods.same_record({
      order_id = "14bad3a1-6454-43d8-bcf2-5345896cf74d", client_order_id = "YLxaWKMiHU", symbol = "BTCUSDT",
      price = D "26864.40", quantity = D "0.003", side = "Buy", position_mode = 1, status = "Cancelled",
      reject_reason = "EC_PostOnlyWillTakeLiquidity", leaves_quantity = D "0.000", leaves_value = D "0",
      filled_quantity = D "0.000", filled_value = D "0", fee = D "0", time_in_force = "PostOnly", type = "Limit",
      reduce_only = false, close_on_trigger = false, smp_type = "None", smp_group = 0, create_time = 1684476068369,
      update_time = 1684476068372, cum_fee_detail = order.cum_fee_detail, rpi_taker_access = false,
      rpi_matched_qty = D "0",
    }, order)
    assert.is_true(order:is_done())
    assert.is_false(order:is_open())
    assert.is_true(order.quote_quantity_filled:is_zero())
    assert.is_true(order.base_quantity_filled:is_zero())
    assert.is_nil(order.cancel_type)
    assert.is_nil(order.trigger_price)
  end)
end)

describe("get_conditional_orders", function()
  for _, case in ipairs(cases("get_conditional_orders", "StopOrder", "stop_order_id", {
    stop_order_id = { { "o-1", exact = "category=inverse&symbol=BTCUSD&orderId=o-1&openOnly=0&orderFilter=StopOrder",
      answer = page { "a" } }, bad = {
      { 5, "parameter 'stop_order_id': a string expected, got 5 (number)" } } },
    order_id = { { "o-1", exact = "category=inverse&symbol=BTCUSD&orderId=o-1&openOnly=0&orderFilter=StopOrder",
      answer = page { "a" } }, bad = {
      { "o-1", "'stop_order_id' and 'order_id' are two names of one parameter: "
        .. "give one of them", with = { stop_order_id = "o-1" } } } },
  })) do it(case[1], case[2]) end

  common("get_conditional_orders", "StopOrder")

  it("decodes a waiting order, in the shape of the documentation's example", function()
    local text = methods.example("order-realtime"):gsub('"stopOrderType": "UNKNOWN"', '"stopOrderType": "Stop"')
      :gsub('"triggerPrice": "0.00"', '"triggerPrice": "1590.50"'):gsub('"triggerDirection": 0', '"triggerDirection": 2')
      :gsub('"triggerBy": "UNKNOWN"', '"triggerBy": "MarkPrice"'):gsub('"New"', '"Untriggered"')
      :gsub('"lastPriceOnCreated": ""', '"lastPriceOnCreated": "1600.05"')
    local client <close> = methods.client(text)
    local order = assert(client:get_conditional_orders { symbol = "ETHUSDT" })[1]
    assert.same({ "Stop", "Falling", "MarkPrice", "Untriggered", "1590.50", "1600.05" }, { order.stop_order_type,
      order.trigger_direction, order.trigger_type, order.status, tostring(order.trigger_price),
      tostring(order.last_price_on_created) })
    assert.equal(order.order_id, order.stop_order_id)
    assert.is_true(order:is_open())
    assert.is_nil(order.base_price)
    assert.is_nil(order.remark)
  end)
end)
