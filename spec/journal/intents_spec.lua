-- A client's journal: an intent is written before its request is sent; what an earlier run left open is settled before any call
-- that adds risk. The file itself is tested in spec/journal/file_spec.lua.

local bybit = require "bybit"
local core = require "bybit.core"
local journals = require "spec.support.journals"
local reading = require "bybit.journal".read
local scripted = require "spec.support.scripted_exchange"

local answer, list, order, lost = scripted.answer, scripted.list, scripted.order, scripted.lost
local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = "30000.50" }

local function path() return journals.path(finally) end

local function with(params, change)
  local p = {}
  for k, v in pairs(params) do p[k] = v end
  for k, v in pairs(change) do p[k] = v end
  return p
end

-- What is in the file, read from outside.
local function rows(name, filter)
  local journal <close> = assert(reading(name))
  return journal:select(filter)
end

local function journal_of(client) return core.client.table(client).journal end

local function acknowledged(request)
  return answer(0, ('{"orderId":"o-1","orderLinkId":"%s"}'):format(request.params.orderLinkId or ""))
end

local function serve(routes)
  return function(request)
    local f = routes[request.path]
    if f then return f(request) end
    if request.path == "/v5/order/create" then return acknowledged(request) end
    return list()
  end
end

after_each(function() core.loop.real() end)

