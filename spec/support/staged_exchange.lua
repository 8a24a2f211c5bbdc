-- A stage for short scenarios about outcomes: the paper exchange's engine in the spec's own Lua state, in virtual time, behind
-- a network that does what the spec says. A scenario plans what happens to the next requests of a kind (lost, late, refused,
-- done without an answer), lets another program act on the same account, puts odd values into answers, and reads the books.
--
--   local exchange = staged.start()
--   local client = exchange:client { api = "v2" }
--   exchange:plan("amend", staged.late(1))              -- the first copy arrives a second after its client met a 504
--   exchange.hand:modify_order { ... }                  -- another program; its requests are never lost
--   exchange:odd("quantity", '"many"')                  -- all answers to reads say so from now on
--   exchange:order(id).price                            -- the truth

local bybit = require "bybit"
local cjson = require "cjson"
local core = require "bybit.core"
local host = require "bybit.paper.host"
local pack = require "bybit.paper.pack"
local percent = require "spec.support.percent"

local loop = core.loop
local staged = {}

local KEY, SECRET = "paperKey0123456789", "paperSecretPaperSecretPaperSecret001"
local START = 1700000000000

--- Both wires, for scenarios that are the same on both.
staged.WIRES = { "v5", "v2" }

-- Kinds of requests by the end of their path; requests that only read are "read".
local KINDS = { ["order/create"] = "place", ["order/amend"] = "amend", ["order/replace"] = "amend", ["order/cancel"] = "cancel",
  ["order/cancel-all"] = "all", ["order/cancelAll"] = "all", ["position/trading-stop"] = "stop",
  ["position/set-leverage"] = "setting", ["position/add-margin"] = "add", ["asset/transfer/inter-transfer"] = "transfer",
  ["account/demo-apply-money"] = "add", ["account/set-limit-px-action"] = "setting" }

-- Our field names -> how the answers of both wires spell them.
local SPELLED = {
  order_id = { "orderId", "order_id", "stop_order_id" }, client_order_id = { "orderLinkId", "order_link_id" },
  symbol = { "symbol" }, side = { "side" }, price = { "price" }, quantity = { "qty" }, type = { "orderType", "order_type" },
  status = { "orderStatus", "order_status", "stop_order_status" }, create_time = { "createdTime", "created_at" },
  update_time = { "updatedTime", "updated_at" }, take_profit_price = { "takeProfit", "take_profit" },
  stop_loss_price = { "stopLoss", "stop_loss" }, trailing_stop_price = { "trailingStop", "trailing_stop" },
  trigger_price = { "triggerPrice", "stop_px" }, stop_order_type = { "stopOrderType", "stop_order_type" },
  filled_quantity = { "cumExecQty", "cum_exec_qty" }, filled_value = { "cumExecValue", "cum_exec_value" },
  avg_price = { "avgPrice" }, reduce_only = { "reduceOnly", "reduce_only" }, size = { "size" },
  leverage = { "leverage" }, transfer_id = { "transferId" }, transfer_status = { "status" },
  time_in_force = { "timeInForce", "time_in_force" }, tpsl_mode = { "tpslMode", "tp_sl_mode" },
}

local Exchange = {}
Exchange.__index = Exchange

---@class spec.StagedCopy one request of a client (not of the other hand)
---@field kind string
---@field path string
---@field params table
---@field at integer when it was sent, on the exchange's clock (ms)
---@field timestamp integer its signed timestamp
---@field when integer? when it arrived
---@field code integer? what the exchange said
---@field done boolean the exchange carried it out

--- An exchange, and virtual time. BTCUSD is at 30000, ETHUSD at 2000.
---@param options { ahead: integer?, lag: integer? }? ahead: ms that the local clock is ahead of the exchange's
function staged.start(options)
  options = options or {}
  loop.virtual(START)
  local self = setmetatable({ plans = {}, standing = {}, edits = {}, late = {}, copies = {}, shifted = 0 }, Exchange)
  local boot = pack.write { keys = { { key = KEY, secret = SECRET } }, seed = 1, limits = false, lag = options.lag or 0 }
  self.on_request, self.on_command = host.start(boot, function() return (self.moment or self:now()) * 1000000 end)
  self:command("set_price", "BTCUSD", "30000", {})
  self:command("set_price", "ETHUSD", "2000", {})
  self.hand = self:client_of(function(request) return self:untouched(request) end, { id_prefix = "hand" })
  self:set_clock(options.ahead or 0)
  return self
end

--- Ends the stage: time is real again, and the local clock is right.
function Exchange:close()
  loop.shift(-self.shifted)
  self.shifted = 0
  loop.real()
end

--- The exchange's clock, ms. Steps of the local clock do not change it.
function Exchange.now()
  return START + math.floor(loop.now() * 1000 + 1e-6)
end

--- Sets the local clock to that many ms ahead of the exchange's.
function Exchange:set_clock(ahead)
  loop.shift(ahead - self.shifted)
  self.shifted = ahead
end

function Exchange:command(...)
  return pack.read(self.on_command(pack.write(...)))
end

---------------------------------------------------------------------------------------------------------------
-- The network.

