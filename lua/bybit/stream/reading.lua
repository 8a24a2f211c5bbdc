-- What all who read streams share: waiting for a reader of the C core (src/stream/reader.c), and the errors that end a loop.

local core = require "bybit.core"
local errors = require "bybit.errors"
local scheduler = require "bybit.tasks.scheduler"

local loop = core.loop

local reading = {}

--- Waits until the reader has something. In ordinary code it may also come back when another event of the loop was served.
---@param method string for messages
---@param reader userdata
---@param seconds number? the longest wait
function reading.wait(method, reader, seconds)
  scheduler.check_cancelled()
  if loop.may_yield() then
    local number = reader:expect()
    local cancelled = scheduler.yield(number, seconds and scheduler.later(seconds, number))
    reader:forget()
    if cancelled then error(cancelled, 0) end
  elseif loop.may_block() then
    reader:block(seconds)
  else
    errors.raise(method .. ": this would block, which bybit.blocking(false) forbids: call it in a task")
  end
end

--- The error of a topic, or a login, that the exchange refuses.
---@param topic { name: string, private: boolean }
---@param why string what the exchange says
---@return bybit.Error
function reading.refused(method, topic, why)
  local said = why ~= "" and why or "no reason given"
  return errors.new { kind = topic.private and "auth" or "exchange", method = method,
    message = ("the exchange refuses %s: %s"):format(topic.private and "the login, or " .. topic.name or topic.name, said),
    attempts = 1, elapsed = 0 }
end

--- The error of a loop whose client was closed.
---@return bybit.Error
function reading.closed(method)
  return errors.new { kind = "closed", method = method, message = "the client was closed", attempts = 0, elapsed = 0 }
end

return reading
