-- The methods of the V5 wire that are made of several requests, and the lookups of recovery and read-backs.

local errors = require "bybit.errors"
local history = require "bybit.wire.v5.history"
local objects = require "bybit.records.objects"
local status = require "bybit.records.status"
local walk = require "bybit.wire.walk"

local inner, add_up, keep, keep_prefix = walk.inner, walk.add_up, walk.keep, walk.keep_prefix
local WINDOW, history_start, history_cursor, history_page = history.WINDOW, history.start, history.cursor, history.page

local methods = {}

local MOST_PAGES = 200      -- pages of a list that is read whole
local AHEAD = 60000         -- ms: a history that has to reach the present is read so far into the future
local PAGE = 50             -- the most records on a page of orders (V5 documentation, order/realtime)
local TRADES = 100          -- the most records on a page of executions (V5 documentation, execution/list)
local CANCEL_MAX = 500      -- the most orders that one cancel-all cancels (V5 documentation, order/cancel-all)
local CLOSED_MAX = 500      -- the most closed orders that order/realtime shows (V5 documentation, order/realtime)

-- The two kinds of orders: their filter on the wire, the internal rows that read them, and the method that cancels them.
local ACTIVE = { filter = "Order", realtime = "order_realtime", history = "order_history",
  cancel_all = "cancel_all_orders" }
local CONDITIONAL = { filter = "StopOrder", realtime = "conditional_realtime", history = "conditional_history",
  cancel_all = "cancel_all_conditional_orders" }

---------------------------------------------------------------------------------------------------------------
-- Cursors of methods that read the open orders first: the name of the method, then `o<empty>:` and the cursor of order/realtime,
-- or a place in the history (history.lua).

local function read_place(text)
  local empty, at = text:match "^o(%d?):(.*)$"
  if at then return { phase = "open", empty = tonumber(empty) or 0, at = at ~= "" and at or nil } end
  return history.read(text)
end

local function parse_cursor(method, text)
  return text and walk.place(method, text, read_place)
end

local function open_cursor(method, at, empty)
  return walk.cursor(method, ("o%s:%s"):format(empty > 0 and empty or "", at))
end

---------------------------------------------------------------------------------------------------------------
-- get_orders, get_conditional_orders: past and present orders in one list, over order/realtime and order/history.

local function id_of(p)
  return p.order_id or p.stop_order_id
end

-- Applies the filters that the request for open orders does not have.
local function keep_asked(page, response, p)
  if not (p.status or p.start_time or p.end_time) then return end
  keep(page, response, function(order)
    local made = order.create_time
    return (not p.status or order.status == p.status) and (not p.start_time or not made or made >= p.start_time)
      and (not p.end_time or not made or made <= p.end_time)
  end)
end

-- One page of open orders. History comes after the last page, unless only a status of open orders is wanted. A request for one
-- order also finds it here if it has just closed; then there is nothing more to read.
local function open_page(call, client, method, p, kind, at)
  local page, err, response = call(client, kind.realtime, inner(p, {
    symbol = p.symbol, settle_coin = p.settle_coin, base_coin = p.base_coin, order_id = id_of(p),
      client_order_id = p.client_order_id, order_filter = kind.filter, open_only = 0,
    limit = p.limit, cursor = at.at }))
  if not page then return nil, err, response end
  local follows, why, empty = walk.after(page, at.at, at.empty)
  if #page > 0 and (id_of(p) or p.client_order_id) then
    page.next_cursor = nil
  elseif why then
    return nil, walk.astray(method, p, why, open_cursor(method, page.next_cursor, 0), response), response
  elseif follows then
    page.next_cursor = open_cursor(method, follows, empty)
  elseif p.status then
    page.next_cursor = nil
  else
    local after = history_start(client, p)
    page.next_cursor = history_cursor(method, after.from, after.to)
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
    walk.check_times(client, method, p, WINDOW)
    local at = parse_cursor(method, p.cursor)
    if not at then
      at = p.status and not status.listed[p.status] and history_start(client, p) or { phase = "open", empty = 0 }
    end
    local page, err, response
    if at.phase == "open" then
      page, err, response = open_page(call, client, method, p, kind, at)
    else
      page, err, response = history_page(call, client, method, kind.history, at, inner(p, {
        symbol = p.symbol, settle_coin = p.settle_coin, base_coin = p.base_coin, order_id = id_of(p),
          client_order_id = p.client_order_id, order_filter = kind.filter,
        status = p.status, limit = p.limit }))
    end
    return page and keep_prefix(page, response, p.id_prefix), err, response
  end
