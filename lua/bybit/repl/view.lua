-- The client as a session has it: a view with the session's symbol, whose calls Ctrl-C cancels, and which asks before the
-- first one that changes something where the money is real. `calls` are its methods as functions that return one value
-- and raise what failed; `client` returns nil, err as clients do.

local bybit = require "bybit"
local cursor = require "bybit.cursor"
local help = require "bybit.help"

---@class bybit.repl.Care what the session decides
---@field symbol fun(): string
---@field allow fun(what: string): boolean may this be sent?
---@field token? userdata cancelled by Ctrl-C; a new one for each line
---@field flying integer calls under way

-- place_order BTCUSD Buy 100 @ 30000
local function in_words(care, name, params)
  local parts, given = { name }, type(params) == "table" and params or {}
  parts[2] = tostring(given.symbol or care.symbol())
  for _, key in ipairs { "side", "quantity", "order_id", "stop_order_id", "client_order_id" } do
    if given[key] ~= nil then parts[#parts + 1] = tostring(given[key]) end
  end
  if given.price ~= nil then parts[#parts + 1] = "@ " .. tostring(given.price) end
  return table.concat(parts, " ")
end

-- Runs a call and counts it while it flies, whichever way it ends.
local function fly(care, f, ...)
  care.flying = care.flying + 1
  local results = table.pack(pcall(f, ...))
  care.flying = care.flying - 1
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

local function ask(care, what)
  if not care.allow(what) then error(what .. " was not sent", 0) end
end

local careful

local function declared(care, target, name, row)
  return function(_, ...)
    if row.changes then ask(care, in_words(care, name, (...))) end
    local v = target()
    return fly(care, v[name], v, ...)
  end
end

local function methods_of(care, client, dialect, target, proxy)
  local methods = {}
  for _, name in ipairs(help.methods(dialect)) do
    methods[name] = declared(care, target, name, dialect.endpoints[name])
  end
  for name, f in pairs { each = cursor.each, pages = cursor.pages, collect = cursor.collect } do
    methods[name] = function(_, ...) return f(proxy, ...) end -- by the methods above
  end
  function methods.request(_, verb, path, params, options)
    if verb ~= "GET" then ask(care, ("%s %s"):format(tostring(verb), tostring(path))) end
    local o = { cancel = care.token }
    for k, v in pairs(options or {}) do o[k] = v end
    return fly(care, client.request, client, verb, path, params, o)
  end
  methods["with"] = function(_, defaults)
    local v = target():with(defaults)
    return careful(care, client, dialect, function() return v end)
  end
  return methods
end

-- target(): what the methods are called on.
function careful(care, client, dialect, target)
  local proxy = {}
  local methods = methods_of(care, client, dialect, target, proxy)
  cursor.views[proxy] = { client = client } -- so that walks take it for what it is
  return setmetatable(proxy, {
    __name = "bybit.client",
    __tostring = function() return ("%s with symbol=%s"):format(tostring(client), care.symbol()) end,
    __index = function(_, name)
      if methods[name] then return methods[name] end
      local value = client[name] -- raises for what there is none of
      if type(value) ~= "function" then return value end
      return function(_, ...) return value(client, ...) end
    end,
  })
end

-- One value, or an error.
local function raising(result, err)
  if result == nil and err ~= nil then error(err, 0) end
  return result
end

--- The view of a client.
---@param client table
---@param dialect table
---@param care bybit.repl.Care
---@return table client
---@return table<string, function> calls
return function(client, dialect, care)
  care.flying, care.token = 0, bybit.cancel_token()
  local view = careful(care, client, dialect, function()
    return client:with { symbol = care.symbol(), cancel = care.token }
  end)
  local calls = {}
  for _, name in ipairs(help.methods(dialect)) do
    calls[name] = function(...)
      if (...) == view then error(("%s{...}, or client:%s{...}"):format(name, name), 0) end
      return raising(view[name](view, ...))
    end
  end
  for _, name in ipairs { "each", "pages", "collect" } do
    calls[name] = function(...) return view[name](view, ...) end
  end
  function calls.request(...) return raising(view:request(...)) end
  return view, calls
end