local function params_of(text)
  return text:find "^{" and cjson.decode(text) or percent.params(text)
end

local function kind_of(verb, path)
  if verb == "GET" then return "read" end
  local name = path:gsub("^/v5/", ""):gsub("^/v2/private/", "")
  return KINDS[name] or KINDS[(name:gsub("^stop%-", ""))] or name
end

local function read_request(self, request)
  local target = request.url:match "^https?://[^/]+(.*)$"
  local path, query = target:match "^([^?]*)%??(.*)$"
  local headers = {}
  for _, line in ipairs(request.headers) do
    local name, value = line:match "^([^:]+): (.*)$"
    headers[name:upper()] = value
  end
  local body = request.body or ""
  local params = params_of(body ~= "" and body or query)
  return { verb = request.verb, target = target, path = path, kind = kind_of(request.verb, path), body = body, params = params,
    headers = headers, at = self:now(), timestamp = math.tointeger(tonumber(headers["X-BAPI-TIMESTAMP"] or params.timestamp)),
    timeout = request.timeout, done = false }
end

local function replace(body, name, value)
  for _, form in ipairs { '"[^"]*"', "[-%d.][%d.eE+-]*", "true", "false", "null" } do
    body = body:gsub(('("%s":)%s'):format(name, form), function(key) return key .. value end)
  end
  return body
end

--- The exchange gets the request. Returns its answer, with the spec's changes.
function Exchange:deliver(copy, moment)
  self.moment = moment
  local h = copy.headers
  local status, body = self.on_request(copy.verb, copy.target, copy.body, "127.0.0.1", h["X-BAPI-API-KEY"],
    h["X-BAPI-TIMESTAMP"], h["X-BAPI-SIGN"], h["X-BAPI-RECV-WINDOW"])
  self.moment = nil
  local said = body:find "^{" and cjson.decode(body) or {}
  copy.when, copy.code = moment or self:now(), said.retCode or said.ret_code
  copy.done = copy.code == 0
  for _, edit in ipairs(self.edits) do
    if edit.kind == copy.kind and body:find(edit.of, 1, true) then
      body = edit.f and edit.f(body, copy) or edit.name and replace(body, edit.name, edit.value) or body
    end
  end
  return { status = status, body = body }
end

-- The other program's requests have no faults.
function Exchange:untouched(request)
  self:catch_up()
  local edits = self.edits
  self.edits = {}
  local transfer = self:deliver(read_request(self, request))
  self.edits = edits
  return transfer
end

--- Copies that are on their way and due arrive now.
function Exchange:catch_up()
  table.sort(self.late, function(a, b) return a.due < b.due end)
  while self.late[1] and self.late[1].due <= self:now() do
    local copy = table.remove(self.late, 1)
    self:deliver(copy, copy.due)
  end
end

