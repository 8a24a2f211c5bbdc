-- The scheduler under tasks/init.lua: which coroutine runs, which task waits for what, which task is next. It knows a task's
-- coroutine (co), its wait (wait, kind, moment), its cancellation (cancelled, shield), and its methods ended and closed. Parents
-- and children are the business of tasks/init.lua. Ctrl-C raises from a debug hook, which stock Lua sets on the main thread
-- only: so work that must not be interrupted runs in a coroutine. What every call of a task passes is written for speed: a
-- task has the fields that are looked at there of its own, and what belongs to moments is left out for waits without one.

local core = require "bybit.core"
local errors = require "bybit.errors"
local moments = require "bybit.tasks.timers"

local loop = core.loop
local MARK, woken, resume_coroutine = loop.mark, loop.woken, loop.resume
local LONGEST = 3600 -- seconds of one wait

local scheduler = {
  current = nil, ---@type table? the task that runs now
}

local active -- the coroutine that may be suspended now: the task's own, or a generator made by wrap in it
local live = 0 -- tasks that have not ended
local waiting = {} -- wait number -> task; the loop's numbers are positive, ours are negative
local counts = { call = 0, token = 0, own = 0 } -- how many tasks wait, by what wakes them: a transfer's end, a token, a task
local last_wait = 0
local ready, values = {}, {} -- tasks to resume, in order, and what each is resumed with
local first, last = 1, 0 -- which places of the two are in use
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

--- Tells the C core which coroutine may be suspended, and whether its task is cancelled. Call it after every change of either.
function scheduler.tell_loop()
  loop.task(active, scheduler.is_cancelled(scheduler.current))
end

-- Wakes a host that polls our descriptor, since something became ready outside of a turn.
local function nudge()
  if shared and not turning then loop.alarm(0) end
end

--- Puts the task in line: the next turn resumes it.
function scheduler.enqueue(task, value)
  local place = last + 1
  values[place] = value or false -- this and the next may raise for lack of memory, so `last` grows after them
  ready[place] = task
  last = place
  if shared then nudge() end
end

-- Ends the task's wait, if it waits.
local function release(task)
  local number, kind = task.wait, task.kind
  if not number then return end
  counts[kind] = counts[kind] - 1
  waiting[number], task.wait = nil, nil
  if kind == "call" then return end
  timeline:forget(task.moment)
  task.moment = nil
end

--- Makes the task ready that waits for this number, if there is one.
function scheduler.wake(number, value)
  local task = waiting[number]
  if not task then return end
  release(task)
  scheduler.enqueue(task, value)
end

--- Notes that the task's coroutine is being closed (coroutine.close); the next turn tells the task.
function scheduler.closed(task)
  release(task)
  scheduler.enqueue(task)
end

--- Does a task wait for this number?
function scheduler.is_waited(number)
  return waiting[number] ~= nil
end

--- A new number to wait for.
function scheduler.own_number()
  last_wait = last_wait - 1
  return last_wait
end

--- After that many seconds wakes the number, or calls the function.
---@return table moment
function scheduler.later(seconds, what)
  return timeline:add(loop.now() + seconds, what)
end

function scheduler.forget(moment)
  timeline:forget(moment)
end

--- Suspends the running task until the number is woken. Returns the value that it is woken with: nil, or the error of its
--- cancellation.
---@param kind "own"|"token" what wakes it
---@param moment? table a moment that wakes it too; it is forgotten when the wait ends
function scheduler.yield(number, kind, moment)
  return coroutine.yield(MARK, number, kind, moment)
end

function scheduler.check_cancelled()
  local task = scheduler.current
  if scheduler.is_cancelled(task) then error(task.cancelled, 0) end
end

--- Like yield, but raises the cancellation.
function scheduler.suspend(number, kind, moment)
  scheduler.check_cancelled()
  local cancelled = scheduler.yield(number, kind, moment)
  if cancelled then error(cancelled, 0) end
end

--- Counts the task, and lets the next turn start its coroutine with `value`.
function scheduler.start(task, value)
  live = live + 1
  scheduler.enqueue(task, value)
end

---------------------------------------------------------------------------------------------------------------
-- Turns.

local function leave(task)
  task.over = true
  live = live - 1
end

local function resume(task, value)
  if task.over then return end -- it was closed while it was in line
  local before, before_active = scheduler.current, active
  scheduler.current, active = task, task.co
  local cancelled = task.cancelled and task.shield == 0
  local waits, number, kind, moment = resume_coroutine(active, cancelled, value or nil)
  scheduler.current, active = before, before_active
  if before then scheduler.tell_loop() end -- it may have been cancelled meanwhile
  if waits then
    kind = kind or "call"
    waiting[number], task.wait = task, number
    if task.kind ~= kind then task.kind = kind end
    if kind ~= "call" then task.moment = moment end
    counts[kind] = counts[kind] + 1
  elseif waits == nil then
    scheduler.enqueue(task) -- a bare coroutine.yield lets others run
  else
    leave(task)
    local ok, err = number, kind
    if ok == nil then task:closed() else task:ended(ok, err) end
  end
end

local function collect_woken()
  local number = woken()
  while number do
    scheduler.wake(number)
    number = woken()
  end
  local due = timeline:next()
  while due and due <= loop.now() do
    local what = timeline:take()
    if type(what) == "number" then scheduler.wake(what) else what() end
    due = timeline:next()
  end
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

local function turn(seconds, stop)
  collect_woken()
  if first > last then
    wait_for_events(seconds)
  else
    loop.step(0) -- a task that is always ready must not keep answers from the others
  end
  collect_woken()
  local to = last -- what becomes ready meanwhile waits for the next turn
  while first <= to do
    local task, value = ready[first], values[first]
    ready[first], values[first] = nil, nil
    first = first + 1
    resume(task, value)
    if stop and loop.now() >= stop then break end
  end
  if first > last then first, last = 1, 0 end
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
  return first > last and counts.call == 0 and counts.token == 0 and not timeline:next() and not loop.next_timeout()
end

local function turn_until(over)
  while not over() do
    turn()
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
  local co, outer, r = generator.co, active, table.pack(...)
  while true do
    active = co
    scheduler.tell_loop()
    r = table.pack(coroutine.resume(co, table.unpack(r, 1, r.n)))
    active = outer
    scheduler.tell_loop()
    if not r[1] or r[2] ~= MARK or coroutine.status(co) == "dead" then return r end
    generator.task = scheduler.current
    r = table.pack(coroutine.yield(MARK, r[3], r[4], r[5]))
    generator.task = nil
  end
end

local Inside = {}

-- The generator's own coroutine is being closed: the task that waits for it is woken.
function Inside:__close()
  local task = self.generator.task
  if task and task.wait then scheduler.wake(task.wait) end
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
  collect_woken()
  local due = timeline:next()
  if first <= last then
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
