-- client:sync_orders: makes the orders of a strategy equal to a list, by the fewest calls. An order belongs to an entry of the list by
-- its tag, which stands in its client order id: <id_prefix>-<tag>-<number>.

local core = require "bybit.core"
local errors = require "bybit.errors"
local nearest = require "bybit.text.nearest"
local odd = require "bybit.records.odd"
local scheduler = require "bybit.tasks.scheduler"
local status = require "bybit.records.status"
local tasks = require "bybit.tasks"
local walk = require "bybit.wire.walk"

local decimal, loop = core.decimal, core.loop
local TOKEN = getmetatable(core.token())
local sync = {}

local MOST_ID = 36 -- characters of a client order id (V5 documentation, order/create)

-- What is known of a client's orders apart from their lists: the last number given away; changes that were acknowledged so lately that
-- a list may not show them yet, by client order id; and which orders a list has shown.
local memories = setmetatable({}, { __mode = "k" })

local function memory_of(client)
  local memory = memories[client] or { number = 0, changed = {}, seen = {} }
  memories[client] = memory
  return memory
end

---------------------------------------------------------------------------------------------------------------
-- Wrong calls.

local function fail(text, ...) errors.raise(("sync_orders: " .. text):format(...)) end

-- Each check gets where a field stands, its name, and its value, and returns the value.

local function number(where, name, value)
  local ok, x = pcall(decimal, value)
  if not ok then fail("%s'%s': %s", where, name, (tostring(x):gsub("^decimal: ", ""))) end
  if x <= 0 then fail("%s'%s': a number above 0 expected, got %s", where, name, x) end
  return x
end

local function is(kind)
  return function(where, name, value)
    if type(value) ~= kind then fail("%s'%s': a %s expected, got %s", where, name, kind, tostring(value)) end
    return value
  end
end

local function side(where, name, value)
  if value ~= "Buy" and value ~= "Sell" then fail("%s'%s': Buy or Sell expected, got '%s'", where, name, tostring(value)) end
  return value
end

local function tag(where, name, value)
  if type(value) ~= "string" or not value:find "^%a[%w_]*$" then
    fail("%s'%s': a word such as bid or ask2 expected, got '%s'", where, name, tostring(value))
  end
  return value
end

local ENTRY = { tag = tag, side = side, quantity = number, price = number, time_in_force = is "string",
  reduce_only = is "boolean" }
local MUST = { "tag", "side", "quantity", "price" }

local OPTIONS = { symbol = is "string", category = is "string", id_prefix = is "string", deadline = is "number",
  timeout = is "number", cancel = function(where, name, value)
    if getmetatable(value) ~= TOKEN then fail("%s'%s': a cancel token expected, got %s", where, name, tostring(value)) end
    return value
  end }

