-- The limiter alone, in virtual time. Its promise: the exchange never counts more than its limit in any window,
-- whenever between the sending and the answer it counts. An exchange that counts with code of its own is the judge.

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

  local function finish(limiter, group, limit, times)
    for _ = 1, times do limiter:done(group, limit) end
  end

  it("lets as many through as the window holds, then none until it has passed", function()
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

  it("counts groups apart, and all of them for the address: 600 in 5 seconds", function()
    local limiter = core.limiter()
    for i = 1, 60 do use(limiter, "g" .. i, 10, 10) end
    for i = 1, 60 do finish(limiter, "g" .. i, 10, 10) end
    local wait = limiter:wait("another", 10)
    assert.is_true(wait >= 5 and wait < 5.01)
    assert.equal(wait, limiter:wait())
    loop.advance(wait)
    assert.equal(0, limiter:wait("another", 10))
  end)

  it("does not count what never left", function()
    local limiter = core.limiter()
    use(limiter, "g", 1, 1)
    limiter:done("g", 1, false)
    use(limiter, "g", 1, 1)
  end)

  it("goes by what the exchange announces, up or down", function()
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

  it("never goes past the user's own limit, nor past the exchange's", function()
    local limiter = core.limiter()
    limiter:cap("g", 10, 2)
    use(limiter, "g", 10, 2)
    assert.is_true(limiter:wait("g") > 0)
    limiter:cap("g", 10, 50)
    assert.equal(0, limiter:wait("g"), "documented is 10, but the user knows of a higher level")
    limiter:learn("g", 10, 2, -1)
    assert.is_true(limiter:wait("g") > 0, "the exchange knows better")
  end)

  it("leaves room for another program with the same key, as far as the exchange tells of it", function()
    local limiter = core.limiter()
    use(limiter, "g", 10, 1)
    limiter:learn("g", 10, 10, 2) -- 8 were used: one is ours
    limiter:done("g", 10)
    use(limiter, "g", 10, 2)
    assert.is_true(limiter:wait("g") > 0)
    loop.advance(1.01)
    assert.equal(0, limiter:wait("g"))
  end)

  it("ignores announcements that make no sense", function()
    local limiter = core.limiter()
    for _, words in ipairs { { 0, 0 }, { -5, 0 }, { 10, 11 }, { 1 << 30, 0 } } do
      limiter:learn("g", 10, words[1], words[2])
      use(limiter, "g", 10, 1)
      limiter:done("g", 10, false)
    end
  end)

  it("holds a group as long as the exchange says, within reason", function()
    local limiter = core.limiter()
    limiter:hold("g", 10, 3)
    assert.equal(3, limiter:wait("g"))
    assert.equal(0, limiter:wait("h", 10))
    limiter:hold("g", 10, 1) -- a shorter word does not take the longer one back
    assert.equal(3, limiter:wait("g"))
    limiter:hold("h", 10, 1e12)
    assert.equal(600, limiter:wait("h"))
  end)

  it("pauses longer each time the exchange protects itself", function()
    local limiter = core.limiter()
    local pauses = {}
    for i = 1, 8 do
      limiter:pause()
      limiter:pause() -- answers that were under way together are one word
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
      local counted, ends, flying = {}, {}, 0 -- when the exchange counts; when those under way end
      local origin = loop.now()
      limiter:cap(nil, nil, 1000000)
      for _ = 1, 20000 do
        local wait = limiter:wait(group, limit)
        while wait > 0 do -- to the next end, or to our turn
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
      -- And it does not dawdle: with short delays nearly all that is allowed is used.
      local spent = loop.now() - origin
      if delay < 0.01 then assert.is_true(20000 / spent > 0.9 * limit, ("%g of %d/s"):format(20000 / spent, limit)) end
    end
  end)
end)
