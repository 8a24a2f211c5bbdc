-- A strategy is killed (SIGKILL) at any moment, and started again on its journal. Each time client:reconcile settles what the
-- earlier run left open; at the end the exchange's books and the journal agree. KILLS=100 makes a long run.

local bybit = require "bybit"
local process = require "spec.support.process"

local reading = require "bybit.journal".read

local KILLS = tonumber(os.getenv "KILLS") or 4
local SEED = tonumber(os.getenv "SEED") or os.time()

local FAULTS = {
  { "lost_answer", probability = 0.05 }, { "lost_request", probability = 0.05 }, { "cut", probability = 0.05 },
  { "code", probability = 0.03, code = 10016, executed = true },
}

local POSITION = "position"

-- The status of an order after each call that was done.
local CANCELLED = { Cancelled = true, Deactivated = true }

-- Reads what a child printed before it was killed: method -> id -> outcome.
local function note(said, output)
  for method, id, outcome in output:gmatch "said ([%w_]+) (%S+) (%w+)\n" do
    said[method] = said[method] or {}
    said[method][id] = outcome
  end
end

describe("a strategy that is killed", function()
  it("recovers through its journal, however often it is killed, even during recovery", function()
    local rates = { ip = 1000000 }
    for _, name in ipairs { "create", "amend", "cancel", "realtime", "history" } do rates["order/" .. name] = 100000 end
    rates["execution/list"], rates["position/trading-stop"], rates["position/list"] = 100000, 100000, 100000
    local exchange = bybit.paper.start { seed = SEED, limits = rates, keep = 1000000 }
    exchange:set_price("BTCUSD", 30000)
    do
      local client <close> = bybit.client { environment = exchange }
      assert(client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 10000,
        client_order_id = POSITION }) -- the position that the stops protect
    end
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
        JOURNAL = journal, SYNC = tostring(n % 2 == 0), RUN = tostring(n) })
      local output = {}
      if n % 4 ~= 3 then -- the other runs are killed while they reconcile
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
    local rows <close> = assert(reading(journal))
    assert.equal(0, #rows:open_intents(), "an intent is still open")
    local ids = {}
    for _, row in ipairs(rows:select { kind = "place" }) do ids[row.client_order_id] = row.outcome end
    local books, stops = {}, {}
    for _, order in ipairs(exchange:books().orders) do
      local id = order.client_order_id
      local stop = order.stop_order_type == "PartialStopLoss" and bybit.decimal(order.trigger_price):key()
      if stop then
        assert.is_nil(stops[stop], ("the stop at %s stands twice (SEED=%d)"):format(stop, SEED))
        stops[stop], id = order, POSITION
      end
      if id == POSITION then goto continue end
      assert.truthy(ids[id], ("%s was placed and is not in the journal (SEED=%d)"):format(id, SEED))
      assert.is_nil(books[id], ("%s stands twice (SEED=%d)"):format(id, SEED))
      books[id] = order
      ::continue::
    end
    for id, outcome in pairs(ids) do
      assert.equal(outcome == "done", books[id] ~= nil, ("the journal says of %s: %s (SEED=%d)"):format(id, outcome, SEED))
    end
    local count = 0
    for _, row in ipairs(rows:select { kind = "stop" }) do
      local price = bybit.decimal(bybit.json.decode(row.params).stop_loss_price):key()
      assert.equal(row.outcome == "done", stops[price] ~= nil, ("the journal says of the stop at %s: %s (SEED=%d)"):format(
        price, row.outcome, SEED))
      count = count + 1
    end
    assert.is_true(count > 0, "no stop was set")
    for _, entry in ipairs(report.settled) do
      said[entry.method] = said[entry.method] or {}
      said[entry.method][entry.client_order_id or "-"] = entry.outcome
    end
    for method, outcomes in pairs(said) do
      outcomes["-"] = nil -- only the journal tells whose outcome that is
      for id, outcome in pairs(outcomes) do
        count = count + 1
        local told = ("%s %s: %s (SEED=%d)"):format(method, id, outcome, SEED)
        local done = outcome == "done" or outcome == "placed"
        if method == "set_trading_stop" then
          if outcome ~= "unknown" then assert.equal(done, stops[bybit.decimal(id):key()] ~= nil, told) end
        elseif method:find "^place" then
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
