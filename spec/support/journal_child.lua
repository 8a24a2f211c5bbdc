-- A strategy that dies: places, amends and cancels with a journal until it is killed. It reconciles first, as it should.
-- What its calls and reconcile tell is a line each: `said METHOD ID OUTCOME`. A text for spec.support.process, which gets
-- URL, KEY, SECRET, JOURNAL and SYNC as variables.
local bybit = require "bybit"

local SYMBOL = "BTCUSD"
local rates = { ip = 1000000, ["order/create"] = 100000, ["order/amend"] = 100000, ["order/cancel"] = 100000,
  ["order/realtime"] = 100000, ["order/history"] = 100000, ["execution/list"] = 100000 }
local client = bybit.client { environment = { url = os.getenv "URL" }, key = os.getenv "KEY", secret = os.getenv "SECRET",
  journal = { path = os.getenv "JOURNAL", sync = os.getenv "SYNC" == "true" }, rate = rates,
  receive_window = 1000, visibility = 0.05, timeout = 0.5, in_flight = 8, connections = 8 }

local function say(...)
  io.stdout:write(table.concat({ ... }, " "), "\n")
  io.stdout:flush()
end

say "begun"
local report = assert(client:reconcile { symbol = SYMBOL, deadline = 60 })
assert(#report.unsettled == 0, "not all is settled")
for _, entry in ipairs(report.settled) do say("said", entry.method, entry.client_order_id, entry.outcome) end
say("reconciled", #report.settled)

local function call(method, params)
  params.symbol = SYMBOL
  local ack, err = client[method](client, params)
  say("said", method, ack and ack.client_order_id or err.client_order_id or "-", ack and "done" or err.outcome)
  return ack
end

local ACTIVE = { "place_order", "modify_order", "cancel_order", { type = "Limit", price = 20000 }, { new_price = 20100 } }
local CONDITIONAL = { "place_conditional_order", "modify_conditional_order", "cancel_conditional_order",
  { type = "Market", trigger_price = 20000, base_price = 30000 }, { new_trigger_price = 20100 } }

bybit.run(function()
  for i = 1, 8 do
    bybit.spawn(function()
      while true do
        local place, modify, cancel, fields, change = table.unpack(i % 4 == 0 and CONDITIONAL or ACTIVE)
        local order = { side = "Buy", quantity = i }
        for k, v in pairs(fields) do order[k] = v end
        local ack = call(place, order)
        if ack then
          local amendment = { client_order_id = ack.client_order_id }
          for k, v in pairs(change) do amendment[k] = v end
          call(modify, amendment)
          call(cancel, { client_order_id = ack.client_order_id })
        end
      end
    end)
  end
end)
