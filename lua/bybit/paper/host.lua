-- The exchange as it lives in the server's Lua state: puts engine, wire and clock together and gives the three
-- functions that the server calls, for a request, for a command of the owner, for a tick of the timer, and for the messages and
-- the end of a WebSocket.

local Engine = require "bybit.paper.engine"
local Limits = require "bybit.paper.v5.limits"
local Streams = require "bybit.paper.stream"
local Wire = require "bybit.paper.v5.wire"
local books = require "bybit.paper.engine.books"
local endpoints = require "bybit.paper.v5.endpoints"
local endpoints_account = require "bybit.paper.v5.account"
local endpoints_v2 = require "bybit.paper.v2.endpoints"
local faults = require "bybit.paper.faults"
local pack = require "bybit.paper.pack"
local prices = require "bybit.paper.prices"

local host = {}

local ERRORS_KEPT = 100
local LAST = 9000000000000000000 -- nanoseconds since 1970, in the year 2255: later ones would not fit an integer

local function check_end(now, span)
  if span > LAST - now then error("the exchange's clock cannot go past the year 2255", 0) end
end

-- The exchange's clock in nanoseconds, and how to advance it by nanoseconds when it is stepped by hand.
local function make_clock(options, real)
  if options.clock ~= "manual" then return real end
  local now = options.start_time * 1000000
  return function() return now end, function(nanoseconds)
    check_end(now, nanoseconds)
    now = now + nanoseconds
  end
end

