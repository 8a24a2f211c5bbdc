-- Eight processes that trade on one key against the limits of the paper exchange, without a refusal; also while one of them is killed
-- each second. SHARE_SECONDS=60 makes a long run, which also says how much of the rate they use: the short one only wants half, since
-- it must not fail on a busy machine.

local bybit = require "bybit"
local crowd = require "spec.support.crowd"

local LONG = math.tointeger(tonumber(os.getenv "SHARE_SECONDS"))
local SECONDS = LONG or 4
local WORKERS, LIMIT = 8, 10 -- orders a second, the exchange's own limit

describe(("%d processes on one key, for %d s"):format(WORKERS, SECONDS), function()
  local exchange, share, notes

  before_each(function()
    exchange = bybit.paper.start { lag = 0 }
    share, notes = os.tmpname(), os.tmpname()
    os.remove(share)
  end)

  after_each(function()
    exchange:close()
    os.remove(share)
    os.remove(notes)
  end)

  local function run(more)
    local site = { exchange = exchange, share = share, notes = notes, workers = WORKERS, seconds = SECONDS }
    for k, v in pairs(more or {}) do site[k] = v end
    local placed, wrong, seconds = crowd.run(site)
    assert.same({}, wrong)
    return placed / (LIMIT * seconds)
  end

  local function check(used, wanted)
    if LONG then print(("used %.1f %%"):format(used * 100)) end
    assert.is_true(used >= (LONG and wanted or 0.5), used)
    assert.is_true(used <= 1 + 1 / SECONDS, used)
  end

  it("are never refused, and use at least 95 % of what they may", function() check(run(), 0.95) end)

  it("do so too while one of them is killed each second", function() check(run { kill = 1, random = math.random }, 0.95) end)
end)
