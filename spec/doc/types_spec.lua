-- What editors know about the module: lua/bybit/types.lua agrees with the declarations, and is enough to find a mistake.
local luacats = require "spec.support.luacats"
local shell = require "spec.support.shell"

local FILE = "lua/bybit/types.lua"

-- This interpreter, with its paths.
local LUA = os.getenv "LUA" or "lua5.4"

local types = luacats.read(FILE)

local function check(text)
  return luacats.check(types, text, { bybit = "bybit", client = "bybit.Client" })
end

describe("types.lua", function()
  it("is up to date (make types writes it)", function()
    local fresh = os.tmpname()
    assert(os.execute(("%s doc/generate/types.lua %s"):format(LUA, fresh)))
    local same = shell.read(fresh) == shell.read(FILE)
    os.remove(fresh)
    assert(same, FILE .. " is stale: make types")
  end)

  it("is Lua, and defines every type that it names", function()
    assert(loadfile(FILE))
    assert.same({}, luacats.undefined(types))
  end)

  it("has a class of parameters for each method, with each declared parameter and no other", function()
    for name, row in pairs(require "bybit.wire.v5".endpoints) do
      if not row.internal then
        local class = assert(types.classes["bybit." .. name .. ".params"], name)
        for _, p in ipairs(row.params) do
          assert(class.fields[p[1]], name .. "." .. p[1])
          if p.also then assert(class.fields[p.also], name .. "." .. p.also) end
        end
        assert.truthy(types.classes["bybit.Client"].fields[name])
      end
    end
  end)

  it("has each field of each record, and each word of each enum", function()
    for name, record in pairs(require "bybit.records") do
      for _, field in ipairs(record.fields) do
        assert(types.classes["bybit." .. name].fields[field[1]], name .. "." .. field[1])
      end
      for alias in pairs(record.aliases or {}) do assert(types.classes["bybit." .. name].fields[alias], alias) end
    end
    for name, enum in pairs(require "bybit.records.enums") do
      local words = {}
      for i, one in ipairs(types.aliases["bybit." .. name]) do words[i] = one.value end
      local all = { table.unpack(enum.values) }
      for _, word in ipairs(enum.v2 or {}) do all[#all + 1] = word end
      assert.same(all, words)
    end
  end)

  it("has exactly the functions of the module", function()
    local bybit = require "bybit"
    for name in pairs(getmetatable(bybit).lazy) do assert(bybit[name], name) end
    for name in pairs(bybit) do assert(types.classes.bybit.fields[name], "bybit." .. name) end
    for name in pairs(types.classes.bybit.fields) do assert(bybit[name] ~= nil, "bybit." .. name) end
  end)

  it("gives every argument of a public function a type", function()
    for class_name, class in pairs(types.classes) do
      for name, field in pairs(class.fields) do
        for i, arg in ipairs(field.f and field.f.args or {}) do
          local param = field.f.params[i]
          assert(param and param.name:gsub("%?$", "") == arg,
            ("%s.%s: argument '%s' has no @param in its doc comment"):format(class_name, name, arg))
        end
      end
    end
  end)
end)

describe("with types.lua an editor", function()
  it("finds nothing wrong in correct code", function()
    assert.same({}, check [[
      local order, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100,
        price = "30000.5", time_in_force = "PostOnly", timeout = 5 }
      print(order.order_id, order.client_order_id, err)
      for order in client:each("get_orders", { symbol = "BTCUSD", status = "New" }) do
        print(order.quantity, order:is_open(), order.quote_quantity_filled)
      end
      local trades = assert(client:collect("get_user_trades", { symbol = "BTCUSD" }, { max = 10 }))
      print(trades.next_cursor, bybit.iso(client:now()))
      client:set_trading_stop { symbol = "BTCUSD", trailing_stop_distance = 50 }
    ]])
  end)

  for what, case in pairs {
    ["a misspelt parameter"] = { 'client:cancel_order { symbol = "BTCUSD", oder_id = "x" }',
      "1: bybit.cancel_order.params has no field 'oder_id'" },
    ["a parameter of another method"] = { 'client:cancel_all_orders { symbol = "BTCUSD",\n  quantity = 1 }',
      "2: bybit.cancel_all_orders.params has no field 'quantity'" },
    ["a parameter that is missing"] = { 'client:cancel_order { order_id = "x" }',
      "1: bybit.cancel_order.params: 'symbol' is missing" },
    ["a word that the enum has not"] = { 'client:get_orders { symbol = "BTCUSD", status = "Canceled" }',
      "1: bybit.get_orders.params.status: 'Canceled' is not one of its values" },
    ["a value of another type"] = { 'client:get_orders { symbol = "BTCUSD", limit = "all" }',
      "1: bybit.get_orders.params.limit: 'all' is not one of its values" },
    ["a misspelt method"] = { 'client:create_order { symbol = "BTCUSD" }',
      "1: bybit.Client has no method 'create_order'" },
    ["a field that a record has not"] = {
      'local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", order_id = "x" })\nprint(order.stauts)',
      "2: bybit.order has no field 'stauts'" },
    ["a misspelt parameter of a walk"] = { 'for o in client:each("get_orders", { symbol = "BTCUSD", stat = 1 }) do end',
      "1: bybit.get_orders.params has no field 'stat'" },
    ["a field that an element of a walk has not"] = {
      'for fill in client:each("get_user_trades", { symbol = "BTCUSD" }) do print(fill.qty) end',
      "1: bybit.trade has no field 'qty'" },
    ["a misspelt parameter of a view, and not what the view fills in"] = {
      'local btc = client:with { symbol = "BTCUSD" }\nbtc:cancel_order { oder_id = "x" }',
      "2: bybit.cancel_order.some has no field 'oder_id'" },
    ["a misspelt option of a client"] = { 'local c = bybit.client { environment = "paper", time_out = 5 }',
      "1: bybit.ClientOptions has no field 'time_out'" },
    ["an environment that there is not"] = { 'local c = bybit.client { environment = "live" }',
      "1: bybit.ClientOptions.environment: 'live' is not one of its values" },
    ["a function that the module has not"] = { "bybit.spwan(print)", "1: bybit has no field 'spwan'" },
  } do
    it("finds " .. what, function() assert.same({ case[2] }, check(case[1])) end)
  end

  it("finds nothing wrong in the examples", function()
    local list <close> = assert(io.popen "ls examples/*.lua")
    for path in list:lines() do
      local findings = check(shell.read(path))
      assert(#findings == 0, path .. ":" .. table.concat(findings, "\n" .. path .. ":"))
    end
  end)
end)
