-- The v2 wire: how its requests are signed, its envelope, and the methods that are made of several requests on it. Endpoints, codes
-- and spellings are data beside this file. The exchange has retired v2; archives, private gateways and compatible exchanges still
-- use it.

local errors = require "bybit.errors"
local records = require "bybit.records"
local later = require "bybit.later"
local spelling = require "bybit.wire.spelling"
local spellings = require "bybit.wire.v2.spellings"
local walk = require "bybit.wire.walk"

local inner, add_up, keep_prefix = walk.inner, walk.add_up, walk.keep_prefix

local v2 = {
  name = "v2",
  retired = true,             -- the exchange's own hosts no longer answer on it
  signature = "params",       -- parameters are signed in place of headers, see src/wire/params.c
  -- A page of any endpoint, for client:pages. Whether an empty page has a cursor is not documented: one that leads to itself is
  -- the end.
  paged = { path = "/v2/private/order/list", list = "data", next = "cursor", stays = true },
  moment_step = 1000,         -- ms that some moments of records are cut to
  account_mode = true,        -- Full or Partial protection of a position is a setting of the account
  form = true,                -- bodies are written like queries, so that numbers go out as they are
  reserved = { api_key = true, timestamp = true, recv_window = true, sign = true },
  envelope = { code = "ret_code", message = "ret_msg", other_code = "retCode", other_message = "retMsg", result = "result",
    time = "time_now", seconds = true, note = "ext_code", limit = "rate_limit", left = "rate_limit_status",
    reset = "rate_limit_reset_ms",
    flawed = {} },            -- codes of a success that is not a whole one, from the rows of codes
  moments = { { "^/v2/private/execution/list$", "start_time" } }, -- for client:request
  ping = "/v2/public/time",   -- a public endpoint that costs the exchange little
  endpoints = require "bybit.wire.v2.endpoints",
  codes = require "bybit.wire.v2.codes",
  common = require "bybit.wire.common",
}

local standing = later.module "bybit.wire.v2.standing"

--- The position of a contract, also a flat one.
---@param p table symbol, and options of a call
function v2.position(call, client, p)
  return call(client, "get_position", inner(p, { symbol = p.symbol }))
end

for _, name in ipairs { "legs", "positions", "prices", "wallet" } do
  v2[name] = function(...) return standing[name](...) end
end

for code, row in pairs(v2.codes.by_code) do
  if row.flaw then v2.envelope.flawed[code] = true end
end

--- The rows of a record on this wire.
---@param name string
---@return table
function v2.record(name)
  return spelling.apply(records[name], spellings[name])
end

---------------------------------------------------------------------------------------------------------------
-- Lists with a cursor. Every page that is not empty has one, also the last page (v2 documentation, get active order). Whether an
-- empty page has one is not documented, so an empty page whose cursor leads to itself ends the list, too. A cursor of ours is
-- the name of the method, `l<empty>:` (how many empty pages came right before), and the exchange's cursor.

local function read_place(text)
  local empty, at = text:match "^l(%d?):(.+)$"
  return at and { at = at, empty = tonumber(empty) or 0 }
end

-- A page as the exchange gives it, but without a cursor if it is the last one.
local function list_page(call, client, row, params)
  local at = params.cursor
  local page, err, response = call(client, row, params)
  if page and #page == 0 and page.next_cursor == at then page.next_cursor = nil end
  return page, err, response
end

local function list_of(method, row)
  return function(call, client, p)
    local here = p.cursor and walk.place(method, p.cursor, read_place) or { empty = 0 }
    local page, err, response = list_page(call, client, row, inner(p, { symbol = p.symbol, status = p.status,
      direction = p.direction, limit = p.limit, cursor = here.at }))
    if not page then return nil, err, response end
    local follows, why, empty = walk.after(page, here.at, here.empty)
    local function cursor(at) return walk.cursor(method, ("l%s:%s"):format(empty > 0 and empty or "", at)) end
    if why then return nil, walk.astray(method, p, why, cursor(page.next_cursor), response), response end
    page.next_cursor = follows and cursor(follows)
    return keep_prefix(page, response, p.id_prefix), nil, response
  end
end

---------------------------------------------------------------------------------------------------------------
-- Executions have at most 50 numbered pages. After them the walk goes on from the moment of the last execution (v2 documentation,
-- user trade records). A cursor is the name of the method and `e<start>,<page>,<page size>`.

local PAGES, PAGE_SIZE, SIZE_MOST = 50, 50, 200

