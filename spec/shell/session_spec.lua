-- What a session owes to who types at it: no order that was not meant, no end that was not asked for, and a line that
-- stays readable.

local contains = require "spec.support.contains"
local typing = require "spec.support.session"

local PROMPT, type_lines = typing.PROMPT, typing.type
local HAS_READLINE = pcall(require, "C-readline")

local has, has_not = contains.has, contains.has_not

local PLACE = 'place_order{side = "Buy", type = "Market", quantity = 1}'

describe("a client made by hand", function()
  -- Its transport counts what would have been sent.
  local MAKE = 'c = bybit.client{environment = %s, key = "k", secret = "s", deadline = 0.1, rate = false, '
    .. 'transport = {start = function() sent = sent + 1 return {error = "network", message = "none", sent = false} end}}'
  local ORDER = '{symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1}'

  it("asks where its money is real, whatever it was made by, and sends nothing without a yes", function()
    for _, environment in ipairs { '"mainnet"', '{url = "https://API.bybit.com:443"}', '{url = "https://gate.example.com"}' } do
      local lines = { "sent = 0", MAKE:format(environment) }
      for _, call in ipairs { "c:place_order" .. ORDER, 'c:with{confirm = true}:place_order' .. ORDER,
        'c:request("POST", "/v5/order/cancel-all", {symbol = "BTCUSD"})', 'c:cancel_all_orders{symbol = "BTCUSD"}',
        "bybit.run(function() return c:place_order" .. ORDER .. " end)", 'load("(...):place_order' .. ORDER:gsub('"', "'")
        .. '")(c)' } do
        lines[#lines + 1] = call
        lines[#lines + 1] = { "without asking: ", "no\n" }
      end
      lines[#lines + 1] = "'sent ' .. sent"
      lines[#lines + 1] = "c:place_order" .. ORDER
      lines[#lines + 1] = { "without asking: ", "yes\n" }
      lines[#lines + 1] = "c:place_order" .. ORDER
      lines[#lines + 1] = "'sent ' .. (sent > 1 and 'some' or 'none')"
      local out = type_lines(lines)
      has(out[3], "This is real money, on https://")
      has(out[3], ": place_order BTCUSD Buy 1\n")
      has(out[4], "place_order BTCUSD Buy 1 was not sent\n")
      has(out[15], '"sent 0"')
      has_not(out[18], "without asking")
      has(out[19], '"sent some"')
    end
  end)

  it("asks nothing on paper, on testnet, or before it reads", function()
    local out = type_lines { "sent = 0", MAKE:format '"testnet"', "c:place_order" .. ORDER, MAKE:format '"mainnet"',
      'c:request("GET", "/v5/market/time")', "'sent ' .. (sent > 1 and 'some' or 'none')" }
    for _, text in ipairs(out) do has_not(text, "without asking") end
    has(out[6], '"sent some"')
  end)

  it("asks nothing after the session", function()
    local out = typing.play([[
      local bybit, sent = require "bybit", 0
      local options = { environment = "mainnet", key = "k", secret = "s", deadline = 0.1, rate = false,
        transport = { start = function() sent = sent + 1 return { error = "network", message = "", sent = false } end } }
      local exchange <close> = bybit.paper.start()
      local own <close> = bybit.client { environment = exchange }
      require("bybit.shell.repl.session").run(own, { name = "paper", plain = true })
      bybit.client(options):cancel_all_orders { symbol = "BTCUSD" }
      print("sent", sent > 0)
    ]], { { PROMPT, "\4" } })
    has(out[2], "sent\ttrue")
  end)

  it("tells a wrong call with the line of who made it", function()
    local out = type_lines { MAKE:format '"mainnet"', "c:place_order{qty = 1}", { "without asking: ", "yes\n" },
      "c:place_order{qty = 1}", "c.place_order{}" }
    has(out[4], "\nplace_order: unknown parameter 'qty': here it is 'quantity'\n")
    has(out[5], "called with '.' in place of ':'")
  end)
end)

describe("a session", function()
  it("goes on after values and errors that cannot be printed", function()
    local lines = {}
    for i, meta in ipairs { "{__tostring = function() error 'no text' end}", "{__tostring = function() return 5 end}",
      "{__tostring = function() error() end}", "{__tostring = function() error(setmetatable({}, m)) end}",
      "{__index = error, __pairs = error, __len = error, __name = 5}", "{__metatable = 5}", "{__metatable = {}}" } do
      lines[#lines + 1] = "m = " .. meta
      lines[#lines + 1] = "v = setmetatable({ 1, x = 2 }, m)"
      for _, line in ipairs { "v", "{ v }", "error(v)", "nil, v", ("'after %d'"):format(i) } do lines[#lines + 1] = line end
      lines[#lines + 1] = "bybit.spawn(function() error(v) end); nil"
      lines[#lines + 1] = "'still here'"
    end
    local out = type_lines(lines)
    has(out[3], "(a table that cannot be printed: no text)")
    has(out[5], "(an error, a table, that cannot be printed: no text)")
    for i = 1, #lines do
      if lines[i]:find "^'" then has(out[i], lines[i]:gsub("'", '"')) end
    end
  end)

  it("leaves with exit and quit, called or not, and tells a program that it went well", function()
    for _, word in ipairs { "exit", "quit", "exit()", "quit()" } do
      type_lines({ "1 + 1", word }, { stays = true })
    end
    local out = require("spec.support.command").run("", { input = "1 + 1\nexit\n2 + 2\n" })
    assert.equal("2\n", out)
  end)

  it("is ended by Ctrl-D after Ctrl-C, whatever was typed", function()
    for _, readline in ipairs(HAS_READLINE and { false, true } or { false }) do
      type_lines({ { PROMPT, "\3" } }, { readline = readline })
      type_lines({ { PROMPT, "abc" }, { "abc", "\3" } }, { readline = readline })
      type_lines({ { PROMPT, "for i = 1, 2 do\n" }, { "..> ", "\3" } }, { readline = readline })
      type_lines({ { PROMPT, "\3" }, "1 + 1", { PROMPT, "\3" } }, { readline = readline })
    end
  end)

  it("can be interrupted while it prints", function()
    local out = type_lines { "v = setmetatable({}, {__tostring = function() print 'endless' while true do end end})", "v",
      { "endless\r\n", "\3" }, "1 + 1" }
    has(out[3], "interrupted\n" .. PROMPT)
    has(out[4], "\n2\n")
  end)
end)

describe("a session with readline", function()
  if not HAS_READLINE then
    pending "lua-readline is not installed"
    return
  end

  local history

  before_each(function() history = os.tmpname() end)
  after_each(function() os.remove(history) end)

  local function edited(lines)
    return type_lines(lines, { readline = true, env = { BYBIT_HISTORY = history } })
  end

  -- What is typed, and what shows that it was read: each begins something that the next key ends.
  for name, keys in pairs { ["a search"] = { "\18place", "e': " }, ["a search by word"] = { "\27p", ":" },
    ["a count"] = { "\0275", "(arg: 5)" }, ["an earlier line"] = { "\27[A\27[A", PLACE },
    ["half a key, and a line"] = { PLACE .. "\24", PLACE } } do
    it("repeats no old line when Ctrl-C gives up " .. name, function()
      local out = edited { PLACE, "#get_user_trades{}", { PROMPT, keys[1] }, { keys[2], "\3" }, { "^C\r\n", "" },
        { PROMPT, "\n" }, "'then'", "#get_user_trades{}" }
      has(out[2], "\n1\n")
      has(out[#out - 2], '"then"')
      has(out[#out - 1], "\n1\n") -- the one order of the first line
    end)
  end

  it("draws the line again below what a task prints", function()
    local out = edited {
      "bybit.spawn(function() bybit.sleep(0.3) print 'a task' io.write 'went on' bybit.sleep(0.3) io.stderr:write 'twice' end)",
      { PROMPT, "1 + " }, { "a task", "" }, { "went on\r\n", "" }, { PROMPT .. "1 + ", "4" }, { "twice\r\n", "" },
      { PROMPT .. "1 + 4", "1\n" },
    }
    has(out[#out - 1], "\n42\n")
  end)
end)

describe("what a session shows", function()
  it("is drawn in one place by watch", function()
    local out = type_lines {
      { PROMPT, 'watch("get_open_orders_real_time", {}, { every = 0.01 })\n' }, { "(none)\27[K\r\n\27[J", "" },
      { "\27[2A\rpaper BTCUSD, get_open_orders_real_time, every 0.01 s; Ctrl-C ends it\27[K\r\n(none)\27[K\r\n\27[J", "\3" },
      "1 + 1" }
    has(out[4], "\n2\n")
  end)

  it("goes through the pager where it is longer than the screen, and only there", function()
    local out = type_lines({ 'help "place_order"', 'help "symbol"', "1 + 1" }, { env = { PAGER = "sed 's/^/page: /'" } })
    has(out[1], "\npage: place_order\npage:   Places")
    has(out[2], "\nsymbol(name): ")
    has_not(out[2], "page: ")
    out = type_lines({ 'help "place_order"' }, { env = { PAGER = "/no/such/pager 2>/dev/null" } })
    has(out[1], "\nplace_order\n  Places")
    out = type_lines({ 'help "place_order"' }, { env = { PAGER = "" } })
    has(out[1], "\nplace_order\n  Places")
  end)

  -- The prompt as the terminal gets it, and an error.
  local function coloured(env, options)
    local red, name = "\27[1;31m", options and options.name or "paper"
    local begin = name == "paper" and "\27[32mpaper BTCUSD>\27[0m " or red .. "mainnet BTCUSD>\27[0m "
    return pcall(typing.type, { { begin, "error 'mine'\n" }, { "\27[31mmine\27[0m\r\n", "" }, { begin, "'a', 2\n" },
      { "\27[32m\"a\"\27[0m  \27[33m2\27[0m\r\n", "" }, { begin, "\4" } },
      { env = env, stays = true, name = name, real = options and options.real, readline = options and options.readline })
  end

  it("has colours where the terminal has them: green is paper, red is real money", function()
    assert.is_true(coloured { NO_COLOR = "" })
    assert.is_true(coloured({ NO_COLOR = "" }, { name = "mainnet", real = true }))
    if HAS_READLINE then assert.is_true(coloured({ NO_COLOR = "" }, { readline = true })) end
  end)

  it("has none where NO_COLOR is set or the terminal is dumb", function()
    for _, env in ipairs { { NO_COLOR = "1" }, { NO_COLOR = "", TERM = "dumb" } } do
      type_lines({ { "\r\npaper BTCUSD> ", "error 'mine'\n" }, { "\r\nmine\r\npaper BTCUSD> ", "'a', 2\n" },
        { "\r\n\"a\"  2\r\npaper BTCUSD> ", "\4" } },
        { env = env, stays = true })
    end
  end)
end)
