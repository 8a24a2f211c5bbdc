-- What the exchange's objects look like on the wire: fields in the order of its documentation (V5 documentation,
-- order/realtime, execution/list, position/list, position/closed-pnl, account/wallet-balance).

local decimal = require("bybit.core").decimal
local answer = require "bybit.paper.answer"
local kept = require "bybit.paper.kept"
local position = require "bybit.paper.engine.position"
local triggers = require "bybit.paper.engine.triggers"

local ZERO = decimal(0)
local coin = position.coin

local view = {}

local ORDER = { "orderId", "orderLinkId", "parentOrderLinkId", "blockTradeId", "symbol", "price", "qty", "side",
  "isLeverage", "positionIdx", "orderStatus", "createType", "cancelType", "rejectReason", "avgPrice", "leavesQty",
  "leavesValue", "cumExecQty", "cumExecValue", "cumExecFee", "timeInForce", "orderType", "stopOrderType", "orderIv",
  "triggerPrice", "takeProfit", "stopLoss", "tpTriggerBy", "slTriggerBy", "triggerDirection", "triggerBy",
  "lastPriceOnCreated", "reduceOnly", "closeOnTrigger", "smpType", "smpGroup", "smpOrderId", "tpslMode",
  "tpLimitPrice", "slLimitPrice", "slippageToleranceType", "slippageTolerance", "placeType", "createdTime",
  "updatedTime", "cumFeeDetail" }

