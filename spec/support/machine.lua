-- A computer for specs of several processes: programs that do what they are told, line by line, and a clock that jumps as if all of them
-- had slept (spec/support/asleep.c). So nothing has to wait for real time to pass.

local process = require "spec.support.process"

local machine = {}

local Machine, Program = {}, {}
Machine.__index, Program.__index = Machine, Program

local PROGRAM = [=[
local bybit = require "bybit"
local environment = setmetatable({ bybit = bybit }, { __index = _G })
io.stdout:setvbuf "line"
for line in io.lines(os.getenv "TELL") do
  local f = assert(load(line, "=told", "t", environment))
  local results = table.pack(pcall(f))
  for i = 1, results.n do results[i] = tostring(results[i]):gsub("\n", " ") end
  print(table.concat(results, "\t", 2))
end
]=]

local function write(path, text)
  local file <close> = assert(io.open(path, "r+b") or io.open(path, "wb"))
  file:write(text)
end

function machine.new()
  local self = setmetatable({ slept = 0, directory = os.tmpname(), programs = {} }, Machine)
  os.remove(self.directory)
  os.execute("mkdir -m 700 " .. self.directory)
  write(self:path "asleep", string.pack("<i8", 0))
  return self
end

---Ends what is still there.
function Machine:close()
  for _, program in ipairs(self.programs) do program:kill() end
  os.execute("rm -rf " .. self.directory)
end

function Machine:path(name) return self.directory .. "/" .. name end

---All processes have slept for so many seconds.
function Machine:sleep(seconds)
  self.slept = self.slept + seconds * 1000000000 // 1
  write(self:path "asleep", string.pack("<i8", self.slept))
end

---The variables by which a program lives on this computer.
function Machine:variables()
  local preload = { os.getenv "LD_PRELOAD" or "", (os.getenv "BUILD" or "build") .. "/support/asleep.so" }
  if preload[1] == "" then table.remove(preload, 1) end
  return { LD_PRELOAD = table.concat(preload, ":"), ASLEEP = self:path "asleep" }
end

---Starts a program that does what it is told.
function Machine:start()
  local tell, variables = self:path("tell" .. #self.programs + 1), self:variables()
  os.execute("mkfifo -m 600 " .. tell)
  variables.TELL = tell
  local run = process.start(PROGRAM, variables)
  local program = setmetatable({ run = run, fifo = assert(io.open(tell, "w")) }, Program)
  program.fifo:setvbuf "line"
  self.programs[#self.programs + 1] = program
  return program
end

---Has it run a line of Lua. Globals stay.
function Program:tell(line) self.fifo:write((line:gsub("\n", " ")), "\n") end

---What the line returned, with tabs between; nil: the program has ended.
function Program:hear() return self.run:line() end

function Program:ask(line)
  self:tell(line)
  return self:hear()
end

function Program:signal(name) self.run:signal(name) end

function Program:kill()
  if self.ended then return end
  self.ended = true
  self.run:signal "KILL"
  self.run:wait()
  self.fifo:close()
end

return machine
