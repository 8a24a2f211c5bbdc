-- Cancelling a call at every stage of its life, and the line in which calls wait: the outcome that is told is what
-- the server saw, and the client is as good as before.

local bybit = require "bybit"
local server = require "spec.support.scripted_server"
local loop = require("bybit.core").loop
local tasks = require "bybit.tasks"

local ACK = '{"retCode":0,"retMsg":"OK","result":{"orderId":"%s","orderLinkId":"%s"},"time":1}'

local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000" }

local function order(more)
  local p = {}
  for _, t in ipairs { ORDER, more or {} } do
    for k, v in pairs(t) do p[k] = v end
  end
  return p
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

  -- A task that places an order, and what it ended with: { ack, err } or { raised = err }.
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

  -- The next request on the connection is answered with the id that it carries.
  local function serve(connection)
    local request = connection:request()
    local id = id_of(request)
    connection:answer(ACK:format("o-" .. id, id))
    return request, id
  end

  -- The client can still trade: an order gets its own answer, on whichever connection.
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

  -- How a call is cancelled, and how the caller hears of it.
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

      it("once sent, are of unknown outcome, and their connection is closed", function()
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

      it("inside the answer, are of unknown outcome, and the rest is never taken for another's", function()
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

  it("that a wider span ends (bybit.within) tell what is known of them", function()
    local client, inner = new(), nil
    local outer = bybit.spawn(bybit.within, 0.2, function()
      local _, err = pcall(client.place_order, client, order())
      inner = err
      client:place_order(order()) -- raises: it is cancelled still
    end)
    local connection = site:accept()
    connection:request()
    server.await(function() return outer.done end)
    local value, err = outer:await()
    assert.is_nil(value)
    assert.equal("timeout", err.kind)
    assert.equal("unknown", inner.outcome)
  end)

  it("that are cancelled already do not begin, blocking ones too", function()
    local client, token = new(), bybit.cancel_token()
    token:cancel()
    local ack, err = client:place_order(order { cancel = token })
    assert.is_nil(ack)
    assert.equal("cancelled", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.is_nil(site:poll())
  end)
end)

describe("the waiting line of a client", function()
  local site, client

  before_each(function()
    site = server.listen()
    client = bybit.client { environment = { url = site.url }, key = "key", secret = "secret", in_flight = 2, connections = 4 }
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

  it("keeps its bound, and its order", function()
    local all, order_seen = {}, {}
    for i = 1, 20 do all[i] = read(i) end
    local first, second = site:accept(), site:accept()
    for _ = 1, 10 do
      local a, b = number_of(first:request()), number_of(second:request())
      for _ = 1, 3 do tasks.step(0.002) end
      first:poll()
      second:poll()
      assert.equal("", first.input .. second.input) -- two are out, and no more
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

  it("holds nothing signed: the timestamp is that of the sending", function()
    for i = 1, 3 do read(i) end
    local first, second = site:accept(), site:accept()
    first:request()
    second:request()
    local bound = loop.wall() + 50
    server.await(function() return loop.wall() > bound end)
    first:answer '{"retCode":0,"retMsg":"OK","result":{"list":[]},"time":1}'
    local request = first:request()
    -- timestamps aim at the middle of what is accepted: 5000 ms back, 1000 ahead
    assert.is_true(tonumber(request.headers:match "X%-BAPI%-TIMESTAMP: (%d+)") + (5000 - 1000) // 2 >= bound)
  end)

  it("ends a call whose deadline passes in it, not sent", function()
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

  it("is served while ordinary code blocks: slots do not wait for Lua", function()
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
