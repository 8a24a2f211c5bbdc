-- What a stream of the account's orders tells the client of a run: each change of an order, after a moment. Messages are lost, come
-- twice, come late and out of their order, and the stream breaks now and then: then all that was on its way is lost. What happens to a
-- message is drawn from the program's seed, apart from everything else.

local answer = require "bybit.paper.answer"
local core = require "bybit.core"
local sightings = require "bybit.stream.sightings"
local view = require "bybit.paper.v5.view"

local streams = {}

local Streams = {}
Streams.__index = Streams

local LOST, LATE, TWICE, CUT = 0.12, 0.12, 0.08, 0.04 -- of a message

function streams.new(world, seed)
  local self = setmetatable({ world = world, random = core.random(seed ~ 0x73747265616d), line = 0, told = 0 }, Streams)
  world.on_change = function(order) self:change(order) end
  return self
end

local function alive(life) return life and not life.dead and not life.closed and not core.client.closed(life.client) end

--- The client of a life hears the stream from here on.
function Streams:attach(life)
  self.life, self.line = life, self.line + 1
  sightings.offer(life.client)
  core.client.sight(life.client, true)
end

-- The line is lost, and made again a while later.
local function cut(self)
  local life = self.life
  self.line = self.line + 1
  core.client.sight(life.client, false)
  self.world:after(0.05 + self.random:unit() ^ 2 * 20, function()
    if alive(life) and self.life == life then core.client.sight(life.client, true) end
  end)
end

local function push(self, text, after)
  local life, line = self.life, self.line
  self.world:after(after, function()
    if not alive(life) or self.line ~= line then return end
    self.told = self.told + 1
    core.client.sight(life.client, text)
  end)
end

--- An order has changed.
function Streams:change(order)
  if not alive(self.life) then return end
  local random = self.random
  local fate, after = random:unit(), 0.001 + random:unit() * 0.03
  local text = ('{"id":"x","topic":"order","creationTime":%d,"data":[%s]}'):format(math.floor(self.world:server(0)),
    answer.encode(view.new_order(order)))
  if fate < CUT then return cut(self) end
  if fate < CUT + LOST then return end
  if fate < CUT + LOST + LATE then after = random:unit() ^ 2 * 20 end
  push(self, text, after)
  if fate > 1 - TWICE then push(self, text, after + random:unit() * 5) end
end

return streams
