-- The v2 dialect: how its requests are signed, its envelope, and the methods that are more than one request on this wire.
-- Endpoints, codes and spellings are data beside this file. The exchange has retired v2; archives, private gateways and
-- compatible venues still speak it.

local errors = require "bybit.errors"
local records = require "bybit.records"
local spelling = require "bybit.dialect.spelling"
local spellings = require "bybit.dialect.spellings.v2"
local walk = require "bybit.dialect.walk"

local inner, add_up, ended, keep_prefix = walk.inner, walk.add_up, walk.ended, walk.keep_prefix

local v2 = {
  name = "v2",
  retired = true,             -- the exchange's own hosts no longer answer it
  signature = "params",       -- signed parameters in place of headers, see src/session_params.c
  account_mode = true,        -- Full or Partial protection of a position is a setting of the account
  form = true,                -- bodies are forms: one encoder for both verbs, and no number is retyped on the way
  reserved = { api_key = true, timestamp = true, recv_window = true, sign = true },
  envelope = { code = "ret_code", message = "ret_msg", result = "result", time = "time_now", seconds = true,
    note = "ext_code", limit = "rate_limit", left = "rate_limit_status", reset = "rate_limit_reset_ms",
    -- An order that was placed without its take profit or stop loss: a success that is not a whole one.
    flawed = { [130149] = true } },
  public = "^/v2/public/",    -- needs no signature
  ping = "/v2/public/time",   -- the cheapest of these
  endpoints = require "bybit.dialect.endpoints.v2",
  codes = require "bybit.dialect.codes.v2",
  common = require "bybit.dialect.common",
}

--- The declaration of a record on this wire.
---@param name string
---@return table
function v2.record(name)
  return spelling.apply(records[name], spellings[name])
end

---------------------------------------------------------------------------------------------------------------
-- Lists with a cursor. A cursor does not mean that there is more: the same one again ends the walk.

local function list_of(row)
  return function(call, client, p)
    local page, err, response = call(client, row, inner(p, { symbol = p.symbol, status = p.status,
      direction = p.direction, limit = p.limit, cursor = p.cursor }))
    if not page then return nil, err, response end
    if ended(page, p.cursor) then page.next_cursor = nil end
    return keep_prefix(page, response, p.id_prefix), nil, response
  end
end

---------------------------------------------------------------------------------------------------------------
-- Executions have numbered pages, at most 50 of them; then the walk goes on from the moment of the last one (v2
-- documentation, user trade records). A cursor is `e<start>,<page>,<page size>`.

local PAGES, PAGE_SIZE = 50, 50

local function parse_cursor(p)
  local start, page, size = p.cursor:match("^e(%d*),(%d+),(%d+)$")
  if not start then
    errors.raise(("get_user_trades: cursor '%s' is none that get_user_trades gave: use a page's next_cursor as it is")
      :format(p.cursor:sub(1, 60)))
  end
  size = math.tointeger(tonumber(size))
  if p.page then errors.raise("get_user_trades: 'page' and 'cursor' exclude each other") end
  if p.page_size and p.page_size ~= size then
    errors.raise(("get_user_trades: the cursor counts pages of %d: leave page_size out"):format(size))
  end
  return { start = math.tointeger(tonumber(start)), page = math.tointeger(tonumber(page)), size = size }
end

