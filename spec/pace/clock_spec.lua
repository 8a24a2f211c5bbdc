-- The exchange's clock, as its answers tell it. Each case sets the truth first (an exchange whose clock is `ahead` of ours, a
-- network with known delays), and checks how near the clock comes to it.

local core = require "bybit.core"

local START = 1700000000000 -- ms: the exchange's clock when ours shows 0

-- The exchange's time at our moment `at` (seconds), cut to milliseconds, as the exchange sends it.
local function exchange_time(at, ahead)
  return math.floor(START + at * 1000 + (ahead or 0))
end

-- One answer: the request is sent at `at`, takes `out` seconds to arrive, and the answer takes `back` seconds.
local function answer(clock, at, out, back, ahead)
  clock:learn(at, at + out + back, exchange_time(at + out, ahead))
end

describe("clock", function()
  it("knows nothing before an answer: the wall clock is used instead", function()
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

  it("combines several answers to the narrowest range, whichever way was slow", function()
    local clock = core.clock()
    answer(clock, 0, 0.001, 0.4)  -- shows that the exchange is not further ahead
    answer(clock, 1, 0.3, 0.002)  -- shows that it is not further behind
    answer(clock, 2, 0.9, 0.9)    -- tells nothing new
    local offset, doubt = clock:offset(3.8)
    assert.is_true(math.abs(offset - START) <= 2, tostring(offset - START))
    assert.is_true(doubt <= 3)
  end)

  it("is never further from the truth than its own doubt, whatever the delays (seeded)", function()
    math.randomseed(20260101)
    for _ = 1, 200 do
      local clock, at, ahead = core.clock(), 0, math.random(-1000000, 1000000) / 10
      local drift = (math.random() * 2 - 1) * 50e-6 -- of the exchange's clock, compared with ours
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

  it("forgets an old answer, since its doubt grows with age", function()
    local clock = core.clock()
    answer(clock, 0, 0.001, 0.001)
    local _, young = clock:offset(1)
    local _, old = clock:offset(3600)
    assert.is_true(old > young + 100)
    -- an hour later the exchange has drifted by 180 ms, so a slow new answer is worth more than the fast old one
    answer(clock, 3600, 0.05, 0.05, 180)
    assert.is_true(math.abs(clock:now(3600.1, 0) - exchange_time(3600.1, 180)) <= 51)
  end)

  it("adds a doubt of 100 ppm of the age of what it knows, whatever our clock shows", function()
    for _, at in ipairs { 0, 1e6 } do
      local clock = core.clock()
      answer(clock, at, 0.001, 0.001)
      local _, young = clock:offset(at + 0.002)
      local _, old = clock:offset(at + 1000.002)
      assert.is_true(young <= 2, young)
      assert.is_true(math.abs(old - young - 100) < 0.01, old - young)
      local _, before = clock:offset(at - 1000)
      assert.is_true(math.abs(before - young) < 0.01, "a moment that has passed is no age")
    end
  end)

  it("knows a moment the better, the nearer it is to what it learned, before or after", function()
    local clock = core.clock()
    assert.is_nil(clock:moment(0))
    answer(clock, 1000, 0.005, 0.007)
    local function span(at)
      local low, high, arrival = clock:moment(at)
      assert.equal(low + 1, arrival, "no round trip was under 2 ms: one way takes a millisecond")
      return exchange_time(at) - low, high - exchange_time(at)
    end
    assert.same({ 7, 6 }, { span(1000.012) }) -- the answer took 7 ms, the request 5, and a part of a millisecond was cut off
    assert.same({ 17, 16 }, { span(1100.012) })
    assert.same({ 17, 16 }, { span(900.012) })
    answer(clock, 1999.012, 0.5, 0.5) -- a slow answer, 1000 s later: 100 ms of drift until then, and as much back
    assert.same({ 7 + 200, 6 + 200 }, { span(1000.012) })
  end)

  it("knows from an answer that a request signed right after it arrives later", function()
    local clock = core.clock()
    answer(clock, 50, 0.004, 0.006)
    assert.equal(exchange_time(50.004) + 1, (select(3, clock:moment(50.01))))
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

  it("believes the last answer after the exchange has refused a timestamp", function()
    local clock = core.clock()
    answer(clock, 0, 0.01, 0.01)
    answer(clock, 1, 0.2, 0.2, -4321)
    clock:adopt()
    assert.is_true(math.abs(clock:now(2, 0) - exchange_time(2, -4321)) <= 1)
    core.clock():adopt() -- nothing to adopt: no error
  end)

  it("keeps what it knows when a request was refused only because it arrived late", function()
    local clock = core.clock()
    answer(clock, 0, 0.01, 0.01)
    answer(clock, 1, 7, 0.01) -- 7 s to arrive: its timestamp is too old, and half the round trip is far from the truth
    clock:adopt()
    assert.is_true(math.abs(clock:now(9, 0) - exchange_time(9)) <= 15)
  end)

  it("ignores a time that cannot be right", function()
    local clock = core.clock()
    for _, time in ipairs { 0, -1, 1, 1700000000, math.maxinteger, math.mininteger } do clock:learn(0, 0.01, time) end
    for time, fine in pairs { [1262303999999] = false, [1262304000000] = true, -- 2010 to 2100 (date -u)
      [4102444800000] = true, [4102444800001] = false } do
      local edge = core.clock()
      edge:learn(0, 0.01, time)
      assert.equal(fine, edge:offset(1) ~= nil, time)
    end
    clock:learn(2, 1, START) -- answered before it was asked
    assert.is_nil(clock:offset(0))
  end)

  it("asks for timestamps at the best guess less its doubt: never ahead of it, and no older than it has to be", function()
    for _, window in ipairs { 100, 1000, 5000, 60000 } do
      local clock = core.clock()
      answer(clock, 0, 0, 0)
      local now = exchange_time(7)
      local latest, earliest = clock:timestamp(7, 0, window)
      assert.is_true(latest <= now and latest >= now - 2, ("%d: %d ms ahead"):format(window, latest - now))
      assert.is_true(earliest >= now - window // 2 - 1 and earliest < latest, "half of the window is never given away")
    end
  end)

  it("moves a timestamp back by what is not known of the clock, so that no request acts later than its window allows",
    function()
      -- Of 40 ms there and back it is not known which way took them: the exchange's clock may be 20 ms behind the guess.
      for _, there in ipairs { 0, 0.013, 0.04 } do
        local clock = core.clock()
        answer(clock, 0, there, 0.04 - there)
        local latest = clock:timestamp(1, 0, 5000)
        assert.is_true(latest <= exchange_time(1), ("%g s there: %d ms ahead"):format(there, latest - exchange_time(1)))
        assert.is_true(latest >= exchange_time(1) - 42)
        local _, doubt = clock:offset(1)
        assert.equal(math.floor(clock:offset(1) + 1000 - doubt), latest)
      end
    end)

  it("gives away no more than a quarter of the window for an old answer", function()
    local clock = core.clock()
    answer(clock, 0, 0.001, 0.001)
    local night = 12 * 3600 -- s: 4.3 s of doubt
    for _, window in ipairs { 100, 5000 } do
      local latest, earliest = clock:timestamp(night, 0, window)
      local guess = clock:now(night, 0)
      assert.is_true(math.abs(guess - window // 4 - latest) <= 1)
      assert.is_true(math.abs(guess - window // 2 - earliest) <= 1)
    end
  end)

  it("takes the wall clock as it is while nothing is known", function()
    for _, window in ipairs { 100, 5000, 60000 } do
      assert.same({ START, START - window // 2 }, { core.clock():timestamp(7, START, window) })
    end
  end)

  it("doubts what it knows by a second more once the computer has slept: its clock may count whole ones of that", function()
    local clock = core.clock()
    answer(clock, 0, 0.001, 0.001)
    local offset, doubt = clock:offset(10)
    clock:slept()
    local same, more = clock:offset(10)
    assert.equal(offset, same)
    assert.equal(doubt + 1000, more)
    -- the computer counted 800 ms too many
    assert.is_true((clock:timestamp(10, 0, 5000)) <= exchange_time(10, -800))
    answer(clock, 10, 0.001, 0.001, -800)
    assert.is_true(math.abs(clock:now(11, 0) - exchange_time(11, -800)) <= 2, "one answer tells")
    core.clock():slept() -- nothing to doubt is fine
  end)
end)

describe("timestamps of one key", function()
  it("are never alike: the latest that is free, not before the earliest", function()
    local stamps = core.stamps()
    assert.equal(START, stamps:take(START, START - 2))
    assert.equal(START - 1, stamps:take(START, START - 2))
    assert.equal(START + 1, stamps:take(START + 1, START))
    assert.equal(START - 2, stamps:take(START, START - 2))
    assert.equal(START, stamps:take(START, START - 2), "none is free: the latest, once more")
    assert.equal(START - 3, stamps:take(START, START - 5))
  end)

  it("stay apart through a burst, and however the clock is set meanwhile (seeded)", function()
    math.randomseed(4)
    local stamps, seen, at = core.stamps(), {}, START
    for i = 1, 20000 do
      at = at + math.random(0, 3)
      if i % 5000 == 0 then at = at - math.random(1, 1000) end
      local stamp = stamps:take(at, at - 8000)
      assert.is_true(stamp <= at and stamp >= at - 8000)
      assert.is_nil(seen[stamp], i)
      seen[stamp] = true
    end
  end)

  it("are free again when nobody can remember them", function()
    local stamps = core.stamps()
    stamps:take(START, START)
    assert.equal(START + 86400000, stamps:take(START + 86400000, START))
    for i = 0, 16384, 64 do stamps:take(START + 16384 * 7 + i, START) end
    assert.equal(START, stamps:take(START, START))
  end)
end)
