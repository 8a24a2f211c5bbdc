-- The methods of clients. Each row of a wire becomes a method, which is compiled on first use and shared by all clients of that
-- wire. Below are the methods that every client has besides.

local added = require "bybit.client.added"
local core = require "bybit.core"
local enums = require "bybit.records.enums"
local errors = require "bybit.errors"
local later = require "bybit.later"
local limits = require "bybit.wire.limits"
local objects = require "bybit.records.objects"
local records = require "bybit.records"
local rows = require "bybit.wire.rows"

local batches, outcome_batch = later.module "bybit.client.batch", later.module "bybit.outcome.batch"
local cursor, view = later.module "bybit.client.cursor", later.module "bybit.client.view"
local instrument = later.module "bybit.client.instrument"
local preflight = later.module "bybit.client.preflight"
local guard, lease = later.module "bybit.client.guard", later.module "bybit.client.lease"
local stream, order_book = later.module "bybit.stream", later.module "bybit.stream.book"
local follow = later.module "bybit.stream.follow"
local warm, hints = later.module "bybit.client.warm", later.module "bybit.wire.hints"
local intents, log = later.module "bybit.outcome.intents", later.module "bybit.outcome.log"
local reconcile, recovery = later.module "bybit.outcome.reconcile", later.module "bybit.outcome.recovery"
local Run, stops = later.module "bybit.outcome.run", later.module "bybit.outcome.stops"

core.schema.hints(function(...) return hints.word(...) end)

---------------------------------------------------------------------------------------------------------------
-- The methods of a wire: compiled on first use, shared by all its clients.

local function compiled_record(class, name)
  if not name then return nil end
  local record = class.records[name]
  if not record then
    local declaration, others = class.dialect.record and class.dialect.record(name) or records[name], {}
    for _, field in ipairs(declaration.fields) do
      if field.of then others[field.of] = compiled_record(class, field.of) end
    end
    record = core.schema.record(declaration, objects.metatable(name), others)
    class.records[name] = record
  end
  return record
end

-- A row with the options that every call takes.
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
  return result and (result.record or result.list or result.first or result.columns) or nil
end

-- What settles a change is loaded before one is sent: when it fails, there may be no memory left to load it, and no outcome may be
-- lost to that. A read that fails has none.
local function load_recovery(settle)
  assert(recovery.finish) -- the first look loads it
  if settle == "stop" then assert(stops.note) end
  later.rest()
end

-- Compiles the method that users call `name`. It makes the requests of `row`, whose name is `row_name`; if they are several, the
-- function `composite` makes them. `inner`: the request is part of a call that is under way; of one that cancels, it is as urgent.
local function compile(class, name, row_name, row, composite, inner)
  local merged = with_common(row_name, row, class.dialect.common)
  local record = result_record(row)
  merged.result = row.composite and { free = true } or row.result
  local handler = composite or function(client, params, facts, response)
    return recovery.finish(class, merged, client, params, facts, response)
  end
  merged.form, merged.reserved, merged.internal = class.dialect.form, class.dialect.reserved, row.internal or inner
  local outer = inner and class.dialect.endpoints[name]
  merged.cancels = row.cancels or outer and outer.cancels
  if merged.changes and not composite then load_recovery(merged.settle) end
  rows.declare(name, merged, class.dialect.name)
  return core.method(core.schema.endpoint(name, merged, enums), compiled_record(class, record), class.dialect.envelope,
    handler)
end

-- call(client, row, params): makes a request that is part of a method, and carries the method's name. It never raises.
local function inner_caller(class, name)
  local methods = {}
  return function(client, row, params)
    local method = methods[row]
    if not method then
      method = compile(class, name, row, class.dialect.endpoints[row], nil, true)
      methods[row] = method
      local outer = class.dialect.endpoints[name]
      if outer then rows.declare(name, with_common(name, outer, class.dialect.common), class.dialect.name) end
    end
    return method(client, params)
  end
end

-- Compiles what an element of the batch `name` may be.
local function element_kind(class, name, plain)
  local merged = with_common(plain.name, plain, class.dialect.common)
  merged.form, merged.reserved = class.dialect.form, class.dialect.reserved
  local endpoint = core.schema.endpoint(name, merged, enums)
  local make, facts = core.element(endpoint, compiled_record(class, result_record(plain)), class.dialect.envelope, load_recovery)
  return { row = merged, plain = plain, make = make, facts = facts }
