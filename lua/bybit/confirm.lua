-- Reading back: V5 only acknowledges what changes an order or a position; with `confirm` the full record is read and
-- given in its place. A read-back that fails never turns what was done into an error.

local loop = require("bybit.core").loop

local confirm = {}

-- Seconds to wait for the exchange to show what it has acknowledged: bookings follow acknowledgements by moments.
local PATIENCE, FIRST, MOST = 3, 0.02, 0.5

-- Reads with `look` until it gives what is wanted, or patience ends; then the last that was seen.
local function read_until(run, look)
  local stop, wait, last = loop.now() + math.min(PATIENCE, run:left()), FIRST, nil
  while true do
    local record, why, good = look()
    last = record or last
    if good or why and why.kind == "cancelled" then return last, why end
    if loop.now() >= stop or not run:sleep(math.min(wait, stop - loop.now())) then return last, why end
    wait = math.min(wait * 2, MOST)
  end
end

local function order_read_back(run, ack, wanted)
  local ids = { symbol = run.params.symbol, order_id = ack and rawget(ack, "order_id") or run:order_id(),
    client_order_id = ack and rawget(ack, "client_order_id") or run.made_id or run.params.client_order_id }
  return read_until(run, function()
    local order, why = run:find(ids)
    if not order then return nil, type(why) == "table" and why or nil end
    return order, nil, wanted(order)
  end)
end

local read = {}

function read.place(run, ack)
  return order_read_back(run, ack, function() return true end)
end

function read.amend(run, ack)
  return order_read_back(run, ack, function(order) return order:is_done() or run:applied(order) end)
end

function read.cancel(run, ack)
  return order_read_back(run, ack, function(order) return order:is_done() end)
end

function read.stop(run)
  return read_until(run, function()
    local position, why = run:position()
    return position, why, position and run:applied(position)
  end)
end

-- Of many: those that the exchange still shows among the closed ones; the rest stay as they were acknowledged.
function read.all(run, list)
  list = list or {} -- there was nothing to cancel
  local closed, why = run.class.dialect.closed_orders(run.call, run.client, run:reading {
    symbol = run.params.symbol }, run:conditional(), #list)
  if not closed then return nil, why end
  local by_id = {}
  for _, order in ipairs(closed) do by_id[order.order_id] = order end
  local out = setmetatable({}, getmetatable(closed))
  for i, entry in ipairs(list) do out[i] = by_id[entry.order_id] or entry end
  return out
end

--- The full record of what was done; `err` is set where nothing was to be done, since all is already as asked.
---@param run bybit.Run
---@param result table? the acknowledgement
---@param response table
---@param err bybit.Error?
function confirm.read(run, result, response, err)
  local record, why = read[run.row.settle](run, result)
  response.unchanged = err and true or nil
  if record then return record, nil, response end
  if err then return nil, err, response end
  response.unconfirmed = why or run:missing()
  return result, nil, response
end

return confirm
