-- The four real-time queries: each parameter and its bytes (V5 documentation, order/realtime), one order by its id, all open
-- orders over all pages.

local methods = require "spec.support.methods"

local function page(first, last, cursor)
  local rows = {}
  for i = first, last do rows[#rows + 1] = ('{"orderId":"o%d","orderStatus":"New","symbol":"BTCUSD"}'):format(i) end
  return methods.ok(('{"list":[%s],"nextPageCursor":"%s","category":"inverse"}'):format(table.concat(rows, ","),
    cursor or ""))
end

local SYMBOL_BAD = { { nil, "parameter 'symbol' is missing", without = { "symbol" } },
  { "btc_usd", "parameter 'symbol': 'btc_usd' is not a symbol: upper case letters and digits such as 'BTCUSD'; perhaps "
    .. "'BTCUSD'?" } }

local ONE = methods.one
local ORDER = "category=&symbol=&orderId=&orderLinkId="

local function by_id(name, id, more)
  local parameters = {
    symbol = { { "ETHUSD", "symbol=ETHUSD", answer = ONE }, bad = SYMBOL_BAD },
    client_order_id = { { "mine-1", "orderLinkId=mine-1", without = { id }, gone = { "orderId" }, answer = ONE }, bad = {
      { "mine-1", ("exactly one of '%s', 'client_order_id' is needed, got more"):format(id) },
      { nil, ("exactly one of '%s', 'client_order_id' is needed, got none"):format(id), without = { id } },
      { "mine 1", "parameter 'client_order_id': 1 to 36 of A-Z a-z 0-9 - _ expected, got 'mine 1' (string)",
        without = { id } } } },
  }
  for k, v in pairs(more) do parameters[k] = v end
  return methods.cases(name, { order = ORDER, parameters = parameters })
end

local function tells_failures(name)
  it("says not_found for an empty list, which is V5's answer for an unknown id", function()
    local client <close> = methods.client(page(1, 0))
    local order, err, response = client[name](client, methods.params(name))
    assert.is_nil(order)
    assert.same({ "not_found", nil, false }, { err.kind, err.outcome, err.retryable })
    assert.equal(200, response.status)
    assert.equal(name .. " BTCUSD: not found: no such order", tostring(err):match "^(.*); [^;]*$")
  end)

  for code, expected in pairs {
    [10003] = { kind = "auth", name = "invalid_key", line = "invalid key (10003): what it says" },
    [10006] = { kind = "rate_limit", name = "rate_limited", retryable = true,
      line = "rate limited (10006): what it says" },
    [10000] = { kind = "exchange", name = "server_timeout", retryable = true, line = "server timeout (10000)" },
  } do
    it(("reports the exchange's code %d with the right kind and outcome"):format(code), function()
      expected.line = name .. " BTCUSD: " .. expected.line
      methods.check_error(name, code, "what it says", expected)
    end)
  end
end

describe("get_open_order_real_time", function()
  for _, case in ipairs(by_id("get_open_order_real_time", "order_id", {
    order_id = { { "fd4300ae-7847-404e-b947-b46980a4d140", "orderId=fd4300ae-7847-404e-b947-b46980a4d140", answer = ONE },
      { "a+b/c=", "orderId=a%2Bb%2Fc%3D", answer = ONE }, bad = {
      { "", "parameter 'order_id': a string that is not empty expected, got '' (string)" } } },
  })) do it(case[1], case[2]) end

  it("returns the documentation's example as one order, which prints in one line", function()
    local client <close> = methods.client(methods.example "order-realtime")
    local order = assert(client:get_open_order_real_time { symbol = "ETHUSDT",
      order_id = "fd4300ae-7847-404e-b947-b46980a4d140" })
    assert.equal("fd4300ae-7847-404e-b947-b46980a4d140", order.order_id)
    assert.equal("order{order_id=fd4300ae-7847-404e-b947-b46980a4d140 symbol=ETHUSDT side=Buy type=Limit quantity=0.10 "
      .. "price=1600.00 filled_quantity=0.00 status=New}", tostring(order))
  end)

  it("also returns a closed order, and one of the other kind: an id names one order", function()
    local client <close> = methods.client(methods.ok('{"list":[{"orderId":"o-1","orderStatus":"Filled",'
      .. '"stopOrderType":"Stop"}],"nextPageCursor":""}'))
    local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = "o-1" })
    assert.is_true(order:is_done())
    assert.equal("Stop", order.stop_order_type)
  end)

  tells_failures "get_open_order_real_time"
