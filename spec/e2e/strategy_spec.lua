-- The tools of strategies over real HTTP, on the paper exchange.

local bybit = require "bybit"

describe("a strategy's tools", function()
  local exchange, client

  before_each(function()
    exchange = assert(bybit.paper.start { clock = "manual", seed = 7 })
    exchange:set_price("BTCUSD", 30000)
    client = bybit.client { environment = exchange, id_prefix = "mm" }
  end)
  after_each(function()
    client:close()
    exchange:close()
  end)

  it("keep two quotes, and learn of a fill", function()
    local function quotes(bid, ask)
      return client:sync_orders { symbol = "BTCUSD", { tag = "bid", side = "Buy", quantity = 100, price = bid },
        { tag = "ask", side = "Sell", quantity = 100, price = ask } }
    end
    local result = assert(quotes(29900, 30100))
    local id = result.placed[1].client_order_id
    assert.truthy(id:find "^mm%-%a+%-%d+$")
    bybit.run(function()
      bybit.spawn(function()
        bybit.sleep(3)
        exchange:set_price("BTCUSD", 29899)
      end)
      local order = assert(client:await_order { symbol = "BTCUSD", client_order_id = id })
      assert.same({ "Filled", "Buy" }, { order.status, order.side })
    end)
    result = assert(quotes(29800, 30000))
    assert.same({ 1, 1, 0 }, { #result.placed, #result.modified, #result.cancelled })
    assert.equal(2, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
    assert(client:sync_orders { symbol = "BTCUSD" })
    assert.equal(0, #assert(client:get_open_orders_real_time { symbol = "BTCUSD" }))
  end)
end)