end

---------------------------------------------------------------------------------------------------------------
-- Real-time lists: all pages, however many orders are open. An order that is on two pages comes once.

local function all_open(method, kind)
  return function(call, client, p)
    local list, seen, before = nil, {}, nil
    local done, err, response = walk.pages(method, p, MOST_PAGES, function(at)
      local page, why, response = call(client, kind.realtime, inner(p, {
        symbol = p.symbol, settle_coin = p.settle_coin, base_coin = p.base_coin, order_filter = kind.filter, open_only = 0,
          limit = PAGE, cursor = at }))
      add_up(response, before)
      return page, why, response
    end, function(page, response)
      list = list or setmetatable({}, getmetatable(page))
      local places = {}
      for i, order in ipairs(page) do
        local id = walk.id_of(order)
        if not id or not seen[id] then
          list[#list + 1], places[i] = order, #list + 1
        end
        if id then seen[id] = true end
      end
      walk.renumber(response, places, before)
      before = response
    end)
    if not done then return nil, err, response end
    return keep_prefix(list, response, p.id_prefix), nil, response
  end
end

---------------------------------------------------------------------------------------------------------------
-- Executions: page n is reached by walking n pages with the cursor.

local function get_user_trades(call, client, p)
  local method, last = "get_user_trades", p.page or 1
  local start = p.cursor and walk.place(method, p.cursor, history.read)
  if start and last > 1 then errors.raise("get_user_trades: 'page' and 'cursor' exclude each other") end
  walk.check_times(client, method, p, WINDOW)
  start = start or history_start(client, p)
  local n, before, found, class = 0, nil, nil, nil
  local done, err, response = walk.pages(method, p, last, function(cursor)
    local page, why, response = history_page(call, client, method, "execution_list", cursor and parse_cursor(method, cursor)
      or start, inner(p, { symbol = p.symbol, settle_coin = p.settle_coin, base_coin = p.base_coin, order_id = p.order_id,
        client_order_id = p.client_order_id,
      trade_type = p.trade_type, limit = p.page_size }))
    add_up(response, before)
    return page, why, response
  end, function(page, response)
    n, before, class = n + 1, response, getmetatable(page)
    if n == last then found = page end
    return n == last
  end)
  if not done then return nil, err, response end
  return keep_prefix(found or setmetatable({}, class), response, p.id_prefix), nil, response
end

---------------------------------------------------------------------------------------------------------------
-- The position of a contract: in hedge mode there are two, in no fixed order.

local WAYS = { [0] = "has one position: leave position_mode out, or say 0",
  "is in hedge mode: say position_mode = 1 for the long position, or 2 for the short one" }

-- The number of the position in a list that has this mode; nil: none has.
local function place_of(list, mode)
  for i, position in ipairs(list) do
    local its = rawget(position, "position_mode")
    if its == mode or #list == 1 and math.type(its) ~= "integer" then return i end
  end
end

--- The position of a contract with a mode (0: one-way; 1 long, 2 short in hedge mode), also a flat one.
---@param p table symbol, position_mode, and options of a call
function methods.position(call, client, p)
  local list, err, response = call(client, "get_positions", inner(p, { symbol = p.symbol }))
  if not list then return nil, err, response end
  local mode = p.position_mode or 0
  local place = place_of(list, mode)
  if not place then
    local found = list[1] and rawget(list[1], "position_mode")
    return nil, errors.new({ kind = "not_found", method = "get_position", attempts = response.attempts,
      elapsed = response.duration, message = list[1] and ("%s has no position of position_mode %d: it %s"):format(p.symbol, mode,
        WAYS[found == 0 and 0 or 1]) or "the exchange shows no such position" }, p), response
  end
  walk.renumber(response, { [place] = 0 })
  for i, name in ipairs(response.undecoded or {}) do response.undecoded[i] = name:gsub("^%[0%]%.", "") end
  return list[place], nil, response
end

---------------------------------------------------------------------------------------------------------------
-- Cancelling all orders: one request; with a prefix, the orders that are listed, one by one.

local function cancel_listed(call, client, p, kind)
  local list, err, before = all_open(kind.cancel_all, kind)(call, client, p)
  if not list then return walk.not_begun(err, before) end
  walk.add_placed(client, list, p, kind == CONDITIONAL)
  return walk.cancel_each(kind.cancel_all, list, p, before, function(order)
    return call(client, "cancel_one", inner(p, { symbol = p.symbol, order_id = order.order_id,
      client_order_id = not order.order_id and order.client_order_id or nil }))
  end)
end

local function cancel_all(row, kind)
  return function(call, client, p)
    if p.id_prefix then return cancel_listed(call, client, p, kind) end
    local list, err, response = call(client, row, inner(p, { symbol = p.symbol, stop_order_type = p.stop_order_type }))
    if list and #list >= CANCEL_MAX then list.cut = true end
    return list, err, response
  end
end

---------------------------------------------------------------------------------------------------------------
-- The lookups of recovery and read-backs.

local function kind_of(conditional)
  return conditional and CONDITIONAL or ACTIVE
end

-- The order that an execution belongs to, as far as the execution tells it.
local function order_of(trade)
  return setmetatable({ order_id = trade.order_id, client_order_id = trade.client_order_id, symbol = trade.symbol,
    side = trade.side, type = trade.order_type, quantity = trade.order_quantity, price = trade.order_price,
    leaves_quantity = trade.leaves_quantity }, objects.metatable "order")
end

--- Looks for an order by its id in every place where it may be: open and recently closed orders, history, executions.
---@param p table symbol, order_id or client_order_id, and options of a call
---@param conditional boolean
---@return table|false|nil order false: it is nowhere; nil: that could not be found out
---@return bybit.Error|integer|nil err or, unless order is nil, the exchange's time of the first answer, ms
function methods.find_order(call, client, p, conditional)
  local kind, time = kind_of(conditional), nil
  local key = p.order_id and "order_id" or "client_order_id"
  for _, row in ipairs { kind.realtime, kind.history, "execution_list" } do
    local record, others
    local done, err = walk.pages("find_order", p, MOST_PAGES, function(cursor)
      return call(client, row, inner(p, { symbol = p.symbol, order_id = p.order_id, client_order_id = p.client_order_id,
        cursor = cursor }))
    end, function(page, response)
      time, record, others = time or response.time, walk.find(page, key, p[key]), #page > 0
      return record or record == nil or others -- it was asked for this order alone
    end)
    if not done then return nil, err end
    if record then return row == "execution_list" and order_of(record) or record, time end
    if record == nil or others then return nil, walk.nameless(p) end
  end
  return false, time
end

-- All of a history from the moment `since` on, up to p.till; without it, the exchange's default window.
local function whole_history(call, client, row, p, since, filter)
  local size = row == "execution_list" and TRADES or PAGE
  local to = since and (p.till or math.max(client:now(), since) + AHEAD) or nil
  local at = { phase = "closed", from = since, to = to, empty = 0 }
  return walk.whole("list", p, MOST_PAGES, function(cursor)
    local here = cursor and parse_cursor("list", cursor) or at
    return history_page(call, client, "list", row, here, inner(p, { symbol = p.symbol, order_filter = filter, limit = size }))
  end)
end

-- All open orders of a kind; or the last closed ones, as many as the exchange still shows.
local function realtime_list(call, client, kind, p, open_only)
  return walk.whole("list", p, MOST_PAGES, function(cursor)
    return call(client, kind.realtime, inner(p, { symbol = p.symbol, order_filter = kind.filter, open_only = open_only,
      limit = PAGE, cursor = cursor }))
  end)
end

--- All orders of a symbol and kind that are open, or were closed since a moment, or have executions since then. The same order
--- may be in the list more than once: its first record counts.
---@param p table symbol, since (ms; nil: the exchange's default window), and options of a call
---@param conditional boolean
---@return table[]? orders nil: one of the lists could not be read whole
---@return integer|bybit.Error|nil time the exchange's, of the first answer, ms; or the error
function methods.all_orders(call, client, p, conditional)
  local kind, found = kind_of(conditional), {}
  local open, err, time = realtime_list(call, client, kind, p, 0)
  if not open then return nil, err end
  local closed, past, trades
  closed, err = realtime_list(call, client, kind, p, 1)
  if closed then past, err = whole_history(call, client, kind.history, p, p.since, kind.filter) end
  if past then trades, err = whole_history(call, client, "execution_list", p, p.since) end
  if not trades then return nil, err end
  for _, list in ipairs { open, closed, past } do table.move(list, 1, #list, #found + 1, found) end
  for _, trade in ipairs(trades) do
    if rawget(trade, "client_order_id") then found[#found + 1] = order_of(trade) end
  end
  return found, time
end

--- All executions of a symbol since a moment; without a symbol, of all symbols.
---@param p table symbol, since (ms), till (ms; nil: now), and options of a call
---@return table[]? trades newest first; nil: the list could not be read whole
---@return bybit.Error? err `too_long`: there are too many
---@return integer? time the exchange's, of the first answer, ms
function methods.all_trades(call, client, p)
  return whole_history(call, client, "execution_list", p, p.since)
end

--- The orders of both kinds that are open, and the last closed ones.
---@param p table symbol or settle_coin, and options of a call
---@param count integer how many closed ones at least, if the exchange still shows so many
---@return table[]? orders
---@return bybit.Error? err
function methods.orders_of_both_kinds(call, client, p, count)
  local function read(open_only)
    return function(cursor)
      return call(client, "order_realtime", inner(p, { symbol = p.symbol, settle_coin = p.settle_coin, open_only = open_only,
        limit = PAGE, cursor = cursor }))
    end
  end
  local list, err = walk.whole("orders", p, MOST_PAGES, read(0))
  if not list then return nil, err end
  local done, why = walk.pages("orders", p, MOST_PAGES, read(1), function(page)
    table.move(page, 1, #page, #list + 1, list)
    count = count - #page
    return count <= 0
  end)
  if not done then return nil, why end
  return list
end

--- One order of either kind, open or closed.
---@param p table symbol, order_id, and options of a call
---@return table|false|nil order false: it is nowhere
---@return bybit.Error? err
function methods.order_of_either_kind(call, client, p)
  for _, row in ipairs { "order_realtime", "order_history" } do
    local page, err = call(client, row, inner(p, { symbol = p.symbol, order_id = p.order_id }))
    if not page then return nil, err end
    if page[1] then return page[1] end
  end
  return false
end

--- Cancels one order by its id.
---@param p table symbol, order_id, and options of a call
function methods.cancel_one(call, client, p)
  return call(client, "cancel_one", inner(p, { symbol = p.symbol, order_id = p.order_id }))
end

--- All open orders of a kind; without a symbol, of all symbols. Nil and an error if they could not be read whole.
---@param p table symbol, settle_coin, category, and options of a call
function methods.open_orders(call, client, p, conditional)
  return all_open("open_orders", kind_of(conditional))(call, client, p)
end

--- The last closed orders of a kind: at least `count` of them, if the exchange still shows so many.
function methods.closed_orders(call, client, p, conditional, count)
  local kind, list = kind_of(conditional), nil
  local done, err, response = walk.pages("closed_orders", p, MOST_PAGES, function(at)
    return call(client, kind.realtime, inner(p, { symbol = p.symbol, order_filter = kind.filter, open_only = 1, limit = PAGE,
      cursor = at }))
  end, function(page)
    list = list or setmetatable({}, getmetatable(page))
    table.move(page, 1, #page, #list + 1, list)
    return #list >= count + PAGE or #list >= CLOSED_MAX
  end)
  if not done then return nil, err, response end
  return list
end

--- The stop orders of a symbol: the open ones, and those that ended since a moment (ms; nil: in the exchange's default window).
--- The same order may be in the list more than once.
---@param p table symbol, and options of a call
---@param since integer?
---@return table[]? orders nil: one of the lists could not be read whole
---@return integer|bybit.Error|nil time the exchange's, of the first answer, ms; or the error
function methods.stop_orders(call, client, p, since)
  local open, err, response = methods.open_orders(call, client, p, true)
  if not open then return nil, err end
  local found = table.move(open, 1, #open, 1, {})
  local closed, past
  closed, err = realtime_list(call, client, CONDITIONAL, p, 1)
  if closed then past, err = whole_history(call, client, CONDITIONAL.history, p, since) end
  if not past then return nil, err end
  table.move(closed, 1, #closed, #found + 1, found)
  -- After its trigger an order is among the active ones in the history.
  for _, order in ipairs(past) do
    if rawget(order, "stop_order_type") or rawget(order, "trigger_price") then found[#found + 1] = order end
  end
  return found, response.time
end

--- The methods that are made of several requests: composite(call, client, checked parameters) -> result, err, response;
--- call(client, row, params) makes an inner request.
methods.composites = {
  get_position = methods.position,
  get_orders = list_orders("get_orders", ACTIVE),
  get_conditional_orders = list_orders("get_conditional_orders", CONDITIONAL),
  get_open_orders_real_time = all_open("get_open_orders_real_time", ACTIVE),
  get_open_conditional_orders_real_time = all_open("get_open_conditional_orders_real_time", CONDITIONAL),
  get_user_trades = get_user_trades,
  cancel_all_orders = cancel_all("cancel_all", ACTIVE),
  cancel_all_conditional_orders = cancel_all("cancel_all_conditional", CONDITIONAL),
}

return methods
