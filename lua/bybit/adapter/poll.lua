-- For hosts that wait with a function of their own: poll, select, or another function of descriptors and seconds.
--
--   local poll = require "bybit.adapter.poll"
--   local source = poll.source()               -- in a loop of the host's own, beside its other descriptors:
--   socket.select({ source, ... }, nil, source:timeout())
--   source:step()
--
--   poll.run(wait, strategy, client)           -- or everything at once: wait(fd, seconds) returns when fd is readable

require "bybit.version" -- first: it says which Lua is needed
local errors = require "bybit.errors"
local tasks = require "bybit.tasks"

local poll = {}

local Source = {}
Source.__index = Source
Source.__name = "bybit.source"

--- The descriptor to poll for reading; it never changes. LuaSocket's select asks the object for it.
---@return integer
function Source.getfd()
  return tasks.fd()
end

--- The seconds to wait at most; nil: until the descriptor is readable. Ask before each wait.
---@return number?
function Source.timeout()
  return tasks.next_timeout()
end

--- Does what is ready; see bybit.step. Call it after each wait, whatever ended the wait.
---@param budget? number seconds after which the rest is left for the next call
---@return integer live how many tasks live
function Source.step(_, budget)
  return tasks.step(0, budget)
end

--- An object for the host's loop, with getfd, timeout and step.
function poll.source()
  return setmetatable({}, Source)
end

--- Runs f as a task, and waits only through `wait`. Returns what f returns, raises what it raises.
---@param wait fun(fd: integer, seconds: number?) returns when fd is readable or the seconds are over (nil: no limit); it may do
--- other things meanwhile
---@param f function
function poll.run(wait, f, ...)
  if type(wait) ~= "function" then
    errors.raise("poll.run: a function wait(fd, seconds) expected, got " .. type(wait))
  end
  local task, fd = tasks.spawn(f, ...), tasks.fd()
  task.awaited = true
  while not task.done do
    wait(fd, tasks.next_timeout())
    tasks.step(0)
  end
  return task:await()
end

return poll
