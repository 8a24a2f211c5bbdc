-- The fence of a change: the moment of the exchange's clock after which none of its copies of unknown outcome can act.
-- A signed request is accepted until its timestamp, its receive window and a second have passed (V5 documentation,
-- authentication). All moments here are the exchange's, in ms: the local clock may be hours off, or jump.

local core = require "bybit.core"

local fence = {}

local TOLERANCE = core.client.TOLERANCE -- ms: the exchange takes timestamps that are so much ahead of its clock
-- ms: no network holds a request back for longer. It counts only where a timestamp was signed by a local clock that
-- turned out to be far ahead.
local LATEST = 600000

-- A request that was sent and whose outcome is not known.
---@class bybit.Copy
---@field signed number when it was signed, on the loop's clock
---@field first integer? the earliest moment at which it can arrive, as known when it was signed, ms
---@field timestamp integer as signed, ms
---@field window integer the receive window, ms

local last_moment = core.client.fence -- of a timestamp and a receive window, see src/wire/session.h

--- From which moment on lists have to be read so that they hold all that was made since a moment.
---@param moment integer ms
---@return integer ms
function fence.before(moment)
  return moment - TOLERANCE
end

--- How long a request with that receive window may act after its timestamp, in seconds.
---@param window integer the receive window, ms
---@return number
function fence.length(window)
  return last_moment(0, window) / 1000
end

-- The two estimates below may differ by drift and rounding; a larger difference means that somebody set a clock since.
local SAME_CLOCK = 5 -- ms

-- The earliest moment at which the copy could arrive; nil: not known. When it was signed, the answer right before it was fresh,
-- which tells it from a change that this answer acknowledged. What was learned since may tell more.
local function arrival_of(client, copy)
  local now = core.client.arrival(client, copy.signed)
  if not now or not copy.first or math.abs(copy.first - now) > SAME_CLOCK then return now end
  return math.max(copy.first, now)
end

--- The earliest moment at which a copy of the intent could arrive; nil: not known.
---@param client userdata
---@param intent bybit.Intent
---@return integer?
function fence.earliest(client, intent)
  if intent.earlier then return intent.first end
  local copy = intent.copies[1]
  return copy and arrival_of(client, copy) or nil
end

--- The latest moment at which the call can have been made; nil: not known.
---@return integer?
function fence.latest(client, intent)
  if intent.earlier then return intent.first and intent.first + TOLERANCE end
  local copy = intent.copies[1]
  return copy and select(2, core.client.moment(client, copy.signed)) or nil
end

local function limit_of(client, copy)
  local _, left = core.client.moment(client, copy.signed)
  if not left then return nil end
  return math.min(last_moment(copy.timestamp, copy.window), left + LATEST)
end

-- The last moment at which one of the copies can act; nil: not known, or there is none.
local function last_of(client, copies)
  local limit
  for _, copy in ipairs(copies) do
    local one = limit_of(client, copy)
    if not one then return nil end
    limit = math.max(limit or one, one)
  end
  return limit
end

--- The fence of an intent; nil while the exchange's clock is not known.
---@param client userdata
---@param intent bybit.Intent
---@return integer?
function fence.limit(client, intent)
  if intent.earlier then
    local _, opened = core.client.moment(client, intent.opened)
    if not opened then return nil end
    -- It was sent before the journal was opened. Without a `first` the exchange's clock was not known when it was signed, so
    -- the timestamp may be far ahead.
    local latest = intent.first and last_moment(opened, intent.window) or opened + LATEST
    return math.min(intent.fence or latest, latest)
  end
  return last_of(client, intent.copies)
end

--- Could a copy of the intent have arrived at that moment? Nil: not known, or the moment is shortly before the first arrival.
---@param client userdata
---@param intent bybit.Intent
---@param moment integer ms
---@return boolean?
function fence.covers(client, intent, moment)
  local earliest, limit = fence.earliest(client, intent), fence.limit(client, intent)
  if limit and moment > limit then return false end
  if not earliest or not limit then return nil end
  -- A moment within the exchange's tolerance before the first arrival decides nothing.
  if moment < fence.before(earliest) then return false end
  if moment < earliest then return nil end
  if intent.earlier then return true end
  for _, copy in ipairs(intent.copies) do
    if moment >= arrival_of(client, copy) and moment <= limit_of(client, copy) then return true end
  end
  return false
end

-- Kinds of change whose late copies can undo a later call.
local UNDOES = { amend = true, stop = true, all = true, setting = true }

