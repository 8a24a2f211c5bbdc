-- Answers on the v2 wire: every example of the documentation, and captures of the exchange, decoded by the methods
-- and compared field by field with what Python reads in them (spec/support/v2_expected.py); then the envelope, errors,
-- pages. Requests are in spec/wire/v2/requests_spec.lua.

local bybit = require "bybit"
local core = require "bybit.core"
local enums = require "bybit.records.enums"
local settings = require "spec.support.settings"
local v2 = require "spec.support.v2_client"

local LIMIT = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1, client_order_id = "x1" }
local ORDER, STOP = { symbol = "BTCUSD", order_id = "x" }, { symbol = "BTCUSD", stop_order_id = "x" }

-- The call for each example; a list's name has no record number.
local CALLS = {
  ["order-create"] = { "place_order", LIMIT },
  ["order-cancel"] = { "cancel_order", ORDER },
  ["order-list"] = { "get_orders", { symbol = "BTCUSD" } },
  ["order-realtime"] = { "get_open_order_real_time", ORDER },
  ["order-realtime-single"] = { "get_open_order_real_time", ORDER },
  ["order-realtime-many"] = { "get_open_orders_real_time", { symbol = "BTCUSD" } },
  ["order-realtime.captured"] = { "get_open_orders_real_time", { symbol = "BTCUSD" } },
  ["order-replace"] = { "modify_order", { symbol = "BTCUSD", order_id = "x", new_price = 1 } },
  ["order-cancel-all"] = { "cancel_all_orders", { symbol = "BTCUSD" } },
  ["stop-order-create"] = { "place_conditional_order", { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1,
    price = 1, base_price = 1, trigger_price = 2, client_order_id = "x1" } },
  ["stop-order-list"] = { "get_conditional_orders", { symbol = "BTCUSD" } },
  ["stop-order-realtime"] = { "get_open_conditional_orders_real_time", { symbol = "BTCUSD" } },
  ["stop-order-realtime-single"] = { "get_open_conditional_order_real_time", STOP },
  ["stop-order-replace"] = { "modify_conditional_order", { symbol = "BTCUSD", stop_order_id = "x", new_price = 1 } },
  ["stop-order-cancel"] = { "cancel_conditional_order", STOP },
  ["stop-order-cancel-all"] = { "cancel_all_conditional_orders", { symbol = "BTCUSD" } },
  ["execution-list"] = { "get_user_trades", { symbol = "BTCUSD" } },
  ["position-trading-stop"] = { "set_trading_stop", { symbol = "BTCUSD", stop_loss_price = 1 } },
  ["position-list"] = { "set_trading_stop", { symbol = "BTCUSD", stop_loss_price = 1 } }, -- the same record
}

local function kind_of(value)
  local kind = math.type(value) or type(value)
  return kind == "userdata" and "decimal" or kind
end

local function text_of(value)
  if type(value) ~= "table" then return tostring(value) end
  local n = 0
  for _ in pairs(value) do n = n + 1 end
  return tostring(n)
end

