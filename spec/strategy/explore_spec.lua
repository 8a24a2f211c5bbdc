-- bybit.paper.explore: finds the seed that breaks a strategy, and shrinks it to the faults that it needs.

local bybit = require "bybit"

local explore = bybit.paper.explore

-- Places an order again when the call has failed, without looking at what became of it.
local function careless(client, stop)
  while not stop:wait(10) do
    local ack
    repeat
      ack = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 20000, deadline = 2 }
    until ack or stop:cancelled()
    if ack then client:cancel_order { symbol = "BTCUSD", order_id = ack.order_id } end
  end
end

local function careful(client, stop)
  local book = client:with { symbol = "BTCUSD" }
  local off <close> = bybit.defer(function() -- luacheck: ignore 211
    client:reconcile { symbol = "BTCUSD" }
    repeat local result = book:sync_orders {} until result and #result.cancelled == 0
  end)
  while not stop:wait(10) do
    book:sync_orders { { tag = "bid", side = "Buy", quantity = 100, price = 20000 },
      { tag = "ask", side = "Sell", quantity = 100, price = 40000 } }
  end
end

describe("explore", function()

  it("finds a seed that breaks a strategy which places again without looking, and needs few faults for it", function()
    local failures = explore({ duration = 300 }, careless, { seeds = 50 })
    local failure = failures[1]
    assert(failure.why:find "^an order that nobody settled: place_order ", failure.why)
    assert.is_true(#failure.events >= 1 and #failure.events < 10)
    assert.equal(#failure.events, #failure.lines)
    assert(failure.lines[1]:find "^request %d+, %u+ /v5/", failure.lines[1])
    assert(failure.command:find("seed = " .. failure.seed, 1, true))

    -- its events alone show it again
    local report = bybit.paper.simulate({ seed = failure.seed, events = failure.events, duration = 300, tick = 1 }, careless)
    assert.is_true(#report.unsettled > 0 and #report.orders_left > 0)
    assert.equal(#failure.events, #report.fault_events)
    -- and without them it is whole
    report = bybit.paper.simulate({ seed = failure.seed, events = {}, duration = 300, tick = 1 }, careless)
    assert.same({ 0, 0 }, { #report.unsettled, #report.orders_left })
  end)

  -- Looks whether the order is there, and takes silence for proof that it is not: a request that is still under way brings it later.
  it("finds a strategy that takes silence for proof, and needs one late request for it", function()
    local function hasty(client, stop)
      local n = 0
      while not stop:wait(20) do
        n = n + 1
        local id, ack = ("h-%d-"):format(n), nil
        for try = 1, 3 do
          ack = ack or client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 20000,
            client_order_id = id .. try, deadline = 0.5, resend = false }
          if not ack then
            bybit.sleep(1)
            local list = client:get_open_orders_real_time { symbol = "BTCUSD" }
            if not list or #list > 0 then break end
          end
        end
        bybit.sleep(6)
        client:cancel_all_orders { symbol = "BTCUSD" }
      end
    end
    local function single(report)
      local rests
      for _, order in ipairs(report.orders) do
        if rests and order.created_time < rests then return false, "two orders at once" end
        rests = order.updated_time
      end
      return true
    end
    local function look(faults)
      return explore({ duration = 300, faults = faults }, hasty, { seeds = 40, check = single, processes = 1 })[1]
    end
    local failure = look { { "late_request", seconds = 3, path = "order/create", probability = 0.1 } }
    assert.equal("check: two orders at once", failure.why)
    assert.equal(1, #failure.events)
    assert(failure.lines[1]:find "^request %d+, POST /v5/order/create: late_request, seconds 3$", failure.lines[1])
  end)

  it("tells the same failure, however many processes look for it", function()
    local function first(processes)
      return explore({ duration = 60, faults = { { "lost_answer", probability = 0.4 } } }, careless,
        { seeds = 40, processes = processes })[1]
    end
    local one, three = first(1), first(3)
    assert.same({ one.seed, one.why, one.lines }, { three.seed, three.why, three.lines })
  end)

  it("finds nothing in a strategy that settles what it does not know", function()
    assert.same({}, explore({ duration = 120, client = { id_prefix = "mm" } }, careful, { seeds = 12, check = function(report)
      return #report.orders_left == 0, "orders are left"
    end }))
  end)

  it("asks the check, and tells what it says", function()
    local failures = explore({ duration = 5, faults = {} }, function(_, stop) stop:wait() end, { seeds = 6, failures = 2,
      check = function(report) return report.seed % 3 ~= 0, "a third of them" end })
    assert.same({ 3, 6 }, { failures[1].seed, failures[2].seed })
    assert.same({ "check: a third of them", {} }, { failures[1].why, failures[1].events })
  end)

  it("tells an error that the strategy raised, and shrinks to the fault that raises it", function()
    local failures = explore({ duration = 100, faults = { { "http", status = 503, probability = 0.5 } } }, function(client, stop)
      while not stop:wait(10) do assert(client:get_ticker { symbol = "BTCUSD", deadline = 0.5 }) end
    end, { seeds = 5, processes = 1 })
    assert(failures[1].why:find "^error: get_ticker BTCUSD: ", failures[1].why)
    assert.is_true(#failures[1].events > 0 and #failures[1].events < 10)
  end)

  it("raises for what cannot be meant, and tells a strategy that keeps something from run to run", function()
    local function wrong(text, ...)
      local ok, why = pcall(explore, ...)
      assert.is_false(ok)
      assert(tostring(why):find(text, 1, true), tostring(why))
    end
    wrong("a function f(client, stop) expected", {})
    wrong("unknown 'sees'", {}, careful, { sees = 1 })
    wrong("'seeds': a whole number from 1", {}, careful, { seeds = 0 })
    wrong("unknown option 'sede'", { sede = 1 }, careful)
    local runs = 0
    wrong("failed once and not again", { duration = 1 }, function()
      runs = runs + 1
      if runs == 1 then error "only once" end
    end, { processes = 1 })
  end)
end)
