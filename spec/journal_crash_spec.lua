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

-- What a call that was done leaves its order as; an order that has ended stays so.
local CANCELLED = { Cancelled = true, Deactivated = true }

-- Reads what a child said, up to where it was killed: method -> id -> outcome.
local function note(said, output)
  for method, id, outcome in output:gmatch "said ([%w_]+) (%S+) (%w+)\n" do
    said[method] = said[method] or {}
    said[method][id] = outcome
  end
end

describe("a strategy that is killed", function()
  it("is put right by its journal, however often, also while it is being put right", function()
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
    local settled, said, early = 0, {}, 0
    for n = 1, KILLS do
      exchange:faults(FAULTS)
      local child = process.start(program, { URL = exchange.url, KEY = exchange.key, SECRET = exchange.secret,
        JOURNAL = journal, SYNC = tostring(n % 2 == 0) })
      local output = {}
      if n % 4 ~= 3 then -- the others are killed while they reconcile
        repeat
          local line = child:line()
          if not line then error(select(4, child:wait())) end
          output[#output + 1] = line .. "\n"
        until line:find "^reconciled"
        settled = settled + tonumber(output[#output]:match "%d+")
      else
        early = early + 1
        assert.equal("begun", child:line())
      end
      bybit.sleep(0.05 + random:unit() * 0.3)
      child:signal "KILL"
      local how, _, rest, errors = child:wait()
      assert.equal("signal", how, errors)
      note(said, table.concat(output) .. rest)
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
    local books = {}
    for _, order in ipairs(exchange:books().orders) do
      local id = order.client_order_id
      assert.truthy(ids[id], ("%s was placed and is not in the journal (SEED=%d)"):format(id, SEED))
      assert.is_nil(books[id], ("%s stands twice (SEED=%d)"):format(id, SEED))
      books[id] = order
    end
    for _, entry in ipairs(report.settled) do
      said[entry.method] = said[entry.method] or {}
      said[entry.method][entry.client_order_id] = entry.outcome
    end
    local count = 0
    for method, outcomes in pairs(said) do
      for id, outcome in pairs(outcomes) do
        count = count + 1
        local told = ("%s %s: %s (SEED=%d)"):format(method, id, outcome, SEED)
        local done = outcome == "done" or outcome == "placed"
        if method:find "^place" then
          assert.equal(done, books[id] ~= nil, told)
        elseif method:find "^cancel" and done then
          assert.is_true(CANCELLED[books[id].status], told)
        elseif method:find "^cancel" then
          assert.is_true(outcome == "unknown" or not CANCELLED[books[id].status], told)
        elseif method:find "^modify" and outcome ~= "unknown" then
          local order = books[id]
          assert.equal(done, (order.trigger_price or order.price) == "20100", told)
        end
      end
    end
    local own = 0
    for _, order in pairs(books) do own = own + (order.open and 1 or 0) end
    assert.equal(own, #report.live)
    print(("       %d kills, %d of them while it reconciled, SEED=%d: %d outcomes told, %d settled after a restart, all true")
      :format(KILLS, early, SEED, count, settled))
  end)
end)
