-- For programs on luv (libuv): call attach() once; then tasks run inside uv.run(). The loop stays alive while a task lives, and
-- no longer.
--
--   local adapter = require "bybit.adapter.luv"
--   local attached = adapter.attach()
--   attached:spawn(strategy, client)
--   require "luv".run()
--   attached:close()

require "bybit.version" -- first: it says which Lua is needed
local tasks = require "bybit.tasks"
local uv = require "luv"

local adapter = {}

local Attached = {}
Attached.__index = Attached
Attached.__name = "bybit.adapter.luv"

-- Keeps an error that a step raises, for `check` to raise in the host: luv would only print an error out of a callback.
local function step(self)
  local ok, why = pcall(tasks.step, 0, self.budget)
  if not ok then
    self.trouble = self.trouble or why
    uv.stop()
  end
end

-- Before libuv waits: sets when our descriptor becomes readable, and tells libuv whether there is anything to wait for.
local function prepare(self)
  tasks.next_timeout()
  if tasks.live() > 0 then self.poll:ref() else self.poll:unref() end
end

--- Lets luv's default loop run our tasks.
---@param budget? number seconds for tasks in one turn; then the host's other callbacks run before the rest
---@return table attached
function adapter.attach(budget)
  local self = setmetatable({ budget = budget, poll = uv.new_poll(tasks.fd()), prepare = uv.new_prepare() }, Attached)
  self.poll:start("r", function() step(self) end)
  self.prepare:start(function() prepare(self) end)
  self.prepare:unref() -- it does not keep the loop alive
  prepare(self)
  return self
end

--- Starts a task, so that the next uv.run() waits for it. In a callback or a task bybit.spawn is enough.
---@param f function
---@return bybit.Task
function Attached:spawn(f, ...)
  local task = tasks.spawn(f, ...)
  prepare(self)
  return task
end

--- Runs f as a task, and runs luv's loop until it has ended. Returns what f returns, raises what it raises.
---@param f function
function Attached:run(f, ...)
  local task = self:spawn(f, ...)
  task.awaited = true
  while not task.done and not self.trouble do uv.run "once" end
  self:check()
  return task:await()
end

--- Raises the first error that a step raised since the last call of this.
function Attached:check()
  local trouble = self.trouble
  self.trouble = nil
  if trouble ~= nil then error(trouble, 0) end
end

--- Detaches from luv's loop. It may be called twice.
function Attached:close()
  for _, handle in ipairs { self.poll, self.prepare } do
    if not handle:is_closing() then handle:close() end
  end
  -- luv (1.44) crashes if a handle is still closing when the Lua state ends. Only a turn of its loop finishes the closing.
  if not uv.loop_mode() then uv.run "nowait" end
end

Attached.__close = Attached.close

return adapter
