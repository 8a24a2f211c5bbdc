-- client:order_book: an order book that is kept up to date. The C core keeps it (src/stream/order_book.c); here is what a caller may
-- ask for, and what a book can tell.

local asked = require "bybit.stream.asked"
local core = require "bybit.core"
local errors = require "bybit.errors"
local nearest = require "bybit.text.nearest"
local objects = require "bybit.records.objects"
local scheduler = require "bybit.tasks.scheduler"

local book, loop = core.order_book, core.loop

local OPTIONS = { "symbol", "depth", "category", "cancel", "timeout", "heartbeat", "patience", "record" }
local DEPTH, TIMEOUT = 50, 10 -- s
local BIDS, ASKS = 0, 1
local ALL = 4096

local order_book = {}

---@class bybit.OrderBook
---@field symbol string
---@field depth integer how many levels of each side the exchange tells
---@field best_bid bybit.Decimal? the highest price that is bid; nil: nobody bids
---@field best_ask bybit.Decimal? the lowest price that is asked
---@field best_bid_quantity bybit.Decimal? how much is bid at it
---@field best_ask_quantity bybit.Decimal?
---@field stale string|false why the book may be old: "connection", "pong", "gap", "decode", "refused" or "closed"; false: it is not
---@field update_id integer the number of its last message
---@field cross_sequence integer the matching engine's counter
---@field time integer when the exchange sent its last message, ms
---@field resyncs integer how often it was read anew because it had a gap
---@field unrecorded string? why lines of its recording could not be written; nil: all were
local methods = {}

local fields = {}

function fields.best_bid(self) return (book.best(self, BIDS)) end
function fields.best_ask(self) return (book.best(self, ASKS)) end
function fields.best_bid_quantity(self) return select(2, book.best(self, BIDS)) end
function fields.best_ask_quantity(self) return select(2, book.best(self, ASKS)) end
function fields.stale(self) return book.state(self) or false end
function fields.update_id(self) return select(2, book.state(self)) end
function fields.cross_sequence(self) return select(3, book.state(self)) end
function fields.time(self) return select(4, book.state(self)) end
function fields.resyncs(self) return select(5, book.state(self)) end
function fields.unrecorded(self) return (select(9, book.state(self))) end

local function levels(self, side, method, most)
  if most ~= nil and (not math.tointeger(most) or most < 1) then
    errors.raise(("%s: a number of levels expected, got %s"):format(method, tostring(most)))
  end
  local flat, out, meta = book.levels(self, side, most or ALL), {}, objects.metatable "book_level"
  for i = 1, #flat, 2 do out[#out + 1] = setmetatable({ price = flat[i], quantity = flat[i + 1] }, meta) end
  return setmetatable(out, meta and meta.__list)
end

--- The levels that buy, best price first.
---@param most integer? how many at most
---@return bybit.BookLevel[]
function methods:bids(most) return levels(self, BIDS, "bids", most) end

--- The levels that sell, best price first.
---@param most integer? how many at most
---@return bybit.BookLevel[]
function methods:asks(most) return levels(self, ASKS, "asks", most) end

local SIDES = { Buy = ASKS, Sell = BIDS } -- who buys takes from the asks

--- How much could be bought, or sold, at once without going past a price: what the levels up to it hold. A price at or above the best
--- ask is one to buy at, one at or below the best bid one to sell at; between them there is nothing.
---@param price any a price: a decimal, its text, or a number that is exact
---@param side "Buy"|"Sell"|nil whose quantity is meant, where the price alone does not tell
---@return bybit.Decimal
function methods:quantity_to(price, side)
  local ok, exact = pcall(core.decimal, price)
  if not ok then errors.raise(("quantity_to: a price expected, got %s"):format(tostring(price))) end
  local from = SIDES[side]
  if side ~= nil and not from then errors.raise(("quantity_to: 'Buy' or 'Sell' expected, got %s"):format(tostring(side))) end
  if not from then
    local ask = book.best(self, ASKS)
    from = ask and exact >= ask and ASKS or BIDS
  end
  return book.quantity_to(self, from, exact)
end

