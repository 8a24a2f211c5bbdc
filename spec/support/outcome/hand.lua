-- Another hand on the account: a user on the exchange's web page, or a second program. It acts through the engine, not over
-- the wire, so nothing that it does is a copy of ours.

local endpoints_position = require "bybit.paper.v5.position"
local orders = require "bybit.paper.engine.orders"

local set_leverage = endpoints_position["POST /v5/position/set-leverage"].handle
local trading_stop = endpoints_position["POST /v5/position/trading-stop"].handle

local hand = {}

local function chance(random, p) return random:unit() < p end

-- A price in half dollars that programs never use; theirs are unique.
local function price(world, symbol, random, low, high)
  local middle, tick = tonumber(world.terrain.middle[symbol]), world.terrain.tick[symbol]
  local steps = random:integer(math.floor(low * 1000), math.floor(high * 1000))
  return ("%.2f"):format(math.floor(middle * steps / 1000 / tick) * tick)
end

local function quantity(world, random, symbol)
  return tostring(world.terrain.quantity(random:integer(300, 400), symbol))
end

-- Which position it acts on: nil the only one; in hedge mode the long or the short one.
local function mode_of(world, random)
  return world.terrain.hedge and random:integer(1, 2) or nil
end

local function own_side(order)
  if order.side == "Buy" then return 0.9, 0.95 end
  return 1.05, 1.1
end

local act = {}

function act.amend(world, random, order)
  if not order then return end
  local asked = { category = world.terrain.category, symbol = order.symbol, orderId = order.id }
  if order.armed then
    local low, high = 1.02, 1.08
    if order.direction == 2 then low, high = 0.92, 0.98 end
    asked.triggerPrice = price(world, order.symbol, random, low, high)
  elseif chance(random, 0.5) then
    asked.price = price(world, order.symbol, random, own_side(order))
  end
  if not asked.price and not asked.triggerPrice or chance(random, 0.3) then
    asked.qty = quantity(world, random, order.symbol)
  end
  orders.amend(world.engine, world.account, asked)
end

function act.cancel(world, _, order)
  if not order then return end
  orders.cancel(world.engine, world.account, { category = world.terrain.category, symbol = order.symbol, orderId = order.id })
end

function act.cancel_all(world, random)
  orders.cancel_all(world.engine, world.account, { category = world.terrain.category, symbol = world.terrain.main,
    orderFilter = chance(random, 0.7) and "Order" or "StopOrder" })
end

function act.place(world, random, _, link)
  local t, buys = world.terrain, chance(random, 0.5)
  local low, high = 0.93, 0.99
  if not buys then low, high = 1.01, 1.07 end
  orders.create(world.engine, world.account, { category = t.category, symbol = t.main, side = buys and "Buy" or "Sell",
    positionIdx = t.hedge and (buys and 1 or 2) or nil, orderType = "Limit", qty = quantity(world, random, t.main),
    price = price(world, t.main, random, low, high), orderLinkId = link })
end

function act.stops(world, random)
  local t = world.terrain
  local p = world.account:position(t.main, mode_of(world, random))
  if p.side == "" then return end
  local up, down = price(world, t.main, random, 1.04, 1.1), price(world, t.main, random, 0.9, 0.96)
  if p.side == "Sell" then up, down = down, up end
  local asked = { category = t.category, symbol = t.main, positionIdx = p.index }
  if chance(random, 0.6) then asked.takeProfit = chance(random, 0.25) and "0" or up end
  if chance(random, 0.6) or not asked.takeProfit then asked.stopLoss = chance(random, 0.25) and "0" or down end
  if chance(random, 0.2) then asked.trailingStop = tostring(random:integer(300, 900)) end
  trading_stop(world.engine, world.account, asked)
end

function act.close(world, random)
  local t = world.terrain
  local p = world.account:position(t.main, mode_of(world, random))
  if p.side == "" then return end
  orders.create(world.engine, world.account, { category = t.category, symbol = t.main,
    side = p.side == "Buy" and "Sell" or "Buy", orderType = "Market", qty = tostring(p.size), reduceOnly = true,
    positionIdx = p.index })
end

function act.lever(world, random)
  local t, value = world.terrain, tostring(random:integer(40, 60))
  set_leverage(world.engine, world.account, { category = t.category, symbol = t.main, buyLeverage = value, sellLeverage = value })
end

-- Does what our own call asks for, as if two people had the same idea.
function act.same(world, _, order, _, params)
  if not params then return end
  if order and (params.new_price or params.new_quantity or params.new_trigger_price) then
    local function text(value) return value and tostring(value) or nil end
    orders.amend(world.engine, world.account, { category = world.terrain.category, symbol = order.symbol, orderId = order.id,
      price = text(params.new_price), qty = text(params.new_quantity), triggerPrice = text(params.new_trigger_price) })
  elseif (params.stop_loss_price or params.take_profit_price) and not params.side and not params.tpsl_mode then
    trading_stop(world.engine, world.account, { category = world.terrain.category, symbol = params.symbol,
      positionIdx = params.position_mode or 0,
      takeProfit = params.take_profit_price and tostring(params.take_profit_price),
      stopLoss = params.stop_loss_price and tostring(params.stop_loss_price) })
  end
end

hand.ACTS = { "amend", "amend", "amend", "cancel", "cancel_all", "place", "stops", "stops", "close", "same" }

--- What it does to settings; programs draw these acts apart from the others.
hand.SETTINGS = { "lever" }

--- Does something. `order` is the order to act on, if it is still open; otherwise any order.
---@param params table? the parameters of one of our calls
function hand.act(world, what, random, order, params)
  local open = world.account:open_orders()
  if (not order or order.ended) and #open > 0 then order = open[random:integer(1, #open)] end
  -- a second change of an order in the same millisecond does not show in its record
  if order and order.updated == world.engine.now() then return end
  act[what](world, random, order, nil, params)
  world:look "hand"
end

--- Places an order under an id that a program will use too.
function hand.take(world, random, link)
  act.place(world, random, nil, link)
  world:look "hand"
end

return hand
