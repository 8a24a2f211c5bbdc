-- Makes the answer to a request: finds the endpoint, checks key and limits in the exchange's order, calls the endpoint's
-- function, and writes envelope and headers (V5 documentation, integration guidance).

local answer = require "bybit.paper.answer"
local auth = require "bybit.paper.auth"
local cursor = require "bybit.paper.v5.cursor"
local faults = require "bybit.paper.faults"
local moments = require "bybit.tasks.timers"
local params = require "bybit.paper.params"
local plain_orders = require "bybit.paper.engine.plain"

local read_body, write_done = params.body, require("bybit.paper_engine").done
local in_window, signed = auth.in_window, auth.signed
local find, sub, format, traceback = string.find, string.sub, string.format, debug.traceback

local JSON, TEXT = "application/json; charset=utf-8", "text/plain; charset=utf-8"

---What an endpoint's function may ask of the request it serves.
---@class bybit.paper.Context
---@field now integer ms
---@field nanoseconds integer since 1970
---@field entry table? the caller's key: {key=, read_only=, public_key=}
---@field fault table? the fault that strikes the request, see faults.lua
---@field private endpoint table
---@field private left integer? units the account has left on the endpoint
---@field private wire table
local Context = {}
Context.__index = Context

-- Whose lists they are that a cursor goes on with.
local function scope_of(self)
  local name = self.endpoint.name
  return self.entry and self.entry.key .. "\0" .. name or name
end

---A page of 'rows' for params.limit and params.cursor; options and results are cursor.page's.
function Context:page(rows, asked, options)
  return cursor.page(scope_of(self), rows, asked, options)
end

---How many rows a page has, and after which key it begins; results are cursor.position's. A long list needs to find only
---the rows after that key, and one more than the page holds.
function Context:position(asked, options)
  return cursor.position(scope_of(self), asked, options)
end

---Counts 'units' against the endpoint's limit (batches: one per order) and tells how many may be done.
---@param units integer
---@return integer granted
function Context:take(units)
  return self.wire:count(self, units)
end

local Wire = {}
Wire.__index = Wire

---@class bybit.paper.Endpoint
---@field auth boolean? signed by a key
---@field permission "read"|"trade"|nil
---@field limit integer? requests a second and account
---@field span integer? ms, in place of the second
---@field batch boolean? its orders are counted one by one, with context:take, not the request
---@field act (fun(engine, account, params): table?, integer?, string?)? of those that change one order: what is done to it
---@field written (fun(order: table): string)? of these: the result, written
---@field short { read: function, act: string }? of these: what reads a plain one, and which function of engine/plain.lua carries it out
---@field protocol table? another envelope and signature than V5's, see wire_v2.lua
---@field handle fun(engine, account, params, context): any, any, string?, any, any
---  result[, retExtInfo]; or nil, code, message[, retExtInfo[, result]]

---@param options { engine: table, keys: table<string, table>, limits: table, faults: table, endpoints: table[],
---  clock: fun(): integer, seed: integer, auth_status_401: boolean?, report: fun(line: string), expect: fun(ns: integer)?,
---  done: function? }
---clock tells nanoseconds; report hears of errors raised inside; expect of each request that will arrive so much later; done writes
---answers of what was carried out, `told` with header lines as a text, by default `done` of bybit.paper_engine
function Wire.new(options)
  local self = setmetatable({ routes = {}, orders = {}, traces = 0, late = moments.new(), done = write_done }, Wire)
  for name, value in pairs(options) do self[name] = value end
  for _, group in ipairs(options.endpoints) do
    for name, endpoint in pairs(group) do
      local verb, path = name:match("^(%u+) (.+)$")
      self.routes[path] = self.routes[path] or {}
      self.routes[path][verb] = { name = path:gsub("^/v5/", ""), declared = endpoint }
      if endpoint.act then self.orders[path] = self.routes[path][verb] end
    end
  end
  self.context = setmetatable({ wire = self }, Context) -- of the short way
  return self
end

