-- Pagination: each, pages, collect. A page is an ordinary result of a method that gives a list; its `next_cursor` leads to the
-- next page. A loop may be left at any point. Then nothing is open, except a request for the next page if `prefetch` was set.

local core = require "bybit.core"
local errors = require "bybit.errors"
local hints = require "bybit.wire.hints"
local nearest = require "bybit.text.nearest"
local rows = require "bybit.wire.rows"
local tasks = require "bybit.tasks"
local walk = require "bybit.wire.walk"

local cursor = {
  views = setmetatable({}, { __mode = "k" }), -- view -> its state, with its client; view.lua tells
}

-- The options of a walk over a path that each of its requests takes.
local REQUEST_OPTIONS = { "receive_window", "timeout", "connect_timeout", "deadline", "cancel" }

-- The options of a walk, and the type of each. Those in OF_PATH are for walks over a path only.
local OPTIONS = { max = "integer", prefetch = "boolean", list = "string", next = "string" }
local OF_PATH = { list = true, next = true }
for _, name in ipairs(REQUEST_OPTIONS) do OPTIONS[name], OF_PATH[name] = "any", true end

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  return keys
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
      errors.raise(("%s: unknown option '%s'%s"):format(what, tostring(name), nearest.hint(name, sorted_keys(OPTIONS))))
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

