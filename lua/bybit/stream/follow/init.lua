-- client:follow: what happens to the account, in a loop, each fill once. The private stream tells; the history of executions fills
-- what it did not tell: after each connection, and now and then by an audit. Without a stream the history is polled.
--
-- A loop is "down" (no stream), "filling" (the stream is there, and what was missed is read while its events wait), or "live". Where
-- it polls it has no stream to wait for: it is "filling" at first, then "live". All work is done while the caller's loop asks for the
-- next event: nothing runs beside it.

local asked = require "bybit.stream.asked"
local begin_with = require "bybit.stream.follow.begin"
local bookmark = require "bybit.stream.follow.bookmark"
local core = require "bybit.core"
local errors = require "bybit.errors"
local later = require "bybit.later"
local ledger = require "bybit.stream.follow.ledger"
local odd = require "bybit.records.odd"
local reading = require "bybit.stream.reading"
local reads = require "bybit.stream.follow.reads"
local topics = require "bybit.stream.topics"
local tasks = later.module "bybit.tasks"

local loop = core.loop

local follow = {}

local AUDIT, POLL = 60, 1          -- s between two audits, or polls
local QUEUE = 10000                -- messages, and events, that wait
local FIRST_PAUSE, LONGEST = 0.5, 30 -- s before a read that failed is made again
local RECENT, MANY = 50, 500       -- closed orders that are looked at: now and then, and after a gap
local AUDIT_LEAST = 1              -- s between two audits, however many fills there are
local HELD = 0.05                  -- s between two looks at what is held back, where nothing wakes the loop
local ADVANCE = 200                -- fills between two looks at how far a bookmark can move


local OPTIONS = { "symbol", "symbols", "category", "since", "audit", "poll", "cancel", "queue", "heartbeat", "patience",
  "record" }

local function fail(text, ...)
  errors.raise("follow: " .. text:format(...))
end

---------------------------------------------------------------------------------------------------------------
-- Events. Their bookmark is made when somebody reads it: it tells what was delivered up to the event, whatever came since.

local places = setmetatable({}, { __mode = "k" }) -- event -> { loop, epoch, how many of its trades }

local Event = {}

function Event.__index(event, key)
  if key ~= "bookmark" then return nil end
  local place = places[event]
  if not place then return nil end
  local self = place[1]
  self.marks = true
  return bookmark.write(self.account, self.scope, place[2].moment, place[2].ids, place[3])
end

