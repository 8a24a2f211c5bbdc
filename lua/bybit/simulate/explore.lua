-- bybit.paper.explore: seed after seed with faults, until one breaks the strategy; then as few faults as still break it.

local core = require "bybit.core"
local errors = require "bybit.errors"
local events = require "bybit.simulate.events"
local nearest = require "bybit.text.nearest"
local progress = require "bybit.strategy.progress"
local simulate = require "bybit.simulate"

local explore = {}

local WHERE = "bybit.paper.explore"
local ROUND = 32 -- seeds that a process runs before the others' results are looked at
local MOST_RUNS = 200 -- to shrink a failure

--- What goes wrong when nothing else is said: every kind of fault that a network or the exchange has.
explore.faults = {
  { "lost_request", probability = 0.02 }, { "late_request", seconds = 4, probability = 0.01 },
  { "lost_answer", probability = 0.02 }, { "reset", executed = true, probability = 0.01 },
  { "cut", probability = 0.01 }, { "delay", seconds = 3, probability = 0.01 }, { "http", status = 503, probability = 0.01 },
  { "http", status = 502, executed = true, probability = 0.01 }, { "code", code = 10016, executed = true, probability = 0.01 },
  { "code", code = 10016, probability = 0.01 }, { "code", code = 10006, probability = 0.01 },
  { "restart", seconds = 2, probability = 0.001 },
}

-- An order that is there, or has been filled, although the strategy was told of no outcome, and that it never settled.
local function lost_order(report)
  local open = {}
  for _, intent in ipairs(report.unsettled) do
    if intent.client_order_id and intent.method:find "^place_" then open[intent.client_order_id] = intent.method end
  end
  for _, order in ipairs(report.orders) do
    if open[order.client_order_id or ""] and (order.open or tonumber(order.filled_quantity) > 0) then
      return ("an order that nobody settled: %s %s, %s"):format(open[order.client_order_id], order.client_order_id, order.status)
    end
  end
end

-- Why a run has failed; nil: it has not.
local function why_of(report, check)
  if report.error ~= nil then return "error: " .. tostring(report.error):match "[^\n]*" end
  if report.exchange_errors[1] then return "the exchange itself: " .. report.exchange_errors[1] end
  local lost = lost_order(report)
  if lost or not check then return lost end
  local fine, why = check(report)
  if fine == false or fine == nil then return "check: " .. tostring(why or "it says " .. tostring(fine)) end
end

-- Runs one seed. Returns why it failed, its faults, and the report.
local function try(options, strategy, check, seed, list)
  local o = {}
  for name, value in pairs(options) do o[name] = value end
  o.seed, o.events = seed, list
  local report = simulate.run(o, strategy)
  return why_of(report, check), report.fault_events, report
end

-- Of what kind a failure is: a smaller one has to be of the same.
local function kind_of(why) return why:match "^[^:]*" end

