-- Calls that take risk away come first, really: slow answers to all else hold none of them back, over HTTP/1.1, TLS and
-- HTTP/2. A server that answers nothing until it is told sees what reaches it.

local bybit = require "bybit"
local certificates = require "spec.support.certificates"
local core = require "bybit.core"
local journals = require "spec.support.journals"
local process = require "spec.support.process"
local server = require "spec.support.scripted_server"
local tasks = require "bybit.tasks"

local BTC = "BTCUSD"

local function with(fields)
  local p = { symbol = BTC }
  for k, v in pairs(fields) do p[k] = v end
  return p
end

local LIMIT = { side = "Sell", type = "Limit", quantity = 1, price = 30000 }
local TRIGGER = { side = "Sell", type = "Market", quantity = 1, trigger_price = 29000, base_price = 30000 }

local function more(base, fields)
  local p = with(base)
  for k, v in pairs(fields) do p[k] = v end
  return p
end

-- Every kind of call that takes risk away; `reads`: it looks up what there is to cancel before it cancels.
local URGENT = {
  { "cancel_order", with { order_id = "o-1" } },
  { "cancel_conditional_order", with { order_id = "o-1" } },
  { "cancel_all_orders", with {} },
  { "cancel_all_conditional_orders", with {} },
  { "cancel_all_orders", with { id_prefix = "mm1" }, reads = true },
  { "place_order", more(LIMIT, { reduce_only = true }) },
  { "place_order", more(LIMIT, { close_on_trigger = true }) },
  { "place_conditional_order", more(TRIGGER, { reduce_only = true }), only = "v5" },
  { "place_conditional_order", more(TRIGGER, { close_on_trigger = true }) },
  { "set_trading_stop", with { stop_loss_price = 29000 } },
  { "set_trading_stop", with { trailing_stop_distance = 100 } },
}

local NORMAL = {
  { "place_order", with(LIMIT) },
  { "place_conditional_order", with(TRIGGER) },
  { "modify_order", with { order_id = "o-1", new_price = 30001 } },
  { "set_trading_stop", with { take_profit_price = 31000 } },
  { "set_trading_stop", with { stop_loss_price = 0 } },
  { "get_open_order_real_time", with { order_id = "o-1" } },
}

-- An answer of either wire, with an order or a list as its result.
local function answer(api, result)
  local names = api == "v5" and { "retCode", "retMsg" } or { "ret_code", "ret_msg" }
  return ('{"%s":0,"%s":"OK","result":%s,"time":%d,"time_now":"%.3f"}'):format(names[1], names[2], result, core.loop.wall(),
    core.loop.wall() / 1000)
end

local ORDERS = {
  v5 = '{"list":[{"orderId":"o-1","orderLinkId":"mm1-1","symbol":"BTCUSD"}],"nextPageCursor":""}',
  v2 = '[{"order_id":"o-1","order_link_id":"mm1-1","symbol":"BTCUSD"}]',
}

