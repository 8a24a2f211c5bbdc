-- What falls due at a moment: the funding of perpetuals, the end of sessions, and the delivery of futures.

local decimal = require("bybit.core").decimal
local matching = require "bybit.paper.engine.matching"
local position = require "bybit.paper.engine.position"

local ZERO = decimal(0)
local OTHER = { Buy = "Sell", Sell = "Buy" }

local dues = {}

--- The next moment of funding after `now`: at whole multiples of the interval.
function dues.funding_after(instrument, now)
  local interval = instrument.funding_minutes * 60000
  return (now // interval + 1) * interval
end

-- A fee that a position pays besides trades, or receives, and a profit that is paid out, at its mark price. Returns the order that
-- stands for both.
local function charge(engine, account, market, p, fee, profit)
  local instrument, mark, change = market.instrument, market:reference "MarkPrice", profit - fee
  local c = account:coin(instrument.settle)
  c.wallet, c.realised = c.wallet + change, c.realised + change
  p.realised, p.total = p.realised + change, p.total + change
  local order = { id = engine:uuid(), market = market, symbol = instrument.symbol, side = p.side, index = p.index, price = mark,
    qty = p.size, type = "UNKNOWN", create_type = "" }
  local row = account:execute(order, false, mark, p.size, position.coin(instrument.kind.value(p.size, mark)), fee, ZERO)
  row.rate, row.kind, row.profit = instrument.funding_rate, "Funding", profit
  return order
end

-- The session of a USDC contract ends with each funding: its profit is paid out, and counted from the mark price anew (V5
-- documentation, asset/settlement-record).
local function end_session(engine, account, market, p, fee)
  local before, mark, coin = position.entry(p), market:reference "MarkPrice", position.coin
  local profit, now = position.end_session(p, mark), engine.now()
  local order = charge(engine, account, market, p, fee, profit)
  account.sessions[#account.sessions + 1] = { order = order, time = now, size = p.size, session = before:round(8, "half_up"),
    mark = mark, profit = profit, row = engine:next_row() }
  account:keep_profit { order = order, kind = "SessionSettlePnL", closed = p.size, pnl = profit, fills = 1,
    entry_value = coin(p.kind.value(p.size, before)), exit_value = coin(p.cost), open_fee = ZERO, close_fee = ZERO,
    created = now, updated = now, leverage = p.leverage, row = engine:next_row() }
end

-- Longs pay shorts value * rate at the mark price, when the rate is above zero.
local function pay_funding(engine, market)
  local instrument = market.instrument
  for _, account in ipairs(engine.accounts) do
    for _, p in ipairs(account:held(instrument.symbol)) do
      local fee = position.coin(instrument.kind.value(p.size, market:reference "MarkPrice") * instrument.funding_rate)
      if p.side == "Sell" then fee = -fee end
      if instrument.has_sessions then
        end_session(engine, account, market, p, fee)
      else
        charge(engine, account, market, p, fee, ZERO)
      end
      matching.shed(engine, account, market)
    end
  end
end

-- Closes a position at the delivery price, and keeps a row of that.
local function close_out(engine, account, market, p, price)
  local instrument, side, size, entry, before = market.instrument, p.side, p.size, position.entry(p), p.total
  local order = engine:new_order(account, market, { side = OTHER[side], index = p.index, qty = size, type = "Market",
    price = price, tif = "IOC", reduce_only = true, closing = true, create_type = "CreateBySettle" })
  account:book(order, size, price, instrument.kind.value(size, price), false, "Settle", instrument.delivery_fee)
  matching.finish(engine, order, "Filled")
  local list = account.deliveries
  list[#list + 1] = { time = instrument.delivery, market = market, side = side, size = size, entry = entry:round(8, "half_up"),
    price = price, fee = order.fee, profit = p.total - before, row = engine:next_row() }
end

-- Ends a future: its orders go, its positions are closed at its index price. The exchange takes the average of the index price
-- over the last half hour (V5 documentation, market/delivery-price).
local function deliver(engine, market)
  local instrument, price = market.instrument, engine:look(market):reference "IndexPrice"
  for _, account in ipairs(engine.accounts) do
    for _, order in ipairs(account:open_orders(instrument.symbol)) do
      matching.finish(engine, order, order.armed and "Deactivated" or "Cancelled", "EC_NoError", "CancelBySettle")
    end
    for _, p in ipairs(account:held(instrument.symbol)) do close_out(engine, account, market, p, price) end
  end
  instrument.status, market.walking, market.delivered = "Closed", false, price
end

--- When something is due on a market next, in ms.
function dues.next(market)
  if market.delivered then return math.maxinteger end
  return market.instrument.delivery or market.next_funding
end

--- Does what is due on a market by now.
function dues.pay(engine, market, now)
  local delivery = market.instrument.delivery
  if delivery then
    if now >= delivery and not market.delivered then deliver(engine, market) end
    return
  end
  while market.next_funding <= now do
    pay_funding(engine, market)
    market:note_funding(market.next_funding)
    market.next_funding = dues.funding_after(market.instrument, market.next_funding)
  end
end

return dues
