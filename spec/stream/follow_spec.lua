-- client:follow: what it tells of the account, each fill once, whatever the stream does; what a bookmark holds; and polling.

local bybit = require "bybit"
local core = require "bybit.core"
local paper = require "bybit.paper"

describe("client:follow", function()
  local exchange, client

  local function start(options, of_client)
    local all = { seed = 1, clock = "manual", limits = false }
    for k, v in pairs(options or {}) do all[k] = v end
    exchange = paper.start(all)
    local given = { environment = exchange }
    for k, v in pairs(of_client or {}) do given[k] = v end
    client = bybit.client(given)
  end

  before_each(function() start() end)

  after_each(function()
    assert.same({}, exchange:errors())
    client:close()
    exchange:close()
  end)

  -- The next event, or nil at the end of the loop; `close` ends it.
  local function open(params, on)
    local step, state, _, closer = (on or client):follow(params)
    return function() return step(state) end, function() getmetatable(closer).__close(closer) end
  end

  -- Takes events until one of this kind comes; returns it, and those before it.
  local function until_kind(next_event, kind, f)
    local before = {}
    for _ = 1, 10000 do
      local event = next_event()
      if event.kind == kind and (not f or f(event)) then return event, before end
      before[#before + 1] = event
    end
    error("no " .. kind)
  end

  local function buy(quantity, more)
    local order = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = quantity or 10 }
    for k, v in pairs(more or {}) do order[k] = v end
    return assert(client:place_order(order))
  end

  local function trades_of(events, list)
    list = list or {}
    for _, event in ipairs(events) do
      if event.trade then list[#list + 1] = event end
    end
    return list
  end

  -- The ids of the exchange's own executions, oldest first.
  local function executions()
    local ids = {}
    for i, row in ipairs(exchange:books().executions) do ids[i] = row.execution_id end
    return ids
  end

  local function ids_of(events)
    local ids = {}
    for i, event in ipairs(events) do ids[i] = event.trade.trade_id end
    return ids
  end

  for _, streams in ipairs(core.link.available() and { true, false } or { false }) do
    describe(streams and "over streams" or "by polling", function()
      before_each(function()
        client:close()
        exchange:close()
        start(nil, { streams = streams })
      end)

      it("tells trades, orders, positions and the wallet, as the methods that read give them", function()
        local next_event, close = open { symbol = "BTCUSD" }
        until_kind(next_event, "live")
        local ack = buy(10)
        local found, missing = {}, { trade = true, order = true, position = true, wallet = true }
        for _ = 1, 100 do
          if not next(missing) then break end
          local event = next_event()
          missing[event.kind] = nil
          found[event.kind] = event
        end
        close()
        assert.same({ ack.order_id, "Filled", "BTCUSD" },
          { found.order.order.order_id, found.order.order.status, found.order.symbol })
        local trade = assert(client:get_user_trades { symbol = "BTCUSD" })[1]
        assert.equal(trade.trade_id, found.trade.trade.trade_id)
        assert.equal(tostring(trade.fee), tostring(found.trade.trade.fee))
        assert.equal("10", tostring(found.position.position.quantity))
        local balance = assert(client:get_balance { coin = "BTC" })
        for _, coin in ipairs(found.wallet.wallet.coins) do
          if coin.coin == "BTC" then assert.equal(tostring(balance.wallet_balance), tostring(coin.wallet_balance)) end
        end
      end)

      it("begins with how orders and positions stand", function()
        local ack = buy(10)
        local resting = buy(5, { type = "Limit", price = 29000 })
        local next_event, close = open { symbol = "BTCUSD" }
        local _, before = until_kind(next_event, "live")
        close()
        local kinds = {}
        for _, event in ipairs(before) do kinds[event.kind] = event end
        assert.is_nil(kinds.trade, "what was before it began is not told")
        assert.equal(resting.order_id, kinds.order.order.order_id)
        assert.equal("10", tostring(kinds.position.position.quantity))
        assert.not_equal(ack.order_id, resting.order_id)
      end)

      it("goes on from a bookmark: each fill once, also those of the time between", function()
        local all = {}
        local next_event, close = open { symbol = "BTCUSD" }
        until_kind(next_event, "live")
        local mark
        for i = 1, 3 do buy(i) end
        for _ = 1, 2 do
          all[#all + 1] = until_kind(next_event, "trade")
          mark = all[#all].bookmark
        end
        close()
        for i = 4, 6 do buy(i) end
        next_event, close = open { symbol = "BTCUSD", since = mark }
        local _, before = until_kind(next_event, "live")
        trades_of(before, all)
        buy(7)
        all[#all + 1] = until_kind(next_event, "trade")
        close()
        assert.same(executions(), ids_of(all))
      end)
    end)
  end
end)
