-- What a client does with its lease before it adds risk (src/call/lease.c asks for the lease, and signs nothing without): it reads what
-- earlier holders left, by client:reconcile. The exchange may show an order late, so that comes when all must show. And what any client of
-- the share does before it changes an order that is named by the exchange's id: it finds out whose lease that is under.

local core = require "bybit.core"
local errors = require "bybit.errors"
local evidence = require "bybit.outcome.evidence"
local hints = require "bybit.later".module "bybit.wire.hints"
local look = require "bybit.later".module "bybit.client.guard.look"
local reconcile = require "bybit.outcome.reconcile"
local tasks = require "bybit.later".module "bybit.tasks"

local loop = core.loop

local lease = {}

local LOOK = 0.05 -- seconds between two looks at what another task of the client reads

-- Waits until the moment, at most. False: the token was cancelled, or the client closed.
local function wait(client, seconds, cancel)
  return not tasks.wait(core.token(cancel, core.client.table(client).closing), math.max(seconds, 0))
end

-- Marks that a task reads, until it returns, raises or is cancelled.
local Reading = {}

function Reading:__close() self.t.reads_lease = false end

-- Reads what there is, under the lease as it is now. Returns why that cannot be done.
local function read(client, now, stop, cancel)
  local t = core.client.table(client)
  local left = stop - loop.now()
  if now.reads_in >= left then
    return ("this client got the lease '%s', and waits another %.1f s until all shows that the holder before has done"):format(
      now.name, now.reads_in)
  end
  t.reads_lease = true
  local over <close> = setmetatable({ t = t }, Reading) -- luacheck: ignore 211
  if not wait(client, now.reads_in, cancel) then return "cancelled" end
  local report, err = reconcile.reconcile(client, { id_prefix = now.name, deadline = math.min(stop - loop.now(), 600),
    cancel = cancel })
  if not report then
    return ("this client got the lease '%s', and could not read what there is: %s"):format(now.name, tostring(err))
  end
  core.client.lease_read(client, now.number)
  t.lease_report = report
end

--- Sees to it that the client may add risk under its lease. Returns nil, or why it may not.
---@param client userdata
---@param stop number when to give up, on the loop's clock
---@param cancel userdata? a token
---@return string? why
function lease.prepare(client, stop, cancel)
  local t = core.client.table(client)
  while true do
    local now = core.client.lease(client)
    if not now then return nil end
    local asks = now.asking and loop.now() < stop -- a server that has not answered yet
    if not now.held and not asks then return now.why end
    if now.ready and not (now.low and asks) then return nil end
    if asks and not (now.held and not now.low) then
      if not wait(client, math.min(LOOK, stop - loop.now()), cancel) then return "cancelled" end
    elseif not t.reads_lease then
      local why = read(client, now, stop, cancel)
      if why then return why end
    elseif loop.now() >= stop or not wait(client, math.min(LOOK, stop - loop.now()), cancel) then
      return ("this client got the lease '%s', and what there is is still being read"):format(now.name)
    end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Orders under the leases of others.

local LINKS = 1000 -- so many client order ids are remembered

-- The client order id of the order that an act changes, "" if it has none. It never changes, so it is read once. nil: it could not be read.
local function link_of(asked, act)
  local t = core.client.table(asked.client)
  if t.links and t.links[act.order_id] then return t.links[act.order_id] end
  local order = act.order or look.order(asked, act)
  if not order or rawget(order, "order_id") ~= act.order_id and rawget(order, "stop_order_id") ~= act.order_id then return nil end
  act.order = order
  if not t.links or t.link_count >= LINKS then t.links, t.link_count = {}, 0 end
  t.links[act.order_id], t.link_count = evidence.text(order, "client_order_id") or "", t.link_count + 1
  return t.links[act.order_id]
end

