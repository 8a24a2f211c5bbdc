-- Records inside records, records that stand as arrays, columns, maps, and results that are a part of a record: what becomes of answers,
-- and of odd ones. A field that does not decode costs no other field, and is told by its place.

local core = require "bybit.core"
local settings = require "spec.support.settings"

local ENVELOPE = { code = "retCode", message = "retMsg", result = "result", time = "time" }
local CANDLE = { by_place = true, fields = { { "start_time", "start", "time" }, { "open_price", "open", "decimal" } } }
local COIN = { fields = { { "coin", "coin", "string" }, { "equity", "equity", "decimal" } } }
local WALLET = { fields = { { "total", "total", "decimal" }, { "coins", "coin", "list", of = "coin" },
  { "by_coin", "map", "map" }, { "step", "qtyStep", "decimal" }, { "tick", "tickSize", "decimal" } },
  inline = { "lot", "price" } }

-- Reads a result as the row says; returns the result, the fields that did not decode, the facts of a failure.
local function reader(result, declaration, plain)
  local coin = core.schema.record({ fields = COIN.fields, plain = plain }, { __name = "coin", __list = { __name = "coins" } })
  local record = core.schema.record({ fields = declaration.fields, by_place = declaration.by_place, inline = declaration.inline,
    plain = plain }, { __name = "r", __list = { __name = "list" } }, { coin = coin })
  local method = core.method(core.schema.endpoint("read", { name = "read", open = true, verb = "GET", path = "/v5/x",
    params = {}, result = result },
    {}), record, ENVELOPE, function(_, _, facts) return nil, facts end)
  return function(json)
    local client = core.client.new(settings { key = "paperKey0123", secret = "s", seed = 1 }, {}, { start = function()
      return { status = 200, headers = "", body = ('{"retCode":0,"retMsg":"OK","result":%s,"time":1}'):format(json) }
    end })
    local value, facts, response = method(client, {})
    return value, response and response.undecoded, facts
  end
end

-- A value with its decimals as texts.
local function plain_of(value)
  if type(value) == "userdata" then return tostring(value) end
  if type(value) ~= "table" then return value end
  local out = {}
  for k, v in pairs(value) do out[k] = plain_of(v) end
  return out
end

