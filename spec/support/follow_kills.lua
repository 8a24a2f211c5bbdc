-- Runs in which the program that follows an account (follow_child.lua) is killed by SIGKILL at any moment, and started again, while
-- the account trades and lines, frames and history fail. What it has written is compared with the exchange's own books. Time is real.

local bybit = require "bybit"
local core = require "bybit.core"
local paper = require "bybit.paper"
local new_fills = require "spec.support.new_fills"
local process = require "spec.support.process"

local follow_kills = {}

local KEEP = 4000      -- orders and executions that the exchange remembers
local BEHIND = 1500    -- fills that the program may be behind before the account waits for it
local LIVES = 20       -- between two looks at whether all is there
local LIFE = 1.5       -- s that the program lives at most
local WATCH = 120       -- s in which all has to be written, once nothing fails any more

-- What goes wrong: chances of one frame, or one request.
local FAULTS = {
  { "stream_cut", topic = "execution", probability = 0.002 },
  { "stream_cut", topic = "subscribe", probability = 0.1, times = 2 },
  { "stream_swallow", topic = "execution", probability = 0.01 },
  { "stream_duplicate", probability = 0.05 },
  { "stream_reorder", topic = "execution", probability = 0.02 },
  { "stream_late", topic = "execution", probability = 0.02, seconds = 0.03 },
  { "stream_silent", topic = "execution", probability = 0.0005, times = 1 },
  { "http", status = 503, path = "execution/list", probability = 0.05 },
  { "reset", path = "execution/list", probability = 0.05 },
}

local Run = {}
Run.__index = Run

-- What is in a file from a byte on.
local function text_of(path, from)
  local file <close> = io.open(path)
  if not file then return "" end
  file:seek("set", from or 0)
  return file:read "a"
end

function Run:start()
  self.child = process.start(self.program, { URL = self.exchange.url, KEY = self.exchange.key, SECRET = self.exchange.secret,
    FILE = self.path, STREAMS = tostring(core.link.available()) })
end

function Run:faults()
  local out = { seed = self.random:integer(1, 1000000000) }
  for _, rule in ipairs(FAULTS) do
    if self.random:unit() < 0.4 then out[#out + 1] = rule end
  end
  self.exchange:faults(out)
end

-- Ten orders, of which some take several levels of the book.
function Run:trade()
  local list, random = {}, self.random
  for i = 1, 10 do
    list[i] = { symbol = "BTCUSD", side = i % 2 == 0 and "Buy" or "Sell", type = "Market",
      quantity = random:unit() < 0.3 and 100000 or random:integer(1, 20000) }
  end
  assert(self.client:place_multiple_orders(list))
  self.exchange:step(1) -- strangers offer anew
end

-- Takes in what the exchange's books have that they did not have before.
function Run:look()
  for _, row in ipairs(new_fills(self.exchange, self.newest)) do
    local id = row.execution_id
    self.count = self.count + 1
    self.fills[id] = { place = self.count, order = row.order_id }
    self.left, self.newest = self.left + 1, id
  end
end

-- Takes in one fill that the program has written.
local function hear(self, id, late, mark)
  local figures, fill = self.figures, self.fills[id]
  figures.longest = math.max(figures.longest, #mark)
  if not fill then
    figures.foreign = figures.foreign + 1
  elseif fill.told then
    figures.twice = figures.twice + 1
  else
    local before = self.lasts[fill.order]
    fill.told, self.left, figures.fills = true, self.left - 1, figures.fills + 1
    if late then
      figures.late = figures.late + 1
    else
      if before and fill.place < before then figures.out_of_order = figures.out_of_order + 1 end
      self.lasts[fill.order] = fill.place
    end
  end
end

-- Reads what the program has written since the last time: whole lines. Returns the last one, and what is behind it.
function Run:read()
  local text, last, rest = text_of(self.path, self.at), nil, 1
  for line, id, late, mark, at in text:gmatch "((%S+) (%S+) (%S+)\n)()" do
    if id ~= "-" then hear(self, id, late == "late", mark) end
    last, rest = line, at
  end
  self.at = self.at + rest - 1
  return last, text:sub(rest)
end

-- Kills it, and leaves only the last whole line of its file, and what was cut off behind it.
function Run:kill()
  self.child:signal "KILL"
  self.child:wait()
  self.figures.kills = self.figures.kills + 1
  self:look()
  local last, rest = self:read()
  if not last then return end
  local file <close> = assert(io.open(self.path, "w"))
  file:write(last, rest)
  self.at = #last
end

-- One life of the program: it is killed after a time that is drawn, often before it has caught up.
function Run:live()
  local random = self.random
  local seconds = random:unit() < 0.3 and 0.15 * random:unit() or random:unit() * self.life
  local ends = core.loop.now() + seconds
  while core.loop.now() < ends do
    if self.left < BEHIND then self:trade() end
    bybit.sleep(math.min(0.05 * random:unit(), math.max(0, ends - core.loop.now())))
  end
  self:kill()
  if random:unit() < 0.5 then self:trade() end -- nobody follows
  self:start()
end

-- Nothing fails any more: it writes all that it has not written.
function Run:settle()
  self.exchange:faults(false)
  self:look()
  local ends = os.time() + WATCH
  repeat
    bybit.sleep(0.05)
    self:read()
  until self.left <= 0 or os.time() > ends
  self.figures.lost = self.figures.lost + self.left
  self.fills, self.lasts, self.left = { [self.newest] = self.fills[self.newest] }, {}, 0
end

--- Runs until there were so many fills.
---@param options { fills: integer, seed: integer, lives: integer?, life: number?, hear: fun(figures: table)? } lives: how often the
---program is killed between two looks at whether all is there; life: the longest time that it lives, s
---@return table figures
function follow_kills.run(options)
  local exchange <close> = paper.start { seed = options.seed, limits = false, keep = KEEP, deposit = { BTC = "1000000" } }
  local client <close> = bybit.client { environment = exchange, rate = false, seed = options.seed, streams = false }
  local self = setmetatable({ exchange = exchange, client = client, random = core.random(options.seed), path = os.tmpname(),
    program = text_of "spec/support/follow_child.lua", at = 0, count = 0, left = 0, fills = {}, lasts = {},
    life = options.life or LIFE,
    figures = { fills = 0, kills = 0, lost = 0, twice = 0, foreign = 0, out_of_order = 0, late = 0, longest = 0 } }, Run)
  os.remove(self.path)
  self:start()
  assert(self.child:line() == "live") -- its bookmark is written
  while self.figures.fills + self.figures.lost < options.fills do
    for _ = 1, options.lives or LIVES do
      self:faults()
      self:live()
    end
    self:settle()
    if options.hear then options.hear(self.figures) end
  end
  self:kill()
  os.remove(self.path)
  os.remove(self.path .. ".new")
  self.figures.faults, self.figures.errors = exchange:fault_counts(), exchange:errors()
  return self.figures
end

return follow_kills
