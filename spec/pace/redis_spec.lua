-- A share on a Redis server: how it is reached, what clients may send together, what each does when the server is away, and what
-- servers cannot do to a client. The servers are real ones, started here; those that do harm are written out byte by byte.
-- Requests that were sent and not answered count as long as their client lives, so what one may send does not depend on the time.

local bybit = require "bybit"
local cjson = require "cjson"
local command = require "spec.support.command"
local core = require "bybit.core"
local process = require "spec.support.process"
local redis = require "spec.support.redis"
local server = require "spec.support.scripted_server"
local tasks = require "bybit.tasks"

local LIMIT = 10 -- orders a second, as documented (reference: order/create)
local SECRET = "open:sesame/5" -- needs its percent-encoding in a URL
local NOWHERE = "http://127.0.0.1:1"

local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1, timeout = 60 }

local function encoded(text)
  return (text:gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end))
end

local function new_client(share, options)
  local o = { environment = { url = NOWHERE }, key = "the-api-key", secret = "the-secret", share = share, rate = "fail",
    connections = 32 }
  for k, v in pairs(options or {}) do o[k] = v end
  return bybit.client(o)
end

local function refusal(share)
  local ok, err = pcall(new_client, share)
  assert.is_false(ok)
  return tostring(err)
end

if not core.share.servers() then
  describe("a share on a server", function()
    it("says what is missing, in a build without hiredis", function()
      assert.has_match("without hiredis, which a share on a Redis server needs: install libhiredis-dev",
        refusal "redis://127.0.0.1", 1, true)
    end)
  end)
  return
end

describe("the URL of a share", function()
  for url, wanted in pairs {
    ["http://127.0.0.1"] = "a URL of a Redis server is redis://, rediss:// or unix://",
    ["redis://"] = "it has no host",
    ["redis://127.0.0.1:0"] = "its port is no number from 1 to 65535",
    ["redis://127.0.0.1:6379x"] = "its port is no number",
    ["redis://127.0.0.1/one"] = "its path is the number of a database",
    ["redis://bob@127.0.0.1"] = "it has a user without a password",
    ["redis://127.0.0.1/0?pass=x"] = "its query has db, ca_file, share or machine",
    ["redis://127.0.0.1/0?share=a/b"] = "are 1 to 32 of A-Z a-z 0-9 - _",
    ["redis://127.0.0.1/0#x"] = "no fragment has a place in it",
    ["redis://a b"] = "its host has letters, digits",
    ["redis://127.0.0.1?ca_file=/x"] = "ca_file in its query is for rediss://",
    ["unix://relative"] = "it has no path of a socket",
    ["unix:///" .. ("x"):rep(120)] = "the path of its socket is too long",
  } do
    it(("is refused: %.40s"):format(url), function() assert.has_match(wanted, refusal(url), 1, true) end)
  end

  it("keeps its password out of what is said about it", function()
    for _, url in ipairs { "redis://:hush@127.0.0.1:x", "redis://bob:hush@127.0.0.1/one", "redis://:hush@h?x=1",
      "ftp://a:hush@h" } do
      assert.is_nil((refusal(url):find("hush", 1, true)))
    end
    local client <close> = new_client "redis://bob:hush@127.0.0.1:1/2"
    assert.equal("redis://127.0.0.1:1/2", client:stats().share.path)
  end)
end)

-- Waits until the client takes part, or has lost its share.
local function settled(client)
  return server.await(function()
    local share = client:stats().share
    return (share.lost or share.members > 1 or share.asked > 0 or share.joined) and share
  end)
end

