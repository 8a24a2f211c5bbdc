-- client:stream: events of topics, in a loop. The C core has connections, topics and queues; here is what a caller may ask for, and
-- what a message becomes.

local asked = require "bybit.stream.asked"
local core = require "bybit.core"
local errors = require "bybit.errors"
local nearest = require "bybit.text.nearest"
local reading = require "bybit.stream.reading"
local topics = require "bybit.stream.topics"

local stream = {}

local MOST = 1000 -- events that wait for a reader

local OPTIONS = { "category", "symbol", "symbols", "interval", "cancel", "queue", "heartbeat", "patience" }

local function fail(text, ...)
  errors.raise("stream: " .. text:format(...))
end

---------------------------------------------------------------------------------------------------------------
-- What is asked for.

-- The rows of the topics that are named by place, and the options.
local function read(params)
  local options, words = asked.options("stream", params, OPTIONS, "{ \"trade\", symbol = \"BTCUSD\" }")
  local rows = {}
  for i, name in ipairs(words) do
    rows[i] = topics.row(name)
      or fail("no topic '%s'%s: there are %s", tostring(name), nearest.hint(name, topics.names), table.concat(topics.names, ", "))
  end
  if #rows == 0 then fail("a topic is missing: there are %s", table.concat(topics.names, ", ")) end
  if options.symbol and options.symbols then fail "either 'symbol' or 'symbols'" end
  options.symbols = options.symbols or { options.symbol }
  return rows, options
end

-- The wire name of a topic for a contract.
local function wire_name(row, values)
  local parts = {}
  for i, name in ipairs(row.of or {}) do
    parts[i] = values[name]
      or fail("%s needs '%s'", row[1], name == "symbol" and "symbol' or 'symbols" or name)
  end
  return row.wire:format(table.unpack(parts))
end

-- Each topic of each contract once: { name, url, private, policy, row, symbol, interval }.
local function wanted(client, rows, options)
  local t, list, seen = core.client.table(client), {}, {}
  local place = t.streams
  for _, row in ipairs(rows) do
    local each = row.of and options.symbols or { false }
    if #each == 0 then each = { false } end
    for _, contract in ipairs(each) do
      local values = { symbol = contract or nil, interval = options.interval }
      local name = wire_name(row, values)
      local url = row.private and place.private .. "/v5/private"
        or place.public .. "/v5/public/" .. (options.category or t.category)
      if not seen[name] then
        seen[name] = true
        list[#list + 1] = { name = name, url = url, private = row.private or false, policy = row.policy, row = row,
          symbol = values.symbol, interval = row[1] == "kline" and options.interval or nil }
      end
    end
  end
  return list
end

---------------------------------------------------------------------------------------------------------------
-- What a message becomes.

-- Our names of the fields that have changed, in alphabetical order.
local function changed_names(text, names)
  local out = {}
  for name in text:gmatch "([^,]+)," do out[#out + 1] = names[name] or name end
  table.sort(out)
  return out
end

-- The events of a message, put into `out`. False where it cannot be read.
local function events_of(topic, text, changed, dropped, out)
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

local handlers = {}

function handlers.data(state, topic, text, dropped)
  if events_of(topic, text, nil, dropped, state.events) then return end
  state.events[1] = { kind = "stale", reason = "decode" } -- a message is lost, and what it said is not known
  state.events[2] = { kind = "live" }
end

function handlers.merged(state, topic, text, changed)
  events_of(topic, text, changed, 0, state.events)
end

function handlers.live(state)
  state.events[1] = { kind = "live" }
end

function handlers.stale(state, _, why, since)
  state.events[1] = { kind = "stale", reason = why, since = since > 0 and since or nil }
end

function handlers.refused(_, topic, why)
  error(reading.refused("stream", topic, why), 0)
end

local function step(state)
  while true do
    local event = state.events[state.at]
    if event then
      state.at = state.at + 1
      return event
    end
    state.events, state.at = {}, 1
    local kind, index, text, more = state.reader:take()
    if kind == "cancelled" then return nil end
    if kind == "closed" then
      error(reading.closed "stream", 0)
    end
    if kind then handlers[kind](state, state.topics[index], text, more) else reading.wait("stream", state.reader) end
  end
end

local State = {}

function State:__close()
  self.reader:close()
end

--- Events of the exchange's streams, in a loop that ends by `break`, by the token `cancel`, or with the task that runs it. What is
--- asked for stands first: "trade", "ticker", "kline" and "price_limit" of contracts, "order", "execution", "position" and "wallet"
--- of the account. An event has its topic's word as `kind`, and the record under that word: `event.kind == "ticker"`, then
--- `event.ticker`. Events of kind "live" and "stale" say whether the stream is sure: "live" comes when all topics are subscribed
--- to; after "stale" (its `reason` is "connection", "pong", "reader" or "decode") something may be missing, until "live" comes again.
--- Connections are made again by themselves. Raises when the exchange refuses a topic or the login.
---@param client userdata
---@param params { [integer]: string, symbol: string?, symbols: string[]?, interval: string?, category: string?,
---  cancel: bybit.Token?, queue: integer?, heartbeat: number?, patience: number? } category: the client's where it is left out;
---  queue: how many events wait at most for a slow reader (1000); heartbeat: seconds between two pings (20); patience: seconds that
---  an answer may take (10). The first reader of a connection sets the last two
---@return fun(state): table? step, table state, nil, table state
function stream.open(client, params)
  if type(client) ~= "userdata" then errors.raise "stream: called with '.' in place of ':': write client:stream{...}" end
  local rows, options = read(params)
  asked.client("stream", client)
  for _, row in ipairs(rows) do
    if row.private and not core.client.keyed(client) then fail("%s is about an account: the client needs a key", row[1]) end
  end
  local list = wanted(client, rows, options)
  local reader = core.client.subscribe(client, { topics = list, most = options.queue or MOST, cancel = options.cancel,
    heartbeat = options.heartbeat, patience = options.patience })
  local state = setmetatable({ reader = reader, topics = list, events = {}, at = 1 }, State)
  return step, state, nil, state
end

return stream