describe("a journal", function()
  it("holds the intent, under our names, when the request is sent, and how it ended after that", function()
    local name, seen = path(), nil
    local client, requests = scripted.client(function(request)
      seen = rows(name)
      return acknowledged(request)
    end, { journal = name })
    assert(client:place_order(ORDER))
    client:close()
    assert.equal(1, #seen)
    local intent = seen[1]
    assert.equal("place_order", intent.method)
    assert.equal("place_order", intent.row)
    assert.equal("place", intent.kind)
    assert.equal("BTCUSD", intent.symbol)
    assert.equal("30000.50", bybit.json.decode(intent.params).price)
    assert.equal(requests[1].params.orderLinkId, intent.client_order_id)
    assert.is_true(intent.made)
    assert.equal(scripted.START, intent.time)
    assert.equal(5000, intent.window)
    assert.is_nil(intent.outcome)
    local after = rows(name)
    assert.equal(1, #after)
    assert.equal("done", after[1].outcome)
    assert.equal(scripted.START, after[1].ended)
  end)

  it("is free again when nobody has the client any more that nobody has closed", function()
    local name = path()
    local function made()
      return bybit.client { environment = { url = "http://127.0.0.1:1" }, key = "k", secret = "s", journal = name }
    end
    collectgarbage "stop"
    made()
    local ok, client = pcall(made)
    collectgarbage "restart"
    assert.is_true(ok, tostring(client))
    local taken, why = pcall(made)
    client:close()
    assert.is_false(taken)
    assert.truthy(tostring(why):find("another client has it open", 1, true), why)
  end)

  it("notes whether the id is the caller's own, and the kind of each call", function()
    local client <close> = scripted.client(serve { ["/v5/order/cancel"] = acknowledged, ["/v5/order/amend"] = acknowledged,
      ["/v5/order/cancel-all"] = function() return list() end,
      ["/v5/position/trading-stop"] = function() return answer(0) end }, { journal = path() })
    assert(client:place_order(with(ORDER, { client_order_id = "mine" })))
    assert(client:modify_order { symbol = "BTCUSD", client_order_id = "mine", new_price = 1 })
    assert(client:cancel_order { symbol = "BTCUSD", order_id = "o-1" })
    assert(client:cancel_all_orders { symbol = "BTCUSD" })
    assert(client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 20000 })
    local kinds = {}
    for i, row in ipairs(journal_of(client):select()) do kinds[i] = row.kind end
    assert.same({ "place", "amend", "cancel", "all", "stop" }, kinds)
    local all = journal_of(client):select()
    assert.is_false(all[1].made)
    assert.equal("mine", all[1].client_order_id)
    assert.equal("mine", all[2].client_order_id)
    assert.is_nil(all[3].client_order_id)
  end)

  local function stamp(request) return tonumber(request.headers["X-BAPI-TIMESTAMP"]) end

  it("notes the earliest moment only if the exchange's clock is known; the fence comes from the timestamp", function()
    local client, open = nil, {}
    client = scripted.client(serve { ["/v5/order/create"] = function(request)
      open[#open + 1] = journal_of(client):open_intents()[1]
      assert.equal(stamp(request) + 6000, open[#open].fence)
      return acknowledged(request)
    end }, { journal = path() })
    assert(client:place_order(ORDER))
    assert(client:place_order(ORDER))
    assert.equal(2, #open)
    assert.is_nil(open[1].first)
    assert.is_true(open[2].first <= scripted.START and open[2].first >= scripted.START - 1000)
    for _, row in ipairs(journal_of(client):select()) do assert.is_nil(row.fence, "no copy of it is left") end
    client:close()
  end)

  it("moves the fence with each attempt, and does not note calls that only read", function()
    local client, requests
    local latest = 0 -- of the timestamps: attempts at one moment have different ones
    client, requests = scripted.client(serve { ["/v5/order/create"] = function(request)
      latest = math.max(latest, stamp(request))
      assert.equal(latest + 6000, journal_of(client):open_intents()[1].fence)
      return #requests < 4 and lost() or acknowledged(request)
    end }, { journal = path() })
    assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
    local first = core.loop.wall()
    assert(client:place_order(ORDER))
    local all = journal_of(client):select()
    assert.equal(1, #all)
    assert.equal(4, #requests)
    assert.is_true(stamp(requests[3]) < stamp(requests[4]))
    assert.equal(math.max(stamp(requests[2]), stamp(requests[3])) + 6000, all[1].fence, "the lost copies may still act")
    assert.is_true(core.loop.wall() > first)
    assert.is_true(all[1].first <= first)
    assert.equal("done", all[1].outcome)
    client:close()
  end)

  it("notes a refused call as ended, but not one of unknown outcome", function()
    local code = 110007
    local client <close> = scripted.client(serve { ["/v5/order/create"] = function()
      return code and answer(code) or lost()
    end }, { journal = path() })
    client:place_order(ORDER)
    local journal = journal_of(client)
    assert.equal(0, #journal:open_intents())
    assert.equal("rejected", journal:select()[1].outcome)
    code = nil
    local _, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, deadline = 2 }
    assert.equal("unknown", err.outcome)
    assert.equal(1, #journal:open_intents())
    assert.equal(err.client_order_id, journal:open_intents()[1].client_order_id)
  end)

  it("with sync = true waits for the disk before the request is sent, but not for the end of the intent", function()
    for _, sync in ipairs { true, false } do
      local journal, before
      local client <close> = scripted.client(function(request)
        before = journal:syncs()
        return acknowledged(request)
      end, { journal = { path = path(), sync = sync } })
      journal = journal_of(client)
      assert(client:place_order(ORDER))
      assert.equal(sync and 1 or 0, before)
      client:get_open_orders_real_time { symbol = "BTCUSD" }
      assert.equal("done", journal:select()[1].outcome)
      assert.equal(before, journal:syncs(), "what is open is looked up: its end need not survive")
    end
  end)

  it("is checked as an option", function()
    for _, wrong in ipairs { 5, "", { path = 5 }, { path = "" }, { path = "x", syn = true }, { path = "x", sync = 1 },
      { path = "x", keep = -1 }, { path = "x", keep = "30" } } do
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

  it("says what is missing if there is no bybit/journal.so", function()
    local loaded, paths = package.loaded["bybit.journal"], package.cpath
    package.loaded["bybit.journal"], package.cpath = nil, ""
    local ok, err = pcall(scripted.client, serve {}, { journal = "x" })
    package.loaded["bybit.journal"], package.cpath = loaded, paths
    assert.is_false(ok)
    assert.truthy(err:find("bybit.client: option 'journal': bybit/journal.so is not there", 1, true), err)
  end)

  it("is not loaded by a client that has none", function()
    local process = require "spec.support.process"
    local child = process.start [[
      local client <close> = require "bybit".client { environment = { url = "http://127.0.0.1:1" } }
      print(package.loaded["bybit.journal"], io.open("/proc/self/maps"):read "a":find "sqlite")
    ]]
    assert.equal("nil\tnil", child:line())
    child:wait()
  end)

  it("is bound to exchange, account and api; a fingerprint of the key stands for the account", function()
    local name = path()
    scripted.client(serve {}, { journal = name }):close()
    for option, wrong in pairs {
      exchange = { environment = { url = "http://127.0.0.1:2" } }, account = { key = "anotherKey0123456" }, api = { api = "v2" },
    } do
      wrong.journal = name
      local ok, err = pcall(scripted.client, serve {}, wrong)
      assert.is_false(ok)
      assert.truthy(err:find("it belongs to another " .. option, 1, true), err)
    end
    scripted.client(serve {}, { journal = name }):close()
    local client <close> = scripted.client(serve {})
    assert.matches("^%x+$", core.client.fingerprint(client))
    assert.equal(16, #core.client.fingerprint(client))
    local open <close> = bybit.client { environment = { url = "http://127.0.0.1:1" } }
    assert.equal("", core.client.fingerprint(open))
  end)
end)

describe("a journal that cannot be written", function()
  local REDUCING = { symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 1 }
  local RISKY = {
    { "place_order", ORDER }, { "place_order", with(REDUCING, { reduce_only = false }) },
    { "modify_order", { symbol = "BTCUSD", order_id = "o-1", new_price = 1 } },
    { "set_trading_stop", { symbol = "BTCUSD", take_profit_price = 40000 } },
    { "set_trading_stop", { symbol = "BTCUSD", stop_loss_price = 0 } },
    { "set_trading_stop", { symbol = "BTCUSD", stop_loss_price = "0.0", trailing_stop_distance = 100 } },
    { "set_trading_stop", { symbol = "BTCUSD", stop_loss_price = 20000, take_profit_price = bybit.decimal "0" } },
  }
  local SAFE = {
    { "cancel_order", { symbol = "BTCUSD", order_id = "o-1" } }, { "cancel_all_orders", { symbol = "BTCUSD" } },
    { "place_order", with(REDUCING, { reduce_only = true }) }, { "place_order", with(REDUCING, { close_on_trigger = true }) },
    { "set_trading_stop", { symbol = "BTCUSD", stop_loss_price = 20000 } },
    { "set_trading_stop", { symbol = "BTCUSD", trailing_stop_distance = "100", take_profit_price = 40000 } },
  }
  local ROUTES = { ["/v5/order/cancel"] = acknowledged, ["/v5/order/amend"] = acknowledged,
    ["/v5/position/trading-stop"] = function() return answer(0) end }

  it("stops calls that may add risk", function()
    local client <close>, requests = scripted.client(serve(ROUTES), { journal = path() })
    journal_of(client):close()
    for _, call in ipairs(RISKY) do
      local result, err = client[call[1]](client, call[2])
      assert.is_nil(result)
      assert.equal("guard", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.truthy(err.message:find("the journal cannot be written: it is closed", 1, true), err.message)
    end
    assert.equal(0, #requests)
  end)

  it("does not stop calls that take risk away, and the response says so", function()
    local client <close>, requests = scripted.client(serve(ROUTES), { journal = path() })
    for _, call in ipairs(SAFE) do
      local _, _, response = client[call[1]](client, call[2])
      assert.is_nil(response.unjournalled, call[1])
    end
    journal_of(client):close()
    local before = #requests
    for _, call in ipairs(SAFE) do
      local result, err, response = client[call[1]](client, call[2])
      assert.truthy(result, err)
      assert.equal("it is closed", response.unjournalled, call[1])
    end
    assert.equal(before * 2, #requests)
  end)
end)

describe("the calls of one step of the loop", function()
  local exchange, client, journal

  local function begin(sync)
    exchange = bybit.paper.start { limits = false }
    exchange:set_price("BTCUSD", 31000)
    local name = path()
    client = bybit.client { environment = exchange, journal = { path = name, sync = sync }, rate = false, connections = 30,
      reserved = 0 }
    journal = journal_of(client)
    return name
  end

  after_each(function()
    client:close()
    exchange:close()
  end)

  for _, sync in ipairs { false, true } do
    it(("share one commit (sync = %s)"):format(sync), function()
      begin(sync)
      local first
      bybit.run(function()
        for _ = 1, 30 do
          bybit.spawn(function()
            assert(client:place_order(ORDER))
            first = first or journal:commits()
          end)
        end
      end)
      assert.equal(1, first, "when the first answer came all 30 were committed")
      assert.equal(sync and 1 or 0, journal:syncs())
      assert.equal(30, #exchange:books().orders)
      assert.equal(0, #journal:open_intents())
      local before = journal:commits()
      for _ = 1, 3 do assert(client:place_order(ORDER)) end
      assert.is_true(journal:commits() - before <= 4, "the end of one is committed with the beginning of the next")
      assert.equal(sync and 4 or 0, journal:syncs(), "calls that follow each other cannot share it")
      assert(client:get_open_orders_real_time { symbol = "BTCUSD" })
      assert.equal(sync and 4 or 0, journal:syncs(), "reading is no intent")
    end)
  end

  it("are not sent if they are cancelled meanwhile; this is noted as their end", function()
    begin(true)
    local token, ended = bybit.cancel_token(), nil
    bybit.run(function()
      bybit.spawn(function()
        local _, err = client:place_order(with(ORDER, { price = 1, cancel = token }))
        ended = err
      end)
      local other = bybit.spawn(function() return assert(client:place_order(ORDER)) end)
      bybit.spawn(function() token:cancel() end)
      other:await()
    end)
    assert.equal("cancelled", ended.kind)
    assert.equal("not_sent", ended.outcome)
    assert.equal(1, #exchange:books().orders)
    assert.equal(0, #journal:open_intents())
    assert.equal("not_sent", journal:select { client_order_id = ended.client_order_id }[1].outcome)
  end)

  it("are not sent if the commit fails, except those that take risk away", function()
    begin(true)
    local errs, unjournalled = {}, nil
    bybit.run(function()
      for i = 1, 3 do
        bybit.spawn(function() errs[i] = select(2, client:place_order(ORDER)) end)
      end
      bybit.spawn(function() unjournalled = select(3, client:cancel_all_orders { symbol = "BTCUSD" }).unjournalled end)
      bybit.spawn(function() journal:close() end) -- after they are written, before they are committed
    end)
    for i = 1, 3 do
      assert.equal("guard", errs[i].kind)
      assert.equal("not_sent", errs[i].outcome)
      assert.truthy(errs[i].message:find("the journal cannot be written: it is closed", 1, true), errs[i].message)
    end
    assert.equal("it is closed", unjournalled)
    assert.equal(0, #exchange:books().orders)
  end)

  it("end when the client closes before they are committed", function()
    local name = begin(true)
    local err
    bybit.run(function()
      bybit.spawn(function() err = select(2, client:place_order(ORDER)) end)
      bybit.spawn(function() client:close() end)
    end)
    assert.equal("closed", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, #exchange:books().orders)
    assert.equal(0, #rows(name), "what was not sent is not there")
  end)

  it("hold virtual time until they are committed", function()
    exchange = bybit.paper.start { limits = false, clock = "manual" }
    exchange:set_price("BTCUSD", 31000)
    client = bybit.client { environment = exchange, journal = { path = path(), sync = true } }
    bybit.run(function()
      bybit.spawn(function() bybit.sleep(100) end)
      bybit.sleep(1)
      local before = core.loop.now()
      assert(client:place_order(ORDER))
      assert.is_true(core.loop.now() - before < 50, "the sleep passed first")
    end)
  end)
end)

describe("what an earlier run left open", function()
  -- Makes a run that ends with an unknown placement; returns the journal that it leaves.
  local function crashed()
    local name = path()
    local client = scripted.client(serve { ["/v5/order/create"] = lost }, { journal = name })
    local _, err = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 30000,
      deadline = 2 }
    client:close()
    return name, err.client_order_id
  end

  it("is listed, and holds back calls that add risk on its symbol until it is settled", function()
    local name, id = crashed()
    local client <close>, requests = scripted.client(serve { ["/v5/position/trading-stop"] = function() return answer(0) end },
      { journal = name })
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
    assert.equal("guard", select(2, client:set_trading_stop { symbol = "BTCUSD", take_profit_price = 40000 }).kind)
    assert.equal("guard", select(2, client:request("POST", "/v5/order/create", {})).kind, "its symbol is not known")
    assert(client:place_order(with(ORDER, { symbol = "ETHUSD" })))
    assert(client:place_order { symbol = "BTCUSD", side = "Sell", type = "Market", quantity = 1, reduce_only = true })
    assert(client:set_trading_stop { symbol = "BTCUSD", stop_loss_price = 20000 })
    assert(client:cancel_all_orders { symbol = "BTCUSD" })
    local report = assert(client:reconcile { symbol = "BTCUSD" })
    assert.equal(1, #report.settled)
    assert.equal("rejected", report.settled[1].outcome)
    assert.equal("fence", report.settled[1].proof)
    assert.equal(0, #report.unsettled)
    assert(client:place_order(ORDER))
  end)

  it("is found as a live order, with its trades, and stays settled for the next run", function()
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

  it("cannot be settled if one of its fields is odd, but does not disturb the others", function()
    local name = crashed()
    journals.sql(name, "INSERT INTO intents(id, method, params) VALUES(7, 5, x'00'), (8, 'place_order', 'no JSON');"
      .. "INSERT INTO intents(id, time, method, row, kind, symbol, params) VALUES(9, 'late', 'no', 'no', 'no', 1.5, '{}')")
    local client <close> = scripted.client(serve {}, { journal = name })
    assert.equal(4, #client:unsettled())
    assert.equal(4, #journal_of(client):open_intents())
    local report = assert(client:reconcile { symbol = "BTCUSD" })
    assert.equal(1, #report.settled)
    assert.equal(3, #client:unsettled())
    for _, entry in ipairs(client:unsettled()) do assert.is_true(client:dismiss(entry)) end
    assert.equal(0, #journal_of(client):open_intents())
  end)
end)
