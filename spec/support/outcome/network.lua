-- The network between a client and the exchange: a transport in Lua whose requests take time, with faults that a seed chooses.
-- A request may not be sent, get lost, or arrive seconds after its client has given it up (even after a 504). Its answer may
-- be lost, late, cut, replaced by a page or by a code that does not tell what was done, or changed on its way. Each copy of
-- each request is kept, with what the exchange did.
--
-- A copy's fate is a function of the program's seed, its step and its number in that step. So it stays the same when another
-- step is left out.

local cjson = require "cjson"
local core = require "bybit.core"
local mutate = require "spec.support.outcome.mutate"

local loop = core.loop
local network = {}

---@class spec.Copy one copy of a request
---@field number integer among all copies, in the order of their sending
---@field key string step and number, which determine its fate
---@field call spec.Call? that it belongs to
---@field verb string
---@field path string
---@field params table as the exchange reads them
---@field stamp integer ms, as signed
---@field window integer ms
---@field left number true seconds
---@field fate string? its fault; nil: none
---@field arrived number? true seconds
---@field code integer? the exchange's code
---@field done boolean the exchange carried it out
---@field effects spec.Change[]
---@field answered number? true seconds: when the exchange's true answer came
---@field failed boolean? the client got an error, or an answer that tells nothing

-- The probability of each kind of fault in a rough network. Reads have only some of them.
local ROUGH = {
  { "refused", 0.03 }, { "unconnected", 0.01 }, { "lost_request", 0.06 }, { "late", 0.06 }, { "gateway", 0.05 },
  { "lost_answer", 0.08 }, { "slow", 0.04 }, { "cut", 0.04 }, { "page", 0.02 }, { "page_done", 0.02 }, { "code", 0.02 },
  { "code_done", 0.03 }, { "limited", 0.01 }, { "banned", 0.005 }, { "restart", 0.005 },
}
local WRITES_ONLY = { late = true, gateway = true, page_done = true, code_done = true }

local function mix(seed, key)
  local x = seed
  for i = 1, #key do x = (x ~ key:byte(i)) * 0x100000001b3 end
  return x
end

local Network = {}
Network.__index = Network

--- A network for a world.
---@param options { seed: integer, rough: number, odd: number, without: table<string, boolean>? } rough: factor of the
--- probabilities above; odd: the probability that an answer is changed; without: keys of copies without faults
function network.new(world, options)
  return setmetatable({ world = world, seed = options.seed, rough = options.rough, odd = options.odd,
    without = options.without or {}, copies = {}, counts = {}, running = {}, met = {} }, Network)
end

--- No more faults from now on.
function Network:calm()
  self.rough, self.odd, self.outage = 0, 0, nil
end

local function draw(self, copy, random)
  local x, odd = random:unit(), random:unit() < self.odd
  if self.without[copy.key] then return nil, false end
  if self.outage then return self.outage, false end
  for _, kind in ipairs(ROUGH) do
    x = x - kind[2] * self.rough
    if x < 0 then
      if copy.verb == "GET" and WRITES_ONLY[kind[1]] then return nil, false end
      return kind[1], false
    end
  end
  return nil, odd
end

local function params_of(request, query)
  if request.body and request.body:find "^{" then return cjson.decode(request.body) end
  local out = {}
  for name, value in (request.body or query or ""):gmatch "([^&=]+)=([^&]*)" do out[name] = value end
  return out
end

local function read_request(request)
  local target = request.url:match "^https?://[^/]+(.*)$"
  local path, query = target:match "^([^?]*)%??(.*)$"
  local headers = {}
  for _, line in ipairs(request.headers) do
    local name, value = line:match "^([^:]+): (.*)$"
    headers[name:upper()] = value
  end
  local params = params_of(request, query)
  return { verb = request.verb, target = target, path = path, params = params, headers = headers,
    body = request.body or "", left = loop.now(), done = false, effects = {}, timeout = request.timeout,
    connect_timeout = request.connect_timeout,
    stamp = math.tointeger(tonumber(headers["X-BAPI-TIMESTAMP"] or params.timestamp or 0)) or 0,
    window = math.tointeger(tonumber(headers["X-BAPI-RECV-WINDOW"] or params.recv_window or 5000)) }
