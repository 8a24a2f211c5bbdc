-- A call whose plain success was given to the caller is used again for the next call of its client. The next one must not know
-- anything of it: no cancel token, no outcome, no headers, no ids. And a call that somebody may still refer to is never used
-- again: one that failed (recovery has it), one that is still being closed.

local bybit = require "bybit"
local core = require "bybit.core"
local scripted = require "spec.support.scripted_exchange"

local SPARE, NEXT = 6, 6 -- user values: of a client, of a call

describe("a call that is used again", function()
  local client, requests, serve

  local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000" }

  local function with(more)
    local all = {}
    for k, v in pairs(ORDER) do all[k] = v end
    for k, v in pairs(more) do all[k] = v end
    return all
  end

  local function placed(request)
    return scripted.answer(0, bybit.json.encode { orderId = "o-" .. request.n, orderLinkId = request.params.orderLinkId or "" })
  end

  before_each(function()
    serve = placed
    client, requests = scripted.client(function(request) return serve(request) end, { connections = 4, in_flight = 4 })
  end)

  after_each(function()
    client:close()
    core.loop.real()
  end)

  -- The client's spare calls, the first one first.
  local function spares(of)
    local list, at = {}, debug.getuservalue(of or client, SPARE)
    while at do
      list[#list + 1] = at
      at = debug.getuservalue(at, NEXT)
    end
    return list
  end

  -- From now on a task that calls has to wait.
  local function slowly()
    local transport = debug.getuservalue(client, 2)
    serve = function(request) return { after = 0.01, late = placed(request) } end
    function transport.wait(_, transfer)
      for k, v in pairs(transfer.late) do transfer[k] = v end
    end
  end

  it("is taken by the next call, and comes back after it", function()
    assert.same({}, spares())
    assert(client:place_order(ORDER))
    local first = spares()
    assert.equal(1, #first)
    local during
    serve = function(request)
      during = spares()
      return placed(request)
    end
    assert(client:place_order(ORDER))
    assert.same({}, during)
    assert.is_true(rawequal(first[1], spares()[1]))
    assert.equal(1, #spares())
  end)

  it("refers to nothing but its client while it is spare", function()
    local token = bybit.cancel_token()
    slowly()
    bybit.run(function() assert(client:place_order(with { cancel = token, raw = true, client_order_id = "mine" })) end)
    local call = assert(spares()[1])
    local values = {}
    for i = 1, 6 do values[i] = debug.getuservalue(call, i) or false end
    assert.same({ client, false, false, false, false, false }, values)
  end)

  it("does not listen to the token of the one before", function()
    local token = bybit.cancel_token()
    assert(client:place_order(with { cancel = token }))
    serve = function(request)
      token:cancel()
      return placed(request)
    end
    local result, err = client:place_order(ORDER)
    assert.is_nil(err)
    assert.equal("o-2", result.order_id)
  end)

  it("has nothing of the answer or the facts of the one before", function()
    serve = function(request)
      local answer = placed(request)
      answer.headers = "X-First: 1\r\nX-Bapi-Limit: 10\r\n"
      return answer
    end
    local result, _, response = client:place_order(with { raw = true, client_order_id = "first" })
    assert.equal("first", result.client_order_id)
    assert.equal("1", response.headers["x-first"])
    assert.truthy(response.raw:find("first", 1, true))

    serve = function() return { error = "tls", message = "no trust", sent = false } end
    local none, err, later = client:place_order(with { deadline = 0.01, raw = true })
    assert.is_nil(none)
    assert.equal("tls", err.kind)
    assert.not_equal("first", err.client_order_id)
    assert.is_nil(next(later.headers))
    assert.equal("", later.raw)
    assert.is_nil(later.status)
    assert.equal("1", response.headers["x-first"], "the first response stays as it was")

    serve = placed
    local third, nothing, last = client:place_order(ORDER)
    assert.is_nil(nothing)
    assert.equal("o-" .. #requests, third.order_id)
    assert.same({ {}, 1 }, { last.headers, last.attempts })
    assert.is_nil(last.raw)
  end)

  it("counts its attempts, deadline and category anew", function()
    serve = function(request)
      if request.n == 1 then return scripted.refused() end
      return placed(request)
    end
    local _, _, first = client:place_order(with { deadline = 60, receive_window = 9000 })
    assert.equal(2, first.attempts)
    local _, _, second = client:place_order(ORDER)
    assert.equal(1, second.attempts)
    assert.equal("5000", requests[#requests].headers["X-BAPI-RECV-WINDOW"])
  end)

  it("is none that failed: what recovery holds stays what it was", function()
    serve = function() return scripted.answer(110007, "{}", "not enough") end
    for _ = 1, 3 do assert.is_nil((client:place_order(ORDER))) end
    assert.same({}, spares())
    serve = placed
    assert(client:place_order(ORDER))
    assert.equal(1, #spares())
  end)

  it("is none whose parameters were wrong", function()
    assert(client:place_order(ORDER))
    local call = spares()[1]
    assert.is_false((pcall(client.place_order, client, with { quantity = "x" })))
    assert.same({}, spares())
    assert(client:place_order(ORDER))
    assert.is_false(rawequal(call, spares()[1]))
  end)

  it("is one of no more than may be in flight", function()
    bybit.run(function()
      local tasks = {}
      for i = 1, 20 do tasks[i] = bybit.spawn(function() assert(client:place_order(ORDER)) end) end
      bybit.all(tasks)
    end)
    local list = spares()
    assert.equal(4, #list)
    for i = 1, 4 do
      for k = i + 1, 4 do assert.is_false(rawequal(list[i], list[k])) end
    end
  end)

  it("is let go when the client closes", function()
    assert(client:place_order(ORDER))
    local call = setmetatable({ spares()[1] }, { __mode = "v" })
    client:close()
    assert.same({}, spares())
    collectgarbage()
    collectgarbage()
    assert.is_nil(call[1])
  end)

  -- In a task the call is marked to be closed, and Lua closes it after the results are there. Whoever runs before that (a debug
  -- hook) must not get it: closing it would cancel what it is used for by then.
  it("is not spare before Lua has closed it", function()
    assert(client:place_order(ORDER))
    local closer = debug.getmetatable(spares()[1]).__close
    local before
    bybit.run(function()
      slowly()
      debug.sethook(function()
        if debug.getinfo(2, "f").func == closer then before = #spares() end
      end, "c")
      assert(client:place_order(ORDER))
      debug.sethook()
    end)
    assert.equal(0, before)
    assert.equal(1, #spares())
  end)

  it("lets composite methods use it too", function()
    serve = function() return scripted.list(scripted.order {}) end
    for _ = 1, 3 do assert(client:get_orders { symbol = "BTCUSD" }) end
    local count = #spares()
    assert.truthy(count >= 1)
    assert(client:get_orders { symbol = "BTCUSD" })
    assert.equal(count, #spares())
  end)
end)
