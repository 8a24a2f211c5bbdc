-- The `bybit` command: every method of the client, a session, the paper exchange, the checker. Its parameters and help come from
-- the same declarations as the methods.

local bybit = require "bybit"
local call = require "bybit.shell.cli.call"
local completion = require "bybit.shell.cli.completion"
local categories = require "bybit.wire.categories"
local core = require "bybit.core"
local environments = require "bybit.client.environments"
local help = require "bybit.shell.help"
local hints = require "bybit.wire.hints"
local nearest = require "bybit.text.nearest"
local out = require "bybit.shell.out"
local pager = require "bybit.shell.pager"
local rows = require "bybit.wire.rows"

local terminal = core.terminal

local cli = {}

-- Exit statuses, for scripts.
local STATUS = {
  { "done", 0, "done" },
  { "refused", 1, "the exchange answered with an error; nothing was changed" },
  { "wrong", 2, "a wrong call; nothing was sent" },
  { "unknown", 3, "the outcome is unknown: look before repeating" },
  { "unreached", 4, "no answer from the exchange; nothing was changed" },
  { "unwritten", 5, "done, but standard output could not be written" },
}

--- Exit statuses by name.
cli.status = {}
for _, row in ipairs(STATUS) do cli.status[row[1]] = row[2] end

-- Options: name; the word that its value is called by, false where it takes none; what it is for; the commands that take it.
-- `call`: a method, a request, a look of watch.
local OPTIONS = {
  { "env", "NAME", "paper (the default; mainnet of `bybit fetch`), testnet, demo, mainnet ..., a URL, or env: BYBIT_ENVIRONMENT",
    "call session fetch" },
  { "credentials", "FILE", "JSON with key, secret and environment; otherwise BYBIT_API_KEY and BYBIT_API_SECRET",
    "call session" },
  { "category", "KIND", "inverse (the default) or linear: the kind of contracts", "call session" },
  { "json", false, "prints JSON: sorted names, exact decimals as strings; errors as JSON too", "call journal check share" },
  { "open", false, "of `bybit journal`: intents whose outcome is open", "journal" },
  { "all", false, "walks every page of a paged method", "call" },
  { "orders", "FILE", "of a batch: its orders, a JSON object a line; `-` is standard input", "batch" },
  { "yes", false, "trades real money without asking", "call session" },
  { "symbol", "NAME", "the contract that a session or `bybit watch` begins with (BTCUSD, or BTCUSDT); of `bybit tail` one, or "
    .. "several with commas between them", "session watch tail" },
  { "plain", false, "a session without readline", "session" },
  { "every", "N", "of `bybit watch`: seconds between two looks; without it as soon as something changes, and each 2 s", "watch" },
  { "times", "N", "of `bybit watch`: so many looks; of `bybit tail`: so many events", "watch tail" },
  { "record", "FILE", "of `bybit tail`: what comes is also written there, a line of JSON each; bybit.history.recording reads it",
    "tail" },
  { "from", "DATE", "of `bybit fetch` and `bybit backtest`: the first moment, such as 2025-01-31 or 2025-01-31T12:00:00Z",
    "fetch backtest explore" },
  { "to", "DATE", "the moment after the last (now)", "fetch backtest explore" },
  { "interval", "WORD", "how long a candle is: minutes, or D, W (1)", "fetch tail" },
  { "out", "FILE", "the file (SYMBOL_INTERVAL.csv); one that is there goes on where it ends", "fetch" },
  { "prices", "FILE", "of `bybit backtest`: candles in a CSV file, plain or gzipped; without it the market walks",
    "backtest explore" },
  { "duration", "SECONDS", "how long a simulation without prices lasts", "backtest explore" },
  { "path", "WORD", "inside a candle: adverse, adaptive or seeded", "backtest explore" },
  { "faults", false, "of `bybit backtest`: every kind of fault strikes now and then", "backtest" },
  { "html", "FILE", "of `bybit backtest`: a page with pictures", "backtest" },
  { "seeds", "N", "of `bybit explore`: how many (1000)", "explore" },
  { "port", "N", "of `bybit paper` (8080)", "paper" },
  { "seed", "N", "of `bybit paper`: the same market again; of simulations: what everything is drawn from (1)",
    "paper backtest explore" },
  { "help", false, "this page" },
  { "version", false, "the version" },
}

