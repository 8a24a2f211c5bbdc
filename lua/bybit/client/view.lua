-- Views: the methods of a client with default parameters, which are filled in where a method has them. With `raise = true` a
-- view raises errors in place of returning them: `local btc = client:with{symbol = "BTCUSD", raise = true}`.

local added = require "bybit.client.added"
local batches = require("bybit.later").module "bybit.client.batch"
local core = require "bybit.core"
local cursor = require "bybit.client.cursor"
local errors = require "bybit.errors"
local hints = require "bybit.wire.hints"
local rows = require "bybit.wire.rows"

local view = {}

-- The names of all parameters of all methods of a wire.
local function known_names(class)
  if class.known_names then return class.known_names end
  local known = {}
  for _, row in pairs(class.dialect.endpoints) do
    for _, p in ipairs(row.internal and {} or row.params or {}) do
      known[p[1]] = true
      if p.also then known[p.also] = true end
    end
  end
  for _, p in ipairs(class.dialect.common) do known[p[1]] = true end
  class.known_names = known
  return known
end

-- The names of the parameters of a method; a second name leads to the first.
local function names_of(class, method)
  local row, names = class.dialect.endpoints[method], {}
  if added[method] then
    for name in pairs(added[method].fills) do names[name] = name end
    return names
  end
  for _, list in ipairs { row.params or {}, class.dialect.common } do
    for _, p in ipairs(list) do
      names[p[1]] = p[1]
      if p.also then names[p.also] = p[1] end
    end
  end
  return names
end

local function check(class, defaults)
  if type(defaults) ~= "table" then
    errors.raise("with: a table of default parameters expected, got " .. type(defaults))
  end
  local known = known_names(class)
  for name, value in pairs(defaults) do
    if name == "raise" then
      if type(value) ~= "boolean" then errors.raise("with: 'raise': true or false expected, got " .. tostring(value)) end
    elseif not known[name] then
      errors.raise(("with: no method has a parameter '%s'%s"):format(tostring(name), hints.known(name, known)))
    end
  end
end

-- What the caller gave, and the defaults of parameters that the method has and the caller did not give.
local function filled(names, defaults, params)
  local out, given = {}, {}
  for k, v in pairs(params or {}) do
    out[k] = v
    given[names[k] or k] = true
  end
  for k, v in pairs(defaults) do
    if names[k] and not given[names[k]] then out[k] = v end
  end
  return out
end

local function one(raise, ...)
  if not raise then return ... end
  local result, err = ...
  if result == nil then error(err, 0) end
  return result
end

local function passed_on(raise, ok, ...)
  if ok then return one(raise, ...) end
  local err = ...
  if type(err) ~= "string" or err:find "^[^\n]-:%d+: " then error(err, 0) end
  errors.raise(err) -- the C core does not see the caller's line above pcall
end

-- Calls a method for the caller of the view, whose line a message about a wrong call has to name.
local function call(raise, method, ...)
  return passed_on(raise, pcall(method, ...))
end

local states = setmetatable({}, { __mode = "k" }) -- view -> { client, defaults, raise, methods }

-- Which argument of a client's own methods is a table that may say the category.
local OPTIONS = { check = 1, instrument = 2, request = 3 }

-- The arguments with the view's category in that table, unless it says another.
local function with_category(state, place, ...)
  local category, arguments = state.defaults.category, table.pack(...)
  local given = place and category and arguments[place]
  if not place or not category or given ~= nil and type(given) ~= "table" then return ... end
  local filled_in = { category = category }
  for k, v in pairs(given or {}) do filled_in[k] = v end
  arguments[place], arguments.n = filled_in, math.max(arguments.n, place)
  return table.unpack(arguments, 1, arguments.n)
end

-- A function that calls a method of the view's client with the view's defaults.
local function method_of(state, name)
  local client = state.client
  local class = core.client.table(client).class
  local method = class.find(name) and client[name] or class.missing("a view", name)
  if not rows.method(class.dialect.endpoints, name) and not added[name] then
    local place = class.dialect.category and OPTIONS[name]
    return function(_, ...) return call(state.raise, method, client, with_category(state, place, ...)) end
  end
  local row = class.dialect.endpoints[name]
  if row and row.elements then
    local fill = batches.filler(class, row)
    return function(_, list, ...) return call(state.raise, method, client, fill(list, state.defaults), ...) end
  end
  local names = names_of(class, name)
  return function(_, params, ...)
    if params == nil or type(params) == "table" then params = filled(names, state.defaults, params) end
    return call(state.raise, method, client, params, ...)
  end
end

-- Methods that call other methods of the view by their names, so that its defaults count for them too.
local walks = { each = cursor.each, pages = cursor.pages, collect = cursor.collect }

local make

local function with(state)
  return function(_, defaults)
    local merged = {}
    for k, v in pairs(state.defaults) do merged[k] = v end
    merged.raise = state.raise
    for k, v in pairs(defaults) do merged[k] = v end
    return make(state.client, merged)
  end
end

local meta = { __name = "bybit.view" }

function meta.__index(self, name)
  local state = states[self]
  local method = state.methods[name]
  if method then return method end
  local f = walks[name] or name == "with" and with(state) or method_of(state, name)
  method = function(v, ...)
    if not states[v] then
      errors.raise(("%s: called with '.' in place of ':': write view:%s{...}"):format(name, name))
    end
    return f(v, ...)
  end
  state.methods[name] = method
  return method
end

function meta.__newindex(_, name)
  errors.raise(("a view has no field '%s' to set"):format(tostring(name)))
end

function meta.__tostring(self)
  local state, parts = states[self], {}
  for k, v in pairs(state.defaults) do parts[#parts + 1] = ("%s=%s"):format(k, tostring(v)) end
  table.sort(parts)
  return ("%s with %s"):format(tostring(state.client), table.concat(parts, " "))
end

function make(client, defaults)
  check(core.client.table(client).class, defaults)
  local state = { client = client, defaults = {}, raise = defaults.raise, methods = {} }
  for k, v in pairs(defaults) do
    if k ~= "raise" then state.defaults[k] = v end
  end
  local v = setmetatable({}, meta)
  states[v] = state
  cursor.views[v] = state
  return v
end

--- A view of a client: the same methods, with default parameters where a method has them.
---@param client table
---@param defaults table parameters of any method (symbol, time_in_force, timeout, cancel, confirm ...), and `raise`: with it a
--- call returns exactly one value, and raises its error
---@return bybit.View view
function view.new(client, defaults)
  return make(client, defaults)
end

return view
