-- The linear requests that the V5 documentation prints (spec/fixtures/v5), made by our methods: they go out with the same members.
-- The category is the client's in one half of the calls, and the call's own in the other.

local cjson = require "cjson"
local methods = require "spec.support.methods"
local percent = require "spec.support.percent"

-- Members that our methods leave out, or send besides: null and what is false or a default says nothing (V5 documentation, order/create).
local SAYS_NOTHING = { reduceOnly = false, positionIdx = 0, accountType = "UNIFIED", openOnly = "0", orderFilter = "Order" }

-- A printed request.
local function printed_request(name)
  local file <close> = assert(io.open(("spec/fixtures/v5/%s.request.json"):format(name)))
  return cjson.decode(file:read "a")
end

local function members(t)
  local out = {}
  for k, v in pairs(t) do
    if v ~= cjson.null and SAYS_NOTHING[k] ~= v then out[k] = v end
  end
  return out
end

local BODIES = {
  { "order-create", "place_order", { symbol = "BTCUSDT", side = "Buy", type = "Limit", quantity = 1, price = 25000,
    time_in_force = "GTC", client_order_id = "usdt-test-01", reduce_only = false, take_profit_price = 28000,
    stop_loss_price = 20000, tpsl_mode = "Partial", tp_order_type = "Limit", sl_order_type = "Limit", tp_limit_price = 27500,
    sl_limit_price = 20500 } },
  { "order-create-close", "place_order", { symbol = "BTCUSDT", side = "Sell", type = "Limit", quantity = 1, price = 30000,
    client_order_id = "usdt-test-02", reduce_only = true } },
  { "order-amend", "modify_conditional_order", { symbol = "ETHPERP", client_order_id = "linear-004", new_trigger_price = 1145,
    new_quantity = "0.15", new_price = 1050, take_profit_price = 0, stop_loss_price = 0 } },
  { "order-cancel", "cancel_order", { symbol = "BTCPERP", order_id = "c6f055d9-7f21-4079-913d-e6523a9cfffa" } },
  { "position-set-leverage", "set_leverage", { symbol = "BTCUSDT", buy_leverage = 6, sell_leverage = 6 } },
  { "position-trading-stop", "set_trading_stop", { symbol = "XRPUSDT", take_profit_price = "0.6", stop_loss_price = "0.2",
    take_profit_trigger_type = "MarkPrice", stop_loss_trigger_type = "IndexPrice", tpsl_mode = "Partial",
    tp_order_type = "Limit", sl_order_type = "Limit", take_profit_quantity = 50, stop_loss_quantity = 50,
    tp_limit_price = "0.57", sl_limit_price = "0.21" } },
}

local QUERIES = {
  { "order-history", "get_orders", { status = "Filled", settle_coin = "USDT", limit = 1 }, -- a final status: history alone
    "orderStatus=Filled&settleCoin=USDT" },
  { "execution-list", "get_user_trades", { page_size = 1 } },
  { "position-closed-pnl", "get_closed_profit_loss", { limit = 1 } },
  { "position-symbol-info", "get_futures_leverage", { symbol = "BTCUSDT" } },
  { "market-funding-history", "get_funding_rate_history", { symbol = "ETHPERP", limit = 1 } },
  { "asset-settlement-record", "get_settlement_history", {} },
  { "order-realtime", "get_orders", { symbol = "ETHUSDT", limit = 1 } },
}

-- Calls both ways: the category is the client's, or the call's own.
local function both_ways(method, params, answer)
  local sent = {}
  for i, option in ipairs { { category = "linear" }, {} } do
    local client <close>, requests = methods.client(answer, option)
    local p = {}
    for k, v in pairs(params) do p[k] = v end
    if i == 2 and method ~= "get_settlement_history" then p.category = "linear" end -- that is about linear contracts only
    local result, err = client[method](client, p)
    assert.truthy(result, tostring(err))
    sent[i] = requests[1]
  end
  return sent
end

describe("the documentation's linear request", function()
  for _, case in ipairs(BODIES) do
    it(case[1] .. " goes out as printed", function()
      local printed = printed_request(case[1])
      for _, request in ipairs(both_ways(case[2], case[3])) do
        assert.same(members(printed), members(cjson.decode(request.body)))
      end
    end)
  end

  for _, case in ipairs(QUERIES) do
    it(case[1] .. " goes out as printed", function()
      local printed = printed_request(case[1])
      local wanted = members(percent.params(printed.query))
      for k, v in pairs(percent.params(case[4] or "")) do wanted[k] = v end
      for _, request in ipairs(both_ways(case[2], case[3], methods.example(case[1]))) do
        local _, path, query = methods.parts(request)
        assert.same({ printed.path, wanted }, { path, members(percent.params(query)) })
      end
    end)
  end
end)

-- V5 documentation, order/realtime and position/list: of linear contracts one of symbol, baseCoin, settleCoin is required; the
-- history takes the category alone.
describe("a list of linear contracts", function()
  local NEEDS = "%s: for linear contracts one of 'symbol', 'settle_coin'%s is needed"

  it("of what is open names a contract or a coin", function()
    local client <close> = methods.client(nil, { category = "linear" })
    for name, more in pairs { get_orders = ", 'base_coin', 'order_id', 'client_order_id'",
      get_conditional_orders = ", 'base_coin', 'stop_order_id', 'client_order_id'", get_open_orders_real_time = ", 'base_coin'",
      get_open_conditional_orders_real_time = ", 'base_coin'", get_positions = "" } do
      assert.equal(NEEDS:format(name, more), methods.refusal(client, name, {}))
    end
  end)

  it("goes out with a coin, and an inverse one without any", function()
    local client <close>, sent = methods.client(methods.ok '{"list":[],"nextPageCursor":""}', { category = "linear" })
    assert(client:get_open_orders_real_time { settle_coin = "USDC" })
    assert(client:get_orders { client_order_id = "mine" })
    assert(client:get_positions { category = "inverse" })
    local queries = {}
    for i, request in ipairs(sent) do queries[i] = select(3, methods.parts(request)) end
    assert.same({ "category=linear&settleCoin=USDC&openOnly=0&orderFilter=Order&limit=50",
      "category=linear&orderLinkId=mine&openOnly=0&orderFilter=Order", "category=inverse" }, queries)
  end)
end)

describe("a view with a category", function()
  it("fills it in wherever a method takes it, and a call may say another", function()
    local client <close>, sent = methods.client(methods.ok '{"list":[],"nextPageCursor":""}')
    local view = client:with { category = "linear", symbol = "BTCUSDT" }
    assert(view:get_positions {})
    assert(view:get_tickers {})
    assert(view:get_positions { category = "inverse", symbol = "BTCUSD" })
    assert(view:get_collateral_info {}) -- it is about the account
    assert(view:request("GET", "/v5/position/list", { settleCoin = "USDT" }))
    assert(view:request("GET", "/v5/position/list", { category = "inverse" }))
    local queries = {}
    for i, request in ipairs(sent) do queries[i] = select(3, methods.parts(request)) end
    assert.same({ "category=linear&symbol=BTCUSDT", "category=linear", "category=inverse&symbol=BTCUSD", "",
      "category=linear&settleCoin=USDT", "category=inverse" }, queries)
  end)
end)
