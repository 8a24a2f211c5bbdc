-- The paper exchange in a crowd: connections that never ask anything, and a process that has no descriptor left. Each exchange
-- is in a process of its own, so that its limits are; its crowd is there too.

local process = require "spec.support.process"
local raw = require "spec.support.raw_http"
local socket = require "socket"

local TIME = raw.text("GET", "/v5/market/time")

-- An exchange and a crowd. It does what the lines say that it is sent, and answers each with a line.
local SERVER = [[
  local raw = require "spec.support.raw_http"
  local exchange <close> = assert(require "bybit.paper".start { limits = false, seed = 7 })
  io.stdout:setvbuf "line"
  print(exchange.port)
  local TIME, crowd, files = raw.text("GET", "/v5/market/time"), {}, {}
  local commands = {}
  local function status(connection)
    local answer = connection:answer()
    return answer and answer.status or "gone"
  end
  function commands.half(n) -- so many connections that begin a request and do not end it
    for i = 1, n do
      crowd[i] = raw.connect(exchange.port)
      crowd[i].tcp:send(TIME:sub(1, 12))
    end
    return n
  end
  function commands.asked(n) -- so many connections that have asked once
    for i = 1, n do
      crowd[i] = raw.connect(exchange.port)
      crowd[i]:send(TIME)
      assert(crowd[i]:answer().status == 200)
    end
    return n
  end
  function commands.go_on(n) -- the n-th ends its request
    crowd[n]:send(TIME:sub(13))
    return status(crowd[n])
  end
  function commands.again(n) -- the n-th asks again
    crowd[n].tcp:send(TIME)
    return status(crowd[n])
  end
  function commands.gone(n) return status(crowd[n]) end
  function commands.take() -- every descriptor that is left
    while true do
      local file = io.open "/dev/null"
      if not file then return #files end
      files[#files + 1] = file
    end
  end
  function commands.give(n)
    for _ = 1, n do table.remove(files):close() end
    return #files
  end
  function commands.used() return os.clock() end -- processor time, of all threads
  local inbox = assert(io.open(arg[1]))
  for line in inbox:lines() do
    local name, n = line:match "^(%S+) ?(%d*)$"
    print(commands[name](math.tointeger(tonumber(n))))
  end
]]

-- Starts it. Gives its port, a function that has it do something and tells what it said, and one that ends it.
local function serve(descriptors)
  local inbox = os.tmpname()
  os.remove(inbox)
  assert(os.execute("mkfifo " .. inbox))
  local child = process.start(SERVER, {}, ("sh -c 'ulimit -n %d && exec %s \"$@\"' sh"):format(descriptors,
    os.getenv "LUA" or "lua5.4"), inbox)
  local pipe = assert(io.open(inbox, "w"))
  os.remove(inbox)
  local port = math.tointeger(tonumber(child:line()))
  local function ask(command)
    pipe:write(command, "\n")
    pipe:flush()
    return child:line()
  end
  return port, ask, function()
    pipe:close()
    local how, status, _, errors = child:wait()
    assert.same({ "exit", 0, "" }, { how, status, errors })
  end
end

-- The status of one request on a connection of its own; nil when there was no answer in so many seconds (5).
local function ask_time(port, seconds)
  local connection <close> = raw.connect(port)
  connection.tcp:settimeout(seconds or 5)
  connection.tcp:send(TIME)
  local answer = connection:answer()
  return answer and answer.status
end

-- The same, asked again as often as that while nobody answers.
local function ask_until(port, times)
  for _ = 1, times do
    local status = ask_time(port, 1)
    if status then return status end
    socket.sleep(0.05)
  end
end

describe("a crowd at the paper exchange", function()
  it("of 1,500 half-open connections shuts nobody out: the oldest of them go", function()
    local port, ask, stop = serve(4096)
    local regular <close> = raw.connect(port) -- has asked, and will ask again
    regular:send(TIME)
    assert.equal(200, regular:answer().status)
    ask "half 1500"
    for _ = 1, 20 do assert.equal(200, ask_time(port)) end
    regular:send(TIME)
    assert.equal(200, regular:answer().status)
    assert.equal("200", ask "go_on 1500")
    assert.equal("gone", ask "gone 1")
    stop()
  end)

  it("of 1,500 connections that have asked shuts nobody out: who has been silent longest goes", function()
    local port, ask, stop = serve(4096)
    ask "asked 1500"
    assert.equal("200", ask "again 1500")
    assert.equal("200", ask "again 700") -- one of the last thousand
    assert.equal(200, ask_time(port))
    assert.equal("gone", ask "gone 1")
    stop()
  end)

  it("may be larger than the process has descriptors: its oldest make room", function()
    local port, ask, stop = serve(128)
    assert.equal(200, ask_time(port))
    ask "take"
    ask "give 60"
    assert.equal(200, ask_time(port))
    local crowd = {}
    for i = 1, 150 do
      crowd[i] = assert(socket.tcp())
      crowd[i]:settimeout(5)
      crowd[i]:connect("127.0.0.1", port)
      crowd[i]:send "GET /v5/mar"
    end
    for _ = 1, 5 do assert.equal(200, ask_until(port, 100)) end
    for _, tcp in ipairs(crowd) do tcp:close() end
    stop()
  end)

  it("costs no processor time while the process has no descriptor for anybody", function()
    local port, ask, stop = serve(128)
    assert.equal(200, ask_time(port))
    local refused = 0
    while refused < 30 do -- a connection that was answered gives its descriptor back when it ends
      ask "take"
      refused = ask_time(port, 0.1) and 0 or refused + 1
    end
    local waiting <close> = raw.connect(port)
    local before = tonumber(ask "used")
    socket.sleep(1)
    assert.is_true(tonumber(ask "used") - before < 0.3, "it spins") -- which would take all of the second
    waiting.tcp:settimeout(0.1)
    assert.is_nil(waiting:answer())
    ask "give 20"
    assert.equal(200, ask_until(port, 100))
    stop()
  end)
end)
