-- Makes the answer to a request: finds the endpoint, checks key and limits in the exchange's order, calls the endpoint's
-- function, and writes envelope and headers (V5 documentation, integration guidance).

local answer = require "bybit.paper.answer"
local auth = require "bybit.paper.auth"
local cursor = require "bybit.paper.v5.cursor"
local faults = require "bybit.paper.faults"
local moments = require "bybit.tasks.timers"
local params = require "bybit.paper.params"
local plain_orders = require "bybit.paper.engine.plain"

local read_query, read_body, answered = params.query, params.body, answer.answered
local in_window, signed = auth.in_window, auth.signed
local find, sub, traceback = string.find, string.sub, debug.traceback

---What an endpoint's function may ask of the request it serves.
---@class bybit.paper.Context
---@field now integer ms
---@field nanoseconds integer since 1970
---@field entry table? the caller's key: {key=, read_only=, public_key=}
---@field fault table? the fault that strikes the request, see faults.lua
---@field private endpoint table
---@field private limit integer? units the account has on the endpoint
---@field private left integer? units it has left
---@field private reset integer? ms: when it has more again
---@field private wire table
local Context = {}
Context.__index = Context

-- Whose lists they are that a cursor goes on with.
local function scope_of(self)
  local name = self.endpoint.name
  return self.entry and self.entry.key .. "\0" .. name or name
end

---A page of 'rows' for params.limit and params.cursor; options and results are cursor.page's.
---@param size integer? rows of a page, as context:position tells; when given, `asked` has a limit that is right
function Context:page(rows, asked, options, size)
  if size and asked.cursor == nil and #rows <= size then return rows, "" end
  return cursor.page(scope_of(self), rows, asked, options)
end

---How many rows a page has, and after which key it begins; results are cursor.position's. A long list needs to find only
---the rows after that key, and one more than the page holds.
function Context:position(asked, options)
  if asked.cursor == nil then return cursor.size(asked, options) end
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
---  clock: fun(): integer, seed: integer, auth_status_401: boolean?, report: fun(line: string), expect: fun(ns: integer)? }
---clock tells nanoseconds; report hears of errors raised inside; expect of each request that will arrive so much later
function Wire.new(options)
  local self = setmetatable({ routes = {}, orders = {}, traces = 0, late = moments.new() }, Wire)
  for name, value in pairs(options) do self[name] = value end
  for _, group in ipairs(options.endpoints) do
    for name, endpoint in pairs(group) do
      local verb, path = name:match("^(%u+) (.+)$")
      self.routes[path] = self.routes[path] or {}
      self.routes[path][verb] = { name = path:gsub("^/v5/", ""), declared = endpoint }
      if endpoint.act then self.orders[path] = self.routes[path][verb] end
    end
  end
  self.context = setmetatable({ wire = self }, Context) -- of the request that is carried out
  return self
end

-- Counts against the limit, and notes where the caller stands with it: header lines of the answer say so.
function Wire:count(context, units)
  local limit = context.limit
  if not limit then return units end
  local granted
  granted, context.left, context.reset = self.limits:take(context.account, context.endpoint.name, limit, units, context.now,
    context.endpoint.declared.span)
  return granted
end

local TEXT = "Content-Type: text/plain; charset=utf-8\r\n"

-- An answer is its status, its body and its header lines, as a text.

local function plain(status, text)
  return status, text, TEXT
end

-- The answer with its envelope. Order entry over a stream has another: it takes the parts.
local function envelope(self, context, code, message, result, extra)
  if context.parts then
    return { code = code, message = message, result = result, extra = extra, limit = context.limit, left = context.left,
      reset = context.reset }
  end
  local count = self.traces + 1
  self.traces = count
  return 200, answered(code, message, result, extra, context.now, self.seed, count, context.limit, context.left, context.reset)
end

local function run(self, context, asked)
  local result, extra, message, more, failed = context.endpoint.declared.handle(self.engine, context.account, asked, context)
  if result == nil then return envelope(self, context, assert(extra, "a refusal without a code"), message, failed, more) end
  return envelope(self, context, 0, "OK", result, extra)
end

-- Calls the endpoint. An error in it is a mistake of this exchange; the caller gets the code of a server error.
local function call(self, context, asked)
  local ok, done, body, lines = xpcall(run, traceback, self, context, asked)
  if ok then return done, body, lines end
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
      local status, body, lines = envelope(self, context, code, message)
      return code == 10001 and self.auth_status_401 and 401 or status, body, lines
    end
    context.entry, context.account = entry, entry.account
    context.limit = self.limits:of(context.endpoint.name, declared.limit)
    if not admit(self, context) then
      return envelope(self, context, 10006, "Too many visits. Exceeded the API Rate Limit.")
    end
  end
  local asked
  if context.verb == "GET" then asked = read_query(context.query) else asked = read_body(context.body) end
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
  return (protocol and protocol.answer or answer_known)(self, context, context)
end

---Carries out a request of order entry over a stream, whose login has authorised it (V5 documentation, websocket/trade).
---@param entry table the caller's key
---@param path string "/v5/order/create"
---@param asked table parameters, as params.body gives them
---@param timestamp string
---@param window string?
---@param rule table? a fault that strikes it
---@return table parts code, message, result, extra, and limit, left and reset where it is limited
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

