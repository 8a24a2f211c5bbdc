-- What every method takes besides its own parameters, and what is the same for every method: all are tried.

local bybit = require "bybit"
local common = require "bybit.wire.common"
local endpoints = require "bybit.wire.v5.endpoints"
local methods = require "spec.support.methods"
local reads = require "spec.support.reads"
local writes = require "spec.support.writes"

-- One order, so that a method that reads one finds it.
local ONE = methods.one

-- Option -> wrong values with their messages.
local WRONG = {
  receive_window = {
    { 5, "milliseconds, at least 100 (this looks like seconds) expected, got 5 (number)" },
    { 60001, "at most 60000 expected, got 60001 (number)" },
    { "5000", "an integer expected, got '5000' (string)" } },
  timeout = { { 5000, "seconds, at most 600 (this looks like milliseconds) expected, got 5000 (number)" },
    { 0, "seconds above 0 expected, got 0 (number)" }, { "5", "seconds expected, got '5' (string)" } },
  connect_timeout = { { -1, "seconds above 0 expected, got -1 (number)" } },
  deadline = { { 30000, "seconds, at most 600 (this looks like milliseconds) expected, got 30000 (number)" },
    { 0 / 0, "seconds above 0 expected, got " .. tostring(0 / 0) .. " (number)" } },
  cancel = { { true, "a cancel token expected, got true (boolean)" } },
  raw = { { 1, "true or false expected, got 1 (number)" } },
  extra = { { "x=1", "a table expected, got 'x=1' (string)" } },
  resend = { { 0, "true or false expected, got 0 (number)" } },
  confirm = { { "yes", "true or false expected, got 'yes' (string)" } },
}

describe("every method", function()
  it("of the interface exists; all others are in reads_spec, writes_spec and batch_spec", function()
    for name, row in pairs(endpoints) do
      assert.truthy(row.internal or methods.least[name] or reads[name] or writes[name] or row.elements, name)
    end
    for _, name in ipairs(methods.names) do assert.truthy(endpoints[name] and not endpoints[name].internal, name) end
  end)

  it("has a wrong value in this spec for each of its options", function()
    for _, p in ipairs(common) do assert.truthy(WRONG[p[1]], p[1]) end
  end)

  it("has a doc text, a source, and a doc text for each parameter", function()
    for name, row in pairs(endpoints) do
      assert.truthy(row.doc:find "%.$", name)
      assert.truthy(row.source:find "^V5 documentation, ", name)
      for _, p in ipairs(row.params) do assert.truthy(p.doc:find "%.$", name .. "." .. p[1]) end
    end
    for _, p in ipairs(common) do assert.truthy(p.doc:find "%.$", p[1]) end
  end)

  it("changes something exactly where it is a POST, on both wires", function()
    for _, rows in ipairs { endpoints, (require "bybit.wire.v2.endpoints") } do
      for name, row in pairs(rows) do assert.equal(row.verb == "POST", row.changes or false, name) end
    end
  end)

  it("says one limit for one rate group, on both wires", function()
    for _, rows in ipairs { endpoints, (require "bybit.wire.v2.endpoints") } do
      local limits = {}
      for name, row in pairs(rows) do
        if row.group then
          limits[row.group] = limits[row.group] or row.limit
          assert.equal(limits[row.group], row.limit, name)
        end
      end
    end
  end)

  -- No declared name is a Lua keyword, so that {name = value} can always be written.
  it("has names that can be written in a table", function()
    for name, row in pairs(endpoints) do
      for _, p in ipairs(row.params) do
        for _, word in ipairs { p[1], p.also } do
          assert.truthy(word:find "^%l[%l_]*$" and load("return {" .. word .. "=1}"), name .. "." .. word)
        end
      end
    end
  end)
end)

