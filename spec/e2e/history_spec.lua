-- History over HTTP on the paper exchange: get_orders and get_user_trades page by page, by number, by id, by kind, and over more
-- than one window of seven days.

local bybit = require "bybit"
local trading = require "spec.support.trading"

local DAY = 86400

describe("history on the paper exchange", function()
  local exchange, client

  before_each(function() exchange, client = trading.start() end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local function place(more)
    local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "29000" }
    for k, v in pairs(more or {}) do p[k] = v or nil end
    return assert(client:place_order(p)).order_id
  end

  -- Makes a fill whose quantity is its number: the price comes to a limit order.
  local function fill(n)
    local id = place { quantity = n, client_order_id = "fill-" .. n }
    exchange:set_price("BTCUSD", "29000")
    exchange:set_price("BTCUSD", "30000")
    return id
  end

  local function quantities(list)
    local found = {}
    for i, record in ipairs(list) do found[i] = record.quantity:tointeger() end
    return found
  end

  describe("trades", function()
    it("come newest first, page by page, by number or by cursor", function()
      for n = 1, 7 do
        fill(n)
        exchange:advance(1)
      end
      local all = assert(client:collect("get_user_trades", { symbol = "BTCUSD", page_size = 3 }))
      assert.same({ 7, 6, 5, 4, 3, 2, 1 }, quantities(all))
      for page, expected in ipairs { { 7, 6, 5 }, { 4, 3, 2 }, { 1 }, {} } do
        local list, err, response = client:get_user_trades { symbol = "BTCUSD", page = page, page_size = 3 }
        assert.is_nil(err)
        assert.same(expected, quantities(list))
        assert.equal(math.min(page, 3), response.requests) -- page n needs n requests; past the end no more
      end
      local second = assert(client:get_user_trades { symbol = "BTCUSD", page = 2, page_size = 3 })
      local third = assert(client:get_user_trades { symbol = "BTCUSD", page_size = 3, cursor = second.next_cursor })
      assert.same({ 1 }, quantities(third))
      assert.is_nil(third.next_cursor)
    end)

    it("have every field of a fill", function()
      local id = fill(100)
      local trade = assert(client:get_user_trades { symbol = "BTCUSD" })[1]
      assert.same({ "BTCUSD", id, "fill-100", "Buy", "Limit", "Trade", "Maker" }, { trade.symbol, trade.order_id,
        trade.client_order_id, trade.side, trade.order_type, trade.trade_type, trade.liquidity })
      assert.is_true(trade.price:eq(29000) and trade.order_price:eq(29000) and trade.quantity:eq(100)
        and trade.order_quantity:eq(100) and trade.leaves_quantity:is_zero() and trade.closed_quantity:is_zero())
      -- 100 / 29000 = 0.00344827586..., times 0.0002 = 0.00000068965...
      assert.same({ "0.00344828", "0.00000069" }, { tostring(trade.value), tostring(trade.fee) })
      assert.equal(client:now(), trade.timestamp)
      assert.equal("integer", math.type(trade.cross_sequence))
      assert.is_true(#trade.trade_id == 36)
      assert.is_nil(trade.stop_order_type)
    end)

    it("can be filtered by one order, by either id", function()
      local id = fill(1)
      fill(2)
      assert.same({ 1 }, quantities(assert(client:get_user_trades { symbol = "BTCUSD", order_id = id })))
      assert.same({ 2 }, quantities(assert(client:get_user_trades { symbol = "BTCUSD", client_order_id = "fill-2" })))
      assert.same({}, quantities(assert(client:get_user_trades { symbol = "BTCUSD", client_order_id = "never-1" })))
    end)

    it("can be filtered by an id prefix", function()
      fill(1)
      place { quantity = 2, client_order_id = "mm1-a" }
      exchange:set_price("BTCUSD", "29000")
      assert.same({ 2 }, quantities(assert(client:get_user_trades { symbol = "BTCUSD", id_prefix = "mm1" })))
      assert.same({ 1 }, quantities(assert(client:get_user_trades { symbol = "BTCUSD", id_prefix = "fill" })))
    end)

    it("can be filtered by kind: funding has no liquidity and no order type", function()
      fill(1000)
      exchange:advance(8 * 3600 + 1)
      local all = assert(client:collect("get_user_trades", { symbol = "BTCUSD" }))
      assert.equal(2, #all)
      local funding = assert(client:get_user_trades { symbol = "BTCUSD", trade_type = "Funding" })
      assert.equal(1, #funding)
      assert.equal("Funding", funding[1].trade_type)
      assert.is_nil(funding[1].liquidity)
      assert.is_nil(funding[1].order_type)
      -- 1000 / 30000 at a rate of 0.0001; a long position pays.
      assert.same({ "0.00000333", "0.0001" }, { tostring(funding[1].fee), tostring(funding[1].fee_rate) })
      assert.equal(1, #assert(client:get_user_trades { symbol = "BTCUSD", trade_type = "Trade" }))
    end)

    it("can be filtered by time, as numbers or as text; by default they are those of the last seven days", function()
      local start = client:now()
      for n = 1, 4 do
        fill(n)
        exchange:advance(3 * DAY)
      end
      local function trades(more)
        local p = { symbol = "BTCUSD", trade_type = "Trade", page_size = 1 }
        for k, v in pairs(more) do p[k] = v end
        return quantities(assert(client:collect("get_user_trades", p)))
      end
      assert.same({ 4, 3 }, trades {})
      assert.same({ 4, 3, 2, 1 }, trades { start_time = start }) -- twelve days: two windows
      assert.same({ 3, 2 }, trades { start_time = start + 1, end_time = start + 6 * DAY * 1000 })
      assert.same({ 3, 2 }, trades { start_time = bybit.iso(start + 1), end_time = bybit.iso(start + 6 * DAY * 1000) })
      assert.same({ 2, 1 }, trades { end_time = start + 5 * DAY * 1000 })
      assert.same({}, trades { start_time = start + 10 * DAY * 1000 })
    end)

    it("come once if they lie on the edge of two windows", function()
      local start = client:now()
      fill(1)
      exchange:advance(5 * DAY)
      fill(2) -- seven days before the end
      exchange:advance(7 * DAY)
      fill(3)
      assert.same({ 3, 2, 1 }, quantities(assert(client:collect("get_user_trades", { symbol = "BTCUSD",
        trade_type = "Trade", start_time = start }))))
    end)

    it("can be walked from a saved cursor, even by another client", function()
      for n = 1, 5 do
        fill(n)
        exchange:advance(2 * DAY)
      end
      local from = client:now() - 11 * DAY * 1000
      local page = assert(client:get_user_trades { symbol = "BTCUSD", trade_type = "Trade", start_time = from,
        page_size = 2 })
      assert.same({ 5, 4 }, quantities(page))
      local other <close> = bybit.client { environment = { url = exchange.url }, key = exchange.key,
        secret = exchange.secret }
      assert.same({ 3, 2, 1 }, quantities(assert(other:collect("get_user_trades", { symbol = "BTCUSD",
        trade_type = "Trade", page_size = 2, cursor = page.next_cursor }))))
    end)
  end)

  describe("orders", function()
    it("come open ones first, then past ones, each part newest first, each order once", function()
      local expected = {}
      for n = 1, 9 do
        local id = place { quantity = n, client_order_id = "n" .. n }
        if n % 3 == 0 then assert(client:cancel_order { symbol = "BTCUSD", order_id = id }) end
        expected[n] = id
        exchange:advance(1)
      end
      for _, limit in ipairs { 1, 2, 5, 50 } do
        local list = assert(client:collect("get_orders", { symbol = "BTCUSD", limit = limit }))
        assert.same({ 8, 7, 5, 4, 2, 1, 9, 6, 3 }, quantities(list))
        for _, order in ipairs(list) do assert.equal(expected[order.quantity:tointeger()], order.order_id) end
      end
    end)

    it("that close during the walk come once", function()
      for n = 1, 4 do
        place { quantity = n }
        exchange:advance(1)
      end
      local seen = {}
      for order in client:each("get_orders", { symbol = "BTCUSD", limit = 2 }) do
        seen[#seen + 1] = order.quantity:tointeger()
        if #seen == 1 then assert(client:cancel_all_orders { symbol = "BTCUSD" }) end
      end
      table.sort(seen)
      assert.same({ 1, 2, 3, 4 }, seen)
    end)

    it("with a status come from the list that has it", function()
      place { quantity = 1, price = "28000" }
      fill(2)
      assert(client:cancel_order { symbol = "BTCUSD", order_id = place { quantity = 3 } })
      place { time_in_force = "IOC", quantity = 4 }
      for status, expected in pairs { New = { 1 }, Filled = { 2 }, Cancelled = { 4, 3 }, PartiallyFilled = {},
        Rejected = {}, Untriggered = {} } do
        assert.same(expected, quantities(assert(client:collect("get_orders", { symbol = "BTCUSD", status = status }))),
          status)
      end
    end)

    it("are found by id when they are open, closed, and older than real time remembers", function()
      local id = fill(1)
      local function found() return assert(client:collect("get_orders", { symbol = "BTCUSD", order_id = id })) end
      assert.equal("Filled", found()[1].status)
      -- 500 closed orders later real time has forgotten it.
      for n = 1, 500 do place { quantity = n, time_in_force = "IOC" } end
      local list = found()
      assert.equal(1, #list)
      assert.same({ id, "Filled" }, { list[1].order_id, list[1].status })
      assert.equal(1, #assert(client:collect("get_orders", { symbol = "BTCUSD", client_order_id = "fill-1" })))
      assert.equal(0, #assert(client:collect("get_orders", { symbol = "BTCUSD", client_order_id = "never" })))
    end)

    it("without fills are gone after a day; those with fills stay", function()
      assert(client:cancel_order { symbol = "BTCUSD", order_id = place { quantity = 3 } })
      fill(2)
      assert.equal(2, #assert(client:collect("get_orders", { symbol = "BTCUSD" })))
      exchange:advance(DAY + 1)
      local start = client:now() - 2 * DAY * 1000
      assert.same({ 2 }, quantities(assert(client:collect("get_orders", { symbol = "BTCUSD", status = "Filled",
        start_time = start }))))
      assert.same({}, quantities(assert(client:collect("get_orders", { symbol = "BTCUSD", status = "Cancelled",
        start_time = start }))))
    end)

    it("over more than seven days are walked in windows", function()
      local start = client:now()
      for n = 1, 4 do
        fill(n)
        exchange:advance(4 * DAY)
      end
      assert.same({ 4 }, quantities(assert(client:collect("get_orders", { symbol = "BTCUSD", status = "Filled" }))))
      assert.same({ 4, 3, 2, 1 }, quantities(assert(client:collect("get_orders", { symbol = "BTCUSD", status = "Filled",
        start_time = start, limit = 1 }))))
      assert.same({ 3, 2 }, quantities(assert(client:collect("get_orders", { symbol = "BTCUSD", status = "Filled",
        start_time = start + 1000, end_time = start + 9 * DAY * 1000, limit = 1 }))))
    end)

    it("of a time range are those that were created in it, even open ones", function()
      place { quantity = 1, price = "28000" }
      exchange:advance(60)
      local start = client:now()
      place { quantity = 2, price = "28000" }
      assert(client:cancel_order { symbol = "BTCUSD", order_id = place { quantity = 3 } })
      assert.same({ 2, 3 }, quantities(assert(client:collect("get_orders", { symbol = "BTCUSD", start_time = start }))))
      exchange:advance(60)
      place { quantity = 4, price = "28000" }
      assert.same({ 2, 3 }, quantities(assert(client:collect("get_orders", { symbol = "BTCUSD", start_time = start,
        end_time = start + 1000 }))))
    end)

    it("of another symbol are not listed; an unknown symbol is refused", function()
      exchange:set_price("ETHUSD", "2000")
      place()
      assert.equal(0, #assert(client:collect("get_orders", { symbol = "ETHUSD" })))
      local list, err = client:get_orders { symbol = "NOSUCHUSD" }
      assert.is_nil(list)
      assert.same({ "exchange", 10001, bybit.codes.invalid_symbol }, { err.kind, err.code, err.name })
    end)

    it("refuse another account's cursor, and a broken one", function()
      for n = 1, 3 do place { quantity = n } end
      local page = assert(client:get_orders { symbol = "BTCUSD", limit = 2 })
      local list, err = client:get_orders { symbol = "BTCUSD", limit = 2, cursor = page.next_cursor .. "x" }
      assert.is_nil(list)
      assert.equal("exchange", err.kind)
      assert.is_nil(err.outcome)
    end)
  end)

  it("the real-time queries find every order by both ids", function()
    local id = place { client_order_id = "mine" }
    local stop = assert(client:place_conditional_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1,
      trigger_price = 31000, base_price = 30000, client_order_id = "wait" }).stop_order_id
    assert.equal(id, client:get_open_order_real_time { symbol = "BTCUSD", client_order_id = "mine" }.order_id)
    assert.equal(id, client:get_open_order_real_time { symbol = "BTCUSD", order_id = id }.order_id)
    assert.equal(stop, client:get_open_conditional_order_real_time { symbol = "BTCUSD", client_order_id = "wait" }.order_id)
    -- An id names one order of either kind (V5 does not distinguish them).
    assert.equal("Stop", client:get_open_order_real_time { symbol = "BTCUSD", order_id = stop }.stop_order_type)
    assert.same({ id }, { client:get_open_orders_real_time { symbol = "BTCUSD" }[1].order_id })
    assert.same({ stop }, { client:get_open_conditional_orders_real_time { symbol = "BTCUSD" }[1].stop_order_id })
    for _, name in ipairs { "get_open_order_real_time", "get_open_conditional_order_real_time" } do
      local order, err = client[name](client, { symbol = "BTCUSD", client_order_id = "never" })
      assert.is_nil(order)
      assert.same({ "not_found", nil }, { err.kind, err.outcome })
    end
  end)
end)
