-- What results can do besides holding data: second names, methods, a nearest name for a misspelt field, and text
-- that reads well in a terminal. The fields themselves are declared in records.lua.

local grid = require "bybit.grid"
local printable = require "bybit.printable"
local records = require "bybit.records"
local hints = require "bybit.hints"
local time = require "bybit.time"

local objects = {}

-- Which columns a list of a record shows, and in one line a single one.
local SHOWN = {
  order = { "order_id", "symbol", "side", "type", "quantity", "price", "filled_quantity", "status" },
  conditional_order = { "order_id", "symbol", "side", "type", "quantity", "trigger_price", "price", "status" },
  order_id = { "order_id", "client_order_id" },
  cancelled_order = { "order_id", "client_order_id" },
  trade = { "timestamp", "symbol", "side", "quantity", "price", "fee", "liquidity", "trade_type" },
  position = { "symbol", "side", "quantity", "entry_price", "mark_price", "unrealized_pnl", "liquidation_price" },
}

local OPEN = { New = true, PartiallyFilled = true, Untriggered = true, Triggered = true, Created = true, Active = true,
  PendingCancel = true }

local methods = {}

methods.order = {
  --- May it still fill or fire?
  is_open = function(order) return OPEN[rawget(order, "status")] or false end,
  --- Has it ended, whichever way? False also while its status is not known.
  is_done = function(order)
    local status = rawget(order, "status")
    return status ~= nil and not OPEN[status]
  end,
}
methods.conditional_order = methods.order
methods.position = {
  --- Is nothing held?
  is_flat = function(position)
    local quantity = rawget(position, "quantity")
    return quantity == nil or quantity:is_zero()
  end,
}

-- Fields that are worked out when asked for.
local derived = {
  position = {
    --- The quantity: below zero when short.
    signed_quantity = function(position)
      local quantity = rawget(position, "quantity")
      if quantity == nil then return nil end
      return rawget(position, "side") == "Sell" and -quantity or quantity
    end,
  },
}

local function text_of(value, key)
  if value == nil then return "-" end
  if key == "timestamp" and math.type(value) == "integer" then return time.iso(value) end
  return tostring(value)
end

local function line(name, record)
  local parts = {}
  for _, key in ipairs(SHOWN[name] or {}) do
    local value = rawget(record, key)
    if value ~= nil then parts[#parts + 1] = ("%s=%s"):format(key, text_of(value, key)) end
  end
  return printable(("%s{%s}"):format(name, table.concat(parts, " ")))
end

local KINDS = { decimal = "number", integer = "number", time = "time" }

--- The columns that lists of a record show, for grid.lua.
---@param name string
---@return table[] columns
function objects.columns(name)
  local types, columns = {}, {}
  for _, field in ipairs(records[name].fields) do types[field[1]] = field[3] end
  for i, key in ipairs(SHOWN[name] or {}) do
    columns[i] = { name = key, kind = key:find("order_id$") and "id" or KINDS[types[key]] }
  end
  return columns
end

local function list_text(name, list)
  local columns, rows = objects.columns(name), {}
  for n, record in ipairs(list) do
    rows[n] = {}
    for i, column in ipairs(columns) do rows[n][i] = text_of(rawget(record, column.name), column.name) end
  end
  return (grid.render(columns, rows))
end

local function metatable(name, declaration)
  local declared, names = {}, {}
  for _, field in ipairs(declaration.fields) do
    declared[field[1]] = true
    names[#names + 1] = field[1]
  end
  local aliases = declaration.aliases or {}
  for alias in pairs(aliases) do names[#names + 1] = alias end
  table.sort(names)
  local own, worked_out = methods[name] or {}, derived[name] or {}
  local meta = { __name = "bybit." .. name }
  function meta.__index(record, key)
    if declared[key] then return nil end
    local alias = aliases[key]
    if alias then return rawget(record, alias) end
    if own[key] then return own[key] end
    if worked_out[key] then return worked_out[key](record) end
    if type(key) ~= "string" then return nil end
    local near = hints.nearest(key, names)
    error(("%s has no field '%s'%s"):format(meta.__name, key, near and (", did you mean '%s'?"):format(near) or ""), 2)
  end
  function meta.__tostring(record) return line(name, record) end
  meta.__record = name
  meta.__list = { __name = "bybit.list", __record = name,
    __tostring = function(list) return list_text(name, list) end }
  return meta
end

-- What records can do, for editor types and reference: record -> name -> function, called and read as a field.
objects.methods, objects.derived = methods, derived

local made = {}

--- The metatable of a declared record; its `__list` is that of lists of it.
---@param name string
---@return table
function objects.metatable(name)
  if not made[name] then made[name] = metatable(name, assert(records[name], name)) end
  return made[name]
end

return objects
