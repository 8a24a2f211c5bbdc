-- The long form of what spec/stream/follow_run_spec.lua checks: each fill once, whatever goes wrong. Prints figures.
-- usage: follow.lua FILLS [SEED]

local follow_run = require "spec.support.follow_run"
local figures_of = require "spec.support.figures"

local fills, seed = math.tointeger(tonumber(arg[1] or "1000000")), math.tointeger(tonumber(arg[2] or "1"))
local began, shown = os.time(), 0

local figures = follow_run.run { fills = fills, seed = seed, hear = function(f)
  if f.fills - shown < fills // 20 then return end
  shown = f.fills
  collectgarbage()
  io.stderr:write(("%d fills, %d s, lost %d, twice %d, out of order %d, %.0f KB\n"):format(f.fills, os.time() - began, f.lost,
    f.twice, f.out_of_order, collectgarbage "count"))
end }

print(("%d fills in %d s (seed %d)"):format(figures.fills, os.time() - began, seed))
figures_of.print(figures, { "lost", "twice", "foreign", "out_of_order", "late", "restarts", "connects", "longest", "rounds",
  "stale", "faults", "errors" })
local cuts = follow_run.reconnects(math.min(1000, fills))
print(("%d reconnects: topics %+d, descriptors %+d, memory %+.0f KB, fills lost %d"):format(cuts.cuts, cuts.topics,
  cuts.descriptors, cuts.memory, cuts.lost))
local of_cuts = math.abs(cuts.topics) + math.max(0, cuts.descriptors) + cuts.lost
local wrong = of_cuts + figures.lost + figures.twice + figures.foreign + figures.out_of_order + #figures.errors
os.exit(wrong == 0 and figures.longest < 16384)
