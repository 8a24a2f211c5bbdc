-- The world of a simulation: an exchange, its prices, and virtual time. Whatever is to happen stands in one line, in the order of its
-- time; while the strategy waits, it happens.

local bars = require "bybit.paper.engine.bars"
local core = require "bybit.core"
local inside = require "bybit.paper.inside"
local moments = require "bybit.tasks.timers"
local ticks_of = require "bybit.paper.engine.ticks"

local loop = core.loop
local world = {}

local MS, SECOND = 1000000, 1000000000 -- ns
local DUES = 300000 * MS -- between two looks at what is due: funding is a multiple of it, and so are rows of the open interest

local KEEP = 10000000 -- orders and executions: all of them

local World = {}
World.__index = World

-- Salts of what is drawn from the seed: the market's draws are the exchange's own.
local SALT = { path = 0x51ED2701, latency = 0x2545F491 }

--- A world. Time becomes virtual.
---@param options table checked: seed, start_time, path, through, deposit, lag, limits, faults, instruments, tick, latency
---@param feeds table[] the prices of symbols; without any the markets walk
function world.start(options, feeds)
  loop.virtual(options.start_time)
  local start = options.start_time * MS
  local self = setmetatable({ start_ns = start, ns = start, horizon = start, line = moments.new(), path = options.path,
    latency = options.latency, watchers = {}, passers = {}, open_feeds = #feeds, over = core.token(),
    tick_ns = math.floor(options.tick * SECOND + 0.5) }, World)
  self.random = { path = core.random(options.seed ~ SALT.path), latency = core.random(options.seed ~ SALT.latency) }
  self.key, self.secret = ("simulated%016x"):format(options.seed), "secretOfASimulation"
  self.exchange = inside.start { seed = options.seed, clock = function() return self.ns end, key = self.key,
    secret = self.secret, deposit = options.deposit, lag = options.lag, limits = options.limits,
    instruments = options.instruments, faults = options.faults, keep = KEEP, through = options.through,
    expect = function(nanoseconds) self:at(self.ns + nanoseconds, World.late) end }
  self.engine, self.account = self.exchange.engine, self.exchange.account
  self.due_ns = start - start % DUES + DUES
  for _, feed in ipairs(feeds) do self:load(feed) end
  if #feeds == 0 then self:at(start - start % self.tick_ns + self.tick_ns, World.walk) end
  return self
end

-- A symbol has the price that its feed begins with, until the first of them has its time.
function World:load(feed)
  feed.market = self.engine:market(feed.symbol)
  local row = feed:next()
  while row and (row.stop or row.time) * MS < self.start_ns do row = feed:next() end
  feed.row = row
  if not row then
    self.open_feeds = self.open_feeds - 1
    return
  end
  self.engine:move(feed.market, row.price or row.open)
  self:wait_for(feed)
end

--- How long something takes between client and exchange, in ns; drawn from the seed.
function World:travel()
  local from, to = self.latency.from, self.latency.to
  return math.floor((from == to and from or from + (to - from) * self.random.latency:unit()) * SECOND)
end

--- Lets streams carry what the client has sent on its connections, before time passes.
---@param streams table see bybit.simulate.streams
function World:carry(streams) self.streams = streams end

---------------------------------------------------------------------------------------------------------------
-- The line.

--- Lets f(world, what) happen at a moment.
---@param ns integer since 1970
function World:at(ns, f, what)
  return self.line:add(ns, f, what)
end

--- The time, in seconds since the beginning.
function World:elapsed() return (self.ns - self.start_ns) / SECOND end

--- ms since 1970.
function World:now() return self.ns // MS end

local function move_to(self, ns)
  if ns > self.ns then
    loop.advance((ns - self.ns) / SECOND)
    self.ns = ns
  end
end

-- What is due by the exchange's own clock: funding, and rows of its history.
local function dues(self)
  move_to(self, self.due_ns)
  self.due_ns = self.due_ns + DUES
  self.engine:advance_to(self:now())