local function start(self, request)
  self:catch_up()
  local copy = read_request(self, request)
  self.copies[#self.copies + 1] = copy
  loop.advance(0.002)
  local plan = self.plans[copy.kind]
  local what = plan and table.remove(plan, 1) or self.standing[copy.kind]
  local transfer = what and what(self, copy)
  if not transfer then
    transfer = self:deliver(copy)
    loop.advance(0.002)
  end
  return transfer
end

function Exchange:client_of(serve, options)
  self.clients = (self.clients or 0) + 1 -- so that no two clients make the same ids
  local o = { environment = { url = "http://127.0.0.1:1" }, key = KEY, secret = SECRET, seed = 7 + self.clients,
    rate = false, timeout = 1, transport = { start = function(_, request) return serve(request) end } }
  for k, v in pairs(options or {}) do o[k] = v end
  return bybit.client(o)
end

--- A client on this exchange, with a timeout of a second.
function Exchange:client(options)
  return self:client_of(function(request) return start(self, request) end, options)
end

---------------------------------------------------------------------------------------------------------------
-- Fates of a request. Each is f(exchange, copy) -> the transfer that the client gets, or nil: it is answered normally.

--- Carried out, and the client gets no answer.
function staged.lost_answer(exchange, copy)
  exchange:deliver(copy)
  loop.advance(copy.timeout)
  return { error = "timeout", message = "no answer", sent = true }
end

--- Never arrives, and the client gets no answer.
function staged.lost_request(_, copy)
  loop.advance(copy.timeout)
  return { error = "timeout", message = "no answer", sent = true }
end

--- Not sent.
function staged.refused()
  return { error = "network", message = "connection refused", sent = false }
end

--- No connection within `seconds`: not sent.
function staged.no_connect(seconds)
  return function()
    loop.advance(seconds)
    return { error = "timeout", message = "no connection", sent = false }
  end
end

--- A gateway's page at once; the request arrives that many seconds later.
function staged.late(seconds)
  return function(exchange, copy)
    copy.due = exchange:now() + math.floor(seconds * 1000)
    exchange.late[#exchange.late + 1] = copy
    return { status = 504, body = "<html><head><title>504</title></head></html>" }
  end
end

--- A gateway's page; the request never arrives.
function staged.page()
  return { status = 504, body = "<html><head><title>504</title></head></html>" }
end

--- The exchange refuses with a code, in the words of the wire.
function staged.code(code, message)
  return function(exchange, copy)
    local now = exchange:now()
    local form = copy.path:find "^/v5/" and '{"retCode":%d,"retMsg":"%s","result":{},"retExtInfo":{},"time":%d}'
      or '{"ret_code":%d,"ret_msg":"%s","ext_code":"","ext_info":"","result":null,"time_now":"%d.%03d"}'
    if copy.path:find "^/v5/" then return { status = 200, body = form:format(code, message or "refused", now) } end
    return { status = 200, body = form:format(code, message or "refused", now // 1000, now % 1000) }
  end
end

--- Carried out; then `act(copy)` runs; the client gets no answer.
function staged.then_lost(act)
  return function(exchange, copy)
    exchange:deliver(copy)
    act(copy)
    loop.advance(copy.timeout)
    return { error = "timeout", message = "no answer", sent = true }
  end
end

--- `act(copy)` runs while the request is on its way; then `what` happens to it, or it is answered normally.
function staged.meanwhile(act, what)
  return function(exchange, copy)
    act(copy)
    return what and what(exchange, copy)
  end
end

--- No fault.
function staged.well() end

--- Plans the fates of the next requests of a kind ("place", "amend", "cancel", "all", "stop", "read"), in order.
function Exchange:plan(kind, ...)
  self.plans[kind] = { ... }
end

--- Sets the fate of all requests of a kind that have no planned fate; nil: no fault any more.
function Exchange:always(kind, what)
  self.standing[kind] = what
end

--- From now on a field (by our name) has this JSON text as its value in answers to reads, or to another kind.
---@param field string
---@param value string JSON
---@param kind string?
---@param of string? only in answers that hold this text
function Exchange:odd(field, value, kind, of)
  for _, name in ipairs(assert(SPELLED[field], field)) do
    self.edits[#self.edits + 1] = { kind = kind or "read", name = name, value = value, of = of or "" }
  end
end

--- From now on f(body, copy) returns the text of answers of a kind.
function Exchange:rewrite(kind, f)
  self.edits[#self.edits + 1] = { kind = kind, f = f, of = "" }
end

--- Answers are true again.
function Exchange:plain() self.edits = {} end

--- Ends all faults, and waits until every copy on its way has arrived or is too old.
function Exchange:calm()
  self.plans, self.standing, self.edits = {}, {}, {}
  loop.advance(30)
  self:catch_up()
end

---------------------------------------------------------------------------------------------------------------
-- The truth.

function Exchange:books()
  return self:command("books", KEY)
end

--- An order in the books, by either id; nil when there is none.
function Exchange:order(id)
  for _, order in ipairs(self:books().orders) do
    if order.order_id == id or order.client_order_id == id then return order end
  end
end

--- The trigger price of an open stop of the position: "StopLoss", "TakeProfit", "PartialStopLoss" ...; nil: there is none.
function Exchange:stop_at(stop_order_type)
  for _, order in ipairs(self:books().orders) do
    if order.open and order.stop_order_type == stop_order_type then return order.trigger_price end
  end
end

--- How many orders with this id of ours there are.
function Exchange:count(client_order_id)
  local n = 0
  for _, order in ipairs(self:books().orders) do n = n + (order.client_order_id == client_order_id and 1 or 0) end
  return n
end

--- How many requests of a kind were sent.
function Exchange:sent(kind)
  local n = 0
  for _, copy in ipairs(self.copies) do n = n + (copy.kind == kind and 1 or 0) end
  return n
end

--- The copies of a kind, in order.
function Exchange:of_kind(kind)
  local list = {}
  for _, copy in ipairs(self.copies) do
    if copy.kind == kind then list[#list + 1] = copy end
  end
  return list
end

--- The moment after which the exchange no longer accepts a copy.
function staged.fence_of(copy)
  return copy.timestamp + 5000 + 1000
end

---------------------------------------------------------------------------------------------------------------
-- Journals, and death.

local files = {}

--- A path for a journal; staged.clean() removes what is there.
function staged.journal()
  local path = os.tmpname()
  os.remove(path)
  files[#files + 1] = path
  return path
end

local function copy_file(from, to)
  local file = io.open(from, "rb")
  if not file then return end
  local text = file:read "a"
  file:close()
  local out = assert(io.open(to, "wb"))
  out:write(text)
  out:close()
end

--- Copies a journal as it would be left if the process were killed now. Returns the copy's path.
function staged.killed(path)
  local other = staged.journal()
  for _, ending in ipairs { "", "-wal" } do copy_file(path .. ending, other .. ending) end
  os.execute(("chmod 600 '%s'*"):format(other))
  return other
end

--- A client that is killed now, and comes back with its journal when no copy of its calls is on its way any more.
---@param client userdata
---@param path string its journal
function Exchange:come_back(client, path)
  local left = staged.killed(path)
  client:close()
  self:calm()
  return self:client { journal = left }
end

--- Removes journals.
function staged.clean()
  for _, path in ipairs(files) do
    for _, ending in ipairs { "", "-wal", "-shm", "-journal" } do os.remove(path .. ending) end
  end
  files = {}
end

return staged
