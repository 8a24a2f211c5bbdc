-- Tasks: many calls at once in straight-line Lua, without threads. A task is a coroutine that the scheduler owns; it
-- is suspended where it waits (a call in flight, sleep, await) and resumed when what it waits for is there. Tasks are
-- structured: the children of a task end with it, and a failure that nobody awaits reaches its parent.

local core = require "bybit.core"
local errors = require "bybit.errors"
local scheduler = require "bybit.scheduler"

local loop = core.loop
local own_number, suspend, later, wake = scheduler.own_number, scheduler.suspend, scheduler.later, scheduler.wake
local unpack = table.unpack

local GRACE = 5 -- seconds that a deferred function of a cancelled task has
local ALWAYS = 3600 * 24 * 365 -- seconds

local tasks = {}

---@class bybit.Task
---@field done boolean
---@field failed boolean
---@field traceback? string of a failed task
local Task = {}
Task.__index = Task
Task.__name = "bybit.task"

function Task:__tostring()
  return ("task (%s)"):format(not self.done and "running" or self.failed and "failed" or "done")
end

local hear_failure -- see on_error

---------------------------------------------------------------------------------------------------------------
-- A task's life.

-- Tells of a failure that nobody else will hear of; in one line where the parent fails aloud.
local function report(task, briefly)
  if hear_failure then return hear_failure(task, task.err, task.traceback) end
  local text = tasks.text_of(task.err)
  io.stderr:write("bybit: a task failed that nobody awaits: ", not briefly and task.traceback or text, "\n")
end

-- Did the task end as its cancellation wants it, or without a failure at all?
local function ended_well(task)
  if not task.failed then return true end
  return task.cancelled ~= nil and errors.is(task.err) and task.err.kind == "cancelled"
end

