-- What the paper exchange remembers has an end, however long it runs: far past what a test asks for, and not for ever.

local Engine = require "bybit.paper.engine"
local Limits = require "bybit.paper.v5.limits"
local core = require "bybit.core"
local cjson = require "cjson"
local orders = require "bybit.paper.engine.orders"
local paper = require "bybit.paper"
local raw = require "spec.support.raw_http"

local BEGIN = 1704067200000

local function count(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

describe("the paper exchange remembers", function()
  local engine, now

  before_each(function()
    now = BEGIN
    engine = Engine.new { seed = 7, now = function() return now end, keep = 10, links_kept = 50 }
  end)

  local function place_and_cancel(account, link)
    local order, code = orders.create(engine, account, { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "1",
      price = "29000", orderLinkId = link })
    if order then orders.cancel(engine, account, { symbol = "BTCUSD", orderId = order.id }) end
    return order, code
  end

  it("link ids past their orders, and the oldest of them no more", function()
    local account = engine:open_account("k", {})
    for i = 1, 200 do assert(place_and_cancel(account, "n" .. i)) end
    for _, list in ipairs { account.links, account.taken, account.orders, account.list, account.closed } do
      assert.is_true(count(list) <= 61, count(list))
    end
    for _, taken in ipairs { 200, 190, 160, 145 } do
      local order, code = place_and_cancel(account, "n" .. taken)
      assert.same({ nil, 110072 }, { order, code })
    end
    assert(place_and_cancel(account, "n1"))
  end)

  it("the last orders that were filled at once, with their executions and profits", function()
    local account = engine:open_account("k", {})
    for i = 1, 200 do
      assert(orders.create(engine, account, { category = "inverse", symbol = "BTCUSD", side = i % 2 == 0 and "Buy" or "Sell",
        orderType = "Market", qty = "1", orderLinkId = "n" .. i }))
    end
    for _, list in ipairs { account.orders, account.list, account.closed, account.executions, account.profits } do
      assert.is_true(count(list) >= 10 and count(list) <= 11, count(list))
    end
    assert.equal("n200", account.executions[#account.executions].order.link)
  end)

  it("half a million link ids, unless it is told otherwise", function()
    assert.equal(500000, Engine.new { seed = 7, now = function() return now end }.links_kept)
  end)

  it("the last trades and prices of a market, whether time passes or not", function()
    local market = engine:market "ETHUSD"
    engine:step(5000)
    for _ = 1, 5000 do
      now = now + 100
      engine:tick()
    end
    assert.is_true(#market.trades >= 1000 and #market.trades < 2000)
    assert.is_true(#market.premiums < 1000)
    assert.is_true(market.premiums[1].since <= now - 29000)
  end)

  it("the addresses that it has heard of lately", function()
    local limits = Limits.new()
    for i = 1, 5000 do limits:admit("127.0." .. i // 250 .. "." .. i % 250, now + i * 10) end
    assert.is_true(count(limits.addresses) <= 1600, count(limits.addresses))
    for _ = 1, 600 do limits:admit("127.9.9.9", now + 60000) end
    assert.is_false(limits:admit("127.9.9.9", now + 60000))
    for i = 1, 3000 do limits:admit("127.8." .. i // 250 .. "." .. i % 250, now + 70000 + i) end
    assert.is_false(limits:admit("127.9.9.9", now + 100000)) -- banned for ten minutes
  end)

  it("one count for all symbols of v2 that there are not", function()
    local exchange <close> = assert(paper.start { clock = "manual", seed = 7, limits = { ["v2/order"] = 3 },
      keys = { { key = "one", secret = "s" } } })
    local codes = {}
    for i = 1, 5 do
      local text = ("api_key=one&symbol=NONE%d&timestamp=%d"):format(i, exchange:now())
      local answer = raw.request(exchange.port, "POST", "/v2/private/order/cancel",
        { "Content-Type: application/x-www-form-urlencoded" }, text .. "&sign=" .. core.sign.hmac_sha256("s", text))
      codes[i] = cjson.decode(answer.body).ret_code
    end
    assert.same({ 10001, 10001, 10001, 10006, 10006 }, codes)
  end)
end)
