-- Shared by the specs of the paper exchange: an exchange whose clock and prices are moved by hand, and signed requests to it
-- over a bare connection, with wire names. lua-cjson reads the answers, so that the client's decoder is not used.

local cjson = require "cjson"
local core = require "bybit.core"
local paper = require "bybit.paper"
local percent = require "spec.support.percent"
local raw = require "spec.support.raw_http"

local wire = {}

local Caller = {}
Caller.__index = Caller

local function query(params)
  local names, parts = {}, {}
  for name in pairs(params) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = percent.encode(name) .. "=" .. percent.encode(params[name]) end
  return table.concat(parts, "&")
end

--- Headers that sign `text` for this caller; `ahead` is how many ms its clock is ahead.
function Caller:headers(text, ahead)
  local now = ("%d"):format(self.clock() + (ahead or 0))
  local signature = core.sign.hmac_sha256(self.secret, now .. self.key .. "5000" .. text)
  return { "X-BAPI-API-KEY: " .. self.key, "X-BAPI-TIMESTAMP: " .. now, "X-BAPI-RECV-WINDOW: 5000",
    "X-BAPI-SIGN: " .. signature, "Content-Type: application/json" }
end

--- The bytes of a signed request to /v5/<path>.
function Caller:bytes(verb, path, params)
  if params and params.category == nil then params.category = self.category end
  local text = verb == "GET" and query(params or {}) or cjson.encode(params or {})
  local target = "/v5/" .. path .. (verb == "GET" and text ~= "" and "?" .. text or "")
  return raw.text(verb, target, self:headers(text), verb == "POST" and text or nil)
end

--- Sends a request and returns the answer as raw_http does; nil and the reason if the connection ended.
function Caller:send(verb, path, params)
  if not self.connection then self.connection = raw.connect(self.port) end
  self.connection:send(self:bytes(verb, path, params))
  local answer, why = self.connection:answer()
  if not answer then self:hang_up() end
  return answer, why
end

function Caller:hang_up()
  if self.connection then self.connection:close() end
  self.connection = nil
end

--- The envelope of the answer. Numbers in it are whole, except where the exchange sends none.
function Caller:call(verb, path, params)
  local answer = assert(self:send(verb, path, params))
  return cjson.decode(answer.body), answer
end

function Caller:get(path, params) return self:call("GET", path, params or {}) end

function Caller:post(path, params) return self:call("POST", path, params or {}) end

--- The result of a call that must succeed.
function Caller:must(verb, path, params)
  local done = self:call(verb, path, params or {})
  if done.retCode ~= 0 then error(("%s: %d %s"):format(path, done.retCode, done.retMsg), 2) end
  return done.result
end

--- Places an order, by default a buy of 100 at 29990, which rests in the book. Returns its id.
function Caller:place(fields)
  local p = { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "100" }
  for k, v in pairs(fields or {}) do p[k] = v end
  if p.orderType == "Limit" and p.price == nil then p.price = "29990" end
  return self:must("POST", "order/create", p).orderId
end

--- The record of an order, open or closed.
function Caller:order(id)
  return self:must("GET", "order/realtime", { symbol = "BTCUSD", orderId = id }).list[1]
end

function Caller:position(symbol)
  return self:must("GET", "position/list", { symbol = symbol or "BTCUSD" }).list[1]
end

--- The wallet's row of a coin.
function Caller:wallet(coin)
  return self:must("GET", "account/wallet-balance", { accountType = "UNIFIED", coin = coin or "BTC" }).list[1].coin[1]
end

--- A signed caller on an exchange with the key at `index` (1).
function wire.caller(exchange, index)
  local entry = exchange.keys[index or 1]
  return setmetatable({ port = exchange.port, key = entry.key, secret = entry.secret, category = "inverse",
    clock = function() return exchange:now() end }, Caller)
end

--- Runs each test of a describe on a fresh exchange of wire.start: the last test's exchange if that test placed no order and
--- moved no time, otherwise a new one. After each test the exchange must not have had an internal error.
---@param use fun(exchange, caller) called before each test
function wire.each_test(use)
  local busted = require "busted"
  local exchange, caller, begun
  local function close()
    if exchange then exchange:close() end
    exchange = nil
  end
  busted.before_each(function()
    if not exchange then exchange, caller = wire.start() end
    begun = exchange:now()
    exchange:set_price("BTCUSD", "30000")
    use(exchange, caller)
  end)
  busted.after_each(function()
    caller:hang_up()
    local mistakes, clean = exchange:errors(), #exchange:books().orders == 0 and exchange:now() == begun
    if #mistakes > 0 or not clean then close() end
    assert(#mistakes == 0, mistakes[1])
  end)
  busted.teardown(close)
end

--- An exchange with a manual clock, two accounts, BTCUSD at 30000 and no rate limits; and a caller of its first key.
---@param options? table of bybit.paper.start
function wire.start(options)
  local settings = { clock = "manual", seed = 7, limits = false, keys = { { key = "one", secret = "secret of one" },
    { key = "two", secret = "secret of two" } } }
  for k, v in pairs(options or {}) do settings[k] = v end
  local exchange = assert(paper.start(settings))
  exchange:set_price("BTCUSD", "30000")
  return exchange, wire.caller(exchange)
end

return wire
