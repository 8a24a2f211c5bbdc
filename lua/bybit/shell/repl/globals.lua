-- What a session offers besides the methods, and the table of globals for its lines. An unknown name raises, and the nearest name
-- is shown.

local bybit = require "bybit"
local categories = require "bybit.wire.categories"
local core = require "bybit.core"
local enums = require "bybit.records.enums"
local help = require "bybit.shell.help"
local hints = require "bybit.wire.hints"
local out = require "bybit.shell.out"
local later = require "bybit.later"
local overview = require "bybit.shell.repl.overview"
local records = require "bybit.records"
local screen = require "bybit.shell.screen"
local show = require "bybit.shell.show"
local view = require "bybit.shell.repl.view"

local globals, pulse = {}, later.module "bybit.shell.pulse"

local EVERY = 2 -- seconds between two readings of `watch`

-- A text that prints as it is, without quotes.
local page_meta = { __name = "bybit.page", __tostring = function(page) return page.text end }

-- `long`: a pager may show it.
local function page(text, long)
  return setmetatable({ text = text, long = long }, page_meta)
end

--- The text of a page that a pager may show; nil of anything else.
---@param value any
---@return string?
function globals.long_text(value)
  return getmetatable(value) == page_meta and value.long and value.text or nil
end

-- What `exit` and `quit` are, called or not: a line that gives it ends the session.
globals.LEAVE = setmetatable({}, { __name = "bybit.leave", __tostring = function() return "leaves" end,
  __call = function() return globals.LEAVE end })

---------------------------------------------------------------------------------------------------------------
-- help

local DOCS = {
  { "help(word)", "help on a method, a record, an enum, or \"options\"" },
  { "symbol(name)", "switches to another contract, and to its category" },
  { "overview()", "market, wallet, position, open orders" },
  { "watch(method, params)", "calls a method again and again; watch() shows the overview" },
  { "each(method, params)", "walks every element: for o in each(\"get_orders\") do ... end" },
  { "collect(method, params)", "all pages as one list; pages(...) walks page by page" },
  { "request(verb, path, params)", "any other endpoint, with the exchange's names" },
  { "decimal(text)", "an exact number" },
  { "client, bybit", "the client, whose methods return nil, err; the module" },
  { "_", "the last result" },
  { "exit", "leaves, as quit and Ctrl-D do" },
}

local PAPER_DOC = { "exchange", "exchange:set_price(\"BTCUSD\", 30000), :step(ticks)" }

