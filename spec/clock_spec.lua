-- The exchange's clock as its answers tell it. Each case makes the truth first (an exchange whose clock is `ahead` of
-- ours, a network with known delays) and asks how near the clock comes to it.

local core = require "bybit.core"

local START = 1700000000000 -- ms: the exchange's clock at our second 0

-- The exchange's time at our moment `at` (seconds), cut to a millisecond as it sends it.
local function exchange_time(at, ahead)
  return math.floor(START + at * 1000 + (ahead or 0))
end

-- One answer: the request leaves at `at`, needs `out` seconds there and `back` seconds back.
local function answer(clock, at, out, back, ahead)
  clock:learn(at, at + out + back, exchange_time(at + out, ahead))
end

describe("clock", function()
  it("knows nothing before an answer: the wall clock stands in", function()
    local clock = core.clock()
    assert.is_nil(clock:offset(0))
    assert.equal(123456, clock:now(0, 123456))
  end)

  it("allows for half the round trip", function()
    local clock = core.clock()
    answer(clock, 10, 0.1, 0.1)
    local offset, doubt = clock:offset(10.2)
    assert.is_true(math.abs(offset - START) <= 1)
    assert.is_true(doubt >= 100 and doubt <= 101, "it may be off by half the round trip, not by more")
    assert.is_true(math.abs(clock:now(10.2, 0) - exchange_time(10.2)) <= 1)
  end)

  it("believes the tightest of several answers, whichever way their delay was", function()
    local clock = core.clock()
    answer(clock, 0, 0.001, 0.4)  -- tells that the exchange is not further ahead
    answer(clock, 1, 0.3, 0.002)  -- tells that it is not further behind
    answer(clock, 2, 0.9, 0.9)    -- tells nothing new
    local offset, doubt = clock:offset(3.8)
    assert.is_true(math.abs(offset - START) <= 2, tostring(offset - START))
    assert.is_true(doubt <= 3)
  end)

  it("is within its own doubt of the truth, whatever the delays (seeded)", function()
    math.randomseed(20260101)
    for _ = 1, 200 do
      local clock, at, ahead = core.clock(), 0, math.random(-1000000, 1000000) / 10
      local drift = (math.random() * 2 - 1) * 50e-6 -- of the exchange's clock against ours
      for _ = 1, 50 do
        at = at + math.random() * 60
        answer(clock, at, math.random() ^ 4, math.random() ^ 4, ahead + at * drift * 1000)
        local offset, doubt = clock:offset(at + 2)
        local truth = START + ahead + (at + 2) * drift * 1000
        assert.is_true(math.abs(offset - truth) <= doubt + 1, ("off by %g, said %g"):format(offset - truth, doubt))
        at = at + 2
      end
    end
  end)

  it("lets an old answer go: its doubt grows with age", function()
    local clock = core.clock()
    answer(clock, 0, 0.001, 0.001)
    local _, young = clock:offset(1)
    local _, old = clock:offset(3600)
    assert.is_true(old > young + 100)
    -- an hour later the exchange has drifted by 180 ms; a slow answer is worth more now than that fast one
    answer(clock, 3600, 0.05, 0.05, 180)
    assert.is_true(math.abs(clock:now(3600.1, 0) - exchange_time(3600.1, 180)) <= 51)
  end)

  it("does not believe one odd answer, but a second that agrees with it", function()
    local clock = core.clock()
    answer(clock, 0, 0.01, 0.01)
    answer(clock, 1, 0.01, 0.01, 90000)
    assert.is_true(math.abs(clock:now(1.02, 0) - exchange_time(1.02)) <= 2)
    answer(clock, 2, 0.01, 0.01)
    answer(clock, 3, 0.01, 0.01, 90000)
    assert.is_true(math.abs(clock:now(3.02, 0) - exchange_time(3.02)) <= 2, "two odd ones apart are two mistakes")
    answer(clock, 4, 0.01, 0.01, 90000)
    assert.is_true(math.abs(clock:now(4.02, 0) - exchange_time(4.02, 90000)) <= 2)
  end)

  it("takes the last answer for the truth once the exchange refused a timestamp", function()
    local clock = core.clock()
    answer(clock, 0, 0.01, 0.01)
    answer(clock, 1, 0.2, 0.2, -4321)
    clock:adopt()
    assert.is_true(math.abs(clock:now(2, 0) - exchange_time(2, -4321)) <= 1)
    core.clock():adopt() -- nothing to adopt is fine
  end)

  it("keeps what it knows when a request was refused because it came late", function()
    local clock = core.clock()
    answer(clock, 0, 0.01, 0.01)
    answer(clock, 1, 7, 0.01) -- 7 s on its way there: its timestamp is too old, and half the round trip is far off
    clock:adopt()
    assert.is_true(math.abs(clock:now(9, 0) - exchange_time(9)) <= 15)
  end)

  it("ignores what is no time", function()
    local clock = core.clock()
    for _, time in ipairs { 0, -1, 1, 1700000000, math.maxinteger, math.mininteger } do clock:learn(0, 0.01, time) end
    clock:learn(2, 1, START) -- answered before it was asked
    assert.is_nil(clock:offset(0))
  end)

  it("aims timestamps at the middle of what the exchange accepts", function()
    -- server_time - window <= timestamp < server_time + 1000 (V5 documentation, integration guidance)
    local clock = core.clock()
    answer(clock, 0, 0, 0)
    for _, window in ipairs { 100, 1000, 5000, 60000 } do
      local now = exchange_time(7)
      local timestamp = clock:timestamp(7, 0, window)
      local late, early = timestamp - (now - window), now + 1000 - timestamp
      assert.is_true(math.abs(late - early) <= 2, ("%d: %d before, %d after"):format(window, late, early))
    end
  end)
end)
