-- `bybit backtest FILE` and `bybit explore FILE`: a program's strategy in a simulation. FILE is a program that calls
-- bybit.main(options, f), or one that returns f, or {strategy = f, options = {...}, check = f}. Nothing of it reaches an exchange.

local bybit = require "bybit"
local moments = require "bybit.history.moments"
local out = require "bybit.shell.out"

local backtest = {}

-- Options of a client that say where and with which keys it trades.
local ELSEWHERE = { "environment", "key", "secret", "private_key", "credentials", "transport", "proxy", "ca_file" }

local function callable(f)
  local meta = getmetatable(f)
  return type(f) == "function" or type(meta) == "table" and meta.__call ~= nil
end

-- Runs a program with another bybit.main, which keeps what it is given.
local function caught(chunk)
  local before, found = bybit.main, nil
  local function catch(options, f)
    found = { strategy = f, client = options }
  end
  rawset(bybit, "main", catch)
  local loaded = package.loaded["bybit.main"]
  package.loaded["bybit.main"] = catch
  local results = table.pack(pcall(chunk))
  rawset(bybit, "main", before)
  package.loaded["bybit.main"] = loaded
  if not results[1] then error(results[2], 0) end
  return found, results[2]
end

--- The strategy of a file.
---@param path string
---@param wrong fun(message: string)
---@return { strategy: function, client: table, options: table, check: function? }
function backtest.load(path, wrong)
  local chunk, why = loadfile(path)
  if not chunk then wrong("cannot read the strategy: " .. why) end
  local found, returned = caught(chunk)
  found = found or {}
  if callable(returned) then
    found.strategy = returned
  elseif type(returned) == "table" then
    found.strategy, found.options, found.check = returned.strategy or found.strategy, returned.options, returned.check
  end
  if not callable(found.strategy) then
    wrong(path .. ": no strategy: call bybit.main(options, f), or return f(client, stop), or {strategy = f, options = {...}}")
  end
  local client = {}
  for name, value in pairs(found.client or {}) do client[name] = value end
  for _, name in ipairs(ELSEWHERE) do client[name] = nil end
  found.client = client
  return found
end

local function number(options, name, wrong)
  if options[name] == nil then return nil end
  return tonumber(options[name]) or wrong(("option --%s: a number expected, got %s"):format(name, options[name]))
end

local function moment(options, name, wrong)
  if options[name] == nil then return nil end
  return moments.read(options[name]) or wrong(("option --%s: a date such as 2025-01-31 expected, got %s"):format(name,
    options[name]))
end

-- The candles of a file between two moments, as a list, so that they can be used again.
local function candles(path, from, to, wrong)
  local reader, why = bybit.history.klines(path, { progress = true })
  if not reader then wrong(why) end
  local rows = {}
  for row in function() return reader:row() end do
    if (not from or row.start_time >= from) and (not to or row.start_time < to) then rows[#rows + 1] = row end
  end
  if #rows == 0 then wrong(path .. ": no candle lies between --from and --to") end
  return rows
end

-- The options of the simulation: those of the file, and of the command line.
local function options_of(found, options, wrong)
  local o = {}
  for name, value in pairs(found.options or {}) do o[name] = value end
  local client = {}
  for _, more in ipairs { found.client, o.client or {} } do
    for name, value in pairs(more) do client[name] = value end
  end
  o.client = client
  local seed = number(options, "seed", wrong)
  o.seed = seed and (math.tointeger(seed) or wrong "option --seed: a whole number expected") or o.seed
  o.duration = number(options, "duration", wrong) or o.duration
  o.path = options.path or o.path
  if options.prices then
    local from, to = moment(options, "from", wrong), moment(options, "to", wrong)
    o.prices = { [options.symbol or "BTCUSD"] = candles(options.prices, from, to, wrong) }
  elseif not o.prices and not o.duration then
    o.duration = 3600
  end
  if options.faults then o.faults = o.faults or require("bybit.simulate.explore").faults end
  return o
end

local function installed(wrong)
  if not package.searchpath("bybit.paper", package.path) then wrong "the paper exchange is not installed (rock bybit-paper)" end
end

--- `bybit backtest FILE`: prints the report. A strategy that raised is status 1.
---@param words string[]
---@param options table
---@param wrong fun(message: string)
---@return integer status
function backtest.run(words, options, wrong)
  installed(wrong)
  if not words[1] or words[2] then wrong "backtest: one file expected: bybit backtest FILE --prices FILE" end
  local found = backtest.load(words[1], wrong)
  local o = options_of(found, options, wrong)
  o.band = o.prices ~= nil and o.path == nil
  local report = bybit.paper.simulate(o, found.strategy)
  if options.html then report:html(options.html) end
  out.write(tostring(report), "\n")
  if report.error == nil then return 0 end
  io.stderr:write(report.traceback or tostring(report.error), "\n")
  return 1
end

--- `bybit explore FILE`: tells the first seed that breaks the strategy, and how to run it again. Such a seed is status 1.
---@param words string[]
---@param options table
---@param wrong fun(message: string)
---@return integer status
function backtest.explore(words, options, wrong)
  installed(wrong)
  if not words[1] or words[2] then wrong "explore: one file expected: bybit explore FILE --seeds 1000" end
  local found = backtest.load(words[1], wrong)
  local seeds = math.tointeger(number(options, "seeds", wrong) or 1000) or wrong "option --seeds: a whole number expected"
  local o = options_of(found, options, wrong)
  if not (options.prices or options.duration or found.options and (found.options.prices or found.options.duration)) then
    o.duration = nil -- explore's own
  end
  o.faults = found.options and found.options.faults
  local first = o.seed
  local again = { "bybit explore", words[1], "--seed %d --seeds 1" }
  for _, name in ipairs { "prices", "from", "to", "symbol", "duration", "path" } do
    again[#again + 1] = options[name] and ("--%s %s"):format(name, options[name]) or nil
  end
  local failures = bybit.paper.explore(o, found.strategy, { seeds = seeds, first = first, check = found.check, progress = true,
    command = table.concat(again, " ") })
  if #failures == 0 then
    out.write(("no failure in %d seeds from %d on\n"):format(seeds, first or 1))
    return 0
  end
  for _, failure in ipairs(failures) do
    out.write(("seed %d: %s\n"):format(failure.seed, failure.why))
    for _, line in ipairs(failure.lines) do out.write("  ", line, "\n") end
    out.write("again: ", failure.command, "\n")
  end
  return 1
end

return backtest
