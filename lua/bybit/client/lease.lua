-- What a client does with its lease before it adds risk (src/call/lease.c asks for the lease, and signs nothing without): it reads what
-- earlier holders left, by client:reconcile. The exchange may show an order late, so that comes when all must show.

local core = require "bybit.core"
local errors = require "bybit.errors"
local hints = require "bybit.later".module "bybit.wire.hints"
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
