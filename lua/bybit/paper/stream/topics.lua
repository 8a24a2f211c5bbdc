-- The public topics of the exchange's streams (V5 documentation, websocket/public). A topic is made when somebody wants it. It
-- looks at the market from time to time and tells what is new; all who want it get the same. What it tells it takes from the
-- answers of the market's endpoints, so that streams and queries cannot differ.

local answer = require "bybit.paper.answer"
local Candles = require "bybit.paper.engine.candles"
local cjson = require "cjson"
local endpoints = require "bybit.paper.v5.endpoints"
local view = require "bybit.paper.v5.view"

local encode, format, concat = answer.encode, string.format, table.concat

local topics = {}

local TRADES_MOST = 1024 -- of a message
local REPEAT = 3000 -- ms after which level 1 comes again
local DEPTHS = { [1] = true, [50] = true, [200] = true, [1000] = true }

-- What an endpoint answers about a symbol, read from its JSON.
local function ask(topic, path, more)
  local asked = { category = topic.category, symbol = topic.symbol }
  for name, value in pairs(more or {}) do asked[name] = value end
  local result = endpoints["GET /v5/market/" .. path].handle(topic.engine, nil, asked, { now = topic.engine.now() })
  return cjson.decode(encode(result))
end

local function message(topic, kind, data, more)
  return format('{"topic":"%s","type":"%s","ts":%d,"data":%s%s}', topic.name, kind, topic.engine.now(), data, more or "")
end

---------------------------------------------------------------------------------------------------------------
-- The book. `u` counts the messages of a topic by one; a snapshot says where it stands.

local Book = {}
Book.__index = Book

local function levels_of(list)
  local out = {}
  for i, level in ipairs(list) do out[i] = format('["%s","%s"]', level[1], level[2]) end
  return concat(out, ",")
end

local function write_book(self, kind, bids, asks)
  local now = self.engine.now()
  return message(self, kind, format('{"s":"%s","b":[%s],"a":[%s],"u":%d,"seq":%d}', self.symbol, levels_of(bids),
    levels_of(asks), self.u, self.market.seq), format(',"cts":%d', now))
end

