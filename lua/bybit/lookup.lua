-- Looking up what became of a call: the order that it placed or changed, the position that it protects. These are
-- methods of a run, see recovery.lua.

local core = require "bybit.core"
local errors = require "bybit.errors"
local objects = require "bybit.objects"

local decimal, loop = core.decimal, core.loop

local lookup = {}

-- What an order made by a call may be older than its timestamp: the exchange takes timestamps that are up to a second
-- ahead of its clock (V5 documentation, authentication). ms
local AHEAD = 1000
lookup.AHEAD = AHEAD

-- Parameters that change something, and the field of the order or position that shows it.
local SHOWN = {
  { "new_price", "price" }, { "new_quantity", "quantity" }, { "new_trigger_price", "trigger_price" },
  { "take_profit_price", "take_profit_price" }, { "stop_loss_price", "stop_loss_price" },
  { "trailing_stop_price", "trailing_stop_price" }, { "trailing_stop_distance", "trailing_stop_price" },
}
local SHOWN_WORDS = {
  { "trigger_type", "trigger_type" }, { "take_profit_trigger_type", "take_profit_trigger_type" },
  { "stop_loss_trigger_type", "stop_loss_trigger_type" },
}

--- The parameters of a request that looks something up: `fields` and the call's own options.
---@param fields table
function lookup:reading(fields)
  local p = self.params
  fields.receive_window, fields.timeout, fields.connect_timeout = p.receive_window, p.timeout, p.connect_timeout
  fields.cancel, fields.deadline = p.cancel, math.max(self:left(), 0.001)
  return fields
end

function lookup:order_id()
  return self.params.order_id or self.params.stop_order_id
end

--- Is the order one with a trigger?
function lookup:conditional()
  return self.method:find "conditional" ~= nil
end

--- Every place where the order may show. The order, or false when it is in none of them, and the exchange's time of the
--- first answer; nil and an error when one of them could not be asked.
---@param ids? {symbol: string, order_id: string?, client_order_id: string?} those of the call, when left out
function lookup:find(ids)
  ids = ids or { symbol = self.params.symbol, order_id = self:order_id(),
    client_order_id = not self:order_id() and (self.made_id or self.params.client_order_id) or nil }
  -- How far back a list is read that cannot be asked for an id; what is changed or cancelled may be of any age.
  ids.since = self.row.settle == "place" and self.first and self.first - AHEAD or nil
  return self.class.dialect.find_order(self.call, self.client, self:reading(ids), self:conditional())
end

--- When the call began by the exchange's clock, or a little before: ms.
function lookup:since()
  local offset, doubt = core.client.clock(self.client)
  if not offset or not self.began then return self.first - AHEAD end
  return math.floor(core.client.now(self.client) - (loop.now() - self.began) * 1000 - doubt)
end

--- The position of the symbol, also a flat one.
function lookup:position()
  return self.call(self.client, "position_list", self:reading { symbol = self.params.symbol })
end

--- Is this the order that the call placed? Symbol, side and quantity agree, and it is not older than the call. An order
--- that only reduces may be cut by the exchange.
function lookup:agrees(order)
  local p = self.params
  local quantity = decimal(p.quantity)
  if order.symbol ~= p.symbol or order.side ~= p.side then return false end
  local same = order.quantity and order.quantity:eq(quantity)
  if not same and not (p.reduce_only and (quantity:is_zero() or order.quantity and order.quantity < quantity)) then
    return false
  end
  return order.create_time == nil or order.create_time >= self.first - AHEAD
end

local function shows(record, field, wanted)
  local value = rawget(record, field)
  local x = decimal(wanted)
  if x:is_zero() then return value == nil or value:is_zero() end
  return value ~= nil and value:eq(x)
end

