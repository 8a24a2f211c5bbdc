-- The synthetic market favours neither side: a strategy must not win only by being short.
local core = require "bybit.core"
local instruments = require "bybit.paper.engine.instruments"
local Market = require "bybit.paper.engine.market"

describe("the walk of a paper market", function()
  it("ends above where it began about as often as below", function()
    local above, below = 0, 0
    for seed = 1, 200 do
      local market = Market.new(instruments.compile {}, core.random(seed), 0)
      local start = market.last
      for _ = 1, 500 do market:walk() end
      if market.last > start then above = above + 1 elseif market.last < start then below = below + 1 end
    end
    assert(above > 70 and below > 70, ("%d above, %d below"):format(above, below))
  end)

  it("is the same whether or not somebody looks at the book", function()
    local ends = {}
    for _, looks in ipairs { false, true } do
      local market = Market.new(instruments.compile {}, core.random(7), 0)
      for _ = 1, 100 do
        market:walk()
        if looks then assert.equal(25, #table.pack(table.unpack(market:levels "Sell", 1, 25))) end
      end
      ends[#ends + 1] = market.last
    end
    assert.equal(ends[1], ends[2])
  end)

  it("has the touch where the best level is, whether that was made or not", function()
    local market = Market.new(instruments.compile {}, core.random(7), 0)
    for _, side in ipairs { "Buy", "Sell" } do
      local touch = market:touch(side)
      assert.equal(touch, market:best_level(side).ticks)
      assert.equal(touch, market:touch(side))
    end
  end)
end)
