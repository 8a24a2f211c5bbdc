-- Linear contracts, and hedge mode, where a contract has two positions with stops and settings of their own: what became of a call
-- is read in its category, and from its own position. The exchange has BTCUSDT in hedge mode; positions are told apart by
-- position_mode (V5 documentation, position/switch-mode, position/list).

local asked = require "spec.support.asked"
local bybit = require "bybit"
local staged = require "spec.support.staged_exchange"

local LONG, SHORT = 1, 2
local SOON = { deadline = 0.9, timeout = 0.9 }

local exchange, client, hand

-- The parameters, about BTCUSDT.
local function of(p, more) return asked.with(asked.with({ category = "linear", symbol = "BTCUSDT" }, p), more) end

local function hold(mode, more)
  return hand:place_order(of({ side = mode == LONG and "Buy" or "Sell", type = "Market", quantity = "0.1", position_mode = mode },
    more))
end

local function position(mode) return assert(hand:get_position(of { position_mode = mode })) end

-- The stop loss that the books have for a position.
local function stop_of(mode)
  local price = position(mode).stop_loss_price
  return price and price:key()
end

before_each(function()
  exchange = staged.start()
  hand = exchange.hand
  exchange:command("set_price", "BTCUSDT", "30000", {})
  assert(hand:switch_position_mode(of { mode = "Hedge" }))
  assert(hold(LONG))
  assert(hold(SHORT))
  client = exchange:client { category = "linear" }
end)

after_each(function()
  client:close()
  exchange:close()
  staged.clean()
end)