-- The cursor after a full page; nil when the last of its records says no time to go on from.
local function cursor_after(page, at)
  if at.page < PAGES then return ("e%s,%d,%d"):format(at.start or "", at.page + 1, at.size) end
  local last = page[#page].timestamp
  if not last then return nil end
  if last == at.start then last = last + 1 end -- all of them in one millisecond: there is no way but on
  return ("e%d,1,%d"):format(last, at.size)
end

local function get_user_trades(call, client, p)
  local at = p.cursor and parse_cursor(p)
    or { start = p.start_time, page = p.page or 1, size = p.page_size or PAGE_SIZE }
  local page, err, response = call(client, "execution_list", inner(p, {
    symbol = p.symbol, order_id = p.order_id, start_time = at.start, page = at.page, page_size = at.size }))
  if not page then return nil, err, response end
  if #page >= at.size then page.next_cursor = cursor_after(page, at) end
  return keep_prefix(page, response, p.id_prefix), nil, response
end

---------------------------------------------------------------------------------------------------------------
-- What is open, and cancelling all of it: one request; or, of a prefix, those that are listed, one by one.

-- Active orders, and those that wait for a trigger. An order has one id for life, but each path knows its own phase.
local ACTIVE = { now = "order_now", open = "orders_now", list = "order_list", id = "order_id", cancel = "cancel_one" }
local CONDITIONAL = { now = "conditional_now", open = "conditionals_now", list = "conditional_list",
  id = "stop_order_id", cancel = "cancel_one_conditional" }

local function all_open(kind)
  return function(call, client, p)
    local list, err, response = call(client, kind.open, inner(p, { symbol = p.symbol }))
    return list and keep_prefix(list, response, p.id_prefix), err, response
  end
end

local function cancel_all(row, kind)
  return function(call, client, p)
    if not p.id_prefix then return call(client, row, inner(p, { symbol = p.symbol })) end
    local list, err, before = all_open(kind)(call, client, p)
    if not list then return walk.not_begun(err, before) end
    return walk.cancel_each(list, p, before, function(order)
      return call(client, kind.cancel, inner(p, { symbol = p.symbol, [kind.id] = order.order_id }))
    end)
  end
end

---------------------------------------------------------------------------------------------------------------
-- What recovery and read-backs ask.

-- Of a list, when something is looked for: back to a moment, all that the exchange keeps of a symbol (10,000 orders, v2
-- documentation, order list); without one, as far as that is sensible.
local ALL_PAGES, MOST_PAGES, PAGE = 200, 10, 50

local function kinds(conditional)
  if conditional then return CONDITIONAL, ACTIVE end
  return ACTIVE, CONDITIONAL
end

local function is_wanted(record, p)
  local key = p.order_id and "order_id" or "client_order_id"
  return rawget(record, key) == (p.order_id or p.client_order_id)
end

-- Looks at a list, newest first. The order; false; or nil and an error, also where the list goes on: what is not among the
-- first of it is not proved to be absent.
local function find_in_list(call, client, p, kind)
  local at
  local most = p.since and ALL_PAGES or MOST_PAGES
  for _ = 1, most do
    local page, err, response = call(client, kind.list, inner(p, { symbol = p.symbol, limit = PAGE, cursor = at }))
    if not page then return nil, err, response end
    for _, record in ipairs(page) do
      if is_wanted(record, p) then return record, nil, response end
    end
    local oldest = #page > 0 and rawget(page[#page], "create_time")
    if ended(page, at) or p.since and oldest and oldest < p.since then return false, nil, response end
    at = page.next_cursor
  end
  return nil, errors.new({ kind = "not_found", method = "find_order", attempts = 0, elapsed = 0,
    message = ("not among the last %d orders of the list, which goes on"):format(most * PAGE) }, p)
end

local function find_now(call, client, p, kind)
  local record, err, response = call(client, kind.now, inner(p, { symbol = p.symbol, [kind.id] = p.order_id,
    client_order_id = not p.order_id and p.client_order_id or nil }))
  if record then return record, nil, response end
  if err.kind ~= "not_found" then return nil, err, response end
  return false, nil, response
end

-- Once it was triggered, an order is an active one and says no more at which price; the list of conditional ones does.
local function add_trigger(call, client, p, record)
  local parked = rawget(record, "trigger_price") == nil and find_in_list(call, client, p, CONDITIONAL)
  if parked then record.trigger_price = rawget(parked, "trigger_price") end
  return record
end

--- Looks for an order by its id in every place where it may be: the trading core and the lists, in both phases.
---@param p table symbol, order_id or client_order_id, options of a call; since: ms, how far back lists are read (nil: as
--- far as that is sensible)
---@param conditional boolean
---@return table|false|nil order false: it is in none of them
---@return bybit.Error|integer|nil err or, unless order is nil, the exchange's time of the first answer
function v2.find_order(call, client, p, conditional)
  local time
  for _, look in ipairs { find_now, find_in_list } do
    for _, kind in ipairs { kinds(conditional) } do
      local record, err, response = look(call, client, p, kind)
      if record == nil then return nil, err end
      time = time or response and response.time or 0
      if record then return conditional and add_trigger(call, client, p, record) or record, time end
    end
  end
  return false, time
end

-- The snapshot does not say what kind of conditional orders they are; the list does, a little later.
local function add_types(call, client, p, orders, before)
  local page, err, response = call(client, "conditional_list", inner(p, { symbol = p.symbol, status = "Untriggered",
    limit = PAGE }))
  if not page then return nil, err, response end
  add_up(response, before)
  local types = {}
  for _, order in ipairs(page) do types[order.order_id] = rawget(order, "stop_order_type") end
  for _, order in ipairs(orders) do order.stop_order_type = rawget(order, "stop_order_type") or types[order.order_id] end
  return orders, nil, response
end

--- All open orders of a kind.
function v2.open_orders(call, client, p, conditional)
  local orders, err, response = all_open(kinds(conditional))(call, client, p)
  if not orders or not conditional or #orders == 0 then return orders, err, response end
  return add_types(call, client, p, orders, response)
end

--- Stop orders whatever became of them: on this wire the list of closed ones holds them all.
function v2.past_stops()
  return {}
end

--- The last orders of a kind, closed ones among them, at least `count` where the exchange still shows so many.
function v2.closed_orders(call, client, p, conditional, count)
  local kind, list, at, before = kinds(conditional), nil, nil, nil
  repeat
    local page, err, response = call(client, kind.list, inner(p, { symbol = p.symbol, limit = PAGE, cursor = at }))
    if not page then return nil, err, response end
    add_up(response, before)
    before, list = response, list or setmetatable({}, getmetatable(page))
    table.move(page, 1, #page, #list + 1, list)
    if ended(page, at) then break end
    at = page.next_cursor
  until #list >= count + PAGE
  return list, nil, before
end

--- Methods that are several requests, or whose cursor is ours: composite(call, client, checked parameters) -> result,
--- err, response, where call(client, row, params) makes an inner request.
v2.composites = {
  get_orders = list_of "order_list",
  get_conditional_orders = list_of "conditional_list",
  get_user_trades = get_user_trades,
  get_open_orders_real_time = all_open(ACTIVE),
  get_open_conditional_orders_real_time = all_open(CONDITIONAL),
  cancel_all_orders = cancel_all("cancel_all", ACTIVE),
  cancel_all_conditional_orders = cancel_all("cancel_all_conditional", CONDITIONAL),
}

return v2
