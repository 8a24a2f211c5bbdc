-- What guard rails read, when, and what they conclude from it. The exchange is scripted, time is virtual.

local asked = require "spec.support.asked"
local bybit = require "bybit"
local core = require "bybit.core"
local scripted = require "spec.support.scripted_exchange"

local answer, list = scripted.answer, scripted.list
local limit = asked.limit

local CREATE, POSITION, REALTIME, TICKERS = "/v5/order/create", "/v5/position/list", "/v5/order/realtime", "/v5/market/tickers"

-- A position record.
local function position(fields)
  local all = { symbol = "BTCUSD", side = "", size = "0", positionIdx = 0, updatedTime = tostring(scripted.START - 60000) }
  for k, v in pairs(fields or {}) do all[k] = v end
  return bybit.json.encode(all)
end

-- An order that was placed long ago.
local function order(fields)
  return scripted.order(asked.with({ qty = "100", cumExecQty = "0", updatedTime = tostring(scripted.START - 60000) }, fields))
end

describe("the rail max_position", function()
  local client, requests, routes

  -- Serves by path; `routes` are functions of the request, or answers.
  local function start(guard, options)
    routes = { [POSITION] = function() return list(position()) end, [REALTIME] = function() return list() end,
      ["/v5/order/history"] = function() return list() end, ["/v5/execution/list"] = function() return list() end,
      [CREATE] = function(request)
        return answer(0, ('{"orderId":"o-%d","orderLinkId":"%s"}'):format(request.n, request.params.orderLinkId))
      end }
    client, requests = scripted.client(function(request)
      local route = routes[request.path] or error("not scripted: " .. request.path)
      return route(request)
    end, asked.with({ guard = guard or { max_position = 1000 } }, options))
    debug.getuservalue(client, 2).wait = function(_, transfer)
      for k, v in pairs(transfer.late) do transfer[k] = v end
    end
  end

  -- An answer that takes so many seconds.
  local function after(seconds, late) return { after = seconds, sent = true, late = late } end

  after_each(function()
    client:close()
    core.loop.real()
  end)

  local function count(path)
    local n = 0
    for _, request in ipairs(requests) do n = n + (request.path == path and 1 or 0) end
    return n
  end

  -- The most that may be bought now: the smallest quantity that is refused, less one.
  local function room()
    local _, err = client:place_order(limit { quantity = 1000000 })
    local reach = assert(err.message:match "could make the position in BTCUSD (%d+) long", err.message)
    return 1000 - (math.tointeger(tonumber(reach)) - 1000000)
  end

  local function active(records)
    routes[REALTIME] = function(request)
      if request.params.orderFilter ~= "Order" or request.params.openOnly == "1" then return list() end
      return list(table.unpack(records))
    end
  end

  it("reads the conditional orders, then the active ones, then the position", function()
    start()
    assert(client:place_order(limit()))
    local seen = {}
    for i, request in ipairs(requests) do seen[i] = request.path .. " " .. (request.params.orderFilter or "") end
    assert.same({ REALTIME .. " StopOrder", REALTIME .. " Order", POSITION .. " ", CREATE .. " " }, seen)
  end)

  it("reads again only when position_age is over", function()
    start { max_position = 1000, position_age = 5 }
    for _ = 1, 3 do assert(client:place_order(limit { quantity = 1 })) end
    assert.equal(1, count(POSITION))
    bybit.sleep(5)
    assert(client:place_order(limit { quantity = 1 }))
    assert.equal(2, count(POSITION))
  end)

  it("does not read again for a second refusal that follows at once", function()
    start { max_position = 10, band = "0.5" }
    routes[TICKERS] = function() return answer(0, '{"list":[{"markPrice":"30000","lastPrice":"30000"}]}') end
    for _ = 1, 5 do assert.equal("guard", select(2, client:place_order(limit())).kind) end
    assert.equal(1, count(POSITION))
    assert.equal(1, count(TICKERS))
  end)

  it("counts what is open of an order once its fills show in the position, and all of it before", function()
    start()
    local now = tostring(scripted.START - 100)
    active { order { orderId = "o-1", qty = "300", cumExecQty = "120", orderStatus = "PartiallyFilled", updatedTime = now } }
    routes[POSITION] = function() return list(position { side = "", size = "0" }) end
    assert.equal(700, room(), "the position was changed before the order was: it may not show the fill yet")
    routes[POSITION] = function() return list(position { side = "Buy", size = "120", updatedTime = now }) end
    bybit.sleep(1.5)
    assert.equal(700, room(), "180 are open, and the position has 120")
    routes[POSITION] = function() return list(position { side = "", size = "0", updatedTime = now }) end
    bybit.sleep(1.5)
    assert.equal(820, room(), "somebody has sold the 120")
  end)

  it("counts an order that left the lists until the position is sure to show it", function()
    start(nil, { visibility = 5 })
    active { order { orderId = "o-1", qty = "300" } }
    assert.equal(700, room())
    active {}
    bybit.sleep(11)
    assert.equal(700, room(), "it may have been filled just now, and the position may not show it yet")
    bybit.sleep(4)
    assert.equal(700, room())
    bybit.sleep(2)
    assert.equal(1000, room(), "more than 5 seconds after it was first missed, the position shows everything")
  end)

  it("believes a record that says how much was filled of an order that ended", function()
    start()
    active { order { orderId = "o-1", qty = "300" }, order { orderId = "o-2", qty = "200" } }
    assert.equal(500, room())
    local now = tostring(scripted.START + 10000)
    bybit.sleep(11)
    routes[REALTIME] = function(request)
      if request.params.openOnly ~= "1" or request.params.orderFilter ~= "Order" then return list() end
      return list(order { orderId = "o-1", qty = "300", cumExecQty = "0", orderStatus = "Cancelled", updatedTime = now },
        order { orderId = "o-2", qty = "200", cumExecQty = "50", orderStatus = "PartiallyFilledCanceled", updatedTime = now })
    end
    assert.equal(950, room(), "of the second, 50 may not show in the position yet")
    routes[POSITION] = function() return list(position { side = "Buy", size = "50", updatedTime = now }) end
    bybit.sleep(1.5)
    assert.equal(950, room(), "now they do")
  end)

  it("counts an order that was acknowledged and does not show yet", function()
    start(nil, { visibility = 5 })
    assert(client:place_order(limit { quantity = 400 }))
    assert.equal(600, room())
    bybit.sleep(4)
    assert.equal(600, room())
    bybit.sleep(2)
    assert.equal(600, room(), "by now it would show: it has ended, and the position may not show it yet")
    bybit.sleep(6)
    assert.equal(1000, room())
  end)

  it("refuses if an order or the position cannot be read", function()
    start()
    active { order { qty = "many" } }
    local _, err = client:place_order(limit())
    assert.truthy(err.message:find("(decode: the exchange lists an order that cannot be read)", 1, true), err.message)
    active {}
    routes[POSITION] = function() return list(position { side = "Both", size = "5" }) end
    _, err = client:place_order(limit())
    assert.truthy(err.message:find("could not be read (decode: the position cannot be read)", 1, true), err.message)
    assert.equal(0, count(CREATE))
  end)

  it("counts both legs of a hedged position, each on its side", function()
    start()
    routes[POSITION] = function()
      return list(position { side = "Buy", size = "300", positionIdx = 1 },
        position { side = "Sell", size = "900", positionIdx = 2 })
    end
    assert.equal(700, room())
    local _, err = client:place_order(limit { side = "Sell", quantity = 101 })
    assert.truthy(err.message:find("1001 short", 1, true), err.message)
  end)

  it("refuses all calls that wait for a reading that failed, after one reading", function()
    start()
    routes[POSITION] = function() return after(0.5, answer(10001, "{}")) end
    local refused = 0
    bybit.run(function()
      for _ = 1, 4 do
        bybit.spawn(function()
          local _, err = client:place_order(limit())
          assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
          refused = refused + 1
        end)
      end
    end)
    assert.equal(4, refused)
    assert.equal(1, count(POSITION))
    assert.equal(0, count(CREATE))
  end)

  it("lets another call read when the one that read was cancelled", function()
    start()
    routes[POSITION] = function() return after(3, list(position())) end
    local token, ended = bybit.cancel_token(), {}
    bybit.run(function()
      bybit.spawn(function() ended[1] = { client:place_order(limit { cancel = token }) } end)
      bybit.spawn(function() ended[2] = { client:place_order(limit()) } end)
      bybit.sleep(1)
      token:cancel()
    end)
    assert.same({ "cancelled", "not_sent" }, { ended[1][2].kind, ended[1][2].outcome })
    assert.truthy(ended[2][1], ended[2][2])
    assert.equal(2, count(POSITION))
  end)

  it("makes room again when an order of unknown outcome is proved not to be there", function()
    start(nil, { visibility = 1 })
    local create = routes[CREATE]
    routes[CREATE] = scripted.lost
    local _, err = client:place_order(limit { quantity = 800, deadline = 2, resend = false })
    assert.equal("unknown", err.outcome)
    assert.equal(200, room())
    bybit.sleep(60)
    assert.equal(200, room(), "time alone proves nothing")
    local _, later = client:resolve(err)
    assert.same({ "rejected", "fence" }, { later.outcome, later.proof })
    routes[CREATE] = create
    assert.equal(1000, room())
  end)

  it("counts an order that was acknowledged while a reading was under way", function()
    start({ max_position = 1000, position_age = 0 }, { visibility = 0 })
    local create, ack, refused = routes[CREATE], nil, nil
    routes[CREATE] = function(request) return after(2, create(request)) end
    bybit.run(function()
      bybit.spawn(function()
        ack = assert(client:place_order(limit { quantity = 400 }))
        active { order { orderId = ack.order_id, qty = "400" } }
      end)
      bybit.sleep(1)
      routes[POSITION] = function() return after(3, list(position())) end
      refused = select(2, client:place_order(limit { quantity = 601 }))
    end)
    assert.truthy(refused and refused.message:find("601 more could make the position in BTCUSD 1001 long", 1, true))
    assert.equal(1, count(CREATE))
  end)

  it("counts a change that makes an order larger while it is under way, and until a list shows it", function()
    start(nil, { visibility = 5 })
    active { order { orderId = "o-1", qty = "300" } }
    routes["/v5/order/amend"] = function() return after(2, answer(0, '{"orderId":"o-1","orderLinkId":""}')) end
    assert.equal(700, room())
    local found
    bybit.run(function()
      bybit.spawn(function() assert(client:modify_order { symbol = "BTCUSD", order_id = "o-1", new_quantity = 500 }) end)
      bybit.sleep(1)
      found = room()
    end)
    assert.equal(500, found)
    assert.equal(500, room(), "it was acknowledged; the list shows the 300 still")
    bybit.sleep(6)
    assert.equal(700, room(), "it would show by now: somebody has made it smaller again")
  end)

  it("learns from a record that was read back that its order has ended", function()
    start({ max_position = 1000, position_age = 600 })
    local first
    routes[REALTIME] = function(request)
      first = first or request.params.orderId
      if not first or request.params.orderId ~= first then return list() end
      return list(order { orderId = first, qty = "1000", cumExecQty = "100", orderStatus = "Cancelled",
        updatedTime = tostring(scripted.START) })
    end
    assert(client:place_order(limit { quantity = 1000, time_in_force = "IOC", confirm = true }))
    assert(client:place_order(limit { quantity = 900 }))
    assert.equal(1, count(POSITION), "it needed no other reading for that")
    assert.equal("guard", select(2, client:place_order(limit { quantity = 1 })).kind)
  end)

  it("does not count twice what is under way and shows already", function()
    start(nil, { visibility = 1 })
    local link
    local function shown() return list(order { orderId = "o-7", orderLinkId = link, qty = "400" }) end
    routes[CREATE] = function(request)
      link = request.params.orderLinkId
      routes[REALTIME] = function(r) return r.params.orderFilter == "Order" and r.params.openOnly ~= "1" and shown() or list() end
      return after(5, scripted.lost())
    end
    local found
    bybit.run(function()
      bybit.spawn(function() client:place_order(limit { quantity = 400, resend = false, deadline = 30 }) end)
      bybit.sleep(2)
      found = room()
    end)
    assert.equal(600, found)
    assert.equal(600, room())
  end)

  it("raises where a call would have to block and must not", function()
    start()
    bybit.blocking(false)
    local ok, message = pcall(client.place_order, client, limit())
    bybit.blocking(true)
    assert.is_false(ok)
    assert.truthy(message:find("place_order: this call would block", 1, true), message)
    assert.equal(0, #requests)
    assert.equal(1000, room())
  end)
end)

describe("the books of a symbol", function()
  local Book = require "bybit.client.guard.book"
  local objects = require "bybit.records.objects"

  local function record(kind, fields) return setmetatable(fields, objects.metatable(kind)) end

  -- Where some moments are cut to whole seconds, an order that changed in the second of the position's last change may have changed
  -- after it.
  it("take a moment in whole seconds for the end of its second, where moments may be cut", function()
    local decimal = bybit.decimal
    for _, case in ipairs { { 1, 5000, 5000, 40 }, { 1000, 5000, 5000, 100 }, { 1000, 5000, 5999, 40 }, { 1000, 5001, 5001, 40 },
      { 1, 5001, 5000, 100 } } do
      local step, ordered, changed, reach = table.unpack(case)
      local book = Book.new()
      book:take { began = 0, now = 6000, visibility = 60, step = step, ended = {},
        orders = { record("order", { order_id = "o-1", side = "Buy", quantity = decimal(100), filled_quantity = decimal(60),
          update_time = ordered }) },
        legs = { record("position", { side = "Sell", quantity = decimal(10), update_time = changed }) } }
      assert.equal(tostring(reach), tostring(book:reach "Buy"))
      assert.equal("10", tostring(book:reach "Sell"))
    end
  end)
end)
