-- The endpoints of the v2 wire, over the same books as V5's (v2 documentation, inverse perpetual). A request is put into V5's
-- words and done by the same functions; only the differences are here. A path knows one kind of orders: active ones, or
-- those that wait for a trigger.

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local checks = require "bybit.paper.engine.checks"
local cursor = require "bybit.paper.v2.cursor"
local endpoints_position = require "bybit.paper.v5.position"
local matching = require "bybit.paper.engine.matching"
local orders = require "bybit.paper.engine.orders"
local triggers = require "bybit.paper.engine.triggers"
local view = require "bybit.paper.v2.view"
local wire_v2 = require "bybit.paper.v2.wire"

-- Groups of the documentation's table of limits: requests a minute, per symbol.
local GROUPS = { order = 100, query = 600, list = 120, stop = 75 }

local endpoints = {}

-- Is a market one of this wire's? It has inverse perpetuals alone.
local function is_traded(market)
  return market.instrument.category == "inverse" and not market.instrument.delivery
end

local function declare(name, row)
  row.protocol, row.auth, row.limit = wire_v2, true, GROUPS[row.group]
  local handle = row.handle
  function row.handle(engine, account, asked, context)
    local market = asked.symbol and engine:market(asked.symbol)
    if market and not is_traded(market) then return nil, 10001, "params error: symbol invalid" end
    return handle(engine, account, asked, context)
  end
  row.permission = name:find "^POST" and "trade" or "read"
  endpoints[name] = row
end

---------------------------------------------------------------------------------------------------------------
-- v2's words in those of V5.

local NAMES = {
  symbol = "symbol", side = "side", order_type = "orderType", qty = "qty", price = "price", order_link_id = "orderLinkId",
  reduce_only = "reduceOnly", close_on_trigger = "closeOnTrigger", take_profit = "takeProfit", stop_loss = "stopLoss",
  tp_trigger_by = "tpTriggerBy", sl_trigger_by = "slTriggerBy", stop_px = "triggerPrice", trigger_by = "triggerBy",
  position_idx = "positionIdx", p_r_price = "price", p_r_qty = "qty", p_r_trigger_price = "triggerPrice",
  trailing_stop = "trailingStop", new_trailing_active = "activePrice",
}

local FORCE = { GoodTillCancel = "GTC", ImmediateOrCancel = "IOC", FillOrKill = "FOK", PostOnly = "PostOnly" }

local function invalid(name)
  return nil, 10001, ("params error: %s invalid"):format(name)
end

local function translate(asked)
  local out = { category = "inverse" }
  for name, value in pairs(asked) do
    if NAMES[name] then out[NAMES[name]] = value end
  end
  if asked.time_in_force == nil then return out end
  out.timeInForce = FORCE[asked.time_in_force]
  if not out.timeInForce then return invalid "time_in_force" end
  return out
end

---------------------------------------------------------------------------------------------------------------
-- The two kinds of orders. An order with a trigger is conditional as long as it was not triggered, also after its end.

local function is_conditional(order)
  return order.stop_order_type ~= nil and not order.triggered
end

local ACTIVE = {
  id = "order_id", mine = function(order) return not is_conditional(order) end, now = view.now, listed = view.listed,
  status = "order_status", status_of = function(order) return order.status end,
  listable = function(order) return not is_conditional(order) end, missing = 20001, twice = 20094,
}
local CONDITIONAL = {
  id = "stop_order_id", mine = is_conditional, now = view.waiting, listed = view.stop, status = "stop_order_status",
  status_of = view.stop_status, listable = function(order) return order.stop_order_type ~= nil end, missing = 30034,
  twice = 30089,
}

-- The order of this kind that an id names. Nil, code and message without one.
local function named(engine, account, asked, kind)
  local market, code, message = checks.market(engine, asked)
  if not market then return nil, code, message end
  if asked[kind.id] == nil and asked.order_link_id == nil then
    return nil, 20084, ("%s or order_link_id is required"):format(kind.id)
  end
  local order
  if asked[kind.id] then order = account.orders[asked[kind.id]] else order = account.links[asked.order_link_id] end
  if not order or order.market ~= market or not kind.mine(order) then return nil, 20001, "order not exists or too late" end
  return order
end

local function open_one(engine, account, asked, kind, verb)
  local order, code, message = named(engine, account, asked, kind)
  if order and not order.ended then return order end
  if code == 20084 or code == 10001 then return nil, code, message end
  return nil, kind.missing, "order not exists or too late to " .. verb
end

---------------------------------------------------------------------------------------------------------------
-- Placing.

