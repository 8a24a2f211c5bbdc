-- Cancels a call at every stage of its life, and in the line in which calls wait. The call's outcome must agree with what the
-- server saw, and the client must work as before.

local bybit = require "bybit"
local scripted = require "spec.support.scripted_exchange"
local server = require "spec.support.scripted_server"
local core = require "bybit.core"
local tasks = require "bybit.tasks"

local loop = core.loop

local ACK = '{"retCode":0,"retMsg":"OK","result":{"orderId":"%s","orderLinkId":"%s"},"time":1}'

local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000" }

local function order(more)
  local p = {}
  for _, t in ipairs { ORDER, more or {} } do
    for k, v in pairs(t) do p[k] = v end
  end
  return p
end

local function with_symbol(params)
  params.symbol = "BTCUSD"
  return params
end

describe("calls", function()
  local site, clients

  before_each(function()
    site, clients = server.listen(), {}
  end)

  after_each(function()
    for _, client in ipairs(clients) do client:close() end
    while tasks.step(0) > 0 do site = site end
    site:close()
  end)

  local function new(options)
    local o = { environment = { url = site.url }, key = "key", secret = "secret" }
    for k, v in pairs(options or {}) do o[k] = v end
    clients[#clients + 1] = bybit.client(o)
    return clients[#clients]
  end

  -- A task that places an order, and how it ended: { ack, err } or { raised = err }.
  local function place(client, more)
    local got = {}
    got.task = bybit.spawn(function()
      local ok, ack, err = pcall(client.place_order, client, order(more))
      if ok then got.ack, got.err = ack, err else got.raised = ack end
      got.done = true
    end)
    return got
  end

  local function done(got)
    return server.await(function() return got.done and got end)
  end

  local function id_of(request)
    return assert(request.body:match '"orderLinkId":"([^"]+)"')
  end

  -- Answers the next request on the connection with the id that it carries.
  local function serve(connection)
    local request = connection:request()
    local id = id_of(request)
    connection:answer(ACK:format("o-" .. id, id))
    return request, id
  end

  -- Checks that the client can still trade: an order gets its own answer, on any connection.
  local function works(client)
    local got = place(client, { client_order_id = "after" })
    local connection
    server.await(function()
      site:poll()
      for _, c in ipairs(site.accepted) do
        c:poll()
        if c.input:find("after", 1, true) then connection = c end
      end
      return connection
    end)
    serve(connection)
    assert.equal("o-after", done(got).ack.order_id)
  end

  -- Ways to cancel a call, and how the caller learns of it.
  local ways = {
    token = {
      start = function(client)
        local token = bybit.cancel_token()
        local got = place(client, { cancel = token, client_order_id = "mine" })
        return got, function() token:cancel() end
      end,
      err = function(got) return got.err end, kind = "cancelled",
    },
    ["a parent of the token"] = {
      start = function(client)
        local parent = bybit.cancel_token()
        local got = place(client, { cancel = bybit.cancel_token(bybit.cancel_token(parent)), client_order_id = "mine" })
        collectgarbage()
        return got, function() parent:cancel() end
      end,
      err = function(got) return got.err end, kind = "cancelled",
    },
    ["its task"] = {
      start = function(client)
        local got = place(client, { client_order_id = "mine" })
        return got, function() got.task:cancel() end
      end,
      err = function(got) return got.raised end, kind = "cancelled",
    },
    ["closing the client"] = {
      start = function(client)
        local got = place(client, { client_order_id = "mine" })
        return got, function() client:close() end
      end,
      err = function(got) return got.err end, kind = "closed", ends = true,
    },
  }

  for how, way in pairs(ways) do
    describe("cancelled through " .. how, function()
      local function check(got, outcome)
        local err = way.err(done(got))
        assert.truthy(err, "no error")
        assert.equal(way.kind, err.kind)
        assert.equal(outcome, err.outcome)
        assert.is_false(err.retryable and err.outcome == "unknown")
        return err
      end

      it("before they begin, send nothing", function()
        local client = new()
        local got, cancel = way.start(client)
        cancel()
        if way.ends then return end -- a call on a closed client raises
        check(got, "not_sent")
        assert.is_nil(site:poll())
        works(client)
      end)

      it("in the waiting line, send nothing", function()
        local client = new { in_flight = 1 }
        local first = place(client, { client_order_id = "first" })
        local connection = site:accept()
        connection:request()
        local got, cancel = way.start(client)
        tasks.step(0.01)
        cancel()
        local err = check(got, "not_sent")
        assert.equal(0, err.attempts)
        if way.ends then return end
        connection:answer(ACK:format("o-first", "first"))
        assert.equal("o-first", done(first).ack.order_id)
        local after = place(client, { client_order_id = "after" })
        local _, id = serve(connection)
        assert.equal("after", id) -- and not "mine"
        done(after)
      end)

      it("while a connection is made, were not sent", function()
        local client = new { environment = { url = site.url:gsub("^http:", "https:") } }
        local got, cancel = way.start(client)
        local connection = site:accept() -- and no handshake
        server.await(function()
          connection:poll()
          return #connection.input > 0
        end)
        cancel()
        check(got, "not_sent")
        connection:closed()
      end)

      it("once sent, have an unknown outcome, and their connection is closed", function()
        local client = new()
        local got, cancel = way.start(client)
        local connection = site:accept()
        assert.equal("mine", id_of(connection:request()))
        cancel()
        local err = check(got, "unknown")
        assert.equal("mine", err.client_order_id)
        connection:closed()
        if not way.ends then works(client) end
      end)

      it("inside the answer, have an unknown outcome, and the rest of the answer is never taken for another call's", function()
        local client = new()
        local got, cancel = way.start(client)
        local connection = site:accept()
        connection:request()
        local answer = ACK:format("o-mine", "mine")
        connection:send(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#answer, answer:sub(1, 20)))
        for _ = 1, 5 do tasks.step(0.002) end
        cancel()
        check(got, "unknown")
        connection:closed()
        if not way.ends then works(client) end
      end)
    end)
  end

  describe("whose task's coroutine is closed (coroutine.close)", function()
    -- Like place, but in a coroutine: closing it returns what is known of the call.
    local function start(client, more)
      local got = {}
      got.task = bybit.spawn(function()
        got.co = coroutine.running()
        client:place_order(order(more))
      end)
      function got.close()
        local ok, err = coroutine.close(got.co)
        assert.is_false(ok)
        return err
      end
      return got
    end

    local function ended(got) return server.await(function() return got.task.done end) end

    it("have an unknown outcome once they are sent, and are listed as unsettled", function()
      local client = new()
      local got = start(client, { client_order_id = "mine" })
      local connection = site:accept()
      connection:request()
      local err = got.close()
      assert.same({ "cancelled", "unknown", "mine", false }, { err.kind, err.outcome, err.client_order_id, err.retryable })
      assert.equal("mine", client:unsettled()[1].client_order_id)
      assert.is_true(ended(got))
      connection:closed()
      works(client)
    end)

    it("are not sent if they wait in line, and they leave the line", function()
      local client = new { in_flight = 1 }
      local first = place(client, { client_order_id = "first" })
      local connection = site:accept()
      connection:request()
      local got = start(client, { client_order_id = "mine" })
      tasks.step(0.01)
      assert.equal("not_sent", got.close().outcome)
      assert.is_true(ended(got))
      assert.equal(0, #client:unsettled())
      connection:answer(ACK:format("o-first", "first"))
      assert.equal("o-first", done(first).ack.order_id)
      local after = place(client, { client_order_id = "after" })
      local _, id = serve(connection)
      assert.equal("after", id)
      done(after)
    end)

    it("are listed as unsettled also while they wait for a retry, or are being retried", function()
      for _, again in ipairs { false, true } do
        local client = new()
        local got = start(client, { client_order_id = "mine" })
        local connection = site:accept()
        connection:request()
        connection:send "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
        if again then connection:request() else server.await(function() return client:stats().p50 end) end
        for _ = 1, 3 do tasks.step(0.001) end
        coroutine.close(got.co)
        assert.is_true(ended(got))
        assert.equal("mine", client:unsettled()[1].client_order_id)
        works(client)
      end
    end)

    it("in a generator (bybit.wrap) end the generator's wait", function()
      local client, inner, outer = new(), nil, nil
      local task = bybit.spawn(function()
        outer = coroutine.running()
        bybit.wrap(function()
          inner = coroutine.running()
          client:place_order(order { client_order_id = "mine" })
        end)()
      end)
      local connection = site:accept()
      connection:request()
      coroutine.close(outer)
      assert.equal("dead", coroutine.status(inner))
      assert.equal("mine", client:unsettled()[1].client_order_id)
      server.await(function() return task.done end)
      connection:closed()
    end)
  end)

  it("are counted as in flight until their outcome is known, if recovery needs the count, however they end", function()
    local client = new { rate = false }
    local function open() return core.client.open_heard(client) end
    local function stop(more) return client:set_trading_stop(with_symbol(more)) end
    local placed = place(client) -- for a placement recovery is called only for what is not a plain success
    local placing = site:accept()
    local request = placing:request()
    assert.equal(0, open())
    placing:answer(ACK:format("o-1", id_of(request)))
    done(placed)
    assert.equal(0, open())

    local token, ended = bybit.cancel_token(), 0
    for i = 1, 3 do -- these stops add, so none waits for another
      bybit.spawn(function()
        pcall(stop, { take_profit_price = 30000 + i, take_profit_quantity = 1, cancel = i == 3 and token or nil, deadline = 5 })
        ended = ended + 1
      end)
    end
    server.await(function() return open() == 3 end)
    local connections = { placing }
    server.await(function()
      connections[#connections + 1] = site:poll()
      return #connections == 3
    end)
    for _, connection in ipairs(connections) do
      local body = connection:request().body
      if not body:find "30003" then connection:answer '{"retCode":0,"retMsg":"OK","result":{},"time":1}' end
    end
    server.await(function() return ended == 2 end)
    assert.equal(1, open())
    token:cancel()
    server.await(function() return ended == 3 end)
    assert.equal(0, open())
    token = bybit.cancel_token()
    token:cancel()
    assert.is_nil((stop { stop_loss_price = 1, cancel = token }))
    assert.is_false(pcall(stop, { stop_loss_price = 1, cancel = 7 }))
    collectgarbage()
    collectgarbage()
    assert.equal(0, open())
  end)

  it("that bybit.within ends from outside say what is known of them", function()
    local client, inner = new(), nil
    local outer = bybit.spawn(bybit.within, 0.2, function()
      local _, err = pcall(client.place_order, client, order())
      inner = err
      client:place_order(order()) -- raises: the task is still cancelled
    end)
    local connection = site:accept()
    connection:request()
    server.await(function() return outer.done end)
    local value, err = outer:await()
    assert.is_nil(value)
    assert.equal("timeout", err.kind)
    assert.equal("unknown", inner.outcome)
  end)

  describe("whose client is closed", function()
    -- The error of an amendment whose first answer was lost. The client is closed during recovery, at the moment that `when`
    -- says.
    local function lost(when)
      local client, got = new(), {}
      bybit.spawn(function()
        got.ok, got.ack, got.err = pcall(client.modify_order, client, { symbol = "BTCUSD", client_order_id = "mine",
          new_price = "20001" })
        got.done = true
      end)
      local connection = site:accept()
      connection:request()
      connection:send "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
      when(connection)
      client:close()
      assert.is_true(done(got).ok, "it raised: " .. tostring(got.ack))
      assert.is_nil(got.ack)
      assert.same({ "closed", "unknown", "mine" }, { got.err.kind, got.err.outcome, got.err.client_order_id })
    end

    it("while the order is read, have an unknown outcome", function()
      lost(function(connection)
        assert.matches("GET /v5/order/realtime", connection:request().line)
      end)
    end)

    it("while they wait for a retry, end at once", function()
      finally(loop.real)
      local client, requests = scripted.client(function()
        local limited = scripted.answer(10006)
        limited.headers = ("X-Bapi-Limit-Reset-Timestamp: %d\r\n"):format(loop.wall() + 20000)
        return limited
      end)
      local began, err = loop.now(), nil
      bybit.run(function()
        bybit.spawn(function()
          bybit.sleep(1)
          client:close()
        end)
        err = select(2, client:get_open_orders_real_time { symbol = "BTCUSD" })
      end)
      assert.equal("closed", err.kind)
      assert.equal(1, #requests)
      assert.equal(1, math.floor(loop.now() - began + 0.5))
    end)

    it("during the read-back, return the acknowledgement", function()
      local client, got = new { confirm = true }, {}
      bybit.spawn(function()
        got.ack, got.err, got.response = client:place_order(order { client_order_id = "mine" })
        got.done = true
      end)
      local connection = site:accept()
      serve(connection)
      connection:request()
      client:close()
      assert.equal("o-mine", done(got).ack.order_id)
      assert.equal("closed", got.response.unconfirmed.kind)
    end)
  end)

  it("that are cancelled already do not begin, even blocking ones", function()
    local client, token = new(), bybit.cancel_token()
    token:cancel()
    local ack, err = client:place_order(order { cancel = token })
    assert.is_nil(ack)
    assert.equal("cancelled", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.is_nil(site:poll())
  end)
end)

describe("a token with two parents", function()
  local token = core.token

  it("is cancelled with each of them, also if it is made after that, and cancels neither", function()
    for _, which in ipairs { 1, 2 } do
      local parents = { token(), token() }
      local child = token(parents[1], parents[2])
      local grandchild = token(nil, child)
      collectgarbage()
      assert.is_false(grandchild:cancelled())
      parents[which]:cancel()
      assert.is_true(child:cancelled())
      assert.is_true(grandchild:cancelled())
      assert.is_false(parents[3 - which]:cancelled())
      assert.is_true(token(parents[1], parents[2]):cancelled())
      parents[3 - which]:cancel()
    end
    local parents = { token(), token() }
    token(parents[1], parents[2]):cancel()
    assert.is_false(parents[1]:cancelled() or parents[2]:cancelled())
  end)

  it("may be collected before either of them", function()
    local parents, children, texts = { token(), token() }, {}, {}
    for i = 1, 300 do children[i] = token(parents[1], parents[2]) end
    children = { children[150] }
    collectgarbage()
    for i = 1, 20000 do texts[i] = ("x"):rep(40 + i % 200) .. i end -- other values now fill the memory of the collected ones
    assert.equal(20000, #texts)
    parents[2]:cancel()
    assert.is_true(children[1]:cancelled())
    assert.is_false(parents[1]:cancelled())
    parents[1]:cancel()
  end)
end)

describe("the waiting line of a client", function()
  local site, client

  before_each(function()
    site = server.listen()
    client = bybit.client { environment = { url = site.url }, key = "key", secret = "secret", in_flight = 2,
      reserved = 0, connections = 4 }
  end)

  after_each(function()
    client:close()
    while tasks.step(0) > 0 do site = site end
    site:close()
  end)

  local function read(i)
    return bybit.spawn(client.request, client, "GET", "/v5/order/realtime", { orderLinkId = "n" .. i })
  end

  local function number_of(request) return math.tointeger(tonumber(request.line:match "orderLinkId=n(%d+)")) end

  it("keeps its limit, and its order", function()
    local all, order_seen = {}, {}
    for i = 1, 20 do all[i] = read(i) end
    local first, second = site:accept(), site:accept()
    for _ = 1, 10 do
      local a, b = number_of(first:request()), number_of(second:request())
      for _ = 1, 3 do tasks.step(0.002) end
      first:poll()
      second:poll()
      assert.equal("", first.input .. second.input) -- two are sent, and no more
      assert.is_nil(site:poll())
      order_seen[#order_seen + 1], order_seen[#order_seen + 2] = math.min(a, b), math.max(a, b)
      for connection, i in pairs { [first] = a, [second] = b } do
        connection:answer(('{"retCode":0,"retMsg":"OK","result":{"list":["%d"]},"time":1}'):format(i))
      end
    end
    for i = 1, 20 do
      server.await(function() return all[i].done end)
      assert.equal(i, order_seen[i])
      assert.equal(tostring(i), all[i]:await().list[1]) -- each has its own answer
    end
  end)

  it("holds nothing signed: the timestamp is made when the call is sent", function()
    for i = 1, 3 do read(i) end
    local first, second = site:accept(), site:accept()
    first:request()
    second:request()
    local bound = loop.wall() + 50
    server.await(function() return loop.wall() > bound end)
    first:answer '{"retCode":0,"retMsg":"OK","result":{"list":[]},"time":1}'
    local request = first:request()
    assert.is_true(tonumber(request.headers:match "X%-BAPI%-TIMESTAMP: (%d+)") >= bound)
  end)

  it("ends a call whose deadline passes while it waits; it is not sent", function()
    for i = 1, 2 do read(i) end
    local late = bybit.spawn(client.place_order, client, order { deadline = 0.05 })
    local first, second = site:accept(), site:accept()
    first:request()
    second:request()
    server.await(function() return late.done end)
    local _, err = late:await()
    assert.equal("timeout", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, err.attempts)
  end)

  it("goes on while ordinary code blocks: a slot is given without Lua", function()
    local all, served, resumed_before = {}, 0, nil
    for i = 1, 4 do all[i] = read(i) end
    tasks.step(0)
    local body = '{"retCode":0,"retMsg":"OK","result":{"list":[]},"time":1}'
    -- A comparator inside a task blocks: no other task is resumed, yet transfers and the line go on.
    local function serve_all()
      while served < 4 do
        loop.step(0.002)
        site:poll()
        for _, connection in ipairs(site.accepted) do
          connection:poll()
          if connection.input:find("\r\n\r\n", 1, true) then
            connection.input = ""
            connection.tcp:send(("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body))
            served = served + 1
          end
        end
      end
      resumed_before = all[1].done
      return false
    end
    local sorter = bybit.spawn(function() table.sort({ 1, 2 }, serve_all) end)
    server.await(function() return sorter.done end)
    sorter:await()
    assert.equal(4, served)
    assert.is_false(resumed_before)
    for i = 1, 4 do all[i]:await() end
  end)
end)
