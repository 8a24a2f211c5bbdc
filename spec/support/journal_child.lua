-- A strategy that dies: places, amends and cancels with a journal until it is killed. It reconciles first, as it should.
-- A text for spec.support.process, which gets URL, KEY, SECRET and JOURNAL as variables.
local bybit = require "bybit"

local url, key, secret, journal = os.getenv "URL", os.getenv "KEY", os.getenv "SECRET", os.getenv "JOURNAL"
local rates = { ip = 1000000, ["order/create"] = 100000, ["order/amend"] = 100000, ["order/cancel"] = 100000,
  ["order/realtime"] = 100000, ["order/history"] = 100000, ["execution/list"] = 100000 }
local client = bybit.client { environment = { url = url }, key = key, secret = secret, journal = journal, rate = rates,
  receive_window = 1000, visibility = 0.05, timeout = 0.5, in_flight = 8, connections = 8 }

local report = assert(client:reconcile { symbol = "BTCUSD", deadline = 60 })
assert(#report.unsettled == 0, "not all is settled")
io.stdout:write(("reconciled %d\n"):format(#report.settled))
io.stdout:flush()

bybit.run(function()
  for i = 1, 8 do
    bybit.spawn(function()
      while true do
        local ack = client:place_order { symbol = "BTCUSD", side = "Buy", type = "Limit", quantity = i, price = 20000 }
        if ack then
          client:modify_order { symbol = "BTCUSD", client_order_id = ack.client_order_id, new_price = 20100 }
          client:cancel_order { symbol = "BTCUSD", client_order_id = ack.client_order_id }
        end
      end
    end)
  end
end)
