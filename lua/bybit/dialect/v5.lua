-- The V5 dialect: its envelope, and the methods that are several requests on this wire. Endpoints and codes are
-- data beside this file.

local errors = require "bybit.errors"
local objects = require "bybit.objects"
local walk = require "bybit.dialect.walk"

local inner, add_up, ended, keep, keep_prefix = walk.inner, walk.add_up, walk.ended, walk.keep, walk.keep_prefix

local v5 = {
  name = "v5",
  signature = "headers",
  envelope = { code = "retCode", message = "retMsg", result = "result", time = "time" },
  category = true,          -- requests carry one
  public = "^/v5/market/",  -- needs no signature (V5 documentation, authentication)
  ping = "/v5/market/time", -- the cheapest of these
  endpoints = require "bybit.dialect.endpoints.v5",
  codes = require "bybit.dialect.codes.v5",
  common = require "bybit.dialect.common",
}

local PAGE = 50             -- records a page of the order queries may hold (V5 documentation, order/realtime)
local OPEN_MAX = 500        -- open orders per symbol (V5 documentation, rate limits)
local WINDOW = 7 * 86400000 -- ms one history query may span (V5 documentation, order/history)

-- Where a status is found: V5 keeps open and closed orders behind two endpoints.
local OPEN = { New = true, PartiallyFilled = true, Untriggered = true }

-- The two kinds of orders: their filter on the wire, and the internal rows that read them.
local ACTIVE = { filter = "Order", realtime = "order_realtime", history = "order_history" }
local CONDITIONAL = { filter = "StopOrder", realtime = "conditional_realtime", history = "conditional_history" }

---------------------------------------------------------------------------------------------------------------
-- Cursors of methods that walk more than one query: `o:` and the realtime cursor, or `h<start>,<end>:` and the
-- history cursor, where start is where the walk ends and end is that of the present window; both may be empty.

local function parse_cursor(method, text)
  if not text then return nil end
  local at = text:match("^o:(.*)$")
  if at then return { phase = "open", at = at ~= "" and at or nil } end
  local from, to, rest = text:match("^h(%d*),(%d*):(.*)$")
  if from then
    return { phase = "closed", from = math.tointeger(tonumber(from)), to = math.tointeger(tonumber(to)),
      at = rest ~= "" and rest or nil }
  end
  errors.raise(("%s: cursor '%s' is none that %s gave: use a page's next_cursor as it is"):format(
    method, text:sub(1, 60), method))
end

local function history_cursor(from, to, at)
  return ("h%s,%s:%s"):format(from or "", to or "", at or "")
end

-- Where history begins for these parameters: without start_time in the exchange's default window.
local function history_start(client, p)
  return { phase = "closed", from = p.start_time, to = p.start_time and (p.end_time or client:now()) or p.end_time }
end

local function check_times(method, p)
  if p.start_time and p.end_time and p.end_time < p.start_time then
    errors.raise(("%s: end_time %d is before start_time %d"):format(method, p.end_time, p.start_time))
  end
end

-- One page of a history, newest first; windows follow each other back in time. The edge of two windows is asked
-- for twice, so that nothing on it is missed.
local function history_page(call, client, row, at, params)
  local start, stop = at.from, at.to
  if start and stop - start > WINDOW then start = stop - WINDOW end
  params.cursor, params.start_time, params.end_time = at.at, start, stop
  local page, err, response = call(client, row, params)
  if not page then return nil, err, response end
  if not ended(page, at.at) then
    page.next_cursor = history_cursor(at.from, stop, page.next_cursor)
  elseif start and start > at.from then
    page.next_cursor = history_cursor(at.from, start)
  else
    page.next_cursor = nil
  end
  return page, nil, response
end

---------------------------------------------------------------------------------------------------------------
-- get_orders, get_conditional_orders: past and present orders in one list, over order/realtime and order/history.

local function id_of(p)
  return p.order_id or p.stop_order_id
end

-- What the query for open orders has no filters for.
local function keep_asked(page, response, p)
  if not (p.status or p.start_time or p.end_time) then return end
  keep(page, response, function(order)
    local made = order.create_time
    return (not p.status or order.status == p.status) and (not p.start_time or not made or made >= p.start_time)
      and (not p.end_time or not made or made <= p.end_time)
  end)
