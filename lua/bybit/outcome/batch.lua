-- Batches: a request that carries the first attempts of several calls. Here the answer is taken apart, and from there on each
-- element is settled like a call of its own (recovery.lua): one rule for both. An element that has to be made again goes as a single
-- request, under its own id.

local core = require "bybit.core"
local errors = require "bybit.errors"
local evidence = require "bybit.outcome.evidence"
local log = require "bybit.outcome.log"
local objects = require "bybit.records.objects"
local recovery = require "bybit.outcome.recovery"
local Run = require "bybit.outcome.run"

local loop = core.loop

local batch = {}

---@class bybit.Element
---@field call userdata
---@field row table its declaration, as of a call of its own
---@field plain table the same, without the options of every call
---@field params table what the caller gave for it, and the options of the batch
---@field link string its client order id; "": none
---@field facts fun(client: userdata, params: table, call: userdata): table, table

local kept = setmetatable({}, { __mode = "k" }) -- options of a batch -> its elements

--- Notes the elements of a batch, whose options stand for it.
---@param options table
---@param elements bybit.Element[]
function batch.keep(options, elements)
  kept[options] = elements
end

--- The elements of a batch.
---@param options table
---@return bybit.Element[]
function batch.of(options)
  return kept[options]
end

---------------------------------------------------------------------------------------------------------------
-- Taking the answer apart. Both of its lists are in the order of the request, and as long (V5 documentation, order/create-batch).

local function integer(value)
  local n = (math.type(value) == "integer" or type(value) == "string" and value:find "^%-?%d+$") and math.tointeger(value)
  return n or nil
end

-- What the answer says of each element: records, and { code, msg }. Nil: it does not tell them apart.
local function lists_of(result, count)
  local details = rawget(result, "details")
  local codes = type(details) == "table" and details.list
  if type(codes) ~= "table" or #codes ~= count or #result ~= count then return nil end
  for _, entry in ipairs(codes) do
    if type(entry) ~= "table" or not integer(entry.code) then return nil end
  end
  return codes
end

-- Does an id of the answer contradict the one that was asked with?
local function differs(asked, told)
  return asked ~= nil and asked ~= "" and told ~= nil and asked ~= told
end

-- Why a record is not about the element; nil: it is, as far as it tells.
local function misfit(element, record, refused)
  local p, id = element.params, evidence.text(record, "order_id")
  local asked = rawget(p, "order_id") or rawget(p, "stop_order_id")
  if not id and not refused then return "the answer names no order" end
  if id and refused and element.row.settle == "place" then return "the answer names an order and refuses it" end
  if differs(asked, id) or differs(not asked and element.link or nil, evidence.text(record, "client_order_id"))
    or differs(p.symbol, evidence.text(record, "symbol")) then
    return "the answer is about another order"
  end
end

-- Puts into the facts of an element what the answer says of it.
local function read(facts, element, record, entry)
  local code = integer(entry.code)
  local why = misfit(element, record, code ~= 0)
  if why then
    facts.kind, facts.message = "decode", why
  elseif code == 0 then
    facts.kind, facts.result = "confirm", record
    if element.link ~= "" and rawget(record, "client_order_id") == nil then record.client_order_id = element.link end
  else
    facts.kind, facts.code, facts.message = "exchange", code, type(entry.msg) == "string" and entry.msg or ""
  end
end

-- What an element knows of the request that carried it, besides what is its own.
local OF_BATCH = { "kind", "message", "code", "http_status", "body", "body_size", "bars_country", "offset", "limit_reset",
  "retry_after", "raise" }

-- The facts and the response of an element, from those of the batch.
local function facts_of(client, element, facts, response)
  local own, told = element.facts(client, element.params, element.call)
  for _, name in ipairs(OF_BATCH) do own[name] = facts[name] end
  own.element = true
  own.stop, own.began = loop.now() + own.left, loop.now() - (told.duration or 0) -- others may come before it
  told.header_lines, told.time = rawget(response, "header_lines"), response.time
  return own, told
end

---------------------------------------------------------------------------------------------------------------
-- The request as a whole.

-- Makes the request until it was answered, or no further attempt is allowed. Notes its last facts and response in `last`. Returns
-- the run, and the result.
local function request(class, row, client, options, facts, response, last)
  local run = Run.new(class, row, client, options, facts, response)
  local function hear(f, r)
    last.facts, last.response = f, r
    f.settle = row.of -- for the words of its error
  end
  hear(facts, response)
  run.send = function(fresh)
    local ok, a, answer, interrupt = facts.again(fresh)
    if ok then
      last.facts, last.response = { raise = interrupt }, answer
    else
      hear(a, answer)
    end
    return ok, a, answer, interrupt
  end
  if facts.result then
    if facts.raise then run:halt("cancelled", facts.raise) end
    return run, facts.result
  end
  local ok, value = pcall(recovery.recover, run, facts, response)
  if ok then return run, value end
  run:halt("cancelled", value)
  if last.facts.sent then run.worst = "unknown" end
  return run, nil
end

