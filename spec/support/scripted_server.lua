-- A server that does what a spec says, byte by byte, in the same thread as the client under test: while the spec waits for
-- something, the client's loop and its tasks are stepped. So a spec is straight-line code without sleeps.

local socket = require "socket"
local tasks = require "bybit.tasks"

local PATIENCE = 10 -- seconds that a spec waits for something
local TURNS = 100 -- turns of the loop that each of these seconds must have had: a slow machine has more time

local server = {}

---Steps the client's loop and its tasks until f() returns a true value; returns it.
---@param f function
---@param patience number? seconds
function server.await(f, patience)
  patience = patience or PATIENCE
  local stop, turns = socket.gettime() + patience, 0
  while true do
    local found = f()
    if found then return found end
    turns = turns + 1
    if socket.gettime() > stop and turns > patience * TURNS then error("nothing came in " .. patience .. " s", 2) end
    tasks.step(0.002)
  end
end

---The result of a transfer, after its end.
function server.result(transfer)
  return server.await(function() return transfer:result() end)
end

local Connection = {}
Connection.__index = Connection

-- Reads what has come so far, without waiting.
function Connection:poll()
  local data, why, part = self.tcp:receive(65536)
  self.input = self.input .. (data or part or "")
  if why == "closed" then self.ended = true end
end

---The next complete request: {line, headers (text), body}.
function Connection:request()
  return server.await(function()
    self:poll()
    local head, start = self.input:match("^(.-)\r\n\r\n()")
    if not head then
      if self.ended then error("the client closed the connection before its request was complete", 0) end
      return nil
    end
    local length = tonumber(head:lower():match("\r\ncontent%-length: *(%d+)") or 0)
    if #self.input < start - 1 + length then return nil end
    local body = self.input:sub(start, start - 1 + length)
    self.input = self.input:sub(start + length)
    return { line = head:match("^[^\r]*"), headers = head:match("\r\n(.*)") or "", body = body }
  end)
end

function Connection:send(...)
  local data, sent = table.concat { ... }, 0
  server.await(function()
    local last, _, part = self.tcp:send(data, sent + 1)
    sent = last or part or sent
    return last or sent == #data or self.ended
  end)
end

---An answer with a body of known length.
function Connection:answer(body, headers, status)
  self:send(("HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s"):format(status or "200 OK", #body, headers or "", body))
end

---Waits until the client has closed its end.
function Connection:closed()
  return server.await(function()
    self:poll()
    return self.ended
  end)
end

function Connection:close()
  self.tcp:close()
end

---Ends the connection with a reset.
function Connection:reset()
  self.tcp:setoption("linger", { on = true, timeout = 0 })
  self.tcp:close()
end

local Server = {}
Server.__index = Server

---Listens on a free port of loopback. `tls` is a LuaSec context: connections speak TLS.
function server.listen(tls)
  local tcp = assert(socket.bind("127.0.0.1", 0))
  tcp:settimeout(0)
  local _, port = tcp:getsockname()
  return setmetatable({ tcp = tcp, port = port, tls = tls, accepted = {},
    url = (tls and "https" or "http") .. "://127.0.0.1:" .. port }, Server)
end

---A waiting connection, or nil.
function Server:poll()
  local tcp = self.tcp:accept()
  if not tcp then return nil end
  tcp:settimeout(0)
  local connection = setmetatable({ tcp = tcp, input = "" }, Connection)
  self.accepted[#self.accepted + 1] = connection
  return connection
end

---The next connection; with TLS after the handshake (nil and the reason if it fails).
function Server:accept()
  local connection = server.await(function() return self:poll() end)
  if not self.tls then return connection end
  local wrapped = assert(require("ssl").wrap(connection.tcp, self.tls))
  wrapped:settimeout(0)
  connection.tcp = wrapped
  local why
  local ok = server.await(function()
    local done
    done, why = wrapped:dohandshake()
    return done and "done" or (why ~= "wantread" and why ~= "wantwrite") and "failed" or nil
  end)
  if ok == "failed" then return nil, why end
  return connection
end

function Server:close()
  for _, connection in ipairs(self.accepted) do connection:close() end
  self.tcp:close()
end

Server.__close = Server.close

return server
