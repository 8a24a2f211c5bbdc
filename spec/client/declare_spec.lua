-- bybit.declare makes a method of an endpoint that has none; client:request gives exact numbers with decimals = true.

local bybit = require "bybit"
local core = require "bybit.core"
local endpoints = require "bybit.wire.v5.endpoints"
local help = require "bybit.shell.help"
local methods = require "spec.support.methods"
local records = require "bybit.records"

local D = bybit.decimal

local ROW = {
  verb = "GET", path = "/v5/position/move-history", limit = 10, doc = "Positions that were moved between accounts.",
  params = { "symbol", "start_time", { "status", "status", "string", doc = "Only of this status." },
    { "most", "limit", "integer", min = 1, max = 20 } },
  result = { list = { doc = "A moved position.", fields = {
    { "block_trade_id", "blockTradeId", "string", doc = "The id." }, { "quantity", "qty", "decimal", doc = "How much." },
    { "create_time", "createdAt", "time", doc = "When." } } }, key = "list", cursor = "nextPageCursor" },
}

describe("bybit.declare", function()
  local declared = {}

  local function declare(name, row)
    bybit.declare(name, row)
    declared[#declared + 1] = name
  end

  after_each(function()
    local client <close> = methods.client()
    local class = core.client.table(client).class
    for _, name in ipairs(declared) do
      endpoints[name], class.methods[name] = nil, nil
      rawset(records, name, nil)
    end
    declared, class.known_names = {}, nil
  end)

  it("makes a method with checks, exact records and pages, of every client", function()
    local early <close>, sent = methods.client(methods.ok [[{"list":[{"blockTradeId":"a","qty":"0.10","createdAt":"1700000000000",
      "brandNew":"x"}],"nextPageCursor":"c"}]])
    declare("get_moved_positions", ROW)
    local page = assert(early:get_moved_positions { symbol = "BTCUSD", most = 5 })
    assert.same({ "GET", "/v5/position/move-history", "category=inverse&symbol=BTCUSD&limit=5" }, { methods.parts(sent[1]) })
    assert.truthy(methods.header(sent[1], "X-BAPI-SIGN"))
    assert.truthy((page[1].quantity * 3):eq "0.3")
    assert.same({ "0.10", 1700000000000, "x", "c" }, { tostring(page[1].quantity), page[1].create_time, page[1].brand_new,
      page.next_cursor })
    assert.has_error(function() return page[1].quantitty end)
    assert.equal("get_moved_positions: parameter 'most': a value from 1 to 20 expected, got 21 (number)",
      methods.refusal(early, "get_moved_positions", { symbol = "BTCUSD", most = 21 }))
    assert(early:with { most = 3 })
    local dialect = require "bybit.wire.v5"
    assert.truthy(help.page(dialect, "get_moved_positions", { width = 80 }):find("Positions that were moved", 1, true))
    assert.truthy(tostring(page):find("0.10", 1, true))
  end)

  it("makes a change, whose lost answer has the outcome unknown", function()
    declare("set_switch", { verb = "POST", path = "/v5/account/set-hedging-mode", fixed = {},
      params = { { "mode", "setHedgingMode", "enum", enum = "side", values = { "Buy" }, wire = { Buy = "ON" },
        required = true } } })
    local client <close>, sent = methods.client()
    assert(client:set_switch { mode = "Buy" })
    assert.same({ "POST", "/v5/account/set-hedging-mode", '{"setHedgingMode":"ON"}' }, { methods.parts(sent[1]) })
    local lost <close> = methods.client(function() return { error = "network", sent = true, message = "lost" } end)
    local done, err = lost:set_switch { mode = "Buy", deadline = 0.05 }
    assert.same({ nil, "unknown" }, { done, err.outcome })
  end)

  it("does not see later changes of the row", function()
    local row = { verb = "GET", path = "/v5/market/time", params = {} }
    declare("get_clock", row)
    row.path = "/v5/other"
    local client <close>, sent = methods.client(methods.ok '{"timeSecond":"1"}')
    assert.same({ timeSecond = "1" }, (client:get_clock {}))
    assert.equal("/v5/market/time", (select(2, methods.parts(sent[1]))))
  end)

  it("refuses a wrong row, and leaves nothing of it", function()
    local function with(changes)
      local row = { verb = "GET", path = "/v5/market/time" }
      for k, v in pairs(changes) do row[k] = v end
      return row
    end
    for text, case in pairs {
      ["a name such as 'get_something' expected, got 5"] = { 5, with {} },
      ["a client has a method 'place_order' already"] = { "place_order", with {} },
      ["a client has a method 'close' already"] = { "close", with {} },
      ["get_x: 'verb': 'GET' or 'POST' expected, got PUT"] = { "get_x", with { verb = "PUT" } },
      ["get_x: 'path': a path such as"] = { "get_x", with { path = "market/time" } },
      ["get_x: unknown 'parms', did you mean 'params'?"] = { "get_x", with { parms = {} } },
      ["get_x: 'limit': a number expected, got string"] = { "get_x", with { limit = "5" } },
      ["unknown parameter type 'number'"] = { "get_x", with { params = { { "a", "A", "number" } } } },
      ["unknown field type 'number'"] = { "get_x", with { result = { record = { fields = { { "a", "A", "number" } } } } } },
      ["there is no record 'ordre'"] = { "get_x", with { result = { record = "ordre" } } },
      ["there is no enum 'sied'"] = { "get_x", with { params = { { "a", "A", "enum", enum = "sied" } } } },
      ["a table expected, got string"] = { "get_x", "row" },
    } do
      local ok, err = pcall(function() bybit.declare(case[1], case[2]) end)
      assert.is_false(ok, text)
      assert.truthy(tostring(err):find("declare_spec.lua:%d+: declare: ") and tostring(err):find(text, 1, true), tostring(err))
    end
    assert.is_nil(endpoints.get_x)
    assert.is_nil(rawget(records, "get_x"))
  end)
end)

describe("client:request with decimals = true", function()
  it("gives numbers that count and compare exactly", function()
    local client <close> = methods.client(methods.ok [[{"list":[{"a":"999.5","b":"1000.0","text":"1e5","empty":"","id":"007-1",
      "deep":{"x":["-0.10",5,true,null]}}],"time":"1700000000000"}]])
    local result = assert(client:request("GET", "/v5/market/tickers", {}, { decimals = true }))
    local row = result.list[1]
    assert.is_true(row.a < row.b)
    assert.equal("998.5005", tostring(row.a * 0.999))
    assert.same({ "1e5", "", "007-1" }, { row.text, row.empty, row.id })
    assert.truthy(row.deep.x[1]:eq "-0.1")
    assert.same({ true, bybit.null }, { row.deep.x[3], row.deep.x[4] })
    assert.truthy(result.time:eq(1700000000000))
    assert.truthy(D(row.deep.x[2]):eq(5))
    assert.equal("999.5", assert(client:request("GET", "/v5/market/tickers", {})).list[1].a)
  end)

  it("refuses another value, and keeps what has too many digits as its text", function()
    local long = ("9"):rep(35)
    local client <close> = methods.client(methods.ok(('{"x":"%s"}'):format(long)))
    assert.equal(long, assert(client:request("GET", "/v5/market/time", {}, { decimals = true })).x)
    local ok, err = pcall(function() client:request("GET", "/v5/market/time", {}, { decimals = 1 }) end)
    assert.is_false(ok)
    assert.truthy(err:find("option 'decimals': true or false expected, got 1", 1, true), err)
  end)

  it("passes errors on", function()
    local client <close> = methods.client '{"retCode":10001,"retMsg":"no","result":{},"time":1}'
    local result, err = client:request("GET", "/v5/market/time", {}, { decimals = true })
    assert.same({ nil, 10001 }, { result, err.code })
  end)
end)
