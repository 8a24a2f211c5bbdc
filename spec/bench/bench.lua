-- Measures speed: each row's contenders take turns in one run, on one core with the server that they ask, and what counts is the ratio
-- to the first of them. Single figures depend on the machine and on what else it does; medians of ratios repeat within some percent.
--
--   make bench                    the short form, for a few minutes
--   make bench LONG=1             more rounds, and the rows that take long
--   make bench ROWS='in flight'   only rows whose name has this pattern
--   make bench JSON=1             a line of JSON per row, in place of the table
--   make peers                    gets the peers of npm
--
-- The lines of JSON are also written to build/bench/results.jsonl.

local cjson = require "cjson"
local contender = require "spec.bench.contender"
local site = require "spec.bench.site"

local function given(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local LONG, JSON, ROWS = given "LONG", given "JSON", given "ROWS" or ""
local ROUNDS = LONG and 15 or 5
local SECONDS = LONG and 0.4 or 0.12 -- of a contender's round
local FIRST, MOST = 64, 200000 -- calls: before the measuring, and in a round
local UNITS = { us = 1, ms = 1e-3, MB = 1 / (1 << 20), B = 1, [""] = 1 }

local results <close> = assert(io.open((given "BUILD" or "build") .. "/bench/results.jsonl", "w"))

local function say(text, ...)
  if not JSON then print(text:format(...)) end
  io.flush()
end

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local middle = #sorted // 2
  return #sorted % 2 == 1 and sorted[middle + 1] or (sorted[middle] + sorted[middle + 1]) / 2
end

-- Starts a row's contenders; how many calls each makes in a round. The first calls are not measured.
local function prepare(row)
  local list = {}
  for i, named in ipairs(row.contenders()) do
    local c = { name = named[1], figures = {}, ratios = {}, user = {}, system = {} }
    c.running = contender.start(named[2])
    if row.calls then
      c.calls = row.calls
    else
      local is_start = named[2]:find "/bench/starts " ~= nil
      c.running:round(is_start and 2 or FIRST)
      local taken = c.running:round(is_start and 2 or FIRST)
      c.calls = math.max(1, math.min(MOST, math.ceil(SECONDS * 1e6 / (taken.server or taken.cpu))))
    end
    list[i] = c
  end
  return list
end

-- One round: each makes its calls, in turns that begin with another one each time.
local function round_of(row, list, round)
  for i = 1, #list do
    local c = list[(i + round) % #list + 1]
    local taken = c.running:round(c.calls)
    c.user[round], c.system[round] = taken.user, taken.system
    c.figures[round] = assert(taken[row.metric or "cpu"], c.name .. " does not tell " .. (row.metric or "cpu"))
  end
  for _, c in ipairs(list) do c.ratios[round] = c.figures[round] / list[1].figures[round] end
end

local function report(row, list, rounds)
  local unit = row.unit or "us"
  local out = { row = row[1], unit = unit, metric = row.metric or "cpu", rounds = rounds, pinned = site.pinned(),
    contenders = {} }
  for i, c in ipairs(list) do
    local least, middle, ratio = math.min(table.unpack(c.figures)), median(c.figures), median(c.ratios)
    least, middle = least * UNITS[unit], middle * UNITS[unit]
    out.contenders[i] = { name = c.name, min = least, median = middle, ratio = ratio, calls = c.calls,
      user = c.user[1] and median(c.user), system = c.system[1] and median(c.system) } -- these two in us
    say("%-50s %-12s %10.2f %10.2f %-3s %s", i == 1 and row[1] or "", c.name, least, middle, unit,
      i > 1 and ("%6.2f"):format(ratio) or "")
  end
  local line = cjson.encode(out)
  results:write(line, "\n")
  results:flush()
  if JSON then print(line) end
end

local function run(row)
  local list = prepare(row)
  local rounds = row.rounds or ROUNDS
  for round = 1, rounds do round_of(row, list, round) end
  for i = #list, 1, -1 do list[i].running:close() end
  report(row, list, rounds)
end

local function main()
  local rows = require "spec.bench.rows"
  if not site.pinned() then say "Client and server do not share a core, since taskset is missing: ratios say little." end
  for _, what in ipairs(rows.missing) do say("Not there: %s", what) end
  say("%-50s %-12s %10s %10s %3s %6s", ("%d rounds"):format(ROUNDS), "", "minimum", "median", "", "ratio")
  for _, row in ipairs(rows) do
    if (LONG or not row.long) and row[1]:find(ROWS) then run(row) end
  end
  rows.close()
end

main()
