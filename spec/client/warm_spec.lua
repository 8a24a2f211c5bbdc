-- client:warm: connections before they are needed.

local bybit = require "bybit"
local server = require "spec.support.scripted_server"
local tasks = require "bybit.tasks"
local trading = require "spec.support.trading"

local TIME = '{"retCode":0,"retMsg":"OK","result":{"timeSecond":"1","timeNano":"1"},"time":1}'

describe("warm", function()
  it("opens as many connections as asked for, by a public request on each, and calls use them", function()
    local site <close> = server.listen()
    local client <close> = bybit.client { environment = { url = site.url }, key = "k", secret = "s" }
    local warming = bybit.spawn(client.warm, client, 3)
    local connections = {}
    for i = 1, 3 do connections[i] = site:accept() end -- all at once: none is answered yet
    for i = 1, 3 do
      local request = connections[i]:request()
      assert.equal("GET /v5/market/time", request.line:match "^GET [^? ]+")
      assert.is_nil(request.headers:find("X-BAPI-SIGN", 1, true))
    end
    for i = 1, 3 do connections[i]:answer(TIME) end
    server.await(function() return warming.done end)
    assert.is_true(warming:await())
    local order = bybit.spawn(client.cancel_all_orders, client, { symbol = "BTCUSD" })
    local used
    server.await(function()
      for _, connection in ipairs(connections) do
        connection:poll()
        if #connection.input > 0 then used = connection end
      end
      return used
    end)
    used:request()
    used:answer '{"retCode":0,"retMsg":"OK","result":{"list":[]},"time":1}'
    assert.same({}, order:await())
    assert.is_nil(site:poll())
    assert.equal(0, tasks.step(0))
  end)

  it("opens those as well that are kept for what takes risk away", function()
    local site <close> = server.listen()
    local client <close> = bybit.client { environment = { url = site.url }, key = "k", secret = "s" }
    local warming = bybit.spawn(client.warm, client)
    local connections = {}
    for i = 1, 16 do connections[i] = site:accept() end
    for i = 1, 16 do
      connections[i]:request()
      connections[i]:answer(TIME)
    end
    server.await(function() return warming.done end)
    assert.is_true(warming:await())
  end)

  it("works outside of tasks, and reports an error", function()
    local exchange, client = trading.start()
    finally(function()
      client:close()
      exchange:close()
    end)
    assert.is_true(client:warm())
    assert.is_true(client:warm(2))
    local _, err = pcall(client.warm, client, 17)
    assert.matches("warm: an integer from 1 to 16 %(what in_flight and connections allow%) expected, got 17", err)
    _, err = pcall(client.warm, client, "2")
    assert.matches("expected, got 2", err)
    local nobody <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, deadline = 0.1 }
    local ok
    ok, err = nobody:warm(1)
    assert.is_nil(ok)
    assert.equal("network", err.kind)
  end)
end)
