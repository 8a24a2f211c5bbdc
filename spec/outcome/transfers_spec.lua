-- Transfers of unknown outcome: they are sent again under their id, which the exchange takes once, and are found in the list of
-- transfers.

local core = require "bybit.core"
local staged = require "spec.support.staged_exchange"

local decimal = core.decimal
local exchange, client

before_each(function()
  exchange = staged.start()
  client = exchange:client {}
end)

after_each(function()
  client:close()
  exchange:close()
  staged.clean()
end)

-- The parameters, with options of the call.
local function with(p, more)
  for k, v in pairs(more or {}) do p[k] = v end
  return p
end

local SHORT = { deadline = 0.9, timeout = 0.9 }

describe("a transfer", function()
  local ID = "42c0cfb0-6bca-4242-bc76-4e6df6cbcb16" -- V5 documentation, asset/transfer, as a UUID of version 4

  local function move(who, more)
    return who:create_internal_transfer(with({ coin = "BTC", amount = "0.05", from_account_type = "UNIFIED",
      to_account_type = "FUND" }, more))
  end

  local function funds() return exchange:books().coins.BTC.funds end

  -- The answers to transfers, or the rows of their list, have another status.
  local function status(kind, word)
    exchange:rewrite(kind, function(body) return (body:gsub('"status":"SUCCESS"', ('"status":"%s"'):format(word))) end)
  end

  for fate, copies in pairs { lost_answer = 2, lost_request = 2 } do
    it("is sent again at once under its id, and made once: " .. fate, function()
      exchange:plan("transfer", staged[fate])
      local done, err = move(client)
      assert.equal("SUCCESS", done and done.status, tostring(err))
      local sent = exchange:of_kind "transfer"
      assert.equal(copies, #sent)
      assert.equal(sent[1].params.transferId, sent[2].params.transferId)
      assert.equal(done.transfer_id, sent[1].params.transferId)
      assert.truthy(done.transfer_id:find "^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", "a UUID of version 4 (RFC 9562)")
      assert.equal("0.05", funds())
      assert.equal(0, #client:unsettled())
    end)
  end

  it("of which a late copy arrives is made once", function()
    exchange:plan("transfer", staged.late(3), staged.lost_request)
    assert(move(client))
    exchange:calm()
    assert.equal("0.05", funds())
  end)

  it("that was given up is resolved by the list", function()
    exchange:plan("transfer", staged.lost_answer)
    local _, err = move(client, SHORT)
    assert.equal("unknown", err.outcome)
    assert.is_nil(err.client_order_id)
    assert.equal(err.transfer_id, client:unsettled()[1].transfer_id)
    assert.truthy(tostring(err):find(("it may have been moved: look before repeating (transfer_id %s)"):format(err.transfer_id),
      1, true))
    local done = assert(client:resolve(err))
    assert.same({ err.transfer_id, "SUCCESS" }, { done.transfer_id, done.status })
    assert.equal(1, exchange:sent "transfer")
  end)

  it("that never arrived is resolved as not made, after its fence", function()
    exchange:plan("transfer", staged.lost_request)
    local _, err = move(client, SHORT)
    local result, later = client:resolve(err)
    assert.is_nil(result)
    assert.same({ "rejected", "fence", err.transfer_id }, { later.outcome, later.proof, later.transfer_id })
    assert.is_true(exchange:now() > staged.fence_of(exchange:of_kind("transfer")[1]) + 2 * 5000, "two searches")
  end)

  it("is not told as absent by a list of which a record has no id", function()
    assert(move(exchange.hand))
    exchange:plan("transfer", staged.lost_request)
    local _, err = move(client, SHORT)
    exchange:rewrite("read", function(body)
      return (body:gsub('"list":%[%]', '"list":[{"coin":"BTC","amount":"1","status":"SUCCESS"}]'))
    end)
    local _, later = client:resolve(err)
    assert.same({ "unknown", nil }, { later.outcome, later.final })
  end)

  it("that the exchange has taken, and the list does not show, stays unknown", function()
    exchange:plan("transfer", staged.lost_request, staged.code(131214, "transferId exist"))
    local _, err = move(client)
    assert.same({ "unknown", true, false }, { err.outcome, err.final, err.retryable })
  end)

  it("of a list that the exchange refuses is unknown, and final", function()
    exchange:always("read", staged.code(10001, "not supported"))
    exchange:plan("transfer", staged.lost_answer, staged.code(131214, "transferId exist"))
    local _, err = move(client)
    assert.same({ "unknown", true, false }, { err.outcome, err.final, err.retryable })
    assert.is_true(exchange:now() > staged.fence_of(exchange:of_kind("transfer")[1]))
  end)

  it("under a used id of the caller's is refused", function()
    assert(move(client, { transfer_id = ID }))
    local _, err = move(client, { transfer_id = ID })
    assert.same({ "rejected", "duplicate_transfer_id", ID }, { err.outcome, err.name, err.transfer_id })
    assert.equal("0.05", funds())
  end)

  it("under an id that somebody has used for another transfer is refused", function()
    assert(move(exchange.hand, { transfer_id = ID, amount = "0.01" }))
    exchange:plan("transfer", staged.lost_answer)
    local _, err = move(client, { transfer_id = ID })
    assert.same({ "rejected", "read" }, { err.outcome, err.proof })
    assert.equal("0.01", funds())
  end)

  it("under an id that somebody has used for another coin is refused", function()
    assert(move(exchange.hand, { transfer_id = ID }))
    exchange:plan("transfer", staged.lost_answer)
    local _, err = move(client, { transfer_id = ID, coin = "ETH" })
    assert.same({ "rejected", "read" }, { err.outcome, err.proof })
  end)

  it("under an id of the caller's that was made long before is that transfer", function()
    assert(move(client, { transfer_id = ID }))
    core.loop.advance(5 * 86400)
    exchange:plan("transfer", staged.lost_request)
    assert.equal("SUCCESS", assert(move(client, { transfer_id = ID })).status)
    assert.equal("0.05", funds())
  end)

  it("whose id another call used first, for another amount, is refused", function()
    exchange:plan("transfer", staged.lost_request)
    local _, err = move(client, SHORT)
    assert(move(client, { transfer_id = err.transfer_id, amount = "0.01" }))
    local result, later = client:resolve(err)
    assert.is_nil(result)
    assert.same({ "rejected", "read" }, { later.outcome, later.proof })
    assert.equal("0.01", funds())
  end)

  it("that failed is no success", function()
    status("transfer", "FAILED")
    local result, err = move(client)
    assert.is_nil(result)
    assert.same({ "exchange", "rejected" }, { err.kind, err.outcome })
    assert.truthy(tostring(err):find("the transfer failed, nothing was moved", 1, true), tostring(err))
    assert.equal(0, #client:unsettled())
  end)

  it("that failed, as the list says, is refused after its fence", function()
    exchange:plan("transfer", staged.lost_answer)
    status("read", "FAILED")
    status("transfer", "FAILED")
    local _, err = move(client)
    assert.same({ "rejected", "read" }, { err.outcome, err.proof })
    assert.is_true(exchange:now() > staged.fence_of(exchange:of_kind("transfer")[1]))
  end)

  it("of which the exchange does not know is looked up in the list", function()
    status("transfer", "STATUS_UNKNOWN")
    local done = assert(move(client))
    assert.equal("SUCCESS", done.status)
    assert.equal(1, exchange:sent "transfer")
  end)

  it("of which the list does not know either stays unknown, with its record", function()
    status("transfer", "STATUS_UNKNOWN")
    status("read", "STATUS_UNKNOWN")
    local _, err = move(client)
    assert.same({ "unknown", true, "0.05" }, { err.outcome, err.final, tostring(err.transfer.amount) })
  end)

  it("that is under way is a success, and says so", function()
    status("transfer", "PENDING")
    assert.equal("PENDING", assert(move(client)).status)
    assert.equal("SUCCESS", assert(move(client, { confirm = true })).status)
  end)

  it("whose answer is about another one is looked up", function()
    exchange:rewrite("transfer", function(body)
      return (body:gsub('"transferId":"[^"]*"', ('"transferId":"%s"'):format(ID)))
    end)
    local done = assert(move(client))
    assert.not_equal(ID, done.transfer_id)
    assert.equal(exchange:books().transfers[1].transfer_id, done.transfer_id)
    assert.equal("0.05", funds())
  end)

  it("whose answer has no id gets its own", function()
    exchange:rewrite("transfer", function(body) return (body:gsub('"transferId":"[^"]*",', "")) end)
    assert.equal(36, #assert(move(client)).transfer_id)
  end)

  it("of a program that was killed is settled by the next one", function()
    client:close()
    local journal = staged.journal()
    client = exchange:client { journal = journal }
    assert(move(client))
    exchange:plan("transfer", staged.lost_answer)
    local _, err = move(client, SHORT)
    client = exchange:come_back(client, journal)
    assert.same({ err.transfer_id, 1 }, { client:unsettled()[1].transfer_id, #client:unsettled() })
    local report = assert(client:reconcile())
    local entry = report.settled[1]
    assert.same({ "done", err.transfer_id, "0.05" }, { entry.outcome, entry.transfer_id, tostring(entry.transfer.amount) })
    assert.equal(0, #client:unsettled())
    assert.is_true(decimal(funds()):eq "0.1")
  end)

  it("is written as done into the journal when it is acknowledged", function()
    client:close()
    local path = staged.journal()
    client = exchange:client { journal = path }
    local done = assert(move(client))
    client:close()
    local journal <close> = assert(require("bybit.journal").read(path))
    local row = journal:select({})[1]
    assert.same({ "transfer", "done", done.transfer_id }, { row.kind, row.outcome, row.client_order_id })
  end)
end)
