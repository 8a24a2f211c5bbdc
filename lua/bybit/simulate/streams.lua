-- The streams of a simulation: the client's connections (core.stream.sent and deliver), and the exchange's streams, which are the paper
-- exchange's own. What either side sends takes a latency that is drawn from the seed, and keeps its order on a connection.

local core = require "bybit.core"

local post = core.stream
local streams = {}

local MS, SECOND = 1000000, 1000000000 -- ns
local SERVED = 3 * MS -- so long a client's message waits before it is served, as on the exchange

local Streams = {}
Streams.__index = Streams

---@param world table
function streams.new(world)
  return setmetatable({ world = world, lines = {}, sockets = {}, exchange = false, public = false }, Streams)
end

-- When something that is sent now has gone its way.
local function arrival(self)
  return self.world.ns + self.world:travel()
end

---------------------------------------------------------------------------------------------------------------
-- From the exchange.

-- The client hears of it. Time stands then, since it may have waited for that.
local function tell(world, letter)
  if post.deliver(letter.line, letter.kind, letter.text) then world:halt() end
end

local function deliver(self, c, kind, text)
  local slow = c.rate and text and #text * SECOND // c.rate or 0
  c.back = math.max(c.back + 1, arrival(self)) + slow
  self.world:at(c.back, tell, { line = c.line, kind = kind, text = text })
end

local function hang_up(self, c)
  if not self.sockets[c.id] then return end
  self.sockets[c.id] = nil
  self.exchange:closed(c.id)
  deliver(self, c, "ended")
end

-- What the exchange's streams call, as they call the server's sockets (src/paper/sockets.h).
local function sockets_of(self)
  local function with(f)
    return function(id, ...)
      local c = self.sockets[id]
      if c then f(c, ...) end
    end
  end
  return {
    send = with(function(c, text, late)
      if c.stalled then return end
      if not late then return deliver(self, c, "text", text) end
      self.world:at(arrival(self) + late * MS, tell, { line = c.line, kind = "text", text = text })
    end),
    slow = with(function(c, rate) c.rate = rate end),
    stall = with(function(c, deaf) c.stalled, c.deaf = true, deaf end),
    close = with(function(c) hang_up(self, c) end),
    cut = with(function(c) hang_up(self, c) end),
  }
end

local function listens(self)
  for _, topic in ipairs(self.exchange.named) do
    if #topic.wanted > 0 then return true end
  end
  return false
end

-- Tells what is new. `public`: does anybody hear of each price?
local function flush(self)
  self.exchange:flush()
  self.public = listens(self)
end

local function begin(self)
  self.exchange = self.world.exchange.streams(sockets_of(self))
  self.world:watch(function() flush(self) end)
end

---------------------------------------------------------------------------------------------------------------
-- From the client.

local arrive = {}

function arrive.open(self, c, url)
  if not self.exchange then begin(self) end
  local status, _, _, fault, id = self.exchange:open(url:match "^https?://[^/]+(.*)$", "")
  if status ~= 101 or fault then return deliver(self, c, "ended") end
  c.id = id
  self.sockets[id] = c
  deliver(self, c, "open")
end

function arrive.text(self, c, text)
  if not self.sockets[c.id] or c.deaf then return end
  self.exchange:message(c.id, text)
  flush(self)
end

function arrive.close(self, c)
  if self.sockets[c.id] then hang_up(self, c) end
  self.public = listens(self)
end

local function reach(_, letter)
  arrive[letter.kind](letter.streams, letter.from, letter.text)
end

--- Takes what the client has sent since the last time.
function Streams:collect()
  while true do
    local line, kind, text = post.sent()
    if not line then return end
    if kind == "open" then self.lines[line] = { line = line, id = 0, there = 0, back = 0 } end
    local c = self.lines[line]
    if c then -- else it is of a client that another simulation had
      c.there = math.max(c.there + 1, arrival(self) + (kind == "text" and SERVED or 0))
      self.world:at(c.there, reach, { streams = self, from = c, kind = kind, text = text })
    end
    if kind == "close" then self.lines[line] = nil end
  end
end

return streams
