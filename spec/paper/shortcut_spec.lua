-- Most requests change an order, are signed, and are in time, and most orders are plain. They take short ways through the exchange.
-- Two exchanges with one seed get the same requests; of one of them the short ways are closed. What they answer, what they tell
-- listeners, and what is in their books is the same, to the last byte.

local books = require "bybit.paper.engine.books"
local core = require "bybit.core"
local inside = require "bybit.paper.inside"
local plain = require "bybit.paper.engine.plain"
local view = require "bybit.paper.v5.view"
local answer = require "bybit.paper.answer"

local SEED = math.tointeger(tonumber(os.getenv "PAPER_SEED" or os.time() % 1000000))
local KEY, OTHER, SECRET, NOW = "shortcutKey01", "shortcutKey02", "shortcutSecretShortcutSecret0001", 1700000000000

local function exchange(clock, limits)
  local x = inside.start { seed = SEED, clock = function() return clock.ms * 1000000 end, key = KEY, secret = SECRET,
    limits = limits, deposit = { BTC = "0.0012", USDT = "60" } } -- so little that orders are refused
  x.wire.keys.readOnlyKey = { key = "readOnlyKey", secret = SECRET, id = 2, created = NOW, account = x.account, read_only = true }
  x.wire.keys[OTHER] = { key = OTHER, secret = SECRET, id = 3, created = NOW, account = x.engine:open_account(OTHER, {}) }
  x.engine.active_orders, x.engine.keep, x.told = 4, 25, {} -- so few that old rows go
  function x.engine.heard(order) x.told[#x.told + 1] = answer.encode(view.order(order)) end
  return x
end

-- Calls f with the short ways closed.
local function the_long_way(f, ...)
  local kept = {}
  for name, way in pairs(plain) do
    kept[name], plain[name] = way, function() end
  end
  local out = table.pack(pcall(f, ...))
  for name, way in pairs(kept) do plain[name] = way end
  if not out[1] then error(out[2], 0) end
  return table.unpack(out, 2, out.n)
end

-- Counts how often the short ways were taken.
local function counting(f)
  local counts = { change = 0 }
  local kept = {}
  for name, way in pairs(plain) do
    counts[name], kept[name] = 0, way
    plain[name] = function(...)
      local done = way(...)
      if done then counts[name] = counts[name] + 1 end
      return done
    end
  end
  local ok, why = pcall(f, counts)
  for name, way in pairs(kept) do plain[name] = way end
  if not ok then error(why, 0) end
end

local CREATE, AMEND, CANCEL, ALL, LEVERAGE = "/v5/order/create", "/v5/order/amend", "/v5/order/cancel", "/v5/order/cancel-all",
  "/v5/position/set-leverage"
local PATHS = { CREATE, CREATE, CREATE, CREATE, CREATE, CREATE, CREATE, AMEND, AMEND, AMEND, AMEND, AMEND, CANCEL, CANCEL, ALL,
  LEVERAGE }

-- A request, mostly a good one; `placed`: the ids of orders, and what they were placed with.
local function draw(random, clock, placed)
  local function one_of(list) return list[random:integer(1, #list)] end
  local function rarely(value, other) return random:unit() < 0.02 and other or value end
  local function price(side)
    if random:unit() < 0.15 then return one_of { "15000.5", "18000", "29900", "30300", "40000", "30000.50", "1.23" } end
    return ("%d.5"):format(30100 + (side == "Buy" and -40 or 40) + random:integer(-45, 45))
  end
  local path, linear, key, order = one_of(PATHS), random:unit() < 0.25, one_of { KEY, KEY, OTHER }, nil
  if (path == AMEND or path == CANCEL) and #placed > 0 then
    order = one_of(placed)
    linear, key = order.linear, rarely(order.key, key)
  end
  local fields = { category = rarely(linear and "linear" or "inverse", "spot"), symbol = linear and "BTCUSDT" or "BTCUSD" }
  if path == CREATE then
    fields.side, fields.orderType = one_of { "Buy", "Sell" }, one_of { "Limit", "Limit", "Limit", "Market" }
    fields.qty = linear and one_of { "0.001", "0.01" } or one_of { "1", "10", "100", "200" }
    fields.qty = rarely(fields.qty, one_of { "0.00001", "1000000" })
    fields.price = price(fields.side)
    fields.orderLinkId = random:unit() < 0.3 and ("link-%d"):format(random:integer(1, 200)) or nil
    fields.timeInForce = one_of { "GTC", "GTC", "GTC", "PostOnly", "IOC", "FOK", "never" }
    if fields.orderType == "Market" then fields.price, fields.timeInForce = rarely(nil, "1"), one_of { "IOC", "GTC" } end
    fields.positionIdx = rarely(random:unit() < 0.2 and "0" or nil, "1")
    fields.reduceOnly = rarely(nil, "true")
    fields.takeProfit = rarely(nil, "31000")
  elseif path == LEVERAGE then
    fields.buyLeverage = one_of { "2", "10", "20", "90", "100" }
    fields.sellLeverage = fields.buyLeverage
  elseif path ~= ALL then
    fields.orderId = order and order.id or "none"
    if path == AMEND then
      fields.price = price(order and order.side or "Buy")
      fields.qty = random:unit() < 0.1 and "20" or nil
    end
  end
  local names, parts = {}, {}
  for name in pairs(fields) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = ('"%s":"%s"'):format(name, fields[name]) end
  local body = rarely("{" .. table.concat(parts, ",") .. "}", "[1]")
  local timestamp = rarely(tostring(clock.ms), one_of { "", "soon", tostring(clock.ms - 5001), tostring(clock.ms + 1000) })
  local window = rarely(one_of { "5000", "" }, one_of { "0", "60001", "5000x" })
  if window == "" then window = nil end
  key = rarely(key, one_of { "readOnlyKey", "nobody", "" })
  local sign = core.sign.hmac_sha256(SECRET, timestamp .. key .. (window or "") .. body)
  sign = rarely(sign, one_of { "", ("0"):rep(64), "0" })
  local target = rarely(path, one_of { path .. "?a=1", "/v5/order/nothing", "/v5/order/create-batch" })
  return { rarely("POST", "GET"), target, body, one_of { "127.0.0.1", "127.0.0.2" }, key, timestamp, rarely(sign, nil), window },
    { key = key, linear = linear, side = fields.side }
end

-- Both markets move to one price.
local function move(random, exchanges)
  local symbol, unit = "BTCUSD", 2
  if random:unit() < 0.3 then symbol, unit = "BTCUSDT", 10 end
  local at = (30100 + random:integer(-60, 60)) * unit
  local mark = random:unit() < 0.3 and at * random:integer(97, 103) // 100 or at
  for _, x in ipairs(exchanges) do
    local market = x.engine:market(symbol)
    x.engine:set_price(symbol, market:price(at), { mark = market:price(mark) })
  end
end

local function compare(i, what, wanted, got)
  if pcall(assert.same, wanted, got) then return end
  for name, value in pairs(wanted) do
    if not pcall(assert.same, value, got[name]) then
      error(("PAPER_SEED=%d, request %d, %s, %s: %s, not %s"):format(SEED, i, what, name, core.json.encode { got[name] },
        core.json.encode { value }), 0)
    end
  end
  error(("PAPER_SEED=%d, request %d: %s differ"):format(SEED, i, what), 0)
end

-- What lists tell of the past of an account.
local function past(account)
  local out = {}
  local function add(name, rows, shape)
    for i, row in ipairs(rows) do out[name .. i] = answer.encode(shape(row)) end
  end
  add("order ", account.closed, view.order)
  add("closed order ", account.closed, view.closed_order)
  add("execution ", account.executions, view.execution)
  add("profit ", account.profits, view.profit)
  return out
end

local function run(limits, count, counts)
  local clock, random, placed, accepted = { ms = NOW }, core.random(SEED), {}, 0
  local short, long = exchange(clock, limits), exchange(clock, limits)
  local way = short.wire.short
  long.wire.orders = {}
  function short.wire.short(...)
    local status, body, headers = way(...)
    if status then counts.change = counts.change + 1 end
    return status, body, headers
  end
  for i = 1, count do
    local request, order = draw(random, clock, placed)
    local got = { short.wire:handle(table.unpack(request, 1, 8)) }
    local wanted = { the_long_way(long.wire.handle, long.wire, table.unpack(request, 1, 8)) }
    compare(i, table.concat({ request[1], request[2], request[3] }, " "), wanted, got)
    order.id = order.side and got[2]:match '"orderId":"([^"]+)"'
    if order.id then placed[#placed + 1] = order end
    if #placed > 12 then table.remove(placed, 1) end
    if got[2]:find('"retCode":0', 1, true) then accepted = accepted + 1 end
    if random:unit() < 0.1 then move(random, { short, long }) end
    if random:unit() < 0.3 then clock.ms = clock.ms + random:integer(0, 400) end
    if i % 50 == 0 then
      for a, account in ipairs(long.engine.accounts) do
        compare(i, "the books", books.of(account), books.of(short.engine.accounts[a]))
        if i % 300 == 0 then compare(i, "the past", past(account), past(short.engine.accounts[a])) end
      end
      compare(i, "what was told", long.told, short.told)
      short.told, long.told = {}, {}
    end
  end
  assert.same({}, short.errors)
  return accepted
end

describe("the short ways of the exchange", function()
  for name, limits in pairs { ["without limits"] = false, ["with those of the exchange"] = {}, ["with few"] = {
    ["order/create"] = 3, ip = 40 } } do
    it(("do what the long ones do, %s (PAPER_SEED=%d)"):format(name, SEED), function()
      if limits and not next(limits) then limits = nil end
      counting(function(counts)
        local accepted = run(limits, limits == false and 1200 or 300, counts)
        local taken = ("%s changes, %s orders, %s amendments"):format(counts.change, counts.place, counts.move)
        assert.is_true(counts.change > 100 and accepted > 10, taken)
        if limits == false then assert.is_true(counts.place > 40 and counts.move > 10, taken) end
      end)
    end)
  end
end)

---------------------------------------------------------------------------------------------------------------
-- The same wire serves HTTP.

local START = 1704067200000

-- Signed requests of a program that trades: orders, batches, and questions about them. `ids`: of orders that it has placed.
local function trading(random, ids)
  local function one_of(list) return list[random:integer(1, #list)] end
  local function id() return ids[1] and one_of(ids) or "none" end
  local function price() return ("%d.5"):format(30100 + random:integer(-60, 60)) end
  local function order() return ('"symbol":"BTCUSD","side":"%s","orderType":"Limit","qty":%s,"price":"%s"'):format(
    one_of { "Buy", "Sell" }, one_of { "1", '"10"', '"100"' }, price()) end
  local function change() return ('"symbol":"BTCUSD","orderId":"%s","price":"%s"'):format(id(), price()) end
  local function batch(f) return ('{"category":"inverse","request":[{%s},{%s}]}'):format(f(), f()) end
  local function about(more) return "category=inverse&symbol=BTCUSD" .. (more or "") end
  return table.unpack(one_of {
    { "POST", CREATE, ('{"category":"inverse",%s}'):format(order()) },
    { "POST", AMEND, ('{"category":"inverse",%s}'):format(change()) },
    { "POST", CANCEL, ('{"category":"inverse","symbol":"BTCUSD","orderId":"%s"}'):format(id()) },
    { "POST", "/v5/order/create-batch", batch(order) }, { "POST", "/v5/order/amend-batch", batch(change) },
    { "POST", "/v5/order/amend-batch", batch(change) },
    { "POST", "/v5/order/create-batch", '{"category":"inverse","request":[]}' },
    { "GET", "/v5/order/realtime", about "&limit=2" }, { "GET", "/v5/order/realtime", about("&orderId=" .. id()) },
    { "GET", "/v5/order/realtime", about "&limit=x" }, { "GET", "/v5/order/history", about "&limit=3" },
    { "GET", "/v5/execution/list", about() }, { "GET", "/v5/position/list", about() },
    { "GET", "/v5/position/list", "category=inverse&settleCoin=BTC" }, { "GET", "/v5/market/tickers", about() },
    { "GET", "/v5/market/tickers", "category=inverse" }, { "GET", "/v5/account/wallet-balance", "accountType=UNIFIED" },
    { "GET", "/v5/position/closed-pnl", about() }, { "GET", "/v5/market/orderbook", about "&limit=5" },
  })
end

it(("over HTTP the answers are the same, header lines too (PAPER_SEED=%d)"):format(SEED), function()
  local paper, raw = require "bybit.paper", require "spec.support.raw_http"
  local deposit = { BTC = "0.01" }
  local far <close> = paper.start { seed = SEED, clock = "manual", keys = { { key = KEY, secret = SECRET } }, deposit = deposit }
  local clock = { ms = START }
  local near = inside.start { seed = SEED, clock = function() return clock.ms * 1000000 end, key = KEY, secret = SECRET,
    deposit = deposit }
  near.wire.orders = {} -- and the short ways are closed
  local connection <close> = raw.connect(far.port)
  local random, ids, good = core.random(SEED), {}, 0
  for i = 1, 250 do
    local verb, path, text = trading(random, ids)
    local timestamp, target = tostring(clock.ms), verb == "GET" and path .. "?" .. text or path
    local sign = core.sign.hmac_sha256(SECRET, timestamp .. KEY .. "5000" .. text)
    local body = verb == "POST" and text or nil
    connection:send(raw.text(verb, target, { "X-BAPI-API-KEY: " .. KEY, "X-BAPI-TIMESTAMP: " .. timestamp,
      "X-BAPI-SIGN: " .. sign, "X-BAPI-RECV-WINDOW: 5000" }, body))
    local got = connection:answer()
    local status, wanted, lines = the_long_way(near.wire.handle, near.wire, verb, target, body or "", "127.0.0.1", KEY, timestamp,
      sign, "5000")
    compare(i, target .. " " .. (body or ""), { status = status, body = wanted }, { status = got.status, body = got.body })
    for name, value in lines:gmatch "([^:]+): ([^\r]*)\r\n" do
      assert.equal(value, got.headers[name:lower()], name)
    end
    for order in wanted:gmatch '"orderId":"([^"]+)"' do ids[#ids + 1] = order end
    while #ids > 8 do table.remove(ids, 1) end
    if wanted:find('"retCode":0', 1, true) then good = good + 1 end
    if random:unit() < 0.4 then
      far:step(1)
      near.engine:step(1)
    end
    local seconds = random:integer(0, 2) / 10
    far:advance(seconds)
    clock.ms = clock.ms + math.floor(seconds * 1000 + 0.5)
    near.engine:advance_to(clock.ms)
  end
  assert.is_true(good > 120)
  assert.same({}, far:errors())
  assert.same({}, near.errors)
end)
