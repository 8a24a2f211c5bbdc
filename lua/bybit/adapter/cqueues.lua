-- For programs on cqueues: run(f, ...) in any cqueues coroutine runs f as a task, waits in the way of cqueues, and returns what f
-- returns. Many coroutines may do so at once.
--
--   local cq = require "cqueues".new()
--   cq:wrap(function() print(run(function() return client:get_orders { symbol = "BTCUSD" } end)) end)
--   assert(cq:loop())

require "bybit.version" -- first: it says which Lua is needed
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local tasks = require "bybit.tasks"

local adapter = {}

-- The object for cqueues.poll, which asks it for its descriptor, events and timeout.
local source = {
  pollfd = function() return tasks.fd() end,
  events = function() return "r" end,
  timeout = function() return tasks.next_timeout() end,
}

-- One coroutine of a controller steps our loop for all coroutines of it that wait.
local pumps = setmetatable({}, { __mode = "k" }) -- controller -> { ended: a condition, taken: a coroutine steps }

local function pump_of(controller)
  local pump = pumps[controller]
  if not pump then
    pump = { ended = condition.new(), taken = false }
    pumps[controller] = pump
  end
  return pump
end

local function turn(pump)
  cqueues.poll(source)
  tasks.step(0)
  pump.ended:signal()
end

-- A coroutine that waits becomes the pump if there is none. So nothing keeps running after the last one.
local function wait_for(pump, task)
  while not task.done do
    if pump.taken then
      pump.ended:wait()
    else
      pump.taken = true
      local ok, why = pcall(turn, pump)
      pump.taken = false
      if not ok then
        pump.ended:signal()
        error(why, 0)
      end
    end
  end
  pump.ended:signal() -- the next coroutine that waits takes over
end

--- Runs f as a task, for which the calling cqueues coroutine waits. Returns what f returns, raises what it raises. If a coroutine
--- ends while it waits (by an error or cqueues.cancel), the other coroutines go on running its task.
---@param f function
function adapter.run(f, ...)
  local controller = cqueues.running()
  if not controller then error("bybit.adapter.cqueues.run: call it in a coroutine of a cqueues controller", 2) end
  local task = tasks.spawn(f, ...)
  task.awaited = true
  wait_for(pump_of(controller), task)
  return task:await()
end

return adapter
