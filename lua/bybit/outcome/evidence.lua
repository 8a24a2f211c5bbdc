-- What a record says. Evidence has three values: yes (true), no (false), or nothing (nil). A field that did not decode, is
-- empty, or holds an unknown word says nothing. Every conclusion about a call uses these functions.

local core = require "bybit.core"
local enums = require "bybit.records.enums"
local odd = require "bybit.records.odd"
local status = require "bybit.records.status"

local decimal = core.decimal

local evidence = {}

---------------------------------------------------------------------------------------------------------------
-- Fields.

--- A number, if the field holds one.
evidence.number = odd.number

--- A moment in ms, if the field holds one.
function evidence.moment(record, field)
  local value = rawget(record, field)
  return math.type(value) == "integer" and value > 0 and value or nil
end

--- A text, if the field holds one that is not empty.
function evidence.text(record, field)
  local value = rawget(record, field)
  return type(value) == "string" and value ~= "" and not odd.has(record, field) and value or nil
end

local words = {} -- enum -> set of its words

local function words_of(enum)
  if not words[enum] then
    words[enum] = {}
    for _, list in ipairs { enums[enum].values, enums[enum].v2 or {} } do
      for _, word in ipairs(list) do words[enum][word] = true end
    end
  end
  return words[enum]
end

--- A word of an enum, if the field holds one that is known.
function evidence.word(record, field, enum)
  local value = evidence.text(record, field)
  return value and words_of(enum)[value] and value or nil
end

---------------------------------------------------------------------------------------------------------------
-- Orders.

--- Was the order cancelled? False: it ended in another way. Nil: it is open, or its status is not known.
function evidence.cancelled(order)
  local word = evidence.text(order, "status")
  if status.cancelled[word] then return true end
  return status.done[word] and false
end

--- Is the order open? False: it has ended. Nil: its status is not known.
function evidence.open(order)
  local word = evidence.text(order, "status")
  return status.open[word] or status.done[word] and false
end

local function contradicts(order, params)
  local symbol, side = evidence.text(order, "symbol"), evidence.word(order, "side", "side")
  return symbol ~= nil and symbol ~= params.symbol or side ~= nil and side ~= params.side
end

--- An order has the client order id of a placement: did this placement make it? Yes, if we made the id, since nobody else
--- uses such an id. With the caller's id: yes, if the order was created while one of our copies could arrive. If it was
--- created at another time, or has another symbol or side, it is somebody else's order. Then the exchange refused ours, since
--- it takes an id once.
---@param intent bybit.Intent
---@param order table
---@param covers fun(moment: integer): boolean? could a copy of ours have arrived at that moment?
---@return boolean? ours
function evidence.ours(intent, order, covers)
  if intent.made then return true end
  if contradicts(order, intent.params) then return false end
  local created = evidence.moment(order, "create_time")
  if not created then return nil end
  return covers(created)
end

---------------------------------------------------------------------------------------------------------------
-- Changes.

-- A parameter that changes something, and the field that shows the change. `none`: an empty field means that no such stop
-- is set.
local SHOWN = {
  { "new_price", "price" }, { "new_quantity", "quantity" }, { "new_trigger_price", "trigger_price" },
  { "take_profit_price", "take_profit_price", none = true }, { "stop_loss_price", "stop_loss_price", none = true },
  { "tp_limit_price", "tp_limit_price", none = true }, { "sl_limit_price", "sl_limit_price", none = true },
  { "trailing_stop_price", "trailing_stop_price", none = true },
  { "trailing_stop_distance", "trailing_stop_price", none = true },
}
local SHOWN_WORDS = { "trigger_type", "take_profit_trigger_type", "stop_loss_trigger_type" }

local function shows_number(record, row, wanted)
  local value, asked = rawget(record, row[2]), decimal(wanted)
  if value == nil and row.none then return asked:is_zero() end
  value = evidence.number(record, row[2])
  if not value then return nil end
  return value:eq(asked) or value:is_zero() and asked:is_zero()
end

-- Joins several answers: no, if one of them is no; yes, if all are yes; otherwise nothing.
local function all_of(answers, count)
  local sure = count > 0
  for i = 1, count do
    if answers[i] == false then return false end
    sure = sure and answers[i] == true
  end
  return sure or nil
end

--- Does the record show everything that the call asked for?
---@param params table of the call
---@param record table an order or a position
---@return boolean?
function evidence.shows(params, record)
  local answers, n = {}, 0
  for _, row in ipairs(SHOWN) do
    if params[row[1]] ~= nil then
      n = n + 1
      answers[n] = shows_number(record, row, params[row[1]])
    end
  end
  for _, name in ipairs(SHOWN_WORDS) do
    if params[name] ~= nil and rawget(record, name) ~= nil then
      n = n + 1
      local word = evidence.word(record, name, "trigger_type")
      answers[n] = word and word == params[name]
    end
  end
  return all_of(answers, n)
end

-- Does the record show a setting? A row of `fields` of `shown` tells where, see wire/rows.lua.
local function shows_setting(record, row, asked)
  local value = rawget(record, row[2])
  if row.words then
    local word = row.words[value]
    if word == nil then return nil end
    return word == asked
  end
  if row.enum then
    local word = evidence.word(record, row[2], row.enum)
    return word and word == asked
  end
  value = evidence.number(record, row[2])
  return value and value:eq(decimal(asked))
end

--- Which position of its symbol a record is about: 0 the only one, 1 the long one, 2 the short one. Nil: it does not say.
---@param record table
---@return integer?
function evidence.leg(record)
  local mode = rawget(record, "position_mode")
  return math.type(mode) == "integer" and mode >= 0 and mode <= 2 and mode or nil
end

-- Do the records that a setting is about show it? `legs`: only those of these positions. Nil: none of them does, or one says nothing.
local function shown_by_all(records, row, asked)
  local answers, n = {}, 0
  for _, record in ipairs(records) do
    local leg, meant = evidence.leg(record), row.legs == nil
    for _, one in ipairs(row.legs or {}) do meant = meant or leg == one or leg == nil end
    if meant then
      n = n + 1
      answers[n] = shows_setting(record, row, asked)
    end
  end
  return all_of(answers, n)
end

--- Do the records show everything that the call set?
---@param fields table[] of the row's `shown`
---@param params table of the call
---@param records table[] one, or the positions of a symbol
---@return boolean?
function evidence.set(fields, params, records)
  local answers, n = {}, 0
  for _, row in ipairs(fields) do
    if params[row[1]] ~= nil then
      n = n + 1
      answers[n] = shown_by_all(records, row, params[row[1]])
    end
  end
  return all_of(answers, n)
end

--- Does this transfer differ from what was asked for, in what can be read of it?
---@param params table of the call
---@param transfer table
---@return boolean
function evidence.is_other_transfer(params, transfer)
  for _, name in ipairs { "coin", "from_account_type", "to_account_type" } do
    local value = evidence.text(transfer, name)
    if value and value ~= params[name] then return true end
  end
  local amount = evidence.number(transfer, "amount")
  return amount ~= nil and not amount:eq(decimal(params.amount))
end

--- Is the record's last change older than the earliest arrival of our first copy? Then nobody has changed it since.
---@param record table
---@param earliest integer? ms
---@return boolean?
function evidence.untouched(record, earliest)
  local changed = evidence.moment(record, "update_time")
  if not changed or not earliest then return nil end
  return changed < earliest
end

return evidence
