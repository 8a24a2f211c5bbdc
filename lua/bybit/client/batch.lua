-- Methods of batches: client:place_multiple_orders { {...}, {...}, timeout = 5 }. Each element is checked and encoded as a call of its own
-- would be, before anything is sent; options stand beside the elements and count for all of them.

local batch = require "bybit.outcome.batch"
local errors = require "bybit.errors"
local hints = require "bybit.wire.hints"
local rows = require "bybit.wire.rows"

local batches = {}

local function set_of(params, into)
  for _, p in ipairs(params) do
    into[p[1]] = true
    if p.also then into[p.also] = true end
  end
  return into
end

-- The names of what stands beside the elements of a batch: its own parameters, and the options of every call, but what goes into each
-- element.
local function options_of(row, common)
  local names = set_of(common, set_of(row.params, {}))
  names.extra = nil
  return names
end

--- The declaration of what stands beside the elements of a batch.
---@param row table of the batch
---@param common table[] the options of every call
---@return table
function batches.options_row(row, common)
  local own, names = {}, options_of(row, common)
  for k, v in pairs(row) do own[k] = v end
  own.params = {}
  for _, list in ipairs { row.params, common } do
    for _, p in ipairs(list) do
      if names[p[1]] then own.params[#own.params + 1] = p end
    end
  end
  return own
end

-- Which of its kinds an element is: the first that takes all of its parameters, or else the one that alone takes one of them.
local function kind_of(kinds, given)
  for _, kind in ipairs(kinds) do
    if kind.alone then
      for name in pairs(given) do
        if kind.alone[name] then return kind end
      end
    end
  end
  return kinds[1]
end

-- Notes in each kind of element which names only that kind takes.
local function tell_apart(kinds)
  for i, kind in ipairs(kinds) do
    kind.names = set_of(kind.plain.params, {})
    kind.names.extra = true
    kind.alone = i > 1 and {} or nil
    for name in pairs(i > 1 and kind.names or {}) do
      kind.alone[name] = not kinds[1].names[name] or nil
    end
  end
end

-- Why a name cannot stand beside the elements.
local function stray(name, key, kinds, options)
  if math.type(key) then return ("there is no order at [%s]: the list has holes"):format(tostring(key)) end
  for _, kind in ipairs(kinds) do
    if kind.names[key] then return ("'%s' belongs into each order: %s { { %s = ... }, ... }"):format(key, name, key) end
  end
  return ("unknown option '%s'%s"):format(tostring(key), hints.known(key, options))
end

-- The elements that were given, and the options beside them. Raises where that is no batch.
local function split(name, row, kinds, options, list)
  if type(list) ~= "table" then errors.raise(("%s: a list of orders expected, got %s"):format(name, type(list))) end
  if getmetatable(list) and getmetatable(list).__index then
    errors.raise(("%s: a plain list expected: this one has a metatable with __index"):format(name))
  end
  local elements, beside = {}, {}
  while rawget(list, #elements + 1) ~= nil do elements[#elements + 1] = rawget(list, #elements + 1) end
  local strays = {}
  for key, value in next, list do
    local place = math.type(key) == "integer" and key >= 1 and key <= #elements
    if not place and not options[key] then strays[#strays + 1] = key end
    if not place then beside[key] = value end
  end
  if #strays > 0 then
    table.sort(strays, function(a, b) return tostring(a) < tostring(b) end)
    errors.raise(("%s: %s"):format(name, stray(name, strays[1], kinds, options)))
  end
  if #elements == 0 then errors.raise(("%s: there is no order in the list"):format(name)) end
  if #elements > row.most then
    errors.raise(("%s: %d orders are in the list, and a request holds %d at most"):format(name, #elements, row.most))
  end
  return elements, beside
end

-- The parameters of an element as a call of its own would have them.
local function params_of(name, i, given, options, beside)
  if type(given) ~= "table" then
    errors.raise(("%s: order %d: a table of parameters expected, got %s"):format(name, i, type(given)))
  end
  local params = {}
  for key, value in next, given do
    if options[key] then
      errors.raise(("%s: order %d: '%s' is an option of the whole call: it stands beside the orders"):format(name, i,
        tostring(key)))
    end
    params[key] = value
  end
  for key, value in pairs(beside) do params[key] = value end
  return params, getmetatable(given)
end

-- Raises what the C core says of an element, with its place; of an option without it.
local function wrong(name, i, why, options)
  if type(why) ~= "string" or why:sub(1, #name + 2) ~= name .. ": " then error(why, 0) end
  local named = why:match "^[%w_]+: parameter '([%w_]+)'"
  if options[named or ""] then errors.raise(why) end
  errors.raise(("%s: order %d: %s"):format(name, i, why:sub(#name + 3)))
end

-- Raises for two elements that name the same order: which of them would count?
local function check_twice(name, i, element, seen)
  local p = element.params
  for _, pair in ipairs { { "order_id", p.order_id or p.stop_order_id }, { "client_order_id", element.link } } do
    local what, id = pair[1], pair[2]
    if id and id ~= "" then
      local key = what .. id
      if seen[key] then
        errors.raise(("%s: orders %d and %d have the same %s, '%s'"):format(name, seen[key], i, what, id))
      end
      seen[key] = i
    end
  end
end

--- Makes the method of a batch.
---@param name string
---@param row table the batch's declaration
---@param kinds table[] what its elements may be: { row =, plain =, make =, facts = }
---@param common table[] the options of every call
---@param send function client, options, calls: makes the request
---@param api "v5"|"v2"
---@return function
function batches.method(name, row, kinds, common, send, api)
  local options = options_of(row, common)
  tell_apart(kinds)
  local function make(client, i, given, beside)
    local params, meta = params_of(name, i, given, options, beside)
    local kind = kind_of(kinds, params)
    rows.declare(name, kind.row, api) -- for hints
    local ok, call, link = pcall(kind.make, client, setmetatable(params, meta))
    if not ok then wrong(name, i, call, options) end
    return { call = call, link = link, row = kind.row, plain = kind.plain, params = params, facts = kind.facts }
  end
  return function(client, list, ...)
    if type(client) ~= "userdata" then
      errors.raise(("%s: called with '.' in place of ':': write client:%s { {...}, {...} }"):format(name, name))
    end
    if select("#", ...) > 0 then errors.raise(("%s: one list of orders expected, got more arguments"):format(name)) end
    local given, beside = split(name, row, kinds, options, list)
    local elements, calls, seen = {}, {}, {}
    for i, one in ipairs(given) do
      elements[i] = make(client, i, one, beside)
      check_twice(name, i, elements[i], seen)
      calls[i] = elements[i].call
    end
    batch.keep(beside, elements)
    return errors.call(send, client, beside, calls)
  end
end

-- A list whose elements have the defaults of a view, where they take them.
local function filled(options, kinds, list, defaults)
  if type(list) ~= "table" then return list end
  local out = {}
  for key, value in next, list do
    out[key] = value
    if type(value) == "table" and math.type(key) then
      local element, kind = {}, kind_of(kinds, value)
      for k, v in next, value do element[k] = v end
      for _, p in ipairs(kind.plain.params) do
        local given = element[p[1]] ~= nil or p.also and element[p.also] ~= nil
        for _, word in ipairs { p[1], p.also } do
          if not given and not options[word] and defaults[word] ~= nil then
            element[p[1]] = defaults[word]
            break
          end
        end
      end
      out[key] = setmetatable(element, getmetatable(value))
    end
  end
  for name in pairs(options) do
    if out[name] == nil then out[name] = defaults[name] end
  end
  return out
end

-- What the elements of a batch may be.
local function kinds_of(row)
  local kinds = {}
  for i, plain in ipairs(rows.elements(row)) do kinds[i] = { plain = plain } end
  tell_apart(kinds)
  return kinds
end

--- Makes the function that gives the elements of a list the defaults of a view, where they take them.
---@param class table
---@param row table of the batch
---@return fun(list: any, defaults: table): any
function batches.filler(class, row)
  local options, kinds = options_of(row, class.dialect.common), kinds_of(row)
  return function(list, defaults) return filled(options, kinds, list, defaults) end
end

--- What an element is, from the names that are given: a row of rows.elements.
---@param row table of the batch
---@param given table<string, any>
---@return table
function batches.kind(row, given)
  return kind_of(kinds_of(row), given).plain
end

--- Calls a function with each element of a list and the words for its place.
---@param name string
---@param list any
---@param f fun(element: table, where: string)
function batches.each(name, list, f)
  for i, element in ipairs(type(list) == "table" and list or {}) do
    if type(element) == "table" then f(element, ("%s: order %d"):format(name, i)) end
  end
end

return batches
