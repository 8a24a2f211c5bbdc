-- This module as a contender (contender.lua): makes the calls of work.lua. With COUNTED, a file for the number of this process,
-- valgrind counts a round's instructions and one whole collection of garbage after it, about as often as a program would have one;
-- no other is made meanwhile.
-- usage: lua5.4 spec/bench/ours.lua WORK URL [ARGUMENT]

package.cpath = package.cpath .. ";" .. (os.getenv "BUILD" or "build") .. "/bench/?.so"
local counted = require "counted"
local work = require "spec.bench.work"

local name, url, argument = ...
local calls, finish

local function timed(n)
  local names, from = { "cpu", "wall", "user", "system" }, { counted.times() }
  local more = calls(n)
  local to, said = { counted.times() }, {}
  for i, each in ipairs(names) do said[i] = ("%s=%.4f"):format(each, (to[i] - from[i]) / n * 1e6) end
  return ("%s memory=%d %s"):format(table.concat(said, " "), counted.most_memory(), more or "")
end

local function without_collector(n)
  collectgarbage()
  collectgarbage "stop"
  counted.taken()
  counted.zero()
  calls(n)
  collectgarbage()
  counted.dump()
  local blocks, bytes = counted.taken()
  collectgarbage "restart"
  return ("blocks=%.4f bytes=%.4f"):format(blocks / n, bytes / n)
end

local pid_file, round = os.getenv "COUNTED", timed
if pid_file then
  local file <close> = assert(io.open(pid_file, "w"))
  file:write(counted.pid())
  round = without_collector
  counted.watch()
end
calls, finish = work[name](url, argument)
for line in io.lines() do
  local n = math.tointeger(line)
  if n == 0 then break end
  print(round(n))
  io.flush()
end
if finish then finish() end