--- The scheduler tells: its coroutine is dead.
---@param ok boolean
---@param err any
function Task:ended(ok, err)
  if not ok then self.failed, self.err = true, err end
  self.done = true
  scheduler.forget(self.limit)
  for _, number in ipairs(self.waiters) do wake(number) end
  local parent, lost = self.parent, not ended_well(self)
  if not parent then
    if lost and not self.awaited and #self.waiters == 0 then report(self) end
    return
  end
  parent.children[self] = nil
  if lost then parent.failures[#parent.failures + 1] = self end
  if parent.gathering and (lost or not next(parent.children)) then wake(parent.gathering) end
end

local function cancel_children(task)
  local list = {}
  for child in pairs(task.children) do list[#list + 1] = child end
  table.sort(list, function(a, b) return a.number < b.number end) -- `pairs` has no order of its own
  for _, child in ipairs(list) do child:cancel() end
end

-- The first failure of a child that nobody awaits becomes the task's own; more are reported.
local function adopt_failures(task)
  for _, child in ipairs(task.failures) do
    if not child.awaited then
      if ended_well(task) then
        task.failed, task.err, task.traceback = true, child.err, child.traceback
      else
        report(child, true)
      end
    end
  end
  task.failures = {}
end

-- The end of a body: its children end too; at once, when it or one of them failed or it was cancelled.
local function gather(task)
  adopt_failures(task)
  local ending = task.failed or task.cancelled
  if ending then cancel_children(task) end
  while next(task.children) do
    task.gathering = own_number()
    local cancelled = scheduler.yield(task.gathering, "own")
    adopt_failures(task)
    if not ending and (cancelled or task.failed) then
      ending = true
      cancel_children(task)
    end
  end
  task.gathering = nil
  adopt_failures(task)
end

--- The text of any error value.
function tasks.text_of(err)
  local ok, text = pcall(tostring, err)
  return ok and text or "an error that cannot be printed"
end

--- For a message handler: the text of the error with the traceback of where it is; and, when the running task has it
--- from another, of where it was raised.
function tasks.traceback(err)
  local here = debug.traceback(tasks.text_of(err), 3)
  local from = scheduler.current and scheduler.current.from
  if not from or not rawequal(from.err, err) then return here end
  return ("%s\nawaited by\n%s"):format(from.traceback or tasks.text_of(err), here:match("\n(.*)$") or here)
end

local function body(start)
  local task, f, args = start.task, start.f, start.args
  local function trace(err)
    task.traceback = tasks.traceback(err)
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

local function check_callable(what, f)
  local meta = getmetatable(f)
  if type(f) == "function" or type(meta) == "table" and meta.__call then return end
  errors.raise(("%s: a function expected, got %s"):format(what, type(f)))
end

local made = 0

local function make(parent, f, ...)
  made = made + 1
  local task = setmetatable({ number = made, parent = parent, children = {}, failures = {}, waiters = {}, shield = 0,
    done = false, failed = false, co = coroutine.create(body) }, Task)
  if parent then parent.children[task] = true end
  scheduler.start(task, { task = task, f = f, args = table.pack(...) })
  return task
end

-- Only the task's own coroutine can wait for a task: to wait in place would keep that task from running.
local function check_waitable(what)
  if scheduler.current and not loop.may_yield() then
    errors.raise(what .. ": a task can only be waited for in a task's own coroutine (or one made by bybit.wrap)")
  end
end

-- Waits, as a task or by turning the scheduler, until `over()`; the number given by `number()` is woken when it may be.
local function wait_until(over, number, what)
  check_waitable(what)
  if not scheduler.current then return scheduler.turn_until(over) end
  while not over() do suspend(number(), "own") end
end

-- Has the number woken at the task's end; what waited in vain before does not pile up.
local function add_waiter(task, number)
  local list = task.waiters
  for i = #list, 1, -1 do
    if not scheduler.is_waited(list[i]) then table.remove(list, i) end
  end
  list[#list + 1] = number
end

local function await_end(task, what)
  wait_until(function() return task.done end, function()
    local number = own_number()
    add_waiter(task, number)
    return number
  end, what)
end

--- Waits for the task; returns what its function returned, or raises what it raised.
---@return any ... what the function returned
function Task:await()
  check_waitable "await"
  self.awaited = true
  await_end(self, "await")
  if not self.failed then return unpack(self.results, 2, self.results.n) end
  if scheduler.current then scheduler.current.from = self end -- whose traceback belongs to the error
  error(self.err, 0)
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
  if self == scheduler.current then scheduler.tell_loop() end
  if self.wait and self.shield == 0 then wake(self.wait, self.cancelled) end
end

---------------------------------------------------------------------------------------------------------------
-- What users call.

--- Starts a task: a child of the task that calls, or one of its own in a host that calls bybit.step.
---@param f function
---@param ... any its arguments
---@return bybit.Task
function tasks.spawn(f, ...)
  check_callable("spawn", f)
  scheduler.check_cancelled()
  return make(scheduler.current, f, ...)
end

-- Turns the scheduler until the root task has ended. What Ctrl-C raises cancels the task, which may clean up.
local function drive(task)
  local function over() return task.done end
  local ok, why = pcall(scheduler.turn_until, over)
  if ok then return end
  task:cancel()
  pcall(function()
    local stop = loop.now() + GRACE + 1
    while not task.done and loop.now() < stop and not scheduler.is_stuck() do scheduler.turn(0.1) end
  end)
  error(why, 0)
end

--- Runs f as a task, and the loop until it and its children are done; returns what f returns, raises what it raises.
---@param f function
---@param ... any its arguments
---@return any ... what f returned
function tasks.run(f, ...)
  check_callable("run", f)
  check_waitable "run"
  if scheduler.current then return tasks.spawn(f, ...):await() end
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

--- Lets others run for so long. Outside of tasks it blocks; transfers go on.
---@param seconds number
function tasks.sleep(seconds)
  check_seconds("sleep", seconds)
  if not loop.may_yield() then return scheduler.block("sleep", seconds) end
  local number = own_number()
  scheduler.check_cancelled()
  suspend(number, "own", later(seconds, number))
end

local function check_tasks(what, list)
  for i, task in ipairs(type(list) == "table" and list or {}) do
    if getmetatable(task) ~= Task then
      errors.raise(("%s: a list of tasks expected, got %s at %d"):format(what, type(task), i))
    end
  end
  if type(list) ~= "table" or getmetatable(list) == Task then
    errors.raise(("%s: a list of tasks expected, got %s"):format(what, tostring(list)))
  end
end

--- Waits for all of the tasks, whether they fail or not, and returns them.
---@param list bybit.Task[]
---@return bybit.Task[]
function tasks.all(list)
  check_tasks("all", list)
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
---@return any ... what the winner returned
function tasks.race(list)
  check_tasks("race", list)
  if #list == 0 then errors.raise("race: at least one task expected") end
  local winner
  wait_until(function()
    winner = any_done(list)
    return winner
  end, function()
    local number = own_number()
    for _, task in ipairs(list) do add_waiter(task, number) end
    return number
  end, "race")
  winner.awaited = true
  for _, task in ipairs(list) do
    if task ~= winner then task:cancel() end
  end
  tasks.all(list)
  return winner:await()
end

--- Runs f for at most so long. Returns what f returns, or nil and an error, kind `timeout`, once f has cleaned up.
---@param seconds number
---@param f function
---@param ... any its arguments
---@return any ... what f returned
function tasks.within(seconds, f, ...)
  check_seconds("within", seconds)
  check_callable("within", f)
  check_waitable "within"
  if not scheduler.current then
    local args = table.pack(...)
    return tasks.run(function() return tasks.within(seconds, f, unpack(args, 1, args.n)) end)
  end
  local task, late = tasks.spawn(f, ...), false
  task.awaited = true
  task.limit = later(seconds, function()
    late = true
    task:cancel()
  end)
  await_end(task, "within")
  if late and task.failed and ended_well(task) then
    return nil, errors.new { kind = "timeout", method = "within", attempts = 0, elapsed = seconds,
      message = ("not done in %g s"):format(seconds) }
  end
  return task:await()
end

--- A generator, as coroutine.wrap makes one, whose function may make calls and wait when it is used in a task.
---@param f function
---@return function generator
function tasks.wrap(f)
  check_callable("wrap", f)
  return scheduler.wrap(f)
end

-- Runs f with the cancellation of its task held back, for as long as the grace lasts.
local function shielded(f, args)
  local task = scheduler.current
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
    if scheduler.is_cancelled(task) and task.wait then wake(task.wait, task.cancelled) end
  end)
  scheduler.tell_loop()
  local r = table.pack(xpcall(f, function(err) return err end, unpack(args, 1, args.n)))
  scheduler.forget(moment)
  release()
  scheduler.tell_loop()
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
---@param ... any its arguments
---@return function off
function tasks.defer(f, ...)
  check_callable("defer", f)
  return setmetatable({ f = f, args = table.pack(...) }, Deferred)
end

--- Should calls that would have to block (outside of tasks) raise instead? true allows them, the default.
---@param allowed boolean
function tasks.blocking(allowed)
  if type(allowed) ~= "boolean" then
    errors.raise("blocking: true or false expected, got " .. type(allowed))
  end
  loop.blocking(allowed)
end

--- Hears of a failed task that nobody awaits and that has no parent, and of failures that a parent cannot raise
--- because it raises another: f(task, err, traceback). Without it they are written to stderr.
---@param f function? nil: nobody hears
function tasks.on_error(f)
  if f ~= nil then check_callable("on_error", f) end
  hear_failure = f
end

--- A cancel token: every call that holds it ends with `cancelled` once it is cancelled. One made with a parent is
--- cancelled with it.
---@param parent? bybit.Token
---@return bybit.Token
function tasks.cancel_token(parent)
  return core.token(parent)
end

--- A sleep that ends early when the token is cancelled. Returns whether it was.
---@param seconds? number for ever when left out
---@return boolean cancelled
function core.token_methods.wait(token, seconds)
  seconds = seconds or ALWAYS
  check_seconds("wait", seconds)
  if not loop.may_yield() then
    scheduler.block("wait", seconds, function() return token:cancelled() end)
    return token:cancelled()
  end
  scheduler.check_cancelled()
  if token:cancelled() then return true end
  local number = loop.wait_new()
  local watch <close> = token:on(number) -- luacheck: ignore 211
  local moment = later(seconds, number)
  local cancelled = scheduler.yield(number, "token")
  scheduler.forget(moment)
  if not token:cancelled() then loop.drop(number) end
  if cancelled then error(cancelled, 0) end
  return token:cancelled()
end

---------------------------------------------------------------------------------------------------------------
-- Hosts with a loop of their own.

--- Does what is ready, waiting at most `wait` seconds for the first of it; stops resuming tasks after `budget`
--- seconds. Returns how many tasks live.
---@param wait? number seconds, 0
---@param budget? number seconds
---@return integer
function tasks.step(wait, budget)
  wait = wait or 0
  check_seconds("step", wait)
  if budget ~= nil then check_seconds("step: budget", budget) end
  if scheduler.current then errors.raise("step: the loop runs already: this is a task") end
  return scheduler.step(wait, budget and loop.now() + budget)
end

--- One descriptor for life, to be polled for reading: when it is readable, or bybit.next_timeout() is over, call
--- bybit.step().
---@return integer
function tasks.fd()
  return scheduler.fd()
end

--- Seconds until bybit.step() should be called at the latest; nil: only when the descriptor is readable.
---@return number?
function tasks.next_timeout()
  return scheduler.next_timeout()
end

tasks.live, tasks.set_advance = scheduler.live, scheduler.set_advance

return tasks
