-- What a session offers besides the methods, and the table that its lines run in. A name that nothing has raises, with
-- the nearest one.

local bybit = require "bybit"
local core = require "bybit.core"
local enums = require "bybit.enums"
local help = require "bybit.help"
local hints = require "bybit.hints"
local overview = require "bybit.repl.overview"
local records = require "bybit.records"
local show = require "bybit.show"
local view = require "bybit.repl.view"

local globals = {}

local EVERY = 2 -- seconds between two looks of watch

-- A text that prints as it is, without quotes.
local page_meta = { __name = "bybit.page", __tostring = function(page) return page.text end }

local function page(text)
  return setmetatable({ text = text }, page_meta)
end

---------------------------------------------------------------------------------------------------------------
-- help

local DOCS = {
  { "help(word)", "on a method, a record, a set of words; \"options\"" },
  { "symbol(name)", "trades another contract from here on" },
  { "overview()", "market, wallet, position, open orders" },
  { "watch(method, params)", "looks again and again; watch(): at the overview" },
  { "each(method, params)", "walks all: for o in each(\"get_orders\") do ... end" },
  { "collect(method, params)", "all pages as one list; pages(...): one by one" },
  { "request(verb, path, params)", "any other endpoint, with the exchange's names" },
  { "decimal(text)", "an exact number" },
  { "client, bybit", "what returns nil, err in place of raising; the module" },
  { "_", "the last result" },
}

local PAPER_DOC = { "exchange", "exchange:set_price(\"BTCUSD\", 30000), :step(ticks)" }

local function first_page(session)
  local rows = table.move(DOCS, 1, #DOCS, 1, {})
  if session.exchange then table.insert(rows, #rows, PAPER_DOC) end
  local example = help.method(session.dialect, "place_order", { width = session.width(), defaults = session.defaults() })
  return table.concat({
    "Methods; each takes one table and knows your symbol:",
    help.index(session.dialect, session.width()),
    "For example:", "  " .. example:match "Example:\n%s*([^\n]*)",
    "", "Besides them:", help.rows(rows, session.width()), "",
    help.wrap("The arrow keys bring earlier lines back, Tab completes names, parameters and words, a line that is not "
      .. "finished goes on in the next one, Ctrl-C ends a call, Ctrl-D the session. Any Lua works; locals live for one "
      .. "line only.", session.width()),
  }, "\n")
end

-- The name of a word that may be a method itself.
local function name_of(session, what)
  for name, f in pairs(session.calls) do
    if f == what then return name end
  end
  return what
end

local function help_on(session, what)
  if what == nil then return page(first_page(session)) end
  local name = name_of(session, what)
  if type(name) ~= "string" then error("help: the name of a method in quotes, such as help \"place_order\"", 0) end
  local text, message = help.page(session.dialect, name, { width = session.width(), defaults = session.defaults() })
  if text then return page(text) end
  for _, row in ipairs(DOCS) do
    if row[1]:match "^%w+" == name then return page(("%s: %s"):format(row[1], row[2])) end
  end
  error(message, 0)
end

---------------------------------------------------------------------------------------------------------------
-- symbol, watch

-- What the exchange says of a contract; nil and whether it said that there is none.
local function instrument_of(session, name)
  local answer, err = session.client:request("GET", "/v5/market/instruments-info", { symbol = name })
  local instrument = answer and answer.list and answer.list[1]
  return instrument, not instrument and (answer or err.code) and true or false
end

local function change_symbol(session, name)
  if name == nil then return session.symbol end
  if type(name) ~= "string" or not name:find "^%u[%u%d]+$" then
    error(("symbol: a contract such as \"BTCUSD\" expected, got %s%s"):format(show.line(name),
      type(name) == "string" and hints.word("symbol", nil, name) or ""), 0)
  end
  local instrument, none = instrument_of(session, name)
  if none then error(("symbol: the exchange has no contract '%s'"):format(name), 0) end
  session.symbol = name
  session.symbols[name] = true
  if not instrument then return page(("%s, as far as is known: the exchange did not answer"):format(name)) end
  return page(("%s: prices in steps of %s, quantities of %s, settled in %s"):format(name,
    instrument.priceFilter.tickSize, instrument.lotSizeFilter.qtyStep, instrument.settleCoin))
end

local function looker(session, what, params)
  if what == nil then return function() return page(session.env.overview().text) end, "overview" end
  if type(what) == "string" and session.calls[what] then return function() return session.calls[what](params) end, what end
  if type(what) == "function" then return function() return what(params) end, name_of(session, what) end
  error("watch: the name of a method in quotes, or a function, expected, got " .. show.line(what), 0)
end

local function draw(session, text, title, every)
  if session.clear then io.write "\27[H\27[2J" end
  io.write(("%s %s, %s, every %g s; Ctrl-C ends it\n%s\n"):format(session.environment, session.symbol, title, every, text))
  io.flush()
end

local function look_on(session, look, title, options)
  local every, times = options and options.every or EVERY, options and options.times or math.huge
  local n = 0
  while not session.care.token:cancelled() do
    local ok, value = pcall(look)
    if value == session.interrupted then return end
    draw(session, ok and show.text(value, session.shape()) or session.message(value), title, every)
    n = n + 1
    if n >= times then return end
    bybit.sleep(every)
  end
end

-- Looks until Ctrl-C or, where told, so many times. A look that fails is shown, and the next one is made.
local function watch(session, what, params, options)
  local look, title = looker(session, what, params)
  local ok, err = pcall(look_on, session, look, type(title) == "string" and title or "a function", options)
  if not ok and err ~= session.interrupted then error(err, 0) end
end

---------------------------------------------------------------------------------------------------------------
-- Names that there are none of.

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

--- What help can be asked about.
---@return string[]
function globals.pages(session)
  local names = help.methods(session.dialect)
  for name in pairs(records) do names[#names + 1] = name end
  for name in pairs(enums) do names[#names + 1] = name end
  names[#names + 1] = "options"
  return names
end

--- Makes the table that lines run in: session.env, with session.client and session.calls.
---@param session table
---@param client table
function globals.install(session, client)
  session.client, session.calls = view(client, session.dialect, session.care)
  local env = {
    client = session.client, bybit = bybit, decimal = bybit.decimal, exchange = session.exchange,
    help = function(what) return help_on(session, what) end,
    symbol = function(name) return change_symbol(session, name) end,
    overview = function() return page(overview(client, session.symbol, session.width(), session.care.token)) end,
    watch = function(...) return watch(session, ...) end,
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
