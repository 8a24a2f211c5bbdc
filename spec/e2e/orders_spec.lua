-- The order methods over real HTTP against the paper exchange: what a strategy sees.

local bybit = require "bybit"
local trading = require "spec.support.trading"

describe("orders on the paper exchange", function()
  local exchange, client

  before_each(function() exchange, client = trading.start() end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local function limit(more)
    local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "29000.5" }
    for k, v in pairs(more or {}) do p[k] = v end
    return p
  end

  it("are placed, acknowledged, and found again as they were placed", function()
    local ack, err, response = client:place_order(limit { client_order_id = "mine-1" })
    assert.is_nil(err)
    assert.equal("mine-1", ack.client_order_id)
    assert.truthy(ack.order_id:find("^%x+%-%x+%-"))
    assert.equal(200, response.status)
    assert.equal(1, response.requests)

    local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", client_order_id = "mine-1" })
    assert.equal(ack.order_id, order.order_id)
    assert.equal("Buy", order.side)
    assert.equal("Limit", order.type)
    assert.equal("GTC", order.time_in_force)
    assert.equal("New", order.status)
    assert.equal("29000.5", tostring(order.price:round(1)))
    assert.is_true(order.quantity:eq(100))
    assert.is_true(order.filled_quantity:is_zero())
    assert.is_true(order:is_open())
    assert.is_false(order:is_done())
    assert.equal("integer", math.type(order.create_time))
  end)

  it("keep a price's value from the script's text to the exchange and back", function()
    for _, price in ipairs { "29000.50", "0.5", "28999.0" } do
      local ack = assert(client:place_order(limit { price = price, quantity = 1 }))
      local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
      if not price:find("^0%.") then -- the exchange moves a price that is far below the price limit
        assert.is_true(order.price:eq(price), tostring(order.price))
      end
    end
  end)

  it("are amended", function()
    local ack = assert(client:place_order(limit()))
    local amended = assert(client:modify_order { symbol = "BTCUSD", order_id = ack.order_id, new_price = "29100",
      new_quantity = 150 })
    assert.equal(ack.order_id, amended.order_id)
    local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
    assert.is_true(order.price:eq(29100))
    assert.is_true(order.quantity:eq(150))
  end)

  it("are cancelled by either id, and are then done", function()
    local first = assert(client:place_order(limit()))
    local second = assert(client:place_order(limit { client_order_id = "second" }))
    assert(client:cancel_order { symbol = "BTCUSD", order_id = first.order_id })
    assert(client:cancel_order { symbol = "BTCUSD", client_order_id = "second" })
    for _, id in ipairs { first.order_id, second.order_id } do
      local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = id })
      assert.equal("Cancelled", order.status)
      assert.is_true(order:is_done())
    end
    assert.equal(0, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
  end)

  it("are cancelled all at once", function()
    local placed = {}
    for i = 1, 3 do placed[assert(client:place_order(limit { quantity = i })).order_id] = true end
    local cancelled = assert(client:cancel_all_orders { symbol = "BTCUSD" })
    assert.equal(3, #cancelled)
    for _, entry in ipairs(cancelled) do assert.is_true(placed[entry.order_id]) end
    assert.equal(0, #assert(client:cancel_all_orders { symbol = "BTCUSD" }))
  end)

  it("fill at market, and show exact fills, fees and position", function()
    local ack = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 100 })
    local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ack.order_id })
    assert.equal("Filled", order.status)
    assert.is_true(order.filled_quantity:eq(100))
    assert.is_true(order.filled_value > 0)
    assert.is_true(order.fee > 0)
    local positions = assert(client:request("GET", "/v5/position/list", { symbol = "BTCUSD" }))
    assert.equal("100", positions.list[1].size)
    assert.equal("Buy", positions.list[1].side)
  end)

  it("are refused with the exchange's own code, by name, and nothing is placed", function()
    local ack, err = client:place_order(limit { quantity = 999999999 })
    assert.is_nil(ack)
    assert.equal("exchange", err.kind)
    assert.equal(10001, err.code)
    assert.equal("rejected", err.outcome)
    assert.equal(0, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
  end)

  it("are refused a second time under one client order id", function()
    assert(client:place_order(limit { client_order_id = "once" }))
    local ack, err = client:place_order(limit { client_order_id = "once" })
    assert.is_nil(ack)
    assert.equal(bybit.codes.duplicate_client_order_id, err.name)
    assert.equal("rejected", err.outcome)
    assert.equal(1, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
  end)

  it("that do not exist are not_found, for reading, amending and cancelling", function()
    local unknown = { symbol = "BTCUSD", order_id = "00000000-0000-4000-8000-000000000000" }
    local _, read = client:get_open_order_real_time(unknown)
    assert.equal("not_found", read.kind)
    local _, cancelled = client:cancel_order(unknown)
    assert.equal("not_found", cancelled.kind)
    assert.equal(110001, cancelled.code)
    local _, amended = client:modify_order { symbol = "BTCUSD", order_id = unknown.order_id, new_price = 29000 }
    assert.equal("not_found", amended.kind)
  end)

  it("that an amendment does not change are reported as unchanged", function()
    local ack = assert(client:place_order(limit()))
    local amended, err, response = client:modify_order { symbol = "BTCUSD", order_id = ack.order_id, new_price = "29000.5" }
    assert.is_nil(amended)
    assert.is_true(err.unchanged)
    assert.is_true(response.unchanged)
  end)

  it("with wrong keys are refused as auth", function()
    local stranger <close> = bybit.client { environment = { url = exchange.url }, key = "unknown", secret = "x" }
    local ack, err = stranger:place_order(limit())
    assert.is_nil(ack)
    assert.equal("auth", err.kind)
    assert.equal(10003, err.code)
    assert.equal("rejected", err.outcome)
    local forger <close> = bybit.client { environment = { url = exchange.url }, key = exchange.key, secret = "wrong" }
    ack, err = forger:place_order(limit())
    assert.is_nil(ack)
    assert.equal("auth", err.kind)
    assert.equal(10004, err.code)
    assert.is_nil(tostring(err):find(exchange.key, 1, true), "the exchange's text echoes the key")
  end)

  it("are listed page by page, first the open ones, then history, each exactly once", function()
    local expected = {}
    for i = 1, 7 do
      local ack = assert(client:place_order(limit { quantity = i }))
      expected[ack.order_id] = true
      exchange:advance(0.01)
      if i % 2 == 0 then assert(client:cancel_order { symbol = "BTCUSD", order_id = ack.order_id }) end
    end
    local pages, seen, count = 0, {}, 0
    for page in client:pages("get_orders", { symbol = "BTCUSD", limit = 2 }) do
      pages = pages + 1
      assert.is_true(#page <= 2)
      for _, order in ipairs(page) do
        assert.is_nil(seen[order.order_id])
        seen[order.order_id] = order.status
        count = count + 1
      end
    end
    assert.equal(7, count)
    assert.is_true(pages >= 4)
    for id in pairs(expected) do assert.truthy(seen[id]) end
  end)

  it("are walked one by one, and a loop may be left at any point", function()
    for i = 1, 5 do
      assert(client:place_order(limit { quantity = i }))
      exchange:advance(0.01)
    end
    local quantities = {}
    for order, page in client:each("get_orders", { symbol = "BTCUSD", limit = 2 }) do
      quantities[#quantities + 1] = tostring(order.quantity)
      assert.equal("table", type(page))
    end
    assert.same({ "5", "4", "3", "2", "1" }, quantities)
    local left_at
    for order in client:each("get_orders", { symbol = "BTCUSD", limit = 2 }) do
      left_at = tostring(order.quantity)
      if left_at == "4" then break end
    end
    assert.equal("4", left_at)
    local list = assert(client:collect("get_orders", { symbol = "BTCUSD", limit = 2 }, { max = 3 }))
    assert.equal(3, #list)
  end)

  it("can be walked from a saved cursor", function()
    for i = 1, 4 do
      assert(client:place_order(limit { quantity = i }))
      exchange:advance(0.01)
    end
    local first = assert(client:get_orders { symbol = "BTCUSD", limit = 3 })
    assert.equal(3, #first)
    local rest = {}
    for order in client:each("get_orders", { symbol = "BTCUSD", limit = 3, cursor = first.next_cursor }) do
      rest[#rest + 1] = tostring(order.quantity)
    end
    assert.same({ "1" }, rest)
  end)

  it("are filtered by status, in whichever list they are", function()
    local kept = assert(client:place_order(limit()))
    local gone = assert(client:place_order(limit { quantity = 2 }))
    assert(client:cancel_order { symbol = "BTCUSD", order_id = gone.order_id })
    local open = assert(client:collect("get_orders", { symbol = "BTCUSD", status = "New" }))
    assert.equal(1, #open)
    assert.equal(kept.order_id, open[1].order_id)
    local cancelled = assert(client:collect("get_orders", { symbol = "BTCUSD", status = "Cancelled" }))
    assert.equal(1, #cancelled)
    assert.equal(gone.order_id, cancelled[1].order_id)
  end)

  it("refuse paging backwards, which V5 cannot do, and a cursor of another method", function()
    local ok, err = pcall(client.get_orders, client, { symbol = "BTCUSD", direction = "prev" })
    assert.is_false(ok)
    assert.truthy(err:find("get_orders: direction = 'prev' exists on the v2 wire only", 1, true), err)
    ok, err = pcall(client.get_orders, client, { symbol = "BTCUSD", cursor = "page_args%3D1" })
    assert.is_false(ok)
    assert.truthy(err:find("was not issued by get_orders", 1, true), err)
  end)

  it("are all shown by one call, over several pages, if they are open", function()
    for i = 1, 60 do assert(client:place_order(limit { quantity = i })) end
    local list, err, response = client:get_open_orders_real_time { symbol = "BTCUSD" }
    assert.is_nil(err)
    assert.equal(60, #list)
    assert.equal(2, response.requests)
    assert.is_nil(list.next_cursor)
  end)

  it("print as an aligned table, and a misspelt field raises", function()
    assert(client:place_order(limit()))
    local list = assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
    local text = tostring(list)
    assert.truthy(text:find("order_id", 1, true))
    assert.truthy(text:find("BTCUSD  Buy", 1, true), text)
    local ok, err = pcall(function() return list[1].stauts end)
    assert.is_false(ok)
    assert.truthy(err:find("bybit.order has no field 'stauts', did you mean 'status'?", 1, true), err)
    assert.is_nil(list[1].take_profit_price)
    assert.equal(list[1].filled_quantity, list[1].quote_quantity_filled)
  end)
end)

describe("client:request", function()
  it("reaches any endpoint, signed or public, with wire names", function()
    local exchange, client = trading.start()
    finally(function()
      client:close()
      exchange:close()
    end)
    local time = assert(client:request("GET", "/v5/market/time"))
    assert.truthy(time.timeSecond)
    local wallet = assert(client:request("GET", "/v5/account/wallet-balance", { accountType = "UNIFIED", coin = "BTC" }))
    assert.equal("BTC", wallet.list[1].coin[1].coin)
    local tickers = assert(client:request("GET", "/v5/market/tickers", { symbol = "BTCUSD" }))
    assert.equal("BTCUSD", tickers.list[1].symbol)
    local none, err = client:request("GET", "/v5/no/such")
    assert.is_nil(none)
    assert.equal("http", err.kind)
    assert.equal(404, err.http_status)
  end)
end)
