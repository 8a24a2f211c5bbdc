-- Changes answers on their way, as an exchange may change them without notice: unknown words, fields that are empty or not a
-- number, rows without ids, empty rows. It never replaces a value by another readable one: the readable fields of an order
-- stay true.

local mutate = {}

local WORDS = { orderStatus = true, order_status = true, stop_order_status = true, side = true, orderType = true,
  order_type = true, stopOrderType = true, stop_order_type = true, timeInForce = true, time_in_force = true,
  tpslMode = true, tp_sl_mode = true, triggerBy = true, trigger_by = true }
local NUMBERS = { price = true, qty = true, createdTime = true, updatedTime = true, takeProfit = true, stopLoss = true,
  triggerPrice = true, trailingStop = true, size = true, cumExecQty = true, avgPrice = true, created_at = true,
  updated_at = true, stop_px = true, take_profit = true, stop_loss = true, trailing_stop = true, cum_exec_qty = true }
local IDS = { orderId = true, orderLinkId = true, order_id = true, order_link_id = true, stop_order_id = true }

-- The places of the fields' values: { from, to, name, kind }.
local function places(body)
  local list = {}
  for name, from, value, to in body:gmatch '"([%w_]+)":()("?[^",%[%]{}]*"?)()' do
    local kind = WORDS[name] and "word" or NUMBERS[name] and "number" or IDS[name] and "id"
    if kind and value ~= "" then list[#list + 1] = { from = from, to = to - 1, name = name, kind = kind } end
  end
  return list
end

local INSTEAD = {
  word = { '"PendingNew"', '"TrailingProfit"', '""', '"\u{00e9}"' },
  number = { '"abc"', '""', '"1e"', '"-"', "null" },
  id = { '""', "{}", "[]", "true", "null" },
}

-- All values of the fields of one record of a list.
local function empty_row(body, random)
  local rows = {}
  for from, row in body:gmatch '[%[,]()(%b{})' do rows[#rows + 1] = { from, row } end
  if #rows == 0 then return nil end
  local from, row = table.unpack(rows[random:integer(1, #rows)])
  local emptied = row:gsub('("[%w_]+":)"[^"]*"', '%1""'):gsub('("[%w_]+":)%-?[%d.]+', "%1null")
  return body:sub(1, from - 1) .. emptied .. body:sub(from + #row), "a row is empty"
end

--- The changed answer, and what was changed; the same answer and nil if it has no such field.
---@param body string
---@param random userdata
function mutate.answer(body, random)
  if random:unit() < 0.15 then
    local changed, what = empty_row(body, random)
    if changed then return changed, what end
  end
  local list = places(body)
  if #list == 0 then return body, nil end
  local place = list[random:integer(1, #list)]
  local instead = INSTEAD[place.kind][random:integer(1, #INSTEAD[place.kind])]
  return body:sub(1, place.from - 1) .. instead .. body:sub(place.to + 1), ("%s %s for %s"):format(place.name, instead,
    body:sub(place.from, place.to))
end

return mutate