-- Why an order is not touched; nil: it is under no lease of others.
local function reserved(asked, act)
  local why = act.link and core.client.reserved(asked.client, act.link)
  if why or act.place or not act.order_id then return why end -- an order id goes before a client order id
  local link = link_of(asked, act)
  if link then return link ~= "" and core.client.reserved(asked.client, link) or nil end
  return ("order '%s' could not be read, and may be under the lease '%s': name its client_order_id"):format(act.order_id,
    core.client.reserved(asked.client))
end

-- The same for what a raw request to an unknown path names.
local function reserved_in(client, value)
  if type(value) ~= "table" then return nil end
  for k, v in pairs(value) do
    local named = type(k) == "string" and k:lower():gsub("_", "")
    local why = (named == "orderlinkid" or named == "clientorderid") and type(v) == "string" and core.client.reserved(client, v)
      or reserved_in(client, v)
    if why then return why end
  end
end

--- Why a call does not add risk to orders under the leases of others; nil: it may.
---@param asked table as for look.order
---@param call userdata
---@param list bybit.Act[]? the acts; nil: it is not known what the request does
---@return string? why
function lease.reserved(asked, call, list)
  local client = asked.client
  local other, number, told = core.client.reserved(client)
  while told == false and loop.now() < asked.stop and wait(client, LOOK, asked.params.cancel) do -- a server has to answer first
    other, number, told = core.client.reserved(client)
  end
  if other and not list then
    local why = reserved_in(client, asked.params)
    if why then return why end
  end
  for _, act in ipairs(other and list or {}) do
    local why = reserved(asked, act)
    if why then return act.number and ("order %d: %s"):format(act.number, why) or why end
  end
  if number then core.client.unreserved(call, number) end
end

---------------------------------------------------------------------------------------------------------------
-- Waiting for it.

local KNOWN = { timeout = true, cancel = true }

local function check(options)
  if type(options) ~= "table" then
    errors.raise("await_lease: a table of options expected, got " .. type(options))
  end
  for k in pairs(options) do
    if not KNOWN[k] then errors.raise(("await_lease: unknown option '%s'%s"):format(tostring(k), hints.known(k, KNOWN))) end
  end
  local timeout = options.timeout
  if timeout ~= nil and not (type(timeout) == "number" and timeout >= 0) then
    errors.raise("await_lease: option 'timeout': seconds expected, got " .. tostring(timeout))
  end
end

--- Waits until this client holds its lease (the option `share`), and has read what earlier holders left: `client:reconcile` with the
--- lease as `id_prefix`. Nothing has to be awaited: an order does the same, within its deadline, but it is refused while another client
--- holds the lease.
---@param client table
---@param options? {timeout: number?, cancel: bybit.Token?} seconds (30); math.huge waits for ever
---@return table? report what client:reconcile returned when the lease was got: `live` are the open orders under the prefix
---@return bybit.Error? err kind `timeout`, whose message says who holds the lease; `cancelled`
function lease.await(client, options)
  options = options or {}
  check(options)
  local t, began = core.client.table(client), loop.now()
  if core.client.closed(client) then errors.raise "await_lease: the client is closed" end
  if not core.client.lease(client) then
    errors.raise "await_lease: the client has no lease: give it share = {path = ..., lease = ...}"
  end
  local stop, why = began + (options.timeout or 30)
  repeat
    why = lease.prepare(client, stop, options.cancel)
    if not why and not core.client.closed(client) then return t.lease_report end
    local now = core.client.lease(client)
    local pause = math.min(now and now.asks_in or 0, stop - loop.now())
    local goes_on = wait(client, math.max(pause, LOOK), options.cancel)
  until not goes_on or loop.now() >= stop
  local cancelled = options.cancel and options.cancel:cancelled()
  return nil, errors.new({ kind = cancelled and "cancelled" or core.client.closed(client) and "closed" or "timeout",
    method = "await_lease", attempts = 0, elapsed = loop.now() - began,
    message = why or "the client was closed" })
end

return lease
