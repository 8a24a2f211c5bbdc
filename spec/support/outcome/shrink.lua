-- Makes a program with a lie shorter: its steps, events, stops, disturbances, faults and clock errors are left out one by one,
-- as long as a lie of the same rule remains.

local rules = require "spec.support.outcome.rules"
local runner = require "spec.support.outcome.runner"

local shrink = {}

local MOST = 600 -- runs

local function copy(value)
  if type(value) ~= "table" then return value end
  local out = {}
  for k, v in pairs(value) do out[k] = copy(v) end
  return out
end

-- The first lie of that rule; and the run.
local function lie_of(program, rule)
  local run = runner.play(program)
  for _, lie in ipairs(rules.lies(run)) do
    if lie.rule == rule then return lie, run end
  end
end

local PLAIN = { { "shift", 0 }, { "lag", 0 }, { "skew", 0 }, { "forget", nil }, { "deadline", 120 }, { "window", 5000 } }

-- The programs with one thing less, as functions that remove it from a copy.
local function less(program, run)
  local list = {}
  local function add(f) list[#list + 1] = f end
  local tasks = {}
  for _, step in ipairs(program.steps) do tasks[step.task] = true end
  for task = 1, program.tasks do
    if tasks[task] and program.tasks > 1 then
      add(function(p)
        for i = #p.steps, 1, -1 do
          if p.steps[i].task == task then table.remove(p.steps, i) end
        end
      end)
    end
  end
  for i = #program.steps, 1, -1 do add(function(p) table.remove(p.steps, i) end) end
  for i = #program.events, 1, -1 do add(function(p) table.remove(p.events, i) end) end
  for i, step in ipairs(program.steps) do
    for _, name in ipairs { "stop", "hand", "confirm" } do
      if step[name] then add(function(p) p.steps[i][name] = nil end) end
    end
  end
  for _, key in ipairs(run.network.met) do
    if not program.without[key] then add(function(p) p.without[key] = true end) end
  end
  for _, entry in ipairs(PLAIN) do
    if program[entry[1]] ~= entry[2] then add(function(p) p[entry[1]] = entry[2] end) end
  end
  if program.climate.journal then add(function(p) p.climate.journal = false end) end
  return list
end

local function needs_journal(program)
  for _, step in ipairs(program.steps) do
    local how = step.stop and step.stop.how
    if how == "close" or how == "death" then return true end
  end
  return false
end

--- The shortest program found with a lie of the same rule; the lie, and the run.
function shrink.program(program, rule)
  local best, runs = copy(program), 0
  local lie, run = lie_of(best, rule)
  if not lie then return nil end
  local from = 1
  while runs < MOST do
    local smaller
    local list = less(best, run)
    for n = 0, #list - 1 do -- continues where the last one was found
      local i = (from + n - 1) % #list + 1
      local candidate = copy(best)
      list[i](candidate)
      runs = runs + 1
      local found, at
      if candidate.climate.journal or not needs_journal(candidate) then found, at = lie_of(candidate, rule) end
      if found then
        smaller, lie, run, from = candidate, found, at, i
        break
      end
      if runs >= MOST then break end
    end
    if not smaller then break end
    best = smaller
  end
  return best, lie, run
end

return shrink
