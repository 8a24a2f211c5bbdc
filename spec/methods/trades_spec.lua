-- get_user_trades: each parameter and its bytes (V5 documentation, execution/list), numbered pages made from cursors, decoded
-- executions.

local methods = require "spec.support.methods"

local D = methods.decimal

local function query(text) return "category=inverse&symbol=BTCUSD" .. text end

local function page(ids, cursor, kind)
  local rows = {}
  for i, id in ipairs(ids) do
    rows[i] = ('{"execId":"%s","orderId":"o","execType":"%s","isMaker":false}'):format(id, kind or "Trade")
  end
  return methods.ok(('{"nextPageCursor":"%s","category":"inverse","list":[%s]}'):format(cursor or "",
    table.concat(rows, ",")))
end

local function ids_of(list)
  local ids = {}
  for i, trade in ipairs(list) do ids[i] = trade.trade_id end
  return table.concat(ids, " ")
end

local TYPES = "one of 'Trade', 'AdlTrade', 'Funding', 'BustTrade', 'Delivery', 'Settle', 'BlockTrade', 'MovePosition', "
  .. "'FutureSpread', 'CorporateAction'"

local TRADE_TYPES = { bad = {
  { "Liquidation", ("parameter 'trade_type': 'Liquidation' is not one of its values: %s; here it is 'BustTrade'")
    :format(TYPES) },
  { "trade", ("parameter 'trade_type': 'trade' is not one of its values: %s; here it is 'Trade'"):format(TYPES) } } }
for i, word in ipairs { "Trade", "AdlTrade", "Funding", "BustTrade", "Delivery", "Settle", "BlockTrade", "MovePosition",
  "FutureSpread", "CorporateAction" } do
  TRADE_TYPES[i] = { word, exact = query("&execType=" .. word) }
end

