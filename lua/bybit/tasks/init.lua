-- Tasks: many calls at once in straight-line Lua, without threads. A task is a coroutine that the scheduler owns. It is
-- suspended while it waits (a call in flight, sleep, await), and resumed when the wait is over. Tasks are structured: the
-- children of a task end with it, and a failure that nobody awaits reaches its parent.

local core = require "bybit.core"
local errors = require "bybit.errors"
local known = require "bybit.text.known"
local scheduler = require "bybit.tasks.scheduler"

local loop = core.loop
local own_number, suspend, later, wake = scheduler.own_number, scheduler.suspend, scheduler.later, scheduler.wake
local current = scheduler.current
local unpack = table.unpack

local GRACE = 5 -- seconds that a deferred function of a cancelled task has
local ALWAYS = 3600 * 24 * 365 -- seconds: a wait without a limit

local TOKEN = getmetatable(core.token())

local tasks = {}

---@class bybit.Task
---@field done boolean
---@field failed boolean
---@field traceback? string only if it failed
local Task = {}
Task.__index = Task
Task.__name = "bybit.task"

-- What a task has not of its own yet. Most tasks have no child and no waiter, and there may be many tasks.
local NONE = {}
Task.done, Task.failed, Task.cancelled, Task.shield = false, false, false, 0
Task.children, Task.failures, Task.waiters = NONE, NONE, NONE -- see own

-- The task's own table of this name.
local function own(task, name)
  if task[name] == NONE then task[name] = {} end
  return task[name]
end

function Task:__tostring()
  return ("task (%s)"):format(not self.done and "running" or self.failed and "failed" or "done")
end

local hear_failure -- see on_error

---------------------------------------------------------------------------------------------------------------
-- A task's life.

-- Reports a failure that reaches nobody else. `briefly`: in one line without a traceback, since the parent fails visibly.
local function report(task, briefly)
  if hear_failure then return hear_failure(task, task.err, task.traceback) end
  local text = tasks.text_of(task.err)
  io.stderr:write("bybit: a task failed that nobody awaits: ", not briefly and task.traceback or text, "\n")
end

-- Did the task end without a failure, or only by its own cancellation?
local function ended_well(task)
  if not task.failed then return true end
  return task.cancelled ~= nil and errors.is(task.err) and task.err.kind == "cancelled"
end

