-- Instruments: a view of a client with the symbol filled in, the contract's steps and limits, exact arithmetic, sizes of orders, and the
-- check of an order before it is sent.

local batches = require("bybit.later").module "bybit.client.batch"
local decimal = require("bybit.core").decimal
local contract = require "bybit.client.contract"
local core = require "bybit.core"
local errors = require "bybit.errors"
local nearest = require "bybit.text.nearest"
local objects = require "bybit.records.objects"
local view = require "bybit.client.view"

local instrument = {}

local MAX_AGE = 3600 -- seconds: steps and tiers change rarely

local ZERO = decimal(0)
local FINE = 15 -- places that a float is rounded to before it is rounded to a step

local states = setmetatable({}, { __mode = "k" }) -- instrument -> { client, view, category, record, contract, read }

local function state_of(self, name)
  return states[self] or errors.raise(("%s: called with '.' in place of ':': write instrument:%s(...)"):format(name, name))
end

---------------------------------------------------------------------------------------------------------------
-- Arguments.

-- A number that is exact; raises what and why.
local function exact(method, name, value)
  if value == nil then errors.raise(("%s: '%s' is missing"):format(method, name)) end
  local ok, x = pcall(decimal, value)
  if not ok then errors.raise(("%s: '%s': %s"):format(method, name, tostring(x):gsub("^%S+:%d+: ", ""))) end
  return x
end

local function positive(method, name, value)
  local x = exact(method, name, value)
  if x <= ZERO then errors.raise(("%s: '%s': a value above 0 expected, got %s"):format(method, name, x)) end
  return x
end

-- A number that is about to be rounded: any finite float will do.
local function rough(method, name, value)
  if math.type(value) == "float" and value == value and math.abs(value) < 1e15 then return decimal(value, FINE) end
  return exact(method, name, value)
end

local DIRECTIONS = { Buy = 1, Sell = -1 }

local function direction(method, side)
  local d = DIRECTIONS[side]
  if not d then errors.raise(("%s: 'side': Buy or Sell expected, got %s"):format(method, tostring(side))) end
  return d
end

-- The table of a function with named arguments.
local function named(method, given, names)
  if type(given) ~= "table" then errors.raise(("%s: a table expected, got %s"):format(method, type(given))) end
  for name in pairs(given) do
    local known = false
    for _, other in ipairs(names) do known = known or other == name end
    if not known then errors.raise(("%s: unknown '%s'%s"):format(method, tostring(name), nearest.hint(name, names))) end
  end
  return given
end

---------------------------------------------------------------------------------------------------------------
-- Checks of an order.

-- Prices of an order by their names; `zero`: 0 removes what is there.
local PRICES = { { "price" }, { "new_price" }, { "trigger_price" }, { "new_trigger_price" }, { "base_price" },
  { "take_profit_price", zero = true }, { "stop_loss_price", zero = true }, { "tp_limit_price" }, { "sl_limit_price" },
  { "trailing_stop_trigger_price" } }
local DISTANCES = { "trailing_stop_price", "trailing_stop_distance" }
local QUANTITIES = { "quantity", "new_quantity", "take_profit_quantity", "stop_loss_quantity" }

local function is_step(x, step)
  return (x % step):is_zero()
end

local function check_price(record, name, price)
  if not is_step(price, record.tick_size) then return ("%s is no multiple of the tick %s"):format(price, record.tick_size),
    name end
  if price < record.min_price then return ("%s is below the lowest price %s"):format(price, record.min_price), name end
  if price > record.max_price then return ("%s is above the highest price %s"):format(price, record.max_price), name end
end

local function check_quantity(record, order, name, quantity)
  if quantity:is_zero() and order.reduce_only and order.close_on_trigger then return nil end
  if not is_step(quantity, record.quantity_step) then
    return ("%s is no multiple of the step %s"):format(quantity, record.quantity_step), name
  end
  if quantity < record.min_order_quantity then
    return ("%s is less than the least quantity %s"):format(quantity, record.min_order_quantity), name
  end
  local most = order.type == "Market" and record.max_market_order_quantity or record.max_order_quantity
  if quantity > most then return ("%s is more than the most quantity %s"):format(quantity, most), name end
end

-- Linear contracts have a least value, which reducing orders need not have.
local function check_value(state, order)
  local least, quantity, price = state.record.min_notional_value, order.quantity, order.price
  if not least or order.reduce_only or quantity == nil or price == nil then return nil end
  local value = contract.value(state.contract, exact("check", "quantity", quantity), exact("check", "price", price))
  if value < least then return ("its value of %s is less than %s"):format(value, least), "quantity" end
