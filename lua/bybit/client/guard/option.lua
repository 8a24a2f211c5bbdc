-- The option `guard` of a client: checks it, and makes exact numbers of it.

local decimal = require("bybit.core").decimal
local errors = require "bybit.errors"
local hints = require "bybit.wire.hints"

---@class bybit.GuardRails
---@field max_order? bybit.exact|table<string, bybit.exact> the most that one order may be for: one quantity for all symbols, or
--- a table from symbols to quantities. An order of a symbol that the table does not name is refused.
---@field max_position? bybit.exact|table<string, bybit.exact> how far the position of a symbol may go to either side, if all
--- open orders and all unsettled calls are filled; given like max_order
---@field orders_per_minute? integer how many orders may be placed in any 60 seconds
---@field band? bybit.exact how far the price of a limit order may be from the mark price, as a fraction: "0.05" is 5 percent. The
--- price of a conditional order is compared with its trigger price.
---@field symbols? string[] the symbols that may be traded
---@field max_drawdown? bybit.exact how far the equity of the symbol's settle coin may be below the highest that was read
--- since the client was made, as a fraction
---@field position_age? number seconds that what was read (position and open orders, prices, equity) may be old; 10 when left out

local DEFAULT_AGE, AGE_MOST = 10, 600 -- seconds

local function wrong(name, wanted, value)
  errors.raise(("bybit.client: option 'guard': '%s': %s expected, got %s"):format(name, wanted, tostring(value)))
end

-- An exact number of what was given; raises if it is none.
local function exact(name, wanted, value)
  local ok, number = pcall(decimal, value)
  if not ok or value == nil then
    local why = type(value) == "number" and tostring(number):gsub("^.-:%d+: ", "") or nil
    wrong(name, wanted, why and ("%s (%s)"):format(tostring(value), why) or value)
  end
  return number
end

local function symbol(name, value)
  if type(value) ~= "string" or not value:find "^[A-Z0-9][A-Z0-9%-]+$" then
    wrong(name, "symbols such as 'BTCUSD'", value)
  end
  return value
end

local function quantity(name, value)
  local number = exact(name, "a quantity, or a table from symbols to quantities,", value)
  if number < 0 then wrong(name, "a quantity of 0 or more", value) end
  return number
end

local check = {}

-- One quantity, or a set of them by symbol.
function check.max_order(name, value)
  if type(value) ~= "table" then return { all = quantity(name, value) } end
  if next(value) == nil then wrong(name, "a quantity, or a table from symbols to quantities,", "an empty table") end
  local of = {}
  for key, given in pairs(value) do of[symbol(name, key)] = quantity(("%s.%s"):format(name, key), given) end
  return { of = of }
end

check.max_position = check.max_order

function check.orders_per_minute(name, value)
  if math.type(value) ~= "integer" or value < 1 then wrong(name, "a whole number of orders, 1 or more,", value) end
  return value
end

local function fraction(name, value)
  local wanted = 'a fraction above 0 and at most 1, such as "0.05" for 5 percent,'
  local number = exact(name, wanted, value)
  if not (number > 0 and number <= 1) then wrong(name, wanted, value) end
  return number
end

check.band, check.max_drawdown = fraction, fraction

function check.symbols(name, value)
  if type(value) ~= "table" or #value == 0 then wrong(name, "a list of symbols", value) end
  local set, list = {}, {}
  for key, given in pairs(value) do
    if math.type(key) ~= "integer" then wrong(name, "a list of symbols", ("a field '%s'"):format(tostring(key))) end
    set[symbol(name, given)], list[#list + 1] = true, given
  end
  table.sort(list)
  return { set = set, text = table.concat(list, ", ") }
end

function check.position_age(name, value)
  if type(value) ~= "number" or not (value >= 0 and value <= AGE_MOST) then
    wrong(name, ("seconds from 0 to %d"):format(AGE_MOST), value)
  end
  return value
end

local option = {}

--- Checks the option. Raises for a rail that does not exist and for a value that is none of the rail's.
---@param given any
---@return table rails by their names
function option.rails(given)
  if type(given) ~= "table" then
    errors.raise(("bybit.client: option 'guard': a table of rails, such as {max_order = 1000}, expected, got %s"):format(
      tostring(given)))
  end
  local rails, names = { position_age = DEFAULT_AGE }, {}
  for name in pairs(check) do names[name] = true end
  for name, value in pairs(given) do
    if not check[name] then
      errors.raise(("bybit.client: option 'guard': no rail '%s'%s"):format(tostring(name), hints.known(name, names)))
    end
    rails[name] = check[name](name, value)
  end
  return rails
end

return option