-- The request was refused, or never sent: so was each element, and nothing was done. Returns the error of all.
local function refuse(class, client, run, elements, last)
  local err = recovery.error_of(run)
  for _, element in ipairs(elements) do
    local facts, response = facts_of(client, element, last.facts, last.response)
    local one = Run.new(class, element.row, client, element.params, facts, response)
    one.err, one.worst = err, err.outcome
    recovery.close(one, err, facts)
    core.client.unclaim(element.call)
  end
  log.tell(client, run.method, run.params, run.response, nil, err)
  return err
end

---------------------------------------------------------------------------------------------------------------
-- The elements.

-- Ends an element as a call of its own would end. What stands for it in the list is in `entry` then, and its response in `response`.
-- Returns what it would raise.
local function finish(class, client, element, facts, response)
  local result, err, told, raised = recovery.finish(class, element.row, client, element.params, facts, response)
  if result and getmetatable(result) == objects.metatable "order_id" then
    setmetatable(result, objects.metatable "batch_order")
  end
  facts.entry, facts.response = result or { error = err }, told
  return raised
end

-- Ends all elements, the successes first: what waits for them need not wait for the others.
local function finish_all(class, client, elements, all, raised)
  for _, successes in ipairs { true, false } do
    for i, element in ipairs(elements) do
      local own = all[i][1]
      if not own.entry and (own.result ~= nil) == successes then
        if own.raise == nil then own.raise = raised end
        local value = finish(class, client, element, own, all[i][2])
        if raised == nil then raised = value end
      end
    end
  end
  return raised
end

-- The batch returns, or raises that: notes how each element ended.
local function leave(elements, all, raised)
  for i, element in ipairs(elements) do
    local own = all[i][1]
    if own.result and not own.intent then core.client.succeeded(element.call) end
    own.leave(raised)
  end
end

-- Runs also if memory ran out on the way.
local guard = { __close = function(self)
  for i, element in ipairs(self.elements) do
    local own = self.all[i] and self.all[i][1]
    if own and own.intent then own.intent.settling = nil end
    core.client.unclaim(element.call)
  end
end }

local RANK = { not_sent = 1, rejected = 2, unknown = 3 }

-- What a cancelled task raises in place of the list.
local function cancelled(run, list)
  local worst
  for _, entry in ipairs(list) do
    local err = rawget(entry, "error")
    if err and RANK[err.outcome] > (RANK[worst] or 0) then worst = err.outcome end
  end
  local err = run:stopped()
  err.outcome, err.orders = worst, list
  return err
end

-- Reads what became of each element: { facts, response } for each.
local function read_all(client, elements, all, result, last)
  local codes = result and lists_of(result, #elements)
  for i, element in ipairs(elements) do
    local own, told = facts_of(client, element, last.facts, last.response)
    if codes then
      read(own, element, result[i], codes[i])
    elseif result then
      own.kind, own.message = "decode", "the answer does not tell of each order"
    end
    all[i] = { own, told }
  end
end

-- Something was raised in here: memory has run out, most likely. No outcome is lost to that: what was not read or settled yet is of
-- unknown outcome. Returns what the batch raises.
local function give_up(class, client, elements, all, last, raised)
  local text = "the answer could not be read"
  for i, element in ipairs(elements) do
    local own, told = element.facts(client, element.params, element.call)
    if not all[i] then
      all[i] = { own, told }
      own.kind, own.message, own.element = "network", text, true
    end
    all[i][1].sent = last.facts.sent ~= false
  end
  finish_all(class, client, elements, all, raised)
  return raised
end

-- The list that the caller gets, and the responses of its elements.
local function list_of(all)
  local list, responses = setmetatable({ failed = 0 }, objects.metatable("batch_order").__list), {}
  for i, one in ipairs(all) do
    list[i], responses[i] = one[1].entry, one[1].response
    if rawget(list[i], "error") then list.failed = list.failed + 1 end
  end
  return list, responses
end

--- Ends a batch. Returns a list with a record or { error = err } for each element, and `failed`; or nil and an error if the request was
--- refused as a whole or never sent, so that nothing was done.
---@param class table the dialect and its methods
---@param row table the batch's declaration
---@param client userdata
---@param options table
---@param facts table of the attempt, from the C core
---@param response bybit.Response
function batch.finish(class, row, client, options, facts, response)
  local elements, last = batch.of(options), {}
  local run, result = request(class, row, client, options, facts, response, last)
  if not result and run.worst ~= "unknown" then
    local err = refuse(class, client, run, elements, last)
    if run.raised ~= nil then error(errors.is(run.raised) and err or run.raised, 0) end
    return nil, err, run.response
  end
  local all = {}
  local _ <close> = setmetatable({ elements = elements, all = all }, guard)
  local ok, raised = pcall(function()
    read_all(client, elements, all, result, last)
    return finish_all(class, client, elements, all, run.raised)
  end)
  if not ok then raised = give_up(class, client, elements, all, last, raised) end
  leave(elements, all, raised)
  local list, responses = list_of(all)
  last.response.orders = responses
  if raised ~= nil and (list.failed > 0 or not errors.is(raised)) then
    if not errors.is(raised) then error(raised, 0) end
    run:halt("cancelled", raised)
    error(cancelled(run, list), 0)
  end
  return list, nil, last.response
end

return batch