describe("a server that does harm", function()
  local site, client

  before_each(function() site = server.listen() end)

  after_each(function()
    if client then client:close() end
    client = nil
    site:close()
  end)

  -- What the client says of a server that answers with these bytes.
  local function lost_by(bytes)
    client = new_client("redis://127.0.0.1:" .. site.port)
    local share = server.await(function()
      local connection = site:poll()
      if connection then connection:send(bytes) end
      local found = client:stats().share
      return found.lost and found
    end)
    return share.lost
  end

  for name, case in pairs {
    ["speaks HTTP"] = { "HTTP/1.1 400 Bad Request\r\n\r\n", "what came is no answer of a Redis server" },
    ["sends noise"] = { "\0\255\1\2\3\r\n", "what came is no answer of a Redis server" },
    ["announces a huge text"] = { "$512000000\r\n" .. ("x"):rep(300000), "an answer is too large" },
    ["announces a huge list"] = { "*1000000000\r\n:1\r\n", "what came is no answer of a Redis server" },
    ["sends lists in lists"] = { "*1\r\n*1\r\n*1\r\n:1\r\n", "what came is no answer of a Redis server" },
    ["answers with a number"] = { ":5\r\n", "what answers is no Redis server" },
    ["answers with nothing"] = { "$-1\r\n", "what answers is no Redis server" },
    ["answers what nobody asked"] = { "+PONG\r\n+more\r\n+more\r\n+more\r\n", "" },
    ["wants a password"] = { "-NOAUTH Authentication required.\r\n", "the server says: NOAUTH Authentication required." },
    ["is not ready"] = { "-LOADING Redis is loading\27[2J\r\n", "the server says: LOADING Redis is loading?[2J" },
    ["has too many clients"] = { "-ERR max number of clients reached\r\n", "max number of clients reached" },
  } do
    it("costs the share, and no more, where it " .. name, function()
      assert.has_match(case[2], lost_by(case[1]), 1, true)
    end)
  end

  it("costs the share where it closes at once", function()
    client = new_client("redis://127.0.0.1:" .. site.port)
    server.await(function()
      local connection = site:poll()
      if connection then connection:close() end
      return client:stats().share.lost == "the connection was cut"
    end)
  end)

  it("does not get the password told where it repeats it", function()
    client = new_client("redis://:hushhush@127.0.0.1:" .. site.port)
    local lost = server.await(function()
      local connection = site:poll()
      if connection then connection:send "-ERR unknown command 'AUTH', with args beginning with: 'hushhush'\r\n" end
      return client:stats().share.lost
    end)
    assert.equal("the server refuses user or password (ERR)", lost)
  end)
end)

if redis.missing then
  describe("a share on a server", function()
    it("is tried with a real one", function() pending(redis.missing) end)
  end)
  return
end

local instance, certificate

-- A certificate for 127.0.0.1 that is its own authority: two files, whose names end in .pem and .key.
local function make_certificate()
  local path = os.tmpname()
  assert(os.execute(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout %s.key -out %s.pem "
    .. "-days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null"):format(path, path)))
  return path
end

setup(function()
  certificate = make_certificate()
  instance = redis.start { port = true, tls = { cert = certificate .. ".pem", key = certificate .. ".key" },
    lines = { ("user bob on >%s ~* &* +@all"):format(SECRET) } }
end)

teardown(function()
  instance:close()
  os.execute(("rm -f %s %s.pem %s.key"):format(certificate, certificate, certificate))
end)

