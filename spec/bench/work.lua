-- What is measured of this module: by name a function that prepares it and returns the function that makes n calls,
-- and perhaps one that tidies up.

local site = require "spec.bench.site"

local work = {}

local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000.5" }
local PAGE = { symbol = "BTCUSD", limit = 50 }

--- A client with every default, except that the address has no limit worth mentioning (the exchange announces only those of groups).
local function new_client(url, change)
  local bybit = require "bybit"
  local options = { environment = { url = url }, key = site.KEY, secret = site.SECRET, rate = { ip = 1000000 },
    ca_file = os.getenv "CA_FILE", http = os.getenv "HTTP" }
  for name, value in pairs(change or {}) do options[name] = value end
  return bybit.client(options)
end

-- n tasks at once, which make the calls of a round together.
local function together(client, n, call, params)
  local bybit = require "bybit"
  assert(client[call](client, params))
  client:warm()
  return function(calls)
    local left = calls
    local function one()
      while left > 0 do
        left = left - 1
        assert(client[call](client, params))
      end
    end
    bybit.run(function()
      for _ = 1, n do bybit.spawn(one) end
    end)
  end
end

--- Orders one after another.
function work.order(url)
  local client = new_client(url)
  return function(n)
    for _ = 1, n do assert(client:place_order(ORDER)) end
  end
end

--- The same without the limiter, which keeps the moments of five seconds: of far more requests than the exchange allows.
function work.unlimited(url)
  local client = new_client(url, { rate = false })
  return function(n)
    for _ = 1, n do assert(client:place_order(ORDER)) end
  end
end

-- A new path for a journal, and the function that removes what is there.
local function journal_path()
  local path = os.tmpname()
  os.remove(path)
  return path, function() os.execute(("rm -f %s %s-*"):format(path, path)) end
end

--- Orders one after another, with a journal.
function work.journalled(url)
  local path, remove = journal_path()
  local client = new_client(url, { journal = path })
  return function(n)
    for _ = 1, n do assert(client:place_order(ORDER)) end
  end, function()
    client:close()
    remove()
  end
end

--- The same with a share. Its windows hold 1024 requests, so a second may not have more than that.
function work.shared(url)
  local path = os.tmpname()
  os.remove(path)
  local client = new_client(url, { share = path })
  return function(n)
    for _ = 1, n do assert(client:place_order(ORDER)) end
  end, function()
    client:close()
    os.remove(path)
  end
end

-- The options of a client for so many orders in flight.
local function crowded(at_once, journal)
  return { connections = math.min(at_once, 256), in_flight = at_once, reserved = 0, deadline = 600, journal = journal }
end

--- Orders, `at_once` of them in flight.
function work.flight(url, at_once)
  at_once = math.tointeger(at_once)
  return together(new_client(url, crowded(at_once)), at_once, "place_order", ORDER)
end

--- The same with a journal.
function work.journalled_flight(url, at_once)
  at_once = math.tointeger(at_once)
  local path, remove = journal_path()
  local client = new_client(url, crowded(at_once, path))
  return together(client, at_once, "place_order", ORDER), function()
    client:close()
    remove()
  end
end

--- Lists of orders, as exact records.
function work.list(url)
  local client = new_client(url)
  return function(n)
    for _ = 1, n do assert(client:get_orders(PAGE)) end
  end
end

--- The same without sockets: an answer that is at hand.
function work.decode(_, count)
  local answer = { status = 200, body = site.page(math.tointeger(count)), headers = {} }
  local client = new_client("http://127.0.0.1:1", { rate = false, transport = { start = function() return answer end } })
  return function(n)
    for _ = 1, n do assert(client:get_orders(PAGE)) end
  end
end

--- From nothing to the first answer to a signed request: for a process of its own.
function work.start(url)
  return function()
    local client = new_client(url)
    assert(client:place_order(ORDER))
    client:close()
  end
end

-------------------------------------------------------------------------------------------------------------
-- Simulations

local FIRST = 1704067200000 -- ms, when the candles of a file begin