end

-- One page of open orders; after the last one comes history, unless a status rules that out. By id also an order that
-- has just closed is found here, and then there is no more to look for.
local function open_page(call, client, p, kind, at)
  local page, err, response = call(client, kind.realtime, inner(p, {
    symbol = p.symbol, order_id = id_of(p), client_order_id = p.client_order_id, order_filter = kind.filter, open_only = 0,
    limit = p.limit, cursor = at.at }))
  if not page then return nil, err, response end
  if #page > 0 and (id_of(p) or p.client_order_id) then
    page.next_cursor = nil
  elseif not ended(page, at.at) then
    page.next_cursor = "o:" .. page.next_cursor
  elseif p.status then
    page.next_cursor = nil
  else
    local after = history_start(client, p)
    page.next_cursor = history_cursor(after.from, after.to)
  end
  keep_asked(page, response, p)
  return page, nil, response
end

local function list_orders(method, kind)
  return function(call, client, p)
    if p.direction == "prev" then
      errors.raise(method .. ": direction = 'prev' exists on the v2 wire only: V5 walks forward; keep the cursors of "
        .. "earlier pages to go back to them")
    end
    check_times(method, p)
    local at = parse_cursor(method, p.cursor)
    if not at then
      at = p.status and not OPEN[p.status] and history_start(client, p) or { phase = "open" }
    end
    local page, err, response
    if at.phase == "open" then
      page, err, response = open_page(call, client, p, kind, at)
    else
      page, err, response = history_page(call, client, kind.history, at, inner(p, {
        symbol = p.symbol, order_id = id_of(p), client_order_id = p.client_order_id, order_filter = kind.filter,
        status = p.status, limit = p.limit }))
    end
    return page and keep_prefix(page, response, p.id_prefix), err, response
  end
end

---------------------------------------------------------------------------------------------------------------
-- Real-time lists: every page, up to what may be open at once; an order seen on two pages comes once.

