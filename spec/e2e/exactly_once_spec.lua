-- Each order exactly once: many tasks place, amend and cancel, one order at a time or in batches, through heavy faults on real HTTP; then the exchange's own
-- books are compared with what each call said. ORDERS=10000 SEED=7 make test SPEC=spec/e2e/exactly_once_spec.lua makes a long
-- run, or repeats a run that failed. The faults are drawn from the seed, but the order in which requests meet them depends on
-- the machine.

local bybit = require "bybit"

local ORDERS = tonumber(os.getenv "ORDERS") or 150
local SEED = tonumber(os.getenv "SEED") or os.time()
local TASKS = 64

-- The faults and their probabilities: about a third of all requests meet one.
local FAULTS = {
  { "lost_request", probability = 0.04 }, { "lost_answer", probability = 0.04 }, { "reset", probability = 0.03 },
  { "reset", probability = 0.03, executed = true }, { "cut", probability = 0.04 },
  { "http", probability = 0.02, status = 502 }, { "http", probability = 0.02, status = 502, executed = true },
  { "http", probability = 0.003, status = 429 },
  { "code", probability = 0.02, code = 10016 }, { "code", probability = 0.02, code = 10016, executed = true },
  { "code", probability = 0.02, code = 10000, executed = true }, { "code", probability = 0.02, code = 429, executed = true },
  { "code", probability = 0.005, code = 10006 }, { "code", probability = 0.01, code = 10002 },
  { "delay", probability = 0.01, seconds = 1.5 }, -- longer than the timeout of an attempt
  { "reorder", probability = 0.02, seconds = 0.05 },
  { "partly", probability = 0.1, first = 2, path = "order/create-batch" },
  { "partly", probability = 0.1, first = 1, path = "order/amend-batch" },
  { "partly", probability = 0.1, first = 2, path = "order/cancel-batch" },
  { "element", probability = 0.05, code = 10016, order = 2, path = "order/create-batch" },
  { "element", probability = 0.05, code = 10000, order = 1, executed = true, path = "order/create-batch" },
}

-- The exchange's rates, so high that the limiter (which stays on) lets everything pass; and the client's names for them.
local ROOM = 1000000
local RATES = { ip = ROOM }
local GROUPS = {
  v5 = { "order/create", "order/amend", "order/cancel", "order/realtime", "order/history", "execution/list", "order/create-batch",
    "order/amend-batch", "order/cancel-batch" },
  v2 = { "order", "query", "list" },
}
for _, group in ipairs(GROUPS.v5) do RATES[group] = ROOM end
for _, group in ipairs(GROUPS.v2) do RATES["v2/" .. group] = ROOM end

local function rates_of(api)
  local rates = { ip = ROOM }
  for _, group in ipairs(GROUPS[api]) do rates[group] = ROOM end
  return rates
end

-- Makes one call after the other, and notes what each call said and what was asked for.
local function trade(client, note, n)
  local id = ("n-%05d"):format(n)
  local wanted = { id = id, quantity = n % 97 + 1, price = 20000 + n % 50 }
  local refused = n % 23 == 0 -- an order that the exchange must refuse
  local ack, err, response = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit",
    quantity = refused and 99999999 or wanted.quantity, price = wanted.price, client_order_id = id }
  note.placed[id] = { wanted = wanted, ack = ack, err = err, attempts = response.attempts }
  if not ack then return end
  if n % 3 == 0 then
    wanted.price = wanted.price + 100
    bybit.sleep(0.005) -- an order that is made and amended in the same millisecond does not show whether it was amended
    local done, why = client:modify_order { symbol = "BTCUSD", client_order_id = id, new_price = wanted.price }
    note.amended[id] = { ack = done, err = why }
  end
  if n % 50 ~= 1 then
    local done, why = client:cancel_order { symbol = "BTCUSD", client_order_id = id }
    note.cancelled[id] = { ack = done, err = why }
  end
end

-- Makes a batch of the orders `ids`, and notes for each in `notes` what the call said of it.
local function batch(client, method, list, ids, notes)
  local result, err, response = client[method](client, list)
  for i, id in ipairs(ids) do
    local entry = result and result[i]
    notes[id] = notes[id] or {}
    notes[id].ack, notes[id].err = entry and not entry.error and entry or nil, entry and entry.error or err
    notes[id].attempts = (result and response.orders[i] or response).attempts
  end
end

local EACH = 4 -- orders in a batch

