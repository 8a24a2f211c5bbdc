-- The client order ids of calls that give none. Random characters are drawn ahead for several calls: none may be used twice.

local bybit = require "bybit"
local core = require "bybit.core"
local scripted = require "spec.support.scripted_exchange"

describe("client order ids", function()
  local ORDER = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 }

  after_each(function() core.loop.real() end)

  local function serve(request)
    if request.verb == "GET" then return scripted.list() end
    return scripted.answer(0, bybit.json.encode { orderId = "o-" .. request.n, orderLinkId = request.params.orderLinkId })
  end

  -- The ids that go out when these functions are called in turn.
  local function ids(options, ...)
    local client <close>, requests = scripted.client(serve, options)
    for _, f in ipairs { ... } do f(client) end
    local list = {}
    for _, request in ipairs(requests) do list[#list + 1] = request.params.orderLinkId end
    return list
  end

  local function place(client) assert(client:place_order(ORDER)) end
  local function read(client) assert(client:request("GET", "/v5/order/history", { category = "inverse" })) end
  local function place_mine(client)
    local order = { client_order_id = "mine" }
    for k, v in pairs(ORDER) do order[k] = v end
    assert(client:place_order(order))
  end

  it("are all different, and so are their random parts", function()
    local calls = {}
    for i = 1, 1000 do calls[i] = place end
    local seen, parts, counts = {}, {}, {}
    for _ = 1, 2 do
      for _, id in ipairs(ids({ seed = false }, table.unpack(calls))) do
        assert.truthy(id:find("^%w+$") and #id == 24, id)
        assert.is_nil(seen[id])
        seen[id] = true
        local part = id:sub(9)
        for i = 1, #part - 7 do -- no piece of eight characters comes twice
          assert.is_nil(parts[part:sub(i, i + 7)])
          parts[part:sub(i, i + 7)] = true
        end
        for c in part:gmatch "." do counts[c] = (counts[c] or 0) + 1 end
      end
    end
    -- 32,000 characters of 36 kinds, 889 of each; 600 and 1,200 are ten standard deviations away
    for c = 0, 35 do
      local n = counts[("0123456789abcdefghijklmnopqrstuvwxyz"):sub(c + 1, c + 1)] or 0
      assert.truthy(n > 600 and n < 1200, n)
    end
  end)

  it("keep their random part with a long prefix, up to what the exchange accepts", function()
    for prefix, size in pairs { a = 26, ["abcdefghij"] = 35, ["abcdefghijk"] = 36, ["abcdefghijklmnop"] = 36 } do
      local calls, seen = {}, {}
      for i = 1, 60 do calls[i] = place end
      for _, id in ipairs(ids({ seed = false, id_prefix = prefix }, table.unpack(calls))) do
        assert.is_nil(seen[id:sub(-11)])
        seen[id:sub(-11)] = true
        assert.equal(size, #id)
        assert.equal(prefix .. "-", id:sub(1, #prefix + 1))
        assert.truthy(id:find "^[%w-]+$")
      end
    end
  end)

  it("are made only for calls that need one: others draw nothing", function()
    local alone = ids({ seed = 7 }, place, place)
    assert.equal(2, #alone)
    assert.same(alone, ids({ seed = 7 }, place, read, read, place))
    assert.same({ alone[1], "mine", alone[2] }, ids({ seed = 7 }, place, place_mine, place))
  end)
end)
