-- Fuzzes HTTP answers: the first byte says how the rest (the answer's bytes) is cut into pieces, and whether gzip was asked
-- for. The transfer must end once, as an answer or as an error with a message, and with no more bytes than allowed.

local core = require "bybit.core"
local socket = require "socket"

local MAX_BODY = 10000
local ERRORS = { network = true, too_large = true, timeout = true }

local listener = assert(socket.bind("127.0.0.1", 0))
listener:settimeout(5)
local _, port = listener:getsockname()
local url = ("http://127.0.0.1:%d/v5/order/create"):format(port)

return function(input)
  if #input < 1 then return end
  local how = input:byte()
  local http = core.http {}
  local transfer = http:start { verb = how & 2 == 0 and "POST" or "GET", url = url, body = how & 2 == 0 and "{}" or nil,
    timeout = 5, max_body = MAX_BODY, gzip = how & 1 == 1 }
  core.loop.step(0.001)
  local peer = assert(listener:accept())
  peer:settimeout(0)
  local cut = how & 4 == 4 and #input // 2 or #input
  peer:send(input:sub(2, cut))
  core.loop.step(0)
  peer:send(input:sub(cut + 1))
  for _ = 1, 3 do
    peer:receive(65536)
    core.loop.step(0)
  end
  if how & 8 == 8 then peer:setoption("linger", { on = true, timeout = 0 }) end
  peer:close()
  local stop = core.loop.now() + 4
  while not transfer:done() do
    core.loop.step(0.01)
    assert(core.loop.now() < stop, "the connection is closed, and the transfer goes on")
  end
  local result = transfer:result()
  if result.error then
    assert(ERRORS[result.error], result.error)
    assert(#result.message > 0)
  else
    assert(result.status >= 100 and #result.body <= MAX_BODY)
  end
  assert(http:in_flight() == 0)
  transfer:release()
  http:close()
end
