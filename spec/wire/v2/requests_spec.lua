-- Requests on the v2 wire: the signature, compared with vectors made with openssl(1); every parameter of every method, and
-- the requests that the documentation prints. Answers are in spec/wire/v2/records_spec.lua.

local bybit = require "bybit"
local cjson = require "cjson"
local core = require "bybit.core"
local endpoints = require "bybit.wire.v2.endpoints"
local v2 = require "spec.support.v2_client"

local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

local vectors = {}
for _, vector in ipairs(cjson.decode(v2.read "signature-vectors.json")) do vectors[vector.name] = vector end

-- The one request that a call sends, with the vector's timestamp.
local function sent_at(ms, f)
  core.loop.virtual(ms)
  finally(function() core.loop.real() end)
  local client <close>, sent = v2.client(v2.ok '{"data":[],"trade_list":[],"order_id":"x"}')
  f(client)
  assert.equal(1, #sent)
  return sent[1]
end

describe("the v2 signature", function()
  it("agrees with the vector that the exchange published", function()
    local vector = vectors.published
    assert.equal(vector.sign, core.sign.hmac_sha256(vector.secret, vector.sign_string))
  end)

  it("is a parameter, the last one of a form (vector 1)", function()
    local request = sent_at(1655708182000, function(client)
      client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "30000.5",
        client_order_id = "lua-0001", reduce_only = false }
    end)
    assert.equal("http://127.0.0.1:1/v2/private/order/create", request.url)
    assert.equal(vectors.place_order.form_body, request.body)
    assert.same({ "Content-Type: application/x-www-form-urlencoded" }, request.headers)
  end)

  it("covers plain values, which are sent percent-encoded (vector 2)", function()
    local cursor = "/oIljKFOerbXfuWAmnc33qCc1649q+xLuuagMYyoYh6pV+BShVJ8ph439Xw8ywSp"
    local request = sent_at(1655708401000, function(client)
      assert(client:request("GET", "/v2/private/order/list", { symbol = "BTCUSD", cursor = cursor, direction = "next",
        limit = 50, order_status = "Filled,New" }))
    end)
    assert.equal("http://127.0.0.1:1" .. vectors.get_orders.target, request.url)
    assert.is_nil(request.body)
    assert.same({}, request.headers)
  end)

  it("covers integers and texts (vector 3)", function()
    local request = sent_at(1611516960917, function(client)
      assert(client:request("POST", "/v2/private/stop-order/create", { side = "Buy", symbol = "BTCUSD", qty = 16,
        order_type = "Market", position_idx = 0, base_price = bybit.decimal "31319", stop_px = "31320",
        time_in_force = "ImmediateOrCancel", trigger_by = "MarkPrice" }))
    end)
    assert.equal(vectors.place_conditional_order.form_body, request.body)
  end)

  it("uses the call's own receive window", function()
    local client <close>, sent = v2.client(v2.ok "[]")
    assert(client:get_open_orders_real_time { symbol = "BTCUSD", receive_window = 12000 })
    local got = v2.parse(sent[1])
    assert.equal("12000", got.params.recv_window)
    assert.equal(v2.signature(got.params), got.params.sign)
  end)

  it("is missing on public endpoints, which need no key", function()
    local seen
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, api = "v2", transport = {
      start = function(_, request)
        seen = request
        return { status = 200, body = v2.read "public-time.response.json" }
      end } }
    local result, err, response = client:request("GET", "/v2/public/time")
    assert.same({}, result, err)
    assert.equal("http://127.0.0.1:1/v2/public/time", seen.url)
    assert.equal(1577444332192, response.time)
    local message = message_of(client.cancel_all_orders, client, { symbol = "BTCUSD" })
    assert.truthy(message:find("needs credentials", 1, true))
  end)

  it("cannot be set by the caller's own fields", function()
    local client <close>, sent = v2.client(v2.ok "[]")
    for _, name in ipairs { "sign", "api_key", "timestamp", "recv_window" } do
      local message = message_of(client.cancel_all_orders, client, { symbol = "BTCUSD", extra = { [name] = "x" } })
      assert.truthy(message:find(("'extra' names '%s', which is set already"):format(name), 1, true), message)
    end
    assert.equal(0, #sent)
    assert(client:cancel_all_orders { symbol = "BTCUSD", extra = { ["a&b="] = "c d%", zz = 1 } })
    local body = sent[1].body
    assert.truthy(body:find("^a%%26b%%3D=c%%20d%%25&api_key="), body)
    assert.truthy(body:find("&zz=1&sign=", 1, true), body)
    assert.equal(core.sign.hmac_sha256(v2.SECRET, ("a&b==c d%%&api_key=%s&recv_window=5000&symbol=BTCUSD&timestamp=%s&zz=1")
      :format(v2.KEY, body:match "timestamp=(%d+)")), body:match "sign=(%x+)$")
  end)

  it("needs a secret: an RSA key is refused", function()
    local message = message_of(bybit.client, { environment = { url = "http://127.0.0.1:1" }, api = "v2", key = "k",
      private_key = "-----BEGIN PRIVATE KEY-----" })
    assert.truthy(message:find("takes a key with a secret (HMAC), not an RSA key", 1, true), message)
  end)
end)

