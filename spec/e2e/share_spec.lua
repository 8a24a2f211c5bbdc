-- Eight processes that trade on one key against the limits of the paper exchange, without a refusal: with a share that is a file, and
-- with one on a Redis server; also while one of them is killed each second, and while the server is stopped and started. `make share`
-- makes long runs of each, which also say how much of the rate they use. The short form wants little of the rate, since it must not
-- fail on a busy machine. A process that is killed while the server is away takes with it what nobody else knows: both at once may
-- lead to a refusal.

local bybit = require "bybit"
local crowd = require "spec.support.crowd"
local redis = require "spec.support.redis"

local LONG = math.tointeger(tonumber(os.getenv "SHARE_SECONDS"))
local SECONDS = LONG or 2
local WORKERS, LIMIT = 8, 10 -- orders a second, the exchange's own limit

local KINDS = {
  file = function()
    local path = os.tmpname()
    os.remove(path)
    return { share = path, close = function() os.remove(path) end }
  end,
  server = function()
    local server = redis.start()
    return { share = server.url, server = server, close = function() server:close() end }
  end,
}

for kind, open in pairs(KINDS) do
  describe(("%d processes with a share on a %s, for %d s"):format(WORKERS, kind, SECONDS), function()
    local exchange, share, notes
    local missing = kind == "server" and redis.missing

    before_each(function()
      if missing then return end
      exchange = bybit.paper.start { lag = 0 }
      share, notes = open(), os.tmpname()
    end)

    after_each(function()
      if missing then return end
      exchange:close()
      share.close()
      os.remove(notes)
    end)

    local function run(what, more)
      local site = { exchange = exchange, share = share.share, notes = notes, workers = WORKERS, seconds = SECONDS }
      for k, v in pairs(more or {}) do site[k] = v end
      local placed, wrong, seconds = crowd.run(site)
      local used = placed / (LIMIT * seconds)
      if LONG then print(("%s, %s: %d orders in %.1f s, %.1f %%"):format(kind, what, placed, seconds, used * 100)) end
      assert.same({}, wrong)
      assert.is_true(used >= (LONG and 0.95 or 0.1), used)
      assert.is_true(used <= 1 + 1 / SECONDS, used)
    end

    local function away(at)
      return function(second)
        if second == at then share.server:stop() end
        if second == at + 1 then share.server:run() end
      end
    end

    if not LONG then
      it("are never refused, whichever is killed", function()
        if missing then return pending(missing) end
        run("one killed each second", { kill = true, random = math.random })
      end)

      if kind == "server" then
        it("are never refused while the server is away", function()
          if missing then return pending(missing) end
          run("the server away for a second", { seconds = 3, during = away(1) })
        end)
      end
      return
    end

    it("are never refused, and use at least 95 % of what they may", function()
      if missing then return pending(missing) end
      run "all of the time"
    end)

    it("do so too while one of them is killed each second", function()
      if missing then return pending(missing) end
      run("one killed each second", { kill = true, random = math.random })
    end)

    if kind == "server" then
      it("do so too when the server is stopped, and started a second later", function()
        if missing then return pending(missing) end
        run("the server away for a second", { seconds = SECONDS + 1, during = away(SECONDS // 2) })
      end)
    end
  end)
end
