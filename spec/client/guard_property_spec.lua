-- The rail max_position under random trading: several tasks place, change and cancel orders of all kinds while prices move, answers
-- are lost, and lists lag. After each call the exchange's own books are looked at: position and open orders, all filled on one
-- side, never go beyond the limit. GUARD_CALLS (default 240) makes it longer, GUARD_SEED draws another run.

local bybit = require "bybit"
local core = require "bybit.core"

local CALLS = tonumber(os.getenv "GUARD_CALLS" or 240)
local SEED = math.tointeger(tonumber(os.getenv "GUARD_SEED" or 1)) -- always the same in CI: how much is let through depends on it
local MOST, TASKS = 1000, 4

local decimal = bybit.decimal

-- How far the position could go to each side, also if what is held on the other side is closed first.
local function worst_of(exchange)
  local books = exchange:books()
  local p = books.positions.BTCUSD
  local size = decimal(p and p.quantity or "0")
  local long, short = p and p.side == "Buy" and size or decimal(0), p and p.side == "Sell" and size or decimal(0)
  for _, order in ipairs(books.orders) do
    if order.open and not order.reduce_only and not order.close_on_trigger then
      local left = decimal(order.quantity) - decimal(order.filled_quantity)
      if order.side == "Buy" then long = long + left else short = short + left end
    end
  end
  return long:max(short), long, short
end

-- Trades on the exchange. Returns a tally of how the calls ended, and the highest reach that was seen.
local function trade(exchange, client, faults)
  exchange:set_price("BTCUSD", "30000")
  if faults then exchange:faults(faults) end
  local random = core.random(SEED)
  local function one_of(list) return list[random:integer(1, #list)] end
  local ids, tally, highest = {}, { ok = 0, guard = 0, other = 0 }, decimal(0)

  local function quantity() return one_of { 50, 100, 150, 300, 450 } end
  local acts = {}
  function acts.limit()
    local side = one_of { "Buy", "Sell" }
    return "place_order", { side = side, type = "Limit", quantity = quantity(),
      price = 30000 + (side == "Buy" and -1 or 1) * random:integer(-20, 120),
      time_in_force = one_of { "GTC", "GTC", "IOC", "PostOnly" } }
  end
  function acts.market()
    return "place_order", { side = one_of { "Buy", "Sell" }, type = "Market", quantity = quantity() }
  end
  function acts.reduce()
    return "place_order", { side = one_of { "Buy", "Sell" }, type = "Market", quantity = quantity(), reduce_only = true }
  end
  function acts.conditional()
    return "place_conditional_order", { side = one_of { "Buy", "Sell" }, type = one_of { "Market", "Limit" },
      quantity = quantity(), price = 30000, base_price = 30000,
      trigger_price = 30000 + one_of { -1, 1 } * random:integer(10, 100) }
  end
  function acts.modify()
    return "modify_order", { order_id = one_of(ids), new_quantity = quantity() + random:integer(0, 1) * 100 }
  end
  function acts.cancel() return "cancel_order", { order_id = one_of(ids) } end
  local KINDS = { "limit", "limit", "limit", "market", "market", "reduce", "conditional", "modify", "modify", "cancel", "cancel" }

  local function look()
    local worst = worst_of(exchange)
    highest = highest:max(worst)
    assert.is_true(worst <= MOST, ("seed %d: %s after %d calls"):format(SEED, worst, tally.ok + tally.guard + tally.other))
  end

  local function work()
    for _ = 1, CALLS // TASKS do
      local kind = one_of(KINDS)
      if #ids == 0 and (kind == "modify" or kind == "cancel") then kind = "market" end
      local method, p = acts[kind]()
      p.symbol = "BTCUSD"
      if kind == "conditional" and p.type == "Market" then p.price = nil end
      local result, err = client[method](client, p)
      if result and result.order_id and p.side then ids[#ids + 1] = result.order_id end
      local word = result and "ok" or err.kind == "guard" and "guard" or "other"
      tally[word] = tally[word] + 1
      look()
      local chance = random:integer(1, 10)
      if chance == 1 then exchange:set_price("BTCUSD", tostring(30000 + random:integer(-110, 110))) end
      if chance <= 3 then bybit.sleep(random:unit() * 3) end
      look()
    end
  end

  bybit.run(function()
    for _ = 1, TASKS do bybit.spawn(work) end
  end)
  exchange:faults(false)
  client:reconcile()
  return tally, highest
end

local WORLDS = {
  { "a sound exchange" },
  { "lost answers", { { "lost_answer", path = "order/", probability = 0.1 },
    { "lost_request", path = "order/", probability = 0.1 } } },
  { "lists that lag", { lag = 800 } },
}

for _, api in ipairs { "v5", "v2" } do
  for _, world in ipairs(WORLDS) do
    describe(("max_position on the %s wire, with %s,"):format(api, world[1]), function()
      it("is never exceeded, however the orders fill, and leaves all room that there is", function()
        local exchange = bybit.paper.start { clock = "manual", seed = SEED, limits = false, lag = 0 }
        local client = bybit.client { environment = exchange, api = api, rate = false, seed = SEED,
          guard = { max_position = MOST }, timeout = 2, visibility = 2 }
        finally(function()
          client:close()
          exchange:close()
        end)
        local tally, highest = trade(exchange, client, world[2])
        assert.same({}, exchange:errors())
        assert.is_true(tally.guard > CALLS / 20, "it refused something: " .. tally.guard)
        assert.is_true(tally.ok > CALLS / 10, "it let something pass: " .. tally.ok)
        assert.is_true(highest >= MOST * 0.8, "it came near its limit: " .. tostring(highest))
        -- When nothing is under way any more, exactly what is left may be placed.
        assert(client:cancel_all_orders { symbol = "BTCUSD" })
        assert(client:cancel_all_conditional_orders { symbol = "BTCUSD" })
        exchange:advance(30)
        local _, long = worst_of(exchange)
        local order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = MOST - long + 1, price = 29000 }
        local _, err = client:place_order(order)
        assert.equal("guard", err and err.kind)
        order.quantity = MOST - long
        if order.quantity > 0 then assert(client:place_order(order)) end
      end)
    end)
  end
end