-- So many candles of a minute, as a reader of a file gives them: a walk around 30000.
local function candles(count)
  local rows, price, state = {}, 30000, 1
  local function draw(most) -- 0 to `most`, the same on every machine
    state = (state * 6364136223846793005 + 1442695040888963407) & 0x7FFFFFFFFFFFFFFF
    return (state >> 33) % (most + 1)
  end
  for i = 1, count do
    local close = price + draw(40) - 20 + (30000 - price) // 500
    rows[i] = { start_time = FIRST + (i - 1) * 60000, open_price = price, close_price = close,
      high_price = math.max(price, close) + draw(9), low_price = math.min(price, close) - draw(9) }
    price = close
  end
  return rows
end

--- Candles whose four prices the engine of the paper exchange moves to, and nothing else.
function work.prices()
  local now = FIRST * 1000000
  local exchange = require("bybit.paper.inside").start { seed = 1, clock = function() return now end, key = "k", secret = "s" }
  local engine, market = exchange.engine, exchange.engine:market "BTCUSD"
  return function(n)
    for _, c in ipairs(candles(n)) do
      for _, price in ipairs { c.open_price, c.low_price, c.high_price, c.close_price } do
        now = now + 15000000000
        engine:move(market, 2 * price)
      end
    end
  end
end

-- Simulates a strategy over so many candles.
local function simulating(strategy)
  return function(n)
    local report = require("bybit").paper.simulate({ prices = { BTCUSD = candles(n) }, client = { id_prefix = "mm" } }, strategy)
    if report.error then error(report.error, 0) end
  end
end

--- Candles that a strategy sleeps through.
function work.candles()
  return simulating(function(_, stop) stop:wait() end)
end

--- Candles after each of which a strategy moves two quotes.
function work.quotes()
  return simulating(function(client, stop)
    local book, ids = client:with { symbol = "BTCUSD", type = "Limit", quantity = 100 }, {}
    for i, side in ipairs { "Buy", "Sell" } do
      ids[i] = assert(book:place_order { side = side, price = i == 1 and 29000 or 31000 }).order_id
    end
    local moved = 0
    while not stop:wait(60) do
      moved = moved % 50 + 1
      assert(book:modify_order { order_id = ids[1], new_price = 29000 + moved })
      assert(book:modify_order { order_id = ids[2], new_price = 31000 - moved })
    end
  end)
end

local function asleep(_, stop) stop:wait() end

-- The market maker of an example, which acts each so many seconds.
local function maker_of(seconds)
  local source = assert(io.open "examples/proved_maker.lua"):read "a"
  local text, changed = source:match "(local function maker.-\nend\n)":gsub("stop:wait%(10%)", ("stop:wait(%d)"):format(seconds))
  assert(changed == 1)
  return assert(load("local bybit = require 'bybit' " .. text .. " return maker"))()
end

--- Seeds of bybit.paper.explore: ten minutes with every fault of a market maker that acts each so many seconds; 0: of a strategy that
--- does nothing.
function work.seeds(_, seconds)
  seconds = math.tointeger(seconds)
  local strategy = seconds == 0 and asleep or maker_of(seconds)
  return function(n)
    local failures = require("bybit").paper.explore({ client = { id_prefix = "mm", deadline = 4 } }, strategy,
      { seeds = n, processes = 1 })
    assert(not failures[1], "a seed has failed")
  end
end

-------------------------------------------------------------------------------------------------------------
-- Parts of a call

local WIRE = { category = "inverse", symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "1", price = "20000.5",
  timeInForce = "GTC", orderLinkId = "lua-0000000000000000000000001" }

--- JSON written.
function work.encode()
  local json = require("bybit.core").json
  return function(n)
    for _ = 1, n do assert(json.encode(WIRE)) end
  end
end

--- The same by lua-cjson.
function work.cjson_encode()
  local cjson = require "cjson"
  return function(n)
    for _ = 1, n do assert(cjson.encode(WIRE)) end
  end
end

-- A page decoded by a function.
local function decoding(decode, count)
  local text = site.page(math.tointeger(count))
  return function(n)
    for _ = 1, n do assert(decode(text)) end
  end
end

--- A page by lua-cjson, into strings and doubles; by our reader of JSON, into plain values.
function work.cjson(_, count) return decoding(require("cjson").decode, count) end
function work.json(_, count) return decoding(require("bybit.core").json.decode, count) end

--- A signature of 200 bytes, the key prepared anew.
function work.sign()
  local sign, text = require("bybit.core").sign.hmac_sha256, ("x"):rep(200)
  return function(n)
    for _ = 1, n do assert(sign(site.SECRET, text)) end
  end
