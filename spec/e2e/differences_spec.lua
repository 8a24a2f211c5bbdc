-- How the two wires differ, as far as a strategy can see: what raises on which wire, which fields only one wire fills, and
-- what means something else. Everything else is the same: see spec/e2e/dialects_spec.lua.

local asked = require "spec.support.asked"
local bybit = require "bybit"
local trading = require "spec.support.trading"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

-- Calls that one wire cannot express raise there, before anything is sent: { method, parameters besides the symbol, text }.
local RAISES = {
  v5 = {
    { "get_orders", { direction = "prev" }, "direction = 'prev' exists on the v2 wire only" },
    { "get_conditional_orders", { direction = "prev" }, "direction = 'prev' exists on the v2 wire only" },
    { "get_orders", { status = "PendingCancel" }, "it exists on the v2 wire only" },
    { "get_orders", { status = "Created" }, "here it is 'New'" },
    { "get_conditional_orders", { status = "Active" }, "here it is 'Triggered'" },
    { "get_user_trades", { page_size = 200 }, "a value from 1 to 100 expected" },
  },
  v2 = {
    { "place_order", limit { tpsl_mode = "Full" }, "it exists on the V5 wire only" },
    { "place_order", limit { tp_order_type = "Market" }, "it exists on the V5 wire only" },
    { "place_order", limit { smp_type = "CancelMaker" }, "it exists on the V5 wire only" },
    { "place_order", limit { slippage_tolerance = 1, slippage_tolerance_type = "Percent" }, "it exists on the V5 wire only" },
    { "place_order", limit { bbo_level = "1", bbo_side_type = "Queue" }, "it exists on the V5 wire only" },
    { "place_order", limit { time_in_force = "RPI" }, "it exists on the V5 wire only" },
    { "place_order", limit { position_mode = 1 }, "a value from 0 to 0 expected" },
    { "place_conditional_order", conditional { reduce_only = true }, "it exists on the V5 wire only" },
    { "place_conditional_order", { side = "Sell", type = "Market", quantity = 1, trigger_price = 29000,
      trigger_direction = "Falling" }, "'base_price' is missing: this wire needs it to know" },
    { "modify_order", { order_id = "x", new_price = 1, tp_limit_price = 2 }, "it exists on the V5 wire only" },
    { "modify_conditional_order", { stop_order_id = "x", trigger_type = "MarkPrice" }, "it exists on the V5 wire only" },
    { "cancel_all_conditional_orders", { stop_order_type = "Stop" }, "it exists on the V5 wire only" },
    { "get_orders", { start_time = 1700000000000 }, "it exists on the V5 wire only" },
    { "get_orders", { end_time = 1700000000000 }, "it exists on the V5 wire only" },
    { "get_orders", { status = "Untriggered" }, "it exists on the V5 wire only" },
    { "get_user_trades", { end_time = 1700000000000 }, "it exists on the V5 wire only" },
    { "get_user_trades", { trade_type = "Funding" }, "it exists on the V5 wire only" },
    { "get_user_trades", { client_order_id = "x" }, "it exists on the V5 wire only" },
    { "set_trading_stop", { stop_loss_price = 1, tpsl_mode = "Partial" }, "it exists on the V5 wire only" },
    { "set_trading_stop", { stop_loss_price = 1, sl_order_type = "Market" }, "it exists on the V5 wire only" },
  },
}