-- Both fields of a table by their own checks.
local function fields(where, given, checks)
  local out = {}
  for name, value in pairs(given) do
    if not checks[name] then
      local names = {}
      for known in pairs(checks) do names[#names + 1] = known end
      fail("%sunknown '%s'%s", where, tostring(name), nearest.hint(tostring(name), names))
    end
    out[name] = checks[name](where, name, value)
  end
  return out
end

-- The list and the options of a call.
local function check(client, given)
  if type(given) ~= "table" then fail("a table expected, got %s", type(given)) end
  local options, list, seen = {}, {}, {}
  for i, entry in ipairs(given) do
    local where = ("[%d]: "):format(i)
    if type(entry) ~= "table" then fail("%sa table {tag =, side =, quantity =, price =} expected, got %s", where, type(entry)) end
    list[i] = fields(where, entry, ENTRY)
    for _, name in ipairs(MUST) do
      if list[i][name] == nil then fail("%s'%s' is missing", where, name) end
    end
    if seen[list[i].tag] then fail("%sthe same tag again, '%s'", where, list[i].tag) end
    seen[list[i].tag] = true
  end
  for name, value in pairs(given) do
    if math.type(name) ~= "integer" then options[name] = value
    elseif not list[name] then fail("a list without holes expected, got an entry at [%d] of %d", name, #list) end
  end
  options = fields("", options, OPTIONS)
  if not options.symbol then fail "'symbol' is missing" end
  options.id_prefix = options.id_prefix or core.client.table(client).id_prefix
  if not options.id_prefix then
    fail "an id_prefix is needed, as an option of the client or of this call: it tells which orders are the strategy's own"
  end
  for _, entry in ipairs(list) do
    if #options.id_prefix + #entry.tag + 15 > MOST_ID then
      fail("tag '%s' is too long: with the prefix '%s' it may have %d characters", entry.tag, options.id_prefix,
        MOST_ID - 15 - #options.id_prefix)
    end
  end
  return list, options
end

---------------------------------------------------------------------------------------------------------------
-- What there is.

-- The parameters of a call of ours, with those that every one of them has.
local function options_of(options, more)
  more.symbol, more.category, more.deadline = options.symbol, options.category, options.deadline
  more.timeout, more.cancel = options.timeout, options.cancel
  return more
end

-- The tag in an id of ours; nil: it is none.
local function tag_of(id, prefix)
  if type(id) ~= "string" or not walk.has_prefix(id, prefix) then return nil end
  return id:sub(#prefix + 2):match "^(%a[%w_]*)%-%d+$"
end

-- Forgets what lists show by now.
local function forget_old(memory, since)
  for id, change in pairs(memory.changed) do
    if change.at < since then memory.changed[id] = nil end
  end
end

-- What a record says, or where a list may be behind, what was acknowledged since.
local function as_known(memory, order)
  local id = order.client_order_id
  local change = memory.changed[id]
  if change and change.gone then return nil end
  local known = { tag = nil, client_order_id = id, side = rawget(order, "side"),
    time_in_force = rawget(order, "time_in_force"), reduce_only = rawget(order, "reduce_only") or false,
    price = change and change.price or odd.number(order, "price"),
    quantity = change and change.quantity or odd.number(order, "quantity") }
  return known
end

-- Is an order that was placed a moment ago, and that no list has shown yet, open? It may have been filled at once.
local function still_there(client, options, id)
  local order, err = client:get_open_order_real_time(options_of(options, { client_order_id = id }))
  if order then return not status.done[rawget(order, "status")], order end
  if err.kind == "not_found" then return true end
  return nil, nil, err
end

-- The strategy's own open orders, by tag. Nil and an error when they cannot be read.
local function read(client, memory, options)
  local prefix, visibility = options.id_prefix, core.client.table(client).visibility
  forget_old(memory, loop.now() - visibility)
  local orders, err = client:get_open_orders_real_time(options_of(options, { id_prefix = prefix }))
  if not orders then return nil, err end
  local by_tag, listed = {}, {}
  local function add(known)
    local name = known and tag_of(known.client_order_id, prefix)
    if not name then return end
    by_tag[name] = by_tag[name] or {}
    table.insert(by_tag[name], known)
  end
  for _, order in ipairs(orders) do
    listed[order.client_order_id] = true
    add(as_known(memory, order))
  end
  for _, placed in ipairs(core.client.placed(client, visibility)) do
    local id = placed.client_order_id
    local change = id and memory.changed[id]
    if placed.symbol == options.symbol and not placed.conditional and tag_of(id, prefix) and not listed[id]
      and not memory.seen[id] and not (change and change.gone) then
      local there, order, why = still_there(client, options, id)
      if there == nil then return nil, why end
      if there then add(order and as_known(memory, order) or { client_order_id = id, fresh = change }) end
    end
  end
  memory.seen = listed
  return by_tag
end

-- Tags of which a call has an unknown outcome: a copy of it may still act.
local function unsettled_tags(client, options)
  local tags = {}
  for _, intent in ipairs(client:unsettled()) do
    local name = not intent.final and intent.symbol == options.symbol and tag_of(intent.client_order_id, options.id_prefix)
    if name then tags[name] = true end
  end
  return tags
end

---------------------------------------------------------------------------------------------------------------
-- What is to be done.

local function same_kind(order, entry)
  return order.side == entry.side and (not entry.time_in_force or order.time_in_force == entry.time_in_force)
    and order.reduce_only == (entry.reduce_only or false)
end

local function equal(a, b) return a ~= nil and a:eq(b) end

-- How near an order comes to an entry: 3: it is as wanted; 2: a change makes it so; 0: it has to go. An order that no record shows yet
-- is as it was placed.
local function nearness(order, entry)
  if order.fresh then
    local asked = order.fresh
    order.side, order.price, order.quantity = asked.side, asked.price, asked.quantity
    order.time_in_force, order.reduce_only = asked.time_in_force or entry.time_in_force, asked.reduce_only
  end
  if not order.side or not same_kind(order, entry) then return 0 end
  return equal(order.price, entry.price) and equal(order.quantity, entry.quantity) and 3 or 2
end

-- Of several orders with one tag the nearest stays.
local function nearest_of(orders, entry)
  local best, most = nil, 0
  for _, order in ipairs(orders) do
    local n = nearness(order, entry)
    if n > most then best, most = order, n end
  end
  return best, most == 3
end

-- The calls that make the orders equal to the list.
local function plan(list, by_tag, blocked)
  local steps = { cancel = {}, modify = {}, place = {}, kept = {} }
  local wanted = {}
  for _, entry in ipairs(list) do
    wanted[entry.tag] = true
    local orders = by_tag[entry.tag] or {}
    local best, exact = nearest_of(orders, entry)
    for _, order in ipairs(orders) do
      if order ~= best then table.insert(steps.cancel, { order = order, tag = entry.tag }) end
    end
    if blocked[entry.tag] then
      if best then table.insert(steps.kept, { order = best, tag = entry.tag }) end
    elseif best then
      table.insert(exact and steps.kept or steps.modify, { order = best, tag = entry.tag, entry = entry })
    else
      table.insert(steps.place, { tag = entry.tag, entry = entry })
    end
  end
  local tags = {}
  for name in pairs(by_tag) do
    if not wanted[name] then tags[#tags + 1] = name end
  end
  table.sort(tags) -- `pairs` has no fixed order
  for _, name in ipairs(tags) do
    for _, order in ipairs(by_tag[name]) do table.insert(steps.cancel, { order = order, tag = name }) end
  end
  return steps
end

---------------------------------------------------------------------------------------------------------------
-- One call at a time: two that read the same list would both place what is missing.

local Turn = {}

function Turn:__close()
  self.memory.running = nil
  self.token:cancel()
end

local function take_turn(memory)
  while memory.running do
    if not loop.may_yield() then fail "another call of it is under way, and cannot be waited for here" end
    memory.running:wait()
  end
  memory.running = tasks.cancel_token()
  return setmetatable({ memory = memory, token = memory.running }, Turn)
end

---------------------------------------------------------------------------------------------------------------
-- Doing it.

-- Calls f with each entry, at once where tasks can run, else one after the other. The first that raised is raised at the end.
local function each(list, f)
  if #list < 2 or scheduler.current and not loop.may_yield() then
    for _, step in ipairs(list) do f(step) end
    return
  end
  tasks.run(function()
    local running = {}
    for i, step in ipairs(list) do running[i] = tasks.spawn(f, step) end
    for _, task in ipairs(running) do task:await() end
  end)
end

local Work = {}
Work.__index = Work

function Work:note(list, step, id)
  table.insert(self.result[list], { tag = step.tag, client_order_id = id })
end

-- A call has failed.
function Work:failed(step, err)
  self.err = self.err or err
  self.stuck[step.tag] = true
end

function Work:remember(id, entry, kind)
  self.memory.changed[id] = { at = loop.now(), price = entry.price, quantity = entry.quantity, side = kind.side,
    time_in_force = kind.time_in_force, reduce_only = kind.reduce_only or false }
end

-- A number that no order has had: it grows with the exchange's clock, also from run to run.
local function next_number(memory, client)
  memory.number = math.max(memory.number + 1, client:now())
  return memory.number
end

-- What may be done: the method, the one for several orders, the parameters of an order, and what its answer means.
local DOING = {}

DOING.cancel = { one = "cancel_order", several = "cancel_multiple_orders" }

function DOING.cancel.params(_, step) return { client_order_id = step.order.client_order_id } end

function DOING.cancel.told(work, step, id, ack, err)
  if not ack and err.kind ~= "not_found" then return work:failed(step, err) end -- what is gone already needs no cancel
  work.memory.changed[id] = { at = loop.now(), gone = true }
  if ack then work:note("cancelled", step, id) end
end

DOING.modify = { one = "modify_order", several = "modify_multiple_orders" }

function DOING.modify.params(_, step)
  local order, entry = step.order, step.entry
  return { client_order_id = order.client_order_id,
    new_price = not equal(order.price, entry.price) and entry.price or nil,
    new_quantity = not equal(order.quantity, entry.quantity) and entry.quantity or nil }
end

function DOING.modify.told(work, step, id, ack, err)
  if not ack and err.kind == "not_found" then
    work.memory.changed[id] = { at = loop.now(), gone = true } -- filled meanwhile: what comes next is for the next call
    return
  end
  if not ack and not err.unchanged then return work:failed(step, err) end
  work:remember(id, step.entry, step.order)
  work:note("modified", step, id)
end

DOING.place = { one = "place_order", several = "place_multiple_orders" }

function DOING.place.params(work, step)
  local entry = step.entry
  return { client_order_id = ("%s-%s-%d"):format(work.options.id_prefix, step.tag, next_number(work.memory, work.client)),
    side = entry.side, type = "Limit", quantity = entry.quantity, price = entry.price, time_in_force = entry.time_in_force,
    reduce_only = entry.reduce_only }
end

function DOING.place.told(work, step, id, ack, err)
  if not ack then return work:failed(step, err) end
  work:remember(id, step.entry, step.entry)
  work:note("placed", step, id)
end

local MOST = 10 -- orders of a request (V5 documentation, rate limits)

-- Appends the steps of a kind as requests: each a list of steps.
local function requests(work, doing, steps, out)
  if not steps[1] then return end
  local several = core.client.table(work.client).class.dialect.endpoints[doing.several] and MOST or 1
  for _, step in ipairs(steps) do
    local last = out[#out]
    if not last or last.doing ~= doing or #last == several then
      last = { doing = doing }
      out[#out + 1] = last
    end
    last[#last + 1] = step
  end
end

-- Makes a request.
function Work:send(request)
  local doing, symbol, list = request.doing, self.options.symbol, {}
  for i, step in ipairs(request) do list[i] = doing.params(self, step) end
  local ids = {}
  for i, p in ipairs(list) do ids[i] = p.client_order_id end
  if not request[2] then
    return doing.told(self, request[1], ids[1], self.client[doing.one](self.client, options_of(self.options, list[1])))
  end
  for _, p in ipairs(list) do p.symbol = symbol end
  options_of(self.options, list)
  list.symbol = nil
  local answers, err = self.client[doing.several](self.client, list)
  for i, step in ipairs(request) do
    local answer = answers and answers[i] or { error = err }
    doing.told(self, step, ids[i], not answer.error and answer or nil, answer.error)
  end
end

-- Carries out steps: lists of them by kind. Where several are of a kind they go with one request.
function Work:carry_out(steps)
  local list, place = {}, {}
  for _, step in ipairs(steps.place or {}) do
    if not self.stuck[step.tag] then place[#place + 1] = step end -- what was to be cancelled may still be there
  end
  requests(self, DOING.cancel, steps.cancel or {}, list)
  requests(self, DOING.modify, steps.modify or {}, list)
  requests(self, DOING.place, place, list)
  each(list, function(request) self:send(request) end)
end

-- For how many seconds a client is too young to place: an order that an earlier process of this strategy placed a moment ago may not be
-- listed yet, and nothing here knows of it. On a paper exchange that began with the client there was no earlier process.
local function youth(client)
  local own = core.client.table(client)
  if own.exchange then return 0 end
  return math.min(own.made + own.visibility - loop.now(), own.visibility) -- time may have become virtual since
end

-- The strategy's orders as they are, and what is to be done. Nil and an error when they cannot be read.
local function look(client, memory, entries, options)
  local by_tag, err = read(client, memory, options)
  if not by_tag then return nil, err end
  local blocked = unsettled_tags(client, options)
  return plan(entries, by_tag, blocked), blocked
end

--- Makes the strategy's own open limit orders on a symbol equal to a list, by the fewest calls: it cancels what is not on the list or
--- on the wrong side, then changes what has another price or quantity, and places what is missing. An empty list cancels all. Its own
--- are the orders named `<id_prefix>-<tag>-<number>`; no others are touched. Orders that were placed, changed or cancelled so lately
--- that the exchange may not list them so yet count as acknowledged. While the outcome of a tag's last call is open, nothing is placed or
--- changed under that tag: client:reconcile settles it. After a crash, begin with client:reconcile. Before a client is `visibility` old,
--- the call waits until it is, if it would place something: an order that an earlier process placed may not be listed yet. On a paper
--- exchange that the client has started itself there is none, and no wait. `quantity` is the whole order's, as in its record: one that
--- is partly filled stays as it is, one that is filled is placed again.
---@param client table
---@param list {symbol: string, category: string?, id_prefix: string?, deadline: number?, timeout: number?, cancel: bybit.Token?,
--- [integer]: {tag: string, side: "Buy"|"Sell", quantity: any, price: any, time_in_force: string?, reduce_only: boolean?}} each tag once;
--- id_prefix: the client's when left out; deadline, timeout: seconds, of each call
---@return {placed: table[], modified: table[], cancelled: table[], kept: table[], unsettled: string[]}? result what was done, each
--- {tag, client_order_id}; unsettled: tags that were left alone
---@return bybit.Error? err of the first call that failed; the others were made all the same, and `err.done` has the result
function sync.orders(client, list)
  if type(client) ~= "userdata" then fail "called with '.' in place of ':': write client:sync_orders{...}" end
  local entries, options = check(client, list)
  local memory = memory_of(client)
  local turn <close> = take_turn(memory) -- luacheck: ignore 211
  local steps, blocked = look(client, memory, entries, options)
  if not steps then
    blocked.outcome = "not_sent"
    return nil, blocked
  end
  local result = { placed = {}, modified = {}, cancelled = {}, kept = {}, unsettled = {} }
  local work = setmetatable({ client = client, options = options, memory = memory, result = result, stuck = {} }, Work)
  work:carry_out { cancel = steps.cancel }
  local wait = steps.place[1] and youth(client) or 0
  if wait > 0 then
    tasks.cancel_token(options.cancel):wait(wait)
    steps, blocked = look(client, memory, entries, options)
    if not steps then
      blocked.done = result
      return nil, blocked
    end
    work:carry_out { cancel = steps.cancel }
  end
  for name in pairs(blocked) do table.insert(result.unsettled, name) end
  table.sort(result.unsettled)
  for _, step in ipairs(steps.kept) do work:note("kept", step, step.order.client_order_id) end
  work:carry_out { modify = steps.modify, place = steps.place }
  if not work.err then return result end
  work.err.done = result
  return nil, work.err
end

return sync
