-- What calls said, and when. A ledger notes each call with the copies of its requests that were sent, and every statement
-- about it: by the call itself, by resolve, by reconcile, by the list of unsettled intents. It concludes nothing: rules.lua
-- compares everything with what the exchange did.

local core = require "bybit.core"
local errors = require "bybit.errors"
local intents = require "bybit.outcome.intents"

local loop = core.loop
local ledger = {}

-- Method -> the kind of change that it makes.
local KIND = {
  place_order = "place", place_conditional_order = "place", modify_order = "amend", modify_conditional_order = "amend",
  cancel_order = "cancel", cancel_conditional_order = "cancel", cancel_all_orders = "all",
  cancel_all_conditional_orders = "all", set_trading_stop = "stop",
  set_leverage = "setting", create_internal_transfer = "transfer",
  place_multiple_orders = "place", modify_multiple_orders = "amend", cancel_multiple_orders = "cancel",
}

local Ledger = {}
Ledger.__index = Ledger

---@class spec.Call
---@field number integer in the order of their beginning
---@field key string step and call
---@field method string
---@field kind "place"|"amend"|"cancel"|"all"|"each"|"stop"|"part"|"setting"|"transfer" each: one by one; part: a stop that adds
---@field params table
---@field life table the client that makes it
---@field began number true seconds
---@field copies spec.Copy[] the copies that were sent
---@field tries integer attempts, even those that were not sent
---@field reads spec.Copy[]
---@field told spec.Statement[] the statements about it; first what the call itself said

---@class spec.Statement
---@field at number true seconds
---@field by "call"|"resolve"|"reconcile"
---@field life table? of a report: the client that gave it
---@field says "done"|"rejected"|"not_sent"|"unknown"|"nothing" nothing: interrupted, or dead
---@field final boolean?
---@field result table?
---@field err any?
---@field response table?

-- The element of a batch that a request is about.
local function element_of(batch, params)
  for _, call in ipairs(batch) do
    local p = call.params
    if params.orderLinkId and params.orderLinkId == (p.client_order_id or call.link)
      or params.orderId and params.orderId == (p.order_id or p.stop_order_id) then
      return call
    end
  end
end

