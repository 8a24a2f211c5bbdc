-- Queries: pages, windows, filters, and how long history is kept.

local wire = require "spec.support.paper_wire"

local HOUR, DAY = 3600, 86400

describe("paper history", function()
  local exchange, caller

  wire.each_test(function(...) exchange, caller = ... end)

  local function cancel(id) caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = id }) end

  -- All elements of a list, page by page; calls `each` between pages.
  local function walk(path, params, each)
    local out, pages, cursor = {}, 0, nil
    repeat
      local p = {}
      for k, v in pairs(params) do p[k] = v end
      p.cursor = cursor
      local page = caller:must("GET", path, p)
      for _, row in ipairs(page.list) do out[#out + 1] = row end
      pages, cursor = pages + 1, page.nextPageCursor
      if each then each(pages) end
    until cursor == ""
    return out, pages
  end

  local function names(list)
    local out = {}
    for i, row in ipairs(list) do out[i] = row.orderLinkId end
    return table.concat(out, " ")
  end

  ---------------------------------------------------------------------------------------------------------------

  describe("pages", function()
    local function place_many(count)
      for i = 1, count do
        caller:place { orderLinkId = "o" .. i }
        exchange:advance(0.001)
      end
    end

    it("go from newest to oldest, each element once, the last has no cursor", function()
      place_many(7)
      local list, pages = walk("order/realtime", { limit = 3 })
      assert.equal("o7 o6 o5 o4 o3 o2 o1", names(list))
      assert.equal(3, pages)
      assert.equal("", caller:must("GET", "order/realtime", { limit = 7 }).nextPageCursor)
      assert.equal("", caller:must("GET", "order/realtime", {}).nextPageCursor)
    end)

    it("miss nothing and repeat nothing when orders come and go meanwhile", function()
      place_many(9)
      local list = walk("order/realtime", { limit = 3 }, function(page)
        if page == 1 then
          caller:place { orderLinkId = "late" }
          caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderLinkId = "o7" }) -- the row of the cursor
          caller:must("POST", "order/cancel", { symbol = "BTCUSD", orderLinkId = "o5" })
        end
      end)
      assert.equal("o9 o8 o7 o6 o4 o3 o2 o1", names(list))
    end)

    it("have a cursor with a percent sign, which is accepted as it is or encoded once more", function()
      place_many(4)
      local first = caller:must("GET", "order/realtime", { limit = 2 })
      local cursor = first.nextPageCursor
      assert.truthy(cursor:find("%", 1, true))
      -- encoded: as Caller does; pasted: as the Python client sends it
      local encoded = caller:must("GET", "order/realtime", { limit = 2, cursor = cursor })
      assert.equal("o2 o1", names(encoded.list))
      local query = "category=inverse&limit=2&cursor=" .. cursor
      local raw = require "spec.support.raw_http"
      local answer = raw.request(exchange.port, "GET", "/v5/order/realtime?" .. query, caller:headers(query))
      assert.equal("o2 o1", names(require("cjson").decode(answer.body).result.list))
    end)

    it("have a cursor that is valid only for its filters, endpoint and account", function()
      place_many(4)
      local cursor = caller:must("GET", "order/realtime", { limit = 2 }).nextPageCursor
      assert.equal(10001, caller:get("order/realtime", { limit = 2, cursor = cursor, symbol = "BTCUSD" }).retCode)
      assert.equal(10001, caller:get("order/history", { limit = 2, cursor = cursor }).retCode)
      assert.equal(10001, caller:get("order/realtime", { limit = 2, cursor = cursor:gsub("%x", "0", 12) }).retCode)
      local other = wire.caller(exchange, 2)
      assert.equal(10001, other:get("order/realtime", { limit = 2, cursor = cursor }).retCode)
      other:hang_up()
      assert.equal(0, caller:get("order/realtime", { limit = 4, cursor = cursor }).retCode)
    end)

    it("work for executions and closed profit as well", function()
      for _ = 1, 3 do
        caller:place { orderType = "Market", qty = "10" }
        caller:place { orderType = "Market", side = "Sell", qty = "10" }
      end
      local all = caller:must("GET", "execution/list", {}).list
      local list = walk("execution/list", { limit = 2 })
      assert.equal(#all, #list)
      for i, row in ipairs(list) do assert.equal(all[i].execId, row.execId) end
      assert.equal(3, #walk("position/closed-pnl", { limit = 2 }))
    end)
  end)

  ---------------------------------------------------------------------------------------------------------------

  describe("windows", function()
    -- Orders of day 1, 4, 9 and 12, each filled, so that all are kept.
    local days = { 1, 4, 9, 12 }
    local start

    before_each(function()
      start = exchange:now()
      local before = 0
      for _, day in ipairs(days) do
        exchange:advance((day - before) * DAY)
        before = day
        caller:place { orderType = "Market", qty = "10", orderLinkId = "day" .. day }
      end
      exchange:advance(HOUR)
    end)

    local function ms(day) return start + math.floor(day * DAY * 1000) end

    for _, case in ipairs {
      { "without bounds: the last seven days", {}, "day12 day9" },
      { "a start alone: seven days from there", { startTime = 3 }, "day9 day4" },
      { "an end alone: seven days up to there", { endTime = 10 }, "day9 day4" },
      { "both", { startTime = 0.5, endTime = 5 }, "day4 day1" },
      { "both ends are part of it", { startTime = 4, endTime = 9 }, "day9 day4" },
      { "nothing there", { startTime = 5, endTime = 8 }, "" },
    } do
      for _, path in ipairs { "order/history", "execution/list" } do
        it(case[1] .. " (" .. path .. ")", function()
          local params = { symbol = "BTCUSD" }
          if path == "execution/list" then params.execType = "Trade" end
          for name, day in pairs(case[2]) do params[name] = ms(day) end
          assert.equal(case[3], names(walk(path, params)))
        end)
      end
    end

    it("do not matter if an order is named", function()
      assert.equal("day1", names(caller:must("GET", "order/history", { orderLinkId = "day1" }).list))
      assert.equal("day1", names(caller:must("GET", "execution/list", { orderLinkId = "day1", symbol = "ETHUSD",
        execType = "Funding" }).list))
    end)
  end)

  ---------------------------------------------------------------------------------------------------------------

  describe("filters", function()
    it("by status, symbol, coin, kind", function()
      caller:place { orderLinkId = "filled", orderType = "Market", qty = "10" }
      cancel(caller:place { orderLinkId = "cancelled" })
      cancel(caller:place { orderLinkId = "stop", triggerPrice = "31000", triggerDirection = 1 })
      caller:place { orderLinkId = "open" }
      caller:place { orderLinkId = "waiting", triggerPrice = "31000", triggerDirection = 1 }
      for text, params in pairs {
        ["stop cancelled filled"] = {}, ["cancelled"] = { orderStatus = "Cancelled" }, ["filled"] = { orderStatus = "Filled" },
        ["stop"] = { orderFilter = "StopOrder" }, ["cancelled filled"] = { orderFilter = "Order" },
        [""] = { symbol = "ETHUSD" },
      } do
        assert.equal(text, names(caller:must("GET", "order/history", params).list))
      end
      for text, params in pairs {
        ["waiting open"] = {}, ["open"] = { orderFilter = "Order" }, ["waiting"] = { orderFilter = "StopOrder" },
        [""] = { settleCoin = "ETH" },
      } do
        assert.equal(text, names(caller:must("GET", "order/realtime", params).list))
      end
      assert.equal("stop cancelled filled", names(caller:must("GET", "order/realtime", { openOnly = 1 }).list))
    end)

    it("an id replaces all other filters, and finds closed orders as well", function()
      local id = caller:place { orderLinkId = "mine" }
      cancel(id)
      for _, params in ipairs { { orderId = id }, { orderLinkId = "mine" }, { orderId = id, orderLinkId = "none" },
        { orderId = id, openOnly = 0, symbol = "ETHUSD" } } do
        assert.equal("mine", names(caller:must("GET", "order/realtime", params).list))
      end
    end)

    it("history never shows an open order, nor another account's", function()
      local id = caller:place {}
      assert.same({}, caller:must("GET", "order/history", { orderId = id }).list)
      cancel(id)
      local other = wire.caller(exchange, 2)
      for _, path in ipairs { "order/history", "order/realtime" } do
        assert.same({}, other:must("GET", path, { orderId = id }).list)
      end
      other:hang_up()
    end)
  end)

  ---------------------------------------------------------------------------------------------------------------

  describe("history is kept", function()
    it("a day for orders that ended without a fill, two years for the others", function()
      local filled = caller:place { orderType = "Market", qty = "10" }
      local cancelled = caller:place {}
      cancel(cancelled)
      exchange:advance(DAY)
      assert.equal(2, #caller:must("GET", "order/history", {}).list)
      exchange:advance(1)
      assert.equal(filled, caller:must("GET", "order/history", {}).list[1].orderId)
      assert.same({}, caller:must("GET", "order/history", { orderId = cancelled }).list)
      exchange:advance(728 * DAY)
      assert.equal(1, #caller:must("GET", "order/history", { orderId = filled }).list)
      exchange:advance(DAY)
      assert.same({}, caller:must("GET", "order/history", { orderId = filled }).list)
    end)

    it("in order/realtime for the last 500 closed orders", function()
      local first = caller:place {}
      cancel(first)
      local function close_many(count)
        for _ = 1, count // 20 do
          local items = {}
          for i = 1, 20 do items[i] = { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "1", price = "29000" } end
          caller:must("POST", "order/create-batch", { request = items })
        end
        assert.equal(count, #caller:must("POST", "order/cancel-all", { symbol = "BTCUSD" }).list)
      end
      close_many(480)
      assert.equal("Cancelled", caller:order(first).orderStatus)
      close_many(20)
      assert.is_nil(caller:order(first))
      assert.equal(500, #walk("order/realtime", { openOnly = 1, limit = 50 }))
      assert.equal(first, caller:must("GET", "order/history", { orderId = first }).list[1].orderId)
    end)

    it("up to a number of orders, an option of the exchange; link ids stay taken", function()
      local small <close>, asker = wire.start { keep = 10 }
      for i = 1, 12 do
        local id = asker:place { orderLinkId = "n" .. i }
        asker:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = id })
      end
      assert.equal(10, #asker:must("GET", "order/history", {}).list)
      assert.same({}, asker:must("GET", "order/history", { orderLinkId = "n1" }).list)
      assert.same({}, asker:must("GET", "order/realtime", { orderLinkId = "n1" }).list)
      assert.equal(110072, asker:post("order/create", { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "1",
        price = "29000", orderLinkId = "n1" }).retCode)
      assert.equal(10, #small:books().orders)
      asker:hang_up()
    end)
  end)

  describe("lag", function()
    it("an acknowledged order shows a moment later, in every list; it can be cancelled at once", function()
      local slow <close>, asker = wire.start { lag = 30 }
      local id = asker:place { orderType = "Market", qty = "10" }
      local resting = asker:place {}
      for _, path in ipairs { "order/realtime", "order/history", "execution/list" } do
        assert.same({}, asker:must("GET", path, { orderId = id }).list)
      end
      asker:must("POST", "order/cancel", { symbol = "BTCUSD", orderId = resting })
      slow:advance(0.03)
      for _, path in ipairs { "order/realtime", "order/history", "execution/list" } do
        assert.equal(id, asker:must("GET", path, { orderId = id }).list[1].orderId)
      end
      asker:hang_up()
    end)
  end)
end)
