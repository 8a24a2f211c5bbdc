-- Tasks' turns, without the Lua layer above them: places, numbers, and how coroutines are resumed.

local core = require "bybit.core"
local loop = core.loop

describe("turns", function()
  -- Begins a task with this function; returns the task and its place.
  local function begin(f, value)
    local task = {}
    return task, loop.begin(task, coroutine.create(f), value)
  end

  -- A round of turns; returns what it says.
  local function round()
    loop.gather()
    return loop.resume()
  end

  it("a task may be suspended while it runs, gets values, and is handed back when its coroutine has ended", function()
    local got, number = {}, loop.wait_new(true)
    local task, place = begin(function(value)
      got[1], got[2] = value, loop.may_yield()
      got[3] = coroutine.yield(loop.mark, number)
      got[4] = loop.current()
    end, "first")
    assert.is_nil(loop.current())
    assert.is_nil(round())
    assert.is_false(loop.may_yield())
    assert.is_true(loop.is_waited(number))
    assert.is_nil(round())
    assert.is_true(loop.wake(number, "second"))
    assert.is_false(loop.is_waited(number))
    assert.same({ task, true }, { round() })
    assert.same({ "first", true, "second", task }, got)
    assert.is_false(loop.rouse(place))
  end)

  it("tell how a coroutine has ended: returned, with an error, or closed", function()
    begin(function() end)
    assert.is_true(select(2, round()))
    begin(function() error({ why = "it failed" }, 0) end)
    local _, how, err = round()
    assert.same({ nil, { why = "it failed" } }, { how, err })
    local co = coroutine.create(function() coroutine.yield(loop.mark, loop.wait_new()) end)
    local place = loop.begin({}, co)
    round()
    assert.equal(1, loop.outside())
    coroutine.close(co)
    loop.closed(place)
    loop.closed(place) -- it is in line already
    assert.equal(0, loop.outside())
    assert.is_false(select(2, round()))
    assert.is_nil(round())
  end)

  it("a coroutine that yields anything else comes to the end of the line", function()
    local order = {}
    for i = 1, 2 do
      begin(function()
        order[#order + 1] = i
        if i == 1 then coroutine.yield() else coroutine.yield(loop.mark, "no number") end
        order[#order + 1] = i
      end)
    end
    round()
    assert.same({ 1, 2 }, order)
    round()
    round()
    assert.same({ 1, 2, 1, 2 }, order)
  end)

  it("a number that is over wakes nobody, though its place is used again", function()
    local first = loop.wait_new(true)
    begin(function() coroutine.yield(loop.mark, first) end)
    round()
    loop.wake(first)
    round()
    local second = loop.wait_new(true)
    assert.are_not.equal(first, second)
    begin(function() coroutine.yield(loop.mark, second) end)
    round()
    assert.is_false(loop.wake(first))
    assert.is_false(loop.is_waited(first))
    assert.is_true(loop.wake(second))
    round()
    for _, odd in ipairs { 0, -1, math.maxinteger, math.mininteger } do
      assert.is_false(loop.wake(odd))
      assert.is_false(loop.is_waited(odd))
      assert.is_false(loop.rouse(odd))
      loop.closed(odd)
      loop.cancelled(odd, true)
    end
  end)

  it("a value for a coroutine that runs, since somebody else resumed it, is lost", function()
    local number, got = loop.wait_new(true), {}
    local place
    local co = coroutine.create(function()
      got[1] = coroutine.yield(loop.mark, number)
      loop.rouse(place, "lost")
      got[2] = coroutine.yield "by hand"
    end)
    place = loop.begin({}, co)
    round()
    assert.same({ true, "by hand" }, { coroutine.resume(co, "by hand") })
    local _, how = round()
    assert.same({ "by hand", nil }, got)
    assert.is_true(how)
  end)

  it("many tasks keep their order, also when the line grows", function()
    local order, wanted = {}, {}
    for i = 1, 1000 do
      begin(function()
        coroutine.yield()
        order[#order + 1] = i
      end)
      wanted[i] = i
      if i % 7 == 0 then round() end
    end
    for _ = 1, 1200 do round() end
    assert.same(wanted, order)
  end)

  it("wrong calls raise", function()
    assert.has_error(function() loop.begin({}, 1) end)
    assert.has_error(function() loop.begin(1, coroutine.create(print)) end)
    assert.has_error(function() loop.begin({}, coroutine.running()) end)
    assert.has_error(function() loop.wake "x" end)
    assert.has_error(function() loop.task(1) end)
  end)
end)
