-- The streams of the exchange (V5 documentation, websocket): connections, login, subscriptions, heartbeat, and who gets which
-- message. topics.lua knows the public topics, account.lua the private ones, entry.lua takes orders. The server carries the
-- frames; it hands a client's message over some ms after it came, as the exchange answers it.

local core = require "bybit.core"
local Account = require "bybit.paper.stream.account"
local answer = require "bybit.paper.answer"
local auth = require "bybit.paper.auth"
local entry = require "bybit.paper.stream.entry"
local faults = require "bybit.paper.faults"
local params = require "bybit.paper.params"
local topics = require "bybit.paper.stream.topics"

local encode, format = answer.encode, string.format

local GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" -- RFC 6455, section 1.3
local ARGS_MAX = 21000 -- bytes of all topics of a public connection
local ACTIVE, ACTIVE_LEAST, LOOK = 600, 30, 30000 -- s, s, ms: how long a silent private connection lives; how often that is looked at

local Streams = {}
Streams.__index = Streams

-- Paths: which kind of stream is there.
local PATHS = {
  ["/v5/public/inverse"] = { kind = "public", category = "inverse" },
  ["/v5/public/linear"] = { kind = "public", category = "linear" },
  ["/v5/private"] = { kind = "private" },
  ["/v5/trade"] = { kind = "trade" },
}

local PRIVATE = { order = true, execution = true, position = true, wallet = true }
local ORDER = { "position", "execution", "order", "wallet" } -- in which the topics of one moment go out

---@param options { sockets: table, engine: table, keys: table<string, table>, wire: table, faults: table, now: fun(): integer,
---  seed: integer, report: fun(line: string), eager: boolean }
---eager: public topics are told after each request, because there are no ticks
function Streams.new(options)
  local self = setmetatable({ connections = {}, order = {}, topics = {}, named = {}, accounts = {}, last = 0, looked = 0 },
    Streams)
  for name, value in pairs(options) do self[name] = value end
  return self
end

---------------------------------------------------------------------------------------------------------------
-- Sending.

local NUMBER = '"u":(%d+)'

local function is_delta(text) return text:find('"type":"delta"', 1, true) ~= nil end

-- The text with another number.
local function numbered(text, u)
  return (text:gsub(NUMBER, format('"u":%d', u), 1))
end

-- Gives the frame the number that the one before of its topic should have had.
local function uncross(c, topic, text)
  local u = c.crossed and c.crossed[topic]
  if not u then return text end
  c.crossed[topic] = nil
  return is_delta(text) and numbered(text, u) or text
end

-- What the faults say of a frame: nothing else of it is sent when this returns true.
local function disturbed(self, c, topic, text)
  local rule = self.faults:pick_frame(topic)
  if not rule then return false end
  local kind, sockets = rule.kind, self.sockets
  if kind == "stream_silent" or kind == "stream_half_open" then
    sockets.stall(c.id, kind == "stream_half_open")
    c.silent = true
  elseif kind == "stream_cut" then
    sockets.cut(c.id, rule.reset or false)
    c.silent = true
  elseif kind == "stream_slow" then
    sockets.slow(c.id, rule.rate)
    return false
  elseif kind == "stream_duplicate" then
    sockets.send(c.id, text)
    c.sent = c.sent + 1
    return false
  elseif kind == "stream_late" then
    sockets.send(c.id, text, math.max(1, math.floor(rule.seconds * 1000)))
    c.sent = c.sent + 1
  elseif kind == "stream_reorder" then
    c.held = text
  elseif kind == "stream_crossed" then
    local u = text:match(NUMBER)
    if u and is_delta(text) then -- a snapshot is believed, whatever its number
      c.crossed = c.crossed or {}
      c.crossed[topic] = u
      text = numbered(text, u + 1)
    end
    sockets.send(c.id, text)
    c.sent = c.sent + 1
  end
  return true
end

local function send(self, c, topic, text)
  if c.silent then return end
  text = uncross(c, topic, text)
  if disturbed(self, c, topic, text) then return end
  self.sockets.send(c.id, text)
  c.sent = c.sent + 1
  if not c.held then return end
  text, c.held = c.held, nil
  self.sockets.send(c.id, text)
  c.sent = c.sent + 1
end

local function close(self, c, code)
  c.silent = true
  self.sockets.close(c.id, code)
