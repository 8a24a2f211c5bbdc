-- Events: what a message of a topic becomes.

local topics = require "bybit.stream.topics"

local events = {}

-- Our names of the fields that have changed, in alphabetical order.
local function changed_names(text, names)
  local out = {}
  for name in text:gmatch "([^,]+)," do out[#out + 1] = names[name] or name end
  table.sort(out)
  return out
end

--- Puts the events of a message into `out`. False where it cannot be read.
---@param topic { row: table, symbol: string?, interval: string? }
---@param text string
---@param changed string? of a ticker: what has changed, on the wire
---@param dropped integer how many were dropped before it
---@param out table[]
---@return boolean
function events.of(topic, text, changed, dropped, out)
  local row, reader = topic.row, topics.compiled(topic.row)
  local list, undecoded, time = reader.read(text)
  if not list then return false end
  if row.first then list = { list } end
  for i, record in ipairs(list) do
    local event = { kind = row[1], [row[1]] = record, symbol = topic.symbol or rawget(record, "symbol"), time = time,
      interval = topic.interval, undecoded = undecoded }
    if i == 1 and dropped > 0 then event.dropped = dropped end
    if changed then event.changed = changed_names(changed, reader.names) end
    if row[1] == "kline" then event.confirm, record.confirm = rawget(record, "confirm") == "true", nil end
    out[#out + 1] = event
  end
  return true
end

return events
