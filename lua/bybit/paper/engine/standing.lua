-- The orders of one account on one position that stand: how many there are, and what margin they tie up. Both are kept as sums
-- that change with each order, so they cost the same however many orders there are.
--
-- An order that would only close the position ties up nothing: of the orders against a position, the oldest close it, up to
-- its size, and the next is counted in part. How far the position reaches is found by a walk from the oldest order, and
-- remembered until the position or one of the orders in its reach changes.

local decimal = require("bybit.core").decimal
local Rows = require "bybit.paper.engine.rows"

local ZERO = decimal(0)
local order_cost = require("bybit.paper.engine.money").cost

local Standing = {}
Standing.__index = Standing

local function new_side()
  return { sum = ZERO, rows = Rows.new "row" }
end

---@param p table the position
---@param market table its market
function Standing.new(p, market)
  return setmetatable({
    position = p, market = market, leverage = p.leverage, last_cost = {},
    active = 0,            -- orders that are active
    Buy = new_side(), Sell = new_side(), -- of them those that may open: what they tie up, each taken for itself
    closing = Rows.new "row", -- and those that only close
    waiting = {},          -- orders that wait for a trigger, in the order of their arming
  }, Standing)
end

-- What an order ties up. It is asked of a new order first, and again when that is active.
local function cost_of(self, side, quantity, price)
  local last = self.last_cost
  if last.price == price and last.quantity == quantity and last.side == side and last.leverage == self.leverage then
    return last.cost
  end
  local cost = order_cost(quantity, price, side, self.leverage, self.market.instrument)
  last.side, last.quantity, last.price, last.leverage, last.cost = side, quantity, price, self.leverage, cost
  return cost
end

-- How much of an order is left.
local function leaves_of(order)
  local filled = rawget(order, "filled")
  return filled and order.qty - filled or order.qty
end

Standing.leaves_of = leaves_of

-- Counts what an order ties up, which is known sometimes.
local function count(self, order, cost)
  local side = self[order.side]
  order.cost = cost or cost_of(self, order.side, leaves_of(order), order.price)
  side.sum = side.sum + order.cost
  self.total = nil
end

-- An order that has just become active is counted when somebody asks: most often it is filled, or gone, before that.
local function count_fresh(self)
  local order = self.fresh
  if not order then return end
  self.fresh = nil
  count(self, order)
end

-- Makes the sums what they are now. The leverage may have changed: then each order ties up something else.
local function refresh(self)
  if self.fresh then count_fresh(self) end
  if self.leverage == self.position.leverage then return end
  self.leverage = self.position.leverage
  for _, name in ipairs { "Buy", "Sell" } do
    local side = self[name]
    side.sum, side.reach = ZERO, nil
    for _, order in side.rows:each() do count(self, order) end
  end
end

-- An order of this side has changed. What the position reaches stays known when the order is beyond it.
local function forget_reach(self, side, order)
  self.total = nil
  local reach = side.reach
  if reach and not (reach.last and order.row > reach.last) then side.reach = nil end
end

--- An order has become active.
---@param cost userdata? what it ties up, where that is known
function Standing:add(order, cost)
  self.active = self.active + 1
  if order.closing then return self.closing:add(order) end
  count_fresh(self)
  if cost then count(self, order, cost) else self.fresh = order end
  local side = self[order.side]
  side.rows:add(order)
  forget_reach(self, side, order)
end

--- An active order has ended.
function Standing:remove(order)
  self.active = self.active - 1
  if order.closing then return self.closing:remove(order) end
  local side = self[order.side]
  side.rows:remove(order)
  forget_reach(self, side, order)
  if self.fresh == order then
    self.fresh = nil
    return
  end
  side.sum = side.rows.count > 0 and side.sum - order.cost or ZERO
  order.cost = nil
end

--- Price, quantity or fills of an active order have changed.
---@param cost userdata? what it ties up now, where that is known
function Standing:change(order, cost)
  if order.closing then return end
  local side = self[order.side]
  forget_reach(self, side, order)
  if self.fresh == order then return end
  side.sum = side.sum - order.cost
  count(self, order, cost)
end

--- Is a new order sure to tie up nothing, since the position is against it, is as large, and no other order closes it?
function Standing:covers(name, quantity)
  local p = self.position
  return p.side ~= "" and p.side ~= name and self[name].rows.count == 0 and quantity <= p.size
