-- Methods of batches: the bytes that a list of orders makes, and what a wrong list raises before anything is sent.

local cjson = require "cjson"
local endpoints = require "bybit.wire.v5.endpoints"
local methods = require "spec.support.methods"
local rows = require "bybit.wire.rows"

-- Method -> its path, and the methods whose calls its elements are.
local BATCHES = {
  place_multiple_orders = { "/v5/order/create-batch", "place_order", "place_conditional_order" },
  modify_multiple_orders = { "/v5/order/amend-batch", "modify_order" },
  cancel_multiple_orders = { "/v5/order/cancel-batch", "cancel_order", "cancel_conditional_order" },
}

-- An answer that acknowledges every order of the request.
local function acknowledged(request)
  local list, codes = {}, {}
  for i, item in ipairs(cjson.decode(request.body).request) do
    list[i] = { symbol = item.symbol, orderId = item.orderId or "o-" .. i, orderLinkId = item.orderLinkId or "" }
    codes[i] = { code = 0, msg = "OK" }
  end
  return ('{"retCode":0,"retMsg":"OK","result":{"list":%s},"retExtInfo":{"list":%s},"time":1700000000000}'):format(
    cjson.encode(list), cjson.encode(codes))
end

-- The body that a single call sends, without its category.
local function item_of(name)
  return (methods.least[name][4]:gsub('^{"category":"inverse",', "{"))
end

local function limit(more)
  local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "30000.5" }
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

