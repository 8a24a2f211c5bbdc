-- client:follow in long runs, in their short form (`make follow` is the long one): each fill once, whatever goes wrong, and however
-- often the program is killed.

local core = require "bybit.core"
local paper = require "bybit.paper"
local bybit = require "bybit"
local process = require "spec.support.process"

local function read_file(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

describe("client:follow in a long run", function()
  if core.link.available() then
    it("gives out each fill once, each order's in their order, while lines, frames and history fail", function()
      local follow_run = require "spec.support.follow_run"
      local figures = follow_run.run { fills = 900, round = 300, seed = 11, restart = 0.01 }
      assert.same({ lost = 0, twice = 0, foreign = 0, out_of_order = 0 }, { lost = figures.lost, twice = figures.twice,
        foreign = figures.foreign, out_of_order = figures.out_of_order })
      assert.same({}, figures.errors)
      assert.is_true(figures.fills >= 900 and figures.restarts > 0)
      assert.is_true(figures.longest > 0 and figures.longest < 16384)
    end)
  else
    it("gives out each fill once over streams", function() pending "this build is without libwslay" end)
  end

  it("loses nothing and tells nothing twice when its program is killed at any moment", function()
    local exchange <close> = paper.start { seed = 3, limits = false }
    local client <close> = bybit.client { environment = exchange, rate = false, seed = 3 }
    local random, path = core.random(3), os.tmpname()
    os.remove(path)
    local program = read_file "spec/support/follow_child.lua"
    local function start()
      return process.start(program, { URL = exchange.url, KEY = exchange.key, SECRET = exchange.secret, FILE = path,
        STREAMS = tostring(core.link.available()) })
    end
    local child = start()
    assert.equal("live", child:line())
    for _ = 1, 4 do
      for _ = 1, random:integer(3, 12) do
        assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = random:integer(1, 50) })
        if random:unit() < 0.15 then
          child:signal "KILL"
          child:wait()
          child = start()
        end
      end
      child:signal "KILL"
      child:wait()
      child = start()
      if random:unit() < 0.5 then child:line() end
    end
    local wanted, count = {}, 0
    for _, row in ipairs(exchange:books().executions) do wanted[row.execution_id], count = true, count + 1 end
    local ends, ids = os.time() + 30
    repeat
      ids = {}
      for id in read_file(path):gmatch "(%x%S+) %S+ %S+\n" do ids[#ids + 1] = id end
      bybit.sleep(0.05)
    until #ids >= count or os.time() > ends
    child:signal "KILL"
    child:wait()
    os.remove(path)
    local got = {}
    for _, id in ipairs(ids) do
      assert.is_true(wanted[id], "not of this account: " .. id)
      assert.is_nil(got[id], "told twice: " .. id)
      got[id] = true
    end
    assert.equal(count, #ids)
    assert.is_true(count > 12)
  end)
end)
