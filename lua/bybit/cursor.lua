-- Pagination: each, pages, collect. A page is an ordinary result of a method that gives a list; `next_cursor` leads
-- on. A loop may be left at any point: nothing is open then but, when asked for, the next page on its way.

local core = require "bybit.core"
local errors = require "bybit.errors"
local hints = require "bybit.hints"
local tasks = require "bybit.tasks"

local cursor = {
  views = setmetatable({}, { __mode = "k" }), -- view -> its state, with its client; view.lua tells
}

-- What every request of a walk over a path takes from the options of the walk.
local REQUEST_OPTIONS = { "receive_window", "timeout", "connect_timeout", "deadline", "cancel" }

-- The options of a walk, with what each must be; the last group goes with a path only.
local OPTIONS = { max = "integer", prefetch = "boolean", list = "string", next = "string" }
local OF_PATH = { list = true, next = true }
for _, name in ipairs(REQUEST_OPTIONS) do OPTIONS[name], OF_PATH[name] = "any", true end

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  return keys
end

local function near(word, names)
  local found = type(word) == "string" and hints.nearest(word, names)
  return found and (", did you mean '%s'?"):format(found) or ""
end

local function copy(t)
  local out = {}
  for k, v in pairs(t or {}) do out[k] = v end
  return out
end

---------------------------------------------------------------------------------------------------------------
-- Wrong calls.

local function check_options(what, options, path)
  if options == nil then return {} end
  if type(options) ~= "table" then
    errors.raise(("%s: a table of options expected, got %s"):format(what, type(options)))
  end
  for name, value in pairs(options) do
    local wanted = OPTIONS[name]
    if not wanted or (OF_PATH[name] and not path) then
      errors.raise(("%s: unknown option '%s'%s"):format(what, tostring(name), near(name, sorted_keys(OPTIONS))))
    end
    if wanted ~= "any" and (math.type(value) or type(value)) ~= wanted then
      errors.raise(("%s: option '%s': %s expected, got %s"):format(what, name, wanted, tostring(value)))
    end
  end
  if options.max and options.max < 0 then
    errors.raise(("%s: option 'max': 0 or more expected, got %d"):format(what, options.max))
  end
  return options
end

-- Does the row of a declared method read a list?
local function is_walkable(row)
  return row ~= nil and row.verb == "GET" and not row.internal and row.result ~= nil and row.result.list ~= nil
end