-- One more than there may be, and the oldest is cancelled (v2 documentation, place active order).
local function make_room(engine, account, symbol)
  if account:active_on(symbol) < engine.active_orders then return end
  for _, order in account.open:each() do
    if order.symbol == symbol and order.active then
      return matching.finish(engine, order, "Cancelled", "EC_PerCancelRequest", "CancelByAdmin")
    end
  end
end

local LOWEST = decimal "0.1" -- of the last price (v2 documentation, place active order: price)

-- Without a position, the price of an active order must be above a tenth of the last price.
local function check_price(account, asked, market)
  local price = asked.order_type == "Limit" and checks.number(asked.price)
  if not price or account:position(asked.symbol).side ~= "" or price > market:reference "LastPrice" * LOWEST then return true end
  return nil, 110003, "price is out of permissible range"
end

local PROTECTION = { "takeProfit", "stopLoss", "tpTriggerBy", "slTriggerBy" }

local function place(engine, account, asked, kind, direction)
  local market, code, message = checks.market(engine, asked)
  if not market then return nil, code, message end
  local p
  p, code, message = translate(asked)
  if not p then return nil, code, message end
  local qty = checks.number(asked.qty)
  if qty and qty:is_zero() then return invalid "qty" end -- it closes nothing here
  if kind == ACTIVE then
    local fair
    fair, code, message = check_price(account, asked, market)
    if not fair then return nil, code, message end
  end
  p.triggerDirection = direction
  -- With a position, take profit and stop loss of an order are accepted and count for nothing.
  for _, name in ipairs(account:position(asked.symbol).side ~= "" and PROTECTION or {}) do p[name] = nil end
  if kind == ACTIVE then make_room(engine, account, asked.symbol) end
  local order
  order, code, message = orders.create(engine, account, p)
  if not order then return nil, code == 110072 and kind.twice or code, message end
  view.note_force(order, asked.time_in_force)
  return order
end

--- Places an active order.
declare("POST /v2/private/order/create", {
  group = "order", needs = { "side", "symbol", "order_type", "qty", "time_in_force" },
  handle = function(engine, account, asked, context)
    local order, code, message = place(engine, account, asked, ACTIVE)
    if not order then return nil, code, message end
    return view.created(order, context.entry.id)
  end,
})

--- Places a conditional order.
declare("POST /v2/private/stop-order/create", {
  group = "order", needs = { "side", "symbol", "order_type", "qty", "time_in_force", "base_price", "stop_px" },
  handle = function(engine, account, asked, context)
    local base, trigger = checks.number(asked.base_price), checks.number(asked.stop_px)
    if not base then return invalid "base_price" end
    if not trigger then return invalid "stop_px" end
    if base:eq(trigger) then return nil, 130018, "base_price and stop_px are the same" end
    asked.reduce_only = nil -- there is no such parameter here
    local order, code, message = place(engine, account, asked, CONDITIONAL, trigger > base and "1" or "2")
    if not order then return nil, code, message end
    order.base_price = base
    return view.parked(order, context.entry.id, "127.0.0.1")
  end,
})

---------------------------------------------------------------------------------------------------------------
-- Changing.

-- A trigger type that is not named is LastPrice, or what it was.
local function with_trigger_types(p, order)
  if p.takeProfit then p.tpTriggerBy = p.tpTriggerBy or order.tp_by or "LastPrice" end
  if p.stopLoss then p.slTriggerBy = p.slTriggerBy or order.sl_by or "LastPrice" end
  return p
end

-- A take profit or stop loss of the whole position is moved to another price.
local function move_stop(engine, account, order, asked)
  local price, code, message = checks.price(asked, "p_r_trigger_price", order.market.instrument)
  if not price then return nil, code or 10001, message or "params error: p_r_trigger_price invalid" end
  if not triggers.set_full(engine, account, order.market, 0, order.stop_order_type, price) then
    return nil, 30076, "order remains unchanged"
  end
  engine:settle(order.market)
  return order
end

local function replace(kind)
  return {
    group = "order", needs = { "symbol" },
    handle = function(engine, account, asked)
      local order, code, message = open_one(engine, account, asked, kind, "replace")
      if not order then return nil, code, message end
      if asked.p_r_trigger_price and (asked.p_r_price or asked.p_r_qty) then
        return nil, 37008, "price or qty cannot be replaced together with the trigger price"
      end
      if asked.p_r_trigger_price and kind == ACTIVE then return invalid "p_r_trigger_price" end
      local p = translate(asked)
      p.orderId, p.orderLinkId = order.id, nil
      if triggers.protects(order) and order.tpsl_mode == "Full" and asked.p_r_trigger_price then
        order, code, message = move_stop(engine, account, order, asked)
      else
        order, code, message = orders.amend(engine, account, with_trigger_types(p, order))
      end
      if not order then return nil, code, message end
      return answer.object { { kind.id, order.id } }
    end,
  }
