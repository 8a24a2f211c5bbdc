-- The long form of what spec/stream/book_run_spec.lua checks: books equal the exchange's, and are never crossed without being stale.
-- Prints figures. usage: book.lua DELTAS [SEED]

local book_run = require "spec.support.book_run"
local figures_of = require "spec.support.figures"

local deltas, seed = math.tointeger(tonumber(arg[1] or "1000000")), math.tointeger(tonumber(arg[2] or "1"))
local began, shown = os.time(), 0

local figures = book_run.run { deltas = deltas, seed = seed, hear = function(f)
  if f.deltas - shown < deltas // 20 then return end
  shown = f.deltas
  collectgarbage()
  io.stderr:write(("%d deltas, %d s, crossed %d, wrong %d, unlike %d, %.0f KB\n"):format(f.deltas, os.time() - began, f.crossed,
    f.wrong, f.unlike, collectgarbage "count"))
end }

print(("%d deltas in %d s (seed %d)"):format(figures.deltas, os.time() - began, seed))
figures_of.print(figures, { "looks", "crossed", "wrong", "quiet", "unlike", "resyncs", "connects", "stale", "faults",
  "seconds", "errors" })
os.exit(figures.crossed + figures.wrong + figures.unlike + #figures.errors == 0)
