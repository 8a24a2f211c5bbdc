-- Intents: what a call of unknown outcome was to do. They come from this run and, with a journal, from earlier runs. An intent
-- is on its client's list from the first attempt of unknown outcome until its outcome is known.

local categories = require "bybit.wire.categories"
local core = require "bybit.core"
local errors = require "bybit.errors"
local fence = require "bybit.outcome.fence"

local intents = {}

local of_error = setmetatable({}, { __mode = "k" }) -- error, or entry of a list -> intent

---@class bybit.Intent
---@field method string
---@field row string the name of the declaration
---@field kind "place"|"amend"|"cancel"|"all"|"stop"|"setting"|"add"|"transfer" the rule that settles it
---@field shown table? for a setting, or what adds: the row's `shown`, see wire/rows.lua
---@field conditional boolean it is about orders with a trigger
---@field params table what was asked for
---@field symbol string?
---@field category string? the kind of contracts that it is about
---@field leg integer which position of the symbol it is about: 0 its only one, or all
---@field client_order_id string? of a transfer: its transfer_id
---@field made boolean we made the client order id
---@field copies bybit.Copy[] the copies of unknown outcome that this run sent
---@field first integer? only from an earlier run: the earliest moment at which a copy could arrive, ms
---@field fence integer? only from an earlier run: its fence, ms
---@field opened number? only from an earlier run: when the journal was opened, on the loop's clock
---@field window integer the receive window, ms
---@field earlier boolean it is from the journal of an earlier run
---@field number integer? its number in the journal
---@field settling boolean? a call is finding out its outcome now
---@field time integer? when it was made, ms
---@field sweep integer? when the first whole sweep after its fence began, ms
---@field swept integer? when that sweep ended, ms
---@field denied boolean? for a stop: that sweep did not find it
---@field one_by_one boolean? for cancel-all: it has begun to cancel orders one by one
---@field taken boolean? the exchange said that its id is taken, or that it has taken the transfer
---@field partial boolean? a trading stop in Partial mode: it adds to the others
---@field added table? for a stop that adds: the halves that are known to be added
---@field final boolean? no copy can act any more, and the records do not tell what happened
---@field record table? with `final`: the order or position as it stood
---@field settled table? { result, err, response }: how it ended
---@field singles bybit.Copy[]? for a cancel-all: the copies of its single cancels of unknown outcome
---@field parts integer[]? for a cancel-all: the numbers, in the journal, of its single cancels of unknown outcome

local function list_of(client)
  return core.client.table(client).intents
end

local function copy_of(params)
  local out = {}
  for k, v in pairs(params) do
    if k ~= "cancel" then out[k] = v end
  end
  return out
end

--- The kind of contracts that a call is about: what it names, or the client's. Nil: its row is about none.
---@param client userdata
---@param row table
---@param params table of the call
---@return string?
function intents.category_of(client, row, params)
  return row.categories and (rawget(params, "category") or core.client.table(client).category) or nil
end

-- Which position the parameters name. An unreadable journal may hold anything.
local function leg_of(params)
  local mode = params.position_mode
  return math.type(mode) == "integer" and mode or 0
end

--- Does a trading stop with these parameters add to the existing stops, and not replace them?
function intents.adds(p)
  return p.tpsl_mode == "Partial" or p.take_profit_quantity ~= nil or p.stop_loss_quantity ~= nil
end