describe("api = 'v2'", function()
  for _, name in ipairs { "mainnet", "testnet", "demo", "bytick" } do
    it("is refused on " .. name .. ", which no longer has v2; the message names V5", function()
      local message = message_of(bybit.client, { environment = name, api = "v2", key = "k", secret = "s" })
      assert.truthy(message:find(("the exchange has retired it, and %s no longer answers it: use api = \"v5\""):format(name),
        1, true), message)
    end)
  end

  it("is refused under any other name", function()
    local message = message_of(bybit.client, { environment = "paper", api = "v3" })
    assert.truthy(message:find("option 'api': 'v5' or 'v2' expected, got v3", 1, true), message)
  end)
end)

-- A call that each method accepts.
local BASE = {
  place_order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 30000 },
  place_conditional_order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 30000,
    base_price = 30000, trigger_price = 31000 },
  modify_order = { symbol = "BTCUSD", order_id = "x", new_price = 1 },
  modify_conditional_order = { symbol = "BTCUSD", stop_order_id = "x", new_price = 1 },
  cancel_order = { symbol = "BTCUSD", order_id = "x" },
  cancel_conditional_order = { symbol = "BTCUSD", stop_order_id = "x" },
  cancel_all_orders = { symbol = "BTCUSD" }, cancel_all_conditional_orders = { symbol = "BTCUSD" },
  get_orders = { symbol = "BTCUSD" }, get_conditional_orders = { symbol = "BTCUSD" },
  get_open_order_real_time = { symbol = "BTCUSD", order_id = "x" },
  get_open_conditional_order_real_time = { symbol = "BTCUSD", stop_order_id = "x" },
  get_open_orders_real_time = { symbol = "BTCUSD" }, get_open_conditional_orders_real_time = { symbol = "BTCUSD" },
  get_position = { symbol = "BTCUSD" }, get_user_trades = { symbol = "BTCUSD" }, set_trading_stop = { symbol = "BTCUSD",
    stop_loss_price = 1 },
}

local EITHER = { client_order_id = { "order_id", "stop_order_id" } }

-- The order in an answer is the one that the request names.
local function result_for(request)
  local got = v2.parse(request)
  if got.path:find "position/list$" then return '{"symbol":"BTCUSD"}' end
  if got.path:find "/list$" then return '{"data":[],"trade_list":[]}' end
  if got.path:find "All$" then return "[]" end
  return ('{"order_id":"%s"}'):format(got.params.order_id or got.params.stop_order_id or "x")
end

