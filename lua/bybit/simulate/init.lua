-- bybit.paper.simulate: a strategy against the exchange's rules, in virtual time, as a function of its seed. Signatures, JSON, limits and
-- lost answers are as they are on a socket; there is no socket, and no waiting.

local client_of = require "bybit.client"
local core = require "bybit.core"
local door = require "bybit.paper.door"
local errors = require "bybit.errors"
local events = require "bybit.simulate.events"
local instruments = require "bybit.paper.engine.instruments"
local journal_of = require "bybit.simulate.journal"
local ledger = require "bybit.simulate.ledger"
local network = require "bybit.simulate.network"
local prices = require "bybit.simulate.prices"
local report_of = require "bybit.simulate.report"
local scheduler = require "bybit.tasks.scheduler"
local streams = require "bybit.simulate.streams"
local tasks = require "bybit.tasks"
local virtual = require "bybit.simulate.virtual"
local world_of = require "bybit.simulate.world"

local loop = core.loop
local simulate = {}

local WHERE = "bybit.paper.simulate"
local START = 1704067200000 -- 2024-01-01T00:00:00Z, where a manual clock of the paper exchange begins too
local GRACE = 60 -- seconds that a strategy has to end after its token was cancelled

---@class bybit.paper.SimulationOptions
---@field seed integer? draws the market, the latencies, the client's ids and Lua's chance (1); the same seed gives the same run
---@field start_time integer? ms; where the prices begin, or 2024
---@field duration number? seconds; as long as there are prices
---@field prices table<string, any>? by symbol: a list of candles or of trades as the client's records, or a reader of bybit.history;
---  without prices the markets walk as the seed says
---@field path "adverse"|"adaptive"|"seeded"|nil the way inside a candle: first to the extreme that hurts (the default), to the nearer one,
---  or as the seed says
---@field fill "through"|"touch"|nil when a resting order fills: when the price goes through its own by a tick (the default), or touches it
---@field latency number[]? {from, to}: seconds that a request takes to the exchange, and its answer back; drawn from the seed
---  ({0.02, 0.06})
---@field faults bybit.paper.Fault[]? what goes wrong, see exchange:faults
---@field deposit table<string, string>? what the account begins with, per coin
---@field lag integer? ms after which an acknowledged order shows in queries (0)
---@field limits table<string, integer|false>|false|nil see bybit.paper.start
---@field instruments table? see bybit.paper.start
---@field tick number? seconds between two steps of a market that walks (0.1)
---@field client table? options of the client, such as id_prefix, guard, journal
---@field events bybit.FaultEvent[]? in place of faults: those of a failure that bybit.paper.explore has found
---@field band boolean? run it again with the path "adaptive", and tell both results
---@field journal boolean? keep each request for report:journal()

