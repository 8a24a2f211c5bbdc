-- Checks the options of a client: names, types and ranges as their rows say (client/options.lua), and what a row cannot say.

local environments = require "bybit.client.environments"
local core = require "bybit.core"
local errors = require "bybit.errors"
local later = require "bybit.later"
local rows = require "bybit.wire.rows"

local guard_option = later.module "bybit.client.guard.option"
local hints = later.module "bybit.wire.hints"
local nearest, synonyms = later.module "bybit.text.nearest", later.module "bybit.text.synonyms"

local check = {}

-- The rows of the options by name.
local OPTIONS = {}
for _, row in ipairs(require "bybit.client.options") do OPTIONS[row[1]] = row end

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

-- An option that is a path, or a table with more, as a table with defaults for the fields that are not given.
local function path_fields(given, defaults)
  local fields = {}
  for k, v in pairs(defaults) do fields[k] = v end
  for k, v in pairs(type(given) == "table" and given or { path = given }) do fields[k] = v end
  return fields
end

-- The end of a message about an unknown option. A word of other clients beats a near spelling, and nothing is proposed that was
-- given.
local function hint_of(name, names, given)
  if type(name) ~= "string" then return "" end
  local same = {}
  for _, known in ipairs(names) do
    if synonyms.plain(known) == synonyms.plain(name) then same[#same + 1] = known end
  end
  for _, list in ipairs { same, synonyms.of("options", name) } do
    local meant = list[1]
    if meant and given[meant] ~= nil then return (": here it is '%s', which is given already"):format(meant) end
    if meant then return (": here it is '%s'"):format(meant) .. (OPTIONS[meant].hint or "") end
  end
  local free = {}
  for _, known in ipairs(names) do
    if given[known] == nil then free[#free + 1] = known end
  end
  local near = nearest.hint(name, free)
  return near ~= "" and near or nearest.hint(name, names, "'%s', which is given already")
end

--- Raises if an option has no row, or if its value is not what its row says.
function check.all(options)
  if type(options) ~= "table" then
    errors.raise("bybit.client: a table of options expected, got " .. type(options))
  end
  local names = {}
  for name in pairs(OPTIONS) do names[#names + 1] = name end
  table.sort(names)
  for name, value in pairs(options) do
    local rule = OPTIONS[name]
    if not rule then
      errors.raise(("bybit.client: unknown option '%s'%s"):format(tostring(name), hint_of(name, names, options)))
    end
    check_option(name, value, rule)
  end
end

--- The options, with defaults for those that are not given.
---@param options bybit.ClientOptions
---@return table
function check.filled(options)
  local filled = {}
  for name, rule in pairs(OPTIONS) do
    filled[name] = options[name]
    if filled[name] == nil then filled[name] = rule.default end
    if rule.fields and filled[name] then filled[name] = path_fields(filled[name], rule.fields) end
  end
  return filled
end

--- Checks the options about keys, and puts them into the settings of the C core.
function check.credentials(options, environment, settings)
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

--- Checks the option `required`.
---@return table<string, table<string, true>>|false sets method -> the names that become required
function check.required(class, given)
  if given == nil then return false end
  if type(given) ~= "table" then wrong_option("required", "a table of methods", given) end
  local sets = {}
  for method, list in pairs(given) do
    local row = rows.method(class.dialect.endpoints, method)
    if not row then
      local near = hints.method(method, rows.methods(class.dialect.endpoints), class.dialect.name)
      errors.raise(("bybit.client: option 'required': no method '%s'%s"):format(tostring(method), near))
    end
    if type(list) ~= "table" then wrong_option("required", ("a list of parameters of %s"):format(method), list) end
    if row.elements then
      errors.raise(("bybit.client: option 'required': %s takes what is required of %s: name that method"):format(method,
        table.concat(row.elements, " and ")))
    end
    local known = {}
    for _, p in ipairs(row.params) do known[p[1]] = true end
    sets[method] = {}
    for _, name in ipairs(list) do
      if not known[name] then
        errors.raise(("bybit.client: option 'required': %s has no parameter '%s'%s"):format(method, tostring(name),
          hints.known(name, known)))
      end
      sets[method][name] = true
    end
  end
  return sets
end

--- Checks the option `journal`.
function check.journal(given)
  if given == nil or type(given) == "string" and given ~= "" then return end
  local fine = type(given) == "table" and type(given.path) == "string" and given.path ~= ""
    and (given.sync == nil or type(given.sync) == "boolean")
    and (given.keep == nil or type(given.keep) == "number" and given.keep >= 0 and given.keep <= 36500)
  for k in pairs(fine and given or {}) do fine = fine and (k == "path" or k == "sync" or k == "keep") end
  if not fine then wrong_option("journal", "a path, or {path = ..., sync = true, keep = days}", given) end
end

local function is_prefix(text)
  return type(text) == "string" and #text <= 16 and text:find "^[%w_%-]+$" ~= nil
end

local ON_LOSS = { divide = true, halt = true, alone = true }

--- Checks the option `share`.
function check.share(given)
  if given == nil then return end
  local path = given
  if type(given) == "table" then
    path = given.path
    for k, v in pairs(given) do
      if k ~= "path" and not (k == "on_loss" and ON_LOSS[v]) and not (k == "lease" and is_prefix(v)) then path = nil end
    end
  end
  if type(path) ~= "string" or path == "" or path:find "%z" then
    wrong_option("share", 'a path or redis://..., or {path = ..., on_loss = "divide", "halt" or "alone", '
      .. "lease = 1 to 16 of A-Z a-z 0-9 - _}", given)
  end
end

--- Checks what a lease needs of other options, whose defaults are filled in. Returns the prefix of ids.
---@param options table
---@return string? id_prefix
function check.lease(options)
  local lease = options.share and options.share.lease
  if not lease then return options.id_prefix end
  if options.id_prefix and options.id_prefix ~= lease then
    errors.raise(("bybit.client: option 'id_prefix': the lease is for '%s', got '%s': leave it out"):format(lease,
      options.id_prefix))
  end
  if options.api ~= "v5" then
    errors.raise("bybit.client: option 'share': a lease needs api = \"v5\": the other wire lists orders of one symbol only")
  end
  if options.receive_window > core.client.LEASE_WINDOW then
    errors.raise(("bybit.client: option 'receive_window': with a lease at most %d, got %d"):format(core.client.LEASE_WINDOW,
      options.receive_window))
  end
  return lease
end

--- Checks the option `guard`.
---@return table? rails
function check.guard(given)
  if given == nil then return nil end
  return guard_option.rails(given)
end

--- Raises for a wire that the exchange has retired, unless the client is for a url or the paper exchange.
function check.retired(class, environment)
  if not class.dialect.retired or not environments[environment.name or ""] then return end
  errors.raise(('bybit.client: api = "%s": the exchange has retired it, and %s no longer answers it: use api = "v5", '
    .. 'which is the default; "paper" and {url = ...} still speak it'):format(class.dialect.name, environment.name))
end

--- Raises for a kind of contracts that the wire does not have.
function check.category(class, category)
  if class.dialect.category or category == "inverse" then return end
  errors.raise(('bybit.client: option \'category\': the %s wire has inverse contracts only: use api = "v5" for %s ones'):format(
    class.dialect.name, category))
end

return check