end

local function make_batch(class, name, row)
  local dialect, kinds = class.dialect, {}
  for i, plain in ipairs(rows.elements(row)) do kinds[i] = element_kind(class, name, plain) end
  local merged = batches.options_row(row, dialect.common)
  merged.name, merged.form, merged.reserved = name, dialect.form, dialect.reserved
  local send = core.batch(core.schema.endpoint(name, merged, enums), compiled_record(class, result_record(row)), dialect.envelope,
    function(client, options, facts, response)
      return outcome_batch.finish(class, merged, client, options, facts, response)
    end)
  assert(outcome_batch.finish)
  load_recovery()
  return batches.method(name, row, kinds, dialect.common, send, dialect.name)
end

local function make_method(class, name)
  local row = rows.method(class.dialect.endpoints, name)
  if not row then return nil end
  if row.elements then return make_batch(class, name, row) end
  if not row.composite then return compile(class, name, name, row) end
  local composite, call = class.dialect.composites[name], class.inner(name)
  return compile(class, name, name, row, function(client, checked)
    local number, unwritten
    if row.cancels and checked.id_prefix then number, unwritten = intents.begin(client, name, row, checked) end
    local result, err, response = composite(call, client, checked)
    if number then intents.finish(client, number, err) end
    if unwritten then response.unjournalled = unwritten end
    log.tell(client, name, checked, response, nil, err)
    local raised = Run.raised_with(err)
    if raised ~= nil then error(errors.is(raised) and err or raised, 0) end
    return result, err, response
  end)
end

local classes = {}

local class_methods = {}

-- Methods of all clients that most programs do not use: what gives the function of each.
local RARE = {
  resolve = function() return reconcile.resolve end,
  unsettled = function() return reconcile.unsettled end,
  dismiss = function() return reconcile.dismiss end,
  reconcile = function() return reconcile.reconcile end,
  await_lease = function() return lease.await end,
  with = function() return view.new end,
  each = function() return cursor.each end,
  pages = function() return cursor.pages end,
  collect = function() return cursor.collect end,
  warm = function() return warm.open end,
  check = function() return preflight.check end,
  instrument = function() return instrument.of end,
  stream = function() return stream.open end,
  order_book = function() return order_book.open end,
  follow = function() return follow.open end,
}

