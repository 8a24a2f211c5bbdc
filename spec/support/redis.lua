-- A real Redis server for specs, in a folder of its own: on a socket of this machine, and where it is asked for on a port. Where
-- redis-server is not installed, `redis.missing` says so; specs are skipped then with these words.

local socket = require "socket"

local redis = { missing = not os.execute "command -v redis-server >/dev/null 2>&1" and "redis-server is not installed" or nil }

local Server = {}
Server.__index = Server

local function shell(...)
  local pipe <close> = assert(io.popen((...):format(select(2, ...))))
  return pipe:read "a"
end

-- A port that nobody listens on.
local function free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return tonumber(port)
end

---Starts a server, and waits until it listens.
---@param options? { port: boolean?, tls: boolean?, lines: string[]?, variables: string? } lines of its configuration; variables of its
---environment, as env(1) takes them
function redis.start(options)
  options = options or {}
  local folder = shell("mktemp -d"):match "%S+"
  local self = setmetatable({ folder = folder, socket = folder .. "/s", variables = options.variables or "" }, Server)
  local lines = { "port 0", "unixsocket " .. self.socket, "dir " .. folder, 'save ""', "daemonize yes",
    "pidfile " .. folder .. "/pid", "logfile " .. folder .. "/log" }
  if options.port then
    self.port = free_port()
    lines[1] = "port " .. self.port
    lines[#lines + 1] = "bind 127.0.0.1"
  end
  if options.tls then
    self.tls_port = free_port()
    lines[#lines + 1] = ("tls-port %d\ntls-cert-file %s\ntls-key-file %s\ntls-auth-clients no\nbind 127.0.0.1"):format(
      self.tls_port, options.tls.cert, options.tls.key)
  end
  for _, line in ipairs(options.lines or {}) do lines[#lines + 1] = line end
  local file <close> = assert(io.open(folder .. "/conf", "w"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  self.url = "unix://" .. self.socket
  self.tcp = self.port and "redis://127.0.0.1:" .. self.port
  self:run()
  return self
end

---Starts it again after `stop`.
function Server:run()
  os.execute(("env %s redis-server %s/conf >/dev/null 2>&1"):format(self.variables, self.folder))
  for _ = 1, 500 do
    local pid = io.open(self.folder .. "/pid")
    if pid then
      self.pid = pid:read "n"
      pid:close()
    end
    if self.pid and os.execute(("test -S %s"):format(self.socket)) then return end
    socket.sleep(0.01)
  end
  error("redis-server does not start: " .. shell("cat %s/log", self.folder))
end

---@param name string "STOP", "CONT"
function Server:signal(name)
  os.execute(("kill -%s %d"):format(name, self.pid))
end

---Stops it. What it held is gone.
function Server:stop()
  self:signal "CONT"
  self:signal "KILL"
  for _ = 1, 500 do
    if not os.execute(("kill -0 %d 2>/dev/null"):format(self.pid)) then break end
    socket.sleep(0.01)
  end
  os.execute(("rm -f %s %s/pid"):format(self.socket, self.folder))
  self.pid = nil
end

---What redis-cli prints.
function Server:cli(command)
  return shell("redis-cli -s %s %s 2>&1", self.socket, command)
end

---What a script prints that runs inside the server.
function Server:eval(script)
  local path = self.folder .. "/script"
  local file <close> = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  return self:cli("--eval " .. path)
end

---All that it holds: names, how many seconds each stays, and contents, three lines each.
function Server:dump()
  return self:eval [[
    local how = { string = { "GET" }, hash = { "HGETALL" }, zset = { "ZRANGE", 0, -1, "WITHSCORES" } }
    local lines = {}
    for _, key in ipairs(redis.call("KEYS", "*")) do
      local words = how[redis.call("TYPE", key).ok]
      local held = redis.call(words[1], key, unpack(words, 2))
      lines[#lines + 1] = key
      lines[#lines + 1] = redis.call("TTL", key)
      lines[#lines + 1] = type(held) == "table" and table.concat(held, " ") or held
    end
    return lines
  ]]
end

function Server:close()
  if self.closed then return end
  self.closed = true
  if self.pid then self:stop() end
  os.execute("rm -rf " .. self.folder)
end

Server.__gc, Server.__close = Server.close, Server.close

return redis
