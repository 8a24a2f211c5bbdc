-- Rate limits over real HTTP, on a paper exchange that enforces them (10 orders a second; 600 requests in 5 seconds from an
-- address, otherwise a ban): a client never exceeds them. Time is the exchange's and moves only while the client waits, so that a
-- run takes little real time.

local bybit = require "bybit"
local core = require "bybit.core"
local server = require "spec.support.scripted_server"
local trading = require "spec.support.trading"

local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000" }

describe("rate limits on the paper exchange", function()
  local exchange, open

  -- A client on the exchange with its real limits; closed after the test.
  local function client_with(options)
    local o = { environment = exchange }
    for k, v in pairs(options or {}) do o[k] = v end
    open[#open + 1] = bybit.client(o)
    return open[#open]
  end

  -- The exchange's option `limits` is unset, so that it enforces its own limits.
  local function start(exchange_options, options)
    local settings = { clock = "manual", seed = 7, lag = 0 }
    for k, v in pairs(exchange_options or {}) do settings[k] = v end
    exchange, open = bybit.paper.start(settings), {}
    exchange:set_price("BTCUSD", "30000")
    return client_with(options)
  end

  after_each(function()
    for _, client in ipairs(open) do client:close() end
    exchange:close()
  end)

  local function place(client, times)
    for i = 1, times do
      local ack, err = client:place_order(ORDER)
      if not ack then error(("order %d: %s"):format(i, tostring(err))) end
    end
  end

  it("are kept by waiting, in ordinary code", function()
    local client = start()
    local before = core.loop.now()
    place(client, 35)
    local spent = core.loop.now() - before
    assert.is_true(spent >= 3 and spent < 3.1, "35 at 10 a second: " .. spent)
    local stats = client:stats()
    assert.equal(35, stats.calls)
    assert.equal(35, stats.requests)
    assert.equal(0, stats.retries)
  end)

  it("are kept by waiting, in tasks that share them fairly", function()
    local client = start()
    local done = {}
    local before = core.loop.now()
    bybit.run(function()
      for task = 1, 20 do
        bybit.spawn(function()
          for _ = 1, 3 do
            assert(client:place_order(ORDER))
            done[#done + 1] = task
          end
        end)
      end
    end)
    local spent = core.loop.now() - before
    assert.equal(60, #done)
    assert.is_true(spent >= 5 and spent < 5.1, "60 at 10 a second: " .. spent)
    local count = {}
    for i = 1, 20 do -- the first 20 orders: one of each task
      assert.is_nil(count[done[i]], "a task had a second turn before another had its first")
      count[done[i]] = true
    end
  end)

  it("are shared by all clients with one key, fairly", function()
    local a = start()
    local b = client_with()
    local done = { [a] = 0, [b] = 0 }
    bybit.run(function()
      for i = 1, 40 do
        local client = i % 2 == 0 and a or b
        bybit.spawn(function()
          assert(client:place_order(ORDER))
          done[client] = done[client] + 1
        end)
      end
      bybit.sleep(1.5)
      assert.equal(10, done[a], "two windows of 10 in all, in the order of arrival")
      assert.equal(10, done[b])
    end)
    assert.equal(20, done[a])
    assert.equal(20, done[b])
  end)

  it("are separate for two keys", function()
    local a = start { keys = { { key = "A", secret = "x" }, { key = "B", secret = "y" } } }
    local b = client_with { key = "B", secret = "y" }
    local before = core.loop.now()
    place(a, 10)
    place(b, 10)
    assert.equal(before, core.loop.now())
  end)

  it("count client:request with the methods of the same path", function()
    local client = start()
    local before = core.loop.now()
    for _ = 1, 15 do
      assert(client:request("POST", "/v5/order/create", { symbol = "BTCUSD", side = "Buy", orderType = "Limit",
        qty = "1", price = "20000" }))
      place(client, 1)
    end
    assert.is_true(core.loop.now() - before >= 2)
  end)

  it("let cancels go before earlier placements, and do not hold up other groups", function()
    local client = start()
    local ids = {}
    for i = 1, 10 do ids[i] = assert(client:place_order(ORDER)).order_id end
    local log = {}
    bybit.run(function()
      bybit.spawn(function() -- waits for its second, and so does all that follows in its group
        place(client, 1)
        log[#log + 1] = "placed"
      end)
      bybit.spawn(function()
        assert(client:cancel_order { symbol = "BTCUSD", order_id = ids[1] })
        log[#log + 1] = "cancelled"
      end)
      bybit.spawn(function()
        assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = ids[2] })
        log[#log + 1] = "read"
      end)
    end)
    assert.equal("placed", log[3])
  end)

  it("are raised by the headers of the first answer", function()
    local client = start { limits = { ["order/create"] = 200 } }
    place(client, 1)
    assert.equal(200, client:budget()["order/create"].limit)
    local before = core.loop.now()
    place(client, 199)
    assert.equal(before, core.loop.now())
    place(client, 1)
    assert.is_true(core.loop.now() - before >= 1)
  end)

  it("are lowered too: calls that were refused meanwhile are made again when the limit resets", function()
    local client = start { limits = { ["order/create"] = 2 } }
    local before = core.loop.now()
    bybit.run(function()
      for _ = 1, 10 do bybit.spawn(function() assert(client:place_order(ORDER)) end) end
    end)
    assert.is_true(client:stats().retries > 0)
    assert.is_true(core.loop.now() - before < 5.1, "10 at 2 a second")
    before = core.loop.now()
    place(client, 6)
    assert.is_true(core.loop.now() - before >= 2)
  end)

  it("rate = 'fail' answers at once, with nothing sent", function()
    local client = start(nil, { rate = "fail" })
    place(client, 10)
    local before = core.loop.now()
    local ack, err, response = client:place_order(ORDER)
    assert.is_nil(ack)
    assert.equal(before, core.loop.now())
    assert.equal("rate_limit", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.is_true(err.retryable)
    assert.equal(0, response.attempts)
    assert.is_true(err.retry_after > 0.99 and err.retry_after < 1.01)
    assert.truthy(tostring(err):find("rate limit: the rate limit of order/create allows no request for 1.00 s, nothing was "
      .. "sent", 1, true), tostring(err))
    bybit.sleep(err.retry_after)
    place(client, 1)
  end)

  it("rate = false waits for nothing: the exchange refuses", function()
    local client = start(nil, { rate = false })
    place(client, 10)
    local ack, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, deadline = 0.5 }
    assert.is_nil(ack)
    assert.equal(10006, err.code)
    assert.equal("rejected", err.outcome)
    assert.is_true(err.retry_after > 0.9 and err.retry_after <= 1, "as the exchange says")
    assert.is_nil(client:budget())
    place(client, 1) -- with enough time it is made again
    assert.equal(1, client:stats().retries)
  end)

  it("rate takes the user's own numbers", function()
    local client = start(nil, { rate = { ["order/create"] = 5, ip = 50 } })
    local before = core.loop.now()
    place(client, 11)
    local spent = core.loop.now() - before
    assert.is_true(spent >= 2 and spent < 2.1)
    local budget = client:budget()
    assert.equal(5, budget["order/create"].limit)
    assert.equal(4, budget["order/create"].left)
    assert.equal(50, budget.ip.limit)
    assert.equal(50, budget["order/realtime"].limit, "what nobody set is as documented")
  end)

  it("the address may send 600 requests in 5 seconds, of all kinds and keys together", function()
    local client = start()
    local before = core.loop.now()
    for _ = 1, 601 do assert(client:request("GET", "/v5/market/time")) end
    local spent = core.loop.now() - before
    assert.is_true(spent >= 5 and spent < 5.1, tostring(spent))
  end)

  it("a ban stops all calls for ten minutes: nothing is sent, and the message names the cause", function()
    local client = start(nil, { rate = { ip = 100000 } }) -- the user sets a limit that is too high
    local banned
    for _ = 1, 601 do
      local _, err = client:request("GET", "/v5/market/time")
      banned = banned or err
    end
    assert.equal(403, banned.http_status)
    assert.equal("rate_limit", banned.kind)
    local requests = client:stats().requests
    local ack, err = client:place_order(ORDER)
    assert.is_nil(ack)
    assert.equal("rate_limit", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.is_true(err.retry_after > 590 and err.retry_after <= 600)
    assert.truthy(tostring(err):find("HTTP 403", 1, true))
    assert.truthy(tostring(err):find("too many requests came from this address, of whichever program", 1, true))
    assert.equal(requests, client:stats().requests)
    assert.is_true(client:budget().banned_for > 590)
    -- in a task as well
    local _, other = bybit.run(function() return client:modify_order { symbol = "BTCUSD", order_id = "x", new_price = 1 } end)
    assert.equal("not_sent", other.outcome)
    exchange:advance(601)
    place(client, 1)
    assert.is_nil(client:budget().banned_for)
  end)

  it("a ban does not hold back what takes risk away: one call of it at a time probes, later and later", function()
    local client = start(nil, { rate = { ip = 100000 } })
    local id = assert(client:place_order(ORDER)).order_id
    exchange:faults { { "http", status = 403, path = "market/time", nth = 1 } }
    local _, err = client:request("GET", "/v5/market/time")
    assert.equal(403, err.http_status)
    local refused = select(2, client:place_order(ORDER))
    assert.same({ "rate_limit", "not_sent" }, { refused.kind, refused.outcome })
    local before = core.loop.now()
    assert(client:cancel_order { symbol = "BTCUSD", order_id = id })
    assert.equal(before, core.loop.now())
    assert.is_nil(client:budget().banned_for, "it was that path alone")
    assert(client:place_order(ORDER))

    exchange:advance(100)
    exchange:faults { { "http", status = 403 } }
    client:place_order(ORDER)
    local requests = client:stats().requests
    local errors = {}
    bybit.run(function()
      for i = 1, 5 do
        bybit.spawn(function() errors[i] = select(2, client:cancel_all_orders { symbol = "BTCUSD" }) end)
      end
    end)
    assert.equal(requests + 1, client:stats().requests, "one has probed, and the others waited for what it finds")
    local outcomes = {}
    for i = 1, 5 do outcomes[errors[i].outcome] = (outcomes[errors[i].outcome] or 0) + 1 end
    assert.same({ rejected = 1, not_sent = 4 }, outcomes)
    for i = 1, 5 do
      if errors[i].outcome == "not_sent" then
        assert.is_true(errors[i].retry_after > 0.99 and errors[i].retry_after <= 1, errors[i].retry_after)
        assert.truthy(tostring(errors[i]):find("(HTTP 403), so nothing is sent for 1 s", 1, true))
      end
    end
    exchange:advance(1.01)
    exchange:faults(false)
    bybit.run(function()
      for _ = 1, 5 do bybit.spawn(function() assert(client:cancel_all_orders { symbol = "BTCUSD" }) end) end
    end)
    assert.is_nil(client:budget().banned_for)
  end)

  it("a deadline ends the wait, with nothing sent", function()
    local client = start()
    place(client, 10)
    local before = core.loop.now()
    local ack, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, deadline = 0.5 }
    assert.is_nil(ack)
    assert.equal("timeout", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.is_true(math.abs(core.loop.now() - before - 0.5) < 1e-6)
    place(client, 10) -- its place in line is free again
  end)

  it("a cancelled wait ends at once", function()
    local client = start()
    place(client, 10)
    local token = bybit.cancel_token()
    local _, err = bybit.run(function()
      bybit.spawn(function()
        bybit.sleep(0.25)
        token:cancel()
      end)
      return client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, cancel = token }
    end)
    assert.equal("cancelled", err.kind)
    assert.equal("not_sent", err.outcome)
    local waiting
    bybit.run(function()
      bybit.spawn(function() waiting = select(2, client:place_order(ORDER)) end)
      bybit.sleep(0.1)
      client:close()
    end)
    assert.equal("closed", waiting.kind)
    assert.equal("not_sent", waiting.outcome)
  end)

  it("budget tells how many calls are left, and when all are available again", function()
    local client = start()
    place(client, 4)
    local group = client:budget()["order/create"]
    assert.equal(10, group.limit)
    assert.equal(6, group.left)
    assert.is_true(group.full_in > 0.99 and group.full_in < 1.01)
    exchange:advance(1.1)
    group = client:budget()["order/create"]
    assert.equal(10, group.left)
    assert.equal(0, group.full_in)
    assert.equal(600, client:budget().ip.limit)
  end)

  it("a call that waited is signed when it is sent: no timestamp is old", function()
    local client = start(nil, { receive_window = 1000 })
    -- 50 tasks wait up to 5 s each; a signature made on entering the line would be refused after 1 s
    bybit.run(function()
      for _ = 1, 50 do bybit.spawn(function() assert(client:place_order(ORDER)) end) end
    end)
    assert.equal(0, client:stats().retries)
  end)
end)

describe("the option rate", function()
  for text, case in pairs {
    ['"wait", "fail", false, or a table'] = { "never" },
    ["no group 'order/creat', did you mean 'order/create'?"] = { { ["order/creat"] = 5 } },
    ["order/create: an integer from 1 to 1000000 expected, got 0"] = { { ["order/create"] = 0 } },
    ["ip: an integer from 1 to 1000000 expected, got 2.5"] = { { ip = 2.5 } },
    ["got true"] = { true },
  } do
    it("refuses with: " .. text, function()
      local ok, message = pcall(bybit.client, { environment = "testnet", rate = case[1] })
      assert.is_false(ok)
      assert.truthy(message:find("bybit.client: option 'rate': ", 1, true), message)
      assert.truthy(message:find(text, 1, true), message)
    end)
  end
end)

describe("in real time", function()
  it("a call waits for a limit in the loop: nothing spins, and a host is told when to call", function()
    local exchange, client = trading.start({ rate = "wait" }, { clock = "real", limits = { ["order/create"] = 2 } })
    finally(function()
      client:close()
      exchange:close()
    end)
    assert(client:place_order(ORDER))
    assert(client:place_order(ORDER))
    local wakeups = core.loop.wakeups()
    local task = bybit.spawn(function() return client:place_order(ORDER) end)
    bybit.step(0)
    local timeout = bybit.next_timeout()
    assert.is_true(timeout > 0 and timeout < 1.01)
    assert(task:await())
    assert.is_true(core.loop.wakeups() - wakeups < 20)
  end)

  it("HTTP 429 pauses all calls to the host, without a ban", function()
    local site <close> = server.listen()
    local client <close> = bybit.client { environment = { url = site.url }, key = "k", secret = "s" }
    local err
    local task = bybit.spawn(function()
      err = select(2, client:request("GET", "/v5/market/time", nil, { deadline = 0.9 }))
    end)
    local connection
    server.await(function()
      bybit.step(0)
      connection = connection or site:poll()
      return connection
    end)
    connection:request()
    connection:answer("slow down", "Content-Type: text/plain\r\n", "429 Too Many Requests")
    task:await()
    assert.equal("rate_limit", err.kind)
    assert.equal(429, err.http_status)
    assert.is_true(err.retry_after > 0.5 and err.retry_after <= 1)
    local _, late = client:request("GET", "/v5/market/time", nil, { deadline = 0.05 })
    assert.equal("timeout", late.kind)
    assert.is_nil(client:budget().banned_for)
  end)
end)

describe("a transport written in Lua", function()
  it("waits in the same line: its headers are read, and its place is free when it raises", function()
    core.loop.virtual(1700000000000)
    finally(core.loop.real)
    local answers = {}
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s",
      in_flight = 1, transport = { start = function()
        return table.remove(answers, 1)()
      end } }
    local function answer(status, headers, body)
      answers[#answers + 1] = function() return { status = status, headers = headers, body = body } end
    end
    answers[1] = function() error("the transport broke", 0) end
    local ok, why = pcall(client.place_order, client, ORDER)
    assert.is_false(ok)
    assert.equal("the transport broke", why)
    answer(200, "X-Bapi-Limit: 3\r\nX-Bapi-Limit-Status: 0\r\n", '{"retCode":0,"result":{"orderId":"a"},"time":1700000000000}')
    answer(200, "x-bapi-limit: 3\r\nx-bapi-limit-status: 1\r\n", '{"retCode":0,"result":{"orderId":"b"},"time":1700000000000}')
    assert(client:place_order(ORDER))
    assert.equal(3, client:budget()["order/create"].limit)
    assert.equal(0, client:budget()["order/create"].left, "the exchange counted others with this key")
    local before = core.loop.now()
    assert(client:place_order(ORDER))
    assert.is_true(core.loop.now() - before >= 1)
    -- a refusal that says when to come back, and one that does not (V5 documentation, rate limits)
    answer(200, "X-Bapi-Limit-Reset-Timestamp: 1700000007000\r\n", '{"retCode":10006,"retMsg":"","time":1700000002500}')
    local hasty = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, deadline = 1 }
    local _, err = client:place_order(hasty)
    assert.equal(4.5, err.retry_after)
    core.loop.advance(4.5)
    answer(200, "", '{"retCode":10006,"retMsg":"","time":1700000002500}')
    _, err = client:place_order(hasty)
    assert.equal(2, err.retry_after)
    core.loop.advance(2)
    answer(200, "", '{"retCode":10018,"retMsg":"","time":1700000009500}')
    _, err = client:place_order(hasty)
    assert.equal(600, err.retry_after, "this code shuts out the address")
  end)
end)