end

--- Changes an active order.
declare("POST /v2/private/order/replace", replace(ACTIVE))
--- Changes a conditional order.
declare("POST /v2/private/stop-order/replace", replace(CONDITIONAL))

---------------------------------------------------------------------------------------------------------------
-- Cancelling.

--- Cancels an active order.
declare("POST /v2/private/order/cancel", {
  group = "order", needs = { "symbol" },
  handle = function(engine, account, asked, context)
    local order, code, message = open_one(engine, account, asked, ACTIVE, "cancel")
    if not order then return nil, code, message end
    local as_it_stood = view.cancelled(order, context.entry.id)
    local done
    done, code, message = orders.cancel(engine, account, { symbol = asked.symbol, orderId = order.id })
    if not done then return nil, code, message end
    return as_it_stood
  end,
})

--- Cancels a conditional order.
declare("POST /v2/private/stop-order/cancel", {
  group = "order", needs = { "symbol" },
  handle = function(engine, account, asked)
    local order, code, message = open_one(engine, account, asked, CONDITIONAL, "cancel")
    if not order then return nil, code, message end
    order, code, message = orders.cancel(engine, account, { symbol = asked.symbol, orderId = order.id })
    if not order then return nil, code, message end
    return answer.object { { "stop_order_id", order.id } }
  end,
})

local function cancel_all(filter, conditional)
  return {
    group = "order", weight = 10, needs = { "symbol" },
    handle = function(engine, account, asked, context)
      local leaves = {}
      for _, order in ipairs(account:open_orders(asked.symbol)) do leaves[order] = order.qty - order.filled end
      local list, code, message = orders.cancel_all(engine, account, { symbol = asked.symbol, orderFilter = filter })
      if not list then return nil, code, message end
      local out = {}
      for i, order in ipairs(list) do out[i] = view.dropped(order, context.entry.id, leaves[order], conditional) end
      return answer.list(out)
    end,
  }
end

--- Cancels all active orders of a symbol.
declare("POST /v2/private/order/cancelAll", cancel_all("Order", false))
--- Cancels all conditional orders of a symbol.
declare("POST /v2/private/stop-order/cancelAll", cancel_all("StopOrder", true))

---------------------------------------------------------------------------------------------------------------
-- Reading orders.

-- An acknowledged change shows in queries only after the lag.
local function shows(engine, moment)
  return moment <= engine.now() - engine.lag
end

-- A restart of the trading core forgets what is done; the lists do not.
local function known(engine, account, order)
  if not order.ended then return true end
  local after = engine.forget_after
  return order.ended > account.forgotten and not (after and engine.now() - order.updated >= after)
end

local function query(kind)
  return {
    group = "query", needs = { "symbol" },
    handle = function(engine, account, asked, context)
      local user = context.entry.id
      if asked[kind.id] or asked.order_link_id then
        local order, code, message = named(engine, account, asked, kind)
        if not order then return nil, code, message end
        if not shows(engine, order.created) or not known(engine, account, order) then
          return nil, 20001, "order not exists or too late"
        end
        return kind.now(order, user)
      end
      local market, code, message = checks.market(engine, asked)
      if not market then return nil, code, message end
      local out = {}
      for _, order in ipairs(account:open_orders(asked.symbol)) do
        if kind.mine(order) and shows(engine, order.created) then table.insert(out, 1, kind.now(order, user)) end
      end
      return answer.list(out)
    end,
  }
end

--- Open orders; one order by its id.
declare("GET /v2/private/order", query(ACTIVE))
--- Untriggered conditional orders; one by its id.
declare("GET /v2/private/stop-order", query(CONDITIONAL))

-- Statuses joined by commas; nil: all.
local function wanted_statuses(text)
  if text == nil then return nil end
  local set = {}
  for word in tostring(text):gmatch "[^,]+" do set[word] = true end
  return set
end

