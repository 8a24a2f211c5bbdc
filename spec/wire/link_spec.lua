-- A WebSocket connection: the upgrade, frames, closing, and what a hostile server can do. The server is another
-- implementation of the protocol (spec/support/ws_server.py, from RFC 6455): a path says what it does.

local core = require "bybit.core"
local certificates = require "spec.support.certificates"
local process = require "spec.support.process"

if not core.link.available() then
  describe("a WebSocket connection", function()
    it("says what is missing, in a build without libwslay", function()
      assert.has_error(function() core.link.new { url = "http://127.0.0.1:1/" } end,
        "this build of bybit is without libwslay, which streams need: install libwslay-dev and build again")
    end)

    it("is made and kept", function() pending "this build is without libwslay" end)
  end)
  return
end

local MAX = 1000000 -- bytes of a message

local function start(arguments)
  local file <close> = assert(io.open "spec/support/ws_server.py")
  local program = process.start(file:read "a", {}, "python3", arguments)
  return program, program:line()
end

-- Steps the loop until the condition holds. The time is a bound, not a measure.
local function wait_for(condition, what)
  local ends = os.time() + 20
  while not condition() do
    assert(os.time() < ends, "waited in vain for " .. what)
    core.loop.step(0.05)
  end
end

describe("a WebSocket connection", function()
  local program, url, links

  setup(function()
    local port
    program, port = start ""
    url = "http://127.0.0.1:" .. port
  end)

  teardown(function()
    program:signal "KILL"
    program:wait()
  end)

  before_each(function() links = {} end)

  after_each(function()
    for _, link in ipairs(links) do link:free() end
  end)

  local function connect(path, more)
    local options = { url = url .. path, max = MAX }
    for k, v in pairs(more or {}) do options[k] = v end
    links[#links + 1] = core.link.new(options)
    return links[#links]
  end

  local function messages(link, count)
    local list = {}
    wait_for(function()
      for _, text in ipairs(link:messages()) do list[#list + 1] = text end
      return #list >= count
    end, count .. " messages")
    return list
  end

  -- How it ended, and in what words; its messages, the close code and the status of the answer.
  local function ending(link)
    wait_for(function() return select(3, link:state()) > 0 end, "the end")
    local how, why, code, status = link:ending()
    assert.equal(1, select(3, link:state()))
    return how .. ": " .. why, link:messages(), code, status
  end

  describe("that is well", function()
    it("carries texts both ways, from one byte to a megabyte", function()
      local link = connect "/echo"
      wait_for(function() return link:state() end, "the upgrade")
      local texts = { "x", "ä", ("y"):rep(125), ("z"):rep(126), ("q"):rep(65536), ("w"):rep(200000) }
      for i, text in ipairs(texts) do
        assert.is_true(link:text(text))
        assert.same({ text }, messages(link, 1), i)
      end
      link:close(1000)
      local how, rest, code = ending(link)
      assert.equal("closed: the server closed the stream", how)
      assert.same({}, rest)
      assert.equal(1000, code)
      assert.equal("close 1000", program:line())
    end)

    it("asks for the path with its query, of the host with its port", function()
      assert.same({ url:match "//(.*)" .. " /where?max_active_time=1m" }, messages(connect "/where?max_active_time=1m", 1))
    end)

    it("tells once that it is open; before that nothing can be sent", function()
      local link = connect "/echo"
      assert.is_false(link:text "early")
      wait_for(function() return link:state() end, "the upgrade")
      link:text "a"
      messages(link, 1)
      assert.equal(1, select(2, link:state()))
    end)

    it("masks each frame by fresh bytes", function()
      local link, seen = connect "/masks", {}
      wait_for(function() return link:state() end, "the upgrade")
      for _ = 1, 3 do link:text "m" end
      for mask in messages(link, 1)[1]:gmatch "%x+" do
        assert.equal(8, #mask)
        assert.is_nil(seen[mask])
        seen[mask] = true
      end
    end)

    it("puts fragments together, and answers a ping between them", function()
      local link = connect "/fragments"
      assert.same({ "one two three", "next" }, messages(link, 2))
      assert.equal("pong inside", program:line())
    end)

    it("takes frames that came behind the answer to the upgrade, and half of one", function()
      assert.same({ "behind", ("x"):rep(5000), "half" }, messages(connect "/early", 3))
    end)

    it("takes what comes byte by byte", function()
      assert.same({ "drop by drop", "" }, messages(connect "/drip", 2))
    end)

    it("takes messages of every way to write a size", function()
      local sizes = {}
      for i, text in ipairs(messages(connect "/sizes", 8)) do sizes[i] = #text end
      assert.same({ 0, 125, 126, 4095, 4096, 65535, 65536, 70000 }, sizes)
    end)

    it("keeps the order of many messages", function()
      for i, text in ipairs(messages(connect "/many?100000", 100000)) do
        if text ~= tostring(i) then error(("message %d is %s"):format(i, text)) end
      end
    end)

    it("answers the server's close, and tells its code and its words, printable", function()
      local how, _, code = ending(connect "/close-now")
      assert.equal("closed: going ?away", how)
      assert.equal(1001, code)
      assert.equal("close 1001", program:line())
      assert.equal(1005, select(3, ending(connect "/close-bare")))
      assert.equal("close 1005", program:line())
    end)

    it("ends a close that the server does not answer", function()
      local link = connect "/deaf"
      wait_for(function() return link:state() end, "the upgrade")
      link:close(1000)
      assert.is_false(link:text "late")
      assert.equal("timeout: the server did not answer our close", (ending(link)))
    end)

    it("can be closed before it is open", function()
      local link = connect "/silent"
      link:close(1000)
      assert.equal("closed: closed before it was open", (ending(link)))
    end)

    it("refuses more than may wait to be sent, and sends the rest", function()
      local link, taken = connect "/deaf", 0
      wait_for(function() return link:state() end, "the upgrade")
      assert.is_false(link:text(("x"):rep(256 * 1024 + 1)))
      while taken < 1000 and link:text(("x"):rep(100000)) do taken = taken + 1 end
      assert.is_true(taken >= 2 and taken < 1000, taken)
    end)
  end)

  describe("whose upgrade fails", function()
    for path, want in pairs {
      ["/refuse?403"] = "refused: the server refused to speak WebSocket",
      ["/refuse?503"] = "refused: the server refused to speak WebSocket",
      ["/refuse?200"] = "refused: the server refused to speak WebSocket",
      ["/wrong-accept"] = "protocol: the answer is not one to our upgrade",
      ["/two-accepts"] = "protocol: the answer is not one to our upgrade",
      ["/no-upgrade"] = "protocol: the answer is not one to our upgrade",
      ["/no-connection"] = "protocol: the answer is not one to our upgrade",
      ["/extension"] = "protocol: the answer is not one to our upgrade",
      ["/protocol"] = "protocol: the answer is not one to our upgrade",
      ["/long-head"] = "protocol: the answer's headers are too large",
      ["/endless-head"] = "protocol: the answer's headers are too large",
      ["/no-colon"] = "protocol: the answer's headers cannot be read",
      ["/old"] = "protocol: the answer is not of HTTP/1.1",
      ["/garbage"] = "protocol: the answer is not of HTTP/1.1",
      ["/cut-head"] = "network: the connection was cut before it was open",
    } do
      it("ends it: " .. path, function()
        local link = connect(path)
        local how, _, _, status = ending(link)
        assert.equal(want, how)
        assert.equal(tonumber(path:match "%d+") or status, status)
        assert.equal(0, select(2, link:state()))
      end)
    end

    it("ends it in time when no answer comes", function()
      assert.equal("timeout: it did not open in time", (ending(connect("/silent", { timeout = 0.3 }))))
    end)

    it("says why when nobody listens", function()
      local how = ending(core.link.new { url = "http://127.0.0.1:1/" })
      assert.matches("^network: .*127.0.0.1 port 1", how)
    end)
  end)

  describe("whose server breaks the rules", function()
    for wrong, want in pairs {
      masked = "1002 protocol: a masked frame from a server", rsv1 = "1002 protocol: a frame with reserved bits",
      rsv3 = "1002 protocol: a frame with reserved bits", binary = "1003 protocol: a binary message",
      unknown = "1002 protocol: a frame of an unknown kind", unknown_control = "1002 protocol: a frame of an unknown kind",
      long_ping = "1002 protocol: a malformed frame", torn_ping = "1002 protocol: a malformed frame",
      no_message = "1002 protocol: a fragment of no message", inside = "1002 protocol: a message inside another",
      huge = "1009 too_large: a message is too large", negative = "1002 protocol: a malformed frame",
      longhand = "1002 protocol: a malformed frame", sum = "1009 too_large: a message is too large",
      close_one = "1002 protocol: a close frame with a wrong code", close_1005 = "1002 protocol: a close frame with a wrong code",
      close_999 = "1002 protocol: a close frame with a wrong code",
    } do
      it("ends it with the right code, after what was good: " .. wrong, function()
        local how, list = ending(connect("/bad?" .. wrong))
        assert.equal(want:match "%d+ (.*)", how)
        assert.same({ "good" }, list)
        assert.equal("close " .. want:match "%d+", program:line())
      end)
    end

    it("tells of a cut inside a message, and passes on what was whole", function()
      local how, list = ending(connect "/cut")
      assert.equal("network: the connection was cut", how)
      assert.same({ "last words" }, list)
    end)
  end)

  describe("that is freed", function()
    it("at any moment leaves nothing: no descriptor, no call", function()
      local function descriptors()
        local count = 0
        for fd = 0, 255 do
          local file, _, number = io.open("/proc/self/fd/" .. fd)
          if file then file:close() end
          if number ~= 2 then count = count + 1 end -- not: no such file; a socket cannot be opened
        end
        return count
      end
      local before
      for round = 1, 36 do
        local link = core.link.new { url = url .. "/echo", max = MAX }
        for _ = 1, round % 6 do core.loop.step(0.001) end
        link:free()
        if round == 6 then before = descriptors() end
      end
      assert.equal(before, descriptors())
    end)
  end)
end)

describe("a WebSocket connection over TLS", function()
  local dir, program, url

  setup(function()
    dir = certificates.make()
    local port
    program, port = start(("%s/right.pem %s/right.key"):format(dir, dir))
    url = "https://127.0.0.1:" .. port
  end)

  teardown(function()
    program:signal "KILL"
    program:wait()
    certificates.remove(dir)
  end)

  local function outcome(options, path)
    options.url = url .. path
    local link, list = core.link.new(options), {}
    wait_for(function()
      for _, text in ipairs(link:messages()) do list[#list + 1] = text end
      return #list == 20000 or link:ending() ~= nil
    end, "an end")
    local how, why = link:ending()
    link:free()
    return how, why, list
  end

  it("carries messages", function()
    local how, _, list = outcome({ ca_file = dir .. "/ca.pem" }, "/many?20000")
    assert.is_nil(how)
    assert.equal("20000", list[20000])
  end)

  it("refuses a server that it cannot trust", function()
    local how, why = outcome({}, "/many?20000")
    assert.equal("tls", how)
    assert.matches("certificate", why)
  end)
end)
