-- Orders at their prices, one side of a book: at each price, a rung, the oldest first. The best rung is the highest or the
-- lowest. Adding and taking out cost the same however many orders there are: a rung is a ring of its orders, linked through
-- their fields `before` and `after`, and which prices have a rung is known from a sorted set. An order stands on one ladder at
-- most, at its `ticks`. The work is done in C (src/engine/ladder.c).

local ladder = require("bybit.paper_engine").ladder

---@class bybit.paper.Ladder
---@field best table? the order whose turn is first
---@field add fun(self, order: table) puts an order on, behind the others of its price
---@field remove fun(self, order: table) takes an order off; it stands on this ladder
---@field next fun(self, order: table): table? the order whose turn is after this one's; nil after the last
local Ladder = { add = ladder.add, remove = ladder.remove, next = ladder.next }
Ladder.__index = Ladder

---@param falling boolean is the highest price the best, as of buyers?
---@return bybit.paper.Ladder
function Ladder.new(falling)
  return setmetatable({ rungs = {}, best = nil, prices = ladder.prices(falling) }, Ladder)
end

return Ladder