local function list(kind)
  return {
    group = "query", needs = { "symbol" },
    handle = function(engine, account, asked, context)
      local market, code, message = checks.market(engine, asked)
      if not market then return nil, code, message end
      local statuses, rows = wanted_statuses(asked[kind.status]), {}
      local all = account:all_orders()
      for i = #all, 1, -1 do
        local order = all[i]
        if order.market == market and kind.listable(order) and shows(engine, order.created)
          and (not statuses or statuses[kind.status_of(order)]) then
          rows[#rows + 1] = order
        end
      end
      local scope = ("%s %s %s %s"):format(context.entry.key, kind.id, asked.symbol, tostring(asked[kind.status]))
      local page, next_cursor
      page, next_cursor, message = cursor.page(scope, rows, asked)
      if not page then return nil, next_cursor, message end
      local out = {}
      for i, order in ipairs(page) do out[i] = kind.listed(order, context.entry.id) end
      return answer.object { { "data", answer.list(out) }, { "cursor", next_cursor } }
    end,
  }
end

--- Active orders, page by page.
declare("GET /v2/private/order/list", list(ACTIVE))
--- Conditional orders, page by page.
declare("GET /v2/private/stop-order/list", list(CONDITIONAL))

---------------------------------------------------------------------------------------------------------------
-- Executions, oldest first, in numbered pages.

local function whole(text, default, most)
  if text == nil then return default end
  local n = math.tointeger(tonumber(tostring(text):match "^%d+$"))
  return n and n >= 1 and n <= most and n or nil
end

--- Executions.
declare("GET /v2/private/execution/list", {
  group = "list", needs = { "symbol" },
  handle = function(engine, account, asked, context)
    local market, code, message = checks.market(engine, asked)
    if not market then return nil, code, message end
    local page, size = whole(asked.page, 1, 50), whole(asked.limit, 50, 200)
    local from = whole(asked.start_time, 0, math.maxinteger)
    if not page or not size or not from then return invalid "page, limit or start_time" end
    local out, skip = {}, (page - 1) * size
    for _, e in ipairs(account.executions) do
      local hit = e.order.symbol == asked.symbol and e.time >= from and shows(engine, e.time)
        and (asked.order_id == nil or e.order.id == asked.order_id)
      if hit and skip > 0 then
        skip = skip - 1
      elseif hit then
        out[#out + 1] = view.trade(e, context.entry.id)
        if #out == size then break end
      end
    end
    return answer.object { { "order_id", "Abandoned!!" }, { "trade_list", answer.list(out) } }
  end,
})

---------------------------------------------------------------------------------------------------------------
-- The position.

--- The positions.
declare("GET /v2/private/position/list", {
  group = "list", needs = { "symbol" },
  handle = function(engine, account, asked, context)
    local market, code, message = checks.market(engine, asked)
    if not market then return nil, code, message end
    return view.position(account, market, context.entry.id)
  end,
})

-- The account is in Full mode: take profit and stop loss are the whole position's.
--- Sets take profit, stop loss and trailing stop of a position.
declare("POST /v2/private/position/trading-stop", {
  group = "stop", needs = { "symbol" },
  handle = function(engine, account, asked, context)
    if asked.tp_size ~= nil or asked.sl_size ~= nil then
      return nil, 37010, "tp_size and sl_size are for Partial mode"
    end
    local p = translate(asked)
    p.tpslMode, p.positionIdx = "Full", "0"
    local done, code, message = endpoints_position["POST /v5/position/trading-stop"].handle(engine, account, p, context)
    if not done then return nil, code, message end
    return view.stopped(account, engine:market(asked.symbol), context.entry.id)
  end,
})

---------------------------------------------------------------------------------------------------------------

--- The wallet, by coin.
declare("GET /v2/private/wallet/balance", {
  group = "list",
  handle = function(_, account, asked)
    if asked.coin and not account.coins[asked.coin] then return invalid "coin" end
    local names, wallets = {}, {}
    for name in pairs(account.coins) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(asked.coin and { asked.coin } or names) do
      wallets[#wallets + 1] = { name, view.wallet(account:summary(name)) }
    end
    return answer.object(wallets)
  end,
})

--- Last, bid, ask, mark and index price.
endpoints["GET /v2/public/tickers"] = { protocol = wire_v2, handle = function(engine, _, asked)
  local tickers = {}
  for _, market in ipairs(engine.markets) do
    if is_traded(market) and (not asked.symbol or asked.symbol == market.instrument.symbol) then
      tickers[#tickers + 1] = view.ticker(market)
    end
  end
  if asked.symbol and not tickers[1] then return invalid "symbol" end
  return answer.list(tickers)
end }

--- The exchange's clock.
endpoints["GET /v2/public/time"] = { protocol = wire_v2, handle = function() return answer.object {} end }

return endpoints