end

-- What the exchange would refuse about an order, and the name of the field; nil: nothing that is known here.
local function refusal(state, order)
  local record = state.record
  local function each(names, check)
    for _, row in ipairs(names) do
      local name, zero = type(row) == "table" and row[1] or row, type(row) == "table" and row.zero
      local x = order[name] ~= nil and exact("check", name, order[name])
      if x and not (zero and x:is_zero()) then
        local why, field = check(name, x)
        if why then return why, field end
      end
    end
  end
  local why, field = each(PRICES, function(name, x) return check_price(record, name, x) end)
  if why then return why, field end
  why, field = each(QUANTITIES, function(name, x) return check_quantity(record, order, name, x) end)
  if why then return why, field end
  why, field = each(DISTANCES, function(name, x)
    if not is_step(x, record.tick_size) then return ("%s is no multiple of the tick %s"):format(x, record.tick_size), name end
  end)
  if why then return why, field end
  return check_value(state, order)
end

---------------------------------------------------------------------------------------------------------------
-- The methods of an instrument.

local methods = {}

--- Rounds a price to the contract's tick: for a Buy down, for a Sell up, without a side to the nearest tick.
---@param price number|string|bybit.Decimal also a float that is not exact
---@param side? "Buy"|"Sell"
---@return bybit.Decimal
function methods.round_price(self, price, side)
  local state = state_of(self, "round_price")
  local mode = side == nil and "half_up" or direction("round_price", side) == 1 and "down" or "up"
  return rough("round_price", "price", price):to_step(state.contract.tick, mode)
end

--- Rounds a quantity down to the contract's step.
---@param quantity number|string|bybit.Decimal also a float that is not exact
---@return bybit.Decimal
function methods.round_quantity(self, quantity)
  return rough("round_quantity", "quantity", quantity):to_step(state_of(self, "round_quantity").contract.step, "down")
end

--- Would the exchange refuse these parameters of an order for the contract's steps and limits? True, or nil, why, and the name of the
--- field. Balance, price limit and risk are not looked at.
---@param order table parameters of place_order, modify_order and the like
---@return boolean? true
---@return string? why
---@return string? field
function methods.check(self, order)
  local state = state_of(self, "check")
  if type(order) ~= "table" then errors.raise("check: a table of parameters expected, got " .. type(order)) end
  local why, field = refusal(state, order)
  if why then return nil, why, field end
  return true
end

--- Value of so many contracts at a price, in the settle coin.
---@param quantity bybit.exact
---@param price bybit.exact
---@return bybit.Decimal
function methods.value(self, quantity, price)
  return contract.coin(contract.value(state_of(self, "value").contract, exact("value", "quantity", quantity),
    positive("value", "price", price)))
end

--- Profit of a position between two prices, in the settle coin, without fees.
---@param side "Buy"|"Sell" Buy: long
---@param quantity bybit.exact
---@param entry bybit.exact
---@param exit bybit.exact
---@return bybit.Decimal
function methods.profit(self, side, quantity, entry, exit)
  return contract.coin(contract.profit(state_of(self, "profit").contract, direction("profit", side),
    exact("profit", "quantity", quantity), positive("profit", "entry", entry), positive("profit", "exit", exit)))
end

--- Initial margin of so many contracts, in the settle coin.
---@param params { quantity: bybit.exact, price: bybit.exact, leverage: bybit.exact }
---@return bybit.Decimal
function methods.margin(self, params)
  local p = named("margin", params, { "quantity", "price", "leverage" })
  local value = contract.value(state_of(self, "margin").contract, exact("margin", "quantity", p.quantity),
    positive("margin", "price", p.price))
  return contract.coin(value / positive("margin", "leverage", p.leverage))
end

