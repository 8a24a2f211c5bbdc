-- The limiter alone, in virtual time. Its promise: the exchange never counts more than its limit in any window, at whatever
-- moment between the sending and the answer it counts. A test exchange, which counts with its own code, checks this.

local core = require "bybit.core"
local loop = core.loop

local START = 1700000000000

describe("limiter", function()
  before_each(function() loop.virtual(START) end)
  after_each(function() loop.real() end)

  local function use(limiter, group, limit, times)
    for _ = 1, times do
      assert.equal(0, limiter:wait(group, limit))
      limiter:take(group, limit)
    end
  end

  local function take(limiter, group, limit, times)
    for _ = 1, times do limiter:take(group, limit) end
  end

  local function finish(limiter, group, limit, times)
    for _ = 1, times do limiter:done(group, limit) end
  end

  it("lets as many through as the window allows, then none until the window has passed", function()
    local limiter = core.limiter()
    use(limiter, "g", 3, 3)
    assert.equal(math.huge, limiter:wait("g", 3), "while they are under way nobody knows when the exchange counts them")
    loop.advance(0.2)
    finish(limiter, "g", 3, 3)
    local wait = limiter:wait("g", 3)
    assert.is_true(wait >= 1 and wait < 1.01)
    loop.advance(0.5)
    assert.is_true(math.abs(limiter:wait("g", 3) - (wait - 0.5)) < 1e-6)
    loop.advance(wait - 0.5)
    use(limiter, "g", 3, 3)
  end)

  it("counts a request that weighs more as so many, and waits until all of them fit", function()
    local limiter = core.limiter()
    use(limiter, "g", 10, 4)
    assert.equal(0, limiter:wait("g", 10, false, 6))
    assert.equal(math.huge, limiter:wait("g", 10, false, 7), "with seven there would be eleven")
    finish(limiter, "g", 10, 4)
    limiter:take("g", 10, 6)
    assert.is_true(limiter:wait("g", 10) > 1, "ten are under way or were just now")
    assert.equal(math.huge, limiter:wait("g", 10, false, 5), "the fifth has to wait for the six")
    loop.advance(0.4)
    limiter:done("g", 10, true, false, 6)
    local wait = limiter:wait("g", 10, false, 5)
    assert.is_true(wait > 1 and wait < 1.01, "four leave soon, but a fifth only with the six")
    assert.is_true(limiter:wait("g", 10, false, 4) < 0.61)
    loop.advance(wait)
    assert.equal(0, limiter:wait("g", 10, false, 10))
  end)

  it("does not count what weighs more and was not sent", function()
    local limiter = core.limiter()
    limiter:take("g", 10, 10)
    limiter:done("g", 10, false, false, 10)
    assert.equal(0, limiter:wait("g", 10, false, 10))
  end)

  it("lets a request that weighs more than the limit through when nothing else counts", function()
    local limiter = core.limiter()
    assert.equal(0, limiter:wait("g", 5, false, 10))
    use(limiter, "g", 5, 1)
    assert.equal(math.huge, limiter:wait("g", 5, false, 10))
  end)

  it("learns what others used from an answer to a request that weighs more", function()
    local limiter = core.limiter()
    limiter:take("g", 10, 4)
    limiter:learn("g", 10, 10, 3) -- seven are used: three of them by others
    limiter:done("g", 10, true, false, 4)
    assert.equal(0, limiter:wait("g", 10, false, 3))
    assert.is_true(limiter:wait("g", 10, false, 4) > 0.9)
  end)

  it("knows a group again however long its name is", function()
    local limiter, long = core.limiter(), ("a"):rep(60)
    use(limiter, long, 2, 2)
    assert.equal(math.huge, limiter:wait(long, 2))
    assert.equal(0, limiter:wait(long:sub(1, 39), 2), "another group, though its name begins the other one")
    assert.equal(0, limiter:wait(long .. "b", 2))
    finish(limiter, long, 2, 2)
    assert.is_true(limiter:wait(long, 2) < math.huge)
  end)

  it("leaves room for an exchange that counts in whole milliseconds of a drifting clock", function()
    -- A poor clock is 100 ppm fast or slow. The exchange counts a request when it is sent, or when it has ended.
    math.randomseed(7)
    for _, drift in ipairs { -1e-4, 0, 1e-4 } do
      local function shown() return math.floor(loop.now() * (1 + drift) * 1000) end
      local limiter, most = core.limiter(), 0
      for i = 1, 300 do
        use(limiter, "g", 1, 1)
        local counted = shown()
        finish(limiter, "g", 1, 1)
        local wait = limiter:wait("g", 1)
        most = math.max(most, wait)
        loop.advance(wait)
        assert.is_true(shown() - counted >= 1000, ("drift %g, request %d: after %d ms"):format(drift, i, shown() - counted))
        loop.advance(math.random() / 100)
      end
      assert.is_true(most < 1.003, "no more than is needed")
    end
    local limiter = core.limiter()
    for i = 1, 60 do take(limiter, "g" .. i, 10, 10) end
    for i = 1, 60 do finish(limiter, "g" .. i, 10, 10) end
    assert.is_true(limiter:wait(nil, nil, true) * (1 - 1e-4) >= 5.001, "600 in 5 seconds, or a ban")
  end)

  it("counts groups separately, and all of them together for the address: 600 in 5 seconds", function()
    local limiter = core.limiter()
    for i = 1, 60 do take(limiter, "g" .. i, 10, 10) end
    for i = 1, 60 do finish(limiter, "g" .. i, 10, 10) end
    local wait = limiter:wait("another", 10, true)
    assert.is_true(wait >= 5 and wait < 5.01)
    assert.equal(wait, limiter:wait("another", 10))
    loop.advance(wait)
    assert.equal(0, limiter:wait("another", 10))
  end)

  it("keeps 30 of these 600 for what takes risk away", function()
    local limiter = core.limiter()
    for i = 1, 57 do use(limiter, "g" .. i, 10, 10) end
    assert.equal(math.huge, limiter:wait("another", 10))
    for _ = 1, 30 do
      assert.equal(0, limiter:wait("cancels", 100, true))
      limiter:take("cancels", 100)
    end
    assert.equal(math.huge, limiter:wait("cancels", 100, true))
    limiter:cap(nil, nil, 601)
    assert.equal(0, limiter:wait("cancels", 100, true), "of what the user allows, too")
    assert.equal(math.huge, limiter:wait("another", 10))
  end)

  -- A probe, which ends at once; it finds the address shut unless `open`.
  local function probe(limiter, ending)
    assert.is_true(limiter:take("cancels", 10))
    assert.equal(math.huge, limiter:wait("cancels", 10, true), "one at a time")
    limiter:done("cancels", 10, true, true)
    if ending then limiter[ending](limiter) end
  end

  for _, shuts in ipairs { "ban", "pause" } do
    it(("lets what takes risk away probe after a %s: at once, then later and later; all else waits"):format(shuts), function()
      local limiter = core.limiter()
      assert.is_false(limiter:take("cancels", 10), "where nothing is shut there is nothing to probe")
      limiter:done("cancels", 10)
      limiter[shuts](limiter)
      local all = limiter:wait("g", 10)
      assert.is_true(all == (shuts == "ban" and 600 or 1))
      assert.equal(0, limiter:wait("cancels", 10, true))
      for _, seconds in ipairs(shuts == "ban" and { 1, 2, 4, 8, 16, 32, 60, 60 } or { 1 }) do
        probe(limiter, shuts)
        local wait = limiter:wait("cancels", 10, true)
        assert.is_true(math.abs(wait - seconds) < 1e-6, wait)
        assert.is_true(limiter:wait("g", 10) >= wait)
        loop.advance(wait)
      end
    end)

    it(("is open again once a probe is answered after a %s; shut again soon, the pauses go on"):format(shuts), function()
      local limiter = core.limiter()
      limiter[shuts](limiter)
      probe(limiter, "reopen")
      limiter:fine()
      assert.same({ 0, 0 }, { limiter:wait("g", 10), limiter:wait("cancels", 10, true) })
      limiter:ban()
      assert.is_true(math.abs(limiter:wait("cancels", 10, true) - 1) < 1e-6)
      loop.advance(1)
      probe(limiter, "reopen")
      loop.advance(70)
      limiter:ban()
      assert.equal(0, limiter:wait("cancels", 10, true), "long ago")
      probe(limiter, "ban")
      assert.is_true(math.abs(limiter:wait("cancels", 10, true) - 1) < 1e-6)
    end)
  end

  it("does not count a probe that never left", function()
    local limiter = core.limiter()
    limiter:ban()
    assert.is_true(limiter:take("cancels", 10))
    limiter:done("cancels", 10, false, true)
    assert.equal(0, limiter:wait("cancels", 10, true))
  end)

  it("does not count requests that were not sent", function()
    local limiter = core.limiter()
    use(limiter, "g", 1, 1)
    limiter:done("g", 1, false)
    use(limiter, "g", 1, 1)
  end)

  it("follows the limits that the exchange announces, up or down", function()
    local limiter = core.limiter()
    use(limiter, "g", 10, 1)
    limiter:learn("g", 10, 20, 19)
    use(limiter, "g", 10, 19)
    assert.equal(math.huge, limiter:wait("g"))
    limiter:learn("g", 10, 5, 0)
    finish(limiter, "g", 10, 20)
    loop.advance(1.01)
    use(limiter, "g", 10, 5)
    assert.is_true(limiter:wait("g") > 0)
  end)

  it("never exceeds the user's own limit or the exchange's", function()
    local limiter = core.limiter()
    limiter:cap("g", 10, 2)
    use(limiter, "g", 10, 2)
    assert.is_true(limiter:wait("g") > 0)
    limiter:cap("g", 10, 50)
    assert.equal(0, limiter:wait("g"), "documented is 10, but the user knows of a higher level")
    limiter:learn("g", 10, 2, -1)
    assert.is_true(limiter:wait("g") > 0, "the exchange knows better")
  end)

  it("leaves room for another program with the same key, as far as the exchange's headers tell", function()
    local limiter = core.limiter()
    use(limiter, "g", 10, 1)
    limiter:learn("g", 10, 10, 2) -- 8 were used, one of them by us
    limiter:done("g", 10)
    use(limiter, "g", 10, 2)
    assert.is_true(limiter:wait("g") > 0)
    loop.advance(1.01)
    assert.equal(0, limiter:wait("g"))
  end)

  it("ignores announcements that cannot be right", function()
    local limiter = core.limiter()
    for _, words in ipairs { { 0, 0 }, { -5, 0 }, { 10, 11 }, { 1 << 30, 0 } } do
      limiter:learn("g", 10, words[1], words[2])
      use(limiter, "g", 10, 1)
      limiter:done("g", 10, false)
    end
    for most, kept in pairs { [1000000] = 1000000, [1000001] = 10 } do -- no limit is higher than a million
      local edge = core.limiter()
      edge:learn("g", 10, most, -1)
      for _ = 1, 11 do edge:take("g", 10) end
      assert.equal(kept == 10, edge:wait("g") > 0, most)
    end
  end)

  it("holds a group as long as the exchange says, within reason", function()
    local limiter = core.limiter()
    limiter:hold("g", 10, 3)
    assert.equal(3, limiter:wait("g"))
    assert.equal(0, limiter:wait("h", 10))
    limiter:hold("g", 10, 1) -- a shorter wait does not shorten the longer one
    assert.equal(3, limiter:wait("g"))
    limiter:hold("h", 10, 1e12)
    assert.equal(600, limiter:wait("h"))
  end)

  it("pauses longer each time the exchange protects itself", function()
    local limiter = core.limiter()
    local pauses = {}
    for i = 1, 8 do
      limiter:pause()
      limiter:pause() -- answers that were in flight together count once
      pauses[i] = math.floor(limiter:wait() + 0.5)
      loop.advance(limiter:wait())
    end
    assert.same({ 1, 2, 4, 8, 16, 32, 60, 60 }, pauses)
    limiter:fine()
    limiter:pause()
    assert.equal(1, limiter:wait())
  end)

  it("is shut for ten minutes after a 403", function()
    local limiter = core.limiter()
    limiter:ban()
    assert.equal(600, limiter:wait("g", 10))
    loop.advance(600)
    assert.equal(0, limiter:wait("g", 10))
  end)

  it("never breaks the exchange's rule: 10^6 calls, random delays, clock jumps and limits", function()
    local seed = 20261125
    math.randomseed(seed)
    local random = math.random
    local calls, phase, shifted = 0, 0, 0
    finally(function() loop.shift(-shifted) end)
    while calls < 1000000 do
      phase = phase + 1
      local limiter, group = core.limiter(), "g"
      local limit = random(1, 50)
      local delay = 10 ^ -(random() * 3) -- 1 s to 1 ms
      local counted, ends, flying = {}, {}, 0 -- when the exchange counts; when requests in flight end
      local origin = loop.now()
      limiter:cap(nil, nil, 1000000)
      for _ = 1, 20000 do
        local wait = limiter:wait(group, limit)
        while wait > 0 do -- until the next end, or our turn
          local now, at, which = loop.now(), loop.now() + wait, nil
          for i = 1, flying do
            if ends[i] < at then at, which = ends[i], i end
          end
          if at > now then loop.advance(at - now) end
          if which then
            ends[which], flying = ends[flying], flying - 1
            limiter:done(group, limit)
          end
          wait = limiter:wait(group, limit)
        end
        local now, took = loop.now(), delay * random()
        limiter:take(group, limit)
        calls = calls + 1
        counted[#counted + 1] = now + took * random()
        flying = flying + 1
        ends[flying] = now + took
        if random(1000) == 1 then -- somebody sets the wall clock
          local ms = random(-3600000, 3600000)
          loop.shift(ms)
          shifted = shifted + ms
        end
        if random(5000) == 1 then loop.advance(random() * 3) end            -- the program was busy or suspended
      end
      -- The exchange: in any second at most `limit`.
      table.sort(counted)
      for i = 1, #counted - limit do
        if counted[i + limit] - counted[i] < 1 then
          error(("seed %d, phase %d: %d calls within %.6f s, limit %d"):format(seed, phase, limit + 1,
            counted[i + limit] - counted[i], limit))
        end
      end
      -- It is not too slow either: with short delays nearly everything that is allowed is used.
      local spent = loop.now() - origin
      if delay < 0.01 then assert.is_true(20000 / spent > 0.9 * limit, ("%g of %d/s"):format(20000 / spent, limit)) end
    end
  end)
end)
