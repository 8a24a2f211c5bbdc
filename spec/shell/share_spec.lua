-- `bybit share`, `bybit halt` and `bybit resume`: one switch for all processes on a key, from any terminal.

local bybit = require "bybit"
local cjson = require "cjson"
local command = require "spec.support.command"

describe("the command", function()
  local path, exchange, client

  before_each(function()
    path = os.tmpname()
    os.remove(path)
    exchange = bybit.paper.start { limits = { ["order/create"] = 50 }, lag = 0 }
    client = bybit.client { environment = exchange, share = path }
  end)

  after_each(function()
    client:close()
    exchange:close()
    os.remove(path)
  end)

  local function place(options)
    local order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 20000 }
    for k, v in pairs(options or {}) do order[k] = v end
    return client:place_order(order)
  end

  local function says(line, wanted, status)
    local output, errors, got = command.run(line)
    assert.has_match(wanted, output .. errors, 1, true)
    assert.equal(status or 0, got)
  end

  it("halt stops new risk before the next request, and cancels and reductions pass", function()
    local ack = assert(place())
    says("halt " .. path .. " the model is wrong", "sends nothing that adds risk")
    local sent = client:stats().requests
    local _, err = place()
    assert.same({ "guard", "not_sent" }, { err.kind, err.outcome })
    assert.has_match("(the model is wrong)", err.message, 1, true)
    assert.has_match("`bybit resume` takes that back", err.message, 1, true)
    assert.equal(sent, client:stats().requests)
    assert(client:cancel_order { symbol = "BTCUSD", order_id = ack.order_id })
    local _, reduction = place { reduce_only = true }
    assert.equal("exchange", reduction.kind) -- it was sent: there is no position
    assert.has_match("the model is wrong", client:stats().halted, 1, true)
  end)

  it("halt lets changes pass that only make an order smaller", function()
    local ack = assert(place { quantity = 100 })
    says("halt " .. path .. " x", "halted")
    assert(client:modify_order { symbol = "BTCUSD", order_id = ack.order_id, new_quantity = 50 })
    local _, err = client:modify_order { symbol = "BTCUSD", order_id = ack.order_id, new_quantity = 200 }
    assert.equal("guard", err.kind)
  end)

  it("resume takes a halt back, whoever halted", function()
    client:halt "by the client"
    says("share " .. path, "by the client")
    says("resume " .. path, "resumed")
    assert(place())
    says("resume " .. path, "it was not halted")
    says("halt " .. path .. " by the command", "halted")
    client:resume()
    assert(place())
  end)

  it("halt ends calls that wait for their turn", function()
    local waiting
    local slow <close> = bybit.client { environment = exchange, share = path, rate = { ["order/create"] = 1 } }
    local order = { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = 1, price = 20000 }
    bybit.run(function()
      assert(slow:place_order(order))
      local task = bybit.spawn(function() waiting = select(2, slow:place_order(order)) end)
      bybit.sleep(0)
      slow:halt "enough"
      task:await()
    end)
    assert.same({ "guard", "not_sent" }, { waiting.kind, waiting.outcome })
    assert.equal(1, slow:stats().requests)
  end)

  it("share tells who is there, and what is used", function()
    for _ = 1, 3 do assert(place()) end
    local output = command.run("share " .. path)
    assert.has_match("trading is not halted", output, 1, true)
    assert.has_match("order/create +3 +50 +1", output)
    local found = cjson.decode((command.run("share --json " .. path)))
    assert.equal(1, #found.members)
    local pipe <close> = io.popen "echo $PPID"
    assert.equal(tonumber(pipe:read "l"), found.members[1].pid)
    client:halt "so"
    says("share " .. path, ("HALTED by process %d"):format(found.members[1].pid))
  end)

  it("prints what others wrote without their control characters", function()
    client:halt "\27[2Jred\nline"
    local output = command.run("share " .. path)
    assert.is_nil((output:find "\27"))
    assert.has_match("?[2Jred?line", output, 1, true)
  end)

  it("says what is wrong, and makes no file", function()
    local other = path .. ".none"
    for line, wanted in pairs { ["share"] = "share SHARE", ["share a b"] = "share SHARE", ["halt " .. path] = "a reason expected",
      ["halt"] = "halt SHARE REASON", ["resume"] = "resume SHARE", ["share " .. other] = "cannot be opened",
      ["halt " .. other .. " x"] = "cannot be opened", ["resume /dev/null"] = "is no file" } do
      says(line, wanted, 2)
    end
    assert.is_nil(io.open(other))
  end)
end)
