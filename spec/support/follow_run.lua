-- Long runs of client:follow against a paper exchange on which much goes wrong: lines are cut or silent, frames are swallowed, sent
-- twice, out of order or late, history lags and fails, and the program ends and goes on from a bookmark. What the loop gave out is
-- compared with the exchange's own books. Time is the exchange's, which a wait moves, so that a minute costs nothing.

local bybit = require "bybit"
local core = require "bybit.core"
local paper = require "bybit.paper"
local new_fills = require "spec.support.new_fills"

local follow_run = {}

local ROUND = 2000
local RESTART = 0.0015
local WATCH = 1200       -- s of the exchange's time in which all has to come
local PATIENCE = 0.3     -- s, real ones, that a silent line costs

-- What goes wrong: chances of one frame, or one request.
local FAULTS = {
  { "stream_cut", topic = "execution", probability = 0.004 },
  { "stream_cut", topic = "order", probability = 0.002, reset = true },
  { "stream_cut", topic = "subscribe", probability = 0.3 },
  { "stream_cut", topic = "auth", probability = 0.3 },
  { "stream_swallow", topic = "execution", probability = 0.01 },
  { "stream_swallow", topic = "execution", probability = 0.3, times = 20 },
  { "stream_duplicate", probability = 0.05 },
  { "stream_reorder", topic = "execution", probability = 0.05 },
  { "stream_reorder", probability = 0.02 },
  { "stream_late", topic = "execution", probability = 0.02, seconds = 0.004 },
  { "stream_silent", topic = "execution", probability = 0.002, times = 1 },
  { "stream_half_open", topic = "order", probability = 0.002, times = 1 },
  { "stream_swallow", topic = "pong", probability = 0.2, times = 1 },
  { "http", status = 503, path = "execution/list", probability = 0.1 },
  { "reset", path = "execution/list", probability = 0.1 },
  { "http", status = 502, path = "position/list", probability = 0.1 },
}

