-- The `bybit` command: a method of the client per word, a session, the paper exchange, the checker. What it takes and
-- what it says come from the same declarations as the methods.

local bybit = require "bybit"
local call = require "bybit.cli.call"
local core = require "bybit.core"
local environments = require "bybit.environments"
local help = require "bybit.help"
local hints = require "bybit.hints"

local terminal = core.terminal

local cli = {}

-- Exit statuses, which scripts go by.
local STATUS = {
  { "done", 0, "done" },
  { "refused", 1, "the exchange answered with an error; nothing was changed" },
  { "wrong", 2, "a wrong call; nothing was sent" },
  { "unknown", 3, "the outcome is unknown: look before repeating" },
  { "unreached", 4, "no answer from the exchange; nothing was changed" },
}

--- Exit statuses by name.
cli.status = {}
for _, row in ipairs(STATUS) do cli.status[row[1]] = row[2] end

-- Options: the word that its value is called by, false where it takes none.
local OPTIONS = {
  { "env", "NAME", "paper (the default), testnet, demo, mainnet ..., a URL, or env: BYBIT_ENVIRONMENT" },
  { "credentials", "FILE", "JSON with key, secret and environment; otherwise BYBIT_API_KEY and BYBIT_API_SECRET" },
  { "json", false, "prints JSON: sorted names, exact decimals as strings" },
  { "all", false, "walks every page of a paged method" },
  { "yes", false, "trades real money without asking" },
  { "symbol", "NAME", "the contract that a session begins with (BTCUSD)" },
  { "plain", false, "a session without readline" },
  { "port", "N", "of `bybit paper` (8080)" },
  { "seed", "N", "of `bybit paper`: the same market again" },
  { "help", false, "this page" },
  { "version", false, "the version" },
}

local COMMANDS = {
  { "bybit", "a session: trades on paper until told otherwise" },
  { "bybit METHOD name=value ...", "a call; `bybit help METHOD` tells what it takes" },
  { "bybit request VERB PATH name=value ...", "any other endpoint, with the exchange's own names" },
  { "bybit paper", "serves the paper exchange, for any V5 client" },
  { "bybit check FILE ...", "flags what Lua lets pass: == with a decimal, misspelt names" },
  { "bybit help [WORD]", "this page; a method, a record, a set of words" },
  { "bybit version", "the version" },
}

---------------------------------------------------------------------------------------------------------------

local function option_row(name)
  for _, row in ipairs(OPTIONS) do
    if row[1] == name then return row end
  end
  local names = {}
  for i, row in ipairs(OPTIONS) do names[i] = row[1] end
  local near = hints.nearest(name, names)
  call.wrong(("unknown option --%s%s"):format(name, near and (", did you mean --%s?"):format(near) or ""))
end

