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
      for _ = 1, 500 do market:walk(0) end
      if market.last > start then above = above + 1 elseif market.last < start then below = below + 1 end
    end
    assert(above > 70 and below > 70, ("%d above, %d below"):format(above, below))
  end)
end)
