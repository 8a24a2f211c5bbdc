-- Batches: every order of a batch has its own id, intent and outcome. What is not known is settled order by order, by the rules of
-- single calls.

local bybit = require "bybit"
local cjson = require "cjson"
local staged = require "spec.support.staged_exchange"

local CREATE, AMEND, CANCEL = "order/create-batch", "order/amend-batch", "order/cancel-batch"

local exchange

before_each(function() exchange = staged.start() end)
after_each(function()
  exchange:close()
  staged.clean()
end)

local function limit(id, more)
  local p = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, price = 29000, client_order_id = id }
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

local function three(more)
  return { limit("a", more), limit("b", more), limit("c", more) }
end

-- What each place of a list says: "ok", or the outcome of its error.
local function outcomes(list)
  local out = {}
  for i, entry in ipairs(list) do out[i] = entry.error and entry.error.outcome or "ok" end
  return out
end

-- Changes the answer to a batch: f gets its lists.
local function answer_as(kind, f)
  exchange:rewrite(kind, function(body)
    local answer = cjson.decode(body)
    f(answer.result.list, answer.retExtInfo.list, answer)
    return cjson.encode(answer)
  end)
end

local function placed(client, ...)
  return assert(client:place_multiple_orders { ... })
end

describe("a batch that is answered", function()
  it("gives each order its own acknowledgement or error, in one request", function()
    local client <close> = exchange:client()
    local list, err, response = client:place_multiple_orders { limit "a", limit("b", { price = 1 }),
      limit("c", { quantity = 100000000 }), limit "d" }
    assert.is_nil(err)
    assert.same({ "ok", "rejected", "rejected", "ok" }, outcomes(list))
    assert.equal(2, list.failed)
    assert.same({ "a", "d" }, { list[1].client_order_id, list[4].client_order_id })
    assert.equal(exchange:order("d").order_id, list[4].order_id)
    assert.equal(bybit.codes.insufficient_balance, list[2].error.name)
    assert.same({ "place_multiple_orders", "b" }, { list[2].error.method, list[2].error.client_order_id })
    assert.same({ 1, 200 }, { #exchange.copies, response.status })
    assert.same({}, client:unsettled())
  end)

  it("reads each order back with confirm", function()
    local client <close> = exchange:client()
    local list = assert(client:place_multiple_orders { limit "a", limit("b", { price = 1 }),
      { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 7, trigger_price = 31000, base_price = 30000,
        client_order_id = "c" }, confirm = true })
    assert.same({ "New", "Untriggered" }, { list[1].status, list[3].status })
    assert.truthy(list[3].trigger_price:eq(31000))
    assert.equal("rejected", list[2].error.outcome)
    list = assert(client:modify_multiple_orders { { symbol = "BTCUSD", client_order_id = "a", new_price = 28000 },
      confirm = true })
    assert.truthy(list[1].price:eq(28000))
    list = assert(client:cancel_multiple_orders { { symbol = "BTCUSD", client_order_id = "a" },
      { symbol = "BTCUSD", stop_order_id = list[1].order_id .. "0" }, confirm = true })
    assert.equal("Cancelled", list[1].status)
    assert.equal("not_found", list[2].error.kind)
  end)

  it("sends an order again by itself where a single call would be sent again", function()
    local client <close> = exchange:client()
    exchange:plan(CREATE, function(_, copy) -- the third is beyond the limit: it is not executed
      table.remove(copy.params.request)
      local transfer = exchange.hand:request("POST", "/v5/order/create-batch", { request = copy.params.request })
      transfer.list[3] = { symbol = "BTCUSD", orderId = "", orderLinkId = "c" }
      return { status = 200, body = ('{"retCode":0,"retMsg":"OK","result":%s,"retExtInfo":{"list":[{"code":0,"msg":"OK"},'
        .. '{"code":0,"msg":"OK"},{"code":10006,"msg":"Too many visits."}]},"time":%d}'):format(cjson.encode(transfer),
        exchange:now()) }
    end)
    local list = assert(client:place_multiple_orders(three()))
    assert.same({ "ok", "ok", "ok" }, outcomes(list))
    local single = exchange:of_kind "place"
    assert.same({ 1, "c" }, { #single, single[1].params.orderLinkId })
    for _, id in ipairs { "a", "b", "c" } do assert.equal(1, exchange:count(id)) end
  end)
end)

describe("a batch that is refused as a whole, or not sent", function()
  it("returns nil and one error: nothing was done", function()
    local client <close> = exchange:client { deadline = 2 }
    for what, plan in pairs { rejected = staged.code(10001, "params error"), not_sent = staged.refused } do
      exchange:always(CREATE, plan)
      local list, err = client:place_multiple_orders(three())
      assert.is_nil(list)
      assert.same({ what, "place_multiple_orders" }, { err.outcome, err.method })
      assert.truthy(tostring(err):find(what == "rejected" and "nothing was placed" or "nothing was sent", 1, true), tostring(err))
    end
    assert.same({ {}, 0 }, { client:unsettled(), #exchange:books().orders })
  end)

  it("is sent again as a whole, with the same ids, where that is safe", function()
    local client <close> = exchange:client()
    exchange:plan(CREATE, staged.refused, staged.code(10006, "Too many visits."), staged.well)
    local list, err, response = client:place_multiple_orders(three())
    assert.is_nil(err)
    assert.same({ "ok", "ok", "ok" }, outcomes(list))
    assert.same({ 3, 0, 3 }, { exchange:sent(CREATE), exchange:sent "place", response.attempts })
    local bodies = {}
    for i, copy in ipairs(exchange:of_kind(CREATE)) do bodies[i] = copy.body end
    assert.same({ bodies[1], bodies[1], bodies[1] }, bodies)
  end)

  it("raises in a view that raises; failed orders do not", function()
    local client <close> = exchange:client()
    local view = client:with { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 100, raise = true }
    local list = view:place_multiple_orders { { price = 29000 }, { price = 1 }, { price = 28000, quantity = 5, side = "Sell" } }
    assert.same({ "ok", "rejected", "ok" }, outcomes(list))
    assert.same({ "Sell", "5" }, { exchange:order(list[3].order_id).side, exchange:order(list[3].order_id).quantity })
    exchange:plan(CREATE, staged.code(10001, "params error"))
    local ok, err = pcall(view.place_multiple_orders, view, { { price = 29000 } })
    assert.same({ false, "rejected" }, { ok, err.outcome })
  end)
end)

describe("a batch of unknown outcome", function()
  it("settles each placement by its own id, and places none twice", function()
    for _, fate in ipairs { staged.lost_answer, staged.lost_request, staged.late(1), staged.late(7), staged.page,
      staged.code(10016, "Server error.") } do
      exchange:close()
      exchange = staged.start()
      local client <close> = exchange:client()
      exchange:plan(CREATE, fate)
      local list, err = client:place_multiple_orders(three())
      assert.is_nil(err)
      assert.same({ "ok", "ok", "ok" }, outcomes(list))
      assert.equal(0, list.failed)
      exchange:calm()
      for i, id in ipairs { "a", "b", "c" } do
        assert.equal(1, exchange:count(id))
        assert.equal(exchange:order(id).order_id, list[i].order_id)
      end
      assert.same({}, client:unsettled())
    end
  end)

  it("is settled where only the first orders were carried out", function()
    local client <close> = exchange:client()
    exchange:plan(CREATE, function(_, copy)
      exchange.hand:request("POST", "/v5/order/create-batch", { request = { copy.params.request[1] } })
      return staged.lost_request(exchange, copy)
    end)
    local list = assert(client:place_multiple_orders(three { price = 29000 }))
    assert.same({ "ok", "ok", "ok" }, outcomes(list))
    for _, id in ipairs { "a", "b", "c" } do assert.equal(1, exchange:count(id)) end
  end)

  it("with resend = false proves absence, and sends nothing again", function()
    local client <close> = exchange:client()
    exchange:plan(CREATE, staged.lost_request)
    local list = assert(client:place_multiple_orders { limit "a", limit "b", resend = false })
    assert.same({ "rejected", "rejected" }, outcomes(list))
    assert.same({ "fence", "fence" }, { list[1].error.proof, list[2].error.proof })
    assert.same({ 0, 0, 0 }, { exchange:sent "place", exchange:count "a", exchange:count "b" })
  end)

  it("changes each order once, and tells none that a late copy can undo", function()
    local client <close> = exchange:client()
    placed(client, limit "a", limit "b")
    for _, fate in ipairs { staged.lost_answer, staged.lost_request, staged.late(2) } do
      exchange:plan(AMEND, fate)
      local copy
      local price = exchange:order("a").price == "28000" and 28500 or 28000
      local list = assert(client:modify_multiple_orders { { symbol = "BTCUSD", client_order_id = "a", new_price = price },
        { symbol = "BTCUSD", client_order_id = "b", new_price = price } })
      copy = exchange:of_kind(AMEND)[#exchange:of_kind(AMEND)]
      assert.same({ "ok", "ok" }, outcomes(list))
      assert.truthy(exchange:now() > staged.fence_of(copy), "told after its fence")
      for _, id in ipairs { "a", "b" } do assert.equal(tostring(price), exchange:order(id).price) end
    end
  end)

  it("cancels each order, and tells which had ended in another way", function()
    local client <close> = exchange:client()
    placed(client, limit "a", limit("b", { price = 29990 }), limit "c")
    exchange:plan(CANCEL, staged.meanwhile(function() exchange:command("set_price", "BTCUSD", "29500", {}) end,
      staged.lost_answer))
    local list = assert(client:cancel_multiple_orders { { symbol = "BTCUSD", client_order_id = "a" },
      { symbol = "BTCUSD", client_order_id = "b" }, { symbol = "BTCUSD", client_order_id = "c" } })
    assert.same({ "ok", "rejected", "ok" }, outcomes(list))
    assert.equal("not_found", list[2].error.kind)
    assert.same({ "Cancelled", "Filled", "Cancelled" }, { exchange:order("a").status, exchange:order("b").status,
      exchange:order("c").status })
  end)

  it("is unknown order by order when time runs out, and is resolved or reconciled later", function()
    local client <close> = exchange:client { deadline = 3 }
    exchange:plan(CREATE, staged.lost_answer)
    exchange:always("place", staged.page)
    exchange:always("read", staged.page)
    local list = assert(client:place_multiple_orders(three()))
    assert.same({ "unknown", "unknown", "unknown" }, outcomes(list))
    assert.equal(3, list.failed)
    for _, entry in ipairs(list) do assert.is_false(entry.error.retryable) end
    assert.equal(3, #client:unsettled())
    exchange:calm()
    assert.equal(exchange:order("b").order_id, assert(client:resolve(list[2].error)).order_id)
    local report = assert(client:reconcile())
    assert.same({ { "a", "placed" }, { "c", "placed" } }, { { report.settled[1].client_order_id, report.settled[1].outcome },
      { report.settled[2].client_order_id, report.settled[2].outcome } })
    assert.same({}, client:unsettled())
  end)

  it("keeps the deadline of the call, however many orders it has", function()
    local client <close> = exchange:client { deadline = 4 }
    for _, kind in ipairs { CREATE, "place", "read" } do exchange:always(kind, staged.page) end
    local before, list = exchange:now(), {}
    for i = 1, 10 do list[i] = limit("a-" .. i) end
    list = assert(client:place_multiple_orders(list))
    assert.equal(10, list.failed)
    assert.is_true(exchange:now() - before < 4500)
    assert.is_true(list[10].error.elapsed > 3)
  end)

  it("that says of one order that the exchange does not know settles that order alone", function()
    local client <close> = exchange:client()
    answer_as(CREATE, function(list, codes) list[2].orderId, codes[2].code, codes[2].msg = "", 10016, "Server error." end)
    local list = assert(client:place_multiple_orders(three()))
    assert.same({ "ok", "ok", "ok" }, outcomes(list))
    local again = exchange:of_kind "place"
    assert.same({ 1, "b", 110072 }, { #again, again[1].params.orderLinkId, again[1].code })
    assert.equal(1, exchange:count "b")
  end)
end)

describe("an answer that does not tell of each order", function()
  local function settled_after(f)
    local client <close> = exchange:client()
    answer_as(CREATE, f)
    local list = assert(client:place_multiple_orders(three()))
    assert.same({ "ok", "ok", "ok" }, outcomes(list))
    for i, id in ipairs { "a", "b", "c" } do
      assert.equal(1, exchange:count(id))
      assert.equal(exchange:order(id).order_id, list[i].order_id, "no order has the result of another")
    end
    return exchange:sent "place"
  end

  it("leaves all of them open where a list is too short or too long, or is missing", function()
    for _, f in ipairs {
      function(list) table.remove(list) end, function(_, codes) table.remove(codes) end,
      function(list) list[4] = list[3] end, function(_, _, answer) answer.retExtInfo = cjson.decode "{}" end,
      function(_, _, answer) answer.retExtInfo = nil end, function(_, codes) codes[1].code = "none" end,
      function(_, codes) codes[1] = 5 end, function(_, _, answer) answer.result = cjson.decode "{}" end,
      function(_, _, answer) answer.result.list = "none" end,
    } do
      exchange:close()
      exchange = staged.start()
      assert.equal(3, settled_after(f))
    end
  end)

  it("leaves those open whose places were changed, or that it does not name", function()
    for count, f in pairs {
      [2] = function(list) list[1], list[3] = list[3], list[1] end,
      [1] = function(list) list[2].orderId = "" end,
      [3] = function(list)
        for _, entry in ipairs(list) do entry.symbol = "ETHUSD" end
      end,
    } do
      exchange:close()
      exchange = staged.start()
      assert.equal(count, settled_after(f))
    end
  end)

  it("does not refuse an order that it names", function()
    assert.equal(1, settled_after(function(_, codes) codes[2].code, codes[2].msg = 110007, "not enough" end))
  end)
end)

describe("other changes of the same order", function()
  it("wait for a batch whose copies may still arrive, and a batch waits for them", function()
    local client <close> = exchange:client()
    placed(client, limit "a", limit "b")
    exchange:plan(AMEND, staged.late(4))
    local list = assert(client:modify_multiple_orders { { symbol = "BTCUSD", client_order_id = "a", new_price = 28000 },
      { symbol = "BTCUSD", client_order_id = "b", new_price = 28000 }, deadline = 2 })
    assert.same({ "unknown", "unknown" }, outcomes(list))
    local fence = staged.fence_of(exchange:of_kind(AMEND)[1])
    assert(client:modify_order { symbol = "BTCUSD", client_order_id = "a", new_price = 28500 })
    assert.truthy(exchange:of_kind("amend")[1].at > fence)
    assert.equal("28500", exchange:order("a").price)
    exchange:plan("amend", staged.late(4))
    local _, err = client:modify_order { symbol = "BTCUSD", client_order_id = "b", new_price = 27000, deadline = 2 }
    assert.equal("unknown", err.outcome)
    local single = exchange:of_kind "amend"
    list = assert(client:modify_multiple_orders { { symbol = "BTCUSD", client_order_id = "a", new_price = 28700 },
      { symbol = "BTCUSD", client_order_id = "b", new_price = 28700 } })
    assert.same({ "ok", "ok" }, outcomes(list))
    assert.truthy(exchange:of_kind(AMEND)[2].at > staged.fence_of(single[#single]), "the whole batch waits for one of its orders")
    exchange:calm()
    assert.equal("28700", exchange:order("b").price)
  end)

  it("need not wait for the other orders of a batch, once theirs has succeeded", function()
    local client <close> = exchange:client()
    placed(client, limit "a", limit "b")
    answer_as(AMEND, function(list, codes) list[1].orderId, codes[1].code, codes[1].msg = "", 10016, "Server error." end)
    local list
    bybit.run(function()
      bybit.spawn(function()
        list = client:modify_multiple_orders { { symbol = "BTCUSD", client_order_id = "a", new_price = 28000 },
          { symbol = "BTCUSD", client_order_id = "b", new_price = 28000 } }
      end)
      bybit.spawn(function() assert(client:modify_order { symbol = "BTCUSD", client_order_id = "b", new_price = 28500 }) end)
    end)
    assert.same({ "ok", "ok" }, outcomes(list))
    local batch, single = exchange:of_kind(AMEND)[1], exchange:of_kind "amend"
    assert.equal(1, #single)
    assert.is_true(single[1].at > batch.at and single[1].at < staged.fence_of(batch))
    assert.equal("28500", exchange:order("b").price)
  end)

  it("is not sent when its deadline passes while it waits", function()
    local client <close> = exchange:client()
    placed(client, limit "a", limit "b")
    exchange:plan("amend", staged.late(4))
    client:modify_order { symbol = "BTCUSD", client_order_id = "b", new_price = 27000, deadline = 2 }
    local list, err = client:modify_multiple_orders { { symbol = "BTCUSD", client_order_id = "a", new_price = 28700 },
      { symbol = "BTCUSD", client_order_id = "b", new_price = 28700 }, deadline = 1 }
    assert.is_nil(list)
    assert.same({ "not_sent", "timeout", 0 }, { err.outcome, err.kind, exchange:sent(AMEND) })
    exchange:calm()
    assert(client:modify_order { symbol = "BTCUSD", client_order_id = "a", new_price = 28800 }) -- nothing is held back for good
  end)
end)

describe("a batch that is stopped", function()
  it("by its token tells each order's outcome", function()
    local client <close> = exchange:client()
    local token = bybit.cancel_token()
    exchange:plan(CREATE, function(_, copy)
      exchange:deliver(copy)
      token:cancel()
      return { error = "timeout", message = "no answer", sent = true }
    end)
    local list, err = client:place_multiple_orders { limit "a", limit "b", cancel = token }
    assert.is_nil(err)
    assert.same({ "unknown", "unknown" }, outcomes(list))
    assert.same({ "cancelled", "cancelled" }, { list[1].error.kind, list[2].error.kind })
    assert.equal(2, #client:unsettled())
    assert.equal(2, #assert(client:reconcile()).settled)
  end)

  it("by its token before it goes is not sent", function()
    local client <close> = exchange:client()
    local token = bybit.cancel_token()
    token:cancel()
    local list, err = client:place_multiple_orders { limit "a", cancel = token }
    assert.same({ nil, "cancelled", "not_sent" }, { list, err.kind, err.outcome })
    assert.equal(0, #exchange.copies)
  end)

  it("in a cancelled task raises one error with the list in it", function()
    local client <close> = exchange:client()
    local task
    exchange:plan(CREATE, function(_, copy)
      exchange:deliver(copy)
      task:cancel()
      return { error = "timeout", message = "no answer", sent = true }
    end)
    local ok, err
    bybit.run(function()
      task = bybit.spawn(function() ok, err = pcall(client.place_multiple_orders, client, { limit "a", limit "b" }) end)
      task.awaited = true
      bybit.all { task }
    end)
    assert.is_false(ok)
    assert.same({ "cancelled", "unknown", 2 }, { err.kind, err.outcome, #err.orders })
    assert.same({ "unknown", "unknown" }, outcomes(err.orders))
    assert.equal(2, #client:unsettled())
  end)
end)

describe("the journal", function()
  it("has an intent for each order, under the name of the batch", function()
    local path = staged.journal()
    local client <close> = exchange:client { journal = path }
    exchange:plan(CREATE, function(_, copy)
      local left = require("bybit.journal").read(staged.killed(path))
      local rows = left:select {}
      left:close()
      assert.equal(2, #rows)
      assert.same({ "place_multiple_orders", "a", "BTCUSD" }, { rows[1].method, rows[1].client_order_id, rows[1].symbol })
      assert.is_nil(rows[1].outcome)
      assert.same(rows[1].fence, rows[2].fence)
      return exchange:deliver(copy)
    end)
    assert(client:place_multiple_orders { limit "a", limit("b", { price = 1 }) })
    client:close()
    local journal <close> = require("bybit.journal").read(path)
    local rows = journal:select {}
    assert.same({ "done", "rejected" }, { rows[1].outcome, rows[2].outcome })
  end)

  it("says of each order of a refused batch how it ended", function()
    local path = staged.journal()
    local client = exchange:client { journal = path, deadline = 2 }
    exchange:plan(CREATE, staged.code(10001, "params error"))
    assert.is_nil((client:place_multiple_orders { limit "a", limit "b" }))
    exchange:always(CREATE, staged.refused)
    assert.is_nil((client:place_multiple_orders { limit "c" }))
    client:close()
    local journal <close> = require("bybit.journal").read(path)
    local rows, told = journal:select {}, {}
    for _, row in ipairs(rows) do told[row.client_order_id] = row.outcome or "open" end
    assert.same({ a = "rejected", b = "rejected", c = "not_sent" }, told)
  end)

  it("settles a batch whose process was killed, order by order", function()
    local path = staged.journal()
    local client = exchange:client { journal = path, id_prefix = "me" }
    local left
    placed(client, limit "old")
    exchange:plan(CREATE, function(_, copy)
      left = staged.killed(path)
      exchange.hand:request("POST", "/v5/order/create-batch", { request = { copy.params.request[1] } })
      return staged.lost_request(exchange, copy)
    end)
    exchange:always("place", staged.page)
    client:place_multiple_orders { limit "a", limit "b", deadline = 2 }
    client:close()
    exchange:calm()
    local heir <close> = exchange:client { journal = left, id_prefix = "me" }
    assert.equal(2, #heir:unsettled())
    local _, held = heir:place_multiple_orders { limit "x" }
    assert.same({ "guard", "not_sent" }, { held.kind, held.outcome })
    local report = assert(heir:reconcile())
    local told = {}
    for _, entry in ipairs(report.settled) do told[entry.client_order_id] = entry.outcome end
    assert.same({ a = "placed", b = "rejected" }, told)
    assert.equal("ok", outcomes(assert(heir:place_multiple_orders { limit "x" }))[1])
  end)

  it("says of no order that it is settled before the batch has returned", function()
    local path = staged.journal()
    local client = exchange:client { journal = path, id_prefix = "me" }
    local left
    placed(client, limit "old") -- the exchange's clock is known
    exchange:plan(CREATE, staged.lost_answer)
    exchange:plan("place", staged.well, function(_, copy) -- the first order is settled; the second is being settled
      assert.equal("b", copy.params.orderLinkId)
      left = staged.killed(path)
      assert.same({}, client:unsettled(), "the call itself will tell")
      return exchange:deliver(copy)
    end)
    assert.same({ "ok", "ok" }, outcomes(placed(client, limit "a", limit "b")))
    client:close()
    exchange:calm()
    local heir <close> = exchange:client { journal = left, id_prefix = "me" }
    local report, told = assert(heir:reconcile()), {}
    for _, entry in ipairs(report.settled) do told[entry.client_order_id] = entry.outcome end
    assert.same({ a = "placed", b = "placed" }, told)
  end)

  it("lets cancels go while it holds other batches", function()
    local path = staged.journal()
    local client = exchange:client { journal = path }
    placed(client, limit "a")
    exchange:plan(AMEND, staged.lost_request)
    client:modify_multiple_orders { { symbol = "BTCUSD", client_order_id = "a", new_price = 28000 }, deadline = 2 }
    local left = staged.killed(path)
    client:close()
    local heir <close> = exchange:client { journal = left }
    assert.equal(1, #heir:unsettled())
    assert.equal("ok", outcomes(assert(heir:cancel_multiple_orders { { symbol = "BTCUSD", client_order_id = "a" } }))[1])
  end)
end)

-- What raises inside of the module, such as lack of memory, loses no outcome. make oom lets each allocation fail; here it is said what
-- follows.
describe("a batch in which something is raised", function()
  local evidence, recovery = require "bybit.outcome.evidence", require "bybit.outcome.recovery"

  -- The next call of a function of a module raises.
  local function raises_once(module, name)
    local real = module[name]
    finally(function() module[name] = real end)
    module[name] = function()
      module[name] = real
      error("not enough memory", 0)
    end
  end

  local function settled(client)
    local out = {}
    for _, entry in ipairs(assert(client:reconcile {}).settled) do out[entry.client_order_id] = entry.outcome end
    return out
  end

  it("while its answer is read raises that, and leaves each order to be settled", function()
    local client <close> = exchange:client()
    raises_once(evidence, "text")
    local ok, value = pcall(client.place_multiple_orders, client, three())
    assert.same({ false, "not enough memory" }, { ok, (tostring(value):gsub("^.-: ", "")) })
    assert.equal(3, #client:unsettled())
    assert.same({ a = "placed", b = "placed", c = "placed" }, settled(client))
    for i = 2, #exchange.copies do assert.equal("read", exchange.copies[i].kind) end
  end)

  it("while a lost answer is recovered does so too", function()
    local client <close> = exchange:client()
    exchange:plan(CREATE, staged.lost_answer)
    raises_once(recovery, "recover")
    local ok = pcall(client.place_multiple_orders, client, three())
    assert.is_false(ok)
    assert.equal(3, #client:unsettled())
    assert.same({ a = "placed", b = "placed", c = "placed" }, settled(client))
  end)
end)