local function all_open(kind)
  return function(call, client, p)
    local list, seen, at, before = nil, {}, nil, nil
    for _ = 1, OPEN_MAX // PAGE do
      local page, err, response = call(client, kind.realtime, inner(p, {
        symbol = p.symbol, order_filter = kind.filter, open_only = 0, limit = PAGE, cursor = at }))
      add_up(response, before)
      if not page then return nil, err, response end
      list = list or setmetatable({}, getmetatable(page))
      local places = {}
      for i, order in ipairs(page) do
        if not seen[order.order_id] then
          seen[order.order_id] = true
          list[#list + 1], places[i] = order, #list + 1
        end
      end
      walk.renumber(response, places, before)
      before = response
      if ended(page, at) then break end
      at = page.next_cursor
    end
    return keep_prefix(list, before, p.id_prefix), nil, before
  end
end

---------------------------------------------------------------------------------------------------------------
-- Executions: numbered pages by walking the cursor.

local function get_user_trades(call, client, p)
  local last = p.page or 1
  local at = parse_cursor("get_user_trades", p.cursor)
  if at and last > 1 then errors.raise("get_user_trades: 'page' and 'cursor' exclude each other") end
  check_times("get_user_trades", p)
  at = at or history_start(client, p)
  local before
  for n = 1, last do
    local page, err, response = history_page(call, client, "execution_list", at, inner(p, {
      symbol = p.symbol, order_id = p.order_id, client_order_id = p.client_order_id, trade_type = p.trade_type,
      limit = p.page_size }))
    add_up(response, before)
    if not page then return nil, err, response end
    if n == last then return keep_prefix(page, response, p.id_prefix), nil, response end
    if not page.next_cursor then return setmetatable({}, getmetatable(page)), nil, response end
    before, at = response, parse_cursor("get_user_trades", page.next_cursor)
  end
end

---------------------------------------------------------------------------------------------------------------
-- Cancelling all: one request; or, of a prefix, those that are listed, one by one.

local function cancel_listed(call, client, p, kind)
  local list, err, before = all_open(kind)(call, client, p)
  if not list then return walk.not_begun(err, before) end
  return walk.cancel_each(list, p, before, function(order)
    return call(client, "cancel_one", inner(p, { symbol = p.symbol, order_id = order.order_id }))
  end)
end

local function cancel_all(row, kind)
  return function(call, client, p)
    if p.id_prefix then return cancel_listed(call, client, p, kind) end
    return call(client, row, inner(p, { symbol = p.symbol, stop_order_type = p.stop_order_type }))
  end
end

---------------------------------------------------------------------------------------------------------------
-- What recovery and read-backs ask.

local function kind_of(conditional)
  return conditional and CONDITIONAL or ACTIVE
end

-- An execution says which order it was of.
local function order_of(trade)
  return setmetatable({ order_id = trade.order_id, client_order_id = trade.client_order_id, symbol = trade.symbol,
    side = trade.side, type = trade.order_type, quantity = trade.order_quantity, price = trade.order_price,
    leaves_quantity = trade.leaves_quantity }, objects.metatable "order")
end

--- Looks for an order by its id in every place where it may be: open and recently closed orders, history, executions.
---@param p table symbol, order_id or client_order_id, and options of a call
---@param conditional boolean
---@return table|false|nil order false: it is in none of them
---@return bybit.Error|integer|nil err or, unless order is nil, the exchange's time of the first answer
function v5.find_order(call, client, p, conditional)
  local kind, time = kind_of(conditional), nil
  for _, row in ipairs { kind.realtime, kind.history, "execution_list" } do
    local list, err, response = call(client, row, inner(p, { symbol = p.symbol, order_id = p.order_id,
      client_order_id = p.client_order_id }))
    if not list then return nil, err end
    time = math.min(time or response.time or 0, response.time or 0)
    for _, record in ipairs(list) do
      if rawget(record, p.order_id and "order_id" or "client_order_id") == (p.order_id or p.client_order_id) then
        return row == "execution_list" and order_of(record) or record, time
      end
    end
  end
  return false, time
end

--- All open orders of a kind.
function v5.open_orders(call, client, p, conditional)
  return all_open(kind_of(conditional))(call, client, p)
end

--- The last closed orders of a kind, at least `count` of them where the exchange still shows so many.
function v5.closed_orders(call, client, p, conditional, count)
  local kind, list, at = kind_of(conditional), nil, nil
  repeat
    local page, err, response = call(client, kind.realtime, inner(p, { symbol = p.symbol, order_filter = kind.filter,
      open_only = 1, limit = PAGE, cursor = at }))
    if not page then return nil, err, response end
    list = list or setmetatable({}, getmetatable(page))
    table.move(page, 1, #page, #list + 1, list)
    if ended(page, at) then break end
    at = page.next_cursor
  until #list >= count + PAGE or #list >= OPEN_MAX
  return list
end

--- Stop orders whatever became of them, from `since` (ms) on, or of the exchange's default window: those that have ended
--- are in history, also once they were triggered.
function v5.past_stops(call, client, p, since)
  local list, at, first = nil, nil, nil
  for _ = 1, OPEN_MAX // PAGE do
    local page, err, response = call(client, CONDITIONAL.history, inner(p, { symbol = p.symbol, limit = PAGE, cursor = at,
      start_time = since }))
    if not page then return nil, err, response end
    list, first = list or setmetatable({}, getmetatable(page)), first or response
    for _, order in ipairs(page) do
      if rawget(order, "stop_order_type") then list[#list + 1] = order end
    end
    if ended(page, at) then break end
    at = page.next_cursor
  end
  return list, nil, first
end

--- Methods that are several requests: composite(call, client, checked parameters) -> result, err, response, where
--- call(client, row, params) makes an inner request.
v5.composites = {
  get_orders = list_orders("get_orders", ACTIVE),
  get_conditional_orders = list_orders("get_conditional_orders", CONDITIONAL),
  get_open_orders_real_time = all_open(ACTIVE),
  get_open_conditional_orders_real_time = all_open(CONDITIONAL),
  get_user_trades = get_user_trades,
  cancel_all_orders = cancel_all("cancel_all", ACTIVE),
  cancel_all_conditional_orders = cancel_all("cancel_all_conditional", CONDITIONAL),
}

return v5
