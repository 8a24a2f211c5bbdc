-- The rate limits as a property of whole calls: whatever is called, by any number of tasks, clients and keys, while clocks
-- jump and tasks are cancelled, no call is refused for its rate, and no window of time holds more requests than its limit. The
-- paper exchange checks this with its own code, and bans; the spec also counts the times in its answers.
--
-- CALLS=1000000 makes a long run; SEED=n repeats a run.

local bybit = require "bybit"
local core = require "bybit.core"

local CALLS = math.tointeger(tonumber(os.getenv "CALLS" or 6000))
local SEED = math.tointeger(tonumber(os.getenv "SEED" or 20261125))
local TASKS = 40

-- Requests and seconds (V5 documentation, rate limits). The calls are below.
local LIMITS = { create = { 10, 1 }, cancel = { 10, 1 }, realtime = { 50, 1 }, info = { 50, 1 }, address = { 600, 5 } }

local DO = {
  create = function(client, more)
    local side = math.random(2) == 1 and "Buy" or "Sell"
    return client:place_order { symbol = "BTCUSD", side = side, type = "Market", quantity = 1, cancel = more.cancel }
  end,
  cancel = function(client, more)
    return client:cancel_order { symbol = "BTCUSD", client_order_id = "none", cancel = more.cancel }
  end,
  realtime = function(client, more)
    return client:get_open_order_real_time { symbol = "BTCUSD", client_order_id = "none", cancel = more.cancel }
  end,
  info = function(client, more) return client:request("GET", "/v5/account/info", nil, more) end,
  time = function(client, more) return client:request("GET", "/v5/market/time", nil, more) end, -- public: in no key's group
}
local KINDS = { "create", "create", "create", "cancel", "cancel", "realtime", "info", "time", "time", "time" }

-- The first moment after which more requests than the limit were made within the span.
local function broken(moments, limit)
  table.sort(moments)
  local most, span = table.unpack(limit)
  for i = 1, #moments - most do
    if moments[i + most] - moments[i] < span * 1000 then return moments[i] end
  end
end

describe("rate limits", function()
  local exchange, clients

  before_each(function()
    exchange = bybit.paper.start { clock = "manual", seed = SEED, lag = 0,
      keys = { { key = "firstKey", secret = "x" }, { key = "otherKey", secret = "y" } } }
    exchange:set_price("BTCUSD", "30000")
    clients = {}
  end)

  after_each(function()
    for _, client in ipairs(clients) do client:close() end
    exchange:close()
  end)

  it(("hold for %d calls of %d tasks, three clients and two keys"):format(CALLS, TASKS), function()
    local made, shifted, calls, gone = {}, 0, 0, 0 -- made: requests that are counted together -> their moments, ms
    local random = math.random
    math.randomseed(SEED)
    finally(function() core.loop.shift(-shifted) end)

    local function count(key, kind, now)
      for _, name in ipairs { "address", kind ~= "time" and key .. " " .. kind or nil } do
        made[name] = made[name] or {}
        table.insert(made[name], now)
      end
    end

    local again
    local function hear(event)
      if event.level == "debug" and event.error then again = again or event.error end
    end

    for i, key in ipairs { "firstKey", "firstKey", "otherKey" } do
      clients[i] = bybit.client { environment = exchange, key = key, secret = key == "firstKey" and "x" or "y",
        deadline = 600, log = hear }
      assert(DO.time(clients[i], {})) -- the exchange's clock must be known before the local one is set
    end

    bybit.run(function()
      for _ = 1, TASKS do
        bybit.spawn(function()
          while calls < CALLS do
            calls = calls + 1
            local n, kind = random(#clients), KINDS[random(#KINDS)]
            local more = { cancel = random(50) == 1 and bybit.cancel_token() or nil }
            if more.cancel then
              bybit.spawn(function()
                bybit.sleep(random() * 0.5)
                more.cancel:cancel()
              end)
            end
            local _, err, response = DO[kind](clients[n], more)
            if err and err.kind == "cancelled" then
              gone = gone + 1
            elseif err and err.kind ~= "not_found" then
              error(("seed %d, call %d: %s"):format(SEED, calls, tostring(err)))
            end
            if response.time then count(n == 3 and "otherKey" or "firstKey", kind, response.time) end
            if random(40) == 1 then bybit.sleep(random() * 3) end
            -- The program was busy, or its requests were late, but not so late that their timestamps are refused.
            if random(500) == 1 then exchange:advance(random() * 2.5) end
            if random(100) == 1 then -- somebody sets the wall clock
              local ms = random(-3600000, 3600000)
              core.loop.shift(ms)
              shifted = shifted + ms
            end
          end
        end)
      end
    end)

    for name, moments in pairs(made) do
      local at = broken(moments, LIMITS[name:match "%a+$"])
      assert.is_nil(at, ("seed %d: %s at %s"):format(SEED, name, at))
    end
    assert.is_true(gone > 0, "nobody gave up")
    for _, client in ipairs(clients) do
      assert.equal(0, client:stats().retries, ("seed %d: %s"):format(SEED, again))
      assert.is_nil(client:budget().banned_for)
    end
  end)

  it("of an address count all keys together, and a ban stops all of them", function()
    for i, key in ipairs { "firstKey", "otherKey" } do
      clients[i] = bybit.client { environment = exchange, key = key, secret = key == "firstKey" and "x" or "y" }
    end
    local before = core.loop.now()
    for i = 1, 570 do assert(DO.time(clients[i % 2 + 1], {})) end -- 30 are kept for what takes risk away
    for i = 1, 30 do
      local client, one = clients[i % 2 + 1], i > 15
      local method, id = one and "cancel_order" or "cancel_all_orders", one and "x" or nil
      local _, err = client[method](client, { symbol = "BTCUSD", order_id = id })
      assert.is_true(not err or err.kind == "not_found", tostring(err))
    end
    assert.equal(before, core.loop.now())
    assert(DO.time(clients[1], {}))
    local spent = core.loop.now() - before
    assert.is_true(spent >= 5 and spent < 5.1, spent)
    local greedy = bybit.client { environment = exchange, rate = false }
    clients[3] = greedy
    exchange:advance(5)
    local banned
    for _ = 1, 601 do
      local _, err = greedy:request("GET", "/v5/market/time", nil, { deadline = 1 })
      banned = banned or err
    end
    assert.equal(403, banned.http_status)
    local _, err = DO.time(clients[1], {}) -- it learns of the ban by its own call
    assert.equal(403, err.http_status)
    _, err = DO.create(clients[2], {})
    assert.same({ "rate_limit", "not_sent" }, { err.kind, err.outcome })
    assert.is_true(err.retry_after > 590)
  end)
end)
