-- Settles intents whose outcome is open, of this run or of an earlier run whose journal is read. It only looks: nothing that
-- changes anything is sent.

local categories = require "bybit.wire.categories"
local core = require "bybit.core"
local errors = require "bybit.errors"
local evidence = require "bybit.outcome.evidence"
local fence = require "bybit.outcome.fence"
local hints = require "bybit.later".module "bybit.wire.hints"
local intents = require "bybit.outcome.intents"
local Run = require "bybit.outcome.run"
local settle = require "bybit.outcome.settle"
local walk = require "bybit.wire.walk"

local reconcile = {}

local DEADLINE = 30 -- seconds, besides the longest receive window of the intents

local function check_options(name, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then
    errors.raise(("%s: a table of options expected, got %s"):format(name, type(options)))
  end
  for k in pairs(options) do
    if not known[k] then errors.raise(("%s: unknown option '%s'%s"):format(name, tostring(k), hints.known(k, known))) end
  end
  local symbol = options.symbol
  if symbol ~= nil and not (type(symbol) == "string" and symbol:find "^[A-Z0-9][A-Z0-9%-]+$") then
    errors.raise(("%s: option 'symbol': a symbol such as 'BTCUSD' expected, got %s"):format(name, tostring(symbol)))
  end
  local category = options.category
  if category ~= nil and not categories.kinds[category] then
    errors.raise(("%s: option 'category': one of '%s' expected, got %s"):format(name, table.concat(categories.names, "', '"),
      tostring(category)))
  end
  local prefix = options.id_prefix
  if prefix ~= nil and not (type(prefix) == "string" and prefix:find "^[%w_%-]+$") then
    errors.raise(("%s: option 'id_prefix': letters, digits, '-' and '_' expected, got %s"):format(name, tostring(prefix)))
  end
  local deadline = options.deadline
  if deadline ~= nil and (type(deadline) ~= "number" or not (deadline > 0 and deadline <= 600)) then
    errors.raise(("%s: option 'deadline': seconds from 0 to 600 expected, got %s"):format(name, tostring(deadline)))
  end
  return options
end

local function deadline_of(list, options)
  local window = 0
  for _, intent in ipairs(list) do window = math.max(window, intent.window) end
  return options.deadline or DEADLINE + window / 1000
end

---------------------------------------------------------------------------------------------------------------
-- Looking.

local function copy_of(err, change)
  local copy = { change = change }
  for k, v in pairs(err) do copy[k] = v end
  return copy
end

-- A run for one of the intents that `run` looks for.
local function run_of(run, intent, err)
  local class = run.class
  local params = setmetatable({ cancel = run.params.cancel }, { __index = intent.params })
  return setmetatable({ intent = intent, params = params, made_id = intent.made and intent.client_order_id or nil,
    method = intent.method, category = intent.category, row = intent.row and class.row(intent.row) or {},
    conditional = intent.conditional,
    err = errors.new(copy_of(err, intent.kind), intent.params), worst = "unknown" }, { __index = run })
end

-- Notes what was concluded of an intent. Returns the intent's results, as its call would have returned them.
local function finish(run, intent, err, conclusion)
  if intent.settled then return intent.settled end -- another look was first: what was told once stays
  local one = run_of(run, intent, err)
  local result = settle.apply(one, conclusion)
  one.err.outcome = one.worst
  if one.worst == "unknown" and not result then
    intents.attach(one.err, intent)
  else
    intents.close(run.client, intent, result and "done" or one.worst)
  end
  intent.settled = { result, not result and one.err or nil, run.response }
  return intent.settled
end

-- The error of an intent whose call ended long ago.
local function error_of(intent)
  return errors.new({ kind = "timeout", method = intent.method, change = intent.kind, message = "of an earlier call",
    attempts = 0, elapsed = 0, client_order_id = intent.client_order_id, outcome = "unknown" }, intent.params)
end

-- Looks for all intents together. Returns the run, and a list of { intent, conclusion }; `finish` is still to be called for each.
local function look(client, name, list, options)
  local t, found = core.client.table(client), {}
  local run = Run.look(t.class, client, name, { cancel = options.cancel }, deadline_of(list, options))
  local ok, value = pcall(settle.watch, run, list, function(intent, conclusion)
    found[#found + 1] = { intent, conclusion }
  end)
  if not ok then run:halt("cancelled", value) end
  return run, found
end

-- Raises what stopped the run, if anything: what Ctrl-C raised, or, when its task was cancelled, the error that says what is
-- known.
local function raise(run, err)
  if run.raised == nil then return end
  error(errors.is(run.raised) and err or run.raised, 0)
end

local function is_open(client, intent)
  for _, candidate in ipairs(core.client.table(client).intents) do
    if candidate == intent then return not intent.final and not intent.settling end
  end
  return false
end

--- Finds out what became of a call that ended with `outcome = "unknown"`. It places nothing, and may be called again: once
--- settled, it returns the same.
---@param client table
---@param err bybit.Error
---@param options? {deadline: number?, cancel: userdata?} seconds (30 and the receive window); a cancel token
---@return table? result what the original call would have returned
---@return bybit.Error? err its outcome is `rejected` if that is proved, else `unknown` again; with `final` if no copy of the
--- call can act any more and the records do not tell
---@return table? response
function reconcile.resolve(client, err, options)
  options = check_options("resolve", options, { deadline = true, cancel = true })
  if not errors.is(err) then errors.raise("resolve: an error of a call expected, got " .. type(err)) end
  local intent = intents.of(err)
  if not intent then return nil, err end
  if intent.settled then return table.unpack(intent.settled, 1, 3) end
  if not is_open(client, intent) then return nil, err end
  local run, found = look(client, intent.method, { intent }, options)
  if intent.settled then return table.unpack(intent.settled, 1, 3) end -- another look was faster
  if found[1] then return table.unpack(finish(run, intent, err, found[1][2]), 1, 3) end
  local still = run_of(run, intent, err).err
  if run.halted then still.kind, still.message = run.halted, run.halted end
  still.outcome, still.retryable = "unknown", false
  intents.attach(still, intent)
  raise(run, still)
  return nil, still, run.response
end

---------------------------------------------------------------------------------------------------------------
-- The list.

local function entry_of(intent)
  local transfers = intent.kind == "transfer"
  local entry = { method = intent.method, client_order_id = not transfers and intent.client_order_id or nil,
    transfer_id = transfers and intent.client_order_id or nil, symbol = intent.symbol, time = intent.time,
    earlier = intent.earlier, final = intent.final or nil }
  intents.attach(entry, intent)
  return entry
end

--- The intents whose outcome is open, of this run and, with a journal, of earlier runs; oldest first. An intent has
--- `final = true` if no copy of it can act any more and the records do not tell what happened; client:dismiss takes it off the
--- list. Calls of `client:request` are not listed, since nothing is known of what they do.
---@return {method: string, client_order_id: string?, transfer_id: string?, symbol: string?, time: integer, earlier: boolean,
--- final: boolean?}[]
function reconcile.unsettled(client)
  local list = {}
  for _, intent in ipairs(core.client.table(client).intents) do
    if not intent.settling then list[#list + 1] = entry_of(intent) end
  end
  return list
end

--- Closes an intent by hand, in the journal too, because its outcome does not matter any more. It then holds nothing back.
---@param client table
---@param intent table an entry of client:unsettled() or of a report's `unclear` or `unsettled`, or the error of the call
---@return true
function reconcile.dismiss(client, intent)
  local found = type(intent) == "table" and intents.of(intent) or nil
  if not found then
    errors.raise("dismiss: an entry of client:unsettled(), or an error of unknown outcome, expected, got " .. type(intent))
  end
  for _, candidate in ipairs(core.client.table(client).intents) do
    if candidate == found then
      intents.close(client, found, "dismissed")
      return true
    end
  end
  return true
end

---------------------------------------------------------------------------------------------------------------
-- How things stand.

local function unreadable(why)
  return errors.new({ kind = "guard", method = "reconcile", message = "the journal cannot be read: " .. why, attempts = 0,
    elapsed = 0 })
end

-- A function that adds the "own" records of a list to another list. A record is own if its id has the client's prefix, is in
-- the journal, or belongs to a placement that was settled as done. With a prefix of the call's own, only its records are. The function
-- returns an error if the journal cannot be read.
local function ownership(client, found, prefix)
  local t, owned = core.client.table(client), {}
  for _, entry in ipairs(found) do
    local intent, conclusion = entry[1], entry[2]
    if intent.kind == "place" and intent.client_order_id and not conclusion.unclear then
      owned[intent.client_order_id] = conclusion.done ~= nil
    end
  end

  local function learn(list)
    local asked = {}
    for _, record in ipairs(list) do
      local id = evidence.text(record, "client_order_id")
      if id and owned[id] == nil then
        owned[id] = t.id_prefix and walk.has_prefix(id, t.id_prefix) or false
        if not owned[id] then asked[#asked + 1] = id end
      end
    end
    if #asked == 0 or not t.journal then return nil end
    local set, why = t.journal:owned(asked)
    if not set then return unreadable(why) end
    for id in pairs(set) do owned[id] = true end
  end

  local function is_own(id)
    if prefix then return walk.has_prefix(id, prefix) end
    return owned[id]
  end

  return function(list, into)
    local err = not prefix and learn(list)
    if err then return err end
    for _, record in ipairs(list) do
      if is_own(evidence.text(record, "client_order_id")) then into[#into + 1] = record end
    end
    setmetatable(into, getmetatable(list))
  end
end

-- The symbols of the journal and of the intents. Nil and an error: the journal cannot be read.
local function symbols_of(client, list)
  local t, seen, out = core.client.table(client), {}, {}
  local function add(name)
    if name and not seen[name] then
      seen[name] = true
      out[#out + 1] = name
    end
  end
  if t.journal then
    local names, why = t.journal:symbols()
    if not names then return nil, unreadable(why) end
    for _, name in ipairs(names) do add(name) end
  end
  for _, intent in ipairs(list) do add(intent.symbol) end
  return out
end

-- The kinds of contracts that may have own orders: the client's, and those of the symbols. With a prefix it may be each.
local function kinds_of(t, symbols, prefix)
  local found = { [t.category] = true }
  for _, symbol in ipairs(symbols) do
    local kind = categories.of(symbol)
    for _, name in ipairs(kind and { kind } or categories.names) do found[name] = true end
  end
  local list = {}
  for _, name in ipairs(categories.names) do
    if found[name] or prefix then list[#list + 1] = name end
  end
  return list
end

-- Where own orders may be open, as parameters of requests: a symbol, or all symbols of a kind or of a coin at once. `unsure`: the
-- exchange may have no such place. Nil and an error: the journal cannot be read.
local function places_of(client, list, options)
  local t, places = core.client.table(client), {}
  local with_categories = t.class.dialect.category
  if options.symbol then
    local kind = with_categories and (options.category or categories.of(options.symbol) or t.category) or nil
    return { { symbol = options.symbol, category = kind, unsure = true } }
  end
  local symbols, err = symbols_of(client, list)
  if not symbols then return nil, err end
  if not with_categories then
    for _, symbol in ipairs(symbols) do places[#places + 1] = { symbol = symbol, unsure = true } end
    return places
  end
  for _, name in ipairs(options.category and { options.category } or kinds_of(t, symbols,
    options.id_prefix or t.id_prefix)) do
    for _, coin in ipairs(categories.kinds[name].narrow and categories.kinds[name].settle or { false }) do
      places[#places + 1] = { category = name, settle_coin = coin or nil, unsure = name ~= t.category }
    end
  end
  return places
end

-- Does the error concern this place alone, for example since the symbol was delisted? Then the others are still read.
local function concerns_place(err)
  return err.kind == "exchange" and not err.retryable
end

local function read_live(client, run, report, places, own)
  local dialect = run.class.dialect
  for _, place in ipairs(places) do
    for _, conditional in ipairs { false, true } do
      local list, err = dialect.open_orders(run.call, client, run:reading { symbol = place.symbol, category = place.category,
        settle_coin = place.settle_coin }, conditional)
      if list then
        err = own(list, report.live)
        if err then return err end
      elseif not place.unsure or not concerns_place(err) then
        return err
      end
    end
  end
end

local function read_trades(run, report, list, first, own)
  local seen = {}
  for _, intent in ipairs(list) do
    local symbol = intent.symbol
    if symbol and not seen[symbol] then
      seen[symbol] = true
      local trades, err = run.class.dialect.all_trades(run.call, run.client, run:reading { symbol = symbol,
        category = intent.category, since = fence.before(first) })
      if trades then
        err = own(trades, report.trades)
        if err then return err end
      elseif not concerns_place(err) then
        return err
      end
    end
  end
end

-- The entry of the report for a settled intent.
local function settled_entry(intent, settled, conclusion)
  local result, err = settled[1], settled[2]
  local outcome = result and (intent.kind == "place" and "placed" or "done") or "rejected"
  local name = intents.names_record(intent)
  local record = name ~= "position" and result and conclusion.done or nil
  local entry = entry_of(intent)
  entry.earlier, entry.final = nil, nil
  entry.params, entry.outcome, entry.proof = intent.params, outcome, err and err.proof or nil
  entry[name] = record and next(record) and record or nil
  return entry
end

local function unclear_entry(intent)
  local entry = entry_of(intent)
  entry.params = intent.params
  entry[intents.names_record(intent)] = intent.record
  return entry
end

-- Is the intent one of those that the options name?
local function is_wanted(intent, options)
  return (not options.symbol or intent.symbol == options.symbol)
    and (not options.category or intent.category == nil or intent.category == options.category)
end

--- Settles all open intents together, and reports the state of the account. Nil and an error when the exchange cannot be asked.
---@param client table
---@param options? {symbol: string?, category: string?, id_prefix: string?, deadline: number?, cancel: userdata?} only this symbol, only
--- this kind of contracts; only live orders and trades whose client_order_id begins with this and a '-'; seconds for the whole call (30
--- and the longest receive window); a cancel token
---@return {settled: table[], live: table[], trades: table[], unclear: table[], unsettled: table[]}? report settled:
--- {method, client_order_id or transfer_id, symbol, time, params, outcome = "placed"|"rejected"|"done" (a change that is no
--- placement), order (of a transfer: transfer; of a setting: record), proof};
--- live: every own open order (on v2 only for the symbols that the journal knows), of the kinds of contracts that the client, its
--- journal and its open intents are about, and with an `id_prefix` of each kind; trades: own trades since the first
--- open intent; unclear: intents that cannot act any more and that the records do not tell of, with the order, position, transfer or
--- record as it stands; unsettled: intents that are still open, for every symbol
---@return bybit.Error? err
function reconcile.reconcile(client, options)
  options = check_options("reconcile", options, { symbol = true, category = true, id_prefix = true, deadline = true,
    cancel = true })
  local t = core.client.table(client)
  local open, first = {}, client:now()
  for _, intent in ipairs(t.intents) do
    if is_open(client, intent) and is_wanted(intent, options) then
      open[#open + 1] = intent
      first = math.min(first, fence.earliest(client, intent) or intent.time or first)
    end
  end
  local report = { settled = {}, live = {}, trades = {}, unclear = {}, unsettled = {} }
  local run, found = look(client, "reconcile", open, options)
  if run.halted then
    raise(run, run:stopped())
    return nil, run:stopped()
  end
  local own = ownership(client, found, options.id_prefix)
  run.stop = math.max(run.stop, core.loop.now() + DEADLINE)
  local places, err = places_of(client, open, options)
  err = err or read_live(client, run, report, places, own) or read_trades(run, report, open, first, own)
  raise(run, err)
  if err then return nil, err end
  -- Settled only now: a caller who gets an error in place of a report finds all intents still open.
  for _, entry in ipairs(found) do
    local intent, conclusion = entry[1], entry[2]
    local settled = finish(run, intent, error_of(intent), conclusion)
    if not intent.final then report.settled[#report.settled + 1] = settled_entry(intent, settled, conclusion) end
  end
  for _, intent in ipairs(t.intents) do
    if intent.final and not intent.settling and is_wanted(intent, options) then -- a call that still runs tells it
      report.unclear[#report.unclear + 1] = unclear_entry(intent)
    end
  end
  for _, entry in ipairs(reconcile.unsettled(client)) do
    if not entry.final then report.unsettled[#report.unsettled + 1] = entry end
  end
  return report
end

return reconcile
