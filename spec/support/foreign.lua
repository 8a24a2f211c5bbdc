-- Clients of other languages that trade on a paper exchange: npm's bybit-api and ccxt, each in a node of its own, asked a method at a
-- time. What they send and what they make of the answers is theirs alone, so it checks the exchange, and our client beside them. A
-- sanitizer that is loaded here is not loaded there.

local cjson = require "cjson"
local shell = require "spec.support.shell"

local foreign = {}

local Client = {}
Client.__index = Client

local NODE = "env LD_PRELOAD= NODE_PATH='build/peers/node_modules' node"

--- What is missing for a package, in words; nil where it is there.
---@param package string "bybit-api", "ccxt"
function foreign.missing(package)
  if not select(2, shell.run "node --version") then return "node is missing" end
  if not select(2, shell.run(("%s -e 'require(\"%s\")'"):format(NODE, package))) then
    return ("npm's %s is missing: `make peers` gets it"):format(package)
  end
end

--- Starts a client on an exchange. The caller closes it.
---@param name string a program of spec/clients
---@param exchange bybit.paper.Exchange
function foreign.start(name, exchange)
  local requests = os.tmpname()
  os.remove(requests)
  shell.capture("mkfifo -m 600 " .. requests)
  local answers = assert(io.popen(("%s spec/clients/%s.js %s %s %s <%s 2>&1"):format(NODE, name, exchange.url, exchange.key,
    exchange.secret, requests)))
  local self = setmetatable({ answers = answers, requests = assert(io.open(requests, "w")) }, Client)
  os.remove(requests)
  self.requests:setvbuf "line"
  return self
end

--- Calls a method of the library.
---@return any? value of its answer, as JSON has it; `cjson.null` for none
---@return string? err its exception
function Client:try(method, ...)
  local arguments = cjson.encode { ... }
  if select("#", ...) == 0 then arguments = "[]" end
  self.requests:write('["', method, '",', arguments, "]\n")
  local line = self.answers:read "l"
  local ok, answer = pcall(cjson.decode, line or "")
  if not ok or type(answer) ~= "table" then
    error(("%s: %s\n%s"):format(method, line or "the client ended", line and self.answers:read "a" or ""), 2)
  end
  return answer.value, answer.error
end

--- The same for a call that has to succeed.
function Client:call(method, ...)
  local value, err = self:try(method, ...)
  if err then error(("%s: %s"):format(method, err), 2) end
  return value
end

function Client:close()
  self.requests:close()
  self.answers:close()
end

return foreign