local function check_method(what, client, method)
  local endpoints, names = core.client.table(client).class.dialect.endpoints, {}
  if is_walkable(endpoints[method]) then return end
  for name, row in pairs(endpoints) do
    if is_walkable(row) then names[#names + 1] = name end
  end
  table.sort(names)
  local hint = near(method, names)
  errors.raise(("%s: '%s' is no method that gives a list%s"):format(what, method,
    hint ~= "" and hint or (": one of %s, or a path such as '/v5/position/closed-pnl'"):format(table.concat(names, ", "))))
end

---------------------------------------------------------------------------------------------------------------
-- One page. `caller` is a client or a view, whose defaults then count. Both ways of asking give what pcall gives.

local function ask_method(state, at)
  local params = copy(state.params)
  params.cursor = at
  if at then params.page = nil end -- a numbered page is where a walk may begin
  return pcall(state.caller[state.method], state.caller, params)
end

-- Any endpoint that pages with V5's cursors: its list under a declared key (V5 documentation, pagination).
local function ask_path(state, at)
  local params, options = copy(state.params), {}
  params.cursor = at or params.cursor
  for _, name in ipairs(REQUEST_OPTIONS) do options[name] = state.options[name] end
  local ok, result, err = pcall(state.caller.request, state.caller, "GET", state.method, params, options)
  if not ok or not result then return ok, result, err end
  local page, follows = result[state.options.list or "list"], result[state.options.next or "nextPageCursor"]
  if type(page) ~= "table" then
    errors.raise(("%s: the result of %s has no list '%s'"):format(state.what, state.method, state.options.list or "list"))
  end
  page.next_cursor = type(follows) == "string" and follows ~= "" and follows or nil
  return true, page
end

-- What a method of C raises for a wrong call names no place, since it was called through pcall.
local function placed(err)
  if type(err) ~= "string" or err:find "^[^:\n]+:%d+: " then return err end
  local where = errors.where()
  return where and where .. ": " .. err or err
end

-- The page asked with cursor `at`; raises its error. Changes nothing of the state, since it may come too late.
local function ask(state, at)
  local ok, page, err = (state.is_path and ask_path or ask_method)(state, at)
  if ok and page then
    page.cursor = at
    return page
  end
  if ok then state.returned = err else err = page end -- raised: by a view, a wrong call, a cancelled task
  if errors.is(err) then
    err.cursor = at
    err.where = err.where or errors.where()
  end
  error(placed(err), 0)
end

-- What says that two elements are one: the id of a record; of a row in wire names all of it.
local function identity(element)
  if type(element) ~= "table" then return nil end
  return rawget(element, "trade_id") or rawget(element, "order_id") or core.json.encode(element)
end

-- Takes out what was on an earlier page: an order that moved from the open ones into history meanwhile, or an element
-- on the edge of two windows.
local function drop_seen(state, page)
  local size, kept = #page, 0
  for i = 1, size do
    local element = page[i]
    local id = identity(element)
    page[i] = nil
    if id == nil or not state.seen[id] then
      if id ~= nil then state.seen[id] = true end
      kept = kept + 1
      page[kept] = element
    end
  end
end

-- The page on its way; nil when it cannot be waited for here, and has to be asked for again.
local function take_ahead(state)
  local task = state.ahead
  state.ahead = nil
  if not task then return nil end
  if not task.done and not core.loop.may_yield() then return task:cancel() end
  local ok, page = pcall(task.await, task)
  if ok then return page end
  if errors.is(page) then page.where = page.where or errors.where() end
  error(page, 0)
end

-- Starts on the page after this one, where the caller is a task that can wait for it.
local function look_ahead(state, page)
  if not state.options.prefetch or state.done or not core.loop.may_yield() then return end
  if state.count + #page >= (state.options.max or math.huge) then return end
  state.ahead = tasks.spawn(ask, state, state.at)
  state.ahead.awaited = true -- its error is for whoever asks for the page
end

-- The next page; nil at the end.
local function fetch(state)
  if state.done then return nil end
  local page = take_ahead(state) or ask(state, state.at)
  local follows = page.next_cursor
  -- The documented end is an empty cursor; one that was there before would lead in a circle.
  if follows == nil or follows == state.at or state.visited[follows] then
    state.done = true
  else
    state.at, state.visited[follows] = follows, true
  end
  drop_seen(state, page)
  look_ahead(state, page)
  return page
end

---------------------------------------------------------------------------------------------------------------
-- Walks.

local Walk = { __name = "bybit.walk" }

function Walk:__tostring()
  return ("%s of %s"):format(self.what, self.method)
end

function Walk:__close()
  if self.ahead then self.ahead:cancel() end
  self.done, self.ahead = true, nil
end

local function start(what, caller, method, params, options)
  local view = cursor.views[caller]
  if not view and type(caller) ~= "userdata" then
    errors.raise(("%s: called with '.' in place of ':': write client:%s(...)"):format(what, what))
  end
  if type(method) ~= "string" then
    errors.raise(("%s: the name of a method that gives a list expected, got %s"):format(what, tostring(method)))
  end
  if params ~= nil and type(params) ~= "table" then
    errors.raise(("%s: a table of parameters expected, got %s"):format(what, type(params)))
  end
  local is_path = method:find "^/" ~= nil
  options = check_options(what, options, is_path)
  if not is_path then check_method(what, view and view.client or caller, method) end
  return setmetatable({ what = what, caller = caller, method = method, is_path = is_path,
    params = params or {}, options = copy(options), at = params and params.cursor, seen = {}, visited = {},
    page = {}, place = 0, count = 0 }, Walk)
end

local function next_element(state)
  if state.count >= (state.options.max or math.huge) then return nil end
  while true do
    state.place = state.place + 1
    local element = state.page[state.place]
    if element ~= nil then
      state.count = state.count + 1
      return element, state.page
    end
    local page = fetch(state)
    if not page then return nil end
    state.page, state.place = page, 0
  end
end

--- Walks the pages of a method that gives a list: `for page in client:pages("get_orders", {symbol = "BTCUSD"}) do`.
--- What was on an earlier page of the walk is not on a later one. A failed page raises its error, with `err.cursor` to go
--- on from; `page.cursor` is what the page was asked with (nil: the first), `page.next_cursor` leads to the next: either
--- may be kept and given as `params.cursor` of a later walk.
---@param client table a client or a view
---@param method string a declared method, or a path such as "/v5/position/closed-pnl" of any endpoint with V5's cursors
---@param params? table of the method; of a path its wire parameters
---@param options? {prefetch?: boolean, list?: string, next?: string} prefetch: in a task, fetch the next page while the
--- caller handles this one; of a path, the keys of its list ("list") and next cursor ("nextPageCursor"), and timeout,
--- connect_timeout, deadline, receive_window and cancel of each request
---@return function step
---@return table state
---@return nil
---@return table closing
function cursor.pages(client, method, params, options)
  local state = start("pages", client, method, params, options)
  if state.options.max then errors.raise "pages: option 'max' counts elements: it is for each and collect" end
  return function() return fetch(state) end, state, nil, state
end

--- Walks the elements of all pages: `for order, page in client:each("get_orders", {symbol = "BTCUSD"}) do`. No element
--- comes twice, also when orders arrive or end in between. See pages for the rest.
---@param client table a client or a view
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string} max: so many elements
---@return function step
---@return table state
---@return nil
---@return table closing
function cursor.each(client, method, params, options)
  local state = start("each", client, method, params, options)
  return function() return next_element(state) end, state, nil, state
end

--- All elements of all pages as a list. Where `max` ended the walk, `list.cursor` is what its last page was asked with.
---@param client table a client or a view
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string}
---@return table? list
---@return bybit.Error? err with `err.cursor`
function cursor.collect(client, method, params, options)
  local state <close> = start("collect", client, method, params, options)
  local list, class = {}, nil
  local ok, err = pcall(function()
    for element, page in next_element, state do
      list[#list + 1] = element
      list.cursor, class = page.cursor, getmetatable(page)
    end
  end)
  if ok then
    if state.count < (state.options.max or math.huge) then list.cursor = nil end
    return setmetatable(list, class)
  end
  if rawequal(err, state.returned) then return nil, err end
  error(err, 0)
end

return cursor
