-- What the exchange's objects look like on the wire: fields in the order of its documentation (V5 documentation,
-- order/realtime, execution/list, position/list, position/closed-pnl, account/wallet-balance).

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local engine = require "bybit.paper_engine"
local kept = require "bybit.paper.kept"
local position = require "bybit.paper.engine.position"
local triggers = require "bybit.paper.engine.triggers"

local ZERO = decimal(0)
local coin, padded, unchanged = position.coin, engine.padded, engine.unchanged

local view = {}

local ORDER = {
  { "orderId", "id" }, { "orderLinkId", "link", "" }, { "parentOrderLinkId", "parent", "" }, { "blockTradeId", value = "" },
  { "symbol", "symbol" }, { "price", "price" }, { "qty", "qty" }, { "side", "side" }, { "isLeverage", value = "" },
  { "positionIdx", "index" }, { "orderStatus", "status" }, { "createType", "create_type" }, { "cancelType", "cancel_type" },
  { "rejectReason", "reject_reason" }, { "avgPrice", more = "average" }, { "leavesQty", more = "leaves" },
  { "leavesValue", more = "leaves_value" }, { "cumExecQty", "filled" }, { "cumExecValue", "value" }, { "cumExecFee", "fee" },
  { "timeInForce", "tif" }, { "orderType", "type" }, { "stopOrderType", "stop_order_type", "" }, { "orderIv", value = "" },
  { "triggerPrice", more = "trigger_price" }, { "takeProfit", "tp", more = "zero" }, { "stopLoss", "sl", more = "zero" },
  { "tpTriggerBy", more = "tp_by" }, { "slTriggerBy", more = "sl_by" }, { "triggerDirection", "direction", 0 },
  { "triggerBy", "trigger_by", "" }, { "lastPriceOnCreated", more = "last" }, { "reduceOnly", "reduce_only", false },
  { "closeOnTrigger", "close_on_trigger", false }, { "smpType", "smp_type" }, { "smpGroup", value = 0 },
  { "smpOrderId", "smp_order_id", "" }, { "tpslMode", "tpsl_mode", "" }, { "tpLimitPrice", "tp_limit", more = "zero" },
  { "slLimitPrice", "sl_limit", more = "zero" }, { "slippageToleranceType", "slippage_type", "UNKNOWN" },
  { "slippageTolerance", "slippage", "" }, { "placeType", value = "" }, { "createdTime", "created", text = true },
  { "updatedTime", "updated", text = true }, { "cumFeeDetail", more = "fees" },
}

