-- The long form of what spec/stream/book_run_spec.lua checks: books equal the exchange's, and are never crossed without being stale.
-- Each exchange lives for some thousand changes, and the next one has the next seed. Prints figures.
-- usage: book.lua DELTAS [SEED]

local book_run = require "spec.support.book_run"
local figures_of = require "spec.support.figures"

local PART = 20000 -- changes of an exchange

local deltas, first = math.tointeger(tonumber(arg[1] or "1000000")), math.tointeger(tonumber(arg[2] or "1"))
local began, shown = os.time(), 0

local function add(sums, figures)
  for name, value in pairs(figures) do
    if type(value) == "table" then
      sums[name] = sums[name] or {}
      if name == "errors" then table.move(value, 1, #value, #sums.errors + 1, sums.errors) else add(sums[name], value) end
    else
      sums[name] = (sums[name] or 0) + value
    end
  end
end

local all, seed = { deltas = 0 }, first
while all.deltas < deltas do
  add(all, book_run.run { deltas = math.min(PART, deltas - all.deltas), seed = seed })
  seed = seed + 1
  if all.deltas - shown >= deltas // 20 then
    shown = all.deltas
    collectgarbage()
    io.stderr:write(("%d deltas, %d s, crossed %d, wrong %d, unlike %d, %.0f KB\n"):format(all.deltas, os.time() - began,
      all.crossed, all.wrong, all.unlike, collectgarbage "count"))
  end
end

print(("%d deltas in %d s (seeds %d to %d)"):format(all.deltas, os.time() - began, first, seed - 1))
figures_of.print(all, { "looks", "crossed", "wrong", "quiet", "unlike", "resyncs", "connects", "stale", "faults", "seconds",
  "errors" })
os.exit(all.crossed + all.wrong + all.unlike + #all.errors == 0)
