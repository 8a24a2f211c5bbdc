-- A call of each method that changes something, for the staged exchange (staged_exchange.lua).

local core = require "bybit.core"
local asked = require "spec.support.asked"

local of, limit, conditional = asked.of, asked.limit, asked.conditional

local changes = {}

local function limit_order(hand) return hand:place_order(limit()) end
local function conditional_order(hand) return hand:place_conditional_order(conditional()) end
local function position(hand) return hand:place_order(of { side = "Buy", type = "Market", quantity = 100 }) end

--- By method: the kind of its request, what is there before (by the other hand), and the parameters, given the id of that.
changes.CALLS = {
  place_order = { "place", nil, function() return limit() end },
  place_conditional_order = { "place", nil, function() return conditional() end },
  modify_order = { "amend", limit_order, function(id) return of { order_id = id, new_price = 28000 } end },
  modify_conditional_order = { "amend", conditional_order,
    function(id) return of { stop_order_id = id, new_trigger_price = 28000 } end },
  cancel_order = { "cancel", limit_order, function(id) return of { order_id = id } end },
  cancel_conditional_order = { "cancel", conditional_order, function(id) return of { stop_order_id = id } end },
  cancel_all_orders = { "all", limit_order, function() return of() end },
  cancel_all_conditional_orders = { "all", conditional_order, function() return of() end },
  set_trading_stop = { "stop", position, function() return of { stop_loss_price = 28000 } end },
}

--- Makes what is there before a call, ten seconds ago. Gives what the call's function gives: its parameters.
function changes.prepare(exchange, call)
  local ack = call[2] and assert(call[2](exchange.hand))
  core.loop.advance(10)
  return call[3](ack and ack.order_id)
end

return changes
