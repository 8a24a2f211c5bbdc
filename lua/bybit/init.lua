-- For `require "bybit"`, whatever the Lua. It is short because it is compiled at each start: bytecode is there once the core is.

require "bybit.version" -- first: it says which Lua is needed
require "bybit.core"
return require "bybit.module"
