-- A session at a terminal, as a user types it: on paper, through a pseudo-terminal, with and without readline.

local command = require "spec.support.command"
local bybit = require "bybit"
local contains = require "spec.support.contains"

local typing = require "spec.support.session"

local PROMPT, session = typing.PROMPT, typing.type
local HAS_READLINE = pcall(require, "C-readline")

local has, has_not = contains.has, contains.has_not

local function program(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
  finally(function() os.remove(path) end)
  return path
end

local history = os.tmpname()

teardown(function() os.remove(history) end)

describe("a session", function()
  it("greets, says where it trades, and ends with Ctrl-D", function()
    local outputs, status = command.type("--plain", { { PROMPT, "\4" } })
    has(outputs[1], ("bybit %s on paper: a paper exchange at http://127.0.0.1:"):format(bybit.version))
    has(outputs[1], "no real money")
    has(outputs[1], "help() lists what you can do; Ctrl-D leaves.\n" .. PROMPT)
    assert.equal("0", status)
  end)

  it("trades as typed, and shows tables that fit the terminal", function()
    local out = session {
      'exchange:set_price("BTCUSD", "29999.5")',
      'place_order{side = "Buy", type = "Limit", quantity = 100, price = 29000}',
      "get_open_orders_real_time()",
      "_[1].price * 2",
      'place_order{side = "Buy", type = "Market", quantity = 100}',
      "get_user_trades{}",
      "overview()",
      "cancel_all_orders{}",
      "get_open_orders_real_time{}",
    }
    assert.truthy(out[2]:find "\n  order_id               %x+%-[%x-]+\n  client_order_id        %w+\n", out[2])
    assert.truthy(out[2]:find "\n  status                 New\n", out[2]) -- the order, not only that it was taken
    has(out[3], "                                                   filled_\n"
      .. "order_id    symbol  side  type   quantity  price  quantity  status\n")
    assert.truthy(out[3]:find "\n%x+%.%.  BTCUSD  Buy   Limit       100  29000         0  New\n", out[3])
    has(out[4], "\n58000\n")
    assert.truthy(out[6]:find "%d%d%-%d%d %d%d:%d%d:%d%d  BTCUSD  Buy        100  [%d%.]+  [%d%.]+  Taker      Trade\n", out[6])
    has(out[7], "position  Buy 100 @ ")
    has(out[7], "waiting   none")
    has(out[9], "\n(none)\n")
    for _, text in ipairs(out) do
      for line in text:gmatch "[^\n]+" do assert.is_true(#line <= 80 or line:find(PROMPT, 1, true) ~= nil, line) end
    end
  end)

  it("prints a failure in one line, with a suggestion", function()
    local out = session {
      'place_order{side = "Buy", qty = 100}',
      "place_oder{}",
      "place_order{side = Buy}",
      'cancel_order{order_id = "no-such-order"}',
      "x =",
      { "..> ", "\n" },
      'error "mine"',
      "client:cancel_order{order_id = 'no-such-order'}",
      "client.cancel_oder",
    }
    has(out[1], "\nplace_order: unknown parameter 'qty': here it is 'quantity'\n" .. PROMPT)
    has(out[2], "\nno 'place_oder' here, did you mean 'place_order'?\n")
    has(out[3], "\nno 'Buy' here: words go in quotes, \"Buy\"\n")
    has(out[4], "\ncancel_order BTCUSD: order not found (110001): ")
    has(out[4], ", nothing was cancelled\n" .. PROMPT)
    has(out[6], "this line is not finished\n")
    has(out[7], "\nmine\n")
    has(out[8], "\nnil\ncancel_order BTCUSD: order not found")
    has(out[9], "\na client has no method 'cancel_oder', did you mean 'cancel_order'?\n")
    for _, text in ipairs(out) do
      has_not(text, "stack traceback")
      has_not(text, ".lua:")
    end
  end)

  it("continues an unfinished line in the next one, and shows every value", function()
    local out = session {
      "for i = 1, 2 do", { "          ..> ", "print(i * 10)\n" }, { "..> ", "end\n" },
      "1, 'text', nil, decimal '1.50'",
      "= 2 + 3",
      "local x = 1",
      "{ b = { 1, 2 }, a = decimal '0.10' }",
      "f = function(n) return n + 1 end",
      "f(1)",
      "place_order",
      'symbol "ETHUSD"',
      { "paper ETHUSD> ", 'symbol "NOPE"\n' },
      { "paper ETHUSD> ", "symbol 'BTCUSD'\n" },
    }
    has(out[3], "\n10\n20\n")
    has(out[4], '\n1  "text"  nil  1.50\n')
    has(out[5], "\n5\n")
    has(out[6], "leave `local` out to keep the value")
    has(out[7], "\n{ a = 0.10, b = { 1, 2 } }\n")
    has(out[9], "\n2\n")
    has(out[10], '\na method: help "place_order" lists its parameters\n')
    has(out[11], "\nETHUSD: prices in steps of 0.05, quantities of 1, settled in ETH\n")
    has(out[12], "\nsymbol: the exchange has no contract 'NOPE'\n")
  end)

  it("follows its symbol to the category of that, and shows both positions of hedge mode", function()
    local out = session {
      'symbol "ETHUSDT"',
      { "paper ETHUSDT> ", 'switch_position_mode{mode = "Hedge"}\n' },
      { "paper ETHUSDT> ", 'place_order{side = "Buy", type = "Market", quantity = "0.1", position_mode = 1}.status\n' },
      { "paper ETHUSDT> ", 'place_order{side = "Sell", type = "Market", quantity = "0.2", position_mode = 2}.status\n' },
      { "paper ETHUSDT> ", "overview()\n" },
      { "paper ETHUSDT> ", 'client:instrument("BTCPERP").settle_coin\n' },
      { "paper ETHUSDT> ", 'symbol "BTCUSD"\n' },
      "get_position{}.symbol",
    }
    has(out[1], "\nETHUSDT: prices in steps of 0.01, quantities of 0.01, settled in USDT\n")
    has(out[3], '"Filled"')
    has(out[5], "USDT, equity ")
    has(out[5], "\nposition  Buy 0.1 @ ")
    has(out[5], "\nposition  Sell 0.2 @ ")
    has(out[6], '"USDC"')
    has(out[8], '"BTCUSD"')
  end)

  it("walks pages as its help says, with the session's symbol", function()
    local out = session {
      "for i = 1, 3 do place_order{side = 'Buy', type = 'Limit', quantity = i, price = 20000} end",
      "for o in each('get_orders', { limit = 2 }) do print('each', o.quantity) end",
      "#collect('get_orders')",
      "for page in pages('get_orders', { limit = 2 }) do print('page of', #page) end",
      "#client:collect('get_orders')",
      "#client:with{limit = 1}:collect('get_orders', {}, { max = 2 })",
      "#collect('/v5/order/realtime', { symbol = 'BTCUSD' }) -- with a comment",
      "collect('get_oders')",
      "each('get_orders')",
    }
    local _, count = out[2]:gsub("\neach\t%d", "")
    assert.equal(3, count, out[2])
    has(out[3], "\n3\n")
    has(out[4], "\npage of\t2\npage of\t1\n")
    has(out[5], "\n3\n")
    has(out[6], "\n2\n")
    has(out[7], "\n3\n")
    has(out[8], "'get_oders'")
    has_not(out[8], "line ")
    has(out[9], "\na function  each of get_orders  nil  each of get_orders\n")
  end)

  it("prints help from the declarations", function()
    local out = session { "help()", 'help "place_order"', "help(set_trading_stop)", 'help "order"', 'help "edit_order"' }
    has(out[1], "  order     place_order, pre_check_order, place_conditional_order, modify_order,\n")
    has(out[1], '\n  place_order{side = "Buy", type = "Limit", quantity = 100, price = "30000.5"}\n')
    has(out[2], "\n  side                      Buy or Sell; required.")
    has(out[2], "\n  quantity                  decimal, whole contracts of 1 USD; of linear\n"
      .. "                            contracts base coin, above 0 (or 0 with reduce_only\n"
      .. "                            and close_on_trigger); required.")
    has(out[2], "default IOC with\n                            Market and GTC with Limit.")
    has(out[2], "\n  symbol                    symbol; here BTCUSD unless given.")
    has(out[2], '\n  Example:\n    place_order{side = "Buy", type = "Limit", quantity = 100, price = "30000.5"}\n')
    has(out[3], "set_trading_stop\n  Sets, changes or removes")
    has(out[4], "\n  filled_quantity ")
    has(out[5], "no help on 'edit_order': here it is 'modify_order'\n")
    for _, text in ipairs(out) do
      for line in text:gmatch "[^\n]+" do assert.is_true(#line <= 80, line) end
    end
  end)

  it("runs the example of its own first page", function()
    local out = session { "help()" }
    local example = assert(out[1]:match "For example:\n%s*([^\n]+)")
    out = session { example }
    has(out[1], "  order_id  ")
  end)

  it("goes on after Ctrl-C, which ends running code, waits, and the typed line", function()
    local out = session {
      'print("slee" .. "ps") bybit.sleep(1000)', { "sleeps", "\3" },
      'print("run" .. "s") while true do end', { "runs", "\3" },
      { PROMPT, "never ru" }, { "never ru", "\3" },
      { PROMPT, "for i = 1, 3 do\n" }, { "..> ", "\3" },
      "1 + 1",
    }
    has(out[2], "interrupted\n" .. PROMPT)
    has(out[4], "interrupted\n" .. PROMPT)
    has(out[9], "\n2\n")
  end)

  it("cancels a call in flight with Ctrl-C, and says what is known of it", function()
    -- The request gets no answer; Ctrl-C comes during recovery.
    local path = program [[
      local bybit = require "bybit"
      local transport = { start = function()
        print "sent"
        return { error = "timeout", message = "too slow", sent = true }
      end }
      local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "paperKey0123456789",
        secret = "paperSecretPaperSecret", transport = transport }
      require("bybit.shell.repl.session").run(client, { name = "lost", plain = true })
    ]]
    local outputs, status = command.type(path, {
      { "lost BTCUSD> ", 'place_order{side = "Buy", type = "Market", quantity = 1, client_order_id = "mine-1"}\n' },
      { "sent\r\n", "\3" },
      { "lost BTCUSD> ", "1 + 1\n" },
      { "2\r\nlost BTCUSD> ", "\4" },
    }, { program = true })
    assert.equal("0", status)
    has(outputs[3], "\nplace_order BTCUSD Buy 1: ")
    has(outputs[3], ", it may have been placed: look it up before repeating (client_order_id mine-1)\nlost BTCUSD> ")
    has_not(table.concat(outputs), "paperSecret")
  end)

  it("watches until Ctrl-C", function()
    local out = session {
      'watch("get_open_orders_real_time", {}, { every = 0.01, times = 3 })',
      "watch()", { "waiting   none", "\3" },
      "1 + 1",
    }
    local _, looks = out[1]:gsub("paper BTCUSD, get_open_orders_real_time, every 0.01 s; Ctrl%-C ends it\n%(none%)\n", "")
    assert.equal(3, looks, out[1])
    has(out[4], "\n2\n")
  end)

  it("lets tasks go on while it waits for a key", function()
    local out = session {
      "bybit.spawn(function() bybit.sleep(0.01); print 'a task went on' end)",
      { "\r\na task went on\r\n" .. PROMPT, "\n" },
      "1 + 1",
    }
    has(out[3], "\n2\n")
  end)
end)

describe("a session with readline", function()
  if not HAS_READLINE then
    pending "lua-readline is not installed"
    return
  end

  local options = { readline = true, env = { BYBIT_HISTORY = history } }

  it("completes methods, parameters, words and fields", function()
    local out = session({
      { PROMPT, "place_o\t" }, { "place_order{", "si\t" }, { "side = ", "\t\t\t" }, { "Buy   Sell", "B\t" },
      { '"Buy"', ', type = "L\t' }, { '"Limit"', ", quan\t" }, { "quantity = ", "100, price = 20000}\n" },
      { PROMPT, "orders = get_open_orders_real_\t\t" }, { "get_open_orders_real_time{", "}\n" },
      { PROMPT, "orders[1].filled_q\t" }, { "filled_quantity", "\n" },
      { PROMPT, 'help "time_in\t' }, { 'time_in_force"', "\n" },
      { PROMPT, "client:cancel_o\t" }, { "client:cancel_order", "\3" },
    }, options)
    has(out[7], "  order_id  ")
    has(out[11], "\n0\n")
    has(out[13], "GTC, IOC, FOK, PostOnly, RPI")
  end)

  it("brings earlier lines back, even those of the last session", function()
    local out = session({
      "1 + 41", { PROMPT, "\27[A" }, { "1 + 41", "\n" },
      { PROMPT, "for i = 7, 7 do\n" }, { "..> ", "print(i)\n" }, { "..> ", "end\n" },
    }, options)
    has(out[3], "\n42\n")
    out = session({ { PROMPT, "\27[A" }, { "for i = 7, 7 do print(i) end", "\n" }, { PROMPT, "\27[A\27[A\27[A" },
      { "1 + 41", "\n" } }, options)
    has(out[2], "\n7\n")
    has(out[4], "\n42\n")
  end)

  it("keeps no line that names a key or a secret", function()
    session({
      'c1 = bybit.client{environment = "testnet", key = "theKeyItself", secret = "theSecretItself"}',
      "c2 = bybit.client{environment = 'testnet', ['key']= 'theKeyItself',", { "..> ", 'secret="theSecretItself"}\n' },
      'my_secret = "theSecretItself"', 'pem = "PRIVATE KEY theSecretItself"', "kept = 'monkeys = 3'",
    }, options)
    local file <close> = assert(io.open(history))
    local text = file:read "a"
    assert.truthy(text:find("kept", 1, true))
    assert.is_nil(text:find "Itself")
  end)

  it("drops the typed line on Ctrl-C, at once", function()
    local out = session({ { PROMPT, "never ru" }, { "never ru", "\3" }, { PROMPT, "1 + 1\n" }, { PROMPT, "\3" }, "3 + 4" },
      options)
    has(out[3], "\n2\n")
    has(out[5], "\n7\n")
  end)
end)

describe("a session on real money", function()
  -- The exchange is this machine's; the session is told that its money is real.
  local function on_mainnet(steps)
    return typing.type(steps, { name = "mainnet", real = true })
  end

  local PLACE = 'place_order{side = "Buy", type = "Limit", quantity = 1, price = 20000}\n'

  it("asks before the first call that changes something, and sends nothing without a yes", function()
    local prompt = "mainnet BTCUSD> "
    local out = on_mainnet {
      { prompt, "get_open_orders_real_time()\n" },
      { prompt, PLACE }, { "without asking: ", "y\n" },
      { prompt, "client:" .. PLACE }, { "without asking: ", "\n" },
      { prompt, 'client:with{raise = true}:' .. PLACE }, { "without asking: ", "\3" },
      { prompt, 'request("POST", "/v5/order/cancel-all", {symbol = "BTCUSD"})\n' }, { "without asking: ", "no\n" },
      { prompt, "#get_open_orders_real_time()\n" },
      { prompt, PLACE }, { "without asking: ", "yes\n" },
      { prompt, PLACE },
      { prompt, "#get_open_orders_real_time()\n" },
    }
    table.insert(out, 1, "the greeting")
    has(out[3], "This is real money, on mainnet: place_order BTCUSD Buy 1 @ 20000\n")
    has(out[4], "place_order BTCUSD Buy 1 @ 20000 was not sent\n")
    has(out[9], "This is real money, on mainnet: POST /v5/order/cancel-all")
    has(out[11], "\n0\n")
    has(out[13], "  order_id  ")
    has(out[15], "\n2\n")
  end)
end)

describe("a session from a pipe", function()
  it("prints only results, and stops at the first line that fails", function()
    local output, errors, status = command.run("", { input = "1 + 1\nplace_oder{}\n3\n" })
    assert.equal("2\n", output)
    assert.equal("no 'place_oder' here, did you mean 'place_order'?\n", errors)
    assert.equal(1, status)
    output, errors, status = command.run("repl", { input = "for i = 1, 2 do\nprint(i)\nend\n" })
    assert.equal("1\n2\n", output)
    assert.equal("", errors)
    assert.equal(0, status)
  end)

  it("is what `lua5.4 -l bybit.repl` begins", function()
    local pipe = assert(io.popen(("echo '#get_open_orders_real_time()' | %s -l bybit.repl"):format(os.getenv "LUA" or "lua5.4")))
    assert.equal("0\n", pipe:read "a")
    assert.is_true(pipe:close())
  end)
end)
