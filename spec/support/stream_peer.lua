-- A client of a paper exchange's streams that only the specs have: it speaks JSON by lua-cjson, and keeps what it hears.

local cjson = require "cjson"
local core = require "bybit.core"

local Peer = {}
Peer.__index = Peer

local peer = {}

-- Steps the loop until the condition gives something. The time is a bound, not a measure.
local function wait_for(what, condition)
  local ends = os.time() + 20
  while true do
    local found = condition()
    if found then return found end
    assert(os.time() < ends, "waited in vain for " .. what)
    core.loop.step(0.05)
  end
end

peer.wait_for = wait_for

---@param exchange table
---@param path string "/v5/private"
function peer.open(exchange, path)
  local self = setmetatable({ exchange = exchange, link = core.link.new { url = exchange.url .. path }, heard = {} }, Peer)
  wait_for("the upgrade", function() return self.link:state() or self.link:ending() end)
  return self
end

function Peer:send(message)
  assert(self.link:text(type(message) == "string" and message or cjson.encode(message)))
end

function Peer:login(more)
  more = more or {}
  local expires = tostring(more.expires or self.exchange:now() + 10000)
  local signature = more.signature or core.sign.hmac_sha256(more.secret or self.exchange.secret, "GET/realtime" .. expires)
  self:send { op = "auth", args = { more.key or self.exchange.key, expires, signature } }
  return self:next()
end

-- Takes what has come.
function Peer:take()
  for _, text in ipairs(self.link:messages()) do self.heard[#self.heard + 1] = { text = text, json = cjson.decode(text) } end
end

---The next message, decoded, and its text.
function Peer:next(what)
  return wait_for(what or "a message", function()
    self:take()
    assert(self.heard[1] or not self.link:ending(), "the stream ended")
    return self.heard[1]
  end).json, table.remove(self.heard, 1).text
end

---Sends a ping and gives all messages before its pong, so that nothing more is on its way.
function Peer:all()
  local list = {}
  self:send { op = "ping" }
  while true do
    local message = self:next "a pong"
    if message.op == "pong" or message.ret_msg == "pong" then return list end
    list[#list + 1] = message
  end
end

function Peer:subscribe(...)
  self:send { op = "subscribe", args = { ... } }
  local answer = self:next "an answer"
  assert(answer.success, answer.ret_msg)
end

---Places an order over the stream and gives the answer.
function Peer:order(op, order, more)
  self.count = (self.count or 0) + 1
  local message = { reqId = "r" .. self.count, op = op, args = { order },
    header = { ["X-BAPI-TIMESTAMP"] = tostring(self.exchange:now()) } }
  for k, v in pairs(more or {}) do message[k] = v end
  self:send(message)
  return self:next "an answer"
end

function Peer:ending()
  wait_for("the end", function() return self.link:ending() end)
  return self.link:ending()
end

function Peer:close()
  self.link:free()
end

Peer.__close = Peer.close

return peer
