-- Long runs of client:order_book against the paper exchange's rules, while much goes wrong with its messages. All of it is in one Lua
-- state and in virtual time (bybit.simulate): each message reaches the client by a call, so that the books are looked at after every
-- single one, and pauses, heartbeats and the budget of connections cost no time.

local bybit = require "bybit"
local cjson = require "cjson"
local client_of = require "bybit.client"
local core = require "bybit.core"
local network = require "bybit.simulate.network"
local scheduler = require "bybit.tasks.scheduler"
local streams = require "bybit.simulate.streams"
local worlds = require "bybit.simulate.world"

local book_run = {}

local START = 1704067200000 -- ms
local ROUND = 400           -- deltas between two quiet moments
local REMEMBERED = 500      -- states of the exchange's book, of each topic
local HEARTBEAT, PATIENCE = 5, 2
local WATCH = 600           -- s in which all books have to be sure again
local BOOKS = { { "BTCUSD", 50 }, { "ETHUSD", 50 }, { "XRPUSD", 50 } }

-- What goes wrong: chances of one frame.
local FAULTS = {
  { "stream_swallow", topic = "orderbook.", probability = 0.01 },
  { "stream_swallow", topic = "orderbook.", probability = 0.2, times = 10 },
  { "stream_duplicate", topic = "orderbook.", probability = 0.05 },
  { "stream_reorder", topic = "orderbook.", probability = 0.01 },
  { "stream_late", topic = "orderbook.", probability = 0.01, seconds = 0.4 },
  { "stream_crossed", topic = "orderbook.", probability = 0.01 },
  { "stream_cut", topic = "orderbook.", probability = 0.002 },
  { "stream_cut", topic = "subscribe", probability = 0.2, times = 3 },
  { "stream_swallow", topic = "subscribe", probability = 0.2, times = 2 },
  { "stream_swallow", topic = "pong", probability = 0.2, times = 1 },
  { "stream_silent", topic = "orderbook.", probability = 0.001, times = 1 },
  { "stream_half_open", topic = "orderbook.", probability = 0.001, times = 1 },
}

local Run = {}
Run.__index = Run