end

--- Does an order tie up nothing more than before (true), or how much more, in the place of `replaced`? Nil: the position is against it,
--- so it is not that simple.
---@param replaced table? an active order of this side
---@return userdata|boolean|nil more
---@return userdata? cost what the order ties up
function Standing:quick(name, quantity, price, replaced)
  local p = self.position
  if p.side ~= "" and p.side ~= name then return not replaced and self:covers(name, quantity) or nil end
  refresh(self)
  local cost = cost_of(self, name, quantity, price)
  if not replaced then return cost, cost end
  return cost <= replaced.cost or cost - replaced.cost, cost
end

-- What a position of so much closes of a side, without the order `without`: what the orders in its reach would tie up
-- (`cost`) and how many they are, the row of the last one, what is counted of that one (`part`), and how much of the
-- position is left over.
local function walk(self, name, size, without)
  local reach = { size = size, cost = ZERO, count = 0, left = size }
  for _, order in self[name].rows:each() do
    if order ~= without then
      local leaves = leaves_of(order)
      local free = reach.left:min(leaves)
      reach.cost, reach.count, reach.left = reach.cost + order.cost, reach.count + 1, reach.left - free
      if leaves > free then
        reach.part = cost_of(self, name, leaves - free, order.price)
        reach.count = reach.count - 1
      end
      if reach.left:is_zero() then
        reach.last = order.row
        break
      end
    end
  end
  return reach
end

local function reach_of(self, name, size, without)
  local side = self[name]
  local reach = side.reach
  if not reach or reach.size ~= size then
    reach = walk(self, name, size, nil)
    side.reach = reach
  end
  if without and not (reach.last and without.row > reach.last) then return walk(self, name, size, without) end
  return reach
end

-- What a side ties up, without an order of it and with another at the end.
local function margin_of(self, name, without, extra)
  local side, p = self[name], self.position
  if without and without.side ~= name then without = nil end
  if extra and extra.side ~= name then extra = nil end
  local sum, counted, left = side.sum, side.rows.count, ZERO
  if without then sum, counted = sum - without.cost, counted - 1 end
  if counted > 0 and p.side ~= "" and p.side ~= name then
    local reach = reach_of(self, name, p.size, without)
    sum, counted, left = sum - reach.cost, counted - reach.count, reach.left
    if reach.part then sum = sum + reach.part end
  elseif p.side ~= "" and p.side ~= name then
    left = p.size
  end
  if counted == 0 then sum = ZERO end
  if not extra then return sum end
  local quantity = extra.quantity
  if left ~= ZERO then
    if left >= quantity then return sum end
    quantity = quantity - left
  end
  local cost = cost_of(self, name, quantity, extra.price)
  return sum == ZERO and cost or sum + cost
end

-- Both sides together.
local function both(a, b)
  if rawequal(a, ZERO) then return b end
  return rawequal(b, ZERO) and a or a + b
end

-- What the orders of a side tie up where no position is against them.
local function sum_of(side)
  return side.rows.count > 0 and side.sum or ZERO
end

--- Initial margin of the orders, without the order `without` and with an order `extra` at the end.
---@param without table?
---@param extra { side: "Buy"|"Sell", quantity: userdata, price: userdata }?
function Standing:margin(without, extra)
  refresh(self)
  if without and not without.cost then without = nil end -- it is not counted
  if without or extra then return both(margin_of(self, "Buy", without, extra), margin_of(self, "Sell", without, extra)) end
  local p = self.position
  if p.side == "" then return both(sum_of(self.Buy), sum_of(self.Sell)) end
  if not self.total or self.total_side ~= p.side or self.total_size ~= p.size then
    self.total, self.total_side, self.total_size = both(margin_of(self, "Buy"), margin_of(self, "Sell")), p.side, p.size
  end
  return self.total
end

--- Initial margin of the orders of a side, with an order `extra` in the place of `without`, which is of that side; and as it is now.
---@param without table?
---@param extra { side: "Buy"|"Sell", quantity: userdata, price: userdata }
function Standing:with(without, extra)
  refresh(self)
  if without and not without.cost then without = nil end -- it is not counted
  return margin_of(self, extra.side, without, extra), margin_of(self, extra.side)
end

return Standing
