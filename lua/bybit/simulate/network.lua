-- The network of a simulation: a client's transport as a table. A request acts on the exchange after a latency that is drawn from the
-- seed, and its answer takes as long again. The exchange's faults strike here as they do on a socket.

local network = {}

local Network = {}
Network.__index = Network

local MS, SECOND = 1000000, 1000000000
local floor, match, sub, find, upper = math.floor, string.match, string.sub, string.find, string.upper
local tointeger = math.tointeger

---@param world table
---@param journal table hears of each request: note(verb, path, body, status, code, fault)
function network.new(world, journal)
  return setmetatable({ world = world, journal = journal, lines = true }, Network)
end

local KEY, TIMESTAMP, SIGN, WINDOW = "X-BAPI-API-KEY", "X-BAPI-TIMESTAMP", "X-BAPI-SIGN", "X-BAPI-RECV-WINDOW"

-- The header lines by their names in capitals.
local function headers_of(lines)
  local by_name = {}
  for i = #lines, 1, -1 do -- of two with one name the first counts
    local line = lines[i]
    local colon = find(line, ":", 1, true)
    if colon then by_name[upper(sub(line, 1, colon - 1))] = sub(line, colon + 2) end
  end
  return by_name
end

local FORMS = setmetatable({}, { __index = function(forms, count)
  forms[count] = ("%s: %s\r\n"):rep(count)
  return forms[count]
end })

-- What the client's connection tells of the exchange's answer.
local function answer_of(status, body, headers, fault)
  if fault and fault.silent then return nil, "connection reset" end
  if fault and fault.cut then return nil, "the body is cut short" end
  return { status = status, body = body, headers = headers and FORMS[#headers // 2]:format(table.unpack(headers)) or "" }
end

-- The request reaches the exchange.
local function deliver(world, transfer)
  local request, self = transfer.request, transfer.network
  local target, header = match(request.url, "^https?://[^/]+(.*)$"), headers_of(request.headers)
  local status, body, headers, fault = world.exchange.wire:handle(request.verb, target, request.body or "", "127.0.0.1",
    header[KEY], header[TIMESTAMP], header[SIGN], header[WINDOW])
  if request.verb ~= "GET" then world:touched() end
  self.journal:note(request.verb, match(target, "^[^?]*"), request.body, status,
    tointeger(tonumber(match(body, '^{"ret_?[cC]ode":(%-?%d+)'))), fault)
  transfer.answer, transfer.broken = answer_of(status, body, headers, fault)
  transfer.answered = transfer.arrives + transfer.back + (fault and fault.delay and fault.delay * MS or 0)
end

function Network:start(request)
  local world = self.world
  local there, back = world:travel(), world:travel()
  local arrives = world.ns + there
  local transfer = { request = request, network = self, sent = true, arrives = arrives, back = back, answered = arrives + back,
    limit = world.ns + floor(request.timeout * SECOND) }
  if there == 0 then
    deliver(world, transfer)
  else
    world:at(arrives, deliver, transfer)
    transfer.after = (math.min(transfer.answered, transfer.limit) - world.ns) / SECOND
  end
  return transfer
end

local function fail(transfer, kind, message)
  transfer.error, transfer.message = kind, message
end

-- The client looks after its request again: when its answer has come, or when its time is up.
function Network:wait(transfer)
  local world = self.world
  world:catch_up()
  local due = math.min(transfer.answered, transfer.limit)
  if world.ns < due then
    transfer.after = (due - world.ns) / SECOND
  elseif transfer.answered >= transfer.limit then
    fail(transfer, "timeout", "no answer")
  elseif transfer.broken then
    fail(transfer, "network", transfer.broken)
  else
    local answer = transfer.answer
    transfer.status, transfer.body, transfer.headers = answer.status, answer.body, answer.headers
  end
end

return network
