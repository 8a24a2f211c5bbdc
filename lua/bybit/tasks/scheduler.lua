-- The scheduler under tasks/init.lua: which coroutine runs, which task waits for what, which task is next. Numbers to wait for, the
-- line of tasks that are ready, and resuming them are the C core's (src/loop/turns.h), since each call of a task passes there; here is
-- what belongs to moments, to the ends of tasks, and to hosts. It knows a task's place in the core (place), its moment, its
-- cancellation (cancelled, shield), and its methods ended and closed. Parents and children are the business of tasks/init.lua. Ctrl-C
-- raises from a debug hook, which stock Lua sets on the main thread only: so work that must not be interrupted runs in a coroutine.

local core = require "bybit.core"
local errors = require "bybit.errors"
local moments = require "bybit.tasks.timers"

local loop = core.loop
local MARK, gather, resume, current = loop.mark, loop.gather, loop.resume, loop.current
local LONGEST = 3600 -- seconds of one wait

local scheduler = {
  current = current, ---@type fun(): table? the task that runs now
}

local live = 0 -- tasks that have not ended
local timeline = moments.new() -- of numbers to wake and functions to call
local advance = loop.advance -- what moves virtual time
local shared = false -- a host polls our descriptor
local turning = false -- inside a turn; the next one, or what follows it, sees what became ready meanwhile

--- Calls f so that Ctrl-C cannot interrupt it.
function scheduler.whole(f, ...)
  local _, is_main = coroutine.running()
  if not is_main then return f(...) end
  local results = table.pack(coroutine.resume(coroutine.create(f), ...))
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

---------------------------------------------------------------------------------------------------------------
-- Which tasks wait, and which are ready.

--- Is the task cancelled, and not inside a function that it deferred?
function scheduler.is_cancelled(task)
  return task ~= nil and task.cancelled ~= false and task.shield == 0
end

--- Tells the C core whether the task's waits raise. Call it after every change of that.
function scheduler.tell_loop(task)
  if task.place then loop.cancelled(task.place, scheduler.is_cancelled(task)) end
end

-- Wakes a host that polls our descriptor, since something became ready outside of a turn.
local function nudge()
  if shared and not turning then loop.alarm(0) end
end

--- Makes the task ready that waits for this number, if there is one.
function scheduler.wake(number)
  if loop.wake(number) and shared then nudge() end
end

--- Ends the wait that the task is in, if there is one; the wait returns `value`.
function scheduler.rouse(task, value)
  if task.place and loop.rouse(task.place, value) and shared then nudge() end
end

--- Notes that the task's coroutine is being closed (coroutine.close); the next turn tells the task.
function scheduler.closed(task)
  timeline:forget(task.moment)
  task.moment = nil
  if task.place then loop.closed(task.place) end
  if shared then nudge() end
end

--- Does a task wait for this number?
scheduler.is_waited = loop.is_waited

--- A new number to wait for, which only another task or a moment wakes. It is over when a wait for it has ended.
function scheduler.own_number()
  return loop.wait_new(true)
end

local function tell_due()
  loop.due(timeline:next())
end

--- After that many seconds wakes the number, or calls the function.
---@return table moment
function scheduler.later(seconds, what)
  local moment = timeline:add(loop.now() + seconds, what)
  tell_due()
  return moment
end

function scheduler.forget(moment)
  timeline:forget(moment)
end

--- Suspends the running task until the number is woken. Returns the value that it is woken with: nil, or the error of its
--- cancellation.
---@param moment? table a moment that wakes it too; it is forgotten when the wait ends
function scheduler.yield(number, moment)
  if not moment then return coroutine.yield(MARK, number) end
  local task = current()
  task.moment = moment
  local cancelled = coroutine.yield(MARK, number)
  timeline:forget(moment)
  task.moment = nil
  return cancelled
end

function scheduler.check_cancelled()
  local task = current()
  if scheduler.is_cancelled(task) then error(task.cancelled, 0) end
