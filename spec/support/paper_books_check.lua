-- What must always hold in the exchange's books. Positions and profits are computed here again, only from the executions, by
-- the arithmetic of the contracts (V5 documentation and help pages: of inverse ones value q / price, harmonic average entry, profit
-- s q (1/E - 1/X); of linear ones value q price, profit s q (X - E); each coin amount rounded half up to 8 decimals).

local bybit = require "bybit"

local decimal = bybit.decimal
local ZERO = decimal(0)

local check = {}

local function fail(text, ...)
  error(text:format(...), 0)
end

local function same(a, b, what, of)
  if not decimal(a):eq(decimal(b)) then fail(what .. ": %s is not %s", tostring(of), tostring(a), tostring(b)) end
end

local function coin(x) return x:round(8, "half_up") end

local SETTLE = { BTCUSD = "BTC", ETHUSD = "ETH", XRPUSD = "XRP", EOSUSD = "EOS", BTCUSDT = "USDT", ETHUSDT = "USDT",
  BTCPERP = "USDC" }

local function is_linear(symbol) return SETTLE[symbol]:find "USD" ~= nil end

local function value_of(symbol, quantity, price)
  if is_linear(symbol) then return quantity * price end
  return quantity / price
end

-- Each order agrees with its executions, and no fill is beyond its limit price.
local function check_orders(books)
  local sums = {}
  for _, e in ipairs(books.executions) do
    if e.type ~= "Funding" then
      local sum = sums[e.order_id] or { quantity = ZERO, value = ZERO, fee = ZERO }
      sums[e.order_id] = sum
      sum.quantity, sum.value, sum.fee = sum.quantity + e.quantity, sum.value + e.value, sum.fee + e.fee
      sum.list = sum.list or {}
      table.insert(sum.list, e)
    end
  end
  local seen = {}
  for _, o in ipairs(books.orders) do
    if seen[o.order_id] then fail("order %s twice", o.order_id) end
    seen[o.order_id] = true
    local sum = sums[o.order_id] or { quantity = ZERO, value = ZERO, fee = ZERO, list = {} }
    sums[o.order_id] = nil
    same(o.filled_quantity, sum.quantity, "filled quantity of %s", o.order_id)
    same(o.filled_value, sum.value, "filled value of %s", o.order_id)
    same(o.fee, sum.fee, "fee of %s", o.order_id)
    local filled, quantity = decimal(o.filled_quantity), decimal(o.quantity)
    if filled > quantity then fail("order %s is filled beyond its quantity", o.order_id) end
    local open = o.status == "New" or o.status == "PartiallyFilled" or o.status == "Untriggered"
    if open ~= o.open then fail("order %s is %s and %s", o.order_id, o.status, o.open and "open" or "closed") end
    if (o.status == "Filled") ~= (filled:eq(quantity) and not quantity:is_zero()) and o.status ~= "Cancelled" then
      fail("order %s is %s with %s of %s", o.order_id, o.status, o.filled_quantity, o.quantity)
    end
    if o.status == "New" and not filled:is_zero() then fail("order %s is New with fills", o.order_id) end
    for _, e in ipairs(sum.list) do
      local price, limit = decimal(e.price), decimal(e.order_price)
      if e.type == "Trade" and (o.side == "Buy" and price > limit or o.side == "Sell" and price < limit) then
        fail("order %s, %s at %s, filled at %s", o.order_id, o.side, e.order_price, e.price)
      end
      if o.time_in_force == "PostOnly" and not e.is_maker then fail("post-only order %s took", o.order_id) end
    end
    if o.time_in_force == "FOK" and not filled:is_zero() and not filled:eq(quantity) then
      fail("fill-or-kill order %s is filled in part", o.order_id)
    end
  end
  local id = next(sums)
  if id then fail("executions of order %s, which is unknown", id) end
end

-- One execution's effect on a position; returns the closed quantity and the profit.
local function trade(p, symbol, side, quantity, price)
  local sign = (p.side == "Sell" and -1 or 1) * (is_linear(symbol) and -1 or 1)
  local closed, profit = ZERO, ZERO
  if p.side and p.side ~= side then
    closed = p.size:min(quantity)
    local cost = p.cost * closed / p.size
    profit = coin((cost - value_of(symbol, closed, price)) * sign)
    p.size, p.cost = p.size - closed, p.cost - cost
    if p.size:is_zero() then p.side, p.cost = nil, ZERO end
  end
  local opened = quantity - closed
  if opened > ZERO then p.side, p.size, p.cost = side, p.size + opened, p.cost + value_of(symbol, opened, price) end
  return closed, profit
end

-- The executions give the positions and wallets: deposits + profits - fees (with funding), to the last digit.
local function check_money(books, closes_only)
  local positions, wallets = {}, {}
  for _, e in ipairs(books.executions) do
    local name = e.position_index == 0 and e.symbol or e.symbol .. "/" .. e.position_index
    local p = positions[name] or { size = ZERO, cost = ZERO }
    positions[name] = p
    local settle = SETTLE[e.symbol]
    local price, quantity = decimal(e.price), decimal(e.quantity)
    local value = value_of(e.symbol, quantity, price)
    wallets[settle] = (wallets[settle] or ZERO) - e.fee
    if e.type == "Funding" then
      same(e.fee, coin(value * e.fee_rate * (e.side == "Sell" and -1 or 1)), "funding fee of %s", e.execution_id)
      same(quantity, p.size, "funded size of %s", e.symbol)
      local won = ZERO
      if settle == "USDC" then -- a session ends: what it has won is paid out, and profit is counted from the mark price anew
        won, p.cost = coin((value - p.cost) * (e.side == "Sell" and -1 or 1)), value
      end
      same(e.profit, won, "profit of the session, %s", e.execution_id)
      wallets[settle] = wallets[settle] + won
    else
      same(e.value, coin(value), "value of %s", e.execution_id)
      same(e.fee, coin(value * e.fee_rate), "fee of %s", e.execution_id)
      local closed, profit = trade(p, e.symbol, e.side, quantity, price)
      same(e.closed_quantity, closed, "closed quantity of %s", e.execution_id)
      same(e.profit, profit, "profit of %s", e.execution_id)
      if closes_only[e.order_id] and not closed:eq(quantity) then
        fail("order %s may only close, and has opened %s", e.order_id, tostring(quantity - closed))
      end
      wallets[settle] = wallets[settle] + profit
    end
  end
  for name, c in pairs(books.coins) do
    same(c.wallet, decimal(c.deposited) + (wallets[name] or ZERO), "wallet of %s", name)
    same(c.available, decimal(c.wallet) - c.position_margin - c.order_margin, "available %s", name)
    if decimal(c.order_margin) > ZERO and decimal(c.available) < "-0.00001" then -- rounding may make it slightly negative
      fail("orders stand without margin: available %s of %s", c.available, name)
    end
  end
  for symbol, p in pairs(books.positions) do
    local own = positions[symbol] or { size = ZERO }
    same(p.quantity, own.size, "size of %s", symbol)
    if p.side ~= (own.side or "") then fail("side of %s: %s is not %s", symbol, p.side, tostring(own.side)) end
  end
end

--- Raises, and says what is wrong, if an account's books contradict themselves.
---@param books table of Exchange:books
function check.consistent(books)
  local closes_only = {}
  for _, o in ipairs(books.orders) do closes_only[o.order_id] = o.reduce_only or o.close_on_trigger or nil end
  check_orders(books)
  check_money(books, closes_only)
end

return check
