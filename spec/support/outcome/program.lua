-- Random programs, as explicit lists: what each task does step by step, what happens to the world meanwhile, and how rough the
-- network is. Everything is drawn before the program runs, and each step has its own seed. So a step can be left out without
-- changing the others: this is how a program with a false statement is made shorter.

local core = require "bybit.core"
local hand = require "spec.support.outcome.hand"

local program = {}

-- `streams`: the client hears of the account's orders, see streams.lua.

---@class spec.Step
---@field id integer
---@field task integer
---@field act string see acts.lua
---@field seed integer for everything that the act draws
---@field confirm boolean?
---@field window integer? the call's own receive_window, ms
---@field deadline number? the call's own, s
---@field stop { how: string, after: number }? the call is stopped: token, task, within, close, interrupt, death
---@field hand { act: string, after: number, seed: integer }? another hand on the same order, after the call has begun

---@class spec.Event
---@field at number true seconds
---@field act "hand"|"price"|"clock"|"outage"

-- How often each act is drawn.
local MIX = {
  { "limit", 18 }, { "market", 7 }, { "conditional", 9 }, { "taken", 3 }, { "modify", 20 }, { "modify_back", 4 },
  { "cancel", 11 }, { "all", 6 }, { "stop", 12 }, { "part", 7 }, { "move", 6 }, { "rest", 5 }, { "reconcile", 3 },
  { "resolve", 3 }, { "dismiss", 2 }, { "again", 3 },
}

-- For programs whose calls have their own windows, give up early, and resolve later: their fences lie in any order.
local FENCES = {
  { "limit", 8 }, { "modify", 22 }, { "modify_back", 4 }, { "stop", 30 }, { "part", 8 }, { "all", 8 }, { "reconcile", 8 },
  { "resolve", 14 }, { "rest", 6 }, { "again", 3 },
}

local function total(mix)
  local sum = 0
  for _, entry in ipairs(mix) do sum = sum + entry[2] end
  return sum
end

local function draw_act(random, mix)
  local x = random:integer(1, total(mix))
  for _, entry in ipairs(mix) do
    x = x - entry[2]
    if x <= 0 then return entry[1] end
  end
end

-- From a millisecond to that many seconds; each order of magnitude is equally likely.
local function span(random, most)
  return 0.001 * (most / 0.001) ^ random:unit()
end