local function check_method(what, dialect, method)
  local endpoints, names = dialect.endpoints, {}
  if rows.reads_list(endpoints[method]) then return end
  for name, row in pairs(endpoints) do
    if rows.reads_list(row) then names[#names + 1] = name end
  end
  table.sort(names)
  local hint = hints.method(method, names, dialect.name)
  errors.raise(("%s: '%s' does not give a list%s"):format(what, method,
    hint ~= "" and hint or (": those that do are such as 'get_orders', or a path such as '%s'"):format(dialect.paged.path)))
end

---------------------------------------------------------------------------------------------------------------
-- One page. `caller` is a client, or a view with its defaults. Both ways of asking return what pcall returns.

local function ask_method(state, at)
  local params = copy(state.params)
  params.cursor = at
  if at then params.page = nil end -- a numbered page is where a walk may begin
  return pcall(state.caller[state.method], state.caller, params)
end

-- Asks any endpoint that has pages with cursors. The wire knows under which keys its list and next cursor are.
local function ask_path(state, at)
  local params, options = copy(state.params), {}
  params.cursor = at or params.cursor
  for _, name in ipairs(REQUEST_OPTIONS) do options[name] = state.options[name] end
  local ok, result, err = pcall(state.caller.request, state.caller, "GET", state.method, params, options)
  if not ok or not result then return ok, result, err end
  local list, next_key = state.options.list or state.paged.list, state.options.next or state.paged.next
  local page, follows = result[list], result[next_key]
  if type(page) ~= "table" then
    errors.raise(("%s: the result of %s has no list '%s'"):format(state.what, state.method, list))
  end
  if type(follows) ~= "string" and follows ~= nil and follows ~= core.json.null then
    errors.raise(("%s: the result of %s has no text as its '%s'"):format(state.what, state.method, next_key))
  end
  if state.paged.stays and #page == 0 and follows == at then follows = nil end
  page.next_cursor = follows ~= "" and follows ~= core.json.null and follows or nil
  return true, page
end

-- A method of the C core that is called through pcall names no place in its message: adds it.
local function placed(err)
  if type(err) ~= "string" or err:find "^[^:\n]+:%d+: " then return err end
  local where = errors.where()
  return where and where .. ": " .. err or err
end

-- Asks for the page at cursor `at`, and raises its error. It leaves the state as it is: the page may come too late.
local function ask(state, at)
  local ok, page, err = (state.is_path and ask_path or ask_method)(state, at)
  if ok and page then
    page.cursor = at
    return page
  end
  if ok then state.returned = err else err = page end -- raised: by a view, a wrong call, a cancelled task
  if errors.is(err) then
    err.cursor = at or err.cursor
    err.where = err.where or errors.where()
  end
  error(placed(err), 0)
end

-- The field that tells the records of a kind apart. Others have none: an order has many executions, and lines of the ledger share
-- their ids.
local KEYS = { trade = "trade_id", order = "order_id", conditional_order = "order_id", closed_profit_loss = "order_id" }

-- By what an element is recognized: by its id, or by all of its fields.
local function identity(element)
  if type(element) ~= "table" then return nil end
  local class = getmetatable(element)
  local key = class and class.__record and (KEYS[class.__record] or "")
  if key then return rawget(element, key) or core.json.encode(element) end
  return rawget(element, "trade_id") or rawget(element, "order_id") or core.json.encode(element)
end

-- Takes out of a page what was on an earlier one: an order that moved from the open orders into history meanwhile, or an
-- element on the edge of two windows.
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

-- The page that was asked for ahead. Nil if there is none, or if this place cannot wait for it: then it is asked for again.
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

-- Asks for the page after this one ahead, if the caller is a task that can wait for it.
local function look_ahead(state, page)
  if not state.options.prefetch or state.done or not core.loop.may_yield() then return end
  if state.count + #page >= (state.options.max or math.huge) then return end
  state.ahead = tasks.spawn(ask, state, state.at)
  state.ahead.awaited = true -- its error is for whoever asks for the page
end

-- What a walk raises where the page that was read last leads nowhere: what is on that page comes first.
local function go_astray(state, why, follows)
  local err = walk.astray(state.what, state.params, ("%s: %s"):format(state.method, why), follows)
  state.astray, state.returned = err, err
end

-- The next page; nil at the end.
local function fetch(state)
  if state.astray then error(state.astray, 0) end
  if state.done then return nil end
  local page = take_ahead(state) or ask(state, state.at)
  local follows, why, empty = walk.after(page, state.at, state.is_path and state.empty or 0)
  if follows and state.visited[follows] then why = walk.LEADS_BACK end
  if why then
    go_astray(state, why, page.next_cursor)
  elseif follows then
    state.at, state.visited[follows], state.empty = follows, true, empty
  end
  state.done = follows == nil or why ~= nil
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
  local dialect = core.client.table(view and view.client or caller).class.dialect
  if not is_path then check_method(what, dialect, method) end
  if params and params.columns and what ~= "pages" then
    errors.raise(("%s: with 'columns' a page has lists and no elements: walk it with pages"):format(what))
  end
  local at = params and params.cursor
  local of = is_path and type(at) == "string" and at:match "^([%l_]+):"
  if of and dialect.endpoints[of] then
    errors.raise(("%s: cursor '%s' was issued by %s: a path has cursors of its own"):format(what, at:sub(1, 60), of))
  end
  return setmetatable({ what = what, caller = caller, method = method, is_path = is_path, paged = dialect.paged,
    params = params or {}, options = copy(options), at = at, seen = {}, visited = { [at or ""] = true },
    empty = 0, page = {}, place = 0, count = 0 }, Walk)
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
--- A later page leaves out what was on an earlier page of the walk. If a page fails, the loop raises its error; a later walk
--- can go on from `err.cursor`. `page.cursor` is the cursor that the page was asked with (nil for the first page), and
--- `page.next_cursor` leads to the next page. Each of these cursors can be kept, and given as `params.cursor` of a later walk.
--- If a list cannot be read to its end (its cursor leads back, or over ten empty pages), the loop raises an error of the kind
--- `decode`.
---@param client table a client or a view
---@param method string a method, or the path of any endpoint that has pages with cursors, such as "/v5/position/closed-pnl"
---@param params? table the parameters of the method; for a path the parameters of the wire
---@param options? {prefetch?: boolean, list?: string, next?: string} prefetch: in a task, fetch the next page while the
--- caller handles this one. For a path also: the keys of its list ("list" on V5) and of its next cursor ("nextPageCursor" on
--- V5), and timeout, connect_timeout, deadline, receive_window and cancel of each request
---@return function step
---@return table state
---@return nil
---@return table closing
function cursor.pages(client, method, params, options)
  local state = start("pages", client, method, params, options)
  if state.options.max then errors.raise "pages: option 'max' counts elements: it is for each and collect" end
  return function() return fetch(state) end, state, nil, state
end

--- Walks the elements of all pages: `for order, page in client:each("get_orders", {symbol = "BTCUSD"}) do`. Each element
--- comes once, even if orders arrive or end meanwhile. client:pages explains the rest.
---@param client table a client or a view
---@param method string
---@param params? table
---@param options? {max?: integer, prefetch?: boolean, list?: string, next?: string} max: the most elements
---@return function step
---@return table state
---@return nil
---@return table closing
function cursor.each(client, method, params, options)
  local state = start("each", client, method, params, options)
  return function() return next_element(state) end, state, nil, state
end

--- All elements of all pages as a list. If `max` ended the walk, `list.cursor` is the cursor that its last page was asked with.
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
