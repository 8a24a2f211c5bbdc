-- A rolling window lets so many through in a span of time. It is kept in C; here a list of times says the same.

local core = require "bybit.core"
local window = require("bybit.paper_engine").window

describe("a window of time", function()
  it("lets so many through, and says how many are left, and when there is room again", function()
    local w = window.new()
    assert.same({ 2, 1, 1000 }, { window.take(w, 1000, 100, 3, 2) })
    assert.same({ 1, 0, 1100 }, { window.take(w, 1010, 100, 3, 2) }) -- one of two
    assert.same({ 0, 0, 1100 }, { window.take(w, 1099, 100, 3, 1) })
    assert.equal(3, window.used(w, 1099, 100))
    assert.same({ 1, 1, 1100 }, { window.take(w, 1100, 100, 3, 1) })
  end)

  it("counts nothing when nothing is asked for", function()
    local w = window.new()
    assert.same({ 0, 5, 7 }, { window.take(w, 7, 100, 5, 0) })
    assert.equal(0, window.used(w, 7, 100))
  end)

  it("does what a list of times would do", function()
    local random = core.random(20261204)
    for _ = 1, 20 do
      local w, times, now = window.new(), {}, 0
      local limit, span = random:integer(0, 60), random:integer(1, 500)
      for _ = 1, 200 do
        now = math.max(0, now + random:integer(-3, 20)) -- clocks are set back, too
        local units = random:integer(0, 20)
        while times[1] and times[1] <= now - span do table.remove(times, 1) end
        local granted = math.max(0, math.min(units, limit - #times))
        for _ = 1, granted do times[#times + 1] = now end
        local reset = granted < units and times[1] and times[1] + span or now
        assert.same({ granted, limit - #times, reset }, { window.take(w, now, span, limit, units) })
        assert.equal(#times, window.used(w, now, span))
      end
    end
  end)
end)
