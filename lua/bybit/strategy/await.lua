-- client:await_order: waits until an order is open, has triggered, is filled, or is done.

local core = require "bybit.core"
local errors = require "bybit.errors"
local nearest = require "bybit.text.nearest"
local odd = require "bybit.records.odd"
local status = require "bybit.records.status"
local watch = require "bybit.strategy.watch"

local loop = core.loop
local TOKEN = getmetatable(core.token())
local await = {}

-- The word for an order's status; nil when it is none that can be read.
local function word(order)
  local text = rawget(order, "status")
  return type(text) == "string" and not odd.has(order, "status") and text or nil
end

-- Is an order in a state? Whichever way it has ended, there is nothing more to wait for.
local STATES = {
  open = function(text) return status.open[text] end,
  triggered = function(text) return status.open[text] and text ~= "Untriggered" end,
  filled = function() return false end, -- `Filled` is an end
  done = function() return false end,
}
local NAMES = { "open", "triggered", "filled", "done" }

local PARAMS = { symbol = "string", order_id = "string", client_order_id = "string", state = "string", timeout = "number",
  cancel = "userdata" }

local function check(p)
  if type(p) ~= "table" then errors.raise("await_order: a table of parameters expected, got " .. type(p)) end
  for name, value in pairs(p) do
    local wanted = PARAMS[name]
    if not wanted then
      local names = {}
      for known in pairs(PARAMS) do names[#names + 1] = known end
      errors.raise(("await_order: unknown parameter '%s'%s"):format(tostring(name), nearest.hint(name, names)))
    end
    if type(value) ~= wanted then
      errors.raise(("await_order: '%s': a %s expected, got %s"):format(name, wanted, tostring(value)))
    end
  end
  if not p.symbol then errors.raise "await_order: 'symbol' is missing" end
  if (p.order_id == nil) == (p.client_order_id == nil) then
    errors.raise("await_order: either 'order_id' or 'client_order_id' expected, got "
      .. (p.order_id and "both" or "neither"))
  end
  if p.state and not STATES[p.state] then
    errors.raise(("await_order: 'state': one of %s expected, got '%s'"):format(table.concat(NAMES, ", "), p.state))
  end
  if p.timeout and not (p.timeout >= 0 and p.timeout < math.huge) then
    errors.raise(("await_order: 'timeout': seconds, 0 or more, expected, got %s"):format(p.timeout))
  end
  if p.cancel and getmetatable(p.cancel) ~= TOKEN then
    errors.raise("await_order: 'cancel': a cancel token expected, got " .. tostring(p.cancel))
  end
end

--- Waits until an order is in a state, and returns it as it is then. An order that has ended is returned whichever way it ended,
--- since no other state can come: look at its `status`. The order need not be there yet. So a task may wait for an id of the caller's
--- own before the order is placed. It polls; tasks that wait for orders of the same symbol share their polls.
---@param client table
---@param params {symbol: string, order_id: string?, client_order_id: string?, state: "open"|"triggered"|"filled"|"done"|nil,
--- timeout: number?, cancel: bybit.Token?} one of the ids; state: "open": it is there; "triggered": a conditional order has become an
--- active one; "filled", and "done" (the default): it has ended; timeout: seconds (30), which may be more than the deadline of a call
---@return bybit.order? order
---@return bybit.Error? err kind `timeout` when the time is up, `cancelled`, or that of a read; its `order` is the order as it was seen
--- last (nil: it was never seen)
function await.order(client, params)
  if type(client) ~= "userdata" then 
    errors.raise "await_order: called with '.' in place of ':': write client:await_order{...}"
  end
  check(params)
  local began, timeout = loop.now(), params.timeout or 30
  local is_there = STATES[params.state or "done"]
  local entry = { order_id = params.order_id, client_order_id = params.client_order_id, wanted = function(order)
    local text = word(order)
    return status.done[text] or is_there(text) or false
  end }
  local order, err = watch.until_wanted(client, params.symbol, entry, began + timeout, params.cancel)
  if order then return order end
  local cancelled = params.cancel and params.cancel:cancelled()
  if not err then
    local seen = entry.seen and ("it was %s"):format(tostring(word(entry.seen))) or "it was never seen"
    err = errors.new({ kind = cancelled and "cancelled" or "timeout", method = "await_order", attempts = 0,
      elapsed = loop.now() - began, client_order_id = params.client_order_id,
      message = ("the order was not %s within %g s: %s%s"):format(params.state or "done", loop.now() - began, seen,
        entry.failure and ("; the last read failed: " .. tostring(entry.failure)) or "") }, params)
  end
  err.order = entry.seen
  return nil, err
end

return await
