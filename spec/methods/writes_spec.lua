-- Methods that change the account or a position: the bytes that each parameter makes, and how they fail. How an unknown outcome is
-- settled is in spec/outcome/settings_spec.lua.

local endpoints = require "bybit.wire.v5.endpoints"
local methods = require "spec.support.methods"
local writes = require "spec.support.writes"

local function copy(t, more, without)
  local out = {}
  for k, v in pairs(t) do out[k] = v end
  for _, k in ipairs(without or {}) do out[k] = nil end
  for k, v in pairs(more or {}) do out[k] = v end
  return out
end

describe("the methods that change the account", function()
  it("are all in this spec, with a case for every parameter", function()
    for name, write in pairs(writes) do
      local row, count = endpoints[name], 0
      assert.same({ "POST", write.path }, { row.verb, row.path })
      for _, p in ipairs(row.params) do
        assert.truthy(write.cases[p[1]], ("%s: no case for '%s'"):format(name, p[1]))
        count = count + 1
      end
      for _ in pairs(write.cases) do count = count - 1 end
      assert.equal(0, count, name)
    end
  end)
end)

for name, write in pairs(writes) do
  describe(name, function()
    local answer = write.example and methods.example(write.example) or methods.ok(write.result)

    local function call(params)
      local client <close>, sent = methods.client(answer, { rate = false }) -- one call a minute is the limit of some
      local result, err, response = client[name](client, params)
      return sent, result, err, response
    end

    it("sends its smallest call as documented, signed", function()
      local sent, result, err = call(write.params)
      assert.truthy(result, tostring(err))
      assert.equal(1, #sent)
      assert.same({ "POST", write.path, write.body }, { methods.parts(sent[1]) })
      assert.truthy(methods.header(sent[1], "X-BAPI-SIGN"))
    end)

    for key, case in pairs(write.cases) do
      it(("sends %s = %s, and refuses %s"):format(key, tostring(case[1]), tostring(case.bad[1])), function()
        local sent, result, err = call(copy(write.params, copy({ [key] = case[1] }, case.with), case.without))
        assert.truthy(result, tostring(err))
        local _, path, body = methods.parts(sent[1])
        assert.equal(write.path, path)
        assert.truthy(body:find(case[2], 1, true), body)
        local client <close>, none = methods.client()
        assert.equal(("%s: %s"):format(name, case.bad[2]),
          methods.refusal(client, name, copy(write.params, { [key] = case.bad[1] })))
        assert.equal(0, #none)
      end)
    end

    it("names an unknown parameter, and says what is required", function()
      local client <close> = methods.client()
      assert.truthy(methods.refusal(client, name, copy(write.params, { zzzzzz = 1 })):find(name
        .. ": unknown parameter 'zzzzzz'", 1, true))
      local missing, optional = methods.refusal(client, name, {}), {}
      for _, key in ipairs(write.optional or {}) do optional[key] = true end
      for key in pairs(write.params) do
        assert.equal(not optional[key], missing:find(("'%s'"):format(key), 1, true) ~= nil, key)
      end
    end)

    it("that is refused, or is not sent, says so", function()
      for outcome, transfer in pairs {
        rejected = { status = 200, body = '{"retCode":10005,"retMsg":"no","result":{},"time":1}' },
        not_sent = { error = "network", message = "refused", sent = false },
      } do
        local client <close> = methods.client(function() return transfer end)
        methods.in_virtual_time(function()
          local result, err = client[name](client, copy(write.params, { deadline = 0.1 }))
          assert.same({ nil, outcome, name }, { result, err.outcome, err.method })
        end)
      end
    end)
  end)
end

describe("create_internal_transfer", function()
  it("makes a UUID of its own for each call, which begins with no prefix", function()
    local client <close>, sent = methods.client(function(request)
      local id = select(3, methods.parts(request)):match '"transferId":"([^"]*)"'
      return { status = 200, body = methods.ok(('{"transferId":"%s","status":"SUCCESS"}'):format(id)) }
    end, { id_prefix = "mm1" })
    local seen = {}
    for _ = 1, 3 do
      local p = copy(writes.create_internal_transfer.params)
      p.transfer_id = nil
      local done = assert(client:create_internal_transfer(p))
      assert.truthy(done.transfer_id:find "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$")
      assert.is_nil(seen[done.transfer_id])
      seen[done.transfer_id] = true
    end
    assert.equal(3, #sent)
  end)
end)
