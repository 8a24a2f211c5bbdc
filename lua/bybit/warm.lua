-- Connections made ahead of the first order: what costs a handshake or two (TCP, TLS) is paid before it matters.

local core = require "bybit.core"
local errors = require "bybit.errors"
local tasks = require "bybit.tasks"

-- Asks for the exchange's time n times at once: a connection that is busy is no use to the next, so each has its own.
local function open(client, path, n)
  local list = {}
  for i = 1, n do list[i] = tasks.spawn(client.request, client, "GET", path) end
  for _, task in ipairs(list) do
    local answer, err = task:await()
    if not answer then return nil, err end
  end
  return true
end

--- Opens connections ahead, so that the first calls need not: n requests for the exchange's time, at once, each over a
--- connection of its own; those that are open already are used. The client's clock is set by the way. An idle
--- connection is kept for half a minute.
---@param n? integer how many; all that the client may have when left out
---@return boolean? true
---@return bybit.Error? err of the first that failed
return function(client, n)
  local t = core.client.table(client)
  local most = t.connections
  n = n == nil and most or n
  if math.type(n) ~= "integer" or n < 1 or n > most then
    errors.raise(("warm: an integer from 1 to %d (what in_flight and connections allow) expected, got %s"):format(
      most, tostring(n)))
  end
  return tasks.run(open, client, t.class.dialect.ping, n)
end
