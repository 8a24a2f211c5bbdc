-- Settling what was left open: by this run, or by an earlier one whose journal is read.

local core = require "bybit.core"
local cursor = require "bybit.cursor"
local errors = require "bybit.errors"
local intents = require "bybit.intents"
local recovery = require "bybit.recovery"

local reconcile = {}

local DEADLINE = 30 -- seconds, for each intent
local EARLIER = 1000 -- ms before the first open intent from which trades are read

local function check_options(name, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then
    errors.raise(("%s: a table of options expected, got %s"):format(name, type(options)))
  end
  for k in pairs(options) do
    if not known[k] then errors.raise(("%s: unknown option '%s'"):format(name, tostring(k))) end
  end
  local deadline = options.deadline
  if deadline ~= nil and (type(deadline) ~= "number" or not (deadline > 0 and deadline <= 600)) then
    errors.raise(("%s: option 'deadline': seconds from 0 to 600 expected, got %s"):format(name, tostring(deadline)))
  end
  return options
end

-- Looks once more what became of an intent. The call's results, as recovery gives them.
local function look(client, intent, err, options)
  local t = core.client.table(client)
  local run = recovery.look(t.class, client, intent, options.deadline or DEADLINE, options.cancel)
  local result, why, response = recovery.settle(run, err)
  if result then
    intents.settled(client, intent, run.row.settle == "place" and "placed" or "done")
  elseif why.outcome ~= "unknown" then
    intents.settled(client, intent, "rejected")
  end
  return result, why, response
end

local function pending(client, intent)
  for _, candidate in ipairs(core.client.table(client).intents) do
    if candidate == intent then return true end
  end
  return false
end

--- Looks what became of a call that ended with `outcome = "unknown"`. It places nothing and may be repeated: once settled
--- it gives the same again.
---@param client table
---@param err bybit.Error
---@param options? {deadline: number?, cancel: userdata?} seconds (30); a cancel token
---@return table? result what the original call would have given
---@return bybit.Error? err with an outcome of `rejected` where it is proved, else `unknown` again
---@return table? response
function reconcile.resolve(client, err, options)
  options = check_options("resolve", options, { deadline = true, cancel = true })
  if not errors.is(err) then errors.raise("resolve: an error of a call expected, got " .. type(err)) end
  local intent = intents.of(err)
  if not intent then return nil, err end
  if not pending(client, intent) and intent.settled then return table.unpack(intent.settled, 1, 3) end
  local result, why, response = look(client, intent, err, options)
  if not why or why.outcome ~= "unknown" then intent.settled = { result, why, response } end
  return result, why, response
end

--- The intents whose outcome is open: of this run and, with a journal, of earlier ones; oldest first. `client:request` is
--- not among them: nothing is known of what it does.
---@return {method: string, client_order_id: string?, symbol: string?, time: integer, earlier: boolean}[]
function reconcile.unsettled(client)
  local list = {}
  for i, intent in ipairs(core.client.table(client).intents) do
    list[i] = { method = intent.method, client_order_id = intent.client_order_id, symbol = intent.params.symbol,
      time = intent.first, earlier = intent.earlier or false }
  end
  return list
end

---------------------------------------------------------------------------------------------------------------
-- Whose orders are "own": those of the journal, or of the client's id prefix, or of the intents that were settled.

local function ownership(client, settled)
  local t = core.client.table(client)
  local ids = {}
  for _, entry in ipairs(settled) do ids[entry.client_order_id or ""] = true end
  if t.journal then
    local _, of_journal = intents.read(t.journal:text())
    for id in pairs(of_journal) do ids[id] = true end
  end
  local start = t.id_prefix and t.id_prefix .. "-"
  return function(record)
    local id = rawget(record, "client_order_id") or ""
    return ids[id] or start and id:sub(1, #start) == start or false
  end
end

local function symbols_of(list, symbol)
  if symbol then return { symbol } end
  local seen, out = {}, {}
  for _, intent in ipairs(list) do
    local name = intent.params.symbol
    if name and not seen[name] then
      seen[name] = true
      out[#out + 1] = name
    end
  end
  return out
end

local function add_own(list, into, own)
  for _, record in ipairs(list) do
    if own(record) then into[#into + 1] = record end
  end
  setmetatable(into, getmetatable(list))
end

-- One settled intent, with its order where it shows.
local function entry_of(client, intent, result, why)
  local t = core.client.table(client)
  local outcome = result and (t.class.row(intent.row).settle == "place" and "placed" or "done") or "rejected"
  local order
  if result and intent.client_order_id then
    order = t.class.dialect.find_order(t.class.inner(intent.method), client, { symbol = intent.params.symbol,
      client_order_id = intent.client_order_id }, intent.method:find "conditional" ~= nil) or nil
  end
  return { method = intent.method, client_order_id = intent.client_order_id, outcome = outcome, order = order,
    proof = why and why.proof or nil }
end

--- Settles what is open and tells how things stand. Nil and an error when the exchange cannot be asked.
---@param client table
---@param options? {symbol: string?, deadline: number?, cancel: userdata?} only this symbol; seconds for each intent (30)
---@return {settled: table[], live: table[], trades: table[], unsettled: table[]}? report settled: {method,
--- client_order_id, outcome = "placed"|"rejected"|"done" (of what is no placement), order}; live: own open orders; trades:
--- own trades since the first open intent
---@return bybit.Error? err
function reconcile.reconcile(client, options)
  options = check_options("reconcile", options, { symbol = true, deadline = true, cancel = true })
  local t = core.client.table(client)
  local open, first = {}, client:now()
  for _, intent in ipairs(t.intents) do
    if not options.symbol or intent.params.symbol == options.symbol then
      open[#open + 1] = intent
      first = math.min(first, intent.first)
    end
  end
  local report = { settled = {}, live = {}, trades = {} }
  for _, intent in ipairs(open) do
    local err = errors.new { kind = "timeout", method = intent.method, message = "of an earlier run", attempts = 0,
      elapsed = 0, client_order_id = intent.client_order_id, outcome = "unknown" }
    local result, why = look(client, intent, err, options)
    if result or why.outcome ~= "unknown" then
      report.settled[#report.settled + 1] = entry_of(client, intent, result, why)
    elseif why.kind == "cancelled" then
      return nil, why
    end
  end
  local own = ownership(client, report.settled)
  for _, symbol in ipairs(symbols_of(open, options.symbol)) do
    for _, method in ipairs { "get_open_orders_real_time", "get_open_conditional_orders_real_time" } do
      local list, err = client[method](client, { symbol = symbol, cancel = options.cancel })
      if not list then return nil, err end
      add_own(list, report.live, own)
    end
    local trades, err = cursor.collect(client, "get_user_trades", { symbol = symbol, start_time = first - EARLIER,
      cancel = options.cancel })
    if not trades then return nil, err end
    add_own(trades, report.trades, own)
  end
  report.unsettled = reconcile.unsettled(client)
  return report
end

return reconcile
