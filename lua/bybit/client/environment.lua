-- Where a client trades: reads its option `environment`.

local core = require "bybit.core"
local environments = require "bybit.client.environments"
local errors = require "bybit.errors"
local find_paper = require "bybit.client.paper"
local nearest = require "bybit.later".module "bybit.text.nearest"

local function environment_names()
  local names = { "paper", "env" }
  for name in pairs(environments) do names[#names + 1] = name end
  table.sort(names)
  return names
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

-- Host -> the name of the environment that lives there. These addresses end with their host.
local NAMES = {}
for name, row in pairs(environments) do NAMES[row.url:match "//(.*)"] = name end

local function read_url(url)
  local found, why = core.url(url)
  if not found then
    errors.raise(("bybit.client: a url such as 'https://api.bybit.com' expected, without a query or a password (%s)"):format(
      why))
  end
  if not found.https and not found.loopback then
    errors.raise(("bybit.client: '%s': plain http reaches this machine only; use https"):format(found.url))
  end
  return found
end

-- Is real money traded there? It is the host that tells, however it was named; a host that nobody knows may be a way to it.
local function is_real(url)
  local known = environments[NAMES[url.host]]
  return not url.loopback and not (known and not known.real)
end

-- What a file of credentials may call this environment.
local function words_for(name, url)
  local called = name or url.loopback and "paper"
  return called and called .. " " .. url.url or url.url
end

-- Where its streams are: false where the exchange documents no host. What is no host of the exchange's has them itself.
local function streams_of(url)
  local row = environments[NAMES[url.host]]
  if not row then return { private = url.url, public = url.url } end
  return row.streams and { private = row.streams, public = row.public_streams or row.streams } or false
end

local function place(name, text, exchange, owned)
  local url = read_url(text)
  name = name or NAMES[url.host]
  return { name = name, url = url.url, real = is_real(url), words = words_for(name, url), exchange = exchange, owned = owned,
    streams = streams_of(url) }
end

local function named(name)
  local found = environments[name]
  if found then return place(name, found.url) end
  local names = environment_names()
  errors.raise(("bybit.client: unknown environment '%s'%s: one of %s, an exchange, or {url = ...}"):format(
    tostring(name), nearest.hint(name, names), table.concat(names, ", ")))
end

--- Reads the option `environment`. For "paper" a paper exchange is started.
---@param options bybit.ClientOptions
---@return { name: string?, url: string, real: boolean, words: string, exchange: table?, owned: table? } real: real money is
--- traded there; words: what a file of credentials may call it
return function(options)
  local wanted = options.environment
  if wanted == nil then
    errors.raise('bybit.client: option \'environment\' is missing: "paper", "testnet", "demo", "mainnet" ... or '
      .. '{url = ...}; it has no default, so that nobody trades real money by leaving a line out')
  end
  if wanted == "env" then wanted = from_variable() end
  if wanted == "paper" then
    local exchange = find_paper("bybit.client").start { seed = options.seed }
    return place("paper", exchange.url, exchange, exchange)
  end
  if type(wanted) == "string" then return named(wanted) end
  local ok, url = core.hooks.protect(function() return wanted.url end)
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
  return place(exchange and "paper" or nil, url, exchange)
end