-- What a call of the method sends, with the base call's parameters and the given ones.
local function sent_by(method, params, without_base)
  local client <close>, sent = v2.client(function(request) return v2.ok(result_for(request)) end)
  local p = {}
  for k, v in pairs(without_base and {} or BASE[method]) do p[k] = v end
  for k, v in pairs(params) do
    p[k] = v
    for _, other in ipairs(EITHER[k] or {}) do
      if method:find "^modify" or method:find "^cancel_" or method:find "^get_open" then p[other] = nil end
    end
  end
  local result, err = client[method](client, p)
  if not (method:find "orders_real_time") then assert(result, err) end
  assert.equal(1, #sent)
  return v2.parse(sent[1])
end

local function value_of(method, name, text)
  for _, p in ipairs(endpoints[method].params) do
    if p[1] == name then
      if p[3] == "cursor" then return ("%s:l:%s"):format(method, text) end
      if p[3] == "boolean" then return text == "true" end
      if p[3] == "integer" or p[3] == "time" then return math.tointeger(tonumber(text)) end
      return text
    end
  end
  error(method .. " has no " .. name)
end

describe("every parameter on the v2 wire", function()
  local told = {}
  for _, row in ipairs(v2.rows "params.tsv") do
    local method, name, text, wire, expected = table.unpack(row)
    told[method .. "." .. name] = true
    it(("is sent under its name: %s %s = %s"):format(method, name, text), function()
      local got = sent_by(method, { [name] = value_of(method, name, text) })
      assert.equal(expected, got.params[wire])
      assert.equal(v2.signature(got.params), got.params.sign)
      assert.equal("sign", got.order[#got.order])
      assert.equal(endpoints[method].path, got.path)
      assert.equal(endpoints[method].verb, got.verb)
    end)
  end

  it("is in that table, except those that are not sent", function()
    local ours = { ["place_order.position_mode"] = true, ["set_trading_stop.position_mode"] = true,
      ["place_conditional_order.trigger_direction"] = true, ["get_user_trades.cursor"] = true }
    for method, row in pairs(endpoints) do
      for _, p in ipairs(row.internal and {} or row.params) do
        local what = method .. "." .. p[1]
        if p[1] ~= "id_prefix" then assert.truthy(told[what] or ours[what], what) end
      end
    end
  end)

  it("that is left out is not sent", function()
    local got = sent_by("set_trading_stop", {})
    assert.same({ "api_key", "recv_window", "stop_loss", "symbol", "timestamp", "sign" }, got.order)
  end)
end)

describe("the documentation's request", function()
  -- The fixtures' requests in our names, and what our requests add to them.
  local CASES = {
    ["order-create"] = { "place_order", { side = "Buy", symbol = "BTCUSD", type = "Market", quantity = 10 },
      { time_in_force = "ImmediateOrCancel" }, "order_link_id" },
    ["order-cancel"] = { "cancel_order", { symbol = "BTCUSD", order_id = "3bd1844f-f3c0-4e10-8c25-10fea03763f6" } },
    ["order-cancel-all"] = { "cancel_all_orders", { symbol = "BTCUSD" } },
    ["order-list"] = { "get_orders", { symbol = "BTCUSD" } },
    ["order-realtime"] = { "get_open_order_real_time", { symbol = "BTCUSD",
      order_id = "e66b101a-ef3f-4647-83b5-28e0f38dcae0" } },
    ["stop-order-create"] = { "place_conditional_order", { type = "Limit", side = "Buy", symbol = "BTCUSD", quantity = 1,
      price = 8100, base_price = 8300, trigger_price = 8150, time_in_force = "GTC", client_order_id = "cus_order_id_1" },
      { position_idx = "0" } },
    ["stop-order-cancel"] = { "cancel_conditional_order", { symbol = "BTCUSD",
      stop_order_id = "c1025629-e85b-4c26-b4f3-76e86ad9f8cb" } },
    ["stop-order-cancel-all"] = { "cancel_all_conditional_orders", { symbol = "BTCUSD" } },
    ["stop-order-list"] = { "get_conditional_orders", { symbol = "BTCUSD", status = "Untriggered" } },
    ["stop-order-realtime"] = { "get_open_conditional_order_real_time", { symbol = "BTCUSD",
      stop_order_id = "378a1bbc-a93a-4e75-87f4-502ea754ba36" } },
    ["stop-order-replace"] = { "modify_conditional_order", { symbol = "BTCUSD",
      stop_order_id = "378a1bbc-a93a-4e75-87f4-502ea754ba36", new_trigger_price = 16003 } },
    ["execution-list"] = { "get_user_trades", { symbol = "BTCUSD" }, { page = "1", limit = "50" } },
    ["position-trading-stop"] = { "set_trading_stop", { symbol = "BTCUSD", stop_loss_price = 7000 } },
  }

  for name, case in pairs(CASES) do
    it("of " .. name .. " is what " .. case[1] .. " sends", function()
      local got = sent_by(case[1], case[2], true)
      local wanted = cjson.decode(v2.read(name .. ".request.json"))
      assert.equal(wanted.method, got.verb)
      assert.equal(wanted.path, got.path)
      local expected = {}
      for k, v in pairs(wanted.params) do expected[k] = type(v) == "number" and ("%.14g"):format(v) or v end
      for k, v in pairs(case[3] or {}) do expected[k] = v end
      for _, k in ipairs { "api_key", "timestamp", "recv_window", "sign" } do got.params[k] = nil end
      if case[4] then got.params[case[4]] = nil end -- generated if the caller gives none
      assert.same(expected, got.params)
    end)
  end
end)

describe("a parameter or word that only one wire has", function()
  local client, sent
  before_each(function() client, sent = v2.client(v2.ok "{}") end)
  after_each(function()
    assert.equal(0, #sent, "nothing is sent")
    client:close()
  end)

  local function refused(method, params, text)
    local p = {}
    for k, v in pairs(BASE[method]) do p[k] = v end
    for k, v in pairs(params) do p[k] = v end
    local message = message_of(client[method], client, p)
    assert.truthy(message:find(text, 1, true), message)
  end

  for what, case in pairs {
    ["V5's parameters of place_order"] = { "place_order", { tpsl_mode = "Full" } },
    ["V5's parameters of conditional orders"] = { "place_conditional_order", { reduce_only = true } },
    ["V5's windows of history"] = { "get_orders", { start_time = 1700000000000 } },
    ["V5's filter of executions"] = { "get_user_trades", { trade_type = "Funding" } },
    ["V5's filter of cancellations"] = { "cancel_all_conditional_orders", { stop_order_type = "Stop" } },
    ["V5's mode per call"] = { "set_trading_stop", { tpsl_mode = "Partial" } },
  } do
    it("raises and names the other: " .. what, function()
      local name = next(case[2])
      refused(case[1], case[2], ("%s: unknown parameter '%s': it exists on the V5 wire only (api = \"v5\")"):format(
        case[1], name))
    end)
  end

  it("raises for words of V5", function()
    refused("place_order", { time_in_force = "RPI" }, "'RPI' is not one of its values: one of 'GTC', 'IOC', 'FOK', "
      .. "'PostOnly'; it exists on the V5 wire only (api = \"v5\")")
    refused("get_orders", { status = "Untriggered" }, "it exists on the V5 wire only")
    refused("place_order", { time_in_force = "GoodTillCancel" }, "here it is 'GTC'")
    refused("place_order", { position_mode = 1 }, "parameter 'position_mode': a value from 0 to 0 expected, got 1")
  end)

  it("raises for words of v2 on V5, naming the closest where there is one", function()
    local v5 <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s" }
    for status, text in pairs { Created = "here it is 'New'", Active = "here it is 'Triggered'",
      PendingCancel = "it exists on the v2 wire only (api = \"v2\")" } do
      local message = message_of(v5.get_orders, v5, { symbol = "BTCUSD", status = status })
      assert.truthy(message:find(text, 1, true), message)
    end
  end)

  it("raises without the base price, from which v2 takes the direction, and if both contradict", function()
    refused("place_conditional_order", { trigger_direction = "Falling" }, "'trigger_direction' is 'Falling', but")
    local message = message_of(client.place_conditional_order, client, { symbol = "BTCUSD", side = "Buy", type = "Market",
      quantity = 1, trigger_price = 31000, trigger_direction = "Rising" })
    assert.truthy(message:find("parameter 'base_price' is missing: this wire needs it to know", 1, true), message)
  end)

  -- "Order quantity in USD": at least 1 (v2 documentation, place active order: qty); 0 closes nothing on this wire.
  it("takes no quantity of 0, whatever it is for", function()
    refused("place_order", { quantity = 0, reduce_only = true, close_on_trigger = true },
      "parameter 'quantity': a value above 0 expected, got 0 (number)")
  end)

  it("is suggested from the names of both wires", function()
    for wrong, right in pairs { qty = "quantity", orderLinkId = "client_order_id", order_link_id = "client_order_id",
      takeProfit = "take_profit_price" } do
      refused("place_order", { [wrong] = "1" }, ("unknown parameter '%s': here it is '%s'"):format(wrong, right))
    end
  end)
end)
