-- Replays: the events of a recording, as client:stream gave them.

local core = require "bybit.core"
local events = require "bybit.stream.events"
local order_book = require "bybit.history.order_book"
local recording = require "bybit.history.recording"
local topics = require "bybit.stream.topics"

local replay = {}

-- The topic of a name on the wire: its row, symbol and interval. A book has no row; nil: it is none that we know.
local function parse(name)
  local depth, symbol = name:match "^orderbook%.(%d+)%.(.+)$"
  if depth then return { symbol = symbol, book = true } end
  for _, row in ipairs(topics.rows) do
    local pattern = "^" .. row.wire:gsub("%%s", "([^.]+)") .. "$"
    local found = table.pack(name:match(pattern))
    if found[1] then
      local topic = { row = row }
      for i, of in ipairs(row.of or {}) do topic[of] = found[i] end
      if row.policy == "merge" then topic.ticker = core.ticker() end
      return topic
    end
  end
end

local Replay = {}
Replay.__index = Replay

local function put(self, event) self.events[#self.events + 1] = event end

-- Something is missing at this place, and what comes behind it is sure again.
local function hole(self, reason, row, lines)
  put(self, { kind = "stale", reason = reason, time = row.time, lines = lines, topics = row.topics })
  put(self, { kind = "live", topics = row.topics })
end

local marks = {}

-- By their topics: are those of a reader live? One that died has left no mark of its end.
local function label_of(row) return table.concat(row.topics or {}, " ") end

local function turn(self, row, live, reason)
  local label = label_of(row)
  if (self.live[label] or false) == live then return end
  self.live[label] = live
  put(self, { kind = live and "live" or "stale", reason = reason, time = row.time, topics = row.topics })
end

function marks.open(self, row) turn(self, row, false, "closed") end
function marks.close(self, row) turn(self, row, false, "closed") end
function marks.live(self, row) turn(self, row, true) end
function marks.stale(self, row) turn(self, row, false, row.reason) end
function marks.lost(self, row) hole(self, "recording", row, row.lines) end
function marks.torn(self, row) hole(self, "recording", row) end

-- A book's messages, in their order; where one is missing, those up to the next whole state are passed over.
local function book_event(self, topic, row)
  topic.lines = self.wrongs
  local data = rawget(row.message, "data")
  if type(data) == "table" and rawget(data, "u") == topic.update_id and topic.update_id then return end -- it came twice
  local whole = rawget(row.message, "type") == "snapshot"
  if not whole and not topic.update_id then return end
  local ok, book = pcall(order_book.row, topic, row.message)
  if not ok then
    topic.update_id, topic.gap = nil, true
    return put(self, { kind = "stale", reason = "gap", symbol = topic.symbol, topics = { row.topic } })
  end
  if topic.gap then put(self, { kind = "live", symbol = topic.symbol, topics = { row.topic } }) end
  topic.gap = nil
  put(self, { kind = "order_book", order_book = book, symbol = topic.symbol, time = book.timestamp, heard = row.heard })
end

local function message(self, row)
  local topic = self.topics[row.topic]
  if topic == nil then
    topic = parse(row.topic) or false
    self.topics[row.topic] = topic
  end
  if not topic then return end
  if topic.book then return book_event(self, topic, row) end
  local text, changed = row.text, nil
  if topic.ticker then
    text, changed = topic.ticker:take(text)
    if not text then return hole(self, "decode", { topics = { row.topic } }) end
  end
  local first = #self.events + 1
  if not events.of(topic, text, changed, 0, self.events) then return hole(self, "decode", { topics = { row.topic } }) end
  for i = first, #self.events do self.events[i].heard = row.heard end
end

--- The next event; nil after the last one.
---@return table?
function Replay:next()
  while true do
    local event = self.events[self.at]
    if event then
      self.at = self.at + 1
      return event
    end
    self.events, self.at = {}, 1
    local row = self.rows:next()
    if not row then return nil end
    if not row.mark then
      message(self, row)
    elseif marks[row.mark] then
      marks[row.mark](self, row)
    end
  end
end

function Replay:part() return self.rows:part() end
function Replay:close() self.rows:close() end

--- The events of recordings. Nil and a message when a file cannot be opened.
---@param paths string|string[] files, oldest first
---@return table? reader next() -> an event
---@return string? message
function replay.open(paths)
  local rows, why = recording.open(paths)
  if not rows then return nil, why end
  local wrongs = { wrong = function(_, what) error(what, 0) end }
  return setmetatable({ rows = rows, topics = {}, live = {}, events = {}, at = 1, wrongs = wrongs }, Replay)
end

return replay