--- What the intent changes, in the order in which core.client.claim and core.client.undoes take it.
---@param intent bybit.Intent
function fence.subject(intent)
  local p = intent.params
  return intent.kind, intent.conditional, intent.partial or false, p.symbol or "", p.order_id or p.stop_order_id or "",
    p.client_order_id or "", intent.kind == "setting" and intent.row or "", intent.leg
end

-- Can a copy of the other intent undo this one?
local function can_undo(other, intent)
  if not UNDOES[other.kind] or other.final then return false end
  local kind, conditional, adds, symbol, order_id, client_order_id, setting, leg = fence.subject(other)
  return core.client.undoes(kind, conditional, adds, symbol, order_id, client_order_id, setting, leg, fence.subject(intent))
end

-- The latest of a limit and the fences of the listed intents whose copies can undo this one; nil: not known.
local function latest_of(client, intent, list, limit)
  for _, other in ipairs(list) do
    if other ~= intent and can_undo(other, intent) then
      local one = fence.limit(client, other)
      if not one or not limit then return nil end
      limit = math.max(limit, one)
    end
  end
  return limit
end

-- The latest fence of the intent and of all other intents whose copies can undo it, also of ended ones that have a copy on
-- its way. Nothing is certain about the intent before.
local function limit_of_all(client, intent)
  local limit = fence.limit(client, intent)
  if not UNDOES[intent.kind] then return limit end
  local t = core.client.table(client)
  limit = latest_of(client, intent, t.intents, limit)
  return limit and latest_of(client, intent, t.at_large, limit)
end

--- Seconds until the fence has certainly passed; 0: it has passed. Nil while the exchange's clock is not known.
---@param client userdata
---@param intent bybit.Intent
---@return number?
function fence.ahead(client, intent)
  local limit, now = fence.limit(client, intent), core.client.moment(client, core.loop.now())
  if not limit or not now then return nil end
  return now > limit and 0 or (limit - now + 1) / 1000
end

--- Seconds until no single cancel of a cancel-all can act any more; 0: none can. Nil while the exchange's clock is not known.
---@param client userdata
---@param intent bybit.Intent
---@return number?
function fence.singles_ahead(client, intent)
  if not intent.singles or #intent.singles == 0 then return 0 end
  local limit, now = last_of(client, intent.singles), core.client.moment(client, core.loop.now())
  return limit and now and math.max(limit - now + 1, 0) / 1000
end

--- Notes an intent that has ended, or will end, while a copy of it may still arrive. Forgets the noted ones of which no copy
--- can arrive any more.
---@param client userdata
---@param intent bybit.Intent
function fence.leave_at_large(client, intent)
  local t, kept = core.client.table(client), {}
  for _, other in ipairs(t.at_large) do
    if other ~= intent and fence.ahead(client, other) ~= 0 then kept[#kept + 1] = other end
  end
  if UNDOES[intent.kind] then kept[#kept + 1] = intent end
  t.at_large = kept
end

--- The stage of the intent, after a whole sweep (a search of all lists) that began at `time`. "open": the fence has not
--- passed. "late": no copy can act any more, but what a copy did may not show yet. "past": `visibility` after the fence, so it
--- would show. "settled": a second such sweep, `visibility` after the first. It shows an order that moved from one list to
--- another during the first.
---@param client userdata
---@param intent bybit.Intent
---@param time integer? the exchange's time in the sweep's first answer, ms
---@return "open"|"late"|"past"|"settled"
function fence.stage(client, intent, time)
  local limit, visibility = limit_of_all(client, intent), core.client.table(client).visibility * 1000
  if not limit or not time or time <= limit then return "open" end
  if time <= limit + visibility then return "late" end
  local swept = intent.swept
  if not swept then
    intent.sweep = time
    intent.swept = select(2, core.client.moment(client, core.loop.now())) or time -- the sweep ends now
  end
  return (not swept or time - swept < visibility) and "past" or "settled"
end

--- Seconds until the next stage at which something can be concluded; nil while the exchange's clock is not known.
---@param client userdata
---@param intent bybit.Intent
---@return number?
function fence.pause(client, intent)
  local limit, now = limit_of_all(client, intent), core.client.moment(client, core.loop.now())
  if not limit or not now then return nil end
  local visibility = core.client.table(client).visibility * 1000
  local at = now <= limit and limit or intent.swept and intent.swept + visibility or limit + visibility
  return math.max((at - now + 1) / 1000, 0.001, intent.swept and fence.singles_ahead(client, intent) or 0)
end

return fence