end

--- Two decimals read from texts, multiplied, rounded to a step, and written.
function work.decimals()
  local decimal = require("bybit").decimal
  return function(n)
    for _ = 1, n do assert(tostring((decimal "20000.5" * decimal "0.9995"):to_step "0.5")) end
  end
end

-------------------------------------------------------------------------------------------------------------
-- Streams: a pusher (pusher.c) sends as many messages as a line in its pipe says.

-- Has so many messages pushed, and serves the loop until `count()` says that they are there.
local function pushed(count)
  local core = require "bybit.core"
  local pipe = assert(io.open(os.getenv "PIPE", "w"))
  return function(n)
    local stop = count() + n
    pipe:write(n, "\n")
    pipe:flush()
    while count() < stop do core.loop.step(1) end
  end
end

--- Frames alone: they are taken as texts.
function work.frames(url)
  local core = require "bybit.core"
  local link, taken = core.link.new { url = url, ca_file = os.getenv "CA_FILE" }, 0
  while not link:state() do core.loop.step(1) end
  return pushed(function()
    taken = taken + #link:messages()
    return taken
  end)
end

local function stream_client(url)
  return require "bybit".client { environment = { url = url }, ca_file = os.getenv "CA_FILE" }
end

--- Frames that go to a reader who never looks: each message is told apart by its topic, and waits in a queue.
function work.topic(url)
  local core = require "bybit.core"
  local client = stream_client(url)
  local step, state = client:stream { "trade", symbol = "BTCUSD" }
  while step(state).kind ~= "live" do end -- luacheck: ignore 542
  return pushed(function() return core.client.streams(client)[1].messages end), function() return state end -- it stays
end

--- Events of trades, in a loop.
function work.events(url)
  local client = stream_client(url)
  local step, state = client:stream { "trade", symbol = "BTCUSD", queue = 1000000 }
  while step(state).kind ~= "live" do end -- luacheck: ignore 542
  local pipe = assert(io.open(os.getenv "PIPE", "w"))
  return function(n)
    pipe:write(n, "\n")
    pipe:flush()
    for _ = 1, n do assert(step(state).trade) end
  end
end

-- A message of a stream, read by a function.
local function reading(read, kind)
  local text = site.message(kind)
  return function(n)
    for _ = 1, n do assert(read(text)) end
  end
end

--- A message by lua-cjson; as exact records.
function work.cjson_event(_, kind) return reading(require("cjson").decode, kind) end

function work.event(_, kind)
  local topics = require "bybit.stream.topics"
  return reading(topics.compiled(topics.row(kind)).read, kind)
end

-------------------------------------------------------------------------------------------------------------
-- Waits and pauses

