-- What `require "bybit.paper"` returns: the paper exchange, and simulations on it. It is in a file of its own, which another Lua could
-- not read.

require "bybit.version" -- first: it says which Lua is needed
local later = require "bybit.later"
local paper = require "bybit.paper.exchange"

local lazy = getmetatable(paper).lazy

function lazy.simulate() return later.load("bybit.simulate").run end

function lazy.explore() return later.load("bybit.simulate.explore").run end

return paper
