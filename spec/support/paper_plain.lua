-- The plain way of what the paper exchange keeps as sums, in indexes or as texts, or skips: here all of it is worked out anew
-- from the orders, as slowly as that is. The engine's answer must be the same, to the last digit and zero.

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local order_checks = require "bybit.paper.engine.order_checks"
local position = require "bybit.paper.engine.position"
local triggers = require "bybit.paper.engine.triggers"
local view = require "bybit.paper.v5.view"

local ZERO = decimal(0)

local plain = {}

local function same(expected, got, what)
  expected, got = tostring(expected), tostring(got)
  if expected ~= got then error(("%s: the plain way gives %s, the engine %s"):format(what, expected, got), 0) end
end

---------------------------------------------------------------------------------------------------------------
-- A fill, by the formulas of the exchange's documentation, an operation at a time.

-- Takes a fill. The fee of a fill that turns a position round is split by quantity: what opens is rounded, what closes pays the
-- rest. Returns closed quantity, profit of the closed part (not rounded), its share of the fees that were paid to open, and
-- what was paid now to close.
local function fill(p, side, quantity, price, fee, value)
  local closed, profit, opening, closing = ZERO, ZERO, ZERO, ZERO
  local value_of = p.kind.value
  local rest, rest_value, rest_fee = quantity, value or value_of(quantity, price), fee
  if p.side ~= "" and p.side ~= side then
    closed = p.size:min(quantity)
    rest = quantity - closed
    local whole = rest:is_zero()
    local cost = p.cost * closed / p.size
    profit = (cost - (whole and rest_value or value_of(closed, price))) * ((p.side == "Sell" and -1 or 1) * p.kind.sign)
    opening = position.coin(p.open_fees * closed / p.size)
    if p.bought then p.bought = p.bought - p.bought * closed / p.size end
    if p.drawn then p.drawn = p.drawn - p.drawn * closed / p.size end
    p.cost, p.open_fees, p.size = p.cost - cost, p.open_fees - opening, p.size - closed
    if p.size:is_zero() then
      p.side, p.size, p.cost, p.open_fees, p.added, p.bought, p.drawn = "", ZERO, ZERO, ZERO, ZERO, nil, nil
    end
    if whole then return closed, profit, opening, fee end
    rest_value, rest_fee = value_of(rest, price), position.coin(fee * rest / quantity)
    closing = fee - rest_fee
  end
  if p.side == "" then p.realised, p.fresh = ZERO, true end
  p.side, p.size, p.cost = side, p.size + rest, p.cost + rest_value
  p.open_fees = p.open_fees + rest_fee
  if p.bought then p.bought = p.bought + rest_value end
  return closed, profit, opening, closing
end

-- A sum that begins with nothing is what is added.
local function sum(a, b)
  return rawequal(a, ZERO) and b or a + b
end

--- What `settle` of the engine does to a position, a coin and an order, and what it returns (src/engine/booking.c).
function plain.settle(p, c, order, quantity, price, value, rate)
  local coin = position.coin
  local worth, fee = coin(value), coin(value * rate)
  local entry = p.side ~= "" and p.side ~= order.side and position.entry(p)
  local closed, profit, opening, closing = fill(p, order.side, quantity, price, fee, value)
  profit = coin(entry and profit or ZERO)
  local net, fresh = profit - fee, p.fresh or false
  c.wallet, c.realised = c.wallet + net, c.realised + net
  p.realised, p.total = p.realised + (fresh and closing - fee or net), p.total + net
  p.fresh = nil
  order.filled, order.value, order.fee = sum(order.filled, quantity), sum(order.value, worth), sum(order.fee, fee)
  order.exact = sum(order.exact, value)
  local leaves = order.qty - order.filled
  if not entry then return worth, fee, leaves, fresh end
  local opened = quantity - closed
  local exit = opened:is_zero() and worth or coin(p.kind.value(closed, price))
  return worth, fee, leaves, fresh, closed, opened, profit, opening, closing, coin(p.kind.value(closed, entry)), exit,
    profit - closing - opening
end

--- What an order of so much at this price ties up: initial margin, fee to open, fee to close.
---@param instrument table the contract
function plain.order_cost(quantity, price, side, leverage, instrument)
  local kind, taker = instrument.kind, instrument.taker
  local value, d = kind.value(quantity, price), side == "Sell" and -1 or 1
  return position.coin(value / leverage + value * taker + value * (decimal(1) + decimal(1) / leverage * (d * kind.sign)) * taker)
