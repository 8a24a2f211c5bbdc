-- The arithmetic of contracts, inverse and linear, in exact decimals. A contract is { linear, tick, step, min_price, max_price, taker,
-- tiers }; amounts are in its settle coin. Inverse contracts are worth 1 USD each and settle in the base coin; linear ones are worth a
-- coin each and settle in the quote coin.

local decimal = require("bybit.core").decimal

local ZERO, ONE, HUNDRED = decimal(0), decimal(1), decimal(100)

local contract = {}

--- Rounds an amount of coin as the exchange does: half up, to 8 places.
function contract.coin(x)
  return x:round(8, "half_up") + ZERO
end

--- Value of so many contracts at a price, not rounded.
function contract.value(c, quantity, price)
  if c.linear then return quantity * price end
  return quantity / price
end

--- Profit of a position, not rounded. d: 1 long, -1 short.
function contract.profit(c, d, quantity, entry, exit)
  if c.linear then return quantity * (exit - entry) * d end
  return quantity * (exit - entry) * d / (entry * exit)
end

-- The rate of maintenance margin and the deduction of the tier that a position of this value is in.
local function tier_of(c, value)
  for _, tier in ipairs(c.tiers) do
    if value <= tier.most then return tier.rate, tier.deduction end
  end
  return nil
end

--- The tiers of a contract from the exchange's rows. Rates of inverse contracts are in percent, those of linear ones fractions:
--- initial margin times leverage tells which (V5 documentation, market/risk-limit).
---@param rows table[] records risk_limit
---@return table[] tiers by value
function contract.tiers(rows)
  local tiers = {}
  for _, row in ipairs(rows) do
    local percent = row.initial_margin * row.max_leverage > decimal(10)
    tiers[#tiers + 1] = { most = row.risk_limit_value,
      rate = percent and row.maintenance_margin / HUNDRED or row.maintenance_margin,
      deduction = row.maintenance_margin_deduction or ZERO }
  end
  table.sort(tiers, function(a, b) return a.most < b.most end)
  return tiers
end

-- Where an inverse position is liquidated: where what is left of its margin is the maintenance margin at that price.
local function inverse_liquidation(c, d, quantity, entry, leverage, added, rate, deduction)
  local cost = quantity / entry
  local held = cost / leverage + deduction
  if not added:is_zero() then held = held + added / (ONE + c.taker * d) end
  local below = cost + held * d
  return below > ZERO and quantity * (ONE + rate * d) / below or nil
end

local function linear_liquidation(_, d, quantity, entry, leverage, added, rate, deduction)
  local cost = quantity * entry
  return (cost - (cost / leverage + added + deduction) * d) / (quantity * (ONE - rate * d))
end

--- The price at which an isolated position is liquidated (V5 documentation's help pages of May 2026), rounded to the tick against the
--- holder. Nil where there is none in the range of prices.
---@param c table
---@param d integer 1 long, -1 short
---@param added userdata margin that was added
---@return userdata? price
---@return boolean? too_large there is no tier for so large a position
function contract.liquidation_price(c, d, quantity, entry, leverage, added)
  local rate, deduction = tier_of(c, contract.value(c, quantity, entry))
  if not rate then return nil, true end
  local price = (c.linear and linear_liquidation or inverse_liquidation)(c, d, quantity, entry, leverage, added, rate, deduction)
  if not price then return nil end
  price = price:to_step(c.tick, d == 1 and "up" or "down")
  return price >= c.min_price and price <= c.max_price and price or nil
end

--- The most contracts, in steps, that lose no more than `risk` between entry and exit. d: 1 long, -1 short.
---@param fee userdata the rate of fees on both sides; 0: they are not counted
function contract.most_for_risk(c, d, risk, entry, exit, fee)
  -- What a contract loses is `lost` in the quote coin; of an inverse one lost / (entry * exit). Products are exact, the quotient may
  -- be rounded: then a step is taken off.
  local lost = (entry - exit) * d + fee * (entry + exit)
  local bound = c.linear and risk or risk * entry * exit
  local quantity = (bound / lost):to_step(c.step, "down")
  if quantity * lost > bound then quantity = quantity - c.step end
  return quantity:max(ZERO)
end

return contract
