-- What `require "bybit.paper"` returns: the paper exchange. It is in a file of its own, which another Lua could not read.

require "bybit.version" -- first: it says which Lua is needed
return require "bybit.paper.exchange"
