-- How the v2 wire spells parameters: { our name, name on the v2 wire, what differs from V5 }. False: it is not sent.

local v5 = require "bybit.wire.v5.endpoints"

local TIME_IN_FORCE = { GTC = "GoodTillCancel", IOC = "ImmediateOrCancel", FOK = "FillOrKill", PostOnly = "PostOnly" }

local UNIT = "whole contracts of 1 USD"

-- Spellings that several methods share, by our name; two of them have a name of their own.
local shared = {
  symbol = { "symbol", "symbol", required = true, doc = "The contract, such as BTCUSD." },
  side = { "side", "side" },
  type = { "type", "order_type" },
  quantity = { "quantity", "qty", zero_with = false, unit = UNIT, doc = "How much to trade: a whole number of contracts." },
  price = { "price", "price", required_when = { "type", "Limit" } },
  time_in_force = { "time_in_force", "time_in_force", wire = TIME_IN_FORCE, values = { "GTC", "IOC", "FOK", "PostOnly" } },
  one_way = { "position_mode", false, max = 0, doc = "0: one-way, which is all that this wire means here." },
  position_mode = { "position_mode", "position_idx" },
  order_id = { "order_id", "order_id" },
  stop_order_id = { "stop_order_id", "stop_order_id" },
  client_order_id = { "client_order_id", "order_link_id" },
  reduce_only = { "reduce_only", "reduce_only" },
  close_on_trigger = { "close_on_trigger", "close_on_trigger" },
  take_profit_price = { "take_profit_price", "take_profit" },
  stop_loss_price = { "stop_loss_price", "stop_loss" },
  take_profit_trigger_type = { "take_profit_trigger_type", "tp_trigger_by" },
  stop_loss_trigger_type = { "stop_loss_trigger_type", "sl_trigger_by" },
  new_price = { "new_price", "p_r_price" },
  new_quantity = { "new_quantity", "p_r_qty", unit = UNIT },
  direction = { "direction", "direction", doc = "The page after the cursor's (next) or before it (prev)." },
  limit = { "limit", "limit" },
  cursor = { "cursor", "cursor" },
  id_prefix = { "id_prefix", false },
}

local params = {}

local function of_v5(method, name)
  for _, p in ipairs(assert(v5[method], method).params) do
    if p[1] == name then return p end
  end
  error(("%s has no parameter '%s'"):format(method, name))
end

--- The parameters of a V5 method, spelled and changed as the entries say.
---@param method string
---@param list (string|table)[] names of shared spellings, and spellings
---@return table[]
function params.rows(method, list)
  local rows = {}
  for i, entry in ipairs(list) do
    if type(entry) == "string" then entry = assert(shared[entry], entry) end
    local row = {}
    for k, v in pairs(of_v5(method, entry[1])) do row[k] = v end
    row.v5, row.v2 = row[2] or nil, nil
    for k, v in pairs(entry) do row[k] = v end
    rows[i] = row
  end
  return rows
end

return params
