-- The rules that conclude what became of a call, one per kind of change. A rule looks at the records and returns a conclusion,
-- or nil: nothing can be said yet. No other file concludes anything about an order or a position.
--
-- A conclusion is one of: { done = record }: it was carried out, or everything is as asked; { refuted = proof }: it was not
-- carried out, and never will be; { unclear = record or false }: no copy can act any more, and the records do not tell.

local evidence = require "bybit.outcome.evidence"
local intents = require "bybit.outcome.intents"
local stops = require "bybit.later".module "bybit.outcome.stops"

local rules = {}

-- ms before the call: stop orders that were made since then are read. The longer time counts before a stop is told as not made:
-- the call may have changed an older stop that has ended since. It is one window of the history (V5 documentation, order/history).
local EARLIER, LONG_AGO = 60000, 7 * 86400000

--- What the account's stream told concludes an intent only where it proves that something was: an order that is ours, and how one
--- ended. By kind, where there is such a rule.
rules.told = {}

function rules.told.place(intent, view)
  local order = view:sighting(intent)
  local ours = order and evidence.ours(intent, order, function(moment) return view:covers(intent, moment) end)
  return ours and { done = order } or nil
end

function rules.told.cancel(intent, view)
  local order = view:sighting(intent)
  local cancelled = order and evidence.cancelled(order)
  if cancelled then return { done = order } end
  return cancelled == false and order and { refuted = "read", record = order } or nil
end

-- An order with the id is found: success, if it is ours; a refusal, if it is somebody else's. The order is absent if two
-- searches of all lists do not find it, the first `visibility` after the fence and the second `visibility` later. That proves
-- nothing if the exchange has said that the id is taken.
function rules.place(intent, view)
  local told = rules.told.place(intent, view)
  if told then return told end
  local order, time = view:order(intent)
  if order == nil then return nil end
  local ours = order and evidence.ours(intent, order, function(moment) return view:covers(intent, moment) end)
  if ours then return { done = order } end
  if ours == false and order then return { refuted = "read", record = order } end
  if view:stage(intent, time) ~= "settled" then return nil end
  if order or intent.taken then return { unclear = order } end
  return { refuted = "fence" }
end

-- The order is cancelled: success, since it stays cancelled. It ended in another way: it can never be cancelled. It is still
-- open when a cancel would show: it was not cancelled. It is not found: it may have been cancelled.
function rules.cancel(intent, view)
  local told = rules.told.cancel(intent, view)
  if told then return told end
  local order, time = view:order(intent)
  if order == nil then return nil end
  local cancelled = order and evidence.cancelled(order)
  if cancelled then return { done = order } end
  if cancelled == false and order then return { refuted = "read", record = order } end
  local stage = view:stage(intent, time)
  if stage == "open" or stage == "late" then return nil end
  if order and evidence.open(order) then return { refuted = "fence", record = order } end
  return stage == "settled" and { unclear = order } or nil
end

-- After the fence. The record shows what was asked: success. (If nobody has changed it since the call could arrive, it may
-- have shown the same before. Then this counts only when every change would show.) The record does not show it, and nobody has
-- changed it since: the change was not made. Otherwise somebody changed it since, and nothing can be told.
local function changed(intent, record, stage, untouched)
  if stage == "open" then return nil end
  local shows = evidence.shows(intent.params, record)
  if shows and (untouched == false or stage ~= "late") then return { done = record } end
  if stage == "late" then return nil end
  if shows == false and untouched then return { refuted = "fence", record = record } end
  return { unclear = record }
end

function rules.amend(intent, view)
  local order, time = view:order(intent)
  if order == nil then return nil end
  local stage = view:stage(intent, time)
  -- An order that is in no list may be moving from one list to another.
  if not order then return stage == "settled" and { unclear = false } or nil end
  return changed(intent, order, stage, evidence.untouched(order, view:earliest(intent)))
end

-- Was no stop of the whole position set, changed or ended since the call could arrive? Nil: the orders could not be read yet.
local function stops_untouched(intent, view, orders, earliest)
  if stops.remain(intent.params, orders, earliest) then return stops.untouched(orders, earliest) or false end
  orders = view:stop_orders(intent, earliest and earliest - LONG_AGO)
  if orders == nil then return nil end
  return orders and stops.untouched(orders, earliest) or false
end

-- Stops for the whole position: the position shows them, and so do their orders, even after the position has closed. Each of
-- them is an order, so the orders alone tell that none was set: the position may have changed since, because of a fill.
local function set(intent, view)
  local position, time = view:position(intent)
  if not position then return nil end
  local stage, earliest = view:stage(intent, time), view:earliest(intent)
  if stage == "open" then return nil end
  local conclusion = changed(intent, position, stage, evidence.untouched(position, earliest))
  if not conclusion or conclusion.done and not stops.removes(intent.params) then return conclusion end
  local orders = view:stop_orders(intent, earliest and earliest - EARLIER)
  if orders == false and stage == "settled" then return { unclear = position } end
  if not orders then return nil end
  -- The answer may have left the stop out of the position: so no order of that stop may be open either.
  if conclusion.done then
    if stops.are_removed(intent.params, orders) then return conclusion end
    return stage == "settled" and { unclear = position } or nil
  end
  if stops.were_set(intent.params, orders, earliest) then return { done = position } end
  if evidence.shows(intent.params, position) ~= false then return conclusion end
  local untouched = stops_untouched(intent, view, orders, earliest)
  if untouched == nil then return nil end
  if not untouched then return { unclear = position } end
  -- A stop that has just ended may be moving from one list to another: both sweeps must say no.
  if stage == "settled" and intent.denied then return { refuted = "fence", record = position } end
  if stage == "settled" then intents.unsweep(intent) end -- nothing could be read in the first of the two
  intent.denied = stage == "past" or nil
  return nil
