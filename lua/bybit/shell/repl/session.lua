-- A session: reads a line, runs it, prints its results, until Ctrl-D. Ctrl-C ends a call in flight, which says what is known of
-- it. If no call is in flight, it ends the running line. At the prompt it drops the line that is being typed.

local asking = require "bybit.shell.repl.asking"
local bybit = require "bybit"
local categories = require "bybit.wire.categories"
local colour = require "bybit.shell.colour"
local complete = require "bybit.shell.complete"
local core = require "bybit.core"
local errors = require "bybit.errors"
local globals = require "bybit.shell.repl.globals"
local lines = require "bybit.shell.repl.editor"
local made = require "bybit.client.made"
local out = require "bybit.shell.out"
local pager = require "bybit.shell.pager"
local show = require "bybit.shell.show"

local terminal = core.terminal

local CHUNK = "=(session)"

-- What Ctrl-C raises when no call is in flight.
local INTERRUPTED = setmetatable({}, { __name = "bybit.interrupted", __tostring = function() return "interrupted" end })

---------------------------------------------------------------------------------------------------------------
-- Printing.

local function say(...)
  out.write(...)
  out.write "\n"
end

-- Prints an error; when input is a pipe, to standard error, so that it does not mix with results.
local function complain(session, text)
  if session.lines.terminal then return say(session.colours and colour.paint("red", text) or text) end
  io.stderr:write(text, "\n")
end

local own = select(2, core.hooks.place(nil, 1)):gsub("repl/session%.lua$", "")

