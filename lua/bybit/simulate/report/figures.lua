-- The figures of a report, worked out from what happened. Amounts of coin that are booked are added up exactly; what is statistics is
-- floats.

local decimal = require("bybit.core").decimal

local figures = {}

local DAYS_OF_YEAR = 365

local function mean_of(list)
  local sum = 0
  for _, x in ipairs(list) do sum = sum + x end
  return #list > 0 and sum / #list or nil
end

-- The daily returns of a line: each day against the one before, the first against the beginning.
local function returns_of(days, initial, name)
  local list, before = {}, initial
  for i, day in ipairs(days) do
    list[i] = before ~= 0 and day[name] / before - 1 or 0
    before = day[name]
  end
  return list
end

--- Mean by standard deviation (of a sample), a year's; nil for fewer than two days or without any change.
function figures.sharpe(returns)
  local mean, sum = mean_of(returns), 0
  if #returns < 2 then return nil end
  for _, r in ipairs(returns) do sum = sum + (r - mean) ^ 2 end
  local deviation = (sum / (#returns - 1)) ^ 0.5
  return deviation > 0 and mean / deviation * DAYS_OF_YEAR ^ 0.5 or nil
end

--- Mean by the root of the mean square of the losses, a year's; nil for fewer than two days or without a loss.
function figures.sortino(returns)
  local mean, sum = mean_of(returns), 0
  if #returns < 2 then return nil end
  for _, r in ipairs(returns) do sum = sum + math.min(r, 0) ^ 2 end
  local deviation = (sum / #returns) ^ 0.5
  return deviation > 0 and mean / deviation * DAYS_OF_YEAR ^ 0.5 or nil
end

--- The yearly growth of the equity by its deepest fall (a fraction); nil without a fall, or for less than a day.
function figures.calmar(initial, final, span_ms, fall)
  local years = span_ms / (DAYS_OF_YEAR * 86400000)
  if fall <= 0 or initial <= 0 or final <= 0 or span_ms < 86400000 then return nil end
  return ((final / initial) ^ (1 / years) - 1) / fall
end

-- Round trips, each from flat to flat, from executions, oldest first: profit net of fees, and when it began and ended. Of the fee of a
-- fill that turns the position round, the new one pays its part. One that is still open is none.
local function round_trips(executions)
  local open, list = {}, {}
  for _, e in ipairs(executions) do
    local key = e.symbol .. "/" .. (e.position_index or 0)
    local trip = open[key]
    if e.type == "Funding" then
      if trip then trip.profit = trip.profit - decimal(e.fee) end
    else
      local quantity, fee = decimal(e.quantity), decimal(e.fee)
      local before = trip and trip.size or decimal(0)
      local after = before + quantity * (e.side == "Sell" and -1 or 1)
      local turned = not before:is_zero() and not after:is_zero() and after:sign() ~= before:sign()
      local later = turned and (fee * after:abs() / quantity):round(8, "half_up") or decimal(0)
      trip = trip or { profit = decimal(0), from = e.time }
      trip.size, trip.profit = after, trip.profit + decimal(e.profit or 0) - (fee - later)
      open[key] = trip
      if turned or after:is_zero() then
        trip.to = e.time
        list[#list + 1] = trip
        open[key] = turned and { size = after, profit = -later, from = e.time } or nil
      end
    end
  end
  return list
end

-- How many were won, and what was won for each lost coin.
local function count_trips(trips, out)
  local won, lost, wins, longest = decimal(0), decimal(0), 0, 0
  local total, best, worst = decimal(0), nil, nil
  for _, trip in ipairs(trips) do
    total = total + trip.profit
    if trip.profit > 0 then won, wins = won + trip.profit, wins + 1 else lost = lost - trip.profit end
    best, worst = best and best:max(trip.profit) or trip.profit, worst and worst:min(trip.profit) or trip.profit
    longest = math.max(longest, trip.to - trip.from)
  end
  out.round_trips = #trips
  out.win_rate = #trips > 0 and wins / #trips or nil
  out.profit_factor = lost > 0 and (won / lost):tonumber() or nil
  out.expectancy = #trips > 0 and (total / #trips):round(8) or nil
  out.best_trip, out.worst_trip = best, worst
  out.longest_trip = #trips > 0 and longest / 1000 or nil
end

-- What was booked: fees, funding, turnover, fills.
local function count_executions(executions, out)
  local fees, funding, turnover, trades, makers = decimal(0), decimal(0), decimal(0), 0, 0
  for _, e in ipairs(executions) do
    if e.type == "Funding" then
      funding = funding - decimal(e.fee)
    else
      trades, fees, turnover = trades + 1, fees + decimal(e.fee), turnover + decimal(e.value)
      if e.is_maker then makers = makers + 1 end
    end
  end
  out.fees, out.funding, out.turnover, out.trades = fees, funding, turnover, trades
  out.maker_share = trades > 0 and makers / trades or nil
end

--- The figures of what a simulation has left.
---@param run table see ledger.lua
---@return table
function figures.of(run)
  local out, span = {}, run.stop - run.begin
  out.profit_coin = run.final.coin - run.initial.coin
  out.profit_usd = run.final.usd - run.initial.usd
  out.drawdown_coin, out.drawdown_usd = run.falls.coin.depth, run.falls.usd.depth
  out.drawdown_part, out.drawdown_usd_part = run.falls.coin.part, run.falls.usd.part
  local returns = returns_of(run.days, run.initial.coin, "coin")
  out.sharpe, out.sortino = figures.sharpe(returns), figures.sortino(returns)
  out.calmar = figures.calmar(run.initial.coin, run.final.coin, span, run.falls.coin.part)
  out.exposure = span > 0 and run.held_ms / span or 0
  out.market_change = run.last_price / run.first_price - 1
  count_executions(run.executions, out)
  count_trips(round_trips(run.executions), out)
  return out
end

return figures
