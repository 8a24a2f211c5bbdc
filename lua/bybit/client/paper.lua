-- Finds the paper exchange, which is a rock of its own: programs that only trade may not have it.

local errors = require "bybit.errors"

-- Is there such a module, loaded or not?
local function is_there(name, path)
  return package.loaded[name] or package.preload[name] or package.searchpath(name, path)
end

--- The module of the paper exchange. Raises, and names the rock, if it is not installed.
---@param what string who asks, for the message
---@return table
return function(what)
  if not is_there("bybit.paper", package.path) or not is_there("bybit.paper_server", package.cpath) then
    errors.raise(what .. ": the paper exchange is not installed (rock bybit-paper): trade elsewhere, or install it")
  end
  return require "bybit.paper.exchange"
end