-- The levels that differ between two sides: those that are gone have size 0.
local function differences(before, after)
  local out, sizes = {}, {}
  for _, level in ipairs(after) do sizes[level[1]] = level[2] end
  for _, level in ipairs(before) do
    if not sizes[level[1]] then out[#out + 1] = { level[1], "0" } end
  end
  local old = {}
  for _, level in ipairs(before) do old[level[1]] = level[2] end
  for _, level in ipairs(after) do
    if old[level[1]] ~= level[2] then out[#out + 1] = level end
  end
  return out
end

local function look(self)
  local book = ask(self, "orderbook", { limit = tostring(self.depth) })
  return book.b, book.a
end

function Book:begin()
  self.bids, self.asks = look(self)
  self.u, self.told = 1 + self.market.seq, self.engine.now()
end

function Book:snapshot()
  return write_book(self, "snapshot", self.bids, self.asks)
end

function Book:news()
  local bids, asks = look(self)
  local less, more = differences(self.bids, bids), differences(self.asks, asks)
  local now = self.engine.now()
  self.bids, self.asks = bids, asks
  if #less == 0 and #more == 0 then
    if self.depth ~= 1 or now - self.told < REPEAT then return {} end
    self.told = now
    return { self:snapshot() }
  end
  self.u, self.told = self.u + 1, now
  return { self.depth == 1 and self:snapshot() or write_book(self, "delta", less, more) }
end

---------------------------------------------------------------------------------------------------------------
-- Trades.

local Trades = {}
Trades.__index = Trades

function Trades:begin()
  local newest = self.market.trades[#self.market.trades]
  self.last, self.ticks, self.direction = self.market.traded, newest and newest.ticks, "ZeroPlusTick"
end

-- How a price stands to the one before: it rose, fell, or stayed after it had risen or fallen.
local function direction(self, ticks)
  local rose = not self.ticks and 0 or ticks - self.ticks
  self.ticks = ticks
  if rose == 0 then
    self.direction = self.direction:find "Plus" and "ZeroPlusTick" or "ZeroMinusTick"
  else
    self.direction = rose > 0 and "PlusTick" or "MinusTick"
  end
  return self.direction
end

local function trade_of(self, t)
  local size, id = self.market:told(t)
  return encode(answer.object { { "T", t.time }, { "s", self.symbol }, { "S", t.side }, { "v", size },
    { "p", view.padded(self.market, self.market:price(t.ticks)) }, { "L", direction(self, t.ticks) }, { "i", id },
    { "BT", false }, { "RPI", false }, { "seq", t.seq } })
end

function Trades:news()
  self.engine:market(self.symbol) -- a market that nobody looks at sleeps
  local out, list, trades = {}, {}, self.market.trades
  local first = math.max(1, #trades - (self.market.traded - self.last) + 1)
  self.last = self.market.traded
  for i = first, #trades do
    list[#list + 1] = trade_of(self, trades[i])
    if #list == TRADES_MOST or i == #trades then
      out[#out + 1] = message(self, "snapshot", "[" .. concat(list, ",") .. "]")
      list = {}
    end
  end
  return out
end

---------------------------------------------------------------------------------------------------------------
-- Tickers: all fields first, then those that changed.

local Ticker = {}
Ticker.__index = Ticker

local FIELDS = { "symbol", "tickDirection", "price24hPcnt", "lastPrice", "prevPrice24h", "highPrice24h", "lowPrice24h",
  "prevPrice1h", "markPrice", "indexPrice", "openInterest", "openInterestValue", "turnover24h", "volume24h",
  "nextFundingTime", "fundingRate", "bid1Price", "bid1Size", "ask1Price", "ask1Size", "predictedDeliveryPrice",
  "basisRate", "deliveryFeeRate", "deliveryTime", "basis", "preOpenPrice", "preQty", "curPreListingPhase",
  "fundingIntervalHour", "basisRateYear", "fundingCap" }

local function look_at_ticker(self)
  local fields = ask(self, "tickers").list[1]
  local newest = self.market.trades[#self.market.trades]
  if newest and newest.ticks ~= self.ticks then fields.tickDirection = direction(self, newest.ticks) end
  fields.tickDirection = self.direction
  return fields
end

local function write_ticker(self, kind, fields)
  local out = {}
  for _, name in ipairs(FIELDS) do
    if fields[name] ~= nil then out[#out + 1] = format('"%s":"%s"', name, fields[name]) end
  end
  return message(self, kind, "{" .. concat(out, ",") .. "}", format(',"cs":%d', self.market.seq))
end

function Ticker:begin()
  self.direction = "ZeroPlusTick"
  self.fields = look_at_ticker(self)
end

function Ticker:snapshot()
  return write_ticker(self, "snapshot", self.fields)
end

function Ticker:news()
  local fields, changed = look_at_ticker(self), {}
  for name, value in pairs(fields) do
    if self.fields[name] ~= value then changed[name] = value end
  end
  self.fields = fields
  if not next(changed) then return {} end
  changed.symbol = self.symbol
  return { write_ticker(self, "delta", changed) }
end

---------------------------------------------------------------------------------------------------------------
-- Klines.

local Kline = {}
Kline.__index = Kline

local function candles(self, count)
  self.engine:market(self.symbol)
  return self.market.candles:list("last", self.interval, nil, nil, count, self.engine.now())
end

local function write_candle(self, c, closed)
  local function price(ticks) return view.padded(self.market, self.market:price(ticks)) end
  local data = encode(answer.list { answer.object {
    { "start", c.time }, { "end", Candles.next_begin(self.interval, c.time) - 1 }, { "interval", self.interval },
    { "open", price(c.open) }, { "close", price(c.close) }, { "high", price(c.high) }, { "low", price(c.low) },
    { "volume", c.volume }, { "turnover", c.turnover:round(8, "half_up") }, { "confirm", closed },
    { "timestamp", self.engine.now() } } })
  return message(self, "snapshot", data)
end

-- What is compared of a candle.
local function mark_of(c)
  return concat({ c.time, c.open, c.high, c.low, c.close, tostring(c.volume) }, " ")
end

function Kline:begin()
  self.mark, self.start = "", candles(self, 1)[1].time
end

function Kline:news()
  local out, list = {}, candles(self, 1)
  if list[1].time ~= self.start then -- the candle that was told last has ended
    for _, c in ipairs(candles(self, 1000)) do
      if c.time == self.start then out[1] = write_candle(self, c, true) end
    end
    self.start = list[1].time
  end
  local mark = mark_of(list[1])
  if mark ~= self.mark then
    self.mark = mark
    out[#out + 1] = write_candle(self, list[1], false)
  end
  return out
end

---------------------------------------------------------------------------------------------------------------
-- The highest price to buy at, and the lowest to sell at.

local Limits = {}
Limits.__index = Limits

function Limits.begin() end

function Limits:news()
  local now = ask(self, "price-limit")
  local data = format('{"symbol":"%s","buyLmt":"%s","sellLmt":"%s"}', self.symbol, now.buyLmt, now.sellLmt)
  if data == self.data then return {} end
  self.data = data
  return { format('{"topic":"%s","ts":%d,"data":%s}', self.name, self.engine.now(), data) }
end

---------------------------------------------------------------------------------------------------------------

-- A class, and its fields; nil when there is no such topic. `at_once`: it is told after each request, not only at a tick.
local function parse(name)
  local depth, symbol = name:match "^orderbook%.(%d+)%.([%w%-]+)$"
  if depth then return DEPTHS[tonumber(depth)] and Book, symbol, { depth = tonumber(depth) } end
  symbol = name:match "^publicTrade%.([%w%-]+)$"
  if symbol then return Trades, symbol, { at_once = true } end
  symbol = name:match "^tickers%.([%w%-]+)$"
  if symbol then return Ticker, symbol, {} end
  symbol = name:match "^priceLimit%.([%w%-]+)$"
  if symbol then return Limits, symbol, {} end
  local interval
  interval, symbol = name:match "^kline%.(%w+)%.([%w%-]+)$"
  if interval then return Candles.has_interval(interval) and Kline, symbol, { interval = interval } end
end

---A topic; nil when there is none of that name in the category.
---@param engine table
---@param category string
---@param name string "orderbook.50.BTCUSD"
function topics.new(engine, category, name)
  local class, symbol, fields = parse(name)
  local market = class and engine:market(symbol)
  if not market or market.instrument.category ~= category then return nil end
  fields.engine, fields.category, fields.name, fields.symbol, fields.market = engine, category, name, symbol, market
  local topic = setmetatable(fields, class)
  topic:begin()
  return topic
end

return topics