-- Removes places (file:line) inside the session from a message. Only the line's number in a text of several lines stays.
local function without_place(text)
  local place, rest = text:match "^([^\n:]+):%d+: (.*)$"
  if place and place:sub(1, #own) == own then return rest end
  return (text:gsub("^%(session%):1: ", ""):gsub("%(session%):(%d+): ", "line %1: "))
end

local function error_text(err)
  if type(err) == "string" then return without_place(err) end
  if not errors.is(err) then return show.line(err) end
  local text, place = tostring(err), err.where and "; " .. err.where or ""
  return place ~= "" and text:sub(-#place) == place and text:sub(1, -#place - 1) or text
end

-- What f makes of a value; where that fails, that it does. Whatever a value says of itself, the session goes on.
local function text_of(f, value, what)
  local ok, text = pcall(f, value)
  if ok and type(text) == "string" then return text end
  if text == INTERRUPTED then error(text, 0) end
  return ("(%s that cannot be printed%s)"):format(what, type(text) == "string" and ": " .. without_place(text) or "")
end

local function message_of(err)
  return text_of(error_text, err, ("an error, a %s,"):format(type(err)))
end

local function shown(session, value)
  return text_of(function()
    if errors.is(value) then return error_text(value) end
    if type(value) == "function" then return session.about(value) end
    return show.text(value, session.shape())
  end, value, "a " .. type(value))
end

-- What a line gave. Of result, nil, response the nil says nothing.
local function show_results(session, results)
  local parts, short = {}, true
  for i = 1, results.n do
    if not (i == 2 and results.n == 3 and results[2] == nil) then
      local text = shown(session, results[i])
      parts[#parts + 1] = text
      short = short and not text:find("\n", 1, true)
    end
  end
  local long = results.n == 1 and globals.long_text(results[1])
  if long and pager.show(long) then return end
  local line = table.concat(parts, "  ")
  if #parts > 0 then say(short and #colour.plain(line) <= session.width() and line or table.concat(parts, "\n")) end
end

---------------------------------------------------------------------------------------------------------------
-- Running.

-- Compiles a text. Nil and true: it is not finished; nil and a message: it is wrong.
local function compile(text, env)
  text = text:gsub("^%s*=", "return ")
  if load("return " .. text, CHUNK) then
    -- The call is no tail call, so that errors can name the line. A newline ends a comment before the bracket.
    local close = text:find("--", 1, true) and "\n)" or ")"
    return load("return (function(...) return ... end)(" .. text .. close, CHUNK, "t", env)
  end
  local f, message = load(text, CHUNK, "t", env)
  if f then return f end
  if message:find "<eof>'?$" then return nil, true end
  return nil, message
end

-- Runs a chunk and prints its results, which Ctrl-C can end as well; true when nothing raised.
local function run(session, f)
  session.care.token = bybit.cancel_token()
  session.running = true
  local ok, err = pcall(function()
    local results = table.pack(f())
    if results[1] == globals.LEAVE then
      session.over = true
    elseif results.n > 0 then
      rawset(session.env, "_", results[1])
      show_results(session, results)
    end
  end)
  session.running = false
  if ok then return true end
  if out.is_unwritten(err) then error(err, 0) end
  complain(session, message_of(err))
  return false
end

local function note_local(session, text)
  if session.noted or not session.lines.terminal or not text:find "^%s*local%s" then return end
  session.noted = true
  say "(a local lives for one line only: leave `local` out to keep the value)"
end

-- Reads and runs one input, which may take several lines. Nil at the end; otherwise whether it succeeded.
local function turn(session)
  local text = ""
  while true do
    session.earlier = text
    local line = session.lines:read(session.prompt(text ~= ""))
    if line == nil then return nil end
    if line == false then return true end
    text = text .. line
    local f, problem = compile(text, session.env)
    if problem == true and line ~= "" then
      text = text .. "\n"
    else
      session.lines:remember(text)
      if not text:find "%S" then return true end
      if not f then
        complain(session, problem == true and "this line is not finished" or without_place(problem))
        return false
      end
      local fine = run(session, f)
      note_local(session, text)
      return fine
    end
  end
end

---------------------------------------------------------------------------------------------------------------
-- Ctrl-C and real money.

local function interrupt(session)
  if not session.running or session.lines.asking then return session.lines:give_up() end
  if session.lines.terminal then say "" end -- the terminal has shown ^C
  local care = session.care
  if care.flying > 0 and not care.token:cancelled() then
    care.token:cancel() -- the call returns, and says what is known of it
  else
    error(INTERRUPTED, 0)
  end
end

-- Asks once per client before what may trade real money.
local function allow(session, client, what)
  if session.allowed[client] then return true end
  local where = client == session.own and session.environment or tostring(client):match "%((.*)%)"
  local question = ("This is real money, on %s: %s\nType yes to send it, and all later calls without asking: "):format(
    where, what)
  session.allowed[client] = session.lines:ask(question) == "yes"
  return session.allowed[client]
end

-- From here on a client asks, where its money is real.
local function watch_over(session, client)
  if session.unasked or not (core.client.table(client).real or client == session.own and session.real) then return end
  asking(client, function(...) return allow(session, ...) end)
end

---------------------------------------------------------------------------------------------------------------

local function prompt(session, continued)
  local text = ("%s %s"):format(session.environment, session.symbol)
  if continued then return (" "):rep(#text - 1) .. "..> " end
  if not session.colours then return text .. "> " end
  return colour.paint(session.real and "money" or "green", text .. ">", session.lines.readline ~= nil) .. " "
end

local function width()
  return math.max(terminal.size() or tonumber(os.getenv "COLUMNS") or 80, 40)
end

local function greet(session)
  if not session.lines.terminal then return end
  local where = session.exchange and ("a paper exchange at %s, no real money"):format(session.exchange.url)
    or session.real and "REAL MONEY" or "no real money"
  say(("bybit %s on %s: %s."):format(bybit.version, session.environment, where))
  if not session.keyed then
    say "Without keys (BYBIT_API_KEY and BYBIT_API_SECRET, or --credentials FILE) only the market can be read."
  end
  say "help() lists what you can do; Ctrl-D leaves."
end

local function new_session(options, client, exchange)
  local category = options.symbol and categories.of(options.symbol) or core.client.table(client).category
  local session = {
    symbol = options.symbol or categories.kinds[category].first, category = category, symbols = {},
    environment = options.name, exchange = exchange,
    dialect = core.client.table(client).class.dialect, real = options.real or core.client.table(client).real,
    unasked = options.yes, allowed = setmetatable({}, { __mode = "k" }), own = client, interrupted = INTERRUPTED,
    earlier = "", width = width, message = message_of, colours = colour.on(1),
  }
  for _, name in ipairs { "BTCUSD", "ETHUSD", "EOSUSD", "XRPUSD", "BTCUSDT", "ETHUSDT", "BTCPERP" } do
    session.symbols[name] = true
  end
  session.prompt = function(continued) return prompt(session, continued) end
  session.shape = function() return { width = width(), colours = session.colours } end
  session.defaults = function() return { symbol = session.symbol, category = session.category } end
  session.care = { symbol = function() return session.symbol end, category = function() return session.category end }
  session.about = function(f)
    for name, call in pairs(session.calls) do
      if call == f then return ("a method: help \"%s\" lists its parameters"):format(name) end
    end
    return f == session.env.help and "help() lists what you can do" or "a function"
  end
  globals.install(session, client)
  return session
end

local function words_of(session)
  return {
    dialect = session.dialect,
    names = function() return globals.names(session) end,
    value = function(name) return rawget(session.env, name) or rawget(_G, name) end,
    pages = function() return globals.pages(session) end,
    symbols = function()
      local names = {}
      for name in pairs(session.symbols) do names[#names + 1] = name end
      return names
    end,
  }
end

-- Turn after turn, until Ctrl-D or `exit`, or from a pipe a line that fails.
local function turns(session)
  greet(session)
  while not session.over do
    local ok, fine = pcall(turn, session)
    if not ok and fine ~= INTERRUPTED then error(fine, 0) end -- Ctrl-C between two steps of a turn ends nothing
    if ok and fine == nil then break end
    if ok and not fine and not session.lines.terminal then return false end
  end
  return true
end

local session = {}

--- Runs a session on standard input and output until its end. From a pipe it stops at the first line that fails.
---@param client table
---@param options { name: string, symbol: string?, plain: boolean?, yes: boolean?, real: boolean?, exchange: table? } name: the
--- environment's, for the prompt; yes: trades real money without asking; real: the money is real, whatever the client's
--- address; exchange: a paper exchange that the session may steer although the client does not own it
---@return boolean well false: a line from a pipe failed
function session.run(client, options)
  core.client.hide_secret() -- a line may start any program
  local s = new_session(options, client, options.exchange or rawget(core.client.table(client), "exchange"))
  local words = words_of(s)
  s.lines = lines.open { plain = options.plain, message = message_of,
    complete = function(line, from, to) return complete.readline(words, s.earlier, line, from, to) end }
  local function on_made(other) watch_over(s, other) end
  watch_over(s, client)
  table.insert(made, on_made)
  local caught <close> = terminal.catch(function() interrupt(s) end) -- luacheck: ignore 211
  local ok, well = pcall(turns, s)
  for i, f in ipairs(made) do
    if f == on_made then table.remove(made, i) end
  end
  s.lines:close()
  if not ok then error(well, 0) end
  return well
end

return session
