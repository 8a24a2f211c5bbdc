-- Words the end of a message about a wrong call: what would have been right. Asked only on the way to raising.

local enums = require "bybit.enums"
local time = require "bybit.time"

local hints = {}

-- Words of other clients for things that have another name here.
local COMMON = {
  amount = "quantity", size = "quantity", qty = "quantity", contracts = "quantity", volume = "quantity",
  order_type = "type", orderType = "type", ordType = "type",
  tif = "time_in_force", timeInForce = "time_in_force",
  clientOrderId = "client_order_id", order_link_id = "client_order_id", orderLinkId = "client_order_id",
  cl_ord_id = "client_order_id", link_id = "client_order_id",
  id = "order_id", orderId = "order_id", orderID = "order_id",
  tp = "take_profit_price", take_profit = "take_profit_price", takeProfit = "take_profit_price",
  sl = "stop_loss_price", stop_loss = "stop_loss_price", stopLoss = "stop_loss_price",
  trailing_stop = "trailing_stop_distance", trailingStop = "trailing_stop_distance",
  stop_price = "trigger_price", stopPrice = "trigger_price", stop_px = "trigger_price",
  trigger_by = "trigger_type", triggerBy = "trigger_type",
  market = "symbol", pair = "symbol", instrument = "symbol", ticker = "symbol",
  reduceonly = "reduce_only", reduceOnly = "reduce_only", closeOnTrigger = "close_on_trigger",
  since = "start_time", from = "start_time", ["until"] = "end_time", to = "end_time",
  count = "limit", recv_window = "receive_window", recvWindow = "receive_window",
}

-- What a method does not take, but another one like it.
local CONDITIONAL = { "trigger_price", "base_price", "trigger_direction", "trigger_type" }
local TRIGGER = { "new_trigger_price", "trigger_type" }
local TRAILING = { "trailing_stop_price", "trailing_stop_distance", "trailing_stop_trigger_price" }
local PAGING = { "status", "limit", "cursor", "start_time", "end_time" }
local ELSEWHERE = {
  place_order = { place_conditional_order = CONDITIONAL, set_trading_stop = TRAILING },
  place_conditional_order = { set_trading_stop = TRAILING },
  modify_order = { modify_conditional_order = TRIGGER },
  get_open_orders_real_time = { get_orders = PAGING },
  get_open_conditional_orders_real_time = { get_conditional_orders = PAGING },
}

-- Methods of other clients.
local METHODS = {
  create_order = "place_order", new_order = "place_order", submit_order = "place_order", buy = "place_order",
  sell = "place_order", order = "place_order", edit_order = "modify_order", amend_order = "modify_order",
  replace_order = "modify_order", cancel_all = "cancel_all_orders", cancel_orders = "cancel_all_orders",
  fetch_order = "get_open_order_real_time", fetch_open_orders = "get_open_orders_real_time",
  fetch_orders = "get_orders", get_open_orders = "get_open_orders_real_time", get_order = "get_open_order_real_time",
  fetch_my_trades = "get_user_trades", get_executions = "get_user_trades", get_trades = "get_user_trades",
  trading_stop = "set_trading_stop", set_stop_loss = "set_trading_stop",
}

