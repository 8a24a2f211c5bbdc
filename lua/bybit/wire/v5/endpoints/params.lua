-- Parameters that several methods of the V5 wire share. A row names them, `params = { "symbol", ... }`, or changes what differs,
-- `{ like = "limit", max = 100 }`. The fields of a parameter are explained in wire/rows.lua.

local categories = require "bybit.wire.categories"

-- A quantity of inverse contracts is a number of USD, and one of linear contracts an amount of what they are about. Prices of inverse
-- contracts are in USD, those of linear ones in USDT or USDC.
local UNIT = "whole contracts of 1 USD; of linear contracts base coin"

local shared = {
  symbol = { "symbol", "symbol", "symbol", required = true, kind = categories.each "kind",
    doc = "The contract, such as BTCUSD." },
  side = { "side", "side", "enum", enum = "side", required = true, doc = "Buy or Sell." },
  type = { "type", "orderType", "enum", enum = "order_type", required = true, v2 = "order_type",
    doc = "Limit; or Market, which trades at once, inside a protective price." },
  quantity = { "quantity", "qty", "decimal", required = true, above = "0", zero_with = { "reduce_only", "close_on_trigger" },
    v2 = "qty", unit = UNIT, whole = categories.each "whole",
    doc = "How much to trade: a multiple of the contract's step. 0 closes the whole position." },
  price = { "price", "price", "decimal", above = "0", required_when = { "type", "Limit", unless = "bbo_side_type" },
    unit = "quote coin", doc = "The price: a multiple of the contract's tick. Market orders ignore it." },
  time_in_force = { "time_in_force", "timeInForce", "enum", enum = "time_in_force",
    default_by = { "type", Limit = "GTC", Market = "IOC" },
    doc = "How long the order lives: GTC for Limit and IOC for Market when left out. Market can only be IOC." },
  position_mode = { "position_mode", "positionIdx", "integer", default = 0, min = 0, max = 2, leg = true, v2 = "position_idx",
    doc = "Which position: 0 in one-way mode, as of every inverse contract; in hedge mode 1 the long one, 2 the short one." },
  client_order_id = { "client_order_id", "orderLinkId", "client_order_id", v2 = "order_link_id",
    doc = "Your own id: up to 36 of A-Z a-z 0-9 - _, never used before on the account." },
  order_id = { "order_id", "orderId", "id", doc = "The exchange's id." },
  stop_order_id = { "stop_order_id", "orderId", "id", also = "order_id", doc = "The exchange's id." },
  reduce_only = { "reduce_only", "reduceOnly", "boolean", reduces = true, doc = "The order may only reduce the position." },
  close_on_trigger = { "close_on_trigger", "closeOnTrigger", "boolean", reduces = true,
    doc = "The order may only reduce the position. If the balance is too small, other orders are cancelled to make room "
      .. "for it." },
  take_profit_price = { "take_profit_price", "takeProfit", "decimal", min = "0", v2 = "take_profit", unit = "quote coin",
    doc = "Take profit of the position that the order opens." },
  stop_loss_price = { "stop_loss_price", "stopLoss", "decimal", min = "0", v2 = "stop_loss", unit = "quote coin",
    doc = "Stop loss of the position that the order opens." },
  take_profit_trigger_type = { "take_profit_trigger_type", "tpTriggerBy", "enum", enum = "trigger_type",
    v2 = "tp_trigger_by", doc = "Which price the take profit looks at; the exchange's default is LastPrice." },
  stop_loss_trigger_type = { "stop_loss_trigger_type", "slTriggerBy", "enum", enum = "trigger_type",
    v2 = "sl_trigger_by", doc = "Which price the stop loss looks at; the exchange's default is LastPrice." },
  tpsl_mode = { "tpsl_mode", "tpslMode", "enum", enum = "tpsl_mode",
    doc = "Full: for the whole position; Partial: for a part, as Limit orders want it." },
  tp_order_type = { "tp_order_type", "tpOrderType", "enum", enum = "order_type",
    doc = "What the take profit becomes: Market (the default), or Limit in Partial mode." },
  sl_order_type = { "sl_order_type", "slOrderType", "enum", enum = "order_type",
    doc = "What the stop loss becomes: Market (the default), or Limit in Partial mode." },
  tp_limit_price = { "tp_limit_price", "tpLimitPrice", "decimal", above = "0", unit = "quote coin",
    doc = "Price of a take profit that is a Limit order." },
  sl_limit_price = { "sl_limit_price", "slLimitPrice", "decimal", above = "0", unit = "quote coin",
    doc = "Price of a stop loss that is a Limit order." },
  smp_type = { "smp_type", "smpType", "enum", enum = "smp_type",
    doc = "Which order gives way when two of the same group would trade with each other." },
  slippage_tolerance_type = { "slippage_tolerance_type", "slippageToleranceType", "enum",
    enum = "slippage_tolerance_type", doc = "For Market orders: the unit of slippage_tolerance." },
  slippage_tolerance = { "slippage_tolerance", "slippageTolerance", "decimal", above = "0",
    unit = "ticks (1 to 10000) or percent (0.01 to 10)", doc = "How far from the best price a Market order may go." },
  bbo_side_type = { "bbo_side_type", "bboSideType", "enum", enum = "bbo_side_type",
    doc = "For Limit orders: takes the price from the order's own side of the book (Queue) or from the other (Counterparty)." },
  bbo_level = { "bbo_level", "bboLevel", "enum", enum = "bbo_level",
    doc = "The level of the book that bbo_side_type takes the price from: 1 to 5." },
  rpi_taker_access = { "rpi_taker_access", "rpiTakerAccess", "boolean", doc = "The order may match RPI quotes." },
  trigger_type = { "trigger_type", "triggerBy", "enum", enum = "trigger_type", v2 = "trigger_by",
    doc = "Which price triggers; the exchange's default is LastPrice." },
  limit = { "limit", "limit", "integer", min = 1, max = 50, unit = "records", doc = "Page size; 20 when left out." },
  cursor = { "cursor", "cursor", "cursor", doc = "The `next_cursor` of the page before, unchanged." },
  start_time = { "start_time", "startTime", "time", unit = "ms, or ISO text", doc = "Only from this moment on." },
  end_time = { "end_time", "endTime", "time", unit = "ms, or ISO text", doc = "Only up to this moment." },
  settle_coin = { "settle_coin", "settleCoin", "coin", doc = "Only contracts that settle in this coin." },
  base_coin = { "base_coin", "baseCoin", "coin", doc = "Only contracts about this coin: BTC of BTCUSD." },
  coin = { "coin", "coin", "coin", required = true, doc = "The coin, such as BTC." },
  order_filter = { "order_filter", "orderFilter", "enum", enum = "order_filter",
    doc = "Order: active ones; StopOrder: conditional, take profit, stop loss and trailing." },
  id_prefix = { "id_prefix", false, "client_order_id",
    doc = "Only orders whose client_order_id begins with this and a '-': your own, of a client with that id_prefix." },
}