--- Makes the intent of a run whose outcome is not known, and puts it on the list.
---@param run bybit.Run
---@return bybit.Intent
function intents.open(run)
  local p = copy_of(run.params)
  local intent = { method = run.method, row = run.row.name, kind = run.row.settle, conditional = run.conditional or false,
    params = p, symbol = p.symbol, category = run.category, leg = leg_of(p),
    client_order_id = run.made_id or p.client_order_id or p.transfer_id, shown = run.row.shown, made = run.made_id ~= nil,
    copies = {}, window = 0, earlier = false, number = run.number, time = run.client:now(), settling = true,
    partial = run.row.settle == "stop" and intents.adds(p) }
  local list = list_of(run.client)
  list[#list + 1] = intent
  return intent
end

--- Notes a copy of unknown outcome.
---@param intent bybit.Intent
---@param facts table the attempt's facts
function intents.add_copy(intent, facts)
  intent.window = facts.receive_window
  intent.copies[#intent.copies + 1] = { signed = facts.signed_at, first = facts.first, timestamp = facts.timestamp,
    window = facts.receive_window }
  intent.swept, intent.denied = nil, nil
end

--- Forgets all copies: it is proved that none of them did anything, or can.
function intents.forget_copies(intent)
  intent.copies, intent.swept, intent.denied = {}, nil, nil
end

--- Forgets the first sweep: it came too early to tell anything.
function intents.unsweep(intent)
  intent.swept, intent.denied = nil, nil
end

--- Ties an error, or an entry of a list, to its intent.
---@param object table an error, or an entry of a list
---@param intent bybit.Intent
function intents.attach(object, intent)
  of_error[object] = intent
end

--- The intent that an error, or an entry of a list, belongs to; nil when there is none.
---@return bybit.Intent?
function intents.of(object)
  return of_error[object]
end

-- The symbols on which open intents of an earlier run hold back calls that add risk; false when there are none.
local function held_symbols(client)
  local held, any = {}, false
  for _, intent in ipairs(list_of(client)) do
    if intent.earlier and not intent.final and intent.symbol then held[intent.symbol], any = true, true end
  end
  return any and held
end

--- Tells the C core on which symbols such calls are held back.
function intents.hold(client)
  core.client.hold(client, held_symbols(client))
end

--- Makes later changes of the same order, position or symbol wait until no copy of the intent can arrive any more.
---@param client userdata
---@param intent bybit.Intent
---@param call? userdata the intent's own call, while it holds a claim on the same
function intents.claim(client, intent, call)
  if not intent.kind or intent.made or not intent.earlier and #intent.copies == 0 then return end
  local ahead = not intent.earlier and fence.ahead(client, intent) or fence.length(intent.window)
  if ahead == 0 then return end
  fence.leave_at_large(client, intent)
  local kind, conditional, adds, symbol, order_id, client_order_id, setting, leg = fence.subject(intent)
  core.client.claim(client, kind, conditional, adds, symbol, order_id, client_order_id, setting, leg, ahead, call)
end

local function remove(client, intent)
  local list = list_of(client)
  for i, candidate in ipairs(list) do
    if candidate == intent then
      table.remove(list, i)
      break
    end
  end
  intent.settling = nil
  intents.hold(client)
end

local function add_part(whole, part)
  whole.parts = whole.parts or {}
  table.insert(whole.parts, part.number)
end

--- Makes an intent a part of another one, which stands for it from here on: in lists, and in the journal when it ends.
---@param client userdata
---@param part bybit.Intent
---@param whole bybit.Intent
function intents.join(client, part, whole)
  remove(client, part)
  add_part(whole, part)
  whole.singles = whole.singles or {}
  table.move(part.copies, 1, #part.copies, #whole.singles + 1, whole.singles)
end

-- The moment until which a copy of the intent may act; nil: no copy can act any more.
local function at_large(client, intent, now)
  if fence.ahead(client, intent) == 0 then return nil end
  return fence.limit(client, intent) or now + fence.length(intent.window) * 1000
end

-- Ends the intent in the journal, together with its parts.
local function finish(client, intent, outcome)
  local journal, now = core.client.table(client).journal, client:now()
  if not intent.number or not journal then return end
  journal:finish(intent.number, outcome, now, at_large(client, intent, now))
  for _, number in ipairs(intent.parts or {}) do journal:finish(number, outcome, now) end
end

--- Takes an intent off the list and ends it in the journal: its outcome is known, or nobody needs it any more.
---@param outcome "done"|"rejected"|"not_sent"|"dismissed"
function intents.close(client, intent, outcome)
  finish(client, intent, outcome)
  remove(client, intent)
end

local NAMES = { stop = "position", transfer = "transfer" }

--- Under which name the record of an intent stands in an error, or in an entry of a report.
---@param intent bybit.Intent
---@return "order"|"position"|"transfer"|"record"
function intents.names_record(intent)
  return intent.shown and intent.shown.as or NAMES[intent.kind] or "order"
end

--- Marks an intent as final: no copy can act any more, and the records do not tell what happened. It stays on the list, and
--- holds nothing back.
---@param record table? the order or position as it stands
function intents.finalize(client, intent, record)
  if intent.final then return end
  intent.final, intent.record = true, record
  finish(client, intent, "unclear")
  intents.hold(client)
end

---------------------------------------------------------------------------------------------------------------
-- The journal.

--- Writes an intent for a call that makes several requests, each with its own intent. If the process dies between them, this
--- intent tells what was still to be done.
---@param client userdata
---@param method string
---@param row table its declaration; `over` names the declaration that tells how it is settled
---@param params table
---@return integer? number nil: there is no journal, or it cannot be written
---@return string? why
function intents.begin(client, method, row, params)
  local t = core.client.table(client)
  if not t.journal then return nil end
  local inner = row.over[1]
  local now, p = client:now(), copy_of(params)
  p.category = intents.category_of(client, row, params)
  return t.journal:begin { time = now, method = method, row = inner, kind = t.class.dialect.endpoints[inner].settle,
    symbol = params.symbol, params = core.json.encode(p), window = params.receive_window or t.receive_window,
    first = core.client.arrival(client, core.loop.now()) }
end

--- Ends the intent of such a call in the journal, with the outcome that the call told.
function intents.finish(client, number, err)
  local outcome = not err and "done" or (err.outcome == "rejected" or err.outcome == "not_sent") and not err.cancelled
    and err.outcome or "unclear"
  core.client.table(client).journal:finish(number, outcome, client:now())
end

-- The parameters of a journal row; nil when they cannot be read.
local function params_of(row)
  local ok, params = core.hooks.protect(core.json.decode, row.params or "")
  return ok and type(params) == "table" and params or nil
end

local FIRST_CATEGORY = "inverse" -- of intents from when journals did not say it, since clients had no other

-- The intent of a journal row. If the row cannot be read, nothing can be found out about this intent; the others are not
-- affected.
local function of_row(class, row, opened)
  local known = row.row and class.dialect.endpoints[row.row] or {}
  local outer = row.method and class.dialect.endpoints[row.method] or {}
  local params = params_of(row)
  local kind = params and known.settle or nil
  params = params or {}
  local category = known.categories and (categories.kinds[params.category] and params.category or FIRST_CATEGORY) or nil
  return { method = row.method or "?", row = known.settle and row.row or nil, kind = kind, params = params,
    conditional = known.conditional or outer.conditional or false, symbol = row.symbol or params.symbol,
    category = category, leg = leg_of(params), shown = known.shown,
    client_order_id = row.client_order_id or params.client_order_id or params.transfer_id, made = row.made or false, copies = {},
    first = row.first, fence = row.fence, window = row.window or 60000, opened = opened, earlier = true, number = row.id,
    time = row.time, partial = kind == "stop" and intents.adds(params) }
end

-- The open cancel-all to which this single cancel belongs, known by its method's name; nil when it belongs to none.
local function whole_of(intent, list)
  if intent.kind ~= "cancel" or intent.method == intent.row then return nil end
  for _, other in ipairs(list) do
    if other.kind == "all" and other.method == intent.method and other.symbol == intent.symbol then return other end
  end
end

-- Joins a cancel-all and its single cancels to one intent. It can act as long as one of them can.
local function fold(list)
  local out = {}
  for _, intent in ipairs(list) do
    local whole = whole_of(intent, out)
    if whole then
      add_part(whole, intent)
      whole.fence = whole.fence and intent.fence and math.max(whole.fence, intent.fence)
    else
      out[#out + 1] = intent
    end
  end
  return out
end

--- The intents that an earlier run left open, and the ended ones of which a copy may still arrive.
---@param class table the dialect and its methods
---@param journal userdata
---@param now integer ms
---@return bybit.Intent[] open
---@return bybit.Intent[] at_large
function intents.of_journal(class, journal, now)
  local opened = core.loop.now()
  local function read(rows, why)
    if not rows then errors.raise("bybit.client: the journal cannot be read: " .. why) end
    for i, row in ipairs(rows) do rows[i] = of_row(class, row, opened) end
    return rows
  end
  return fold(read(journal:open_intents())), read(journal:at_large(now))
end

--- Opens the journal that the option names, for a client of this exchange, account and wire.
---@param option {path: string, sync: boolean, keep: number} keep: days
---@param bound { exchange: string, account: string, api: string, now: integer }
---@return userdata journal
function intents.open_journal(option, bound)
  local found, room = pcall(require, "bybit.journal")
  if not found then
    errors.raise("bybit.client: option 'journal': bybit/journal.so is not there: this installation was built without it")
  end
  local asked = { path = option.path, sync = option.sync, keep = option.keep, exchange = bound.exchange, account = bound.account,
    api = bound.api, now = bound.now }
  local journal, why = room.open(asked)
  if not journal then -- a client that nobody has closed, and nobody has any more, may hold it
    collectgarbage()
    journal, why = room.open(asked)
  end
  if not journal then errors.raise(("bybit.client: journal '%s': %s"):format(option.path, why)) end
  return journal
end

return intents
