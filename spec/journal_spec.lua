-- The journal: intents are on file before anything is sent; what an earlier run left open is settled before anything that
-- adds risk.

local bybit = require "bybit"
local core = require "bybit.core"
local intents = require "bybit.intents"
local scripted = require "spec.support.scripted_exchange"

local answer, list, order, lost = scripted.answer, scripted.list, scripted.order, scripted.lost
local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "30000.50" }

local function path()
  local name = os.tmpname()
  os.remove(name)
  finally(function() os.remove(name) end)
  return name
end

local function with_resend(resend)
  local p = { resend = resend }
  for k, v in pairs(ORDER) do p[k] = v end
  return p
end

local function lines(name)
  local out = {}
  for line in io.lines(name) do out[#out + 1] = assert(bybit.json.decode(line)) end
  return out
end

local function serve(routes)
  return function(request)
    local f = routes[request.path]
    if f then return f(request) end
    if request.path == "/v5/order/create" then
      return answer(0, ('{"orderId":"o-1","orderLinkId":"%s"}'):format(request.params.orderLinkId))
    end
    return list()
  end
end

after_each(function() core.loop.real() end)

describe("a journal", function()
  it("holds the intent when the request goes out, under our names, and its end after", function()
    local name, seen = path(), nil
    local client <close>, requests = scripted.client(function(request)
      seen = lines(name)
      return answer(0, ('{"orderId":"o-1","orderLinkId":"%s"}'):format(request.params.orderLinkId))
    end, { journal = name })
    assert(client:place_order(ORDER))
    assert.equal(1, #seen)
    local intent = seen[1]
    assert.equal("place_order", intent.m)
    assert.equal("30000.50", intent.p.price)
    assert.equal(requests[1].params.orderLinkId, intent.p.client_order_id)
    assert.equal(tonumber(requests[1].headers["X-BAPI-TIMESTAMP"]), intent.t)
    assert.equal(5000, intent.w)
    local after = lines(name)
    assert.equal(2, #after)
    assert.equal(intent.i, after[2].d)
  end)

  it("is its owner's alone", function()
    local name = path()
    local client <close> = scripted.client(serve {}, { journal = name }) -- luacheck: ignore 211
    local stat <close> = io.popen("stat -c %a " .. name)
    assert.equal("600", stat:read "l")
  end)

  it("notes each attempt, whose timestamp moves the fence, and not what only reads", function()
    local name, sent = path(), 0
    local client <close> = scripted.client(serve { ["/v5/order/create"] = function()
      sent = sent + 1
      return sent < 3 and lost() or answer(0, '{"orderId":"o-1"}')
    end }, { journal = name })
    assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
    assert(client:place_order(ORDER))
    local all = lines(name)
    assert.equal(4, #all)
    assert.equal(all[1].i, all[2].a)
    assert.equal(all[1].i, all[3].a)
    assert.is_true(all[3].t >= all[2].t)
    assert.equal(all[1].i, all[4].d)
  end)

  it("notes what was refused as ended, and what is unknown not", function()
    local name, code = path(), 110007
    local client <close> = scripted.client(serve { ["/v5/order/create"] = function()
      return code and answer(code) or lost()
    end }, { journal = name })
    client:place_order(ORDER)
    assert.equal(0, #(intents.read(io.open(name):read "a")))
    code = nil
    local _, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, deadline = 2 }
    assert.equal("unknown", err.outcome)
    local open = intents.read(io.open(name):read "a")
    assert.equal(1, #open)
    assert.equal(err.client_order_id, open[1].client_order_id)
  end)

  it("belongs to one client at a time", function()
    local name = path()
    local client <close> = scripted.client(serve {}, { journal = name }) -- luacheck: ignore 211
    local ok, err = pcall(scripted.client, serve {}, { journal = name })
    assert.is_false(ok)
    assert.truthy(err:find("another client has it open", 1, true), err)
  end)

  it("that cannot be written keeps the order from being sent", function()
    local client <close>, requests = scripted.client(serve {}, { journal = path() })
    core.client.table(client).journal:close()
    local ack, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, deadline = 1 }
    assert.is_nil(ack)
    assert.equal("guard", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.truthy(err.message:find("the journal cannot be written", 1, true), err.message)
    assert.equal(0, #requests)
  end)

  it("takes a torn last line for what it is", function()
    local name = path()
    local file = io.open(name, "w")
    file:write('{"i":1,"t":1700000000000,"w":5000,"m":"place_order","r":"place_order","p":{"symbol":"BTCUSD","side":"Buy",'
      .. '"type":"Limit","quantity":100,"price":"1","client_order_id":"a-1"}}\n{"i":2,"t":17000')
    file:close()
    local client <close> = scripted.client(serve {}, { journal = name })
    assert.equal(1, #client:unsettled())
    local text = io.open(name):read "a"
    assert.equal("\n", text:sub(-1), "what is appended begins on a line of its own")
  end)

  it("is on the disk before the request is out with sync = true, and not waited for without", function()
    for _, sync in ipairs { true, false } do
      local journal, before
      local client <close> = scripted.client(function(request)
        before = journal:syncs()
        return answer(0, ('{"orderId":"o-1","orderLinkId":"%s"}'):format(request.params.orderLinkId))
      end, { journal = { path = path(), sync = sync } })
      journal = core.client.table(client).journal
      assert(client:place_order(ORDER))
      assert.equal(sync and 1 or 0, before)
      assert.equal(before, journal:syncs(), "how it ended need not survive: what is open is looked up")
    end
  end)

  it("that ends anywhere, in the middle of a line too, tells all that was whole before", function()
    local name, sent = path(), 0
    do
      local client <close> = scripted.client(serve { ["/v5/order/create"] = function(request)
        sent = sent + 1
        if sent % 3 == 0 then return lost() end
        return answer(0, ('{"orderId":"o-%d","orderLinkId":"%s"}'):format(sent, request.params.orderLinkId))
      end }, { journal = name })
      for _ = 1, 4 do client:place_order(with_resend(false)) end
    end
    local whole <close> = assert(io.open(name))
    local text, known = whole:read "a", 0
    assert.is_true(#text > 400)
    for size = 0, #text do
      local file = assert(io.open(name, "w"))
      file:write(text:sub(1, size))
      file:close()
      local journal = assert(core.journal(name, false))
      local open, ids, last = intents.read(journal:text())
      journal:close()
      local lines_before, begun, ended = text:sub(1, size):match "^(.*\n)" or "", 0, 0
      for line in lines_before:gmatch "[^\n]+" do
        begun = begun + (line:find '^{"i"' and 1 or 0)
        ended = ended + (line:find '^{"d"' and 1 or 0)
      end
      -- A line of which only its end is missing is whole: it is counted once its last brace is there.
      local all = 0
      for _ in pairs(ids) do all = all + 1 end
      assert.is_true(all == begun or all == begun + 1 and text:sub(size, size) == "}", size)
      assert.equal(all, last, size)
      assert.is_true(#open == begun - ended or text:sub(size, size) == "}", size)
      known = math.max(known, all)
    end
    assert.equal(4, known)
  end)

  it("is checked as an option", function()
    for _, wrong in ipairs { 5, "", { path = 5 }, { path = "x", syn = true } } do
      local ok, err = pcall(scripted.client, serve {}, { journal = wrong })
      assert.is_false(ok)
      assert.truthy(err:find("option 'journal'", 1, true), err)
    end
    for _, wrong in ipairs { "/nowhere/at/all", "/dev/full" } do
      local ok, err = pcall(scripted.client, serve {}, { journal = wrong })
      assert.is_false(ok)
      assert.truthy(err:find(("journal '%s': "):format(wrong), 1, true), err)
    end
  end)
end)

describe("a journal with sync = true", function()
  local exchange, client, journal

  before_each(function()
    local name = os.tmpname()
    os.remove(name)
    exchange = bybit.paper.start { limits = false }
    exchange:set_price("BTCUSD", 31000)
    client = bybit.client { environment = exchange, journal = { path = name, sync = true }, rate = false,
      connections = 30 }
    journal = core.client.table(client).journal
    os.remove(name) -- it lives as long as it is open
  end)

  after_each(function()
    client:close()
    exchange:close()
  end)

  it("waits for the disk once for all that go out in one step of the loop", function()
    bybit.run(function()
      local tasks = {}
      for i = 1, 30 do tasks[i] = bybit.spawn(function() return assert(client:place_order(ORDER)) end) end
      bybit.all(tasks)
    end)
    assert.equal(1, journal:syncs())
    assert.equal(30, #exchange:books().orders)
    assert.equal(0, #intents.read(journal:text()))
    for _ = 1, 3 do assert(client:place_order(ORDER)) end
    assert.equal(4, journal:syncs(), "calls that follow each other cannot share it")
    assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
    assert.equal(4, journal:syncs(), "reading is no intent")
  end)

  it("keeps what is cancelled meanwhile from being sent, and notes its end", function()
    local token, ended = bybit.cancel_token(), nil
    bybit.run(function()
      bybit.spawn(function()
        local _, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 1,
          cancel = token }
        ended = err
      end)
      local other = bybit.spawn(function() return assert(client:place_order(ORDER)) end)
      bybit.spawn(function() token:cancel() end)
      other:await()
    end)
    assert.equal("cancelled", ended.kind)
    assert.equal("not_sent", ended.outcome)
    assert.equal(1, #exchange:books().orders)
    assert.equal(0, #intents.read(journal:text()))
  end)

  it("sends nothing where the disk fails", function()
    local errs = {}
    bybit.run(function()
      for i = 1, 3 do
        bybit.spawn(function() errs[i] = select(2, client:place_order(ORDER)) end)
      end
      bybit.spawn(function() journal:close() end) -- after the lines were written, before they are on the disk
    end)
    for i = 1, 3 do
      assert.equal("guard", errs[i].kind)
      assert.equal("not_sent", errs[i].outcome)
      assert.truthy(errs[i].message:find("the journal cannot be written: it is closed", 1, true), errs[i].message)
    end
    assert.equal(0, #exchange:books().orders)
  end)

  it("ends what waits for the disk when the client closes", function()
    local err
    bybit.run(function()
      bybit.spawn(function() err = select(2, client:place_order(ORDER)) end)
      bybit.spawn(function() client:close() end)
    end)
    assert.equal("closed", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, #exchange:books().orders)
  end)

  it("holds virtual time while it waits", function()
    local slow <close> = bybit.paper.start { limits = false, clock = "manual" }
    slow:set_price("BTCUSD", 31000)
    local name = path()
    local own <close> = bybit.client { environment = slow, journal = { path = name, sync = true } }
    bybit.run(function()
      bybit.spawn(function() bybit.sleep(100) end)
      bybit.sleep(1)
      local before = core.loop.now()
      assert(own:place_order(ORDER))
      assert.is_true(core.loop.now() - before < 50, "the sleep passed first")
    end)
  end)
end)

describe("what an earlier run left open", function()
  -- A run that ends with an unknown placement, and the journal that it leaves.
  local function crashed()
    local name = path()
    local client = scripted.client(serve { ["/v5/order/create"] = lost }, { journal = name })
    local _, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 30000,
      deadline = 2 }
    client:close()
    return name, err.client_order_id
  end

  it("is listed, and holds back what adds risk until it is settled", function()
    local name, id = crashed()
    local client <close>, requests = scripted.client(serve {}, { journal = name })
    local open = client:unsettled()
    assert.equal(1, #open)
    assert.is_true(open[1].earlier)
    assert.equal(id, open[1].client_order_id)
    local ack, err = client:place_order(ORDER)
    assert.is_nil(ack)
    assert.equal("guard", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.truthy(tostring(err):find("client:reconcile() settles them", 1, true))
    assert.equal(0, #requests)
    assert(client:place_order { symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 1, reduce_only = true })
    assert(client:cancel_all_orders { symbol = "BTCUSD" })
    local report = assert(client:reconcile { symbol = "BTCUSD" })
    assert.equal(1, #report.settled)
    assert.equal("rejected", report.settled[1].outcome)
    assert.equal("fence", report.settled[1].proof)
    assert.equal(0, #report.unsettled)
    assert(client:place_order(ORDER))
  end)

  it("is found alive, with its order and its trades, and stays settled for the next run", function()
    local name, id = crashed()
    local placed = { orderLinkId = id, qty = "100", createdTime = tostring(scripted.START + 5) }
    local routes = serve {
      ["/v5/order/realtime"] = function(request)
        if request.params.orderFilter == "StopOrder" then return list() end
        return list(order(placed), order { orderId = "x", orderLinkId = "foreign" })
      end,
      ["/v5/execution/list"] = function()
        return list(bybit.json.encode { execId = "e-1", orderId = "o-1", orderLinkId = id, symbol = "BTCUSD", side = "Buy",
          execType = "Trade", execQty = "10", execPrice = "30000", execTime = tostring(scripted.START + 6) })
      end,
    }
    do
      local client <close> = scripted.client(routes, { journal = name })
      local report = assert(client:reconcile {})
      assert.equal("placed", report.settled[1].outcome)
      assert.equal("o-1", report.settled[1].order.order_id)
      assert.equal(1, #report.live)
      assert.equal(id, report.live[1].client_order_id)
      assert.equal(1, #report.trades)
      assert.equal("e-1", report.trades[1].trade_id)
    end
    local next_run <close> = scripted.client(routes, { journal = name })
    assert.equal(0, #next_run:unsettled())
  end)

  it("stays open while the exchange cannot be asked", function()
    local name = crashed()
    local down = function() return { status = 200, body = "<html>" } end
    local client <close> = scripted.client(serve { ["/v5/order/realtime"] = down }, { journal = name })
    local report, err = client:reconcile { deadline = 2 }
    assert.is_nil(report)
    assert.equal("decode", err.kind)
    assert.equal(1, #client:unsettled())
  end)
end)