end

--- Like yield, but raises the cancellation.
function scheduler.suspend(number, moment)
  local cancelled = scheduler.yield(number, moment)
  if cancelled then error(cancelled, 0) end
end

--- Counts the task, and lets the next turn start its coroutine with `value`.
function scheduler.start(task, co, value)
  task.place = loop.begin(task, co, value)
  live = live + 1
  if shared then nudge() end
end

---------------------------------------------------------------------------------------------------------------
-- Turns.

-- Wakes the numbers, and calls the functions, whose moment has come.
local function take_due()
  local due = timeline:next()
  if not due then return loop.due() end
  while due and due <= loop.now() do
    local what = timeline:take()
    if type(what) == "number" then scheduler.wake(what) else what() end
    due = timeline:next()
  end
  loop.due(due)
end

-- Waits until something happens, at most `seconds` (nil: without a limit).
local function wait_for_events(seconds)
  local due = timeline:next()
  local ahead, may_advance = loop.next_advance() -- seconds until a call's turn comes that waits for its rate limit
  if may_advance and due and due - loop.now() <= (ahead or math.huge) then
    advance(math.max(0, due - loop.now()))
    return loop.step(0)
  elseif ahead then
    return loop.step(LONGEST) -- this moves virtual time itself
  end
  if due and not loop.is_virtual() then seconds = math.min(seconds or LONGEST, math.max(0, due - loop.now())) end
  if not seconds or seconds > LONGEST then seconds = LONGEST end
  loop.step(seconds)
end

-- The task's coroutine has ended, see resume_first in turns.c.
local function leave(task, how, err)
  task.place = nil
  live = live - 1
  if how == false then task:closed() else task:ended(how or false, err) end
end

-- With `on` it makes further turns, until a task ended or something else has to be looked at.
local function turn(seconds, stop, on)
  gather()
  take_due()
  if gather() == 0 then
    wait_for_events(seconds)
  else
    loop.step(0) -- a task that is always ready must not keep answers from the others
  end
  gather()
  take_due()
  gather() -- what becomes ready meanwhile waits for the next turn
  local task, how, err = resume(on, stop)
  while task do
    leave(task, how, err)
    if stop and loop.now() >= stop then return end
    task, how, err = resume(on, stop)
  end
end

local turner -- the coroutine in which turns run

-- Calls f in that coroutine, where Ctrl-C can only come at the end of a wait. So a turn is never interrupted between taking a
-- task out of a line and resuming it.
local function in_turner(f, ...)
  if turning then return f(...) end
  if not turner or coroutine.status(turner) ~= "suspended" then
    turner = coroutine.create(function(g, ...)
      g(...)
      while true do
        (function(h, ...) h(...) end)(coroutine.yield())
      end
    end)
  end
  turning = true
  local ok, why = coroutine.resume(turner, f, ...)
  turning = false
  if ok then return end
  turner = nil
  error(why, 0)
end

--- One turn: resumes what is ready, or waits for what comes.
---@param seconds? number the longest wait for something to do; nil: without a limit
---@param stop? number the moment after which the rest is left to the next turn
function scheduler.turn(seconds, stop)
  in_turner(turn, seconds, stop)
end

--- Do all tasks wait for each other, so that none can go on?
function scheduler.is_stuck()
  return gather() == 0 and loop.outside() == 0 and not timeline:next() and not loop.next_timeout()
end

local function turn_until(over)
  while not over() do
    turn(nil, nil, true)
    if not over() and scheduler.is_stuck() then error("every task waits for another: none can go on", 0) end
  end
end

--- Makes turns until over() is true; raises when it can never become true.
function scheduler.turn_until(over)
  in_turner(turn_until, over)
end

---------------------------------------------------------------------------------------------------------------
-- Waiting without suspending, and generators.

