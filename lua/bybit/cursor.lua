-- Pagination: each, pages, collect. A page is an ordinary result of a paged method; `next_cursor` leads on.
-- Nothing here holds anything open: a loop may be left at any point.

local cursor = {}

local function identity(record)
  return rawget(record, "trade_id") or rawget(record, "order_id")
end

local function copy(params)
  local t = {}
  for k, v in pairs(params or {}) do t[k] = v end
  return t
end

-- Fetches the page after `state.at`; nil at the end. Raises what the call returned as an error.
local function fetch(state)
  if state.done then return nil end
  local params = copy(state.params)
  params.cursor = state.at
  local method = state.client[state.method]
  local page, err = method(state.client, params)
  if not page then
    err.cursor = state.at
    error(err, 0)
  end
  page.cursor = state.at
  local next_cursor = page.next_cursor
  -- The documented end is an empty cursor; a repeated one would walk for ever.
  if next_cursor == nil or next_cursor == state.at then
    state.done = true
  else
    state.at = next_cursor
  end
  return page
end

local function start(client, method, params, level)
  if type(method) ~= "string" then
    error(("each: the name of a paged method expected, got %s"):format(tostring(method)), level + 1)
  end
  if params ~= nil and type(params) ~= "table" then
    error(("each: a table of parameters expected, got %s"):format(type(params)), level + 1)
  end
  local _ = client[method] -- raises for a method that does not exist
  return { client = client, method = method, params = params or {}, at = params and params.cursor, seen = {} }
end

--- Walks the pages of a paged method: `for page in client:pages("get_orders", {symbol = "BTCUSD"}) do`.
--- A failed page raises its error, with `err.cursor` to go on from; `page.cursor` is what a page was asked with.
---@param client table
---@param method string
---@param params? table
---@return function step
function cursor.pages(client, method, params)
  local state = start(client, method, params, 2)
  return function() return fetch(state) end
end

--- Walks the elements of all pages: `for order, page in client:each("get_orders", {symbol = "BTCUSD"}) do`.
--- An element that shows on two pages, because orders arrived in between, comes once.
---@param client table
---@param method string
---@param params? table
---@return function step
function cursor.each(client, method, params)
  local state = start(client, method, params, 2)
  local page, i = {}, 0
  return function()
    while true do
      i = i + 1
      local element = page[i]
      if element == nil then
        page, i = fetch(state), 0
        if not page then return nil end
      else
        local id = identity(element)
        if id == nil or not state.seen[id] then
          if id ~= nil then state.seen[id] = true end
          return element, page
        end
      end
    end
  end
end

--- All elements of all pages as a list, at most `options.max`.
---@param client table
---@param method string
---@param params? table
---@param options? {max?: integer}
---@return table? list
---@return bybit.Error? err
function cursor.collect(client, method, params, options)
  local max = options and options.max or math.huge
  local list = {}
  local ok, err = pcall(function()
    for element in cursor.each(client, method, params) do
      if #list >= max then break end
      list[#list + 1] = element
      if #list == max then break end
    end
  end)
  if ok then return list end
  if type(err) == "table" then return nil, err end
  error(err, 2)
end

return cursor
