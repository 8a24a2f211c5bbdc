-- The door of the paper exchange: whether its options and the arguments of its methods can be meant. A wrong one raises at
-- the caller's line, with the value and what would be right, before anything has crossed to the exchange's own state. Here
-- too is what the options are when they are left out.

local decimal = require("bybit.core").decimal
local errors = require "bybit.errors"
local faults = require "bybit.paper.faults"
local instruments = require "bybit.paper.engine.instruments"
local nearest = require "bybit.text.nearest"
local prices = require "bybit.paper.prices"
local printable = require "bybit.text.printable"

local door = {}

local MOST_COINS = decimal "1000000000000000"

-- Raises; `where` is what is wrong, `wanted` what would be right.
local function fail(where, wanted, value)
  errors.raise(("%s: %s expected, got %s"):format(where, wanted, value))
end

local function shown(value)
  local kind = type(value)
  if kind == "nil" then return "nothing" end
  if kind == "table" then return "a table" end
  local text = printable(tostring(value))
  if #text > 60 then text = text:sub(1, 57) .. "..." end
  return kind == "string" and ("'%s' (string)"):format(text) or ("%s (%s)"):format(text, math.type(value) or kind)
end

local function wrong(where, wanted, value)
  fail(where, wanted, shown(value))
end

-- `did you mean`, for a name that is not one of these.
local function hint(name, names)
  local list = {}
  for known in pairs(names) do list[#list + 1] = known end
  table.sort(list)
  return nearest.hint(name, list)
end

---------------------------------------------------------------------------------------------------------------
-- Values. Each takes where it stands and the value, and gives what goes across.

local function whole(low, high, unit)
  local wanted = ("a whole number from %d to %d%s"):format(low, high, unit and " " .. unit or "")
  return function(where, value)
    local n = math.type(value) and math.tointeger(value)
    if not n or n < low or n > high then wrong(where, wanted, value) end
    return n
  end
end

local function seconds(high)
  local wanted = ("seconds from 0 to %d"):format(high)
  return function(where, value)
    if not math.type(value) or not (value >= 0 and value <= high) then wrong(where, wanted, value) end
    return value
  end
end

local function any_integer(where, value)
  local n = math.type(value) and math.tointeger(value)
  if not n then wrong(where, "a whole number", value) end
  return n
end

local function flag(where, value)
  if type(value) ~= "boolean" then wrong(where, "true or false", value) end
  return value
end

local function text(pattern, wanted)
  return function(where, value)
    if type(value) ~= "string" or not value:find(pattern) then wrong(where, wanted, value) end
    return value
  end
end

local function word(...)
  local words = { ... }
  local wanted = '"' .. table.concat(words, '" or "') .. '"'
  return function(where, value)
    for _, allowed in ipairs(words) do
      if value == allowed then return value end
    end
    wrong(where, wanted, value)
  end
end

-- An exact number: a decimal, its text, an integer, or a float that is what it looks like.
local function exact(where, value)
  local kind = type(value)
  if kind ~= "number" and kind ~= "string" and kind ~= "userdata" then wrong(where, "an exact number", value) end
  local ok, x = pcall(decimal, value)
  if not ok then errors.raise(("%s: %s"):format(where, (tostring(x):gsub("^decimal: ", "")))) end
  return x
end

local function amount(low, high)
  return function(where, value)
    local x = exact(where, value)
    if x < low or x > high then wrong(where, ("an amount from %s to %s"):format(low, high), value) end
    return tostring(x)
  end
end

-- The fields of a table, each by its own check; `must` names those that it cannot be without.
local function fields(checks, must)
  return function(where, value)
    if type(value) ~= "table" then wrong(where, "a table", value) end
    local out = {}
    for name, given in pairs(value) do
      local check = checks[name]
      if not check then
        errors.raise(("%s: unknown field '%s'%s"):format(where, printable(tostring(name)), hint(name, checks)))
      end
      out[name] = check(("%s: '%s'"):format(where, name), given)
    end
    for _, name in ipairs(must or {}) do
      if value[name] == nil then errors.raise(("%s: '%s' is missing"):format(where, name)) end
    end
    return out
  end
end

-- The entries of a list, which has no holes and no other fields.
local function list(check)
  return function(where, value)
    if type(value) ~= "table" or #value == 0 then wrong(where, "a list of at least one", value) end
    local out = {}
    for i = 1, #value do out[i] = check(("%s[%d]"):format(where, i), value[i]) end
    for name in pairs(value) do
      if not out[name] then errors.raise(("%s: a list expected, got field '%s'"):format(where, printable(tostring(name)))) end
    end
    return out
  end
end

---------------------------------------------------------------------------------------------------------------
-- Options.

local function coins(where, value)
  if type(value) ~= "table" then wrong(where, "amounts by coin, such as {BTC = \"5\"},", value) end
  local out, check = {}, amount(decimal(0), MOST_COINS)
  for name, given in pairs(value) do
    if type(name) ~= "string" or not name:find "^[A-Z0-9]+$" or #name > 16 then
      wrong(where, "a coin such as BTC, in capitals,", name)
    end
    out[name] = check(("%s: '%s'"):format(where, name), given)
  end
  return out
end

local function secret(name)
  return function(where, value)
    if type(value) ~= "string" or value == "" then fail(where, "a text that is not empty", type(value)) end
    if name == "public_key" and not value:find "%-%-%-%-%-BEGIN [%u ]*PUBLIC KEY%-%-%-%-%-" then
      fail(where, "the public key of an RSA key, as PEM text,", "another text")
    end
    return value
  end
end

local KEY = {
  key = text("^%g+$", "printable characters without spaces"), secret = secret "secret", public_key = secret "public_key",
  read_only = flag, deposit = coins,
}
local read_key = fields(KEY, { "key" })

local function keys(where, value)
  local out, seen = list(read_key)(where, value), {}
  for i, entry in ipairs(out) do
    local here = ("%s[%d]"):format(where, i)
    if (entry.secret == nil) == (entry.public_key == nil) then
      errors.raise(here .. ": either 'secret' or 'public_key' expected, got " .. (entry.secret and "both" or "neither"))
    end
    if seen[entry.key] then errors.raise(("%s: the same key again, '%s'"):format(here, entry.key)) end
    seen[entry.key] = true
  end
  return out
end

-- What a request may be counted as: the paths of V5 that have a limit, the groups of v2, and `ip`.
local function limit_names()
  local names = { ip = true }
  for _, room in ipairs { "v5.endpoints", "v5.account", "v2.endpoints" } do
    for route, endpoint in pairs(require("bybit.paper." .. room)) do
      if endpoint.group then names["v2/" .. endpoint.group] = true end
      if endpoint.auth and not endpoint.group then names[route:match "/v5/(.*)"] = true end
    end
  end
  return names
end

local function limits(where, value)
  if value == false then return false end
  if type(value) ~= "table" then wrong(where, "false, or a table of limits,", value) end
  local out, names, check = {}, limit_names(), whole(1, 1000000, "or false")
  for name, given in pairs(value) do
    if not names[name] then
      errors.raise(("%s: no limit is called '%s'%s"):format(where, printable(tostring(name)), hint(name, names)))
    end
    out[name] = given ~= false and check(("%s: '%s'"):format(where, name), given)
  end
  return out
end

local ZERO = decimal(0)

local function positive(where, value)
  local x = exact(where, value)
  if x <= ZERO then wrong(where, "a number above 0", value) end
  return tostring(x)
end

local function rate(where, value)
  local x = exact(where, value)
  if x <= -1 or x >= 1 then wrong(where, "a fraction between -1 and 1", value) end
  return tostring(x)
end

local INSTRUMENT = {
  symbol = text("^[A-Z0-9][A-Z0-9%-]+$", "a symbol such as BTCUSD"), base = text("^[A-Z0-9]+$", "a coin such as BTC"),
  id = whole(1, 1000000), scale = whole(0, 18), launch = whole(0, 4102444800000, "ms"), funding_minutes = whole(1, 43200),
  status = word("PreLaunch", "Trading", "Delivering", "Closed"), taker = rate, maker = rate, funding_rate = rate, mm_rate = rate,
  risk_limit = positive, category = word("inverse", "linear"), quote = text("^[A-Z0-9]+$", "a coin such as USDT"),
  delivery = whole(0, 4102444800000, "ms"), delivery_fee = rate, interest = positive, min_notional = positive,
}
for _, name in ipairs { "tick", "min_price", "max_price", "max_leverage", "start", "min_qty", "qty_step", "max_qty",
  "max_market_qty", "min_leverage", "leverage_step", "x", "y" } do INSTRUMENT[name] = positive end
local read_instrument = fields(INSTRUMENT, { "symbol", "base" })

-- What a contract's prices have to do with each other.
local function check_prices(where, c)
  for _, name in ipairs { "start", "min_price", "max_price" } do
    if not (c[name] % c.tick):is_zero() then
      fail(("%s: '%s'"):format(where, name), ("a multiple of the tick %s"):format(c.tick), tostring(c[name]))
    end
  end
  if c.start < c.min_price or c.start > c.max_price then
    fail(("%s: 'start'"):format(where), ("a price from %s to %s"):format(c.min_price, c.max_price), tostring(c.start))
  end
  if c.min_qty > c.max_qty then fail(("%s: 'min_qty'"):format(where), ("at most %s"):format(c.max_qty), tostring(c.min_qty)) end
end

local function contracts(where, value)
  local out, seen = list(read_instrument)(where, value), {}
  for i, row in ipairs(out) do
    local here = ("%s[%d]"):format(where, i)
    row.id = row.id or i
    check_prices(here, instruments.compile(row))
    for _, name in ipairs { "symbol", "id" } do
      local mark = name .. row[name]
      if seen[mark] then errors.raise(("%s: the same %s again, %s"):format(here, name, row[name])) end
      seen[mark] = true
    end
  end
  return out
end

-- Files of prices, by symbol: each one path, or a list of them.
local function histories(where, value)
  if type(value) ~= "table" then wrong(where, "paths of CSV files by symbol, such as {BTCUSD = \"btcusd.csv\"},", value) end
  local out = {}
  for symbol, given in pairs(value) do
    if type(symbol) ~= "string" then wrong(where, "a symbol such as BTCUSD", symbol) end
    local here = ("%s: '%s'"):format(where, printable(symbol))
    out[symbol] = list(text("^.", "the path of a file"))(here, type(given) == "table" and given or { given })
    local first, trouble = prices.check(out[symbol], symbol)
    if not first then errors.raise(("%s: %s"):format(here, trouble)) end
    out.first = math.min(out.first or first, first)
  end
  return out
end

local function fault_rules(where, value)
  local ok, trouble = pcall(faults.check, value)
  if not ok then errors.raise(where .. trouble) end
  return value
end

local OPTIONS = {
  port = whole(0, 65535), seed = any_integer, keys = keys, clock = word("real", "manual"),
  start_time = whole(946684800000, 4102444800000, "ms since 1970: a year from 2000 to 2099"), deposit = coins,
  lag = whole(0, 3600000, "ms"), limits = limits, instruments = contracts, prices = histories,
  faults = function(_, value) return fault_rules("bybit.paper.start: ", value) end,
  keep = whole(1, 10000000), active_orders = whole(1, 10000000), auth_status_401 = flag,
}

--- The options as they cross to the exchange. Raises at the first that cannot be meant.
---@param options any
---@param called string the function that was called, for messages
---@return table
function door.options(options, called)
  local where = "bybit.paper." .. called
  if options == nil then return {} end
  if type(options) ~= "table" then wrong(where, "a table of options", options) end
  local out = {}
  for name, value in pairs(options) do
    local check = OPTIONS[name]
    if not check then
      errors.raise(("%s: unknown option '%s'%s"):format(where, printable(tostring(name)), hint(name, OPTIONS)))
    end
    out[name] = check(("%s: option '%s'"):format(where, name), value)
  end
  if out.start_time and out.clock ~= "manual" and not out.prices then
    errors.raise(where .. ": option 'start_time' needs clock = \"manual\"")
  end
  return out
end

---------------------------------------------------------------------------------------------------------------
-- Arguments of an exchange's methods.

--- The files of prices by symbol. Raises when there is no such contract.
---@param given table? the option `prices`, checked
---@param known table<string, table> the contracts, by symbol
---@param called string the function that was called, for messages
---@return table<string, string[]>?
function door.histories(given, known, called)
  if not given then return nil end
  local out = {}
  for symbol, paths in pairs(given) do
    if symbol ~= "first" then
      out[symbol] = paths
      if not known[symbol] then
        errors.raise(("bybit.paper.%s: option 'prices': no contract is called '%s'%s"):format(called, printable(symbol),
          hint(symbol, known)))
      end
    end
  end
  return out
end

--- The contracts of an exchange by symbol, as its prices are checked against them.
---@param rows table[] as instruments.lua has them
---@return table<string, table>
function door.contracts(rows)
  local by_symbol = {}
  for _, row in ipairs(rows) do by_symbol[row.symbol] = instruments.compile(row) end
  return by_symbol
end

-- A price of a contract, as text.
local function price(where, value, contract)
  local x = exact(where, value)
  if x < contract.min_price or x > contract.max_price then
    wrong(where, ("a price from %s to %s"):format(contract.min_price, contract.max_price), value)
  end
  if not (x % contract.tick):is_zero() then wrong(where, ("a multiple of %s"):format(contract.tick), value) end
  return tostring(x)
end

local WITH = { mark = true, index = true, walk = true }

--- What set_price is given: prices as texts.
---@param known table<string, table> by symbol
---@return string last
---@return { mark: string?, index: string?, walk: boolean? } others
function door.prices(known, symbol, last, with)
  local contract = known[symbol]
  if not contract then
    local symbols = {}
    for name in pairs(known) do symbols[#symbols + 1] = name end
    table.sort(symbols)
    wrong("set_price: 'symbol'", ("one of %s"):format(table.concat(symbols, ", ")), symbol)
  end
  local paid, out = price("set_price: 'price'", last, contract), {}
  if with == nil then return paid, out end
  if type(with) ~= "table" then wrong("set_price: the third argument", "a table {mark =, index =, walk =}", with) end
  for name, value in pairs(with) do
    if not WITH[name] then
      errors.raise(("set_price: unknown field '%s'%s"):format(printable(tostring(name)), hint(name, WITH)))
    end
    local where = ("set_price: '%s'"):format(name)
    out[name] = name == "walk" and flag(where, value) or name ~= "walk" and price(where, value, contract) or nil
  end
  return paid, out
end

local DAYS = 30

door.ticks = whole(0, DAYS * 86400 * 10, "ticks")
door.span = seconds(1000000000)
door.walk = seconds(DAYS * 86400)

--- Faults, as exchange:faults takes them.
function door.faults(value)
  return fault_rules("", value)
end

--- The key of one of an exchange's accounts.
function door.key(known, value)
  for _, entry in ipairs(known) do
    if entry.key == value then return value end
  end
  wrong("books: 'key'", "the key of one of its accounts", value)
end

return door
