-- A V5-compatible exchange on loopback, which answers v2 on the same books: for any client in any language, real HTTP,
-- real signatures, a synthetic market. It runs on a thread of its own, in a Lua state of its own; what is here only
-- starts, steers and ends it. Its state is not reachable from here, and it never touches the caller's.

local faults = require "bybit.paper.faults"
local loop = require("bybit.core").loop
local pack = require "bybit.paper.pack"
local server = require "bybit.paper_server"
local tasks = require "bybit.tasks"

local paper = {}

---@class bybit.paper.Key
---@field key string
---@field secret string? HMAC
---@field public_key string? RSA, PEM
---@field read_only boolean?
---@field deposit table<string, string>? instead of the exchange's

---@class bybit.paper.Options
---@field port integer? 0 (any free one)
---@field seed integer? of the market and of everything else that is drawn
---@field keys bybit.paper.Key[]? one is made when none is given
---@field clock "real"|"manual"|nil
---@field start_time integer? ms, of a manual clock
---@field deposit table<string, string>? per coin
---@field lag integer? ms between an acknowledgement and its being seen by queries
---@field limits table<string, integer|false>|false|nil
---@field instruments table? rows instead of the exchange's own
---@field faults bybit.paper.Fault[]? see Exchange:faults
---@field keep integer? how many closed orders, and executions, an account keeps at most (100000)
---@field auth_status_401 boolean? answer HTTP 401 when authentication headers are missing

---@class bybit.paper.Exchange
---@field url string
---@field port integer
---@field key string of the first key
---@field secret string?
---@field keys bybit.paper.Key[]
local Exchange = {}

local leader -- the exchange whose manual clock this state's time follows

Exchange.__index = Exchange
Exchange.__name = "bybit.paper.exchange"

-- Where a manual clock begins, so that a run depends on its seed alone: 2024-01-01T00:00:00Z.
local START = 1704067200000

local kinds = {
  port = "integer", seed = "integer", keys = "table", clock = "string", start_time = "integer", deposit = "table",
  lag = "integer", limits = "table", instruments = "table", auth_status_401 = "boolean", faults = "table", keep = "integer",
}

local function fail(text, ...)
  error(("bybit.paper.start: " .. text):format(...), 3)
end

local function check(options)
  if type(options) ~= "table" then fail("a table of options expected, got %s", type(options)) end
  for name, value in pairs(options) do
    local kind = kinds[name]
    if not kind then fail("unknown option '%s'", tostring(name)) end
    local is = math.type(value) or type(value)
    if is ~= kind and not (name == "limits" and value == false) then
      fail("option '%s': %s expected, got %s", name, kind, is)
    end
  end
  if options.clock and options.clock ~= "real" and options.clock ~= "manual" then
    fail("option 'clock': \"real\" or \"manual\" expected, got \"%s\"", options.clock)
  end
  local ok, trouble = pcall(faults.check, options.faults)
  if not ok then fail("%s", trouble) end
  if options.start_time and options.clock ~= "manual" then fail("option 'start_time' needs clock = \"manual\"") end
end

-- The text of an exact amount: a decimal, its text, an integer, or a float that is what it looks like.
local function amount(value, level)
  local kind = math.type(value) or type(value)
  if kind == "float" then
    local text = ("%.14g"):format(value)
    if tonumber(text) ~= value or not text:find("^-?%d+%.?%d*$") then
      error(("%.17g is not exact: give it as a string"):format(value), level + 1)
    end
    return text
  end
  if kind == "string" or kind == "integer" or kind == "userdata" then return tostring(value) end
  error(("an amount expected, got %s"):format(kind), level + 1)
end

local function amounts(list, level)
  if list == nil then return nil end
  local out = {}
  for coin, value in pairs(list) do out[coin] = amount(value, level + 1) end
  return out
end

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

local function make_keys(options)
  if not options.keys then
    return { { key = "paper" .. random_hex(14, options.seed, 1), secret = random_hex(36, options.seed, 2) } }
  end
  local keys, seen = {}, {}
  for i, given in ipairs(options.keys) do
    if type(given) ~= "table" or type(given.key) ~= "string" or given.key == "" then
      fail("keys[%d]: a table with 'key' expected", i)
    end
    if seen[given.key] then fail("keys[%d]: the same key again", i) end
    if (type(given.secret) == "string") == (type(given.public_key) == "string") then
      fail("keys[%d]: either 'secret' or 'public_key' expected", i)
    end
    seen[given.key] = true
    keys[i] = {
      key = given.key, secret = given.secret, public_key = given.public_key, read_only = given.read_only or nil,
      deposit = amounts(given.deposit, 4),
    }
  end
  if #keys == 0 then fail("keys: at least one expected") end
  return keys
end

---Starts an exchange inside this process. Nil and a message when the port cannot be had.
---@param options bybit.paper.Options?
---@return bybit.paper.Exchange?
---@return string? message
function paper.start(options)
  options = options or {}
  check(options)
  local keys = make_keys(options)
  local manual = options.clock == "manual"
  local boot = pack.write {
    keys = keys, clock = options.clock, start_time = options.start_time or START, seed = options.seed or os.time(),
    deposit = amounts(options.deposit, 3), lag = options.lag or (manual and 0 or 5), limits = options.limits,
    instruments = options.instruments, auth_status_401 = options.auth_status_401, faults = options.faults,
    keep = options.keep,
  }
  local handle, port = server.start(options.port or 0, package.path, package.cpath, boot)
  if not handle then return nil, port end
  return setmetatable({
    url = ("http://127.0.0.1:%d"):format(port), port = port, key = keys[1].key, secret = keys[1].secret, keys = keys,
    server = handle, manual = manual,
  }, Exchange)
