-- Reads of the V5 wire that walk back in time: candles, fundings, closed profits, the ledger. `composites` has a function for each of
-- their methods, as methods.lua does.

local history = require "bybit.wire.v5.history"
local walk = require "bybit.wire.walk"

local inner = walk.inner

local DAY = 86400000 -- ms

local series = { composites = {} }

---------------------------------------------------------------------------------------------------------------
-- Lists with pages and windows: what is asked for besides the times, by method, and the internal row of a page. `span`: what the
-- exchange reads where no start_time is given.

local function windows(method, row, span, names)
  series.composites[method] = function(call, client, p)
    walk.check_times(client, method, p, span)
    local at = p.cursor and walk.place(method, p.cursor, history.read) or history.start(client, p)
    local asked = { limit = p.limit }
    for _, name in ipairs(names) do asked[name] = p[name] end
    return history.page(call, client, method, row, at, inner(p, asked))
  end
end

windows("get_closed_profit_loss", "closed_profit_page", history.WINDOW, { "symbol" })
windows("get_transaction_history", "transaction_page", DAY, { "currency", "base_coin", "type" })
windows("get_internal_transfers", "transfer_page", history.WINDOW, { "transfer_id", "coin", "status" })
windows("get_delivery_history", "delivery_page", 30 * DAY, { "symbol", "expiry" })
windows("get_settlement_history", "settlement_page", 30 * DAY, { "symbol" })

---------------------------------------------------------------------------------------------------------------
-- Lists without cursors of the exchange's, newest first: the next page ends right before the oldest record of this one. A cursor is
-- `t<start>,<end>:`, both in ms; the start may be missing.

local function read_place(text)
  local from, to = text:match "^t(%d*),(%d+):$"
  if not to then return nil end
  return { from = math.tointeger(tonumber(from)), to = math.tointeger(tonumber(to)) }
end

local function next_cursor(method, from, to)
  return walk.cursor(method, ("t%s,%d:"):format(from or "", to))
end

local function place_of(method, p)
  return p.cursor and walk.place(method, p.cursor, read_place) or { from = p.start_time, to = p.end_time }
end

-- The moment of the oldest record of a list or of columns; nil: it is empty, or the moment could not be read.
local function oldest(page, field)
  local list = page[field]
  local last
  if list then last = list[#list] elseif #page > 0 then last = rawget(page[#page], field) end
  return math.type(last) == "integer" and last or nil
end

-- The lengths of candles, in ms. Of months it is the shortest: a window never has more candles than a page.
local LENGTH = { D = DAY, W = 7 * DAY, M = 28 * DAY }
local MONDAY = 4 * DAY -- ms: when the first week of 1970 began

local PAGE, MOST = 200, 1000 -- candles on a page where no limit is given, and at most (V5 documentation, market/kline)

-- Where a window of so many candles begins that ends at the moment.
local function window_of(interval, count, to)
  local length = LENGTH[interval] or math.tointeger(tonumber(interval)) * 60000
  local offset = interval == "W" and MONDAY or 0
  return (to - offset) // length * length + offset - (count - 1) * length
end

-- Takes the candles from the end that began before the moment: the exchange also sends the one that the moment lies in.
local function cut(page, from)
  local times = page.start_time
  local count = times and #times or #page
  while count > 0 do
    local begun
    if times then begun = times[count] else begun = rawget(page[count], "start_time") end
    if math.type(begun) ~= "integer" or begun >= from then return end
    if times then
      for _, column in pairs(page) do column[count] = nil end
    else
      page[count] = nil
    end
    count = count - 1
  end
end

-- A window is never longer than a page. So it does not matter which end of a longer one the exchange would send.
local function candles(method)
  series.composites[method] = function(call, client, p)
    walk.check_times(client, method, p)
    local at, limit = place_of(method, p), p.limit
    local from, to = at.from, at.to
    if from then
      to = to or math.max(client:now(), from)
      from = math.max(from, window_of(p.interval, limit or PAGE, to))
      if p.interval == "M" and limit then limit = math.min(limit + 1, MOST) end -- the month that the window begins in
    end
    local page, err, response = call(client, method .. (p.columns and "_columns" or "_page"), inner(p, { symbol = p.symbol,
      interval = p.interval, start_time = from, end_time = to, limit = limit }))
    if not page then return nil, err, response end
    if from then
      cut(page, from)
      page.next_cursor = from > at.from and next_cursor(method, at.from, from - 1) or nil
    else
      local first = oldest(page, "start_time")
      page.next_cursor = first and first > 0 and next_cursor(method, nil, first - 1) or nil
    end
    return page, nil, response
  end
end

candles "get_klines"
candles "get_mark_price_klines"
candles "get_index_price_klines"
candles "get_premium_index_price_klines"

-- The exchange refuses a start without an end (V5 documentation, market/funding/history). Of a longer span it sends the newest.
function series.composites.get_funding_rate_history(call, client, p)
  local method = "get_funding_rate_history"
  walk.check_times(client, method, p)
  local at = place_of(method, p)
  local to = at.to or at.from and math.max(client:now(), at.from)
  local page, err, response = call(client, "funding_rate_page", inner(p, { symbol = p.symbol, start_time = at.from,
    end_time = to, limit = p.limit }))
  if not page then return nil, err, response end
  local first = oldest(page, "timestamp")
  page.next_cursor = first and first > (at.from or 0) and next_cursor(method, at.from, first - 1) or nil
  return page, nil, response
end

return series
