-- The client's own limiter on the v2 wire: so many requests a minute, for each symbol, corrected by what answers say.

local asked = require "spec.support.asked"
local bybit = require "bybit"
local trading = require "spec.support.trading"

local of, limit = asked.of, asked.limit

describe("the limits of v2", function()
  local exchange, client

  local function start(limits, options)
    local o = { api = "v2", rate = "wait" }
    for k, v in pairs(options or {}) do o[k] = v end
    exchange, client = trading.start(o, { limits = limits })
  end

  after_each(function()
    client:close()
    exchange:close()
  end)

  it("hold by themselves: 100 orders a minute go, the next one waits for the minute's end", function()
    start(false) -- nobody counts but the client
    local began = exchange:now()
    for _ = 1, 100 do assert(client:place_order(limit { quantity = 1 })) end
    assert.is_true(exchange:now() - began < 1000)
    assert(client:place_order(limit { quantity = 1, deadline = 90 }))
    assert.is_true(exchange:now() - began >= 60000)
    assert.is_true(exchange:now() - began < 61000)
  end)

  it("belong to each symbol", function()
    start(false)
    for _ = 1, 100 do assert(client:place_order(limit { quantity = 1 })) end
    local began = exchange:now()
    assert(client:place_order(limit { symbol = "ETHUSD", price = 1000 }))
    assert.is_true(exchange:now() - began < 1000)
    local budget = client:budget()
    assert.same({ 100, 0 }, { budget["order BTCUSD"].limit, budget["order BTCUSD"].left })
    assert.equal(99, budget["order ETHUSD"].left)
  end)

  it("count a cancellation of all ten times", function()
    start(false)
    assert(client:cancel_all_orders(of()))
    assert.equal(90, client:budget()["order BTCUSD"].left)
    assert(client:cancel_order(of { order_id = assert(client:place_order(limit())).order_id }))
    assert.equal(88, client:budget()["order BTCUSD"].left)
  end)

  it("are learned from the answers: the limit, and what others with the same key used", function()
    start { ["v2/order"] = 30 }
    local other <close> = bybit.client { environment = exchange, api = "v2", rate = false }
    assert(client:place_order(limit()))
    for _ = 1, 9 do assert(other:place_order(limit { quantity = 1 })) end
    assert(client:place_order(limit()))
    local budget = client:budget()["order BTCUSD"]
    assert.same({ 30, 19 }, { budget.limit, budget.left })
  end)

  it("refused all the same are waited for until the moment that the answer says, and no longer", function()
    start { ["v2/order"] = 5 }
    local other <close> = bybit.client { environment = exchange, api = "v2", rate = false }
    local began = exchange:now()
    for _ = 1, 5 do assert(other:place_order(limit { quantity = 1 })) end
    exchange:advance(20)
    local _, _, response = assert(client:place_order(limit { deadline = 90 }))
    assert.is_true(exchange:now() - began >= 60000)
    assert.is_true(exchange:now() - began < 61000)
    assert.equal(2, response.attempts)
    for _ = 1, 4 do assert(other:place_order(limit { quantity = 1 })) end
    local placed, err = other:place_order(limit { deadline = 10 })
    assert.is_nil(placed)
    assert.same({ "rate_limit", "rejected", bybit.codes.rate_limited }, { err.kind, err.outcome, err.name })
    assert.is_true(err.retry_after > 50 and err.retry_after <= 60)
  end)

  it("can be set lower by the user, for each symbol", function()
    start(false, { rate = { order = 3 } })
    for _ = 1, 3 do assert(client:place_order(limit { quantity = 1 })) end
    assert.equal(0, client:budget()["order BTCUSD"].left)
    assert(client:place_order(limit { symbol = "ETHUSD", price = 1000 }))
    local ok, message = pcall(bybit.client, { environment = exchange, api = "v2", rate = { ["order/create"] = 1 } })
    assert.is_false(ok)
    assert.truthy(message:find("no group 'order/create'", 1, true), message)
  end)
end)
