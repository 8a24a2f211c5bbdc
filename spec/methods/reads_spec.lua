-- Methods that read the market, positions and the account: the bytes that each parameter makes, what is public and what needs a key,
-- and how they fail. What answers become is in spec/records/reads_spec.lua.

local endpoints = require "bybit.wire.v5.endpoints"
local methods = require "spec.support.methods"
local reads = require "spec.support.reads"

local PUBLIC = { ["/v5/market/"] = true, ["/v5/system/"] = true } -- V5 documentation, authentication

local function copy(t, more, without)
  local out = {}
  for k, v in pairs(t) do out[k] = v end
  for k, v in pairs(more or {}) do out[k] = v end
  for _, k in ipairs(without or {}) do out[k] = nil end
  return out
end

describe("the methods that read", function()
  it("are all in this spec, with a case for every parameter", function()
    for name, read in pairs(reads) do
      local row = endpoints[name]
      assert.equal("GET", row.verb)
      local count = 0
      for _, p in ipairs(row.params) do
        for _, key in ipairs { p[1], p.also } do
          assert.truthy(read.cases[key], ("%s: no case for '%s'"):format(name, key))
          count = count + 1
        end
      end
      for _ in pairs(read.cases) do count = count - 1 end
      assert.equal(0, count, name)
    end
  end)
end)

for name, read in pairs(reads) do
  local public = PUBLIC[read.path:match "^/v5/%a+/"] or false

  describe(name, function()
    local function call(params, options)
      local client <close>, sent = methods.client(methods.example(read.example), options)
      local result, err, response = client[name](client, params)
      return sent, result, err, response
    end

    it("sends its smallest call as documented", function()
      local sent, result, err = call(read.params)
      assert.truthy(result, tostring(err))
      assert.equal(1, #sent)
      assert.same({ "GET", read.path, read.query }, { methods.parts(sent[1]) })
      assert.equal(not public, methods.header(sent[1], "X-BAPI-SIGN") ~= nil)
    end)

    it(public and "needs no keys" or "needs keys, and says so", function()
      local client <close>, sent = methods.client(methods.example(read.example), { keyless = true })
      local ok, result = pcall(function()
        local found = client[name](client, read.params)
        return found
      end)
      assert.equal(public, ok and result ~= nil)
      assert.equal(public and 1 or 0, #sent)
      if not public then assert.truthy(tostring(result):find("^%S*reads_spec.lua:%d+: " .. name .. ": needs credentials: "),
        tostring(result)) end
    end)

    for key, case in pairs(read.cases) do
      it(("sends %s = %s, and refuses %s"):format(key, tostring(case[1]), tostring(case.bad[1])), function()
        local sent, result, err = call(copy(read.params, copy({ [key] = case[1] }, case.with), case.without))
        assert.truthy(result, tostring(err))
        assert.same({ "GET", read.path, case[2] }, { methods.parts(sent[1]) })
        local client <close>, none = methods.client()
        assert.equal(("%s: %s"):format(name, case.bad[2]),
          methods.refusal(client, name, copy(read.params, { [key] = case.bad[1] }, case.without)))
        assert.equal(0, #none)
      end)
    end

    it("names an unknown parameter, and says what is required", function()
      local client <close> = methods.client()
      assert.truthy(methods.refusal(client, name, copy(read.params, { zzzzzz = 1 })):find(name
        .. ": unknown parameter 'zzzzzz'", 1, true))
      for key in pairs(read.params) do
        assert.truthy(methods.refusal(client, name, {}):find(("'%s'"):format(key), 1, true), key)
      end
    end)

    it("takes the options of every call", function()
      local sent, result, _, response = call(copy(read.params, { timeout = 2.5, raw = true, extra = { zeta = "z" } }))
      assert.truthy(result)
      assert.equal(2.5, sent[1].timeout)
      assert.equal(read.query .. (read.query ~= "" and "&" or "") .. "zeta=z", (select(3, methods.parts(sent[1]))))
      assert.equal(methods.example(read.example), response.raw)
    end)

    it("keeps what is not declared, and says what does not decode", function()
      local odd = methods.example(read.example):gsub('"symbol"%s*:%s*"[^"]*"', '"symbol":["odd"],"brandNew":"x"')
      local client <close> = methods.client(odd)
      local result, err, response = client[name](client, read.params)
      assert.truthy(result, tostring(err))
      if odd:find '"list"%s*:%s*%[%s*{[^}]*"brandNew"' and #result > 0 then
        assert.same({ '["odd"]', "x", "[1].symbol" }, { result[1].symbol, rawget(result[1], "brand_new"), response.undecoded[1] })
      end
    end)

    it("fails without an outcome: nothing was changed", function()
      for kind, transfer in pairs {
        http = { status = 502, body = "<html>bad gateway</html>" },
        decode = { status = 200, body = '{"retCode":0,"result":{"list":[{"symbol":' },
        exchange = { status = 200, body = '{"retCode":10001,"retMsg":"params error","result":{},"time":1}' },
        network = { error = "network", message = "refused", sent = false },
      } do
        local client <close> = methods.client(function() return transfer end)
        methods.in_virtual_time(function()
          local result, err = client[name](client, copy(read.params, { deadline = 0.1 }))
          assert.same({ nil, kind, name, nil }, { result, err.kind, err.method, err.outcome })
        end)
      end
    end)

    it("never takes an answer without a result for an empty one", function()
      for _, body in ipairs { methods.ok "null", methods.ok "[]", methods.ok '"x"' } do
        local client <close> = methods.client(body)
        methods.in_virtual_time(function()
          local result, err = client[name](client, copy(read.params, { deadline = 0.1 }))
          assert.same({ nil, "decode" }, { result, err and err.kind }, body)
        end)
      end
    end)
  end)
end
