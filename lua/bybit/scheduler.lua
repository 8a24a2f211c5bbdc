-- The scheduler under tasks.lua: which coroutine runs, who waits for what, whose turn is next. Of a task it knows the
-- coroutine (co), what it waits for (wait, kind), its cancellation (cancelled, shield) and whom to tell of its end
-- (its method ended); what tasks mean to each other is not its business.

local core = require "bybit.core"
local errors = require "bybit.errors"
local moments = require "bybit.moments"

local loop = core.loop
local MARK = loop.mark
local LONGEST = 3600 -- seconds of one wait

local scheduler = {
  current = nil, ---@type table? the task that runs now
}

local active -- the coroutine that may be suspended now: the task's own, or a generator made by wrap in it
local live = 0 -- tasks that have not ended
local waiting = {} -- wait number -> task; the loop's numbers are positive, our own negative
local counts = { call = 0, token = 0, own = 0 } -- how many wait, by who wakes them: a transfer's end, a token, a task
local last_wait = 0
local ready, first, last = {}, 1, 0 -- tasks to resume, in order; ready[i] = { task, value }
local timeline = moments.new() -- of numbers to wake and functions to call
local advance = loop.advance -- what moves virtual time
local shared = false -- a host polls our descriptor
local turning = false -- inside a turn; what becomes ready then is seen at its end

---------------------------------------------------------------------------------------------------------------
-- Who waits, and who is ready.

--- Is the task cancelled, and not inside what it deferred?
function scheduler.is_cancelled(task)
  return task ~= nil and task.cancelled ~= nil and task.shield == 0
end

--- Tells the C core who may be suspended, and whether that task is cancelled; after every change of either.
function scheduler.tell_loop()
  loop.task(active, scheduler.is_cancelled(scheduler.current))
end

-- A host that sleeps on our descriptor must hear of what it made ready itself.
local function nudge()
  if shared and not turning then loop.alarm(0) end
end

--- Has the task resumed in the next turn.
function scheduler.enqueue(task, value)
  ready[last + 1] = { task, value } -- may raise for lack of memory: only then is it one more
  last = last + 1
  nudge()
end

--- Makes the task that waits for this number ready; nothing when nobody does.
function scheduler.wake(number, value)
  local task = waiting[number]
  if not task then return end
  counts[task.kind] = counts[task.kind] - 1
  waiting[number], task.wait = nil, nil
  scheduler.enqueue(task, value)
end

--- Does a task wait for this number?
function scheduler.is_waited(number)
  return waiting[number] ~= nil
end

--- A number to wait for that nobody has.
function scheduler.own_number()
  last_wait = last_wait - 1
  return last_wait
end

--- In so many seconds wakes the number, or calls the function.
---@return table moment
function scheduler.later(seconds, what)
  return timeline:add(loop.now() + seconds, what)
end

function scheduler.forget(moment)
  timeline:forget(moment)
end

--- Suspends the running task until the number is woken. Gives what it is woken with: the error of its cancellation.
---@param kind "own"|"token" who wakes it
function scheduler.yield(number, kind)
  return coroutine.yield(MARK, number, kind)
end

function scheduler.check_cancelled()
  local task = scheduler.current
  if scheduler.is_cancelled(task) then error(task.cancelled, 0) end
end

--- As yield, but raises the cancellation; `moment`, if there is one, ends with the wait.
function scheduler.suspend(number, kind, moment)
  scheduler.check_cancelled()
  local cancelled = scheduler.yield(number, kind)
  timeline:forget(moment)
  if cancelled then error(cancelled, 0) end
end

--- Counts the task in and has its coroutine started in the next turn, with `value`.
function scheduler.start(task, value)
  live = live + 1
  scheduler.enqueue(task, value)
end

---------------------------------------------------------------------------------------------------------------
-- Turns.

local function resume(task, value)
  local before, before_active = scheduler.current, active
  scheduler.current, active = task, task.co
  scheduler.tell_loop()
  local ok, mark, number, kind = coroutine.resume(task.co, value)
  scheduler.current, active = before, before_active
  scheduler.tell_loop()
  if coroutine.status(task.co) == "dead" then
    live = live - 1
    task:ended(ok, mark)
  elseif mark == MARK then
    kind = kind or "call"
    waiting[number], task.wait, task.kind = task, number, kind
    counts[kind] = counts[kind] + 1
  else
    scheduler.enqueue(task) -- a bare coroutine.yield lets others run
  end
end

local function collect_woken()
  for number in loop.woken do scheduler.wake(number) end
  local due = timeline:next()
  while due and due <= loop.now() do
    local what = timeline:take()
    if type(what) == "number" then scheduler.wake(what) else what() end
    due = timeline:next()
  end