-- The fields of a line of a contender that tell how long the calls took, `list` in microseconds.
local function tails(list)
  table.sort(list)
  local function at(part) return list[1 + (#list - 1) * part // 1 | 0] end
  return ("p50=%.2f p99=%.2f p99_9=%.2f p99_99=%.2f longest=%.2f"):format(at(0.5), at(0.99), at(0.999), at(0.9999), list[#list])
end

-- A program's own data: so many tables.
local function live(count)
  local heap = {}
  for i = 1, math.tointeger(count) do heap[i] = { i } end
  return heap
end

-- The processor time of this program, in seconds.
local function processor_time() return (require("counted").times()) end

-- Times each of the calls that `one` makes by a clock: the wall's when left out.
local function timing(one, heap, clock)
  local now = clock or require("counted").now
  return function(n)
    local list = {}
    for i = 1, n do list[i] = 0 end -- it does not grow while the calls are made, which would be a pause, too
    for i = 1, n do
      local from = now()
      one()
      list[i] = (now() - from) * 1e6
    end
    assert(heap)
    return tails(list)
  end
end

--- How long orders take one after another, beside so many live tables.
function work.tail(url, tables)
  local client = new_client(url)
  return timing(function() assert(client:place_order(ORDER)) end, live(tables))
end

--- How long orders take with a share, so many milliseconds apart: "none", "file" or "server". 300 ms are too far apart for turns
--- that are taken ahead, 5 ms are not.
function work.spaced(url, how)
  local bybit, redis = require "bybit", require "spec.support.redis"
  local kind, apart = how:match "^(%l+)_(%d+)$"
  local server = kind == "server" and redis.start() or nil
  local path = kind == "file" and os.tmpname() or nil
  if path then os.remove(path) end
  local client = new_client(url, { share = server and server.url or path })
  local now = require("counted").now
  return function(n)
    local list = {}
    for i = 1, n do
      bybit.sleep(tonumber(apart) / 1000)
      local from = now()
      assert(client:place_order(ORDER))
      list[i] = (now() - from) * 1e6
    end
    return tails(list)
  end, function()
    client:close()
    if server then server:close() end
    if path then os.remove(path) end
  end
end

--- How much processor time the calls take one by one. A pause is what one takes more than others; that another program ran
--- meanwhile is none.
function work.pause(url, tables)
  local client = new_client(url)
  return timing(function() assert(client:place_order(ORDER)) end, live(tables), processor_time)
end

--- The same without the limiter. Where a million requests are allowed, it makes room for twice as many moments now and then: new memory,
--- which the system gives page by page. The exchange allows so few that it never does.
function work.pause_unlimited(url, tables)
  local client = new_client(url, { rate = false })
  return timing(function() assert(client:place_order(ORDER)) end, live(tables), processor_time)
end

--- The same for plain Lua that makes the same garbage as an order: an answer's header lines and two ids as texts, and a table of
--- six fields and one of two. COUNTED shows that it does.
function work.plain(_, tables)
  local lines, n = ("x"):rep(465) .. "%010d", 0
  return timing(function()
    n = n + 1
    local _ = { status = 200, header_lines = lines:format(n), duration = 0.5, attempts = 1, requests = 1, time = n }
    local _ = { order_id = ("00000000-0000-0000-0000-%012d"):format(n), client_order_id = ("lua-%023d"):format(n) }
  end, live(tables), processor_time)
end

local SILENT = { symbol = "SILENT" } -- the server does not answer this one

-- n calls in line behind one that is never answered. Returns the client and the function that ends them.
local function queue(url, n, deadline)
  local bybit, tasks = require "bybit", require "bybit.tasks"
  local client = new_client(url, { in_flight = 1 })
  local ended = 0
  for i = 1, n do
    bybit.spawn(function()
      client:get_open_orders_real_time { symbol = SILENT.symbol, deadline = deadline(i) }
      ended = ended + 1
    end)
  end
  while client:stats().calls < n do tasks.step(0) end
  return function()
    client:close()
    while tasks.step(0) > 0 do assert(ended <= n) end
    assert(ended == n)
  end
end

--- Calls that wait in line, from their start to the end of the client, with deadlines at random.
function work.line(url)
  math.randomseed(1)
  return function(n) queue(url, n, function() return 60 + math.random() * 500 end)() end
end

--- Memory of Lua for a call that waits in line, its task included.
function work.queued(url)
  return function(n)
    collectgarbage()
    local before = collectgarbage "count"
    local finish = queue(url, n, function() return 300 end)
    collectgarbage()
    local bytes = (collectgarbage "count" - before) * 1024 / n
    finish()
    return ("bytes=%.1f"):format(bytes)
  end
end

--- Memory of Lua for a task that sleeps.
function work.asleep()
  local bybit, tasks = require "bybit", require "bybit.tasks"
  return function(n)
    collectgarbage()
    local before, list = collectgarbage "count", {}
    for i = 1, n do list[i] = bybit.spawn(bybit.sleep, 300) end
    tasks.step(0)
    list[n + 1] = nil
    collectgarbage()
    local bytes = (collectgarbage "count" - before) * 1024 / n
    for _, task in ipairs(list) do task:cancel() end
    while tasks.step(0) > 0 do assert(bytes > 0) end
    return ("bytes=%.1f"):format(bytes)
  end
end

-------------------------------------------------------------------------------------------------------------
-- The paper exchange, the journal

-- Makes a function that has a server take so many market orders, and tells what each costs it.
local function traded(client, spent)
  local sides = { "Buy", "Sell" }
  return function(n)
    local before = spent()
    for i = 1, n do
      assert(client:place_order { symbol = "BTCUSD", side = sides[i % 2 + 1], type = "Market", quantity = 1 })
    end
    return ("server=%.2f"):format((spent() - before) / n * 1e6)
  end
end

--- What an order costs the paper exchange, which is a process of its own: orders that trade at once, while so many rest.
function work.paper(_, resting)
  local exchange, url = site.paper()
  local client = new_client(url, { rate = false })
  for _ = 1, 200 do -- until it has started
    if client:request("GET", "/v5/market/time") then break end
    require("bybit").sleep(0.05)
  end
  for i = 1, math.tointeger(resting) do
    assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1000 + i % 100 })
  end
  return traded(client, exchange.spent), exchange.close
end

--- The same of the exchange of canned answers.
function work.paper_limit()
  local running, url, spent = site.start()
  return traded(new_client(url, { rate = false }), spent), function() running:close() end
end

-- The body of a request at the paper exchange, of each kind of work, and the prefix of its path.
local ENTRY = {
  trades = { "create", function(i)
    return ('{"category":"inverse","symbol":"BTCUSD","side":"%s","orderType":"Market","qty":"1","timeInForce":"IOC",'
      .. '"orderLinkId":"lua-%025d"}'):format(i % 2 == 0 and "Buy" or "Sell", i)
  end },
  rests = { "create", function(i)
    return ('{"category":"inverse","symbol":"BTCUSD","side":"Buy","orderType":"Limit","qty":"1","price":"%d.5",'
      .. '"timeInForce":"GTC","orderLinkId":"lua-%025d"}'):format(20000 + i % 50, i)
  end },
  moves = { "amend", function(i, ids)
    local price = i % 2 == 1 and 29000 + i // 2 % 50 or 31000 - i // 2 % 50
    return ('{"category":"inverse","symbol":"BTCUSD","orderId":"%s","price":"%d"}'):format(ids[i % 2 + 1], price)
  end },
}

-- An exchange without HTTP, and the functions that sign a request at it and send one; the latter returns the order's id.
local function engine_of(options)
  local core, now = require "bybit.core", 1704067200000
  options.seed, options.key, options.secret, options.limits = 1, site.KEY, site.SECRET, false
  options.clock = function() return now * 1000000 end
  local x = require("bybit.paper.inside").start(options)
  x.engine.active_orders = 10000000
  local function request(path, body)
    return { "/v5/order/" .. path, body, core.sign.hmac_sha256(site.SECRET, now .. site.KEY .. "5000" .. body) }
  end
  local function send(r)
    local _, answer = x.wire:handle("POST", r[1], r[2], "127.0.0.1", site.KEY, tostring(now), r[3], "5000")
    return answer:match '^{"retCode":0,"retMsg":"OK","result":{"orderId":"([^"]+)"' or error(answer)
  end
  return request, send
end

--- Orders at the engine of the paper exchange, from the request to the answer, without HTTP: such as trade at once, or rest; or two
--- quotes are moved. The requests are signed before.
function work.exchange(_, kind)
  local request, send = engine_of {}
  local ids, list, sent = {}, {}, 0
  for i = 1, kind == "moves" and 2 or 0 do
    local body = '{"category":"inverse","symbol":"BTCUSD","side":"%s","orderType":"Limit","qty":"1","price":"%d"}'
    ids[i] = send(request("create", body:format(i == 1 and "Sell" or "Buy", i == 1 and 32000 or 28000)))
  end
  for i = 1, 1000 do list[i] = request(ENTRY[kind][1], ENTRY[kind][2](i, ids)) end
  return function(n)
    for i = sent + 1, sent + n do send(list[i]) end
    sent = sent + n
  end
end

--- Orders that rest at the engine of the paper exchange, signed, and without HTTP, after so many others that still do. Each takes the
--- next place at one of ten thousand prices.
function work.resting(_, count)
  local request, send = engine_of { deposit = { BTC = "100000" } }
  local body, placed = '{"category":"inverse","symbol":"BTCUSD","side":"Buy","orderType":"Limit","qty":"1","price":"%d.5"}', 0
  local function place(n)
    for i = placed + 1, placed + n do send(request("create", body:format(15000 + i * 7919 % 10000))) end
    placed = placed + n
  end
  place(math.tointeger(count))
  return place
end

--- Opening a journal of so many intents.
function work.open_journal(_, intents)
  local journals = require "spec.support.journals"
  local path = os.tmpname()
  os.remove(path)
  journals.open(path):close()
  journals.fill(path, math.tointeger(intents))
  return function(n)
    for _ = 1, n do journals.open(path):close() end
  end, function() os.execute(("rm -f %s %s-*"):format(path, path)) end
end

return work