-- Leaves out what is not needed for the failure: halves first, then smaller parts, then single ones.
local function shrink(options, strategy, check, seed, list, why)
  local runs, size = 0, math.max(1, #list // 2)
  local function fails(candidate)
    runs = runs + 1
    local other = try(options, strategy, check, seed, candidate)
    return other and kind_of(other) == kind_of(why) and other
  end
  while #list > 0 and runs < MOST_RUNS do
    local at, changed = 1, false
    while at <= #list and runs < MOST_RUNS do
      local candidate = {}
      for i, event in ipairs(list) do
        if i < at or i >= at + size then candidate[#candidate + 1] = event end
      end
      local other = fails(candidate)
      if other then list, why, changed = candidate, other, true else at = at + size end
    end
    if size == 1 and not changed then break end
    size = math.max(1, size // 2)
  end
  return list, why
end

---------------------------------------------------------------------------------------------------------------
-- Many processes.

-- The first seed of those that fails, and how many were run; in this process.
local function first_of(options, strategy, check, first, last, step)
  local count = 0
  for seed = first, last, step do
    count = count + 1
    if try(options, strategy, check, seed) then return seed, count end
  end
  return nil, count
end

-- The lowest seed between these that fails. Each process takes every so manieth seed.
local function lowest(options, strategy, check, first, last, processes)
  if processes == 1 then return (first_of(options, strategy, check, first, last, 1)) end
  local children, found = {}, nil
  for i = 1, math.min(processes, last - first + 1) do
    children[i] = core.fork(function() return tostring(first_of(options, strategy, check, first + i - 1, last, processes)) end)
  end
  local trouble
  for _, child in ipairs(children) do
    local status, text = child:read():match "^(%a+)\n(.*)$"
    child:close()
    if status ~= "done" then trouble = trouble or text or "a process has died" end
    local seed = math.tointeger(tonumber(text))
    if seed and (not found or seed < found) then found = seed end
  end
  if trouble then error(trouble, 0) end
  return found
end

local function whole(where, name, value, low)
  local n = math.type(value) and math.tointeger(value)
  if not n or n < low then
    errors.raise(("%s: '%s': a whole number from %d expected, got %s"):format(where, name, low, tostring(value)))
  end
  return n
end

local SETTINGS = { seeds = true, first = true, processes = true, failures = true, check = true, progress = true, command = true }

local function check_settings(given)
  if given ~= nil and type(given) ~= "table" then
    errors.raise(WHERE .. ": a table expected as third argument, got " .. type(given))
  end
  local s = {}
  for name, value in pairs(given or {}) do
    if not SETTINGS[name] then
      local names = {}
      for known in pairs(SETTINGS) do names[#names + 1] = known end
      errors.raise(("%s: unknown '%s'%s"):format(WHERE, tostring(name), nearest.hint(tostring(name), names)))
    end
    s[name] = value
  end
  s.seeds = whole(WHERE, "seeds", s.seeds or 1000, 1)
  s.first = whole(WHERE, "first", s.first or 1, 0)
  s.processes = whole(WHERE, "processes", s.processes or core.processors, 1)
  s.failures = whole(WHERE, "failures", s.failures or 1, 1)
  if s.check ~= nil and type(s.check) ~= "function" then errors.raise(WHERE .. ": 'check': a function expected") end
  return s
end

-- How to run a failure again.
local function command_of(settings, seed)
  return (settings.command or "bybit.paper.simulate({seed = %d, events = failure.events, ...}, strategy)"):format(seed)
end

---@class bybit.Failure
---@field seed integer the run that failed
---@field why string what was wrong with it
---@field events bybit.FaultEvent[] the faults that it needs; simulate takes them as `events`
---@field lines string[] these faults, a line each
---@field command string how to run it again

--- Runs a strategy with one seed after another, with faults, on all processors, until one breaks it: it raises, an order whose outcome it
--- was not told is there at the end and nobody settled it, or `check(report)` gives false and a reason. Then it leaves out one fault after
--- another, as long as the run still fails.
---@param options bybit.paper.SimulationOptions as of bybit.paper.simulate; without faults every kind strikes now and then; without
--- prices a run lasts ten minutes (`duration`), and the market takes a step each second (`tick`)
---@param strategy fun(client: bybit.Client, stop: bybit.Token)
---@param settings? {seeds: integer?, first: integer?, failures: integer?, processes: integer?, progress: boolean?,
--- check: (fun(report: bybit.SimulationReport): boolean, string?)?, command: string?} seeds: how many (1000), from `first` (1) on; it
--- ends after so many `failures` (1); progress: a bar on a terminal
---@return bybit.Failure[] failures by their seeds; none: no seed has broken it
function explore.run(options, strategy, settings)
  local s, o = check_settings(settings), {}
  for name, value in pairs(options or {}) do o[name] = value end
  if o.faults == nil then o.faults = explore.faults end
  if not o.prices then o.duration, o.tick = o.duration or 600, o.tick or 1 end
  simulate.check(o, strategy, WHERE)
  local show = progress.of(s.progress, "seeds")
  local failures, at, last = {}, s.first, s.first + s.seeds - 1
  while at <= last and #failures < s.failures do
    local stop = math.min(last, at + ROUND * s.processes - 1)
    local seed = lowest(o, strategy, s.check, at, stop, s.processes)
    if seed then
      local why, list = try(o, strategy, s.check, seed)
      if not why then error(("%s: seed %d failed once and not again: the strategy keeps something from run to run"):format(WHERE,
        seed), 0) end
      list, why = shrink(o, strategy, s.check, seed, list, why)
      local lines = {}
      for i, event in ipairs(list) do lines[i] = events.line(event) end
      failures[#failures + 1] = { seed = seed, why = why, events = list, lines = lines, command = command_of(s, seed) }
    end
    at = (seed or stop) + 1
    if show then show((at - s.first) / s.seeds) end
  end
  if show then show(1) end
  return failures
end

return explore
