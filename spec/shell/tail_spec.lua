-- `bybit tail`, and what makes `watch` look again. The command runs as a user runs it, on a paper exchange of its own or on one that
-- this spec moves.

local bybit = require "bybit"
local cjson = require "cjson"
local command = require "spec.support.command"
local completion = require "bybit.shell.cli.completion"
local core = require "bybit.core"
local process = require "spec.support.process"
local pulse = require "bybit.shell.pulse"
local topics = require "bybit.stream.topics"
local trading = require "spec.support.trading"

local function has(text, what) assert(text:find(what, 1, true), ("%q is not in: %s"):format(what, text)) end

describe("bybit tail", function()
  if not core.stream.available() then return it("follows streams", function() pending "this build is without libwslay" end) end

  -- Runs the command in a process, which this one can signal.
  local function start(line, env)
    local words = { "arg = {}" }
    for word in line:gmatch "%S+" do words[#words + 1] = ("arg[#arg + 1] = %q"):format(word) end
    words[#words + 1] = 'os.exit(require("bybit.shell.cli").run(arg), true)'
    return process.start(table.concat(words, "\n"), env)
  end

  it("prints an event a line, as JSON with exact decimals as texts", function()
    local exchange, client <close> = trading.start({}, { clock = "real" })
    finally(function() exchange:close() end)
    local env = { BYBIT_API_KEY = exchange.key, BYBIT_API_SECRET = exchange.secret }
    local tail = start(("--env %s tail trade order --symbol BTCUSD --json --times 2"):format(exchange.url), env)
    assert.same({ kind = "live" }, cjson.decode(tail:line()))
    local ack = assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 10 })
    local events = {}
    for _ = 1, 2 do
      local event = cjson.decode(tail:line())
      events[event.kind] = event[event.kind]
    end
    local how, status, _, errors = tail:wait()
    assert.same({ "exit", 0, "" }, { how, status, errors })
    local order = assert(client:request("GET", "/v5/order/realtime", { symbol = "BTCUSD", orderId = ack.order_id })).list[1]
    assert.same({ order.orderId, order.qty, order.price, order.orderStatus },
      { events.order.order_id, events.order.quantity, events.order.price, events.order.status })
    local trade = assert(client:request("GET", "/v5/market/recent-trade", { symbol = "BTCUSD", limit = 1 })).list[1]
    assert.same({ trade.execId, trade.price, trade.size }, { events.trade.trade_id, events.trade.price, events.trade.quantity })
  end)

  it("ends with status 0 at Ctrl-C, and says nothing", function()
    local tail = start "tail ticker --symbol BTCUSD"
    has(tail:line(), " live")
    has(tail:line(), " ticker ticker{symbol=BTCUSD ")
    tail:signal "INT"
    local how, status, _, errors = tail:wait()
    assert.same({ "exit", 0, "" }, { how, status, errors })
  end)

  it("ends quietly when whoever read it has gone", function()
    local output = os.tmpname()
    finally(function() os.remove(output) end)
    local lines = ("import subprocess, signal, sys; signal.signal(signal.SIGPIPE, signal.SIG_IGN)\n"
      .. "p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, restore_signals=False)\n"
      .. "p.stdout.readline(); p.stdout.close(); print(p.wait(), p.stderr.read())\n")
    local program = process.start(lines, {}, "python3", (os.getenv "LUA" or "lua5.4")
      .. " lua/bybit/shell/bybit tail ticker --symbol BTCUSD")
    assert.equal("0 b''", program:line())
    program:wait()
  end)

  it("records as well", function()
    local path = os.tmpname()
    os.remove(path)
    finally(function() os.remove(path) end)
    local output, errors, status = command.run("tail ticker --symbol BTCUSD --times 1 --json --record " .. path)
    assert.same({ "", 0 }, { errors, status })
    local shown
    for line in output:gmatch "[^\n]+" do shown = cjson.decode(line) end
    local first
    for event in assert(bybit.history.recording(path)) do first = first or event.ticker end
    assert.equal(shown.ticker.last_price, tostring(first.last_price))
  end)

  it("of a wrong word says what would be right", function()
    local exchange, client <close> = trading.start()
    finally(function() exchange:close() end)
    local keyless <close> = bybit.client { environment = { url = exchange.url } }
    for message, given in pairs {
      ["tail: a topic expected, of trade, ticker, kline,"] = { {}, {} },
      ["tail: no topic 'trad', did you mean 'trade'?: there are trade, ticker"] = { { "trad" }, { symbol = "BTCUSD" } },
      ["tail: trade needs --symbol"] = { { "trade" }, {} },
      ["tail: kline needs --interval"] = { { "kline" }, { symbol = "BTCUSD" } },
      ["a contract such as BTCUSD, in capitals"] = { { "trade" }, { symbol = "btcusd" } },
      ["option --times: a number above 0 expected, got none"] = { { "trade" }, { symbol = "BTCUSD", times = "none" } },
      ["/none/x: No such file or directory"] = { { "trade" }, { symbol = "BTCUSD", record = "/none/x" } },
      ["order is about an account: the client needs a key"] = { { "order" }, {}, keyless },
      ["the exchange refuses publicTrade.NOSUCH"] = { { "trade" }, { symbol = "NOSUCH" } },
    } do
      local ok, why = pcall(require "bybit.shell.cli.tail", given[1], given[2], function(text) error(text, 0) end,
        function(f) return f(given[3] or client, bybit.cancel_token()) end)
      assert.is_false(ok)
      has(tostring(why), message)
    end
    local _, errors, status = command.run "tail trade"
    assert.same({ "bybit: tail: trade needs --symbol\n", 2 }, { errors, status })
  end)

  it("is completed, and explained", function()
    local cli = require "bybit.shell.cli"
    local found = completion.of(require "bybit.wire.v5", { "tail", "t" }, cli.words.options, { tail = true })
    assert.same({ "ticker", "trade" }, found)
    has((command.run "man":gsub("\\", "")), "bybit tail TOPIC ...")
  end)
end)

