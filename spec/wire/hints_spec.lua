-- A message about a wrong name leads to the right one. The tables of other clients' words (text/foreign_names.lua) and all
-- declarations are walked, on both wires.

local bybit = require "bybit"
local endpoints = { v5 = require "bybit.wire.v5.endpoints", v2 = require "bybit.wire.v2.endpoints" }
local methods = require "spec.support.methods"
local objects = require "bybit.records.objects"
local options = require "bybit.client.options"
local records = require "bybit.records"
local rows = require "bybit.wire.rows"
local spellings = require "bybit.wire.v2.spellings"
local foreign_names = require "bybit.text.foreign_names"
local synonyms = require "bybit.text.synonyms"

-- The message of what a function raises, without its place.
local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return (tostring(err):gsub("^[^:\n]+:%d+: ", ""))
end

-- The names of a method's parameters.
local function names_of(row)
  local names = {}
  for _, p in ipairs(row.params) do
    names[p[1]] = true
    if p.also then names[p.also] = true end
  end
  return names
end

local function refusal(client, name, params)
  return message_of(client[name], client, params)
end

for _, api in ipairs { "v5", "v2" } do
  describe("On the wire " .. api, function()
    local client
    before_each(function() client = methods.client(nil, { api = api }) end)
    after_each(function() client:close() end)

    it("each name of a parameter on a wire leads to our name, for every method", function()
      local count = 0
      for _, name in ipairs(rows.methods(endpoints[api])) do
        local names = names_of(endpoints[api][name])
        for _, wire in ipairs { "v5", "v2" } do
          local row = endpoints[wire][name]
          for _, p in ipairs(row and row.params or {}) do
            local word = p[2]
            if word and not names[word] and names[p[1]] then
              local message = refusal(client, name, { [word] = 1 })
              assert.equal(("%s: unknown parameter '%s': here it is '%s'"):format(name, word, p[1]), message)
              count = count + 1
            end
          end
        end
      end
      assert.is_true(count > 100, tostring(count))
    end)

    -- A word that is known is never taken for a misspelt one.
    it("each word of other clients leads to our name, in every method that takes it", function()
      for _, name in ipairs(rows.methods(endpoints[api])) do
        local names = names_of(endpoints[api][name])
        for _, line in ipairs(foreign_names.parameters) do
          for word in line[2]:gmatch "%S+" do
            if not names[word] and word ~= "cancel" then
              local message = refusal(client, name, { [word] = 1 })
              local here = message:match "here it is '([%w_]+)'$"
              if names[line[1]] or names["new_" .. line[1]] then
                assert.is_true(here ~= nil and names[here] ~= nil, message)
              end
              assert.is_nil(message:find("did you mean", 1, true), message)
            end
          end
        end
      end
    end)

    it("what is given already is not proposed", function()
      local order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1 }
      for word, message in pairs {
        size = "'size': here it is 'quantity', which is given already",
        sidee = "'sidee', did you mean 'side', which is given already?",
      } do
        order[word] = 1
        assert.equal("place_order: unknown parameter " .. message, refusal(client, "place_order", order))
        order[word] = nil
      end
      order.quantity, order.size = nil, 1
      assert.equal("place_order: unknown parameter 'size': here it is 'quantity'", refusal(client, "place_order", order))
    end)

    it("a parameter of another method names that method", function()
      for method, cases in pairs {
        place_order = { triggerPrice = "place_conditional_order takes it as 'trigger_price'",
          trigger_price = "place_conditional_order takes it",
          trailingStop = "set_trading_stop takes it as 'trailing_stop_distance'" },
        modify_order = { triggerPrice = "modify_conditional_order takes it as 'new_trigger_price'",
          trailing_active_price = "set_trading_stop takes it as 'trailing_stop_trigger_price'",
          activePrice = "set_trading_stop takes it as 'trailing_stop_trigger_price'",
          active_price = "set_trading_stop takes it as 'trailing_stop_trigger_price'",
          trailingStop = "set_trading_stop takes it as 'trailing_stop_distance'" },
        cancel_order = { stop_order_id = "cancel_conditional_order takes it" },
        get_open_orders_real_time = { limit = "get_orders takes it",
          startTime = ("%s takes it as 'start_time'"):format(api == "v5" and "get_orders" or "get_user_trades") },
        get_open_conditional_orders_real_time = { limit = "get_conditional_orders takes it" },
        set_trading_stop = { trailing_active_price = "here it is 'trailing_stop_trigger_price'" },
      } do
        for word, message in pairs(cases) do
          assert.equal(("%s: unknown parameter '%s': %s"):format(method, word, message), refusal(client, method, { [word] = 1 }))
        end
      end
    end)

    if api == "v5" then
      it("a coin by another word has the name that the method knows", function()
        for method, cases in pairs {
          get_transaction_history = { coin = "currency", ccy = "currency" },
          get_balance = { currency = "coin", asset = "coin" },
          get_instruments = { base_currency = "base_coin" },
          get_positions = { margin_coin = "settle_coin", coin = "symbol" },
        } do
          for word, name in pairs(cases) do
            assert.equal(("%s: unknown parameter '%s': here it is '%s'"):format(method, word, name),
              refusal(client, method, { [word] = "BTC" }))
          end
        end
      end)
    end

    it("a value of another parameter names that parameter", function()
      local order = { symbol = "BTCUSD", side = "Buy", type = "PostOnly", quantity = 1, price = 1 }
      assert.equal("place_order: parameter 'type': 'PostOnly' is not one of its values: one of 'Market', 'Limit'; "
        .. "perhaps time_in_force = 'PostOnly'?", refusal(client, "place_order", order))
      for word, message in pairs {
        LIMIT_MAKER = "; here it is 'Limit', with time_in_force = 'PostOnly'",
        STOP_MARKET = "; place_conditional_order places orders with a trigger",
        TakeProfit = "; place_conditional_order places orders with a trigger",
        TrailingStop = "; set_trading_stop sets trailing stops",
      } do
        order.type = word
        local text = refusal(client, "place_order", order)
        assert.equal(message, text:sub(-#message))
      end
      assert.truthy(refusal(client, "place_conditional_order", { symbol = "BTCUSD", side = "Buy",
        type = "STOP_LIMIT", quantity = 1, trigger_price = 1, base_price = 2 }):find("; here it is 'Limit'$"))
      order.type = "LIMIT"
      assert.truthy(refusal(client, "place_order", order):find("; here it is 'Limit'", 1, true))
      order.type, order.time_in_force = "Limit", "post-only"
      assert.truthy(refusal(client, "place_order", order):find("; here it is 'PostOnly'", 1, true))
    end)

    it("all parameters that are missing are named at once", function()
      assert.equal("place_order: parameters are missing: 'symbol', 'side', 'type', 'quantity'",
        refusal(client, "place_order", {}))
      assert.equal("place_order: parameters are missing: 'symbol', 'side', 'quantity', 'price' (type = 'Limit' needs it)",
        refusal(client, "place_order", { type = "Limit" }))
      assert.equal("cancel_order: parameter 'symbol' is missing; exactly one of 'order_id', 'client_order_id' is needed",
        refusal(client, "cancel_order", {}))
    end)

    it("each method of other clients leads to ours, and says so where only V5 has it", function()
      for _, line in ipairs(foreign_names.methods) do
        local here = endpoints.v2[line[1]]
        local elsewhere = api == "v2" and endpoints.v5[line[1]] and (not here or here.internal)
        local text = elsewhere and "a client has no method '%s': on the V5 wire (api = \"v5\") it is '%s'"
          or "a client has no method '%s': here it is '%s'"
        for word in line[2]:gmatch "%S+" do
          local camel = word:gsub("_(%l)", string.upper)
          for _, name in ipairs { word, camel } do
            assert.equal(text:format(name, line[1]), message_of(function() return client[name] end))
          end
        end
        if elsewhere then
          assert.equal(text:format(line[1], line[1]), message_of(function() return client[line[1]] end))
        else
          assert.equal("function", type(client[line[1]]))
        end
      end
    end)
  end)
end

describe("A word of other clients", function()
  it("that this module has no method for leads to the path of the exchange", function()
    local client <close> = methods.client()
    for _, line in ipairs(foreign_names.paths) do
      for word in line[3]:gmatch "%S+" do
        assert.equal(("a client has no method '%s': here it is client:request(\"%s\", \"%s\", { ... })"):format(word, line[1],
          line[2]), message_of(function() return client[word] end))
      end
    end
  end)

  it("stands for one thing only, unless it is a parameter or a field", function()
    for _, kind in ipairs { "options", "methods" } do
      local seen = {}
      for _, line in ipairs(foreign_names[kind]) do
        for word in line[2]:gmatch "%S+" do
          local plain = synonyms.plain(word)
          assert.is_nil(seen[plain], word)
          seen[plain] = true
        end
      end
    end
  end)

  it("leads to an option of bybit.client, and to none that is given", function()
    local known = {}
    for _, row in ipairs(options) do known[row[1]] = true end
    for _, line in ipairs(foreign_names.options) do
      assert.is_true(known[line[1]], line[1])
      for word in line[2]:gmatch "%S+" do
        local message = message_of(bybit.client, { [word] = true })
        local start = ("bybit.client: unknown option '%s': here it is '%s'"):format(word, line[1])
        assert.equal(start, message:sub(1, #start))
      end
    end
    assert.equal("bybit.client: unknown option 'apiKey': here it is 'key', which is given already",
      message_of(bybit.client, { apiKey = "x", key = "x" }))
    assert.equal("bybit.client: unknown option 'timeuot', did you mean 'timeout', which is given already?",
      message_of(bybit.client, { timeuot = 1, timeout = 1 }))
    assert.equal([[bybit.client: unknown option 'testnet': here it is 'environment', such as environment = "testnet", ]]
      .. "or environment = { url = ... }", message_of(bybit.client, { testnet = true }))
  end)

  it("leads to a field of a record, as do its names on the wires", function()
    for name, record in pairs(records) do
      local object = setmetatable({}, objects.metatable(name))
      local known = {}
      for _, field in ipairs(record.fields) do known[field[1]] = true end
      local function leads(word, to)
        if known[word] or (record.aliases or {})[word] then return end
        local ok, message = pcall(function() return object[word] end)
        assert.is_false(ok, word)
        local here = message:match "here it is '([%w_]+)'$"
        assert.is_true(here ~= nil and (to == nil or here == to), name .. "." .. word .. ": " .. message)
      end
      for _, field in ipairs(record.fields) do leads(field[2], field[1]) end
      for field, wire in pairs(spellings[name] or {}) do
        for _, word in ipairs(field == "inline" and {} or type(wire) == "string" and { wire } or wire) do leads(word) end
      end
      for _, line in ipairs(foreign_names.fields) do
        for word in line[2]:gmatch "%S+" do
          if known[line[1]] then leads(word) end
        end
      end
    end
    local order = setmetatable({}, objects.metatable "order")
    assert.equal("bybit.order has no field 'qty': here it is 'quantity'", message_of(function() return order.qty end))
  end)
end)

describe("A method of another client that is a request here", function()
  local REQUEST = 'client:request("POST", "/v5/order/disconnected-cancel-all", { ... })'

  it("is named with its path, on the wire that has it", function()
    local v5 <close> = methods.client()
    local v2 <close> = methods.client(nil, { api = "v2" })
    local other = ': on the V5 wire (api = "v5") it is ' .. REQUEST
    assert.equal("a client has no method 'set_dcp': here it is " .. REQUEST,
      message_of(function() return v5.set_dcp end))
    assert.equal("a client has no method 'set_dcp'" .. other, message_of(function() return v2.set_dcp end))
    assert.equal("each: 'set_dcp' does not give a list" .. other, message_of(v2.each, v2, "set_dcp", {}))
    assert.equal("bybit.client: option 'required': no method 'set_dcp'" .. other,
      message_of(bybit.client, { environment = { url = "http://127.0.0.1:1" }, api = "v2", required = { set_dcp = {} } }))
  end)
end)

describe("The tables of the module", function()
  it("name the nearest of what they have, and the client where a method is meant", function()
    for message, f in pairs {
      ["bybit has no 'clinet', did you mean 'client'?"] = function() return bybit.clinet end,
      ["bybit has no 'enum', did you mean 'enums'?"] = function() return bybit.enum end,
      ["bybit has no 'place_order': a client has it, client:place_order{...}"] = function() return bybit.place_order end,
      ["bybit has no 'order_realtime'"] = function() return bybit.order_realtime end, -- no method: an inner request
      ["bybit.json has no 'decod', did you mean 'decode'?"] = function() return bybit.json.decod end,
      ["bybit.sign has no 'hmac_sha25', did you mean 'hmac_sha256'?"] = function() return bybit.sign.hmac_sha25 end,
      ["bybit.paper has no 'strt', did you mean 'start'?"] = function() return bybit.paper.strt end,
      ["a cancel token has no 'cancle', did you mean 'cancel'?"] = function() bybit.cancel_token():cancle() end,
    } do
      assert.equal(message, message_of(f))
    end
  end)

  it("answer tools that look for names with an underscore, and rawget, with nil", function()
    assert.is_nil(bybit._VERSION)
    assert.is_nil(bybit.paper.__type)
    assert.is_nil(rawget(bybit, "clinet"))
  end)
end)

describe("bybit.codes and bybit.enums", function()
  it("name the nearest, and what a number or another spelling stands for", function()
    for message, f in pairs {
      ["bybit.codes has no 'order_not_fond', did you mean 'order_not_found'?"] = function() return bybit.codes.order_not_fond end,
      ["bybit.codes has no '110007': here it is 'insufficient_balance'"] = function() return bybit.codes[110007] end,
      ["bybit.codes has no 'orderNotFound': here it is 'order_not_found'"] = function() return bybit.codes.orderNotFound end,
      ["bybit.enums has no 'sidee', did you mean 'side'?"] = function() return bybit.enums.sidee end,
      ["bybit.enums has no 'tif': here it is 'time_in_force'"] = function() return bybit.enums.tif end,
      ["bybit.enums.side has no 'Buyy', did you mean 'Buy'?"] = function() return bybit.enums.side.Buyy end,
      ["bybit.enums.side has no 'long': here it is 'Buy'"] = function() return bybit.enums.side.long end,
      ["bybit.enums.time_in_force has no 'POST_ONLY': here it is 'PostOnly'"] =
        function() return bybit.enums.time_in_force.POST_ONLY end,
    } do
      assert.equal(message, message_of(f))
    end
  end)
end)

describe("A wrong call points to the caller's line", function()
  local function line_of(f)
    local _, err = pcall(f)
    return tostring(err):match "hints_spec%.lua:(%d+): (.*)$"
  end

  it("of client:request, as of every method", function()
    local client = methods.client()
    for message, f in pairs {
      ["request GET /v5/position/list: a table of parameters expected, got string"] =
        function() client:request("GET", "/v5/position/list", "x") end,
      ["request GET /v5/position/list: parameters have names: there is no place for a value at [1]"] =
        function() client:request("GET", "/v5/position/list", { "x" }) end,
      ["request GET /v5/position/list: a table of options expected, got number"] =
        function() client:request("GET", "/v5/position/list", {}, 5) end,
      ["request GET /v5/position/list: unknown parameter 'timeuot', did you mean 'timeout'?"] =
        function() client:request("GET", "/v5/position/list", {}, { timeuot = 1 }) end,
      ["request GET /v5/position/list: parameter 'timeout': seconds expected, got 'x' (string)"] =
        function() client:request("GET", "/v5/position/list", {}, { timeout = "x" }) end,
      ["request GET /v5/position/list: parameter 'x': string, integer, boolean or decimal expected, got number"] =
        function() client:request("GET", "/v5/position/list", { x = 0.5 }) end,
      ["request POST /v5/order/create: no option 'extra': parameters are the table before the options"] =
        function() client:request("POST", "/v5/order/create", {}, { extra = {} }) end,
      ["request GET /v5/order/history: no option 'endTime': parameters are the table before the options"] =
        function() client:request("GET", "/v5/order/history", {}, { endTime = 1700000000000 }) end,
      ["request: called with '.' in place of ':': write client:request(...)"] =
        function() client.request("GET", "/v5/position/list") end,
    } do
      local line, text = line_of(f)
      assert.equal(message, text)
      assert.equal(debug.getinfo(f, "S").linedefined, math.tointeger(tonumber(line)))
    end
    client:close()
    local function closed() client:request("GET", "/v5/position/list") end
    local line, text = line_of(closed)
    assert.equal("request GET /v5/position/list: the client is closed", text)
    assert.equal(debug.getinfo(closed, "S").linedefined, tonumber(line))
  end)

  it("of bybit.cancel_token, and of a client of a second exchange that has its own time", function()
    local first <close> = assert(bybit.paper.start { clock = "manual" })
    local second <close> = assert(bybit.paper.start { clock = "manual" })
    local client <close> = bybit.client { environment = first } -- luacheck: ignore 211
    for message, f in pairs {
      ["cancel_token: a cancel token as parent expected, got string"] = function() bybit.cancel_token "parent" end,
      ["bybit.client: a second exchange with a manual clock: the time of a program can only follow one"] =
        function() bybit.client { environment = second } end,
    } do
      local line, text = line_of(f)
      assert.equal(message, text)
      assert.equal(debug.getinfo(f, "S").linedefined, math.tointeger(tonumber(line)))
    end
  end)

  it("of client:reconcile and client:with", function()
    local client <close> = methods.client()
    for message, f in pairs {
      ["reconcile: option 'symbol': a symbol such as 'BTCUSD' expected, got 5"] = function() client:reconcile { symbol = 5 } end,
      ["reconcile: unknown option 'pair': here it is 'symbol'"] = function() client:reconcile { pair = "BTCUSD" } end,
      ["with: no method has a parameter 'tif': here it is 'time_in_force'"] = function() client:with { tif = "IOC" } end,
      ["place_order: unknown parameter 'qty': here it is 'quantity'"] =
        function() client:with { symbol = "BTCUSD" }:place_order { qty = 1 } end,
    } do
      local line, text = line_of(f)
      assert.same({ debug.getinfo(f, "S").linedefined, message }, { tonumber(line), text })
    end
  end)

  it("of options that the C core checks", function()
    local function wrong() bybit.client { environment = "testnet", credentials = { file = "/nowhere" } } end
    local line, text = line_of(wrong)
    assert.same({ debug.getinfo(wrong, "S").linedefined, "bybit.client: credentials file '/nowhere': cannot be read" },
      { tonumber(line), text })
  end)
end)

describe("What the exchange refused", function()
  local INVALID = '{"retCode":10001,"retMsg":"%s","result":{},"retExtInfo":{},"time":1700000000000}'

  it("because of a symbol of another kind of contract says which is the inverse one", function()
    local client <close> = methods.client(INVALID:format "params error: symbol invalid")
    local linear = ", or category = 'linear'"
    for symbol, right in pairs { BTCUSDT = "BTCUSD", ETHUSDC = "ETHUSD", BTCPERP = "BTCUSD", XBTUSD = "BTCUSD" } do
      local _, err = client:get_orders { symbol = symbol }
      assert.equal(("params error: symbol invalid; %s is no inverse contract: try '%s'%s"):format(symbol, right,
        symbol == "XBTUSD" and "" or linear), err.message)
      assert.truthy(tostring(err):find(("try '%s'"):format(right), 1, true))
    end
    local _, wrong = client:get_orders { category = "linear", symbol = "ETHUSD" }
    assert.equal("params error: symbol invalid; ETHUSD is no linear contract: try 'ETHUSDT', or category = 'inverse'",
      wrong.message)
    for _, symbol in ipairs { "BTCUSDT", "BTCPERP", "BTC-24MAR23" } do
      local _, err = client:get_orders { category = "linear", symbol = symbol }
      assert.equal("params error: symbol invalid", err.message)
    end
    for _, symbol in ipairs { "BTCUSD", "PERPUSD", "BTCUSDH26" } do
      local _, err = client:get_orders { symbol = symbol }
      assert.equal("params error: symbol invalid", err.message)
    end
  end)

  it("is refused before by its form, with the symbol that is meant", function()
    local client <close> = methods.client()
    for text, right in pairs { ["BTC/USDT:USDT"] = "BTCUSD", btcusdt = "BTCUSD", ["BTC/USD:BTC"] = "BTCUSD",
      ethusd = "ETHUSD" } do
      assert.truthy(refusal(client, "get_orders", { symbol = text }):find(("; perhaps '%s'?"):format(right), 1, true))
    end
  end)
end)

-- Symbols of inverse contracts are the coin and USD, or that and a quarter's letter and year (V5 documentation, enums); their
-- quantities count contracts of 1 USD (V5 documentation, order/create, and the interface: "a whole number").
describe("What belongs to another kind of contract", function()
  for _, api in ipairs { "v5", "v2" } do
    describe("on " .. api, function()
      local client

      local function placed(changes)
        local order = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 }
        for k, v in pairs(changes) do order[k] = v end
        return order
      end

      -- An exchange that refuses what it gets.
      before_each(function() client = methods.client('{"retCode":10001,"ret_code":10001,"retMsg":"no"}', { api = api }) end)
      after_each(function() client:close() end)

      it("is refused at the call that would trade it", function()
        local more = api == "v5" and ": category = 'linear' is for it" or "" -- v2 has no others
        for symbol, right in pairs { BTCUSDT = "BTCUSD", ETHUSDC = "ETHUSD", BTCPERP = "BTCUSD", PERPUSDT = "PERPUSD" } do
          local message = ("place_order: parameter 'symbol': '%s' is no inverse contract%s; perhaps '%s'?"):format(symbol, more,
            right)
          assert.equal(message, refusal(client, "place_order", placed { symbol = symbol }))
        end
        for method, params in pairs { place_conditional_order = placed { trigger_price = 2, base_price = 1 },
          modify_order = { order_id = "o", new_price = 1 }, set_trading_stop = { stop_loss_price = 1 } } do
          params.symbol = "BTCUSDT"
          assert.equal(("%s: parameter 'symbol': 'BTCUSDT' is no inverse contract%s; perhaps 'BTCUSD'?"):format(method, more),
            refusal(client, method, params))
        end
      end)

      it("is left to the exchange where risk is taken away, or where the call only reads", function()
        for method, params in pairs { cancel_order = { order_id = "o" }, cancel_all_orders = {}, get_orders = {} } do
          params.symbol = "BTCUSDT"
          assert.equal(10001, select(2, client[method](client, params)).code)
        end
      end)

      it("an amount of coin, is no quantity", function()
        local message = "place_order: parameter 'quantity': a whole number of contracts of 1 USD, not an amount of coin, "
          .. "expected, got %s"
        for value, shown in pairs { [0.01] = "0.01 (number)", ["0.010"] = "'0.010' (string)", ["1.5"] = "'1.5' (string)" } do
          assert.equal(message:format(shown), refusal(client, "place_order", placed { quantity = value }))
        end
        assert.equal(message:format "2.5 (decimal)",
          refusal(client, "place_order", placed { quantity = bybit.decimal "2.5" }))
        local modified = { symbol = "BTCUSD", order_id = "o", new_quantity = 0.5 }
        assert.truthy(refusal(client, "modify_order", modified):find("'new_quantity': a whole number of contracts", 1, true))
        for _, name in ipairs(api == "v5" and { "take_profit_quantity", "stop_loss_quantity" } or {}) do
          local stop = { symbol = "BTCUSD", take_profit_price = 2, stop_loss_price = 1, [name] = 0.5 }
          assert.truthy(refusal(client, "set_trading_stop", stop):find(name .. "': a whole number of contracts", 1, true))
        end
      end)

      it("a future of another kind is refused at the call that would trade it, and no symbol is proposed in its place", function()
        local more = api == "v5" and ": category = 'linear' is for it" or ""
        for _, symbol in ipairs { "BTC-24MAR23", "BTC-4MAR23", "BTCUSDT-21FEB25" } do
          assert.equal(("place_order: parameter 'symbol': '%s' is no inverse contract%s"):format(symbol, more),
            refusal(client, "place_order", placed { symbol = symbol }))
        end
      end)

      it("whole quantities and inverse symbols pass, however they are written", function()
        for _, value in ipairs { 1, 1.0, "1.000", bybit.decimal "100.0", "1000000000000000000000" } do
          assert.equal(10001, select(2, client:place_order(placed { quantity = value })).code)
        end
        for _, symbol in ipairs { "BTCUSD", "BTCUSDH26", "PERPUSD" } do
          assert.equal(10001, select(2, client:place_order(placed { symbol = symbol })).code)
        end
      end)
    end)
  end
end)

-- Linear contracts (V5 documentation, enums, symbol): USDT perpetuals BTCUSDT, USDC perpetuals BTCPERP, futures BTC-24MAR23 and
-- BTCUSDT-21FEB25. Their quantities are amounts of the coin.
describe("Where the category is linear", function()
  local client

  local function placed(changes)
    local order = { category = "linear", symbol = "BTCUSDT", side = "Buy", type = "Market", quantity = "0.001" }
    for k, v in pairs(changes) do order[k] = v end
    return order
  end

  before_each(function() client = methods.client('{"retCode":10001,"ret_code":10001,"retMsg":"no"}') end)
  after_each(function() client:close() end)

  it("its symbols and parts of a coin go out", function()
    for _, symbol in ipairs { "BTCUSDT", "BTCPERP", "BTC-24MAR23", "BTCUSDT-21FEB25", "1000PEPEUSDT", "ETHUSDC" } do
      assert.equal(10001, select(2, client:place_order(placed { symbol = symbol })).code)
    end
    assert.equal(10001, select(2, client:modify_order { category = "linear", symbol = "BTCUSDT", order_id = "o",
      new_quantity = "0.0005" }).code)
  end)

  it("an inverse symbol is refused at the call that would trade it", function()
    for symbol, perhaps in pairs { BTCUSD = "; perhaps 'BTCUSDT'?", BTCUSDZ26 = "" } do
      local message = "place_order: parameter 'symbol': '%s' is no linear contract: category = 'inverse' is for it%s"
      assert.equal(message:format(symbol, perhaps), refusal(client, "place_order", placed { symbol = symbol }))
      local set = { category = "linear", symbol = symbol, buy_leverage = 2, sell_leverage = 2 }
      assert.truthy(refusal(client, "set_leverage", set):find(symbol .. "' is no linear contract", 1, true))
      assert.equal(10001, select(2, client:cancel_order { category = "linear", symbol = symbol, order_id = "o" }).code)
    end
  end)

  it("a symbol of the wrong form has the linear one beside it", function()
    for text, right in pairs { btcusdt = "BTCUSDT", ["BTC/USDT:USDT"] = "BTCUSDT", ["BTC-PERPETUAL.P"] = "BTCPERPETUALP",
      ["btc-perpetual"] = "BTCPERP", ["btc-24mar23"] = "BTC-24MAR23", ["XBT/USD"] = "BTCUSDT" } do
      local message = refusal(client, "place_order", placed { symbol = text })
      assert.truthy(message:find(("; perhaps '%s'?"):format(right), 1, true), message)
    end
  end)
end)

-- The exchange's times are milliseconds (V5 documentation, order/history, market/kline); what is none goes out as it is.
describe("A moment in a raw request", function()
  local function message_of_time(path, params, api)
    local client <close> = methods.client(nil, { api = api })
    local _, err = pcall(client.request, client, "GET", path, params)
    return tostring(err):match ": request GET (.*)$"
  end

  it("that is impossible is refused, like that of a method", function()
    for value, wrong in pairs {
      [1700000000] = "milliseconds since 1970 (this looks like seconds) expected, got 1700000000 (number)",
      ["1700000000"] = "milliseconds since 1970 (this looks like seconds) expected, got 1700000000 (number)",
      [1700000000000000] = "milliseconds since 1970 (this looks like microseconds) expected, got 1700000000000000 (number)",
      [-1] = "milliseconds since 1970 expected, got -1 (number)",
      ["last week"] = "milliseconds or ISO 8601 text such as '2026-01-31T12:00:00Z' expected, got 'last week' (string)",
    } do
      local paths = { ["/v5/order/history"] = { "startTime", "endTime" }, ["/v5/market/kline"] = { "start", "end" } }
      for path, names in pairs(paths) do
        for _, name in ipairs(names) do
          assert.equal(("%s: parameter '%s': %s"):format(path, name, wrong), message_of_time(path, { [name] = value }))
        end
      end
      assert.equal(("/v2/private/execution/list: parameter 'start_time': %s"):format(wrong),
        message_of_time("/v2/private/execution/list", { start_time = value }, "v2"))
    end
  end)

  it("goes out as milliseconds, whether it is a number, its digits or ISO text", function()
    for _, value in ipairs { 1767225600000, "1767225600000", "2026-01-01T00:00:00Z", bybit.decimal "1767225600000" } do
      local client <close>, sent = methods.client()
      assert(client:request("GET", "/v5/order/history", { startTime = value, limit = 5 }))
      assert.truthy(sent[1].url:find "[?&]startTime=1767225600000&", sent[1].url)
      assert.truthy(sent[1].url:find "[?&]limit=5", sent[1].url)
    end
  end)

  it("is a word of these paths only", function()
    local client <close>, sent = methods.client()
    assert(client:request("GET", "/v5/broker/earnings-info", { start = "20260101", ["end"] = "20260102" }))
    assert.truthy(sent[1].url:find("start=20260101", 1, true), sent[1].url)
  end)
end)