local function cancel_children(task)
  local list = {}
  for child in pairs(task.children) do list[#list + 1] = child end
  table.sort(list, function(a, b) return a.number < b.number end) -- `pairs` has no fixed order
  for _, child in ipairs(list) do child:cancel() end
end

-- The first failure of a child that nobody awaits becomes the task's own failure; further ones are reported.
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
  task.failures = NONE
end

-- Ends the task: its body and all its children are over.
local function finish(self)
  adopt_failures(self)
  self.done = true
  scheduler.forget(self.limit)
  for _, number in ipairs(self.waiters) do wake(number) end
  local parent, lost = self.parent, not ended_well(self)
  if not parent then
    if lost and not self.awaited and #self.waiters == 0 then report(self) end
    return
  end
  parent.children[self] = nil
  if lost then own(parent, "failures")[#parent.failures + 1] = self end
  if next(parent.children) and not lost then return end
  if parent.gathering then wake(parent.gathering) end
  if parent.orphaning and not next(parent.children) then finish(parent) end
end

--- The scheduler calls this when the task's coroutine has ended.
---@private
---@param ok boolean
---@param err any
function Task:ended(ok, err)
  if not ok then self.failed, self.err = true, err end
  if not next(self.children) then return finish(self) end
  self.orphaning = true -- the body ended before it could wait for them
  cancel_children(self)
end

--- The scheduler calls this when the task's coroutine was closed from outside (coroutine.close): it counts as cancelled.
---@private
function Task:closed()
  self.cancelled = self.cancelled or errors.new { kind = "cancelled", method = "task", attempts = 0, elapsed = 0,
    message = "the task's coroutine was closed" }
  self:ended(false, self.cancelled)
end

-- After the body: waits for the children. Cancels them if the task or one of them failed, or if the task was cancelled.
local function gather(task)
  adopt_failures(task)
  local ending = task.failed or task.cancelled
  if ending then cancel_children(task) end
  while next(task.children) do
    task.gathering = own_number()
    local cancelled = scheduler.yield(task.gathering)
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
  local ok, text = core.hooks.protect(tostring, err)
  return ok and text or "an error that cannot be printed"
end

--- For a message handler: the text of the error and the traceback. If the running task got the error from another task, the
--- traceback of the place where it was raised comes first.
function tasks.traceback(err)
  local here = core.hooks.traceback(tasks.text_of(err), 3)
  local task = current()
  local from = task and task.from
  if not from or not rawequal(from.err, err) then return here end
  return ("%s\nawaited by\n%s"):format(from.traceback or tasks.text_of(err), here:match("\n(.*)$") or here)
end

-- What a task's coroutine starts with: task, f, args. `over`: the body has ended.
local Start = {}

function Start:__close()
  if not self.over then scheduler.closed(self.task) end
end

local function body(start)
  local guard <close> = start -- luacheck: ignore 211
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
  start.over = true
end

local function check_callable(what, f)
  local meta = getmetatable(f)
  if type(f) == "function" or type(meta) == "table" and meta.__call then return end
  errors.raise(("%s: a function expected, got %s"):format(what, type(f)))
end

local made = 0

local function make(parent, f, ...)
  made = made + 1
  local task = setmetatable({ number = made, parent = parent }, Task)
  if parent then own(parent, "children")[task] = true end
  scheduler.start(task, coroutine.create(body), setmetatable({ task = task, f = f, args = table.pack(...) }, Start))
  return task
end

-- Only a task's own coroutine can wait for another task: blocking elsewhere would keep that task from running.
local function check_waitable(what)
  if current() and not loop.may_yield() then
    errors.raise(what .. ": a task can only be waited for in a task's own coroutine (or one made by bybit.wrap)")
  end
end

-- Waits until `over()`: as a task, or else by turning the scheduler. `number()` makes a number that is woken when `over()` may
-- have become true.
local function wait_until(over, number, what)
  check_waitable(what)
  if not current() then return scheduler.turn_until(over) end
  while not over() do
    scheduler.check_cancelled()
    suspend(number())
  end
end

-- Wakes the number when the task ends. Numbers that nobody waits for any more are removed, so that they do not pile up.
local function add_waiter(task, number)
  local list = own(task, "waiters")
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

--- Waits for the task. Returns what its function returned, or raises what it raised.
---@return any ... what the function returned
function Task:await()
  check_waitable "await"
  self.awaited = true
  await_end(self, "await")
  if not self.failed then return unpack(self.results, 2, self.results.n) end
  local task = current()
  if task then task.from = self end -- the error comes with this task's traceback
  error(self.err, 0)
end

local function cancelled_error()
  return errors.new { kind = "cancelled", method = "task", message = "the task was cancelled", attempts = 0,
    elapsed = 0 }
end

local function cancel(task, err)
  task.cancelled = err
  scheduler.tell_loop(task)
  if task.shield == 0 then scheduler.rouse(task, err) end
end

--- Cancels the task: the wait that it is in, and every later one, raises an error of kind `cancelled`, except in functions that
--- it deferred. Its children are cancelled when its function has ended. A task that has ended stays as it is.
function Task:cancel()
  if self.done or self.cancelled then return end
  scheduler.whole(cancel, self, cancelled_error())
end

---------------------------------------------------------------------------------------------------------------
-- What users call.

--- Starts a task. Inside a task it is a child of that task. Elsewhere it has no parent, and bybit.step or bybit.run runs it.
---@param f function
---@param ... any its arguments
---@return bybit.Task
function tasks.spawn(f, ...)
  check_callable("spawn", f)
  scheduler.check_cancelled()
  return scheduler.whole(make, current(), f, ...)
end

-- Runs f as a task without a parent, and turns the scheduler until it has ended. Ctrl-C raises here: it cancels the task, which
-- has time to clean up.
local function drive(...)
  local task
  local function start(...)
    task = make(nil, ...)
    task.awaited = true
  end
  local ok, why = pcall(function(...)
    scheduler.whole(start, ...)
    scheduler.turn_until(function() return task.done end)
  end, ...)
  if ok then return task end
  if not task then error(why, 0) end
  task:cancel()
  pcall(function()
    local stop = loop.now() + GRACE + 1
    while not task.done and loop.now() < stop and not scheduler.is_stuck() do scheduler.turn(0.1) end
  end)
  error(why, 0)
end

--- Runs f as a task, and runs the loop until the task and its children are done. Returns what f returns, raises what it raises.
---@param f function
---@param ... any its arguments
---@return any ... what f returned
function tasks.run(f, ...)
  check_callable("run", f)
  check_waitable "run"
  if current() then return tasks.spawn(f, ...):await() end
  local task = drive(f, ...)
  if not task.failed then return unpack(task.results, 2, task.results.n) end
  if type(task.err) == "string" then error(task.traceback or task.err, 0) end
  error(task.err, 0)
end

local function check_seconds(name, seconds)
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds < math.huge) then
    errors.raise(("%s: seconds, 0 or more, expected, got %s"):format(name, tostring(seconds)))
  end
end

--- Waits for that time while other tasks run. Outside of tasks it blocks, but transfers go on.
---@param seconds number
function tasks.sleep(seconds)
  check_seconds("sleep", seconds)
  if not loop.may_yield() then return scheduler.block("sleep", seconds) end
  scheduler.check_cancelled()
  local number = own_number()
  suspend(number, later(seconds, number))
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

--- Waits for the first of the tasks to end, cancels the others, and waits for their cleanup. Returns what the first returned,
--- or raises what it raised.
---@param list bybit.Task[]
---@return any ... what the first task returned
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

--- Runs f for at most that time. Returns what f returns; or, once f has cleaned up, nil and an error of kind `timeout`.
---@param seconds number
---@param f function
---@param ... any its arguments
---@return any ... what f returned
function tasks.within(seconds, f, ...)
  check_seconds("within", seconds)
  check_callable("within", f)
  check_waitable "within"
  if not current() then
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

--- Makes a generator like coroutine.wrap. Inside a task, its function may make calls and wait.
---@param f function
---@return function generator
function tasks.wrap(f)
  check_callable("wrap", f)
  return scheduler.wrap(f)
end

-- Runs f while its task's cancellation is held back, for GRACE seconds at most.
local function shielded(f, args)
  local task = current()
  if not task then return f(unpack(args, 1, args.n)) end
  task.shield = task.shield + 1
  scheduler.tell_loop(task)
  local held = true
  local function release()
    if not held then return end
    held = false
    task.shield = task.shield - 1
    scheduler.tell_loop(task)
  end
  local moment = later(GRACE, function()
    release()
    if scheduler.is_cancelled(task) then scheduler.rouse(task, task.cancelled) end
  end)
  local r = table.pack(xpcall(f, function(err) return err end, unpack(args, 1, args.n)))
  scheduler.forget(moment)
  release()
  if not r[1] then error(r[2], 0) end
end

local Deferred = { __name = "bybit.deferred" }

function Deferred:__close()
  if not self.off then shielded(self.f, self.args) end
end

-- Calling the object takes the deferral back.
function Deferred:__call()
  self.off = true
end

--- `local off <close> = bybit.defer(f, ...)` runs f on return, error, break and cancellation. f may make calls: even in a
--- cancelled task they work normally for 5 seconds. `off()` takes it back.
---@param f function
---@param ... any its arguments
---@return function off
function tasks.defer(f, ...)
  check_callable("defer", f)
  return setmetatable({ f = f, args = table.pack(...) }, Deferred)
end

--- Says whether calls outside of tasks may block. true, the default, allows it; with false such a call raises.
---@param allowed boolean
function tasks.blocking(allowed)
  if type(allowed) ~= "boolean" then
    errors.raise("blocking: true or false expected, got " .. type(allowed))
  end
  loop.blocking(allowed)
end

--- Sets the function f(task, err, traceback) that is called when a task fails that has no parent and that nobody awaits, and for
--- a failure that a parent cannot raise because it raises another. Without it such failures are written to stderr.
---@param f function? nil: they are written to stderr again
function tasks.on_error(f)
  if f ~= nil then check_callable("on_error", f) end
  hear_failure = f
end

--- Makes a cancel token. When it is cancelled, every call that holds it ends with an error of kind `cancelled`. A token with a
--- parent is cancelled with its parent.
---@param parent? bybit.Token
---@return bybit.Token
function tasks.cancel_token(parent)
  if parent ~= nil and getmetatable(parent) ~= TOKEN then
    errors.raise("cancel_token: a cancel token as parent expected, got " .. type(parent))
  end
  return core.token(parent)
end

--- Sleeps; returns early when the token is cancelled. Returns whether it was cancelled.
---@param seconds? number without it there is no limit
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
  local cancelled = scheduler.yield(number, later(seconds, number))
  if cancelled then error(cancelled, 0) end
  return token:cancelled()
end

known.only("a cancel token", core.token_methods)
tasks.wait = core.token_methods.wait

---------------------------------------------------------------------------------------------------------------
-- Hosts with a loop of their own.

--- Does what is ready. Waits at most `wait` seconds for something to do; stops resuming tasks after `budget` seconds. Returns
--- how many tasks live.
---@param wait? number seconds; 0 by default
---@param budget? number seconds
---@return integer
function tasks.step(wait, budget)
  wait = wait or 0
  check_seconds("step", wait)
  if budget ~= nil then check_seconds("step: budget", budget) end
  if current() then errors.raise("step: the loop runs already: this is a task") end
  return scheduler.step(wait, budget and loop.now() + budget)
end

--- The descriptor to poll for reading; it never changes. Call bybit.step() when it is readable, or when bybit.next_timeout() is
--- over.
---@return integer
function tasks.fd()
  return scheduler.fd()
end

--- Seconds after which bybit.step() must be called at the latest; nil: only when the descriptor is readable.
---@return number?
function tasks.next_timeout()
  return scheduler.next_timeout()
end

tasks.live, tasks.set_advance = scheduler.live, scheduler.set_advance

return tasks
