-- The paper exchange on the v2 wire, used without our client: requests are written and signed here; answers are read by
-- lua-cjson or as text.

local cjson = require "cjson"
local core = require "bybit.core"
local paper = require "bybit.paper"
local percent = require "spec.support.percent"
local raw = require "spec.support.raw_http"

local SECRET = "secret of one"

local function sorted(params)
  local names = {}
  for name in pairs(params) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- "name=value&...", each value passed through `f`.
local function joined(params, f)
  local parts = {}
  for i, name in ipairs(sorted(params)) do parts[i] = name .. "=" .. f(tostring(params[name])) end
  return table.concat(parts, "&")
end

local function as_it_is(text) return text end

describe("the paper exchange on the v2 wire", function()
  local exchange

  local function start(options)
    local settings = { clock = "manual", seed = 7, limits = false, keys = { { key = "one", secret = SECRET },
      { key = "two", secret = "secret of two", read_only = true } } }
    for k, v in pairs(options or {}) do settings[k] = v end
    exchange = assert(paper.start(settings))
    exchange:set_price("BTCUSD", "30000")
  end

  before_each(function() start() end)
  after_each(function()
    local mistakes = exchange:errors()
    exchange:close()
    assert.same({}, mistakes)
  end)

  -- The parameters with key, time and signature. `changes` are applied last; false removes one.
  local function signed(params, changes)
    local p = { api_key = "one", timestamp = exchange:now(), recv_window = 5000 }
    for k, v in pairs(params) do p[k] = v end
    p.sign = core.sign.hmac_sha256(SECRET, joined(p, as_it_is))
    for k, v in pairs(changes or {}) do
      if v == false then p[k] = nil else p[k] = v end
    end
    return p
  end

  local function send(verb, path, params, json)
    local answer
    if verb == "GET" then
      answer = raw.request(exchange.port, verb, path .. "?" .. joined(params, percent.encode))
    elseif json then
      answer = raw.request(exchange.port, verb, path, { "Content-Type: application/json" }, json)
    else
      answer = raw.request(exchange.port, verb, path, { "Content-Type: application/x-www-form-urlencoded" },
        joined(params, percent.encode))
    end
    return answer.status == 200 and cjson.decode(answer.body) or nil, answer
  end

  local ORDER = { side = "Buy", symbol = "BTCUSD", order_type = "Limit", qty = 200, price = "20010",
    time_in_force = "GoodTillCancel" }

  local function order(more)
    local p = {}
    for k, v in pairs(ORDER) do p[k] = v end
    for k, v in pairs(more or {}) do p[k] = v end
    return p
  end

  local function create(more)
    return send("POST", "/v2/private/order/create", signed(order(more)))
  end

  it("answers order/create in the documented form", function()
    local done, answer = create { take_profit = "31000", tp_trigger_by = "MarkPrice" }
    assert.equal(0, done.ret_code, done.ret_msg)
    assert.truthy(answer.body:find('"price":20010,"qty":200,', 1, true), answer.body)
    assert.truthy(answer.body:find('"order_status":"Created","last_exec_time":0,"last_exec_price":0,"leaves_qty":200,'
      .. '"cum_exec_qty":0,"cum_exec_value":0,"cum_exec_fee":0,"reject_reason":"EC_NoError","order_link_id":""', 1, true),
      answer.body)
    assert.truthy(answer.body:find('"created_at":"2024-01-01T00:00:00.000Z"', 1, true))
    assert.truthy(answer.body:find('"take_profit":"31000.00","stop_loss":"","tp_trigger_by":"MarkPrice"', 1, true))
    assert.truthy(answer.body:find('"ext_code":"","ext_info":""', 1, true))
    assert.truthy(answer.body:find('"time_now":"1704067200.000000"', 1, true))
    assert.is_nil(done.rate_limit, "no limits, no limit fields")
  end)

  it("accepts a JSON body, whose numbers are signed as they are written", function()
    local p = signed(order { price = "29000.50" })
    local json = ('{"side":"Buy","symbol":"BTCUSD","order_type":"Limit","qty":200,"price":29000.50,"time_in_force":'
      .. '"GoodTillCancel","api_key":"one","timestamp":%d,"recv_window":5000,"sign":"%s"}'):format(p.timestamp, p.sign)
    local done = send("POST", "/v2/private/order/create", nil, json)
    assert.equal(0, done.ret_code, done.ret_msg)
    assert.equal(29000.5, done.result.price)
  end)

  for name, case in pairs {
    ["no key"] = { { api_key = false }, 10002, "API key required" },
    ["an unknown key"] = { { api_key = "none" }, 10003, "invalid api_key" },
    ["another signature"] = { { sign = ("0"):rep(64) }, 10004, "error sign! origin_string[api_key=one&" },
    ["no signature"] = { { sign = false }, 10004, "error sign!" },
    ["a parameter that was not signed"] = { { qty = 201 }, 10004, "error sign!" },
  } do
    it("refuses " .. name .. ", with HTTP 200", function()
      local done = send("POST", "/v2/private/order/create", signed(ORDER, case[1]))
      assert.equal(case[2], done.ret_code)
      assert.truthy(done.ret_msg:find(case[3], 1, true), done.ret_msg)
      assert.equal(cjson.null, done.result)
      assert.is_nil(done.rate_limit)
    end)
  end

  it("refuses a signature of encoded values: the plain values are signed", function()
    local done = create()
    local page = send("GET", "/v2/private/order/list", signed { symbol = "BTCUSD" })
    local cursor = page.result.cursor
    assert.truthy(cursor:find "[/+=]", cursor)
    local p = { api_key = "one", timestamp = exchange:now(), recv_window = 5000, symbol = "BTCUSD", cursor = cursor }
    p.sign = core.sign.hmac_sha256(SECRET, joined(p, percent.encode))
    assert.equal(10004, send("GET", "/v2/private/order/list", p).ret_code)
    p.sign = nil
    p.sign = core.sign.hmac_sha256(SECRET, joined(p, as_it_is))
    assert.equal(0, send("GET", "/v2/private/order/list", p).ret_code)
    assert.equal(0, done.ret_code)
  end)

  it("accepts timestamps from one receive window behind to a second ahead", function()
    local function code(offset, window)
      return send("GET", "/v2/private/order", signed { symbol = "BTCUSD", timestamp = exchange:now() + offset,
        recv_window = window or 5000 }).ret_code
    end
    assert.same({ 0, 10021, 0, 10021, 0, 10021 }, { code(-5000), code(-5001), code(999), code(1000), code(-9000, 9000),
      code(-200, 100) })
  end)

  it("lets a read-only key read", function()
    local function as_two(verb, path, params)
      params.api_key, params.timestamp = "two", exchange:now()
      params.sign = core.sign.hmac_sha256("secret of two", joined(params, as_it_is))
      return send(verb, path, params).ret_code
    end
    assert.equal(0, as_two("GET", "/v2/private/order", { symbol = "BTCUSD" }))
    assert.equal(10005, as_two("POST", "/v2/private/order/create", order()))
  end)

  it("names the parameter that is missing, as the exchange did", function()
    for _, name in ipairs { "side", "symbol", "order_type", "qty", "time_in_force" } do
      local p = order()
      p[name] = nil
      local done = send("POST", "/v2/private/order/create", signed(p))
      assert.equal(10001, done.ret_code)
      assert.equal(("Param validation for '%s' failed on the 'required' tag"):format(name), done.ret_msg)
    end
  end)

  for name, case in pairs {
    ["a word of V5"] = { { time_in_force = "GTC" }, 10001 },
    ["an unknown symbol"] = { { symbol = "ABCUSD" }, 10001 },
    ["a price off the tick"] = { { price = "29000.3" }, 10001 },
    ["a quantity of nothing"] = { { qty = 0 }, 10001 },
    ["a quantity of nothing, though it closes"] = { { qty = 0, reduce_only = true, close_on_trigger = true }, 10001 },
    ["too much"] = { { qty = 100000000 }, 30004 },
    ["more than the balance carries"] = { { qty = 1000000, price = "3500" }, 30031 },
  } do
    it("refuses " .. name, function()
      if case[2] == 30031 then
        for _ = 1, 3 do create { qty = 1000000, price = "29000" } end
      end
      assert.equal(case[2], create(case[1]).ret_code)
    end)
  end

  it("counts requests by minute, symbol and group; a cancel-all counts ten", function()
    exchange:close()
    start { limits = { ["v2/order"] = 25 } }
    local first = create()
    assert.same({ 25, 24, exchange:now() }, { first.rate_limit, first.rate_limit_status, first.rate_limit_reset_ms })
    local function cancel_all()
      return send("POST", "/v2/private/order/cancelAll", signed { symbol = "BTCUSD" })
    end
    exchange:advance(10)
    assert.equal(14, cancel_all().rate_limit_status)
    assert.equal(4, cancel_all().rate_limit_status)
    local refused = cancel_all()
    assert.same({ 10006, 4, 1704067260000 }, { refused.ret_code, refused.rate_limit_status, refused.rate_limit_reset_ms })
    assert.equal(3, create().rate_limit_status)
    assert.equal(24, create { symbol = "ETHUSD", price = "1000" }.rate_limit_status)
    assert.equal(599, send("GET", "/v2/private/order", signed { symbol = "BTCUSD" }).rate_limit_status)
    exchange:advance(50)
    assert.equal(15, cancel_all().rate_limit_status)
  end)

  it("has the documentation's limits by default", function()
    exchange:close()
    start { limits = {} }
    local function limit(verb, path, params)
      params.symbol = "BTCUSD"
      return send(verb, path, signed(params)).rate_limit
    end
    assert.same({ 100, 600, 600, 120, 120, 75 }, {
      limit("POST", "/v2/private/order/create", order()), limit("GET", "/v2/private/order", {}),
      limit("GET", "/v2/private/stop-order/list", {}), limit("GET", "/v2/private/execution/list", {}),
      limit("GET", "/v2/private/position/list", {}),
      limit("POST", "/v2/private/position/trading-stop", { stop_loss = 1 }) })
  end)

  local function place(n)
    local list = {}
    for i = 1, n do
      list[i] = create { qty = i, order_link_id = "n" .. i }.result.order_id
      exchange:advance(0.001)
    end
    return list
  end

  local function page(params)
    params.symbol = "BTCUSD"
    local result = send("GET", "/v2/private/order/list", signed(params)).result
    local quantities = {}
    for i, row in ipairs(result.data) do quantities[i] = row.qty end
    return table.concat(quantities, " "), result.cursor
  end

  it("has pages newest first, forward and backward, with a cursor even on the last page", function()
    place(5)
    local text, cursor = page { limit = 2 }
    assert.equal("5 4", text)
    local second, at_second = page { limit = 2, cursor = cursor }
    assert.equal("3 2", second)
    local third, at_third = page { limit = 2, cursor = at_second, direction = "next" }
    assert.equal("1", third)
    assert.truthy(#at_third > 0)
    assert.same({ "", "" }, { page { limit = 2, cursor = at_third } })
    assert.equal("3 2", (page { limit = 2, cursor = at_third, direction = "prev" }))
    assert.equal("5 4", (page { limit = 2, cursor = at_second, direction = "prev" }))
    assert.same({ "", "" }, { page { limit = 2, cursor = cursor, direction = "prev" } })
  end)

  it("keeps a walk steady while orders arrive, and refuses a cursor with other filters", function()
    place(3)
    local _, cursor = page { limit = 2 }
    create { qty = 9 }
    assert.equal("1", (page { limit = 2, cursor = cursor }))
    local done = send("GET", "/v2/private/order/list", signed { symbol = "BTCUSD", cursor = cursor, order_status = "New" })
    assert.equal(10001, done.ret_code)
    for _, wrong in ipairs { "abc", cursor:gsub("=", ""), cursor .. "=", "\n" .. cursor, cursor:sub(1, 8) .. "." .. cursor:sub(9),
      (cursor:gsub(".==$", "B==")) } do
      assert.equal(10001, send("GET", "/v2/private/order/list", signed { symbol = "BTCUSD", cursor = wrong }).ret_code, wrong)
    end
  end)

  it("filters by several statuses joined by commas", function()
    place(3)
    send("POST", "/v2/private/order/cancel", signed { symbol = "BTCUSD", order_link_id = "n2" })
    assert.equal("3 1", (page { order_status = "New" }))
    assert.equal("2", (page { order_status = "Cancelled" }))
    assert.equal("3 2 1", (page { order_status = "Cancelled,New" }))
  end)

  it("shows a triggered conditional order as Active, and finds it by id among active orders", function()
    local stop = send("POST", "/v2/private/stop-order/create", signed { side = "Sell", symbol = "BTCUSD", qty = 5,
      order_type = "Market", base_price = "30000", stop_px = "29000", time_in_force = "GoodTillCancel" }).result
    assert.same({ "ImmediateOrCancel", "30000.00", "29000.00", "5" }, { stop.time_in_force, stop.base_price, stop.stop_px,
      stop.qty })
    exchange:set_price("BTCUSD", "29000")
    local listed = send("GET", "/v2/private/stop-order/list", signed { symbol = "BTCUSD" }).result.data[1]
    assert.same({ stop.stop_order_id, "Active" }, { listed.stop_order_id, listed.stop_order_status })
    assert.equal(20001, send("GET", "/v2/private/stop-order", signed { symbol = "BTCUSD",
      stop_order_id = stop.stop_order_id }).ret_code)
    assert.equal("Filled", send("GET", "/v2/private/order", signed { symbol = "BTCUSD",
      order_id = stop.stop_order_id }).result.order_status)
  end)

  it("takes the direction of a trigger from the base price, which must differ from the trigger", function()
    local function code(base, trigger)
      return send("POST", "/v2/private/stop-order/create", signed { side = "Sell", symbol = "BTCUSD", qty = 5,
        order_type = "Market", base_price = base, stop_px = trigger, time_in_force = "ImmediateOrCancel" }).ret_code
    end
    assert.same({ 30074, 30075, 130018, 0, 0 }, { code("28000", "29000"), code("32000", "31000"), code("29000", "29000.0"),
      code("30000", "31000"), code("30000", "29000") })
  end)

  it("moves the price of a take profit or stop loss by its id, which V5 does not", function()
    create { order_type = "Market", take_profit = "33000" }
    local stops = send("GET", "/v2/private/stop-order", signed { symbol = "BTCUSD" }).result
    assert.equal("33000.00", stops[1].stop_px)
    local function move(to)
      return send("POST", "/v2/private/stop-order/replace", signed { symbol = "BTCUSD", stop_order_id = stops[1].order_id,
        p_r_trigger_price = to }).ret_code
    end
    assert.same({ 0, 30076 }, { move "34000", move "34000" })
    local position = send("GET", "/v2/private/position/list", signed { symbol = "BTCUSD" }).result
    assert.equal("34000", position.take_profit)
  end)

  it("ignores take profit and stop loss of an order while there is a position", function()
    create { order_type = "Market" }
    create { order_type = "Market", take_profit = "33000" }
    assert.same({}, send("GET", "/v2/private/stop-order", signed { symbol = "BTCUSD" }).result)
  end)

  it("writes small numbers with exponents, and texts without", function()
    create { order_type = "Market", qty = 1 }
    local _, answer = send("POST", "/v2/private/position/trading-stop", signed { symbol = "BTCUSD", stop_loss = 28000 })
    assert.truthy(answer.body:find('"realised_pnl":-2e-8', 1, true), answer.body)
    assert.truthy(answer.body:find('"sl_trigger_by":"LastPrice"', 1, true))
    local _, listed = send("GET", "/v2/private/position/list", signed { symbol = "BTCUSD" })
    assert.truthy(listed.body:find('"realised_pnl":"-0.00000002"', 1, true), listed.body)
  end)

  it("knows Full mode only: quantities of a trading stop are refused", function()
    create { order_type = "Market" }
    assert.equal(37010, send("POST", "/v2/private/position/trading-stop", signed { symbol = "BTCUSD", stop_loss = 28000,
      sl_size = 5 }).ret_code)
    assert.equal(34040, send("POST", "/v2/private/position/trading-stop", signed { symbol = "BTCUSD",
      stop_loss = 0 }).ret_code)
    assert.equal(30024, send("POST", "/v2/private/position/trading-stop", signed { symbol = "ETHUSD",
      stop_loss = 1 }).ret_code)
  end)

  it("answers faults in its own envelope", function()
    exchange:faults { { "code", code = 10016, path = "order/create" } }
    local done = create()
    assert.same({ 10016, cjson.null }, { done.ret_code, done.result })
    assert.equal("string", type(done.time_now))
    assert.equal(0, send("GET", "/v2/private/order", signed { symbol = "BTCUSD" }).ret_code)
  end)

  it("tells the time without a key, and refuses unknown paths", function()
    exchange:advance(0.192859)
    local done = send("GET", "/v2/public/time", {})
    assert.equal("1704067200.192859", done.time_now)
    assert.same({}, done.result)
    local _, answer = send("GET", "/v2/private/nothing", signed {})
    assert.equal(404, answer.status)
  end)

  it("survives requests of another form", function()
    for _, body in ipairs { "", "&&&", "=", "{", "[]", '{"symbol":["BTCUSD"],"api_key":"one"}', "api_key=one&symbol=%zz",
      '{"api_key":{"a":1}}' } do
      local done = send("POST", "/v2/private/order/create", nil, body)
      assert.is_true(done.ret_code ~= 0)
    end
    for _, params in ipairs { { symbol = "BTCUSD", cursor = ("A"):rep(4000) }, { symbol = "BTCUSD", limit = "0" },
      { symbol = "BTCUSD", limit = "51" }, { symbol = "BTCUSD", direction = "up" } } do
      assert.equal(10001, send("GET", "/v2/private/order/list", signed(params)).ret_code)
    end
    for _, params in ipairs { { page = 51 }, { page = "x" }, { limit = 201 }, { start_time = "-1" } } do
      params.symbol = "BTCUSD"
      assert.equal(10001, send("GET", "/v2/private/execution/list", signed(params)).ret_code)
    end
  end)
end)
