-- Tasks: many calls at once in straight-line Lua, without threads. A task is a coroutine that this scheduler owns;
-- it is suspended where it waits (a call in flight, sleep, await) and resumed when what it waits for is there.
-- Tasks are structured: the children of a task end with it.

local core = require "bybit.core"
local errors = require "bybit.errors"

local loop = core.loop
local MARK = loop.mark
local unpack = table.unpack

local GRACE = 5 -- seconds that a deferred function of a cancelled task has

local tasks = {}

---@class bybit.Task
---@field done boolean
---@field traceback? string of a failed task
local Task = {}
Task.__index = Task
Task.__name = "bybit.task"

function Task:__tostring()
  return ("task (%s)"):format(not self.done and "running" or self.failed and "failed" or "done")
end

local current -- the task that runs now
local active  -- the coroutine that may be suspended now: the task's own, or a generator made by wrap in it
local live = 0 -- tasks that have not ended
local waiting = {} -- wait number -> task; the loop's numbers are positive, our own negative
local outside = 0 -- how many of them are the loop's: calls in flight
local tokens, token_waits = {}, 0 -- the loop's number that a token wakes -> the number of ours that waits for it
local last_wait = 0
local ready, first, last = {}, 1, 0 -- tasks to resume, in order; ready[i] = { task, value }
local hear_failure -- see on_error
local advance = loop.advance -- what moves virtual time

---------------------------------------------------------------------------------------------------------------
-- Moments to come: a heap of { due, number | function }, earliest first.

local heap = {}

