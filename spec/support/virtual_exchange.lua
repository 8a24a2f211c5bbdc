-- The paper exchange's own engine in the state of a spec, behind a network that a seed decides on: a transport in Lua, in
-- virtual time, so that thousands of runs take seconds and a seed replays exactly. A request may never leave, get lost,
-- or arrive seconds after its client has given it up; its answer may be lost, late, cut off, or replaced by a page or a
-- code that says nothing of what was done. Each copy of each request is kept, with what the exchange did about it: that,
-- beside the books, is what calls are held against.

local bybit = require "bybit"
local cjson = require "cjson"
local core = require "bybit.core"
local host = require "bybit.paper.host"
local pack = require "bybit.paper.pack"

local loop = core.loop
local virtual = {}

virtual.KEY, virtual.SECRET = "paperKey0123456789", "paperSecretPaperSecretPaperSecret001"
virtual.START = 1700000000000

local QUIET = { get = 0 }

local Exchange = {}
Exchange.__index = Exchange

---@class spec.Copy one sending of a request
---@field path string
---@field params table as the exchange read them
---@field at integer ms, when it left
---@field done boolean did the exchange carry it out? False while it is under way
---@field code integer? what the exchange said
---@field when integer? ms, when it arrived

--- An exchange; time becomes virtual. `seed` decides all. BTCUSD is at 30000.
---@param options { seed: integer, skew: integer?, lag: integer?, forget: number? } skew and lag: ms; forget: seconds
function virtual.start(options)
  loop.virtual(virtual.START)
  local self = setmetatable({ random = core.random(options.seed), late = {}, weights = QUIET }, Exchange)
  self.clock = function() return (self.moment or loop.wall()) * 1000000 end
  local boot = pack.write { keys = { { key = virtual.KEY, secret = virtual.SECRET } }, seed = options.seed, limits = false,
    lag = 0, faults = { skew = options.skew, lag = options.lag, forget = options.forget } }
  self.standing = { skew = options.skew, lag = options.lag, forget = options.forget }
  self.on_request, self.on_command = host.start(boot, self.clock)
  self:command("set_price", "BTCUSD", "30000", {})
  return self
end

function Exchange:command(...)
  return pack.read(self.on_command(pack.write(...)))
end

--- The exchange's own books.
function Exchange:books()
  return self:command("books", virtual.KEY)
end

