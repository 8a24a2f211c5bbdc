-- The lease among real processes: one that holds it is stopped, killed, or ends, while others wait for it. The computer sleeps by a file
-- (spec/support/machine.lua), so nothing waits for a lease to expire. What the exchange took is read from its books.

local machine = require "spec.support.machine"
local redis = require "spec.support.redis"

local START = [[
exchange = bybit.paper.start { lag = 0 }
exchange:set_price("BTCUSD", 30000)
return exchange.url .. " " .. exchange.key .. " " .. exchange.secret]]

-- A network that keeps what would place an order, until deliver() brings it to the exchange.
local NETWORK = [[
local raw = require "spec.support.raw_http"
local kept
network = { start = function(_, request)
  local port, target = request.url:match ":(%%d+)(/.*)$"
  local sent = { tonumber(port), request.verb, target, request.headers, request.body }
  if target:find "order/create" then
    kept = sent
    return { error = "timeout", message = "no answer", sent = true }
  end
  local answer = raw.request(table.unpack(sent, 1, 5))
  return { status = answer.status, body = answer.body }
end }
function deliver() return raw.request(table.unpack(kept, 1, 5)).body:match '"retCode":%%d+' end]]

-- The client order ids of the orders that the exchange took in this spec, without the spec's number, as one text.
local TAKEN = [[
local ids = {}
for _, order in ipairs(exchange:books().orders) do
  local id, n = order.client_order_id:match "^(.*)%%-(%%w+)$"
  if n == "%d" then ids[#ids + 1] = id end
end
table.sort(ids)
return table.concat(ids, " ")]]

-- 'order(id, more)' places a limit order far from the market.
local TRADER = NETWORK .. [[

if client then client:close() end
events = {}
local function log(e)
  if e.method ~= "lease" then return end
  events[#events + 1] = e.level .. ": " .. e.error:gsub("process %%d+", "process N"):gsub("since.*UTC", "since T")
end
client = bybit.client { environment = { url = "%s" }, key = "%s", secret = "%s", visibility = 0, log = log, %s }
function order(id, more)
  local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 29000, client_order_id = id and id .. "-%d" }
  for k, v in pairs(more or {}) do p[k] = v end
  local ok, err = client:place_order(p)
  return ok and "placed" or err.kind .. " " .. tostring(err.outcome) .. ": " .. err.message
end]]

describe("a lease", function()
  local m, exchange, url, key, secret, share
  local number, traders, used = 0, {}, 0

  -- Most specs want a lease that is not new: then nobody gets it for 10 seconds. Programs serve one spec after the other.
  before_each(function()
    if not m then
      m = machine.new()
      exchange = m:start()
      url, key, secret = exchange:ask(START):match "(%S+) (%S+) (%S+)"
    end
    number, used = number + 1, 0
    share = m:path("share" .. number)
    exchange:ask(([[local c = bybit.client { environment = exchange, share = { path = '%s', lease = 'mm1' } }
      c:cancel_all_orders { symbol = "BTCUSD" } c:close()]]):format(share))
    m:sleep(11)
  end)

  teardown(function() m:close() end)

  -- A program with a client, with more options as text.
  local function trader(options)
    used = used + 1
    if not traders[used] or traders[used].ended then traders[used] = m:start() end
    options = options or ("share = { path = '%s', lease = 'mm1' }"):format(share)
    traders[used]:ask(TRADER:format(url, key, secret, options, number))
    return traders[used]
  end

  local function taken() return exchange:ask(TAKEN:format(number)) end

  it("lets its holder trade, and tells all others who has it and since when", function()
    local holder, other, third = trader(), trader(), trader(("share = '%s', id_prefix = 'mm1'"):format(share))
    assert.equal("placed", holder:ask "return order('mm1-1')")
    local words = other:ask "return order('mm1-2')"
    local refusal = ("^guard not_sent: process %s holds the lease 'mm1' since 20%%d%%d%%-%%d%%d%%-%%d%%d %%d%%d:%%d%%d:%%d%%d "
      .. "UTC: only its holder adds risk under that prefix$"):format(holder.run.pid)
    assert.has_match(refusal, words)
    words = third:ask "return order()" -- it asks for no lease, and its own ids begin with the prefix
    assert.has_match("is under the lease 'mm1', which process " .. holder.run.pid .. " holds since", words, 1, true)
    assert.has_match("is under the lease 'mm1', which process " .. holder.run.pid,
      third:ask [[return select(2, client:place_multiple_orders {
        { symbol = 'BTCUSD', side = 'Buy', type = 'Limit', quantity = 1, price = 1 } }).message]], 1, true)
    assert.equal("placed", third:ask "return order('mm1x-1')")
    assert.equal("mm1-1 mm1x-1", taken())
    assert.equal("info: process N holds the lease 'mm1' since T: only its holder adds risk under that prefix",
      other:ask "return table.concat(events, '; ')")
    assert.equal("true\ttrue\t1\t0\t0", holder:ask
      "local l = client:stats().share.lease return l.held, l.ready, l.gains, l.losses, l.waits")
    assert.equal(("false\tfalse\t0\t0\t1\t%s"):format(holder.run.pid), other:ask
      "local l = client:stats().share.lease return l.held, l.ready, l.gains, l.losses, l.waits, l.holder.pid")
  end)

  it("lets those who do not hold it cancel, reduce and read", function()
    local holder, other = trader(), trader()
    assert.equal("placed", holder:ask "return order('mm1-1')")
    assert.equal("placed", holder:ask "return order('mm1-2', { type = 'Market', quantity = 10 })")
    assert.equal("placed", other:ask "return order('mm1-3', { side = 'Sell', price = 40000, quantity = 10, reduce_only = true })")
    other:ask(("first = 'mm1-1-%d'"):format(number))
    assert.has_match("guard: process " .. holder.run.pid .. " holds the lease", other:ask
      "return select(2, client:modify_order { symbol = 'BTCUSD', client_order_id = first, new_quantity = 2 })", 1, true)
    assert.equal("true", other:ask "return client:cancel_order { symbol = 'BTCUSD', client_order_id = first } ~= nil")
    assert.equal("1", other:ask "return #client:get_open_orders_real_time { symbol = 'BTCUSD' }")
    assert.equal("true", other:ask "return client:cancel_all_orders { symbol = 'BTCUSD' } ~= nil")
  end)

  it("wants ids of its own from its holder, and short windows", function()
    local holder = trader()
    assert.has_match("client_order_id 'x-1-" .. number .. "': ids of a client with the lease 'mm1' begin with 'mm1-'",
      holder:ask "return select(2, pcall(order, 'x-1'))", 1, true)
    assert.equal("placed", holder:ask "return order()")
    assert.has_match("^mm1%-%w+$", holder:ask "return client:get_open_orders_real_time({ symbol = 'BTCUSD' })[1].client_order_id")
    assert.equal("guard not_sent: receive_window 5001: the lease 'mm1' is made for at most 5000 ms, the client's own "
      .. "receive_window",
      holder:ask "return order(nil, { receive_window = 5001 })")
  end)

  -- The promise itself. The clock that CLOCK_MONOTONIC is has stood still: a holder that went by it would trade on.
  it("is lost by a holder that was stopped for longer than it lasts: nothing more of it is taken", function()
    local holder, successor, third = trader(), trader(), trader()
    -- What it had signed when it was stopped may be refused by the exchange, as too late.
    holder:tell [[
      local n, refused = 0
      repeat
        n = n + 1
        refused = order("mm1-a" .. n, { time_in_force = "IOC" })
      until refused:find "^guard" or n == 10000
      return refused .. "; " .. table.concat(events, "; ")]]
    for _ = 1, 1000 do
      if taken():find "mm1%-a3" then break end -- it trades
    end
    holder:signal "STOP"
    assert.has_match("holds the lease", successor:ask "return order('mm1-b1')", 1, true)
    m:sleep(10.5)
    assert.equal("placed", successor:ask "return order('mm1-b2')")
    local before = taken()
    holder:signal "CONT"
    local words, events = holder:hear():match "^(.-); (.*)$"
    assert.has_match("^guard not_sent: process " .. successor.run.pid .. " holds the lease 'mm1'", words)
    assert.equal("info: this client holds the lease 'mm1'; warn: the lease 'mm1' was lost; info: process N holds the lease 'mm1' "
      .. "since T: only its holder adds risk under that prefix", events)
    assert.has_match("process " .. successor.run.pid .. " holds the lease", holder:ask "return order('mm1-a0')", 1, true)
    assert.has_match("process " .. successor.run.pid .. " holds the lease", third:ask "return order('mm1-c1')", 1, true)
    assert.equal(before, taken())
    assert.equal("placed", successor:ask "return order('mm1-b3')")
  end)

  -- What a holder signed in its last moment, and the network held back.
  it("outlives every request that was signed under it: the exchange refuses what comes later", function()
    local holder, successor = trader(("transport = network, share = { path = '%s', lease = 'mm1' }"):format(share)), trader()
    holder:ask "order('mm1-a1', { deadline = 0.1 })"
    assert.equal('"retCode":0', holder:ask "return deliver()") -- while nobody else can have the lease
    holder:ask "order('mm1-a2', { deadline = 0.1 })"
    m:sleep(10)
    assert.equal("placed", successor:ask "return order('mm1-b1')")
    assert.equal('"retCode":10002', holder:ask "return deliver()")
    assert.equal("mm1-a1 mm1-b1", taken())
  end)

  it("goes to who waits when its holder ends, who first sees what that one left", function()
    local holder, successor = trader(), trader()
    assert.equal("placed", holder:ask "return order('mm1-1')")
    assert.equal("nil\ttimeout", successor:ask "local r, err = client:await_lease { timeout = 0 } return r, err.kind")
    successor:tell "local r = assert(client:await_lease {}) return #r.live, r.live[1].client_order_id"
    holder:ask "client:close()"
    assert.equal("1\tmm1-1-" .. number, successor:hear())
    assert.equal("placed", successor:ask "return order('mm1-2')")
  end)

  -- 5 s of its window, and the second: nobody knows what became of the order.
  it("that its holder gives back with an order under way is free when that order can act no more", function()
    local holder, successor = trader(("transport = network, share = { path = '%s', lease = 'mm1' }"):format(share)), trader()
    holder:ask "order('mm1-a1', { deadline = 0.1 }) client:close()"
    m:sleep(5.8)
    assert.has_match("holds the lease", successor:ask "return order('mm1-b1')", 1, true)
    m:sleep(0.3)
    assert.equal("placed", successor:ask "return order('mm1-b1')")
    assert.equal('"retCode":10002', holder:ask "return deliver()")
  end)

  it("is read for when all shows that the holder before did", function()
    local options = ("visibility = 3, share = { path = '%s', lease = 'mm1' }"):format(share)
    local holder, successor = trader(), trader(options)
    assert.equal("placed", holder:ask "return order('mm1-1')")
    holder:ask "client:close()"
    m:sleep(1.5)
    assert.has_match("this client got the lease 'mm1', and waits another 1.%d s until all shows that the holder before has done",
      successor:ask "return order('mm1-2', { deadline = 0.2 })")
    m:sleep(1.5)
    assert.equal("placed", successor:ask "return order('mm1-2')")
  end)

  it("is nobody's for 10 seconds in a share that is new, or was lost and made anew", function()
    local holder, other = trader(), trader()
    assert.equal("placed", holder:ask "return order('mm1-1')")
    os.remove(share)
    local lost = "^guard not_sent: the lease is new here, or the share has lost what it knew: nobody gets the lease 'mm1' "
      .. "for another %d+%.%d s"
    m:sleep(1)
    assert.equal("guard not_sent: nobody can get the lease 'mm1': the share is lost (its file was removed)",
      other:ask "return order('mm1-2')")
    m:sleep(1.1) -- the file is looked for once a second
    assert.has_match(lost, other:ask "return order('mm1-2')")
    m:sleep(8)
    assert.has_match("^guard", holder:ask "return order('mm1-3')") -- it could not renew
    assert.has_match(lost, other:ask "return order('mm1-2')")
    m:sleep(3)
    assert.equal("placed", other:ask "return order('mm1-4')")
    assert.has_match("holds the lease", holder:ask "return order('mm1-5')", 1, true)
    assert.equal("mm1-1 mm1-4", taken())
  end)

  it("belongs to those who ask for it, also while nobody has it", function()
    local holder, other = trader(), trader(("share = '%s'"):format(share))
    holder:ask "client:close()"
    assert.equal(("guard not_sent: 'mm1-1-%d' is under the lease 'mm1': only its holder adds risk under that prefix, and this "
      .. "client has not asked for it (share = {path = ..., lease = \"mm1\"})"):format(number), other:ask "return order('mm1-1')")
  end)

  it("shows in `bybit share`", function()
    local holder = trader()
    assert.equal("placed", holder:ask "return order('mm1-1')")
    holder:ask(([[require "bybit.shell.out".write = function(text) shown = text end
      require "bybit.shell.cli.share".share({ "%s" }, {}, error)]]):format(share))
    assert.has_match(("mm1 +%s +20%%d%%d%%-[%%d:%%. -]+ +1?[09]%%.%%d"):format(holder.run.pid), holder:ask "return shown")
    holder:ask(([[client:close() require "bybit.shell.cli.share".share({ "%s" }, {}, error)]]):format(share))
    assert.has_match("mm1 +nobody", holder:ask "return shown")
  end)

  it("of a holder that was killed goes to another when it has expired, not before", function()
    local holder, successor = trader(), trader()
    assert.equal("placed", holder:ask "return order('mm1-1')")
    holder:kill()
    m:sleep(8)
    assert.has_match("process " .. holder.run.pid .. " holds the lease", successor:ask "return order('mm1-2')", 1, true)
    m:sleep(2)
    assert.equal("placed", successor:ask "return order('mm1-2')")
    assert.equal("mm1-1 mm1-2", taken())
  end)

  it("goes on while its holder does other things, and is renewed at the next call", function()
    local holder, other = trader(), trader()
    assert.equal("placed", holder:ask "return order('mm1-1')")
    for i = 2, 4 do
      m:sleep(9)
      assert.equal("placed", holder:ask(("return order('mm1-%d')"):format(i)))
    end
    m:sleep(60) -- it expires, and nobody asks for it
    assert.equal("placed", holder:ask "return order('mm1-5')")
    assert.has_match("holds the lease", other:ask "return order('mm1-6')", 1, true)
  end)
end)

-- The same on a Redis server, which is a computer of its own.
if redis.missing then
  describe("a lease on a server", function() it("is tried with a real one", function() pending(redis.missing) end) end)
  return
end

describe("a lease on a server", function()
  local m, far, server, exchange, url, key, secret
  local number = 0

  setup(function()
    m, far = machine.new(), machine.new()
    local variables = far:variables()
    server = redis.start { variables = ("LD_PRELOAD='%s' ASLEEP='%s'"):format(variables.LD_PRELOAD, variables.ASLEEP) }
    exchange = m:start()
    url, key, secret = exchange:ask(START):match "(%S+) (%S+) (%S+)"
  end)

  teardown(function()
    for _, x in ipairs { m, far, server } do x:close() end
  end)

  before_each(function() number = number + 1 end)

  local function trader()
    local program = m:start()
    program:ask(TRADER:format(url, key, secret, ("share = { path = '%s', lease = 'mm%d' }"):format(server.url, number), number))
    return program
  end

  -- Both computers sleep.
  local function sleep(seconds)
    m:sleep(seconds)
    far:sleep(seconds)
  end

  -- A client that looks at the server's answers until it has the lease, which is new.
  local function holder()
    local program = trader()
    assert.has_match("nobody gets the lease", program:ask(("return order('mm%d-0')"):format(number)), 1, true)
    sleep(11)
    assert.equal("nil", program:ask "local _, err = client:await_lease { timeout = 20 } return err")
    return program
  end

  it("is its holder's until that one has been silent for as long as it lasts", function()
    local first = holder()
    local second = trader()
    local function order(program, id) return program:ask(("return order('mm%d-%s')"):format(number, id)) end
    assert.equal("placed", order(first, "a"))
    assert.has_match("^guard not_sent: process " .. first.run.pid .. " on %g+ holds the lease", order(second, "b"))
    first:signal "STOP"
    far:sleep(3600) -- somebody sets the server's clock
    assert.has_match("holds the lease", order(second, "c"), 1, true)
    sleep(10)
    second:ask "local _, err = client:await_lease { timeout = 20 } return err"
    assert.equal("placed", order(second, "d"))
    first:signal "CONT"
    assert.has_match("^guard not_sent: process " .. second.run.pid .. " on %g+ holds the lease", order(first, "e"))
    second:ask "client:close()"
    assert.equal("nil", first:ask "local _, err = client:await_lease { timeout = 20 } return err")
    assert.equal("placed", order(first, "f"))
  end)

  it("goes to who waits also when somebody has set the server's clock back", function()
    local first = holder()
    local second = trader()
    assert.has_match("holds the lease", second:ask(("return order('mm%d-a')"):format(number)), 1, true)
    first:kill()
    far:sleep(-3600)
    sleep(10)
    assert.equal("nil", second:ask "local _, err = client:await_lease { timeout = 20 } return err")
    assert.equal("placed", second:ask(("return order('mm%d-b')"):format(number)))
  end)

  it("is nobody's for 10 seconds when the server was started anew, also if it kept what it knew", function()
    local first = holder()
    assert.equal("placed", first:ask(("return order('mm%d-a')"):format(number)))
    server:cli "save"
    server:stop()
    server:run()
    first:ask [[local l
      repeat
        bybit.sleep(0.02)
        l = client:stats().share.lease
      until not client:stats().share.lost and (l.why or ""):find "nobody gets"]]
    sleep(5)
    assert.has_match("nobody gets the lease", first:ask(("return order('mm%d-b')"):format(number)), 1, true)
    sleep(6)
    assert.equal("nil", first:ask "local _, err = client:await_lease { timeout = 20 } return err")
    assert.equal("placed", first:ask(("return order('mm%d-c')"):format(number)))
  end)
end)