for _, plain in ipairs { false, true } do
  describe(plain and "read without shortcuts" or "read with shortcuts", function()
    local function wallet(json, result)
      local value, odd, facts = reader(result or { record = "wallet" }, WALLET, plain)(json)
      return plain_of(value), odd, facts
    end

    it("a list inside a record has records of its own kind, with their list's metatable", function()
      local value, odd = reader({ record = "wallet" }, WALLET,
        plain) '{"total":"3","coin":[{"coin":"A","equity":"1.50"},{"coin":"B"}]}'
      assert.same({ total = "3", coins = { { coin = "A", equity = "1.50" }, { coin = "B" } } }, plain_of(value))
      assert.is_nil(odd)
      assert.same({ "coins", "coin" }, { getmetatable(value.coins).__name, getmetatable(value.coins[1]).__name })
      assert.same({ total = "3", coins = {} }, (wallet '{"total":"3","coin":[]}'))
      assert.same({ total = "3" }, (wallet '{"total":"3","coin":null}'))
    end)

    it("an odd field in it is named by its place", function()
      local value, odd = wallet '{"coin":[{"coin":"A","equity":"1"},{"coin":["x"],"equity":"1,5"}],"total":"x"}'
      assert.same({ total = "x", coins = { { coin = "A", equity = "1" }, { coin = '["x"]', equity = "1,5" } } }, value)
      assert.same({ "coins[2].coin", "coins[2].equity", "total" }, odd)
      local list = reader({ list = "wallet", key = "list" }, WALLET, plain)
      local _, names = list '{"list":[{"total":"1"},{"coin":[{"equity":"?"}]}]}'
      assert.same({ "[2].coins[1].equity" }, names)
    end)

    it("a value that is no such list is kept as its text, and what stands behind it is read", function()
      for _, text in ipairs { '[1,2]', '[{"coin":"A"},"x"]', '[[]]', '{"a":[1]}', '"text"', '5', '[{"coin":"A","coin":"B"}]' } do
        local value, odd = wallet(('{"coin":%s,"total":"7"}'):format(text))
        assert.same({ "7", (text:gsub('^"(.*)"$', "%1")) }, { value.total, value.coins }, text)
        assert.equal("coins", odd[#odd])
      end
    end)

    it("text that is no JSON in it is an error", function()
      for _, text in ipairs { '[{"coin":}]', '[{"coin":"A"', '[{"coin":"A"}}', '[,]', '[{"coin":"\255"}]' } do
        local value, _, facts = wallet(('{"coin":%s,"total":"7"}'):format(text))
        assert.is_nil(value)
        assert.equal("decode", facts.kind, text)
      end
    end)

    it("members of inner objects are fields of the record; what is not declared has the object's name before its own", function()
      assert.same({ step = "0.1", tick = "5", lot_new_thing = "x", price_deep = '{"a":1}' },
        (wallet '{"lot":{"qtyStep":"0.1","newThing":"x"},"price":{"tickSize":"5","deep":{"a":1}}}'))
      assert.same({}, (wallet '{"lot":null}'))
      local value, odd = wallet '{"lot":"none"}'
      assert.same({ { lot = "none" }, { "lot" } }, { value, odd })
    end)

    it("a map has decimals by name; the first of two stays", function()
      assert.same({ by_coin = { A = "1.50", B = "0" } }, (wallet '{"map":{"A":"1.50","B":"0","C":"","D":null}}'))
      local value, odd = wallet '{"map":{"A":"1","A":"2","B":"x"}}'
      assert.same({ by_coin = { A = "1", B = "x" } }, value)
      assert.same({ "by_coin", "by_coin" }, odd)
      value, odd = wallet '{"map":[1]}'
      assert.same({ { by_coin = "[1]" }, { "by_coin" } }, { value, odd })
    end)

    it("a part may be the result, with the other fields on it, or its first element", function()
      local answer = '{"list":[{"total":"3","coin":[{"coin":"A","equity":"?"},{"coin":"B"}]}]}'
      local all = { first = "wallet", key = "list", needed = true, part = "coins", heads = true }
      local value, odd = wallet(answer, all)
      assert.same({ { coin = "A", equity = "?" }, { coin = "B" }, total = "3" }, value)
      assert.same({ "[1].equity" }, odd)
      local one = { first = "wallet", key = "list", needed = true, part = "coins", single = true }
      value, odd = wallet(answer, one)
      assert.same({ { coin = "A", equity = "?" }, { "equity" } }, { value, odd })
      for _, case in ipairs { { '{"list":[]}', "not_found", "not_found" }, { '{"list":[{"total":"3"}]}', "decode", "decode" },
        { '{"list":[{"coin":"x"}]}', "decode", "decode" }, { '{"list":[{"coin":[]}]}', nil, "not_found" }, { "{}", "decode",
          "decode" } } do
        for i, result in ipairs { all, one } do
          local got, _, facts = wallet(case[1], result)
          assert.equal(case[i + 1], got == nil and facts.kind or nil, case[1])
        end
      end
      assert.same({ A = "1" }, (wallet('{"total":"3","map":{"A":"1"}}', { record = "wallet", part = "by_coin" })))
    end)

    local function candles(json, columns)
      local value, odd, facts = reader({ [columns and "columns" or "list"] = "candle", key = "list", needed = true }, CANDLE,
        plain)(json)
      return plain_of(value), odd, facts
    end

    it("a record may stand as an array: by place, and as an object", function()
      assert.same({ { start_time = 1, open_price = "2.0" }, { start_time = 3 }, { open_price = "5" }, {} },
        (candles '{"list":[["1","2.0"],["3",""],{"open":"5"},[]]}'))
      local value, odd = candles '{"list":[["1","2","more",{"a":1}],["x",[3]]]}'
      assert.same({ { start_time = 1, open_price = "2", [3] = "more", [4] = '{"a":1}' }, { start_time = "x",
        open_price = "[3]" } }, value)
      assert.same({ "[2].start_time", "[2].open_price" }, odd)
      for _, text in ipairs { '{"list":["x"]}', '{"list":[["1",]]}', '{"list":[["1"}]}', '{"list":[["1" "2"]]}' } do
        assert.equal("decode", select(3, candles(text)).kind, text)
      end
    end)

    it("columns have a list for each field, all of one length", function()
      assert.same({ start_time = { 1, 3 }, open_price = { "2.0", "4" } }, (candles('{"list":[["1","2.0"],["3","4","more"]]}',
        true)))
      assert.same({ start_time = {}, open_price = {} }, (candles('{"list":[]}', true)))
      local value, odd = candles('{"list":[["1","x"]]}', true)
      assert.same({ { start_time = { 1 }, open_price = { "x" } }, { "[1].open_price" } }, { value, odd })
      for _, text in ipairs { '[["1"]]', '[["1","2"],[]]', '[["1",""]]', '[["1",null]]', '[{"start":"1","open":"2"}]', '["x"]',
        '{}',
        '[["1","2"]' } do
        assert.equal("decode", select(3, candles(('{"list":%s}'):format(text), true)).kind, text)
      end
    end)
  end)
end

it("a declaration of a list says what it is of, and that is there", function()
  for text, field in pairs { ["says what it is of"] = { "a", "A", "list" }, ["is a compiled record"] = { "a", "A", "list",
    of = "x" } } do
    local ok, err = pcall(core.schema.record, { fields = { field } }, {}, { x = {} })
    assert.is_false(ok)
    assert.truthy(tostring(err):find(text, 1, true), err)
  end
end)