--- Levenshtein distance, given up (nil) past `bound`.
local function distance(a, b, bound)
  if math.abs(#a - #b) > bound then return nil end
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local left, diagonal, best = i, row[0], i
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local new = math.min(row[j] + 1, left + 1, diagonal + cost)
      diagonal, row[j], left = row[j], new, new
      if new < best then best = new end
    end
    if best > bound then return nil end
  end
  return row[#b] <= bound and row[#b] or nil
end

--- The nearest of `names` (an array) to `word`, at most a third of the word away; ties by alphabet.
---@param word string
---@param names string[]
---@return string?
function hints.nearest(word, names)
  local bound, found, least = #word // 3, nil, nil
  for _, name in ipairs(names) do
    local d = name ~= word and distance(word:lower(), name:lower(), bound)
    if d and (not least or d < least or (d == least and name < found)) then found, least = name, d end
  end
  return found
end

local rows = {} -- method -> declaration, as far as it was compiled

--- Tells of a declaration, so that its wire names can be looked up.
function hints.declare(method, row)
  rows[method] = row
end

-- The wires, and how they are called in messages.
local WIRES = { { "v5", "V5" }, { "v2", "v2" } }

-- A parameter of the method that is called so on a wire, in the present dialect or the other.
local function by_wire_name(method, key, names)
  for _, p in ipairs(rows[method] and rows[method].params or {}) do
    if (p[2] == key or p.v2 == key or p.v5 == key) and names[p[1]] then return p[1] end
  end
  for _, wire in ipairs(WIRES) do
    local row = require("bybit.dialect.endpoints." .. wire[1])[method]
    for _, p in ipairs(row and row.params or {}) do
      if p[2] == key and names[p[1]] then return p[1] end
    end
  end
end

-- Where else the method has a parameter of this name.
local function on_other_wire(method, key)
  for _, wire in ipairs(WIRES) do
    local row = require("bybit.dialect.endpoints." .. wire[1])[method]
    for _, p in ipairs(row and row.params or {}) do
      if p[1] == key then return (": it exists on the %s wire only (api = \"%s\")"):format(wire[2], wire[1]) end
    end
  end
end

-- The name that is right here for a common word: `quantity` is `new_quantity` where an order is changed.
local function by_common_word(key, names)
  local word = COMMON[key] or key
  if names[word] then return word end
  return names["new_" .. word] and "new_" .. word or nil
end

local function elsewhere(method, key)
  local word = COMMON[key] or key
  for other, list in pairs(ELSEWHERE[method] or {}) do -- no word is in two lists
    for _, name in ipairs(list) do
      if name == key then return other .. " takes it" end
      if name == word or name == "new_" .. word then return ("%s takes it as '%s'"):format(other, name) end
    end
  end
end

local words = {}

function words.parameter(method, key, names)
  local list = {}
  for name in pairs(names) do list[#list + 1] = name end
  table.sort(list)
  local other = on_other_wire(method, key)
  if other then return other end
  local here = by_wire_name(method, key, names) or by_common_word(key, names)
  local near = hints.nearest(key, list)
  if near and near ~= here then return (", did you mean '%s'?"):format(near) end
  if here then return (": here it is '%s'"):format(here) end
  return (": %s"):format(elsewhere(method, key) or "it takes " .. table.concat(list, ", "))
end

local function enum_of(method, name)
  for _, p in ipairs(rows[method] and rows[method].params or {}) do
    if p[1] == name then return enums[p.enum] end
  end
end

-- The words of an enum, in its order, that `accepted` holds.
local function words_of(enum, accepted)
  local list = {}
  for _, part in ipairs { enum.values, enum.v2 or {} } do
    for _, word in ipairs(part) do
      if accepted[word] ~= nil then list[#list + 1] = word end
    end
  end
  return list
end

local ONLY = "; it exists on the %s wire only (api = \"%s\")"

local function contains(list, value)
  for _, v in ipairs(list) do
    if v == value then return true end
  end
  return false
end

function words.enum(method, value, name, accepted)
  local enum = enum_of(method, name)
  if not enum then return "" end
  local list = words_of(enum, accepted)
  local text = (": one of '%s'"):format(table.concat(list, "', '"))
  local word = (type(value) == "string" or math.type(value) == "integer") and tostring(value)
  if not word then return text end
  local right = enum.hints and accepted[enum.hints[word]] ~= nil and enum.hints[word]
  if not right and contains(enum.values, word) then return text .. ONLY:format("V5", "v5") end
  if not right and contains(enum.v2 or {}, word) then return text .. ONLY:format("v2", "v2") end
  right = right or hints.nearest(word, list)
  return right and ("%s; here it is '%s'"):format(text, right) or text
end

function words.symbol(_, text)
  local plain = text:upper():gsub(":.*$", ""):gsub("[^A-Z0-9]", "")
  return #plain >= 2 and plain ~= text and ("; perhaps '%s'?"):format(plain) or ""
end

function words.time(_, text)
  return time.parse(text)
end

--- The function that the C core asks; see schema_push_hints.
function hints.word(what, ...)
  return words[what](...)
end

--- What to say of a method that there is none of.
---@param name string
---@param methods string[]
---@return string
function hints.method(name, methods)
  if METHODS[name] then return (": here it is '%s'"):format(METHODS[name]) end
  local near = hints.nearest(name, methods)
  return near and (", did you mean '%s'?"):format(near) or ""
end

return hints