-- The rows of contracts that the simulation has: those with prices, or all of them, each asleep until somebody looks at it.
local function contracts(options)
  local rows = {}
  for _, row in ipairs(options.instruments or instruments.at(options.start_time or START)) do
    if options.prices == nil or options.prices[row.symbol] then
      local copy = {}
      for k, v in pairs(row) do copy[k] = v end
      if not options.instruments then copy.lazy = true end
      rows[#rows + 1] = copy
    end
  end
  return rows
end

-- The prices of each symbol, in the order of the contracts.
local function feeds_of(options, rows)
  local feeds, known = {}, {}
  for _, row in ipairs(rows) do
    local source = options.prices and options.prices[row.symbol]
    if source then
      known[row.symbol] = true
      feeds[#feeds + 1] = prices.feed(row.symbol, source, instruments.compile(row).tick:tonumber())
    end
  end
  for symbol in pairs(options.prices or {}) do
    if not known[symbol] then
      errors.raise(("%s: prices.%s: no contract has this symbol; option 'instruments' can add it"):format(WHERE,
        tostring(symbol)))
    end
  end
  return feeds
end

local FORBIDDEN = { "environment", "key", "secret", "private_key", "credentials", "transport" }

local function client_options(options, world, transport)
  local out = { seed = options.seed }
  for name, value in pairs(options.client or {}) do out[name] = value end
  for _, name in ipairs(FORBIDDEN) do
    if out[name] ~= nil then errors.raise(("%s: option 'client': '%s' is the simulation's own"):format(WHERE, name)) end
  end
  out.environment, out.key, out.secret, out.transport = { url = "http://127.0.0.1:1" }, world.key, world.secret, transport
  return out
end

-- Runs the strategy until it ends. When time is up its token is cancelled; when that does not end it, its task is.
local function run(strategy, client, stop, world, duration)
  local outcome = {}
  tasks.run(function()
    local task = tasks.spawn(function()
      local trace
      local results = table.pack(xpcall(strategy, function(err)
        trace = tasks.traceback(err)
        return err
      end, client, stop))
      if not results[1] then outcome.error, outcome.traceback = results[2], trace end
      outcome.ended = world:elapsed()
    end)
    task.awaited = true
    local ended = tasks.cancel_token()
    tasks.spawn(function()
      world.over:wait(duration)
      if ended:cancelled() then return end
      stop:cancel()
      ended:wait(GRACE)
      if ended:cancelled() then return end
      outcome.cancelled = true
      task:cancel()
    end)
    tasks.all { task }
    local ok, err = pcall(task.await, task) -- fails when a task of the strategy's has failed that nobody awaited
    if not ok and outcome.error == nil then outcome.error, outcome.traceback = err, task.traceback end
    ended:cancel() -- so that the clock ends
    world.over:cancel()
  end)
  return outcome
end

-- Everything that is put back at the end, however it ends.
local Ending = {}

function Ending.__close()
  scheduler.set_advance(nil)
  loop.real()
end

local function is_cancelled(err) return errors.is(err) and err.kind == "cancelled" end

local function once(options, strategy)
  local rows = contracts(options)
  local feeds = feeds_of(options, rows)
  local settings = {}
  for name, value in pairs(options) do settings[name] = value end
  settings.start_time, settings.instruments, settings.through = options.start_time, rows, options.fill ~= "touch"
  for _, feed in ipairs(feeds) do
    if not options.start_time then settings.start_time = math.min(settings.start_time or math.maxinteger, feed.first) end
  end
  settings.start_time = settings.start_time or START
  settings.tick, settings.path = options.tick or 0.1, options.path or "adverse"
  settings.latency = options.latency or { from = 0.02, to = 0.06 }
  local ending <close> = setmetatable({}, Ending) -- luacheck: ignore 211
  local world = world_of.start(settings, feeds)
  local struck = {}
  if options.events then
    events.replay(world.exchange, options.events)
    struck = options.events
  elseif options.faults then
    struck = events.record(world.exchange, options.faults)
  end
  scheduler.set_advance(function(seconds) -- an error in the prices is not the strategy's
    local ok, why = pcall(world.pass, world, seconds)
    if ok then return end
    world.broken = why
    error(why, 0)
  end)
  local journal = journal_of.new(world, options.journal or false)
  local transport = network.new(world, journal)
  world:carry(streams.new(world))
  local client <close> = client_of(client_options(options, world, transport))
  local book = ledger.new(world, feeds[1] and feeds[1].symbol or rows[1].symbol)
  local stop = tasks.cancel_token()
  local outcome
  do
    local changed <close> = virtual.begin(world, options.seed) -- luacheck: ignore 211
    outcome = run(strategy, client, stop, world, options.duration)
  end
  if world.broken ~= nil then error(world.broken, 0) end
  if outcome.error ~= nil and not (stop:cancelled() and is_cancelled(outcome.error)) then
    outcome.failed = true
  end
  return book:close { options = options, world = world, journal = journal, client = client, outcome = outcome,
    settings = settings, struck = struck }
end

local function check_strategy(strategy, where)
  local meta = getmetatable(strategy)
  if type(strategy) ~= "function" and not (type(meta) == "table" and meta.__call) then
    errors.raise(("%s: a function f(client, stop) expected as second argument, got %s"):format(where, type(strategy)))
  end
  if scheduler.current() then errors.raise(where .. ": this is a task: a simulation is what a program begins with") end
  if loop.is_virtual() then errors.raise(where .. ": time is virtual already: close the exchange with the manual clock first") end
end

--- The options, checked. Raises for what cannot be meant.
---@private
function simulate.check(options, strategy, where)
  options = door.simulation(options or {}, where)
  check_strategy(strategy, where)
  options.seed = options.seed or 1
  if not options.duration and not options.prices then
    errors.raise(where .. ": without 'prices' a 'duration' in seconds is needed")
  end
  return options
end

--- Runs a strategy, f(client, stop) as for bybit.main, against the paper exchange's rules inside this Lua state, in virtual time: what
--- waits moves time and market on. os.time, os.date, os.clock and math.random are virtual meanwhile. At the end of the prices, or of
--- `duration`, the token `stop` is cancelled; a strategy that has not ended a minute later is cancelled, and its deferred functions run.
--- An error that the strategy raises is in the report (`report.error`, `report.traceback`).
---@param options bybit.paper.SimulationOptions
---@param strategy fun(client: bybit.Client, stop: bybit.Token)
---@return bybit.SimulationReport report
function simulate.run(options, strategy)
  options = simulate.check(options, strategy, WHERE)
  local report = report_of.new(once(options, strategy))
  if options.band then
    for symbol, source in pairs(options.prices or {}) do
      if type(source) ~= "table" or source[1] == nil then
        errors.raise(("%s: 'band' runs twice: prices.%s has to be a list, not a reader"):format(WHERE, symbol))
      end
    end
    local again = {}
    for name, value in pairs(options) do again[name] = value end
    again.path = options.path == "adaptive" and "adverse" or "adaptive"
    report:set_band(report_of.new(once(again, strategy)))
  end
  return report
end

return simulate