-- Words and options of a command line.
local function parse(arguments)
  local words, options, i = {}, {}, 1
  while i <= #arguments do
    local text = arguments[i]
    local name, value = text:match "^%-%-([%a%-]+)=(.*)$"
    name = name or text:match "^%-%-([%a%-]+)$" or text == "-h" and "help"
    if not name and text:find "^%-" then call.wrong(("unknown option %s"):format(text)) end
    if not name then
      words[#words + 1] = text
    else
      local row = option_row(name)
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

local function print_out(text)
  io.stdout:write(text, "\n")
  io.stdout:flush()
end

local function width()
  return math.max(terminal.size() or tonumber(os.getenv "COLUMNS") or 80, 40)
end

local function dialect()
  return require "bybit.dialect.v5"
end

local function usage()
  local statuses, options, names = {}, {}, {}
  for i, row in ipairs(STATUS) do statuses[i] = { tostring(row[2]), row[3] } end
  for i, row in ipairs(OPTIONS) do options[i] = { "--" .. row[1] .. (row[2] and " " .. row[2] or ""), row[3] } end
  for name in pairs(environments) do names[#names + 1] = name end
  table.sort(names)
  return table.concat({
    "bybit " .. bybit.version .. ": trades Bybit's inverse perpetual contracts.", "",
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
  if type(name) == "string" and name:find "^https?://" then return { url = name }, name:match "^https?://([^/]+)" end
  if name == "env" then return name, os.getenv "BYBIT_ENVIRONMENT" or "env" end
  return name, name
end

local function credentials_of(options, name)
  if options.credentials then return { file = options.credentials } end
  local key = os.getenv "BYBIT_API_KEY"
  return name ~= "paper" and key and key ~= "" and "env" or nil
end

-- A client for the options, and what its environment is called; a mistake in them is a wrong call.
local function connect(options)
  local environment, name = environment_of(options)
  if name == "paper" and not package.searchpath("bybit.paper", package.path) then
    call.wrong "the paper exchange is not installed (rock bybit-paper): name another environment with --env"
  end
  local ok, client = pcall(bybit.client, { environment = environment, credentials = credentials_of(options, name) })
  if ok then return client, name end
  call.wrong((tostring(client):gsub("^.-bybit%.client: ", "")))
end

local function is_real(name)
  return (environments[name] or {}).real or false
end

local function allow(options, name, what)
  if not is_real(name) or options.yes then return end
  if not (terminal.is_terminal(0) and terminal.is_terminal(1)) then
    call.wrong(("%s on %s trades real money: --yes says that it is meant"):format(what, name))
  end
  io.stdout:write(("This is real money, on %s: %s\nType yes to send it: "):format(name, what))
  io.stdout:flush()
  if io.read "l" ~= "yes" then call.wrong(what .. " was not sent") end
end

-- Runs f(client, token, name): Ctrl-C cancels the token, so that the call says what became of it; the second one ends
-- the program.
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
    print_out(usage())
    return cli.status.done
  end
  local text, message = help.page(dialect(), words[1], { width = width(), command = true })
  if not text then call.wrong(message) end
  print_out(text)
  return cli.status.done, options
end

function commands.version()
  print_out("bybit " .. bybit.version)
  return cli.status.done
end

function commands.repl(_, options)
  local client <close>, name = connect(options)
  local well = require("bybit.repl.session").run(client, { name = name, real = is_real(name), yes = options.yes,
    symbol = options.symbol, plain = options.plain })
  return well and cli.status.done or cli.status.refused
end

function commands.paper(_, options)
  return require("bybit.cli.paper")(options, call.wrong)
end

function commands.check(words)
  return require("bybit.cli.check")(words, call.wrong)
end

function commands.request(words, options)
  local verb, path = words[1], words[2]
  if not path then call.wrong "request: a verb and a path expected, such as: bybit request GET /v5/market/time" end
  return with_client(options, function(client, token, name)
    if verb ~= "GET" then allow(options, name, ("%s %s"):format(verb, path)) end
    return call.request(client, verb, path, table.move(words, 3, #words, 1, {}), token, options)
  end)
end

local function call_method(name, words, options)
  local row = dialect().endpoints[name]
  local params = call.parameters(dialect(), name, words)
  return with_client(options, function(client, token, environment)
    if row.changes then allow(options, environment, table.concat({ name, table.unpack(words) }, " ")) end
    params.cancel = token
    return call.method(client, name, row, params, options)
  end)
end

local function dispatch(words, options)
  if options.version then return commands.version() end
  local first = words[1]
  if options.help then return commands.help(first and { first } or {}, options) end
  if not first then return commands.repl(words, options) end
  local rest = table.move(words, 2, #words, 1, {})
  if commands[first] then return commands[first](rest, options) end
  local row = rawget(dialect().endpoints, first)
  if row and not row.internal then return call_method(first, rest, options) end
  local names = help.methods(dialect())
  for name in pairs(commands) do names[#names + 1] = name end
  call.wrong(("no method or command '%s'%s"):format(first, hints.method(first, names)))
end

--- Runs a command line; what is wrong with it goes to standard error in one line.
---@param arguments string[]
---@return integer status
function cli.run(arguments)
  local ok, status = pcall(function() return (dispatch(parse(arguments))) end)
  if ok then return status end
  io.stderr:write("bybit: ", call.message(status), "\n")
  return call.status(status)
end

return cli
