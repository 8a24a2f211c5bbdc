-- The door of the paper exchange: an option or an argument that cannot be meant raises at the caller's line, with the value and
-- what would be right; nothing of it reaches the exchange, which goes on as before.

local bybit = require "bybit"
local paper = require "bybit.paper"
local process = require "spec.support.process"
local wire = require "spec.support.paper_wire"

local NAN, INFINITE = 0 / 0, 1 / 0
local PEM = "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n"

-- What `f` raises, without its place, which must be in this file.
local function refusal(f)
  local ok, message = pcall(f)
  assert.is_false(ok, "was taken")
  local place, text = tostring(message):match "^(spec/%S*door_spec%.lua:%d+): (.*)$"
  assert.truthy(place, tostring(message))
  return text
end

local function check(f, wanted)
  local text = refusal(f)
  assert.truthy(text:find(wanted, 1, true), ("%s\nis not: %s"):format(text, wanted))
end

local ROW = { symbol = "FOOUSD", base = "FOO", tick = "0.5", min_price = "0.5", max_price = "1000", start = "100" }

-- A row with some fields changed.
local function row(changes)
  local out = {}
  for k, v in pairs(ROW) do out[k] = v end
  for k, v in pairs(changes) do out[k] = v end
  return out
end

describe("an option of the paper exchange", function()

  for _, case in ipairs {
    { { prot = 1 }, "bybit.paper.start: unknown option 'prot'" },
    { { instrumets = {} }, "bybit.paper.start: unknown option 'instrumets', did you mean 'instruments'?" },
    { { [1] = "real" }, "bybit.paper.start: unknown option '1'" },
    { { port = "80" }, "option 'port': a whole number from 0 to 65535 expected, got '80' (string)" },
    { { port = 70000 }, "option 'port': a whole number from 0 to 65535 expected, got 70000 (integer)" },
    { { port = -1 }, "option 'port': a whole number from 0 to 65535 expected, got -1 (integer)" },
    { { seed = 1.5 }, "option 'seed': a whole number expected, got 1.5 (float)" },
    { { seed = NAN }, "option 'seed': a whole number expected, got" },
    { { clock = "fast" }, [[option 'clock': "real" or "manual" expected, got 'fast' (string)]] },
    { { clock = true }, [[option 'clock': "real" or "manual" expected, got true (boolean)]] },
    { { start_time = 1700000000000 }, "option 'start_time' needs clock = \"manual\"" },
    -- a moment in seconds is before the year 2000 in ms; one that is far off would not fit nanoseconds
    { { clock = "manual", start_time = 1700000000 }, "option 'start_time': a whole number from 946684800000 to 4102444800000 "
      .. "ms since 1970: a year from 2000 to 2099 expected, got 1700000000 (integer)" },
    { { clock = "manual", start_time = 1 << 62 }, "option 'start_time': a whole number from 946684800000" },
    { { lag = -1 }, "option 'lag': a whole number from 0 to 3600000 ms expected, got -1 (integer)" },
    { { lag = 3600001 }, "option 'lag': a whole number from 0 to 3600000 ms expected, got 3600001 (integer)" },
    { { lag = 0.5 }, "option 'lag': a whole number from 0 to 3600000 ms expected, got 0.5 (float)" },
    { { keep = 0 }, "option 'keep': a whole number from 1 to 10000000 expected, got 0 (integer)" },
    { { keep = 1 << 60 }, "option 'keep': a whole number from 1 to 10000000 expected" },
    { { active_orders = 0 }, "option 'active_orders': a whole number from 1 to 10000000 expected, got 0 (integer)" },
    { { active_orders = 10000001 }, "option 'active_orders': a whole number from 1 to 10000000 expected, got 10000001" },
    { { auth_status_401 = 1 }, "option 'auth_status_401': true or false expected, got 1 (integer)" },

    { { deposit = "5" }, "option 'deposit': amounts by coin, such as {BTC = \"5\"}, expected, got '5' (string)" },
    { { deposit = { "5" } }, "option 'deposit': a coin such as BTC, in capitals, expected, got 1 (integer)" },
    { { deposit = { btc = "5" } }, "option 'deposit': a coin such as BTC, in capitals, expected, got 'btc' (string)" },
    { { deposit = { BTC = "x" } }, "option 'deposit': 'BTC': 'x' is not a decimal" },
    { { deposit = { BTC = "-5" } }, "option 'deposit': 'BTC': an amount from 0 to 1000000000000000 expected, got '-5' (string)" },
    { { deposit = { BTC = "1000000000000001" } }, "option 'deposit': 'BTC': an amount from 0 to" },
    { { deposit = { BTC = {} } }, "option 'deposit': 'BTC': an exact number expected, got a table" },
    { { deposit = { BTC = 0.1 + 0.2 } }, "option 'deposit': 'BTC': the float 0.30000000000000004 is not exact" },
    { { deposit = { BTC = INFINITE } }, "option 'deposit': 'BTC': infinity is not a number" },

    { { limits = true }, "option 'limits': false, or a table of limits, expected, got true (boolean)" },
    { { limits = { ["order/creat"] = 5 } }, "option 'limits': no limit is called 'order/creat', did you mean 'order/create'?" },
    { { limits = { ip = "x" } }, "option 'limits': 'ip': a whole number from 1 to 1000000 or false expected, got 'x' (string)" },
    { { limits = { ip = 0 } }, "option 'limits': 'ip': a whole number from 1 to 1000000 or false expected, got 0 (integer)" },
    { { limits = { ["v2/order"] = -1 } }, "option 'limits': 'v2/order': a whole number from 1" },

    { { keys = {} }, "option 'keys': a list of at least one expected, got a table" },
    { { keys = { k = "s" } }, "option 'keys': a list of at least one expected, got a table" },
    { { keys = { "k" } }, "option 'keys'[1]: a table expected, got 'k' (string)" },
    { { keys = { { key = "k" } } }, "option 'keys'[1]: either 'secret' or 'public_key' expected, got neither" },
    { { keys = { { key = "k", secret = "s", public_key = PEM } } }, "option 'keys'[1]: either 'secret' or 'public_key' expected, "
      .. "got both" },
    { { keys = { { key = "k", secret = "s" }, { key = "k", secret = "t" } } }, "option 'keys'[2]: the same key again, 'k'" },
    { { keys = { { secret = "s" } } }, "option 'keys'[1]: 'key' is missing" },
    { { keys = { { key = "a b", secret = "s" } } }, "option 'keys'[1]: 'key': printable characters without spaces expected" },
    { { keys = { { key = "k", secret = "" } } }, "option 'keys'[1]: 'secret': a text that is not empty expected, got string" },
    { { keys = { { key = "k", secret = 5 } } }, "option 'keys'[1]: 'secret': a text that is not empty expected, got number" },
    { { keys = { { key = "k", public_key = "pem" } } },
      "option 'keys'[1]: 'public_key': the public key of an RSA key, as PEM text, "
      .. "expected, got another text" },
    { { keys = { { key = "k", secret = "s", read_only = 1 } } }, "option 'keys'[1]: 'read_only': true or false expected, got 1" },
    { { keys = { { key = "k", secret = "s", readonly = true } } }, "option 'keys'[1]: unknown field 'readonly', did you mean "
      .. "'read_only'?" },
    { { keys = { { key = "k", secret = "s", deposit = { BTC = "-1" } } } },
      "option 'keys'[1]: 'deposit': 'BTC': an amount from 0" },

    { { instruments = {} }, "option 'instruments': a list of at least one expected" },
    { { instruments = { row { symbol = false } } }, "option 'instruments'[1]: 'symbol': a symbol such as BTCUSD expected" },
    { { instruments = { { symbol = "X1" } } }, "option 'instruments'[1]: 'base' is missing" },
    { { instruments = { row { tick = "a" } } }, "option 'instruments'[1]: 'tick': 'a' is not a decimal" },
    { { instruments = { row { tick = 0 } } }, "option 'instruments'[1]: 'tick': a number above 0 expected, got 0 (integer)" },
    { { instruments = { row { tik = "1" } } }, "option 'instruments'[1]: unknown field 'tik', did you mean 'tick'?" },
    { { instruments = { row { start = "100.3" } } },
      "option 'instruments'[1]: 'start': a multiple of the tick 0.5 expected, got 100.3" },
    { { instruments = { row { start = "2000" } } },
      "option 'instruments'[1]: 'start': a price from 0.5 to 1000 expected, got 2000" },
    { { instruments = { row { taker = 2 } } }, "option 'instruments'[1]: 'taker': a fraction between -1 and 1 expected, got 2" },
    { { instruments = { row { status = "Open" } } }, "option 'instruments'[1]: 'status': \"PreLaunch\" or \"Trading\"" },
    { { instruments = { row {}, row {} } }, "option 'instruments'[2]: the same symbol again, FOOUSD" },
    { { instruments = { row { min_qty = 5, max_qty = 4 } } }, "option 'instruments'[1]: 'min_qty': at most 4 expected, got 5" },

    { { faults = { { "fire" } } }, "faults: rule 1: unknown kind 'fire'" },
    { 5, "bybit.paper.start: a table of options expected, got 5 (integer)" },
  } do
    it(("raises: %s"):format(case[2]), function()
      check(function() paper.start(case[1]) end, case[2])
    end)
  end

  it("is checked by serve too, and a port that is taken raises there", function()
    check(function() paper.serve { prot = 1 } end, "bybit.paper.serve: unknown option 'prot'")
    local exchange <close> = assert(paper.start())
    check(function() paper.serve { port = exchange.port } end,
      ("bybit.paper.serve: cannot listen on 127.0.0.1:%d: Address already in use"):format(exchange.port))
  end)

  it("shows no secret when it is wrong", function()
    for _, keys in ipairs { { { key = "k", secret = { "very-secret" } } }, { { key = "k", public_key = "very-secret" } },
      { { key = "k", secret = "very-secret", x = 1 } }, { { key = "k", secret = "very-secret", public_key = PEM } } } do
      local _, trouble = pcall(paper.start, { keys = keys })
      assert.is_nil(tostring(trouble):find("very-secret", 1, true))
    end
  end)

  it("may be at the ends of its range", function()
    for _, options in ipairs { { clock = "manual", start_time = 946684800000 }, { clock = "manual", start_time = 4102444800000 },
      { lag = 0, keep = 1, active_orders = 1 }, { lag = 3600000, keep = 10000000, active_orders = 10000000 },
      { limits = { ip = 1, ["order/create"] = false, ["v2/order"] = 5 } },
      { deposit = { BTC = bybit.decimal "0.1", ETH = 0 } }, { port = 0.0 },
      { instruments = { row {}, row { symbol = "BARUSD" } } },
      { seed = math.mininteger } } do
      local exchange <close> = assert(paper.start(options))
      assert.equal("table", type(exchange:books()))
      assert.same({}, exchange:errors())
    end
  end)
end)

