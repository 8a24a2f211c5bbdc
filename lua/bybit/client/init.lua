-- Makes clients: checks their options, finds where they trade, and gives them their methods.

local check = require "bybit.client.check"
local class_of = require "bybit.client.methods"
local core = require "bybit.core"
local errors = require "bybit.errors"
local find_environment = require "bybit.client.environment"
local later = require "bybit.later"
local limits = require "bybit.wire.limits"
local listeners = require "bybit.client.made"

local instrument = later.module "bybit.client.instrument"
local guard = later.module "bybit.client.guard"
local intents, log = later.module "bybit.outcome.intents", later.module "bybit.outcome.log"

-- Of `most`, how many are kept for calls that take risk away: what the caller says, or a quarter; of one there is none.
local function kept_of(most, given)
  return math.min(given or math.max(1, most // 4), most - 1)
end

-- How many requests may be under way, over how many connections, and how many of both are kept. Over HTTP/1.1 a connection
-- carries one request at a time, and a signed request must never wait for a connection. Over HTTP/2 any connection may be
-- full; beside one alone, another is kept.
local function room(settings, options)
  local most, connections = options.in_flight, options.connections
  settings.in_flight = settings.http2 and most or math.min(most, connections)
  settings.kept = kept_of(settings.in_flight, options.reserved)
  settings.kept_connections = 0
  if not settings.http2 or options.reserved == 0 then return end
  settings.kept_connections = kept_of(math.max(connections, 2))
  settings.connections = math.max(connections - settings.kept_connections, 1)
end

local COPIED = { "receive_window", "timeout", "connect_timeout", "deadline", "connections", "max_body", "gzip",
  "confirm", "id_prefix", "proxy", "ca_file", "referer", "seed" }

--- Makes a client. The option `environment` must be given. A wrong option raises, and the message says what would be right.
--- Close the client (`local client <close> = ...` does that), or leave it to the garbage collector.
---@param options bybit.ClientOptions
---@return bybit.Client client
return function(options)
  check.all(options)
  check.journal(options.journal)
  check.share(options.share)
  local rails = check.guard(options.guard)
  options = check.filled(options)
  options.id_prefix = check.lease(options)
  local environment = find_environment(options)
  local class = class_of(options.api)
  local required = check.required(class, options.required)
  check.retired(class, environment)
  check.category(class, options.category)
  local settings = { url = environment.url, environments = environment.words, category = options.category,
    signature = class.dialect.signature }
  settings.http2 = options.http == "2" and environment.url:find "^https:" ~= nil -- TLS is where it is agreed on
  for _, name in ipairs(COPIED) do settings[name] = options[name] end
  room(settings, options)
  if options.share then
    settings.share, settings.on_loss, settings.lease = options.share.path, options.share.on_loss, options.share.lease
    settings.visibility = options.visibility
  end
  local journal -- closed at once if making the client fails
  local made, client = pcall(function()
    limits.option(options.rate, class.dialect, settings)
    local listener = options.log ~= nil and log.listener(options.log) or nil
    check.credentials(options, environment, settings)
    settings.requires = required and true
    local t = { exchange = environment.owned or false, holds = environment.exchange or false, class = class,
      real = environment.real, streams = environment.streams, wants_streams = options.streams, follows = false,
      lines = options.transport == nil and "sockets" or options.transport.lines and "post",
      category = settings.category,
      connections = math.min(settings.in_flight, options.connections), required = required,
      visibility = options.visibility, made = core.loop.now(), impatient = settings.impatient or false,
      id_prefix = options.id_prefix or false, journal = false, intents = {}, at_large = {},
      receive_window = options.receive_window, parts = {}, closing = core.token(),
      budget_of_retries = false, guard = false, sightings = false, sighting_news = false, reads_lease = false,
      lease_report = false, links = false, link_count = 0 }
    local c = errors.call(core.client.new, settings, setmetatable(t, { __index = class.methods }), options.transport)
    if listener then core.client.listen(c, listener) end
    if options.check_instruments then instrument.guard(t) end
    if rails then guard.attach(c, rails) end
    if options.share and not rails then core.client.ask(c, function(...) return guard.ask(...) end, false) end
    if options.journal then
      journal = intents.open_journal(options.journal, { exchange = environment.url, account = core.client.fingerprint(c),
        api = class.dialect.name, now = core.client.now(c) })
      local at_large
      t.journal = journal
      t.intents, at_large = intents.of_journal(class, journal, core.client.now(c))
      core.client.journal(c, t.journal)
      intents.hold(c)
      for _, intent in ipairs(at_large) do intents.claim(c, intent) end
      for _, intent in ipairs(t.intents) do intents.claim(c, intent) end
    end
    for _, hear in ipairs(listeners) do hear(c) end
    return c
  end)
  if made then return client end
  if journal then journal:close() end
  if environment.owned then environment.owned:close() end
  error(client, 0)
end