for method, batch in pairs(BATCHES) do
  describe(method, function()
    it("sends what single calls would send, in their order, without their categories", function()
      local client <close>, sent = methods.client(acknowledged)
      local list, items = {}, {}
      for i = 2, #batch do
        list[i - 1], items[i - 1] = methods.params(batch[i]), item_of(batch[i])
      end
      if list[2] and list[2].client_order_id then -- ids differ
        list[2].client_order_id, items[2] = "a-2", items[2]:gsub("a%-1", "a-2")
      elseif list[2] then
        list[2].stop_order_id, items[2] = "o-2", items[2]:gsub("o%-1", "o-2")
      end
      local result, err = client[method](client, list)
      assert.is_nil(err)
      assert.equal(0, result.failed)
      assert.equal(1, #sent)
      assert.same({ "POST", batch[1], ('{"category":"inverse","request":[%s]}'):format(table.concat(items, ",")) },
        { methods.parts(sent[1]) })
      assert.truthy(methods.header(sent[1], "X-BAPI-SIGN"))
    end)

    it("changes none of the tables that it is given", function()
      local client <close> = methods.client(acknowledged)
      local order = methods.params(batch[2])
      client[method](client, { order, timeout = 5 })
      assert.same(methods.params(batch[2]), order)
    end)

    it("has the options of every call beside the orders, and sends none of them", function()
      local client <close>, sent = methods.client(acknowledged)
      local list = { methods.params(batch[2]), timeout = 3, connect_timeout = 2, deadline = 9, receive_window = 7000, raw = true,
        confirm = false, resend = false }
      local result, _, response = client[method](client, list)
      assert.equal(0, result.failed)
      assert.equal("7000", methods.header(sent[1], "X-BAPI-RECV-WINDOW"))
      assert.equal(3, sent[1].timeout)
      assert.equal(sent[1].answer, response.raw)
      assert.same({ "category", "request" }, { sent[1].body:match '^{"(%w+)":"%w+","(%w+)":' })
    end)

    it("raises for what is no list of orders, before anything is sent", function()
      local client <close>, sent = methods.client(acknowledged)
      local order, eleven = methods.params(batch[2]), {}
      for i = 1, 11 do eleven[i] = order end
      local first -- of its parameters, in the order of the alphabet
      for name in pairs(order) do first = (not first or name < first) and name or first end
      for i, case in ipairs {
        { {}, "there is no order in the list" },
        { eleven, "11 orders are in the list, and a request holds 10 at most" },
        { 5, "a list of orders expected, got number" },
        { { order, 5 }, "order 2: a table of parameters expected, got number" },
        { { order, [3] = order }, "there is no order at [3]: the list has holes" },
        { { order, [1.5] = order }, "there is no order at [1.5]: the list has holes" },
        { order, ("'%s' belongs into each order: %s { { %s = ... }, ... }"):format(first, method, first) },
        { { order, symbol = "BTCUSD" }, ("'symbol' belongs into each order: %s { { symbol = ... }, ... }"):format(method) },
        { { order, tiemout = 5 }, "unknown option 'tiemout', did you mean 'timeout'?" },
        { { order, timeout = 5000 },
          "parameter 'timeout': seconds, at most 600 (this looks like milliseconds) expected, got 5000 (number)" },
        { { order, extra = {} }, ("'extra' belongs into each order: %s { { extra = ... }, ... }"):format(method) },
        { setmetatable({ order }, { __index = {} }), "a plain list expected: this one has a metatable with __index" },
      } do
        assert.equal(("%s: %s"):format(method, case[2]), methods.refusal(client, method, case[1]), "case " .. i)
      end
      local ok, err = pcall(client[method], client, { order }, {})
      assert.is_false(ok)
      assert.truthy(err:find("one list of orders expected, got more arguments", 1, true))
      ok, err = pcall(client[method], { order })
      assert.is_false(ok)
      assert.truthy(err:find(": called with '.' in place of ':': write client:" .. method .. " { {...}, {...} }", 1, true))
      assert.equal(0, #sent)
    end)

    it("raises for a wrong order, names its place, and sends none of them", function()
      local client <close>, sent = methods.client(acknowledged)
      local order = methods.params(batch[2])
      local function with(more)
        local p = methods.params(batch[2])
        for k, v in pairs(more) do p[k] = v end
        return p
      end
      for _, case in ipairs {
        { with { order_link_id = "x", client_order_id = false },
          "unknown parameter 'order_link_id': here it is 'client_order_id'" },
        { with { symbol = "btcusd" }, "parameter 'symbol': 'btcusd' is not a symbol" },
        { with { timeout = 5 }, "'timeout' is an option of the whole call: it stands beside the orders" },
        { with { cancel = 5 }, "'cancel' is an option of the whole call: it stands beside the orders" },
        { setmetatable(with {}, { __index = { quantity = 5 } }), "a plain table expected" },
      } do
        local message = methods.refusal(client, method, { order, order, case[1] })
        -- the second order has the first one's id, but the third is looked at as soon as it is read
        assert.truthy(message:find("have the same", 1, true) or message:find("order 3: " .. case[2], 1, true), message)
        message = methods.refusal(client, method, { case[1] })
        assert.truthy(message:find(("%s: order 1: %s"):format(method, case[2]), 1, true), message)
      end
      assert.equal(0, #sent)
    end)

    it("raises for two orders with one id", function()
      local client <close>, sent = methods.client(acknowledged)
      local a, b = methods.params(batch[2]), methods.params(batch[2])
      local what = a.order_id and "order_id" or "client_order_id"
      assert.equal(("%s: orders 1 and 3 have the same %s, '%s'"):format(method, what, a[what]), methods.refusal(client, method,
        { a, methods.params(batch[2], { [what] = "other" }), b }))
      assert.equal(0, #sent)
    end)

    it("needs keys, and an open client", function()
      local keyless <close> = methods.client(acknowledged, { keyless = true })
      assert.truthy(methods.refusal(keyless, method, { methods.params(batch[2]) }):find "needs credentials")
      local closed = methods.client(acknowledged)
      closed:close()
      assert.truthy(methods.refusal(closed, method, { methods.params(batch[2]) }):find "the client is closed")
    end)

    it("is none of the v2 wire, and says where it is", function()
      local client <close> = methods.client(acknowledged, { api = "v2" })
      local ok, err = pcall(function() return client[method] end)
      assert.is_false(ok)
      assert.truthy(err:find(("no method '%s': on the V5 wire (api = \"v5\") it is '%s'"):format(method, method), 1, true))
    end)
  end)
end

describe("the orders of a batch", function()
  it("may have every parameter of single calls but those that the documentation of batches does not name", function()
    for method, batch in pairs(BATCHES) do
      local without = {}
      for _, name in ipairs(endpoints[method].without or {}) do without[name] = true end
      for i, kind in ipairs(rows.elements(endpoints[method])) do
        assert.equal(batch[i + 1], kind.name)
        local there = {}
        for _, p in ipairs(kind.params) do there[p[1]] = true end
        for _, p in ipairs(endpoints[kind.name].params) do assert.equal(not without[p[1]], there[p[1]] or false, p[1]) end
      end
    end
    local client <close>, sent = methods.client(acknowledged)
    for _, name in ipairs { "slippage_tolerance", "bbo_side_type", "bbo_level", "rpi_taker_access" } do
      local message = methods.refusal(client, "place_multiple_orders", { limit { [name] = true } })
      assert.truthy(message:find(("order 1: unknown parameter '%s'"):format(name), 1, true), message)
    end
    assert.equal("place_multiple_orders: order 1: parameter 'price' is missing: type = 'Limit' needs it",
      methods.refusal(client, "place_multiple_orders", { { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1 } }))
    assert.equal(0, #sent)
  end)

  it("are conditional ones where they have what only those have", function()
    local client <close>, sent = methods.client(acknowledged)
    assert.equal("place_multiple_orders: order 2: 'base_price' or 'trigger_direction' is needed: from which side is the trigger "
      .. "price reached?", methods.refusal(client, "place_multiple_orders", { limit(), limit { trigger_price = 31000 } }))
    assert.equal("place_multiple_orders: order 1: parameter 'trigger_price' is missing",
      methods.refusal(client, "place_multiple_orders", { limit { base_price = 31000 } }))
    local list = assert(client:cancel_multiple_orders { { symbol = "BTCUSD", order_id = "a" }, { symbol = "BTCUSD",
      stop_order_id = "b" } })
    assert.same({ "a", "b" }, { list[1].order_id, list[2].order_id })
    assert.equal(1, #sent)
  end)

  it("get ids of the client where they have none", function()
    local client <close>, sent = methods.client(acknowledged, { id_prefix = "mm1" })
    local list = assert(client:place_multiple_orders { limit(), limit { client_order_id = "own" }, limit() })
    local items = cjson.decode(sent[1].body).request
    assert.same({ items[1].orderLinkId, "own", items[3].orderLinkId }, { list[1].client_order_id, list[2].client_order_id,
      list[3].client_order_id })
    assert.truthy(items[1].orderLinkId:find "^mm1%-" and items[3].orderLinkId:find "^mm1%-")
    assert.not_equal(items[1].orderLinkId, items[3].orderLinkId)
  end)

  it("need what the client requires of single calls", function()
    local client <close>, sent = methods.client(acknowledged, { required = { place_order = { "stop_loss_price" } } })
    assert.equal("place_multiple_orders: order 2: parameter 'stop_loss_price' is missing: this client requires it",
      methods.refusal(client, "place_multiple_orders", { limit { stop_loss_price = 29000 }, limit() }))
    assert.equal(0, #sent)
    local ok, err = pcall(methods.client, acknowledged, { required = { place_multiple_orders = { "stop_loss_price" } } })
    assert.is_false(ok)
    assert.truthy(err:find("place_multiple_orders takes what is required of place_order and place_conditional_order", 1, true))
  end)

  it("get the defaults of a view where they take them, and options go beside them", function()
    local client <close>, sent = methods.client(acknowledged)
    local view = client:with { symbol = "ETHUSD", time_in_force = "PostOnly", trigger_type = "MarkPrice", timeout = 4 }
    local given = { { side = "Buy", type = "Limit", quantity = 1, price = 3 },
      { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 3, trigger_price = 4, base_price = 5 } }
    assert(view:place_multiple_orders(given))
    local items = cjson.decode(sent[1].body).request
    assert.same({ "ETHUSD", "PostOnly", nil }, { items[1].symbol, items[1].timeInForce, items[1].triggerBy })
    assert.same({ "BTCUSD", "PostOnly", "MarkPrice" }, { items[2].symbol, items[2].timeInForce, items[2].triggerBy })
    assert.equal(4, sent[1].timeout)
    assert.is_nil(given[1].symbol)
  end)

  it("take fields that have no parameter yet", function()
    local client <close>, sent = methods.client(acknowledged)
    assert(client:place_multiple_orders { limit { extra = { newField = "x" } }, limit() })
    local items = cjson.decode(sent[1].body).request
    assert.same({ "x", nil }, { items[1].newField, items[2].newField })
  end)
end)

describe("the documented answers", function()
  local function played(method, example, list)
    local client <close> = methods.client(methods.example(example))
    return client[method](client, list)
  end

  it("of order/create-batch say nothing of other orders", function()
    local list = assert(played("place_multiple_orders", "order-create-batch", { limit { client_order_id = "spot-btc-03",
      symbol = "BTCUSD" }, limit { client_order_id = "spot-atom-03" }, deadline = 0.05 }))
    -- they are about other contracts than were asked for, so they say nothing of these orders
    assert.equal(2, list.failed)
    assert.same({ "unknown", "unknown" }, { list[1].error.outcome, list[2].error.outcome })
  end)

  it("of order/create-batch decode completely", function()
    local body = methods.example "order-create-batch":gsub("BTCUSDT", "BTCUSD"):gsub("ATOMUSDT", "ATOMUSD")
    local client <close> = methods.client(body)
    local list = assert(client:place_multiple_orders { limit { client_order_id = "spot-btc-03" },
      limit { client_order_id = "spot-atom-03", symbol = "ATOMUSD" } })
    assert.same({ { order_id = "1666800494330512128", client_order_id = "spot-btc-03", symbol = "BTCUSD", category = "spot",
      create_time = 1713434102752 }, { order_id = "1666800494330512129", client_order_id = "spot-atom-03", symbol = "ATOMUSD",
      category = "spot", create_time = 1713434102752 }, failed = 0 }, list)
    assert.is_nil(list[1].error)
    assert.equal("1666800494330512128", list[1].stop_order_id)
  end)

  it("of order/cancel-batch tell each order's end", function()
    local body = methods.example "order-cancel-batch":gsub("BTCUSDT", "BTCUSD"):gsub("ATOMUSDT", "ATOMUSD")
      :gsub("170213", "110001") -- spot's code
    local client <close> = methods.client(body)
    local list = assert(client:cancel_multiple_orders { { symbol = "BTCUSD", order_id = "1666800494330512128" },
      { symbol = "ATOMUSD", client_order_id = "1666800494330512129" } })
    assert.same({ "spot-btc-03", 1 }, { list[1].client_order_id, list.failed })
    assert.same({ "not_found", "rejected", 110001 }, { list[2].error.kind, list[2].error.outcome, list[2].error.code })
    assert.truthy(tostring(list):find("2: cancel_multiple_orders ATOMUSD: order not found (110001)", 1, true))
  end)

  it("of order/amend-batch name each order", function()
    local body = methods.example "order-amend-batch":gsub("ETH%-30DEC22%-%d+%-C", "ETHUSD")
    local client <close> = methods.client(body)
    local list = assert(client:modify_multiple_orders {
      { symbol = "ETHUSD", order_id = "b551f227-7059-4fb5-a6a6-699c04dbd2f2", new_price = 5 },
      { symbol = "ETHUSD", order_id = "fa6a595f-1a57-483f-b9d3-30e9c8235a52", new_price = "650" } })
    assert.same({ 0, "fa6a595f-1a57-483f-b9d3-30e9c8235a52" }, { list.failed, list[2].order_id })
  end)
end)
