-- The client of a session: a view with the session's symbol filled in. Ctrl-C cancels its calls. It reads back what it changed,
-- so that an order placed is shown. `calls` are its methods as functions that return one value or raise; `client` returns
-- nil, err like any client.

local bybit = require "bybit"
local cursor = require "bybit.client.cursor"
local help = require "bybit.shell.help"

---@class bybit.repl.Care what the session decides for its client
---@field symbol fun(): string
---@field category fun(): string
---@field token? userdata Ctrl-C cancels it; each line has a new one
---@field flying integer calls in flight

-- Runs a call, and counts it as in flight until it returns or raises.
local function fly(care, f, ...)
  care.flying = care.flying + 1
  local results = table.pack(pcall(f, ...))
  care.flying = care.flying - 1
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

local careful

local function declared(care, target, name)
  return function(_, ...)
    local v = target()
    return fly(care, v[name], v, ...)
  end
end

local function methods_of(care, client, dialect, target, proxy)
  local methods = {}
  for _, name in ipairs(help.methods(dialect)) do
    methods[name] = declared(care, target, name)
  end
  for name, f in pairs { each = cursor.each, pages = cursor.pages, collect = cursor.collect } do
    methods[name] = function(_, ...) return f(proxy, ...) end -- through the methods above
  end
  function methods.request(_, verb, path, params, options)
    local o = { cancel = care.token }
    for k, v in pairs(options or {}) do o[k] = v end
    local v = target()
    return fly(care, v.request, v, verb, path, params, o)
  end
  methods["with"] = function(_, defaults)
    local v = target():with(defaults)
    return careful(care, client, dialect, function() return v end)
  end
  return methods
end

-- The view as a table. target(): the object that its methods are called on.
function careful(care, client, dialect, target)
  local proxy = {}
  local methods = methods_of(care, client, dialect, target, proxy)
  cursor.views[proxy] = { client = client } -- so that each, pages and collect accept it as a view
  return setmetatable(proxy, {
    __name = "bybit.client",
    __tostring = function() return ("%s with symbol=%s"):format(tostring(client), care.symbol()) end,
    __index = function(_, name)
      if methods[name] then return methods[name] end
      local value = client[name] -- raises for an unknown name
      if type(value) ~= "function" then return value end
      return function(_, ...)
        local v = target()
        return v[name](v, ...)
      end
    end,
  })
end

-- Returns one value, or raises.
local function raising(result, err)
  if result == nil and err ~= nil then error(err, 0) end
  return result
end

--- Makes the view of a client.
---@param client table
---@param dialect table
---@param care bybit.repl.Care
---@return table client
---@return table<string, function> calls
return function(client, dialect, care)
  care.flying, care.token = 0, bybit.cancel_token()
  local view = careful(care, client, dialect, function()
    local category = dialect.category and care.category() or nil
    return client:with { symbol = care.symbol(), category = category, cancel = care.token, confirm = true }
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