describe("watch", function()
  if not core.stream.available() then return it("follows streams", function() pending "this build is without libwslay" end) end
  local exchange, client

  before_each(function() exchange, client = trading.start() end)
  after_each(function()
    client:close()
    exchange:close()
  end)

  -- Seconds that a wait of a thousand takes, while `act` happens after ten.
  local function waits(method, act, timed)
    return bybit.run(function()
      local token = bybit.cancel_token()
      local beat <close> = pulse.open(client, method, { symbol = "BTCUSD", interval = "1", cancel = token }, timed)
      beat:wait(1) -- what comes with the subscription
      bybit.spawn(function()
        bybit.sleep(10)
        act(token)
      end)
      local began = core.loop.now()
      beat:wait(1000)
      return core.loop.now() - began
    end)
  end

  local function place()
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 10, price = 29000 })
  end

  it("looks again when a stream tells of what it shows, and not of other things", function()
    assert.is_true(waits("get_open_orders_real_time", place) < 20)
    assert.is_true(waits(nil, place) < 20)
    assert.is_true(waits("get_ticker", function() exchange:set_price("BTCUSD", "30100") end) < 20)
    assert.is_true(waits("get_user_trades", place) > 900)
    assert.is_true(waits("get_server_time", place) > 900)
    assert.is_true(waits("get_open_orders_real_time", place, true) > 900, "with --every only time counts")
  end)

  it("ends its wait with its token, and leaves its topics", function()
    assert.is_true(waits("get_orders", function(token) token:cancel() end) < 20)
    assert.equal(0, client:stats().streams[1].topics)
  end)

  it("knows methods that there are", function()
    local methods = client.exchange and client or client
    for _, row in ipairs(topics.rows) do
      for _, name in ipairs(row.shows or {}) do assert.equal("function", type(methods[name]), name) end
    end
  end)
end)
