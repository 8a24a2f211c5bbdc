-- A strategy killed (SIGKILL) at any moment, and started again on its journal: each time client:reconcile settles what the
-- run before left open, and at the end the exchange's books and the journal agree. KILLS=100 for a long run.

local bybit = require "bybit"
local intents = require "bybit.intents"
local process = require "spec.support.process"

local KILLS = tonumber(os.getenv "KILLS") or 4
local SEED = tonumber(os.getenv "SEED") or os.time()

local FAULTS = {
  { "lost_answer", probability = 0.05 }, { "lost_request", probability = 0.05 }, { "cut", probability = 0.05 },
  { "code", probability = 0.03, code = 10016, executed = true },
}

describe("a strategy that is killed", function()
  it("is put right by its journal, however often", function()
    local rates = { ip = 1000000 }
    for _, name in ipairs { "create", "amend", "cancel", "realtime", "history" } do rates["order/" .. name] = 100000 end
    rates["execution/list"] = 100000
    local exchange = bybit.paper.start { seed = SEED, limits = rates, keep = 1000000 }
    exchange:set_price("BTCUSD", 30000)
    local journal = os.tmpname()
    os.remove(journal)
    finally(function()
      exchange:close()
      os.remove(journal)
    end)
    local source <close> = assert(io.open "spec/support/journal_child.lua")
    local program = source:read "a"
    local random = require("bybit.core").random(SEED)
    local settled = 0
    for _ = 1, KILLS do
      exchange:faults(FAULTS)
      local child = process.start(program, { URL = exchange.url, KEY = exchange.key, SECRET = exchange.secret,
        JOURNAL = journal })
      local line = child:line()
      if not line then error(select(4, child:wait())) end
      settled = settled + tonumber(line:match "^reconciled (%d+)$")
      bybit.sleep(0.05 + random:unit() * 0.3)
      child:signal "KILL"
      assert.equal("signal", (child:wait()))
    end
    exchange:faults(false)

    local client <close> = bybit.client { environment = exchange, journal = journal, receive_window = 1000, visibility = 0.05 }
    local report = assert(client:reconcile { symbol = "BTCUSD" })
    settled = settled + #report.settled
    assert.equal(0, #report.unsettled)
    assert.is_true(settled > 0, "no run left anything open: nothing was tried")
    local file <close> = assert(io.open(journal))
    local text = file:read "a"
    assert.equal(0, #(intents.read(text)), "an intent is still open")
    local _, ids = intents.read(text)
    local seen = {}
    for _, order in ipairs(exchange:books().orders) do
      local id = order.client_order_id
      assert.truthy(ids[id], ("%s was placed and is not in the journal (SEED=%d)"):format(id, SEED))
      assert.is_nil(seen[id], ("%s stands twice (SEED=%d)"):format(id, SEED))
      seen[id] = true
    end
    for _, entry in ipairs(report.settled) do
      if entry.method == "place_order" then
        assert.equal(entry.outcome == "placed", seen[entry.client_order_id] ~= nil, entry.client_order_id)
      end
    end
    local own = 0
    for _, order in ipairs(exchange:books().orders) do own = own + (order.open and 1 or 0) end
    assert.equal(own, #report.live)
  end)
end)
