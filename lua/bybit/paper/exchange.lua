-- An exchange on loopback that speaks V5, and v2 on the same books, with a synthetic market. Any client in any language can
-- use it: it has real HTTP and real signatures. It runs on a thread of its own, in a Lua state of its own. This file starts,
-- steers and ends it; neither state can reach the other.

local core = require "bybit.core"
local door = require "bybit.paper.door"
local errors = require "bybit.errors"
local instruments = require "bybit.paper.engine.instruments"
local known = require "bybit.text.known"
local pack = require "bybit.paper.pack"
local server = require "bybit.paper_server"
local tasks = require "bybit.tasks"

local loop = core.loop

local paper = {}

---@class bybit.paper.Key
---@field key string what clients give as `key`
---@field secret string? the secret of an HMAC key
---@field public_key string? the public key of an RSA key, as PEM text
---@field read_only boolean? it may read, not trade
---@field deposit table<string, string>? coins of this account, in place of the exchange's deposit

---@class bybit.paper.Options
---@field port integer? the port to listen on, up to 65535; 0, the default: any free one
---@field seed integer? draws the market and everything else that is drawn; the same seed gives the same run
---@field keys bybit.paper.Key[]? the accounts; one is made when none is given
---@field clock "real"|"manual"|nil "manual": time moves only when the program moves it; "real" is the default
---@field start_time integer? where a manual clock begins, in ms: a moment of the years 2000 to 2099. With `prices`: the moment of
---  these at which the exchange begins, by any clock; their first one when left out
---@field prices table<string, string|string[]>? CSV files of trades or candles, by symbol, that drive these markets in place of
---  their walk: {BTCUSD = "BTCUSD2024-01-01.csv"}. See the guide for the columns
---@field deposit table<string, string>? what each account begins with, per coin
---@field lag integer? ms after which an acknowledged order shows in queries, up to 3600000: 5, with a manual clock 0
---@field limits table<string, integer|false>|false|nil requests a second, in place of the exchange's:
---  {["order/create"] = 20}, and `ip`: requests in 5 seconds; false: no limits
---@field instruments table? the contracts, in place of the exchange's own; each has at least `symbol` and `base`, and
---  `category = "linear"` (with `quote`) where it is no inverse one
---@field faults bybit.paper.Fault[]? what goes wrong from the start, see exchange:faults
---@field keep integer? how many closed orders, and executions, an account keeps at most: 1 to 10000000 (100000)
---@field active_orders integer? how many active orders an account may have on a symbol: 1 to 10000000 (500, as on the
---  exchange)
---@field auth_status_401 boolean? answer with HTTP status 401 when authentication headers are missing

---@class bybit.paper.Exchange
---@field url string its address
---@field port integer its port
---@field key string the first account's key
---@field secret string? the first account's secret
---@field keys bybit.paper.Key[] all accounts
local Exchange = {}

local leader -- the exchange whose manual clock this state's time follows

Exchange.__index = Exchange
Exchange.__name = "bybit.paper.exchange"

-- Where a manual clock begins, so that a run depends on its seed alone: 2024-01-01T00:00:00Z.
local START = 1704067200000

