-- Odd records: a field that did not decode, is empty, or holds an unknown word says nothing. No odd field makes a call raise,
-- loses an intent, or proves anything.

local core = require "bybit.core"
local enums = require "bybit.records.enums"
local asked = require "spec.support.asked"
local changes = require "spec.support.changes"
local methods = require "spec.support.methods"
local objects = require "bybit.records.objects"
local staged = require "spec.support.staged_exchange"

local of, limit, conditional, with = asked.of, asked.limit, asked.conditional, asked.with

-- Odd values of a field, as JSON.
local ODD = { '"oops"', '""', "{}", "[]", "true", "null" }

-- The values that a test tries: all, or one after the other in turn with SHORT=1, as under the sanitizers.
local turn = 0
local function tried(values)
  if not os.getenv "SHORT" then return values end
  turn = turn + 1
  return { values[turn % #values + 1] }
end

local FIELDS = { "quantity", "price", "create_time", "update_time", "take_profit_price", "stop_loss_price", "trigger_price",
  "side", "status", "symbol", "order_id", "client_order_id", "type", "stop_order_type", "filled_quantity", "filled_value",
  "avg_price", "reduce_only", "time_in_force", "size", "tpsl_mode", "trailing_stop_price" }

-- For each method that changes something: the kind of its request, what exists before (made by another program), the call, and
-- whether what it did is always found once the records can be read again.
local CALLS = {
  ["place_order"] = { "place", nil, function() return "place_order", limit() end, sure = true },
  ["place_order with the caller's id"] = { "place", nil, function()
    return "place_order", limit { client_order_id = "mine-1" }
  end, sure = true },
  ["place_conditional_order"] = { "place", nil, function() return "place_conditional_order", conditional() end, sure = true },
  ["modify_order"] = { "amend", function(hand) return hand:place_order(limit()) end,
    function(id) return "modify_order", of { order_id = id, new_price = 28000, new_quantity = 50 } end },
  ["modify_order of take profit and stop loss"] = { "amend", function(hand)
    return hand:place_order(limit { take_profit_price = 31000, stop_loss_price = 28000 })
  end, function(id) return "modify_order", of { order_id = id, take_profit_price = 32000, stop_loss_price = 27000 } end },
  ["modify_conditional_order"] = { "amend", function(hand) return hand:place_conditional_order(conditional()) end,
    function(id) return "modify_conditional_order", of { stop_order_id = id, new_trigger_price = 28000 } end },
  ["cancel_order"] = { "cancel", function(hand) return hand:place_order(limit()) end,
    function(id) return "cancel_order", of { order_id = id } end, sure = true },
  ["cancel_conditional_order"] = { "cancel", function(hand) return hand:place_conditional_order(conditional()) end,
    function(id) return "cancel_conditional_order", of { stop_order_id = id } end, sure = true },
  ["cancel_all_orders"] = { "all", function(hand) return hand:place_order(limit()) end,
    function() return "cancel_all_orders", of() end },
  ["cancel_all_orders with id_prefix"] = { "cancel", function(hand) return hand:place_order(limit()) end,
    function() return "cancel_all_orders", of { id_prefix = "hand" } end },
  ["cancel_all_conditional_orders"] = { "all", function(hand) return hand:place_conditional_order(conditional()) end,
    function() return "cancel_all_conditional_orders", of() end },
  ["cancel_all_conditional_orders with id_prefix"] = { "cancel",
    function(hand) return hand:place_conditional_order(conditional()) end,
    function() return "cancel_all_conditional_orders", of { id_prefix = "hand" } end },
  ["set_trading_stop"] = { "stop", function(hand)
    return hand:place_order(of { side = "Buy", type = "Market", quantity = 100 })
  end, function() return "set_trading_stop", of { stop_loss_price = 28000, take_profit_price = 32000 } end },
  ["set_trading_stop for a part"] = { "stop", function(hand)
    return hand:place_order(of { side = "Buy", type = "Market", quantity = 100 })
  end, function() return "set_trading_stop", of { stop_loss_price = 28000, stop_loss_quantity = 50 } end, only = "v5" },
}

for _, api in ipairs(staged.WIRES) do describe("on " .. api, function()
  local exchange, client

  local function begin(options)
    exchange = staged.start()
    client = exchange:client(with({ api = api, id_prefix = "me" }, options))
  end

  local function finish()
    client:close()
    exchange:close()
  end

  -- The method and its parameters.
  local function prepare(case) return changes.prepare(exchange, case) end

  local function call(method, params)
    local ok, result, err, response = pcall(client[method], client, params)
    assert.is_true(ok, tostring(result))
    return result, err, response
  end

  for name, case in pairs(CALLS) do if not case.only or case.only == api then
    describe(name .. " whose answer is lost", function()
      for _, field in ipairs(FIELDS) do
        it(("is never reported as not done, and stays on the list, whatever '%s' holds"):format(field), function()
          for _, value in ipairs(tried(ODD)) do
            local what = ("%s = %s"):format(field, value)
            begin()
            local method, params = prepare(case)
            -- another readable symbol is a contradiction
            if field == "symbol" and value == '"oops"' and params.client_order_id then value = '""' end
            exchange:odd(field, value)
            exchange:plan(case[1], staged.lost_answer)
            local result, err = call(method, params)
            if not result then
              -- one by one: the list may be read before anything is sent
              local read_only = params.id_prefix and exchange:sent "cancel" == 0
              assert.equal(read_only and "not_sent" or "unknown", err.outcome, what)
              if not read_only then
                assert.is_true(#client:unsettled() >= 1, what)
                exchange:plain()
                local later, why = client:resolve(err)
                local may_stay = err.final or not case.sure -- a final outcome stays final
                assert.is_true(later ~= nil or may_stay and why.outcome == "unknown", ("%s: %s"):format(what, why))
              end
            end
            finish()
          end
        end)
      end
    end)

    it(name .. " with confirm is done, even if the read-back has an odd field", function()
      for _, field in ipairs(FIELDS) do
        for _, value in ipairs(tried(ODD)) do
          local what = ("%s = %s"):format(field, value)
          begin { confirm = true }
          local method, params = prepare(case)
          exchange:odd(field, value)
          local result, err = call(method, params)
          if params.id_prefix and exchange:sent "cancel" == 0 then
            assert.is_true(result ~= nil or err.outcome == "not_sent", what)
          else
            assert.is_nil(err, what)
            assert.truthy(result, what)
          end
          finish()
        end
      end
    end)
  end end

  describe("reconcile", function()
    for _, field in ipairs(FIELDS) do
      it(("returns a report and loses no intent, whatever '%s' holds; what can be read is settled"):format(field), function()
        -- for a client order id any text, even an empty one, can be read: those orders are somebody else's
        for _, value in ipairs(tried(field == "client_order_id" and { "{}", "[]" } or ODD)) do
          local what = ("%s = %s"):format(field, value)
          local journal, left = staged.journal(), nil
          begin { journal = journal }
          exchange:plan("place", staged.then_lost(function() left = staged.killed(journal) end))
          assert(client:place_order(limit()))
          client:close()
          client = exchange:client { api = api, id_prefix = "me", journal = left }
          core.loop.advance(60)
          exchange:odd(field, value)
          local ok, report = pcall(client.reconcile, client, { symbol = "BTCUSD", deadline = 10 })
          assert.is_true(ok, ("%s: %s"):format(what, report))
          assert.truthy(report, what)
          for _, entry in ipairs(report.settled) do assert.equal("placed", entry.outcome, what) end
          assert.is_true(#report.settled + #client:unsettled() >= 1, what)
          exchange:plain()
          local settled = #report.settled + #assert(client:reconcile { symbol = "BTCUSD" }).settled
          assert.same({ 1, 0 }, { settled, #client:unsettled() }, what)
          assert(client:place_order(limit()))
          finish()
          staged.clean()
        end
      end)
    end
  end)

  describe("a list", function()
    local LISTS = { "get_orders", "get_open_orders_real_time", "get_conditional_orders", "get_open_conditional_orders_real_time",
      "get_user_trades" }
    local ROWS = { -- on its first page
      get_user_trades = 1, get_orders = api == "v5" and 3 or 4, get_open_orders_real_time = 3, get_conditional_orders = 2,
      get_open_conditional_orders_real_time = 2 }

    local function fill()
      for _ = 1, 3 do assert(exchange.hand:place_order(limit())) end
      for _ = 1, 2 do assert(exchange.hand:place_conditional_order(conditional())) end
      assert(exchange.hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
    end

    for _, method in ipairs(LISTS) do
      it(("(%s) keeps every row with an odd field"):format(method), function()
        for _, field in ipairs(FIELDS) do
          for _, value in ipairs(tried(ODD)) do
            local what = ("%s = %s"):format(field, value)
            begin()
            fill()
            exchange:odd(field, value)
            local list = call(method, of())
            assert.truthy(list, what)
            -- rows that all have the same id are one row
            if field ~= "order_id" then assert.is_true(#list >= ROWS[method], what) end
            assert.is_string(tostring(list))
            finish()
          end
        end
      end)
    end

    -- An empty row before the others.
    local function add_row(row)
      exchange:rewrite("read", function(body)
        for _, head in ipairs { '"list":[', '"data":[', '"result":[', '"trade_list":[' } do
          local at = body:find(head, 1, true)
          if at then
            local rest = body:sub(at + #head)
            return body:sub(1, at + #head - 1) .. row .. (rest:find "^%]" and "" or ",") .. rest
          end
        end
        return body
      end)
    end

    for what, row in pairs { ["whose fields are all empty"] = '{"orderId":"","orderLinkId":"","symbol":"","side":"","qty":"",'
      .. '"price":"","orderStatus":"","createdTime":"","updatedTime":"","order_id":"","stop_order_id":"","order_link_id":"",'
      .. '"order_status":"","stop_order_status":"","created_at":"","updated_at":"","stopOrderType":"","triggerPrice":""}',
      ["without any field"] = "{}" } do
      for _, method in ipairs(LISTS) do
        it(("(%s) with a row %s still has the other rows, each once"):format(method, what), function()
          begin()
          fill()
          add_row(row)
          local list, seen = assert(call(method, of())), {}
          local with_id = 0
          for _, record in ipairs(list) do
            local id = rawget(record, "order_id")
            if id then
              assert.is_nil(seen[id])
              seen[id], with_id = true, with_id + 1
            end
          end
          assert.equal(ROWS[method], with_id)
          finish()
        end)
      end

      for _, case in ipairs { { "cancel_all_orders", "place_order", limit },
        { "cancel_all_conditional_orders", "place_conditional_order", conditional } } do
        it(("with a row %s does not keep %s from its work"):format(what, case[1]), function()
          for _, more in ipairs { { confirm = true }, { id_prefix = "me" }, { id_prefix = "me", confirm = true } } do
            begin()
            local id = assert(client[case[2]](client, case[3]())).order_id
            core.loop.advance(10)
            add_row(row)
            assert(call(case[1], of(more)))
            assert.is_false(exchange:order(id).open)
            finish()
          end
        end)

        it(("with a row %s: %s of unknown outcome is found done"):format(what, case[1]), function()
          begin()
          local id = assert(client[case[2]](client, case[3]())).order_id
          core.loop.advance(10)
          add_row(row)
          exchange:plan("all", staged.lost_answer)
          local list, err = call(case[1], of())
          assert.is_true(list ~= nil or err.outcome == "unknown")
          assert.is_false(exchange:order(id).open)
          finish()
        end)
      end

      it(("with a row %s does not keep reconcile from settling"):format(what), function()
        begin()
        exchange:plan("place", staged.lost_answer)
        local _, err = client:place_order(limit { deadline = 0.5, timeout = 0.5 })
        assert.equal("unknown", err.outcome)
        add_row(row)
        local ok, report = pcall(client.reconcile, client, { symbol = "BTCUSD" })
        assert.is_true(ok, tostring(report))
        assert.same({ 1, "placed", 1 }, { #report.settled, report.settled[1].outcome, #report.live })
        finish()
      end)
    end
  end)

  describe("an unknown status", function()
    it("does not end an order: its lost cancellation is sent again", function()
      for _, id in ipairs { "order_id", "client_order_id" } do
        begin()
        local ack = assert(client:place_order(limit()))
        exchange:odd("status", '"PendingNew"')
        exchange:plan("cancel", staged.lost_request)
        local result = call("cancel_order", of { [id] = ack[id], deadline = 10 })
        assert.is_false(exchange:order(ack.order_id).open)
        assert.equal(ack.order_id, result and result.order_id)
        finish()
      end
    end)

    it("does not prove that a cancellation is impossible, or that an amendment was not made", function()
      for kind, case in pairs { cancel = { "cancel_order" }, amend = { "modify_order", { new_price = 28000 } } } do
        begin()
        local id = assert(client:place_order(limit())).order_id
        core.loop.advance(10)
        exchange:odd("status", '"PendingNew"')
        exchange:plan(kind, staged.lost_answer)
        local result, err = call(case[1], with(of { order_id = id }, case[2]))
        assert.is_true(result ~= nil or err.outcome == "unknown", tostring(err))
        finish()
      end
    end)
  end)

  describe("an order with an id that we made", function()
    for field, value in pairs { quantity = '"7"', side = '"oops"', symbol = '"ETHUSD"', type = '"Iceberg"', price = '"1"',
      create_time = '"oops"', reduce_only = "true" } do
      it(("is ours, whatever its %s holds"):format(field), function()
        begin()
        exchange:odd(field, value)
        exchange:plan("place", staged.lost_answer)
        local ack, err = call("place_order", limit())
        assert.is_nil(err)
        assert.equal(exchange:books().orders[1].order_id, ack.order_id)
        finish()
      end)
    end
  end)

  describe("an order with the caller's id", function()
    for field, value in pairs { side = '"oops"', symbol = '""', quantity = '"7"' } do
      it(("that was created in time is ours if its odd %s contradicts nothing (%s)"):format(field, value), function()
        begin()
        exchange:odd(field, value)
        exchange:plan("place", staged.lost_answer)
        assert(call("place_order", limit { client_order_id = "mine-1" }))
        finish()
      end)
    end

    it("with another side is somebody else's", function()
      begin()
      assert(exchange.hand:place_order(of { side = "Sell", type = "Limit", quantity = 100, price = 31000,
        client_order_id = "mine-1" }))
      core.loop.advance(60)
      exchange:plan("place", staged.lost_request)
      local ack, err = call("place_order", limit { client_order_id = "mine-1" })
      assert.is_nil(ack)
      assert.equal("rejected", err.outcome)
      finish()
    end)

    it("whose creation time cannot be read proves nothing", function()
      begin()
      assert(exchange.hand:place_order(limit { client_order_id = "mine-1" }))
      core.loop.advance(60)
      exchange:odd("create_time", '"oops"')
      exchange:plan("place", staged.lost_request)
      local ack, err = call("place_order", limit { client_order_id = "mine-1" })
      assert.is_nil(ack)
      assert.equal("unknown", err.outcome)
      finish()
    end)
  end)

  describe("an acknowledgement with an odd order id", function()
    local ACKNOWLEDGED = { "place_order", "place_order with the caller's id", "place_conditional_order", "modify_order",
      "modify_conditional_order", "cancel_order", "cancel_conditional_order", "cancel_all_orders with id_prefix",
      "cancel_all_conditional_orders with id_prefix" }
    for _, name in ipairs(ACKNOWLEDGED) do
      for _, value in ipairs { "{}", '{"a":1}', "[]", "[5]", "true", "5", '""', "null" } do
        it(("(%s) does not count for %s: the outcome is looked up"):format(value, name), function()
          begin()
          local method, params = prepare(CALLS[name])
          exchange:odd("order_id", value, CALLS[name][1])
          local result, err = call(method, params)
          assert.is_nil(err)
          for _, entry in ipairs(params.id_prefix and result or { result }) do
            assert.truthy(exchange:order(entry.order_id), "an order's id is given")
          end
          finish()
        end)
      end
    end

    it("in the list of a cancel-all is not returned to the caller", function()
      for _, value in ipairs { "{}", "[]", "true", "5", '""', "null" } do
        begin()
        local method, params = prepare(CALLS.cancel_all_orders)
        exchange:rewrite("all", function(body)
          return (body:gsub('("orderId":)"[^"]*"', "%1" .. value):gsub('("clOrdID":)"[^"]*"', "%1" .. value))
        end)
        local result, err = call(method, params)
        assert.is_true(result ~= nil or err.outcome == "unknown")
        for _, entry in ipairs(result or {}) do
          local id = rawget(entry, "order_id")
          assert.is_true(id == nil or exchange:order(id) ~= nil, value)
        end
        finish()
      end
    end)
  end)

  if api == "v5" then
    it("a stop order of an unknown kind, with the requested price and size, proves nothing", function()
      begin()
      assert(exchange.hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
      core.loop.advance(10)
      exchange:odd("stop_order_type", '"TrailingProfit"')
      exchange:plan("stop", staged.lost_answer)
      local done, err = call("set_trading_stop", of { stop_loss_price = 28000, stop_loss_quantity = 50 })
      assert.is_nil(done)
      assert.equal("unknown", err.outcome)
      finish()
    end)
  end
end) end

describe("a position", function()
  local function position(fields)
    return setmetatable(fields, objects.metatable "position")
  end

  for _, size in ipairs { "oops", "{}", "true", "" } do
    it(("of size '%s' does not count as flat, and has no signed quantity"):format(size), function()
      for _, side in ipairs { "Buy", "Sell" } do
        local p = position { side = side, quantity = size }
        assert.falsy(p:is_flat())
        assert.is_nil(p.signed_quantity)
      end
    end)
  end

  it("with an unknown side has no signed quantity", function()
    for _, side in ipairs { "Both", "buy", "{}" } do
      local p = position { side = side, quantity = core.decimal(5) }
      assert.is_nil(p.signed_quantity)
      assert.falsy(p:is_flat())
    end
  end)

  it("of size zero is flat, whatever its side holds", function()
    for _, side in ipairs { "Both", false } do
      local p = position { side = side or nil, quantity = core.decimal(0) }
      assert.is_true(p:is_flat())
      assert.is_true(p.signed_quantity:is_zero())
    end
  end)
end)

describe("an order's status", function()
  local OPEN = { New = true, PartiallyFilled = true, Untriggered = true, Triggered = true, Created = true, Active = true,
    PendingCancel = true }

  local function order(status)
    local client <close> = methods.client(methods.ok(('{"list":[{"orderId":"o","orderStatus":%s}],"nextPageCursor":""}')
      :format(status)))
    return assert(client:get_orders { symbol = "BTCUSD" })[1]
  end

  for _, list in ipairs { enums.order_status.values, enums.order_status.v2 } do
    for _, word in ipairs(list) do
      it(("%s means either open or done, never both"):format(word), function()
        local o = order(('"%s"'):format(word))
        assert.same({ OPEN[word] or false, not OPEN[word] }, { o:is_open(), o:is_done() })
      end)
    end
  end

  for _, value in ipairs { '"PendingNew"', '"new"', '"Expired"', '""', "{}", "true", "5", "null" } do
    it(("%s means neither open nor done"):format(value), function()
      local o = order(value)
      assert.same({ false, false }, { o:is_open(), o:is_done() })
    end)
  end
end)