describe("an argument of the paper exchange's methods", function()
  local exchange, caller

  setup(function() exchange, caller = wire.start() end)

  teardown(function()
    caller:hang_up()
    exchange:close()
  end)

  after_each(function()
    local t = caller:must("GET", "market/tickers", { symbol = "BTCUSD" }).list[1]
    assert.equal("30000.0", t.lastPrice)
    assert.equal(1704067200000, exchange:now())
    assert.same({}, exchange:errors())
  end)

  local SYMBOLS = "set_price: 'symbol': one of BTCPERP, BTCUSD, BTCUSDH24, BTCUSDT, EOSUSD, ETHUSD, ETHUSDT, XRPUSD expected"
    .. ", got "
  local SECONDS = "advance: 'seconds': seconds from 0 to 1000000000 expected, got "

  for _, case in ipairs {
    { "set_price", { "SOLUSDT", 30000 }, SYMBOLS .. "'SOLUSDT' (string)" },
    { "set_price", { "btcusd", 30000 }, SYMBOLS .. "'btcusd' (string)" },
    { "set_price", { nil, 30000 }, SYMBOLS .. "nothing" },
    { "set_price", { 30000, "BTCUSD" }, SYMBOLS .. "30000 (integer)" },
    { "set_price", { "BTCUSD" }, "set_price: 'price': an exact number expected, got nothing" },
    { "set_price", { "BTCUSD", "abc" }, "set_price: 'price': 'abc' is not a decimal" },
    { "set_price", { "BTCUSD", "1e30" }, "set_price: 'price': '1e30' is not a decimal" },
    { "set_price", { "BTCUSD", {} }, "set_price: 'price': an exact number expected, got a table" },
    { "set_price", { "BTCUSD", true }, "set_price: 'price': an exact number expected, got true (boolean)" },
    { "set_price", { "BTCUSD", io.stdout }, "set_price: 'price': " },
    { "set_price", { "BTCUSD", NAN }, "set_price: 'price': nan is not a number" },
    { "set_price", { "BTCUSD", -1 }, "set_price: 'price': a price from 0.5 to 999999.5 expected, got -1 (integer)" },
    { "set_price", { "BTCUSD", 0 }, "set_price: 'price': a price from 0.5 to 999999.5 expected, got 0 (integer)" },
    { "set_price", { "BTCUSD", "1000000" }, "set_price: 'price': a price from 0.5 to 999999.5 expected, got '1000000' (string)" },
    { "set_price", { "BTCUSD", ("9"):rep(34) }, "set_price: 'price': a price from 0.5 to 999999.5 expected" },
    { "set_price", { "BTCUSD", "31000.3" }, "set_price: 'price': a multiple of 0.5 expected, got '31000.3' (string)" },
    { "set_price", { "BTCUSD", 30000, 30000 }, "set_price: the third argument: a table {mark =, index =, walk =} expected" },
    { "set_price", { "BTCUSD", 30000, { marc = 1 } }, "set_price: unknown field 'marc', did you mean 'mark'?" },
    { "set_price", { "BTCUSD", 30000, { mark = "0" } }, "set_price: 'mark': a price from 0.5 to 999999.5 expected, got '0'" },
    { "set_price", { "BTCUSD", 30000, { index = 0.3 } }, "set_price: 'index': a price from 0.5" },
    { "set_price", { "BTCUSD", 30000, { walk = 1 } }, "set_price: 'walk': true or false expected, got 1 (integer)" },
    { "step", { -1 }, "step: 'n': a whole number from 0 to 25920000 ticks expected, got -1 (integer)" },
    { "step", { 1.5 }, "step: 'n': a whole number from 0 to 25920000 ticks expected, got 1.5 (float)" },
    { "step", { "5" }, "step: 'n': a whole number from 0 to 25920000 ticks expected, got '5' (string)" },
    { "step", { 1 << 40 }, "step: 'n': a whole number from 0 to 25920000 ticks expected" },
    { "advance", { -1 }, SECONDS .. "-1 (integer)" },
    { "advance", { NAN }, SECONDS },
    { "advance", { INFINITE }, SECONDS .. "inf (float)" },
    { "advance", { "5" }, SECONDS .. "'5' (string)" },
    { "advance", {}, SECONDS .. "nothing" },
    { "walk", {}, "walk: 'seconds': seconds from 0 to 2592000 expected, got nothing" },
    { "walk", { -0.5 }, "walk: 'seconds': seconds from 0 to 2592000 expected, got -0.5 (float)" },
    { "walk", { 1e7 }, "walk: 'seconds': seconds from 0 to 2592000 expected, got 10000000.0 (float)" },
    { "books", { "nobody" }, "books: 'key': the key of one of its accounts expected, got 'nobody' (string)" },
    { "books", { 4 }, "books: 'key': the key of one of its accounts expected, got 4 (integer)" },
    { "faults", { { { "delay" } } }, "faults: rule 1 (delay): 'seconds' is missing" },
    { "faults", { { { "delay", seconds = "1" } } }, "faults: rule 1 (delay): 'seconds': a number expected, got '1' (string)" },
    { "faults", { { { "delay", seconds = 3601 } } }, "faults: rule 1 (delay): 'seconds': 0 to 3600 expected, got 3601" },
    { "faults", { { { "http", status = 200 } } }, "faults: rule 1 (http): 'status': 400 to 599 expected, got 200" },
    { "faults", { { { "reset", probability = 2 } } }, "faults: rule 1 (reset): 'probability': 0 to 1 expected, got 2" },
    { "faults", { { { "reset", times = -1 } } }, "faults: rule 1 (reset): 'times': 0 to 1000000000 expected, got -1" },
    { "faults", { { { "reset", nth = 0 } } }, "faults: rule 1 (reset): 'nth': whole numbers from 1 expected, got 0" },
    { "faults", { { { "reset", nth = { 1, "2" } } } }, "faults: rule 1 (reset): 'nth': whole numbers from 1 expected, got '2'" },
    { "faults", { { { "reset", verb = "PUT" } } }, "faults: rule 1 (reset): 'verb': GET or POST expected, got 'PUT'" },
    { "faults", { { { "reset", 5 } } }, "faults: rule 1 (reset): unknown field '2'" },
    { "faults", { { [2] = { "reset" } } }, "faults: rule 1: a table expected, got nil" },
    { "faults", { { lag = -5 } }, "faults: faults: 'lag': 0 to 3600000 expected, got -5" },
    { "faults", { { skew = 1 << 50 } }, "faults: faults: 'skew': -86400000 to 86400000 expected" },
    { "faults", { { forget = -1 } }, "faults: faults: 'forget': 0 to 1000000000 expected, got -1" },
    { "faults", { "off" }, "faults: a table or false expected, got 'off' (string)" },
  } do
    it(("raises: %s"):format(case[3]), function()
      check(function() exchange[case[1]](exchange, table.unpack(case[2], 1, 3)) end, case[3])
    end)
  end

  it("is the exchange itself first, by ':'", function()
    for _, method in ipairs { "set_price", "step", "advance", "walk", "now", "books", "faults", "fault_counts", "errors" } do
      check(function() exchange[method]() end, ("%s: call it with ':', exchange:%s(...)"):format(method, method))
      check(function() exchange[method] { server = 1 } end, ("%s: call it with ':'"):format(method))
    end
  end)

  it("is of no use to an exchange that is closed", function()
    local other = assert(paper.start { clock = "manual" })
    other:close()
    other:close()
    for _, method in ipairs { "set_price", "step", "advance", "walk", "now", "books", "faults", "fault_counts", "errors" } do
      check(function() other[method](other) end, method .. ": the exchange is closed")
    end
  end)

  it("cannot bring the clock past what an integer of nanoseconds holds", function()
    local other <close> = assert(paper.start { clock = "manual", start_time = 4102444800000 })
    for _ = 1, 4 do other:advance(1e9) end
    local before = other:now()
    check(function() other:advance(1e9) end, "the exchange's clock cannot go past the year 2255")
    assert.equal(before, other:now())
  end)

  it("moves no clock that is the machine's", function()
    local other <close> = assert(paper.start())
    check(function() other:advance(1) end, "advance: the exchange runs by the real clock; start it with clock = \"manual\"")
    check(function() other:walk(1) end, "walk: the exchange runs by the real clock; start it with clock = \"manual\"")
  end)
end)

