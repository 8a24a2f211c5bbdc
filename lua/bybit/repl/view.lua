-- The client as a session has it: the symbol is filled in, Ctrl-C cancels what is in flight, and on an environment of
-- real money the first call that changes something is asked about. `calls` are its methods as functions that return
-- one value and raise what failed; `client` is the client itself with the same care.

local bybit = require "bybit"
local help = require "bybit.help"

---@class bybit.repl.Care what the session decides
---@field symbol fun(): string
---@field allow fun(what: string): boolean may this be sent?
---@field token? userdata cancelled by Ctrl-C; a new one for each line
---@field flying integer calls under way

local function copy(t)
  local out = {}
  for k, v in pairs(t or {}) do out[k] = v end
  return out
end

local function takes(row, name)
  for _, p in ipairs(row.params) do
    if p[1] == name then return true end
  end
  return false
end

-- place_order BTCUSD Buy 100 @ 30000
local function in_words(name, params)
  local parts = { name }
  for _, key in ipairs { "symbol", "side", "quantity", "order_id", "client_order_id" } do
    if params[key] ~= nil then parts[#parts + 1] = tostring(params[key]) end
  end
  if params.price ~= nil then parts[#parts + 1] = "@ " .. tostring(params.price) end
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

local function refuse(what)
  error(("%s was not sent"):format(what), 0)
end

-- The parameters with what the session adds to them.
local function complete(care, row, params)
  local p = copy(params)
  if p.symbol == nil and takes(row, "symbol") then p.symbol = care.symbol() end
  if p.cancel == nil then p.cancel = care.token end
  return p
end

local function declared(client, care, name, row)
  return function(_, params)
    if params ~= nil and type(params) ~= "table" then return client[name](client, params) end -- it says what is wrong
    local p = complete(care, row, params)
    if row.changes and not care.allow(in_words(name, p)) then refuse(name) end
    return fly(care, client[name], client, p)
  end
end

-- each, pages, collect: the parameters of the method that they walk.
local function walker(client, care, dialect, name)
  return function(self, method, params, ...)
    local row = rawget(dialect.endpoints, method)
    if not row or params ~= nil and type(params) ~= "table" then return client[name](client, method, params, ...) end
    return client[name](self, method, complete(care, row, params), ...)
  end
end

local function requester(client, care)
  return function(_, verb, path, params, options)
    if verb ~= "GET" and not care.allow(("%s %s"):format(tostring(verb), tostring(path))) then refuse "it" end
    local o = copy(options)
    if o.cancel == nil then o.cancel = care.token end
    return fly(care, client.request, client, verb, path, params, o)
  end
end

local WALKERS = { "each", "pages", "collect" }

local function careful_client(client, care, dialect)
  local methods = {}
  for _, name in ipairs(help.methods(dialect)) do methods[name] = declared(client, care, name, dialect.endpoints[name]) end
  for _, name in ipairs(WALKERS) do methods[name] = walker(client, care, dialect, name) end
  methods.request = requester(client, care)
  return setmetatable({}, {
    __name = "bybit.client",
    __tostring = function() return tostring(client) end,
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
  care.flying = 0
  local careful, calls = careful_client(client, care, dialect), {}
  for _, name in ipairs(help.methods(dialect)) do
    calls[name] = function(params, ...)
      if params == careful then error(("%s{...} here, or client:%s{...}"):format(name, name), 0) end
      return raising(careful[name](careful, params, ...))
    end
  end
  for _, name in ipairs(WALKERS) do
    calls[name] = function(...) return careful[name](careful, ...) end
  end
  function calls.request(...) return raising(careful:request(...)) end
  care.token = care.token or bybit.cancel_token()
  return careful, calls
end
