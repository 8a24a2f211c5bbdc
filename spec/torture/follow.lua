-- The long form of what spec/stream/follow_run_spec.lua checks: each fill once, whatever goes wrong. Prints figures.
-- Then the program that follows is a process of its own, which is killed again and again, for KILLED fills (one in twenty).
-- usage: follow.lua FILLS [SEED [KILLED]]

local follow_kills = require "spec.support.follow_kills"
local follow_run = require "spec.support.follow_run"
local figures_of = require "spec.support.figures"

local fills, seed = math.tointeger(tonumber(arg[1] or "1000000")), math.tointeger(tonumber(arg[2] or "1"))
local killed = math.tointeger(tonumber(arg[3])) or fills // 20
local RIGHT = { "lost", "twice", "foreign", "out_of_order" } -- all of them are 0

-- A function that shows how far a run is, twenty times.
local function progress(most)
  local began, shown = os.time(), 0
  return function(f)
    if f.fills - shown < most // 20 then return end
    shown = f.fills
    collectgarbage()
    io.stderr:write(("%d fills, %d s, lost %d, twice %d, out of order %d, %.0f KB\n"):format(f.fills, os.time() - began, f.lost,
      f.twice, f.out_of_order, collectgarbage "count"))
  end
end

-- Shows a run's figures. Returns how many of them are wrong.
local function judge(figures, began, what, names)
  print(("%d fills in %d s%s (seed %d)"):format(figures.fills, os.time() - began, what, seed))
  figures_of.print(figures, RIGHT)
  figures_of.print(figures, names)
  local wrong = #figures.errors + (figures.longest < 16384 and 0 or 1)
  for _, name in ipairs(RIGHT) do wrong = wrong + figures[name] end
  return wrong
end

local began = os.time()
local wrong = judge(follow_run.run { fills = fills, seed = seed, hear = progress(fills) }, began, "",
  { "late", "restarts", "connects", "longest", "rounds", "stale", "faults", "errors" })

if killed > 0 then
  began = os.time()
  local figures = follow_kills.run { fills = killed, seed = seed, hear = progress(killed) }
  wrong = wrong + judge(figures, began, " with a process that is killed", { "late", "kills", "longest", "faults", "errors" })
end

local cuts = follow_run.reconnects(math.min(1000, fills))
print(("%d reconnects: topics %+d, descriptors %+d, memory %+.0f KB, fills lost %d"):format(cuts.cuts, cuts.topics,
  cuts.descriptors, cuts.memory, cuts.lost))
wrong = wrong + math.abs(cuts.topics) + math.max(0, cuts.descriptors) + cuts.lost
os.exit(wrong == 0)