local function one_of(random, list) return list[random:integer(1, #list)] end

-- The kinds of trouble that a program has. Most programs have only a few, so that the cause of a failure is easy to see.
local function climate(random)
  local function on(p) return random:unit() < p end
  local c = { rough = on(0.85) and (on(0.5) and 1 or on(0.3) and 2 or 0.4) or 0,
    odd = on(0.25) and (on(0.5) and 0.3 or 0.08) or 0, hand = on(0.35), clock = on(0.3), stops = on(0.35),
    outage = on(0.2), journal = on(0.35), lag = on(0.25),
    blocking = on(0.1), fences = on(0.25), deaths = on(0.1) }
  if c.deaths then c.stops, c.journal = true, true end
  return c
end

local HOWS = { "token", "task", "within", "token", "task", "interrupt", "close", "death" }
local DEATHS = { "death", "death", "death", "close", "token" }
local IN_PLACE = { "token", "token", "interrupt", "close", "death" } -- without tasks

local function draw_step(random, p, id, task)
  local c = p.climate
  local step = { id = id, task = task, act = draw_act(random, c.fences and FENCES or MIX), seed = random:bits(),
    confirm = random:unit() < 0.15 or nil }
  local stop, by_hand = random:unit(), random:unit()
  local how, after, seed = one_of(random, c.blocking and IN_PLACE or c.deaths and DEATHS or HOWS), span(random, 15), random:bits()
  if (how == "close" or how == "death") and not c.journal then how = "token" end
  if c.stops and stop < 0.2 then step.stop = { how = how, after = after } end
  local what, later = one_of(random, hand.ACTS), span(random, 8)
  if c.hand and by_hand < 0.3 then step.hand = { act = what, after = later, seed = seed } end
  local own, value = random:unit(), random:integer(1, 3)
  local often = c.fences and 0.4 or 0.12
  if own < often then step.window = ({ 2000, 8000, 30000 })[value] end
  if own > 1 - often then step.deadline = ({ 2, 8, 30 })[value] end
  return step
end

local CLOCKS = { -7 * 3600000, -4000, -1500, 1500, 4000, 5 * 3600000 } -- ms

local function draw_events(random, p)
  local c, list = p.climate, {}
  local function add(count, event)
    for _ = 1, count do
      local e = event()
      e.at = random:unit() * 40
      list[#list + 1] = e
    end
  end
  add(c.hand and random:integer(1, 4) or 0, function()
    return { act = "hand", what = one_of(random, hand.ACTS), seed = random:bits() }
  end)
  add(c.clock and random:integer(0, 2) or 0, function() return { act = "clock", ms = one_of(random, CLOCKS) } end)
  add(c.outage and random:integer(1, 2) or 0, function()
    return { act = "outage", kind = one_of(random, { "refused", "unconnected", "banned", "page", "lost_request", "limited" }),
      span = span(random, 12) }
  end)
  return list
end

local MONEY = { { "lever", 12 }, { "transfer", 10 }, { "resolve", 3 }, { "reconcile", 2 }, { "rest", 2 } }

-- Steps that set the leverage and move money, put between the others. They have a generator of their own, so that the rest of the
-- program is the same with them and without.
local function add_money(p, random)
  if random:unit() > 0.4 then return end
  p.climate.money = true
  for _ = 1, random:integer(2, 8) do
    local step = draw_step(random, p, #p.steps + 1, random:integer(1, p.tasks))
    step.act = draw_act(random, MONEY)
    if step.hand then step.hand.act = one_of(random, hand.SETTINGS) end
    table.insert(p.steps, random:integer(1, #p.steps + 1), step)
  end
  for _ = 1, p.climate.hand and random:integer(0, 3) or 0 do
    p.events[#p.events + 1] = { act = "hand", what = one_of(random, hand.SETTINGS), seed = random:bits(),
      at = random:unit() * 40 }
  end
end

local BATCHES = { { "place_batch", 12 }, { "modify_batch", 12 }, { "cancel_batch", 6 }, { "resolve", 3 }, { "reconcile", 2 },
  { "rest", 2 } }

-- Steps with batches, put between the others in the same way.
local function add_batches(p, random)
  if random:unit() > 0.4 then return end
  p.climate.batches = true
  for _ = 1, random:integer(2, 8) do
    local step = draw_step(random, p, #p.steps + 1, random:integer(1, p.tasks))
    step.act = draw_act(random, BATCHES)
    table.insert(p.steps, random:integer(1, #p.steps + 1), step)
  end
end

--- The program of a seed, for a wire. `old`: as it was when it found an error: true without the steps that the wires do not
--- share, "money" without batches. `terrain`: what it trades, see world.lua; where that is not inverse, either the client or each of
--- its calls says the category.
function program.draw(api, seed, old, terrain, streams)
  local random = core.random(seed)
  local c = climate(random)
  local p = { api = api, seed = seed, climate = c, steps = {}, without = {}, terrain = terrain or "inverse",
    streams = streams or false }
  p.names_category = terrain ~= nil and seed % 2 == 0
  p.skew = random:integer(-1000, 1000)
  p.lag = c.lag and one_of(random, { 200, 400, 800, 1500, 3000 }) or 0
  p.forget = random:unit() < 0.2 and 2 or nil
  p.shift = c.clock and one_of(random, CLOCKS) or 0
  p.deadline = one_of(random, { 120, 120, 120, 60, 8 })
  p.timeout = one_of(random, { 0.5, 0.5, 2 })
  p.window = one_of(random, { 5000, 5000, 5000, 2000, 20000 })
  p.rough, p.odd = c.rough, c.odd
  p.tasks = c.blocking and 1 or random:integer(1, 3)
  local each = random:integer(3, 7)
  for task = 1, p.tasks do
    for _ = 1, each do p.steps[#p.steps + 1] = draw_step(random, p, #p.steps + 1, task) end
  end
  p.events = draw_events(random, p)
  if api == "v5" and old ~= true then add_money(p, core.random(seed ~ 0x6d6f6e6579)) end
  if api == "v5" and not old then add_batches(p, core.random(seed ~ 0x6261746368)) end
  return p
end

return program
