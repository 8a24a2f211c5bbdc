-- Many orders at once: what an order costs does not grow with their number. Counted are steps of Lua's virtual machine and bytes of
-- its heap, so that the machine's speed does not matter.

local Engine = require "bybit.paper.engine"
local orders = require "bybit.paper.engine.orders"

local MANY, SAMPLE = 5000, 200

describe("with many resting orders", function()
  local engine, account, placed

  before_each(function()
    engine = Engine.new { seed = 7, now = function() return 1704067200000 end, active_orders = 10 * MANY,
      deposit = { BTC = "1000000" } }
    account, placed = engine:open_account("k", {}), 0
  end)

  local function order(fields)
    local p = { symbol = "BTCUSD", side = "Buy", orderType = "Limit", qty = "1" }
    for k, v in pairs(fields) do p[k] = v end
    return assert(orders.create(engine, account, p))
  end

  -- Each at a price of its own, in no order.
  local function rest()
    placed = placed + 1
    return order { price = tostring(5000 + placed * 7919 % 40000 * 0.5) }
  end

  local function steps(f)
    local n = 0
    debug.sethook(function() n = n + 100 end, "", 100)
    for _ = 1, SAMPLE do f() end
    debug.sethook()
    return n / SAMPLE
  end

  local CHANGES = {
    ["placing and cancelling"] = function()
      orders.cancel(engine, account, { symbol = "BTCUSD", orderId = rest().id })
    end,
    ["placing, amending and cancelling"] = function()
      local id = rest().id
      assert(orders.amend(engine, account, { symbol = "BTCUSD", orderId = id, price = "4000", qty = "2" }))
      orders.cancel(engine, account, { symbol = "BTCUSD", orderId = id })
    end,
    ["opening and closing a position"] = function()
      order { orderType = "Market" }
      order { orderType = "Market", side = "Sell" }
    end,
    ["a stop that is set and taken back"] = function()
      local id = order { price = "4000", triggerPrice = "31000", triggerDirection = 1 }.id
      orders.cancel(engine, account, { symbol = "BTCUSD", orderId = id })
    end,
    ["a price that moves"] = function() engine:set_price("BTCUSD", 30000 + placed % 7) end,
  }

  for name, change in pairs(CHANGES) do
    it(name .. " takes at most twice the steps that it takes with few", function()
      for _ = 1, 50 do rest() end
      change()
      local few = steps(change)
      while placed < MANY do rest() end
      local many = steps(change)
      assert.is_true(many < 2 * few, ("%.0f steps with few orders, %.0f with %d"):format(few, many, MANY))
    end)
  end

  it("each takes less than a kilobyte", function()
    for _ = 1, 100 do rest() end
    collectgarbage()
    local before = collectgarbage "count"
    for _ = 1, MANY do rest() end
    collectgarbage()
    local each = (collectgarbage "count" - before) * 1024 / MANY
    assert.is_true(each < 1000, ("%.0f bytes"):format(each))
  end)
end)
