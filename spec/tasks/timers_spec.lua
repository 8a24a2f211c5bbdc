-- The heap of moments: the next one comes first, and one that was taken back never comes.

local moments = require "bybit.tasks.timers"

describe("moments", function()
  it("come in the order of their times; those of the same time in the order in which they were added", function()
    math.randomseed(11)
    local heap, expected = moments.new(), {}
    for i = 1, 2000 do
      local due = math.random(50)
      heap:add(due, i)
      expected[i] = { due, i }
    end
    table.sort(expected, function(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end)
    for _, e in ipairs(expected) do
      assert.equal(e[1], heap:next())
      assert.equal(e[2], heap:take())
    end
    assert.is_nil(heap:next())
  end)

  it("that are taken back do not come, and their memory is freed before their time", function()
    math.randomseed(12)
    local heap, all, left = moments.new(), {}, {}
    for i = 1, 1000 do all[i] = { heap:add(math.random(100), i), i } end
    for _, e in ipairs(all) do
      if math.random(10) > 1 then
        heap:forget(e[1])
        heap:forget(e[1])
      else
        left[e[2]] = true
      end
    end
    heap:forget(nil)
    assert.is_true(heap:size() < 500)
    local last = 0
    while heap:next() do
      assert.is_true(heap:next() >= last)
      last = heap:next()
      local what = heap:take()
      assert.is_true(left[what])
      left[what] = nil
    end
    assert.same({}, left)
    assert.equal(0, heap:size())
  end)
end)
