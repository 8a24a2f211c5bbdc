-- client:follow in long runs, in their short form (`make follow` is the long one): each fill once, whatever goes wrong, and however
-- often the program is killed.

local core = require "bybit.core"

describe("client:follow in a long run", function()
  if core.link.available() then
    it("gives out each fill once, each order's in their order, while lines, frames and history fail", function()
      local follow_run = require "spec.support.follow_run"
      local figures = follow_run.run { fills = 900, round = 300, seed = 11, restart = 0.01 }
      assert.same({ lost = 0, twice = 0, foreign = 0, out_of_order = 0 }, { lost = figures.lost, twice = figures.twice,
        foreign = figures.foreign, out_of_order = figures.out_of_order })
      assert.same({}, figures.errors)
      assert.is_true(figures.fills >= 900 and figures.restarts > 0)
      assert.is_true(figures.longest > 0 and figures.longest < 16384)
    end)
  else
    it("gives out each fill once over streams", function() pending "this build is without libwslay" end)
  end

  it("loses nothing and tells nothing twice when its program is killed at any moment", function()
    local figures = require("spec.support.follow_kills").run { fills = 150, seed = 3, lives = 6, life = 0.3 }
    assert.same({ lost = 0, twice = 0, foreign = 0, out_of_order = 0 }, { lost = figures.lost, twice = figures.twice,
      foreign = figures.foreign, out_of_order = figures.out_of_order })
    assert.same({}, figures.errors)
    assert.is_true(figures.fills >= 150 and figures.kills > 6)
    assert.is_true(figures.longest > 0 and figures.longest < 16384)
  end)
end)
