-- The arithmetic of inverse contracts: worth 1 USD each, settled in the base coin. Amounts of coin come from exact
-- operands and are rounded once, half up, to 8 decimals; the cost of a position is kept with all digits.

local decimal = require("bybit.core").decimal

local ZERO, ONE = decimal(0), decimal(1)

local position = {}

--- Rounds an amount of coin. What rounds to nothing is 0, not -0: adding 0 takes the sign away and keeps the places.
function position.coin(x)
  return x:round(8, "half_up") + ZERO
end

local coin = position.coin

---@return table flat position
function position.new(leverage)
  return { size = ZERO, cost = ZERO, side = "", leverage = leverage, realised = ZERO, total = ZERO, opened = 0,
    created = 0, updated = 0, added = ZERO, open_fees = ZERO }
end

--- Average entry price, with all its digits; zero when flat.
function position.entry(p)
  if p.size:is_zero() then return ZERO end
  return p.size / p.cost
end

-- 1 for a long, -1 for a short position.
local function direction(p)
  return p.side == "Sell" and -1 or 1
end

--- Takes a fill. The fee of a fill that turns a position round is split by quantity: what opens is rounded, what closes pays the
--- rest. Returns closed quantity, profit of the closed part (not rounded), its share of the fees that were paid to open, and
--- what was paid now to close.
---@param p table
---@param side "Buy"|"Sell"
---@param quantity userdata
---@param price userdata
---@param fee userdata
---@param value userdata? quantity / price, when it is known
function position.fill(p, side, quantity, price, fee, value)
  local closed, profit, opening, closing = ZERO, ZERO, ZERO, ZERO
  local rest, rest_value, rest_fee = quantity, value or quantity / price, fee
  if p.side ~= "" and p.side ~= side then
    closed = p.size:min(quantity)
    rest = quantity - closed
    local whole = rest:is_zero()
    local cost = p.cost * closed / p.size
    profit = (cost - (whole and rest_value or closed / price)) * direction(p)
    opening = coin(p.open_fees * closed / p.size)
    p.cost, p.open_fees, p.size = p.cost - cost, p.open_fees - opening, p.size - closed
    if p.size:is_zero() then p.side, p.cost, p.open_fees, p.added = "", ZERO, ZERO, ZERO end
    if whole then return closed, profit, opening, fee end
    rest_value, rest_fee = rest / price, coin(fee * rest / quantity)
    closing = fee - rest_fee
  end
  if p.side == "" then p.realised, p.fresh = ZERO, true end
  p.side, p.size, p.cost = side, p.size + rest, p.cost + rest_value
  p.open_fees = p.open_fees + rest_fee
  return closed, profit, opening, closing
end

--- s * q * (1/E - 1/M)
function position.unrealised(p, mark)
  if p.size:is_zero() then return ZERO end
  return coin((p.cost - p.size / mark) * direction(p))
end

--- (q/E) * (1 + 1/L) * taker for a long, (1 - 1/L) for a short.
function position.fee_to_close(p, taker)
  return coin(p.cost * (ONE + ONE / p.leverage * direction(p)) * taker)
end

-- What follows from a position and its contract, kept until one of the amounts behind it changes. They are compared as values
-- are, not by their amounts: each change makes a new value.
local function derived(p, by)
  local kept = p.derived
  if kept and rawequal(kept.size, p.size) and rawequal(kept.cost, p.cost) and rawequal(kept.leverage, p.leverage)
    and rawequal(kept.added, p.added) and rawequal(kept.by, by) then
    return kept
  end
  kept = { size = p.size, cost = p.cost, leverage = p.leverage, added = p.added, by = by }
  p.derived = kept
  return kept
end

function position.initial_margin(p, instrument)
  if p.size:is_zero() then return ZERO end
  local kept = derived(p, instrument)
  kept.im = kept.im or coin(p.cost / p.leverage + p.added + position.fee_to_close(p, instrument.taker))
  return kept.im
end

function position.maintenance_margin(p, instrument)
  if p.size:is_zero() then return ZERO end
  local kept = derived(p, instrument)
  kept.mm = kept.mm or coin(p.cost * instrument.mm_rate + position.fee_to_close(p, instrument.taker))
  return kept.mm
end

local function liquidation_of(p, instrument)
  local d = direction(p)
  local below = p.cost + (p.cost / p.leverage + p.added / (ONE + instrument.taker * d)) * d
  if below <= ZERO then return false end
  local price = (p.size * (ONE + instrument.mm_rate * d) / below):to_step(instrument.tick, d == 1 and "up" or "down")
  return price <= instrument.max_price and price >= instrument.min_price and price
end

--- The isolated liquidation price, rounded up to the tick for a long, down for a short; nil when there is none.
function position.liquidation_price(p, instrument)
  if p.size:is_zero() then return nil end
  local kept = derived(p, instrument)
  if kept.liquidation == nil then kept.liquidation = liquidation_of(p, instrument) end
  return kept.liquidation or nil
end

--- Where the margin of the position is used up.
function position.bankruptcy_price(p, instrument)
  if p.size:is_zero() then return nil end
  local d = direction(p)
  local below = p.cost + (p.cost / p.leverage + p.added / (ONE + instrument.taker * d)) * d
  if below <= ZERO then return instrument.max_price end
  return (p.size / below):to_step(instrument.tick, d == 1 and "up" or "down"):min(instrument.max_price)
    :max(instrument.min_price)
end

--- What an order of so much at this price ties up: initial margin, fee to open, fee to close.
function position.order_cost(quantity, price, side, leverage, taker)
  local value = quantity / price
  local d = side == "Sell" and -1 or 1
  return coin(value / leverage + value * taker + value * (ONE + ONE / leverage * d) * taker)
end

return position