--- The methods of all clients of a wire.
---@param api "v5"|"v2"
---@return table class the wire as `dialect`, and `methods`
local function class_of(api)
  if classes[api] then return classes[api] end
  local dialect = later.load("bybit.wire." .. api)
  local class = { dialect = dialect, records = {}, methods = {}, inners = {} }
  function class.inner(name)
    class.inners[name] = class.inners[name] or inner_caller(class, name)
    return class.inners[name]
  end
  for name, f in pairs(class_methods) do class.methods[name] = f end
  -- The method of this name, or nil.
  function class.find(name)
    local method = rawget(class.methods, name)
    if method == nil then
      local rare = RARE[name] or added[name] and added[name].load
      method = rare and rare() or not rare and make_method(class, name) or nil
      class.methods[name] = method
    end
    return method
  end
  -- Raises that there is no such name in `what`, which has the names `own` besides a client's.
  function class.missing(what, name, own)
    local names = rows.methods(dialect.endpoints)
    for _, list in ipairs { class_methods, RARE, added, own } do
      for k in pairs(list) do names[#names + 1] = k end
    end
    errors.raise(("%s has no %s '%s'%s"):format(what, own and "field or method" or "method", tostring(name),
      hints.method(tostring(name), names, dialect.name)))
  end
  setmetatable(class.methods, {
    __index = function(_, name) return class.find(name) or class.missing("a client", name) end,
  })
  local pinged
  -- Asks for the exchange's time. It is as urgent as a cancel: it makes connections for those, too.
  function class.ping(client)
    if not pinged then
      local row = rows.any(dialect.endpoints, "GET", dialect.ping)
      row.cancels = true
      pinged = compile(class, "request", "request", row)
    end
    return pinged(client)
  end
  -- The methods that every client has besides those of its wire: name -> function.
  function class.own()
    local own = {}
    for name, f in pairs(class_methods) do own[name] = f end
    for _, list in ipairs { RARE, added } do
      for name in pairs(list) do own[name] = class.methods[name] end
    end
    return own
  end
  function class.row(name) return with_common(name, dialect.endpoints[name], dialect.common) end
  classes[api] = class
  return class
end

---------------------------------------------------------------------------------------------------------------
-- The methods that every client has besides those of its wire.

--- Closes the client, its connections, and the paper exchange that it owns. Calls that are under way end with kind `closed`.
function class_methods.close(client)
  local t = core.client.table(client)
  t.closing:cancel() -- wakes calls that wait to be made again
  core.client.close(client)
  if t.exchange then t.exchange:close() end
end

--- The exchange's clock in milliseconds, as its answers told it; before the first answer it is the local clock. Makes no
--- request.
---@return integer ms
function class_methods.now(client)
  return core.client.now(client)
end

--- What is left of the rate limits: group -> {limit, left, full_in}. `limit` is in requests a second, as the exchange announced
--- it, or else as documented or set; `full_in` is in how many seconds all of it is there again. The group `ip` is the address of
--- this computer, in requests in 5 seconds (V5 documentation, rate limits); its `banned_for` says for how many seconds the
--- exchange shuts it out, and is nil if it does not. The result is nil with `rate = false`.
---@return table<string, {limit: integer, left: integer, full_in: number}>?
function class_methods.budget(client)
  return core.client.budget(client, limits.groups(core.client.table(client).class.dialect))
end

--- How the calls of this client went. `calls` were made, `requests` were sent for them, and `retries` of these were not the
--- first of their call. `unknowns` is how many calls ended with the outcome unknown. `p50` and `p99`: half, and 99 of 100, of the
--- last 1024 answered calls took at most so many seconds (nil before the first). The exchange's clock is `clock_offset` ms ahead
--- of the local one, and that may be wrong by `clock_doubt` ms (nil before the first answer). `budget` is client:budget(). `halted`
--- says why the client refuses new risk (client:halt); nil: it does not. `streams` lists the connections of its streams: url, up,
--- topics, connects, messages, and heard: when the last message came (ms). `follows` lists the loops of client:follow: live,
--- reason, polls, trades, late, gaps, holes, audits, waiting and audited; nil before the first. `share` is nil without
--- the option `share`; else `path`,
--- `members` (how many clients use it), `waits` (how often a call had to wait for the others), `losses` and `returns` (how often
--- the share was lost and came back), `lost` (why it is lost now), `recovered` (how often a process died with a file's lock); of a
--- server `joined` (it was reached), `asked` and `ahead` (how many requests waited for its answer, and went by a turn taken ahead).
--- With a lease there is `share.lease`: `name`, `held`, `ready` (what there is was read), `left` (for how many seconds it lasts if it
--- is not renewed), `gains`, `losses`, `waits` (how often another was found to have it), and if it is not held `why`, and `holder`:
--- pid, since.
---@return table
function class_methods.stats(client)
  local stats = core.client.stats(client)
  stats.clock_offset, stats.clock_doubt = core.client.clock(client)
  stats.budget, stats.halted = client:budget(), core.client.halted(client)
  stats.share = core.client.share(client)
  if stats.share then stats.share.lease = core.client.lease(client) end
  stats.streams = core.client.streams(client)
  stats.follows = core.client.table(client).follows and follow.stats(client) or nil
  return stats
end

--- Refuses new risk: from here on, calls that add risk return an error of kind `guard` and are not sent, until client:resume().
--- Those that wait for their turn end in the same way. Cancels, orders that may only reduce the position, changes that only make
--- an order smaller, stops that bound a loss, and calls that read go on. What was sent already is not called back: cancel it.
--- With the option `share`, all processes that use the share are halted, each before its next request.
---@param reason string why, for messages
---@return boolean all false: the share is lost, so that only this client is halted
function class_methods.halt(client, reason)
  if type(reason) ~= "string" or not reason:find "%g" then
    errors.raise(('halt: a reason expected, such as client:halt "too many losses", got %s'):format(tostring(reason)))
  end
  core.client.table(client) -- raises for what is no client
  return guard.halt(client, reason)
end

--- Takes client:halt back; with the option `share`, for all who use it. Does nothing if the client is not halted.
---@return boolean all false: the share is lost, so that the others cannot be told
function class_methods.resume(client)
  core.client.table(client)
  return guard.resume(client)
end

-- An argument of client:request that is a table with names, or was left out.
local function table_of(route, what, given)
  if given == nil then return {} end
  if type(given) ~= "table" then errors.raise(("%s: a table of %s expected, got %s"):format(route, what, type(given))) end
  for key in pairs(given) do
    if type(key) ~= "string" then
      errors.raise(("%s: %s have names: there is no place for a value at [%s]"):format(route, what, tostring(key)))
    end
  end
  return given
end

local requests = {} -- wire, verb and path -> { method, moments = the names of its parameters that are moments }

-- What makes a request to any path. Its parameters go out as they are, but those that are moments are checked.
local function raw_method(class, verb, path)
  local key = class.dialect.name .. verb .. path
  if not requests[key] then
    local params, moments = {}, {}
    for _, line in ipairs(class.dialect.moments) do
      for i = 2, path:find(line[1]) and #line or 0 do
        params[#params + 1] = { line[i], line[i], "time" }
        moments[line[i]] = true
      end
    end
    local row = rows.any(class.dialect.endpoints, verb, path, params)
    requests[key] = { compile(class, "request", "request", row), moments = moments }
  end
  return requests[key]
end

-- What a raw request takes: the parameters, of which moments are checked and all others are sent as they are, and the options.
local function raw_params(method, route, params, options)
  local extra, p = {}, {}
  for k, v in pairs(table_of(route, "parameters", params)) do
    local to = method.moments[k] and p or extra
    to[k] = type(v) == "string" and to == p and v:find "^%-?%d+$" and math.tointeger(tonumber(v)) or v
  end
  for k, v in pairs(table_of(route, "options", options)) do
    if method.moments[k] or k == "extra" then
      errors.raise(("%s: no option '%s': parameters are the table before the options"):format(route, k))
    end
    p[k] = v
  end
  p.extra = extra
  return p
end

-- What the C core raises about a raw request names where it goes.
local function with_route(route, ok, ...)
  if ok then return ... end
  local err = ...
  if type(err) == "string" then err = err:gsub("^request: ", function() return route .. ": " end) end
  errors.call(error, err, 0)
end

-- Makes decimals of texts and numbers that are plain numbers, in a table and those in it.
local function with_decimals(value)
  if type(value) == "table" then
    for k, v in pairs(value) do value[k] = with_decimals(v) end
    return value
  end
  local number = type(value) == "string" and #value <= 40 and value:find "^%-?%d+%.?%d*$" and not value:find "%.$"
  if not number then return value end
  local ok, x = pcall(core.decimal, value)
  return ok and x or value -- more than 34 digits stay a text
end

--- Makes a signed request to any endpoint. The result has the names of the wire, strings are texts, and null is `bybit.null`.
--- With the option `decimals = true` every text that is a plain number is a decimal, so that it counts exactly and compares as a
--- number; ids and moments that are digits too. The category is filled in if it is not given.
---@param verb "GET"|"POST"
---@param path string such as "/v5/account/wallet-balance"
---@param params? table parameters by their names on the wire; decimals are sent as strings
---@param options? table timeout, receive_window and the other options of every call; `decimals`
---@return table? result
---@return bybit.Error? err
---@return bybit.Response? response
function class_methods.request(client, verb, path, params, options)
  if type(client) ~= "userdata" then
    errors.raise "request: called with '.' in place of ':': write client:request(...)"
  end
  if verb ~= "GET" and verb ~= "POST" then
    errors.raise(("request: 'GET' or 'POST' expected, got %s"):format(tostring(verb)))
  end
  local t = core.client.table(client)
  if type(path) ~= "string" or not path:find("^/[%w/_%-]+$") then
    errors.raise(("request: a path such as '%s' expected, got %s"):format(t.class.dialect.ping, tostring(path)))
  end
  local method, route = raw_method(t.class, verb, path), ("request %s %s"):format(verb, path)
  local p = raw_params(method, route, params, options)
  local decimals = p.decimals
  p.decimals = nil
  if decimals ~= nil and type(decimals) ~= "boolean" then
    errors.raise(("%s: option 'decimals': true or false expected, got %s"):format(route, tostring(decimals)))
  end
  if t.class.dialect.category and p.extra.category == nil then p.extra.category = t.category end
  errors.set_route(p, verb, path)
  if not decimals then return with_route(route, pcall(method[1], client, p)) end
  local result, err, response = with_route(route, pcall(method[1], client, p))
  return with_decimals(result), err, response
end

return class_of
