-- The network of a simulation: a client's transport as a table. A request acts on the exchange after a latency that is drawn from the
-- seed, and its answer takes as long again. The exchange's faults strike here as they do on a socket.

local engine = require "bybit.paper_engine"

local network = {}

local Network = {}
Network.__index = Network

local MS, SECOND = 1000000, 1000000000
local floor, min = math.floor, math.min
local find, sub = string.find, string.sub
local header_of = engine.headers

---@param world table
---@param journal table hears of each request, see journal.lua
function network.new(world, journal)
  return setmetatable({ world = world, journal = journal, lines = true }, Network)
end

-- The request reaches the exchange. Its answer is on the way then; `broken` tells what the client's connection has of it.
local function deliver(world, transfer)
  local request, url = transfer.request, transfer.request.url
  local target = sub(url, find(url, "/", 9, true), -1) -- behind https:// and the host
  local key, timestamp, sign, window = header_of(request.headers)
  local status, body, lines, fault = world.exchange.wire:handle(request.verb, target, request.body or "", "127.0.0.1", key,
    timestamp, sign, window)
  if request.verb ~= "GET" then world:touched() end
  transfer.network.journal:note(request.verb, target, request.body, status, body, fault)
  transfer.answer, transfer.answer_body, transfer.answer_lines = status, body, lines
  if not fault then return end
  transfer.broken = fault.silent and "connection reset" or fault.cut and "the body is cut short" or nil
  if fault.delay then transfer.answered = transfer.answered + fault.delay * MS end
end

function Network:start(request)
  local world = self.world
  local there, back = world:travel(), world:travel()
  local arrives = world.ns + there
  local transfer = { request = request, network = self, sent = true, answered = arrives + back,
    limit = world.ns + floor(request.timeout * SECOND),
    after = nil, answer = nil, answer_body = nil, answer_lines = nil, status = nil, body = nil, headers = nil } -- with room for them
  if there == 0 then
    deliver(world, transfer)
  else
    world:at(arrives, deliver, transfer)
    transfer.after = (min(transfer.answered, transfer.limit) - world.ns) / SECOND
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
  local due = min(transfer.answered, transfer.limit)
  if world.ns < due then
    transfer.after = (due - world.ns) / SECOND
  elseif transfer.answered >= transfer.limit then
    fail(transfer, "timeout", "no answer")
  elseif transfer.broken then
    fail(transfer, "network", transfer.broken)
  else
    transfer.status, transfer.body, transfer.headers = transfer.answer, transfer.answer_body, transfer.answer_lines
  end
end

return network
