-- The `bybit` command in a shell: methods, JSON, exit statuses, the question before real money.

local bybit = require "bybit"
local command = require "spec.support.command"
local cjson = require "cjson"
local contains = require "spec.support.contains"

local KEY, SECRET = "paperKey0123456789", "paperSecretPaperSecretPaperSecret001"

local exchange, url, keys

setup(function()
  exchange = bybit.paper.start { lag = 0, limits = false, seed = 7, keys = { { key = KEY, secret = SECRET } } }
  exchange:set_price("BTCUSD", 30000)
  url, keys = exchange.url, { BYBIT_API_KEY = KEY, BYBIT_API_SECRET = SECRET }
end)

teardown(function() exchange:close() end)

local has = contains.has

-- On the exchange of this spec.
local function run(line, env)
  return command.run(("--env %s %s"):format(url, line), { env = env or keys })
end

describe("bybit METHOD", function()
  it("calls a method and prints what it returned", function()
    local output, errors, status = run "place_order symbol=BTCUSD side=Buy type=Limit quantity=100 price=20000.5"
    assert.equal("", errors)
    assert.equal(0, status)
    assert.truthy(output:find "^  order_id         %x+%-[%x-]+\n  client_order_id  %w+\n$", output)
    output = run "get_open_orders_real_time symbol=BTCUSD"
    assert.truthy(output:find "%x+%-[%x-]+  BTCUSD  Buy   Limit       100  20000.5 ", output) -- whole ids outside a terminal
  end)

  it("trades on a paper exchange that it starts when no environment is named", function()
    local output, _, status = command.run "get_open_orders_real_time symbol=BTCUSD"
    assert.equal("(none)\n", output)
    assert.equal(0, status)
  end)

  it("prints JSON that another decoder can read, with exact decimals, and lists with their cursor", function()
    run "place_order symbol=ETHUSD side=Sell type=Limit quantity=3 price=2500.05 client_order_id=json-1"
    local output = run "get_open_order_real_time symbol=ETHUSD client_order_id=json-1 --json"
    local order = cjson.decode(output)
    assert.equal("2500.05", order.price)
    assert.equal("3", order.quantity)
    assert.is_false(order.reduce_only)
    assert.equal("number", type(order.create_time))
    assert.truthy(output:find '"client_order_id":"json%-1".*"price":"2500.05".*"symbol":"ETHUSD"', output) -- sorted names
    local page = cjson.decode((run "get_orders symbol=ETHUSD limit=1 --json"))
    assert.equal(1, #page.list)
    assert.equal("string", type(page.next_cursor))
    assert.equal("[]\n", (run "get_open_orders_real_time symbol=XRPUSD --json"))
  end)

  it("walks every page with --all", function()
    for i = 1, 5 do
      run(("place_order symbol=EOSUSD side=Buy type=Limit quantity=%d price=0.5"):format(i))
    end
    local list = cjson.decode((run "get_orders symbol=EOSUSD limit=2 --all --json"))
    assert.equal(5, #list)
    local output, errors, status = run("get_orders symbol=EOSUSD --all", { BYBIT_API_KEY = KEY, BYBIT_API_SECRET = "another" })
    assert.equal("", output)
    has(errors, "bybit: get_orders EOSUSD: invalid signature")
    assert.equal(1, status)
    output, errors, status = run "cancel_order symbol=EOSUSD order_id=x --all"
    assert.equal("", output)
    has(errors, "cancel_order: --all is for methods with pages")
    assert.equal(2, status)
  end)

  it("reads each word by its declared type", function()
    for line, message in pairs {
      ["place_order symbol=BTCUSD side=Buy type=Market quantity=1 reduce_only=maybe"] =
        "place_order: parameter 'reduce_only': true or false expected, got maybe",
      ["get_orders symbol=BTCUSD limit=ten"] = "get_orders: parameter 'limit': an integer expected, got ten",
      ["get_orders symbol=BTCUSD extra=[1"] = "get_orders: parameter 'extra': a JSON object expected, got [1",
      ["get_orders symbol=BTCUSD symbol=ETHUSD"] = "get_orders: parameter 'symbol' twice",
      ["get_orders BTCUSD"] = "get_orders: name=value expected, got BTCUSD",
      ["place_order symbol=BTCUSD qty=1"] = "place_order: unknown parameter 'qty': here it is 'quantity'",
      ["place_order symbol=BTCUSD side=buy type=Market quantity=1"] = "here it is 'Buy'",
      ["get_orders symbol=BTCUSD cancel=x"] = "get_orders: unknown parameter 'cancel'",
    } do
      local output, errors, status = run(line)
      assert.equal("", output)
      has(errors, message)
      assert.equal(2, status, line)
      assert.is_nil(errors:find("stack traceback", 1, true), errors)
      assert.is_nil(errors:find(".lua:", 1, true), errors)
    end
    local _, _, status = run "get_orders symbol=BTCUSD start_time=2026-01-31T12:00:00Z timeout=5 limit=1"
    assert.equal(0, status)
  end)

  it("trades linear contracts with --category, or with the parameter of that name", function()
    exchange:set_price("BTCUSDT", 30000)
    for _, words in ipairs { "--category linear place_order", "place_order category=linear" } do
      local ack = cjson.decode((run(words .. " symbol=BTCUSDT side=Buy type=Market quantity=0.01 --json")))
      assert.truthy(ack.order_id)
    end
    local position = cjson.decode((run "--category=linear get_position symbol=BTCUSDT --json"))
    assert.equal("0.02", position.quantity)
    local _, errors, status = run "place_order symbol=BTCUSDT side=Buy type=Market quantity=0.01"
    has(errors, "'BTCUSDT' is no inverse contract: category = 'linear' is for it")
    assert.equal(2, status)
    _, errors, status = run "--category spot get_tickers"
    has(errors, "option 'category': 'inverse' or 'linear' expected, got spot")
    assert.equal(2, status)
    has((run "watch --symbol BTCUSDT --times 1"), "\nposition  Buy 0.02 @ ")
  end)

  it("names the method that is nearest to a misspelt word", function()
    local _, errors, status = run "create_order symbol=BTCUSD"
    has(errors, "no method or command 'create_order': here it is 'place_order'")
    assert.equal(2, status)
    _, errors = run "set_dcp timeWindow=10"
    has(errors, "no method or command 'set_dcp': here it is bybit request POST /v5/order/disconnected-cancel-all name=value "
      .. "...\n")
    _, errors = run "order_realtime symbol=BTCUSD"
    has(errors, "no method or command 'order_realtime'")
  end)
end)

describe("exit statuses", function()
  it("are 1 if the exchange refused", function()
    local output, errors, status = run "cancel_order symbol=BTCUSD order_id=no-such-order"
    assert.equal("", output)
    has(errors, "bybit: cancel_order BTCUSD: order not found (110001)")
    has(errors, "nothing was cancelled\n")
    assert.equal(1, status)
    output, errors, status = run("get_orders symbol=BTCUSD", { BYBIT_API_KEY = KEY, BYBIT_API_SECRET = "another" })
    assert.equal("", output)
    has(errors, "bybit: get_orders BTCUSD: ")
    assert.equal(1, status)
  end)

  it("are 3 if the outcome is unknown", function()
    local call = require "bybit.shell.cli.call"
    local errors = require "bybit.errors"
    assert.equal(3, call.status(errors.new { kind = "timeout", method = "place_order", message = "", outcome = "unknown" }))
    assert.equal(4, call.status(errors.new { kind = "timeout", method = "place_order", message = "", outcome = "not_sent" }))
  end)

  it("are 4 if nobody answered, and the message says that nothing was sent", function()
    local _, errors, status = command.run(
      "--env http://127.0.0.1:1 place_order symbol=BTCUSD side=Buy type=Market quantity=1 deadline=0.5", { env = keys })
    has(errors, "nothing was sent")
    assert.equal(4, status)
  end)

  it("are 2 for options that are wrong", function()
    for line, message in pairs {
      ["--enw paper get_orders"] = "unknown option --enw",
      ["--jsno get_orders"] = "unknown option --jsno",
      ["--env"] = "option --env: NAME expected",
      ["--json=yes get_orders"] = "option --json takes no value",
      ["--env mainet get_orders"] = "unknown environment 'mainet', did you mean 'mainnet'?",
      ["--env http://example.com get_orders"] = "plain http reaches this machine only",
      ["paper --port many"] = "option --port: a number expected, got many",
      ["check"] = "check: a file expected, or - for standard input",
      ["request GET"] = "a verb and a path expected",
    } do
      local _, errors, status = command.run(line)
      has(errors, message)
      assert.equal(2, status, line)
    end
  end)
end)

describe("real money", function()
  it("needs --yes if nobody can be asked; nothing is sent without it", function()
    local output, errors, status = command.run(
      "--env mainnet place_order symbol=BTCUSD side=Buy type=Market quantity=1", { env = keys })
    assert.equal("", output)
    has(errors, "on mainnet trades real money: add --yes to confirm it")
    assert.equal(2, status)
    assert.is_nil(errors:find(SECRET, 1, true))
  end)

  -- Without keys: if it were not asked for, the call would be refused for that, and still nothing be sent.
  it("wants --yes for a method that is made of several requests, too", function()
    for _, method in ipairs { "cancel_all_orders", "cancel_all_conditional_orders" } do
      local _, errors, status = command.run(("--env mainnet %s symbol=BTCUSD"):format(method))
      has(errors, method .. " symbol=BTCUSD on mainnet trades real money: add --yes to confirm it")
      assert.equal(2, status)
    end
  end)
end)

describe("real money behind an address", function()
  -- Should one be sent, it gets no further than this proxy.
  local env = { BYBIT_API_KEY = KEY, BYBIT_API_SECRET = SECRET, https_proxy = "http://127.0.0.1:1" }

  for _, address in ipairs { "https://api.bybit.com", "HTTPS://API.bybit.COM:443/", "https://api.bybit.com.", "bytick",
    "https://gate.example.com" } do
    for _, line in ipairs { "place_order symbol=BTCUSD side=Buy type=Market quantity=1", "cancel_all_orders symbol=BTCUSD",
      "set_trading_stop symbol=BTCUSD stop_loss_price=1", "request POST /v5/order/cancel-all symbol=BTCUSD" } do
      it("wants --yes: " .. address .. " " .. line, function()
        local output, errors, status = command.run(("--env %s %s"):format(address, line), { env = env })
        assert.equal("", output)
        has(errors, "trades real money: add --yes to confirm it")
        assert.equal(2, status)
      end)
    end
  end

  it("is asked about at a terminal, and only a yes sends", function()
    local outputs, status = command.type("--env https://API.bybit.com place_order symbol=BTCUSD side=Buy type=Market quantity=1",
      { { "Type yes to send it: ", "y\n" } }, { env = env })
    has(outputs[1], "This is real money, on api.bybit.com: place_order symbol=BTCUSD side=Buy type=Market quantity=1\n")
    has(outputs[2], "was not sent\n")
    assert.equal("2", status)
  end)

  it("is asked about in a session, whose prompt is the host", function()
    local outputs, status = command.type("--plain --env https://API.bybit.com", {
      { "api.bybit.com BTCUSD> ", 'place_order{side = "Buy", type = "Market", quantity = 1}\n' }, { "without asking: ", "n\n" },
      { "was not sent", "\4" } }, { env = env })
    has(outputs[1], "REAL MONEY")
    assert.equal("0", status)
  end)
end)

describe("bybit request", function()
  it("reaches any endpoint with the exchange's own names", function()
    local output, _, status = run "request GET /v5/market/instruments-info symbol=BTCUSD --json"
    assert.equal(0, status)
    assert.equal("0.5", cjson.decode(output).list[1].priceFilter.tickSize)
    local _, errors
    _, errors, status = run "request GET /v5/market/tickers symbol=NOPE"
    assert.equal(1, status)
    has(errors, "bybit: request")
  end)
end)

describe("bybit help", function()
  it("has a page for everything, which fits the width of a terminal", function()
    local pages = { "help", "help place_order", "help order", "help side", "help options", "--help", "place_order --help" }
    for _, page in ipairs(pages) do
      local output, _, status = command.run(page)
      assert.equal(0, status, page)
      for line in output:gmatch "[^\n]+" do assert.is_true(#line <= 80, line) end
    end
    local output = command.run "help"
    has(output, "Exit status:\n  0  done\n")
    has(output, "set_trading_stop")
    output = command.run "help place_order"
    has(output, "Example:\n    bybit place_order symbol=BTCUSD side=Buy type=Limit quantity=100\n      price=30000.5\n")
    local _, errors, status = command.run "help edit_order"
    has(errors, "no help on 'edit_order': here it is 'modify_order'")
    assert.equal(2, status)
  end)

  it("gives examples that work as they are", function()
    exchange:set_price("BTCUSD", 30000)
    for _, method in ipairs { "place_conditional_order", "place_order", "get_orders", "get_user_trades" } do
      local output = command.run("help " .. method)
      local example = assert(output:match "Example:\n(.*)$"):gsub("%s+", " "):gsub("^ bybit ", "")
      local _, errors, status = run(example)
      assert.equal("", errors)
      assert.equal(0, status, example)
    end
  end)

  it("and the version come from one place", function()
    assert.equal(("bybit %s\n"):format(bybit.version), (command.run "version"))
    assert.equal(("bybit %s\n"):format(bybit.version), (command.run "--version"))
    assert.truthy(bybit.version:find "^%d+%.%d+%.%d+", bybit.version)
  end)
end)

describe("bybit journal", function()
  local journals = require "spec.support.journals"

  local function filled()
    local name = journals.path(finally)
    local journal = assert(journals.open(name))
    assert(journal:begin(journals.intent { client_order_id = "a-1" }))
    assert(journal:begin(journals.intent { method = "cancel_order", kind = "cancel", client_order_id = "a-\27[2J",
      params = "no JSON" }))
    assert(journal:finish(1, "done", 1700000000500))
    return name, journal
  end

  it("lists what a journal holds, even while a client has it open", function()
    local name, journal = filled()
    local wanted = "                                               client_\n"
      .. "time                     method        symbol  order_id  outcome\n"
      .. "2023-11-14 22:13:20.000  place_order   BTCUSD  a-1       done\n"
      .. "2023-11-14 22:13:20.000  cancel_order  BTCUSD  a- [2J    open\n"
    local output, errors, status = command.run("journal " .. name)
    assert.equal("", errors)
    assert.equal(wanted, output)
    assert.equal(0, status)
    assert(journal:begin(journals.intent()))
    journal:close()
    assert.equal("3", (journals.sql(name, "SELECT count(*) FROM intents")))
    has(command.run("journal " .. name .. " --open"), "id-1")
    assert.is_nil((command.run("journal " .. name .. " --open"):find("a-1", 1, true)))
  end)

  it("prints JSON", function()
    local name, journal = filled()
    local rows = cjson.decode((command.run("journal --json " .. name)))
    assert.equal("BTCUSD", rows[1].params.symbol)
    assert.equal("done", rows[1].outcome)
    assert.equal("no JSON", rows[2].params)
    assert.is_nil(rows[2].outcome)
    journal:finish(2, "dismissed", 1)
    journal:close()
    assert.equal("[]\n", (command.run("journal --json --open " .. name)))
    assert.equal("(none)\n", (command.run("journal --open " .. name)))
  end)

  it("says what is wrong with a file, and never makes one", function()
    local name = journals.path(finally)
    local _, errors, status = command.run("journal " .. name)
    assert.equal(("bybit: journal '%s': No such file or directory\n"):format(name), errors)
    assert.equal(2, status)
    assert.is_nil(io.open(name))
    journals.write(name, ("no database"):rep(100))
    _, errors = command.run("journal " .. name)
    has(errors, "it is damaged: file is not a database")
    has(select(2, command.run "journal"), "journal: one file expected")
  end)
end)

describe("bybit paper", function()
  it("serves the exchange until Ctrl-C, with the keys of the environment", function()
    local outputs, status = command.type("paper --port 0", {
      { "its keys are those of BYBIT_API_KEY and BYBIT_API_SECRET", "" }, { "bybit --env http://127.0.0.1:", "" },
      { "\r\n", "\3" } }, { env = keys })
    has(outputs[1], "paper exchange at http://127.0.0.1:")
    assert.is_nil(table.concat(outputs):find(SECRET, 1, true))
    assert.equal("0", status)
  end)
end)