-- What Python read: file -> { time =, [n] = { name -> { kind, text } } }
local expected, files = {}, {}
for line in io.lines "spec/fixtures/v2/expected.tsv" do
  local file, n, name, kind, text = line:match "^([^\t]+)\t(%d+)\t([^\t]+)\t([^\t]+)\t(.*)$"
  if not expected[file] then
    expected[file] = {}
    files[#files + 1] = file
  end
  n = math.tointeger(tonumber(n))
  expected[file][n] = expected[file][n] or {}
  expected[file][n][name] = { kind, text }
end

local function answer_of(file)
  local text = v2.read(file)
  return file:find "%.result%.json$" and v2.ok(text) or text
end

-- The call's parameters with the ids of the example's order, since an answer about another order is not accepted.
local function params_of(case, record)
  local p = {}
  for name, value in pairs(case[2]) do p[name] = value end
  for name, field in pairs { order_id = "order_id", stop_order_id = "order_id", client_order_id = "client_order_id" } do
    if p[name] and record[field] then p[name] = record[field][2] end
  end
  return p
end

describe("the example", function()
  assert(#files == 42)
  for _, file in ipairs(files) do
    local base = file:match "^[^.]+"
    local case = CALLS[file:match "^[^.]+%.captured"] or CALLS[base]
    it(("%s, decoded by %s, has the expected fields"):format(file, case[1]), function()
      local client <close> = v2.client(answer_of(file))
      local wanted = expected[file]
      local result, err, response = client[case[1]](client, params_of(case, wanted[1] or {}))
      assert.is_nil(err)
      assert.is_nil(response.undecoded)
      local list = (result[1] ~= nil or case[1]:find "orders" or case[1]:find "trades") and result or { result }
      if wanted[0] then assert.equal(wanted[0].time[2], tostring(response.time)) end
      assert.equal(#wanted, #list)
      for n, fields in ipairs(wanted) do
        local seen = 0
        for name, pair in pairs(fields) do
          local value = rawget(list[n], name)
          assert.equal(pair[1], kind_of(value), name)
          assert.equal(pair[2], text_of(value), name)
        end
        for name in pairs(list[n]) do
          -- The examples' orders were placed without an id; the client makes one, and sets it where the answer lacks it.
          local made = name == "client_order_id" and case[1]:find "^place_"
          assert.truthy(fields[name] or made, name)
          seen = seen + 1
        end
        assert.is_true(seen > 0)
      end
    end)
  end
end)

describe("records on the v2 wire", function()
  it("have the second names of the interface", function()
    local client <close> = v2.client(v2.read "stop-order-realtime.response.json")
    local order = assert(client:get_open_conditional_orders_real_time { symbol = "BTCUSD" })[1]
    assert.equal("c692f699-5e41-49a0-a87f-666ae66e47c7", order.stop_order_id)
    assert.equal(order.order_id, order.stop_order_id)
    assert.equal(order.filled_quantity, order.quote_quantity_filled)
    assert.is_true(order:is_open())
    assert.is_nil(order.price, "a market order's 0 says nothing")
  end)

  it("of a cancellation are the order as it was before, and prove nothing", function()
    local client <close> = v2.client(v2.read "order-cancel.response.json")
    local order = assert(client:cancel_order { symbol = "BTCUSD", client_order_id = "IPBTC00001" })
    assert.equal("New", order.status)
    assert.equal(1655711524376, order.last_trade_time)
    assert.is_nil(order.take_profit_price)
  end)

  it("have no field where v2 has an empty value in any form", function()
    local client <close> = v2.client(v2.ok [[{"order_id":"x","side":"Sell","price":"0","take_profit":"0.0000",
      "stop_loss":0,"tp_trigger_by":"UNKNOWN","sl_trigger_by":"","cancel_type":"UNKNOWN","reject_reason":"",
      "order_link_id":null,"last_exec_time":0,"last_exec_price":0.00,"cum_exec_value":null,"cum_exec_fee":""}]])
    local order = assert(client:get_open_order_real_time(ORDER))
    local count = 0
    for _ in pairs(order) do count = count + 1 end
    assert.equal(2, count)
  end)

  it("accept a moment in every form, cut to milliseconds by decimal arithmetic", function()
    for spelling, ms in pairs {
      ['"2022-06-20T09:15:03.585128212Z"'] = 1655716503585, ['"2022-06-21T02:37:13.05Z"'] = 1655779033050,
      ['"2020-08-01T18:00:26Z"'] = 1596304826000, ['"1969-12-31T23:59:59.999Z"'] = -1,
      ['"2024-02-29T00:00:00.000000001Z"'] = 1709164800000, ['"1655716503.5852108"'] = 1655716503585,
      ["1655711524.37661"] = 1655711524376, ["1577480599"] = 1577480599000, ["1.5774805990009e9"] = 1577480599000,
      ['"1608193181.9999999"'] = 1608193181999, ["-0.0001"] = -1,
    } do
      local client <close> = v2.client(v2.ok(('{"order_id":"x","last_exec_time":%s}'):format(spelling)))
      assert.equal(ms, assert(client:get_open_order_real_time(ORDER)).last_trade_time, spelling)
    end
  end)

  it("keep the text of a wrong moment, and name the field", function()
    for _, spelling in ipairs { "2022-13-01T00:00:00Z", "2022-02-30T00:00:00Z", "2022-06-20T09:15:03.Z",
      "2022-06-20T09:15:03.0123456789Z", "2022-06-20T24:00:00Z", "2022-06-20 09:15", "soon" } do
      local client <close> = v2.client(v2.ok(('{"order_id":"x","created_at":"%s"}'):format(spelling)))
      local order, _, response = client:get_open_order_real_time(ORDER)
      assert.equal(spelling, order.create_time)
      assert.same({ "create_time" }, response.undecoded)
    end
  end)

  it("keep numbers exact, and those with too many digits as text", function()
    for spelling, text in pairs { ["1e-18"] = "0.000000000000000001", ["6e-07"] = "0.0000006", ["1.50E+3"] = "1500",
      ["-3.7e-07"] = "-0.00000037", ["9007199254740993"] = "9007199254740993", ['"0.1000"'] = "0.1000",
      ["11.969999"] = "11.969999", ["1234567890123456789012345678901234"] = "1234567890123456789012345678901234" } do
      local client <close> = v2.client(v2.ok(('{"order_id":"x","cum_exec_fee":%s}'):format(spelling)))
      assert.equal(text, tostring(assert(client:get_open_order_real_time(ORDER)).fee))
    end
    local wide = ("1"):rep(35)
    local client <close> = v2.client(v2.ok(('{"order_id":"x","cum_exec_fee":%s}'):format(wide)))
    local order, _, response = client:get_open_order_real_time(ORDER)
    assert.equal(wide, order.fee)
    assert.same({ "fee" }, response.undecoded)
  end)

  it("translate the words of v2, and keep unknown ones", function()
    for word, ours in pairs { GoodTillCancel = "GTC", ImmediateOrCancel = "IOC", FillOrKill = "FOK",
      PostOnly = "PostOnly", SomethingNew = "SomethingNew" } do
      local client <close> = v2.client(v2.ok(('{"order_id":"x","time_in_force":"%s"}'):format(word)))
      assert.equal(ours, assert(client:get_open_order_real_time(ORDER)).time_in_force)
    end
    for word, ours in pairs { AddedLiquidity = "Maker", RemovedLiquidity = "Taker", LiquidityIndNA = false } do
      local client <close> = v2.client(v2.ok(('{"trade_list":[{"exec_id":"a","last_liquidity_ind":"%s"}]}'):format(word)))
      local trade = assert(client:get_user_trades { symbol = "BTCUSD" })[1]
      assert.equal(ours or nil, trade.liquidity)
    end
    for _, status in ipairs(enums.order_status.v2) do assert.equal(status, bybit.enums.order_status[status]) end
  end)

  it("use the older field of an execution's time if the newer one is missing", function()
    local client <close> = v2.client(v2.ok [[{"trade_list":[{"exec_id":"a","exec_time":"1571676941.70682"},
      {"exec_id":"b","exec_time":"1571676941.70682","trade_time_ms":1577480599000},
      {"exec_id":"c","trade_time_ms":1577480599000,"exec_time":"1571676941.70682"}]}]])
    local trades = assert(client:get_user_trades { symbol = "BTCUSD" })
    assert.same({ 1571676941706, 1577480599000, 1577480599000 },
      { trades[1].timestamp, trades[2].timestamp, trades[3].timestamp })
  end)

  it("read the fields inside a position's ext_fields as the position's, unless it has its own", function()
    local client <close> = v2.client(v2.ok [[{"symbol":"BTCUSD","tp_trigger_by":"MarkPrice","ext_fields":
      {"tp_trigger_by":"LastPrice","sl_trigger_by":"IndexPrice","trailing_active":"9000.5","v":1,"ext_fields":{"mm":2}},
      "mm":"7"}]])
    local p = assert(client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 1 })
    assert.equal("MarkPrice", p.take_profit_trigger_type)
    assert.equal("IndexPrice", p.stop_loss_trigger_type)
    assert.equal("9000.5", tostring(p.trailing_stop_trigger_price))
    assert.same({ "1", "2", "7" }, { p.ext_fields_v, p.ext_fields_mm, p.mm })
  end)
end)

describe("the v2 envelope", function()
  it("turns null and empty lists into empty lists", function()
    for _, result in ipairs { "null", "[]" } do
      local client <close> = v2.client(v2.ok(result))
      for _, method in ipairs { "cancel_all_orders", "cancel_all_conditional_orders", "get_open_orders_real_time",
        "get_open_conditional_orders_real_time" } do
        assert.same({}, assert(client[method](client, { symbol = "BTCUSD" })))
      end
    end
    for _, result in ipairs { "null", '{"data":null,"cursor":""}', '{"data":[]}' } do
      local client <close> = v2.client(v2.ok(result))
      assert.same({}, assert(client:get_orders { symbol = "BTCUSD" }))
    end
    local client <close> = v2.client(v2.ok '{"order_id":"Abandoned!!","trade_list":null}')
    assert.same({}, assert(client:get_user_trades { symbol = "BTCUSD" }))
  end)

  it("with an object in place of a list is a decode error, never an empty list", function()
    local client <close> = v2.client(v2.ok '{"order_id":"a"}')
    local list, err = client:get_open_orders_real_time { symbol = "BTCUSD", deadline = 0.05 }
    assert.is_nil(list)
    assert.equal("decode", err.kind)
  end)

  for name, case in pairs {
    bind = { 10001, "exchange", "invalid_parameter", "CreateOrderReq.qty" },
    validation = { 10001, "exchange", "invalid_parameter", "'qty' failed on the 'required' tag" },
    sign = { 10004, "auth", "invalid_signature", "origin_string[***]" },
  } do
    it("reports an error by its code and text: " .. name, function()
      local client <close> = v2.client(v2.read(("error-%s.response.json"):format(name)))
      local order, err, response = client:place_order(LIMIT)
      assert.is_nil(order)
      assert.same({ case[1], case[2], case[3], "rejected", false },
        { err.code, err.kind, err.name, err.outcome, err.retryable })
      assert.truthy(err.message:find(case[4], 1, true), err.message)
      assert.equal("integer", math.type(response.time))
    end)
  end

  it("never shows the key, the signed text or the signature", function()
    local text = ('{"ret_code":10004,"ret_msg":"error sign! origin_string[api_key=%s&qty=1], sign_string[0123abcd] end",'
      .. '"result":null}'):format(v2.KEY)
    local client <close> = v2.client(text)
    local _, err, response = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, raw = true }
    assert.equal("error sign! origin_string[***], sign_string[***] end", err.message)
    assert.truthy(response.raw:find("origin_string[***], sign_string[***] end", 1, true), response.raw)
    for _, shown in ipairs { tostring(err), tostring(response), err.message, response.raw } do
      assert.is_nil(shown:find(v2.KEY, 1, true))
      assert.is_nil(shown:find("0123abcd", 1, true))
    end
  end)

  it("says not_found for an order that does not exist, for every method", function()
    local client <close> = v2.client '{"ret_code":20001,"ret_msg":"order not exists or too late to cancel","result":null}'
    for method, params in pairs { cancel_order = ORDER, get_open_order_real_time = ORDER,
      get_open_conditional_order_real_time = STOP, cancel_conditional_order = STOP } do
      local result, err = client[method](client, params)
      assert.is_nil(result)
      assert.same({ "not_found", 20001, bybit.codes.order_not_found }, { err.kind, err.code, err.name })
    end
  end)

  it("that says that an order was placed incompletely is a success with response.flaw", function()
    local client <close> = v2.client [[{"ret_code":130149,"ret_msg":"order created, set tp sl failed",
      "result":{"order_id":"a","order_status":"Created"}}]]
    local order, err, response = client:place_order(LIMIT)
    assert.is_nil(err)
    assert.equal("a", order.order_id)
    assert.equal("order created, set tp sl failed", response.flaw)
    local noted <close> = v2.client '{"ret_code":0,"ret_msg":"OK","ext_code":"130149","result":{"order_id":"a"}}'
    response = select(3, noted:place_order(LIMIT))
    assert.equal("130149", response.flaw)
    local plain <close> = v2.client(v2.read "order-create.response.json")
    response = select(3, plain:place_order(LIMIT))
    assert.is_nil(response.flaw)
  end)

  it("passes on its rate limit", function()
    local endpoint = core.schema.endpoint("test", { verb = "GET", path = "/x", params = {}, result = { free = true } }, {})
    local envelope = require("bybit.wire.v2").envelope
    local facts
    local method = core.method(endpoint, nil, envelope, function(_, _, f) facts = f end)
    for text, ms in pairs { ["1655708182068"] = 1655708182068, ["1577483699244737"] = 1577483699244,
      ['"1655708182068"'] = 1655708182068 } do
      local client = core.client.new(settings { key = "k", secret = "s", signature = "params" }, {},
        { start = function() return { status = 200, body = ('{"ret_code":10006,"ret_msg":"","rate_limit_reset_ms":%s,'
          .. '"rate_limit_status":0,"rate_limit":"100"}'):format(text) } end })
      method(client, {})
      assert.equal(ms, facts.limit_reset)
    end
  end)
end)

describe("pages on the v2 wire", function()
  -- Answers in turn.
  local function pages(...)
    local list, n = { ... }, 0
    return v2.client(function()
      n = n + 1
      return v2.ok(list[n])
    end)
  end

  it("of orders end where there is no cursor, and at an empty page whose cursor leads to where it is", function()
    local client <close> = pages('{"data":[{"order_id":"a"}],"cursor":"x="}', '{"data":[],"cursor":"x="}')
    local first = assert(client:get_orders { symbol = "BTCUSD" })
    assert.equal("get_orders:l:x=", first.next_cursor)
    assert.is_nil(assert(client:get_orders { symbol = "BTCUSD", cursor = first.next_cursor }).next_cursor)
    for _, result in ipairs { '{"data":[{"order_id":"a"}],"cursor":""}', '{"data":[{"order_id":"a"}]}', '{"data":[],"cursor":""}',
      '{"data":null,"cursor":""}', "null" } do
      local other <close> = pages(result)
      assert.is_nil(assert(other:get_orders { symbol = "BTCUSD" }).next_cursor, result)
    end
  end)

  it("of orders are walked with the same filters, in either direction", function()
    local client <close>, sent = pages('{"data":[{"order_id":"a"}],"cursor":"/+="}', '{"data":[{"order_id":"b"}],"cursor":"b"}',
      '{"data":[],"cursor":"b"}')
    local seen = {}
    for order in client:each("get_orders", { symbol = "BTCUSD", status = "Filled", direction = "prev", limit = 1 }) do
      seen[#seen + 1] = order.order_id
    end
    assert.same({ "a", "b" }, seen)
    local got = v2.parse(sent[2]).params
    assert.same({ "/+=", "Filled", "prev", "1" }, { got.cursor, got.order_status, got.direction, got.limit })
    assert.equal(v2.signature(got), got.sign)
  end)

  local function trades(from, count, time)
    local list = {}
    for i = 1, count do
      list[i] = ('{"exec_id":"e%d","trade_time_ms":%s}'):format(from + i - 1, time and time(from + i - 1) or from + i)
    end
    return ('{"order_id":"Abandoned!!","trade_list":[%s]}'):format(table.concat(list, ","))
  end

  it("of executions are numbered, and end at a page that is not full", function()
    local client <close>, sent = pages(trades(1, 2), trades(3, 2), trades(5, 1))
    local ids = {}
    for trade in client:each("get_user_trades", { symbol = "BTCUSD", page_size = 2, start_time = 1577480599000 }) do
      ids[#ids + 1] = trade.trade_id
    end
    assert.same({ "e1", "e2", "e3", "e4", "e5" }, ids)
    for n, request in ipairs(sent) do
      local got = v2.parse(request).params
      assert.same({ tostring(n), "2", "1577480599000" }, { got.page, got.limit, got.start_time })
    end
    assert.equal(3, #sent)
  end)

  it("of executions go on after page 50 from the last execution's time, each execution once", function()
    local START = 1600000000000
    -- 120 executions, one a minute; the server counts 50 pages and no more.
    local client <close>, sent = v2.client(function(request)
      local got = v2.parse(request).params
      local from = got.start_time and (tonumber(got.start_time) - START) // 60000 or 0
      from = math.tointeger(from) + (tonumber(got.page) - 1) * tonumber(got.limit)
      assert(tonumber(got.page) <= 50)
      return v2.ok(trades(from, math.max(0, math.min(tonumber(got.limit), 120 - from)),
        function(n) return START + n * 60000 end))
    end)
    local seen, count = {}, 0
    for trade in client:each("get_user_trades", { symbol = "BTCUSD", page_size = 1 }) do
      assert.is_nil(seen[trade.trade_id])
      seen[trade.trade_id], count = true, count + 1
    end
    assert.equal(120, count)
    local resumed = v2.parse(sent[51]).params
    assert.same({ "1", tostring(START + 49 * 60000) }, { resumed.page, resumed.start_time })
  end)

  it("of executions that cannot be read on are an error, and not an end", function()
    local START = 1600000000000
    for text, time in pairs {
      ["says no time to go on from"] = function() return '"soon"' end,
      ["more than 50 executions at the moment 1600000000000"] = function() return START end,
    } do
      local client <close> = v2.client(function(request)
        return v2.ok(trades(tonumber(v2.parse(request).params.page), 1, time))
      end)
      local list, err = client:collect("get_user_trades", { symbol = "BTCUSD", page_size = 1, start_time = START })
      assert.is_nil(list)
      assert.equal("decode", err.kind)
      assert.truthy(err.message:find(text, 1, true), err.message)
      assert.equal("get_user_trades:e1600000000000,50,1", err.cursor)
    end
  end)

  it("of executions refuse a parameter that contradicts the cursor", function()
    local client <close> = v2.client(v2.ok "{}")
    for text, params in pairs {
      ["'page' and 'cursor' exclude each other"] = { cursor = "get_user_trades:e,2,50", page = 2 },
      ["the cursor counts pages of 50: leave page_size out"] = { cursor = "get_user_trades:e,2,50", page_size = 100 },
      ["cursor 'x' was not issued by get_user_trades"] = { cursor = "x" },
      ["cursor 'get_user_trades:h,:x' was not issued by get_user_trades"] = { cursor = "get_user_trades:h,:x" }, -- V5's
      ["cursor 'get_orders:l:x' was issued by get_orders"] = { cursor = "get_orders:l:x" },
    } do
      params.symbol = "BTCUSD"
      local ok, err = pcall(client.get_user_trades, client, params)
      assert.is_false(ok)
      assert.truthy(err:find(text, 1, true), err)
    end
  end)
end)
