-- Asks before a call that changes something, with whichever client of the session it is made: the session's own, or one
-- that was made by hand. The client's methods are what asks, so views, tasks and programs that were loaded ask as well.

local core = require "bybit.core"
local errors = require "bybit.errors"
local help = require "bybit.shell.help"

local WORDS = { "symbol", "side", "quantity", "order_id", "stop_order_id", "client_order_id" }

-- place_order BTCUSD Buy 100 @ 30000
local function in_words(name, params)
  local parts, given = { name }, type(params) == "table" and params or {}
  for _, key in ipairs(WORDS) do
    if given[key] ~= nil then parts[#parts + 1] = tostring(given[key]) end
  end
  if given.price ~= nil then parts[#parts + 1] = "@ " .. tostring(given.price) end
  return table.concat(parts, " ")
end

-- The C core sees no Lua line above pcall, so a wrong call is told with the line of who called.
local function passed_on(ok, ...)
  if ok then return ... end
  local err = ...
  if type(err) == "string" and not err:find "^[^\n]-:%d+: " then errors.raise(err) end
  error(err, 0)
end

--- Makes a client ask.
---@param client table
---@param allow fun(client: table, what: string): boolean may this be sent?
return function(client, allow)
  local t = core.client.table(client)
  local function ask(what)
    if not allow(client, what) then error(what .. " was not sent", 0) end
  end
  for _, name in ipairs(help.methods(t.class.dialect)) do
    if t.class.dialect.endpoints[name].verb ~= "GET" then
      local method = client[name]
      t[name] = function(self, ...)
        if self == client then ask(in_words(name, (...))) end -- any other is for the method to refuse
        return passed_on(pcall(method, self, ...))
      end
    end
  end
  local request = client.request
  function t.request(self, verb, path, ...)
    if verb ~= "GET" then ask(("%s %s"):format(tostring(verb), tostring(path))) end
    return passed_on(pcall(request, self, verb, path, ...))
  end
end
