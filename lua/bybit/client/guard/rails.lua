-- The rails: what each of them says of an act. Exact numbers only, and nothing is read here.

local categories = require "bybit.wire.categories"
local core = require "bybit.core"

local loop = core.loop

local rails = {}

local MINUTE = 60 -- seconds

-- The limit of a symbol; nil and words: there is none, and its orders are refused.
local function limit_of(name, rail, symbol)
  local limit = rail.all or rail.of[symbol]
  if limit then return limit end
  return nil, ("%s: it names no quantity for %s: add one to the option guard"):format(name, symbol)
end

--- Is the symbol among those that may be traded?
---@param self bybit.Guard
---@param act bybit.Act
---@return string? why not
function rails.symbols(self, act)
  local rail = self.rails.symbols
  if not rail or rail.set[act.symbol] then return nil end
  return ("symbols: %s is not among the symbols that may be traded: %s"):format(act.symbol, rail.text)
end

--- Is the order small enough?
function rails.max_order(self, act)
  local rail = self.rails.max_order
  if not rail or not act.quantity then return nil end
  local limit, why = limit_of("max_order", rail, act.symbol)
  if why then return why end
  if act.quantity <= limit then return nil end
  return ("max_order: a quantity of %s is more than %s, the most that one order of %s may have"):format(act.quantity, limit,
    act.symbol)
end

--- Is the price near the market? A conditional order becomes an order when the market is at its trigger price.
function rails.band(self, act)
  local rail = self.rails.band
  if not rail or not act.price then return nil end
  local slot = self:prices_of(act.symbol)
  local price, name = slot.price, slot.name
  if act.conditional then price, name = act.trigger_price, "trigger price" end
  local room = price * rail
  if (act.price - price):abs() <= room then return nil end
  return ("band: a price of %s is more than %s away from the %s %s: from %s to %s would be right"):format(act.price, rail, name,
    price, (price - room):key(), (price + room):key())
end

local WORD = { Buy = "long", Sell = "short" }

--- Would the position stay small enough if everything were filled?
function rails.max_position(self, act)
  local rail = self.rails.max_position
  if not rail or not act.quantity then return nil end
  local limit, why = limit_of("max_position", rail, act.symbol)
  if why then return why end
  local book = self:book_of(act.symbol)
  local reach, waiting = book:reach(act.side)
  local added = book:added(act)
  if reach + added <= limit or act.place == false and added:is_zero() then return nil end
  return ("max_position: %s more could make the position in %s %s %s (now %s, other open orders %s): %s is the most"):format(
    added, act.symbol, reach + added, WORD[act.side], reach - waiting, waiting, limit)
end

--- May one more order be placed in this minute? Those of the last 60 seconds are counted.
function rails.orders_per_minute(self, act)
  local most, stamps, now = self.rails.orders_per_minute, self.stamps, loop.now()
  if not most or not act.place then return nil end
  while stamps[1] and (stamps[1].at <= now - MINUTE or stamps[1].at > now) do table.remove(stamps, 1) end
  if #stamps < most then return nil end
  return ("orders_per_minute: %d orders were placed in the last 60 seconds, which is the most: the next may go in %.1f seconds")
    :format(#stamps, stamps[#stamps - most + 1].at + MINUTE - now)
end

--- The coin that the contract of an act settles in; nil: that cannot be told.
---@param act bybit.Act
---@return string?
function rails.coin_of(self, act)
  return categories.coin_of(act.category or core.client.table(self.client).category, act.symbol)
end

--- Is enough of the equity left?
function rails.max_drawdown(self, act)
  local rail = self.rails.max_drawdown
  if not rail then return nil end
  local coin = rails.coin_of(self, act)
  if not coin then return ("max_drawdown: in which coin %s settles is not known"):format(act.symbol) end
  local slot = self:wallet_of(coin)
  local lowest = slot.highest - slot.highest * rail
  if slot.equity >= lowest then return nil end
  return ("max_drawdown: the equity is %s %s, and its highest was %s: orders that add risk go from %s on"):format(slot.equity,
    coin, slot.highest, lowest:key())
end

--- All of them, in the order in which they are asked.
rails.all = { "symbols", "max_order", "orders_per_minute", "band", "max_drawdown", "max_position" }

return rails
