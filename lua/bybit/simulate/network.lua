-- The network of a simulation: a client's transport as a table. A request acts on the exchange after a latency that is drawn from the
-- seed, and its answer takes as long again. The exchange's faults strike here as they do on a socket.

local network = {}

local Network = {}
Network.__index = Network

local MS, SECOND = 1000000, 1000000000

---@param world table
---@param latency { from: number, to: number } seconds, each way
---@param journal table hears of each request: note(kind, fields)
function network.new(world, latency, journal)
  return setmetatable({ world = world, latency = latency, journal = journal, counts = {}, sent = 0, lines = true }, Network)
end

local function draw(self)
  local l = self.latency
  if l.from == l.to then return math.floor(l.from * SECOND) end
  return math.floor((l.from + (l.to - l.from) * self.world.random.latency:unit()) * SECOND)
end

local function header(lines, name)
  for _, line in ipairs(lines) do
    if line:sub(1, #name):upper() == name and line:byte(#name + 1) == 58 then return line:sub(#name + 3) end
  end
end

-- The request reaches the exchange.
local function deliver(self, transfer)
  local request, world = transfer.request, self.world
  local target = request.url:match "^https?://[^/]+(.*)$"
  local lines = request.headers
  local status, body, headers, fault = world.exchange.wire:handle(request.verb, target, request.body or "", "127.0.0.1",
    header(lines, "X-BAPI-API-KEY"), header(lines, "X-BAPI-TIMESTAMP"), header(lines, "X-BAPI-SIGN"),
    header(lines, "X-BAPI-RECV-WINDOW"))
  if request.verb ~= "GET" then world:touched() end
  local path = target:match "^[^?]*"
  local code = math.tointeger(tonumber(body:match '^{"ret_?[cC]ode":(%-?%d+)'))
  self.journal:note("request", { verb = request.verb, path = path, body = request.body, status = status, code = code,
    fault = fault })
  if fault and fault.silent then
    transfer.answer = { error = "network", message = "connection reset", sent = true }
  elseif fault and fault.cut then
    transfer.answer = { error = "network", message = "the body is cut short", sent = true }
  else
    local text = {}
    for i = 1, #(headers or {}), 2 do text[#text + 1] = ("%s: %s\r\n"):format(headers[i], headers[i + 1]) end
    transfer.answer = { status = status, body = body, headers = table.concat(text) }
  end
  transfer.late = fault and fault.delay and fault.delay * MS or 0
end

function Network:start(request)
  local world = self.world
  self.sent = self.sent + 1
  local there, back = draw(self), draw(self)
  local transfer = { request = request, sent = true, arrives = world.ns + there, back = back,
    limit = world.ns + math.floor(request.timeout * SECOND) }
  if there == 0 then
    deliver(self, transfer)
    return transfer
  end
  world:at(transfer.arrives, function() deliver(self, transfer) end)
  transfer.after = there / SECOND
  return transfer
end

local function fill(transfer, from)
  for k, v in pairs(from) do transfer[k] = v end
end

-- The client looks after its request again: when it has arrived, when its answer has, or when its time is up.
function Network:wait(transfer)
  local world = self.world
  world:catch_up()
  local due = transfer.arrives
  if transfer.answer then due = due + transfer.back + transfer.late end
  due = math.min(due, transfer.limit)
  if world.ns < due then
    transfer.after = (due - world.ns) / SECOND
  elseif transfer.answer and due < transfer.limit then
    fill(transfer, transfer.answer)
  else
    fill(transfer, { error = "timeout", message = "no answer", sent = true })
  end
end

return network
