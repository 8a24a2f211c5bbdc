-- Reading back: V5 only acknowledges a change of an order or a position. With `confirm` the full record is read and returned in
-- place of the acknowledgement. Where a stream of the account tells of the order, that record takes the place of one that is read.
-- A read-back that fails, or is stopped, never turns a success into an error.

local core = require "bybit.core"
local evidence = require "bybit.outcome.evidence"

local View = require "bybit.outcome.view"

local loop = core.loop

local read_back = {}

-- Seconds to wait until the exchange shows what it has acknowledged: the books follow the acknowledgement a moment later.
local PATIENCE, FIRST, MOST = 3, 0.02, 0.5

-- Reads with `look` until the record is as wanted, or patience (seconds) is up. Returns the record that was seen last.
local function read_until(run, look, patience)
  local stop, wait, last = loop.now() + math.min(patience or PATIENCE, run:left()), FIRST, nil
  while true do
    local record, why, good = look()
    last = record or last
    if good or run.halted then return last, why end
    if loop.now() >= stop or not run:sleep(math.min(wait, stop - loop.now())) then return last, why end
    wait = math.min(wait * 2, MOST)
  end
end

local function order_read_back(run, ack, wanted, patience, told)
  local order_id = ack and evidence.text(ack, "order_id") or run:order_id()
  local seen = told and run:told(order_id, told, run.began)
  if seen then return seen end
  local link = ack and evidence.text(ack, "client_order_id") or run.made_id or rawget(run.params, "client_order_id")
  return read_until(run, function()
    local order, why = run.class.dialect.find_order(run.call, run.client, run:reading { symbol = run.params.symbol,
      order_id = order_id, client_order_id = not order_id and link or nil }, run.conditional)
    if not order then return nil, type(why) == "table" and why or nil end
    return order, nil, wanted(order)
  end, patience)
end

local function is_done(order) return evidence.open(order) == false end

local read = {}

-- Orders that do not rest: what is told first of one is not yet how it stands.
local PASSES = { IOC = true, FOK = true }

function read.place(run, ack)
  local p = run.params
  local passes = not run.conditional and (p.type == "Market" or PASSES[p.time_in_force])
  return order_read_back(run, ack, function() return true end, nil, passes and is_done or function() return true end)
end

function read.amend(run, ack)
  local function shown(order) return is_done(order) or evidence.shows(run.params, order) end
  return order_read_back(run, ack, shown, nil, shown)
end

function read.cancel(run, ack)
  return order_read_back(run, ack, is_done, nil, is_done)
end

function read.stop(run)
  return read_until(run, function()
    local position, why = run:position()
    return position, why, position and evidence.shows(run.params, position)
  end)
end

-- Until the record shows what was set.
function read.setting(run)
  local row = run.row
  return read_until(run, function()
    local record, _, records = View.new(run, {}):shown { kind = row.settle, shown = row.shown, params = run.params,
      category = run.category, leg = run.params.position_mode or 0 }
    return record, nil, record and evidence.set(row.shown.fields, run.params, records)
  end)
end

-- The exchange answers with what there is after it.
function read.add(_, result) return result end

-- The transfer as the list shows it.
function read.transfer(run, result)
  return read_until(run, function()
    local transfer, why = run.class.dialect.find_transfer(run.call, run.client, run:reading {
      transfer_id = result.transfer_id })
    return transfer or nil, type(why) == "table" and why or nil, transfer and evidence.word(transfer, "status",
      "transfer_status") ~= "PENDING"
  end)
end

-- For cancel-all: an order that the list of closed orders shows replaces its acknowledgement; the others stay as they were
-- acknowledged.
function read.all(run, list)
  list = list or {} -- there was nothing to cancel
  local closed, why = run.class.dialect.closed_orders(run.call, run.client, run:reading {
    symbol = run.params.symbol }, run.conditional, #list)
  if not closed then return nil, why end
  local by_id = {}
  for _, order in ipairs(closed) do
    local id = evidence.text(order, "order_id")
    if id then by_id[id] = order end
  end
  local out = setmetatable({}, getmetatable(closed))
  for i, entry in ipairs(list) do
    local id = evidence.text(entry, "order_id")
    out[i] = id and by_id[id] or entry
  end
  return out
end

--- Replaces the run's result by the full record. Also when the exchange refused since everything is already as asked.
---@param run bybit.Run
function read_back.read(run)
  local record, why = read[run.row.settle](run, run.result)
  run.response.unchanged = run.err and run.err.unchanged or run.response.unchanged
  if record then
    run.result = record
  elseif run.result then
    run.response.unconfirmed = run.halted and run:stopped() or why or run:missing()
  end
end

--- Of an order that was gone before its cancel came, the final record is the result: whichever way it ended. The exchange
--- refused that cancel all the same. Where no such record shows, the call has failed.
---@param run bybit.Run
function read_back.read_end(run)
  if run.halted or run.worst == "unknown" or run.err.kind ~= "not_found" then return end
  local order = order_read_back(run, nil, is_done, core.client.table(run.client).visibility)
  if not order or not is_done(order) then return end
  run.result, run.ended = order, true
  run.response.unchanged = evidence.cancelled(order) or nil
end

return read_back