local function later(seconds, what)
  local entry, at = { loop.now() + seconds, what }, #heap + 1
  heap[at] = entry
  while at > 1 and heap[at // 2][1] > entry[1] do
    heap[at], at = heap[at // 2], at // 2
  end
  heap[at] = entry
  return entry
end

local function pop()
  local top, entry = heap[1], table.remove(heap)
  if top == entry then return end
  local at, size = 1, #heap
  while at * 2 <= size do
    local child = at * 2
    if child < size and heap[child + 1][1] < heap[child][1] then child = child + 1 end
    if heap[child][1] >= entry[1] then break end
    heap[at], at = heap[child], child
  end
  heap[at] = entry
end

-- The next moment that somebody still waits for; nil when there is none.
local function next_due()
  local entry = heap[1]
  while entry and (entry[2] == nil or (type(entry[2]) == "number" and not waiting[entry[2]])) do
    pop()
    entry = heap[1]
  end
  return entry and entry[1]
end

---------------------------------------------------------------------------------------------------------------
-- The scheduler.

-- Is the running task cancelled, and not inside what it deferred?
local function is_cancelled(task)
  return task and task.cancelled and task.shield == 0
end

local function tell_loop()
  loop.task(active, is_cancelled(current) and true or false)
end

local function enqueue(task, value)
  last = last + 1
  ready[last] = { task, value }
end

-- Makes the task that waits for this number ready; nothing when nobody does.
local function wake(number, value)
  local task = waiting[number]
  if not task then return end
  waiting[number], task.wait = nil, nil
  if number > 0 then outside = outside - 1 end
  enqueue(task, value)
end

local function note_wait(task, number)
  waiting[number], task.wait = task, number
  if number > 0 then outside = outside + 1 end
end

local finish

local function resume(task, value)
  local before, before_active = current, active
  current, active = task, task.co
  tell_loop()
  local ok, mark, number = coroutine.resume(task.co, value)
  current, active = before, before_active
  tell_loop()
  if coroutine.status(task.co) == "dead" then
    if not ok then task.failed, task.err = true, mark end
    finish(task)
  elseif mark == MARK then
    note_wait(task, number)
  else
    enqueue(task) -- a bare coroutine.yield lets others run
  end
end

local function collect_woken()
  for number in loop.woken do wake(tokens[number] or number) end
  local due = next_due()
  while due and due <= loop.now() do
    local what = heap[1][2]
    pop()
    if type(what) == "number" then wake(what) else what() end
    due = next_due()
  end
end

-- Waits until something happens, at most `seconds` (nil: as long as it takes).
local function wait_for_events(seconds)
  local due = next_due()
  local ahead, may_advance = loop.next_advance() -- to the turn of a call that waits for its rate limit
  if may_advance and due and due - loop.now() <= (ahead or math.huge) then
    advance(math.max(0, due - loop.now()))
    return loop.step(0)
  elseif ahead then
    return loop.step(3600) -- moves time on itself
  end
  if due and not loop.is_virtual() then seconds = math.min(seconds or math.huge, math.max(0, due - loop.now())) end
  loop.step(seconds and math.min(seconds, 3600) or 3600)
end

-- One turn: resumes what is ready, or waits for what comes. `stop`: when to leave the rest to the next turn.
local function turn(seconds, stop)
  collect_woken()
  if first > last then
    wait_for_events(seconds)
    collect_woken()
  end
  local to = last -- what becomes ready meanwhile has the next turn
  while first <= to do
    local entry = ready[first]
    ready[first] = nil
    first = first + 1
    resume(entry[1], entry[2])
    if stop and loop.now() >= stop then break end
  end
  if first > last then first, last = 1, 0 end
end

-- Suspends the running task until `number` is woken. Gives what it is woken with: the error of its cancellation.
local function yield(number)
  return coroutine.yield(MARK, number)
end

local function own_number()
  last_wait = last_wait - 1
  return last_wait
end

local function check_cancelled()
  if is_cancelled(current) then error(current.cancelled, 0) end
end

local function suspend(number)
  check_cancelled()
  local cancelled = yield(number)
  if cancelled then error(cancelled, 0) end
end

---------------------------------------------------------------------------------------------------------------
-- A task's life.

local function report(task)
  if hear_failure then return hear_failure(task, task.err, task.traceback) end
  io.stderr:write("bybit: a task failed that nobody awaits: ", task.traceback or tostring(task.err), "\n")
end

function finish(task)
  task.done = true
  live = live - 1
  for _, number in ipairs(task.waiters) do wake(number) end
  local parent = task.parent
  if parent then
    parent.children[task] = nil
    if task.failed and not task.cancelled then parent.failures[#parent.failures + 1] = task end
    if parent.gathering and not next(parent.children) then wake(parent.gathering) end
  elseif task.failed and not task.cancelled and not task.awaited and #task.waiters == 0 then
    report(task)
  end
end

local function cancel_children(task)
  local list = {}
  for child in pairs(task.children) do list[#list + 1] = child end
  table.sort(list, function(a, b) return a.number < b.number end) -- `pairs` has no order of its own
  for _, child in ipairs(list) do child:cancel() end
end

-- The end of a body: its children end too.
local function gather(task)
  if task.failed then cancel_children(task) end
  while next(task.children) do
    task.gathering = own_number()
    if yield(task.gathering) then cancel_children(task) end
  end
  task.gathering = nil
  for _, child in ipairs(task.failures) do
    if not task.failed and not child.awaited then
      task.failed, task.err, task.traceback = true, child.err, child.traceback
    end
  end
end

local count = 0

local function body(start)
  local task, f, args = start.task, start.f, start.args
  local function trace(err)
    task.traceback = debug.traceback(tostring(err), 2)
    return err
  end
  local results = table.pack(xpcall(f, trace, unpack(args, 1, args.n)))
  if results[1] then
    task.results = results
  else
    task.failed, task.err = true, results[2]
  end
  gather(task)
end

local function make(parent, f, ...)
  if type(f) ~= "function" then
    local callable = getmetatable(f)
    if not (callable and callable.__call) then
      errors.raise("spawn: a function expected, got " .. type(f))
    end
  end
  count = count + 1
  local task = setmetatable({ number = count, parent = parent, children = {}, failures = {}, waiters = {}, shield = 0,
    done = false, failed = false, co = coroutine.create(body) }, Task)
  if parent then parent.children[task] = true end
  live = live + 1
  enqueue(task, { task = task, f = f, args = table.pack(...) })
  return task
end

-- Waits, as a task or by turning the scheduler, until `over()`; `number` is woken when it may be.
local function wait_until(over, number, what)
  if not current then
    while not over() do turn() end
    return
  end
  if not loop.may_yield() then
    errors.raise(what .. ": a task can only be waited for in a task's own coroutine (or one made by bybit.wrap)")
  end
  while not over() do suspend(number()) end
end

local function await_end(task, what)
  wait_until(function() return task.done end, function()
    local number = own_number()
    task.waiters[#task.waiters + 1] = number
    return number
  end, what)
end

--- Waits for the task; returns what its function returned, or raises what it raised.
function Task:await()
  self.awaited = true
  await_end(self, "await")
  if self.failed then error(self.err, 0) end
  return unpack(self.results, 2, self.results.n)
end

local function cancelled_error()
  return errors.new { kind = "cancelled", method = "task", message = "the task was cancelled", attempts = 0,
    elapsed = 0 }
end

--- Raises an error, kind `cancelled`, at the wait the task is in and at every later one, except in what it deferred.
--- Its children are cancelled when its function has ended. A task that has ended stays as it is.
function Task:cancel()
  if self.done or self.cancelled then return end
  self.cancelled = cancelled_error()
  if self == current then tell_loop() end
  if self.wait and self.shield == 0 then wake(self.wait, self.cancelled) end
end

---------------------------------------------------------------------------------------------------------------
-- What users call.

--- Starts a task: a child of the task that calls, or one of its own in a host that calls bybit.step.
---@param f function
---@return bybit.Task
function tasks.spawn(f, ...)
  check_cancelled()
  return make(current, f, ...)
end

local function deadlocked()
  return first > last and outside == 0 and token_waits == 0 and not next_due() and not loop.next_timeout()
end

-- Turns the scheduler until the root task has ended. What Ctrl-C raises cancels the task, which may clean up.
local function drive(task)
  local ok, why = pcall(function()
    while not task.done do
      turn()
      collect_woken()
      if not task.done and deadlocked() then error("every task waits for another: none can go on", 0) end
    end
  end)
  if ok then return end
  task:cancel()
  pcall(function()
    local stop = loop.now() + GRACE + 1
    while not task.done and loop.now() < stop and not deadlocked() do turn(0.1) end
  end)
  error(why, 0)
end

--- Runs f as a task, and the loop until it and its children are done; returns what f returns, raises what it raises.
---@param f function
function tasks.run(f, ...)
  if current then return tasks.spawn(f, ...):await() end
  local task = make(nil, f, ...)
  task.awaited = true
  drive(task)
  if not task.failed then return unpack(task.results, 2, task.results.n) end
  if type(task.err) == "string" then error(task.traceback or task.err, 0) end
  error(task.err, 0)
end

local function check_seconds(name, seconds)
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds < math.huge) then
    errors.raise(("%s: seconds, 0 or more, expected, got %s"):format(name, tostring(seconds)))
  end
end

local function sleep_blocking(seconds, over)
  local stop = loop.now() + seconds
  while loop.now() < stop and not (over and over()) do
    if loop.is_virtual() then advance(stop - loop.now()) else loop.step(stop - loop.now()) end
  end
end

--- Lets others run for so long. Outside of tasks it blocks; transfers go on.
---@param seconds number
function tasks.sleep(seconds)
  check_seconds("sleep", seconds)
  if not loop.may_yield() then return sleep_blocking(seconds) end
  local number = own_number()
  later(seconds, number)
  suspend(number)
end

--- Waits for all of the tasks, whether they fail or not, and returns them.
---@param list bybit.Task[]
---@return bybit.Task[]
function tasks.all(list)
  for _, task in ipairs(list) do await_end(task, "all") end
  return list
end

local function any_done(list)
  for _, task in ipairs(list) do
    if task.done then return task end
  end
end

--- Waits for the first of the tasks to end, cancels the others and waits for their cleanup; returns what the winner
--- returned, raises what it raised.
---@param list bybit.Task[]
function tasks.race(list)
  if #list == 0 then errors.raise("race: at least one task expected") end
  local winner
  wait_until(function()
    winner = any_done(list)
    return winner
  end, function()
    local number = own_number()
    for _, task in ipairs(list) do task.waiters[#task.waiters + 1] = number end
    return number
  end, "race")
  for _, task in ipairs(list) do
    if task ~= winner then task:cancel() end
  end
  tasks.all(list)
  return winner:await()
end

--- Runs f for at most so long. Returns what f returns, or nil and an error, kind `timeout`, once f has cleaned up.
---@param seconds number
---@param f function
function tasks.within(seconds, f, ...)
  check_seconds("within", seconds)
  if not current then
    local args = table.pack(...)
    return tasks.run(function() return tasks.within(seconds, f, unpack(args, 1, args.n)) end)
  end
  local task = tasks.spawn(f, ...)
  local late = false
  local moment = later(seconds, function()
    late = not task.done
    task:cancel()
  end)
  task.awaited = true
  await_end(task, "within")
  moment[2] = nil
  if late and task.failed and task.err and errors.is(task.err) and task.err.kind == "cancelled" then
    return nil, errors.new { kind = "timeout", method = "within", attempts = 0, elapsed = seconds,
      message = ("not done in %g s"):format(seconds) }
  end
  return task:await()
end

--- A generator, as coroutine.wrap makes one, whose function may make calls and wait when it is used in a task.
---@param f function
function tasks.wrap(f)
  local co = coroutine.create(f)
  return function(...)
    if not loop.may_yield() then
      local r = table.pack(coroutine.resume(co, ...))
      if not r[1] then error(r[2], 0) end
      return unpack(r, 2, r.n)
    end
    local outer, r = active, table.pack(true, ...)
    while true do
      active = co
      tell_loop()
      r = table.pack(coroutine.resume(co, unpack(r, 2, r.n)))
      active = outer
      tell_loop()
      if not r[1] then error(r[2], 0) end
      if r[2] ~= MARK or coroutine.status(co) == "dead" then return unpack(r, 2, r.n) end
      r = table.pack(true, yield(r[3]))
    end
  end
end

-- Runs f with the cancellation of its task held back, for as long as the grace lasts.
local function shielded(f, args)
  local task = current
  if not task then return f(unpack(args, 1, args.n)) end
  task.shield = task.shield + 1
  local held = true
  local function release()
    if not held then return end
    held = false
    task.shield = task.shield - 1
  end
  local moment = later(GRACE, function()
    release()
    if is_cancelled(task) and task.wait then wake(task.wait, task.cancelled) end
  end)
  tell_loop()
  local r = table.pack(xpcall(f, function(err) return err end, unpack(args, 1, args.n)))
  moment[2] = nil
  release()
  tell_loop()
  if not r[1] then error(r[2], 0) end
end

local Deferred = { __name = "bybit.deferred" }

function Deferred:__close()
  if not self.off then shielded(self.f, self.args) end
end

-- Calling it takes the deferral back.
function Deferred:__call()
  self.off = true
end

--- `local off <close> = bybit.defer(f, ...)` runs f on return, error, break and cancellation; f may make calls, which
--- work normally for 5 seconds even in a cancelled task. `off()` takes it back.
---@param f function
function tasks.defer(f, ...)
  return setmetatable({ f = f, args = table.pack(...) }, Deferred)
end

--- Should calls that would have to block (outside of tasks) raise instead? true allows them, the default.
---@param allowed boolean
function tasks.blocking(allowed)
  loop.blocking(allowed)
end

--- Hears of a failed task that nobody awaits and that has no parent: f(task, err, traceback).
---@param f function?
function tasks.on_error(f)
  hear_failure = f
end

--- A cancel token: every call that holds it ends with `cancelled` once it is cancelled. One made with a parent is
--- cancelled with it.
function tasks.cancel_token(parent)
  return core.token(parent)
end

--- A sleep that ends early when the token is cancelled. Returns whether it was.
function core.token_methods.wait(token, seconds)
  seconds = seconds or 3600 * 24 * 365
  check_seconds("wait", seconds)
  if not loop.may_yield() then
    sleep_blocking(seconds, function() return token:cancelled() end)
    return token:cancelled()
  end
  if token:cancelled() then return true end
  check_cancelled()
  local number, theirs = own_number(), loop.wait_new()
  local watch <close> = token:on(theirs) -- luacheck: ignore 211
  tokens[theirs], token_waits = number, token_waits + 1
  later(seconds, number)
  local cancelled = yield(number)
  tokens[theirs], token_waits = nil, token_waits - 1
  if not token:cancelled() then loop.drop(theirs) end
  if cancelled then error(cancelled, 0) end
  return token:cancelled()
end

---------------------------------------------------------------------------------------------------------------
-- Hosts with a loop of their own.

local function arm()
  collect_woken()
  local due = next_due()
  if first <= last then
    loop.alarm(0)
  elseif due and not loop.is_virtual() then
    loop.alarm(math.max(0, due - loop.now()))
  else
    loop.alarm()
  end
end

--- Does what is ready, waiting at most `wait` seconds for the first of it; stops resuming tasks after `budget`
--- seconds. Returns how many tasks live.
---@param wait? number seconds, 0
---@param budget? number seconds
---@return integer
function tasks.step(wait, budget)
  wait = wait or 0
  check_seconds("step", wait)
  if current then errors.raise("step: the loop runs already: this is a task") end
  turn(wait, budget and loop.now() + budget)
  arm()
  return live
end

--- One descriptor for life, to be polled for reading: when it is readable, or bybit.next_timeout() is over, call
--- bybit.step().
---@return integer
function tasks.fd()
  arm()
  return loop.fd()
end

--- Seconds until bybit.step() should be called at the latest; nil: only when the descriptor is readable.
---@return number?
function tasks.next_timeout()
  arm()
  return loop.next_timeout()
end

--- What moves virtual time on; the owner of a manual clock sets it.
function tasks.set_advance(f)
  advance = f or loop.advance
  loop.set_advance(advance)
end

return tasks