-- The same in batches.
local function trade_batch(client, note, n)
  local list, ids = {}, {}
  for i = 1, EACH do
    ids[i] = ("n-%05d-%d"):format(n, i)
    local wanted = { id = ids[i], quantity = n % 97 + i, price = 20000 + n % 50 }
    local refused = (n + i) % 23 == 0
    list[i] = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = refused and 99999999 or wanted.quantity,
      price = wanted.price, client_order_id = ids[i] }
    note.placed[ids[i]] = { wanted = wanted }
  end
  batch(client, "place_multiple_orders", list, ids, note.placed)
  local there, changes, cancels = {}, {}, {}
  for _, id in ipairs(ids) do
    if note.placed[id].ack then
      there[#there + 1] = id
      cancels[#there] = { symbol = "BTCUSD", client_order_id = id }
      if n % 3 == 0 then
        note.placed[id].wanted.price = note.placed[id].wanted.price + 100
        changes[#there] = { symbol = "BTCUSD", client_order_id = id, new_price = note.placed[id].wanted.price }
      end
    end
  end
  if #there == 0 then return end
  bybit.sleep(0.005)
  if n % 3 == 0 then batch(client, "modify_multiple_orders", changes, there, note.amended) end
  if n % 50 ~= 1 then batch(client, "cancel_multiple_orders", cancels, there, note.cancelled) end
end

local function run(client, trade_one, orders)
  local note, next_order = { placed = {}, amended = {}, cancelled = {} }, 0
  bybit.run(function()
    for _ = 1, TASKS do
      bybit.spawn(function()
        while next_order < orders do
          next_order = next_order + 1
          trade_one(client, note, next_order)
        end
      end)
    end
  end)
  return note
end

-- Counts how the calls of a kind ended.
local function tally(notes)
  local counts = { ok = 0, rejected = 0, not_sent = 0, unknown = 0 }
  for _, entry in pairs(notes) do
    local how = entry.ack and "ok" or entry.err.outcome
    counts[how] = counts[how] + 1
  end
  return counts
end

local function by_link(books)
  local orders, twice = {}, {}
  for _, order in ipairs(books.orders) do
    local id = order.client_order_id or order.order_id
    if orders[id] then twice[#twice + 1] = id end
    orders[id] = order
  end
  return orders, twice
end

describe("through heavy faults each order is placed exactly once, and every outcome is true", function()
  for _, case in ipairs { { "v5", "one at a time", trade, ORDERS }, { "v2", "one at a time", trade, ORDERS },
    { "v5", "in batches", trade_batch, ORDERS // EACH } } do it(("on %s, %s"):format(case[1], case[2]), function()
    local api = case[1]
    local exchange = bybit.paper.start { seed = SEED, limits = RATES, keep = ORDERS + 1000 }
    exchange:set_price("BTCUSD", 30000)
    exchange:faults(FAULTS)
    local client = bybit.client { environment = exchange, in_flight = TASKS, connections = TASKS, timeout = 1, deadline = 120,
      receive_window = 2000, visibility = 0.5,
      rate = rates_of(api), seed = SEED, api = api }
    finally(function()
      client:close()
      exchange:close()
    end)
    local note = run(client, case[3], case[4])
    exchange:faults(false)
    local orders, twice = by_link(exchange:books())
    local function told(what) return ("%s (SEED=%d ORDERS=%d)"):format(what, SEED, ORDERS) end
    assert.same({}, twice, told "an order stands twice")

    local placed, resent = tally(note.placed), 0
    for id, entry in pairs(note.placed) do
      local order = orders[id]
      if entry.ack then
        assert.truthy(order, told(id .. " was acknowledged and is not in the books"))
        assert.equal(entry.ack.order_id, order.order_id, told(id))
        assert.equal(tostring(entry.wanted.quantity), order.quantity, told(id))
        if entry.attempts > 1 then resent = resent + 1 end
      elseif entry.err.outcome ~= "unknown" then
        assert.is_nil(order, told(("%s is in the books, but: %s"):format(id, entry.err)))
      end
      orders[id] = nil
    end
    assert.is_nil(next(orders), told "the books hold an order that nobody intended")

    local books = by_link(exchange:books())
    for id, entry in pairs(note.amended) do
      local price, wanted = bybit.decimal(books[id].price), note.placed[id].wanted.price
      if entry.ack then assert.is_true(price:eq(wanted), told(id .. " was amended and does not show it")) end
      if not entry.ack and entry.err.outcome ~= "unknown" then
        assert.is_false(price:eq(wanted), told(("%s shows the amendment, but: %s"):format(id, entry.err)))
      end
    end
    for id, entry in pairs(note.cancelled) do
      if entry.ack then assert.equal("Cancelled", books[id].status, told(id)) end
      if not entry.ack and entry.err.outcome ~= "unknown" then
        assert.not_equal("Cancelled", books[id].status, told(("%s: %s"):format(id, entry.err)))
      end
    end

    local amended, cancelled = tally(note.amended), tally(note.cancelled)
    local open = {}
    for _, notes in pairs(note) do
      for _, entry in pairs(notes) do
        if not entry.ack and entry.err.outcome == "unknown" then open[#open + 1] = tostring(entry.err) end
      end
    end
    assert.equal("", table.concat(open, "\n"), told "the exchange could be reached, and yet unknown")
    assert.equal(0, #client:unsettled())
    local struck = 0
    for _, count in pairs(exchange:fault_counts()) do struck = struck + count end
    assert.is_true(struck > ORDERS / 10, told "the faults did not strike")
    print(("       %s, %s, %d orders, SEED=%d: %d faults struck; placed %d, refused %d, not sent %d, unknown %d; %d needed more than "
      .. "one attempt; amended %d of %d, cancelled %d of %d"):format(api, case[2], ORDERS, SEED, struck, placed.ok, placed.rejected,
      placed.not_sent, placed.unknown, resent, amended.ok, amended.ok + amended.rejected + amended.not_sent, cancelled.ok,
      cancelled.ok + cancelled.rejected + cancelled.not_sent))
  end) end
end)
