-- What inverse and linear contracts count differently (V5 documentation and help pages). An inverse contract is worth 1 USD and is
-- settled in the base coin: so much of it is worth quantity / price coin. A linear contract is worth a base coin and is settled
-- in the quote coin: quantity * price. All amounts here are in the settle coin, with all their digits.

local decimal = require("bybit.core").decimal

local ONE = decimal(1)

---@class bybit.paper.Arithmetic
---@field value fun(quantity, price): userdata what so much is worth at a price
---@field price fun(quantity, value): userdata the price at which so much is worth that
---@field sign integer 1 where a long loses value as the price rises, as of inverse contracts; else -1
local inverse, linear = { sign = 1 }, { sign = -1 }

function inverse.value(quantity, price) return quantity / price end
function inverse.price(quantity, value) return quantity / value end

--- What the position is worth where its margin is used up. Added margin pays the fee to close, too.
---@param direction integer 1 for a long, -1 for a short
function inverse.bankrupt(p, direction, taker)
  return p.cost + (p.cost / p.leverage + p.added / (ONE + taker * direction)) * direction
end

--- The price at which the margin that is left is the maintenance margin.
function inverse.liquidation(p, direction, bankrupt, rate)
  return p.size * (ONE + rate * direction) / bankrupt
end

--- The price whose closing profit pays the fees of both sides; it may be 0 or less.
function inverse.break_even(p, direction, taker)
  return p.size * (ONE + taker * direction) / (p.cost + p.realised * direction)
end

function linear.value(quantity, price) return quantity * price end
function linear.price(quantity, value) return value / quantity end

function linear.bankrupt(p, direction)
  local margin = p.cost / p.leverage + p.added
  if p.drawn then margin = margin - p.drawn end
  return p.cost - margin * direction
end

function linear.liquidation(p, direction, bankrupt, rate)
  return bankrupt / (p.size * (ONE - rate * direction))
end

function linear.break_even(p, direction, taker)
  return (p.cost - p.realised * direction) / (p.size * (ONE - taker * direction))
end

return { inverse = inverse, linear = linear }