local function read_number(text)
  local start, page, size = text:match "^e(%d*),(%d+),(%d+)$"
  size, page = math.tointeger(tonumber(size)), math.tointeger(tonumber(page))
  return size and page and { start = math.tointeger(tonumber(start)), page = page, size = size }
end

local function parse_cursor(p)
  local at = walk.place("get_user_trades", p.cursor, read_number)
  if p.page then errors.raise("get_user_trades: 'page' and 'cursor' exclude each other") end
  if p.page_size and p.page_size ~= at.size then
    errors.raise(("get_user_trades: the cursor counts pages of %d: leave page_size out"):format(at.size))
  end
  return at
end

local function number_cursor(start, page, size)
  return walk.cursor("get_user_trades", ("e%s,%d,%d"):format(start or "", page, size))
end

-- The cursor after a full page; or nil, and why the rest of the list cannot be read.
local function cursor_after(page, at)
  if at.page < PAGES then return number_cursor(at.start, at.page + 1, at.size) end
  local last = rawget(page[#page], "timestamp")
  if math.type(last) ~= "integer" then
    return nil, "the last execution that numbered pages reach says no time to go on from: the rest of the list cannot be read"
  end
  if at.start and last <= at.start then
    return nil, ("more than %d executions at the moment %d, of which numbered pages show no more: the rest of the list "
      .. "cannot be read%s"):format(PAGES * at.size, last, at.size < SIZE_MOST and "; a larger page_size reaches further" or "")
  end
  return number_cursor(last, 1, at.size)
end

local function get_user_trades(call, client, p)
  walk.check_times(client, "get_user_trades", p)
  local at = p.cursor and parse_cursor(p)
    or { start = p.start_time, page = p.page or 1, size = p.page_size or PAGE_SIZE }
  local page, err, response = call(client, "execution_list", inner(p, {
    symbol = p.symbol, order_id = p.order_id, start_time = at.start, page = at.page, page_size = at.size }))
  if not page then return nil, err, response end
  if #page >= at.size then
    local follows, why = cursor_after(page, at)
    if why then
      return nil, walk.astray("get_user_trades", p, why, number_cursor(at.start, at.page, at.size), response), response
    end
    page.next_cursor = follows
  end
  return keep_prefix(page, response, p.id_prefix), nil, response
end

---------------------------------------------------------------------------------------------------------------
-- Open orders, and cancelling all of them: one request; with a prefix, the orders that are listed, one by one.

-- Active orders, and orders that wait for a trigger. An order keeps its id for life, but each path knows one phase of it only.
-- `most`: how many open orders one answer shows at most; `statuses`: those of open orders in the list of all orders.
local ACTIVE = { now = "order_now", open = "orders_now", list = "order_list", id = "order_id", cancel = "cancel_one",
  cancel_all = "cancel_all_orders", most = 500, statuses = { "New", "PartiallyFilled" } }
local CONDITIONAL = { now = "conditional_now", open = "conditionals_now", list = "conditional_list",
  id = "stop_order_id", cancel = "cancel_one_conditional", cancel_all = "cancel_all_conditional_orders", most = 10,
  statuses = { "Untriggered" } }

local function kinds(conditional)
  if conditional then return CONDITIONAL, ACTIVE end
  return ACTIVE, CONDITIONAL
end

-- A lookup that has to reach back to a moment reads up to ALL_PAGES of a list: the exchange keeps 10,000 orders of a symbol (v2
-- documentation, order list). Another lookup reads MOST_PAGES. A page has PAGE records.
local ALL_PAGES, MOST_PAGES, PAGE = 200, 10, 50

local function snapshot(call, client, kind, p)
  local list, err, response = call(client, kind.open, inner(p, { symbol = p.symbol }))
  if list and #list >= kind.most then list.cut = true end
  return list, err, response
end

local function all_open(kind)
  return function(call, client, p)
    local list, err, response = snapshot(call, client, kind, p)
    return list and keep_prefix(list, response, p.id_prefix), err, response
  end
end

-- All open orders of a kind: those that one answer shows and, if there may be more, those that are only in the list of all orders.
local function whole_open(call, client, kind, p)
  local list, err, response = snapshot(call, client, kind, p)
  if not list or not list.cut then return list, err, response end
  local seen = {}
  for _, order in ipairs(list) do seen[walk.id_of(order) or ""] = true end
  for _, status in ipairs(kind.statuses) do
    local done, why, last = walk.pages("open_orders", p, ALL_PAGES, function(at)
      return list_page(call, client, kind.list, inner(p, { symbol = p.symbol, status = status, limit = PAGE, cursor = at }))
    end, function(page)
      for _, order in ipairs(page) do
        local id = walk.id_of(order)
        if not id or not seen[id] then list[#list + 1] = order end
        if id then seen[id] = true end
      end
    end)
    if not done then return nil, why, last end
  end
  list.cut = nil
  return list, nil, response
end

local function cancel_all(row, kind)
  return function(call, client, p)
    if not p.id_prefix then return call(client, row, inner(p, { symbol = p.symbol })) end
    local list, err, before = whole_open(call, client, kind, p)
    if not list then return walk.not_begun(err, before) end
    keep_prefix(list, before, p.id_prefix)
    walk.add_placed(client, list, p, kind == CONDITIONAL)
    return walk.cancel_each(kind.cancel_all, list, p, before, function(order)
      return call(client, kind.cancel, inner(p, { symbol = p.symbol, [kind.id] = order.order_id,
        client_order_id = not order.order_id and order.client_order_id or nil }))
    end)
  end
end

---------------------------------------------------------------------------------------------------------------
-- The lookups of recovery and read-backs.

-- Looks for an order in a list, newest first. The order; false if it is not in the list; nil and an error if that is not known.
-- It is not known either if the list has more pages than are read.
local function find_in_list(call, client, p, kind)
  local most, key, record = p.since and ALL_PAGES or MOST_PAGES, p.order_id and "order_id" or "client_order_id", false
  local done, err, response = walk.pages("find_order", p, most, function(at)
    return list_page(call, client, kind.list, inner(p, { symbol = p.symbol, limit = PAGE, cursor = at }))
  end, function(page)
    record = walk.find(page, key, p[key])
    return record ~= false or walk.reaches_back(page, p.since)
  end)
  if not done then return nil, err, response end
  if record == nil then return nil, walk.nameless(p) end
  return record, nil, response
end

local function find_now(call, client, p, kind)
  local record, err, response = call(client, kind.now, inner(p, { symbol = p.symbol, [kind.id] = p.order_id,
    client_order_id = not p.order_id and p.client_order_id or nil }))
  if record then return record, nil, response end
  if err.kind ~= "not_found" then return nil, err, response end
  return false, nil, response
end

-- An order that was triggered is an active order, and no longer has its trigger price. The list of conditional orders has it.
local function add_trigger(call, client, p, record)
  local parked = rawget(record, "trigger_price") == nil and find_in_list(call, client, p, CONDITIONAL)
  if parked then record.trigger_price = rawget(parked, "trigger_price") end
  return record
end

--- Looks for an order by its id in every place where it may be: the trading core and the lists, in both phases.
---@param p table symbol, order_id or client_order_id, options of a call; since: lists are read back to this moment, ms (nil:
--- their last pages only)
---@param conditional boolean
---@return table|false|nil order false: it is nowhere; nil: that could not be found out
---@return bybit.Error|integer|nil err or, unless order is nil, the exchange's time of the first answer, ms
function v2.find_order(call, client, p, conditional)
  local time
  for _, look in ipairs { find_now, find_in_list } do
    for _, kind in ipairs { kinds(conditional) } do
      local record, err, response = look(call, client, p, kind)
      if record == nil then return nil, err end
      time = time or response and response.time
      if record then return conditional and add_trigger(call, client, p, record) or record, time end
    end
  end
  return false, time
end

-- The list of a kind back to a moment (nil: all of it).
local function whole_list(call, client, kind, p, since)
  return walk.whole("list", p, ALL_PAGES, function(at)
    local page, err, response = list_page(call, client, kind.list, inner(p, { symbol = p.symbol, limit = PAGE, cursor = at }))
    if page and walk.reaches_back(page, since) then page.next_cursor = nil end
    return page, err, response
  end)
end

--- All orders of a symbol, in both phases, that are open or were made since a moment. The same order may be in the list more than
--- once: its first record counts.
---@param p table symbol, since (ms; nil: all that the exchange keeps), and options of a call
---@param conditional boolean
---@return table[]? orders nil: one of the lists could not be read whole
---@return integer|bybit.Error|nil time the exchange's, of the first answer, ms; or the error
function v2.all_orders(call, client, p, conditional)
  local found, time = {}, nil
  local function take(list, err, at)
    if not list then return nil, err end
    time = time or at
    return table.move(list, 1, #list, #found + 1, found)
  end
  for _, kind in ipairs { kinds(conditional) } do
    local now, err, response = whole_open(call, client, kind, p)
    if not take(now, err, response and response.time) then return nil, err end
    local list, why, at = whole_list(call, client, kind, p, p.since)
    if not take(list, why, at) then return nil, why end
  end
  return found, time
end

--- All executions of a symbol since a moment.
---@param p table symbol, since (ms), and options of a call
---@return table[]? trades nil: the list could not be read whole
---@return bybit.Error? err
function v2.all_trades(call, client, p)
  return walk.whole("list", p, ALL_PAGES, function(cursor)
    return get_user_trades(call, client, inner(p, { symbol = p.symbol, start_time = p.since, cursor = cursor }))
  end)
end

--- The orders of both kinds that are open, and the last others.
---@param p table symbol, and options of a call
---@param count integer how many others at least, of each kind
---@return table[]? orders
---@return bybit.Error? err
function v2.orders_of_both_kinds(call, client, p, count)
  local found = {}
  for _, conditional in ipairs { false, true } do
    for _, read in ipairs { v2.open_orders, v2.closed_orders } do
      local list, err = read(call, client, p, conditional, count)
      if not list then return nil, err end
      table.move(list, 1, #list, #found + 1, found)
    end
  end
  return found
end

--- One order of either kind, open or closed.
---@param p table symbol, order_id, conditional, and options of a call
function v2.order_of_either_kind(call, client, p)
  return v2.find_order(call, client, p, p.conditional)
end

--- Cancels one order by its id.
---@param p table symbol, order_id, and options of a call
---@param conditional boolean
function v2.cancel_one(call, client, p, conditional)
  local kind = kinds(conditional)
  return call(client, kind.cancel, inner(p, { symbol = p.symbol, [kind.id] = p.order_id }))
end

-- Adds stop_order_type to the orders of a snapshot, which does not have it. The list has it, but shows orders a little later.
local function add_types(call, client, p, orders, before)
  local page, err, response = call(client, "conditional_list", inner(p, { symbol = p.symbol, status = "Untriggered",
    limit = PAGE }))
  if not page then return nil, err, response end
  add_up(response, before)
  local types = {}
  for _, order in ipairs(page) do
    local id = walk.id_of(order)
    if id then types[id] = rawget(order, "stop_order_type") end
  end
  for _, order in ipairs(orders) do
    order.stop_order_type = rawget(order, "stop_order_type") or types[walk.id_of(order) or ""]
  end
  return orders, nil, response
end

--- All open orders of a kind. Nil and an error if they could not be read whole.
function v2.open_orders(call, client, p, conditional)
  local orders, err, response = whole_open(call, client, kinds(conditional), p)
  if not orders or not conditional or #orders == 0 then return orders, err, response end
  return add_types(call, client, p, orders, response)
end

--- The last orders of a kind, with the closed ones: at least `count` of them, if the exchange still shows so many.
function v2.closed_orders(call, client, p, conditional, count)
  local kind, list, before = kinds(conditional), nil, nil
  local done, err, response = walk.pages("closed_orders", p, ALL_PAGES, function(at)
    return list_page(call, client, kind.list, inner(p, { symbol = p.symbol, limit = PAGE, cursor = at }))
  end, function(page, response)
    add_up(response, before)
    before, list = response, list or setmetatable({}, getmetatable(page))
    table.move(page, 1, #page, #list + 1, list)
    return #list >= count + PAGE
  end)
  if not done then return nil, err, response end
  return list, nil, response
end

--- The stop orders of a symbol: the open ones, and those that were made since a moment (ms; nil: all that the exchange keeps).
--- The same order may be in the list more than once.
---@param p table symbol, and options of a call
---@param since integer?
---@return table[]? orders nil: one of the lists could not be read whole
---@return integer|bybit.Error|nil time the exchange's, of the first answer, ms; or the error
function v2.stop_orders(call, client, p, since)
  local open, err, response = v2.open_orders(call, client, p, true)
  if not open then return nil, err end
  local list
  list, err = whole_list(call, client, CONDITIONAL, p, since)
  if not list then return nil, err end
  local found = table.move(open, 1, #open, 1, {})
  return table.move(list, 1, #list, #found + 1, found), response.time
end

--- The methods that are made of several requests, or have a cursor of ours: composite(call, client, checked parameters) -> result,
--- err, response; call(client, row, params) makes an inner request.
v2.composites = {
  get_orders = list_of("get_orders", "order_list"),
  get_conditional_orders = list_of("get_conditional_orders", "conditional_list"),
  get_user_trades = get_user_trades,
  get_open_orders_real_time = all_open(ACTIVE),
  get_open_conditional_orders_real_time = all_open(CONDITIONAL),
  cancel_all_orders = cancel_all("cancel_all", ACTIVE),
  cancel_all_conditional_orders = cancel_all("cancel_all_conditional", CONDITIONAL),
}

return v2