local function faults_of(random, round)
  local out = { seed = round, lag = random:integer(0, 2) * 1000 }
  for _, rule in ipairs(FAULTS) do
    if random:unit() < 0.25 then out[#out + 1] = rule end
  end
  return out
end

local Run = {}
Run.__index = Run

-- Has so many fills happen.
function Run:trade(most)
  local client, random, count = self.client, self.random, 0
  while count < most do
    local list = {}
    for i = 1, 10 do
      list[i] = { symbol = "BTCUSD", side = (self.placed + i) % 2 == 0 and "Buy" or "Sell", type = "Market",
        quantity = random:unit() < 0.5 and 100000 or random:integer(1, 20000) }
    end
    self.placed = self.placed + 10
    local done = assert(client:place_multiple_orders(list))
    assert(done.failed == 0, tostring(done.failed > 0 and done[1].error))
    self.exchange:walk(0.1) -- strangers offer anew
    count = count + 25
  end
end

-- Takes in what the exchange's books have that they did not have before.
function Run:look()
  for _, row in ipairs(new_fills(self.exchange, self.newest)) do
    local id = row.execution_id
    self.count = self.count + 1
    self.place[id], self.missing[id] = self.count, true
    self.left, self.newest = self.left + 1, id
  end
end

function Run:open(mark)
  local step, state, _, closer = self.client:follow { symbol = "BTCUSD", since = mark, heartbeat = 5, patience = PATIENCE,
    queue = self.random:unit() < 0.2 and 40 or nil }
  self.next = function() return step(state) end
  self.close = function() getmetatable(closer).__close(closer) end
end

-- Ends the loop as a program ends, and goes on from the bookmark that was saved `back` trades ago: what came since was not saved.
function Run:restart(back)
  self.close()
  while back > 0 and #self.saved > 2 do
    local lost = table.remove(self.saved)
    self.missing[lost.id], self.left = true, self.left + 1
    self.lasts[lost.order], self.got[lost.id] = lost.before, nil
    if lost.late then self.figures.late = self.figures.late - 1 end
    back = back - 1
  end
  self.figures.restarts = self.figures.restarts + 1
  self:open(self.saved[#self.saved].mark)
end

local handle = {}

function handle.trade(self, event)
  local id, order, figures = event.trade.trade_id, event.trade.order_id, self.figures
  if self.got[id] then
    figures.twice = figures.twice + 1
    return
  end
  if not self.missing[id] then
    figures.foreign = figures.foreign + 1
    return
  end
  self.got[id], self.missing[id], self.left = true, nil, self.left - 1
  local place, before = self.place[id], self.lasts[order]
  if event.late then figures.late = figures.late + 1 end
  if not event.late and before and place < before then figures.out_of_order = figures.out_of_order + 1 end
  if not event.late then self.lasts[order] = place end
  figures.fills = figures.fills + 1
  local mark = self.marks and event.bookmark
  self.saved[#self.saved + 1] = { id = id, order = order, before = before, late = event.late, mark = mark }
  if self.marks then figures.longest = math.max(figures.longest, #event.bookmark) end
end

function handle.stale(self, event)
  self.figures.stale[event.reason] = (self.figures.stale[event.reason] or 0) + 1
  self.sure = false
end

function handle.live(self) self.sure = true end

-- Takes events until all is there.
function Run:read()
  local ends = self.exchange:now() + WATCH * 1000
  while (self.left > 0 or not self.sure) and self.exchange:now() < ends do
    local event = bybit.within(WATCH, self.next)
    if not event then break end
    if handle[event.kind] then handle[event.kind](self, event) end
    local ends_here = self.marks and event.kind == "trade" and self.random:unit() < self.restarts
    if ends_here then self:restart(self.random:integer(0, 3)) end
  end
  self.figures.lost = self.figures.lost + self.left
  self.missing, self.left = {}, 0
end

-- What was looked at in earlier rounds is no longer needed.
function Run:forget()
  self.saved = { { mark = self.saved[#self.saved] and self.saved[#self.saved].mark, id = "" } }
  self.lasts, self.place, self.older, self.got = {}, {}, self.got, {}
  for id in pairs(self.older) do self.got[id] = true end
  if self.rounds % 4 == 0 then self.got = {} end
end

-- A round in which the loop ends and goes on needs a bookmark to begin with.
function Run:begin_marks()
  self.marks = self.random:unit() < 0.5
  if not self.marks then return end
  self.client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 }
  self:look()
  while self.left > 0 do
    local event = self.next()
    if handle[event.kind] then handle[event.kind](self, event) end
  end
end

--- Runs until there were so many fills.
---@param options { fills: integer, seed: integer, round: integer?, restart: number?, hear: fun(figures: table)? } round: fills
---between two looks into the exchange's books; restart: the chance, after a fill, that the program ends
---@return table figures
function follow_run.run(options)
  local exchange <close> = paper.start { seed = options.seed, clock = "manual", limits = false, keep = 5000,
    deposit = { BTC = "1000000" } }
  local client <close> = bybit.client { environment = exchange, seed = options.seed, rate = false }
  local self = setmetatable({ exchange = exchange, client = client, random = core.random(options.seed), placed = 0, count = 0,
    place = {}, missing = {}, left = 0, got = {}, lasts = {}, saved = {}, sure = false, rounds = 0,
    restarts = options.restart or RESTART,
    figures = { fills = 0, lost = 0, twice = 0, foreign = 0, out_of_order = 0, late = 0, restarts = 0, longest = 0,
      stale = {} } }, Run)
  bybit.run(function()
    self:open()
    while not self.sure do
      local event = self.next()
      if event.kind == "live" then self.sure = true end
    end
    while self.figures.fills + self.figures.lost < options.fills do
      self.rounds = self.rounds + 1
      exchange:faults(false)
      self:forget()
      self:begin_marks()
      exchange:faults(faults_of(self.random, self.rounds))
      self:trade(options.round or ROUND)
      exchange:faults(faults_of(self.random, self.rounds))
      self:look()
      self:read()
      if options.hear then options.hear(self.figures) end
    end
    self.close()
  end)
  local streams = client:stats().streams[1]
  self.figures.connects, self.figures.rounds, self.figures.errors = streams.connects, self.rounds, exchange:errors()
  self.figures.faults, self.figures.memory = exchange:fault_counts(), collectgarbage "count"
  return self.figures
end

local function descriptors()
  local pipe <close> = assert(io.popen("ls /proc/" .. io.open("/proc/self/stat"):read "n" .. "/fd | wc -l"))
  return pipe:read "n"
end

local PER_EXCHANGE = 350 -- connections to an address in five minutes, which the client bounds

--- Has the line cut again and again, and follows on. Returns how often, and what changed from the tenth cut to the last one: topics,
--- connections of the client, descriptors, and KB of Lua's memory.
---@param count integer
---@return { cuts: integer, topics: integer, descriptors: integer, memory: number, lost: integer }
function follow_run.reconnects(count)
  local out = { cuts = 0, topics = 0, descriptors = 0, memory = 0, lost = 0 }
  while out.cuts < count do
    local exchange <close> = paper.start { seed = 1, clock = "manual", limits = false, keep = 1000 }
    local client <close> = bybit.client { environment = exchange, rate = false }
    local step, state, _, closer = client:follow { symbol = "BTCUSD" }
    local fds, memory, fills = 0, 0, 0
    local function until_live()
      local event
      repeat
        event = step(state)
        if event.kind == "trade" then fills = fills + 1 end
      until event.kind == "live"
    end
    until_live()
    local cuts = math.min(PER_EXCHANGE, count - out.cuts)
    for i = 1, cuts do
      exchange:faults { { "stream_cut", topic = "execution", times = 1 } }
      assert(client:place_order { symbol = "BTCUSD", side = i % 2 == 0 and "Buy" or "Sell", type = "Market", quantity = 1 })
      until_live()
      if i == 10 or i == cuts then
        collectgarbage()
        collectgarbage()
        local now, used = descriptors(), collectgarbage "count"
        if i > 10 then out.descriptors, out.memory = out.descriptors + now - fds, out.memory + used - memory end
        fds, memory = now, used
      end
    end
    local streams = client:stats().streams[1]
    out.topics, out.lost = out.topics + streams.topics - 4, out.lost + cuts - fills
    out.cuts = out.cuts + streams.connects - 1
    getmetatable(closer).__close(closer)
  end
  return out
end

return follow_run
