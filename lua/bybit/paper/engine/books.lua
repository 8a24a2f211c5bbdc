-- The exchange's own view of an account, as plain data. Tests compare a client's view with it. The names are those of the
-- client's records; amounts are texts.

local books = {}

local function text(value)
  return value and tostring(value) or nil
end

-- A field of ours, its name in the books, and how it is written.
local ORDER = {
  { "id", "order_id" }, { "link", "client_order_id" }, { "symbol", "symbol" }, { "side", "side" }, { "type", "type" },
  { "qty", "quantity", text }, { "price", "price", text }, { "tif", "time_in_force" }, { "status", "status" },
  { "filled", "filled_quantity", text }, { "value", "filled_value", text }, { "fee", "fee", text },
  { "reduce_only", "reduce_only" }, { "close_on_trigger", "close_on_trigger" }, { "stop_order_type", "stop_order_type" },
  { "trigger_price", "trigger_price", text }, { "trigger_by", "trigger_by" }, { "tp", "take_profit_price", text },
  { "sl", "stop_loss_price", text }, { "create_type", "create_type" }, { "cancel_type", "cancel_type" },
  { "reject_reason", "reject_reason" }, { "parent", "parent_client_order_id" }, { "created", "created_time" },
  { "updated", "updated_time" },
  { "index", "position_index" },
}

local EXECUTION = {
  { "id", "execution_id" }, { "kind", "type" }, { "price", "price", text }, { "quantity", "quantity", text },
  { "value", "value", text }, { "fee", "fee", text }, { "rate", "fee_rate", text }, { "maker", "is_maker" },
  { "order_price", "order_price", text }, { "closed", "closed_quantity", text },
  { "profit", "profit", text }, { "time", "time" }, { "seq", "seq" },
}

local POSITION = {
  { "index", "position_index" }, { "side", "side" },
  { "size", "quantity", text }, { "cost", "value", text }, { "leverage", "leverage", text },
  { "added", "added_margin", text }, { "realised", "realised_profit", text },
}

local COIN = {
  { "wallet", "wallet", text }, { "deposited", "deposited", text }, { "available", "available", text },
  { "order_im", "order_margin", text }, { "position_im", "position_margin", text },
}

local function copy(fields, of)
  local out = {}
  for _, field in ipairs(fields) do
    local value = of[field[1]]
    out[field[2]] = field[3] and field[3](value) or not field[3] and value or nil
    if value == false then out[field[2]] = false end
  end
  return out
end

--- Orders (oldest first, with `open`), executions (oldest first), positions, coins and transfers of an account.
---@param account table
---@return { orders: table[], executions: table[], positions: table<string, table>, coins: table<string, table>,
---  transfers: table[] }
function books.of(account)
  local out = { orders = {}, executions = {}, positions = {}, coins = {}, transfers = {} }
  for i, order in ipairs(account:all_orders()) do
    out.orders[i] = copy(ORDER, order)
    out.orders[i].open = order.ended == nil
  end
  for i, e in ipairs(account.executions) do
    out.executions[i] = copy(EXECUTION, e)
    out.executions[i].order_id, out.executions[i].symbol, out.executions[i].side = e.order.id, e.order.symbol, e.order.side
    out.executions[i].client_order_id, out.executions[i].position_index = e.order.link, e.order.index
  end
  for symbol, p in pairs(account.positions) do out.positions[symbol] = copy(POSITION, p) end
  for name in pairs(account.coins) do
    local sum = account:summary(name)
    sum.deposited = account.coins[name].deposited
    out.coins[name] = copy(COIN, sum)
    out.coins[name].funds = text(account.funds[name] or 0)
  end
  for i, t in ipairs(account.transfers) do
    out.transfers[i] = { transfer_id = t.id, coin = t.coin, amount = text(t.amount), from = t.from, time = t.time }
  end
  return out
end

return books
