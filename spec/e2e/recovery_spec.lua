-- Each branch of recovery through the paper exchange: what a call tells after faults of every kind, held against the
-- exchange's own books. The exchange's clock is moved by the waiting itself. What the exchange says is scripted in
-- spec/outcome/recovery_spec.lua; the same on the v2 wire is in spec/wire/v2/recovery_spec.lua.

local bybit = require "bybit"
local asked = require "spec.support.asked"
local trading = require "spec.support.trading"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

local STOP = "position/trading-stop"
local DOWN = { "lost_request" } -- every request is lost: the exchange cannot be reached

describe("through the paper exchange", function()
  local exchange, client

  before_each(function() exchange, client = trading.start() end)
  after_each(function()
    client:close()
    exchange:close()
  end)

  local function orders() return exchange:books().orders end

  -- How many orders wait for a trigger.
  local function stops()
    local n = 0
    for _, order in ipairs(orders()) do n = n + (order.status == "Untriggered" and 1 or 0) end
    return n
  end

  -- A new journal: returns a function that closes the client and starts another one on the journal.
  local function journalled()
    local path = os.tmpname()
    os.remove(path) -- an empty file is not a journal
    finally(function()
      client:close()
      os.remove(path)
    end)
    return function()
      client:close()
      client = bybit.client { environment = exchange, rate = false, journal = path }
    end
  end

  -- A position of 100 contracts.
  local function position()
    assert(client:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
  end

  -- Makes a call that fails: its outcome and its error.
  local function failed(result, err, response)
    assert.is_nil(result)
    return err.outcome, err, response
  end

  -- Lets the function of a module raise as if memory had run out, until the test ends or `mend` is called.
  local function without_memory(module, name)
    local real = module[name]
    module[name] = function() error("not enough memory", 0) end
    local function mend() module[name] = real end
    finally(mend)
    return mend
  end

  it("keeps the intent of an order whose answer cannot be judged for want of memory, and settles it later", function()
    local mend = without_memory(require "bybit.outcome.verdict", "of")
    exchange:faults { { "lost_answer", path = "order/create", nth = 1 } }
    local ok, message = pcall(client.place_order, client, limit { client_order_id = "short" })
    assert.same({ false, "not enough memory" }, { ok, message })
    assert.equal("short", client:unsettled()[1].client_order_id)
    assert.equal(1, #orders())
    mend()
    local report = assert(client:reconcile { symbol = "BTCUSD" })
    assert.equal("placed", report.settled[1].outcome)
    assert.same({}, client:unsettled())
    assert.equal(1, #orders())
  end)

  it("keeps no intent of an order that was never sent, nor of a read, when memory is short", function()
    without_memory(require "bybit.outcome.verdict", "of")
    local token = bybit.cancel_token()
    token:cancel()
    assert.same({ false, "not enough memory" }, { pcall(client.place_order, client, limit { cancel = token }) })
    exchange:faults { { "lost_answer", path = "order/realtime", nth = 1 } }
    local read = { symbol = "BTCUSD", order_id = "x" }
    assert.same({ false, "not enough memory" }, { pcall(client.get_open_order_real_time, client, read) })
    assert.same({}, client:unsettled())
    assert.same({}, orders())
  end)

  -- The same parameters, with that many seconds for the whole call.
  local function within(p, seconds)
    local copy = { deadline = seconds }
    for k, v in pairs(p) do copy[k] = v end
    return copy
  end

  local function unknown(result, err)
    assert.equal("unknown", (failed(result, err)))
    return err
  end

  describe("a placement", function()
    it("whose id belongs to another order is rejected, and that order is left alone", function()
      assert(client:place_order(limit { client_order_id = "a" }))
      exchange:advance(10)
      exchange:faults { { "lost_request", path = "order/create", nth = 1 } }
      local outcome, err = failed(client:place_order(limit { client_order_id = "a", quantity = 5 }))
      assert.same({ "rejected", "duplicate_client_order_id" }, { outcome, err.name })
      assert.same({ 1, "100" }, { #orders(), orders()[1].quantity })
    end)

    it("under the caller's id that is refused as a duplicate and does not show stays unknown", function()
      exchange:faults { lag = 600000, { "lost_answer", path = "order/create", nth = 1 } }
      local err = unknown(client:place_order(limit { client_order_id = "a", deadline = 8 }))
      assert.equal("duplicate_client_order_id", err.name)
      exchange:faults(false)
      assert.equal("a", assert(client:resolve(err)).client_order_id)
      assert.equal(1, #orders())
    end)

    it("under an id that we made is placed if the id is taken, even if the order does not show", function()
      exchange:faults { lag = 600000, { "lost_answer", path = "order/create", nth = 1 } }
      local ack, err, response = client:place_order(limit { deadline = 8 })
      assert.is_nil(err)
      assert.equal(orders()[1].client_order_id, ack.client_order_id)
      assert.equal("not_found", response.unconfirmed.kind)
    end)

    it("of which a copy is refused is found, or proved absent", function()
      for _, fault in ipairs { "lost_answer", "lost_request" } do
        exchange:faults { { fault, path = "order/create", nth = 1 }, { "code", code = 110007, path = "order/create", nth = 2 } }
        local ack, err = client:place_order(limit { client_order_id = fault })
        exchange:faults(false)
        assert.equal(fault == "lost_answer" and fault or nil, ack and ack.client_order_id)
        if not ack then assert.same({ "rejected", "fence" }, { err.outcome, err.proof }) end
      end
      assert.equal(1, #orders())
    end)

    it("is not sent again with resend = false: it is found, or proved absent", function()
      exchange:faults { { "lost_answer", path = "order/create", nth = 1 } }
      assert(client:place_order(limit { resend = false, client_order_id = "lives" }))
      exchange:faults { { "lost_request", path = "order/create" } }
      local outcome, err = failed(client:place_order(limit { resend = false }))
      assert.same({ "rejected", "fence" }, { outcome, err.proof })
      assert.equal(1, #orders())
    end)

    it("with reduce_only is recognised as ours even if the exchange has cut its quantity", function()
      position()
      exchange:faults { { "lost_answer", path = "order/create", nth = 1 } }
      local ack = assert(client:place_order(of { side = "Sell", type = "Market", quantity = 500, reduce_only = true }))
      assert.equal(orders()[2].client_order_id, ack.client_order_id)
      assert.equal("100", orders()[2].filled_quantity)
    end)
  end)

  describe("an amendment or a cancellation", function()
    -- What exists before; the call; and whether it has been done.
    local CASES = {
      { "modify_order", "order/amend", limit { client_order_id = "a" }, of { client_order_id = "a", new_price = 28000 },
        function() return orders()[1].price == "28000" end },
      { "cancel_order", "order/cancel", limit { client_order_id = "a" }, of { client_order_id = "a" },
        function() return orders()[1].status == "Cancelled" end },
      { "modify_conditional_order", "order/amend", conditional { client_order_id = "a" },
        of { client_order_id = "a", trigger_type = "MarkPrice", new_trigger_price = 28000 },
        function() return orders()[1].trigger_price == "28000" end },
      { "cancel_conditional_order", "order/cancel", conditional { client_order_id = "a" }, of { client_order_id = "a" },
        function() return orders()[1].status == "Deactivated" end },
      { "cancel_all_orders", "order/cancel-all", limit { client_order_id = "a" }, of(),
        function() return orders()[1].status == "Cancelled" end },
      { "cancel_all_conditional_orders", "order/cancel-all", conditional { client_order_id = "a" }, of(),
        function() return orders()[1].status == "Deactivated" end },
    }

    for _, case in ipairs(CASES) do
      local method, path, before, params, done = table.unpack(case)

      local function place()
        local placing = method:find "conditional" and "place_conditional_order" or "place_order"
        assert(client[placing](client, before))
        exchange:advance(10)
      end

      it(method .. " is settled by what the exchange shows, or made again", function()
        for _, fault in ipairs { "lost_answer", "lost_request" } do
          place()
          exchange:faults { { fault, path = path, nth = 1 } }
          assert(client[method](client, params))
          exchange:faults(false)
          assert.is_true(done(), fault)
          client:close()
          exchange:close()
          exchange, client = trading.start()
        end
      end)

      it(method .. " stays unknown while the exchange cannot be asked; resolve finds it done", function()
        place()
        exchange:faults { { "lost_answer", path = path }, DOWN }
        local err = unknown(client[method](client, within(params, 3)))
        unknown(client:resolve(err, { deadline = 3 }))
        assert.is_true(done())
        exchange:faults(false)
        local result = assert(client:resolve(err))
        assert.equal(result, client:resolve(err), "the same again")
        assert.equal(0, #client:unsettled())
      end)

      it(method .. " stays unknown while the exchange cannot be asked; resolve proves that it never arrived", function()
        place()
        exchange:faults { DOWN }
        local err = unknown(client[method](client, within(params, 3)))
        exchange:faults(false)
        local outcome, why = failed(client:resolve(err))
        assert.same({ "rejected", "fence" }, { outcome, why.proof })
        assert.is_false(done())
        assert.equal(0, #client:unsettled())
      end)
    end

    it("of which a copy is refused is settled by what the order shows, or by the fence", function()
      for n, fault in ipairs { "lost_answer", "lost_request" } do
        assert(client:place_order(limit { client_order_id = fault }))
        exchange:advance(10)
        exchange:faults { { fault, path = "order/amend", nth = 1 }, { "lost_request", path = "order/realtime", nth = 1 },
          { "code", code = 110003, path = "order/amend", nth = 2 } }
        local ack, err = client:modify_order(of { client_order_id = fault, new_price = 28000 })
        exchange:faults(false)
        assert.equal(fault == "lost_answer", ack ~= nil)
        assert.equal(ack and "28000" or "29000.5", orders()[n].price)
        -- proved not to be made, after the fence; then refused when it was made again
        if not ack then assert.same({ "rejected", 110003 }, { err.outcome, err.code }) end
      end
    end)

    it("is done when its copy finds nothing to change", function()
      assert(client:place_order(limit { client_order_id = "a" }))
      exchange:faults { { "lost_answer", path = "order/amend", nth = 1 },
        { "code", code = 10005, path = "order/realtime", nth = 1 } }
      assert.equal("a", assert(client:modify_order(of { client_order_id = "a", new_price = 28000 })).client_order_id)
      assert.equal("28000", orders()[1].price)
    end)

    it("is not taken for undone if the exchange has cut its quantity to the position", function()
      position()
      assert(client:place_order(limit { side = "Sell", price = 31000, quantity = 50, reduce_only = true, client_order_id = "a" }))
      exchange:advance(1)
      exchange:faults { { "lost_answer", path = "order/amend", nth = 1 }, { "lost_request", path = "order/amend" } }
      local change = of { client_order_id = "a", new_quantity = 500 }
      local err = unknown(client:modify_order(within(change, 10)))
      exchange:faults(false)
      assert.equal("100", orders()[2].quantity)
      assert.equal("unknown", (failed(client:resolve(err, { deadline = 10 }))))
    end)

    it("is rejected if the order has ended in another way", function()
      assert(client:place_order(limit { client_order_id = "a" }))
      exchange:set_price("BTCUSD", "28000")
      exchange:faults { { "lost_answer", path = "order/cancel", nth = 1 } }
      local outcome, err = failed(client:cancel_order(of { client_order_id = "a" }))
      assert.same({ "rejected", "not_found", "read" }, { outcome, err.kind, err.proof })
      assert.matches("the order has ended: Filled", err.message)
    end)
  end)

  describe("a trading stop", function()
    local FULL, PART = of { take_profit_price = 33000 }, of { tpsl_mode = "Partial", take_profit_price = 33000,
      stop_loss_price = 28000, take_profit_quantity = 50, stop_loss_quantity = 50 }

    before_each(function()
      position()
      exchange:advance(10)
    end)

    it("for the whole position is found, or sent again", function()
      for _, fault in ipairs { "lost_answer", "lost_request" } do
        exchange:faults { { fault, path = STOP, nth = 1 } }
        assert(client:set_trading_stop(FULL))
      end
      assert.equal(1, stops())
    end)

    it("for the whole position is made again only after the fence, and may then be refused", function()
      local faults = { { "lost_request", path = STOP, nth = 1 }, { "code", code = 10001, path = STOP, nth = 2 } }
      exchange:faults(faults)
      local err = unknown(client:set_trading_stop(within(FULL, 3)))
      assert.is_nil(err.name, "its only copy got no answer")
      exchange:advance(20)
      exchange:faults(faults)
      local outcome, why = failed(client:set_trading_stop(FULL))
      assert.same({ "rejected", "invalid_parameter" }, { outcome, why.name })
      assert.equal(0, stops())
    end)

    for name, params in pairs { ["the whole position"] = FULL, ["a part of it"] = PART } do
      local count = params == FULL and 1 or 2

      it(("for %s stays unknown without answers; resolve finds it set"):format(name), function()
        exchange:faults { { "lost_answer", path = STOP, nth = 1 }, DOWN }
        local err = unknown(client:set_trading_stop(within(params, 3)))
        unknown(client:resolve(err, { deadline = 2 }))
        exchange:faults(false)
        assert(client:resolve(err))
        assert.equal(count, stops())
      end)

      it(("for %s stays unknown without answers; resolve proves that it never arrived"):format(name), function()
        exchange:faults { DOWN }
        local err = unknown(client:set_trading_stop(within(params, 3)))
        exchange:faults(false)
        local outcome, why = failed(client:resolve(err))
        assert.same({ "rejected", "fence", 0 }, { outcome, why.proof, stops() })
      end)
    end

    it("for a part is found, or proved absent, and is never sent a second time", function()
      exchange:faults { { "lost_answer", path = STOP, nth = 1 } }
      assert(client:set_trading_stop(PART))
      assert.equal(2, stops())
      exchange:faults { { "lost_request", path = STOP, nth = 1 } }
      local outcome, err = failed(client:set_trading_stop(of { tpsl_mode = "Partial", take_profit_price = 34000,
        take_profit_quantity = 10 }))
      assert.same({ "rejected", "fence", 2 }, { outcome, err.proof, stops() })
    end)
  end)

  describe("a trading stop among others", function()
    local PART = of { tpsl_mode = "Partial", stop_loss_price = 28000, stop_loss_quantity = 50 }

    before_each(position)

    it("is not taken for an earlier one that asked for the same", function()
      for _ = 1, 2 do assert(client:set_trading_stop(PART)) end
      exchange:advance(1)
      exchange:faults { { "lost_request", path = STOP, nth = 1 } }
      assert.equal("rejected", (failed(client:set_trading_stop(PART))))
      exchange:faults { { "lost_answer", path = STOP, nth = 1 } }
      assert(client:set_trading_stop(PART))
      assert.equal(3, stops())
    end)

    -- Asks for the same, and for more.
    local BOTH = of { tpsl_mode = "Partial", stop_loss_price = 28000, stop_loss_quantity = 50, take_profit_price = 33000,
      take_profit_quantity = 50 }

    it("is settled while another stop that asks for half of it is open: there is an order for each", function()
      exchange:faults { { "lost_answer", path = STOP, nth = 1 }, DOWN }
      local more = unknown(client:set_trading_stop(within(BOTH, 3)))
      exchange:faults { { "lost_answer", path = STOP, nth = 1 } }
      assert(client:set_trading_stop(within(PART, 20)))
      assert(client:resolve(more))
      assert.equal(3, stops())
    end)

    it("is distinguished from one in flight that asks for half of it", function()
      exchange:faults { { "lost_answer", path = STOP, nth = { 1, 2 } } }
      bybit.run(function()
        for _, params in ipairs { PART, BOTH } do
          bybit.spawn(function() assert(client:set_trading_stop(params)) end)
        end
      end)
      assert.equal(3, stops())
    end)

    it("is distinguished, after a restart, from stops that the journal lists as done", function()
      for _, fault in ipairs { "lost_request", "lost_answer" } do
        local start = journalled()
        start()
        assert(client:set_trading_stop(PART))
        exchange:advance(1)
        exchange:faults { { fault, path = STOP, nth = 1 }, DOWN }
        unknown(client:set_trading_stop(within(PART, 3)))
        exchange:faults(false)
        start()
        local report = assert(client:reconcile { symbol = "BTCUSD" })
        assert.same({ fault == "lost_answer" and "done" or "rejected", 0 }, { report.settled[1].outcome, #report.unsettled })
      end
      assert.equal(3, stops())
    end)

    it("is distinguished, after a restart, from another open one that asked for the same", function()
      local start = journalled()
      start()
      assert(client:get_open_orders_real_time(of())) -- so that the exchange's clock is known
      for _ = 1, 2 do
        exchange:faults { { "lost_answer", path = STOP, nth = 1 }, DOWN }
        unknown(client:set_trading_stop(within(PART, 3)))
      end
      exchange:faults(false)
      start()
      local report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.same({ "done", "done", 0 }, { report.settled[1].outcome, report.settled[2].outcome, #report.unsettled })
      assert.equal(2, stops())
    end)

    it("of a position that has closed is found by its ended order, unless another stop replaced it", function()
      for _, over in ipairs { false, true } do
        if over then position() end
        exchange:faults { { "lost_answer", path = STOP, nth = 1 }, DOWN }
        local err = unknown(client:set_trading_stop(of { take_profit_price = over and 33500 or 33000, deadline = 3 }))
        exchange:faults(false)
        if over then assert(client:set_trading_stop(of { take_profit_price = 34000 })) end
        assert(client:place_order(of { side = "Sell", type = "Market", quantity = 100, reduce_only = true }))
        local result, why = client:resolve(err)
        assert.equal(over, result == nil)
        if over then assert.equal("unknown", why.outcome, "nothing that can be read tells") end
      end
    end)
  end)

  describe("a call in recovery", function()
    it("ends by its token, and says what is known", function()
      local token = bybit.cancel_token()
      exchange:faults { DOWN }
      local err
      bybit.run(function()
        bybit.spawn(function() err = unknown(client:place_order(limit { cancel = token })) end)
        bybit.sleep(2)
        token:cancel()
      end)
      assert.equal("cancelled", err.kind)
      assert.equal(1, #client:unsettled())
    end)

    it("ends with its task, and raises what is known", function()
      exchange:faults { DOWN }
      local task, ok, err
      bybit.run(function()
        task = bybit.spawn(function() client:place_order(limit()) end)
        bybit.sleep(2)
        task:cancel()
        ok, err = pcall(task.await, task)
      end)
      assert.is_false(ok)
      assert.same({ "cancelled", "unknown" }, { err.kind, err.outcome })
      assert.equal(1, #client:unsettled())
    end)

    it("ends with the client, and says what is known", function()
      exchange:faults { DOWN }
      local err
      bybit.run(function()
        bybit.spawn(function() err = unknown(client:place_order(limit())) end)
        bybit.sleep(2)
        client:close()
      end)
      assert.equal("closed", err.kind)
    end)

    it("that only reads takes its retries from a budget that all calls of the client share", function()
      exchange:faults { DOWN }
      local calls, in_hand, before = 60, 30, client:stats().requests -- and one more retry each second
      bybit.run(function()
        for _ = 1, calls do
          bybit.spawn(function() assert.is_nil((client:get_open_orders_real_time(of { deadline = 2 }))) end)
        end
      end)
      local repeated = client:stats().requests - before - calls
      assert.is_true(repeated >= in_hand and repeated <= in_hand + 3, repeated)
    end)
  end)

  it("looks for the order after an unknown code, since it says nothing", function()
    exchange:faults { { "code", code = 123456, path = "order/create", nth = 1, executed = true } }
    assert.equal("a", assert(client:place_order(limit { client_order_id = "a" })).client_order_id)
    assert.equal(1, #orders())
  end)

  it("cuts the long message of a refusal", function()
    exchange:faults { { "code", code = 110007, path = "order/create", message = ("é"):rep(1000) } }
    local outcome, err = failed(client:place_order(limit()))
    assert.equal("rejected", outcome)
    assert.truthy(#err.message < 600 and utf8.len(err.message))
  end)

  it("shows both clocks if its timestamp is refused again and again", function()
    exchange:faults { { "code", code = 10002, path = "order/create" } }
    local outcome, err = failed(client:place_order(limit()))
    assert.same({ "rejected", "timestamp_out_of_window", 2 }, { outcome, err.name, err.attempts })
    assert.matches(
      "signed for 2023%-12%-31T23:59:59%.99%dZ; the exchange's clock showed 2024%-01%-01T.*, the local one 2024%-01%-01T",
      err.message)
    assert.equal(0, #orders())
  end)

  describe("reconcile", function()
    it("of one symbol does not allow calls that add risk while another symbol is open", function()
      local start = journalled()
      start()
      exchange:set_price("ETHUSD", 2000)
      exchange:faults { { "lost_answer", path = "order/create" }, DOWN }
      unknown(client:place_order(limit { deadline = 2 }))
      unknown(client:place_order(limit { symbol = "ETHUSD", price = 1900, deadline = 2 }))
      exchange:faults(false)
      start()
      assert.equal(2, #client:unsettled())
      for open, symbol in ipairs { "ETHUSD", "BTCUSD" } do
        local _, err = client:place_order(limit())
        assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
        assert.equal(2 - open, #assert(client:reconcile { symbol = symbol }).unsettled)
      end
      assert(client:place_order(limit()))
    end)

    it("stops when it is cancelled, and can go on later", function()
      exchange:faults { { "lost_answer", path = "order/create" }, DOWN }
      unknown(client:place_order(limit { deadline = 2, client_order_id = "a" }))
      local token, report, err = bybit.cancel_token(), nil, nil
      bybit.run(function()
        bybit.spawn(function() report, err = client:reconcile { symbol = "BTCUSD", cancel = token } end)
        bybit.sleep(2)
        token:cancel()
      end)
      assert.is_nil(report)
      assert.equal("cancelled", err.kind)
      exchange:faults(false)
      report = assert(client:reconcile { symbol = "BTCUSD" })
      assert.same({ "placed", "a", 0 }, { report.settled[1].outcome, report.live[1].client_order_id, #report.unsettled })
    end)

    it("and resolve raise for wrong arguments", function()
      for wrong, message in pairs { [5] = "reconcile: a table of options expected, got number",
        [{ symbl = "BTCUSD" }] = "reconcile: unknown option 'symbl'",
        [{ deadline = 0 }] = "reconcile: option 'deadline': seconds from 0 to 600 expected, got 0" } do
        local ok, err = pcall(client.reconcile, client, wrong)
        assert.is_false(ok)
        assert.matches(message, tostring(err), 1, true)
      end
    end)
  end)
end)
