-- Random trading: thousands of actions from a seed, and checks of the exchange's books after every few of them. The engine runs in
-- this process, for speed, and what it keeps as sums and in indexes is compared with the plain way; a shorter run goes over
-- HTTP. PAPER_ACTIONS (default 2400) makes it longer, PAPER_SEED repeats a run:
-- PAPER_ACTIONS=1000000 make test SPEC=spec/paper/property_spec.lua

local cjson = require "cjson"
local check = require "spec.support.paper_books_check"
local core = require "bybit.core"
local plain = require "spec.support.paper_plain"
local wire = require "spec.support.paper_wire"

local decimal = core.decimal

local ACTIONS = tonumber(os.getenv "PAPER_ACTIONS" or 2400)
local SEED = math.tointeger(tonumber(os.getenv "PAPER_SEED" or os.time() % 1000000))

---------------------------------------------------------------------------------------------------------------
-- Random actions. `post(account, path, params)` sends one and returns retCode and result.

local function generator(seed)
  local random = core.random(seed)
  local g = { integer = function(a, b) return random:integer(a, b) end }
  function g.chance(p) return random:unit() < p end
  function g.one_of(list) return list[random:integer(1, #list)] end
  return g
end

local MARKETS = { { symbol = "BTCUSD", tick = "0.5", start = 60000 }, { symbol = "ETHUSD", tick = "0.05", start = 40000 } }

local function price_near(g, world, market, ticks)
  local at = math.max(100, world.ticks[market.symbol] + g.integer(-ticks, ticks))
  return tostring(decimal(market.tick) * at)
end

-- One of the account's recent orders; sometimes one of another symbol.
local function some_order(g, account)
  if #account.ids == 0 then return { symbol = "BTCUSD", orderId = "none" } end
  local known = account.ids[g.integer(math.max(1, #account.ids - 15), #account.ids)]
  return { symbol = g.chance(0.05) and "ETHUSD" or known.symbol, orderId = known.id }
end

local function place(account, post, o)
  local code, result = post(account, "order/create", o)
  if code == 0 then account.ids[#account.ids + 1] = { id = result.orderId, symbol = o.symbol } end
end

local actions = {}

local function new_order(g, world, market)
  local o = { symbol = market.symbol, side = g.one_of { "Buy", "Sell" },
    orderType = g.chance(0.3) and "Market" or "Limit", qty = tostring(g.integer(1, 40) * g.one_of { 1, 10, 500, 5000 }),
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
  return o
end

function actions.place(g, world, account, post)
  place(account, post, new_order(g, world, g.one_of(MARKETS)))
end

function actions.conditional(g, world, account, post)
  local market = g.one_of(MARKETS)
  local o = new_order(g, world, market)
  o.slippageToleranceType, o.slippageTolerance = nil, nil
  o.triggerPrice, o.triggerDirection = price_near(g, world, market, 200), g.integer(1, 2)
  o.triggerBy = g.one_of { "LastPrice", "MarkPrice", "IndexPrice" }
  place(account, post, o)
end

function actions.amend(g, world, account, post)
  local o = some_order(g, account)
  local market = o.symbol == "BTCUSD" and MARKETS[1] or MARKETS[2]
  if g.chance(0.6) then o.price = price_near(g, world, market, 100) end
  if g.chance(0.5) then o.qty = tostring(g.integer(1, 20000)) end
  if g.chance(0.2) then o.triggerPrice = price_near(g, world, market, 200) end
  if g.chance(0.1) then o.takeProfit, o.tpTriggerBy = price_near(g, world, market, 300), "LastPrice" end
  post(account, "order/amend", o)
end

function actions.cancel(g, _, account, post)
  post(account, "order/cancel", some_order(g, account))
end

function actions.cancel_all(g, _, account, post)
  local o = { symbol = g.one_of(MARKETS).symbol }
  if g.chance(0.7) then o.orderFilter = g.one_of { "Order", "StopOrder" } end
  if o.orderFilter == "StopOrder" and g.chance(0.5) then o.stopOrderType = "Stop" end
  post(account, "order/cancel-all", o)
end

function actions.trading_stop(g, world, account, post)
  local market = g.one_of(MARKETS)
  local o = { symbol = market.symbol, tpslMode = g.one_of { "Full", "Partial" } }
  if g.chance(0.6) then o.takeProfit = g.chance(0.1) and "0" or price_near(g, world, market, 300) end
  if g.chance(0.6) then o.stopLoss = g.chance(0.1) and "0" or price_near(g, world, market, 300) end
  if g.chance(0.4) then
    o.trailingStop = g.chance(0.1) and "0" or tostring(decimal(market.tick) * g.integer(1, 300))
    if g.chance(0.5) then o.activePrice = price_near(g, world, market, 200) end
  end
  if o.tpslMode == "Partial" and g.chance(0.7) then o.tpSize = tostring(g.integer(1, 3000)) end
  post(account, "position/trading-stop", o)
end

function actions.leverage(g, _, account, post)
  local leverage = tostring(g.integer(1, 60))
  post(account, "position/set-leverage", { symbol = g.one_of(MARKETS).symbol, buyLeverage = leverage, sellLeverage = leverage })
end

function actions.add_margin(g, _, account, post)
  post(account, "position/add-margin", { symbol = g.one_of(MARKETS).symbol, margin = g.one_of { "0.01", "-0.01", "0.5" } })
end

function actions.move(g, world, _, _, steer)
  local market = g.one_of(MARKETS)
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

---------------------------------------------------------------------------------------------------------------
-- What must hold between two readings of an account's books, and between queries.

local function is_open(status) return status == "New" or status == "PartiallyFilled" or status == "Untriggered" end

-- Each order is either open or closed; a closed order never changes again.
local function check_lists(account, books, get)
  local listed = {}
  local function walk(path, params, open)
    local cursor
    repeat
      params.cursor, params.limit = cursor, 50
      local page = get(account, path, params)
      for _, o in ipairs(page.list) do
        assert(not listed[o.orderId], "listed twice: " .. o.orderId)
        listed[o.orderId] = o
        assert(is_open(o.orderStatus) == open, path .. " shows an order that is " .. o.orderStatus)
      end
      cursor = page.nextPageCursor
    until cursor == ""
  end
  walk("order/realtime", {}, true)
  walk("order/history", {}, false)
  for _, o in ipairs(books.orders) do
    local shown = listed[o.order_id]
    if shown then
      assert(shown.orderStatus == o.status and shown.cumExecQty == o.filled_quantity, "listed otherwise: " .. o.order_id)
      listed[o.order_id] = nil
    else
      local gone = not o.open and o.filled_quantity == "0" or not o.open and account.now() - o.created_time > 7 * 86400000
      assert(gone, "missing from both lists: " .. o.order_id)
    end
  end
  assert(next(listed) == nil, "listed, but not in the books")
end

local function check_history(account, books)
  for _, o in ipairs(books.orders) do
    local before = account.ended[o.order_id]
    local now = o.status .. o.filled_quantity .. o.updated_time
    if before and before ~= now then error(("order %s was %s and is %s"):format(o.order_id, before, now), 0) end
    if not o.open then account.ended[o.order_id] = now end
  end
end

local function run(seed, count, world)
  local g = generator(seed)
  world.ticks = {}
  for _, market in ipairs(MARKETS) do
    world.ticks[market.symbol] = market.start
    world.steer.set_price(market.symbol, tostring(decimal(market.tick) * market.start), {})
  end
  local codes = {}
  local function post(account, path, params)
    params.category = "inverse"
    local code, result = world.post(account, path, params)
    codes[code] = (codes[code] or 0) + 1
    if code == 0 and (path == "order/create" or path == "order/amend") then
      -- an accepted order is covered; only rounding may leave a gap
      for _, c in pairs(world.books(account).coins) do
        assert(decimal(c.available) > "-0.00001", "available is " .. c.available .. " after " .. path)
      end
    end
    return code, result
  end
  local done
  local ok, trouble = xpcall(function()
    for i = 1, count do
      done = i
      local account = g.one_of(world.accounts)
      actions[draw(g)](g, world, account, post, world.steer)
      if world.engine and i % 7 == 0 then plain.check(world.engine, world.chance) end
      if i % world.every == 0 or i == count then
        for _, each in ipairs(world.accounts) do
          local books = world.books(each)
          check.consistent(books)
          check_history(each, books)
          if i % (world.every * 4) == 0 or i == count then check_lists(each, books, world.get) end
        end
      end
    end
  end, function(message) return debug.traceback(tostring(message)) end)
  if not ok then error(("PAPER_SEED=%d, action %d: %s"):format(seed, done, trouble), 0) end
  return codes
end

---------------------------------------------------------------------------------------------------------------

-- The engine in this Lua state, used through its endpoints without a server.
local function in_process(seed)
  local Engine = require "bybit.paper.engine"
  local answer = require "bybit.paper.answer"
  local books_of = require "bybit.paper.engine.books".of
  local cursor = require "bybit.paper.v5.cursor"
  local endpoints = require "bybit.paper.v5.endpoints"
  local now = 1704067200000
  local engine = Engine.new { seed = seed, now = function() return now end, deposit = { BTC = "2", ETH = "15" } }
  local world = { every = 100, accounts = {}, engine = engine, chance = generator(seed) }
  for i = 1, 3 do
    world.accounts[i] = { of = engine:open_account("k" .. i, {}), ids = {}, ended = {}, now = function() return now end }
  end
  local function call(verb, account, path, params)
    local context = { now = now, page = function(_, ...) return cursor.page(path, ...) end,
      position = function(_, ...) return cursor.position(path, ...) end }
    local result, code, message = endpoints[verb .. " /v5/" .. path].handle(engine, account.of, params, context)
    if result == nil then return code, message end
    return 0, cjson.decode(answer.encode(result))
  end
  function world.post(account, path, params) return call("POST", account, path, params) end
  function world.get(account, path, params)
    params.category = "inverse"
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

local function over_http(exchange)
  local world = { every = 200, accounts = {}, steer = {} }
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

describe("paper exchange, random actions", function()
  it("keep the books consistent, in process", function()
    for round = 0, math.max(0, ACTIONS // 1200 - 1) do
      local codes = run(SEED + round, math.min(ACTIONS, 1200), in_process(SEED + round))
      assert.is_true(codes[0] > 300, "most actions should be accepted")
    end
  end)

  it("keep the books consistent, over HTTP", function()
    local exchange <close> = wire.start()
    local world = over_http(exchange)
    run(SEED, math.max(400, ACTIONS // 20), world)
    for _, account in ipairs(world.accounts) do account.of:hang_up() end
    assert.same({}, exchange:errors())
  end)

  it("are the same for the same seed", function()
    local texts = {}
    for i = 1, 2 do
      local world = in_process(SEED)
      run(SEED, 300, world)
      local books = world.books(world.accounts[1])
      local lines = {}
      for j, o in ipairs(books.orders) do lines[j] = table.concat({ o.order_id, o.status, o.filled_quantity, o.price }, " ") end
      texts[i] = table.concat(lines, "\n")
    end
    assert.equal(texts[1], texts[2])
  end)
end)
