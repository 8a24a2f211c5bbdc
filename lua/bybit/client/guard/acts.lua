-- What a call would do that adds risk: the orders that it places or changes, in our words and as exact numbers. A raw request to
-- a path that places or changes orders, and a method that a program has declared for one, are read like the method of that path.

local outcome_batch = require("bybit.later").module "bybit.outcome.batch"
local decimal = require("bybit.core").decimal

local acts = {}

---@class bybit.Act
---@field place boolean it places an order; false: it changes one
---@field conditional boolean
---@field symbol string?
---@field category string? the kind of contracts; nil on a wire that has one only
---@field side string? of a placement
---@field quantity userdata? of a placement, or the new one
---@field price userdata? of a limit order, or the new one
---@field trigger_price userdata? or the new one
---@field order_id string?
---@field link string? the client order id
---@field closes boolean the order may only reduce the position
---@field alone boolean a change of the quantity, and of nothing else
---@field call userdata? of an element of a batch: its call
---@field number integer? of an element: its place
---@field odd string? the name of a field that is no number: what is asked for cannot be told

local function text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function flag(value)
  return value == true or value == "true" or value == 1 -- as a raw request may write it
end

-- In hedge mode a Sell of the long position and a Buy of the short one close it, and cannot go further.
local CLOSING = { [1] = "Sell", [2] = "Buy" }

--- Does an order of this side only close the position of that mode?
---@param side any
---@param mode any 1 long, 2 short
---@return boolean
function acts.closes_leg(side, mode)
  return side ~= nil and CLOSING[math.tointeger(tonumber(mode))] == side
end

local closes_leg = acts.closes_leg

-- Changes of an order that do not make it larger.
local QUIET = { category = true, symbol = true, order_id = true, stop_order_id = true, client_order_id = true,
  new_quantity = true }

-- An act from parameters under our names. `params` are the rows of all parameters that count.
local function act_of(row, params, p, link)
  local act = { place = row.settle == "place", conditional = row.conditional or false, symbol = text(p.symbol),
    category = text(p.category), side = text(p.side), order_id = text(p.order_id) or text(p.stop_order_id),
    link = text(p.client_order_id) or text(link),
    closes = flag(p.reduce_only) or flag(p.close_on_trigger) or closes_leg(p.side, p.position_mode),
    alone = p.new_quantity ~= nil }
  local function number(field, ...)
    for _, name in ipairs { ... } do
      if p[name] ~= nil then
        local ok, value = pcall(decimal, p[name])
        if ok then act[field] = value else act.odd = act.odd or name end
      end
    end
  end
  number("quantity", "quantity", "new_quantity")
  number("trigger_price", "trigger_price", "new_trigger_price")
  if not act.place or p.type ~= "Market" then number("price", "price", "new_price") end
  for _, rule in ipairs(params) do
    if p[rule[1]] ~= nil and not QUIET[rule[1]] then act.alone = false end
  end
  return act
end

-- The parameters of a raw request under our names.
local function ours(row, extra)
  local p = {}
  for _, rule in ipairs(row.params) do
    if rule[2] and extra[rule[2]] ~= nil then p[rule[1]] = extra[rule[2]] end
  end
  return p
end

-- The row of the method that a path belongs to; of two methods, the one for orders with a trigger if there is one.
local function row_of(endpoints, path, extra)
  local found
  for name, row in pairs(endpoints) do
    if row.path == path and (row.settle == "place" or row.settle == "amend") and not row.internal then
      local fits = (row.conditional or false) == (ours(row, extra).trigger_price ~= nil)
      if not found or fits and not found.fits or fits == found.fits and name < found.name then
        found = { name = name, row = row, fits = fits }
      end
    end
  end
  return found and found.row
end

-- The acts of a raw request; nil: nothing is known of its path.
local function of_request(dialect, path, extra)
  local batch = dialect.batches and dialect.batches[path]
  local list = {}
  local elements = batch and (type(extra.request) == "table" and extra.request or { false }) or { extra }
  for i, element in ipairs(elements) do
    if type(element) ~= "table" then element = {} end -- it names no symbol then, and is refused
    local row = row_of(dialect.endpoints, batch or path, element)
    if not row then return nil end
    list[i] = act_of(row, row.params, ours(row, element))
    list[i].category = text(extra.category)
  end
  return list
end

-- The parameters of a call by their names on the wire, as a raw request would have them.
local function on_wire(row, p)
  local extra = {}
  for k, v in pairs(p.extra or {}) do extra[k] = v end
  for _, fixed in ipairs(row.fixed or {}) do extra[fixed[1]] = fixed.value or p[fixed[1]] end
  for _, rule in ipairs(row.params) do
    local value = p[rule[1]]
    if value == nil and rule.also then value = p[rule.also] end
    if value == nil then value = rule.default end
    if rule[2] and value ~= nil then extra[rule[2]] = rule.wire and rule.wire[value] or value end
  end
  return extra
end

--- What the call would do.
---@param dialect table
---@param name string of the call's row
---@param params table what the caller gave
---@param link string the client order id; "": none
---@param path? string of a raw request
---@return bybit.Act[]? acts nil: it places and changes no order, as far as is known
function acts.of(dialect, name, params, link, path)
  if path then return of_request(dialect, path, params.extra or {}) end
  local row = dialect.endpoints[name]
  if not row then return nil end
  if row.elements then
    local list = {}
    for i, element in ipairs(outcome_batch.of(params)) do
      list[i] = act_of(element.plain, element.plain.params, element.params, element.link)
      list[i].call, list[i].number = element.call, i
    end
    return list
  end
  if row.settle == "place" or row.settle == "amend" then return { act_of(row, row.params, params, link) } end
  return not row.settle and of_request(dialect, row.path, on_wire(row, params)) or nil
end

return acts