-- A host that shows numbers the German way: the locale is the whole process's, so the exchange's thread has it too. Whether it
-- is set before or after the exchange starts, floats mean the same on their way in, and on the wire numbers have a point.
describe("with a comma for a point", function()
  local PROGRAM = [[
    local bybit = require "bybit"
    local cjson = require "cjson"
    local function german() assert(os.setlocale "de_DE.UTF-8") end
    if "@WHEN@" == "before" then german() end
    local exchange <close> = bybit.paper.start { clock = "manual", seed = 7, deposit = { BTC = 2.5 } }
    if "@WHEN@" == "after" then german() end
    assert(("%.1f"):format(0.5) == "0,5")
    exchange:set_price("BTCUSD", 30000.5, { mark = 30001.5, index = 29999.5 })
    exchange:advance(0.25)
    exchange:walk(0.5)
    for _, api in ipairs { "v5", "v2" } do
      local client <close> = bybit.client { environment = exchange, api = api }
      local ack = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29900.5,
        client_order_id = "of-" .. api })
      local order = assert(client:get_open_order_real_time { symbol = "BTCUSD", client_order_id = "of-" .. api })
      print(api, ack.order_id == order.order_id, order.price)
    end
    -- JSON numbers, as clients in other languages send them
    local client <close> = bybit.client { environment = exchange }
    local done = assert(client:request("POST", "/v5/order/create", { symbol = "BTCUSD", side = "Sell", orderType = "Limit",
      qty = 7, price = bybit.decimal "30100.5" }))
    print(done.orderId ~= nil)
    local raw = require "spec.support.raw_http"
    local wire = require "spec.support.paper_wire"
    local caller = wire.caller(exchange)
    local body = '{"category":"inverse","symbol":"BTCUSD","side":"Sell","orderType":"Limit","qty":5.0,"price":3.01005e4}'
    caller.connection = raw.connect(exchange.port)
    caller.connection:send(raw.text("POST", "/v5/order/create", caller:headers(body), body))
    print(caller.connection:answer().body:match '"retCode":(%-?%d+)')
    print(exchange:books().coins.BTC.deposited, #exchange:errors())
  ]]

  for _, when in ipairs { "before", "after" } do
    it("is set " .. when .. " the exchange starts", function()
      local directory = os.tmpname()
      os.remove(directory)
      if not os.execute(("mkdir %s && localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 2>/dev/null"):format(directory, directory)) then
        return pending "no locale data here"
      end
      local child <close> = process.start(PROGRAM:gsub("@WHEN@", when), { LOCPATH = directory })
      local how, status, output, errors = child:wait()
      os.execute("rm -r " .. directory)
      assert.same({ "exit", 0, "" }, { how, status, errors })
      assert.equal("v5\ttrue\t29900.5\nv2\ttrue\t29900.5\ntrue\n0\n2.5\t0\n", output)
    end)
  end
end)

describe("A field of a paper exchange", function()
  it("that is misspelt raises, and the nearest is named", function()
    local exchange <close> = assert(paper.start())
    check(function() exchange:set_prise("BTCUSD", 1) end, "a paper exchange has no 'set_prise', did you mean 'set_price'?")
    check(function() return exchange.urll end, "a paper exchange has no 'urll', did you mean 'url'?")
  end)

  it("that only some have is nil in others: the secret of an account with an RSA key", function()
    local exchange <close> = assert(paper.start { keys = { { key = "k", public_key = PEM } } })
    assert.is_nil(exchange.secret)
  end)
end)
