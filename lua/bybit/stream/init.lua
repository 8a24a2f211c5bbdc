-- client:stream: events of topics, in a loop. The C core has connections, topics and queues; here is what a caller may ask for, and
-- what a message becomes.

local asked = require "bybit.stream.asked"
local core = require "bybit.core"
local errors = require "bybit.errors"
local events = require "bybit.stream.events"
local later = require "bybit.later"
local nearest = require "bybit.text.nearest"
local reading = require "bybit.stream.reading"
local topics = require "bybit.stream.topics"

local stream = {}
local sightings = later.module "bybit.stream.sightings"

local MOST = 1000 -- events that wait for a reader

local OPTIONS = { "category", "symbol", "symbols", "interval", "cancel", "queue", "heartbeat", "patience", "record" }

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
  for _, row in ipairs(rows) do
    local each = row.of and options.symbols or { false }
    if #each == 0 then each = { false } end
    for _, contract in ipairs(each) do
      local values = { symbol = contract or nil, interval = options.interval }
      local name = wire_name(row, values)
      local url = asked.url(t, not row.private and (options.category or t.category) or nil)
      if not seen[name] then
        seen[name] = true
        list[#list + 1] = { name = name, url = url, private = row.private or false, policy = row.policy, sights = row.sights,
          row = row, symbol = values.symbol, interval = row[1] == "kline" and options.interval or nil }
      end
    end
  end
  return list
end

---------------------------------------------------------------------------------------------------------------
-- What a message becomes.

local handlers = {}

function handlers.data(state, topic, text, dropped)
  if events.of(topic, text, nil, dropped, state.events) then return end
  state.events[1] = { kind = "stale", reason = "decode" } -- a message is lost, and what it said is not known
  state.events[2] = { kind = "live" }
end

function handlers.merged(state, topic, text, changed)
  events.of(topic, text, changed, 0, state.events)
end

function handlers.live(state)
  state.events[1] = { kind = "live" }
end

function handlers.stale(state, _, why, since)
  state.events[1] = { kind = "stale", reason = why, since = since > 0 and since or nil }
end

function handlers.unrecorded(state, _, why)
  state.events[1] = { kind = "unrecorded", reason = why }
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
---
--- With `record` all that comes is also written to a file, a line of JSON for each message, which bybit.history.recording reads. The
--- file is made with mode 0600; one that is there goes on at its end. The key is struck out. When a line cannot be written, an event of
--- kind "unrecorded" says why, once until lines can be written again.
---@param client userdata
---@param params { [integer]: string, symbol: string?, symbols: string[]?, interval: string?, category: string?,
---  cancel: bybit.Token?, queue: integer?, heartbeat: number?, patience: number?, record: string? } category: the client's where it
---  is left out; queue: how many events wait at most for a slow reader (1000); heartbeat: seconds between two pings (20); patience:
---  seconds that an answer may take (10). The first reader of a connection sets the last two; record: the path of a file
---@return fun(): table? step, table state, nil, table state
function stream.open(client, params)
  if type(client) ~= "userdata" then errors.raise "stream: called with '.' in place of ':': write client:stream{...}" end
  local rows, options = read(params)
  asked.client("stream", client)
  for _, row in ipairs(rows) do
    if row.private and not core.client.keyed(client) then fail("%s is about an account: the client needs a key", row[1]) end
  end
  local list = wanted(client, rows, options)
  for _, topic in ipairs(list) do
    if topic.sights then sightings.offer(client) end
  end
  local reader = core.client.subscribe(client, { topics = list, most = options.queue or MOST, cancel = options.cancel,
    heartbeat = options.heartbeat, patience = options.patience, record = asked.recorder("stream", client, options.record, list) })
  local state = setmetatable({ reader = reader, topics = list, events = {}, at = 1 }, State)
  return function() return step(state) end, state, nil, state
end

return stream