end

---------------------------------------------------------------------------------------------------------------
-- Answers. Spellings differ: `req_id`, `conn_id`, `ret_msg` on the public and private streams, `reqId`, `connId`, `retMsg` on the
-- one for orders.

local function reply(self, c, asked, success, text, op)
  send(self, c, op, encode(answer.object {
    { "success", success }, { "ret_msg", text }, { "conn_id", c.name },
    { "req_id", asked.req_id and tostring(asked.req_id) or c.kind == "public" and "" or nil }, { "op", op } }))
end

local function trade_reply(self, c, asked, code, text, op, ...)
  local fields = { { "reqId", asked.reqId and tostring(asked.reqId) or nil }, { "retCode", code }, { "retMsg", text },
    { "op", op }, ... }
  fields[#fields + 1] = { "connId", c.name }
  send(self, c, op, encode(answer.object(fields)))
end

local ops = { public = {}, private = {}, trade = {} }

function ops.public.ping(self, c, asked)
  send(self, c, "pong", encode(answer.object { { "success", true }, { "ret_msg", "pong" }, { "conn_id", c.name },
    { "req_id", asked.req_id and tostring(asked.req_id) or "" }, { "op", "ping" } }))
end

function ops.private.ping(self, c, asked)
  send(self, c, "pong", encode(answer.object { { "req_id", asked.req_id and tostring(asked.req_id) or nil }, { "op", "pong" },
    { "args", answer.list { tostring(self.now()) } }, { "conn_id", c.name } }))
end

function ops.trade.ping(self, c, asked)
  trade_reply(self, c, asked, 0, "OK", "pong", { "data", answer.list { tostring(self.now()) } })
end

---------------------------------------------------------------------------------------------------------------
-- Login.

-- The entry of the key that has signed; nil and why.
local function login(self, asked)
  local args = type(asked.args) == "table" and asked.args or {}
  local key, expires, signature = args[1], args[2], args[3]
  if type(key) ~= "string" or type(expires) ~= "string" or type(signature) ~= "string" or not expires:find "^%d+$" then
    return nil, 10001, "Params Error"
  end
  local known = self.keys[key]
  if not known then return nil, 10003, "API key is invalid." end
  if math.tointeger(tonumber(expires)) <= self.now() then return nil, 10002, "The request expired." end
  if not auth.signed_by(known, "GET/realtime" .. expires, signature) then return nil, 10004, "Error sign" end
  return known
end

function ops.private.auth(self, c, asked)
  local known, _, why = login(self, asked)
  c.login = c.login or known
  reply(self, c, asked, known ~= nil, why or "", "auth")
end

function ops.trade.auth(self, c, asked)
  if c.login then return trade_reply(self, c, asked, 20001, "Repeat auth", "auth") end
  local code, why
  c.login, code, why = login(self, asked)
  trade_reply(self, c, asked, c.login and 0 or code, why or "OK", "auth")
end

---------------------------------------------------------------------------------------------------------------
-- Subscriptions.

local function names_in(asked)
  local out = {}
  if type(asked.args) ~= "table" or #asked.args == 0 then return nil end
  for i, name in ipairs(asked.args) do
    if type(name) ~= "string" then return nil end
    out[i] = name
  end
  return out
end

local function public_topic(self, c, name)
  local key = c.category .. " " .. name
  local topic = self.topics[key]
  if topic then return topic end
  topic = topics.new(self.engine, c.category, name)
  if not topic then return nil end
  topic.wanted = {}
  self.topics[key] = topic
  self.named[#self.named + 1] = topic
  return topic
end

local function drop_topic(self, topic)
  self.topics[topic.category .. " " .. topic.name] = nil
  for i, each in ipairs(self.named) do
    if each == topic then table.remove(self.named, i) break end
  end
end

-- The snapshot a new listener gets; others get what is new first, so that it fits what they have.
local function first(self, c, topic)
  self:tell(topic)
  topic.wanted[#topic.wanted + 1] = c
  if topic.snapshot then
    send(self, c, topic.name, topic:snapshot())
  elseif topic.mark then
    topic.mark = "" -- a candle is told to whoever is new with the next news
  end
end

function ops.public.subscribe(self, c, asked)
  local names, wrong = names_in(asked), {}
  if not names then return reply(self, c, asked, false, "Params Error", "subscribe") end
  local size, fresh = c.size, {}
  for _, name in ipairs(names) do
    if not public_topic(self, c, name) then wrong[#wrong + 1] = name
    elseif not c.topics[name] then fresh[#fresh + 1], size = name, size + #name end
  end
  if #wrong > 0 then
    return reply(self, c, asked, false, "error:handler not found,topic:" .. table.concat(wrong, ","), "subscribe")
  end
  if size > ARGS_MAX then return reply(self, c, asked, false, "args size is above " .. ARGS_MAX, "subscribe") end
  c.size = size
  reply(self, c, asked, true, "", "subscribe")
  for _, name in ipairs(fresh) do
    if not c.topics[name] then
      local topic = public_topic(self, c, name)
      c.topics[name] = topic
      first(self, c, topic)
    end
  end
end

local function leave(self, c, name)
  local topic = c.topics[name]
  c.topics[name], c.size = nil, c.size - #name
  for i, each in ipairs(topic.wanted) do
    if each == c then table.remove(topic.wanted, i) break end
  end
  if #topic.wanted == 0 then drop_topic(self, topic) end
end

function ops.public.unsubscribe(self, c, asked)
  local names = names_in(asked)
  if not names then return reply(self, c, asked, false, "Params Error", "unsubscribe") end
  for _, name in ipairs(names) do
    if c.topics[name] then leave(self, c, name) end
  end
  reply(self, c, asked, true, "", "unsubscribe")
end

local function private_name(name)
  local base, category = name:match "^(%a+)%.?(%a*)$"
  if not PRIVATE[base] or base == "wallet" and category ~= "" then return nil end
  return (category == "" or category == "inverse" or category == "linear") and base
end

-- Listens to the engine while somebody listens here.
local function listen(self)
  local any = false
  for _, watch in pairs(self.accounts) do any = any or watch.count > 0 end
  self.engine.heard = any and function(order)
    local watch = self.accounts[order.account]
    if watch then watch:heard(order) end
  end or nil
end

local function watch(self, account, change)
  local w = self.accounts[account]
  if not w then
    w = Account.new(account)
    w.count = 0
    self.accounts[account] = w
  end
  w.count = w.count + change
  if w.count == 0 then self.accounts[account] = nil end
  listen(self)
end

function ops.private.subscribe(self, c, asked)
  local names = names_in(asked)
  if not c.login then return reply(self, c, asked, false, "Request not authorized", "subscribe") end
  local wrong, seen = not names, {}
  for _, name in ipairs(names or {}) do
    local base = private_name(name)
    wrong = wrong or not base or seen[base] ~= nil and seen[base] ~= (name == base) -- all in one, or by category
    seen[base or name] = name == base
  end
  if wrong then return reply(self, c, asked, false, "Params Error", "subscribe") end
  for _, name in ipairs(names) do
    if not c.topics[name] then
      self:flush() -- what was before is not told
      c.topics[name], c.count = true, c.count + 1
      watch(self, c.login.account, 1)
    end
  end
  reply(self, c, asked, true, "", "subscribe")
end

function ops.private.unsubscribe(self, c, asked)
  local names = names_in(asked)
  if not names then return reply(self, c, asked, false, "Params Error", "unsubscribe") end
  for _, name in ipairs(names) do
    if c.topics[name] then
      c.topics[name], c.count = nil, c.count - 1
      watch(self, c.login.account, -1)
    end
  end
  reply(self, c, asked, true, "", "unsubscribe")
end

---------------------------------------------------------------------------------------------------------------
-- Telling.

--- Tells those who want a topic what is new of it.
function Streams:tell(topic)
  if #topic.wanted == 0 then return end
  for _, text in ipairs(topic:news()) do
    for _, c in ipairs(topic.wanted) do send(self, c, topic.name, text) end
  end
end

local function tell_account(self, account, news)
  for _, base in ipairs(ORDER) do
    for _, c in ipairs(self.order) do
      if c.login and c.login.account == account and c.count > 0 then
        for _, name in ipairs { base, base .. ".inverse", base .. ".linear" } do
          local list = {}
          for _, each in ipairs(c.topics[name] and news[base] or {}) do
            if name == base or base .. "." .. each.category == name then list[#list + 1] = each.text end
          end
          if #list > 0 then
            self.last = self.last + 1
            send(self, c, name, format('{"id":"%s_%d","topic":"%s","creationTime":%d,"data":[%s]}', c.name, self.last, name,
              self.now(), table.concat(list, ",")))
          end
        end
      end
    end
  end
end

-- Closes private connections that said nothing for too long (V5 documentation, websocket/connect).
local function close_idle(self, now)
  if now - self.looked < LOOK then return end
  self.looked = now
  for _, c in ipairs(self.order) do
    if c.active and not c.silent and now - c.heard > c.active * 1000 then close(self, c, 1000) end
  end
end

--- Tells what is new. `all`: public topics, too, whatever their pace.
function Streams:flush(all)
  if #self.order == 0 then return end
  for _, c in ipairs(self.order) do
    local w = c.login and self.accounts[c.login.account]
    if w and not w.taken then
      w.taken = true
      tell_account(self, c.login.account, w:take())
    end
  end
  for _, w in pairs(self.accounts) do w.taken = nil end
  for _, topic in ipairs(self.named) do
    if all or self.eager or topic.at_once then self:tell(topic) end
  end
  close_idle(self, self.now())
end

---------------------------------------------------------------------------------------------------------------
-- Connections.

local TEXT = "Content-Type: text/plain; charset=utf-8\r\n"

--- Answers a request for a WebSocket: status, body, header lines as a text, what goes wrong with it, and the number of the socket.
function Streams:open(target, key)
  local path, query = target:match("^([^?]*)%??(.*)$")
  local place = PATHS[path]
  if not place then return 404, "Not Found", TEXT end
  local rule = self.faults:pick("GET", path, self.now())
  if rule then
    local status, text = faults.page(rule)
    return status or 503, text or "", TEXT, self.faults:instruction(rule, 0)
  end
  self.made = (self.made or 0) + 1
  local active = tonumber(query:match "max_active_time=(%d+)s$") or (tonumber(query:match "max_active_time=(%d+)m$") or 0) * 60
  local mixed = (self.seed ~ self.made * -7046029254386353131) * -4658895280553007687
  local c = {
    id = self.made, kind = place.kind, category = place.category, topics = {}, size = 0, count = 0, sent = 0, ids = {},
    name = format("%016x-%d", mixed ~ mixed >> 31, self.made), heard = self.now(),
    active = place.kind ~= "public" and math.min(ACTIVE, math.max(ACTIVE_LEAST, active > 0 and active or ACTIVE)) or nil,
  }
  self.connections[c.id] = c
  self.used = true -- it has, or had, connections
  self.order[#self.order + 1] = c
  local lines = ("Upgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n"):format(core.sign.sha1(key .. GUID))
  return 101, "", lines, nil, c.id
end

local function serve(self, c, text)
  local asked = params.body(text)
  local op = asked and asked.op
  local f = ops[c.kind][op]
  if f then return f(self, c, asked) end
  if c.kind == "trade" then
    if not asked then return trade_reply(self, c, {}, 10001, "Request parameter error.", "") end
    return entry.serve(self, c, asked, trade_reply)
  end
  reply(self, c, asked or {}, false, "error:request op is not supported", type(op) == "string" and op or "")
end

--- A client's message. What goes wrong inside is this exchange's mistake; the client gets no answer.
function Streams:message(id, text)
  local c = self.connections[id]
  if not c then return end
  c.heard = self.now()
  local ok, trouble = xpcall(serve, debug.traceback, self, c, text)
  if not ok then self.report("stream: " .. trouble) end
end

function Streams:closed(id)
  local c = self.connections[id]
  if not c then return end
  self.connections[id] = nil
  for i, each in ipairs(self.order) do
    if each == c then table.remove(self.order, i) break end
  end
  for name in pairs(c.topics) do
    if c.kind == "public" then leave(self, c, name) else watch(self, c.login.account, -1) end
  end
end

--- How many frames each connection was sent so far, by its name.
function Streams:counts()
  local out = {}
  for _, c in ipairs(self.order) do out[c.name] = c.sent end
  return out
end

--- All connections end, as when the exchange restarts.
function Streams:cut_all()
  for _, c in ipairs(self.order) do
    c.silent = true
    self.sockets.cut(c.id, true)
  end
end

return Streams
