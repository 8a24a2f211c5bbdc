-- Lists that cannot be read whole, on both wires: only an empty cursor ends one (V5 documentation, pagination). A cursor that
-- leads back, empty pages without end, or a list that the exchange cuts short are told, and prove nothing.

local asked = require "spec.support.asked"
local bybit = require "bybit"
local core = require "bybit.core"
local scripted = require "spec.support.scripted_exchange"
local staged = require "spec.support.staged_exchange"
local v2 = require "spec.support.v2_client"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

local BACK = "leads back to a page that was read before"

-- How each wire spells a page of rows: (ids, the next cursor) -> body.
local SPELLED = {
  v5 = function(ids, follows)
    local rows = {}
    for i, id in ipairs(ids) do
      rows[i] = ('{"orderId":"%s","execId":"%s","orderStatus":"New","symbol":"BTCUSD"}'):format(id, id)
    end
    return scripted.answer(0, ('{"list":[%s],"nextPageCursor":"%s"}'):format(table.concat(rows, ","), follows or "")).body
  end,
  v2 = function(ids, follows)
    local rows = {}
    for i, id in ipairs(ids) do rows[i] = ('{"order_id":"%s","order_status":"New","stop_order_id":"%s"}'):format(id, id) end
    return v2.ok(('{"data":[%s],"cursor":"%s"}'):format(table.concat(rows, ","), follows or ""))
  end,
}