--- How often each kind of mishap is drawn, of 1: { lost_request = 0.1, ... }; nothing: all is well.
---@param weights table<string, number>?
function Exchange:mishaps(weights)
  local names = {}
  for name in pairs(weights or {}) do names[#names + 1] = name end
  table.sort(names)
  self.names, self.weights = names, weights or QUIET
end

-- What happens to this request; nil: nothing.
local function draw(self)
  local x = self.random:unit()
  for _, name in ipairs(self.names or {}) do
    x = x - self.weights[name]
    if x < 0 then
      return name
    end
  end
end

local function params_of(request, query)
  if request.body and request.body:find "^{" then return cjson.decode(request.body) end
  local out = {}
  for name, value in (request.body or query or ""):gmatch "([^&=]+)=([^&]*)" do out[name] = value end
  return out
end

-- The exchange gets it, at this moment of its clock.
local function deliver(self, copy, moment)
  self.moment = moment
  local h = copy.headers
  local status, body, headers = self.on_request(copy.verb, copy.target, copy.body, "127.0.0.1", h["X-BAPI-API-KEY"],
    h["X-BAPI-TIMESTAMP"], h["X-BAPI-SIGN"], h["X-BAPI-RECV-WINDOW"])
  self.moment = nil
  copy.when = moment
  local said = body:find "^{" and cjson.decode(body) or {}
  copy.code = said.retCode or said.ret_code
  copy.done = copy.code == 0
  return status, body, headers
end

--- What is still on its way and was due by now arrives.
function Exchange:catch_up()
  table.sort(self.late, function(a, b) return a.due < b.due end)
  while self.late[1] and self.late[1].due <= loop.wall() do
    local copy = table.remove(self.late, 1)
    deliver(self, copy, copy.due)
  end
end

-- Time passes, and no answer comes.
local function lost(self, timeout)
  if self.random:unit() < 0.5 then
    loop.advance(self.random:unit() * 0.05)
    return { error = "network", message = "connection reset", sent = true }
  end
  loop.advance(timeout)
  return { error = "timeout", message = "no answer", sent = true }
end

-- A code that stands in for the answer.
local function saying(self, copy, code, text)
  local now = loop.wall() + (self.standing.skew or 0)
  if copy.target:find "^/v5/" then
    return ('{"retCode":%d,"retMsg":"%s","result":{},"retExtInfo":{},"time":%d}'):format(code, text, now)
  end
  return ('{"ret_code":%d,"ret_msg":"%s","ext_code":"","ext_info":"","result":null,"time_now":"%d.%06d"}'):format(code, text,
    now // 1000, now % 1000 * 1000)
end

local function answered(status, body, headers)
  local lines = {}
  for i = 1, #(headers or {}), 2 do lines[#lines + 1] = ("%s: %s\r\n"):format(headers[i], headers[i + 1]) end
  return { status = status, body = body, headers = table.concat(lines) }
end

local PAGE = "<html><head><title>502</title></head></html>"

-- Each kind of mishap: what the client meets, of a copy that has left.
local mishap = {}

function mishap.lost_request(self, _, timeout) return lost(self, timeout) end

-- It arrives after the client has given it up, perhaps outside its window.
function mishap.late(self, copy, timeout)
  copy.due = loop.wall() + self.random:integer(60, 12000)
  self.late[#self.late + 1] = copy
  return lost(self, timeout)
end

function mishap.lost_answer(self, copy, timeout)
  deliver(self, copy, loop.wall())
  return lost(self, timeout)
end

function mishap.cut(self, copy)
  local status, body, headers = deliver(self, copy, loop.wall())
  return answered(status, body:sub(1, self.random:integer(0, #body - 1)), headers)
end

function mishap.page() return answered(502, PAGE) end

function mishap.page_done(self, copy)
  deliver(self, copy, loop.wall())
  return answered(502, PAGE)
end

function mishap.code(self, copy) return answered(200, saying(self, copy, 10016, "Server error.")) end

function mishap.code_done(self, copy)
  deliver(self, copy, loop.wall())
  return answered(200, saying(self, copy, 10016, "Server error."))
end

function mishap.limited(self, copy)
  return answered(200, saying(self, copy, 10006, "Too many visits. Exceeded the API Rate Limit."))
end

-- Closed orders are forgotten, and the connection breaks.
function mishap.restart(self, _, timeout)
  self:command("faults", { { "restart", times = 1 }, skew = self.standing.skew, lag = self.standing.lag,
    forget = self.standing.forget })
  self.on_request("GET", "/v5/market/time", "", "127.0.0.1")
  return lost(self, timeout)
end

local function read_request(request)
  local target = request.url:match "^https?://[^/]+(.*)$"
  local path, query = target:match "^([^?]*)%??(.*)$"
  local headers = {}
  for _, line in ipairs(request.headers) do
    local name, value = line:match "^([^:]+): (.*)$"
    headers[name:upper()] = value
  end
  return { verb = request.verb, target = target, path = path, params = params_of(request, query), headers = headers,
    body = request.body or "", at = loop.wall(), done = false, thread = coroutine.running() }
end

-- One request of a client.
local function start(self, request)
  self:catch_up()
  local copy = read_request(request)
  local kind = draw(self)
  if kind == "refused" then return { error = "network", message = "connection refused", sent = false } end
  if copy.verb == "POST" and self.on_copy then self.on_copy(copy) end -- reading changes nothing
  loop.advance(0.001 + self.random:unit() * 0.02)
  local transfer
  if kind then
    transfer = mishap[kind](self, copy, request.timeout)
  else
    transfer = answered(deliver(self, copy, loop.wall()))
  end
  if transfer.status then loop.advance(0.001 + self.random:unit() * 0.02) end
  return transfer
end

--- A client on this exchange.
---@param options table?
function Exchange:client(options)
  local o = { environment = { url = "http://127.0.0.1:1" }, key = virtual.KEY, secret = virtual.SECRET,
    seed = self.random:integer(1, 1 << 40), rate = false,
    transport = { start = function(_, request) return start(self, request) end } }
  for k, v in pairs(options or {}) do o[k] = v end
  return bybit.client(o)
end

function Exchange.close()
  loop.real()
end

return virtual
