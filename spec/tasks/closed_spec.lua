-- Tasks whose coroutine is closed from outside (coroutine.close): they end as if cancelled, and nothing is left waiting. Time is
-- virtual. Their calls are in spec/call/cancel_spec.lua.

local core = require "bybit.core"
local tasks = require "bybit.tasks"

local loop = core.loop
local run, spawn, sleep = tasks.run, tasks.spawn, tasks.sleep

describe("tasks whose coroutine is closed", function()
  local log

  before_each(function()
    log = {}
    loop.virtual(1700000000000)
  end)

  after_each(loop.real)

  local function note(text) log[#log + 1] = text end

  local function elapsed()
    return (loop.wall() - 1700000000000) / 1000
  end

  local function task_in(f)
    local co
    local task = spawn(function()
      co = coroutine.running()
      return f()
    end)
    sleep(1)
    return task, co
  end

  it("end as cancelled, at once, and so do their children, after their cleanup", function()
    run(function()
      local task, co = task_in(function()
        spawn(function()
          local off <close> = tasks.defer(function() sleep(1) note("child cleaned up") end) -- luacheck: ignore 211
          sleep(100)
        end)
        local off <close> = tasks.defer(note, "cleaned up") -- luacheck: ignore 211
        sleep(100)
      end)
      assert.is_true(coroutine.close(co))
      local _, err = pcall(task.await, task)
      assert.equal("cancelled", err.kind)
      assert.matches("the task's coroutine was closed", err.message)
    end)
    assert.same({ "cleaned up", "child cleaned up" }, log)
    assert.equal(2, elapsed())
    assert.equal(0, tasks.live())
  end)

  it("leave no wait behind, for whatever they waited", function()
    local token = tasks.cancel_token()
    local waits = {
      function() sleep(100) end, function() token:wait(100) end,
      function() spawn(sleep, 100):await() end, function() sleep(0) end,
      function() tasks.wrap(function() sleep(100) end)() end,
    }
    run(function()
      for _, wait in ipairs(waits) do
        local task, co = task_in(wait)
        coroutine.close(co)
        sleep(0)
        sleep(0)
        assert.is_true(task.done)
      end
    end)
    token:cancel()
    run(sleep, 1)
    assert.equal(#waits + 1, elapsed())
  end)

  it("wake the tasks that wait for them, and end bybit.run", function()
    local root
    local ok, err = pcall(run, function()
      root = coroutine.running()
      spawn(function()
        sleep(1)
        coroutine.close(root)
      end)
      sleep(100)
    end)
    assert.is_false(ok)
    assert.equal("cancelled", err.kind)
    assert.equal(1, elapsed())
  end)

  it("do not run any more if they were ready already", function()
    run(function()
      local co
      spawn(function()
        sleep(2)
        coroutine.close(co) -- both sleeps end in the same turn, this one first
      end)
      local task = spawn(function()
        co = coroutine.running()
        sleep(2)
        note("never")
      end)
      sleep(3)
      assert.is_true(task.done)
    end)
    assert.same({}, log)
    assert.equal(0, tasks.live())
  end)

  it("close a generator that they use; a generator that is closed itself raises in the task that uses it", function()
    local function closed() note("generator cleaned up") end
    run(function()
      local inner
      local task, co = task_in(function()
        tasks.wrap(function()
          local off <close> = tasks.defer(closed) -- luacheck: ignore 211
          sleep(100)
        end)()
      end)
      coroutine.close(co)
      sleep(0)
      assert.is_true(task.done)
      task = task_in(function()
        tasks.wrap(function()
          inner = coroutine.running()
          local off <close> = tasks.defer(closed) -- luacheck: ignore 211
          sleep(100)
        end)()
      end)
      coroutine.close(inner)
      assert.has_error(function() task:await() end, "cannot resume dead coroutine")
    end)
    assert.same({ "generator cleaned up", "generator cleaned up" }, log)
    assert.equal(2, elapsed())
  end)
end)