end

plain.nothing = ZERO -- what the sums of an order begin with

---------------------------------------------------------------------------------------------------------------
-- The state of an engine.

--- The open orders of an account, oldest first.
function plain.open(account)
  local list = {}
  for _, order in ipairs(account:all_orders()) do
    if not order.ended then list[#list + 1] = order end
  end
  return list
end

--- What the active orders on a position tie up, oldest first, without the order `without` and with an order `extra` at the end.
--- What would only close the position costs nothing.
function plain.margin(account, market, index, without, extra)
  local symbol = market.instrument.symbol
  local p, total = account:position(symbol, index), ZERO
  local closing = { Buy = p.side == "Sell" and p.size or ZERO, Sell = p.side == "Buy" and p.size or ZERO }
  local function add(side, leaves, price)
    local free = closing[side]:min(leaves)
    closing[side] = closing[side] - free
    if leaves > free then total = total + plain.order_cost(leaves - free, price, side, p.leverage, market.instrument) end
  end
  for _, order in ipairs(plain.open(account)) do
    if order.symbol == symbol and order.index == index and order.active and not order.closing and order ~= without then
      add(order.side, order.qty - order.filled, order.price)
    end
  end
  if extra then add(extra.side, extra.quantity, extra.price) end
  return total
end

local function check_margins(account, market, index, g)
  local standing, symbol = account:standing_of(market.instrument.symbol, index), market.instrument.symbol
  local what = ("%s %s %d"):format(account.key, symbol, index)
  same(plain.margin(account, market, index), standing:margin(), what .. ", margin of the orders")
  local open = {}
  for _, order in ipairs(account:open_orders(symbol)) do
    if order.index == index then open[#open + 1] = order end
  end
  for _ = 1, 3 do
    local extra = { side = g.one_of { "Buy", "Sell" }, quantity = decimal(g.integer(1, 3000)),
      price = market:price(market.last + g.integer(-50, 50)) }
    local without = #open > 0 and g.chance(0.6) and g.one_of(open) or nil
    local got = standing:margin(without, extra)
    same(plain.margin(account, market, index, without, extra), got, what .. ", margin with another order")
    if without and without.side ~= extra.side then without = nil end
    local after, before = standing:with(without, extra)
    local more = plain.margin(account, market, index, without, extra) - plain.margin(account, market, index)
    assert(more:eq(after - before), what .. ", what another order adds to the margin")
  end
end

local function check_counts(account, market, index)
  local symbol, active, closing, waiting = market.instrument.symbol, 0, {}, {}
  for _, order in ipairs(plain.open(account)) do
    if order.symbol == symbol and order.index == index then
      if order.active then active = active + 1 end
      if order.active and order.closing then closing[#closing + 1] = order.id end
      if order.armed then waiting[#waiting + 1] = order end
    end
  end
  table.sort(waiting, function(a, b) return a.arming < b.arming end)
  local function ids(list)
    local out = {}
    for i, order in ipairs(list) do out[i] = order.id end
    return table.concat(out, " ")
  end
  local standing = account:standing_of(symbol, index)
  same(active, standing.active, account.key .. ", active orders of " .. symbol)
  same(table.concat(closing, " "), ids(standing.closing:list()), account.key .. ", orders that only close " .. symbol)
  same(ids(waiting), ids(standing.waiting), account.key .. ", orders that wait on " .. symbol)
  for _, order in ipairs(waiting) do
    assert(order == triggers.full(account, symbol, index, order.stop_order_type) or triggers.full(account, symbol, index,
      order.stop_order_type).arming < order.arming)
  end
end

-- Each active order that is not being matched stands on its side of the book, once, at its price, in the order of prices.
local function check_book(engine, market)
  for _, side in ipairs { "Buy", "Sell" } do
    local found, count, before = {}, 0, nil
    local ladder = market.resting[side]
    local order = ladder.best
    while order do
      assert(not found[order], "an order stands twice on the book")
      found[order], count = true, count + 1
      assert(order.price:eq(market:price(order.ticks)), "an order stands at another price than its own")
      if before then
        assert(side == "Buy" and order.price <= before.price or side == "Sell" and order.price >= before.price,
          "an order stands behind a worse one")
      end
      before, order = order, ladder:next(order)
    end
    for _, account in ipairs(engine.accounts) do
      for _, each in ipairs(plain.open(account)) do
        if each.active and each.market == market and each.side == side then
          assert(found[each], "an active order is missing on the book")
          count = count - 1
        end
      end
    end
    same(0, count, "orders on the book that are not open")
  end
end

-- Where nobody has an order or a position nothing is looked for, so the counts have to be right.
local function check_users(engine, market)
  local symbol, users, held = market.instrument.symbol, 0, 0
  for _, account in ipairs(engine.accounts) do
    for _, order in ipairs(plain.open(account)) do
      if order.symbol == symbol then users = users + 1 end
    end
    for index = 0, 2 do
      if account:holds(symbol, index) then users, held = users + 1, held + 1 end
    end
  end
  same(users, market.users, "open orders and positions on " .. symbol)
  same(held, market.held, "positions on " .. symbol)
end

-- A position is lost at the same mark prices, whether those are compared as prices or as ticks.
local function check_losses(engine, market)
  for _, account in ipairs(engine.accounts) do
    for _, p in ipairs(account:held(market.instrument.symbol)) do
      local price = position.liquidation_price(p, market.instrument)
      local at = price and market:ticks(price) or market.mark
      for ticks = at - 1, at + 1 do
        local mark = market:price(ticks)
        local lost = price ~= nil and (p.side == "Buy" and mark <= price or p.side == "Sell" and mark >= price)
        same(lost, position.is_lost(p, market.instrument, ticks), "a position at the mark price " .. tostring(mark))
      end
    end
  end
end

-- Between actions nothing that waits is due. Trailing stops aside, which move.
local function check_triggers(engine, market)
  for _, account in ipairs(engine.accounts) do
    for _, order in ipairs(plain.open(account)) do
      if order.armed and order.market == market and not order.distance then
        local now = market:reference(order.trigger_by)
        assert(order.direction == 1 and now < order.trigger_price or order.direction == 2 and now > order.trigger_price,
          "an order waits though its trigger is reached")
      end
    end
  end
end

-- A limit order is moved to the price limit exactly when it is beyond it, whatever is known without the premium.
local function check_price_limit(engine, account, market, g)
  local highest, lowest = order_checks.price_limits(market, engine.now())
  local edges = { market:ticks(highest), market:ticks(lowest), market:ticks(market:reference "MarkPrice"),
    market:ticks(market:reference "IndexPrice") }
  for _, side in ipairs { "Buy", "Sell" } do
    for _ = 1, 4 do
      local price = market:price(math.max(1, g.one_of(edges) + g.integer(-3, 3)))
      local o = { type = "Limit", side = side, price = price }
      order_checks.price_limit(account, o, market)
      local wanted = side == "Buy" and price:min(highest) or side == "Sell" and price:max(lowest)
      assert(wanted:eq(o.price), ("a %s at %s is moved to %s, not to %s"):format(side, price, o.price, wanted))
    end
  end
end

-- Texts that are kept are those that would be written now.
local function check_texts(account)
  local list = account:all_orders()
  for i = math.max(1, #list - 60), #list do
    same(answer.encode(view.new_order(list[i])), answer.encode(view.order(list[i])), "text of an order")
    same(answer.encode(view.new_closed_order(list[i])), answer.encode(view.closed_order(list[i])), "text of a closed order")
  end
  for _, market in ipairs(account.engine.markets) do
    for _, index in ipairs(account:indexes(market.instrument)) do
      same(answer.encode(view.new_position(account, market, index)), answer.encode(view.position(account, market, index)),
        "text of a position")
    end
  end
  list = account.executions
  for i = math.max(1, #list - 60), #list do
    same(answer.encode(view.new_execution(list[i])), answer.encode(view.execution(list[i])), "text of an execution")
  end
end

--- Raises when the engine has another answer than the plain way.
---@param engine table
---@param g table what draws: integer, chance, one_of
function plain.check(engine, g)
  for _, account in ipairs(engine.accounts) do check_texts(account) end
  for _, market in ipairs(engine.markets) do
    for _, account in ipairs(engine.accounts) do
      for _, index in ipairs(account:indexes(market.instrument)) do
        check_margins(account, market, index, g)
        check_counts(account, market, index)
      end
      if not account.refuse_beyond_limit then check_price_limit(engine, account, market, g) end
    end
    check_book(engine, market)
    check_triggers(engine, market)
    check_users(engine, market)
    check_losses(engine, market)
  end
end

return plain
