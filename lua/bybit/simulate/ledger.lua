-- What a simulation's account was worth while time passed: a line of equity in coin and in USD, its deepest falls, the days, how long
-- there was a position, and how near it came to its liquidation. Numbers here are floats: they describe, they are no balances.

local books = require "bybit.paper.engine.books"
local position = require "bybit.paper.engine.position"
local world_of = require "bybit.simulate.world"

local moments = world_of.moments
local ledger = {}

local MS = 1000000 -- ns
local DAY = 86400000
local POINTS, LEAST = 1500, 1000 -- points of the line, up to twice as many; ms between two of them, at least

local Ledger = {}
Ledger.__index = Ledger

-- The deepest fall of a line from the highest point before it.
local Fall = {}
Fall.__index = Fall

local function new_fall(time, value)
  return setmetatable({ peak = value, peak_time = time, depth = 0, part = 0, from = time, to = time }, Fall)
end

function Fall:note(time, value)
  if value > self.peak then
    self.peak, self.peak_time = value, time
  elseif self.peak - value > self.depth then
    self.depth, self.from, self.to = self.peak - value, self.peak_time, time
    self.part = self.peak > 0 and self.depth / self.peak or 0
  end
end

---@param world table
---@param symbol string the contract whose coin and price count
function ledger.new(world, symbol)
  local market = world.engine.by_symbol[symbol]
  local instrument = market.instrument
  local self = setmetatable({ world = world, market = market, coin = instrument.settle,
    inverse = instrument.category == "inverse",
    tick = market.tick:tonumber(), markets = {}, times = {}, equity = {}, usd = {}, price = {}, size = {}, days = {},
    held_ms = 0, held = false, largest = 0, next = 0 }, Ledger)
  for _, other in ipairs(world.engine.markets) do
    if other.instrument.settle == self.coin then self.markets[#self.markets + 1] = other end
  end
  self.wallet, self.holding = world.account:coin(self.coin), world.account.holding
  self.apart, self.before, self.begin = LEAST, world:now(), world:now()
  self.day, self.day_end = self.begin // DAY, (self.begin // DAY + 1) * DAY
  local worth, price, _, main = self:worth()
  self.initial = { coin = worth, usd = worth * price, price = price }
  self.falls = { coin = new_fall(self.begin, worth), usd = new_fall(self.begin, worth * price) }
  self:point(self.begin, worth, worth * price, 0, main)
  world:watch(function(_, bar, up, span)
    if bar then self:passed(bar, up, span) else self:moved(world.ns // MS) end
  end, function(...) self:walked(...) end)
  return self
end

-- What a position brings at a price. `sign`: 1 of a long, -1 of a short one.
local function gain(inverse, sign, quantity, cost, price)
  if inverse then return sign * (cost - quantity / price) end
  return sign * (quantity * price - cost)
end

-- What the positions of a market would bring at a price, and how large they are, longs minus shorts.
local function open_profit(self, market, price)
  local held = self.world.account:held(market.instrument.symbol)
  if not held[1] then return 0, 0 end
  local profit, size = 0, 0
  for _, p in ipairs(held) do
    local quantity, cost, sign = p.size:tonumber(), p.cost:tonumber(), p.side == "Sell" and -1 or 1
    size, profit = size + sign * quantity, profit + gain(self.inverse, sign, quantity, cost, price)
  end
  return profit, size
end

--- Equity in coin, the price in USD of a coin, the size of the position, and the price of the main contract. `ticks`: at another price
--- of it.
function Ledger:worth(ticks)
  local wallet = self.wallet.wallet
  if not rawequal(wallet, self.counted) then self.counted, self.counted_number = wallet, wallet:tonumber() end
  local worth, size = self.counted_number, 0
  local main = (ticks or self.market.last) * self.tick
  for i = 1, #self.markets do
    local market = self.markets[i]
    local price = market == self.market and main or market.last * market.tick:tonumber()
    local profit, s = open_profit(self, market, price)
    worth = worth + profit
    if market == self.market then size = s elseif s ~= 0 then self.others = true end
  end
  return worth, self.inverse and main or 1, size, main
end

-- Moves the points further apart until half of them are left. Nobody knows how long a run will be.
local function thin(self)
  local times, columns = self.times, { self.times, self.equity, self.usd, self.price, self.size }
  local count = #times
  while count > POINTS do
    self.apart = self.apart * 2
    local kept = 1
    for i = 2, count do
      if times[i] >= times[kept] + self.apart then
        kept = kept + 1
        for _, column in ipairs(columns) do column[kept] = column[i] end
      end
    end
    count = kept
  end
  for _, column in ipairs(columns) do
    for i = #column, count + 1, -1 do column[i] = nil end
  end
end

function Ledger:point(time, worth, usd, size, main)
  if #self.times == 2 * POINTS then thin(self) end
  local n = #self.times + 1
  self.times[n], self.equity[n], self.usd[n], self.price[n], self.size[n] = time, worth, usd, main, size
end

-- The days that have passed end with what the account was worth then.
local function end_days(self, time)
  local day = time // DAY
  while self.day < day do
    self.days[#self.days + 1] = { time = (self.day + 1) * DAY, coin = self.last_worth or self.initial.coin,
      usd = self.last_usd or self.initial.usd }
    self.day = self.day + 1
  end
  self.day_end = (self.day + 1) * DAY
end

-- How near a price has come to where a position is liquidated.
local function note_near(self, price, at)
  local distance = math.abs(price - at) / price
  if distance < (self.nearest or math.huge) then self.nearest = distance end
end

local function note_distance(self, price)
  local symbol = self.market.instrument.symbol
  for _, p in ipairs(self.world.account:held(symbol)) do
    local at = position.liquidation_number(p, self.market.instrument)
    if at and at > 0 then note_near(self, price, at) end
  end
end

-- Is there no position, and the wallet what it was? Then only what the coin is worth changes.
local function is_idle(self)
  return not self.held and rawequal(self.wallet.wallet, self.counted) and next(self.holding) == nil
end

-- The main contract's price is this, in ticks.
local function note(self, time, ticks)
  if time >= self.day_end then end_days(self, time) end
  if self.held then self.held_ms = self.held_ms + time - self.before end
  self.before = time
  local worth, price, size, main = self:worth(ticks)
  local usd = worth * price
  self.held, self.last_size, self.last_worth, self.last_usd = size ~= 0 or self.others or false, size, worth, usd
  self.others = nil
  self.falls.coin:note(time, worth)
  self.falls.usd:note(time, usd)
  if size ~= 0 then
    if math.abs(size) > math.abs(self.largest) then self.largest = size end
    note_distance(self, main)
  end
  if time >= self.next then
    self.next = time + self.apart
    self:point(time, worth, usd, size, main)
  end
end

-- Would a fall not change between these?
local function is_inside(fall, a, b)
  if a > b then a, b = b, a end
  return b <= fall.peak and fall.peak - a <= fall.depth
end

-- The price was between these, in ticks, while only what the coin is worth changes. Returns whether that is no new fall.
local function idle(self, low, high, close, time)
  local worth, tick, fall = self.counted_number, self.tick, self.falls.usd
  local usd = worth
  if self.inverse then
    local peak = fall.peak
    if worth * (high * tick) > peak or peak - worth * (low * tick) > fall.depth then return false end
    usd = worth * (close * tick)
  end
  self.before, self.last_worth, self.last_usd = time, worth, usd
  return true
end

--- A price has moved by this moment, or the account may have changed.
function Ledger:moved(time)
  local last = self.market.last
  if time < self.day_end and time < self.next and is_idle(self) and idle(self, last, last, last, time) then return end
  note(self, time, last)
end

-- A candle over which the account is worth no more than at its best, and falls from there no deeper than before. Returns whether it is
-- one. What the account is worth is a line of the price, or of its inverse: so the candle's extremes tell.
local function held(self, low, high, close, time)
  local low_worth, low_price, _, low_main = self:worth(low)
  local high_worth, high_price, size, high_main = self:worth(high)
  local falls = self.falls
  local usd_low, usd_high = low_worth * low_price, high_worth * high_price
  if not (is_inside(falls.coin, low_worth, high_worth) and is_inside(falls.usd, usd_low, usd_high)) then return false end
  if size ~= 0 then
    note_distance(self, low_main)
    note_distance(self, high_main)
  end
  note(self, time, close)
  return true
end

--- A price has moved over a whole candle. Where that is no new fall, no day ends and no point of the line is due, its close alone counts;
--- otherwise each of its points does.
---@param bar { open: integer, high: integer, low: integer, close: integer } ticks
---@param up boolean first to its high
---@param span integer ns that it takes
function Ledger:passed(bar, up, span)
  local start, a, b, c, d = self.world.ns, moments(span)
  local last = (start + d) // MS
  if last < self.day_end and last < self.next and (is_idle(self) and idle or held)(self, bar.low, bar.high, bar.close, last) then
    return
  end
  note(self, (start + a) // MS, bar.open)
  note(self, (start + b) // MS, up and bar.high or bar.low)
  note(self, (start + c) // MS, up and bar.low or bar.high)
  note(self, last, bar.close)
end

-- Positions of the main contract, as numbers: their sign, quantity and cost, and where they are liquidated, which counts where they do not
-- add up to nothing; and their sum. Nil where other contracts of the coin have some too.
local function numbers_of(self)
  for i = 1, #self.markets do
    local market = self.markets[i]
    if market ~= self.market and market.held > 0 then return nil end
  end
  local out, size = {}, 0
  for i, p in ipairs(self.world.account:held(self.market.instrument.symbol)) do
    out[i] = { sign = p.side == "Sell" and -1 or 1, quantity = p.size:tonumber(), cost = p.cost:tonumber(),
      at = position.liquidation_number(p, self.market.instrument) }
    size = size + out[i].sign * out[i].quantity
  end
  for _, p in ipairs(out) do
    if size == 0 or p.at and p.at <= 0 then p.at = nil end
  end
  return out, size
end

-- What the main contract's positions bring at a price.
local function bring(positions, inverse, price)
  local profit = 0
  for i = 1, #positions do
    local p = positions[i]
    profit = profit + gain(inverse, p.sign, p.quantity, p.cost, price)
  end
  return profit
end

-- How near the prices between two have come to where positions are liquidated.
local function note_nearest(self, positions, low, high)
  for _, p in ipairs(positions) do
    if p.at then
      note_near(self, low, p.at)
      note_near(self, high, p.at)
    end
  end
end

-- What does not change while ticks pass at once is worked out once: all but the time, where there is no position and the price stands.
local function pass_over(self, positions, size, count, ns, apart, prices)
  self:worth() -- counts the coins of the wallet
  local wallet, tick, inverse, flat, first = self.counted_number, self.tick, self.inverse, #positions == 0, ns // MS
  local coin, usd_fall, still = self.falls.coin, self.falls.usd, flat and not prices
  local times, equity, usds, mains, sizes, points = self.times, self.equity, self.usd, self.price, self.size, #self.times
  local main, worth, usd, low, high = self.market.last * tick, wallet, nil, math.huge, 0
  if size ~= 0 and math.abs(size) > math.abs(self.largest) then self.largest = size end
  for i = 1, count do
    local time = (ns + (i - 1) * apart) // MS
    if time >= self.day_end then end_days(self, time) end
    if i == 1 or not still then
      if prices then main = prices[i] * tick end
      if not flat then worth = wallet + bring(positions, inverse, main) end
      usd = inverse and worth * main or worth
      if worth > coin.peak or coin.peak - worth > coin.depth then coin:note(time, worth) end
      if usd > usd_fall.peak or usd_fall.peak - usd > usd_fall.depth then usd_fall:note(time, usd) end
      if main < low then low = main end
      if main > high then high = main end
      self.last_worth, self.last_usd = worth, usd
    end
    if time >= self.next then
      self.next = time + self.apart
      if points == 2 * POINTS then
        self:point(time, worth, usd, size, main)
        points = #times
      else
        points = points + 1
        times[points], equity[points], usds[points], mains[points], sizes[points] = time, worth, usd, main, size
      end
    end
  end
  local stop = (ns + (count - 1) * apart) // MS
  if self.held then self.held_ms = self.held_ms + first - self.before end
  if size ~= 0 then self.held_ms = self.held_ms + stop - first end
  note_nearest(self, positions, low, high)
  self.before, self.held, self.last_size = stop, size ~= 0, size
end

--- Ticks have passed at once, see World:watch.
function Ledger:walked(count, ns, apart, market, prices)
  local positions, size = numbers_of(self)
  if positions then return pass_over(self, positions, size, count, ns, apart, market == self.market and prices) end
  for i = 1, count do
    if market then market.last = prices[i] end
    self:moved((ns + (i - 1) * apart) // MS)
  end
end

--- Ends it: everything that the report is made of.
---@param run table options, world, journal, client, outcome, settings
function Ledger:close(run)
  self:moved(self.world.ns // MS)
  local worth, price, size, main = self:worth()
  if self.times[#self.times] < self.world:now() then self:point(self.world:now(), worth, worth * price, size, main) end
  self.final = { coin = worth, usd = worth * price, price = self.market.last * self.tick }
  local client, account = run.client, self.world.account
  local all = books.of(account)
  local left = {}
  for _, order in ipairs(all.orders) do
    if order.open then left[#left + 1] = order end
  end
  local ok, unsettled = pcall(client.unsettled, client)
  local stats = client:stats()
  return { seed = run.options.seed, options = run.options, settings = run.settings, begin = self.begin, stop = self.world:now(),
    coin = self.coin, inverse = self.inverse, symbol = self.market.instrument.symbol, initial = self.initial, final = self.final,
    initial_price = self.initial.usd / self.initial.coin, times = self.times, equity = self.equity, usd = self.usd,
    price = self.price, size = self.size, days = self.days, falls = self.falls, held_ms = self.held_ms, nearest = self.nearest,
    largest = self.largest, orders = all.orders, executions = all.executions, coins = all.coins, positions = all.positions,
    orders_left = left, unsettled = ok and unsettled or {}, journal = run.journal, stats = stats,
    faults = self.world.exchange.faults.counts, exchange_errors = self.world.exchange.errors, outcome = run.outcome,
    struck = run.struck,
    first_price = self.price[1], last_price = self.price[#self.price] }
end

return ledger
