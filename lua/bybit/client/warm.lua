-- Makes connections before the first order, so that the order need not wait for their handshakes (TCP, TLS).

local core = require "bybit.core"
local errors = require "bybit.errors"
local tasks = require "bybit.tasks"

local warm = {}

-- Asks for the exchange's time n times at once. A connection that is busy cannot take another request, so each request opens one.
-- They use also what is kept for calls that take risk away.
local function open(client, ping, n)
  local list = {}
  for i = 1, n do list[i] = tasks.spawn(ping, client) end
  for _, task in ipairs(list) do
    local answer, err = task:await()
    if not answer then return nil, err end
  end
  return true
end

--- Opens connections ahead, so that the first calls need not wait for them: makes n requests for the exchange's time at once,
--- each over a connection of its own. Open connections are used. The answers also set the client's clock. A connection without
--- requests stays open for half a minute.
---@param n? integer how many connections; when left out, as many as the client may have
---@return boolean? true
---@return bybit.Error? err the error of the first request that failed
function warm.open(client, n)
  local t = core.client.table(client)
  local most = t.connections
  n = n == nil and most or n
  if math.type(n) ~= "integer" or n < 1 or n > most then
    errors.raise(("warm: an integer from 1 to %d (what in_flight and connections allow) expected, got %s"):format(
      most, tostring(n)))
  end
  return tasks.run(open, client, t.class.ping, n)
end

return warm
