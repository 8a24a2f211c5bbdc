-- Processes that trade on one key at a paper exchange, with a share; spec/support/share_worker.lua is what each of them does.

local bybit = require "bybit"
local core = require "bybit.core"
local process = require "spec.support.process"

local crowd = {}

local file <close> = assert(io.open "spec/support/share_worker.lua")
local WORKER = file:read "a"

---Starts a worker. Its `notes` are in a file that all share.
---@param site table { exchange, share, notes, on_loss, tasks }
function crowd.start(site)
  return process.start(WORKER, { URL = site.exchange.url, KEY = site.exchange.key, SECRET = site.exchange.secret,
    SHARE = site.share, NOTES = site.notes, ON_LOSS = site.on_loss or "divide", TASKS = tostring(site.tasks or 1) })
end

---The lines that the workers wrote, counted.
---@return table<string, integer>
function crowd.counts(path)
  local counts = {}
  for line in io.lines(path) do counts[line] = (counts[line] or 0) + 1 end
  return counts
end

---How many orders there are in the notes so far.
function crowd.orders(path)
  local counts = crowd.counts(path)
  return counts.ok or 0
end

---Runs workers for so many seconds of real time. Each second a random one is killed, in whose place another starts, if `kill` is
---set; and `during(second)` is called. Returns how many orders were placed in the measured time, and the lines of what went wrong.
---@param site table see crowd.start; also `workers`, `seconds`, `kill`, `during`, `random`
---@return integer placed, string[] wrong, number seconds
function crowd.run(site)
  local workers = {}
  for i = 1, site.workers do workers[i] = crowd.start(site) end
  while crowd.orders(site.notes) == 0 do bybit.sleep(0.02) end
  bybit.sleep(1.5) -- until all have started, and the first window is over
  local before = crowd.orders(site.notes)
  local began = core.loop.now()
  for second = 1, site.seconds do
    bybit.sleep(1)
    if site.during then site.during(second) end
    if site.kill then
      local i = site.random(#workers)
      workers[i]:signal "KILL"
      workers[i]:wait()
      workers[i] = crowd.start(site)
    end
  end
  local seconds = core.loop.now() - began
  local placed = crowd.orders(site.notes) - before
  for _, worker in ipairs(workers) do
    worker:signal "KILL"
    worker:wait()
  end
  local wrong = {}
  for line, n in pairs(crowd.counts(site.notes)) do
    if line ~= "ok" then wrong[#wrong + 1] = ("%d x %s"):format(n, line) end
  end
  return placed, wrong, seconds
end

return crowd
