-- A strategy that is killed: it places, amends and cancels orders, and sets stops, with a journal. It reconciles first, as it
-- should. Each outcome of a call or of reconcile is printed: `said METHOD ID OUTCOME`; a stop's id is its price. A text for
-- spec.support.process, which gets URL, KEY, SECRET, JOURNAL, SYNC and RUN (a number) as variables.
local bybit = require "bybit"

local SYMBOL = "BTCUSD"
local rates = { ip = 1000000, ["order/create"] = 100000, ["order/amend"] = 100000, ["order/cancel"] = 100000,
  ["order/realtime"] = 100000, ["order/history"] = 100000, ["execution/list"] = 100000,
  ["position/trading-stop"] = 100000, ["position/list"] = 100000 }
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
for _, entry in ipairs(report.settled) do say("said", entry.method, entry.client_order_id or "-", entry.outcome) end
say("reconciled", #report.settled)

local function call(method, params)
  params.symbol = SYMBOL
  local ack, err = client[method](client, params)
  local id = ack and ack.client_order_id or err and err.client_order_id or params.stop_loss_price or "-"
  say("said", method, id, ack and "done" or err.outcome)
  return ack
end

local ACTIVE = { "place_order", "modify_order", "cancel_order", { type = "Limit", price = 20000 }, { new_price = 20100 } }
local CONDITIONAL = { "place_conditional_order", "modify_conditional_order", "cancel_conditional_order",
  { type = "Market", trigger_price = 20000, base_price = 30000 }, { new_trigger_price = 20100 } }

-- Stops for a part of the position, which only add, each at its own price. The exchange accepts twenty.
local function stops()
  for i = 1, math.huge do
    call("set_trading_stop", { stop_loss_price = ("%.1f"):format(5000 + tonumber(os.getenv "RUN") * 100 + i * 0.5),
      stop_loss_quantity = 1 })
    local list = client:get_open_conditional_orders_real_time { symbol = SYMBOL } or {}
    for _, order in ipairs(#list > 10 and list or {}) do
      if rawget(order, "stop_order_type") == "PartialStopLoss" then
        client:cancel_conditional_order { symbol = SYMBOL, order_id = order.order_id }
      end
    end
  end
end

bybit.run(function()
  bybit.spawn(stops)
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
