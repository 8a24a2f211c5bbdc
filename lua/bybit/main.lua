-- What `require "bybit.main"` returns: a strategy's entry point. It is in a file of its own, which another Lua could not read.

require "bybit.version" -- first: it says which Lua is needed
require "bybit.core"
require "bybit.strategy"
local main = require "bybit.client.main"
require "bybit.later".hold()
return main
