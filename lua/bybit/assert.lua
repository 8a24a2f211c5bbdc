-- `local check = require "bybit.assert"`: states what a strategy takes for granted; the line raises if it is not so.
--
--   local ack = check(client:place_order { ... })        one value, or the error is raised
--   check.equal(position.quantity, 100, "position")      compares decimals by value, unlike ==
--   check.multiple(price, tick, "price")
--   check.between(quantity, 1, 1000, "quantity")

require "bybit.version" -- first: it says which Lua is needed
local core = require "bybit.core"

local decimal, protect = core.decimal, core.hooks.protect

local check = {}

local function number(value, what, level)
  local ok, exact = protect(decimal, value)
  if ok then return exact end
  error(("%s: an exact number expected, got %s"):format(what, tostring(value)), level + 1)
end

-- Raises "price: 30000.3 is not a multiple of 0.5" at the caller's line.
local function fail(what, text, ...)
  error(("%s: "):format(what) .. text:format(...), 3)
end

local function numbers(what, ...)
  local list = { ... }
  for i, value in ipairs(list) do list[i] = number(value, what, 3) end
  return table.unpack(list)
end

--- Two numbers must be equal by value: decimals, integers, numeric texts.
---@param value any
---@param wanted any
---@param what? string for the message
---@return any value
function check.equal(value, wanted, what)
  what = what or "value"
  if value == nil or wanted == nil then error(("%s: %s expected, got %s"):format(what, tostring(wanted), tostring(value)), 2) end
  local a, b = numbers(what, value, wanted)
  if not a:eq(b) then fail(what, "%s expected, got %s", b, a) end
  return value
end

--- A number must be a multiple of a step, as a price is of its tick.
---@param value any
---@param step any above 0
---@param what? string for the message
---@return any value
function check.multiple(value, step, what)
  what = what or "value"
  local a, b = numbers(what, value, step)
  if not (a % b):is_zero() then fail(what, "%s is not a multiple of %s", a, b) end
  return value
end

--- A number must lie between two others, both included.
---@param value any
---@param low any
---@param high any
---@param what? string for the message
---@return any value
function check.between(value, low, high, what)
  what = what or "value"
  local a, least, most = numbers(what, value, low, high)
  if a < least or a > most then fail(what, "%s is not between %s and %s", a, least, most) end
  return value
end

--- Returns only the result of a call, so that `table.insert(t, check(client:get_orders{...}))` inserts it; raises the call's
--- error as it is.
---@generic T
---@param result T?
---@param err? any
---@return T
local function one(_, result, err)
  if result ~= nil and result ~= false then return result end
  if err == nil then error("a result expected, got " .. tostring(result), 2) end
  error(err, type(err) == "string" and 2 or 0)
end

return setmetatable(check, { __call = one })
