-- Makes clients: checks options, finds the environment, and gives each declared endpoint its method.

local core = require "bybit.core"
local cursor = require "bybit.cursor"
local declared = require "bybit.dialect.methods"
local enums = require "bybit.enums"
local environments = require "bybit.environments"
local errors = require "bybit.errors"
local hints = require "bybit.hints"
local intents = require "bybit.intents"
local limits = require "bybit.limits"
local log = require "bybit.log"
local objects = require "bybit.objects"
local records = require "bybit.records"
local reconcile = require "bybit.reconcile"
local recovery = require "bybit.recovery"
local stops = require "bybit.stops"
local view = require "bybit.view"
local warm = require "bybit.warm"

core.schema.hints(hints.word)

---------------------------------------------------------------------------------------------------------------
-- Methods of a dialect: compiled on first use, shared by all its clients.

local function compiled_record(class, name)
  if not name then return nil end
  local record = class.records[name]
  if not record then
    local declaration = class.dialect.record and class.dialect.record(name) or records[name]
    record = core.schema.record(declaration, objects.metatable(name))
    class.records[name] = record
  end
  return record
end

-- A declaration with the options that every call takes.
local function with_common(name, row, common)
  local merged = { name = name, params = {} }
  for k, v in pairs(row) do
    if k ~= "params" then merged[k] = v end
  end
  for _, p in ipairs(row.params or {}) do merged.params[#merged.params + 1] = p end
  for _, p in ipairs(common) do merged.params[#merged.params + 1] = p end
  return merged
end

local function result_record(row)
  local result = row.result
  return result and (result.record or result.list or result.first) or nil
end

-- The method `name` as users see it, making the requests of declaration `row`, which is called `row_name`; `composite`
-- makes them when they are several.
local function compile(class, name, row_name, row, composite)
  local merged = with_common(row_name, row, class.dialect.common)
  local record = result_record(row)
  merged.result = row.composite and { free = true } or row.result
  local handler = composite or recovery.handler(class, merged)
  merged.form, merged.reserved = class.dialect.form, class.dialect.reserved
  hints.declare(name, merged)
  return core.method(core.schema.endpoint(name, merged, enums), compiled_record(class, record), class.dialect.envelope,
    handler)
end

-- call(client, row, params): requests of internal rows, which carry the outer method's name.
local function inner_caller(class, name)
  local methods = {}
  return function(client, row, params)
    local method = methods[row]
    if not method then
      method = compile(class, name, row, class.dialect.endpoints[row])
      methods[row] = method
      local outer = class.dialect.endpoints[name]
      if outer then hints.declare(name, with_common(name, outer, class.dialect.common)) end
    end
    return method(client, params)
  end
end

local function make_method(class, name)
  local row = class.dialect.endpoints[name]
  if not row or row.internal then return nil end
  if not row.composite then return compile(class, name, name, row) end
  local composite, call = class.dialect.composites[name], class.inner(name)
  return compile(class, name, name, row, function(client, checked)
    local result, err, response = composite(call, client, checked)
    log.tell(client, name, checked, response, nil, err)
    return result, err, response
  end)
end

local classes = {}

local class_methods = {}

local function class_of(api)
  if classes[api] then return classes[api] end
  local dialect = require("bybit.dialect." .. api)
  local class = { dialect = dialect, records = {}, methods = {}, inners = {} }
  function class.inner(name)
    class.inners[name] = class.inners[name] or inner_caller(class, name)
    return class.inners[name]
  end
  for name, f in pairs(class_methods) do class.methods[name] = f end
  setmetatable(class.methods, {
    __index = function(methods, name)
      local method = make_method(class, name)
      if method then
        methods[name] = method
        return method
      end
      local names = declared(dialect)
      for k in pairs(class_methods) do names[#names + 1] = k end
      errors.raise(("a client has no method '%s'%s"):format(tostring(name), hints.method(tostring(name), names)))
    end,
  })
  function class.row(name) return with_common(name, dialect.endpoints[name], dialect.common) end
  classes[api] = class
  return class
end

---------------------------------------------------------------------------------------------------------------
-- What every client can do besides the declared methods.

--- Closes the client: connections, and the paper exchange that it owns. What is in flight ends as `closed`.
function class_methods.close(client)
  local t = core.client.table(client)
  core.client.close(client)
  if t.exchange then t.exchange:close() end
end

--- The exchange's clock in milliseconds, as its answers tell it (before the first of them: the local clock); makes no
--- request.
---@return integer ms
function class_methods.now(client)
  return core.client.now(client)
end

--- What is left of the rate limits: group -> {limit, left, full_in}, where limit is as announced by the exchange,
--- documented or set, in requests a second, and full_in the seconds until all of it is there again. `ip` is the
--- address of this computer: requests in 5 seconds (V5 documentation, rate limits); `banned_for` the seconds that it
--- is shut out, nil if it is not. Nil with `rate = false`.
---@return table<string, {limit: integer, left: integer, full_in: number}>?
function class_methods.budget(client)
  return core.client.budget(client, limits.groups(core.client.table(client).class.dialect))
end

--- How the calls of this client went: `calls`, the `requests` sent for them, `retries` among those, `unknowns` (calls
--- that ended without knowing their outcome); `p50` and `p99`, the seconds that half and 99 of 100 of the last 1024
--- answered calls took at most (nil before the first); `clock_offset`, how many ms the exchange's clock is ahead of the
--- local one, and `clock_doubt`, how far that may be off (nil before the first answer); `budget`, as client:budget().
---@return table
function class_methods.stats(client)
  local stats = core.client.stats(client)
  stats.clock_offset, stats.clock_doubt = core.client.clock(client)
  stats.budget = client:budget()
  return stats
end

class_methods.resolve, class_methods.unsettled, class_methods.reconcile = reconcile.resolve, reconcile.unsettled,
  reconcile.reconcile
class_methods.with = view.new
class_methods.each, class_methods.pages, class_methods.collect = cursor.each, cursor.pages, cursor.collect
class_methods.warm = warm

local requests = {} -- verb and path -> method

--- Reaches any endpoint, signed: the envelope's result with wire names; strings as text, null as `bybit.null`; the
--- category is filled in when absent.
---@param verb "GET"|"POST"
---@param path string such as "/v5/account/wallet-balance"
---@param params? table wire names and values; decimals go out as strings
---@param options? table timeout, receive_window ... as for every method
---@return table? result
---@return bybit.Error? err
---@return bybit.Response? response
function class_methods.request(client, verb, path, params, options)
  if verb ~= "GET" and verb ~= "POST" then
    errors.raise(("request: 'GET' or 'POST' expected, got %s"):format(tostring(verb)))
  end
  if type(path) ~= "string" or not path:find("^/[%w/_%-]+$") then
    errors.raise(("request: a path such as '/v5/market/time' expected, got %s"):format(tostring(path)))
  end
  local t = core.client.table(client)
  local class, key = t.class, t.class.dialect.name .. verb .. path
  if not requests[key] then
    local row = limits.of_path(class.dialect, path)
    row.verb, row.path, row.changes, row.params, row.result = verb, path, verb == "POST", {}, { free = true }
    row.open = class.dialect.public and path:find(class.dialect.public) ~= nil
    requests[key] = compile(class, "request", "request", row)
  end
  local extra = {}
  for k, v in pairs(params or {}) do extra[k] = v end
  if class.dialect.category and extra.category == nil then extra.category = t.category end
  local p = { extra = extra }
  for k, v in pairs(options or {}) do p[k] = v end
  return requests[key](client, p)
end

---------------------------------------------------------------------------------------------------------------
-- Options.

-- Name -> what the option must be.
local OPTIONS = {}
for _, row in ipairs(require "bybit.options") do OPTIONS[row[1]] = row end

local function wrong_option(name, wanted, value)
  local shown = (name == "secret" or name == "private_key" or name == "key") and type(value) or tostring(value)
  errors.raise(("bybit.client: option '%s': %s expected, got %s"):format(name, wanted, shown))
end

local function has_type(value, wanted)
  if wanted == "integer" then return math.type(value) == "integer" end
  return type(value) == wanted
end

local function check_option(name, value, rule)
  if rule.one_of then
    for _, allowed in ipairs(rule.one_of) do
      if value == allowed then return end
    end
    wrong_option(name, "'" .. table.concat(rule.one_of, "' or '") .. "'", value)
  end
  if rule.type and not has_type(value, rule.type) then wrong_option(name, "a " .. rule.type, value) end
  if rule.min and not (value >= rule.min and value <= rule.max) then
    wrong_option(name, ("%s from %s to %s"):format(rule.unit or "a number", rule.min, rule.max), value)
  end
  if rule.pattern and not (value:find(rule.pattern) and #value <= rule.most) then
    wrong_option(name, rule.wanted, value)
  end
end

local function check_options(options)
  if type(options) ~= "table" then
    errors.raise("bybit.client: a table of options expected, got " .. type(options))
  end
  local names = {}
  for name in pairs(OPTIONS) do names[#names + 1] = name end
  table.sort(names)
  for name, value in pairs(options) do
    local rule = OPTIONS[name]
    if not rule then
      local near = type(name) == "string" and hints.nearest(name, names)
      errors.raise(("bybit.client: unknown option '%s'%s"):format(tostring(name),
        near and (", did you mean '%s'?"):format(near) or ""))
    end
    check_option(name, value, rule)
  end
end

---------------------------------------------------------------------------------------------------------------
-- Environments.

local function environment_names()
  local names = { "paper", "env" }
  for name in pairs(environments) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function named(name)
  local found = environments[name]
  if found then return { name = name, url = found.url } end
  local names = environment_names()
  local near = hints.nearest(tostring(name), names)
  errors.raise(("bybit.client: unknown environment '%s'%s: one of %s, an exchange, or {url = ...}"):format(
    tostring(name), near and (", did you mean '%s'?"):format(near) or "", table.concat(names, ", ")))
end

local function from_variable()
  local name = os.getenv("BYBIT_ENVIRONMENT")
  if not name or name == "" then
    errors.raise('bybit.client: environment = "env", but BYBIT_ENVIRONMENT is not set')
  end
  if name == "paper" then return name end
  local found = environments[name]
  if found and found.real and os.getenv("BYBIT_MAINNET") ~= "yes" then
    errors.raise(('bybit.client: BYBIT_ENVIRONMENT is "%s", which trades real money: set BYBIT_MAINNET=yes too'):format(
      name))
  end
  return name
end

local function loopback(host)
  return host == "localhost" or host:find("^127%.%d+%.%d+%.%d+$") or host == "[::1]"
end

local function check_url(url)
  local scheme, host = url:match("^(https?)://(%[[%x:]+%])")
  if not scheme then scheme, host = url:match("^(https?)://([^/:?#@]+)") end
  if not scheme or url:find("[%s?#@]") then
    errors.raise("bybit.client: a url such as 'https://api.bybit.com' expected, without a query or a password")
  end
  if scheme == "http" and not loopback(host) then
    errors.raise(("bybit.client: '%s': plain http reaches this machine only; use https"):format(url))
  end
  return (url:gsub("/+$", ""))
end

-- What the `environment` option says: { name, url, exchange?, owned? }.
local function find_environment(options)
  local wanted = options.environment
  if wanted == nil then
    errors.raise('bybit.client: option \'environment\' is missing: "paper", "testnet", "demo", "mainnet" ... or '
      .. '{url = ...}; it has no default, so that nobody trades real money by leaving a line out')
  end
  if wanted == "env" then wanted = from_variable() end
  if wanted == "paper" then
    local exchange = require("bybit.paper").start { seed = options.seed }
    return { name = "paper", url = exchange.url, exchange = exchange, owned = exchange }
  end
  if type(wanted) == "string" then return named(wanted) end
  local ok, url = pcall(function() return wanted.url end)
  if (type(wanted) ~= "table" and type(wanted) ~= "userdata") or not ok or type(url) ~= "string" then
    errors.raise("bybit.client: option 'environment': a name, an exchange or {url = ...} expected, got "
      .. tostring(wanted))
  end
  local exchange = getmetatable(wanted) and wanted or nil
  if exchange and exchange.lead then exchange:lead() end
  if not exchange then
    for k in pairs(wanted) do
      if k ~= "url" then
        errors.raise(("bybit.client: option 'environment': unknown field '%s'"):format(tostring(k)))
      end
    end
  end
  return { name = exchange and "paper" or nil, url = check_url(url), exchange = exchange }
end

---------------------------------------------------------------------------------------------------------------

local function credentials(options, environment, settings)
  local given = options.credentials
  if given ~= nil and (options.key or options.secret or options.private_key) then
    errors.raise("bybit.client: 'credentials' and 'key' exclude each other")
  end
  if given == "env" then
    settings.credentials_env = true
  elseif type(given) == "table" and type(given.file) == "string" and next(given, (next(given))) == nil then
    settings.credentials_file = given.file
  elseif given ~= nil then
    errors.raise('bybit.client: option \'credentials\': "env" or {file = path} expected')
  end
  settings.key, settings.secret, settings.private_key = options.key, options.secret, options.private_key
  if options.secret and options.private_key then
    errors.raise("bybit.client: 'secret' and 'private_key' exclude each other")
  end
  if (options.key ~= nil) ~= (options.secret ~= nil or options.private_key ~= nil) then
    errors.raise("bybit.client: 'key' goes with 'secret' or 'private_key'")
  end
  if options.key and (options.key == "" or options.key:find("[^%g]")) then
    errors.raise("bybit.client: option 'key': printable characters expected")
  end
  if not options.key and given == nil and environment.exchange then
    settings.key, settings.secret = environment.exchange.key, environment.exchange.secret
  end
end

-- The `required` option: per method the names that become required; as sets.
local function check_required(class, given)
  if given == nil then return false end
  if type(given) ~= "table" then wrong_option("required", "a table of methods", given) end
  local sets = {}
  for method, list in pairs(given) do
    local row = class.dialect.endpoints[method]
    if not row or row.internal then
      local near = type(method) == "string" and hints.method(method, declared(class.dialect)) or ""
      errors.raise(("bybit.client: option 'required': no method '%s'%s"):format(tostring(method), near))
    end
    if type(list) ~= "table" then wrong_option("required", ("a list of parameters of %s"):format(method), list) end
    local known, names = {}, {}
    for _, p in ipairs(row.params) do
      known[p[1]] = true
      names[#names + 1] = p[1]
    end
    sets[method] = {}
    for _, name in ipairs(list) do
      if not known[name] then
        local near = hints.nearest(tostring(name), names)
        errors.raise(("bybit.client: option 'required': %s has no parameter '%s'%s"):format(method, tostring(name),
          near and (", did you mean '%s'?"):format(near) or ""))
      end
      sets[method][name] = true
    end
  end
  return sets
end

local function check_journal(given)
  if given == nil or type(given) == "string" and given ~= "" then return end
  local fine = type(given) == "table" and type(given.path) == "string" and (given.sync == nil or type(given.sync) == "boolean")
  for k in pairs(fine and given or {}) do fine = fine and (k == "path" or k == "sync") end
  if not fine then wrong_option("journal", "a path, or {path = ..., sync = true}", given) end
end

-- A dialect that the exchange has retired works on a url and on the paper exchange.
local function check_retired(class, environment)
  if not class.dialect.retired or not environments[environment.name or ""] then return end
  errors.raise(('bybit.client: api = "%s": the exchange has retired it, and %s no longer answers it: use api = "v5", '
    .. 'which is the default; "paper" and {url = ...} still speak it'):format(class.dialect.name, environment.name))
end

local COPIED = { "receive_window", "timeout", "connect_timeout", "deadline", "connections", "max_body", "gzip",
  "confirm", "id_prefix", "proxy", "ca_file", "referer", "seed" }

--- Makes a client; `environment` is the option that must be given. A wrong option raises, and says what would be right.
--- Close it (`local client <close> = ...` does), or leave it to the garbage collector.
---@param options bybit.ClientOptions
---@return bybit.Client client
return function(options)
  check_options(options)
  local environment = find_environment(options)
  local class = class_of(options.api or "v5")
  local required = check_required(class, options.required)
  check_journal(options.journal)
  check_retired(class, environment)
  local settings = { url = environment.url, environment = environment.name, category = options.category or "inverse",
    http2 = options.http == "2", signature = class.dialect.signature }
  for _, name in ipairs(COPIED) do settings[name] = options[name] end
  -- A signed request never waits for a connection: over HTTP/1.1 each carries one request at a time.
  local in_flight, connections = options.in_flight or 32, options.connections or 16
  settings.in_flight = settings.http2 and in_flight or math.min(in_flight, connections)
  local made, client = pcall(function()
    limits.option(options.rate, class.dialect, settings)
    local listener = log.listener(options.log)
    credentials(options, environment, settings)
    settings.requires = required and true
    local t = { exchange = environment.owned or false, holds = environment.exchange or false, class = class,
      category = settings.category, connections = math.min(settings.in_flight, connections), required = required,
      visibility = options.visibility or 5, impatient = settings.impatient or false,
      id_prefix = options.id_prefix or false, journal = false, intents = {},
      stops = {}, earlier_stops = {}, settling = {}, late = {}, budget_of_retries = recovery.new_budget() }
    local c = core.client.new(settings, setmetatable(t, { __index = class.methods }), options.transport)
    if listener then core.client.listen(c, listener) end
    if options.journal then
      local done
      t.journal, t.intents, done = intents.open(options.journal)
      t.earlier_stops = stops.of_journal(done)
      core.client.journal(c, t.journal)
      core.client.hold(c, #t.intents > 0)
    end
    return c
  end)
  if made then return client end
  if environment.owned then environment.owned:close() end
  error(client, 0)
end