local function push(self, event)
  self.out[#self.out + 1] = event
end

-- The client's own id of the order that an event is about.
local function link_of(event)
  local record = event.trade or event.order
  local id = record and rawget(record, "client_order_id")
  return type(id) == "string" and id ~= "" and id or nil
end

-- Puts an event out, or holds it back while the order that it is about is being placed by a call that has not returned.
local function tell(self, event)
  local id = link_of(event)
  local list = id and self.held[id]
  if not list and id and core.client.placing(self.client, id) then
    list = {}
    self.held[id] = list
    self.holding = self.holding + 1
  end
  push(list and { out = list } or self, event)
end

local function release(self)
  if self.holding == 0 then return end
  local ready = {}
  for id in pairs(self.held) do
    if not core.client.placing(self.client, id) then ready[#ready + 1] = id end
  end
  table.sort(ready)
  for _, id in ipairs(ready) do
    for _, event in ipairs(self.held[id]) do push(self, event) end
    self.held[id] = nil
    self.holding = self.holding - 1
  end
end

local function say(self, level, why)
  if not core.client.listens(self.client) then return end
  local symbols = self.options.symbols
  local err = why and errors.new { kind = "stream", method = "follow", message = why, attempts = 0, elapsed = 0 } or nil
  core.client.tell(self.client, "follow", { symbol = symbols and #symbols == 1 and symbols[1] or nil }, nil, nil, err, level)
end

local function tell_stale(self, reason, since)
  if self.told == "stale" then return end
  self.told, self.reason, self.stales = "stale", reason, self.stales + 1
  push(self, { kind = "stale", reason = reason, since = since })
  say(self, "warn", "stale: " .. reason)
end

local function tell_live(self)
  self.phase, self.failures = "live", 0
  if self.told == "live" then return end
  self.told, self.reason = "live", nil
  push(self, { kind = "live" })
  say(self, "info")
end

-- Tells a trade that is new.
local function tell_trade(self, trade, late)
  if not self.ledger:is_new(trade) then return end
  late = self.ledger:passes(trade) or late or nil
  if late then self.lates = self.lates + 1 end
  tell(self, { kind = "trade", trade = trade, symbol = rawget(trade, "symbol"), late = late })
end

local told = {}

function told.trade(self, trade) tell_trade(self, trade) end

function told.order(self, order)
  if self.ledger:is_news(order) then tell(self, { kind = "order", order = order, symbol = rawget(order, "symbol") }) end
end

function told.position(self, position, shown)
  if self.ledger:is_moved(position, not shown) then
    tell(self, { kind = "position", position = position, symbol = rawget(position, "symbol") })
  end
end

function told.wallet(self, wallet, shown)
  if self.ledger:is_other(wallet) or not shown then tell(self, { kind = "wallet", wallet = wallet }) end
end

---------------------------------------------------------------------------------------------------------------
-- What the stream brings.

local function gap(self)
  self.phase, self.gap = "filling", { due = loop.now() }
  self.gaps = self.gaps + 1
end

local function lose(self, reason, since)
  tell_stale(self, reason, since)
  self.phase, self.gap = "down", nil
  self.poll_at = loop.now() + self.options.poll
end

-- A message whose trade, or order, cannot be told from another one is as good as lost.
local KEYS = { execution = "trade_id", order = "order_id" }

local function read_message(topic, text)
  local list, undecoded = topics.compiled(topic.row).read(text)
  if not list then return nil end
  odd.note(list, { undecoded = undecoded })
  local key = KEYS[topic.word]
  for _, record in ipairs(key and list or {}) do
    if rawget(record, key) == nil or odd.has(record, key) then return nil end
  end
  return list
end

local take = {}

function take.data(self, topic, text)
  local list = read_message(topic, text)
  if not list then
    tell_stale(self, "decode")
    if self.phase == "live" then gap(self) end
    if self.phase == "filling" then self.gap = { due = loop.now() } end
    return
  end
  for _, record in ipairs(list) do
    local wanted = topic.kind == "wallet" or self.reads:is_about(record)
    if wanted and self.phase == "live" then told[topic.kind](self, record) end
    if wanted and self.phase ~= "live" then self.pending[#self.pending + 1] = { topic.kind, record } end
  end
  if #self.pending > self.options.queue then -- history has them
    self.pending = {}
    tell_stale(self, "reader")
    if self.phase == "filling" then self.gap = { due = loop.now() } end
  end
end

function take.live(self) gap(self) end

function take.stale(self, _, why, since) lose(self, why, since > 0 and since or nil) end

function take.unrecorded(self, _, why) push(self, { kind = "unrecorded", reason = why }) end

function take.refused(_, topic, why) error(reading.refused("follow", topic, why), 0) end

-- Takes one thing that waits. False: nothing does.
local function take_one(self)
  if not self.reader then return false end
  local kind, index, text, more = self.reader:take()
  if kind == "cancelled" then
    self.over = true
    return true
  end
  if kind == "closed" then error(reading.closed "follow", 0) end
  if not kind then return false end
  take[kind](self, self.topics[index], text, more)
  return true
end

local function take_all(self)
  while not self.over and take_one(self) do end -- luacheck: ignore 542
end

---------------------------------------------------------------------------------------------------------------
-- What history shows.

local FOR_GOOD = { auth = true, exchange = true, closed = true, not_found = true, guard = true }

-- A read has failed: raises what will not get better. Returns the seconds until it is made again.
local function failed(self, err)
  if err.kind == "cancelled" then
    self.over = true
    return 0
  end
  if FOR_GOOD[err.kind] and not err.retryable then error(err, 0) end
  self.failures = self.failures + 1
  say(self, "warn", tostring(err))
  return math.min(FIRST_PAUSE * 2 ^ (self.failures - 1), LONGEST)
end

-- Reads executions from where the bookmark is. A history that is too long for one read is read in parts, the oldest first: then
-- `till` is where the part ends. "again": the parts have become smaller.
local function sweep(self)
  local since, now = self.ledger.from, core.client.now(self.client)
  local till = self.part and since + self.part or nil
  if till and till >= now - self.settled then till, self.part = nil, nil end
  local list, at = self.reads:trades(since, till)
  if list then
    self.ledger:learn(list)
    return list, at, till
  end
  if at.too_long and (till or now) - since > 1000 then
    self.part = ((till or now) - since) // 2
    return "again"
  end
  return nil, at
end

-- Tells the trades of a list that is in the order of the exchange's, newest first, and those that came meanwhile.
local function tell_trades(self, list, others)
  local all = {}
  for i = #list, 1, -1 do all[#all + 1] = list[i] end
  for _, trade in ipairs(others or {}) do all[#all + 1] = trade end
  for _, trade in ipairs(ledger.sort(all)) do tell_trade(self, trade) end
end

-- How orders, positions and the wallet stand. Nil and an error; what was read is told by tell_snapshot.
local function snapshot(self, count)
  local found, err = {}
  found.orders, err = self.reads:orders(self.ledger.from, self.ledger.orders, count)
  if not found.orders then return nil, err end
  found.positions, err = self.reads:positions(self.ledger.positions)
  if not found.positions then return nil, err end
  found.wallet, err = self.reads:wallet()
  if found.wallet == nil then return nil, err end
  return found
end

local function tell_snapshot(self, found)
  for _, order in ipairs(found.orders) do told.order(self, order) end
  for _, position in ipairs(found.positions) do told.position(self, position, true) end
  if found.wallet then told.wallet(self, found.wallet, true) end
end

-- Splits what waited into trades and the rest.
local function take_pending(self)
  local trades, others = {}, {}
  for _, entry in ipairs(self.pending) do
    if entry[1] == "trade" then trades[#trades + 1] = entry[2] else others[#others + 1] = entry end
  end
  self.pending = {}
  return trades, others
end

-- History is complete up to there.
local function audited(self, at)
  self.ledger:audit(at - self.settled)
  self.audits = self.audits + 1
  self.audit_at = loop.now() + (self.full and AUDIT_LEAST or self.audit_pause)
  self.poll_at = loop.now() + self.options.poll
end

-- Two sweeps agree: tells what was missed, how all stands, what waited, and that it is live.
local function settle(self, list, at)
  local found, err = snapshot(self, MANY)
  if not found then
    self.gap.due = loop.now() + failed(self, err)
    return
  end
  take_all(self)
  local trades, others = take_pending(self)
  tell_trades(self, list, trades)
  tell_snapshot(self, found)
  for _, entry in ipairs(others) do told[entry[1]](self, entry[2]) end
  audited(self, at)
  if self.phase == "filling" then tell_live(self) end
end

-- Where nothing was asked for of the past: it begins at that moment of the exchange's.
local function begin(self)
  local list, at = self.reads:trades(core.client.now(self.client))
  if not list then
    self.gap.due = loop.now() + failed(self, at)
    return
  end
  self.ledger = ledger.new(at, {}, false)
  settle(self, {}, at)
end

-- Reads a part of a long history, twice.
local function fill_part(self, list, till)
  local ids = ledger.ids_of(list, till)
  local before = self.gap.part
  self.gap.part = ids
  if not before or not ledger.same(before, ids) then return end
  self.gap.part = nil
  tell_trades(self, list)
  self.ledger:audit(till)
end

-- Makes one sweep of a gap.
local function fill(self)
  if not self.ledger then return begin(self) end
  local own = self.gap
  local list, at, till = sweep(self)
  if list == "again" then return end
  if not list then
    own.due = loop.now() + failed(self, at)
    return
  end
  if self.gap ~= own then return end -- meanwhile it was lost again
  if till then return fill_part(self, list, till) end
  own.first = own.first or at
  local ids, left = ledger.ids_of(list, own.first), own.first + self.settled - at
  if left <= 0 and own.ids and ledger.same(own.ids, ids) then return settle(self, list, at) end
  own.ids, own.due = ids, loop.now() + math.max(left / 1000, self.settled / 4000, 0.02)
end

-- Looks how all stands while there is no stream, or always.
local function poll(self)
  if not self.ledger then -- nothing was promised yet
    self.poll_at = loop.now() + self.options.poll
    return
  end
  local list, at, till = sweep(self)
  if list == "again" then return end
  local found, err = nil, at
  if list then found, err = snapshot(self, RECENT) end
  if not found then
    local pause = failed(self, err)
    if not self.reader then
      tell_stale(self, "connection")
      gap(self)
      self.gap.due = loop.now() + pause
    end
    self.poll_at = loop.now() + math.max(pause, self.options.poll)
    return
  end
  tell_trades(self, list)
  if till then
    self.ledger:audit(till)
    return
  end
  tell_snapshot(self, found)
  audited(self, at)
end

-- Compares history with what the stream has brought. What it should have brought by now, and did not, is told as late.
local function audit(self)
  self.audit_at = loop.now() + self.audit_pause
  local list, at = sweep(self)
  if list == "again" then return gap(self) end
  if not list then
    self.audit_at = loop.now() + math.max(AUDIT_LEAST, failed(self, at))
    return
  end
  if not self.full then take_all(self) end
  if self.phase ~= "live" then return end
  local missed = {}
  for _, trade in ipairs(list) do
    if ledger.time_of(trade) <= at - self.settled and not self.ledger:knows(trade) then missed[#missed + 1] = trade end
  end
  if #missed > 0 and self.full then
    tell_trades(self, missed)
  elseif #missed > 0 then
    local found, err = snapshot(self, MANY)
    if not found then
      self.audit_at = loop.now() + math.max(AUDIT_LEAST, failed(self, err))
      return
    end
    tell_stale(self, "audit")
    local all = {}
    for i = #missed, 1, -1 do all[#all + 1] = missed[i] end
    for _, trade in ipairs(ledger.sort(all)) do tell_trade(self, trade, true) end
    tell_snapshot(self, found)
    self.holes = self.holes + 1
    tell_live(self)
  end
  self.failures = 0
  audited(self, at)
end

---------------------------------------------------------------------------------------------------------------
-- The loop.

-- When the oldest trade happened that is not delivered yet; nil: all are.
local function oldest_waiting(self)
  local oldest
  local function look(list, from)
    for i = from, #list do
      local trade = list[i].trade
      if trade then oldest = math.min(oldest or math.huge, ledger.time_of(trade)) end
    end
  end
  look(self.out, self.at)
  for _, list in pairs(self.held) do look(list, 1) end
  return oldest
end

local function move_bookmark(self)
  self.delivered = 0
  if self.ledger then self.ledger:advance(oldest_waiting(self)) end
end

-- May the trade that comes next go out? A program that keeps bookmarks gets no more of them than one can tell, until an audit has
-- moved it on.
local function is_full(self)
  local most = bookmark.MOST
  if self.marks and #self.ledger.epoch.ids >= most then move_bookmark(self) end
  if not self.marks or #self.ledger.epoch.ids < most then
    self.full, self.spilt = nil, false
    return false
  end
  if self.spilt then return false end
  if not self.full then
    self.full = loop.now() + 2 * self.settled / 1000 + AUDIT_LEAST
    self.audit_at = math.min(self.audit_at, loop.now() + AUDIT_LEAST)
  end
  if loop.now() < self.full then return true end
  self.full, self.spilt = nil, true -- too many in one moment: the bookmark stays where it is, so that nothing is lost
  return false
end

-- The next event that may go out; nil: there is none.
local function next_event(self)
  release(self)
  local event = self.out[self.at]
  if not event then
    if self.at > 1 then
      self.out, self.at = {}, 1
      move_bookmark(self)
    end
    return nil
  end
  if event.trade and is_full(self) then return nil end
  self.out[self.at] = false
  self.at = self.at + 1
  if event.trade then
    self.trades = self.trades + 1
    self.ledger:delivered(event.trade)
    self.delivered = self.delivered + 1
    if self.delivered >= ADVANCE then move_bookmark(self) end
  end
  if self.ledger then places[event] = { self, self.ledger.epoch, #self.ledger.epoch.ids } end
  return setmetatable(event, Event)
end

-- The moment at which something is to be done, whatever the stream says.
local function next_due(self)
  if self.phase == "filling" then return self.gap.due end
  if self.phase == "down" then
    return self.told == nil and math.min(self.poll_at, self.patient_until) or self.poll_at
  end
  return self.reader and self.audit_at or self.poll_at
end

local function do_due(self)
  if self.phase == "filling" then return fill(self) end
  if self.phase == "live" and self.reader then return audit(self) end
  if self.told == nil and self.reader and loop.now() >= self.patient_until then tell_stale(self, "connection") end
  if loop.now() >= self.poll_at then poll(self) end
end

local function wait(self, seconds)
  if self.reader and not self.full then
    if self.holding > 0 then self.reader:ask() end
    return reading.wait("follow", self.reader, seconds)
  end
  if self.holding > 0 then seconds = math.min(seconds, HELD) end
  tasks.wait(core.token(self.options.cancel), seconds)
end

-- Does what is next: takes what waits, makes a read that is due, or waits.
local function advance(self)
  if self.options.cancel and self.options.cancel:cancelled() then
    self.over = true
    return
  end
  if not self.full and take_one(self) then return end
  local left = next_due(self) - loop.now()
  if self.full then left = math.min(left, self.full - loop.now()) end
  if left > 0 then return wait(self, left) end
  if self.full and #self.out - self.at > 2 * self.options.queue and self.phase == "live" then
    self.audit_at = loop.now() + AUDIT_LEAST
    return
  end
  do_due(self)
end

local Follow = {}

local function step(self)
  while true do
    local event = next_event(self)
    if event then return event end
    if self.over then return nil end
    advance(self)
  end
end

function Follow:__close()
  if self.reader then self.reader:close() end
  local list = core.client.table(self.client).follows
  for i, other in ipairs(list or {}) do
    if other == self then table.remove(list, i) break end
  end
end

---------------------------------------------------------------------------------------------------------------
-- What is asked for.

--- What happens to the account, in a loop, each fill once. Kinds of events: "trade" (`event.trade`), "order" (`event.order`),
--- "position", "wallet", and "live" and "stale", which say whether what was told is all (`event.reason`, `event.since`). What is
--- missed while a line is lost is read from history before "live" comes again. `event.bookmark` is a text with which a later loop,
--- also of another process, goes on: it gets each fill that this loop did not give out. The loop ends by `break`, by the token
--- `cancel`, or with its task; it raises when the exchange refuses the key. Where the client has no streams (`streams = false`, a
--- build without libwslay, the v2 wire) it polls, with the same events.
---@param client userdata
---@param params { symbol: string?, symbols: string[]?, category: string?, since: string|integer|nil, audit: number|false|nil,
---  poll: number?, cancel: bybit.Token?, queue: integer?, heartbeat: number?, patience: number?, record: string? } symbol, symbols:
---  only these contracts, else all of the category; since: a bookmark, or a moment (ISO text or ms), else it begins now; audit:
---  seconds between two comparisons with history (60; false: only when the bookmark needs one); poll: seconds between two looks
---  where there is no stream (1); queue: how many events wait at most for a slow loop (10000); the others as in client:stream
---@return fun(): table? step, table state, nil, table state
function follow.open(client, params)
  if type(client) ~= "userdata" then errors.raise "follow: called with '.' in place of ':': write client:follow{...}" end
  local options, placed = asked.options("follow", params == nil and {} or params, OPTIONS, "{ symbol = \"BTCUSD\" }")
  if #placed > 0 then fail "a table of named parameters expected" end
  if options.symbol and options.symbols then fail "either 'symbol' or 'symbols'" end
  local t = core.client.table(client)
  if not core.client.keyed(client) then fail "it is about an account: the client needs a key" end
  options.symbols = options.symbols or options.symbol and { options.symbol } or nil
  options.category, options.queue, options.poll = options.category or t.category, options.queue or QUEUE, options.poll or POLL
  if not t.class.dialect.every_symbol and not options.symbols then fail "'symbol' or 'symbols' is missing" end
  local names = options.symbols and table.move(options.symbols, 1, #options.symbols, 1, {}) or { "all" }
  table.sort(names)
  local now = loop.now()
  local self = setmetatable({ client = client, options = options, account = core.client.fingerprint(client), topics = {},
    scope = options.category .. " " .. table.concat(names, ","), out = {}, at = 1, held = {}, holding = 0, pending = {},
    phase = "down", failures = 0, delivered = 0, trades = 0, lates = 0, gaps = 0, holes = 0, audits = 0, stales = 0,
    settled = math.floor(t.visibility * 1000) + (t.class.dialect.moment_step > 1 and t.class.dialect.moment_step or 0),
    audit_pause = options.audit == nil and AUDIT or options.audit or math.huge, audit_at = now + AUDIT,
    poll_at = now + options.poll, patient_until = now + options.patience }, Follow)
  self.reads = reads.new(client, options)
  self.ledger = begin_with.since(self, options.since)
  self.reader = begin_with.subscribe(self, t)
  if not self.reader then gap(self) end
  t.follows = t.follows or {}
  t.follows[#t.follows + 1] = self
  return function() return step(self) end, self, nil, self
end

--- How the loops of a client are, for client:stats().
---@private
---@return table[]
function follow.stats(client)
  local out = {}
  for i, self in ipairs(core.client.table(client).follows or {}) do
    out[i] = { live = self.told == "live", reason = self.reason, polls = not self.reader, trades = self.trades, late = self.lates,
      gaps = self.gaps, holes = self.holes, audits = self.audits, waiting = #self.out - self.at + 1,
      audited = self.ledger and self.ledger.from or nil }
  end
  return out
end

return follow
