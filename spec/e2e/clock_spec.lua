-- The exchange's clock over real HTTP: an exchange whose clock differs from ours, and local clocks that are set while a program
-- runs. No request is made only to learn the time.

local bybit = require "bybit"
local core = require "bybit.core"
local scripted = require "spec.support.scripted_exchange"

local loop = core.loop
local START = 1704067200000 -- the exchange's clock, 2024-01-01

local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000" }

describe("an exchange whose clock differs from ours", function()
  local exchange, shifted

  before_each(function()
    exchange, shifted = bybit.paper.start { clock = "manual", seed = 7, lag = 0, limits = false, start_time = START }, 0
    exchange:set_price("BTCUSD", "30000")
    loop.virtual(START) -- our clock is virtual too, but does not follow the exchange's: the client knows only its url
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

  for text, ms in pairs { ["5 s behind"] = -4900, ["1 s behind"] = -1000, ["1 s ahead"] = 990 } do
    it(("does no harm when ours is %s: the first timestamp is in the window"):format(text), function()
      set_clock(ms)
      local client <close> = client_on()
      assert(client:place_order(ORDER))
      assert.equal(0, client:stats().retries)
    end)
  end

  for text, ms in pairs { ["an hour behind"] = -3600000, ["1.1 s ahead"] = 1100, ["a year ahead"] = 365 * 86400000 } do
    it(("is learned from the first refusal when ours is %s, and the call is made again"):format(text), function()
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

  it("is learned from any answer, even a public one, before the first order", function()
    set_clock(-3600000)
    local client <close> = client_on()
    assert.is_nil(client:stats().clock_offset)
    assert(client:request("GET", "/v5/market/time"))
    assert.is_true(math.abs(client:stats().clock_offset - 3600000) <= 1)
    assert(client:place_order(ORDER))
    assert.equal(0, client:stats().retries)
  end)

  it("is not affected by steps of the local clock once it is known", function()
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

  it("is followed when it makes a step, with one refusal at most", function()
    local client <close> = client_on()
    assert(client:place_order(ORDER))
    exchange:advance(60)
    assert(client:place_order(ORDER))
    assert.equal(1, client:stats().retries)
    assert.is_true(math.abs(client:now() - START - 60000) <= 1)
    exchange:advance(60)
    for _ = 1, 2 do assert(client:request("GET", "/v5/market/time")) end -- answers to reads tell the time as well
    assert(client:place_order(ORDER))
    assert.equal(1, client:stats().retries)
  end)

  it("works with small windows and large ones", function()
    set_clock(-400)
    for _, window in ipairs { 1000, 2000, 60000 } do
      local client <close> = client_on { receive_window = window }
      assert(client:place_order(ORDER))
      assert(client:place_order(ORDER))
      assert.equal(0, client:stats().retries)
    end
  end)
end)

-- What is signed, request by request, by clients of an exchange whose clock and network the specs make. Time is virtual.
describe("the receive window of the caller", function()
  after_each(loop.real)

  local ACK = '{"orderId":"o-1","orderLinkId":""}'
  local LIST = '{"list":[],"nextPageCursor":"","category":"inverse"}'

  -- A client, and what it has signed: { stamp, window, at (the exchange's clock when it was signed) }.
  local function signer(options, there, back, ahead)
    local signed = {}
    local client = scripted.client(function(request)
      local stamp = math.tointeger(tonumber(request.headers["X-BAPI-TIMESTAMP"]))
      signed[#signed + 1] = { stamp = stamp, window = math.tointeger(tonumber(request.headers["X-BAPI-RECV-WINDOW"])),
        at = request.at + (ahead or 0) }
      loop.advance(there or 0)
      local time = loop.wall() + (ahead or 0)
      loop.advance(back or 0)
      return { status = 200, body = ('{"retCode":0,"retMsg":"OK","result":%s,"retExtInfo":{},"time":%d}'):format(
        request.verb == "POST" and ACK or LIST, time) }
    end, options)
    return client, signed
  end

  -- Each kind of signed call, as it goes out.
  local CALLS = {
    place_order = ORDER,
    place_conditional_order = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, trigger_price = "20000",
      base_price = "30000" },
    cancel_order = { symbol = "BTCUSD", order_id = "o-1" },
    modify_order = { symbol = "BTCUSD", order_id = "o-1", new_price = "20001" },
    set_trading_stop = { symbol = "BTCUSD", stop_loss_price = "20000" },
    get_open_orders_real_time = { symbol = "BTCUSD" },
  }

  for _, window in ipairs { 100, 5000, 60000 } do
    it(("of %d ms is what acts, of the first call and of each later one"):format(window), function()
      for name, params in pairs(CALLS) do
        local client <close>, signed = signer { receive_window = window }
        for _ = 1, 3 do
          client[name](client, params)
          loop.advance(0.01)
        end
        assert.is_true(#signed >= 3, name)
        for i, s in ipairs(signed) do
          assert.equal(window, s.window)
          assert.is_true(s.stamp <= s.at and s.stamp >= s.at - 2, ("%s %d: %d ms ahead"):format(name, i, s.stamp - s.at))
        end
      end
    end)
  end

  it("is shortened by the clock's doubt alone: half a round trip", function()
    local client <close>, signed = signer(nil, 0.15, 0.05)
    for _ = 1, 5 do client:cancel_order { symbol = "BTCUSD", order_id = "o-1" } end
    for i = 2, 5 do
      local s, doubt = signed[i], client:stats().clock_doubt
      assert.is_true(s.stamp <= s.at, "no request acts later than the window allows")
      assert.is_true(s.stamp >= s.at - 2 * doubt - 1)
    end
  end)

  it("holds when the local clock jumps, and when the computer has slept", function()
    local client <close>, signed = signer()
    local function asked()
      assert(client:place_order(ORDER))
      return signed[#signed]
    end
    asked()
    finally(function() loop.shift(-7200000) end)
    loop.shift(7200000) -- the wall clock is what the answers' time is made of here: the exchange's jumps with it
    asked()
    asked()
    local s = asked()
    assert.is_true(s.stamp <= s.at and s.stamp >= s.at - 2, s.stamp - s.at)
    loop.advance(3600)
    loop.suspend(3600)
    s = asked()
    assert.is_true(s.stamp <= s.at - 1000 and s.stamp >= s.at - 5000 // 4 - 1, "what its clock counted asleep is in doubt")
    s = asked()
    assert.is_true(s.stamp >= s.at - 2)
  end)
end)

describe("timestamps of sendings", function()
  after_each(loop.real)

  -- The timestamps that `count` calls at one moment were signed with.
  local function stamps_of(calls)
    local stamps, count = {}, 0
    local function serve(request)
      local stamp = request.headers["X-BAPI-TIMESTAMP"]
      if stamp then
        count = count + 1
        stamps[stamp] = (stamps[stamp] or 0) + 1
      end
      return scripted.answer(0, request.verb == "POST" and '{"orderId":"o-1","orderLinkId":""}' or '{"list":[]}')
    end
    calls(serve)
    local different = 0
    for _ in pairs(stamps) do different = different + 1 end
    return count, different
  end

  it("are never alike, however many go out at one moment: 300 orders, each of them cancelled", function()
    local count, different = stamps_of(function(serve)
      local client <close> = scripted.client(serve, { rate = false })
      bybit.run(function()
        for _ = 1, 300 do
          bybit.spawn(function()
            client:place_order(ORDER)
            client:cancel_order { symbol = "BTCUSD", order_id = "o-1" }
          end)
        end
      end)
    end)
    assert.same({ 600, 600 }, { count, different })
  end)

  it("are not of two clients with one key, whether they mind rate limits or not", function()
    local count, different = stamps_of(function(serve)
      local a <close> = scripted.client(serve)
      local b <close> = scripted.client(serve, { rate = false })
      for _ = 1, 5 do
        for _, client in ipairs { a, b } do client:cancel_order { symbol = "BTCUSD", order_id = "o-1" } end
      end
    end)
    assert.same({ 10, 10 }, { count, different })
  end)

  it("are not of one attempt and the next, nor spent on what is not signed", function()
    local n = 0
    local count, different = stamps_of(function(serve)
      local client <close> = scripted.client(function(request)
        n = n + 1
        local answered = serve(request)
        return n <= 2 and scripted.answer(10016) or answered
      end, { rate = false })
      client:place_order(ORDER)
      for _ = 1, 3 do client:request("GET", "/v5/market/time") end
      assert.is_true(n >= 5)
    end)
    assert.equal(count, different)
  end)
end)

describe("a timestamp that is refused again and again", function()
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
    assert.truthy(tostring(err):find("timestamp out of window (10002): signed for " .. bybit.iso(exchange_time)
      .. "; the exchange's clock showed " .. bybit.iso(exchange_time) .. ", the local one " .. bybit.iso(scripted.START),
      1, true), tostring(err))
  end)

  it("does no harm if an answer's time is not a time", function()
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
