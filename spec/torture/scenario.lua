-- The life of a client, step by step, in the state whose allocations fail (see oom.lua). An error may end each step at any
-- point, and the step may run again. Returns {name = function}.

local url, key, secret, dead, run = ...

local steps = {}
local bybit, client
local made = 0 -- how many orders were tried

-- The results of a call, as two texts.
local function keep(value, err)
  if value then return "ok" end
  return err.kind, tostring(err)
end

function steps.load()
  bybit = require "bybit"
  bybit.on_error(function() end) -- this step makes tasks fail on purpose
end

local function options(where, more)
  local o = { environment = { url = where }, key = key, secret = secret, deadline = 0.05 }
  for k, v in pairs(more or {}) do o[k] = v end
  return o
end

function steps.make()
  if client then client:close() end
  client = nil
  client = bybit.client(options(url, { in_flight = 4 }))
end

local function order(id)
  return { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = "20000.5", client_order_id = id }
end

local last

function steps.place()
  made = made + 1
  last = nil
  local id = run .. "-" .. made
  last = { id = id }
  local ack, err = client:place_order(order(id))
  last.ack, last.err = ack, err
  return keep(ack, err)
end

-- The first order of a new client, whose calls and transfers have no buffers yet.
function steps.first()
  last = nil
  steps.make()
  return steps.place()
end

-- Was the last placement's outcome true?
function steps.placed()
  if not last then return "ok" end
  local found, err = client:get_open_order_real_time { symbol = "BTCUSD", client_order_id = last.id, deadline = 20 }
  if not found and err.kind ~= "not_found" then return "cannot look", tostring(err) end
  local outcome = last.err and last.err.outcome
  if last.ack and not found then return "lost", last.id end
  if found and (outcome == "not_sent" or outcome == "rejected") then return "lied", tostring(last.err) end
  if found then assert(client:cancel_order { symbol = "BTCUSD", client_order_id = last.id, deadline = 20 }) end
  return "ok"
end

local batch -- the ids of the last one, and what it said of each

-- Places two orders with one request.
function steps.batch()
  made = made + 1
  batch = nil
  local ids = { ("%s-%d-a"):format(run, made), ("%s-%d-b"):format(run, made) }
  batch = { ids = ids }
  local list, err = client:place_multiple_orders { order(ids[1]), order(ids[2]) }
  batch.list, batch.err = list, err
  for _, entry in ipairs(list or {}) do err = err or entry.error end
  return keep(not err and list or nil, err)
end

-- Were the last batch's outcomes true?
function steps.batched()
  for i, id in ipairs(batch and batch.ids or {}) do
    local entry = batch.list and batch.list[i]
    last = { id = id, ack = entry and not entry.error and entry or nil, err = entry and entry.error or batch.err }
    local found, text = steps.placed()
    if found ~= "ok" then return found, text end
  end
  last = nil
  return "ok"
end

function steps.list()
  local orders, err = client:get_orders { symbol = "BTCUSD", limit = 20 }
  return keep(orders, err)
end

function steps.walk()
  local list, err = client:collect("get_user_trades", { symbol = "BTCUSD" }, { max = 50 })
  return keep(list, err)
end

