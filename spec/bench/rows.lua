-- The rows of `make bench`. A row has contenders (contender.lua), of which the first is what the others are compared with. Their commands
-- are made when the row runs, so a server that no row asks is not started.
--
-- Fields of a row:
--   [1]         the name
--   contenders  a list of { name, command }
--   metric      which of the figures that a contender writes: cpu when left out (microseconds of a call, the system's time included)
--   unit        in what it is printed, see UNITS in bench.lua
--   calls       so many in each round; when left out, as many as fill the time of a round
--   rounds      in place of the form's own
--   long        only in the long form

local site = require "spec.bench.site"

local BUILD, LUA = os.getenv "BUILD" or "build", os.getenv "LUA" or "lua5.4"
local KEYS = site.KEY .. " " .. site.SECRET
local MOST = 256 -- connections, the bound of the client's option
local EACH = 20 -- calls of a task in a round, where there are many tasks: starting these must not be most of it

-- Servers, started once: the canned exchange with a list of so many orders, and nginx.
local running = {}
local function canned(count)
  local key = count or 50
  if not running[key] then running[key] = table.pack(site.start(count)) end
  return running[key][2]
end

local function tls()
  if not running.tls then running.tls = table.pack(site.tls(canned())) end
  return running.tls[2], running.tls[3]
end

-------------------------------------------------------------------------------------------------------------

local function runs(command) return (os.execute("(" .. command .. ") >/dev/null 2>&1")) end

-- The Lua stack: on Lua 5.4 with Lua-cURL 3, else on 5.2 with Debian's lua-curl. Nil where neither is there.
local function lua_stack()
  for _, peer in ipairs { { LUA, "cURL" }, { "lua5.2", "curl" } } do
    local loads = ("%s -e 'require \"%s\" require \"cjson\" require \"openssl.hmac\"'"):format(peer[1], peer[2])
    if runs(loads) then return peer[1] end
  end
end

local NODE = "env NODE_PATH=build/peers/node_modules node"
local has = { lua = lua_stack(), bybit_api = runs(NODE .. " -e 'require(\"bybit-api\")'"),
  ccxt = runs(NODE .. " -e 'require(\"ccxt\")'"), ws = runs(NODE .. " -e 'require(\"ws\")'"),
  streams = require("bybit.core").stream.available(), tls = runs "command -v nginx || ls /usr/sbin/nginx",
  redis = runs "command -v redis-server" }

local rows = { missing = {} }
for name, what in pairs { lua = "the Lua stack (lua-curl, luaossl, lua-cjson)", bybit_api = "npm's bybit-api (make peers)",
  ccxt = "npm's ccxt (make peers)", ws = "npm's ws (make peers)",
  streams = "libwslay, so the rows about streams", tls = "nginx, so the rows with TLS",
  redis = "redis-server, so a share on a server" } do
  if not has[name] then rows.missing[#rows.missing + 1] = what end
end
table.sort(rows.missing)

local function add(row) rows[#rows + 1] = row end

local function limit(url, work, at_once, version, ca_file)
  at_once = at_once or 1
  if version ~= "2" then at_once = math.min(at_once, MOST) end -- libcurl's own line is slow
  return ("%s/bench/limit %s %s %s %d %d %s %s"):format(BUILD, url, KEYS, work, at_once, version == "2" and 1 or at_once,
    version or "1.1", ca_file or "")
end

local function ours(work, url, argument, variables)
  return ("env %s %s spec/bench/ours.lua %s %s %s"):format(variables or "", LUA, work, url or "-", argument or "")
end

local function stack(work, url, ca_file)
  return ("%s spec/bench/lua_stack.lua %s %s %s %s"):format(has.lua, work, url, KEYS, ca_file or "")
end

-------------------------------------------------------------------------------------------------------------
-- Orders and lists

local function peers(contenders, work, url)
  if has.lua then contenders[#contenders + 1] = { "lua stack", stack(work, url) } end
  for _, name in ipairs { "bybit_api", "ccxt" } do
    if has[name] then
      local command = ("%s spec/bench/peer_%s.js %s %s %s"):format(NODE, name, work, url, KEYS)
      contenders[#contenders + 1] = { (name:gsub("_", "-")), command }
    end
  end
  return contenders
end

add { "order, one after another", contenders = function()
  return peers({ { "limit", limit(canned(), "order") }, { "bybit", ours("order", canned()) } }, "order", canned())
end }
for _, n in ipairs { 1, 8, 32, 64, 256, 1000 } do
  add { ("order, %d in flight"):format(n), calls = n >= 64 and n * EACH or nil, contenders = function()
    return { { "limit", limit(canned(), "order", n) }, { "bybit", ours("flight", canned(), n) } }
  end }
end
add { "order, with a journal", contenders = function()
  return { { "without", ours("order", canned()) }, { "with", ours("journalled", canned()) } }
end }
add { "order, 32 in flight, with a journal", contenders = function()
  return { { "without", ours("flight", canned(), 32) }, { "with", ours("journalled_flight", canned(), 32) } }
end }
for _, apart in ipairs { 5, 300 } do
  add { ("order, %d ms apart, p50, with a share"):format(apart), metric = "p50", calls = 1000 // apart, rounds = 3,
    long = apart > 5, contenders = function()
      local list = {}
      for _, kind in ipairs { "none", "file", has.redis and "server" or nil } do
        list[#list + 1] = { kind, ours("spaced", canned(), kind .. "_" .. apart) }
      end
      return list
    end }
end
if has.tls then
  add { "order over TLS, one after another", contenders = function()
    local url, ca = tls()
    local list = { { "limit", limit(url, "order", 1, "1.1", ca) }, { "bybit", ours("order", url, nil, "CA_FILE=" .. ca) } }
    if has.lua then list[3] = { "lua stack", stack("order", url, ca) } end
    return list
  end }
  for _, n in ipairs { 1, 32, 64, 512, 1000 } do
    add { ("order over HTTP/2 and TLS, %d in flight"):format(n), calls = n >= 64 and n * EACH or nil, contenders = function()
      local url, ca = tls()
      return { { "limit", limit(url, "order", n, "2", ca) }, { "bybit", ours("flight", url, n, "HTTP=2 CA_FILE=" .. ca) } }
    end }
  end
end
for _, n in ipairs { 1, 10, 50, 200, 1000 } do
  add { ("list of %d"):format(n), contenders = function()
    local list = { { "limit", limit(canned(n), "list") }, { "bybit", ours("list", canned(n)) } }
    return n == 50 and peers(list, "list", canned(n)) or list
  end }
end

-------------------------------------------------------------------------------------------------------------
-- Parts

for _, n in ipairs { 50, 1000 } do
  add { ("decode, %d orders"):format(n), contenders = function()
    return { { "lua-cjson", ours("cjson", nil, n) }, { "bybit", ours("decode", nil, n) }, { "core.json", ours("json", nil, n) } }
  end }
end
add { "encode, an order's JSON", contenders = function()
  return { { "lua-cjson", ours "cjson_encode" }, { "bybit", ours "encode" } }
end }
add { "sign, 200 bytes", contenders = function()
  return has.lua and { { "luaossl", stack("sign", "-") }, { "bybit", ours "sign" } } or { { "bybit", ours "sign" } }
end }
add { "decimals: two read, a product, a step, text", contenders = function() return { { "bybit", ours "decimals" } } end }

-------------------------------------------------------------------------------------------------------------
-- Streams. Each contender has a pusher of its own.

local pushers = {}
local function pushed(command, kind, records)
  local server = site.pusher(kind, records)
  pushers[#pushers + 1] = server
  return command(server)
end

local function bare_read(server)
  return ("%s/bench/bare_read %d %s %s %d"):format(BUILD, server.port, server.ca, server.pipe, server.size)
end

local function frames(server)
  return ("%s/bench/frames %d %s %s"):format(BUILD, server.port, server.ca, server.pipe)
end

local function our_stream(work)
  return function(server)
    return ours(work, "https://127.0.0.1:" .. server.port, nil, ("CA_FILE=%s PIPE=%s"):format(server.ca, server.pipe))
  end
end

local function node_ws(what)
  return function(server)
    return ("%s spec/bench/peer_ws.js %d %s %s %s"):format(NODE, server.port, server.ca, server.pipe, what)
  end
end

for _, records in ipairs(has.streams and { "each", "full" } or {}) do
  add { ("a trade over a stream, %s"):format(records == "each" and "a TLS record each" or "in full TLS records"),
    contenders = function()
      local list = {}
      local function reader(name, command) list[#list + 1] = { name, pushed(command, "trade", records) } end
      reader("bare read", bare_read)
      reader("frames", frames)
      reader("as texts", our_stream "frames")
      reader("by topic", our_stream "topic")
      reader("events", our_stream "events")
      if has.ws then
        reader("ws", node_ws "text")
        reader("ws, JSON", node_ws "parse")
      end
      return list
    end }
end
for _, kind in ipairs { "order", "trade" } do
  add { ("an event decoded, %s"):format(kind), contenders = function()
    return { { "lua-cjson", ours("cjson_event", nil, kind) }, { "bybit", ours("event", nil, kind) } }
  end }
end

-------------------------------------------------------------------------------------------------------------
-- Starts, memory, pauses

local function starts(command) return ("%s/bench/starts %s"):format(BUILD, command) end

add { "require", unit = "ms", contenders = function()
  return { { "bare Lua", starts(LUA .. " -e ''") }, { "bybit", starts(LUA .. " -e 'require \"bybit\"'") } }
end }
add { "start to the first signed answer", unit = "ms", contenders = function()
  local list = { { "limit", starts(limit(canned(), "order")) },
    { "bybit", starts(("%s -e 'require(\"spec.bench.work\").start(\"%s\")(1)'"):format(LUA, canned())) } }
  if has.lua then list[3] = { "lua stack", starts(stack("order", canned())) } end
  return list
end }
for _, calls in ipairs { 20000, 100000 } do
  add { ("resident memory after %d orders"):format(calls), metric = "memory", unit = "MB", calls = calls, rounds = 1,
    long = calls > 20000, contenders = function()
      return { { "limit", limit(canned(), "order") }, { "bybit", ours("order", canned()) },
        { "no limiter", ours("unlimited", canned()) } }
    end }
end
for _, kind in ipairs { { "allocations", "blocks", "" }, { "bytes allocated", "bytes", "B" } } do
  add { ("Lua %s by an order"):format(kind[1]), metric = kind[2], unit = kind[3], calls = 1000, contenders = function()
    return { { "bybit", ours("order", canned(), nil, "COUNTED=/dev/null") } }
  end }
end
add { "Lua memory of a task asleep", metric = "bytes", unit = "B", calls = 1000, contenders = function()
  return { { "bybit", ours "asleep" } }
end }
add { "Lua memory of a call in line, with its task", metric = "bytes", unit = "B", calls = 1000, contenders = function()
  return { { "bybit", ours("queued", canned()) } }
end }
for _, n in ipairs { 300, 3000, 30000 } do
  add { ("calls in line, %d"):format(n), calls = n, long = n > 3000, contenders = function()
    return { { "bybit", ours("line", canned()) } }
  end }
end
for _, tail in ipairs { "p50", "p99", "p99_9", "p99_99" } do
  add { ("wall time of an order, %s"):format(tail), metric = tail, calls = 10000, contenders = function()
    return { { "limit", limit(canned(), "order") }, { "bybit", ours("tail", canned(), 0) } }
  end }
end
add { "wall time of an order, p99_9, beside 200000 tables", metric = "p99_9", calls = 10000, contenders = function()
  return { { "limit", limit(canned(), "order") }, { "bybit", ours("tail", canned(), 200000) } }
end }
for _, calls in ipairs { 20000, 120000 } do
  add { ("longest pause in %d calls beside 200000 tables"):format(calls), metric = "longest", unit = "ms", calls = calls,
    rounds = 3, long = calls > 20000, contenders = function()
      return { { "plain Lua", ours("plain", nil, 200000) }, { "bybit", ours("pause", canned(), 200000) },
        { "no limiter", ours("pause_unlimited", canned(), 200000) } }
    end }
end

-------------------------------------------------------------------------------------------------------------
-- Simulations

add { "simulation, a bar of a minute", calls = 5000, contenders = function()
  return { { "prices", ours "prices" }, { "asleep", ours "candles" }, { "two quotes", ours "quotes" } }
end }
add { "explore, a seed of ten minutes", unit = "ms", calls = 10, contenders = function()
  return { { "asleep", ours("seeds", nil, 0) }, { "acts each 60 s", ours("seeds", nil, 60) },
    { "acts each 10 s", ours("seeds", nil, 10) } }
end }

-------------------------------------------------------------------------------------------------------------
-- The paper exchange, the journal

add { "paper exchange, an order that trades", metric = "server", contenders = function()
  return { { "limit", ours "paper_limit" }, { "none rests", ours("paper", nil, 0) }, { "400 rest", ours("paper", nil, 400) } }
end }
for _, most in ipairs { 100000, 1000000 } do
  add { ("paper exchange, an order beside %d that rest"):format(most), calls = 2000, long = most > 100000,
    contenders = function()
      return { { "1000 rest", ours("resting", nil, 1000) }, { "so many", ours("resting", nil, most) } }
    end }
end
add { "paper exchange, memory of 1000000 resting orders", metric = "memory", unit = "MB", calls = 1, rounds = 1, long = true,
  contenders = function()
    return { { "none", ours("resting", nil, 0) }, { "so many", ours("resting", nil, 1000000) } }
  end }
add { "opening a journal of 10000 intents", metric = "cpu", unit = "ms", contenders = function()
  return { { "bybit", ours("open_journal", nil, 10000) } }
end }
add { "opening a journal of 1000000 intents", metric = "cpu", unit = "ms", long = true, contenders = function()
  return { { "bybit", ours("open_journal", nil, 1000000) } }
end }

--- Ends the servers.
function rows.close()
  for _, server in ipairs(pushers) do server.close() end
  site.no_pushers()
  for _, server in pairs(running) do server[1]:close() end
end

return rows
