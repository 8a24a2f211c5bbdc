-- Counts what a call costs: instructions and calls of the system's libraries by callgrind, Lua's allocations by an allocator of our own.
-- They repeat within 0.3 %, also on a busy machine, so they show what a stopwatch cannot. Compares them with the baseline, which is
-- committed: spec/bench/instructions.tsv.
--
--   make instructions                   status 1 if something costs more than 3 % above the baseline
--   make instructions ROWS=list         only rows whose name has this pattern
--   make instructions BASELINE=1        writes the baseline
--
-- What is compared does not depend on the processor: the instructions of this module's shared objects and of Lua, and how often these
-- call other libraries. What happens inside of those (libcurl, OpenSSL, libc, SQLite) depends on their version and on the processor,
-- and is only printed, also as a multiple of what a C program on bare libcurl (limit.c)
-- takes for the same requests. The compiler and Lua count, so a baseline is only for these: with others there is nothing to compare.

local baseline = require "spec.bench.baseline"
local callgrind = require "spec.bench.callgrind"
local contender = require "spec.bench.contender"
local site = require "spec.bench.site"

local PATH = "spec/bench/instructions.tsv"

-- A variable of make; nil when it is not set.
local function given(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local BUILD, LUA = given "BUILD" or "build", given "LUA" or "lua5.4"
local OUT = BUILD .. "/bench/callgrind"
local PID_FILE = OUT .. "/pid"
-- The same environment on each machine, since addresses depend on its size, and Lua's hash seed on an address.
local ENVIRONMENT = ("env -i PATH=/usr/bin:/bin LUA_PATH='%s' LUA_CPATH='%s' BUILD='%s' COUNTED='%s' "
  .. "LD_PRELOAD='%s/bench/counted.so'"):format(given "LUA_PATH" or ";;", given "LUA_CPATH" or ";;", BUILD, PID_FILE, BUILD)

-- Work of work.lua, its argument, the name of callgrind's files where that is another, how many calls first prepare it, how many a
-- round has, and rounds, of which the median counts.
local ROWS = {
  { name = "order", bare = "order 1 1", work = "order", first = 100, calls = 300, rounds = 3 },
  { name = "order in a task", bare = "order 1 1", work = "flight", argument = 1, file = "task", first = 100, calls = 300,
    rounds = 3 },
  { name = "32 in flight", bare = "order 32 32", work = "flight", argument = 32, first = 320, calls = 640, rounds = 3 },
  { name = "journalled order", bare = "order 1 1", work = "journalled", first = 100, calls = 300, rounds = 3 },
  { name = "32 journalled in flight", bare = "order 32 32", work = "journalled_flight", argument = 32, first = 320, calls = 640,
    rounds = 3 },
  { name = "order with a share", bare = "order 1 1", work = "shared", first = 100, calls = 300, rounds = 3 },
  { name = "list of 50", bare = "list 1 1", work = "list", first = 20, calls = 50, rounds = 1 },
  { name = "decode of 50", work = "decode", argument = 50, first = 20, calls = 50, rounds = 1 },
  { name = "start", work = "start", first = 0, calls = 1, rounds = 1 },
  { name = "candle of four prices", work = "prices", first = 100, calls = 1000, rounds = 1 },
  { name = "candle slept through", work = "candles", first = 100, calls = 3000, rounds = 1 },
  { name = "candle and two quotes", work = "quotes", first = 20, calls = 100, rounds = 1 },
  { name = "paper order trades", work = "exchange", argument = "trades", file = "trades", first = 100, calls = 300,
    rounds = 1 },
  { name = "paper order rests", work = "exchange", argument = "rests", file = "rests", first = 100, calls = 300, rounds = 1 },
  { name = "paper order moves", work = "exchange", argument = "moves", file = "moves", first = 100, calls = 300, rounds = 1 },
  { name = "seed of explore", work = "seeds", argument = 10, first = 1, calls = 2, rounds = 1 },
}

local TITLES = { "instructions", "calls out", "allocations", "bytes", "with libraries", "x bare" }

local function output_of(command)
  local pipe <close> = assert(io.popen(command))
  return pipe:read "l" or ""
end

local OWN = { ["core.so"] = true, ["journal.so"] = true, ["paper_engine.so"] = true }

-- Instructions of these objects are ours to answer for.
local function is_own(object)
  return OWN[object] or object:find "^lua" or object:find "^liblua"
end

-- What a round of `calls` calls has cost by callgrind's file, per call.
local function counted(path, calls)
  local spent, edges = callgrind.read(path)
  local own, all, out = 0, 0, 0
  for object, instructions in pairs(spent) do
    if object ~= "counted.so" then all = all + instructions end
    if is_own(object) then own = own + instructions end
  end
  for from, others in pairs(edges) do
    for to, count in pairs(others) do
      if is_own(from) and not is_own(to) and to ~= "?" and to ~= "counted.so" then out = out + count end
    end
  end
  return { instructions = own / calls, calls_out = out / calls, all = all / calls }
end

local function median(list)
  table.sort(list)
  return list[#list // 2 + 1]
end

-- Lets a program under callgrind make a row's calls; returns the figures of its rounds, by name.
local function rounds_of(row, name, command, rounds)
  local base, found = ("%s/%s"):format(OUT, name), {}
  local running <close> = contender.start(("%s valgrind -q --tool=callgrind --callgrind-out-file=%s %s"):format(ENVIRONMENT,
    base, command))
  if row.first > 0 then running:round(row.first) end
  for round = 1, rounds do
    local taken = running:round(row.calls)
    local figures = counted(("%s.%d"):format(base, round + (row.first > 0 and 1 or 0)), row.calls)
    figures.allocations, figures.bytes = taken.blocks, taken.bytes
    for figure, value in pairs(figures) do
      found[figure] = found[figure] or {}
      found[figure][round] = value
    end
  end
  return found
end

local bare_counts = {} -- by the arguments of limit.c

local function measure(row, url)
  local command = ("%s spec/bench/ours.lua %s %s %s"):format(LUA, row.work, url, row.argument or "")
  local found = rounds_of(row, row.file or row.work, command, row.rounds)
  for name, list in pairs(found) do found[name] = math.floor(median(list) * 10 + 0.5) / 10 end
  if row.bare and not bare_counts[row.bare] then
    local limit = ("%s/bench/limit %s %s %s %s 1.1"):format(BUILD, url, site.KEY, site.SECRET, row.bare)
    bare_counts[row.bare] = rounds_of(row, "limit-" .. row.work, limit, 1).all[1]
  end
  found.ratio = row.bare and found.all / bare_counts[row.bare]
  return found
end

-------------------------------------------------------------------------------------------------------------

-- What the compared figures depend on, in words.
local function toolchain()
  local machine = output_of "uname -m"
  local compiler = output_of((given "CC" or "cc") .. " --version 2>/dev/null"):gsub("^%S+ ", "") -- its name may be cc or gcc
  local lua, flags = output_of(LUA .. " -v 2>&1"):match "^%S+ %S+", (given "CFLAGS" or ""):match "^%s*(.-)%s*$"
  return ("%s, %s, %s, %s"):format(machine, compiler, lua, flags)
end

local function print_row(name, found, known)
  local fields = { ("%-23s"):format(name) }
  for i, figure in ipairs(baseline.FIGURES) do
    local change = known and ("%+.1f %%"):format((found[figure] / known[figure] - 1) * 100) or ""
    fields[i + 1] = ("%12.1f %8s"):format(found[figure], change)
  end
  print(table.concat(fields, " ") .. (" %14.0f"):format(found.all) .. (found.ratio and (" %6.2f"):format(found.ratio) or ""))
end

local function main()
  if output_of "command -v valgrind" == "" then
    print "valgrind is missing: nothing is counted"
    return true
  end
  os.execute(("rm -rf %s && mkdir -p %s"):format(OUT, OUT))
  if not site.pinned() then print "Client and server do not share a core, since taskset is missing: counts vary more" end
  local exchange <close>, url = site.start(50, PID_FILE) -- luacheck: ignore 211
  local made_with, wanted, writes = toolchain(), given "ROWS" or "", given "BASELINE"
  local known_with, known = baseline.read(PATH)
  local compared = known_with == made_with and not writes
  print(("%-23s" .. (" %12s %8s"):rep(4) .. " %14s %6s"):format("per call", TITLES[1], "", TITLES[2], "", TITLES[3], "",
    TITLES[4], "", TITLES[5], TITLES[6]))
  local found, changes = {}, { dearer = {}, cheaper = {} }
  for _, row in ipairs(ROWS) do
    if row.name:find(wanted) then
      local before = compared and known[row.name] or nil
      found[row.name] = measure(row, url)
      print_row(row.name, found[row.name], before)
      if before then baseline.compare(row.name, found[row.name], before, changes) end
      if compared and not before then print(("%s has no baseline yet: make instructions BASELINE=1"):format(row.name)) end
    end
  end
  if writes then
    local names = {}
    for i, row in ipairs(ROWS) do names[i] = row.name end
    for name, figures in pairs(known_with == made_with and known or {}) do found[name] = found[name] or figures end
    baseline.write(PATH, made_with, names, found)
    print("written: " .. PATH)
  elseif not compared then
    print(("Not compared. Built with %s\nThe baseline with   %s"):format(made_with, known_with or "nothing"))
  end
  local fine, text = baseline.verdict(changes, PATH)
  if text ~= "" then print("\n" .. text) end
  if not fine then print(("callgrind_annotate %s/NAME.2 shows where the instructions go."):format(OUT)) end
  return fine
end

os.exit(main(), true)