--- Blocks until over() is true or the time has passed. Transfers go on; no task is resumed.
---@param seconds number
---@param over? fun(): boolean
function scheduler.block(what, seconds, over)
  scheduler.check_cancelled()
  if not loop.may_block() then
    errors.raise(what .. ": this would block, which bybit.blocking(false) forbids: call it in a task")
  end
  local stop = loop.now() + seconds
  while not (over and over()) do
    local left = stop - loop.now()
    if left <= 0 then return end
    if loop.is_virtual() then
      loop.step(0) -- this notices Ctrl-C
      advance(left)
    else
      loop.step(math.min(left, LONGEST))
    end
  end
end

-- A generator: its coroutine (co), and, while it is suspended in a wait, the task that uses it (task).
local Generator = {}

-- The coroutine that uses the generator is being closed.
function Generator:__close()
  if not self.task then return end
  self.task = nil
  coroutine.close(self.co)
end

-- Runs the generator until it yields a value. Its waits are passed on to the task.
local function drive_generator(generator, ...)
  local guard <close> = generator -- luacheck: ignore 211
  local co, outer, r = generator.co, coroutine.running(), table.pack(...)
  while true do
    loop.task(co)
    r = table.pack(coroutine.resume(co, table.unpack(r, 1, r.n)))
    loop.task(outer)
    if not r[1] or r[2] ~= MARK or coroutine.status(co) == "dead" then return r end
    generator.task = current()
    r = table.pack(coroutine.yield(MARK, r[3]))
    generator.task = nil
  end
end

local Inside = {}

-- The generator's own coroutine is being closed: the task that waits for it is woken.
function Inside:__close()
  if self.generator.task then scheduler.rouse(self.generator.task) end
end

--- See bybit.wrap. The function runs under xpcall in its coroutine, so that its `__close` handlers may wait even after an
--- error.
function scheduler.wrap(f)
  local generator = setmetatable({}, Generator)
  local inside = setmetatable({ generator = generator }, Inside)
  local co = coroutine.create(function(...)
    local guard <close> = inside -- luacheck: ignore 211
    return xpcall(f, function(err) return err end, ...)
  end)
  generator.co = co
  return function(...)
    local r
    if loop.may_yield() then
      r = drive_generator(generator, ...)
    else
      r = table.pack(coroutine.resume(co, ...))
    end
    if not r[1] then error(r[2], 0) end
    if coroutine.status(co) ~= "dead" then return table.unpack(r, 2, r.n) end
    if not r[2] then error(r[3], 0) end
    return table.unpack(r, 3, r.n)
  end
end

---------------------------------------------------------------------------------------------------------------
-- Hosts with a loop of their own.

local function rearm()
  local ready = gather()
  take_due()
  local due = timeline:next()
  if ready + gather() > 0 then
    loop.alarm(0)
  elseif due and not loop.is_virtual() then
    loop.alarm(math.max(0, due - loop.now()))
  else
    loop.alarm()
  end
end

-- Sets when our descriptor becomes readable: when the next turn has something to do.
local function arm()
  in_turner(rearm)
end

--- See bybit.step.
function scheduler.step(wait, stop)
  local ok, why = pcall(scheduler.turn, wait, stop)
  arm()
  if not ok then error(why, 0) end
  return live
end

--- See bybit.fd.
function scheduler.fd()
  shared = true
  arm()
  return loop.fd()
end

--- See bybit.next_timeout.
function scheduler.next_timeout()
  arm()
  return loop.next_timeout()
end

local cancel_token = core.token_methods.cancel

--- Cancels the token and its children: every call that holds one ends with an error of kind `cancelled`, every wait on one ends.
function core.token_methods.cancel(token)
  cancel_token(token)
  nudge()
end

--- How many tasks have not ended.
function scheduler.live()
  return live
end

--- Sets the function that moves virtual time; the owner of a manual clock calls this.
function scheduler.set_advance(f)
  advance = f or loop.advance
  loop.set_advance(advance)
end

return scheduler