-- The fields of the same record that only one wire fills.
local ONLY = {
  ["an order, real-time"] = {
    v5 = "close_on_trigger create_type cum_fee_detail fee filled_value last_price_on_created reduce_only smp_group smp_type "
      .. "tpsl_mode",
    v2 = "ext_fields last_trade_time user_id" },
  ["an order, listed"] = {
    v5 = "close_on_trigger create_type cum_fee_detail last_price_on_created reduce_only smp_group smp_type tpsl_mode",
    v2 = "user_id" },
  ["a filled order"] = {
    v5 = "avg_price close_on_trigger create_type cum_fee_detail last_price_on_created reduce_only smp_group smp_type",
    v2 = "ext_fields last_trade_price last_trade_time user_id" },
  ["a conditional order, real-time"] = {
    v5 = "close_on_trigger create_type cum_fee_detail fee filled_value last_price_on_created reduce_only smp_group smp_type "
      .. "stop_order_type trigger_direction",
    v2 = "base_price ext_fields user_id" },
  ["a conditional order, listed"] = {
    v5 = "close_on_trigger create_type cum_fee_detail fee filled_quantity filled_value last_price_on_created "
      .. "leaves_quantity leaves_value reduce_only reject_reason smp_group smp_type trigger_direction",
    v2 = "base_price user_id" },
  ["an execution"] = { v5 = "create_type mark_price", v2 = "fill_number user_id" },
  ["a position"] = {
    v5 = "break_even_price is_reduce_only mark_price open_time position_balance position_im_by_mp position_mm "
      .. "position_mm_by_mp position_mode risk_limit_value trade_mode",
    v2 = "bankruptcy_price closing_fee effective_leverage funding_fee is_isolated order_margin position_id "
      .. "position_sequence user_id wallet_balance" },
  ["what place_order answers"] = { v5 = "",
    v2 = "create_time fee filled_quantity filled_value leaves_quantity price quantity reject_reason side status symbol "
      .. "time_in_force type update_time user_id" },
  ["what cancel_order answers"] = { v5 = "",
    v2 = "create_time fee filled_quantity filled_value last_trade_time leaves_quantity price quantity reject_reason side "
      .. "status symbol time_in_force type update_time user_id" },
  ["an entry of cancel_all_orders"] = { v5 = "",
    v2 = "cancel_type create_time create_type cross_sequence cross_status leaves_quantity leaves_value price quantity side "
      .. "symbol time_in_force type update_time user_id" },
  ["an entry of cancel_all_conditional_orders"] = { v5 = "",
    v2 = "base_price cancel_type create_time create_type cross_sequence cross_status expected_direction leaves_quantity "
      .. "leaves_value quantity side stop_order_type symbol time_in_force trail_value trigger_type type update_time user_id" },
}

-- How a client gets each record. Fields that both wires fill must agree if it is the same record.
local GET = {
  ["an order, real-time"] = function(c) return c:get_open_order_real_time(of { client_order_id = "a" }) end,
  ["an order, listed"] = function(c)
    return assert(c:collect("get_orders", of { status = "New" }))[1]
  end,
  ["a filled order"] = function(c) return c:get_open_order_real_time(of { client_order_id = "m" }) end,
  ["a conditional order, real-time"] = function(c)
    return c:get_open_conditional_order_real_time(of { client_order_id = "k" })
  end,
  ["a conditional order, listed"] = function(c)
    return assert(c:collect("get_conditional_orders", of { status = "Untriggered" }))[1]
  end,
  ["an execution"] = function(c) return assert(c:get_user_trades(of()))[1] end,
  ["a position"] = function(c)
    return c:set_trading_stop(of { take_profit_price = 33000, confirm = true })
  end,
  ["what place_order answers"] = function(c) return c:place_order(limit()) end,
  ["what cancel_order answers"] = function(c)
    return c:cancel_order(of { order_id = assert(c:place_order(limit())).order_id })
  end,
  ["an entry of cancel_all_orders"] = function(c)
    assert(c:place_order(limit()))
    return assert(c:cancel_all_orders(of()))[1]
  end,
  ["an entry of cancel_all_conditional_orders"] = function(c)
    assert(c:place_conditional_order(conditional()))
    return assert(c:cancel_all_conditional_orders(of()))[1]
  end,
}
local ANOTHER = "^what " -- each wire gets a record of its own
local ENTRY = "^an entry "

