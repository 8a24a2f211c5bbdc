-- Random trading on the paper exchange, drawn from a seed: orders of all kinds, changes, stops, leverage, margin, prices and time.
-- A world is an exchange that is acted on: its engine in this process, through the endpoints, or an exchange over HTTP.

local cjson = require "cjson"
local core = require "bybit.core"
local wire = require "spec.support.paper_wire"

local decimal = core.decimal

local random_trading = {}

---------------------------------------------------------------------------------------------------------------
-- Actions. `post(account, path, params)` sends one and returns retCode and result.

--- What draws: whole numbers, chances, and one of a list.
function random_trading.generator(seed)
  local random = core.random(seed)
  local g = { integer = function(a, b) return random:integer(a, b) end }
  function g.chance(p) return random:unit() < p end
  function g.one_of(list) return list[random:integer(1, #list)] end
  return g
end

-- Markets: the coin that pays for them, what the prices that are drawn are multiples of, at how many of these they begin, and the same
-- of quantities.
random_trading.INVERSE = {
  { category = "inverse", symbol = "BTCUSD", coin = "BTC", tick = "0.5", start = 60000, unit = "1" },
  { category = "inverse", symbol = "ETHUSD", coin = "ETH", tick = "0.05", start = 40000, unit = "1" },
}

random_trading.LINEAR = {
  { category = "linear", symbol = "BTCUSDT", coin = "USDT", tick = "0.7", start = 43000, unit = "0.001" },
  { category = "linear", symbol = "ETHUSDT", coin = "USDT", tick = "0.03", start = 66667, unit = "0.01" },
  { category = "linear", symbol = "BTCPERP", coin = "USDC", tick = "0.6", start = 50000, unit = "0.001" },
}

random_trading.HEDGED = {
  { category = "linear", symbol = "BTCUSDT", coin = "USDT", tick = "0.7", start = 43000, unit = "0.001", hedge = true },
  { category = "linear", symbol = "ETHUSDT", coin = "USDT", tick = "0.03", start = 66667, unit = "0.01", hedge = true },
}

local function quantity(market, units) return tostring(decimal(market.unit) * units) end

local function price_near(g, world, market, ticks)
  local at = math.max(100, world.ticks[market.symbol] + g.integer(-ticks, ticks))
  return tostring(decimal(market.tick) * at)
end

-- One of the account's recent orders; sometimes one of another symbol.
local function some_order(g, world, account)
  local other = g.one_of(world.markets)
  if #account.ids == 0 then return { category = other.category, symbol = other.symbol, orderId = "none" }, other end
  local known = account.ids[g.integer(math.max(1, #account.ids - 15), #account.ids)]
  local market = g.chance(0.05) and other or known.market
  return { category = market.category, symbol = market.symbol, orderId = known.id }, market
end

-- In hedge mode an order says which position it is about; now and then it says what is not so.
local function aim(g, market, o)
  if market.hedge then o.positionIdx = g.chance(0.02) and 0 or g.integer(1, 2) end
  return o
end

local function place(account, post, market, o)
  local code, result = post(account, "order/create", o)
  if code == 0 then account.ids[#account.ids + 1] = { id = result.orderId, market = market } end
end

local actions = {}

local function new_order(g, world, market)
  local o = { category = market.category, symbol = market.symbol, side = g.one_of { "Buy", "Sell" },
    orderType = g.chance(0.3) and "Market" or "Limit", qty = quantity(market, g.integer(1, 40) * g.one_of { 1, 10, 500, 5000 }),
    timeInForce = g.one_of { "GTC", "GTC", "GTC", "PostOnly", "IOC", "FOK" } }
  if o.orderType == "Limit" then o.price = price_near(g, world, market, g.one_of { 5, 60, 600 }) end
  if g.chance(0.2) then o.reduceOnly = true end
  if g.chance(0.05) then o.closeOnTrigger = true end
  if g.chance(0.05) and o.reduceOnly and o.closeOnTrigger then o.qty = "0" end
  if g.chance(0.15) then o.smpType = g.one_of { "CancelMaker", "CancelTaker", "CancelBoth" } end
  if g.chance(0.2) then o.orderLinkId = "l" .. g.integer(1, 100000) end
  if g.chance(0.15) then
    local buy, base = o.side == "Buy", o.price or tostring(decimal(market.tick) * world.ticks[market.symbol])
    local step = decimal(market.tick) * g.integer(1, 400)
    o.takeProfit, o.stopLoss = tostring(base + (buy and step or -step)), tostring(base - (buy and step or -step))
    o.tpslMode = g.one_of { "Full", "Partial" }
    if o.tpslMode == "Partial" and g.chance(0.5) then o.tpOrderType, o.tpLimitPrice = "Limit", o.takeProfit end
  end
  if o.orderType == "Market" and g.chance(0.2) then
    o.slippageToleranceType, o.slippageTolerance = "TickSize", tostring(g.integer(1, 20))
  end
  return aim(g, market, o)
end

function actions.place(g, world, account, post)
  local market = g.one_of(world.markets)
  place(account, post, market, new_order(g, world, market))
end

function actions.conditional(g, world, account, post)
  local market = g.one_of(world.markets)
  local o = new_order(g, world, market)
  o.slippageToleranceType, o.slippageTolerance = nil, nil
  o.triggerPrice, o.triggerDirection = price_near(g, world, market, 200), g.integer(1, 2)
  o.triggerBy = g.one_of { "LastPrice", "MarkPrice", "IndexPrice" }
  place(account, post, market, o)
end

function actions.amend(g, world, account, post)
  local o, market = some_order(g, world, account)
  if g.chance(0.6) then o.price = price_near(g, world, market, 100) end
  if g.chance(0.5) then o.qty = quantity(market, g.integer(1, 20000)) end
  if g.chance(0.2) then o.triggerPrice = price_near(g, world, market, 200) end
  if g.chance(0.1) then o.takeProfit, o.tpTriggerBy = price_near(g, world, market, 300), "LastPrice" end
  post(account, "order/amend", o)
end

function actions.cancel(g, world, account, post)
  post(account, "order/cancel", (some_order(g, world, account)))
end

function actions.cancel_all(g, world, account, post)
  local market = g.one_of(world.markets)
  local o = { category = market.category, symbol = market.symbol }
  if g.chance(0.7) then o.orderFilter = g.one_of { "Order", "StopOrder" } end
  if o.orderFilter == "StopOrder" and g.chance(0.5) then o.stopOrderType = "Stop" end
  post(account, "order/cancel-all", o)
end

function actions.trading_stop(g, world, account, post)
  local market = g.one_of(world.markets)
  local o = { category = market.category, symbol = market.symbol, tpslMode = g.one_of { "Full", "Partial" } }
  if g.chance(0.6) then o.takeProfit = g.chance(0.1) and "0" or price_near(g, world, market, 300) end
  if g.chance(0.6) then o.stopLoss = g.chance(0.1) and "0" or price_near(g, world, market, 300) end
  if g.chance(0.4) then
    o.trailingStop = g.chance(0.1) and "0" or tostring(decimal(market.tick) * g.integer(1, 300))
    if g.chance(0.5) then o.activePrice = price_near(g, world, market, 200) end
  end
  if o.tpslMode == "Partial" and g.chance(0.7) then o.tpSize = quantity(market, g.integer(1, 3000)) end
  post(account, "position/trading-stop", aim(g, market, o))
end

function actions.leverage(g, world, account, post)
  local market, leverage = g.one_of(world.markets), tostring(g.integer(1, 60))
  local other = market.hedge and tostring(g.integer(1, 60)) or leverage
  post(account, "position/set-leverage", { category = market.category, symbol = market.symbol, buyLeverage = leverage,
    sellLeverage = other })
end

function actions.add_margin(g, world, account, post)
  local market = g.one_of(world.markets)
  post(account, "position/add-margin", aim(g, market, { category = market.category, symbol = market.symbol,
    margin = g.one_of { "0.01", "-0.01", "0.5" } }))
end

function actions.move(g, world, _, _, steer)
  local market = g.one_of(world.markets)
  local reach = g.one_of { 3, 3, 30, 30, 30, 300, 3000 }
  local at = world.ticks[market.symbol] + g.integer(-reach, reach)
  at = math.max(market.start // 2, math.min(market.start * 2, at))
  world.ticks[market.symbol] = at
  local others = {}
  if g.chance(0.3) then others.mark = tostring(decimal(market.tick) * (at + g.integer(-100, 100))) end
  if g.chance(0.3) then others.index = tostring(decimal(market.tick) * (at + g.integer(-100, 100))) end
  steer.set_price(market.symbol, tostring(decimal(market.tick) * at), others)
end

function actions.advance(g, _, _, _, steer)
  steer.advance(g.one_of { 0.001, 1, 600, 30000 })
end

function actions.step(_, _, _, _, steer) steer.step(3) end

-- How often each action comes, relative to the sum.
local MIX = { { "place", 40 }, { "conditional", 8 }, { "amend", 15 }, { "cancel", 7 }, { "cancel_all", 1 },
  { "trading_stop", 10 }, { "leverage", 3 }, { "add_margin", 2 }, { "move", 9 }, { "advance", 3 }, { "step", 2 } }

local function draw(g)
  local n = g.integer(1, 100)
  for _, entry in ipairs(MIX) do
    n = n - entry[2]
    if n <= 0 then return entry[1] end
  end
end

--- One action of an account.
function random_trading.act(g, world, account, post)
  actions[draw(g)](g, world, account, post, world.steer)
end

--- Puts the prices where they begin, and accounts into hedge mode where it is wanted.
function random_trading.begin(world)
  world.ticks = {}
  for _, market in ipairs(world.markets) do
    for _, account in ipairs(market.hedge and world.accounts or {}) do
      assert(world.post(account, "position/switch-mode", { category = "linear", symbol = market.symbol, mode = 3 }) == 0)
    end
    world.ticks[market.symbol] = market.start
    world.steer.set_price(market.symbol, tostring(decimal(market.tick) * market.start), {})
  end
end

---------------------------------------------------------------------------------------------------------------
-- Worlds.

-- The engine in this Lua state, used through its endpoints without a server.
---@param seed integer
---@param markets table[]? those that are traded; INVERSE when left out
---@param deposit table<string, string>?
function random_trading.in_process(seed, markets, deposit)
  local Engine = require "bybit.paper.engine"
  local answer = require "bybit.paper.answer"
  local books_of = require "bybit.paper.engine.books".of
  local cursor = require "bybit.paper.v5.cursor"
  local endpoints = require "bybit.paper.v5.endpoints"
  local now = 1704067200000
  local engine = Engine.new { seed = seed, now = function() return now end, deposit = deposit or { BTC = "2", ETH = "15" } }
  local world = { every = 100, accounts = {}, engine = engine, chance = random_trading.generator(seed),
    markets = markets or random_trading.INVERSE }
  for i = 1, 3 do
    world.accounts[i] = { of = engine:open_account("k" .. i, {}), ids = {}, ended = {}, now = function() return now end }
  end
  local function call(verb, account, path, params)
    local context = { now = now, entry = { id = 1 }, page = function(_, ...) return cursor.page(path, ...) end,
      position = function(_, ...) return cursor.position(path, ...) end }
    local result, code, message = endpoints[verb .. " /v5/" .. path].handle(engine, account.of, params, context)
    if result == nil then return code, message end
    return 0, cjson.decode(answer.encode(result))
  end
  function world.post(account, path, params) return call("POST", account, path, params) end
  function world.get(account, path, params)
    params.category = params.category or "inverse"
    local code, result = call("GET", account, path, params)
    assert(code == 0, result)
    return result
  end
  function world.books(account) return books_of(account.of) end
  world.steer = {
    set_price = function(symbol, price, others) engine:set_price(symbol, price, others) end,
    step = function(n) engine:step(n) end,
    advance = function(seconds)
      now = now + math.floor(seconds * 1000)
      engine:advance_to(now)
    end,
  }
  return world
end

---@param exchange table
---@param markets table[]? those that are traded; INVERSE when left out
function random_trading.over_http(exchange, markets)
  local world = { every = 200, accounts = {}, steer = {}, markets = markets or random_trading.INVERSE }
  for i, entry in ipairs(exchange.keys) do
    world.accounts[i] = { of = wire.caller(exchange, i), key = entry.key, ids = {}, ended = {},
      now = function() return exchange:now() end }
  end
  function world.post(account, path, params)
    local done = account.of:post(path, params)
    return done.retCode, done.result
  end
  function world.get(account, path, params) return account.of:must("GET", path, params) end
  function world.books(account) return exchange:books(account.key) end
  for _, name in ipairs { "set_price", "step", "advance" } do
    world.steer[name] = function(...) exchange[name](exchange, ...) end
  end
  return world
end

return random_trading
