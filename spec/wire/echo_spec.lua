-- The key in an answer. A caller who asks for the key (client:request of an endpoint that tells it) gets it: it is data of a
-- whole success. In any other answer it is an echo, and is struck out before Lua sees it.

local scripted = require "spec.support.scripted_exchange"
local core = require "bybit.core"

local KEY = scripted.KEY

describe("the key in an answer", function()
  local client, body, status

  before_each(function()
    status = 200
    client = scripted.client(function() return { status = status, body = body } end)
  end)

  after_each(function()
    client:close()
    core.loop.real()
  end)

  -- Everything that a call with this answer returns, as text.
  local function told(method, ...)
    local out = {}
    local function note(value, seen)
      if type(value) == "table" and not seen[value] then
        seen[value] = true
        for k, v in next, value do
          note(k, seen)
          note(v, seen)
        end
      elseif type(value) ~= "table" then
        out[#out + 1] = tostring(value)
      end
    end
    note(table.pack(client[method](client, ...)), {})
    return table.concat(out, "\n")
  end

  local function asked(text)
    body = text:gsub("KEY", KEY)
    return told("request", "GET", "/v5/user/query-api", nil, { raw = true, deadline = 0.5 })
  end

  it("is data if the answer is a whole success, on either wire", function()
    for _, text in ipairs { '{"retCode":0,"retMsg":"","result":{"apiKey":"KEY"},"time":1700000000000}',
      '{"result":{"apiKey":"KEY"},"retCode":0}', '{"retCode":0,"result":{"apiKey":"KEY"},"ret_code":0}',
      ' {"retCode":0,"result":["KEY"]} ' } do
      assert.truthy(asked(text):find(KEY, 1, true), text)
    end
  end)

  it("is an echo in everything else", function()
    for _, text in ipairs { '{"retCode":10003,"retMsg":"KEY","result":{}}', '{"retMsg":"KEY","result":{"apiKey":"KEY"}}',
      '{"retCode":0,"ret_code":10003,"result":"KEY"}', '{"retCode":0,"result":"KEY","retCode":10003}',
      '{"retCode":10003,"result":"KEY","retCode":0}', '{"retCode":"0","result":"KEY"}', '{"retCode":0.5,"result":"KEY"}',
      '{"retCode":null,"result":"KEY"}', '{"result":{"retCode":0},"x":"KEY"}', '["KEY"]', '"KEY"', '[{"retCode":0},"KEY"]',
      '{"retCode":0,"result":"KEY"', '{"retCode":0,"result":"KEY"} KEY', '{"retCode":0,"result":"KEY",}', "KEY", "<p>KEY</p>",
      '{"retCode":0,"result":KEY}',
      '{"retCode":0,"result":{"a":"KEY",}}', '{"retCode":0,"result":["KEY"', '{"retCode":0,"result":["KEY" 1]}',
      '{"retCode" 0,"result":"KEY"}' } do
      assert.is_nil(asked(text):find(KEY, 1, true), text)
    end
    status = 404
    assert.is_nil(asked('{"retCode":0,"result":{"apiKey":"KEY"}}'):find(KEY, 1, true))
    status = 200
    body = ('{"retCode":0,"result":{"orderId":"%s","orderLinkId":"%s"}}'):format(KEY, KEY)
    local text = told("place_order", { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, raw = true })
    assert.is_nil(text:find(KEY, 1, true), "an order's id is not the key")
    assert.truthy(text:find("***", 1, true))
  end)
end)