-- Hexadecimal digits from the system; from the seed when there is one, so that a run can be repeated.
local function random_hex(size, seed, salt)
  if not seed then
    local file <close> = assert(io.open("/dev/urandom", "rb"))
    return (file:read(size // 2):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
  end
  local out, state = {}, seed ~ salt
  for i = 1, size do
    state = state * 6364136223846793005 + 1442695040888963407
    out[i] = ("%x"):format(state >> 60)
  end
  return table.concat(out)
end

-- The accounts' keys; a pair is made when none are given.
local function make_keys(options)
  return options.keys
    or { { key = "paper" .. random_hex(14, options.seed, 1), secret = random_hex(36, options.seed, 2) } }
end

local function start(options, called)
  options = door.options(options, called)
  local keys, manual = make_keys(options), options.clock == "manual"
  local start_time = options.start_time or options.prices and options.prices.first or START
  local rows = options.instruments or instruments.at(manual and start_time or os.time() * 1000)
  local contracts = door.contracts(rows)
  local boot = pack.write {
    keys = keys, clock = options.clock, start_time = start_time, seed = options.seed or os.time(),
    deposit = options.deposit, lag = options.lag or (manual and 0 or 5), limits = options.limits,
    instruments = rows, auth_status_401 = options.auth_status_401, faults = options.faults,
    keep = options.keep, active_orders = options.active_orders, prices = door.histories(options.prices, contracts, called),
  }
  local handle, port = server.start(options.port or 0, package.path, package.cpath, boot)
  if not handle then return nil, port end
  return setmetatable({
    url = ("http://127.0.0.1:%d"):format(port), port = port, key = keys[1].key, secret = keys[1].secret, keys = keys,
    server = handle, manual = manual, contracts = contracts,
  }, Exchange)
end

---Starts an exchange inside this process. Nil and a message when the port cannot be had.
---@param options bybit.paper.Options?
---@return bybit.paper.Exchange?
---@return string? message
function paper.start(options)
  return start(options, "start")
end

-- Raises when a method is not called on an exchange that is open.
local function check_open(self, method)
  if getmetatable(self) ~= Exchange then errors.raise(("%s: call it with ':', exchange:%s(...)"):format(method, method)) end
  if self.closed then errors.raise(method .. ": the exchange is closed") end
end

local function command(self, ...)
  local done, text = self.server:command(pack.write(...))
  if not done then errors.raise(text) end
  return pack.read(text)
end

-- A command that moves the market or the time. Where a program's time follows this exchange, it does not go on before the streams
-- have brought what was sent for it.
local function steer(self, ...)
  command(self, ...)
  if self ~= leader then return end
  for connection, messages in pairs(command(self, "streams")) do core.stream.expect(connection, messages) end
end

---Sets a symbol's last price and, unless given apart, its mark and index price. Strangers trade there, orders match, and
---what is triggered fires. The walk of that symbol's market ends; with `walk = true` it goes on from the price. Done when
---it returns, as are all of these.
---@param symbol string
---@param price string|number|userdata a multiple of the tick, between the contract's lowest and highest price
---@param with { mark: any, index: any, walk: boolean? }?
function Exchange:set_price(symbol, price, with)
  check_open(self, "set_price")
  local last, others = door.prices(self.contracts, symbol, price, with)
  steer(self, "set_price", symbol, last, others)
end

---Walks n ticks of the synthetic market. The clock stands still meanwhile.
---@param n integer? 1 when left out; up to 25920000
function Exchange:step(n)
  check_open(self, "step")
  steer(self, "step", door.ticks("step: 'n'", n == nil and 1 or n))
end

-- Raises on an exchange whose clock is not moved by hand.
local function check_manual(self, method)
  check_open(self, method)
  if not self.manual then
    errors.raise(method .. ": the exchange runs by the real clock; start it with clock = \"manual\"")
  end
end

---Moves time alone, on an exchange with a manual clock. The market stands still meanwhile, but for those that `prices` drive.
---@param seconds number
function Exchange:advance(seconds)
  check_manual(self, "advance")
  steer(self, "advance", door.span("advance: 'seconds'", seconds))
  if self == leader then loop.advance(seconds) end
end

---Moves time and the market together, on an exchange with a manual clock: at each tenth of a second the market walks a
---tick, as it does on an exchange with a real clock. A price that was set stays, unless it was set with `walk = true`.
---@param seconds number up to 30 days
function Exchange:walk(seconds)
  check_manual(self, "walk")
  steer(self, "walk", door.walk("walk: 'seconds'", seconds))
  if self == leader then loop.advance(seconds) end
end

---The exchange's clock.
---@return integer ms
function Exchange:now()
  check_open(self, "now")
  return command(self, "now")
end

---Makes the time of this Lua state follow the exchange, when its clock is manual. A client calls it. From then on waiting
---moves the exchange's time. Raises when the time follows another exchange already.
---@private
function Exchange:lead()
  if not self.manual or self == leader then return end
  if leader then
    errors.raise("bybit.client: a second exchange with a manual clock: the time of a program can only follow one")
  end
  leader = self
  loop.virtual(command(self, "now"))
  tasks.set_advance(function(seconds) self:advance(seconds) end)
end

---A rule that makes something go wrong. Where several rules strike a request, the first of them counts.
---@class bybit.paper.Fault
---@field [1] string the kind: "lost_request", "late_request", "lost_answer", "reset", "cut", "delay", "reorder", "http",
---  "code", "partly", "element" or "restart"; of streams: "stream_cut", "stream_silent", "stream_half_open", "stream_swallow",
---  "stream_duplicate", "stream_reorder", "stream_late", "stream_slow" or "stream_crossed"; faults.lua says what each does
---@field probability number? how likely it strikes, 0 to 1; without it and `nth` it strikes every request
---@field nth integer|integer[]? which of the requests that the rule is about it strikes, counted from 1
---@field times integer? how often it strikes at most
---@field path string? the path that it is about, such as "order/create"; "order/" means every path that begins so
---@field topic string? of a stream: the topic of the frames that it is about, or what they answer: "pong", "auth",
---  "subscribe", "order.create"; "orderbook." means every topic that begins so
---@field verb "GET"|"POST"|nil the verb that it is about
---@field executed boolean? the request is carried out all the same; for reset, http and code; for element: the order is
---@field seconds number? how long, for late_request, delay and stream_late; the longest wait for another answer, for reorder (1); how
---  long the exchange is away, for restart (0). By the exchange's clock in late_request and restart, otherwise real seconds
---@field rate integer? bytes a second, for stream_slow: real seconds, but in a simulation
---@field at integer? how many bytes of the body get through, for cut; drawn when left out
---@field reset boolean? ends with a TCP reset, for cut and stream_cut
---@field status integer? the HTTP status, 400 to 599, for http
---@field code integer? the retCode, for code and element: 429, 10000, 10006, 10016 ...
---@field message string? the text beside the code, for code and element
---@field first integer? how many orders of a batch are carried out, 0 to 20, for partly
---@field order integer? which order of a batch, counted from 1, for element (1)

---Makes things go wrong, from the next request on: `{ { "lost_answer", probability = 0.1, path = "order/create" },
---{ "code", code = 10016, executed = true, nth = 3 }, seed = 1, lag = 50 }`. Replaces what was set before; false or {}
---switches all of it off. Besides rules: `seed` (the exchange's), `lag` (ms before what was acknowledged shows in
---queries), `skew` (ms by which the exchange's clock is ahead), `forget` (seconds after which order/realtime forgets a
---closed order). Raises on what it does not know.
---@param wanted table|false
function Exchange:faults(wanted)
  check_open(self, "faults")
  command(self, "faults", door.faults(wanted) or false)
end

---How often each kind of fault has struck since the start: `lost_answer`, `http_503`, `code_10016_executed` ...
---@return table<string, integer>
function Exchange:fault_counts()
  check_open(self, "fault_counts")
  return command(self, "fault_counts")
end

---The exchange's own books of an account: all orders (oldest first, each with `open`), executions (oldest first),
---positions by symbol and coins by name, as plain data with the names of the client's records and amounts as texts.
---@param key string? the account's; the first one's by default
---@return { orders: table[], executions: table[], positions: table<string, table>, coins: table<string, table> }
function Exchange:books(key)
  check_open(self, "books")
  return command(self, "books", key == nil and self.key or door.key(self.keys, key))
end

---The exchange's own mistakes: what it answered with 10016 because something in it failed.
---@return string[]
function Exchange:errors()
  check_open(self, "errors")
  return command(self, "errors")
end

---Ends it and its thread. May be called again.
function Exchange:close()
  if self == leader then
    leader = nil
    loop.real()
    tasks.set_advance(nil)
  end
  self.closed = true
  self.server:close()
end

Exchange.__close = Exchange.close
Exchange.__gc = Exchange.close

function Exchange:__tostring()
  return "paper exchange at " .. self.url
end

---Runs an exchange in the foreground, until Ctrl-C. Raises when the port cannot be had.
---@param options bybit.paper.Options?
function paper.serve(options)
  local started, message = start(options, "serve")
  local exchange <close> = started or errors.raise("bybit.paper.serve: " .. message)
  print(("paper exchange at %s (V5: categories inverse and linear, v2: inverse; Ctrl-C ends it)"):format(exchange.url))
  for _, entry in ipairs(exchange.keys) do
    print(("  key %s  %s"):format(entry.key, entry.secret and "secret " .. entry.secret or "(RSA)"))
  end
  io.stdout:flush()
  pcall(function()
    while true do server.pause() end
  end)
end

-- A field that is misspelt raises. Of an account with an RSA key there is no secret.
local FIELDS = { url = true, port = true, key = true, keys = true, secret = true, closed = true }
known.only("a paper exchange", Exchange, { absent = FIELDS })

return known.only("bybit.paper", paper, { lazy = {} })