local function faults_of(random, round)
  local out = { seed = round }
  for _, rule in ipairs(FAULTS) do
    if random:unit() < 0.3 then out[#out + 1] = rule end
  end
  return out
end

-- Keeps how the exchange's book stood at the latest of its numbers, which go on by one as long as somebody listens.
local function remember(self, topic)
  local states, u = self.states[topic.name], topic.u
  if states and u == states.u then return end
  self.figures.deltas, self.changes[topic.name] = self.figures.deltas + 1, (self.changes[topic.name] or 0) + 1
  if not states or u ~= states.u + 1 then states = {} end
  states.u, states[u], states[u - REMEMBERED] = u, { bids = topic.bids, asks = topic.asks }, nil
  self.states[topic.name] = states
end

local function differs(shown, kept)
  if #shown ~= #kept then return true end
  for i, level in ipairs(kept) do
    if tostring(shown[i].price) ~= level[1] or tostring(shown[i].quantity) ~= level[2] then return true end
  end
  return false
end

-- After a message: a book that is not stale is not crossed, and is what the exchange's was at that number.
local function look(self)
  local figures = self.figures
  for _, one in ipairs(self.books) do
    local book = one.book
    local stale, u = book.stale, book.update_id
    if stale then
      if stale ~= one.stale then figures.stale[stale] = (figures.stale[stale] or 0) + 1 end
    elseif u ~= one.u or one.stale then
      figures.looks = figures.looks + 1
      local bid, ask, state = book.best_bid, book.best_ask, self.states[one.name][u]
      if bid and ask and bid >= ask then figures.crossed = figures.crossed + 1 end
      local same = state and not differs(book:bids(), state.bids) and not differs(book:asks(), state.asks)
      if not same then figures.wrong = figures.wrong + 1 end
      one.u = u
    end
    one.stale = stale
  end
end

-- What the exchange answers to who asks for its book.
local function answer(self, symbol, depth)
  local status, body = self.world.exchange.wire:handle("GET", ("/v5/market/orderbook?category=inverse&symbol=%s&limit=%d")
    :format(symbol, depth), "", "127.0.0.1")
  assert(status == 200, body)
  local result = cjson.decode(body).result
  return result.b, result.a
end

function Run:move()
  local what, engine, random = self.random:integer(1, 10), self.world.engine, self.random
  if what == 1 then
    engine:set_price("BTCUSD", core.decimal(29000 + random:integer(0, 200) * 10), { walk = true })
  elseif what == 2 and random:unit() < 0.3 then
    local order = { symbol = "BTCUSD", side = random:unit() < 0.5 and "Buy" or "Sell", type = "Limit",
      quantity = random:integer(1, 9) * 10, price = 30000 + random:integer(-40, 40) * 25 }
    assert(self.client:place_order(order))
  elseif what == 3 and random:unit() < 0.1 then
    assert(self.client:cancel_all_orders { symbol = "BTCUSD" })
  end
  engine:step(1)
  self.world:touched()
  bybit.sleep(0.02 + 0.2 * random:unit())
end

-- Moves the market until each book has changed twice.
local function change_all(self)
  local wanted = {}
  for _, one in ipairs(self.books) do wanted[one.name] = self.changes[one.name] + 2 end
  repeat
    self:move()
    local enough = true
    for name, least in pairs(wanted) do enough = enough and self.changes[name] >= least end
  until enough
end

-- Nothing goes wrong any more, two changes let each book see what it has missed (a lost one, or one with another's number), a dead line
-- has time to be noticed, and the market stands still.
function Run:quiet()
  local figures, ends = self.figures, self.world:elapsed() + WATCH
  self.world.exchange.faults:set(false)
  change_all(self)
  bybit.sleep(HEARTBEAT + PATIENCE + 1)
  for _, one in ipairs(self.books) do
    while one.book.stale and self.world:elapsed() < ends do bybit.sleep(0.5) end
    local bids, asks = answer(self, one.symbol, one.depth)
    local same = not one.book.stale and not differs(one.book:bids(), bids) and not differs(one.book:asks(), asks)
    figures.quiet = figures.quiet + 1
    if not same then figures.unlike = figures.unlike + 1 end
  end
end

-- A world whose market is moved by hand, with streams that are remembered.
local function world_of(seed)
  local world = worlds.start({ seed = seed, start_time = START, tick = 1e9, latency = { from = 0.005, to = 0.05 }, limits = false,
    deposit = { BTC = "1000000" }, through = true, path = "seeded" }, {})
  scheduler.set_advance(function(seconds) world:pass(seconds) end)
  return world
end

local Ending = {}

function Ending.__close()
  scheduler.set_advance(nil)
  while core.stream.sent() do end -- what the client sent at its end
  core.loop.real()
end

--- Runs until the exchange has told so many changes. Of the figures: `looks`, at a book that is sure, after each message that changed
--- it; `crossed` and `wrong`, what they found; `quiet`, comparisons at quiet moments, and `unlike`, how many of them failed.
---@param options { deltas: integer, seed: integer, round: integer?, hear: fun(figures: table)? } round: changes between two
---quiet moments
---@return table figures
function book_run.run(options)
  local ending <close> = setmetatable({}, Ending) -- luacheck: ignore 211
  local world = world_of(options.seed)
  local self = setmetatable({ world = world, random = core.random(options.seed), states = {}, changes = {}, books = {},
    figures = { deltas = 0, rounds = 0, looks = 0, crossed = 0, wrong = 0, quiet = 0, unlike = 0, resyncs = 0,
      stale = {} } }, Run)
  local begin = world.exchange.streams
  world.exchange.streams = function(sockets)
    local all = begin(sockets)
    local tell = all.tell
    all.tell = function(_, topic)
      tell(all, topic)
      if topic.u then remember(self, topic) end
    end
    return all
  end
  world.halt = function() -- a message has reached the client
    world.halted = true
    look(self)
  end
  world:carry(streams.new(world))
  local client <close> = client_of { environment = { url = "http://127.0.0.1:1" }, key = world.key, secret = world.secret,
    seed = options.seed, rate = false, transport = network.new(world, { note = function() end }) }
  self.client = client
  bybit.run(function()
    for i, which in ipairs(BOOKS) do
      local symbol, depth = table.unpack(which)
      local book = assert(client:order_book { symbol = symbol, depth = depth, heartbeat = HEARTBEAT, patience = PATIENCE })
      self.books[i] = { book = book, symbol = symbol, depth = depth, name = ("orderbook.%d.%s"):format(depth, symbol) }
    end
    while self.figures.deltas < options.deltas do
      self.figures.rounds = self.figures.rounds + 1
      world.exchange.faults:set(faults_of(self.random, self.figures.rounds))
      local ends = self.figures.deltas + (options.round or ROUND)
      while self.figures.deltas < ends do self:move() end
      self:quiet()
      if options.hear then options.hear(self.figures) end
    end
    for _, one in ipairs(self.books) do
      self.figures.resyncs = self.figures.resyncs + one.book.resyncs
      one.book:close()
    end
  end)
  self.figures.connects = client:stats().streams[1].connects
  self.figures.seconds, self.figures.faults = world:elapsed(), world.exchange.faults.counts
  self.figures.errors = world.exchange.errors
  return self.figures
end

return book_run