-- The history says a little more of an order than order/realtime does (V5 documentation, order/history).
local CLOSED = table.move({ "extraFees", "rpiTakerAccess", "rpiMatchedQty" }, 1, 3, #ORDER + 1, { table.unpack(ORDER) })

local DONE = { Filled = true, Cancelled = true, Rejected = true, Deactivated = true }

-- "0.00" with as many places as the contract's prices have.
local function nothing(market)
  return ZERO:round(market.instrument.scale)
end

--- A price as prices are written: at least the contract's places, none taken away.
local function padded(market, price)
  local text = tostring(price)
  local point = text:find(".", 1, true)
  local places = point and #text - point or 0
  return places >= market.places and price or price:round(market.places)
end

view.padded = padded

local function order_values(o)
  local market = o.market
  local zero = nothing(market)
  local leaves, kind = DONE[o.status] and ZERO or o.qty - o.filled, market.instrument.kind
  return {
    orderId = o.id, orderLinkId = o.link or "", parentOrderLinkId = o.parent or "", blockTradeId = "", symbol = o.symbol,
    price = o.price, qty = o.qty, side = o.side, isLeverage = "", positionIdx = o.index, orderStatus = o.status,
    createType = o.create_type, cancelType = o.cancel_type, rejectReason = o.reject_reason,
    avgPrice = o.filled > ZERO and kind.price(o.filled, o.exact):round(8, "half_up") or "", leavesQty = leaves,
    leavesValue = o.price > ZERO and coin(kind.value(leaves, o.price)) or ZERO, cumExecQty = o.filled, cumExecValue = o.value,
    cumExecFee = o.fee, timeInForce = o.tif, orderType = o.type, stopOrderType = o.stop_order_type or "", orderIv = "",
    triggerPrice = o.trigger_price and padded(market, o.trigger_price) or zero, takeProfit = o.tp or zero,
    stopLoss = o.sl or zero, tpTriggerBy = o.tp and (o.tp_by or "LastPrice") or "",
    slTriggerBy = o.sl and (o.sl_by or "LastPrice") or "", triggerDirection = o.direction or 0,
    triggerBy = o.trigger_by or "", lastPriceOnCreated = padded(market, o.last_on_created),
    reduceOnly = o.reduce_only or false, closeOnTrigger = o.close_on_trigger or false, smpType = o.smp_type, smpGroup = 0,
    smpOrderId = o.smp_order_id or "", tpslMode = o.tpsl_mode or "", tpLimitPrice = o.tp_limit or zero,
    slLimitPrice = o.sl_limit or zero, slippageToleranceType = o.slippage_type or "UNKNOWN",
    slippageTolerance = o.slippage or "", placeType = "", createdTime = tostring(o.created),
    updatedTime = tostring(o.updated), cumFeeDetail = answer.object { o.filled > ZERO and { market.instrument.settle, o.fee }
      or nil },
  }
end

--- An order, written anew.
function view.new_order(o)
  return answer.record(ORDER, order_values(o))
end

function view.closed_order(o)
  local values = order_values(o)
  values.extraFees, values.rpiTakerAccess, values.rpiMatchedQty = "", false, "0"
  return answer.record(CLOSED, values)
end

--- An order.
view.order = kept.new({ "updated", "status", "filled", "price", "qty", "trigger_price", "trigger_by", "tp", "sl", "tp_by",
  "sl_by", "tp_limit", "sl_limit", "tpsl_mode", "cancel_type", "reject_reason", "smp_order_id" }, view.new_order)

local EXECUTION = { "symbol", "orderId", "orderLinkId", "side", "orderPrice", "orderQty", "leavesQty", "createType",
  "orderType", "stopOrderType", "execFee", "execId", "execPrice", "execQty", "execType", "execValue", "execTime",
  "feeCurrency", "isMaker", "feeRate", "tradeIv", "markIv", "markPrice", "indexPrice", "underlyingPrice", "blockTradeId",
  "closedSize", "seq", "extraFees" }

--- An execution, written anew.
function view.new_execution(e)
  local o = e.order
  return answer.record(EXECUTION, {
    symbol = o.symbol, orderId = o.id, orderLinkId = o.link or "", side = o.side, orderPrice = e.order_price,
    orderQty = e.order_quantity, leavesQty = e.leaves, createType = o.create_type or "", orderType = o.type,
    stopOrderType = o.stop_order_type or "UNKNOWN", execFee = e.fee, execId = e.id, execPrice = e.price,
    execQty = e.quantity, execType = e.kind, execValue = e.value,
    execTime = tostring(e.time), feeCurrency = "", isMaker = e.maker, feeRate = e.rate, tradeIv = "", markIv = "",
    markPrice = padded(o.market, o.market:price(e.mark)), indexPrice = "", underlyingPrice = "", blockTradeId = "",
    closedSize = e.closed, seq = e.seq, extraFees = "",
  })
end

--- An execution: nothing of it ever changes.
view.execution = kept.new({}, view.new_execution)

local POSITION = { "positionIdx", "riskId", "riskLimitValue", "symbol", "side", "size", "avgPrice", "positionValue",
  "tradeMode", "positionStatus", "autoAddMargin", "adlRankIndicator", "leverage", "breakEvenPrice", "positionBalance",
  "markPrice", "liqPrice", "bustPrice", "positionMM", "positionMMByMp", "positionIM", "positionIMByMp", "tpslMode",
  "takeProfit", "stopLoss", "trailingStop", "unrealisedPnl", "curRealisedPnl", "cumRealisedPnl", "seq", "isReduceOnly",
  "mmrSysUpdatedTime", "leverageSysUpdatedTime", "sessionAvgPrice", "createdTime", "updatedTime", "openTime" }

--- A position of an account.
---@param index integer which one of the symbol
function view.position(account, market, index)
  local symbol, instrument = market.instrument.symbol, market.instrument
  local p = account:position(symbol, index)
  local zero, flat = nothing(market), p.side == ""
  local function level(kind, field)
    local order = triggers.full(account, symbol, index, kind)
    return order and padded(market, order[field]) or zero
  end
  local mark = market:reference "MarkPrice"
  local im = position.initial_margin(p, instrument)
  local mm = position.maintenance_margin(p, instrument)
  local liquidation = position.liquidation_price(p, instrument)
  return answer.record(POSITION, {
    positionIdx = index, riskId = instrument.id, riskLimitValue = instrument.risk_limit, symbol = symbol, side = p.side,
    size = p.size,
    avgPrice = flat and "0" or position.average(p):round(8, "half_up"), positionValue = flat and "" or coin(p.cost),
    tradeMode = 0, positionStatus = "Normal", autoAddMargin = p.auto_add and 1 or 0, adlRankIndicator = flat and 0 or 2,
    leverage = p.leverage,
    breakEvenPrice = position.break_even(p, instrument.taker) or "", positionBalance = im, markPrice = padded(market, mark),
    liqPrice = liquidation and padded(market, liquidation) or "", bustPrice = "", positionMM = mm, positionMMByMp = mm,
    positionIM = im, positionIMByMp = im, tpslMode = "Full", takeProfit = level("TakeProfit", "trigger_price"),
    stopLoss = level("StopLoss", "trigger_price"), trailingStop = level("TrailingStop", "distance"),
    unrealisedPnl = position.unrealised(p, mark), curRealisedPnl = p.realised, cumRealisedPnl = p.total,
    seq = p.seq or "-1", isReduceOnly = false, mmrSysUpdatedTime = "", leverageSysUpdatedTime = "",
    sessionAvgPrice = instrument.has_sessions and not flat and position.entry(p):round(8, "half_up") or "",
    createdTime = tostring(p.created), updatedTime = tostring(p.updated), openTime = flat and 0 or p.opened,
  })
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
