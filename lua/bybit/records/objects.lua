-- What results can do besides holding data: second names, methods, a hint for a misspelt field, and a text for terminals. The
-- fields themselves are declared in records/.

local later = require "bybit.later"
local printable = require "bybit.text.printable"
local records = require "bybit.records"
local status = require "bybit.records.status"

local grid, nearest = later.module "bybit.text.grid", later.module "bybit.text.nearest"
local synonyms, time = later.module "bybit.text.synonyms", later.module "bybit.text.time"

local objects = {}

-- Is the order's status one of the words? No if the status is missing or not known.
local function has_status(order, words)
  local word = rawget(order, "status")
  return word ~= nil and words[word] or false
end

-- The quantity of a position. Nil if it did not decode and was kept as its text: then it is not known.
local function quantity_of(position)
  local quantity = rawget(position, "quantity")
  return getmetatable(quantity) == "bybit.decimal" and quantity or nil
end

-- Kinds of executions: do they change a position (V5 documentation, enums, execType)?
local MOVES = { Trade = true, AdlTrade = true, BustTrade = true, Delivery = true, Settle = true, BlockTrade = true,
  MovePosition = true, FutureSpread = true, Funding = false }

local methods = {}

methods.order = {
  --- Is the order open: may it still fill or be triggered?
  is_open = function(order) return has_status(order, status.open) end,
  --- Has the order ended, in whichever way?
  is_done = function(order) return has_status(order, status.done) end,
}
methods.conditional_order = methods.order
methods.trade = {
  --- Did it change a position? Trades, liquidations and ADL did, funding did not. Nil if its kind is not known.
  is_fill = function(trade) return MOVES[rawget(trade, "trade_type")] end,
}
methods.position = {
  --- Is the position flat? Nil if its quantity could not be read.
  is_flat = function(position)
    if rawget(position, "quantity") == nil then return rawget(position, "side") == nil or nil end
    local quantity = quantity_of(position)
    if not quantity then return nil end
    return quantity:is_zero()
  end,
}

-- Fields that are computed when they are read.
local derived = {
  position = {
    --- The quantity; negative if the position is short. Nil if the quantity or the side could not be read.
    signed_quantity = function(position)
      local quantity, side = quantity_of(position), rawget(position, "side")
      if not quantity or quantity:is_zero() then return quantity end
      if side == "Sell" then return -quantity end
      return side == "Buy" and quantity or nil
    end,
  },
  server_time = {
    --- Milliseconds since 1970. Nil if the moment could not be read.
    timestamp = function(clock)
      local nano = rawget(clock, "time_nano")
      return math.type(nano) == "integer" and nano // 1000000 or nil
    end,
  },
}

local function text_of(value, kind)
  if value == nil then return "-" end
  if kind == "time" and math.type(value) == "integer" then return time.iso(value) end
  return tostring(value)
end

local KINDS = { decimal = "number", integer = "number", time = "time" }

--- The columns that lists of a record show, for grid.lua.
---@param name string
---@return table[] columns
function objects.columns(name)
  local types, columns = {}, {}
  for _, field in ipairs(records[name].fields) do types[field[1]] = field[3] end
  for i, key in ipairs(records[name].shown) do
    columns[i] = { name = key, kind = key:find("order_id$") and "id" or KINDS[types[key]] }
  end
  return columns
end

-- The text of a single record: what lists of it show, in one line.
local function line(name, record)
  local parts = {}
  for _, column in ipairs(objects.columns(name)) do
    local value = rawget(record, column.name)
    if value ~= nil then parts[#parts + 1] = ("%s=%s"):format(column.name, text_of(value, column.kind)) end
  end
  return printable(("%s{%s}"):format(name, table.concat(parts, " ")))
end

--- What a list that the exchange may have cut short prints at its end.
objects.CUT = "(cut short: there may be more)"

--- The text of a list, with a line for each error that stands in the place of a record.
---@param text string
---@param list table
---@return string
function objects.with_errors(text, list)
  local lines = { text }
  for n, record in ipairs(list) do
    local err = rawget(record, "error")
    if err then lines[#lines + 1] = ("%d: %s"):format(n, tostring(err)) end
  end
  return table.concat(lines, "\n")
end

local function list_text(name, list)
  local columns, rows = objects.columns(name), {}
  for n, record in ipairs(list) do
    rows[n] = {}
    for i, column in ipairs(columns) do rows[n][i] = text_of(rawget(record, column.name), column.kind) end
  end
  local text = objects.with_errors((grid.render(columns, rows)), list)
  return rawget(list, "cut") and text .. "\n" .. objects.CUT or text
end

-- The end of a message about a field that a record does not have: a name on the wire and a word of other clients beat a near
-- spelling.
local function hint_of(declaration, names, known, key)
  local plain = synonyms.plain(key)
  for _, field in ipairs(declaration.fields) do
    for _, word in ipairs { field[2], table.unpack(field.also_wire or {}) } do
      if synonyms.plain(word) == plain then return (": here it is '%s'"):format(field[1]) end
    end
  end
  for _, name in ipairs(names) do
    if synonyms.plain(name) == plain then return (": here it is '%s'"):format(name) end
  end
  for _, kind in ipairs { "fields", "parameters" } do
    for _, name in ipairs(synonyms.of(kind, key)) do
      if known[name] then return (": here it is '%s'"):format(name) end
    end
  end
  return nearest.hint(key, names)
end

local function metatable(name, declaration)
  local declared, names = {}, {}
  for _, field in ipairs(declaration.fields) do
    declared[field[1]] = true
    names[#names + 1] = field[1]
  end
  local aliases = declaration.aliases or {}
  for alias in pairs(aliases) do names[#names + 1] = alias end
  local own, worked_out = methods[name] or {}, derived[name] or {}
  for _, list in ipairs { own, worked_out } do
    for key in pairs(list) do names[#names + 1] = key end
  end
  table.sort(names)
  local known, meta = {}, { __name = "bybit." .. name }
  for _, key in ipairs(names) do known[key] = true end
  function meta.__hint(key) return hint_of(declaration, names, known, key) end
  function meta.__index(record, key)
    if declared[key] then return nil end
    local alias = aliases[key]
    if alias then return rawget(record, alias) end
    if own[key] then return own[key] end
    if worked_out[key] then return worked_out[key](record) end
    if type(key) ~= "string" or key == "error" and declaration.may_fail then return nil end
    error(("%s has no field '%s'%s"):format(meta.__name, key, meta.__hint(key)), 2)
  end
  function meta.__tostring(record) return line(name, record) end
  meta.__record, meta.__names = name, names
  meta.__list = { __name = "bybit.list", __record = name,
    __tostring = function(list) return list_text(name, list) end }
  return meta
end

-- For editor types and the reference: record -> name -> the function that is called, or that computes the field.
objects.methods, objects.derived = methods, derived

local made = {}

--- The metatable of a record; its `__list` is the metatable of lists of that record.
---@param name string
---@return table
function objects.metatable(name)
  if not made[name] then made[name] = metatable(name, assert(records[name], name)) end
  return made[name]
end

return objects
