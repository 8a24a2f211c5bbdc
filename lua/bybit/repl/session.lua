-- A session: reads a line, runs it, prints what came of it, until Ctrl-D. Ctrl-C ends the call under way, which says what
-- became of it; where there is none it ends what runs; at the prompt it gives the line up.

local bybit = require "bybit"
local complete = require "bybit.repl.complete"
local core = require "bybit.core"
local environments = require "bybit.environments"
local errors = require "bybit.errors"
local globals = require "bybit.repl.globals"
local lines = require "bybit.repl.lines"
local show = require "bybit.show"

local terminal = core.terminal

local CHUNK = "=(session)"
local SYMBOL = "BTCUSD"

-- What Ctrl-C raises where no call can be cancelled.
local INTERRUPTED = setmetatable({}, { __name = "bybit.interrupted", __tostring = function() return "interrupted" end })

---------------------------------------------------------------------------------------------------------------
-- Printing.

local function say(...)
  io.stdout:write(...)
  io.stdout:write "\n"
  io.stdout:flush()
end

-- What went wrong; from a pipe it does not mix with results.
local function complain(session, text)
  if session.lines.terminal then return say(text) end
  io.stderr:write(text, "\n")
end

local own = debug.getinfo(1, "S").short_src:gsub("repl/session%.lua$", "")

-- The session's own places say nothing to who types at it, except in what takes several lines.
local function without_place(text)
  local place, rest = text:match "^([^\n:]+):%d+: (.*)$"
  if place and place:sub(1, #own) == own then return rest end
  return (text:gsub("^%(session%):1: ", ""):gsub("%(session%):(%d+): ", "line %1: "))
end

local function message_of(err)
  if type(err) == "string" then return without_place(err) end
  if not errors.is(err) then return show.line(err) end
  local text, place = tostring(err), err.where and "; " .. err.where or ""
  return place ~= "" and text:sub(-#place) == place and text:sub(1, -#place - 1) or text
end

local function shown(session, value)
  if errors.is(value) then return message_of(value) end
  if type(value) == "function" then return session.about(value) end
  return show.text(value, session.shape())
end

-- What a line gave: results[2] and so on. Of result, nil, response the nil says nothing.
local function show_results(session, results)
  local parts, short = {}, true
  for i = 2, results.n do
    if not (i == 3 and results.n == 4 and results[3] == nil) then
      local text = shown(session, results[i])
      parts[#parts + 1] = text
      short = short and not text:find("\n", 1, true)
    end
  end
  local line = table.concat(parts, "  ")
  if #parts > 0 then say(short and #line <= session.width() and line or table.concat(parts, "\n")) end
end

---------------------------------------------------------------------------------------------------------------
-- Running.

-- The text as a chunk; nil and true when it is not finished, nil and a message when it is wrong.
local function compile(text, env)
  text = text:gsub("^%s*=", "return ")
  if load("return " .. text, CHUNK) then
    -- Not a tail call, so that errors find the line here; a comment at the end of the text has to end before the bracket.
    local close = text:find("--", 1, true) and "\n)" or ")"
    return load("return (function(...) return ... end)(" .. text .. close, CHUNK, "t", env)
  end
  local f, message = load(text, CHUNK, "t", env)
  if f then return f end
  if message:find "<eof>'?$" then return nil, true end
  return nil, message
end

-- Runs a chunk; true when it came to its end.
local function run(session, f)
  local care = session.care
  care.token = bybit.cancel_token()
  session.running = true
  local results = table.pack(pcall(f))
  session.running = false
  if results[1] then
    if results.n > 1 then rawset(session.env, "_", results[2]) end
    show_results(session, results)
    return true
  end
  complain(session, message_of(results[2]))
  return false
end

local function note_local(session, text)
  if session.noted or not session.lines.terminal or not text:find "^%s*local%s" then return end
  session.noted = true
  say "(a local lives for its line only: leave `local` out to keep it)"
end

-- One input, which may take several lines. Nil at the end; otherwise whether it went well.
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
  if not session.running then return session.lines:give_up() end
  if session.lines.terminal then say "" end -- the terminal has shown ^C
  local care = session.care
  if care.flying > 0 and not care.token:cancelled() then
    care.token:cancel() -- the call returns, and says what is known of it
  else
    error(INTERRUPTED, 0)
  end
end

-- Asks once per session before what may trade real money.
local function allow(session, what)
  if not session.real or session.allowed then return true end
  local question = ("This is real money, on %s: %s\nType yes to send it, and what follows unasked: "):format(
    session.environment, what)
  session.allowed = session.lines:ask(question) == "yes"
  return session.allowed
end

---------------------------------------------------------------------------------------------------------------

local function prompt(session, continued)
  local text = ("%s %s"):format(session.environment, session.symbol)
  return continued and (" "):rep(#text - 1) .. "..> " or text .. "> "
end

local function width()
  return math.max(terminal.size() or tonumber(os.getenv "COLUMNS") or 80, 40)
end

local function greet(session)
  if not session.lines.terminal then return end
  local where = session.exchange and ("an exchange of its own at %s, no real money"):format(session.exchange.url)
    or session.real and "REAL MONEY" or "no real money"
  say(("bybit %s on %s: %s."):format(bybit.version, session.environment, where))
  if not session.keyed then
    say "Without keys (BYBIT_API_KEY and BYBIT_API_SECRET, or --credentials FILE) only the market can be read."
  end
  say "help() tells what there is; Ctrl-D leaves."
end

local function new_session(options, client, exchange)
  local session = {
    symbol = options.symbol or SYMBOL, symbols = {}, environment = options.name, exchange = exchange,
    dialect = core.client.table(client).class.dialect, real = options.real and not options.yes, interrupted = INTERRUPTED,
    earlier = "", width = width, message = message_of, clear = terminal.is_terminal(1),
  }
  for _, name in ipairs { "BTCUSD", "ETHUSD", "EOSUSD", "XRPUSD" } do session.symbols[name] = true end
  session.prompt = function(continued) return prompt(session, continued) end
  session.shape = function() return { width = width() } end
  session.defaults = function() return { symbol = session.symbol } end
  session.care = { symbol = function() return session.symbol end, allow = function(what) return allow(session, what) end }
  session.about = function(f)
    for name, call in pairs(session.calls) do
      if call == f then return ("a method: help \"%s\" tells what it takes"):format(name) end
    end
    return f == session.env.help and "help() tells what there is" or "a function"
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

local session = {}

--- Runs a session on standard input and output until its end. From a pipe it stops at the first line that fails.
---@param client table
---@param options { name: string, symbol: string?, plain: boolean?, yes: boolean?, real: boolean?, exchange: table? } name: of the
--- environment, as the prompt shows it; yes: no question before real money is traded; exchange: a paper exchange that
--- the session may steer, when the client does not own it
---@return boolean well
function session.run(client, options)
  options.real = options.real or (environments[options.name] or {}).real
  local s = new_session(options, client, options.exchange or rawget(core.client.table(client), "exchange"))
  local words = words_of(s)
  s.lines = lines.open { plain = options.plain,
    complete = function(line, from, to) return complete.readline(words, s.earlier, line, from, to) end }
  local caught <close> = terminal.catch(function() interrupt(s) end) -- luacheck: ignore 211
  greet(s)
  while true do
    local fine = turn(s)
    if fine == nil then break end
    if not fine and not s.lines.terminal then return false end
  end
  s.lines:close()
  return true
end

return session
