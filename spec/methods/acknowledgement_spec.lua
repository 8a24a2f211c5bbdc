-- An acknowledgement has the order's client_order_id, also if the exchange's answer lacks it.

local methods = require "spec.support.methods"

local CHANGES = {
  place_order = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1 },
  place_conditional_order = { symbol = "BTCUSD", side = "Buy", type = "Market", quantity = 1, trigger_price = 2, base_price = 1 },
  modify_order = { symbol = "BTCUSD", new_price = 1 },
  modify_conditional_order = { symbol = "BTCUSD", new_price = 1 },
  cancel_order = { symbol = "BTCUSD" },
  cancel_conditional_order = { symbol = "BTCUSD" },
}

-- An answer that names the exchange's id alone, or the other one as `link` says.
local function answers(api, link)
  if api == "v5" then return methods.ok(('{"orderId":"o-1"%s}'):format(link or "")) end
  return ('{"ret_code":0,"ret_msg":"OK","ext_code":"","result":{"order_id":"o-1","stop_order_id":"o-1"%s},'
    .. '"time_now":"1700000000.0"}'):format(link or "")
end

for _, api in ipairs { "v5", "v2" } do
  for name, params in pairs(CHANGES) do
    describe(("%s on %s"):format(name, api), function()
      local function call(id, link)
        local client <close>, sent = methods.client(answers(api, link), { api = api })
        local given = { client_order_id = id, order_id = not id and name:find "^%l+_order" and "o-1" or nil,
          stop_order_id = not id and name:find "conditional" and "o-1" or nil }
        if not id and name:find "^place" then given = {} end
        for k, v in pairs(params) do given[k] = v end
        return assert(client[name](client, given)), sent
      end

      it("has the id that the caller gave, if the answer lacks it", function()
        local ack = call "mine-1"
        assert.same({ "o-1", "mine-1" }, { ack.order_id, ack.client_order_id })
        ack = call("mine-1", api == "v5" and ',"orderLinkId":""' or ',"order_link_id":""')
        assert.equal("mine-1", ack.client_order_id)
      end)

      it("has the id that was made, and none if there is none", function()
        local ack, sent = call(nil)
        if name:find "^place" then
          assert.is_string(ack.client_order_id)
          assert.truthy(sent[1].body:find(ack.client_order_id, 1, true))
        else
          assert.is_nil(ack.client_order_id)
        end
      end)
    end)
  end
end
