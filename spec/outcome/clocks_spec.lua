-- Clocks: whatever the local clock shows, and however it jumps, a call's outcome is true. The exchange refuses a wrong timestamp;
-- such an attempt did nothing, and its timestamp does not tell when the order was made.

local bybit = require "bybit"
local core = require "bybit.core"
local asked = require "spec.support.asked"
local staged = require "spec.support.staged_exchange"

local of, limit, conditional = asked.of, asked.limit, asked.conditional
local HOUR = 3600000

for _, api in ipairs(staged.WIRES) do describe("on " .. api .. ", a local clock", function()
  local exchange

  -- The staged exchange, and a client whose clock is that many ms ahead.
  local function stage(ahead, options)
    exchange = staged.start { ahead = ahead }
    local o = { api = api }
    for k, v in pairs(options or {}) do o[k] = v end
    return exchange:client(o)
  end

  after_each(function()
    exchange:close()
    staged.clean()
  end)

  -- Another program opens a position that can be protected.
  local function open_position()
    assert(exchange.hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }))
  end

  for name, ahead in pairs { ["4 s ahead"] = 4000, ["5 hours ahead"] = 5 * HOUR, ["5 hours behind"] = -5 * HOUR } do
    for what, case in pairs {
      ["an order with an id that we make"] = { "place_order", limit() },
      ["an order with the caller's id"] = { "place_order", limit { client_order_id = "mine-1" } },
      ["a conditional order"] = { "place_conditional_order", conditional { client_order_id = "mine-1" } },
    } do
      it(("%s: the first attempt of %s is refused, the second one's answer is lost: it is reported as placed"):format(name, what),
        function()
          local client <close> = stage(ahead)
          exchange:plan("place", staged.well, staged.lost_answer)
          local ack, err = client[case[1]](client, case[2])
          assert.is_nil(err)
          local order = exchange:order(ack.order_id)
          assert.is_true(order.open)
          assert.equal(ack.client_order_id, order.client_order_id)
          assert.equal(0, #client:unsettled())
        end)
    end
  end

  it("4 s ahead: the journal agrees: a live order is not listed as unsettled, and reconcile reports it", function()
    local journal = staged.journal()
    local id
    do
      local client <close> = stage(4000, { journal = journal })
      exchange:plan("place", staged.well, staged.lost_answer)
      id = assert(client:place_order(limit())).client_order_id
    end
    local client <close> = exchange:client { api = api, journal = journal }
    assert.equal(0, #client:unsettled())
    local report = assert(client:reconcile { symbol = "BTCUSD" })
    assert.same({ 1, id }, { #report.live, report.live[1].client_order_id })
  end)

  it("5 hours behind: an older order with the caller's id is somebody else's", function()
    local client <close> = stage(-5 * HOUR)
    assert(exchange.hand:place_order(limit { client_order_id = "mine-1" }))
    core.loop.advance(3600)
    exchange:plan("place", staged.well, staged.lost_request) -- refused as late; lost; then refused, since the id is taken
    local ack, err = client:place_order(limit { client_order_id = "mine-1" })
    assert.is_nil(ack)
    assert.same({ "rejected", bybit.codes.duplicate_client_order_id }, { err.outcome, err.name })
    assert.equal(1, exchange:count "mine-1")
  end)

  for name, ahead in pairs { ["5 hours ahead"] = 5 * HOUR, ["5 hours behind"] = -5 * HOUR } do
    it(name .. ": a stop that was set is reported as set", function()
      local client <close> = stage(ahead)
      open_position()
      exchange:plan("stop", staged.well, staged.lost_answer)
      local done, err = client:set_trading_stop(of { stop_loss_price = 28000 })
      assert.is_nil(err)
      assert.truthy(done)
      assert.equal("28000", exchange:stop_at "StopLoss")
    end)

    it(name .. ": a stop that was set, and has fired since, is never reported as not set", function()
      local client <close> = stage(ahead)
      open_position()
      exchange:plan("stop", staged.well, staged.then_lost(function() exchange:command("set_price", "BTCUSD", "27900", {}) end))
      local done, err = client:set_trading_stop(of { stop_loss_price = 28000 })
      assert.is_true(done ~= nil or err.outcome == "unknown", tostring(err))
    end)

    for fate, price in pairs { lost_answer = "28000", lost_request = "28500" } do
      it(("%s: an amendment (%s) that was made is reported as made; otherwise it is made again"):format(name, fate), function()
        local client <close> = stage(ahead)
        local id = assert(exchange.hand:place_order(limit())).order_id
        core.loop.advance(60)
        exchange:plan("amend", staged.well, staged[fate])
        local ack, err = client:modify_order(of { order_id = id, new_price = price })
        assert.is_nil(err)
        assert.equal(id, ack.order_id)
        assert.equal(price, exchange:order(id).price)
      end)
    end

    it(name .. ": a cancellation ends with a known outcome", function()
      local client <close> = stage(ahead)
      local id = assert(exchange.hand:place_order(limit())).order_id
      exchange:plan("cancel", staged.well, staged.lost_answer)
      assert(client:cancel_order(of { order_id = id }))
      assert.equal("Cancelled", exchange:order(id).status)
    end)
  end

  if api == "v5" then
    for name, ahead in pairs { ["5 hours ahead"] = 5 * HOUR, ["5 hours behind"] = -5 * HOUR } do
      it(name .. ": a stop for a part is reported as set if it was set, and as not set otherwise", function()
        for _, fate in ipairs { "lost_answer", "lost_request" } do
          local client <close> = stage(ahead)
          open_position()
          core.loop.advance(60)
          exchange:plan("stop", staged.well, staged[fate])
          local done, err = client:set_trading_stop(of { stop_loss_price = 28000, stop_loss_quantity = 50 })
          if fate == "lost_answer" then
            assert.is_nil(err)
            assert.truthy(done)
          else
            assert.is_nil(done)
            assert.same({ "rejected", "fence" }, { err.outcome, err.proof })
          end
          exchange:close()
        end
        exchange = staged.start()
      end)
    end
  end

  it("5 hours ahead: a lost order is proved absent ten minutes later, not five hours", function()
    local client <close> = stage(5 * HOUR)
    exchange:plan("place", staged.lost_request)
    local _, err = client:place_order(limit { resend = false, deadline = 2 })
    assert.equal("unknown", err.outcome)
    core.loop.advance(601)
    local ack, why = client:resolve(err)
    assert.is_nil(ack)
    assert.same({ "rejected", "fence" }, { why.outcome, why.proof })
    assert.equal(0, #client:unsettled())
  end)

  it("5 hours ahead: a killed run holds back calls that add risk for ten minutes, not for five hours", function()
    local journal, left = staged.journal(), nil
    do
      local client <close> = stage(5 * HOUR, { journal = journal })
      exchange:plan("place", staged.meanwhile(function() left = staged.killed(journal) end, staged.lost_request))
      client:place_order(limit { resend = false, deadline = 2 })
    end
    exchange:set_clock(0) -- the clock was corrected
    local client <close> = exchange:client { api = api, journal = left }
    assert.equal(1, #client:unsettled())
    core.loop.advance(601)
    local report = assert(client:reconcile { symbol = "BTCUSD" })
    assert.same({ 1, 0 }, { #report.settled, #report.unsettled })
    assert.same({ "rejected", "fence" }, { report.settled[1].outcome, report.settled[1].proof })
    assert(client:place_order(limit()))
  end)

  for name, step in pairs { forward = 5 * HOUR, back = -5 * HOUR } do
    it(("that is set five hours %s in the middle of a call changes no outcome"):format(name), function()
      local function jump() exchange:set_clock(step) end
      local client <close> = stage(0)
      open_position()
      local id = assert(client:place_order(limit())).order_id
      exchange:plan("place", staged.then_lost(jump))
      assert(client:place_order(limit { client_order_id = "mine-1" }))
      exchange:set_clock(0)
      exchange:plan("amend", staged.then_lost(jump))
      assert.equal(id, assert(client:modify_order(of { order_id = id, new_price = 28000 })).order_id)
      exchange:set_clock(0)
      exchange:plan("stop", staged.then_lost(jump))
      assert(client:set_trading_stop(of { stop_loss_price = 28000 }))
      exchange:set_clock(0)
      exchange:plan("place", staged.meanwhile(jump, staged.lost_request))
      local ack, err = client:place_order(limit { resend = false })
      assert.is_nil(ack)
      assert.same({ "rejected", "fence" }, { err.outcome, err.proof })
    end)
  end
end) end
