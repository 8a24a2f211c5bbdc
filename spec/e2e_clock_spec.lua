-- The exchange's clock over real HTTP: an exchange whose clock is not ours, and local clocks that are set while a
-- program runs. No request is made to learn of time.

local bybit = require "bybit"
local core = require "bybit.core"
local scripted = require "spec.support.scripted_exchange"

local loop = core.loop
local START = 1704067200000 -- where the exchange's clock stands, 2024-01-01

local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000" }

describe("an exchange whose clock is not ours", function()
  local exchange, shifted

  before_each(function()
    exchange, shifted = bybit.paper.start { clock = "manual", seed = 7, lag = 0, limits = false, start_time = START }, 0
    exchange:set_price("BTCUSD", "30000")
    loop.virtual(START) -- ours: as virtual as the exchange's, but it does not follow it: the client knows its url only
  end)

  after_each(function()
    loop.shift(-shifted)
    loop.real()
    exchange:close()
  end)

  local function client_on(options)
    local o = { environment = { url = exchange.url }, key = exchange.key, secret = exchange.secret, rate = false }
    for k, v in pairs(options or {}) do o[k] = v end
    return bybit.client(o)
  end

  -- Somebody sets the local wall clock forward.
  local function set_clock(ms)
    loop.shift(ms)
    shifted = shifted + ms
  end

  for text, ms in pairs { ["3 s behind"] = -2900, ["1 s behind"] = -1000, ["2 s ahead"] = 2000, ["3 s ahead"] = 2900 } do
    it(("is no trouble when ours is %s: the first timestamp is in the middle of the window"):format(text), function()
      set_clock(ms)
      local client <close> = client_on()
      assert(client:place_order(ORDER))
      assert.equal(0, client:stats().retries)
    end)
  end

  for text, ms in pairs { ["an hour behind"] = -3600000, ["4 s ahead"] = 4000, ["a year ahead"] = 365 * 86400000 } do
    it(("is found out by the first refusal when ours is %s, and the call is made again"):format(text), function()
      set_clock(ms)
      local client <close> = client_on()
      assert(client:place_order(ORDER))
      local stats = client:stats()
      assert.equal(1, stats.retries)
      assert.is_true(math.abs(stats.clock_offset + ms) <= 1, tostring(stats.clock_offset))
      assert.is_true(math.abs(client:now() - START) <= 1)
      for _ = 1, 3 do assert(client:place_order(ORDER)) end
      assert.equal(1, client:stats().retries, "known from then on")
      assert.equal(5, client:stats().requests, "and nobody asked for the time")
    end)
  end

  it("is learned from any answer, a public one too, before the first order", function()
    set_clock(-3600000)
    local client <close> = client_on()
    assert.is_nil(client:stats().clock_offset)
    assert(client:request("GET", "/v5/market/time"))
    assert.is_true(math.abs(client:stats().clock_offset - 3600000) <= 1)
    assert(client:place_order(ORDER))
    assert.equal(0, client:stats().retries)
  end)

  it("steps of the local clock change nothing once it is known", function()
    local client <close> = client_on()
    assert(client:place_order(ORDER))
    for _, ms in ipairs { 3600000, -7200000, 86400000 * 30 } do
      set_clock(ms)
      assert.is_true(math.abs(client:now() - START) <= 1)
      assert(client:place_order(ORDER))
    end
    assert.equal(0, client:stats().retries)
    assert.is_true(math.abs(client:stats().clock_offset + shifted) <= 1, "the offset is from the local wall clock")
  end)

  it("a step of the exchange's clock is followed, with one refusal at most", function()
    local client <close> = client_on()
    assert(client:place_order(ORDER))
    exchange:advance(60)
    assert(client:place_order(ORDER))
    assert.equal(1, client:stats().retries)
    assert.is_true(math.abs(client:now() - START - 60000) <= 1)
    exchange:advance(60)
    for _ = 1, 2 do assert(client:request("GET", "/v5/market/time")) end -- reads tell as well
    assert(client:place_order(ORDER))
    assert.equal(1, client:stats().retries)
  end)

  it("small windows and large ones work", function()
    set_clock(-400)
    for _, window in ipairs { 1000, 2000, 60000 } do
      local client <close> = client_on { receive_window = window }
      assert(client:place_order(ORDER))
      assert(client:place_order(ORDER))
      assert.equal(0, client:stats().retries)
    end
  end)
end)

describe("a refusal of the timestamp that stays", function()
  it("shows both clocks", function()
    finally(loop.real)
    local exchange_time = scripted.START + 5000
    local client <close> = scripted.client(function()
      return { status = 200, body = ('{"retCode":10002,"retMsg":"x","result":{},"time":%d}'):format(exchange_time) }
    end)
    local ack, err, response = client:place_order(ORDER)
    assert.is_nil(ack)
    assert.equal(2, response.attempts)
    assert.equal("auth", err.kind)
    assert.equal("rejected", err.outcome)
    -- the second one was signed for the middle of the window: 2 s before the exchange's time of the first answer
    assert.truthy(tostring(err):find("timestamp out of window (10002): signed for " .. bybit.iso(exchange_time - 2000)
      .. "; the exchange's clock showed " .. bybit.iso(exchange_time) .. ", the local one " .. bybit.iso(scripted.START),
      1, true), tostring(err))
  end)

  it("survives an answer whose time is none", function()
    finally(loop.real)
    for _, time in ipairs { "0", "-5", "9223372036854775807", '"soon"', "null" } do
      local client <close> = scripted.client(function()
        return { status = 200, body = ('{"retCode":10002,"retMsg":"x","result":{},"time":%s}'):format(time) }
      end)
      local _, err = client:place_order(ORDER)
      assert.equal(10002, err.code, time)
      assert.equal(scripted.START, client:now())
    end
  end)
end)
