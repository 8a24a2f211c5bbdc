-- Time: recovery ends at the call's deadline, not sooner; the numbers of attempts in the error and in the log agree; and an order
-- that was created in time counts as the call's own, however busy the loop is.

local bybit = require "bybit"
local core = require "bybit.core"
local asked = require "spec.support.asked"
local changes = require "spec.support.changes"
local staged = require "spec.support.staged_exchange"

local of, limit = asked.of, asked.limit

local KINDS = { "place", "amend", "cancel", "all", "stop", "read" }

for _, api in ipairs(staged.WIRES) do describe("on " .. api, function()
  local exchange, client, events

  before_each(function()
    exchange, events = staged.start(), {}
    client = exchange:client { api = api, log = function(event) events[#events + 1] = event end }
  end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  local function prepare(case) return changes.prepare(exchange, case) end

  -- For that many seconds no connection is made within a second.
  local function no_connection_for(seconds)
    local well_again = exchange:now() + math.floor(seconds * 1000)
    local dead = staged.no_connect(1)
    for _, kind in ipairs(KINDS) do
      exchange:always(kind, function(stage, copy)
        if stage:now() < well_again then return dead(stage, copy) end
      end)
    end
  end

  -- How many requests of the call its log has, without those that only read.
  local function attempts_told(name)
    local most = 0
    for _, event in ipairs(events) do
      local reads = event.level == "debug" and (event.outcome == nil or event.outcome == "ok")
      if event.method == name and not reads then most = math.max(most, event.attempt) end
    end
    return most
  end

  for name, case in pairs(changes.CALLS) do
    it(("%s: a connect timeout (1 s) inside a deadline of 20 s does not end recovery"):format(name), function()
      local params = prepare(case)
      params.connect_timeout, params.deadline = 1, 20
      exchange:plan(case[1], staged.then_lost(function() no_connection_for(5) end))
      local result, err = client[name](client, params)
      assert.is_nil(err)
      assert.truthy(result)
    end)

    it(("%s: a connect timeout does not end a later resolve either"):format(name), function()
      local params = prepare(case)
      params.deadline, params.timeout = 0.5, 0.5
      for _, kind in ipairs(KINDS) do exchange:always(kind, staged.lost_request) end
      exchange:plan(case[1], staged.lost_answer)
      local _, err = client[name](client, params)
      assert.equal("unknown", err.outcome)
      no_connection_for(5)
      local result, why = client:resolve(err, { deadline = 20 })
      assert.is_nil(why)
      assert.truthy(result)
    end)

    it(("%s: a call that stays unknown ends at its deadline, and counts as many attempts as its log"):format(name), function()
      local params = prepare(case)
      params.deadline = 9
      local before = exchange:now()
      for _, kind in ipairs(KINDS) do exchange:always(kind, staged.lost_request) end
      local result, err, response = client[name](client, params)
      local took = exchange:now() - before
      assert.is_nil(result)
      assert.equal("unknown", err.outcome)
      assert.is_true(took > 8000 and took <= 10000, ("%d ms"):format(took))
      assert.same({ attempts_told(name), attempts_told(name) }, { err.attempts, response.attempts })
      if case[1] ~= "all" then assert.equal(exchange:sent(case[1]), err.attempts) end
    end)

    it(("%s: a call that succeeds in the end counts as many attempts as its log"):format(name), function()
      local params = prepare(case)
      params.deadline = 60 -- a stop is proved not set within 16 s, twice
      exchange:plan(case[1], staged.page, staged.page)
      local _, err, response = client[name](client, params)
      assert.is_nil(err)
      assert.equal(attempts_told(name), response.attempts)
    end)
  end

  it("an error tells how long its call took, from its beginning", function()
    for _, plan in ipairs { { staged.lost_request, staged.code(api == "v5" and 110007 or 30031) }, { staged.page, staged.well },
      { staged.code(api == "v5" and 110007 or 30031) } } do
      exchange:plan("place", table.unpack(plan))
      exchange:always("place", staged.lost_request)
      local began = core.loop.now()
      local _, err = client:place_order(limit { deadline = 4 })
      local took = core.loop.now() - began
      if err then assert.is_true(math.abs(err.elapsed - took) < 1e-6, ("%g s of %g"):format(err.elapsed, took)) end
    end
  end)

  it("a placement that is proved absent counts as many attempts as its log", function()
    exchange:plan("place", staged.lost_request, staged.code(api == "v5" and 110007 or 30031))
    local ack, err = client:place_order(limit())
    assert.is_nil(ack)
    assert.same({ "rejected", "fence", 2 }, { err.outcome, err.proof, err.attempts })
    assert.equal(2, attempts_told "place_order")
  end)

  it("a placement is absent after two searches; the second begins 5 s after the end of the first", function()
    exchange:plan("place", staged.page)
    exchange:always("read", staged.meanwhile(function() core.loop.advance(0.7) end))
    local ack, err = client:place_order(limit { deadline = 120, resend = false })
    assert.is_nil(ack)
    assert.same({ "rejected", "fence" }, { err.outcome, err.proof })
    local reads = exchange:of_kind "read"
    local searches = {} -- when each began and ended
    for _, read in ipairs(reads) do
      if read.path == reads[1].path then searches[#searches + 1] = { read.at } end
      searches[#searches][2] = read.at + 700
    end
    local first, second = searches[#searches - 1], searches[#searches]
    assert.is_true(first[1] > staged.fence_of(exchange:of_kind "place"[1]) + 5000, "what happened last shows by then")
    assert.is_true(first[2] > first[1] + 1000)
    assert.is_true(second[1] - first[2] >= 5000, ("%d ms"):format(second[1] - first[2]))
  end)

  it("a cancellation of a filled order counts as many attempts as its log", function()
    local id = assert(exchange.hand:place_order(limit())).order_id
    exchange:command("set_price", "BTCUSD", "28900", {})
    exchange:plan("cancel", staged.page, staged.page)
    local ack, err = client:cancel_order(of { order_id = id })
    assert.is_nil(ack)
    assert.equal("not_found", err.kind)
    assert.same({ exchange:sent "cancel", exchange:sent "cancel" }, { err.attempts, attempts_told "cancel_order" })
  end)

  it("an amendment that its token ends as unknown counts as many attempts as its log", function()
    local id = assert(exchange.hand:place_order(limit())).order_id
    core.loop.advance(10)
    local token = bybit.cancel_token()
    exchange:plan("amend", staged.lost_request)
    exchange:plan("read", staged.meanwhile(function() token:cancel() end, staged.lost_request))
    local ack, err = client:modify_order(of { order_id = id, new_price = 28000, cancel = token })
    assert.is_nil(ack)
    assert.same({ 1, 1 }, { err.attempts, attempts_told "modify_order" })
  end)

  it("an error of unknown outcome is not retryable, whatever the last attempt met", function()
    for _, last in ipairs { staged.refused, staged.no_connect(0.5), staged.page, staged.lost_request } do
      for _, case in pairs(changes.CALLS) do
        local params = prepare(case)
        params.deadline = 3
        for _, kind in ipairs(KINDS) do exchange:always(kind, last) end
        exchange:plan(case[1], staged.lost_request)
        local name
        for n, c in pairs(changes.CALLS) do if c == case then name = n end end
        local result, err = client[name](client, params)
        assert.is_nil(result)
        assert.same({ "unknown", false }, { err.outcome, err.retryable }, name)
        client:close()
        exchange:close()
        exchange = staged.start()
        client = exchange:client { api = api }
      end
    end
  end)
end) end

-- Whether an order is ours depends on when the request was signed, not on when recovery began. Over HTTP, since there an
-- answer may wait for its task.
describe("a stop for a part, while other tasks keep the loop busy", function()
  local exchange, client

  before_each(function()
    exchange = bybit.paper.start { limits = false, seed = 7 }
    exchange:set_price("BTCUSD", 30000)
    client = bybit.client { environment = exchange, rate = false }
    assert(client:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
  end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  it("is found", function()
    exchange:faults { { "http", status = 502, executed = true, path = "position/trading-stop" } }
    bybit.run(function()
      local busy = bybit.spawn(function()
        while true do
          local stop = os.clock() + 0.02
          repeat until os.clock() > stop
          bybit.sleep(0)
        end
      end)
      local function set(price)
        return client:set_trading_stop(of { stop_loss_price = price, stop_loss_quantity = 1, deadline = 12 })
      end
      local tasks = {}
      for i = 1, 5 do tasks[i] = bybit.spawn(set, 28000 + i) end
      for _, task in ipairs(tasks) do
        local done, err = task:await()
        assert.is_nil(err, tostring(err))
        assert.truthy(done)
      end
      busy:cancel()
    end)
  end)
end)
