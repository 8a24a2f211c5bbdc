-- The waiting line of calls that may not be sent yet: which call goes first when there is room for one. A server that answers one
-- request after the other sees the order.

local bybit = require "bybit"
local core = require "bybit.core"
local server = require "spec.support.scripted_server"
local tasks = require "bybit.tasks"

local loop = core.loop

local function answer(code, result)
  return ('{"retCode":%d,"retMsg":"x","result":%s,"retExtInfo":{},"time":%d}'):format(code, result or "{}", loop.wall())
end

describe("the waiting line", function()
  local site, clients, connection

  before_each(function()
    loop.virtual(1700000000000)
    site, clients, connection = server.listen(), {}, nil
  end)

  after_each(function()
    for _, client in ipairs(clients) do client:close() end
    while tasks.step(0) > 0 do site = site end
    site:close()
    loop.real()
  end)

  -- A client with one request in flight at a time.
  local function new_client(rate, at)
    clients[#clients + 1] = bybit.client { environment = { url = (at or site).url }, key = "key", secret = "secret",
      in_flight = 1, rate = rate or false }
    return clients[#clients]
  end

  local function spawn(client, method, params)
    bybit.spawn(function() return client[method](client, params) end)
    tasks.step(0)
  end

  local function place(client, id)
    spawn(client, "place_order", { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1,
      client_order_id = id })
  end

  local function cancel(client, id) spawn(client, "cancel_order", { symbol = "BTCUSD", client_order_id = id }) end

  local function look(client, id) spawn(client, "get_open_order_real_time", { symbol = "BTCUSD", client_order_id = id }) end

  -- Answers the next request, and returns its id.
  local function served(code)
    connection = connection or site:accept()
    local request = connection:request()
    local id = request.body:match '"orderLinkId":"([^"]+)"' or request.line:match "orderLinkId=([%w-]+)"
    if request.line:find "^GET" then
      connection:answer(answer(0, '{"list":[{"orderId":"o","orderLinkId":"' .. id .. '"}]}'))
    else
      connection:answer(answer(code or 0, '{"orderId":"o","orderLinkId":"' .. id .. '"}'))
    end
    return id
  end

  local function order_of(count)
    local ids = {}
    for i = 1, count do ids[i] = served() end
    return table.concat(ids, " ")
  end

  it("lets cancels go first, even if others wait longer", function()
    local client = new_client()
    place(client, "under-way")
    place(client, "p1")
    look(client, "r1")
    cancel(client, "c1")
    place(client, "p2")
    cancel(client, "c2")
    assert.equal("under-way c1 c2 p1 r1 p2", order_of(6))
  end)

  it("lets a retry go before calls that were not sent yet, and after cancels", function()
    local client = new_client()
    place(client, "refused")
    place(client, "p1")
    place(client, "p2")
    assert.equal("refused", served(10002)) -- its timestamp was refused: it was not carried out, and is signed again
    connection:request() -- p1 is sent
    for _ = 1, 3 do tasks.step(0) end
    cancel(client, "c1")
    connection:answer(answer(0, '{"orderId":"o","orderLinkId":"p1"}'))
    assert.equal("c1 refused p2", order_of(3))
  end)

  it("lets equal calls go in the order of their arrival, whatever their group", function()
    local client = new_client()
    place(client, "p1")
    look(client, "r1")
    place(client, "p2")
    look(client, "r2")
    look(client, "r3")
    place(client, "p3")
    assert.equal("p1 r1 p2 r2 r3 p3", order_of(6))
  end)

  it("is also for connections: a call that fails at a rate limit still waits for a connection", function()
    local client = new_client "fail"
    place(client, "p1")
    place(client, "p2")
    assert.equal("p1 p2", order_of(2))
  end)

  it("counts two exchanges separately, and two clients of one exchange together", function()
    local other_site <close> = server.listen()
    local here, there, beside = new_client "wait", new_client("wait", other_site), new_client "wait"
    local function left(client) return client:budget()["order/create"].left end
    place(here, "p1")
    place(here, "p2") -- waits for the first
    place(there, "p3")
    assert.same({ 9, 9 }, { left(here), left(there) })
    place(beside, "p4")
    assert.same({ 8, 9, 8 }, { left(here), left(there), left(beside) })
  end)

  it("remembers what closed clients used, but not for an address of this machine, where another exchange may start",
    function()
      local function used(environment)
        local client <close> = bybit.client { environment = environment, key = "ofThisSpec", secret = "secret",
          transport = { start = function()
            return { status = 200, body = answer(10001) }
          end } }
        client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1 }
        return 10 - client:budget()["order/create"].left
      end
      for _, host in ipairs { site.url:match "//(.*)", "127.1.2.3", "localhost", "localhost:81", "[::1]", "[::1]:82" } do
        local here = { url = "https://" .. host }
        assert.same({ 1, 1 }, { used(here), used(here) }, host)
      end
      for _, host in ipairs { "127.0.0.1.example.com", "127x.example.com", "localhost.example.com", "localhos", "128.0.0.1",
        "example.com", "ab.cd:1", "abcdefghi:1", "abcde:1" } do
        local elsewhere = { url = "https://" .. host }
        assert.same({ 1, 2 }, { used(elsewhere), used(elsewhere) }, host)
      end
      assert.same({ 1, 2 }, { used "testnet", used "testnet" })
      loop.advance(1.01)
      assert.equal(1, used "testnet")
      local client, beside <close> = new_client "wait", new_client "wait"
      place(client, "p1")
      assert.equal("p1", served())
      client:close()
      place(beside, "p2")
      assert.equal(8, beside:budget()["order/create"].left, "it is forgotten with the last client, not before")
    end)
end)
