-- An exchange inside the caller's own Lua state, without server and thread, whose time the caller moves: for simulations.

local Engine = require "bybit.paper.engine"
local Limits = require "bybit.paper.v5.limits"
local Wire = require "bybit.paper.v5.wire"
local endpoints = require "bybit.paper.v5.endpoints"
local endpoints_account = require "bybit.paper.v5.account"
local endpoints_v2 = require "bybit.paper.v2.endpoints"
local faults = require "bybit.paper.faults"

local inside = {}

---@param options { seed: integer, clock: fun(): integer, key: string, secret: string, deposit: table?, lag: integer?, limits: any,
---  instruments: table?, faults: table?, keep: integer?, through: boolean, expect: fun(ns: integer) } clock tells nanoseconds since
---  1970; through: a resting order fills when the market goes through its price; expect: hears of a request that comes late
---@return { engine: table, account: table, wire: table, faults: table, errors: string[], streams: fun(sockets: table): table }
---  streams makes the exchange's streams; sockets: what carries their frames, as the server's do
function inside.start(options)
  local injected, errors = faults.new(options.seed), {}
  injected:set(options.faults)
  local function clock() return options.clock() + (injected.standing.skew or 0) * 1000000 end
  local engine = Engine.new { seed = options.seed, now = function() return clock() // 1000000 end,
    instruments = options.instruments, deposit = options.deposit, lag = injected.standing.lag or options.lag or 0,
    keep = options.keep }
  engine.forget_after, engine.through = injected.standing.forget, options.through
  local account = engine:open_account(options.key, {})
  local entry = { key = options.key, secret = options.secret, id = 1001, created = clock() // 1000000, account = account }
  local keys = { [options.key] = entry }
  local function report(line) errors[#errors + 1] = line end
  local wire = Wire.new { engine = engine, keys = keys, limits = Limits.new(options.limits), faults = injected,
    endpoints = { endpoints, endpoints_account, endpoints_v2 }, clock = clock, seed = options.seed, report = report,
    expect = options.expect }
  local function streams(sockets)
    return require("bybit.paper.stream").new { sockets = sockets, engine = engine, keys = keys, wire = wire, faults = injected,
      now = function() return clock() // 1000000 end, seed = options.seed, report = report, eager = true }
  end
  return { engine = engine, account = account, wire = wire, faults = injected, errors = errors, streams = streams }
end

return inside