end

-- What became of each element of a batch, and which changes of the books it caused.
local function deliver_parts(self, copy, answer)
  for i, part in ipairs(copy.parts) do
    local said = copy.code == 0 and answer.retExtInfo.list[i]
    part.code = said and math.tointeger(said.code) or copy.code
    part.done = part.code == 0
    local order = self.world:find(part.params.orderId, part.params.orderLinkId)
    for _, effect in ipairs(copy.effects) do
      if effect.order == order then part.effects[#part.effects + 1] = effect end
    end
  end
end

-- The copy arrives: the exchange acts, and its answer is kept.
local function deliver(self, copy)
  copy.arrived = loop.now()
  local status, body, headers = self.world:request(copy)
  copy.code = math.tointeger(tonumber(body:match '^{"ret_?[cC]ode":(%-?%d+)'))
  copy.done = copy.code == 0 and copy.verb == "POST"
  if copy.parts then deliver_parts(self, copy, cjson.decode(body)) end
  local lines = {}
  for i = 1, #(headers or {}), 2 do lines[#lines + 1] = ("%s: %s\r\n"):format(headers[i], headers[i + 1]) end
  copy.answer = { status = status, body = body, headers = table.concat(lines) }
end

-- A code that replaces the answer.
local function saying(self, copy, code, text)
  local now = math.floor(self.world:server(loop.now()))
  if copy.target:find "^/v5/" then
    return { status = 200, body = ('{"retCode":%d,"retMsg":"%s","result":{},"retExtInfo":{},"time":%d}'):format(code, text,
      now) }
  end
  return { status = 200, body = ('{"ret_code":%d,"ret_msg":"%s","ext_code":"","ext_info":"","result":null,'
    .. '"time_now":"%d.%06d"}'):format(code, text, now // 1000, now % 1000 * 1000) }
end

local PAGE = "<html><head><title>%d</title></head></html>"

-- Kind of fault -> what the client gets in place of the answer.
local meets = {}

local function broken(copy) -- the connection breaks, or no answer comes
  if copy.resets then return { error = "network", message = "connection reset", sent = true } end
  return { error = "timeout", message = "no answer", sent = true }
end
for _, kind in ipairs { "lost_request", "late", "lost_answer", "restart" } do
  meets[kind] = function(_, copy) return broken(copy) end
end
function meets.refused() return { error = "network", message = "connection refused", sent = false } end
function meets.unconnected() return { error = "timeout", message = "no connection", sent = false } end
function meets.gateway() return { status = 504, body = PAGE:format(504) } end
function meets.page() return { status = 502, body = PAGE:format(502) } end
meets.page_done = meets.page
function meets.banned() return { status = 403, body = "access too frequent" } end
-- Codes with which the exchange says that it does not know itself, and an unknown code.
local DOUBTS = { { 10016, "Server error." }, { 10000, "Server Timeout" }, { 987654, "Something new." } }
function meets.code(self, copy)
  return saying(self, copy, table.unpack(DOUBTS[copy.random:integer(1, #DOUBTS)]))
end
meets.code_done = meets.code
function meets.limited(self, copy) return saying(self, copy, 10006, "Too many visits. Exceeded the API Rate Limit.") end
function meets.cut(_, copy)
  local a = copy.answer
  return { status = a.status, body = a.body:sub(1, copy.random:integer(0, #a.body - 1)), headers = a.headers }
end

-- Kind of fault -> does the copy arrive: in time, after the client has given up, or never?
local ARRIVES = { late = "late", gateway = "late", lost_answer = "there", cut = "there", page_done = "there",
  code_done = "there", slow = "there" }
local WAITS_OUT = { lost_request = true, late = true, lost_answer = true, restart = true }

local REFUSES = { banned = true, limited = true } -- the answer says that nothing was done

-- How long the client waits for the end of the request.
local function time_of(copy, there, back)
  local random, fate = copy.random, copy.fate
  if fate == "refused" then return there end
  if fate == "unconnected" then return math.min(copy.connect_timeout, copy.timeout) end
  if fate == "slow" then return math.min(there + random:unit() * copy.timeout * 1.2, copy.timeout) end
  if WAITS_OUT[fate] then
    copy.resets = random:unit() < 0.5
    return copy.resets and there + back or copy.timeout
  end
  return there + back
end

-- The seconds after which a late copy arrives: at any moment, or in the last moments in which it is accepted.
local function lateness(self, copy, takes)
  local random = copy.random
  if random:unit() < 0.3 then
    return (copy.stamp + copy.window - self.world:server(copy.left)) / 1000 - random:unit() ^ 2 * 0.8
  end
  return takes + (random:unit() < 0.7 and random:integer(60, 6000) or random:integer(6000, 20000)) / 1000
end

local function start(self, request)
  self.world:catch_up()
  local copy = read_request(request)
  -- outside of tasks recovery runs in its own coroutine, and there is only one call at a time
  local running = self.running[coroutine.running()] or self.blocking and self.running[self.blocking]
  copy.call = running
  local owner = running and running.key or "stray"
  self.counts[owner] = (self.counts[owner] or 0) + 1
  copy.key = ("%s.%d"):format(owner, self.counts[owner])
  copy.random = core.random(mix(self.seed, copy.key))
  copy.fate, copy.odd = draw(self, copy, copy.random)
  if copy.fate or copy.odd then self.met[#self.met + 1] = copy.key end
  copy.never = copy.fate == "refused" or copy.fate == "unconnected" -- it is not sent
  if not copy.never then
    self.copies[#self.copies + 1] = copy
    copy.number = #self.copies
  end
  if self.on_copy then self.on_copy(copy) end
  local there, back = 0.001 + copy.random:unit() * 0.02, 0.001 + copy.random:unit() * 0.02
  local takes = math.min(time_of(copy, there, back), copy.timeout)
  local arrives = not copy.fate and "there" or ARRIVES[copy.fate]
  if copy.fate == "restart" then self.world:restart() end
  if arrives == "there" then
    self.world:after(math.min(there, takes / 2), function() deliver(self, copy) end)
  elseif arrives == "late" then
    self.world:after(math.max(takes + 0.06, lateness(self, copy, takes)), function() deliver(self, copy) end)
  end
  return { after = takes, sent = not copy.never, copy = copy }
end

local function fill(transfer, from)
  for k, v in pairs(from) do transfer[k] = v end
end

-- The client gets the result.
local function finish(self, transfer)
  self.world:catch_up()
  local copy = transfer.copy
  local fate = copy.fate
  if fate == "slow" and loop.now() - copy.left >= copy.timeout - 1e-6 then
    copy.failed = true
    return fill(transfer, broken(copy))
  end
  if fate and fate ~= "slow" then
    copy.failed = true
    if REFUSES[fate] then copy.answered, copy.refused = loop.now(), true end
    return fill(transfer, meets[fate](self, copy))
  end
  local answer = copy.answer
  local body, what = answer.body, nil
  if copy.odd then body, what = mutate.answer(body, copy.random) end
  if what then
    copy.changed = what
    copy.failed = copy.verb == "POST" -- a changed acknowledgement tells nothing
    return fill(transfer, { status = answer.status, headers = answer.headers, body = body })
  end
  copy.answered = loop.now()
  fill(transfer, answer)
end

--- The transport of a client's life; when the life is dead, nothing is sent any more.
---@param life { dead: boolean? }
function Network:transport(life)
  return {
    start = function(_, request)
      if life.dead then return { error = "network", message = "dead", sent = false } end
      return start(self, request)
    end,
    wait = function(_, transfer)
      if life.dead then return fill(transfer, { error = "network", message = "dead", sent = true }) end
      finish(self, transfer)
    end,
  }
end

return network