--- Is everything that the call changes as it asked for? Nil: the record cannot tell.
function lookup:applied(record)
  local told
  for _, pair in ipairs(SHOWN) do
    local wanted = self.params[pair[1]]
    if wanted ~= nil then
      if not shows(record, pair[2], wanted) then return false end
      told = true
    end
  end
  for _, pair in ipairs(SHOWN_WORDS) do
    local wanted, value = self.params[pair[1]], rawget(record, pair[2])
    if wanted ~= nil and value ~= nil then
      if value ~= wanted then return false end
      told = true
    end
  end
  return told
end

-- A limit price beyond the permissible range is silently moved to its edge (V5 documentation, order/create), at least a
-- percent from the market: such an order takes from the book at once, far better than at its own price. So much of a price
-- tells the one from the other.
local APART = decimal "0.002"

-- The average price of an order's fills; nil without any, or where the record does not tell.
local function average(order)
  local price, filled, value = rawget(order, "avg_price"), rawget(order, "filled_quantity"), rawget(order, "filled_value")
  if price and not price:is_zero() then return price end
  if filled and value and not value:is_zero() then return filled / value end -- v2 tells the value, in coin
end

-- May the order show this price because the exchange has moved the one that was asked for?
local function price_moved(order, wanted)
  local price = rawget(order, "price")
  if not price or price:is_zero() or price:eq(wanted) or order.type == "Market" then return false end
  if (order.side == "Buy") ~= (price < wanted) then return false end
  local mean = average(order)
  if not mean then return order.time_in_force == "PostOnly" end -- it could not take: that has ended it
  return (mean / price - 1):abs() > APART
end

--- Notes that a copy of this amendment may still come, up to its fence.
function lookup:may_come_late()
  local late, now = core.client.table(self.client).late, core.client.now(self.client)
  for i = #late, 1, -1 do
    if late[i].fence < now - 60000 then table.remove(late, i) end -- nobody settles against it any longer
  end
  for _, entry in ipairs(late) do
    if entry.run == self then
      entry.fence = self.fence
      return
    end
  end
  late[#late + 1] = { run = self, fence = self.fence, order_id = self:order_id(),
    client_order_id = self.params.client_order_id }
end

--- May a copy of another amendment of the order have come after this one, so that it shows that one's values?
function lookup:overtaken(order)
  local order_id, client_order_id = rawget(order, "order_id"), rawget(order, "client_order_id")
  for _, entry in ipairs(core.client.table(self.client).late) do
    local same = entry.order_id ~= nil and entry.order_id == order_id
      or entry.client_order_id ~= nil and entry.client_order_id == client_order_id
    local own = entry.run == self or self.intent and entry.run.intent == self.intent
    if same and not own and entry.fence >= self.first then return true end
  end
  return false
end

--- May the exchange have taken an amendment although the order does not show what was asked for? It moves prices, and
--- cuts the quantity of what only reduces.
function lookup:altered(order)
  if self:overtaken(order) then return true end
  local p, changed = self.params, rawget(order, "update_time")
  if changed and (changed < self:since() or changed == rawget(order, "create_time")) then return false end
  local quantity = rawget(order, "quantity")
  if p.new_trigger_price ~= nil and rawget(order, "trigger_price") == nil then return true end
  return p.new_price ~= nil and price_moved(order, decimal(p.new_price))
    or p.new_quantity ~= nil and rawget(order, "reduce_only") and quantity ~= nil and quantity < decimal(p.new_quantity) or false
end

--- What a trading stop would have given: the position where the exchange answers with it.
---@param position table? where it was read already
function lookup:stopped(position)
  if not self.row.result.record then return {} end
  return position or self:position() or {}
end

--- What the call would have given: the order's ids where the exchange only acknowledges, else the order.
function lookup:acknowledge(order)
  if self.row.result.record ~= "order_id" then return order end
  return setmetatable({ order_id = rawget(order, "order_id"), client_order_id = rawget(order, "client_order_id") },
    objects.metatable "order_id")
end

--- An error that says that the order is nowhere to be seen.
function lookup:missing(message)
  return errors.new({ kind = "not_found", method = self.method, message = message or "the order does not show yet",
    attempts = 0, elapsed = 0, client_order_id = self.made_id or self.params.client_order_id }, self.params)
end

return lookup
