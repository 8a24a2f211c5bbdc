-- A bare HTTP/1.1 caller over a LuaSocket connection: sends the given bytes, and returns what came back. Specs use it to send
-- what a well-behaved client never sends.

local socket = require "socket"

local raw = {}

local Connection = {}
Connection.__index = Connection

---@param port integer
function raw.connect(port)
  local tcp = assert(socket.connect("127.0.0.1", port))
  tcp:settimeout(5)
  tcp:setoption("tcp-nodelay", true)
  return setmetatable({ tcp = tcp }, Connection)
end

function Connection:send(text)
  assert(self.tcp:send(text))
end

---The next answer: {status, headers (lower-case names), body}; nil and the reason if the connection ends.
function Connection:answer(without_body)
  local line, why = self.tcp:receive("*l")
  if not line then return nil, why end
  local done = { status = math.tointeger(tonumber(line:match("^HTTP/1%.[01] (%d+)"))), headers = {}, line = line }
  for header in function() return self.tcp:receive("*l") end do
    if header == "" then break end
    local name, value = header:match("^([^:]+): *(.*)$")
    done.headers[name:lower()] = value
  end
  local size = tonumber(done.headers["content-length"] or 0)
  done.body = size > 0 and not without_body and assert(self.tcp:receive(size)) or ""
  return done
end

function Connection:close()
  self.tcp:close()
end

Connection.__close = Connection.close

---The bytes of one request.
function raw.text(verb, target, headers, body)
  local lines = { ("%s %s HTTP/1.1"):format(verb, target), "Host: 127.0.0.1" }
  for _, header in ipairs(headers or {}) do lines[#lines + 1] = header end
  if body then lines[#lines + 1] = "Content-Length: " .. #body end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

---One request on a connection of its own.
function raw.request(port, verb, target, headers, body)
  local connection <close> = raw.connect(port)
  connection:send(raw.text(verb, target, headers, body))
  return assert(connection:answer(verb == "HEAD"))
end

return raw