end

-- Waits until something happens, at most `seconds` (nil: as long as it takes).
local function wait_for_events(seconds)
  local due = timeline:next()
  local ahead, may_advance = loop.next_advance() -- to the turn of a call that waits for its rate limit
  if may_advance and due and due - loop.now() <= (ahead or math.huge) then
    advance(math.max(0, due - loop.now()))
    return loop.step(0)
  elseif ahead then
    return loop.step(LONGEST) -- moves time on itself
  end
  if due and not loop.is_virtual() then seconds = math.min(seconds or LONGEST, math.max(0, due - loop.now())) end
  loop.step(math.min(seconds or LONGEST, LONGEST))
end

local function turn(seconds, stop)
  turning = true
  collect_woken()
  if first > last then
    wait_for_events(seconds)
  else
    loop.step(0) -- those who are always ready must not keep answers from the others
  end
  collect_woken()
  local to = last -- what becomes ready meanwhile has the next turn
  while first <= to do
    local entry = ready[first]
    ready[first] = nil
    first = first + 1
    resume(entry[1], entry[2])
    if stop and loop.now() >= stop then break end
  end
  if first > last then first, last = 1, 0 end
  turning = false
end

local turner -- where turns run

--- One turn: resumes what is ready, or waits for what comes. Ctrl-C raises from a debug hook, which stock Lua sets on
--- the main thread alone: in a coroutine a turn is never broken between taking a task from the line and resuming it.
---@param seconds? number the longest wait for something to do; nil: as long as it takes
---@param stop? number when to leave the rest to the next turn
function scheduler.turn(seconds, stop)
  if not turner or coroutine.status(turner) ~= "suspended" then
    turner = coroutine.create(function(...)
      turn(...)
      while true do turn(coroutine.yield()) end
    end)
  end
  local ok, why = coroutine.resume(turner, seconds, stop)
  if ok then return end
  turner, turning = nil, false
  error(why, 0)
end

--- Does every task wait for another, so that none can go on?
function scheduler.is_stuck()
  return first > last and counts.call == 0 and counts.token == 0 and not timeline:next() and not loop.next_timeout()
end

--- Turns until over() is true; raises when it never will be.
function scheduler.turn_until(over)
  while not over() do
    scheduler.turn()
    collect_woken()
    if not over() and scheduler.is_stuck() then error("every task waits for another: none can go on", 0) end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Waiting without suspending, and generators.

--- Waits in place, transfers go on and no task is resumed, until over() or for so long.
---@param seconds number
---@param over? fun(): boolean
function scheduler.block(what, seconds, over)
  scheduler.check_cancelled()
  if not loop.may_block() then
    errors.raise(what .. ": this would block, which bybit.blocking(false) forbids: call it in a task")
  end
  local stop = loop.now() + seconds
  while loop.now() < stop and not (over and over()) do
    if loop.is_virtual() then advance(stop - loop.now()) else loop.step(math.min(stop - loop.now(), LONGEST)) end
  end
end

-- Runs the generator `co` until it gives a value of its own, passing its waits on to the task.
local function drive_generator(co, ...)
  local outer, r = active, table.pack(...)
  while true do
    active = co
    scheduler.tell_loop()
    r = table.pack(coroutine.resume(co, table.unpack(r, 1, r.n)))
    active = outer
    scheduler.tell_loop()
    if not r[1] or r[2] ~= MARK or coroutine.status(co) == "dead" then return r end
    r = table.pack(coroutine.yield(MARK, r[3], r[4]))
  end
end

--- See bybit.wrap. The function runs under xpcall in its coroutine, so that after an error its `__close` handlers may
--- wait as well.
function scheduler.wrap(f)
  local co = coroutine.create(function(...) return xpcall(f, function(err) return err end, ...) end)
  return function(...)
    local r
    if loop.may_yield() then
      r = drive_generator(co, ...)
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

-- Makes our descriptor readable when the next turn has something to do.
local function arm()
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

--- See bybit.step.
function scheduler.step(wait, stop)
  scheduler.turn(wait, stop)
  arm()
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

--- Every call that holds the token, or one below it, ends with `cancelled`; every wait on it ends.
function core.token_methods.cancel(token)
  cancel_token(token)
  nudge()
end

--- How many tasks have not ended.
function scheduler.live()
  return live
end

--- What moves virtual time on; the owner of a manual clock sets it.
function scheduler.set_advance(f)
  advance = f or loop.advance
  loop.set_advance(advance)
end

return scheduler