describe("a share is reached", function()
  before_each(function() instance:cli "flushall" end)

  local function reached(url, name, look)
    local client <close> = new_client(url)
    server.await(function()
      assert.is_nil(client:stats().share.lost)
      return client:stats().share.joined
    end)
    assert.equal(name, client:stats().share.path)
    if look then look() end
  end

  it("by a socket of this machine, also in another database", function()
    reached(instance.url, instance.url)
    reached("redis+unix://" .. instance.socket .. "?db=3", instance.url .. "?db=3", function()
      assert.equal("bybit:{share}:members\n", instance:cli "-n 3 keys '*members'")
    end)
  end)

  it("by host and port, with a database", function() reached(instance.tcp .. "/2", instance.tcp .. "/2") end)

  it("with user and password", function()
    reached(("redis://bob:%s@127.0.0.1:%d/0"):format(encoded(SECRET), instance.port), instance.tcp .. "/0")
    reached(("unix://bob:%s@%s"):format(encoded(SECRET), instance.socket), instance.url)
  end)

  it("over TLS, where its certificate is trusted", function()
    local url = "rediss://127.0.0.1:" .. instance.tls_port
    reached(url .. "?ca_file=" .. encoded(certificate .. ".pem"), url .. "/0")
    local client <close> = new_client(url)
    local share = settled(client)
    assert.has_match("certificate", share.lost, 1, true)
  end)

  it("not with a wrong password, which is never told", function()
    local said = {}
    local client <close> = new_client(("redis://bob:wrong-one@127.0.0.1:%d"):format(instance.port),
      { log = function(event) said[#said + 1] = tostring(event.error) end })
    assert.equal("the server refuses user or password (WRONGPASS)", settled(client).lost)
    local _, err = client:place_order(ORDER)
    assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
    assert.has_match("it was never reached, so nobody knows how many take part", err.message, 1, true)
    said[#said + 1] = tostring(err) .. bybit.json.encode(client:stats(), { decimals = "string" })
    assert.is_nil((table.concat(said):find("wrong-one", 1, true)))
  end)
end)

-- A program like that of share_spec.lua: sends `n` orders, which nobody answers, prints how many went out, and waits to be killed.
local OTHER = [[
local bybit = require "bybit"
local client = bybit.client { environment = { url = os.getenv "URL" }, key = "the-api-key", secret = "secret",
  share = os.getenv "SHARE", rate = "fail", connections = 32 }
bybit.run(function()
  local out = 0
  for _ = 1, tonumber(os.getenv "N") do
    bybit.spawn(function()
      local _, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1, timeout = 60 }
      if err then out = out - 1 end
    end)
    out = out + 1
  end
  while client:stats().requests < out do bybit.sleep(0.002) end
  print(out)
  io.stdout:flush()
  bybit.sleep(600)
end)
]]

describe("clients with a share on a server", function()
  local site, others, clients, events

  before_each(function()
    instance:cli "flushall"
    site, others, clients, events = server.listen(), {}, {}, {}
  end)

  after_each(function()
    for _, other in ipairs(others) do
      other:signal "KILL"
      other:wait()
    end
    for _, client in ipairs(clients) do client:close() end
    while tasks.step(0) > 0 do site = site end
    site:close()
  end)

  local function other(n, program)
    local run = process.start(program or OTHER, { URL = site.url, SHARE = instance.url, N = tostring(n) })
    others[#others + 1] = run
    local line = run:line()
    if not line then error((select(4, run:wait()))) end
    return math.tointeger(tonumber(line)), run
  end

  local function client_of(options)
    local o = { environment = { url = site.url },
      log = function(event)
        if event.method == "share" then events[#events + 1] = event end
      end }
    for k, v in pairs(options or {}) do o[k] = v end
    local client = new_client(o.share or instance.url, o)
    clients[#clients + 1] = client
    server.await(function() return client:stats().share.joined end)
    return client
  end

  -- Sends an order that nobody answers. Returns the error, if it is refused.
  local function send(client, symbol)
    local sent, err = client:stats().requests, nil
    bybit.spawn(function()
      err = select(2, client:place_order { symbol = symbol or "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1,
        timeout = 60 })
    end)
    server.await(function() return err or client:stats().requests > sent end)
    return err
  end

  local function send_all(client)
    for n = 0, 50 do
      local err = send(client)
      if err then return n, err end
    end
  end

  local function used()
    local found = {}
    for _, window in ipairs(cjson.decode((core.share.look(instance.url))).windows) do
      found[window.key:match "order/create" or "address"] = window.used
    end
    return found
  end

  it("send together what one may send", function()
    local client = client_of()
    for _ = 1, 6 do assert.is_nil(send(client)) end
    server.await(function() return used()["order/create"] == 6 end) -- turns that were taken ahead are back
    assert.equal(LIMIT - 6, (other(9)))
    local err = send(client)
    assert.same({ "rate_limit", "not_sent" }, { err.kind, err.outcome })
    assert.equal(1, client:stats().share.waits)
    assert.equal("rate_limit", send(client).kind) -- the log is told with the next call
    assert.same({ "debug", ("calls waited for the limits of the share %s, 1 times so far"):format(instance.url) },
      { events[1].level, events[1].error })
    assert.equal(2, client:stats().share.members)
    assert.same({ ["order/create"] = LIMIT, address = LIMIT }, used())
  end)

  it("leave nothing there that tells a key, and nothing for ever", function()
    local client = client_of()
    send(client)
    client:halt "for the spec"
    client:resume()
    client:halt "for the spec"
    local all = instance:dump()
    assert.has_match("for the spec", all, 1, true)
    assert.is_nil((all:find "the%-api%-key" or all:find "the%-secret"))
    local keys = 0
    for key, stays in all:gmatch "([^\n]+)\n([^\n]+)\n[^\n]*\n" do
      keys = keys + 1
      assert.equal("bybit:{share}:", key:sub(1, 14))
      assert.is_true(tonumber(stays) > 0, key)
    end
    assert.is_true(keys > 5)
  end)

  it("are apart where their shares have other names", function()
    local client, apart = client_of(), client_of { share = instance.url .. "?share=desk2" }
    client:halt "only here"
    assert.is_nil(send(apart))
    assert.equal("guard", send(client).kind)
  end)

  it("are halted before their next request, and cancels go out", function()
    local client = client_of()
    assert.is_nil(send(client))
    local sent = client:stats().requests
    local output, _, status = command.run("halt " .. instance.url .. " the model is wrong")
    assert.equal(0, status)
    assert.has_match("sends nothing that adds risk", output, 1, true)
    local err = send(client)
    assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
    assert.has_match("(the model is wrong)", err.message, 1, true)
    assert.equal(sent, client:stats().requests)
    bybit.spawn(function() client:cancel_all_orders { symbol = "BTCUSD", timeout = 60 } end)
    server.await(function() return client:stats().requests == sent + 1 end)
    assert.has_match("HALTED by process", command.run("share " .. instance.url), 1, true)
    assert.equal("resumed\n", (command.run("resume " .. instance.url)))
    server.await(function() return not client:stats().halted end)
    assert.is_nil(send(client, "ETHUSD"))
  end)

  it("are halted by each other, and calls that wait end", function()
    local client = client_of { rate = "wait" }
    other(LIMIT)
    local err
    bybit.spawn(function() err = select(2, client:place_order(ORDER)) end)
    server.await(function() return client:stats().share.waits > 0 end)
    other(0, [[
      local bybit = require "bybit"
      local client = bybit.client { environment = { url = os.getenv "URL" }, share = os.getenv "SHARE" }
      while not client:stats().share.joined do bybit.sleep(0.01) end
      assert(client:halt "enough")
      print(0)
    ]])
    server.await(function() return err end)
    assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
    assert.equal(0, client:stats().requests)
  end)

  it("get back what a killed one had under way", function()
    local client = client_of { rate = "wait" }
    local _, run = other(LIMIT)
    bybit.spawn(function() client:place_order(ORDER) end)
    server.await(function() return client:stats().share.waits > 0 end)
    assert.equal(0, client:stats().requests)
    local function longest() -- seconds that the last of the window counts
      return tonumber(instance:eval [[
        local key, time = redis.call("KEYS", "*order/create")[1], redis.call("TIME")
        return math.floor((redis.call("ZREVRANGE", key, 0, 0, "WITHSCORES")[2] - time[1] * 1e6) / 1e6)
      ]])
    end
    assert.is_true(longest() > 60)
    run:signal "KILL"
    server.await(function() return longest() <= 2 end) -- when it must have arrived, and a window after that
  end)

  it("go on where the server forgets the script", function()
    local client = client_of()
    assert.is_nil(send(client))
    instance:cli "script flush"
    assert.is_nil(send(client))
    assert.equal(0, client:stats().share.losses)
    assert.equal(2, used()["order/create"])
  end)

  it("take turns ahead where requests follow each other, and give them back", function()
    local exchange <close> = bybit.paper.start { limits = { ["order/create"] = 1000 }, lag = 0 }
    local client = bybit.client { environment = exchange, share = instance.url, rate = { ["order/create"] = 1000 } }
    clients[#clients + 1] = client
    -- How often the server ran the script, by its own count.
    local function runs()
      return tonumber(instance:cli("info commandstats"):match "cmdstat_evalsha:calls=(%d+)") or 0
    end
    local placed, before, began = 0, runs(), os.time()
    repeat
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 20000 })
      placed = placed + 1
    until client:stats().share.ahead > 4
    local share = client:stats().share
    assert.equal(placed, share.asked + share.ahead) -- each waited for one answer at most
    -- For each order it is asked once and told of the end; there is a sign of life each second, and turns are given back.
    assert.is_true(runs() - before <= 2 * placed + 2 * (os.time() - began) + 4)
    server.await(function() return (used()["order/create"] or 0) == 0 end) -- all turns are back, or over
  end)

  it("lose it with a key of another kind, and get it back", function()
    local client = client_of { share = { path = instance.url, on_loss = "alone" } }
    instance:cli "set bybit:{share}:limits x"
    assert.is_nil(send(client))
    server.await(function() return (client:stats().share.lost or ""):find "WRONGTYPE" end)
    instance:cli "del bybit:{share}:limits"
    server.await(function() return not client:stats().share.lost end)
    assert.same({ 1, 1 }, { client:stats().share.losses, client:stats().share.returns })
  end)

  it("lose it where the server takes no writes", function()
    local client = client_of { share = { path = instance.url, on_loss = "halt" } }
    instance:cli "replicaof 127.0.0.1 1"
    assert.equal("guard", send(client).kind)
    assert.has_match("the server says: READONLY", client:stats().share.lost, 1, true)
    instance:cli "replicaof no one"
    server.await(function() return not client:stats().share.lost end)
  end)

  it("each keep their part while the server is away, say so once, and count together again", function()
    local client = client_of()
    client_of { key = "another" }
    assert.is_nil(send(client))
    instance:stop()
    server.await(function() return client:stats().share.lost end)
    assert.equal(2, client:stats().share.members)
    local n = 1
    server.await(function()
      local err = send(client)
      if not err then n = n + 1 end
      return n == LIMIT // 2 and err
    end)
    assert.equal("rate_limit", send(client).kind)
    instance:run()
    server.await(function() return not client:stats().share.lost end)
    server.await(function() return used()["order/create"] == n end) -- what was sent meanwhile is known there
    server.await(function() return #cjson.decode((core.share.look(instance.url))).members == 2 end) -- it waits for both
    assert.equal(LIMIT - n, (send_all(client)))
    local said = {}
    for _, event in ipairs(events) do said[#said + 1] = event.level .. ": " .. event.error end
    table.sort(said) -- of both clients; the second makes no call, so it says nothing
    assert.same({ ("info: the share %s is back"):format(instance.url),
      ("warn: the share %s is lost: the connection was cut"):format(instance.url) }, said)
    assert.same({ 1, 1 }, { client:stats().share.losses, client:stats().share.returns })
    client:halt "kept"
    instance:stop()
    instance:run() -- it has lost all of it
    server.await(function() return client:stats().share.returns == 2 end)
    assert.has_match(": kept\n", command.run("share " .. instance.url), 1, true)
  end)

  it("do not wait long for a server that is stopped; cancels go out, and a halt holds", function()
    local client = client_of { share = { path = instance.url, on_loss = "halt" } }
    assert.is_nil(send(client))
    client:halt "kept"
    instance:signal "STOP"
    bybit.spawn(function() client:cancel_all_orders { symbol = "BTCUSD", timeout = 60 } end)
    server.await(function() return client:stats().requests == 2 end)
    assert.equal("the server does not answer", client:stats().share.lost)
    instance:signal "CONT"
    server.await(function() return not client:stats().share.lost end)
    assert.has_match("(kept)", client:stats().halted, 1, true)
  end)

  it("leave it alone in a forked child", function()
    local run <close> = process.start([[
      local bybit = require "bybit"
      local function new()
        local client = bybit.client { environment = { url = "http://127.0.0.1:1" }, share = os.getenv "SHARE" }
        while not client:stats().share.joined do bybit.sleep(0.01) end
        return client
      end
      local client = new()
      print(fork(function()
        assert(client:halt "x" == false)
        client:close()
        new():close()
      end))
      bybit.sleep(0.05)
      print(client:stats().share.lost, client:halt "works", client:stats().share.losses)
    ]], { SHARE = instance.url }, (os.getenv "BUILD" or "build") .. "/support/forks")
    local _, _, output, errors = run:wait()
    assert.equal("", errors)
    assert.equal("0\nnil\ttrue\t0\n", output)
  end)
end)
