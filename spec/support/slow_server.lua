-- A server in a process of its own that answers every request only after SECONDS seconds. It writes its port, then serves
-- until it is killed. Started with spec.support.process.

local socket = require "socket"

local seconds = tonumber(os.getenv "SECONDS")
local body = '{"retCode":0,"retMsg":"OK","result":{"timeSecond":"1","timeNano":"1"},"time":1}'
local answer = ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body)

local listener = assert(socket.bind("127.0.0.1", 0, 1024))
listener:settimeout(0)
io.stdout:write(select(2, listener:getsockname()), "\n")
io.stdout:flush()

local open, due = { listener }, {} -- connections, and { moment, connection } in order
while true do
  local wait = due[1] and math.max(0, due[1][1] - socket.gettime())
  for _, s in ipairs((socket.select(open, nil, wait))) do
    if s == listener then
      local connection = listener:accept()
      connection:settimeout(0)
      open[#open + 1] = connection
    else
      local data, why, part = s:receive(65536)
      if why == "closed" then
        for i, other in ipairs(open) do
          if other == s then table.remove(open, i) break end
        end
        s:close()
      elseif (data or part or ""):find("\r\n\r\n", 1, true) then
        due[#due + 1] = { socket.gettime() + seconds, s }
      end
    end
  end
  while due[1] and due[1][1] <= socket.gettime() do table.remove(due, 1)[2]:send(answer) end
end