local function name_of(case)
  local list = {}
  for k, v in pairs(case[2]) do list[#list + 1] = k .. "=" .. tostring(v) end
  table.sort(list)
  return case[1] .. " {" .. table.concat(list, ", ") .. "}"
end

for _, api in ipairs { "v5", "v2" } do for _, tls in ipairs { false, true } do
  describe(("on %s over %s, while all answers are slow,"):format(api, tls and "TLS" or "plain HTTP"), function()
    local dir, site, client

    setup(function() if tls then dir = certificates.make() end end)
    teardown(function() if tls then certificates.remove(dir) end end)

    before_each(function()
      site = server.listen(tls and assert(require("ssl").newcontext { mode = "server", protocol = "any",
        key = dir .. "/right.key", certificate = dir .. "/right.pem" }) or nil)
      client = bybit.client { environment = { url = site.url }, api = api, key = "key", secret = "secret", rate = false,
        in_flight = 4, ca_file = tls and dir .. "/ca.pem" or nil }
    end)

    after_each(function()
      client:close()
      while tasks.step(0) > 0 do site = site end
      site:close()
    end)

    local function spawn(case)
      return bybit.spawn(function() return client[case[1]](client, case[2]) end)
    end

    local function nobody_comes()
      for _ = 1, 5 do tasks.step(0.001) end
      assert.is_nil(site:poll())
    end

    -- The slow ones, of which three are out and four wait.
    local function slow()
      for i = 1, 7 do spawn { "get_open_orders_real_time", with { timeout = 60, deadline = 60 + i } } end
      for _ = 1, 3 do assert.truthy(site:accept():request().line:find "^GET") end
      nobody_comes()
    end

    for _, case in ipairs(URGENT) do if case.only == nil or case.only == api then
      it(name_of(case) .. " leaves at once", function()
        slow()
        spawn(case)
        local connection = site:accept()
        if case.reads then
          assert.truthy(connection:request().line:find "^GET")
          connection:answer(answer(api, ORDERS[api]))
        end
        assert.truthy(connection:request().line:find "^POST")
        nobody_comes()
      end)
    end end

    for _, case in ipairs(NORMAL) do
      it(name_of(case) .. " waits for its turn", function()
        slow()
        spawn(case)
        nobody_comes()
      end)
    end
  end)
end end

describe("the slots that are kept", function()
  local site, client

  local function start(options)
    site = server.listen()
    local o = { environment = { url = site.url }, key = "key", secret = "secret", rate = false }
    for k, v in pairs(options or {}) do o[k] = v end
    client = bybit.client(o)
  end

  after_each(function()
    client:close()
    while tasks.step(0) > 0 do site = site end
    site:close()
  end)

  -- How many of 40 calls reach the server while it answers none.
  local function out_of_40(method, params)
    for _ = 1, 40 do bybit.spawn(function() client[method](client, params) end) end
    local count, idle = 0, 0
    while idle < 5 do
      tasks.step(0.002)
      local came = site:poll()
      idle = came and 0 or idle + 1
      if came then count = count + 1 end
    end
    return count
  end

  local READ, CANCEL = with { timeout = 60, deadline = 60 }, with { order_id = "o-1" }

  for text, case in pairs {
    ["a quarter of them"] = { nil, 12, 4 },
    ["one of two"] = { { in_flight = 2 }, 1, 1 },
    ["none of one"] = { { in_flight = 1 }, 1, 0 },
    ["as many as the caller says"] = { { reserved = 10 }, 6, 10 },
    ["none, if he says so"] = { { reserved = 0 }, 16, 0 },
    ["all but one, if he says more than there are"] = { { reserved = 100, connections = 4 }, 1, 3 },
  } do
    it("are " .. text, function()
      start(case[1])
      assert.equal(case[2], out_of_40("get_open_orders_real_time", READ))
      assert.equal(case[3], out_of_40("cancel_order", CANCEL))
    end)
  end

  it("leave the others to what takes risk away, too", function()
    start()
    assert.equal(16, out_of_40("cancel_order", CANCEL))
  end)
end)

describe("over HTTP/2,", function()
  local dir, program

  setup(function() dir = certificates.make() end)
  teardown(function() certificates.remove(dir) end)

  after_each(function()
    program:signal "KILL"
    program:wait()
  end)

  -- A server that lets a client have so many streams on a connection, and a client of it.
  local function start(streams, options, journal)
    local file <close> = assert(io.open "spec/support/h2_server.py")
    local python = os.execute "python3 -c 'import h2.connection' 2>/dev/null" and "python3" or "/usr/bin/python3"
    program = process.start(file:read "a", {}, python, ("%s/right.pem %s/right.key %s"):format(dir, dir, streams))
    local o = { environment = { url = "https://127.0.0.1:" .. program:line() }, key = "key", secret = "secret", http = "2",
      rate = false, ca_file = dir .. "/ca.pem", timeout = 60, deadline = 60, in_flight = 40,
      journal = journal }
    for k, v in pairs(options or {}) do o[k] = v end
    return bybit.client(o)
  end

  -- The next order that has reached the server, and its timestamp.
  local function next_order()
    while true do
      local id, stamp = program:line():match "^(%S+) (%d+)$"
      if id then return id, math.tointeger(tonumber(stamp)) end
    end
  end

  local function place(client, id, reduces)
    return client:place_order { symbol = BTC, side = "Buy", type = "Limit", quantity = 1, price = 20000,
      client_order_id = id, reduce_only = reduces }
  end

  -- Streams, options, and how many of the slow ones may be out: a quarter of 40 is kept, and of the connections.
  for text, case in pairs {
    ["with streams enough"] = { 100, nil, 30 },
    ["with few streams on one connection"] = { 4, { connections = 1 }, 4 },
    ["with one stream on a connection"] = { 1, { connections = 2 }, 1 },
    ["with an HTTP/1.1 server"] = { "none", nil, 12 },
  } do
    it(text .. ", what takes risk away leaves while all other answers are slow, and nothing that is signed waits", function()
      local journal = journals.path(finally)
      local client <close> = start(case[1], case[2], journal)
      local expected, HELD = case[3], 60
      -- Waits until so many requests are out, and no more.
      local function out(requests)
        local steady = 0
        server.await(function()
          steady = client:stats().requests == requests and steady + 1 or 0
          return steady == 50
        end)
      end

      local list = {}
      local function spawn(id, reduces)
        list[#list + 1] = bybit.spawn(function() return assert(place(client, id, reduces)) end)
      end
      spawn "good-first"
      out(1)
      assert.equal("good-first", (next_order()))
      for i = 1, HELD do spawn("hold-" .. i) end
      out(expected + 1)
      for _ = 1, expected do assert.matches("^hold", (next_order())) end
      local before = core.loop.wall()
      local urgent = bybit.spawn(function() return place(client, "good-urgent", true) end)
      server.await(function() return urgent.done end)
      assert(urgent:await())
      assert.equal("good-urgent", (next_order()))
      out(expected + 2)

      spawn("good-release", true) -- from here on all is answered
      server.await(function()
        for _, task in ipairs(list) do
          if not task.done then return false end
        end
        return true
      end)
      for _, task in ipairs(list) do task:await() end
      for _ = expected, HELD do
        local id, stamp = next_order()
        assert.is_true(stamp >= before, ("%s was signed %d ms before"):format(id, before - stamp))
      end
      local stats = client:stats()
      assert.same({ HELD + 3, 0 }, { stats.requests, stats.retries })
      client:close()
      assert.equal(("done|%d"):format(HELD + 3), journals.sql(journal, "SELECT outcome, count(*) FROM intents GROUP BY outcome"))
      local early = "SELECT count(*) FROM intents WHERE client_order_id LIKE 'hold%%' AND first < %d"
      assert.equal(tostring(expected), journals.sql(journal, early:format(before)),
        "of what was taken back only the attempt counts that was sent")
    end)
  end
end)
