-- Tasks: straight-line Lua, many at once, structured. Time is virtual here, so a spec of hours takes no time.

local core = require "bybit.core"
local tasks = require "bybit.tasks"

local loop = core.loop
local run, spawn, sleep = tasks.run, tasks.spawn, tasks.sleep

describe("tasks", function()
  local log

  before_each(function()
    log = {}
    loop.virtual(1700000000000)
  end)

  after_each(function()
    loop.real()
    tasks.on_error(nil)
    tasks.blocking(true)
  end)

  local function note(text) log[#log + 1] = text end

  local function elapsed()
    return (loop.wall() - 1700000000000) / 1000
  end

  it("run returns what the function returns, even nils", function()
    assert.same({ n = 3, 1, nil, 3 }, table.pack(run(function(a, b) return a, nil, b end, 1, 3)))
  end)

  it("take turns while they sleep", function()
    run(function()
      spawn(function() sleep(2) note("b") sleep(2) note("d") end)
      spawn(function() sleep(1) note("a") sleep(2) note("c") end)
    end)
    assert.equal("abcd", table.concat(log))
    assert.equal(4, elapsed())
  end)

  it("await returns what the task returned", function()
    assert.equal(42, run(function()
      local task = spawn(function() sleep(5) return 42 end)
      return task:await()
    end))
  end)

  it("a thousand tasks sleep as long as one", function()
    run(function()
      for i = 1, 1000 do spawn(function() sleep(1 + i / 1000) note(i) end) end
    end)
    assert.equal(1000, #log)
    for i = 1, 1000 do assert.equal(i, log[i]) end
    assert.equal(2, elapsed())
  end)

  describe("are structured:", function()
    it("a body that returns waits for its children", function()
      run(function()
        spawn(function()
          spawn(function() sleep(3) note("grandchild") end)
          note("child returned")
        end):await()
        note("awaited")
      end)
      assert.same({ "child returned", "grandchild", "awaited" }, log)
    end)

    it("a body that fails cancels its children and waits for their cleanup", function()
      local ok, err = pcall(run, function()
        spawn(function()
          local off <close> = tasks.defer(function() sleep(1) note("cleaned up") end) -- luacheck: ignore 211
          sleep(100)
        end)
        sleep(1)
        error({ "broken" })
      end)
      assert.is_false(ok)
      assert.same({ "broken" }, err)
      assert.same({ "cleaned up" }, log)
      assert.equal(2, elapsed())
    end)

    it("an error reaches the task that awaits it, as it is", function()
      local ok, err = run(function()
        local task = spawn(function() sleep(1) error({ code = 7 }) end)
        return pcall(task.await, task)
      end)
      assert.is_false(ok)
      assert.same({ code = 7 }, err)
    end)

    it("a failed task that nobody awaits makes its parent raise", function()
      local ok, err = pcall(run, function()
        spawn(function() error("lost?", 0) end)
        sleep(1)
        note("the parent went on")
      end)
      assert.is_false(ok)
      assert.matches("^lost%?", err)
      assert.same({ "the parent went on" }, log)
    end)

    it("a child that fails once the body has returned ends its siblings at once", function()
      local ok, err = pcall(run, function()
        spawn(function()
          local off <close> = tasks.defer(note, "watcher cleaned up") -- luacheck: ignore 211
          while true do sleep(1) end
        end)
        spawn(function() sleep(3) error("lost?", 0) end)
      end)
      assert.is_false(ok)
      assert.matches("^lost%?", err)
      assert.same({ "watcher cleaned up" }, log)
      assert.equal(3, elapsed())
    end)

    it("of several failures that nobody awaits one is raised, and on_error gets the others", function()
      tasks.on_error(function(_, err) note(err) end)
      local ok, err = pcall(run, function()
        for i = 1, 3 do spawn(function() error("failure " .. i, 0) end) end
      end)
      assert.is_false(ok)
      assert.matches("^failure 1", err)
      assert.same({ "failure 2", "failure 3" }, log)
    end)

    it("a cleanup that fails does not count as a cancellation: its error is raised", function()
      local ok, err = pcall(run, function()
        local task = spawn(function()
          local off <close> = tasks.defer(error, "cannot cancel the quotes", 0) -- luacheck: ignore 211
          sleep(100)
        end)
        sleep(1)
        task:cancel()
      end)
      assert.is_false(ok)
      assert.matches("^cannot cancel the quotes", err)
    end)

    it("a cancelled body that catches the cancellation and returns cancels its children", function()
      run(function()
        local task = spawn(function()
          spawn(function() sleep(100) end)
          pcall(sleep, 100)
        end)
        sleep(1)
        task:cancel()
      end)
      assert.equal(1, elapsed())
    end)

    it("an error that cannot be printed is raised as it is", function()
      local odd = setmetatable({}, { __tostring = function() error("no text") end })
      local _, err = pcall(run, function() error(odd) end)
      assert.equal(odd, err)
    end)

    it("a text raised in a task comes with a traceback", function()
      local function deep() error("deep down") end
      local _, err = pcall(run, function() spawn(function() sleep(1) deep() end):await() end)
      assert.matches("scheduler_spec.lua:%d+: deep down\nstack traceback:", err)
    end)
  end)

  describe("cancelled,", function()
    it("raise at the wait they are in, with kind 'cancelled'", function()
      run(function()
        local task = spawn(function()
          local ok, err = pcall(sleep, 100)
          note(tostring(ok) .. " " .. err.kind)
        end)
        sleep(1)
        task:cancel()
      end)
      assert.same({ "false cancelled" }, log)
      assert.equal(1, elapsed())
    end)

    it("raise at every later wait too, so that catching the error changes nothing", function()
      run(function()
        local task = spawn(function()
          for _ = 1, 3 do note(pcall(sleep, 100)) end
        end)
        sleep(1)
        task:cancel()
      end)
      assert.same({ false, false, false }, log)
      assert.equal(1, elapsed())
    end)

    it("run what they deferred, which may wait", function()
      run(function()
        local task = spawn(function()
          local off <close> = tasks.defer(function(what) sleep(2) note(what) end, "quotes cancelled") -- luacheck: ignore 211
          sleep(100)
        end)
        sleep(1)
        task:cancel()
      end)
      assert.same({ "quotes cancelled" }, log)
      assert.equal(3, elapsed())
    end)

    it("run deferred functions only for the grace time", function()
      run(function()
        local task = spawn(function()
          local off <close> = tasks.defer(function() note(pcall(sleep, 100)) end) -- luacheck: ignore 211
          sleep(100)
        end)
        sleep(1)
        task:cancel()
      end)
      assert.same({ false }, log)
      assert.equal(6, elapsed())
    end)

    it("do not begin if they have not begun", function()
      run(function()
        local task = spawn(function() sleep(0) note("never") end)
        task:cancel()
        sleep(1)
      end)
      assert.same({}, log)
    end)

    it("cannot start more tasks", function()
      run(function()
        local task = spawn(function()
          pcall(sleep, 100)
          note(pcall(spawn, function() note("never") end))
        end)
        sleep(1)
        task:cancel()
      end)
      assert.same({ false }, log)
    end)
  end)

  describe("defer", function()
    it("runs on return, on break and on error, in reverse order", function()
      run(function()
        for _ = 1, 2 do -- luacheck: ignore 512
          local a <close> = tasks.defer(note, "a") -- luacheck: ignore 211
          local b <close> = tasks.defer(note, "b") -- luacheck: ignore 211
          break
        end
        pcall(function()
          local c <close> = tasks.defer(note, "c") -- luacheck: ignore 211
          error("x")
        end)
      end)
      assert.equal("bac", table.concat(log))
    end)

    it("can be taken back", function()
      run(function()
        local off <close> = tasks.defer(note, "never")
        off()
      end)
      assert.same({}, log)
    end)

    it("works outside of tasks too", function()
      do
        local off <close> = tasks.defer(note, "done") -- luacheck: ignore 211
      end
      assert.same({ "done" }, log)
    end)
  end)

  describe("all, race, within:", function()
    it("all waits for every task and returns the tasks, even failed ones", function()
      run(function()
        local list = tasks.all { spawn(function() sleep(2) return "x" end), spawn(function() error("y", 0) end) }
        assert.equal("x", list[1]:await())
        assert.has_error(function() list[2]:await() end, "y")
      end)
    end)

    it("race returns what the first task returned, after cancelling the others", function()
      run(function()
        note(tasks.race { spawn(function() sleep(5) return "slow" end), spawn(function() sleep(2) return "fast" end) })
      end)
      assert.same({ "fast" }, log)
      assert.equal(2, elapsed())
    end)

    it("within returns the values if they come in time", function()
      assert.same({ 1, 2 }, { tasks.within(3, function() sleep(1) return 1, 2 end) })
      assert.equal(1, elapsed())
    end)

    it("within returns nil and an error when its time is over, after the cleanup", function()
      local value, err = tasks.within(3, function()
        local off <close> = tasks.defer(function() sleep(1) note("clean") end) -- luacheck: ignore 211
        sleep(100)
      end)
      assert.is_nil(value)
      assert.equal("timeout", err.kind)
      assert.same({ "clean" }, log)
      assert.equal(4, elapsed())
    end)
  end)

  describe("other coroutines", function()
    it("made by wrap may wait inside a task: a generator that sleeps", function()
      run(function()
        spawn(function() sleep(1.5) note("meanwhile") end)
        local numbers = tasks.wrap(function(n)
          for i = 1, n do
            sleep(1)
            coroutine.yield(i)
          end
        end)
        note(numbers(3))
        note(numbers())
      end)
      assert.same({ 1, "meanwhile", 2 }, log)
    end)

    it("made by wrap may wait even after an error, and raise their error in the caller", function()
      run(function()
        local numbers = tasks.wrap(function()
          local off <close> = tasks.defer(function() sleep(1) note("cleaned up") end) -- luacheck: ignore 211
          error({ code = 5 })
        end)
        local ok, err = pcall(numbers)
        assert.is_false(ok)
        assert.same({ code = 5 }, err)
        assert.error_matches(numbers, "dead coroutine")
      end)
      assert.same({ "cleaned up" }, log)
      assert.equal(1, elapsed())
    end)

    it("made by wrap work outside of tasks as well", function()
      local numbers = tasks.wrap(function(a)
        local b = coroutine.yield(a + 1)
        sleep(1)
        return b * 2, nil
      end)
      assert.equal(3, numbers(2))
      assert.same({ n = 2, 20 }, table.pack(numbers(10)))
      assert.equal(1, elapsed())
    end)

    it("made by wrap pass on the cancellation of their task", function()
      run(function()
        local task = spawn(function()
          local steps = tasks.wrap(function() sleep(100) end)
          local ok, err = pcall(steps)
          note(ok)
          note(err.kind)
        end)
        sleep(1)
        task:cancel()
      end)
      assert.same({ false, "cancelled" }, log)
    end)

    it("made by the user block instead: no other task runs meanwhile", function()
      run(function()
        spawn(function() sleep(0.5) note("later") end)
        sleep(0)
        local co = coroutine.wrap(function() sleep(1) note("in a coroutine") end)
        co()
        note("after it")
      end)
      assert.same({ "in a coroutine", "after it", "later" }, log)
    end)

    it("made by the user cannot wait for a task, and no task is started", function()
      run(function()
        for what, f in pairs { run = tasks.run, within = function(g) return tasks.within(1, g) end } do
          local ok, err = pcall(coroutine.wrap(function() f(note, "never") end))
          assert.is_false(ok)
          assert.truthy(err:find(what .. ": a task can only be waited for", 1, true), err)
        end
        sleep(1)
      end)
      assert.same({}, log)
    end)

    it("raise if blocking is forbidden, when sleeping and when waiting for a token", function()
      tasks.blocking(false)
      assert.error_matches(function() sleep(1) end, "sleep: this would block, which bybit.blocking%(false%) forbids")
      assert.error_matches(function() tasks.cancel_token():wait(1) end, "wait: this would block")
      run(sleep, 1)
      assert.error_matches(function() tasks.blocking() end, "blocking: true or false expected, got nil")
    end)

    it("a comparator blocks too", function()
      run(function()
        local list = { 3, 1, 2 }
        table.sort(list, function(a, b)
          sleep(0.1)
          return a < b
        end)
        assert.same({ 1, 2, 3 }, list)
      end)
    end)
  end)

  it("that wait for each other cause an error", function()
    local ok, err = pcall(run, function()
      local a, b
      a = spawn(function() b:await() end)
      b = spawn(function() a:await() end)
    end)
    assert.is_false(ok)
    assert.matches("every task waits for another", err)
  end)

  -- bybit.run makes many rounds without the Lua layer, bybit.step one at a time: both have the same order. In virtual time run, too,
  -- makes one at a time.
  it("have the same order in rounds of their own, step by step, and in virtual time", function()
    local function work()
      local token = tasks.cancel_token()
      for i = 1, 4 do
        spawn(function()
          for j = 1, i do
            note(i .. "." .. j)
            if j % 2 == 0 then sleep(0) else coroutine.yield() end
          end
          if i == 2 then token:cancel() end
          if i == 3 then note("token " .. tostring(token:wait())) end
        end)
      end
      spawn(function() spawn(note, "grandchild"):await() note("awaited") end)
    end
    run(work)
    local virtual = log
    loop.real()
    log = {}
    run(work)
    assert.same(virtual, log)
    log = {}
    spawn(work)
    while tasks.step(1) > 0 do assert.is_true(#log < 100) end
    assert.same(virtual, log)
  end)

  it("that were closed while they waited for a token do not count as waiting for it", function()
    local token = tasks.cancel_token()
    run(function()
      local co
      spawn(function() co = coroutine.running() token:wait() end)
      sleep(0)
      coroutine.close(co)
    end)
    local ok, err = pcall(run, function()
      local a, b
      a = spawn(function() b:await() end)
      b = spawn(function() a:await() end)
    end)
    assert.is_false(ok)
    assert.matches("every task waits for another", err)
  end)

  it("a bare coroutine.yield lets others run", function()
    run(function()
      spawn(function() note("a") coroutine.yield() note("c") end)
      spawn(function() note("b") end)
    end)
    assert.equal("abc", table.concat(log))
  end)

  describe("cancel tokens", function()
    it("end a wait early, and say whether they did", function()
      run(function()
        local token = tasks.cancel_token()
        spawn(function() sleep(2) token:cancel() end)
        note(token:wait(1))
        note(token:wait(100))
        note(token:wait(100))
      end)
      assert.same({ false, true, true }, log)
      assert.equal(2, elapsed())
    end)

    it("are cancelled with their parent; the parent is not cancelled with them", function()
      local parent = tasks.cancel_token()
      local child = tasks.cancel_token(parent)
      local other = tasks.cancel_token(parent)
      other:cancel()
      assert.same({ false, false, true }, { parent:cancelled(), child:cancelled(), other:cancelled() })
      parent:cancel()
      assert.is_true(child:cancelled())
      assert.is_true(tasks.cancel_token(parent):cancelled())
    end)

    it("that end a wait leave nothing behind", function()
      run(function()
        local token = tasks.cancel_token()
        for _ = 1, 1000 do spawn(function() tasks.within(1e6, token.wait, token, 1e6) end) end
        sleep(1)
        token:cancel()
      end)
      assert.is_nil(tasks.next_timeout())
    end)

    it("may be collected in any order", function()
      for _ = 1, 100 do
        local parent = tasks.cancel_token()
        for _ = 1, 10 do tasks.cancel_token(parent) end
      end
      collectgarbage()
    end)
  end)

  describe("in a host", function()
    it("step does what is ready and returns how many tasks live", function()
      loop.real()
      spawn(function() note("ran") end)
      local long = spawn(function() sleep(100) end)
      assert.equal(0, tasks.next_timeout())
      assert.equal(1, tasks.step(0))
      assert.same({ "ran" }, log)
      local left = tasks.next_timeout()
      assert.is_true(left > 90 and left <= 100)
      long:cancel()
      assert.equal(0, tasks.step(0))
    end)

    it("a budget leaves the rest to the next step", function()
      loop.real()
      for i = 1, 5 do
        spawn(function()
          local stop = loop.now() + 0.002
          while loop.now() < stop do note = note end
          log[#log + 1] = i
        end)
      end
      tasks.step(0, 0.001)
      assert.same({ 1 }, log)
      while tasks.step(0) > 0 do note = note end
      assert.same({ 1, 2, 3, 4, 5 }, log)
    end)

    it("on_error gets a failed task that nobody awaits", function()
      loop.real()
      tasks.on_error(function(task, err, traceback)
        note(tostring(task))
        note(err)
        note(traceback:match("stack traceback") )
      end)
      spawn(function() error("unheard", 0) end)
      tasks.step(0)
      assert.same({ "task (failed)", "unheard", "stack traceback" }, log)
    end)

    it("the descriptor also becomes readable by what the host does between two steps", function()
      loop.real()
      local socket = require "socket"
      local fd = tasks.fd()
      local polled = { getfd = function() return fd end }
      local function is_readable() return socket.select({ polled }, nil, 0.3)[1] == polled end
      while tasks.step(0) > 0 or is_readable() do note = note end -- an earlier moment may still come
      local token = tasks.cancel_token()
      for _, act in ipairs {
        function() spawn(function() token:wait() note("token") end) end,
        function() token:cancel() end,
      } do
        tasks.step(0)
        assert.is_false(is_readable())
        act()
        assert.is_true(is_readable())
        tasks.step(0)
      end
      tasks.step(0)
      assert.same({ "token" }, log)
    end)

    it("await outside of tasks turns the loop", function()
      local task = spawn(function() sleep(3) return "done" end)
      assert.equal("done", task:await())
    end)
  end)

  it("wrong calls raise", function()
    local done = spawn(note, "done")
    done:await()
    assert.error_matches(function() tasks.sleep(-1) end, "seconds, 0 or more, expected")
    assert.error_matches(function() tasks.spawn(3) end, "a function expected, got number")
    assert.error_matches(function() tasks.race {} end, "at least one task")
    assert.error_matches(function() run(function() tasks.step() end) end, "the loop runs already")
    assert.error_matches(function() tasks.step(0, "x") end, "step: budget: seconds, 0 or more, expected, got x")
    assert.error_matches(function() tasks.all { done, 3 } end, "all: a list of tasks expected, got number at 2")
    assert.error_matches(function() tasks.race(done) end, "race: a list of tasks expected")
    assert.error_matches(function() tasks.defer() end, "defer: a function expected, got nil")
    assert.error_matches(function() tasks.on_error("x") end, "on_error: a function expected, got string")
    local _, err = pcall(function() run(3) end)
    assert.matches("scheduler_spec.lua:%d+: run: a function expected, got number", err)
  end)
end)