--- Waits until the book changes, or becomes stale or sure again, at most so many seconds. A change since the last wait counts.
---@param seconds number
---@return boolean changed false: the time has passed
function methods:wait(seconds)
  if not math.type(seconds) or not (seconds >= 0 and seconds <= 1e9) then
    errors.raise(("wait: seconds expected, got %s"):format(tostring(seconds)))
  end
  if not book.ready(self) then
    if loop.may_yield() then
      scheduler.check_cancelled()
      local number = book.expect(self)
      local cancelled = scheduler.yield(number, scheduler.later(seconds, number))
      book.forget(self)
      if cancelled then error(cancelled, 0) end
    elseif loop.may_block() then
      scheduler.check_cancelled()
      book.block(self, seconds)
    else
      errors.raise "order_book:wait: this would block, which bybit.blocking(false) forbids: call it in a task"
    end
  end
  local changed = book.ready(self)
  book.look(self)
  return changed
end

--- Ends it. What it holds goes; it is stale from then on. May be called again.
function methods:close() book.close(self) end

local names = { "symbol", "depth" }
for name in pairs(fields) do names[#names + 1] = name end
for name in pairs(methods) do names[#names + 1] = name end
table.sort(names)

local function attach(self, symbol, depth)
  local own = { symbol = symbol, depth = depth }
  book.attach(self, setmetatable(own, { __index = function(_, name)
    if methods[name] then return methods[name] end
    local field = fields[name]
    if field then return field(self) end
    errors.raise(("an order book has no field '%s'%s"):format(tostring(name), nearest.hint(name, names)))
  end }))
end

local function failed(kind, text, elapsed)
  return nil, errors.new { kind = kind, method = "order_book", message = text, attempts = 1, elapsed = elapsed }
end

-- Waits for the first snapshot. True, or nil and an error.
local function first(self, symbol, timeout)
  local started = loop.now()
  while true do
    local stale, _, _, _, _, refused, cancelled, closed = book.state(self)
    local elapsed = loop.now() - started
    if not stale then return true end
    if refused then return failed("exchange", ("the exchange refuses the book of %s: %s"):format(symbol, refused), elapsed) end
    if cancelled then return failed("cancelled", "cancelled by its token", elapsed) end
    if closed then return failed("closed", "the client was closed", elapsed) end
    if elapsed >= timeout then return failed("timeout", "no book came in time", elapsed) end
    methods.wait(self, timeout - elapsed)
  end
end

--- An order book that is kept up to date, exactly, while the program waits for anything. It says why it may be old (`book.stale`),
--- and is then read anew by itself: after a lost connection, and when a message was missing, since each has a number. Waits for the
--- first state of the book. Close it (`local book <close> = ...` does that).
---@param client userdata
---@param params { symbol: string, depth: 1|50|200|1000|nil, category: string?, cancel: bybit.Token?, timeout: number?,
---  heartbeat: number?, patience: number?, record: string? } depth: levels of each side (50); timeout: seconds to wait for the
---  first state (10); the others as in client:stream
---@return bybit.OrderBook?
---@return bybit.Error? err
function order_book.open(client, params)
  if type(client) ~= "userdata" then
    errors.raise "order_book: called with '.' in place of ':': write client:order_book{...}"
  end
  local options, placed = asked.options("order_book", params, OPTIONS, "{ symbol = \"BTCUSD\" }")
  if #placed > 0 then errors.raise "order_book: a table of named parameters expected" end
  if not options.symbol then errors.raise "order_book: 'symbol' is missing" end
  local t, depth = asked.client("order_book", client), options.depth or DEPTH
  local name = ("orderbook.%d.%s"):format(depth, options.symbol)
  local self = core.client.order_book(client, { name = name,
    record = asked.recorder("order_book", client, options.record, { { name = name } }),
    url = asked.url(t, options.category or t.category), cancel = options.cancel,
    heartbeat = options.heartbeat, patience = options.patience })
  attach(self, options.symbol, depth)
  local ok, fine, err = pcall(first, self, options.symbol, options.timeout or TIMEOUT)
  if ok and fine then return self end
  book.close(self)
  if not ok then error(fine, 0) end
  return nil, err
end

return order_book
