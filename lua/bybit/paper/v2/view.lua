-- What the exchange's objects look like on the v2 wire: the same field is a number in one answer and a text in another,
-- with as many zeros as the documentation's examples have (v2 documentation, the answers of each endpoint).

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local position = require "bybit.paper.engine.position"
local time = require "bybit.text.time"
local triggers = require "bybit.paper.engine.triggers"

local ZERO = decimal(0)
local coin = position.coin

local view = {}

local FORCE = { GTC = "GoodTillCancel", IOC = "ImmediateOrCancel", FOK = "FillOrKill" }
local DONE = { Filled = true, Cancelled = true, Rejected = true, Deactivated = true }

-- How a decimal is written.
local number = answer.number
local function text(x) return tostring(x:key()) end
local function places(n)
  return function(x) return tostring(x:round(math.max(n, #(text(x):match "%.(%d*)" or "")))) end
end
local two, four = places(2), places(4)

local function brief(ms) -- without the zeros at the end of a fraction
  return (time.iso(ms):gsub("%.?0*Z$", "Z"))
end

local function seconds(ms)
  return (("%d.%03d"):format(ms // 1000, ms % 1000):gsub("%.?0*$", ""))
end

local function leaves_of(o)
  return DONE[o.status] and ZERO or o.qty - o.filled
end

local function value_of(o, quantity)
  return o.price > ZERO and coin(quantity / o.price) or ZERO
end

-- The words for the time in force that orders were sent with. They are kept here, since a filled order does not change any more.
local sent_force = setmetatable({}, { __mode = "k" })

--- An order was sent with this word.
function view.note_force(order, word) sent_force[order] = word end

-- Market orders keep the word that they were sent with; conditional ones do not.
local function force_of(o)
  if sent_force[o] and not o.stop_order_type then return sent_force[o] end
  return FORCE[o.tif] or o.tif
end

local function last_fill(o)
  if o.filled:is_zero() then return nil end
  local executions = o.account.executions
  for i = #executions, 1, -1 do
    local e = executions[i]
    if e.order == o then return e end
    if e.time < o.created then return nil end
  end
end

-- The fields that every answer about an order has; `n` writes its numbers, `p` its take profit and stop loss.
local function common(o, user, n, p)
  return {
    user_id = user, position_idx = 0, symbol = o.symbol, side = o.side, order_type = o.type, price = n(o.price),
    qty = n(o.qty), time_in_force = force_of(o), order_link_id = o.link or "", order_id = o.id, stop_order_id = o.id,
    leaves_qty = n(leaves_of(o)), leaves_value = text(value_of(o, leaves_of(o))), cum_exec_qty = n(o.filled),
    cum_exec_value = n(o.value), cum_exec_fee = n(o.fee), reject_reason = o.reject_reason, cancel_type = o.cancel_type,
    order_status = o.status, take_profit = o.tp and p(o.tp) or "", stop_loss = o.sl and p(o.sl) or "",
    tp_trigger_by = o.tp and (o.tp_by or "LastPrice") or "", sl_trigger_by = o.sl and (o.sl_by or "LastPrice") or "",
    created_at = brief(o.created), updated_at = brief(o.updated), stop_order_type = o.stop_order_type,
    stop_px = o.trigger_price and n(o.trigger_price), trigger_by = o.trigger_by, base_price = o.base_price and n(o.base_price),
  }
end

-- The named fields, in their order; what is false or absent is left out.
local function record(fields, values)
  for name, value in pairs(values) do
    if value == false then values[name] = nil end
  end
  return answer.record(fields, values)
end

local function with(values, more)
  for k, v in pairs(more) do values[k] = v end
  return values
end

local ANSWERED = { "user_id", "order_id", "symbol", "side", "order_type", "price", "qty", "time_in_force", "order_status",
  "last_exec_time", "last_exec_price", "leaves_qty", "cum_exec_qty", "cum_exec_value", "cum_exec_fee", "reject_reason",
  "order_link_id", "created_at", "updated_at", "take_profit", "stop_loss", "tp_trigger_by", "sl_trigger_by" }

--- What order/create answers: the order as it was received, before it is matched.
function view.created(o, user)
  local taken = setmetatable({ status = "Created", filled = ZERO, value = ZERO, fee = ZERO, updated = o.created,
    reject_reason = "EC_NoError" }, { __index = o })
  return record(ANSWERED, with(common(taken, user, number, two), { last_exec_time = 0, last_exec_price = 0,
    created_at = time.iso(o.created), updated_at = time.iso(o.created) }))
end

--- What order/cancel answers: the order as it stood.
function view.cancelled(o, user)
  local fill = last_fill(o)
  return record(ANSWERED, with(common(o, user, number, two), {
    last_exec_time = number(decimal(seconds(fill and fill.time or o.created))),
    last_exec_price = fill and number(fill.price) or 0 }))
end

local LISTED = { "user_id", "position_idx", "order_status", "symbol", "side", "order_type", "price", "qty", "time_in_force",
  "order_link_id", "order_id", "created_at", "updated_at", "leaves_qty", "leaves_value", "cum_exec_qty", "cum_exec_value",
  "cum_exec_fee", "reject_reason", "take_profit", "stop_loss", "tp_trigger_by", "sl_trigger_by" }

--- A record of order/list: texts throughout.
function view.listed(o, user)
  return record(LISTED, common(o, user, text, four))
end

local NOW = { "user_id", "position_idx", "symbol", "side", "order_type", "price", "qty", "stop_px", "base_price",
  "time_in_force", "order_status", "ext_fields", "last_exec_time", "last_exec_price", "leaves_qty", "leaves_value",
  "cum_exec_qty", "cum_exec_value", "cum_exec_fee", "reject_reason", "cancel_type", "order_link_id", "created_at",
  "updated_at", "order_id", "trigger_by", "take_profit", "stop_loss", "tp_trigger_by", "sl_trigger_by" }

local function now(o, user)
  local filled = not o.filled:is_zero()
  return with(common(o, user, text, two), {
    qty = number(o.qty), leaves_qty = number(leaves_of(o)), cum_exec_qty = number(o.filled),
    cum_exec_value = filled and text(o.value) or answer.null, cum_exec_fee = filled and text(o.fee) or answer.null,
    ext_fields = answer.object { { "o_req_num", -o.row } },
  })
end

--- What the real-time query of active orders answers. Once triggered, an order is an active one and nothing else.
function view.now(o, user)
  local fill = last_fill(o)
  return record(NOW, with(now(o, user), { stop_px = false, base_price = false, trigger_by = false,
    last_exec_time = seconds(fill and fill.time or o.created), last_exec_price = fill and text(fill.price) }))
end

--- The same of conditional orders.
function view.waiting(o, user)
  return record(NOW, with(now(o, user), { stop_px = two(o.trigger_price),
    base_price = two(o.base_price or o.last_on_created) }))
end

local PARKED = { "user_id", "symbol", "side", "order_type", "price", "qty", "time_in_force", "remark", "leaves_qty",
  "leaves_value", "stop_px", "reject_reason", "stop_order_id", "order_link_id", "trigger_by", "base_price", "created_at",
  "updated_at", "tp_trigger_by", "sl_trigger_by", "take_profit", "stop_loss" }

--- What stop-order/create answers: texts, and no status.
function view.parked(o, user, address)
  return record(PARKED, with(common(o, user, two, two), { qty = text(o.qty), leaves_qty = text(o.qty),
    leaves_value = text(value_of(o, o.qty)), remark = address, updated_at = brief(o.created) }))
end

local STOPS = { "user_id", "position_idx", "stop_order_status", "symbol", "side", "order_type", "stop_order_type", "price",
  "qty", "time_in_force", "base_price", "order_link_id", "created_at", "updated_at", "stop_px", "stop_order_id", "trigger_by",
  "take_profit", "stop_loss", "tp_trigger_by", "sl_trigger_by" }

--- The status of a conditional order: one that became an active order stays Active for ever.
function view.stop_status(o)
  if o.triggered then return "Active" end
  return o.status
end

--- A record of stop-order/list.
function view.stop(o, user)
  return record(STOPS, with(common(o, user, text, four), { stop_order_status = view.stop_status(o),
    base_price = text(o.base_price or o.last_on_created) }))
end

local DROPPED = { "clOrdID", "order_link_id", "user_id", "symbol", "side", "order_type", "price", "qty", "time_in_force",
  "create_type", "cancel_type", "order_status", "leaves_qty", "leaves_value", "created_at", "updated_at", "cross_status",
  "cross_seq", "stop_order_type", "trigger_by", "base_price", "trail_value", "expected_direction" }

--- An entry of cancelAll. Of what the exchange placed itself there is no order_link_id.
function view.dropped(o, user, leaves, conditional)
  return record(DROPPED, with(common(o, user, number, two), {
    clOrdID = o.id, order_link_id = (o.link or not triggers.protects(o)) and (o.link or "") or nil, price = text(o.price),
    create_type = o.create_type, cancel_type = "CancelByUser", order_status = "", leaves_qty = number(leaves),
    leaves_value = "0", cross_status = conditional and "Deactivated" or "PendingCancel",
    cross_seq = conditional and -1 or o.market.seq, base_price = conditional and text(o.base_price or o.last_on_created),
    trail_value = conditional and text(o.distance or ZERO), trigger_by = conditional and o.trigger_by,
    stop_order_type = conditional and o.stop_order_type,
    expected_direction = conditional and (o.direction == 1 and "Rising" or "Falling") }))
end

local TRADE = { "closed_size", "cross_seq", "exec_fee", "exec_id", "exec_price", "exec_qty", "exec_time", "exec_type",
  "exec_value", "fee_rate", "last_liquidity_ind", "leaves_qty", "nth_fill", "order_id", "order_link_id", "order_price",
  "order_qty", "order_type", "side", "symbol", "user_id", "trade_time_ms" }

--- A record of execution/list.
function view.trade(e, user)
  local o = e.order
  return record(TRADE, {
    closed_size = number(e.closed), cross_seq = e.seq, exec_fee = text(e.fee), exec_id = e.id, exec_price = text(e.price),
    exec_qty = number(e.quantity), exec_time = seconds(e.time), exec_type = e.kind, exec_value = text(e.value),
    fee_rate = text(e.rate), last_liquidity_ind = e.kind == "Funding" and "LiquidityIndNA"
      or e.maker and "AddedLiquidity" or "RemovedLiquidity", leaves_qty = number(e.leaves), nth_fill = 1,
    order_id = o.id, order_link_id = o.link or "", order_price = text(o.price), order_qty = number(o.qty),
    order_type = o.type, side = o.side, symbol = o.symbol, user_id = user, trade_time_ms = e.time,
  })
end

local POSITION = { "id", "user_id", "risk_id", "symbol", "side", "size", "position_value", "entry_price", "is_isolated",
  "auto_add_margin", "leverage", "effective_leverage", "position_margin", "liq_price", "bust_price", "occ_closing_fee",
  "occ_funding_fee", "take_profit", "stop_loss", "trailing_stop", "position_status", "deleverage_indicator",
  "order_margin", "wallet_balance", "realised_pnl", "unrealised_pnl", "cum_realised_pnl", "cum_commission", "cross_seq",
  "position_seq", "created_at", "updated_at", "tp_sl_mode", "ext_fields" }

local ONLY_LISTED = { "is_isolated", "effective_leverage", "unrealised_pnl", "tp_sl_mode" }
local ONLY_ANSWERED = { "cum_commission", "ext_fields" }

-- A position; `n` writes its numbers, `without` names what this answer does not have.
local function position_of(account, market, user, n, without)
  local symbol, instrument = market.instrument.symbol, market.instrument
  local p, sum = account:position(symbol), account:summary(market.instrument.settle)
  local function level(kind, field)
    local order = triggers.full(account, symbol, 0, kind)
    return order and order[field] or nil
  end
  local tp_by, sl_by = level("TakeProfit", "trigger_by"), level("StopLoss", "trigger_by")
  local values = {
    id = 0, user_id = user, risk_id = instrument.id, symbol = symbol, side = p.side == "" and "None" or p.side,
    size = number(p.size), position_value = n(coin(p.cost)),
    entry_price = n(position.entry(p):round(8, "half_up")), is_isolated = true, auto_add_margin = 0,
    leverage = n(p.leverage), effective_leverage = n(p.leverage),
    position_margin = n(position.initial_margin(p, instrument)),
    liq_price = n(position.liquidation_price(p, instrument) or ZERO),
    bust_price = n(position.bankruptcy_price(p, instrument) or ZERO),
    occ_closing_fee = n(position.fee_to_close(p, instrument.taker)), occ_funding_fee = n(ZERO),
    take_profit = n(level("TakeProfit", "trigger_price") or ZERO), stop_loss = n(level("StopLoss", "trigger_price") or ZERO),
    trailing_stop = n(level("TrailingStop", "distance") or ZERO), position_status = "Normal",
    deleverage_indicator = p.side == "" and 0 or 2, order_margin = n(sum.order_im), wallet_balance = n(sum.wallet),
    realised_pnl = n(p.realised), unrealised_pnl = n(position.unrealised(p, market:reference "MarkPrice")),
    cum_realised_pnl = n(p.total), cum_commission = 0, cross_seq = p.seq or -1, position_seq = 0,
    created_at = brief(p.created), updated_at = brief(p.updated), tp_sl_mode = "Full",
    ext_fields = answer.object { { "trailing_active", text(level("TrailingStop", "active_price") or ZERO) },
      { "sl_trigger_by", sl_by }, { "tp_trigger_by", tp_by }, { "v", 1 }, { "mm", 0 } },
  }
  for _, name in ipairs(without) do values[name] = nil end
  return record(POSITION, values)
end

local WALLET = { "equity", "available_balance", "used_margin", "order_margin", "position_margin", "wallet_balance",
  "realised_pnl", "unrealised_pnl" }

--- A coin of the wallet.
function view.wallet(sum)
  return record(WALLET, { equity = number(sum.wallet + sum.unrealised), available_balance = number(sum.available),
    used_margin = number(sum.order_im + sum.position_im), order_margin = number(sum.order_im),
    position_margin = number(sum.position_im), wallet_balance = number(sum.wallet), realised_pnl = number(sum.realised),
    unrealised_pnl = number(sum.unrealised) })
end

local TICKER = { "symbol", "bid_price", "ask_price", "last_price", "mark_price", "index_price" }

--- The prices of a contract.
function view.ticker(market)
  local function price(ticks) return ticks and text(market:price(ticks)) or "" end
  local bid, ask = market:best_level "Buy", market:best_level "Sell"
  return record(TICKER, { symbol = market.instrument.symbol, bid_price = price(bid and bid.ticks),
    ask_price = price(ask and ask.ticks), last_price = price(market.last), mark_price = price(market.mark),
    index_price = price(market.index) })
end

--- What position/list answers: texts.
function view.position(account, market, user)
  return position_of(account, market, user, text, ONLY_ANSWERED)
end

--- What position/trading-stop answers: numbers, with exponents where they are small.
function view.stopped(account, market, user)
  return position_of(account, market, user, number, ONLY_LISTED)
end

return view