describe("the wires differ", function()
  local exchange, v5, v2

  before_each(function()
    exchange, v5 = trading.start()
    v2 = bybit.client { environment = exchange, api = "v2", rate = false }
  end)

  after_each(function()
    v5:close()
    v2:close()
    exchange:close()
  end)

  for _, api in ipairs { "v5", "v2" } do
    for _, case in ipairs(RAISES[api]) do
      it(("in what raises on %s: %s, %s"):format(api, case[1], case[3]), function()
        local client = api == "v5" and v5 or v2
        local ok, message = pcall(client[case[1]], client, of(case[2]))
        assert.is_false(ok)
        assert.truthy(tostring(message):find(case[3], 1, true), tostring(message))
      end)
    end
  end

  -- The names that `a` has and `b` does not have.
  local function missing(a, b)
    local names = {}
    for name in pairs(a) do
      if rawget(b, name) == nil then names[#names + 1] = name end
    end
    table.sort(names)
    return table.concat(names, " ")
  end

  for what, wanted in pairs(ONLY) do
    it("in the fields of " .. what .. ", and agree in the others", function()
      if not (what:find(ANOTHER) or what:find(ENTRY)) then
        assert(v5:place_order(limit { client_order_id = "a", take_profit_price = 33000, stop_loss_price = 27000 }))
        assert(v5:place_conditional_order(conditional { client_order_id = "k" }))
        assert(v5:place_order(of { side = "Buy", type = "Market", quantity = 100, client_order_id = "m" }))
      end
      local a, b = assert(GET[what](v5)), assert(GET[what](v2))
      assert.same({ v5 = wanted.v5, v2 = wanted.v2 }, { v5 = missing(a, b), v2 = missing(b, a) })
      if what:find(ANOTHER) or what:find(ENTRY) then return end
      for name, value in pairs(a) do
        local twin = rawget(b, name)
        if type(value) == "userdata" and twin ~= nil then
          assert.is_true(value:eq(twin), name)
        elseif twin ~= nil then
          assert.equal(value, twin, name)
        end
      end
    end)
  end

  it("in what a placement returns: ids on V5, the order on v2; the full record on both with confirm", function()
    assert.is_nil(rawget(assert(v5:place_order(limit())), "status"))
    assert.equal("Created", assert(v2:place_order(limit())).status)
    for _, client in ipairs { v5, v2 } do
      assert.equal("New", assert(client:place_order(limit { confirm = true })).status)
    end
  end)

  it("in the order of executions: newest first on V5, oldest first on v2", function()
    for _ = 1, 3 do
      assert(v5:place_order(of { side = "Buy", type = "Market", quantity = 1 }))
      exchange:advance(1)
    end
    local a, b = assert(v5:get_user_trades(of())), assert(v2:get_user_trades(of()))
    for i = 1, 3 do assert.equal(a[i].trade_id, b[4 - i].trade_id) end
  end)

  it("in finding the other kind of order by id: v2 does not find it", function()
    local id = assert(v5:place_conditional_order(conditional())).order_id
    assert.equal("Stop", assert(v5:get_open_order_real_time(of { order_id = id })).stop_order_type)
    local _, err = v2:get_open_order_real_time(of { order_id = id })
    assert.equal("not_found", err.kind)
    _, err = v2:cancel_order(of { order_id = id })
    assert.equal("not_found", err.kind)
    assert(v5:cancel_order(of { order_id = id }))
  end)

  it("in what happens at 500 orders: V5 refuses the next, v2 drops the oldest", function()
    local first = assert(v2:place_order(limit { quantity = 1 })).order_id
    for _ = 2, 500 do assert(v2:place_order(limit { quantity = 1 })) end
    local _, err = v5:place_order(limit { quantity = 1 })
    assert.equal(bybit.codes.too_many_orders, err.name)
    assert(v2:place_order(limit { quantity = 1 }))
    assert.equal(500, #assert(v2:get_open_orders_real_time(of())))
    assert.equal("Cancelled", assert(v2:get_open_order_real_time(of { order_id = first })).status)
  end)
end)