-- The category of a request to a row that takes several: the call's, or the client's.
local CATEGORY = { "category", option = "category" }

local params = {}

--- The rows of parameters that a list of names and changes stands for.
---@param list (string|table)[]
---@return table[]
function params.rows(list)
  local rows = {}
  for i, entry in ipairs(list) do
    local name = type(entry) == "string" and entry or entry.like
    if name then
      local row = {}
      for k, v in pairs(assert(shared[name], name)) do row[k] = v end
      for k, v in pairs(type(entry) == "table" and entry or {}) do row[k] = v end
      row.like = nil
      rows[i] = row
    else
      rows[i] = entry
    end
  end
  return rows
end

--- Makes a request of a row carry its category. Where the row takes several, the call may name one: it gets a parameter.
---@param row table
function params.add_category(row)
  local fixed = {}
  for _, entry in ipairs(row.fixed or {}) do
    if entry == "category" then row.categories = categories.names else fixed[#fixed + 1] = entry end
  end
  local taken = row.categories
  if taken then table.insert(fixed, 1, #taken > 1 and CATEGORY or { "category", value = taken[1] }) end
  row.fixed = fixed[1] and fixed or nil
  if not taken or #taken == 1 then return end
  row.params[#row.params + 1] = { "category", false, "enum", enum = "category", values = taken,
    doc = "The kind of contracts, in place of the client's." }
end

return params