end)

describe("get_open_conditional_order_real_time", function()
  for _, case in ipairs(by_id("get_open_conditional_order_real_time", "stop_order_id", {
    stop_order_id = { { "o-2", "orderId=o-2", answer = ONE }, bad = {
      { 2, "parameter 'stop_order_id': a string expected, got 2 (number)" } } },
    order_id = { { "o-3", "orderId=o-3", without = { "stop_order_id" }, answer = ONE }, bad = {
      { "o-3", "'stop_order_id' and 'order_id' are two names of one parameter: "
        .. "give one of them" } } },
  })) do it(case[1], case[2]) end

  it("returns a conditional order, with the id under both names", function()
    local client <close> = methods.client(methods.ok('{"list":[{"orderId":"o-1","orderStatus":"Untriggered",'
      .. '"stopOrderType":"Stop","triggerPrice":"29000.50","triggerDirection":2,"symbol":"BTCUSD","side":"Sell",'
      .. '"orderType":"Market","qty":"100","price":"0"}],"nextPageCursor":""}'))
    local order = assert(client:get_open_conditional_order_real_time { symbol = "BTCUSD", stop_order_id = "o-1" })
    assert.equal("o-1", order.stop_order_id)
    assert.equal("Falling", order.trigger_direction)
    assert.equal("conditional_order{order_id=o-1 symbol=BTCUSD side=Sell type=Market quantity=100 "
      .. "trigger_price=29000.50 status=Untriggered}", tostring(order))
  end)

  tells_failures "get_open_conditional_order_real_time"
end)