--- The price at which an isolated position would be liquidated, by the rule of the exchange's help pages of May 2026. Nil where there is
--- none in the range of prices.
---@param params { side: "Buy"|"Sell", quantity: bybit.exact, entry: bybit.exact, leverage: bybit.exact, margin?: bybit.exact }
--- margin: what was added to the position's margin
---@return bybit.Decimal?
function methods.liquidation_price(self, params)
  local method = "liquidation_price"
  local state, p = state_of(self, method), named(method, params, { "side", "quantity", "entry", "leverage", "margin" })
  local added = p.margin == nil and ZERO or exact(method, "margin", p.margin)
  if not added:is_zero() and not state.contract.linear and not state.contract.taker then
    errors.raise(method .. ": with 'margin' the account's fees are needed, and the client has no keys")
  end
  local price, too_large = contract.liquidation_price(state.contract, direction(method, p.side),
    positive(method, "quantity", p.quantity), positive(method, "entry", p.entry), positive(method, "leverage", p.leverage), added)
  if too_large then errors.raise(("%s: 'quantity': %s is beyond the last tier of risk"):format(method, tostring(p.quantity))) end
  return price
end

-- The rate of fees on both sides that sizes count; 0 where they are not counted.
local function fee_of(state, fees)
  if not fees then return ZERO end
  if not state.contract.taker then
    errors.raise "quantity_for: with 'fees' the account's fees are needed, and the client has no keys"
  end
  return state.contract.taker
end

--- How many contracts to trade, rounded down to the step (0 where it is less than a step): for so much money (`usd`; of a linear contract
--- with `price`), for a value in the settle coin (`value` with `price`), or the most that lose no more than `risk`, in the settle coin,
--- between `entry` and `exit`. Fees are counted with `fees = true`, as the taker's on both sides.
---@param params { usd?: bybit.exact, value?: bybit.exact, price?: bybit.exact, risk?: bybit.exact, side?: "Buy"|"Sell",
--- entry?: bybit.exact, exit?: bybit.exact, fees?: boolean }
---@return bybit.Decimal
function methods.quantity_for(self, params)
  local method = "quantity_for"
  local state = state_of(self, method)
  local p = named(method, params, { "usd", "value", "price", "risk", "side", "entry", "exit", "fees" })
  local c = state.contract
  local chosen = (p.usd ~= nil and 1 or 0) + (p.value ~= nil and 1 or 0) + (p.risk ~= nil and 1 or 0)
  if chosen ~= 1 then errors.raise(method .. ": exactly one of 'usd', 'value', 'risk' is needed") end
  if p.risk ~= nil then
    local d, entry, exit = direction(method, p.side), positive(method, "entry", p.entry), positive(method, "exit", p.exit)
    if (entry - exit) * d <= ZERO then
      errors.raise(("%s: 'exit': a price at which a %s from %s loses expected, got %s"):format(method, p.side, entry, exit))
    end
    return contract.most_for_risk(c, d, positive(method, "risk", p.risk), entry, exit, fee_of(state, p.fees))
  end
  local amount = exact(method, p.usd ~= nil and "usd" or "value", p.usd ~= nil and p.usd or p.value)
  if p.usd ~= nil and not c.linear then return amount:to_step(c.step, "down") end
  local price = positive(method, "price", p.price)
  return (c.linear and amount / price or amount * price):to_step(c.step, "down")
end

--- Reads the contract again. An instrument of client:instrument is at most an hour old.
---@return bybit.Instrument? the same instrument
---@return bybit.Error? err
function methods.refresh(self)
  local state = state_of(self, "refresh")
  local fresh, err = instrument.read(state.client, state.record.symbol, { category = state.category })
  if not fresh then return nil, err end
  for k, v in pairs(fresh) do state[k] = v end
  return self
end

---A contract: exact arithmetic, the contract's fields, and the client's methods with the symbol filled in; see client:instrument.
---@class bybit.Instrument : bybit.View, bybit.instrument

instrument.methods = methods

---------------------------------------------------------------------------------------------------------------
-- Instruments.

local meta = { __name = "bybit.instrument" }

-- First its own methods, then the contract's fields, then the client's methods with the symbol filled in.
function meta.__index(self, name)
  if methods[name] then return methods[name] end
  local state = states[self]
  for _, field in ipairs(objects.metatable "instrument".__names) do
    if field == name then return state.record[name] end
  end
  local class = core.client.table(state.client).class
  if not class.find(name) then
    local own = {}
    for k in pairs(methods) do own[k] = true end
    for _, field in ipairs(objects.metatable "instrument".__names) do own[field] = true end
    class.missing("an instrument", name, own)
  end
  local method = state.view[name]
  return function(me, ...)
    state_of(me, name)
    return method(state.view, ...)
  end
end

function meta.__tostring(self)
  return tostring(states[self].record)
end

function meta.__newindex(_, name)
  errors.raise(("an instrument has no field '%s' to set"):format(tostring(name)))
