-- The paper exchange's engine in the spec's own Lua state, in virtual time, and the truth about it. The world is a sequence of
-- events (arriving copies, another program's acts, prices, clock jumps, stops of calls). Waiting moves time, and events that
-- are due meanwhile happen at their own moments. After each event the books are compared with those before: this gives the
-- history of each order and of each position's stops, every change with its cause.
--
-- Three clocks: true time (seconds since the start, the loop's monotonic clock), the exchange's clock (true time plus `skew`),
-- and the local wall clock, which only `shift` moves.

local core = require "bybit.core"
local Engine = require "bybit.paper.engine"
local Limits = require "bybit.paper.v5.limits"
local Wire = require "bybit.paper.v5.wire"
local endpoints = require "bybit.paper.v5.endpoints"
local endpoints_account = require "bybit.paper.v5.account"
local endpoints_v2 = require "bybit.paper.v2.endpoints"
local faults = require "bybit.paper.faults"
local scheduler = require "bybit.tasks.scheduler"
local triggers = require "bybit.paper.engine.triggers"

local loop = core.loop
local world = {}

world.KEY, world.SECRET = "paperKey0123456789", "paperSecretPaperSecretPaperSecret001"
world.START = 1700000000000 -- ms

-- What is traded: the kind of contracts, two symbols with their prices and the steps of those, and how many of a thing a number is.
-- `hedge`: the first symbol is in hedge mode.
local function linear(n, symbol) return symbol == "BTCUSDT" and ("%.3f"):format(n / 1000) or ("%.2f"):format(n / 100) end

world.TERRAINS = {
  inverse = { category = "inverse", main = "BTCUSD", other = "ETHUSD", middle = { BTCUSD = "30000", ETHUSD = "2000" },
    tick = { BTCUSD = 0.5, ETHUSD = 0.05 }, quantity = function(n) return n end },
  linear = { category = "linear", main = "BTCUSDT", other = "ETHUSDT", middle = { BTCUSDT = "30000", ETHUSDT = "2000" },
    tick = { BTCUSDT = 0.5, ETHUSDT = 0.05 }, quantity = linear },
}
world.TERRAINS.hedge = { hedge = true }
for k, v in pairs(world.TERRAINS.linear) do world.TERRAINS.hedge[k] = v end -- in any order

-- The fields of an order that may change.
local WATCHED = { "price", "qty", "trigger_price", "distance", "status" }
-- Kinds of orders that protect a whole position.
local PROTECTS = { TakeProfit = "tp", StopLoss = "sl", TrailingStop = "ts" }

local World = {}
World.__index = World

---@class spec.Change one change of the books
---@field at number true seconds
---@field cause any the copy, or "hand", "market"
---@field order table the engine's
---@field what "made"|"changed"|"ended"
---@field now table the watched fields of the order after the change

local function make_engine(self, options)
  local injected = faults.new(options.seed)
  local function clock() return (world.START * 1000000 + math.floor(loop.now() * 1e9 + 0.5)) + self.skew * 1000000 end
  self.engine = Engine.new { seed = options.seed, now = function() return clock() // 1000000 end, lag = options.lag or 0 }
  self.engine.forget_after = options.forget
  self.account = self.engine:open_account(world.KEY, {})
  local keys = { [world.KEY] = { key = world.KEY, secret = world.SECRET, id = 1, created = clock() // 1000000,
    account = self.account } }
  self.errors = {}
  self.wire = Wire.new { engine = self.engine, keys = keys, limits = Limits.new(false), faults = injected,
    endpoints = { endpoints, endpoints_account, endpoints_v2 }, clock = clock, seed = options.seed,
    report = function(line) self.errors[#self.errors + 1] = line end }
end

--- A world; time becomes virtual.
---@param options { seed: integer, terrain: string?, skew: integer?, lag: integer?, forget: number?, shift: integer? } skew, lag,
--- shift: ms; forget: seconds
function world.start(options)
  loop.virtual(world.START)
  local self = setmetatable({ skew = options.skew or 0, shifted = 0, queue = {}, numbers = 0, log = {}, orders = {},
    stops = {}, leverages = {}, known = {}, terrain = world.TERRAINS[options.terrain or "inverse"] }, World)
  make_engine(self, options)
  scheduler.set_advance(function(seconds) self:pass(seconds) end)
  self:shift(options.shift or 0)
  local middle = self.terrain.middle
  for symbol, price in pairs(middle) do self.engine:set_price(symbol, price) end -- each symbol separately, so in any order
  if self.terrain.hedge then self.account:switch(self.engine.by_symbol[self.terrain.main].instrument, true) end
  return self
end

function World:close()
  self:shift(-self.shifted)
  scheduler.set_advance(nil)
  loop.real()
end

--- Sets the local wall clock forward, or back.
function World:shift(ms)
  self.shifted = self.shifted + ms
  loop.shift(ms)
end

--- The exchange's clock at a true moment.
function World:server(at)
  return world.START + at * 1000 + self.skew
end

---------------------------------------------------------------------------------------------------------------
-- Time.

--- Calls f after that many seconds; events of the same moment happen in the order in which they were added.
function World:after(seconds, f)
  self.numbers = self.numbers + 1
  local event = { due = loop.now() + seconds, number = self.numbers, f = f }
  local queue = self.queue
  local i = #queue
  while i > 0 and queue[i].due <= event.due do i = i - 1 end -- the next event is the last entry
  table.insert(queue, i + 1, event)
  return event
end

--- Runs the events that are due. An event that raises is removed, as if it had ended.
function World:catch_up()
  local queue = self.queue
  while queue[#queue] and queue[#queue].due <= loop.now() + 1e-9 do table.remove(queue).f() end
end

--- Lets time pass, event by event.
function World:pass(seconds)
  local to = loop.now() + seconds
  while true do
    local event = self.queue[#self.queue]
    if not event or event.due > to then break end
    loop.advance(math.max(0, event.due - loop.now()))
    self:catch_up()
  end
  if to > loop.now() then loop.advance(to - loop.now()) elseif seconds > 0 then loop.advance(1e-9) end
end

---------------------------------------------------------------------------------------------------------------
-- The books and their history.

---@param order table the engine's
local function watched(order)
  local now = { open = order.ended == nil }
  for _, name in ipairs(WATCHED) do now[name] = order[name] end
  if order.distance then now.trigger_price = nil end -- it follows the market
  return now
end

local function same(a, b)
  for _, name in ipairs(WATCHED) do
    if not rawequal(a[name], b[name]) then return false end
  end
  return a.open == b.open
end

local function note(self, order, what, cause)
  local change = { at = loop.now(), cause = cause, order = order, what = what, now = watched(order) }
  self.log[#self.log + 1] = change
  local history = self.orders[order]
  history[#history + 1] = change
  if type(cause) == "table" then cause.effects[#cause.effects + 1] = change end
  if self.on_change then self.on_change(order) end
  return change
end

--- Under which name a position is kept: that of its symbol, and in hedge mode its side.
---@param mode integer? 0, or nil: the only one
function world.key(symbol, mode)
  return mode and mode > 0 and ("%s/%d"):format(symbol, mode) or symbol
end

local ONLY, BOTH = { 0 }, { 1, 2 }

--- The modes of a symbol's positions.
function World:modes(symbol)
  return self.terrain.hedge and symbol == self.terrain.main and BOTH or ONLY
end

-- The stops of a position.
local function note_stops(self, symbol, mode, cause)
  local now = { at = loop.now(), cause = cause }
  for _, order in ipairs(triggers.waiting(self.engine, symbol)) do
    local kind = order.index == mode and PROTECTS[order.stop_order_type]
    if kind then now[kind] = kind == "ts" and order.distance or order.trigger_price end
  end
  now.side = self.account:position(symbol, mode).side
  local key = world.key(symbol, mode)
  local list = self.stops[key] or {}
  self.stops[key], list[#list + 1] = list, now
end

-- The leverage of a symbol, when it has changed.
local function note_leverage(self, symbol, cause)
  local list = self.leverages[symbol] or {}
  self.leverages[symbol] = list
  local last, now = list[#list], self.account:position(symbol, self:modes(symbol)[1]).leverage
  if last and last.value:eq(now) then return end
  local change = { at = loop.now(), cause = cause, what = "leverage", symbol = symbol, value = now, before = last and last.value }
  list[#list + 1] = change
  if type(cause) == "table" then cause.effects[#cause.effects + 1] = change end
end

--- Compares the books with those before; the differences get this cause.
function World:look(cause)
  local touched = {}
  for _, order in ipairs(self.account.list) do
    local history = self.orders[order]
    if not history then
      self.orders[order] = {}
      note(self, order, "made", cause)
      if order.ended then note(self, order, "ended", cause) end
      touched[order.symbol] = true
    elseif history[#history].now.open and not same(history[#history].now, watched(order)) then
      note(self, order, order.ended and "ended" or "changed", cause)
      touched[order.symbol] = true
    end
  end
  for symbol in pairs(self.terrain.middle) do -- each symbol separately, so in any order
    note_leverage(self, symbol, cause)
    for _, mode in ipairs(self:modes(symbol)) do
      if touched[symbol] or not self.stops[world.key(symbol, mode)] then note_stops(self, symbol, mode, cause) end
    end
  end
end

--- The state of an order at a true moment; nil before it was made.
function World:order_at(order, at)
  local found
  for _, change in ipairs(self.orders[order] or {}) do
    if change.at > at + 1e-9 then break end
    found = change.now
  end
  return found
end

--- The stops of a position between two moments: a list of states.
---@param key string of World.key
function World:stops_between(key, from, to)
  local list = {}
  for _, state in ipairs(self.stops[key] or {}) do
    if state.at > to + 1e-9 then break end
    if state.at <= from then list = {} end
    list[#list + 1] = state
  end
  return list
end

--- Did a symbol have that leverage at some moment between two moments?
function World:had_leverage(symbol, value, from, to)
  local list = self.leverages[symbol] or {}
  for i, change in ipairs(list) do
    local till = list[i + 1] and list[i + 1].at or math.huge
    if change.at <= to + 1e-9 and till >= from - 1e-9 and change.value:eq(value) then return true end
  end
  return false
end

--- The order with an id, the exchange's or the client's; nil when there was never one.
function World:find(id, link)
  return id and self.account.orders[id] or link and self.account.links[link] or nil
end

--- One request arrives. Returns status, body and headers.
function World:request(copy)
  local h = copy.headers
  local status, body, headers = self.wire:handle(copy.verb, copy.target, copy.body, "127.0.0.1", h["X-BAPI-API-KEY"],
    h["X-BAPI-TIMESTAMP"], h["X-BAPI-SIGN"], h["X-BAPI-RECV-WINDOW"])
  if copy.verb == "POST" then self:look(copy) end
  return status, body, headers
end

--- A price moves.
function World:price(symbol, price)
  self.engine:set_price(symbol, price)
  self:look "market"
end

--- The exchange restarts: after this only its history shows closed orders.
function World:restart()
  self.engine:forget_closed()
end

return world