local function all_pages(name, filter)
  local function asked(chosen) return ("category=inverse%s&openOnly=0&orderFilter=%s&limit=50"):format(chosen, filter) end
  for _, case in ipairs(methods.cases(name, { parameters = methods.of_contracts({
    id_prefix = methods.prefix_case(asked "&symbol=BTCUSD") }, asked) })) do it(case[1], case[2]) end

  it("walks every page, and drops an order that is on two pages", function()
    local answers = { page(1, 50, "c1"), page(50, 99, "c2"), page(100, 103) }
    local client <close>, sent = methods.client(function(_, n) return answers[n] end)
    local list, _, response = client[name](client, { symbol = "BTCUSD" })
    assert.equal(103, #list)
    for i, order in ipairs(list) do assert.equal("o" .. i, order.order_id) end
    assert.is_nil(list.next_cursor)
    assert.equal(3, response.requests)
    for i, cursor in ipairs { "", "&cursor=c1", "&cursor=c2" } do
      local _, _, query = methods.parts(sent[i])
      assert.equal(("category=inverse&symbol=BTCUSD&openOnly=0&orderFilter=%s&limit=50%s"):format(filter, cursor), query)
    end
  end)

  it("keeps only orders with the prefix, on all pages", function()
    local client <close> = methods.client(function(_, n)
      return methods.ok(('{"list":[{"orderId":"a%d","orderLinkId":"mm1-%d"},{"orderId":"b%d","orderLinkId":"mm2-%d"}],'
        .. '"nextPageCursor":"%s"}'):format(n, n, n, n, n == 1 and "c1" or ""))
    end)
    local list = assert(client[name](client, { symbol = "BTCUSD", id_prefix = "mm1" }))
    assert.same({ "a1", "a2", nil }, { list[1].order_id, list[2].order_id, list[3] })
  end)

  it("names fields that did not decode, on all pages, by their place in the whole list", function()
    local client <close> = methods.client(function(_, n)
      return methods.ok(('{"list":[{"orderId":"same","qty":"x"},{"orderId":"o%d","qty":"y"}],"nextPageCursor":"%s"}')
        :format(n, n == 1 and "c1" or ""))
    end)
    local list, _, response = client[name](client, { symbol = "BTCUSD" })
    assert.equal(3, #list)
    assert.same({ "[1].quantity", "[2].quantity", "[3].quantity" }, response.undecoded)
  end)

  it("returns an empty list, which prints, if nothing is open", function()
    local client <close> = methods.client(page(1, 0))
    local list = assert(client[name](client, { symbol = "BTCUSD" }))
    assert.equal(0, #list)
    assert.truthy(tostring(list):find("(none)", 1, true))
  end)

  it("fails as a whole if one page fails", function()
    local client <close> = methods.client(function(_, n)
      return n == 1 and page(1, 50, "c1") or '{"retCode":10003,"retMsg":"API key is invalid.","result":{}}'
    end)
    local list, err, response = client[name](client, { symbol = "BTCUSD" })
    assert.is_nil(list)
    assert.equal("auth", err.kind)
    assert.equal(name, err.method)
    assert.equal(2, response.requests)
  end)

  it("suggests the method that filters and pages", function()
    local client <close> = methods.client()
    local other = name:find "conditional" and "get_conditional_orders" or "get_orders"
    for _, key in ipairs { "status", "limit", "cursor", "start_time", "end_time" } do
      assert.equal(("%s: unknown parameter '%s': %s takes it"):format(name, key, other),
        methods.refusal(client, name, { symbol = "BTCUSD", [key] = 1 }))
    end
  end)
end

describe("get_open_orders_real_time", function()
  all_pages("get_open_orders_real_time", "Order")

  it("reads on past 500 orders, to the end of the list", function()
    local client <close>, sent = methods.client(function(_, n) return page(n * 50 - 49, n * 50, n < 13 and "c" .. n or "") end)
    assert.equal(650, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
    assert.equal(13, #sent)
  end)

  it("is an error where the list has no end", function()
    local client <close>, sent = methods.client(function(_, n) return page(n, n, "c" .. n) end)
    local list, err, response = client:get_open_orders_real_time { symbol = "BTCUSD" }
    assert.is_nil(list)
    assert.same({ "decode", "the list goes on after 200 pages" }, { err.kind, err.message })
    assert.same({ 200, 200 }, { #sent, response.requests })
  end)

  it("prints as a table, columns aligned, numbers to the right", function()
    local client <close> = methods.client(methods.ok [[{"list":[
      {"orderId":"a","symbol":"BTCUSD","side":"Buy","orderType":"Limit","qty":"100","price":"30000.50","cumExecQty":"0",
       "orderStatus":"New"},
      {"orderId":"bcd","symbol":"BTCUSD","side":"Sell","orderType":"Limit","qty":"5","price":"31000","cumExecQty":"2",
       "orderStatus":"PartiallyFilled"}],"nextPageCursor":""}]])
    local lines = {}
    for line in tostring(assert(client:get_open_orders_real_time { symbol = "BTCUSD" })):gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    local first, second = lines[#lines - 1], lines[#lines]
    assert.truthy(first:find "^a +BTCUSD +Buy +Limit +100 +30000%.50 +0 +New$", first)
    assert.truthy(second:find "^bcd +BTCUSD +Sell +Limit +5 +31000 +2 +PartiallyFilled$", second)
    for _, pair in ipairs { { "BTCUSD", "BTCUSD" }, { "Buy", "Sell" }, { "New", "PartiallyFilled" } } do -- aligned to the left
      assert.equal((first:find(pair[1], 1, true)), (second:find(pair[2], 1, true)))
    end
    for _, pair in ipairs { { "100 ", "5 " }, { "30000%.50", "31000" } } do -- aligned to the right
      assert.equal(select(2, first:find(pair[1])), select(2, second:find(pair[2])))
    end
  end)
end)

describe("get_open_conditional_orders_real_time", function()
  all_pages("get_open_conditional_orders_real_time", "StopOrder")

  it("has room for the stops of a position besides ten conditional orders", function()
    local client <close> = methods.client(page(1, 33))
    assert.equal(33, #assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" }))
  end)
end)
