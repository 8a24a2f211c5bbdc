-- A program that is measured, in a process of its own. It reads how many calls it has to make, a line each (0: it
-- ends), and writes what they took as `name=value` pairs, a line each. A bench compares such lines of several, which take turns.

local contender = {}

local Contender = {}
Contender.__index = Contender
Contender.__name = "contender"

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- Starts a program; `command` is one of the shell.
---@param command string
---@return table
function contender.start(command)
  local pipe = os.tmpname()
  os.remove(pipe)
  assert(os.execute("mkfifo -m 600 " .. pipe))
  local self = setmetatable({ command = command }, Contender)
  self.output = assert(io.popen(("exec <%s; rm %s; exec %s"):format(quoted(pipe), quoted(pipe), command)))
  self.input = assert(io.open(pipe, "w"))
  self.input:setvbuf "no"
  return self
end

--- Lets it make n calls.
---@param n integer
---@return table<string, number> taken by name
function Contender:round(n)
  self.input:write(n, "\n")
  local line = self.output:read "l"
  if not line then error("it has ended: " .. self.command, 0) end
  local taken = {}
  for name, value in line:gmatch "([%w_]+)=(%S+)" do taken[name] = tonumber(value) end
  return taken
end

--- Lets it end, and waits for that.
function Contender:close()
  if not self.input then return end
  pcall(self.input.write, self.input, "0\n") -- a program that was started later may have this pipe open, too
  self.input:close()
  self.output:close()
  self.input = nil
end

Contender.__close = Contender.close
Contender.__gc = Contender.close

return contender