describe("a trading stop of one side in hedge mode", function()
  local function stop(mode, price, more)
    return client:set_trading_stop(asked.with({ symbol = "BTCUSDT", position_mode = mode, stop_loss_price = price }, more))
  end

  it("whose answer is lost is found by the position of its side", function()
    assert(stop(LONG, 28000))
    exchange:plan("stop", staged.lost_answer)
    assert(stop(SHORT, 32000))
    assert.same({ 2, "28000", "32000" }, { exchange:sent "stop", stop_of(LONG), stop_of(SHORT) })
  end)

  -- The order of a trailing stop does not show its distance: the position alone tells.
  it("that trails is read from the position of its side", function()
    exchange:plan("stop", staged.lost_answer)
    assert(client:set_trading_stop { symbol = "BTCUSDT", position_mode = SHORT, trailing_stop_distance = 250 })
    assert.equal(1, exchange:sent "stop")
    assert.equal("250", position(SHORT).trailing_stop_price:key())
  end)

  it("is read back with confirm from the position of its side", function()
    for mode, price in pairs { 28000, 32000 } do
      local record, _, response = client:set_trading_stop { symbol = "BTCUSDT", position_mode = mode, stop_loss_price = price,
        confirm = true }
      assert.is_nil(response.unconfirmed)
      assert.same({ mode, tostring(price) }, { record.position_mode, record.stop_loss_price:key() })
    end
  end)

  it("whose request is lost is made again, whatever the other side shows", function()
    exchange:plan("stop", staged.lost_request)
    assert(stop(LONG, 28000))
    local copies = exchange:of_kind "stop"
    assert.equal(2, #copies)
    assert.is_true(copies[2].at > staged.fence_of(copies[1]))
    assert.same({ "28000" }, { stop_of(LONG), stop_of(SHORT) })
  end)

  -- Both sides may have a take profit or stop loss at one price: the order of the other side proves nothing.
  it("is not taken for one at the same price of the other side", function()
    exchange:plan("stop", staged.meanwhile(function()
      assert(hand:set_trading_stop(of { position_mode = SHORT, take_profit_price = 28000 }))
      assert(hand:set_trading_stop(of { position_mode = SHORT, take_profit_price = 0 }))
    end, staged.lost_request))
    assert(client:set_trading_stop { symbol = "BTCUSDT", position_mode = LONG, stop_loss_price = 28000 })
    assert.equal("28000", stop_of(LONG))
    assert.equal(2, exchange:sent "stop")
  end)

  -- While the price is low, the short side has a stop loss where the long side's will be. It is taken away again.
  local function stop_of_short_at(price)
    exchange:command("set_price", "BTCUSDT", "28500", {})
    assert(hand:set_trading_stop(of { position_mode = SHORT, stop_loss_price = price }))
    assert(hand:set_trading_stop(of { position_mode = SHORT, stop_loss_price = 0 }))
    exchange:command("set_price", "BTCUSDT", "30000", {})
  end

  it("is not told from an order that does not say its side", function()
    exchange:rewrite("read", function(body, copy)
      return copy.path:find "order" and (body:gsub('"positionIdx":%d,?', "")) or body
    end)
    exchange:plan("stop", staged.meanwhile(function() stop_of_short_at(29000) end, staged.lost_request))
    local result, err = stop(LONG, 29000)
    assert.is_nil(result)
    assert.same({ "unknown", true }, { err.outcome, err.final })
  end)

  it("of a part is told although one like it of the other side is unknown", function()
    local function part(mode, more)
      return client:set_trading_stop(asked.with({ symbol = "BTCUSDT", position_mode = mode, tpsl_mode = "Partial",
        stop_loss_price = 29000, stop_loss_quantity = "0.01" }, more))
    end
    exchange:command("set_price", "BTCUSDT", "28500", {})
    exchange:plan("stop", staged.late(2))
    local _, err = part(SHORT, SOON)
    assert.equal("unknown", err.outcome)
    exchange:command("set_price", "BTCUSDT", "30000", {})
    exchange:plan("stop", staged.lost_answer)
    local done, why = part(LONG)
    assert.truthy(done, tostring(why))
  end)

  it("does not wait for a late copy about the other side, and is not undone by it", function()
    exchange:plan("stop", staged.late(3))
    local _, err = stop(LONG, 28000, SOON)
    assert.equal("unknown", err.outcome)
    local now = exchange:now()
    local _, failed, response = stop(SHORT, 32000)
    assert.same({}, { failed, response.unconfirmed })
    assert.is_true(exchange:now() - now < 1000, "it waited")
    exchange:calm()
    assert.same({ "28000", "32000" }, { stop_of(LONG), stop_of(SHORT) })
    assert(client:resolve(err))
  end)

  it("of one part is counted among the orders of its side only", function()
    local function part(who, mode, more)
      return who:set_trading_stop(of({ position_mode = mode, tpsl_mode = "Partial", stop_loss_price = mode == LONG and 28000
        or 32000, stop_loss_quantity = "0.01" }, more))
    end
    assert(part(client, SHORT))
    exchange:plan("stop", staged.lost_request)
    local result, err = part(client, LONG)
    assert.is_nil(result)
    assert.same({ "rejected", "fence" }, { err.outcome, err.proof })
    exchange:plan("stop", staged.lost_answer)
    assert(part(client, LONG))
    local count = 0
    for _, order in ipairs(assert(hand:get_open_conditional_orders_real_time(of()))) do
      if order.position_mode == LONG then count = count + 1 end
    end
    assert.equal(1, count)
  end)
end)

describe("the leverage in hedge mode", function()
  local function lever(who, long, short)
    return who:set_leverage(of { buy_leverage = long, sell_leverage = short })
  end

  local function leverages() return { position(LONG).leverage:key(), position(SHORT).leverage:key() } end

  it("may differ by side, and is read back from both positions", function()
    exchange:plan("setting", staged.lost_answer)
    assert(lever(client, 5, 7))
    assert.equal(1, exchange:sent "setting")
    assert.same({ "5", "7" }, leverages())
  end)

  it("that shows on one side only was not set: it is set again", function()
    assert(lever(hand, 5, 4))
    exchange:plan("setting", staged.lost_request)
    assert(lever(client, 5, 7))
    assert.equal(2, exchange:sent "setting")
    assert.same({ "5", "7" }, leverages())
  end)

  it("and other settings of one side are read from its position", function()
    exchange:plan("position/set-auto-add-margin", staged.lost_answer)
    assert(client:set_auto_add_margin { symbol = "BTCUSDT", position_mode = SHORT, auto_add_margin = "ON" })
    assert.equal(1, exchange:sent "position/set-auto-add-margin")
    assert.same({ false, true }, { position(LONG).auto_add_margin, position(SHORT).auto_add_margin })
  end)

  it("must be equal for both sides of an inverse contract", function()
    local ok, err = pcall(client.set_leverage, client, { category = "inverse", symbol = "BTCUSD", buy_leverage = 5,
      sell_leverage = 7 })
    assert.is_false(ok)
    assert.truthy(tostring(err):find("must be equal", 1, true))
  end)
end)

describe("the position mode", function()
  it("of a contract is settled by its positions", function()
    for mode, count in pairs { Hedge = 2, OneWay = 1 } do
      exchange:plan("position/switch-mode", staged.lost_answer)
      local _, err, response = client:switch_position_mode { symbol = "ETHUSDT", mode = mode }
      assert.is_nil(err)
      assert.truthy(response)
      assert.equal(count, #assert(hand:get_positions { category = "linear", symbol = "ETHUSDT" }), mode)
    end
  end)

  -- The exchange passes over contracts with a position, in silence, so that no record tells.
  it("of a coin is unknown where its answer is lost, and may be set again once no copy can act", function()
    exchange:plan("position/switch-mode", staged.lost_answer)
    local result, err = client:switch_position_mode { coin = "USDT", mode = "Hedge" }
    assert.is_nil(result)
    assert.same({ "unknown", true, true }, { err.outcome, err.final, err.retryable })
    assert(client:switch_position_mode { coin = "USDT", mode = "Hedge" })
  end)
end)

describe("get_position", function()
  it("gives the side that is asked for, and none by chance", function()
    for mode, side in ipairs { "Buy", "Sell" } do
      local record = assert(client:get_position { symbol = "BTCUSDT", position_mode = mode })
      assert.same({ mode, side, mode == LONG and "0.1" or "-0.1" }, { record.position_mode, record.side,
        record.signed_quantity:key() })
    end
    local none, err = client:get_position { symbol = "BTCUSDT" }
    assert.is_nil(none)
    assert.same({ "not_found", "BTCUSDT has no position of position_mode 0: it is in hedge mode: say position_mode = 1 for the "
      .. "long position, or 2 for the short one" }, { err.kind, err.message })
  end)

  it("names the fields that do not decode as those of the record", function()
    exchange:rewrite("read", function(body) return (body:gsub('"liqPrice":"[^"]*"', '"liqPrice":"none"')) end)
    for _, mode in ipairs { LONG, SHORT } do
      local record, _, response = client:get_position { symbol = "BTCUSDT", position_mode = mode }
      assert.same({ "none", { "liquidation_price" } }, { record.liquidation_price, response.undecoded })
    end
  end)

  it("says where a contract has one position only", function()
    local none, err = client:get_position { symbol = "ETHUSDT", position_mode = SHORT }
    assert.is_nil(none)
    assert.same({ "not_found", true }, { err.kind, err.message:find("has one position", 1, true) ~= nil })
  end)
end)

describe("an order in hedge mode", function()
  local function next_run(journal, options)
    client:close()
    exchange:calm()
    client = exchange:client(asked.with({ journal = journal }, options))
  end

  it("that closes a side goes out while earlier intents are open; one that opens is held", function()
    local journal = staged.journal()
    client:close()
    client = exchange:client { category = "linear", journal = journal }
    exchange:plan("place", staged.lost_answer)
    local _, err = client:place_order { symbol = "BTCUSDT", side = "Buy", type = "Market", quantity = "0.1", position_mode = LONG,
      deadline = 0.9, timeout = 0.9, resend = false }
    assert.equal("unknown", err.outcome)
    client:close()
    client = exchange:client { category = "linear", journal = journal }
    for side, modes in pairs { Buy = { "guard", "sent" }, Sell = { "sent", "guard" } } do
      for mode, expected in ipairs(modes) do
        local done, why = client:place_order { symbol = "BTCUSDT", side = side, type = "Market", quantity = "0.01",
          position_mode = mode }
        assert.equal(expected, done and "sent" or why.kind, side .. mode)
      end
    end
  end)

  it("is settled in its category by a client of another one", function()
    for category, options in pairs { linear = {}, inverse = { category = "linear" } } do
      local journal = staged.journal()
      client:close()
      client = exchange:client { category = category, journal = journal }
      exchange:plan("place", staged.lost_answer)
      local _, err = client:place_order(asked.with({ symbol = "BTCUSDT", side = "Buy", type = "Limit", quantity = "0.01",
        price = 29000, position_mode = LONG, deadline = 0.9, timeout = 0.9, resend = false }, options))
      exchange:plan("place", staged.lost_answer)
      local _, traded = client:place_order(asked.with({ symbol = "BTCUSDT", side = "Buy", type = "Market", quantity = "0.01",
        position_mode = LONG, deadline = 0.9, timeout = 0.9, resend = false }, options))
      assert.equal("unknown", err.outcome)
      next_run(journal, { category = category == "linear" and "inverse" or "linear" })
      local report = assert(client:reconcile())
      assert.same({ "placed", "linear", err.client_order_id, err.client_order_id }, { report.settled[1].outcome,
        report.settled[1].params.category, report.settled[1].order.client_order_id, report.live[1].client_order_id })
      assert.same({ 2, traded.client_order_id }, { #report.settled, report.trades[1].client_order_id })
    end
  end)
end)

describe("reconcile", function()
  local function place(who, category, symbol, quantity, price)
    return assert(who:place_order { category = category, symbol = symbol, side = "Buy", type = "Limit", quantity = quantity,
      price = price, position_mode = symbol == "BTCUSDT" and LONG or nil }).client_order_id
  end

  local function live(options)
    local ids = {}
    for i, order in ipairs(assert(client:reconcile(options)).live) do ids[i] = order.client_order_id end
    table.sort(ids)
    return ids
  end

  local function sorted(...)
    local list = { ... }
    table.sort(list)
    return list
  end

  for _, option in ipairs { "journal", "id_prefix" } do
    it(("lists own orders of every category and coin, by %s"):format(option), function()
      client:close()
      client = exchange:client { [option] = option == "journal" and staged.journal() or "mm" }
      local inverse, usdt = place(client, nil, "BTCUSD", 100, 29000), place(client, "linear", "BTCUSDT", "0.01", 29000)
      local usdc = place(client, "linear", "BTCPERP", "0.01", 20000)
      place(hand, "linear", "BTCUSDT", "0.01", 29000)
      assert.same(sorted(inverse, usdt, usdc), live())
      assert.same({ inverse }, live { category = "inverse" })
      assert.same(sorted(usdt, usdc), live { category = "linear" })
      assert.same({ usdt }, live { symbol = "BTCUSDT" })
    end)
  end

  it("refuses a category that there is none of", function()
    local ok, err = pcall(client.reconcile, client, { category = "spot" })
    assert.is_false(ok)
    assert.truthy(tostring(err):find("reconcile: option 'category': one of 'inverse', 'linear' expected, got spot", 1, true))
  end)
end)

describe("a journal", function()
  it("has the category of each intent, whoever said it", function()
    local path = staged.journal()
    client:close()
    client = exchange:client { category = "linear", journal = path, id_prefix = "mm" }
    assert(client:place_order { symbol = "BTCUSDT", side = "Buy", type = "Limit", quantity = "0.01", price = 29000,
      position_mode = LONG })
    assert(client:place_order { category = "inverse", symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1,
      price = 29000 })
    assert(client:cancel_all_orders { symbol = "BTCUSDT", id_prefix = "mm" })
    assert(client:create_internal_transfer { coin = "BTC", amount = "0.1", from_account_type = "UNIFIED",
      to_account_type = "FUND" })
    client:close()
    local journal <close> = require("bybit.journal").read(path)
    local found = {}
    for _, row in ipairs(journal:select {}) do
      found[#found + 1] = ("%s %s"):format(row.method, bybit.json.decode(row.params).category)
    end
    table.sort(found)
    assert.same({ "cancel_all_orders linear", "cancel_all_orders linear", "create_internal_transfer nil", "place_order inverse",
      "place_order linear" }, found)
  end)
end)