-- A client of an exchange that has these pages: cursor ("" for the first) -> { ids, next cursor }.
local function with_pages(api, pages)
  local sent = {}
  local client = bybit.client { environment = { url = "http://127.0.0.1:1" }, api = api, key = "k", secret = "s", rate = false,
    transport = { start = function(_, request)
      local at = request.url:match "[?&]cursor=([^&]*)" or ""
      sent[#sent + 1] = at
      local page = assert(pages[at], at)
      return { status = 200, body = SPELLED[api](page[1], page[2]) }
    end } }
  return client, sent
end

-- Walks a list with `client:each`: the ids that it gave, and what it raised.
local function walk(client, method, params)
  local ids = {}
  local ok, err = pcall(function()
    for row in client:each(method, params or of()) do ids[#ids + 1] = row.order_id or row.orderId or row.trade_id end
  end)
  return table.concat(ids, " "), not ok and err or nil
end

local EMPTY = {}
for i = 1, 9 do EMPTY[tostring(i)] = { {}, tostring(i + 1) } end

-- Pages: the first, and then `count` empty ones before the last.
local function after_empty(count)
  local pages = { [""] = { { "a" }, "1" }, [tostring(count + 1)] = { { "z" } } }
  for i = 1, count do pages[tostring(i)] = EMPTY[tostring(i)] or { {}, tostring(i + 1) } end
  return pages
end

local WALKS = {
  v5 = { "get_orders", "get_conditional_orders", "get_user_trades", "/v5/position/closed-pnl", "/v5/order/history" },
  v2 = { "get_orders", "get_conditional_orders" },
}

for _, api in ipairs(staged.WIRES) do describe("a walk on " .. api .. " of", function()
  for _, method in ipairs(WALKS[api]) do
    -- Walks of a path give wire names, methods of orders walk two endpoints.
    it(method .. " raises where its cursor circles, after all that was read", function()
      local client <close>, sent = with_pages(api, { [""] = { { "a" }, "A" }, A = { { "b" }, "B" }, B = { { "c" }, "A" } })
      local ids, err = walk(client, method)
      assert.equal("a b c", ids)
      assert.equal("decode", err.kind)
      assert.truthy(err.message:find(BACK, 1, true), err.message)
      assert.matches("A$", err.cursor)
      assert.same({ "", "A", "B" }, sent)
      assert.matches("whole_lists_spec.lua:%d+$", err.where)
      local list, why = client:collect(method, of())
      assert.is_nil(list)
      assert.same({ "decode", err.cursor }, { why.kind, why.cursor })
    end)

    it(method .. " raises where its cursor leads to itself", function()
      local client <close>, sent = with_pages(api, { [""] = { { "a" }, "A" }, A = { { "b" }, "A" } })
      local _, err = walk(client, method)
      assert.equal("decode", err.kind)
      assert.truthy(err.message:find(BACK, 1, true), err.message)
      assert.matches("A$", err.cursor)
      assert.same({ "", "A" }, sent)
    end)

    it(method .. " raises where it went on from a cursor that it is led back to", function()
      local client <close>, sent = with_pages(api, { [""] = { { "a" }, "A" }, A = { { "b" }, "B" }, B = { { "c" }, "A" } })
      local from = client:pages(method, of())().next_cursor
      local ids, err = walk(client, method, of { cursor = from })
      assert.same({ "b c", "decode" }, { ids, err.kind })
      assert.same({ "", "A", "B" }, sent)
    end)

    it(method .. " goes on over empty pages with a cursor, but not for ever", function()
      local client <close> = with_pages(api, after_empty(9))
      local ids, err = walk(client, method)
      if err then assert.truthy(err.message:find("order/history", 1, true), tostring(err)) end
      assert.truthy(ids:find "^a.* ?z", ids)
      local endless <close>, sent = with_pages(api, after_empty(30))
      ids, err = walk(endless, method)
      assert.same({ "a", "decode", "10 empty pages came one after the other, each with a cursor of a next one" },
        { ids, err.kind, (err.message:gsub("^/[^:]*: ", "")) })
      assert.equal(11, #sent)
    end)
  end
end) end

describe("a walk of a path", function()
  it("takes no cursor of a method", function()
    local client <close>, sent = with_pages("v5", { [""] = { { "a" } } })
    local ok, err = pcall(client.collect, client, "/v5/position/closed-pnl", { cursor = "get_orders:h,:x" })
    assert.is_false(ok)
    assert.matches("collect: cursor 'get_orders:h,:x' was issued by get_orders: a path has cursors of its own", err)
    assert.same({}, sent)
  end)
end)

describe("a page", function()
  it("that is empty and leads on says so, also by hand, and counts the empty ones before it", function()
    local client <close> = with_pages("v5", after_empty(30))
    local page = assert(client:get_orders(of()))
    for _ = 1, 9 do page = assert(client:get_orders(of { cursor = page.next_cursor })) end
    local list, err = client:get_orders(of { cursor = page.next_cursor })
    assert.is_nil(list)
    assert.same({ "decode", "get_orders:o:11" }, { err.kind, err.cursor })
  end)

  it("number n of trades is not reached over a circle", function()
    local client <close>, sent = with_pages("v5", { [""] = { { "a" }, "A" }, A = { { "b" }, "B" }, B = { { "c" }, "A" } })
    local list, err = client:get_user_trades(of { page = 40 })
    assert.is_nil(list)
    assert.same({ "decode", "get_user_trades:h,:A" }, { err.kind, err.cursor })
    assert.equal(3, #sent)
  end)

  it("with two lists, two cursors, or a cursor that is no text is no answer", function()
    for _, result in ipairs { '{"list":[{"orderId":"a"}],"list":[],"nextPageCursor":""}',
      '{"list":[{"orderId":"a"}],"nextPageCursor":"A","nextPageCursor":""}',
      '{"list":[{"orderId":"a"}],"nextPageCursor":5}' } do
      local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s",
        transport = { start = function() return scripted.answer(0, result) end } }
      local list, err = client:get_open_orders_real_time(of())
      assert.is_nil(list, result)
      assert.equal("decode", err.kind)
    end
  end)

  it("of trades keeps executions of one order apart, though they name no id of their own", function()
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s",
      transport = { start = function()
        return scripted.answer(0, '{"list":[{"orderId":"o","execQty":"1"},{"orderId":"o","execQty":"2"}]}')
      end } }
    assert.equal(2, #assert(client:collect("get_user_trades", of())))
  end)

  it("that is empty, of one order, does not prove that there is none where it leads on", function()
    local client <close> = with_pages("v5", { [""] = { {}, "A" }, A = { { "o-1" } } })
    local order, err = client:get_open_order_real_time(of { order_id = "o-1" })
    assert.is_nil(order)
    assert.equal("decode", err.kind)
  end)
end)

describe("a list of what is open", function()
  for _, method in ipairs { "get_open_orders_real_time", "get_open_conditional_orders_real_time" } do
    it(("on V5 (%s) is an error where its cursor circles, and goes on over empty pages"):format(method), function()
      local client <close> = with_pages("v5", { [""] = { { "a" }, "A" }, A = { { "b" }, "B" }, B = { { "c" }, "A" } })
      local list, err, response = client[method](client, of())
      assert.is_nil(list)
      assert.same({ "decode", method, "A", 3 }, { err.kind, err.method, err.cursor, response.requests })
      local other <close> = with_pages("v5", after_empty(5))
      assert.equal(2, #assert(other[method](other, of())))
    end)
  end

  -- v2 shows 500 active orders and 10 conditional ones, without a cursor (v2 documentation, query real-time orders).
  for method, most in pairs { get_open_orders_real_time = 500, get_open_conditional_orders_real_time = 10 } do
    it(("on v2 (%s) says when it may be cut short"):format(method), function()
      for _, count in ipairs { most - 1, most } do
        local rows = {}
        for i = 1, count do rows[i] = ('{"order_id":"o%d"}'):format(i) end
        local client <close> = v2.client(v2.ok("[" .. table.concat(rows, ",") .. "]"))
        local list = assert(client[method](client, of()))
        assert.equal(count, #list)
        assert.equal(count == most or nil, rawget(list, "cut"))
        assert.equal(count == most, tostring(list):find("(cut short: there may be more)", 1, true) ~= nil)
      end
    end)
  end

  it("that a cancel-all answers on V5 says that 500 are as many as one call takes", function()
    for _, count in ipairs { 499, 500 } do
      local rows = {}
      for i = 1, count do rows[i] = ('{"orderId":"o%d"}'):format(i) end
      local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s",
        transport = { start = function() return scripted.answer(0, ('{"list":[%s]}'):format(table.concat(rows, ","))) end } }
      for _, method in ipairs { "cancel_all_orders", "cancel_all_conditional_orders" } do
        assert.equal(count == 500 or nil, rawget(assert(client[method](client, of())), "cut"))
      end
    end
  end)
end)

describe("a time", function()
  local DAY = 86400000

  before_each(function() core.loop.virtual(scripted.START) end)
  after_each(function() core.loop.real() end)

  local function refused(client, method, params)
    local ok, err = pcall(client[method], client, of(params))
    assert.is_false(ok)
    return tostring(err)
  end

  for _, method in ipairs { "get_orders", "get_conditional_orders", "get_user_trades" } do
    it(("(%s) from which on nothing can have happened yet is refused"):format(method), function()
      local client <close>, sent = with_pages("v5", { [""] = { {} } })
      assert.matches("start_time 1700086400000 is in the future: the exchange's clock shows 1700000000000",
        refused(client, method, { start_time = scripted.START + DAY }))
      assert.matches("end_time 1701000000000 is in the future", -- without a start the seven days before it are meant
        refused(client, method, { end_time = 1701000000000 }))
      assert.matches("end_time 1699999999999 is before start_time 1700000000000",
        refused(client, method, { start_time = 1700000000000, end_time = 1699999999999 }))
      assert.same({}, sent)
      for _, params in ipairs { { end_time = scripted.START + DAY },
        { start_time = scripted.START, end_time = scripted.START + DAY } } do
        assert(client[method](client, of(params)))
      end
    end)
  end

  it("that is a moment ahead, since clocks differ, asks for a window that does not end before it begins", function()
    local requests = {}
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s",
      transport = { start = function(_, request)
        requests[#requests + 1] = request.url
        return scripted.list()
      end } }
    assert(client:get_user_trades(of { start_time = scripted.START + 5000 }))
    assert.matches("startTime=1700000005000&endTime=1700000005000", requests[1])
  end)

  it("is refused on v2 as well", function()
    local client <close> = v2.client(v2.ok '{"trade_list":[]}')
    assert.matches("start_time 1700086400000 is in the future", refused(client, "get_user_trades",
      { start_time = scripted.START + DAY }))
    assert.matches("this looks like microseconds", refused(client, "get_user_trades", { start_time = scripted.START * 1000 }))
  end)
end)

---------------------------------------------------------------------------------------------------------------
-- Recovery: what proves anything is a list that was had whole.

-- From now on the pages of a list lead back, or on without end: of paths that contain `part`.
local function lead_astray(exchange, part)
  exchange:rewrite("read", function(body, copy)
    if not copy.path:find(part, 1, true) then return body end
    local at = copy.params.cursor
    local follows = at == "A" and "B" or "A"
    if at then copy.params.cursor = nil end
    return (body:gsub('"nextPageCursor":"[^"]*"', '"nextPageCursor":"' .. follows .. '"'):gsub('"cursor":"[^"]*"',
      '"cursor":"' .. follows .. '"'))
  end)
  -- A cursor that is not the exchange's own is refused by it: it is asked for its first page again.
  local deliver = exchange.deliver
  function exchange:deliver(copy, moment)
    if copy.verb == "GET" and (copy.target:find "cursor=A" or copy.target:find "cursor=B") then
      copy.odd_cursor = true
      local name = copy.path:find "^/v5/" and "list" or "data"
      local body = copy.path:find "^/v5/"
        and ('{"retCode":0,"retMsg":"OK","result":{"%s":[],"nextPageCursor":""},"time":%d}'):format(name, self:now())
        or ('{"ret_code":0,"ret_msg":"OK","result":{"%s":[],"cursor":""},"time_now":"%d.000"}'):format(name, self:now() // 1000)
      for _, edit in ipairs(self.edits) do body = edit.f and edit.f(body, copy) or body end
      return { status = 200, body = body }
    end
    return deliver(self, copy, moment)
  end
end

for _, api in ipairs(staged.WIRES) do describe("recovery on " .. api, function()
  local exchange, client

  before_each(function()
    exchange = staged.start()
    client = exchange:client { api = api, id_prefix = "me" }
    assert(client:get_open_orders_real_time(of())) -- which tells the exchange's clock
  end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local LISTS = { v5 = { "order/realtime", "order/history", "execution/list" }, v2 = { "order/list" } }

  for _, part in ipairs(LISTS[api]) do
    it("never takes a list for absence whose cursor circles: " .. part, function()
      exchange:always("place", staged.lost_request)
      lead_astray(exchange, part)
      local ack, err = client:place_order(limit { client_order_id = "mine", deadline = 60 })
      assert.is_nil(ack)
      assert.equal("unknown", err.outcome)
      assert.is_nil(err.final)
      local _, again = client:resolve(err, { deadline = 30 })
      assert.equal("unknown", again.outcome)
      -- many intents are looked for together, in whole lists
      local _, second = client:place_order(limit { client_order_id = "yours", deadline = 30 })
      assert.equal("unknown", second.outcome)
      local report = client:reconcile { deadline = 60 }
      assert.same({}, report and report.settled or {})
      assert.equal(2, #client:unsettled())
      for _, entry in ipairs(client:unsettled()) do assert.is_nil(entry.final) end
    end)
  end

  it("reconcile gives no report of what is live where that list circles", function()
    if api == "v2" then return end -- its list of open orders has no pages
    assert(client:place_order(limit()))
    lead_astray(exchange, "order/realtime")
    local report, err = client:reconcile()
    assert.is_nil(report)
    assert.equal("decode", err.kind)
  end)

  it("a stop is not taken for never set where the list of past ones circles", function()
    assert(exchange.hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
    core.loop.advance(10)
    exchange:always("stop", staged.lost_request)
    lead_astray(exchange, api == "v5" and "order/history" or "stop-order/list")
    local ack, err = client:set_trading_stop(of { stop_loss_price = 25000, stop_loss_quantity = api == "v5" and 50 or nil,
      deadline = 40 })
    assert.is_nil(ack)
    assert.equal("unknown", err.outcome)
    assert.is_nil(err.final)
  end)
end) end

describe("reconcile on V5", function()
  it("tells of every open order, also past 500 over all symbols", function()
    local exchange = staged.start()
    local client <close> = exchange:client { id_prefix = "me", in_flight = 32 }
    for _, symbol in ipairs { "BTCUSD", "ETHUSD" } do
      for i = 1, 260 do
        assert(client:place_order { symbol = symbol, side = "Buy", type = "Limit", quantity = 1,
          price = symbol == "BTCUSD" and 20000 or 1500, client_order_id = ("me-%s-%d"):format(symbol, i) })
      end
    end
    core.loop.advance(1)
    assert.equal(520, #assert(client:reconcile()).live)
    exchange:close()
  end)
end)

describe("recovery on v2", function()
  it("tells open conditional orders past the ten that one look shows", function()
    local exchange = staged.start()
    local client <close> = exchange:client { api = "v2", id_prefix = "me" }
    for i = 1, 10 do
      assert(client:place_conditional_order(conditional { client_order_id = "me-" .. i, trigger_price = 29000 - i }))
    end
    core.loop.advance(1)
    -- The look is cut: it shows the ten newest, and two of them are missing here.
    exchange:rewrite("read", function(body, copy)
      if copy.path ~= "/v2/private/stop-order" then return body end
      local rows = {}
      for row in body:gmatch "{[^{}]*}" do
        if row:find '"order_id"' and not row:find '"me%-[12]"' then rows[#rows + 1] = row end
      end
      while #rows < 10 do rows[#rows + 1] = ('{"order_id":"x%d","order_link_id":"z%d"}'):format(#rows, #rows) end
      return (body:gsub('"result":%b[]', function() return '"result":[' .. table.concat(rows, ",") .. "]" end))
    end)
    assert.is_true(rawget(assert(client:get_open_conditional_orders_real_time(of())), "cut"))
    -- The journal tells of which symbols; without one an open intent does.
    exchange:plan("amend", staged.lost_request)
    local id = assert(client:get_open_conditional_order_real_time(of { client_order_id = "me-5" })).order_id
    local _, err = client:modify_conditional_order(of { stop_order_id = id, new_quantity = 7, deadline = 1 })
    assert.equal("unknown", err.outcome)
    local links = {}
    for _, order in ipairs(assert(client:reconcile()).live) do links[#links + 1] = order.client_order_id end
    table.sort(links)
    assert.same({ "me-1", "me-10", "me-2", "me-3", "me-4", "me-5", "me-6", "me-7", "me-8", "me-9" }, links)
    exchange:close()
  end)
end)
