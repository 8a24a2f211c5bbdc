-- The event loop: time, waiting, and one descriptor for hosts that poll.

local core = require "bybit.core"
local loop = core.loop
local server = require "spec.support.scripted_server"

describe("loop", function()
  it("tells monotonic seconds and wall milliseconds", function()
    local before = loop.now()
    assert.equal("float", math.type(before))
    assert.is_true(loop.now() >= before)
    assert.equal("integer", math.type(loop.wall()))
    assert.is_true(math.abs(loop.wall() - os.time() * 1000) <= 2000)
  end)

  it("can be stopped and moved by hand", function()
    finally(loop.real)
    loop.virtual(1700000000123)
    assert.equal(1700000000123, loop.wall())
    local before = loop.now()
    loop.advance(1.5)
    assert.equal(1700000001623, loop.wall())
    assert.equal(1.5, math.floor((loop.now() - before) * 1000 + 0.5) / 1000)
    assert.has_error(function() loop.advance(-1) end)
    loop.real()
    assert.has_error(function() loop.advance(1) end, "advance: time is real")
  end)

  it("waits for nothing while nothing runs", function()
    collectgarbage()
    assert.is_nil(loop.next_timeout())
  end)

  it("says when it must be called, and makes its descriptor readable then", function()
    local http = core.http {}
    local site <close> = server.listen()
    local fd = loop.fd()
    assert.equal(fd, loop.fd())
    local transfer = http:start { verb = "GET", url = site.url .. "/", timeout = 0.3 }
    site:accept():request()
    assert.is_true(loop.next_timeout() <= 0.3)
    -- LuaSocket's select stands for the host's loop: it sees only our descriptor.
    local socket = require "socket"
    local polled = { getfd = function() return fd end }
    while not transfer:done() do
      local ready = socket.select({ polled }, nil, 5)
      assert.equal(polled, ready[1], "the descriptor was never readable")
      loop.step(0)
    end
    assert.equal("timeout", transfer:result().error)
    http:close()
  end)

  -- A due timer is served without a look at the descriptors, which is a system call. But the next step looks at them: where many
  -- clients share the loop some timer is always due, and answers must not wait for that.
  it("looks at descriptors at every second step while a timer is always due", function()
    local before = loop.wakeups()
    for _ = 1, 100 do
      loop.alarm(0)
      loop.step(0)
    end
    loop.alarm()
    local looked = loop.wakeups() - before
    assert.is_true(looked >= 49 and looked <= 51, looked .. " looks in 100 steps")
  end)

  -- libcurl begins a transfer in a timer of 0 seconds, after which whoever waits would only have to wait again.
  it("goes on to wait where a step served timers alone, which woke nobody", function()
    local http = core.http {}
    local site <close> = server.listen()
    loop.step(0) -- no timer is due: the next step may begin with timers
    http:start { verb = "GET", url = site.url .. "/", timeout = 5 }
    local before = loop.wakeups()
    loop.step(5)
    assert.equal(before + 1, loop.wakeups())
    http:close()
  end)

  it("does not go on to wait when the alarm went off, or when a number was woken", function()
    loop.step(0)
    local before = loop.wakeups()
    loop.alarm(0)
    loop.step(5)
    assert.equal(before, loop.wakeups())
    local token = core.token()
    local watch <close> = token:on(loop.wait_new()) -- luacheck: ignore 211
    token:cancel()
    loop.step(0) -- in the step before, timers came first
    before = loop.wakeups()
    local http = core.http {}
    local site <close> = server.listen()
    http:start { verb = "GET", url = site.url .. "/", timeout = 5 }
    loop.step(5)
    assert.equal(before, loop.wakeups())
    http:close()
  end)

  it("does not wait for a moment that has passed", function()
    loop.step(-1)
    loop.step(-math.huge)
    finally(loop.real)
    loop.virtual(1700000000123)
    loop.step(-1)
    assert.equal(1700000000123, loop.wall())
  end)

  it("lets debug hooks run after a signal, which is how Ctrl-C reaches a waiting script", function()
    local script = [[
      local core = require "bybit.core"
      io.stdout:write("ready\n") io.stdout:flush()
      local ok, why = pcall(core.loop.step, 20)
      io.stdout:write(tostring(ok), " ", tostring(why):match("interrupted") or tostring(why), "\n")
    ]]
    local lua = os.getenv "LUA" or "lua5.4"
    local path = os.tmpname()
    local file <close> = assert(io.open(path, "w"))
    file:write(script)
    file:close()
    finally(function() os.remove(path) end)
    local run = assert(io.popen(("sh -c 'echo $$; exec %s %s'"):format(lua, path)))
    local pid = run:read "l"
    assert.equal("ready", run:read "l")
    -- The process may not have reached its wait yet. A signal before the wait interrupts it too.
    os.execute("sleep 0.1; kill -INT " .. pid)
    assert.equal("false interrupted", run:read "l")
    run:close()
  end)
end)
