-- Intents: what was to be done by calls whose outcome is not known yet, of this run and, with a journal, of earlier ones.

local core = require "bybit.core"
local errors = require "bybit.errors"

local intents = {}

local of_error = setmetatable({}, { __mode = "k" }) -- error -> its intent

---@class bybit.Intent
---@field method string
---@field client_order_id string?
---@field params table what was asked for
---@field first integer timestamp of the first attempt, ms
---@field fence integer the exchange's clock past which none of its attempts can be accepted, ms
---@field began number? when the call began, by the loop's clock, where it was in this run
---@field outcome string? of one that has ended, in a journal
---@field earlier boolean? from the journal of an earlier run
---@field number integer? in the journal

local function list_of(client)
  return core.client.table(client).intents
end

local function copy(params)
  local out = {}
  for k, v in pairs(params) do
    if k ~= "cancel" then out[k] = v end
  end
  return out
end

--- Remembers the intent of a run that ends with an unknown outcome.
---@param run bybit.Run
---@param err bybit.Error
function intents.keep(run, err)
  local intent = run.intent
  if not intent then
    intent = { method = run.method, row = run.row.name, params = copy(run.params), first = run.first, began = run.began,
      fence = run.fence or run.first, client_order_id = run.made_id or run.params.client_order_id,
      number = run.number }
    run.intent = intent
    local list = list_of(run.client)
    list[#list + 1] = intent
  end
  intent.fence = math.max(intent.fence, run.fence or 0)
  of_error[err] = intent
end

--- The intent that an error belongs to; nil when there is none.
function intents.of(err)
  return of_error[err]
end

--- Takes a settled intent off the list.
---@param outcome "placed"|"done"|"rejected"
function intents.settled(client, intent, outcome)
  local list = list_of(client)
  for i, candidate in ipairs(list) do
    if candidate == intent then
      table.remove(list, i)
      break
    end
  end
  local t = core.client.table(client)
  if intent.number and t.journal then t.journal:done(intent.number, outcome) end
  for _, rest in ipairs(list) do
    if rest.earlier then return end
  end
  core.client.hold(client, false)
end

---------------------------------------------------------------------------------------------------------------
-- The journal's text: a line of JSON for an intent {i, t, w, m, r, p}: number, timestamp, receive window, method, row,
-- parameters by our names; for a further attempt {a, t}; for its end {d, o}. A line that is none (the last one, when
-- the machine failed while it was written) is passed over.

local function read_line(line)
  local value = core.json.decode(line)
  return type(value) == "table" and value or nil
end

--- Reads a journal: the intents that have no end, and the client order ids of all.
---@param text string
---@return bybit.Intent[] open in the order of their numbers
---@return table<string, string> ids client order id -> symbol
---@return integer last number used
---@return bybit.Intent[] done those that were carried out, in the order of their numbers
function intents.read(text)
  local by_number, order, ids, last = {}, {}, {}, 0
  for line in text:gmatch "[^\n]+" do
    local row = read_line(line)
    if row and math.type(row.i) == "integer" and type(row.p) == "table" and math.type(row.t) == "integer" then
      local intent = { number = row.i, method = row.m, row = row.r, params = row.p, first = row.t, window = row.w,
        fence = row.t + row.w + 1000, client_order_id = row.p.client_order_id, earlier = true }
      by_number[row.i] = intent
      order[#order + 1] = intent
      if intent.client_order_id then ids[intent.client_order_id] = row.p.symbol end
      last = math.max(last, row.i)
    elseif row and by_number[row.a] and math.type(row.t) == "integer" then
      local intent = by_number[row.a]
      intent.fence = math.max(intent.fence, row.t + intent.window + 1000)
    elseif row and row.d then
      local intent = by_number[row.d]
      if intent then intent.outcome = row.o end
      by_number[row.d] = nil
    end
  end
  local open, done = {}, {}
  for _, intent in ipairs(order) do
    if by_number[intent.number] == intent then
      open[#open + 1] = intent
    elseif intent.outcome == "done" then
      done[#done + 1] = intent
    end
  end
  return open, ids, last, done
end

--- Opens the journal that a client's option names.
---@param option string|{path: string, sync: boolean?}
---@return userdata journal
---@return bybit.Intent[] open
---@return bybit.Intent[] done
function intents.open(option)
  local path, sync = option, false
  if type(option) == "table" then path, sync = option.path, option.sync or false end
  local journal, why = core.journal(path, sync)
  if not journal then errors.raise(("bybit.client: journal '%s': %s"):format(path, why)) end
  local open, _, last, done = intents.read(journal:text())
  journal:start(last + 1)
  return journal, open, done
end

return intents