-- The answer that goes out under a fault: the fault's own page or code, or the one that was made, where the fault only disturbs its
-- way. There is none when the engine has not seen the request.
local function replaced(self, rule, path, status, body, lines)
  local page, text = faults.page(rule)
  if page then return plain(page, text) end
  local code, message = faults.code(rule)
  if not code then
    if status then return status, body, lines end
    return plain(503, "")
  end
  local nanoseconds = self.clock()
  local context = { now = nanoseconds // 1000000, nanoseconds = nanoseconds }
  local protocol = protocol_of(self, path)
  if protocol then return protocol.refusal(context, code, message) end
  if code == 10006 then context.left, context.reset = 0, context.now + 1000 end
  return envelope(self, context, code, message)
end

-- What is known of a request, in a table that the next request uses again.
local function context_of(self, verb, query, body, address, key, timestamp, sign, window, nanoseconds, rule)
  local context = self.context
  context.verb, context.query, context.body, context.address = verb, query, body, address
  context.key, context.timestamp, context.sign, context.window = key, timestamp, sign, window
  context.now, context.nanoseconds, context.fault = nanoseconds // 1000000, nanoseconds, rule
  context.endpoint, context.entry, context.account = nil, nil, nil
  context.limit, context.left, context.reset = nil, nil, nil
  return context
end

-- Lets the engine see a request; `rule`: the fault that disturbs it there.
local function carry_out(self, nanoseconds, verb, path, query, body, address, key, timestamp, sign, window, rule)
  if #path + #query > TARGET_MAX then return plain(414, "URI Too Long") end
  return respond(self, path, context_of(self, verb, query, body, address, key, timestamp, sign, window, nanoseconds, rule))
end

--- Carries out a change of one order that is signed and in time. Nil: it is another request, and the way of all of them finds out which.
--- This way only leaves out what is not there.
---@private
---@return integer? status
---@return string? body
---@return string? lines
function Wire:short(endpoint, now, body, address, key, timestamp, sign, window)
  local entry = self.keys[key]
  if not entry or entry.read_only or not sign or not in_window(timestamp, window, now)
    or not signed(entry, sign, timestamp, key, window or "", body) then
    return nil
  end
  local limits, declared, context = self.limits, endpoint.declared, self.context
  local plain_way, asked, category, a, b, c, d, e, f = declared.short, nil, nil, nil, nil, nil, nil, nil, nil
  if plain_way then category, a, b, c, d, e, f = plain_way.read(body) end
  if not category then
    asked = read_body(body)
    category = asked and asked.category
  end
  if category ~= "inverse" and category ~= "linear" then return nil end
  context.now, context.account, context.endpoint = now, entry.account, endpoint
  context.limit, context.left, context.reset = nil, nil, nil
  if not limits.off then
    if not limits:admit(address, now) then return plain(403, "access too frequent") end
    context.limit = limits:of(endpoint.name, declared.limit)
    if self:count(context, 1) ~= 1 then
      return envelope(self, context, 10006, "Too many visits. Exceeded the API Rate Limit.")
    end
  end
  local engine, account, change = self.engine, entry.account, declared.act
  local ok, done, code, message = true, nil, nil, nil
  if not asked then ok, done = xpcall(plain_orders[plain_way.act], traceback, engine, account, category, a, b, c, d, e, f) end
  if ok and not done then ok, done, code, message = xpcall(change, traceback, engine, account, asked or read_body(body)) end
  if not ok then
    self.report(("%s: %s"):format(endpoint.name, done))
    return envelope(self, context, 10016, "Server error.")
  end
  if not done then return envelope(self, context, assert(code, "a refusal without a code"), message) end
  return envelope(self, context, 0, "OK", declared.written(done))
end

---Answers one request. Every answer leaves through the end of this function.
---@return integer status, string body, string lines "Content-Type: ...", each with its CRLF
---@return table? fault what the server is to do to the answer on its way
function Wire:handle(verb, target, body, address, key, timestamp, sign, window)
  local endpoint, nanoseconds = verb == "POST" and self.orders[target], self.clock()
  local mark, now = not endpoint and find(target, "?", 1, true), nanoseconds // 1000000
  local path, query = mark and sub(target, 1, mark - 1) or target, mark and sub(target, mark + 1) or ""
  local rule, status, text, lines = self.faults:pick(verb, path, now), nil, nil, nil
  if endpoint and not rule then
    status, text, lines = self:short(endpoint, now, body, address, key, timestamp, sign, window)
    if status then return status, text, lines end
  end
  if rule and rule.kind == "restart" and not rule.down then self.engine:forget_closed() end
  if not rule or rule.enters then
    status, text, lines = carry_out(self, nanoseconds, verb, path, query, body, address, key, timestamp, sign, window, rule)
  elseif rule.late then
    self:delay(rule, function() carry_out(self, self.clock(), verb, path, query, body, address, key, timestamp, sign, window) end)
  end
  if not rule then return status, text, lines end
  status, text, lines = replaced(self, rule, path, status, text, lines)
  return status, text, lines, self.faults:instruction(rule, #text)
end

return Wire
