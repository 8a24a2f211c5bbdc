-- When a look at the exchange is worth making again: as soon as a stream tells that what it shows has changed, or after some seconds.

local asked = require "bybit.stream.asked"
local core = require "bybit.core"
local reading = require "bybit.stream.reading"
local topics = require "bybit.stream.topics"

local loop = core.loop
local pulse = {}
pulse.__index = pulse

local LEAST = 0.5 -- s between two looks, however much is told
local MOST = 10 -- messages that wait: what they say is read anew

-- The topics that tell what a method shows; of the overview (nil) those of the account and the ticker. What they are about stands in
-- the parameters.
local function wanted(client, t, method, p)
  local list = {}
  for _, row in ipairs(topics.rows) do
    local fits = method == nil and (row.private or row.policy == "merge")
    for _, shown in ipairs(row.shows or {}) do fits = fits or shown == method end
    local parts, possible = {}, not row.private or core.client.keyed(client)
    for i, name in ipairs(row.of or {}) do
      parts[i] = p[name] or ""
      possible = possible and p[name] ~= nil
    end
    if fits and possible then
      list[#list + 1] = { name = row.wire:format(table.unpack(parts)), private = row.private or false, policy = row.policy,
        url = asked.url(t, not row.private and (p.category or t.category) or nil) }
    end
  end
  return list
end

--- A pulse for looks at a method (nil: the overview). It has no stream where there is none that tells of it: then only time counts.
---@param client userdata
---@param method string?
---@param params { symbol: string?, category: string?, cancel: userdata }
---@param timed boolean only time counts
---@return table
function pulse.open(client, method, params, timed)
  local self, t = setmetatable({ token = params.cancel }, pulse), core.client.table(client)
  if timed or not asked.has_streams(t) then return self end
  local list = wanted(client, t, method, params)
  if #list == 0 then return self end
  self.reader = core.client.subscribe(client, { topics = list, most = MOST, cancel = params.cancel,
    heartbeat = asked.HEARTBEAT, patience = asked.PATIENCE })
  return self
end

-- Takes what has come. True: some of it is news.
local function drain(self)
  local news = false
  while true do
    local kind = self.reader:take()
    if not kind or kind == "cancelled" or kind == "closed" then return news end
    news = news or kind == "data" or kind == "merged"
    if kind == "refused" then
      self:close()
      return news
    end
  end
end

--- Waits until it is worth looking again, at most so many seconds.
---@param seconds number
function pulse:wait(seconds)
  local stop = loop.now() + seconds
  if not self.reader then return self.token:wait(seconds) end
  self.token:wait(math.min(LEAST, seconds))
  while self.reader and not self.token:cancelled() and not drain(self) do
    local left = stop - loop.now()
    if left <= 0 then return end
    if self.reader then reading.wait("watch", self.reader, left) end
  end
end

--- What stands before "every 2 s", for people.
function pulse:words()
  return self.reader and "as it changes and " or ""
end

function pulse:close()
  if self.reader then self.reader:close() end
  self.reader = nil
end

pulse.__close = pulse.close

return pulse
