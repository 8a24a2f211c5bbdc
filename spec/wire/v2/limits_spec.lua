-- The client's limiter on the v2 wire: a number of requests per minute for each symbol, corrected by the answers.

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

  it("are kept by the client alone: 100 orders a minute are sent, the next one waits for the end of the minute", function()
    start(false) -- only the client counts
    local began = exchange:now()
    for _ = 1, 100 do assert(client:place_order(limit { quantity = 1 })) end
    assert.is_true(exchange:now() - began < 1000)
    assert(client:place_order(limit { quantity = 1, deadline = 90 }))
    assert.is_true(exchange:now() - began >= 60000)
    assert.is_true(exchange:now() - began < 61000)
  end)

  it("are separate for each symbol", function()
    start(false)
    for _ = 1, 100 do assert(client:place_order(limit { quantity = 1 })) end
    local began = exchange:now()
    assert(client:place_order(limit { symbol = "ETHUSD", price = 1000 }))
    assert.is_true(exchange:now() - began < 1000)
    local budget = client:budget()
    assert.same({ 100, 0 }, { budget["order BTCUSD"].limit, budget["order BTCUSD"].left })
    assert.equal(99, budget["order ETHUSD"].left)
  end)

  it("count a cancel-all ten times", function()
    start(false)
    assert(client:cancel_all_orders(of()))
    assert.equal(90, client:budget()["order BTCUSD"].left)
    assert(client:cancel_order(of { order_id = assert(client:place_order(limit())).order_id }))
    assert.equal(88, client:budget()["order BTCUSD"].left)
  end)

  it("are learned from the answers: the limit, and what other programs with the same key used", function()
    start { ["v2/order"] = 30 }
    local other <close> = bybit.client { environment = exchange, api = "v2", rate = false }
    assert(client:place_order(limit()))
    for _ = 1, 9 do assert(other:place_order(limit { quantity = 1 })) end
    assert(client:place_order(limit()))
    local budget = client:budget()["order BTCUSD"]
    assert.same({ 30, 19 }, { budget.limit, budget.left })
    for _ = 1, 18 do assert(other:place_order(limit { quantity = 1 })) end
    assert(client:place_order(limit()))
    assert.equal(0, client:budget()["order BTCUSD"].left, "that nothing is left is heard, too")
  end)

  it("make a refused call wait until the moment that the answer names, and no longer", function()
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

  it("refused all the same hold back the next call of the symbol as well, and no call of another", function()
    start({ ["v2/order"] = 5 }, { rate = "fail" })
    local other <close> = bybit.client { environment = exchange, api = "v2", rate = false }
    for _ = 1, 5 do assert(other:place_order(limit { quantity = 1 })) end
    local _, refused = client:place_order(limit())
    assert.same({ "rate_limit", 1 }, { refused.kind, refused.attempts })
    local _, held = client:place_order(limit())
    assert.same({ "rate_limit", "not_sent", 0 }, { held.kind, held.outcome, held.attempts })
    assert.is_true(held.retry_after > 50 and held.retry_after <= 60)
    assert(client:place_order(limit { symbol = "ETHUSD", price = 1000 }))
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