for _, name in ipairs(methods.names) do
  local verb, path, _, payload = table.unpack(methods.least[name])

  describe(name, function()
    local function call(more, answer)
      local client, sent = methods.client(answer or ONE)
      local result, err, response = client[name](client, methods.params(name, more))
      client:close()
      return result, err, response, sent
    end

    it("sends its smallest call as documented, signed", function()
      local result, err, response, sent = call()
      assert.truthy(result, tostring(err))
      assert.same({ verb, path, payload }, { methods.parts(sent[1]) })
      assert.equal("paperKey0123456789", methods.header(sent[1], "X-BAPI-API-KEY"))
      assert.equal("5000", methods.header(sent[1], "X-BAPI-RECV-WINDOW"))
      assert.truthy(methods.header(sent[1], "X-BAPI-SIGN"):find "^%x+$")
      assert.equal(200, response.status)
    end)

    it("takes receive_window", function()
      local _, _, _, sent = call { receive_window = 9000 }
      assert.equal("9000", methods.header(sent[1], "X-BAPI-RECV-WINDOW"))
      assert.same({ verb, path, payload }, { methods.parts(sent[1]) })
    end)

    it("takes timeout, connect_timeout and deadline, and does not send them", function()
      local _, _, _, sent = call { timeout = 2.5, connect_timeout = 1, deadline = 20 }
      assert.equal(2.5, sent[1].timeout)
      assert.same({ verb, path, payload }, { methods.parts(sent[1]) })
    end)

    it("takes a cancel token, and sends nothing once it is cancelled", function()
      local token = bybit.cancel_token()
      assert.truthy((call { cancel = token }))
      token:cancel()
      local result, err, _, sent = call { cancel = token }
      assert.is_nil(result)
      assert.equal("cancelled", err.kind)
      assert.equal(name, err.method)
      assert.equal(verb == "POST" and "not_sent" or nil, err.outcome)
      assert.equal(0, #sent)
    end)

    it("keeps the answer's text with raw = true", function()
      local _, _, response, sent = call { raw = true }
      assert.equal(sent[#sent].answer, response.raw)
      _, _, response = call()
      assert.is_nil(response.raw)
    end)

    it("sends extra fields last, sorted, and refuses declared names in them", function()
      local _, _, _, sent = call { extra = { zeta = "z", alpha = 1, Beta = true } }
      local _, _, bytes = methods.parts(sent[1])
      assert.equal(verb == "POST" and payload:sub(1, -2) .. ',"Beta":true,"alpha":1,"zeta":"z"}'
        or payload .. "&Beta=true&alpha=1&zeta=z", bytes)
      for wire, message in pairs {
        symbol = "'extra' names 'symbol', which is the parameter 'symbol'",
        category = "'extra' names 'category', which is set already",
      } do
        local client <close>, none = methods.client(ONE)
        assert.equal(("%s: %s"):format(name, message),
          methods.refusal(client, name, methods.params(name, { extra = { [wire] = "x" } })))
        assert.equal(0, #none)
      end
    end)

    for option, list in pairs(WRONG) do
      for _, case in ipairs(list) do
        it(("refuses %s = %s"):format(option, tostring(case[1])), function()
          local client <close>, sent = methods.client(ONE)
          assert.equal(("%s: parameter '%s': %s"):format(name, option, case[2]),
            methods.refusal(client, name, methods.params(name, { [option] = case[1] })))
          assert.equal(0, #sent)
        end)
      end
    end

    it("refuses an argument that is not a table, a second argument, and an unknown parameter", function()
      local client <close>, sent = methods.client(ONE)
      assert.equal(name .. ": a table of parameters expected, got string", methods.refusal(client, name, "BTCUSD"))
      local ok, err = pcall(client[name], client, methods.params(name), {})
      assert.is_false(ok)
      assert.truthy(err:find(name .. ": one table of parameters expected, got more arguments", 1, true), err)
      assert.equal(name .. ": unknown parameter 'smybol', did you mean 'symbol', which is given already?",
        methods.refusal(client, name, methods.params(name, { smybol = "BTCUSD" })))
      assert.equal(name .. ": unknown parameter 'recv_window': here it is 'receive_window'",
        methods.refusal(client, name, methods.params(name, { recv_window = 5000 })))
      assert.equal(name .. ": parameters have names: there is no place for a value at [1]",
        methods.refusal(client, name, methods.params(name, { "BTCUSD" })))
      ok, err = pcall(client[name], methods.params(name))
      assert.is_false(ok)
      assert.truthy(err:find(("%s: called with '.' in place of ':': write client:%s{...}"):format(name, name), 1, true))
      assert.equal(0, #sent)
    end)

    it("leaves the caller's table as it was", function()
      local given, copy = methods.params(name), methods.params(name)
      local client <close> = methods.client(ONE)
      assert(client[name](client, given))
      assert.same(copy, given)
    end)

    it("keeps undeclared fields; a field that does not decode does not affect the others", function()
      if name == "set_trading_stop" then return end -- its answer is empty
      -- One of the ids is odd, but not the exchange's id, which identifies the order.
      local field, order = "client_order_id", '"brandNew":"x","orderLinkId":["odd"],"orderId":"o-1"'
      local client <close> = methods.client(methods.ok(('{%s,"list":[{%s}],"nextPageCursor":""}'):format(order, order)))
      local result, _, response = client[name](client, methods.params(name))
      local record = result[1] or result
      assert.same({ "x", '["odd"]' }, { record.brand_new, record[field] })
      assert.same({ (result[1] and "[1]." or "") .. field }, response.undecoded)
    end)

    it("says that an answer is not from the exchange", function()
      for kind, transfer in pairs {
        http = { status = 502, body = "<html>bad gateway</html>" },
        decode = { status = 200, body = '{"retCode":0,"result":{"list":[{"orderId":' },
        timeout = { error = "timeout", message = "too slow", sent = true },
        network = { error = "network", message = "refused", sent = false },
      } do
        local client <close> = methods.client(function() return transfer end)
        local result, err
        methods.in_virtual_time(function()
          result, err = client[name](client, methods.params(name, { deadline = 0.1 }))
        end)
        assert.is_nil(result)
        assert.equal(kind, err.kind)
        if verb == "GET" then
          assert.is_nil(err.outcome)
        else
          assert.equal(kind == "network" and "not_sent" or "unknown", err.outcome)
          assert.equal(kind == "network", err.retryable)
        end
      end
    end)
  end)
end
