-- A call that does not simply succeed is made again if that is safe, settled if its outcome is unknown, or reported as it is. The
-- exchange is scripted, time is virtual.

local bybit = require "bybit"
local core = require "bybit.core"
local scripted = require "spec.support.scripted_exchange"

local answer, list, order, lost, refused = scripted.answer, scripted.list, scripted.order, scripted.lost, scripted.refused

local CREATE, AMEND, CANCEL, REALTIME = "/v5/order/create", "/v5/order/amend", "/v5/order/cancel", "/v5/order/realtime"
local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "30000.5" }

local function with(more)
  local p = {}
  for k, v in pairs(ORDER) do p[k] = v end
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

-- Serves by path: each path has a list of answers (functions or transfers); the last one repeats.
local function by_path(routes)
  local counts = {}
  return function(request)
    local route = routes[request.path] or error("not scripted: " .. request.path)
    if type(route) == "function" then return route(request) end
    counts[request.path] = (counts[request.path] or 0) + 1
    local step = route[math.min(counts[request.path], #route)]
    if type(step) == "function" then return step(request) end
    return step
  end
end

local function count(requests, path)
  local n = 0
  for _, request in ipairs(requests) do n = n + (request.path == path and 1 or 0) end
  return n
end

local NOTHING = { [REALTIME] = function() return list() end, ["/v5/order/history"] = function() return list() end,
  ["/v5/execution/list"] = function() return list() end }

local function nothing_but(routes)
  local all = {}
  for k, v in pairs(NOTHING) do all[k] = v end
  for k, v in pairs(routes) do all[k] = v end
  return by_path(all)
end

local function acknowledged(request)
  return answer(0, ('{"orderId":"o-1","orderLinkId":"%s"}'):format(request.params.orderLinkId or ""))
end

after_each(function() core.loop.real() end)

describe("a placement of unknown outcome", function()
  it("is sent again under its own id, with a fresh timestamp and signature", function()
    local client <close>, requests = scripted.client(by_path { [CREATE] = { lost, acknowledged } })
    local ack, err, response = client:place_order(ORDER)
    assert.is_nil(err)
    assert.equal("o-1", ack.order_id)
    assert.equal(2, response.attempts)
    local first, second = requests[1], requests[2]
    assert.equal(first.body, second.body, "the same bytes: one id, one order")
    assert.equal(ack.client_order_id, first.params.orderLinkId)
    assert.not_equal(first.headers["X-BAPI-TIMESTAMP"], second.headers["X-BAPI-TIMESTAMP"])
    local prehash = second.headers["X-BAPI-TIMESTAMP"] .. scripted.KEY .. "5000" .. second.body
    assert.equal(core.sign.hmac_sha256(scripted.SECRET, prehash), second.headers["X-BAPI-SIGN"])
  end)

  it("is proved to be placed by 'duplicate', and its ids are read", function()
    local client <close>, requests = scripted.client(by_path {
      [CREATE] = { lost, function() return answer(110072) end },
      [REALTIME] = function(request) return list(order { orderLinkId = request.params.orderLinkId, orderId = "o-9" }) end,
    })
    local ack, err = client:place_order(ORDER)
    assert.is_nil(err)
    assert.equal("o-9", ack.order_id)
    assert.equal(2, count(requests, CREATE))
    assert.equal(0, #client:unsettled())
  end)

  it("is not acknowledged by an answer about another order, or without an id", function()
    for _, result in ipairs { "{}", '{"orderId":"","orderLinkId":""}', '{"orderId":"o-9","orderLinkId":"foreign"}',
      '{"orderLinkId":"mine-1"}', "[]" } do
      local client <close>, requests = scripted.client(by_path {
        [CREATE] = { answer(0, result), function() return answer(110072) end },
        [REALTIME] = function() return list(order { orderLinkId = "mine-1" }) end,
      })
      local ack = assert(client:place_order(with { client_order_id = "mine-1" }))
      assert.same({ "o-1", "mine-1", 2 }, { ack.order_id, ack.client_order_id, count(requests, CREATE) }, result)
    end
  end)

  it("that does not show at once is looked for until it shows", function()
    local looks = 0
    local client <close> = scripted.client(nothing_but {
      [CREATE] = { lost, function() return answer(110072) end },
      [REALTIME] = function(request)
        looks = looks + 1
        return looks < 4 and list() or list(order { orderLinkId = request.params.orderLinkId })
      end,
    })
    assert.equal("o-1", assert(client:place_order(ORDER)).order_id)
    assert.equal(4, looks)
  end)

  it("is rejected if the id belongs to an older order", function()
    for name, fields in pairs { side = { side = "Sell" },
      age = { createdTime = tostring(scripted.START - 60000) } } do
      local client <close> = scripted.client(by_path {
        [CREATE] = { lost, function() return answer(110072) end },
        [REALTIME] = function(request)
          fields.orderLinkId = request.params.orderLinkId
          return list(order(fields))
        end,
      })
      local ack, err = client:place_order(with { client_order_id = "mine-1" })
      assert.is_nil(ack, name)
      assert.equal("rejected", err.outcome, name)
      assert.equal(bybit.codes.duplicate_client_order_id, err.name, name)
    end
  end)

  it("is not settled by a refusal of its copy, since the first may have been placed", function()
    local client <close> = scripted.client(by_path {
      [CREATE] = { lost, function() return answer(110007) end },
      [REALTIME] = function(request) return list(order { orderLinkId = request.params.orderLinkId }) end,
    })
    assert.equal("o-1", assert(client:place_order(ORDER)).order_id)
  end)

  it("is declared absent after two searches past the fence find nothing", function()
    local client <close>, requests = scripted.client(nothing_but {
      [CREATE] = { lost, function() return answer(110007) end } })
    local ack, err = client:place_order(ORDER)
    assert.is_nil(ack)
    assert.equal("rejected", err.outcome)
    assert.equal("fence", err.proof)
    assert.equal(0, #client:unsettled())
    local last_attempt, last = requests[2], requests[#requests]
    local fence = tonumber(last_attempt.headers["X-BAPI-TIMESTAMP"]) + 5000 + 1000
    local sweeps = {} -- those that began when an order from before the fence would show
    for _, request in ipairs(requests) do
      if request.path == "/v5/execution/list" and request.at > fence + 5000 then sweeps[#sweeps + 1] = request.at end
    end
    assert.equal("/v5/execution/list", last.path)
    assert.equal(2, #sweeps)
    assert.is_true(sweeps[2] - sweeps[1] >= 5000, "what was filled between them shows in history by the second")
  end)

  it("is only looked for, not sent again, with resend = false", function()
    local client <close>, requests = scripted.client(nothing_but { [CREATE] = { lost } })
    local ack, err = client:place_order(with { resend = false })
    assert.is_nil(ack)
    assert.equal("rejected", err.outcome)
    assert.equal("fence", err.proof)
    assert.is_true(err.retryable, "the same call may be made again: the first can no longer come")
    assert.equal(1, count(requests, CREATE))
  end)

  it("stays unknown when the deadline passes; the error holds the id to look for", function()
    local client <close> = scripted.client(by_path { [CREATE] = { lost } })
    local ack, err, response = client:place_order(with { deadline = 12 })
    assert.is_nil(ack)
    assert.equal("unknown", err.outcome)
    assert.is_false(err.retryable)
    assert.equal("timeout", err.kind)
    assert.is_true(response.attempts > 2)
    local open = client:unsettled()
    assert.equal(1, #open)
    assert.equal(err.client_order_id, open[1].client_order_id)
    assert.truthy(tostring(err):find("it may have been placed: look it up before repeating", 1, true))
  end)

  it("stays unknown even if a later attempt is not sent", function()
    local client <close> = scripted.client(by_path { [CREATE] = { lost, refused } })
    local _, err = client:place_order(with { deadline = 5 })
    assert.equal("network", err.kind)
    assert.equal("unknown", err.outcome)
    assert.is_false(err.retryable)
  end)

  for name, transfer in pairs {
    ["a gateway's page"] = function() return { status = 502, body = "<html>" } end,
    ["a torn answer"] = function() return { status = 200, body = '{"retCode":0,"res' } end,
    ["an overload (429)"] = function() return answer(429) end,
    ["the exchange's own time-out (10000)"] = function() return answer(10000) end,
    ["a server error (10016)"] = function() return answer(10016) end,
    ["a code nobody has described"] = function() return answer(987654) end,
  } do
    it("is also what " .. name .. " leaves behind", function()
      local client <close>, requests = scripted.client(by_path { [CREATE] = { transfer, acknowledged } })
      assert.equal("o-1", assert(client:place_order(ORDER)).order_id)
      assert.equal(requests[1].params.orderLinkId, requests[2].params.orderLinkId)
    end)
  end
end)

describe("resolve", function()
  local function unknown(serve, more)
    local client, requests = scripted.client(serve)
    local _, err = client:place_order(with(more or { deadline = 3 }))
    assert.equal("unknown", err.outcome)
    return client, err, requests
  end

  it("returns what the call would have returned, and the same again later; it places nothing", function()
    local up = false
    local client <close>, err, requests = unknown(by_path { [CREATE] = { lost },
      [REALTIME] = function(request)
        return up and list(order { orderLinkId = request.params.orderLinkId,
          createdTime = tostring(scripted.START + 10) }) or lost()
      end })
    local sent = count(requests, CREATE)
    up = true
    local ack = assert(client:resolve(err))
    assert.equal("o-1", ack.order_id)
    assert.equal(0, #client:unsettled())
    assert.equal(ack, (client:resolve(err)))
    assert.equal(sent, count(requests, CREATE))
  end)

  it("proves absence after the fence", function()
    local client <close>, err = unknown(nothing_but { [CREATE] = { lost } })
    local ack, why = client:resolve(err)
    assert.is_nil(ack)
    assert.equal("rejected", why.outcome)
    assert.equal("fence", why.proof)
  end)

  it("stays unknown while the exchange cannot be asked", function()
    local client <close>, err = unknown(by_path { [CREATE] = { lost }, [REALTIME] = { lost } })
    local ack, why = client:resolve(err, { deadline = 5 })
    assert.is_nil(ack)
    assert.equal("unknown", why.outcome)
    assert.equal(1, #client:unsettled())
  end)

  it("returns an error as it is if its outcome is known", function()
    local client <close> = scripted.client(by_path { [CREATE] = { function() return answer(110007) end } })
    local _, err = client:place_order(ORDER)
    local ack, same = client:resolve(err)
    assert.is_nil(ack)
    assert.equal(err, same)
  end)
end)

describe("a placement that is refused", function()
  it("is reported as rejected, and never sent again", function()
    for _, code in ipairs { 10001, 110007, 110072, 10003 } do
      local client <close>, requests = scripted.client(by_path { [CREATE] = { function() return answer(code) end } })
      local _, err = client:place_order(ORDER)
      assert.equal("rejected", err.outcome)
      assert.equal(code, err.code)
      assert.equal(1, #requests)
    end
  end)
end)

describe("retries", function()
  it("repeat a call that was not sent, until it is sent", function()
    local client <close>, requests = scripted.client(by_path { [CREATE] = { refused, refused, acknowledged } })
    local ack, _, response = client:place_order(ORDER)
    assert.equal("o-1", ack.order_id)
    assert.equal(3, response.attempts)
    assert.equal(requests[1].params.orderLinkId, requests[3].params.orderLinkId)
  end)

  it("end with the deadline: nothing was sent", function()
    local client <close> = scripted.client(by_path { [CREATE] = { refused } })
    local _, err = client:place_order(with { deadline = 4 })
    assert.equal("network", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.is_true(err.retryable)
    assert.is_true(core.loop.wall() - scripted.START <= 4000)
  end)

  it("of calls that only read come after any failure", function()
    for name, first in pairs { lost = lost, page = function() return { status = 503, body = "busy" } end,
      overload = function() return answer(429) end, limit = function() return answer(10006) end } do
      local client <close> = scripted.client(by_path { [REALTIME] = { first, function() return list() end } })
      local page, err, response = client:get_open_orders_real_time { symbol = "BTCUSD" }
      assert.is_nil(err, name)
      assert.equal(0, #page)
      assert.equal(2, response.attempts)
    end
  end)

  it("wait first after a rate limit", function()
    local client <close>, requests = scripted.client(by_path { [CREATE] = { function() return answer(10006) end, acknowledged } })
    assert(client:place_order(ORDER))
    assert.is_true(requests[2].at - requests[1].at >= 1000)
  end)

  it("come only once after a refused timestamp", function()
    local client <close>, requests = scripted.client(by_path { [CREATE] = { function() return answer(10002) end, acknowledged } })
    assert(client:place_order(ORDER))
    assert.equal(2, #requests)
    local other <close>, again = scripted.client(by_path { [CREATE] = { function() return answer(10002) end } })
    local _, err = other:place_order(ORDER)
    assert.equal(10002, err.code)
    assert.equal("rejected", err.outcome)
    assert.equal(2, #again)
  end)

  it("do not storm an exchange that is down: a client has a budget", function()
    local client <close>, requests = scripted.client(by_path { [CREATE] = { refused } })
    for _ = 1, 40 do client:place_order(with { deadline = 0.6 }) end
    local seconds = (core.loop.wall() - scripted.START) / 1000
    assert.is_true(#requests - 40 <= 30 + seconds, ("%d retries in %g s"):format(#requests - 40, seconds))
    local before = #requests
    client:place_order(with { deadline = 0.6 })
    assert.is_true(#requests - before <= 2)
  end)

  it("never follow a refused address, an unreadable answer, or a bad certificate", function()
    for _, first in ipairs { { status = 403, body = "access too frequent" }, { status = 200, body = "<html>" },
      { error = "tls", message = "certificate", sent = false }, { error = "too_large", message = "too large", sent = true } } do
      local client <close>, requests = scripted.client(by_path { [REALTIME] = { first } })
      local page = client:get_open_order_real_time { symbol = "BTCUSD", order_id = "x" }
      assert.is_nil(page)
      assert.equal(1, #requests)
    end
  end)
end)

describe("cancelled in the middle of recovery", function()
  it("by its token, the call ends and says what is known", function()
    local token = bybit.cancel_token()
    local client <close> = scripted.client(by_path { [CREATE] = { function()
      token:cancel()
      return lost()
    end } })
    local ack, err = client:place_order(with { cancel = token })
    assert.is_nil(ack)
    assert.equal("cancelled", err.kind)
    assert.equal("unknown", err.outcome)
    assert.truthy(err.client_order_id)
    assert.equal(1, #client:unsettled())
  end)

  it("with its task, it raises what is known", function()
    local client <close> = scripted.client(by_path { [CREATE] = { lost } })
    local ok, err = pcall(bybit.run, function()
      local task = bybit.spawn(function() return client:place_order(ORDER) end)
      bybit.sleep(1)
      task:cancel()
      return task:await()
    end)
    assert.is_false(ok)
    assert.equal("cancelled", err.kind)
    assert.equal("unknown", err.outcome)
    assert.truthy(err.client_order_id)
  end)
end)

describe("an amendment of unknown outcome", function()
  local CHANGE = { symbol = "BTCUSD", order_id = "o-1", new_price = "31000", new_quantity = 50 }

  it("is settled if the order shows it", function()
    local client <close>, requests = scripted.client(by_path { [AMEND] = { lost },
      [REALTIME] = function() return list(order { price = "31000.0", qty = "50" }) end })
    local ack = assert(client:modify_order(CHANGE))
    assert.equal("o-1", ack.order_id)
    assert.equal(1, count(requests, AMEND))
  end)

  -- An order that has not changed for a minute.
  local function untouched(fields)
    local all = { createdTime = tostring(scripted.START - 60000), updatedTime = tostring(scripted.START - 60000) }
    for k, v in pairs(fields or {}) do all[k] = v end
    return list(order(all))
  end

  local function fence_of(request)
    return tonumber(request.headers["X-BAPI-TIMESTAMP"]) + 5000 + 1000
  end

  local function copies(requests)
    local all = {}
    for _, request in ipairs(requests) do all[#all + 1] = request.path == AMEND and request or nil end
    return all
  end

  it("is made again after its fence if the order does not show it and has not changed", function()
    local client <close>, requests = scripted.client(by_path { [AMEND] = { lost, acknowledged },
      [REALTIME] = function() return untouched() end })
    assert(client:modify_order(CHANGE))
    local all = copies(requests)
    assert.equal(2, #all)
    assert.is_true(all[2].at > fence_of(all[1]), "no two copies at large")
  end)

  it("is done if its copy finds nothing to change", function()
    local client <close> = scripted.client(by_path {
      [AMEND] = { lost, function() return answer(10001, "{}", "The order remains unchanged as the parameters") end },
      [REALTIME] = function() return untouched() end })
    assert.equal("o-1", assert(client:modify_order(CHANGE)).order_id)
  end)

  it("is final if the order has ended without showing it: it may have been made, and then replaced", function()
    local client <close>, requests = scripted.client(by_path { [AMEND] = { lost },
      [REALTIME] = function() return untouched { orderStatus = "Filled", updatedTime = tostring(scripted.START + 60000) } end })
    local ack, err = client:modify_order(CHANGE)
    assert.is_nil(ack)
    assert.same({ "unknown", true, "Filled" }, { err.outcome, err.final, err.order.status })
    assert.equal(1, count(requests, AMEND))
  end)

  it("that is made again and then refused has changed nothing", function()
    local client <close>, requests = scripted.client(by_path { [AMEND] = { lost, function() return answer(110003) end },
      [REALTIME] = function() return untouched() end })
    local ack, err = client:modify_order(CHANGE)
    assert.is_nil(ack)
    assert.same({ "rejected", 110003 }, { err.outcome, err.code })
    local all = copies(requests)
    assert.is_true(all[2].at > fence_of(all[1]))
  end)
end)

describe("a cancellation of unknown outcome", function()
  local ONE = { symbol = "BTCUSD", order_id = "o-1" }

  it("is not acknowledged by an answer about another order", function()
    local client <close>, requests = scripted.client(by_path {
      [CANCEL] = { answer(0, '{"orderId":"o-9","orderLinkId":""}') },
      [REALTIME] = function() return list(order { orderStatus = "Cancelled" }) end,
    })
    assert.equal("o-1", assert(client:cancel_order { symbol = "BTCUSD", order_id = "o-1" }).order_id)
    assert.equal(1, count(requests, CANCEL))
    assert.equal(1, count(requests, REALTIME))
  end)

  it("is settled if the order is cancelled", function()
    local client <close>, requests = scripted.client(by_path { [CANCEL] = { lost },
      [REALTIME] = function() return list(order { orderStatus = "Cancelled" }) end })
    assert.equal("o-1", assert(client:cancel_order(ONE)).order_id)
    assert.equal(1, count(requests, CANCEL))
  end)

  it("is sent again while the order is open; after 'not found' the order is looked up", function()
    local cancelled = false
    local client <close> = scripted.client(by_path {
      [CANCEL] = { lost, function()
        cancelled = true
        return answer(110001)
      end },
      [REALTIME] = function() return list(order { orderStatus = cancelled and "Cancelled" or "New" }) end })
    assert.equal("o-1", assert(client:cancel_order(ONE)).order_id)
  end)

  it("is not_found if the order was filled", function()
    local client <close> = scripted.client(by_path { [CANCEL] = { lost },
      [REALTIME] = function() return list(order { orderStatus = "Filled" }) end })
    local ack, err = client:cancel_order(ONE)
    assert.is_nil(ack)
    assert.equal("not_found", err.kind)
    assert.equal("rejected", err.outcome)
  end)

  it("of all orders is never sent again: open orders are cancelled one by one", function()
    local open = true
    local client <close>, requests = scripted.client(by_path { ["/v5/order/cancel-all"] = { lost },
      [CANCEL] = { function()
        open = false
        return answer(0, '{"orderId":"o-1","orderLinkId":""}')
      end },
      [REALTIME] = function()
        return open and list(order { createdTime = tostring(scripted.START - 60000) }) or list()
      end })
    local cancelled = assert(client:cancel_all_orders { symbol = "BTCUSD" })
    assert.same({ 1, "o-1" }, { #cancelled, cancelled[1].order_id })
    assert.same({ 1, 1 }, { count(requests, "/v5/order/cancel-all"), count(requests, CANCEL) })
  end)
end)

describe("a trading stop of unknown outcome", function()
  local STOP, POSITION = "/v5/position/trading-stop", "/v5/position/list"

  local function position(fields)
    local all = { symbol = "BTCUSD", side = "Buy", size = "100", takeProfit = "0.00", stopLoss = "0.00", trailingStop = "0.00" }
    for k, v in pairs(fields or {}) do all[k] = v end
    return list(bybit.json.encode(all))
  end

  it("is settled if the position shows it", function()
    local client <close>, requests = scripted.client(by_path { [STOP] = { lost },
      [POSITION] = function() return position { stopLoss = "29000.0" } end })
    assert(client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 29000 })
    assert.equal(1, count(requests, STOP))
  end)

  it("for the whole position is made again after its fence if the position has not changed", function()
    local client <close>, requests = scripted.client(nothing_but { [STOP] = { lost, function() return answer(34040) end },
      [POSITION] = function() return position { updatedTime = tostring(scripted.START - 60000) } end })
    assert(client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 29000 })
    local all = {}
    for _, request in ipairs(requests) do all[#all + 1] = request.path == STOP and request or nil end
    assert.equal(2, #all)
    assert.is_true(all[2].at > tonumber(all[1].headers["X-BAPI-TIMESTAMP"]) + 5000 + 1000)
  end)

  it("for a part is never sent again, since it would protect twice", function()
    local shown = false
    local client <close>, requests = scripted.client(nothing_but { [STOP] = { lost },
      [REALTIME] = function()
        local stop = order { stopOrderType = "PartialStopLoss", triggerPrice = "29000.0", orderId = "s-1", qty = "50",
          createdTime = tostring(scripted.START + 5) }
        local result = shown and list(stop) or list()
        shown = true
        return result
      end })
    assert(client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 29000, stop_loss_quantity = 50 })
    assert.equal(1, count(requests, STOP))
  end)

  it("for a part is rejected if it is not found after the fence", function()
    local client <close>, requests = scripted.client(nothing_but { [STOP] = { lost } })
    local done, err = client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 29000, stop_loss_quantity = 50 }
    assert.is_nil(done)
    assert.equal("rejected", err.outcome)
    assert.equal("fence", err.proof)
    assert.equal(1, count(requests, STOP))
  end)
end)
