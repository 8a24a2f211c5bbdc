-- For programs on luv (libuv): attach() once, then tasks of ours run inside uv.run(). The loop stays alive while a task
-- lives, and no longer.
--
--   local adapter = require "bybit.adapter.luv"
--   local attached = adapter.attach()
--   attached:spawn(strategy, client)
--   require "luv".run()
--   attached:close()

local tasks = require "bybit.tasks"
local uv = require "luv"

local adapter = {}

local Attached = {}
Attached.__index = Attached
Attached.__name = "bybit.adapter.luv"

-- An error that a step raises is the host's: out of a callback, luv would only print it.
local function step(self)
  local ok, why = pcall(tasks.step, 0, self.budget)
  if not ok then
    self.trouble = self.trouble or why
    uv.stop()
  end
end

-- Before libuv waits: tells our descriptor when it has to be readable, and libuv whether there is anything to wait for.
local function prepare(self)
  tasks.next_timeout()
  if tasks.live() > 0 then self.poll:ref() else self.poll:unref() end
end

--- Has the default loop of luv run our tasks.
---@param budget? number seconds of Lua at a time; the rest waits until the host's other callbacks have had theirs
---@return table attached
function adapter.attach(budget)
  local self = setmetatable({ budget = budget, poll = uv.new_poll(tasks.fd()), prepare = uv.new_prepare() }, Attached)
  self.poll:start("r", function() step(self) end)
  self.prepare:start(function() prepare(self) end)
  self.prepare:unref() -- it keeps nothing alive by itself
  prepare(self)
  return self
end

--- Starts a task, and has the next uv.run() wait for it. In a callback or a task bybit.spawn does as well.
---@param f function
---@return bybit.Task
function Attached:spawn(f, ...)
  local task = tasks.spawn(f, ...)
  prepare(self)
  return task
end

--- Runs f as a task, and luv's loop until it has ended; returns what f returns, raises what it raises.
---@param f function
function Attached:run(f, ...)
  local task = self:spawn(f, ...)
  task.awaited = true
  while not task.done and not self.trouble do uv.run "once" end
  self:check()
  return task:await()
end

--- Raises what went wrong inside a step since the last time: a failure that nobody could be told of.
function Attached:check()
  local trouble = self.trouble
  self.trouble = nil
  if trouble ~= nil then error(trouble, 0) end
end

--- Lets go of luv's loop. May be called again.
function Attached:close()
  for _, handle in ipairs { self.poll, self.prepare } do
    if not handle:is_closing() then handle:close() end
  end
  -- A handle that is closing when the state ends crashes luv (1.44); only its loop finishes the closing.
  if not uv.loop_mode() then uv.run "nowait" end
end

Attached.__close = Attached.close

return adapter