end

local function command(self, ...)
  local done, text = self.server:command(pack.write(...))
  if not done then error(text, 3) end
  return pack.read(text)
end

---Sets a symbol's last price and, unless given apart, its mark and index price; matches, fires what is
---triggered, and ends the walk of that symbol's market. Done when it returns, as are all of these.
---@param symbol string
---@param price string|number|userdata
---@param others { mark: any, index: any }?
function Exchange:set_price(symbol, price, others)
  others = others or {}
  command(self, "set_price", symbol, amount(price, 2),
    { mark = others.mark and amount(others.mark, 2), index = others.index and amount(others.index, 2) })
end

---Walks n ticks of the synthetic market.
---@param n integer?
function Exchange:step(n)
  command(self, "step", n or 1)
end

---Moves time alone, on an exchange with a manual clock.
---@param seconds number
function Exchange:advance(seconds)
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds <= 1e9) then
    error("advance: seconds expected, not below zero", 2)
  end
  command(self, "advance", seconds)
  if self == leader then loop.advance(seconds) end
end

---The exchange's clock.
---@return integer ms
function Exchange:now()
  return command(self, "now")
end

---Makes the time of this Lua state that of the exchange, when its clock is manual: a client calls it. Waiting then
---moves the exchange on. Raises when another exchange has the time already.
function Exchange:lead()
  if not self.manual or self == leader then return end
  if leader then error("a second exchange with a manual clock: the time of a program can only follow one", 0) end
  leader = self
  loop.virtual(command(self, "now"))
  tasks.set_advance(function(seconds) self:advance(seconds) end)
end

---One rule of what is to go wrong. Of the rules about a request, the first that strikes it counts.
---@class bybit.paper.Fault
---@field [1] string the kind. "lost_request": the connection ends before the exchange has seen the request.
---  "lost_answer": after it has carried the request out. "reset": the same with a TCP reset, carried out when `executed`.
---  "cut": the answer's body breaks off. "delay": the answer comes late. "reorder": another answer overtakes it.
---  "http": an error page with `status` in place of the answer; "code": a retCode (429, 10000, 10006, 10016 ...); both
---  leave the request undone unless `executed`. "restart": all connections are reset, order/realtime forgets closed
---  orders, and for `seconds` every request is reset.
---@field probability number? 0 to 1; without it and `nth` every request is struck
---@field nth integer|integer[]? the how-many-th of the requests that the rule is about
---@field times integer? how often it strikes at most
---@field path string? "order/create"; "order/" for all that begin so
---@field verb "GET"|"POST"|nil
---@field executed boolean? of reset, http and code: the request is carried out all the same
---@field seconds number? of delay, reorder (1, the longest wait for another answer) and restart (0); by the real clock
---  save in restart
---@field at integer? of cut: bytes of the body that get through; without it drawn
---@field reset boolean? of cut: with a TCP reset
---@field status integer?
---@field code integer?
---@field message string? of code

---Makes things go wrong, from the next request on: `{ { "lost_answer", probability = 0.1, path = "order/create" },
---{ "code", code = 10016, executed = true, nth = 3 }, seed = 1, lag = 50 }`. Replaces what was set before; false or {}
---switches all of it off. Besides rules: `seed` (the exchange's), `lag` (ms before what was acknowledged shows in
---queries), `skew` (ms by which the exchange's clock is ahead), `forget` (seconds after which order/realtime forgets a
---closed order). Raises on what it does not know.
---@param wanted table|false
function Exchange:faults(wanted)
  local ok, trouble = pcall(faults.check, wanted)
  if not ok then error(trouble, 2) end
  command(self, "faults", wanted or false)
end

---How often each fault has struck since the start, by kind: `lost_answer`, `http_503`, `code_10016_executed` ...
---@return table<string, integer>
function Exchange:fault_counts()
  return command(self, "fault_counts")
end

---The exchange's own books of an account: all orders (oldest first, each with `open`), executions (oldest first),
---positions by symbol and coins by name, as plain data with the names of the client's records and amounts as texts.
---@param key string? the account's; the first one's by default
---@return { orders: table[], executions: table[], positions: table<string, table>, coins: table<string, table> }
function Exchange:books(key)
  return command(self, "books", key or self.key)
end

---What went wrong inside the exchange: mistakes of its own that it answered with 10016.
---@return string[]
function Exchange:errors()
  return command(self, "errors")
end

---Ends it and its thread. May be called again.
function Exchange:close()
  if self == leader then
    leader = nil
    loop.real()
    tasks.set_advance(nil)
  end
  self.server:close()
end

Exchange.__close = Exchange.close
Exchange.__gc = Exchange.close

function Exchange:__tostring()
  return "paper exchange at " .. self.url
end

---Runs an exchange in the foreground, until Ctrl-C.
---@param options bybit.paper.Options?
function paper.serve(options)
  local exchange <close> = assert(paper.start(options))
  print(("paper exchange at %s (V5 and v2, category inverse; Ctrl-C ends it)"):format(exchange.url))
  for _, entry in ipairs(exchange.keys) do
    print(("  key %s  %s"):format(entry.key, entry.secret and "secret " .. entry.secret or "(RSA)"))
  end
  io.stdout:flush()
  pcall(function()
    while true do server.pause() end
  end)
end

return paper