function steps.refused()
  local ack, err = client:cancel_order { symbol = "BTCUSD", client_order_id = "no-such-order" }
  assert(not ack and #tostring(err) > 0)
  if err.kind == "not_found" then return "ok" end
  return err.kind, tostring(err)
end

function steps.wrong()
  local ok, message = pcall(client.place_order, client, { symbol = "BTCUSD", qauntity = 1 })
  assert(not ok)
  if tostring(message):find("did you mean 'quantity'", 1, true) then return "ok" end
  error(message, 0)
end

function steps.request()
  local result, err = client:request("GET", "/v5/market/time", {})
  return keep(result, err)
end

function steps.json()
  local text = '{"a":[1,2.50,"x\\u00e9",null,{"b":{"c":[]}},{"b":true}],"long":"' .. ("y"):rep(3000) .. '"}'
  local value = assert(bybit.json.decode(text))
  local again = bybit.json.encode(value)
  assert(bybit.json.encode(assert(bybit.json.decode(again))) == again)
  assert(not bybit.json.decode(text:sub(1, -2)))
  return "ok"
end

function steps.decimals()
  local x = bybit.decimal "30000.50"
  for i = 1, 5 do x = (x * 3 / 7 + i):round(8):to_step("0.01") end
  assert(x > 0 and tostring(x .. "") == tostring(x))
  assert(not pcall(bybit.decimal, "1e5"))
  return "ok"
end

function steps.tasks()
  local results = bybit.run(function()
    local list = {}
    for i = 1, 6 do
      list[i] = bybit.spawn(function()
        local off <close> = bybit.defer(function() client:request("GET", "/v5/market/time", {}) end) -- luacheck: ignore
        return client:get_open_orders_real_time { symbol = "BTCUSD" }
      end)
    end
    bybit.all(list)
    local _, err = list[1]:await()
    for _, task in ipairs(list) do
      local page, why = task:await()
      if not page then err = why end
    end
    return err or "ok"
  end)
  if results == "ok" then return "ok" end
  return results.kind, tostring(results)
end

function steps.cancelled()
  local token = bybit.cancel_token()
  local kind, text = bybit.run(function()
    local waits = bybit.spawn(function() return client:get_orders { symbol = "BTCUSD", cancel = token } end)
    local within, late = bybit.within(5, function() return client:get_orders { symbol = "BTCUSD" } end)
    token:cancel()
    local _, err = waits:await()
    err = late or err
    return within and (not err or err.kind == "cancelled") and "ok" or err.kind, tostring(err)
  end)
  return kind, text
end

-- Nothing listens there.
function steps.dead()
  local other <close> = bybit.client(options(dead))
  local ack, err = other:place_order(order "never")
  assert(not ack and err.outcome == "not_sent", tostring(err))
  return "ok"
end

local journal = os.tmpname()
os.remove(journal)

-- A client with a journal is made, used once, and closed.
function steps.journal()
  made = made + 1
  last = nil
  last = { id = run .. "-" .. made }
  local other <close> = bybit.client(options(url, { journal = journal }))
  assert(#other:unsettled() >= 0)
  local ack, err = other:place_order(order(last.id))
  last.ack, last.err = ack, err
  return keep(ack, err)
end

-- Does the journal hold an order that was placed, and is it undamaged?
function steps.journalled()
  if not last then return "ok" end
  local id, found = last.id, steps.placed()
  if found ~= "ok" then return found end
  local other <close> = bybit.client(options(url, { journal = journal, deadline = 20 }))
  local file <close> = assert(require("bybit.journal").read(journal))
  local rows = assert(file:select { client_order_id = id })
  if last.ack and #rows ~= 1 then return "not journalled", id end
  assert(other:reconcile { symbol = "BTCUSD" })
  assert(#file:open_intents() == 0)
  return "ok"
end

-- A book is opened and closed, then a stream. Where memory runs out for good, neither comes in time.
function steps.stream()
  local book, err = client:order_book { symbol = "BTCUSD", timeout = 0.03 }
  if not book then return err.kind, tostring(err) end
  assert(book.best_bid < book.best_ask and #book:bids(3) == 3)
  book:close()
  local done, late = bybit.run(function()
    return bybit.within(0.03, function()
      for event in client:stream { "ticker", "order", symbol = "BTCUSD" } do
        if event.kind == "ticker" then return "ok" end
      end
    end)
  end)
  return done or late.kind, done and "" or tostring(late)
end

function steps.close()
  if client then client:close() end
  client = nil
end

-- Does the client still work?
function steps.check()
  local p = { symbol = "BTCUSD", deadline = 20 }
  local list, err = client:get_open_orders_real_time(p)
  assert(list, tostring(err))
  assert(bybit.run(function() return bybit.spawn(client.get_orders, client, p):await() end))
  return "ok"
end

return steps
