-- An endpoint is one row: all else that is known of a method follows from it. Two rows are added at run time, and found
-- everywhere.

local added = require "spec.support.added_rows"
local check = require "bybit.shell.check"
local complete = require "bybit.shell.complete"
local core = require "bybit.core"
local dialect = require "bybit.wire.v5"
local help = require "bybit.shell.help"
local luacats = require "spec.support.luacats"
local methods = require "spec.support.methods"
local rows = require "bybit.wire.rows"
local snippets = require "spec.support.snippets"

local LUA = os.getenv "LUA" or "lua5.4"
local ADD = [[-e 'require("spec.support.added_rows").add()']]

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

-- Runs a program of the project in an interpreter that has the rows.
local function run(words)
  local pipe <close> = assert(io.popen(("%s %s %s 2>&1"):format(LUA, ADD, words)))
  local output = pipe:read "a"
  assert(pipe:close(), output)
  return output
end

local function has(text, part)
  assert.truthy(text:find(part, 1, true), ("'%s' is not in:\n%s"):format(part, text))
end

describe("the rows of a wire", function()
  -- Prints which of the files are loaded after `code`.
  local function loaded(code)
    local pipe <close> = assert(io.popen(([[%s -e '%s
      for _, name in ipairs { "order", "lists", "position" } do print(name, package.loaded["bybit.wire.v5.endpoints." .. name] ~= nil) end
      print("v2", package.loaded["bybit.wire.v2"] ~= nil)' 2>&1]]):format(LUA, code)))
    return (pipe:read "a")
  end

  it("are loaded when a row of their file is first asked for, and those of the other wire not at all", function()
    local client = 'local c = require "bybit".client { environment = { url = "http://127.0.0.1:1" } } local _ = c.'
    assert.equal("order\tfalse\nlists\tfalse\nposition\tfalse\nv2\tfalse\n", loaded 'require "bybit"')
    assert.equal("order\ttrue\nlists\tfalse\nposition\tfalse\nv2\tfalse\n", loaded(client .. "place_order"))
    assert.equal("order\ttrue\nlists\ttrue\nposition\ttrue\nv2\tfalse\n", loaded(client .. "set_trading_stop"))
  end)

  it("of a path are looked for in their file alone", function()
    local request = 'local c = require "bybit".client { environment = { url = "http://127.0.0.1:1" }, key = "keykeykey", '
      .. 'secret = "s", transport = { start = function() return { status = 200, '
      .. 'body = "{\\"retCode\\":0,\\"result\\":{}}" } end } }'
      .. ' assert(c:request("GET", "/v5/%s"))'
    assert.equal("order\tfalse\nlists\tfalse\nposition\ttrue\nv2\tfalse\n", loaded(request:format "position/closed-pnl"))
    assert.equal("order\ttrue\nlists\tfalse\nposition\tfalse\nv2\tfalse\n", loaded(request:format "order/spot-borrow-check"))
    for _, path in ipairs { "execution/list", "order/realtime", "order/history" } do
      assert.equal("order\tfalse\nlists\ttrue\nposition\tfalse\nv2\tfalse\n", loaded(request:format(path)))
    end
    assert.equal("order\tfalse\nlists\tfalse\nposition\tfalse\nv2\tfalse\n", loaded(request:format "market/tickers"))
  end)

  it("are completed the next time if something stops that, as a lack of memory may", function()
    local name = "bybit.wire.rows_spec_subject"
    local function row(of, path) return { of, verb = "GET", path = path, result = { free = true } } end
    package.preload[name] = function() return { row("a", "/v5/a"), row("b", "/v5/b"), row("c", "/v5/c") } end
    finally(function() package.preload[name], package.loaded[name] = nil, nil end)
    local stops = { "a", "b", "c" }
    local endpoints = rows.new { folder = "bybit.wire", subjects = { "rows_spec_subject" }, complete = function(_, of)
      if of == stops[1] then error(table.remove(stops, 1) .. ": not enough memory", 0) end
    end }
    for _, of in ipairs { "a", "b", "c" } do
      assert.has_error(function() return endpoints[of] end, of .. ": not enough memory")
    end
    for i, of in ipairs { "a", "b", "c" } do
      assert.equal(i, endpoints[of].place)
    end
    assert.is_nil(endpoints.d)
    assert.has_error(function() endpoints.a = row("a", "/v5/a") end)
  end)

  it("say what they are for, an example and the codes to expect", function()
    for name, row in pairs(dialect.endpoints) do
      assert.truthy(row.internal or row.example and row.codes[1], name)
    end
  end)
end)

describe("a row that is added", function()
  local class

  setup(function()
    added.add()
    local client <close> = methods.client()
    class = core.client.table(client).class
  end)
  teardown(function() added.remove(class) end)

  it("is completed: what follows from its path and verb need not be written", function()
    local query, change = dialect.endpoints.get_exchange_clock, dialect.endpoints.put_leverage
    assert.same({ open = true, changes = nil, needed = nil, params = 0 },
      { open = query.open, changes = query.changes, needed = query.result.needed, params = #query.params })
    assert.same({ group = "position/set-leverage", limit = 10, changes = true },
      { group = change.group, limit = change.limit, changes = change.changes, open = change.open })
    assert.same({ "symbol", "symbol", "symbol" }, { table.unpack(change.params[1]) })
  end)

  it("is refused where its name is taken, or it names a parameter that is not there", function()
    local function refused(name, row)
      local ok, err = pcall(function() dialect.endpoints[name] = row end)
      assert.is_false(ok)
      return err
    end
    local before = dialect.endpoints.place_order
    has(refused("place_order", added.rows.put_leverage), "place_order is declared twice")
    assert.equal(before, dialect.endpoints.place_order)
    has(refused("misspelt", { verb = "GET", path = "/v5/market/time", result = { free = true }, params = { "symbl" } }), "symbl")
    assert.is_nil(dialect.endpoints.misspelt)
  end)

  it("is a method: a query without a signature, its result as the exchange sends it", function()
    local client <close>, sent = methods.client(methods.ok '{"timeSecond":"1","timeNano":"2"}')
    assert.same({ timeSecond = "1", timeNano = "2" }, (client:get_exchange_clock {}))
    assert.same({ "GET", "/v5/market/time", "" }, { methods.parts(sent[1]) })
    assert.is_nil(methods.header(sent[1], "X-BAPI-SIGN"))
  end)

  it("is a method: a signed change, whose lost answer has the outcome unknown", function()
    local client <close>, sent = methods.client()
    assert.same({}, (client:put_leverage { symbol = "BTCUSD", buy_leverage = "5", sell_leverage = "5" }))
    assert.same({ "POST", "/v5/position/set-leverage",
      '{"category":"inverse","symbol":"BTCUSD","buyLeverage":"5","sellLeverage":"5"}' }, { methods.parts(sent[1]) })
    assert.truthy(methods.header(sent[1], "X-BAPI-SIGN"))
    local lost <close> = methods.client(function() return { error = "network", sent = true, message = "lost" } end)
    local done, err = lost:put_leverage { symbol = "BTCUSD", buy_leverage = "5", sell_leverage = "5", deadline = 0.05 }
    assert.same({ nil, "unknown" }, { done, err.outcome })
  end)

  it("checks its parameters, and hints", function()
    local client <close>, sent = methods.client()
    for message, params in pairs {
      ["put_leverage: parameter 'sell_leverage' is missing"] = { symbol = "BTCUSD", buy_leverage = 5 },
      ["put_leverage: parameter 'buy_leverage': a value above 0 expected, got -1 (number)"] =
        { symbol = "BTCUSD", buy_leverage = -1, sell_leverage = -1 },
      ["put_leverage: unknown parameter 'buyLeverage': here it is 'buy_leverage'"] =
        { symbol = "BTCUSD", buyLeverage = 5, sell_leverage = 5 },
    } do
      assert.equal(message, methods.refusal(client, "put_leverage", params))
    end
    assert.equal(0, #sent)
    local ok, err = pcall(function() return client.put_levrage end)
    assert.is_false(ok)
    has(tostring(err), "a client has no method 'put_levrage', did you mean 'put_leverage'?")
  end)

  it("has help, in a session and in a shell", function()
    local page = help.page(dialect, "put_leverage", { width = 80 })
    has(page, "Sets the leverage of a symbol.")
    has(page, "buy_leverage   decimal, above 0; required. Of long positions.")
    has(page, 'put_leverage{symbol = "BTCUSD", buy_leverage = 100, sell_leverage = 100}')
    has(help.index(dialect, 80), "put_leverage")
    has(run "lua/bybit/shell/bybit help get_exchange_clock", "The clock of the exchange, in seconds and nanoseconds.")
  end)

  it("is completed while it is typed", function()
    local words = { dialect = dialect, names = function() return { "put_leverage" } end, value = function() end,
      pages = function() return {} end, symbols = function() return {} end }
    assert.same({ "put_leverage{" }, (select(2, complete.at(words, "put_"))))
    assert.same({ "buy_leverage = " }, (select(2, complete.at(words, "put_leverage{ buy_"))))
  end)

  it("is known to bybit check", function()
    local function findings(text)
      local found = {}
      for i, finding in ipairs(assert(check.text(('local bybit = require "bybit"\nlocal client <close> = bybit.client '
        .. '{ environment = "paper" }\n%s'):format(text)))) do found[i] = finding.message end
      return found
    end
    assert.same({}, findings "print(client:put_leverage { symbol = 'BTCUSD', buy_leverage = 5, sell_leverage = 5 })")
    assert.same({}, findings "print(client:get_exchange_clock {}.timeSecond)")
    assert.same({ "put_leverage: unknown parameter 'sell_levrage', did you mean 'sell_leverage'?" },
      findings "client:put_leverage { symbol = 'BTCUSD', sell_levrage = 5 }")
  end)

  it("is in the editor types", function()
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    run("doc/generate/types.lua " .. path)
    local types = luacats.read(path)
    local function found(text) return luacats.check(types, text, { client = "bybit.Client" }) end
    assert.same({}, found 'print(client:put_leverage { symbol = "BTCUSD", buy_leverage = 5, sell_leverage = 5 })')
    assert.same({ "1: bybit.put_leverage.params: 'sell_leverage' is missing" },
      found 'client:put_leverage { symbol = "BTCUSD", buy_leverage = 5 }')
    assert.same({ "1: bybit.get_exchange_clock.params has no field 'symbol'" },
      found 'client:get_exchange_clock { symbol = "BTCUSD" }')
  end)

  it("has a page in the reference: parameters, result, codes, and what its example prints", function()
    local folder = os.tmpname()
    os.remove(folder)
    finally(function() os.execute(("rm -rf '%s'"):format(folder)) end)
    run("doc/generate/reference.lua " .. folder)
    local page = read(folder .. "/reference/put_leverage.md")
    for _, part in ipairs { "# put_leverage", "Sets the leverage of a symbol.", "Of short positions.",
      "an empty table: it was done", "leverage_not_allowed",
      "`POST /v5/position/set-leverage`, 10 requests a second", "nil\tleverage_unchanged\ttrue" } do
      has(page, part)
    end
    has(read(folder .. "/reference/get_exchange_clock.md"), "10\t19")
    has(read(folder .. "/reference/README.md"), "| [put_leverage](put_leverage.md) | Sets the leverage of a symbol. |")
  end)

  it("has an example that runs, on the paper exchange", function()
    for name, row in pairs(added.rows) do
      snippets.on_paper(function(env) snippets.run(row.example, name, env) end)
    end
  end)
end)
