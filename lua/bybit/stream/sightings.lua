-- Sightings: what a stream of the account has told of an order lately, whoever reads that stream. An event proves that an order was
-- there, and how one has ended. That nothing was told proves nothing; and what is not sure any more is forgotten.

local core = require "bybit.core"
local objects = require "bybit.records.objects"
local odd = require "bybit.records.odd"
local status = require "bybit.records.status"
local topics = require "bybit.stream.topics"

local sightings = {}

local ORDER = topics.row "order"

-- The records of a message that are about an order.
local function about(text, id)
  local list, undecoded = topics.compiled(ORDER).read(text)
  odd.note(list, { undecoded = undecoded })
  local found = {}
  for _, order in ipairs(list or {}) do
    if rawget(order, "order_id") == id or rawget(order, "client_order_id") == id then found[#found + 1] = order end
  end
  return found
end

--- What was told of an order: the newest record. Nil: nothing was, or the stream is not sure.
---@param client userdata
---@param id string either id of the order
---@param since number? a moment on the loop's clock; what came before does not count
---@return table?
function sightings.find(client, id, since)
  local found
  for _, text in ipairs(core.client.sightings(client, id, since or -math.huge) or {}) do
    for _, order in ipairs(about(text, id)) do
      if not found or status.is_newer(order, found) then found = order end
    end
  end
  if found and rawget(found, "stop_order_type") then -- as answers have it: with a second name for its id
    setmetatable(found, objects.metatable "conditional_order")
  end
  return found
end

--- A token that is cancelled when something more is told of orders, or the stream is not sure any more. Nil: there is no stream that
--- is sure. Take it before looking, so that nothing is missed in between.
---@param client userdata
---@return userdata?
function sightings.news(client)
  local t = core.client.table(client)
  local token = t.sighting_news
  if not token or token:cancelled() then token = core.token() end
  t.sighting_news = token
  return core.client.sighting_news(client, token) and token or nil
end

--- Lets other rooms find this one at the client, once it hears of orders.
---@param client userdata
function sightings.offer(client)
  core.client.table(client).sightings = sightings
end

return sightings