local COMMANDS = {
  { "bybit", "a session: trades on paper until told otherwise" },
  { "bybit METHOD name=value ...", "a call; `bybit help METHOD` tells what it takes" },
  { "bybit request VERB PATH name=value ...", "any other endpoint, with the exchange's own names" },
  { "bybit watch [METHOD name=value ...]", "looks again and again; without a method at market, wallet, position, orders" },
  { "bybit tail TOPIC ... [--symbol NAME]", "what streams tell, an event a line: trade, ticker, kline, order, execution ..." },
  { "bybit fetch klines SYMBOL --from DATE", "fills a file of candles from the exchange; the same again goes on where it ended" },
  { "bybit backtest FILE", "runs a program's strategy in a simulation: --prices CANDLES --from --to --seed, --html" },
  { "bybit explore FILE", "seed after seed with faults, until one breaks the strategy: --seeds" },
  { "bybit paper", "serves a paper exchange that lives on, for any V5 client; without it each command has its own" },
  { "bybit check FILE ...", "flags what Lua lets pass, such as misspelt names; `-` is standard input; takes --json" },
  { "bybit journal FILE", "what a client's journal holds: --open alone what is open, --json" },
  { "bybit share SHARE",
    "what the processes on a key share: who is there, what is used, who holds which lease, what is halted; --json" },
  { "bybit halt SHARE REASON", "no process that uses the share adds risk any more; cancels and reductions go on" },
  { "bybit resume SHARE", "takes that back" },
  { "bybit help [WORD]", "this page; a method, a record, a set of words" },
  { "bybit completion SHELL", "a script for bash, zsh or fish: source <(bybit completion bash)" },
  { "bybit man", "the manual page: bybit man | man -l -" },
  { "bybit version", "the version" },
}

--- The command's words, for the reference.
cli.words = { commands = COMMANDS, options = OPTIONS, statuses = STATUS }

---------------------------------------------------------------------------------------------------------------

local function dialect()
  return require "bybit.wire.v5"
end

-- `method` and `value`: what the option may have been meant for.
local function option_row(name, method, value)
  local names = {}
  for i, row in ipairs(OPTIONS) do
    if row[1] == name then return row end
    names[i] = row[1]
  end
  local hint = call.instead(dialect(), method, name, value)
  call.wrong(("unknown option --%s%s"):format(name, hint and ", " .. hint or nearest.hint(name, names, "--%s")))
end

-- The first word that is no option and no option's value: a method or a command.
local function first_word(arguments)
  local skip = false
  for _, text in ipairs(arguments) do
    local name = text:match "^%-%-([%a%-]+)$"
    if skip then
      skip = false
    elseif name then
      for _, row in ipairs(OPTIONS) do skip = skip or row[1] == name and row[2] ~= false end
    elseif not text:find "^%-" then
      return text
    end
  end
end

