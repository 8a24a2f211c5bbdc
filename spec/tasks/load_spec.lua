-- Many tasks over one client: every answer is the right one, the number of connections is limited, memory is freed, and
-- waiting uses no CPU.

local bybit = require "bybit"
local loop = require("bybit.core").loop
local process = require "spec.support.process"
local trading = require "spec.support.trading"

local TASKS = 2000

-- How many descriptors this process has open; nil when the system does not tell.
local function descriptors()
  local ok, lfs = pcall(require, "lfs")
  if not ok or not lfs.attributes "/proc/self/fd" then return nil end
  local count = 0
  for _ in lfs.dir "/proc/self/fd" do count = count + 1 end
  return count
end

describe("two thousand tasks over one client", function()
  local CONNECTIONS = 8
  local exchange, client
  local resting = {} -- orders in the book, to be read

  setup(function()
    exchange, client = trading.start { connections = CONNECTIONS }
    for i = 1, 50 do
      resting[i] = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = i, price = "20000",
        client_order_id = "resting-" .. i }).order_id
    end
  end)

  teardown(function()
    client:close()
    exchange:close()
  end)

  -- Each task places its own order and reads one in the book; both answers must be its own.
  local function storm(round)
    local right, most = 0, 0
    bybit.run(function()
      for i = 1, TASKS do
        bybit.spawn(function()
          local id, quantity = ("r%d-%d"):format(round, i), i % 97 + 1
          local ack = assert(client:place_order { symbol = "BTCUSD", side = i % 2 == 0 and "Buy" or "Sell", type = "Market",
            quantity = quantity, client_order_id = id })
          assert(ack.client_order_id == id, "another order's acknowledgement")
          local n = i * 7 % 50 + 1
          local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", client_order_id = "resting-" .. n })
          assert(order.order_id == resting[n] and order.quantity:eq(n), "another order")
          right = right + 1
          if i % 100 == 0 then most = math.max(most, descriptors() or 0) end
        end)
      end
    end)
    return right, most
  end

  local function level()
    collectgarbage()
    collectgarbage()
    return collectgarbage "count"
  end

  it("get the right answers over few connections, and leave no memory behind", function()
    local before = descriptors()
    local right, most = storm(1)
    assert.equal(TASKS, right)
    if before then
      -- Both ends of each connection are in this process.
      assert.is_true(most > before and most <= before + 2 * CONNECTIONS + 2, most .. " descriptors, before " .. before)
    end
    local first = level()
    storm(2)
    local second = level()
    -- With 2,000 tasks even an empty table left behind by each would show.
    assert.is_true(second - first < 64, ("%.0f KB more"):format(second - first))
  end)
end)

describe("a task that waits", function()
  it("takes less than 3 KB of Lua's memory", function()
    local COUNT = 1000
    bybit.run(function()
      local list = {}
      for i = 1, COUNT do list[i] = false end
      collectgarbage()
      local before = collectgarbage "count"
      for i = 1, COUNT do list[i] = bybit.spawn(bybit.sleep, 3600) end
      bybit.sleep(0) -- now all of them wait
      collectgarbage()
      local each = (collectgarbage "count" - before) * 1024 / COUNT
      for _, task in ipairs(list) do task:cancel() end
      assert.is_true(each < 3072, each .. " bytes")
    end)
  end)
end)

describe("the loop", function()
  it("sleeps while a hundred calls wait for a slow server", function()
    local file <close> = assert(io.open "spec/support/slow_server.lua")
    local slow <close> = process.start(file:read "a", { SECONDS = "4" }) -- luacheck: ignore 211
    local url = "http://127.0.0.1:" .. slow:line()
    local client <close> = bybit.client { environment = { url = url }, in_flight = 100, connections = 100 }
    local before, waiting = loop.wakeups(), nil
    bybit.run(function()
      for _ = 1, 100 do
        bybit.spawn(function() assert(client:request("GET", "/v5/market/time").timeSecond == "1") end)
      end
      bybit.sleep(2) -- all are sent; from here the loop only waits
      local start = loop.wakeups()
      bybit.sleep(1)
      waiting = loop.wakeups() - start
    end)
    assert.is_true(waiting <= 10, waiting .. " wake-ups in a second with nothing to do")
    local count = loop.wakeups() - before
    assert.is_true(count <= 400, count .. " wake-ups for a hundred calls, from connecting to the answer")
  end)

  it("sleeps while a call blocks", function()
    local file <close> = assert(io.open "spec/support/slow_server.lua")
    local slow <close> = process.start(file:read "a", { SECONDS = "1" }) -- luacheck: ignore 211
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:" .. slow:line() } }
    local before = loop.wakeups()
    assert(client:request("GET", "/v5/market/time"))
    assert.is_true(loop.wakeups() - before <= 10)
  end)
end)
