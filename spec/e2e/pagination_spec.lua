-- Walks over pages on the paper exchange: each element comes once, whatever happens meanwhile, and from any starting point.

local bybit = require "bybit"
local trading = require "spec.support.trading"

describe("walks over pages", function()
  local exchange, client

  before_each(function() exchange, client = trading.start() end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local function place(quantity, more)
    local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = quantity, price = "29000" }
    for k, v in pairs(more or {}) do p[k] = v end
    local ack = assert(client:place_order(p))
    exchange:advance(0.01)
    return ack.order_id
  end

  local function cancel(id)
    assert(client:cancel_order { symbol = "BTCUSD", order_id = id })
    exchange:advance(0.01)
  end

  local function ids_of(list)
    local ids = {}
    for i, order in ipairs(list) do ids[i] = order.order_id end
    return ids
  end

  it("return every order once while orders arrive, end and move into history", function()
    local wanted = {}
    for i = 1, 12 do wanted[i] = place(i) end
    for i = 1, 4 do cancel(wanted[i]) end
    local count, seen = 0, {}
    for order in client:each("get_orders", { symbol = "BTCUSD", limit = 3 }) do
      count = count + 1
      assert.is_nil(seen[order.order_id], "twice: " .. order.order_id)
      seen[order.order_id] = order.status
      place(100 + count) -- newer than all orders of the walk
      if count <= 8 then cancel(wanted[4 + count]) end -- open orders move into history, seen or not
    end
    for i, id in ipairs(wanted) do assert.truthy(seen[id], "missing: order " .. i) end
  end)

  it("return every trade once while trades arrive", function()
    for i = 1, 7 do place(i, { type = "Market", price = nil }) end
    local wanted, seen = {}, {}
    for i, trade in ipairs(assert(client:collect("get_user_trades", { symbol = "BTCUSD" }))) do
      wanted[i] = trade.trade_id
    end
    assert.is_true(#wanted >= 7)
    for trade in client:each("get_user_trades", { symbol = "BTCUSD", page_size = 2 }) do
      assert.is_nil(seen[trade.trade_id])
      seen[trade.trade_id] = true
      place(1, { type = "Market", price = nil })
    end
    for _, id in ipairs(wanted) do assert.is_true(seen[id]) end
  end)

  it("cross the windows of history, which a single query cannot", function()
    local from = client:now()
    local wanted = {}
    for day = 1, 30, 3 do
      wanted[#wanted + 1] = place(day, { type = "Market", price = nil })
      exchange:advance(3 * 86400)
    end
    local seen, pages = {}, 0
    for page in client:pages("get_orders", { symbol = "BTCUSD", start_time = from, limit = 2 }) do
      pages = pages + 1
      for _, order in ipairs(page) do
        assert.is_nil(seen[order.order_id])
        seen[order.order_id] = true
      end
    end
    for _, id in ipairs(wanted) do assert.is_true(seen[id]) end
    assert.is_true(pages >= 5) -- thirty days are five windows of seven
  end)

  it("go on from any page in any window as if they had not stopped", function()
    local from = client:now()
    for day = 1, 20, 2 do
      place(day, { type = "Market", price = nil })
      exchange:advance(2 * 86400)
    end
    for i = 1, 5 do place(i) end
    local params = { symbol = "BTCUSD", start_time = from, limit = 2 }
    local whole, pages = {}, {}
    for page in client:pages("get_orders", params) do
      pages[#pages + 1] = { cursor = page.cursor or false, before = #whole }
      for _, order in ipairs(page) do whole[#whole + 1] = order.order_id end
    end
    assert.equal(15, #whole)
    for _, at in ipairs(pages) do
      local list = assert(client:collect("get_orders", { symbol = "BTCUSD", start_time = from, limit = 2,
        cursor = at.cursor or nil }))
      assert.same(table.move(whole, at.before + 1, #whole, 1, {}), ids_of(list))
    end
  end)

  it("work for any endpoint that uses V5's cursors and has its list under a known key", function()
    for i = 1, 5 do place(i) end
    local seen = {}
    for row, page in client:each("/v5/order/realtime", { symbol = "BTCUSD", limit = 2 }, { list = "list", timeout = 5 }) do
      assert.is_true(#page <= 2)
      seen[#seen + 1] = row.qty
    end
    assert.same({ "5", "4", "3", "2", "1" }, seen)
    local first
    for page in client:pages("/v5/order/realtime", { symbol = "BTCUSD", limit = 2 }) do first = first or page end
    local rest = assert(client:collect("/v5/order/realtime", { symbol = "BTCUSD", limit = 2, cursor = first.next_cursor }))
    assert.equal("3", rest[1].qty)
    assert.equal(3, #rest)
    assert.error_matches(function() client:collect("/v5/order/realtime", { symbol = "BTCUSD" }, { list = "rows" }) end,
      "collect: the result of /v5/order/realtime has no list 'rows'")
  end)

  it("begin at a numbered page of trades and go on", function()
    for i = 1, 5 do place(i, { type = "Market", price = nil }) end
    local all = assert(client:collect("get_user_trades", { symbol = "BTCUSD", page_size = 2 }))
    local later = assert(client:collect("get_user_trades", { symbol = "BTCUSD", page_size = 2, page = 2 }))
    assert.equal(#all - 2, #later)
    assert.equal(all[3].trade_id, later[1].trade_id)
  end)

  it("work for lists without pages", function()
    for i = 1, 3 do place(i) end
    assert.equal(3, #assert(client:collect("get_open_orders_real_time", { symbol = "BTCUSD" })))
  end)

  it("collect at most `max` elements, and return the cursor to go on from", function()
    for i = 1, 7 do place(i) end
    local params = { symbol = "BTCUSD", limit = 3 }
    local list = assert(client:collect("get_orders", params, { max = 5 }))
    assert.equal(5, #list)
    assert.truthy(list.cursor)
    local page = assert(client:get_orders { symbol = "BTCUSD", limit = 3, cursor = list.cursor })
    assert.equal(list[4].order_id, page[1].order_id)
    assert.equal(0, #assert(client:collect("get_orders", params, { max = 0 })))
    local whole = assert(client:collect("get_orders", params, { max = 100 }))
    assert.equal(7, #whole)
    assert.is_nil(whole.cursor)
    assert.matches("order_id +symbol", tostring(whole)) -- a list like any other
    local count = 0
    for _ in client:each("get_orders", params, { max = 4 }) do count = count + 1 end
    assert.equal(4, count)
  end)

  it("take a view's defaults", function()
    for i = 1, 3 do place(i) end
    local btc = client:with { symbol = "BTCUSD", limit = 2, raise = true }
    assert.equal(3, #btc:collect("get_orders"))
    local ok, err = pcall(btc.collect, btc, "get_orders", { symbol = "NOSUCH" })
    assert.is_false(ok)
    assert.equal("bybit.error", getmetatable(err).__name)
  end)

  it("do not change the parameters that they are given", function()
    for i = 1, 3 do place(i) end
    local params = { symbol = "BTCUSD", limit = 1 }
    assert(client:collect("get_orders", params))
    assert.same({ symbol = "BTCUSD", limit = 1 }, params)
  end)

  describe("in tasks, with prefetch,", function()
    it("return the same elements in the same order", function()
      for i = 1, 9 do place(i) end
      local plain = ids_of(assert(client:collect("get_orders", { symbol = "BTCUSD", limit = 2 })))
      local ahead = bybit.run(client.collect, client, "get_orders", { symbol = "BTCUSD", limit = 2 }, { prefetch = true })
      assert.same(plain, ids_of(ahead))
      -- Outside of tasks nothing can fetch it in advance.
      assert.same(plain, ids_of(client:collect("get_orders", { symbol = "BTCUSD", limit = 2 }, { prefetch = true })))
    end)

    it("may be left early, passed to the user's own coroutine, and used from several tasks", function()
      for i = 1, 9 do place(i) end
      bybit.run(function()
        for _ in client:each("get_orders", { symbol = "BTCUSD", limit = 2 }, { prefetch = true }) do -- luacheck: ignore 512
          break
        end
        local step = client:each("get_orders", { symbol = "BTCUSD", limit = 2 }, { prefetch = true })
        local seen = { step().order_id, step().order_id }
        coroutine.wrap(function() for i = 3, 5 do seen[i] = step().order_id end end)()
        bybit.spawn(function() for i = 6, 7 do seen[i] = step().order_id end end):await()
        for i = 8, 9 do seen[i] = step().order_id end
        assert.is_nil(step())
        assert.same(ids_of(assert(client:collect("get_orders", { symbol = "BTCUSD" }))), seen)
      end)
    end)
  end)

  it("read the pages of any path on the v2 wire, under the keys of that wire", function()
    local old <close> = bybit.client { environment = exchange, api = "v2" }
    local wanted = {}
    for i = 1, 5 do wanted[6 - i] = place(i) end -- newest first
    exchange:advance(10)
    assert.same(wanted, ids_of(assert(old:collect("/v2/private/order/list", { symbol = "BTCUSD", limit = 2 }))))
    local ok, message = pcall(old.each, old, "no_method")
    assert.is_false(ok)
    assert.truthy(message:find("or a path such as '/v2/private/order/list'", 1, true), message)
  end)

  it("refuse a wrong call at the caller's line, with the nearest name", function()
    for text, call in pairs {
      ["each: 'get_order' does not give a list, did you mean 'get_orders'?"] =
        function() client:each("get_order") end,
      ["pages: 'place_order' does not give a list: those that do are such as 'get_orders', or a path such as '/v5/"] =
        function() client:pages("place_order", {}) end,
      ["each: 'cancel_all_orders' does not give a list: those that do"] =
        function() client:each("cancel_all_orders", {}) end,
      ["collect: unknown option 'prefech', did you mean 'prefetch'?"] =
        function() client:collect("get_orders", {}, { prefech = true }) end,
      ["collect: option 'max': integer expected, got 1.5"] =
        function() client:collect("get_orders", {}, { max = 1.5 }) end,
      ["collect: option 'max': 0 or more expected, got -1"] =
        function() client:collect("get_orders", {}, { max = -1 }) end,
      ["each: unknown option 'timeout'"] = function() client:each("get_orders", {}, { timeout = 1 }) end,
      ["pages: option 'max' counts elements"] = function() client:pages("get_orders", {}, { max = 1 }) end,
      ["each: the name of a method that gives a list expected, got 5"] = function() client:each(5) end,
      ["each: a table of parameters expected, got number"] = function() client:each("get_orders", 5) end,
      ["each: with 'columns' a page has lists and no elements: walk it with pages"] =
        function() client:each("get_klines", { symbol = "BTCUSD", interval = "1", columns = true }) end,
      ["each: called with '.' in place of ':': write client:each(...)"] = function() client.each("get_orders", {}) end,
      ["get_orders: unknown parameter 'simbol', did you mean 'symbol'?"] =
        function() client:collect("get_orders", { simbol = "BTCUSD" }) end,
    } do
      local ok, err = pcall(call)
      assert.is_false(ok, text)
      assert.matches("pagination_spec.lua:%d+: ", err)
      assert.truthy(err:find(text, 1, true), err)
    end
  end)
end)