-- The words and the options of a command line.
local function parse(arguments)
  local words, options, i, method = {}, {}, 1, first_word(arguments)
  while i <= #arguments do
    local text = arguments[i]
    local name, value = text:match "^%-%-([%w_%-]+)=(.*)$"
    name = name or text:match "^%-%-([%w_%-]+)$" or text == "-h" and "help"
    if not name and text:find "^%-." then call.wrong(("unknown option %s"):format(text)) end
    if not name then
      words[#words + 1] = text
    else
      local row = option_row(name, method, value or arguments[i + 1])
      if not row[2] and value then call.wrong(("option --%s takes no value"):format(name)) end
      if row[2] and not value then
        i = i + 1
        value = arguments[i] or call.wrong(("option --%s: %s expected"):format(name, row[2]))
      end
      options[name] = value or true
    end
    i = i + 1
  end
  return words, options
end

-- An option that a command does not take would be passed over, and something else done than was meant.
local function check_options(options, kinds, what, method)
  for _, row in ipairs(OPTIONS) do
    local fits = row[4] == nil
    for kind in (row[4] or ""):gmatch "%a+" do fits = fits or kinds[kind] end
    if options[row[1]] and not fits then
      local hint = call.instead(dialect(), method, row[1], options[row[1]])
      call.wrong(("%s takes no option --%s%s"):format(what, row[1], hint and ": " .. hint or ""))
    end
  end
end

local function print_out(text)
  out.write(text, "\n")
end

local function print_page(text)
  if not pager.show(text) then print_out(text) end
end

local function width()
  return math.max(terminal.size() or tonumber(os.getenv "COLUMNS") or 80, 40)
end

local function usage()
  local statuses, options, names = {}, {}, {}
  for i, row in ipairs(STATUS) do statuses[i] = { tostring(row[2]), row[3] } end
  for i, row in ipairs(OPTIONS) do options[i] = { "--" .. row[1] .. (row[2] and " " .. row[2] or ""), row[3] } end
  for name in pairs(environments) do names[#names + 1] = name end
  table.sort(names)
  return table.concat({
    "bybit " .. bybit.version .. ": trades Bybit's perpetual contracts, inverse and linear.", "",
    help.rows(COMMANDS, width()), "", "Options:", help.rows(options, width()), "",
    "Methods:", help.index(dialect(), width()), "",
    help.wrap("Environments: paper, " .. table.concat(names, ", ") .. ".", width(), "", "  "), "",
    "Exit status:", help.rows(statuses, width()),
  }, "\n")
end

---------------------------------------------------------------------------------------------------------------
-- Clients.

local function environment_of(options)
  local name = options.env or "paper"
  if name:find("://", 1, true) then
    local url = core.url(name)
    return { url = name }, url and url.url:match "//([^/]+)" or "an address"
  end
  if name == "env" then return name, os.getenv "BYBIT_ENVIRONMENT" or "env" end
  return name, name
end

local function credentials_of(options, name)
  if options.credentials then return { file = options.credentials } end
  local key = os.getenv "BYBIT_API_KEY"
  return name ~= "paper" and key and key ~= "" and "env" or nil
end

-- A client for the options, and its environment's name. A mistake in the options is a wrong call.
local function connect(options)
  local environment, name = environment_of(options)
  if name == "paper" and not package.searchpath("bybit.paper", package.path) then
    call.wrong "the paper exchange is not installed (rock bybit-paper): name another environment with --env"
  end
  local ok, client = pcall(bybit.client, { environment = environment, credentials = credentials_of(options, name),
    category = options.category or options.symbol and categories.of(options.symbol) or nil })
  if ok then return client, name end
  call.wrong((tostring(client):gsub("^.-bybit%.client: ", "")))
end

-- Asks before real money is traded; what the host is tells, not what it is called.
local function allow(options, client, name, what)
  if not core.client.table(client).real or options.yes then return end
  if not (terminal.is_terminal(0) and terminal.is_terminal(1)) then
    call.wrong(("%s on %s trades real money: add --yes to confirm it"):format(what, name))
  end
  out.write(("This is real money, on %s: %s\nType yes to send it: "):format(name, what))
  if io.read "l" ~= "yes" then call.wrong(what .. " was not sent") end
end

-- Runs f(client, token, name). The first Ctrl-C cancels the token, so that the call ends and says what is known of it. The second
-- ends the program.
local function with_client(options, f)
  local client <close>, name = connect(options)
  local token = bybit.cancel_token()
  local signals <close> = core.signals(token) -- luacheck: ignore 211
  return f(client, token, name)
end

---------------------------------------------------------------------------------------------------------------
-- Commands: f(words, options) -> exit status.

local commands = {}

function commands.help(words, options)
  if not words[1] then
    print_page(usage())
    return cli.status.done
  end
  local text, message = help.page(dialect(), words[1], { width = width(), command = true })
  if not text then call.wrong(message) end
  print_page(text)
  return cli.status.done, options
end

function commands.version()
  print_out("bybit " .. bybit.version)
  return cli.status.done
end

function commands.repl(_, options)
  local client <close>, name = connect(options)
  local well = require("bybit.shell.repl.session").run(client, { name = name, yes = options.yes, symbol = options.symbol,
    plain = options.plain })
  return well and cli.status.done or cli.status.refused
end

function commands.paper(_, options)
  return require("bybit.shell.cli.paper")(options, call.wrong)
end

function commands.check(words, options)
  return require("bybit.shell.cli.check")(words, options, call.wrong)
end

function commands.fetch(words, options)
  options.env = options.env or "mainnet"
  return require("bybit.shell.cli.fetch")(words, options, call.wrong, function(f) return with_client(options, f) end)
end

function commands.tail(words, options)
  return require("bybit.shell.cli.tail")(words, options, call.wrong, function(f) return with_client(options, f) end)
end

function commands.backtest(words, options)
  return require("bybit.shell.cli.backtest").run(words, options, call.wrong)
end

function commands.explore(words, options)
  return require("bybit.shell.cli.backtest").explore(words, options, call.wrong)
end

function commands.journal(words, options)
  return require("bybit.shell.cli.journal")(words, options, call.wrong)
end

for _, name in ipairs { "share", "halt", "resume" } do
  commands[name] = function(words, options) return require("bybit.shell.cli.share")[name](words, options, call.wrong) end
end

function commands.request(words, options)
  local verb, path = words[1], words[2]
  if not path then call.wrong("request: a verb and a path expected, such as: bybit request GET " .. dialect().ping) end
  return with_client(options, function(client, token, name)
    if verb ~= "GET" then allow(options, client, name, ("%s %s"):format(verb, path)) end
    return call.request(client, verb, path, table.move(words, 3, #words, 1, {}), token, options)
  end)
end

-- What paper has done is gone with the command: who would look for it is told where it would have stayed.
local function tell_paper(name, options)
  if name ~= "paper" or options.json then return end
  io.stderr:write("bybit: this paper exchange ended with its command; `bybit paper` serves one that stays, for --env URL\n")
end

function commands.watch(words, options)
  local name = words[1]
  local row = name and rows.method(dialect().endpoints, name)
  if row and row.verb ~= "GET" then
    call.wrong(("watch: a method that reads expected, got %s, which changes something"):format(name))
  end
  if name and not row then
    local reading = {}
    for _, method in ipairs(help.methods(dialect())) do
      if dialect().endpoints[method].verb == "GET" then reading[#reading + 1] = method end
    end
    call.wrong(("watch: a method that reads expected, got %s%s"):format(name, hints.method(name, reading)))
  end
  local params = name and call.parameters(dialect(), name, table.move(words, 2, #words, 1, {})) or {}
  return with_client(options, function(client, token)
    return require("bybit.shell.cli.watch")(client, name, params, options, token)
  end)
end

function commands.complete(words)
  local found = completion.of(dialect(), words, OPTIONS, commands)
  if found[1] then print_out(table.concat(found, "\n")) end
  return cli.status.done
end

function commands.completion(words)
  local script = completion.scripts[words[1] or ""]
  if not script then call.wrong "completion: bash, zsh or fish expected" end
  print_out(script)
  return cli.status.done
end

function commands.man()
  print_out(require("bybit.shell.cli.man")(cli.words, dialect()))
  return cli.status.done
end

-- What a call does, for the question before it.
local function what_of(name, row, words, params)
  local parts = { name, table.unpack(words) }
  if row.elements then parts[1] = ("%s with %d orders"):format(name, #params) end
  return table.concat(parts, " ")
end

local function call_method(name, words, options)
  local row = dialect().endpoints[name]
  local params = row.elements and call.orders(dialect(), name, words, options.orders) or call.parameters(dialect(), name, words)
  return with_client(options, function(client, token, environment)
    if row.verb ~= "GET" then allow(options, client, environment, what_of(name, row, words, params)) end
    params.cancel = token
    local status = call.method(client, name, row, params, options)
    if row.verb ~= "GET" then tell_paper(environment, options) end
    return status
  end)
end

local function dispatch(words, options)
  if options.version then return commands.version() end
  local first = words[1]
  if options.help then return commands.help(first and { first } or {}, options) end
  if not first then
    check_options(options, { session = true }, "a session")
    return commands.repl(words, options)
  end
  local rest = table.move(words, 2, #words, 1, {})
  if commands[first] then
    check_options(options, { [first] = true, session = first == "repl", call = first == "request" or first == "watch"
      or first == "tail" },
      "bybit " .. first, rest[1])
    return commands[first](rest, options)
  end
  if rows.method(dialect().endpoints, first) then
    check_options(options, { call = true, batch = rows.method(dialect().endpoints, first).elements ~= nil }, first, first)
    return call_method(first, rest, options)
  end
  local names = help.methods(dialect())
  for name in pairs(commands) do names[#names + 1] = name end
  call.wrong(("no method or command '%s'%s"):format(first, hints.method(first, names, "command")))
end

--- Runs a command line. An error goes to standard error in one line.
---@param arguments string[]
---@return integer status
function cli.run(arguments)
  local ok, status = pcall(function()
    local status
    if arguments[1] == "complete" then -- its words are another command's, options and all
      status = commands.complete(table.move(arguments, 2, #arguments, 1, {}))
    else
      status = dispatch(parse(arguments))
    end
    out.flush()
    return status
  end)
  if ok then return status end
  local json = false
  for _, text in ipairs(arguments) do json = json or text == "--json" end
  return call.failed(status, json)
end

return cli
