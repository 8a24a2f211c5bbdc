-- The exchange allows an address 500 connections of streams in five minutes (V5 documentation, connect); all processes that use a share
-- make 400 together.

local bybit = require "bybit"
local process = require "spec.support.process"
local redis = require "spec.support.redis"

local MOST = 400

-- Connects so often as it is told, line by line, but for one that waits longer than SECONDS, and tells how often.
local CONNECTS = [[
local bybit = require "bybit"
io.stdout:setvbuf "line"
local client <close> = bybit.client { environment = { url = os.getenv "URL" }, share = os.getenv "SHARE" }
local function connects()
  local streams = client:stats().streams
  return streams and streams[1] and streams[1].connects or 0
end
local function connect()
  local token = bybit.cancel_token()
  local timer = bybit.spawn(function()
    bybit.sleep(tonumber(os.getenv "SECONDS"))
    token:cancel()
  end)
  for event in client:stream { "ticker", symbol = "BTCUSD", cancel = token } do
    if event.kind ~= "stale" then break end
  end
  timer:cancel()
end
bybit.run(function()
  local most = tonumber(os.getenv "TIMES")
  repeat
    local before = connects()
    connect()
  until connects() >= most or connects() == before
end)
print(connects())]]

describe("the connections of streams in all processes that use a share on a", function()
  local exchange

  before_each(function() exchange = bybit.paper.start { lag = 0 } end)
  after_each(function() exchange:close() end)

  local function connects(share, times)
    local run = process.start(CONNECTS, { URL = exchange.url, SHARE = share, TIMES = times, SECONDS = "0.5" })
    local made = run:line()
    run:wait()
    return math.tointeger(tonumber(made))
  end

  it("file are 400 in five minutes", function()
    local path <close> = setmetatable({ os.tmpname() }, { __close = function(self) os.remove(self[1]) end })
    os.remove(path[1])
    assert.equal(300, connects(path[1], "300"))
    assert.equal(MOST - 300, connects(path[1], "200"))
  end)

  it("server are 400 in five minutes", function()
    if redis.missing then return pending(redis.missing) end
    local server <close> = redis.start()
    assert.equal(3, connects(server.url, "3"))
    local added = server:eval(([[
      local key = redis.call("KEYS", "*:connects:*")[1]
      local last = redis.call("ZRANGE", key, -1, -1, "WITHSCORES")[2]
      for i = 1, %d do redis.call("ZADD", key, last, "x" .. i) end
      return redis.call("ZCARD", key)]]):format(MOST - 5))
    assert.equal(MOST - 2, tonumber(added))
    assert.equal(2, connects(server.url, "5"))
  end)
end)
