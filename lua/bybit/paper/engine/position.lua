-- The money of positions and of orders, of any contract; arithmetic.lua knows what inverse and linear ones count differently.
-- Amounts of coin come from exact operands and are rounded once, half up, to 8 decimals; the cost of a position is kept with all
-- digits.

local decimal = require("bybit.core").decimal
local arithmetic = require "bybit.paper.engine.arithmetic"

local ZERO, ONE = decimal(0), decimal(1)

local position = {}

--- Rounds an amount of coin. What rounds to nothing is 0, not -0: adding 0 takes the sign away and keeps the places.
function position.coin(x)
  return x:round(8, "half_up") + ZERO
end

local coin = position.coin

---@param leverage userdata
---@param kind bybit.paper.Arithmetic? of its contract; that of inverse contracts when left out
---@param index integer? 0: of both sides, 1: long, 2: short
---@return table flat position
function position.new(leverage, kind, index)
  return { size = ZERO, cost = ZERO, side = "", leverage = leverage, realised = ZERO, total = ZERO, opened = 0,
    created = 0, updated = 0, added = ZERO, open_fees = ZERO, kind = kind or arithmetic.inverse, index = index or 0 }
end

--- The average price from which profit is counted, with all its digits; zero when flat. It is the entry price; of a position whose
--- session has ended, that of the session.
function position.entry(p)
  if p.size:is_zero() then return ZERO end
  return p.kind.price(p.size, p.cost)
end

--- Average entry price, whatever sessions there were; zero when flat.
function position.average(p)
  if p.size:is_zero() then return ZERO end
  return p.kind.price(p.size, p.bought or p.cost)
end

--- A session ends: profit is counted from the mark price now. Returns the profit until then. A loss is drawn from the margin of the
--- position, which had it to lose; a later profit fills that up first.
function position.end_session(p, mark)
  local profit = position.unrealised(p, mark)
  p.bought = p.bought or p.cost -- at entry prices
  p.cost = p.kind.value(p.size, mark)
  local drawn = ZERO:max((p.drawn or ZERO) - profit)
  p.drawn = not drawn:is_zero() and drawn or nil
  return profit
end

-- 1 for a long, -1 for a short position.
local function direction(p)
  return p.side == "Sell" and -1 or 1
end

--- The profit that closing at the mark price would bring: s q (1/E - 1/M) of inverse, s q (M - E) of linear contracts.
function position.unrealised(p, mark)
  if p.size:is_zero() then return ZERO end
  return coin((p.cost - p.kind.value(p.size, mark)) * (direction(p) * p.kind.sign))
end

--- The taker's fee at the bankruptcy price: of inverse contracts value (1 + 1/L) for a long, (1 - 1/L) for a short, of linear
--- ones the other way round.
function position.fee_to_close(p, taker)
  return coin(p.cost * (ONE + ONE / p.leverage * (direction(p) * p.kind.sign)) * taker)
end

-- What follows from a position and its contract, kept until one of the amounts behind it changes.
local function derived(p, by)
  local kept = p.derived
  if kept and kept.side == p.side and kept.size == p.size and kept.cost == p.cost and kept.leverage == p.leverage
    and kept.added == p.added and kept.by == by then
    return kept
  end
  kept = { side = p.side, size = p.size, cost = p.cost, leverage = p.leverage, added = p.added, by = by }
  p.derived = kept
  return kept
end

--- Value at the entry price / leverage, added margin, and the fee to close. The exchange counts the value at the mark price by now;
--- at the entry price the margin of a position is what was set aside for it, and no order loses its own while prices move.
function position.initial_margin(p, instrument)
  if p.size:is_zero() then return ZERO end
  local kept = derived(p, instrument)
  kept.im = kept.im or coin(p.cost / p.leverage + p.added - (p.drawn or ZERO) + position.fee_to_close(p, instrument.taker))
  return kept.im
end

--- Value at the entry price * the contract's rate, and the fee to close.
function position.maintenance_margin(p, instrument)
  if p.size:is_zero() then return ZERO end
  local kept = derived(p, instrument)
  kept.mm = kept.mm or coin(p.cost * instrument.mm_rate + position.fee_to_close(p, instrument.taker))
  return kept.mm
end

local function liquidation_of(p, instrument)
  local d = direction(p)
  local bankrupt = p.kind.bankrupt(p, d, instrument.taker)
  if bankrupt <= ZERO then return false end
  local price = p.kind.liquidation(p, d, bankrupt, instrument.mm_rate):to_step(instrument.tick, d == 1 and "up" or "down")
  return price <= instrument.max_price and price >= instrument.min_price and price
end

--- The isolated liquidation price, rounded up to the tick for a long, down for a short; nil when there is none.
function position.liquidation_price(p, instrument)
  if p.size:is_zero() then return nil end
  local kept = derived(p, instrument)
  if kept.liquidation == nil then kept.liquidation = liquidation_of(p, instrument) end
  return kept.liquidation or nil
end

--- The liquidation price in ticks; false when there is none. Not of a flat position.
function position.lost_at(p, instrument)
  local kept = derived(p, instrument)
  local at = kept.lost_at
  if at == nil then
    local price = position.liquidation_price(p, instrument)
    at = price and (price // instrument.tick):tointeger() or false
    kept.lost_at = at
  end
  return at
end

--- The liquidation price as a number; nil when there is none.
function position.liquidation_number(p, instrument)
  local kept = derived(p, instrument)
  if kept.liquidation_number == nil then
    local price = position.liquidation_price(p, instrument)
    kept.liquidation_number = price and price:tonumber() or false
  end
  return kept.liquidation_number or nil
end

--- Has the mark price, in ticks, reached the liquidation price?
function position.is_lost(p, instrument, mark)
  if p.side == "" then return false end
  local at = position.lost_at(p, instrument)
  if not at then return false end
  if p.side == "Buy" then return mark <= at end
  return mark >= at
end

--- Where the margin of the position is used up.
function position.bankruptcy_price(p, instrument)
  if p.size:is_zero() then return nil end
  local d = direction(p)
  local bankrupt = p.kind.bankrupt(p, d, instrument.taker)
  if bankrupt <= ZERO then return p.kind.sign == 1 and instrument.max_price or instrument.min_price end
  return p.kind.price(p.size, bankrupt):to_step(instrument.tick, d == 1 and "up" or "down"):min(instrument.max_price)
    :max(instrument.min_price)
end

--- The price whose closing profit pays the fees of both sides; nil when there is none.
function position.break_even(p, taker)
  if p.side == "" then return nil end
  local price = p.kind.break_even(p, direction(p), taker)
  return price > ZERO and price:round(8, "half_up") or nil
end

return position