-- Two numbers whose hex digits are the trace id: another for each answer, the same in each run with the same seed.
local function trace(self)
  local count = self.traces + 1
  self.traces = count
  local mixed = (self.seed ~ count * -7046029254386353131) * -4658895280553007687
  return mixed ~ mixed >> 31, count
end

-- Adds header lines that say where a caller stands with its limit, and counts.
function Wire:count(context, units)
  local limit = context.limit
  if not limit then return units end
  local granted, left, reset = self.limits:take(context.account, context.endpoint.name, limit, units, context.now,
    context.endpoint.declared.span)
  context.left = left
  context.headers = {
    "X-Bapi-Limit", tostring(limit), "X-Bapi-Limit-Status", tostring(left),
    "X-Bapi-Limit-Reset-Timestamp", tostring(reset),
  }
  return granted
end

local function plain(status, text)
  return { status = status, body = text, headers = { "Content-Type", TEXT } }
end

local ENVELOPE = { "retCode", "retMsg", "result", "retExtInfo", "time" }
local NOTHING = answer.object {}

-- Body and header lines of an answer. What was carried out is mostly written already.
local function write(self, context, code, message, result, extra)
  local now, lines = context.now, context.headers
  local mixed, count = trace(self)
  local written = code == 0 and extra == nil and result and answer.written(result)
  if written then return self.done(written, now, mixed, count, lines) end
  local headers = { "Content-Type", JSON, "Timenow", tostring(now), "Traceid", format("%016x%016x", mixed, count), "Ret_code",
    tostring(code) }
  if lines then table.move(lines, 1, #lines, #headers + 1, headers) end
  return answer.encode(answer.record(ENVELOPE, {
    retCode = code, retMsg = message, result = result or NOTHING, retExtInfo = extra or NOTHING, time = now,
  })), headers
end

-- The envelope around what an endpoint returned. Order entry over a stream has another: it takes the parts.
local function envelope(self, context, code, message, result, extra)
  if context.parts then
    return { code = code, message = message, result = result, extra = extra, headers = context.headers or {} }
  end
  local body, headers = write(self, context, code, message, result, extra)
  return { status = 200, headers = headers, body = body }
end

local function run(self, context, asked)
  local result, extra, message, more, failed = context.endpoint.declared.handle(self.engine, context.account, asked, context)
  if result == nil then return envelope(self, context, assert(extra, "a refusal without a code"), message, failed, more) end
  return envelope(self, context, 0, "OK", result, extra)
end

-- Calls the endpoint. An error in it is a mistake of this exchange; the caller gets the code of a server error.
local function call(self, context, asked)
  local ok, done = xpcall(run, debug.traceback, self, context, asked)
  if ok then return done end
  self.report(("%s: %s"):format(context.endpoint.name, done))
  return envelope(self, context, 10016, "Server error.")
end

-- Is the account within the endpoint's limit? The orders of a batch count one by one, later. A batch as a whole is refused
-- only when no order is left.
local function admit(self, context)
  if context.endpoint.declared.batch then
    self:count(context, 0)
    if context.left ~= 0 then return true end
  end
  return self:count(context, 1) == 1
end

local function answer_known(self, context)
  local declared = context.endpoint.declared
  if declared.auth then
    local entry, code, message = auth.check(self.keys, context, declared.permission, context.now)
    if not entry then
      local refusal = envelope(self, context, code, message)
      if code == 10001 and self.auth_status_401 then refusal.status = 401 end
      return refusal
    end
    context.entry, context.account = entry, entry.account
    context.limit = self.limits:of(context.endpoint.name, declared.limit)
    if not admit(self, context) then
      return envelope(self, context, 10006, "Too many visits. Exceeded the API Rate Limit.")
    end
  end
  local asked
  if context.verb == "GET" then asked = params.query(context.query) else asked = params.body(context.body) end
  if not asked then return envelope(self, context, 10001, "Request parameter error.") end
  return call(self, context, asked)
end

-- Answers a request; `context` holds what came, and becomes what the endpoint may ask of.
local function respond(self, path, context)
  local verbs = self.routes[path]
  local endpoint = verbs and verbs[context.verb]
  if not endpoint then return plain(404, "Not Found") end
  if not self.limits:admit(context.address, context.now) then return plain(403, "access too frequent") end
  if context.verb == "GET" and context.body ~= "" then return plain(403, "Forbidden") end
  context.endpoint = endpoint
  local protocol = endpoint.declared.protocol
  return (protocol and protocol.answer or answer_known)(self, setmetatable(context, Context), context)
end

---Carries out a request of order entry over a stream, whose login has authorised it (V5 documentation, websocket/trade).
---@param entry table the caller's key
---@param path string "/v5/order/create"
---@param asked table parameters, as params.body gives them
---@param timestamp string
---@param window string?
---@param rule table? a fault that strikes it
---@return table parts code, message, result, extra, and header lines of its limit
function Wire:enter(entry, path, asked, timestamp, window, rule)
  local nanoseconds, endpoint = self.clock(), self.routes[path].POST
  local context = setmetatable({
    wire = self, endpoint = endpoint, now = nanoseconds // 1000000, nanoseconds = nanoseconds, parts = true, entry = entry,
    account = entry.account, limit = self.limits:of(endpoint.name, endpoint.declared.limit), fault = rule,
  }, Context)
  if entry.read_only then
    return envelope(self, context, 10005, "Permission denied, please check your API key permissions.")
  end
  if not auth.in_window(timestamp, window, context.now) then
    return envelope(self, context, 10002, "invalid request, please check your server timestamp or recv_window param.")
  end
  if not admit(self, context) then return envelope(self, context, 10006, "Too many visits. Exceeded the API Rate Limit.") end
  return call(self, context, asked)
end

---A request comes late.
---@param rule table the fault
---@param request fun() what carries it out
function Wire:delay(rule, request)
  local nanoseconds = math.floor(rule.seconds * 1000000000)
  self.late:add(self.clock() + nanoseconds, request)
  if self.expect then self.expect(nanoseconds) end
end

---When the next of the late requests arrives; nil: none is under way.
---@return integer? ns since 1970
function Wire:next_late() return self.late:next() end

---The late requests whose time has come arrive. Nobody hears the answers. One that comes while the exchange is away is lost.
function Wire:arrive()
  local late = self.late
  while (late:next() or math.maxinteger) <= self.clock() do
    local request = late:take()
    if not self.faults:is_down(self.clock() // 1000000) then request() end
  end
end

local TARGET_MAX = 16384 -- bytes of path and query

-- The protocol of a path when it is not V5's.
local function protocol_of(self, path)
  local _, endpoint = next(self.routes[path] or {})
  return endpoint and endpoint.declared.protocol
end

-- The answer that goes out under a fault: the fault's own page or code, or `done` where the fault only disturbs its way.
-- `done` is nil when the engine has not seen the request.
local function replaced(self, rule, done, path)
  local status, text = faults.page(rule)
  if status then return plain(status, text) end
  local code, message = faults.code(rule)
  if not code then return done or plain(503, "") end
  local nanoseconds = self.clock()
  local context = { now = nanoseconds // 1000000, nanoseconds = nanoseconds }
  local protocol = protocol_of(self, path)
  if protocol then return protocol.refusal(context, code, message) end
  if code == 10006 then
    context.headers = { "X-Bapi-Limit-Status", "0", "X-Bapi-Limit-Reset-Timestamp", tostring(context.now + 1000) }
  end
  return envelope(self, context, code, message)
end

-- Lets the engine see a request; `rule`: the fault that disturbs it there.
local function carry_out(self, verb, target, body, address, key, timestamp, sign, window, rule)
  if #target > TARGET_MAX then return plain(414, "URI Too Long") end
  local mark, nanoseconds = find(target, "?", 1, true), self.clock()
  return respond(self, mark and sub(target, 1, mark - 1) or target, {
    verb = verb, query = mark and sub(target, mark + 1) or "", body = body, address = address,
    key = key, timestamp = timestamp, sign = sign, window = window, wire = self, now = nanoseconds // 1000000,
    nanoseconds = nanoseconds, fault = rule,
    endpoint = nil, entry = nil, account = nil, limit = nil, -- with room for them
  })
end

-- The answer of the short way that stands in for what was not done.
local function refused(self, lines, now, code, message)
  local context = self.context
  context.now, context.headers = now, lines
  local done = envelope(self, context, code, message)
  return done.status, done.body, done.headers
end

--- Carries out a change of one order that is signed and in time. Nil: it is another request, and the way of all of them finds out which.
--- This way only leaves out what is not there.
---@private
---@return integer? status
---@return string? body
---@return string[]? headers
function Wire:short(endpoint, now, body, address, key, timestamp, sign, window)
  local entry = self.keys[key]
  if not entry or entry.read_only or not sign or not in_window(timestamp, window, now)
    or not signed(entry, sign, timestamp, key, window or "", body) then
    return nil
  end
  local limits, declared, account, lines = self.limits, endpoint.declared, entry.account, nil
  local plain_way, asked, category, a, b, c, d, e, f = declared.short, nil, nil, nil, nil, nil, nil, nil, nil
  if plain_way then category, a, b, c, d, e, f = plain_way.read(body) end
  if not category then
    asked = read_body(body)
    category = asked and asked.category
  end
  if category ~= "inverse" and category ~= "linear" then return nil end
  if not limits.off then
    if not limits:admit(address, now) then return 403, "access too frequent", { "Content-Type", TEXT } end
    local context = self.context
    context.now, context.account, context.endpoint, context.headers = now, account, endpoint, nil
    context.limit = limits:of(endpoint.name, declared.limit)
    local granted = self:count(context, 1)
    lines = context.headers
    if granted ~= 1 then return refused(self, lines, now, 10006, "Too many visits. Exceeded the API Rate Limit.") end
  end
  local ok, done, code, message = true, nil, nil, nil
  local engine, change = self.engine, declared.act
  if not asked then ok, done = xpcall(plain_orders[plain_way.act], traceback, engine, account, category, a, b, c, d, e, f) end
  if ok and not done then ok, done, code, message = xpcall(change, traceback, engine, account, asked or read_body(body)) end
  if not ok then
    self.report(("%s: %s"):format(endpoint.name, done))
    return refused(self, lines, now, 10016, "Server error.")
  end
  if not done then return refused(self, lines, now, assert(code, "a refusal without a code"), message) end
  local mixed, count = trace(self)
  return 200, self.done(declared.written(done), now, mixed, count, lines)
end

---Answers one request. Every answer leaves through the end of this function.
---@return integer status, string body, string[]|string headers name, value, name, value ..., or what `done` writes
---@return table? fault what the server is to do to the answer on its way
function Wire:handle(verb, target, body, address, key, timestamp, sign, window)
  local endpoint, nanoseconds = verb == "POST" and self.orders[target], self.clock()
  local mark, now = not endpoint and find(target, "?", 1, true), nanoseconds // 1000000
  local path = mark and sub(target, 1, mark - 1) or target
  local injected = self.faults
  local rule = (injected.of_requests[1] or injected.down_until) and injected:pick(verb, path, now) -- else none can strike
  if endpoint and not rule then
    local status, text, headers = self:short(endpoint, now, body, address, key, timestamp, sign, window)
    if status then return status, text, headers end
  end
  local done
  if rule and rule.kind == "restart" and not rule.down then self.engine:forget_closed() end
  if not rule or rule.enters then
    done = carry_out(self, verb, target, body, address, key, timestamp, sign, window, rule)
  elseif rule.late then
    self:delay(rule, function() carry_out(self, verb, target, body, address, key, timestamp, sign, window) end)
  end
  if rule then done = replaced(self, rule, done, path) end
  return done.status, done.body, done.headers, rule and self.faults:instruction(rule, #done.body)
end

return Wire