end

--- Lets time pass, from event to event.
---@param seconds number
function World:pass(seconds)
  local line, streams = self.line, self.streams
  local to = self.ns + math.max(seconds > 0 and 1 or 0, math.floor(seconds * SECOND + 0.5))
  streams:collect()
  self.horizon, self.halted = to, false
  while true do
    local next_event = line:next()
    local due = next_event and next_event < to and next_event or to
    if self.due_ns <= due then
      while self.due_ns <= due do dues(self) end
      next_event = line:next()
    end
    if not next_event or next_event > to then return move_to(self, to) end
    move_to(self, next_event)
    local happen, what = line:take()
    happen(self, what)
    if streams.exchange then streams:collect() end -- who listens may have answered
    if self.halted then return end
  end
end

--- What is due happens, without time passing.
function World:catch_up()
  local line, now = self.line, self.ns
  local due = line:next()
  self.horizon = now
  while due and due <= now do
    local happen, what = line:take()
    happen(self, what)
    due = line:next()
  end
end

--- Time stands, since the client has something to do.
function World:halt() self.halted = true end

--- Calls f(world, bar, up, span) after each move of a price, and when the account may have changed. With a bar the price moves over a
--- whole candle, which takes `span` ns from now on; `up`: first to its high. `passed(count, ns, apart, market, prices)` is called
--- after ticks that have passed at once, at `ns` and each `apart` later: a market was at these prices, or all of them stood still.
--- Where it is left out, each tick is told by itself.
function World:watch(f, passed)
  self.watchers[#self.watchers + 1] = f
  self.passers[#self.passers + 1] = passed
end

-- Tells those who watch.
local function told(self, bar, up, span)
  local watchers = self.watchers
  for i = 1, #watchers do watchers[i](self, bar, up, span) end
end

--- The account may have changed.
function World:touched() told(self) end

---------------------------------------------------------------------------------------------------------------
-- What happens by itself.

-- So many steps are due before anything else is.
local function steps_ahead(self)
  local stop = math.min(self.line:next() or math.maxinteger, self.due_ns, self.horizon + 1)
  return math.max(1, (stop - 1 - self.ns) // self.tick_ns + 1)
end

-- Steps in which nothing happens pass at once. Returns whether the one that is due now is left; and of one that has begun its market, and
-- where it leads to.
local function stroll(self)
  local passers, apart = self.passers, self.tick_ns
  if #passers < #self.watchers then return true end
  local count, ns = steps_ahead(self), self.ns
  local passed, market, prices, following = ticks_of.pass(self.engine, count, ns, apart, self.engine.now() - self:now())
  if passed > 0 then
    move_to(self, ns + (passed - 1) * apart)
    for i = 1, #passers do passers[i](passed, ns, apart, market, prices) end
  end
  if following then move_to(self, ns + passed * apart) end
  return passed == 0 or following ~= nil, market, following
end

-- A step of the markets that walk.
function World:walk()
  local left, market, following = stroll(self)
  if following then self.engine:step_to(market, following) elseif left then self.engine:step(1) end
  if left then told(self) end
  self:at(self.ns + self.tick_ns, World.walk)
end

-- A request arrives late: nobody waits for it any more.
function World:late()
  self.exchange.wire:arrive()
  told(self)
end

-- A price of a symbol, in ticks.
local function arrive(self, market, ticks)
  self.engine:move(market, ticks)
  told(self)
end

-- On which side the orders rest that only one side has.
local function lone_side(market)
  local buy, sell = market.resting.Buy.best, market.resting.Sell.best
  if buy and not sell then return "Buy" end
  return sell and not buy and "Sell" or nil
end

-- Does the candle go to its high first? Adverse: to what hurts the position first; without one, away from orders that all rest on one
-- side. Adaptive, and where nothing tells: to the nearer one.
local function high_first(self, feed, bar)
  local near = bar.high - bar.open < bar.open - bar.low
  if self.path == "seeded" then return self.random.path:unit() < 0.5 end
  if self.path == "adaptive" then return near end
  local p = self.account:held(feed.market.instrument.symbol)[1]
  local side = p and p.side or nil
  if side then return side == "Sell" end
  local lone = lone_side(feed.market)
  if lone then return lone == "Buy" end
  return near
end

function World:point(point)
  arrive(self, point[1], point[2])
end

-- The next prices of a feed stand in the line.
function World:wait_for(feed)
  local row = feed.row
  self:at(math.max(row.time * MS, self.ns), row.price and World.trade or World.bar, feed)
end

-- The last row of a feed has passed. After the last feed `over` is cancelled, which wakes whoever waits for that: time stands until
-- then.
function World:end_feed()
  self.open_feeds = self.open_feeds - 1
  if self.open_feeds > 0 then return end
  self.over:cancel()
  self.halted = true
end

-- Takes the next row of a feed; false after the last one.
local function take(self, feed)
  local stop = feed.row.stop
  feed.row = feed:next()
  if not feed.row then self:at(math.max(self.ns, stop and stop * MS or 0), World.end_feed) end
  return feed.row ~= nil
end

function World:trade(feed)
  arrive(self, feed.market, feed.row.price)
  if take(self, feed) then self:wait_for(feed) end
end

--- When the price is at each of a candle's four points, in ns after its begin: at its open, at two extremes, and at its close, a
--- millisecond before the next one begins.
---@param span integer ns
function world.moments(span)
  return 0, span // 3, span * 2 // 3, math.max(span * 2 // 3, span - MS)
end

local MINUTE = 60000

-- A quiet candle of more than a minute passes point by point, since minutes and days end in between.
local function glide(self, market, bar, up, span)
  local start, first, second = self.ns, up and bar.high or bar.low, up and bar.low or bar.high
  local _, b, c, d = world.moments(span)
  local function reach(ns, ticks)
    while self.due_ns <= ns do dues(self) end
    move_to(self, ns)
    bars.point(market, self:now(), ticks)
    told(self)
  end
  reach(start, bar.open)
  reach(start + b, first)
  reach(start + c, second)
  reach(start + d, bar.close)
end

-- A candle begins. Those in which nothing can happen, and which the strategy sleeps through, pass at once.
function World:bar(feed)
  local market, engine, line = feed.market, self.engine, self.line
  local bar, up
  while true do
    bar, up = feed.row, high_first(self, feed, feed.row)
    local next_event, stop = line:next() or math.maxinteger, bar.stop * MS
    if self.streams.public or stop > self.horizon or next_event < stop
      or not bars.quiet(engine, market, bar.low, bar.high, bar.stop) then
      break
    end
    if bar.stop - (bar.time - bar.time % MINUTE) <= MINUTE then
      bars.pass(market, bar.time, bar.high, bar.low, bar.close)
      told(self, bar, up, stop - self.ns)
    else
      glide(self, market, bar, up, stop - self.ns)
    end
    if not take(self, feed) then return end
    local start = feed.row.time * MS
    if feed.row.price or start > self.horizon or next_event <= start then return self:wait_for(feed) end
    while self.due_ns <= start do dues(self) end
    move_to(self, start)
  end
  local start, first, second = self.ns, up and bar.high or bar.low, up and bar.low or bar.high
  local _, b, c, d = world.moments(bar.stop * MS - start)
  arrive(self, market, bar.open)
  self:at(start + b, World.point, { market, first })
  self:at(start + c, World.point, { market, second })
  self:at(start + d, World.close, { market, bar.close, feed })
end

function World:close(point)
  arrive(self, point[1], point[2])
  if take(self, point[3]) then self:wait_for(point[3]) end
end

return world