local function add_copy(call, copy)
  call.tries = call.tries + 1
  call.link = call.link or copy.params.orderLinkId or copy.params.order_link_id or copy.params.transferId
  if not copy.never then call.copies[#call.copies + 1] = copy end
end

-- A copy of a batch is a copy of each of its elements, which ends for each of them in its own way (network.lua).
local function add_to_elements(batch, copy)
  if not copy.params.request then
    copy.call = element_of(batch, copy.params)
    return copy.call ~= nil and add_copy(copy.call, copy)
  end
  copy.parts = {}
  for i, call in ipairs(batch) do
    copy.parts[i] = setmetatable({ call = call, params = copy.params.request[i], effects = {}, done = false }, { __index = copy })
    add_copy(call, copy.parts[i])
  end
end

function ledger.new(world, network)
  local self = setmetatable({ world = world, network = network, calls = {}, strays = {}, faults = {}, lists = {},
    reports = {}, numbers = 0 }, Ledger)
  network.on_copy = function(copy)
    local call = copy.call
    if copy.verb == "GET" then
      if call and call.reads then call.reads[#call.reads + 1] = copy end
    elseif call and call.elements then
      add_to_elements(call.elements, copy)
      if not copy.parts and not copy.call and not copy.never then self.strays[#self.strays + 1] = copy end
    elseif call and call.copies then
      add_copy(call, copy)
    elseif not copy.never then
      self.strays[#self.strays + 1] = copy
    end
  end
  return self
end

local function kind_of(method, params)
  local kind = KIND[method]
  if kind == "all" and params.id_prefix then return "each" end
  if kind == "stop" and (params.tpsl_mode == "Partial" or params.stop_loss_quantity or params.take_profit_quantity) then
    return "part"
  end
  return kind
end

-- Statements and lists are numbered together, since many are made at the same moment.
function Ledger:next_number()
  self.numbers = self.numbers + 1
  return self.numbers
end

-- The statement of a call or a resolve.
local function statement(self, by, ok, result, err, response)
  local s = { at = loop.now(), number = self:next_number(), by = by, response = response,
    unconfirmed = response and response.unconfirmed ~= nil or false }
  if not ok then result, err, s.raised = nil, result, true end
  s.result, s.err = result, err
  if result ~= nil then
    s.says = "done"
  elseif errors.is(err) then
    s.says, s.final = err.outcome or "nothing", rawget(err, "final") or false
  else
    s.says = "nothing"
  end
  return s
end

-- Begins to note a call.
local function begin(self, life, key, method, params)
  local call = { number = #self.calls + 1, first_number = self:next_number(), key = key, method = method,
    kind = kind_of(method, params), params = params, life = life, began = loop.now(), copies = {}, reads = {}, tries = 0,
    told = {} }
  if call.kind == "all" or call.kind == "each" then call.standing = self:standing(method, params) end
  self.calls[call.number] = call
  return call
end

-- What a batch said of its i-th element, as a call of its own would have said it.
local function said_of(r, i)
  local ok, list, err, response = table.unpack(r, 1, 4)
  if not ok and errors.is(list) and rawget(list, "orders") then list = list.orders end
  if not ok and not rawget(type(list) == "table" and list or {}, i) or list == nil then return ok, list, err, response end
  local entry = list[i]
  local failed = rawget(entry, "error")
  return true, not failed and entry or nil, failed, response and response.orders[i]
end

--- Notes a batch: a call for each of its elements, whose parameters are in `list`; `options` stand beside them. Else as Ledger:call.
function Ledger:batch(life, key, method, list, options, make)
  local batch, given = {}, {}
  for i, p in ipairs(list) do
    given[i] = {}
    for k, v in pairs(p) do given[i][k] = v end
    for k, v in pairs(options) do p[k] = v end
    batch[i] = begin(self, life, ("%s/%d"):format(key, i), method, p)
    batch[i].batch = batch
  end
  local whole = { number = batch[1].number, key = key, elements = batch, reads = {}, life = life }
  make(function()
    local thread, main = coroutine.running()
    self.network.running[thread] = whole
    for _, call in ipairs(batch) do call.began, call.first_number = loop.now(), self:next_number() end
    if main then self.network.blocking = thread end
    for k, v in pairs(options) do given[k] = v end
    local r = table.pack(pcall(life.client[method], life.client, given))
    self.network.running[thread] = nil
    for i, call in ipairs(batch) do
      if not life.dead then
        call.told[1] = statement(self, "call", said_of(r, i))
        call.told[1].raised = not r[1] or nil
      end
      call.ended = loop.now()
      if not life.dead and not life.closed and ledger.is_open(call) then self:note_list(life, "after " .. call.key) end
    end
    whole.ended = loop.now()
    if not r[1] then error(r[2], 0) end
  end, whole)
  return batch
end

--- Notes a call and makes it with `make(f)`, which calls f in the coroutine where the call runs, and may end it early.
function Ledger:call(life, key, method, params, make)
  local call = begin(self, life, key, method, params)
  make(function()
    local thread, main = coroutine.running()
    self.network.running[thread] = call
    call.began, call.first_number = loop.now(), self:next_number() -- if it has its own task, it may begin later
    if main then self.network.blocking = thread end
    local r = table.pack(pcall(life.client[method], life.client, params))
    self.network.running[thread] = nil
    if not life.dead then call.told[1] = statement(self, "call", table.unpack(r, 1, 4)) end
    call.ended = loop.now()
    if not life.dead and not life.closed and ledger.is_open(call) then self:note_list(life, "after " .. key) end
    if not r[1] then error(r[2], 0) end
  end, call)
  return call
end

--- Notes a client's list of unsettled intents.
function Ledger:note_list(life, what)
  local ok, list = pcall(life.client.unsettled, life.client)
  self.lists[#self.lists + 1] = { life = life, at = loop.now(), number = self:next_number(), what = what,
    list = ok and list or {}, why = not ok and list }
end

--- Runs `f`, which makes requests that only read; their copies have this key.
function Ledger:reading(key, f)
  local thread, main = coroutine.running()
  if main then self.network.blocking = thread end
  self.network.running[thread] = { key = key, reads = {} }
  local r = table.pack(pcall(f))
  self.network.running[thread] = nil
  return table.unpack(r, 1, r.n)
end

--- Resolves a call.
function Ledger:resolve(call, key, options)
  local client = call.life.client
  local err = call.told[1].err
  local said = table.pack(self:reading(key, function() return client:resolve(err, options) end))
  if call.life.dead then return nil end
  local s = statement(self, "resolve", table.unpack(said, 1, 4))
  call.told[#call.told + 1] = s
  return s
end

--- Closes the intent of a call by hand.
function Ledger:dismiss(call)
  local client = call.life.client
  local s = statement(self, "dismiss", pcall(client.dismiss, client, ledger.last_error(call)))
  s.says = s.result == true and "dismissed" or "nothing"
  call.told[#call.told + 1] = s
end

-- The orders that a cancel-all must cancel: those that are open when it begins.
function Ledger:standing(method, params)
  local list, waiting = {}, method:find "conditional" ~= nil
  for _, order in self.world.account.open:each() do
    local own = not params.id_prefix or (order.link or ""):find("^" .. params.id_prefix .. "%-")
    if order.symbol == params.symbol and (order.armed or false) == waiting and own then list[#list + 1] = order end
  end
  return list
end

---------------------------------------------------------------------------------------------------------------
-- Lists of intents name a call by its method, symbol and id of ours. Calls with the same three cannot be distinguished.

--- The name of a call in lists.
function ledger.name(call)
  return ("%s %s %s"):format(call.method, call.params.symbol, (call.kind == "place" or call.kind == "transfer")
    and ledger.link(call) or call.params.client_order_id or "-")
end

--- The name of an entry of a list.
function ledger.name_of_entry(entry)
  return ("%s %s %s"):format(entry.method, rawget(entry, "symbol"), rawget(entry, "client_order_id")
    or rawget(entry, "transfer_id") or "-")
end

--- Is the outcome of a call open, by all statements so far?
function ledger.is_open(call)
  local last = ledger.last(call)
  return last == nil or last.says == "unknown" or last.says == "nothing"
end

-- Was the call settled by another task while the report was made, or by a client whose journal was closed?
local function just_settled(report, call)
  local ended = call.life.closed or call.life.died and 0
  return ledger.last(call).at >= report.began or ended and call.life ~= report.life and call.told[1].at >= ended
end

-- Was the call reported as final in an earlier life? Then its intent has ended.
local function given_up(report, call)
  local last = ledger.last(call)
  return last ~= nil and last.final and (last.life or call.life) ~= report.life
end

local ASKED = { "symbol", "side", "quantity", "price", "new_price", "new_quantity", "new_trigger_price", "stop_loss_price",
  "take_profit_price", "stop_loss_quantity", "take_profit_quantity", "buy_leverage", "amount" }
-- Which position a call is about; 0, the only one, is what a journal has for a call that does not say.
local function mode_of(params)
  return rawget(params, "position_mode") or 0
end

local SECOND = { trailing_stop_distance = "trailing_stop_price", stop_order_id = "order_id" } -- second names

-- The value as a journal keeps it: numbers as texts.
local function plain(value)
  local text = tostring(value)
  local number = tonumber(text)
  return number and ("%.12g"):format(number) or text
end

--- What a call asked for, as a text.
function ledger.asked(params)
  local parts = {}
  local function add(name, value)
    if value ~= nil then parts[#parts + 1] = ("%s=%s"):format(name, plain(value)) end
  end
  for _, name in ipairs(ASKED) do add(name, params[name]) end
  for _, name in ipairs { "trailing_stop_distance", "stop_order_id" } do add(name, params[name] or params[SECOND[name]]) end
  if mode_of(params) ~= 0 then add("position_mode", mode_of(params)) end
  return table.concat(parts, " ")
end

local function same_params(a, b)
  if mode_of(a) ~= mode_of(b) then return false end
  for _, name in ipairs(ASKED) do
    if plain(a[name]) ~= plain(rawget(b, name)) then return false end
  end
  for name, other in pairs(SECOND) do -- in any order
    if plain(a[name] or a[other]) ~= plain(rawget(b, name) or rawget(b, other)) then return false end
  end
  return true
end

-- The one of the calls whose intent an entry is about: it holds the parameters of the intent.
local function meant_by(entry, calls)
  for _, call in ipairs(calls) do
    for _, told in ipairs(call.told) do
      local intent = errors.is(told.err) and intents.of(told.err)
      if intent and intent.params == rawget(entry, "params") then return call end
    end
  end
end

-- The calls that an entry may be about: open ones with its name, otherwise those that were settled meanwhile. An entry of a
-- report may lack the symbol.
local function candidates(self, report, entry)
  local open, settled = {}, {}
  local params = rawget(entry, "params")
  for _, call in ipairs(self.calls) do
    local e = { method = entry.method, client_order_id = rawget(entry, "client_order_id"),
      transfer_id = rawget(entry, "transfer_id"), symbol = rawget(entry, "symbol") or call.params.symbol }
    if ledger.name(call) == ledger.name_of_entry(e) and not report.taken[call]
      and (not params or same_params(call.params, params)) then
      local under_way = call.tries == 0 or not call.told[1] and call.life == report.life
      if not under_way and ledger.is_open(call) and not given_up(report, call) then
        open[#open + 1] = call
      elseif not under_way and just_settled(report, call) then
        settled[#settled + 1] = call
      end
    end
  end
  if #open > 0 and #settled > 0 then -- one cannot see which is meant
    local meant = meant_by(entry, settled) or meant_by(entry, open)
    if meant then return { meant } end
  end
  return #open > 0 and open or settled
end

local SAYS = { placed = "done", done = "done", rejected = "rejected", not_sent = "rejected" }

-- Notes a statement for the one call that an entry is about. If several are possible, the entry is kept to be counted.
local function take(self, report, entry, says, final)
  local list = candidates(self, report, entry)
  local s = { at = report.at, number = self:next_number(), by = "reconcile", life = report.life,
    says = says, final = final, entry = entry, err = says ~= "done" and entry or nil,
    result = says == "done" and { client_order_id = rawget(entry, "client_order_id"),
      transfer_id = rawget(entry, "transfer_id") } or nil,
    doubtful = #list > 1 or list[1] and report.doubted[ledger.name(list[1])] }
  if #list == 0 then
    report.nobodys[#report.nobodys + 1] = entry
  elseif #list == 1 then
    report.taken[list[1]] = true
    list[1].told[#list[1].told + 1] = s
  else
    report.doubtful[#report.doubtful + 1] = { entry = entry, says = says, calls = list }
    local chosen, off -- the call that was made about then
    for _, call in ipairs(list) do
      local by = math.abs((rawget(entry, "time") or 0) - self.world:server(call.began))
      if not off or by < off then chosen, off = call, by end
    end
    report.doubted[ledger.name(chosen)] = true
    report.taken[chosen] = true
    chosen.told[#chosen.told + 1] = s
  end
end

--- Takes in what a report of reconcile says.
function Ledger:take_report(report)
  report.nobodys, report.doubtful, report.taken, report.doubted = {}, {}, {}, {}
  self.reports[#self.reports + 1], report.number = report, self:next_number()
  self:read_report(report)
  report.last_number = self:next_number()
end

function Ledger:read_report(report)
  if not report.report then return end -- it may have settled intents, but nobody is told
  -- entries that tell more come first
  for _, entry in ipairs(report.report.unclear or {}) do take(self, report, entry, "unknown", true) end
  for _, entry in ipairs(report.report.settled) do take(self, report, entry, SAYS[entry.outcome] or "unknown") end
end

--- The last statement about a call; nil when there is none.
function ledger.last(call)
  return call.told[#call.told]
end

--- The last error about a call.
function ledger.last_error(call)
  for i = #call.told, 1, -1 do
    if errors.is(call.told[i].err) then return call.told[i].err end
  end
end

--- The id of the call's order or transfer: the caller's, or the generated one.
function ledger.link(call)
  local given = call.params.client_order_id or call.params.transfer_id or call.link
  if given then return given end
  local err = call.told[1] and call.told[1].err
  return errors.is(err) and (rawget(err, "client_order_id") or rawget(err, "transfer_id")) or nil -- it was never sent
end

return ledger
