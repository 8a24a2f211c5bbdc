-- The loop's timers: each fires at its moment, in order, however many there are and whichever were stopped. Here they are the
-- deadlines of calls that wait in line behind a call without an answer; time is virtual.

local bybit = require "bybit"
local core = require "bybit.core"
local server = require "spec.support.scripted_server"
local tasks = require "bybit.tasks"

local loop = core.loop

describe("timers", function()
  local site, client, ended

  before_each(function()
    loop.virtual(1700000000000)
    site, ended = server.listen(), {}
    client = bybit.client { environment = { url = site.url }, key = "key", secret = "secret", in_flight = 1, rate = false }
  end)

  after_each(function()
    client:close()
    while tasks.step(0) > 0 do site = site end
    site:close()
    loop.real()
  end)

  local function wait_in_line(name, deadline, cancel)
    bybit.spawn(function()
      local _, err, response = client:get_open_orders_real_time { symbol = "BTCUSD", deadline = deadline, cancel = cancel }
      ended[#ended + 1] = { name = name, kind = err.kind, at = loop.now(), duration = response.duration }
    end)
  end

  local function take_the_slot()
    bybit.spawn(client.request, client, "GET", "/v5/market/time", nil, { deadline = 600, timeout = 600 })
    tasks.step(0)
  end

  it("fire in the order of their moments; those of the same moment in the order in which they were made", function()
    math.randomseed(5)
    take_the_slot()
    local expected, gone, began = {}, {}, loop.now()
    for i = 1, 600 do
      local deadline = math.random(1, 200)
      local token = math.random(3) == 1 and bybit.cancel_token() or nil
      wait_in_line(i, deadline, token)
      if token then gone[#gone + 1] = token else expected[#expected + 1] = { name = i, at = deadline } end
    end
    tasks.step(0)
    assert.same({}, ended)
    for i = #gone, 2, -1 do
      local j = math.random(i)
      gone[i], gone[j] = gone[j], gone[i]
    end
    for _, token in ipairs(gone) do token:cancel() end
    tasks.step(0)
    assert.equal(#gone, #ended)
    ended = {}
    table.sort(expected, function(a, b) return a.at < b.at or (a.at == b.at and a.name < b.name) end)
    for _ = 1, 200 do
      loop.advance(1)
      tasks.step(0)
      tasks.step(0)
    end
    assert.equal(#expected, #ended)
    for i, e in ipairs(expected) do
      assert.equal(e.name, ended[i].name)
      assert.equal("timeout", ended[i].kind)
      assert.equal(e.at, math.floor(ended[i].at - began + 0.5))
    end
  end)

  it("keep their remaining time when time becomes real, and virtual again", function()
    take_the_slot()
    wait_in_line("late", 400)
    wait_in_line("soon", 300)
    tasks.step(0)
    loop.advance(100)
    loop.real()
    tasks.step(0)
    loop.virtual(1800000000000)
    for _ = 1, 4 do
      loop.advance(100)
      tasks.step(0)
      tasks.step(0)
    end
    local left = {}
    for _, e in ipairs(ended) do left[e.name] = e.duration end
    assert.same({ soon = 200, late = 300 }, left)
  end)
end)