-- Error lines, newest last; old ones go.
local function make_report()
  local lines = {}
  return lines, function(line)
    if #lines == ERRORS_KEPT then table.remove(lines, 1) end
    lines[#lines + 1] = line
  end
end

local MINUTE = 60000 -- ms: so that the candles of a past that is played now begin where they began

-- What drives markets, by symbol.
local function open_feeds(files, report)
  local feeds = {}
  for symbol, paths in pairs(files) do feeds[symbol] = prices.play(paths, report) end
  return feeds
end

local function open_accounts(engine, options, created)
  local keys = {}
  for i, entry in ipairs(options.keys) do
    entry.id, entry.created = 1000 + i, created
    entry.account = engine:open_account(entry.key, { deposit = entry.deposit or options.deposit })
    keys[entry.key] = entry
  end
  return keys
end

-- Sets faults, and what holds for all requests while they last.
local function fault_setter(engine, injected, options)
  return function(wanted)
    injected:set(wanted)
    engine.lag = injected.standing.lag or options.lag or 0
    engine.forget_after = injected.standing.forget
  end
end

local function nanoseconds_of(seconds)
  return math.tointeger(math.floor(seconds * 1e9 + 0.5))
end

-- The next moment at which a market that is fed has a price, or a late request arrives, in ns.
local function next_moment(engine, wire)
  local point = engine:next_point()
  return math.min(point and point * 1000000 or math.maxinteger, wire:next_late() or math.maxinteger)
end

-- Moves time to a moment, and on the way to each price of the markets that are fed, and to each late request. Streams are told at each.
local function pass(engine, wire, clock, forward, to, streams)
  local moment = next_moment(engine, wire)
  while moment <= to do
    forward(math.max(0, moment - clock()))
    engine:advance_to(clock() // 1000000)
    engine:play()
    wire:arrive()
    streams:flush(true)
    moment = next_moment(engine, wire)
  end
  forward(to - clock())
  engine:advance_to(clock() // 1000000)
end

-- Moves time from tick to tick of the engine, then to the end of the span. Streams are told at each tick.
local function walk(engine, wire, clock, forward, span, streams)
  local tick, now = engine.tick_ms * 1000000, clock()
  check_end(now, span)
  local to = now + span
  for moment = now - now % tick + tick, to, tick do
    if next_moment(engine, wire) <= moment then pass(engine, wire, clock, forward, moment, streams) end
    forward(moment - clock())
    clock()
    engine:tick()
    streams:flush(true)
  end
  pass(engine, wire, clock, forward, to, streams)
end

-- The owner's commands. Their arguments were checked at the door, in the owner's Lua state.
local function make_commands(engine, wire, keys, clock, forward, lines, streams)
  local commands = {}
  function commands.set_price(symbol, price, with) engine:set_price(symbol, price, with) end
  function commands.step(n)
    for _ = 1, n do
      engine:step(1)
      streams:flush(true)
    end
  end
  function commands.streams() return streams:counts() end
  function commands.errors() return lines end
  function commands.now() return clock() // 1000000 end
  function commands.books(key) return books.of(keys[key].account) end
  function commands.advance(seconds)
    local span = nanoseconds_of(seconds)
    check_end(clock(), span)
    pass(engine, wire, clock, forward, clock() + span, streams)
  end
  function commands.walk(seconds) walk(engine, wire, clock, forward, nanoseconds_of(seconds), streams) end
  return commands
end

---@param boot string the options, packed
---@param real_clock fun(): integer nanoseconds since 1970
---@param sockets table what the server does with WebSockets
---@return function on_request, function on_command, function on_tick, integer tick_ms, function on_message, function on_closed
function host.start(boot, real_clock, sockets)
  local options = pack.read(boot)
  local unskewed, forward = make_clock(options, real_clock)
  local injected = faults.new(options.seed)
  local moment -- ms: what the clock told last. A request, a command and a tick have one moment, unless they move time
  local function clock()
    local nanoseconds = unskewed() + (injected.standing.skew or 0) * 1000000
    moment = nanoseconds // 1000000
    return nanoseconds
  end
  local function now() return moment end
  clock()
  local lines, report = make_report()
  local engine = Engine.new {
    seed = options.seed, now = now, instruments = options.instruments, deposit = options.deposit, lag = options.lag,
    keep = options.keep, active_orders = options.active_orders, feeds = open_feeds(options.prices or {}, report),
    shift = forward and 0 or (now() - (options.start_time or 0)) // MINUTE * MINUTE,
  }
  local keys = open_accounts(engine, options, now())
  local wire = Wire.new {
    engine = engine, keys = keys, limits = Limits.new(options.limits), faults = injected,
    endpoints = { endpoints, endpoints_account, endpoints_v2 }, clock = clock, seed = options.seed, report = report,
    auth_status_401 = options.auth_status_401,
  }
  local streams = Streams.new {
    sockets = sockets, engine = engine, keys = keys, wire = wire, faults = injected, now = now, seed = options.seed,
    report = report, eager = forward ~= nil,
  }
  local commands = make_commands(engine, wire, keys, clock, forward, lines, streams)
  commands.faults = fault_setter(engine, injected, options)
  function commands.fault_counts() return injected.counts end
  commands.faults(options.faults)

  -- `key` is that with which a WebSocket is asked for. What has changed is told before the answer to the change goes out.
  local function on_request(verb, target, body, address, api_key, timestamp, sign, window, key)
    if key then
      clock()
      return streams:open(target, key)
    end
    if wire:next_late() then wire:arrive() end
    local status, text, headers, fault = wire:handle(verb, target, body, address, api_key, timestamp, sign, window)
    if not streams.used then return status, text, headers, fault end
    streams:flush()
    if fault and fault.restart then streams:cut_all() end
    return status, text, headers, fault
  end

  local function run(name, ...) return pack.write(commands[name](...)) end

  local function on_command(text)
    clock()
    local answer = run(pack.read(text))
    streams:flush(true)
    return answer
  end

  local function on_tick()
    clock()
    local ok, trouble = xpcall(wire.arrive, debug.traceback, wire)
    if ok then ok, trouble = xpcall(engine.tick, debug.traceback, engine) end
    if ok and streams.used then ok, trouble = xpcall(streams.flush, debug.traceback, streams, true) end
    if not ok then report("tick: " .. trouble) end
  end

  local function on_message(id, text)
    clock()
    streams:message(id, text)
  end

  local function on_closed(id) streams:closed(id) end

  return on_request, on_command, on_tick, forward and 0 or engine.tick_ms, on_message, on_closed
end

return host