-- The history says a little more of an order than order/realtime does (V5 documentation, order/history).
local CLOSED = table.move({ { "extraFees", value = "" }, { "rpiTakerAccess", value = false }, { "rpiMatchedQty", value = "0" } },
  1, 3, #ORDER + 1, { table.unpack(ORDER) })

ORDER, CLOSED = answer.shape(ORDER), answer.shape(CLOSED)

local DONE = { Filled = true, Cancelled = true, Rejected = true, Deactivated = true }

-- "0.00" with as many places as the contract's prices have.
local ZEROS = setmetatable({}, { __mode = "k", __index = function(self, instrument)
  self[instrument] = tostring(ZERO:round(instrument.scale))
  return self[instrument]
end })

--- A price as prices are written: at least the contract's places, none taken away.
function view.padded(market, price)
  return padded(price, market.places)
end

local NO_FEES = answer.object {}

-- What an order's record has besides the order's own fields.
local function worked_out(o)
  local market, filled, price = o.market, o.filled, o.price
  local instrument, some = market.instrument, not filled:is_zero()
  local leaves = DONE[o.status] and ZERO or some and o.qty - filled or o.qty
  return {
    average = some and instrument.kind.price(filled, o.exact):round(8, "half_up") or "", leaves = leaves,
    leaves_value = price:is_zero() and ZERO or coin(instrument.kind.value(leaves, price)),
    trigger_price = padded(o.trigger_price, market.places) or ZEROS[instrument], zero = ZEROS[instrument],
    tp_by = o.tp and (o.tp_by or "LastPrice") or "", sl_by = o.sl and (o.sl_by or "LastPrice") or "",
    last = padded(o.last_on_created, market.places), fees = some and answer.object { { instrument.settle, o.fee } } or NO_FEES,
  }
end

--- An order, written anew.
function view.new_order(o)
  return answer.row(ORDER, o, worked_out(o))
end

--- A closed order, written anew.
function view.new_closed_order(o)
  return answer.row(CLOSED, o, worked_out(o))
end

-- The fields of an order that may change.
local CHANGING = { "updated", "status", "filled", "price", "qty", "trigger_price", "trigger_by", "tp", "sl", "tp_by",
  "sl_by", "tp_limit", "sl_limit", "tpsl_mode", "cancel_type", "reject_reason", "smp_order_id" }

--- An order.
view.order = kept.new(CHANGING, view.new_order)

--- A closed order.
view.closed_order = kept.new(CHANGING, view.new_closed_order)

local EXECUTION = answer.shape {
  { "symbol", more = "symbol" }, { "orderId", more = "id" }, { "orderLinkId", more = "link" }, { "side", more = "side" },
  { "orderPrice", "order_price" }, { "orderQty", "order_quantity" }, { "leavesQty", "leaves" },
  { "createType", more = "create_type" }, { "orderType", more = "type" }, { "stopOrderType", more = "stop_order_type" },
  { "execFee", "fee" }, { "execId", "id" },
  { "execPrice", "price" }, { "execQty", "quantity" }, { "execType", "kind" }, { "execValue", "value" },
  { "execTime", "time", text = true }, { "feeCurrency", value = "" }, { "isMaker", "maker", false }, { "feeRate", "rate" },
  { "tradeIv", value = "" }, { "markIv", value = "" }, { "markPrice", more = "mark" }, { "indexPrice", value = "" },
  { "underlyingPrice", value = "" }, { "blockTradeId", value = "" }, { "closedSize", "closed" }, { "seq", "seq" },
  { "extraFees", value = "" },
}

--- An execution, written anew.
function view.new_execution(e)
  local o = e.order
  return answer.row(EXECUTION, e, { symbol = o.symbol, id = o.id, link = o.link or "", side = o.side, type = o.type,
    create_type = o.create_type or "", stop_order_type = o.stop_order_type or "UNKNOWN",
    mark = padded(o.market:price(e.mark), o.market.places) })
end

--- An execution: nothing of it ever changes.
view.execution = kept.new({}, view.new_execution)

local POSITION = answer.shape {
  { "positionIdx", "index" }, { "riskId", more = "id" }, { "riskLimitValue", more = "risk_limit" }, { "symbol", more = "symbol" },
  { "side", "side" }, { "size", "size" }, { "avgPrice", more = "average" }, { "positionValue", more = "value" },
  { "tradeMode", value = 0 }, { "positionStatus", value = "Normal" }, { "autoAddMargin", more = "auto_add" },
  { "adlRankIndicator", more = "rank" }, { "leverage", "leverage" }, { "breakEvenPrice", more = "break_even" },
  { "positionBalance", more = "im" }, { "markPrice", more = "mark" }, { "liqPrice", more = "liquidation" },
  { "bustPrice", value = "" }, { "positionMM", more = "mm" }, { "positionMMByMp", more = "mm" }, { "positionIM", more = "im" },
  { "positionIMByMp", more = "im" }, { "tpslMode", value = "Full" }, { "takeProfit", more = "tp" }, { "stopLoss", more = "sl" },
  { "trailingStop", more = "trailing" }, { "unrealisedPnl", more = "unrealised" }, { "curRealisedPnl", "realised" },
  { "cumRealisedPnl", "total" }, { "seq", "seq", "-1" }, { "isReduceOnly", value = false }, { "mmrSysUpdatedTime", value = "" },
  { "leverageSysUpdatedTime", value = "" }, { "sessionAvgPrice", more = "session" }, { "createdTime", "created", text = true },
  { "updatedTime", "updated", text = true }, { "openTime", more = "opened" },
}

-- What the record of a position has besides the position's own fields, as long as these stay.
local function state_of(market, p)
  local instrument, zero = market.instrument, ZEROS[market.instrument]
  local state = { id = instrument.id, risk_limit = instrument.risk_limit, symbol = instrument.symbol, average = "0", value = "",
    auto_add = p.auto_add and 1 or 0, rank = 0, break_even = "", im = ZERO, liquidation = "", mm = ZERO, tp = zero, sl = zero,
    trailing = zero, session = "", opened = 0, unrealised = ZERO, mark = nil }
  if p.side == "" then return state end
  state.average, state.value, state.rank = position.average(p):round(8, "half_up"), coin(p.cost), 2
  state.break_even = position.break_even(p, instrument.taker) or ""
  state.im, state.mm = position.initial_margin(p, instrument), position.maintenance_margin(p, instrument)
  state.liquidation = padded(position.liquidation_price(p, instrument), market.places) or ""
  if instrument.has_sessions then state.session = position.entry(p):round(8, "half_up") end
  state.opened = p.opened
  return state
end

-- The orders that protect a position.
local LEVELS = { TakeProfit = "tp", StopLoss = "sl", TrailingStop = "trailing" }

-- Adds what changes with prices, and with the orders that protect it.
local function bring_up(state, account, market, p)
  local mark, zero, symbol = market:reference "MarkPrice", ZEROS[market.instrument], market.instrument.symbol
  state.mark, state.unrealised = padded(mark, market.places), position.unrealised(p, mark)
  state.tp, state.sl, state.trailing = zero, zero, zero
  if #account:waiting_on(symbol, p.index) == 0 then return state end
  for kind, name in pairs(LEVELS) do
    local order = triggers.full(account, symbol, p.index, kind)
    if order then state[name] = padded(kind == "TrailingStop" and order.distance or order.trigger_price, market.places) end
  end
  return state
end

--- A position of an account, written anew.
---@param index integer which one of the symbol
function view.new_position(account, market, index)
  local p = account:position(market.instrument.symbol, index)
  return answer.row(POSITION, p, bring_up(state_of(market, p), account, market, p))
end

-- The fields of a position on which its state depends.
local BEHIND = { "side", "size", "cost", "leverage", "added", "bought", "drawn", "realised", "auto_add", "opened" }

local STATES = setmetatable({}, { __mode = "k" })

--- A position of an account. What is worked out of it alone is kept until the position changes.
---@param index integer which one of the symbol
function view.position(account, market, index)
  local p = account:position(market.instrument.symbol, index)
  local kept_of = STATES[p]
  if not kept_of then
    kept_of = { state = nil }
    STATES[p] = kept_of
  end
  if not unchanged(kept_of, p, BEHIND) then kept_of.state = nil end
  kept_of.state = kept_of.state or state_of(market, p)
  return answer.row(POSITION, p, bring_up(kept_of.state, account, market, p))
end

local PROFIT = { "symbol", "orderId", "side", "qty", "orderPrice", "orderType", "execType", "closedSize", "cumEntryValue",
  "avgEntryPrice", "cumExitValue", "avgExitPrice", "closedPnl", "fillCount", "leverage", "openFee", "closeFee",
  "createdTime", "updatedTime" }

local ENDS = { CreateByLiq = "BustTrade", CreateBySettle = "Settle" } -- of positions that no order of the account has closed

function view.profit(row)
  local o = row.order
  local kind = o.market.instrument.kind
  local function average(value) return value > ZERO and kind.price(row.closed, value):round(8, "half_up") or "0" end
  return answer.record(PROFIT, {
    symbol = o.symbol, orderId = o.id, side = o.side, qty = o.qty, orderPrice = o.price, orderType = o.type,
    execType = row.kind or ENDS[o.create_type] or "Trade", closedSize = row.closed,
    cumEntryValue = row.entry_value, avgEntryPrice = average(row.entry_value), cumExitValue = row.exit_value,
    avgExitPrice = average(row.exit_value), closedPnl = row.pnl, fillCount = tostring(row.fills), leverage = row.leverage,
    openFee = row.open_fee, closeFee = row.close_fee, createdTime = tostring(row.created),
    updatedTime = tostring(row.updated),
  })
end

local COIN = { "availableToBorrow", "bonus", "accruedInterest", "availableToWithdraw", "totalOrderIM", "equity",
  "totalPositionMM", "usdValue", "spotHedgingQty", "unrealisedPnl", "collateralSwitch", "borrowAmount", "totalPositionIM",
  "walletBalance", "cumRealisedPnl", "locked", "marginCollateral", "coin", "spotBorrow" }

--- A coin of a wallet, and its value in USD.
function view.coin(name, sum, usd)
  return answer.record(COIN, {
    availableToBorrow = "", bonus = "0", accruedInterest = "0", availableToWithdraw = "", totalOrderIM = sum.order_im,
    equity = sum.wallet + sum.unrealised, totalPositionMM = sum.position_mm, usdValue = usd, spotHedgingQty = "0",
    unrealisedPnl = sum.unrealised, collateralSwitch = sum.collateral, borrowAmount = "0", totalPositionIM = sum.position_im,
    walletBalance = sum.wallet, cumRealisedPnl = sum.realised, locked = "0", marginCollateral = true, coin = name,
    spotBorrow = "0",
  })
end

return view