end

-- A stop that adds: counting the stop orders tells whether it was added.
local function added(intent, view)
  local earliest = view:earliest(intent)
  local orders, time = view:stop_orders(intent, earliest and earliest - EARLIER)
  if orders == nil then return nil end
  local stage = view:stage(intent, time) -- before the count: this notes when the first sweep began
  if not orders then return stage == "settled" and { unclear = false } or nil end
  local found = stops.added(view.run.client, intent, orders)
  if found then return { done = {} } end
  -- An order may move from one list to another during a sweep: both sweeps must say no.
  if stage == "past" then intent.denied = found == false end
  if stage ~= "settled" then return nil end
  return found == false and intent.denied and { refuted = "fence" } or { unclear = false }
end

function rules.stop(intent, view)
  return (intent.partial and added or set)(intent, view)
end

-- A setting, after the fence, when every change would show. Its record shows what was set: success. It does not: somebody may
-- have set it back, so nothing can be told, and setting it `again` does no harm.
function rules.setting(intent, view)
  local record, time, records = view:shown(intent)
  if not record then return nil end
  local stage = view:stage(intent, time)
  if stage == "open" or stage == "late" then return nil end
  local shows = evidence.set(intent.shown.fields, intent.params, records)
  if shows then return { done = record } end
  return { unclear = record, again = shows == false }
end

-- What adds to an amount, after the fence. No record shows what was added. There has been no position since before the call
-- could arrive: the exchange refused it. Otherwise nothing can be told.
function rules.add(intent, view)
  local record, time = view:shown(intent)
  if not record then return nil end
  local stage = view:stage(intent, time)
  if stage == "open" or stage == "late" then return nil end
  local size = evidence.number(record, "quantity")
  if size and size:is_zero() and evidence.untouched(record, view:earliest(intent)) then
    return { refuted = "fence", record = record }
  end
  return { unclear = record }
end

-- A transfer with the id is found: success, or a refusal if it has failed. One that differs is another call's, and ours was
-- refused. It is absent if two searches do not find it, like an order. That proves nothing if the exchange has taken it.
function rules.transfer(intent, view)
  local transfer, time = view:transfer(intent)
  if transfer == nil then return nil end
  if transfer and evidence.is_other_transfer(intent.params, transfer) then
    return { refuted = "read", record = transfer }
  end
  local status = transfer and evidence.word(transfer, "status", "transfer_status")
  if status == "SUCCESS" or status == "PENDING" then return { done = transfer } end
  local stage = view:stage(intent, time)
  if stage ~= "past" and stage ~= "settled" then return nil end
  if status == "FAILED" then return { refuted = "read", record = transfer } end
  if stage ~= "settled" then return nil end
  if transfer or intent.taken then return { unclear = transfer } end
  return { refuted = "fence" }
end

-- Does cancel-all concern this order: was it there before the call? Nil when the record does not tell.
function rules.is_meant(intent, order, view)
  local p = intent.params
  if p.id_prefix then
    local link = evidence.text(order, "client_order_id")
    if not link or link:sub(1, #p.id_prefix + 1) ~= p.id_prefix .. "-" then return false end
  end
  if p.stop_order_type then
    local kind = evidence.word(order, "stop_order_type", "stop_order_type")
    if not kind then return nil end
    if kind ~= p.stop_order_type then return false end
  end
  local created = evidence.moment(order, "create_time")
  local earliest, latest = view:earliest(intent), view:latest(intent)
  if not created or not earliest then return nil end
  if created < earliest then return true end
  if created > latest then return false end
  return nil
end

-- When every change would show. No order that was there before is still open: success. One is still open: cancel-all was not
-- carried out, since it cancels all or nothing. But if orders may have been cancelled one by one, some of them may be gone:
-- the outcome is unclear.
function rules.all(intent, view)
  local orders, time = view:open(intent)
  local stage = orders and view:stage(intent, time)
  if stage ~= "past" and stage ~= "settled" then return nil end
  local doubt = false
  local whole = not (intent.params.id_prefix or intent.one_by_one or intent.earlier)
  for _, order in ipairs(orders) do
    local meant = rules.is_meant(intent, order, view)
    if meant and whole then return { refuted = "fence", record = order } end
    doubt = doubt or meant ~= false
  end
  return doubt and { unclear = false } or { done = {} }
end

return rules