describe("get_user_trades", function()
  for _, case in ipairs(methods.cases("get_user_trades", { parameters = methods.of_contracts({
    order_id = { { "o-1", exact = query "&orderId=o-1" }, bad = {
      { "o-1", "'order_id' and 'client_order_id' exclude each other", with = { client_order_id = "m" } },
      { 1, "parameter 'order_id': a string expected, got 1 (number)" } } },
    client_order_id = { { "mine-1", exact = query "&orderLinkId=mine-1" }, bad = {
      { "m!", "parameter 'client_order_id': 1 to 36 of A-Z a-z 0-9 - _ expected, got 'm!' (string)" } } },
    trade_type = TRADE_TYPES,
    start_time = {
      { 1700000000000, with = { end_time = 1700100000000 }, exact = query "&startTime=1700000000000&endTime=1700100000000" },
      { "2023-11-14T22:13:20Z", with = { end_time = "2023-11-16T02:00:00Z" },
        exact = query "&startTime=1700000000000&endTime=1700100000000" }, bad = {
      { 1700000000, "parameter 'start_time': milliseconds since 1970 (this looks like seconds) expected, got 1700000000 "
        .. "(number)" },
      { 1700000000000000, "parameter 'start_time': milliseconds since 1970 (this looks like microseconds) expected, got "
        .. "1700000000000000 (number)" },
      { "2023-13-01", "parameter 'start_time': milliseconds or ISO 8601 text such as '2026-01-31T12:00:00Z' expected, "
        .. "got '2023-13-01' (string)" } } },
    end_time = { { 1700100000000, exact = query "&endTime=1700100000000" }, bad = {
      { 1699999999999, "end_time 1699999999999 is before start_time 1700000000000",
        with = { start_time = 1700000000000 } } } },
    id_prefix = methods.prefix_case(query ""),
    page = { { 1, exact = query "" }, bad = {
      { 0, "parameter 'page': a value from 1 to 50 expected, got 0 (number)" },
      { 51, "parameter 'page': a value from 1 to 50 expected, got 51 (number)" },
      { 2, "'page' and 'cursor' exclude each other", with = { cursor = "get_user_trades:h,:x" } } } },
    -- v2 accepted 200. V5 accepts 100; a higher number raises.
    page_size = { { 1, exact = query "&limit=1" }, { 100, exact = query "&limit=100" }, bad = {
      { 0, "parameter 'page_size': a value from 1 to 100 expected, got 0 (number)" },
      { 101, "parameter 'page_size': a value from 1 to 100 expected, got 101 (number)" },
      { 200, "parameter 'page_size': a value from 1 to 100 expected, got 200 (number)" } } },
    cursor = { { "get_user_trades:h,:132766%3A2%2C132766%3A2", exact = query "&cursor=132766%253A2%252C132766%253A2" },
      { "get_user_trades:h1700000000000,1700100000000:", exact = query "&startTime=1700000000000&endTime=1700100000000" }, bad = {
      { "132766%3A2", "cursor '132766%3A2' was not issued by get_user_trades: use a page's next_cursor as it is" },
      { "get_orders:h,:x", "cursor 'get_orders:h,:x' was issued by get_orders: use a cursor of this method" },
      { "get_user_trades:o:x",
        "cursor 'get_user_trades:o:x' was not issued by get_user_trades: use a page's next_cursor as it is" } } },
  }, function(chosen) return "category=inverse" .. chosen end) })) do it(case[1], case[2]) end

  it("reaches page n by walking: n requests", function()
    local answers = { page({ "e1", "e2" }, "c1"), page({ "e3", "e4" }, "c2"), page { "e5" } }
    local client <close>, sent = methods.client(function(_, n) return answers[n] end)
    local list, _, response = client:get_user_trades { symbol = "BTCUSD", page = 3, page_size = 2 }
    assert.equal("e5", ids_of(list))
    assert.equal(3, response.requests)
    for i, cursor in ipairs { "", "&cursor=c1", "&cursor=c2" } do
      local _, _, text = methods.parts(sent[i])
      assert.equal(query("&limit=2" .. cursor), text)
    end
  end)

  it("returns an empty list for a page past the end", function()
    local client <close>, sent = methods.client(page { "e1" })
    local list = assert(client:get_user_trades { symbol = "BTCUSD", page = 7 })
    assert.equal(0, #list)
    assert.is_nil(list.next_cursor)
    assert.equal(1, #sent)
  end)

  it("returns a cursor on every page, to go on from", function()
    local client <close> = methods.client(function(_, n) return n < 3 and page({ "e" .. n }, "c" .. n) or page {} end)
    local list = assert(client:get_user_trades { symbol = "BTCUSD", page = 2 })
    assert.equal("get_user_trades:h,:c2", list.next_cursor)
  end)

  it("has the name page_size for V5's limit, and says so", function()
    local client <close> = methods.client()
    assert.equal("get_user_trades: unknown parameter 'limit': here it is 'page_size'",
      methods.refusal(client, "get_user_trades", { symbol = "BTCUSD", limit = 5 }))
    assert.equal("get_user_trades: unknown parameter 'exec_type': here it is 'trade_type'",
      methods.refusal(client, "get_user_trades", { symbol = "BTCUSD", exec_type = "Trade" }))
    assert.equal("get_user_trades: unknown parameter 'since': here it is 'start_time'",
      methods.refusal(client, "get_user_trades", { symbol = "BTCUSD", since = 5 }))
  end)

  it("decodes the documentation's example, field by field", function()
    local client <close> = methods.client(methods.example "execution-list")
    local list, _, response = client:get_user_trades { symbol = "ETHPERP" }
    assert.equal(1, #list)
    assert.equal("get_user_trades:h,:132766%3A2%2C132766%3A2", list.next_cursor)
    assert.is_nil(response.undecoded)
    methods.same_record({
      symbol = "ETHPERP", order_type = "Market", side = "Buy", order_id = "8c065341-7b52-4ca9-ac2c-37e31ac55c94",
      leaves_quantity = D "0", timestamp = 1672282722429, liquidity = "Taker", fee = D "0.071409", fee_rate = D "0.0006",
      trade_id = "e0cbe81d-0f18-5866-9415-cf319b5dab3b", mark_price = D "1183.54", price = D "1190.15",
      order_quantity = D "0.1", order_price = D "1236.9", value = D "119.015", trade_type = "Trade", quantity = D "0.1",
      cross_sequence = 4688002127,
    }, list[1])
    assert.truthy(tostring(list[1]):find("symbol=ETHPERP side=Buy quantity=0.1 price=1190.15 fee=0.071409 "
      .. "liquidity=Taker trade_type=Trade", 1, true), tostring(list[1]))
    assert.truthy(tostring(list):find "ETHPERP +Buy +0%.1 +1190%.15 +0%.071409 +Taker +Trade")
  end)

  -- Every row has isMaker, but it means something only for trades in the book (V5 documentation, execution/list; the
  -- interface's documentation gives a liquidity to these three kinds).
  for kind, liquidity in pairs { Trade = "Taker", AdlTrade = "Taker", BustTrade = "Taker", Funding = false,
    Settle = false, Delivery = false, BlockTrade = false, MovePosition = false, FutureSpread = false,
    SomethingNew = false } do
    it(("%s a liquidity to executions of type %s"):format(liquidity and "gives" or "does not give", kind), function()
      for _, maker in ipairs { false, true } do
        local expected = liquidity and (maker and "Maker" or "Taker") or nil
        for _, row in ipairs { -- in either order of the two fields
          ('{"execId":"e","execType":"%s","isMaker":%s}'):format(kind, maker),
          ('{"isMaker":%s,"execId":"e","execType":"%s"}'):format(maker, kind),
        } do
          local client <close> = methods.client(methods.ok(('{"list":[%s],"nextPageCursor":""}'):format(row)))
          local trade = assert(client:get_user_trades { symbol = "BTCUSD" })[1]
          assert.equal(expected, rawget(trade, "liquidity"))
          assert.equal(kind, trade.trade_type)
        end
      end
    end)
  end

  it("reads a funding row: no order type, no order price; a received amount is below zero", function()
    local client <close> = methods.client(methods.ok [[{"list":[{"symbol":"BTCUSD","orderType":"UNKNOWN","side":"Sell",
      "orderId":"f","execType":"Funding","execFee":"-0.00000156","feeRate":"0.0001","execPrice":"63974.88",
      "execQty":"1000","execValue":"0.01563114","orderPrice":"0","isMaker":false,"execTime":"1700000000000"}],
      "nextPageCursor":""}]])
    local trade = assert(client:get_user_trades { symbol = "BTCUSD", trade_type = "Funding" })[1]
    assert.is_nil(trade.order_type)
    assert.is_nil(trade.order_price)
    assert.is_nil(trade.liquidity)
    assert.equal("-0.00000156", tostring(trade.fee))
  end)

  for code, expected in pairs {
    [10003] = { kind = "auth", name = "invalid_key", line = "invalid key (10003): what it says" },
    [10006] = { kind = "rate_limit", name = "rate_limited", retryable = true,
      line = "rate limited (10006): what it says" },
    [10001] = { kind = "exchange", name = "invalid_parameter", line = "invalid parameter (10001): what it says" },
  } do
    it(("reports the exchange's code %d with the right kind and outcome"):format(code), function()
      expected.line = "get_user_trades BTCUSD: " .. expected.line
      methods.check_error("get_user_trades", code, "what it says", expected)
    end)
  end
end)
