-- The file that processes on one key share: what it lets them send together, what it does when one of them is killed, and which
-- files it refuses. Requests that were sent and not answered count for as long as their process lives, so no spec here depends
-- on the time: a server takes them and never answers.

local bybit = require "bybit"
local core = require "bybit.core"
local process = require "spec.support.process"
local server = require "spec.support.scripted_server"
local tasks = require "bybit.tasks"

local HELPER = (os.getenv "BUILD" or "build") .. "/support/share_kill"
local LIMIT = 10 -- orders a second, as documented (reference: order/create)

local SHM = os.execute "test -w /dev/shm" and "/dev/shm" or "/tmp"

-- A path where no file is.
local function free_path()
  local path = os.tmpname()
  os.remove(path)
  return SHM .. path:match "/[^/]*$"
end

local function write(path, text, mode)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
  os.execute(("chmod %s %s"):format(mode or "600", path))
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- What a client says about its share when it is made.
local function refusal(path)
  local ok, err = pcall(bybit.client, { environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s", share = path })
  assert.is_false(ok)
  return tostring(err)
end

describe("the file of a share", function()
  local path

  before_each(function() path = free_path() end)
  after_each(function() os.execute(("rm -rf %s %s.other"):format(path, path)) end)

  local function open(at)
    return bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s", share = at or path }
  end

  it("is made for its owner alone", function()
    local client <close> = open() -- luacheck: ignore 211
    local pipe <close> = io.popen("stat -c '%a %F' " .. path)
    assert.equal("600 regular file", pipe:read "l")
  end)

  it("holds no key and no secret", function()
    local client <close> = bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "thekeyofit", secret = "hushhush",
      share = path, connect_timeout = 0.1 }
    assert.is_nil(client:get_balance { coin = "BTC", deadline = 0.1 })
    assert.is_nil((read(path):find("thekeyofit", 1, true)))
    assert.is_nil((read(path):find("hushhush", 1, true)))
  end)

  for name, case in pairs {
    ["that others can read"] = { function(at) write(at, "", "640") end, "others can use it: chmod 600" },
    ["that is something else"] = { function(at) write(at, "#!/bin/sh\n") end, "is no share of bybit" },
    ["that is a directory"] = { function(at) os.execute("mkdir -m 700 " .. at) end, "Is a directory" },
    ["that is a symbolic link"] = { function(at) os.execute(("ln -s /etc/passwd %s"):format(at)) end, "is a symbolic link" },
    ["that is a pipe"] = { function(at) os.execute("mkfifo -m 600 " .. at) end, "is no file" },
  } do
    it("is refused, and left as it is, when there is one " .. name, function()
      case[1](path)
      local pipe <close> = io.popen("ls -ld " .. path)
      local before = pipe:read "a"
      assert.has_match(case[2], refusal(path), 1, true)
      local again <close> = io.popen("ls -ld " .. path)
      assert.equal(before, again:read "a")
    end)
  end

  it("is refused in a folder where everybody can replace it", function()
    os.execute(("mkdir -m 777 %s"):format(path))
    assert.has_match("everybody can replace it", refusal(path .. "/share"), 1, true)
    os.execute(("chmod 1777 %s"):format(path))
    open(path .. "/share"):close()
  end)

  it("is refused where it was cut off, and by another version", function()
    open():close()
    local whole = read(path)
    write(path, whole:sub(1, 5000))
    assert.has_match("was damaged: it has 5000 bytes", refusal(path), 1, true)
    write(path, whole:sub(1, 8) .. "\99" .. whole:sub(10))
    assert.has_match("another version of bybit %(layout 99, here %d+%)", refusal(path))
    write(path, "\0" .. whole:sub(2))
    assert.has_match("is no share of bybit", refusal(path), 1, true)
  end)

  -- The specification of what a hostile file may hold is "anything": the seed decides.
  it("is an error or a share, whatever it holds", function()
    open():close()
    local whole, random = read(path), 12345
    local function draw(n)
      random = (random * 1103515245 + 12345) & 0x7fffffff
      return (random >> 8) % n
    end
    for round = 1, 40 do
      local bytes = {}
      for i = 1, 400 do -- the magic number, version and size stay, so that the rest is looked at
        bytes[i] = { 17 + draw(round % 3 == 0 and 20000 or #whole - 20), string.char(draw(256)):rep(1 + draw(8)) }
      end
      table.sort(bytes, function(a, b) return a[1] < b[1] end)
      local parts, at = {}, 1
      for _, b in ipairs(bytes) do
        if b[1] >= at then
          parts[#parts + 1] = whole:sub(at, b[1] - 1) .. b[2]
          at = b[1] + #b[2]
        end
      end
      write(path, table.concat(parts) .. whole:sub(at))
      local looked, why = core.share.look(path)
      assert.is_true(looked ~= nil or type(why) == "string")
      local made, client = pcall(open)
      if made then
        client:stats()
        client:budget()
        client:close()
      end
    end
  end)

  it("is refused as an option where it cannot be a path", function()
    for _, wrong in ipairs { "", 5, {}, { path = path, on_loss = "maybe" }, { path = path, odd = 1 }, "redis://127.0.0.1:port",
      { path = path, lease = "a b" }, { path = path, lease = ("x"):rep(17) } } do
      assert.has_match("option 'share': ", refusal(wrong), 1, true)
    end
  end)

  it("needs real time", function()
    local core_loop = core.loop
    core_loop.virtual(1700000000000)
    local why = refusal(path)
    core_loop.real()
    assert.has_match("time is virtual", why, 1, true)
  end)
end)

describe("a process that is killed", function()
  -- Every instruction is tried where SHARE_KILL_STRIDE=1 says so; that takes minutes. SHORT=1 tries fewer, as
  -- under the sanitizers, where each step takes more of them.
  for name, plain in pairs { take = 151, halt = 151, lease = 151, join = 2003 } do
    local stride = os.getenv "SHARE_KILL_STRIDE" or os.getenv "SHORT" and plain * 4 or plain
    it(("at any instruction of '%s' leaves a share that is right"):format(name), function()
      local path = free_path()
      local pipe = io.popen(("%s %s %s %s 2>&1"):format(HELPER, name, path, stride))
      local said = pipe:read "a"
      local ended = pipe:close()
      if said:find("cannot trace", 1, true) then return pending "no process may be traced here" end
      assert.is_true(ended, said)
      local steps, inside = said:match "^steps (%d+), inside (%d+)\n$"
      assert.is_true(tonumber(steps) > 5, said)
      if name == "take" or name == "lease" then assert.is_true(tonumber(inside) > 2, said) end
    end)
  end
end)

describe("a forked child", function()
  it("leaves its parent's share alone, and may have one of its own", function()
    local path = free_path()
    local run <close> = process.start([[
      local bybit = require "bybit"
      local core = require "bybit.core"
      local function new()
        return bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s", share = os.getenv "SHARE" }
      end
      local client = new()
      print(fork(function()
        assert(client:halt "x" == false)
        client:close()
        local own = new()
        assert(own:stats().share.members == 2)
        own:close()
      end))
      local found = core.share.look(os.getenv "SHARE")
      print(#found.members, found.halted, client:stats().share.members)
    ]], { SHARE = path }, (os.getenv "BUILD" or "build") .. "/support/forks")
    local _, _, output, errors = run:wait()
    os.remove(path)
    assert.equal("", errors)
    assert.equal("0\n1\tnil\t1\n", output)
  end)
end)

-- A program that sends `n` orders, which nobody answers, one after the other, until one is refused. It prints how many went out,
-- and the refusal. Then it waits to be killed.
local OTHER = [[
local bybit = require "bybit"
local client = bybit.client { environment = { url = os.getenv "URL" }, key = "key", secret = "secret", share = os.getenv "SHARE",
  rate = "fail", connections = 32 }
bybit.run(function()
  local refused
  local out = 0
  for _ = 1, tonumber(os.getenv "N") do
    bybit.spawn(function()
      local _, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1, timeout = 60 }
      if err and err.outcome == "not_sent" then
        refused = refused or err.message
        out = out - 1
      end
    end)
    out = out + 1
  end
  bybit.sleep(0)
  bybit.sleep(0)
  print(out, refused)
  io.stdout:flush()
  bybit.sleep(600)
end)
]]

describe("processes with a share", function()
  local path, site, others, clients

  before_each(function() path, site, others, clients = free_path(), server.listen(), {}, {} end)

  after_each(function()
    for _, other in ipairs(others) do
      other:signal "KILL"
      other:wait()
    end
    for _, client in ipairs(clients) do client:close() end
    while tasks.step(0) > 0 do site = site end
    site:close()
    os.execute(("rm -rf %s %s.other"):format(path, path))
  end)

  -- Another process sends `n` orders. What it prints: how many went out, and why one did not.
  local function other(n)
    local run = process.start(OTHER, { URL = site.url, SHARE = path, N = tostring(n) })
    others[#others + 1] = run
    local line = run:line()
    if not line then error((select(4, run:wait()))) end
    local out, refused = line:match "^(%d+)\t(.*)$"
    return tonumber(out), refused, run
  end

  local function new_client(options)
    local o = { environment = { url = site.url }, key = "key", secret = "secret", share = path, rate = "fail", connections = 32 }
    for k, v in pairs(options or {}) do o[k] = v end
    clients[#clients + 1] = bybit.client(o)
    return clients[#clients]
  end

  local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1, timeout = 60 }

  -- Sends an order that nobody answers. Returns the error, if it is refused at once.
  local function send(client)
    local err
    bybit.spawn(function() err = select(2, client:place_order(ORDER)) end)
    tasks.step(0)
    tasks.step(0)
    return err
  end

  -- Sends as many as go out.
  local function send_all(client)
    local n = 0
    while n < 50 do
      local err = send(client)
      if err then return n, err end
      n = n + 1
    end
    return n
  end

  it("send together what one may send", function()
    local client = new_client()
    for _ = 1, 6 do assert.is_nil(send(client)) end
    local out, refused = other(9)
    assert.equal(LIMIT - 6, out)
    assert.has_match("the rate limit of order/create allows no request", refused, 1, true)
    assert.equal("rate_limit", send(client).kind)
    assert.equal(1, client:stats().share.waits)
    assert.equal(0, client:budget()["order/create"].left)
  end)

  it("have a limit each where their keys differ, but one for the address", function()
    assert.equal(4, (other(4)))
    local client = new_client { key = "another" }
    assert.equal(LIMIT, (send_all(client)))
    local used = {}
    for _, window in ipairs(core.share.look(path).windows) do used[window.name:gsub("^%x+@.* ", "")] = window.used end
    assert.equal(LIMIT + 4, used["ip 127.0.0.1:" .. site.port])
  end)

  it("count a batch as its orders, and let it go before what came later", function()
    local function batch_of(n)
      local list = { timeout = 60 }
      for i = 1, n do list[i] = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = i } end
      return list
    end
    local four = OTHER:gsub("client:place_order (%b{})", function(order)
      return ("client:place_multiple_orders { %s }"):format(order:rep(4, ", "):gsub(", timeout = 60", ""))
    end)
    others[1] = process.start(four, { URL = site.url, SHARE = path, N = "1" })
    assert.equal("1\tnil", others[1]:line())
    local first, later = new_client { rate = "wait" }, new_client()
    bybit.spawn(function() first:place_multiple_orders(batch_of(LIMIT)) end)
    tasks.step(0)
    local err
    bybit.spawn(function() err = select(2, later:place_multiple_orders(batch_of(1))) end)
    tasks.step(0)
    tasks.step(0)
    assert.same({ 0, "rate_limit" }, { first:stats().requests, err and err.kind })
  end)

  it("get back what a killed one had under way, when it must have arrived", function()
    local client = new_client { rate = "wait" }
    local _, _, run = other(LIMIT)
    local sent = 0
    bybit.spawn(function() client:place_order(ORDER) end)
    tasks.step(0)
    assert.equal(0, client:stats().requests)
    run:signal "KILL"
    server.await(function()
      sent = client:stats().requests
      return sent == 1
    end, 30)
    assert.equal(1, client:stats().share.members)
  end)

  it("forget one that closes in good order at once, where nothing of it runs", function()
    local first, second = new_client(), new_client()
    send(first)
    assert.equal(2, first:stats().share.members)
    second:close()
    send(first)
    assert.equal(1, first:stats().share.members)
  end)

  it("learn a limit that one of them was told", function()
    local client = new_client()
    bybit.spawn(function() client:place_order(ORDER) end)
    local connection = site:accept()
    connection:request()
    connection:answer('{"retCode":0,"retMsg":"","result":{"orderId":"o"},"retExtInfo":{},"time":1}',
      "X-Bapi-Limit: 3\r\nX-Bapi-Limit-Status: 2\r\n")
    server.await(function() return client:stats().share and client:stats().p50 end)
    local out = other(9)
    assert.is_true(out <= 3)
  end)

  it("are all shut out when one of them was", function()
    local client = new_client()
    send(client)
    local run = process.start(OTHER:gsub('print%(out, refused%)', 'print "out"'), { URL = site.url, SHARE = path, N = "1" })
    others[#others + 1] = run
    assert.equal("out", run:line())
    local banned = "<html><head><title>403 Forbidden</title></head><body>access too frequent</body></html>"
    server.await(function()
      for _, c in ipairs(site.accepted) do
        c:poll()
        if c.input:find "order/create" and not c.told then
          c.told = true
          c:answer(banned, "Content-Type: text/html\r\n", "403 Forbidden")
        end
      end
      return not site:poll() and client:budget().banned_for
    end)
    assert.is_true(client:budget().banned_for > 500)
    local second = new_client { key = "another" }
    assert.has_match("blocked this IP", send(second).message, 1, true)
  end)
end)

describe("a share that is lost", function()
  local path, site, clients, events

  before_each(function() path, site, clients, events = free_path(), server.listen(), {}, {} end)

  after_each(function()
    for _, client in ipairs(clients) do client:close() end
    while tasks.step(0) > 0 do site = site end
    site:close()
    os.execute(("rm -rf %s %s.other"):format(path, path))
  end)

  local function new_client(on_loss, key)
    clients[#clients + 1] = bybit.client { environment = { url = site.url }, key = key or "key", secret = "secret",
      share = { path = path, on_loss = on_loss }, rate = "fail", connections = 32,
      log = function(event)
        if event.method == "share" and event.level ~= "debug" then events[#events + 1] = event end
      end }
    return clients[#clients]
  end

  local function send(client)
    local err
    bybit.spawn(function()
      err = select(2, client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1,
        timeout = 60 })
    end)
    tasks.step(0)
    tasks.step(0)
    return err
  end

  local function send_all(client)
    for n = 0, 50 do
      local err = send(client)
      if err then return n, err end
    end
  end

  -- Puts something in the file's place that cannot be used.
  local function spoil() os.execute(("mv %s %s.other; mkdir %s"):format(path, path, path)) end

  local function await_loss(client)
    server.await(function() return client:stats().share.lost end)
  end

  it("leaves each its part of the limit", function()
    local client = new_client "divide"
    new_client("divide", "second")
    assert.equal(2, client:stats().share.members)
    spoil()
    await_loss(client)
    local n, err = send_all(client)
    assert.equal(LIMIT // 2, n)
    assert.equal("rate_limit", err.kind)
    assert.equal("its file was moved or replaced", client:stats().share.lost)
  end)

  it("stops new risk if that is wanted, and lets cancels pass", function()
    local client = new_client "halt"
    spoil()
    await_loss(client)
    local n, err = send_all(client)
    assert.same({ 0, "guard", "not_sent" }, { n, err.kind, err.outcome })
    assert.has_match('is lost (its file was moved or replaced), and the option says on_loss = "halt"', err.message, 1, true)
    bybit.spawn(function() client:cancel_all_orders { symbol = "BTCUSD", timeout = 60 } end)
    tasks.step(0)
    assert.equal(1, client:stats().requests)
  end)

  it("is passed over if that is wanted", function()
    local client = new_client "alone"
    new_client("alone", "second")
    spoil()
    await_loss(client)
    assert.equal(LIMIT, (send_all(client)))
  end)

  it("comes back when it can, and both are told once", function()
    local client = new_client "alone"
    assert.is_nil(send(client))
    spoil()
    await_loss(client)
    for _ = 1, 3 do assert.is_nil(send(client)) end
    os.execute("rmdir " .. path)
    server.await(function() return not client:stats().share.lost end)
    send_all(client)
    local stats = client:stats().share
    assert.same({ 1, 1 }, { stats.losses, stats.returns })
    local said = {}
    for i, event in ipairs(events) do said[i] = { event.level, event.error } end
    assert.same({ { "warn", ("the share %s is lost: its file was moved or replaced"):format(path) },
      { "info", ("the share %s is back"):format(path) } }, said)
    assert.equal(1, #core.share.look(path).members)
  end)

  it("keeps a halt", function()
    local client = new_client "alone"
    client:halt "stop it"
    os.remove(path)
    await_loss(client)
    local _, err = send_all(client)
    assert.has_match("(stop it)", err.message, 1, true)
    server.await(function() return not client:stats().share.lost end)
    assert.equal("stop it", core.share.look(path).halted.reason)
  end)

  it("is a share whose lock cannot be had, until its holder is gone", function()
    local client, second = new_client "divide", new_client("divide", "second")
    assert.is_nil(send(client))
    local holder <close> = process.start("", {}, HELPER .. " hold " .. path .. " 1 #")
    assert.equal("held", holder:line())
    assert.is_nil(send(client)) -- it goes by the client's part of the limit
    assert.has_match("its lock cannot be had", client:stats().share.lost, 1, true)
    client:halt "while it cannot be had" -- needs no lock
    assert.has_match("while it cannot be had", second:stats().halted, 1, true)
    client:resume()
    assert.is_nil(second:stats().halted)
    holder:signal "KILL"
    server.await(function() return not client:stats().share.lost end)
    assert.equal(1, client:stats().share.recovered)
  end)
end)