end

-- What is known of a contract: the record, the arithmetic's numbers, and when it was read. `options` are those of the calls.
function instrument.read(client, symbol, options)
  local function asked()
    local o = options or {}
    return { symbol = symbol, category = o.category, timeout = o.timeout, deadline = o.deadline, cancel = o.cancel }
  end
  local list, err = client:get_instruments(asked())
  if not list then return nil, err end
  local record = list[1]
  if not record then
    return nil, errors.new({ kind = "not_found", method = "instrument", attempts = 1, elapsed = 0,
      message = "the exchange lists no such contract among those that are traded" }, { symbol = symbol })
  end
  local tiers, taker
  tiers, err = client:get_risk_limit(asked())
  if not tiers then return nil, err end
  if core.client.keyed(client) then
    local fees = client:get_fee_rate(asked()) -- demo has none for contracts
    taker = fees and fees[1] and fees[1].taker_fee_rate
  end
  return { record = record, read = client:now(), contract = { linear = record.contract_type:find "^Linear" ~= nil,
    tick = record.tick_size, step = record.quantity_step, min_price = record.min_price, max_price = record.max_price,
    taker = taker, tiers = contract.tiers(tiers) } }
end

-- The kind of contracts that is asked for; nil on a wire that does not tell them apart.
local function category_of(client, options)
  local t = core.client.table(client)
  return t.class.dialect.category and (options and options.category or t.category) or nil
end

-- The instrument that is kept, while it is young.
local function young(client, symbol, category)
  local kept = rawget(core.client.table(client), "instruments")
  local there = kept and kept[(category or "") .. symbol]
  return there and client:now() - states[there].read < MAX_AGE * 1000 and there or nil
end

--- A contract: its fields (tick_size, quantity_step ...), the client's methods with the symbol filled in, and exact arithmetic. It is
--- read with two or three requests, and kept for an hour.
---@param client table
---@param symbol string
---@param options? { category?: "inverse"|"linear", timeout?: number, deadline?: number, cancel?: bybit.Token } of the requests
---@return bybit.Instrument? instrument
---@return bybit.Error? err
function instrument.of(client, symbol, options)
  if type(client) ~= "userdata" then errors.raise "instrument: called with '.' in place of ':': write client:instrument(...)" end
  if type(symbol) ~= "string" then
    errors.raise(("instrument: a contract such as 'BTCUSD' expected, got %s"):format(tostring(symbol)))
  end
  local category = category_of(client, options)
  local there = young(client, symbol, category)
  if there then return there end
  local state, err = instrument.read(client, symbol, options)
  if not state then return nil, err end
  state.client, state.category = client, category
  state.view = view.new(client, { symbol = symbol, category = category })
  there = setmetatable({}, meta)
  states[there] = state
  local t = core.client.table(client)
  local kept = rawget(t, "instruments") or {}
  kept[(category or "") .. symbol] = there
  rawset(t, "instruments", kept)
  return there
end

---------------------------------------------------------------------------------------------------------------
-- check_instruments: what changes orders and stops is checked before it is sent.

local CHECKED = { place = true, amend = true, stop = true }

-- Raises for an order that its contract refuses. If the contract cannot be read the call goes out: the exchange decides then, as without
-- the option. What takes risk away does not wait for a contract to be read. `options` are those of the call.
local function check(client, row, params, options, where)
  local symbol = type(params) == "table" and params.symbol
  local urgent = row.protects or symbol and params.reduce_only
  local found = type(symbol) == "string" and symbol:find "^%u[%u%d%-]+$" and (young(client, symbol, category_of(client, options))
    or not urgent and instrument.of(client, symbol, options))
  local why, field
  if found then why, field = refusal(states[found], params) end
  if why then errors.raise(("%s: parameter '%s': %s"):format(where, field, why)) end
end

-- A method that checks first.
local function checked(name, row, method)
  return function(client, params, ...)
    if row.elements then
      batches.each(name, params, function(element, where) check(client, row, element, params, where) end)
    else
      check(client, row, params, params, name)
    end
    return method(client, params, ...)
  end
end

--- Makes the methods of a client check orders by their instruments before they are sent.
---@param t table the client's table
function instrument.guard(t)
  local class = t.class
  for name, row in pairs(class.dialect.endpoints) do
    if CHECKED[row.settle or row.of or ""] and not row.internal then t[name] = checked(name, row, class.methods[name]) end
  end
end

return instrument