local function first_page(session)
  local rows = table.move(DOCS, 1, #DOCS, 1, {})
  if session.exchange then table.insert(rows, #rows, PAPER_DOC) end
  local example = help.method(session.dialect, "place_order", { width = session.width(), defaults = session.defaults() })
  return table.concat({
    "Methods; each takes one table, your symbol is filled in:",
    help.index(session.dialect, session.width()),
    "For example:", "  " .. example:match "Example:\n%s*([^\n]*)",
    "", "Also:", help.rows(rows, session.width()), "",
    help.wrap("The arrow keys bring earlier lines back. Tab completes names, parameters and words. A line that is not "
      .. "finished goes on in the next line. Ctrl-C ends a call, Ctrl-D ends the session. Any Lua works; a local lives for one "
      .. "line only.", session.width()),
  }, "\n")
end

-- The name of a method, if `what` is the method's function; otherwise `what` itself.
local function name_of(session, what)
  for name, f in pairs(session.calls) do
    if f == what then return name end
  end
  return what
end

local function help_on(session, what)
  if what == nil then return page(first_page(session), true) end
  local name = name_of(session, what)
  if type(name) ~= "string" then error("help: the name of a method in quotes, such as help \"place_order\"", 0) end
  local text, message = help.page(session.dialect, name, { width = session.width(), defaults = session.defaults() })
  if text then return page(text, true) end
  for _, row in ipairs(DOCS) do
    if row[1]:match "^%w+" == name then return page(("%s: %s"):format(row[1], row[2])) end
  end
  error(message, 0)
end

---------------------------------------------------------------------------------------------------------------
-- symbol, watch

-- What the exchange says about a contract; otherwise nil, and whether the exchange said that the contract does not exist.
local function instrument_of(session, name, category)
  local list, err = session.client:get_instruments { symbol = name, category = category }
  local instrument = list and list[1]
  return instrument, not instrument and (list or err.code) and true or false
end

local function change_symbol(session, name)
  if name == nil then return session.symbol end
  if type(name) ~= "string" or not name:find "^[%u%d][%u%d%-]+$" then
    error(("symbol: a contract such as \"BTCUSD\" expected, got %s%s"):format(show.line(name),
      type(name) == "string" and hints.word("symbol", nil, name, session.category) or ""), 0)
  end
  local category = categories.of(name) or session.category
  local instrument, none = instrument_of(session, name, category)
  if none then error(("symbol: the exchange has no contract '%s'"):format(name), 0) end
  session.symbol, session.category = name, category
  session.symbols[name] = true
  if not instrument then return page(("%s (not checked: the exchange did not answer)"):format(name)) end
  return page(("%s: prices in steps of %s, quantities of %s, settled in %s"):format(name,
    instrument.tick_size, instrument.quantity_step, instrument.settle_coin))
end

local function looker(session, what, params)
  if what == nil then return function() return page(session.env.overview().text) end, "overview" end
  if type(what) == "string" and session.calls[what] then return function() return session.calls[what](params) end, what end
  if type(what) == "function" then return function() return what(params) end, name_of(session, what) end
  error("watch: the name of a method in quotes, or a function, expected, got " .. show.line(what), 0)
end

-- What may tell that a look is worth making again: a stream, unless the seconds between two looks are given.
local function pulse_of(session, title, params, options)
  local p = { symbol = session.symbol, category = session.category }
  for k, v in pairs(type(params) == "table" and params or {}) do p[k] = v end
  p.cancel = session.care.token
  return pulse.open(session.plain, title ~= "overview" and title or nil, p, options and options.every ~= nil or title == nil)
end

local function look_on(session, look, title, params, options)
  local beat <close> = pulse_of(session, title, params, options)
  local every, times = options and options.every or EVERY, options and options.times or math.huge
  local n, place = 0, screen.new()
  while not session.care.token:cancelled() do
    local ok, value = pcall(look)
    if value == session.interrupted then return end
    local text = ok and show.text(value, { width = session.width() }) or session.message(value)
    place:draw(("%s %s, %s, %severy %g s; Ctrl-C ends it\n%s"):format(session.environment, session.symbol,
      title or "a function", beat:words(), every, text)) -- lines are cut: no colours in them
    n = n + 1
    if n >= times then return end
    beat:wait(every)
  end
end

-- Repeats until Ctrl-C, or `times` times: as soon as a stream tells that something has changed, and each `every` seconds. A call
-- that fails shows its error, and watching goes on.
local function watch(session, what, params, options)
  local look, title = looker(session, what, params)
  local ok, err = pcall(look_on, session, look, type(title) == "string" and title or nil, params, options)
  if not ok and err ~= session.interrupted then error(err, 0) end
end

---------------------------------------------------------------------------------------------------------------
-- Unknown names.

local function enum_word(name)
  for _, enum in pairs(enums) do
    for _, value in ipairs(enum.values) do
      if value == name then return true end
    end
  end
end

local function unknown(session, name)
  if enum_word(name) then error(("no '%s' here: words go in quotes, \"%s\""):format(name, name), 0) end
  local names = globals.names(session)
  error(("no '%s' here%s"):format(tostring(name), hints.method(tostring(name), names)), 0)
end

--- Every global name of a session, for completion and hints.
---@return string[]
function globals.names(session)
  local names = {}
  for name in pairs(session.env) do names[#names + 1] = name end
  for name in pairs(_G) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- The words that help explains.
---@return string[]
function globals.pages(session)
  local names = help.methods(session.dialect)
  for name in pairs(records) do names[#names + 1] = name end
  for name in pairs(enums) do names[#names + 1] = name end
  names[#names + 1] = "options"
  return names
end

--- Makes session.env, the table of globals for the session's lines; also session.client and session.calls.
---@param session table
---@param client table
function globals.install(session, client)
  session.plain = client
  session.client, session.calls = view(client, session.dialect, session.care)
  local env = {
    client = session.client, bybit = bybit, decimal = bybit.decimal, exchange = session.exchange, print = out.print,
    help = function(what) return help_on(session, what) end,
    symbol = function(name) return change_symbol(session, name) end,
    overview = function() return page(overview(client, session.symbol, session.category, session.width(),
      session.care.token)) end,
    watch = function(...) return watch(session, ...) end,
    exit = globals.LEAVE, quit = globals.LEAVE,
  }
  for name, f in pairs(session.calls) do env[name] = f end
  session.keyed = core.client.keyed(client)
  session.env = setmetatable(env, {
    __index = function(_, name)
      local value = _G[name]
      if value == nil and name ~= "_" then unknown(session, name) end
      return value
    end,
  })
end

return globals
